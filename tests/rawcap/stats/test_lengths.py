"""Packet lengths, in Wireshark's classes."""

from __future__ import annotations

import numpy as np

from rawcap.stats.batch import Batch
from rawcap.stats.lengths import Length, Lengths


def of(*lengths: int) -> Lengths:
    counted = Lengths()
    counted.add(Batch(np.array(lengths), np.zeros(len(lengths), np.int64)))
    return counted


def test_each_class_has_its_limits() -> None:
    rows = list(of(19, 20, 39, 40, 5119, 5120, 65535).rows())
    assert [row.frames for row in rows] == [1, 2, 1, 0, 0, 0, 0, 0, 1, 2]
    assert rows[1] == Length(20, 39, 2, 59, 20, 39)
    assert rows[3] == Length(80, 159, 0, 0, None, None)
    assert rows[9] == Length(5120, None, 2, 70655, 5120, 65535)


def test_merging_is_as_counting_all() -> None:
    first = of(10, 20)
    first.merge(of(15, 9000))
    assert list(first.rows()) == list(of(10, 20, 15, 9000).rows())
