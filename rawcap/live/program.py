"""The filter as the kernel runs it: classic BPF for the frame as the kernel holds it, not as it is shown.

libpcap compiles a filter for the frame that a file keeps.  The kernel runs it (linux/filter.h,
Documentation/networking/filter.rst) on the frame in its own memory, and that is another one: a VLAN tag was taken
out, a cooked frame begins at its network layer, a raw IPv6 socket's datagram behind its IPv6 header.  What is missing
there can be asked for elsewhere: the kernel answers loads from certain offsets ("ancillary" ones) with what it
knows about the frame.

A `Layout` says where the octets of the shown frame are in the kernel, a `Shape` which layouts the frames of one kind
of socket have.  `relocate` moves a program from the one to the other, so that a filter has the same answer live as on
the file, and `socket_program` makes of it all that a socket runs, with the direction and the loopback interface.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rawcap.filter.errors import FilterError
from rawcap.live.errors import LiveError
from rawcap.live.linux import SO_ATTACH_FILTER

if TYPE_CHECKING:
    from rawcap.filter.kernel import PcapFilter

Instruction = tuple[int, int, int, int]
"""code, jt, jf and k of struct sock_filter (linux/filter.h)."""

Direction = Literal["in", "out", "inout"]

LONGEST = 4096
"""Instructions that a program may have: BPF_MAXINSNS (linux/bpf_common.h)."""

# Codes of linux/bpf_common.h, put together as they are used here.
_LD_W_ABS, _LD_H_ABS, _LD_B_ABS = 0x20, 0x28, 0x30
_LD_W_IND, _LD_H_IND, _LD_B_IND = 0x40, 0x48, 0x50
_LD_IMM, _LD_MEM, _LD_LEN = 0x00, 0x60, 0x80
_LDX_IMM, _LDX_MEM, _LDX_LEN, _LDX_MSH = 0x01, 0x61, 0x81, 0xB1
_ST, _STX = 0x02, 0x03
_ADD_K, _AND_K, _OR_X, _LSH_K, _RSH_K = 0x04, 0x54, 0x4C, 0x64, 0x74
_JA, _JEQ_K, _JGT_K, _JGE_K, _JSET_K = 0x05, 0x15, 0x25, 0x35, 0x45
_RET_K = 0x06
_TAX, _TXA = 0x07, 0x87
_CLASS, _LD, _ALU, _JMP, _RET = 0x07, 0x00, 0x04, 0x05, 0x06

_SIZES = {_LD_W_ABS: 4, _LD_H_ABS: 2, _LD_B_ABS: 1, _LD_W_IND: 4, _LD_H_IND: 2, _LD_B_IND: 1}
_ABSOLUTE = {4: _LD_W_ABS, 2: _LD_H_ABS, 1: _LD_B_ABS}
_INDIRECT = {4: _LD_W_IND, 2: _LD_H_IND, 1: _LD_B_IND}
_CELLS = 16  # words of scratch memory: BPF_MEMWORDS
_WORD = 0xFFFFFFFF
_ALL = 0x7FFFFFFF  # octets, for a capture without a limit: more than a frame can have

# Where the kernel answers with what it knows of the frame: SKF_AD_OFF and the numbers behind it (linux/filter.h).
_ANCILLARY = 0xFFFFF000
_PROTOCOL, _PKTTYPE, _IFINDEX, _HATYPE = 0, 4, 8, 28
_VLAN_TAG, _VLAN_TAG_PRESENT, _VLAN_TPID = 44, 48, 60
_NETWORK = 0xFFF00000  # SKF_NET_OFF: from here on the network header, wherever the frame begins
_LINK = 0xFFE00000  # SKF_LL_OFF: the same for the link layer's header

_OUTGOING = 4  # PACKET_OUTGOING (linux/if_packet.h)
_VLANS = frozenset({0x8100, 0x88A8})  # the EtherTypes of tags that the kernel takes out (eth_type_vlan)

# No frame has that many octets.  The kernel would take the greatest offsets for one of the places above, where libpcap,
# which knows none of them on a file, says that there is nothing.
_FAR = 1 << 20


@dataclass(frozen=True, slots=True)
class Octets:
    """Octets of the shown frame that follow one another in the kernel as well, from `offset` on."""

    offset: int


@dataclass(frozen=True, slots=True)
class Number:
    """Octets of the shown frame that the kernel has as a number of `width` octets, which the instruction `load` gives.

    `among` are the only values that it can have, None when any is possible.
    """

    load: Instruction
    width: int
    among: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """Octets of the shown frame that no program can ask for; `what` they are, for the message."""

    what: str


Place = Octets | Number | Withheld


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the kernel has a shown frame: the place of its octets from `start` on, for each (start, place).

    Each is valid up to the start of the next.  The first start is 0; the last place is Octets and has no end.
    """

    places: tuple[tuple[int, Place], ...]

    @property
    def added(self) -> int:
        """By how many octets the shown frame is longer than that of the kernel."""
        start, place = self.places[-1]
        assert isinstance(place, Octets)
        return start - place.offset

    def at(self, offset: int) -> tuple[int, int, Place]:
        """Start and stop of the place that has the octet at `offset` of the shown frame, and the place."""
        index = bisect_right(self.places, offset, key=lambda each: each[0]) - 1
        start, place = self.places[index]
        stop = self.places[index + 1][0] if index + 1 < len(self.places) else 1 << 32
        return start, stop, place

    def kept(self, shown: int) -> int:
        """How many octets of the kernel's frame hold all that it has of the first `shown` octets; at least 1.

        0 would refuse the frame.
        """
        most = 1
        for start, place in self.places:
            if isinstance(place, Octets) and place.offset < _FAR and start < shown:
                most = max(most, place.offset + min(self.at(start)[1], shown) - start)
        return most


