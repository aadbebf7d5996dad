"""Where bytes come from: files, standard input, streams, and files that grow."""

from __future__ import annotations

import gzip
import io
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from rawcap.files import source as module
from rawcap.files.errors import CaptureError, CutCapture
from rawcap.files.source import Feed, Source

as_plain_user = pytest.mark.skipif(os.geteuid() == 0, reason="the administrator can read everything")


def test_a_file_gives_its_bytes_and_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(100_000))
    source = Source(path)
    assert (source.position, source.size) == (0, 100_000)
    assert b"".join(source.blocks()) == bytes(100_000)
    assert source.position == 100_000


def test_a_file_is_read_in_blocks_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(1_000_000))
    blocks = Source(path).blocks()
    assert len(next(blocks)) < 200_000


def test_a_file_is_closed_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    source = Source(path)
    list(source.blocks())
    assert source.size is None


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"abc")))
    source = Source("-")
    assert (source.label, source.path, source.size) == ("standard input", "-", None)
    assert list(source.blocks()) == [b"abc"]


def test_standard_input_may_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CaptureError, match=r"^standard input is closed; give the name of a file$"):
        Source("-")


def test_a_stream_is_read_from_where_it_stands_and_left_open() -> None:
    stream = io.BytesIO(b"abcdef")
    stream.seek(2)
    source = Source(stream)
    assert b"".join(source.blocks()) == b"cdef"
    assert source.path is None
    assert not stream.closed


def test_a_pipe_gives_what_it_holds_without_waiting_for_more() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"abc")
    with os.fdopen(reading, "rb") as stream:
        blocks = Source(stream).blocks()
        assert next(blocks) == b"abc"
        os.close(writing)
        assert list(blocks) == []


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"^.*/none\.pcap: there is no such file$"):
        Source(tmp_path / "none.pcap")


def test_a_directory_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"is a directory, not a capture file$"):
        Source(tmp_path)


@as_plain_user
def test_a_file_without_permission_is_said_to_lack_it(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    path.chmod(0)
    with pytest.raises(CaptureError, match=r"cannot be opened: permission denied$"):
        Source(path)


def test_a_path_that_no_system_has_is_refused_like_any_other() -> None:
    with pytest.raises(CaptureError, match=r"cannot be opened: embedded null byte$"):
        Source("a\0b")


def test_a_read_that_fails_names_the_offset() -> None:
    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read1(4)

    blocks = Source(Broken(b"abcdef")).blocks()
    assert next(blocks) == b"abcd"
    with pytest.raises(CaptureError, match=r"reading failed at byte 4: input/output error$"):
        next(blocks)


# -- a file that grows ------------------------------------------------------------------------------------------------


class Meanwhile:
    """Stands in for the clock: instead of sleeping, the next of these things happens to the file."""

    def __init__(self, *events: object) -> None:
        self.events = iter(events)

    def sleep(self, seconds: float) -> None:
        event = next(self.events, KeyboardInterrupt)
        if event is KeyboardInterrupt:
            raise KeyboardInterrupt
        assert callable(event)
        event()


def followed(path: Path, monkeypatch: pytest.MonkeyPatch, *events: object) -> Iterator[bytes]:
    monkeypatch.setattr(module, "time", Meanwhile(*events))
    return Source(path, follow=True).blocks()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_followed_file_gives_what_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    blocks = followed(path, monkeypatch, lambda: None, lambda: append(path, b"def"))
    assert [next(blocks), next(blocks)] == [b"abc", b"def"]
    with pytest.raises(KeyboardInterrupt):
        next(blocks)


def test_a_followed_file_may_be_empty_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.touch()
    assert next(followed(path, monkeypatch, lambda: append(path, b"abc"))) == b"abc"


def test_a_followed_file_that_is_truncated_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    blocks = followed(path, monkeypatch, lambda: os.truncate(path, 1))
    assert next(blocks) == b"abc"
    with pytest.raises(CaptureError, match=r"x was truncated while it was followed, at byte 3$"):
        next(blocks)


def test_a_followed_file_that_is_replaced_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = tmp_path / "x", tmp_path / "y"
    path.write_bytes(b"abc")
    other.write_bytes(b"longer than that")
    blocks = followed(path, monkeypatch, lambda: other.replace(path))
    assert next(blocks) == b"abc"
    with pytest.raises(CaptureError, match="x was replaced by another file while it was followed"):
        next(blocks)


def test_what_was_added_before_the_file_was_removed_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")

    def last_words() -> None:
        append(path, b"def")
        path.unlink()

    blocks = followed(path, monkeypatch, last_words)
    assert [next(blocks), next(blocks)] == [b"abc", b"def"]
    with pytest.raises(CaptureError, match="x was removed while it was followed"):
        next(blocks)


def test_following_a_pipe_ends_with_the_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"abc")
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        assert list(Source(stream, follow=True).blocks()) == [b"abc"]


