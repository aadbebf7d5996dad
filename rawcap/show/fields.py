"""`-T fields`: chosen fields in columns, as `tshark -T fields` prints them.

A column is the name of a field, of a protocol (whose title it then shows), or one of tshark's names for what the
text view shows: `_ws.col.protocol`, `_ws.col.info`, `_ws.col.def_src` and the like.

The way from a header to its cells is worked out once for each class of header. This is the view that others read
in bulk, so a packet costs only what its columns ask for: options are looked at only when one of them is a column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dissectors.fields import Field
from dissectors.graph import Graph, nearest
from dissectors.header import Header
from dissectors.packet import Packet
from dissectors.printable import printable
from rawcap.show.summary import Summary, summarise


def _elapsed(packet: Packet, summary: Summary) -> str:
    """The time that the text view shows, to the nanosecond."""
    fields = packet.interface.graph.fields["frame.time_relative"]
    return "".join(fields[0].text(value) for value in packet.values("frame.time_relative"))


# The columns of the text view, by the names that Wireshark's versions have for them.
_COLUMNS: dict[str, Callable[[Packet, Summary], str]] = {
    "_ws.col.no.": lambda packet, summary: str(packet.number),
    "_ws.col.number": lambda packet, summary: str(packet.number),
    "_ws.col.time": _elapsed,
    "_ws.col.cls_time": _elapsed,
    "_ws.col.rel_time": _elapsed,
    "_ws.col.source": lambda packet, summary: summary.source,
    "_ws.col.def_src": lambda packet, summary: summary.source,
    "_ws.col.destination": lambda packet, summary: summary.destination,
    "_ws.col.def_dst": lambda packet, summary: summary.destination,
    "_ws.col.protocol": lambda packet, summary: summary.protocol,
    "_ws.col.length": lambda packet, summary: str(packet.length),
    "_ws.col.packet_length": lambda packet, summary: str(packet.length),
    "_ws.col.info": lambda packet, summary: summary.info,
}

@dataclass(frozen=True)
class Style:
    """How cells are printed: the settings of tshark's `-E`, with its defaults."""

    header: bool = False
    bom: bool = False
    separator: str = "\t"
    occurrence: str = "a"
    aggregator: str = ","
    quote: str = ""
    escape: bool = True


SETTINGS = {
    "header": "y or n: the names of the fields as the first line",
    "bom": "y or n: begin with the UTF-8 byte order mark",
    "separator": "/t, /s or a character: what stands between columns",
    "occurrence": "f, l or a: of several values the first, the last or all",
    "aggregator": "a comma, /s or a character: what stands between several values",
    "quote": "d, s or n: double quotes, single quotes or none around a cell",
    "escape": "y or n: control characters as escapes",
}

_CHARACTERS = {"/t": "\t", "/s": " "}
_YES_OR_NO = {"y": True, "n": False}
_CHOICES: dict[str, dict[str, Any]] = {
    "header": _YES_OR_NO,
    "bom": _YES_OR_NO,
    "occurrence": {"f": "f", "l": "l", "a": "a"},
    "quote": {"d": '"', "s": "'", "n": ""},
    "escape": _YES_OR_NO,
}


def style(settings: Sequence[str]) -> Style:
    """The style that settings like "separator=," ask for.

    Raises ValueError, with one line for a user, for a setting that there is not.
    """
    chosen: dict[str, Any] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in SETTINGS:
            raise ValueError(f"there is no setting {name!r}; there are {', '.join(SETTINGS)}")
        if name in _CHOICES:
            chosen[name] = _CHOICES[name].get(value)
        else:
            chosen[name] = _CHARACTERS.get(value, value[:1] or None)
        if chosen[name] is None:
            raise ValueError(f"{setting!r} is not understood; {name} is {SETTINGS[name]}")
    return Style(**chosen)


def heading(columns: Sequence[str], style: Style) -> str:
    """What stands before the first row."""
    names = style.separator.join(columns) + "\n" if style.header else ""
    return "\ufeff" + names if style.bom else names


