"""Options: an area of kind, length and value, cut into headers of their own.

How a family delimits its options is said by its class (header.Option); this file only follows it.  Bounded by the
area: every option takes at least one octet, and options in options are read to a fixed depth.
"""
from __future__ import annotations

from typing import cast

from dissectors import layout
from dissectors.graph import Graph
from dissectors.header import Header, Option

MOST_NESTED = 16


def split(layer: Header, family: type[Option], start: int, stop: int) -> list[Option]:
    """The options of `family` in `data[start:stop]` of the frame, in order.

    An option that does not fit keeps what is there and says so; what stands behind it is not read.
    """
    captured = layer.captured
    graph = captured.interface.graph
    compiled = graph.compiled
    data = captured.data
    declared = family.declaration
    options: list[Option] = []
    if _depth(layer) >= MOST_NESTED:
        layer.status |= layout.TOO_DEEP
        return options
    while start < stop:
        kind = _kind(family, data, start, stop)
        if kind in family.single:
            cls = cast("type[Option]", graph.member(family, kind))
            options.append(cls(captured, start, start + 1, start + 1, layout.PARTIAL, layer))
            start += 1
            if kind in family.last:
                break
            continue
        end = stop
        bad = 0
        if start + declared.fixed > stop:
            bad = layout.TRUNCATED if layer.unfinished else 0
        elif declared.end is not None:
            end = start + declared.end.total(data, start)
            if end < start + declared.fixed:
                bad = layout.BAD_END
            elif end > stop:
                bad = layout.TRUNCATED if layer.unfinished else layout.LONG_END
        if bad:
            end = stop
        cls = _narrowed(graph, family, data, start, end)
        option = compiled.walker.layers(captured, compiled.node_of[cls], start, end, layer)[0]
        if family.strict and not bad & layout.TRUNCATED and (bad or not _filled(option)):
            cls = cast("type[Option]", graph.member(family, -1))
            option = compiled.walker.layers(captured, compiled.node_of[cls], start, end, layer)[0]
            bad = bad or layout.BAD_LENGTH
        option.status |= bad
        options.append(option)
        if bad & ~layout.BAD_LENGTH or kind in family.last:
            break
        start = end + (start - end) % family.align
    return options


def _kind(family: type[Header], data: bytes, start: int, stop: int) -> int:
    """What tells the members of `family` apart, -1 where it is not there."""
    rule = family.declaration.members
    if rule is None:
        return -1
    field = rule.fields[0]
    at = start + field.at
    return int(field.decode(data, at, at + field.size)) if at + field.size <= stop else -1


def _narrowed(graph: Graph, family: type[Option], data: bytes, start: int, stop: int) -> type[Option]:
    """The member of `family` that stands in `data[start:stop]`, and its member where it is a family itself."""
    cls, rule = family, None
    while cls.declaration.members is not rule:
        rule = cls.declaration.members
        cls = cast("type[Option]", graph.member(cls, _kind(cls, data, start, stop)))
    return cls


def _filled(option: Header) -> bool:
    """Whether the fields take all octets of an option, neither more nor less; a body, or a family, may leave some."""
    if not option.whole:
        return False
    declared = option.declaration
    if declared.has_body or declared.is_family:
        return True
    return max((stop for _, stop in option._tail().values()), default=option.start + declared.fixed) == option.stop


def member(layer: Header, family: type[Option], kind: int, start: int, stop: int) -> Header | None:
    """The member of `family` in `data[start:stop]`, where its kind stands elsewhere; None when there is nothing."""
    return nested(layer, layer.captured.interface.graph.member(family, kind), start, stop)


def nested(layer: Header, header: type[Header] | str, start: int, stop: int) -> Header | None:
    """The header of a class or a protocol's name in `data[start:stop]`, inside `layer`; None when there is nothing."""
    captured = layer.captured
    graph = captured.interface.graph
    if _depth(layer) >= MOST_NESTED:
        layer.status |= layout.TOO_DEEP
        return None
    cls = graph.protocols[header] if isinstance(header, str) else header
    found = graph.compiled.walker.layers(captured, graph.compiled.node_of[cls], start, stop, layer)
    return found[0] if found else None


def _depth(layer: Header | None) -> int:
    """In how many options a header stands."""
    depth = 0
    while layer is not None:
        depth += layer.is_option
        layer = layer.below
    return depth
