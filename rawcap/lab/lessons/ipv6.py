"""The same over IPv6, and a socket that serves both: IPv4-mapped addresses."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS, SERVER_ADDRESS6
from rawcap.lab.lesson import Lesson
from rawcap.lab.opening import HANDSHAKE
from rawcap.lab.scene import Scene


def play(scene: Scene) -> None:
    """One listening socket of AF_INET6, a client over IPv6 and one over IPv4."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    with scene.step("listening6", "1", wire=[], states={SERVER: ["LISTEN"]}):
        listener = server.call("socket", "AF_INET6", "SOCK_STREAM").fd
        server.call("bind", listener, ["::", 9000])
        server.call("listen", listener, 5)
    with scene.step("over6", "2", wire=HANDSHAKE, states={SERVER: ["LISTEN", "ESTABLISHED"], CLIENT: ["ESTABLISHED"]}):
        six = client.call("socket", "AF_INET6", "SOCK_STREAM").fd
        client.call("connect", six, [SERVER_ADDRESS6, 9000])
        taken6 = server.call("accept", listener).fd
    with scene.step("over4", "3", wire=HANDSHAKE):
        four = client.call("socket", "AF_INET", "SOCK_STREAM").fd
        client.call("connect", four, [SERVER_ADDRESS, 9000])
        taken4 = server.call("accept", listener).fd
    with scene.step("close", "4", states={SERVER: ["LISTEN"]}):
        for fd, taken in ((six, taken6), (four, taken4)):
            client.call("close", fd)
            server.call("read", taken, 100)
            server.call("close", taken)


LESSON = Lesson(
    name="ipv6",
    play=play,
    expects=("connections=2", "handshake", "orderly-close", "any: ipv6 and tcp", "any: ip and tcp"),
    tolerant=("connections=2", "handshake"),
    ipv6=True,
    rows=("calls: AF_INET6",),
)
