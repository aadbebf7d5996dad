"""Blocks recorded from a real ring (blocks/README.md), read by the code that reads a live one."""

from __future__ import annotations

import importlib.util
import io
import itertools
import struct
import sys
from collections import defaultdict
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rawcap.live.frames
from dissectors.packet import Interface, Packet
from rawcap.files import create_capture, open_capture

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the blocks were recorded on a little-endian machine")

BLOCKS = Path(__file__).parent / "blocks"
BLOCK = 1 << 18
DEVICE = 2  # the number of the interface that the blocks were recorded on

DATAGRAM = "45000021000100004011b6c8c0000201c0000202c0002328000d000068656c6c6f"
ENDS = "00005e00530200005e005301"

ETHERNET = [
    ENDS + "0800" + DATAGRAM,
    ENDS + "81006005" + "0800" + DATAGRAM,
    ENDS + "88a80007" + "81006005" + "0800" + DATAGRAM,
    "ffffffffffff00005e005301" + "0800" + DATAGRAM,
    "01005e00000100005e005301" + "0800" + DATAGRAM,
    "00005e0053ff00005e005301" + "0800" + DATAGRAM,
    "00005e00530100005e005302" + "0800" + DATAGRAM,
]
"""The first frames of ethernet.bin, as they were on the wire."""

COOKED = [
    "0800 0000 00000002 0001 00 06 00005e0053010000" + DATAGRAM,
    "8100 0000 00000002 0001 00 06 00005e0053010000 6005 0800" + DATAGRAM,
    "88a8 0000 00000002 0001 00 06 00005e0053010000 0007 8100 6005 0800" + DATAGRAM,
    "0800 0000 00000002 0001 01 06 00005e0053010000" + DATAGRAM,
    "0800 0000 00000002 0001 02 06 00005e0053010000" + DATAGRAM,
    "0800 0000 00000002 0001 03 06 00005e0053010000" + DATAGRAM,
    "0800 0000 00000002 0001 04 06 00005e0053020000" + DATAGRAM,
]
"""The same of cooked.bin, with the header of LINKTYPE_LINUX_SLL2."""

FLAGS = [
    0b00001_01,  # to this host, inbound
    0b00001_01,
    0b00001_01,
    0b00011_01,  # to all
    0b00010_01,  # to a group
    0b00100_01,  # to another: seen because the interface is promiscuous
    0b00000_10,  # outbound
    1 << 9 | 0b00001_01,  # its checksum was not ready
    0b00000_10,
    1 << 11 | 1 << 9 | 0b00001_01,  # nor had it been cut
    0b00000_10,
]
"""epb_flags of all frames (draft-ietf-opsawg-pcapng, 4.3.1)."""

LENGTHS = [47, 51, 55, 47, 47, 47, 47, 58, 86, 3066, 66]
TIMES_NS = [
    1795496021246583563,
    1795496021246626483,
    1795496021246666237,
    1795496021246703467,
    1795496021246740937,
    1795496021246776303,
    1795496021246811749,
    1795496021246919891,
    1795496021246932163,
    1795496021246954365,
    1795496021246960536,
]
"""Of the frames in ethernet.bin."""


