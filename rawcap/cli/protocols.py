"""`rawcap protocols`: what is dissected, by which document, and what leads to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import click

from dissectors.graph import Graph, nearest
from dissectors.header import Header
from rawcap.cli.load import load_option
from rawcap.cli.terminal import width
from rawcap.show.table import table

_MOST_LEADS = 3
_MOST_VALUES = 6


@click.command("protocols")
@click.argument("name", required=False)
@load_option
def command(name: str | None) -> int:
    """List the protocols that are dissected: name, title, reference, number of fields, what leads to them.

    What leads to a protocol is a table and the values in it, as `udp.port 53`: what --decode-as adds to. With the NAME
    of a protocol nothing of it is left out.
    """
    from dissectors.packet import Interface  # imports every protocol, which --help can do without

    graph = Interface().graph
    headers: dict[str, list[type[Header]]] = {}
    for header in graph.headers:
        if not (header.selector or header.is_option or header.part_of):
            headers.setdefault(header.name, []).append(header)
    if name is not None:
        if name not in headers:
            hint = nearest(name, headers) or " (rawcap protocols lists them)"
            raise click.ClickException(f"no protocol {name!r}{hint}")
        headers = {name: headers[name]}
    whole = name is not None
    rows = [
        [each, forms[0].title, forms[0].reference, str(_count(graph, forms)), _told(graph, forms, whole=whole)]
        for each, forms in sorted(headers.items())
    ]
    for line in table(rows, width()):
        sys.stdout.write(line + "\n")
    return 0


def _told(graph: Graph, forms: list[type[Header]], *, whole: bool) -> str:
    """What leads to a protocol, in a cell; unless `whole`, of many things the first."""
    leads = list(_leads(graph, forms))
    if whole:
        return "; ".join(f"{table} {', '.join(values)}" for table, values in leads)
    told = [f"{table} {', '.join(_first(values, _MOST_VALUES))}" for table, values in leads]
    return "; ".join(_first(told, _MOST_LEADS))


def _first(texts: list[str], most: int) -> list[str]:
    """The first of many texts, and how many more there are."""
    left = len(texts) - most
    return texts if left <= 1 else [*texts[:most], f"and {left} more"]


def _count(graph: Graph, forms: list[type[Header]]) -> int:
    """Fields of a protocol in all its forms, with those of the headers that continue it and of its options."""
    own = {*forms, *(each for each in graph.headers if each.part_of == forms[0].name)}
    for each in list(own):
        for area in each.declaration.areas:
            own |= {option for option in graph.headers if issubclass(option, area.family)}
    return sum(any(field.owner in own for field in fields) for fields in graph.fields.values())


def _leads(graph: Graph, forms: list[type[Header]]) -> Iterator[tuple[str, list[str]]]:
    """What leads to a protocol, in words: the values in each table, the headers that it is always behind."""
    choices = {_table(each): each for each in graph.headers if each.selector}
    reached = set(forms)  # with the choices that lead to them: what leads to a choice leads to the protocol
    while more := {each for each in choices.values() if each not in reached and _chosen(graph, each, reached)}:
        reached |= more
    for name, rows in graph.rows.items():
        values = sorted(value for value, target in rows.items() if target in reached)
        if values and name not in choices:
            yield name, list(_ranges(values, _writer(graph, name)))
    behind = [each.name for each in graph.headers if not each.selector and _always(graph, each) in reached]
    if behind:
        yield "behind", behind
    guessed = dict.fromkeys(name for form in forms for name in form.guessed_in)
    if guessed:
        yield "content of", list(guessed)


def _table(choice: type[Header]) -> str:
    """The table by which a choice is made."""
    rule = choice.declaration.next
    return rule.table or rule.fields[0].name if rule is not None and rule.fields else ""


def _always(graph: Graph, header: type[Header]) -> type[Header] | None:
    """What follows a header where no table says otherwise."""
    default = header.declaration.next.default if header.declaration.next is not None else None
    return graph.protocols[default] if isinstance(default, str) else default


def _chosen(graph: Graph, choice: type[Header], reached: set[type[Header]]) -> bool:
    """Whether a choice leads to one of `reached`."""
    return _always(graph, choice) in reached or not reached.isdisjoint(graph.rows.get(_table(choice), {}).values())


def _writer(graph: Graph, table: str) -> Callable[[int], str]:
    """How the values of a table are written: as those of the field of its name, where there is one."""
    fields = graph.fields.get(table)
    return fields[0].text if fields else str


def _ranges(values: list[int], write: Callable[[int], str]) -> Iterator[str]:
    """Numbers in words, those in a row as a range."""
    first = last = values[0]
    for value in [*values[1:], values[-1] + 2]:
        if value != last + 1:
            yield write(first) if first == last else f"{write(first)}–{write(last)}"
            first = value
        last = value
