"""Where the bytes of a capture come from: a file, standard input, a pipe, a stream; whole or still growing.

A Source gives blocks of bytes as they lie in the file. A Feed stands between it and a reader of a format: it takes
off the compression and hands out as many bytes as the reader asks for, never more than there are. Readers work on
plain `bytes` of about 64 KiB, which stay in the processor's cache, and carry the unread rest over; nothing is mapped
and nothing is kept. Reading in bulk has the Feed fill room of its own instead, from a regular file without a copy.
"""

from __future__ import annotations

import io
import itertools
import os
import select
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from rawcap.files import compression
from rawcap.files.errors import CaptureError, reason

_BLOCK = 1 << 16
_POLL_SECONDS = 0.05


class Stop:
    """Has a source end that waits for a pipe: called by any thread, at any time and any number of times."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.called = False

    def __call__(self) -> None:
        with self._lock:  # the number may be another file's once this one is closed
            first, self.called = not self.called, True  # said before anybody is woken to see it
            if first and self._descriptor >= 0:
                os.eventfd_write(self._descriptor, 1)

    def ends_wait(self, descriptor: int) -> bool:
        """Wait until there is something to read from `descriptor`, or its end; True when it was called before that."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        waiting.register(descriptor, select.POLLIN)
        waiting.poll()
        return self.called

    def close(self) -> None:
        """Nobody reads any more."""
        with self._lock:
            os.close(self._descriptor)
            self._descriptor = -1


class Source:
    """The bytes of one file in order, as they are stored.

    `source` is a path, "-" for standard input, or a binary stream, which stays the caller's to close. With `follow`
    the end of a regular file is a place to wait, not an end. Where more is to come from a pipe, `stop` is an end, too.

    Raises CaptureError when the file is missing, a directory, or not readable; the blocks raise it too, when
    reading fails or when a followed file is truncated, replaced or removed.
    """

    def __init__(
        self, source: str | os.PathLike[str] | BinaryIO, *, follow: bool = False, stop: Stop | None = None
    ) -> None:
        self.path: str | None = None
        self._owned: io.FileIO | None = None
        read: Callable[[int], bytes | None]
        if isinstance(source, (str, os.PathLike)):
            self.path = os.fspath(source)
            self.label = self.path
            if self.path == "-":
                self.label = "standard input"
                if sys.stdin is None:
                    raise CaptureError("standard input is closed; give the name of a file")
                stream: BinaryIO = sys.stdin.buffer
            else:
                self._owned = self._open(self.path, waits=stop is None)
        else:
            stream = source
            self.label = str(getattr(source, "name", "the stream"))
        if self._owned is not None:
            read = self._owned.read
        else:
            # read1 returns what a pipe holds now; read would wait until a whole block is there.
            read = getattr(stream, "read1", stream.read)
        self._read = read
        self._descriptor = self._fileno(self._owned if self._owned is not None else stream)
        self._regular = self._descriptor is not None and stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        self._follow = follow and self._regular
        self._stop = None if self._regular else stop
        self.position = 0

    @staticmethod
    def _open(path: str, *, waits: bool) -> io.FileIO:
        """The file; unless it `waits`, a named pipe is opened before somebody writes to it."""
        try:
            return open(path, "rb", buffering=0, opener=None if waits else _opened_at_once)
        except FileNotFoundError:
            raise CaptureError(f"{path}: there is no such file") from None
        except IsADirectoryError:
            raise CaptureError(f"{path} is a directory, not a capture file") from None
        except (OSError, ValueError) as error:  # ValueError: a zero octet in the path
            raise CaptureError(f"{path} cannot be opened: {reason(error)}") from None

    @staticmethod
    def _fileno(stream: BinaryIO | io.FileIO) -> int | None:
        try:
            return stream.fileno()
        except (AttributeError, OSError, ValueError):
            return None

    @property
    def size(self) -> int | None:
        """Octets in the file now; None when that is not known (a pipe, a stream in memory, a closed file)."""
        if not self._regular or self._descriptor is None:
            return None
        return os.fstat(self._descriptor).st_size

    def blocks(self) -> Iterator[bytes]:
        """The bytes, in blocks of at most 64 KiB; none is empty. At their end the file is closed."""
        try:
            while True:
                changed = self._changed() if self._follow else None
                block = self._block()
                if block:
                    self.position += len(block)
                    yield block
                elif changed:
                    raise CaptureError(f"{self.label} was {changed} while it was followed, at byte {self.position}")
                elif self._follow:
                    time.sleep(_POLL_SECONDS)
                else:
                    return
        finally:
            self.close()

    def _block(self) -> bytes | None:
        if self._stop is not None and self._descriptor is not None and self._stop.ends_wait(self._descriptor):
            return None
        try:
            return self._read(_BLOCK)
        except OSError as error:
            raise CaptureError(f"{self.label}: reading failed at byte {self.position}: {reason(error)}") from None

    @property
    def fills(self) -> bool:
        """Whether `fill` serves: of a regular file that was opened here and is not followed."""
        return self._owned is not None and self._regular and not self._follow

    def fill(self, room: memoryview) -> int:
        """Read into `room`; gives how many octets, 0 at the end of the file."""
        assert self._owned is not None
        try:
            octets = self._owned.readinto(room) or 0
        except OSError as error:
            raise CaptureError(f"{self.label}: reading failed at byte {self.position}: {reason(error)}") from None
        self.position += octets
        return octets

    def _changed(self) -> str | None:
        """What happened to a followed file other than growing. Asked before each read, so that nothing is missed."""
        assert self._descriptor is not None
        opened = os.fstat(self._descriptor)
        if opened.st_size < self.position:
            return "truncated"
        if self._owned is None:
            return None
        assert self.path is not None
        try:
            named = os.stat(self.path)
        except OSError:
            return "removed"
        return None if os.path.samestat(opened, named) else "replaced by another file"

    def close(self) -> None:
        """Close the file if it was opened here."""
        if self._owned is not None:
            self._regular = False
            self._owned.close()


