"""What a capture that only writes a file shows meanwhile: one line of the terminal, written over and over."""

from __future__ import annotations

import time
from typing import TextIO

_PERIOD_SECONDS = 0.25
_UNITS = ("B", "kB", "MB", "GB", "TB")


class LiveLine:
    """Packets, octets, rate and drops, on a terminal; `clear` takes the line away."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = 0.0
        self._before: tuple[float, int] | None = None
        self._shown = False

    @property
    def due(self) -> bool:
        """Whether the line is older than a quarter of a second."""
        return time.monotonic() >= self._due

    def show(self, packets: int, octets: int, dropped: int) -> None:
        """Write the line; the rate is that since the line before."""
        now = time.monotonic()
        self._due = now + _PERIOD_SECONDS
        rate = 0.0
        if self._before is not None:
            then, counted = self._before
            rate = (packets - counted) / max(now - then, 1e-9)
        self._before = (now, packets)
        self._stream.write(f"\r{line(packets, octets, rate, dropped)}\x1b[K")
        self._stream.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the line away, for something that stays."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False


def line(packets: int, octets: int, rate: float, dropped: int) -> str:
    """The line: "12,345 packets  1.2 MB  4,100 packets/s  0 dropped"."""
    noun = "packet" if packets == 1 else "packets"
    return f"{packets:,} {noun}  {size(octets)}  {rate:,.0f} packets/s  {dropped:,} dropped"


def size(octets: int) -> str:
    """Octets in the largest unit of 1000 that leaves a whole number: "1.2 MB"."""
    number, unit = float(octets), _UNITS[0]
    for unit in _UNITS:
        if number < 999.95 or unit == _UNITS[-1]:
            break
        number /= 1000
    return f"{number:.1f} {unit}" if unit != "B" else f"{octets} B"
