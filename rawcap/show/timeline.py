"""The picture of a timeline: the client on the left, the server on the right, and the wire between them.

               client: pid 102                                       server: pid 101
               10.9.0.1:41234                                         10.9.0.2:9000
 time, s              ┊                                                     ┊
0.000000              ┊                                        accept4(3) … ┨ LISTEN
0.000041     SYN-SENT ┠ connect(5, 10.9.0.2:9000) …                         ┃
0.000060              ┃──SYN seq=0 win=64240───────────────────────────────▶┃ SYN-RECEIVED

Time passes down the page, on one clock. A call stands at the line of its program; an arrow is a frame. While a call
blocks, the line of its program is heavy: from the line where it begins to the one where it returns. A call in which
nothing else happens has one line. In the margins stands what the state of the sockets has become: of the one that the
line is about, where it is another than before. What an arrow, or a call, has no room for stands under it.

Of the kernel's events those are drawn that calls and frames do not show: drops, resets, retransmissions, data that
moves without a call. The way of data through queues and devices is for rawcap/show/path.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dissectors.packet import Packet
from dissectors.printable import printable
from rawcap.show.characters import in_ascii
from rawcap.show.colours import BAD, BOLD, DIM, VALUE, Paint
from rawcap.show.colours import CALL as CALL_COLOUR
from rawcap.show.columns import columns, paragraph
from rawcap.show.flows import span, udp_outcome
from rawcap.show.ladder import (
    ASCII,
    LEAST_ROOM,
    PAUSE,
    SHORT_STATES,
    UNICODE,
    Arrows,
    Rung,
    Strokes,
    Teller,
    between_clauses,
    outcome,
)
from rawcap.show.statistics import end as ended
from rawcap.show.statistics import seconds
from rawcap.stack.event import CALL, FRAME, KERNEL, NOTE, RETURN, Event
from rawcap.stack.timeline import Timeline
from rawcap.tcp.connection import Connection
from rawcap.tcp.exchange import Exchange
from rawcap.tcp.tracker import Tracker

NARROWEST = 70
"""Columns that a timeline takes at least."""

_QUIET = frozenset({"send", "receive", "queued", "arrived", "readable", "copied"})
"""The kernel's events that calls and frames show."""
_TROUBLE = frozenset({"dropped", "reset", "retransmitted", "lost"})
_LEFT, _RIGHT = 0, 1
_STATES = ("SYN-RECEIVED", "ESTABLISHED")
"""The widest of those that may come: the margins are made for them where the timeline is not known beforehand."""


@dataclass(slots=True)
class _Line:
    """A line that more may be said on: by the return of its call, or by the kernel about the state."""

    event: Event
    side: int
    text: str
    below: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=lambda: ["", ""])
    arrow: str = ""
    colour: str = ""
    ends: bool = False
    """Whether a call that had begun on a line before returns here."""
    is_whole: bool = False
    """Whether it is a call that has returned without anything between."""


