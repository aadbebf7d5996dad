"""The ladder of a connection."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

import rawcap
from dissectors.packet import Interface, Packet
from rawcap.show.colours import Paint
from rawcap.show.ladder import ASCII, NARROWEST, USUAL, ladder

PCAPS = Path(__file__).parents[3] / "pcaps"

LOST_SYN = """\
                       192.0.2.1:49152                                           192.0.2.2:7
 time, s  packet       CLOSED ┊                                                       ┊ UNKNOWN
0.000000       1     SYN-SENT │──SYN seq=0 win=64240─────────────────────────────────▶┊
                              │  mss=1460 scale=10 sack timestamps                    ┊
                              │                      … 1.01 s …                       ┊
1.006672       2              │──SYN seq=0 win=64240 · retransmission────────────────▶┊
1.006910       3  ESTABLISHED │◀──────────────────────SYN, ACK seq=0 ack=1 win=65160──│ SYN-RECEIVED
                              │                     mss=1460 scale=1 sack timestamps  │
1.006932       4              │──ACK ack=1 win=64512─────────────────────────────────▶│ ESTABLISHED
1.007110       5              │──PSH, ACK seq=1 ack=1 len=6──────────────────────────▶│
1.007193       6              │◀─────────────────────────────────ACK ack=7 win=65154──│
1.007253       7              │◀──────────────────────────PSH, ACK seq=1 ack=7 len=6──│
1.007258       8              │──ACK ack=7 win=64512─────────────────────────────────▶│
1.007308       9   FIN-WAIT-1 │──FIN, ACK seq=7 ack=7────────────────────────────────▶│ CLOSE-WAIT
1.007446      10    TIME-WAIT │◀────────────────────────────────FIN, ACK seq=7 ack=8──│ LAST-ACK
1.007453      11              │──ACK ack=8 win=64512─────────────────────────────────▶│ CLOSED

opened by a handshake in 1.01 s; closed orderly, by the client first; the client is in TIME-WAIT;
1 retransmission
"""

UNANSWERED = """\
                    192.0.2.1:49152                                                   192.0.2.3:7
 time, s  packet    CLOSED ┊                                                               ┊ UNKNOWN
0.000000       1  SYN-SENT │╌╌SYN seq=0 win=64240 mss=1460 scale=10 sack timestamps╌╌╌╌╌╌╌▶┊
                           │                          … 1.01 s …                           ┊
1.009521       2           │╌╌SYN seq=0 win=64240 · retransmission╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌▶┊
                           │                          … 2.02 s …                           ┊
3.025528       3           │╌╌SYN seq=0 win=64240 · retransmission╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌▶┊

never open: 3 SYNs, no answer
╌╌▶ never acknowledged in this capture
"""

BOTH = """\
                       192.0.2.1:49152                                           192.0.2.2:7
 time, s  packet       CLOSED ┊                                                       ┊ UNKNOWN
0.000000       1     SYN-SENT │──SYN seq=0 win=64240─────────────────────────────────▶┊
                              │  mss=1460 scale=10 sack timestamps                    ┊
0.000202       2  ESTABLISHED │◀──────────────────────SYN, ACK seq=0 ack=1 win=65160──│ SYN-RECEIVED
                              │                     mss=1460 scale=1 sack timestamps  │
0.000217       3              │──ACK ack=1 win=64512─────────────────────────────────▶│ ESTABLISHED
0.000371       4              │──PSH, ACK seq=1 ack=1 len=6──────────────────────────▶│
0.000508       5              │◀─────────────────────────────────ACK ack=7 win=65154──│
0.000560       6              │◀──────────────────────────PSH, ACK seq=1 ack=7 len=6──│
0.000571       7              │──ACK ack=7 win=64512─────────────────────────────────▶│
0.000594       8   FIN-WAIT-1 │──FIN, ACK seq=7 ack=7────────────────────────────────▶│ CLOSE-WAIT
                              │                      … 200 ms …                       │
0.200948       9      CLOSING │◀────────────────────────────────FIN, ACK seq=7 ack=7──│ CLOSING
0.200972      10              │──ACK ack=8 win=64512─────────────────────────────────▶│ TIME-WAIT
0.201130      11    TIME-WAIT │◀─────────────────────────────────ACK ack=8 win=65154──│