class FieldsView:
    """Writes a row of cells for each packet it is shown.

    Raises KeyError, with one line for a user, for a column that nobody declared.
    """

    def __init__(
        self, write: Callable[[str], object], columns: Sequence[str], graph: Graph, style: Style = Style()
    ) -> None:
        self._write = write
        self._style = style
        self._graph = graph
        self._width = len(columns)
        self._fields: list[tuple[int, Field]] = []
        self._protocols: list[tuple[int, str]] = []
        self._summaries: list[tuple[int, Callable[[Packet, Summary], str]]] = []
        for index, name in enumerate(columns):
            if name in graph.fields:
                self._fields += [(index, field) for field in graph.fields[name]]
            elif name in graph.protocols:
                self._protocols.append((index, name))
            elif name.lower() in _COLUMNS:
                self._summaries.append((index, _COLUMNS[name.lower()]))
            else:
                raise KeyError(f"no field {name!r}{nearest(name, [*graph.fields, *_COLUMNS])}")
        owners = {field.owner for _, field in self._fields if field.owner is not None}
        owners |= {graph.protocols[name] for _, name in self._protocols}
        self._frame = any(owner.name == "frame" for owner in owners)
        self._options = [owner for owner in owners if owner.is_option]
        self._plans: dict[type[Header], _Plan] = {}
        if first := heading(columns, style):
            write(first)

    def show(self, packet: Packet) -> None:
        """Write the row of `packet`."""
        cells: list[list[str]] = [[] for _ in range(self._width)]
        if self._frame:
            self._fill(cells, packet.frame)
        for layer in packet.layers:
            self._fill(cells, layer)
        if self._summaries:
            summary = summarise(packet)
            for index, part in self._summaries:
                cells[index].append(part(packet, summary))
        self._write(self._style.separator.join([self._cell(cell) if cell else "" for cell in cells]) + "\n")

    def flush(self) -> None:
        """Nothing waits."""

    def _fill(self, cells: list[list[str]], layer: Header) -> None:
        """Add what a header, its options and what continues it say, in that order, which is the frame's."""
        cls = type(layer)
        plan = self._plans.get(cls)
        if plan is None:
            plan = self._plans[cls] = self._plan(cls)
        for index, read, text in plan.single:
            value = read(layer, cls)
            if value is not None:
                cells[index].append(text(value))
        for index, field in plan.several:
            cells[index] += map(field.text, layer.values(field))
        for index in plan.titles:
            cells[index].append(layer.title)
        if plan.inside:
            for inner in layer.inside():
                self._fill(cells, inner)
        for extension in layer.extensions:
            self._fill(cells, extension)

    def _cell(self, texts: list[str]) -> str:
        style = self._style
        if len(texts) == 1 or style.occurrence == "f":
            text = texts[0]
        elif style.occurrence == "l":
            text = texts[-1]
        else:
            text = style.aggregator.join(texts)
        if style.escape and not text.isprintable():
            text = printable(text)
        return f"{style.quote}{text}{style.quote}" if style.quote else text

    def _plan(self, cls: type[Header]) -> _Plan:
        plan = _Plan()
        for index, field in self._fields:
            if field.owner is None or not issubclass(cls, field.owner):
                continue
            if _is_fixed(cls, field):
                plan.single.append((index, field.reader().__get__, _writer(field)))
            else:
                plan.several.append((index, field))
        plan.titles = [index for index, name in self._protocols if name == cls.name]
        plan.inside = self._leads_to_column(cls, set())
        return plan

    def _leads_to_column(self, cls: type[Header], seen: set[type[Header]]) -> bool:
        """Whether there may be something inside a header of class `cls` that has a column.

        Known of areas of options, by their family; what a body finds may be any option.
        """
        if cls.declaration.has_body:
            return bool(self._options)
        for area in cls.declaration.areas:
            if area.family not in seen:
                seen.add(area.family)
                members = [each for each in self._graph.headers if issubclass(each, area.family)]
                if any(issubclass(each, option) for each in members for option in self._options):
                    return True
                if any(self._leads_to_column(each, seen) for each in members):
                    return True
        return False


class _Plan:
    """What to do with a header of one class."""

    def __init__(self) -> None:
        self.single: list[tuple[int, Callable[[Header, type[Header]], Any], Callable[[Any], str]]] = []
        """Fields with a fixed place: their column, what reads them from the octets, and what writes their value."""
        self.several: list[tuple[int, Field]] = []
        """Fields that have to be looked for, or may have several values, with their column."""
        self.titles: list[int] = []
        """Columns of the protocol itself."""
        self.inside = False
        """Whether what is inside the header has a column."""


def _is_fixed(cls: type[Header], field: Field) -> bool:
    """Whether a field, or the one that it is a part of, is always there and always in the same place."""
    while field.parent is not None and field.when is None:
        field = field.parent
    return field.when is None and field in cls.declaration.fixed_fields


def _writer(field: Field) -> Callable[[Any], str]:
    """What writes a value of `field`: `str` itself where the field does no more."""
    return str if type(field).text is Field.text else field.text
