"""Literals, as a user may write them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rawcap.filter import literals


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("80", 80),
        ("0", 0),
        ("-80", -80),
        ("0x50", 80),
        ("0X5f", 95),
        ("0b1010000", 80),
        ("0120", 80),
        ("18446744073709551615", 18446744073709551615),
    ],
)
def test_numbers(text: str, value: int) -> None:
    assert literals.number(text) == value


@pytest.mark.parametrize("text", ["", "-", "0x", "089", "80.0", "1e3", "8O", "9" * 5000, "٣"])
def test_what_is_no_number(text: str) -> None:
    assert literals.number(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("True", True), ("TRUE", True), ("true", True), ("False", False), ("Set", True), ("Not set", False),
     ("1", True), ("2", True), ("0", False), ("maybe", None)],
)
def test_truth(text: str, value: bool | None) -> None:
    assert literals.truth(text) == value


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("10", 10_000_000_000),
        ("0.5", 500_000_000),
        (".000000001", 1),
        ("-0.25", -250_000_000),
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("2026-11-23 10:00:00 UTC", 1_795_428_000_000_000_000),
        ("2026-11-23T10:00:00.000000001Z", 1_795_428_000_000_000_001),
        ("2026-11-23T12:30:00+02:30", 1_795_428_000_000_000_000),
        ("2026-11-23T05:00:00-0500", 1_795_428_000_000_000_000),
        ("2026-11-23 10:00Z", 1_795_428_000_000_000_000),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("Sep 26, 2004 23:18:04.954975 UTC", 1_096_240_684_954_975_000),
    ],
)
def test_times_are_seconds_or_dates(text: str, nanoseconds: int) -> None:
    assert literals.time(text) == nanoseconds


@pytest.mark.parametrize(
    "text", ["", ".", "-", "yesterday", "2026-13-01", "2026-02-30", "2026-01-01 25:00:00", "Foo 1, 2026 10:00:00"]
)
def test_what_is_no_time(text: str) -> None:
    assert literals.time(text) is None


def test_a_year_that_the_zone_leaves_is_no_time() -> None:
    assert literals.time("0001-01-01T00:00:00+10:00") is None


@pytest.fixture
def vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A local time that is an hour ahead of UTC in winter."""
    import time

    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("vienna")
def test_a_date_without_a_zone_is_local_time() -> None:
    assert literals.time("2026-11-23 10:00:00") == 1_795_424_400_000_000_000
    assert literals.time("2026-07-01") == 1_782_856_800_000_000_000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00:1b:21", b"\x00\x1b\x21"),
        ("00-1b-21", b"\x00\x1b\x21"),
        ("0.1.0.d", b"\x00\x01\x00\x0d"),
        ("001b.2100", b"\x00\x1b\x21\x00"),
        ("0800", b"\x08\x00"),
        ("8", b"\x08"),
        ("0x0f", b"\x0f"),
        ("FF", b"\xff"),
    ],
)
def test_octets(text: str, value: bytes) -> None:
    assert literals.octets(text) == value


@pytest.mark.parametrize("text", ["", "0x0800", "080", "00:", "00:1b2", "0g", "00::1b"])
def test_what_are_no_octets(text: str) -> None:
    assert literals.octets(text) is None


def test_hardware_addresses_have_their_length() -> None:
    assert literals.ether("02:00:00:00:00:01") == b"\x02\x00\x00\x00\x00\x01"
    assert literals.ether("0200.0000.0001") == b"\x02\x00\x00\x00\x00\x01"
    assert literals.ether("02:00") is None
    assert literals.eui64("02:00:00:00:00:00:00:01") == b"\x02\x00\x00\x00\x00\x00\x00\x01"
    assert literals.eui64("02:00:00:00:00:01") is None


def test_internet_addresses() -> None:
    assert literals.ipv4("192.0.2.1") == b"\xc0\x00\x02\x01"
    assert literals.ipv6("2001:db8::1") == bytes.fromhex("20010db8000000000000000000000001")


@pytest.mark.parametrize("text", ["192.0.2", "192.0.2.256", "localhost", "", "1.2.3.4\0"])
def test_what_is_no_ipv4_address(text: str) -> None:
    assert literals.ipv4(text) is None


@pytest.mark.parametrize("text", ["1:2:3", "fe80::1%eth0", "::g", "1::2::3"])
def test_what_is_no_ipv6_address(text: str) -> None:
    assert literals.ipv6(text) is None
