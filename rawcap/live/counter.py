"""A live capture, counted: from the rings' blocks straight into statistics, without an object for any packet."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dissectors.packet import Interface
from rawcap.columns.facts import Seen
from rawcap.columns.scan import Scan
from rawcap.files.bulk import NO_TIME, chunk_of_blocks
from rawcap.live.capture import LiveCapture
from rawcap.live.packet_socket import PacketSocket
from rawcap.stats.statistics import Statistics


class Counter:
    """Adds what `live` captures to `counted`, until it ends or `most` packets that pass the filter of `scan` came.

    `scan` gathers the fields that `counted` needs. `progress` is called between two blocks, and when nothing comes.
    Raises ValueError for a capture with another source than packet sockets.
    """

    def __init__(
        self,
        live: LiveCapture,
        scan: Scan,
        counted: Statistics,
        *,
        most: int | None = None,
        progress: Callable[[], object] | None = None,
    ) -> None:
        self._sources: list[PacketSocket] = []
        for source in live.sources:
            if not isinstance(source, PacketSocket):
                raise ValueError("only packet sockets can be counted: leave out --socket ip")
            self._sources.append(source)
        self._live = live
        self._scan = scan
        self._counted = counted
        self._most = most
        self._progress = progress
        self._read = 0
        self._first_time: int | None = None
        self._time_before: int | None = None

    @property
    def _left(self) -> int:
        """How many packets are still to be counted; -1 for all that come."""
        return -1 if self._most is None else self._most - self._live.captured

    def run(self) -> None:
        """Count everything that comes."""
        live = self._live
        places: list[dict[int, int]] = [{} for _ in self._sources]
        interfaces: list[list[Interface]] = [[] for _ in self._sources]
        while not live.is_over():
            idle = True
            for source, known, described in zip(self._sources, places, interfaces, strict=True):
                for frames in source.blocks():
                    idle = False
                    while frames.left and self._left:
                        octets = frames.records(known, True, self._left, -1)
                        if frames.taken:
                            self._add(frames.buffer, octets, described, frames.taken)
                        if frames.unplaced:
                            known[frames.unplaced] = len(described)
                            described.append(source.interface(frames.unplaced))
                    self._pause()
                    if not self._left:
                        live.stop()
                        return
                    if len(self._sources) > 1:
                        break  # each has its turn
            if idle:
                self._pause()
                live.wait()

    def _add(self, buffer: bytearray, octets: int, interfaces: list[Interface], packets: int) -> None:
        chunk = chunk_of_blocks(buffer, octets, interfaces, self._read + 1)
        times = chunk.times[chunk.times != NO_TIME]
        if self._first_time is None and len(times):
            self._first_time = int(times[0])
        seen = Seen(chunk, interfaces, self._read + 1, self._first_time, self._time_before)
        taken = self._scan.take(seen)
        self._counted.add(self._counted.batch(taken.gathered, lambda row: taken.packet(row, self._scan.graph)))
        self._read += packets
        self._live.captured += taken.gathered.count
        if len(times):
            self._time_before = int(np.max(times))

    def _pause(self) -> None:
        self._live.keep_time()
        if self._progress is not None:
            self._progress()