@dataclass(frozen=True, slots=True)
class Shape:
    """What the frames of one kind of socket look like: shown, as `linktype`; and in the kernel.

    A frame has the layout of the first of `special` of which it is true that the ancillary number has one of the
    values, else `layout`.  `trims`: whether a program that takes but part of a frame makes the kernel forget how long
    it was; then the whole frame is taken, and cut by who reads it.
    """

    linktype: int
    layout: Layout
    special: tuple[tuple[int, frozenset[int], Layout], ...] = ()
    trims: bool = False


def _ancillary(number: int) -> Instruction:
    return (_LD_W_ABS, 0, 0, _ANCILLARY + number)


_AS_IT_IS = Layout(((0, Octets(0)),))
_TAG = Number(_ancillary(_VLAN_TAG), 2)
_TAG_PRESENT = frozenset({1})

# struct sockaddr_ll as LINKTYPE_LINUX_SLL2 has it: the EtherType, what is reserved, the interface, its type, ...
_COOKED_AFTER_PROTOCOL: tuple[tuple[int, Place], ...] = (
    (2, Number((_LD_IMM, 0, 0, 0), 2, frozenset({0}))),
    (4, Number(_ancillary(_IFINDEX), 4)),
    (8, Number(_ancillary(_HATYPE), 2)),
    (10, Number(_ancillary(_PKTTYPE), 1)),
    (11, Withheld("the link-layer address")),
)

ETHERNET = Shape(
    1,
    _AS_IT_IS,
    (
        (
            _VLAN_TAG_PRESENT,
            _TAG_PRESENT,
            Layout(((0, Octets(0)), (12, Number(_ancillary(_VLAN_TPID), 2, _VLANS)), (14, _TAG), (16, Octets(12)))),
        ),
    ),
)
"""A packet socket of type SOCK_RAW on an Ethernet, or the loopback interface: LINKTYPE_ETHERNET."""

COOKED = Shape(
    276,
    Layout(((0, Number(_ancillary(_PROTOCOL), 2)), *_COOKED_AFTER_PROTOCOL, (20, Octets(0)))),
    (
        (
            _VLAN_TAG_PRESENT,
            _TAG_PRESENT,
            Layout(
                (
                    (0, Number(_ancillary(_VLAN_TPID), 2, _VLANS)),
                    *_COOKED_AFTER_PROTOCOL,
                    (20, _TAG),
                    (22, Number(_ancillary(_PROTOCOL), 2)),
                    (24, Octets(0)),
                )
            ),
        ),
        # A frame that leaves with the tag in it, because the card adds none: the kernel skips it to the network layer,
        # and since Linux 6.11 tells of it just as of one that it took out (vlan_get_tci, net/packet/af_packet.c).
        (
            _PROTOCOL,
            _VLANS,
            Layout(
                (
                    (0, Number(_ancillary(_PROTOCOL), 2, _VLANS)),
                    *_COOKED_AFTER_PROTOCOL,
                    (20, Octets(_LINK + 14)),
                    (24, Octets(0)),
                )
            ),
        ),
    ),
)
"""A packet socket of type SOCK_DGRAM: LINKTYPE_LINUX_SLL2, a VLAN tag between its header and the network layer."""

