"""User Datagram Protocol (RFC 768)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

HELLO = "9c41 9c42 000d ff79 68656c6c6f"
IPV6 = "60000000 000d 11 40 20010db8000000000000000000000001 20010db8000000000000000000000002"


def test_every_field_of_the_header(carry: Carry) -> None:
    udp = carry(17, HELLO).udp
    assert (udp.srcport, udp.dstport, udp.length, udp.checksum) == (40001, 40002, 13, 0xFF79)
    assert udp.payload_ == b"hello"


def test_either_port(carry: Carry) -> None:
    assert carry(17, HELLO).values("udp.port") == [40001, 40002]


def test_line(carry: Carry) -> None:
    assert carry(17, HELLO).udp.info() == "40001 → 40002 Len=5"


def test_line_of_what_was_cut_off(carry: Carry) -> None:
    whole = carry(17, HELLO)
    assert Packet(whole.data[:22], whole.interface, length=33).udp.info() is None
    assert Packet(whole.data[:27], whole.interface, length=33).udp.info() == "40001 → 40002"
    assert Packet(whole.data[:28], whole.interface, length=33).udp.info() == "40001 → 40002 Len=5"


def test_octets_behind_the_datagram_are_no_data(carry: Carry) -> None:
    assert carry(17, "9c41 9c42 000a 0000 68656c6c6f").udp.payload_ == b"he"


def test_a_length_below_the_header_is_malformed(carry: Carry) -> None:
    udp = carry(17, "9c41 9c42 0007 0000 68656c6c6f").udp
    assert udp.malformed == "UDP says it ends inside its own header"
    assert udp.payload_ is None


def test_a_length_beyond_the_datagram_is_malformed(carry: Carry) -> None:
    udp = carry(17, "9c41 9c42 0064 1234 68656c6c6f").udp
    assert udp.malformed == "UDP says it ends beyond what carries it"
    assert udp.payload_ == b"hello"
    assert udp.checksum_status == 2
    assert udp.info() == "40001 → 40002 Len=92"


def test_a_first_fragment_is_not_malformed() -> None:
    fragment = "45000021 0001 2000 40 11 0000 c0000201 c0000202"
    packet = Packet.of(bytes.fromhex(f"{fragment} 9c41 9c42 0064 1234 68656c6c6f"), 101)
    assert packet.malformed == ""
    assert packet.udp.checksum_status == 2
    assert packet.udp.info() == "40001 → 40002 Len=92"


def test_a_length_of_zero_is_that_of_a_jumbogram() -> None:
    """RFC 2675, 4; also what Linux leaves in a packet that a card is to cut into segments."""
    data = bytes(70000)
    jumbogram = bytes.fromhex(
        "60000000 0000 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002"
        "11 00 c2 04 00011180 9c41 9c42 0000 0000"
    )
    udp = Packet.of(jumbogram + data, 101).udp
    assert udp.length == 0
    assert udp.payload_length == 70000
    assert udp.info() == "40001 → 40002 Len=70000"


@pytest.mark.parametrize(("checksum", "status"), [("ff79", 1), ("ff7a", 0), ("0000", 3), ("8422", 5)])
def test_status_of_the_checksum(carry: Carry, checksum: str, status: int) -> None:
    assert carry(17, HELLO.replace("ff79", checksum))["udp.checksum.status"] == status


@pytest.mark.parametrize(("checksum", "status"), [("2809", 1), ("280a", 0), ("0000", 4)])
def test_status_of_the_checksum_over_ipv6(checksum: str, status: int) -> None:
    """RFC 8200, 8.1: over IPv6 a checksum must be made."""
    packet = Packet.of(bytes.fromhex(f"{IPV6} 9c41 9c42 000d {checksum} 68656c6c6f"), 101)
    assert packet["udp.checksum.status"] == status


def test_no_status_where_the_checksum_was_cut_off(carry: Carry) -> None:
    whole = carry(17, HELLO)
    assert Packet(whole.data[:26], whole.interface, length=33).udp.checksum_status == 2
