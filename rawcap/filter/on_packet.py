"""A checked tree as a function of a packet.

Every node becomes a closure: a test gives True or False, a value the list of what the packet has of it, in order.
What does not change from packet to packet (which headers own a field, where it stands in them, constants, regular
expressions) is found once, here.

Work per packet is bounded: a comparison of two lists is linear, what takes each value of one with each of the other
stops at MOST_PAIRS.
"""

from __future__ import annotations

import operator
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, product
from typing import Any

from dissectors.fields import WIRE, Either, Options, Repeat
from dissectors.fields import Field as Declared
from dissectors.frame import Frame
from dissectors.graph import Graph
from dissectors.header import Header
from dissectors.packet import Packet
from rawcap.filter.check import compile_pattern, kind_of
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
    Not,
    Or,
    Protocol,
    Quantifier,
    Range,
    Sliced,
    Test,
    Value,
    Xor,
)

Predicate = Callable[[Packet], bool]
Values = Callable[[Packet], list[Any]]
Scan = Callable[[Packet], Iterable[Header]]
Read = Callable[[Header], Iterable[Any]]

MOST_PAIRS = 1 << 16
"""How many pairs of values are looked at where each of a list meets each of another; no honest packet has so many."""


def predicate(tree: Test, graph: Graph) -> Predicate:
    """The test as a function of a packet; `tree` is what `check` made of it, with the same graph."""
    return Compiler(graph).test(tree)


