"""Where a capture is written to, and what can be wrong with the place."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import lz4.frame
import pytest
import zstandard

from dissectors.packet import Interface, Packet
from rawcap.files import CaptureError, CaptureWriter, CutCapture, create_capture, open_capture
from rawcap.files.writer import Sink

PACKET = Packet(b"abcd", Interface(), 0)

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

as_plain_user = pytest.mark.skipif(os.geteuid() == 0, reason="the administrator can write everything")


def test_the_bytes_reach_the_file(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "x", overwrite=True)
    sink.write(b"abc")
    sink.write(b"def")
    sink.close()
    assert (tmp_path / "x").read_bytes() == b"abcdef"


def test_the_extension_asks_for_the_compression(tmp_path: Path) -> None:
    for name in ("x.gz", "x.ZST", "x.lz4", "x.xz"):
        sink = Sink(tmp_path / name, overwrite=True)
        sink.write(b"abc")
        sink.close()
    assert gzip.decompress((tmp_path / "x.gz").read_bytes()) == b"abc"
    assert zstandard.ZstdDecompressor().decompressobj().decompress((tmp_path / "x.ZST").read_bytes()) == b"abc"
    assert lz4.frame.decompress((tmp_path / "x.lz4").read_bytes()) == b"abc"
    assert lzma.decompress((tmp_path / "x.xz").read_bytes()) == b"abc"


def test_flushed_bytes_can_be_read_before_the_file_is_closed(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "x", overwrite=True)
    sink.write(b"abc")
    sink.flush()
    assert (tmp_path / "x").read_bytes() == b"abc"
    sink.close()


def test_standard_output_is_a_dash_and_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=stream))
    sink = Sink("-", overwrite=True)
    sink.write(b"abc")
    sink.close()
    assert sink.label == "standard output"
    assert stream.getvalue() == b"abc"


def test_standard_output_may_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(CaptureError, match=r"^standard output is closed; give the name of a file$"):
        Sink("-", overwrite=True)


def test_a_stream_stays_open() -> None:
    stream = io.BytesIO()
    sink = Sink(stream, overwrite=True)
    sink.write(b"abc")
    sink.close()
    assert stream.getvalue() == b"abc"


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    writer = create_capture(tmp_path / "x.pcap.gz")
    writer.write(PACKET)
    writer.close()
    writer.close()
    assert len(gzip.decompress((tmp_path / "x.pcap.gz").read_bytes())) == 24 + 16 + 4


def test_packets_are_counted(tmp_path: Path) -> None:
    with create_capture(tmp_path / "x.pcap") as writer:
        assert writer.count == 0
        writer.write(PACKET)
        assert writer.count == 1


def test_a_file_may_be_kept_from_being_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    with pytest.raises(CaptureError, match=r"/x exists already; choose another name or allow it to be overwritten$"):
        Sink(path, overwrite=False)
    assert path.read_bytes() == b"abc"


def test_a_directory_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"is a directory; name a file in it$"):
        Sink(tmp_path, overwrite=True)


def test_a_missing_directory_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"none/x cannot be made: there is no directory .*/none$"):
        Sink(tmp_path / "none" / "x", overwrite=True)


@as_plain_user
def test_a_place_without_permission_is_said_to_lack_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CaptureError, match=r"cannot be made: permission denied$"):
        Sink(tmp_path / "x", overwrite=True)


def test_a_full_disk_is_one_line() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    sink = Sink("/dev/full", overwrite=True)
    sink.write(b"abc")
    with pytest.raises(CaptureError, match=r"^/dev/full cannot be written: no space left on device$"):
        sink.flush()
    with pytest.raises(CaptureError):
        sink.close()


def test_a_closed_pipe_stays_a_broken_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "wb", buffering=0)
    with pytest.raises(BrokenPipeError):
        Sink(stream, overwrite=True).write(b"abc")
    stream.close()


def test_a_custom_stream_may_return_nothing_from_write() -> None:
    pieces: list[bytes] = []
    stream = SimpleNamespace(write=pieces.append, flush=lambda: None)
    with create_capture(stream, format="pcap") as writer:
        writer.write(PACKET)
    assert [len(piece) for piece in pieces] == [24, 20]


def test_a_stream_that_takes_a_part_is_given_the_rest() -> None:
    class Slow(io.BytesIO):
        def write(self, data: object, /) -> int:
            return super().write(bytes(data)[:7])  # type: ignore[call-overload]

    stream = Slow()
    with create_capture(stream, format="pcap") as writer:
        writer.write(PACKET)
    assert stream.getvalue()[40:] == b"abcd"
    assert len(stream.getvalue()) == 44


def test_nothing_can_be_written_after_the_end(tmp_path: Path) -> None:
    writer = create_capture(tmp_path / "x.pcap")
    writer.close()
    with pytest.raises(CaptureError, match=r"/x\.pcap is closed$"):
        writer.write(PACKET)


# -- what goes out, and when ------------------------------------------------------------------------------------------


class Recorded(io.FileIO):
    """A file that remembers what each write was given."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "wb")
        self.given: list[object] = []

    def write(self, data: object, /) -> int:
        self.given.append(data)
        return super().write(data)  # type: ignore[arg-type]


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    file = Recorded(tmp_path / "x.pcap")
    monkeypatch.setattr(Sink, "_open", staticmethod(lambda path, overwrite: file))
    return file


