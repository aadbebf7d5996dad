"""Internet Control Message Protocol: reports on IPv4, and the echo that ping sends.

The common header is four octets; what follows is declared by type below, each continuing it.  Errors quote the
beginning of the datagram that they are about, and may carry extensions behind it (icmp_extensions.py).
"""
from __future__ import annotations

from dissectors.checksum import message_status, status_field
from dissectors.fields import Bytes, Derived, Flag, Int, IPv4Address, Options, Repeat, Uint
from dissectors.header import Header, Selector, always, by
from dissectors.internet.icmp_extensions import ICMPExtensions, behind_quotation

ECHO_REPLY, UNREACHABLE, SOURCE_QUENCH, REDIRECT, ECHO_REQUEST, TIME_EXCEEDED = 0, 3, 4, 5, 8, 11
FRAGMENTATION_NEEDED = 4

TYPES = {
    ECHO_REPLY: "Echo (ping) reply",
    UNREACHABLE: "Destination unreachable",
    SOURCE_QUENCH: "Source quench (flow control)",
    REDIRECT: "Redirect",
    6: "Alternate host address",
    ECHO_REQUEST: "Echo (ping) request",
    9: "Router advertisement",
    10: "Router solicitation",
    TIME_EXCEEDED: "Time-to-live exceeded",
    12: "Parameter problem",
    13: "Timestamp request",
    14: "Timestamp reply",
    15: "Information request",
    16: "Information reply",
    17: "Address mask request",
    18: "Address mask reply",
    30: "Traceroute",
    31: "Datagram conversion error",
    40: "Photuris",
    42: "Extended echo request",
    43: "Extended echo reply",
}
CODES = {
    UNREACHABLE: {
        0: "Network unreachable",
        1: "Host unreachable",
        2: "Protocol unreachable",
        3: "Port unreachable",
        FRAGMENTATION_NEEDED: "Fragmentation needed",
        5: "Source route failed",
        6: "Network unknown",
        7: "Host unknown",
        8: "Source host isolated",
        9: "Network administratively prohibited",
        10: "Host administratively prohibited",
        11: "Network unreachable for TOS",
        12: "Host unreachable for TOS",
        13: "Communication administratively filtered",
        14: "Host precedence violation",
        15: "Precedence cutoff in effect",
    },
    REDIRECT: {
        0: "Redirect for network",
        1: "Redirect for host",
        2: "Redirect for TOS and network",
        3: "Redirect for TOS and host",
    },
    9: {0: "Normal router advertisement", 16: "Does not route common traffic"},
    TIME_EXCEEDED: {0: "Time to live exceeded in transit", 1: "Fragment reassembly time exceeded"},
    12: {0: "Pointer indicates the error", 1: "Required option missing", 2: "Bad length"},
    43: {
        0: "No error",
        1: "Malformed query",
        2: "No such interface",
        3: "No such table entry",
        4: "Multiple interfaces satisfy query",
    },
}


class ICMP(Header):
    """Internet Control Message Protocol (RFC 792)."""

    name = "icmp"
    label = "ICMP"
    type = Uint(8, "type of the message", names=TYPES)
    code = Uint(8, "what exactly, by type", names=lambda layer: CODES.get(layer.type, {}))
    checksum = Uint(16, "of the message", shown=hex)
    checksum_status = status_field(message_status, name="icmp.checksum.status")

    follows = {"ip.proto": 1}
    next = by(type)

    def info(self) -> str | None:
        kind = self.type
        if kind is None:
            return None
        told = TYPES.get(kind, f"Type {kind}")
        if kind in (ECHO_REQUEST, ECHO_REPLY):
            if not self.extensions or self.seq is None:
                return told
            ttl = f", ttl={self.below.ttl}" if self.below is not None and self.below.name == "ip" else ""
            return f"{told}  id=0x{self.ident:04x}, seq={self.seq}{ttl}"
        meaning = CODES.get(kind, {}).get(self.code)
        return f"{told} ({meaning})" if meaning else told


def _swapped(value: int | None) -> int | None:
    return None if value is None else value >> 8 | (value & 0xFF) << 8


class _Identified(Header):
    """A query with its identifier and sequence number, which some hosts send with their octets swapped."""

    prefix = part_of = "icmp"
    ident = Uint(16, "identifier")
    seq = Uint(16, "sequence number")
    ident_le = Derived(Uint(16, "identifier, read with its octets swapped"), lambda layer: _swapped(layer.ident))
    seq_le = Derived(Uint(16, "sequence number, read with its octets swapped"), lambda layer: _swapped(layer.seq))


class Echo(_Identified):
    """Echo request and reply (RFC 792, page 14)."""

    name = "icmp.echo"
    prefix = "icmp"

    follows = {"icmp.type": (ECHO_REPLY, ECHO_REQUEST)}


class UnreachableCode(Selector):
    """The code of a destination unreachable message (RFC 1191, 4)."""

    name = "icmp.unreachable.code"
    back = 3
    code = Uint(8, "why")

    follows = {"icmp.type": UNREACHABLE}
    next = by(code, "icmp.unreachable.code", default="icmp.unreachable")


class _Error(Header):
    """An error with a quotation whose length is told (RFC 4884, 4)."""

    part_of = prefix = "icmp"
    quotes = True
    unused = Bytes(1, "not used")
    length = Uint(8, "words of 4 octets that the quoted datagram takes, 0 when not told")

    end = (length * 4 + 4).or_rest()
    next = always("ip.version")


class Unreachable(_Error):
    """Destination unreachable (RFC 792, page 4; RFC 4884, 4.1)."""

    name = "icmp.unreachable"
    prefix = "icmp"
    unused2 = Bytes(2, "not used", name="icmp.unused")
    objects = Options(ICMPExtensions, "extensions", where=behind_quotation)


