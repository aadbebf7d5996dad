"""The formats of -t. Expected values are what tshark 4.0 prints for the same times."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from dissectors.packet import Interface, Packet
from rawcap.show.clock import FORMATS, clock, seconds

MICROSECONDS = Interface(resolution=1_000_000)
NANOSECONDS = Interface(resolution=1_000_000_000)
TIME_NS = 1_384_070_382_537_363_123  # 2013-11-10 07:59:42 UTC, day 314 of the year


def packet(time_ns: int | None, interface: Interface = MICROSECONDS, **notes: int) -> Packet:
    made = Packet(b"", interface, time_ns)
    made.notes = {f"frame.{name}": value for name, value in notes.items()}
    return made


@pytest.fixture
def two_hours_east() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "TST-2")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("format", "shown"),
    [
        ("e", "1384070382.537363"),
        ("u", "07:59:42.537363"),
        ("ud", "2013-11-10 07:59:42.537363"),
        ("udoy", "2013/314 07:59:42.537363"),
        ("a", "09:59:42.537363"),
        ("ad", "2013-11-10 09:59:42.537363"),
        ("adoy", "2013/314 09:59:42.537363"),
    ],
)
@pytest.mark.usefixtures("two_hours_east")
def test_moments(format: str, shown: str) -> None:
    assert clock(format)(packet(TIME_NS)) == shown


def test_a_nanosecond_capture_shows_nine_digits() -> None:
    assert clock("ud")(packet(TIME_NS, NANOSECONDS)) == "2013-11-10 07:59:42.537363123"
    assert clock("e")(packet(TIME_NS, NANOSECONDS)) == "1384070382.537363123"


def test_relative_times_are_those_noted_on_the_packet() -> None:
    noted = packet(TIME_NS, time_relative=1_500_000_000, time_delta=-250_000)
    assert clock("r")(noted) == "1.500000"
    assert clock("d")(noted) == "-0.000250"


def test_dd_counts_from_the_packet_shown_before() -> None:
    shown_since = clock("dd")
    assert shown_since(packet(5_000_000_000)) == "0.000000"
    assert shown_since(packet(5_250_000_000)) == "0.250000"
    assert shown_since(packet(5_000_000_000)) == "-0.250000"


@pytest.mark.parametrize("format", list(FORMATS))
def test_a_packet_without_a_time_shows_none(format: str) -> None:
    assert clock(format)(packet(None)) == "-"


def test_a_time_that_no_calendar_reaches_is_shown_in_seconds() -> None:
    assert clock("ud")(packet(2**100)) == "1267650600228229401496.703205"


def test_the_second_before_and_after_midnight() -> None:
    day = clock("ud")
    assert day(packet(1_700_006_399_999_999_000)) == "2023-11-14 23:59:59.999999"
    assert day(packet(1_700_006_400_000_000_000)) == "2023-11-15 00:00:00.000000"


def test_a_moment_before_1970() -> None:
    assert clock("ud")(packet(-500_000_000)) == "1969-12-31 23:59:59.500000"


@pytest.mark.parametrize(
    ("time_ns", "digits", "shown"),
    [(0, 6, "0.000000"), (1_999, 6, "0.000001"), (-1_500_000_000, 9, "-1.500000000"), (12_000_000_000, 3, "12.000")],
)
def test_seconds(time_ns: int, digits: int, shown: str) -> None:
    assert seconds(time_ns, digits) == shown
