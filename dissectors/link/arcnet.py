"""ARCNET, as Linux and BSD hand it over: without and with the octets that RFC 1201 puts before a datagram."""
from __future__ import annotations

from dissectors.fields import Bytes, Uint
from dissectors.header import Header, Selector, by

SYSTEMS = {
    0xC4: "IPv6, RFC 1201",
    0xD4: "IPv4, RFC 1201",
    0xD5: "ARP, RFC 1201",
    0xD6: "RARP, RFC 1201",
    0xDD: "AppleTalk",
    0xF0: "IPv4, RFC 1051",
    0xF1: "ARP, RFC 1051",
    0xFA: "IPX",
}
RFC_1051 = (0xF0, 0xF1)


class _ARCNET(Header):
    """Addresses and system code (RFC 1051)."""

    prefix = "arcnet"
    label = "ARCNET"
    src = Uint(8, "source", shown=hex)
    dst = Uint(8, "destination, 0: broadcast", shown=hex)
    system = Uint(8, "system code: what is carried", shown=hex, names=SYSTEMS, name="arcnet.protID")

    next = by(system, "arcnet.protID")


class ARCNET(_ARCNET):
    """ARCNET (RFC 1201, 2)."""

    name = "arcnet"
    split_flag = Uint(8, "0: whole, odd: first fragment, even: one that follows")
    sequence = Uint(16, "the same in all fragments")


class ARCNET1051(_ARCNET):
    """ARCNET, the older form (RFC 1051)."""

    name = "arcnet"

    follows = {"arcnet.form": RFC_1051}


class ARCNETForm(Selector):
    """The two forms, told apart by the system code."""

    name = "arcnet.form"
    addresses_ = Uint(16, "source and destination")
    system = Uint(8, "system code")

    follows = {"frame.linktype": 7}
    next = by(system, "arcnet.form", default=ARCNET)


class _LinuxARCNET(Header):
    """Addresses, system code and where the packet stood in the card (pcap link type ARCNET_LINUX)."""

    prefix = "arcnet"
    label = "ARCNET"
    src = Uint(8, "source", shown=hex)
    dst = Uint(8, "destination, 0: broadcast", shown=hex)
    offset = Bytes(2, "where the packet stood in the card's buffer")
    system = Uint(8, "system code: what is carried", shown=hex, names=SYSTEMS, name="arcnet.protID")

    next = by(system, "arcnet.protID")


class LinuxARCNET(_LinuxARCNET):
    """ARCNET on Linux (RFC 1201, 2)."""

    name = "arcnet"
    split_flag = Uint(8, "0: whole, odd: first fragment, even: one that follows")
    sequence = Uint(16, "the same in all fragments")


class LinuxARCNET1051(_LinuxARCNET):
    """ARCNET on Linux, the older form (RFC 1051)."""

    name = "arcnet"

    follows = {"arcnet.linux_form": RFC_1051}


class LinuxARCNETForm(Selector):
    """The two forms on Linux, told apart by the system code."""

    name = "arcnet.linux_form"
    before = Uint(32, "addresses and offset")
    system = Uint(8, "system code")

    follows = {"frame.linktype": 129}
    next = by(system, "arcnet.linux_form", default=LinuxARCNET)
