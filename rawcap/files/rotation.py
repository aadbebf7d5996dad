"""A capture over successive files, and the limits that end a file or a capture.

    trace_00001_20261124120000.pcapng    trace_00002_20261124120500.pcapng    trace_00003_20261124121000.pcapng

The names are those of Wireshark's ring buffer: the number of the file and the local time at which it was begun come
before the endings. Each file is a capture of its own, and together they hold every packet once.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from dissectors.packet import Interface, Packet
from rawcap.files import compression
from rawcap.files.blocks import Block, Statistics
from rawcap.files.capture import create_capture
from rawcap.files.compression import Octets
from rawcap.files.errors import CaptureError, reason
from rawcap.files.writer import CaptureWriter

_FORMS = {
    "duration": (r"\d+(\.\d+)?", "a number of seconds, as in duration:60"),
    "filesize": (r"\d+", "a whole number of kilobytes (1000 octets each), as in filesize:10000"),
    "packets": (r"\d+", "a whole number, as in packets:1000"),
    "files": (r"\d+", "a whole number, as in files:10"),
}
"""The kinds of limits: what the number looks like, in a regular expression and in words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a capture, or one file of it, may go; None is no limit.

    `duration_s` are seconds, `octets` those of a file (before compression), `files` how many files.
    """

    duration_s: float | None = None
    packets: int | None = None
    octets: int | None = None
    files: int | None = None


def limits(texts: Sequence[str], option: str) -> Limits:
    """The limits that the values of -a or -b say: duration:S, filesize:KB (of 1000 octets), packets:N, files:N.

    `option` is the one that the error names. Raises ValueError, in one line for the user, for a value that says no
    limit, and for a second one of a kind.
    """
    said: dict[str, str] = {}
    for text in texts:
        kind, _, number = text.partition(":")
        if kind not in _FORMS:
            import difflib

            near = difflib.get_close_matches(kind, _FORMS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_FORMS)}"
            raise ValueError(f"{option} {text}: there is no limit {kind!r}; {hint}")
        pattern, words = _FORMS[kind]
        if not re.fullmatch(pattern, number, re.ASCII) or not 0 < float(number) < math.inf:
            raise ValueError(f"{option} {text}: {kind} takes {words}")
        if kind in said:
            raise ValueError(f"{option} {text}: {kind} has been given before")
        said[kind] = number
    return Limits(
        duration_s=float(said["duration"]) if "duration" in said else None,
        packets=int(said["packets"]) if "packets" in said else None,
        octets=int(said["filesize"]) * 1000 if "filesize" in said else None,
        files=int(said["files"]) if "files" in said else None,
    )


class Rotation:
    """Writes packets to one file after the other, in the way of a CaptureWriter.

    The next file is begun, with the next packet, when the current one has `packets` packets or has reached `octets`
    octets (it is at most one record larger), or after `duration_s` seconds, then even when no packet comes. Every file
    has at least one packet unless it was its time that ran out. `files` is how many are kept: from there on each new
    file removes the oldest that this rotation made. What stands in the way of a new file is left as it is and
    raises CaptureError, unless `overwrite` is true.

    Each file begins with `section` (pcapng) and the interfaces that were begun, in the same order, so that their
    numbers are the same in all files. `ending` is asked before a file is left for the next: its statistics end
    that file. The last file is treated as any writer's, with `statistics` and `close`.

    `clock` counts seconds from any moment on; `date` seconds since the epoch, for the names.

    The first file is made at once. Raises CaptureError when it cannot be, ValueError when the limits have no end for a
    file.
    """

    def __init__(
        self,
        target: str | os.PathLike[str],
        limits: Limits,
        *,
        format: str | None = None,
        section: Block | None = None,
        ending: Callable[[], Iterable[Statistics]] | None = None,
        overwrite: bool = False,
        clock: Callable[[], float] = time.monotonic,
        date: Callable[[], float] = time.time,
    ) -> None:
        path = os.fspath(target)
        if path == "-":
            raise CaptureError("standard output is one file; give the name of a file to begin new ones by")
        if limits.duration_s is None and limits.packets is None and limits.octets is None:
            raise ValueError("nothing says when the next file begins: give a duration, filesize or packets")
        self._stem, self._endings = os.path.splitext(path)
        if self._endings.lower() in compression.SUFFIXES:
            self._stem, ending_of_format = os.path.splitext(self._stem)
            self._endings = ending_of_format + self._endings
        self._limits = limits
        self._format = format
        self._section = section
        self._ending = ending
        self._overwrite = overwrite
        self._clock = clock
        self._date = date
        self._interfaces: dict[Interface, None] = {}  # in the order in which they were begun
        self._before = 0  # packets in the files before the current one
        self._number = 0
        self._full = False
        self.complete = 0
        """Files that have reached a limit, the current one with them if it has."""
        self.paths: list[str] = []
        """The files that are kept, the oldest first and the current one last."""
        self._writer = self._open()
        self._due = clock() + limits.duration_s if limits.duration_s is not None else math.inf

    @property
    def format(self) -> str:
        """The format of the files, "pcap" or "pcapng"."""
        return self._writer.format

    @property
    def label(self) -> str:
        """The current file as messages name it."""
        return self._writer.label

    @property
    def count(self) -> int:
        """Packets written so far to all files; after an error of the system, those that the files hold or held."""
        return self._before + self._writer.count

    @property
    def size(self) -> int:
        """Octets written so far to the current file, before compression."""
        return self._writer.size

    def begin(self, interface: Interface) -> int:
        """Make ready for packets of this interface; gives the number by which records name it in this and later files.

        The interfaces of one rotation have one byte order. Raises CaptureError as CaptureWriter.begin does.
        """
        number = self._writer.begin(interface)
        self._interfaces[interface] = None
        return number

    def resolution(self, interface: Interface) -> int:
        """Units a second of the times in records of an interface that `begin` has made ready."""
        return self._writer.resolution(interface)

    def room(self) -> tuple[int | None, int | None]:
        """How many packets may be appended next, and octets: a record may begin before so many, and end behind them.

        Begins the next file when the current one has reached a limit, so that there is always room for one packet.
        None where there is no limit. Raises CaptureError when a file cannot be written or made.
        """
        self._ready()
        packets, octets = self._limits.packets, self._limits.octets
        return (
            packets - self._writer.count if packets is not None else None,
            max(octets - self._writer.size, 1) if octets is not None else None,
        )

    def write(self, packet: Packet) -> None:
        """Add a packet. Raises CaptureError as CaptureWriter.write does, or when the next file cannot be made."""
        self._ready()
        if packet.interface not in self._interfaces:
            self.begin(packet.interface)
        self._writer.write(packet)
        self._measure()

    def append(self, records: Octets, packets: int) -> None:
        """Add whole records that were encoded elsewhere, as CaptureWriter.append does; no more than `room` allows.

        Raises CaptureError when a file cannot be written or made, ValueError for more packets than there is room for.
        """
        self._ready()
        most = self._limits.packets
        if most is not None and self._writer.count + packets > most:
            raise ValueError(f"{packets} packets are more than fit into {self.label}")
        self._writer.append(records, packets)
        self._measure()

    def statistics(self, statistics: Statistics) -> None:
        """Add the counts of an interface to the current file."""
        self._writer.statistics(statistics)

    def tick(self) -> None:
        """Look at the clock, for when nothing comes.

        The first call after the time has run out makes the file a complete one, the second begins the next; what is
        to end with so many files can end in between.
        """
        if self._clock() >= self._due:
            if self._full:
                self._turn()
            else:
                self._reached()

    def flush(self) -> None:
        """Hand everything written so far to the system, for whoever reads the file as it grows."""
        self._writer.flush()

    def close(self) -> None:
        """Complete the current file and close it."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ready(self) -> None:
        """Begin the next file if the current one has reached a limit."""
        if self._full or self._clock() >= self._due:
            self._reached()
            self._turn()

    def _measure(self) -> None:
        most, largest = self._limits.packets, self._limits.octets
        if (most is not None and self._writer.count >= most) or (largest is not None and self._writer.size >= largest):
            self._reached()

    def _reached(self) -> None:
        if not self._full:
            self._full = True
            self.complete += 1

    def _turn(self) -> None:
        """Leave the current file for the next."""
        if self._ending is not None:
            for statistics in self._ending():
                self._writer.statistics(statistics)
        self._writer.close()
        before = self.count
        self._writer = self._open()
        self._before = before
        self._full = False
        if self._limits.duration_s is not None:
            now = self._clock()
            if now >= self._due:
                # One that begins late, for want of a packet or a tick, does not make those after it late.
                now -= (now - self._due) % self._limits.duration_s
            self._due = now + self._limits.duration_s
        while self._limits.files is not None and len(self.paths) > self._limits.files:
            self._remove(self.paths.pop(0))

    def _open(self) -> CaptureWriter:
        self._number += 1
        date = time.strftime("%Y%m%d%H%M%S", time.localtime(self._date()))
        path = f"{self._stem}_{self._number:05d}_{date}{self._endings}"
        writer = create_capture(path, format=self._format, overwrite=self._overwrite)
        self.paths.append(path)
        try:
            if self._section is not None:
                writer.write(self._section)
            for interface in self._interfaces:
                writer.begin(interface)
        except BaseException:
            writer.close()
            raise
        return writer

    @staticmethod
    def _remove(path: str) -> None:
        try:
            os.remove(path)
        except FileNotFoundError:
            pass  # who took it away meant it
        except OSError as error:
            raise CaptureError(f"{path} cannot be removed to make room: {reason(error)}") from None
