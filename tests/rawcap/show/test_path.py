"""The picture of a path."""

from __future__ import annotations

import pytest

from rawcap.show.colours import Paint
from rawcap.show.columns import columns
from rawcap.show.ladder import ASCII
from rawcap.show.path import lines
from tests.rawcap.stack.test_path import traced

UNSEEN = """\
client echo-client pid 102                 server echo-server pid 101
┌───────────────────────────────────┐      ┌───────────────────────────────────┐
│ program                           │      │ program                           │
│ sendto(5, 6 octets)               │      │ recvfrom(4, up to 4096 octets) =  │
│ at 0 s                            │      │ 6                                 │
└─────────────────┬─────────────────┘      │ at 30.0 µs                        │
                  │ 14.1 µs                └─────────────────▲─────────────────┘
┌─────────────────▼─────────────────┐                        │
│ interface, leaving                │                        │
│ eth0                              │                        │
│ at 14.1 µs                        │                        │
└─────────────────┬─────────────────┘                        │
                  └──────────────── 15.9 µs ─────────────────┘

6 octets from the write to the last station seen: 30.0 µs
not seen: the device queue, the frame arriving, the socket becoming readable,
the copy out of the receive queue
"""


def test_two_columns_of_boxes_and_the_wire_between_them() -> None:
    path = traced(with_kernel=False)[0]
    assert "".join(f"{line}\n" for line in lines(path, 80, Paint(False))) == UNSEEN


def test_the_time_between_two_stations_says_where_it_went() -> None:
    told = [line.split("│") for line in lines(traced()[0], 100, Paint(False))]
    between = [[cell.strip() for cell in row] for row in told if len(row) == 3]
    assert ["", "10.0 µs", "3.00 µs"] in between
    assert "─ 1.95 µs on the wire ─" in "\n".join(lines(traced()[0], 100, Paint(False)))


@pytest.mark.parametrize("width", [64, 80, 100, 120])
def test_it_fits_the_page_also_in_ascii(width: int) -> None:
    told = list(lines(traced()[0], width, Paint(False), ASCII))
    assert max(map(columns, told)) <= width
    assert all(line.isascii() for line in told)
