"""Field kinds: what a header's octets mean.  The words of the declaration language.

A field is declared once, as a class attribute of a Header, in the order of the RFC's figure; it says how many
bits it takes, what they mean and how a value is written.  It holds no bytes: header.py places it, and the
value is read from a frame when somebody asks.

    srcport = Uint(16, "source port")                    # always there, read from the wire
    key     = Uint(32, "key", when=key_present)          # there only when another field says so
    len     = Derived(Uint(32, "data, octets"), ...)     # not on the wire: worked out from what is
    qry     = Found(Text("name asked for"))              # found by the header's body() function
    addr    = Either(src, dst)                           # one name for several fields
"""
from __future__ import annotations

import copy
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from dissectors import layout
from dissectors.walk import NumberReader, OctetsReader

if TYPE_CHECKING:
    from dissectors.header import Header, Option

    Family = type[Option]

WIRE, DERIVED, FOUND, EITHER, REPEATED, ELSEWHERE, ITSELF = (
    "wire", "derived", "found", "either", "repeated", "elsewhere", "itself"
)

F = TypeVar("F", bound="Field")


class Condition:
    """A test of wire fields, for `when=`.  Made by `field.equals`, `differs`, `among` or `any_of`; `a & b` is both."""

    def __init__(self, field: Field, mode: int, operand: int = 0) -> None:
        self.field = field
        self.mode = mode
        self.operand = operand

    def holds(self, layer: Header) -> bool:
        """Whether the test is true of `layer`, whose fixed part must be whole."""
        value = int.from_bytes(self.field.covered(layer), "little" if self.field.little else "big")
        value = value >> self.field.shift & self.field.mask
        if self.mode == layout.NONZERO:
            return value != 0
        return (value == self.operand) == (self.mode == layout.EQUALS)

    @property
    def rows(self) -> tuple[Condition, ...]:
        """The test as the walker knows it: single ones, of which at most one is true."""
        return (self,)

    def settle(self) -> None:
        """Called once the header is laid out."""
        if isinstance(self.field, _AnyOf):
            self.field.merge()

    def __and__(self, other: Condition) -> Condition:
        return _Both(self, other)


class _Among(Condition):
    """One field has one of several values."""

    def __init__(self, field: Field, values: Sequence[int]) -> None:
        super().__init__(field, layout.EQUALS)
        self.values = values

    def holds(self, layer: Header) -> bool:
        return any(row.holds(layer) for row in self.rows)

    @property
    def rows(self) -> tuple[Condition, ...]:
        return tuple(Condition(self.field, layout.EQUALS, value) for value in self.values)


class _Both(Condition):
    """Two tests are true at once: beyond the walker, so only in a header that gives its `header_length`."""

    def __init__(self, first: Condition, second: Condition) -> None:
        super().__init__(first.field, first.mode, first.operand)
        self.tests = (first, second)

    def holds(self, layer: Header) -> bool:
        return all(test.holds(layer) for test in self.tests)

    @property
    def rows(self) -> tuple[Condition, ...]:
        raise TypeError(f"{self.field.attribute} and another field decide: the header must give its header_length")

    def settle(self) -> None:
        for test in self.tests:
            test.settle()


def any_of(first: Field, *others: Field) -> Condition:
    """True when any of several bits of the same octets is set."""
    return Condition(_AnyOf((first, *others)), layout.NONZERO)


