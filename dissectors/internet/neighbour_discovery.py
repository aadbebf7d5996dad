"""Neighbour discovery for IPv6 and what uses its options: messages of ICMPv6, and their options."""
from __future__ import annotations

import socket
from collections.abc import Iterator

from dissectors.fields import EUI64, MAC, Bytes, Flag, Found, IPv6Address, Options, Repeat, Text, Uint
from dissectors.header import Header, Item, Malformed, Option, Selector, always, by

OPTIONS = {
    1: "source link-layer address",
    2: "target link-layer address",
    3: "prefix information",
    4: "redirected header",
    5: "MTU",
    6: "NBMA shortcut limit",
    7: "advertisement interval",
    8: "home agent information",
    9: "source address list",
    10: "target address list",
    11: "CGA",
    12: "RSA signature",
    13: "timestamp",
    14: "nonce",
    15: "trust anchor",
    16: "certificate",
    24: "route information",
    25: "recursive DNS servers",
    26: "flags expansion",
    31: "DNS search list",
    33: "address registration",
    34: "6LoWPAN context",
    35: "authoritative border router",
    36: "6LoWPAN capability indication",
    37: "captive portal",
    38: "PREF64",
}


class NDOption(Option):
    """Neighbour discovery option (RFC 4861, 4.6)."""

    name = "icmpv6.opt"
    type = Uint(8, "kind", names=OPTIONS)
    length = Uint(8, "words of 8 octets")

    members = by(type, default="icmpv6.opt.other")
    end = length * 8


class OtherOption(NDOption):
    """Neighbour discovery option of another kind (RFC 4861, 4.6)."""

    name = "icmpv6.opt.other"
    prefix = "icmpv6.opt"
    data_ = Bytes(None, "what the option says", name="icmpv6.opt.data")


_WORDS = NDOption.declaration.fields["length"]


class LinkLayerAddress(NDOption):
    """Link-layer address, the source's or the target's (RFC 4861, 4.6.1)."""

    name = "icmpv6.opt.link_layer_address"
    prefix = "icmpv6.opt"
    linkaddr = MAC("link-layer address", when=_WORDS.equals(1))
    linkaddr_eui64 = EUI64("link-layer address", when=_WORDS.equals(2))
    padding = Bytes(6, "not used", when=_WORDS.equals(2))

    follows = {"icmpv6.opt.type": (1, 2)}


class PrefixInformation(NDOption):
    """Prefix information (RFC 4861, 4.6.2)."""

    name = "icmpv6.opt.prefix_information"
    prefix = "icmpv6.opt.prefix"
    prefix_length = Uint(8, "valid bits of the prefix", name="icmpv6.opt.prefix.length")
    flag = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "l": Flag("on the link"),
            "a": Flag("for autonomous address configuration"),
            "r": Flag("address of the router"),
            "reserved": Uint(5, "not used"),
        },
    )
    valid_lifetime = Uint(32, "how long the prefix is on the link, seconds")
    preferred_lifetime = Uint(32, "how long its addresses are preferred, seconds")
    reserved2 = Bytes(4, "not used", name="icmpv6.opt.reserved")
    prefix_ = IPv6Address("prefix", name="icmpv6.opt.prefix")

    follows = {"icmpv6.opt.type": 3}


class Quotation(Selector):
    """The packet that a redirected header begins with: always IPv6, and cut short by rights."""

    name = "icmpv6.opt.quotation"
    quotes = True
    next = always("ipv6")


class RedirectedHeader(NDOption):
    """Redirected header (RFC 4861, 4.6.3): the beginning of the packet that was redirected."""

    name = "icmpv6.opt.redirected_header"
    prefix = "icmpv6.opt"
    reserved = Bytes(6, "not used")
    redirected_packet = Bytes(None, "beginning of the packet")

    follows = {"icmpv6.opt.type": 4}


class MTU(NDOption):
    """MTU (RFC 4861, 4.6.4)."""

    name = "icmpv6.opt.mtu_option"
    prefix = "icmpv6.opt"
    reserved = Bytes(2, "not used")
    mtu = Uint(32, "MTU of the link, octets")

    follows = {"icmpv6.opt.type": 5}


class AdvertisementInterval(NDOption):
    """Advertisement interval (RFC 6275, 7.3)."""

    name = "icmpv6.opt.interval"
    prefix = "icmpv6.opt"
    reserved = Bytes(2, "not used")
    advertisement_interval = Uint(32, "most time between advertisements, milliseconds")

    follows = {"icmpv6.opt.type": 7}


