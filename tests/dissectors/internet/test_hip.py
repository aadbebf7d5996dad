"""Host Identity Protocol (RFC 7401, 5)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]


TAGS = "20010010000000000000000000000001" "20010010000000000000000000000002"


def test_every_field(carry6: Carry) -> None:
    hip = carry6(139, "3b 04 02 21 abcd 0001" + TAGS).hip
    assert (hip.proto, hip.hdr_len, hip.packet_type, hip.version, hip.checksum, hip.a) == (59, 4, 2, 2, 0xABCD, True)
    assert hip.hit_sndr.hex() == "20010010000000000000000000000001"
    assert hip.info() == "HIP R1"


def test_parameters_are_padded_to_words_of_eight(carry6: Carry) -> None:
    packet = carry6(139, "3b 07 01 21 abcd 0000" + TAGS + "0041 0005 0102030405 00000000000000" "0101 0004 01020304")
    assert packet.values("hip.type") == [0x41, 0x101]
    assert packet.values("hip.parameter.contents") == [b"\1\2\3\4\5", b"\1\2\3\4"]
