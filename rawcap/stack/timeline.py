"""What programs called, what the kernel did, and what went over the wire, in one order: that of cause and effect.

    timeline = Timeline(events, packets)
    for event in timeline.events:
        print(event.time_ns, event.who, event.text)

Events come from whatever saw them (rawcap/stack/tracer.py, a lab, a file), packets from a capture. Each frame that
belongs to a socket of the events becomes an event too; one that was captured where it left and where it arrived is
told once, or twice where the way took long. Every event gets the part that it belongs to (`who`) and the state of its
socket.

What is known to come before what
=================================

- a call before its return, and everything that one thread does in its order;
- connect() before the SYN that it sends; that and, where connect() succeeds, the answer before it returns;
- the last segment of the handshake, or the SYN of a fast open, before the accept() that returns its connection;
- a write before the first frame with an octet of it; the frame with the last octet before the read that takes it;
- a datagram's send before its frame, its frame before the call that takes it;
- close() or shutdown() before the FIN that it sends, a FIN before the read that finds the end of the stream. Which
  call that was, if any, the kernel's change of state tells; without it, it is the shutdown() of sending, or else the
  last close() of a socket that no other descriptor is known to hold;
- a state that a side enters by sending before that segment, one that it enters by receiving behind it.

Octets are counted by calls from the beginning of a connection. Where that was not seen, events were lost, or a call
tells of messages and not of octets (sendmmsg(2), recvmmsg(2)), the count is not used. rawcap/stack/order.py says how
times that contradict all this are corrected, and by how much at the most.

The states of sockets are the kernel's own where it tells them. It has no event for a SYN-RECEIVED before the last
segment of the handshake, nor for TIME-WAIT, where the socket itself is gone already: these, and the states of all
other sockets, are what frames prove (rawcap/tcp/states.py), or calls where there are no frames.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from dissectors.packet import Packet
from rawcap.stack import order
from rawcap.stack.calls import RECEIVING, SENDING
from rawcap.stack.event import CALL, FRAME, KERNEL, NOTE, RETURN, Endpoint, Event
from rawcap.stack.order import Moment
from rawcap.stack.parties import ACCEPTS, ENDS, End, Flow, Known, Parties, addressed, plain
from rawcap.tcp.connection import Connection, Side
from rawcap.tcp.exchange import Exchange
from rawcap.tcp.segment import Segment
from rawcap.tcp.tracker import Tracker

WINDOW = 150_000_000
"""Nanoseconds that a live timeline waits for what comes late: rings of packet sockets keep a frame for some tens of
milliseconds, and the kernel's trace is read as seldom."""
ONE_LINE = 1_000_000
"""Nanoseconds on the way up to which a frame that was captured at both ends is told once."""

_SLICE = 100_000_000  # nanoseconds: over which is counted how many events come
_TRANSIT = 5_000_000_000  # nanoseconds: the longest way of a frame that is captured at both ends
_READS = RECEIVING | {"recv"}
_WRITES = SENDING | {"send"}
_MESSAGES = frozenset({"sendmmsg", "recvmmsg"})
"""Calls whose result is a number of messages."""
_MOST_MESSAGES = 1024  # of one call (UIO_MAXIOV, sendmmsg(2))
_CLOSED = frozenset({"FIN-WAIT-1", "LAST-ACK"})
"""States that the kernel enters when a program ends its sending, by a call or by its exit."""
_KEPT = frozenset({"socket", "bind", "listen", "connect", "accept", "accept4", "close", "shutdown", "state", "lost"})
"""Of calls and the kernel's events, those that no sampling leaves out."""
_AFTERMATH = frozenset({"FIN-WAIT-1", "FIN-WAIT-2", "CLOSING"})
"""States from which the kernel replaces a socket by a smaller one, and calls the socket CLOSED."""
_ADDED = frozenset({"flow", "client", "took_packet"})
"""What a timeline adds to the values of an event that is no frame."""
_UNFINISHED = frozenset({"EINPROGRESS", "EALREADY", "EINTR", "EISCONN"})
"""Errors of connect() after which the socket is in the state that it was in."""
_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10
_FLAGS = ((_SYN, "SYN"), (_FIN, "FIN"), (_RST, "RST"), (0x08, "PSH"), (_ACK, "ACK"), (0x20, "URG"))


class _Happening(Moment):
    """A moment of the timeline: an event and its socket, or a frame and its connection."""

    __slots__ = ("begun", "end", "event", "is_shared", "known", "packet", "read", "transit", "values")

    def __init__(self, time_ns: int, number: int, event: Event | None, packet: Packet | None) -> None:
        super().__init__(time_ns, number, fixed=packet is not None)
        self.event = event
        self.packet = packet
        self.known: Known | None = None
        self.end: End | None = None  # of the socket, or of the sender
        self.begun: Event | None = None  # of a return, its call
        self.is_shared = False  # whether other descriptors hold the socket as well
        self.values: dict[str, Any] = {}
        self.transit: _Happening | None = None  # the arrival of a frame, where it is told on its own


