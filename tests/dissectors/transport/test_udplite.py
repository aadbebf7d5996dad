"""UDP-Lite (RFC 3828)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]


def test_every_field_of_the_header(carry: Carry) -> None:
    packet = carry(136, "9c41 9c42 0008 42da 68656c6c6f")
    lite = packet["udplite"]
    assert (lite.srcport, lite.dstport, lite.checksum_coverage, lite.checksum) == (40001, 40002, 8, 0x42DA)
    assert lite.payload_ == b"hello"
    assert lite.info() == "40001 → 40002 Len=5"


def test_fields_have_the_names_of_udp(carry: Carry) -> None:
    packet = carry(136, "9c41 9c42 0008 42da 68656c6c6f")
    assert packet["udp.srcport"] == 40001
    assert packet["udp.checksum_coverage"] == 8
    assert packet["udp.length"] == 13


def test_a_port_leads_where_it_does_over_udp(carry: Carry) -> None:
    query = "1234 0100 0001 0000 0000 0000 01 61 00 0001 0001"
    assert carry(136, f"9c41 0035 0000 1234 {query}").protocols == "ip:udplite:dns"


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        ("0008 42da 68656c6c6f", 1),
        ("0008 42da 48454c4c4f", 1),
        ("0008 42db 68656c6c6f", 0),
        ("0000 ff0f 68656c6c6f", 1),
        ("0000 ff0f 48656c6c6f", 0),
        ("000a da72 68656c6c6f", 1),
        ("000a da72 6865ffffff", 1),
        ("000a da72 68ff6c6c6f", 0),
        ("0000 0000 68656c6c6f", 4),
        ("0003 1234 68656c6c6f", 2),
        ("000e 1234 68656c6c6f", 2),
    ],
)
def test_status_of_the_checksum(carry: Carry, octets: str, status: int) -> None:
    """Only what is covered counts; zero, and a coverage that cannot be, are not allowed (3.1)."""
    assert carry(136, f"9c41 9c42 {octets}")["udp.checksum.status"] == status