class Linear:
    """A sum of wire fields times constants, for lengths: `(length + 1) * 8`."""

    def __init__(
        self, terms: Sequence[tuple[Field, int]], plus: int = 0, zero: int = -1, multiple: int = 1
    ) -> None:
        self.terms = tuple(terms)
        self.plus = plus
        self.zero = zero
        self.multiple = multiple

    def __add__(self, other: int | Field | Linear) -> Linear:
        if isinstance(other, int):
            return Linear(self.terms, self.plus + other, self.zero)
        other = linear(other)
        return Linear(self.terms + other.terms, self.plus + other.plus)

    __radd__ = __add__

    def __mul__(self, factor: int) -> Linear:
        return Linear([(field, times * factor) for field, times in self.terms], self.plus * factor, self.zero)

    __rmul__ = __mul__

    def or_rest(self, more_than: int = 0) -> Linear:
        """The same length, but zero means all that is there, where that is more than so many octets.

        Segmentation offload leaves a length to be filled in by the card; a jumbogram has one that no field can say.
        """
        return Linear(self.terms, self.plus, more_than)

    def total(self, data: bytes, start: int) -> int:
        """The sum, for a header that stands at `start` and whose fixed part is there."""
        total = self.plus
        for field, times in self.terms:
            at = start + field.at
            value = int.from_bytes(data[at : at + field.size], "little" if field.little else "big")
            total += (value >> field.shift & field.mask) * times
        return total

    def padded(self, multiple: int) -> Linear:
        """The same length, filled up to a multiple of some octets.  For `header_length`."""
        return Linear(self.terms, self.plus, multiple=multiple)


def linear(rule: Field | Linear) -> Linear:
    """A field alone is the simplest sum."""
    return rule if isinstance(rule, Linear) else Linear([(rule, rule.unit)], rule.plus)


class Field:
    """One field of a header.  Not used itself: take a kind below.

    `bits` is the width on the wire, None for a field that takes what is left; `name` the full display filter
    name where it is not the header's prefix and the attribute's name; `when` the condition under which the field
    is there; `parts` the meaning of single bits, most significant first.
    """

    type: str = ""
    noted = False
    remembered = 0
    """How many values the attribute that reads it remembers: for text that takes longer to make than to find again."""
    work_out: Callable[[Any], Any]  # only where it is DERIVED

    def __init__(
        self,
        bits: int | None,
        meaning: str,
        *,
        name: str = "",
        when: Field | Condition | None = None,
        parts: Mapping[str, Field] | None = None,
    ) -> None:
        self.bits = bits
        self.meaning = meaning
        self.name = name
        self.when = Condition(when, layout.NONZERO) if isinstance(when, Field) else when
        self.parts = dict(parts or {})
        self.place = WIRE
        self.attribute = ""
        self.owner: type[Header] | None = None
        self.parent: Field | None = None
        self.little = False
        self.unit = 1
        self.plus = 0
        # Set by place_at: the octets that hold the bits, from the start of the header (of the field, behind
        # the fixed part), and where in them the bits are.
        self.at = 0
        self.size = 0
        self.shift = 0
        self.mask = 0
        self.bit = 0

    if TYPE_CHECKING:
        # A field is declared on the class and read from an instance: header.py puts a reader in its place.

        @overload
        def __get__(self, layer: None, owner: object) -> Self: ...

        @overload
        def __get__(self, layer: object, owner: object) -> Any: ...

        def __get__(self, layer: object, owner: object) -> Any: ...

    def place_at(self, bit: int) -> None:
        """Fix where the field stands: `bit` bits from the start of the header."""
        bits = self.bits or 0
        self.bit = bit
        self.at = bit // 8
        self.size = (bit + bits + 7) // 8 - self.at
        self.shift = (self.at + self.size) * 8 - bit - bits
        self.mask = (1 << bits) - 1
        inner = bit
        for part in self.parts.values():
            part.place_at(inner)
            part.parent = self
            inner += part.bits or 0
        if self.parts and inner != bit + bits:
            raise TypeError(f"the parts of {self.attribute or self.name} take {inner - bit} bits of {bits}")

    # -- reading ------------------------------------------------------------------------------------------

    def convert(self, octets: bytes) -> Any:
        """The value of the octets that hold the field, all of which are there."""
        raise NotImplementedError

    def decode(self, data: bytes, start: int, stop: int) -> Any:
        """The value of `data[start:stop]`."""
        return self.convert(data[start:stop])

    def read(self, layer: Header, start: int, stop: int) -> Any:
        """As decode, in the header that holds the field: for a value that takes more than its own octets to know."""
        return self.decode(layer.octets, start, stop)

    def reader(self) -> OctetsReader | NumberReader:
        """The attribute that reads the field from the fixed part of a header."""
        return OctetsReader(self.at, self.size, self.convert, self.remembered)

    def covered(self, layer: Header) -> bytes:
        """The octets that hold the field, from the fixed part of a whole header."""
        start = layer.start + self.at
        return layer.octets[start : start + self.size]

    def extent(self, layer: Header, start: int) -> int:
        """Octets that the field takes at `start`, behind the fixed part."""
        return self.size

    # -- writing ------------------------------------------------------------------------------------------

    def within(self, layer: Header) -> Field:
        """The field as `layer` shows it: its values may have names that depend on the rest of the header."""
        return self

    def text(self, value: Any) -> str:
        """The value as `-T fields` prints it."""
        return str(value)

    def describe(self, value: Any) -> str:
        """The value for a person: with its name, where it has one."""
        return self.text(value)

    # -- rules --------------------------------------------------------------------------------------------

    def equals(self, value: int) -> Condition:
        return Condition(self, layout.EQUALS, value)

    def differs(self, value: int) -> Condition:
        return Condition(self, layout.DIFFERS, value)

    def among(self, *values: int) -> Condition:
        return _Among(self, values)

    def __add__(self, other: int | Field | Linear) -> Linear:
        return linear(self) + other

    __radd__ = __add__

    def __mul__(self, factor: int) -> Linear:
        return linear(self) * factor

    __rmul__ = __mul__

    def or_rest(self, more_than: int = 0) -> Linear:
        return linear(self).or_rest(more_than)

    def padded(self, multiple: int) -> Linear:
        return linear(self).padded(multiple)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name or self.attribute or '?'}>"


