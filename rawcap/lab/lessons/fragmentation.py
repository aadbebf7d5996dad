"""Fragmentation: a datagram that is longer than a frame."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS
from rawcap.lab.lesson import Lesson
from rawcap.lab.scene import Scene

_OCTETS = 4_000
_DONT_FRAGMENT = 2  # IP_PMTUDISC_DO (linux/in.h)


def play(scene: Scene) -> None:
    """A long datagram, then the same one when fragments are forbidden."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    with scene.step("bind", "1", wire=[]):
        served = server.call("socket", "AF_INET", "SOCK_DGRAM").fd
        server.call("bind", served, [SERVER_ADDRESS, 9000])
    with scene.step("long", "2", wire=["client fragment"] * 3):
        fd = client.call("socket", "AF_INET", "SOCK_DGRAM").fd
        client.call("sendto", fd, _OCTETS, [SERVER_ADDRESS, 9000])
    with scene.step("whole", "3", wire=[]):
        server.call("recvfrom", served, 10_000)
    with scene.step("forbidden", "4", wire=[], errors=["EMSGSIZE"]):
        client.call("setsockopt", fd, "IPPROTO_IP", "IP_MTU_DISCOVER", _DONT_FRAGMENT)
        client.call("sendto", fd, _OCTETS, [SERVER_ADDRESS, 9000])


LESSON = Lesson(
    name="fragmentation",
    play=play,
    expects=("exchanges=1", f"bytes-to-server={_OCTETS}"),
    tolerant=("exchanges=1",),
    rows=("calls: SOCK_DGRAM",),
)
