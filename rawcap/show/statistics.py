"""Statistics as a user reads them: tables of aligned columns, and the same rows as CSV and as JSON objects."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dissectors.printable import printable
from rawcap.show.colours import BOLD, DIM, Paint, of_protocol
from rawcap.stats.conversations import Conversation, Conversations
from rawcap.stats.endpoints import Endpoint, endpoints
from rawcap.stats.lengths import Length, Lengths
from rawcap.stats.ports import Port, ports
from rawcap.stats.protocols import Protocols
from rawcap.stats.times import Times
from rawcap.stats.totals import Totals

_GAP = "  "
_SECOND = 1_000_000_000
_TITLES = {"eth": "Ethernet", "ip": "IPv4", "ipv6": "IPv6", "tcp": "TCP", "udp": "UDP"}
_NONE = "–"
_UNITS = (("Mbit/s", 1_000_000), ("kbit/s", 1_000), ("bit/s", 1))
_MOST_DECIMALS = 12

NAMES: Mapping[str, Sequence[str]] = {
    "conversations": Conversation._fields,
    "endpoints": Endpoint._fields,
    "protocols": ("protocol", "frames", "octets"),
    "ports": Port._fields,
    "lengths": Length._fields,
    "time": ("start", "end", "frames", "octets"),
}
"""The values of a row of each table, as CSV and JSON name them."""


class Record(Protocol):
    """A row of any of the tables: a named tuple."""

    def _asdict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text: its heading, its cell for a row, and on which side cells stand.

    Where a terminal is too narrow for all, columns with the greatest `spare` are left out; those with 0 never are.
    """

    heading: str
    cell: Callable[[Any], str]
    right: bool = True
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: `name` is what rows are counted by, `rows` are records, `columns` how a person sees them."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Any]
    record: Callable[[Any], Mapping[str, Any]] = lambda row: row._asdict()
    """The values of a row by name."""


# -- the tables -------------------------------------------------------------------------------------------


def conversations_sheet(
    conversations: Conversations,
    layer: str,
    *,
    order: str = "octets",
    most: int | None = None,
    origin: int | None = None,
) -> Sheet:
    """The conversations of a layer; times are shown from `origin` on, nanoseconds since the epoch."""
    rows = list(conversations.rows(layer, order, most))

    def started(row: Conversation) -> str:
        return _NONE if row.start is None else seconds(row.start - (origin or 0))

    columns = (
        Column("a", lambda row: end(row.a, row.a_port), False),
        Column("b", lambda row: end(row.b, row.b_port), False),
        Column("packets a→b", lambda row: count(row.frames_a), spare=2),
        Column("octets a→b", lambda row: count(row.octets_a), spare=1),
        Column("packets a←b", lambda row: count(row.frames_b), spare=2),
        Column("octets a←b", lambda row: count(row.octets_b), spare=1),
        Column("packets", lambda row: count(row.frames)),
        Column("octets", lambda row: count(row.octets)),
        Column("start, s", started, spare=4),
        Column("duration, s", lambda row: _NONE if row.start is None else seconds(row.duration), spare=4),
    )
    title = _title(layer, "conversation", len(rows), conversations.count(layer), order)
    return Sheet("conversations", title, columns, rows, _timed)


def endpoints_sheet(
    conversations: Conversations, layer: str, *, order: str = "octets", most: int | None = None
) -> Sheet:
    """The endpoints of a layer."""
    rows = list(endpoints(conversations, layer, order))
    columns = (
        Column("endpoint", lambda row: end(row.address, row.port), False),
        Column("packets sent", lambda row: count(row.frames_sent), spare=2),
        Column("octets sent", lambda row: count(row.octets_sent), spare=1),
        Column("packets received", lambda row: count(row.frames_received), spare=2),
        Column("octets received", lambda row: count(row.octets_received), spare=1),
        Column("packets", lambda row: count(row.frames)),
        Column("octets", lambda row: count(row.octets)),
    )
    shown = rows[:most]
    return Sheet("endpoints", _title(layer, "endpoint", len(shown), len(rows), order), columns, shown)


