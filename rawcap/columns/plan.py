"""Which columns the compiled walker can fill, and the tables by which it does.

A field that always stands in the same place of its header is taken from the octets by the walker itself
(`dissectors.walk.Gatherer`). All others (options, what a body finds, what is derived) are known only by dissecting a
packet; for these the plan says in which headers they may be, so that the other packets need no look.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dissectors import layout
from dissectors.fields import WIRE, Either, Field, Flag, Int, Remaining, Uint
from dissectors.frame import Data, Frame
from dissectors.graph import Compiled, Graph, table_of
from dissectors.header import Header
from dissectors.walk import Gatherer

PATH = "frame.protocols"
"""The column of the path through the parse graph, which the walker tells as it goes."""

ADDRESSES = {"ipv4": 4, "ipv6": 16, "ether": 6, "eui64": 8}
"""The octets of an address, by the type of its field."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A column that the walker fills: what a name means, or the presence of a protocol.

    `dtype` is numpy's name for a number, empty for an address of `width` octets.
    """

    name: str
    fields: tuple[Field, ...]
    width: int
    dtype: str


@dataclass(slots=True)
class Plan:
    """What is to be gathered, for the packets of one parse graph.

    `slots` are the columns that the walker fills; a name that stands for several fields of a header has one for each
    (`parts`). `singly` are the names that only dissecting tells, of `every_packet` where the
    walk gives no hint. `with_paths` when PATH is wanted.
    """

    graph: Graph
    slots: list[Slot] = field(default_factory=list)
    parts: dict[str, list[int]] = field(default_factory=dict)
    singly: list[str] = field(default_factory=list)
    every_packet: bool = False
    with_paths: bool = False
    last: bool = False
    _leading: bytearray = field(default_factory=bytearray)
    _firsts: array[int] = field(default_factory=lambda: array("q"))
    _entries: array[int] = field(default_factory=lambda: array("q"))
    _marks: array[int] = field(default_factory=lambda: array("q"))

    def gatherer(self) -> Gatherer:
        """What fills the slots; each thread needs one of its own."""
        gatherer = self.graph.compiled.walker_of(Gatherer)
        data_node = self.graph.compiled.node_of[Data] if self.with_paths else 0
        gatherer.choose(self._firsts, self._entries, self._marks, self._leading, self.last, data_node)
        return gatherer


def plan(graph: Graph, names: Iterable[str], protocols: Iterable[str] = (), *, last: bool = False) -> Plan:
    """The plan for the fields `names` and the presence of `protocols`; with `last` for the last value of a field."""
    return _Planner(graph, last).plan(dict.fromkeys(names), dict.fromkeys(protocols))


def is_native(graph: Graph, name: str) -> bool:
    """Whether the walker can fill the column of a field."""
    return name == PATH or _slots(graph, name) is not None


class _Planner:
    def __init__(self, graph: Graph, last: bool) -> None:
        self._graph = graph
        self._plan = Plan(graph, last=last)
        self._by_node: dict[type[Header], list[list[int]]] = {}
        self._wanted: set[type[Header]] = set()
        self._held: set[type[Header]] = set()

    def plan(self, names: Iterable[str], protocols: Iterable[str]) -> Plan:
        made = self._plan
        for name in names:
            if name == PATH:
                made.with_paths = True
                continue
            slots = _slots(self._graph, name)
            if slots is None:
                made.singly.append(name)
                self._hold(name)
                continue
            made.parts[name] = list(range(len(made.slots), len(made.slots) + len(slots)))
            for slot in slots:
                for each in slot.fields:
                    self._take(len(made.slots), slot, each)
                made.slots.append(slot)
        for name in protocols:
            made.parts[name] = [len(made.slots)]
            for header in self._graph.headers:
                if header.name == name:
                    self._enter(header, [len(made.slots), layout.PRESENT, 0, 0, 0, 0, 1, 0, 1, 0])
            made.slots.append(Slot(name, (), 1, "bool"))
        made.every_packet = Frame in self._held
        self._share()
        self._tables()
        return made

    def _take(self, column: int, slot: Slot, each: Field) -> None:
        """Enter a field of a slot at every header that has it."""
        source = _source(each)
        kind = layout.NUMBER
        if source is not each:
            kind = layout.REMAINING
        elif not slot.dtype:
            kind = layout.OCTETS
        elif isinstance(source, Flag):
            kind = layout.TRUTH
        elif isinstance(source, Int):
            kind = layout.SIGNED
        elif source is not None and source.little:
            kind = layout.LITTLE
        row = [column, kind, 0, 0, 0, 0, 1, 0, slot.width, 0]
        if source is not None:
            row[layout.E_AT : layout.E_SHIFT] = source.at, source.size
        if source is not None and kind != layout.OCTETS:
            mask = source.mask - (1 << 64) if source.mask >= 1 << 63 else source.mask  # as 64 bits with a sign
            row[layout.E_SHIFT : layout.E_WIDTH] = source.shift, mask, source.unit, source.plus
        for header in _having(self._graph, each):
            self._enter(header, list(row))

    def _enter(self, header: type[Header], row: list[int]) -> None:
        self._by_node.setdefault(header, []).append(row)
        self._wanted.add(header)

    def _hold(self, name: str) -> None:
        """Remember in which headers a field may be that only dissecting finds."""
        for each in self._graph.fields[name]:
            self._held |= _holders(self._graph, each)

    def _share(self) -> None:
        """Tell the entries of a column that headers of several nodes fill."""
        rows = [row for rows in self._by_node.values() for row in rows]
        nodes = Counter(row[layout.E_COLUMN] for row in rows)
        for row in rows:
            row[layout.E_SHARED] = int(nodes[row[layout.E_COLUMN]] > 1)

    def _tables(self) -> None:
        graph, made = self._graph, self._plan
        compiled: Compiled = graph.compiled
        wanted = self._wanted | self._held
        leading = leading_to(graph, wanted)
        made._leading = bytearray(made.with_paths or header in leading for header in compiled.classes)
        guessed = {name: any(each in leading for each in guesses) for name, guesses in compiled.guesses.items()}
        made._firsts.append(0)  # the first node is none
        made._marks.append(0)
        for header in compiled.classes[1:]:
            made._firsts.append(len(made._entries) // layout.ENTRY)
            for row in self._by_node.get(header, ()):
                made._entries.extend(row)
            mark = self._mark(header, leading, guessed)
            made._marks.append(mark | _path_mark(compiled, header) if made.with_paths else mark)
        made._firsts.append(len(made._entries) // layout.ENTRY)

    def _mark(self, header: type[Header], leading: set[type[Header]], guessed: dict[str, bool]) -> int:
        """What a header leaves open that matters.

        `leading` are the headers that lead to what is wanted, `guessed` the protocols in which a guess does.
        """
        guesses = any(guessed.values())
        if (
            header in self._held
            or (header.declaration.picky and (header in leading or guesses))
            or (header.quotation is not Header.quotation and leading)
            or (header.repeats and guesses)
        ):
            return layout.MARKED_FOUND
        return layout.MARKED_LEFT if guessed.get(header.name) else 0


def _path_mark(compiled: Compiled, header: type[Header]) -> int:
    """What a header leaves open of the path that it is in."""
    if header.declaration.picky:
        return layout.PATH_ASKED
    if header.repeats or header.quotation is not Header.quotation:
        return layout.PATH_UNSURE
    return layout.PATH_GUESSED if header.name in compiled.guesses else 0


def _slots(graph: Graph, name: str) -> list[Slot] | None:
    """The slots of a field, None where the walker cannot fill them."""
    fields = graph.fields[name]
    if len({each.type for each in fields}) > 1:
        return None
    if any(isinstance(each, Either) for each in fields):
        if len(fields) > 1 or not isinstance(fields[0], Either):
            return None
        slots = [_slot(graph, name, (each,)) for each in fields[0].fields]
    else:
        slots = [_slot(graph, name, tuple(fields))]
    return None if None in slots else slots  # type: ignore[return-value]


def _slot(graph: Graph, name: str, fields: tuple[Field, ...]) -> Slot | None:
    if not all(_stands_still(graph, each) for each in fields):
        return None
    kind = fields[0].type
    if kind in ADDRESSES:
        return Slot(name, fields, ADDRESSES[kind], "")
    dtype = dtype_of(fields)
    return Slot(name, fields, {"bool": 1}.get(dtype) or int(dtype.lstrip("uint")) // 8, dtype)


def dtype_of(fields: Iterable[Field]) -> str:
    """The numpy type that holds every value of some fields that are numbers or flags."""
    types = {each.type for each in fields}
    if types == {"bool"}:
        return "bool"
    if types != {"uint"}:
        return "int64"
    least = min(each.plus for each in fields)
    most = max(((1 << (each.bits or 64)) - 1) * each.unit + each.plus for each in fields)
    if least < 0:
        return "int64"
    return next((f"uint{bits}" for bits in (8, 16, 32) if most < 1 << bits), "uint64")


def _stands_still(graph: Graph, each: Field) -> bool:
    """Whether a field has one place in all headers that have it, where the walker can read it."""
    owner = each.owner
    if owner is None or owner.is_option or owner.nested or issubclass(owner, (Frame, Data)):
        return False
    source = _source(each)
    if source is None:
        return True
    if source.place != WIRE:
        return False
    if source.type not in ADDRESSES and (not isinstance(source, Uint) or (source.bits or 0) > 64 or source.size > 8):
        return False
    if type(source).read is not Field.read or (source.little and isinstance(source, (Int, Flag))):
        return False
    if isinstance(source, Int) and (source.unit != 1 or source.plus):
        return False
    if isinstance(source, Uint) and type(source).convert not in (Uint.convert, Int.convert, Flag.convert):
        return False
    outer = source
    while outer.parent is not None and outer.when is None:
        outer = outer.parent
    return outer.when is None and all(
        outer in header.declaration.fixed_fields for header in _having(graph, each)
    )


def _source(each: Field) -> Field | None:
    """The field of the wire that a column is read from; None where it only takes the place of the header."""
    rule = getattr(each, "work_out", None)
    return rule.header if isinstance(rule, Remaining) else each


def _having(graph: Graph, each: Field) -> Iterator[type[Header]]:
    """The headers that have a field in the words of its owner: a member of a family may say it in its own."""
    outer = each
    while outer.parent is not None and outer.place == WIRE:
        outer = outer.parent
    for header in graph.headers:
        if each.owner is not None and issubclass(header, each.owner):
            if header.declaration.fields.get(outer.attribute) is outer:
                yield header


def _holders(graph: Graph, each: Field) -> set[type[Header]]:
    """The headers of a walk in which a field may be found by dissecting; Frame and Data stand for every packet."""
    owner = each.owner
    if owner is None or issubclass(owner, (Frame, Data)):
        return {Frame}
    owners = {header for header in graph.headers if issubclass(header, owner)}
    if not (owner.is_option or owner.nested):
        return owners
    found = set(owners)
    while True:
        more = {header for header in graph.headers if header not in found and _may_hold(graph, header, found)}
        if not more:
            return found
        found |= more


def _may_hold(graph: Graph, header: type[Header], inner: set[type[Header]]) -> bool:
    """Whether one of some headers may stand inside another."""
    declared = header.declaration
    if declared.has_body:
        return True
    return any(issubclass(each, area.family) for area in declared.areas for each in inner)


def leading_to(graph: Graph, wanted: set[type[Header]]) -> set[type[Header]]:
    """The headers from which the parse graph, or a look at the octets, may lead to one of those wanted; these too."""
    if not wanted:
        return set()
    compiled = graph.compiled
    leading = set(wanted)
    while True:
        more = set()
        for header in graph.headers:
            if header in leading:
                continue
            rule = header.declaration.next
            ahead: set[type[Header]] = set(compiled.guesses.get(header.name, ()))
            if rule is not None:
                ahead |= set(graph.rows.get(table_of(header, rule), {}).values())
                if rule.default is not None:
                    ahead.add(graph.protocols[rule.default] if isinstance(rule.default, str) else rule.default)
            if not ahead.isdisjoint(leading) or (header.quotation is not Header.quotation):
                more.add(header)
        if not more:
            return leading
        leading |= more
