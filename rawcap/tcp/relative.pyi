"""What relative.py offers, for type checkers: the file itself is written in Cython's types."""

from dissectors.packet import Packet

FIELDS: frozenset[str]
NOT_OFFERED: int

class Relative:
    def __init__(self) -> None: ...
    def note(self, packet: Packet) -> Packet: ...
    def follow(
        self,
        way: tuple[str, str, int, int],
        flags: int,
        sequence: int,
        acknowledged: int,
        window: int,
        shift: int,
    ) -> tuple[int, int, int, int]: ...
