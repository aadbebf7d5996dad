"""What verification found, for people: one screen for one connection, or a line for each of many; JSON and JUnit XML.

The screen answers what lab sheets ask of a handshake, then has the checklist: ✓ holds, ✗ broken, – not seen or not
applicable, with the packets that prove it and the section of the RFC.
"""

from __future__ import annotations

import json
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Any

from dissectors.printable import printable
from rawcap.show.colours import BAD, BOLD, DIM, VALUE, Paint
from rawcap.show.columns import columns as wide
from rawcap.tcp.segment import NO_TIME, Segment
from rawcap.tcp.verify.evidence import MOST_SEGMENTS, Case, after, socket_of
from rawcap.tcp.verify.expectations import Expectation
from rawcap.tcp.verify.outcome import outcome
from rawcap.tcp.verify.rules import BROKEN, HOLDS, SIDES, Check, Rule, checklist, counted, listed, seconds

Expected = Sequence[tuple[Expectation, Check]]

_GOOD = "32"
_LEAST_WIDTH = 60
_WIDTH = 130
_LABEL = 16
_MOST_ROWS = 12
_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE")
_OPTIONS = {0: "end", 1: "no-operation", 2: "MSS", 3: "window scale", 4: "SACK permitted", 5: "SACK", 8: "timestamps"}
_OPTIONS |= {19: "MD5", 28: "user timeout", 29: "TCP-AO", 30: "multipath", 34: "fast open cookie", 254: "experiment"}
_PARTS = {
    "handshake": "Handshake",
    "data": "Data",
    "end": "End",
    "between": "What went wrong in between",
    "exchange": "Datagrams",
}


