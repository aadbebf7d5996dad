"""`rawcap interfaces`: what there is to capture on, and what of it this user may capture."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from rawcap.cli.terminal import say, set_up_output, width
from rawcap.live.device import ANY, COOKED
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.show import colours
from rawcap.show.table import table

if TYPE_CHECKING:
    from rawcap.live.interfaces import NetworkInterface

_HEADING = ("interface", "state", "kind", "link type", "MTU", "addresses", "may be captured by")


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
    """List the interfaces: state, kind, link type, MTU, addresses, and by which sockets they may be captured.

    The sockets are those of capture --socket, where this user may open them. `any` is every interface at once.
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
    rows = [_HEADING, *(_row(each, refused) for each in found), _any_row(refused)]
    paint = colours.Paint(colours.wanted("auto", sys.stdout, os.environ))
    heading = len(list(itertools.takewhile(lambda line: not line.startswith(found[0].name), table(rows, width()))))
    for number, line in enumerate(table(rows, width())):
        sys.stdout.write((paint(line, colours.BOLD) if number < heading else line) + "\n")
    return 0


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


def _permitted(sockets: list[str], refused: Mapping[str, str | None]) -> tuple[list[str], str | None]:
    may = [name for name in sockets if refused[name] is None]
    return may, None if may else refused[sockets[0]]


def _told(may: list[str], why_not: str | None) -> str:
    return ", ".join(may) if why_not is None else f"nothing: {why_not}"


def _row(interface: NetworkInterface, refused: Mapping[str, str | None]) -> tuple[str, ...]:
    kind = [interface.kind]
    if interface.peer is not None:
        kind.append(f"to {interface.peer}")
    if interface.parent is not None:
        kind.append(f"on {interface.parent}")
    if interface.master is not None:
        kind.append(f"in {interface.master}")
    return (
        interface.name,
        interface.state,
        " ".join(kind),
        interface.link.title,
        str(interface.mtu),
        ", ".join(interface.addresses),
        _told(*_sockets(interface, refused)),
    )


def _any_row(refused: Mapping[str, str | None]) -> tuple[str, ...]:
    return (ANY, "", "all of them", COOKED.title, "", "", _told(*_permitted(["cooked", "ip"], refused)))


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
    may, why_not = _permitted(["cooked", "ip"], refused)
    return {
        "name": ANY,
        "linktype": COOKED.linktype,
        "link": COOKED.title,
        "sockets": may,
        "refused": why_not,
    }
