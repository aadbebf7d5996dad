"""What verification found, for people: one screen for one connection, or a line for each of many; and JSON.

The screen answers what lab sheets ask of a handshake, then has the checklist: ✓ holds, ✗ broken, – not seen or not
applicable, with the packets that prove it and the section of the RFC. What holds for both sides has one line. Where a
page is narrow, lines go on below with an indent, and tables become lines of words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dissectors.printable import printable
from rawcap.show.characters import in_ascii
from rawcap.show.colours import BAD, BOLD, DIM, VALUE, Paint
from rawcap.show.columns import columns as wide
from rawcap.show.columns import wrapped
from rawcap.tcp.segment import ACK, NO_TIME, SYN, Segment
from rawcap.tcp.verify.evidence import MOST_SEGMENTS, Case, after, socket_of
from rawcap.tcp.verify.expectations import Expectation
from rawcap.tcp.verify.outcome import outcome
from rawcap.tcp.verify.rules import BROKEN, HOLDS, SIDES, Check, Rule, checklist, counted, listed, seconds

Expected = Sequence[tuple[Expectation, Check]]

USUAL = 100
"""Columns where nothing says how many there are."""

_GOOD = "32"
_LEAST_WIDTH = 60
_WIDTH = 130
_LABEL = 13
_CHECK_LABEL = 11
_NARROW = 80  # columns below which the checklist has headings instead of labels
_MOST_ROWS = 12
_ROWS = ("handshake", "flags", "sequence no.", "acknowledges", "window", "octets")
_SHORT = 30  # columns of an option that stays on one line
_HOLD = "\u00a0"  # a blank where a line does not end
_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE")
_OPTIONS = {0: "end of options", 1: "NOP", 2: "MSS", 3: "window scale", 4: "SACK permitted", 5: "SACK"}
_OPTIONS |= {8: "timestamps", 19: "MD5", 28: "user timeout", 29: "TCP-AO", 30: "multipath", 34: "fast open cookie"}
_OPTIONS |= {254: "experiment"}
_PARTS = {"handshake": "handshake", "data": "data", "end": "end", "between": "in between", "exchange": "datagrams"}
_FOR_BOTH = {
    "client-data": ("server-data", "All that either side sent is acknowledged"),
    "client-fin": ("server-fin", "Each FIN is acknowledged"),
    "syn-ack-number": ("final-ack", "SYN/ACK and ACK acknowledge the other's initial number + 1"),
}
"""Pairs of rules, and the sentence that says both."""
_ERRORS = {
    "Destination Unreachable": "Destination unreachable",
    "Packet Too Big": "Packet too big",
    "Time Exceeded": "Time exceeded",
    "Parameter Problem": "Parameter problem",
}
"""What RFC 4443 calls the errors of ICMPv6, as those of ICMP are written, which may stand beside them."""


def _blamed(name: str) -> Callable[[Case], int]:
    return lambda case: case.side(True).count(name) + case.side(False).count(name)


_FOUND: Mapping[str, Callable[[Case], int]] = {
    "no-retransmission": lambda case: sum(sender.repeated for sender in case.senders.values()),
    "open-window": _blamed("zero_window"),
    "no-challenge": _blamed("challenge_ack"),
    "nothing-after-fin": _blamed("data_after_fin"),
    "timestamps-forward": _blamed("paws"),
    "answered": lambda case: case.exchange.client.datagrams,
}
"""How many packets a rule is broken by, where a check names only the first of them."""


def same_words(text: str) -> str:
    """Text in which an error has one spelling, be it of ICMP or of ICMPv6."""
    return re.sub("|".join(_ERRORS), lambda found: _ERRORS[found[0]], text)


def proof(case: Case, rule: Rule, check: Check) -> list[str]:
    """The numbers of the packets that prove a check; where there are more than it names the last is "12 more"."""
    named = [str(number) for number in check.numbers]
    count = _FOUND[rule.name](case) if check.verdict == BROKEN and rule.name in _FOUND else 0
    return [*named, f"{count - len(named):,} more"] if named and count > len(named) else named


class Screen:
    """Lines of text about cases, as wide as a terminal; `width` is None where there is none.

    With `plain` the signs that the screen uses are ASCII.
    """

    def __init__(self, paint: Paint, width: int | None, *, plain: bool = False) -> None:
        self._paint = paint
        self._width = max(_LEAST_WIDTH, min(width or USUAL, _WIDTH))
        self._plain = plain
        self._marks = {HOLDS: ("✓", _GOOD), BROKEN: ("✗", BAD)}
        self._mark_wide = 5 if plain else 2  # with a blank

    def lines(self, cases: Sequence[Case], expected: Expected) -> Iterator[str]:
        """All that is to be told."""
        if len(cases) == 1:
            yield from self._one(cases[0])
        else:
            yield from self._many(cases)
        if expected:
            yield ""
            yield self._paint("Expectations", BOLD)
            for expectation, check in expected:
                yield from self._check(check, [str(each) for each in check.numbers], expectation.text, "", "  ")
        yield ""
        yield from self._total(cases, expected)

    # -- the parts of a screen ----------------------------------------------------------------------------

    def _text(self, text: str) -> str:
        """Text as it may be shown."""
        return in_ascii(printable(text)) if self._plain else printable(text)

    def _row(self, label: str, text: str, colour: str = "", label_colour: str = "") -> Iterator[str]:
        """A label and what belongs to it, wrapped."""
        yield from self._lines_of_row(label, self._text(text), colour, label_colour)

    def _lines_of_row(self, label: str, text: str, colour: str = "", label_colour: str = "") -> Iterator[str]:
        for place, line in enumerate(wrapped(text, self._width - _LABEL - 2) or [""]):
            shown = self._coloured(f"{label if place == 0 else '':<{_LABEL}}", label_colour if place == 0 else "")
            yield f"  {shown}{self._coloured(line.replace(_HOLD, ' '), colour)}".rstrip()

    def _coloured(self, text: str, colour: str) -> str:
        return self._paint(text, colour) if colour and text else text

    def _check(self, check: Check, packets: Sequence[str], sentence: str, section: str, before: str) -> Iterator[str]:
        """A line of the checklist behind the text `before`: mark, sentence, detail, packets, section.

        Where one line is too narrow, what holds goes without its detail, anything else goes on below.
        """
        mark, colour = self._marks.get(check.verdict, ("–", DIM))
        mark = self._text(mark)
        numbers = f"[{', '.join(packets)}]" if packets else ""
        told, section = self._text(sentence), self._text(section)
        found = self._text(f"{same_words(check.detail)} {numbers}".strip())
        tone = BAD if check.verdict == BROKEN else DIM
        at = wide(before) + self._mark_wide
        room = self._width - at
        start = f"{before}{self._paint(mark, colour)}{' ' * (self._mark_wide - wide(mark))}"
        sentence_colour = DIM if colour == DIM else ""
        behind = wide(section) + 2 if section else 0
        shorter = numbers if check.verdict == HOLDS else found
        for each in (found, shorter):
            used = wide(told) + (2 + wide(each) if each else 0)
            if used + behind <= room:
                line = start + self._coloured(told, sentence_colour)
                line += f"  {self._paint(each, tone)}" if each else ""
                yield line + (" " * (room - used - wide(section)) + self._paint(section, DIM) if section else "")
                return
        lines = wrapped(told, room - behind)
        rest = wrapped(shorter, room - 2)
        for place, line in enumerate(lines):
            shown = (" " * at if place else start) + self._coloured(line, sentence_colour)
            if place == 0 and section:
                shown += " " * (room - wide(line) - wide(section)) + self._paint(section, DIM)
            elif place == len(lines) - 1 and wide(line) + 2 + wide(shorter) <= room:
                shown += f"  {self._paint(shorter, tone)}" if shorter else ""
                rest = []
            yield shown
        for line in rest:
            yield " " * (at + 2) + self._paint(line, tone)

    def _total(self, cases: Sequence[Case], expected: Expected) -> Iterator[str]:
        checks = [check for case in cases for _, check in checklist(case)]
        broken = sum(check.verdict == BROKEN for check in checks)
        tcp = sum(case.is_tcp for case in cases)
        there = [counted(tcp, "connection")] * (tcp > 0) + [counted(len(cases) - tcp, "exchange")] * (tcp < len(cases))
        told = f"{', '.join(there) or 'no connection'}: "
        holding = sum(check.verdict == HOLDS for check in checks)
        told += f"{counted(holding, 'check')} hold{'s' if holding == 1 else ''}, {broken:,} broken"
        failed = sum(check.verdict == BROKEN for _, check in expected)
        if expected:
            told += f"; {counted(len(expected), 'expectation')}, {failed:,} failed"
        for line in wrapped(told, self._width):
            yield self._paint(line, BAD if (failed if expected else broken) else _GOOD)

    # -- many ---------------------------------------------------------------------------------------------

    def _many(self, cases: Sequence[Case]) -> Iterator[str]:
        ends = [self._text(f"{socket_of(case.flow.client)} → {socket_of(case.flow.server)}") for case in cases]
        room = max(map(len, ends), default=0)
        name = max((len(case.title) for case in cases), default=0)
        found = [outcome(case) for case in cases]
        words = [each.name + (f" ({each.errno})" if each.errno else "") for each in found]
        at = self._mark_wide + name + 2
        fits = at + room + 2 + max(map(len, words), default=0) <= self._width
        for case, sockets, what in zip(cases, ends, words, strict=True):
            broken = [(rule, check) for rule, check in checklist(case) if check.verdict == BROKEN]
            mark, colour = self._marks[BROKEN if broken else HOLDS]
            mark = self._text(mark)
            start = f"{self._paint(mark, colour)}{' ' * (self._mark_wide - wide(mark))}"
            start += self._paint(f"{case.title:<{name}}", BOLD) + "  "
            shown = self._paint(what, VALUE)
            if fits:
                yield f"{start}{sockets:<{room}}  {shown}"
            else:
                first, *more = wrapped(sockets, self._width - at)
                yield start + first
                yield from (" " * at + line for line in more)
                yield " " * at + shown
            for rule, check in broken:
                numbers = f" [{', '.join(proof(case, rule, check))}]" if check.numbers else ""
                text = self._text(f"{rule.sentence}: {same_words(check.detail)}{numbers} ") + _held(rule.section)
                for place, line in enumerate(wrapped(text, self._width - 8)):
                    yield " " * (8 if place else 6) + self._paint(line.replace(_HOLD, " "), BAD)

    # -- one ----------------------------------------------------------------------------------------------

    def _one(self, case: Case) -> Iterator[str]:
        flow = case.flow
        found = outcome(case)
        told = found.name + (f": {found.errno}" if found.errno else "")
        sockets = ", ".join(
            f"{name} {printable(end.address)} port {end.port}"
            for name, end in (("client", flow.client), ("server", flow.server))
        )
        sockets += f", protocol {'TCP' if case.is_tcp else 'UDP'}"
        title = f"{self._paint(case.title, BOLD)}  {self._paint(told, VALUE)}"
        fits = wide(case.title) + wide(told) + wide(sockets) + 4 <= self._width
        yield f"{title}  {sockets}" if fits else title
        if not fits:
            yield from self._row("sockets", sockets, "", BOLD)
        yield from self._row("client", same_words(found.client), VALUE, BOLD)
        yield from self._row("server", found.server, VALUE, BOLD)
        if case.is_tcp:
            yield from self._handshake(case)
            yield from self._data(case)
        yield ""
        yield from self._checks(case)

    def _checks(self, case: Case) -> Iterator[str]:
        """The checklist, each part of it with its name in front, or above where the page is narrow."""
        part = ""
        for rule, check in _for_both(checklist(case)):
            packets = proof(case, rule, check)
            label = _PARTS[rule.part] if rule.part != part else ""
            part = rule.part
            before = "  "
            if self._width < _NARROW:
                if label:
                    yield self._paint(f"Checks: {label}", BOLD)
            else:
                before = f"  {label:<{_CHECK_LABEL}}"
            lines = self._check(check, packets, rule.sentence, rule.section, before)
            if label and before != "  ":
                yield next(lines).replace(before, "  " + self._paint(f"{label:<{_CHECK_LABEL}}", BOLD), 1)
            yield from lines

    def _handshake(self, case: Case) -> Iterator[str]:
        connection = case.connection
        crossed = connection.opened == "simultaneous"
        segments = _crossing(case) if crossed else [each for each in connection.handshake if each is not None]
        yield ""
        if not segments:
            yield from self._row("handshake", "the capture begins after it", "", BOLD)
            return
        columns = [self._cells(case, each) for each in segments]
        table = [[f"{first}{second}" for first, second in column] for column in columns]
        gap = 3
        labels: Sequence[str] = _ROWS
        if not self._fits(table, gap):  # what stands behind goes below
            table = [[self._text(part).strip(" ,()") for cell in column for part in cell] for column in columns]
            labels = [label for each in _ROWS for label in (each, "")]
            gap = 1
        table = [[self._text(cell) for cell in column] for column in table]
        widths = [max(map(wide, column)) for column in table]
        if not self._fits(table, gap):  # one segment under the other
            for place, column in enumerate(columns):
                told = [f"{label} {first}{second}" for label, (first, second) in zip(_ROWS, column, strict=True)]
                text = "; ".join(told).removeprefix("handshake ")
                yield from self._row("" if place else "handshake", text, "", BOLD)
        else:
            for place, label in enumerate(labels):
                row = [column[place] for column in table]
                if any(row):
                    cells = (cell + " " * (width - wide(cell)) for cell, width in zip(row, widths, strict=True))
                    line = f"{label:<{_LABEL}}{(' ' * gap).join(cells)}".rstrip()
                    yield "  " + self._coloured(line, BOLD if label == "handshake" else "")
        yield from self._all_options(segments)
        syn = connection.handshake.syn
        if syn is not None and not syn.flags & 0x10:
            whose = "the other side had come" if crossed else "the server was seen"
            why = f"without the ACK flag the field means nothing: no number of {whose} yet"
            yield from self._row("why ack 0", f"the SYN has {syn.ack_raw} there; {why}" if syn.ack_raw else why)
        if crossed:
            yield from self._row("round trip", "none is measured: the SYNs crossed, and another SYN is no answer")
        elif len(segments) == 3:
            yield from self._row("round trip", self._round_trip(segments))

    def _fits(self, table: Sequence[Sequence[str]], gap: int) -> bool:
        """Whether these columns fit beside each other, with so many blanks between."""
        widths = [max(map(wide, column)) for column in table]
        return 2 + _LABEL + sum(widths) + gap * (len(widths) - 1) <= self._width

    def _cells(self, case: Case, segment: Segment) -> list[tuple[str, str]]:
        """What a column of the handshake says in each of its _ROWS: first, and what stands behind it."""
        client, server = case.connection.client, case.connection.server
        own, other = (client, server) if segment.from_client else (server, client)
        first = case.connection.first_ns
        time = "" if NO_TIME in (segment.time_ns, first) else f", {seconds(segment.time_ns - first)}"
        acknowledges = ("no ACK flag", f" (raw {segment.ack_raw})")
        if segment.flags & 0x10:
            acknowledges = _relative(segment.ack_raw, other.isn)
        window = (f"{segment.window:,}", "")
        if own.scale and not segment.flags & 2:
            window = (f"{segment.window << own.scale:,}", f" ({segment.window} ×{1 << own.scale})")
        elif segment.shift >= 0:
            window = (window[0], f", scale {segment.shift} ×{1 << segment.shift}")
        elif segment.flags & 2:
            window = (window[0], ", no scale")
        fixed = segment.header_length - len(segment.options)
        header = f"header {fixed}" + (f" + {len(segment.options)}" if segment.options else "")
        return [
            (f"{segment.number}  {'client →' if segment.from_client else '← server'}", time),
            (flags(segment.flags), ""),
            _relative(segment.seq_raw, own.isn),
            acknowledges,
            window,
            (header, f", data {segment.length}"),
        ]

    def _all_options(self, segments: Sequence[Segment]) -> Iterator[str]:
        """The options of each segment, with their octets; equal ones once."""
        lists: dict[bytes, list[int]] = {}
        for segment in segments:
            lists.setdefault(segment.options, []).append(segment.number)
        label = "options"
        for octets, numbers in lists.items():
            told = [(self._text(name), f"({hexed})") for name, hexed in options(octets)]
            text = ", ".join(
                _held(f"{name} {hexed}") if len(name + hexed) < _SHORT else f"{_held(name)} {_held(hexed)}"
                for name, hexed in told
            )
            text = f"{', '.join(map(str, numbers))}: {text or 'none'}"
            yield from self._lines_of_row(label, text)
            label = ""

    def _round_trip(self, segments: Sequence[Segment]) -> str:
        if any(each.time_ns == NO_TIME for each in segments):
            return "the capture has no times"
        syn, answer, ack = segments
        return (
            f"{seconds(ack.time_ns - syn.time_ns)} from SYN to ACK: {seconds(answer.time_ns - syn.time_ns)} to "
            f"SYN/ACK, {seconds(ack.time_ns - answer.time_ns)} from there to ACK"
        )

    def _data(self, case: Case) -> Iterator[str]:
        yield ""
        for client in (True, False):
            yield from self._row(f"{SIDES[client]} sent", self._sent(case, client), "", BOLD)
        yield from self._segments(case)
        yield from self._again(case)
        yield from self._row("end", _ending(case))

    def _sent(self, case: Case, client: bool) -> str:
        """What one side sent, how fast, and whether the window of the other one stopped it."""
        side, other = case.side(client), case.side(not client)
        sent, acknowledged = case.sent(client), case.acknowledged(client)
        if not sent:
            return "no data"
        text = f"{counted(sent, 'octet')} in {counted(side.data_segments, 'segment')}, "
        text += "all acknowledged" if acknowledged >= sent else f"{acknowledged:,} acknowledged"
        first, last = side.first_data, side.last_data
        if first is not None and last is not None and last.time_ns > first.time_ns:
            gap = last.time_ns - first.time_ns
            text += f"; {_rate(sent * 8e9 / gap)} over {seconds(gap)}"
        if other.smallest_window >= 0:
            least = f"{other.smallest_window:,} or more" if other.smallest_window else "down to 0"
            text += f"; {SIDES[not client]}'s window {least}"
            stopped = side.count("window_full")
            if stopped:
                text += f", filled {counted(stopped, 'time')} ({listed(side.numbers('window_full'), stopped)})"
            elif not other.count("zero_window"):
                text += ", never full"
        return text

    def _segments(self, case: Case) -> Iterator[str]:
        """A row for each segment with data, of the first ones; words where a row is too long."""
        rows = list(_data_rows(case))
        if not rows:
            return
        headings = ("packet", "from", "number", "octets", "sent at", "ACK", "acknowledges", "after")
        cells = [headings, *rows[:_MOST_ROWS]]
        widths = [max(wide(row[place]) for row in cells) for place in range(len(headings))]
        if sum(widths) + 2 * (len(widths) - 1) + 2 + _LABEL <= self._width:
            for place, row in enumerate(cells):
                line = "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
                yield " " * (2 + _LABEL) + (self._paint(line, DIM) if place == 0 else line)
        else:
            for number, sender, sequence, octets, at, ack, covered, later in rows[:_MOST_ROWS]:
                text = f"{number} {sender}: number {sequence}, {octets} octets, {at}; "
                text += f"ACK {ack} for {covered}, {later} later" if ack != "-" else "no ACK"
                yield from self._row("", text)
        if len(rows) > _MOST_ROWS or case.connection.segments > MOST_SEGMENTS:
            told = f"… the first {min(len(rows), _MOST_ROWS)}; the rest: rawcap ladder"
            yield from self._row("", told, DIM)

    def _again(self, case: Case) -> Iterator[str]:
        """What was sent again; where nothing was, the checklist says so."""
        label = "sent again"
        for client in (True, False):
            sender = case.senders[client]
            for each in sender.repetitions[:4]:
                text = f"packet {each.number} of the {SIDES[client]}"
                if each.earlier:
                    text += f": the same sequence number as packet {each.earlier}, {seconds(each.gap_ns)} later"
                else:
                    text += ": its sequence number was passed already"
                if each.kind == "fast":
                    text += "; duplicate ACKs had asked for it"
                elif each.kind == "spurious":
                    text += "; it had been acknowledged already"
                yield from self._row(label, text, BAD)
                label = ""
            if sender.repeated > 4:
                yield from self._row("", f"… {sender.repeated - 4:,} more of the {SIDES[client]}", BAD)


def _crossing(case: Case) -> list[Segment]:
    """The segments of a simultaneous open (RFC 9293, 3.5, figure 7): the SYN and the SYN/ACK of each side.

    Where an ACK stands for a SYN/ACK that was not captured, that too.
    """
    first: dict[tuple[bool, int], Segment] = {}
    for each in case.kept:
        if each.flags & SYN:
            first.setdefault((each.from_client, each.flags & ACK), each)
    segments = list(first.values())
    ack = case.connection.ack
    if len(segments) < 4 and ack is not None and all(each.number != ack.number for each in segments):
        segments.append(ack)
    return sorted(segments, key=lambda each: each.number)


def _ending(case: Case) -> str:
    """Each FIN and its acknowledgement, who closed first, and who waits."""
    connection = case.connection
    told = []
    for client in (True, False):
        side = case.side(client)
        if side.fin is not None:
            again = f" sent {side.fin_count} times," if side.fin_count > 1 else ""
            acked = f"ACK {side.fin_acked}" if side.fin_acked else "no ACK"
            told.append(f"FIN {side.fin.number} ({SIDES[client]},{again} {acked})")
    for client in (True, False):
        rst = case.side(client).rst
        if rst is not None:
            told.append(f"RST {rst.number} ({SIDES[client]})")
    if connection.closed in ("open", "never open"):
        return "; ".join([", ".join(told), connection.closed]) if told else connection.closed
    waiting = connection.time_wait
    who = "," if waiting == connection.closer else f"; {waiting or 'nobody'}"
    closer = f"{connection.closer} closed first" if connection.closer else connection.closed
    if connection.closed == "reset" and connection.closer and case.side(connection.closer == "client").fin is None:
        closer = f"{connection.closer} reset it"
    elif connection.closed != "orderly" and connection.closer:
        closer += f" ({connection.closed})"
    return f"{', '.join(told)}; {closer}{who} in TIME-WAIT"


def _for_both(found: Sequence[tuple[Rule, Check]]) -> Iterator[tuple[Rule, Check]]:
    """The checklist, with one line for two rules that say the same of either side, where both hold."""
    checks = {rule.name: check for rule, check in found}
    said: set[str] = set()
    for rule, check in found:
        if rule.name in said:
            continue
        other, sentence = _FOR_BOTH.get(rule.name, ("", ""))
        if other and check.verdict == checks[other].verdict == HOLDS:
            said.add(other)
            first, second = check, checks[other]
            detail = f"{first.detail}; {second.detail}"
            numbers = sorted({*first.numbers, *second.numbers})
            yield rule._replace(sentence=sentence), Check(HOLDS, detail, numbers)
        else:
            yield rule, check


def _relative(raw: int, base: int) -> tuple[str, str]:
    """A sequence number counted from the first of its side, and as it stands in the header."""
    return str(after(raw, base)) if base >= 0 else "?", f" (raw {raw})"


def flags(value: int) -> str:
    """The names of the flags that are set: "SYN, ACK"."""
    return ", ".join(name for bit, name in enumerate(_FLAGS) if value >> bit & 1) or "none"


def _held(text: str) -> str:
    """Text that stays on one line where it fits on one."""
    return text.replace(" ", _HOLD)


def options(octets: bytes) -> Iterator[tuple[str, str]]:
    """Each option, its name with what it says, and its octets; those behind the end of options too (RFC 9293, 3.1)."""
    at = 0
    while at < len(octets):
        kind = octets[at]
        length = 1 if kind < 2 else octets[at + 1] if at + 1 < len(octets) else 0
        if length < 1 or at + length > len(octets) or (kind > 1 and length < 2):
            yield "cut off", octets[at:].hex(" ")
            return
        if kind == 1:
            length = len(octets) - at - len(octets[at:].lstrip(b"\x01"))
        body = octets[at : at + length]
        name = _OPTIONS.get(kind, f"kind {kind}")
        if kind == 1 and length > 1:
            name = f"{length} × {name}"
        elif kind == 2 and length == 4:
            name += f" {int.from_bytes(body[2:], 'big')}"
        elif kind == 3 and length == 3:
            name += f" {body[2]}"
        elif kind == 8 and length == 10:
            name = f"TSval {int.from_bytes(body[2:6], 'big')} TSecr {int.from_bytes(body[6:], 'big')}"
        yield name, body.hex(" ")
        at += length
        if kind == 0:
            break
    if at < len(octets):
        yield "padding", octets[at:].hex(" ")


def _rate(bits: float) -> str:
    for limit, unit in ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")):
        if bits >= limit:
            return f"{bits / limit:.2f} {unit}"
    return f"{bits:.0f} bit/s"


def _data_rows(case: Case) -> Iterator[tuple[str, ...]]:
    """Each segment with data, and the acknowledgement that covers it, of those that were kept."""
    for place, segment in enumerate(case.kept):
        if not segment.length:
            continue
        end = (segment.seq_raw + segment.length + bool(segment.flags & 2)) % (1 << 32)
        base = case.side(segment.from_client).isn
        answers = [
            each
            for each in case.kept[place + 1 :]
            if each.from_client != segment.from_client and each.flags & 0x14 == 0x10
        ]
        ack = next((each for each in answers if after(each.ack_raw, end) >= 0), None)
        known = NO_TIME not in (segment.time_ns, case.connection.first_ns)
        said = ("-", "-", "-")
        if ack is not None:
            before = [
                each
                for each in case.kept
                if each.number < ack.number and each.from_client == ack.from_client and each.flags & 0x10
            ]
            more = after(ack.ack_raw, before[-1].ack_raw) if before else segment.length
            fin_end = case.senders[segment.from_client].fin_end
            covers_fin = before != [] and fin_end >= 0 and after(fin_end, before[-1].ack_raw) > 0
            covers_fin = covers_fin and after(ack.ack_raw, fin_end) >= 0
            covered = counted(more - covers_fin, "octet") + (", FIN" if covers_fin else "")
            said = (str(ack.number), covered, seconds(ack.time_ns - segment.time_ns) if known else "-")
        yield (
            str(segment.number),
            SIDES[segment.from_client],
            str(after(segment.seq_raw, base)) if base >= 0 else f"raw {segment.seq_raw}",
            f"{segment.length:,}",
            seconds(segment.time_ns - case.connection.first_ns) if known else "-",
            *said,
        )


# -- for programs -------------------------------------------------------------------------------------------


def as_json(cases: Sequence[Case], expected: Expected) -> Iterator[str]:
    """One object a line: one for each connection or exchange, one for each expectation."""
    for case in cases:
        yield json.dumps(_object(case), ensure_ascii=False)
    for expectation, check in expected:
        yield json.dumps({"expectation": expectation.text, **_found(check)}, ensure_ascii=False)


def _found(check: Check) -> dict[str, Any]:
    return {"verdict": check.verdict, "packets": list(check.numbers), "detail": same_words(check.detail)}


def _object(case: Case) -> dict[str, Any]:
    flow = case.flow
    found = outcome(case)
    told: dict[str, Any] = {
        "protocol": "tcp" if case.is_tcp else "udp",
        "stream": flow.stream,
        "client": {"address": flow.client.address, "port": flow.client.port},
        "server": {"address": flow.server.address, "port": flow.server.port},
        "first_packet": flow.first_number,
        "last_packet": flow.last_number,
        "outcome": {
            "name": found.name,
            "errno": found.errno or None,
            "client": same_words(found.client),
            "server": found.server,
            "packets": list(found.numbers),
        },
    }
    if case.is_tcp:
        connection = case.connection
        told |= {
            "opened": connection.opened,
            "closed": connection.closed,
            "closed_by": connection.closer,
            "time_wait": connection.time_wait,
            "bytes_to_server": case.sent(True),
            "bytes_to_client": case.sent(False),
            "retransmissions": sum(sender.repeated for sender in case.senders.values()),
        }
    else:
        told |= {"bytes_to_server": case.exchange.client.octets, "bytes_to_client": case.exchange.server.octets}
    told["checks"] = [
        {"rule": rule.name, "sentence": rule.sentence, "section": rule.section, **_found(check)}
        for rule, check in checklist(case)
    ]
    return told
