"""The kernel's tracepoints: a private instance in tracefs, its events, and their records in binary.

An instance has buffers, events, filters and a clock of its own, and disturbs nobody who traces besides. It is called
`rawcap-PID-NUMBER`, is removed by its owner, and where that was killed by the next one (`sweep`).

Where tracefs is not mounted at /sys/kernel/tracing nothing is mounted either: fsmount(2) gives a mount that is in no
namespace and is reached through its descriptor alone. It goes with the process, however that ends.

Time. Frames carry CLOCK_REALTIME. The trace clock is `mono`, which is CLOCK_MONOTONIC read in the way that is safe in
an interrupt: what lies between the two clocks is measured around each reading of the buffers, so that a step of the
time of day moves what is read afterwards as it moves the frames. (`tai` minus the kernel's offset would do without
measuring, and was measured to agree no better, but it is not monotonic, and the ring buffer takes a step backwards for
an error.) On the loopback interface a packet socket times a frame 3 to 13 µs behind net_dev_queue, and 1 µs behind
netif_receive_skb, which is passed before the sockets that capture.

The layout of a page and of a record are told by the kernel itself, in events/header_page and in each event's `format`
(linux/ring_buffer.h, Documentation/trace/ring-buffer-map.rst).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import itertools
import os
import re
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.linux import libc

MOUNTED = "/sys/kernel/tracing"
NAME = re.compile(r"rawcap-(\d+)-\d+")
"""What the instances are called, with the process that made them."""

BUFFER_KIB = 1024
"""The buffer of each processor, by default."""

_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432  # the same numbers on every architecture
_FSOPEN_CLOEXEC, _FSCONFIG_CMD_CREATE, _FSMOUNT_CLOEXEC = 1, 6, 1
_SYMBOL = re.compile(r'\{ ?(-?\d+|0x[0-9a-fA-F]+), "([^"]*)" \}')
_FIELD = re.compile(r"\tfield:(.+?);\toffset:(\d+);\tsize:(\d+);\tsigned:([01]);")
_PADDING, _TIME_EXTEND, _TIME_STAMP = 29, 30, 31
_MISSED, _MISSED_STORED = 1 << 31, 1 << 30  # of a page's `commit`
_LENGTH_BITS = 0xFFFFF
_MOST_READ = 1_000_000  # records of a processor: who makes them faster than they are read is not to hold up the reader
_numbers = itertools.count()


class Record(NamedTuple):
    """A tracepoint that was passed: `time_ns` on the clock of the frames, and the fields by name.

    A string is a str, an array of octets bytes, everything else a number. `tid` is the thread that the processor was
    running, which for what the kernel does on its own is any; 0 is none.
    """

    time_ns: int
    name: str
    tid: int
    fields: Mapping[str, Any]


class Lost(NamedTuple):
    """Records that the kernel had no room for, so many of them, on a processor; at this time it was noticed."""

    time_ns: int
    processor: int
    records: int


@dataclass(frozen=True)
class Format:
    """The layout of an event's records, and the names of its numbers, as its `format` file tells."""

    name: str
    number: int
    fields: tuple[tuple[str, str, int, int], ...]
    """Name, kind ("number", "string", "octets"), offset, octets. A number has its struct code for a kind."""
    symbols: Mapping[str, Mapping[int, str]]

    def decoder(self, wanted: Iterable[str] | None = None) -> Callable[[bytes, int], dict[str, Any]]:
        """A function that takes a page and the place of a record, and gives the fields (of `wanted`, or all)."""
        chosen = [each for each in self.fields if wanted is None or each[0] in wanted]
        numbers = sorted((each for each in chosen if each[1] not in ("string", "octets")), key=lambda each: each[2])
        code, at = "=", 0
        names = []
        for name, kind, offset, size in numbers:
            if offset >= at:
                code += f"{offset - at}x{kind}"
                at = offset + size
                names.append(name)
        unpack = struct.Struct(code).unpack_from
        others = [each for each in chosen if each[1] in ("string", "octets")]

        def decode(page: bytes, start: int) -> dict[str, Any]:
            found = dict(zip(names, unpack(page, start), strict=True))
            for name, kind, offset, size in others:
                if kind == "octets":
                    found[name] = page[start + offset : start + offset + size]
                else:
                    (place,) = struct.unpack_from("=I", page, start + offset)
                    text = page[start + (place & 0xFFFF) : start + (place & 0xFFFF) + (place >> 16)]
                    found[name] = text.split(b"\0", 1)[0].decode(errors="replace")
            return found

        return decode


