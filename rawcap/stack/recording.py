"""A timeline inside a pcapng file: one file that shows everywhere what programs and the kernel did, and its packets.

Events stand in Custom Blocks that may be copied (draft-ietf-opsawg-pcapng, 4.8), which readers that do not know them
pass over. Their Private Enterprise Number is 32473, the one for examples (RFC 5612), as rawcap has none of its own, so
what follows says itself what it is. Numbers are in the byte order of the section:

    Private Enterprise Number   4 octets   32473
    magic                      16 octets   "rawcap timeline", and a zero
    version                     4 octets   1
    length                      4 octets   of what follows, without the padding to 32 bits
    events                                 lines of JSON, in UTF-8, each what rawcap.stack.event.as_object gives

Wireshark numbers such blocks along with the packets, so they stand behind these, as far as they can: a capture that is
still going on writes one whenever many events have gathered, so that a crash loses few. That a file has a timeline
its section header tells early, in a custom option (2988, 3.5.1) of the same number, whose text is "rawcap timeline".
The order of events is that of their times. Frames have no events of their own: the packets of the file are theirs.
What is known to have sent a frame, its packet says as a comment, which Wireshark shows.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dissectors.packet import Packet
from rawcap.files import Block, CutCapture, create_capture, open_capture, section_header
from rawcap.files.blocks import CUSTOM, SECTION_HEADER, order, pack_options, unpack_options
from rawcap.stack.event import CALL, FRAME, KERNEL, NOTE, RETURN, Endpoint, Event, Socket, as_object, from_object
from rawcap.stack.timeline import Timeline

ENTERPRISE = 32473
"""The Private Enterprise Number for use in examples (RFC 5612)."""
MAGIC = b"rawcap timeline\0"
VERSION = 1

_HEADER = "I16sII"
_BATCH = 1 << 20  # octets of events, after which a block ends
_LONGEST = 1 << 20  # octets of an event
_MOST = 4_000_000  # events of a file
_COMMENT = 1  # opt_comment
_ANNOUNCEMENT = 2988  # opt_custom, a text that may be copied
_NAME = MAGIC.rstrip(b"\0")
_SOURCES = frozenset({CALL, RETURN, KERNEL, NOTE})
_TEXTS = ("source", "name", "text", "who", "program", "errno", "state")
_NUMBERS = ("time_ns", "pid", "tid", "fd", "packet", "result")

Write = Callable[[Block], object]


class RecordingWarning(UserWarning):
    """Something in a file that says of itself to be a timeline, and is none."""


def announced(header: Block) -> Block:
    """A section header block that tells of the timeline that is to come."""
    told = struct.pack(order(header.big_endian) + "I", ENTERPRISE) + _NAME
    options = unpack_options(header.body, 16, header.big_endian)
    if (_ANNOUNCEMENT, told) in options:
        return header
    body = header.body[:16] + pack_options((*options, (_ANNOUNCEMENT, told)), header.big_endian)
    return Block(SECTION_HEADER, body, header.big_endian)


class Recorder:
    """Writes events into a pcapng file while it is captured: `write` takes a block, as that of a CaptureWriter does.

    The file is begun with a section header that is `announced`. Events are gathered until they are many, or `flush` is
    called, which the end of the capture demands.
    """

    def __init__(self, write: Write, *, big_endian: bool = False) -> None:
        self._write = write
        self._big_endian = big_endian
        self._lines: list[bytes] = []
        self._octets = 0

    def add(self, event: Event) -> None:
        """Write an event, soon; those of frames are left out."""
        if event.source == FRAME:
            return
        line = json.dumps(as_object(event), ensure_ascii=False, separators=(",", ":"), default=str)
        octets = line.encode(errors="replace") + b"\n"
        if len(octets) > _LONGEST:
            return
        self._lines.append(octets)
        self._octets += len(octets)
        if self._octets >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the events that were gathered."""
        if self._lines:
            self._write(_block(b"".join(self._lines), self._big_endian))
            self._lines.clear()
            self._octets = 0