opened by a handshake in 218 µs; closed by both sides at once; both sides are in TIME-WAIT
"""

UNREACHABLE = """\
                  [2001:db8::1]:49152                                            [2001:db8:100::1]:7
 time, s  packet    CLOSED ┊                                                               ┊ UNKNOWN
0.000000       3  SYN-SENT │╌╌SYN seq=0 win=64800 mss=1440 scale=10 sack timestamps╌╌╌╌╌╌╌▶┊
                           │                          … 203 ms …                           ┊
0.203124       4           │◀──────ICMPv6 address unreachable from 2001:db8::2──○          ┊

never open: address unreachable
╌╌▶ never acknowledged in this capture
"""

NARROW = """\
               192.0.2.1:49152             192.0.2.2:7
 time, s  #    CLOSED ┊                         ┊ UNKNOWN
0.000000  1  SYN-SENT │──SYN seq=0 win=64240───▶┊
                      │  mss=1460 scale=10      ┊
                      │  sack timestamps        ┊
0.000143  2     ESTAB │◀──SYN, ACK seq=0 ack=1──│ SYN-RECV
                      │              win=65160  │
                      │  mss=1460 scale=1 sack  │
                      │             timestamps  │
0.000157  3           │──ACK ack=1 win=64512───▶│ ESTAB
0.000273  4           │──PSH, ACK seq=1 ack=1──▶│
                      │  len=6                  │
0.000364  5           │◀───ACK ack=7 win=65154──│
0.000388  6           │◀──PSH, ACK seq=1 ack=7──│
                      │                  len=6  │
0.000395  7           │──ACK ack=7 win=64512───▶│
0.000406  8 FIN-WAIT1 │──FIN, ACK seq=7 ack=7──▶│ CLOSE-WAIT
0.000528  9 TIME-WAIT │◀──FIN, ACK seq=7 ack=8──│ LAST-ACK
0.000534 10           │──ACK ack=8 win=64512───▶│ CLOSED

opened by a handshake in 157 µs;
closed orderly, by the client first;
the client is in TIME-WAIT
"""

NOT_TAKEN = """\
           192.0.2.1:49152                                                               192.0.2.2:7
 time, s  packet  ┊                                                                                ┊
0.000000       1  │──len=7────────────────────────────────────────────────────────────────────────▶┊
0.000093       2  │◀───────────────────────────────────────────────────────ICMP port unreachable───│

