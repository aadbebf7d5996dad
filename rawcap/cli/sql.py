"""`rawcap sql`: questions about packets in SQL."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from dissectors.printable import printable
from rawcap.cli.load import load_option
from rawcap.cli.table import Problems, watch
from rawcap.cli.terminal import Mistake, refused, set_up_output
from rawcap.files import CaptureError
from rawcap.show.result import lines

if TYPE_CHECKING:
    from rawcap.columns.sql import Query

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "BIGNUM", "FLOAT", "DOUBLE", "DECIMAL")


@click.command("sql", context_settings={"max_content_width": 100})
@click.argument("query", metavar="QUERY")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-Y", "--display-filter", metavar="FILTER", help="Ask about what passes; Wireshark's language.")
@click.option(
    "-T",
    "--view",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    help="Aligned columns, CSV, or a JSON object a row.  [default: text]",
)
@click.option(
    "-d", "--decode-as", metavar="TABLE==N,PROTOCOL", multiple=True, help="As in: udp.port==9000,dns (see protocols)."
)
@load_option
def command(
    query: str, files: tuple[str, ...], display_filter: str | None, view: str, decode_as: tuple[str, ...]
) -> int:
    """Ask questions about packets in SQL, answered by DuckDB.

    The table is called packets. Its columns are the fields, named as in filters and without quotes, the protocols, true
    where a packet has them, and file. Where a packet has several values of a field, the column has the first one: of
    tcp.port that is the source port. in_network(ip.src, '10.0.0.0/8') tests an address. NULL is shown as nothing.

    \b
    rawcap sql "select ip.src, count(*) n, sum(frame.len) from packets group by 1 order by n desc" FILE
    rawcap sql "select dns.qry.name, count(*) from packets where dns group by 1" FILE -T csv
    """
    from rawcap.columns.sql import Query, SqlError, SqlFailed

    problems = Problems()
    set_up_output(live=False)
    try:
        with Query(query, files, filter=display_filter, decode_as=decode_as, problem=problems) as asked:
            with contextlib.ExitStack() as stack:
                # Until a row is there; from then on it would stand between the rows.
                watch(stack, files, lambda: asked.position, quiet=True)
                output = _VIEWS[view](asked)
                first = next(output, None)
            if first is not None and (asked.readable or not problems.status):
                sys.stdout.write(first)
                for line in output:
                    sys.stdout.write(line)
    except SqlError as error:
        raise Mistake(f"sql: {error}") from None
    except SqlFailed as error:
        raise click.ClickException(f"sql: {error}") from None
    except CaptureError as error:
        problems(error)
    except ValueError as error:
        return refused(error)
    return problems.status


def _text(asked: Query) -> Iterator[str]:
    if asked.columns:
        right = {place for place, kind in enumerate(asked.types) if kind.lstrip("U").startswith(_NUMBERS)}
        for line in lines(asked.columns, asked.texts(), right):
            yield line + "\n"


def _csv(asked: Query) -> Iterator[str]:
    pieces: list[str] = []
    safe = _safe()
    writer = csv.writer(_Pieces(pieces), lineterminator="\n")
    rows = asked.texts()
    first = next(rows, None)
    if asked.columns:
        writer.writerow(map(safe, asked.columns))
    if first is not None:
        writer.writerow([cell if cell is None else safe(cell) for cell in first])
    for row in rows:
        writer.writerow([cell if cell is None else safe(cell) for cell in row])
        if len(pieces) >= _TOGETHER:
            yield "".join(pieces)
            pieces.clear()
    yield "".join(pieces)


def _json(asked: Query) -> Iterator[str]:
    safe = _safe()
    names = [json.dumps(name, ensure_ascii=False) for name in _different(asked.columns)]
    for row in asked.jsons():
        cells = (f"{name}: {cell if cell is not None else 'null'}" for name, cell in zip(names, row, strict=True))
        yield safe(f"{{{', '.join(cells)}}}") + "\n"


_VIEWS: dict[str, Callable[[Query], Iterator[str]]] = {"text": _text, "csv": _csv, "json": _json}
_TOGETHER = 1000


class _Pieces:
    """What a CSV writer writes to: a list."""

    def __init__(self, pieces: list[str]) -> None:
        self.write = pieces.append


def _safe() -> Callable[[str], str]:
    """What makes text fit for where it goes: a terminal would obey some of what packets hold."""
    return printable if sys.stdout.isatty() else str


def _different(names: Sequence[str]) -> list[str]:
    """Names of columns, a number behind those that were there before: an object has each only once."""
    found: list[str] = []
    for name in names:
        number = 1
        different = name
        while different in found:
            number += 1
            different = f"{name}_{number}"
        found.append(different)
    return found
