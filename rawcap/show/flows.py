"""Connections and exchanges as a user reads them: a table and its totals, JSON objects, and columns of values.

Every value has a name, which is its path in the JSON object and its column of `-T fields`: `client.address`,
`handshake.rtt_ns`. TCP_VALUES and UDP_VALUES say what each one is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dissectors.printable import printable
from rawcap.following import Followed
from rawcap.show.colours import BOLD, DIM, Paint
from rawcap.show.columns import cut, wrapped
from rawcap.show.statistics import Column, Sheet, count, end, seconds, text
from rawcap.tcp.connection import Connection, IcmpError, Side
from rawcap.tcp.exchange import Endpoint, Exchange
from rawcap.tcp.segment import NO_TIME

_NONE = "–"
_GAP = "  "
_LEAST_WIDTH = 8  # columns of a terminal that a text keeps when others need room
_TROUBLE = {
    "retransmission": ("retransmitted", "retransmitted"),
    "out_of_order": ("out of order", "out of order"),
    "overlap": ("overlap", "overlaps"),
    "lost_segment": ("gap before", "gaps before"),
    "ack_lost_segment": ("acknowledged unseen", "acknowledged unseen"),
    "zero_window": ("zero window", "zero windows"),
    "window_full": ("window full", "windows full"),
    "zero_window_probe": ("window probe", "window probes"),
    "keep_alive": ("keep-alive", "keep-alives"),
    "challenge_ack": ("challenge ACK", "challenge ACKs"),
    "paws": ("old timestamp", "old timestamps"),
    "data_after_fin": ("data after FIN", "data after FIN"),
    "data_after_reset": ("data after reset", "data after reset"),
    "reset_out_of_window": ("reset not heeded", "resets not heeded"),
}
"""What counts as trouble in a line of text, the worst first, with the words for one and for several.

The JSON has all that was found."""


class Value(NamedTuple):
    """A value of a connection or exchange: what it is, and what reads it."""

    meaning: str
    of: Callable[[Any], Any]


def span(nanoseconds: int) -> str:
    """A short time in the unit that suits it, with three digits that count: "85.2 µs", "1.02 s"."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if abs(nanoseconds) >= size:
            amount = nanoseconds / size
            whole = len(f"{abs(amount):.0f}")
            return f"{amount:,.{max(0, 3 - whole)}f} {unit}"
    return f"{nanoseconds} ns" if nanoseconds else "0 s"


def error_words(told: str) -> str:
    """What an ICMP error says, in short: "host unreachable" for "Destination unreachable (Host unreachable)"."""
    inner = told.partition("(")[2].rpartition(")")[0]
    return printable((inner or told).lower())


def trouble(connection: Connection) -> str:
    """What went wrong in a connection, in short words: "2 retransmitted, 1 zero window"."""
    both = (connection.first, connection.second)
    counts = {name: sum(side.count(name) for side in both) for name in _TROUBLE}
    words = [f"{count(found)} {_TROUBLE[name][found != 1]}" for name, found in counts.items() if found]
    missing = sum(side.missing for side in both)
    if missing:
        words.append(f"{count(missing)} octets missing")
    return ", ".join([*errors_in_words(connection.icmp), *words])


def udp_outcome(exchange: Exchange) -> str:
    """What became of the datagrams: "answered", "unanswered", or what an ICMP error says."""
    if exchange.icmp:
        return ", ".join(errors_in_words(exchange.icmp))
    return "answered" if exchange.server.datagrams else "unanswered"


def closing(connection: Connection) -> str:
    """How it closed, and who began that, or reset it: "orderly (client)"."""
    closed, closer = connection.closed, connection.closer
    if closed == "never open":
        return _NONE
    if closed == "reset":
        closer = resetter(connection)
    return closed if closer is None or closed == "simultaneous" else f"{closed} ({closer})"


def resetter(connection: Connection) -> str:
    """Which side of a connection that was reset did it."""
    resets = {name: side.rst.number for name, side in sides(connection).items() if side.rst is not None}
    return min(resets, key=lambda name: resets[name])


def sides(connection: Connection) -> dict[str, Side]:
    """Its sides by name."""
    return {"client": connection.client, "server": connection.server}