class Compiler:
    """Makes closures of nodes.

    What is no Packet can be tested as well, by a subclass that has a `field` of its own.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    # -- tests ------------------------------------------------------------------------------------------------

    def test(self, node: Test) -> Predicate:
        match node:
            case And(tests):
                return _both([self.test(each) for each in tests])
            case Or(tests):
                return _either([self.test(each) for each in tests])
            case Xor(tests):
                inner = [self.test(each) for each in tests]
                return lambda packet: sum(test(packet) for test in inner) % 2 == 1
            case Not(of):
                negated = self.test(of)
                return lambda packet: not negated(packet)
            case Exists(of):
                return self.exists(of)
            case Comparison():
                return self.comparison(node)
            case Membership():
                return self.membership(node)
        raise AssertionError(node)

    def exists(self, of: Value) -> Predicate:
        if isinstance(of, Protocol) and not of.layers:
            return self.present(of.name)
        values = self.values(of)
        if isinstance(of, (Arithmetic, Negative)):
            if kind_of(of).is_octets:
                return lambda packet: any(any(value) for value in values(packet))
            return lambda packet: any(values(packet))
        return lambda packet: bool(values(packet))

    def present(self, name: str) -> Predicate:
        if name == Frame.name:
            return lambda packet: True
        scan = self.scan(self.headers(name))
        return lambda packet: any(layer.name == name for layer in scan(packet))

    def comparison(self, node: Comparison) -> Predicate:
        match node.left, node.right:
            case _, Network():
                return self.within(node.left, node.operator, node.right, node.quantifier)
            case Network(), _:
                return self.within(node.right, MIRRORED[node.operator], node.left, node.quantifier)
        left = self.values(node.left)
        if node.operator == "contains":
            pairs = _pairs(left, self.values(node.right))
            return _quantified(pairs, lambda pair: pair[1] in pair[0], node.quantifier)
        if node.operator == "matches" and isinstance(node.right, Constant):
            search = compile_pattern(node.right.value, octets=kind_of(node.left).is_octets).search
            return _quantified(left, lambda value: search(value) is not None, node.quantifier)
        return _compared(left, _COMPARE[node.operator, node.quantifier], self.values(node.right))

    def within(self, of: Value, comparison: str, network: Network, quantifier: Quantifier) -> Predicate:
        """Compare the bits that count in the network, and those alone."""
        values = self.values(of)
        ignored = network.ignored
        bits = [int.from_bytes(network.octets, "big") >> ignored]

        def leading(packet: Packet) -> list[int]:
            return [int.from_bytes(value, "big") >> ignored for value in values(packet)]

        return _compared(leading, _COMPARE[comparison, quantifier], lambda packet: bits)

    def membership(self, node: Membership) -> Predicate:
        values = self.values(node.left)
        constants = frozenset(each.value for each in node.elements if isinstance(each, Constant))
        others = [self.element(each) for each in node.elements if not isinstance(each, Constant)]
        everyone = node.quantifier == "all"
        if not others:
            if everyone:
                return lambda packet: bool(found := values(packet)) and constants.issuperset(found)
            return lambda packet: not constants.isdisjoint(values(packet))

        def member(packet: Packet) -> bool:
            found = values(packet)
            accepted = [accepts(packet) for accepts in others] if found else []
            belongs = (value in constants or any(accept(value) for accept in accepted) for value in found)
            return bool(found) and all(belongs) if everyone else any(belongs)

        return member

    def element(self, node: Value) -> Callable[[Packet], Callable[[Any], bool]]:
        """A part of a set: for a packet, which values belong to it."""
        if isinstance(node, Between):
            lows, highs = self.values(node.low), self.values(node.high)

            def between(packet: Packet) -> Callable[[Any], bool]:
                low, high = lows(packet), highs(packet)
                if not low or not high:
                    return lambda value: False
                least, most = min(low), max(high)
                return lambda value: least <= value <= most

            return between
        if isinstance(node, Network):
            ignored = node.ignored
            bits = int.from_bytes(node.octets, "big") >> ignored
            return lambda packet: lambda value: int.from_bytes(value, "big") >> ignored == bits
        values = self.values(node)
        return lambda packet: set(values(packet)).__contains__

    # -- values -----------------------------------------------------------------------------------------------

    def values(self, node: Value) -> Values:
        match node:
            case Constant(value):
                constant = [value]
                return lambda packet: constant
            case Field(name, _, layers):
                return self.field(self.graph.fields[name], layers)
            case Protocol(name, layers, whole):
                return self.protocol(name, layers, whole)
            case Sliced(of, ranges):
                return _sliced(self.values(of), ranges, "" if kind_of(of) is Kind.TEXT else b"")
            case Call():
                return self.call(node)
            case Negative(of):
                return _mapped(self.values(of), operator.neg)
            case Arithmetic(sign, left, right):
                combine = _mask if kind_of(left).is_octets else _ARITHMETIC[sign]
                pairs = _pairs(self.values(left), self.values(right))
                return lambda packet: [
                    value for left, right in pairs(packet) if (value := combine(left, right)) is not None
                ]
        raise AssertionError(node)

    def call(self, node: Call) -> Values:
        values = [self.values(each) for each in node.arguments]
        first = values[0]
        match node.function:
            case "count":
                return lambda packet: [len(found)] if (found := first(packet)) else []
            case "min" | "max" as name:
                choose: Callable[[list[Any]], Any] = min if name == "min" else max
                return lambda packet: [choose(found)] if (found := [v for each in values for v in each(packet)]) else []
            case "string":
                return _mapped(first, _TEXT[kind_of(node.arguments[0])])
        return _mapped(first, _FUNCTIONS[node.function])

    def protocol(self, name: str, layers: tuple[Range, ...], whole: bool) -> Values:
        scan = self.scan(self.headers(name), layers)

        def octets(packet: Packet) -> list[bytes]:
            found = []
            for layer in scan(packet):
                if layer.name == name:
                    last = layer.extensions[-1] if layer.extensions else layer
                    found.append(layer.octets[layer.start : layer.end if whole else last.stop])
            return found

        return octets

    def field(self, declared: list[Declared], layers: tuple[Range, ...]) -> Values:
        """What gives the values of a field, whose declarations all bear its name: addresses as octets."""
        owners = [each.owner for each in declared if each.owner is not None]
        readers = _ByClass([(each.owner, _reader(each)) for each in declared if each.owner is not None])
        scan = self.scan(owners, layers)

        def values(packet: Packet) -> list[Any]:
            found: list[Any] = []
            for layer in scan(packet):
                read = readers[type(layer)]
                if read is not None:
                    found += read(layer)
            return found

        return values

    # -- where to look ----------------------------------------------------------------------------------------

    def headers(self, name: str) -> list[type[Header]]:
        return [header for header in self.graph.headers if header.name == name]

    def scan(self, owners: list[type[Header]], layers: tuple[Range, ...] = ()) -> Scan:
        """The headers of a packet among which those of `owners` are, and as few others as can be had cheaply."""
        if layers:
            return _in_layers(layers)
        if all(issubclass(owner, Frame) for owner in owners):
            return lambda packet: (packet.frame,)
        found = [header for header in self.graph.headers if issubclass(header, tuple(owners))]
        if any(header.is_option or issubclass(header, Frame) for header in found):
            return Packet.everything
        if any(header.part_of for header in found):
            return _with_extensions
        return operator.attrgetter("layers")


def _with_extensions(packet: Packet) -> Iterator[Header]:
    for layer in packet.layers:
        yield layer
        yield from layer.extensions


def _in_layers(ranges: tuple[Range, ...]) -> Scan:
    """The headers that are in the given layers of their protocol, with their options and what continues them."""

    def scan(packet: Packet) -> Iterator[Header]:
        layers = packet.layers
        totals = Counter(layer.name for layer in layers)
        numbers: Counter[str] = Counter()
        wanted = any(each.holds(1, 1) for each in ranges)  # of the frame, which comes before all layers
        upcoming = 0
        for header in packet.everything():
            if upcoming < len(layers) and header is layers[upcoming]:
                upcoming += 1
                numbers[header.name] += 1
                wanted = any(each.holds(numbers[header.name], totals[header.name]) for each in ranges)
            if wanted:
                yield header

    return scan


class _ByClass(dict[type[Header], Read | None]):
    """For the class of a header, what reads all the fields that it has; found when a class is first met."""

    def __init__(self, readers: list[tuple[type[Header], Read]]) -> None:
        super().__init__()
        self.readers = readers

    def __missing__(self, header: type[Header]) -> Read | None:
        reads = [read for owner, read in self.readers if issubclass(header, owner)]
        self[header] = found = _one_after_another(reads) if reads else None
        return found


# -- reading fields -------------------------------------------------------------------------------------------


def _one_after_another(reads: list[Read]) -> Read:
    if len(reads) == 1:
        return reads[0]
    if len(reads) == 2:
        first, second = reads
        return lambda layer: [*first(layer), *second(layer)]
    return lambda layer: [value for read in reads for value in read(layer)]


def _reader(field: Declared) -> Read:
    """What gives the values of a field in a header that may have it: addresses and areas as octets."""
    if isinstance(field, Either):
        return _one_after_another([_reader(each) for each in field.fields])
    if isinstance(field, Options):
        return lambda layer: _area(layer, getattr(layer, field.attribute))
    if isinstance(field, Repeat):
        return lambda layer: [] if (at := layer.position(field)) is None else [layer.octets[slice(*at)]]
    if field.type in _PACKED:
        if _stands_still(field):
            return _packed_reader(field.at, field.size)
        pack = _PACKED[field.type]
        return lambda layer: [value if isinstance(value, bytes) else pack(value) for value in layer.values(field)]
    if _stands_still(field):
        read = field.reader().__get__
        return lambda layer: () if (value := read(layer, type(layer))) is None else (value,)
    return lambda layer: layer.values(field)


def _stands_still(field: Declared) -> bool:
    """Whether the field is in the fixed part of its header, so that its own reader finds it."""
    if field.place != WIRE or field.owner is None or type(field).read is not Declared.read:
        return False
    outer = field
    while outer.parent is not None and outer.when is None:
        outer = outer.parent
    return outer in field.owner.declaration.fixed_fields


def _packed_reader(at: int, size: int) -> Read:
    def read(layer: Header) -> tuple[bytes, ...]:
        start = layer.start + at
        stop = start + size
        return (layer.octets[start:stop],) if stop <= layer.stop else ()

    return read


def _area(layer: Header, options: list[Header]) -> list[bytes]:
    return [layer.octets[options[0].start : options[-1].end]] if options else []


_PACKED: dict[str, Callable[[str], bytes]] = {
    "ipv4": lambda text: socket.inet_pton(socket.AF_INET, text),
    "ipv6": lambda text: socket.inet_pton(socket.AF_INET6, text),
    "ether": lambda text: bytes.fromhex(text.replace(":", "")),
    "eui64": lambda text: bytes.fromhex(text.replace(":", "")),
}


# -- combining tests and values -------------------------------------------------------------------------------


def _both(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        first, second = tests
        return lambda packet: first(packet) and second(packet)
    return lambda packet: all(test(packet) for test in tests)


def _either(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        first, second = tests
        return lambda packet: first(packet) or second(packet)
    return lambda packet: any(test(packet) for test in tests)


def _quantified(values: Values, wanted: Callable[[Any], bool], quantifier: Quantifier) -> Predicate:
    if quantifier == "all":
        return lambda packet: bool(found := values(packet)) and all(map(wanted, found))
    return lambda packet: any(map(wanted, values(packet)))


def _compared(left: Values, compare: Callable[[list[Any], list[Any]], bool], right: Values) -> Predicate:
    return lambda packet: bool((a := left(packet)) and (b := right(packet))) and compare(a, b)


def _mapped(values: Values, function: Callable[[Any], Any]) -> Values:
    return lambda packet: list(map(function, values(packet)))


def _pairs(left: Values, right: Values) -> Values:
    return lambda packet: list(islice(product(left(packet), right(packet)), MOST_PAIRS))


def _sliced(values: Values, ranges: tuple[Range, ...], nothing: str | bytes) -> Values:
    def parts(packet: Packet) -> list[Any]:
        found = []
        for value in values(packet):
            cuts = [each.cut(len(value)) for each in ranges]
            if None not in cuts:
                found.append(nothing.join(value[cut] for cut in cuts))
        return found

    return parts


# -- operators and functions ----------------------------------------------------------------------------------

# Each compares two lists, none of which is empty, as if every value of one met every value of the other.
_COMPARE: dict[tuple[str, Quantifier], Callable[[list[Any], list[Any]], bool]] = {
    ("==", "any"): lambda a, b: b[0] in a if len(b) == 1 else not set(a).isdisjoint(b),
    ("==", "all"): lambda a, b: len({*a, *b}) == 1,
    ("!=", "any"): lambda a, b: len({*a, *b}) > 1,
    ("!=", "all"): lambda a, b: b[0] not in a if len(b) == 1 else set(a).isdisjoint(b),
    ("<", "any"): lambda a, b: min(a) < max(b),
    ("<", "all"): lambda a, b: max(a) < min(b),
    ("<=", "any"): lambda a, b: min(a) <= max(b),
    ("<=", "all"): lambda a, b: max(a) <= min(b),
    (">", "any"): lambda a, b: max(a) > min(b),
    (">", "all"): lambda a, b: min(a) > max(b),
    (">=", "any"): lambda a, b: max(a) >= min(b),
    (">=", "all"): lambda a, b: min(a) >= max(b),
}
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""The operator that says the same with the sides exchanged."""