def parse_format(text: str) -> Format:
    """An event's `format` file.  Raises ValueError for a text that is none."""
    name = re.search(r"^name: (\S+)$", text, re.MULTILINE)
    number = re.search(r"^ID: (\d+)$", text, re.MULTILINE)
    if name is None or number is None:
        raise ValueError("no format of an event")
    fields = []
    for declared, offset, size, signed in _FIELD.findall(text):
        octets = int(size)
        array = declared.endswith("]")
        called = re.sub(r"\[.*?\]$", "", declared.split()[-1])
        if declared.startswith("__data_loc"):
            kind = "string"
        elif array or octets not in (1, 2, 4, 8):
            kind = "octets"
        else:
            kind = {1: "B", 2: "H", 4: "I", 8: "Q"}[octets]
            kind = kind.lower() if signed == "1" else kind
        fields.append((called, kind, int(offset), octets))
    symbols = {}
    for piece in text.split("__print_symbolic(REC->")[1:]:
        called, _, rest = piece.partition(",")
        symbols[called] = {int(value, 0): word for value, word in _SYMBOL.findall(rest.split("__print_symbolic")[0])}
    return Format(name[1], int(number[1]), tuple(fields), symbols)


class Page(NamedTuple):
    """A page of a ring buffer: time and octets at which each record stands, and whether records before it are lost."""

    records: list[tuple[int, int, int]]
    """Time in nanoseconds on the trace clock, where the record's data begin, and the event's number."""
    missed: int
    """Records that were lost before this page; -1 where the kernel does not say how many."""


def parse_page(page: bytes) -> Page:
    """Take a page apart, as read from per_cpu/cpuN/trace_pipe_raw.

    It begins with a time (64 bits) and the octets that are used (64 bits, the upper ones flags). A record has five bits
    of kind and 27 of nanoseconds since the one before: kinds to 28 are data of that many words, 0 is data whose length
    follows; 29 ends the page or is a gap, 30 has more bits of time, 31 an absolute one. What is cut off is left out.
    """
    records: list[tuple[int, int, int]] = []
    if len(page) < 16:
        return Page(records, 0)
    now, commit = struct.unpack_from("=QQ", page)
    used = commit & _LENGTH_BITS
    end = min(16 + used, len(page))
    missed = 0
    if commit & _MISSED:
        missed = -1
        if commit & _MISSED_STORED and 16 + used + 8 <= len(page):
            (missed,) = struct.unpack_from("=Q", page, 16 + used)
    at = 16
    head = struct.Struct("=II").unpack_from
    kind_of = struct.Struct("=H").unpack_from
    while at + 8 <= end:
        word, more = head(page, at)
        kind, delta = word & 31, word >> 5
        if kind <= 28:
            now += delta
            if kind:
                start, step = at + 4, 4 + 4 * kind
            else:
                start, step = at + 8, 4 + more
                if more < 4:
                    break
            if at + step > end:
                break
            records.append((now, start, kind_of(page, start)[0]))
            at += step
        elif kind == _PADDING:
            if not delta:
                break
            now += delta
            at += 4 + more
            if more < 4:
                break
        elif kind == _TIME_EXTEND:
            now += delta + (more << 27)
            at += 8
        else:
            # The five upper bits of the time do not fit: they are those of the time before it.
            now = (delta + (more << 27)) | (now & (31 << 59))
            at += 8
    return Page(records, missed)


def offset_ns() -> int:
    """What is to be added to CLOCK_MONOTONIC to have CLOCK_REALTIME, in nanoseconds."""
    best, found = 1 << 62, 0
    for _ in range(5):
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        now = time.time_ns()
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        if after - before < best:
            best, found = after - before, now - (before + after) // 2
    return found


