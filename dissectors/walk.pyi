"""What walk.py offers, for type checkers: the file itself is written in Cython's types."""

from typing import Any

from dissectors.header import Header, Option

def ones_complement_sum(octets: bytes, start: int = 0) -> int: ...
def ones_complement_sums(octets: Any, starts: Any, stops: Any, sums: Any) -> None: ...
def goes_on(layer: Header | None) -> bool: ...
def may_contradict(layer: Header) -> bool: ...
def depth(layer: Header) -> int: ...

class Captured:
    data: bytes
    interface: Any
    time_ns: int | None
    length: int
    number: int
    options: tuple[tuple[int, bytes], ...]
    notes: dict[str, Any] | None
    doubtful: bool

class Holder:
    captured: Captured
    headers: list[Header] | None
    complete: bool
    number: int
    notes: dict[str, Any] | None

    def __init__(
        self,
        data: bytes,
        interface: Any,
        time_ns: int | None = None,
        length: int = -1,
        number: int = 0,
        options: tuple[tuple[int, bytes], ...] = (),
    ) -> None: ...
    @property
    def layers(self) -> list[Header]: ...
    @property
    def data(self) -> bytes: ...
    @property
    def interface(self) -> Any: ...
    @property
    def time_ns(self) -> int | None: ...
    @property
    def length(self) -> int: ...
    @property
    def options(self) -> tuple[tuple[int, bytes], ...]: ...

class View:
    captured: Captured
    octets: bytes
    start: int
    stop: int
    end: Any  # an int; a declaration says with the same name how it is found
    status: int
    protocol: str
    below: Header | None
    predecessor: Header | None
    extensions: tuple[Header, ...]
    cache: dict[str, Any] | None

    def __init__(
        self, captured: Captured, start: int, stop: int, end: int, status: int = 0, below: Header | None = None
    ) -> None: ...

class NumberReader:
    def __init__(
        self, at: int, size: int, shift: int, mask: int, unit: int, plus: int, little: bool, boolean: bool
    ) -> None: ...
    def __get__(self, layer: View | None, owner: type[View]) -> Any: ...

class OctetsReader:
    def __init__(self, at: int, size: int, convert: Any, most: int = 0) -> None: ...
    def __get__(self, layer: View | None, owner: type[View]) -> Any: ...

class AreaReader:
    def __init__(self, field: Any, attribute: str) -> None: ...
    def __get__(self, layer: View | None, owner: type[View]) -> Any: ...

class LayerReader:
    def __init__(self, name: str, by_content: bool) -> None: ...
    def __get__(self, packet: Holder | None, owner: type[Holder]) -> Any: ...

class Walker:
    def __init__(
        self,
        nodes: Any,
        terms: Any,
        pairs: Any,
        tables: Any,
        found: Any,
        repeats: Any,
        classes: list[type[Header]],
    ) -> None: ...
    def layers(
        self, captured: Captured, node: int, start: int, end: int, below: Header | None = None
    ) -> list[Header]: ...
    def split(self, layer: Header, family: int, start: int, stop: int) -> list[Option]: ...

class Gatherer(Walker):
    def choose(self, firsts: Any, entries: Any, marks: Any, leading: Any, last: bool, data_node: int) -> None: ...
    def gather(
        self,
        data: Any,
        starts: Any,
        captured: Any,
        lengths: Any,
        links: Any,
        places: Any,
        out: Any,
        there: Any,
        doubts: Any,
        paths: Any,
        opened: Any,
    ) -> None: ...
    def prolonged(self, path: int, node: int) -> int: ...
    def path(self, path: int) -> list[int]: ...

class Surveyor(Walker):
    def choose(self, passed: Any, outer: Any, inner: Any) -> None: ...
    def survey(self, data: Any, starts: Any, captured: Any, lengths: Any, links: Any, out: Any) -> None: ...
