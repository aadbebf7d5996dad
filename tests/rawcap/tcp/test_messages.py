"""Messages that span segments: which packet shows them, and what is kept meanwhile."""
from __future__ import annotations

import itertools
import json
import random
import re
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

import rawcap
from dissectors.packet import Interface, Packet
from rawcap.show.colours import Paint
from rawcap.show.detail import DetailView
from rawcap.show.hexdump import HexView
from rawcap.show.json import as_object
from rawcap.tcp.messages import OVERHEAD, Messages

PCAPS = Path(__file__).parents[3] / "pcaps"
CLIENT, SERVER = "c0000201", "c0000202"
REQUEST = b"GET /a HTTP/1.1\r\nHost: h.example\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"
QUERY = bytes.fromhex("001d 1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001")
ALERT = bytes.fromhex("15 0303 0002 0228")
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def frame(
    octets: bytes = b"",
    *,
    seq: int = 1,
    ack: int = 1,
    flags: int = PSH | ACK,
    port: int = 80,
    answer: bool = False,
    client: int = 40000,
) -> bytes:
    """An Ethernet frame with a segment from the client, or an answer of the server."""
    ports = (port, client) if answer else (client, port)
    tcp = struct.pack("!HHIIBBHHH", *ports, seq % 2**32, ack % 2**32, 0x50, flags, 8192, 0, 0) + octets
    ends = bytes.fromhex(SERVER + CLIENT if answer else CLIENT + SERVER)
    return (
        bytes.fromhex("020000000002 020000000001 0800")
        + struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
        + ends
        + tcp
    )


SYNS = (frame(seq=0, ack=0, flags=SYN), frame(seq=0, ack=1, flags=SYN | ACK, answer=True))


def noted(frames: Iterable[bytes], messages: Messages | None = None) -> list[Packet]:
    """The frames as packets, numbered from 1, after one Messages saw them."""
    messages = messages or Messages()
    interface = Interface()
    return [
        messages.note(Packet(data, interface, number * 1000, len(data), number))
        for number, data in enumerate(frames, 1)
    ]


def cut(octets: bytes, *places: int, **options: int | bool) -> list[bytes]:
    """The frames of segments that begin at these places of `octets`."""
    edges = [0, *places, len(octets)]
    return [
        frame(octets[start:stop], seq=1 + start, **options)  # type: ignore[arg-type]
        for start, stop in itertools.pairwise(edges)
    ]


def test_the_segment_that_completes_a_message_has_all_of_it() -> None:
    *_, first, second, third = noted([*SYNS, *cut(REQUEST, 6, 20)])
    assert first.protocols == second.protocols == "eth:ip:tcp"
    assert third.protocols == "eth:ip:tcp:http"
    assert third["http.request.uri"] == "/a"
    assert third["http.host"] == "h.example"
    assert third.values("tcp.segment") == [3, 4, 5]
    assert third["tcp.segment.count"] == 3
    assert third["tcp.reassembled.length"] == len(REQUEST)
    assert first.values("tcp.segment") == []


def test_the_frame_stays_as_it_was_captured() -> None:
    frames = [*SYNS, *cut(REQUEST, 6)]
    packets = noted(frames)
    assert [packet.data for packet in packets] == frames
    assert [packet.number for packet in packets] == [1, 2, 3, 4]
    assert [packet.time_ns for packet in packets] == [1000, 2000, 3000, 4000]
    last = packets[-1]
    assert (last["frame.len"], last["tcp.len"], last["tcp.seq_raw"]) == (54 + len(REQUEST) - 6, len(REQUEST) - 6, 7)
    assert last["tcp.payload"] == REQUEST[6:]


def test_a_message_in_one_segment_is_no_reassembled_one() -> None:
    packet = noted([*SYNS, frame(REQUEST)])[-1]
    assert packet["http.request.method"] == "GET"
    assert packet["tcp.segment"] is None
    assert not any(packet.is_reassembled(layer) for layer in packet.layers)


def test_whole_messages_are_shown_and_the_beginning_of_the_next_is_not() -> None:
    both = REQUEST + REQUEST.replace(b"/a", b"/b")
    first, second = noted([*SYNS, *cut(both, len(REQUEST) + 9)])[-2:]
    assert first.values("http.request.uri") == ["/a"]
    assert second.values("http.request.uri") == ["/b"]
    assert second.values("tcp.segment") == [3, 4]
    assert second["tcp.reassembled.length"] == len(REQUEST)


