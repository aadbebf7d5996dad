"""Names and literals get their types: from what was written to what it means in a parse graph.

A name is looked up among the graph's fields and protocols; a literal takes the kind of what it is compared with.
What cannot be is a FilterError at its place in the text.  The tree that comes out can be evaluated without a failure.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace

from dissectors.fields import Field as Declared
from dissectors.fields import Uint
from dissectors.graph import Graph, nearest
from rawcap.filter import literals
from rawcap.filter.errors import FilterError
from rawcap.filter.syntax import (
    And,
    Arithmetic,
    Between,
    Call,
    Character,
    Comparison,
    Constant,
    Exists,
    Field,
    InLayers,
    Kind,
    Membership,
    Negative,
    Network,
    Node,
    Not,
    Or,
    Protocol,
    Quoted,
    Range,
    Sliced,
    Test,
    Value,
    Word,
    Xor,
)

_KINDS = {
    "uint": Kind.NUMBER,
    "int": Kind.NUMBER,
    "bool": Kind.BOOLEAN,
    "time": Kind.TIME,
    "string": Kind.TEXT,
    "bytes": Kind.OCTETS,
    "options": Kind.OCTETS,
    "repeat": Kind.OCTETS,
    "ether": Kind.ETHER,
    "eui64": Kind.EUI64,
    "ipv4": Kind.IPV4,
    "ipv6": Kind.IPV6,
    "none": Kind.PRESENCE,
}

_LITERALS: dict[Kind, tuple[Callable[[str], int | str | bytes | None], str]] = {
    Kind.NUMBER: (literals.number, "a number"),
    Kind.BOOLEAN: (literals.truth, "True or False"),
    Kind.TIME: (literals.time, 'seconds or a date such as "2026-11-23 10:00:00"'),
    Kind.TEXT: (str, "text"),
    Kind.OCTETS: (literals.octets, 'octets such as 0a:1b:2c, or text in quotes'),
    Kind.ETHER: (literals.ether, "a MAC address such as 02:00:00:00:00:01"),
    Kind.EUI64: (literals.eui64, "an EUI-64 address such as 02:00:00:00:00:00:00:01"),
    Kind.IPV4: (literals.ipv4, "an IPv4 address such as 192.0.2.1"),
    Kind.IPV6: (literals.ipv6, "an IPv6 address such as 2001:db8::1"),
}

_OCTET_KINDS = frozenset(kind for kind in Kind if kind.is_octets)
_VALUES = frozenset(Kind) - {Kind.PRESENCE}
_OPERANDS = {
    "+": frozenset({Kind.NUMBER, Kind.TIME}),
    "-": frozenset({Kind.NUMBER, Kind.TIME}),
    "*": frozenset({Kind.NUMBER}),
    "/": frozenset({Kind.NUMBER}),
    "%": frozenset({Kind.NUMBER}),
    "&": frozenset({Kind.NUMBER}) | _OCTET_KINDS,
}
_SEARCHED = frozenset({Kind.TEXT, Kind.OCTETS, Kind.ETHER, Kind.EUI64})

# Function -> the kinds that it takes, the kind that it gives (None: that of its first argument), whether several.
_FUNCTIONS: dict[str, tuple[frozenset[Kind], Kind | None, bool]] = {
    "len": (_OCTET_KINDS | {Kind.TEXT}, Kind.NUMBER, False),
    "count": (frozenset(Kind), Kind.NUMBER, False),
    "lower": (frozenset({Kind.TEXT}), None, False),
    "upper": (frozenset({Kind.TEXT}), None, False),
    "string": (_VALUES, Kind.TEXT, False),
    "abs": (frozenset({Kind.NUMBER, Kind.TIME}), None, False),
    "min": (_VALUES, None, True),
    "max": (_VALUES, None, True),
}

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_-]+)*")


def check(tree: Test, text: str, graph: Graph) -> Test:
    """The tree with every name and literal resolved.  Raises FilterError; `text` is the filter, for its message."""
    return _Checker(text, graph).test(tree)


def kind_of(node: Value) -> Kind:
    """The kind of a resolved value."""
    match node:
        case Field() | Constant() | Network():
            return node.kind
        case Sliced(of, _):
            return Kind.TEXT if kind_of(of) is Kind.TEXT else Kind.OCTETS
        case Call(function, arguments):
            return _FUNCTIONS[function][1] or kind_of(arguments[0])
        case Arithmetic(_, of, _) | Negative(of):
            return kind_of(of)
    return Kind.OCTETS  # a protocol


def compile_pattern(written: str, *, octets: bool) -> re.Pattern[str] | re.Pattern[bytes]:
    """The regular expression of `matches`, without regard to case unless it begins with `(?-i)`.

    Raises ValueError, with one line, for one that is none.
    """
    flags = re.IGNORECASE
    if written.startswith("(?-i)"):
        written, flags = written[5:], re.RegexFlag(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what re warns of has another meaning in other dialects: not to be guessed
        try:
            if octets:
                return re.compile(written.encode("utf-8", "surrogateescape"), flags)
            return re.compile(written, flags)
        except (re.error, RecursionError, OverflowError, Warning) as problem:
            raise ValueError(f"this is no regular expression: {problem}") from None


class _Checker:
    """Resolves one tree.  `typed` gives what has a kind of its own, `constant` what takes that of another."""

    def __init__(self, text: str, graph: Graph) -> None:
        self.text = text
        self.graph = graph
        self.protocols = {name for name, header in graph.protocols.items() if name and not header.selector}
        self.names = self.protocols | set(graph.fields)

    def error(self, message: str, node: Node) -> FilterError:
        return FilterError(message, self.text, *node.span)

    # -- tests ------------------------------------------------------------------------------------------------

    def test(self, node: Test) -> Test:
        match node:
            case And(tests) | Xor(tests) | Or(tests):
                return replace(node, tests=tuple(self.test(each) for each in tests))
            case Not(of):
                return replace(node, of=self.test(of))
            case Exists(of):
                return replace(node, of=self.existing(of))
            case Comparison("matches"):
                return self.matches(node)
            case Comparison("contains"):
                return self.contains(node)
            case Comparison(_, left, right):
                pair = self.pair(left, right, self.valued, networks=True)
                if pair is None:
                    raise self.untyped(left, right)
                return replace(node, left=pair[0], right=pair[1])
            case Membership():
                return self.membership(node)
        raise AssertionError(node)

    def existing(self, node: Value) -> Value:
        found = self.typed(node)
        if found is None:
            if isinstance(node, Word) and _NAME.fullmatch(node.text):
                raise self.unknown(node)
            raise self.error(f"{self.shown(node)} is a value, not a test: compare a field with it", node)
        if isinstance(found, Call):
            raise self.error(f"{found.function}() gives a value, not a test: compare it with another", node)
        return found

    def matches(self, node: Comparison) -> Test:
        left = self.searched(node.left, "matches")
        pattern = node.right
        if not isinstance(pattern, Quoted):
            raise self.error("matches takes a regular expression in double quotes", pattern)
        try:
            compile_pattern(pattern.text, octets=kind_of(left).is_octets)
        except ValueError as problem:
            raise self.error(str(problem), pattern) from None
        right = Constant(pattern.text, Kind.TEXT, str(pattern), span=pattern.span)
        return replace(node, left=left, right=right)

    def contains(self, node: Comparison) -> Test:
        left = self.searched(node.left, "contains")
        right = self.typed(node.right)
        sort = Kind.TEXT if kind_of(left) is Kind.TEXT else Kind.OCTETS
        if right is None:
            right = self.constant(node.right, Field("", sort))
            if isinstance(right, Constant) and not right.value:
                raise self.error("there is nothing to look for between the quotes", node.right)
        elif kind_of(right) is not sort and not (sort is Kind.OCTETS and kind_of(right).is_octets):
            raise self.incomparable(left, right)
        return replace(node, left=left, right=right)

    def searched(self, node: Value, operator: str) -> Value:
        """What `contains` and `matches` look through: a protocol with all that it carries."""
        found = self.side(node)
        if isinstance(found, Protocol):
            return replace(found, whole=True)
        if kind_of(found) not in _SEARCHED:
            hint = f"; string({found}) is text" if kind_of(found) in _VALUES else ""
            raise self.error(f"{found} is {kind_of(found).value}, which {operator} cannot search{hint}", node)
        return found

    def membership(self, node: Membership) -> Test:
        left = self.side(node.left)
        elements: list[Value] = []
        for each in node.elements:
            if isinstance(each, Between):
                low, high = (self.compared(left, bound) for bound in (each.low, each.high))
                elements.append(replace(each, low=low, high=high))
            else:
                elements.append(self.compared(left, each, networks=True))
        return replace(node, left=left, elements=tuple(elements))

    # -- both sides of an operator ----------------------------------------------------------------------------

    def side(self, node: Value) -> Value:
        """A value that must have a kind of its own."""
        found = self.typed(node)
        if found is None:
            raise self.untyped(node)
        return self.valued(found)

    def valued(self, found: Value) -> Value:
        if kind_of(found) is Kind.PRESENCE:
            raise self.error(f"of {found} only the presence can be tested", found)
        return found

    def pair(
        self, left: Value, right: Value, accepted: Callable[[Value], Value], *, networks: bool = False
    ) -> tuple[Value, Value] | None:
        """Both sides, the one being comparable with the other; None when neither has a kind of its own.

        `accepted` looks first at the side that has one, and raises when the operator cannot take it.
        """
        known = self.typed(left)
        if known is not None:
            return accepted(known), self.compared(known, right, networks=networks)
        known = self.typed(right)
        if known is not None:
            return self.constant(left, accepted(known), networks=networks), known
        return None

    def compared(self, known: Value, node: Value, *, networks: bool = False) -> Value:
        """`node` as something that can be compared with `known`."""
        return self.alike(known, node, self.typed(node), networks=networks)

    def alike(self, known: Value, node: Value, other: Value | None, *, networks: bool = False) -> Value:
        """As compared, where the kind that `node` has of its own has been looked for: `other`, None without one."""
        if other is None:
            return self.constant(node, known, networks=networks)
        kinds = {kind_of(known), kind_of(self.valued(other))}
        if len(kinds) > 1 and not all(kind.is_number for kind in kinds):
            if Kind.OCTETS not in kinds or not all(kind.is_octets for kind in kinds):
                raise self.incomparable(known, other)
        return other

    def incomparable(self, left: Value, right: Value) -> FilterError:
        return self.error(f"{left} is {_sort(left)}, {right} is {_sort(right)}: they cannot be compared", right)

    def untyped(self, *nodes: Value) -> FilterError:
        """What to say when neither side is a field: most likely a field's name was misspelt."""
        for node in nodes:
            if isinstance(node, Word) and _NAME.fullmatch(node.text):
                return self.unknown(node)
        return self.error(f"{self.shown(nodes[0])} is compared with no field", nodes[0])

    # -- values with a kind of their own ----------------------------------------------------------------------

    def typed(self, node: Value) -> Value | None:
        """The resolved value; None for what is made of literals alone."""
        match node:
            case Word(name):
                return self.named(node, name, ()) if name in self.names else None
            case InLayers(of, ranges):
                if of.text not in self.names:
                    raise self.unknown(of)
                return self.named(node, of.text, ranges)
            case Sliced(of, _):
                return replace(node, of=self.sliced(of))
            case Call():
                return self.called(node)
            case Negative(of):
                return self.negative(node, of)
            case Arithmetic():
                return self.arithmetic(node)
        return None

    def named(self, node: Value, name: str, layers: tuple[Range, ...]) -> Value:
        declared = self.graph.fields.get(name)
        if declared is None:
            return Protocol(name, layers, span=node.span)
        kinds = {_KINDS[each.type] for each in declared}
        one = len(kinds) == 1 or all(kind.is_number for kind in kinds)
        # What is a number here and text there can be compared with nothing.
        return Field(name, _KINDS[declared[0].type] if one else Kind.PRESENCE, layers, span=node.span)

    def sliced(self, node: Value) -> Value:
        found = self.side(node)
        if not (kind_of(found) is Kind.TEXT or kind_of(found).is_octets):
            raise self.error(f"{found} is {kind_of(found).value}: only text and octets have parts", node)
        return found

    def called(self, node: Call) -> Value:
        if node.function not in _FUNCTIONS:
            raise self.error(f"no function {node.function!r}{nearest(node.function, _FUNCTIONS)}", node)
        takes, _, several = _FUNCTIONS[node.function]
        if len(node.arguments) > 1 and not several:
            raise self.error(f"{node.function}() takes one argument, not {len(node.arguments)}", node)
        found = [self.typed(each) for each in node.arguments]
        known = next((each for each in found if each is not None), None)
        if known is None:
            raise self.untyped(*node.arguments)
        if node.function == "count":
            if not isinstance(known, (Field, Protocol)):
                raise self.error("count() takes a field or a protocol", node.arguments[0])
            return replace(node, arguments=(known,))
        if kind_of(known) not in takes:
            raise self.error(f"{known} is {kind_of(known).value}, which {node.function}() does not take", node)
        pairs = zip(node.arguments, found, strict=True)
        return replace(node, arguments=tuple(self.alike(known, written, each) for written, each in pairs))

    def negative(self, node: Negative, of: Value) -> Value | None:
        found = self.typed(of)
        if found is None:
            return None
        if kind_of(found) not in _OPERANDS["-"]:
            raise self.error(f"{found} is {kind_of(found).value}: it has no negative", node)
        return replace(node, of=found)

    def arithmetic(self, node: Arithmetic) -> Value | None:
        pair = self.pair(node.left, node.right, lambda known: self.operand(known, node.operator))
        return None if pair is None else replace(node, left=pair[0], right=self.operand(pair[1], node.operator))

    # -- literals ---------------------------------------------------------------------------------------------

    def constant(self, node: Value, like: Value, *, networks: bool = False) -> Value:
        """A value made of literals alone, as something that `like` can be compared with."""
        kind = kind_of(like)
        match node:
            case Negative(of):
                return replace(node, of=self.operand(self.constant(of, like), "-"))
            case Arithmetic(operator, left, right):
                left, right = (self.operand(self.constant(each, like), operator) for each in (left, right))
                return replace(node, left=left, right=right)
            case Character(value) if kind in (Kind.NUMBER, Kind.BOOLEAN):
                return Constant(value, kind, str(node), span=node.span)
            case Character(value) if kind in (Kind.OCTETS, Kind.TEXT):
                one = bytes([value])
                text = one.decode("utf-8", "surrogateescape")
                return Constant(text if kind is Kind.TEXT else one, kind, str(node), span=node.span)
            case Quoted(text) if kind is Kind.OCTETS:
                return Constant(node.octets, kind, str(node), span=node.span)
            case Word(text) if networks and "/" in text:
                return self.network(node, kind)
            case Word(text) | Quoted(text):
                return self.literal(node, text, like)
        raise self.error(f"{self.shown(node)} is not {_LITERALS[kind][1]}", node)

    def operand(self, found: Value, operator: str) -> Value:
        if kind_of(found) not in _OPERANDS[operator]:
            raise self.error(f"{found} is {kind_of(found).value}, which {operator} does not take", found)
        return found

    def literal(self, node: Word | Quoted, text: str, like: Value) -> Value:
        kind = kind_of(like)
        declared = self.graph.fields.get(like.name, []) if isinstance(like, Field) else []
        convert, wanted = _LITERALS[kind]
        value = convert(text)
        if value is None and kind.is_number:
            value = _named(text, declared)
        if value is None:
            if isinstance(node, Word) and _NAME.fullmatch(text):
                if "." in text:
                    raise self.unknown(node)
                hint = self.hint(text, declared) or " (rawcap fields lists the fields)"
                raise self.error(f"{text!r} is neither a field nor {wanted}{hint}", node)
            raise self.error(f"{self.shown(node)} is not {wanted}", node)
        if kind is Kind.NUMBER and isinstance(value, int):
            most = _most(declared)
            if most is not None and value > most:
                raise self.error(f"{text} is more than {like} can be, which is {most}", node)
        return Constant(value, kind, str(node), span=node.span)

    def network(self, node: Word, kind: Kind) -> Network:
        """An address and the number of its bits that count, `192.0.2.0/24`."""
        if kind not in (Kind.IPV4, Kind.IPV6):
            raise self.error(f"{node.text} is a network, which only addresses can be compared with", node)
        convert, wanted = _LITERALS[kind]
        address, _, bits = node.text.partition("/")
        octets = convert(address)
        if not isinstance(octets, bytes):
            raise self.error(f"{address!r} is not {wanted}", node)
        if len(bits) > 3 or int(bits) > len(octets) * 8:
            raise self.error(f"{kind.value} has no more than {len(octets) * 8} bits", node)
        return Network(octets, int(bits), kind, node.text, span=node.span)

    # -- what to say ------------------------------------------------------------------------------------------

    def shown(self, node: Value) -> str:
        """A literal as the user wrote it."""
        return self.text[node.span[0] : node.span[1]]

    def unknown(self, node: Word) -> FilterError:
        name = node.text
        if name.partition("-")[0] in self.names:
            return self.error(f"no field {name!r}; a minus needs a space before it", node)
        return self.error(f"no field {name!r}{nearest(name, self.names) or ' (rawcap fields lists them)'}", node)

    def hint(self, text: str, declared: list[Declared]) -> str:
        known = {name for each in declared if isinstance(each, Uint) for name in each.names.values()}
        return nearest(text, known | self.names)


def _sort(node: Value) -> str:
    """What a value is, in words."""
    return "a protocol, which stands for its octets" if isinstance(node, Protocol) else kind_of(node).value


def _named(text: str, declared: list[Declared]) -> int | None:
    """The number that has this name in a field, in any case."""
    for each in declared:
        if isinstance(each, Uint):
            for value, name in each.names.items():
                if name.lower() == text.lower():
                    return value
    return None


def _most(declared: list[Declared]) -> int | None:
    """The largest number that fields of this width are stored as (8, 16, 32 or 64 bits); None where there is none."""
    widths = []
    for each in declared:
        largest = ((1 << (each.bits or 64)) - 1) * each.unit + each.plus
        widths.append(next((bits for bits in (8, 16, 32, 64) if largest < 1 << bits), None))
    known = [bits for bits in widths if bits is not None]
    return (1 << max(known)) - 1 if known and len(known) == len(widths) else None