class HomeAgentInformation(NDOption):
    """Home agent information (RFC 6275, 7.4)."""

    name = "icmpv6.opt.home_agent"
    prefix = "icmpv6.opt"
    reserved = Bytes(2, "not used")
    home_agent_preference = Uint(16, "the higher the better")
    home_agent_lifetime = Uint(16, "seconds")

    follows = {"icmpv6.opt.type": 8}


class AddressList(NDOption):
    """Source and target address lists (RFC 3122, 3)."""

    name = "icmpv6.opt.address_list"
    prefix = "icmpv6.opt"
    reserved = Bytes(6, "not used")
    addresses_ = Repeat("address", ipv6_address=IPv6Address("address"))

    follows = {"icmpv6.opt.type": (9, 10)}


class CGA(NDOption):
    """Cryptographically generated address (RFC 3971, 5.1)."""

    name = "icmpv6.opt.cga_option"
    prefix = "icmpv6.opt.cga"
    pad_length = Uint(8, "octets of padding")
    reserved = Bytes(1, "not used", name="icmpv6.opt.reserved")
    parameters = Bytes(None, "CGA parameters and padding", name="icmpv6.opt.cga")

    follows = {"icmpv6.opt.type": 11}


class RSASignature(NDOption):
    """RSA signature (RFC 3971, 5.2)."""

    name = "icmpv6.opt.rsa"
    reserved = Bytes(2, "not used", name="icmpv6.opt.reserved")
    key_hash = Bytes(16, "first half of the SHA-1 of the public key")
    signature = Bytes(None, "signature and padding", name="icmpv6.opt.digital_signature_padding")

    follows = {"icmpv6.opt.type": 12}


class Timestamp(NDOption):
    """Timestamp (RFC 3971, 5.3.1)."""

    name = "icmpv6.opt.time"
    prefix = "icmpv6.opt"
    reserved = Bytes(6, "not used")
    timestamp = Uint(64, "seconds since 1970 in the upper 48 bits, 1/65536 seconds in the lower 16")

    follows = {"icmpv6.opt.type": 13}


class Nonce(NDOption):
    """Nonce (RFC 3971, 5.3.2)."""

    name = "icmpv6.opt.nonce_option"
    prefix = "icmpv6.opt"
    nonce = Bytes(None, "nonce")

    follows = {"icmpv6.opt.type": 14}


class RouteInformation(NDOption):
    """Route information (RFC 4191, 2.3)."""

    name = "icmpv6.opt.route_info"
    prefix_length = Uint(8, "valid bits of the prefix", name="icmpv6.opt.prefix.length")
    flag = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "reserved": Uint(3, "not used"),
            "route_preference": Uint(2, "preference", names={0: "medium", 1: "high", 2: "reserved", 3: "low"}),
            "reserved2": Uint(3, "not used", name="icmpv6.opt.route_info.flag.reserved"),
        },
    )
    route_lifetime = Uint(32, "seconds", name="icmpv6.opt.route_lifetime")
    route_prefix = Found(IPv6Address("prefix", name="icmpv6.opt.prefix"))

    follows = {"icmpv6.opt.type": 24}

    def body(self) -> Iterator[Item]:
        if not self.whole:
            return
        start, stop = self.start + 8, min(self.stop, self.start + 24)
        yield self.found("route_prefix", _padded(self.octets[start:stop]), start, max(start, stop))


def _padded(octets: bytes) -> str:
    """An IPv6 address of which only the first octets are told."""
    return socket.inet_ntop(socket.AF_INET6, octets.ljust(16, b"\0"))


class RecursiveDNSServers(NDOption):
    """Recursive DNS servers (RFC 8106, 5.1)."""

    name = "icmpv6.opt.rdnss_option"
    prefix = "icmpv6.opt"
    reserved = Bytes(2, "not used")
    rdnss_lifetime = Uint(32, "how long they may be used, seconds", name="icmpv6.opt.rdnss.lifetime")
    servers = Repeat("server", rdnss=IPv6Address("address of a server"))

    follows = {"icmpv6.opt.type": 25}


class FlagsExpansion(NDOption):
    """Router advertisement flags expansion (RFC 5175, 4)."""

    name = "icmpv6.opt.flags_expansion"
    prefix = "icmpv6.opt"
    efo = Bytes(6, "further flags")

    follows = {"icmpv6.opt.type": 26}