class Uint(Field):
    """An unsigned number of 1 to 64 bits, in network order unless `little`.

    `unit` and `plus` turn the wire's count into octets or whatever `meaning` says: value = count * unit + plus.
    `names` gives values their names, or is a function that gives the names for the header at hand, where they depend
    on another field.  `shown=hex` writes it in hexadecimal, with as many digits as the bits need; `digits` is how many
    `-T fields` prints where Wireshark has it otherwise, 0 for a decimal number.
    """

    type = "uint"

    def __init__(
        self,
        bits: int,
        meaning: str,
        *,
        shown: Callable[[int], str] | None = None,
        digits: int | None = None,
        names: Mapping[int, str] | Callable[[Any], Mapping[int, str]] | None = None,
        unit: int = 1,
        plus: int = 0,
        little: bool = False,
        name: str = "",
        when: Field | Condition | None = None,
        parts: Mapping[str, Field] | None = None,
    ) -> None:
        super().__init__(bits, meaning, name=name, when=when, parts=parts)
        self.names_in = names if callable(names) else None
        self.names: Mapping[int, str] = {} if names is None or callable(names) else names
        self.unit = unit
        self.plus = plus
        self.little = little
        self.needed = next((digits for digits in (2, 4, 6, 8) if bits <= digits * 4), 16) if shown is hex else 0
        self.digits = self.needed if digits is None else digits

    def convert(self, octets: bytes) -> int:
        value = int.from_bytes(octets, "little" if self.little else "big")
        return (value >> self.shift & self.mask) * self.unit + self.plus

    def reader(self) -> OctetsReader | NumberReader:
        if self.size > 8:
            return super().reader()
        return NumberReader(
            self.at, self.size, self.shift, self.mask, self.unit, self.plus, self.little, isinstance(self, Flag)
        )

    def within(self, layer: Header) -> Uint:
        if self.names_in is None:
            return self
        twin = copy.copy(self)
        twin.names = self.names_in(layer)
        return twin

    def text(self, value: Any) -> str:
        return f"0x{value:0{self.digits}x}" if self.digits else str(value)

    def describe(self, value: Any) -> str:
        told = self.text(value) if self.needed == self.digits else f"0x{value:0{self.needed}x}"
        known = self.names.get(value)
        return f"{told} ({known})" if known is not None else told


