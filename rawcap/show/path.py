"""The picture of a path: two hosts as columns of boxes, data going down the one, over the wire, and up the other.

    client echo-client pid 102                          server echo-server pid 101
    ┌─────────────────────────────┐                     ┌─────────────────────────────┐
    │ program                     │                     │ program                     │
    │ sendto(5, 6 octets)         │                     │ recvfrom(4) = 6             │
    │ 0 s                         │                     │ 30.0 µs                     │
    └──────────────┬──────────────┘                     └──────────────▲──────────────┘
                   │ 8.00 µs                                           │ 22.0 µs
                   └───────────────────── the wire ────────────────────┘

In every box stands how long after the write the data was there, between two boxes how long it took from the one to the
other. What nobody saw has no box, and a line below says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from dissectors.printable import printable
from rawcap.show.characters import in_ascii
from rawcap.show.colours import BOLD, CALL, DIM, VALUE, Paint
from rawcap.show.columns import columns, cut, paragraph
from rawcap.show.flows import span
from rawcap.show.ladder import ASCII, UNICODE, Strokes
from rawcap.stack.path import RECEIVING, SENDING, Path, Station

NARROWEST = 64
"""Columns that a path takes at least."""

_TITLES = {
    "write": "program",
    "device queue": "device queue",
    "leaves": "interface, leaving",
    "arrives": "interface, arriving",
    "readable": "socket, receive queue",
    "copied": "out of the receive queue",
    "read": "program",
}
_WAYS = {
    "write": "in the socket: send queue, TCP, IP",
    "device queue": "in the device queue",
    "leaves": "on the wire",
    "arrives": "in IP and TCP",
    "readable": "in the receive queue",
    "copied": "until the call returns",
}
"""What takes the time from a station to the next, where both were seen."""
_MISSED = {
    "write": "the call that wrote it",
    "device queue": "the device queue",
    "leaves": "the frame leaving",
    "arrives": "the frame arriving",
    "readable": "the socket becoming readable",
    "copied": "the copy out of the receive queue",
    "read": "the call that read it",
}
_WIDEST = 44


def lines(path: Path, width: int, paint: Paint, strokes: Strokes = UNICODE) -> Iterator[str]:
    """The lines of the picture, of `width` columns, NARROWEST at least."""
    yield from _Drawing(path, max(width, NARROWEST), paint, strokes).lines()


class _Drawing:
    def __init__(self, path: Path, width: int, paint: Paint, strokes: Strokes) -> None:
        self.path = path
        self.paint = paint
        self.strokes = strokes
        self.width = width
        self.box = min((width - 6) // 2, _WIDEST)
        self.gap = min(width - 2 * self.box, 16)
        self.first = path.stations[0].time_ns

    def lines(self) -> Iterator[str]:
        """All lines."""
        down = [each for each in self.path.stations if each.name in SENDING]
        up = [each for each in reversed(self.path.stations) if each.name in RECEIVING]
        left, right = self._column(down, is_down=True), self._column(up, is_down=False)
        wide = " " * self.box
        stem = self._centred("│")
        left += [stem if down else wide] * (len(right) - len(left))
        right += [stem if up else wide] * (len(left) - len(right))
        heads = [self._cell(printable(each), BOLD) for each in (self.path.sender, self.path.receiver)]
        yield self._ascii(heads[0] + " " * self.gap + heads[1]).rstrip()
        for pair in zip(left, right, strict=True):
            yield self._ascii((" " * self.gap).join(pair)).rstrip()
        if down and up:
            yield self._ascii(self._wire(down[-1], up[-1]))
        yield ""
        yield from self._ending()

    def _column(self, stations: list[Station], *, is_down: bool) -> list[str]:
        drawn = []
        for place, station in enumerate(stations):
            is_first, is_last = place == 0, place == len(stations) - 1
            above = "" if is_first else ("▼" if is_down else "┴")
            below = "┬" if is_down else "▲"
            if is_last and not self._goes_on(station, is_down=is_down):
                below = ""
            inside = self.box - 4
            drawn.append(self._edge("┌", "┐", above or "─"))
            for text, colour in self._words(station):
                shown = cut(text, inside)
                drawn.append(f"│ {self.paint(shown, colour)}{' ' * (inside - columns(shown))} │")
            drawn.append(self._edge("└", "┘", below or "─"))
            if not is_last:
                other = stations[place + 1]
                begin, stop = (station, other) if is_down else (other, station)
                drawn += self._way(begin, stop)
        return drawn

    def _goes_on(self, station: Station, *, is_down: bool) -> bool:
        """Whether the data goes from the lowest box of a column to the other column, or comes from there."""
        return station is not (self.path.stations[-1] if is_down else self.path.stations[0])

    def _words(self, station: Station) -> Iterator[tuple[str, str]]:
        yield _TITLES[station.name], BOLD
        colour = CALL if station.name in ("write", "read") else VALUE
        for line in paragraph(printable(station.detail), self.box - 4)[:2]:
            yield line, colour
        yield f"at {span(station.time_ns - self.first)}", DIM

    def _way(self, begin: Station, stop: Station) -> Iterator[str]:
        """The time between two boxes of a column, and where it goes."""
        left = self.box // 2
        room = self.box - left - 2
        words = [span(stop.time_ns - begin.time_ns)]
        if self._is_next(begin, stop):
            words += paragraph(_WAYS[begin.name], room)
        for place, text in enumerate(words):
            shown = cut(text, room)
            blank = " " * (room - columns(shown))
            yield " " * left + "│ " + self.paint(shown, DIM if place else VALUE) + blank

    def _is_next(self, begin: Station, stop: Station) -> bool:
        order = SENDING + RECEIVING
        return order.index(stop.name) == order.index(begin.name) + 1

    def _wire(self, begin: Station, stop: Station) -> str:
        """The line at the bottom, from the one host to the other."""
        words = span(stop.time_ns - begin.time_ns)
        if self.path.loopback and (begin.name, stop.name) == ("device queue", "arrives"):
            words += " through the host itself"
        elif self._is_next(begin, stop):
            words += f" {_WAYS[begin.name]}"
        left = self.box // 2
        right = self.box + self.gap + left
        room = right - left - 1
        text = f" {cut(words, room - 4)} "
        before = (room - columns(text)) // 2
        line = "─" * before + self.paint(text, VALUE) + "─" * (room - before - columns(text))
        return " " * left + "└" + line + "┘"

    def _ending(self) -> Iterator[str]:
        path = self.path
        plural = "s" if path.octets != 1 else ""
        told = f"{path.octets:,} octet{plural} from the write to the last station seen: {span(path.took_ns)}"
        if path.segments > 1:
            told += f"; the way of the first of {path.segments} segments"
        yield from paragraph(self._ascii(told), self.width)
        if path.unseen:
            missed = ", ".join(_MISSED[name] for name in path.unseen)
            for line in paragraph(f"not seen: {missed}", self.width):
                yield self.paint(line, DIM)

    def _edge(self, left: str, right: str, middle: str) -> str:
        before = self.box // 2 - 1
        return left + "─" * before + middle + "─" * (self.box - 3 - before) + right

    def _centred(self, sign: str) -> str:
        left = self.box // 2
        return " " * left + sign + " " * (self.box - left - 1)

    def _cell(self, text: str, colour: str) -> str:
        shown = cut(text, self.box)
        return self.paint(shown, colour) + " " * (self.box - columns(shown))

    def _ascii(self, text: str) -> str:
        return in_ascii(text) if self.strokes is ASCII else text
