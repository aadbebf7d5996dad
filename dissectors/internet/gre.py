"""Generic Routing Encapsulation: any EtherType over IP, in the forms that its first octets tell apart.

Version 0 is what tunnels use (RFC 2784, RFC 2890), version 1 carries PPP for PPTP (RFC 2637); source routes are of the
first specification (RFC 1701), and what follows them is not looked for.
"""
from __future__ import annotations

from dissectors.checksum import message_status, status_field
from dissectors.fields import Bytes, Derived, Flag, Options, Uint, any_of
from dissectors.header import Header, Option, Selector, always, by
from dissectors.link.ethernet import ETHERTYPES

ROUTING, ERSPAN_WITHOUT_SEQUENCE = 0x4000, 0x000088BE
PROTOCOL_TYPES = {
    **ETHERTYPES,
    0x2001: "NHRP",
    0x22EB: "ERSPAN III",
    0x6558: "Ethernet",
    0x880B: "PPP",
    0x883E: "WCCP",
    0x88BE: "ERSPAN",
}


class GREForm(Selector):
    """Flags and version: which form of the header follows (RFC 2784, 2)."""

    name = "gre.form"
    flags_and_version = Uint(16, "flags and version")

    follows = {"ip.proto": 47}
    next = by(flags_and_version, "gre.form", default="gre.erspan_i")


class ERSPANForm(Selector):
    """A header without flags that says ERSPAN carries Ethernet: type I (draft-foschiano-erspan-03, 4.1)."""

    name = "gre.erspan_i"
    flags_and_type = Uint(32, "flags, version and protocol type")

    next = by(flags_and_type, "gre.erspan_i", default="gre")


class SourceRouteEntry(Option):
    """Source route entry of GRE (RFC 1701, page 5)."""

    name = "gre.routing"
    address_family = Uint(16, "kind of the addresses, 0 in the last entry")
    sre_offset = Uint(8, "octet of the next address")
    src_length = Uint(8, "octets of the addresses")
    information = Bytes(src_length, "addresses")

    members = by(address_family)
    end = src_length + 4
    last = (0,)


class _GRE(Header):
    """What every form of the header begins with; which of the fields behind are there, the flags say."""

    prefix = "gre"
    label = "GRE"
    c = Flag("there is a checksum", name="gre.flags.checksum")
    r = Flag("there is a source route", name="gre.flags.routing")
    k = Flag("there is a key", name="gre.flags.key")
    s = Flag("there is a sequence number", name="gre.flags.sequence_number")
    strict = Flag("the source route is strict", name="gre.flags.strict_source_route")
    recursion = Uint(3, "further encapsulations that are allowed", name="gre.flags.recursion_control")
    a = Flag("there is an acknowledgement number, in version 1", name="gre.flags.ack")
    reserved = Uint(4, "not used", name="gre.flags.reserved")
    version = Uint(3, "version", name="gre.flags.version")
    proto = Uint(16, "EtherType: what is carried", shown=hex, names=PROTOCOL_TYPES)
    checksum = Uint(16, "of header and data", shown=hex, when=any_of(c, r))
    offset = Uint(16, "octet of the source route that is to be used next", when=any_of(c, r))
    key = Uint(32, "key", shown=hex, when=k)
    sequence_number = Uint(32, "sequence number", when=s)
    checksum_status = status_field(
        lambda layer: message_status(layer) if layer.c else None, name="gre.checksum.status"
    )

    def info(self) -> str | None:
        return None if self.proto is None else f"Encapsulated {PROTOCOL_TYPES.get(self.proto, f'0x{self.proto:04x}')}"


class GRE(_GRE):
    """Generic Routing Encapsulation (RFC 2784, 2; RFC 2890, 2)."""

    name = "gre"

    next = by(_GRE.declaration.fields["proto"], "eth.type")


class PointToPointGRE(_GRE):
    """Enhanced GRE of the Point-to-Point Tunneling Protocol (RFC 2637, 4.1)."""

    name = "gre"
    ack_number = Uint(32, "highest sequence number received", when=_GRE.declaration.fields["a"])
    payload_length = Derived(
        Uint(16, "octets carried", name="gre.key.payload_length"),
        lambda layer: None if layer.key is None else layer.key >> 16,
    )
    call_id = Derived(
        Uint(16, "call of the receiver", name="gre.key.call_id"),
        lambda layer: None if layer.key is None else layer.key & 0xFFFF,
    )

    follows = {"gre.form": (0x2001, 0x2081, 0x3001, 0x3081)}
    next = by(_GRE.declaration.fields["proto"], "eth.type")


class RoutedGRE(_GRE):
    """Generic Routing Encapsulation with a source route (RFC 1701, page 3)."""

    name = "gre"
    entries = Options(SourceRouteEntry, "source route")

    follows = {"gre.form": tuple(ROUTING | flags << 8 for flags in range(256) if not ROUTING >> 8 & flags)}


class SpanningGRE(_GRE):
    """Generic Routing Encapsulation of ERSPAN type I: the mirrored frame follows at once."""

    name = "gre"

    follows = {"gre.erspan_i": ERSPAN_WITHOUT_SEQUENCE}
    next = always("eth.format")


class WCCPForm(Selector):
    """A redirect header, or the redirected datagram at once (draft-wilson-wrec-wccp-v2-01, 4.12)."""

    name = "gre.wccp.form"
    nibble = Uint(4, "4: the first bits of IPv4")
    rest = Uint(4, "not looked at")

    follows = {"eth.type": 0x883E}
    next = by(nibble, "gre.wccp.form", default="gre.wccp")


class WCCPRedirect(Header):
    """WCCP redirect header (draft-wilson-wrec-wccp-v2-01, 4.12)."""

    name = "gre.wccp"
    label = "WCCP redirect"
    reserved = Uint(5, "not used")
    redirect_header_valid = Flag("the header is there, but is to be ignored")
    alternative_bucket_used = Flag("the alternative bucket was used")
    dynamic_service = Flag("the service is dynamic")
    service_id = Uint(8, "service")
    alternative_bucket = Uint(8, "alternative bucket")
    primary_bucket = Uint(8, "primary bucket")

    next = always("ip")
