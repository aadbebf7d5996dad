"""Network Service Header: which chain of services a packet goes through."""
from __future__ import annotations

from dissectors.fields import Bytes, Flag, Options, Repeat, Uint
from dissectors.header import Header, Option, by


class NSHMetadata(Option):
    """Context header of metadata type 2 (RFC 8300, 2.5.1)."""

    name = "nsh.metadata_header"
    prefix = "nsh"
    metadataclass = Uint(16, "who assigned the type")
    metadatatype = Uint(8, "kind")
    metadataunassignedbit = Uint(1, "not used", shown=hex)
    metadatalen = Uint(7, "octets of the metadata", shown=hex)
    metadata = Bytes(metadatalen, "metadata")

    end = metadatalen + 4
    align = 4


class NSH(Header):
    """Network Service Header (RFC 8300, 2.2)."""

    name = "nsh"
    label = "NSH"
    version = Uint(2, "version")
    o = Flag("operations, administration and maintenance", name="nsh.Obit")
    unassigned1 = Uint(1, "not used")
    ttl = Uint(6, "service hops left", shown=hex, digits=4)
    length = Uint(6, "words of 4 octets of the header")
    unassigned2 = Uint(4, "not used")
    mdtype = Uint(4, "metadata type", names={1: "fixed", 2: "variable"})
    nextproto = Uint(8, "what is carried", names={1: "IPv4", 2: "IPv6", 3: "Ethernet", 4: "NSH", 5: "MPLS"})
    spi = Uint(24, "service path")
    si = Uint(8, "service index")
    context = Repeat("context", when=mdtype.equals(1), contextheader=Bytes(4, "context header"))
    contexts = Options(NSHMetadata, "context", when=mdtype.equals(2))

    header_length = length * 4
    follows = {"eth.type": 0x894F, "ip.proto": 145, "nsh.nextproto": 4}
    next = by(nextproto)
