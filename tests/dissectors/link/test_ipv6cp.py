"""IPv6 Control Protocol."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_interface_identifier(read: Read) -> None:
    packet = read("8057 02 01 000e 010a 020000fffe000001", 9)
    assert packet["ipv6cp.interface_identifier"] == bytes.fromhex("020000fffe000001")
    assert packet.ipv6cp.info() == "Configuration Ack"