class Int(Uint):
    """A signed number, two's complement."""

    type = "int"

    def convert(self, octets: bytes) -> int:
        value = int.from_bytes(octets, "little" if self.little else "big") >> self.shift & self.mask
        if value >> (self.bits or 1) - 1:
            value -= self.mask + 1
        return value * self.unit + self.plus

    def reader(self) -> OctetsReader | NumberReader:
        return Field.reader(self)


class Flag(Uint):
    """One bit, or a few that are read as one: True or False."""

    type = "bool"

    def __init__(self, meaning: str, *, bits: int = 1, name: str = "", when: Field | Condition | None = None) -> None:
        super().__init__(bits, meaning, name=name, when=when)

    def convert(self, octets: bytes) -> bool:
        return super().convert(octets) != 0

    def text(self, value: Any) -> str:
        return "1" if value else "0"

    def describe(self, value: Any) -> str:
        return "set" if value else "not set"


class _AnyOf(Uint):
    """Several bits of the same octets, for any_of."""

    def __init__(self, fields: Sequence[Field]) -> None:
        super().__init__(1, "any of several bits")
        self.fields = fields

    def covered(self, layer: Header) -> bytes:
        return self.fields[0].covered(layer)

    def merge(self) -> None:
        """Take the place of the bits, once the header is laid out."""
        first = self.fields[0]
        if any((field.at, field.size) != (first.at, first.size) for field in self.fields):
            raise TypeError("any_of takes bits of the same octets")
        self.at, self.size, self.shift = first.at, first.size, 0
        self.mask = 0
        for field in self.fields:
            self.mask |= field.mask << field.shift


class MAC(Field):
    """A 48-bit hardware address: `02:00:00:00:00:01`."""

    type = "ether"

    def __init__(self, meaning: str, *, name: str = "", when: Field | Condition | None = None) -> None:
        super().__init__(48, meaning, name=name, when=when)

    def convert(self, octets: bytes) -> str:
        return octets.hex(":")


class EUI64(Field):
    """A 64-bit hardware address."""

    type = "eui64"

    def __init__(self, meaning: str, *, name: str = "", when: Field | Condition | None = None) -> None:
        super().__init__(64, meaning, name=name, when=when)

    def convert(self, octets: bytes) -> str:
        return octets.hex(":")


class IPv4Address(Field):
    """Four octets, dotted: `192.0.2.1`."""

    type = "ipv4"
    remembered = 16_384

    def __init__(self, meaning: str, *, name: str = "", when: Field | Condition | None = None) -> None:
        super().__init__(32, meaning, name=name, when=when)

    convert = staticmethod(socket.inet_ntoa)  # type: ignore[assignment]


class IPv6Address(Field):
    """Sixteen octets, written as RFC 5952 says: `2001:db8::1`."""

    type = "ipv6"
    remembered = 16_384

    def __init__(self, meaning: str, *, name: str = "", when: Field | Condition | None = None) -> None:
        super().__init__(128, meaning, name=name, when=when)

    convert = staticmethod(partial(socket.inet_ntop, socket.AF_INET6))


class _Stretch(Field):
    """A field whose size in octets is a constant, a sum of other fields, or what is left of the header."""

    def __init__(
        self,
        octets: int | Field | Linear | None,
        meaning: str,
        *,
        name: str = "",
        when: Field | Condition | None = None,
    ) -> None:
        super().__init__(octets * 8 if isinstance(octets, int) else None, meaning, name=name, when=when)
        self.length = None if octets is None or isinstance(octets, int) else linear(octets)

    def extent(self, layer: Header, start: int) -> int:
        if self.bits is not None:
            return self.size
        if self.length is None:
            return max(layer.stop - start, 0)
        return max(layer.total(self.length), 0)


