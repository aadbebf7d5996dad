"""The two streams that a command talks to: standard output, which may go away, and standard error, for one line."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import stat
import sys
from typing import IO, Any

import click

from rawcap.show.characters import REPLACE, is_known

_PAGE = 100
"""Columns of a page where nothing says how many there are."""


class Mistake(click.ClickException):
    """Something on the command line that cannot be: one line that says all, exit status 2."""

    exit_code = 2


class Number(click.IntRange):
    """A number of packets, `least` or more, whose mistakes are said in plain words."""

    def __init__(self, least: int) -> None:
        super().__init__(min=least)
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; a default comes as one already."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is not a number", param, ctx)
        if number < self.least:
            self.fail(f"{number} is less than {self.least}", param, ctx)
        return number


def say(line: str, *more: str) -> None:
    """Tell the user, on standard error: one line after the program's name, and what illustrates it below."""
    from dissectors.printable import printable  # imports every protocol, which --help can do without

    with contextlib.suppress(OSError):  # nobody is left to tell
        print("\n".join([f"rawcap: {printable(line)}", *map(printable, more)]), file=sys.stderr, flush=True)


def set_up_output(*, live: bool) -> None:
    """Make standard output take any character, and pass each line on at once when it is `live`.

    Characters that its encoding does not have become ASCII that says the same (rawcap/show/characters.py).
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=REPLACE, line_buffering=live)


def drop_output() -> None:
    """Send what is still buffered for standard output nowhere, so that the interpreter's last flush succeeds."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def width() -> int | None:
    """The columns of the terminal that standard output is; None where it is none, and lines are as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def page_width() -> int:
    """The columns for what is laid out as a page: those of the terminal, else what COLUMNS says, else 100."""
    columns = width()
    if columns is not None:
        return columns
    said = os.environ.get("COLUMNS", "")
    return int(said) if said.isdecimal() and int(said) > 0 else _PAGE


def knows_signs() -> bool:
    """Whether standard output can show the arrows, lines and marks that the program uses."""
    return is_known(getattr(sys.stdout, "encoding", None))


def is_pipe(stream: IO[Any]) -> bool:
    """Whether a stream is a pipe or a socket, at whose other end somebody waits or follows."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def has_reader(stream: IO[Any]) -> bool:
    """Whether there is somebody at the other end of a pipe; of anything else that is taken for granted.

    Writing would tell too, but there may be nothing to write for a long time.
    """
    if not is_pipe(stream):
        return True
    poll = select.poll()
    poll.register(stream.fileno(), 0)  # errors are told in any case
    return not any(event & select.POLLERR for _, event in poll.poll(0))


def refused(error: ValueError) -> int:
    """Say what is wrong with a filter, and give the exit status.  Raises Mistake for anything else that was wrong."""
    from rawcap.filter import FilterError  # only a mistake, or a filter, pays for the import
    from rawcap.pipeline import RuleError

    if isinstance(error, FilterError):
        say(f"filter: {error}", *error.render().splitlines())
        return 2
    raise Mistake(f"--decode-as: {error}" if isinstance(error, RuleError) else str(error)) from None


def counted(count: int, noun: str) -> str:
    """A number of things: "1 packet", "12,345 packets"."""
    return f"{count:,} {noun}{'s' if count != 1 else ''}"
