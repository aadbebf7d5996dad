"""What holds for every capture file: any structure, cut anywhere, any bytes, written and read again.

The files are built here, block by block, by code that shares nothing with the code under test; dpkt, scapy, tshark
and capinfos read the same files and have to agree.
"""

from __future__ import annotations

import csv
import io
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.utils import RawPcapNgReader, RawPcapReader

from dissectors.packet import Interface, Packet
from rawcap.files import CaptureError, CutCapture, create_capture, open_capture
from rawcap.files.bulk import NO_TIME, Bulk

REAL = Path(__file__).parents[3].parent / "shared" / "captures"

needs_real_captures = pytest.mark.skipif(not REAL.is_dir(), reason="there are no captures beside the repository")
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
needs_capinfos = pytest.mark.skipif(shutil.which("capinfos") is None, reason="capinfos is not installed")


# -- files of any structure -------------------------------------------------------------------------------------------


@dataclass
class Expected:
    """What a reader has to make of one packet."""

    data: bytes
    length: int
    time_ns: int | None
    linktype: int
    options: tuple[tuple[int, bytes], ...] = ()


@dataclass
class Built:
    """A file, what is in it, and where each of its records ends."""

    data: bytes = b""
    packets: list[tuple[int, Expected]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, record: bytes, packet: Expected | None = None) -> None:
        self.data += record
        self.ends.append(len(self.data))
        if packet is not None:
            self.packets.append((len(self.data), packet))

    @property
    def expected(self) -> list[Expected]:
        return [packet for _, packet in self.packets]


WORD = st.integers(0, 0xFFFFFFFF)
ORDER = st.sampled_from("<>")
PAYLOAD = st.binary(max_size=40)
OPTIONS = st.lists(st.tuples(st.sampled_from((1, 2, 2988, 32769)), st.binary(max_size=9)), max_size=3)
LINKTYPE = st.sampled_from((0, 1, 113, 276, 65535))


@st.composite
def pcap_files(draw: st.DrawFn) -> Built:
    order = draw(ORDER)
    magic, scale, extra = draw(
        st.sampled_from(((0xA1B2C3D4, 1000, b""), (0xA1B23C4D, 1, b""), (0xA1B2CD34, 1000, bytes(8))))
    )
    linktype = draw(LINKTYPE)
    built = Built()
    built.add(struct.pack(order + "IHHIIII", magic, 2, 4, draw(WORD), draw(WORD), draw(WORD), linktype))
    for _ in range(draw(st.integers(0, 4))):
        data, seconds, fraction, length = draw(PAYLOAD), draw(WORD), draw(WORD), draw(WORD)
        built.add(
            struct.pack(order + "IIII", seconds, fraction, len(data), length) + extra + data,
            Expected(data, length, seconds * 10**9 + fraction * scale, linktype),
        )
    return built


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    total = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + total + body + total


def option_list(order: str, options: list[tuple[int, bytes]], *, ended: bool = True) -> bytes:
    pieces = [struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in options]
    return b"".join(pieces) + (bytes(4) if ended and pieces else b"")


@st.composite
def pcapng_files(draw: st.DrawFn) -> Built:
    built = Built()
    for _ in range(draw(st.integers(1, 3))):
        draw_section(draw, built)
    return built


def draw_section(draw: st.DrawFn, built: Built) -> None:
    order = draw(ORDER)
    options = option_list(order, draw(OPTIONS))
    built.add(block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options))
    interfaces: list[tuple[int, int, int, int]] = []
    for kind in draw(st.lists(st.sampled_from((1, 2, 3, 4, 5, 6, 6, 6, 10, 0xBAD, 0x40000BAD, 0x7777)), max_size=7)):
        if kind == 1 or (kind in (2, 3, 5, 6) and not interfaces):
            interfaces.append(draw_interface(draw, built, order))
        elif kind in (2, 6):
            draw_packet(draw, built, order, kind, interfaces)
        elif kind == 3:
            linktype, snaplen, _, _ = interfaces[0]
            length = draw(st.integers(0, 40))
            data = draw(st.binary(min_size=length, max_size=length))[: snaplen or length]
            built.add(block(order, 3, struct.pack(order + "I", length) + data), Expected(data, length, None, linktype))
        elif kind == 4:
            name = draw(st.sampled_from((b"a\0", b"host.example\0b\0")))
            record = struct.pack(order + "HH", 1, 4 + len(name)) + b"\x0a\x00\x00\x01" + name
            built.add(block(order, 4, record + bytes(-len(record) % 4) + bytes(4)))
        elif kind == 5:
            built.add(block(order, 5, struct.pack(order + "III", 0, draw(WORD), draw(WORD))))
        elif kind == 10:
            secret = draw(PAYLOAD)
            built.add(block(order, 10, struct.pack(order + "II", 0x544C534B, len(secret)) + secret))
        else:
            built.add(block(order, kind, draw(PAYLOAD)))