def test_the_end_of_one_message_comes_with_whole_ones_behind_it() -> None:
    last = noted([*SYNS, *cut(QUERY + QUERY + QUERY, 5, port=53)])[-1]
    assert last.values("dns.id") == [0x1234, 0x1234, 0x1234]
    assert last.values("tcp.reassembled.length") == [len(QUERY)]


@pytest.mark.parametrize("octets, port, field, value", [
    (QUERY, 53, "dns.qry.name", "example.com"),
    (ALERT, 443, "tls.alert_message.desc", 40),
    (REQUEST, 80, "http.request.method", "GET"),
])  # fmt: skip
def test_segments_of_one_octet_each(octets: bytes, port: int, field: str, value: object) -> None:
    packets = noted([frame(flags=SYN, seq=0, port=port), *cut(octets, *range(1, len(octets)), port=port)])
    assert [packet[field] for packet in packets] == [None] * len(octets) + [value]
    assert packets[-1]["tcp.segment.count"] == len(octets)


def test_on_an_unknown_port_the_first_segment_tells_the_protocol() -> None:
    last = noted([frame(flags=SYN, seq=0, port=9999), *cut(REQUEST, 20, port=9999)])[-1]
    assert last["http.host"] == "h.example"


def test_segments_out_of_order_are_put_in_order() -> None:
    one, two, three = cut(REQUEST, 6, 20)
    packets = noted([*SYNS, two, three, one])
    assert [packet.protocols for packet in packets[2:]] == ["eth:ip:tcp", "eth:ip:tcp", "eth:ip:tcp:http"]
    assert packets[-1]["http.host"] == "h.example"
    assert packets[-1].values("tcp.segment") == [5, 3, 4]


def test_what_is_sent_again_does_not_give_the_message_again() -> None:
    one, two = cut(REQUEST, 6)
    packets = noted([*SYNS, one, one, two, two, frame(REQUEST)])
    assert [packet["http.host"] for packet in packets[2:]] == [None, None, "h.example", None, None]


def test_segments_that_overlap_count_once() -> None:
    packets = noted([*SYNS, frame(REQUEST[:20]), frame(REQUEST[10:], seq=11)])
    assert packets[-1]["http.host"] == "h.example"
    assert packets[-1]["tcp.reassembled.length"] == len(REQUEST)


def test_behind_a_gap_the_next_message_is_found() -> None:
    """The second segment was not captured, yet acknowledged."""
    one, _, three = cut(REQUEST, 6, 20)
    acknowledged = frame(ack=1 + len(REQUEST), flags=ACK, answer=True)
    then = frame(REQUEST.replace(b"/a", b"/b"), seq=1 + len(REQUEST))
    packets = noted([*SYNS, one, three, acknowledged, then])
    assert [packet["http.request.uri"] for packet in packets] == [None, None, None, None, None, "/b"]
    assert packets[-1]["tcp.segment"] is None


def test_sequence_numbers_wrap() -> None:
    start = 2**32 - 10
    packets = noted([
        frame(flags=SYN, seq=start - 1),
        frame(REQUEST[:20], seq=start),
        frame(REQUEST[30:], seq=start + 30),
        frame(REQUEST[20:30], seq=start + 20),
    ])  # fmt: skip
    assert packets[-1]["http.host"] == "h.example"


def test_a_body_that_only_the_close_ends_is_shown_with_the_fin() -> None:
    answer = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nabc"
    packets = noted([
        *SYNS,
        frame(answer, answer=True),
        frame(b"def", answer=True, seq=1 + len(answer)),
        frame(answer=True, seq=4 + len(answer), flags=FIN | ACK),
    ])  # fmt: skip
    assert [packet["http.file_data"] for packet in packets[2:]] == [None, None, b"abcdef"]


def test_a_fin_with_the_last_octets_shows_what_is_there_of_a_message() -> None:
    one, _ = cut(REQUEST[:-2], 6)
    packets = noted([*SYNS, one, frame(REQUEST[6:-2], seq=7, flags=FIN | ACK)])
    assert packets[-1]["http.request.uri"] == "/a"