class Tracefs:
    """The file system, mounted or reached through a descriptor.  Raises NotPermitted, LiveError where there is none."""

    def __init__(self) -> None:
        self._held: int | None = None
        try:
            if os.path.exists(f"{MOUNTED}/trace_clock"):
                self.path = MOUNTED
            else:
                self._held = _mounted()
                self.path = f"/proc/self/fd/{self._held}"
            os.listdir(f"{self.path}/instances")
        except PermissionError:
            self.close()
            raise NotPermitted("kernel events need root: tracefs is not for this user") from None
        except OSError as error:
            self.close()
            if error.errno == errno.ENODEV:
                raise LiveError("kernel events: this kernel has no tracefs (CONFIG_TRACING)") from None
            why = (error.strerror or str(error)).lower()
            raise LiveError(f"kernel events: tracefs cannot be had: {why}") from None

    def close(self) -> None:
        """Let go of the mount."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def sweep(self) -> list[str]:
        """Remove what processes that were killed have left; gives the names."""
        swept = []
        for name in os.listdir(f"{self.path}/instances"):
            match = NAME.fullmatch(name)
            if match is not None and not _lives(int(match[1])):
                with contextlib.suppress(OSError):
                    _remove(f"{self.path}/instances/{name}")
                    swept.append(name)
        return swept


def _lives(pid: int) -> bool:
    """Whether there is a process of a number, other than one that has ended and nobody has waited for (a zombie)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return status.rpartition(b")")[2].split()[:1] not in ([b"Z"], [b"X"])  # proc_pid_stat(5)


def _mounted() -> int:
    """A descriptor of a mount of tracefs that is in no namespace (fsopen(2), fsmount(2))."""
    context = _checked(libc.syscall(_FSOPEN, b"tracefs", _FSOPEN_CLOEXEC))
    try:
        _checked(libc.syscall(_FSCONFIG, context, _FSCONFIG_CMD_CREATE, None, None, 0))
        return _checked(libc.syscall(_FSMOUNT, context, _FSMOUNT_CLOEXEC, 0))
    finally:
        os.close(context)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _remove(path: str) -> None:
    """Remove an instance, which may still be in use for a moment by whoever was killed."""
    with contextlib.suppress(OSError):
        Path(path, "tracing_on").write_text("0")
    for _ in range(20):
        try:
            os.rmdir(path)
            return
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            time.sleep(0.01)
    os.rmdir(path)


