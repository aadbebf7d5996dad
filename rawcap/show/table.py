"""Rows in aligned columns, for lists that a user reads or greps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rawcap.show.escape import printable


def table(rows: Sequence[Sequence[str]], widest: int = 56) -> Iterator[str]:
    """A line for each row; columns are as wide as their cells need, up to `widest`, and two spaces apart."""
    columns = range(max(map(len, rows), default=0) - 1)
    widths = [min(max(len(row[column]) for row in rows), widest) for column in columns]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        yield printable("  ".join([*cells, row[-1]])).rstrip()
