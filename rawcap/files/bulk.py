"""A capture in bulk: chunks of octets, with flat arrays of where the packets stand in them, and no object a packet.

Ordinary records are found by compiled code (records.py). Any other is given to the reader of its format, one at a time:
whatever it makes of it, another interface, a packet or an error, is what reading packet by packet makes of it, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from dissectors.packet import Interface, Packet
from rawcap.files import blocks
from rawcap.files.blocks import Block, Options
from rawcap.files.errors import CaptureError
from rawcap.files.pcap import FILE_HEADER_LENGTH, PcapReader, is_pcap, longest_packet
from rawcap.files.pcapng import PcapngReader, is_pcapng
from rawcap.files.records import find_blocks, find_records
from rawcap.files.source import Feed, Source

NO_TIME = -(1 << 63)
"""In place of a time, where the file has none, or one beyond what 64 bits of nanoseconds hold."""

_CHUNK = 1 << 20
_LEAST_RECORD = 16
_FARTHEST = 1 << 61


class Chunk:
    """Some packets of a capture, one after the other.

    Packet `i` is the `captured[i]` octets of `data` from `starts[i]` on; it had `lengths[i]` on the wire. `times` are
    nanoseconds since the epoch, `interface` places in `Bulk.interfaces`. `number` is that of the first, from 1.
    """

    __slots__ = (
        "_odd",
        "_options",
        "big_endian",
        "captured",
        "data",
        "interface",
        "lengths",
        "number",
        "starts",
        "times",
    )

    def __init__(
        self,
        data: npt.NDArray[np.uint8],
        starts: npt.NDArray[np.int64],
        captured: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        times: npt.NDArray[np.int64],
        interface: npt.NDArray[np.int32],
        number: int,
        *,
        options: npt.NDArray[np.int32] | None = None,
        odd: dict[int, Options] | None = None,
        big_endian: bool = False,
    ) -> None:
        self.data = data
        self.starts = starts
        self.captured = captured
        self.lengths = lengths
        self.times = times
        self.interface = interface
        self.number = number
        self.big_endian = big_endian
        self._options = options
        self._odd = odd or {}

    def __len__(self) -> int:
        return len(self.starts)

    def options(self, place: int) -> Options:
        """The raw pcapng options of a packet."""
        if place in self._odd:
            return self._odd[place]
        if self._options is None or not (octets := int(self._options[place])):
            return ()
        start = int(self.starts[place] + self.captured[place])
        start += -int(self.captured[place]) & 3
        return blocks.unpack_options(self.data[start : start + octets].tobytes(), 0, self.big_endian)


class Bulk:
    """Reads a capture in chunks of about `chunk` octets.

    `source` is a path, "-" for standard input, or a binary stream at the capture's start. Iteration raises CutCapture,
    after the last whole packet, when the file ends in the middle of one, and CaptureError when it is damaged; opening
    raises CaptureError when it cannot be read or is no capture.
    """

    def __init__(self, source: str | os.PathLike[str] | BinaryIO, *, chunk: int = _CHUNK) -> None:
        self._source = Source(source)
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
        records = self._records
        rest: npt.NDArray[np.uint8] = np.frombuffer(records.reader.begun, np.uint8)
        start = records.begin
        number, passed, needed = 1, 0, 0
        while True:
            buffer = np.empty(max(self._size, needed) + len(rest), np.uint8)
            buffer[: len(rest)] = rest
            stop = len(rest) + self._feed.fill(buffer.data[len(rest) :])
            at_end = stop < len(buffer)
            rows = _Rows(buffer, (stop - start) // _LEAST_RECORD + 1, records)
            problem: CaptureError | None = None
            item: Packet | Block | None = None
            needed = 0
            while not needed and problem is None:
                start = records.find(buffer, start, stop, rows)
                one = _OneRecord(self._feed, buffer, start, stop, passed, at_end)
                if records.changes_order(buffer, start, stop) and rows.count:
                    yield rows.chunk(number)
                    number += rows.count
                    rows = _Rows(buffer, (stop - start) // _LEAST_RECORD + 1, records)
                try:
                    item = records.reader.step(one, number + rows.count - 1)
                except _NeedsMore as more:
                    needed = more.octets
                    continue
                except CaptureError as error:
                    problem = error
                    continue
                if item is None:
                    break
                if isinstance(item, Packet):
                    rows.add(item, start + records.lead(buffer, start), self.interfaces)
                start += one.taken
            if rows.count:
                yield rows.chunk(number)
                number += rows.count
            if problem is not None:
                raise problem
            if not needed:
                return
            passed += start
            rest = buffer[start:stop]
            start = 0


class _NeedsMore(Exception):
    """The record that is looked at goes on behind the buffer; it has at least so many octets."""

    def __init__(self, octets: int) -> None:
        self.octets = octets


class _OneRecord:
    """A feed that gives a reader one record from a buffer, and nothing behind it."""

    def __init__(
        self, feed: Feed, buffer: npt.NDArray[np.uint8], start: int, stop: int, passed: int, at_end: bool
    ) -> None:
        self.label = feed.label
        self.start = b""
        self._feed = feed
        self._buffer = buffer
        self._begin = start
        self._stop = stop
        self._passed = passed
        self._at_end = at_end
        self.taken = 0

    def extend(self, rest: bytes, needed: int) -> bytes:
        """The first `needed` octets of the record, or all that there are."""
        if self._begin + needed > self._stop and not self._at_end:
            raise _NeedsMore(needed)
        more = self._buffer[self._begin + self.taken : min(self._begin + needed, self._stop)].tobytes()
        self.taken += len(more)
        return rest + more

    def place(self, offset: int) -> str:
        """An offset in the record as a message names it."""
        return self._feed.place(self._passed + self._begin + offset)


class _Rows:
    """The arrays of a chunk, being filled."""

    def __init__(self, buffer: npt.NDArray[np.uint8], most: int, records: _PcapRecords | _PcapngRecords) -> None:
        self._buffer = buffer
        self._big_endian = records.reader.big_endian
        self.starts = np.empty(most, np.int64)
        self.captured = np.empty(most, np.int64)
        self.lengths = np.empty(most, np.int64)
        self.times = np.empty(most, np.int64)
        self.interface = np.zeros(most, np.int32)
        self.options = np.zeros(most, np.int32)
        self._odd: dict[int, Options] = {}
        self.count = 0

    def add(self, packet: Packet, start: int, interfaces: Sequence[Interface]) -> None:
        """A packet that a reader made of the record at `start`."""
        row = self.count
        time = packet.time_ns
        self.starts[row] = start
        self.captured[row] = len(packet.data)
        self.lengths[row] = packet.length
        self.times[row] = time if time is not None and NO_TIME < time <= -NO_TIME - 1 else NO_TIME
        self.interface[row] = interfaces.index(packet.interface)
        if packet.options:
            self._odd[row] = packet.options
        self.count += 1

    def chunk(self, number: int) -> Chunk:
        kept = slice(self.count)
        return Chunk(
            self._buffer,
            self.starts[kept],
            self.captured[kept],
            self.lengths[kept],
            self.times[kept],
            self.interface[kept],
            number,
            options=self.options[kept],
            odd=self._odd,
            big_endian=self._big_endian,
        )


class _PcapRecords:
    """Finds the records of a pcap file."""

    begin = FILE_HEADER_LENGTH

    def __init__(self, reader: PcapReader) -> None:
        self.reader = reader
        self._longest = longest_packet(reader.interfaces[0].snaplen)
        self._scale = 1_000_000_000 // reader.interfaces[0].resolution

    def find(self, buffer: npt.NDArray[np.uint8], start: int, stop: int, rows: _Rows) -> int:
        """Put the ordinary records from `start` on into `rows`; gives where the next one begins."""
        if not self.reader.in_order:
            return start
        free = slice(rows.count, None)
        count, start = find_records(
            buffer,
            start,
            stop,
            self.reader.big_endian,
            self.reader.record_length,
            self._longest,
            self._scale,
            rows.starts[free],
            rows.captured[free],
            rows.lengths[free],
            rows.times[free],
        )
        rows.count += count
        return start

    def lead(self, buffer: npt.NDArray[np.uint8], start: int) -> int:
        """Octets of a record before the frame."""
        return self.reader.record_length

    def changes_order(self, buffer: npt.NDArray[np.uint8], start: int, stop: int) -> bool:
        """Whether what begins there may change the byte order."""
        return False


class _PcapngRecords:
    """Finds the enhanced packet blocks of a pcapng file."""

    begin = 0

    def __init__(self, reader: PcapngReader) -> None:
        self.reader = reader
        self._described: list[Any] = []
        self._multipliers = self._offsets = np.zeros(0, np.int64)

    def find(self, buffer: npt.NDArray[np.uint8], start: int, stop: int, rows: _Rows) -> int:
        """Put the ordinary records from `start` on into `rows`; gives where the next one begins."""
        section = self.reader.section
        if self._described != section:
            self._described = list(section)
            ordinary = [divisor == 1 and abs(offset) < _FARTHEST for _, _, divisor, offset in section]
            clocks = [(each[1], each[3]) if usual else (0, 0) for each, usual in zip(section, ordinary, strict=True)]
            self._multipliers = np.array([multiplier for multiplier, _ in clocks], np.int64)
            self._offsets = np.array([offset for _, offset in clocks], np.int64)
        free = slice(rows.count, None)
        interface = rows.interface[free]
        count, start = find_blocks(
            buffer,
            start,
            stop,
            self.reader.big_endian,
            blocks.LONGEST_BLOCK,
            self._multipliers,
            self._offsets,
            rows.starts[free],
            rows.captured[free],
            rows.lengths[free],
            rows.times[free],
            interface,
            rows.options[free],
        )
        interface[:count] += len(self.reader.interfaces) - len(section)
        rows.count += count
        return start

    def lead(self, buffer: npt.NDArray[np.uint8], start: int) -> int:
        """Octets of a packet block before the frame."""
        kind = int.from_bytes(buffer[start : start + 4].tobytes(), "big" if self.reader.big_endian else "little")
        return 12 if kind == blocks.SIMPLE_PACKET else 28

    def changes_order(self, buffer: npt.NDArray[np.uint8], start: int, stop: int) -> bool:
        """Whether what begins there may change the byte order: a section header does."""
        return is_pcapng(buffer[start : min(start + 4, stop)].tobytes())
