"""A timeline inside a capture file."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rawcap
from rawcap.files import Block, CaptureError, create_capture, open_capture, section_header
from rawcap.files.blocks import CUSTOM
from rawcap.stack.event import FRAME, NOTE, Event
from rawcap.stack.recording import MAGIC, Reader, Recorder, RecordingWarning, announced, read_timeline, write
from tests.rawcap.stack.stories import PCAPS, handshake

HANDSHAKE = PCAPS / "tcp_handshake.pcapng"
COMMENTS = {
    1: ("connect(5, 192.0.2.2:7) by client echo-client pid 102 sent this",),
    4: (
        "sendto(5, 6 octets) by client echo-client pid 102 sent this",
        "recvfrom(4, up to 4096 octets) = 6 by server echo-server pid 101 took this",
    ),
    9: ("close(4) by server echo-server pid 101 sent this",),
}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A copy of a capture with a timeline in it."""
    write(tmp_path / "lab.pcapng", HANDSHAKE, handshake(with_kernel=True)[0])
    return tmp_path / "lab.pcapng"


def by_time(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda each: each.time_ns)


def test_events_are_read_as_they_were_written(recorded: Path) -> None:
    assert read_timeline(recorded) == by_time(handshake(with_kernel=True)[0])


def test_a_file_without_a_timeline_has_no_events() -> None:
    assert read_timeline(HANDSHAKE) == []


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(CaptureError, match="there is no such file"):
        read_timeline("missing.pcapng")


def test_packets_stay_what_they_were_and_say_which_call_sent_them(recorded: Path) -> None:
    copied, original = list(rawcap.read(recorded)), list(rawcap.read(HANDSHAKE))
    assert [(each.data, each.time_ns) for each in copied] == [(each.data, each.time_ns) for each in original]
    assert {number: copied[number - 1].comments for number in COMMENTS} == COMMENTS


def test_writing_again_replaces_the_timeline_and_repeats_no_comment(recorded: Path, tmp_path: Path) -> None:
    events = handshake()[0]
    write(tmp_path / "again.pcapng", recorded, events)
    assert read_timeline(tmp_path / "again.pcapng") == by_time(events)
    assert next(iter(rawcap.read(tmp_path / "again.pcapng"))).comments == COMMENTS[1]


def test_a_timeline_without_packets(tmp_path: Path) -> None:
    note = Event(5, NOTE, "note", "no frame on any interface")
    write(tmp_path / "unix.pcapng", None, [note])
    assert read_timeline(tmp_path / "unix.pcapng") == [note]
    assert list(rawcap.read(tmp_path / "unix.pcapng")) == []


@pytest.mark.parametrize("name", ["big.pcap", "little.pcap"])
def test_of_a_pcap_file_in_either_byte_order_the_copy_is_pcapng(tmp_path: Path, name: str) -> None:
    frame = next(iter(rawcap.read(HANDSHAKE))).data
    order = ">" if name == "big.pcap" else "<"
    header = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    (tmp_path / name).write_bytes(header + struct.pack(order + "IIII", 1, 2, len(frame), len(frame)) + frame)
    note = Event(5, NOTE, "note", "words")
    write(tmp_path / "copy.pcapng", tmp_path / name, [note])
    assert read_timeline(tmp_path / "copy.pcapng") == [note]
    assert [each.data for each in rawcap.read(tmp_path / "copy.pcapng")] == [frame]


def test_while_capturing_events_go_out_in_batches_and_frames_have_none() -> None:
    blocks: list[Block] = []
    recorder = Recorder(blocks.append)
    recorder.add(Event(1, FRAME, "frame", packet=1))
    for number in range(3000):
        recorder.add(Event(number, NOTE, "note", "x" * 1000))
    assert len(blocks) == 3
    recorder.flush()
    reader = Reader()
    assert [reader.take(each) for each in blocks] == [True] * 4
    assert [each.time_ns for each in reader.events] == list(range(3000))


def test_the_section_header_announces_the_timeline(recorded: Path) -> None:
    reader = Reader()
    with open_capture(recorded) as capture:
        first = next(iter(capture.blocks()))
    assert isinstance(first, Block)
    assert reader.take(first) is False
    assert reader.found
    assert announced(announced(section_header())).body == announced(section_header()).body


# -- damage -----------------------------------------------------------------------------------------------

GOOD = b'{"time_ns":1,"source":"note","name":"note"}\n'


def block(octets: bytes, length: int | None = None, version: int = 1) -> Block:
    body = struct.pack("<I16sII", 32473, MAGIC, version, len(octets) if length is None else length) + octets
    return Block(CUSTOM, body + bytes(-len(body) & 3))


