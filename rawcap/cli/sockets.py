"""`rawcap sockets`: every socket of this machine, with what waits in it, who holds it, and TCP's own view."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from rawcap.cli.terminal import Mistake, counted, drop_output, refused, say, set_up_output, width
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.show import colours

if TYPE_CHECKING:
    from rawcap.stack.sockets import Entry, Listing


@click.command("sockets")
@click.option(
    "-Y", "--display-filter", metavar="FILTER", help="Which ones, as in: socket.type == tcp && socket.port == 443."
)
@click.option(
    "-T",
    "--view",
    type=click.Choice(["text", "json", "fields"]),
    default="text",
    help="A table, a JSON object a line, or the fields given by -e, between tabs.",
)
@click.option("-e", "columns", metavar="FIELD", multiple=True, help="A column of -T fields.")
@click.option("--all-namespaces", is_flag=True, help="In all network namespaces that a process is in.")
@click.option(
    "--watch", metavar="SECONDS", type=click.FloatRange(min=0.1), help="Show the table anew so often, until Ctrl-C."
)
@click.option("--list-fields", is_flag=True, help="List the fields that -Y and -e know.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours; auto is on a terminal."
)
def command(
    display_filter: str | None,
    view: str,
    columns: tuple[str, ...],
    all_namespaces: bool,
    watch: float | None,
    list_fields: bool,
    color: str,
) -> int:
    """List every socket: type, state, octets that wait, both ends, who holds it, and what TCP says of its connection.

    Of other users' processes only root sees the descriptors; what is missing for want of that is said first.
    """
    from rawcap.stack.socket_fields import FIELDS, socket_filter

    if columns and view != "fields":
        raise click.UsageError("-e goes with -T fields")
    if view == "fields" and not columns:
        raise click.UsageError("-T fields needs at least one field: -e FIELD")
    if watch is not None and view != "text":
        raise click.UsageError("--watch goes with the table: leave out -T")
    for name in columns:
        if name not in FIELDS:
            from dissectors.graph import nearest

            raise Mistake(f"-e: no field {name!r}{nearest(name, FIELDS) or ' (--list-fields lists them)'}")
    set_up_output(live=False)
    if list_fields:
        from rawcap.show.table import table

        for line in table([(name, each.declared.meaning) for name, each in FIELDS.items()], width()):
            sys.stdout.write(line + "\n")
        return 0
    try:
        wanted = socket_filter(display_filter or "")
    except ValueError as error:
        return refused(error)
    show = {"text": _show_table, "json": _show_json, "fields": _show_fields}[view]
    try:
        if watch is not None:
            _watch(watch, wanted, all_namespaces, color)
            return 0
        found = _found(wanted, all_namespaces)
    except LiveError as error:
        say(str(error))
        return 3 if isinstance(error, NotPermitted) else 1
    for line in found.missing:
        say(line)
    show(found, columns, color)
    return 0


def _found(wanted: Callable[[Entry], bool], all_namespaces: bool) -> Listing:
    """The sockets that are wanted."""
    from rawcap.stack.sockets import Listing, sockets

    found = sockets(all_namespaces=all_namespaces)
    return Listing(tuple(filter(wanted, found.entries)), found.missing)


def _watch(seconds: float, wanted: Callable[[Entry], bool], all_namespaces: bool, color: str) -> None:
    """Show the table so often, until Ctrl-C; on a terminal each takes the place of the one before."""
    told: set[str] = set()
    try:
        while True:
            found = _found(wanted, all_namespaces)
            for line in found.missing:
                if line not in told:
                    told.add(line)
                    say(line)
            sys.stdout.write("\x1b[H\x1b[J" if sys.stdout.isatty() else "")
            _show_table(found, (), color)
            sys.stdout.write("" if sys.stdout.isatty() else "\n")
            sys.stdout.flush()
            time.sleep(seconds)
    except KeyboardInterrupt:
        drop_output()


def _show_table(found: Listing, columns: tuple[str, ...], color: str) -> None:
    from rawcap.show.sockets import table

    paint = colours.Paint(colours.wanted(color, sys.stdout, os.environ))
    for line in table(found.entries, paint, width()):
        sys.stdout.write(line + "\n")
    if sys.stdout.isatty():
        held = sum(bool(entry.owners) for entry in found.entries)
        sys.stdout.write(f"{counted(len(found.entries), 'socket')}, {held:,} held by a process that is known\n")


def _show_json(found: Listing, columns: tuple[str, ...], color: str) -> None:
    from rawcap.stack.socket_fields import as_object

    for entry in found.entries:
        sys.stdout.write(json.dumps(as_object(entry), separators=(",", ":")) + "\n")


def _show_fields(found: Listing, columns: tuple[str, ...], color: str) -> None:
    from dissectors.printable import printable
    from rawcap.stack.socket_fields import FIELDS

    chosen = [FIELDS[name] for name in columns]
    for entry in found.entries:
        cells = (",".join(each.declared.text(value) for value in each.values(entry)) for each in chosen)
        sys.stdout.write("\t".join(map(printable, cells)) + "\n")
