"""Opening capture files: the format is found by content, or chosen by name when writing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO, Self

from dissectors.packet import Interface, Packet
from rawcap.files import compression
from rawcap.files.blocks import Block, Statistics
from rawcap.files.errors import CaptureError
from rawcap.files.pcap import PcapReader, PcapWriter, is_pcap
from rawcap.files.pcapng import PcapngReader, PcapngWriter, is_pcapng
from rawcap.files.source import Feed, Source
from rawcap.files.writer import CaptureWriter, Sink

_WRITERS: dict[str, type[PcapWriter] | type[PcapngWriter]] = {"pcap": PcapWriter, "pcapng": PcapngWriter}
_FORMATS = {".pcap": "pcap", ".cap": "pcap", ".pcapng": "pcapng"}


class Capture:
    """A capture file being read: an iterator of its packets, and a context manager that closes it.

        with open_capture("trace.pcapng") as capture:
            for packet in capture:
                ...

    A capture is read once, from its start to its end, and closes itself there. Iteration raises CutCapture, after
    the last whole packet, when the file ends in the middle of one, and CaptureError when it is damaged.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        feed = Feed(source)
        self._reader: PcapReader | PcapngReader
        if is_pcap(feed.start):
            self._reader = PcapReader(feed)
        elif is_pcapng(feed.start):
            self._reader = PcapngReader(feed)
        else:
            raise feed.unrecognised()
        self._records: Iterator[Any] | None = None
        self._everything = False

    @property
    def path(self) -> str | None:
        """The path that was opened, "-" for standard input, None for a stream."""
        return self._source.path

    @property
    def label(self) -> str:
        """The file as messages name it."""
        return self._source.label

    @property
    def format(self) -> str:
        """The file's format, "pcap" or "pcapng"."""
        return self._reader.format

    @property
    def interfaces(self) -> list[Interface]:
        """Every interface met so far, of all sections; the one of a pcap file from the start."""
        return self._reader.interfaces

    @property
    def names(self) -> dict[str, str]:
        """Address text to name, from the name resolution blocks met so far."""
        return self._reader.names

    @property
    def secrets(self) -> list[tuple[int, bytes]]:
        """Type and content of the decryption secrets blocks met so far; type 0x544c534b is a TLS key log."""
        return self._reader.secrets

    @property
    def statistics(self) -> list[Statistics]:
        """What the interface statistics blocks met so far say, in file order."""
        return self._reader.statistics

    @property
    def position(self) -> int:
        """Octets of the file (as stored, so compressed where it is) taken in so far."""
        return self._source.position

    @property
    def size(self) -> int | None:
        """Octets of the file as stored; None where that is not known, as of a pipe."""
        return self._source.size

    def blocks(self) -> Iterator[Packet | Block]:
        """Packets and all other blocks in file order, so that a copy loses nothing; a pcap file has only packets."""
        return self._read(everything=True)

    def __iter__(self) -> Iterator[Packet]:
        return self._read(everything=False)

    def __next__(self) -> Packet:
        packet: Packet = next(self._read(everything=False))
        return packet

    def _read(self, *, everything: bool) -> Iterator[Any]:
        if self._records is None:
            self._everything = everything
            self._records = self._reader.records(everything)
        elif everything != self._everything:
            raise ValueError("a capture gives either its packets or its blocks; open it again for the other")
        return self._records

    def close(self) -> None:
        """Close the file; standard input and the caller's own streams stay open."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_capture(source: str | os.PathLike[str] | BinaryIO, *, follow: bool = False) -> Capture:
    """Open a capture for reading: a path, "-" for standard input, or a binary stream at the capture's start.

    pcap and pcapng are told apart by content, and so are gzip, zstd, lz4 and xz around either. With `follow`, the
    end of a regular file is where more is waited for, until the caller stops; a file that is truncated or replaced
    meanwhile ends in CaptureError.

    Raises CaptureError when the file is missing, a directory, not readable, empty or not a capture.
    """
    opened = Source(source, follow=follow)
    try:
        return Capture(opened)
    except BaseException:
        opened.close()
        raise


def create_capture(
    target: str | os.PathLike[str] | BinaryIO,
    *,
    format: str | None = None,
    like: Capture | None = None,
    overwrite: bool = True,
) -> CaptureWriter:
    """Open a capture for writing: a path, "-" for standard output, or a binary stream.

    The format is `format` ("pcap" or "pcapng"), else what the name's extension says (.pcap, .cap or .pcapng, before
    .gz, .zst, .lz4 or .xz for a compressed file); for a name without one that of `like`, else pcapng. `like` is the
    capture that is being copied: a pcap file takes its resolution, and one without packets its link type, from
    `like`'s interfaces.

    Raises CaptureError when the extension is another one, when the file cannot be made, when it is `like` itself, and
    with `overwrite` false when it is there.
    """
    if format is None:
        format = _format_of(target) or (like.format if like is not None else "pcapng")
    if format not in _WRITERS:
        raise CaptureError(f"{format} is not a format that can be written; choose {' or '.join(_WRITERS)}")
    if like is not None and like.path is not None and isinstance(target, (str, os.PathLike)):
        with contextlib.suppress(OSError, ValueError):
            if os.path.samefile(like.path, target):
                raise CaptureError(f"{like.label} is being read; write to another file")
    return _WRITERS[format](Sink(target, overwrite=overwrite), like.interfaces if like is not None else [])


def _format_of(target: str | os.PathLike[str] | BinaryIO) -> str | None:
    """The format that a name's extension asks for; None for a name without one. Raises CaptureError for another."""
    if not isinstance(target, (str, os.PathLike)):
        return None
    path = os.fspath(target)
    stem, extension = os.path.splitext(path.lower())
    if extension in compression.SUFFIXES:
        extension = os.path.splitext(stem)[1]
    if extension and extension not in _FORMATS:
        raise CaptureError(f"{path}: written as .pcap or .pcapng, with .gz, .zst, .lz4 or .xz behind it")
    return _FORMATS.get(extension)
