"""The pcapng format, in and out (draft-ietf-opsawg-pcapng).

A file is a sequence of blocks; each says its type and, before and after its body, its total length:

    type 4   total length 4   body, padded to 32 bits   total length 4

A section header block opens a section and decides its byte order; interface description blocks number the section's
interfaces from 0; packet blocks refer to them. A file may have several sections, of different byte orders.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NoReturn

from dissectors.packet import Interface, Packet
from rawcap.files import blocks
from rawcap.files.blocks import Block, Clock, Options, Statistics
from rawcap.files.errors import CaptureError, CutCapture
from rawcap.files.source import Feed, Supply
from rawcap.files.writer import CaptureWriter, Sink

_PACKETS = (blocks.ENHANCED_PACKET, blocks.SIMPLE_PACKET, blocks.OBSOLETE_PACKET)

_SECTION_START = blocks.SECTION_HEADER.to_bytes(4, "big")  # a palindrome: the same in both byte orders

# Octets in the fixed part of each block's body.
_SHORTEST_BODY = {
    blocks.SECTION_HEADER: 16,
    blocks.INTERFACE_DESCRIPTION: 8,
    blocks.OBSOLETE_PACKET: 20,
    blocks.SIMPLE_PACKET: 4,
    blocks.INTERFACE_STATISTICS: 12,
    blocks.DECRYPTION_SECRETS: 8,
}

# What a file says of itself stays in memory: interfaces, names, secrets, statistics. This many octets may, each item
# counted with about what its object takes beside them.
_KEPT_LIMIT = 64 << 20
_KEPT_OBJECT = 256

# For each byte order: type and total length with the fixed part of an enhanced packet block's body behind them, and
# the total length at the end. Every block is begun with the first of these, most being enhanced packet blocks.
_START_LENGTH = 28
_UNPACK = {
    big_endian: (
        struct.Struct(blocks.order(big_endian) + "IIIIIII").unpack_from,
        struct.Struct(blocks.order(big_endian) + "I").unpack_from,
    )
    for big_endian in (False, True)
}


def is_pcapng(start: bytes) -> bool:
    """Whether a file with these first octets is a pcapng file."""
    return start.startswith(_SECTION_START)


class PcapngReader:
    """Reads the packets and blocks of a pcapng file from a feed that stands at its start.

    `interfaces`, `names`, `secrets` and `statistics` fill as the blocks that hold them go by.

    Raises CaptureError when the file does not begin with a section header.
    """

    format = "pcapng"

    def __init__(self, feed: Feed) -> None:
        self._feed: Supply = feed
        self.interfaces: list[Interface] = []
        self.names: dict[str, str] = {}
        self.secrets: list[tuple[int, bytes]] = []
        self.statistics: list[Statistics] = []
        self.section: list[tuple[Interface, int, int, int]] = []
        """The interfaces of the section at hand, each with the three numbers of its Clock."""
        self.big_endian = False
        self._kept = 0
        shortest = 8 + _SHORTEST_BODY[blocks.SECTION_HEADER]
        self.begun = buffer = feed.extend(feed.start, shortest)
        """What was taken from the feed: the start of the file."""
        if len(buffer) < shortest:
            raise CutCapture(
                f"{feed.label}: the file ends at {feed.place(len(buffer))}, inside the section header block that "
                f"opens a pcapng file"
            )
        self._take_byte_order(buffer, 0, 0)
        self._check_version(buffer[8:], 0)

    def records(self, everything: bool) -> Iterator[Packet | Block]:
        """The packets in file order and, with `everything`, all other blocks between them.

        Raises CutCapture after the last whole block when the file ends inside one, CaptureError when a length in
        the file contradicts another or cannot be.
        """
        return self._blocks(self._feed, self.begun, everything, 0)

    def step(self, feed: Supply, number: int) -> Packet | Block | None:
        """What is in the one block that `feed` has, after `number` packets; None where it has nothing.

        Raises what `records` does.
        """
        self._feed = feed
        return next(self._blocks(feed, b"", True, number), None)

    def _blocks(self, feed: Supply, rest: bytes, everything: bool, number: int) -> Iterator[Packet | Block]:
        section = self.section
        start_of, end_of = _UNPACK[self.big_endian]
        packet = Packet
        longest = blocks.LONGEST_BLOCK
        enhanced_packet = blocks.ENHANCED_PACKET
        passed = offset = 0
        while True:
            end = len(rest)
            buffer = rest + bytes(_START_LENGTH - 12)  # so that a shorter block at the end can be begun like the others
            needed = 12
            while end - offset >= 12:
                kind, total, interface_id, high, low, captured, length = start_of(buffer, offset)
                if kind == blocks.SECTION_HEADER:
                    self._take_byte_order(buffer, offset, passed)
                    start_of, end_of = _UNPACK[self.big_endian]
                    total = start_of(buffer, offset)[1]
                stop = offset + total
                if total & 3 or not 12 <= total <= longest:
                    self._wrong_length(kind, total, passed + offset)
                if stop > end:
                    needed = total
                    break
                if end_of(buffer, stop - 4)[0] != total:
                    after = end_of(buffer, stop - 4)[0]
                    self._fail(kind, passed + offset, f"its length is {total} before its body and {after} after it")
                if kind == enhanced_packet:
                    room = total - 32
                    if captured > room:
                        self._fail(kind, passed + offset, f"it cannot hold a packet of {captured} bytes")
                    try:
                        interface, multiplier, divisor, offset_ns = section[interface_id]
                    except IndexError:
                        self._no_interface(kind, passed + offset, interface_id)
                    start = offset + 28
                    options: Options = ()
                    if room - captured > 3:
                        content = buffer[start : stop - 4]
                        options = self._options(content, captured + (-captured & 3), kind, passed + offset)
                    number += 1
                    yield packet(
                        buffer[start : start + captured],
                        interface,
                        (high << 32 | low) * multiplier // divisor + offset_ns,
                        length,
                        number,
                        options,
                    )
                else:
                    body = buffer[offset + 8 : stop - 4]
                    if len(body) < _SHORTEST_BODY.get(kind, 0):
                        self._fail(kind, passed + offset, f"its length is {total}, less than such a block needs")
                    if kind == blocks.SIMPLE_PACKET:
                        number += 1
                        yield self._simple(body, number, passed + offset)
                    elif kind == blocks.OBSOLETE_PACKET:
                        number += 1
                        yield self._obsolete(body, number, passed + offset)
                    else:
                        block = self._block(kind, body, passed + offset)
                        if everything:
                            yield block
                offset = stop
            passed += offset
            rest = feed.extend(rest[offset:], needed)
            offset = 0
            if len(rest) < needed:
                break
        if rest:
            raise CutCapture(
                f"{feed.label}: the file is cut short in the block that begins at {feed.place(passed)}: "
                f"{len(rest)} bytes are there of {needed}"
            )

    # -- blocks ---------------------------------------------------------------------------------------------------

    def _take_byte_order(self, buffer: bytes, offset: int, passed: int) -> None:
        magic = buffer[offset + 8 : offset + 12]
        if int.from_bytes(magic, "little") == blocks.BYTE_ORDER_MAGIC:
            self.big_endian = False
        elif int.from_bytes(magic, "big") == blocks.BYTE_ORDER_MAGIC:
            self.big_endian = True
        else:
            self._fail(blocks.SECTION_HEADER, passed + offset, f"its byte-order magic is {magic.hex()}")

    def _check_version(self, body: bytes, place: int) -> None:
        major, minor = struct.unpack_from(blocks.order(self.big_endian) + "HH", body, 4)
        if major != 1 or minor not in (0, 2):  # 1.2 was written by mistake and is the same
            raise CaptureError(
                f"{self._feed.label}: the section at {self._feed.place(place)} is of pcapng version {major}.{minor}, "
                "which is not one that can be read (1.0)"
            )

    def _block(self, kind: int, body: bytes, place: int) -> Block:
        """A block that is not a packet, after taking from it what it says about the packets."""
        interface: Interface | None = None
        try:
            if kind == blocks.SECTION_HEADER:
                self._check_version(body, place)
                self.section.clear()
            elif kind == blocks.INTERFACE_DESCRIPTION:
                self._keep(len(body))
                interface = blocks.describe(len(self.section), body, self.big_endian)
                clock = Clock(interface)
                self.section.append((interface, clock.multiplier, clock.divisor, clock.offset_ns))
                self.interfaces.append(interface)
            elif kind == blocks.NAME_RESOLUTION:
                for address, name in blocks.unpack_names(body, self.big_endian):
                    self._keep(len(name))
                    self.names.setdefault(address, name)
            elif kind == blocks.INTERFACE_STATISTICS:
                self._keep(0)
                (interface_id,) = struct.unpack_from(blocks.order(self.big_endian) + "I", body)
                interface = self._interface(interface_id, kind, place)[0]
                self.statistics.append(blocks.unpack_statistics(body, interface, self.big_endian))
            elif kind == blocks.DECRYPTION_SECRETS:
                self._keep(len(body))
                self.secrets.append(blocks.unpack_secrets(body, self.big_endian))
        except ValueError as error:
            self._fail(kind, place, str(error))
        return Block(kind, body, self.big_endian, interface)

    def _simple(self, body: bytes, number: int, place: int) -> Packet:
        """The packet in a simple packet block (section 4.4): of interface 0, without a time.

        How much was captured is not written: the original length, or the snapshot length where that is less.
        """
        interface = self._interface(0, blocks.SIMPLE_PACKET, place)[0]
        (length,) = struct.unpack_from(blocks.order(self.big_endian) + "I", body)
        captured = min(length, interface.snaplen or length)
        if captured > len(body) - 4:
            self._fail(blocks.SIMPLE_PACKET, place, f"it cannot hold a packet of {captured} bytes")
        return Packet(body[4 : 4 + captured], interface, None, length, number)

    def _obsolete(self, body: bytes, number: int, place: int) -> Packet:
        """The packet in an obsolete packet block (appendix A), as the enhanced packet block would have it."""
        fixed = struct.unpack_from(blocks.order(self.big_endian) + "HHIIII", body)
        interface_id, drops, high, low, captured, length = fixed
        interface, multiplier, divisor, offset_ns = self._interface(interface_id, blocks.OBSOLETE_PACKET, place)
        if captured > len(body) - 20:
            self._fail(blocks.OBSOLETE_PACKET, place, f"it cannot hold a packet of {captured} bytes")
        options = self._options(body, 20 + captured + (-captured & 3), blocks.OBSOLETE_PACKET, place)
        if drops != 0xFFFF:  # which means that nobody counted
            options += ((blocks.EPB_DROPCOUNT, drops.to_bytes(8, "big" if self.big_endian else "little")),)
        time_ns = (high << 32 | low) * multiplier // divisor + offset_ns
        return Packet(body[20 : 20 + captured], interface, time_ns, length, number, options)

    def _interface(self, interface_id: int, kind: int, place: int) -> tuple[Interface, int, int, int]:
        if interface_id >= len(self.section):
            self._no_interface(kind, place, interface_id)
        return self.section[interface_id]

    def _options(self, body: bytes, start: int, kind: int, place: int) -> Options:
        try:
            return blocks.unpack_options(body, start, self.big_endian)
        except ValueError as error:
            self._fail(kind, place, str(error))

    def _keep(self, octets: int) -> None:
        self._kept += octets + _KEPT_OBJECT
        if self._kept > _KEPT_LIMIT:
            raise ValueError(f"with it the file describes itself in more than {_KEPT_LIMIT >> 20} MiB")

    # -- what is wrong --------------------------------------------------------------------------------------------

    def _fail(self, kind: int, place: int, text: str) -> NoReturn:
        raise CaptureError(
            f"{self._feed.label}: the file is damaged in the {blocks.block_name(kind)} at {self._feed.place(place)}: "
            f"{text}"
        )

    def _wrong_length(self, kind: int, total: int, place: int) -> NoReturn:
        if total & 3:
            self._fail(kind, place, f"its length is {total}, not a multiple of 4")
        if total > blocks.LONGEST_BLOCK:
            self._fail(kind, place, f"its length is {total}, more than the {blocks.LONGEST_BLOCK} a block may have")
        self._fail(kind, place, f"its length is {total}, less than the 12 that every block has")

    def _no_interface(self, kind: int, place: int, interface_id: int) -> NoReturn:
        self._fail(
            kind, place, f"it is of interface {interface_id}, and the section describes {len(self.section)} before it"
        )


class PcapngWriter(CaptureWriter):
    """Writes a pcapng file: every packet with its interface, options and time, every block as it was.

    A section has one byte order. It begins with the section header block that is written or, where none is, on its
    own: before the first packet, and whenever a packet or block comes whose option values are in the other order.
    An interface is described before its first packet unless its description was written as a block. A packet
    without a time goes into a simple packet block, which can only be of a section's first interface: for another
    interface a section begins too.
    """

    format = "pcapng"

    def __init__(self, sink: Sink, known: list[Interface]) -> None:
        super().__init__(sink)
        self._known = known
        self._order = ""  # of the section that is open; empty before the first
        self._section: dict[Interface, tuple[int, Clock]] = {}
        self._described = 0

    def write(self, item: Packet | Block) -> None:
        try:
            if isinstance(item, Block):
                self._write_block(item)
            else:
                self._write_packet(item)
        except (struct.error, ValueError) as error:
            what = f"the {item.name}" if isinstance(item, Block) else f"packet {self.count + 1}"
            raise self._no_room(what, error) from None

    def begin(self, interface: Interface) -> int:
        try:
            self._in_order(interface.big_endian)
            return self._place(interface)[0]
        except (struct.error, ValueError) as error:
            raise self._no_room(f"the description of {interface.name or 'an interface'}", error) from None

    def resolution(self, interface: Interface) -> int:
        return interface.resolution

    def statistics(self, statistics: Statistics) -> None:
        interface = statistics.interface
        number = self.begin(interface)
        try:
            self._put(blocks.INTERFACE_STATISTICS, blocks.pack_statistics(statistics, number))
        except ValueError as error:
            raise self._no_room(f"the statistics block of {interface.name or 'an interface'}", error) from None

    def _no_room(self, what: str, error: Exception) -> CaptureError:
        return CaptureError(f"{self.label}: {what} does not fit a pcapng file: {error}")

    def _write_block(self, block: Block) -> None:
        if block.type == blocks.SECTION_HEADER:
            self._begin_section(block)
            return
        self._in_order(block.big_endian)
        body = block.body
        if block.type == blocks.INTERFACE_DESCRIPTION:
            if block.interface is not None:
                self._section[block.interface] = (self._described, Clock(block.interface))
            self._described += 1
        elif block.interface is not None:  # statistics begin with the number that their interface has here
            body = struct.pack(self._order + "I", self._place(block.interface)[0]) + body[4:]
        self._put(block.type, body)

    def _write_packet(self, packet: Packet) -> None:
        interface, data = packet.interface, packet.data
        self._in_order(interface.big_endian)
        index, clock = self._place(interface)
        padded = data + bytes(-len(data) & 3)
        if packet.time_ns is None and not packet.options:
            if len(data) == min(packet.length, interface.snaplen or packet.length):
                if index:
                    self._begin_section(blocks.section_header(big_endian=interface.big_endian))
                    self._place(interface)
                self._put(blocks.SIMPLE_PACKET, struct.pack(self._order + "I", packet.length) + padded)
                return
        units = clock.units(packet.time_ns or 0)
        if not 0 <= units < 1 << 64:
            raise ValueError(f"its time, {packet.time_ns} ns, is outside what its interface can count")
        fixed = struct.pack(self._order + "IIIII", index, units >> 32, units & 0xFFFFFFFF, len(data), packet.length)
        self._put(blocks.ENHANCED_PACKET, fixed + padded + blocks.pack_options(packet.options, interface.big_endian))

    def _in_order(self, big_endian: bool) -> None:
        """Begin a section unless the open one has this byte order."""
        if self._order != blocks.order(big_endian):
            self._begin_section(blocks.section_header(big_endian=big_endian))

    def _begin_section(self, header: Block) -> None:
        if self._order not in ("", blocks.order(header.big_endian)):
            self.flush()  # so that what goes out in one piece has one byte order, the one by which `_whole` reads it
        self._order = blocks.order(header.big_endian)
        self._section.clear()
        self._described = 0
        # What follows may differ from what followed in the file this came from: the section's length is left open.
        self._put(header.type, header.body[:8] + b"\xff" * 8 + header.body[16:])

    def _place(self, interface: Interface) -> tuple[int, Clock]:
        """The interface's number in the open section, and its clock; describes it first if need be."""
        place = self._section.get(interface)
        if place is None:
            self._write_block(blocks.description(interface))
            place = self._section[interface]
        return place

    def _put(self, kind: int, body: bytes) -> None:
        total = len(body) + 12
        if total & 3 or total > blocks.LONGEST_BLOCK:
            raise ValueError(f"a block of {total} bytes is too long or not a multiple of 4")
        length = struct.pack(self._order + "I", total)
        packets = 1 if kind in _PACKETS else 0
        self._sink.write(b"".join((struct.pack(self._order + "I", kind), length, body, length)), packets)

    def _whole(self, reached: memoryview, place: int) -> tuple[int, int]:
        start = packets = 0
        while start + 12 <= len(reached):
            kind, total = struct.unpack_from(self._order + "II", reached, start)
            if not 12 <= total <= len(reached) - start:
                break
            start += total
            packets += kind in _PACKETS
        return start, packets

    def _begin_empty(self) -> None:
        if not self._order:
            self._begin_section(blocks.section_header())
            for interface in self._known:
                self._in_order(interface.big_endian)
                self._place(interface)
