"""From captures to the connections in them: what `rawcap.connections` and the commands that show connections ask.

    for connection in rawcap.connections("trace.pcapng", "ip.addr == 192.0.2.1"):
        print(connection.client, connection.opened, connection.closed)

All packets are followed, whatever the display filter says: it picks connections, those that have a packet which passes,
and each is whole. An ICMP error counts as a packet of the connection that it quotes.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from dissectors.graph import graph as every_protocol
from dissectors.packet import Packet
from rawcap.files import CaptureError
from rawcap.pipeline import Pipeline
from rawcap.reading import Reading, Source
from rawcap.tcp.connection import Connection
from rawcap.tcp.exchange import Exchange
from rawcap.tcp.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Followed:
    """What captures have in them.

    `connections` and `exchanges` are those that the filter picks, in the order of their numbers; `all_connections` and
    `all_exchanges` say how many there are. `origin` is the time of the first packet of all, nanoseconds since the
    epoch, None where the capture has no times. `readable` is false when not one of the files could be opened.
    """

    connections: Sequence[Connection]
    exchanges: Sequence[Exchange]
    all_connections: int
    all_exchanges: int
    origin: int | None
    readable: bool = True


def connections(source: Source | Iterable[Packet], display_filter: str | None = None) -> list[Connection]:
    """The TCP connections of a capture: a path, "-" for standard input, a binary stream, or packets.

    With `display_filter`, in Wireshark's language, those that have a packet which passes. Fragments of datagrams are
    put together first, except where packets are given, which are taken as they are.

    Raises what `rawcap.read` raises: CaptureError, CutCapture where the file ends in the middle of a packet, and
    FilterError for a wrong filter.
    """
    if isinstance(source, (str, os.PathLike)) or hasattr(source, "read"):
        followed = follow([cast("Source", source)], display_filter)
    else:
        followed = _followed(iter(source), _Picking(display_filter))
    return list(followed.connections)


def follow(
    sources: Sequence[Source],
    display_filter: str | None = None,
    *,
    decode_as: Sequence[str] = (),
    problem: Callable[[CaptureError], object] | None = None,
    watch: Callable[[Callable[[], int]], object] | None = None,
) -> Followed:
    """The connections and exchanges of captures that are read one after the other, as if they were one.

    With `problem` a capture that cannot be read, or not to its end, is told to it; without, it is raised. `watch` is
    called once, with what tells how many octets of the capture at hand were taken in.

    Raises FilterError for a wrong filter and RuleError for a wrong rule of `decode_as`.
    """
    if display_filter is None or _are_columns(display_filter):
        return _followed_in_columns(sources, display_filter, decode_as, problem, watch)
    picking = _Picking(display_filter)
    with Reading(sources, reassemble=True, decode_as=decode_as, problem=problem) as reading:
        if reading.capture is None:
            return Followed((), (), 0, 0, None, readable=False)
        if watch is not None:
            watch(lambda: reading.progress[0])
        return _followed(iter(reading), picking)


def _are_columns(display_filter: str) -> bool:
    """Whether a filter asks only for what is known of many packets at once."""
    from rawcap.columns.scan import is_column
    from rawcap.filter import display_filter as compiled

    test = compiled(display_filter)
    names = every_protocol.fields  # those of protocols are not among them
    return all(name in names and is_column(every_protocol, name) for name in test.fields)


def _followed_in_columns(
    sources: Sequence[Source],
    display_filter: str | None,
    decode_as: Sequence[str],
    problem: Callable[[CaptureError], object] | None,
    watch: Callable[[Callable[[], int]], object] | None,
) -> Followed:
    from rawcap.columns.scan import Scan  # imports numpy

    tracker = Tracker(with_states=False)
    streams = ("tcp.stream", "udp.stream") if display_filter is not None else ()
    scan = Scan(sources, streams, filter=display_filter, decode_as=decode_as, problem=problem, tracker=tracker)
    if watch is not None:
        watch(lambda: scan.position)
    origin: int | None = None
    picked: dict[str, set[int]] = {name: set() for name in streams}
    with _without_collector():
        for taken in scan:
            origin = taken.seen.first_time if origin is None else origin
            for name, numbers in picked.items():
                cells = taken.gathered.cells[name]
                numbers.update(cells.values[cells.valid].tolist())
    met, talked = tracker.connections, tracker.exchanges
    return Followed(
        [each for each in met if each.stream in picked["tcp.stream"]] if picked else met,
        [each for each in talked if each.stream in picked["udp.stream"]] if picked else talked,
        len(met),
        len(talked),
        origin,
        readable=scan.readable > 0,
    )


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Have no garbage looked for meanwhile: what is made stays, and looking through it takes as long as making it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Picking:
    """The filter by which connections are picked, all of them where there is none, and the notes that it reads."""

    def __init__(self, display_filter: str | None) -> None:
        self.passes: Callable[[Packet], bool] | None = None
        self.pipeline = Pipeline()
        if display_filter is not None:
            from rawcap.filter import display_filter as compiled  # only who filters pays for the import

            test = compiled(display_filter)
            self.passes = test
            self.pipeline = Pipeline(needs=test.fields)


def _followed(packets: Iterator[Packet], picking: _Picking) -> Followed:
    tracker = Tracker(with_states=False)
    passes = picking.passes
    picked: set[Connection | Exchange] = set()
    origin: int | None = None
    for packet in picking.pipeline.noted(packets):
        if origin is None:
            origin = packet.time_ns
        found = tracker.add(packet)
        if passes is not None and found is not None and found not in picked and passes(packet):
            picked.add(found)
    met, talked = tracker.connections, tracker.exchanges
    if passes is None:
        return Followed(met, talked, len(met), len(talked), origin)
    return Followed(
        [each for each in met if each in picked],
        [each for each in talked if each in picked],
        len(met),
        len(talked),
        origin,
    )