class _Course:
    """What one end sends: how far frames have come, and the calls and frames that wait for one another.

    `ends` are the octets of data up to which frames have carried them, `frames` those frames.
    """

    __slots__ = (
        "datagrams",
        "ends",
        "fin",
        "fins",
        "frames",
        "is_ended",
        "ready",
        "sent",
        "syn",
        "syns",
        "wanted",
        "written",
    )

    def __init__(self) -> None:
        self.ends: list[int] = []
        self.frames: list[_Happening] = []
        self.written: deque[tuple[int, _Happening]] = deque()  # calls whose first octet no frame has carried yet
        self.wanted: deque[tuple[int, _Happening]] = deque()  # returns whose last octet no frame has carried yet
        self.syn: _Happening | None = None
        self.syns: list[_Happening] = []  # connect() that has sent nothing yet
        self.fin: _Happening | None = None
        self.fins: list[_Happening] = []  # close() or shutdown() that may send the FIN
        self.is_ended = False  # whether it is known which of them sent it
        self.ready: list[_Happening] = []  # what waits for this end's FIN
        self.datagrams: list[tuple[int, _Happening]] = []  # length of each that no call has taken
        self.sent: deque[_Happening] = deque()  # calls whose datagram has not been seen


class Merger:
    """Merges events and packets as they come: each waits WINDOW for what may come late, then `due` gives it.

    With `everything`, frames that belong to no socket of the events are told as well. `most` is how many events a
    second are told; of more the calls that move data, and frames, are left out, and a note says how many. Events that
    are left out are not lost to whoever writes the capture.
    """

    def __init__(self, *, everything: bool = False, most: int = 0) -> None:
        self.parties = Parties()
        self.packets: dict[int, Packet] = {}
        """Packets of the frames told, by number; who is done with one may take it out."""
        self.moved = 0
        """Events whose time was corrected."""
        self.furthest_ns = 0
        """The largest of the corrections."""
        self.contradictions = 0
        """Causes that stand too far behind their effects to be believed."""
        self.left_out = 0
        """Events that came too fast to be told."""
        self._everything = everything
        self._most = most * _SLICE // 1_000_000_000
        self._tracker = Tracker()
        self._numbers = itertools.count()
        self._newest = 0
        self._coming: list[_Happening] = []  # not looked at
        self._open: list[_Happening] = []  # looked at, their order not final
        self._courses: dict[tuple[int, Endpoint], _Course] = {}
        self._threads: dict[int, _Happening] = {}  # the last of each
        self._called: dict[int, _Happening] = {}  # calls without a return, by thread
        self._running: dict[int, _Happening] = {}  # the same, as far as events were looked at
        self._notes: list[_Happening] = []
        self._leaving: dict[bytes, list[_Happening]] = {}
        self._trusted = True  # whether calls may be counted on to tell every octet
        self._seen: dict[str, dict[Endpoint, int]] = {"client": {}, "server": {}}
        self._slice = 0
        self._in_slice = 0
        self._skipped = 0
        self._frames: dict[int, _Happening] = {}  # those that are open, by the number of the packet
        self._unbound: dict[tuple[str, Endpoint], list[_Happening]] = {}  # calls from unknown addresses, by target
        self._waiting: dict[int, list[tuple[str, End, _Happening]]] = {}  # for a frame of a flow: why, whose, who

    # -- in -----------------------------------------------------------------------------------------------

    def add(self, event: Event) -> None:
        """Take in an event. Those of frames are ignored: packets tell of them."""
        if event.source == FRAME:
            return
        if _ADDED.intersection(event.values):  # of another timeline
            event = replace(event, values={key: each for key, each in event.values.items() if key not in _ADDED})
        happening = _Happening(event.time_ns, next(self._numbers), event, None)
        happening.known = self.parties.learn(event)
        happening.is_shared = happening.known is not None and len(happening.known.held) > 1
        if event.source == CALL:
            self._called[event.tid] = happening
        elif event.source == RETURN:
            begun = self._called.pop(event.tid, None)
            if begun is not None:
                happening.begun = begun.event
                begun.known = begun.known or happening.known  # of socket(), which knows its socket only now
        self._coming.append(happening)
        self._newest = max(self._newest, event.time_ns)

    def add_packet(self, packet: Packet) -> None:
        """Take in a packet; one without a time has no place on a timeline."""
        if packet.time_ns is None:
            return
        self._coming.append(_Happening(packet.time_ns, next(self._numbers), None, packet))
        self._newest = max(self._newest, packet.time_ns)

    # -- out ----------------------------------------------------------------------------------------------

    def due(self, now_ns: int = 0) -> list[Event]:
        """The events that nothing can come before any more; `now_ns` is the time on their clock, if it is known."""
        looked_at = max(self._newest, now_ns) - WINDOW
        self._look(looked_at)
        return [self._with_number(event) for event in self._told(looked_at - 2 * order.BOUND)]

    def rest(self) -> list[Event]:
        """All that are left."""
        return [self._with_number(event) for event in self.whole()]

    def _with_number(self, event: Event) -> Event:
        """An event with the number of its client, or server, if that is not the first one."""
        place = event.values.get("flow")
        if event.who not in ("client", "server") or place is None:
            return event
        client = self.parties.flows[place].client
        seen = self._seen[event.who]
        number = seen.setdefault((client if event.who == "client" else client.other).endpoint, len(seen) + 1)
        values = event.values
        if len(self._seen["client"]) > 1:
            clients = self._seen["client"]
            values = {**values, "client": clients.setdefault(client.endpoint, len(clients) + 1)}
        who = f"{event.who} {number}" if number > 1 else event.who
        return replace(event, who=who, values=values)

    def whole(self) -> list[Event]:
        """All that are left, as `rest` gives them, without numbers of clients and servers."""
        self._look(None)
        told = self._told(None)
        if self._skipped:
            told.append(self._left_out(told[-1].time_ns if told else self._newest))
        return told

    def _look(self, until: int | None) -> None:
        """Look at what has come up to a time, in its order."""
        self._coming.sort(key=lambda each: (each.read_ns, each.number))
        keys = [each.read_ns for each in self._coming]
        count = len(keys) if until is None else bisect.bisect_right(keys, until)
        ready, self._coming = self._coming[:count], self._coming[count:]
        for happening in ready:
            if self._most and not self._passes(happening):
                continue
            if happening.packet is not None:
                if self._frame(happening, happening.packet):
                    self._open.append(happening)
                    self._frames[happening.packet.number] = happening
            else:
                assert happening.event is not None
                self._event(happening, happening.event)
                self._open.append(happening)

    def _told(self, until: int | None) -> list[Event]:
        """What has its final place, as events."""
        told: list[Event] = []
        settled = order.settled(self._open)
        count = len(settled)
        if until is not None:
            count = next((place for place, each in enumerate(settled) if each.time_ns > until), count)
        for happening in settled[:count]:
            shift = abs(happening.time_ns - happening.read_ns)
            if shift:
                self.moved += 1
                self.furthest_ns = max(self.furthest_ns, shift)
            told.append(self._as_event(happening))
        for happening in settled[:count]:
            happening.before, happening.after = [], []
            if happening.packet is not None:
                self._frames.pop(happening.packet.number, None)
        if until is not None:
            self._forget(until - _TRANSIT)
        for happening in settled[count:]:  # what is not final is settled again, from the beginning
            happening.time_ns = happening.read_ns
        self._open = settled[count:]
        return told

    def _forget(self, before: int) -> None:
        """Forget the frames of which no arrival will come any more."""
        for octets, waiting in list(
            itertools.takewhile(lambda item: item[1][0].read_ns < before, self._leaving.items())
        ):
            waiting[:] = [each for each in waiting if each.read_ns >= before]
            del self._leaving[octets]
            if waiting:
                self._leaving[octets] = waiting

    def _passes(self, happening: _Happening) -> bool:
        """Whether something is told, of what comes too fast."""
        now = happening.read_ns // _SLICE
        if now != self._slice:
            if self._skipped:
                note = self._left_out(happening.read_ns)
                self._open.append(_Happening(note.time_ns, happening.number, note, None))
            self._slice, self._in_slice = now, 0
        event = happening.event
        if event is not None and (event.source == NOTE or event.name in _KEPT):
            return True
        self._in_slice += 1
        if self._in_slice <= self._most:
            return True
        self._skipped += 1
        self.left_out += 1
        self._trusted = False
        return False

    def _left_out(self, time_ns: int) -> Event:
        """The note that says how many are not told."""
        count, self._skipped = self._skipped, 0
        plural = "s" if count != 1 else ""
        text = f"{count:,} event{plural} came too fast to be shown"
        return Event(time_ns, NOTE, "note", text, values={"left_out": count})

    # -- what frames tell ---------------------------------------------------------------------------------

    def _frame(self, happening: _Happening, packet: Packet) -> bool:
        """Find out what a frame belongs to; whether it is told on its own."""
        octets = _network_octets(packet)
        earlier = self._left_before(happening, packet, octets)
        if earlier is not None:
            return self._arrived(happening, packet, earlier)
        found = ends_of(packet)
        if found is not None:
            protocol, source, target = found
            if not self._everything and not self.parties.is_concerned(protocol, (source, target)):
                return False
        elif not self._everything and not self._is_other(packet):
            return False
        if octets:
            self._leaving.setdefault(octets, []).append(happening)
        before = packet.notes
        packet.notes = None
        self._tracker.note(packet)
        notes: dict[str, Any] = packet.notes or {}
        packet.notes = before
        self.packets[packet.number] = packet
        happening.values["text"] = _words(packet, notes)
        if found is None:
            return True
        protocol, source, target = found
        stream = notes.get("tcp.stream" if protocol == "tcp" else "udp.stream")
        if stream is None:
            return True
        known: Any = self._tracker.connections if protocol == "tcp" else self._tracker.exchanges
        flow = self.parties.carried(protocol, source, target, known[stream])
        happening.end = flow.at(source)
        if protocol == "tcp":
            self._segment(happening, packet, flow.at(source), notes)
        else:
            self._datagram(happening, packet, flow.at(source))
        return True

    def _left_before(self, happening: _Happening, packet: Packet, octets: bytes) -> _Happening | None:
        """The same frame where it was captured before it came here, at another interface."""
        waiting = self._leaving.get(octets) if octets else None
        if waiting is None:
            return None
        for place, each in enumerate(waiting):
            other = each.packet
            assert other is not None
            if other.interface is not packet.interface and happening.read_ns - each.read_ns <= _TRANSIT:
                del waiting[place]
                if not waiting:
                    del self._leaving[octets]
                return each
        return None

    def _arrived(self, happening: _Happening, packet: Packet, earlier: _Happening) -> bool:
        """Note when a frame that was told, or is going to be, arrived; whether that is told on its own."""
        assert earlier.packet is not None
        took = happening.read_ns - earlier.read_ns
        earlier.values |= {"arrived_ns": happening.read_ns, "arrived_packet": packet.number}
        happening.end = earlier.end
        if earlier.end is not None:
            earlier.end.flow.is_seen_twice = True
        if took <= ONE_LINE:
            return False
        earlier.transit = happening
        happening.values = {
            "text": earlier.values.get("text", ""),
            "left_ns": earlier.read_ns,
            "left_packet": earlier.packet.number,
        }
        self.packets[packet.number] = packet
        order.caused(earlier, happening)
        return True

    def _is_other(self, packet: Packet) -> bool:
        """Whether a frame without ports of its own may belong to a socket: an error, or what raw sockets see."""
        quoted = _quoted(packet)
        if quoted is not None:
            return self.parties.is_concerned(quoted[0], quoted[1:])
        others = self.parties.others
        if "packet" in others or "raw" in others:
            return True
        return any(layer.name in others for layer in packet.layers)

    def _course(self, end: End) -> _Course:
        key = (end.flow.number, end.endpoint)
        course = self._courses.get(key)
        if course is None:
            course = self._courses[key] = _Course()
        return course

    def _segment(self, happening: _Happening, packet: Packet, end: End, notes: dict[str, Any]) -> None:
        tcp: Any = packet.tcp
        flags, length = tcp.flags, tcp.payload_length
        course = self._course(end)
        if flags & _SYN:
            if course.syn is None:
                course.syn = happening
            if not course.syns and (first := self._bound(happening, end)) is not None:
                course.syns.append(first)
            for call in course.syns:
                self._cause(call, happening)
            course.syns.clear()
        if flags & _FIN and course.fin is None:
            course.fin = happening
            self._ended(course)
            for effect in course.ready:
                self._cause(happening, effect)
            course.ready.clear()
        self._awaited(happening, packet, end)
        if length and "tcp.seq" in notes:
            up_to = (notes["tcp.seq"] - (0 if flags & _SYN else 1)) + length
            if up_to > (course.ends[-1] if course.ends else 0):
                course.ends.append(up_to)
                course.frames.append(happening)
                while course.written and course.written[0][0] < up_to:
                    self._cause(course.written.popleft()[1], happening)
                while course.wanted and course.wanted[0][0] <= up_to:
                    self._cause(happening, course.wanted.popleft()[1])

    def _awaited(self, happening: _Happening, packet: Packet, end: End) -> None:
        """Join a segment with the events that stand before it and know that it is their cause, or their effect."""
        waiting = self._waiting.pop(end.flow.number, None)
        if not waiting:
            return
        left = []
        connection = end.flow.connection
        for why, whose, other in waiting:
            if happening.read_ns - other.read_ns > order.BOUND:
                continue
            if why == "accept":
                is_it = isinstance(connection, Connection) and _number(connection.ack) == packet.number
            elif why == "answer":
                is_it = whose is not end and bool(packet.tcp.flags & _SYN)
            else:
                is_it = any(_proven_at(side, why) == packet.number for side in _sides(connection, whose))
            if not is_it:
                left.append((why, whose, other))
            elif why not in ("accept", "answer") and whose is end:
                self._cause(other, happening)
            else:
                self._cause(happening, other)
        if left:
            self._waiting[end.flow.number] = left

    def _datagram(self, happening: _Happening, packet: Packet, end: End) -> None:
        udp: Any = packet.udp
        course = self._course(end)
        call = course.sent.popleft() if course.sent else self._bound(happening, end)
        if call is not None:
            self._cause(call, happening)
        else:
            course.frames.append(happening)
        course.datagrams.append((udp.payload_length, happening))
        for place, (length, effect) in enumerate(course.wanted):
            if length == udp.payload_length:
                self._cause(happening, effect)
                course.datagrams.pop()
                del course.wanted[place]
                break

    def _cause(self, cause: _Happening, effect: _Happening) -> bool:
        """Note that one came before the other: of a frame that arrived later, its arrival. False if it cannot be."""
        if not order.caused(cause.transit or cause if effect.packet is None else cause, effect):
            self.contradictions += 1
            return False
        call, frame = cause.event, effect.packet
        if frame is not None and call is not None and call.source == CALL:
            by = {"text": call.text, "program": call.program, "pid": call.pid, "tid": call.tid, "time_ns": call.time_ns}
            effect.values.setdefault("sent_by", by)
        if cause.packet is not None and effect.packet is None:
            if effect.event is not None and effect.event.name in _READS:
                effect.values["took_packet"] = cause.packet.number
        return True

    # -- what events tell ---------------------------------------------------------------------------------

    def _event(self, happening: _Happening, event: Event) -> None:
        if event.source == NOTE:
            self._notes.append(happening)
            return
        thread = event.tid or event.pid
        if thread:
            before = self._threads.get(thread)
            if before is not None:
                self._cause(before, happening)
            self._threads[thread] = happening
        if event.source == CALL:
            self._running[event.tid] = happening
        elif event.source == RETURN:
            self._running.pop(event.tid, None)
        if event.source == CALL:
            for note in self._notes:  # the narrator speaks before what follows happens
                self._cause(note, happening)
            self._notes.clear()
        end = happening.end = self.parties.end_of(event, happening.known)
        if event.name == "lost":
            self._trusted = False
        if end is None:
            self._later(happening, event)
            return
        if end.flow.protocol == "udp":
            self._datagram_call(happening, event, end)
        elif event.source == KERNEL:
            self._kernel(happening, event, end)
        else:
            self._call(happening, event, end)

    def _later(self, happening: _Happening, event: Event) -> None:
        """A call that sends, from an address that nobody knows yet: the first frame to its target will tell."""
        known, target = happening.known, addressed(event)
        if known is not None and target is not None and event.source == CALL:
            if event.name == "connect" or event.name in _WRITES:
                self._unbound.setdefault((known.protocol, plain(target)), []).append(happening)

    def _bound(self, frame: _Happening, end: End) -> _Happening | None:
        """The call that sent the first frame of an end, where it can only be that one."""
        waiting = self._unbound.get((end.flow.protocol, end.other.endpoint), [])
        if len({id(each.known) for each in waiting}) != 1:
            return None
        call = waiting.pop(0)
        known = call.known
        if known is None or known.end not in (None, end) or call.read_ns - frame.read_ns > order.BOUND:
            return None
        call.end = known.end = end
        known.local = known.local or end.endpoint
        return call

    def _call(self, happening: _Happening, event: Event, end: End) -> None:
        course, opposite = self._course(end), self._course(end.other)
        name, begins = event.name, event.source == CALL
        if begins and name not in ENDS:  # who still uses the socket shows that no close() before was the last
            course.fins = [each for each in course.fins if each.event is None or each.event.name != "close"]
        result = event.result if event.result is not None else 0
        if name == "connect" and begins:
            end.begun = True
            if course.syn is not None:
                self._cause(happening, course.syn)
            else:
                course.syns.append(happening)
        elif name == "connect":
            if course.syn is not None:
                self._cause(course.syn, happening)
            if not event.errno and opposite.syn is not None:
                self._cause(opposite.syn, happening)
            elif not event.errno:
                self._waiting.setdefault(end.flow.number, []).append(("answer", end, happening))
        elif name in ACCEPTS and not begins and result >= 0:
            end.begun = True
            if opposite.syn is not None:
                self._cause(opposite.syn, happening)
            connection = end.flow.connection
            if isinstance(connection, Connection) and connection.ack is not None:
                last = self._frames.get(connection.ack.number)
                if last is not None:
                    self._cause(last, happening)
            else:
                self._waiting.setdefault(end.flow.number, []).append(("accept", end, happening))
        elif name in ENDS and begins:
            is_told = end.is_told or (happening.known is not None and happening.known.is_told)
            if not is_told and _may_end(happening, event):
                course.fins.append(happening)
                self._ended(course)
        elif name in _WRITES and not (name == "splice" and _splices_from(event, happening.begun)):
            if begins and self._trusted and end.begun and end.writes_counted:
                self._wrote(course, happening, end.written)
            elif not begins and name in _MESSAGES:
                end.writes_counted &= result <= 0
            elif not begins:
                end.written += max(result, 0)
        elif name in _READS | {"splice"} and not begins and event.result is not None:
            if result > 0 and name in _MESSAGES:
                end.reads_counted = False
            elif result > 0 and "MSG_PEEK" not in event.text and end.reads_counted:
                end.read += result
                self._took(opposite, happening, end.read, end)
            elif result == 0:
                if opposite.fin is not None:
                    self._cause(opposite.fin, happening)
                else:
                    opposite.ready.append(happening)

    def _ended(self, course: _Course) -> None:
        """Join a FIN with the call that sent it: the first shutdown() of sending, or else the last close().

        After a shutdown() of sending nothing sends a FIN any more, and of several close() only the last does.
        """
        if course.fin is None or course.is_ended or not course.fins:
            return
        shut = (each for each in course.fins if each.event is not None and each.event.name == "shutdown")
        call = next(shut, course.fins[-1])
        course.fins.clear()
        if call.read_ns - course.fin.read_ns <= order.BOUND:
            course.is_ended = self._cause(call, course.fin)

    def _wrote(self, course: _Course, happening: _Happening, start: int) -> None:
        place = bisect.bisect_right(course.ends, start)
        if place < len(course.ends):
            self._cause(happening, course.frames[place])
        else:
            course.written.append((start, happening))

    def _took(self, course: _Course, happening: _Happening, up_to: int, end: End) -> None:
        if not (self._trusted and end.begun):
            return
        place = bisect.bisect_left(course.ends, up_to)
        if place < len(course.ends):
            self._cause(course.frames[place], happening)
        else:
            course.wanted.append((up_to, happening))

    def _kernel(self, happening: _Happening, event: Event, end: End) -> None:
        if event.name == "receive":
            end.received += _length(event)
            self._took(self._course(end.other), happening, end.received, end)
        elif event.name == "state" and event.values.get("new") != "SYN-RECEIVED":  # told when it is over
            state = str(event.values.get("new", ""))
            call = self._running.get(event.tid)
            if state in _CLOSED and call is not None and call.event is not None and call.event.name in ENDS:
                if call.end is end:
                    course = self._course(end)
                    course.fins = [call]
                    self._ended(course)
            number = next((_proven_at(side, state) for side in _sides(end.flow.connection, end)), 0)
            frame = self._frames.get(number)
            if frame is None:
                self._waiting.setdefault(end.flow.number, []).append((state, end, happening))
            elif frame.end is end:
                self._cause(happening, frame)
            else:
                self._cause(frame, happening)

    def _datagram_call(self, happening: _Happening, event: Event, end: End) -> None:
        course, opposite = self._course(end), self._course(end.other)
        if event.name in _WRITES and event.source == CALL and self._trusted:
            for _ in range(min(_messages(event), _MOST_MESSAGES)):
                if course.frames:
                    self._cause(happening, course.frames.pop(0))
                else:
                    course.sent.append(happening)
        elif event.name in _WRITES and event.source == RETURN and (event.errno or event.name in _MESSAGES):
            sent = max(event.result or 0, 0) if event.name in _MESSAGES else 0
            for _ in range(min(_messages(event), _MOST_MESSAGES) - sent):
                if course.sent:  # nothing was sent
                    course.sent.pop()
        elif event.name in _MESSAGES and event.source == RETURN:
            for _, frame in opposite.datagrams[: max(event.result or 0, 0)]:
                self._cause(frame, happening)
            del opposite.datagrams[: max(event.result or 0, 0)]
        elif event.name in _READS and event.source == RETURN and event.result is not None and event.result >= 0:
            for place, (length, frame) in enumerate(opposite.datagrams):
                if length == event.result:
                    self._cause(frame, happening)
                    del opposite.datagrams[place]
                    return
            opposite.wanted.append((event.result, happening))

    # -- events of the timeline ---------------------------------------------------------------------------

    def _as_event(self, happening: _Happening) -> Event:
        if happening.packet is not None:
            return self._frame_event(happening, happening.packet)
        event = happening.event
        assert event is not None
        end = happening.end or self.parties.end_of(event, happening.known)
        state = self._state(event, happening.known, end)
        who = self.parties.role(event, happening.known, end)
        values = {**event.values, **happening.values, "flow": end.flow.number} if end is not None else event.values
        return replace(event, time_ns=happening.time_ns, who=who, state=state, values=values)

    def _frame_event(self, happening: _Happening, packet: Packet) -> Event:
        values = dict(happening.values)
        text = values.pop("text", "")
        end = happening.end
        who = ""
        if end is not None:
            who = "client" if end.flow.client is end else "server"
            values |= {"flow": end.flow.number, "ends": [list(end.endpoint), list(end.other.endpoint)]}
            number = values.get("left_packet", packet.number)
            arrives = "left_ns" in values
            goes_on = happening.transit is None and (not end.flow.is_seen_twice or "arrived_ns" in values)
            changed = self._proven(end, number, arrives=arrives, leaves=not arrives and not goes_on)
            if changed:
                values["states"] = changed
        else:
            quoted = _quoted(packet)
            if quoted is not None:
                flow = self.parties.flow(*quoted)
                source = _source(packet)
                to = flow.at(quoted[1])
                who = "client" if flow.client is not to else "server"
                values |= {"flow": flow.number, "from": source, "error": True}
        if happening.transit is not None:
            values["leaves"] = True
        return Event(happening.time_ns, FRAME, "frame", text, who, packet=packet.number, values=values)

    def _proven(self, end: End, number: int, *, arrives: bool, leaves: bool) -> dict[str, str]:
        """The states that a frame leads to, by role, where they are others than before."""
        changed: dict[str, str] = {}
        for own in (end, end.other):
            if (own is end and arrives) or (own is not end and leaves):
                continue
            for side in _sides(end.flow.connection, own):
                proven = next((state for at, state in reversed((side.states or [])[1:]) if at == number), "")
                own.proven = proven or own.proven
                if proven in ("", own.state):
                    continue
                if own.is_told and not (proven == "SYN-RECEIVED" and own.state in ("", "CLOSED", "LISTEN")):
                    continue
                own.state = proven
                changed["client" if own.flow.client is own else "server"] = proven
        return changed

    def _state(self, event: Event, known: Known | None, end: End | None) -> str:
        """The state of the socket that an event is about, afterwards."""
        if known is None or (known.protocol and known.protocol != "tcp"):
            return event.state
        if event.source == KERNEL and event.name == "state":
            new = str(event.values.get("new", ""))
            if end is None:
                known.state = new
            elif new == "CLOSED" and end.state in _AFTERMATH:
                end.is_told = False  # the socket is gone, and the connection is not
                end.state = end.proven or end.state
            else:
                end.state = new
            return end.state if end is not None else known.state
        if end is None:
            known.state = event.state or _called(event, known.state)
            return known.state
        by_calls = _called(event, end.state)
        if end.flow.connection is None and not end.is_told:
            end.state = event.state or by_calls
        elif not end.state:
            end.state = by_calls
        elif event.name == "connect" and not end.is_told:
            if by_calls != "ESTABLISHED" or end.state == "SYN-SENT":  # later states are the frames' to tell
                end.state = by_calls
        return end.state


