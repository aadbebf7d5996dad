"""Captures as gathered chunks, in order: files are cut into chunks, and several threads gather from them at once.

A thread reads a chunk, finds where the packets stand, filters, gathers, dissects what walking leaves open, and makes of
it what is asked for. Only reading is done by one at a time. Chunks come out in the order of the files.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import BinaryIO, Generic, TypeVar

import numpy as np
import numpy.typing as npt

import dissectors  # noqa: F401  importing it declares every protocol
from dissectors.graph import Graph
from dissectors.graph import graph as every_protocol
from dissectors.packet import Packet
from dissectors.reassembly import Reassembler
from rawcap.columns.cells import Cells
from rawcap.columns.facts import FACTS, TIMES, Seen, beyond, time_fields
from rawcap.columns.gathering import NOTED, Gathered, Gathering, Rows, packet_at
from rawcap.columns.noted import Noting, noted_names, notes_at
from rawcap.columns.plan import is_native
from rawcap.files import CaptureError
from rawcap.files.bulk import Bulk
from rawcap.files.source import Stop
from rawcap.filter import DisplayFilter, display_filter
from rawcap.filter.on_columns import ColumnFilter
from rawcap.pipeline import MOST_CONNECTIONS, decoded_as
from rawcap.tcp.tracker import Tracker

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
        return _timed(self.seen, place, packet if packet is not None else packet_at(self.seen, place, graph))


def _timed(seen: Seen, place: int, packet: Packet) -> Packet:
    """A packet with notes of when it came, beside those that it has."""
    packet.notes = (packet.notes or {}) | time_fields(seen, place) | notes_at(seen.noted, place)
    return packet


class Scan:
    """Reads captures and gathers the columns of some fields, of the packets that pass a display filter.

    `names` are fields, `protocols` those whose presence is asked for, `occurrence` is that of `Gathering`. With
    `problem`, what is wrong with a file is told to it, by the thread that takes the chunks and after what came before,
    and the next file is read; without, it is raised. `threads` is how many work; 1 for the caller's own, by default as
    many as there are processors.

    With `tracker`, the connections of all files together are left in it, fragments of datagrams having been put
    together for that alone.

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
        tracker: Tracker | None = None,
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
        self.readable = 0
        """How many of the files gave a packet so far, or ended as a capture may that has none."""
        self._threads = max(len(os.sched_getaffinity(0)) if threads is None else threads, 1)
        self._problem = problem
        self._noting = self._new_noting(tracker)
        self._local = threading.local()
        self._reading: Stop | None = None

    def _new_noting(self, tracker: Tracker | None) -> Noting | None:
        """What follows the connections, where a field is asked for that takes more than one packet to know."""
        asked = [*self.names, *(self.filter.fields if self.filter is not None else ())]
        if tracker is not None:
            return Noting(self.graph, asked, tracker, Reassembler())
        if not noted_names(asked):
            return None
        return Noting(self.graph, asked, Tracker(most=MOST_CONNECTIONS, with_states=False))

    def __iter__(self) -> Iterator[Taken]:
        return self.map(lambda taken: taken)

    def map(self, make: Callable[[Taken], T]) -> Iterator[T]:
        """What `make` gives for each chunk, in order; it runs in the threads."""
        self._reading = stop = Stop()
        jobs = self._jobs(stop)
        try:
            yield from self._alone(jobs, make) if self._threads == 1 else self._in_threads(jobs, make, stop)
        finally:
            jobs.close()
            stop.close()

    def stop(self) -> None:
        """End what `map` gives, also where it waits for a pipe; any thread may call it."""
        if self._reading is not None:
            self._reading()

    def _alone(self, jobs: Iterator[Job | CaptureError], make: Callable[[Taken], T]) -> Iterator[T]:
        for job in jobs:
            if isinstance(job, CaptureError):
                self._tell(job)
            else:
                yield make(self._take(*job))

    def _in_threads(self, jobs: Iterator[Job | CaptureError], make: Callable[[Taken], T], stop: Stop) -> Iterator[T]:
        """Each thread reads the next chunk itself and goes on with it, as its octets are in that processor's cache."""
        reading = threading.Lock()
        read = upcoming = 0
        # Simple queues, as an interrupt in the middle of anything that Python itself does would leave locks behind.
        orders: SimpleQueue[bool] = SimpleQueue()
        results: SimpleQueue[tuple[int, _Result[T]]] = SimpleQueue()

        def one() -> tuple[int, _Result[T]]:
            nonlocal read
            with reading:
                number = read
                read += 1
                try:
                    job = next(jobs, None)
                except BaseException as error:  # for the thread that takes the results
                    return number, _Result(error=error)
            try:
                if job is None:
                    return number, _Result(is_end=True)
                if isinstance(job, CaptureError):
                    return number, _Result(problem=job)
                return number, _Result([make(self._take(*job))])
            except BaseException as error:
                return number, _Result(error=error)

        def work() -> None:
            while orders.get() and not stop.called:
                results.put(one())

        self.graph.compiled  # noqa: B018  by one thread, before several need it
        # They wait for nothing but orders, and hold nothing then: no program has to wait for them when it ends.
        threads = [threading.Thread(target=work, name="rawcap-gather", daemon=True) for _ in range(self._threads)]
        made: dict[int, _Result[T]] = {}
        try:
            for thread in threads:
                thread.start()
            for _ in range(_AHEAD * self._threads):  # no more: what is made too early waits for what is slow
                orders.put(True)
            while not stop.called:
                if upcoming not in made:
                    with contextlib.suppress(Empty):
                        number, result = results.get(timeout=_GLANCE_SECONDS)
                        made[number] = result
                    continue
                result = made.pop(upcoming)
                upcoming += 1
                if result.error is not None:
                    raise result.error
                if result.is_end:
                    return
                orders.put(True)
                if result.problem is not None:
                    self._tell(result.problem)
                yield from result.value
        finally:
            stop()
            for _ in threads:
                orders.put(False)
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def _tell(self, error: CaptureError) -> None:
        """Say what is wrong with a file."""
        if self._problem is None:
            raise error
        self._problem(error)

    def _jobs(self, stop: Stop) -> Generator[Job | CaptureError]:
        """The chunks of all files, and what is wrong with a file in its place among them."""
        number = 1
        passed = 0
        first_time: int | None = None
        time_before: int | None = None
        for index, source in enumerate(self.sources):
            bulk: Bulk | None = None
            counted = False
            try:
                bulk = Bulk(source, stop=stop)
                for chunk in bulk:
                    if stop.called:
                        return
                    if not counted and len(chunk.starts):
                        self.readable += 1
                        counted = True
                    first, last = chunk.first_and_last_time()
                    first_time = first if first_time is None else first_time
                    seen = Seen(chunk, list(bulk.interfaces), number, first_time, time_before)
                    time_before = last if last is not None else time_before
                    self.position = passed + bulk.position
                    self.packets += len(chunk.starts)
                    number += len(chunk.starts)
                    yield *self._noted(seen), index
                if not counted:
                    self.readable += 1
            except CaptureError as error:
                if stop.called:
                    return
                yield error
                if self._problem is None:
                    return
            finally:
                if bulk is not None:
                    passed += bulk.position
                    bulk.close()
        if self._noting is not None:
            self._noting.finish()

    def _noted(self, seen: Seen) -> tuple[Seen, dict[int, Packet]]:
        """A chunk with what takes more than one packet to know, and the packets that were dissected for it."""
        if self._noting is None:
            return seen, {}
        noted, known = self._noting(seen)
        return seen._replace(noted=noted), known

    def take(self, seen: Seen) -> Taken:
        """What is gathered from a chunk that somebody else has read."""
        return self._take(*self._noted(seen), 0)

    # -- in a thread ------------------------------------------------------------------------------------------

    def _take(self, seen: Seen, known: dict[int, Packet], source: int) -> Taken:
        columns, test = self._tools()
        rows: Rows | None = None
        if test is not None:
            rows = test.rows(seen, known)
            if len(rows) == len(seen.chunk.starts):
                rows = None
        gathered = columns.gather(seen, rows)
        for place in known if rows is None else ():
            gathered.unsure[place] = True
        if rows is not None and known:
            gathered.unsure |= np.isin(rows, np.fromiter(known, np.int64, len(known)))
        columns.settle(seen, gathered, rows, known=known)
        return Taken(seen, rows, gathered, source, known)

    def _tools(self) -> tuple[Gathering, _Test | None]:
        """What gathers in this thread."""
        tools: tuple[Gathering, _Test | None] | None = getattr(self._local, "tools", None)
        if tools is None:
            columns = Gathering(self.graph, self.names, self.protocols, self.occurrence)
            tools = self._local.tools = columns, _Test(self.filter, self.graph) if self.filter is not None else None
        return tools


