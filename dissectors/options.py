"""Options: an area of kind, length and value, cut into headers of their own.

How a family delimits its options is said by its class (header.Option); this file only follows it.  Bounded by the
area: every option takes at least one octet, and options in options are read to a fixed depth.
"""
from __future__ import annotations

from typing import cast

from dissectors import layout
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
    members = declared.members
    kind_field = members.fields[0] if members is not None else None
    options: list[Option] = []
    if _depth(layer) >= MOST_NESTED:
        layer.status |= layout.TOO_DEEP
        return options
    while start < stop:
        kind = -1
        if kind_field is not None and start + kind_field.at + kind_field.size <= stop:
            at = start + kind_field.at
            kind = kind_field.decode(data, at, at + kind_field.size)
        cls = cast("type[Option]", graph.member(family, kind))
        if kind in family.single:
            options.append(cls(captured, start, start + 1, start + 1, layout.PARTIAL, layer))
            start += 1
            if kind in family.last:
                break
            continue
        end = stop
        if start + declared.fixed <= stop and declared.end is not None:
            end = start + cls(captured, start, stop, stop).total(declared.end)
        bad = layout.BAD_END if end < start + declared.fixed else layout.LONG_END if end > stop else 0
        if bad:
            end = stop
        option = compiled.walker.layers(captured, compiled.node_of[cls], start, end, layer)[0]
        option.status |= bad
        options.append(option)
        if bad or kind in family.last:
            break
        start = end + (start - end) % family.align
    return options


def _depth(layer: Header | None) -> int:
    """In how many options a header stands."""
    depth = 0
    while layer is not None:
        depth += layer.is_option
        layer = layer.below
    return depth
