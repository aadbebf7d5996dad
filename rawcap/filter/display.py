"""The display filter as a whole: text in, a function of a packet out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dissectors  # noqa: F401  importing it declares every protocol
from dissectors.graph import Graph
from dissectors.graph import graph as _graph
from dissectors.packet import Packet

if TYPE_CHECKING:
    from rawcap.filter.syntax import Test


class DisplayFilter:
    """A display filter: true or false of a packet.  Made by `display_filter`.

    `text` is what the user wrote, `tree` what it means (syntax.py), `fields` the names of the fields and protocols
    that it asks for, in the order of the text.
    """

    __slots__ = ("_test", "fields", "text", "tree")

    def __init__(self, text: str, graph: Graph) -> None:
        # Imported here, so that who takes only a filter of the kernel's from this package does not wait for them.
        from rawcap.filter.check import check
        from rawcap.filter.on_packet import predicate
        from rawcap.filter.parse import parse
        from rawcap.filter.syntax import Field, Protocol, walk

        self.text = text
        self.tree: Test = check(parse(text), text, graph)
        self.fields = tuple(
            dict.fromkeys(node.name for _, node in walk(self.tree) if isinstance(node, (Field, Protocol)))
        )
        self._test = predicate(self.tree, graph)

    def __call__(self, packet: Packet) -> bool:
        return self._test(packet)

    def __repr__(self) -> str:
        return f"<DisplayFilter {self.text!r}>"


def display_filter(text: str, graph: Graph = _graph) -> DisplayFilter:
    """The filter that `text` says, in Wireshark's language; an empty one lets every packet pass.

    `graph` is where its names are looked up: the one that the packets are walked with, or one with the same headers.
    Raises FilterError.
    """
    return DisplayFilter(text, graph)