def damaged(*blocks: Block) -> tuple[list[Event], list[str]]:
    """What is read of blocks, and what is told."""
    told: list[str] = []
    reader = Reader(told.append)
    for each in blocks:
        reader.take(each)
    return reader.events, told


@pytest.mark.parametrize(
    ("blocks", "events", "told"),
    [
        ([block(GOOD, length=1 << 31)], 1, "a block of it is said to have 2,147,483,648 octets where 44 are there"),
        ([block(GOOD, version=2)], 0, "it is of version 2, which this program does not know"),
        ([Block(CUSTOM, struct.pack("<I16s", 32473, MAGIC))], 0, "a block of it is cut short"),
        ([block(b"{" + b"\n" + GOOD)], 1, "an event of it cannot be read (Expecting property name"),
        ([block(b"[" * 100_000 + b"\n" + GOOD)], 1, "an event of it cannot be read (it is nested too deep)"),
        ([block(b"7\n" + GOOD)], 1, "an event of it cannot be read (it is no object)"),
        ([block(GOOD.replace(b"1", b'"1"'))], 0, "an event of it cannot be read (its time_ns is no number of 64 bits)"),
        ([block(GOOD.replace(b'"source":"note"', b'"source":"frame"'))], 0, "(its source is not known)"),
        ([block(GOOD.replace(b"}", b',"socket":{"local":[7,7]}}'))], 0, "(the local of its socket is none)"),
        ([block(GOOD.replace(b"}", b',"text":7}')), block(b"}\n")], 0, "(its text is no text)"),
        ([block(b" " * (2 << 20) + b"\n")], 0, "takes 2,097,152 octets, more than the 1,048,576 that one may"),
        ([block(b"\xff\xfe\n")], 0, "an event of it cannot be read"),
    ],
)
def test_damage_is_told_once_and_the_rest_is_read(blocks: list[Block], events: int, told: str) -> None:
    read, said = damaged(*blocks)
    assert len(read) == events
    assert len(said) == 1
    assert said[0].startswith("the timeline in the file is damaged: ")
    assert told in said[0]


def test_damage_that_nobody_asks_for_is_a_warning(tmp_path: Path) -> None:
    with create_capture(tmp_path / "bad.pcapng") as writer:
        writer.write(section_header())
        writer.write(block(b"{\n"))
    with pytest.warns(RecordingWarning, match="the timeline in the file is damaged: an event of it cannot be read"):
        assert read_timeline(tmp_path / "bad.pcapng") == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0" * 3,
        struct.pack("<I16s", 1, MAGIC) + bytes(8),
        struct.pack("<I16s", 32473, b"another thing") + bytes(8),
    ],
)
def test_blocks_of_others_are_none_of_ours(body: bytes) -> None:
    reader = Reader()
    assert reader.take(Block(CUSTOM, body)) is False
    assert not reader.found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ["time_ns", "source", "name", "text", "who", "pid", "fd", "socket", "result", "state", "values", "packet"]


KINDS = [("call", "connect"), ("return", "recvfrom"), ("kernel", "state"), ("kernel", "receive"), ("note", "step")]


@given(
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(NAMES), JSON),
    st.dictionaries(st.sampled_from(["new", "length", "number", "title", "address", "flow", "left_out"]), JSON),
)
def test_no_event_in_a_file_makes_a_traceback(
    kind: tuple[str, str], told: dict[str, object], values: dict[str, object]
) -> None:
    from rawcap.show.colours import Paint
    from rawcap.show.timeline import lines
    from rawcap.stack.timeline import Timeline

    ends = {"local": ["10.9.0.1", 1], "remote": ["10.9.0.2", 2], "protocol": "tcp"}
    whole = {"time_ns": 1, "source": kind[0], "name": kind[1], "socket": ends, "values": values} | told
    events, _ = damaged(block(json.dumps(whole).encode() + b"\n"))
    assert list(lines(Timeline(events, []), 80, Paint(False))) is not None


# -- other programs ---------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_the_packets_and_shows_the_comments(recorded: Path) -> None:
    done = subprocess.run(
        ["tshark", "-r", recorded, "-Y", "tcp", "-T", "fields", "-e", "frame.number", "-e", "frame.comment"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [int(number) for number, *_ in rows] == list(range(1, 11))
    assert rows[0][1] == COMMENTS[1][0]


@pytest.mark.skipif(shutil.which("capinfos") is None, reason="capinfos is not installed")
def test_capinfos_counts_the_packets(recorded: Path) -> None:
    done = subprocess.run(["capinfos", "-c", "-M", recorded], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "10"
