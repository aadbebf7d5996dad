"""VLAN tags: IEEE 802.1Q, and the service tag that 802.1ad stacks above it."""
from __future__ import annotations

from dissectors.fields import Flag, Uint
from dissectors.header import Header, Selector, always, by
from dissectors.link.ethernet import ETHERTYPES, LENGTHS


class VLANFormat(Selector):
    """Length or type behind a tag (IEEE 802.1Q, 9.4)."""

    name = "vlan.format"
    tag = Uint(16, "tag control information")
    length_or_type = Uint(16, "length or type")

    follows = {"eth.type": (0x8100, 0x9100)}
    next = by(length_or_type, "vlan.format", default="vlan")


class _Tag(Header):
    """Tag control information (IEEE 802.1Q, 9.6)."""

    prefix = "vlan"
    label = "802.1Q"
    priority = Uint(3, "priority code point")
    dei = Flag("may be dropped first")
    id = Uint(12, "VLAN, 0: priority alone")

    def info(self) -> str | None:
        return f"PRI: {self.priority} DEI: {self.dei:d} ID: {self.id}" if self.whole else None


class VLAN(_Tag):
    """VLAN tag (IEEE 802.1Q, 9.6)."""

    name = "vlan"
    etype = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    next = by(etype, "eth.type")


class VLANWithLength(_Tag):
    """VLAN tag before a length (IEEE 802.1Q, 9.4)."""

    name = "vlan"
    len = Uint(16, "what is carried, octets")

    end = len + 4
    follows = {"vlan.format": LENGTHS}
    next = always("llc.format")


class ServiceTag(Header):
    """Service VLAN tag (IEEE 802.1ad, 9.6)."""

    name = "ieee8021ad"
    label = "802.1ad"
    priority = Uint(3, "priority code point")
    dei = Flag("may be dropped first")
    id = Uint(12, "service VLAN")
    etype = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    follows = {"eth.type": 0x88A8}
    next = by(etype, "eth.type")
