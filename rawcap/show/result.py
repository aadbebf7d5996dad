"""Rows of a result in aligned columns, under headings: how a database shows them.

    ip.src     count(*)  sum(frame.len)
    ─────────  ────────  ──────────────
    192.0.2.1         6             410
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence

from dissectors.printable import printable
from rawcap.show.columns import columns as wide

_GAP = "  "

# Rows from which the columns take their widths. There may be any number of rows, so not all can be looked at first.
_MEASURED = 1000


def lines(
    headings: Sequence[str], rows: Iterable[Sequence[str | None]], right: Collection[int] = ()
) -> Iterator[str]:
    """A line for each row, below two of headings; None is shown as nothing.

    The columns in `right` are aligned there. A column is as wide as its heading and the first thousand rows need; a
    longer cell that comes later shifts the rest of its line, and nothing is cut off.
    """
    rest = (_cells(row) for row in rows)
    top = _cells(headings)
    first = list(itertools.islice(rest, _MEASURED))
    widths = [max(map(wide, column)) for column in zip(top, *first, strict=True)]
    yield _line(top, widths, right)
    yield _GAP.join("─" * each for each in widths)
    for cells in itertools.chain(first, rest):
        yield _line(cells, widths, right)


def _cells(row: Sequence[str | None]) -> list[str]:
    return [printable(cell) if cell is not None else "" for cell in row]


def _line(cells: Sequence[str], widths: Sequence[int], right: Collection[int]) -> str:
    padded = []
    for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - wide(cell))
        padded.append(space + cell if place in right else cell + space)
    return _GAP.join(padded).rstrip()
