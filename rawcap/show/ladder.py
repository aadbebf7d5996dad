"""The ladder of a connection: its two hosts as lines down the page, and what they sent as arrows between them.

                    192.0.2.1:49152                          192.0.2.2:7
     time, s  packet    CLOSED ┊                                     ┊ UNKNOWN
    0.000000       1  SYN-SENT │──SYN seq=0 win=64240───────────────▶┊
    0.000151       2    CLOSED │◀──────────────RST, ACK seq=1 ack=1──│ CLOSED

On the left stand the states of the client, on the right those of the server, each where it changes. A line that is
broken belongs to a host that has said nothing yet; the shaft of an arrow is broken where nothing acknowledges what it
carries. Trouble stands on the arrow, ICMP errors are arrows of those who report them; words that an arrow has no room
for stand under it, on the side of who sent them. Long runs of data in which nothing happens are folded into a line, and
where time passes, a line says how much. On a narrow page the states have the short names that ss(8) gives them.

`ladder` gives the whole as text, from packets, for wherever a picture is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from dissectors.packet import Packet
from dissectors.printable import printable
from rawcap.show.characters import in_ascii
from rawcap.show.colours import BAD, BOLD, DIM, VALUE, Paint
from rawcap.show.columns import columns, cut, wrapped
from rawcap.show.flows import error_words, errors_in_words, resetter, span, udp_outcome
from rawcap.show.statistics import count, end, seconds
from rawcap.show.summary import summarise
from rawcap.tcp.connection import Connection, Side
from rawcap.tcp.exchange import Exchange
from rawcap.tcp.tracker import Tracker

NARROWEST = 60
"""Columns that a ladder takes at least."""
USUAL = 100
"""Columns where there is no terminal that says how many."""

_PLAIN = Paint(False)
PAUSE = 200_000_000  # nanoseconds: the shortest time after which a segment is sent again (RFC 6298 as Linux has it)
_LONG = 12  # packets in a run that is folded
_LEFT = 3  # packets that a fold leaves on either side
LEAST_ROOM = 40  # columns between the hosts, below which all that is beside them gets short
SHORT_STATES = {
    "SYN-RECEIVED": "SYN-RECV",
    "ESTABLISHED": "ESTAB",
    "FIN-WAIT-1": "FIN-WAIT1",
    "FIN-WAIT-2": "FIN-WAIT2",
}
"""As ss(8) calls them; the others have their names."""
_SYN, _FIN, _RST, _PSH, _ACK = 0x02, 0x01, 0x04, 0x08, 0x10
_FLAGS = ((_SYN, "SYN"), (_FIN, "FIN"), (_RST, "RST"), (_PSH, "PSH"), (_ACK, "ACK"), (0x20, "URG"))
_HALF = 1 << 31
_HOLD = "\u00a0"  # a blank where a line does not end
_TROUBLE = {
    "spurious_retransmission": "spurious retransmission",
    "fast_retransmission": "fast retransmission",
    "retransmission": "retransmission",
    "out_of_order": "out of order",
    "overlap": "overlap",
    "lost_segment": "gap before",
    "ack_lost_segment": "acknowledges unseen data",
    "zero_window_probe": "zero window probe",
    "zero_window_probe_ack": "answer to the probe",
    "zero_window": "zero window",
    "window_full": "window full",
    "keep_alive": "keep-alive",
    "keep_alive_ack": "answer to keep-alive",
    "duplicate_ack": "duplicate ACK",
    "window_update": "window update",
    "reused_ports": "ports used before",
    "tfo_ignored": "fast open ignored",
    "challenge_ack": "challenge ACK",
    "d_sack": "D-SACK",
    "paws": "old timestamp",
    "data_after_fin": "data after FIN",
    "data_after_reset": "data after reset",
    "reset_out_of_window": "not heeded",
}
_NOTED = ("reused_ports", "tfo_ignored")
"""What a field tells of a segment; the rest is what the connection counts as trouble of a side."""
_IMPLIED = {
    "spurious_retransmission": ("retransmission", "fast_retransmission"),
    "fast_retransmission": ("retransmission",),
    "challenge_ack": ("duplicate_ack",),
    "d_sack": ("duplicate_ack",),
}
_HARMLESS = frozenset({"window_update", "keep_alive_ack", "zero_window_probe_ack", "challenge_ack"})
_PROBES = frozenset({"keep_alive", "zero_window_probe"})
_FOLDED = frozenset({"duplicate_ack", "window_update"})
"""Trouble that does not keep a packet from being folded."""


class Strokes(NamedTuple):
    """What a ladder is drawn with."""

    line: str
    silent: str
    shaft: str
    broken: str
    right: str
    left: str
    point: str
    dots: str
    separator: str
    to_right: str
    to_left: str
    at_left: str
    at_right: str
    heavy: str
    heavy_left: str
    heavy_right: str
    cross: str


UNICODE = Strokes("│", "┊", "─", "╌", "▶", "◀", "○", "…", " · ", "→", "←", "├", "┤", "┃", "┠", "┨", "✗")
ASCII = Strokes("|", ":", "-", ".", ">", "<", "o", "...", " - ", "->", "<-", "|", "|", "#", "#", "#", "x")
"""For terminals that know nothing else."""


@dataclass(slots=True)
class Rung:
    """A packet of the ladder. `parts` are what its arrow says, the most important first; `offers`, a SYN's options."""

    number: int
    time_ns: int | None
    from_client: bool
    parts: list[str]
    trouble: list[str] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    flags: int = 0
    length: int = 0
    needs_ack: int | None = None
    """The relative number that would acknowledge it; None where nothing has to."""
    ack: int | None = None
    is_error: bool = False
    """Whether it is an ICMP error, which `from_client` says is sent to the server."""
    is_datagram: bool = False
    message: str = ""
    """What the protocol inside says."""
    is_news: bool = False
    """Whether that is another message than the one before, of the same side."""

    @property
    def is_ordinary(self) -> bool:
        """Whether it is one of many and may be folded: data or an acknowledgement, without a word to say of it."""
        is_event = self.is_error or self.is_news or self.flags & (_SYN | _FIN | _RST)
        return not is_event and _FOLDED.issuperset(self.trouble)


