"""Internet Protocol version 4."""
from __future__ import annotations

from dissectors import layout
from dissectors.checksum import BAD, GOOD, UNVERIFIED, ones_complement_sum, status_field
from dissectors.fields import Either, Flag, IPv4Address, Options, Uint
from dissectors.header import Header, by
from dissectors.internet.ipv4_options import IPv4Option, SourceRoute
from dissectors.internet.numbers import PROTOCOLS

LEAST_HEADER = 20
_NOT_THERE = layout.PARTIAL | layout.TRUNCATED | layout.SHORT | layout.BAD_LENGTH


def _checksum_status(layer: IPv4) -> int:
    header = layer.octets[layer.start : layer.stop]
    if layer.status & (_NOT_THERE | layout.QUOTED):
        return UNVERIFIED
    return GOOD if ones_complement_sum(header) == 0xFFFF else BAD


class IPv4(Header):
    """Internet Protocol version 4 (RFC 791, 3.1)."""

    name = "ip"
    label = "IPv4"
    version = Uint(4, "version")
    hdr_len = Uint(4, "header, octets", unit=4)
    dsfield = Uint(
        8,
        "differentiated services",
        shown=hex,
        parts={
            "dscp": Uint(6, "code point"),
            "ecn": Uint(2, "explicit congestion notification", names={0: "Not-ECT", 1: "ECT(1)", 2: "ECT(0)", 3: "CE"}),
        },
    )
    len = Uint(16, "header and data, octets")
    id = Uint(16, "identification, the same in all fragments", shown=hex)
    flags = Uint(
        3,
        "flags",
        shown=hex,
        parts={"rb": Flag("reserved"), "df": Flag("don't fragment"), "mf": Flag("more fragments")},
    )
    frag_offset = Uint(13, "where the fragment belongs, units of 8 octets")
    ttl = Uint(8, "time to live, hops")
    proto = Uint(8, "what is carried", names=PROTOCOLS)
    checksum = Uint(16, "of the header", shown=hex)
    src = IPv4Address("source address")
    dst = IPv4Address("destination address")
    options = Options(IPv4Option)
    addr = Either(src, dst)
    checksum_status = status_field(_checksum_status, name="ip.checksum.status")

    header_length = hdr_len
    end = len.or_rest()
    fragment = frag_offset
    follows = {"ip.version": 4, "gre.wccp.form": 4}
    next = by(proto)
    addresses = ("src", "dst")

    @property
    def continued(self) -> bool:  # type: ignore[override]
        return bool(self.mf)

    @property
    def final_destination(self) -> str | None:
        """The address that transport checksums count: the last of a source route that is not yet at its end."""
        final: str | None = self.dst
        if self.stop - self.start > LEAST_HEADER:
            for option in self.options:
                if isinstance(option, SourceRoute) and option.src_rt is not None:
                    final = option.values(option.declaration.fields["src_rt"])[-1]
        return final

    def info(self) -> str | None:
        if self.proto is None:
            return None
        name = PROTOCOLS.get(self.proto, "unknown")
        if self.is_fragment:
            return f"Fragmented IP protocol (proto={name} {self.proto}, off={self.frag_offset * 8}, ID={self.id:04x})"
        return f"{name} ({self.proto})"
