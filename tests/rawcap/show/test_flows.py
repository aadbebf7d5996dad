"""Connections and exchanges as text, JSON and columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rawcap.following import Followed, connections, follow
from rawcap.show import flows
from rawcap.show.colours import Paint

PCAPS = Path(__file__).parents[3] / "pcaps" / "tcp"

AT_100_COLUMNS = """\
TCP, 1 connection
#  client           server       opened     closed            packets  octets →  octets ←     RTT
0  192.0.2.1:49152  192.0.2.2:7  handshake  orderly (client)       25    10,000         0  193 µs
   3 zero windows, 3 windows full, 3 window probes

1 connection: 1 handshake; 1 orderly; 10,000 octets
3 columns left out: start, duration, mean RTT; a wider terminal or -T json shows them
"""


def table(followed: Followed, width: int | None = None, order: str = "number") -> str:
    lines = flows.tcp_text(followed.connections, followed, order, Paint(False), width)
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 s"),
        (7, "7 ns"),
        (999, "999 ns"),
        (1_000, "1.00 µs"),
        (85_200, "85.2 µs"),
        (1_016_000_000, "1.02 s"),
        (10_040_000, "10.0 ms"),
        (3_600 * 10**9, "3,600 s"),
    ],
)
def test_a_time_has_three_digits_that_count(nanoseconds: int, text: str) -> None:
    assert flows.span(nanoseconds) == text


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("closed_by_client", ""),
        ("retransmission", "1 retransmitted"),
        ("zero_window", "3 zero windows, 3 windows full, 3 window probes"),
        ("out_of_order", "1 out of order, 1 gap before"),
        ("not_recorded", "1 gap before, 1 acknowledged unseen, 4 octets missing"),
        ("host_unreachable", "host unreachable"),
        ("data_after_fin", "1 data after FIN"),
    ],
)
def test_trouble_in_short_words(file: str, words: str) -> None:
    assert flows.trouble(connections(PCAPS / f"{file}.pcapng")[0]) == words


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("closed_by_client", "orderly (client)"),
        ("closed_by_server", "orderly (server)"),
        ("closed_by_both", "simultaneous"),
        ("reset_by_client", "reset (client)"),
        ("reset_by_server", "reset (server)"),
        ("never_accepted", "reset (server)"),
        ("fin_never_acknowledged", "half closed (client)"),
        ("ends_in_the_middle", "open"),
        ("refused", "–"),
    ],
)
def test_how_it_closed_and_who_did(file: str, words: str) -> None:
    assert flows.closing(connections(PCAPS / f"{file}.pcapng")[0]) == words


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("udp_answered", "answered"),
        ("udp_unanswered", "unanswered"),
        ("udp_port_unreachable", "port unreachable"),
    ],
)
def test_what_became_of_datagrams(file: str, words: str) -> None:
    assert flows.udp_outcome(follow([PCAPS / f"{file}.pcapng"]).exchanges[0]) == words


def test_columns_give_way_where_a_terminal_is_narrow_and_trouble_goes_below() -> None:
    assert table(follow([PCAPS / "zero_window.pcapng"]), 100) == AT_100_COLUMNS


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_a_table_is_no_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, table(follow([PCAPS / "zero_window.pcapng"]), width).splitlines())) <= width


def test_the_totals_add_up_what_was_picked_and_not_what_is_shown() -> None:
    followed = follow([PCAPS / "three_connections.pcapng"])
    *_, totals = flows.tcp_text(followed.connections[:1], followed, "number", Paint(False), None)
    assert totals == "3 connections: 3 handshake; 2 orderly, 1 reset; 42 octets"


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("number", [0, 1, 2]),
        ("packets", [0, 1, 2]),
        ("octets", [0, 1, 2]),
        ("duration", [1, 0, 2]),
        ("rtt", [0, 1, 2]),
        ("trouble", [0, 1, 2]),
    ],
)
def test_in_order(order: str, numbers: list[int]) -> None:
    found = connections(PCAPS / "three_connections.pcapng")
    assert [each.stream for each in flows.in_order(found, order, None)] == numbers


def test_every_value_is_in_the_json_under_its_path() -> None:
    found = connections(PCAPS / "retransmission.pcapng")
    (whole,) = map(json.loads, flows.as_json(found, flows.TCP_VALUES))
    for name, value in flows.TCP_VALUES.items():
        level = whole
        for each in name.split("."):
            level = level[each]
        assert level == value.of(found[0]), name


def test_columns_of_values() -> None:
    found = connections(PCAPS / "retransmission.pcapng")
    names = ("client.syns", "client.trouble", "server.rst", "reused", "handshake.complete", "server.address")
    assert list(flows.as_fields(found, flows.TCP_VALUES, names)) == ["1\tretransmission=1\t\t0\t1\t192.0.2.2"]


def test_the_columns_that_need_no_name_are_values() -> None:
    assert set(flows.TCP_COLUMNS) <= set(flows.TCP_VALUES)
    assert set(flows.UDP_COLUMNS) <= set(flows.UDP_VALUES)
