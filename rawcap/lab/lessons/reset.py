"""Resets: data that nobody reads, an abortive close, and what the other side's calls then say."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS
from rawcap.lab.lesson import Lesson
from rawcap.lab.opening import HANDSHAKE, connected, listening
from rawcap.lab.scene import Scene

_AT_ONCE = "0100000000000000"  # struct linger: on, 0 seconds (socket(7))


def play(scene: Scene) -> None:
    """Close with unread data, see ECONNRESET and EPIPE, then close abortively."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    listener = listening(scene, server)
    taken, fd = connected(scene, server, client, listener)
    with scene.step("write", "1", wire=["client data", "server ACK"]):
        client.call("write", fd, "hello")
    with scene.step("unread", "2", wire=["server RST"], states={SERVER: ["LISTEN"], CLIENT: ["CLOSED"]}):
        server.call("close", taken)
    with scene.step("told", "3", wire=[], errors=["ECONNRESET"]):
        client.call("read", fd, 100)
    with scene.step("pipe", "4", wire=[], errors=["EPIPE"]):
        client.call("write", fd, "again")
    with scene.step("again", wire=HANDSHAKE):
        client.call("close", fd)
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
        client.call("connect", fd, [SERVER_ADDRESS, 9000])
        taken = server.call("accept", listener).fd
    with scene.step("linger", "5", wire=["client RST"], states={SERVER: ["LISTEN", "CLOSED"], CLIENT: []}):
        client.call("setsockopt", fd, "SOL_SOCKET", "SO_LINGER", _AT_ONCE)
        client.call("close", fd)
    with scene.step("server_told", "6", wire=[], errors=["ECONNRESET"]):
        server.call("read", taken, 100)


LESSON = Lesson(
    name="reset",
    play=play,
    expects=("connections=2", "handshake", "reset", "time-wait=none"),
    tolerant=("connections=2", "handshake"),
    rows=("errors: ECONNRESET", "errors: EPIPE", "questions: what a reset looks like and what caused it"),
)