IPV4 = Shape(101, _AS_IT_IS, trims=True)
"""A raw socket of IPv4: LINKTYPE_RAW."""


def as_it_is(linktype: int) -> Shape:
    """A packet socket of type SOCK_RAW on a link that is no Ethernet: what the kernel has is what is shown."""
    return Shape(linktype, _AS_IT_IS)


def ipv6(protocol: int) -> Shape:
    """A raw socket of IPv6 for `protocol`: LINKTYPE_RAW with a header made anew, which the kernel gives to nobody.

    Its length counts what the socket gets, its next header is that protocol, for extension headers are gone.
    """
    return Shape(
        101,
        Layout(
            (
                (0, Number((_LD_B_ABS, 0, 0, _NETWORK), 1, frozenset(range(0x60, 0x70)))),
                (1, Octets(_NETWORK + 1)),
                (4, Number((_LD_LEN, 0, 0, 0), 2)),
                (6, Number((_LD_IMM, 0, 0, protocol), 1, frozenset({protocol}))),
                (7, Octets(_NETWORK + 7)),
                (40, Octets(0)),
            )
        ),
        trims=True,
    )


REFUSE: list[Instruction] = [(_RET_K, 0, 0, 0)]
"""The program that takes nothing."""


def socket_program(
    filter: PcapFilter | None,
    *,
    shape: Shape,
    snaplen: int = 0,
    direction: Direction = "inout",
    loopback: int | None = None,
) -> list[Instruction]:
    """The program for a socket whose frames have `shape`: it takes what `filter` lets pass, None for everything.

    It returns how many octets of the kernel's frame hold the first `snaplen` octets of the shown one, at least 1;
    all of them where `snaplen` is 0 or the shape says that the kernel trims: who reads cuts what is shown to
    `snaplen` in any case.

    `direction` is "in" for what came, "out" for what this machine sent.  A loopback interface has every frame twice:
    the one that leaves it, and the same that comes in.  `loopback` is the index of that interface where the socket
    may see it: of the two, "in" and "inout" take the one that comes, "out" the one that leaves.

    Raises FilterError for a filter that means nothing for the shape, that asks what the kernel does not tell, that
    would have to jump backwards, or that is too long.
    """
    text = filter.text if filter is not None else ""
    wanted = _compiled(filter, shape.linktype, snaplen if snaplen and not shape.trims else _ALL)
    made = _Assembly()
    refused = made.label()
    if direction != "inout" or loopback is not None:
        made.add(_ancillary(_PKTTYPE))
        leaves, goes_on = made.label(), made.label()
        if direction == "in":
            made.jump(_JEQ_K, _OUTGOING, refused, goes_on)
        elif direction == "out":
            made.jump(_JEQ_K, _OUTGOING, goes_on, refused)
        else:
            assert loopback is not None
            made.jump(_JEQ_K, _OUTGOING, leaves, goes_on)
            made.place(leaves)
            made.add(_ancillary(_IFINDEX))
            made.jump(_JEQ_K, loopback, refused, goes_on)
        made.place(goes_on)
    for number, values, layout in shape.special:
        special, goes_on = made.label(), made.label()
        made.add(_ancillary(number))
        *others, last = sorted(values)
        for value in others:
            otherwise = made.label()
            made.jump(_JEQ_K, value, special, otherwise)
            made.place(otherwise)
        made.jump(_JEQ_K, last, special, goes_on)
        made.place(special)
        _Relocation(wanted, layout, text, made, refused).run()
        made.place(goes_on)
    _Relocation(wanted, shape.layout, text, made, refused).run()
    made.place(refused)
    made.add((_RET_K, 0, 0, 0))
    return _checked(made.finish(), text)


def _compiled(filter: PcapFilter | None, linktype: int, snaplen: int) -> Sequence[Instruction]:
    """The program of libpcap for the frame as it is shown."""
    if filter is None:
        return [(_RET_K, 0, 0, snaplen)]
    from rawcap.filter.kernel import pcap_filter  # libpcap's compiler is loaded where there is a filter

    return pcap_filter(filter.text, linktype, snaplen).instructions


