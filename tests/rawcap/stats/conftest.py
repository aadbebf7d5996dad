"""How the tests of statistics count a capture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rawcap.columns.scan import Scan
from rawcap.stats.batch import LAYERS
from rawcap.stats.statistics import TABLES, Statistics

Count = Callable[..., Statistics]


@pytest.fixture
def count() -> Count:
    """Counts a capture by some tables; all of them and all layers where nothing else is said."""

    def run(
        path: Path, *, tables: Sequence[str] = TABLES, layers: Sequence[str] = LAYERS, interval: int | None = None
    ) -> Statistics:
        counted = Statistics(tables, layers=layers, interval=interval)
        scan = Scan([path], counted.fields, threads=1, problem=lambda error: None)
        for taken in scan:
            counted.add(counted.batch(taken.gathered, lambda row, taken=taken: taken.packet(row, scan.graph)))
        return counted

    return run
