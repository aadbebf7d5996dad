"""The syntax tree of a display filter: what was asked, without a word on how it is answered.

A tree is made of tests, which are true or false of a packet, and of values, of which a packet may have none, one
or several.  The parser leaves names and literals as they were written (Word, Quoted, Character); check.py puts Field,
Protocol, Constant and Network in their place, and only such a tree can be evaluated.

Nodes are compared by content; `span`, where in the filter's text a node stands, takes no part.  `str()` of a node is
a filter that parses to an equal one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

Quantifier = Literal["any", "all"]

_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')  # octets that need no escape in quotes


class Kind(Enum):
    """What a value is; the text is how messages call it.  `octets` are those that are held as bytes."""

    NUMBER = "a number"
    BOOLEAN = "True or False"
    TIME = "a time"
    TEXT = "text"
    OCTETS = "octets"
    ETHER = "a MAC address"
    EUI64 = "an EUI-64 address"
    IPV4 = "an IPv4 address"
    IPV6 = "an IPv6 address"
    PRESENCE = "nothing but its presence"

    @property
    def is_octets(self) -> bool:
        return self in (Kind.OCTETS, Kind.ETHER, Kind.EUI64, Kind.IPV4, Kind.IPV6)

    @property
    def is_number(self) -> bool:
        return self in (Kind.NUMBER, Kind.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Node:
    """Any node; `span` is where it stands, as offsets of the filter's text."""

    span: tuple[int, int] = field(default=(0, 0), compare=False, repr=False, kw_only=True)


class Value(Node):
    """A node that gives values."""

    __slots__ = ()


class Test(Node):
    """A node that is true or false."""

    __slots__ = ()
    __test__ = False  # no test case, whatever pytest makes of the name


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a value or of the layers: from `start` on, `length` of them or up to and with `end`, or all the rest.

    Negative offsets count from the end, the last being -1.
    """

    start: int
    length: int | None = None
    end: int | None = None

    def cut(self, size: int) -> slice | None:
        """The part as a slice of something that is `size` long; None where it does not reach that far."""
        start = self.start if self.start >= 0 else size + self.start
        stop = size
        if self.length is not None:
            stop = start + self.length
        elif self.end is not None:
            stop = (self.end if self.end >= 0 else size + self.end) + 1
        return slice(start, stop) if 0 <= start < stop <= size else None

    def holds(self, number: int, total: int) -> bool:
        """Whether the part has the `number`th of `total` things in it, counted from 1."""
        start = self.start if self.start >= 0 else total + 1 + self.start
        stop = total
        if self.length is not None:
            stop = start + self.length - 1
        elif self.end is not None:
            stop = self.end if self.end >= 0 else total + 1 + self.end
        return start <= number <= stop

    def __str__(self) -> str:
        if self.length is not None:
            return str(self.start) if self.length == 1 else f"{self.start}:{self.length}"
        return f"{self.start}:" if self.end is None else f"{self.start}-{self.end}"


# -- values, as they are written ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word(Value):
    """A name or a literal without quotes: only the parse graph, and what it is compared with, tell which."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Quoted(Value):
    """A literal in double quotes.  An octet that is no UTF-8 is held as Python's "surrogateescape" does."""

    text: str

    @property
    def octets(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape")

    def __str__(self) -> str:
        plain = (chr(octet) if octet in _PLAIN else f"\\{octet:03o}" for octet in self.octets)
        return f'"{"".join(plain)}"'


@dataclass(frozen=True, slots=True)
class Character(Value):
    """A character constant, `'a'`: a number, or the text or octet of one character."""

    value: int

    def __str__(self) -> str:
        return f"'\\x{self.value:02x}'"


@dataclass(frozen=True, slots=True)
class InLayers(Value):
    """What `of` names, but only in some layers of its protocol, counted from 1."""

    of: Word
    ranges: tuple[Range, ...]

    def __str__(self) -> str:
        return f"{self.of}{_layers(self.ranges)}"


# -- values, as they are understood ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field(Value):
    """The values of a field.  `layers`: only in these layers of its protocol; empty for all."""

    name: str
    kind: Kind
    layers: tuple[Range, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}{_layers(self.layers)}"


@dataclass(frozen=True, slots=True)
class Protocol(Value):
    """The octets of a protocol's headers; `whole` with all that they carry."""

    name: str
    layers: tuple[Range, ...] = ()
    whole: bool = False

    def __str__(self) -> str:
        return f"{self.name}{_layers(self.layers)}"


@dataclass(frozen=True, slots=True)
class Constant(Value):
    """A literal of a known kind: int, str or bytes; times are nanoseconds."""

    value: Any
    kind: Kind
    written: str

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True, slots=True)
class Network(Value):
    """An address with the number of its leading bits that count."""

    octets: bytes
    prefix: int
    kind: Kind
    written: str

    @property
    def ignored(self) -> int:
        """The number of trailing bits that do not count."""
        return len(self.octets) * 8 - self.prefix

    def __str__(self) -> str:
        return self.written