def test_small_records_go_out_together(recorded: Recorded) -> None:
    with create_capture("x.pcap") as writer:
        for _ in range(1000):
            writer.write(PACKET)
        assert recorded.given == []
        assert (writer.count, writer.size) == (1000, 24 + 1000 * 20)
    assert [len(piece) for piece in recorded.given] == [24 + 1000 * 20]  # type: ignore[arg-type]


def test_a_large_piece_goes_out_in_one_write_without_a_copy(recorded: Recorded) -> None:
    records = memoryview(bytes(1 << 18))
    with create_capture("x.pcap") as writer:
        writer.begin(Interface())
        writer.flush()
        writer.append(records, 1)
        assert recorded.given[1] is records
        assert len(recorded.given) == 2


def test_the_memory_of_small_records_is_the_caller_s_again(tmp_path: Path) -> None:
    ours = bytearray(b"abcd")
    sink = Sink(tmp_path / "x", overwrite=True)
    sink.write(ours)
    ours[:] = b"efghij"
    sink.close()
    assert (tmp_path / "x").read_bytes() == b"abcd"


def test_the_size_of_a_compressed_file_is_that_before_compression(tmp_path: Path) -> None:
    with create_capture(tmp_path / "x.pcap.gz") as writer:
        writer.write(Packet(bytes(1000), Interface(), 0))
        assert writer.size == 24 + 16 + 1000


@pytest.mark.parametrize("octets", [4, 1 << 18])
def test_a_signal_s_exception_between_a_write_and_its_account_repeats_nothing(octets: int, recorded: Recorded) -> None:
    def write(data: object, /) -> int:
        io.FileIO.write(recorded, data)  # type: ignore[arg-type]
        recorded.write = io.FileIO.write.__get__(recorded)  # type: ignore[method-assign]
        raise KeyboardInterrupt

    sink = Sink("x", overwrite=True)
    sink.write(b"abcd")
    sink.flush()
    recorded.write = write  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        sink.write(bytes(octets), 1)
        sink.flush()
    sink.close()
    content = Path(str(recorded.name)).read_bytes()
    assert content == b"abcd" + bytes(4 * sink.packets)
    assert sink.packets == (1 if octets == 4 else 0)  # what was gathered is still there; what was not is the caller's


# -- a file that can grow no more -------------------------------------------------------------------------------------


