"""Recordings made by hand: the calls of two programs, put to the frames of captures that the project has."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import rawcap
from dissectors.packet import Interface, Packet
from rawcap.stack.event import CALL, KERNEL, NOTE, RETURN, Endpoint, Event, Socket

PCAPS = Path(__file__).parents[3] / "pcaps"
CLIENT, SERVER = Endpoint("192.0.2.1", 49152), Endpoint("192.0.2.2", 7)
OPEN_NS = 1795405445789838708
"""The time of the SYN in tcp_handshake.pcapng."""


class Program:
    """A program whose calls are written down, with times in microseconds from the first frame."""

    def __init__(self, events: list[Event], pid: int, name: str, *, origin: int = OPEN_NS) -> None:
        self.events = events
        self.pid = pid
        self.name = name
        self.origin = origin

    def begins(self, at: float, name: str, text: str, fd: int = -1, socket: Socket | None = None, **more: Any) -> None:
        """A call begins."""
        self._add(at, CALL, name, text, fd, socket, **more)

    def returns(
        self, at: float, name: str, text: str, result: int, fd: int = -1, socket: Socket | None = None, **more: Any
    ) -> None:
        """A call returns."""
        self._add(at, RETURN, name, f"{text} = {more.pop('answer', result)}", fd, socket, result=result, **more)

    def calls(
        self, at: float, took: float, name: str, text: str, result: int, fd: int = -1, socket: Socket | None = None
    ) -> None:
        """A call begins and returns."""
        self.begins(at, name, text, -1 if name == "socket" else fd, None if name == "socket" else socket)
        self.returns(at + took, name, text, result, fd, socket)

    def _add(self, at: float, source: str, name: str, text: str, fd: int, socket: Socket | None, **more: Any) -> None:
        event = Event(self.origin + round(at * 1000), source, name, text, pid=self.pid, tid=self.pid, program=self.name)
        self.events.append(replace(event, fd=fd, socket=socket, **more))


def handshake(*, with_kernel: bool = False) -> tuple[list[Event], list[Packet]]:
    """An echo client and server over TCP, from socket() to close(), with the frames of tcp_handshake.pcapng."""
    events: list[Event] = []
    server = Program(events, 101, "echo-server")
    client = Program(events, 102, "echo-client")
    listening = Socket("inet", "tcp", SERVER, None, 11)
    accepted = Socket("inet", "tcp", SERVER, CLIENT, 12)
    mine = Socket("inet", "tcp", None, None, 13)
    bound = Socket("inet", "tcp", CLIENT, SERVER, 13)
    unbound = Socket("inet", "tcp", None, None, 11)
    server.calls(-900, 9, "socket", "socket(AF_INET, SOCK_STREAM)", 3, 3, unbound)
    server.calls(-850, 6, "bind", "bind(3, 192.0.2.2:7)", 0, 3, listening)
    server.calls(-800, 8, "listen", "listen(3, backlog 5)", 0, 3, listening)
    server.begins(-750, "accept4", "accept4(3) …", 3, listening)
    client.calls(-60, 9, "socket", "socket(AF_INET, SOCK_STREAM)", 5, 5, mine)
    client.begins(-20, "connect", "connect(5, 192.0.2.2:7) …", 5, mine, values={"address": ["192.0.2.2", 7]})
    client.returns(60, "connect", "connect(5, 192.0.2.2:7)", 0, 5, bound)
    server.returns(75, "accept4", "accept4(3)", 4, 4, accepted, answer="4 from 192.0.2.1:49152")
    server.begins(90, "recvfrom", "recvfrom(4, up to 4096 octets) …", 4, accepted)
    client.calls(130, 20, "sendto", "sendto(5, 6 octets)", 6, 5, bound)
    client.begins(155, "recvfrom", "recvfrom(5, up to 4096 octets) …", 5, bound)
    server.returns(160, "recvfrom", "recvfrom(4, up to 4096 octets)", 6, 4, accepted)
    server.calls(165, 15, "sendto", "sendto(4, 6 octets)", 6, 4, accepted)
    client.returns(184, "recvfrom", "recvfrom(5, up to 4096 octets)", 6, 5, bound)
    client.calls(186, 10, "close", "close(5)", 0, 5, bound)
    server.calls(194, 2, "recvfrom", "recvfrom(4, up to 4096 octets)", 0, 4, accepted)
    server.calls(198, 8, "close", "close(4)", 0, 4, accepted)
    if with_kernel:
        events += [
            _state(-780, listening, "CLOSED", "LISTEN"),
            _state(-10, bound, "CLOSED", "SYN-SENT", tid=102),
            _state(28, bound, "SYN-SENT", "ESTABLISHED"),
            _state(43, accepted, "LISTEN", "SYN-RECEIVED"),
            _state(44, accepted, "SYN-RECEIVED", "ESTABLISHED"),
            _state(187, bound, "ESTABLISHED", "FIN-WAIT-1", tid=102),
            _state(191, accepted, "ESTABLISHED", "CLOSE-WAIT"),
            _state(200, accepted, "CLOSE-WAIT", "LAST-ACK", tid=101),
            _state(204, bound, "FIN-WAIT-1", "FIN-WAIT-2"),
            _state(205, bound, "FIN-WAIT-2", "CLOSED"),
            _state(208, accepted, "LAST-ACK", "CLOSED"),
        ]
    return events, packets("tcp_handshake")


def _state(at: float, socket: Socket, old: str, new: str, *, tid: int = 0) -> Event:
    time_ns = OPEN_NS + round(at * 1000)
    return Event(time_ns, KERNEL, "state", f"{old} → {new}", tid=tid, socket=socket, values={"old": old, "new": new})


def narrated(events: Iterable[Event]) -> list[Event]:
    """The same with the words of a lab."""
    told = [
        Event(
            OPEN_NS - 910_000,
            NOTE,
            "step",
            "A socket is made of a family, a type and a protocol. Nothing is sent for that, nor for an address or for "
            "listening: the wire stays empty until a client comes.",
            values={"number": 1, "title": "The server creates a socket, binds it and listens"},
        ),
        Event(
            OPEN_NS - 25_000,
            NOTE,
            "step",
            "connect() 发出 SYN，并一直等到服务器的 SYN/ACK 到来；三次握手由内核完成，"
            "这时还没有任何程序调用 accept()。",
            values={"number": 5, "title": "The client connects"},
        ),
    ]
    return [*told, *events]


def packets(name: str) -> list[Packet]:
    """The packets of a capture of the project."""
    return list(rawcap.read(PCAPS / f"{name}.pcapng"))


# -- exchanges made up ------------------------------------------------------------------------------------


def segment(
    from_client: bool, seq: int, ack: int, flags: int, length: int = 0, *, port: int = 40000, ident: int = 0
) -> bytes:
    """An IPv4 packet between 10.9.0.1, the client, and 10.9.0.2:9000."""
    ports, ends = ((port, 9000), (1, 2)) if from_client else ((9000, port), (2, 1))
    tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 1000, 0, 0) + bytes(length)
    addresses = bytes([10, 9, 0, ends[0], 10, 9, 0, ends[1]])
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), ident & 0xFFFF, 0, 64, 6, 0) + addresses + tcp


SYN, FIN, PSH, ACK, RST = 0x02, 0x01, 0x08, 0x10, 0x04
RAW = Interface(101, name="c0", resolution=1_000_000_000)
FAR = Interface(101, name="s0", id=1, resolution=1_000_000_000)


def exchange(number: int, origin: int, step: Callable[[], int]) -> tuple[list[Event], list[Packet]]:
    """One request and its response over a connection of its own, everything in its true order and with its true time.

    `step` gives the nanoseconds between one thing and the next. Packets are numbered from 1 by time.
    """
    port = 40000 + number
    client_end, server_end = Endpoint("10.9.0.1", port), Endpoint("10.9.0.2", 9000)
    listening = Socket("inet", "tcp", Endpoint("0.0.0.0", 9000), None, 1)
    mine = Socket("inet", "tcp", None, server_end, 10 + 2 * number)
    bound = Socket("inet", "tcp", client_end, server_end, 10 + 2 * number)
    accepted = Socket("inet", "tcp", server_end, client_end, 11 + 2 * number)
    events: list[Event] = []
    packets: list[Packet] = []
    now = origin

    def call(pid: int, source: str, name: str, fd: int, socket: Socket, result: int | None = None) -> None:
        nonlocal now
        now += step()
        told = f"{name}({fd})" + ("" if result is None else f" = {result}")
        event = Event(now, source, name, told, pid=pid, tid=pid, fd=fd, socket=socket, result=result)
        events.append(event)

    def frame(from_client: bool, seq: int, ack: int, flags: int, length: int = 0) -> None:
        nonlocal now
        now += step()
        data = segment(from_client, seq, ack, flags, length, port=port, ident=len(packets))
        packets.append(Packet(data, RAW, now, len(data), len(packets) + 1))

    client, server = 5000 + number, 4000
    fd = 4 + number
    call(server, CALL, "accept4", 3, listening)
    call(client, CALL, "connect", 5, mine)
    frame(True, 100, 0, SYN)
    frame(False, 900, 101, SYN | ACK)
    frame(True, 101, 901, ACK)
    call(client, RETURN, "connect", 5, bound, 0)
    call(server, RETURN, "accept4", fd, accepted, fd)
    call(server, CALL, "recvfrom", fd, accepted)
    call(client, CALL, "sendto", 5, bound)
    frame(True, 101, 901, PSH | ACK, 10)
    call(client, RETURN, "sendto", 5, bound, 10)
    call(server, RETURN, "recvfrom", fd, accepted, 10)
    call(client, CALL, "recvfrom", 5, bound)
    call(server, CALL, "sendto", fd, accepted)
    frame(False, 901, 111, PSH | ACK, 20)
    call(server, RETURN, "sendto", fd, accepted, 20)
    call(client, RETURN, "recvfrom", 5, bound, 20)
    call(server, CALL, "recvfrom", fd, accepted)
    call(client, CALL, "close", 5, bound)
    frame(True, 111, 921, FIN | ACK)
    call(client, RETURN, "close", 5, bound, 0)
    call(server, RETURN, "recvfrom", fd, accepted, 0)
    call(server, CALL, "close", fd, accepted)
    frame(False, 921, 112, FIN | ACK)
    frame(True, 112, 922, ACK)
    call(server, RETURN, "close", fd, accepted, 0)
    return events, packets
