"""What tracker.py offers, for type checkers: the file itself is written in Cython's types."""

from typing import Any, Final

from dissectors.packet import Packet
from rawcap.tcp.connection import Connection, Findings
from rawcap.tcp.exchange import Exchange

NONE: Final[int]
NAMES: tuple[str, ...]
FIELDS: frozenset[str]

class Tracker:
    @property
    def connections(self) -> list[Connection]: ...
    @property
    def exchanges(self) -> list[Exchange]: ...
    @property
    def findings(self) -> Findings: ...
    def __init__(self, *, most: int = 0, with_states: bool = True) -> None: ...
    def add(self, packet: Packet) -> Connection | Exchange | None: ...
    def note(self, packet: Packet) -> Packet: ...
    def skip(self) -> None: ...
    def follow(
        self,
        row: int,
        number: int,
        data: Any,
        kind: Any,
        ends_at: Any,
        at: Any,
        stop: Any,
        end: Any,
        times: Any,
        wanted: Any,
        out: Any,
    ) -> int: ...
    def number(self, key: bytes, number: int, time_ns: int, data: Any, at: int, stop: int, end: int) -> int: ...
    def words(self) -> bytes: ...
    def write(self, row: int, wanted: Any, out: Any) -> None: ...