class Teller:
    """Makes rungs of the packets of one connection or exchange, each as it is when the tracker has just noted it."""

    def __init__(self, flow: Connection | Exchange) -> None:
        self.flow = flow
        self._from_client = 0  # packets of the client so far
        self._messages: dict[bool, str] = {}  # the last one of each side
        self._told: dict[tuple[bool, str], int] = {}  # how often each trouble was met

    def rungs(self, packet: Packet, notes: dict[str, Any]) -> list[Rung]:
        """The rung of a packet that belongs to it, which has these notes, or that of an error of it."""
        if isinstance(self.flow, Connection) and "tcp.seq" in notes:
            return [self._segment(packet, self.flow, notes)]
        if isinstance(self.flow, Exchange) and packet.udp is not None and not packet.udp.quoted:
            return [self._datagram(packet, self.flow)]
        return list(self._errors(packet, self.flow))

    def _segment(self, packet: Packet, connection: Connection, notes: dict[str, Any]) -> Rung:
        tcp: Any = packet.tcp
        number = packet.number
        flags, length = tcp.flags, tcp.payload_length
        client, server = connection.client, connection.server
        from_client = client.segments != self._from_client
        self._from_client = client.segments
        side = client if from_client else server
        seq, ack = notes["tcp.seq"], notes.get("tcp.ack", 0) if flags & _ACK else None
        found = [name for name in _TROUBLE if self._is_found(name, side, from_client, notes)]
        hidden = {each for name in found for each in _IMPLIED.get(name, ())}
        takes = length + (1 if flags & _SYN else 0) + (1 if flags & _FIN else 0)
        names = [name for bit, name in _FLAGS if flags & bit]
        parts = [", ".join(names) or "no flags"]
        if takes or flags & _RST or not _PROBES.isdisjoint(found):
            parts.append(f"seq={seq}")
        if ack is not None:
            parts.append(f"ack={ack}")
        if length:
            parts.append(f"len={length}")
        if flags & _SYN or not (takes or flags & _RST):
            parts.append(f"win={notes.get('tcp.window_size', tcp.window_size_value)}")
        rung = Rung(number, packet.time_ns, from_client, parts, [name for name in found if name not in hidden])
        rung.flags, rung.length, rung.ack = flags, length, ack
        if takes and not flags & _RST:
            rung.needs_ack = seq + takes & 0xFFFFFFFF
        if flags & _SYN:
            rung.offers = _offers(connection, from_client, number)
        if length:
            rung.message = self._message(rung, packet, "tcp")
        return rung

    def _is_found(self, name: str, side: Side, from_client: bool, notes: dict[str, Any]) -> bool:
        """Whether something is to be said of the segment that was taken in last."""
        if name in _NOTED:
            return f"tcp.analysis.{name}" in notes
        times = side.count(name)
        is_new = times != self._told.get((from_client, name), 0)
        self._told[from_client, name] = times
        return is_new

    def _datagram(self, packet: Packet, exchange: Exchange) -> Rung:
        udp: Any = packet.udp
        client = exchange.client
        from_client = client.datagrams != self._from_client
        self._from_client = client.datagrams
        length = udp.payload_length
        rung = Rung(packet.number, packet.time_ns, from_client, [f"len={length}"], length=length, is_datagram=True)
        rung.message = self._message(rung, packet, "udp")
        return rung

    def _message(self, rung: Rung, packet: Packet, transport: str) -> str:
        """What the protocol inside a segment or datagram says, where one is known."""
        summary = summarise(packet)
        if summary.layer is None or summary.layer.name == transport:
            return ""
        info = " ".join(printable(summary.info).split())
        text = info if info.startswith(summary.protocol) else f"{summary.protocol} {info}"
        rung.is_news = self._messages.get(rung.from_client) != text
        self._messages[rung.from_client] = text
        return text

    def _errors(self, packet: Packet, flow: Connection | Exchange) -> Iterator[Rung]:
        """The ICMP error that a packet is."""
        for layer in packet.layers:
            if layer.name not in ("icmp", "icmpv6") or layer.quoted:
                continue
            source, addressee = _addresses(layer)
            is_self = flow.client.address == flow.server.address
            to_client = is_self or addressee != flow.server.address
            parts = [f"{layer.label or layer.name} {error_words(layer.info() or layer.title)}"]
            if not is_self and source != (flow.server if to_client else flow.client).address:
                parts.append(f"from {source}")
            yield Rung(packet.number, packet.time_ns, not to_client, parts, is_error=True)
            return


