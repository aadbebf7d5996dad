"""The picture of a timeline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dissectors.packet import Packet
from rawcap.show.colours import Paint
from rawcap.show.columns import columns
from rawcap.show.ladder import ASCII
from rawcap.show.timeline import Drawing, lines
from rawcap.stack.event import CALL, KERNEL, NOTE, Event, Socket
from rawcap.stack.timeline import Timeline
from tests.rawcap.stack.stories import CLIENT, FAR, OPEN_NS, RAW, SERVER, exchange, handshake, narrated

PLAIN = Paint(False)

WHOLE = """\
        client: echo-client, pid 102                                    server: echo-server, pid 101
               192.0.2.1:49152                                                   192.0.2.2:7
 time, s              ┊                                                               ┊
0.000000              ┊                              socket(AF_INET, SOCK_STREAM) = 3 ┤ CLOSED
0.000050              ┊                                      bind(3, 192.0.2.2:7) = 0 ┤
0.000100              ┊                                      listen(3, backlog 5) = 0 ┤ LISTEN
0.000150              ┊                                                  accept4(3) … ┨
0.000840       CLOSED ├ socket(AF_INET, SOCK_STREAM) = 5                              ┃
0.000880     SYN-SENT ┠ connect(5, 192.0.2.2:7) …                                     ┃
0.000900              ┃──SYN seq=0 win=64240 mss=1460 scale=10 sack timestamps───────▶┃
0.000925  ESTABLISHED ┃◀──────────────────────────────SYN, ACK seq=0 ack=1 win=65160──┃ SYN-RECEIVED
                      ┃                            mss=1460 scale=1 sack timestamps   ┃
0.000940              ┃──ACK ack=1 win=64512─────────────────────────────────────────▶┃ ESTABLISHED
0.000960              ┠ connect returns 0                                             ┃
0.000975              │                        accept4 returns 4 from 192.0.2.1:49152 ┨
0.000990              │                              recvfrom(4, up to 4096 octets) … ┨
0.001030              ┠ sendto(5, 6 octets) …                                         ┃
0.001044              ┃──PSH, ACK seq=1 ack=1 len=6──────────────────────────────────▶┃
0.001050              ┠ sendto returns 6                                              ┃
0.001051              │◀─────────────────────────────────────────ACK ack=7 win=65154──┃
0.001055              ┠ recvfrom(5, up to 4096 octets) …                              ┃
0.001060              ┃                                            recvfrom returns 6 ┨
0.001065              ┃                                         sendto(4, 6 octets) … ┨
0.001075              ┃◀──────────────────────────────────PSH, ACK seq=1 ack=7 len=6──┃
0.001078              ┃──ACK ack=7 win=64512─────────────────────────────────────────▶┃
0.001080              ┃                                              sendto returns 6 ┨
0.001084              ┠ recvfrom returns 6                                            │
0.001086              ┠ close(5) …                                                    │
0.001089   FIN-WAIT-1 ┃──FIN, ACK seq=7 ack=7────────────────────────────────────────▶│ CLOSE-WAIT
0.001094              ┃                              recvfrom(4, up to 4096 octets) … ┨
0.001096              ┠ close returns 0                                               ┃
0.001096              │                                            recvfrom returns 0 ┨
0.001098              │                                                    close(4) … ┨
0.001102    TIME-WAIT │◀────────────────────────────────────────FIN, ACK seq=7 ack=8──┃ LAST-ACK
0.001106              │                                               close returns 0 ┨
0.001106              │──ACK ack=8 win=64512─────────────────────────────────────────▶│ CLOSED

