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

from collections import OrderedDict

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

_Socket = tuple[str, int]


class _Connection:
    """What is remembered of one connection; pairs are by direction, the lower socket's first."""

    __slots__ = ("base", "ended", "shift", "stream")

    def __init__(self, stream: int) -> None:
        self.stream = stream
        self.base: list[int | None] = [None, None]
        self.shift: list[int | None] = [None, None]
        self.ended = False


class Relative:
    """Remembers up to 65,536 connections, the most recently used, in order to number their octets."""

    def __init__(self) -> None:
        self._connections: OrderedDict[tuple[_Socket, _Socket], _Connection] = OrderedDict()
        self._streams = 0

    def note(self, packet: Packet) -> Packet:
        """Leave the four fields in the notes of `packet`, where it is a whole TCP header; gives the packet back."""
        tcp = packet.tcp
        if tcp is None or tcp.status & (layout.PARTIAL | layout.QUOTED):
            return packet
        source, destination = _sockets(tcp)
        way = 0 if source <= destination else 1
        pair = (destination, source) if way else (source, destination)
        flags, sequence, acknowledged, window = tcp.flags, tcp.seq_raw, tcp.ack_raw, tcp.window_size_value

        connection = self._connections.get(pair)
        if connection is None or _begins_anew(connection, way, flags, sequence):
            connection = self._add(pair)
        else:
            self._connections.move_to_end(pair)
        base, shift = connection.base, connection.shift

        first = base[way]
        if first is None or flags & (_SYN | _ACK) == _SYN | _ACK:
            first = base[way] = sequence if flags & _SYN else sequence - 1
        if flags & _ACK:
            other = base[1 - way]
            if other is None:
                other = base[1 - way] = acknowledged - 1
            acknowledged = acknowledged - other & 0xFFFFFFFF
        if flags & _SYN:
            shift[way] = _offered_shift(tcp)
        elif (scale := shift[way]) is not None and scale > 0 and shift[1 - way] != _NOT_OFFERED:
            window <<= scale
        if flags & (_FIN | _RST):
            connection.ended = True

        notes = {
            "tcp.stream": connection.stream,
            "tcp.seq": sequence - first & 0xFFFFFFFF,
            "tcp.ack": acknowledged,
            "tcp.window_size": window,
        }
        if packet.notes is None:
            packet.notes = notes
        else:
            packet.notes.update(notes)
        return packet

    def _add(self, pair: tuple[_Socket, _Socket]) -> _Connection:
        connection = self._connections[pair] = _Connection(self._streams)
        self._connections.move_to_end(pair)
        self._streams += 1
        if len(self._connections) > _MOST_CONNECTIONS:
            self._connections.popitem(last=False)
        return connection


def _sockets(tcp: Header) -> tuple[_Socket, _Socket]:
    """The source's and the destination's address and port; no address where nothing below has any."""
    source = destination = ""
    below = tcp.below
    while below is not None:
        if below.addresses is not None:
            source, destination = (getattr(below, attribute) for attribute in below.addresses)
            break
        below = below.below
    return (source, tcp.srcport), (destination, tcp.dstport)


def _begins_anew(connection: _Connection, way: int, flags: int, sequence: int) -> bool:
    """Whether a SYN opens another connection between the same sockets, rather than being sent again."""
    base = connection.base[way]
    return flags & (_SYN | _ACK) == _SYN and base is not None and (base != sequence or connection.ended)


def _offered_shift(tcp: Header) -> int:
    """The window scale that a SYN offers; -1 where it offers none."""
    for option in tcp.options:
        if option.kind == _WINDOW_SCALE and option.shift is not None:
            return min(int(option.shift), _LARGEST_SHIFT)
    return _NOT_OFFERED