@contextmanager
def largest_file(octets: int) -> Iterator[None]:
    """No file grows beyond so many octets: the write that would fails, once what fits has been written."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def one_by_one(writer: CaptureWriter, packets: list[Packet]) -> None:
    for packet in packets:
        writer.write(packet)
    writer.flush()


def in_pieces(writer: CaptureWriter, packets: list[Packet]) -> None:
    """Write the packets as records that were encoded elsewhere, thirty at a time."""
    writer.begin(packets[0].interface)
    for start in range(0, len(packets), 30):
        writer.append(b"".join(map(RECORDS[writer.format], packets[start : start + 30])), len(packets[start:][:30]))
        writer.flush()


def pcap_record(packet: Packet) -> bytes:
    return struct.pack("<IIII", 0, packet.time_ns or 0, len(packet.data), packet.length) + packet.data


def pcapng_record(packet: Packet) -> bytes:
    padded = packet.data + bytes(-len(packet.data) % 4)
    total = 32 + len(padded)
    fixed = struct.pack("<IIIIIII", 6, total, 0, 0, packet.time_ns or 0, len(packet.data), packet.length)
    return fixed + padded + struct.pack("<I", total)


RECORDS: dict[str, Callable[[Packet], bytes]] = {"pcap": pcap_record, "pcapng": pcapng_record}

LO = Interface(1, resolution=1_000_000_000)


def different_packets(count: int) -> list[Packet]:
    """Packets that no compression makes smaller, each with its number for a time."""
    draw = random.Random(5)
    return [Packet(draw.randbytes(draw.randrange(200)), LO, number) for number in range(count)]


@pytest.mark.parametrize("write", [one_by_one, in_pieces])
@pytest.mark.parametrize("format", ["pcap", "pcapng"])
def test_a_write_that_fails_leaves_whole_records_and_says_how_many(
    format: str, write: Callable[[CaptureWriter, list[Packet]], None], tmp_path: Path
) -> None:
    packets = different_packets(100)
    path = tmp_path / f"x.{format}"
    found = set()
    for limit in range(100, 9_000, 61):
        writer = create_capture(path)
        with largest_file(limit), pytest.raises(CaptureError) as caught:
            write(writer, packets)
        with pytest.raises(CaptureError) as again:
            writer.close()
        assert again.value is caught.value
        count = writer.count
        held = f"the {count} packet{'s' if count != 1 else ''} written before" if count else "no packet"
        assert str(caught.value) == f"{path} cannot be written: file too large; it holds {held}"
        assert [packet.data for packet in open_capture(path)] == [packet.data for packet in packets[:count]]
        assert path.stat().st_size == writer.size
        assert limit - 250 < writer.size <= limit  # no record that fits is given up
        found.add(count)
    assert {0, 1, 2, 30} <= found


def test_a_file_with_no_room_for_its_header_is_left_empty(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    writer = create_capture(path)
    writer.write(PACKET)
    with largest_file(20), pytest.raises(CaptureError, match=r"file too large; it holds no packet$"):
        writer.close()
    assert path.stat().st_size == 0


def test_a_thousand_packets_are_counted_with_a_comma(tmp_path: Path) -> None:
    writer = create_capture(tmp_path / "x.pcap")
    with largest_file(24 + 1234 * 20), pytest.raises(CaptureError, match=r"it holds the 1,234 packets written before$"):
        one_by_one(writer, [PACKET] * 2000)
    with pytest.raises(CaptureError):
        writer.close()


def test_after_a_section_of_the_other_byte_order_the_last_record_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    writer = create_capture(path)
    big = Interface(big_endian=True)
    with largest_file(28 + 20 + 36 + 28 + 20 + 2 * 36 + 35), pytest.raises(CaptureError, match="the 3 packets written"):
        one_by_one(writer, [PACKET] + [Packet(b"defg", big, 0)] * 3)
    with pytest.raises(CaptureError):
        writer.close()
    assert [packet.data for packet in open_capture(path)] == [b"abcd", b"defg", b"defg"]


def test_nothing_is_written_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    writer = create_capture(path)
    with largest_file(24 + 30), pytest.raises(CaptureError):
        one_by_one(writer, [PACKET, PACKET])
    with pytest.raises(CaptureError, match="it holds the 1 packet written before"):
        writer.write(PACKET)
    with pytest.raises(CaptureError):
        writer.close()
    assert path.stat().st_size == 24 + 20


@pytest.mark.parametrize("suffix", ["gz", "zst", "lz4", "xz"])
def test_a_compressed_file_that_can_grow_no_more_is_a_whole_one(suffix: str, tmp_path: Path) -> None:
    packets = [Packet(random.Random(number).randbytes(1000), LO, number) for number in range(6000)]
    path = tmp_path / f"x.pcap.{suffix}"
    writer = create_capture(path)
    limit = 4_800_000
    with largest_file(limit), pytest.raises(CaptureError) as caught:
        one_by_one(writer, packets)
    with pytest.raises(CaptureError):
        writer.close()
    assert f"it holds the {writer.count:,} packets written before" in str(caught.value)
    assert [packet.data for packet in open_capture(path)] == [packet.data for packet in packets[: writer.count]]
    lost = limit - writer.count * 1016
    assert lost < (4 << 20 if suffix == "xz" else 1 << 18) + 20_000


@pytest.mark.parametrize("suffix", ["gz", "zst", "lz4", "xz"])
def test_what_was_flushed_stays_in_a_compressed_file_that_can_grow_no_more(suffix: str, tmp_path: Path) -> None:
    packets = different_packets(300)
    path = tmp_path / f"x.pcap.{suffix}"
    writer = create_capture(path)
    one_by_one(writer, packets[:100])
    with largest_file(path.stat().st_size + 100), pytest.raises(CaptureError, match=r"the 100 packets written before$"):
        one_by_one(writer, packets[100:])
    with pytest.raises(CaptureError):
        writer.close()
    assert [packet.data for packet in open_capture(path)] == [packet.data for packet in packets[:100]]


FILL_A_DISK = """
import random, subprocess, sys
from dissectors.packet import Interface, Packet
from rawcap.files import CaptureError, create_capture, open_capture

