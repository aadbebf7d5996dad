"""Nagle's algorithm: small writes wait for an acknowledgement, unless TCP_NODELAY is set."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER
from rawcap.lab.lesson import Lesson
from rawcap.lab.opening import connected, listening
from rawcap.lab.relay import Conditions
from rawcap.lab.scene import Scene


def play(scene: Scene) -> None:
    """Three small writes, then three more with TCP_NODELAY."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    taken, fd = connected(scene, server, client, listening(scene, server))
    with scene.step("small", "1", wire=["client data", "server ACK", "client data", "server ACK"]):
        for text in ("a", "b", "c"):
            client.call("write", fd, text)
    with scene.step("option", "2", wire=[]):
        client.call("setsockopt", fd, "IPPROTO_TCP", "TCP_NODELAY", 1)
    with scene.step("at_once", "3"):
        for text in ("d", "e", "f"):
            client.call("write", fd, text)
    with scene.step("read", "4", wire=[]):
        server.call("read", taken, 100)


LESSON = Lesson(
    name="nagle",
    play=play,
    expects=("connections=1", "handshake", "bytes-to-server=6", "any: tcp.len == 2", "no-retransmission"),
    tolerant=("connections=1", "handshake", "bytes-to-server=6"),
    conditions=Conditions(delay=0.1),
    rows=("questions: how much each ACK acknowledges", "step 9"),
)