def ports_sheet(conversations: Conversations, layer: str, *, order: str = "octets", most: int | None = None) -> Sheet:
    """The ports of TCP or UDP."""
    rows = list(ports(conversations, layer, order))
    columns = (
        Column("port", lambda row: str(row.port)),
        Column("conversations", lambda row: count(row.conversations)),
        Column("packets from", lambda row: count(row.frames_sent), spare=2),
        Column("octets from", lambda row: count(row.octets_sent), spare=1),
        Column("packets to", lambda row: count(row.frames_received), spare=2),
        Column("octets to", lambda row: count(row.octets_received), spare=1),
        Column("packets", lambda row: count(row.frames)),
        Column("octets", lambda row: count(row.octets)),
    )
    shown = rows[:most]
    return Sheet("ports", _title(layer, "port", len(shown), len(rows), order), columns, shown)


def protocols_sheet(protocols: Protocols, totals: Totals) -> Sheet:
    """The protocol hierarchy, with the part that each has in the whole."""
    columns = (
        Column("protocol", lambda row: "  " * (len(row.path) - 1) + printable(row.name), False),
        Column("packets", lambda row: count(row.frames)),
        Column("%", lambda row: percent(row.frames, totals.frames)),
        Column("octets", lambda row: count(row.octets)),
        Column("%", lambda row: percent(row.octets, totals.octets)),
    )

    def record(row: Any) -> Mapping[str, Any]:
        return {"protocol": ":".join(row.path), "frames": row.frames, "octets": row.octets}

    return Sheet("protocols", "Protocols", columns, list(protocols.rows()), record)


def lengths_sheet(lengths: Lengths, totals: Totals) -> Sheet:
    """How many packets are how long; no rows where there is no packet."""

    def span(row: Length) -> str:
        return f"{row.least} and more" if row.most is None else f"{row.least}–{row.most}"

    columns = (
        Column("octets", span, False),
        Column("packets", lambda row: count(row.frames)),
        Column("%", lambda row: percent(row.frames, totals.frames)),
        Column("average", lambda row: f"{row.octets / row.frames:,.1f}" if row.frames else _NONE),
        Column("shortest", lambda row: _NONE if row.shortest is None else count(row.shortest)),
        Column("longest", lambda row: _NONE if row.longest is None else count(row.longest)),
    )
    return Sheet("lengths", "Packet lengths", columns, list(lengths.rows()) if totals.frames else [])


def times_sheet(times: Times) -> Sheet:
    """How much came when; empty intervals that follow each other are one line.

    The rates of all lines are in one unit, that of the greatest.
    """
    interval = times.interval
    rows = list(times.rows())
    unit, rate = _rates(max((bits_a_second(row.octets, row.end - row.start) for row in rows), default=0.0))
    digits = max(0, len(f"{interval % _SECOND:09}".rstrip("0")) if interval % _SECOND else 0)
    columns = (
        Column("from, s", lambda row: seconds(row.start, digits)),
        Column("to, s", lambda row: seconds(row.end, digits)),
        Column("packets", lambda row: count(row.frames)),
        Column("octets", lambda row: count(row.octets)),
        Column(unit, lambda row: rate(bits_a_second(row.octets, row.end - row.start))),
    )

    def record(row: Any) -> Mapping[str, Any]:
        return {
            "start": seconds(row.start, 9),
            "end": seconds(row.end, 9),
            "frames": row.frames,
            "octets": row.octets,
        }

    return Sheet("time", f"Time, by intervals of {seconds(interval, digits)} s", columns, rows, record)


def overview(totals: Totals) -> Iterator[tuple[str, str]]:
    """What there is to say of all packets together: a word for it, and what it is."""
    yield "packets", count(totals.frames)
    yield "octets", count(totals.octets)
    if totals.frames:
        yield "average", f"{totals.octets / totals.frames:,.1f} octets a packet"
    if totals.start is not None and totals.end is not None:
        yield "first", date(totals.start)
        yield "last", date(totals.end)
        yield "duration", f"{seconds(totals.duration)} s"
        if totals.duration:
            packets = totals.frames * _SECOND / totals.duration
            bits = bits_a_second(totals.octets, totals.duration)
            unit, rate = _rates(bits)
            yield "rate", f"{packets:,.{_decimals(packets, 1)}f} packets/s, {rate(bits)} {unit}"


# -- as text, CSV and JSON --------------------------------------------------------------------------------