directory, name = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], check=True)
draw = random.Random(5)
interface = Interface(resolution=1_000_000_000)
writer = create_capture(f"{directory}/{name}")
try:
    with writer:
        for number in range(5000):
            writer.write(Packet(draw.randbytes(draw.randrange(1500)), interface, number))
except CaptureError as error:
    print(str(error).removeprefix(directory))
assert [packet.time_ns for packet in open_capture(writer.label)] == list(range(writer.count))
print(writer.count)
done = subprocess.run(["tshark", "-r", writer.label, "-T", "fields", "-e", "frame.number"], capture_output=True)
print(done.returncode, len(done.stdout.splitlines()))
"""


@needs_tshark
@pytest.mark.privileged
@pytest.mark.parametrize("name", ["x.pcap", "x.pcapng", "x.pcapng.gz", "x.pcapng.zst", "x.pcap.lz4"])
def test_a_full_disk_leaves_a_file_that_tshark_reads_without_complaint(name: str, tmp_path: Path) -> None:
    command = ["unshare", "--mount", sys.executable, "-c", FILL_A_DISK, str(tmp_path), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    error, count, tshark = done.stdout.splitlines()
    assert error == (
        f"/{name} cannot be written: no space left on device; it holds the {int(count):,} packets written before"
    )
    assert tshark == f"0 {count}"
    assert int(count) > 500  # of about 1380 that a mebibyte holds; a compressed file ends a quarter of one earlier


# -- a process that is killed -----------------------------------------------------------------------------------------

WRITE_ON = """
import sys
from dissectors.packet import Interface, Packet
from rawcap.files import create_capture

writer = create_capture(sys.argv[1])
interface = Interface(resolution=1_000_000_000)
number = 0
while True:
    for number in range(number, number + 1000):
        writer.write(Packet(bytes(number % 1000), interface, number))
    number += 1
    writer.flush()
    print(number, flush=True)
"""


@pytest.mark.parametrize("name", ["x.pcap", "x.pcapng", "x.pcapng.gz", "x.pcap.zst", "x.pcapng.lz4", "x.pcap.xz"])
def test_a_killed_process_leaves_what_it_flushed_and_at_most_one_cut(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with subprocess.Popen([sys.executable, "-c", WRITE_ON, path], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(3):
            flushed = int(child.stdout.readline())
        child.kill()
        flushed = int(([str(flushed)] + [line for line in child.stdout if line.endswith("\n")])[-1])
        assert child.wait() == -signal.SIGKILL
    times: list[int | None] = []
    with contextlib.suppress(CutCapture):
        for packet in open_capture(path):
            assert len(packet.data) == len(times) % 1000
            times.append(packet.time_ns)
    assert times == list(range(len(times)))
    assert len(times) >= flushed >= 3000
