"""The vocabulary of pcapng: blocks, option lists, interface descriptions, timestamps (draft-ietf-opsawg-pcapng).

What both the reading and the writing side in `pcapng.py` need to know of the format, and nothing that touches a
file. Values from a file keep the byte order of their section; `big_endian` goes along with them.
"""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dissectors.packet import Interface

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
OBSOLETE_PACKET = 2
SIMPLE_PACKET = 3
NAME_RESOLUTION = 4
INTERFACE_STATISTICS = 5
ENHANCED_PACKET = 6
DECRYPTION_SECRETS = 10
CUSTOM = 0x0BAD
CUSTOM_NOT_COPIED = 0x40000BAD

_NAMES = {
    SECTION_HEADER: "section header",
    INTERFACE_DESCRIPTION: "interface description",
    OBSOLETE_PACKET: "obsolete packet",
    SIMPLE_PACKET: "simple packet",
    NAME_RESOLUTION: "name resolution",
    INTERFACE_STATISTICS: "interface statistics",
    ENHANCED_PACKET: "enhanced packet",
    DECRYPTION_SECRETS: "decryption secrets",
    CUSTOM: "custom",
    CUSTOM_NOT_COPIED: "custom (not to be copied)",
}

BYTE_ORDER_MAGIC = 0x1A2B3C4D

OPT_ENDOFOPT = 0
IF_NAME = 2
IF_DESCRIPTION = 3
IF_TSRESOL = 9
IF_FCSLEN = 13
IF_TSOFFSET = 14
EPB_DROPCOUNT = 4

LONGEST_PACKET = 16 << 20
"""Octets in a packet above which a length is nonsense: sixty times what libpcap captures."""

LONGEST_BLOCK = LONGEST_PACKET + (1 << 20)
"""Octets in a pcapng block above which its length is nonsense: the longest packet and room for options."""

_NANOSECONDS = 1_000_000_000

Options = tuple[tuple[int, bytes], ...]


def block_name(type: int) -> str:
    """What a block type is called in messages: "enhanced packet block", "block of type 0x00000bb9"."""
    name = _NAMES.get(type)
    return f"{name} block" if name else f"block of type 0x{type:08x}"


@dataclass(slots=True)
class Block:
    """A pcapng block that is not a packet, as it stands in the file.

    `body` is what lies between the two total lengths, in the byte order of its section (`big_endian`).
    `interface` is the one that an interface description describes or that interface statistics are about.
    """

    type: int
    body: bytes
    big_endian: bool = False
    interface: Interface | None = None

    @property
    def name(self) -> str:
        """What the block is, in words."""
        return block_name(self.type)


@dataclass(slots=True)
class Statistics:
    """What an interface statistics block says (draft-ietf-opsawg-pcapng, section 4.6).

    Times are nanoseconds since the epoch; the counts are packets since the capture began, under the names of their
    options. None is what the block does not say.
    """

    interface: Interface
    time_ns: int
    starttime_ns: int | None = None
    endtime_ns: int | None = None
    ifrecv: int | None = None
    ifdrop: int | None = None
    filteraccept: int | None = None
    osdrop: int | None = None
    usrdeliv: int | None = None


_STATISTICS_TIMES = {2: "starttime_ns", 3: "endtime_ns"}
_STATISTICS_COUNTS = {4: "ifrecv", 5: "ifdrop", 6: "filteraccept", 7: "osdrop", 8: "usrdeliv"}


def section_header(options: Options = (), *, big_endian: bool = False) -> Block:
    """A section header block (section 4.1) that leaves the length of its section open.

    Options are (code, value) pairs: 1 is a comment, 2 the hardware, 3 the operating system, 4 the program.
    """
    body = struct.pack(order(big_endian) + "IHHq", BYTE_ORDER_MAGIC, 1, 0, -1)
    return Block(SECTION_HEADER, body + pack_options(options, big_endian), big_endian)


def order(big_endian: bool) -> str:
    """The byte order as `struct` writes it."""
    return ">" if big_endian else "<"


