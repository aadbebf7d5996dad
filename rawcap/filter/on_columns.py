"""A checked tree as a function of columns: for many packets at once, which pass.

Three ways lead to the answer, the first that can is taken. Numbers, times, flags and addresses are compared as whole
arrays. What takes Python's own values, as text does, and numbers that 64 bits may not hold, are tested row by row with
the closures of on_packet.py, on the cells instead of a packet. Of what no column has nothing is known: only dissecting
tells.

So a test has three outcomes, and they are combined as in Kleene's logic (Introduction to Metamathematics, 1952, §64):
what is false whatever the unknown part may be needs no dissecting. Every test gives two masks: the packets that surely
pass, and those that possibly do. Where all is known they are one and the same array.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

import numpy as np
import numpy.typing as npt

from dissectors.fields import Either
from dissectors.fields import Field as Declared
from dissectors.frame import Data, Frame
from dissectors.graph import Graph
from rawcap.filter.check import kind_of
from rawcap.filter.on_packet import MIRRORED, Compiler
from rawcap.filter.syntax import (
    And,
    Arithmetic,
    Between,
    Call,
    Comparison,
    Constant,
    Exists,
    Field,
    Kind,
    Membership,
    Negative,
    Network,
    Node,
    Not,
    Or,
    Protocol,
    Quantifier,
    Range,
    Sliced,
    Test,
    Value,
    Xor,
    walk,
)

if TYPE_CHECKING:
    from rawcap.columns.cells import Cells

Mask = npt.NDArray[np.bool_]
"""True or False for each packet."""

_Mask = Mask | np.bool_  # one for all packets, where it is the same


class Batch(Interface):
    """Some packets as columns. No packet in it has more than one value of a field that is asked for."""

    @property
    def count(self) -> int:
        """How many packets there are."""

    def cells(self, name: str, /) -> Cells:
        """The values of a field, one of `ColumnFilter.names`."""

    def present(self, protocol: str, /) -> Mask:
        """Which packets have a protocol, one of `ColumnFilter.protocols`."""


class ColumnFilter:
    """A display filter over batches of packets.

    `tree` is what `check` made of the filter, with the same graph; `has_column` tells of a field's name whether a batch
    has cells of it. `names` are the fields whose cells are needed (of a name that stands for several fields of a
    header, as tcp.port does, these), `protocols` those whose presence is. `complete` tells whether the columns alone
    decide; otherwise some packets are left to dissecting.
    """

    def __init__(self, tree: Test, graph: Graph, has_column: Callable[[str], bool]) -> None:
        compiler = _Compiler(graph, has_column)
        self._judge = compiler.test(tree, narrowed=False).judge
        self.names = tuple(compiler.names)
        self.protocols = tuple(compiler.protocols)
        self.complete = compiler.complete

    def candidates(self, batch: Batch) -> tuple[Mask, Mask]:
        """Which packets pass, and of which only dissecting tells; none is in both. The arrays are the caller's own."""
        if not batch.count:
            return np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        surely, possibly = self._judge(batch, None)
        passes = np.array(np.broadcast_to(surely, batch.count))
        if possibly is surely:
            return passes, np.zeros(batch.count, np.bool_)
        return passes, np.broadcast_to(possibly, batch.count) & ~passes


@dataclass(slots=True)
class _Column:
    """At most one value for each packet of a batch.

    `values`: an array of numbers, or of octets with a row for each packet; a number, or a single row, where it is the
    same in all packets. `valid`: which packets have one.
    """

    values: Any
    valid: _Mask


@dataclass(slots=True)
class _Judged:
    """A test as a function; `slow` where it goes row by row."""

    judge: Judge
    slow: bool = False


class _NoArrays(Exception):
    """Arrays cannot hold this, or not in this batch: it is to be tested row by row."""


Verdict = tuple[_Mask, _Mask]
Judge = Callable[[Batch, _Mask | None], Verdict]  # the mask: the packets whose verdict is asked for; None for all
Masked = Callable[[Batch], _Mask]
Columns = Callable[[Batch], list[_Column]]
Compare = Callable[[_Column, _Column], _Mask]

