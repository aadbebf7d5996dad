"""Captures in bulk: the packets, the errors and their words are those of reading packet by packet."""

from __future__ import annotations

import gzip
import importlib.util
import io
import lzma
import os
import random
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, BinaryIO

import lz4.frame
import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

import rawcap.files.bulk
import rawcap.files.records
from dissectors.packet import Interface
from rawcap.files import CaptureError, CutCapture, blocks, open_capture
from rawcap.files.bulk import NO_TIME, Bulk, chunk_of_blocks
from rawcap.live.frames import FrameReader

ROOT = Path(__file__).resolve().parents[3]
OURS = sorted((ROOT / "pcaps").rglob("*.pcap*"))
SHARED = sorted(path for path in (ROOT.parent / "shared" / "captures").rglob("*.pcap*") if path.is_file())
BLOCKS = Path(__file__).parents[1] / "live" / "blocks"
SIZES = (64, 1000, 1 << 20)

Source = str | os.PathLike[str] | BinaryIO
Seen = tuple[list[tuple[Any, ...]], tuple[type[CaptureError], str] | None]


def from_source() -> ModuleType:
    """The finding of records as Python reads it, whether or not there is a compiled one."""
    source = str(Path(rawcap.files.records.__file__).with_name("records.py"))
    loader = SourceFileLoader("records_from_source", source)
    spec = importlib.util.spec_from_file_location("records_from_source", source, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


FORMS = {"as installed": rawcap.files.records, "from source": from_source()}


@pytest.fixture(params=FORMS, autouse=True)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test runs with either form of the code that finds records."""
    module = FORMS[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rawcap.files.bulk, "find_records", module.find_records)
        patch.setattr(rawcap.files.bulk, "find_blocks", module.find_blocks)
        yield


def one_by_one(source: Source) -> Seen:
    """What reading packet by packet gives, and the error that ends it; no time where 64 bits do not hold it."""
    packets: list[tuple[Any, ...]] = []
    try:
        with open_capture(source) as capture:
            for packet in capture:
                time_ns = packet.time_ns
                if time_ns is not None and not NO_TIME < time_ns < 1 << 63:
                    time_ns = None
                places = {id(each): place for place, each in enumerate(capture.interfaces)}
                place = places[id(packet.interface)]
                packets.append((packet.number, packet.data, packet.length, time_ns, place, packet.options))
    except CaptureError as error:
        return packets, (type(error), str(error))
    return packets, None


def in_bulk(source: Source, size: int = 1 << 20) -> Seen:
    """The same in chunks."""
    packets: list[tuple[Any, ...]] = []
    try:
        for chunk in Bulk(source, chunk=size):
            packets += rows(chunk)
    except CaptureError as error:
        return packets, (type(error), str(error))
    return packets, None


def rows(chunk: rawcap.files.bulk.Chunk) -> Iterator[tuple[Any, ...]]:
    for place in range(len(chunk)):
        start, captured = int(chunk.starts[place]), int(chunk.captured[place])
        data = bytes(chunk.data[start : start + captured])
        assert len(data) == captured
        time = int(chunk.times[place])
        yield (
            chunk.number + place,
            data,
            int(chunk.lengths[place]),
            None if time == NO_TIME else time,
            int(chunk.interface[place]),
            chunk.options(place),
        )


def described(interface: Interface) -> tuple[Any, ...]:
    kept = (interface.linktype, interface.snaplen, interface.name, interface.description, interface.id)
    return (*kept, interface.resolution, interface.offset, interface.options, interface.big_endian)


# -- files made here --------------------------------------------------------------------------------------------------


def pcap(*records: bytes, magic: int = 0xA1B2C3D4, order: str = "<", version: tuple[int, int] = (2, 4)) -> bytes:
    return struct.pack(order + "IHHIIII", magic, *version, 0, 0, 65535, 1) + b"".join(records)


def record(data: bytes, seconds: int = 1, fraction: int = 2, length: int = 60, order: str = "<") -> bytes:
    return struct.pack(order + "IIII", seconds, fraction, len(data), length) + data


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    total = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + total + body + total


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(options: bytes = b"", *, snaplen: int = 0, order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", 1, 0, snaplen) + options, order)


def enhanced(data: bytes, units: int = 0, options: bytes = b"", *, number: int = 0, order: str = "<") -> bytes:
    fixed = struct.pack(order + "IIIII", number, units >> 32, units & 0xFFFFFFFF, len(data), 60)
    return block(6, fixed + data + bytes(-len(data) % 4) + options, order)


def obsolete(data: bytes, drops: int, options: bytes = b"", *, order: str = "<") -> bytes:
    fixed = struct.pack(order + "HHIIII", 0, drops, 0, 7, len(data), 60)
    return block(2, fixed + data + bytes(-len(data) % 4) + options, order)


def simple(data: bytes, length: int, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "I", length) + data, order)


NANOSECONDS = option(9, b"\x09")
START = section() + interface(NANOSECONDS)

# All kinds of blocks, in sections of either byte order; the interfaces of both look alike.
MIXED = b"".join(
    section(order)
    + interface(option(9, b"\x09", order), order=order)
    + interface(option(9, b"\xa2", order), order=order)
    + enhanced(b"first", 5, option(1, b"why", order), order=order)
    + simple(b"second", 6, order)
    + block(0xBAD, b"abcd", order)
    + enhanced(b"third", 1 << 40, number=1, order=order)
    + obsolete(b"fourth", 0xFFFF, option(2, bytes(4), order), order=order)
    + obsolete(b"fifth", 3, order=order)
    + enhanced(b"", 6, order=order)
    for order in "<>"
)
MADE = {
    "pcap": pcap(*(record(bytes([size]) * size) for size in range(50))),
    "pcapng": MIXED,
    "swapped": pcap(*(record(bytes(size), order=">") for size in range(9)), order=">"),
    "modified": pcap(*(record(b"")[:16] + bytes(8) for size in range(9)), magic=0xA1B2CD34),
    "2.3": pcap(*(record(b"abc"), struct.pack("<IIII", 1, 2, 60, 3) + b"abc") * 9, version=(2, 3)),
    "2.2": pcap(*(struct.pack("<IIII", 1, 2, 60, 3) + b"abc" for _ in range(9)), version=(2, 2)),
}

# Files that are wrong in one way.
LIES = {
    "a packet longer than any": pcap(record(b"ab"), record(bytes(300_000)), record(b"cd")),
    "a length that is no multiple of 4": START + struct.pack("<II", 6, 37) + bytes(25) + struct.pack("<I", 37),
    "a length of nothing": START + enhanced(b"ab") + struct.pack("<II", 6, 0) + bytes(60),
    "a length of less than a block": START + enhanced(b"ab") + struct.pack("<III", 6, 8, 8) + bytes(60),
    "two lengths": START + enhanced(b"ab")[:-4] + struct.pack("<I", 40) + bytes(60),
    "an enhanced packet block that is too short": START + block(6, bytes(16)),
    "an enhanced packet block of hardly anything": START + block(6, bytes(4)),
    "an obsolete packet block that is too short": START + block(2, bytes(16)),
    "a simple packet block that is too short": START + block(3, b""),
    "more octets than an enhanced packet block has": START + block(6, struct.pack("<IIIII", 0, 0, 0, 5, 5) + bytes(4)),
    "more octets than an obsolete packet block has": START
    + block(2, struct.pack("<HHIIII", 0, 0xFFFF, 0, 0, 5, 5) + bytes(4)),
    "more octets than a simple packet block has": START + simple(b"abcd", 5),
    "an interface that is not described": START + enhanced(b"ab", number=1),
    "an interface of the section before": START + section() + enhanced(b"ab"),
    "no interface at all": section() + simple(b"abcd", 4),
    "an option that does not fit": START + enhanced(b"ab", options=option(1, b"why") + struct.pack("<HH", 256, 200)),
}


# -- the same as packet by packet -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*OURS, *SHARED], ids=lambda path: path.name)
def test_every_capture_reads_as_it_does_packet_by_packet(path: Path) -> None:
    expected = one_by_one(path)
    for size in SIZES:
        assert in_bulk(path, size) == expected


@pytest.mark.parametrize("name", MADE)
def test_every_format_reads_as_it_does_packet_by_packet(name: str) -> None:
    expected = one_by_one(io.BytesIO(MADE[name]))
    assert expected[0]
    for size in range(1, 100):
        assert in_bulk(io.BytesIO(MADE[name]), size) == expected


@pytest.mark.parametrize("name", MADE)
def test_a_file_cut_anywhere_ends_alike(name: str) -> None:
    for end in range(4, len(MADE[name])):
        cut = MADE[name][:end]
        expected = one_by_one(io.BytesIO(cut))
        assert in_bulk(io.BytesIO(cut), 64) == expected
        assert in_bulk(io.BytesIO(cut)) == expected


@pytest.mark.parametrize("name", LIES)
def test_what_is_wrong_is_said_in_the_same_words(name: str) -> None:
    expected = one_by_one(io.BytesIO(LIES[name]))
    assert expected[1] is not None
    for size in (1, 16, 64, 100, 1000, 1 << 20):
        assert in_bulk(io.BytesIO(LIES[name]), size) == expected


def test_a_block_longer_than_any_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LONGEST_BLOCK", 48)
    packets, error = in_bulk(io.BytesIO(START + enhanced(bytes(16)) + enhanced(bytes(20))))
    assert len(packets) == 1
    assert error is not None
    assert (packets, error) == one_by_one(io.BytesIO(START + enhanced(bytes(16)) + enhanced(bytes(20))))


SEEDS = [data for data in (*MADE.values(), *(path.read_bytes() for path in OURS)) if len(data) < 20_000]


@given(seed=st.integers(0, 2**32))
def test_damaged_files_end_alike(seed: int) -> None:
    rng = random.Random(seed)
    octets = bytearray(rng.choice(SEEDS))
    for _ in range(rng.choice((1, 1, 2, 5))):
        value = rng.choice((0, 1, 2, 3, 6, 0x0A, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        octets[rng.randrange(4, len(octets))] = value
    if rng.random() < 0.3:
        del octets[rng.randrange(4, len(octets)) :]
    expected = one_by_one(io.BytesIO(octets))
    for size in (64, rng.randrange(1, 5000), 1 << 20):
        assert in_bulk(io.BytesIO(octets), size) == expected


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_interfaces_are_those_of_packet_by_packet(path: Path) -> None:
    bulk = Bulk(path)
    list(bulk)
    with open_capture(path) as capture:
        list(capture)
    assert [described(each) for each in bulk.interfaces] == [described(each) for each in capture.interfaces]


# -- where the octets come from ---------------------------------------------------------------------------------------

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "lz4": lz4.frame.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compressed_captures_are_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(COMPRESSIONS[name](MIXED))
    expected = one_by_one(io.BytesIO(MIXED))
    for size in SIZES:
        assert in_bulk(path, size) == expected


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_packets_before_the_end_of_cut_compressed_data_are_given(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    octets = random.Random(1).randbytes(30_000)
    packed = COMPRESSIONS[name](pcap(*(record(octets[at : at + 100]) for at in range(0, len(octets), 100))))
    path.write_bytes(packed[: len(packed) * 3 // 4])
    expected = one_by_one(path)
    assert expected[1] is not None
    for size in SIZES:
        assert in_bulk(path, size) == expected


def test_packets_before_damage_in_compressed_data_are_given(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(pcap(record(b"abcd"), record(b"efgh"))) + b"this is no gzip")
    packets, error = in_bulk(path)
    assert [packet[1] for packet in packets] == [b"abcd", b"efgh"]
    assert error is not None
    assert "the gzip data are damaged" in error[1]
    assert (packets, error) == one_by_one(path)


def test_packets_before_a_read_that_fails_are_given() -> None:
    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 100:
                raise OSError(5, "Input/output error")
            return super().read1(100 - self.tell())

    packets, error = in_bulk(Broken(pcap(record(b"abcd"), record(b"efgh"), record(bytes(100)))))
    assert [packet[1] for packet in packets] == [b"abcd", b"efgh"]
    assert error == (CaptureError, "the stream: reading failed at byte 100: input/output error")


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(MIXED)))
    packets, error = in_bulk("-", 64)
    assert ([packet[1] for packet in packets[:3]], len(packets), error) == ([b"first", b"second", b"third"], 12, None)


def test_a_pipe_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    data = pcap(*(record(bytes([place % 256]) * 1000) for place in range(500)))

    def write() -> None:
        with os.fdopen(writing, "wb") as stream:
            stream.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as stream:
        packets, error = in_bulk(stream, 1 << 16)
    writer.join()
    assert (packets, error) == one_by_one(io.BytesIO(data))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"none\.pcap: there is no such file$"):
        Bulk(tmp_path / "none.pcap")


def test_what_is_no_capture_is_said_to_be_none() -> None:
    expected = one_by_one(io.BytesIO(b"<html>"))
    assert expected[1] is not None
    assert in_bulk(io.BytesIO(b"<html>")) == expected


def test_it_closes_itself_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(MIXED)
    bulk = Bulk(path)
    assert (bulk.label, bulk.size) == (str(path), len(MIXED))
    list(bulk)
    assert (bulk.position, bulk.size) == (len(MIXED), None)


def test_a_capture_is_read_once() -> None:
    bulk = Bulk(io.BytesIO(MIXED))
    assert len(list(bulk)) == 1
    assert list(bulk) == []


# -- chunks -----------------------------------------------------------------------------------------------------------


def test_the_arrays_say_where_the_packets_stand() -> None:
    (chunk,) = Bulk(io.BytesIO(pcap(record(b"abcd", 1, 2, 60), record(b"", 3, 4, 0))))
    assert chunk.starts.tolist() == [40, 60]
    assert chunk.captured.tolist() == [4, 0]
    assert chunk.lengths.tolist() == [60, 0]
    assert chunk.times.tolist() == [1_000_002_000, 3_000_004_000]
    assert chunk.interface.tolist() == [0, 0]
    assert chunk.number == 1
    columns = (chunk.starts, chunk.captured, chunk.lengths, chunk.times, chunk.interface)
    assert [column.dtype for column in columns] == [np.int64, np.int64, np.int64, np.int64, np.int32]


def test_chunks_are_about_as_large_as_asked_for() -> None:
    chunks = list(Bulk(io.BytesIO(pcap(*(record(bytes(984)) for _ in range(1000)))), chunk=100_000))
    assert sum(len(chunk) for chunk in chunks) == 1000
    assert max(len(chunk) for chunk in chunks) <= 200
    assert len(chunks) <= 12


def test_a_packet_longer_than_a_chunk_makes_a_larger_chunk() -> None:
    long = random.Random(1).randbytes(50_000)
    packets, error = in_bulk(io.BytesIO(pcap(record(b"ab"), record(long), record(b"cd"))), 64)
    assert ([packet[1] for packet in packets], error) == ([b"ab", long, b"cd"], None)


def test_chunks_share_no_memory() -> None:
    chunks = list(Bulk(io.BytesIO(pcap(*(record(bytes([place]) * 40) for place in range(200)))), chunk=500))
    assert len(chunks) > 5
    assert not any(np.shares_memory(one.data, other.data) for one in chunks for other in chunks if one is not other)
    assert [bytes(chunk.data[chunk.starts[0] :][:40]) for chunk in chunks] == [
        bytes([chunk.number - 1]) * 40 for chunk in chunks
    ]


def test_a_file_without_packets_has_no_chunks() -> None:
    assert list(Bulk(io.BytesIO(pcap()))) == []
    assert list(Bulk(io.BytesIO(START))) == []


def test_packets_before_damage_are_given_first() -> None:
    bulk = Bulk(io.BytesIO(pcap(record(b"abcd"), struct.pack("<IIII", 0, 0, 300_000, 0))))
    assert len(next(bulk)) == 1
    with pytest.raises(CaptureError, match=r"packet 2 at byte 44 is said to be 300000 bytes long"):
        next(bulk)


def test_packets_before_the_cut_are_given_first() -> None:
    bulk = Bulk(io.BytesIO(START + enhanced(b"abcd") + enhanced(b"efgh")[:20]))
    assert len(next(bulk)) == 1
    with pytest.raises(CutCapture, match=r"20 bytes are there of 36$"):
        next(bulk)


# -- what pcapng says of a packet -------------------------------------------------------------------------------------


def one(data: bytes) -> tuple[Any, ...]:
    """The only packet of a file, which is read as it is packet by packet."""
    packets, error = in_bulk(io.BytesIO(data))
    assert (packets, error) == one_by_one(io.BytesIO(data))
    (packet,) = packets
    return packet


TIMES = {
    "microseconds": (b"", 1_700_000_000_123_456, 1_700_000_000_123_456_000),
    "seconds": (option(9, b"\x00"), 1_700_000_000, 1_700_000_000_000_000_000),
    "nanoseconds": (option(9, b"\x09"), 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
    "picoseconds": (option(9, b"\x0c"), 1_700_000_123_456_999, 1_700_000_123_456),
    "a half": (option(9, b"\x81"), 3, 1_500_000_000),
    "2^-30": (option(9, b"\x9e"), (1_700_000_000 << 30) + 1, 1_700_000_000_000_000_000),
    "2^-52": (option(9, b"\xb4"), (1700 << 52) + (1 << 51) + 1, 1_700_500_000_000),
    "2^-64": (option(9, b"\xc0"), 1 << 63, 500_000_000),
    "10^-30": (option(9, b"\x1e"), 1 << 63, 0),
    "with an offset": (option(14, struct.pack("<q", 3600)), 1, 3_600_000_001_000),
    "before the epoch": (option(14, struct.pack("<q", -3600)), 1, -3_599_999_999_000),
    "with an offset that is too large": (option(14, struct.pack("<q", 1 << 40)), 1, None),
    "brought back by an offset": (
        option(9, b"\x09") + option(14, struct.pack("<q", -9 * 10**9)),
        1 << 63,
        223_372_036_854_775_808,
    ),
    "taken too far by an offset": (option(9, b"\x09") + option(14, struct.pack("<q", 9 * 10**9)), 1 << 61, None),
    "the last that fits": (option(9, b"\x09"), (1 << 63) - 1, (1 << 63) - 1),
    "the first that does not fit": (option(9, b"\x09"), 1 << 63, None),
    "microseconds that do not fit": (b"", 1 << 54, None),
    "the most units that there can be": (b"", (1 << 64) - 1, None),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_are_in_nanoseconds_since_the_epoch(name: str) -> None:
    options, units, expected = TIMES[name]
    assert one(section() + interface(options) + enhanced(b"ab", units))[3] == expected


@given(
    exponent=st.integers(0, 255),
    offset=st.integers(-(1 << 63), (1 << 63) - 1) | st.sampled_from((0, 3600, -2_305_843_009, 2_305_843_010)),
    bits=st.integers(0, 64),
    units=st.integers(0, (1 << 64) - 1),
)
def test_every_clock_tells_the_same_time(exponent: int, offset: int, bits: int, units: int) -> None:
    clock = option(9, bytes([exponent])) + option(14, struct.pack("<q", offset))
    one(section() + interface(clock) + enhanced(b"ab", units >> bits))


def test_a_simple_packet_has_no_time() -> None:
    assert one(START + simple(b"abcde", 5)) == (1, b"abcde", 5, None, 0, ())


def test_a_simple_packet_is_cut_at_the_snapshot_length() -> None:
    assert one(section() + interface(snaplen=3) + interface() + simple(b"abcd", 60))[:3] == (1, b"abc", 60)


@pytest.mark.parametrize("drops", [0, 9, 0xFFFE])
def test_drops_that_an_obsolete_packet_counts_are_an_option(drops: int) -> None:
    assert one(START + obsolete(b"abcd", drops))[5] == ((4, struct.pack("<Q", drops)),)


def test_an_obsolete_packet_may_count_no_drops() -> None:
    assert one(START + obsolete(b"abcd", 0xFFFF))[5] == ()


def test_options_are_given_in_either_byte_order() -> None:
    packets, _ = in_bulk(io.BytesIO(MIXED))
    assert [packet[5] for packet in packets] == [
        ((1, b"why"),),
        (),
        (),
        ((2, bytes(4)),),
        ((4, bytes([3, 0, 0, 0, 0, 0, 0, 0])),),
        (),
        ((1, b"why"),),
        (),
        (),
        ((2, bytes(4)),),
        ((4, bytes([0, 0, 0, 0, 0, 0, 0, 3])),),
        (),
    ]


def test_interfaces_count_through_all_sections() -> None:
    packets, _ = in_bulk(io.BytesIO(MIXED))
    assert [packet[4] for packet in packets] == [0, 0, 1, 0, 0, 0, 2, 2, 3, 2, 2, 2]


def test_each_section_has_its_own_clocks() -> None:
    sections = [section() + interface(option(9, bytes([exponent]))) + enhanced(b"ab", 5) for exponent in (9, 6, 0x81)]
    packets, _ = in_bulk(io.BytesIO(b"".join(sections)))
    assert [packet[3] for packet in packets] == [5, 5000, 2_500_000_000]


def test_a_section_may_describe_many_interfaces() -> None:
    data = section() + b"".join(interface() + enhanced(b"ab", number=number) for number in range(100))
    packets, error = in_bulk(io.BytesIO(data))
    assert ([packet[4] for packet in packets], error) == (list(range(100)), None)


# -- blocks in memory -------------------------------------------------------------------------------------------------

in_native_order = pytest.mark.skipif(sys.byteorder != "little", reason="these blocks are little-endian")


@in_native_order
def test_blocks_in_memory_make_a_chunk() -> None:
    interfaces = [Interface(resolution=10**9), Interface(113)]
    made = enhanced(b"abc", 7, option(2, b"\x01\0\0\0") + bytes(4)) + enhanced(b"de", 8, number=1)
    memory = bytearray(made + b"what was here before")
    chunk = chunk_of_blocks(memory, len(made), interfaces, 41)
    memory[:] = bytes(len(memory))
    assert list(rows(chunk)) == [(41, b"abc", 60, 7, 0, ((2, b"\x01\0\0\0"),)), (42, b"de", 60, 8000, 1, ())]


@in_native_order
def test_a_chunk_is_made_of_what_a_ring_gives() -> None:
    reader = FrameReader(bytearray((BLOCKS / "ethernet.bin").read_bytes()), 1 << 18, ethernet=True)
    reader.open(0)
    size = reader.records({2: 0}, True, -1, -1)
    chunk = chunk_of_blocks(reader.buffer, size, [Interface(resolution=10**9)], 1)
    assert chunk.lengths.tolist() == [47, 51, 55, 47, 47, 47, 47, 58, 86, 3066, 66]
    assert int(chunk.times[0]) == 1795496021246583563
    assert chunk.options(0) == ((2, b"\x05\0\0\0"),)
    assert bytes(chunk.data[chunk.starts[0] :][:12]).hex() == "00005e00530200005e005301"


@in_native_order
def test_blocks_of_an_unknown_interface_are_refused() -> None:
    made = enhanced(b"abcd") + enhanced(b"abcd", number=1)
    with pytest.raises(ValueError, match=r"^at octet 36 of 72 there is no enhanced packet block of one of"):
        chunk_of_blocks(made, len(made), [Interface()], 1)


# -- finding ----------------------------------------------------------------------------------------------------------


def test_no_more_rows_are_filled_than_there_is_room_for() -> None:
    data = pcap(*(record(b"ab") for _ in range(9)))
    room = [np.zeros(4, np.int64) for _ in range(4)]
    found = rawcap.files.bulk.find_records(data, 24, len(data), False, 16, 65535, 1000, 1, *room)
    assert found == (4, 24 + 3 * 18)
    assert room[0].tolist() == [0, 40, 58, 76]


def test_reading_out_of_the_buffer_is_an_error() -> None:
    room = [np.zeros(4, np.int64) for _ in range(4)]
    with pytest.raises(IndexError):
        rawcap.files.bulk.find_records(bytes(20), 0, 100, False, 16, 65535, 1000, 0, *room)