class Timeline:
    """A whole timeline, of recorded events and packets.

    `events` are all of them in their order, those of frames included: FRAME events of the frames that belong to a
    socket of the other events, or of all with `everything`. To an event's `values` the timeline adds "flow", the number
    of the connection, where there are several clients "client", the number of its client, and for a read "took_packet",
    the packet with the last octet that it took. A frame's are

        ends            [address, port] of who sent it, and of the other
        states          {"client": …, "server": …}: states that it leads to
        sent_by         the call that sent it: text, program, pid, tid, time_ns
        arrived_ns      when, and as which packet, it was captured again where it arrived ("arrived_packet")
        leaves          true where that took long, and an event of its own tells of it
        left_ns         of such an event: when, and as which packet, it left ("left_packet")
        lost            true where it was captured leaving and never arrived, while others did
        error, from     true for an ICMP error, and the address of who reports it
    """

    def __init__(self, events: Iterable[Event], packets: Iterable[Packet], *, everything: bool = False) -> None:
        events = sorted(events, key=lambda each: each.time_ns)
        merger = Merger(everything=everything or not any(each.socket for each in events))
        for event in events:
            merger.add(event)
        for packet in packets:
            merger.add_packet(packet)
        told = merger.whole()
        self.parties = merger.parties
        self.moved = merger.moved
        self.furthest_ns = merger.furthest_ns
        self.contradictions = merger.contradictions
        self._packets = merger.packets
        self.events = list(_numbered(_lost(told), self.parties.flows))

    def packet_of(self, event: Event) -> Packet | None:
        """The packet of a FRAME event; None for any other."""
        return self._packets.get(event.packet) if event.source == FRAME else None


