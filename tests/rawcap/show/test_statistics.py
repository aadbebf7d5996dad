"""Statistics as a user reads them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rawcap.show import statistics
from rawcap.show.colours import Paint
from rawcap.show.statistics import Column, Sheet
from rawcap.stats.batch import Batch
from rawcap.stats.lengths import Length, Lengths
from rawcap.stats.times import Times
from rawcap.stats.totals import Totals

PLAIN = Paint(False)

COLUMNS = (
    Column("octets", lambda row: f"{row.least}", False),
    Column("packets", lambda row: f"{row.frames:,}"),
    Column("from", lambda row: "1", spare=1),
    Column("to", lambda row: "2", spare=1),
)
ROWS = [Length(0, 19, 12_345, 0, None, None), Length(1000, None, 7, 7000, 1000, 1000)]
SHEET = Sheet("lengths", "Lengths", COLUMNS, ROWS)


def test_words_stand_left_and_numbers_right() -> None:
    assert list(statistics.text(SHEET, PLAIN)) == [
        "Lengths",
        "octets  packets  from  to",
        "0        12,345     1   2",
        "1000          7     1   2",
    ]


@pytest.mark.parametrize(
    ("width", "heading"),
    [(25, "octets  packets  from  to"), (24, "octets  packets"), (3, "octets  packets")],
)
def test_what_can_be_spared_gives_way_on_a_narrow_terminal(width: int, heading: str) -> None:
    assert list(statistics.text(SHEET, PLAIN, width))[1] == heading


def test_colours() -> None:
    assert next(statistics.text(SHEET, Paint(True))) == "\x1b[1mLengths\x1b[0m"


def test_csv() -> None:
    assert list(statistics.as_csv("lengths", [SHEET, SHEET])) == [
        "least,most,frames,octets,shortest,longest",
        *["0,19,12345,0,,", "1000,,7,7000,1000,1000"] * 2,
    ]


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("conversations", "layer,a,a_port,b,b_port,frames_a,octets_a,frames_b,octets_b,start,end"),
        ("endpoints", "layer,address,port,frames_sent,octets_sent,frames_received,octets_received"),
        ("protocols", "protocol,frames,octets"),
        (
            "ports",
            "layer,port,conversations,frames,octets,frames_sent,octets_sent,frames_received,octets_received",
        ),
        ("lengths", "least,most,frames,octets,shortest,longest"),
        ("time", "start,end,frames,octets"),
    ],
)
def test_csv_of_no_rows_has_its_headings(name: str, heading: str) -> None:
    assert list(statistics.as_csv(name, [])) == [heading]


def test_lengths_of_no_packets_have_no_rows() -> None:
    assert statistics.lengths_sheet(Lengths(), Totals()).rows == []


def test_json() -> None:
    assert [json.loads(line) for line in statistics.as_json(SHEET)][1] == {
        "table": "lengths",
        "least": 1000,
        "most": None,
        "frames": 7,
        "octets": 7000,
        "shortest": 1000,
        "longest": 1000,
    }


def test_the_overview() -> None:
    totals = Totals()
    start = 1_700_000_000_000_001_000
    totals.add(Batch(np.array([100, 1150]), np.array([start, start + 2_000_000_000])))
    assert dict(statistics.overview(totals)) == {
        "packets": "2",
        "octets": "1,250",
        "average": "625.0 octets a packet",
        "first": "2023-11-14 22:13:20.000001 UTC",
        "last": "2023-11-14 22:13:22.000001 UTC",
        "duration": "2.000000 s",
        "rate": "1.0 packets/s, 5.000 kbit/s",
    }


@pytest.mark.parametrize(
    ("octets", "seconds", "rate"),
    [
        (1250, 0.001, "2,000.0 packets/s, 10.000 Mbit/s"),
        (1250, 1, "2.0 packets/s, 10.000 kbit/s"),
        (1250, 100, "0.0200 packets/s, 100.000 bit/s"),
        (1250, 1_000_000, "0.00000200 packets/s, 0.0100 bit/s"),
    ],
)
def test_a_rate_has_a_unit_and_digits_that_say_something(octets: int, seconds: float, rate: str) -> None:
    totals = Totals()
    start = 1_700_000_000_000_000_000
    totals.add(Batch(np.array([100, octets - 100]), np.array([start, start + int(seconds * 1_000_000_000)])))
    assert dict(statistics.overview(totals))["rate"] == rate


def test_the_course_of_time_has_one_unit_that_of_its_greatest_rate() -> None:
    times = Times(1_000_000_000)
    start = 1_700_000_000_000_000_000
    times.add(Batch(np.array([100, 2_500]), np.array([start, start + 1_000_000_000])))
    assert list(statistics.text(statistics.times_sheet(times), PLAIN)) == [
        "Time, by intervals of 1 s",
        "from, s  to, s  packets  octets  kbit/s",
        "      0      1        1     100   0.800",
        "      1      2        1   2,500  20.000",
    ]


def test_rates_of_less_than_a_bit_a_second() -> None:
    times = Times(1_000_000 * 1_000_000_000)
    times.add(Batch(np.array([125]), np.array([1_700_000_000_000_000_000])))
    assert list(statistics.text(statistics.times_sheet(times), PLAIN))[1:] == [
        "from, s    to, s  packets  octets    bit/s",
        "      0  1000000        1     125  0.00100",
    ]


@pytest.mark.parametrize(
    ("nanoseconds", "digits", "text"),
    [
        (1_234_567_891, 6, "1.234567"),
        (1_234_567_891, 9, "1.234567891"),
        (-1_500_000_000, 1, "-1.5"),
        (2_000_000_000, 0, "2"),
    ],
)
def test_seconds(nanoseconds: int, digits: int, text: str) -> None:
    assert statistics.seconds(nanoseconds, digits) == text


@pytest.mark.parametrize(
    ("address", "port", "text"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", 80, "192.0.2.1:80"),
        ("2001:db8::1", 80, "[2001:db8::1]:80"),
        ("02:00:00:00:00:01", None, "02:00:00:00:00:01"),
    ],
)
def test_an_end(address: str, port: int | None, text: str) -> None:
    assert statistics.end(address, port) == text
