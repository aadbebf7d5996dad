"""All packets together: how many, how long, from when to when."""

from __future__ import annotations

from rawcap.files.bulk import NO_TIME
from rawcap.stats.batch import Batch


class Totals:
    """Counts packets, octets on the wire, and the time between the earliest and the latest packet."""

    def __init__(self) -> None:
        self.frames = 0
        self.octets = 0
        self.start: int | None = None
        """Nanoseconds since the epoch; None while no packet has a time."""
        self.end: int | None = None

    def add(self, batch: Batch) -> None:
        """Count the packets of a batch."""
        self.frames += len(batch)
        self.octets += int(batch.lengths.sum())
        times = batch.times[batch.times != NO_TIME]
        if len(times):
            self._span(int(times.min()), int(times.max()))

    def merge(self, other: Totals) -> None:
        """Add what `other` counted."""
        self.frames += other.frames
        self.octets += other.octets
        if other.start is not None and other.end is not None:
            self._span(other.start, other.end)

    def _span(self, start: int, end: int) -> None:
        self.start = start if self.start is None else min(self.start, start)
        self.end = end if self.end is None else max(self.end, end)

    @property
    def duration(self) -> int:
        """Nanoseconds from the earliest packet to the latest."""
        return 0 if self.start is None or self.end is None else self.end - self.start
