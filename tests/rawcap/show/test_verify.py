"""The screen of what verification found."""

from __future__ import annotations

from pathlib import Path

import pytest

import rawcap
from rawcap.filter import display_filter
from rawcap.show.colours import Paint
from rawcap.show.columns import columns
from rawcap.show.verify import Screen, as_json, options
from rawcap.tcp.verify.evidence import Case, Evidence
from rawcap.tcp.verify.expectations import expect
from tests.rawcap.tcp.crafting import ACK, SYN, client, server

PCAPS = Path(__file__).parents[3] / "pcaps"

HANDSHAKE = """\
tcp 0  closed  client 192.0.2.1 port 49152, server 192.0.2.2 port 7, protocol TCP
  client       connect() returned after 0.143 ms; closed first (FIN 8), in TIME-WAIT
  server       accept() returned: the program answers or closes (6); recv() returned 0, closed too
               (FIN 9)

  handshake    1  client →, 0.000 ms    2  ← server, 0.143 ms    3  client →, 0.157 ms
  flags        SYN                      SYN, ACK                 ACK
  sequence no. 0 (raw 130898091)        0 (raw 1274734708)       1 (raw 130898092)
  acknowledges no ACK flag (raw 0)      1 (raw 130898092)        1 (raw 1274734709)
  window       64,240, scale 10 ×1024   65,160, scale 1 ×2       64,512 (63 ×1024)
  octets       header 20 + 20, data 0   header 20 + 20, data 0   header 20 + 12, data 0
  options      1: MSS 1460 (02 04 05 b4), SACK permitted (04 02), TSval 3269625842 TSecr 0
               (08 0a c2 e2 87 f2 00 00 00 00), NOP (01), window scale 10 (03 03 0a)
               2: MSS 1460 (02 04 05 b4), SACK permitted (04 02), TSval 2501996725 TSecr 3269625842
               (08 0a 95 21 70 b5 c2 e2 87 f2), NOP (01), window scale 1 (03 03 01)
               3: 2 × NOP (01 01), TSval 3269625842 TSecr 2501996725 (08 0a c2 e2 87 f2 95 21 70 b5)
  why ack 0    without the ACK flag the field means nothing: no number of the server was seen yet
  round trip   0.157 ms from SYN to ACK: 0.143 ms to SYN/ACK, 0.014 ms from there to ACK

  client sent  6 octets in 1 segment, all acknowledged; server's window 65,154 or more, never full
  server sent  6 octets in 1 segment, all acknowledged; client's window 64,512 or more, never full
               packet    from  number  octets   sent at  ACK  acknowledges     after
                    4  client       1       6  0.273 ms    5      6 octets  0.091 ms
                    6  server       1       6  0.388 ms    7      6 octets  0.007 ms
  end          FIN 8 (client, ACK 9), FIN 9 (server, ACK 10); client closed first, in TIME-WAIT
"""

NARROW = """\
  handshake    1  client →    2  ← server    3  client →
               0.000 ms       0.143 ms       0.157 ms
  flags        SYN            SYN, ACK       ACK
  sequence no. 0              0              1
               raw 130898091  raw 1274734708 raw 130898092
  acknowledges no ACK flag    1              1
               raw 0          raw 130898092  raw 1274734709
  window       64,240         65,160         64,512
               scale 10 ×1024 scale 1 ×2     63 ×1024
  octets       header 20 + 20 header 20 + 20 header 20 + 12
               data 0         data 0         data 0
"""


def cases(name: str) -> list[Case]:
    evidence = Evidence()
    for packet in rawcap.read(PCAPS / f"{name}.pcapng", reassemble=True):
        evidence.add(packet)
    return evidence.cases


def screen(name: str, width: int | None = 100, *, plain: bool = False, colour: bool = False) -> str:
    lines = Screen(Paint(colour), width, plain=plain).lines(cases(name), [])
    return "".join(f"{line}\n" for line in lines)


def test_what_lab_sheets_ask() -> None:
    assert screen("tcp/closed_by_client").startswith(HANDSHAKE)


