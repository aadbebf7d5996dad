"""What frames.py offers, for type checkers: the file itself is written in Cython's types."""

from collections.abc import Mapping
from typing import Any

from dissectors.packet import Interface, Packet

class FrameReader:
    buffer: bytearray
    left: int
    taken: int
    unplaced: int

    def __init__(
        self, memory: Any, block: int, *, ethernet: bool = False, cooked: bool = False, snaplen: int = 262144
    ) -> None: ...
    def open(self, block: int) -> None: ...
    def packets(self, interfaces: Mapping[int, Interface]) -> list[Packet]: ...
    def records(self, places: Mapping[int, int], pcapng: bool, most: int, room: int) -> int: ...
    def close(self) -> None: ...