def relocate(instructions: Sequence[Instruction], layout: Layout, text: str = "") -> list[Instruction]:
    """The program for the kernel's frame that has the answer which `instructions` have for the shown one.

    A number of octets that they return, unless 0, becomes that of the octets of the kernel's frame.  `text` is the
    filter, for the message of the FilterError that `socket_program` tells of.
    """
    made = _Assembly()
    refused = made.label()
    _Relocation(instructions, layout, text, made, refused).run()
    made.place(refused)
    made.add((_RET_K, 0, 0, 0))
    return _checked(made.finish(), text)


def _checked(program: list[Instruction], text: str) -> list[Instruction]:
    if len(program) > LONGEST:
        raise FilterError(
            f"the filter is too long for the kernel: {len(program)} instructions, of which it takes {LONGEST}",
            text,
            0,
            len(text),
        )
    return program


def attach(sock: socket.socket, instructions: Sequence[Instruction]) -> None:
    """Have the kernel run a program on every frame for `sock`, in the place of the one before (socket(7)).

    What is queued already stays, whatever the program would say of it.  Raises LiveError.
    """
    program = b"".join(struct.pack("=HBBI", *each) for each in instructions)
    memory = ctypes.create_string_buffer(program, len(program))
    try:
        sock.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(instructions), ctypes.addressof(memory))
        )
    except OSError as problem:
        if problem.errno == errno.ENOMEM:
            reason = f"its {len(instructions)} instructions are more than net.core.optmem_max allows"
        else:
            reason = os.strerror(problem.errno or 0)
        raise LiveError(f"the kernel does not take the filter: {reason}") from None


# -- moving a program -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    """What is certain before an instruction: all values that A can have, None when unknown, and how great X can be."""

    a: frozenset[int] | None
    x: int

    def joined(self, other: _Known | None) -> _Known:
        """What is certain when one comes from either side."""
        if other is None:
            return self
        a = None if self.a is None or other.a is None else self.a | other.a
        return _Known(a, max(self.x, other.x))


