"""UDP: datagrams without a connection; what bind and connect mean, answered, unanswered, port unreachable."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS
from rawcap.lab.lesson import Lesson
from rawcap.lab.scene import Scene

_ADDRESS = [SERVER_ADDRESS, 9000]


def play(scene: Scene) -> None:
    """A datagram that is answered, one that is not, and one to a port without a socket."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    with scene.step("server_bind", "1", wire=[]):
        served = server.call("socket", "AF_INET", "SOCK_DGRAM").fd
        server.call("bind", served, _ADDRESS)
    with scene.step("send", "2", wire=["client UDP"]):
        fd = client.call("socket", "AF_INET", "SOCK_DGRAM").fd
        client.call("sendto", fd, "hello", _ADDRESS)
    with scene.step("answer", "3", wire=["server UDP"]):
        got = server.call("recvfrom", served, 100)
        server.call("sendto", served, "hello to you", got.values["from"])
        client.call("recvfrom", fd, 100)
    with scene.step("connect", "4", wire=[]):
        other = client.call("socket", "AF_INET", "SOCK_DGRAM").fd
        client.call("connect", other, _ADDRESS)
    with scene.step("unanswered", "5", wire=["client UDP"]):
        client.call("send", other, "is anyone there?")
        client.call("poll", other, "POLLIN", 0.3)
    with scene.step("unreachable", "6", wire=["client UDP", "server ICMP"], errors=["ECONNREFUSED"]):
        third = client.call("socket", "AF_INET", "SOCK_DGRAM").fd
        client.call("connect", third, [SERVER_ADDRESS, 9001])
        client.call("send", third, "hello")
        client.call("recv", third, 100)


LESSON = Lesson(
    name="udp",
    play=play,
    expects=("exchanges=3", "connections=0", "any: udp.dstport == 9000", "any: icmp.type == 3 and icmp.code == 3"),
    tolerant=("connections=0", "any: udp.dstport == 9000"),
    rows=("calls: SOCK_DGRAM", "errors: ECONNREFUSED"),
)
