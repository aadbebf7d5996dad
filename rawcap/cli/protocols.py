"""`rawcap protocols`: what is dissected, by which document, and what leads to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from dissectors.graph import Graph
from dissectors.header import Header
from rawcap.cli.load import load_option
from rawcap.show.table import table


@click.command("protocols")
@load_option
def command() -> int:
    """List the protocols that are dissected: name, title, reference, number of fields, what leads to them.

    What leads to a protocol is a table and the values in it, as `udp.port 53`: what --decode-as adds to.
    """
    from dissectors.packet import Interface  # imports every protocol, which --help can do without

    graph = Interface().graph
    headers = [each for each in graph.headers if not (each.selector or each.is_option or each.part_of)]
    rows = [
        [header.name, header.title, header.reference, str(_count(graph, header)), _leads(graph, header)]
        for header in sorted(headers, key=lambda header: header.name)
    ]
    for line in table(rows):
        sys.stdout.write(line + "\n")
    return 0


def _count(graph: Graph, header: type[Header]) -> int:
    """Fields of a protocol, with those of the headers that continue it and of its options."""
    own = {header, *(each for each in graph.headers if each.part_of == header.name)}
    for each in list(own):
        for area in each.declaration.areas:
            own |= {option for option in graph.headers if issubclass(option, area.family)}
    return sum(any(field.owner in own for field in fields) for fields in graph.fields.values())


def _leads(graph: Graph, header: type[Header]) -> str:
    """The edges that lead to a header, in words."""
    return "; ".join(_edges(graph, header))


def _edges(graph: Graph, header: type[Header]) -> Iterator[str]:
    for name, rows in graph.rows.items():
        if values := sorted(value for value, target in rows.items() if target is header):
            yield f"{name} {', '.join(_ranges(values))}"
    for each in graph.headers:
        rule = each.declaration.next
        if rule is not None and rule.default in (header, header.name):
            yield f"behind {each.name}"
    for name in header.guessed_in:
        yield f"content of {name}"


def _ranges(values: list[int]) -> Iterator[str]:
    """Numbers in words, those in a row as a range."""
    first = last = values[0]
    for value in [*values[1:], values[-1] + 2]:
        if value != last + 1:
            yield str(first) if first == last else f"{first}–{last}"
            first = value
        last = value
