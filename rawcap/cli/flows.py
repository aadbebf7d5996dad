"""`rawcap flows`: every connection of capture files, or every UDP exchange."""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from rawcap.cli.load import load_option
from rawcap.cli.terminal import Mistake, Number, counted, refused, set_up_output, width

if TYPE_CHECKING:
    from rawcap.following import Followed

_ORDERS = ("number", "packets", "octets", "duration", "rtt", "trouble")


@click.command("flows", context_settings={"max_content_width": 100})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "-Y",
    "--display-filter",
    metavar="FILTER",
    help="Those that have a packet which passes, whole; Wireshark's language.",
)
@click.option("--udp", is_flag=True, help="UDP exchanges instead of TCP connections.")
@click.option(
    "-T",
    "--view",
    type=click.Choice(["text", "json", "fields"]),
    default="text",
    help="A table, a JSON object a line with all that is known, or values between tabs.",
)
@click.option(
    "-e",
    "columns",
    metavar="NAME",
    multiple=True,
    help="A column of -T fields: any value of -T json, by its path as in client.address.  [default: a selection]",
)
@click.option(
    "--sort",
    "order",
    type=click.Choice(_ORDERS),
    default="number",
    help="In the order of their numbers, or those with the most first.  [default: number]",
)
@click.option("--top", "most", metavar="N", type=Number(1), help="Show the first N.")
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
    display_filter: str | None,
    udp: bool,
    view: str,
    columns: tuple[str, ...],
    order: str,
    most: int | None,
    decode_as: tuple[str, ...],
    color: str,
) -> int:
    """Show every TCP connection: its sockets, how it opened and closed, how much it carried, what went wrong.

    The number of each is its tcp.stream (or udp.stream), by which follow and ladder show what happened in it. In
    brackets stands who closed it first, or reset it. Octets are of data, each counted once, from the client (→) and
    from the server (←). RTT is that of the handshake, the mean that of all segments that were acknowledged.
    """
    if "" in files:
        raise click.UsageError("a FILE has an empty name; - is standard input")
    if columns and view != "fields":
        raise click.UsageError("-e goes with -T fields")
    from rawcap.cli.table import Problems, watch  # --help and mistakes do without what reads packets
    from rawcap.following import follow
    from rawcap.show import flows

    values = flows.UDP_VALUES if udp else flows.TCP_VALUES
    for name in columns:
        if name not in values:
            close = difflib.get_close_matches(name, values, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(values)}"
            raise Mistake(f"-e: no {'exchange' if udp else 'connection'} has {name!r}; {hint}")
    problems = Problems()
    try:
        with contextlib.ExitStack() as stack:

            def watched(position: Callable[[], int]) -> None:
                watch(stack, files, position, quiet=True)

            followed = follow(files, display_filter, decode_as=decode_as, problem=problems, watch=watched)
    except ValueError as error:
        return refused(error)
    if not followed.readable:
        return problems.status
    set_up_output(live=False)
    picked = followed.exchanges if udp else followed.connections
    shown = flows.in_order(picked, order, most)
    if view == "json":
        lines = flows.as_json(shown, values)
    elif view == "fields":
        lines = flows.as_fields(shown, values, columns or (flows.UDP_COLUMNS if udp else flows.TCP_COLUMNS))
    else:
        lines = _text(followed, shown, udp=udp, order=order, color=color)
    for line in lines:
        sys.stdout.write(line + "\n")
    return problems.status


def _text(followed: Followed, shown: Any, *, udp: bool, order: str, color: str) -> Iterator[str]:
    """The table, or why there is none."""
    from rawcap.show import colours, flows

    if not shown:
        there = followed.all_exchanges if udp else followed.all_connections
        yield _nothing(there, followed.all_connections if udp else followed.all_exchanges, udp=udp)
        return
    paint = colours.Paint(colours.wanted(color, sys.stdout, os.environ))
    show: Callable[..., Iterator[str]] = flows.udp_text if udp else flows.tcp_text
    yield from show(shown, followed, order, paint, width())


def _nothing(there: int, others: int, *, udp: bool) -> str:
    """The words where nothing is to be shown, of `there` connections, and `others` of the other protocol."""
    noun, other = ("UDP exchange", "TCP connection") if udp else ("TCP connection", "UDP exchange")
    if there:
        return f"none of {counted(there, noun)} passes the filter"
    hint = f"; {counted(others, other)} without --udp" if udp else f"; {counted(others, other)} with --udp"
    return f"no {noun}{hint if others else ''}"