class Reader:
    """Takes the events out of the blocks of a file, one after the other.

    `problem` is told, once and in one line, when a block is damaged; what can be read of it counts all the same.
    """

    def __init__(self, problem: Callable[[str], object] | None = None) -> None:
        self.found = False
        """Whether there was a block of a timeline, or the announcement of one."""
        self._events: list[Event] = []
        self._problem = problem
        self._has_told = False

    @property
    def events(self) -> list[Event]:
        """The events so far, by time."""
        return sorted(self._events, key=lambda each: each.time_ns)

    def take(self, block: Block) -> bool:
        """Take in a block; whether it is one of a timeline."""
        if block.type == SECTION_HEADER:
            told = struct.pack(order(block.big_endian) + "I", ENTERPRISE) + _NAME
            with contextlib.suppress(ValueError):
                self.found |= (_ANNOUNCEMENT, told) in unpack_options(block.body, 16, block.big_endian)
            return False
        if block.type != CUSTOM or len(block.body) < 20 or block.body[4:20] != MAGIC:
            return False
        unpack = struct.Struct(order(block.big_endian) + _HEADER)
        if struct.unpack_from(order(block.big_endian) + "I", block.body)[0] != ENTERPRISE:
            return False
        self.found = True
        if len(block.body) < unpack.size:
            self._tell("a block of it is cut short")
            return True
        _, _, version, length = unpack.unpack_from(block.body)
        if version != VERSION:
            self._tell(f"it is of version {version}, which this program does not know")
            return True
        there = len(block.body) - unpack.size
        if length > there:
            self._tell(f"a block of it is said to have {length:,} octets where {there:,} are there")
        for line in block.body[unpack.size : unpack.size + length].split(b"\n"):
            if line:
                self._line(line)
        return True

    def _line(self, line: bytes) -> None:
        if len(self._events) >= _MOST:
            self._tell(f"it has more than {_MOST:,} events; those behind are left out")
            return
        if len(line) > _LONGEST:
            self._tell(f"an event of it takes {len(line):,} octets, more than the {_LONGEST:,} that one may")
            return
        try:
            self._events.append(_event(json.loads(line)))
        except (ValueError, RecursionError) as error:
            self._tell(f"an event of it cannot be read ({_short(error)})")

    def _tell(self, what: str) -> None:
        if self._has_told:
            return
        self._has_told = True
        text = f"the timeline in the file is damaged: {what}"
        if self._problem is not None:
            self._problem(text)
        else:
            warnings.warn(text, RecordingWarning, stacklevel=2)


def read_timeline(path: str | os.PathLike[str], *, problem: Callable[[str], object] | None = None) -> list[Event]:
    """The events that a capture file has, by time; none where it has none, as any pcap file.

    A damaged timeline is told to `problem`, in one line, or else is a RecordingWarning; of a file that ends too early
    the events before that are given. Raises CaptureError when the file cannot be read.
    """
    reader = Reader(problem)
    with open_capture(path) as capture:
        try:
            for item in capture.blocks():
                if isinstance(item, Block):
                    reader.take(item)
        except CutCapture:
            pass  # whoever reads the packets is told
    return reader.events


def write(
    path: str | os.PathLike[str], packets_source_path: str | os.PathLike[str] | None, events: Iterable[Event]
) -> None:
    """Write a copy of a capture with a timeline in it, in place of the one that it may have; `path` is for pcapng.

    Packets that an event is known to have caused get a comment that says so. Without a source the file has events and
    no packets. Raises CaptureError when either file cannot be read or written.
    """
    events = list(events)
    if packets_source_path is None:
        with create_capture(path, format="pcapng") as copy:
            copy.write(announced(section_header()))
            _write_all(copy.write, events, big_endian=False)
        return
    comments = _comments(events, packets_source_path)
    with open_capture(packets_source_path) as capture, create_capture(path, format="pcapng", like=capture) as copy:
        big_endian = begun = False
        for item in capture.blocks():
            if isinstance(item, Block):
                big_endian = item.big_endian
                if Reader(lambda text: None).take(item):
                    continue
                if item.type == SECTION_HEADER and not begun:
                    item = announced(item)
            else:
                big_endian = item.interface.big_endian
                item = _commented(item, comments.get(item.number, []))
                if not begun:  # of a pcap file, which has no header
                    copy.write(announced(section_header(big_endian=big_endian)))
            begun = True
            copy.write(item)
        if not begun:
            copy.write(announced(section_header()))
        _write_all(copy.write, events, big_endian=big_endian)


