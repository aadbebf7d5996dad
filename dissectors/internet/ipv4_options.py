"""Options of the IPv4 header (RFC 791, 3.1; numbers assigned by IANA)."""
from __future__ import annotations

import socket
from collections.abc import Iterator

from dissectors.fields import Bytes, Flag, Found, IPv4Address, Options, Repeat, Uint
from dissectors.header import Item, Malformed, Option, by

OPTIONS = {
    0: "end of options",
    1: "no operation",
    7: "record route",
    11: "MTU probe",
    12: "MTU reply",
    25: "quick start",
    68: "timestamp",
    82: "traceroute",
    130: "security",
    131: "loose source route",
    133: "extended security",
    134: "commercial security",
    136: "stream identifier",
    137: "strict source route",
    148: "router alert",
    149: "selective directed broadcast",
}


class IPv4Option(Option):
    """IPv4 option (RFC 791, 3.1)."""

    name = "ip.opt"
    type = Uint(
        8,
        "kind",
        names=OPTIONS,
        parts={
            "copy": Flag("copied into every fragment"),
            "class": Uint(2, "class", names={0: "control", 2: "debugging and measurement"}),
            "number": Uint(5, "number within the class"),
        },
    )
    len = Uint(8, "octets of the option")

    members = by(type)
    end = len
    single = (0, 1)
    last = (0,)


class _Route(IPv4Option):
    """Addresses in slots of four octets, of which `ptr`, counted from 1, is the next to be used."""

    ptr = Uint(8, "octet of the next slot, counted from 1", name="ip.opt.ptr")
    rec_rt = Found(IPv4Address("address of a router on the way", name="ip.rec_rt"))

    slot = ""
    """The field of a slot that is not used yet."""

    def body(self) -> Iterator[Item]:
        if self.ptr is None:
            return
        if self.ptr < 4 or self.ptr % 4:
            raise Malformed(f"the pointer {self.ptr} is not that of a slot")
        unused = self.start + self.ptr - 1
        for at in range(self.start + 3, self.stop - 3, 4):
            address = socket.inet_ntoa(self.octets[at : at + 4])
            yield self.found("rec_rt" if at < unused else self.slot, address, at, at + 4)


class RecordRoute(_Route):
    """Record route (RFC 791, 3.1)."""

    name = "ip.opt.record_route"
    empty_rt = Found(IPv4Address("slot that is still free", name="ip.empty_rt"))

    slot = "empty_rt"
    follows = {"ip.opt.type": 7}


class SourceRoute(_Route):
    """Loose or strict source route (RFC 791, 3.1)."""

    name = "ip.opt.source_route"
    src_rt = Found(IPv4Address("address to visit", name="ip.src_rt"))

    slot = "src_rt"
    follows = {"ip.opt.type": (131, 137)}


class Timestamp(IPv4Option):
    """Internet timestamp (RFC 791, 3.1)."""

    name = "ip.opt.timestamp"
    prefix = "ip.opt"
    ptr = Uint(8, "octet of the next slot, counted from 1")
    overflow = Uint(4, "modules that had no slot left")
    flag = Uint(4, "form", shown=hex, names={0: "times only", 1: "addresses and times", 3: "addresses prescribed"})
    times = Repeat("slot", when=flag.equals(0), time_stamp=Uint(32, "milliseconds since midnight UT"))
    stops = Repeat(
        "slot",
        when=flag.differs(0),
        time_stamp_addr=IPv4Address("who stamps"),
        time_stamp_there=Uint(32, "milliseconds since midnight UT", name="ip.opt.time_stamp"),
    )

    follows = {"ip.opt.type": 68}


class MTU(IPv4Option):
    """MTU probe and MTU reply (RFC 1063, 3.1; obsoleted by RFC 1191)."""

    name = "ip.opt.mtu_discovery"
    prefix = "ip.opt"
    mtu = Uint(16, "smallest MTU on the way, octets")

    follows = {"ip.opt.type": (11, 12)}


class QuickStart(IPv4Option):
    """Quick-Start request and report (RFC 4782, 3.1)."""

    name = "ip.opt.quick_start"
    prefix = "ip.opt"
    qs_func = Uint(4, "function", names={0: "rate request", 8: "rate report"})
    qs_rate = Uint(4, "rate: 40 kbit/s times 2 to the power of it, 0 for none")
    qs_ttl = Uint(8, "Quick-Start TTL, hops")
    qs_nonce = Uint(30, "nonce", shown=hex)
    qs_reserved = Uint(2, "not used", shown=hex)

    follows = {"ip.opt.type": 25}


class Traceroute(IPv4Option):
    """Traceroute (RFC 1393, 2.2; obsoleted by RFC 6814)."""

    name = "ip.opt.traceroute"
    prefix = "ip.opt"
    id_number = Uint(16, "identifies the traceroute")
    ohc = Uint(16, "outbound hops")
    rhc = Uint(16, "return hops")
    originator = IPv4Address("who traces")

    follows = {"ip.opt.type": 82}


