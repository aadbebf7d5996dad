"""What the tests of the internet layer share."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

RAW_IP = 101  # LINKTYPE_RAW

Carry = Callable[[int, str], Packet]


@pytest.fixture
def carry() -> Carry:
    """Puts octets, in hexadecimal, into an IPv4 datagram from 192.0.2.1 to 192.0.2.2 with the given protocol."""

    def datagram(protocol: int, octets: str) -> Packet:
        data = bytes.fromhex(octets)
        header = bytes.fromhex(f"4500 {20 + len(data):04x} 0001 0000 40 {protocol:02x} 0000 c0000201 c0000202")
        return Packet.of(header + data, RAW_IP)

    return datagram


@pytest.fixture
def carry6() -> Carry:
    """Puts octets, in hexadecimal, into an IPv6 packet from 2001:db8::1 to 2001:db8::2 with the given next header."""

    def datagram(protocol: int, octets: str) -> Packet:
        data = bytes.fromhex(octets)
        ends = "20010db8000000000000000000000001 20010db8000000000000000000000002"
        return Packet.of(bytes.fromhex(f"60000000 {len(data):04x} {protocol:02x} 40 {ends}") + data, RAW_IP)

    return datagram