def _write_all(write: Write, events: Iterable[Event], *, big_endian: bool) -> None:
    recorder = Recorder(write, big_endian=big_endian)
    for event in events:
        recorder.add(event)
    recorder.flush()


def _commented(packet: Packet, comments: Iterable[str]) -> Packet:
    """A packet with comments that it may have already."""
    told = [(_COMMENT, each.encode(errors="replace")) for each in comments]
    options = (*packet.options, *(each for each in told if each not in packet.options))
    return Packet(packet.data, packet.interface, packet.time_ns, packet.length, packet.number, options)


def _comments(events: list[Event], source: str | os.PathLike[str]) -> dict[int, list[str]]:
    """What is to be said of packets, by number: the call that sent each, and the one that took its last octet."""
    comments: dict[int, list[str]] = {}
    with open_capture(source) as capture:
        timeline = Timeline(events, capture)
    for event in timeline.events:
        if event.source == FRAME and (by := event.values.get("sent_by")):
            comments.setdefault(event.packet, []).append(f"{_call(by['text'])} by {_who(event.who, by)} sent this")
        elif event.source == RETURN and (number := event.values.get("took_packet")):
            by = {"program": event.program, "pid": event.pid}
            comments.setdefault(number, []).append(f"{event.text} by {_who(event.who, by)} took this")
    return comments


def _call(text: str) -> str:
    return text.removesuffix("…").rstrip()


def _who(who: str, by: Mapping[str, Any]) -> str:
    """ "client echo-client pid 102" """
    words = [who, by["program"] if by["program"] != who else "", f"pid {by['pid']}" if by["pid"] else ""]
    return " ".join(each for each in words if each) or "somebody"


def _block(octets: bytes, big_endian: bool) -> Block:
    body = struct.pack(order(big_endian) + _HEADER, ENTERPRISE, MAGIC, VERSION, len(octets)) + octets
    return Block(CUSTOM, body + bytes(-len(body) & 3), big_endian)


def _event(told: Any) -> Event:
    """An event of what a file tells.  Raises ValueError for what is none, whatever it is."""
    if not isinstance(told, dict):
        raise ValueError("it is no object")
    for name in _TEXTS:
        if not isinstance(told.get(name, ""), str):
            raise ValueError(f"its {name} is no text")
    for name in _NUMBERS:
        value = told.get(name, 0)
        if not (isinstance(value, int) and -(1 << 63) <= value < 1 << 63) and not (name == "result" and value is None):
            raise ValueError(f"its {name} is no number of 64 bits")
    if told.get("source") not in _SOURCES:
        raise ValueError("its source is not known")
    if not isinstance(told.get("values", {}), dict):
        raise ValueError("its values are no object")
    if "socket" in told:
        _check_socket(told["socket"])
    return from_object(told)


def _check_socket(told: Any) -> None:
    if not isinstance(told, dict) or not told.keys() <= set(Socket._fields):
        raise ValueError("its socket is none")
    for name, value in told.items():
        if name in ("local", "remote"):
            is_right = isinstance(value, list) and len(value) == len(Endpoint._fields)
            is_right = is_right and isinstance(value[0], str) and isinstance(value[1], int)
        else:
            is_right = isinstance(value, str if name in ("family", "protocol") else int)
        if not is_right:
            raise ValueError(f"the {name} of its socket is none")


def _short(error: BaseException) -> str:
    """An error in a few words."""
    text = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
    return text if len(text) <= 80 else f"{text[:79]}…"
