"""The Point-to-Point Protocol's framing: address and control may be left away, the protocol field may be one octet.

Both are negotiated (RFC 1661, 6.5 and 6.6) and both can be seen: the address is always 0xff, and the first octet of a
protocol number is even where a second one follows.
"""
from __future__ import annotations

from dissectors.fields import Uint
from dissectors.header import Header, Selector, always, by

PROTOCOLS = {
    0x0021: "IPv4",
    0x0023: "OSI network layer",
    0x002B: "IPX",
    0x002D: "Van Jacobson, compressed",
    0x002F: "Van Jacobson, uncompressed",
    0x0031: "bridging",
    0x003D: "multilink",
    0x0057: "IPv6",
    0x00FD: "compressed",
    0x0281: "MPLS",
    0x0283: "MPLS, upstream-assigned label",
    0x8021: "IPCP",
    0x8057: "IPV6CP",
    0x80FD: "CCP",
    0x8281: "MPLSCP",
    0xC021: "LCP",
    0xC023: "PAP",
    0xC025: "LQR",
    0xC223: "CHAP",
    0xC227: "EAP",
}
_ODD = tuple(range(1, 256, 2))


class PPPFrame(Selector):
    """What the first octet of a frame is: PPP's address, Cisco's, or the protocol (RFC 1662, 3.1)."""

    name = "ppp.frame"
    first = Uint(8, "address or protocol")

    follows = {"frame.linktype": (9, 50), "null.order": 0xFF03, "sll.ltype": 7, "eth.type": 0x880B}
    next = by(first, "ppp.frame", default="ppp.size")


class PPPDirection(Header):
    """Point-to-Point Protocol, with the direction (pcap link type PPP_WITH_DIR)."""

    name = "ppp.direction"
    prefix = "ppp"
    label = "PPP"
    direction = Uint(8, "0: received, else sent")

    follows = {"frame.linktype": 204}
    next = always("ppp.frame")


class PPPSize(Selector):
    """The two sizes of the protocol field (RFC 1661, 6.5)."""

    name = "ppp.size"
    first = Uint(8, "first octet of the protocol")

    follows = {"fr.nlpid": 0xCF}
    next = by(first, "ppp.size", default="ppp")


class PPP(Header):
    """Point-to-Point Protocol (RFC 1661, 2)."""

    name = "ppp"
    label = "PPP"
    protocol_ = Uint(16, "what is carried", shown=hex, names=PROTOCOLS)

    next = by(protocol_, "ppp.protocol")


class CompressedPPP(Header):
    """Point-to-Point Protocol, protocol field compressed (RFC 1661, 6.5)."""

    name = "ppp"
    label = "PPP"
    protocol_ = Uint(8, "what is carried", shown=hex, names=PROTOCOLS)

    follows = {"ppp.size": _ODD}
    next = by(protocol_, "ppp.protocol")


class _Addressed(Header):
    """Address and control (RFC 1662, 3.1)."""

    prefix = "ppp"
    label = "PPP"
    address = Uint(8, "all stations: 0xff", shown=hex)
    control = Uint(8, "unnumbered information: 0x03", shown=hex)


class AddressedPPP(_Addressed):
    """Point-to-Point Protocol in HDLC-like framing (RFC 1662, 3.1)."""

    name = "ppp"
    protocol_ = Uint(16, "what is carried", shown=hex, names=PROTOCOLS)

    next = by(protocol_, "ppp.protocol")


class PPPAddressed(Selector):
    """The two sizes of the protocol field, behind address and control (RFC 1661, 6.5)."""

    name = "ppp.addressed"
    address_and_control = Uint(16, "0xff03")
    first = Uint(8, "first octet of the protocol")

    follows = {"ppp.frame": 0xFF}
    next = by(first, "ppp.addressed", default=AddressedPPP)


class AddressedCompressedPPP(_Addressed):
    """Point-to-Point Protocol in HDLC-like framing, protocol field compressed (RFC 1661, 6.5)."""

    name = "ppp"
    protocol_ = Uint(8, "what is carried", shown=hex, names=PROTOCOLS)

    follows = {"ppp.addressed": _ODD}
    next = by(protocol_, "ppp.protocol")
