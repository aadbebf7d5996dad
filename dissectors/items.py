"""Items: what a header shows of itself, a field with its value or a titled group of such; and what a body may raise."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dissectors.fields import Field
from dissectors.printable import printable


class Item:
    """A field with its value and its octets, or a titled group of such: what views show.

    `start` and `stop` are offsets in the frame, `field` is None for a group, `title` the group's heading.
    """

    __slots__ = ("children", "field", "start", "stop", "title", "value")

    def __init__(
        self,
        field: Field | None,
        value: Any,
        start: int,
        stop: int,
        children: list[Item] | None = None,
        title: str = "",
    ) -> None:
        self.field = field
        self.value = value
        self.start = start
        self.stop = stop
        self.children = children or []
        self.title = title

    @property
    def name(self) -> str:
        """The field's full name, empty for a group."""
        return self.field.name if self.field is not None else ""

    def flat(self) -> Iterator[Item]:
        """This item and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.flat()

    def __repr__(self) -> str:
        if self.field is None:
            return f"<Item {self.title!r} of {len(self.children)}>"
        return f"<Item {self.field.name} {printable(self.field.describe(self.value))}>"


def group(title: str, start: int, stop: int, children: list[Item]) -> Item:
    """A heading with items below it."""
    return Item(None, None, start, stop, children, title)


class Malformed(Exception):
    """Raised by a `body` when the octets contradict themselves; what was yielded before it stays."""


class Missing(Malformed):
    """Raised by a `body` that needs octets beyond the end of its header: no contradiction where the end was cut off."""
