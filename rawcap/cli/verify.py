"""`rawcap verify`: a checklist of connections, and whether what was expected holds.

The exit status is for graders and for continuous integration, so that of a check that failed, 1, is nothing else's:
what of other commands is 1 as well, input that cannot be read, is 4 here. Reports agree with it: 4 and 3 where they
have an error, 1 where they have only failures, 0 where they have neither.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FrameType

import click

from dissectors.packet import Packet
from rawcap.cli.junit import as_junit
from rawcap.cli.load import load_option
from rawcap.cli.table import watch
from rawcap.cli.terminal import (
    Mistake,
    Number,
    counted,
    drop_output,
    knows_signs,
    page_width,
    refused,
    say,
    set_up_output,
)
from rawcap.files import CaptureError
from rawcap.filter import FilterError, display_filter
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.pipeline import NOTED
from rawcap.reading import Reading
from rawcap.show import colours
from rawcap.show.verify import Expected, Screen, as_json
from rawcap.tcp.tracker import FIELDS
from rawcap.tcp.verify.evidence import Case, Evidence
from rawcap.tcp.verify.expectations import KINDS, QUANTITIES, ExpectationError, expect, nothing
from rawcap.tcp.verify.rules import BROKEN, checklist

_FAILED = 1
_NOT_PERMITTED = 3
_NOT_READ = 4


def _manual() -> str:
    """The end of the help: what may be expected, and what -T json prints."""
    names = [(f"{kind.name}={kind.value}" if kind.value else kind.name, kind.sentence) for kind in KINDS.values()]
    names += [(f"{name}: FILTER", sentence) for name, sentence in QUANTITIES.items()]
    room = max(len(name) for name, _ in names)
    lines = [f"  {name:<{room}}  {sentence}" for name, sentence in names]
    return "\n".join(["\b", "What may be expected, of every connection that was chosen:", *lines])


_MANUAL = """\b
Each of them speaks of every connection, or every exchange of datagrams, that was chosen. Where there is none it fails;
only connections=0, exchanges=0 and "none:" hold then.

\b
-T json prints one object a line. A connection has protocol, stream, client and server (address, port), first_packet,
last_packet, outcome (name, errno, client, server, packets), opened, closed, closed_by, time_wait, bytes_to_server,
bytes_to_client, retransmissions, and checks: each with rule, sentence, section, verdict, packets, detail. An
expectation has expectation, verdict, packets, detail. A verdict is "holds", "broken", "not seen" or "does not apply".
What cannot be read or captured is an object with error; that there is no connection at all, one with
verdict, packets, detail.

\b
-T junit has a test for each expectation; without any, a suite for each connection with a test for each check. With
expectations the checks are no tests, as a broken one may be what is expected: of a connection that is refused,
"SYN/ACK answers the SYN" is. What cannot be read or captured is a test with an error.