def draw_interface(draw: st.DrawFn, built: Built, order: str) -> tuple[int, int, int, int]:
    linktype, snaplen = draw(LINKTYPE), draw(st.sampled_from((0, 7, 96, 262144)))
    exponent = draw(st.sampled_from((None, 0, 3, 6, 9, 0x80, 0x8A, 0x9E)))
    offset = draw(st.sampled_from((None, 0, 3600, -3600)))
    options = draw(st.lists(st.tuples(st.sampled_from((2, 3, 12)), st.just(b"eth0")), max_size=2))
    resolution = 10**6
    if exponent is not None:
        options.append((9, bytes([exponent])))
        resolution = 2 ** (exponent & 0x7F) if exponent & 0x80 else 10**exponent
    if offset is not None:
        options.append((14, struct.pack(order + "q", offset)))
    body = struct.pack(order + "HHI", linktype, 0, snaplen) + option_list(order, options, ended=draw(st.booleans()))
    built.add(block(order, 1, body))
    return linktype, snaplen, resolution, offset or 0


def draw_packet(
    draw: st.DrawFn, built: Built, order: str, kind: int, interfaces: list[tuple[int, int, int, int]]
) -> None:
    number = draw(st.integers(0, len(interfaces) - 1))
    linktype, _, resolution, offset = interfaces[number]
    data, length, high, low = draw(PAYLOAD), draw(WORD), draw(st.integers(0, 0xFFFFF)), draw(WORD)
    options = draw(OPTIONS)
    fixed = struct.pack(order + "IIIII", number, high, low, len(data), length)
    read = list(options)
    if kind == 2:
        drops = draw(st.sampled_from((0, 9, 0xFFFF)))
        fixed = struct.pack(order + "HHIIII", number, drops, high, low, len(data), length)
        if drops != 0xFFFF:
            read.append((4, struct.pack(order + "Q", drops)))
    time_ns = Fraction(high * 2**32 + low, resolution) * 10**9 // 1 + offset * 10**9
    built.add(
        block(order, kind, fixed + data + bytes(-len(data) % 4) + option_list(order, options)),
        Expected(data, length, int(time_ns), linktype, tuple(read)),
    )


FILES = st.one_of(pcap_files(), pcapng_files())


def seen(packet: Packet) -> Expected:
    return Expected(packet.data, packet.length, packet.time_ns, packet.interface.linktype, packet.options)


def read(data: bytes) -> tuple[list[Expected], CaptureError | None]:
    """The packets that a file gives, and the error that ends them."""
    packets = []
    try:
        for packet in open_capture(io.BytesIO(data)):
            packets.append(seen(packet))
            assert packet.number == len(packets)
    except CaptureError as error:
        assert "\n" not in str(error)
        return packets, error
    return packets, None


# -- properties -------------------------------------------------------------------------------------------------------


@given(FILES)
def test_every_packet_of_any_file_is_read(built: Built) -> None:
    assert read(built.data) == (built.expected, None)


@given(FILES)
def test_a_file_cut_anywhere_gives_its_whole_packets_and_is_called_cut(built: Built) -> None:
    for end in range(4, len(built.data)):
        packets, error = read(built.data[:end])
        assert packets == [packet for at, packet in built.packets if at <= end]
        assert isinstance(error, CutCapture) == (end not in built.ends)


@given(FILES, st.integers(1, 64))
def test_it_does_not_matter_in_what_pieces_the_bytes_come(built: Built, size: int) -> None:
    class Dribble(io.BytesIO):
        def read1(self, _: int | None = -1, /) -> bytes:
            return self.read(size)

    assert [seen(packet) for packet in open_capture(Dribble(built.data))] == built.expected


@given(FILES, st.integers(1, 200))
def test_every_packet_of_any_file_is_read_in_bulk(built: Built, size: int) -> None:
    bulk = Bulk(io.BytesIO(built.data), chunk=size)
    packets = []
    for chunk in bulk:
        for place, (start, captured, time) in enumerate(zip(chunk.starts, chunk.captured, chunk.times, strict=True)):
            packets.append(
                Expected(
                    bytes(chunk.data[start : start + captured]),
                    int(chunk.lengths[place]),
                    None if time == NO_TIME else int(time),
                    bulk.interfaces[chunk.interface[place]].linktype,
                    chunk.options(place),
                )
            )
    for packet in built.expected:
        if packet.time_ns is not None and not NO_TIME < packet.time_ns < 1 << 63:
            packet.time_ns = None
    assert packets == built.expected


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read(data)


