"""Link types that have no header at all: the frame is an IP datagram, whose first four bits say which."""
from __future__ import annotations

from dissectors.fields import Uint
from dissectors.header import Selector, by


class IPVersion(Selector):
    """The version that every IP header begins with (RFC 791, 3.1; RFC 8200, 3)."""

    name = "ip.version"
    version = Uint(4, "version, 4 or 6")
    rest = Uint(4, "of no concern here")

    follows = {
        "frame.linktype": (12, 14, 101, 106, 228),
        "eth.type": 0x0800,
        "ip.proto": (4, 94),
        "nsh.nextproto": 1,
        "null.family": (2, 24, 28, 30),
        "ppp.protocol": (0x0021, 0x0057),
        "chdlc.protocol": (0x0800, 0x86DD),
        "fr.nlpid": (0x8E, 0xCC),
        "llc.dsap": 0x06,
        "mpls.payload": (4, 6),
        "pwach.channel_type": (0x0021, 0x0057),
        "arcnet.protID": (0xC4, 0xD4, 0xF0),
        "ipnet.family": (2, 26),
        "pflog.af": (2, 10, 24, 28, 30),
    }
    next = by(version, "ip.version", default="ip.unknown")
