"""Domain names: labels, as DNS and DHCP write them, with the pointers that make them shorter in DNS."""
from __future__ import annotations

from typing import NamedTuple

from dissectors.fields import Condition, Field
from dissectors.header import Header

MOST_OCTETS = 255  # of a name, RFC 1035, 2.3.4
NO_END = "a name has no end"
MOST_JUMPS = 127  # as many labels as a name may have: a pointer without a label behind it says nothing


class Name(NamedTuple):
    """A name that was read: its text, where it ended (not where a pointer led), and why it is none, if it is none."""

    text: str
    stop: int
    problem: str


def read_name(octets: bytes, start: int, stop: int, origin: int | None = None) -> Name:
    """The name in `octets[start:stop]` (RFC 1035, 4.1.4).

    Pointers count from `origin`, None where they have no place.  The root is written as Wireshark does, `<Root>`.
    """
    labels: list[bytes] = []
    at, after, length, jumps = start, 0, 0, 0
    problem = NO_END
    while at < stop:
        size = octets[at]
        if size >= 0xC0 and origin is not None:
            if at + 2 > stop:
                break
            after = after or at + 2
            at = origin + (int.from_bytes(octets[at : at + 2], "big") & 0x3FFF)
            jumps += 1
            if jumps > MOST_JUMPS:
                problem = "a name points to itself"
                break
            continue
        if size >= 0x40:
            problem = f"a label begins with 0x{size:02x}, which has no meaning"
            break
        length += size + 1
        if length > MOST_OCTETS:
            problem = f"a name is longer than {MOST_OCTETS} octets"
            break
        if size == 0:
            return Name(_text(labels) or "<Root>", after or at + 1, "")
        if at + 1 + size > stop:
            break
        labels.append(octets[at + 1 : at + 1 + size])
        at += 1 + size
    return Name(_text(labels), after or stop, problem)


def _text(labels: list[bytes]) -> str:
    return b".".join(labels).decode("utf-8", "backslashreplace")


class DomainName(Field):
    """A name.  Pointers in it lead into the message that holds the header, unless it is not `compressed`."""

    type = "string"

    def __init__(
        self, meaning: str, *, compressed: bool = True, name: str = "", when: Field | Condition | None = None
    ) -> None:
        super().__init__(None, meaning, name=name, when=when)
        self.compressed = compressed

    def convert(self, octets: bytes) -> str:
        return read_name(octets, 0, len(octets)).text

    def read(self, layer: Header, start: int, stop: int) -> str:
        return self._name(layer, start).text

    def extent(self, layer: Header, start: int) -> int:
        return self._name(layer, start).stop - start

    def _name(self, layer: Header, start: int) -> Name:
        """The name at `start`; the message around it is the nearest header that is no option."""
        message = layer
        while message.is_option and message.below is not None:
            message = message.below
        stop = min(message.end, len(layer.octets))
        return read_name(layer.octets, start, stop, message.start if self.compressed else None)
