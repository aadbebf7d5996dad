"""What statistics count: some packets of a capture, and the headers in them that have a sender and a receiver.

A packet in a tunnel has several IP headers, and is counted for each. What an error message quotes of another packet was
not sent by anybody there, and does not count.

Ordinary packets have their headers taken from columns. Where one header is inside another of its kind, or of the other
version of IP, only the packet itself tells which port belongs to which address.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dissectors import layout
from dissectors.packet import Packet
from rawcap.columns.cells import Cells
from rawcap.columns.gathering import Gathered
from rawcap.files.bulk import NO_TIME
from rawcap.stats.numbering import pair_up

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

LAYERS = ("eth", "ip", "ipv6", "tcp", "udp")
"""The headers whose senders and receivers are counted, outermost first."""

_ADDRESSES = {"eth": ("eth.src", "eth.dst"), "ip": ("ip.src", "ip.dst"), "ipv6": ("ipv6.src", "ipv6.dst")}
# The last field of a header tells that it is whole: of one cut short the addresses or ports alone say nothing.
_PORTS = {
    "tcp": ("tcp.srcport", "tcp.dstport", "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.urgent_pointer"),
    "udp": ("udp.srcport", "udp.dstport", "udp.checksum"),
}
_NUMBERS: dict[str, Callable[[str], int]] = {
    "eth": lambda text: int(text.replace(":", ""), 16),
    "ip": lambda text: int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big"),
    "ipv6": lambda text: int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big"),
}
"""An address as a number, by the kind of the address."""
_NO_PORTS = np.zeros(0, np.uint16)
_NAMES = {"udplite": "udp"}  # whose fields have the names of UDP's
_OCTETS = {"eth": 6, "ip": 4, "ipv6": 16}


class Sort(NamedTuple):
    """Which headers: those of a layer, between addresses of one kind ("eth", "ip" or "ipv6")."""

    layer: str
    address: str

    @property
    def has_ports(self) -> bool:
        """Whether an end is a port at an address, rather than an address."""
        return self.layer != self.address

    @property
    def words(self) -> int:
        """64-bit words that an end takes."""
        return (_OCTETS[self.address] + 2 * self.has_ports + 7) // 8

    def end(self, words: Sequence[int]) -> tuple[str, int | None]:
        """The address and the port that some words stand for; None where there are no ports."""
        value = 0
        for word in words:
            value = value << 64 | word
        port = value & 0xFFFF if self.has_ports else None
        if self.has_ports:
            value >>= 16
        octets = value.to_bytes(_OCTETS[self.address], "big")
        if self.address == "eth":
            return octets.hex(":"), port
        return socket.inet_ntop(socket.AF_INET if self.address == "ip" else socket.AF_INET6, octets), port


SORTS = (
    Sort("eth", "eth"),
    Sort("ip", "ip"),
    Sort("ipv6", "ipv6"),
    Sort("tcp", "ip"),
    Sort("tcp", "ipv6"),
    Sort("udp", "ip"),
    Sort("udp", "ipv6"),
)


class Segments(NamedTuple):
    """What tells one TCP connection from the next between the same sockets, of each header."""

    flags: Numbers
    sequence: Numbers
    acknowledged: Numbers


class Heads(NamedTuple):
    """Headers of one sort, in the order of their packets.

    `packets` are places in the batch. `keys` are both ends of each, the lower one first, `2 * Sort.words` words, one
    header behind the other; `sides` says which of them sent: 0 for the lower.
    """

    packets: Numbers
    keys: Words
    sides: npt.NDArray[np.uint8]
    segments: Segments | None


class Stacks(NamedTuple):
    """The protocols of each packet, outermost first and with colons between: `names[codes[i]]`."""

    codes: Numbers
    names: list[str]


@dataclass(slots=True)
class Batch:
    """Packets to be counted. `lengths` are octets on the wire, `times` nanoseconds since the epoch, or NO_TIME.

    `first_time` is that of the first packet of the capture, which need not be one of these; None where nobody knows.
    """

    lengths: Numbers
    times: Numbers
    heads: dict[Sort, Heads] = field(default_factory=dict)
    stacks: Stacks | None = None
    first_time: int | None = None

    def __len__(self) -> int:
        return len(self.lengths)


def fields_of(layers: Iterable[str], *, protocols: bool) -> list[str]:
    """The columns that `batch_of` needs, for the headers of some layers, and for the protocols of each packet."""
    layers = set(layers)
    needed = ["frame.len", "frame.time_epoch"]
    for layer in _ADDRESSES:
        if layer in layers or (layer != "eth" and not layers.isdisjoint(_PORTS)):
            needed += _ADDRESSES[layer]
    for layer in _PORTS:
        if layer in layers:
            needed += _PORTS[layer]
    return [*needed, "frame.protocols"] if protocols else needed


def batch_of(
    gathered: Gathered,
    packet: Callable[[int], Packet],
    layers: Iterable[str] = (),
    *,
    first_time: int | None = None,
) -> Batch:
    """The headers of some layers in gathered packets; `packet` gives one of these whole, by its place.

    The cells are those of `fields_of`, the first value of each field. `first_time` is that of `Batch`.
    """
    times = gathered.cells["frame.time_epoch"]
    batch = Batch(
        gathered.cells["frame.len"].values.astype(np.int64),
        np.where(times.valid, times.values, NO_TIME),
        first_time=first_time,
    )
    wanted = [sort for sort in SORTS if sort.layer in set(layers)]
    if wanted:
        nested = _nested(gathered)
        plain = ~nested
        singly: dict[Sort, list[_Head]] = {sort: [] for sort in wanted}
        for row in np.flatnonzero(nested).tolist():
            for head in _heads_in(row, packet(row)):
                if head.sort in singly:
                    singly[head.sort].append(head)
        for sort in wanted:
            heads = _in_columns(sort, gathered.cells, plain, singly[sort])
            if len(heads.packets):
                batch.heads[sort] = heads
    stacks = gathered.cells.get("frame.protocols")
    if stacks is not None:
        batch.stacks = _coded(stacks)
    return batch


def _nested(gathered: Gathered) -> npt.NDArray[np.bool_]:
    """Which packets may have headers inside each other, so that columns do not tell which belong together."""
    nested = gathered.several | gathered.unsure
    four, six = gathered.cells.get("ip.dst"), gathered.cells.get("ipv6.dst")
    if four is not None and six is not None:
        nested |= four.valid & six.valid
    return nested


class _Head(NamedTuple):
    """A header of a packet that was dissected."""

    row: int
    sort: Sort
    source: int
    destination: int
    segment: tuple[int, int, int]


def _heads_in(row: int, packet: Packet) -> Iterable[_Head]:
    """The headers of a packet, with the address nearest below where a port has none of its own."""
    source = destination = 0
    address = ""
    for layer in packet.layers:
        if layer.status & (layout.QUOTED | layout.PARTIAL):
            continue
        name = _NAMES.get(layer.name, layer.name)
        if name in _ADDRESSES:
            first, second = _NUMBERS[name](layer.src), _NUMBERS[name](layer.dst)
            yield _Head(row, Sort(name, name), first, second, (0, 0, 0))
            if name != "eth":
                source, destination, address = first, second, name
        elif name in _PORTS and address:
            segment = (layer.flags, layer.seq_raw, layer.ack_raw) if name == "tcp" else (0, 0, 0)
            ends = source << 16 | layer.srcport, destination << 16 | layer.dstport
            yield _Head(row, Sort(name, address), *ends, segment)


def _in_columns(
    sort: Sort, cells: dict[str, Cells], plain: npt.NDArray[np.bool_], singly: Sequence[_Head]
) -> Heads:
    """The headers of one sort: of the `plain` packets as the columns have them, and those that were found singly."""
    source, destination = (cells[name] for name in _ADDRESSES[sort.address])
    ports = _PORTS[sort.layer] if sort.has_ports else ()
    there = plain & (cells[ports[-1]].valid if ports else source.valid) & destination.valid
    most = int(np.count_nonzero(there))
    keys = np.empty(most * 2 * sort.words, np.uint64)
    sides, packets = np.empty(most, np.uint8), np.empty(most, np.int64)
    if most:
        sport, dport = (cells[name].values for name in ports[:2]) if ports else (_NO_PORTS, _NO_PORTS)
        pair_up(
            source.values.data,
            destination.values.data,
            sport.data,
            dport.data,
            there.view(np.uint8).data,
            keys.data,
            sides.data,
            packets.data,
        )
    segments = None
    if sort.layer == "tcp":
        segments = Segments(*(cells[name].values[packets].astype(np.int64) for name in ports[2:5]))
    heads = Heads(packets, keys, sides, segments)
    return _with_others(sort, heads, singly) if singly else heads


def _with_others(sort: Sort, heads: Heads, others: Sequence[_Head]) -> Heads:
    """The headers, and others among them: in the order of the capture, those of one packet from the outside in."""
    packets = np.concatenate([heads.packets, np.array([each.row for each in others], np.int64)])
    order = np.argsort(packets, kind="stable")
    octets = b"".join(
        end.to_bytes(8 * sort.words, "big") for each in others for end in sorted((each.source, each.destination))
    )
    width = 2 * sort.words
    keys = np.concatenate([heads.keys, np.frombuffer(octets, ">u8").astype(np.uint64)]).reshape(-1, width)[order]
    sides = np.concatenate([heads.sides, np.array([each.source > each.destination for each in others], np.uint8)])
    segments = heads.segments
    if segments is not None:
        more = np.array([each.segment for each in others], np.int64).T
        segments = Segments(*(np.concatenate(both)[order] for both in zip(segments, more, strict=True)))
    return Heads(packets[order], keys.reshape(-1), sides[order], segments)


def _coded(cells: Cells) -> Stacks:
    """The protocols of each packet, each different stack of them named once."""
    places: dict[str, int] = {}
    codes = [places.setdefault(stack or "", len(places)) for stack in cells.values.tolist()]
    return Stacks(np.array(codes, np.int64), list(places))
