"""Internet Protocol version 6."""
from __future__ import annotations

from dissectors.fields import Either, IPv6Address, Uint
from dissectors.header import Header, by
from dissectors.internet.ipv4 import PROTOCOLS


class IPv6(Header):
    """Internet Protocol version 6 (RFC 8200, 3)."""

    name = "ipv6"
    label = "IPv6"
    version = Uint(4, "6")
    tclass = Uint(8, "traffic class", shown=hex)
    flow = Uint(20, "flow label", shown=hex)
    plen = Uint(16, "what follows this header, octets")
    nxt = Uint(8, "next header", names=PROTOCOLS)
    hlim = Uint(8, "hop limit")
    src = IPv6Address("source address")
    dst = IPv6Address("destination address")
    addr = Either(src, dst)

    end = plen.or_rest() + 40
    follows = {"eth.type": 0x86DD, "ip.version": 6, "ip.proto": 41}
    next = by(nxt, "ip.proto")
    addresses = ("src", "dst")

    def final_destination(self, layer: Header) -> str:
        """The address that the pseudo header counts."""
        return str(self.dst)