_MOST_PAIRS = 64  # of columns that meet each other; what has more is for rows, whose number is bounded as well
_FEW = 32  # constants of a set that are compared one after another, which is faster than searching
_INT64 = np.iinfo(np.int64)


class _Compiler:
    """Makes functions of nodes, and remembers what they need of a batch."""

    def __init__(self, graph: Graph, has_column: Callable[[str], bool]) -> None:
        self.graph = graph
        self.has_column = has_column
        self.names: dict[str, None] = {}
        self.protocols: dict[str, None] = {}
        self.complete = True

    # -- tests ------------------------------------------------------------------------------------------------

    def test(self, node: Test, *, narrowed: bool) -> _Judged:
        """The test as a function; `narrowed` where other tests of columns leave it few packets."""
        match node:
            case And(tests):
                told = [self.told(each) for each in tests]
                telling = sum(told)
                few = [narrowed or telling > each for each in told]
                return _both([self.test(each, narrowed=less) for each, less in zip(tests, few, strict=True)])
            case Or(tests):
                return _either([self.test(each, narrowed=narrowed) for each in tests])
            case Xor(tests):
                return _odd([self.test(each, narrowed=narrowed) for each in tests])
            case Not(of):
                return _negated(self.test(of, narrowed=narrowed))
            case Exists(Protocol(Frame.name, ())):
                return _Judged(lambda batch, asked: (np.True_, np.True_))
            case Exists(Protocol(name, ())) if self.is_walked(name) and not (narrowed and self.is_by_content(name)):
                return _Judged(_known(self.present(name)))
        if not self.readable(node):
            return self.unknown(node)
        rows = self.rows(node)
        try:
            return _Judged(_arrays_or_rows(self.arrays(node), rows))
        except _NoArrays:
            return _Judged(rows, slow=True)

    def told(self, node: Test) -> bool:
        """Whether columns tell of every packet if it passes."""
        match node:
            case And(tests) | Or(tests) | Xor(tests):
                return all(self.told(each) for each in tests)
            case Not(of):
                return self.told(of)
            case Exists(Protocol(name, ())):
                return name == Frame.name or (self.is_walked(name) and not self.is_by_content(name))
        return self.readable(node)

    def readable(self, node: Test) -> bool:
        """Whether all that a single test asks for is in columns."""
        for _, each in walk(node):
            match each:
                case Protocol():
                    return False
                case Field(name, _, layers) if layers or not self.parts(name):
                    return False
        return True

    def unknown(self, node: Test) -> _Judged:
        """What only dissecting tells, and of those packets alone that have what the test is about."""
        self.complete = False
        needed = self.needed(node)

        def judge(batch: Batch, asked: _Mask | None) -> Verdict:
            possibly = np.ones(batch.count, np.bool_)
            for there in needed:
                possibly &= there(batch)
            return np.zeros(batch.count, np.bool_), possibly

        return _Judged(judge)

    def needed(self, node: Node) -> list[Masked]:
        """What must be there for a single test to be true, as far as columns tell."""
        match node:
            case Comparison(_, left, right) | Arithmetic(_, left, right):
                return [*self.needed(left), *self.needed(right)]
            case Exists(of) | Membership(of, _) | Sliced(of, _) | Negative(of) | Call(_, (of,)):
                return self.needed(of)
            case Protocol(name) if self.is_walked(name) and not self.is_by_content(name):
                return [self.present(name)]
            case Field(name):
                if self.parts(name):
                    return [self.there(name)]
                owners = tuple(each.owner for each in self.graph.fields[name] if each.owner is not None)
                having = dict.fromkeys(header.name for header in self.graph.headers if issubclass(header, owners))
                if all(self.is_walked(each) and not self.is_by_content(each) for each in having):
                    present = [self.present(each) for each in having]
                    return [lambda batch: _any(there(batch) for there in present)]
        return []

    def rows(self, node: Test) -> Judge:
        """The test row by row, as on_packet.py says it."""
        fields = dict.fromkeys(each.name for _, each in walk(node) if isinstance(each, Field))
        places = {name: self.asked(name) for name in fields}
        names = list(dict.fromkeys(part for parts in places.values() for part in parts))
        test = _ByRow(self.graph, {name: [names.index(part) for part in parts] for name, parts in places.items()}).row(
            node
        )

        def judge(batch: Batch, asked: _Mask | None) -> Verdict:
            passes = np.zeros(batch.count, np.bool_)
            rows = np.arange(batch.count) if asked is None else np.flatnonzero(np.broadcast_to(asked, batch.count))
            passes[rows] = [test(row) for row in zip(*(_lists(batch.cells(name), rows) for name in names), strict=True)]
            return passes, passes

        return judge

    # -- single tests, by arrays ------------------------------------------------------------------------------

    def arrays(self, node: Test) -> Masked:
        """The test of whole arrays.  Raises _NoArrays, as does what is returned."""
        match node:
            case Exists(Field(name)):
                return self.there(name)
            case Exists(of):
                return self.exists(of)
            case Comparison():
                return self.comparison(node)
            case Membership():
                return self.membership(node)
        raise AssertionError(node)

    def exists(self, of: Value) -> Masked:
        columns = self.values(of)
        if not isinstance(of, (Arithmetic, Negative)):
            return lambda batch: _any(column.valid for column in columns(batch))
        if kind_of(of).is_octets:
            return lambda batch: _any(column.valid & column.values.any(axis=1) for column in columns(batch))
        return lambda batch: _any(column.valid & np.not_equal(column.values, 0) for column in columns(batch))

    def comparison(self, node: Comparison) -> Masked:
        match node.left, node.right:
            case _, Network():
                return self.within(node.left, node.operator, node.right, node.quantifier)
            case Network(), _:
                return self.within(node.right, MIRRORED[node.operator], node.left, node.quantifier)
        if node.operator == "matches":
            raise _NoArrays
        compare = _contains if node.operator == "contains" else _comparing(node.operator, kind_of(node.left))
        left, right = self.values(node.left), self.values(node.right)
        return lambda batch: _quantified(
            [(a.valid & b.valid, compare(a, b)) for a, b in _pairs(left(batch), right(batch))], node.quantifier
        )

    def within(self, of: Value, sign: str, network: Network, quantifier: Quantifier) -> Masked:
        columns, compare = self.values(of), _leading(sign, network)
        return lambda batch: _quantified([(each.valid, compare(each)) for each in columns(batch)], quantifier)

    def membership(self, node: Membership) -> Masked:
        columns, kind = self.values(node.left), kind_of(node.left)
        constants = [each.value for each in node.elements if isinstance(each, Constant)]
        elements = [self.element(each, kind) for each in node.elements if not isinstance(each, Constant)]
        if len(constants) > _FEW and not kind.is_octets:
            elements.append(lambda batch: lambda value: _among(value.values, constants))
        else:
            equal, single = _comparing("==", kind), [_constant(each) for each in constants]
            elements.append(lambda batch: lambda value: _any(equal(value, one) for one in single))

        def member(batch: Batch) -> _Mask:
            accepted = [accepts(batch) for accepts in elements]
            found = [(each.valid, _any(accept(each) for accept in accepted)) for each in columns(batch)]
            return _quantified(found, node.quantifier)

        return member

    def element(self, node: Value, kind: Kind) -> Callable[[Batch], Callable[[_Column], _Mask]]:
        """A part of a set: for a batch, which values of a column of this kind belong to it."""
        if isinstance(node, Between):
            lows, highs = self.values(node.low), self.values(node.high)
            at_least, at_most = _comparing(">=", kind), _comparing("<=", kind)

            def between(batch: Batch) -> Callable[[_Column], _Mask]:
                low, high = lows(batch), highs(batch)
                return lambda value: (
                    _any(each.valid & at_least(value, each) for each in low)
                    & _any(each.valid & at_most(value, each) for each in high)
                )

            return between
        if isinstance(node, Network):
            within = _leading("==", node)
            return lambda batch: within
        values, equal = self.values(node), _comparing("==", kind)

        def same(batch: Batch) -> Callable[[_Column], _Mask]:
            found = values(batch)
            return lambda value: _any(each.valid & equal(value, each) for each in found)

        return same

    # -- values, by arrays ------------------------------------------------------------------------------------

    def values(self, node: Value) -> Columns:
        """What gives the columns of a value.  Raises _NoArrays, as does what is returned."""
        if kind_of(node) is Kind.TEXT:
            raise _NoArrays
        if not any(isinstance(each, Field) for _, each in walk(node)):
            always = [_constant(each) for each in _ByRow(self.graph, {}).fixed(node)]
            return lambda batch: always
        match node:
            case Field(name, kind):
                if kind is Kind.OCTETS:
                    raise _NoArrays
                parts = self.asked(name)
                return lambda batch: [_column(batch.cells(part), kind) for part in parts]
            case Sliced(of, ranges):
                whole = self.values(of)
                return lambda batch: [cut for each in whole(batch) if (cut := _sliced(each, ranges)) is not None]
            case Call():
                return self.call(node)
            case Negative(of):
                positive, zero = self.values(of), _constant(0)
                return lambda batch: [_calculated("-", zero, each) for each in positive(batch)]
            case Arithmetic(sign, left, right):
                first, second = self.values(left), self.values(right)
                if kind_of(left).is_octets:
                    return lambda batch: [_common(a, b) for a, b in _pairs(first(batch), second(batch))]
                return lambda batch: [_calculated(sign, a, b) for a, b in _pairs(first(batch), second(batch))]
        raise AssertionError(node)

    def call(self, node: Call) -> Columns:
        if node.function == "count":
            names = [part for each in node.arguments if isinstance(each, Field) for part in self.asked(each.name)]
            return lambda batch: [_counted([batch.cells(name).valid for name in names])]
        arguments = [self.values(each) for each in node.arguments]
        first = arguments[0]
        match node.function:
            case "len":
                return lambda batch: [_Column(each.values.shape[1], each.valid) for each in first(batch)]
            case "abs":
                return lambda batch: [_absolute(each) for each in first(batch)]
            case "min" | "max" as name if not kind_of(node).is_octets:
                choose = np.minimum if name == "min" else np.maximum
                return lambda batch: [_chosen(choose, [each for columns in arguments for each in columns(batch)])]
        raise _NoArrays

    # -- what a batch must have -------------------------------------------------------------------------------

    def parts(self, name: str) -> tuple[str, ...]:
        """The columns that hold the values of a field between them, empty where none do.

        A field that stands for others has no column of its own: in each of theirs a packet has one value.
        """
        declared = list(_each_part(self.graph.fields[name]))
        names = tuple(dict.fromkeys(each.name for each in declared))
        named = [each for part in names for each in self.graph.fields[part]]
        if len(declared) != len(named) or not all(any(each is one for one in declared) for each in named):
            return ()  # these names stand for more than this one does
        if any(each.type in ("options", "repeat") for each in declared):
            return ()  # octets here, headers or rows in the packet view
        return names if all(self.has_column(part) for part in names) else ()

    def asked(self, name: str) -> tuple[str, ...]:
        parts = self.parts(name)
        self.names.update(dict.fromkeys(parts))
        return parts

    def there(self, name: str) -> Masked:
        """Which packets have a field."""
        parts = self.asked(name)
        return lambda batch: _any(batch.cells(part).valid for part in parts)

    def present(self, name: str) -> Masked:
        """Which packets have a protocol."""
        self.protocols[name] = None
        return lambda batch: batch.present(name)

    def is_walked(self, name: str) -> bool:
        """Whether the walker meets the headers of this name; it knows neither options nor what is left over.

        Not of a name that is a field's as well, as a batch has one answer for it.
        """
        headers = [header for header in self.graph.headers if header.name == name]
        outside = any(each.is_option or each.nested or issubclass(each, (Frame, Data)) for each in headers)
        return bool(headers) and not outside and name not in self.graph.fields

    def is_by_content(self, name: str) -> bool:
        """Whether it takes a look at the octets to know that a protocol is there.

        A batch tells so too, but by dissecting every packet that may have it. Where few are left, these are fewer.
        """
        return any(each.declaration.picky or each.guessed_in for each in self.graph.headers if each.name == name)