class _Relocation:
    """One program on its way into one layout."""

    def __init__(
        self, program: Sequence[Instruction], layout: Layout, text: str, made: _Assembly, refused: int
    ) -> None:
        self.program = program
        self.layout = layout
        self.text = text
        self.made = made
        self.refused = refused
        used = {k for code, _, _, k in program if code in (_LD_MEM, _LDX_MEM, _ST, _STX)}
        self.free = [cell for cell in range(_CELLS) if cell not in used]

    def error(self, message: str) -> FilterError:
        return FilterError(message, self.text, 0, len(self.text))

    def run(self) -> None:
        """Emit the program, without what no frame of this layout leads to.

        In the program for frames with a tag, for one, nothing is left of what is asked of an EtherType that is none
        of a tag's: a filter that the kernel takes for frames without is not too long with both.
        """
        program, made = self.program, self.made
        labels = [made.label() for _ in program]
        known: list[_Known | None] = [None] * len(program)
        known[0] = _Known(None, 0)
        for index, (code, jt, jf, k) in enumerate(program):
            before = known[index]
            if before is None:
                continue
            made.place(labels[index])
            ways: list[tuple[int, _Known]] = []
            if code == _JA:
                if k >= 1 << 31:
                    raise self.error("the filter follows a chain of headers, for which the kernel runs no program")
                ways = [(index + 1 + k, before)]
                made.go(labels[index + 1 + k])
            elif code & _CLASS == _JMP:
                yes, no = _decide(code, k, before)
                ways = [(index + 1 + jt, yes)] if yes else []
                ways += [(index + 1 + jf, no)] if no else []
                if yes and no:
                    made.jump(code, k, labels[index + 1 + jt], labels[index + 1 + jf])
                else:
                    made.go(labels[ways[0][0]])
            elif code & _CLASS == _RET:
                made.add((code, 0, 0, self.layout.kept(k) if code == _RET_K and k else 0))
            else:
                self.move(code, k, before)
                ways = [(index + 1, self.after(code, k, before))]
            for target, state in ways:
                known[target] = state.joined(known[target])

    def after(self, code: int, k: int, before: _Known) -> _Known:
        """What is certain behind an instruction that is no jump."""
        a, x = before.a, before.x
        if code in (_LDX_IMM, _LDX_MSH, _LDX_LEN, _LDX_MEM, _TAX):
            x = {_LDX_IMM: k, _LDX_MSH: 60, _LDX_LEN: _FAR - 1}.get(code, _WORD)
        elif code in (_LD_W_ABS, _LD_H_ABS, _LD_B_ABS) and k < _FAR:
            start, _, place = self.layout.at(k)
            whole = isinstance(place, Number) and (start, place.width) == (k, _SIZES[code])
            a = place.among if isinstance(place, Number) and whole else None
        elif code == _AND_K:
            a = frozenset(each & k for each in a) if a is not None else None
        elif code & _CLASS in (_LD, _ALU) or code == _TXA:
            a = None
        return _Known(a, x)

    def move(self, code: int, k: int, before: _Known) -> None:
        """Emit what an instruction that is neither jump nor return is in the kernel's frame."""
        made, added = self.made, self.layout.added
        if code in (_LD_W_ABS, _LD_H_ABS, _LD_B_ABS):
            if k >= _ANCILLARY:
                made.add((code, 0, 0, k))
            else:
                self.absolute(k, _SIZES[code])
        elif code in (_LD_W_IND, _LD_H_IND, _LD_B_IND):
            self.indirect(k, _SIZES[code], before.x)
        elif code == _LDX_MSH:
            self.header_length(k)
        elif code == _LD_LEN:
            made.add((code, 0, 0, 0))
            if added:
                made.add((_ADD_K, 0, 0, added))
        elif code == _LDX_LEN and added:
            cell = self.cell(0)
            made.add((_ST, 0, 0, cell), (_LD_LEN, 0, 0, 0), (_ADD_K, 0, 0, added), (_TAX, 0, 0, 0))
            made.add((_LD_MEM, 0, 0, cell))
        else:
            made.add((code, 0, 0, k))

    def absolute(self, offset: int, size: int) -> None:
        """Emit a load into A of the octets from `offset` on; A is lost, X is not."""
        made = self.made
        if offset >= _FAR:
            made.go(self.refused)
            return
        first, *others = self.pieces(offset, size)
        if not others:
            made.add(*first[1])
            return
        cell = self.cell(1)
        made.add((_STX, 0, 0, cell), *first[1])
        for octets, load in others:
            made.add((_LSH_K, 0, 0, 8 * octets), (_TAX, 0, 0, 0), *load, (_OR_X, 0, 0, 0))
        made.add((_LDX_MEM, 0, 0, cell))

    def pieces(self, offset: int, size: int) -> Iterator[tuple[int, list[Instruction]]]:
        """Parts of `size` octets from `offset` on that can be loaded: how many octets, and what loads them into A."""
        end = offset + size
        while offset < end:
            start, stop, place = self.layout.at(offset)
            octets = min(stop, end) - offset
            match place:
                case Withheld(what):
                    raise self.error(f"the filter asks for {what}, which the kernel does not tell a program")
                case Octets(there):
                    octets = octets if octets != 3 else 2
                    yield octets, [(_ABSOLUTE[octets], 0, 0, there + offset - start)]
                case Number(load, width):
                    behind = width - (offset - start) - octets
                    parts = [load]
                    if behind:
                        parts.append((_RSH_K, 0, 0, 8 * behind))
                    if octets < width:
                        parts.append((_AND_K, 0, 0, (1 << 8 * octets) - 1))
                    yield octets, parts
            offset += octets

    def indirect(self, k: int, size: int, most: int) -> None:
        """Emit a load into A of the octets from X + k on, X being at most `most`; A is lost, X is not."""
        made = self.made
        if k >= _FAR:
            made.go(self.refused)
            return
        # Every X from `first` on, up to the next: one load that moves with X, or the load that this one X means.
        zones: list[tuple[int, int | None]] = []
        offset = k
        while offset - k <= most:
            start, stop, place = self.layout.at(offset)
            if isinstance(place, Octets) and offset + size <= stop:
                zones.append((offset - k, (k + place.offset - start) & _WORD))
                offset = stop - size + 1
            else:
                zones.append((offset - k, None))
                offset += 1
        if len(zones) > 1 or most >= _FAR:
            made.add((_TXA, 0, 0, 0))
        if most >= _FAR:
            near = made.label()
            made.jump(_JGE_K, _FAR, self.refused, near)
            made.place(near)
        done = made.label()
        for first, moved in reversed(zones):
            below = made.label()
            if first:
                here = made.label()
                made.jump(_JGE_K, first, here, below)
                made.place(here)
            if moved is not None:
                made.add((_INDIRECT[size], 0, 0, moved))
            else:
                self.absolute(k + first, size)
            if first:
                made.go(done)
            made.place(below)
        made.place(done)

    def header_length(self, k: int) -> None:
        """Emit the load into X of four times the lower half of the octet at `k`: A is not lost."""
        made = self.made
        place = self.layout.at(k)[2]
        if k >= _FAR:
            made.go(self.refused)
        elif isinstance(place, Octets) and place.offset < _FAR:
            made.add((_LDX_MSH, 0, 0, k - self.layout.at(k)[0] + place.offset))
        else:
            cell = self.cell(0)
            made.add((_ST, 0, 0, cell))
            self.absolute(k, 1)
            made.add((_AND_K, 0, 0, 0xF), (_LSH_K, 0, 0, 2), (_TAX, 0, 0, 0), (_LD_MEM, 0, 0, cell))

    def cell(self, which: int) -> int:
        """A word of scratch memory that the program does not use."""
        if which >= len(self.free):
            raise self.error("the filter leaves no room in the memory that the kernel gives to a program")
        return self.free[which]


