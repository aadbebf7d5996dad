"""Internet Control Message Protocol for IPv6: the common header, errors and echo.

Neighbour discovery, listener discovery, node information and RPL have files of their own.
"""
from __future__ import annotations

from dissectors.checksum import datagram_of, status_field, transport_status
from dissectors.fields import Bytes, Flag, Options, Uint
from dissectors.header import Header, always, by
from dissectors.internet.icmp_extensions import ICMPExtensions, behind_quotation

PROTOCOL = 58
UNREACHABLE, TOO_BIG, TIME_EXCEEDED, PARAMETER_PROBLEM, ECHO_REQUEST, ECHO_REPLY = 1, 2, 3, 4, 128, 129
TYPES = {
    UNREACHABLE: "Destination Unreachable",
    TOO_BIG: "Packet Too Big",
    TIME_EXCEEDED: "Time Exceeded",
    PARAMETER_PROBLEM: "Parameter Problem",
    ECHO_REQUEST: "Echo (ping) request",
    ECHO_REPLY: "Echo (ping) reply",
    130: "Multicast Listener Query",
    131: "Multicast Listener Report",
    132: "Multicast Listener Done",
    133: "Router Solicitation",
    134: "Router Advertisement",
    135: "Neighbor Solicitation",
    136: "Neighbor Advertisement",
    137: "Redirect",
    138: "Router Renumbering",
    139: "Node Information Query",
    140: "Node Information Reply",
    141: "Inverse Neighbor Discovery Solicitation",
    142: "Inverse Neighbor Discovery Advertisement",
    143: "Multicast Listener Report Message v2",
    144: "Home Agent Address Discovery Request",
    145: "Home Agent Address Discovery Reply",
    146: "Mobile Prefix Solicitation",
    147: "Mobile Prefix Advertisement",
    148: "Certification Path Solicitation",
    149: "Certification Path Advertisement",
    151: "Multicast Router Advertisement",
    152: "Multicast Router Solicitation",
    153: "Multicast Router Termination",
    154: "FMIPv6 Message",
    155: "RPL Control",
    157: "Duplicate Address Request",
    158: "Duplicate Address Confirmation",
    159: "MPL Control",
    160: "Extended Echo request",
    161: "Extended Echo reply",
}
CODES = {
    UNREACHABLE: {
        0: "no route to destination",
        1: "Administratively prohibited",
        2: "Beyond scope of source address",
        3: "Address unreachable",
        4: "Port unreachable",
        5: "Source address failed ingress/egress policy",
        6: "Reject route to destination",
        7: "Error in Source Routing Header",
        8: "Headers too long",
    },
    TIME_EXCEEDED: {0: "hop limit exceeded in transit", 1: "fragment reassembly time exceeded"},
    PARAMETER_PROBLEM: {
        0: "erroneous header field encountered",
        1: "unrecognized Next Header type encountered",
        2: "unrecognized IPv6 option encountered",
        3: "IPv6 First Fragment has incomplete IPv6 Header Chain",
        4: "SR Upper-layer Header Error",
    },
    155: {
        0: "DODAG Information Solicitation",
        1: "DODAG Information Object",
        2: "Destination Advertisement Object",
        3: "Destination Advertisement Object Acknowledgement",
    },
    161: {
        0: "No error",
        1: "Malformed query",
        2: "No such interface",
        3: "No such table entry",
        4: "Multiple interfaces satisfy query",
    },
}


class ICMPv6(Header):
    """Internet Control Message Protocol version 6 (RFC 4443, 2.1)."""

    name = "icmpv6"
    label = "ICMPv6"
    type = Uint(8, "type of the message", names=TYPES)
    code = Uint(8, "what exactly, by type", names=lambda layer: CODES.get(layer.type, {}))
    checksum = Uint(16, "of the message and the pseudo header", shown=hex)
    checksum_status = status_field(lambda layer: transport_status(layer, PROTOCOL), name="icmpv6.checksum.status")

    follows = {"ip.proto": PROTOCOL}
    next = by(type)

    def info(self) -> str | None:
        if self.type is None:
            return None
        told = TYPES.get(self.type, f"Type {self.type}")
        for message in self.extensions:
            detail = message.info()
            if detail is not None:
                return f"{told} {detail}"
        meaning = CODES.get(self.type, {}).get(self.code)
        return f"{told} ({meaning})" if meaning else told


