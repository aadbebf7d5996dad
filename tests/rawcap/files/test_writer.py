"""Where a capture is written to, and what can be wrong with the place."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import lz4.frame
import pytest
import zstandard

from dissectors.packet import Interface, Packet
from rawcap.files import CaptureError, create_capture
from rawcap.files.writer import Sink

PACKET = Packet(b"abcd", Interface(), 0)

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