class Screen:
    """Lines of text about cases, as wide as a terminal; `width` is None where there is none."""

    def __init__(self, paint: Paint, width: int | None) -> None:
        self._paint = paint
        self._width = max(_LEAST_WIDTH, min(width, _WIDTH) if width is not None else _WIDTH)

    def lines(self, cases: Sequence[Case], expected: Expected) -> Iterator[str]:
        """All that is to be told."""
        if len(cases) == 1:
            yield from self._one(cases[0])
        else:
            yield from self._many(cases)
        if expected:
            yield ""
            yield self._heading("Expectations")
            for expectation, check in expected:
                yield from self._check(check, expectation.text, "")
        yield ""
        yield self._total(cases, expected)

    # -- the parts of a screen ----------------------------------------------------------------------------

    def _heading(self, text: str) -> str:
        return self._paint(text, BOLD)

    def _row(self, label: str, text: str, colour: str = "") -> Iterator[str]:
        """A label and what belongs to it, wrapped."""
        lines = textwrap.wrap(text, self._width - _LABEL - 2, break_on_hyphens=False) or [""]
        for place, line in enumerate(lines):
            shown = self._paint(printable(line), colour) if colour else printable(line)
            yield f"  {label if place == 0 else '':<{_LABEL}}{shown}".rstrip()

    def _check(self, check: Check, sentence: str, section: str) -> Iterator[str]:
        """A line of the checklist: mark, sentence, detail, packets, section; two where one is too narrow."""
        mark, colour = {HOLDS: ("✓", _GOOD), BROKEN: ("✗", BAD)}.get(check.verdict, ("–", DIM))
        found = check.detail
        if check.numbers:
            found += f" [{', '.join(map(str, check.numbers))}]"
        told, found = printable(sentence), printable(found)
        right = wide(section) + 2 if section else 0
        head = f"  {self._paint(mark, colour)} {self._paint(told, DIM) if colour == DIM else told}"
        tone = BAD if check.verdict == BROKEN else DIM
        used = 4 + wide(told)
        rest = textwrap.wrap(found, self._width - 6, break_on_hyphens=False)
        if used + 2 + wide(found) + right <= self._width:
            head += f"  {self._paint(found, tone)}"
            used += 2 + wide(found)
            rest = []
        if section:
            head += " " * max(2, self._width - used - wide(section)) + self._paint(section, DIM)
        yield head
        for line in rest:
            yield "      " + self._paint(line, tone)

    def _total(self, cases: Sequence[Case], expected: Expected) -> str:
        checks = [check for case in cases for _, check in checklist(case)]
        broken = sum(check.verdict == BROKEN for check in checks)
        tcp = sum(case.is_tcp for case in cases)
        there = [counted(tcp, "connection")] * (tcp > 0) + [counted(len(cases) - tcp, "exchange")] * (tcp < len(cases))
        told = f"{', '.join(there) or 'no connection'}: "
        told += f"{sum(check.verdict == HOLDS for check in checks):,} checks hold, {broken:,} broken"
        failed = sum(check.verdict == BROKEN for _, check in expected)
        if expected:
            told += f"; {counted(len(expected), 'expectation')}, {failed:,} failed"
        return self._paint(told, BAD if (failed if expected else broken) else _GOOD)

    # -- many ---------------------------------------------------------------------------------------------

    def _many(self, cases: Sequence[Case]) -> Iterator[str]:
        ends = [f"{socket_of(case.flow.client)} → {socket_of(case.flow.server)}" for case in cases]
        room = max(map(len, ends), default=0)
        name = max((len(case.title) for case in cases), default=0)
        for case, sockets in zip(cases, ends, strict=True):
            broken = [(rule, check) for rule, check in checklist(case) if check.verdict == BROKEN]
            found = outcome(case)
            mark = self._paint("✗", BAD) if broken else self._paint("✓", _GOOD)
            errno = f" ({found.errno})" if found.errno else ""
            title = self._paint(f"{case.title:<{name}}", BOLD)
            yield f"{mark} {title}  {sockets:<{room}}  {self._paint(found.name + errno, VALUE)}"
            for rule, check in broken:
                numbers = f" [{', '.join(map(str, check.numbers))}]" if check.numbers else ""
                text = f"{rule.sentence}: {check.detail}{numbers} {rule.section}"
                for line in textwrap.wrap(printable(text), self._width - 8, subsequent_indent="  "):
                    yield "      " + self._paint(line, BAD)

    # -- one ----------------------------------------------------------------------------------------------

    def _one(self, case: Case) -> Iterator[str]:
        flow = case.flow
        found = outcome(case)
        protocol = "TCP" if case.is_tcp else "UDP"
        errno = f": {found.errno}" if found.errno else ""
        yield f"{self._heading(case.title)}  {self._paint(found.name + errno, VALUE)}"
        for name, end in (("client", flow.client), ("server", flow.server)):
            yield from self._row(name, f"address {end.address}, port {end.port}, protocol {protocol}")
            yield from self._row("", getattr(found, name), VALUE)
        if case.is_tcp:
            yield from self._handshake(case)
            yield from self._data(case)
            yield from self._end(case)
        part = ""
        for rule, check in checklist(case):
            if rule.part != part:
                part = rule.part
                yield ""
                yield self._heading(f"Checks: {_PARTS[part].lower()}")
            yield from self._check(check, rule.sentence, rule.section)

    def _handshake(self, case: Case) -> Iterator[str]:
        connection = case.connection
        segments = [each for each in connection.handshake if each is not None]
        yield ""
        yield self._heading("Handshake")
        if not segments:
            yield from self._row("", "the capture begins after it")
            return
        rows: list[list[str]] = [[] for _ in range(11)]
        for segment in segments:
            for row, cell in zip(rows, self._cells(case, segment), strict=True):
                row.append(cell)
        labels = ["packet", "time", "flags", "sequence no.", "  raw", "acknowledges", "  raw", "window", "window scale"]
        labels += ["header", "data"]
        widths = [max(wide(row[place]) for row in rows) for place in range(len(segments))]
        if _LABEL + 2 + sum(widths) + 3 * (len(widths) - 1) > self._width:  # too narrow: one under the other
            for place, segment in enumerate(segments):
                for label, row in zip(labels, rows, strict=True):
                    yield from self._row(label, row[place], BOLD if label == "packet" else "")
                yield from self._options(segment)
        else:
            for label, row in zip(labels, rows, strict=True):
                cells = "   ".join(cell + " " * (width - wide(cell)) for cell, width in zip(row, widths, strict=True))
                yield f"  {label:<{_LABEL}}{self._paint(cells, BOLD) if label == 'packet' else cells}".rstrip()
            for segment in segments:
                yield from self._options(segment)
        if connection.handshake.syn is not None and not connection.handshake.syn.flags & 0x10:
            raw = connection.handshake.syn.ack_raw
            why = f"the field of the SYN is {raw} and means nothing: its ACK flag is not set, nothing came before it"
            yield from self._row("why ack 0", why)
        if len(segments) == 3:
            yield from self._row("round trip", self._round_trip(segments))

    def _cells(self, case: Case, segment: Segment) -> list[str]:
        client, server = case.connection.client, case.connection.server
        own, other = (client, server) if segment.from_client else (server, client)
        first = case.connection.first_ns
        time = "-" if NO_TIME in (segment.time_ns, first) else seconds(segment.time_ns - first)
        arrow = "client →" if segment.from_client else "← server"
        acknowledges = "0, no ACK flag"
        if segment.flags & 0x10:
            acknowledges = str(after(segment.ack_raw, other.isn)) if other.isn >= 0 else "?"
        syn = bool(segment.flags & 2)
        scale = own.scale
        window = f"{segment.window:,}"
        if scale and not syn:
            window = f"{segment.window << scale:,} ({segment.window} × {1 << scale})"
        shift = f"{segment.shift} (× {1 << segment.shift})" if segment.shift >= 0 else "-" if syn else "as agreed"
        return [
            f"{segment.number}  {arrow}",
            time,
            flags(segment.flags),
            str(after(segment.seq_raw, own.isn)) if own.isn >= 0 else "?",
            str(segment.seq_raw),
            acknowledges,
            str(segment.ack_raw),
            window,
            shift,
            f"{segment.header_length} (20 + {segment.header_length - 20})",
            counted(segment.length, "octet"),
        ]

    def _options(self, segment: Segment) -> Iterator[str]:
        if segment.options:
            told = "; ".join(options(segment.options))
            yield from self._row(f"options of {segment.number}", told, DIM)
        else:
            yield from self._row(f"options of {segment.number}", "none", DIM)

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
        yield self._heading("Data")
        for client in (True, False):
            side, other = case.side(client), case.side(not client)
            text = f"{counted(case.sent(client), 'octet')} in {counted(side.data_segments, 'segment')}"
            if case.sent(client):
                text += f", {case.acknowledged(client):,} acknowledged"
            first, last = side.first_data, side.last_data
            if first is not None and last is not None and last.time_ns > first.time_ns:
                rate = case.sent(client) * 8e9 / (last.time_ns - first.time_ns)
                text += f"; {_rate(rate)} over {seconds(last.time_ns - first.time_ns)}"
            if other.smallest_window >= 0:
                text += f"; the {SIDES[not client]}'s smallest window {other.smallest_window:,}"
                stopped = side.count("window_full")
                if stopped:
                    text += f", filled {counted(stopped, 'time')} ({listed(side.numbers('window_full'), stopped)})"
                elif not other.count("zero_window"):
                    text += ", which never stopped it"
            yield from self._row(f"{SIDES[client]} sent", text)
        rows = list(_data_rows(case))
        if rows:
            headings = ("packet", "from", "number", "octets", "sent at", "ACK", "acknowledges", "after")
            cells = [headings, *rows[:_MOST_ROWS]]
            widths = [max(wide(row[place]) for row in cells) for place in range(len(headings))]
            for place, row in enumerate(cells):
                line = "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
                yield f"  {self._paint(line, DIM) if place == 0 else line}"
            if len(rows) > _MOST_ROWS or case.connection.segments > MOST_SEGMENTS:
                yield self._paint(f"  … the first {min(len(rows), _MOST_ROWS)}; the rest: rawcap ladder", DIM)
        yield from self._again(case)

    def _again(self, case: Case) -> Iterator[str]:
        count = sum(sender.repeated for sender in case.senders.values())
        if not count:
            yield from self._row("sent again", "nothing: no segment has a number that one before it had")
            return
        for client in (True, False):
            for each in case.senders[client].repetitions[:4]:
                text = f"packet {each.number} of the {SIDES[client]}"
                if each.earlier:
                    text += f": the same sequence number as packet {each.earlier}, {seconds(each.gap_ns)} later"
                else:
                    text += ": its sequence number was passed already"
                if each.kind == "fast":
                    text += "; duplicate ACKs had asked for it"
                elif each.kind == "spurious":
                    text += "; it had been acknowledged already"
                yield from self._row("sent again", text, BAD)

    def _end(self, case: Case) -> Iterator[str]:
        connection = case.connection
        yield ""
        yield self._heading("End")
        for client in (True, False):
            side = case.side(client)
            if side.fin is not None:
                acked = f"acknowledged by packet {side.fin_acked}" if side.fin_acked else "not acknowledged"
                again = f", sent {side.fin_count} times" if side.fin_count > 1 else ""
                yield from self._row(f"{SIDES[client]}'s FIN", f"packet {side.fin.number}{again}, {acked}")
            if side.rst is not None:
                yield from self._row(f"{SIDES[client]}'s RST", f"packet {side.rst.number}", BAD)
        closer = f"the {connection.closer}" if connection.closer and connection.closed != "never open" else "nobody"
        yield from self._row("closed first", f"{closer} ({connection.closed})")
        waiting = connection.time_wait
        yield from self._row("in TIME-WAIT", "both" if waiting == "both" else f"the {waiting}" if waiting else "nobody")