class Echo(Header):
    """Echo request and reply (RFC 4443, 4)."""

    name = "icmpv6.echo"
    part_of = "icmpv6"
    identifier = Uint(16, "identifier", shown=hex)
    sequence_number = Uint(16, "sequence number")

    follows = {"icmpv6.type": (ECHO_REQUEST, ECHO_REPLY)}

    def info(self) -> str | None:
        if self.sequence_number is None:
            return None
        datagram = datagram_of(self.below) if self.below is not None else None
        hops = f", hop limit={datagram.hlim}" if datagram is not None and datagram.name == "ipv6" else ""
        return f"id=0x{self.identifier:04x}, seq={self.sequence_number}{hops}"


class Unreachable(Header):
    """Destination unreachable and time exceeded (RFC 4443, 3.1, 3.3; RFC 4884, 4.4, 4.5)."""

    name = "icmpv6.unreachable"
    prefix = part_of = "icmpv6"
    quotes = True
    length = Uint(8, "words of 8 octets that the quoted packet takes, 0 when not told")
    reserved = Bytes(3, "not used")
    objects = Options(ICMPExtensions, "extensions", where=behind_quotation)

    follows = {"icmpv6.type": (UNREACHABLE, TIME_EXCEEDED)}
    end = (length * 8 + 4).or_rest()
    next = always("ip.version")


class PacketTooBig(Header):
    """Packet too big (RFC 4443, 3.2)."""

    name = "icmpv6.packet_too_big"
    prefix = part_of = "icmpv6"
    quotes = True
    mtu = Uint(32, "largest packet that the next hop takes, octets")

    follows = {"icmpv6.type": TOO_BIG}
    next = always("ip.version")


class ParameterProblem(Header):
    """Parameter problem (RFC 4443, 3.4)."""

    name = "icmpv6.parameter_problem"
    prefix = part_of = "icmpv6"
    quotes = True
    pointer = Uint(32, "octet of the quoted packet where the error is")

    follows = {"icmpv6.type": PARAMETER_PROBLEM}
    next = always("ip.version")


class ExtendedEchoRequest(Header):
    """Extended echo request (RFC 8335, 2)."""

    name = "icmpv6.extended_echo_request"
    prefix = part_of = "icmpv6"
    identifier = Uint(16, "identifier", shown=hex, name="icmpv6.echo.identifier")
    sequence_number = Uint(8, "sequence number", name="icmpv6.ext.echo.seq")
    reserved = Uint(7, "not used", shown=hex, name="icmpv6.ext.echo.req.res")
    local = Flag("the interface is on the node that is asked", name="icmpv6.ext.echo.req.local")
    interface = Options(ICMPExtensions, "the interface that is asked about")

    follows = {"icmpv6.type": 160}


class ExtendedEchoReply(Header):
    """Extended echo reply (RFC 8335, 3)."""

    name = "icmpv6.extended_echo_reply"
    prefix = part_of = "icmpv6"
    identifier = Uint(16, "identifier", shown=hex, name="icmpv6.echo.identifier")
    sequence_number = Uint(8, "sequence number", name="icmpv6.ext.echo.seq")
    state = Uint(
        3,
        "of the neighbour that was asked about",
        name="icmpv6.ext.echo.rsp.state",
        names={0: "reserved", 1: "incomplete", 2: "reachable", 3: "stale", 4: "delay", 5: "probe", 6: "failed"},
    )
    reserved = Uint(2, "not used", shown=hex, name="icmpv6.ext.echo.rsp.res")
    active = Flag("the interface is active", name="icmpv6.ext.echo.rsp.active")
    ipv4 = Flag("IPv4 runs on the interface", name="icmpv6.ext.echo.rsp.ipv4")
    ipv6 = Flag("IPv6 runs on the interface", name="icmpv6.ext.echo.rsp.ipv6")

    follows = {"icmpv6.type": 161}
