"""Extensions of ICMP and ICMPv6 messages: objects behind the quoted datagram, or in an extended echo request."""
from __future__ import annotations

import socket
from collections.abc import Iterator

from dissectors.checksum import BAD, GOOD, NOT_PRESENT, UNVERIFIED, ones_complement_sum, status_field
from dissectors.fields import Bytes, Flag, Found, IPv4Address, IPv6Address, Options, Repeat, Text, Uint
from dissectors.header import Header, Item, Malformed, Missing, Option, by

QUOTED_BEFORE_RFC_4884 = 128
"""Octets that a router quotes which appends extensions without telling the length (RFC 4884, 5.5)."""
IPV4, IPV6 = 1, 2
"""Address family numbers, as the objects use them."""


def behind_quotation(layer: Header) -> tuple[int, int] | None:
    """Where the extensions of an error message stand: behind the quoted datagram, if it leaves anything.

    A router older than RFC 4884 tells no length, and quotes 128 octets of a datagram that is no longer than that.
    """
    message = layer.below
    if message is None or not layer.whole:
        return None
    start = layer.end
    if not layer.get("length"):
        start = layer.stop + QUOTED_BEFORE_RFC_4884
        if int.from_bytes(layer.octets[layer.stop + 2 : layer.stop + 4], "big") > QUOTED_BEFORE_RFC_4884:
            return None
    stop = min(message.end, len(layer.octets))
    if start >= stop or layer.octets[start] >> 4 != 2:
        return None
    return start, stop


class ICMPObject(Option):
    """ICMP extension object (RFC 4884, 8)."""

    name = "icmp.ext.object"
    prefix = "icmp.ext"
    length = Uint(16, "octets of the object")
    class_ = Uint(8, "class", names={1: "MPLS label stack", 2: "interface information", 3: "interface identification"})
    ctype = Uint(8, "subtype of the class")

    members = by(class_, "icmp.ext.class", default="icmp.ext.unknown")
    end = length


class UnknownObject(ICMPObject):
    """ICMP extension object of an unknown class (RFC 4884, 8)."""

    name = "icmp.ext.unknown"
    prefix = "icmp.ext"
    data_ = Bytes(None, "what the object says", name="icmp.ext.data")


class MPLSObject(ICMPObject):
    """MPLS label stack (RFC 4950, 3)."""

    name = "icmp.mpls"
    entries = Repeat(
        "label stack entry",
        label=Uint(20, "label"),
        exp=Uint(3, "traffic class"),
        s=Flag("bottom of the stack"),
        ttl=Uint(8, "time to live, hops"),
    )

    follows = {"icmp.ext.class": 1}


class _Reader:
    """What is left of an object, for bodies: takes octets from the front."""

    def __init__(self, layer: Header, start: int) -> None:
        self.octets = layer.octets
        self.at = start
        self.stop = layer.stop

    def take(self, count: int) -> tuple[bytes, int, int]:
        """The next octets and where they stand.  Raises Missing when the object has no more."""
        start, self.at = self.at, self.at + count
        if self.at > self.stop:
            raise Missing(f"the object ends {self.at - self.stop} octets too early")
        return self.octets[start : self.at], start, self.at


class InterfaceInformation(ICMPObject):
    """Interface information (RFC 5837, 4.1).  The bits of the subtype say what is told of the interface."""

    name = "icmp.int_info"
    role = Found(Uint(2, "which interface", names={0: "received the datagram", 1: "its sub-interface",
                                                   2: "would have sent it", 3: "next hop"}))
    index = Found(Uint(32, "ifIndex"))
    afi = Found(Uint(16, "address family", names={IPV4: "IPv4", IPV6: "IPv6"}))
    ipv4 = Found(IPv4Address("address"))
    ipv6 = Found(IPv6Address("address"))
    name_ = Found(Text("name"))
    mtu = Found(Uint(32, "MTU, octets"))

    follows = {"icmp.ext.class": 2}

    def body(self) -> Iterator[Item]:
        told = self.ctype
        if told is None:
            return
        yield self.found("role", told >> 6, self.start + 3, self.start + 4)
        reader = _Reader(self, self.start + 4)
        if told & 0x08:
            octets, start, stop = reader.take(4)
            yield self.found("index", int.from_bytes(octets, "big"), start, stop)
        if told & 0x04:
            octets, start, stop = reader.take(4)
            family = int.from_bytes(octets[:2], "big")
            yield self.found("afi", family, start, start + 2)
            if family == IPV4:
                octets, start, stop = reader.take(4)
                yield self.found("ipv4", socket.inet_ntoa(octets), start, stop)
            elif family == IPV6:
                octets, start, stop = reader.take(16)
                yield self.found("ipv6", socket.inet_ntop(socket.AF_INET6, octets), start, stop)
            else:
                raise Malformed(f"an address of family {family}")
        if told & 0x02:
            (length,), start, _ = reader.take(1)
            octets, _, stop = reader.take(max(length - 1, 0))
            yield self.found("name_", octets.rstrip(b"\0").decode("utf-8", "backslashreplace"), start, stop)
        if told & 0x01:
            octets, start, stop = reader.take(4)
            yield self.found("mtu", int.from_bytes(octets, "big"), start, stop)


class InterfaceIdentification(ICMPObject):
    """Interface identification (RFC 8335, 2.1): by name, index or address, as the subtype says."""

    name = "icmp.int_ident"
    name_ = Found(Text("name"))
    index = Found(Uint(32, "ifIndex"))
    afi = Found(Uint(16, "address family", names={IPV4: "IPv4", IPV6: "IPv6"}))
    addr_length = Found(Uint(8, "octets of the address"))
    ipv4 = Found(IPv4Address("address"))
    ipv6 = Found(IPv6Address("address"))
    address = Found(Bytes(None, "address of another family"))

    follows = {"icmp.ext.class": 3}

    def body(self) -> Iterator[Item]:
        reader = _Reader(self, self.start + 4)
        if self.ctype == 1:
            octets, start, stop = reader.take(max(reader.stop - reader.at, 0))
            yield self.found("name_", octets.rstrip(b"\0").decode("utf-8", "backslashreplace"), start, stop)
        elif self.ctype == 2:
            octets, start, stop = reader.take(4)
            yield self.found("index", int.from_bytes(octets, "big"), start, stop)
        elif self.ctype == 3:
            octets, start, _ = reader.take(4)
            family, length = int.from_bytes(octets[:2], "big"), octets[2]
            yield self.found("afi", family, start, start + 2)
            yield self.found("addr_length", length, start + 2, start + 3)
            octets, start, stop = reader.take(length)
            if (family, length) == (IPV4, 4):
                yield self.found("ipv4", socket.inet_ntoa(octets), start, stop)
            elif (family, length) == (IPV6, 16):
                yield self.found("ipv6", socket.inet_ntop(socket.AF_INET6, octets), start, stop)
            else:
                yield self.found("address", octets, start, stop)


def _status(layer: ICMPExtensions) -> int:
    if layer.status or len(layer.octets) < layer.end:
        return UNVERIFIED
    if layer.checksum == 0:
        return NOT_PRESENT
    return GOOD if ones_complement_sum(layer.octets[layer.start : layer.end]) == 0xFFFF else BAD


class ICMPExtensions(Option):
    """ICMP extension structure (RFC 4884, 7)."""

    name = "icmp.ext"
    version = Uint(4, "version")
    res = Uint(12, "not used", shown=hex)
    checksum = Uint(16, "of the extensions, 0 when the sender made none", shown=hex)
    checksum_status = status_field(_status, name="icmp.ext.checksum.status")
    objects = Options(ICMPObject, "objects")
