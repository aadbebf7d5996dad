"""Frames around application messages: IPv4 192.0.2.1 to 192.0.2.2, no link layer, no checksums."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

RAW_IP = 101
IP = "4500{length:04x}00010000{ttl_proto}0000c0000201c0000202"


def _frame(protocol: str, transport: str, message: bytes) -> Packet:
    octets = bytes.fromhex(transport) + message
    header = IP.format(length=20 + len(octets), ttl_proto="40" + protocol)
    return Packet.of(bytes.fromhex(header) + octets, RAW_IP)


def over_udp(message: str | bytes, source: int, destination: int) -> Packet:
    """A datagram that carries `message`, hexadecimal or octets."""
    octets = bytes.fromhex(message) if isinstance(message, str) else message
    return _frame("11", f"{source:04x}{destination:04x}{8 + len(octets):04x}0000", octets)


def over_tcp(message: str | bytes, source: int, destination: int) -> Packet:
    """A segment that carries `message`, hexadecimal or octets."""
    octets = bytes.fromhex(message) if isinstance(message, str) else message
    return _frame("06", f"{source:04x}{destination:04x}000000010000000150180400" + "00000000", octets)


@pytest.fixture
def udp() -> Callable[[str | bytes, int, int], Packet]:
    return over_udp


@pytest.fixture
def tcp() -> Callable[[str | bytes, int, int], Packet]:
    return over_tcp