# -- values -----------------------------------------------------------------------------------------------


def _side_values(name: str, other: str) -> dict[str, Value]:
    def of(read: Callable[[Side], Any]) -> Callable[[Connection], Any]:
        return lambda connection: read(getattr(connection, name))

    def known(number: int) -> int | None:
        return number if number >= 0 else None

    return {
        f"{name}.address": Value("its address", of(lambda side: side.address)),
        f"{name}.port": Value("its port", of(lambda side: side.port)),
        f"{name}.state": Value("its last state, as far as packets prove it", of(lambda side: side.state)),
        f"{name}.segments": Value("segments that it sent", of(lambda side: side.segments)),
        f"{name}.data_segments": Value("those with data", of(lambda side: side.data_segments)),
        f"{name}.octets": Value("octets of data that it sent, repetitions too", of(lambda side: side.octets)),
        f"{name}.sent": Value("octets of data that it sent, each once", of(lambda side: side.sent)),
        f"{name}.acked": Value(f"octets of them that the {other} acknowledged", of(lambda side: side.acked)),
        f"{name}.missing": Value("octets of them that the capture lacks", of(lambda side: side.missing)),
        f"{name}.isn": Value("its initial sequence number", of(lambda side: known(side.isn))),
        f"{name}.mss": Value(
            "its maximum segment size", of(lambda side: known(side.syn.mss) if side.syn is not None else None)
        ),
        f"{name}.scale": Value("bits that its windows are shifted by", of(lambda side: side.scale)),
        f"{name}.smallest_window": Value(
            "the smallest window that it offered, octets", of(lambda side: known(side.smallest_window))
        ),
        f"{name}.largest_window": Value("the largest", of(lambda side: known(side.largest_window))),
        f"{name}.syns": Value(
            "packets with its SYN or SYN/ACK, the first 16", of(lambda side: [each.number for each in side.syns])
        ),
        f"{name}.fin": Value("packet with its FIN", of(lambda side: side.fin.number if side.fin is not None else None)),
        f"{name}.fin_acked": Value("packet that acknowledges its FIN", of(lambda side: side.fin_acked or None)),
        f"{name}.rst": Value("packet with its RST", of(lambda side: side.rst.number if side.rst is not None else None)),
        f"{name}.trouble": Value(
            "what went wrong with its segments: how often, and the first packets", of(_side_trouble)
        ),
    }


def _side_trouble(side: Side) -> dict[str, dict[str, Any]]:
    found = side.trouble or {}
    return {name: {"count": each.count, "packets": list(each.numbers)} for name, each in found.items()}


def _time(nanoseconds: int | None) -> int | None:
    return None if nanoseconds is None or nanoseconds == NO_TIME else nanoseconds


def _duration(flow: Connection | Exchange) -> int | None:
    first, last = _time(flow.first_ns), _time(flow.last_ns)
    if first is None or last is None:
        return None
    return max([last, *(error.time_ns for error in flow.icmp or ())]) - first


def _number(segment: Any) -> int | None:
    return segment.number if segment is not None else None


_TIMES = {
    "first_packet": Value("number of its first packet", lambda flow: flow.first_number),
    "last_packet": Value("number of its last packet", lambda flow: flow.last_number),
    "first_ns": Value("when the first came, nanoseconds since the epoch", lambda flow: _time(flow.first_ns)),
    "last_ns": Value("when the last came", lambda flow: _time(flow.last_ns)),
    "duration_ns": Value("from the first to the last, or to an ICMP error that quotes one of them", _duration),
}