@given(FILES, st.data())
def test_any_damage_is_read_or_refused(built: Built, data: st.DataObject) -> None:
    damaged = bytearray(built.data)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)))
    read(bytes(damaged))


@given(FILES)
def test_a_copy_of_every_block_reads_like_its_original(built: Built) -> None:
    stream = io.BytesIO()
    with create_capture(stream, format="pcapng") as writer:
        for item in open_capture(io.BytesIO(built.data)).blocks():
            writer.write(item)
    assert read(stream.getvalue()) == (built.expected, None)


@given(pcapng_files())
def test_a_copy_of_a_copy_is_the_same_file(built: Built) -> None:
    def copy(data: bytes) -> bytes:
        stream = io.BytesIO()
        with create_capture(stream, format="pcapng") as writer:
            for item in open_capture(io.BytesIO(data)).blocks():
                writer.write(item)
        return stream.getvalue()

    once = copy(built.data)
    assert copy(once) == once


@given(FILES)
def test_packets_alone_written_to_pcapng_read_the_same(built: Built) -> None:
    stream = io.BytesIO()
    with create_capture(stream, format="pcapng") as writer:
        for packet in open_capture(io.BytesIO(built.data)):
            writer.write(packet)
    assert read(stream.getvalue()) == (built.expected, None)


@given(
    st.sampled_from((10**6, 10**9)),
    st.booleans(),
    st.lists(st.tuples(PAYLOAD, st.integers(0, 2**32 * 10**6 - 1), st.none() | WORD), max_size=5),
)
def test_packets_written_to_pcap_read_the_same(
    resolution: int, big_endian: bool, made: list[tuple[bytes, int, int | None]]
) -> None:
    interface = Interface(113, resolution=resolution, big_endian=big_endian)
    expected = [
        Expected(data, len(data) if length is None else length, units * 1000, 113) for data, units, length in made
    ]
    stream = io.BytesIO()
    with create_capture(stream, format="pcap") as writer:
        for packet in expected:
            writer.write(Packet(packet.data, interface, packet.time_ns, packet.length))
    assert read(stream.getvalue()) == (expected, None)


# -- other readers ----------------------------------------------------------------------------------------------------


def made(format: str, resolution: int) -> bytes:
    """A file of ours: packets of every length from 0 to 70, with times that use the whole resolution."""
    interface = Interface(1, 262144, "eth0" if format == "pcapng" else "", resolution=resolution)
    stream = io.BytesIO()
    with create_capture(stream, format=format) as writer:
        for size in range(71):
            time_ns = (1_700_000_000 * 10**9 + size * 1_000_000_007) // (10**9 // resolution) * (10**9 // resolution)
            writer.write(Packet(bytes(range(size)), interface, time_ns, size + 1000))
    return stream.getvalue()


every_file = pytest.mark.parametrize(
    ("format", "resolution"), [("pcap", 10**6), ("pcap", 10**9), ("pcapng", 10**6), ("pcapng", 10**9)]
)


@every_file
def test_dpkt_reads_what_was_written(format: str, resolution: int) -> None:
    data = made(format, resolution)
    reader = (dpkt.pcap.Reader if format == "pcap" else dpkt.pcapng.Reader)(io.BytesIO(data))
    packets = list(open_capture(io.BytesIO(data)))
    theirs = [(bytes(frame), float(time)) for time, frame in reader]
    assert [frame for frame, _ in theirs] == [packet.data for packet in packets] == [bytes(range(n)) for n in range(71)]
    assert [time for _, time in theirs] == pytest.approx([packet.time for packet in packets], abs=1e-6, rel=0)


