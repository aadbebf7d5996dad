"""A receiver that does not read: the window closes, is probed, and opens again."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS
from rawcap.lab.lesson import Lesson
from rawcap.lab.scene import Scene

_OCTETS = 12_000
_BUFFER = 4_096


def play(scene: Scene) -> None:
    """Write more than the receiver takes, wait for a probe, then read everything."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    with scene.step("small", "1", wire=[], states={SERVER: ["LISTEN"]}):
        listener = server.call("socket", "AF_INET", "SOCK_STREAM").fd
        server.call("setsockopt", listener, "SOL_SOCKET", "SO_RCVBUF", _BUFFER)
        server.call("bind", listener, [SERVER_ADDRESS, 9000])
        server.call("listen", listener, 5)
    with scene.step("connected", wire=["client SYN", "server SYN/ACK", "client ACK"]):
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
        client.call("connect", fd, [SERVER_ADDRESS, 9000])
        taken = server.call("accept", listener).fd
    with scene.step("full", "2"):
        client.call("write", fd, _OCTETS)
        scene.until(lambda: _probes(scene) > 1, 5.0)
    with scene.step("read", "3"):
        left = _OCTETS
        while left:
            left -= server.call("read", taken, left).result or 0
    with scene.step("close", "4"):
        client.call("close", fd)
        server.call("read", taken, 100)
        server.call("close", taken)


def _probes(scene: Scene) -> int:
    return sum(event.values.get("kind") == "probe" for event in scene.waiting)


LESSON = Lesson(
    name="zero-window",
    play=play,
    expects=(
        *("connections=1", "handshake", f"bytes-to-server={_OCTETS}", "orderly-close"),
        *("any: tcp.analysis.zero_window", "any: tcp.analysis.window_update"),
    ),
    tolerant=("connections=1", "handshake", f"bytes-to-server={_OCTETS}"),
    rows=("questions: smallest advertised window and whether it ever stopped the sender", "step 10"),
)
