"""Templates: what a header says in the line of its packet, as data.

A template is text with the names of values in braces, "TSval={tsval} TSecr={tsecr}". A header fills it in by `filled`;
what writes the lines of many packets at once takes it apart by `pieces`, so that the words are said in one place.
"""
from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from string import Formatter

Piece = tuple[str, int]
"""A template, and the bits of which one must be set for it to be said; 0 where it always is."""


@cache
def pieces(template: str) -> tuple[tuple[str, str], ...]:
    """The words of a template, each with the name of the value behind them; an empty one where none is."""
    return tuple((words, name or "") for words, name, _, _ in Formatter().parse(template))


def filled(template: str, layer: object) -> str:
    """A template with the attributes of `layer` as values."""
    return "".join([f"{words}{getattr(layer, name)}" if name else words for words, name in pieces(template)])


def said(template: Iterable[Piece], bits: int) -> str:
    """The one template of those pieces that are said where these bits are set."""
    return "".join([words for words, needed in template if not needed or bits & needed])