class _ByRow(Compiler):
    """Makes closures of a row of cells instead of a packet: for each column, the list of its one value or none.

    `places` are the columns of each field.
    """

    def __init__(self, graph: Graph, places: dict[str, list[int]]) -> None:
        super().__init__(graph)
        self.places = places

    def row(self, node: Test) -> Callable[[Any], bool]:
        return self.test(node)

    def fixed(self, node: Value) -> list[Any]:
        """The values of what is made of constants alone."""
        values: Callable[[Any], list[Any]] = self.values(node)
        return values(())

    def field(self, declared: list[Declared], layers: tuple[Range, ...]) -> Callable[[Any], list[Any]]:
        places = self.places[declared[0].name]
        if len(places) == 1:
            return operator.itemgetter(places[0])
        return lambda row: [value for place in places for value in row[place]]


def _each_part(declared: Iterable[Declared]) -> Iterator[Declared]:
    for each in declared:
        if isinstance(each, Either):
            yield from _each_part(each.fields)
        else:
            yield each


def _lists(cells: Cells, rows: npt.NDArray[np.int64]) -> list[list[Any]]:
    """What the chosen packets have of a column, as lists of one value or none."""
    chosen = cells.values[rows]
    values = [each.tobytes() for each in chosen] if chosen.ndim == 2 else chosen.tolist()
    return [[value] if there else [] for value, there in zip(values, cells.valid[rows].tolist(), strict=True)]


