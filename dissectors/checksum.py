"""Checksums, and what is said of one: the Internet checksum (RFC 1071) and CRC-32C (RFC 9260, appendix A)."""
from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

from dissectors import layout
from dissectors.fields import Derived, Uint
from dissectors.packet_flags import checksum_was_left
from dissectors.walk import ones_complement_sum as ones_complement_sum

if TYPE_CHECKING:
    from dissectors.header import Header

Sums = Any  # a number, or a numpy array of them

BAD, GOOD, UNVERIFIED, NOT_PRESENT, ILLEGAL, OFFLOADED = range(6)
ENDS = {"ip": (12, 20), "ipv6": (8, 40)}
"""Where the two addresses of a datagram stand in its header, octets."""
_LENGTH_AND_PROTOCOL = struct.Struct("!II").pack
_EXTENSIONS = frozenset({"ipv6.hopopts", "ipv6.routing", "ipv6.fraghdr", "ipv6.dstopts", "ah", "shim6"})
STATUS = {
    BAD: "bad",
    GOOD: "good",
    UNVERIFIED: "unverified",
    NOT_PRESENT: "not present",
    ILLEGAL: "zero, which is not allowed",
    OFFLOADED: "offloaded",
}


def status_field(work_out: object, **names: str) -> Uint:
    """The declaration of a `checksum.status` field; values as Wireshark numbers them, and 5 for offloaded."""
    return Derived(Uint(8, "is the checksum right", names=STATUS, **names), work_out)  # type: ignore[arg-type]


def _whole(layer: Header) -> bool:
    """Whether all octets of `layer` and what it carries are there, in this frame and in one datagram."""
    cut = layer.end > len(layer.octets) or layer.status & (layout.LONG_END | layout.QUOTED)
    return not cut and not layer.unfinished


def datagram_of(layer: Header) -> Header | None:
    """The IP header that carries `layer`, whatever extends it in between."""
    below = layer.below
    while below is not None and below.name in _EXTENSIONS:
        below = below.below
    return below


def pseudo_header(layer: Header, protocol: int, length: int) -> bytes | None:
    """The pseudo header of the datagram that carries `layer` (RFC 9293, 3.1; RFC 8200, 8.1); None where there is none.

    It counts the datagram's ends: the final destination of a source route, the home address of a mobile node.
    """
    datagram = datagram_of(layer)
    if datagram is None or datagram.name not in ENDS or datagram.status & layout.PARTIAL:
        return None
    first, last = ENDS[datagram.name]
    ends = datagram.octets[datagram.start + first : datagram.start + last]
    if datagram.name == "ip":
        if datagram.stop - datagram.start > datagram.declaration.fixed:
            ends = ends[:4] + socket.inet_aton(datagram.final_destination)
    elif layer.below is not datagram:
        ends = _ends_beyond(datagram, layer)
    # Longer than the 16 bits of IPv4's figure where a card is to cut it into segments; the sum is the same.
    return ends + _LENGTH_AND_PROTOCOL(length, protocol)


def _ends_beyond(datagram: Header, layer: Header) -> bytes:
    """Both addresses of an IPv6 datagram, as what extends it before `layer` has them."""
    first, final = datagram.src, datagram.dst
    below = layer.below
    while below is not None and below is not datagram:
        first = getattr(below, "original_source", None) or first
        final = getattr(below, "final_destination", None) or final
        below = below.below
    return socket.inet_pton(socket.AF_INET6, first) + socket.inet_pton(socket.AF_INET6, final)


def transport_status(layer: Header, protocol: int, covered: int | None = None) -> int:
    """Whether the checksum of a TCP, UDP or ICMPv6 header is right, pseudo header included.

    `covered` is the number of octets that it covers, header first (default: all of them).  A checksum that is the
    sum of the pseudo header alone was left for the card to complete, and so was one of which the capture says so:
    offloaded, neither good nor bad.
    """
    length = layer.end - layer.start
    covered = length if covered is None else covered
    pseudo = pseudo_header(layer, protocol, length)
    if pseudo is None or not layer.whole or covered > length or not _whole(layer):
        return UNVERIFIED
    partial = ones_complement_sum(pseudo)
    total = ones_complement_sum(layer.octets[layer.start : layer.start + covered], partial)
    if total == 0xFFFF:
        return GOOD
    wrong = is_wrong(total, partial, layer.checksum) and not checksum_was_left(layer.captured)
    return BAD if wrong else OFFLOADED


def is_wrong(total: Sums, pseudo: Sums, stated: Sums) -> Sums:
    """Whether a transport checksum is wrong, unless the capture says that it was left to the card.

    `total` is the sum over pseudo header, header and data, `pseudo` that of the pseudo header alone, and `stated` the
    checksum: one that is the same as `pseudo` was left to the card. All three are numbers, or arrays of them.
    """
    return (total != 0xFFFF) & (stated != pseudo)


def without_checksum(layer: Header) -> int:
    """What is said of a UDP header whose checksum is 0: over IPv6 only tunnels may do without one (RFC 6935, 5)."""
    if layer.checksum is None:
        return UNVERIFIED
    datagram = datagram_of(layer)
    return ILLEGAL if datagram is not None and datagram.name == "ipv6" else NOT_PRESENT


def message_status(layer: Header) -> int:
    """Whether the checksum of a message that counts no pseudo header is right: ICMP, IGMP (RFC 792, RFC 3376)."""
    if not _whole(layer):
        return UNVERIFIED
    return GOOD if ones_complement_sum(layer.octets[layer.start : layer.end]) == 0xFFFF else BAD


def crc_status(layer: Header, at: int) -> int:
    """Whether the CRC-32C that stands `at` octets into a packet of SCTP is right (RFC 9260, 6.8).

    Zero is said to be not present: it was left to the card, or agreed to be left out (RFC 9653).
    """
    if not layer.whole or not _whole(layer):
        return UNVERIFIED
    packet = layer.octets[layer.start : layer.end]
    stated = packet[at : at + 4]
    if crc32c(packet[:at] + bytes(4) + packet[at + 4 :]).to_bytes(4, "little") == stated:
        return GOOD
    return BAD if any(stated) else NOT_PRESENT


def _table() -> list[int]:
    table = []
    for octet in range(256):
        for _ in range(8):
            octet = octet >> 1 ^ (0x82F63B78 if octet & 1 else 0)
        table.append(octet)
    return table


_CRC32C = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), as SCTP uses it: the number whose least significant octet is sent first."""
    crc = 0xFFFFFFFF
    for octet in data:
        crc = crc >> 8 ^ _CRC32C[(crc ^ octet) & 0xFF]
    return crc ^ 0xFFFFFFFF