class FragmentationNeeded(_Error):
    """Fragmentation needed and not allowed (RFC 1191, 4)."""

    name = "icmp.fragmentation_needed"
    prefix = "icmp"
    mtu = Uint(16, "largest datagram that the next hop takes, octets")
    objects = Options(ICMPExtensions, "extensions", where=behind_quotation)

    follows = {"icmp.unreachable.code": FRAGMENTATION_NEEDED}


class TimeExceeded(_Error):
    """Time exceeded (RFC 792, page 6; RFC 4884, 4.2)."""

    name = "icmp.time_exceeded"
    prefix = "icmp"
    unused2 = Bytes(2, "not used", name="icmp.unused")
    objects = Options(ICMPExtensions, "extensions", where=behind_quotation)

    follows = {"icmp.type": TIME_EXCEEDED}


class ParameterProblem(Header):
    """Parameter problem (RFC 792, page 8; RFC 4884, 4.3)."""

    name = "icmp.parameter_problem"
    prefix = part_of = "icmp"
    quotes = True
    pointer = Uint(8, "octet of the quoted datagram where the error is")
    length = Uint(8, "words of 4 octets that the quoted datagram takes, 0 when not told")
    unused = Bytes(2, "not used")
    objects = Options(ICMPExtensions, "extensions", where=behind_quotation)

    follows = {"icmp.type": 12}
    end = (length * 4 + 4).or_rest()
    next = always("ip.version")


class SourceQuench(Header):
    """Source quench (RFC 792, page 10; deprecated by RFC 6633)."""

    name = "icmp.source_quench"
    prefix = part_of = "icmp"
    quotes = True
    unused = Bytes(4, "not used")

    follows = {"icmp.type": SOURCE_QUENCH}
    next = always("ip.version")


class Redirect(Header):
    """Redirect (RFC 792, page 12)."""

    name = "icmp.redirect"
    prefix = part_of = "icmp"
    quotes = True
    redir_gw = IPv4Address("gateway to take for the quoted datagram's destination")

    follows = {"icmp.type": REDIRECT}
    next = always("ip.version")


class RouterAdvertisement(Header):
    """Router advertisement (RFC 1256, 3)."""

    name = "icmp.router_advertisement"
    prefix = part_of = "icmp"
    num_addrs = Uint(8, "number of routers")
    addr_entry_size = Uint(8, "words of 4 octets for each router, 2")
    lifetime = Uint(16, "how long the addresses may be used, seconds")
    routers = Repeat(
        "router",
        count=num_addrs,
        router_address=IPv4Address("address of the router"),
        pref_level=Int(32, "preference, the higher the better"),
    )

    header_length = num_addrs * 8 + 4
    follows = {"icmp.type": 9}


class RouterSolicitation(Header):
    """Router solicitation (RFC 1256, 3)."""

    name = "icmp.router_solicitation"
    prefix = part_of = "icmp"
    reserved = Bytes(4, "not used")

    follows = {"icmp.type": 10}


class Timestamp(_Identified):
    """Timestamp request and reply (RFC 792, page 16)."""

    name = "icmp.timestamp"
    prefix = "icmp"
    originate_timestamp = Uint(32, "when the sender last touched the request, milliseconds since midnight UT")
    receive_timestamp = Uint(32, "when the request was received, milliseconds since midnight UT")
    transmit_timestamp = Uint(32, "when the reply was sent, milliseconds since midnight UT")

    follows = {"icmp.type": (13, 14)}


class Information(_Identified):
    """Information request and reply (RFC 792, page 18)."""

    name = "icmp.information"
    prefix = "icmp"

    follows = {"icmp.type": (15, 16)}


class AddressMask(_Identified):
    """Address mask request and reply (RFC 950, appendix I)."""

    name = "icmp.address_mask_message"
    prefix = "icmp"
    address_mask = IPv4Address("subnet mask")

    follows = {"icmp.type": (17, 18)}


class ExtendedEchoRequest(Header):
    """Extended echo request (RFC 8335, 2)."""

    name = "icmp.extended_echo_request"
    prefix = part_of = "icmp"
    ident = Uint(16, "identifier")
    seq = Uint(8, "sequence number", name="icmp.ext.echo.seq")
    reserved = Uint(7, "not used", shown=hex, name="icmp.ext.echo.req.res")
    local = Flag("the interface is on the host that is asked", name="icmp.ext.echo.req.local")
    interface = Options(ICMPExtensions, "the interface that is asked about")

    follows = {"icmp.type": 42}


class ExtendedEchoReply(Header):
    """Extended echo reply (RFC 8335, 3)."""

    name = "icmp.extended_echo_reply"
    prefix = part_of = "icmp"
    ident = Uint(16, "identifier")
    seq = Uint(8, "sequence number", name="icmp.ext.echo.seq")
    state = Uint(
        3,
        "of the neighbour that was asked about",
        name="icmp.ext.echo.rsp.state",
        names={0: "reserved", 1: "incomplete", 2: "reachable", 3: "stale", 4: "delay", 5: "probe", 6: "failed"},
    )
    reserved = Uint(2, "not used", shown=hex, name="icmp.ext.echo.rsp.res")
    active = Flag("the interface is active", name="icmp.ext.echo.rsp.active")
    ipv4 = Flag("IPv4 runs on the interface", name="icmp.ext.echo.rsp.ipv4")
    ipv6 = Flag("IPv6 runs on the interface", name="icmp.ext.echo.rsp.ipv6")

    follows = {"icmp.type": 43}
