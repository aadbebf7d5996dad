"""Ethernet II and IEEE 802.3 frames: the same fourteen octets, told apart by the last two."""
from __future__ import annotations

from dissectors.fields import MAC, Either, Uint
from dissectors.header import Header, by

ETHERTYPES = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x8100: "802.1Q",
    0x86DD: "IPv6",
    0x8847: "MPLS",
    0x8863: "PPPoE discovery",
    0x8864: "PPPoE session",
    0x88A8: "802.1ad",
}


class Ethernet(Header):
    """Ethernet II (IEEE 802.3, 3.1)."""

    name = "eth"
    label = "Ethernet"
    dst = MAC("destination address")
    src = MAC("source address")
    type = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)
    addr = Either(dst, src)

    follows = {"frame.linktype": 1}
    next = by(type)
    addresses = ("src", "dst")
