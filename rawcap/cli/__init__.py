"""The command line: `rawcap COMMAND`. One module per command, imported when it is the one that was called.

What a user did wrong, or what is wrong with a file, is one line on standard error. Exit status: 0, 1 when a file
could not be read or written, or an interface not captured on, 2 when the command line was wrong, 3 when this user may
not capture, 130 after Ctrl-C (which is how a capture is meant to end: 0), 141 when the reader of the output went away,
as a shell reports a program that was stopped by SIGPIPE. For `verify`, whose 1 says that an expectation or a rule
fails, 4 is what could not be read or captured to its end. `lab` has 1 where something expected did not come, `trace`
the status of the program that it ran.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Any, NoReturn

import click

from rawcap import __version__
from rawcap.cli.terminal import drop_output, say

_COMMANDS = {
    "capture": "Capture packets live: show them, write them to files.",
    "read": "Show what is in capture files.",
    "flows": "Show every connection: its beginning, its end, its trouble.",
    "ladder": "Draw a connection: two hosts, arrows, states down both sides.",
    "follow": "Show what the two sides of a connection sent each other.",
    "verify": "Check connections against the rules of TCP, and your own.",
    "trace": "Show what a program's sockets do: calls, kernel and frames.",
    "sockets": "List the sockets of this machine, and whose they are.",
    "lab": "Learn sockets by watching them: real connections, step by step.",
    "table": "Write fields of packets as columns: Parquet, Arrow or CSV.",
    "sql": "Ask questions about packets in SQL.",
    "stats": "Count what is in captures: conversations, protocols, lengths.",
    "interfaces": "List the interfaces, and what of them may be captured.",
    "doctor": "Say what this machine and user allow, and how to get the rest.",
    "fields": "List the fields that filters and views know.",
    "protocols": "List the protocols that are dissected.",
}


_IN_BULK = ("table", "sql", "stats")
"""The commands that look at many packets at once."""

_INTERPRETED = (
    "its compiled part is missing, so this takes a hundred times as long: install a C compiler, then rawcap again"
)


def _is_compiled() -> bool:
    """Whether the walker runs as native code."""
    found = importlib.util.find_spec("dissectors.walk")
    return found is not None and (found.origin or "").endswith(tuple(EXTENSION_SUFFIXES))


class Commands(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        # What is imported stays to the end: let the garbage collector neither run meanwhile nor look at it ever again.
        gc.disable()
        command: click.Command = importlib.import_module(f"rawcap.cli.{cmd_name}").command
        gc.freeze()
        gc.enable()
        if cmd_name in _IN_BULK and not _is_compiled():
            say(_INTERPRETED)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            hint = _nearest(args[0], _COMMANDS) or f"; there are {', '.join(_COMMANDS)}"
            ctx.fail(f"there is no command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        """Run the command line `args` and exit."""
        if sys.stdout is None:
            say("standard output is closed")
            sys.exit(1)
        sys.exit(self._status(args))

    def _status(self, args: Sequence[str] | None) -> int:
        """The exit status of the command line `args`, which is run; what goes wrong is said."""
        try:
            status = super().main(args, "rawcap", standalone_mode=False)
        except click.UsageError as error:
            say(f"{_what_is_wrong(error)} (see {_command_of(error, args)} --help)")
            return error.exit_code
        except click.ClickException as error:
            say(error.format_message())
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            return 130
        except OSError as error:  # of a file it would be a CaptureError
            drop_output()
            say(f"standard output cannot be written: {(error.strerror or str(error)).lower()}")
            return 1
        return status if isinstance(status, int) else 0

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command up to the last octet of its output, which may find that nobody reads it any more."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            drop_output()
            return 141
        return status


def _what_is_wrong(error: click.UsageError) -> str:
    """A mistake in one line, with what it may have been meant to be."""
    if not isinstance(error, click.NoSuchOption):
        return error.format_message().rstrip(".")
    known = [name for each in error.ctx.command.params for name in each.opts] if error.ctx is not None else []
    return f"there is no option {error.option_name}{_nearest(error.option_name, known)}"


def _command_of(error: click.UsageError, args: Sequence[str] | None) -> str:
    """The command that a mistake was made in, as its user writes it."""
    if error.ctx is not None:
        return error.ctx.command_path
    called = (sys.argv[1:] if args is None else args)[:1]
    return " ".join(["rawcap", *(name for name in called if name in _COMMANDS)])


def _nearest(name: str, known: Iterable[str]) -> str:
    import difflib  # only a mistake pays for it

    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="rawcap %(version)s")
def main() -> None:
    """Captures packets, reads them, and says what is in them, layer by layer."""
