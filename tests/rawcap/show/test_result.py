"""rawcap.show.result: rows under headings."""

from __future__ import annotations

from rawcap.show.result import lines


def test_columns_are_as_wide_as_their_cells() -> None:
    assert list(lines(["ip.src", "n"], [("192.0.2.1", "6"), (None, "10")], right={1})) == [
        "ip.src      n",
        "─────────  ──",
        "192.0.2.1   6",
        "           10",
    ]


def test_no_rows() -> None:
    assert list(lines(["n"], [])) == ["n", "─"]


def test_nothing_that_a_terminal_obeys() -> None:
    assert list(lines(["a"], [("\x1b[2J",)]))[2] == "\\x1b[2J"


def test_wide_characters_take_two_columns() -> None:
    assert list(lines(["a", "b"], [("日本", "x"), ("abcd", "y")]))[2:] == ["日本  x", "abcd  y"]


def test_a_long_cell_after_many_rows_is_whole() -> None:
    rows = [("a", "b")] * 1000 + [("a" * 20, "b")]
    assert list(lines(["x", "y"], rows))[-1] == "a" * 20 + "  b"
