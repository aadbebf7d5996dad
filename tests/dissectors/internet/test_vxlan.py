"""VXLAN (RFC 7348) and its generic protocol extension."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

DATAGRAM = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f"
FRAME = "020000000002 020000000001 0800" + DATAGRAM



def test_every_field(carry: Carry) -> None:
    packet = carry(17, "9c41 12b5 003f 0000 8848 0007 00002a 00" + FRAME)
    vxlan = packet.vxlan
    assert (vxlan.flags, vxlan.gbp, vxlan.vni) == (0x8848, 7, 42)
    assert [packet[f"vxlan.flag_{bit}"] for bit in "gida"] == [True, True, True, True]
    assert packet.protocols == "ip:udp:vxlan:eth:ip:udp:data"


def test_the_port_of_linux(carry: Carry) -> None:
    assert carry(17, "9c41 2118 003f 0000 0800 0000 00002a 00" + FRAME).vxlan.vni == 42


def test_generic_protocol_extension(carry: Carry) -> None:
    packet = carry(17, "9c41 12b6 0031 0000 0c 0000 01 00002a 00" + DATAGRAM)
    assert (packet["vxlan.i_bit"], packet["vxlan.p_bit"], packet.vxlan.next_proto) == (1, 1, 1)
    assert packet.protocols == "ip:udp:vxlan:ip:udp:data"