def unpack_options(body: bytes, start: int, big_endian: bool) -> Options:
    """The (code, value) pairs of an option list (section 3.5) that takes the rest of `body` from `start`.

    The list may end without opt_endofopt, as many writers leave it out. Raises ValueError, in words for a message,
    when an option does not fit.
    """
    header = struct.Struct(order(big_endian) + "HH")
    options: list[tuple[int, bytes]] = []
    end = len(body)
    while start + 4 <= end:
        code, length = header.unpack_from(body, start)
        if code == OPT_ENDOFOPT:
            break
        start += 4
        if start + length > end:
            raise ValueError(f"option {code} is said to be {length} bytes long where {end - start} are left")
        options.append((code, body[start : start + length]))
        start += length + (-length & 3)
    return tuple(options)


def pack_options(options: Sequence[tuple[int, bytes]], big_endian: bool) -> bytes:
    """The octets of an option list; none at all when the list is empty."""
    if not options:
        return b""
    header = struct.Struct(order(big_endian) + "HH")
    pieces = [header.pack(code, len(value)) + value + bytes(-len(value) & 3) for code, value in options]
    return b"".join(pieces) + header.pack(OPT_ENDOFOPT, 0)


def describe(number: int, body: bytes, big_endian: bool) -> Interface:
    """The interface that the body of an interface description block (section 4.2) describes.

    `number` counts the interfaces of the section from 0. Raises ValueError when the option list is broken. The body
    has been found to be long enough.
    """
    linktype, _, snaplen = struct.unpack_from(order(big_endian) + "HHI", body)
    options = unpack_options(body, 8, big_endian)
    name, description, resolution, offset = _described(options, big_endian)
    return Interface(linktype, snaplen, name, description, number, resolution, offset, options, big_endian)


def description(interface: Interface) -> Block:
    """The interface description block of an interface, whether it was read from a file or made by a program.

    Raises ValueError when its resolution is neither a power of ten nor of two.
    """
    big_endian = interface.big_endian
    options = interface.options
    said = (interface.name, interface.description, interface.resolution, interface.offset)
    if _described(options, big_endian) != said:
        composed: list[tuple[int, bytes]] = []
        if interface.name:
            composed.append((IF_NAME, interface.name.encode()))
        if interface.description:
            composed.append((IF_DESCRIPTION, interface.description.encode()))
        if interface.resolution != 1_000_000:
            composed.append((IF_TSRESOL, bytes([_exponent(interface.resolution)])))
        if interface.offset:
            composed.append((IF_TSOFFSET, struct.pack(order(big_endian) + "q", interface.offset)))
        others = [each for each in options if each[0] not in (IF_NAME, IF_DESCRIPTION, IF_TSRESOL, IF_TSOFFSET)]
        options = (*composed, *others)
    body = struct.pack(order(big_endian) + "HHI", interface.linktype, 0, interface.snaplen)
    return Block(INTERFACE_DESCRIPTION, body + pack_options(options, big_endian), big_endian, interface)


def _described(options: Options, big_endian: bool) -> tuple[str, str, int, int]:
    """Name, description, resolution (units a second) and offset (seconds) from an interface's options."""
    name = description = ""
    resolution, offset = 1_000_000, 0
    for code, value in options:
        if code == IF_NAME:
            name = _text(value)
        elif code == IF_DESCRIPTION:
            description = _text(value)
        elif code == IF_TSRESOL and len(value) == 1:
            resolution = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == IF_TSOFFSET and len(value) == 8:
            offset = int.from_bytes(value, "big" if big_endian else "little", signed=True)
    return name, description, resolution, offset


def _exponent(resolution: int) -> int:
    """The value of if_tsresol for a resolution in units a second."""
    for exponent in range(128):
        if 10**exponent == resolution:
            return exponent
        if 2**exponent == resolution:
            return exponent | 0x80
    raise ValueError(f"{resolution} units a second is neither a power of ten nor of two, as a resolution must be")


def _text(value: bytes) -> str:
    """A string option: UTF-8, not terminated; some writers terminate it all the same."""
    return value.rstrip(b"\0").decode("utf-8", "replace")