def flags(value: int) -> str:
    """The names of the flags that are set: "SYN, ACK"."""
    return ", ".join(name for bit, name in enumerate(_FLAGS) if value >> bit & 1) or "none"


def options(octets: bytes) -> Iterator[str]:
    """Each option: its name, its octets, and where it stands in the header, which the options follow at octet 20."""
    at = 0
    while at < len(octets):
        kind = octets[at]
        length = 1 if kind < 2 else octets[at + 1] if at + 1 < len(octets) else 0
        if length < 1 or at + length > len(octets) or (kind > 1 and length < 2):
            yield f"cut off at {20 + at}: {octets[at:].hex(' ')}"
            return
        body = octets[at : at + length]
        name = _OPTIONS.get(kind, f"kind {kind}")
        if kind == 2 and length == 4:
            name += f" {int.from_bytes(body[2:], 'big')}"
        elif kind == 3 and length == 3:
            name += f" {body[2]}"
        elif kind == 8 and length == 10:
            name += f" {int.from_bytes(body[2:6], 'big')} {int.from_bytes(body[6:], 'big')}"
        where = f"{20 + at}" if length == 1 else f"{20 + at}..{20 + at + length - 1}"
        yield f"{name} at {where} ({body.hex(' ')})"
        at += length
        if kind == 0:
            return


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
            said = (str(ack.number), counted(more, "octet"), seconds(ack.time_ns - segment.time_ns) if known else "-")
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
    return {"verdict": check.verdict, "packets": list(check.numbers), "detail": check.detail}


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
            "client": found.client,
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


