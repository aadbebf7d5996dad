"""A chunk of a capture becomes cells: what the walker gathers, and what only dissecting tells.

The walker fills the columns of ordinary packets. A packet that it has doubts about, since a protocol in it is
recognised by content or since a column is none that the walker can fill, is dissected singly, as the packet view does
it. Both give the same values; only the time that they take differs.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dissectors import layout
from dissectors.fields import Field
from dissectors.frame import Data
from dissectors.graph import Graph
from dissectors.packet import Packet
from rawcap.columns.cells import Cells
from rawcap.columns.facts import FACTS, Seen
from rawcap.columns.plan import ADDRESSES, PATH, Slot, dtype_of, plan
from rawcap.tcp.tracker import NAMES

Rows = npt.NDArray[np.int64]

NOTED = frozenset(NAMES)
"""The fields whose columns come with the chunk."""

_ALIGNED = 64
_PACKED: dict[str, Callable[[str], bytes]] = {
    "ipv4": socket.inet_aton,
    "ipv6": lambda text: socket.inet_pton(socket.AF_INET6, text),
    "ether": lambda text: bytes.fromhex(text.replace(":", "")),
    "eui64": lambda text: bytes.fromhex(text.replace(":", "")),
}


@dataclass(slots=True)
class Gathered:
    """The cells of some packets of a chunk.

    `parts` has the cells of a name that stands for several fields of a header, as tcp.port does, one for each of them;
    of all others the same as `cells`. `several` tells which packets have more than one value of a field, `unsure` of
    which walking alone does not tell what is in them: their cells are right once they are settled.
    """

    count: int
    cells: dict[str, Cells]
    parts: dict[str, list[Cells]]
    several: npt.NDArray[np.bool_]
    unsure: npt.NDArray[np.bool_]

    def present(self, protocol: str) -> npt.NDArray[np.bool_]:
        """Which packets have a protocol that was asked for."""
        return self.cells[protocol].valid


class Gathering:
    """Gathers the columns of some fields from chunks; it serves one thread at a time.

    `names` are fields, `protocols` those whose presence is asked for. `occurrence` says which of several values a cell
    holds: "first", "last", or "all", for which `Cells.more` has those of the packets with several.
    """

    def __init__(
        self, graph: Graph, names: Iterable[str], protocols: Iterable[str] = (), occurrence: str = "first"
    ) -> None:
        self._graph = graph
        self._names = list(dict.fromkeys(names))
        self._protocols = list(dict.fromkeys(protocols))
        self._occurrence = occurrence
        self._plan = plan(
            graph,
            [name for name in self._names if name not in FACTS and name not in NOTED],
            self._protocols,
            last=occurrence == "last",
        )
        self._gatherer = self._plan.gatherer()
        self._walks = bool(self._plan.slots or self._plan.singly or self._plan.with_paths)
        self._paths: dict[int, str] = {}
        # Which of several fields comes first is clear in one header, not among the values of several.
        self._in_parts = any(len(parts) > 1 for parts in self._plan.parts.values())

    def gather(self, seen: Seen, rows: Rows | None = None) -> Gathered:
        """What the walker tells of a chunk, or of some packets of it; the unsure ones are left to `settle`."""
        count = len(seen.chunk.starts) if rows is None else len(rows)
        doubts = np.zeros(count, np.uint8)
        paths = np.zeros(count if self._plan.with_paths else 0, np.uint32)
        opened = np.zeros((len(paths), layout.OPENED), np.int64)
        slots = self._slots(seen, rows, count, doubts, paths, opened) if self._walks else []
        cells: dict[str, Cells] = {}
        parts: dict[str, list[Cells]] = {}
        for name in (*self._names, *self._protocols):
            fields = self._graph.fields.get(name, [])
            if name in FACTS:
                values, valid = FACTS[name](seen)
                if rows is not None:
                    values, valid = values[rows], valid[rows]
                parts[name] = [Cells(name, fields, values, valid)]
            elif name in NOTED:
                values, valid = seen.noted[name]
                if rows is not None:
                    values, valid = values[rows], valid[rows]
                parts[name] = [Cells(name, fields, _noted_column(fields, values, valid), valid.copy())]
            elif name == PATH:
                parts[name] = [self._path_cells(seen, doubts, paths, opened)]
            elif name in self._plan.parts:
                parts[name] = [Cells(name, fields, *slots[part]) for part in self._plan.parts[name]]
            else:
                parts[name] = [Cells(name, fields, empty(fields, count), np.zeros(count, np.bool_))]
            cells[name] = parts[name][0] if len(parts[name]) == 1 else _joined(parts[name], self._occurrence == "last")
        several = doubts & layout.SEVERAL != 0
        unsure = doubts & layout.UNSURE != 0
        if self._in_parts:
            unsure |= several
        if self._plan.every_packet:
            unsure[:] = True
        return Gathered(count, cells, parts, several, unsure)

    def settle(self, seen: Seen, gathered: Gathered, rows: Rows | None = None, *, known: dict[int, Packet]) -> None:
        """Dissect the packets of which walking did not tell all, and fill their cells.

        `known` has those that were made already, by their place in the chunk; those made here are added.
        """
        wanted = gathered.unsure | gathered.several if self._occurrence == "all" else gathered.unsure
        for row in np.flatnonzero(wanted).tolist():
            place = row if rows is None else int(rows[row])
            packet = known.get(place)
            if packet is None:
                packet = known[place] = packet_at(seen, place, self._graph)
            for name in self._names:
                if name not in FACTS:
                    self._set(gathered, name, row, packet.values(name))
            for name in self._protocols:
                valid = any(layer.name == name for layer in packet.everything())
                gathered.cells[name].values[row] = gathered.cells[name].valid[row] = valid

    def _set(self, gathered: Gathered, name: str, row: int, values: list[Any]) -> None:
        """Put what the packet view gives into the cells of a packet."""
        cells = gathered.cells[name]
        if not values:
            cells.valid[row] = False
            if cells.values.dtype == object:
                cells.values[row] = None
            for part in gathered.parts[name]:
                part.valid[row] = False
            return
        cells.values[row] = stored(cells, values[-1 if self._occurrence == "last" else 0])
        cells.valid[row] = True
        if self._occurrence == "all" and (len(values) > 1 or len(gathered.parts[name]) > 1):
            for part in gathered.parts[name]:
                part.more[row] = values
            cells.more[row] = values

    def _path_cells(
        self,
        seen: Seen,
        doubts: npt.NDArray[np.uint8],
        paths: npt.NDArray[np.uint32],
        opened: npt.NDArray[np.int64],
    ) -> Cells:
        """The paths as text. What is open is looked at; a protocol that is recognised is left to dissecting."""
        compiled = self._graph.compiled
        data = seen.chunk.data
        nobody = compiled.node_of[Data]
        for row in np.flatnonzero(doubts & (layout.OPEN | layout.UNSURE) == layout.OPEN).tolist():
            start, stop, node, path = opened[row].tolist()
            below = compiled.classes[self._gatherer.path(path)[-1]].name if path else ""
            candidates = [compiled.classes[node]] if node else []
            payload = data[start:stop].tobytes()
            if node:
                paths[row] = self._gatherer.prolonged(path, nobody)
            candidates += compiled.guesses.get(below, ())
            if not paths[row] or any(each.recognises(payload) for each in candidates):
                doubts[row] |= layout.UNSURE
        names = np.full(int(paths.max(initial=0)) + 1, None, object)
        for path in np.unique(paths).tolist():
            if path not in self._paths:
                self._paths[path] = ":".join(compiled.classes[node].name for node in self._gatherer.path(path))
            names[path] = self._paths[path]
        return Cells(PATH, self._graph.fields[PATH], names[paths], np.ones(len(paths), np.bool_))

    def _slots(
        self,
        seen: Seen,
        rows: Rows | None,
        count: int,
        doubts: npt.NDArray[np.uint8],
        paths: npt.NDArray[np.uint32],
        opened: npt.NDArray[np.int64],
    ) -> list[tuple[Any, Any]]:
        """The columns that the walker fills, each with where it has a value."""
        chunk = seen.chunk
        links = self._graph.compiled.links
        nodes = np.array([links.get(each.linktype, 0) for each in seen.interfaces], np.int64)[chunk.interface]
        starts, captured, lengths = chunk.starts, chunk.captured, chunk.lengths
        if rows is not None:
            starts, captured, lengths, nodes = starts[rows], captured[rows], lengths[rows], nodes[rows]
        places = np.zeros(len(self._plan.slots), np.int64)
        room = 0
        for number, slot in enumerate(self._plan.slots):
            places[number] = room
            room += (slot.width * count + _ALIGNED - 1) // _ALIGNED * _ALIGNED
        out = np.zeros(room, np.uint8)
        there = np.zeros(len(self._plan.slots) * count, np.uint8)
        frames = (chunk.data, starts, captured, lengths, nodes)
        self._gatherer.gather(*frames, places, out, there, doubts, paths, opened.reshape(-1))
        columns = there.view(np.bool_).reshape(len(self._plan.slots), count)
        return [
            (_column(slot, out[place : place + slot.width * count]), columns[number])
            for number, (slot, place) in enumerate(zip(self._plan.slots, places.tolist(), strict=True))
        ]


def packet_at(seen: Seen, place: int, graph: Graph) -> Packet:
    """One packet of a chunk."""
    chunk = seen.chunk
    start = int(chunk.starts[place])
    interface = seen.interfaces[int(chunk.interface[place])]
    interface.graph = graph
    return Packet(
        chunk.data[start : start + int(chunk.captured[place])].tobytes(),
        interface,
        chunk.time(place),
        int(chunk.lengths[place]),
        seen.number + place,
        chunk.options(place),
    )


def empty(fields: list[Field], count: int) -> npt.NDArray[Any]:
    """Room for the values of a field, of as many packets."""
    kind = kind_of(fields)
    if kind in ADDRESSES:
        return np.zeros((count, ADDRESSES[kind]), np.uint8)
    if kind in ("uint", "int", "bool", "time"):
        return np.zeros(count, "int64" if kind == "time" else dtype_of(fields))
    return np.full(count, None, object)


def _noted_column(fields: list[Field], values: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    column = empty(fields, len(values))
    column[valid] = values[valid]
    return column


def kind_of(fields: Iterable[Field]) -> str:
    """The type of fields that share a name; "mixed", which is written as text, where they differ.

    So it is where a field holds an address of any length.
    """
    kinds = set()
    for each in fields:
        octets = ADDRESSES.get(each.type)
        kinds.add(each.type if octets is None or each.bits == 8 * octets else "mixed")
    return kinds.pop() if len(kinds) == 1 else "mixed"


def stored(cells: Cells, value: Any) -> Any:
    """A value of the packet view as the array of a column holds it."""
    kind = kind_of(cells.fields)
    if kind in _PACKED:
        return np.frombuffer(value if isinstance(value, bytes) else _PACKED[kind](value), np.uint8)
    return value


def _column(slot: Slot, octets: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    return octets.view(slot.dtype) if slot.dtype else octets.reshape(-1, slot.width)


def _joined(parts: list[Cells], last: bool) -> Cells:
    """The first of several fields that is there, or the last one."""
    ordered = parts[::-1] if last else parts
    values, valid = ordered[0].values.copy(), ordered[0].valid.copy()
    for part in ordered[1:]:
        more = part.valid & ~valid
        values[more] = part.values[more]
        valid |= more
    return Cells(parts[0].name, parts[0].fields, values, valid)
