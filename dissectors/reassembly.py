"""Reassembly of IP fragments: packets in, whole datagrams out (RFC 791, 3.2; RFC 8200, 4.5).

Pure as everything here: time is the capture's, and memory is bounded.  A datagram whose fragments overlap is given
up with all its fragments, as RFC 5722 demands for IPv6 and hosts do for IPv4: which of two versions of an octet the
receiver saw, nobody can tell.  Nothing is lost by it: fragments that never made a datagram are given back.
"""
from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import NamedTuple

from dissectors import layout
from dissectors.checksum import ones_complement_sum
from dissectors.header import Header
from dissectors.packet import Packet

TIMEOUT_NS = 60_000_000_000
"""How long a receiver waits for the rest, from the first fragment that arrived (RFC 8200, 4.5)."""
MOST_OCTETS = 65_535
"""Octets of the largest datagram, and of the largest payload of IPv6, that fragments can make up."""
MOST_HELD = 64 * 1024 * 1024
"""Octets of fragments that are kept at once; the oldest datagram is given up for a new one."""
_OVERHEAD = 256
"""What a fragment costs beside its octets, about."""
_MOST_PROBLEMS = 1000

# What must be equal around the fragments, beside the protocols: the addresses of one network mean nothing in another.
_PLACE = {
    "vlan": ("id",),
    "ieee8021ad": ("id",),
    "pppoes": ("session_id",),
    "mpls": ("label_",),
    "ip": ("src", "dst"),
    "ipv6": ("src", "dst"),
    "gre": ("key",),
    "vxlan": ("vni",),
    "geneve": ("vni",),
}

_Key = tuple[object, ...]


class Problem(NamedTuple):
    """Why a datagram was given up: the number of the packet that told, and the reason in words."""

    number: int
    reason: str


class _Fragment(NamedTuple):
    """One fragment: the header that says so, what all fragments of the datagram share, its place and its octets.

    `octets`, which are the packet's own, are None where the capture cut them; `most` are those that the datagram may
    carry.
    """

    layer: Header
    key: _Key
    offset: int
    more: bool
    octets: memoryview | None
    most: int


class _Datagram:
    """The fragments of a datagram, as far as they arrived; `starts` keeps the order of `pieces`.

    A `refused` one is given up: it keeps nothing, and is there to tell the fragments that still come.
    """

    def __init__(self, time_ns: int | None, *, refused: bool = False) -> None:
        self.time_ns = time_ns
        self.refused = refused
        self.starts: list[int] = []
        self.pieces: dict[int, memoryview] = {}
        self.packets: list[Packet] = []
        self.cost = 0
        """Octets that it keeps, about."""
        self.octets = 0
        self.reach = 0
        self.total: int | None = None
        self.first: tuple[Packet, Header] | None = None

    def keep(self, packet: Packet) -> None:
        """Remember a packet that has a fragment of it."""
        self.packets.append(packet)
        self.cost += len(packet.data) + _OVERHEAD

    def accept(self, fragment: _Fragment) -> str:
        """Take a fragment in; gives the reason when the datagram must be given up, else nothing."""
        octets, start = fragment.octets, fragment.offset
        if octets is None:
            return "the capture cut a fragment short"
        if self.pieces.get(start) == octets:
            return ""
        stop = start + len(octets)
        if fragment.more and (not octets or len(octets) % 8):
            return f"a fragment of {len(octets)} octets says that it is not the last one"
        if stop > fragment.most:
            return f"a fragment reaches to octet {stop}"
        if not fragment.more and self.total not in (None, stop):
            return "two fragments say that they are the last one"
        total = self.total if fragment.more else stop
        if total is not None and max(stop, self.reach) > total:
            return "a fragment reaches beyond the last one"
        place = bisect_left(self.starts, start)
        if place < len(self.starts) and self.starts[place] < stop:
            return "fragments overlap"
        if place and self.starts[place - 1] + len(self.pieces[self.starts[place - 1]]) > start:
            return "fragments overlap"
        self.starts.insert(place, start)
        self.pieces[start] = octets
        self.octets += len(octets)
        self.reach = max(self.reach, stop)
        self.total = total
        return ""

    def whole(self) -> bytes | None:
        """What was fragmented; None while something is missing."""
        if self.total is None or self.octets < self.total:
            return None
        return b"".join(self.pieces[start] for start in self.starts)


