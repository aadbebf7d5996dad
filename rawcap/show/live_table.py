"""What a capture that only counts shows meanwhile: the busiest conversations, written over and over on a terminal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import TextIO

from rawcap.show import statistics
from rawcap.show.colours import Paint
from rawcap.stats.statistics import Statistics

_PERIOD_SECONDS = 1.0
_MOST = 10


class LiveTable:
    """The conversations of the innermost layers that carry most octets; redrawn every second, in its place."""

    def __init__(self, stream: TextIO, paint: Paint, layers: tuple[str, ...]) -> None:
        self._stream = stream
        self._paint = paint
        self._layers = layers
        self._due = time.monotonic() + _PERIOD_SECONDS
        self._lines = 0

    def tick(self, counted: Statistics) -> None:
        """Draw it anew, once a second."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _PERIOD_SECONDS
        size = shutil.get_terminal_size()
        # A line that is wider than the terminal, or more lines than it has, could not be drawn over.
        lines = list(self.lines(counted, size.columns))[: max(size.lines - 1, 1)]
        self.clear()
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()
        self._lines = len(lines)

    def clear(self) -> None:
        """Take it away, for something that stays."""
        if self._lines:
            self._stream.write(f"\x1b[{self._lines}A\x1b[J")
            self._lines = 0

    def lines(self, counted: Statistics, width: int | None = None) -> Iterator[str]:
        """What is shown; nothing where no packet was counted that has addresses."""
        talk = counted.conversations
        for group in (("tcp", "udp"), ("ip", "ipv6"), ("eth",)):
            there = [layer for layer in group if layer in self._layers and talk.count(layer)]
            if there:
                break
        for number, layer in enumerate(there):
            if number:
                yield ""
            sheet = statistics.conversations_sheet(talk, layer, most=_MOST, origin=counted.totals.start)
            yield from statistics.text(sheet, self._paint, width)