def _quotient(a: int, b: int) -> int | None:
    """Division as in C, towards zero; None by zero."""
    if b == 0:
        return None
    whole = abs(a) // abs(b)
    return whole if (a < 0) == (b < 0) else -whole


def _remainder(a: int, b: int) -> int | None:
    whole = _quotient(a, b)
    return None if whole is None else a - b * whole


def _mask(a: bytes, b: bytes) -> bytes:
    """The bits that are set in both, as far as the shorter one goes."""
    return bytes(x & y for x, y in zip(a, b, strict=False))


_ARITHMETIC: dict[str, Callable[[int, int], int | None]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": _remainder,
    "&": operator.and_,
}


def _length(value: str | bytes) -> int:
    """Octets of a value, as UTF-8 where it is text."""
    return len(value) if isinstance(value, bytes) else len(value.encode("utf-8", "surrogateescape"))


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {"abs": abs, "len": _length, "lower": str.lower, "upper": str.upper}


def _seconds(nanoseconds: int) -> str:
    sign = "-" if nanoseconds < 0 else ""
    return f"{sign}{abs(nanoseconds) // 1_000_000_000}.{abs(nanoseconds) % 1_000_000_000:09d}"


_TEXT: dict[Kind, Callable[[Any], str]] = {
    Kind.NUMBER: str,
    Kind.BOOLEAN: lambda value: "True" if value else "False",
    Kind.TIME: _seconds,
    Kind.TEXT: str,
    Kind.OCTETS: bytes.hex,
    Kind.ETHER: lambda octets: octets.hex(":"),
    Kind.EUI64: lambda octets: octets.hex(":"),
    Kind.IPV4: socket.inet_ntoa,
    Kind.IPV6: lambda octets: socket.inet_ntop(socket.AF_INET6, octets),
}
