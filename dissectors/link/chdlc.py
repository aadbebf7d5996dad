"""Cisco's HDLC framing of serial lines, and SLARP, by which its ends learn addresses and keep in touch."""
from __future__ import annotations

from dissectors.fields import IPv4Address, Uint
from dissectors.header import Header, Selector, by
from dissectors.link.ethernet import ETHERTYPES

ADDRESSES = {0x0F: "unicast", 0x8F: "multicast"}
PROTOCOLS = {**ETHERTYPES, 0x8035: "SLARP", 0xFEFE: "OSI network layer"}


class CiscoHDLC(Header):
    """Cisco HDLC (RFC 4349, 3.2)."""

    name = "chdlc"
    label = "CHDLC"
    address = Uint(8, "kind of address", shown=hex, names=ADDRESSES)
    control = Uint(8, "zero", shown=hex)
    protocol_ = Uint(16, "EtherType: what is carried", shown=hex, names=PROTOCOLS)

    follows = {"frame.linktype": 104, "ppp.frame": (0x0F, 0x8F)}
    next = by(protocol_, "chdlc.protocol")


class SLARPFormat(Selector):
    """Addresses or sequence numbers (Cisco, serial line address resolution)."""

    name = "slarp.format"
    ptype = Uint(32, "packet type")

    follows = {"chdlc.protocol": 0x8035}
    next = by(ptype, "slarp.ptype", default="slarp")


class SLARP(Header):
    """Serial Line Address Resolution Protocol (Cisco)."""

    name = "slarp"
    label = "SLARP"
    ptype = Uint(32, "packet type", names={0: "request", 1: "reply"})
    address = IPv4Address("of the sender")
    netmask = IPv4Address("mask of that address")
    reliability = Uint(16, "0xffff", shown=hex)

    def info(self) -> str | None:
        if not self.whole:
            return None
        return f"{'Reply' if self.ptype == 1 else 'Request'}, from {self.address}, mask {self.netmask}"


class SLARPKeepalive(Header):
    """Serial Line Address Resolution Protocol, keepalive (Cisco)."""

    name = "slarp"
    label = "SLARP"
    ptype = Uint(32, "packet type", names={2: "line keepalive"})
    mysequence = Uint(32, "sequence number of the sender")
    yoursequence = Uint(32, "last sequence number that the sender has seen")
    reliability = Uint(16, "0xffff", shown=hex)

    follows = {"slarp.ptype": 2}

    def info(self) -> str | None:
        if not self.whole:
            return None
        return f"Line keepalive, outgoing sequence {self.mysequence}, returned sequence {self.yoursequence}"
