"""The Header base: what a protocol file declares, and what a found header answers.

A subclass is a declaration; an instance is one such header in one frame, a view over the frame's octets.

    class UDP(Header):
        \"\"\"User Datagram Protocol (RFC 768).\"\"\"

        name = "udp"
        srcport = Uint(16, "source port")
        dstport = Uint(16, "destination port")
        length = Uint(16, "header and data, octets")
        checksum = Uint(16, "0 when the sender made none", shown=hex)

        follows = {"ip.proto": 17}            # where it is found: table -> value or values
        next = by_port(srcport, dstport)      # what it carries
        end = length                          # where it ends, with all it carries

Rules that a declaration may give, all optional:

    header_length   octets of the header, a field or a sum of fields (default: the fields' own sizes)
    end             octets of the header and what it carries
    fragment        a field that is not zero when what follows is the middle of something
    follows, next   the edges of the parse graph
    members         for a family of options: how the members are told apart
    quotes          True: carries the beginning of another packet (ICMP errors)
    repeats         True: another such header may follow where this one ends (records, length-prefixed messages)
    streamed        True: the last one in a segment may go on in the next
    nested          True: may stand inside another header, too, where a `body` finds it (a relayed message)
    part_of         the protocol that this header continues (a message body behind a common header)
    prefix          what the fields' names begin with (default: `name`)
    addresses       the fields that name source and destination
    body            a function that finds what fields cannot express; it yields Items
    guessed_in      protocols in which it may be found by content, where no edge leads on
    recognises      whether a payload looks like it; asked before a port or a guess is believed

Bounds were checked once, by the walker: an accessor cannot fail.  What was cut off reads as None.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, cast

from dissectors import layout
from dissectors.fields import (
    DERIVED,
    ELSEWHERE,
    FOUND,
    ITSELF,
    REPEATED,
    WIRE,
    Condition,
    Either,
    Field,
    Itself,
    Linear,
    Options,
    Repeat,
    linear,
)
from dissectors.walk import View

_RULES = ("header_length", "end", "fragment", "follows", "next", "members")
_TAKEN = set(vars(View)) | {"payload", "items", "values", "get", "info", "body", "found"}


class Next:
    """The edge rule of a header: which field's value leads on, through which table.  Made by the functions below."""

    def __init__(
        self, rule: int, fields: tuple[Field, ...] = (), table: str = "", default: type[Header] | str | None = None
    ) -> None:
        self.rule = rule
        self.fields = fields
        self.table = table
        self.default = default


def by(field: Field, table: str = "", *, default: type[Header] | str | None = None) -> Next:
    """What follows is looked up by `field` in `table` (default: the table of the field's own name)."""
    return Next(layout.NEXT_BY_TABLE if (field.bits or 0) <= 16 else layout.NEXT_BY_PAIRS, (field,), table, default)


def by_port(source: Field, destination: Field, table: str = "") -> Next:
    """What follows is looked up by two ports, the lower first; the table is `<protocol>.port`."""
    return Next(layout.NEXT_BY_PORTS, (source, destination), table)


def by_table(table: str) -> Next:
    """For `members`: their kind stands outside of them, and `table` leads from it to the member."""
    return Next(layout.NEXT_NOTHING, table=table)


def always(header: type[Header] | str) -> Next:
    """What follows is always `header`, a class or a protocol's name."""
    return Next(layout.NEXT_ALWAYS, default=header)