class Course:
    """The course of one connection or exchange: which packets it has, taken from all those of a capture.

    `connection` is the one with the number, None while no packet of it came; `count` says how many there are of the
    protocol, `others` of the other one.
    """

    def __init__(self, number: int = 0, protocol: str = "tcp") -> None:
        self.number = number
        self.protocol = protocol
        self.flow: Connection | Exchange | None = None
        self.rungs: list[Rung] = []
        self.tracker = Tracker()
        self._teller: Teller | None = None

    @property
    def count(self) -> int:
        """How many connections, or exchanges, the packets so far belong to."""
        return len(self.tracker.connections if self.protocol == "tcp" else self.tracker.exchanges)

    @property
    def others(self) -> int:
        """How many there are of the other protocol."""
        return len(self.tracker.exchanges if self.protocol == "tcp" else self.tracker.connections)

    def add(self, packet: Packet) -> None:
        """Take in the next packet of the capture; its notes stay as they are."""
        before, packet.notes = packet.notes, None
        self.tracker.note(packet)
        notes: dict[str, Any] = packet.notes or {}
        packet.notes = before
        if notes.get(f"{self.protocol}.stream") != self.number:
            return
        if self._teller is None:
            known = self.tracker.connections if self.protocol == "tcp" else self.tracker.exchanges
            self.flow = known[self.number]
            self._teller = Teller(self.flow)
        self.rungs += self._teller.rungs(packet, notes)


def ladder(
    packets: Iterable[Packet],
    number: int = 0,
    protocol: str = "tcp",
    *,
    width: int = USUAL,
    unfold: bool = False,
    strokes: Strokes = UNICODE,
    paint: Paint = _PLAIN,
) -> str:
    """The ladder of the connection with a number, by which they appear in `packets`, or of a UDP exchange.

    It takes `width` columns, NARROWEST at least. With `unfold` every packet has its line. Empty where there is no such
    connection.
    """
    course = Course(number, protocol)
    for packet in packets:
        course.add(packet)
    drawn = draw(course, width=width, unfold=unfold, strokes=strokes, paint=paint)
    return "".join(f"{line}\n" for line in drawn)