def _numbered(events: list[Event], flows: list[Flow]) -> Iterator[Event]:
    """The events, with a number for the client, or the server, where there are several."""
    clients = {flow.number: flow.client.endpoint for flow in flows}
    servers = {flow.number: flow.client.other.endpoint for flow in flows}
    seen = {event.values["flow"] for event in events if event.source == FRAME and "flow" in event.values}
    several = {}
    for role, ends in (("client", clients), ("server", servers)):
        told = list(dict.fromkeys(ends[flow] for flow in sorted(seen)))
        several[role] = {end: place for place, end in enumerate(told, 1)} if len(told) > 1 else {}
    for event in events:
        flow = event.values.get("flow")
        if event.who in several and flow is not None:
            end = (clients if event.who == "client" else servers)[flow]
            number = several[event.who].get(end)
            values = event.values
            if several["client"] and clients[flow] in several["client"]:
                values = {**values, "client": several["client"][clients[flow]]}
            yield replace(event, who=f"{event.who} {number}" if number else event.who, values=values)
        else:
            yield event


def _lost(events: list[Event]) -> list[Event]:
    """The events, those frames marked that left and never arrived, while a later one of the same side did."""
    last: dict[tuple[int, str], int] = {}
    for place, event in enumerate(events):
        if event.source == FRAME and "arrived_ns" in event.values and "flow" in event.values:
            last[event.values["flow"], event.who] = place
    both = {flow for flow, _ in last}
    told = []
    for place, event in enumerate(events):
        values = event.values
        is_alone = event.source == FRAME and "ends" in values and not values.keys() & {"arrived_ns", "left_ns"}
        if is_alone and values["flow"] in both and place < last.get((values["flow"], event.who), -1):
            event = replace(event, values={**values, "lost": True})
        told.append(event)
    return told


