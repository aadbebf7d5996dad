"""The IP Control Protocol, by which PPP sets up IPv4 on a link."""
from __future__ import annotations

from dissectors.fields import IPv4Address, Options, Uint
from dissectors.header import Header, Option, by
from dissectors.link.ppp_control import CODE, CONFIGURE, ControlProtocol


class IPCP(ControlProtocol):
    """IP Control Protocol (RFC 1332, 2)."""

    name = "ipcp"
    label = "PPP IPCP"

    follows = {"ppp.protocol": 0x8021}
    next = by(CODE, "ipcp.code")


class IPCPOption(Option):
    """IPCP option (RFC 1332, 3)."""

    name = "ipcp.opt"
    type = Uint(8, "kind")
    length = Uint(8, "octets of the option")

    members = by(type)
    end = length


class IPCompression(IPCPOption):
    """Compression protocol (RFC 1332, 3.2)."""

    name = "ipcp.opt.compression"
    prefix = "ipcp.opt"
    compress_proto = Uint(16, "protocol of compressed packets", shown=hex)
    follows = {"ipcp.opt.type": 2}


class IPAddress(IPCPOption):
    """IP address (RFC 1332, 3.3)."""

    name = "ipcp.opt.address"
    prefix = "ipcp.opt"
    ip_address = IPv4Address("of the sender, 0.0.0.0: to be given")
    follows = {"ipcp.opt.type": 3}


class PrimaryDNS(IPCPOption):
    """Primary DNS server (RFC 1877, 1.1)."""

    name = "ipcp.opt.pri_dns"
    prefix = "ipcp.opt"
    pri_dns_address = IPv4Address("primary DNS server")
    follows = {"ipcp.opt.type": 129}


class SecondaryDNS(IPCPOption):
    """Secondary DNS server (RFC 1877, 1.3)."""

    name = "ipcp.opt.sec_dns"
    prefix = "ipcp.opt"
    sec_dns_address = IPv4Address("secondary DNS server")
    follows = {"ipcp.opt.type": 131}


class IPCPConfigure(Header):
    """Configuration (RFC 1332, 2)."""

    name = "ipcp.configure"
    prefix = "ipcp"
    part_of = "ipcp"
    options = Options(IPCPOption)

    follows = {"ipcp.code": CONFIGURE}