@every_file
def test_scapy_reads_what_was_written(format: str, resolution: int) -> None:
    data = made(format, resolution)
    reader = (RawPcapReader if format == "pcap" else RawPcapNgReader)(io.BytesIO(data))
    theirs = list(reader)
    ours = list(open_capture(io.BytesIO(data)))
    assert [bytes(frame) for frame, _ in theirs] == [packet.data for packet in ours]
    assert [meta.wirelen for _, meta in theirs] == [packet.length for packet in ours] == list(range(1000, 1071))
    for (_, meta), packet in zip(theirs, ours, strict=True):
        assert packet.time_ns is not None
        if format == "pcap":
            assert meta.sec * 10**9 + meta.usec * (10**9 // resolution) == packet.time_ns
        else:
            assert (meta.tshigh << 32 | meta.tslow) * (10**9 // resolution) == packet.time_ns


def tshark(path: Path, *fields: str) -> list[list[str]]:
    command = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    for name in fields:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@needs_tshark
@every_file
def test_tshark_reads_what_was_written(format: str, resolution: int, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(made(format, resolution))
    theirs = tshark(path, "frame.number", "frame.cap_len", "frame.len", "frame.time_epoch")
    assert theirs == [list(row) for row in rows(path)]
    assert len(theirs) == 71


@needs_tshark
def test_tshark_sees_comments_names_and_interfaces_in_a_copy(tmp_path: Path) -> None:
    first = Interface(1, name="eth0", description="uplink", resolution=10**9)
    second = Interface(113, name="eth1")
    path = tmp_path / "x.pcapng"
    with create_capture(path) as writer:
        writer.write(Packet(bytes(60), first, 1_700_000_000_000_000_001, options=((1, "größer".encode()),)))
        writer.write(Packet(bytes(60), second, 1_700_000_000_000_001_000))
    assert tshark(path, "frame.interface_name", "frame.interface_description", "frame.comment", "frame.time_epoch") == [
        ["eth0", "uplink", "größer", "1700000000.000000001"],
        ["eth1", "", "", "1700000000.000001000"],
    ]


def rows(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Number, captured length, length and time of each packet as tshark prints them."""
    with open_capture(path) as capture:
        for packet in capture:
            assert packet.time_ns is not None
            seconds, nanoseconds = divmod(packet.time_ns, 10**9)
            yield str(packet.number), str(len(packet.data)), str(packet.length), f"{seconds}.{nanoseconds:09d}"


# -- real captures ----------------------------------------------------------------------------------------------------


def real_captures() -> list[Path]:
    return sorted(path for path in REAL.rglob("*.pcap*") if path.is_file())


# tshark and capinfos do not know these link types: 182 (multi-link frame relay), 281, 282 and 284 (switch tags).
UNKNOWN_TO_TSHARK = {
    "brcm-tag-prepend.pcap": 15,
    "brcm-tag.pcap": 23,
    "dsa.pcap": 8,
    "frf16_magic_ie-oobr.pcap": 1,
    "vtp_asan-3.pcap": 1,
}


@needs_real_captures
@needs_capinfos
def test_every_real_capture_has_the_packets_and_octets_that_capinfos_counts() -> None:
    paths = real_captures()
    command = ["capinfos", "-TmrQ", "-M", "-c", "-d", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    table = csv.reader(done.stdout.splitlines())
    theirs = {Path(name).name: (int(count), int(octets)) for name, count, octets in table}
    ours = {}
    for path in paths:
        with open_capture(path) as capture:
            lengths = [packet.length for packet in capture]
        ours[path.name] = (len(lengths), sum(lengths))
    assert {name: ours.pop(name)[0] for name in UNKNOWN_TO_TSHARK} == UNKNOWN_TO_TSHARK
    assert ours == theirs


@needs_real_captures
@needs_tshark
@pytest.mark.parametrize(
    "name",
    ["time_2106.pcap", "tcp-handshake-nano.pcap", "802_15_4_beacon.pcap", "of13_ericsson.pcapng", "lossy/loss3.pcap"],
)
def test_a_real_capture_has_the_lengths_and_times_that_tshark_prints(name: str) -> None:
    path = REAL / name
    theirs = tshark(path, "frame.number", "frame.cap_len", "frame.len", "frame.time_epoch")
    assert [list(row) for row in rows(path)] == theirs


@needs_real_captures
@pytest.mark.parametrize(
    ("name", "times"),
    [
        (
            "timestamp_invalid_nano.pcap",
            [1_418_145_369_999_999_999, 1_418_145_371_000_000_000, 1_418_145_372_147_483_648],
        ),
        ("rx_serviceid_oobr.pcap", [None, 3_841_916_976_000, None]),
    ],
)
def test_a_fraction_of_a_second_or_more_counts_on_where_tshark_misprints_it(name: str, times: list[int | None]) -> None:
    # draft-ietf-opsawg-pcap, section 5: the fraction is the number of micro- or nanoseconds that have elapsed since
    # the seconds, an unsigned number. tshark prints it behind the point as it stands, so that 1418145370 s and
    # 1000000000 ns read 1418145370.1000000000, and takes it for negative from 2^31 on.
    with open_capture(REAL / name) as capture:
        ours = [packet.time_ns for packet in capture]
    assert [ns for ns, time in zip(ours, times, strict=True) if time is not None] == [t for t in times if t is not None]


@needs_real_captures
def test_every_real_capture_is_copied_to_pcapng_without_loss(tmp_path: Path) -> None:
    for path in real_captures():
        copy = tmp_path / "copy.pcapng"
        with open_capture(path) as original, create_capture(copy, like=original) as writer:
            expected = []
            for item in original.blocks():
                writer.write(item)
                if isinstance(item, Packet):
                    expected.append(seen(item))
        with open_capture(copy) as again:
            assert [seen(packet) for packet in again] == expected, path.name
