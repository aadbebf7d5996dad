"""Whose events they are."""

from __future__ import annotations

from dataclasses import replace

from rawcap.stack.event import CALL, KERNEL, RETURN, Endpoint, Event, Socket
from rawcap.stack.parties import Parties, plain

NEAR, FAR = Endpoint("10.9.0.1", 41000), Endpoint("10.9.0.2", 9000)


def call(name: str, fd: int, socket: Socket | None = None, *, pid: int = 1) -> Event:
    return Event(0, CALL, name, pid=pid, tid=pid, fd=fd, socket=socket)


def answer(name: str, fd: int, result: int, socket: Socket | None = None, *, pid: int = 1) -> Event:
    return Event(0, RETURN, name, pid=pid, tid=pid, fd=fd, socket=socket, result=result)


def test_a_descriptor_leads_to_the_address_that_is_learnt_later() -> None:
    parties = Parties()
    made = parties.learn(answer("socket", 5, 5, Socket("inet", "tcp")))
    connected = parties.learn(answer("connect", 5, 0, Socket("inet", "tcp", NEAR, FAR)))
    assert made is connected
    assert made is not None and made.end is not None
    assert (made.end.endpoint, made.end.other.endpoint) == (NEAR, FAR)


def test_a_descriptor_that_was_closed_is_another_socket_afterwards() -> None:
    parties = Parties()
    first = parties.learn(answer("socket", 5, 5))
    parties.learn(answer("close", 5, 0))
    assert parties.learn(answer("socket", 5, 5)) is not first


def test_an_inode_is_the_same_socket_in_every_process() -> None:
    parties = Parties()
    socket = Socket("inet", "tcp", FAR, None, 77)
    assert parties.learn(call("accept", 3, socket, pid=1)) is parties.learn(call("accept", 9, socket, pid=2))


def test_what_accept_returns_is_a_socket_of_the_server_that_the_kernel_has_told_of() -> None:
    parties = Parties()
    listener = parties.learn(call("accept4", 3, Socket("inet", "tcp", FAR, None, 7)))
    child = parties.learn(Event(0, KERNEL, "state", socket=Socket("inet", "tcp", FAR, NEAR)))
    accepted = parties.learn(answer("accept4", 4, 4, Socket("inet", "tcp", FAR, NEAR, 8)))
    assert accepted is child
    assert accepted is not listener
    assert accepted is not None and accepted.role == "server"


def test_a_process_has_the_role_that_all_its_sockets_have() -> None:
    parties = Parties()
    parties.learn(call("connect", 5, Socket("inet", "tcp", NEAR, FAR)))
    poll = Event(0, CALL, "poll", pid=1, tid=1)
    assert parties.role(poll, None, None) == "client"
    parties.learn(call("listen", 6))
    assert parties.role(poll, None, None) == ""


def test_ports_that_are_used_again_are_another_connection() -> None:
    parties = Parties()
    first, second = object(), object()
    one = parties.carried("tcp", NEAR, FAR, first)  # type: ignore[arg-type]
    assert parties.carried("tcp", FAR, NEAR, first) is one  # type: ignore[arg-type]
    assert parties.carried("tcp", NEAR, FAR, second) is not one  # type: ignore[arg-type]


def test_an_ipv4_address_of_an_ipv6_socket_is_the_one_that_frames_have() -> None:
    assert plain(Endpoint("::ffff:10.9.0.1", 7)) == Endpoint("10.9.0.1", 7)
    assert plain(Endpoint("fe80::1%eth0", 7)) == Endpoint("fe80::1", 7)


def test_a_socket_of_datagrams_that_was_bound_is_a_servers_on_every_call() -> None:
    parties = Parties()
    bound = Socket("inet", "udp", Endpoint("0.0.0.0", 9120), None, 5)
    unbound = Socket("inet", "udp", None, None, 6)
    bind = Event(0, CALL, "bind", pid=1, tid=1, fd=3, socket=bound._replace(local=None))
    sends = Event(1, CALL, "sendto", pid=1, tid=1, fd=4, socket=unbound._replace(remote=FAR))
    peer = bound._replace(remote=NEAR)
    events = [
        replace(bind, values={"address": ["0.0.0.0", 9120]}),
        answer("bind", 3, 0, bound),
        sends,
        call("recvfrom", 3, bound),
        answer("recvfrom", 3, 5, peer),
        call("sendto", 3, peer),
        call("recvfrom", 4, unbound),
    ]
    told = [(each, parties.learn(each)) for each in events]
    roles = [parties.role(each, known, parties.end_of(each, known)) for each, known in told]
    assert roles == ["server", "server", "client", "server", "server", "server", "client"]


def test_a_socket_of_datagrams_that_receives_before_it_sends_is_a_servers() -> None:
    parties = Parties()
    socket = Socket("inet", "udp", None, None, 5)
    receives, sends = call("recvfrom", 3, socket), call("sendto", 3, socket)
    known = parties.learn(receives)
    assert parties.learn(sends) is known
    assert [parties.role(each, known, None) for each in (receives, sends)] == ["server", "server"]


def test_the_address_that_bind_names_is_no_far_end() -> None:
    parties = Parties()
    event = replace(call("bind", 3, Socket("inet", "udp", FAR, None, 5)), values={"address": list(FAR)})
    assert parties.end_of(event, parties.learn(event)) is None
    assert parties.flows == []