@pytest.mark.parametrize("name", ["tcp/closed_by_client", "tcp_handshake", "tcp/closed_by_server"])
def test_an_ordinary_connection_takes_one_screen(name: str) -> None:
    assert len(screen(name).splitlines()) <= 55


def test_a_narrow_page_has_the_raw_numbers_below_the_relative_ones() -> None:
    assert NARROW in screen("tcp/closed_by_client", 60)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("width", [60, 80, 100, 130])
@pytest.mark.parametrize(
    "name",
    [
        "tcp/closed_by_client_ipv6",
        "tcp/begins_in_the_middle",
        "tcp/backlog_full_data",
        "tcp/host_unreachable",
        "tcp/lost_syn_ack",
        "tcp/window_full",
        "tcp_refused",
        "tcp_options",
        "udp_exchange",
    ],
)
def test_no_line_is_wider_than_the_page(name: str, width: int, plain: bool) -> None:
    found = cases(name)
    for chosen in (found, *([case] for case in found)):
        for line in Screen(Paint(False), width, plain=plain).lines(chosen, []):
            assert columns(line) <= width
            assert line.isascii() or not plain


def test_a_page_without_a_width_has_100_columns() -> None:
    assert screen("tcp/window_full", None) == screen("tcp/window_full", 100)


def test_marks_in_ascii() -> None:
    lines = screen("tcp/window_full", plain=True).splitlines()
    assert [line[13:].split()[0] for line in lines if "RFC 5961, 3.2" in line or "3.8.6" in line] == ["FAIL", "-", "ok"]


def test_what_holds_for_both_sides_has_one_line() -> None:
    text = screen("tcp/closed_by_client", 130)
    assert "✓ Each FIN is acknowledged  FIN 8, acknowledged by 9; FIN 9, acknowledged by 10 [8, 9, 10]" in text
    assert "The client's FIN is acknowledged" not in text


def test_what_holds_for_one_side_only_has_two() -> None:
    text = screen("tcp/written_after_close")
    assert "– The client's FIN is acknowledged  ended by a reset" in text
    assert "✓ The server's FIN is acknowledged  FIN 6, acknowledged by 7 [6, 7]" in text


def test_a_line_that_holds_keeps_its_packets_where_its_detail_has_no_room() -> None:
    lines = screen("tcp/closed_by_client", 100).splitlines()
    (line,) = (line for line in lines if "Initial sequence" in line)
    assert line.split("each time")[1].split() == ["[1,", "2]", "RFC", "9293,", "3.4.1"]


def test_what_is_broken_keeps_its_detail_also_where_room_is_short() -> None:
    lines = screen("tcp/window_full", 60).splitlines()
    place = next(place for place, line in enumerate(lines) if "✗" in line)
    assert lines[place + 1] == "      window 0: server 4 times [7, 9, 13, 16]"


def test_the_same_options_are_told_once() -> None:
    lines = screen("tcp/acknowledged_never_sent", 120).splitlines()
    assert [line for line in lines if "MSS" in line] == [
        "  options      1, 2: MSS 1460 (02 04 05 b4), SACK permitted (04 02), end of options (00), padding (00)"
    ]


CROSSING = """\
  handshake    1  client →, 0.000 ms    2  ← server, 200.460 ms   3  client →, 200.467 ms   4  ← server, 200.605 ms
  flags        SYN                      SYN                       SYN, ACK                  SYN, ACK
"""


def test_a_simultaneous_open_is_four_segments() -> None:
    assert CROSSING in screen("tcp/simultaneous_open", 130)


def test_syns_that_cross_tell_no_round_trip() -> None:
    (line,) = (line for line in screen("tcp/simultaneous_open").splitlines() if line.startswith("  round trip"))
    assert line == "  round trip   none is measured: the SYNs crossed, and another SYN is no answer"


