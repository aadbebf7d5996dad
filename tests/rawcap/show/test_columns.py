"""Text in the columns of a terminal."""

from __future__ import annotations

import pytest

from rawcap.show.columns import columns, cut, paragraph, wrapped


@pytest.mark.parametrize(("text", "count"), [("", 0), ("abc", 3), ("a → b", 5), ("日本", 4), ("e\u0301", 1)])
def test_columns(text: str, count: int) -> None:
    assert columns(text) == count


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("abcdef", None, "abcdef"),
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
        ("abcdef", -3, ""),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
    ],
)
def test_cut(text: str, most: int | None, shown: str) -> None:
    assert cut(text, most) == shown


def test_lines_end_between_words() -> None:
    assert wrapped("the sender's window-scale", 14) == ["the sender's", "window-scale"]
    assert wrapped("abcdef", 4) == ["abcd", "ef"]


@pytest.mark.parametrize(
    ("text", "most", "told"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("a  b\n c", 9, ["a b c"]),
        ("三次握手，由内核", 8, ["三次握", "手，由内", "核"]),
        ("connect() 发出 SYN", 12, ["connect() 发", "出 SYN"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("", 4, []),
    ],
)
def test_a_paragraph_fits_its_columns_in_any_script(text: str, most: int, told: list[str]) -> None:
    assert paragraph(text, most) == told
