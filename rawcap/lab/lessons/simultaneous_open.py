"""Simultaneous open: two clients call each other, and there is no server."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, CLIENT_ADDRESS, SERVER, SERVER_ADDRESS
from rawcap.lab.lesson import Lesson
from rawcap.lab.relay import Conditions
from rawcap.lab.scene import Scene


def play(scene: Scene) -> None:
    """Both bind and connect to each other, while the link takes its time."""
    one, other = scene.actor(CLIENT), scene.actor(SERVER)
    with scene.step("bind", "1", wire=[], states={CLIENT: ["CLOSED"], SERVER: ["CLOSED"]}):
        first = one.call("socket", "AF_INET", "SOCK_STREAM").fd
        one.call("bind", first, [CLIENT_ADDRESS, 9001])
        second = other.call("socket", "AF_INET", "SOCK_STREAM").fd
        other.call("bind", second, [SERVER_ADDRESS, 9000])
    with scene.step("cross", "2", states={CLIENT: ["ESTABLISHED"], SERVER: ["ESTABLISHED"]}):
        one.begin("connect", first, [SERVER_ADDRESS, 9000])
        other.begin("connect", second, [CLIENT_ADDRESS, 9001])
        one.end()
        other.end()
    with scene.step("talk", "3", wire=["client data", "server ACK"]):
        one.call("write", first, "hello")
        other.call("read", second, 100)


LESSON = Lesson(
    name="simultaneous-open",
    play=play,
    expects=("connections=1", "bytes-to-server=5", "none: tcp.flags.reset == 1"),
    tolerant=("connections=1",),
    conditions=Conditions(delay=0.3),
    rows=("ideas: the pair of every connection",),
)
