"""The line that a capture into a file writes over and over."""

from __future__ import annotations

import io

import pytest

from rawcap.show.live_line import LiveLine, line, size


def test_the_line_tells_packets_octets_rate_and_drops() -> None:
    assert line(12345, 1_234_567, 4100.4, 0) == "12,345 packets  1.2 MB  4,100 packets/s  0 dropped"
    assert line(1, 60, 0, 1234) == "1 packet  60 B  0 packets/s  1,234 dropped"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (5 * 10**9, "5.0 GB"),
        (7 * 10**15, "7000.0 TB"),
    ],
)
def test_octets_come_in_units_of_a_thousand(octets: int, text: str) -> None:
    assert size(octets) == text


def test_it_is_written_over_and_taken_away() -> None:
    terminal = io.StringIO()
    shown = LiveLine(terminal)
    assert shown.due
    shown.show(1, 60, 0)
    assert not shown.due
    shown.clear()
    shown.clear()
    assert terminal.getvalue() == "\r1 packet  60 B  0 packets/s  0 dropped\x1b[K\r\x1b[K"
