"""All packets together."""

from __future__ import annotations

import numpy as np

from rawcap.files.bulk import NO_TIME
from rawcap.stats.batch import Batch
from rawcap.stats.totals import Totals


def of(lengths: list[int], times: list[int]) -> Totals:
    counted = Totals()
    counted.add(Batch(np.array(lengths, np.int64), np.array(times, np.int64)))
    return counted


def told(totals: Totals) -> tuple[int, int, int | None, int | None, int]:
    return totals.frames, totals.octets, totals.start, totals.end, totals.duration


def test_the_sums_and_the_span() -> None:
    assert told(of([60, 1500, 60], [50, NO_TIME, 20])) == (3, 1620, 20, 50, 30)


def test_nothing_is_known_of_nothing() -> None:
    assert told(of([], [])) == (0, 0, None, None, 0)


def test_merging() -> None:
    totals = of([60], [50])
    totals.merge(of([40], [10]))
    totals.merge(of([], []))
    assert told(totals) == (2, 100, 10, 50, 40)