TCP_VALUES: Mapping[str, Value] = {
    "stream": Value("its number, tcp.stream", lambda connection: connection.stream),
    **_side_values("client", "server"),
    **_side_values("server", "client"),
    "opened": Value(
        "handshake, fast open or simultaneous; refused, unreachable, unanswered or unfinished; before the capture",
        lambda connection: connection.opened,
    ),
    "closed": Value(
        "orderly, simultaneous, reset, half closed, closing, open or never open", lambda connection: connection.closed
    ),
    "closer": Value("who closed first, client or server", lambda connection: connection.closer),
    "time_wait": Value("who is left in TIME-WAIT, client, server or both", lambda connection: connection.time_wait),
    "reused": Value("whether its sockets had a connection before", lambda connection: bool(connection.reused)),
    "segments": Value("its segments", lambda connection: connection.segments),
    **_TIMES,
    "handshake.complete": Value("whether all of it was captured", lambda connection: connection.handshake.complete),
    "handshake.syn": Value("packet with the SYN", lambda connection: _number(connection.handshake.syn)),
    "handshake.syn_ack": Value("packet that answers it", lambda connection: _number(connection.handshake.syn_ack)),
    "handshake.ack": Value("packet that acknowledges that", lambda connection: _number(connection.handshake.ack)),
    "handshake.rtt_ns": Value(
        "from the SYN to the acknowledgement of the answer; not where both sides sent a SYN",
        lambda connection: _handshake_rtt(connection),
    ),
    "rtt.min_ns": Value("from a segment to its acknowledgement, shortest", lambda connection: connection.min_rtt_ns),
    "rtt.mean_ns": Value("the same, on average", lambda connection: connection.mean_rtt_ns),
    "rtt.max_ns": Value("the longest", lambda connection: connection.max_rtt_ns),
    "retransmissions": Value("segments sent again, by both sides", lambda connection: connection.retransmissions),
    "trouble": Value("what went wrong, in words", trouble),
    "icmp": Value("the ICMP errors that quote it", lambda connection: _icmp(connection.icmp)),
}
"""The values of a TCP connection."""


def _end_values(name: str) -> dict[str, Value]:
    def of(read: Callable[[Endpoint], Any]) -> Callable[[Exchange], Any]:
        return lambda exchange: read(getattr(exchange, name))

    return {
        f"{name}.address": Value("its address", of(lambda socket: socket.address)),
        f"{name}.port": Value("its port", of(lambda socket: socket.port)),
        f"{name}.datagrams": Value("datagrams that it sent", of(lambda socket: socket.datagrams)),
        f"{name}.octets": Value("octets of data in them", of(lambda socket: socket.octets)),
        f"{name}.first_packet": Value("packet with the first of them", of(lambda socket: socket.first or None)),
    }


UDP_VALUES: Mapping[str, Value] = {
    "stream": Value("its number, udp.stream", lambda exchange: exchange.stream),
    **_end_values("client"),
    **_end_values("server"),
    "outcome": Value("answered, unanswered, or what an ICMP error says", udp_outcome),
    "datagrams": Value("its datagrams", lambda exchange: exchange.client.datagrams + exchange.server.datagrams),
    **_TIMES,
    "answer_ns": Value("from the first datagram to the first of the server", lambda exchange: _answer(exchange)),
    "icmp": Value("the ICMP errors that quote it", lambda exchange: _icmp(exchange.icmp)),
}
"""The values of a UDP exchange; the client sent the first datagram."""

TCP_COLUMNS = (
    "stream",
    "client.address",
    "client.port",
    "server.address",
    "server.port",
    "opened",
    "closed",
    "closer",
    "segments",
    "client.sent",
    "server.sent",
    "first_ns",
    "duration_ns",
    "handshake.rtt_ns",
    "rtt.mean_ns",
    "retransmissions",
    "trouble",
)
"""The columns of `-T fields` where none is named."""
UDP_COLUMNS = (
    "stream",
    "client.address",
    "client.port",
    "server.address",
    "server.port",
    "outcome",
    "client.datagrams",
    "server.datagrams",
    "client.octets",
    "server.octets",
    "first_ns",
    "duration_ns",
    "answer_ns",
)
"""The same for exchanges."""


def _handshake_rtt(connection: Connection) -> int | None:
    """The round trip of the handshake, nanoseconds; none where SYNs crossed: another SYN is no answer to one."""
    return None if connection.opened == "simultaneous" else connection.handshake.rtt_ns


def _answer(exchange: Exchange) -> int | None:
    first, answer = _time(exchange.first_ns), _time(exchange.server.first_ns)
    return None if first is None or answer is None else answer - first


