"""NBMA Next Hop Resolution Protocol (RFC 2332, 5.2)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]


HEADER = "0001 0800 0000000000 ff 0018 6ee2 0000 01 03 04 00"


def test_every_field_of_the_fixed_header(carry: Carry) -> None:
    nhrp = carry(54, HEADER + "c0000201").nhrp
    assert (nhrp.afn, nhrp.pro_type, nhrp.hopcnt, nhrp.pktsz, nhrp.extoff) == (1, 0x0800, 255, 24, 0)
    assert (nhrp.version, nhrp.type, nhrp.shtl, nhrp.sstl) == (1, 3, 4, 0)
    assert nhrp.info() == "NHRP Registration Request"


def test_over_gre(carry: Carry) -> None:
    assert carry(47, "0000 2001" + HEADER + "c0000201").protocols == "ip:gre:nhrp:data"
