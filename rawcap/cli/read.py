"""`rawcap read`: what is in capture files."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import click

from dissectors.packet import Interface, Packet
from rawcap.cli.load import load_option
from rawcap.cli.terminal import Mistake, Number, drop_output, is_pipe, say, set_up_output, width
from rawcap.files import CaptureError, CaptureWriter, create_capture
from rawcap.pipeline import NOTED
from rawcap.reading import Reading
from rawcap.show import clock, colours, fields
from rawcap.show.text import TextView


class View(Protocol):
    """What turns packets into output."""

    def show(self, packet: Packet) -> None:
        """Write a packet."""

    def flush(self) -> None:
        """Write what waits."""


_SETTINGS = (
    "How -T fields prints, as tshark's -E: header=y|n, separator=/t|/s|CHARACTER, occurrence=f|l|a (the first value, "
    "the last, all), aggregator=,|/s|CHARACTER, quote=d|s|n, escape=y|n, bom=y|n."
)


@click.command(
    "read",
    context_settings={"max_content_width": 100},
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-Y", "--display-filter", metavar="FILTER", help="Show what passes; Wireshark's language.")
@click.option("-f", "--capture-filter", metavar="FILTER", help="Show what passes; the language of pcap-filter(7).")
@click.option(
    "-T",
    "--view",
    type=click.Choice(["text", "detail", "hex", "json", "fields"]),
    help="A line a packet, every field, fields and octets, JSON, or the fields given by -e.  [default: text]",
)
@click.option("-V", "view", flag_value="detail", help="The same as -T detail.")
@click.option("-x", "view", flag_value="hex", help="The same as -T hex.")
@click.option("-e", "columns", metavar="FIELD", multiple=True, help="A column of -T fields.")
@click.option("-E", "settings", metavar="KEY=VALUE", multiple=True, help=_SETTINGS)
@click.option(
    "-t",
    "--time",
    "time_format",
    type=click.Choice(list(clock.FORMATS)),
    default="r",
    help="Times relative to the first packet, to the one before (d) or to the one shown before (dd); since the epoch "
    "(e); of the day, local (a) or UTC (u), with the date (ad, ud) or the day of the year (adoy, udoy).",
)
@click.option("-c", "--count", metavar="N", type=Number(1), help="Stop after N packets that pass.")
@click.option("--skip", metavar="N", type=Number(0), default=0, help="Pass over the first N packets.")
@click.option("-n", "numeric", is_flag=True, help="Show addresses as numbers, not by names that the file keeps.")
@click.option(
    "-w",
    "--write",
    "output",
    metavar="FILE",
    help="Write what passes, as pcap or pcapng by the name, which may end in .gz, .zst, .lz4 or .xz too; without an "
    "ending as the first file is; - for stdout.",
)
@click.option("--force", is_flag=True, help="Let -w overwrite a file.")
@click.option("--follow", is_flag=True, help="At the end of the file wait for more.")
@click.option(
    "-d", "--decode-as", metavar="TABLE==N,PROTOCOL", multiple=True, help="As in: udp.port==9000,dns (see protocols)."
)
@click.option("--reassemble", is_flag=True, help="Put the fragments of a datagram together.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours; auto is on a terminal."
)
@load_option
def command(
    files: tuple[str, ...],
    display_filter: str | None,
    capture_filter: str | None,
    view: str | None,
    columns: tuple[str, ...],
    settings: tuple[str, ...],
    time_format: str,
    count: int | None,
    skip: int,
    numeric: bool,
    output: str | None,
    force: bool,
    follow: bool,
    decode_as: tuple[str, ...],
    reassemble: bool,
    color: str,
) -> int:
    """Show what is in capture files: pcap or pcapng, compressed or not; - is standard input."""
    if "" in files:
        raise click.UsageError("a FILE has an empty name; - is standard input")
    if view is None and output is None:
        view = "text"
    if (columns or settings) and view != "fields":
        raise click.UsageError("-e and -E go with -T fields")
    if view == "fields" and not columns:
        raise click.UsageError("-T fields needs at least one field: -e FIELD")
    if follow and len(files) > 1:
        raise click.UsageError("--follow takes one file")
    if output == "-" and view is not None:
        raise click.UsageError("-w - takes standard output for the capture: leave out -T")

    problems = _Problems()
    try:
        reading = Reading(
            files,
            display_filter,
            capture_filter=capture_filter,
            decode_as=decode_as,
            follow=follow,
            reassemble=reassemble,
            needs=_needs(view, columns),
            skip=skip,
            count=count,
            problem=problems,
            settled=problems.flush if view == "text" else None,
        )
    except ValueError as error:
        return _refused(error)
    if reading.capture is None:
        return problems.status

    live = follow or ("-" in files and is_pipe(sys.stdin))
    set_up_output(live=live or sys.stdout.isatty())
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(reading)
            write = _output(reading, stack, live)
            if view == "text":
                problems.view = TextView(
                    write,
                    clock=clock.clock(time_format),
                    paint=_paint(color),
                    names=dict if numeric else lambda: reading.names,
                    at_once=live,
                    width=width(),
                )
            elif view == "fields":
                problems.view = _fields_view(write, columns, settings, reading)
            elif view is not None:
                problems.view = _tree_view(view, write, _paint(color))
            writer = stack.enter_context(_writer(output, files, reading, force)) if output is not None else None
            _run(reading, problems.view, writer, live)
    except CaptureError as error:  # of the file written: those of files read were told to `problems`
        if output == "-":
            drop_output()
        problems(error)
    except ValueError as error:  # a capture filter that means nothing for the link type it meets
        return _refused(error)
    return problems.status


class _Problems:
    """Says what is wrong with a file, after what was shown of it, and remembers it for the exit status."""

    def __init__(self) -> None:
        self.status = 0
        self.view: View | None = None

    def __call__(self, error: CaptureError) -> None:
        self.status = 1
        self.flush()
        sys.stdout.flush()
        say(str(error))

    def flush(self) -> None:
        """Write what waits in the view."""
        if self.view is not None:
            self.view.flush()


def _run(reading: Reading, view: View | None, writer: CaptureWriter | None, live: bool) -> None:
    """Show and write the packets; say at the end of which nothing could be made."""
    packets: Counter[Interface] = Counter()
    try:
        for item in reading if writer is None else reading.blocks():
            if writer is not None:
                writer.write(item)
                if live:
                    writer.flush()
            if isinstance(item, Packet):
                packets[item.interface] += 1
                if view is not None:
                    view.show(item)
    finally:
        if view is not None:
            view.flush()
    sys.stdout.flush()
    unknown: Counter[int] = Counter()
    for interface, count in packets.items():
        if interface.linktype not in reading.graph.compiled.links:
            unknown[interface.linktype] += count
    for linktype, count in unknown.items():
        say(f"link type {linktype} is not known: what is in {_counted(count, 'packet')} is shown as data")
    for linktype, reason in reading.filtered_out.items():
        say(f"filter: no packet of link type {linktype} can pass: {reason}")
    if reading.reassembler is not None and (given_up := reading.reassembler.problems):
        number, reason = given_up[0]
        say(f"{_counted(len(given_up), 'datagram')} could not be put together; in packet {number}, {reason}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"


def _refused(error: ValueError) -> int:
    """Say what is wrong with a filter or a rule; gives the exit status."""
    from rawcap.filter import FilterError  # only a mistake, or a filter, pays for the import

    if isinstance(error, FilterError):
        say(f"filter: {error}", *error.render().splitlines())
        return 2
    raise Mistake(f"--decode-as: {error}") from None


def _needs(view: str | None, columns: Sequence[str]) -> Collection[str]:
    """The fields that a view reads which take more than one packet to know."""
    if view == "fields" and not any(name.startswith("_ws.col.") for name in columns):
        return columns
    return NOTED if view is not None else ()


def _writer(output: str, files: Sequence[str], reading: Reading, force: bool) -> CaptureWriter:
    """The capture file to write, which is no file that is read, nor, unless by `force`, one that is there."""
    if os.path.isfile(output):
        for path in files:
            if os.path.exists(path) and os.path.samefile(path, output):
                raise CaptureError(f"{output} is being read; write to another file")
        if not force:
            raise CaptureError(f"{output} exists already; --force overwrites it")
    return create_capture(output, like=reading.capture)


def _output(reading: Reading, stack: contextlib.ExitStack, live: bool) -> Callable[[str], object]:
    """Where views write: standard output, with a progress bar beside it where somebody sees one."""
    write = sys.stdout.write
    if live or not sys.stderr.isatty() or is_pipe(sys.stdout):
        return write
    from rawcap.show.progress import ProgressBar

    bar = stack.enter_context(ProgressBar(lambda: reading.progress))
    if not sys.stdout.isatty():
        return write

    def without_bar(text: str) -> None:
        bar.hide()
        write(text)

    return without_bar


def _paint(color: str) -> colours.Paint:
    return colours.Paint(colours.wanted(color, sys.stdout, os.environ))


def _fields_view(
    write: Callable[[str], object], columns: Sequence[str], settings: Sequence[str], reading: Reading
) -> View:
    try:
        style = fields.style(settings)
    except ValueError as error:
        raise Mistake(f"-E: {error}") from None
    try:
        return fields.FieldsView(write, columns, reading.graph, style)
    except KeyError as error:
        raise Mistake(f"-e: {error.args[0]}") from None


def _tree_view(view: str, write: Callable[[str], object], paint: colours.Paint) -> View:
    if view == "json":
        from rawcap.show.json import JsonView

        return JsonView(write)
    if view == "hex":
        from rawcap.show.hexdump import HexView

        return HexView(write, paint=paint, width=width())
    from rawcap.show.detail import DetailView

    return DetailView(write, paint=paint, width=width())