def _icmp(errors: Sequence[IcmpError] | None) -> list[dict[str, Any]]:
    return [
        {
            "packet": each.number,
            "time_ns": each.time_ns,
            "reporter": each.reporter,
            "version": each.version,
            "type": each.type,
            "code": each.code,
            "words": each.words,
        }
        for each in errors or ()
    ]


def errors_in_words(errors: Sequence[IcmpError] | None) -> list[str]:
    return list(dict.fromkeys(error_words(each.words) for each in errors or ()))


# -- order ------------------------------------------------------------------------------------------------


_ORDERS: Mapping[str, Callable[[Any], int]] = {
    "number": lambda flow: flow.stream,
    "packets": lambda flow: -_packets(flow),
    "octets": lambda flow: -_octets(flow),
    "duration": lambda flow: -(_duration(flow) or 0),
    "rtt": lambda flow: -(_rtt(flow) or 0),
    "trouble": lambda flow: -_troubles(flow),
}
ORDERS = tuple(_ORDERS)
"""By what flows can be sorted: by their number from 0 on, else the greatest first."""


def in_order(flows: Sequence[Any], order: str, most: int | None) -> Sequence[Any]:
    """The flows in one of ORDERS, the first `most` of them."""
    if order == "number":
        return flows if most is None else flows[:most]
    return sorted(flows, key=lambda flow: (_ORDERS[order](flow), flow.stream))[:most]


def _packets(flow: Connection | Exchange) -> int:
    return flow.segments if isinstance(flow, Connection) else flow.client.datagrams + flow.server.datagrams


def _octets(flow: Connection | Exchange) -> int:
    if isinstance(flow, Connection):
        return flow.client.sent + flow.server.sent
    return flow.client.octets + flow.server.octets


def _rtt(flow: Connection | Exchange) -> int | None:
    if isinstance(flow, Connection):
        rtt = _handshake_rtt(flow)
        return rtt if rtt is not None else flow.mean_rtt_ns
    return _answer(flow)


def _troubles(flow: Connection | Exchange) -> int:
    errors = len(flow.icmp or ())
    if isinstance(flow, Connection):
        return errors + sum(side.count(name) for side in (flow.first, flow.second) for name in _TROUBLE)
    return errors


# -- as JSON and columns ----------------------------------------------------------------------------------


def as_json(flows: Iterable[Any], values: Mapping[str, Value]) -> Iterator[str]:
    """A JSON object a line, with all values; dots in their names are levels."""
    for flow in flows:
        whole: dict[str, Any] = {}
        for name, value in values.items():
            level = whole
            *above, last = name.split(".")
            for each in above:
                level = level.setdefault(each, {})
            level[last] = value.of(flow)
        yield json.dumps(whole, ensure_ascii=False)


def as_fields(flows: Iterable[Any], values: Mapping[str, Value], names: Sequence[str]) -> Iterator[str]:
    """A line a flow with the values of these names between tabs; what is not known is empty."""
    readers = [values[name].of for name in names]
    for flow in flows:
        yield "\t".join(_cell(read(flow)) for read in readers)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, dict):
        return ",".join(f"{name}={each['count']}" for name, each in value.items())
    if isinstance(value, list):
        return ",".join(str(each["packet"]) if isinstance(each, dict) else str(each) for each in value)
    return str(value)


_Stacks = Sequence[tuple[Column, ...]]
"""Columns from left to right; those of a tuple stand one above the other where a terminal is narrow."""


# -- as text ----------------------------------------------------------------------------------------------


def tcp_text(
    flows: Sequence[Connection], followed: Followed, order: str, paint: Paint, width: int | None
) -> Iterator[str]:
    """The lines of a table of connections, and one that sums up those that were picked, shown or not."""
    columns: _Stacks = [
        (Column("#", lambda row: str(row.stream)),),
        (
            Column("client", lambda row: end(row.client.address, row.client.port), False),
            Column("server", lambda row: end(row.server.address, row.server.port), False),
        ),
        (Column("opened", lambda row: row.opened, False), Column("closed", closing, False)),
        (Column("packets", lambda row: count(row.segments)),),
        (
            Column("octets →", lambda row: count(row.client.sent)),
            Column("octets ←", lambda row: count(row.server.sent)),
        ),
        (
            Column("start, s", lambda row: _since(row, followed), spare=3),
            Column("duration", lambda row: _span(_duration(row)), spare=2),
        ),
        (
            Column("RTT", lambda row: _span(_handshake_rtt(row)), spare=1),
            Column("mean RTT", lambda row: _span(row.mean_rtt_ns), spare=4),
        ),
    ]
    title = _title("TCP", "connection", flows, len(followed.connections), followed.all_connections, order)
    yield from _page(title, columns, flows, trouble, _tcp_totals(followed.connections), paint, width)