def test_a_reset_shows_what_is_there_of_a_message() -> None:
    packets = noted([*SYNS, frame(ANSWER[:-1], answer=True), frame(answer=True, seq=len(ANSWER), flags=RST | ACK)])
    assert packets[-1]["http.response.code"] == 200


def test_sockets_used_again_begin_anew() -> None:
    again = [frame(flags=SYN, seq=1000), *(frame(REQUEST[a:b], seq=1001 + a) for a, b in ((0, 7), (7, 99)))]
    packets = noted([*SYNS, frame(REQUEST[:9]), *again])
    assert packets[-1]["http.host"] == "h.example"
    assert packets[-1].values("tcp.segment") == [5, 6]


def test_a_segment_that_the_capture_cut_is_not_waited_for() -> None:
    interface = Interface()
    messages = Messages()
    data = frame(REQUEST[:20])
    messages.note(Packet(data[:60], interface, 1, len(data), 1))
    assert messages.held == 0
    assert messages.note(Packet(frame(REQUEST, seq=21), interface, 2, -1, 2))["http.host"] == "h.example"


def test_what_no_protocol_with_messages_is_above_stays_as_it_is() -> None:
    packets = noted([frame(seq=0, flags=SYN, port=9999), *cut(b"\0nothing known", 4, port=9999)])
    assert [packet.protocols for packet in packets[1:]] == ["eth:ip:tcp:data"] * 2


# -- bounds ---------------------------------------------------------------------------------------------------


def test_a_message_that_is_too_long_is_given_up_and_the_next_one_found() -> None:
    long = b"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n" + bytes(5000)
    messages = Messages(most_message=1000)
    packets = noted([*SYNS, *cut(long + REQUEST, 100, 1000, 5000)], messages)
    assert [packet["http.request.method"] for packet in packets[2:]] == ["POST", None, None, "GET"]
    assert messages.held == 0


def test_a_length_that_lies_keeps_nothing() -> None:
    messages = Messages()
    packet = noted([*SYNS, frame(b"PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nx")], messages)[-1]
    assert packet["http.request.method"] == "PUT"
    assert messages.held == 0


def test_a_body_without_an_end_is_held_up_to_a_bound() -> None:
    messages = Messages(most_message=10_000)
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    frames = [frame(head, answer=True)]
    frames += [frame(bytes(1000), answer=True, seq=1 + len(head) + 1000 * i) for i in range(30)]
    packets = noted(frames, messages)
    assert [packet.number for packet in packets if packet["http.response.code"] is not None] == [11]
    assert messages.held == 0


def test_many_half_messages_are_bounded() -> None:
    messages = Messages(most_held=100_000, most_connections=500)
    interface = Interface()
    for client in range(20_000):
        messages.note(Packet(frame(REQUEST[:30], client=client + 1, flags=ACK), interface, 1, -1, client + 1))
        assert messages.held <= 100_000
    assert 0 < messages.held <= 500 * (30 + 2 * OVERHEAD)


def test_a_chunk_in_each_segment_takes_linear_time() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    frames = [frame(head, answer=True)]
    frames += [frame(b"1\r\nx\r\n", answer=True, seq=1 + len(head) + 6 * i) for i in range(20_000)]
    frames += [frame(b"0\r\n\r\n", answer=True, seq=1 + len(head) + 6 * 20_000)]
    packets = noted(frames)
    assert len(packets[-1].values("http.chunk_size")) == 20_001


def test_any_octets_in_any_order_are_survived() -> None:
    generator = random.Random(5)
    messages = Messages(most_message=2000, most_held=20_000, most_connections=4)
    whole = (REQUEST + ANSWER + ALERT + QUERY) * 20
    for number in range(1, 5000):
        at = generator.randrange(len(whole))
        octets = bytearray(whole[at : at + generator.randrange(60)])
        if octets and generator.random() < 0.2:
            octets[generator.randrange(len(octets))] = generator.randrange(256)
        flags = generator.choice([ACK] * 20 + [SYN, FIN | ACK, RST])
        data = frame(
            bytes(octets), seq=at, ack=generator.randrange(3000), flags=flags, client=generator.randrange(1, 8),
            port=generator.choice([53, 80, 443, 9999]), answer=generator.random() < 0.5,
        )  # fmt: skip
        packet = messages.note(Packet(data, Interface(), number, -1, number))
        assert packet.data == data
        assert json.dumps(as_object(packet))
        assert messages.held <= 20_000


