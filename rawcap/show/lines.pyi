"""What lines.py offers, for type checkers: the file itself is written in Cython's types."""

from array import array
from typing import Any

from dissectors.header import Header
from rawcap.tcp.tracker import Tracker

class LineWriter:
    stopped: bool
    def __init__(
        self, kinds: list[tuple[type[Header], type[Header], int, int]], tracker: Tracker, widths: array[int]
    ) -> None: ...
    def take(self) -> bytes: ...
    def learn(self, layer: Header) -> None: ...
    def write(
        self,
        row: int,
        number: int,
        data: Any,
        kind: Any,
        outer_at: Any,
        at: Any,
        stop: Any,
        end: Any,
        bad: Any,
        times: Any,
        stamps: Any,
        digits: Any,
        interface: Any,
        interfaces: list[bytes],
        named: bool,
    ) -> int: ...
