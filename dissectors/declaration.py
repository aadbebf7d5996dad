"""A header's class body, read as a declaration: where each field stands, what leads on, which attributes read it.

header.py says what may be declared; this is how it is understood, once, when a protocol's file is imported.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from dissectors import layout
from dissectors.fields import (
    DERIVED,
    ELSEWHERE,
    REPEATED,
    WIRE,
    Condition,
    Either,
    Field,
    Itself,
    Linear,
    Options,
    Repeat,
    Uint,
    linear,
)
from dissectors.graph import graph
from dissectors.walk import AreaReader, View

if TYPE_CHECKING:
    from dissectors.header import Header

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


class Declaration:
    """What a header's class body said, laid out.

    `fixed_fields` are always there, within the `fixed` octets; `tail` are the fields behind them, whose place depends
    on the octets; `length` are the terms that add up to the header's length, with `length_base`.  `takes_all`: the
    header reaches to its end and carries nothing.  `picky`: it has a say in whether it is recognised.
    """

    def __init__(
        self,
        name: str,
        fields: dict[str, Field],
        rules: dict[str, Any],
        inherited: Declaration | None,
        *,
        has_body: bool,
        picky: bool,
        is_option: bool,
        back: int,
    ) -> None:
        self.fields = fields
        self.wire = [field for field in fields.values() if field.place == WIRE]
        self.derived = [field for field in fields.values() if field.place == DERIVED]
        self.distant = [field for field in fields.values() if isinstance(field, Options) and field.place == ELSEWHERE]
        self.follows: dict[str, Any] = rules.get("follows", {})
        self.next: Next | None = rules.get("next")
        self.members: Next | None = rules.get("members")
        self.is_family = self.members is not None and (inherited is None or inherited.members is not self.members)
        self.has_body = has_body
        self.picky = picky
        self.header_length: Linear | None = linear(rules["header_length"]) if "header_length" in rules else None
        self.end: Linear | None = linear(rules["end"]) if "end" in rules else None
        self.fragment: Field | None = rules.get("fragment")
        self._place(name, -8 * back)
        self._measure(name, is_option)

    def _place(self, name: str, bit: int) -> None:
        """Lay out the wire fields: first those that are always there, then the others."""
        self.fixed_fields: list[Field] = []
        self.tail: list[Field] = []
        for field in self.wire:
            if self.tail or field.when is not None or field.bits is None:
                if (field.bits or 0) % 8 or bit % 8:
                    raise TypeError(f"{name}.{field.attribute} must be whole octets, behind the fixed part")
                field.place_at(0)
                self.tail.append(field)
            else:
                field.place_at(bit)
                bit += field.bits
                self.fixed_fields.append(field)
        if bit % 8 and not self.is_family:
            raise TypeError(f"the fixed part of {name} is {bit} bits, not whole octets")
        self.fixed = (bit + 7) // 8  # what a family leaves of its last octet is for the members to say
        for field in self.tail:
            if field.when is not None:
                field.when.settle()
        self.areas = [*(field for field in self.tail if isinstance(field, Options)), *self.distant]
        self.holds = self.has_body or bool(self.areas)  # whether there may be headers inside it
        self.rest: Options | None = None  # the only field of the tail, an area that takes all of it
        if len(self.tail) == len(self.areas) == 1 and not self.distant:
            area = self.areas[0]
            self.rest = area if area.length is None and area.when is None else None

    def _measure(self, name: str, is_option: bool) -> None:
        """Find out how long the header is: by its rule, by its fields' own sizes, or as long as there is something."""
        self.takes_all = False
        self.length: list[tuple[Field, int, Condition | None]] = []
        self.length_base = self.fixed
        if self.header_length is not None:
            self.length = [(field, times, None) for field, times in self.header_length.terms]
            self.length_base = self.header_length.plus
        elif self.next is None and (self.has_body or is_option):
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
            raise TypeError(f"{name} takes all that is there: give header_length to let something follow")


