"""The time of a packet as text, in the formats of tshark's `-t`.

Every digit that the capture keeps is shown: six for microseconds, nine for anything finer.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from dissectors.packet import Interface, Packet

Clock = Callable[[Packet], str]

FORMATS = {
    "r": "seconds since the first packet",
    "d": "seconds since the packet before",
    "dd": "seconds since the packet shown before",
    "e": "seconds since the epoch",
    "a": "local time of day",
    "ad": "local date and time of day",
    "adoy": "local date, as year and day of the year, and time of day",
    "u": "time of day, UTC",
    "ud": "date and time of day, UTC",
    "udoy": "date, as year and day of the year, and time of day, UTC",
}

NEEDS = {"r": "frame.time_relative", "d": "frame.time_delta"}
"""Formats that read a note on the packet, and which."""

_CALENDAR = {"": "%H:%M:%S", "d": "%Y-%m-%d %H:%M:%S", "doy": "%Y/%j %H:%M:%S"}
_UNKNOWN = "-"


def clock(format: str) -> Clock:
    """What turns a packet into the text of its time; `format` is one of FORMATS. "-" where the file keeps no time."""
    if format in NEEDS:
        return _noted(NEEDS[format])
    if format == "dd":
        return _since_shown()
    if format == "e":
        return lambda packet: _unknown_or(packet.time_ns, packet)
    split = time.localtime if format[0] == "a" else time.gmtime
    return _calendar(split, _CALENDAR[format[1:]])


def seconds(time_ns: int, digits: int) -> str:
    """A span of nanoseconds in seconds, cut after `digits` digits: "-0.000250"."""
    whole, rest = divmod(abs(time_ns), 1_000_000_000)
    sign = "-" if time_ns < 0 else ""
    return f"{sign}{whole}.{rest:09d}"[: digits - 9 or None]


def digits(interface: Interface) -> int:
    """Digits of a second that a capture keeps of the times of an interface's packets, 6 or 9."""
    return 6 if interface.resolution <= 1_000_000 else 9


def _unknown_or(time_ns: int | None, packet: Packet) -> str:
    return _UNKNOWN if time_ns is None else seconds(time_ns, digits(packet.interface))


def _noted(name: str) -> Clock:
    return lambda packet: _unknown_or((packet.notes or {}).get(name), packet)


def _since_shown() -> Clock:
    before: int | None = None

    def text(packet: Packet) -> str:
        nonlocal before
        now = packet.time_ns
        if now is None:
            return _UNKNOWN
        span = 0 if before is None else now - before
        before = now
        return seconds(span, digits(packet.interface))

    return text


def _calendar(split: Callable[[float], time.struct_time], pattern: str) -> Clock:
    second: int | None = None
    written = ""

    def text(packet: Packet) -> str:
        nonlocal second, written
        if packet.time_ns is None:
            return _UNKNOWN
        now, rest = divmod(packet.time_ns, 1_000_000_000)
        if now != second:  # packets come by the thousand in one second
            try:
                written = time.strftime(pattern, split(now))
            except (OverflowError, OSError, ValueError):  # a year that no calendar here reaches
                return seconds(packet.time_ns, digits(packet.interface))
            second = now
        shown = digits(packet.interface)
        return f"{written}.{rest // 10 ** (9 - shown):0{shown}d}"

    return text
