"""Reader: how a header's `body` goes through octets that no row of fields can express, one item after the other.

A body reads names, vectors and lines behind the fixed part of its header; what it takes is checked here, once: an
item that would reach beyond the end raises Missing, which the header turns into `malformed` or, where the end was cut
off, into silence.  What was read before stays.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

from dissectors.header import Header, Item, Malformed, Missing, group


class Reader:
    """A place in a header that moves on: the octets from `at` to `stop` of the frame are still to be read.

    Begins behind the fixed part of `layer` and ends where it does, or where the capture was cut.
    """

    __slots__ = ("at", "layer", "stop")

    def __init__(self, layer: Header, at: int | None = None, stop: int | None = None) -> None:
        self.layer = layer
        self.at = layer.start + layer.declaration.fixed if at is None else at
        self.stop = min(layer.end if stop is None else stop, len(layer.octets))

    @property
    def left(self) -> int:
        """Octets that are still to be read."""
        return max(self.stop - self.at, 0)

    def need(self, octets: int) -> int:
        """Pass over some octets and say where they began.  Raises Missing when there are fewer."""
        start = self.at
        if start + octets > self.stop:
            raise Missing(f"{self.layer.title}: {octets} octets where {self.left} are left")
        self.at = start + octets
        return start

    def item(self, attribute: str, octets: int | None = None) -> Item:
        """The field `attribute` of the layer, which takes `octets`, by default what the field says itself."""
        layer = self.layer
        field = layer.declaration.fields[attribute]
        start = self.need(field.extent(layer, self.at) if octets is None else octets)
        if field.bits is not None and octets is None:
            return layer._item(field, layer.octets, start)
        return Item(field, field.read(layer, start, self.at), start, self.at)

    def counted(self, count: str, attribute: str) -> Iterator[Item]:
        """Two fields: how many octets the second takes, and the second, which is not there when there are none."""
        length = self.item(count)
        yield length
        if length.value:
            yield self.item(attribute, length.value)

    def vector(self, count: str, attribute: str) -> Iterator[Item]:
        """A field that says how many octets follow, and in those a second field, again and again."""
        length = self.item(count)
        yield length
        part = self.part(length.value)
        while part.left:
            yield part.item(attribute)

    def part(self, octets: int) -> Reader:
        """A reader of the next octets, as far as they are there; this one goes on behind them."""
        start = self.at
        self.at = start + octets
        return Reader(self.layer, start, min(self.at, self.stop))


def gather(title: str | Callable[[list[Item]], str], items: Iterator[Item]) -> Iterator[Item]:
    """A group of `items`; where they end with a contradiction, of those before it, and then the contradiction.

    `title` is the heading, or what makes it from the items.
    """
    children: list[Item] = []
    problem: Malformed | None = None
    try:
        for item in items:
            children.append(item)
    except Malformed as reason:
        problem = reason
    if children:
        heading = title if isinstance(title, str) else title(children)
        yield group(heading, children[0].start, children[-1].stop, children)
    if problem is not None:
        raise problem