def test_an_ack_stands_for_a_syn_ack_that_was_not_captured() -> None:
    evidence = Evidence()
    segments = [client(0, flags=SYN), server(0, flags=SYN), server(0, 1, flags=SYN | ACK), client(1, 1)]
    for number, sent in enumerate(segments, 1):
        evidence.add(sent.packet(number))
    told = list(Screen(Paint(False), 130).lines(evidence.cases, []))
    (flags,) = (line.split() for line in told if line.startswith("  flags"))
    assert flags == ["flags", "SYN", "SYN", "SYN,", "ACK", "ACK"]


def test_one_check_holds() -> None:
    assert screen("tcp/udp_unanswered").splitlines()[-1] == "1 exchange: 1 check holds, 1 broken"


def test_an_error_of_icmpv6_is_spelt_like_one_of_icmp() -> None:
    found = cases("tcp/prohibited")
    for text in (screen("tcp/prohibited"), *as_json(found, [])):
        assert "Destination unreachable (" in text
        assert "Destination Unreachable" not in text


def test_an_expectation_is_shown_as_it_was_written() -> None:
    filters: list[str] = []
    wanted = expect('none: frame contains "Time Exceeded"', filters)
    evidence = Evidence(None, [display_filter(text) for text in filters])
    found = [(wanted, wanted.look(evidence.cases, evidence.elsewhere))]
    assert 'contains "Time Exceeded"' in "\n".join(Screen(Paint(False), 130).lines([], found))


@pytest.mark.parametrize("width", [60, 130])
def test_packets_that_a_check_does_not_name_are_counted(width: int) -> None:
    evidence = Evidence()
    segments = [client(0, flags=SYN), server(0, 1, flags=SYN | ACK), client(1, 1)]
    segments += [client(1, 1, 100, at=at * 300.0) for at in range(13)]
    for number, sent in enumerate(segments, 1):
        evidence.add(sent.packet(number))
    told = " ".join("\n".join(Screen(Paint(False), width).lines(evidence.cases, [])).split())
    assert "[5, 6, 7, 8, 9, 10, 11, 12, 4 more]" in told


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("closed_by_both", "FIN 8 (client, ACK 11), FIN 9 (server, ACK 10); client closed first (simultaneous); both"),
        ("reset_by_server", "RST 6 (server); server reset it; nobody in TIME-WAIT"),
        ("written_after_close", "FIN 6 (server, ACK 7), RST 9 (server); server closed first (reset); nobody"),
        ("fin_never_acknowledged", "FIN 6 (client, sent 3 times, no ACK); client closed first (half closed); nobody"),
        ("ends_in_the_middle", "open"),
        ("refused", "RST 2 (server); never open"),
    ],
)
def test_the_end(name: str, end: str) -> None:
    (line,) = (line for line in screen(f"tcp/{name}", 130).splitlines() if line.startswith("  end          "))
    assert line.removeprefix("  end          ").startswith(end)


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        ("02 04 05 b4", [("MSS 1460", "02 04 05 b4")]),
        ("01 01 01 04 02", [("3 × NOP", "01 01 01"), ("SACK permitted", "04 02")]),
        ("08 0a 00 00 00 01 00 00 00 02", [("TSval 1 TSecr 2", "08 0a 00 00 00 01 00 00 00 02")]),
        ("03 03 07 00 00 00", [("window scale 7", "03 03 07"), ("end of options", "00"), ("padding", "00 00")]),
        ("03 03 07 00", [("window scale 7", "03 03 07"), ("end of options", "00")]),
        ("fd 04 00 00", [("kind 253", "fd 04 00 00")]),
        ("02 04 05", [("cut off", "02 04 05")]),
        ("02 00", [("cut off", "02 00")]),
        ("", []),
    ],
)
def test_options(octets: str, told: list[tuple[str, str]]) -> None:
    assert list(options(bytes.fromhex(octets))) == told


def test_colours() -> None:
    text = screen("tcp/window_full", colour=True)
    assert "\x1b[1;31m✗\x1b[0m The receiver's window" in text
    assert "\x1b[1mhandshake" in text
