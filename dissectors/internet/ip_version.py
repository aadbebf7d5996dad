"""What stands where an IP header belongs and is none: a version that does not fit."""
from __future__ import annotations

from typing import NoReturn

from dissectors.fields import Bytes, Derived, Uint
from dissectors.header import Header, Malformed, Selector, by


class NotIP(Header):
    """Neither version of the Internet Protocol (RFC 791, 3.1)."""

    name = "ip.unknown"
    prefix = "ip"
    label = "IP"
    version = Uint(4, "version, neither 4 nor 6")
    rest = Uint(4, "of no known meaning", name="ip.unknown.rest")
    data_ = Bytes(None, "octets of no known meaning", name="ip.unknown.data")

    def body(self) -> NoReturn:
        raise Malformed(f"an IP version {self.version}, which is neither 4 nor 6")


class IPv6Version(Selector):
    """The version, where only IPv6 belongs (RFC 8200, 3)."""

    name = "ipv6.version"
    version = Uint(4, "version")
    rest = Uint(4, "of no concern here")

    follows = {"eth.type": 0x86DD, "frame.linktype": 229, "ip.proto": 41, "nsh.nextproto": 2}
    next = by(version, "ipv6.version", default="ipv6.unknown")


class NotIPv6(Header):
    """Not version 6 of the Internet Protocol (RFC 8200, 3)."""

    name = "ipv6.unknown"
    prefix = "ipv6"
    label = "IPv6"
    version = Uint(4, "version, not 6")
    rest = Uint(4, "of no known meaning", name="ipv6.unknown.rest")
    data_ = Bytes(None, "octets of no known meaning", name="ipv6.unknown.data")
    ip_version = Derived(Uint(4, "version", name="ip.version"), lambda layer: layer.version)

    def body(self) -> NoReturn:
        raise Malformed(f"an IP version {self.version} where 6 belongs")
