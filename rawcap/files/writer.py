"""Where a capture is written to, and what every writer of a format has in common."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from types import TracebackType
from typing import IO, BinaryIO, ClassVar, Self

from dissectors.packet import Packet
from rawcap.files import compression
from rawcap.files.blocks import Block
from rawcap.files.errors import CaptureError, reason


class Sink:
    """The bytes of one file on their way out, compressed when the name's extension says so.

    `target` is a path, "-" for standard output, or a binary stream; the last two are left open. With `overwrite`
    false a file that is there stays as it is. Raises CaptureError when the file cannot be made or written; a closed
    pipe stays a BrokenPipeError, as a reader that has seen enough is no mistake.
    """

    def __init__(self, target: str | os.PathLike[str] | BinaryIO, *, overwrite: bool) -> None:
        packed = None
        self._owned: BinaryIO | None = None
        self._stream: IO[bytes]
        if not isinstance(target, (str, os.PathLike)):
            self.label = str(getattr(target, "name", "the stream"))
            self._stream = target
        elif (path := os.fspath(target)) == "-":
            self.label = "standard output"
            if sys.stdout is None:
                raise CaptureError("standard output is closed; give the name of a file")
            self._stream = sys.stdout.buffer
        else:
            self.label = path
            packed = compression.SUFFIXES.get(os.path.splitext(path)[1].lower())
            self._stream = self._owned = self._open(path, overwrite)
        self._compressor = compression.compress(packed, self._stream) if packed else None
        self._output: compression.Output = self._compressor or self._stream

    @staticmethod
    def _open(path: str, overwrite: bool) -> BinaryIO:
        try:
            return open(path, "wb" if overwrite else "xb", buffering=1 << 20)
        except FileExistsError:
            raise CaptureError(f"{path} exists already; choose another name or allow it to be overwritten") from None
        except IsADirectoryError:
            raise CaptureError(f"{path} is a directory; name a file in it") from None
        except FileNotFoundError:
            raise CaptureError(f"{path} cannot be made: there is no directory {os.path.dirname(path)}") from None
        except (OSError, ValueError) as error:  # ValueError: a zero octet in the path
            raise CaptureError(f"{path} cannot be made: {reason(error)}") from None

    def write(self, data: bytes) -> None:
        """Add bytes to the file."""
        try:
            self._output.write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from None

    def flush(self) -> None:
        """Hand everything written so far to the system, for whoever reads the file as it grows."""
        try:
            self._output.flush()
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Complete the compressed data and close the file, if it was opened here. May be called again."""
        try:
            try:
                if self._compressor is not None:
                    self._compressor.close()
            finally:
                if self._owned is not None:
                    self._owned.close()
                else:
                    self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> CaptureError:
        return CaptureError(f"{self.label} cannot be written: {reason(error)}")


class CaptureWriter(ABC):
    """Writes packets, and the blocks around them where the format has a place for them, to one capture file.

    A context manager; leaving it closes the file. The file is complete only when it has been closed.
    """

    format: ClassVar[str]

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._closed = False
        self.count = 0
        """Packets written so far."""

    @property
    def label(self) -> str:
        """The file as messages name it."""
        return self._sink.label

    @abstractmethod
    def write(self, item: Packet | Block) -> None:
        """Add a packet, or a block of a pcapng file.

        Raises CaptureError when the format has no room for it or the file cannot be written, BrokenPipeError when
        the pipe's reader has gone.
        """

    @abstractmethod
    def _begin_empty(self) -> None:
        """Write what makes a file without packets a capture, if nothing has been written yet."""

    def flush(self) -> None:
        """Hand everything written so far to the system, for whoever reads the file as it grows."""
        self._sink.flush()

    def close(self) -> None:
        """Complete the file and close it; standard output and the caller's own streams stay open."""
        if not self._closed:
            self._closed = True
            try:
                self._begin_empty()
            finally:
                self._sink.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