# -- combining verdicts ---------------------------------------------------------------------------------------


def _known(masked: Masked) -> Judge:
    def judge(batch: Batch, asked: _Mask | None) -> Verdict:
        passes = masked(batch)
        return passes, passes

    return judge


def _arrays_or_rows(masked: Masked, rows: Judge) -> Judge:
    def judge(batch: Batch, asked: _Mask | None) -> Verdict:
        try:
            passes = masked(batch)
        except _NoArrays:
            return rows(batch, asked)
        return passes, passes

    return judge


def _both(tests: list[_Judged]) -> _Judged:
    ordered = sorted(tests, key=lambda each: each.slow)

    def judge(batch: Batch, asked: _Mask | None) -> Verdict:
        surely: Any = np.True_
        possibly: Any = surely
        for test in ordered:
            left = asked
            if test.slow:
                left = possibly if asked is None else asked & possibly
            sure, possible = test.judge(batch, left)
            known = surely is possibly and sure is possible
            surely = surely & sure
            possibly = surely if known else possibly & possible
        return surely, possibly

    return _Judged(judge, any(each.slow for each in tests))


def _either(tests: list[_Judged]) -> _Judged:
    ordered = sorted(tests, key=lambda each: each.slow)

    def judge(batch: Batch, asked: _Mask | None) -> Verdict:
        surely: Any = np.False_
        possibly: Any = surely
        for test in ordered:
            left = asked
            if test.slow:
                left = ~surely if asked is None else asked & ~surely
            sure, possible = test.judge(batch, left)
            known = surely is possibly and sure is possible
            surely = surely | sure
            possibly = surely if known else possibly | possible
        return surely, possibly

    return _Judged(judge, any(each.slow for each in tests))


