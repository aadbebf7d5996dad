"""A lesson as a page of text: before each step what will happen, then the calls and frames, then what they came to.

The client is on the left, the wire in the middle, the server on the right. A frame is an arrow between them, with the
state that it shows each end in; a call stands on the side of the host that makes it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator

from rawcap.lab.hosts import SERVER
from rawcap.lab.judging import PARTS, Step, Verdict
from rawcap.lab.narration import Words, words
from rawcap.show.characters import in_ascii
from rawcap.show.colours import BAD, BOLD, DIM, VALUE, Paint
from rawcap.show.columns import columns
from rawcap.show.ladder import ASCII, UNICODE
from rawcap.show.verify import Screen
from rawcap.stack.event import CALL, FRAME, NOTE, RETURN, Event
from rawcap.tcp.verify.rules import BROKEN

NARROWEST = 72
"""Columns that a page takes at least."""
_WIDEST = 120
_GOOD = "32"
_TIME = 9  # columns of a time, which is in seconds
_NUMBER = 4
_STATE = 12  # as long as the longest name of a state
_LABEL = 13
_ENDS = ("SYN", "UDP")  # the kinds of frames that are shown with their ports
_NO_BREAK_BEFORE = "，。；：！？、）》」』…％"
_PIECES = re.compile(rf"\s+|[\u2e80-\uffff][{_NO_BREAK_BEFORE}]*|[^\s\u2e80-\uffff]+[{_NO_BREAK_BEFORE}]*")


class Narrator:
    """Writes a lesson, as it is played or from a file, to `write`, a line at a time.

    `pause` is called when a step has been told and its calls are to be made.
    """

    def __init__(
        self,
        name: str,
        language: str,
        write: Callable[[str], object],
        *,
        width: int,
        paint: Paint,
        plain: bool = False,
        pause: Callable[[str], object] | None = None,
    ) -> None:
        self._say: Words = words(name, language)
        self._common: Words = words("words", language)
        self._name = name
        self._write = write
        self._width = max(NARROWEST, min(width, _WIDEST))
        self._paint = paint
        self._plain = plain
        self._strokes = ASCII if plain else UNICODE
        self._pause = pause
        self._origin: int | None = None
        self._states = dict.fromkeys(PARTS, "")

    # -- the page -----------------------------------------------------------------------------------------

    def opening(self, note: Event, file: str = "") -> None:
        """The head of the page: what the lesson is, and the stage it is played on."""
        self._line(self._paint(self._say("lesson.title"), BOLD))
        self._text(self._say("lesson.about"), "")
        stage = "stage_loopback" if note.values["interface"] == "lo" else "stage_wire"
        self._text(self._common(f"page.{stage}"), "", DIM)
        link = note.values.get("link")
        if link:
            told = [f"{name} {_amount(name, value)}" for name, value in link.items() if value]
            self._text(self._common("page.stage_link", link=", ".join(told)), "", DIM)
        if not note.values["judged"]:
            self._text(self._common("page.judged_not"), "", DIM)
        if file:
            date = datetime.datetime.fromtimestamp(note.time_ns / 1e9, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
            self._text(self._common("page.replayed", file=file, date=date), "", DIM)

    def before(self, note: Event) -> None:
        """What will happen in a step."""
        key, number = note.values["step"], note.values["number"]
        title = self._of_step(key, "title")
        head = self._common("page.step", number=number) + "  " if number else ""
        rule = "─" * max(2, self._width - columns(head) - columns(title) - 4)
        self._line("")
        self._line(self._paint(f"── {head}{title} "[: self._width], BOLD) + self._paint(rule[:-1], DIM))
        self._text(self._of_step(key, "before"), "  ")
        if self._pause is not None:
            self._pause(self._common("page.press"))

    def after(self, step: Step) -> None:
        """What happened in it, and what is to be looked at."""
        if self._origin is None and step.events:
            self._origin = step.events[0].time_ns
        for line in self._events(step.events):
            self._line(line)
        self._came_to(step)
        self._text(self._of_step(step.key, "after"), "  ")

    def closing(self, verdict: Verdict, dropped: int = 0) -> None:
        """What rawcap's verification says of the packets, and whether everything went as the lesson says."""
        self._line("")
        title = self._common("page.verification")
        rule = "─" * max(2, self._width - columns(title) - 5)
        self._line(self._paint(f"── {title} ", BOLD) + self._paint(rule, DIM))
        if dropped:
            self._line(self._paint(self._common("page.dropped", count=dropped), BAD))
        if verdict.cases or verdict.expected:
            screen = Screen(self._paint, self._width, plain=self._plain)
            for line in screen.lines(verdict.cases, verdict.expected):
                self._write(line)
        failed = [(each, found) for each, found in verdict.steps if found.verdict == BROKEN]
        for each, found in failed:
            self._text(f"✗ {each.text}: {found.detail}", "  ", BAD)
        if verdict.steps:
            told = self._common(
                "page.steps_fail" if failed else "page.steps_hold", count=len(verdict.steps), failed=len(failed)
            )
            self._line(self._paint(told, BAD if failed else _GOOD))

    def _of_step(self, key: str, part: str) -> str:
        """A text of a step: that of the lesson, else the one that lessons share."""
        return self._say(f"steps.{key}.{part}") or self._common(f"steps.{key}.{part}")

    # -- a step -------------------------------------------------------------------------------------------

    def _events(self, events: list[Event]) -> Iterator[str]:
        place = 0
        while place < len(events):
            event = events[place]
            after = events[place + 1] if place + 1 < len(events) else None
            place += 1
            if event.source == CALL and after is not None and _returns(event, after):
                yield self._call(after, event.time_ns)
                place += 1
            elif event.source == FRAME:
                yield from self._frame(event)
            elif event.source == NOTE:
                if "link" in event.values:
                    yield self._of_link(event)
            elif event.source == RETURN:
                yield self._call(event, event.time_ns, "… ")
            else:
                yield self._call(event, event.time_ns)

    def _time(self, time_ns: int) -> str:
        return self._paint(f"{(time_ns - (self._origin or time_ns)) / 1e9:{_TIME}.6f}", DIM)

    def _call(self, event: Event, time_ns: int, before: str = "") -> str:
        """A call, on the side of the host that makes it."""
        room = self._width - _TIME - _NUMBER - 4
        text = before + event.text
        state = event.state if event.source == RETURN else ""
        plain = text + (f"  {state}" if state else "")
        tone = BAD if event.errno else VALUE
        shown = self._paint(self._known(text), tone) + (f"  {self._paint(state, BOLD)}" if state else "")
        blanks = 0 if event.who != SERVER else max(0, room - columns(self._known(plain)))
        return f"{self._time(time_ns)}  {'':{_NUMBER}}  {' ' * blanks}{shown}"

    def _frame(self, event: Event) -> Iterator[str]:
        """A frame: an arrow, and the states that it brings about."""
        strokes = self._strokes
        states = []
        for part in PARTS:
            state = event.values.get(part, "")
            states.append(state if state != self._states[part] else "")
            self._states[part] = state or self._states[part]
        room = self._width - _TIME - _NUMBER - 4 - 2 * (_STATE + 1) - 2
        text = event.text
        if event.values["kind"] in _ENDS or "/" in event.values["kind"]:
            ports = [str(end).rpartition(":")[2] for end in event.values["ends"]]
            text += f"  {ports[0]} {strokes.to_right} {ports[1]}"
        text = self._known(text)
        if columns(text) > room - 4:
            text = text[: room - 5]
        to_right = event.who != SERVER
        fill = strokes.shaft * (room - 3 - columns(text))
        two = strokes.shaft * 2
        arrow = f"{two}{text}{fill}{strokes.right}" if to_right else f"{strokes.left}{fill}{text}{two}"
        left = self._paint(f"{states[0]:>{_STATE}}", BOLD)
        right = self._paint(states[1], BOLD)
        tone = BAD if "[" in event.text or event.values["kind"] == "RST" else ""
        arrow = self._paint(arrow, tone) if tone else arrow
        line = f"{self._time(event.time_ns)}  {event.packet:>{_NUMBER}}  {left} {strokes.line}{arrow}{strokes.line}"
        yield f"{line} {right}".rstrip()

    def _of_link(self, event: Event) -> str:
        """What the bad link did to a frame."""
        told = self._common(
            f"page.{event.values['link']}",
            frame=event.values["frame"],
            who=self._common(f"page.{event.values['from']}"),
        )
        told = self._known(told)
        at = max(0, (self._width - _TIME - _NUMBER - 4 - columns(told)) // 2)
        return f"{self._time(event.time_ns)}  {'':{_NUMBER}}  {' ' * at}{self._paint(told, BAD)}"

    def _came_to(self, step: Step) -> None:
        """The frames of a step, and the states behind it."""
        wire = self._common("page.nothing")
        if step.frames:
            kinds = [
                f"{self._common('page.' + event.who)} {event.values['kind']}" if event.who else event.values["kind"]
                for event in step.frames
            ]
            numbers = self._common("page.frame", numbers=", ".join(str(event.packet) for event in step.frames))
            wire = f"{', '.join(kinds)} ({numbers})"
        self._row(self._common("page.on_the_wire"), wire)
        seen = step.note.values["seen"]
        parts = []
        for part in PARTS:
            if step.note.values["by"] == "frames" and part not in seen:
                continue
            states = f" {self._common('page.and')} ".join(seen.get(part, [])) or self._common("page.no_socket")
            parts.append(f"{self._common('page.' + part)} {states}")
        told = " · ".join(parts)
        if step.note.values["by"] == "frames":
            told += f" ({self._common('page.shown_by_frames')})"
        self._row(self._common("page.sockets"), told)

    def _row(self, label: str, text: str) -> None:
        padded = label + " " * max(1, _LABEL - columns(label))
        lines = list(fold(text, self._width - _LABEL - 2))
        for place, line in enumerate(lines):
            head = self._paint(padded, DIM) if place == 0 else " " * _LABEL
            self._line(f"  {head}{self._paint(line, BOLD)}")

    def _text(self, text: str, indent: str, tone: str = "") -> None:
        for line in fold(text, self._width - len(indent)):
            self._line(indent + (self._paint(line, tone) if tone else line))

    def _known(self, text: str) -> str:
        return in_ascii(text) if self._plain else text

    def _line(self, line: str) -> None:
        self._write(self._known(line))


def _returns(call: Event, event: Event) -> bool:
    """Whether an event is the return of a call."""
    return event.source == RETURN and (event.tid, event.name) == (call.tid, call.name)


def _amount(name: str, value: float) -> str:
    if name == "seed":
        return str(value)
    return f"{value * 1000:g} ms" if name == "delay" else f"{value:.3g}" if value > 1 else f"{value:.1%}"


def fold(text: str, most: int) -> Iterable[str]:
    """Text in lines of `most` columns: between words, and between the characters of scripts that have none."""
    line = ""
    for piece in _PIECES.findall(text):
        if columns((line + piece).rstrip()) > most and line.strip():
            yield line.rstrip()
            line = ""
        line += piece if line or piece.strip() else ""
    if line.strip():
        yield line.rstrip()

