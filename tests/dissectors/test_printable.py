"""Nothing from a packet reaches the terminal as anything but text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("host.example", "host.example"),
        ("tab\there", "tab\\there"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("nul\x00del\x7f", "nul\\x00del\\x7f"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("line\u2028separator", "line\\u2028separator"),
        ("\ud800", "\\ud800"),
        ("grüße, 世界 → 1", "grüße, 世界 → 1"),
        ("a\\b", "a\\b"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_becomes_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_any_text_comes_out_printable(text: str) -> None:
    assert printable(text).isprintable()
