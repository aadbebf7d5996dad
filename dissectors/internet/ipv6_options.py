"""Options of the IPv6 hop-by-hop and destination options headers (RFC 8200, 4.2; numbers assigned by IANA)."""
from __future__ import annotations

from dissectors.fields import Bytes, Flag, IPv6Address, Text, Uint
from dissectors.header import Option, by

OPTIONS = {
    0x00: "Pad1",
    0x01: "PadN",
    0x04: "tunnel encapsulation limit",
    0x05: "router alert",
    0x07: "CALIPSO",
    0x08: "SMF DPD",
    0x0F: "performance and diagnostic metrics",
    0x11: "IOAM, hops leave it alone",
    0x23: "RPL",
    0x26: "quick start",
    0x30: "minimum path MTU",
    0x31: "IOAM, hops write into it",
    0x63: "RPL (RFC 6553)",
    0x6D: "MPL",
    0x8B: "ILNP nonce",
    0x8C: "line identification",
    0xC2: "jumbo payload",
    0xC9: "home address",
    0xEE: "depth first forwarding",
}


class IPv6Option(Option):
    """IPv6 option (RFC 8200, 4.2)."""

    name = "ipv6.opt"
    type = Uint(
        8,
        "kind",
        shown=hex,
        names=OPTIONS,
        parts={
            "action": Uint(
                2,
                "what a node does that does not know it",
                names={0: "skip", 1: "discard", 2: "discard and report", 3: "discard and report unless multicast"},
            ),
            "change": Flag("may change on the way"),
            "rest": Uint(5, "low-order bits", shown=hex),
        },
    )
    length = Uint(8, "octets of the option's data")

    members = by(type, default="ipv6.opt.other")
    end = length + 2
    single = (0,)


class UnknownOption(IPv6Option):
    """IPv6 option of unknown kind (RFC 8200, 4.2)."""

    name = "ipv6.opt.other"
    prefix = "ipv6.opt"
    unknown = Bytes(None, "what the option says")


class PadN(IPv6Option):
    """Padding of two and more octets (RFC 8200, 4.2)."""

    name = "ipv6.opt.pad"
    prefix = "ipv6.opt"
    padn = Bytes(None, "zeros")

    follows = {"ipv6.opt.type": 1}


class TunnelEncapsulationLimit(IPv6Option):
    """Tunnel encapsulation limit (RFC 2473, 4.1.1)."""

    name = "ipv6.opt.tunnel_encapsulation_limit"
    prefix = "ipv6.opt"
    tel = Uint(8, "further tunnels that the packet may enter")

    follows = {"ipv6.opt.type": 4}


class RouterAlert(IPv6Option):
    """Router alert (RFC 2711, 2.1)."""

    name = "ipv6.opt.alert"
    prefix = "ipv6.opt"
    router_alert = Uint(16, "what the packet holds", names={0: "MLD", 1: "RSVP", 2: "active network"})

    follows = {"ipv6.opt.type": 5}


class CALIPSO(IPv6Option):
    """Common architecture label (RFC 5570, 5.1)."""

    name = "ipv6.opt.calipso"
    doi = Uint(32, "domain of interpretation")
    cmpt_length = Uint(8, "words of 4 octets in the bitmap", name="ipv6.opt.calipso.cmpt.length")
    sens_level = Uint(8, "sensitivity level")
    checksum = Uint(16, "of the option", shown=hex)
    cmpt_bitmap = Bytes(None, "a bit for each compartment, the first one most significant")

    follows = {"ipv6.opt.type": 7}


class PerformanceMetrics(IPv6Option):
    """Performance and diagnostic metrics (RFC 8250, 3.2)."""

    name = "ipv6.opt.pdm"
    scale_dtlr = Uint(8, "scale of the time since the last packet received")
    scale_dtls = Uint(8, "scale of the time since the last packet sent")
    psn_this_pkt = Uint(16, "number of this packet")
    psn_last_recv = Uint(16, "number of the last packet received")
    delta_last_recv = Uint(16, "time since the last packet received")
    delta_last_sent = Uint(16, "time since the last packet sent")

    follows = {"ipv6.opt.type": 0x0F}


class QuickStart(IPv6Option):
    """Quick-Start request and report (RFC 4782, 3.2)."""

    name = "ipv6.opt.quick_start"
    prefix = "ipv6.opt"
    qs_func = Uint(4, "function", names={0: "rate request", 8: "rate report"})
    qs_rate = Uint(4, "rate: 40 kbit/s times 2 to the power of it, 0 for none")
    qs_ttl = Uint(8, "Quick-Start TTL, hops")
    qs_nonce = Uint(30, "nonce", shown=hex)
    qs_reserved = Uint(2, "not used", shown=hex)

    follows = {"ipv6.opt.type": 0x26}


