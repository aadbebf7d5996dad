"""`rawcap interfaces`: what there is to capture on, and what of it this user may capture."""

from __future__ import annotations

import itertools
import json
import os
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from rawcap.cli.terminal import say, set_up_output, width
from rawcap.live.device import ANY, COOKED
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.show import colours
from rawcap.show.table import table

if TYPE_CHECKING:
    from rawcap.live.interfaces import NetworkInterface

_HEADING = ("name", "state", "link", "MTU", "addresses", "sockets")
_ANY_SOCKETS = ("cooked", "ip")  # the kernel hands over every interface's frames alike without their link layer

Row = tuple[str, str, str, str, Sequence[str], str]
"""Name, state, link, MTU, addresses, sockets."""

_WIDE = 110  # columns of a terminal in which the table need not be narrow
_NARROW = 7, 12, 11  # columns for state, link and sockets where it has to be: addresses are long, and not to be broken


@click.command("interfaces")
@click.option(
    "--netns",
    metavar="NAME|PID|PATH",
    help="Look into a network namespace: one that has a name, that of a process, or that of a file (with a slash).",
)
@click.option(
    "-T", "--view", type=click.Choice(["text", "json"]), default="text", help="A table, or a JSON object a line."
)
def command(netns: str | None, view: str) -> int:
    """List the interfaces: state, link type and kind, MTU, addresses, and by which sockets they may be captured.

    The sockets are those of capture --socket that this user may open. `any` is every interface at once.
    """
    from rawcap.live.interfaces import interfaces, refusals
    from rawcap.live.namespaces import join_owner

    try:
        join_owner(netns)
        found = interfaces(netns)
        refused = refusals(netns)
    except LiveError as error:
        say(str(error))
        return 3 if isinstance(error, NotPermitted) else 1
    set_up_output(live=False)
    if view == "json":
        for each in found:
            sys.stdout.write(json.dumps(_as_object(each, refused)) + "\n")
        sys.stdout.write(json.dumps(_any_as_object(refused)) + "\n")
        return 0
    rows = [*(_row(each, refused) for each in found), _any_row(refused)]
    columns = width()
    cells = (
        [(name, state, link, mtu, ", ".join(addresses), sockets) for name, state, link, mtu, addresses, sockets in rows]
        if columns is None
        else [line for row in rows for line in _lines(row, columns)]
    )
    paint = colours.Paint(colours.wanted("auto", sys.stdout, os.environ))
    heading, *lines = table([_HEADING, *cells], columns)
    for line in (paint(heading, colours.BOLD), *lines):
        sys.stdout.write(line + "\n")
    return 0


def _lines(row: Row, columns: int) -> Iterator[tuple[str, ...]]:
    """A row on a terminal: an address a line, and what is long beside it in as many lines as it takes."""
    name, state, link, mtu, addresses, sockets = row
    states, links, sorts = (
        textwrap.wrap(cell, wide if columns < _WIDE else columns)
        for cell, wide in zip((state, link, sockets), _NARROW, strict=True)
    )
    return itertools.zip_longest([name], states, links, [mtu], addresses, sorts, fillvalue="")


def _sockets(interface: NetworkInterface, refused: Mapping[str, str | None]) -> tuple[list[str], str | None]:
    """By which sockets an interface may be captured, and why by no more."""
    if interface.state == "down":
        return [], "it is down"
    # A frame with a link layer that no file describes comes cooked in any case. Without an address of the host's
    # nothing that comes in is for it, and a raw IP socket would have nothing.
    sensible = [name for name in refused if not (name == "packet" and interface.link.cooked)]
    if not interface.addresses:
        sensible.remove("ip")
    return _permitted(sensible, refused)


def _permitted(sockets: Sequence[str], refused: Mapping[str, str | None]) -> tuple[list[str], str | None]:
    may = [name for name in sockets if refused[name] is None]
    return may, None if may else refused[sockets[0]]


def _told(may: list[str], why_not: str | None) -> str:
    return ", ".join(may) if why_not is None else f"none: {why_not}"


def _row(interface: NetworkInterface, refused: Mapping[str, str | None]) -> Row:
    link = f"{interface.link.title}, {interface.kind}"
    for word, other in (("to", interface.peer), ("on", interface.parent), ("in", interface.master)):
        if other is not None:
            link += f" {word} {other}"
    told = _told(*_sockets(interface, refused))
    return interface.name, interface.state, link, str(interface.mtu), interface.addresses, told


def _any_row(refused: Mapping[str, str | None]) -> Row:
    return ANY, "", f"{COOKED.title}, all of them", "", (), _told(*_permitted(_ANY_SOCKETS, refused))


def _as_object(interface: NetworkInterface, refused: Mapping[str, str | None]) -> dict[str, object]:
    may, why_not = _sockets(interface, refused)
    return {
        "name": interface.name,
        "index": interface.index,
        "netns": interface.netns,
        "state": interface.state,
        "kind": interface.kind,
        "master": interface.master,
        "peer": interface.peer,
        "parent": interface.parent,
        "linktype": interface.link.linktype,
        "link": interface.link.title,
        "hardware_type": interface.hardware_type,
        "mac": interface.mac,
        "mtu": interface.mtu,
        "flags": list(interface.flags),
        "addresses": list(interface.addresses),
        "sockets": may,
        "refused": why_not,
    }


def _any_as_object(refused: Mapping[str, str | None]) -> dict[str, object]:
    may, why_not = _permitted(_ANY_SOCKETS, refused)
    return {
        "name": ANY,
        "linktype": COOKED.linktype,
        "link": COOKED.title,
        "sockets": may,
        "refused": why_not,
    }
