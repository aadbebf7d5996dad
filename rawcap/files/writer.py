"""Where a capture is written to, and what every writer of a format has in common."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from io import BufferedWriter, FileIO
from types import TracebackType
from typing import BinaryIO, ClassVar, Self

from dissectors.packet import Interface, Packet
from rawcap.files import compression
from rawcap.files.blocks import Block, Statistics
from rawcap.files.compression import Compressor, Octets
from rawcap.files.errors import CaptureError, reason

# Octets gathered before they go to the file, and from which on records go there by themselves.
_GATHERED = 1 << 18

Whole = Callable[[memoryview, int], tuple[int, int]]
"""Of octets that begin, with a record, at this place in the file: how many are whole records, and their packets."""


class Sink:
    """The bytes of one file on their way out, compressed when the name's extension says so.

    `target` is a path, "-" for standard output, or a binary stream; the last two are left open. With `overwrite`
    false a file that is there stays as it is. Raises CaptureError when the file cannot be made or written; a closed
    pipe stays a BrokenPipeError, as a reader that has seen enough is no mistake.

    What is written comes in whole records. When a write fails (the disk is full, a limit is reached), a file that
    was opened here is cut back to the last whole record that reached it, and the error says how many packets that
    leaves; compressed, to the last point at which the stream can be ended, up to a quarter of a mebibyte of records
    earlier (xz: four mebibytes). After that nothing can be written any more.
    """

    def __init__(self, target: str | os.PathLike[str] | BinaryIO, *, overwrite: bool) -> None:
        self.size = 0
        """Octets written so far, before compression; after a failure of a file without it, those that are there."""
        self.packets = 0
        """Packets written so far; after a failure those in the file."""
        self.whole: Whole = lambda reached, place: (0, 0)
        """Finds the last whole record in what reached the file of a write that failed; the format's writer sets it."""
        self._compressor: Compressor | None = None
        self._owned: FileIO | BufferedWriter | None = None
        self._file: FileIO | None = None  # the same when it can be cut
        self._stream: BinaryIO | BufferedWriter | FileIO
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
            file = self._open(path, overwrite)
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                self._stream = self._owned = self._file = file
            else:
                self._stream = self._owned = BufferedWriter(file, 1 << 20)
            packed = compression.SUFFIXES.get(os.path.splitext(path)[1].lower())
            if packed is not None:
                self._compressor = compression.compressor(packed)
        self._pending = bytearray(self._compressor.beginning if self._compressor is not None else b"")
        # A stream gathers on its own, or is meant not to.
        self._gather = _GATHERED if self._file is not None else 1
        self._unsettled = 0  # octets compressed since the last point at which the stream can be ended
        self._end = 0  # octets that the file holds
        self._point = (0, 0, b"")  # where it may be cut: octets, the packets in them, what to end the stream with
        self._closed = False
        self._refusal: Exception | None = None  # why nothing can be written any more

    @staticmethod
    def _open(path: str, overwrite: bool) -> FileIO:
        try:
            return open(path, "wb" if overwrite else "xb", buffering=0)
        except FileExistsError:
            raise CaptureError(f"{path} exists already; choose another name or allow it to be overwritten") from None
        except IsADirectoryError:
            raise CaptureError(f"{path} is a directory; name a file in it") from None
        except FileNotFoundError:
            raise CaptureError(f"{path} cannot be made: there is no directory {os.path.dirname(path)}") from None
        except (OSError, ValueError) as error:  # ValueError: a zero octet in the path
            raise CaptureError(f"{path} cannot be made: {reason(error)}") from None

    def write(self, records: Octets, packets: int = 0) -> None:
        """Add whole records, with so many packets among them, to the file.

        Small ones are gathered; large ones go out in one piece, without being copied. Either way the memory is the
        caller's own again.
        """
        if self._refusal is not None:
            raise self._refusal
        if self._compressor is not None:
            self._pending += self._compressor.compress(records)
            self._unsettled += len(records)
            self.size += len(records)
            self.packets += packets
            if self._unsettled >= self._compressor.interval:
                self._settle()
        elif len(records) < self._gather:
            self._pending += records
            self.size += len(records)
            self.packets += packets
            if len(self._pending) >= self._gather:
                self._settle()
        else:
            self._settle()
            self._put(records, packets)

    def flush(self) -> None:
        """Hand everything written so far to the system, for whoever reads the file as it grows."""
        if self._refusal is not None:
            raise self._refusal
        self._settle()
        if self._file is None:
            try:
                self._stream.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise self._failed(error) from None

    def close(self) -> None:
        """Complete the compressed data and close the file, if it was opened here. May be called again."""
        if self._closed:
            return
        self._closed = True
        try:
            try:
                if self._refusal is not None:
                    raise self._refusal
                self._settle()
                self._undo()
                if self._compressor is not None:
                    self._pending += self._compressor.finish()
                    self._put(self._pending, None)
                self._refusal = CaptureError(f"{self.label} is closed")
            finally:
                if self._owned is not None:
                    self._owned.close()
                else:
                    self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from None

    def _settle(self) -> None:
        """Send out what was gathered, compressed data up to a point at which the stream can be ended."""
        ending = b""
        if self._compressor is not None:
            if self._unsettled:
                self._pending += self._compressor.flush()
                self._unsettled = 0
            ending = self._compressor.ending
        if self._pending:
            self._put(self._pending, None, ending)

    def _put(self, octets: Octets, packets: int | None, ending: bytes = b"") -> None:
        """Send octets out: what was gathered, or else records with so many packets."""
        done = 0
        try:
            self._undo()
            while done < len(octets):
                written = self._stream.write(memoryview(octets)[done:] if done else octets)
                done = len(octets) if written is None else done + written
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error, memoryview(octets)[:done]) from None
        pending = bytearray() if packets is None else self._pending
        # From here on there is no call: an exception from a signal comes before all of this or after it.
        self._end += done
        self._pending = pending
        if packets is not None:
            self.size += done
            self.packets += packets
        self._point = (self._end, self.packets, ending)

    def _undo(self) -> None:
        """Undo a write when an exception from a signal came between it and the account of it."""
        if self._file is not None and self._file.tell() != self._end:
            self._file.seek(self._end)
            self._file.truncate()

    def _failed(self, error: OSError, reached: memoryview | None = None) -> CaptureError:
        """Cut the file after its last whole record, if it can be; gives the error that says so.

        `reached` are the octets of the failed write that are in the file.
        """
        text = f"{self.label} cannot be written: {reason(error)}"
        self._pending = bytearray()
        if self._file is not None and reached is not None:
            end, packets, ending = self._point
            if self._compressor is None:
                octets, more = self.whole(reached, self._end)
                end, packets = end + octets, packets + more
                self.size = end
            self.packets = packets
            with contextlib.suppress(OSError):
                self._file.seek(end)
                self._file.truncate()
                self._file.write(ending)
            plural = "s" if packets != 1 else ""
            text += f"; it holds {f'the {packets:,} packet{plural} written before' if packets else 'no packet'}"
        refusal = self._refusal = CaptureError(text)
        return refusal


