"""Packet lengths: how many packets are how long, in Wireshark's classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rawcap.stats.batch import Batch

LEAST = (0, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120)
"""The least length of each class, octets on the wire."""


class Length(NamedTuple):
    """The packets of `least` to `most` octets; the last class has no `most`. `shortest` and `longest` were met."""

    least: int
    most: int | None
    frames: int
    octets: int
    shortest: int | None
    longest: int | None


class Lengths:
    """Counts packets by their lengths on the wire."""

    def __init__(self) -> None:
        self._frames = np.zeros(len(LEAST), np.int64)
        self._octets = np.zeros(len(LEAST), np.int64)
        self._shortest = np.full(len(LEAST), np.iinfo(np.int64).max)
        self._longest = np.full(len(LEAST), -1)

    def add(self, batch: Batch) -> None:
        """Count the packets of a batch."""
        classes = np.searchsorted(LEAST, batch.lengths, "right") - 1
        np.add.at(self._frames, classes, 1)
        np.add.at(self._octets, classes, batch.lengths)
        np.minimum.at(self._shortest, classes, batch.lengths)
        np.maximum.at(self._longest, classes, batch.lengths)

    def merge(self, other: Lengths) -> None:
        """Add what `other` counted."""
        self._frames += other._frames
        self._octets += other._octets
        np.minimum(self._shortest, other._shortest, out=self._shortest)
        np.maximum(self._longest, other._longest, out=self._longest)

    def rows(self) -> Iterator[Length]:
        """Every class, also where no packet is in it."""
        columns = (self._frames, self._octets, self._shortest, self._longest)
        limits = [*(least - 1 for least in LEAST[1:]), None]
        for least, most, *counted in zip(LEAST, limits, *(column.tolist() for column in columns), strict=True):
            frames, octets, shortest, longest = counted
            yield Length(least, most, frames, octets, shortest if frames else None, longest if frames else None)
