"""Internet Protocol version 4."""
from __future__ import annotations

from dissectors.checksum import BAD, GOOD, UNVERIFIED, ones_complement_sum, status_field
from dissectors.fields import Either, Flag, IPv4Address, Options, Uint
from dissectors.header import Header, Option, by

PROTOCOLS = {1: "ICMP", 2: "IGMP", 4: "IPv4", 6: "TCP", 17: "UDP", 41: "IPv6", 47: "GRE", 58: "ICMPv6", 132: "SCTP"}


class IPv4Option(Option):
    """IPv4 option (RFC 791, 3.1)."""

    name = "ip.opt"
    type = Uint(
        8, "kind", parts={"copy": Flag("copied"), "class": Uint(2, "class"), "number": Uint(5, "number")}
    )
    len = Uint(8, "octets of the option")

    members = by(type)
    end = len
    single = (0, 1)
    last = (0,)


class RouterAlert(IPv4Option):
    """Router alert (RFC 2113)."""

    name = "ip.opt.ra"
    prefix = "ip.opt"
    ra = Uint(16, "0: routers shall examine the packet")
    follows = {"ip.opt.type": 148}


def _checksum_status(layer: IPv4) -> int:
    header = layer.octets[layer.start : layer.stop]
    if layer.status or len(header) < layer.hdr_len:
        return UNVERIFIED
    return GOOD if ones_complement_sum(header) == 0xFFFF else BAD


class IPv4(Header):
    """Internet Protocol version 4 (RFC 791, 3.1)."""

    name = "ip"
    label = "IPv4"
    version = Uint(4, "4")
    hdr_len = Uint(4, "header, octets", unit=4)
    dsfield = Uint(
        8,
        "differentiated services",
        shown=hex,
        parts={"dscp": Uint(6, "code point"), "ecn": Uint(2, "explicit congestion notification")},
    )
    len = Uint(16, "header and data, octets")
    id = Uint(16, "identification, the same in all fragments", shown=hex)
    flags = Uint(
        3, "flags", shown=hex, parts={"rb": Flag("reserved"), "df": Flag("don't fragment"), "mf": Flag("more fragments")}
    )
    frag_offset = Uint(13, "where the fragment belongs, octets", unit=8)
    ttl = Uint(8, "time to live, hops")
    proto = Uint(8, "what is carried", names=PROTOCOLS)
    checksum = Uint(16, "of the header", shown=hex)
    src = IPv4Address("source address")
    dst = IPv4Address("destination address")
    options = Options(IPv4Option)
    addr = Either(src, dst)
    checksum_status = status_field(_checksum_status, name="ip.checksum.status")

    header_length = hdr_len
    end = len.or_rest()
    fragment = frag_offset
    follows = {"eth.type": 0x0800, "ip.version": 4, "ip.proto": 4}
    next = by(proto)
    addresses = ("src", "dst")