class Clock:
    """Turns an interface's timestamps, counts of its own unit, into nanoseconds since the epoch and back.

    `units * multiplier // divisor + offset_ns` is the time; a reader in a hurry computes it in place.
    """

    __slots__ = ("divisor", "multiplier", "offset_ns", "resolution")

    def __init__(self, interface: Interface) -> None:
        self.resolution = interface.resolution
        self.offset_ns = interface.offset * _NANOSECONDS
        common = math.gcd(_NANOSECONDS, self.resolution)
        self.multiplier = _NANOSECONDS // common
        self.divisor = self.resolution // common

    def time_ns(self, units: int) -> int:
        """Nanoseconds since the epoch; what is finer than one is cut off."""
        return units * self.multiplier // self.divisor + self.offset_ns

    def units(self, time_ns: int) -> int:
        """The count that `time_ns` gives this time back for, or the one just before it when there is none."""
        nanoseconds = time_ns - self.offset_ns
        units = -(-nanoseconds * self.divisor // self.multiplier)
        return units if units * self.multiplier // self.divisor == nanoseconds else units - 1


def unpack_statistics(body: bytes, interface: Interface, big_endian: bool) -> Statistics:
    """The content of an interface statistics block (section 4.6).

    Raises ValueError when the option list is broken. The body has been found to be long enough.
    """
    clock = Clock(interface)
    _, high, low = struct.unpack_from(order(big_endian) + "III", body)
    statistics = Statistics(interface, clock.time_ns(high << 32 | low))
    for code, value in unpack_options(body, 12, big_endian):
        if len(value) != 8:
            continue
        if code in _STATISTICS_TIMES:  # two 32-bit words, the high one first in either byte order
            high, low = struct.unpack(order(big_endian) + "II", value)
            setattr(statistics, _STATISTICS_TIMES[code], clock.time_ns(high << 32 | low))
        elif code in _STATISTICS_COUNTS:
            setattr(statistics, _STATISTICS_COUNTS[code], int.from_bytes(value, "big" if big_endian else "little"))
    return statistics


def pack_statistics(statistics: Statistics, number: int) -> bytes:
    """The body of an interface statistics block (section 4.6) of the section's interface of this number.

    Raises ValueError when a time or a count needs more than 64 bits.
    """
    interface = statistics.interface
    clock = Clock(interface)
    two_words = struct.Struct(order(interface.big_endian) + "II").pack
    count = struct.Struct(order(interface.big_endian) + "Q").pack

    def time(time_ns: int) -> bytes:  # the high word first in either byte order
        return two_words(*divmod(clock.units(time_ns), 1 << 32))

    options: list[tuple[int, bytes]] = []
    try:
        for names, pack in ((_STATISTICS_TIMES, time), (_STATISTICS_COUNTS, count)):
            for code, name in names.items():
                value = getattr(statistics, name)
                if value is not None:
                    options.append((code, pack(value)))
        body = struct.pack(order(interface.big_endian) + "I", number) + time(statistics.time_ns)
    except struct.error:
        raise ValueError("a time or a count of it needs more than 64 bits") from None
    return body + pack_options(options, interface.big_endian)


_ADDRESS_LENGTHS = {1: 4, 2: 16, 3: 6, 4: 8}  # of IPv4, IPv6, EUI-48 and EUI-64 records


def unpack_names(body: bytes, big_endian: bool) -> Iterator[tuple[str, str]]:
    """Address text and name of each record of a name resolution block (section 4.5); of several names, the first.

    Raises ValueError when a record does not fit the block.
    """
    header = struct.Struct(order(big_endian) + "HH")
    start, end = 0, len(body)
    while start + 4 <= end:
        kind, length = header.unpack_from(body, start)
        if kind == 0:  # nrb_record_end; options may follow
            break
        start += 4
        if start + length > end:
            raise ValueError(f"a name record is said to be {length} bytes long where {end - start} are left")
        value = body[start : start + length]
        size = _ADDRESS_LENGTHS.get(kind, 0)
        if 0 < size < length:
            yield _address(value[:size]), _text(value[size:].split(b"\0", 1)[0])
        start += length + (-length & 3)


def _address(value: bytes) -> str:
    if len(value) == 4:
        return socket.inet_ntop(socket.AF_INET, value)
    if len(value) == 16:
        return socket.inet_ntop(socket.AF_INET6, value)
    return value.hex(":")


def unpack_secrets(body: bytes, big_endian: bool) -> tuple[int, bytes]:
    """Type and octets of the secrets in a decryption secrets block (section 4.7).

    Raises ValueError when they do not fit the block.
    """
    kind, length = struct.unpack_from(order(big_endian) + "II", body)
    if length > len(body) - 8:
        raise ValueError(f"its secrets are said to be {length} bytes long where {len(body) - 8} are there")
    return kind, body[8 : 8 + length]