def draw(
    course: Course,
    *,
    width: int = USUAL,
    unfold: bool = False,
    strokes: Strokes = UNICODE,
    paint: Paint = _PLAIN,
) -> Iterator[str]:
    """The lines of a ladder; none where no packet came."""
    if course.flow is not None:
        yield from _Drawing(course, max(width, NARROWEST), unfold, strokes, paint).lines()


class Arrows:
    """What stands between two hosts: arrows of `room` columns, and the lines of words that have no room on them."""

    def __init__(self, strokes: Strokes, paint: Paint, room: int) -> None:
        self.strokes = strokes
        self.paint = paint
        self.room = room

    def drawn(self, rung: Rung, *, is_broken: bool = False) -> tuple[str, list[str]]:
        """The arrow of a packet, its words near who sent it, and the lines of those that have no room on it.

        Its shaft is broken where nothing acknowledges what it carries.
        """
        if rung.is_error:
            return self._error(rung)
        strokes = self.strokes
        shaft = strokes.broken if is_broken else strokes.shaft
        trouble = strokes.separator.join(_TROUBLE[name] for name in rung.trouble)
        text, below = self._shared_out(rung, trouble, self.room - 5)
        rest = shaft * (self.room - 3 - columns(text))
        if rung.from_client:
            return f"{shaft * 2}{text}{rest}{strokes.right}", below
        return f"{strokes.left}{rest}{text}{shaft * 2}", below

    def _shared_out(self, rung: Rung, trouble: str, room: int) -> tuple[str, list[str]]:
        """What stands on an arrow with so much room, and the lines under it: nothing of it is left out.

        Trouble stands on the arrow before all but the first part; options of a SYN, and what the protocol inside
        says, stand together.
        """
        separator = self.strokes.separator
        behind = f"{separator}{trouble}" if trouble else ""
        whole = " ".join([*rung.parts, *rung.offers]) + behind
        if rung.message:
            whole += f"{separator}{rung.message}"
        if columns(self.ascii(whole)) <= room:
            return self.ascii(whole), []
        text, *rest = " ".join(rung.parts).split() if rung.is_error else rung.parts
        most = room
        lines = [trouble] if columns(text + behind) > room and trouble else []
        behind = "" if lines else behind
        while rest and columns(f"{text} {rest[0]}{behind}") <= room:
            text = f"{text} {rest.pop(0)}"
        lines += [" ".join(rest), " ".join(rung.offers)]
        told = [line for each in lines if each for line in wrapped(self.ascii(each), self.room - 4)]
        room -= columns(text + behind + separator)
        if rung.message and not rung.is_news and not told and room > len(self.strokes.dots):
            behind += separator + self.cut(rung.message, room)  # the one before has it in full
        elif rung.message:
            told += self._message(rung.message, self.room - 4)
        return self.cut(text + behind, most), told

    def _message(self, text: str, room: int) -> list[str]:
        """What the protocol inside says, on two lines where one is not enough."""
        lines = wrapped(self.ascii(text), room)
        if len(lines) <= 1 or columns(text) != len(text):  # lines are broken by characters, not by columns
            return [self.cut(text, room)]
        return [lines[0], self.cut(" ".join(lines[1:]), room)]

    def in_colour(self, rung: Rung, drawn: str) -> str:
        """An arrow, or words of it, in the colour of its packet."""
        if rung.is_error:
            return self.paint(drawn, BAD)
        if rung.flags & _RST or any(name not in _HARMLESS for name in rung.trouble):
            return self.paint(drawn, BAD)
        if rung.flags & (_SYN | _FIN):
            return self.paint(drawn, BOLD)
        return drawn if rung.length or rung.is_datagram else self.paint(drawn, DIM)

    def _error(self, rung: Rung) -> tuple[str, list[str]]:
        """The arrow of an ICMP error: from the other host, or, of a router's, from a point on the way."""
        strokes = self.strokes
        text, below = self._shared_out(rung, "", self.room - 6)
        is_routers = len(rung.parts) > 1
        far = self.room - (self.room // 6 if is_routers else 0)
        far = max(far, columns(text) + 6)
        tail = strokes.point if is_routers else strokes.shaft
        rest = strokes.shaft * (far - 4 - columns(text))
        blank = " " * (self.room - far)
        if not rung.from_client:
            return f"{strokes.left}{rest}{text}{strokes.shaft * 2}{tail}{blank}", below
        return f"{blank}{tail}{strokes.shaft * 2}{text}{rest}{strokes.right}", below

    def ascii(self, text: str) -> str:
        """Text that the strokes go with."""
        return in_ascii(text) if self.strokes is ASCII else text

    def cut(self, text: str, most: int) -> str:
        """Text that ends in dots where it does not fit in `most` columns."""
        text = self.ascii(text)
        return text if columns(text) <= most else self.ascii(cut(text, most - len(self.strokes.dots) + 1))


class _Drawing:
    """A ladder that is being drawn."""

    def __init__(self, course: Course, width: int, unfold: bool, strokes: Strokes, paint: Paint) -> None:
        assert course.flow is not None
        self.flow = course.flow
        self.rungs = course.rungs
        self.unfold = unfold
        self.strokes = strokes
        self.paint = paint
        self.width = width
        self.origin = next((each.time_ns for each in self.rungs if each.time_ns is not None), None)
        self.states: tuple[dict[int, str], dict[int, str]] = ({}, {})
        self.before: tuple[str, str] = ("", "")
        if isinstance(self.flow, Connection):
            sides = (self.flow.client, self.flow.server)
            self.states = cast(
                "tuple[dict[int, str], dict[int, str]]", tuple(dict((side.states or [])[1:]) for side in sides)
            )
            self.before = cast("tuple[str, str]", tuple((side.states or [(0, "")])[0][1] for side in sides))
        last = max((each.time_ns for each in self.rungs if each.time_ns is not None), default=0)
        self.time_wide = max(len("time, s"), len(seconds(last - (self.origin or 0))))
        self._lay_out(short=False)
        if self.room < LEAST_ROOM:
            self._lay_out(short=True)
        self.arrows = Arrows(strokes, paint, self.room)
        self.spoke = [False, False]
        self.broken = unacknowledged(self.rungs)

    def _lay_out(self, *, short: bool) -> None:
        """Share out the width: time, packet, state, the client's line, the arrow, the server's line, state."""
        self.gap = " " if short else "  "
        self.number_name = "#" if short else "packet"
        self.state_names = SHORT_STATES if short else {}
        numbers = [len(str(rung.number)) for rung in self.rungs[-1:]]
        self.number_wide = max([len(self.number_name), *numbers])
        told = [[before, *changes.values()] for before, changes in zip(self.before, self.states, strict=True)]
        self.state_wide = [max(len(self.state_names.get(name, name)) for name in names) for names in told]
        self.head = self.time_wide + self.number_wide + 2 * len(self.gap)
        self.at_client = self.head + self.state_wide[0] + (1 if self.state_wide[0] else 0)
        self.room = self.width - self.at_client - 2 - (self.state_wide[1] + 1 if self.state_wide[1] else 0)

    # -- the whole ----------------------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        """All lines."""
        yield from self._sockets()
        before: int | None = None
        for step in self._steps():
            first, last = (step, step) if isinstance(step, Rung) else (step[0], step[-1])
            if before is not None and first.time_ns is not None and first.time_ns - before >= PAUSE:
                yield from self._between(self.arrows.ascii(span(first.time_ns - before)))
            if isinstance(step, Rung):
                yield from self._rung(step)
            else:
                yield from self._fold(step)
            before = last.time_ns if last.time_ns is not None else before
        yield ""
        yield from self._ending()

    def _steps(self) -> Iterator[Rung | Sequence[Rung]]:
        """Packets one by one, and runs of them to be folded."""
        run: list[Rung] = []
        for rung in self.rungs:
            if not self.unfold and rung.is_ordinary and not self._changes(rung):
                run.append(rung)
                continue
            yield from _folded(run)
            run = []
            yield rung
        yield from _folded(run)

    def _changes(self, rung: Rung) -> bool:
        return any(rung.number in changes for changes in self.states)

    # -- lines --------------------------------------------------------------------------------------------

    def _sockets(self) -> Iterator[str]:
        """The sockets above their lines, and the states that all begins with."""
        ends = [end(printable(each.address), each.port) for each in (self.flow.client, self.flow.server)]
        at_server = self.at_client + 1 + self.room
        starts = [at - len(name) // 2 for at, name in zip((self.at_client, at_server), ends, strict=True)]
        starts[0] = max(0, starts[0])
        starts[1] = min(starts[1], self.width - len(ends[1]))
        first = " " * starts[0] + ends[0]
        if len(first) + 2 > starts[1]:
            yield self.paint(first, BOLD)
            first = ""
        yield self.paint(first + " " * (starts[1] - len(first)) + ends[1], BOLD)
        head = f"{'time, s':>{self.time_wide}}{self.gap}{self.number_name:>{self.number_wide}}"
        yield self._line(self.paint(head, DIM), self.before, " " * self.room)

    def _rung(self, rung: Rung) -> Iterator[str]:
        """The line of a packet, and those of what its arrow has no room for."""
        if not rung.is_error or len(rung.parts) == 1:  # a router's error names the router
            self.spoke[0 if rung.from_client else 1] = True
        time = "" if rung.time_ns is None else seconds(rung.time_ns - (self.origin or 0))
        head = self.paint(f"{time:>{self.time_wide}}", DIM) + f"{self.gap}{rung.number:>{self.number_wide}}"
        states = (self.states[0].get(rung.number, ""), self.states[1].get(rung.number, ""))
        arrow, below = self.arrows.drawn(rung, is_broken=rung.number in self.broken)
        yield self._line(head, states, self.arrows.in_colour(rung, arrow))
        for line in below:
            blank = " " * (self.room - columns(line) - 2)
            shown = self.arrows.in_colour(rung, line)
            yield self._beside("  " + shown + blank if rung.from_client else blank + shown + "  ")

    def _line(self, head: str, states: tuple[str, str], between: str) -> str:
        left, right = (self.state_names.get(name, name) for name in states)
        stroke = [self.strokes.line if spoke else self.strokes.silent for spoke in self.spoke]
        before = " " * (self.state_wide[0] - len(left)) + self._state(left) + (" " if self.state_wide[0] else "")
        behind = f" {self._state(right)}" if right else ""
        return f"{head}{self.gap}{before}{stroke[0]}{between}{stroke[1]}{behind}"

    def _state(self, name: str) -> str:
        return self.paint(name, DIM if name == "UNKNOWN" else VALUE)

    def _beside(self, between: str) -> str:
        """A line without a packet."""
        return self._line(" " * (self.head - len(self.gap)), ("", ""), between)

    def _between(self, text: str) -> Iterator[str]:
        """Lines without a packet: some words in the middle between the hosts."""
        dots = self.strokes.dots
        for part in between_clauses(text, ", ", self.room - 2 * len(dots) - 2):
            shown = f"{dots} {part} {dots}"
            left = (self.room - columns(shown)) // 2
            yield self._beside(" " * left + self.paint(shown, DIM) + " " * (self.room - columns(shown) - left))

    def _fold(self, rungs: Sequence[Rung]) -> Iterator[str]:
        """The line that stands for many packets; one for each side where they do not fit on one."""
        told = []
        for from_client, sign in ((True, self.strokes.to_right), (False, self.strokes.to_left)):
            mine = [each for each in rungs if each.from_client is from_client]
            data = [each for each in mine if each.length or each.is_datagram]
            words = []
            if data:
                noun = "datagram" if isinstance(self.flow, Exchange) else "segment"
                words += [_counted(len(data), noun), _counted(sum(each.length for each in data), "octet")]
            if len(mine) > len(data):
                words.append(_counted(len(mine) - len(data), "ACK"))
            again = sum("duplicate_ack" in each.trouble for each in mine)
            if again:
                words[-1] += f" ({again} duplicate)"
            if words:
                told.append(f"{', '.join(words)} {sign}")
        whole = ", ".join(told)
        fits = columns(whole) + 2 * len(self.strokes.dots) + 2 <= self.room
        for text in [whole] if fits else told:
            yield from self._between(text)

    # -- the end ------------------------------------------------------------------------------------------

    def _ending(self) -> Iterator[str]:
        """What came of it, in a line, and what broken arrows mean where there are any."""
        told = udp_outcome(self.flow) if isinstance(self.flow, Exchange) else "; ".join(outcome(self.flow))
        yield from between_clauses(self.arrows.ascii(told), "; ", self.width)
        if self.broken:
            strokes = self.strokes
            yield self.paint(f"{strokes.broken * 2}{strokes.right} never acknowledged in this capture", DIM)


def outcome(connection: Connection) -> Iterator[str]:
    """How it opened and closed and what went wrong, in words."""
    opened, closed, closer = connection.opened, connection.closed, connection.closer
    yield {
        "handshake": f"opened by a handshake in {span(connection.handshake.rtt_ns or 0)}",
        "fast open": "opened by fast open, with data in the SYN",
        "simultaneous": "opened by both sides at once",
        "refused": "never open: refused by a reset",
        "unreachable": f"never open: {', '.join(errors_in_words(connection.icmp))}",
        "unanswered": f"never open: {_counted(connection.client.syn_count, 'SYN')}, no answer",
        "unfinished": "its handshake was not finished",
        "challenged": "never open: its sockets were in another connection, which went on",
        "before the capture": "opened before the capture began",
    }[opened]
    if closed == "reset":
        yield f"reset by the {resetter(connection)}"
    elif closed != "never open":
        yield {
            "orderly": f"closed orderly, by the {closer} first",
            "simultaneous": "closed by both sides at once",
            "half closed": f"closed by the {closer} only",
            "closing": f"closing, by the {closer} first, when the capture ends",
            "open": "open when the capture ends",
        }[closed]
    waiting = connection.time_wait
    if waiting is not None:
        yield "both sides are in TIME-WAIT" if waiting == "both" else f"the {waiting} is in TIME-WAIT"
    if connection.retransmissions and opened != "unanswered":
        yield _counted(connection.retransmissions, "retransmission")


# -- words of an arrow ------------------------------------------------------------------------------------


def _offers(connection: Connection, from_client: bool, number: int) -> list[str]:
    """What the options of a SYN say."""
    syn = (connection.client if from_client else connection.server).syn
    if syn is None or syn.number != number:
        return []
    offers = []
    if syn.mss >= 0:
        offers.append(f"mss={syn.mss}")
    if syn.shift >= 0:
        offers.append(f"scale={syn.shift}")
    if syn.sack_permitted:
        offers.append("sack")
    if syn.tsval >= 0:
        offers.append("timestamps")
    if syn.cookie >= 0:
        offers.append("cookie" if syn.cookie else "cookie?")  # one, or a request for one (RFC 7413, 4.1.1)
    return offers


def _addresses(layer: Any) -> tuple[str, str]:
    """The addresses that a header goes between; empty where nothing below it has any."""
    below = layer.below
    while below is not None and below.addresses is None:
        below = below.below
    if below is None:
        return "", ""
    source, destination = (str(getattr(below, name) or "") for name in below.addresses)
    return source, destination


def unacknowledged(rungs: Sequence[Rung]) -> set[int]:
    """The packets with something that the other side never acknowledges, in what came after them."""
    highest: dict[bool, int | None] = {True: None, False: None}  # acknowledged by the client, by the server
    broken: set[int] = set()
    for rung in reversed(rungs):
        if rung.is_error:
            continue
        told = highest[not rung.from_client]
        if rung.needs_ack is not None and (told is None or 0 < (rung.needs_ack - told & 0xFFFFFFFF) < _HALF):
            broken.add(rung.number)
        if rung.ack is not None:
            known = highest[rung.from_client]
            if known is None or 0 < (rung.ack - known & 0xFFFFFFFF) < _HALF:
                highest[rung.from_client] = rung.ack
    return broken


def _folded(run: Sequence[Rung]) -> Iterator[Rung | Sequence[Rung]]:
    """The packets of a run, the middle as one if there are many."""
    if len(run) < _LONG:
        yield from run
        return
    yield from run[:_LEFT]
    yield run[_LEFT:-_LEFT]
    yield from run[-_LEFT:]


def between_clauses(text: str, separator: str, most: int) -> Iterator[str]:
    """`text` in lines that end between its clauses, of `most` columns."""
    whole = separator.join(clause.replace(" ", _HOLD) for clause in text.split(separator))
    yield from (line.replace(_HOLD, " ") for line in wrapped(whole, most))


def _counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}{'s' if number != 1 else ''}"
