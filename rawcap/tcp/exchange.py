"""UDP: the datagrams that two sockets exchange, who sent the first, and what ICMP says of them."""

from __future__ import annotations

import socket

from rawcap.tcp.connection import IcmpError

_MOST_ERRORS = 8


class Endpoint:
    """One of the two sockets: its address as text, its port, and what it sent.

    `octets` are those of the data; `first` is the number of the packet with its first datagram, 0 where it sent none.
    """

    __slots__ = ("address", "datagrams", "first", "first_ns", "octets", "port")

    def __init__(self, address: bytes, port: int) -> None:
        family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
        self.address = socket.inet_ntop(family, address) if len(address) in (4, 16) else ""
        self.port = port
        self.datagrams = self.octets = self.first = 0
        self.first_ns: int | None = None


class Exchange:
    """Datagrams between two sockets. `client` sent the first; `stream` is udp.stream.

    Numbers are those of packets, times nanoseconds since the epoch, None where the capture has none.
    """

    __slots__ = ("client", "first_ns", "first_number", "icmp", "last_ns", "last_number", "server", "stream")

    def __init__(self, stream: int, key: bytes) -> None:
        wide = (len(key) - 4) // 2
        self.stream = stream
        self.client = Endpoint(key[:wide], int.from_bytes(key[-4:-2], "big"))
        self.server = Endpoint(key[wide : 2 * wide], int.from_bytes(key[-2:], "big"))
        self.first_number = self.last_number = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.icmp: list[IcmpError] | None = None

    def add(self, sender: Endpoint, number: int, time_ns: int | None, octets: int) -> None:
        """Take in a datagram."""
        if not self.first_number:
            self.first_number, self.first_ns = number, time_ns
        self.last_number, self.last_ns = number, time_ns
        if not sender.datagrams:
            sender.first, sender.first_ns = number, time_ns
        sender.datagrams += 1
        sender.octets += octets

    def add_error(self, error: IcmpError) -> None:
        """Take in an ICMP error that quotes one of its datagrams."""
        if self.icmp is None:
            self.icmp = []
        if len(self.icmp) < _MOST_ERRORS:
            self.icmp.append(error)

    def __repr__(self) -> str:
        client, server = self.client, self.server
        return f"<Exchange {self.stream} {client.address}:{client.port} → {server.address}:{server.port}>"
