"""Text in the columns of a terminal: how many it takes, and what fits."""

from __future__ import annotations

import re
import textwrap
import unicodedata

# A word with the blanks behind it, or a character of Chinese, Japanese or Korean with signs that no line begins with.
_WIDE = "\u2e80-\u2fff\u3040-\ud7af\uf900-\ufaff"
_PIECES = re.compile(rf"[{_WIDE}][\u3000-\u303f\uff00-\uffef]*\s*|[^\s{_WIDE}]+\s*|\s+")


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


def paragraph(text: str, most: int) -> list[str]:
    """`text` in lines of `most` columns: between words, and between the characters of a script that has no blanks."""
    lines = [""]
    taken = 0
    for piece in _PIECES.findall(" ".join(text.split())):
        wide = columns(piece)
        if taken and taken + columns(piece.rstrip()) > most:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
            taken = 0
            piece = piece.lstrip()
            wide = columns(piece)
        while wide > most and len(piece) > 1:  # longer than a line
            fits = next((place for place in range(len(piece), 0, -1) if columns(piece[:place]) <= most), 1)
            lines[-1] = piece[:fits]
            lines.append("")
            piece = piece[fits:]
            wide = columns(piece)
        lines[-1] += piece
        taken += wide
    return [line.rstrip() for line in lines if line]


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
