"""Checksums: the Internet checksum, CRC-32C, and what is said of one."""
from __future__ import annotations

import struct

import pytest

from dissectors.checksum import crc32c, ones_complement_sum
from dissectors.packet import Packet

RAW_IP = 101
IPV6_ENDS = "20010db8000000000000000000000001 20010db8000000000000000000000002"


# -- the sums -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "total"),
    [
        ("", 0),
        ("0000", 0),
        ("0001f203f4f5f6f7", 0xDDF2),  # the example of RFC 1071, 3
        ("ff", 0xFF00),
        ("ffff", 0xFFFF),
        ("ffff0001", 0x0001),
        ("fffe0001", 0xFFFF),
    ],
)
def test_ones_complement_sum(octets: str, total: int) -> None:
    assert ones_complement_sum(bytes.fromhex(octets)) == total


def test_a_sum_goes_on_from_another() -> None:
    assert ones_complement_sum(bytes.fromhex("f4f5f6f7"), 0xF204) == 0xDDF2


@pytest.mark.parametrize(
    ("octets", "crc"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # RFC 3720, B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_crc32c(octets: bytes, crc: int) -> None:
    assert crc32c(octets) == crc


# -- what is said of a transport checksum ---------------------------------------------------------------------


def segment(checksum: str, *, flags: str = "0000", length: int = 45, ports: str = "c00001bb") -> bytes:
    """An IPv4 datagram with a TCP segment of five octets of data, whose right checksum is 0x204d."""
    return bytes.fromhex(
        f"4500 {length:04x} 0001 {flags} 40 06 0000 c0000201 c0000202"
        f"{ports} 000003e8 00000001 5018 0200 {checksum} 0000 68656c6c6f"
    )


GOOD = "204d"
PARTIAL = "8423"


def status(frame: bytes) -> int:
    found = Packet.of(frame, RAW_IP)["tcp.checksum.status"]
    assert isinstance(found, int)
    return found


def test_good() -> None:
    assert status(segment(GOOD)) == 1


def test_bad() -> None:
    assert status(segment("204e")) == 0


def test_good_over_ipv6() -> None:
    octets = f"60000000 0019 06 40 {IPV6_ENDS} c00001bb 000003e8 00000001 5018 0200 48dc 0000 68656c6c6f"
    assert status(bytes.fromhex(octets)) == 1


def test_a_checksum_left_to_the_card_is_offloaded() -> None:
    """Linux leaves the sum of the pseudo header in the field, for the card to go on from."""
    assert status(segment(PARTIAL)) == 5


def test_what_is_cut_short_is_unverified() -> None:
    whole = segment(GOOD)
    packet = Packet(whole[:-1], Packet.of(whole, RAW_IP).interface, length=len(whole))
    assert packet["tcp.checksum.status"] == 2


def test_a_datagram_that_promises_more_is_unverified() -> None:
    assert status(segment(GOOD, length=46)) == 2


def test_a_first_fragment_is_unverified() -> None:
    assert status(segment(GOOD, flags="2000")) == 2


def test_a_first_fragment_of_ipv6_is_unverified() -> None:
    fragment = f"60000000 0021 2c 40 {IPV6_ENDS} 06 00 0001 00000001"
    assert status(bytes.fromhex(f"{fragment} c00001bb 000003e8 00000001 5018 0200 48dc 0000 68656c6c6f")) == 2


def test_a_segment_that_an_error_quotes_is_unverified() -> None:
    quoted = segment(GOOD)
    error = bytes.fromhex(f"4500 {28 + len(quoted):04x} 0001 0000 40 01 0000 c0000202 c0000201 0301 0000 00000000")
    assert status(error + quoted) == 2


def test_a_segment_without_a_datagram_around_it_is_unverified() -> None:
    """As over MPLS or in a tunnel that is not dissected: there is no pseudo header to count."""
    from dissectors.transport.tcp import TCP

    whole = Packet.of(segment(GOOD), RAW_IP)
    alone = TCP(whole.captured, 20, 40, 45)
    assert alone.checksum_status == 2


def test_a_segment_longer_than_16_bits_can_say() -> None:
    """BIG TCP: the total length is 0, and the pseudo header counts a length of 32 bits."""
    data = bytes(80000)
    header = struct.pack("!HHIIBBHHH", 49152, 443, 1000, 1, 0x50, 0x10, 512, 0, 0)
    length = len(header) + len(data)
    pseudo = 0xC000 + 0x0201 + 0xC000 + 0x0202 + 6 + (length >> 16) + (length & 0xFFFF)
    partial = (pseudo & 0xFFFF) + (pseudo >> 16)
    header = header[:16] + struct.pack("!H", partial) + header[18:]
    frame = bytes.fromhex("4500 0000 0001 0000 40 06 0000 c0000201 c0000202") + header + data
    assert status(frame) == 5
