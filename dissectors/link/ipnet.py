"""What Solaris puts before a datagram between its zones."""
from __future__ import annotations

from dissectors.fields import Uint
from dissectors.header import Header, by

FAMILIES = {2: "IPv4", 26: "IPv6"}
HOOKS = {0: "inbound", 1: "outbound", 2: "local"}


class IPNET(Header):
    """Solaris IPNET (pcap link type IPNET)."""

    name = "ipnet"
    label = "IPNET"
    version = Uint(8, "version")
    family = Uint(8, "address family, as Solaris numbers them", names=FAMILIES)
    htype = Uint(16, "where it was seen", names=HOOKS)
    pktlen = Uint(32, "datagram, octets")
    ifindex = Uint(32, "interface")
    grifindex = Uint(32, "group of interfaces")
    zsrc = Uint(32, "source zone")
    zdst = Uint(32, "destination zone")

    follows = {"frame.linktype": 226}
    next = by(family)