def from_source() -> ModuleType:
    """The module as Python reads it, whether or not there is a compiled one."""
    source = str(Path(rawcap.live.frames.__file__).with_name("frames.py"))
    loader = SourceFileLoader("frames_from_source", source)
    spec = importlib.util.spec_from_file_location("frames_from_source", source, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(params=["as installed", "from source"])
def frames(request: pytest.FixtureRequest) -> Any:
    return rawcap.live.frames if request.param == "as installed" else from_source()


def reader(frames: Any, name: str, snaplen: int = 262_144, at: int = 0) -> Any:
    """A reader that has opened a recorded block, which stands at an octet of a ring."""
    memory = bytearray(at) + (BLOCKS / f"{name}.bin").read_bytes()
    made = frames.FrameReader(memory, BLOCK, ethernet=name == "ethernet", cooked=name == "cooked", snaplen=snaplen)
    made.open(at)
    return made


def packets(opened: Any, linktype: int = 1) -> list[Packet]:
    interface = Interface(linktype=linktype, resolution=10**9, name="eth0")
    return list(opened.packets({DEVICE: interface}))


def written(opened: Any, format: str, linktype: int = 1, snaplen: int = 0) -> list[Packet]:
    """The packets of a file into which the block was put as records."""
    interface = Interface(linktype, snaplen, name="eth0", resolution=10**9)
    file = io.BytesIO()
    with create_capture(file, format=format) as writer:
        places = {DEVICE: writer.begin(interface)}
        octets = opened.records(places, format == "pcapng", -1, -1)
        writer.append(memoryview(opened.buffer)[:octets], opened.taken)
    file.seek(0)
    return list(open_capture(file))


def flags(packet: Packet) -> int:
    ((code, value),) = packet.options
    assert code == 2
    return int.from_bytes(value, "little")


def test_frames_are_as_they_were_on_the_wire(frames: Any) -> None:
    assert [packet.data.hex() for packet in packets(reader(frames, "ethernet"))][:7] == ETHERNET


def test_a_cooked_header_stands_for_the_link_layer(frames: Any) -> None:
    assert [packet.data for packet in packets(reader(frames, "cooked"), 276)][:7] == [*map(bytes.fromhex, COOKED)]


def test_times_count_nanoseconds(frames: Any) -> None:
    assert [packet.time_ns for packet in packets(reader(frames, "ethernet"))] == TIMES_NS


def test_lengths_count_the_tag_that_was_put_back(frames: Any) -> None:
    read = packets(reader(frames, "ethernet"))
    assert [packet.length for packet in read] == LENGTHS
    assert [len(packet.data) for packet in read] == LENGTHS


def test_flags_tell_direction_reception_and_what_was_left_to_the_card(frames: Any) -> None:
    assert [flags(packet) for packet in packets(reader(frames, "ethernet"))] == FLAGS
    assert [flags(packet) for packet in packets(reader(frames, "cooked"), 276)] == FLAGS


def test_a_block_may_stand_anywhere_in_the_ring(frames: Any) -> None:
    assert [packet.data.hex() for packet in packets(reader(frames, "ethernet", at=4096))][:7] == ETHERNET


def test_a_block_is_read_once(frames: Any) -> None:
    opened = reader(frames, "ethernet")
    assert opened.left == 11
    packets(opened)
    assert opened.left == 0
    assert packets(opened) == []


@pytest.mark.parametrize(
    ("snaplen", "kept"),
    [
        (1, "00"),
        (12, ENDS),
        (13, ENDS + "81"),
        (16, ENDS + "81006005"),
        (17, ENDS + "81006005" + "08"),
        (51, ENDS + "81006005" + "0800" + DATAGRAM),
    ],
)
def test_the_snapshot_length_cuts_what_is_shown(frames: Any, snaplen: int, kept: str) -> None:
    tagged = packets(reader(frames, "ethernet", snaplen))[1]
    assert (tagged.data.hex(), tagged.length) == (kept, 51)
    in_file = written(reader(frames, "ethernet", snaplen), "pcapng", snaplen=snaplen)[1]
    assert (in_file.data.hex(), in_file.length) == (kept, 51)


def test_a_tag_counts_where_too_little_was_kept_to_put_it_back(frames: Any) -> None:
    memory = bytearray((BLOCKS / "ethernet.bin").read_bytes())
    first = struct.unpack_from("I", memory, 16)[0]
    second = first + struct.unpack_from("I", memory, first)[0]
    struct.pack_into("I", memory, second + 12, 11)  # the kernel kept eleven octets of the tagged frame
    opened = frames.FrameReader(memory, BLOCK, ethernet=True)
    opened.open(0)
    tagged = packets(opened)[1]
    assert (tagged.data.hex(), tagged.length) == (ENDS[:22], 51)


@pytest.mark.parametrize("name", ["ethernet", "cooked"])
def test_a_pcapng_file_has_what_the_packets_have(frames: Any, name: str) -> None:
    linktype = 276 if name == "cooked" else 1
    expected = packets(reader(frames, name), linktype)
    found = written(reader(frames, name), "pcapng", linktype)
    assert [(p.data, p.length, p.time_ns, p.options) for p in found] == [
        (p.data, p.length, p.time_ns, p.options) for p in expected
    ]


@pytest.mark.parametrize("name", ["ethernet", "cooked"])
def test_a_pcap_file_has_data_lengths_and_times(frames: Any, name: str) -> None:
    linktype = 276 if name == "cooked" else 1
    expected = packets(reader(frames, name), linktype)
    found = written(reader(frames, name), "pcap", linktype)
    assert [(p.data, p.length, p.time_ns) for p in found] == [(p.data, p.length, p.time_ns) for p in expected]


def test_an_enhanced_packet_block_octet_by_octet(frames: Any) -> None:
    opened = reader(frames, "ethernet")
    octets = opened.records({DEVICE: 5}, True, 1, -1)
    assert opened.taken == 1
    assert opened.buffer[:octets].hex() == (
        "06000000"  # enhanced packet block
        "5c000000"  # 92 octets
        "05000000"  # interface 5
        "1ee2ea18"  # 1795496021246583563 ns, the high word first
        "0ba3074e"
        "2f000000"  # 47 octets captured
        "2f000000" + ETHERNET[0] + "00"  # of 47, padded
        "02000400"  # epb_flags
        "05000000"
        "00000000"  # no more options
        "5c000000"
    )


@pytest.mark.parametrize("pcapng", [True, False])
@pytest.mark.parametrize(("most", "room"), [(1, -1), (3, -1), (-1, 1), (-1, 200), (2, 100)])
def test_records_taken_in_parts_are_those_taken_at_once(frames: Any, pcapng: bool, most: int, room: int) -> None:
    whole = reader(frames, "ethernet")
    expected = bytes(whole.buffer[: whole.records({DEVICE: 0}, pcapng, -1, -1)])
    opened = reader(frames, "ethernet")
    parts = b""
    for _ in itertools.takewhile(lambda _: opened.left, range(100)):
        octets = opened.records({DEVICE: 0}, pcapng, most, room)
        assert 1 <= opened.taken <= (most if most > 0 else 11)
        parts += bytes(opened.buffer[:octets])
    assert parts == expected


def test_records_stop_at_an_interface_that_the_file_does_not_know(frames: Any) -> None:
    opened = reader(frames, "ethernet")
    assert opened.records({}, True, -1, -1) == 0
    assert (opened.taken, opened.unplaced) == (0, DEVICE)
    assert opened.records({DEVICE: 0}, True, -1, -1) > 0
    assert (opened.taken, opened.unplaced) == (11, 0)


def test_a_frame_that_reaches_out_of_its_block_is_refused(frames: Any) -> None:
    memory = bytearray((BLOCKS / "ethernet.bin").read_bytes())
    (first,) = struct.unpack_from("I", memory, 16)
    struct.pack_into("I", memory, first + 12, 1 << 16)
    opened = frames.FrameReader(memory, BLOCK, ethernet=True)
    opened.open(0)
    with pytest.raises(IndexError):
        opened.records({DEVICE: 0}, True, -1, -1)


def test_the_memory_is_let_go(frames: Any) -> None:
    memory = bytearray((BLOCKS / "ethernet.bin").read_bytes())
    opened = frames.FrameReader(memory, BLOCK, ethernet=True)
    opened.open(0)
    opened.close()
    memory.append(0)  # which a buffer that is still shared refuses
    assert packets(opened) == []


def test_an_interface_is_asked_for_by_its_number(frames: Any) -> None:
    asked: list[int] = []

    class Asked(defaultdict[int, Interface]):
        def __missing__(self, index: int) -> Interface:
            asked.append(index)
            return Interface()

    reader(frames, "ethernet").packets(Asked())
    assert set(asked) == {DEVICE}
