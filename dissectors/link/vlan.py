"""VLAN tags: IEEE 802.1Q, stacked as in 802.1ad."""
from __future__ import annotations

from dissectors.fields import Flag, Uint
from dissectors.header import Header, by
from dissectors.link.ethernet import ETHERTYPES


class VLAN(Header):
    """VLAN tag (IEEE 802.1Q, 9.6)."""

    name = "vlan"
    label = "802.1Q"
    priority = Uint(3, "priority code point")
    dei = Flag("may be dropped first")
    id = Uint(12, "VLAN")
    etype = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    follows = {"eth.type": (0x8100, 0x88A8, 0x9100)}
    next = by(etype, "eth.type")
