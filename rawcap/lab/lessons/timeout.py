"""ETIMEDOUT, EHOSTUNREACH and EINPROGRESS: nobody answers at all."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, INTERFACE, SERVER_MAC
from rawcap.lab.lesson import Lesson
from rawcap.lab.scene import Scene

_SILENT, _ABSENT = "10.9.0.9", "10.9.0.77"


def play(scene: Scene) -> None:
    """Connect to an address that takes frames and never answers, and to one that nobody has."""
    host = scene.client_host
    host.sysctl("ipv4/tcp_syn_retries", 2)
    host.sysctl("ipv4/tcp_syn_linear_timeouts", 0)
    with host.route() as route:
        index = route.link_lookup(ifname=INTERFACE)[0]
        route.neigh("add", dst=_SILENT, lladdr=SERVER_MAC, ifindex=index, state="permanent")
    client = scene.actor(CLIENT)
    with scene.step("silent", "1", wire=["client SYN"] * 3, states={CLIENT: ["CLOSED"]}, errors=["ETIMEDOUT"]):
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
        client.call("connect", fd, [_SILENT, 9000])
    with scene.step("in_progress", "2", wire=["client SYN"], states={CLIENT: ["SYN-SENT"]}, errors=["EINPROGRESS"]):
        client.call("close", fd)
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
        client.call("fcntl", fd, "F_SETFL", "O_NONBLOCK")
        client.call("connect", fd, [_SILENT, 9000])
    with scene.step("given_up", "3", wire=[], states={CLIENT: []}):
        client.call("close", fd)
    host.sysctl("ipv4/tcp_syn_retries", 6)  # as usual; with fewer the time may be up before the error is known
    with scene.step("absent", "4", states={CLIENT: ["CLOSED"]}, errors=["EHOSTUNREACH"]):
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
        client.call("connect", fd, [_ABSENT, 9000])


LESSON = Lesson(
    name="timeout",
    play=play,
    expects=("connections=2", "timeout", "none: tcp.flags.ack == 1", "any: arp"),
    tolerant=("timeout",),
    rows=("errors: ETIMEDOUT", "errors: EHOSTUNREACH", "errors: EINPROGRESS"),
)