class DNSSearchList(NDOption):
    """DNS search list (RFC 8106, 5.2)."""

    name = "icmpv6.opt.dnssl_option"
    prefix = "icmpv6.opt"
    reserved = Bytes(2, "not used")
    dnssl_lifetime = Uint(32, "how long it may be used, seconds", name="icmpv6.opt.dnssl.lifetime")
    dnssl = Found(Text("domain to search"))

    follows = {"icmpv6.opt.type": 31}

    def body(self) -> Iterator[Item]:
        at, stop = self.start + 8, self.stop
        while at < stop and self.octets[at]:
            start, labels = at, []
            while at < stop and (length := self.octets[at]):
                if length > 63 or at + 1 + length > stop:
                    raise Malformed("a domain name does not fit")
                labels.append(self.octets[at + 1 : at + 1 + length].decode("utf-8", "backslashreplace"))
                at += 1 + length
            at += 1
            yield self.found("dnssl", ".".join(labels), start, min(at, stop))


class AddressRegistration(NDOption):
    """Address registration (RFC 6775, 4.1)."""

    name = "icmpv6.opt.aro"
    status_ = Uint(8, "answer", names={0: "success", 1: "duplicate address", 2: "neighbour cache full"})
    reserved = Bytes(3, "not used", name="icmpv6.opt.reserved")
    registration_lifetime = Uint(16, "units of 60 seconds")
    eui64 = EUI64("interface that registers")

    follows = {"icmpv6.opt.type": 33}


class LowpanContext(NDOption):
    """6LoWPAN context (RFC 6775, 4.2)."""

    name = "icmpv6.opt.6co"
    context_length = Uint(8, "valid bits of the prefix")
    flag = Uint(
        8,
        "flags",
        shown=hex,
        parts={"reserved": Uint(3, "not used"), "c": Flag("may be used to compress"), "cid": Uint(4, "context")},
    )
    reserved2 = Bytes(2, "not used", name="icmpv6.opt.reserved")
    valid_lifetime = Uint(16, "units of 60 seconds")
    context_prefix = Found(IPv6Address("prefix"))

    follows = {"icmpv6.opt.type": 34}

    def body(self) -> Iterator[Item]:
        if not self.whole:
            return
        start, stop = self.start + 8, min(self.stop, self.start + 24)
        yield self.found("context_prefix", _padded(self.octets[start:stop]), start, max(start, stop))


class AuthoritativeBorderRouter(NDOption):
    """Authoritative border router (RFC 6775, 4.3)."""

    name = "icmpv6.opt.abro"
    version_low = Uint(16, "version, low part")
    version_high = Uint(16, "version, high part")
    valid_lifetime = Uint(16, "units of 60 seconds")
    border_router = IPv6Address("address of the border router", name="icmpv6.opt.abro.6lbr_address")

    follows = {"icmpv6.opt.type": 35}


class CaptivePortal(NDOption):
    """Captive portal (RFC 8910, 2.3)."""

    name = "icmpv6.opt.portal"
    prefix = "icmpv6.opt"
    captive_portal = Text("URI of the portal's API")

    follows = {"icmpv6.opt.type": 37}


class PREF64(NDOption):
    """Prefix that translates to IPv4 (RFC 8781, 4)."""

    name = "icmpv6.opt.pref64"
    scaled_lifetime = Uint(13, "how long it may be used, units of 8 seconds")
    plc = Uint(
        3, "bits of the prefix", shown=hex, digits=4, names={0: "96", 1: "64", 2: "56", 3: "48", 4: "40", 5: "32"}
    )
    prefix_ = Found(IPv6Address("prefix", name="icmpv6.opt.pref64.prefix"))

    follows = {"icmpv6.opt.type": 38}

    def body(self) -> Iterator[Item]:
        start, stop = self.start + 4, min(self.stop, self.start + 16)
        if stop - start == 12:
            yield self.found("prefix_", _padded(self.octets[start:stop]), start, stop)


class RouterSolicitation(Header):
    """Router solicitation (RFC 4861, 4.1)."""

    name = "icmpv6.nd.rs"
    part_of = "icmpv6"
    reserved = Bytes(4, "not used", name="icmpv6.reserved")
    options = Options(NDOption)

    follows = {"icmpv6.type": (133, 146)}

    def info(self) -> str | None:
        return _from(self)


class RouterAdvertisement(Header):
    """Router advertisement (RFC 4861, 4.2)."""

    name = "icmpv6.nd.ra"
    part_of = "icmpv6"
    cur_hop_limit = Uint(8, "hop limit that hosts should use, 0 for no advice")
    flag = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "m": Flag("addresses by DHCPv6"),
            "o": Flag("other configuration by DHCPv6"),
            "h": Flag("home agent"),
            "prf": Uint(2, "preference of the router", names={0: "medium", 1: "high", 2: "reserved", 3: "low"}),
            "p": Flag("proxied"),
            "rsv": Uint(2, "not used"),
        },
    )
    router_lifetime = Uint(16, "how long it is a default router, seconds")
    reachable_time = Uint(32, "how long a neighbour is reachable once heard of, milliseconds")
    retrans_timer = Uint(32, "between neighbour solicitations, milliseconds")
    options = Options(NDOption)

    follows = {"icmpv6.type": 134}

    def info(self) -> str | None:
        return _from(self)


