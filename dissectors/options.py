"""Options: an area of kind, length and value, cut into headers of their own.

How a family delimits its options is said by its class (header.Option); this file only follows it.  Bounded by the
area: every option takes at least one octet, and options in options are read to a fixed depth.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from dissectors import layout
from dissectors.walk import depth

if TYPE_CHECKING:
    from dissectors.graph import Compiled
    from dissectors.header import Header, Option

MOST_NESTED = 16


def split(layer: Header, family: type[Option], start: int, stop: int) -> list[Option]:
    """The options of `family` in `data[start:stop]` of the frame, in order.

    An option that does not fit keeps what is there and says so; what stands behind it is not read.
    """
    if depth(layer) >= MOST_NESTED:
        layer.status |= layout.TOO_DEEP
        return []
    compiled: Compiled = layer.captured.interface.graph.compiled
    return compiled.walker.split(layer, compiled.node_of[family], start, stop)


def member(layer: Header, family: type[Option], kind: int, start: int, stop: int) -> Header | None:
    """The member of `family` in `data[start:stop]`, where its kind stands elsewhere; None when there is nothing."""
    return nested(layer, layer.captured.interface.graph.member(family, kind), start, stop)


def nested(layer: Header, header: type[Header] | str, start: int, stop: int) -> Header | None:
    """The header of a class or a protocol's name in `data[start:stop]`, inside `layer`; None when there is nothing."""
    captured = layer.captured
    graph = captured.interface.graph
    if depth(layer) >= MOST_NESTED:
        layer.status |= layout.TOO_DEEP
        return None
    cls = graph.protocols[header] if isinstance(header, str) else header
    found = graph.compiled.walker.layers(captured, graph.compiled.node_of[cls], start, stop, layer)
    return found[0] if found else None
