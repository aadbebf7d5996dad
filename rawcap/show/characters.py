"""What is written where an output does not know a character: ASCII that says the same, `->` for an arrow.

    set_up_output (rawcap/cli/terminal.py) makes it the last resort of standard output, whatever the command.
    `in_ascii` does it beforehand, for those who lay out a page and have to know how wide each text is.
"""

from __future__ import annotations

import codecs

_ASCII = {
    "→": "->",
    "←": "<-",
    "▶": ">",
    "◀": "<",
    "─": "-",
    "╌": ".",
    "│": "|",
    "┃": "#",
    "├": "|",
    "┤": "|",
    "┠": "#",
    "┨": "#",
    "┌": "+",
    "┐": "+",
    "└": "+",
    "┘": "+",
    "▼": "v",
    "▲": "^",
    "┬": "+",
    "┴": "+",
    "┊": ":",
    "○": "o",
    "…": "...",
    "·": "-",
    "–": "-",
    "×": "x",
    "µ": "u",
    "§": "section ",
    "✓": "ok",
    "✗": "FAIL",
}
_TABLE = str.maketrans(_ASCII)
_BY_CODE = codecs.lookup_error("backslashreplace")

REPLACE = "rawcap.replace"
"""The name of the error handler, for `errors=` of a text stream."""


def in_ascii(text: str) -> str:
    """`text` with ASCII for the signs that the program itself uses; what packets say stays as it is."""
    return text if text.isascii() else text.translate(_TABLE)


def is_known(encoding: str | None) -> bool:
    """Whether an encoding has all those signs; None is that of a stream that has none."""
    try:
        "".join(_ASCII).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """The first character that could not be encoded, as ASCII; the rest is asked for again.

    What gets longer takes the room from the blanks behind it, as long as there are two, so that columns stay columns.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, at = error.object, error.start
    shown = _ASCII.get(text[at])
    if shown is None:
        error.end = at + 1
        return _BY_CODE(error)
    at += 1
    for _ in shown[1:]:
        if text[at : at + 2] != "  ":
            break
        at += 1
    return shown, at


codecs.register_error(REPLACE, _replace)
