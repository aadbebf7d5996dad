"""Which process owns the socket that a packet is of."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from dissectors.packet import Packet
from rawcap.stack import ownership as module
from rawcap.stack.event import Endpoint
from rawcap.stack.ownership import Ownership
from rawcap.stack.processes import Process, own_namespace
from rawcap.stack.tracefs import Record

HERE, THERE = Endpoint("127.0.0.1", 40000), Endpoint("127.0.0.1", 9)
NOBODY = 4_194_305  # more than a process's number can be
GONE, LATER = NOBODY + 1, NOBODY + 2
LOCALHOST = socket.inet_aton("127.0.0.1")


@pytest.fixture
def ownership() -> Iterator[Ownership]:
    """Without the kernel's events, which tests make themselves."""
    with Ownership(events=False) as made:
        yield made


def born(ownership: Ownership, pid: int, name: str, time_ns: int = 1) -> None:
    """A process was forked by this one, and called something else."""
    fields: dict[str, Any] = {"pid": pid, "comm": b"sh\0", "clone_flags": 0}
    ownership.take(Record(time_ns, "task_newtask", os.getpid(), fields))
    ownership.take(Record(time_ns, "task_rename", pid, {"pid": pid, "newcomm": name.encode() + b"\0"}))


def routed(ownership: Ownership, pid: int, time_ns: int = 1, *, protocol: int = 17, sport: int = HERE.port) -> None:
    """A process had the kernel look for the way to THERE."""
    fields = {"proto": protocol, "sport": sport, "dst": LOCALHOST, "dport": THERE.port}
    ownership.take(Record(time_ns, "fib_table_lookup", pid, fields))


def state(ownership: Ownership, tid: int, old: int, new: int, *, sport: int, key: int = 1) -> None:
    """A TCP socket changed its state while a thread ran."""
    fields = {"skaddr": key, "oldstate": old, "newstate": new, "sport": sport, "dport": THERE.port}
    fields |= {"family": socket.AF_INET, "protocol": 6}
    ownership.take(Record(1, "inet_sock_set_state", tid, {**fields, "daddr": LOCALHOST, "daddr_v6": bytes(16)}))