class NeighbourSolicitation(Header):
    """Neighbour solicitation (RFC 4861, 4.3)."""

    name = "icmpv6.nd.ns"
    part_of = "icmpv6"
    reserved = Bytes(4, "not used", name="icmpv6.reserved")
    target_address = IPv6Address("address that is asked for")
    options = Options(NDOption)

    follows = {"icmpv6.type": 135}

    def info(self) -> str | None:
        if self.target_address is None:
            return None
        sender = _from(self)
        return f"for {self.target_address}{' ' + sender if sender else ''}"


class NeighbourAdvertisement(Header):
    """Neighbour advertisement (RFC 4861, 4.4)."""

    name = "icmpv6.nd.na"
    part_of = "icmpv6"
    flag = Uint(
        32,
        "flags",
        shown=hex,
        parts={
            "r": Flag("router"),
            "s": Flag("solicited"),
            "o": Flag("override what is cached"),
            "rsv": Uint(29, "not used"),
        },
    )
    target_address = IPv6Address("address that is advertised")
    options = Options(NDOption)

    follows = {"icmpv6.type": 136}

    def info(self) -> str | None:
        if self.target_address is None:
            return None
        bits = [short for short, bit in (("rtr", self.r), ("sol", self.s), ("ovr", self.o)) if bit]
        flags = f" ({', '.join(bits)})" if bits else ""
        mac = _advertised(self)
        return f"{self.target_address}{flags}{' is at ' + mac if mac else ''}"


class Redirect(Header):
    """Redirect (RFC 4861, 4.5)."""

    name = "icmpv6.nd.rd"
    part_of = "icmpv6"
    quotes = True
    reserved = Bytes(4, "not used", name="icmpv6.reserved")
    target_address = IPv6Address("better first hop")
    destination_address = IPv6Address("destination that is redirected", name="icmpv6.rd.na.destination_address")
    options = Options(NDOption)

    follows = {"icmpv6.type": 137}

    def quotation(self) -> tuple[type[Header], int, int] | None:
        for option in self.options:
            if isinstance(option, RedirectedHeader):
                place = option.position(option.declaration.fields["redirected_packet"])
                if place is not None:
                    return Quotation, *place
        return None

    def info(self) -> str | None:
        mac = _advertised(self)
        return f"is at {mac}" if mac else None


class InverseDiscovery(Header):
    """Inverse neighbour discovery (RFC 3122, 2)."""

    name = "icmpv6.inverse_discovery"
    prefix = part_of = "icmpv6"
    reserved = Bytes(4, "not used")
    options = Options(NDOption)

    follows = {"icmpv6.type": (141, 142)}


class MobilePrefixAdvertisement(Header):
    """Mobile prefix advertisement (RFC 6275, 6.8)."""

    name = "icmpv6.mip6"
    part_of = "icmpv6"
    identifier = Uint(16, "of the solicitation")
    flag = Uint(
        16,
        "flags",
        shown=hex,
        parts={
            "m": Flag("addresses by DHCPv6"),
            "o": Flag("other configuration by DHCPv6"),
            "rsv": Uint(14, "not used"),
        },
    )
    options = Options(NDOption)

    follows = {"icmpv6.type": 147}


class DuplicateAddress(Header):
    """Duplicate address request and confirmation (RFC 6775, 4.4)."""

    name = "icmpv6.6lowpannd.da"
    part_of = "icmpv6"
    status_ = Uint(8, "answer", names={0: "success", 1: "duplicate address", 2: "neighbour cache full"})
    reserved = Bytes(1, "not used", name="icmpv6.reserved")
    lifetime = Uint(16, "units of 60 seconds")
    eui64 = EUI64("interface that registers")
    reg_addr = IPv6Address("address that is registered")

    follows = {"icmpv6.type": (157, 158)}


def _advertised(message: Header) -> str | None:
    """The link-layer address that a message tells."""
    return next((option.linkaddr for option in message.options if isinstance(option, LinkLayerAddress)), None)


def _from(message: Header) -> str | None:
    mac = _advertised(message)
    return f"from {mac}" if mac else None
