"""IP over InfiniBand."""
from __future__ import annotations

from dissectors.fields import IPv6Address, Uint
from dissectors.header import Header, by
from dissectors.link.ethernet import ETHERTYPES


class IPOverInfiniBand(Header):
    """IP over InfiniBand (RFC 4391, 6), behind the global route header (pcap link type IPOIB)."""

    name = "ipoib"
    label = "IPoIB"
    ipver = Uint(4, "version of the Internet Protocol", name="ipoib.grh.ipver")
    tclass = Uint(8, "traffic class", shown=hex, name="ipoib.grh.tclass")
    flowlabel = Uint(20, "flow label", shown=hex, name="ipoib.grh.flowlabel")
    plen = Uint(16, "what follows this header, octets", name="ipoib.grh.plen")
    nxt = Uint(8, "next header", name="ipoib.grh.nxt")
    hlim = Uint(8, "hop limit", name="ipoib.grh.hlim")
    sgid = IPv6Address("source", name="ipoib.grh.sgid")
    dgid = IPv6Address("destination", name="ipoib.grh.dgid")
    type = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)
    reserved = Uint(16, "zero", shown=hex)

    follows = {"frame.linktype": 242}
    next = by(type, "eth.type")
    addresses = ("sgid", "dgid")