class TestEvents:
    def test_a_process_that_has_ended_still_owns_what_it_sent(self, ownership: Ownership) -> None:
        born(ownership, GONE, "curl")
        routed(ownership, GONE)
        found = ownership.of("udp", HERE, THERE, 2)
        assert found == Process(GONE, "curl", "", 1, own_namespace(), os.geteuid())

    def test_the_other_end_and_another_flow_are_not_its(self, ownership: Ownership) -> None:
        born(ownership, GONE, "curl")
        routed(ownership, GONE, protocol=6)
        assert ownership.of("tcp", THERE, HERE, 2) is None
        assert ownership.of("tcp", HERE, Endpoint("127.0.0.1", 10), 2) is None

    def test_a_port_that_is_used_again_has_another_owner_from_then_on(self, ownership: Ownership) -> None:
        second = 1_000_000_000
        born(ownership, GONE, "first")
        routed(ownership, GONE, second)
        born(ownership, LATER, "second", 2 * second)
        routed(ownership, LATER, 2 * second)
        owners = [ownership.of("udp", HERE, THERE, time_ns) for time_ns in (second, 2 * second - 5_000_000, 2 * second)]
        assert [each.name if each else None for each in owners] == ["first", "first", "second"]

    def test_who_connects_is_the_owner_of_the_port_that_is_told_later(self, ownership: Ownership) -> None:
        born(ownership, GONE, "curl")
        state(ownership, GONE, 7, 2, sport=0)
        state(ownership, os.getpid(), 2, 1, sport=HERE.port)  # in an interrupt, while anyone ran
        found = ownership.of("tcp", HERE, THERE, 2)
        assert found is not None
        assert found.pid == GONE

    def test_a_socket_in_the_place_of_one_that_was_closed_is_not_its(self, ownership: Ownership) -> None:
        born(ownership, GONE, "curl")
        state(ownership, GONE, 7, 2, sport=0)
        state(ownership, GONE, 2, 7, sport=0)
        state(ownership, GONE, 2, 1, sport=HERE.port)
        assert ownership.of("tcp", HERE, THERE, 2) is None

    def test_what_a_thread_does_its_process_does(self, ownership: Ownership) -> None:
        born(ownership, GONE, "threaded")
        fields = {"pid": LATER, "comm": b"worker\0", "clone_flags": 0x10000}
        ownership.take(Record(1, "task_newtask", GONE, fields))
        ownership.take(Record(1, "task_rename", LATER, {"pid": LATER, "newcomm": b"busy\0"}))
        routed(ownership, LATER)
        found = ownership.of("udp", HERE, THERE, 2)
        assert found is not None
        assert (found.pid, found.name) == (GONE, "threaded")

    def test_a_process_of_another_namespace_owns_nothing_here(
        self, ownership: Ownership, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        born(ownership, GONE, "contained")
        monkeypatch.setattr(module, "namespace_of", lambda pid: 1)
        routed(ownership, GONE)
        assert ownership.of("udp", HERE, THERE, 2) is None


class TestDiagnostics:
    def test_both_ends_of_a_connection_are_this_processs(self, ownership: Ownership) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            here, there = Endpoint(*client.getsockname()), Endpoint(*server.getsockname())
            for local, remote in ((here, there), (there, here)):
                found = ownership.of("tcp", local, remote, time.time_ns())
                assert found is not None
                assert found.pid == os.getpid()

    def test_an_owner_is_remembered_when_the_socket_is_gone(self, ownership: Ownership) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.connect(tuple(THERE))
            here = Endpoint(*datagrams.getsockname())
            ownership.of("udp", here, THERE, 1)
        found = ownership.of("udp", here, THERE, 2)
        assert found is not None
        assert found.pid == os.getpid()

    def test_what_was_there_when_it_began_is_known(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = socket.create_connection(server.getsockname())
            here, there = Endpoint(*client.getsockname()), Endpoint(*server.getsockname())
            with Ownership(events=False) as ownership:
                client.close()
                found = ownership.of("tcp", here, there, time.time_ns())
        assert found is not None
        assert found.pid == os.getpid()

    def test_an_address_of_another_host_has_no_owner(self, ownership: Ownership) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as everywhere:
            everywhere.bind(("0.0.0.0", 0))
            port = everywhere.getsockname()[1]
            assert ownership.of("udp", Endpoint("192.0.2.77", port), THERE, 1) is None
            assert ownership.of("udp", Endpoint("127.0.0.1", port), THERE, 1) is not None

    def test_of_a_protocol_without_ports_nobody_knows(self, ownership: Ownership) -> None:
        assert ownership.of("icmp", HERE, THERE, 1) is None


class TestNote:
    # A datagram from 127.0.0.1 port 40000 to port 9.
    FRAME = bytes.fromhex(
        "000000000000000000000000080045000020000040004011 3ccb 7f0000017f000001 9c400009000cc2ef 68657921"
    )

    def test_a_packet_keeps_names_numbers_and_a_comment(self, ownership: Ownership) -> None:
        born(ownership, GONE, "curl")
        routed(ownership, GONE)
        packet = ownership.note(Packet.of(self.FRAME))
        assert packet.values("frame.process.name") == ["curl"]
        assert packet.values("frame.process.pid") == [GONE]
        assert packet.comments == (f"process curl, pid {GONE}",)
        assert packet.notes is not None
        assert packet.notes["frame.process"] == f"curl({GONE})"

    def test_a_packet_of_nobody_keeps_nothing(self, ownership: Ownership) -> None:
        packet = ownership.note(Packet.of(self.FRAME))
        assert packet.values("frame.process.pid") == []
        assert packet.comments == ()


SHORT = """
import socket
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.sendto(b"gone", ("127.0.0.1", 9))
print(own.getsockname()[1])
"""


@pytest.mark.privileged
def test_the_events_tell_of_a_process_that_has_ended() -> None:
    with Ownership() as ownership:
        with subprocess.Popen([sys.executable, "-c", SHORT], stdout=subprocess.PIPE, text=True) as short:
            assert short.stdout is not None
            port = int(short.stdout.readline())
        ownership.learn()
        found = ownership.of("udp", Endpoint("127.0.0.1", port), THERE, time.time_ns())
        assert ownership.lost == 0
    assert found is not None
    assert found.pid == short.pid