\b
Exit status:
  0  all expectations hold; without any, there is a connection or an exchange, and no check is broken
  1  an expectation fails; without any, a check is broken, or there is nothing to check
  2  the command line is wrong
  3  this user may not capture
  4  the input could not be read, or captured, to its end: no verdict on all of it, whatever was found before"""


@click.command("verify", context_settings={"max_content_width": 118}, epilog=f"{_manual()}\n\n{_MANUAL}")
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option("-Y", "--display-filter", "chosen", metavar="FILTER", help="The connections with a packet that passes.")
@click.option("--expect", "wanted", metavar="NAME[=VALUE]", multiple=True, help="What has to hold; see below.")
@click.option(
    "-T",
    "--view",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    help="Text, an object a line, or JUnit XML.  [default: text]",
)
@click.option("-i", "--interface", "interfaces", metavar="NAME", multiple=True, help="Capture here, until Ctrl-C.")
@click.option("-f", "--capture-filter", metavar="FILTER", help="With -i, what the kernel lets pass.")
@click.option("--duration", metavar="S", type=click.FloatRange(0), help="With -i, end after S seconds.")
@click.option("-c", "--count", metavar="N", type=Number(1), help="With -i, end after N packets.")
@click.option(
    "-d", "--decode-as", metavar="TABLE==N,PROTOCOL", multiple=True, help="As in: udp.port==9000,dns (see protocols)."
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours; auto is on a terminal."
)
@load_option
def command(
    files: tuple[str, ...],
    chosen: str | None,
    wanted: tuple[str, ...],
    view: str,
    interfaces: tuple[str, ...],
    capture_filter: str | None,
    duration: float | None,
    count: int | None,
    decode_as: tuple[str, ...],
    color: str,
) -> int:
    """Say what became of each connection, check it against the rules of TCP, and test what is expected of it.

    One connection is shown on one screen, of many a line each and the checks that are broken. Every verdict names the
    packets that prove it and the section of the RFC. FILE is pcap or pcapng; - is standard input.
    """
    if bool(files) == bool(interfaces):
        raise click.UsageError("give a FILE, or an interface with -i" + (", not both" if files else ""))
    if "" in files:
        raise click.UsageError("a FILE has an empty name; - is standard input")
    if files and (capture_filter is not None or duration is not None or count is not None):
        raise click.UsageError("-f, --duration and -c go with -i")
    filters: list[str] = []
    try:
        expectations = [expect(text, filters) for text in wanted]
    except ExpectationError as error:
        raise Mistake(f"--expect: {error}") from None
    try:
        select = display_filter(chosen) if chosen is not None else None
        tests = [display_filter(text) for text in filters]
    except FilterError as error:
        return refused(error)
    asked = {name for each in (select, *tests) if each is not None for name in each.fields}
    evidence = Evidence(select, tests)
    needs = (asked & NOTED) - FIELDS  # those of TCP the evidence notes itself

    problems, sources = _Problems(), files or interfaces
    set_up_output(live=sys.stdout.isatty())
    try:
        if interfaces:
            _capture(interfaces, evidence, needs, capture_filter, duration, count, decode_as, problems)
        else:
            _read(files, evidence, needs, decode_as, problems)
    except LiveError as error:
        problems(error)
    except ValueError as error:
        return refused(error)
    if problems.errors and not evidence.packets:
        _write(_lines(view, [], [], problems.errors, None, sources, color))
        return problems.status

    cases = evidence.cases
    elsewhere = evidence.elsewhere if select is None else None
    found = [(each, each.look(cases, elsewhere)) for each in expectations]
    empty = nothing("both", filtered=select is not None) if not cases else None
    if empty is not None:
        say(empty)
    _write(_lines(view, cases, found, problems.errors, empty if not found else None, sources, color))
    if problems.status:
        return problems.status
    if found:
        failed = any(check.verdict == BROKEN for _, check in found)
    else:
        failed = not cases or any(check.verdict == BROKEN for case in cases for _, check in checklist(case))
    return _FAILED if failed else 0


def _lines(
    view: str,
    cases: Sequence[Case],
    found: Expected,
    errors: Sequence[str],
    empty: str | None,
    sources: Sequence[str],
    color: str,
) -> Iterable[str]:
    """What is printed; `errors` and `empty`, why there is nothing to check, were said on standard error already."""
    if view == "json":
        told: list[dict[str, object]] = [{"error": error} for error in errors]
        if empty is not None:
            told.append({"verdict": BROKEN, "packets": [], "detail": empty})
        return [*(json.dumps(each, ensure_ascii=False) for each in told), *as_json(cases, found)]
    if view == "junit":
        return [as_junit(cases, found, errors, empty, sources)]
    if not cases and not found:
        return []
    paint = colours.Paint(colours.wanted(color, sys.stdout, os.environ))
    return Screen(paint, page_width(), plain=not knows_signs()).lines(cases, found)


def _write(lines: Iterable[str]) -> None:
    """Print the report; where that cannot be, there is no verdict that anybody could have read."""
    try:
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        raise _NotWritten(f"standard output cannot be written: {(error.strerror or str(error)).lower()}") from None


class _NotWritten(click.ClickException):
    exit_code = _NOT_READ


class _Problems:
    """Says what is wrong with a file or an interface, and remembers it for the report and the exit status."""

    def __init__(self) -> None:
        self.status = 0
        self.errors: list[str] = []

    def __call__(self, error: CaptureError | LiveError) -> None:
        self.status = _NOT_PERMITTED if isinstance(error, NotPermitted) else _NOT_READ
        self.errors.append(str(error))
        say(str(error))


def _read(
    files: tuple[str, ...], evidence: Evidence, needs: Iterable[str], decode_as: tuple[str, ...], problems: _Problems
) -> None:
    """Take in the packets of files."""
    reading = Reading(files, decode_as=decode_as, reassemble=True, needs=tuple(needs), problem=problems)
    if reading.capture is None:
        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(reading)
        watch(stack, files, lambda: reading.progress[0], quiet=True)
        _take(reading, evidence)


def _capture(
    interfaces: tuple[str, ...],
    evidence: Evidence,
    needs: Iterable[str],
    capture_filter: str | None,
    duration: float | None,
    count: int | None,
    decode_as: tuple[str, ...],
    problems: _Problems,
) -> None:
    """Take in packets as they come, until Ctrl-C."""
    from rawcap.live.capture import capture

    with capture(
        interfaces,
        filter=capture_filter,
        duration=duration,
        count=count,
        needs=tuple(needs),
        decode_as=decode_as,
        reassemble=True,
        problem=problems,
    ) as live:
        with _ended_by_signals(live.stop):
            if sys.stderr.isatty():
                say(f"capturing on {', '.join(interfaces)}; Ctrl-C ends it and shows the verdict")
            _take(live, evidence)
        dropped = live.stats.dropped
    if dropped:
        problems(LiveError(f"{counted(dropped, 'packet')} dropped for want of room: what looks lost may not be"))


def _take(packets: Iterable[Packet], evidence: Evidence) -> None:
    for packet in packets:
        evidence.add(packet)


@contextlib.contextmanager
def _ended_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Ctrl-C, and a polite kill, end the capture; they do not end the program."""

    def end(number: int, frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