# -- feeding a reader -------------------------------------------------------------------------------------------------


class Slow(io.RawIOBase):
    """A stream that gives one octet at a time."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self.data.read(1)


def test_a_feed_gives_as_much_as_is_asked_for() -> None:
    feed = Feed(Source(Slow(b"abcdefghij")))  # type: ignore[arg-type]
    assert feed.start == b"abcdef"
    assert feed.extend(b"ef", 5) == b"efghi"


def test_a_feed_gives_less_only_at_the_end() -> None:
    feed = Feed(Source(io.BytesIO(b"abcdefgh")))
    assert feed.extend(feed.start, 100) == b"abcdefgh"
    assert feed.extend(b"", 1) == b""


def test_a_feed_takes_the_compression_off() -> None:
    feed = Feed(Source(io.BytesIO(gzip.compress(b"abcdefgh"))))
    assert feed.extend(feed.start, 8) == b"abcdefgh"


def test_an_offset_says_when_it_is_not_one_of_the_file() -> None:
    assert Feed(Source(io.BytesIO(b"abcdefgh"))).place(24) == "byte 24"
    assert Feed(Source(io.BytesIO(gzip.compress(b"abcdefgh")))).place(24) == "byte 24 of the decompressed data"


@pytest.mark.parametrize("data", [b"abcdefghij", gzip.compress(b"abcdefghij")])
def test_a_feed_fills_the_room_that_it_is_given(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    feed = Feed(Source(path))
    feed.give_back(feed.start)
    room = bytearray(4)
    assert filled(feed, room) == [b"abcd", b"efgh", b"ij"]
    assert feed.fill(memoryview(room)) == 0


def test_a_large_file_is_read_straight_into_the_room(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(300_000))
    source = Source(path)
    feed = Feed(source)
    assert feed.fill(memoryview(bytearray(200_000))) == 200_000
    assert source.position == 265_536


def filled(feed: Feed, room: bytearray) -> list[bytes]:
    """What is put into the room, time after time, until it is not filled."""
    pieces = []
    while not pieces or len(pieces[-1]) == len(room):
        octets = 0
        while octets < len(room) and (more := feed.fill(memoryview(room)[octets:])):
            octets += more
        pieces.append(bytes(room[:octets]))
    return pieces


def test_a_read_into_room_that_fails_names_the_offset() -> None:
    source = Source("/proc/self/mem")  # a regular file, and nothing is mapped at its start
    assert source.fills
    with pytest.raises(CaptureError, match=r"^/proc/self/mem: reading failed at byte 0: input/output error$"):
        source.fill(memoryview(bytearray(10)))
    source.close()


@pytest.mark.parametrize("nothing", [b"", gzip.compress(b"")])
def test_an_empty_file_is_said_to_be_empty(nothing: bytes) -> None:
    with pytest.raises(CaptureError, match=r"is empty: it holds no capture$"):
        Feed(Source(io.BytesIO(nothing)))


def test_compressed_data_that_end_before_anything_are_cut() -> None:
    with pytest.raises(CutCapture, match=r"the gzip data are cut short at byte 5, where the file ends$"):
        Feed(Source(io.BytesIO(gzip.compress(b"abcdefgh")[:5])))


def test_a_file_really_grows(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    blocks = Source(path, follow=True).blocks()
    assert next(blocks) == b"abc"
    later = threading.Timer(0.1, append, (path, b"def"))
    later.start()
    assert next(blocks) == b"def"
    later.join()
