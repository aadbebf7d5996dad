"""The pcap format, in and out (draft-ietf-opsawg-pcap; pcap-savefile(5)).

A file header of 24 octets names the one link type, then each packet follows a record header of 16:

    file    magic 4   version 2+2   reserved 4+4   snapshot length 4   FCS length and link type 4
    record  seconds 4   fraction 4   captured length 4   original length 4

The magic number says the byte order and whether the fraction counts microseconds or nanoseconds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from dissectors.packet import Interface, Packet
from rawcap.files.blocks import IF_FCSLEN, LONGEST_PACKET, Block, Statistics, order
from rawcap.files.errors import CaptureError, CutCapture
from rawcap.files.source import Feed, Supply
from rawcap.files.writer import CaptureWriter, Sink

MICROSECONDS = 0xA1B2C3D4
NANOSECONDS = 0xA1B23C4D
KUZNETZOV = 0xA1B2CD34  # Linux kernels patched by A. Kuznetzov: eight more octets (interface, protocol) a record
MAGICS = (MICROSECONDS, NANOSECONDS, KUZNETZOV)

_FILE_HEADER = "IHHIIII"
FILE_HEADER_LENGTH = 24
_RECORD_HEADER = "IIII"
_RECORD_HEADER_LENGTH = 16

# libpcap's own largest snapshot length. Writers often put too small a snapshot length in the header, never one
# that is too large, so a packet may always be as long as this, and longer only when the header announces it.
DEFAULT_SNAPLEN = 262144

_FCS_PRESENT = 0x0400_0000
_RESERVED = 0x03FF_0000

RecordHeader = Callable[[bytes, int], tuple[Any, ...]]


def is_pcap(start: bytes) -> bool:
    """Whether a file with these first octets is a pcap file."""
    return int.from_bytes(start[:4], "little") in MAGICS or int.from_bytes(start[:4], "big") in MAGICS


def longest_packet(snaplen: int) -> int:
    """The captured length, in octets, above which a record of a file with this snapshot length is nonsense."""
    return max(DEFAULT_SNAPLEN, min(snaplen, LONGEST_PACKET))


class PcapReader:
    """Reads the packets of a pcap file from a feed that stands at its start.

    Raises CaptureError when the file header is not one that libpcap would accept.
    """

    format = "pcap"

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        buffer = feed.extend(feed.start, FILE_HEADER_LENGTH)
        if len(buffer) < FILE_HEADER_LENGTH:
            raise CutCapture(
                f"{feed.label}: the file ends at {feed.place(len(buffer))}, inside the pcap file header, "
                f"which is {FILE_HEADER_LENGTH} bytes long"
            )
        big_endian = int.from_bytes(buffer[:4], "big") in MAGICS
        magic, major, minor, _, _, snaplen, link = struct.unpack_from(order(big_endian) + _FILE_HEADER, buffer)
        if not ((major == 2 and minor <= 4) or (major, minor) == (543, 0)):
            raise CaptureError(f"{feed.label}: pcap version {major}.{minor} is not one that can be read (2.0 to 2.4)")
        if link & _RESERVED:
            raise CaptureError(f"{feed.label}: the link type 0x{link:08x} of the pcap file has reserved bits set")
        fcs = ((IF_FCSLEN, bytes([(link >> 28) * 16])),) if link & _FCS_PRESENT else ()
        self.interfaces = [
            Interface(
                linktype=link & 0xFFFF,
                snaplen=snaplen,
                resolution=1_000_000_000 if magic == NANOSECONDS else 1_000_000,
                options=fcs,
                big_endian=big_endian,
            )
        ]
        self.names: dict[str, str] = {}
        self.secrets: list[tuple[int, bytes]] = []
        self.statistics: list[Statistics] = []
        self.begun = buffer
        """What was taken from the feed: the file header, and what came with it."""
        self.big_endian = big_endian
        self.in_order = (major, minor) == (2, 4)
        """Whether the lengths in a record stand in today's order."""
        record = struct.Struct(order(big_endian) + _RECORD_HEADER + ("8x" if magic == KUZNETZOV else ""))
        self.record_length = record.size
        """Octets of a record's header."""
        self._unpack = _lengths_swapped(record.unpack_from, major, minor)

    def records(self, everything: bool) -> Iterator[Packet]:
        """The packets, in file order; they are `everything` that a pcap file has.

        Raises CutCapture after the last whole packet when the file ends inside one, CaptureError when a record
        says a length that no packet has.
        """
        return self._packets(self._feed, self.begun, FILE_HEADER_LENGTH, 0)

    def step(self, feed: Supply, number: int) -> Packet | None:
        """The packet in the one record that `feed` has, after `number` others; None where it has nothing.

        Raises what `records` does.
        """
        return next(self._packets(feed, b"", 0, number), None)

    def _packets(self, feed: Supply, buffer: bytes, offset: int, number: int) -> Iterator[Packet]:
        interface = self.interfaces[0]
        scale = 1_000_000_000 // interface.resolution
        longest = longest_packet(interface.snaplen)
        header = self.record_length
        unpack = self._unpack
        packet = Packet
        passed = 0
        while True:
            end = len(buffer)
            needed = header
            while (start := offset + header) <= end:
                seconds, fraction, captured, length = unpack(buffer, offset)
                stop = start + captured
                if captured > longest:
                    raise CaptureError(
                        f"{feed.label}: packet {number + 1} at {feed.place(passed + offset)} is said to be {captured} "
                        f"bytes long; no packet here is longer than {longest}, so the file is damaged"
                    )
                if stop > end:
                    needed = header + captured
                    break
                number += 1
                yield packet(buffer[start:stop], interface, seconds * 1_000_000_000 + fraction * scale, length, number)
                offset = stop
            passed += offset
            buffer = feed.extend(buffer[offset:], needed)
            offset = 0
            if len(buffer) < needed:
                break
        if buffer:
            raise CutCapture(
                f"{feed.label}: the file is cut short in packet {number + 1}, which begins at {feed.place(passed)}: "
                f"{len(buffer)} bytes are there of {needed}"
            )