def _odd(tests: list[_Judged]) -> _Judged:
    def judge(batch: Batch, asked: _Mask | None) -> Verdict:
        odd: Any = np.False_
        unknown: Any = np.False_
        for test in tests:
            sure, possible = test.judge(batch, asked)
            odd = odd ^ sure
            if sure is not possible:
                unknown = unknown | (sure ^ possible)
        return (odd, odd) if unknown is np.False_ else (odd & ~unknown, odd | unknown)

    return _Judged(judge, any(each.slow for each in tests))


def _negated(test: _Judged) -> _Judged:
    def judge(batch: Batch, asked: _Mask | None) -> Verdict:
        surely, possibly = test.judge(batch, asked)
        fails = ~possibly
        return (fails, fails) if surely is possibly else (fails, ~surely)

    return _Judged(judge, test.slow)


def _any(masks: Iterable[_Mask]) -> _Mask:
    found: Any = None
    for mask in masks:
        found = mask if found is None else found | mask
    return np.False_ if found is None else found


def _quantified(found: list[tuple[_Mask, _Mask]], quantifier: Quantifier) -> _Mask:
    """Of columns, each with where it has a value and where this is as wanted: whether any is, or all are."""
    if quantifier == "any" or len(found) == 1:
        return _any(there & wanted for there, wanted in found)
    passes = _any(there for there, _ in found)
    for there, wanted in found:
        passes = passes & (wanted | ~there)
    return passes