def _opened_at_once(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


class Supply(Protocol):
    """What a reader of a format takes octets from: a Feed, or a part of one."""

    label: str

    def extend(self, rest: bytes, needed: int) -> bytes:
        """`rest` with the octets that follow it, `needed` or more; fewer where they end before that."""

    def place(self, offset: int) -> str:
        """An offset as a message names it."""


class Feed:
    """The bytes of a capture as its format defines them: decompressed, and counted for messages."""

    def __init__(self, source: Source) -> None:
        self.label = source.label
        self._source = source
        self._blocks = source.blocks()
        self._packed = False
        self._left = memoryview(b"")
        self._measured = ""
        start = self.extend(b"", compression.SIGNATURE_LENGTH)
        packed = compression.recognise(start)
        if packed is not None:
            self._packed = True
            self._blocks = compression.decompress(packed, itertools.chain([start], self._blocks), self.label)
            self._measured = " of the decompressed data"
            start = self.extend(b"", compression.SIGNATURE_LENGTH)
        if not start:
            raise CaptureError(f"{self.label} is empty: it holds no capture")
        self.start = start
        """The first bytes of the capture: enough to tell its format, unless the file is shorter than that."""

    def extend(self, rest: bytes, needed: int) -> bytes:
        """`rest` with the bytes that follow it: `needed` or more, or all there are when the file ends before that.

        Waits for them when the file is followed. Raises CutCapture when compressed data are cut short: the caller
        has then dealt with everything before.
        """
        pieces = [rest]
        have = len(rest)
        while have < needed:
            block = next(self._blocks, None)
            if block is None:
                break
            pieces.append(block)
            have += len(block)
        return b"".join(pieces)

    def give_back(self, octets: bytes) -> None:
        """Have these come again before those that follow: to `fill`, which alone is to be called from then on."""
        self._left = memoryview(octets)

    def fill(self, room: memoryview) -> int:
        """Put some of the octets that follow into `room`; gives how many, 0 where the capture ends.

        Raises what `extend` raises.
        """
        if not self._left and not self._packed and self._source.fills:
            return self._source.fill(room)
        piece = self._left or memoryview(next(self._blocks, b""))
        octets = min(len(piece), len(room))
        room[:octets] = piece[:octets]
        self._left = piece[octets:]
        return octets

    def unrecognised(self) -> CaptureError:
        """The error of a file that is no capture."""
        return CaptureError(
            f"{self.label} is not a capture: it begins with {self.start[:4].hex(' ')}, as neither pcap nor pcapng "
            "does (nor gzip, zstd, lz4 or xz around them)"
        )

    def place(self, offset: int) -> str:
        """An offset as a message names it."""
        return f"byte {offset}{self._measured}"