def _lengths_swapped(unpack: RecordHeader, major: int, minor: int) -> RecordHeader:
    """The record header's fields in today's order, for the versions that had the two lengths the other way round.

    Before 2.3 and in version 543.0 (an old DEC OSF/1) the original length came first. Files that say 2.3 exist with
    both orders; there the smaller one is the captured length, as in libpcap.
    """
    if (major, minor) == (2, 4):
        return unpack

    if (major, minor) == (2, 3):

        def either(buffer: bytes, offset: int) -> tuple[Any, ...]:
            seconds, fraction, one, other = unpack(buffer, offset)
            return seconds, fraction, min(one, other), max(one, other)

        return either

    def swapped(buffer: bytes, offset: int) -> tuple[Any, ...]:
        seconds, fraction, length, captured = unpack(buffer, offset)
        return seconds, fraction, captured, length

    return swapped


class PcapWriter(CaptureWriter):
    """Writes a pcap file: one link type, no comments, no names.

    The file header is written with the first packet. Its byte order, link type and FCS length are those of that
    packet's interface; its fraction counts nanoseconds when this or any of the `known` interfaces is finer than a
    microsecond. Blocks of pcapng have no place in a pcap file and are passed over.
    """

    format = "pcap"

    def __init__(self, sink: Sink, known: list[Interface]) -> None:
        super().__init__(sink)
        self._known = known
        self._interface: Interface | None = None

    def write(self, item: Packet | Block) -> None:
        if isinstance(item, Block):
            return
        interface = item.interface
        if interface is not self._interface:
            self._admit(interface)
        data = item.data
        if len(data) > self._longest:
            raise CaptureError(
                f"{self.label}: packet {self.count + 1} is {len(data)} bytes long, and readers of this pcap file would "
                f"take no more than {self._longest}; write pcapng instead"
            )
        time_ns = item.time_ns or 0  # a pcap record always has a time
        if time_ns % self._scale and interface.resolution > self._resolution:
            raise CaptureError(
                f"{self.label}: packet {self.count + 1} has a time finer than the microseconds that this pcap file "
                "was begun with; write pcapng instead"
            )
        seconds, fraction = divmod(time_ns // self._scale, self._resolution)
        try:
            header = self._pack(seconds, fraction, len(data), item.length)
        except struct.error:
            raise CaptureError(
                f"{self.label}: packet {self.count + 1} does not fit a pcap file: its time, {seconds} seconds, or its "
                f"length, {item.length}, needs more than 32 bits"
            ) from None
        self._sink.write(header + data, 1)

    def begin(self, interface: Interface) -> int:
        self._admit(interface, interface.name or "an interface")
        return 0

    def resolution(self, interface: Interface) -> int:
        return self._resolution

    def statistics(self, statistics: Statistics) -> None:
        pass

    def _admit(self, interface: Interface, what: str = "") -> None:
        """Take packets of this interface from here on, if their link type is that of the file."""
        if self._interface is None:
            self._begin(interface)
        if interface.linktype != self._linktype:
            raise CaptureError(
                f"{self.label}: a pcap file has one link type; {what or f'packet {self.count + 1}'} has "
                f"{interface.linktype}, those before it {self._linktype}; write pcapng instead"
            )
        self._interface = interface

    def _begin(self, interface: Interface) -> None:
        known = [interface, *self._known]
        nanoseconds = any(each.resolution > 1_000_000 for each in known)
        snaplen = max(each.snaplen or DEFAULT_SNAPLEN for each in known)
        self._linktype = interface.linktype
        self._longest = longest_packet(snaplen)
        self._resolution = 1_000_000_000 if nanoseconds else 1_000_000
        self._scale = 1_000_000_000 // self._resolution
        record = struct.Struct(order(interface.big_endian) + _RECORD_HEADER)
        self._pack, self._unpack = record.pack, record.unpack_from
        magic = NANOSECONDS if nanoseconds else MICROSECONDS
        fields = (magic, 2, 4, 0, 0, snaplen, _link_field(interface))
        self._sink.write(struct.pack(order(interface.big_endian) + _FILE_HEADER, *fields))
        self._interface = interface

    def _whole(self, reached: memoryview, place: int) -> tuple[int, int]:
        start = 0 if place else FILE_HEADER_LENGTH
        if start > len(reached):
            return 0, 0
        packets = 0
        while start + _RECORD_HEADER_LENGTH <= len(reached):
            stop = start + _RECORD_HEADER_LENGTH + self._unpack(reached, start)[2]
            if stop > len(reached):
                break
            start = stop
            packets += 1
        return start, packets

    def _begin_empty(self) -> None:
        if self._interface is None:
            self._begin(self._known[0] if self._known else Interface())


def _link_field(interface: Interface) -> int:
    """The last word of the file header: link type, and the length of the frame check sequence if it is known."""
    for code, value in interface.options:
        if code == IF_FCSLEN and len(value) == 1 and value[0] % 16 == 0:
            return interface.linktype | _FCS_PRESENT | (value[0] // 16) << 28
    return interface.linktype
