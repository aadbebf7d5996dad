"""Internet Protocol version 6."""
from __future__ import annotations

from dissectors.fields import Derived, Either, IPv6Address, Uint
from dissectors.header import Header, by
from dissectors.internet.numbers import PROTOCOLS


class IPv6(Header):
    """Internet Protocol version 6 (RFC 8200, 3)."""

    name = "ipv6"
    label = "IPv6"
    version = Uint(4, "version")
    tclass = Uint(
        8,
        "traffic class",
        shown=hex,
        digits=8,
        parts={
            "dscp": Uint(6, "code point"),
            "ecn": Uint(2, "explicit congestion notification", names={0: "Not-ECT", 1: "ECT(1)", 2: "ECT(0)", 3: "CE"}),
        },
    )
    flow = Uint(20, "flow label", shown=hex)
    plen = Uint(16, "what follows this header, octets; 0 in a jumbogram")
    nxt = Uint(8, "next header", names=PROTOCOLS)
    hlim = Uint(8, "hop limit")
    src = IPv6Address("source address")
    dst = IPv6Address("destination address")
    addr = Either(src, dst)
    ip_version = Derived(Uint(4, "version of the Internet Protocol", name="ip.version"), lambda layer: layer.version)

    end = plen.or_rest(more_than=0xFFFF) + 40
    follows = {"ip.version": 6, "ipv6.version": 6}
    next = by(nxt, "ip.proto")
    addresses = ("src", "dst")

    def info(self) -> str | None:
        return None if self.nxt is None else f"{PROTOCOLS.get(self.nxt, 'unknown')} ({self.nxt})"
