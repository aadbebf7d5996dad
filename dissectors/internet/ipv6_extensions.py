"""Extension headers of IPv6 (RFC 8200, 4), but for routing, security and mobility, which have files of their own."""
from __future__ import annotations

from dissectors.fields import Flag, Options, Uint
from dissectors.header import Header, by
from dissectors.internet.ipv6_options import HomeAddress, IPv6Option
from dissectors.internet.numbers import PROTOCOLS


class HopByHopOptions(Header):
    """IPv6 hop-by-hop options (RFC 8200, 4.3)."""

    name = "ipv6.hopopts"
    label = "IPv6 hop-by-hop options"
    nxt = Uint(8, "next header", names=PROTOCOLS)
    len = Uint(8, "words of 8 octets beyond the first")
    options = Options(IPv6Option)

    header_length = len * 8 + 8
    follows = {"ip.proto": 0}
    next = by(nxt, "ip.proto")


class DestinationOptions(Header):
    """IPv6 destination options (RFC 8200, 4.6)."""

    name = "ipv6.dstopts"
    label = "IPv6 destination options"
    nxt = Uint(8, "next header", names=PROTOCOLS)
    len = Uint(8, "words of 8 octets beyond the first")
    options = Options(IPv6Option)

    header_length = len * 8 + 8
    follows = {"ip.proto": 60}
    next = by(nxt, "ip.proto")

    @property
    def original_source(self) -> str | None:
        """Where a mobile node is at home: the source that transport checksums count (RFC 6275, 11.3.1)."""
        return next((option.home_address for option in self.options if isinstance(option, HomeAddress)), None)


class FragmentHeader(Header):
    """IPv6 fragment header (RFC 8200, 4.5)."""

    name = "ipv6.fraghdr"
    label = "IPv6 fragment"
    nxt = Uint(8, "next header, of the first fragment", names=PROTOCOLS)
    reserved_octet = Uint(8, "not used", shown=hex)
    offset = Uint(13, "where the fragment belongs, units of 8 octets")
    reserved_bits = Uint(2, "not used")
    more = Flag("more fragments")
    ident = Uint(32, "identification, the same in all fragments", shown=hex)

    fragment = offset
    follows = {"ip.proto": 44}
    next = by(nxt, "ip.proto")

    @property
    def continued(self) -> bool:  # type: ignore[override]
        return bool(self.more)

    def info(self) -> str | None:
        if self.ident is None:
            return None
        more = "y" if self.more else "n"
        return f"IPv6 fragment (off={self.offset * 8} more={more} ident=0x{self.ident:08x} nxt={self.nxt})"
