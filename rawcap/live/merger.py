"""Packets of several sockets as one stream in the order of time.

A ring keeps a frame back for a while, so that an older one may come later from another socket. Every packet waits until
that is over, no longer.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterable

from dissectors.packet import Packet
from rawcap.live.ring import RETIRE_MS

HOLD_SECONDS = (2 * RETIRE_MS + 4) / 1000
"""After which no other socket can come with an older frame: the longest that a ring keeps one back, and some."""


class Merger:
    """Packets of several sockets in the order of their times.

    `clock` counts seconds from any moment on.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting: list[tuple[int, int, Packet]] = []
        self._order = itertools.count()
        self._newest: deque[tuple[float, int]] = deque()  # of each batch, and when it was read

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, packets: Iterable[Packet]) -> None:
        """Take in what a socket has given."""
        newest = -1
        for packet in packets:
            time_ns = packet.time_ns or 0
            heapq.heappush(self._waiting, (time_ns, next(self._order), packet))
            newest = max(newest, time_ns)
        if newest >= 0:
            self._newest.append((self._clock(), newest))

    def due(self) -> list[Packet]:
        """The packets that nothing older can come before any more."""
        now = self._clock()
        until = -1
        while self._newest and self._newest[0][0] + HOLD_SECONDS <= now:
            until = max(until, self._newest.popleft()[1])
        due = []
        while self._waiting and self._waiting[0][0] <= until:
            due.append(heapq.heappop(self._waiting)[2])
        return due

    def rest(self) -> list[Packet]:
        """All that wait."""
        rest = [packet for _, _, packet in sorted(self._waiting)]
        self._waiting.clear()
        return rest