class Instance:
    """A private tracing instance, whose records are read in the order of time.

    `buffer_kib` is the buffer of each processor: when it is full the oldest records are lost, and counted. Use it in a
    `with` block; `start` when the events are enabled. Raises LiveError where it cannot be made.
    """

    def __init__(self, tracefs: Tracefs, *, buffer_kib: int = BUFFER_KIB) -> None:
        self.name = f"rawcap-{os.getpid()}-{next(_numbers)}"
        self.path = Path(tracefs.path, "instances", self.name)
        self._decoders: dict[int, tuple[str, Callable[[bytes, int], dict[str, Any]]]] = {}
        self.formats: dict[str, Format] = {}
        """The formats of the enabled events, by name."""
        self._pipes: dict[int, int] = {}
        self._overruns: dict[int, int] = {}
        self._enabled: list[str] = []
        try:
            os.mkdir(self.path)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise LiveError(f"kernel events: no tracing instance can be made: {why}") from None
        try:
            self.write("tracing_on", "0")
            self.write("trace_clock", "mono")
            self.write("buffer_size_kb", str(buffer_kib))
            self._page = self._octets_of_page()
            for each in sorted(self.path.glob("per_cpu/cpu*")):
                pipe = os.open(each / "trace_pipe_raw", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                self._pipes[int(each.name[3:])] = pipe
        except BaseException:
            self.close()
            raise

    def write(self, file: str, text: str) -> None:
        """Write to one of the instance's files."""
        with open(self.path / file, "w") as out:
            out.write(text)

    def has(self, event: str) -> bool:
        """Whether this kernel has an event, as "sock/inet_sock_set_state"."""
        return (self.path / "events" / event / "format").exists()

    def enable(self, event: str, *, filter: str = "", fields: Iterable[str] | None = None) -> bool:
        """Enable an event, of which only `fields` are decoded; False where this kernel does not have it.

        `filter` is in the kernel's language (Documentation/trace/events.rst).
        """
        folder = self.path / "events" / event
        try:
            found = parse_format((folder / "format").read_text())
        except OSError:
            return False
        wanted = set(fields) | {"common_pid"} if fields is not None else None
        self._decoders[found.number] = found.name, found.decoder(wanted)
        self.formats[found.name] = found
        if filter:
            self.write(f"events/{event}/filter", filter)
        self.write(f"events/{event}/enable", "1")
        self._enabled.append(event)
        return True

    def only(self, tids: Iterable[int]) -> None:
        """Take only what these threads, and all that they fork from now on, are running."""
        self.write("options/event-fork", "1")
        self.write("set_event_pid", " ".join(map(str, tids)))

    def start(self) -> None:
        """Begin to make records of the events that are enabled."""
        self.write("tracing_on", "1")

    def pause(self) -> None:
        """Make no records until `go_on`, and throw away those that were not read, uncounted.

        The events are disabled one by one, which takes some milliseconds: a tracepoint that is enabled costs nearly as
        much when nothing is recorded.
        """
        self.write("tracing_on", "0")
        for event in self._enabled:
            self.write(f"events/{event}/enable", "0")
        self.write("trace", "")
        self._overruns.clear()

    def go_on(self) -> None:
        """Make records again."""
        for event in self._enabled:
            self.write(f"events/{event}/enable", "1")
        self.write("tracing_on", "1")

    def read(self, most: int | None = None) -> list[Record | Lost]:
        """What is there, in the order of time: all that was there when this was called, or of each processor about
        `most` records.
        """
        shift = offset_ns()
        found: list[tuple[int, int, Record | Lost]] = []
        for processor, pipe in self._pipes.items():
            room = _MOST_READ if most is None else most
            while room > 0:
                try:
                    page = os.read(pipe, self._page)
                except BlockingIOError:
                    break
                if not page:
                    break
                records, missed = parse_page(page)
                if missed and records:
                    count = self._lost(processor) if missed < 0 else missed
                    first = records[0][0] + shift
                    found.append((first, len(found), Lost(first, processor, count)))
                for moment, start, number in records:
                    known = self._decoders.get(number)
                    if known is not None:
                        fields = known[1](page, start)
                        record = Record(moment + shift, known[0], fields["common_pid"], fields)
                        found.append((moment + shift, len(found), record))
                room -= len(records)
        found.sort(key=lambda each: each[:2])
        return [each[2] for each in found]

    def _lost(self, processor: int) -> int:
        """How many records a processor's buffer has lost since this was last asked."""
        statistics = self._statistics(processor)
        total = statistics.get("overrun", 0) + statistics.get("dropped events", 0)
        before = self._overruns.get(processor, 0)
        self._overruns[processor] = total
        return total - before

    def lost(self) -> int:
        """How many records all processors' buffers have lost so far."""
        return sum(
            found.get("overrun", 0) + found.get("dropped events", 0) for found in map(self._statistics, self._pipes)
        )

    def _statistics(self, processor: int) -> dict[str, int]:
        """The numbers of a processor's buffer; what is no whole number, as times, is left out."""
        try:
            text = (self.path / f"per_cpu/cpu{processor}/stats").read_text()
        except OSError:
            return {}
        pairs = (line.partition(":") for line in text.splitlines())
        return {name.strip(): int(value) for name, _, value in pairs if value.strip().isdecimal()}

    def _octets_of_page(self) -> int:
        try:
            return int((self.path / "buffer_subbuf_size_kb").read_text()) * 1024
        except (OSError, ValueError):  # a kernel whose buffers are made of pages only
            return os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """Remove the instance.  Raises OSError if somebody else holds it."""
        for pipe in self._pipes.values():
            os.close(pipe)
        self._pipes.clear()
        if self.path.exists():
            _remove(str(self.path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

