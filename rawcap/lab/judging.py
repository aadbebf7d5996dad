"""Whether a lesson went as it says: each step by its frames and its sockets, the whole by rawcap's verification.

Pure: the events and packets of a lesson in, findings out; live and from a file it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dissectors.packet import Packet
from rawcap.filter import display_filter
from rawcap.lab.frames import Frames
from rawcap.lab.hosts import CLIENT, SERVER
from rawcap.pipeline import NOTED, Pipeline
from rawcap.stack.event import FRAME, NOTE, RETURN, Event
from rawcap.tcp.tracker import FIELDS
from rawcap.tcp.verify.evidence import Case, Evidence
from rawcap.tcp.verify.expectations import Expectation, expect
from rawcap.tcp.verify.rules import BROKEN, HOLDS, Check

PARTS = (CLIENT, SERVER)


@dataclass
class Step:
    """A step of a lesson that was played: its note, and what happened in it, in order of time.

    The note's values are `step`, its key; `number`, as the course counts; `frames`, the numbers of its packets; `seen`,
    for each part the states of its sockets behind it, `by` "sockets" or "frames"; and where they are judged `wire`,
    the frames that it must cause, `states`, and `errors`, those that its calls must return.
    """

    note: Event
    events: list[Event] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Its name in the lesson's file of words."""
        return str(self.note.values["step"])

    @property
    def frames(self) -> list[Event]:
        """The frames that it caused."""
        return [event for event in self.events if event.source == FRAME]

    @property
    def wire(self) -> list[str]:
        """The frames that it caused, in the words of an expectation: "client SYN"."""
        return [f"{event.who} {event.values['kind']}".strip() for event in self.frames]


def steps_of(events: Sequence[Event], packets: Iterable[Packet]) -> list[Step]:
    """The steps of a lesson that was recorded, with the frames that belong to each."""
    frames = Frames()
    by_number = {packet.number: frames.event(packet) for packet in packets}
    found = []
    for note in events:
        if note.source != NOTE or note.name != "step":
            continue
        own = [event for event in events if event is not note and event.values.get("step") == note.values["step"]]
        own += [by_number[number] for number in note.values["frames"] if number in by_number]
        found.append(Step(note, sorted(own, key=lambda event: event.time_ns)))
    return found


def check(step: Step) -> Check | None:
    """Whether a step caused the frames, and left the sockets in the states, that it must; None where nothing is told.

    The numbers are those of its packets.
    """
    values = step.note.values
    wrong: list[str] = []
    right: list[str] = []
    if "wire" in values:
        wanted = list(values["wire"])
        told = ", ".join(step.wire) or "nothing"
        (right if step.wire == wanted else wrong).append(
            f"on the wire {told}" + ("" if step.wire == wanted else f", not {', '.join(wanted) or 'nothing'}")
        )
    for part, states in values.get("states", {}).items():
        seen = list(values["seen"].get(part, []))
        told = " and ".join(seen) or "no socket"
        (right if seen == list(states) else wrong).append(
            f"{part} {told}" + ("" if seen == list(states) else f", not {' and '.join(states) or 'no socket'}")
        )
    if "errors" in values:
        errors = [event.errno for event in step.events if event.source == RETURN and event.errno]
        told = ", ".join(errors)
        if errors != list(values["errors"]):
            wrong.append(f"calls failed with {told or 'no error'}, not {', '.join(values['errors']) or 'none'}")
        elif errors:
            right.append(told)
    if not wrong and not right:
        return None
    return Check(BROKEN if wrong else HOLDS, "; ".join(wrong or right), list(values["frames"]))


@dataclass
class Verdict:
    """What became of a lesson: its connections and exchanges, and what was expected, of steps and of the whole."""

    cases: list[Case]
    steps: list[tuple[Expectation, Check]]
    expected: list[tuple[Expectation, Check]]

    @property
    def holds(self) -> bool:
        """Whether everything went as the lesson says."""
        return all(found.verdict == HOLDS for _, found in (*self.steps, *self.expected))


def judge(
    steps: Sequence[Step],
    packets: Iterable[Packet],
    expects: Sequence[str],
    more: Sequence[tuple[str, Check]] = (),
) -> Verdict:
    """What became of a lesson; `expects` is in the words of `rawcap verify --expect`, `more` was found elsewhere."""
    filters: list[str] = []
    expectations = [expect(text, filters) for text in expects]
    tests = [display_filter(text) for text in filters]
    evidence = Evidence(None, tests)
    needs = {name for test in tests for name in test.fields} & NOTED - FIELDS
    for packet in Pipeline(reassemble=True, needs=needs).noted(iter(packets)):
        evidence.add(packet)
    cases = evidence.cases
    of_steps = []
    for step in steps:
        found = check(step)
        if found is not None:
            of_steps.append((Expectation(f"step {step.note.values['number'] or step.key}", None, ""), found))
    of_all = [(each, each.look(cases, evidence.elsewhere)) for each in expectations]
    of_all += [(Expectation(text, None, ""), found) for text, found in more]
    return Verdict(cases, of_steps, of_all)
