"""The course of time: how much came in each interval, counted from the first packet on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rawcap.files.bulk import NO_TIME
from rawcap.stats.batch import Batch

_FINEST = 1_000  # nanoseconds
_MOST = 20_000  # intervals that are kept apart while nobody has said how long one is
_LINES = 25  # intervals that a capture is divided into then, at most
_STEPS = (1, 2, 5)


class Interval(NamedTuple):
    """What came from `start` on and before `end`, nanoseconds after the first packet; octets are on the wire.

    Empty intervals that follow each other are one.
    """

    start: int
    end: int
    frames: int
    octets: int


class Times:
    """Counts packets by intervals of so many nanoseconds; without, of a length that suits the capture.

    The first interval begins with `origin` where it is given, else with the first packet of the capture, as far as the
    batches tell it, or of those that are added. Packets without a time do not count.
    """

    def __init__(self, interval: int | None = None, origin: int | None = None) -> None:
        self._unit = interval if interval is not None else _FINEST
        self._chosen = interval is not None
        self.origin = origin
        """Nanoseconds since the epoch."""
        self._sums: dict[int, list[int]] = {}

    def add(self, batch: Batch) -> None:
        """Count the packets of a batch."""
        timed = batch.times != NO_TIME
        times, lengths = batch.times[timed], batch.lengths[timed]
        if not len(times):
            return
        if self.origin is None:
            self.origin = batch.first_time if batch.first_time is not None else int(times[0])
        passed = (times - self.origin) // self._unit
        places, inverse, frames = np.unique(passed, return_inverse=True, return_counts=True)
        octets = np.zeros(len(places), np.int64)
        np.add.at(octets, inverse, lengths)
        for place, count, total in zip(places.tolist(), frames.tolist(), octets.tolist(), strict=True):
            self._count(place, count, total)
        self._coarsen()

    def merge(self, other: Times) -> None:
        """Add what `other` counted, which must have the same `origin` and the same interval."""
        if other.origin is None:
            return
        if self.origin is None:
            self.origin = other.origin
        if self.origin != other.origin or self._chosen != other._chosen or (self._chosen and self._unit != other._unit):
            raise ValueError("times counted from another moment, or in other intervals, cannot be added up")
        unit = max(self._unit, other._unit)
        self._in_units_of(unit)
        for place, (frames, octets) in other._sums.items():
            self._count(place * other._unit // unit, frames, octets)
        self._coarsen()

    def _count(self, place: int, frames: int, octets: int) -> None:
        sums = self._sums.setdefault(place, [0, 0])
        sums[0] += frames
        sums[1] += octets

    def _coarsen(self) -> None:
        while not self._chosen and len(self._sums) > _MOST:
            self._in_units_of(self._unit * 10)

    def _in_units_of(self, unit: int) -> None:
        """Make the intervals as long as `unit`, a multiple of what they are."""
        if unit != self._unit:
            fine, self._sums = self._sums, {}
            for place, (frames, octets) in fine.items():
                self._count(place * self._unit // unit, frames, octets)
            self._unit = unit

    @property
    def interval(self) -> int:
        """Nanoseconds of an interval: as asked for, else a round number that makes 25 intervals of all at most."""
        if self._chosen or not self._sums:
            return self._unit
        first, last = min(self._sums) * self._unit, max(self._sums) * self._unit
        unit = self._unit
        while True:
            for step in _STEPS:
                if last // (unit * step) - first // (unit * step) < _LINES:
                    return unit * step
            unit *= 10

    def rows(self) -> Iterator[Interval]:
        """The intervals from the first packet to the last."""
        unit = self.interval
        coarse = Times(unit)
        for place, (frames, octets) in self._sums.items():
            coarse._count(place * self._unit // unit, frames, octets)
        before: int | None = None
        for place in sorted(coarse._sums):
            if before is not None and place > before + 1:
                yield Interval((before + 1) * unit, place * unit, 0, 0)
            yield Interval(place * unit, (place + 1) * unit, *coarse._sums[place])
            before = place
