"""`-T detail`: the layers of a packet as a tree, with every field, where it stands, its value and its meaning.

    Internet Protocol version 4 (RFC 791, 3.1), octets 14–33
        14  ip.version   0100 .... = 4   4
        14  ip.hdr_len   .... 0101 = 20  header, octets
     16–17  ip.len       60              header and data, octets

Octets count from the beginning of the frame. A field that takes no whole octets is drawn as its bits, most
significant first, between dots for the bits that belong to others. A field without octets is not on the wire but
worked out from what is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from dissectors.fields import WIRE, Field
from dissectors.header import Header, Item
from dissectors.packet import Packet
from rawcap.show import clock, colours
from rawcap.show.colours import Paint
from rawcap.show.escape import printable
from rawcap.show.summary import has_bad_checksum

_LONGEST_BYTES = 24
_WIDEST_VALUE = 40
_MOST_DRAWN_OCTETS = 4


class _Row(NamedTuple):
    """A line of the tree; `depth` is how far below its layer it stands."""

    place: str
    depth: int
    name: str
    value: str
    meaning: str


class DetailView:
    """Writes the tree of each packet it is shown, with an empty line between two."""

    def __init__(self, write: Callable[[str], object], *, paint: Paint) -> None:
        self._write = write
        self._paint = paint
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
        yield from self._tree(list(_rows(packet.frame.items(), packet.data, 0)), wide)
        for layer in packet.layers:
            yield self._heading(layer)
            yield from self._tree(list(_rows(layer.items(), packet.data, 0)), wide)

    def _heading(self, layer: Header) -> str:
        reference = f" ({layer.reference})" if layer.reference else ""
        stands = "" if layer.start == layer.stop else f", octets {place(layer.start, header_stop(layer))}"
        quoted = ", quoted" if layer.quoted else ""
        heading = f"{layer.title}{reference}{stands}{quoted}"
        trouble = " ".join(_trouble(layer))
        return self._paint(heading, f"{colours.BOLD};{colours.of_protocol(layer.name)}") + (
            f"  {self._paint(printable(trouble), colours.BAD)}" if trouble else ""
        )

    def _tree(self, rows: list[_Row], wide: int) -> Iterator[str]:
        """The rows below a heading, in columns of their own width."""
        names = max((2 * row.depth + len(row.name) for row in rows if row.value), default=0)
        values = max((len(row.value) for row in rows if len(row.value) <= _WIDEST_VALUE and row.meaning), default=0)
        for row in rows:
            name = "  " * row.depth + row.name
            line = f"  {row.place:>{wide}}  {name:<{names}}"
            if row.meaning:
                line += f"  {row.value:<{values}}  {self._paint(row.meaning, colours.DIM)}"
            elif row.value:
                line += f"  {row.value}"
            yield line.rstrip()


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


def _trouble(layer: Header) -> Iterator[str]:
    if layer.truncated:
        yield "[truncated]"
    if layer.malformed:
        yield f"[malformed: {layer.malformed}]"
    if not layer.quoted and has_bad_checksum(layer):
        yield "[bad checksum]"


def _rows(items: Iterable[Item], data: bytes, depth: int) -> Iterator[_Row]:
    for item in items:
        yield from _item_rows(item, data, depth)


def _item_rows(item: Item, data: bytes, depth: int) -> Iterator[_Row]:
    field = item.field
    if field is None:
        yield _Row(place(item.start, item.stop), depth, printable(item.title), "", "")
        yield from _rows(item.children, data, depth + 1)
        return
    octets = data[item.start : item.stop]
    yield _row(item, depth, place(item.start, item.stop), _own_bits(field, octets))
    for child in item.children:
        if child.field is not None and child.field.parent is field:
            yield _row(child, depth + 1, "", _part_bits(child.field, field, octets))
        else:
            yield from _item_rows(child, data, depth + 1)


def _row(item: Item, depth: int, stands: str, bits: str) -> _Row:
    assert item.field is not None
    value = _value(item.field, item.value)
    return _Row(stands, depth, item.field.name, f"{bits} = {value}" if bits else value, item.field.meaning)


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
