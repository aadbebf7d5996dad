"""What numbering.py offers, for type checkers: the file itself is written in Cython's types."""

def pair_up(
    source: memoryview,
    destination: memoryview,
    source_port: memoryview,
    destination_port: memoryview,
    there: memoryview,
    keys: memoryview,
    sides: memoryview,
    packets: memoryview,
) -> int: ...
def tally(
    rows: memoryview,
    sides: memoryview,
    packets: memoryview,
    lengths: memoryview,
    times: memoryview,
    before: int,
    frames: memoryview,
    octets: memoryview,
    first: memoryview,
    start: memoryview,
    end: memoryview,
) -> None: ...

class KeyTable:
    words: int
    count: int
    def __init__(self, words: int) -> None: ...
    def __len__(self) -> int: ...
    @property
    def octets(self) -> memoryview: ...
    def find(self, keys: memoryview, rows: memoryview) -> None: ...

class Openings:
    count: int
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    @property
    def pairs(self) -> memoryview: ...
    @property
    def begun_by(self) -> memoryview: ...
    def follow(
        self,
        pairs: memoryview,
        sides: memoryview,
        flags: memoryview,
        sequence: memoryview,
        acknowledged: memoryview,
        numbers: memoryview,
        most: int,
    ) -> None: ...
    def join(self, pairs: memoryview, begun: memoryview, numbers: memoryview) -> None: ...
