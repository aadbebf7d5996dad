"""Routing headers of IPv6: a list of nodes to visit, laid out by the routing type.

Transport checksums count the final destination (RFC 8200, 8.1), which each type keeps in a place of its own:
`final_destination` gives it while there are segments left, None when the IPv6 header already holds it.
"""
from __future__ import annotations

import socket
from collections.abc import Iterator

from dissectors.fields import Bytes, Flag, IPv6Address, Options, Repeat, Uint
from dissectors.header import Header, Item, Malformed, Option, Selector, by
from dissectors.internet.numbers import PROTOCOLS

TYPES = {0: "source route", 2: "mobility", 3: "RPL source route", 4: "segment routing", 5: "CRH-16", 6: "CRH-32"}


class RoutingType(Selector):
    """The type of a routing header, in its third octet (RFC 8200, 4.4)."""

    name = "ipv6.routing.type"
    ahead = Bytes(2, "next header and length")
    type = Uint(8, "type")

    follows = {"ip.proto": 43}
    next = by(type, "ipv6.routing.type", default="ipv6.routing")


class _Routing(Header):
    """What every routing header begins with."""

    prefix = "ipv6.routing"
    label = "IPv6 routing"
    nxt = Uint(8, "next header", names=PROTOCOLS)
    len = Uint(8, "words of 8 octets beyond the first")
    type = Uint(8, "routing type", names=TYPES)
    segleft = Uint(8, "nodes still to be visited")

    header_length = len * 8 + 8
    next = by(nxt, "ip.proto")


class RoutingHeader(_Routing):
    """IPv6 routing header (RFC 8200, 4.4)."""

    name = "ipv6.routing"
    unknown_data = Bytes(None, "what the type says")


class SourceRoute(_Routing):
    """IPv6 source route (RFC 2460, 4.4; deprecated by RFC 5095)."""

    name = "ipv6.routing"
    reserved = Bytes(4, "not used", name="ipv6.routing.src.reserved")
    addresses_ = Repeat("address", src_addr=IPv6Address("node to visit", name="ipv6.routing.src.addr"))

    follows = {"ipv6.routing.type": 0}

    @property
    def final_destination(self) -> str | None:
        return self.src_addr[-1] if self.segleft and self.src_addr else None


class MobileRoute(_Routing):
    """Routing header type 2: to a mobile node at its home address (RFC 6275, 6.4)."""

    name = "ipv6.routing"
    reserved = Bytes(4, "not used", name="ipv6.routing.mipv6.reserved")
    home_address = IPv6Address("home address of the destination", name="ipv6.routing.mipv6.home_address")

    follows = {"ipv6.routing.type": 2}

    def body(self) -> Iterator[Item]:
        """Nothing more, but only one segment may be left (RFC 6275, 6.4.1)."""
        if self.segleft not in (None, 1):
            raise Malformed(f"{self.segleft} segments left on the way to a mobile node, where there is 1")
        return iter(())

    @property
    def final_destination(self) -> str | None:
        return self.home_address if self.segleft else None


class RPLSourceRoute(_Routing):
    """RPL source route: addresses that leave out what they share with the destination (RFC 6554, 3)."""

    name = "ipv6.routing"
    prefix = "ipv6.routing.rpl"
    cmprI = Uint(4, "octets left out of each address but the last")
    cmprE = Uint(4, "octets left out of the last address")
    pad = Uint(4, "octets of padding at the end")
    reserved = Uint(20, "not used")
    address = Bytes(None, "what is left of the addresses, and padding")

    follows = {"ipv6.routing.type": 3}

    @property
    def final_destination(self) -> str | None:
        datagram = self.below
        while datagram is not None and datagram.name != "ipv6":
            datagram = datagram.below
        if datagram is None or self.status or not self.segleft:
            return None
        end = self.stop - self.pad
        kept = 16 - self.cmprE
        if end - kept < self.start + 8:
            return None
        shared = socket.inet_pton(socket.AF_INET6, datagram.dst)[: self.cmprE]
        return socket.inet_ntop(socket.AF_INET6, shared + self.octets[end - kept : end])


class SegmentTLV(Option):
    """TLV of a segment routing header (RFC 8754, 2.1)."""

    name = "ipv6.routing.srh.tlv"
    type = Uint(8, "type", names={0: "Pad1", 4: "PadN", 5: "HMAC"})
    length = Uint(8, "octets of the value")

    members = by(type, default="ipv6.routing.srh.tlv.other")
    end = length + 2
    single = (0,)


class UnknownSegmentTLV(SegmentTLV):
    """TLV of a segment routing header, of another type (RFC 8754, 2.1)."""

    name = "ipv6.routing.srh.tlv.other"
    prefix = "ipv6.routing.srh.tlv"
    value = Bytes(None, "the value")


class SegmentHMAC(SegmentTLV):
    """HMAC over a segment routing header (RFC 8754, 2.1.2)."""

    name = "ipv6.routing.srh.tlv.hmac"
    d = Flag("the destination need not be the first segment")
    reserved = Uint(15, "not used")
    key_id = Uint(32, "key", shown=hex)
    hmac = Bytes(None, "the code")

    follows = {"ipv6.routing.srh.tlv.type": 5}


def _segment(layer: Header, index: int) -> str:
    """The heading of a segment: its index, and whether the packet is on the way to it (RFC 8754, 2)."""
    return f"Segment {index}, active" if index == layer.segleft else f"Segment {index}"


class SegmentRouting(_Routing):
    """Segment routing header (RFC 8754, 2)."""

    name = "ipv6.routing"
    prefix = "ipv6.routing.srh"
    last_entry = Uint(8, "index of the last segment of the list")
    flags = Uint(8, "flags", shown=hex)
    tag = Bytes(2, "marks packets of the same class")
    segments = Repeat(
        "segment",
        _segment,
        count=last_entry + 1,
        addr=IPv6Address("node to visit; the list begins with the last"),
    )
    tlvs = Options(SegmentTLV, "TLVs")

    follows = {"ipv6.routing.type": 4}

    @property
    def final_destination(self) -> str | None:
        return self.addr[0] if self.segleft and self.addr else None


class CompressedRouting16(_Routing):
    """Compact routing header, identifiers of 16 bits (RFC 9631, 4)."""

    name = "ipv6.routing"
    prefix = "ipv6.routing.crh16"
    segments = Repeat("segment", sid=Uint(16, "segment, the last to be visited first"))

    follows = {"ipv6.routing.type": 5}


class CompressedRouting32(_Routing):
    """Compact routing header, identifiers of 32 bits (RFC 9631, 4)."""

    name = "ipv6.routing"
    prefix = "ipv6.routing.crh32"
    segments = Repeat("segment", sid=Uint(32, "segment, the last to be visited first"))

    follows = {"ipv6.routing.type": 6}