def udp_text(
    flows: Sequence[Exchange], followed: Followed, order: str, paint: Paint, width: int | None
) -> Iterator[str]:
    """The lines of a table of exchanges, and one that sums up those that were picked, shown or not."""
    columns: _Stacks = [
        (Column("#", lambda row: str(row.stream)),),
        (
            Column("client", lambda row: end(row.client.address, row.client.port), False),
            Column("server", lambda row: end(row.server.address, row.server.port), False),
        ),
        (Column("outcome", udp_outcome, False),),
        (
            Column("packets →", lambda row: count(row.client.datagrams)),
            Column("packets ←", lambda row: count(row.server.datagrams)),
        ),
        (
            Column("octets →", lambda row: count(row.client.octets)),
            Column("octets ←", lambda row: count(row.server.octets)),
        ),
        (
            Column("start, s", lambda row: _since(row, followed), spare=3),
            Column("duration", lambda row: _span(_duration(row)), spare=2),
        ),
        (Column("answer after", lambda row: _span(_answer(row)), spare=1),),
    ]
    outcomes = Counter(map(udp_outcome, followed.exchanges))
    octets = sum(map(_octets, followed.exchanges))
    total = f"{_counted(len(followed.exchanges), 'exchange')}: {_tally(outcomes)}; {_counted(octets, 'octet')}"
    title = _title("UDP", "exchange", flows, len(followed.exchanges), followed.all_exchanges, order)
    yield from _page(title, columns, flows, lambda flow: "", total, paint, width)


def _title(kind: str, noun: str, flows: Sequence[Any], picked: int, there: int, order: str) -> str:
    shown = f"the first {count(len(flows))} of " if len(flows) < picked else ""
    of = f" of {count(there)}" if picked < there else ""
    by = "" if order == "number" else f", by {order}"
    return f"{kind}, {shown}{count(picked)}{of} {noun}{'s' if there != 1 else ''}{by}"


def _page(
    title: str,
    stacks: _Stacks,
    flows: Sequence[Any],
    told: Callable[[Any], str],
    total: str,
    paint: Paint,
    width: int | None,
) -> Iterator[str]:
    """A table, what it leaves out, and the line of the totals.

    Without a `width` all is shown, a line a flow. On a terminal columns are left out; where even those that matter
    most do not fit beside each other, those of a stack stand one above the other, and texts end in …. What is `told`
    of a flow has its column where there is room for all of it, else stands below the flow.
    """
    every = [column for stack in stacks for column in stack]
    words = list(map(told, flows))
    if width is None:
        if any(words):
            every.append(Column("trouble", told, False))
        yield from text(Sheet("flows", title, every, flows), paint)
        yield ""
        yield total
        return
    cells = {column.heading: [column.heading, *map(column.cell, flows)] for column in every}
    shown = _fitting([(column,) for column in every], cells, width)
    if _wide(shown, cells) > width:
        shown = _fitting(stacks, cells, width)
        _shorten([column for stack in shown for column in stack if not column.right], shown, cells, width)
    beside = any(words) and _wide(shown, cells) + len(_GAP) + max(map(len, words)) <= width
    beside = beside and all(len(stack) == 1 for stack in shown)
    if beside:
        shown = [*shown, (Column("trouble", str, False),)]
        cells["trouble"] = ["trouble", *words]
    yield from (paint(line, BOLD) for line in wrapped(title, width))
    wide = [_stack_wide(stack, cells) for stack in shown]
    indent = " " * (wide[0] + len(_GAP))
    for place in range(len(flows) + 1):
        for line in _lines(shown, wide, cells, place):
            yield line if place else paint(line, DIM)
        if place and words[place - 1] and not beside:
            yield from (indent + line for line in wrapped(words[place - 1], width - len(indent)))
    yield ""
    yield from wrapped(total, width)
    kept = {column.heading for stack in shown for column in stack}
    left_out = [column.heading.removesuffix(", s") for column in every if column.heading not in kept]
    if left_out:
        told_of = f"{_counted(len(left_out), 'column')} left out: {', '.join(left_out)}; "
        told_of += f"a wider terminal or -T json shows {'it' if len(left_out) == 1 else 'them'}"
        yield from (paint(line, DIM) for line in wrapped(told_of, width))


