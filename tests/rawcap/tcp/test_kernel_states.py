"""The states that packets show are those that the kernel was in.

Real sockets talk across a wire; the client's host captures. The kernel tells of every change of state of a socket by a
tracepoint, sock/inet_sock_set_state, recorded meanwhile into a buffer of the test's own. Each test says what both must
have told. They speak differently of the same thing in three places:

- The kernel names the listening socket as the origin of the server's: LISTEN. The packets show nothing of a server
  before it answers: UNKNOWN. A server that refuses has no socket at all.
- A socket in TIME-WAIT is replaced by something smaller, about which the tracepoint is silent: it reports CLOSED.
- Where two FINs cross, the second one to pass the capture belongs to a side that seems to be in CLOSE-WAIT up to then.
  The kernel knows FIN-WAIT-1.
"""

from __future__ import annotations

import os
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from rawcap.tcp.tracker import Tracker
from scripts.captures.hosts import CLIENT, SERVER, Recorder, check, libc
from scripts.captures.relay import RelayedLab, Segment

pytestmark = pytest.mark.privileged

PATIENCE = 20.0  # seconds, after which what has to come does not
PORT = 20_000 + os.getpid() % 10_000  # of no other test that runs at the same time: the tracepoint sees every namespace
CLIENT_PORT = PORT + 10_000

FSOPEN, FSCONFIG, FSMOUNT = 430, 431, 432  # asm-generic/unistd.h, the same on all machines
CLOEXEC = 1  # FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
CREATE = 6  # FSCONFIG_CMD_CREATE

CHANGE = re.compile(r"sport=(\d+) dport=(\d+) .*oldstate=TCP_(\w+) newstate=TCP_(\w+)")
NAMES = {
    "CLOSE": "CLOSED",
    "LISTEN": "LISTEN",
    "SYN_SENT": "SYN-SENT",
    "SYN_RECV": "SYN-RECEIVED",
    "ESTABLISHED": "ESTABLISHED",
    "FIN_WAIT1": "FIN-WAIT-1",
    "FIN_WAIT2": "FIN-WAIT-2",
    "TIME_WAIT": "TIME-WAIT",
    "CLOSE_WAIT": "CLOSE-WAIT",
    "LAST_ACK": "LAST-ACK",
    "CLOSING": "CLOSING",
}


@contextmanager
def tracefs() -> Iterator[Path]:
    """The tracing file system, mounted nowhere: it goes with the descriptor."""
    context = libc.syscall(FSOPEN, b"tracefs", CLOEXEC)
    check(context)
    try:
        check(libc.syscall(FSCONFIG, context, CREATE, None, None, 0))
        mount = libc.syscall(FSMOUNT, context, CLOEXEC, 0)
        check(mount)
    finally:
        os.close(context)
    try:
        yield Path(f"/proc/self/fd/{mount}")
    finally:
        os.close(mount)


class Kernel:
    """What the kernel tells of the sockets of this test."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        event = instance / "events/sock/inet_sock_set_state"
        (event / "filter").write_text(f"sport == {PORT} || dport == {PORT}")
        (event / "enable").write_text("1")

    def states(self, port: int) -> list[str]:
        """Those that the socket with this port, in the connection, went through."""
        found = [
            (NAMES[old], NAMES[new])
            for own, other, old, new in CHANGE.findall((self.instance / "trace").read_text())
            if {int(own), int(other)} == {PORT, CLIENT_PORT} and int(own) == port
        ]
        for (_, reached), (left, _) in pairwise(found):
            assert reached == left
        return [found[0][0], *(new for _, new in found)] if found else []


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """A buffer of the tracepoint's own events, gone with the test."""
    with ExitStack() as until_then:
        try:
            root = until_then.enter_context(tracefs())
            instance = root / "instances" / f"rawcap-{os.getpid()}"
            instance.mkdir()
        except OSError as reason:
            pytest.skip(f"the tracing file system is not to be had: {reason}")
        until_then.callback(instance.rmdir)
        if not (instance / "events/sock/inet_sock_set_state").is_dir():
            pytest.skip("this kernel has no tracepoint sock/inet_sock_set_state")
        yield Kernel(instance)


@pytest.fixture
def lab() -> Iterator[RelayedLab]:
    """Two hosts with a relay between them."""
    made = RelayedLab()
    yield made
    made.close()


class Scene:
    """A connection in the making, on one wire, watched by the kernel and by a capture."""

    def __init__(self, lab: RelayedLab, kernel: Kernel) -> None:
        self.lab = lab
        self.kernel = kernel
        self.live = Recorder(lab.client, "eth0").live

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """The client's socket and the server's, once both are established."""
        return self.lab.connect(PORT, from_port=CLIENT_PORT)

    def hold(self, flag: str) -> threading.Event:
        """From here on no segment with this flag passes, until the event is set."""
        free = threading.Event()

        def rule(segment: Segment) -> float:
            if flag in segment.flags:
                free.wait(PATIENCE)
            return 0.0

        self.lab.rule = rule
        return free

    def kernel_says(self, client: list[str], server: list[str]) -> None:
        """Wait until the sockets have gone through these states, and no others."""
        until = time.monotonic() + PATIENCE
        while (seen := (self.kernel.states(CLIENT_PORT), self.kernel.states(PORT))) != (client, server):
            assert time.monotonic() < until, f"the kernel says {seen}"
            time.sleep(0.005)

    def packets_say(self, client: list[str], server: list[str]) -> None:
        """The capture, ended now, holds one connection whose sides went through these states."""
        with self.live:
            self.live.stop()
            tracker = Tracker()
            for packet in self.live:
                tracker.add(packet)
        (connection,) = tracker.connections
        assert [state for _, state in connection.client.states] == client
        assert [state for _, state in connection.server.states] == server


