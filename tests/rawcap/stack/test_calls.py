"""System calls in words, and the descriptors that they lead to."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import pytest

from rawcap.stack.calls import (
    NOTHING,
    Call,
    Calls,
    Descriptor,
    Ended,
    Executed,
    Facts,
    Forked,
    Return,
    parse_address,
)
from rawcap.stack.event import Endpoint, Event

PID = 1000
TCP = Descriptor("inet", "SOCK_STREAM", "tcp", inode=77, namespace=1)


@pytest.fixture
def calls() -> Calls:
    """Follows a program that was begun without any socket."""
    return Calls(lambda pid: ({}, "server"))


def done(
    calls: Calls,
    name: str,
    *args: int,
    result: int = 0,
    before: Facts = NOTHING,
    after: Facts = NOTHING,
    pid: int = PID,
    tid: int = PID,
) -> list[Event]:
    """The events of one call."""
    begun = calls.take(Call(1, pid, tid, name, (*args, *[0] * (6 - len(args))), before))
    return begun + calls.take(Return(2, pid, tid, name, result, after))


def opened(calls: Calls, fd: int = 5, kind: int = 1) -> None:
    done(calls, "socket", 2, kind, 0, result=fd)


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events]


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((2, 1, 0), "socket(AF_INET, SOCK_STREAM) = 5"),
        ((2, 1, 6), "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5"),
        ((10, 2, 17), "socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) = 5"),
        ((2, 3, 1), "socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) = 5"),
        ((1, 1 | 0x80000 | 0x800, 0), "socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK) = 5"),
        ((16, 3, 0), "socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 5"),
        ((17, 3, 0x0300), "socket(AF_PACKET, SOCK_RAW, 0x0003) = 5"),
        ((15, 3, 2), "socket(AF_KEY, SOCK_RAW, 2) = 5"),
    ],
)
def test_socket_in_the_words_of_its_manual(calls: Calls, args: tuple[int, ...], text: str) -> None:
    assert done(calls, "socket", *args, result=5)[1].text == text


@pytest.mark.parametrize(
    ("name", "args", "result", "before", "after", "begun", "over"),
    [
        (
            "connect",
            (5, 1, 16),
            -111,
            Facts(Endpoint("10.9.0.2", 9000)),
            Facts(),
            "connect(5, 10.9.0.2:9000) …",
            "connect(5, 10.9.0.2:9000) = -1 ECONNREFUSED (Connection refused)",
        ),
        (
            "bind",
            (5, 1, 16),
            0,
            Facts(Endpoint("::", 80)),
            Facts(),
            "bind(5, [::]:80)",
            "bind(5, [::]:80) = 0",
        ),
        ("bind", (5, 1, 16), 0, Facts(), Facts(), "bind(5, address unknown)", "bind(5, address unknown) = 0"),
        ("listen", (5, 8), 0, Facts(), Facts(), "listen(5, backlog 8)", "listen(5, backlog 8) = 0"),
        (
            "accept4",
            (5, 0, 0, 0x80000),
            6,
            Facts(),
            Facts(found=Descriptor("inet", "SOCK_STREAM", "tcp", None, Endpoint("10.9.0.1", 41234))),
            "accept4(5, SOCK_CLOEXEC) …",
            "accept4(5, SOCK_CLOEXEC) = 6 from 10.9.0.1:41234",
        ),
        ("sendto", (5, 1, 12, 0x4000), 12, Facts(), Facts(), "sendto(5, 12 octets, MSG_NOSIGNAL) …", None),
        ("recvfrom", (5, 1, 1, 2), 1, Facts(), Facts(), "recvfrom(5, up to 1 octet, MSG_PEEK) …", None),
        ("read", (5, 1, 100), 0, Facts(), Facts(), "read(5, up to 100 octets) …", None),
        ("writev", (5, 1, 2), 7, Facts(length=7), Facts(), "writev(5, 7 octets) …", "writev(5, 7 octets) = 7"),
        ("recvmsg", (5, 1), -11, Facts(), Facts(), "recvmsg(5) …", None),
        ("shutdown", (5, 1), 0, Facts(), Facts(), "shutdown(5, SHUT_WR)", "shutdown(5, SHUT_WR) = 0"),
        (
            "setsockopt",
            (5, 6, 1, 1, 4),
            0,
            Facts(option=1),
            Facts(),
            "setsockopt(5, IPPROTO_TCP, TCP_NODELAY, 1)",
            "setsockopt(5, IPPROTO_TCP, TCP_NODELAY, 1) = 0",
        ),
        (
            "getsockopt",
            (5, 1, 4, 1, 1),
            0,
            Facts(),
            Facts(option=111),
            "getsockopt(5, SOL_SOCKET, SO_ERROR)",
            "getsockopt(5, SOL_SOCKET, SO_ERROR) = ECONNREFUSED",
        ),
        (
            "getsockname",
            (5, 1, 1),
            0,
            Facts(),
            Facts(Endpoint("127.0.0.1", 9000)),
            "getsockname(5)",
            "getsockname(5) = 127.0.0.1:9000",
        ),
        ("accept", (5, 0, 0), -512, Facts(), Facts(), "accept(5) …", "accept(5) interrupted by a signal"),
        ("close", (5,), 0, Facts(), Facts(), "close(5)", "close(5) = 0"),
    ],
)
def test_calls_in_words(
    calls: Calls,
    name: str,
    args: tuple[int, ...],
    result: int,
    before: Facts,
    after: Facts,
    begun: str,
    over: str | None,
) -> None:
    opened(calls)
    events = done(calls, name, *args, result=result, before=before, after=after)
    assert events[0].text == begun
    if over is not None:
        assert events[1].text == over


def test_the_end_of_a_stream_is_said(calls: Calls) -> None:
    opened(calls)
    assert done(calls, "read", 5, 1, 100, result=0)[1].text == "read(5, up to 100 octets) = 0, the end of the stream"


def test_an_error_has_its_name_and_the_result_of_the_c_library(calls: Calls) -> None:
    opened(calls)
    event = done(calls, "connect", 5, 1, 16, result=-111)[1]
    assert (event.result, event.errno) == (-1, "ECONNREFUSED")


def test_what_was_seen_of_the_socket_is_told(calls: Calls) -> None:
    found = Descriptor("inet", "SOCK_STREAM", "tcp", Endpoint("10.9.0.1", 41234), Endpoint("10.9.0.2", 9000), 77, 1)
    found.state = "ESTABLISHED"
    opened(calls)
    event = done(calls, "connect", 5, 1, 16, after=Facts(found=found))[1]
    assert event.state == "ESTABLISHED"
    assert event.socket is not None
    assert event.socket.local == Endpoint("10.9.0.1", 41234)
    assert event.socket.inode == 77


def test_a_failed_connect_keeps_the_address_that_the_kernel_told(calls: Calls) -> None:
    opened(calls)
    known = calls.descriptor(PID, 5)
    assert known is not None
    known.local = Endpoint("127.0.0.1", 41234)
    left = Descriptor("inet", "SOCK_STREAM", "tcp", Endpoint("0.0.0.0", 41234))
    done(calls, "connect", 5, 1, 16, result=-111, after=Facts(found=left))
    assert known.local == Endpoint("127.0.0.1", 41234)


def test_a_datagram_has_the_address_that_it_goes_to(calls: Calls) -> None:
    opened(calls, kind=2)
    events = done(calls, "sendto", 5, 1, 4, 0, 1, 16, result=4, before=Facts(Endpoint("10.9.0.2", 53)))
    assert texts(events)[0] == "sendto(5, 4 octets, 10.9.0.2:53) …"
    assert events[0].socket is not None and events[0].socket.remote == Endpoint("10.9.0.2", 53)
    later = done(calls, "sendto", 5, 1, 4, 0, 0, 0, result=-89)[0]
    assert later.socket is not None and later.socket.remote is None


@pytest.mark.parametrize("name", ["read", "write", "readv", "close", "dup", "fcntl"])
def test_calls_on_files_make_no_events(calls: Calls, name: str) -> None:
    assert done(calls, name, 3, 1, 100, result=7) == []


@pytest.mark.parametrize(("name", "args"), [("dup", (5,)), ("dup2", (5, 9)), ("dup3", (5, 9)), ("fcntl", (5, 0, 9))])
def test_a_duplicate_leads_to_the_same_socket(calls: Calls, name: str, args: tuple[int, ...]) -> None:
    opened(calls)
    assert done(calls, name, *args, result=9) == []
    assert done(calls, "write", 9, 1, 2, result=2)[1].text == "write(9, 2 octets) = 2"
    assert calls.descriptor(PID, 9) is calls.descriptor(PID, 5)


def test_a_file_that_takes_the_place_of_a_socket_is_none(calls: Calls) -> None:
    opened(calls)
    done(calls, "dup2", 3, 5, result=5)
    assert done(calls, "write", 5, 1, 2, result=2) == []


def test_a_descriptor_that_was_closed_is_no_socket_any_more(calls: Calls) -> None:
    opened(calls)
    done(calls, "close", 5)
    assert done(calls, "write", 5, 1, 2, result=2) == []


def test_a_number_that_a_thread_was_given_while_another_closed_it_stays(calls: Calls) -> None:
    opened(calls)
    calls.take(Call(1, PID, PID, "close", (5, 0, 0, 0, 0, 0)))
    done(calls, "socket", 2, 2, 0, result=5, tid=1001)
    calls.take(Return(3, PID, PID, "close", 0))
    assert done(calls, "write", 5, 1, 2, result=2) != []


def test_close_range_closes(calls: Calls) -> None:
    opened(calls, 5)
    opened(calls, 6)
    done(calls, "close_range", 6, 0xFFFFFFFF, 0)
    assert calls.descriptor(PID, 5) is not None
    assert calls.descriptor(PID, 6) is None


def test_a_child_has_the_sockets_of_its_parent_and_closes_its_own(calls: Calls) -> None:
    opened(calls)
    calls.take(Forked(3, PID, 2000, 2000))
    done(calls, "close", 5, pid=2000, tid=2000)
    assert done(calls, "write", 5, 1, 2, result=2, pid=2000, tid=2000) == []
    assert done(calls, "write", 5, 1, 2, result=2) != []


def test_threads_share_their_sockets(calls: Calls) -> None:
    opened(calls)
    calls.take(Forked(3, PID, PID, 1001))
    done(calls, "close", 5, tid=1001)
    assert done(calls, "write", 5, 1, 2, result=2) == []


def test_another_program_has_the_sockets_that_were_left_to_it(calls: Calls) -> None:
    opened(calls, 5)
    opened(calls, 6)
    calls.take(Executed(3, PID, "child", {5: Descriptor("inet", "SOCK_STREAM", "tcp")}))
    events = done(calls, "write", 5, 1, 2, result=2)
    assert events[0].program == "child"
    assert done(calls, "write", 6, 1, 2, result=2) == []


def test_a_process_that_ran_before_is_looked_up_once() -> None:
    asked: list[int] = []

    def lookup(pid: int) -> tuple[Mapping[int, Descriptor], str]:
        asked.append(pid)
        return {4: TCP}, "old"

    calls = Calls(lookup)
    assert done(calls, "write", 4, 1, 2, result=2)[0].program == "old"
    done(calls, "write", 4, 1, 2, result=2)
    assert asked == [PID]


def test_a_process_that_has_ended_is_forgotten(calls: Calls) -> None:
    opened(calls)
    calls.take(Ended(3, PID, PID))
    assert calls.descriptor(PID, 5) is None


def test_io_uring_is_noted_once(calls: Calls) -> None:
    events = done(calls, "io_uring_setup", 8, result=3) + done(calls, "io_uring_setup", 8, result=4)
    assert [(each.source, each.text) for each in events] == [
        ("note", "server uses io_uring: what it asks for through it are no system calls")
    ]


def test_a_return_without_a_beginning_makes_no_event(calls: Calls) -> None:
    assert calls.take(Return(2, PID, PID, "connect", 0)) == []


@pytest.mark.parametrize(
    ("octets", "address"),
    [
        (b"\x02\x00\x23\x28\x0a\x09\x00\x02" + bytes(8), Endpoint("10.9.0.2", 9000)),
        (b"\x0a\x00\x23\x28" + bytes(4) + bytes(15) + b"\x01" + bytes(4), Endpoint("::1", 9000)),
        (b"\x01\x00/run/socket\x00junk", "/run/socket"),
        (b"\x01\x00\x00abstract", "@abstract"),
        (b"\x01\x00", "unnamed"),
        (b"\x10\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00", "netlink port 7"),
        (b"\x11\x00" + bytes(18), "AF_PACKET"),
        (b"\x02\x00\x23", "AF_INET"),
        (b"", None),
    ],
)
def test_addresses_as_the_kernel_takes_them(octets: bytes, address: Endpoint | str | None) -> None:
    assert parse_address(octets) == address


def test_the_address_family_numbers_are_those_of_this_system() -> None:
    assert (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX) == (2, 10, 1)
