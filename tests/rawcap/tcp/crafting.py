"""Segments of one connection, written down with relative numbers, and what is found of them.

The client is 192.0.2.1:49152 and begins with sequence number 1000, the server is 192.0.2.2:7 and begins with 5000.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from dissectors.packet import Interface, Packet
from rawcap.tcp.connection import FLAG_NAMES, Connection
from rawcap.tcp.tracker import Tracker

RAW = Interface(linktype=101)
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = (bytes([192, 0, 2, 1]), 49152, 1000), (bytes([192, 0, 2, 2]), 7, 5000)
PREFIX = "tcp.analysis."


class Sent(NamedTuple):
    """A segment: numbers are relative, `at` is in milliseconds, None where the capture keeps no time."""

    from_client: bool
    seq: int
    ack: int
    length: int
    flags: int
    at: float | None
    window: int
    options: bytes
    port: int

    def packet(self, number: int) -> Packet:
        """An IPv4 packet that carries it, with a number in the capture."""
        source, destination = (CLIENT, SERVER) if self.from_client else (SERVER, CLIENT)
        ports = [self.port if end is CLIENT else end[1] for end in (source, destination)]
        seq, ack = self.seq + source[2] & 0xFFFFFFFF, self.ack + destination[2] & 0xFFFFFFFF
        first = (20 + len(self.options)) // 4 << 12 | self.flags
        tcp = struct.pack("!HHIIHHHH", *ports, seq, ack if self.flags & ACK else 0, first, self.window, 0, 0)
        tcp += self.options + bytes(self.length)
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, source[0], destination[0])
        time_ns = None if self.at is None else 1_000_000_000 + round(self.at * 1_000_000)
        return Packet(ip + tcp, RAW, time_ns, number=number)


def client(
    seq: int,
    ack: int = 0,
    length: int = 0,
    flags: int = ACK,
    *,
    at: float | None = 0,
    window: int = 1000,
    options: bytes = b"",
    port: int = 49152,
) -> Sent:
    """A segment that the client sends."""
    return Sent(True, seq, ack, length, flags, at, window, options, port)


def server(
    seq: int,
    ack: int = 0,
    length: int = 0,
    flags: int = ACK,
    *,
    at: float | None = 0,
    window: int = 1000,
    options: bytes = b"",
    port: int = 49152,
) -> Sent:
    """A segment that the server sends."""
    return Sent(False, seq, ack, length, flags, at, window, options, port)


def handshake() -> list[Sent]:
    """Packets 1 to 3: a handshake within 20 milliseconds, windows of 1000 octets without a scale."""
    return [client(0, flags=SYN), server(0, 1, flags=SYN | ACK, at=10), client(1, 1, at=20)]


def scale(shift: int) -> bytes:
    return bytes([1, 3, 3, shift])


def sack(*edges: int) -> bytes:
    """A SACK option with blocks of the client's data, left and right edge in turn."""
    return bytes([1, 1, 5, 2 + 4 * len(edges)]) + b"".join(struct.pack("!I", CLIENT[2] + edge) for edge in edges)


def timestamps(tsval: int, tsecr: int = 0) -> bytes:
    return struct.pack("!BBBBII", 1, 1, 8, 10, tsval, tsecr)


def notes(*segments: Sent) -> list[dict[str, Any]]:
    """What the tracker notes of each."""
    tracker = Tracker()
    found = []
    for number, segment in enumerate(segments, 1):
        packet = tracker.note(segment.packet(number))
        assert packet.notes is not None
        found.append(packet.notes)
    return found


def called(*segments: Sent) -> list[set[str]]:
    """What each is called, of FLAG_NAMES."""
    return [{name for name in FLAG_NAMES if PREFIX + name in each} for each in notes(*segments)]


def last(*segments: Sent) -> dict[str, Any]:
    """The values of tcp.analysis.* of the last one, of those that are no name."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in notes(*segments)[-1].items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in FLAG_NAMES and name != "tcp.analysis.flags"
    }


def connected(*segments: Sent) -> Connection:
    """The one connection that they belong to."""
    tracker = Tracker()
    for number, segment in enumerate(segments, 1):
        tracker.add(segment.packet(number))
    (connection,) = tracker.connections
    return connection
