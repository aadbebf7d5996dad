"""Captures as gathered chunks, in order: files are cut into chunks, and several threads gather from them at once.

A thread reads a chunk, finds where the packets stand, filters, gathers, dissects what walking leaves open, and makes of
it what is asked for. Only reading is done by one at a time. Chunks come out in the order of the files.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

import dissectors  # noqa: F401  importing it declares every protocol
from dissectors.graph import Graph
from dissectors.graph import graph as every_protocol
from dissectors.packet import Packet
from rawcap.columns.cells import Cells
from rawcap.columns.facts import FACTS, Seen
from rawcap.columns.gathering import Gathered, Gathering, Rows, packet_at
from rawcap.columns.plan import is_native
from rawcap.files import CaptureError
from rawcap.files.bulk import NO_TIME, Bulk
from rawcap.filter import DisplayFilter, display_filter
from rawcap.filter.on_columns import ColumnFilter
from rawcap.pipeline import Pipeline, decoded_as

Source = str | os.PathLike[str] | BinaryIO
T = TypeVar("T")


@dataclass(slots=True)
class Taken:
    """What was gathered from a chunk: the packets `rows` of it, which passed the filter; all where that is None."""

    seen: Seen
    rows: Rows | None
    gathered: Gathered
    source: int
    """Which of the sources it is from."""
    known: dict[int, Packet] = field(default_factory=dict)
    """The packets that had to be dissected, by their place in the chunk."""

    def packet(self, row: int, graph: Graph) -> Packet:
        """One of the packets, whole."""
        place = row if self.rows is None else int(self.rows[row])
        packet = self.known.get(place)
        return packet if packet is not None else packet_at(self.seen, place, graph)


class Scan:
    """Reads captures and gathers the columns of some fields, of the packets that pass a display filter.

    `names` are fields, `protocols` those whose presence is asked for, `occurrence` is that of `Gathering`. With
    `problem`, what is wrong with a file is told to it and the next file is read; without, it is raised after what came
    before. `threads` is how many work; 1 for the caller's own, by default as many as there are processors.

    Raises FilterError and pipeline.RuleError, each in one line, and KeyError for a field that nobody declared.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        names: Iterable[str],
        *,
        filter: str | None = None,
        protocols: Iterable[str] = (),
        occurrence: str = "first",
        decode_as: Sequence[str] = (),
        graph: Graph | None = None,
        threads: int | None = None,
        problem: Callable[[CaptureError], object] | None = None,
    ) -> None:
        self.sources = list(sources)
        self.graph = graph if graph is not None else every_protocol
        for rule in decode_as:
            self.graph = decoded_as(self.graph, rule)
        self.names = list(dict.fromkeys(names))
        self.protocols = list(dict.fromkeys(protocols))
        self.occurrence = occurrence
        self.filter = display_filter(filter, self.graph) if filter is not None and filter.strip() else None
        self.packets = 0
        """How many packets were read so far."""
        self.position = 0
        """Octets of the files, as stored, that were read so far."""
        self._threads = max(len(os.sched_getaffinity(0)) if threads is None else threads, 1)
        self._problem = problem
        self._pipeline = self._noting()
        self._local = threading.local()
        self._stopped = False

    def _noting(self) -> Pipeline | None:
        """What takes notes on the packets, where a field takes more than one of them to know."""
        asked = [*self.names, *(self.filter.fields if self.filter is not None else ())]
        noted = [
            name
            for name in asked
            if name not in FACTS and any(each.noted for each in self.graph.fields.get(name, ()))
        ]
        return Pipeline(graph=self.graph, needs=noted) if noted else None

    def __iter__(self) -> Iterator[Taken]:
        return self.map(lambda taken: taken)

    def map(self, make: Callable[[Taken], T]) -> Iterator[T]:
        """What `make` gives for each chunk, in order; it runs in the threads."""
        problems: deque[CaptureError] = deque()
        jobs = self._jobs(problems)
        if self._threads == 1:
            for job in jobs:
                yield make(self._take(*job))
        else:
            yield from self._in_threads(jobs, make)
        if problems:
            raise problems[0]

    def _in_threads(self, jobs: Iterator[Job], make: Callable[[Taken], T]) -> Iterator[T]:
        """Each thread reads the next chunk itself and goes on with it, as its octets are in that processor's cache."""
        reading = threading.Lock()
        numbers = itertools.count()

        def work() -> tuple[int, T] | None:
            with reading:
                job = next(jobs, None)
                number = next(numbers)
            return None if job is None else (number, make(self._take(*job)))

        made: dict[int, T] = {}
        pool = ThreadPoolExecutor(self._threads, "rawcap-gather")
        self.graph.compiled  # noqa: B018  by one thread, before several need it
        running = {pool.submit(work) for _ in range(self._threads)}
        upcoming = 0
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    if result is None:
                        continue
                    number, value = result
                    made[number] = value
                    running.add(pool.submit(work))
                while upcoming in made:
                    yield made.pop(upcoming)
                    upcoming += 1
        finally:
            pool.shutdown(cancel_futures=True)

    def _jobs(self, problems: deque[CaptureError]) -> Iterator[Job]:
        """The chunks of all files. What is wrong with a file is told once what came before was given on."""
        number = 1
        passed = 0
        first_time: int | None = None
        time_before: int | None = None
        for index, source in enumerate(self.sources):
            bulk: Bulk | None = None
            try:
                bulk = Bulk(source)
                for chunk in bulk:
                    seen = Seen(chunk, list(bulk.interfaces), number, first_time, time_before)
                    times = chunk.times[chunk.times != NO_TIME]
                    if len(times):
                        first_time = int(times[0]) if first_time is None else first_time
                        time_before = int(times[-1])
                        seen = seen._replace(first_time=first_time)
                    self.position = passed + bulk.position
                    self.packets += len(chunk.starts)
                    number += len(chunk.starts)
                    yield seen, index, self._noted(seen)
            except CaptureError as error:
                if self._problem is None:
                    problems.append(error)
                    return
                self._problem(error)
            finally:
                if bulk is not None:
                    passed += bulk.position
                    bulk.close()

    def _noted(self, seen: Seen) -> dict[int, Packet]:
        """Every packet of a chunk, with notes; none where nobody asks for notes."""
        if self._pipeline is None:
            return {}
        packets = (packet_at(seen, place, self.graph) for place in range(len(seen.chunk.starts)))
        return dict(enumerate(self._pipeline.noted(packets)))

    def take(self, seen: Seen) -> Taken:
        """What is gathered from a chunk that somebody else has read."""
        return self._take(seen, 0, self._noted(seen))

    # -- in a thread ------------------------------------------------------------------------------------------

    def _take(self, seen: Seen, source: int, known: dict[int, Packet]) -> Taken:
        columns, test = self._tools()
        rows: Rows | None = None
        if test is not None:
            rows = test.rows(seen, known, everything=bool(self._pipeline))
            if len(rows) == len(seen.chunk.starts):
                rows = None
        gathered = columns.gather(seen, rows)
        if self._pipeline is not None:
            gathered.unsure[:] = True
        columns.settle(seen, gathered, rows, known=known)
        return Taken(seen, rows, gathered, source, known)

    def _tools(self) -> tuple[Gathering, _Test | None]:
        """What gathers in this thread."""
        tools: tuple[Gathering, _Test | None] | None = getattr(self._local, "tools", None)
        if tools is None:
            columns = Gathering(self.graph, self.names, self.protocols, self.occurrence)
            tools = self._local.tools = columns, _Test(self.filter, self.graph) if self.filter is not None else None
        return tools