def text(sheet: Sheet, paint: Paint, width: int | None = None) -> Iterator[str]:
    """The lines of a table: its title, its headings, and a line a row; on a terminal of `width` columns."""
    yield paint(sheet.title, BOLD)
    columns = list(sheet.columns)
    cells = [[column.heading, *map(column.cell, sheet.rows)] for column in columns]
    widths = [max(map(len, column)) for column in cells]
    while width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        most = max(column.spare for column in columns)
        if most == 0:
            break
        kept = [place for place, column in enumerate(columns) if column.spare < most]
        columns, cells, widths = [columns[i] for i in kept], [cells[i] for i in kept], [widths[i] for i in kept]
    sides = [">" if column.right else "<" for column in columns]
    for number, row in enumerate(zip(*cells, strict=True)):
        line = _GAP.join(f"{cell:{side}{wide}}" for cell, side, wide in zip(row, sides, widths, strict=True)).rstrip()
        if number == 0:
            line = paint(line, DIM)
        elif sheet.name == "protocols":
            name = row[0].strip()
            line = line.replace(name, paint(name, of_protocol(name)), 1)
        yield line


def as_csv(name: str, sheets: Iterable[Sheet]) -> Iterator[str]:
    """The lines of tables of one kind: the names of the values, also where there are no rows, and a line a row."""
    yield _csv_line(NAMES[name])
    for sheet in sheets:
        for row in sheet.rows:
            yield _csv_line(["" if value is None else str(value) for value in sheet.record(row).values()])


def as_json(sheet: Sheet) -> Iterator[str]:
    """A JSON object a line; `table` says of which table."""
    for row in sheet.rows:
        yield json.dumps({"table": sheet.name, **sheet.record(row)}, ensure_ascii=False)


def totals_record(totals: Totals) -> dict[str, Any]:
    """What is known of all packets together, by name."""
    return {
        "frames": totals.frames,
        "octets": totals.octets,
        "start": None if totals.start is None else seconds(totals.start, 9),
        "end": None if totals.end is None else seconds(totals.end, 9),
    }


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _timed(row: Conversation) -> Mapping[str, Any]:
    """A conversation with its times in seconds since the epoch, none of whose digits is lost."""
    record = row._asdict()
    for name in ("start", "end"):
        record[name] = None if record[name] is None else seconds(record[name], 9)
    return record


def _title(layer: str, noun: str, shown: int, there: int, order: str) -> str:
    number = count(there) if shown == there else f"{count(shown)} of {count(there)}"
    by = "packets" if order == "frames" else order
    return f"{_TITLES[layer]}, {number} {noun}{'s' if there != 1 else ''} by {by}"


# -- cells ------------------------------------------------------------------------------------------------


def count(number: int) -> str:
    """A number with separators."""
    return f"{number:,}"


def bits_a_second(octets: int, nanoseconds: int) -> float:
    """How fast some octets came."""
    return octets * 8 * _SECOND / nanoseconds


def _rates(most: float) -> tuple[str, Callable[[float], str]]:
    """The unit in which rates of `most` bit/s and less are shown, and what shows them in it."""
    unit, bits = next(((unit, bits) for unit, bits in _UNITS if most >= bits), _UNITS[-1])
    decimals = _decimals(most / bits, 3)
    return unit, lambda rate: f"{rate / bits:,.{decimals}f}"


def _decimals(most: float, usual: int) -> int:
    """Digits behind the point: `usual`, or for less than 1 as many as show three that count."""
    return min(2 - math.floor(math.log10(most)), _MOST_DECIMALS) if 0 < most < 1 else usual


def percent(part: int, whole: int) -> str:
    """A part of a whole."""
    return f"{100 * part / whole:.2f}" if whole else _NONE


def end(address: str, port: int | None) -> str:
    """An address, or a port at one; that of IPv6 in brackets (RFC 3986, 3.2.2)."""
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def seconds(nanoseconds: int, digits: int = 6) -> str:
    """Nanoseconds as seconds with so many digits behind the point; what is finer is cut off."""
    whole, rest = divmod(abs(nanoseconds), _SECOND)
    sign = "-" if nanoseconds < 0 else ""
    return f"{sign}{whole}.{rest:09}"[: len(sign) + len(str(whole)) + 1 + digits] if digits else f"{sign}{whole}"


def date(nanoseconds: int) -> str:
    """A moment since the epoch as a date and a time of the day, UTC."""
    whole, rest = divmod(nanoseconds, _SECOND)
    day = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=whole)
    return f"{day:%Y-%m-%d %H:%M:%S}.{rest // 1000:06} UTC"
