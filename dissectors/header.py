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
    message_length  where a message ends that may go on in another segment of a stream of octets
    guessed_in      protocols in which it may be found by content, where no edge leads on
    recognises      whether a payload looks like it; asked before a port or a guess is believed
    quotation       where a header that quotes does so in the middle of itself
    info            the line that says what matters (default: the first fields)

Bounds were checked once, by the walker: an accessor cannot fail.  What was cut off reads as None.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, cast

from dissectors import layout
from dissectors.declaration import Declaration, HeaderType, always, by, by_port, by_table
from dissectors.fields import (
    DERIVED,
    ELSEWHERE,
    FOUND,
    ITSELF,
    REPEATED,
    WIRE,
    Either,
    Field,
    Linear,
    NotNoted,
    Options,
    Repeat,
)
from dissectors.items import Item, Malformed, Missing, group
from dissectors.options import split
from dissectors.printable import printable
from dissectors.walk import View, goes_on, may_contradict

__all__ = [
    "UNTIL_CLOSE", "Header", "Item", "Malformed", "Missing", "Option", "Selector",
    "always", "by", "by_port", "by_table", "group", "inner",
]  # fmt: skip


UNTIL_CLOSE = -1
"""In place of the length of a message that ends where its sender closes the connection."""

_MOST_TOLD = 6  # fields in a line that no header wrote itself


class Header(View, metaclass=HeaderType):
    """One header in one frame.  `packet.data[start:stop]` is the header, what it carries reaches to `end`.

    `end` is where it ended on the wire, which may lie beyond a capture that was cut; `below` is the header that
    carries this one, `predecessor` the one of its kind that it follows there, `extensions` those that continue it
    under the same name.
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
    continued: bool = False
    """Whether what it carries goes on in another fragment; a property where that can be."""
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
    def contradiction(self) -> str:
        """Why the header, or something inside it, contradicts itself; empty when nothing does."""
        if not may_contradict(self):
            return ""
        if (self.status or self.declaration.has_body) and (reason := self.malformed):
            return reason
        for each in self.inside():
            if reason := each.contradiction:
                return reason
        for extension in self.extensions:
            if reason := extension.contradiction:
                return reason
        return ""

    @property
    def unfinished(self) -> bool:
        """Whether its end is elsewhere: behind what was captured, in another segment or fragment."""
        if self.streamed and self.status & (layout.SHORT | layout.LONG_END):
            return True
        if self.status & layout.TRUNCATED:
            return True
        return goes_on(self.below)

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
        return rule.total(self.octets, self.start)

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
        if not self.declaration.tail and not self.declaration.distant:
            return {}
        cache = self._cached()
        if "_tail" not in cache:
            cache["_tail"] = self._find_tail()
        return cache["_tail"]  # type: ignore[no-any-return]

    def _find_tail(self) -> dict[str, tuple[int, int]]:
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
            value = field.work_out(self)
            return [] if value is None else [*value] if isinstance(value, tuple) else [value]
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

    def noted(self, field: Field) -> Any:
        """The value of a field that takes more than one packet to know; None where there is none.

        Raises NotNoted for a packet on which nobody took notes.
        """
        notes = self.captured.notes
        if notes is None:
            raise NotNoted(f"{field.name} takes more than one packet to know: name it in `needs` when reading")
        return notes.get(field.name)

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
        """Look for the options in an area, in order; kept for those who ask again."""
        declared = self.declaration
        place: tuple[int, int] | None = (self.start + declared.fixed, self.stop)
        if field is not declared.rest or self.status & layout.PARTIAL:
            place = self._tail().get(field.attribute)
        options = split(self, field.family, *place) if place is not None else []
        self._cached()[field.attribute] = options
        return options

    def _cached(self) -> dict[str, Any]:
        if self.cache is None:
            self.cache = {}
        return self.cache

    def _found(self) -> Body:
        """What `body` finds, run once."""
        cache = self._cached()
        if "_body" not in cache:
            cache["_body"] = Body(self)
        return cache["_body"]  # type: ignore[no-any-return]

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
                        for option in getattr(self, field.attribute)
                    ]
                    yield group(field.meaning, start, stop, children)
            elif isinstance(field, Repeat):
                for number, row in enumerate(field.rows(start, stop)):
                    inner = [self._item(each, data, row + each.at) for each in field.fields.values()]
                    if len(inner) == 1 and field.heading is None:
                        yield inner[0]
                    else:
                        title = field.meaning if field.heading is None else field.heading(self, number)
                        yield group(title, row, row + field.row, inner)
            else:
                if field.bits is None:
                    if stop > start:
                        yield Item(field, field.read(self, start, stop), start, stop)
                else:
                    yield self._item(field, data, start)
        for field in self.declaration.derived:
            if field.noted and self.captured.notes is None:
                continue
            for value in self.values(field):
                yield Item(field, value, self.start, self.start)
        if self.declaration.has_body:
            yield from self._found().items

    def _item(self, field: Field, data: bytes, start: int) -> Item:
        stop = start + field.size
        children = []
        for part in field.parts.values():
            if part.when is None or part.when.holds(self):
                first = start + part.at - field.at
                value = part.decode(data, first, first + part.size)
                children.append(Item(part.within(self), value, first, first + part.size))
        return Item(field.within(self), field.read(self, start, stop), start, stop, children)

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
            yield from getattr(self, area.attribute)
        if self.declaration.has_body:
            yield from self._found().headers

    def quotation(self) -> tuple[type[Header], int, int] | None:
        """Where the beginning of another packet stands inside this header, and its first header (ICMPv6 redirect)."""
        return None

    @classmethod
    def recognises(cls, payload: bytes) -> bool:
        """Whether `payload` looks like this protocol: asked before a port or a guess (`guessed_in`) is believed."""
        return True

    @classmethod
    def message_length(
        cls, octets: bytes | bytearray, start: int = 0, memory: dict[str, int] | None = None
    ) -> int | None:
        """Octets of the message that begins at `octets[start]`, in a stream that TCP carries in segments.

        None where more octets are needed to tell, 0 where no message begins, UNTIL_CLOSE where nothing but the end of
        the stream ends it.  Never raises on octets.  In `memory`, a dictionary that is kept as long as more octets of
        the same message are waited for, a rule may note how far it has looked.  By default a protocol has no messages
        that go on in another segment.
        """
        return 0

    def info(self) -> str | None:
        """The line that says what matters, for the text view; None leaves the word to the header below.

        A protocol that can carry nothing is what its packet is about: it tells its first fields, as long as it says
        nothing better.  A name with a dot is that of a part, no protocol's.
        """
        if self.declaration.next is not None or self.is_option or self.part_of or "." in self.name:
            return None
        told = [
            f"{field.attribute.rstrip('_')}={field.within(self).describe(value)}"
            for field in self.declaration.fixed_fields[:_MOST_TOLD]
            if field.attribute not in (self.addresses or ())
            for value in self.values(field)
        ]
        return " ".join(told) or None

    def __repr__(self) -> str:
        fields = (
            f"{item.field.attribute}={printable(item.field.describe(item.value))}"
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


def inner(header: Header, title: str = "") -> Item:
    """A header that `body` found inside its own, as a group: its fields are then found as those of options are."""
    return Item(None, header, header.start, header.stop, list(header.items()), title or header.title)


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
    def filled(self) -> bool:
        """Whether the fields take all octets of the option, neither more nor less."""
        behind = self.start + self.declaration.fixed
        return max((stop for _, stop in self._tail().values()), default=behind) == self.stop

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
