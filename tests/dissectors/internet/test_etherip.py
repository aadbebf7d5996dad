"""EtherIP (RFC 3378), and Ethernet frames as protocol 143 (RFC 8986, 9)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

DATAGRAM = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f"
FRAME = "020000000002 020000000001 0800" + DATAGRAM



def test_header_and_frame(carry: Carry) -> None:
    packet = carry(97, "3000" + FRAME)
    assert (packet.etherip.ver, packet.etherip.reserved) == (3, 0)
    assert packet.protocols == "ip:etherip:eth:ip:udp:data"


def test_protocol_143(carry6: Carry) -> None:
    assert carry6(143, FRAME).protocols == "ipv6:eth:ip:udp:data"
