"""`-T fields` from columns: the lines that fields.FieldsView prints, where every field asked for has a column."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from dissectors.graph import Graph
from rawcap.columns.scan import Scan, Taken, is_column
from rawcap.show.fields import Style
from rawcap.show.rows import RowWriter, says_all

OCCURRENCES = {"f": "first", "l": "last", "a": "all"}
"""What `-E occurrence` is called by a scan."""


def are_columns(names: Sequence[str], graph: Graph) -> bool:
    """Whether columns have all that is printed of some fields."""
    return all(
        name in graph.fields and is_column(graph, name) and says_all(graph.fields[name])
        for name in names
    )


def lines(scan: Scan, names: Sequence[str], style: Style, linktypes: Counter[int]) -> Iterator[bytes]:
    """The lines of the packets that `scan` gives, in pieces; `linktypes` counts them by the link type of their file.

    The scan is to gather `names`, with the occurrence that `style` asks for.
    """
    local = threading.local()
    whole = style.occurrence == "a"
    columns = [scan.graph.fields[name] for name in names]

    def write(taken: Taken) -> tuple[bytes, Counter[int]]:
        if not hasattr(local, "writer"):
            local.writer = RowWriter(columns, style)
        gathered = taken.gathered
        cells = [gathered.parts[name] if whole else [gathered.cells[name]] for name in names]
        places = taken.seen.chunk.interface
        counts = np.bincount(places if taken.rows is None else places[taken.rows])
        met: Counter[int] = Counter()
        for place, count in enumerate(counts.tolist()):
            met[taken.seen.interfaces[place].linktype] += count
        return local.writer.write(cells, gathered.count), met

    for text, met in scan.map(write):
        linktypes.update(met)
        yield text
