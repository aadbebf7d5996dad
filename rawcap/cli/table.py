"""`rawcap table`: captures into files of columns."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO

import click

from rawcap.cli.load import load_option
from rawcap.cli.terminal import Mistake, counted, drop_output, is_pipe, refused, say
from rawcap.files import CaptureError
from rawcap.files.errors import reason

if TYPE_CHECKING:
    from rawcap.columns.export import TableWriter


@click.command("table", context_settings={"max_content_width": 100})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "-e",
    "columns",
    metavar="FIELD",
    multiple=True,
    help='A column; "file" is the file that a packet is from.  [default: addresses, ports, lengths, flags]',
)
@click.option("-Y", "--display-filter", metavar="FILTER", help="Take what passes; Wireshark's language.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="-",
    help="Ends in .parquet, .arrow or .csv, which may end in .gz, .zst, .lz4 or .xz too; - is stdout.  [default: -]",
)
@click.option(
    "--format",
    type=click.Choice(["parquet", "arrow", "csv"]),
    help="The format, where the name of the file does not say it.  [default for stdout: csv]",
)
@click.option("--force", is_flag=True, help="Let -o overwrite a file.")
@click.option("--text", is_flag=True, help="Write addresses as text, not as octets; csv always does.")
@click.option(
    "--occurrence",
    type=click.Choice(["first", "last", "all"]),
    default="first",
    help="Of several values in a packet, the first, the last, or all as a list.  [default: first]",
)
@click.option(
    "-d", "--decode-as", metavar="TABLE==N,PROTOCOL", multiple=True, help="As in: udp.port==9000,dns (see protocols)."
)
@load_option
def command(
    files: tuple[str, ...],
    columns: tuple[str, ...],
    display_filter: str | None,
    output: str,
    format: str | None,
    force: bool,
    text: bool,
    occurrence: str,
    decode_as: tuple[str, ...],
) -> int:
    """Write fields of packets as columns: Parquet, Arrow or CSV, for pandas, polars, DuckDB and spreadsheets.

    A file is made, or overwritten, when there is something to write: never where nothing could be read.
    """
    import rawcap
    from rawcap.columns.defaults import COLUMNS
    from rawcap.columns.export import TableWriter, format_of, uninterrupted

    problems = Problems()
    try:
        format = format_of(output, format)
        table = rawcap.table(
            files,
            columns or COLUMNS,
            filter=display_filter,
            occurrence=occurrence,
            text=text or format == "csv",
            decode_as=decode_as,
            problem=problems,
        )
    except KeyError as error:
        raise Mistake(f"-e: {error.args[0]}") from None
    except ValueError as error:
        return refused(error)
    if output == "-" and format != "csv" and sys.stdout.isatty():
        raise Mistake(f"{format} is nothing for a terminal: name a file with -o")

    writer: TableWriter | None = None
    try:
        refuse_input(output, files)
        _refuse_output(output, force)
        with contextlib.ExitStack() as stack:
            if _waits(output):
                stack.enter_context(_held(output))
            watch(stack, files, lambda: table.position, quiet=output != "-")

            overwrite = force or os.path.exists(output)  # what comes while the captures are read stays as it is

            def begun() -> TableWriter:
                return stack.enter_context(TableWriter(output, table.schema, format=format, overwrite=overwrite))

            for batch in table:
                with uninterrupted():  # a file that is made has rows
                    writer = writer or begun()
                    writer.write(batch)
            if writer is None and table.readable:
                with uninterrupted():
                    writer = begun()
    except CaptureError as error:  # of the file written: those of files read were told to `problems`
        if output == "-":
            drop_output()
        problems(error)
    except KeyboardInterrupt:
        if writer is not None:
            say(f"interrupted: {writer.label} has the {counted(writer.rows, 'packet')} before that")
        elif output != "-":
            say(f"interrupted: {output} is not written")
        return 130
    return problems.status


class Problems:
    """Says what is wrong with a file, and remembers it for the exit status."""

    def __init__(self) -> None:
        self.status = 0

    def __call__(self, error: CaptureError) -> None:
        self.status = 1
        say(str(error))


def _refuse_output(output: str, force: bool) -> None:
    """Raises CaptureError for a file that could not be written in the end, before all is read for nothing.

    It must not be there, unless by `force`; a device or a pipe may be.
    """
    if output == "-":
        return
    folder = os.path.dirname(output)
    if not force and os.path.isfile(output):
        raise CaptureError(f"{output} exists already; --force overwrites it")
    if os.path.isdir(output):
        raise CaptureError(f"{output} is a directory; name a file in it")
    if not os.path.isdir(folder or "."):
        raise CaptureError(f"{output} cannot be made: there is no directory {folder}")
    if not os.access(output if os.path.exists(output) else folder or ".", os.W_OK):
        raise CaptureError(f"{output} cannot be made: permission denied")


def _waits(output: str) -> bool:
    """Whether the output is a named pipe, whose reader waits for its end even where nothing comes."""
    with contextlib.suppress(OSError):
        return output != "-" and stat.S_ISFIFO(os.stat(output).st_mode)
    return False


def _held(output: str) -> BinaryIO:
    """A named pipe, open: what is written is written to the same, and its reader has the end when both are closed."""
    try:
        return open(output, "wb", buffering=0)
    except OSError as error:
        raise CaptureError(f"{output} cannot be written: {reason(error)}") from None


def refuse_input(output: str, files: Sequence[str]) -> None:
    """Raises CaptureError when a file is to be written that is read."""
    for path in files:
        if os.path.isfile(output) and os.path.exists(path) and os.path.samefile(path, output):
            raise CaptureError(f"{output} is being read; write to another file")


def watch(stack: contextlib.ExitStack, files: Sequence[str], position: Callable[[], int], *, quiet: bool) -> None:
    """Show how far the reading of files has come, where somebody sees it; `quiet` when nothing is printed meanwhile."""
    if not sys.stderr.isatty() or is_pipe(sys.stdout) or (sys.stdout.isatty() and not quiet):
        return
    from rawcap.show.progress import ProgressBar

    sizes = [os.path.getsize(path) if os.path.isfile(path) else None for path in files]
    whole = None if None in sizes else sum(size for size in sizes if size is not None)
    stack.enter_context(ProgressBar(lambda: (position(), whole)))
