"""TIME-WAIT on the server's side, and why a server that starts again finds its port in use."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS
from rawcap.lab.lesson import Lesson
from rawcap.lab.opening import connected
from rawcap.lab.scene import Scene

_ADDRESS = [SERVER_ADDRESS, 9000]


def play(scene: Scene) -> None:
    """The server closes first and starts again, without SO_REUSEADDR and with it."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    with scene.step("listening_reuse", "1", wire=[], states={SERVER: ["LISTEN"]}):
        listener = server.call("socket", "AF_INET", "SOCK_STREAM").fd
        server.call("setsockopt", listener, "SOL_SOCKET", "SO_REUSEADDR", 1)
        server.call("bind", listener, _ADDRESS)
        server.call("listen", listener, 5)
    taken, fd = connected(scene, server, client, listener)
    half = {SERVER: ["LISTEN", "FIN-WAIT-2"], CLIENT: ["CLOSE-WAIT"]}
    with scene.step("server_close", "2", wire=["server FIN", "client ACK"], states=half):
        server.call("close", taken)
    waiting = {SERVER: ["LISTEN", "TIME-WAIT"], CLIENT: []}
    with scene.step("client_close", "3", wire=["client FIN", "server ACK"], states=waiting):
        client.call("read", fd, 100)
        client.call("close", fd)
    with scene.step("in_use", "4", wire=[], states={SERVER: ["TIME-WAIT", "CLOSED"]}, errors=["EADDRINUSE"]):
        server.call("close", listener)
        again = server.call("socket", "AF_INET", "SOCK_STREAM").fd
        server.call("bind", again, _ADDRESS)
    with scene.step("reuse", "5", wire=[], states={SERVER: ["LISTEN", "TIME-WAIT"]}):
        server.call("setsockopt", again, "SOL_SOCKET", "SO_REUSEADDR", 1)
        server.call("bind", again, _ADDRESS)
        server.call("listen", again, 5)


LESSON = Lesson(
    name="time-wait",
    play=play,
    expects=("connections=1", "handshake", "orderly-close", "closed-by=server", "time-wait=server"),
    tolerant=("handshake", "orderly-close", "closed-by=server"),
    rows=("errors: EADDRINUSE", "questions: who closed first", "step 12"),
)
