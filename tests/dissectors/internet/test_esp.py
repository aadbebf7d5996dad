"""Encapsulating Security Payload (RFC 4303), also over UDP (RFC 3948)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]



def test_what_is_not_encrypted(carry: Carry) -> None:
    packet = carry(50, "00001234 00000007 deadbeef")
    assert (packet.esp.spi, packet.esp.sequence) == (0x1234, 7)
    assert packet.protocols == "ip:esp:data"
    assert packet.esp.info() == "ESP (SPI=0x00001234)"


def test_over_udp(carry: Carry) -> None:
    assert carry(17, "9c41 1194 0014 0000 00001234 00000007 deadbeef").protocols == "ip:udp:esp:data"


def test_a_first_word_of_zero_marks_the_key_exchange(carry: Carry) -> None:
    packet = carry(17, "9c41 1194 0010 0000 00000000 deadbeef")
    assert packet.esp is None
    assert packet["udpencap.non_esp_marker"] == 0