def _may_end(happening: _Happening, event: Event) -> bool:
    """Whether a close() or shutdown() may send a FIN: not of receiving, nor while others hold the socket."""
    return "SHUT_RD)" not in event.text if event.name == "shutdown" else not happening.is_shared


def _splices_from(event: Event, begun: Event | None) -> bool:
    """Whether splice() takes from the socket, its first descriptor, and does not give to it."""
    call = begun or event
    return call.text.startswith(f"splice({call.fd},")


def _messages(event: Event) -> int:
    """How many messages a call is to send: "sendmmsg(3, 2 messages)"."""
    found = re.search(r"(\d+) messages", event.text) if event.name in _MESSAGES else None
    return int(found[1]) if found is not None else 1


def _called(event: Event, state: str) -> str:
    """The state that a call of its own leads a socket of TCP to."""
    done = event.source == RETURN and not event.errno
    if event.name == "socket" and done:
        return "CLOSED"
    if event.name == "listen" and done:
        return "LISTEN"
    if event.name == "connect":
        if event.source == CALL or event.errno in _UNFINISHED:
            return "SYN-SENT" if state in ("", "CLOSED") else state
        return "ESTABLISHED" if done else "CLOSED"
    if event.name in ACCEPTS and done and not state:
        return "ESTABLISHED"
    return state