def _pairs(left: list[_Column], right: list[_Column]) -> Iterable[tuple[_Column, _Column]]:
    if len(left) * len(right) > _MOST_PAIRS:
        raise _NoArrays
    return product(left, right)


# -- columns --------------------------------------------------------------------------------------------------


def _column(cells: Cells, kind: Kind) -> _Column:
    values = cells.values
    if values.ndim != (2 if kind.is_octets else 1) or values.dtype == object:
        raise _NoArrays
    return _Column(values.view(np.uint8) if values.dtype == np.bool_ else values, cells.valid)


def _constant(value: int | bytes) -> _Column:
    if isinstance(value, bytes):
        return _Column(np.frombuffer(value, np.uint8).reshape(1, len(value)), np.True_)
    return _Column(int(value), np.True_)


def _sliced(column: _Column, ranges: tuple[Range, ...]) -> _Column | None:
    octets = column.values
    cuts = [cut for each in ranges if (cut := each.cut(octets.shape[1])) is not None]
    if len(cuts) < len(ranges):
        return None
    parts = [octets[:, cut] for cut in cuts]
    return _Column(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1), column.valid)


def _counted(there: list[_Mask]) -> _Column:
    numbers = np.sum(there, axis=0)
    return _Column(numbers, numbers > 0)


# -- numbers --------------------------------------------------------------------------------------------------


def _range(values: Any) -> tuple[int, int]:
    """Between which numbers all of an array are.  Raises _NoArrays where not all of them are signed, of 64 bits."""
    if isinstance(values, int):
        low, high = values, values
    elif values.dtype.itemsize < 8:
        low, high = int(np.iinfo(values.dtype).min), int(np.iinfo(values.dtype).max)
    else:
        low, high = int(values.min()), int(values.max())
    return _fitting(low, high)


def _fitting(low: int, high: int) -> tuple[int, int]:
    if low < _INT64.min or high > _INT64.max:
        raise _NoArrays
    return low, high


def _signed(column: _Column) -> Any:
    """The numbers of a column with a sign, in 64 bits.  Raises _NoArrays where these do not hold them."""
    _range(column.values)
    return np.asarray(column.values, np.int64)


