"""A lesson that is being played: two hosts, the capture on the wire between them, and the steps, one after the other.

    with scene.step("listen", "3", wire=[], states={"server": ["LISTEN"]}):
        server.call("listen", 3, 128)

A step is told before its calls are made, and again when everything that they cause has been seen: the calls, the
frames, and the states of the sockets, which the kernel's own tables give.
"""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from dissectors.packet import Interface, Packet
from rawcap.lab.frames import Frames
from rawcap.lab.hosts import CLIENT, INTERFACE, SERVER, Guardian, Host, join
from rawcap.lab.judging import Step
from rawcap.lab.lesson import Lesson
from rawcap.lab.programs import Actor, Program
from rawcap.lab.relay import Conditions, Relay
from rawcap.live.packet_socket import PacketSocket
from rawcap.stack.event import FRAME, NOTE, Event

_SNAPLEN = 262_144
_RING_OCTETS = 8 << 20
_FILTER = "not ip6 multicast"  # what hosts tell their link unasked, of groups and neighbours (RFC 4861, RFC 3810)
_QUIET = 0.08  # seconds without anything new: longer than the kernel keeps a frame, or delays an acknowledgement
_PATIENCE = 5.0  # seconds for frames and states that a step must come to
_LOOK = 0.02  # seconds between two looks at the sockets

States = Mapping[str, Sequence[str]]


class Audience(Protocol):
    """Who is told of the steps, before their calls are made and behind them."""

    def before(self, note: Event) -> None: ...
    def after(self, step: Step) -> None: ...


@dataclass(frozen=True)
class Part:
    """A later part of a step, which is told as one of its own: what a call that was made before causes.

    `takes` says of an event whether it belongs here.
    """

    key: str
    number: str
    takes: Callable[[Event], bool]
    wire: Sequence[str] | None = None
    states: States | None = None
    errors: Sequence[str] = ()


