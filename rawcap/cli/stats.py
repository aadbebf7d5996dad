"""`rawcap stats`: conversations, endpoints, protocols, ports, lengths and the course of time of capture files."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from rawcap.cli.load import load_option
from rawcap.cli.terminal import Number, is_pipe, refused, say, set_up_output, width

if TYPE_CHECKING:
    from rawcap.columns.scan import Taken
    from rawcap.stats.batch import Batch

_TABLES = ("conversations", "endpoints", "protocols", "ports", "lengths", "time")
_LAYERS = ("eth", "ip", "ipv6", "tcp", "udp")
_ORDERS = ("octets", "frames", "start", "duration", "address")
_WITHOUT_TIMES = ("endpoints", "ports")
_OF_LAYERS = ("conversations", "endpoints", "ports")
_TOP_OF_OVERVIEW = 10


class Seconds(click.ParamType[int]):
    """A length of time in seconds, more than none, as nanoseconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The nanoseconds."""
        try:
            nanoseconds = int(Decimal(value) * 1_000_000_000)
        except (InvalidOperation, ValueError, OverflowError):
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        if not 0 < nanoseconds < 1 << 63:
            self.fail(f"an interval of {value} s is too {'short' if nanoseconds <= 0 else 'long'}", param, ctx)
        return nanoseconds


@click.command("stats", context_settings={"max_content_width": 100})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--by",
    "tables",
    type=click.Choice(_TABLES),
    multiple=True,
    help="What to count by; may be given several times. Without it: all packets, protocols, and the conversations "
    "with the most octets.",
)
@click.option("-Y", "--display-filter", metavar="FILTER", help="Count what passes; Wireshark's language.")
@click.option(
    "--layer",
    "layers",
    type=click.Choice(_LAYERS),
    multiple=True,
    help="Whose conversations, endpoints or ports: may be given several times.  [default: all that occur]",
)
@click.option(
    "--sort",
    "order",
    type=click.Choice(_ORDERS),
    default="octets",
    help="Which conversations, endpoints or ports come first.  [default: octets]",
)
@click.option("--top", "most", metavar="N", type=Number(1), help="Show the first N of each layer.")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=Seconds(),
    help="The intervals of --by time.  [default: a round number that makes 25 lines at most]",
)
@click.option(
    "-T",
    "--view",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    help="Tables, a JSON object a line, or CSV.",
)
@click.option(
    "-d", "--decode-as", metavar="TABLE==N,PROTOCOL", multiple=True, help="As in: udp.port==9000,dns (see protocols)."
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours; auto is on a terminal.",
)
@load_option
def command(
    files: tuple[str, ...],
    tables: tuple[str, ...],
    display_filter: str | None,
    layers: tuple[str, ...],
    order: str,
    most: int | None,
    interval: int | None,
    view: str,
    decode_as: tuple[str, ...],
    color: str,
) -> int:
    """Count what is in capture files: who talks with whom, how much, by which protocols, and when.

    Octets are those on the wire, of whole frames. A packet in a tunnel counts for every header in it that has
    addresses; what an error message quotes does not count.
    """
    if "" in files:
        raise click.UsageError("a FILE has an empty name; - is standard input")
    tables = tuple(dict.fromkeys(tables))
    for table in tables:
        if order in ("start", "duration") and table in _WITHOUT_TIMES:
            raise click.UsageError(f"{table} cannot be sorted by {order}: only conversations can")
        if table == "ports" and layers and not {"tcp", "udp"} & set(layers):
            raise click.UsageError(f"there are no ports in {' and '.join(layers)}: --layer tcp or udp")
    if layers and tables and not set(_OF_LAYERS) & set(tables):
        raise click.UsageError("--layer goes with --by conversations, endpoints or ports")
    if interval is not None and "time" not in tables:
        raise click.UsageError("--interval goes with --by time")
    if view == "csv" and len(tables) != 1:
        raise click.UsageError("-T csv prints one table: give one --by")

    status, counted = _counted(files, tables, layers, display_filter, interval, decode_as)
    if counted is None:
        return status
    set_up_output(live=False)
    for line in _lines(counted, tables, layers or _LAYERS, order, most, view, color):
        sys.stdout.write(line + "\n")
    return status


def _counted(
    files: tuple[str, ...],
    tables: tuple[str, ...],
    layers: tuple[str, ...],
    display_filter: str | None,
    interval: int | None,
    decode_as: tuple[str, ...],
) -> tuple[int, Any]:
    """The exit status, and what was counted; None where the command line was wrong or no file could be read."""
    from rawcap.columns.scan import Scan  # --help and mistakes do without numpy
    from rawcap.files import CaptureError
    from rawcap.stats.statistics import Statistics

    problems: list[CaptureError] = []
    sources = [sys.stdin.buffer if file == "-" else file for file in files]
    counted = Statistics(tables or ("protocols", "conversations"), layers=layers or _LAYERS, interval=interval)
    try:
        scan = Scan(
            sources, counted.fields, filter=display_filter, decode_as=decode_as, problem=problems.append
        )
    except ValueError as error:
        return refused(error), None
    with contextlib.ExitStack() as stack:
        if sys.stderr.isatty() and not (is_pipe(sys.stdin) and "-" in files):
            from rawcap.show.progress import ProgressBar

            size = _size(files)
            stack.enter_context(ProgressBar(lambda: (scan.position, size)))

        def batch_of(taken: Taken) -> Batch:
            first_time = taken.seen.first_time
            return counted.batch(taken.gathered, lambda row: taken.packet(row, scan.graph), first_time=first_time)

        for batch in scan.map(batch_of):
            counted.add(batch)
    for problem in problems:
        say(str(problem))
    return int(bool(problems)), counted if scan.readable or not problems else None


def _size(files: tuple[str, ...]) -> int | None:
    """Octets of all files; None where one is no ordinary file."""
    total = 0
    for file in files:
        try:
            found = os.stat(file)
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        total += found.st_size
    return total


def _lines(
    counted: Any, tables: tuple[str, ...], layers: tuple[str, ...], order: str, most: int | None, view: str, color: str
) -> Iterator[str]:
    """What is printed."""
    from rawcap.show import colours, statistics

    sheets = [sheet for table in tables for sheet in _sheets(counted, table, layers, order, most)]
    if not tables:
        sheets = _overview_sheets(counted, layers, order, most or _TOP_OF_OVERVIEW)
    if view == "csv":
        yield from statistics.as_csv(tables[0], sheets)
        return
    if view == "json":
        if not tables:
            yield json.dumps({"table": "packets", **statistics.totals_record(counted.totals)})
        for sheet in sheets:
            yield from statistics.as_json(sheet)
        return
    if not counted.totals.frames:
        yield "no packets"
        return
    paint = colours.Paint(colours.wanted(color, sys.stdout, os.environ))
    blocks = [list(statistics.text(sheet, paint, width())) for sheet in sheets]
    if not tables:
        told = list(statistics.overview(counted.totals))
        wide = max(len(name) for name, _ in told)
        blocks.insert(0, [f"{paint(f'{name:<{wide}}', colours.DIM)}  {value}" for name, value in told])
    elif not blocks:
        yield f"no packet has {' or '.join(layers)} in it"
    for number, block in enumerate(blocks):
        if number:
            yield ""
        yield from block


def _sheets(counted: Any, table: str, layers: tuple[str, ...], order: str, most: int | None) -> list[Any]:
    """The tables of one kind: one a layer, where there are layers in it."""
    from rawcap.show import statistics

    if table == "protocols":
        return [statistics.protocols_sheet(counted.protocols, counted.totals)]
    if table == "lengths":
        return [statistics.lengths_sheet(counted.lengths, counted.totals)]
    if table == "time":
        return [statistics.times_sheet(counted.times)]
    talk = counted.conversations
    there = [layer for layer in layers if talk.count(layer)]
    if table == "conversations":
        return [
            statistics.conversations_sheet(talk, layer, order=order, most=most, origin=counted.origin)
            for layer in there
        ]
    if table == "ports":
        return [
            statistics.ports_sheet(talk, layer, order=order, most=most) for layer in there if layer in ("tcp", "udp")
        ]
    return [statistics.endpoints_sheet(talk, layer, order=order, most=most) for layer in there]


def _overview_sheets(counted: Any, layers: tuple[str, ...], order: str, most: int) -> list[Any]:
    """The protocols, and the conversations of the innermost layers that there are."""
    talk = counted.conversations
    for group in (("tcp", "udp"), ("ip", "ipv6"), ("eth",)):
        inner = tuple(layer for layer in group if layer in layers and talk.count(layer))
        if inner:
            break
    return [
        *_sheets(counted, "protocols", layers, order, most),
        *_sheets(counted, "conversations", inner, order, most),
    ]
