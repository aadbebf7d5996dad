"""`-T json`: one packet a line, each line a JSON object (RFC 8259) of ASCII characters.

    {"number":1,"time":"2023-11-14T22:13:20.000000001Z","time_ns":1700000000000000001,"layers":[
      {"layer":"frame","frame.number":1,"frame.len":74,...},
      {"layer":"eth","octets":[0,14],"eth.dst":"02:00:00:00:00:02",...},
      {"layer":"tcp","octets":[34,54],"tcp.srcport":49152,"tcp.flags":2,"tcp.flags.syn":true,...,
       "groups":[{"title":"options","octets":[54,58],"groups":[
         {"title":"Maximum segment size","octets":[54,58],"tcp.option_kind":2,"tcp.options.mss_val":1460}]}]}]}

(here broken into lines, which the output is not). The format:

number, time, time_ns   of the frame. `time_ns` is exact, in nanoseconds since the epoch; both are null where the
                        file keeps no time.
layers                  the frame itself, then every header, outermost first, then `data` for what is left.
layer                   the protocol's name.
octets                  where a header or group stands in the frame: the first octet, and the one behind the last.
reassembled             true, and only there when so: the header stands in a message that was put together from several
                        segments (`tcp.segment` has their packets), and octets are counted from its beginning.
truncated, quoted       true, and only there when so: cut off by the capture; part of a packet that an error quotes.
malformed               how the header, or something inside it, contradicts itself; only there when it does.
groups                  what has a heading of its own, in order: options, records, rows. Each has a `title`, fields
                        and may have further groups.

Every other key is a field by its full name, the name that display filters use. A field that repeats by its
declaration is always a list; any other is a list only where one group has it more than once. Values are numbers,
true or false, or strings: addresses and text as they are read, octets in hexadecimal, times in seconds with nine
digits (as a string, since a JSON number would lose some). Fields that are not there have no key.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from dissectors.fields import Field, Repeat
from dissectors.header import Header, Item
from dissectors.packet import Packet
from rawcap.show.detail import header_stop

_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


class JsonView:
    """Writes each packet it is shown as one line of JSON."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def show(self, packet: Packet) -> None:
        """Write `packet`."""
        self._write(_encode(as_object(packet)) + "\n")

    def flush(self) -> None:
        """Nothing waits."""


def as_object(packet: Packet) -> dict[str, Any]:
    """A packet as the object that the module's docstring describes."""
    return {
        "number": packet.number,
        "time": _iso(packet.time_ns),
        "time_ns": packet.time_ns,
        "layers": [_layer(packet.frame), *(_layer(layer, packet.is_reassembled(layer)) for layer in packet.layers)],
    }


def _layer(layer: Header, reassembled: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"layer": layer.name}
    if layer.name != "frame":
        found["octets"] = [layer.start, header_stop(layer)]
    if reassembled:
        found["reassembled"] = True
    if layer.truncated:
        found["truncated"] = True
    if layer.quoted:
        found["quoted"] = True
    if reason := layer.contradiction:
        found["malformed"] = reason
    return _fill(found, layer.items())


def _fill(found: dict[str, Any], items: Iterable[Item]) -> dict[str, Any]:
    """Add fields, and groups as objects of their own, to an object."""
    groups: list[dict[str, Any]] = []
    _gather(found, groups, items)
    if groups:
        found["groups"] = groups
    return found


def _gather(found: dict[str, Any], groups: list[dict[str, Any]], items: Iterable[Item]) -> None:
    for item in items:
        field = item.field
        if field is None:
            groups.append(_fill({"title": item.title, "octets": [item.start, item.stop]}, item.children))
            continue
        value = _value(field, item.value)
        if field.name not in found:
            found[field.name] = [value] if _is_list(field) else value
        elif isinstance(found[field.name], list):
            found[field.name].append(value)
        else:
            found[field.name] = [found[field.name], value]
        _gather(found, groups, item.children)


def _is_list(field: Field) -> bool:
    """Whether a field repeats by its declaration; in a row of several fields it is the row, a group, that repeats."""
    return isinstance(field.parent, Repeat) and len(field.parent.fields) == 1


def _value(field: Field, value: Any) -> Any:
    if field.type == "time":
        return field.text(value)
    if field.type == "none":
        return True
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def _iso(time_ns: int | None) -> str | None:
    """A moment as RFC 3339 writes it, in UTC; null for one that has no such form, before the year 0 or after 9999."""
    if time_ns is None:
        return None
    second, rest = divmod(time_ns, 1_000_000_000)
    try:
        moment = time.gmtime(second)
    except (OverflowError, OSError, ValueError):
        return None
    if not 0 <= moment.tm_year <= 9999:
        return None
    return f"{moment.tm_year:04d}-{time.strftime('%m-%dT%H:%M:%S', moment)}.{rest:09d}Z"