# -- views ----------------------------------------------------------------------------------------------------


def test_the_detail_view_says_where_the_message_came_from() -> None:
    packet = noted([*SYNS, *cut(REQUEST, 6, 20)])[-1]
    written: list[str] = []
    DetailView(written.append, paint=Paint(False)).show(packet)
    lines = "".join(written).splitlines()
    told = "Reassembled from 3 segments, 36 octets: packets 3, 4, 5; octets are counted from their beginning"
    assert lines[lines.index(told) + 1] == "Hypertext Transfer Protocol (RFC 9112, 2.1), octets 0–35"


def test_the_dump_is_of_the_frame() -> None:
    packet = noted([*SYNS, *cut(REQUEST, 20)])[-1]
    lines = list(HexView(print, paint=Paint(False)).lines(packet))
    assert lines[-1] == "0036  74 3a 20 68 2e 65 78 61  6d 70 6c 65 0d 0a 0d 0a  t: h.example....  TCP"
    assert "HTTP" not in "".join(lines)


def test_json_tells_the_layers_of_the_message_from_those_of_the_frame() -> None:
    layers = as_object(noted([*SYNS, *cut(REQUEST, 20)])[-1])["layers"]
    assert [layer["layer"] for layer in layers if layer.get("reassembled")] == ["http"]
    assert [layer["tcp.segment"] for layer in layers if layer["layer"] == "tcp"] == [[3, 4]]


# -- agreement ------------------------------------------------------------------------------------------------

SAID = (
    *("http.request.uri", "http.response.code", "http.content_length", "http.chunk_size"),
    *("tls.alert_message.desc", "dns.id", "dns.qry.name"),
)
SEGMENTS = ("tcp.segment", "tcp.segment.count")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n3\r\nxyz\r\n0\r\n\r\n"



def agree(path: Path, fields: Iterable[str]) -> None:
    """Asserts that tshark gives each packet the same values."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-o", "tcp.reassemble_out_of_order:TRUE"]
    for name in fields:
        command += ["-e", name]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ours = [
        "\t".join(",".join(map(str, packet.values(name))) for name in fields)
        for packet in rawcap.read(path, reassemble=True)
    ]
    assert ours == re.sub(r"0x([0-9a-f]{4})\b", lambda found: str(int(found[1], 16)), told).splitlines()


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("name", ["http_requests", "tls12", "tls13", "dns"])
def test_agreement_on_captures(name: str) -> None:
    agree(PCAPS / f"{name}.pcapng", (*SAID, "tls.handshake.type", "dns.resp.name", *SEGMENTS, "tcp.reassembled.length"))


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("octets, port, answer", [
    (REQUEST * 3, 80, False),
    (ANSWER * 3, 80, True),
    (CHUNKED, 80, True),
    (QUERY * 5, 53, False),
    (ALERT * 12, 443, False),
], ids=["requests", "answers", "chunks", "DNS", "TLS"])  # fmt: skip
def test_agreement_with_tshark(octets: bytes, port: int, answer: bool, swapped: bool, tmp_path: Path) -> None:
    """Connections whose octets are cut in five segments anywhere, of which two may have changed places.

    In what the segments are called tshark differs where they change places: all messages that are whole by then count
    as one to it.  It takes no chunked message as whole whose last octet comes alone.
    """
    generator = random.Random(len(octets) + swapped)
    frames: list[bytes] = []
    for client in range(1000, 1012):
        places = sorted(generator.sample(range(20, len(octets) - 1), 4))
        segments = cut(octets, *places, port=port, answer=answer, client=client)
        if swapped:
            at = generator.randrange(1, 4)
            segments[at], segments[at + 1] = segments[at + 1], segments[at]
        frames += [
            frame(flags=SYN, seq=0, ack=0, port=port, client=client),
            frame(flags=SYN | ACK, seq=0, port=port, client=client, answer=True),
            *segments,
        ]
    path = tmp_path / "segments.pcap"
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, data in enumerate(frames):
            file.write(struct.pack("<IIII", 1, number, len(data), len(data)) + data)
    agree(path, SAID if swapped else SAID + SEGMENTS)
