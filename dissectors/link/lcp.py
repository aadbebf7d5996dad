"""The Link Control Protocol, by which PPP sets up, tests and closes a link."""
from __future__ import annotations

from dissectors.fields import Bytes, Options, Uint
from dissectors.header import Header, Option, by
from dissectors.link.ppp import PROTOCOLS
from dissectors.link.ppp_control import CODE, CONFIGURE, ControlProtocol


class LCP(ControlProtocol):
    """Link Control Protocol (RFC 1661, 5)."""

    name = "lcp"
    label = "PPP LCP"

    follows = {"ppp.protocol": 0xC021}
    next = by(CODE, "lcp.code")


class LCPOption(Option):
    """LCP option (RFC 1661, 6)."""

    name = "lcp.opt"
    type = Uint(8, "kind")
    length = Uint(8, "octets of the option")

    members = by(type)
    end = length


class MaximumReceiveUnit(LCPOption):
    """Maximum receive unit (RFC 1661, 6.1)."""

    name = "lcp.opt.mru"
    prefix = "lcp.opt"
    mru = Uint(16, "the most that the sender takes, octets")
    follows = {"lcp.opt.type": 1}


class AsyncControlCharacterMap(LCPOption):
    """Asynchronous control character map (RFC 1662, 7.1)."""

    name = "lcp.opt.asyncmap"
    prefix = "lcp.opt"
    asyncmap = Uint(32, "control characters to escape, one a bit", shown=hex)
    follows = {"lcp.opt.type": 2}


class AuthenticationProtocol(LCPOption):
    """Authentication protocol (RFC 1661, 6.2)."""

    name = "lcp.opt.auth"
    prefix = "lcp.opt"
    auth_protocol = Uint(16, "protocol to authenticate by", shown=hex, names=PROTOCOLS)
    data = Bytes(None, "of that protocol; 5 for CHAP: MD5")
    follows = {"lcp.opt.type": 3}


class MagicNumber(LCPOption):
    """Magic number (RFC 1661, 6.4)."""

    name = "lcp.opt.magic"
    prefix = "lcp.opt"
    magic_number = Uint(32, "chosen at random, tells a looped link", shown=hex)
    follows = {"lcp.opt.type": 5}


class ProtocolFieldCompression(LCPOption):
    """Protocol field compression (RFC 1661, 6.5)."""

    name = "lcp.opt.pfc"
    follows = {"lcp.opt.type": 7}


class AddressAndControlFieldCompression(LCPOption):
    """Address and control field compression (RFC 1661, 6.6)."""

    name = "lcp.opt.acfc"
    follows = {"lcp.opt.type": 8}


class LCPConfigure(Header):
    """Configuration (RFC 1661, 5.1)."""

    name = "lcp.configure"
    prefix = "lcp"
    part_of = "lcp"
    options = Options(LCPOption)

    follows = {"lcp.code": CONFIGURE}


class LCPProtocolReject(Header):
    """Protocol reject (RFC 1661, 5.7)."""

    name = "lcp.protocol_reject"
    prefix = "lcp"
    part_of = "lcp"
    rej_proto = Uint(16, "protocol that is not known", shown=hex, names=PROTOCOLS)
    data = Bytes(None, "what it carried")

    follows = {"lcp.code": 8}


class LCPEcho(Header):
    """Echo and discard (RFC 1661, 5.8)."""

    name = "lcp.echo"
    prefix = "lcp"
    part_of = "lcp"
    magic_number = Uint(32, "of the sender", shown=hex)
    data = Bytes(None, "any octets")

    follows = {"lcp.code": (9, 10, 11)}