class Bytes(_Stretch):
    """Octets as they are.  `octets`: how many; a field or a sum of fields; None for the rest of the header."""

    type = "bytes"

    def convert(self, octets: bytes) -> bytes:
        return octets

    def text(self, value: bytes) -> str:
        return value.hex()


class Text(_Stretch):
    """Characters.  Octets that are no UTF-8 are shown as escapes, a NUL ends it."""

    type = "string"

    def __init__(
        self,
        meaning: str,
        octets: int | Field | Linear | None = None,
        *,
        name: str = "",
        when: Field | Condition | None = None,
    ) -> None:
        super().__init__(octets, meaning, name=name, when=when)

    def convert(self, octets: bytes) -> str:
        return octets.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


class Time(Field):
    """A moment in nanoseconds since the epoch, or with `relative` a span of them; written in seconds."""

    type = "time"

    def __init__(self, meaning: str, *, relative: bool = False, name: str = "") -> None:
        super().__init__(64, meaning, name=name)
        self.relative = relative

    def convert(self, octets: bytes) -> int:
        return int.from_bytes(octets, "big")

    def text(self, value: int) -> str:
        sign = "-" if value < 0 else ""
        seconds, nanoseconds = divmod(abs(value), 1_000_000_000)
        return f"{sign}{seconds}.{nanoseconds:09d}"


_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"  # not strftime's, which speak the user's language


class Moment(Time):
    """A moment that the octets count in seconds from `epoch`, in seconds from 1970; written as a date, in UTC."""

    def __init__(self, meaning: str, *, bits: int = 32, epoch: int = 0, name: str = "") -> None:
        super().__init__(meaning, name=name)
        self.bits = bits
        self.epoch = epoch

    def convert(self, octets: bytes) -> int:
        return (int.from_bytes(octets, "big") + self.epoch) * 1_000_000_000

    def text(self, value: int) -> str:
        seconds, nanoseconds = divmod(value, 1_000_000_000)
        try:
            moment = time.gmtime(seconds)
        except (OverflowError, OSError):  # beyond what the system's calendar knows
            return super().text(value)
        month = _MONTHS[3 * moment.tm_mon - 3 : 3 * moment.tm_mon]
        clock = f"{moment.tm_hour:02d}:{moment.tm_min:02d}:{moment.tm_sec:02d}.{nanoseconds:09d}"
        return f"{month} {moment.tm_mday:2d}, {moment.tm_year} {clock} UTC"


class Presence(Field):
    """Nothing but the fact that it is there."""

    type = "none"

    def __init__(self, meaning: str, *, name: str = "") -> None:
        super().__init__(0, meaning, name=name)

    def text(self, value: object) -> str:
        return "1"


class Options(Field):
    """An area of options, each with its kind, up to the end of the header (`family` says how they are delimited).

    An area that stands behind what the header carries is found by `where`, which gives its `(start, stop)` in the
    frame for a header, None when there is none; one that is not within the octets captured is not read.
    """

    type = "options"

    def __init__(
        self,
        family: Family,
        meaning: str = "options",
        *,
        octets: Field | Linear | None = None,
        name: str = "",
        when: Field | Condition | None = None,
        where: Callable[[Any], tuple[int, int] | None] | None = None,
    ) -> None:
        super().__init__(None, meaning, name=name, when=when)
        self.family = family
        self.length = None if octets is None else linear(octets)
        self.where = where
        if where is not None:
            self.place = ELSEWHERE

    def extent(self, layer: Header, start: int) -> int:
        if self.length is None:
            return max(layer.stop - start, 0)
        return min(max(layer.total(self.length), 0), max(layer.stop - start, 0))

    def convert(self, octets: bytes) -> bytes:
        return octets

    def text(self, value: Any) -> str:
        return value.hex() if isinstance(value, bytes) else ""


