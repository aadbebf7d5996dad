"""What most lessons begin with: a server that listens, and a client that connects to it."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS
from rawcap.lab.programs import Actor
from rawcap.lab.scene import Scene

HANDSHAKE = ("client SYN", "server SYN/ACK", "client ACK")


def listening(scene: Scene, server: Actor, *, backlog: int = 5) -> int:
    """The server listens at the lesson's port: a step called "listening"; gives the descriptor of its socket."""
    with scene.step("listening", wire=[], states={SERVER: ["LISTEN"]}):
        fd = int(server.call("socket", "AF_INET", "SOCK_STREAM").fd)
        server.call("bind", fd, [SERVER_ADDRESS, scene.lesson.port])
        server.call("listen", fd, backlog)
    return fd


def connected(scene: Scene, server: Actor, client: Actor, listener: int) -> tuple[int, int]:
    """The client connects, the server accepts: a step called "connected"; the descriptors of server and client."""
    states = {SERVER: ["LISTEN", "ESTABLISHED"], CLIENT: ["ESTABLISHED"]}
    with scene.step("connected", wire=HANDSHAKE, states=states):
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
        client.call("connect", fd, [SERVER_ADDRESS, scene.lesson.port])
        taken = server.call("accept", listener).fd
    return int(taken), int(fd)
