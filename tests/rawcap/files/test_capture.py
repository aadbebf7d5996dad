"""Opening captures: the format by content, the format by name, and what is told of what is not a capture."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import lz4.frame
import pytest
import zstandard

from dissectors.packet import Interface, Packet
from rawcap.files import CaptureError, CutCapture, create_capture, open_capture

PCAP = struct.pack("<IHHiIIIIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 113, 1, 2, 4, 60) + b"abcd"
PCAPNG = (
    struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    + struct.pack("<IIHHII", 1, 20, 113, 0, 65535, 20)
    + struct.pack("<IIIIIII4sI", 6, 36, 0, 0, 1_000_002, 4, 60, b"abcd", 36)
)

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "lz4": lz4.frame.compress,
    "xz": lzma.compress,
}


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("data", [PCAP, PCAPNG], ids=["pcap", "pcapng"])
def test_format_and_compression_are_found_by_content_whatever_the_name(
    data: bytes, packing: str, tmp_path: Path
) -> None:
    path = tmp_path / "capture.txt"
    path.write_bytes(PACKERS[packing](data))
    with open_capture(path) as capture:
        (packet,) = capture
    assert capture.format == ("pcap" if data is PCAP else "pcapng")
    assert (packet.data, packet.length, packet.time_ns) == (b"abcd", 60, 1_000_002_000)
    assert packet.interface.linktype == 113


@pytest.mark.parametrize("packing", PACKERS)
def test_standard_input_may_be_compressed(packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(PACKERS[packing](PCAP))))
    capture = open_capture("-")
    assert [packet.data for packet in capture] == [b"abcd"]
    assert (capture.path, capture.label) == ("-", "standard input")


def test_a_capture_is_an_iterator() -> None:
    capture = open_capture(io.BytesIO(PCAP + PCAP[24:]))
    assert next(capture).number == 1
    assert [packet.number for packet in capture] == [2]
    assert list(capture) == []


def test_a_pcap_file_has_no_blocks_beside_its_packets() -> None:
    capture = open_capture(io.BytesIO(PCAP))
    assert [type(item) for item in capture.blocks()] == [Packet]
    assert (capture.names, capture.secrets, capture.statistics) == ({}, [], [])


def test_packets_and_blocks_are_two_ways_to_read_and_not_mixed() -> None:
    capture = open_capture(io.BytesIO(PCAPNG))
    next(capture)
    with pytest.raises(ValueError, match="open it again for the other"):
        capture.blocks()


def test_progress_is_known_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(PCAP))
    with open_capture(path) as capture:
        assert capture.size == path.stat().st_size
        next(capture)
        assert capture.position == path.stat().st_size


def test_progress_of_a_stream_has_no_end() -> None:
    assert open_capture(io.BytesIO(PCAP)).size is None


def test_a_packet_is_given_before_the_pipe_holds_the_next() -> None:
    reading, writing = os.pipe()
    os.write(writing, PCAP + PCAP[24:30])
    with os.fdopen(reading, "rb") as stream:
        capture = open_capture(stream)
        assert next(capture).number == 1
        os.write(writing, PCAP[30:])
        assert next(capture).number == 2
        os.close(writing)
        assert list(capture) == []


@pytest.mark.parametrize("data", [PCAP, PCAPNG], ids=["pcap", "pcapng"])
def test_a_followed_file_is_given_packet_by_packet_as_it_grows(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"")
    rest = iter(data[at : at + 1] for at in range(len(data)))

    def grow(seconds: float) -> None:
        octet = next(rest, None)
        if octet is None:
            raise KeyboardInterrupt
        with path.open("ab") as file:
            file.write(octet)

    monkeypatch.setattr("rawcap.files.source.time", SimpleNamespace(sleep=grow))
    with open_capture(path, follow=True) as capture:
        assert next(capture).data == b"abcd"
        with pytest.raises(KeyboardInterrupt):
            next(capture)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty: it holds no capture"),
        (b"\xd4", "is not a capture: it begins with d4,"),
        (b"GET / HTTP/1.1\r\n", "is not a capture: it begins with 47 45 54 20,"),
        (gzip.compress(b"GET / HTTP/1.1\r\n"), "is not a capture: it begins with 47 45 54 20,"),
        (gzip.compress(gzip.compress(PCAP)), "is not a capture: it begins with 1f 8b 08 00,"),
    ],
)
def test_what_is_not_a_capture_is_refused_in_one_line(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(CaptureError) as caught:
        open_capture(path)
    assert str(caught.value).startswith(f"{path} {words}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("packing", [name for name in PACKERS if name != "plain"])
def test_a_cut_compressed_capture_gives_its_whole_packets_and_names_the_offset(packing: str) -> None:
    pack = PACKERS[packing]
    whole = pack(PCAP)
    data = whole + pack(PCAP[24:] * 1000)[:20]
    capture = open_capture(io.BytesIO(data))
    assert next(capture).data == b"abcd"
    with pytest.raises(CutCapture, match=f"the {packing} data are cut short at byte {len(data)}, where the file ends"):
        list(capture)


# -- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("x.pcap", b"\xd4\xc3\xb2\xa1"),
        ("x.CAP", b"\xd4\xc3\xb2\xa1"),
        ("x.pcapng", b"\x0a\x0d\x0d\x0a"),
        ("x", b"\x0a\x0d\x0d\x0a"),
        ("x.pcap.gz", b"\x1f\x8b"),
        ("x.pcapng.zst", b"\x28\xb5\x2f\xfd"),
        ("x.pcap.lz4", b"\x04\x22\x4d\x18"),
        ("x.pcapng.xz", b"\xfd7zXZ"),
    ],
)
def test_the_name_says_format_and_compression(name: str, start: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    with create_capture(path) as writer:
        writer.write(Packet(b"abcd", Interface(), 0))
    assert path.read_bytes().startswith(start)
    with open_capture(path) as capture:
        assert [packet.data for packet in capture] == [b"abcd"]
    assert capture.format == ("pcap" if name[:6].lower() in ("x.pcap", "x.cap") and "ng" not in name else "pcapng")


def test_a_format_that_is_asked_for_wins_over_the_name(tmp_path: Path) -> None:
    with create_capture(tmp_path / "x.pcap", format="pcapng") as writer:
        assert writer.format == "pcapng"


def test_without_a_telling_name_a_copy_has_the_format_of_its_original() -> None:
    assert create_capture(io.BytesIO(), like=open_capture(io.BytesIO(PCAP))).format == "pcap"
    assert create_capture(io.BytesIO(), like=open_capture(io.BytesIO(PCAPNG))).format == "pcapng"


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CaptureError, match=r"^snoop is not a format that can be written; choose pcap or pcapng$"):
        create_capture(io.BytesIO(), format="snoop")


def test_the_file_that_is_being_read_is_not_written_over(tmp_path: Path) -> None:
    path, link = tmp_path / "x.pcap", tmp_path / "y.pcap"
    path.write_bytes(PCAP)
    link.symlink_to(path)
    with open_capture(path) as capture, pytest.raises(CaptureError, match=r"is being read; write to another file$"):
        create_capture(link, like=capture)
    assert path.read_bytes() == PCAP


@pytest.mark.parametrize("name", ["x.pcap", "x.pcapng"])
def test_a_copy_without_packets_keeps_the_link_type(name: str, tmp_path: Path) -> None:
    with open_capture(io.BytesIO(PCAP)) as original, create_capture(tmp_path / name, like=original):
        pass
    with open_capture(tmp_path / name) as copy:
        assert list(copy) == []
    assert [interface.linktype for interface in copy.interfaces] == [113]


def test_a_pcap_copy_takes_the_finest_resolution_of_its_original(tmp_path: Path) -> None:
    micro, nano = Interface(), Interface(resolution=1_000_000_000)
    stream = io.BytesIO()
    with create_capture(stream, format="pcapng") as writer:
        writer.write(Packet(b"a", nano, 1))
        writer.write(Packet(b"b", micro, 2000))
    stream.seek(0)
    original = open_capture(stream)
    packets = list(original)
    with create_capture(tmp_path / "x.pcap", like=original) as copy:
        for packet in reversed(packets):
            copy.write(packet)
    with open_capture(tmp_path / "x.pcap") as again:
        assert [packet.time_ns for packet in again] == [2000, 1]