def as_junit(cases: Sequence[Case], expected: Expected) -> str:
    """JUnit XML: a test suite for each connection or exchange, or, where anything is expected, one of expectations.

    A rule that was not seen or does not apply is a skipped test.
    """
    root = ET.Element("testsuites", name="rawcap verify")
    if expected:
        suite = ET.SubElement(root, "testsuite", name="expectations")
        for expectation, check in expected:
            _add_case(suite, "expectations", expectation.text, check, "")
    else:
        for case in cases:
            name = f"{case.title} {socket_of(case.flow.client)} → {socket_of(case.flow.server)}"
            suite = ET.SubElement(root, "testsuite", name=name)
            for rule, check in checklist(case):
                _add_case(suite, name, rule.name, check, _words(rule))
    for suite in root:
        _count(suite)
    _count(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _words(rule: Rule) -> str:
    return f"{rule.sentence} ({rule.section}): "


def _add_case(suite: ET.Element, group: str, name: str, check: Check, words: str) -> None:
    each = ET.SubElement(suite, "testcase", classname=_text(group), name=_text(name))
    numbers = f" [packets {', '.join(map(str, check.numbers))}]" if check.numbers else ""
    if check.verdict == BROKEN:
        failure = ET.SubElement(each, "failure", message=_text(check.detail), type=check.verdict)
        failure.text = _text(words + check.detail + numbers)
    elif check.verdict != HOLDS:
        ET.SubElement(each, "skipped", message=_text(f"{check.verdict}: {check.detail}"))


def _text(text: str) -> str:
    """Text that XML may hold."""
    return printable(text)


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    element.set("failures", str(len(element.findall(".//failure"))))
    element.set("skipped", str(len(element.findall(".//skipped"))))
    element.set("errors", "0")
