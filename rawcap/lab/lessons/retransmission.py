"""A segment is lost, and sent again."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER
from rawcap.lab.lesson import Lesson
from rawcap.lab.opening import connected, listening
from rawcap.lab.relay import Conditions
from rawcap.lab.scene import Scene


def play(scene: Scene) -> None:
    """The first segment with data is lost, then everything goes well."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    taken, fd = connected(scene, server, client, listening(scene, server))
    with scene.step("lost", "1", wire=["client data", "client data", "server ACK"]):
        client.call("write", fd, "hello")
    with scene.step("read", "2", wire=[]):
        server.call("read", taken, 100)
    with scene.step("well", "3", wire=["client data", "server ACK"]):
        client.call("write", fd, "again")
        server.call("read", taken, 100)
    with scene.step("close", "4", states={SERVER: ["LISTEN"], CLIENT: ["TIME-WAIT"]}):
        client.call("close", fd)
        server.call("read", taken, 100)
        server.call("close", taken)


LESSON = Lesson(
    name="retransmission",
    play=play,
    expects=("connections=1", "handshake", "retransmissions=1", "bytes-to-server=10", "orderly-close"),
    tolerant=("connections=1", "handshake", "bytes-to-server=10"),
    conditions=Conditions(lose=("client data",)),
    rows=("questions: retransmissions and how one can tell",),
)