class Item:
    """A field with its value and its octets, or a titled group of such: what views show.

    `start` and `stop` are offsets in the frame, `field` is None for a group, `title` the group's heading.
    """

    __slots__ = ("children", "field", "start", "stop", "title", "value")

    def __init__(
        self,
        field: Field | None,
        value: Any,
        start: int,
        stop: int,
        children: list[Item] | None = None,
        title: str = "",
    ) -> None:
        self.field = field
        self.value = value
        self.start = start
        self.stop = stop
        self.children = children or []
        self.title = title

    @property
    def name(self) -> str:
        """The field's full name, empty for a group."""
        return self.field.name if self.field is not None else ""

    def flat(self) -> Iterator[Item]:
        """This item and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.flat()

    def __repr__(self) -> str:
        if self.field is None:
            return f"<Item {self.title!r} of {len(self.children)}>"
        return f"<Item {self.field.name} {self.field.describe(self.value)}>"


def group(title: str, start: int, stop: int, children: list[Item]) -> Item:
    """A heading with items below it."""
    return Item(None, None, start, stop, children, title)


def inner(header: Header, title: str = "") -> Item:
    """A header that `body` found inside its own, as a group: its fields are then found as those of options are."""
    return Item(None, header, header.start, header.stop, list(header.items()), title or header.title)


class Declaration:
    """What a header's class body said, laid out: where each field stands and which rules lead on."""

    def __init__(self, cls: type[Header], fields: dict[str, Field], rules: dict[str, Any]) -> None:
        self.fields = fields
        self.wire = [field for field in fields.values() if field.place == WIRE]
        self.derived = [field for field in fields.values() if field.place == DERIVED]
        self.follows: dict[str, Any] = rules.get("follows", {})
        self.next: Next | None = rules.get("next")
        self.members: Next | None = rules.get("members")
        inherited = getattr(cls.__base__, "declaration", None)
        self.is_family = self.members is not None and (inherited is None or inherited.members is not self.members)
        self.has_body = cls.body is not Header.body
        self.header_length: Linear | None = linear(rules["header_length"]) if "header_length" in rules else None
        self.end: Linear | None = linear(rules["end"]) if "end" in rules else None
        self.fragment: Field | None = rules.get("fragment")

        bit = -8 * cls.back
        self.fixed_fields: list[Field] = []
        self.tail: list[Field] = []
        for field in self.wire:
            if self.tail or field.when is not None or field.bits is None:
                if (field.bits or 0) % 8 or bit % 8:
                    raise TypeError(f"{cls.__name__}.{field.attribute} must be whole octets, behind the fixed part")
                field.place_at(0)
                self.tail.append(field)
            else:
                field.place_at(bit)
                bit += field.bits
                self.fixed_fields.append(field)
        if bit % 8 and not self.is_family:
            raise TypeError(f"the fixed part of {cls.__name__} is {bit} bits, not whole octets")
        self.fixed = (bit + 7) // 8  # what a family leaves of its last octet is for the members to say
        for field in self.tail:
            if field.when is not None:
                field.when.settle()

        self.distant = [field for field in fields.values() if isinstance(field, Options) and field.place == ELSEWHERE]
        self.areas = [*(field for field in self.tail if isinstance(field, Options)), *self.distant]
        self.picky = any("recognises" in vars(each) for each in cls.__mro__[:-2] if each is not Header)
        self.takes_all = False
        self.length: list[tuple[Field, int, Condition | None]] = []
        self.length_base = self.fixed
        if self.header_length is not None:
            self.length = [(field, times, None) for field, times in self.header_length.terms]
            self.length_base = self.header_length.plus
        elif self.next is None and (self.has_body or cls.is_option):
            self.takes_all = True
        else:
            for field in self.tail:
                length = getattr(field, "length", None)
                if field.when is not None and field.bits is not None:
                    self.length += [(row.field, field.bits // 8, row) for row in field.when.rows]
                elif field.bits is not None:
                    self.length_base += field.size
                elif isinstance(length, Linear) and field.when is None:
                    self.length += [(inner, times, None) for inner, times in length.terms]
                    self.length_base += length.plus
                else:
                    self.takes_all = True
            if self.takes_all:
                self.length = []
        if self.takes_all and self.next is not None:
            raise TypeError(f"{cls.__name__} takes all that is there: give header_length to let something follow")


def _title(cls: type[Header]) -> tuple[str, str]:
    """The first line of the docstring, as the title and the reference in its brackets."""
    line = (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")
    match = re.fullmatch(r"(.*?)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)", line)
    return (match[1], match[2]) if match else (line, "")


def _sought_property(field: Field) -> property:
    """A field that is looked for: behind the fixed part, or found by body, or repeated."""
    if isinstance(field, Options):
        return property(lambda layer: layer._options(field), doc=field.meaning)
    if field.place == REPEATED or isinstance(field, Either):
        return property(lambda layer: layer.values(field), doc=field.meaning)
    return property(lambda layer: next(iter(layer.values(field)), None), doc=field.meaning)


class HeaderType(type):
    """Reads a class body as a declaration: places the fields, takes the rules aside, enters it in the graph."""

    declaration: Declaration

    def __new__(mcls, cls_name: str, bases: tuple[type, ...], body: dict[str, Any]) -> HeaderType:
        rules = {rule: body.pop(rule) for rule in _RULES if rule in body and not isinstance(body[rule], Field)}
        # A rule may be a field alone (`end = length`); a field declared under a rule's name is not a rule.
        for rule in _RULES:
            if isinstance(body.get(rule), Field) and any(
                body[rule] is value for key, value in body.items() if key != rule
            ):
                rules[rule] = body.pop(rule)
        own = {key: value for key, value in body.items() if isinstance(value, Field)}
        for key in own:
            del body[key]
        body.setdefault("__slots__", ())
        cls = super().__new__(mcls, cls_name, bases, body)
        if bases == (View,):
            return cls
        mcls._declare(cast("type[Header]", cls), own, rules)
        return cls

    @staticmethod
    def _declare(cls: type[Header], own: dict[str, Field], rules: dict[str, Any]) -> None:
        cls.title, cls.reference = _title(cls)
        if "prefix" not in cls.__dict__ and "name" in cls.__dict__:
            cls.prefix = cls.name
        inherited = getattr(cls, "declaration", None)
        for key, field in own.items():
            if key in _TAKEN:
                raise TypeError(f"{cls.__name__}.{key} has another meaning in every header: call it {key}_")
            field.attribute = key
            _name(cls, field, f"{cls.prefix}.{key.rstrip('_')}")
        if inherited and inherited.members and "itself" not in inherited.fields and "name" in cls.__dict__ and not any(
            field.name == cls.name for field in own.values()
        ):
            own["itself"] = Itself(cls.name)
            own["itself"].attribute, own["itself"].owner = "itself", cls
        fields = {**(inherited.fields if inherited else {}), **own}
        if inherited:
            for rule in ("header_length", "end", "fragment", "next", "members"):
                if getattr(inherited, rule) is not None:
                    rules.setdefault(rule, getattr(inherited, rule))
        cls.declaration = declaration = Declaration(cls, fields, rules)
        for field in fields.values():
            if field in declaration.fixed_fields:
                _expose(cls, field, field.reader())
            elif field.place == DERIVED:
                setattr(cls, field.attribute, property(field.work_out, doc=field.meaning))
            else:
                _expose(cls, field, _sought_property(field))
        if cls.name and "name" in cls.__dict__:
            from dissectors.graph import graph  # the graph needs Header, so not above

            graph.add(cls)


def _name(cls: type[Header], field: Field, default: str) -> None:
    """Give a field, and those inside it, their full names and their owner."""
    field.name = field.name or default
    field.owner = cls
    for key, part in field.parts.items():
        part.attribute = key
        _name(cls, part, f"{field.name}.{key.rstrip('_')}")
    if isinstance(field, Repeat):
        for key, inner in field.fields.items():
            _name(cls, inner, f"{cls.prefix}.{key.rstrip('_')}")


def _expose(cls: type[Header], field: Field, reader: object) -> None:
    """Make a field, its parts and its repeated fields attributes; a part never hides another attribute."""
    setattr(cls, field.attribute, reader)
    fixed = field in cls.declaration.fixed_fields
    for key, part in field.parts.items():
        if not hasattr(cls, key):
            setattr(cls, key, part.reader() if fixed and part.when is None else _sought_property(part))
    if isinstance(field, Repeat):
        for key, inner in field.fields.items():
            setattr(cls, key, _sought_property(inner))


class Header(View, metaclass=HeaderType):
    """One header in one frame.  `packet.data[start:stop]` is the header, what it carries reaches to `end`.

    `end` is where it ended on the wire, which may lie beyond a capture that was cut; `below` is the header that
    carries this one, `extensions` those that continue it under the same name.
    """

    name: ClassVar[str] = ""
    label: ClassVar[str] = ""
    title: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    prefix: ClassVar[str] = ""
    part_of: ClassVar[str] = ""
    quotes: ClassVar[bool] = False
    repeats: ClassVar[bool] = False
    streamed: ClassVar[bool] = False
    nested: ClassVar[bool] = False
    selector: ClassVar[bool] = False
    back: ClassVar[int] = 0
    is_option: ClassVar[bool] = False
    guessed_in: ClassVar[tuple[str, ...]] = ()
    addresses: ClassVar[tuple[str, str] | None] = None
    follows: ClassVar[Mapping[str, int | Iterable[int]]]
    declaration: ClassVar[Declaration]

    # -- what was found -----------------------------------------------------------------------------------

    @property
    def whole(self) -> bool:
        """Whether the fixed part of the header is there."""
        return not self.status & layout.PARTIAL

    @property
    def truncated(self) -> bool:
        """Whether the capture cut this header."""
        return bool(self.status & layout.TRUNCATED)

    @property
    def quoted(self) -> bool:
        """Whether it is part of a packet that an error message quotes."""
        return bool(self.status & layout.QUOTED)

    @property
    def is_fragment(self) -> bool:
        """Whether what it carries is the middle of something."""
        return bool(self.status & layout.FRAGMENT)

    @property
    def malformed(self) -> str:
        """Why the header contradicts itself or its parent; empty when it does not."""
        status = self.status
        name = self.label or self.name
        if status & layout.SHORT and not self.unfinished:
            there = max(self.end - self.start, 0)
            return f"{name} does not fit in the {there} octets that are left for it"
        if status & layout.BAD_LENGTH:
            return f"{name} gives its header fewer than {self.declaration.fixed} octets"
        if status & layout.BAD_END:
            return f"{name} says it ends inside its own header"
        if status & layout.LONG_END and not self.unfinished:
            return f"{name} says it ends beyond what carries it"
        if status & layout.TOO_DEEP:
            if self.is_option or (self.below is not None and self.below.is_option):
                return "options in options, deeper than they are read"
            return f"more than {layout.MOST_LAYERS} headers"
        return self._found().malformed if self.declaration.has_body else ""

    @property
    def unfinished(self) -> bool:
        """Whether its end is elsewhere: behind what was captured, in another segment or fragment."""
        if self.streamed and self.status & (layout.SHORT | layout.LONG_END):
            return True
        if self.status & layout.TRUNCATED:
            return True
        layer = self.below
        while layer is not None:
            if layer.status & layout.LONG_END or layer.continued:
                return True
            layer = layer.below
        return False

    @property
    def continued(self) -> bool:
        """Whether what it carries goes on in another fragment."""
        return False

    @property
    def payload(self) -> bytes:
        """The octets that the header carries, as far as they were captured."""
        last = self.extensions[-1] if self.extensions else self
        return self.octets[last.stop : last.end]

    @property
    def payload_length(self) -> int:
        """Octets that the header carries, captured or not."""
        last = self.extensions[-1] if self.extensions else self
        return max(int(last.end) - last.stop, 0)

    # -- reading by field ---------------------------------------------------------------------------------

    def total(self, rule: Linear) -> int:
        """A length rule, worked out for this header."""
        total = rule.plus
        for field, times in rule.terms:
            octets = field.covered(self)
            value = int.from_bytes(octets, "little" if field.little else "big")
            total += (value >> field.shift & field.mask) * times
        return total

    def position(self, field: Field) -> tuple[int, int] | None:
        """Where a wire field stands in the frame, `(start, stop)`; None when it is not there, or not wholly."""
        outer = field.parent if field.parent is not None and field.place == WIRE else field
        if self.declaration.fields.get(outer.attribute, outer) is not outer:
            return None  # a member of a family says it in its own words
        if outer is not field and field.when is not None and not field.when.holds(self):
            return None
        if outer in self.declaration.tail or outer.place == ELSEWHERE:
            place = self._tail().get(outer.attribute)
            if place is None:
                return None
            return (place[0] + field.at, place[0] + field.at + field.size) if field is not outer else place
        start = self.start + field.at
        return (start, start + field.size) if start + field.size <= self.stop else None

    def _tail(self) -> dict[str, tuple[int, int]]:
        """Where the fields behind the fixed part stand.  What is cut is left out, with all behind it."""
        places: dict[str, tuple[int, int]] = {}
        if not self.whole:
            return places
        at = self.start + self.declaration.fixed
        for field in self.declaration.tail:
            if field.when is not None and not field.when.holds(self):
                continue
            stop = at + field.extent(self, at)
            if stop > self.stop:
                if field.bits is None and at < self.stop and not isinstance(field, Repeat):
                    places[field.attribute] = (at, self.stop)
                break
            if stop > at or field.bits is not None or getattr(field, "length", None) is not None:
                places[field.attribute] = (at, stop)  # but no rest, where nothing is left
            at = stop
        for area in self.declaration.distant:
            place = area.where(self) if area.where is not None else None
            if place is not None and self.stop <= place[0] < place[1] <= len(self.octets):
                places[area.attribute] = place
        return places

    def values(self, field: Field) -> list[Any]:
        """Every value of `field` in this header, in order; empty when it is not there."""
        if field.place == DERIVED:
            value = field.work_out(self)  # type: ignore[attr-defined]
            return [] if value is None else [value]
        if isinstance(field, Either):
            return [value for inner in field.fields for value in self.values(inner)]
        if field.place == FOUND:
            return self._found().values.get(field, [])
        if field.place == ITSELF:
            return [self.octets[self.start : self.stop]]
        if field.place == REPEATED:
            place = self._tail().get(field.parent.attribute) if field.parent else None
            if place is None or not isinstance(field.parent, Repeat):
                return []
            at, size = field.at, field.size
            return [field.read(self, row + at, row + at + size) for row in field.parent.rows(*place)]
        place = self.position(field)
        return [] if place is None else [field.read(self, *place)]

    def get(self, name: str) -> Any:
        """The first value of the field with this full or short name, None when it is not there."""
        named = [field for field in self.declaration.fields.values() if name in (field.name, field.attribute)]
        if not named:
            return getattr(self, name, None)
        return next((value for field in named for value in self.values(field)), None)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            for extension in self.extensions:
                if hasattr(type(extension), name):
                    return getattr(extension, name)
        raise AttributeError(f"{self.name} has no field {name!r}")

    def _options(self, field: Options) -> list[Option]:
        """The options in an area, in order."""
        place = self._tail().get(field.attribute)
        if place is None:
            return []
        cache = self._cached()
        if field.attribute not in cache:
            from dissectors.options import split  # options are headers, so not above

            cache[field.attribute] = split(self, field.family, *place)
        return cache[field.attribute]  # type: ignore[no-any-return]

    def _cached(self) -> dict[str, Any]:
        if self.cache is None:
            self.cache = {}
        return self.cache

    def _found(self) -> Body:
        """What `body` finds, run once."""
        cache = self._cached()
        if "body" not in cache:
            cache["body"] = Body(self)
        return cache["body"]  # type: ignore[no-any-return]

    # -- for views ----------------------------------------------------------------------------------------

    def items(self) -> Iterator[Item]:
        """Every field that is there, in order, with its octets; options and repeated rows as groups."""
        yield from self.own_items()
        for extension in self.extensions:
            yield from extension.items()

    def own_items(self) -> Iterator[Item]:
        """As items, without what continues the header."""
        data = self.octets
        for field in self.declaration.fixed_fields:
            start = self.start + field.at
            if start + field.size > self.stop:
                return
            yield self._item(field, data, start)
        for attribute, (start, stop) in self._tail().items():
            field = self.declaration.fields[attribute]
            if isinstance(field, Options):
                if stop > start:
                    children = [
                        group(option.title, option.start, option.stop, list(option.items()))
                        for option in self._options(field)
                    ]
                    yield group(field.meaning, start, stop, children)
            elif isinstance(field, Repeat):
                for row in field.rows(start, stop):
                    inner = [self._item(each, data, row + each.at) for each in field.fields.values()]
                    if len(inner) == 1:
                        yield inner[0]
                    else:
                        yield group(field.meaning, row, row + field.row, inner)
            else:
                if field.bits is None:
                    yield Item(field, field.read(self, start, stop), start, stop)
                else:
                    yield self._item(field, data, start)
        for field in self.declaration.derived:
            value = field.work_out(self)  # type: ignore[attr-defined]
            if value is not None:
                yield Item(field, value, self.start, self.start)
        if self.declaration.has_body:
            yield from self._found().items

    def _item(self, field: Field, data: bytes, start: int) -> Item:
        stop = start + field.size
        children = [
            Item(part, part.decode(data, start + part.at - field.at, start + part.at - field.at + part.size),
                 start + part.at - field.at, start + part.at - field.at + part.size)
            for part in field.parts.values()
            if part.when is None or part.when.holds(self)
        ]
        return Item(field, field.read(self, start, stop), start, stop, children)

    def found(
        self, attribute: str, value: Any, start: int, stop: int, children: list[Item] | None = None
    ) -> Item:
        """For `body`: an item of the declared field `attribute`, whose octets are `data[start:stop]` of the frame."""
        return Item(self.declaration.fields[attribute], value, start, stop, children)

    def body(self) -> Iterator[Item]:
        """What fields cannot express: yields Items for `data[stop:end]`; may raise Malformed, and nothing else."""
        return iter(())

    def inside(self) -> Iterator[Header]:
        """The headers right inside this one: the options of its areas, and what `body` found."""
        for area in self.declaration.areas:
            yield from self._options(area)
        if self.declaration.has_body:
            yield from self._found().headers

    @classmethod
    def recognises(cls, payload: bytes) -> bool:
        """Whether `payload` looks like this protocol: asked before a port or a guess (`guessed_in`) is believed."""
        return True

    def info(self) -> str | None:
        """The line that says what matters, for the text view; None leaves the word to the header below."""
        return None

    def __repr__(self) -> str:
        fields = (
            f"{item.field.attribute}={item.field.describe(item.value)}"
            for item in self.items()
            if item.field is not None
        )
        return f"<{self.label or self.name} {' '.join(fields)}>"


class Body:
    """What a header's `body` found: the items, and from them the headers and the values by field."""

    def __init__(self, layer: Header) -> None:
        self.items: list[Item] = []
        self.malformed = ""
        try:
            for item in layer.body():
                self.items.append(item)
        except Missing as problem:
            self.malformed = "" if layer.unfinished else str(problem)
        except Malformed as problem:
            self.malformed = str(problem)
        self.values: dict[Field, list[Any]] = {}
        self.headers: list[Header] = []
        for top in self.items:
            self._gather(top)

    def _gather(self, item: Item) -> None:
        if isinstance(item.value, Header):
            self.headers.append(item.value)
            return
        if item.field is not None:
            self.values.setdefault(item.field, []).append(item.value)
        for child in item.children:
            self._gather(child)


class Malformed(Exception):
    """Raised by a `body` when the octets contradict themselves; what was yielded before it stays."""


class Missing(Malformed):
    """Raised by a `body` that needs octets beyond the end of its header: no contradiction where the end was cut off."""


class Selector(Header):
    """A choice that reads ahead and takes no octets: an edge that depends on what follows it.

    Where there is too little to look at, the default of its `next` is taken.  With `back`, it begins to read that
    many octets before its place: a choice that depends on the header before it, which must be at least as long.
    """

    selector = True


class Option(Header):
    """One option of an area.  The family's own class declares how options are delimited.

    A family is a direct subclass: `members = by(kind)` is the table that leads to its members, `end` the octets of
    a whole option; `single` are the kinds that stand alone without a length, `last` those that end the area,
    `align` the multiple of octets that each is padded to.  A member subclasses the family and adds its own
    fields behind the family's; a kind without a member is shown as the family itself, or the default of `by`.
    A member that declares `members` of its own is a family within the family; one that declares a field of the
    family once more says it in its own words.

    `strict` families take an option for what its kind says only where its length is what the fields of that kind
    take and within the area: a TCP that meets a maximum segment size of five octets does not believe it either.

    The name of a member of the family, asked for as a field, gives the octets of the option.
    """

    is_option = True
    single: ClassVar[tuple[int, ...]] = ()
    last: ClassVar[tuple[int, ...]] = ()
    align: ClassVar[int] = 1
    strict: ClassVar[bool] = False

    @property
    def malformed(self) -> str:
        rule = self.declaration.members
        if not self.status & layout.BAD_LENGTH or rule is None:
            return super().malformed
        kind = rule.fields[0]
        return f"{kind.describe(next(iter(self.values(kind)), None))} cannot be {self.end - self.start} octets"

    @classmethod
    def member(cls, kind: int | tuple[int, ...] | None, title: str, **fields: Field) -> type[Option]:
        """Declare a member in one call: its kind, its title with the reference in brackets, its fields.

        It goes by the name of the family.  `kind` None is for every kind that nobody declares.
        """
        rule = cls.declaration.members
        assert rule is not None, f"{cls.__name__} is no family"
        follows = {} if kind is None else {rule.table or rule.fields[0].name: kind}
        body = {"__doc__": title, "name": cls.name, "prefix": cls.prefix, "follows": follows, **fields}
        member = cast("type[Option]", HeaderType(title, (cls,), body))
        if kind is None:
            rule.default = member
        return member
