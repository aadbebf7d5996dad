"""A capture in bulk: chunks of octets, with flat arrays of where the packets stand in them, and no object a packet.

Ordinary records are found by compiled code (records.py). Any other is given to the reader of its format, one at a time:
whatever it makes of it, another interface, a packet or an error, is what reading packet by packet makes of it, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from dissectors.packet import Interface, Packet
from rawcap.files import blocks
from rawcap.files.blocks import Block, Clock, Options
from rawcap.files.errors import CaptureError
from rawcap.files.pcap import FILE_HEADER_LENGTH, PcapReader, is_pcap, longest_packet
from rawcap.files.pcapng import PcapngReader, is_pcapng
from rawcap.files.records import find_blocks, find_records
from rawcap.files.source import Feed, Source, Stop

NO_TIME = -(1 << 63)
"""In place of a time, where the file has none, or one beyond what 64 bits of nanoseconds hold."""

_CHUNK = 3 << 20
_LEAST_RECORD = 16  # octets: the header of a pcap file's record, a simple packet block of an empty packet
_LATEST = 1 << 62  # nanoseconds from an interface's offset, and
_FARTHEST = 1 << 61  # the offset itself: both together fit 64 bits

Octets = npt.NDArray[np.uint8]


class Chunk:
    """Some packets of a capture, one after the other.

    Packet `i` is the `captured[i]` octets of `data` from `starts[i]` on; it had `lengths[i]` on the wire. `times` are
    nanoseconds since the epoch, `far_times` those that 64 bits do not hold, by packet; `interface` are places in
    `Bulk.interfaces`. `number` is that of the first, from 1. A chunk shares its memory with no other.
    """

    __slots__ = (
        "_odd", "_options", "captured", "data", "far_times", "interface", "lengths", "number", "starts", "times"
    )  # fmt: skip

    def __init__(self, rows: _Rows, number: int) -> None:
        kept = slice(rows.count)
        self.data = rows.data
        self.starts = rows.starts[kept]
        self.captured = rows.captured[kept]
        self.lengths = rows.lengths[kept]
        self.times = rows.times[kept]
        self.far_times = rows.far_times
        self.interface = rows.interface[kept]
        self.number = number
        self._options = rows.options[kept]
        self._odd = rows.odd

    def __len__(self) -> int:
        return len(self.starts)

    def time(self, place: int) -> int | None:
        """The time of a packet, whatever its size; None where the file has none."""
        time = int(self.times[place])
        return time if time != NO_TIME else self.far_times.get(place)

    def first_and_last_time(self) -> tuple[int | None, int | None]:
        """The times of the first and of the last packet that have one."""
        known = np.flatnonzero(self.times != NO_TIME)
        places = sorted((*known[:1].tolist(), *known[-1:].tolist(), *self.far_times))
        return (self.time(places[0]), self.time(places[-1])) if places else (None, None)

    def options(self, place: int) -> Options:
        """The raw pcapng options of a packet, as `Packet.options` has them."""
        if place in self._odd:
            return self._odd[place]
        octets = int(self._options[place])  # less than 0: big-endian
        if not octets:
            return ()
        captured = int(self.captured[place])
        start = int(self.starts[place]) + captured + (-captured & 3)
        return blocks.unpack_options(self.data[start : start + abs(octets)].tobytes(), 0, octets < 0)


class Bulk:
    """Reads a capture in chunks of about `chunk` octets, once, from its start to its end; it closes itself there.

    `source` is a path, "-" for standard input, or a binary stream at the capture's start. Iteration raises CutCapture,
    after the last whole packet, when the file ends in the middle of one, and CaptureError when it is damaged; opening
    raises CaptureError when it cannot be read or is no capture. Packets, errors and their words are those of
    `open_capture`. With `stop`, another thread can have the source end where it would wait for more.
    """

    def __init__(
        self, source: str | os.PathLike[str] | BinaryIO, *, chunk: int = _CHUNK, stop: Stop | None = None
    ) -> None:
        self._source = Source(source, stop=stop)
        self._size = chunk
        try:
            self._feed = feed = Feed(self._source)
            self._records: _PcapRecords | _PcapngRecords
            if is_pcap(feed.start):
                self._records = _PcapRecords(PcapReader(feed))
            elif is_pcapng(feed.start):
                self._records = _PcapngRecords(PcapngReader(feed))
            else:
                raise feed.unrecognised()
        except BaseException:
            self._source.close()
            raise
        self._chunks = self._read()

    @property
    def interfaces(self) -> list[Interface]:
        """Every interface met so far, of all sections."""
        return self._records.reader.interfaces

    @property
    def label(self) -> str:
        """The file as messages name it."""
        return self._source.label

    @property
    def position(self) -> int:
        """Octets of the file, as stored, taken in so far."""
        return self._source.position

    @property
    def size(self) -> int | None:
        """Octets of the file as stored; None where that is not known."""
        return self._source.size

    def close(self) -> None:
        """Close the file if it was opened here."""
        self._source.close()

    def __iter__(self) -> Iterator[Chunk]:
        return self._chunks

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def _read(self) -> Iterator[Chunk]:
        start = self._records.begin
        begun = self._records.reader.begun
        rest: Octets = np.frombuffer(begun[:start], np.uint8)
        self._feed.give_back(begun[start:])
        number, passed, needed = 1, 0, 0
        try:
            while True:
                stretch = _Stretch(self._feed, rest, max(self._size, needed), passed)
                rows = _Rows(stretch.data, stretch.stop - start)
                start, needed, problem = self._find(stretch, start, rows, number)
                if rows.count:
                    yield Chunk(rows, number)
                    number += rows.count
                problem = problem or (stretch.problem if needed else None)
                if problem is not None:
                    raise problem
                if not needed:
                    return
                passed += start
                rest = stretch.data[start : stretch.stop]
                start = 0
        finally:
            self.close()

    def _find(self, stretch: _Stretch, start: int, rows: _Rows, number: int) -> tuple[int, int, CaptureError | None]:
        """Put the packets from `start` on into `rows`; `number` is that of the first.

        Gives where the first record begins that is not whole, how many octets it needs at least, 0 where there is
        none, and what is wrong with it.
        """
        records = self._records
        while True:
            start = records.find(stretch, start, rows)
            record = _Record(stretch, start)
            try:
                item = records.step(record, number + rows.count - 1)
            except _NeedsMore as more:
                return start, more.octets, None
            except CaptureError as error:
                return start, 0, error
            if item is None:
                return start, 0, None
            if isinstance(item, Packet):
                rows.add(item, start + records.lead, records.first + item.interface.id)
            start += record.taken


def chunk_of_blocks(
    buffer: bytes | bytearray | memoryview, size: int, interfaces: Sequence[Interface], number: int
) -> Chunk:
    """The packets in `size` octets of enhanced packet blocks in this machine's byte order, which are copied.

    `interfaces` are those of their section, `number` is that of the first packet. `FrameReader.records` of
    `rawcap.live` makes such blocks. Raises ValueError where anything else is among them.
    """
    section = _Section()
    for interface in interfaces:
        section.add(interface)
    data = np.frombuffer(buffer, np.uint8, size).copy()
    rows = _Rows(data, size)
    stop = section.find(data, 0, size, sys.byteorder == "big", 0, rows)
    if stop != size:
        raise ValueError(f"at octet {stop} of {size} there is no enhanced packet block of one of the interfaces")
    return Chunk(rows, number)


class _Stretch:
    """A piece of the capture: `rest`, which is left from the one before, and about `size` octets more.

    It ends at `stop` because it is full, because the capture is at its end, or because of a `problem` with reading on.
    """

    def __init__(self, feed: Feed, rest: Octets, size: int, passed: int) -> None:
        self.label = feed.label
        self.data: Octets = np.empty(len(rest) + size, np.uint8)
        self.data[: len(rest)] = rest
        self.stop = len(rest)
        self.at_end = False
        self.problem: CaptureError | None = None
        self._feed = feed
        self._passed = passed
        room = self.data.data
        try:
            while self.stop < len(self.data) and not self.at_end:
                octets = feed.fill(room[self.stop :])
                self.stop += octets
                self.at_end = not octets
        except CaptureError as error:
            self.problem = error

    def place(self, offset: int) -> str:
        """An offset as a message names it."""
        return self._feed.place(self._passed + offset)


class _NeedsMore(Exception):
    """The record that is looked at goes on behind the stretch; it has at least so many octets."""

    def __init__(self, octets: int) -> None:
        self.octets = octets


class _Record:
    """A supply that gives a reader one record of a stretch, and nothing behind it."""

    def __init__(self, stretch: _Stretch, start: int) -> None:
        self.label = stretch.label
        self.taken = 0
        """Octets of the record that the reader asked for."""
        self._stretch = stretch
        self._start = start

    def extend(self, rest: bytes, needed: int) -> bytes:
        """The first `needed` octets of the record, or all that there are."""
        stretch = self._stretch
        stop = self._start + needed
        if stop > stretch.stop:
            if not stretch.at_end:
                raise _NeedsMore(needed)
            stop = stretch.stop
        more = stretch.data[self._start + self.taken : stop].tobytes()
        self.taken += len(more)
        return rest + more

    def place(self, offset: int) -> str:
        """An offset in the record as a message names it."""
        return self._stretch.place(self._start + offset)


class _Rows:
    """The arrays of a chunk, being filled; with room for what can be in so many octets."""

    def __init__(self, data: Octets, octets: int) -> None:
        most = octets // _LEAST_RECORD + 1
        self.data = data
        self.starts = np.empty(most, np.int64)
        self.captured = np.empty(most, np.int64)
        self.lengths = np.empty(most, np.int64)
        self.times = np.empty(most, np.int64)
        self.interface = np.empty(most, np.int32)
        self.options = np.empty(most, np.int32)
        self.odd: dict[int, Options] = {}
        """The options of packets that a reader made, by row."""
        self.far_times: dict[int, int] = {}
        """The times that 64 bits do not hold, by row."""
        self.count = 0

    def add(self, packet: Packet, start: int, interface: int) -> None:
        """A packet that a reader made, whose frame is at `start`."""
        row = self.count
        time = packet.time_ns
        self.starts[row] = start
        self.captured[row] = len(packet.data)
        self.lengths[row] = packet.length
        if time is not None and not NO_TIME < time < -NO_TIME:
            self.far_times[row] = time
            time = None
        self.times[row] = NO_TIME if time is None else time
        self.interface[row] = interface
        self.options[row] = 0
        if packet.options:
            self.odd[row] = packet.options
        self.count += 1


class _PcapRecords:
    """Finds the records of a pcap file."""

    begin = FILE_HEADER_LENGTH
    """Where the first record is."""
    first = 0
    """The place of the section's first interface among all."""

    def __init__(self, reader: PcapReader) -> None:
        self.reader = reader
        self.lead = reader.record_length
        """Octets before the frame in a record that goes to the reader."""
        self._longest = longest_packet(reader.interfaces[0].snaplen)
        self._scale = 1_000_000_000 // reader.interfaces[0].resolution

    def find(self, stretch: _Stretch, start: int, rows: _Rows) -> int:
        """Put the ordinary records from `start` on into `rows`; gives where the next one begins."""
        if not self.reader.in_order:
            return start
        count = rows.count
        rows.count, start = find_records(
            stretch.data.data,
            start,
            stretch.stop,
            self.reader.big_endian,
            self.lead,
            self._longest,
            self._scale,
            count,
            rows.starts.data,
            rows.captured.data,
            rows.lengths.data,
            rows.times.data,
        )
        rows.interface[count : rows.count] = 0
        rows.options[count : rows.count] = 0
        return start

    def step(self, record: _Record, number: int) -> Packet | None:
        """What the reader makes of a record, after `number` packets; None where there is none."""
        return self.reader.step(record, number)