class Repeat(Field):
    """The same few fields again and again, to the end of the header or `count` times.

    Reading one of them gives the list of its values.  A row of several fields is shown under `meaning`, or under what
    `heading` makes of the header and the number of the row, from 0; so is then a row of one.
    """

    type = "repeat"

    def __init__(
        self,
        meaning: str,
        heading: Callable[[Any, int], str] | None = None,
        /,
        *,
        count: Field | Linear | None = None,
        when: Field | Condition | None = None,
        **fields: Field,
    ) -> None:
        super().__init__(None, meaning, when=when)
        self.heading = heading
        self.count = None if count is None else linear(count)
        self.fields = fields
        bit = 0
        for attribute, field in fields.items():
            field.attribute = attribute
            field.place_at(bit)
            for each in (field, *field.parts.values()):
                each.place = REPEATED
                each.parent = self
            bit += field.bits or 0
        self.row = bit // 8
        if bit % 8 or not bit:
            raise TypeError("a repeated row takes whole octets, at least one")

    def extent(self, layer: Header, start: int) -> int:
        most = max(layer.stop - start, 0) // self.row
        if self.count is not None:
            most = min(most, max(layer.total(self.count), 0))
        return most * self.row

    def convert(self, octets: bytes) -> bytes:
        return octets

    def text(self, value: bytes) -> str:
        return value.hex()

    def rows(self, start: int, stop: int) -> Iterator[int]:
        """Where each row starts."""
        return iter(range(start, stop - self.row + 1, self.row))


class Either(Field):
    """One name for several fields of the header, as `tcp.port` for both ports.  Not shown, only asked for."""

    def __init__(self, *fields: Field, name: str = "") -> None:
        first = fields[0]
        super().__init__(first.bits, " or ".join(field.meaning for field in fields), name=name)
        self.fields = fields
        self.place = EITHER
        self.type = first.type

    def convert(self, octets: bytes) -> Any:
        return self.fields[0].convert(octets)

    def text(self, value: Any) -> str:
        return self.fields[0].text(value)

    def describe(self, value: Any) -> str:
        return self.fields[0].describe(value)


class Itself(Field):
    """The octets of the header that has it, under the header's own name.  Not shown, only asked for."""

    type = "bytes"

    def __init__(self, attribute: str, name: str) -> None:
        super().__init__(None, "its octets", name=name)
        self.attribute = attribute
        self.place = ITSELF

    def text(self, value: bytes) -> str:
        return value.hex()


def Derived(field: F, work_out: Callable[[Any], Any]) -> F:
    """A field that is not on the wire.

    `work_out(layer)` gives its value, None where there is none, a tuple of several.
    """
    field.place = DERIVED
    field.work_out = work_out
    return field


def Noted(field: F) -> F:
    """A field that takes more than one packet to know: it is read from the notes that who knows it left on the packet.

    Asking for it where nobody takes notes is an error rather than an answer: NotNoted.
    """
    field.noted = True
    return Derived(field, lambda layer: layer.noted(field))


class Remaining:
    """For Derived: the octets of a header with all it carries, less those that `header` says it takes itself.

    None where that is cut off, or more than there is.  Said as a rule rather than a function, so that it can be worked
    out for many packets at once.
    """

    def __init__(self, header: Uint | None = None) -> None:
        self.header = header

    def __call__(self, layer: Header) -> int | None:
        octets: int = layer.end - layer.start
        if self.header is None:
            return octets
        header = getattr(layer, self.header.attribute)
        return octets - header if header is not None and octets >= header else None


class NotNoted(LookupError):
    """A field was asked for that takes more than one packet to know, of a packet on which nobody took notes."""


def Found(field: F) -> F:
    """A field that the header's `body` finds, anywhere and any number of times."""
    if field.bits is not None:
        field.place_at(0)
    _sought(field)
    return field


def _sought(field: Field) -> None:
    field.place = FOUND
    for part in field.parts.values():
        _sought(part)
