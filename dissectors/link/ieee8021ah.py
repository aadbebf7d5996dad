"""Provider backbone bridging: a customer's whole frame behind a service tag."""
from __future__ import annotations

from dissectors.fields import MAC, Flag, Uint
from dissectors.header import Header, by
from dissectors.link.ethernet import ETHERTYPES


class ServiceInstanceTag(Header):
    """Backbone service instance tag (IEEE 802.1Q, 9.7)."""

    name = "ieee8021ah"
    label = "802.1ah"
    priority = Uint(3, "priority code point")
    drop = Flag("may be dropped first")
    nca = Flag("no customer addresses")
    res1 = Uint(1, "reserved")
    res2 = Uint(2, "reserved")
    isid = Uint(24, "service instance")
    cdst = MAC("customer's destination address")
    csrc = MAC("customer's source address")
    etype = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    follows = {"eth.type": 0x88E7}
    next = by(etype, "eth.type")
    addresses = ("csrc", "cdst")
