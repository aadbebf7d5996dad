"""Captures of what real sockets do not send, composed with scapy, and by hand where scapy does not know the header.

Each function yields frames, each with a comment that the file keeps; its docstring is the line in pcaps/README.md.
Nothing here is random: made again, the same files come out. Checksums are right unless the comment says otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from socket import inet_aton

from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.mpls import MPLS
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import (
    DUID_LL,
    DHCP6_Advertise,
    DHCP6_RelayForward,
    DHCP6_Reply,
    DHCP6_Request,
    DHCP6_Solicit,
    DHCP6OptClientId,
    DHCP6OptDNSServers,
    DHCP6OptElapsedTime,
    DHCP6OptIA_NA,
    DHCP6OptIAAddress,
    DHCP6OptIfaceId,
    DHCP6OptOptReq,
    DHCP6OptRelayMsg,
    DHCP6OptServerId,
)
from scapy.layers.inet import (
    ICMP,
    IP,
    TCP,
    UDP,
    IPOption_LSRR,
    IPOption_NOP,
    IPOption_Router_Alert,
    IPOption_RR,
    IPOption_Security,
    IPOption_SSRR,
    IPOption_Stream_Id,
    IPOption_Timestamp,
    IPOption_Traceroute,
)
from scapy.layers.inet6 import (
    MIP6MH_BA,
    MIP6MH_BRR,
    MIP6MH_BU,
    HBHOptUnknown,
    ICMPv6EchoRequest,
    ICMPv6MLDMultAddrRec,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptDNSSL,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptRedirectedHdr,
    ICMPv6NDOptRouteInfo,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    IPv6ExtHdrSegmentRouting,
    Jumbo,
    MIP6MH_HoTI,
    PadN,
    RouterAlert,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import GRE, LLC, SNAP, STP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import (
    PPP,
    PPP_IPCP,
    PPP_LCP_Configure,
    PPP_LCP_Magic_Number_Option,
    PPP_LCP_MRU_Option,
    PPPoE,
    PPPoED,
)
from scapy.layers.sctp import (
    SCTP,
    SCTPChunkAbort,
    SCTPChunkCookieAck,
    SCTPChunkCookieEcho,
    SCTPChunkData,
    SCTPChunkHeartbeatAck,
    SCTPChunkHeartbeatReq,
    SCTPChunkInit,
    SCTPChunkInitAck,
    SCTPChunkParamHeartbeatInfo,
    SCTPChunkParamStateCookie,
    SCTPChunkSACK,
    SCTPChunkShutdown,
    SCTPChunkShutdownAck,
    SCTPChunkShutdownComplete,
)
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet as Layers
from scapy.packet import Raw
from scapy.utils import checksum

from dissectors.packet import Interface, Packet

from .hosts import CLIENT, CLIENT6, CLIENT_LOCAL, CLIENT_MAC, SERVER, SERVER6, SERVER_LOCAL, SERVER_MAC

START = 1_704_067_200 * 10**9  # 2024-01-01 00:00:00 UTC; the frames follow a millisecond apart

# LINKTYPE_ values of the registry at tcpdump.org
NULL, ETHERNET, PPP_HDLC, RAW, C_HDLC, FRAME_RELAY, LOOP = 0, 1, 50, 101, 104, 107, 108
SLL, IPV4, IPV6, SLL2 = 113, 228, 229, 276
LINK_NAMES = {
    NULL: "null",
    PPP_HDLC: "ppp_hdlc",
    RAW: "raw",
    C_HDLC: "c_hdlc",
    FRAME_RELAY: "frelay",
    LOOP: "loop",
    SLL: "sll",
    IPV4: "ipv4",
    IPV6: "ipv6",
    SLL2: "sll2",
    ETHERNET: "eth",
}

OPT_COMMENT = 1  # pcapng

CLIENT_MAC_OCTETS = bytes.fromhex(CLIENT_MAC.replace(":", ""))
THERE = Ether(src=CLIENT_MAC, dst=SERVER_MAC)
BACK = Ether(src=SERVER_MAC, dst=CLIENT_MAC)
IP_THERE, IP_BACK = IP(src=CLIENT, dst=SERVER), IP(src=SERVER, dst=CLIENT)
IP6_THERE, IP6_BACK = IPv6(src=CLIENT6, dst=SERVER6), IPv6(src=SERVER6, dst=CLIENT6)
PING = IP_THERE / ICMP(id=1, seq=1) / b"rawcap"
PING6 = IP6_THERE / ICMPv6EchoRequest(id=1, seq=1, data=b"rawcap")
HELLO = UDP(sport=49152, dport=7) / b"hello"


@dataclass(frozen=True)
class Frame:
    """What is recorded as one packet: `kept` is how many octets of it, all when 0."""

    comment: str
    content: Layers | bytes
    linktype: int = ETHERNET
    kept: int = 0


Composition = Callable[[], Iterator[Frame]]


class Crafted:
    """A composition: calling it gives its packets."""

    def __init__(self, composition: Composition) -> None:
        self.name = composition.__name__
        self.summary = " ".join((composition.__doc__ or "").split())
        self.composition = composition

    def __call__(self) -> list[Packet]:
        interfaces: dict[int, Interface] = {}
        packets = []
        for number, frame in enumerate(self.composition(), 1):
            if frame.linktype not in interfaces:
                interfaces[frame.linktype] = Interface(
                    frame.linktype, name=LINK_NAMES[frame.linktype], id=len(interfaces), resolution=10**9
                )
            octets = bytes(frame.content)
            packets.append(
                Packet(
                    octets[: frame.kept or None],
                    interfaces[frame.linktype],
                    START + number * 10**6,
                    len(octets),
                    number,
                    ((OPT_COMMENT, frame.comment.encode()),),
                )
            )
        return packets


CAPTURES: list[Crafted] = []


def crafted(composition: Composition) -> Composition:
    """Enter a composition into the list of captures."""
    CAPTURES.append(Crafted(composition))
    return composition


# Link layers and tunnels


@crafted
def link_types() -> Iterator[Frame]:
    """The same echo request in ten link layers, each an interface of one file: BSD null and loop, raw IP in three
    variants, PPP, Cisco HDLC, Frame Relay, Linux cooked v1 and v2."""
    yield Frame(
        "BSD null, the family in the recording host's byte order (little-endian here)",
        struct.pack("<I", 2) + bytes(PING),
        NULL,
    )
    yield Frame("BSD null, IPv6 as FreeBSD numbers it", struct.pack("<I", 28) + bytes(PING6), NULL)
    yield Frame("OpenBSD loop, the family in network byte order", struct.pack(">I", 2) + bytes(PING), LOOP)
    yield Frame("raw IP, version 4 by its first octet", PING, RAW)
    yield Frame("raw IP, version 6 by its first octet", PING6, RAW)
    yield Frame("raw IPv4", PING, IPV4)
    yield Frame("raw IPv6", PING6, IPV6)
    yield Frame("PPP in HDLC-like framing, IPv4", b"\xff\x03\x00\x21" + bytes(PING), PPP_HDLC)
    yield Frame(
        "PPP in HDLC-like framing, IPv6, protocol compressed to one octet", b"\xff\x03\x57" + bytes(PING6), PPP_HDLC
    )
    yield Frame("Cisco HDLC, IPv4", b"\x0f\x00\x08\x00" + bytes(PING), C_HDLC)
    yield Frame("Cisco HDLC, a SLARP keepalive", bytes.fromhex("8f008035 00000002 00000001 00000000 ffff"), C_HDLC)
    yield Frame(
        "Frame Relay, DLCI 100, RFC 2427 multiprotocol: IPv4 by NLPID", b"\x18\x41\x03\xcc" + bytes(PING), FRAME_RELAY
    )
    for comment, kind, ping_in in (("to us", 0, PING), ("sent by us", 4, PING6)):
        cooked = CookedLinux(pkttype=kind, lladdrtype=1, lladdrlen=6, src=CLIENT_MAC_OCTETS + bytes(2))
        yield Frame(f"Linux cooked v1, {comment}", cooked / ping_in, SLL)
    cooked2 = CookedLinuxV2(ifindex=2, lladdrtype=1, pkttype=4, lladdrlen=6, src=CLIENT_MAC_OCTETS + bytes(2))
    yield Frame("Linux cooked v2, sent by us on interface 2", cooked2 / PING, SLL2)


@crafted
def vlan() -> Iterator[Frame]:
    """802.1Q and 802.1ad: a tag, a priority tag, a tag with the drop bit, service and customer tags, three tags."""
    yield Frame("VLAN 5", THERE / Dot1Q(vlan=5) / PING)
    yield Frame("VLAN 0 carries a priority only", THERE / Dot1Q(vlan=0, prio=6) / PING6)
    yield Frame("drop eligible", THERE / Dot1Q(vlan=4094, prio=1, dei=1) / PING)
    yield Frame("802.1ad: service tag 100, customer tag 5", THERE / Dot1AD(vlan=100) / Dot1Q(vlan=5) / PING)
    yield Frame("802.1Q three times", THERE / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / PING6)
    yield Frame(
        "an 802.3 length behind the tag", THERE / Dot1Q(vlan=5, type=38) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP()
    )


@crafted
def ieee_802_3() -> Iterator[Frame]:
    """Frames with a length instead of a type: LLC, SNAP, the spanning tree, a padded frame."""
    stp = (
        Dot3(src=CLIENT_MAC, dst="01:80:c2:00:00:00")
        / LLC(dsap=0x42, ssap=0x42, ctrl=3)
        / STP(rootmac=CLIENT_MAC, bridgemac=CLIENT_MAC)
    )
    yield Frame("spanning tree", stp)
    snap = Dot3(src=CLIENT_MAC, dst=SERVER_MAC) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    yield Frame("IPv4 in SNAP (RFC 1042)", snap / SNAP(OUI=0, code=0x0800) / PING)
    yield Frame("IPv6 in SNAP", snap / SNAP(OUI=0, code=0x86DD) / PING6)
    yield Frame(
        "an LLC information frame with a two-octet control field",
        Dot3(src=CLIENT_MAC, dst=SERVER_MAC) / bytes.fromhex("8888 0204 0102"),
    )
    yield Frame(
        "an Ethernet II frame padded to 60 octets",
        bytes(THERE / IP_THERE / UDP(sport=49152, dport=7) / b"x").ljust(60, b"\0"),
    )


@crafted
def mpls() -> Iterator[Frame]:
    """MPLS: one label, a stack of three, IPv6 under the explicit null label, Ethernet in a pseudowire with a control
    word."""
    yield Frame("one label", THERE / MPLS(label=16, s=1, ttl=63) / PING)
    yield Frame(
        "three labels",
        THERE
        / MPLS(label=100, s=0, ttl=62)
        / MPLS(label=200, cos=5, s=0, ttl=62)
        / MPLS(label=300, s=1, ttl=62)
        / PING,
    )
    yield Frame("IPv6 explicit null", THERE / MPLS(label=2, s=1, ttl=63) / PING6)
    yield Frame(
        "Ethernet pseudowire with a control word (RFC 4448)",
        bytes(THERE / MPLS(label=400, s=1, ttl=61)) + bytes(4) + bytes(BACK / PING),
    )


@crafted
def pppoe() -> Iterator[Frame]:
    """PPP over Ethernet: discovery in four steps, link and address negotiation, IPv4 and IPv6, the end."""

    def tags(*pairs: tuple[int, bytes]) -> bytes:
        return b"".join(struct.pack("!HH", kind, len(value)) + value for kind, value in pairs)

    def discovery(link: Ether, code: int, session: int, *pairs: tuple[int, bytes]) -> Layers:
        body = tags(*pairs)
        return link / PPPoED(code=code, sessionid=session, len=len(body)) / Raw(body)

    everyone = Ether(src=CLIENT_MAC, dst="ff:ff:ff:ff:ff:ff")
    name, unique, cookie = (0x0101, b""), (0x0103, b"\x01\x02\x03\x04"), (0x0104, bytes(range(16)))
    yield Frame("PADI: who offers a service?", discovery(everyone, 0x09, 0, name, unique))
    yield Frame("PADO: this concentrator does", discovery(BACK, 0x07, 0, name, (0x0102, b"example-ac"), unique, cookie))
    yield Frame("PADR: then let us start", discovery(THERE, 0x19, 0, name, unique, cookie))
    yield Frame("PADS: the session is 17", discovery(BACK, 0x65, 17, name, unique))
    there, back = THERE / PPPoE(sessionid=17), BACK / PPPoE(sessionid=17)
    lcp = [PPP_LCP_MRU_Option(max_recv_unit=1492), PPP_LCP_Magic_Number_Option(magic_number=0x01020304)]
    yield Frame("LCP Configure-Request", there / PPP(proto=0xC021) / PPP_LCP_Configure(code=1, id=1, options=lcp))
    yield Frame("LCP Configure-Ack", back / PPP(proto=0xC021) / PPP_LCP_Configure(code=2, id=1, options=lcp))
    address = b"\x03\x06\xc0\x00\x02\x01"
    yield Frame(
        "IPCP Configure-Request for 192.0.2.1",
        there / PPP(proto=0x8021) / PPP_IPCP(code=1, id=1, len=10) / Raw(address),
    )
    yield Frame("IPv4", there / PPP(proto=0x0021) / PING)
    yield Frame("IPv6", there / PPP(proto=0x0057) / PING6)
    yield Frame("PADT: the end", discovery(THERE, 0xA7, 17))


@crafted
def gre() -> Iterator[Frame]:
    """GRE: plain, with checksum, key and sequence number, an Ethernet frame inside, and the enhanced form of PPTP."""
    inner = IP(src="198.51.100.1", dst="198.51.100.2") / ICMP(id=1, seq=1)
    yield Frame("plain", THERE / IP_THERE / GRE() / inner)
    yield Frame(
        "checksum, key, sequence number",
        THERE
        / IP_THERE
        / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=0x01020304, sequence_number=7)
        / inner,
    )
    yield Frame("an Ethernet frame", THERE / IP_THERE / GRE(proto=0x6558) / BACK / inner)
    yield Frame("over IPv6", THERE / IP6_THERE / GRE() / inner)
    enhanced = struct.pack("!HHHHII", 0x3081, 0x880B, len(inner) + 4, 99, 1, 0)
    yield Frame(
        "enhanced GRE (RFC 2637): PPP with call 99, sequence and acknowledgement",
        THERE / IP(src=CLIENT, dst=SERVER, proto=47) / (enhanced + b"\xff\x03\x00\x21" + bytes(inner)),
    )


@crafted
def ip_in_ip() -> Iterator[Frame]:
    """IP in IP, in all four combinations, and nested three deep."""
    inner = IP(src="198.51.100.1", dst="198.51.100.2") / ICMP(id=1, seq=1)
    inner6 = IPv6(src="2001:db8:1::1", dst="2001:db8:1::2") / ICMPv6EchoRequest(id=1, seq=1)
    yield Frame("IPv4 in IPv4 (RFC 2003)", THERE / IP_THERE / inner)
    yield Frame("IPv6 in IPv4, 6in4 (RFC 4213)", THERE / IP_THERE / inner6)
    yield Frame("IPv4 in IPv6 (RFC 2473)", THERE / IP6_THERE / inner)
    yield Frame("IPv6 in IPv6 (RFC 2473)", THERE / IP6_THERE / inner6)
    yield Frame("three deep", THERE / IP_THERE / IP6_THERE / inner)


@crafted
def vxlan() -> Iterator[Frame]:
    """VXLAN: Ethernet frames in UDP, over IPv4 and IPv6, one tagged inside."""
    outer = UDP(sport=49152, dport=4789)
    yield Frame("network 42", THERE / IP_THERE / outer / VXLAN(vni=42, flags=8) / BACK / PING)
    yield Frame("network 42 over IPv6", THERE / IP6_THERE / outer / VXLAN(vni=42, flags=8) / BACK / PING6)
    yield Frame("a VLAN tag inside", THERE / IP_THERE / outer / VXLAN(vni=42, flags=8) / BACK / Dot1Q(vlan=5) / PING)


@crafted
def geneve() -> Iterator[Frame]:
    """GENEVE: Ethernet and IP inside, with options, one of them critical."""
    outer = UDP(sport=49152, dport=6081)
    option = GeneveOptions(classid=0x0102, type=0x01, data=b"\x01\x02\x03\x04")
    critical = GeneveOptions(classid=0x0102, type=0x80, data=b"\x05\x06\x07\x08")
    yield Frame("Ethernet inside", THERE / IP_THERE / outer / GENEVE(vni=42, proto=0x6558) / BACK / PING)
    yield Frame("IPv4 inside", THERE / IP_THERE / outer / GENEVE(vni=42, proto=0x0800) / PING)
    yield Frame(
        "two options, one critical",
        THERE / IP6_THERE / outer / GENEVE(vni=42, proto=0x6558, critical=1, options=[option, critical]) / BACK / PING,
    )


# The internet layer


@crafted
def ipv4_options() -> Iterator[Frame]:
    """Every IPv4 option in use or once in use, one a packet, and a header full of them."""
    hops = ["198.51.100.1", "198.51.100.2"]
    for comment, options in (
        (
            "record route, one of three slots used",
            [IPOption_RR(pointer=8, routers=["198.51.100.1", "0.0.0.0", "0.0.0.0"])],
        ),
        ("loose source route", [IPOption_LSRR(routers=hops)]),
        ("strict source route", [IPOption_SSRR(routers=hops)]),
        ("timestamps alone", [IPOption_Timestamp(flg=0, timestamp=0x01020304)]),
        ("timestamp with address", [IPOption_Timestamp(flg=1, internet_address="198.51.100.1", timestamp=0x01020304)]),
        ("router alert (RFC 2113)", [IPOption_Router_Alert()]),
        ("stream identifier", [IPOption_Stream_Id(security=0x1234)]),
        ("security (RFC 791)", [IPOption_Security()]),
        ("commercial security, CIPSO", b"\x86\x0a\x00\x00\x00\x01\x01\x04\x00\x05\x00\x00"),
        (
            "traceroute (RFC 1393)",
            [IPOption_Traceroute(id=1, outbound_hops=2, return_hops=0xFFFF, originator_ip=CLIENT)],
        ),
        ("quick start (RFC 4782)", b"\x19\x08\x05\x40\x12\x34\x56\x78"),
        ("no operation three times, then the end of the list", b"\x01\x01\x01\x00"),
        ("forty octets, the most there can be", [IPOption_NOP(), IPOption_RR(routers=["0.0.0.0"] * 9)]),
        ("an experiment (RFC 4727)", b"\x5e\x04\x01\x02"),
    ):
        yield Frame(comment, THERE / IP(src=CLIENT, dst=SERVER, options=options) / HELLO)


@crafted
def ipv6_extension_headers() -> Iterator[Frame]:
    """Every IPv6 extension header: hop-by-hop with router alert and jumbo payload, routing of types 0, 2 and 4 (segment
    routing), fragment, destination options, authentication, mobility, no next header, and a chain of them."""
    group = IPv6(src=CLIENT_LOCAL, dst="ff02::16", hlim=1)
    report = ICMPv6MLReport2(records=[ICMPv6MLDMultAddrRec(rtype=4, dst="ff0e::db8:0:1")])
    yield Frame("hop-by-hop: router alert", THERE / group / IPv6ExtHdrHopByHop(options=[RouterAlert()]) / report)
    jumbo = (
        bytes(IPv6ExtHdrHopByHop(nh=17, options=[Jumbo(jumboplen=8 + 66000)]))
        + bytes(UDP(sport=49152, dport=7, len=0, chksum=0x1234))
        + bytes(65992)
    )
    yield Frame(
        "hop-by-hop: a jumbo payload of 66008 octets (RFC 2675), recorded to 128",
        THERE / IPv6(src=CLIENT6, dst=SERVER6, nh=0, plen=0) / jumbo,
        kept=128,
    )
    yield Frame(
        "hop-by-hop: an unknown option to be skipped",
        THERE / IP6_THERE / IPv6ExtHdrHopByHop(options=[HBHOptUnknown(otype=0x1E, optdata=b"\1\2\3\4")]) / HELLO,
    )
    yield Frame(
        "destination options: padding", THERE / IP6_THERE / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]) / HELLO
    )
    yield Frame(
        "routing type 0, deprecated (RFC 5095), arrived",
        THERE / IP6_THERE / IPv6ExtHdrRouting(addresses=["2001:db8::a", "2001:db8::b"], segleft=0) / HELLO,
    )
    yield Frame(
        "routing type 2: the home address of mobile IPv6",
        THERE / IP6_THERE / IPv6ExtHdrRouting(type=2, addresses=["2001:db8:2::1"], segleft=1) / HELLO,
    )
    segments = IPv6ExtHdrSegmentRouting(addresses=["2001:db8::c", "2001:db8::b", SERVER6], segleft=2, lastentry=2)
    yield Frame(
        "routing type 4: segment routing, two segments left (RFC 8754)",
        THERE / IP6_THERE / segments / UDP(sport=49152, dport=7, chksum=udp6_checksum("2001:db8::c")) / b"hello",
    )
    datagram = bytes(IP6_THERE / UDP(sport=49152, dport=7) / bytes(range(64)))[40:]
    for comment, offset, more in (("first", 0, 1), ("second", 3, 1), ("last", 6, 0)):
        part = datagram[offset * 8 : None if not more else (offset + 3) * 8]
        yield Frame(
            f"fragment: the {comment} of three",
            THERE / IP6_THERE / IPv6ExtHdrFragment(nh=17, id=0x01020304, offset=offset, m=more) / part,
        )
    yield Frame("fragment: the only one, atomic (RFC 6946)", THERE / IP6_THERE / IPv6ExtHdrFragment(id=5) / HELLO)
    yield Frame(
        "authentication header",
        THERE / IP6_THERE / AH(nh=17, payloadlen=4, spi=0x100, seq=1, icv=bytes(12)) / complete(HELLO),
    )
    mobile = IPv6(src=CLIENT6, dst=SERVER6)
    yield Frame("mobility: binding refresh request", THERE / mobile / MIP6MH_BRR())
    yield Frame("mobility: home test init", THERE / mobile / MIP6MH_HoTI(cookie=bytes(range(8))))
    yield Frame("mobility: binding update", THERE / mobile / MIP6MH_BU(seq=1, flags="AH", mhtime=60))
    yield Frame("mobility: binding acknowledgement", BACK / IP6_BACK / MIP6MH_BA(seq=1, mhtime=60))
    yield Frame("no next header", THERE / IPv6(src=CLIENT6, dst=SERVER6, nh=59))
    yield Frame(
        "no next header, yet data behind it, to be ignored",
        THERE / IPv6(src=CLIENT6, dst=SERVER6, nh=59) / b"not to be read",
    )
    yield Frame(
        "hop-by-hop, destination, routing, fragment, authentication, destination again, then TCP",
        THERE
        / IP6_THERE
        / IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))])
        / IPv6ExtHdrDestOpt()
        / IPv6ExtHdrRouting(addresses=["2001:db8::a"], segleft=0)
        / IPv6ExtHdrFragment(id=6)
        / AH(nh=60, payloadlen=4, spi=0x100, seq=2, icv=bytes(12))
        / IPv6ExtHdrDestOpt()
        / complete(TCP(sport=49152, dport=7, flags="S", seq=1000)),
    )


def complete(upper: Layers) -> bytes:
    """An upper-layer packet from client to server with its checksum, which scapy does not compute behind AH."""
    return bytes(IP6_THERE / upper)[40:]


def udp6_checksum(final: str) -> int:
    """The checksum of the datagram HELLO sent to `final`, the last segment: it covers that address (RFC 8200, 8.1)."""
    return struct.unpack("!H", bytes(IPv6(src=CLIENT6, dst=final) / HELLO)[46:48])[0]


@crafted
def icmp_messages() -> Iterator[Frame]:
    """ICMP over IPv4: every type that quotes a packet, by code, then the queries."""
    quoted = bytes(IP_THERE / UDP(sport=49152, dport=33434) / bytes(8))
    for kind, codes in ((3, range(16)), (4, range(1)), (5, range(4)), (11, range(2)), (12, range(3))):
        for code in codes:
            fields = {"nexthopmtu": 1280} if (kind, code) == (3, 4) else {"gw": "192.0.2.254"} if kind == 5 else {}
            yield Frame(f"type {kind}, code {code}", BACK / IP_BACK / ICMP(type=kind, code=code, **fields) / quoted)
    for kind, comment in ((8, "echo request"), (0, "echo reply")):
        yield Frame(comment, THERE / IP_THERE / ICMP(type=kind, id=1, seq=1) / b"rawcap")
    yield Frame("timestamp request", THERE / IP_THERE / ICMP(type=13, id=1, seq=1, ts_ori=36000000))
    yield Frame(
        "timestamp reply", BACK / IP_BACK / ICMP(type=14, id=1, seq=1, ts_ori=36000000, ts_rx=36000001, ts_tx=36000002)
    )
    yield Frame("address mask request", THERE / IP_THERE / ICMP(type=17, id=1, seq=1))
    yield Frame("address mask reply", BACK / IP_BACK / ICMP(type=18, id=1, seq=1, addr_mask="255.255.255.0"))
    yield Frame("router solicitation", THERE / IP(src=CLIENT, dst="224.0.0.2", ttl=1) / ICMP(type=10))
    advertisement = struct.pack("!BBHBBH4sI", 9, 0, 0, 1, 2, 1800, bytes([192, 0, 2, 254]), 0)
    advertisement = advertisement[:2] + struct.pack("!H", checksum(advertisement)) + advertisement[4:]
    yield Frame("router advertisement", BACK / IP(src=SERVER, dst="224.0.0.1", ttl=1, proto=1) / advertisement)


@crafted
def icmpv6_messages() -> Iterator[Frame]:
    """ICMPv6: the errors with the packet they quote, and neighbour discovery with each of its options."""
    quoted = bytes(IP6_THERE / UDP(sport=49152, dport=33434) / bytes(8))
    yield Frame("packet too big", BACK / IP6_BACK / ICMPv6PacketTooBig(mtu=1280) / quoted)
    for code in (0, 1):
        yield Frame(f"time exceeded, code {code}", BACK / IP6_BACK / ICMPv6TimeExceeded(code=code) / quoted)
    for code in (0, 1, 2):
        yield Frame(f"parameter problem, code {code}", BACK / IP6_BACK / ICMPv6ParamProblem(code=code, ptr=6) / quoted)
    local = IPv6(src=CLIENT_LOCAL, dst="ff02::1", hlim=255)
    routers = Ether(src=CLIENT_MAC, dst="33:33:00:00:00:02") / IPv6(src=CLIENT_LOCAL, dst="ff02::2", hlim=255)
    yield Frame("router solicitation", routers / ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=CLIENT_MAC))
    yield Frame(
        "router advertisement: link-layer address, MTU, prefix, route, name servers and search list",
        Ether(src=SERVER_MAC, dst="33:33:00:00:00:01")
        / local
        / ICMPv6ND_RA(chlim=64, M=1, O=1, routerlifetime=1800, reachabletime=30000, retranstimer=1000)
        / ICMPv6NDOptSrcLLAddr(lladdr=SERVER_MAC)
        / ICMPv6NDOptMTU(mtu=1500)
        / ICMPv6NDOptPrefixInfo(prefix="2001:db8::", prefixlen=64, validlifetime=7200, preferredlifetime=3600)
        / ICMPv6NDOptRouteInfo(prefix="2001:db8:100::", plen=48, rtlifetime=1800)
        / ICMPv6NDOptRDNSS(dns=[SERVER6], lifetime=1800)
        / ICMPv6NDOptDNSSL(searchlist=["example.com."], lifetime=1800),
    )
    solicited = Ether(src=CLIENT_MAC, dst="33:33:ff:00:00:02") / IPv6(src=CLIENT6, dst="ff02::1:ff00:2", hlim=255)
    yield Frame(
        "neighbour solicitation", solicited / ICMPv6ND_NS(tgt=SERVER6) / ICMPv6NDOptSrcLLAddr(lladdr=CLIENT_MAC)
    )
    answer = BACK / IPv6(src=SERVER6, dst=CLIENT6, hlim=255)
    yield Frame(
        "neighbour advertisement",
        answer / ICMPv6ND_NA(tgt=SERVER6, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=SERVER_MAC),
    )
    better = (
        BACK
        / IPv6(src=SERVER_LOCAL, dst=CLIENT6, hlim=255)
        / ICMPv6ND_Redirect(tgt="fe80::200:5eff:fe00:5303", dst="2001:db8:100::1")
    )
    yield Frame(
        "redirect", better / ICMPv6NDOptDstLLAddr(lladdr="00:00:5e:00:53:03") / ICMPv6NDOptRedirectedHdr(pkt=quoted)
    )


# The transport layer


@crafted
def tcp_options() -> Iterator[Frame]:
    """Registered TCP options, one a segment: MSS, window scale, SACK, timestamps, fast open, user timeout, MD5, AO,
    MPTCP by subtype, AccECN, encryption negotiation, those of the past, and an experiment."""
    syn, ack = {"flags": "S", "seq": 1000}, {"flags": "A", "seq": 1001, "ack": 2001}
    address, token = bytes([198, 51, 100, 1]), b"\x0a\x0b\x0c\x0d"
    cases: list[tuple[str, dict[str, object], bytes]] = [
        ("maximum segment size 1460", syn, b"\x02\x04\x05\xb4"),
        ("window scale, shift 7", syn, b"\x03\x03\x07\x01"),
        ("SACK permitted", syn, b"\x04\x02\x01\x01"),
        ("SACK, one block", ack, b"\x01\x01\x05\x0a" + struct.pack("!II", 3001, 4001)),
        ("SACK, three blocks", ack, b"\x01\x01\x05\x1a" + struct.pack("!6I", 3001, 4001, 5001, 6001, 7001, 8001)),
        ("timestamps", ack, b"\x01\x01\x08\x0a" + struct.pack("!II", 123456, 654321)),
        ("fast open: a cookie wanted", syn, b"\x22\x02\x01\x01"),
        ("fast open: a cookie", syn, b"\x22\x0a" + bytes(range(8)) + b"\x01\x01"),
        ("user timeout, 5 minutes (RFC 5482)", ack, b"\x1c\x04\x80\x05"),
        ("MD5 signature (RFC 2385)", ack, b"\x13\x12" + bytes(range(16)) + b"\x01\x01"),
        ("authentication option, keys 1 and 2 (RFC 5925)", ack, b"\x1d\x10\x01\x02" + bytes(range(12))),
        ("MPTCP 0, MP_CAPABLE: SYN", syn, b"\x1e\x04\x01\x01"),
        (
            "MPTCP 0, MP_CAPABLE: SYN/ACK",
            {"flags": "SA", "seq": 2000, "ack": 1001},
            b"\x1e\x0c\x01\x01" + bytes(range(8)),
        ),
        ("MPTCP 0, MP_CAPABLE: ACK", ack, b"\x1e\x14\x01\x01" + bytes(range(16))),
        ("MPTCP 1, MP_JOIN: SYN", syn, b"\x1e\x0c\x10\x01" + token + bytes(range(4))),
        (
            "MPTCP 1, MP_JOIN: SYN/ACK",
            {"flags": "SA", "seq": 2000, "ack": 1001},
            b"\x1e\x10\x10\x01" + bytes(range(12)),
        ),
        ("MPTCP 1, MP_JOIN: ACK", ack, b"\x1e\x18\x10\x00" + bytes(range(20))),
        ("MPTCP 2, DSS: data acknowledgement", ack, b"\x1e\x08\x20\x01" + struct.pack("!I", 5001)),
        (
            "MPTCP 2, DSS: mapping and data acknowledgement",
            ack,
            b"\x1e\x14\x20\x05" + struct.pack("!IIIHH", 5001, 6001, 1, 5, 0),
        ),
        ("MPTCP 3, ADD_ADDR", ack, b"\x1e\x10\x30\x01" + address + bytes(range(8))),
        ("MPTCP 4, REMOVE_ADDR", ack, b"\x1e\x04\x40\x01"),
        ("MPTCP 5, MP_PRIO: backup", ack, b"\x1e\x03\x51\x01"),
        ("MPTCP 6, MP_FAIL", ack, b"\x1e\x0c\x60\x00" + bytes(range(8))),
        ("MPTCP 7, MP_FASTCLOSE", ack, b"\x1e\x0c\x70\x00" + bytes(range(8))),
        ("MPTCP 8, MP_TCPRST", {"flags": "R", "seq": 1001}, b"\x1e\x04\x80\x03"),
        ("accurate ECN, order 0: three counters (RFC 9768)", ack, b"\xac\x0b" + b"\0\0\1\0\0\2\0\0\3" + b"\x01"),
        ("accurate ECN, order 1: one counter", ack, b"\xae\x05\0\0\1\x01\x01\x01"),
        ("encryption negotiation (RFC 8547)", syn, b"\x45\x03\x21\x01"),
        ("quick start response (RFC 4782)", ack, b"\x1b\x08\x05\x40\x12\x34\x56\x78"),
        ("echo (RFC 1072)", ack, b"\x01\x01\x06\x06\x01\x02\x03\x04"),
        ("echo reply (RFC 1072)", ack, b"\x01\x01\x07\x06\x01\x02\x03\x04"),
        ("partial order connection permitted (RFC 1693)", syn, b"\x09\x02\x01\x01"),
        ("partial order service profile (RFC 1693)", ack, b"\x0a\x03\xc0\x01"),
        ("connection count (RFC 1644)", syn, b"\x01\x01\x0b\x06\x00\x00\x00\x01"),
        ("connection count, new (RFC 1644)", syn, b"\x01\x01\x0c\x06\x00\x00\x00\x01"),
        ("connection count, echo (RFC 1644)", ack, b"\x01\x01\x0d\x06\x00\x00\x00\x01"),
        ("alternate checksum request (RFC 1146)", syn, b"\x0e\x03\x01\x01"),
        ("an experiment: fast open's old number (RFC 6994)", syn, b"\xfe\x0c\xf9\x89" + bytes(range(8))),
        ("no operation, then the end of the list", ack, b"\x01\x01\x01\x00"),
        ("all of a usual SYN", syn, bytes.fromhex("020405b4 0402080a 0001e240 00000000 01030307")),
    ]
    for port, (comment, header, options) in enumerate(cases, 49152):
        words = 5 + len(options) // 4
        if header["flags"] == "SA":
            yield Frame(comment, BACK / IP_BACK / TCP(sport=7, dport=port, dataofs=words, **header) / options)
        else:
            yield Frame(comment, THERE / IP_THERE / TCP(sport=port, dport=7, dataofs=words, **header) / options)


@crafted
def sctp() -> Iterator[Frame]:
    """An SCTP association from INIT to SHUTDOWN COMPLETE, with data, a heartbeat and two chunks in a packet; then an
    ABORT."""
    ports, swapped = {"sport": 49152, "dport": 7}, {"sport": 7, "dport": 49152}
    here, there = 0x0A0A0A0A, 0x0B0B0B0B
    cookie = SCTPChunkParamStateCookie(cookie=bytes(range(32)))
    data = {
        "reserved": 0,
        "delay_sack": 0,
        "unordered": 0,
        "beginning": 1,
        "ending": 1,
        "stream_id": 0,
        "stream_seq": 0,
    }
    beat = {"params": [SCTPChunkParamHeartbeatInfo(data=bytes(range(8)))]}
    for comment, client, chunks in (
        ("INIT", True, SCTPChunkInit(init_tag=here, a_rwnd=65536, n_out_streams=10, n_in_streams=10, init_tsn=1000)),
        (
            "INIT ACK",
            False,
            SCTPChunkInitAck(
                init_tag=there, a_rwnd=65536, n_out_streams=10, n_in_streams=10, init_tsn=2000, params=[cookie]
            ),
        ),
        (
            "COOKIE ECHO and DATA",
            True,
            SCTPChunkCookieEcho(cookie=bytes(range(32))) / SCTPChunkData(tsn=1000, data=b"hello\n", **data),
        ),
        ("COOKIE ACK and SACK", False, SCTPChunkCookieAck() / SCTPChunkSACK(cumul_tsn_ack=1000, a_rwnd=65530)),
        ("DATA", False, SCTPChunkData(tsn=2000, data=b"hello\n", **data)),
        ("SACK with a gap", True, SCTPChunkSACK(cumul_tsn_ack=2000, a_rwnd=65530, gap_ack_list=["2:3"])),
        ("HEARTBEAT", True, SCTPChunkHeartbeatReq(**beat)),
        ("HEARTBEAT ACK", False, SCTPChunkHeartbeatAck(**beat)),
        ("SHUTDOWN", True, SCTPChunkShutdown(cumul_tsn_ack=2000)),
        ("SHUTDOWN ACK", False, SCTPChunkShutdownAck()),
        ("SHUTDOWN COMPLETE", True, SCTPChunkShutdownComplete()),
        ("ABORT, of another association", True, SCTPChunkAbort()),
    ):
        link, network, side = (THERE, IP_THERE, ports) if client else (BACK, IP_BACK, swapped)
        tag = 0 if comment == "INIT" else there if client else here
        yield Frame(comment, link / network / SCTP(tag=tag, **side) / chunks)


@crafted
def dccp() -> Iterator[Frame]:
    """A DCCP connection through every packet type of RFC 4340, and data with short sequence numbers."""
    request, response, data, ack, data_ack, close_request, close, reset, sync, sync_ack = range(10)
    service = struct.pack("!I", 42)

    def packet(
        kind: int, there: bool, sequence: int, rest: bytes, payload: bytes = b"", extended: bool = True
    ) -> Layers:
        numbers = struct.pack("!BHI", 0, 0, sequence) if extended else struct.pack("!BH", 0, sequence)
        source, destination = (49152, 5001) if there else (5001, 49152)
        words = (9 + len(numbers) + len(rest)) // 4
        segment = (
            struct.pack("!HHBBHB", source, destination, words, 0, 0, kind << 1 | extended) + numbers + rest + payload
        )
        addresses = inet_aton(CLIENT) + inet_aton(SERVER)  # in either order they add up to the same
        total = checksum(addresses + struct.pack("!HH", 33, len(segment)) + segment)
        segment = segment[:6] + struct.pack("!H", total) + segment[8:]
        if there:
            return THERE / IP(src=CLIENT, dst=SERVER, proto=33) / segment
        return BACK / IP(src=SERVER, dst=CLIENT, proto=33) / segment

    for sequence, (comment, kind, there, tail, payload) in enumerate(
        (
            ("Request", request, True, service, b""),
            ("Response", response, False, service, b""),
            ("Ack", ack, True, b"", b""),
            ("Data", data, True, b"", b"hello\n"),
            ("DataAck", data_ack, False, b"", b"hello\n"),
            ("Sync", sync, True, b"", b""),
            ("SyncAck", sync_ack, False, b"", b""),
            ("CloseReq", close_request, False, b"", b""),
            ("Close", close, True, b"", b""),
            ("Reset, closed", reset, False, b"\x01\x00\x00\x00", b""),
        ),
        100,
    ):
        acknowledged = b"" if kind in (request, data) else struct.pack("!HHI", 0, 0, sequence - 1)
        yield Frame(comment, packet(kind, there, sequence, acknowledged + tail, payload))
    yield Frame("Data with a sequence number of 24 bits", packet(data, True, 200, b"", b"hello\n", extended=False))


@crafted
def bad_checksums() -> Iterator[Frame]:
    """Checksums that are wrong, by protocol, and a UDP datagram without one."""
    yield Frame("IPv4 header: wrong", THERE / IP(src=CLIENT, dst=SERVER, chksum=0x1234) / HELLO)
    yield Frame("TCP: wrong", THERE / IP_THERE / TCP(sport=49152, dport=7, flags="S", seq=1000, chksum=0x1234))
    yield Frame(
        "TCP over IPv6: wrong", THERE / IP6_THERE / TCP(sport=49152, dport=7, flags="S", seq=1000, chksum=0x1234)
    )
    yield Frame("UDP: wrong", THERE / IP_THERE / UDP(sport=49152, dport=7, chksum=0x1234) / b"hello")
    yield Frame("UDP: none, which IPv4 allows", THERE / IP_THERE / UDP(sport=49152, dport=7, chksum=0) / b"hello")
    yield Frame(
        "UDP over IPv6: none, which RFC 8200 forbids",
        THERE / IP6_THERE / UDP(sport=49152, dport=7, chksum=0) / b"hello",
    )
    yield Frame("ICMP: wrong", THERE / IP_THERE / ICMP(id=1, seq=1, chksum=0x1234) / b"rawcap")
    yield Frame("ICMPv6: wrong", THERE / IP6_THERE / ICMPv6EchoRequest(id=1, seq=1, data=b"rawcap", cksum=0x1234))
    yield Frame(
        "SCTP: wrong", THERE / IP_THERE / SCTP(sport=49152, dport=7, tag=1, chksum=0x12345678) / SCTPChunkCookieAck()
    )
    yield Frame("all right, for comparison", THERE / IP_THERE / HELLO)


# Addresses given out


@crafted
def dhcp() -> Iterator[Frame]:
    """DHCP: an address discovered, offered, requested and acknowledged."""
    hardware = CLIENT_MAC_OCTETS
    network = [
        ("server_id", SERVER),
        ("lease_time", 3600),
        ("subnet_mask", "255.255.255.0"),
        ("router", SERVER),
        ("name_server", SERVER),
        ("domain", b"example.com"),
    ]
    wanted = ("param_req_list", [1, 3, 6, 15])
    asked = ("requested_addr", CLIENT)
    for comment, operation, options in (
        ("discover", 1, [("message-type", 1), ("hostname", b"client"), wanted]),
        ("offer", 2, [("message-type", 2), *network]),
        ("request", 1, [("message-type", 3), ("server_id", SERVER), asked, ("hostname", b"client"), wanted]),
        ("acknowledgement", 2, [("message-type", 5), *network]),
    ):
        message = BOOTP(
            op=operation, xid=0x01020304, chaddr=hardware, yiaddr=CLIENT if operation == 2 else "0.0.0.0"
        ) / DHCP(options=[*options, "end"])
        if operation == 1:
            carrier = (
                Ether(src=CLIENT_MAC, dst="ff:ff:ff:ff:ff:ff")
                / IP(src="0.0.0.0", dst="255.255.255.255")
                / UDP(sport=68, dport=67)
            )
        else:
            carrier = BACK / IP_BACK / UDP(sport=67, dport=68)
        yield Frame(comment, carrier / message)


@crafted
def dhcpv6() -> Iterator[Frame]:
    """DHCPv6: an address solicited, advertised, requested and given, and a solicitation passed on by a relay."""
    client, server = (
        DHCP6OptClientId(duid=DUID_LL(lladdr=CLIENT_MAC)),
        DHCP6OptServerId(duid=DUID_LL(lladdr=SERVER_MAC)),
    )
    wanted = DHCP6OptIA_NA(iaid=1, T1=0, T2=0)
    given = DHCP6OptIA_NA(
        iaid=1, T1=1800, T2=2880, ianaopts=[DHCP6OptIAAddress(addr="2001:db8::100", preflft=3600, validlft=7200)]
    )
    to_servers = (
        Ether(src=CLIENT_MAC, dst="33:33:00:01:00:02")
        / IPv6(src=CLIENT_LOCAL, dst="ff02::1:2", hlim=1)
        / UDP(sport=546, dport=547)
    )
    to_client = BACK / IPv6(src=SERVER_LOCAL, dst=CLIENT_LOCAL) / UDP(sport=547, dport=546)
    solicit = (
        DHCP6_Solicit(trid=0x010203)
        / client
        / wanted
        / DHCP6OptElapsedTime(elapsedtime=0)
        / DHCP6OptOptReq(reqopts=[23, 24])
    )
    yield Frame("solicit", to_servers / solicit)
    yield Frame("advertise", to_client / DHCP6_Advertise(trid=0x010203) / client / server / given)
    yield Frame("request", to_servers / DHCP6_Request(trid=0x010204) / client / server / given)
    yield Frame(
        "reply",
        to_client / DHCP6_Reply(trid=0x010204) / client / server / given / DHCP6OptDNSServers(dnsservers=[SERVER6]),
    )
    relayed = (
        DHCP6_RelayForward(hopcount=0, linkaddr=CLIENT6, peeraddr=CLIENT_LOCAL)
        / DHCP6OptIfaceId(ifaceid=b"eth0")
        / DHCP6OptRelayMsg(message=solicit)
    )
    yield Frame("relayed solicit", THERE / IP6_THERE / UDP(sport=547, dport=547) / relayed)
