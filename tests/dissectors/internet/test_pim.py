"""Protocol Independent Multicast (RFC 7761)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

DATAGRAM = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f"



def test_header(carry: Carry) -> None:
    pim = carry(103, "2000 dfff").pim
    assert (pim.version, pim.type, pim.cksum) == (2, 0, 0xDFFF)
    assert pim.info() == "Hello"


def test_register(carry: Carry) -> None:
    packet = carry(103, "2100 0000 80000000" + DATAGRAM)
    assert packet["pim.register_flag.border"] is True
    assert packet["pim.register_flag.null_register"] is False
    assert packet.protocols == "ip:pim:ip:udp:data"
