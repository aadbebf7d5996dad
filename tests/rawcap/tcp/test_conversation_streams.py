"""The two byte streams of each connection, put together from packets; and beside tshark, octet by octet."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

import rawcap
from dissectors.packet import Interface, Packet
from rawcap.tcp import conversation_streams
from rawcap.tcp.conversation_streams import Part, Socket, Streams, TwoStreams
from rawcap.tcp.stream import Gap, Piece

ROOT = Path(__file__).parents[3]
CAPTURES = sorted((ROOT / "pcaps").rglob("*.pcapng")) + sorted((ROOT.parent / "shared/captures/lossy").glob("*.pcap*"))

FOLLOWED = re.compile(r"Filter: tcp.stream eq (\d+)\nNode 0: (.*)\nNode 1: (.*)\n((?:\t?[0-9a-f]*\n)*)")
MISSING = re.compile(rb"\[\d+ bytes missing in capture file\]\0?")

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
RAW_IPV4 = 228


def segment(
    source: int, destination: int, flags: int, seq: int, ack: int = 0, payload: bytes = b"", *, stream: int = 0,
    number: int = 1, cut: int = 0,
) -> Packet:  # fmt: skip
    """A segment from host 1 to host 2, or back where the source port is 80; `cut` octets of it were not captured."""
    ends = ("192.0.2.2", "192.0.2.1") if source == 80 else ("192.0.2.1", "192.0.2.2")
    tcp = struct.pack("!HHIIBBHHH", source, destination, seq, ack, 0x50, flags, 1000, 0, 0) + payload
    addresses = bytes(int(part) for end in ends for part in end.split("."))
    octets = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + addresses + tcp
    packet = Packet(octets[: len(octets) - cut], Interface(RAW_IPV4), number, len(octets), number)
    packet.notes = {"tcp.stream": stream}
    return packet


def fed(streams: Streams, *packets: Packet) -> list[Part]:
    """What comes out of packets."""
    return [part for packet in packets for part in streams.add(packet)]


OPENING = (
    segment(5000, 80, SYN, 100, number=1),
    segment(80, 5000, SYN | ACK, 900, 101, number=2),
    segment(5000, 80, ACK, 101, 901, number=3),
)


def test_what_each_side_sent_in_the_order_of_the_capture() -> None:
    streams = Streams()
    parts = fed(
        streams,
        *OPENING,
        segment(5000, 80, ACK, 101, 901, b"ping", number=4),
        segment(80, 5000, ACK, 901, 105, b"pong", number=5),
    )
    assert parts == [Part(0, True, Piece(0, b"ping", 4, 4)), Part(0, False, Piece(0, b"pong", 5, 5))]


def test_the_client_sent_the_syn() -> None:
    streams = Streams()
    streams.add(OPENING[1])
    assert streams.connections[0].client == Socket("192.0.2.1", 5000)


def test_without_a_syn_the_client_has_the_higher_port() -> None:
    streams = Streams()
    streams.add(segment(80, 5000, ACK, 901, 101, b"pong"))
    assert streams.connections[0].client == Socket("192.0.2.1", 5000)


def test_a_gap_comes_before_the_answer_to_it() -> None:
    parts = fed(
        Streams(),
        *OPENING,
        segment(5000, 80, ACK, 105, 901, b"two", number=5),
        segment(80, 5000, ACK, 901, 108, b"pong", number=6),
    )
    assert parts == [
        Part(0, True, Gap(0, 4)),
        Part(0, True, Piece(4, b"two", 5, 5)),
        Part(0, False, Piece(0, b"pong", 6, 6)),
    ]


def test_data_on_a_syn_is_the_beginning_of_the_stream() -> None:
    parts = fed(Streams(), segment(5000, 80, SYN, 100, 0, b"early"))
    assert parts == [Part(0, True, Piece(0, b"early", 1, 1))]


def test_the_words_of_a_reset_are_not_of_the_stream() -> None:
    streams = Streams()
    assert fed(streams, *OPENING, segment(80, 5000, RST | ACK, 901, 101, b"go away")) == []
    assert list(streams.flush()) == []


def test_a_cut_frame_leaves_a_gap() -> None:
    parts = fed(Streams(), *OPENING, segment(5000, 80, ACK, 101, 901, b"hello", number=4, cut=3))
    assert parts == [Part(0, True, Piece(0, b"he", 4, 4)), Part(0, True, Gap(2, 3))]


def test_what_waits_comes_out_at_the_end() -> None:
    streams = Streams()
    assert fed(streams, *OPENING, segment(5000, 80, ACK | FIN, 103, 901, b"lo", number=4)) == []
    assert list(streams.flush()) == [Part(0, True, Gap(0, 2)), Part(0, True, Piece(2, b"lo", 4, 4))]
    assert streams.connections == {}


def test_over_the_bound_of_all_the_connection_that_waits_longest_gives_up() -> None:
    streams = Streams(most_in_all=3000)
    for stream in (0, 1):
        fed(
            streams,
            segment(5000 + stream, 80, SYN, 100, stream=stream),
            segment(5000 + stream, 80, ACK, 102, 901, bytes(1000), stream=stream),
        )
    parts = streams.add(segment(5001, 80, ACK, 1102, 901, bytes(1000), stream=1))
    assert parts == [Part(0, True, Gap(0, 1)), Part(0, True, Piece(1, bytes(1000), 1, 1))]


def test_connections_are_bounded_and_none_loses_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_streams, "MOST_CONNECTIONS", 10)
    streams = Streams()
    parts = []
    for stream in range(30):
        parts += fed(
            streams,
            segment(5000 + stream, 80, SYN, 100, stream=stream),
            segment(5000 + stream, 80, ACK, 102, 901, b"x", stream=stream),
        )
        assert len(streams.connections) <= 10
    parts += streams.flush()
    assert [part.stream for part in parts if isinstance(part.what, Piece)] == list(range(30))


def test_other_packets_are_passed_over() -> None:
    packet = segment(5000, 80, ACK, 101, 901, b"hello")
    packet.notes = None
    assert Streams().add(packet) == []


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_tshark_has_the_same_octets(path: Path) -> None:
    """Each side of each connection; how much is missing is not compared: tshark leaves out what was cut off frames."""
    streams = Streams()
    sides: dict[int, TwoStreams] = {}
    parts: list[Part] = []
    for packet in rawcap.read(path, needs=["tcp.stream"], reassemble=True):
        parts += streams.add(packet)
        sides.update(streams.connections)
    parts += streams.flush()
    if not sides:
        pytest.skip("no TCP")
    if path.name == "challenge_ack_of_new_syn.pcapng":
        pytest.skip("what follows the challenge ACK belongs to the connection that goes on, not to the new SYN's")
    ours: dict[tuple[int, str], bytes] = {}
    for stream, from_client, what in parts:
        if isinstance(what, Piece):
            key = stream, str(sides[stream].client if from_client else sides[stream].server)
            ours[key] = ours.get(key, b"") + what.octets
    theirs: dict[tuple[int, str], bytes] = {}
    asked = [word for stream in sorted(sides) for word in ("-z", f"follow,tcp,raw,{stream}")]
    told = subprocess.run(["tshark", "-r", path, "-q", *asked], capture_output=True, text=True).stdout
    for stream, *nodes, lines in FOLLOWED.findall(told):
        for line in lines.splitlines():
            key = int(stream), nodes[line.startswith("\t")]
            theirs[key] = theirs.get(key, b"") + bytes.fromhex(line)
    assert ours == {key: left for key, octets in theirs.items() if (left := MISSING.sub(b"", octets))}
