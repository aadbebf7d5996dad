"""Keep-alive: a connection on which nothing is said, and how one learns that the other host is gone."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, INTERFACE, SERVER
from rawcap.lab.lesson import Lesson
from rawcap.lab.opening import connected, listening
from rawcap.lab.scene import Scene


def play(scene: Scene) -> None:
    """Two probes that are answered, then the server's cable is pulled."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    _, fd = connected(scene, server, client, listening(scene, server))
    with scene.step("options", "1", wire=[]):
        client.call("setsockopt", fd, "IPPROTO_TCP", "TCP_KEEPIDLE", 1)
        client.call("setsockopt", fd, "IPPROTO_TCP", "TCP_KEEPINTVL", 1)
        client.call("setsockopt", fd, "IPPROTO_TCP", "TCP_KEEPCNT", 2)
        client.call("setsockopt", fd, "SOL_SOCKET", "SO_KEEPALIVE", 1)
    with scene.step("answered", "2", wire=["client keep-alive", "server ACK"]):
        client.call("poll", fd, "POLLIN", 1.5)
    with scene.step("gone", "3", states={CLIENT: ["CLOSED"]}, errors=["ETIMEDOUT"], patience=10.0):
        with scene.server_host.route() as route:
            index = route.link_lookup(ifname=INTERFACE)[0]
            route.addr("del", index=index, address="10.9.0.2", prefixlen=24)
        client.call("read", fd, 100)


LESSON = Lesson(
    name="keepalive",
    play=play,
    expects=("connections=1", "handshake", "any: tcp.analysis.keep_alive"),
    tolerant=("connections=1", "handshake"),
    rows=("errors: ETIMEDOUT",),
)