@pytest.fixture
def scene(lab: RelayedLab, kernel: Kernel) -> Iterator[Scene]:
    """Two hosts that have not yet talked, watched."""
    made = Scene(lab, kernel)
    with made.live:
        yield made


def reset_on_close(it: socket.socket) -> None:
    """Have close() send an RST: socket(7), SO_LINGER without time to linger."""
    it.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


OPENED = ["CLOSED", "SYN-SENT", "ESTABLISHED"]
ACCEPTED = ["SYN-RECEIVED", "ESTABLISHED"]


def test_closed_by_the_client(scene: Scene) -> None:
    client, server = scene.connect()
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    server.close()
    first, second = ["FIN-WAIT-1", "FIN-WAIT-2"], ["CLOSE-WAIT", "LAST-ACK", "CLOSED"]
    scene.kernel_says([*OPENED, *first, "CLOSED"], ["LISTEN", *ACCEPTED, *second])
    scene.packets_say([*OPENED, *first, "TIME-WAIT"], ["UNKNOWN", *ACCEPTED, *second])


def test_closed_by_the_server(scene: Scene) -> None:
    client, server = scene.connect()
    server.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
    client.close()
    first, second = ["FIN-WAIT-1", "FIN-WAIT-2"], ["CLOSE-WAIT", "LAST-ACK", "CLOSED"]
    scene.kernel_says([*OPENED, *second], ["LISTEN", *ACCEPTED, *first, "CLOSED"])
    scene.packets_say([*OPENED, *second], ["UNKNOWN", *ACCEPTED, *first, "TIME-WAIT"])


def test_refused(scene: Scene) -> None:
    client = scene.lab.client.socket()
    client.bind((CLIENT, CLIENT_PORT))
    with pytest.raises(ConnectionRefusedError):
        client.connect((SERVER, PORT))
    scene.kernel_says(["CLOSED", "SYN-SENT", "CLOSED"], [])
    scene.packets_say(["CLOSED", "SYN-SENT", "CLOSED"], ["UNKNOWN", "CLOSED"])


def test_reset_by_the_client(scene: Scene) -> None:
    client, _ = scene.connect()
    reset_on_close(client)
    client.close()
    scene.kernel_says([*OPENED, "CLOSED"], ["LISTEN", *ACCEPTED, "CLOSED"])
    scene.packets_say([*OPENED, "CLOSED"], ["UNKNOWN", *ACCEPTED, "CLOSED"])


def test_reset_by_the_server(scene: Scene) -> None:
    _, server = scene.connect()
    reset_on_close(server)
    server.close()
    scene.kernel_says([*OPENED, "CLOSED"], ["LISTEN", *ACCEPTED, "CLOSED"])
    scene.packets_say([*OPENED, "CLOSED"], ["UNKNOWN", *ACCEPTED, "CLOSED"])


def test_half_closed(scene: Scene) -> None:
    client, server = scene.connect()
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    server.sendall(b"still here")
    assert client.recv(10) == b"still here"
    first, second = ["FIN-WAIT-1", "FIN-WAIT-2"], ["CLOSE-WAIT"]
    scene.kernel_says([*OPENED, *first], ["LISTEN", *ACCEPTED, *second])
    scene.packets_say([*OPENED, *first], ["UNKNOWN", *ACCEPTED, *second])


def test_half_closed_and_then_reset(scene: Scene) -> None:
    client, server = scene.connect()
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    first, second = ["FIN-WAIT-1", "FIN-WAIT-2"], ["CLOSE-WAIT"]
    scene.kernel_says([*OPENED, *first], ["LISTEN", *ACCEPTED, *second])
    reset_on_close(server)
    server.close()
    scene.kernel_says([*OPENED, *first, "CLOSED"], ["LISTEN", *ACCEPTED, *second, "CLOSED"])
    scene.packets_say([*OPENED, *first, "CLOSED"], ["UNKNOWN", *ACCEPTED, *second, "CLOSED"])


def test_closed_by_both_at_once(scene: Scene) -> None:
    client, server = scene.connect()
    scene.kernel_says(OPENED, ["LISTEN", *ACCEPTED])
    free = scene.hold("F")
    client.shutdown(socket.SHUT_WR)
    server.shutdown(socket.SHUT_WR)
    free.set()
    end = ["FIN-WAIT-1", "CLOSING", "CLOSED"]
    scene.kernel_says([*OPENED, *end], ["LISTEN", *ACCEPTED, *end])
    scene.packets_say(
        [*OPENED, "FIN-WAIT-1", "CLOSING", "TIME-WAIT"], ["UNKNOWN", *ACCEPTED, "CLOSE-WAIT", "CLOSING", "TIME-WAIT"]
    )


def test_opened_by_both_at_once(scene: Scene) -> None:
    free = scene.hold("S")
    client, server = scene.lab.client.socket(), scene.lab.server.socket()
    client.bind((CLIENT, CLIENT_PORT))
    server.bind((SERVER, PORT))
    for each, peer in ((client, (SERVER, PORT)), (server, (CLIENT, CLIENT_PORT))):
        each.setblocking(False)
        with pytest.raises(BlockingIOError):
            each.connect(peer)
    free.set()
    opened = ["SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"]
    scene.kernel_says(["CLOSED", *opened], ["CLOSED", *opened])
    scene.packets_say(["CLOSED", *opened], ["UNKNOWN", *opened])