class HeaderType(type):
    """Turns a class body into a declaration with its readers, and enters the header in the graph."""

    def __new__(mcls, cls_name: str, bases: tuple[type, ...], body: dict[str, Any]) -> HeaderType:
        body.setdefault("__slots__", ())
        base = cast("type[Header]", bases[0])
        if base is View:
            return super().__new__(mcls, cls_name, bases, body)
        rules = _rules(body)
        own = {key: body.pop(key) for key in [key for key, value in body.items() if isinstance(value, Field)]}
        body["title"], body["reference"] = _title(body.get("__doc__") or cls_name)
        if "name" in body:
            body.setdefault("prefix", body["name"])
            if "label" not in body and not (base.is_option or body.get("part_of", base.part_of)):
                if base.label in ("", base.name.upper()):  # else what a family of headers is called
                    body["label"] = body["name"].upper()
        prefix = body.get("prefix", base.prefix)
        for key, field in own.items():
            if key in _TAKEN:
                raise TypeError(f"{cls_name}.{key} has another meaning in every header: call it {key}_")
            field.attribute = key
            _name(prefix, field, f"{prefix}.{key.rstrip('_')}")

        inherited: Declaration | None = getattr(base, "declaration", None)
        if inherited is not None:
            if inherited.members and "name" in body and "itself" not in inherited.fields:
                if all(field.name != body["name"] for field in own.values()):
                    own["itself"] = Itself("itself", body["name"])
            for rule in ("header_length", "end", "fragment", "next", "members"):
                if getattr(inherited, rule) is not None:
                    rules.setdefault(rule, getattr(inherited, rule))
        declaration = Declaration(
            cls_name,
            {**(inherited.fields if inherited else {}), **own},
            rules,
            inherited,
            has_body="body" in body or (inherited is not None and inherited.has_body),
            picky="recognises" in body or (inherited is not None and inherited.picky),
            is_option=body.get("is_option", base.is_option),
            back=body.get("back", base.back),
        )
        body["declaration"] = declaration
        fixed = set(map(id, declaration.fixed_fields))
        for key, field in own.items():
            for attribute, reader in _readers(field, id(field) in fixed):
                if attribute == key or not (attribute in body or attribute in own or hasattr(base, attribute)):
                    body[attribute] = reader  # a part never hides another attribute

        header = super().__new__(mcls, cls_name, bases, body)
        for field in own.values():
            _own(cast("type[Header]", header), field)
        if body.get("name"):
            graph.add(cast("type[Header]", header))
            if inherited is not None and inherited.members is not None:
                _name_kinds(inherited.members, declaration.follows, body["title"])
        return header


def _name_kinds(members: Next, follows: dict[str, Any], title: str) -> None:
    """Call the kinds of a family's member as the member is called, where the family has no names for them."""
    if not members.fields:
        return
    field = cast("Uint", members.fields[0])
    kinds = follows.get(members.table or field.name, ())
    for kind in (kinds,) if isinstance(kinds, int) else kinds:
        field.names = {kind: title, **field.names}


def _rules(body: dict[str, Any]) -> dict[str, Any]:
    """Take the rules out of a class body.

    A rule may be a field alone (`end = length`); a field that stands under a rule's name only is no rule but a field.
    """
    rules = {}
    for rule in _RULES:
        value = body.get(rule)
        if value is None:
            continue
        if not isinstance(value, Field) or any(value is other for key, other in body.items() if key != rule):
            rules[rule] = body.pop(rule)
    return rules


def _title(doc: str) -> tuple[str, str]:
    """The first line of a docstring, as the title and the reference in its brackets."""
    line = doc.strip().splitlines()[0].rstrip(".")
    title, bracket, reference = line.rpartition(" (")
    return (title, reference[:-1]) if bracket and reference.endswith(")") else (line, "")


def _name(prefix: str, field: Field, default: str) -> None:
    """Give a field, and those inside it, their full names."""
    field.name = field.name or default
    for key, part in field.parts.items():
        part.attribute = key
        _name(prefix, part, f"{field.name}.{key.rstrip('_')}")
    if isinstance(field, Repeat):
        for key, inner in field.fields.items():
            _name(prefix, inner, f"{prefix}.{key.rstrip('_')}")


def _own(header: type[Header], field: Field) -> None:
    """Tell a field, and those inside it, whose they are."""
    field.owner = header
    for part in field.parts.values():
        _own(header, part)
    if isinstance(field, Repeat):
        for inner in field.fields.values():
            _own(header, inner)


def _readers(field: Field, fixed: bool) -> Iterator[tuple[str, object]]:
    """The attributes that read a field, its parts and its repeated fields."""
    if field.place == DERIVED:
        yield field.attribute, property(field.work_out, doc=field.meaning)
        return
    yield field.attribute, field.reader() if fixed else _seeker(field)
    for key, part in field.parts.items():
        yield key, part.reader() if fixed and part.when is None else _seeker(part)
    if isinstance(field, Repeat):
        for key, inner in field.fields.items():
            yield key, _seeker(inner)


def _seeker(field: Field) -> property | AreaReader:
    """A field that is looked for: behind the fixed part, or found by body, or repeated."""
    if isinstance(field, Options):
        return AreaReader(field, field.attribute)
    if field.place == REPEATED or isinstance(field, Either):
        return property(lambda layer: layer.values(field), doc=field.meaning)
    return property(lambda layer: next(iter(layer.values(field)), None), doc=field.meaning)
