"""IP Authentication Header (RFC 4302)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]


HEADER = "11 04 0000 00001234 00000007 010203040506070809101112"
UDP = "9c41 9c42 000d ff79 68656c6c6f"


def test_every_field(carry: Carry) -> None:
    ah = carry(51, HEADER + UDP).ah
    assert (ah.next_header, ah.length, ah.spi, ah.sequence) == (17, 4, 0x1234, 7)
    assert ah.icv == bytes.fromhex("010203040506070809101112")


def test_what_it_protects_is_read_on(carry: Carry, carry6: Carry) -> None:
    assert carry(51, HEADER + UDP).protocols == "ip:ah:udp:data"
    assert carry6(51, HEADER + UDP).protocols == "ipv6:ah:udp:data"


def test_checksums_inside_count_the_addresses_outside(carry: Carry) -> None:
    assert carry(51, HEADER + UDP)["udp.checksum.status"] == 1


def test_a_length_below_the_least_is_told(carry: Carry) -> None:
    assert carry(51, "11 00 0000 00001234 00000007").malformed == "AH gives its header fewer than 12 octets"


def test_line(carry: Carry) -> None:
    assert carry(51, HEADER + UDP).ah.info() == "AH (SPI=0x00001234)"
