"""`-T detail`: the layers of a packet as a tree, with every field, where it stands, its value and its meaning.

    Internet Protocol version 4 (RFC 791, 3.1), octets 14–33
        14  ip.version   0100 .... = 4   4
        14  ip.hdr_len   .... 0101 = 20  header, octets
     16–17  ip.len       60              header and data, octets

Octets count from the beginning of the frame, or, in a message that came in several segments, from its own; a line
before its first layer says so. A field that takes no whole octets is drawn as its bits, most
significant first, between dots for the bits that belong to others. A field without octets is not on the wire but
worked out from what is.

On a terminal nothing leaves its column: a meaning goes on below itself where there is room for _FEWEST characters of
it, else it is cut; a longer value goes on below itself, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from dissectors.fields import WIRE, Field
from dissectors.header import Header, Item
from dissectors.packet import Packet
from dissectors.printable import printable
from rawcap.show import clock, colours
from rawcap.show.colours import Paint
from rawcap.show.columns import columns, cut, wrapped
from rawcap.show.summary import has_bad_checksum

_LONGEST_BYTES = 24
_WIDEST_VALUE = 40
_MOST_DRAWN_OCTETS = 4
_FEWEST = 20


class _Row(NamedTuple):
    """A line of the tree: `depth` is how far below its layer it stands, `level` in how many groups."""

    place: str
    depth: int
    level: int
    name: str
    value: str
    meaning: str


class DetailView:
    """Writes the tree of each packet it is shown, with an empty line between two.

    `width` is that of the terminal, None where lines may be of any length.
    """

    def __init__(self, write: Callable[[str], object], *, paint: Paint, width: int | None = None) -> None:
        self._write = write
        self._paint = paint
        self._width = width
        self._first = True

    def show(self, packet: Packet) -> None:
        """Write the tree of `packet`."""
        self._write("" if self._first else "\n")
        self._first = False
        for line in self.lines(packet):
            self._write(line + "\n")

    def flush(self) -> None:
        """Nothing waits."""

    def lines(self, packet: Packet) -> Iterator[str]:
        """The tree of `packet`, line by line."""
        wide = 2 * len(str(len(packet.data) - 1)) + 1
        yield self._paint(_frame_heading(packet), colours.BOLD)
        yield from self._tree(list(_rows(packet.frame.items(), packet.data)), wide)
        before: Header = packet.frame
        for layer in packet.layers:
            if packet.is_reassembled(layer) and not packet.is_reassembled(before):
                wide = max(wide, 2 * len(str(len(layer.octets) - 1)) + 1)
                told = _reassembled(packet, layer)
                yield self._paint(cut(told, self._width), colours.BOLD)
            before = layer
            yield from self._heading(layer)
            yield from self._tree(list(_rows(layer.items(), layer.octets)), wide)

    def _heading(self, layer: Header) -> Iterator[str]:
        reference = f" ({layer.reference})" if layer.reference else ""
        stands = "" if layer.start == layer.stop else f", octets {place(layer.start, header_stop(layer))}"
        quoted = ", quoted" if layer.quoted else ""
        heading = f"{layer.title}{reference}{stands}{quoted}"
        colour = f"{colours.BOLD};{colours.of_protocol(layer.name)}"
        lines = [(heading, colour)]
        if trouble := printable(" ".join(_trouble(layer))):
            lines.append((trouble, colours.BAD))
        if self._width is None or columns("  ".join(text for text, _ in lines)) <= self._width:
            yield "  ".join(self._paint(*line) for line in lines)
            return
        indent = ""
        for text, colour in lines:
            for part in wrapped(text, self._width - 4):
                yield indent + self._paint(part, colour)
                indent = "    "

    def _tree(self, rows: list[_Row], wide: int) -> Iterator[str]:
        """The rows below a heading, in columns of their own width."""
        names: dict[int, int] = {}
        values: dict[int, int] = {}
        for row in rows:
            if row.value:
                names[row.level] = max(names.get(row.level, 0), 2 * row.depth + len(row.name))
            if row.meaning and len(row.value) <= _WIDEST_VALUE:
                values[row.level] = max(values.get(row.level, 0), len(row.value))
        for row in rows:
            yield from self._line(row, wide, names.get(row.level, 0), values.get(row.level, 0))

    def _line(self, row: _Row, wide: int, names: int, values: int) -> Iterator[str]:
        """A row, in columns of these widths; several lines where the terminal is too narrow for one."""
        paint = self._paint
        stands = " " * (wide + 2 - len(row.place)) + paint(row.place, colours.DIM)
        name = "  " * row.depth + row.name
        if not row.value:
            title = cut(name, None if self._width is None else self._width - wide - 4)
            yield f"{stands}  {paint(title, colours.BOLD)}"
            return
        at = wide + names + 6
        value, *more = self._values(row.value, at)
        line = f"{stands}  {name:<{names}}  {paint(value, colours.VALUE)}"
        if row.meaning and not more:
            used, column = at + columns(value), at + values
            meaning, *further = self._meaning(row.meaning, max(used, column) + 2, column + 2)
            if meaning:
                line += " " * (max(used, column) + 2 - used) + paint(meaning, colours.DIM)
            yield line
            for text in further:
                yield " " * (column + 2) + paint(text, colours.DIM)
            return
        yield line
        for text in more:
            yield " " * at + paint(text, colours.VALUE)
        if row.meaning:
            yield " " * at + paint(cut(row.meaning, self._left(at)), colours.DIM)

    def _left(self, column: int) -> int | None:
        """Columns from `column` to the end of the terminal."""
        return None if self._width is None else self._width - column

    def _values(self, value: str, column: int) -> list[str]:
        """A value in lines that fit behind `column`."""
        left = self._left(column)
        if left is None or columns(value) <= left:
            return [value]
        return wrapped(value, max(left, _FEWEST)) or [value]

    def _meaning(self, meaning: str, first: int, column: int) -> list[str]:
        """A meaning in lines that fit behind `column`, where the first begins at `first`."""
        left = self._left(first)
        if left is None or columns(meaning) <= left:
            return [meaning]
        return wrapped(meaning, left) if first == column and left >= _FEWEST else [cut(meaning, left)]


def place(start: int, stop: int) -> str:
    """Octets as a reader counts them, first and last: "14–33"; nothing when there are none."""
    if stop - start <= 1:
        return str(start) if stop > start else ""
    return f"{start}–{stop - 1}"


def drawn_bits(octets: bytes, first: int, bits: int) -> str:
    """The `bits` bits of `octets` from bit `first`, the others as dots, in groups of four: `.... 0101`."""
    total = 8 * len(octets)
    digits = f"{int.from_bytes(octets, 'big'):0{total}b}"
    row = "." * first + digits[first : first + bits] + "." * (total - first - bits)
    return " ".join(row[at : at + 4] for at in range(0, total, 4))


def header_stop(layer: Header) -> int:
    """Where a header ends with all that continues it."""
    return layer.extensions[-1].stop if layer.extensions else layer.stop


def _frame_heading(packet: Packet) -> str:
    taken = clock.clock("ud")(packet) if packet.time_ns is not None else ""
    return f"Frame {packet.number}" + (f", {taken} UTC" if taken else "")


def _reassembled(packet: Packet, layer: Header) -> str:
    """Where the octets come from that `layer` and those above it stand in."""
    numbers = packet.values("tcp.segment")
    told = f"{len(layer.octets):,} octets"
    if not numbers:
        return f"Reassembled, {told}; octets are counted from their beginning"
    segments = f"{len(numbers)} segments" if len(numbers) > 1 else "1 segment"
    which = ", ".join(map(str, numbers))
    return f"Reassembled from {segments}, {told}: packets {which}; octets are counted from their beginning"


def _trouble(layer: Header) -> Iterator[str]:
    if layer.truncated:
        yield "[truncated]"
    if reason := layer.contradiction:
        yield f"[malformed: {reason}]"
    if not layer.quoted and has_bad_checksum(layer):
        yield "[bad checksum]"


def _rows(items: Iterable[Item], data: bytes, level: int = 0) -> Iterator[_Row]:
    for item in items:
        if item.field is None:
            yield _Row(place(item.start, item.stop), level, level, printable(item.title), "", "")
            yield from _rows(item.children, data, level + 1)
        else:
            yield from _field_rows(item, item.field, data, level)


def _field_rows(item: Item, field: Field, data: bytes, level: int) -> Iterator[_Row]:
    octets = data[item.start : item.stop]
    yield _row(item, field, place(item.start, item.stop), level, level, _own_bits(field, octets))
    for child in item.children:
        if child.field is not None and child.field.parent is field:
            yield _row(child, child.field, "", level + 1, level, _part_bits(child.field, field, octets))
        else:
            yield from _rows([child], data, level + 1)


def _row(item: Item, field: Field, stands: str, depth: int, level: int, bits: str) -> _Row:
    value = _value(field, item.value)
    return _Row(stands, depth, level, field.name, f"{bits} = {value}" if bits else value, field.meaning)


def _own_bits(field: Field, octets: bytes) -> str:
    """The bits of a field that does not fill its octets."""
    if field.place != WIRE or not field.bits or field.bits == 8 * field.size or len(octets) > _MOST_DRAWN_OCTETS:
        return ""
    if field.little:
        return drawn_bits(octets[::-1], 8 * len(octets) - field.shift - field.bits, field.bits)
    return drawn_bits(octets, field.bit - 8 * field.at, field.bits)


def _part_bits(part: Field, whole: Field, octets: bytes) -> str:
    """The bits of a part, in the octets of the field that it is a part of."""
    if len(octets) > _MOST_DRAWN_OCTETS:
        return ""
    return drawn_bits(octets, part.bit - 8 * whole.at, part.bits or 0)


def _value(field: Field, value: Any) -> str:
    """A value for a person; of many octets only the first."""
    if isinstance(value, bytes) and len(value) > _LONGEST_BYTES:
        return f"{value[:_LONGEST_BYTES].hex()}… ({len(value)} octets)"
    return printable(field.describe(value)) or '""'
