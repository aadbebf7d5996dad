"""What is wrong with a filter, and where in its text."""

from __future__ import annotations

import unicodedata


class FilterError(ValueError):
    """A filter that cannot be used.

    As text it is one line, without the filter itself.  `text` is the filter, and `text[start:stop]` the place that the
    line is about; an empty place behind the last character means that something is missing there.
    """

    def __init__(self, message: str, text: str, start: int, stop: int) -> None:
        super().__init__(_printable(message))
        self.text = text
        self.start = start
        self.stop = stop

    def render(self) -> str:
        """Two lines for a terminal: the filter, and a caret under the place."""
        shown = _printable(self.text)
        before = _columns(shown[: self.start])
        width = max(_columns(shown[self.start : self.stop]), 1)
        return f"{shown}\n{' ' * before}^{'~' * (width - 1)}"


def _printable(text: str) -> str:
    """The text with spaces for what would move a terminal's cursor."""
    return "".join(character if character.isprintable() else " " for character in text)


def _columns(text: str) -> int:
    """Columns that a terminal gives to a text."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
