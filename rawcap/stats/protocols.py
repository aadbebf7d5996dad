"""The protocol hierarchy: how many packets have which protocol inside which.

A packet counts once for each protocol on the way from its outermost header to its innermost. What belongs to a header
rather than being a protocol of its own is not listed: an IPv6 extension header, the second TLS record of a segment, the
data of an echo request. Nor is what an error message quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from dissectors.graph import Graph, table_of
from dissectors.graph import graph as every_protocol
from dissectors.header import Header
from rawcap.stats.batch import Batch


class Protocol(NamedTuple):
    """A protocol and those around it, outermost first, and the packets that have them; octets are on the wire."""

    path: tuple[str, ...]
    frames: int
    octets: int

    @property
    def name(self) -> str:
        """The protocol's own name."""
        return self.path[-1]


@dataclass(slots=True)
class _Node:
    frames: int = 0
    octets: int = 0
    inside: dict[str, _Node] = field(default_factory=dict)


class Protocols:
    """Counts the protocols of packets; batches must have `stacks`."""

    def __init__(self, graph: Graph = every_protocol) -> None:
        self._quoting = {_protocol(header) for header in graph.headers if header.quotes}
        self._repeating = {header.name for header in graph.headers if header.repeats}
        self._carrying = {_protocol(header) for header in graph.headers if _carries(graph, header)}
        self._sums: dict[str, tuple[int, int]] = {}

    def add(self, batch: Batch) -> None:
        """Count the packets of a batch."""
        if batch.stacks is None:
            return
        codes, names = batch.stacks
        frames = np.bincount(codes, minlength=len(names))
        octets = np.zeros(len(names), np.int64)
        np.add.at(octets, codes, batch.lengths)
        for name, count, total in zip(names, frames.tolist(), octets.tolist(), strict=True):
            self._count(name, count, total)

    def merge(self, other: Protocols) -> None:
        """Add what `other` counted."""
        for stack, (frames, octets) in other._sums.items():
            self._count(stack, frames, octets)

    def _count(self, stack: str, frames: int, octets: int) -> None:
        if frames:
            before = self._sums.get(stack, (0, 0))
            self._sums[stack] = before[0] + frames, before[1] + octets

    def _path(self, stack: str) -> list[str]:
        """The protocols of a packet that count, from the names of all its headers."""
        path: list[str] = []
        for name in stack.split(":"):
            before = path[-1] if path else ""
            if before in self._quoting or (name == "data" and before and before not in self._carrying):
                break
            if name and "." not in name and not (name == before and name in self._repeating):
                path.append(name)
        return path

    def rows(self) -> Iterator[Protocol]:
        """Each protocol, followed by those inside it, in the order in which they were first met."""
        root = _Node()
        for stack, (frames, octets) in self._sums.items():
            node = root
            for name in self._path(stack):
                node = node.inside.setdefault(name, _Node())
                node.frames += frames
                node.octets += octets
        yield from _below(root, ())


def _protocol(header: type[Header]) -> str:
    """The protocol that a header belongs to: that of icmp.echo is icmp."""
    return header.name.partition(".")[0]


def _carries(graph: Graph, header: type[Header]) -> bool:
    """Whether another protocol may follow a header."""
    rule = header.declaration.next
    if rule is None:
        return False
    ahead = set(graph.rows.get(table_of(header, rule), {}).values())
    if rule.default is not None:
        ahead.add(graph.protocols[rule.default] if isinstance(rule.default, str) else rule.default)
    return any(_protocol(each) not in ("data", _protocol(header)) for each in ahead)


def _below(node: _Node, path: tuple[str, ...]) -> Iterator[Protocol]:
    for name, inner in node.inside.items():
        here = (*path, name)
        yield Protocol(here, inner.frames, inner.octets)
        yield from _below(inner, here)
