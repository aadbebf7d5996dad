"""ASCII for the signs that an output does not know."""

from __future__ import annotations

import pytest

from rawcap.show.characters import REPLACE, in_ascii, is_known


def encoded(text: str, encoding: str = "ascii") -> str:
    return text.encode(encoding, REPLACE).decode(encoding)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a → b ← c", "a -> b <- c"),
        ("✓ ✗ –", "ok FAIL -"),
        ("│──▶┊ ◀╌╌○ …", "|-->: <..o ..."),
        ("59.1 µs × 2", "59.1 us x 2"),
        ("├ ┃ ┠ ┨ ┤ ┌┬▼┐ └┴▲┘", "| # # # | ++v+ ++^+"),
        ("é ☃ \U0001f600", "\\xe9 \\u2603 \\U0001f600"),
    ],
)
def test_each_sign_has_its_ascii_and_anything_else_its_code(text: str, expected: str) -> None:
    assert encoded(text) == expected


def test_an_encoding_keeps_what_it_has() -> None:
    assert encoded("é µ →", "latin-1") == "é µ ->"


def test_columns_stay_columns_where_blanks_follow() -> None:
    assert encoded("octets →  start") == "octets -> start"
    assert encoded("octets → start") == "octets -> start"
    assert encoded("✗      reset") == "FAIL   reset"


def test_a_page_may_be_in_ascii_beforehand() -> None:
    assert in_ascii("✓ a → é") == "ok a -> é"


@pytest.mark.parametrize(
    ("encoding", "known"), [("utf-8", True), ("ascii", False), ("latin-1", False), ("nonsense", False), (None, False)]
)
def test_whether_an_encoding_has_them(encoding: str | None, known: bool) -> None:
    assert is_known(encoding) is known
