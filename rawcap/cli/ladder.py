"""`rawcap ladder`: the sequence diagram of one connection, or the timeline that was recorded with the packets."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import click

from rawcap.cli.load import load_option
from rawcap.cli.terminal import Mistake, Number, counted, knows_signs, page_width, refused, say, set_up_output

if TYPE_CHECKING:
    from dissectors.packet import Packet
    from rawcap.reading import Reading
    from rawcap.show.colours import Paint
    from rawcap.show.ladder import Course, Strokes
    from rawcap.stack.timeline import Timeline

_WHAT = {"tcp": "TCP connection", "udp": "UDP exchange"}


@click.command("ladder", context_settings={"max_content_width": 100})
@click.argument("file", metavar="FILE")
@click.argument("which", metavar="[[tcp|udp] N]", nargs=-1)
@click.option("--all", "unfold", is_flag=True, help="A line for each packet: fold nothing.")
@click.option("--packets-only", is_flag=True, help="Draw packets, also where the file has a timeline.")
@click.option("--no-notes", is_flag=True, help="Leave out what a lab has written between the events of its timeline.")
@click.option(
    "-d", "--decode-as", metavar="TABLE==N,PROTOCOL", multiple=True, help="As in: udp.port==9000,dns (see protocols)."
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours; auto is on a terminal.",
)
@load_option
def command(
    file: str,
    which: tuple[str, ...],
    unfold: bool,
    packets_only: bool,
    no_notes: bool,
    decode_as: tuple[str, ...],
    color: str,
) -> int:
    """Draw a TCP connection, or a UDP exchange: two hosts, what they sent as arrows, the states down both sides.

    A file that trace or lab has written has a timeline too: with it the calls of the programs are drawn between the
    arrows. Naming a connection, or --packets-only, draws packets alone.

    N is its tcp.stream or udp.stream, as flows lists them; without it the first is drawn. Sequence numbers count from
    the first of each side, times from the first packet. FILE is pcap or pcapng; - is standard input.
    """
    if not file:
        raise click.UsageError("FILE has an empty name; - is standard input")
    protocol, number = _asked(which)
    from rawcap.cli.table import Problems, watch  # --help and mistakes do without what reads packets
    from rawcap.reading import Reading
    from rawcap.show import colours, ladder

    problems = Problems()
    paint = colours.Paint(colours.wanted(color, sys.stdout, os.environ))
    strokes = ladder.UNICODE if knows_signs() else ladder.ASCII
    course = ladder.Course(number or 0, protocol)
    try:
        reading = Reading([file], reassemble=True, decode_as=decode_as, problem=problems)
    except ValueError as error:
        return refused(error)
    if reading.capture is None:
        return problems.status
    with contextlib.ExitStack() as stack:
        stack.enter_context(reading)
        watch(stack, [file], lambda: reading.progress[0], quiet=True)
        if packets_only or which:
            for packet in reading:
                course.add(packet)
        else:
            timeline = _timeline(file, reading, course, no_notes)
            if timeline is not None:
                return _draw_timeline(timeline, paint, strokes) or problems.status
    if course.flow is None:
        if problems.status:
            return problems.status
        raise Mistake(_none(protocol, number, course.count, course.others))
    set_up_output(live=False)
    lines = ladder.draw(
        course,
        width=page_width(),
        unfold=unfold,
        strokes=strokes,
        paint=paint,
    )
    for line in lines:
        sys.stdout.write(line + "\n")
    if number is None and course.count > 1:
        sys.stdout.flush()
        say(f"{file} has {counted(course.count, _WHAT[protocol])}; this is 0. Name another by its number, see flows")
    return problems.status


def _timeline(file: str, reading: Reading, course: Course, no_notes: bool) -> Timeline | None:
    """The timeline of a capture that has one; its packets go to `course` as well."""
    from rawcap.files import Block, open_capture
    from rawcap.stack.event import NOTE
    from rawcap.stack.recording import Reader

    reader = Reader(say)
    packets: list[Packet] = []
    announced = False
    for item in reading.blocks():
        if isinstance(item, Block):
            reader.take(item)
            continue
        course.add(item)
        announced |= reader.found
        if announced:  # before the first packet: those of other files need not be kept
            packets.append(item)
    events = reader.events
    if not events:
        return None
    if no_notes:
        events = [event for event in events if event.source != NOTE]
    from rawcap.stack.timeline import Timeline

    if announced or file == "-":
        return Timeline(events, packets)
    with open_capture(file) as capture:
        return Timeline(events, capture)


def _draw_timeline(timeline: Timeline, paint: Paint, strokes: Strokes) -> int:
    from rawcap.show.timeline import lines

    set_up_output(live=False)
    for line in lines(timeline, page_width(), paint, strokes):
        sys.stdout.write(line + "\n")
    return 0


def _asked(which: tuple[str, ...]) -> tuple[str, int | None]:
    """The protocol and the number that were asked for; None where no number was."""
    words = list(which)
    protocol = words.pop(0) if words and words[0] in _WHAT else "tcp"
    if not words:
        return protocol, None
    if len(words) > 1:
        raise click.UsageError("one connection at a time: FILE [tcp|udp] N")
    return protocol, Number(0).convert(words[0], None, None)


def _none(protocol: str, number: int | None, count: int, others: int) -> str:
    """The words for a connection that is not there, of `count`; `others` are of the other protocol."""
    what = _WHAT[protocol]
    if count:
        there = f"the file has {count} (0 to {count - 1})" if count > 1 else "the file has only 0"
        return f"there is no {what} {number}: {there}"
    other = "udp" if protocol == "tcp" else "tcp"
    hint = f", but {counted(others, _WHAT[other])}: rawcap ladder FILE {other} 0" if others else ""
    return f"the file has no {what}{hint}"
