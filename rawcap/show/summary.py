"""What matters of a packet, in one line: who to whom, which protocol, what it says, and what is wrong with it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from dissectors import checksum, layout
from dissectors.fields import Field
from dissectors.header import Header
from dissectors.packet import Packet
from dissectors.walk import may_contradict

BAD_CHECKSUM = "[bad checksum]"


class Summary(NamedTuple):
    """The parts of a packet's line, as the packet says them: not escaped, without names for addresses."""

    source: str
    destination: str
    protocol: str
    info: str
    trouble: str
    layer: Header | None
    """The innermost layer that is a protocol of its own: the one that the line is about."""


def summarise(packet: Packet) -> Summary:
    """The line of a packet.

    Addresses are the innermost ones, the protocol is the innermost one, and of the layers' own words the innermost
    count. A packet quoted by an error message has no say in any of it.
    """
    source = destination = info = protocol = ""
    about: Header | None = None
    layers = packet.layers
    for index in range(len(layers) - 1, -1, -1):
        layer = layers[index]
        if layer.status & layout.QUOTED:
            continue
        if about is None and (protocol := protocol_of(layer)):
            about = layer
        if not info and (told := layer.info()):
            info = _with_repeated(layers, index, told) if layer.repeats else told
        if not source and (addresses := layer.addresses) is not None:
            source, destination = _text(getattr(layer, addresses[0])), _text(getattr(layer, addresses[1]))
        if info and source and about is not None:
            break
    return Summary(source, destination, protocol or "data", info or _what_is_left(layers), trouble(packet), about)


def label_of(layer: Header) -> str:
    """What a header is called where there is room for a word."""
    return layer.label or layer.name.upper()


def protocol_of(layer: Header) -> str:
    """What the protocol column shows for a header; nothing for one that only carries on or leads to another."""
    if layer.name == "data" or "." in layer.name:
        return ""
    return label_of(layer)


def trouble(packet: Packet) -> str:
    """What is wrong with a packet, in brackets: cut short, in part, contradictory, a bad checksum; else empty.

    A fragment that is not the first needs no such word: its own line says it.
    """
    reason = ""
    in_part = bad = False
    for layer in packet.layers:
        continues, checksums = _checked(type(layer))
        if continues and layer.continued and not layer.status & (layout.FRAGMENT | layout.QUOTED):
            in_part = True
        if not reason and may_contradict(layer):
            reason = layer.contradiction
        for field in checksums:
            bad = bad or field.work_out(layer) == checksum.BAD
    if not (in_part or reason or bad or packet.truncated):
        return ""
    said = []
    if in_part:
        said.append("[first fragment]")
    if packet.truncated:
        said.append(f"[truncated {len(packet.data)} of {packet.length}]")
    if reason:
        said.append(f"[malformed: {reason}]")
    if bad:
        said.append(BAD_CHECKSUM)
    return " ".join(said)


def has_bad_checksum(layer: Header) -> bool:
    """Whether a checksum in this header is wrong; one that was left to the card or could not be verified is not."""
    return any(field.work_out(layer) == checksum.BAD for field in _checked(type(layer)).checksums)


def may_be_wrong(cls: type[Header]) -> bool:
    """Whether headers of a class can be fragments or have a checksum."""
    return any(_checked(cls))


class _Checked(NamedTuple):
    """Where trouble can be in headers of one class."""

    continues: bool
    """Whether it can be a fragment."""
    checksums: tuple[Field, ...]
    """The verdict fields (checksum.status_field)."""


@cache
def _checked(cls: type[Header]) -> _Checked:
    declared = cls.declaration
    return _Checked(
        continues=cls.continued is not Header.continued,
        checksums=tuple(each for each in declared.derived if getattr(each, "names", None) is checksum.STATUS),
    )


def _text(address: object) -> str:
    return "" if address is None else str(address)


def _with_repeated(layers: list[Header], index: int, told: str) -> str:
    """What a header and those of its kind right before it say: several TLS records in one segment."""
    texts = [told]
    layer = layers[index]
    while index and type(layers[index - 1]) is type(layer):
        index -= 1
        if before := layers[index].info():
            texts.append(before)
    return ", ".join(dict.fromkeys(reversed(texts)))


def _what_is_left(layers: list[Header]) -> str:
    """The words for a packet of which no layer has any."""
    last = layers[-1] if layers else None
    if last is None:
        return "nothing"
    if last.name == "data":
        return f"{last.end - last.start} octets of data"
    return last.title
