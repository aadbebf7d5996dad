"""Everything that is asked for, counted together: what a command or a live view holds."""

from __future__ import annotations

from collections.abc import Callable, Collection

from dissectors.graph import Graph
from dissectors.graph import graph as every_protocol
from dissectors.packet import Packet
from rawcap.columns.gathering import Gathered
from rawcap.stats.batch import LAYERS, Batch, batch_of, fields_of
from rawcap.stats.conversations import Conversations
from rawcap.stats.lengths import Lengths
from rawcap.stats.protocols import Protocols
from rawcap.stats.times import Times
from rawcap.stats.totals import Totals

TABLES = ("conversations", "endpoints", "protocols", "ports", "lengths", "time")
"""What there is to count by."""

_BY_ENDS = frozenset({"conversations", "endpoints", "ports"})


class Statistics:
    """Counts what some TABLES need: `scan` the `fields`, make a `batch` of what was gathered, `add` it.

    Batches may be made in several threads at once; they are added one at a time, in the order of the capture. `layers`
    are those whose conversations, endpoints and ports are counted, `interval` is that of `Times`. What was not asked
    for stays empty; `totals` are always there.
    """

    def __init__(
        self,
        tables: Collection[str],
        *,
        layers: Collection[str] = LAYERS,
        interval: int | None = None,
        graph: Graph = every_protocol,
    ) -> None:
        self._tables = frozenset(tables)
        self._layers = tuple(layers) if self._tables & _BY_ENDS else ()
        self.origin: int | None = None
        """When the first packet of the capture came, also if it was not to be counted; None where nobody told."""
        self.totals = Totals()
        self.conversations = Conversations(self._layers)
        self.protocols = Protocols(graph)
        self.lengths = Lengths()
        self.times = Times(interval)

    @property
    def fields(self) -> list[str]:
        """The columns that are needed of the packets, the first value of each."""
        return fields_of(self._layers, protocols="protocols" in self._tables)

    def batch(
        self, gathered: Gathered, packet: Callable[[int], Packet], *, first_time: int | None = None
    ) -> Batch:
        """What is counted of gathered packets; `packet` gives one of these whole, by its place.

        `first_time` is when the first packet of the capture came, nanoseconds since the epoch.
        """
        return batch_of(gathered, packet, self._layers, first_time=first_time)

    def add(self, batch: Batch) -> None:
        """Count the packets of a batch."""
        if self.origin is None:
            self.origin = batch.first_time
        self.totals.add(batch)
        if self._layers:
            self.conversations.add(batch)
        if "protocols" in self._tables:
            self.protocols.add(batch)
        if "lengths" in self._tables:
            self.lengths.add(batch)
        if "time" in self._tables:
            self.times.add(batch)

    def merge(self, other: Statistics) -> None:
        """Add what `other` counted by the same tables, of packets that come behind those counted here."""
        if self.origin is None:
            self.origin = other.origin
        self.totals.merge(other.totals)
        self.conversations.merge(other.conversations)
        self.protocols.merge(other.protocols)
        self.lengths.merge(other.lengths)
        self.times.merge(other.times)