opened by a handshake in 40.0 µs; closed orderly, by the client first; the client is in TIME-WAIT
"""


def drawn(timeline: Timeline, width: int = 100) -> str:
    return "".join(f"{line}\n" for line in lines(timeline, width, PLAIN))


def test_a_connection_from_socket_to_close() -> None:
    assert drawn(Timeline(*handshake())) == WHOLE


@pytest.mark.parametrize("width", [70, 80, 100, 120, 160])
def test_a_page_is_as_wide_as_it_may_be_and_no_wider(width: int) -> None:
    events, frames = handshake(with_kernel=True)
    widths = [columns(line) for line in lines(Timeline(narrated(events), frames), width, PLAIN)]
    assert width - 8 <= max(widths) <= width


def test_words_without_room_stand_under_their_line() -> None:
    told = drawn(Timeline(*handshake()), 80).splitlines()
    at = next(place for place, line in enumerate(told) if "SYN seq=0" in line)
    assert told[at].split()[1:] == ["┃──SYN", "seq=0", "win=64240─────────────────────────▶┃"]
    assert told[at + 1].split() == ["┃", "mss=1460", "scale=10", "sack", "timestamps", "┃"]


def test_narrow_pages_have_the_short_names_of_states() -> None:
    told = drawn(Timeline(*handshake()), 80)
    assert "SYN-RECV" in told
    assert "ESTABLISHED" not in told


def test_the_kernels_states_stand_where_their_causes_do() -> None:
    told = drawn(Timeline(*handshake(with_kernel=True))).splitlines()
    (line,) = [each for each in told if "FIN-WAIT-1" in each]
    assert line.split()[:4] == ["0.001086", "FIN-WAIT-1", "┠", "close(5)"]
    (line,) = [each for each in told if "TIME-WAIT" in each and "opened" not in each and "client is" not in each]
    assert "FIN, ACK" in line
    assert "FIN-WAIT-2" not in "".join(told)


def test_in_ascii() -> None:
    told = list(lines(Timeline(*handshake()), 80, PLAIN, ASCII))
    assert all(line.isascii() for line in told)
    assert all(columns(line) <= 80 for line in told)
    assert told[8] == "0.000880   SYN-SENT # connect(5, 192.0.2.2:7) ...                   #"


def test_colours_change_nothing_else() -> None:
    events, frames = handshake(with_kernel=True)
    timeline = Timeline(narrated(events), frames)
    coloured = "\n".join(lines(timeline, 100, Paint(True)))
    assert coloured.count("\x1b[") > 100
    bare = coloured
    while "\x1b[" in bare:
        before, _, rest = bare.partition("\x1b[")
        bare = before + rest.partition("m")[2]
    assert bare.splitlines() == list(lines(timeline, 100, PLAIN))


def test_notes_are_paragraphs_in_any_script() -> None:
    events, frames = handshake()
    told = drawn(Timeline(narrated(events), frames), 80).splitlines()
    assert told[:3] == [
        "1. The server creates a socket, binds it and listens",
        "   A socket is made of a family, a type and a protocol. Nothing is sent for",
        "   that, nor for an address or for listening: the wire stays empty until a",
    ]
    at = told.index("5. The client connects")
    assert told[at + 1 : at + 4] == [
        "   connect() 发出 SYN，并一直等到服务器的 SYN/ACK 到来；三次握手由内核完成，这时",
        "   还没有任何程序调用 accept()。",
        "",
    ]


def call_of_client(errno: str) -> Event:
    socket = Socket("inet", "tcp", CLIENT, SERVER, 13)
    text = "connect(5, 192.0.2.2:7) = -1 ECONNREFUSED (Connection refused)"
    return Event(9, "return", "connect", text, "client", 1, 1, "x", 5, socket, -1, errno)


def test_a_call_that_failed_is_in_the_colour_of_what_is_bad() -> None:
    told = "\n".join(lines(Timeline([call_of_client("ECONNREFUSED")], []), 100, Paint(True)))
    assert "\x1b[1;31mconnect(5, 192.0.2.2:7) = -1 ECONNREFUSED (Connection refused)\x1b[0m" in told


def test_several_clients_are_named_on_their_lines() -> None:
    first, frames = exchange(0, OPEN_NS, lambda: 1000)
    second, more = exchange(1, OPEN_NS + 500, lambda: 1000)
    carried = sorted([*frames, *more], key=lambda each: each.time_ns or 0)
    packets = [Packet(each.data, RAW, each.time_ns, each.length, at) for at, each in enumerate(carried, 1)]
    told = drawn(Timeline([*first, *second], packets))
    assert "┠ client 2: connect(5) …" in told
    assert "┃──client 2 SYN seq=0 win=1000" in told
    assert "client 2 SYN, ACK seq=0 ack=1 win=1000──┃" in told
    assert "recvfrom(5) (client 2) … ┨" in told


def test_a_frame_that_was_lost_ends_on_its_way() -> None:
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    told = []
    for place, each in enumerate(frames):
        near, far = (RAW, FAR) if each.data[15] == 1 else (FAR, RAW)
        told.append((each.data, near, each.time_ns or 0))
        if place != 1:
            told.append((each.data, far, (each.time_ns or 0) + 300))
    told.sort(key=lambda each: each[2])
    packets = [Packet(data, near, at, len(data), number) for number, (data, near, at) in enumerate(told, 1)]
    (line,) = [each for each in drawn(Timeline(events, packets)).splitlines() if "✗" in each]
    assert line.endswith("✗──────────SYN, ACK seq=0 ack=1 win=1000──┃ SYN-RECEIVED")
    assert "ESTABLISHED" not in line


def test_a_long_way_has_two_lines() -> None:
    _, frames = exchange(0, OPEN_NS, lambda: 1000)
    data, at = frames[0].data, frames[0].time_ns or 0
    packets = [Packet(data, RAW, at, len(data), 1), Packet(data, FAR, at + 20_000_000, len(data), 2)]
    left, arrived = [each for each in drawn(Timeline([], packets)).splitlines() if "SYN seq" in each]
    assert left.rstrip("┊").endswith("▶" + " " * 27)
    assert arrived.startswith("0.020000")
    assert "SYN seq=0 after 20.0 ms" in arrived


def test_data_that_moves_without_a_call_is_the_kernels_to_tell() -> None:
    socket = Socket("inet", "tcp", CLIENT, SERVER, 13)
    sent = Event(5, KERNEL, "send", "6 octets into the send queue", "client", 7, 7, "uring", socket=socket)
    assert "├ kernel: 6 octets into the send queue" in drawn(Timeline([sent], []))
    inside = Event(4, CALL, "sendto", "sendto(5, 6 octets)", "client", 7, 7, "plain", 5, socket)
    assert "kernel" not in drawn(Timeline([inside, sent], []))


def test_what_nobody_can_assign_says_its_process() -> None:
    lone = Event(5, CALL, "socket", "socket(AF_INET, SOCK_STREAM)", pid=7, tid=7, program="tool")
    assert "├ tool 7: socket(AF_INET, SOCK_STREAM) …" in drawn(Timeline([lone], [])).replace("┠", "├")


def test_live_lines_come_as_soon_as_nothing_can_change_them() -> None:
    drawing = Drawing(100, PLAIN)
    begun = Event(0, CALL, "accept4", "accept4(3) …", "server", 1, 1, "s", 3)
    returned = replace(begun, time_ns=300_000_000, source="return", text="accept4(3) = 4", result=4)
    told = list(drawing.add(begun))
    assert len(told) == 2  # the names and the lines of both sides
    told = list(drawing.add(replace(begun, tid=2, time_ns=5)))
    assert [each.split()[-2:] for each in told] == [["…", "┨"]]
    assert next(iter(drawing.rest())).startswith("0.000000")
    told = [*drawing.add(returned), *drawing.rest()]
    assert told[0].strip("┊┃ ") == "… 300 ms …"
    assert "accept4 returns 4" in told[1]


def test_what_packets_say_controls_no_terminal() -> None:
    evil = Event(5, NOTE, "note", "\x1b[31mred\x07", values={"number": "\x1b", "title": "\x1b[2J"})
    assert "\x1b" not in drawn(Timeline([evil, replace(evil, name="step")], []))
    call = Event(6, CALL, "connect", "\x1b[2J", "client", 1, 1, "\x1b]0;x", 5)
    assert "\x1b" not in drawn(Timeline([call], []))


def test_an_empty_timeline_has_no_lines() -> None:
    assert list(lines(Timeline([], []), 100, PLAIN)) == []