class Drawing:
    """A timeline that is being drawn, event by event: for what is still going on.

    `ends` names the two sides above their lines, `states` the widest state of each side, where all that is known.
    """

    def __init__(
        self,
        width: int,
        paint: Paint,
        strokes: Strokes = UNICODE,
        *,
        ends: tuple[list[str], list[str]] | None = None,
        states: tuple[list[str], list[str]] = (list(_STATES), list(_STATES)),
        seconds_wide: int = 8,
    ) -> None:
        self.width = max(width, NARROWEST)
        self.paint = paint
        self.strokes = strokes
        self.time_wide = max(seconds_wide, len("time, s"))
        self.short: dict[str, str] = {}
        self._lay_out(states)
        if self.room < LEAST_ROOM + 10:
            self.short = SHORT_STATES
            self._lay_out(states)
        self.arrows = Arrows(strokes, paint, self.room)
        self._ends = ends
        self._begun = False
        self._origin: int | None = None
        self._before: int | None = None
        self._line: _Line | None = None
        self._waiting: tuple[set[int], set[int]] = (set(), set())  # threads in a call, by side
        self._spoke = [False, False]
        self._told: dict[tuple[int, int], str] = {}  # the last state in the margin, by side and connection
        self._tracker = Tracker()
        self._tellers: dict[tuple[str, int], Teller] = {}
        self._addresses: dict[str, int] = {}
        self._sampled = False
        self._is_apart = True  # whether the page begins, or a blank line came last
        self._broken: frozenset[int] = frozenset()

    def _lay_out(self, states: tuple[list[str], list[str]]) -> None:
        self.state_wide = [max([len(self.short.get(name, name)) for name in names], default=0) for names in states]
        self.at_client = self.time_wide + 2 + self.state_wide[_LEFT] + (1 if self.state_wide[_LEFT] else 0)
        right = self.state_wide[_RIGHT] + 1 if self.state_wide[_RIGHT] else 0
        self.room = self.width - self.at_client - 2 - right

    # -- events -------------------------------------------------------------------------------------------

    def add(self, event: Event, packet: Packet | None = None) -> Iterator[str]:
        """The lines that an event completes; `packet` is that of a frame."""
        if self._origin is None:
            self._origin = event.time_ns
        if event.source == NOTE:
            yield from self.rest()
            yield from self._note(event)
            return
        self._is_apart = False
        if not self._begun:
            yield from self._head()
        if event.source == KERNEL and event.name in _QUIET and not self._is_alone(event):
            return
        if event.source == KERNEL and event.name == "state":
            yield from self._change(event)
            return
        line = self._line
        if event.source == RETURN and line is not None and self._is_return(line.event, event):
            line.text = self._said(event)
            line.is_whole = True
            line.colour = self._colour(event)
            self._say(line, event)
            return
        yield from self.rest()
        if event.source == FRAME:
            self._line = self._frame(event, packet)
            if self._line is None:
                return
        else:
            self._line = self._spoken(event)

    def rest(self) -> Iterator[str]:
        """The lines of what is complete because nothing follows it."""
        line, self._line = self._line, None
        if line is not None:
            yield from self._drawn(line)

    def _is_return(self, call: Event, event: Event) -> bool:
        return call.source == CALL and call.tid == event.tid and call.name == event.name and call.pid == event.pid

    def _is_alone(self, event: Event) -> bool:
        """Whether data moves without a call, as io_uring does: then only the kernel tells."""
        return event.name in ("send", "receive") and bool(event.pid) and event.tid not in self._called()

    def _called(self) -> set[int]:
        called = self._waiting[_LEFT] | self._waiting[_RIGHT]
        if self._line is not None:
            called.add(self._line.event.tid)
        return called

    def _side(self, event: Event) -> int:
        return _RIGHT if event.who.startswith("server") else _LEFT

    def _change(self, event: Event) -> Iterator[str]:
        """A state that the kernel tells: on the line of what led to it where that is the last one."""
        side, line = self._side(event), self._line
        state = event.state
        key = (side, event.values.get("flow", -1))
        if not state or self._told.get(key) == state:
            return
        if line is not None and _is_about(line.event, event):
            line.states[side] = state
            self._told[key] = state
            return
        yield from self.rest()
        self._line = _Line(event, side, "")
        self._line.states[side] = state
        self._told[key] = state

    def _say(self, line: _Line, event: Event) -> None:
        """Put the state of the socket in the margin, where it is news."""
        key = (line.side, event.values.get("flow", -1))
        state = event.state
        if state and self._told.get(key, "") != state:
            self._told[key] = line.states[line.side] = state

    def _spoken(self, event: Event) -> _Line:
        side = self._side(event)
        line = _Line(event, side, self._said(event))
        if event.source == RETURN:
            waiting = self._waiting[side]
            line.ends = event.tid in waiting
            if line.ends:
                line.text = self._prefix(event) + _returns(event) + self._suffix(event)
        line.colour = self._colour(event)
        self._say(line, event)
        return line

    def _colour(self, event: Event) -> str:
        if (event.errno and event.errno not in _EXPECTED) or event.name in _TROUBLE:
            return BAD
        return DIM if event.source == KERNEL else CALL_COLOUR

    def _said(self, event: Event) -> str:
        text = printable(event.text) or event.name
        if event.source == KERNEL:
            text = f"kernel: {text}" if not text.startswith(("kernel", "the kernel")) else text
        return self._prefix(event) + text + self._suffix(event)

    def _suffix(self, event: Event) -> str:
        """For whom a server does it, where there are several clients."""
        client = event.values.get("client")
        return f" (client {client})" if client is not None and event.who.startswith("server") else ""

    def _prefix(self, event: Event) -> str:
        """Who it is, where there are several of a side, or where nobody knows the side."""
        if " " in event.who:
            return f"{event.who}: "
        if not event.who and event.pid:
            return f"{printable(event.program) or 'process'} {event.pid}: "
        return ""

    # -- frames -------------------------------------------------------------------------------------------

    def _frame(self, event: Event, packet: Packet | None) -> _Line | None:
        values = event.values
        if "left_ns" in values:
            rung = Rung(event.packet, event.time_ns, self._side(event) == _LEFT, [event.text])
            rung.parts.append(f"after {span(event.time_ns - values['left_ns'])}")
        else:
            rung = self._rung(event, packet)
        client = values.get("client")
        if client is not None:
            rung.parts.insert(0, f"client {client}")
        side = _LEFT if rung.from_client else _RIGHT
        line = _Line(event, side, "")
        if values.get("lost") or values.get("leaves"):
            line.arrow, line.below = self._half(rung, arrives=False, is_lost=bool(values.get("lost")))
        elif "left_ns" in values:
            line.arrow, line.below = self._half(rung, arrives=True, is_lost=False)
        else:
            line.arrow, line.below = self.arrows.drawn(rung, is_broken=event.packet in self._broken)
        line.arrow = self.paint(line.arrow, BAD) if values.get("lost") else self.arrows.in_colour(rung, line.arrow)
        line.below = [self.arrows.in_colour(rung, each) for each in line.below]
        for role, state in values.get("states", {}).items():
            at = _RIGHT if role == "server" else _LEFT
            key = (at, values.get("flow", -1))
            if self._told.get(key) != state:
                self._told[key] = line.states[at] = state
        if not rung.is_error or len(rung.parts) == 1:
            self._spoke[side] = True
        return line

    def _rung(self, event: Event, packet: Packet | None) -> Rung:
        """What the ladder of its connection would say of a frame."""
        from_client = self._side(event) == _LEFT
        if packet is not None:
            before, packet.notes = packet.notes, None
            self._tracker.note(packet)
            notes: dict[str, Any] = packet.notes or {}
            packet.notes = before
            for protocol, flows in (("tcp", self._tracker.connections), ("udp", self._tracker.exchanges)):
                number = notes.get(f"{protocol}.stream")
                if number is None:
                    continue
                teller = self._tellers.get((protocol, number))
                if teller is None:
                    flow: Connection | Exchange = flows[number]
                    teller = self._tellers[protocol, number] = Teller(flow)
                for rung in teller.rungs(packet, notes):
                    if "flow" in event.values:
                        rung.from_client = from_client
                    if self._sampled:
                        rung.trouble = []  # what is missing was left out
                    return rung
        if "flow" not in event.values:
            from_client = self._at_left(packet)
        rung = Rung(event.packet, event.time_ns, from_client, [printable(event.text)])
        rung.is_datagram = True
        return rung

    def _at_left(self, packet: Packet | None) -> bool:
        """Whether a frame that has no ports comes from the left: from the host that was the first to send one."""
        layers = packet.layers if packet is not None else []
        source = next((str(getattr(each, each.addresses[0])) for each in layers if each.addresses is not None), "")
        return self._addresses.setdefault(source, len(self._addresses)) == 0

    def _half(self, rung: Rung, *, arrives: bool, is_lost: bool) -> tuple[str, list[str]]:
        """The arrow of a frame that is on its way for long, or for ever: the half near who sends, or near who gets."""
        strokes, room = self.strokes, self.room
        half = room * 2 // 3
        words = " ".join(rung.parts)
        text, *below = paragraph(self._ascii(words), half - 6) or [""]
        shaft = strokes.shaft
        rest = shaft * (half - 3 - columns(text))
        blank = " " * (room - half)
        cross = strokes.cross
        if rung.from_client:
            arrow = f"{shaft * 2}{text}{rest}{cross if is_lost else strokes.right}"
        else:
            arrow = f"{cross if is_lost else strokes.left}{rest}{text}{shaft * 2}"
        return (f"{arrow}{blank}" if rung.from_client is not arrives else f"{blank}{arrow}"), below

    # -- lines --------------------------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        """Who the two sides are, above their lines."""
        self._begun = True
        for names in zip(*(self._ends or (["client"], ["server"])), strict=True):
            client, server = (self._ascii(each) for each in names)
            at = self.at_client + 1 + self.room
            starts = [max(0, self.at_client - columns(client) // 2), at - columns(server) // 2]
            starts[1] = min(starts[1], self.width - columns(server))
            first = " " * starts[0] + client
            if columns(first) + 2 > starts[1]:
                yield self.paint(first, BOLD)
                first = ""
            yield self.paint(first + " " * (starts[1] - columns(first)) + server, BOLD)
        head = f"{'time, s':>{self.time_wide}}"
        yield self._row(self.paint(head, DIM), ["", ""], " " * self.room)

    def _drawn(self, line: _Line) -> Iterator[str]:
        """A line, and those of what it has no room for."""
        event, side = line.event, line.side
        if self._before is not None and event.time_ns - self._before >= PAUSE:
            yield from self._pause(event.time_ns - self._before)
        self._before = event.time_ns
        time = self.paint(f"{seconds(event.time_ns - (self._origin or 0)):>{self.time_wide}}", DIM)
        if event.source == FRAME:
            yield self._row(time, line.states, line.arrow)
            for each in line.below:
                yield self._beside(each, side)
            return
        thread = event.tid
        text = line.text
        if event.source == CALL and not line.is_whole:
            self._waiting[side].add(thread)
            text = text.replace(" …", "") + " …"
        if event.source in (CALL, RETURN):
            self._spoke[side] = True
        first, *rest = paragraph(self._ascii(text), self.room - 4) or [""]
        blank = " " * (self.room - columns(first) - 1)
        shown = self.paint(first, line.colour)
        between = f" {shown}{blank}" if side == _LEFT else f"{blank}{shown} "
        yield self._row(time, line.states, between, at=side if line.text else None)
        if line.ends:
            self._waiting[side].discard(thread)
        for each in rest:
            yield self._beside(self.paint(each, line.colour), side, wide=columns(each))

    def _row(self, time: str, states: list[str], between: str, *, at: int | None = None) -> str:
        left, right = (self.short.get(name, name) for name in states)
        strokes = self.strokes
        stroke = []
        for side in (_LEFT, _RIGHT):
            if self._waiting[side]:
                stroke.append((strokes.heavy_left, strokes.heavy_right)[side] if at == side else strokes.heavy)
            elif at == side:
                stroke.append((strokes.at_left, strokes.at_right)[side])
            else:
                stroke.append(strokes.line if self._spoke[side] else strokes.silent)
        before = " " * (self.state_wide[_LEFT] - len(left)) + self.paint(left, VALUE)
        before += " " if self.state_wide[_LEFT] else ""
        behind = f" {self.paint(right, VALUE)}" if right else ""
        return f"{time}  {before}{stroke[_LEFT]}{between}{stroke[_RIGHT]}{behind}".rstrip()

    def _beside(self, text: str, side: int, *, wide: int | None = None) -> str:
        """A line that goes on with the one before."""
        blank = " " * (self.room - (columns(_bare(text)) if wide is None else wide) - 3)
        return self._row(" " * self.time_wide, ["", ""], f"   {text}{blank}" if side == _LEFT else f"{blank}{text}   ")

    def _pause(self, nanoseconds: int) -> Iterator[str]:
        dots = self.strokes.dots
        shown = self._ascii(f"{dots} {span(nanoseconds)} {dots}")
        left = (self.room - columns(shown)) // 2
        between = " " * left + self.paint(shown, DIM) + " " * (self.room - columns(shown) - left)
        yield self._row(" " * self.time_wide, ["", ""], between)

    def _note(self, event: Event) -> Iterator[str]:
        """The words of a narrator: a heading for a step, a paragraph for a note."""
        if event.values.get("left_out"):
            self._sampled = True
        number, title = event.values.get("number"), event.values.get("title")
        margin = " " * 2
        if not self._is_apart:
            yield ""
        told = printable(event.text)
        if event.name == "step" and title and str(title) != str(number):
            head = f"{number}. {title}" if number else str(title)
            for line in paragraph(self._ascii(printable(head)), self.width):
                yield self.paint(line, BOLD)
            margin = " " * (len(str(number)) + 2) if number else ""
        if told and told != title:
            for part in told.split("\n\n"):
                for line in paragraph(self._ascii(part), self.width - len(margin)):
                    yield margin + line
        yield ""
        self._is_apart = True

    def _ascii(self, text: str) -> str:
        return in_ascii(text) if self.strokes is ASCII else text


_EXPECTED = frozenset({"EINPROGRESS", "EAGAIN", "EINTR", "ERESTARTSYS"})
"""Errors that are no failure: the call is to be made again, or goes on by itself."""


def lines(timeline: Timeline, width: int, paint: Paint, strokes: Strokes = UNICODE) -> Iterator[str]:
    """The picture of a whole timeline, in lines of `width` columns, NARROWEST at least."""
    events = timeline.events
    if not events:
        return
    last = seconds(events[-1].time_ns - events[0].time_ns)
    drawing = Drawing(width, paint, strokes, ends=_parties(timeline), states=_states(events), seconds_wide=len(last))
    for event in events:
        yield from drawing.add(event, timeline.packet_of(event))
    yield from drawing.rest()
    yield from _ending(timeline, drawing)


def _ending(timeline: Timeline, drawing: Drawing) -> Iterator[str]:
    """What came of it, where it is one connection."""
    flows = [flow for flow in timeline.parties.flows if flow.connection is not None]
    if len(flows) == 1:
        connection = flows[0].connection
        told = udp_outcome(connection) if isinstance(connection, Exchange) else ""
        told = "; ".join(outcome(connection)) if isinstance(connection, Connection) else told
        yield ""
        yield from between_clauses(drawing.arrows.ascii(told), "; ", drawing.width)


def _parties(timeline: Timeline) -> tuple[list[str], list[str]]:
    """The names above the two lines: the part with its program, and its address where there is one connection."""
    names: tuple[list[str], list[str]] = ([], [])
    for side, role in enumerate(("client", "server")):
        mine = [event for event in timeline.events if event.who.split(" ")[0] == role]
        programs = dict.fromkeys((each.program, each.pid) for each in mine if each.pid and each.source != KERNEL)
        parts = {event.who for event in mine if " " in event.who}
        name = role
        if len(parts) > 1:
            name = f"{len(parts)} {role}s"
        elif programs:
            program, pid = next(iter(programs))
            process = f"pid {pid}" if len(programs) == 1 else f"{len({pid for _, pid in programs})} processes"
            words = [each for each in (printable(program), process) if each and each != role]
            name = f"{role}: {', '.join(words)}"
        names[side].append(name)
    flows = timeline.parties.flows
    told = [{flow.client.endpoint for flow in flows}, {flow.client.other.endpoint for flow in flows}]
    if any(len(ends) == 1 for ends in told):
        for side, ends in enumerate(told):
            text = "" if len(ends) != 1 else ended(printable(next(iter(ends)).address), next(iter(ends)).port)
            names[side].append(text)
    return names


def _states(events: Iterable[Event]) -> tuple[list[str], list[str]]:
    """The states that each side comes to."""
    found: tuple[list[str], list[str]] = ([], [])
    for event in events:
        if event.source == FRAME:
            for role, state in event.values.get("states", {}).items():
                found[_RIGHT if role == "server" else _LEFT].append(state)
        elif event.state:
            found[_RIGHT if event.who.startswith("server") else _LEFT].append(event.state)
    return found


def _is_about(earlier: Event, change: Event) -> bool:
    """Whether the event of a line led to a change of state: a call of the same thread, or a frame of the connection."""
    if earlier.source == FRAME:
        return "flow" in change.values and earlier.values.get("flow") == change.values["flow"]
    if earlier.source == CALL:
        same = earlier.tid == change.tid and bool(change.tid)
        flow = earlier.values.get("flow")
        return same or (flow is not None and flow == change.values.get("flow") and earlier.who == change.who)
    return False


def _returns(event: Event) -> str:
    """What a call that has blocked came back with: "accept returns 4 from 10.9.0.1:41234"."""
    text = printable(event.text)
    _, sign, answer = text.partition(" = ")
    if not sign:
        return text
    return f"{event.name} returns {answer}"


def _bare(text: str) -> str:
    """Text without its colours."""
    while "\x1b[" in text:
        before, _, rest = text.partition("\x1b[")
        text = before + rest.partition("m")[2]
    return text