def _calculated(sign: str, a: _Column, b: _Column) -> _Column:
    """A column of numbers and another, put together.  Raises _NoArrays where the result may be beyond 64 bits."""
    (least, most), (low, high) = _range(a.values), _range(b.values)
    x, y = _signed(a), _signed(b)
    valid = a.valid & b.valid
    match sign:
        case "+":
            _fitting(least + low, most + high)
            return _Column(x + y, valid)
        case "-":
            _fitting(least - high, most - low)
            return _Column(x - y, valid)
        case "*":
            corners = [one * other for one in (least, most) for other in (low, high)]
            _fitting(min(corners), max(corners))
            return _Column(x * y, valid)
        case "&":
            return _Column(x & y, valid)
    _fitting(-most, -least)  # what is divided by -1
    divides = np.not_equal(y, 0)
    y = np.where(divides, y, 1)
    remainder = np.fmod(x, y)
    return _Column(remainder if sign == "%" else (x - remainder) // y, valid & divides)


def _absolute(column: _Column) -> _Column:
    low, high = _range(column.values)
    _fitting(-high, -low)
    return column if low >= 0 else _Column(np.abs(_signed(column)), column.valid)


def _chosen(choose: Callable[[Any, Any], Any], columns: list[_Column]) -> _Column:
    """The least or the greatest of what each packet has."""
    found = columns[0]
    for column in columns[1:]:
        x, y = _signed(found), _signed(column)
        both = found.valid & column.valid
        found = _Column(np.where(both, choose(x, y), np.where(found.valid, x, y)), found.valid | column.valid)
    return found


def _among(values: Any, constants: list[int]) -> _Mask:
    if isinstance(values, int):
        return np.bool_(values in constants)
    limits = np.iinfo(values.dtype)
    return np.isin(values, np.array([each for each in constants if limits.min <= each <= limits.max], values.dtype))


# -- comparing ------------------------------------------------------------------------------------------------

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparing(sign: str, kind: Kind) -> Compare:
    if kind.is_octets:
        return lambda a, b: _compared(sign, a.values, b.values)
    compare = _COMPARE[sign]
    return lambda a, b: np.asarray(compare(a.values, b.values), np.bool_)


def _compared(sign: str, a: Any, b: Any, bits: bytes = b"") -> _Mask:
    """Rows of octets beside each other, as bytes are compared; with `bits`, only those that are set in them count."""
    match sign:
        case "==":
            return _equal(a, b, bits)
        case "!=":
            return ~_equal(a, b, bits)
        case "<":
            return _less(a, b, bits)
        case ">":
            return _less(b, a, bits)
        case "<=":
            return ~_less(b, a, bits)
    return ~_less(a, b, bits)


def _equal(a: Any, b: Any, bits: bytes) -> _Mask:
    if a.shape[1] != b.shape[1]:
        return np.False_
    equal: _Mask = np.True_
    for x, y in _limbs(a, b, bits):
        equal = equal & (x == y)
    return equal


def _less(a: Any, b: Any, bits: bytes) -> _Mask:
    # Where one is as the other begins, the shorter is less.
    less: _Mask = np.bool_(a.shape[1] < b.shape[1])
    if a.shape[1] != b.shape[1]:
        width = max(a.shape[1], b.shape[1])
        a, b = _filled(a, width), _filled(b, width)
    for x, y in reversed(list(_limbs(a, b, bits))):
        less = (x < y) | ((x == y) & less)
    return less


def _filled(octets: Any, width: int) -> Any:
    filled = np.zeros((len(octets), width), np.uint8)
    filled[:, : octets.shape[1]] = octets
    return filled


def _limbs(a: Any, b: Any, bits: bytes) -> Iterator[tuple[Any, Any]]:
    """Rows of octets, as many in both, as columns of numbers, the most significant first."""
    size = _unit(a.shape[1])
    masks = np.frombuffer(bits, f">u{size}").tolist() if bits else [None] * (a.shape[1] // size)
    x, y = (np.ascontiguousarray(each).view(f">u{size}").astype(f"u{size}") for each in (a, b))
    for place, mask in enumerate(masks):
        if mask is None:
            yield x[:, place], y[:, place]
        elif mask:
            yield x[:, place] & mask, y[:, place] & mask


def _unit(width: int) -> int:
    """The largest number of octets, of those that numbers have, which goes into a width."""
    return next(size for size in (8, 4, 2, 1) if width % size == 0)


def _leading(sign: str, network: Network) -> Callable[[_Column], _Mask]:
    """Compares the bits that count in a network, and those alone."""
    width = len(network.octets)
    bits = ((1 << width * 8) - (1 << network.ignored)).to_bytes(width, "big")
    base = _constant(network.octets).values

    def compare(column: _Column) -> _Mask:
        if column.values.shape[1] != width:
            raise _NoArrays
        return _compared(sign, column.values, base, bits)

    return compare


def _common(a: _Column, b: _Column) -> _Column:
    """The bits that are set in both, as far as the shorter one goes."""
    width = min(a.values.shape[1], b.values.shape[1])
    unit = f"u{_unit(width)}"
    x, y = (np.ascontiguousarray(each.values[:, :width]).view(unit) for each in (a, b))
    return _Column((x & y).view(np.uint8), a.valid & b.valid)


def _contains(a: _Column, b: _Column) -> _Mask:
    octets, wanted = a.values, b.values
    found: _Mask = np.False_
    for start in range(octets.shape[1] - wanted.shape[1] + 1):
        here: _Mask = np.True_
        for place in range(wanted.shape[1]):
            here = here & (octets[:, start + place] == wanted[:, place])
        found = found | here
    return found