def _sides(connection: Connection | Exchange | None, end: End) -> Iterator[Side]:
    """The side of a connection that an end is, where frames have told of it."""
    if isinstance(connection, Connection):
        is_client = plain(Endpoint(connection.client.address, connection.client.port)) == end.endpoint
        yield connection.client if is_client else connection.server


def _proven_at(side: Side, state: str) -> int:
    """The number of the packet that first proved a state of a side; 0 where none did."""
    return next((number for number, proven in (side.states or [])[1:] if proven == state), 0)


def _number(segment: Segment | None) -> int:
    return segment.number if segment is not None else 0


def _length(event: Event) -> int:
    length = event.values.get("length")
    return length if isinstance(length, int) and length > 0 else 0


# -- of packets -------------------------------------------------------------------------------------------


def _network_octets(packet: Packet) -> bytes:
    """A frame without its link layer: the same on both ends of a link. Empty where it carries no addresses."""
    for layer in packet.layers:
        if layer.addresses is not None and layer.name in ("ip", "ipv6"):
            return packet.data[layer.start : layer.end]
    return b""


def ends_of(packet: Packet) -> tuple[str, Endpoint, Endpoint] | None:
    """The protocol, and where a segment or datagram comes from and goes to."""
    return _transport(packet, quoted=False)


