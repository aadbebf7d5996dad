"""Rows in aligned columns, for lists that a user reads or greps."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator, Sequence

from dissectors.printable import printable

_GAP = 2
_NARROWEST = 10


def table(rows: Sequence[Sequence[str]], width: int | None = None) -> Iterator[str]:
    """A line for each row; columns are as wide as their cells need, and two spaces apart.

    On a terminal of `width` columns the widest give way until all fit, and cells are wrapped in their columns. The
    first column, which names the row, is never broken: a name that is too long stands on a line of its own.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if width is None:
        for row in cells:
            yield _line(row, widths)
        return
    widths[:1] = [min(each, width * 2 // 5) for each in widths[:1]]
    widths[1:] = _narrowed(widths[1:], width - sum(widths[:1]) - _GAP * len(widths[1:]))
    for name, *rest in cells:
        if len(name) > widths[0]:
            yield name
            name = ""
        parts = [textwrap.wrap(cell, wide) for cell, wide in zip(rest, widths[1:], strict=True)]
        for line in itertools.zip_longest([name], *parts, fillvalue=""):
            yield _line(line, widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return (" " * _GAP).join(f"{cell:<{wide}}" for cell, wide in zip(cells, widths, strict=True)).rstrip()


def _narrowed(widths: Sequence[int], room: int) -> list[int]:
    """Widths that take `room` together: what is wider than the others gives way first, down to _NARROWEST."""
    narrowed = list(widths)
    while sum(narrowed) > room and max(narrowed) > _NARROWEST:
        narrowed[narrowed.index(max(narrowed))] -= 1
    return narrowed