Job = tuple[Seen, int, dict[int, Packet]]


class _Test:
    """A display filter over chunks: by columns as far as these tell, by dissecting where they do not."""

    def __init__(self, display_filter: DisplayFilter, graph: Graph) -> None:
        self._graph = graph
        self._packet = display_filter
        self._filter = ColumnFilter(display_filter.tree, graph, lambda name: name in FACTS or is_native(graph, name))
        self._columns = Gathering(graph, self._filter.names, self._filter.protocols)

    def rows(self, seen: Seen, known: dict[int, Packet], *, everything: bool) -> Rows:
        """The places of the packets that pass. Those that were dissected for it are added to `known`."""
        gathered = self._columns.gather(seen)
        passes, unknown = self._filter.candidates(_Batch(gathered))
        doubtful = gathered.unsure | gathered.several
        if everything:
            doubtful[:] = True
        passes &= ~doubtful
        for place in np.flatnonzero(unknown | doubtful).tolist():
            packet = known.get(place)
            if packet is None:
                packet = packet_at(seen, place, self._graph)
            if self._packet(packet):
                passes[place] = True
                known[place] = packet
        return np.flatnonzero(passes)


class _Batch:
    """Gathered cells as a filter asks for them."""

    def __init__(self, gathered: Gathered) -> None:
        self.count = gathered.count
        self._gathered = gathered

    def cells(self, name: str, /) -> Cells:
        return self._gathered.cells[name]

    def present(self, protocol: str, /) -> npt.NDArray[np.bool_]:
        return self._gathered.present(protocol)
