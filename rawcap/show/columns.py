"""Text in the columns of a terminal: how many it takes, and what fits."""

from __future__ import annotations

import textwrap
import unicodedata


def columns(text: str) -> int:
    """Columns that a terminal gives to `text`, which is printable."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def cut(text: str, most: int | None) -> str:
    """`text`, with … for what does not fit in `most` columns; None where there is no end."""
    if most is None or columns(text) <= most:
        return text
    taken = 0
    for at, character in enumerate(text):
        taken += _columns(character)
        if taken >= most:  # one is for the …
            return text[:at] + "…" if most > 0 else ""
    return text


def wrapped(text: str, most: int) -> list[str]:
    """`text` in lines of `most` characters, between words where that can be."""
    return textwrap.wrap(text, max(most, 1), break_on_hyphens=False)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