class _PcapngRecords:
    """Finds the packet blocks of a pcapng file."""

    begin = 0
    lead = 28  # of enhanced and obsolete packet blocks: every simple one that has a packet is ordinary

    def __init__(self, reader: PcapngReader) -> None:
        self.reader = reader
        self.first = 0
        self._section = _Section()

    def find(self, stretch: _Stretch, start: int, rows: _Rows) -> int:
        """Put the ordinary records from `start` on into `rows`; gives where the next one begins."""
        return self._section.find(stretch.data, start, stretch.stop, self.reader.big_endian, self.first, rows)

    def step(self, record: _Record, number: int) -> Packet | Block | None:
        """What the reader makes of a block, after `number` packets; None where there is none."""
        item = self.reader.step(record, number)
        if isinstance(item, Block):
            if item.type == blocks.SECTION_HEADER:
                self._section = _Section()
                self.first = len(self.reader.interfaces)
            elif item.type == blocks.INTERFACE_DESCRIPTION:
                self._section.add(self.reader.interfaces[-1])
        return item


class _Section:
    """What has to be known of a section's interfaces to find its packets, as compiled code takes it."""

    def __init__(self) -> None:
        self._described = 0
        self._snaplen = 0
        self._clocks = np.zeros((4, 8), np.int64)  # multipliers, divisors, offsets, limits; room doubles

    def add(self, interface: Interface) -> None:
        """The next interface."""
        place = self._described
        if place == self._clocks.shape[1]:
            self._clocks = np.concatenate((self._clocks, np.zeros_like(self._clocks)), axis=1)
        if not place:
            self._snaplen = interface.snaplen
        clock = Clock(interface)
        if clock.multiplier * clock.divisor < 1 << 63 and abs(clock.offset_ns) <= _FARTHEST:
            limit = min(_LATEST * clock.divisor // clock.multiplier, (1 << 63) - 1)
            self._clocks[:, place] = clock.multiplier, clock.divisor, clock.offset_ns, limit
        else:
            self._clocks[:, place] = 0, 1, 0, -1
        self._described += 1

    def find(self, data: Octets, start: int, stop: int, big_endian: bool, first: int, rows: _Rows) -> int:
        """Put the ordinary packet blocks from `start` on into `rows`; gives where the next block begins."""
        multipliers, divisors, offsets, limits = self._clocks
        rows.count, start = find_blocks(
            data.data,
            start,
            stop,
            big_endian,
            blocks.LONGEST_BLOCK,
            self._described,
            first,
            self._snaplen,
            multipliers.data,
            divisors.data,
            offsets.data,
            limits.data,
            NO_TIME,
            rows.count,
            rows.starts.data,
            rows.captured.data,
            rows.lengths.data,
            rows.times.data,
            rows.interface.data,
            rows.options.data,
        )
        return start
