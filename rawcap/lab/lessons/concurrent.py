"""One listening socket, many connections, and a backlog that is full."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS
from rawcap.lab.lesson import Lesson
from rawcap.lab.opening import HANDSHAKE, listening
from rawcap.lab.scene import Part, Scene
from rawcap.stack.event import FRAME, RETURN, Event

_ADDRESS = [SERVER_ADDRESS, 9000]


def _is_second_attempt(event: Event) -> bool:
    return event.source in (FRAME, RETURN) and event.program != SERVER


def play(scene: Scene) -> None:
    """Three clients at one port, whose queue has room for two."""
    server = scene.actor(SERVER)
    clients = [scene.actor(CLIENT, f"client {number}") for number in (1, 2, 3)]
    listener = listening(scene, server, backlog=1)
    fds = []
    for number, client in enumerate(clients[:2], 1):
        with scene.step(f"client{number}", str(number), wire=HANDSHAKE):
            fds.append(client.call("socket", "AF_INET", "SOCK_STREAM").fd)
            client.call("connect", fds[-1], _ADDRESS)
    queued = {SERVER: ["LISTEN", "ESTABLISHED", "ESTABLISHED"]}
    with scene.step("full", "3", wire=["client SYN"], states=queued):
        fds.append(clients[2].call("socket", "AF_INET", "SOCK_STREAM").fd)
        clients[2].begin("connect", fds[-1], _ADDRESS)
    taken = []
    part = Part("answered", "5", _is_second_attempt, wire=HANDSHAKE)
    with scene.step("accept", "4", wire=[], parts=[part]):
        taken.append(server.call("accept", listener).fd)
        clients[2].end()
    everyone = {SERVER: ["LISTEN", *["ESTABLISHED"] * 3], CLIENT: ["ESTABLISHED"] * 3}
    with scene.step("others", "6", wire=[], states=everyone):
        taken += [server.call("accept", listener).fd for _ in range(2)]
    with scene.step("close", "7", states={SERVER: ["LISTEN"]}):
        for client, fd, other in zip(clients, fds, taken, strict=True):
            client.call("close", fd)
            server.call("read", other, 100)
            server.call("close", other)


LESSON = Lesson(
    name="concurrent",
    play=play,
    expects=("connections=3", "handshake", "orderly-close", "server-port=9000", "any: tcp.analysis.retransmission"),
    tolerant=("connections=3", "handshake"),
    rows=("ideas: several processes share one TCP", "ideas: the listener goes on listening"),
)
