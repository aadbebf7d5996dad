"""`rawcap read`: what is in capture files."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence

import click

from dissectors.graph import Graph
from dissectors.graph import graph as every_protocol
from dissectors.packet import Interface, Packet
from rawcap.cli.load import load_option
from rawcap.cli.table import watch
from rawcap.cli.terminal import Number, counted, drop_output, is_pipe, refused, say, set_up_output
from rawcap.cli.views import Showing, View, view_options
from rawcap.files import CaptureError, CaptureWriter, create_capture
from rawcap.reading import Reading
from rawcap.show.fields import heading
from rawcap.show.text import TextView


@click.command(
    "read",
    context_settings={"max_content_width": 100},
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-Y", "--display-filter", metavar="FILTER", help="Show what passes; Wireshark's language.")
@click.option("-f", "--capture-filter", metavar="FILTER", help="Show what passes; the language of pcap-filter(7).")
@view_options
@click.option("-c", "--count", metavar="N", type=Number(1), help="Stop after N packets that pass.")
@click.option("--skip", metavar="N", type=Number(0), default=0, help="Pass over the first N packets.")
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
@click.option("--reassemble", is_flag=True, help="Put fragments, and messages that span segments, together.")
@load_option
def command(
    files: tuple[str, ...],
    display_filter: str | None,
    capture_filter: str | None,
    showing: Showing,
    count: int | None,
    skip: int,
    output: str | None,
    force: bool,
    follow: bool,
    decode_as: tuple[str, ...],
    reassemble: bool,
) -> int:
    """Show what is in capture files: pcap or pcapng, compressed or not; - is standard input."""
    if "" in files:
        raise click.UsageError("a FILE has an empty name; - is standard input")
    showing = showing.of(output)
    if follow and len(files) > 1:
        raise click.UsageError("--follow takes one file")

    problems = _Problems()
    plain = not (capture_filter or skip or count or follow or reassemble or output)
    at_once = {"fields": _in_columns, "text": _in_lines}.get(showing.view or "")
    if plain and at_once is not None and _are_large(files):
        try:
            if at_once(files, display_filter, showing, decode_as, problems):
                return problems.status
        except ValueError as error:
            return refused(error)
    try:
        reading = Reading(
            files,
            display_filter,
            capture_filter=capture_filter,
            decode_as=decode_as,
            follow=follow,
            reassemble=reassemble,
            needs=showing.needs,
            skip=skip,
            count=count,
            problem=problems,
            settled=problems.flush if showing.view == "text" else None,
        )
    except ValueError as error:
        return refused(error)
    if reading.capture is None:
        return problems.status

    live = follow or ("-" in files and is_pipe(sys.stdin))
    set_up_output(live=live or sys.stdout.isatty())
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(reading)
            write = _output(reading, stack, live)
            problems.view = showing.open(write, reading.graph, at_once=live, names=lambda: reading.names)
            writer = stack.enter_context(_writer(output, files, reading, force)) if output is not None else None
            _run(reading, problems.view, writer, live)
    except CaptureError as error:  # of the file written: those of files read were told to `problems`
        if output == "-":
            drop_output()
        problems(error)
    except ValueError as error:  # a capture filter that means nothing for the link type it meets
        return refused(error)
    return problems.status


def _are_large(files: Sequence[str]) -> bool:
    """Whether reading files many packets at once is worth what it takes to begin."""
    return all(os.path.isfile(path) for path in files) and sum(map(os.path.getsize, files)) >= LARGE


def _in_columns(
    files: Sequence[str],
    display_filter: str | None,
    showing: Showing,
    decode_as: Sequence[str],
    problems: _Problems,
) -> bool:
    """Print the fields from columns, many packets at once; False, and nothing printed, where they are not columns."""
    from rawcap.columns.lines import OCCURRENCES, are_columns, lines
    from rawcap.columns.scan import Scan

    style = showing.style
    if not are_columns(showing.columns, every_protocol):
        return False
    scan = Scan(
        files,
        showing.columns,
        filter=display_filter,
        occurrence=OCCURRENCES[style.occurrence],
        decode_as=decode_as,
        problem=problems,
    )
    linktypes: Counter[int] = Counter()
    set_up_output(live=False)
    write = sys.stdout.buffer.write
    with contextlib.ExitStack() as stack:
        watch(stack, files, lambda: scan.position, quiet=False)
        write(heading(showing.columns, style).encode())
        for text in lines(scan, showing.columns, style, linktypes):
            write(text)
    sys.stdout.flush()
    _tell_unknown(linktypes, scan.graph)
    return True


def _in_lines(
    files: Sequence[str],
    display_filter: str | None,
    showing: Showing,
    decode_as: Sequence[str],
    problems: _Problems,
) -> bool:
    """Print lines of text, many packets at once; False, and nothing printed, where that is not possible."""
    from rawcap.columns.scan import Scan
    from rawcap.show import fast_text

    if display_filter is not None or len(files) > 1 or not fast_text.is_possible(files[0], showing):
        return False
    scan = Scan(files, (), decode_as=decode_as)
    linktypes: Counter[int] = Counter()
    set_up_output(live=False)
    write = sys.stdout.buffer.write
    view = showing.open(lambda text: write(text.encode(errors="backslashreplace")), scan.graph, at_once=False)
    assert isinstance(view, TextView)
    with contextlib.ExitStack() as stack:
        watch(stack, files, lambda: scan.position, quiet=False)
        try:
            fast_text.write_lines(scan, view, showing.time_format, write, linktypes)
        except CaptureError as error:
            problems(error)
    sys.stdout.flush()
    _tell_unknown(linktypes, scan.graph)
    return True


LARGE = 1 << 20
"""Octets of files from which on packets are looked at many at a time."""


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
    linktypes: Counter[int] = Counter()
    for interface, count in packets.items():
        linktypes[interface.linktype] += count
    _tell_unknown(linktypes, reading.graph)
    for linktype, reason in reading.filtered_out.items():
        say(f"filter: no packet of link type {linktype} can pass: {reason}")
    if reading.reassembler is not None and (given_up := reading.reassembler.problems):
        number, reason = given_up[0]
        say(f"{counted(len(given_up), 'datagram')} could not be put together; in packet {number}, {reason}")


def _tell_unknown(linktypes: Counter[int], graph: Graph) -> None:
    """Say of which packets nothing could be made; `linktypes` has how many packets there were of each link type."""
    for linktype, count in linktypes.items():
        if count and linktype not in graph.compiled.links:
            say(f"link type {linktype} is not known: what is in {counted(count, 'packet')} is shown as data")


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
