"""The fields that take more than one packet to know, as columns: what the tracker of connections tells of a chunk.

Ordinary segments and datagrams are followed where they stand, without a packet for each; only the others are dissected.
It goes on from chunk to chunk, in the order of the capture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dissectors.graph import Graph
from dissectors.header import Header
from dissectors.internet.ipv4 import IPv4
from dissectors.internet.ipv6 import IPv6
from dissectors.packet import Packet
from dissectors.reassembly import Reassembler
from dissectors.transport.tcp import TCP
from dissectors.transport.udp import UDP
from dissectors.walk import Surveyor
from rawcap.columns.facts import Seen, Valid, Values
from rawcap.columns.gathering import Gathering, packet_at
from rawcap.columns.plan import leading_to
from rawcap.tcp.tracker import FIELDS, NAMES, NONE, Tracker

_KINDS: dict[type[Header], int] = {TCP: 1, UDP: 2}
_MATTERS = ("tcp", "udp", "icmp", "icmpv6")
_SACK_EDGES = FIELDS - set(NAMES)


def noted_names(names: Iterable[str]) -> list[str]:
    """Those of the fields that the tracker knows, and what others are counted from."""
    wanted = set(names)
    if wanted & _SACK_EDGES:
        wanted |= {"tcp.ack"}
    return [name for name in NAMES if name in wanted]


class Noting:
    """Follows the connections of a capture, chunk after chunk, and gives the columns `names` of each.

    `tracker` is what follows them; all is left in it. With `reassembler`, datagrams are followed in place of their
    fragments.
    """

    def __init__(
        self, graph: Graph, names: Iterable[str], tracker: Tracker, reassembler: Reassembler | None = None
    ) -> None:
        self.names = noted_names(names)
        self.tracker = tracker
        self._reassembler = reassembler
        self._graph = graph
        self._wanted = np.array([NAMES.index(name) for name in self.names], np.int64)
        compiled = graph.compiled
        headers = compiled.classes
        self._links = compiled.links
        self._surveyor = compiled.walker_of(Surveyor)
        self._surveyor.choose(
            bytes(each in graph.headers and is_passed(each) for each in headers),
            bytes(each in (IPv4, IPv6) for each in headers),
            bytes(each in _KINDS for each in headers),
        )
        leading = leading_to(graph, {TCP})
        self._leads = np.array([each in leading for each in headers], np.bool_)
        self._kind = np.array([_KINDS.get(each, 0) for each in headers], np.int64)
        self._v4 = compiled.node_of[IPv4]
        self._fixed = np.zeros(len(headers), np.int64)
        self._ends_at = np.zeros(len(headers), np.int64)
        for header in (IPv4, IPv6):
            node = compiled.node_of[header]
            self._fixed[node] = header.declaration.fixed
            self._ends_at[node] = header.declaration.fields["src"].at
        self._presence = Gathering(graph, ("ip.flags.mf", "ip.frag_offset"), (*_MATTERS, "ipv6.fraghdr"))

    def __call__(self, seen: Seen) -> tuple[dict[str, tuple[Values, Valid]], dict[int, Packet]]:
        """The columns of the next chunk, and the packets that were dissected for them, by their place in it."""
        chunk = seen.chunk
        count = len(chunk.starts)
        out = np.zeros((8, count), np.int64)
        nodes = np.array([self._links.get(each.linktype, 0) for each in seen.interfaces], np.int64)
        frames = (chunk.data, chunk.starts, chunk.captured, chunk.lengths, nodes[chunk.interface], out)
        self._surveyor.survey(*(each.data for each in frames))
        outer, outer_at, inner, at, stop, end, behind, _ = out
        kind = self._kinds(seen, outer, outer_at, inner, at)
        kind[(kind == _KINDS[UDP]) & self._leads[behind]] = -1
        ends_at = outer_at + self._ends_at[outer]
        told = np.full((len(self.names), count), NONE, np.int64)
        known: dict[int, Packet] = {}
        row = 0
        while row < count:
            row = self.tracker.follow(
                row,
                seen.number,
                chunk.data.data,
                kind.data,
                ends_at.data,
                at.data,
                stop.data,
                end.data,
                chunk.times.data,
                self._wanted.data,
                told.data,
            )
            if row < count:
                packet = known[row] = packet_at(seen, row, self._graph)
                self._follow(packet)
                self.tracker.write(row, self._wanted.data, told.data)
                row += 1
        return {name: (told[place], told[place] != NONE) for place, name in enumerate(self.names)}, known

    def finish(self) -> None:
        """Follow what still waits for fragments, as the capture is at its end."""
        for packet in self._reassembler.flush() if self._reassembler is not None else ():
            self.tracker.note(packet)

    def _follow(self, packet: Packet) -> None:
        if self._reassembler is None:
            self.tracker.note(packet)
            return
        whole = self._reassembler.add(packet)
        for fragment in self._reassembler.given_up():
            self.tracker.note(fragment)
        if whole is None:
            self.tracker.skip()
            return
        self.tracker.note(whole)
        packet.notes = whole.notes

    def _kinds(
        self,
        seen: Seen,
        outer: npt.NDArray[np.int64],
        outer_at: npt.NDArray[np.int64],
        inner: npt.NDArray[np.int64],
        at: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int64]:
        """Of each packet what the tracker is to do with it: TCP, UDP, nothing; or less, where dissecting must tell."""
        kind = np.where((outer != 0) & (at - outer_at == self._fixed[outer]), self._kind[inner], -1)
        rows = np.flatnonzero((kind > 0) & (outer == self._v4))
        more = IPv4.declaration.fields["flags"].parts["mf"]
        place = outer_at[rows] + more.at
        kind[rows[seen.chunk.data[place] >> more.shift & more.mask != 0]] = -1
        others = np.flatnonzero(kind < 0)
        if len(others):
            gathered = self._presence.gather(seen, others)
            matters = gathered.unsure.copy()
            for name in _MATTERS:
                matters |= gathered.present(name)
            if self._reassembler is not None:
                matters |= gathered.present("ipv6.fraghdr") | gathered.cells["ip.flags.mf"].values
                matters |= gathered.cells["ip.frag_offset"].values != 0
            kind[others[~matters]] = 0
        return kind


def is_passed(header: type[Header]) -> bool:
    """Whether a header only carries: what is behind it is the same without it."""
    declared = header.declaration
    special = header.quotes or header.repeats or header.part_of or header.is_option
    return not (declared.holds or declared.picky or special)


def notes_at(noted: Mapping[str, tuple[Any, Any]], place: int) -> dict[str, int]:
    """What the columns say of one packet, as notes on it."""
    return {name: int(values[place]) for name, (values, valid) in noted.items() if valid[place]}