Job = tuple[Seen, dict[int, Packet], int]

_AHEAD = 2  # chunks for each thread that are in work or wait for their turn
_GLANCE_SECONDS = 0.1  # a signal that comes just before a wait is seen after it


@dataclass(slots=True)
class _Result(Generic[T]):
    """What became of a chunk; or why there is none: a file is wrong, all are at their end, an error."""

    value: Sequence[T] = ()
    problem: CaptureError | None = None
    is_end: bool = False
    error: BaseException | None = None


class _Test:
    """A display filter over chunks: by columns as far as these tell, by dissecting where they do not."""

    def __init__(self, display_filter: DisplayFilter, graph: Graph) -> None:
        self._graph = graph
        self._packet = display_filter
        self._filter = ColumnFilter(display_filter.tree, graph, lambda name: is_column(graph, name))
        self._columns = Gathering(graph, self._filter.names, self._filter.protocols)
        self._by_time = not TIMES.isdisjoint(display_filter.fields)

    def rows(self, seen: Seen, known: dict[int, Packet]) -> Rows:
        """The places of the packets that pass. Those that were dissected for it are added to `known`."""
        gathered = self._columns.gather(seen)
        passes, unknown = self._filter.candidates(_Batch(gathered))
        doubtful = gathered.unsure | gathered.several
        if self._by_time:
            doubtful |= beyond(seen)
        doubtful[list(known)] = True
        passes &= ~doubtful
        for place in np.flatnonzero(unknown | doubtful).tolist():
            packet = known.get(place)
            if packet is None:
                packet = packet_at(seen, place, self._graph)
            _timed(seen, place, packet)
            if self._packet(packet):
                passes[place] = True
                known[place] = packet
        return np.flatnonzero(passes)


def is_column(graph: Graph, name: str) -> bool:
    """Whether a field is a column that need not be dissected."""
    return name in FACTS or name in NOTED or is_native(graph, name)


class _Batch:
    """Gathered cells as a filter asks for them."""

    def __init__(self, gathered: Gathered) -> None:
        self.count = gathered.count
        self._gathered = gathered

    def cells(self, name: str, /) -> Cells:
        return self._gathered.cells[name]

    def present(self, protocol: str, /) -> npt.NDArray[np.bool_]:
        return self._gathered.present(protocol)
