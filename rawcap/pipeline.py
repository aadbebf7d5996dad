"""What is done with packets between where they come from, a file or a socket, and who asked for them.

    pipeline = Pipeline("tcp.flags.syn == 1", needs=["tcp.stream"])
    for packet in pipeline.passed(pipeline.noted(packets)):
        ...

Each step is a link of a chain of iterators, and only those that an option asks for are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from dissectors.graph import Graph
from dissectors.graph import graph as every_protocol
from dissectors.packet import Packet
from rawcap.files import CaptureError
from rawcap.tcp import tracker

if TYPE_CHECKING:
    from dissectors.reassembly import Reassembler
    from rawcap.filter import DisplayFilter
    from rawcap.tcp.messages import Messages

Packets = Iterator[Packet]


MOST_CONNECTIONS = 65_536
"""Connections that are remembered at least, for the fields that take more than one packet to know."""


class RuleError(ValueError):
    """A rule of `decode_as` that is not understood; the text says why, in one line."""


class Pipeline:
    """The steps that were asked for; what they remember of packets is kept from one call to the next.

    The parameters are those of `rawcap.read`; `note` leaves notes of its own on each packet. Raises FilterError for a
    wrong filter and RuleError for a wrong rule of `decode_as`, each in one line.
    """

    def __init__(
        self,
        display_filter: str | None = None,
        *,
        decode_as: Sequence[str] = (),
        reassemble: bool = False,
        graph: Graph | None = None,
        needs: Collection[str] = (),
        note: Callable[[Packet], Packet] | None = None,
    ) -> None:
        self.graph = graph if graph is not None else every_protocol
        """The protocols that packets are read with."""
        for rule in decode_as:
            self.graph = decoded_as(self.graph, rule)
        needed = set(needs)
        self._display_filter: DisplayFilter | None = None
        if display_filter is not None:
            from rawcap.filter import display_filter as compiled  # only who filters pays for the import

            self._display_filter = compiled(display_filter, self.graph)
            needed |= set(self._display_filter.fields)
        self.reassembler: Reassembler | None = None
        """What puts datagrams together, and knows of those that it gave up; None when that was not asked for."""
        self._messages: Messages | None = None
        if reassemble:
            from dissectors.reassembly import Reassembler
            from rawcap.tcp.messages import Messages

            self.reassembler = Reassembler()
            self._messages = Messages()
        self._elapsed = _Elapsed() if needed & _Elapsed.FIELDS else None
        self._note = note
        self._tracker = (
            tracker.Tracker(most=MOST_CONNECTIONS, with_states=False) if needed & tracker.FIELDS else None
        )

    @property
    def is_empty(self) -> bool:
        """Whether packets pass it as they are, so that they need not be looked at at all."""
        steps = (self._display_filter, self.reassembler, self._elapsed, self._note, self._tracker)
        return all(step is None for step in steps)

    def noted(self, packets: Packets, *, last: bool = True) -> Packets:
        """The packets, read with the right protocols, whole, and with notes of what came before.

        `last` when nothing comes after them, so that fragments wait no longer for what is missing.
        """
        if self.graph is not every_protocol:
            packets = map(self._with_graph, packets)
        if self.reassembler is not None:
            packets = _reassembled(self.reassembler, packets, last)
        if self._messages is not None:
            packets = map(self._messages.note, packets)
        if self._elapsed is not None:
            packets = map(self._elapsed.note, packets)
        if self._note is not None:
            packets = map(self._note, packets)
        if self._tracker is not None:
            packets = map(self._tracker.note, packets)
        return packets

    def passed(self, packets: Packets) -> Packets:
        """Those that the display filter lets pass."""
        return packets if self._display_filter is None else filter(self._display_filter, packets)

    def _with_graph(self, packet: Packet) -> Packet:
        packet.interface.graph = self.graph
        return packet


def decoded_as(graph: Graph, rule: str) -> Graph:
    """A copy of `graph` with a rule like "udp.port==9000,dns": the value 9000 in table udp.port leads to dns.

    Raises RuleError.
    """
    selector, comma, protocol = rule.partition(",")
    table, equals, value = selector.partition("==")
    if not comma or not equals:
        raise RuleError(f"{rule!r} is not understood; write it like udp.port==9000,dns")
    try:
        key = int(value.strip(), 0)
    except ValueError:
        raise RuleError(f"{value.strip()!r} is not a number, in {rule!r}") from None
    try:
        return graph.with_row(table.strip(), key, protocol.strip())
    except KeyError as error:
        raise RuleError(error.args[0]) from None


class _Elapsed:
    """Notes on each packet how long after the first and after the one before it came."""

    FIELDS = frozenset({"frame.time_delta", "frame.time_relative"})

    def __init__(self) -> None:
        self._first: int | None = None
        self._before = 0

    def note(self, packet: Packet) -> Packet:
        if packet.notes is None:
            packet.notes = {}
        now = packet.time_ns
        if now is None:
            return packet
        if self._first is None:
            self._first = self._before = now
        packet.notes |= {"frame.time_delta": now - self._before, "frame.time_relative": now - self._first}
        self._before = now
        return packet


NOTED = _Elapsed.FIELDS | tracker.FIELDS
"""The fields that take more than one packet to know."""


def _reassembled(reassembler: Reassembler, packets: Packets, last: bool) -> Packets:
    """Whole datagrams in place of their fragments; those of which none is made come out when they are given up."""
    cut: CaptureError | None = None
    try:
        for packet in packets:
            whole = reassembler.add(packet)
            yield from reassembler.given_up()
            if whole is not None:
                yield whole
    except CaptureError as error:
        cut = error
    if last:
        yield from reassembler.flush()
    if cut is not None:
        raise cut
