"""ECONNREFUSED: nobody listens at the port, and the kernel says so with an RST."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS
from rawcap.lab.lesson import Lesson
from rawcap.lab.scene import Scene

_ADDRESS = [SERVER_ADDRESS, 9000]


def play(scene: Scene) -> None:
    """Connect to a port without a socket, and to one whose socket does not listen."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    refused = ["client SYN", "server RST"]
    with scene.step("nobody", "1", wire=refused, states={CLIENT: ["CLOSED"], SERVER: []}, errors=["ECONNREFUSED"]):
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
        client.call("connect", fd, _ADDRESS)
    with scene.step("bound", "2", wire=[], states={SERVER: ["CLOSED"]}):
        own = server.call("socket", "AF_INET", "SOCK_STREAM").fd
        server.call("bind", own, _ADDRESS)
    with scene.step("still_refused", "3", wire=refused, states={SERVER: ["CLOSED"]}, errors=["ECONNREFUSED"]):
        client.call("close", fd)
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
        client.call("connect", fd, _ADDRESS)


LESSON = Lesson(
    name="refused",
    play=play,
    expects=("connections=2", "refused", "server-port=9000", "bytes-to-server=0"),
    tolerant=("refused",),
    rows=("errors: ECONNREFUSED", "questions: what a reset looks like and what caused it"),
)
