# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
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

This is plain Python that Cython compiles too: installed with a compiler it runs as native code, without one the same
file is interpreted.
"""
from __future__ import annotations

import cython

from dissectors import layout

FIELDS = frozenset(
    {"tcp.stream", "tcp.seq", "tcp.ack", "tcp.window_size", "tcp.options.sack_le", "tcp.options.sack_re"}
)
"""The fields that the notes give a value, or another one."""

_MOST_CONNECTIONS = 65_536
_FIN = cython.declare(cython.longlong, 0x01)
_SYN = cython.declare(cython.longlong, 0x02)
_RST = cython.declare(cython.longlong, 0x04)
_ACK = cython.declare(cython.longlong, 0x10)
_32_BITS = cython.declare(cython.longlong, 0xFFFFFFFF)
_WINDOW_SCALE = 3  # option kind
_LARGEST_SHIFT = cython.declare(cython.longlong, 14)  # RFC 7323, 2.3
_NOT_OFFERED = cython.declare(cython.longlong, -1)
_NOT_SEEN = cython.declare(cython.longlong, -2)

NOT_OFFERED = -1
"""In place of a window scale, where a SYN has none."""


@cython.cclass
class _Connection:
    """What is remembered of both sides together."""

    stream: cython.longlong
    ended: cython.bint


@cython.cclass
class _Side:
    """What is remembered of what one side of a connection sends."""

    connection: _Connection
    other: _Side  # the other side
    base: cython.longlong  # the sequence number that counts as 0, or _NOT_SEEN
    shift: cython.longlong  # the window scale that it offered; _NOT_SEEN while its SYN was not seen


@cython.cclass
class Relative:
    """Remembers the connections that were used last, 65,536 at least, in order to number their octets."""

    streams: cython.longlong
    # Two generations: what is not used while one fills up with connections is forgotten with the next.
    young: dict
    old: dict

    def __init__(self) -> None:
        self.streams = 0
        self.young = {}
        self.old = {}

    def note(self, packet: object) -> object:
        """Leave the four fields in the notes of `packet`, where it is a whole TCP header; gives the packet back."""
        notes = packet.notes
        if notes is None:
            notes = packet.notes = {}
        tcp = packet.tcp
        if tcp is None or tcp.status & (layout.PARTIAL | layout.QUOTED):
            return packet
        flags = tcp.flags
        stream, sequence, acknowledged, window = self.follow(
            _way(tcp),
            flags,
            tcp.seq_raw,
            tcp.ack_raw,
            tcp.window_size_value,
            _offered_shift(tcp) if flags & _SYN else NOT_OFFERED,
        )
        notes["tcp.stream"] = stream
        notes["tcp.seq"] = sequence
        notes["tcp.ack"] = acknowledged
        notes["tcp.window_size"] = window
        return packet

    def follow(
        self,
        way: tuple,
        flags: cython.longlong,
        sequence: cython.longlong,
        acknowledged: cython.longlong,
        window: cython.longlong,
        shift: cython.longlong,
    ) -> tuple:
        """The four values for the next segment; the numbers are those of its header.

        `way` are addresses and ports, the source's first; `shift` is the window scale that a SYN offers, as it stands
        in the option, or NOT_OFFERED.
        """
        side: _Side = self._side(way)
        if side is None or _begins_anew(side, flags, sequence):
            side = self._add(way)
        other: _Side = side.other
        if side.base == _NOT_SEEN or flags & (_SYN | _ACK) == _SYN | _ACK:
            side.base = sequence if flags & _SYN else sequence - 1
        if flags & _ACK:
            if other.base == _NOT_SEEN:
                other.base = acknowledged - 1
            acknowledged = acknowledged - other.base & _32_BITS
        if flags & _SYN:
            side.shift = shift if shift < _LARGEST_SHIFT else _LARGEST_SHIFT
        elif side.shift > 0 and other.shift != _NOT_OFFERED:
            window <<= side.shift
        if flags & (_FIN | _RST):
            side.connection.ended = True
        return side.connection.stream, sequence - side.base & _32_BITS, acknowledged, window

    @cython.cfunc
    def _side(self, way: tuple) -> _Side:
        """The side that sends this way; None where it is not known."""
        side: object = self.young.get(way)
        if side is None:
            side = self.old.get(way)
            if side is not None:
                self._keep(way, side)
        return side

    @cython.cfunc
    def _add(self, way: tuple) -> _Side:
        connection: _Connection = _Connection()
        connection.stream, connection.ended = self.streams, False
        self.streams += 1
        side: _Side = _Side()
        other: _Side = _Side()
        side.connection = other.connection = connection
        side.base = other.base = side.shift = other.shift = _NOT_SEEN
        side.other, other.other = other, side
        self._keep(way, side)
        return side

    @cython.cfunc
    def _keep(self, way: tuple, side: _Side) -> object:
        if len(self.young) >= 2 * _MOST_CONNECTIONS:
            self.old, self.young = self.young, {}
        source, destination, sport, dport = way
        self.young[way] = side
        self.young[destination, source, dport, sport] = side.other
        return None


def _way(tcp: object) -> tuple:
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


@cython.cfunc
@cython.exceptval(check=True)
def _begins_anew(side: _Side, flags: cython.longlong, sequence: cython.longlong) -> cython.bint:
    """Whether a SYN opens another connection between the same sockets, rather than being sent again."""
    if flags & (_SYN | _ACK) != _SYN or side.base == _NOT_SEEN:
        return False
    return side.base != sequence or side.connection.ended


def _offered_shift(tcp: object) -> int:
    """The window scale that a SYN offers; -1 where it offers none."""
    for option in tcp.options:
        if option.kind == _WINDOW_SCALE and option.shift is not None:
            return int(option.shift)
    return NOT_OFFERED
