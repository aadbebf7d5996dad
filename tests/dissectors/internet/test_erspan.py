"""ERSPAN (draft-foschiano-erspan-03)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

DATAGRAM = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f"
FRAME = "020000000002 020000000001 0800" + DATAGRAM



def test_type_i_has_no_header(carry: Carry) -> None:
    assert carry(47, "0000 88be" + FRAME).protocols == "ip:gre:eth:ip:udp:data"


def test_type_ii(carry: Carry) -> None:
    packet = carry(47, "1000 88be 00000001 1065 c807 00000009" + FRAME)
    assert packet.protocols == "ip:gre:erspan:eth:ip:udp:data"
    erspan = packet.erspan
    assert (erspan.version, erspan.vlan, erspan.cos, erspan.encap, erspan.spanid, erspan.index) == (1, 101, 6, 1, 7, 9)


def test_type_ii_whose_sequence_number_looks_like_type_i(carry: Carry) -> None:
    assert carry(47, "1000 88be 000088be 1065 c807 00000009" + FRAME).protocols == "ip:gre:erspan:eth:ip:udp:data"


def test_type_iii(carry: Carry) -> None:
    packet = carry(47, "1000 22eb 00000001 2065 c807 00000009 0001 800c" + FRAME)
    assert packet.protocols == "ip:gre:erspan:eth:ip:udp:data"
    erspan = packet.erspan
    assert (erspan.version, erspan.vlan, erspan.timestamp, erspan.sgt) == (2, 101, 9, 1)
    assert (erspan.p, erspan.ft, erspan.direction) == (1, 0, 1)
    assert packet["erspan.platid"] is None


def test_type_iii_with_a_subheader(carry: Carry) -> None:
    packet = carry(47, "1000 22eb 00000001 2065 c807 00000009 0001 8001 0c00000000000001" + FRAME)
    assert packet["erspan.platid"] == 3
    assert packet.udp.dstport == 40002


def test_type_iii_with_a_packet(carry: Carry) -> None:
    packet = carry(47, "1000 22eb 00000001 2065 c807 00000009 0001 0800" + DATAGRAM)
    assert packet.protocols == "ip:gre:erspan:ip:udp:data"
