"""`rawcap doctor`: what this machine and this user allow, and how to get the rest."""

from __future__ import annotations

import os
import shlex
import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from rawcap.cli.terminal import say, set_up_output, width
from rawcap.live.errors import LiveError
from rawcap.show import colours
from rawcap.show.colours import Paint

if TYPE_CHECKING:
    from rawcap.live.doctor import Diagnosis, Finding

_WIDEST = 100  # columns: longer lines are hard to read, on whatever terminal
_TITLE = 18  # columns, with two to the text
_GOOD = "32"
_MARKS = {True: ("✓", _GOOD), False: ("✗", colours.BAD), None: ("–", colours.DIM)}


@click.command("doctor")
def command() -> int:
    """Say what this machine and this user allow, by trying it, and the command that grants what is missing.

    ✓ works, ✗ does not and is needed, – is not there and can be done without. Exit status 0 when this user can
    capture, 3 when not.
    """
    from rawcap.live.doctor import diagnose

    try:
        diagnosis = diagnose(_this_program(), os.environ)
    except LiveError as error:
        say(str(error))
        return 1
    set_up_output(live=False)
    paint = Paint(colours.wanted("auto", sys.stdout, os.environ))
    for line in _lines(diagnosis, paint, min(width() or _WIDEST, _WIDEST)):
        sys.stdout.write(line + "\n")
    return 0 if diagnosis.able else 3


def _this_program() -> str:
    """The command that runs this program, from wherever it is called, as one writes it in a shell."""
    path = os.path.abspath(sys.argv[0])
    if os.path.basename(path) == "rawcap" and os.access(path, os.X_OK):
        return shlex.quote(path)
    return f"{shlex.quote(sys.executable)} -m rawcap"


def _lines(diagnosis: Diagnosis, paint: Paint, columns: int) -> Iterator[str]:
    for heading, findings in diagnosis.groups:
        yield paint(heading, colours.BOLD)
        for finding in findings:
            yield from _finding(finding, paint, columns)
        yield ""
    mark, colour = _MARKS[diagnosis.able]
    yield paint(f"{mark} {diagnosis.conclusion}{': run' if diagnosis.remedy else ''}", colour)
    if diagnosis.remedy:
        yield f"  {paint(diagnosis.remedy, colours.VALUE)}"


def _finding(finding: Finding, paint: Paint, columns: int) -> Iterator[str]:
    """The lines of a finding; a command stands on one of its own, whole, however long it is."""
    mark, colour = _MARKS[finding.good]
    indent = " " * (_TITLE + 4)
    first, *more = textwrap.wrap(finding.text, columns - len(indent), break_long_words=False)
    yield f"  {paint(mark, colour)} {finding.title:<{_TITLE}}{first}"
    for line in more:
        yield indent + line
    for each in finding.commands:
        yield f"      {paint(each, colours.VALUE)}"