class MinimumPathMTU(IPv6Option):
    """Minimum path MTU (RFC 9268, 5)."""

    name = "ipv6.opt.pmtu"
    min = Uint(16, "smallest MTU on the way, octets")
    rtn = Uint(15, "smallest MTU that the other side reported, octets", unit=2)
    r_flag = Flag("the receiver shall report")

    follows = {"ipv6.opt.type": 0x30}


class RPLOption(IPv6Option):
    """Routing information of a low-power network (RFC 6553, 3; RFC 9008, 11.2.1)."""

    name = "ipv6.opt.rpl"
    flag = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "o": Flag("down the graph"),
            "r": Flag("rank error"),
            "f": Flag("forwarding error"),
            "rsv": Uint(5, "not used", shown=hex),
        },
    )
    instance_id = Uint(8, "RPL instance", shown=hex)
    sender_rank = Uint(16, "rank of the sender", shown=hex)

    follows = {"ipv6.opt.type": (0x63, 0x23)}


class MPL(IPv6Option):
    """Multicast for low-power networks (RFC 7731, 6.1)."""

    name = "ipv6.opt.mpl"
    flag = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "s": Uint(
                2,
                "size of the seed identifier",
                names={0: "the source address", 1: "16 bits", 2: "64 bits", 3: "128 bits"},
            ),
            "m": Flag("the highest sequence number that the sender knows of"),
            "v": Flag("version, 0"),
            "rsv": Uint(4, "not used", shown=hex),
        },
    )
    sequence = Uint(8, "sequence number", shown=hex)
    seed_id = Bytes(None, "seed identifier")

    follows = {"ipv6.opt.type": 0x6D}


class ILNPNonce(IPv6Option):
    """Nonce of the identifier-locator network protocol (RFC 6744, 2)."""

    name = "ipv6.opt.ilnp"
    prefix = "ipv6.opt"
    ilnp_nonce = Bytes(None, "nonce")

    follows = {"ipv6.opt.type": 0x8B}


class LineIdentification(IPv6Option):
    """Line identification (RFC 6788, 7)."""

    name = "ipv6.opt.lio"
    line_length = Uint(8, "octets of the identification", name="ipv6.opt.lio.length")
    line_id = Text("the subscriber's line", line_length)

    follows = {"ipv6.opt.type": 0x8C}


class JumboPayload(IPv6Option):
    """Jumbo payload (RFC 2675, 2)."""

    name = "ipv6.opt.jumbo_payload"
    prefix = "ipv6.opt"
    jumbo = Uint(32, "what follows the IPv6 header, octets")

    follows = {"ipv6.opt.type": 0xC2}


class HomeAddress(IPv6Option):
    """Home address of a mobile node (RFC 6275, 6.3)."""

    name = "ipv6.opt.mipv6"
    home_address = IPv6Address("home address of the sender")

    follows = {"ipv6.opt.type": 0xC9}


class DepthFirstForwarding(IPv6Option):
    """Depth-first forwarding (RFC 6971, 7)."""

    name = "ipv6.opt.dff"
    flags = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "ver": Uint(2, "version, 0", name="ipv6.opt.dff.flag.ver"),
            "dup": Flag("may be a duplicate", name="ipv6.opt.dff.flag.dup"),
            "ret": Flag("returned by the next hop", name="ipv6.opt.dff.flag.ret"),
            "rsv": Uint(4, "not used", shown=hex, name="ipv6.opt.dff.flag.rsv"),
        },
    )
    sequence_number = Uint(16, "sequence number")

    follows = {"ipv6.opt.type": 0xEE}


class InSituOAM(IPv6Option):
    """In-situ operations, administration and maintenance (RFC 9486, 3)."""

    name = "ipv6.opt.ioam"
    rsv = Uint(8, "not used")
    opt_type = Uint(
        8,
        "what is gathered",
        names={0: "pre-allocated trace", 1: "incremental trace", 2: "proof of transit", 3: "edge to edge"},
    )
    trace_ns = Uint(16, "namespace", name="ipv6.opt.ioam.trace.ns")
    gathered = Bytes(None, "what was gathered")

    follows = {"ipv6.opt.type": (0x11, 0x31)}