def _quoted(packet: Packet) -> tuple[str, Endpoint, Endpoint] | None:
    """The same of what an ICMP error quotes."""
    return _transport(packet, quoted=True)


def _transport(packet: Packet, *, quoted: bool) -> tuple[str, Endpoint, Endpoint] | None:
    for layer in packet.layers:
        if layer.name in ("tcp", "udp") and bool(layer.quoted) is quoted:
            below = layer.below
            while below is not None and below.name not in ("ip", "ipv6"):
                below = below.below
            found: Any = layer
            if below is None or found.srcport is None or found.dstport is None:
                return None
            internet: Any = below
            source = plain(Endpoint(str(internet.src), found.srcport))
            return layer.name, source, plain(Endpoint(str(internet.dst), found.dstport))
    return None


def _source(packet: Packet) -> str:
    """The address that an IP packet comes from."""
    internet: Any = next((layer for layer in packet.layers if layer.name in ("ip", "ipv6")), None)
    return str(internet.src) if internet is not None else ""


def _words(packet: Packet, notes: dict[str, Any]) -> str:
    """A frame in a few words: "SYN, ACK seq=0 ack=1"."""
    tcp: Any = packet.tcp
    if tcp is not None and not tcp.quoted and "tcp.seq" in notes:
        words = [", ".join(name for bit, name in _FLAGS if tcp.flags & bit) or "no flags", f"seq={notes['tcp.seq']}"]
        if tcp.flags & _ACK:
            words.append(f"ack={notes.get('tcp.ack', 0)}")
        if tcp.payload_length:
            words.append(f"len={tcp.payload_length}")
        return " ".join(words)
    udp: Any = packet.udp
    if udp is not None and not udp.quoted:
        return f"UDP len={udp.payload_length}"
    layer = next((each for each in reversed(packet.layers) if not each.quoted and each.info()), None)
    return f"{layer.label or layer.name} {layer.info()}" if layer is not None else packet.protocols
