"""Shim6 (RFC 5533, 5)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]



def test_payload(carry6: Carry) -> None:
    packet = carry6(140, "11 00 80 0000000001 9c41 9c42 000d 2809 68656c6c6f")
    assert packet.protocols == "ipv6:shim6:udp:data"
    assert (packet.shim6.p, packet.shim6.ct) == (True, 1)
    assert packet["udp.checksum.status"] == 1


def test_control(carry6: Carry) -> None:
    packet = carry6(140, "3b 01 42 00 abcd 0000 0102030405060708")
    assert (packet.shim6.p, packet.shim6.type, packet.shim6.checksum) == (False, 66, 0xABCD)
    assert packet.shim6.message == bytes.fromhex("00000102030405060708")
