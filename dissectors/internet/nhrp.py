"""NBMA Next Hop Resolution Protocol: its fixed header; the addresses behind it are left as they are."""
from __future__ import annotations

from dissectors.checksum import message_status, status_field
from dissectors.fields import Bytes, Uint
from dissectors.header import Header
from dissectors.link.ethernet import ETHERTYPES

TYPES = {
    1: "Resolution Request",
    2: "Resolution Reply",
    3: "Registration Request",
    4: "Registration Reply",
    5: "Purge Request",
    6: "Purge Reply",
    7: "Error Indication",
    8: "Traffic Indication",
}


class NHRP(Header):
    """NBMA Next Hop Resolution Protocol (RFC 2332, 5.2)."""

    name = "nhrp"
    label = "NHRP"
    prefix = "nhrp.hdr"
    afn = Uint(16, "address family of the link", shown=hex)
    pro_type = Uint(16, "protocol", shown=hex, names=ETHERTYPES, name="nhrp.hdr.pro.type")
    pro_snap = Bytes(5, "protocol, by SNAP", name="nhrp.hdr.pro.snap")
    hopcnt = Uint(8, "hops left")
    pktsz = Uint(16, "packet, octets")
    chksum = Uint(16, "of the packet", shown=hex)
    extoff = Uint(16, "where the extensions stand, 0 for none, octets")
    version = Uint(8, "version", names={1: "RFC 2332"})
    type = Uint(8, "packet", names=TYPES, name="nhrp.hdr.op.type")
    shtl = Uint(8, "kind and length of the source's link address")
    sstl = Uint(8, "kind and length of the source's link subaddress")
    chksum_status = status_field(message_status, name="nhrp.hdr.chksum.status")

    end = pktsz
    follows = {"eth.type": 0x2001, "ip.proto": 54}

    def info(self) -> str | None:
        return None if self.type is None else f"NHRP {TYPES.get(self.type, f'type {self.type}')}"