def _fitting(stacks: _Stacks, cells: Mapping[str, Sequence[str]], width: int) -> _Stacks:
    """The stacks without as many of those that can be spared as do not fit."""
    shown = list(stacks)
    while _wide(shown, cells) > width:
        most = max(shown, key=_spare)
        if not _spare(most):
            break
        shown.remove(most)
    return shown


def _spare(stack: tuple[Column, ...]) -> int:
    return max(column.spare for column in stack)


def _wide(stacks: _Stacks, cells: Mapping[str, Sequence[str]]) -> int:
    """Columns of a terminal that a line of these stacks takes."""
    return sum(_stack_wide(stack, cells) for stack in stacks) + len(_GAP) * (len(stacks) - 1)


def _stack_wide(stack: tuple[Column, ...], cells: Mapping[str, Sequence[str]]) -> int:
    return max(len(cell) for column in stack for cell in cells[column.heading])


def _shorten(texts: Sequence[Column], stacks: _Stacks, cells: dict[str, list[str]], width: int) -> None:
    """Cut the longest of the texts, until a line fits or none can be cut any more."""
    excess = _wide(stacks, cells) - width
    longest = max(max(map(len, cells[column.heading])) for column in texts)
    while excess > 0 and longest > _LEAST_WIDTH:
        longest -= 1
        for column in texts:
            cells[column.heading] = [_shortened(cell, longest) for cell in cells[column.heading]]
        excess = _wide(stacks, cells) - width


def _shortened(cell: str, most: int) -> str:
    """A text that ends in … where it does not fit in `most` columns; of a socket the port stays."""
    if len(cell) <= most:
        return cell
    address, colon, port = cell.rpartition(":")
    if not colon or len(port) + 3 > most:
        return cut(cell, most)
    return f"{cut(address.rstrip('…'), most - len(port) - 1)}:{port}"


def _lines(stacks: _Stacks, widths: Sequence[int], cells: Mapping[str, Sequence[str]], place: int) -> Iterator[str]:
    """The line of a flow, or of the headings; several where columns stand one above the other."""
    for level in range(max(map(len, stacks))):
        line = []
        for stack, wide in zip(stacks, widths, strict=True):
            cell = cells[stack[level].heading][place] if level < len(stack) else ""
            line.append(f"{cell:{'>' if stack[0].right else '<'}{wide}}")
        yield _GAP.join(line).rstrip()


def _tcp_totals(connections: Sequence[Connection]) -> str:
    opened = Counter(each.opened for each in connections)
    closed = Counter(each.closed for each in connections)
    del closed["never open"]
    octets, again = sum(map(_octets, connections)), sum(each.retransmissions for each in connections)
    parts = [f"{_counted(len(connections), 'connection')}: {_tally(opened)}"]
    if closed:
        parts.append(_tally(closed))
    parts.append(_counted(octets, "octet"))
    if again:
        parts.append(_counted(again, "retransmission"))
    return "; ".join(parts)


def _since(flow: Connection | Exchange, followed: Followed) -> str:
    first = _time(flow.first_ns)
    return _NONE if first is None else seconds(first - (followed.origin or 0))


def _span(nanoseconds: int | None) -> str:
    return _NONE if nanoseconds is None else span(nanoseconds)


def _tally(counts: Counter[str]) -> str:
    return ", ".join(f"{count(number)} {word}" for word, number in counts.most_common())


def _counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}{'s' if number != 1 else ''}"
