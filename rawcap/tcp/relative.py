"""Sequence numbers counted from the beginning of their connection, and windows in octets.

A segment carries 32-bit numbers that mean little alone. What makes them readable is known from earlier segments:
the initial sequence numbers and the window scales (RFC 7323, 2.3), both from the SYNs. `Relative` remembers these for
each pair of sockets and leaves on every packet, as `notes`, the four fields that Wireshark shows:

    tcp.stream        number of the connection in the capture, from 0
    tcp.seq           sequence number, where the SYN has 0
    tcp.ack           acknowledgement number, counted the same way
    tcp.window_size   receive window, scaled

The edges of SACK blocks are counted from the note on the acknowledgement number, where there is one.
A connection whose beginning was not captured counts from its first segment, which then has sequence number 1.
"""

from __future__ import annotations

from dissectors import layout
from dissectors.header import Header
from dissectors.packet import Packet

FIELDS = frozenset(
    {"tcp.stream", "tcp.seq", "tcp.ack", "tcp.window_size", "tcp.options.sack_le", "tcp.options.sack_re"}
)
"""The fields that the notes give a value, or another one."""

_MOST_CONNECTIONS = 65_536
_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10
_WINDOW_SCALE = 3  # option kind
_LARGEST_SHIFT = 14  # RFC 7323, 2.3
_NOT_OFFERED = -1

_Way = tuple[str, str, int, int]


class _Side:
    """What is remembered of what one side of a connection sends."""

    __slots__ = ("base", "connection", "other", "shift")

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection
        self.other = self
        """The other side."""
        self.base: int | None = None
        """The sequence number that counts as 0."""
        self.shift: int | None = None
        """The window scale that it offered; None while its SYN was not seen."""


class _Connection:
    """What is remembered of both sides together."""

    __slots__ = ("ended", "stream")

    def __init__(self, stream: int) -> None:
        self.stream = stream
        self.ended = False


class Relative:
    """Remembers the connections that were used last, 65,536 at least, in order to number their octets."""

    def __init__(self) -> None:
        self._streams = 0
        # Two generations: what is not used while one fills up with connections is forgotten with the next.
        self._young: dict[_Way, _Side] = {}
        self._old: dict[_Way, _Side] = {}

    def note(self, packet: Packet) -> Packet:
        """Leave the four fields in the notes of `packet`, where it is a whole TCP header; gives the packet back."""
        notes = packet.notes
        if notes is None:
            notes = packet.notes = {}
        tcp = packet.tcp
        if tcp is None or tcp.status & (layout.PARTIAL | layout.QUOTED):
            return packet
        flags, sequence, acknowledged, window = tcp.flags, tcp.seq_raw, tcp.ack_raw, tcp.window_size_value
        way = _way(tcp)
        side = self._young.get(way) or self._recall(way)
        if side is None or _begins_anew(side, flags, sequence):
            side = self._add(way)
        base, other = side.base, side.other

        if base is None or flags & (_SYN | _ACK) == _SYN | _ACK:
            base = side.base = sequence if flags & _SYN else sequence - 1
        if flags & _ACK:
            if other.base is None:
                other.base = acknowledged - 1
            acknowledged = acknowledged - other.base & 0xFFFFFFFF
        if flags & _SYN:
            side.shift = _offered_shift(tcp)
        elif side.shift and side.shift > 0 and other.shift != _NOT_OFFERED:
            window <<= side.shift
        if flags & (_FIN | _RST):
            side.connection.ended = True

        notes["tcp.stream"] = side.connection.stream
        notes["tcp.seq"] = sequence - base & 0xFFFFFFFF
        notes["tcp.ack"] = acknowledged
        notes["tcp.window_size"] = window
        return packet

    def _recall(self, way: _Way) -> _Side | None:
        """A connection that was not used for long."""
        side = self._old.get(way)
        if side is not None:
            self._keep(way, side)
        return side

    def _add(self, way: _Way) -> _Side:
        connection = _Connection(self._streams)
        self._streams += 1
        side, other = _Side(connection), _Side(connection)
        side.other, other.other = other, side
        self._keep(way, side)
        return side

    def _keep(self, way: _Way, side: _Side) -> None:
        if len(self._young) >= 2 * _MOST_CONNECTIONS:
            self._old, self._young = self._young, {}
        source, destination, sport, dport = way
        self._young[way] = side
        self._young[destination, source, dport, sport] = side.other


def _way(tcp: Header) -> _Way:
    """Addresses and ports, the source's first; no addresses where nothing below has any."""
    source = destination = ""
    below = tcp.below
    while below is not None:
        addresses = below.addresses
        if addresses is not None:
            first, second = addresses
            source, destination = getattr(below, first), getattr(below, second)
            break
        below = below.below
    return source, destination, tcp.srcport, tcp.dstport


def _begins_anew(side: _Side, flags: int, sequence: int) -> bool:
    """Whether a SYN opens another connection between the same sockets, rather than being sent again."""
    if flags & (_SYN | _ACK) != _SYN or side.base is None:
        return False
    return side.base != sequence or side.connection.ended


def _offered_shift(tcp: Header) -> int:
    """The window scale that a SYN offers; -1 where it offers none."""
    for option in tcp.options:
        if option.kind == _WINDOW_SCALE and option.shift is not None:
            return min(int(option.shift), _LARGEST_SHIFT)
    return _NOT_OFFERED