port unreachable
"""

SECOND = 1_000_000_000


def segment(from_client: bool, seq: int, ack: int, flags: int, payload: bytes = b"") -> bytes:
    """An Ethernet frame between 192.0.2.1:5000, the client, and 192.0.2.2:7."""
    ports, ends = ((5000, 7), (1, 2)) if from_client else ((7, 5000), (2, 1))
    tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 1000, 0, 0) + payload
    addresses = bytes([192, 0, 2, ends[0], 192, 0, 2, ends[1]])
    return bytes(12) + b"\x08\x00" + struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + addresses + tcp


def packets(*frames: bytes, every: int = 1_000_000) -> Iterator[Packet]:
    """Packets of these frames, `every` nanoseconds one."""
    interface = Interface()
    for number, frame in enumerate(frames, 1):
        yield Packet(frame, interface, number * every, len(frame), number)


def download(segments: int) -> list[bytes]:
    """A handshake, and so many segments of 100 octets from the server, each acknowledged."""
    frames = [segment(True, 0, 0, 0x02), segment(False, 0, 1, 0x12), segment(True, 1, 1, 0x10)]
    for place in range(segments):
        frames.append(segment(False, 1 + 100 * place, 1, 0x10, bytes(100)))
        frames.append(segment(True, 1, 101 + 100 * place, 0x10))
    return frames


def drawn(name: str, number: int = 0, protocol: str = "tcp", width: int = USUAL) -> str:
    return ladder(rawcap.read(PCAPS / f"{name}.pcapng", reassemble=True), number, protocol, width=width)


def arrows(text: str) -> list[str]:
    """What stands between the two lines."""
    lines = [line.replace("┊", "│") for line in text.splitlines()]
    return [line.split("│")[1] for line in lines if line.count("│") == 2]


@pytest.mark.parametrize(
    ("name", "number", "protocol", "expected"),
    [
        ("tcp/lost_syn", 0, "tcp", LOST_SYN),
        ("tcp/syn_unanswered", 0, "tcp", UNANSWERED),
        ("tcp/closed_by_both", 0, "tcp", BOTH),
        ("tcp/host_unreachable", 1, "tcp", UNREACHABLE),
        ("tcp/udp_port_unreachable", 0, "udp", NOT_TAKEN),
    ],
)
def test_the_whole_picture(name: str, number: int, protocol: str, expected: str) -> None:
    assert drawn(name, number, protocol) == expected


def test_a_narrow_page_has_short_names_and_leaves_nothing_out() -> None:
    assert drawn("tcp/closed_by_client", width=60) == NARROW


@pytest.mark.parametrize("width", [60, 80, 100])
def test_every_option_of_a_syn_is_told(width: int) -> None:
    text = " ".join(drawn("tcp/closed_by_client", width=width).replace("│", " ").replace("┊", " ").split())
    assert "mss=1460 scale=10 sack timestamps" in text
    assert "mss=1460 scale=1 sack timestamps" in text


def test_a_fast_open_cookie_is_asked_for_then_shown() -> None:
    assert "mss=1460 scale=10 sack timestamps cookie?──" in drawn("tcp/fast_open_accepted", 0, width=140)
    assert "mss=1460 scale=10 sack timestamps cookie──" in drawn("tcp/fast_open_accepted", 1, width=140)


def test_all_that_is_said_fits_on_one_arrow_where_it_is_long_enough() -> None:
    assert "SYN, ACK seq=0 ack=1 win=65160 mss=1460 scale=1 sack timestamps──│" in drawn("tcp/lost_syn", width=140)


def test_a_message_that_is_too_long_for_its_two_lines_ends_in_dots() -> None:
    payload = b"GET /" + b"x" * 300 + b" HTTP/1.1\r\n\r\n"
    frame = segment(True, 1, 1, 0x18, payload).replace(b"\x13\x88\x00\x07", b"\x13\x88\x00\x50")
    text = ladder([Packet(frame, Interface(), 0, len(frame), 1)], width=60)
    lines = [line.split("│")[1].split("┊")[0].strip() for line in text.splitlines() if "│  " in line]
    assert lines[-1].endswith("x…")
    assert max(map(len, text.splitlines())) <= 60


def test_no_such_connection() -> None:
    assert drawn("tcp/lost_syn", 1) == ""


@pytest.mark.parametrize("width", [60, 80, 90, 100, 132, 200])
@pytest.mark.parametrize("name", ["tcp/zero_window", "tcp/fast_open_ignored", "http_requests", "tls13"])
def test_every_arrow_ends_at_the_other_line(name: str, width: int) -> None:
    lengths = {len(each) for each in arrows(drawn(name, width=width))}
    assert len(lengths) == 1
    assert max(map(len, drawn(name, width=width).splitlines())) <= width


def test_a_ladder_is_not_squeezed_any_further() -> None:
    assert drawn("tcp/zero_window", width=10) == drawn("tcp/zero_window", width=NARROWEST)


def test_sockets_that_do_not_fit_beside_each_other_stand_on_two_lines() -> None:
    long = [bytes([0x20, 0x01, 0x0D, 0xB8, *[0xA5, 0xC3] * 5, 0xFF, each]) for each in (1, 2)]
    udp = struct.pack("!HHHH", 49152, 7, 8, 0)
    frame = bytes(12) + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, 8, 17, 64) + long[0] + long[1] + udp
    lines = ladder(packets(frame), protocol="udp", width=80).splitlines()
    assert lines[0] == "[2001:db8:a5c3:a5c3:a5c3:a5c3:a5c3:ff01]:49152"
    assert lines[1] == " " * 38 + "[2001:db8:a5c3:a5c3:a5c3:a5c3:a5c3:ff02]:7"


def test_trouble_stands_on_the_arrow_also_where_room_is_short() -> None:
    told = [arrow for arrow in arrows(drawn("tcp/zero_window", width=80)) if "·" in arrow]
    assert [arrow.strip("◀─▶").rpartition(" · ")[2] for arrow in told] == [
        "window full",
        "zero window",
        "zero window probe",
        "zero window",
        "zero window probe",
        "zero window probe",
        "zero window",
        "window update",
        "window full",
        "window full",
    ]


def test_what_is_never_acknowledged_is_broken() -> None:
    text = drawn("tcp/data_unanswered")
    assert [arrow[:2] for arrow in arrows(text) if "len=8" in arrow] == ["╌╌"] * 5
    assert text.splitlines()[-1] == "╌╌▶ never acknowledged in this capture"


def test_a_line_is_broken_until_its_host_says_something() -> None:
    lines = [line for line in drawn("tcp/lost_syn").splitlines() if "──" in line]
    assert [("┊" in line) for line in lines] == [True, True, *[False] * 9]


def test_what_the_protocol_inside_says() -> None:
    text = drawn("http_requests")
    assert "──PSH, ACK seq=1 ack=1 len=68 · HTTP GET / HTTP/1.1───▶" in arrows(text)
    place = arrows(text).index("◀────────────────────PSH, ACK seq=371 ack=215 len=158──")
    assert arrows(text)[place + 1].strip() == "HTTP/1.1 404 Not Found (text/plain)"


def test_a_short_time_has_no_line_of_its_own() -> None:
    frames = [segment(True, 0, 0, 0x02), segment(False, 0, 1, 0x12)]
    assert len(arrows(ladder(packets(*frames, every=199_999_999)))) == 3
    assert arrows(ladder(packets(*frames, every=200_000_000)))[2].strip() == "… 200 ms …"


def test_many_segments_are_folded() -> None:
    text = ladder(packets(*download(50)))
    assert [line.split()[1] for line in text.splitlines()[2:] if "──" in line] == [
        *["1", "2", "3", "4", "5", "6"],
        *["101", "102", "103"],
    ]
    assert "… 47 ACKs →, 47 segments, 4,700 octets ← …" in text


def test_few_segments_are_not() -> None:
    assert "…" not in ladder(packets(*download(5)))


def test_nothing_is_folded_where_all_is_asked_for() -> None:
    assert len(arrows(ladder(packets(*download(50)), unfold=True))) == 1 + 103


def test_what_is_out_of_the_ordinary_is_never_folded() -> None:
    frames = download(50)
    again = frames[51]
    assert "retransmission" in ladder(packets(*frames[:60], again, *frames[60:]))


def test_a_fold_takes_two_lines_where_one_is_too_short() -> None:
    lines = ladder(packets(*download(50)), width=60).splitlines()
    folds = [line.split("│")[1].strip() for line in lines if "…" in line]
    assert folds == ["… 47 ACKs → …", "… 47 segments, …", "… 4,700 octets ← …"]


def test_ascii_alone() -> None:
    text = ladder(packets(*download(50), every=SECOND), strokes=ASCII)
    assert text.isascii()


def test_the_notes_of_packets_stay_as_they_are() -> None:
    found = list(rawcap.read(PCAPS / "tcp" / "three_connections.pcapng", needs=["tcp.stream"]))
    before = [dict(each.notes or {}) for each in found]
    assert ladder(found, 2)
    assert [dict(each.notes or {}) for each in found] == before


def test_colours() -> None:
    text = ladder(rawcap.read(PCAPS / "tcp" / "retransmission.pcapng"), paint=Paint(True))
    (again,) = (line for line in text.splitlines() if "· retransmission" in line)
    assert "\x1b[1;31m──PSH, ACK" in again


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("tcp/closed_by_client", 0, "opened by a handshake in 157 µs; closed orderly, by the client first; "),
        ("tcp/reset_by_server", 0, "opened by a handshake in 144 µs; reset by the server\n"),
        ("tcp/fin_never_acknowledged", 0, "opened by a handshake in 2.00 ms; closed by the client only; "),
        ("tcp/begins_in_the_middle", 0, "opened before the capture began; closed orderly, by the client first; "),
        ("tcp/ends_in_the_middle", 0, "opened by a handshake in 161 µs; open when the capture ends\n"),
        ("tcp/final_ack_missing", 0, "its handshake was not finished; "),
        ("tcp/fast_open_accepted", 1, "opened by fast open, with data in the SYN; closed orderly, "),
        ("tcp/simultaneous_open", 0, "opened by both sides at once; closed orderly, by the client first; "),
        ("tcp/syn_unanswered", 0, "never open: 3 SYNs, no answer\n"),
        ("tcp/net_unreachable", 0, "never open: network unreachable\n"),
    ],
)
def test_what_came_of_it(name: str, number: int, words: str) -> None:
    text = drawn(name, number)
    assert "\n\n" + words in text
