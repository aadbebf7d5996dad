"""The IPv6 Control Protocol, by which PPP sets up IPv6 on a link."""
from __future__ import annotations

from dissectors.fields import Bytes, Options, Uint
from dissectors.header import Header, Option, by
from dissectors.link.ppp_control import CODE, CONFIGURE, ControlProtocol


class IPV6CP(ControlProtocol):
    """IPv6 Control Protocol (RFC 5072, 3)."""

    name = "ipv6cp"
    label = "PPP IPV6CP"

    follows = {"ppp.protocol": 0x8057}
    next = by(CODE, "ipv6cp.code")


class IPV6CPOption(Option):
    """IPV6CP option (RFC 5072, 4)."""

    name = "ipv6cp.opt"
    type = Uint(8, "kind")
    length = Uint(8, "octets of the option")

    members = by(type)
    end = length


class InterfaceIdentifier(IPV6CPOption):
    """Interface identifier (RFC 5072, 4.1)."""

    name = "ipv6cp.opt.identifier"
    prefix = "ipv6cp"
    interface_identifier = Bytes(8, "last half of the link-local address")
    follows = {"ipv6cp.opt.type": 1}


class IPV6CPConfigure(Header):
    """Configuration (RFC 5072, 3)."""

    name = "ipv6cp.configure"
    prefix = "ipv6cp"
    part_of = "ipv6cp"
    options = Options(IPV6CPOption)

    follows = {"ipv6cp.code": CONFIGURE}