def _decide(code: int, k: int, before: _Known) -> tuple[_Known | None, _Known | None]:
    """What is certain where a jump is taken, and where it is not; None where it cannot be."""
    test = {
        _JEQ_K: lambda a: a == k,
        _JGT_K: lambda a: a > k,
        _JGE_K: lambda a: a >= k,
        _JSET_K: lambda a: a & k != 0,
    }.get(code)
    if test is None or before.a is None:
        return before, before
    yes = frozenset(filter(test, before.a))
    no = before.a - yes
    return (_Known(yes, before.x) if yes else None), (_Known(no, before.x) if no else None)


class _Assembly:
    """Instructions whose jumps lead to labels, until `finish` counts how far that is."""

    def __init__(self) -> None:
        self.items: list[tuple[Instruction, tuple[int, ...]]] = []
        self.places: list[int] = []

    def label(self) -> int:
        """A new place to jump to, not yet somewhere."""
        self.places.append(-1)
        return len(self.places) - 1

    def place(self, label: int) -> None:
        """The label is that of the next instruction."""
        self.places[label] = len(self.items)

    def add(self, *instructions: Instruction) -> None:
        """Append instructions that do not jump."""
        self.items += [(each, ()) for each in instructions]

    def jump(self, code: int, k: int, yes: int, no: int) -> None:
        """Append a jump to one label when the test is true, to another when it is not."""
        self.items.append(((code, 0, 0, k), (yes, no)))

    def go(self, label: int) -> None:
        """Append a jump that is always taken."""
        self.items.append(((_JA, 0, 0, 0), (label,)))

    def finish(self) -> list[Instruction]:
        """The instructions.

        A conditional jump reaches 255 instructions far: one that goes farther goes to one right behind it that is
        always taken, which has no such limit.  That moves what follows, so that others may become too short.
        """
        far: set[tuple[int, int]] = set()
        while True:
            starts = self._starts(far)
            found = {
                (index, side)
                for index, (_, targets) in enumerate(self.items)
                if len(targets) == 2
                for side, target in enumerate(targets)
                if starts[self.places[target]] - starts[index] - 1 > 255
            }
            if found <= far:
                break
            far |= found
        return list(self._written(starts, far))

    def _starts(self, far: Iterable[tuple[int, int]]) -> list[int]:
        """Where each item begins."""
        sizes = [1] * len(self.items)
        for index, _ in far:
            sizes[index] += 1
        starts = [0]
        for size in sizes:
            starts.append(starts[-1] + size)
        return starts

    def _written(self, starts: list[int], far: set[tuple[int, int]]) -> Iterator[Instruction]:
        for index, ((code, _, _, k), targets) in enumerate(self.items):
            distances = [starts[self.places[target]] - starts[index] - 1 for target in targets]
            if len(targets) == 2:
                sides = [side for side in (0, 1) if (index, side) in far]
                jt, jf = (sides.index(side) if side in sides else distances[side] for side in (0, 1))
                yield code, jt, jf, k
                for behind, side in enumerate(sides, 1):
                    yield _JA, 0, 0, distances[side] - behind
            else:
                yield code, 0, 0, distances[0] if targets else k