_OLD_SECURITY = IPv4Option.declaration.fields["len"].equals(11)
_NEW_SECURITY = IPv4Option.declaration.fields["len"].differs(11)


class Security(IPv4Option):
    """Security (RFC 1108, 2; of 11 octets: RFC 791, 3.1)."""

    name = "ip.opt.security"
    prefix = "ip.opt"
    sec_rfc791_sec = Uint(16, "security", shown=hex, when=_OLD_SECURITY)
    sec_rfc791_comp = Uint(16, "compartments", when=_OLD_SECURITY)
    sec_rfc791_hr = Bytes(2, "handling restrictions", when=_OLD_SECURITY)
    sec_rfc791_tcc = Bytes(3, "transmission control code", when=_OLD_SECURITY)
    sec_cl = Uint(
        8,
        "classification level",
        shown=hex,
        names={0x3D: "top secret", 0x5A: "secret", 0x96: "confidential", 0xAB: "unclassified"},
        when=_NEW_SECURITY,
    )
    sec_prot_auth_flags = Bytes(None, "protection authorities", when=_NEW_SECURITY)

    follows = {"ip.opt.type": 130}


class ExtendedSecurity(IPv4Option):
    """Extended security (RFC 1108, 3)."""

    name = "ip.opt.extended_security"
    prefix = "ip.opt"
    ext_sec_add_sec_info_format_code = Uint(8, "format of the information", shown=hex)
    ext_sec_add_sec_info = Bytes(None, "additional security information")

    follows = {"ip.opt.type": 133}


class CIPSOTag(Option):
    """Tag of the commercial security option (FIPS 188)."""

    name = "ip.cipso.tag"
    prefix = "ip.cipso"
    tag_type = Uint(
        8,
        "type of the tag",
        names={1: "restrictive bitmap", 2: "enumerated", 5: "ranged", 6: "permissive", 7: "free form"},
    )
    tag_len = Uint(8, "octets of the tag")

    members = by(tag_type, default="ip.cipso.unknown")
    end = tag_len


class UnknownTag(CIPSOTag):
    """Tag of the commercial security option, of another type (FIPS 188)."""

    name = "ip.cipso.unknown"
    prefix = "ip.cipso"
    tag_data = Bytes(None, "what the tag says")


class _LevelTag(CIPSOTag):
    """A tag with a sensitivity level."""

    prefix = "ip.cipso"
    alignment = Uint(8, "reserved, must be 0")
    sensitivity_level = Uint(8, "sensitivity level")


class BitmapTag(_LevelTag):
    """Restrictive bitmap of categories (FIPS 188, 3.4.2)."""

    name = "ip.cipso.bitmap"
    prefix = "ip.cipso"
    tag_data = Bytes(None, "a bit for each category, the first one most significant")

    follows = {"ip.cipso.tag_type": 1}


class EnumeratedTag(_LevelTag):
    """Categories by number (FIPS 188, 3.4.3)."""

    name = "ip.cipso.enumerated"
    prefix = "ip.cipso"
    categories = Repeat("category", category=Uint(16, "category"))

    follows = {"ip.cipso.tag_type": 2}


class RangedTag(_LevelTag):
    """Categories by range, the highest first; the last range may leave out its lower end, 0 (FIPS 188, 3.4.4)."""

    name = "ip.cipso.ranged"
    prefix = "ip.cipso"
    ranges = Repeat("bound", bound=Uint(16, "highest and lowest category of a range, in turn"))

    follows = {"ip.cipso.tag_type": 5}


class CommercialSecurity(IPv4Option):
    """Commercial security (FIPS 188; draft-ietf-cipso-ipsecurity-01)."""

    name = "ip.cipso"
    doi = Uint(32, "domain of interpretation")
    tags = Options(CIPSOTag, "tags")

    follows = {"ip.opt.type": 134}


class StreamIdentifier(IPv4Option):
    """Stream identifier (RFC 791, 3.1; obsoleted by RFC 6814)."""

    name = "ip.opt.stream"
    prefix = "ip.opt"
    sid = Uint(16, "stream identifier")

    follows = {"ip.opt.type": 136}


class RouterAlert(IPv4Option):
    """Router alert (RFC 2113, 2.1)."""

    name = "ip.opt.router_alert"
    prefix = "ip.opt"
    ra = Uint(16, "value", names={0: "routers shall examine the packet"})

    follows = {"ip.opt.type": 148}


class SelectiveDirectedBroadcast(IPv4Option):
    """Selective directed broadcast (RFC 1770, 2; obsoleted by RFC 6814)."""

    name = "ip.opt.selective_directed_broadcast"
    prefix = "ip.opt"
    addresses_ = Repeat("address", addr=IPv4Address("a network to broadcast in"))

    follows = {"ip.opt.type": 149}
