"""Lists in columns."""

from __future__ import annotations

from rawcap.show.table import table


def test_columns_are_as_wide_as_their_widest_cell_and_two_spaces_apart() -> None:
    assert list(table([["ip.src", "ipv4", "source"], ["tcp", "uint16", ""]])) == [
        "ip.src  ipv4    source",
        "tcp     uint16",
    ]


def test_a_cell_wider_than_a_column_may_be_sticks_out() -> None:
    assert list(table([["a" * 6, "x"], ["b", "y"]], widest=4)) == ["aaaaaa  x", "b     y"]


def test_nothing_makes_no_line() -> None:
    assert list(table([])) == []


def test_cells_are_made_printable() -> None:
    assert list(table([["\x1b[2J", "x"]])) == ["\\x1b[2J  x"]
