"""`-T text`: one line a packet, in columns.

    number  time  source → destination  protocol  info

The interface has a column before the source where that is asked for, or packets are of more than one that has a name.
Columns are as wide as the widest of the first packets needs, and grow when a later one needs more; they never shrink,
so that lines stay under each other. On a terminal a line is cut where the terminal ends.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from operator import gt

from dissectors.packet import Packet
from dissectors.printable import printable
from rawcap.show import colours
from rawcap.show.clock import Clock
from rawcap.show.colours import Paint
from rawcap.show.columns import columns, cut
from rawcap.show.summary import Summary, summarise

_LOOKED_AHEAD = 100
_WIDEST = 39  # an IPv6 address; what is longer, as a name may be, sticks out

_Cells = tuple[str, str, str, str, str, str]
_Row = tuple[_Cells, Summary, str]


class TextView:
    """Writes a line for each packet it is shown.

    `names` gives addresses names. With `interfaces` the name of the interface stands before the source from the first
    line on; without, as soon as a packet is of another interface than those before it. With `at_once` each line is
    written as it comes; without, the first hundred wait for each other, to agree on the columns and their width: call
    `flush` at the end, or when they waited long enough. `width` is that of the terminal, None where lines may be of any
    length. `ending` gives what a line ends with, which is never cut off.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        clock: Clock,
        paint: Paint,
        names: Callable[[], Mapping[str, str]] = dict,
        at_once: bool = False,
        width: int | None = None,
        interfaces: bool = False,
        ending: Callable[[Packet], str] | None = None,
    ) -> None:
        self._write = write
        self._clock = clock
        self._paint = paint
        self._names = names
        self._waiting: list[_Row] | None = None if at_once else []
        self._interfaces = interfaces
        self._interface: str | None = None  # the only name so far
        self._width = width
        self._ending = ending
        self.widths = array("q", (5, 10, 2, 7, 7, 4))
        """The widths of the columns, in characters, which whoever writes lines among these may widen too."""

    @property
    def waits(self) -> bool:
        """Whether lines wait for each other."""
        return self._waiting is not None

    @property
    def naming(self) -> tuple[bool, str | None]:
        """Whether lines name the interface, and the only name so far, where they do not: another is for `show`."""
        return self._interfaces, self._interface

    def show(self, packet: Packet) -> None:
        """Write the line of `packet`, now or together with those that follow."""
        summary = summarise(packet)
        source, destination = summary.source, summary.destination
        interface = packet.interface.name
        if not self._interfaces and interface and interface != self._interface:
            self._interfaces = self._interface is not None
            self._interface = interface
        names = self._names()
        if names:
            source, destination = names.get(source, source), names.get(destination, destination)
        cells = (
            str(packet.number),
            self._clock(packet),
            printable(interface),
            printable(source),
            printable(destination),
            printable(summary.protocol),
        )
        row = (cells, summary, printable(self._ending(packet)) if self._ending is not None else "")
        if self._waiting is None:
            self._write(self._line(row))
            return
        self._waiting.append(row)
        if len(self._waiting) == _LOOKED_AHEAD:
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait."""
        waiting, self._waiting = self._waiting, None
        if waiting:
            for cells, _, _ in waiting:
                self._widen(cells)
            for row in waiting:
                self._write(self._line(row))

    def _widen(self, cells: _Cells) -> None:
        for column, cell in enumerate(cells):
            self.widths[column] = max(self.widths[column], min(len(cell), _WIDEST))

    def _line(self, row: _Row) -> str:
        cells, summary, ending = row
        number, time, interface, source, destination, protocol = cells
        if any(map(gt, map(len, cells), self.widths)):
            self._widen(cells)
        wide = self.widths
        head = f"{number.rjust(wide[0])} {time.rjust(wide[1])}"
        arrow = "→" if source or destination else " "
        ends = f"{source.rjust(wide[3])} {arrow} {destination.ljust(wide[4])}"
        if self._interfaces:
            ends = f"{interface.ljust(wide[2])}  {ends}"
        kind = protocol.ljust(wide[5])
        info = printable(summary.info)
        trouble = printable(summary.trouble) if summary.trouble else ""
        if ending:
            ending = f"  {ending}"
        if self._width is not None:
            room = self._width - columns(ending)
            info = cut(info, room - columns(f"{head}  {ends}  {kind}  "))
            trouble = cut(trouble, room - columns(f"{head}  {ends}  {kind}  {info} "))
        paint = self._paint
        if paint.on:
            head = paint(head, colours.DIM)
            if summary.layer is not None:
                kind = paint(kind, colours.of_protocol(summary.layer.name))
                if summary.layer.name == "tcp" and summary.layer.reset:
                    info = paint(info, colours.BAD)
            trouble = paint(trouble, colours.BAD)
            ending = paint(ending, colours.VALUE)
        return f"{head}  {ends}  {kind}  {info}{' ' if trouble else ''}{trouble}{ending}\n"