# -- values, made of others -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sliced(Value):
    """Parts of each value, put together."""

    of: Value
    ranges: tuple[Range, ...]

    def __str__(self) -> str:
        return f"{self.of}[{','.join(map(str, self.ranges))}]"


@dataclass(frozen=True, slots=True)
class Call(Value):
    """A function of values."""

    function: str
    arguments: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Arithmetic(Value):
    """`left operator right`, where operator is one of `+ - * / % &`."""

    operator: str
    left: Value
    right: Value

    def __str__(self) -> str:
        return f"{{{self.left} {self.operator} {self.right}}}"


@dataclass(frozen=True, slots=True)
class Negative(Value):
    """`-of`."""

    of: Value

    def __str__(self) -> str:
        return f"{{-{{{self.of}}}}}"


# -- tests ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exists(Test):
    """There is a value; of arithmetic: one that is not zero."""

    of: Value

    def __str__(self) -> str:
        return str(self.of)


@dataclass(frozen=True, slots=True)
class Comparison(Test):
    """`left operator right`, where operator is one of `== != < <= > >= contains matches`."""

    operator: str
    left: Value
    right: Value
    quantifier: Quantifier = "any"

    def __str__(self) -> str:
        return f"{self.quantifier} {self.left} {self.operator} {self.right}"


@dataclass(frozen=True, slots=True)
class Between(Value):
    """An element of a set, and nowhere else: all from `low` to `high`, both included."""

    low: Value
    high: Value

    def __str__(self) -> str:
        return f"{self.low} .. {self.high}"


@dataclass(frozen=True, slots=True)
class Membership(Test):
    """`left in {elements}`."""

    left: Value
    elements: tuple[Value, ...]
    quantifier: Quantifier = "any"

    def __str__(self) -> str:
        return f"{self.quantifier} {self.left} in {{{', '.join(map(str, self.elements))}}}"


@dataclass(frozen=True, slots=True)
class Not(Test):
    of: Test

    def __str__(self) -> str:
        return f"not ({self.of})"


@dataclass(frozen=True, slots=True)
class And(Test):
    """All of `tests`, from left to right; true when there are none."""

    tests: tuple[Test, ...]

    def __str__(self) -> str:
        return " and ".join(f"({test})" for test in self.tests)


@dataclass(frozen=True, slots=True)
class Xor(Test):
    """An odd number of `tests`."""

    tests: tuple[Test, ...]

    def __str__(self) -> str:
        return " xor ".join(f"({test})" for test in self.tests)


@dataclass(frozen=True, slots=True)
class Or(Test):
    """Any of `tests`, from left to right."""

    tests: tuple[Test, ...]

    def __str__(self) -> str:
        return " or ".join(f"({test})" for test in self.tests)


def _layers(ranges: tuple[Range, ...]) -> str:
    return f"#[{','.join(map(str, ranges))}]" if ranges else ""


def below(node: Node) -> tuple[Node, ...]:
    """The nodes right below one, from left to right."""
    match node:
        case Exists(of) | Not(of) | Negative(of) | Sliced(of, _) | InLayers(of, _):
            return (of,)
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return (left, right)
        case Between(low, high):
            return (low, high)
        case Membership(left, elements):
            return (left, *elements)
        case And(inner) | Xor(inner) | Or(inner):
            return inner
        case Call(_, arguments):
            return arguments
    return ()


def walk(node: Node) -> Iterator[tuple[int, Node]]:
    """A node and all below it, from left to right, each with its depth."""
    waiting = [(0, node)]
    while waiting:
        depth, node = waiting.pop()
        yield depth, node
        waiting.extend((depth + 1, each) for each in reversed(below(node)))