class CaptureWriter(ABC):
    """Writes packets, and the blocks around them where the format has a place for them, to one capture file.

    A context manager; leaving it closes the file. The file is complete only when it has been closed; before that, and
    when its writing ends in an error or the process is killed, it holds whole records and at most one cut at its end.
    """

    format: ClassVar[str]

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._closed = False
        sink.whole = self._whole

    @property
    def label(self) -> str:
        """The file as messages name it."""
        return self._sink.label

    @property
    def count(self) -> int:
        """Packets written so far; after an error of the system, those that the file holds."""
        return self._sink.packets

    @property
    def size(self) -> int:
        """Octets written so far, those that wait to go out included; of a compressed file, before compression."""
        return self._sink.size

    @abstractmethod
    def write(self, item: Packet | Block) -> None:
        """Add a packet, or a block of a pcapng file.

        Raises CaptureError when the format has no room for it or the file cannot be written, BrokenPipeError when
        the pipe's reader has gone.
        """

    @abstractmethod
    def begin(self, interface: Interface) -> int:
        """Make ready for packets of this interface; gives the number by which their records name it.

        pcapng describes the interface unless the open section has it, and numbers from 0 in each section; in pcap the
        number is always 0. Raises CaptureError when the format has no room for the interface or the file cannot be
        written.
        """

    @abstractmethod
    def resolution(self, interface: Interface) -> int:
        """Units a second of the times in records of an interface that `begin` has made ready."""

    def append(self, records: Octets, packets: int) -> None:
        """Add whole records that were encoded elsewhere, with so many packets in them.

        They are in the file's format and of interfaces that `begin` has made ready: with the number it gave, times in
        units of their `resolution`, in the interface's byte order (pcap: that of the first interface). Nothing of
        this is checked. A large piece (a quarter of a mebibyte) goes to the file in one write, without a copy;
        the memory is the caller's own again when this returns.

        Raises CaptureError when the file cannot be written, BrokenPipeError when the pipe's reader has gone.
        """
        self._sink.write(records, packets)

    @abstractmethod
    def statistics(self, statistics: Statistics) -> None:
        """Add the counts of an interface, where the format has a place for them: pcapng has, pcap has not."""

    @abstractmethod
    def _whole(self, reached: memoryview, place: int) -> tuple[int, int]:
        """How many of these octets, which begin with a record at this place in the file, are whole; their packets."""

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
