"""`-T hex`: the tree of `-T detail`, then the octets of the frame, each under the layer that it belongs to.

    0000  02 00 00 00 00 02 02 00  00 00 00 01 08 00        ..............    Ethernet
    000e  45 00 00 3c 1c 46 40 00  40 06 b1 e6 c0 a8 00 01  E..<.F@.@.......  IPv4

A layer begins a new line, so that every line is of one layer. Octets behind what a layer carries, such as the
padding of a short Ethernet frame, are that layer's own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from dissectors.header import Header
from dissectors.packet import Packet
from rawcap.show import colours
from rawcap.show.colours import Paint
from rawcap.show.columns import cut
from rawcap.show.detail import DetailView, header_stop
from rawcap.show.summary import label_of

_COLUMNS = 16
_DUMPED = 66  # characters of such a row
_CHARACTERS = "".join(chr(each) if 0x20 <= each < 0x7F else "." for each in range(256))


class HexView:
    """Writes the tree and the octets of each packet it is shown; `width` is the terminal's, where there is one."""

    def __init__(self, write: Callable[[str], object], *, paint: Paint, width: int | None = None) -> None:
        self._write = write
        self._paint = paint
        self._width = width
        self._detail = DetailView(write, paint=paint, width=width)

    def show(self, packet: Packet) -> None:
        """Write `packet`."""
        self._detail.show(packet)
        self._write("\n")
        for line in self.lines(packet):
            self._write(line + "\n")

    def flush(self) -> None:
        """Nothing waits."""

    def lines(self, packet: Packet) -> Iterator[str]:
        """The octets of `packet`, line by line."""
        data = packet.data
        wide = max(4, len(f"{len(data):x}"))
        for start, stop, layer in stretches(packet):
            colour = colours.of_protocol(layer.name)
            for at in range(start, stop, _COLUMNS):
                row = data[at : min(at + _COLUMNS, stop)]
                octets = f"{row[:8].hex(' ')}  {row[8:].hex(' ')}"
                text = row.decode("latin-1").translate(_CHARACTERS)
                dumped = self._paint(f"{octets:<48}  {text:<16}", colour)
                left = None if self._width is None else self._width - wide - len("    ") - _DUMPED
                yield f"{at:0{wide}x}  {dumped}  {cut(label_of(layer), left)}".rstrip()


def stretches(packet: Packet) -> Iterator[tuple[int, int, Header]]:
    """The octets of a frame by layer, from the first to the last: `(start, stop, layer)`, none of them empty."""
    layers = [layer for layer in packet.layers if not packet.is_reassembled(layer)]
    marks = {0, len(packet.data)}
    for layer in layers:
        marks |= {layer.start, min(header_stop(layer), len(packet.data)), min(layer.end, len(packet.data))}
    waiting = sorted(layers, key=lambda layer: layer.start)[::-1]
    around: list[Header] = []  # the layers that the sweep is in, the innermost last
    for start, stop in itertools.pairwise(sorted(marks)):
        while waiting and waiting[-1].start <= start:
            around.append(waiting.pop())
        while around and around[-1].end < stop:
            around.pop()
        if around:
            yield start, stop, around[-1]
