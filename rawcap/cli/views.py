"""The options by which commands are told how to show packets, and the view that they ask for."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import click

from dissectors.graph import Graph
from dissectors.packet import Packet
from rawcap.cli.terminal import Mistake, width
from rawcap.pipeline import NOTED
from rawcap.show import clock, colours, fields
from rawcap.show.text import TextView

_SETTINGS = (
    "How -T fields prints, as tshark's -E: header=y|n, separator=/t|/s|CHARACTER, occurrence=f|l|a (the first value, "
    "the last, all), aggregator=,|/s|CHARACTER, quote=d|s|n, escape=y|n, bom=y|n."
)

_OPTIONS = (
    click.option(
        "-T",
        "--view",
        type=click.Choice(["text", "detail", "hex", "json", "fields"]),
        help="A line a packet, every field, fields and octets, JSON, or the fields given by -e.  [default: text]",
    ),
    click.option("-V", "view", flag_value="detail", help="The same as -T detail."),
    click.option("-x", "view", flag_value="hex", help="The same as -T hex."),
    click.option("-e", "columns", metavar="FIELD", multiple=True, help="A column of -T fields."),
    click.option("-E", "settings", metavar="KEY=VALUE", multiple=True, help=_SETTINGS),
    click.option(
        "-t",
        "--time",
        "time_format",
        type=click.Choice(list(clock.FORMATS)),
        default="r",
        help="Times relative to the first packet, to the one before (d) or to the one shown before (dd); since the "
        "epoch (e); of the day, local (a) or UTC (u), with the date (ad, ud) or the day of the year (adoy, udoy).",
    ),
    click.option("-n", "numeric", is_flag=True, help="Show addresses as numbers, not by names that the file keeps."),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Colours; auto is on a terminal.",
    ),
)


class View(Protocol):
    """What turns packets into output."""

    def show(self, packet: Packet) -> None:
        """Write a packet."""

    def flush(self) -> None:
        """Write what waits."""


@dataclass(frozen=True)
class Showing:
    """What was asked for: one field for each option.  `view` is None where nothing is to be shown."""

    view: str | None
    columns: tuple[str, ...]
    settings: tuple[str, ...]
    time_format: str
    numeric: bool
    color: str

    def of(self, output: str | None) -> Showing:
        """The same where packets go to a file too: only what was asked for by name is shown beside that.

        Raises click.UsageError when options contradict each other.
        """
        view = self.view if self.view is not None or output is not None else "text"
        if (self.columns or self.settings) and view != "fields":
            raise click.UsageError("-e and -E go with -T fields")
        if view == "fields" and not self.columns:
            raise click.UsageError("-T fields needs at least one field: -e FIELD")
        if output == "-" and view is not None:
            raise click.UsageError("-w - takes standard output for the capture: leave out -T")
        return Showing(view, self.columns, self.settings, self.time_format, self.numeric, self.color)

    @property
    def needs(self) -> Collection[str]:
        """The fields that the view reads which take more than one packet to know."""
        if self.view == "fields" and not any(name.startswith("_ws.col.") for name in self.columns):
            return self.columns
        return NOTED if self.view is not None else ()

    def open(
        self,
        write: Callable[[str], object],
        graph: Graph,
        *,
        at_once: bool,
        names: Callable[[], Mapping[str, str]] = dict,
        interfaces: bool = False,
        ending: Callable[[Packet], str] | None = None,
    ) -> View | None:
        """The view; `interfaces` when a line of text is to name the interface, `ending` what it ends with.

        Raises Mistake for a wrong field.
        """
        if self.view is None:
            return None
        paint = colours.Paint(colours.wanted(self.color, sys.stdout, os.environ))
        if self.view == "text":
            return TextView(
                write,
                clock=clock.clock(self.time_format),
                paint=paint,
                names=dict if self.numeric else names,
                interfaces=interfaces,
                ending=ending,
                at_once=at_once,
                width=width(),
            )
        if self.view == "fields":
            return self._fields(write, graph)
        if self.view == "json":
            from rawcap.show.json import JsonView

            return JsonView(write)
        if self.view == "hex":
            from rawcap.show.hexdump import HexView

            return HexView(write, paint=paint, width=width())
        from rawcap.show.detail import DetailView

        return DetailView(write, paint=paint, width=width())

    @property
    def style(self) -> fields.Style:
        """How -T fields prints.  Raises Mistake for a wrong setting."""
        try:
            return fields.style(self.settings)
        except ValueError as error:
            raise Mistake(f"-E: {error}") from None

    def _fields(self, write: Callable[[str], object], graph: Graph) -> View:
        try:
            return fields.FieldsView(write, self.columns, graph, self.style)
        except KeyError as error:
            raise Mistake(f"-e: {error.args[0]}") from None


_Command = TypeVar("_Command", bound=Callable[..., Any])


def view_options(command: _Command) -> _Command:
    """Give a command the options of the views; it gets what they say as `showing`."""

    @functools.wraps(command)
    def with_showing(*args: Any, **options: Any) -> Any:
        chosen = {name: options.pop(name) for name in Showing.__dataclass_fields__}
        return command(*args, showing=Showing(**chosen), **options)

    decorated: Any = with_showing
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]
