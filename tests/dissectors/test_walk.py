"""The walker: it must hold on any bytes, and be the same program compiled and interpreted."""
from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dissectors.walk
from dissectors import layout
from dissectors.graph import graph
from dissectors.packet import Interface, Packet
from rawcap.files import open_capture

PCAPS = Path(__file__).parents[2] / "pcaps"
LINK_TYPES = sorted(graph.rows["frame.linktype"])

# Reads lines of [link type, octets on the wire, hex] and prints the layers of each.  With "interpreted" it takes the
# walker from its source, whether or not there is a compiled one.
DUMP = """
import importlib.util, json, sys
from importlib.machinery import PathFinder, SourceFileLoader

class FromSource:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "dissectors.walk":
            source = path[0] + "/walk.py"
            return importlib.util.spec_from_file_location(name, source, loader=SourceFileLoader(name, source))

if sys.argv[1] == "interpreted":
    sys.meta_path.insert(0, FromSource)
import dissectors.walk
from dissectors.packet import Interface, Packet

print(json.dumps(dissectors.walk.__file__))
for line in sys.stdin:
    linktype, length, octets = json.loads(line)
    packet = Packet(bytes.fromhex(octets), Interface(linktype), 0, length)
    print(json.dumps([
        [each.name, each.start, each.stop, each.end, each.status, [str(item) for item in each.own_items()]]
        for each in packet.everything()
    ]))
"""


def seeds() -> list[tuple[int, bytes]]:
    """Link type and octets of every frame in pcaps/, once."""
    frames = {}
    for path in sorted(PCAPS.glob("*.pcap*")):
        with open_capture(path) as capture:
            for packet in capture:
                frames[packet.interface.linktype, packet.data] = None
    return list(frames)


SEEDS = seeds()


def mutated(rng: random.Random) -> tuple[int, int, bytes]:
    """A frame from pcaps/ with a few octets changed and perhaps its end cut off."""
    linktype, data = rng.choice(SEEDS)
    octets = bytearray(data)
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        octets[rng.randrange(len(octets))] = rng.choice((0, 1, 4, 6, 17, 0x45, 0x60, 0xFF, rng.randrange(256)))
    if rng.random() < 0.3:
        del octets[rng.randrange(len(octets)) :]
    return linktype, max(len(octets), len(data)), bytes(octets)


def dump(how: str, frames: list[tuple[int, int, bytes]]) -> tuple[str, list[Any]]:
    lines = "".join(json.dumps([linktype, length, octets.hex()]) + "\n" for linktype, length, octets in frames)
    done = subprocess.run([sys.executable, "-c", DUMP, how], input=lines, capture_output=True, text=True, check=True)
    first, *rest = [json.loads(line) for line in done.stdout.splitlines()]
    return first, rest


def assert_inside(packet: Packet) -> None:
    """Every layer and every item stands inside the captured octets, and can be written down."""
    for layer in packet.everything():
        assert 0 <= layer.start <= layer.stop <= len(packet.data)
        assert layer.end <= max(packet.length, len(packet.data))
        for item in layer.items():
            for each in item.flat():
                assert 0 <= each.start <= each.stop <= len(packet.data)
                if each.field is not None:
                    assert isinstance(each.field.text(each.value), str)
                    assert isinstance(each.field.describe(each.value), str)
        told = layer.info()
        assert told is None or isinstance(told, str)
    assert isinstance(packet.malformed, str)
    assert repr(packet)


@given(linktype=st.sampled_from(LINK_TYPES), data=st.binary(max_size=200), more=st.integers(0, 100))
def test_any_bytes_under_any_link_type_stay_inside_the_frame(linktype: int, data: bytes, more: int) -> None:
    assert_inside(Packet(data, Interface(linktype), 0, len(data) + more))


@given(seed=st.integers(0, 2**32))
def test_changed_and_cut_frames_stay_inside_the_frame(seed: int) -> None:
    linktype, length, octets = mutated(random.Random(seed))
    assert_inside(Packet(octets, Interface(linktype), 0, length))


def test_every_frame_cut_at_every_length_keeps_what_is_whole() -> None:
    for linktype, data in SEEDS:
        interface = Interface(linktype)
        whole = Packet(data, interface, 0)
        expected = [(each.name, each.start) for each in whole.walk()]
        for size in range(min(len(data), 120)):
            cut = Packet(data[:size], interface, 0, len(data))
            names = [(each.name, each.start) for each in cut.walk()]
            assert names == [each for each in expected if each[1] < size][: len(names)]
            assert cut.truncated


def test_compiled_and_interpreted_give_the_same_layers() -> None:
    if not dissectors.walk.__file__.endswith((".so", ".pyd")):
        pytest.skip("the walker is not compiled here")
    rng = random.Random(1)
    frames = [(linktype, len(data), data) for linktype, data in SEEDS] + [mutated(rng) for _ in range(1000)]
    native, ours = dump("as installed", frames)
    source, theirs = dump("interpreted", frames)
    assert native.endswith((".so", ".pyd"))
    assert source.endswith("walk.py")
    assert ours == theirs
    assert len(ours) == len(frames)


def test_nesting_is_bounded() -> None:
    tags = bytes.fromhex("020000000002020000000001") + bytes.fromhex("81000001") * 500 + bytes.fromhex("0800")
    packet = Packet.of(tags)
    assert len(packet.walk()) == layout.MOST_LAYERS
    assert packet.malformed == f"more than {layout.MOST_LAYERS} headers"


def test_what_follows_one_another_is_not_nesting() -> None:
    record = bytes.fromhex("1703030001ff")  # TLS application data of one octet
    tcp = bytes.fromhex("138801bb0000000100000001501801f400000000")
    ip = bytes.fromhex("450000000001000040060000c0000201c0000202")
    packet = Packet.of(ip + tcp + record * 5000, 101)
    assert [layer.name for layer in packet.layers] == ["ip", "tcp", *["tls"] * 5000]
    assert packet.malformed == ""
