"""Half close: one side has said everything, the other goes on."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER
from rawcap.lab.lesson import Lesson
from rawcap.lab.opening import connected, listening
from rawcap.lab.scene import Scene


def play(scene: Scene) -> None:
    """shutdown() of one direction, data in the other, then its end."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    taken, fd = connected(scene, server, client, listening(scene, server))
    half = {SERVER: ["LISTEN", "CLOSE-WAIT"], CLIENT: ["FIN-WAIT-2"]}
    with scene.step("shutdown", "1", wire=["client FIN", "server ACK"], states=half):
        client.call("shutdown", fd, "SHUT_WR")
    with scene.step("end_of_file", "2", wire=[], states=half):
        server.call("read", taken, 100)
    with scene.step("answer", "3", wire=["server data", "client ACK"], states=half):
        server.call("write", taken, "all of it")
        client.call("read", fd, 100)
    with scene.step("no_more", "4", wire=[], states=half, errors=["EPIPE"]):
        client.call("write", fd, "more")
    closed = {SERVER: ["LISTEN"]}
    with scene.step("server_close", "5", wire=["server FIN", "client ACK"], states=closed):
        server.call("close", taken)
        client.call("read", fd, 100)
        client.call("close", fd)


LESSON = Lesson(
    name="half-close",
    play=play,
    expects=(
        *("connections=1", "handshake", "orderly-close", "closed-by=client", "time-wait=client"),
        *("bytes-to-client=9", "bytes-to-server=0", "no-retransmission"),
    ),
    tolerant=("handshake", "orderly-close", "closed-by=client", "bytes-to-client=9"),
    rows=("questions: who closed first", "questions: which FIN belongs to whom", "errors: EPIPE"),
)