class Reassembler:
    """Puts the datagrams of one capture together.

        reassembler = Reassembler()
        for packet in packets:
            whole = reassembler.add(packet)
            fragments = reassembler.given_up()
        fragments = reassembler.flush()

    `problems` tells, for the latest of them, why datagrams were given up; `timeout_ns` and `most_held` are the bounds
    of waiting, in nanoseconds of capture time, and of memory, in octets.
    """

    def __init__(self, *, timeout_ns: int = TIMEOUT_NS, most_held: int = MOST_HELD) -> None:
        self.timeout_ns = timeout_ns
        self.most_held = most_held
        self.problems: deque[Problem] = deque(maxlen=_MOST_PROBLEMS)
        self._datagrams: dict[_Key, _Datagram] = {}
        self._given_up: list[Packet] = []
        self._held = 0

    def add(self, packet: Packet) -> Packet | None:
        """Take the next packet.

        Gives the packet itself when it is no fragment; None when it is one, and its datagram is not complete; else a
        new packet: the headers of the first fragment with their lengths put right, then all that the datagram carries.
        It has the interface, the time and the number of the fragment that completed it.
        """
        fragment = _fragment(packet)
        if fragment is None:
            return packet
        self._expire(packet)
        datagram = self._datagrams.setdefault(fragment.key, _Datagram(packet.time_ns))
        if datagram.refused:
            self._given_up.append(packet)
            return None
        before = datagram.cost
        datagram.keep(packet)
        self._held += datagram.cost - before
        reason = datagram.accept(fragment)
        if reason:
            self._give_up(fragment.key, packet.number, reason)
            # What still arrives of it is given back at once, until its time is up.
            self._datagrams[fragment.key] = _Datagram(datagram.time_ns, refused=True)
        elif fragment.offset == 0:
            datagram.first = (packet, fragment.layer)
        octets = datagram.whole() if not reason else None
        if octets is None or datagram.first is None:
            self._make_room(packet)
            return None
        self._held -= self._datagrams.pop(fragment.key).cost
        whole = _rebuilt(*datagram.first, octets)
        # What the datagram carries may be the fragment of another one, one IP header further in.
        return self.add(Packet(whole, packet.interface, packet.time_ns, len(whole), packet.number, packet.options))

    def given_up(self) -> list[Packet]:
        """The fragments of datagrams that were given up since this was last asked."""
        given_up, self._given_up = self._given_up, []
        return given_up

    def flush(self) -> list[Packet]:
        """At the end of the capture: the fragments that still wait, which are given up, in the order of the capture."""
        for key in list(self._datagrams):
            packets = self._datagrams[key].packets
            self._give_up(key, packets[-1].number if packets else 0, "fragments are missing")
        return sorted(self.given_up(), key=lambda packet: packet.number)

    def _give_up(self, key: _Key, number: int, reason: str) -> None:
        datagram = self._datagrams.pop(key)
        self._held -= datagram.cost
        self._given_up += datagram.packets
        if not datagram.refused:
            self.problems.append(Problem(number, reason))

    def _expire(self, packet: Packet) -> None:
        """Give up what has waited too long; the oldest stand first."""
        now = packet.time_ns
        while self._datagrams:
            key, oldest = next(iter(self._datagrams.items()))
            if now is None or oldest.time_ns is None or now - oldest.time_ns <= self.timeout_ns:
                return
            self._give_up(key, packet.number, "fragments are missing, and the time is up")

    def _make_room(self, packet: Packet) -> None:
        while self._held > self.most_held or len(self._datagrams) > self.most_held // _OVERHEAD:
            self._give_up(next(iter(self._datagrams)), packet.number, "too many datagrams wait for fragments")


def _fragment(packet: Packet) -> _Fragment | None:
    """The outermost fragment in a packet; None where there is none.  What an error message quotes does not count."""
    for layer in packet.layers:
        if layer.quoted:
            return None
        if layer.name == "ip" and layer.whole and (layer.mf or layer.frag_offset):
            key = _key(packet, layer, layer.id, layer.proto)
            most = MOST_OCTETS - (layer.stop - layer.start)
            return _Fragment(layer, key, layer.frag_offset * 8, layer.mf, _carried(layer), most)
        if layer.name == "ipv6.fraghdr" and layer.whole and (layer.more or layer.offset):
            key = _key(packet, layer, layer.ident)
            return _Fragment(layer, key, layer.offset * 8, layer.more, _carried(layer), MOST_OCTETS)
    return None


def _carried(layer: Header) -> memoryview | None:
    """What a fragment carries; None where it was not captured wholly."""
    if layer.status & (layout.TRUNCATED | layout.SHORT | layout.BAD_LENGTH | layout.BAD_END | layout.LONG_END):
        return None
    return memoryview(layer.octets)[layer.stop : layer.end] if layer.end <= len(layer.octets) else None


def _key(packet: Packet, layer: Header, *parts: object) -> _Key:
    """What all fragments of a datagram have in common."""
    inner: Header | None = layer
    while inner is not None:
        parts += (inner.name, *(getattr(inner, name, None) for name in _PLACE.get(inner.name, ())))
        inner = inner.below
    return packet.interface.id, *parts


def _rebuilt(packet: Packet, layer: Header, octets: bytes) -> bytes:
    """The frame of the first fragment with all octets of the datagram in the place of its own."""
    data = bytearray(packet.data[: layer.stop if layer.name == "ip" else layer.start])
    grown = len(data) + len(octets) - layer.end
    if layer.name == "ip":
        data[layer.start + 6] &= 0x40  # "don't fragment" stays, "more fragments" and the offset go
        data[layer.start + 7] = 0
    elif layer.below is not None and layer.below.declaration.next is not None:
        # The fragment header goes: what it says of the next header, the header before it must say now.
        place = layer.below.position(layer.below.declaration.next.fields[0])
        if place is not None:
            data[place[0]] = layer.nxt
    outer: Header | None = layer
    while outer is not None:
        _lengthen(outer, data, grown)
        outer = outer.below
    return bytes(data) + octets


def _lengthen(layer: Header, data: bytearray, grown: int) -> None:
    """Add to the length that a header gives itself and what it carries, 0 where it cannot hold the sum."""
    rule = layer.declaration.end
    if rule is not None and len(rule.terms) == 1:
        (field, times), = rule.terms
        place = layer.position(field)
        if place is not None and field.size * 8 == field.bits:
            count = int.from_bytes(data[slice(*place)], "big")
            if count or rule.zero < 0:
                count += grown // times
                data[slice(*place)] = (count if count <= field.mask else 0).to_bytes(field.size, "big")
    if layer.name == "ip":
        header = data[layer.start : layer.stop]
        header[10:12] = b"\0\0"
        data[layer.start + 10 : layer.start + 12] = (0xFFFF - ones_complement_sum(bytes(header))).to_bytes(2, "big")