class Scene:
    """The stage of a lesson; close it, or use it as a context manager.

    `conditions` are those of the link. `programs` are commands of the user's that take a part, by "client" and
    "server". Where the link is bad or a part is taken, steps are shown and not judged. Raises LiveError.
    """

    def __init__(
        self,
        lesson: Lesson,
        guardian: Guardian,
        audience: Audience,
        conditions: Conditions,
        programs: Mapping[str, str] | None = None,
    ) -> None:
        self.lesson = lesson
        self.programs = dict(programs or {})
        self.judged = conditions == lesson.conditions and not self.programs
        self.events: list[Event] = []
        self.packets: list[Packet] = []
        self.steps: list[Step] = []
        self.dropped = 0
        self._audience = audience
        self._actors: list[Actor] = []
        self.running: dict[str, Program] = {}
        """The programs of the user's that were started, by their part."""
        self._new: list[Event] = []
        self._frames = Frames()
        self._conditions = conditions
        self._relay: Relay | None = None
        self._closing = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            self.client_host = self._host(stack, CLIENT, guardian)
            self.server_host = self.client_host
            if not lesson.loopback:
                self.server_host = self._host(stack, SERVER, guardian)
                if conditions.perfect:
                    join(self.client_host, self.server_host, ipv6=lesson.ipv6)
                else:
                    hosts = (self.client_host, self.server_host)
                    self._relay = Relay(*hosts, guardian, conditions, self._take, ipv6=lesson.ipv6)
                    stack.callback(self._relay.close)
            self.interface = "lo" if lesson.loopback else INTERFACE
            with self.client_host.inside():
                self._socket = PacketSocket(
                    self.interface,
                    snaplen=_SNAPLEN,
                    ring_octets=_RING_OCTETS,
                    filter_text=_FILTER,
                    promiscuous=False,
                )
            stack.callback(self._socket.close)
            self._closing = stack.pop_all()
        self._be_quiet(_PATIENCE)  # what hosts say on their own when their link comes up
        self.packets.clear()
        self._new.clear()
        self._frames = Frames()
        values = {
            "lesson": lesson.name,
            "interface": self.interface,
            "judged": self.judged,
            "expects": list(lesson.expects if self.judged else lesson.tolerant),
            "programs": self.programs,
        }
        if conditions != lesson.conditions:
            values["link"] = {
                "loss": conditions.loss,
                "delay": conditions.delay,
                "reorder": conditions.reorder,
                "duplicate": conditions.duplicate,
                "seed": conditions.seed,
            }
        self.opening = Event(time.time_ns(), NOTE, "note", f"rawcap lab {lesson.name}", values=values)
        self.events.append(self.opening)

    @staticmethod
    def _host(stack: contextlib.ExitStack, name: str, guardian: Guardian) -> Host:
        host = Host(name, guardian)
        stack.callback(host.close)
        return host

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *_: object) -> None:
        players: list[Actor | Program] = [*self._actors, *self.running.values()]
        for each in players:
            each.close()
        self._closing.close()

    @property
    def capture_interface(self) -> Interface:
        """The interface that is captured on, as a file describes it."""
        return self._socket.whole

    def finish(self) -> None:
        """Take in what has come until now, and what the kernel counted."""
        self._be_quiet(_PATIENCE)
        self.dropped = self._socket.statistics()[1]

    # -- who plays ----------------------------------------------------------------------------------------

    def host(self, part: str) -> Host:
        """The host of a part."""
        return self.client_host if part == CLIENT else self.server_host

    def actor(self, part: str, name: str = "") -> Actor:
        """A process on the host of a part; `name` tells it from others of the same part."""
        made = Actor(self.host(part), part, name or part, self._take)
        self._actors.append(made)
        return made

    def program(self, part: str, address: str) -> Program | None:
        """Start the program that takes a part, which is to listen at, or connect to, an address; None without one."""
        command = self.programs.get(part)
        if command is None:
            return None
        made = Program(self.host(part), part, command, address, self.lesson.port)
        self.running[part] = made
        return made

    # -- steps --------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def step(
        self,
        key: str,
        number: str = "",
        *,
        wire: Sequence[str] | None = None,
        states: States | None = None,
        errors: Sequence[str] | None = (),
        parts: Sequence[Part] = (),
        patience: float = _PATIENCE,
    ) -> Iterator[None]:
        """A step: what is done in the `with` block, and all that it causes.

        `wire` are the frames that it must cause, `states` the states that sockets must be in behind it; it waits
        `patience` seconds for both. `errors` are those that its calls must return, None where they may be any.
        `parts` follow it: of its events each takes what belongs to it, the last first.
        """
        note = self._note(key, number, wire, states, errors)
        self._audience.before(note)
        note = replace(note, time_ns=time.time_ns())
        yield
        self._settle([wire, *(part.wire for part in parts)], parts[-1].states if parts else states, patience)
        taken, self._new = sorted(self._new, key=lambda event: event.time_ns), []
        notes = [note, *(self._note(part.key, part.number, part.wire, part.states, part.errors) for part in parts)]
        shared: list[list[Event]] = [[] for _ in notes]
        for event in taken:
            place = max((at for at, part in enumerate(parts, 1) if part.takes(event)), default=0)
            shared[place].append(event)
        for place, (each, events) in enumerate(zip(notes, shared, strict=True)):
            if place:
                each = replace(each, time_ns=events[0].time_ns if events else time.time_ns())
                self._audience.before(each)
            self._finish(each, events, last=place == len(notes) - 1)

    def _note(
        self,
        key: str,
        number: str,
        wire: Sequence[str] | None,
        states: States | None,
        errors: Sequence[str] | None,
    ) -> Event:
        values: dict[str, Any] = {"step": key, "number": number, "title": number or key}
        if self.judged and errors is not None:
            values["errors"] = list(errors)
        if self.judged and wire is not None:
            values["wire"] = list(wire)
        if self.judged and states is not None:
            values["states"] = {part: list(each) for part, each in states.items()}
        return Event(time.time_ns(), NOTE, "step", f"step {number or key}", values=values)

    def _finish(self, note: Event, events: list[Event], *, last: bool) -> None:
        """Keep a step, and tell of it."""
        frames = [event for event in events if event.source == FRAME]
        seen: dict[str, Any] = {"seen": self.states(), "by": "sockets"}
        if not last:
            shown = frames[-1].values if frames else {}
            seen = {"seen": {part: [shown[part]] for part in (CLIENT, SERVER) if shown.get(part)}, "by": "frames"}
        note = replace(note, values={**note.values, **seen, "frames": [event.packet for event in frames]})
        own = [
            event if event.source == FRAME else replace(event, values={**event.values, "step": note.values["step"]})
            for event in events
        ]
        self.events.append(note)
        self.events += [event for event in own if event.source != FRAME]
        step = Step(note, own)
        self.steps.append(step)
        self._audience.after(step)

    # -- what happens -------------------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        self._new.append(event)

    def collect(self, seconds: float = 0.0) -> bool:
        """Take in what has happened, waiting for `seconds` at the most; whether there was anything."""
        sources: list[Any] = [*self._actors, self._socket, *([self._relay] if self._relay is not None else [])]
        found = False
        for each in select.select(sources, [], [], seconds)[0]:
            if each is self._socket:
                while taken := self._socket.packets():
                    for packet in taken:
                        packet.number = len(self.packets) + 1
                        self.packets.append(packet)
                        self._take(self._frames.event(packet))
                    found = True
            else:
                found = each.collect() or found
        return found

    def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Go on taking things in until a condition holds; False where it does not within `seconds`."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            self.collect(_LOOK)
        return True

    @property
    def waiting(self) -> list[Event]:
        """What has happened in the step that goes on."""
        return self._new

    def _be_quiet(self, longest: float) -> None:
        """Wait until nothing more happens."""
        quiet = _QUIET + 2 * self._conditions.delay
        end = time.monotonic() + longest
        while time.monotonic() < end and self.collect(quiet):
            pass

    def _settle(self, wires: Sequence[Sequence[str] | None], states: States | None, patience: float) -> None:
        """Wait for what a step must come to, and then until nothing more happens."""
        wanted = sum(len(each) for each in wires if each is not None) if self.judged else 0

        def come() -> bool:
            if sum(event.source == FRAME for event in self._new) < wanted:
                return False
            seen = self.states() if states else {}
            return all(seen.get(part, []) == list(each) for part, each in (states or {}).items())

        self.until(come, patience)
        self._be_quiet(patience)

    def states(self) -> dict[str, list[str]]:
        """The states of the TCP sockets of both parts, the listener's first, then by the other end's port."""
        found: dict[str, list[str]] = {}
        for part in (CLIENT, SERVER):
            there = self.host(part).sockets()
            if self.lesson.loopback:
                there = [each for each in there if (each.local[1] == self.lesson.port) == (part == SERVER)]
            there.sort(key=lambda each: (each.state != "LISTEN", each.local[1], each.remote[1]))
            states = [each.state for each in there]
            for actor in self._actors:
                if actor.who == part:
                    states += [each["state"] for each in actor.sockets() if each["state"] == "CLOSED"]
            if states:
                found[part] = states
        return found
