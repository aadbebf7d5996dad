"""The tag between a bridge and its port extenders."""
from __future__ import annotations

from dissectors.fields import Flag, Uint
from dissectors.header import Header, by
from dissectors.link.ethernet import ETHERTYPES


class ETag(Header):
    """E-tag (IEEE 802.1BR, 7.5)."""

    name = "etag"
    label = "802.1BR"
    pcp = Uint(3, "priority code point")
    dei = Flag("may be dropped first")
    iecid_base = Uint(12, "channel that it came in by", shown=hex)
    resv = Uint(2, "reserved")
    group = Uint(2, "group of channels")
    ecid_base = Uint(12, "channel", shown=hex)
    iecid_ext = Uint(8, "extension of the channel that it came in by", shown=hex)
    ecid_ext = Uint(8, "extension of the channel", shown=hex)
    etype = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    follows = {"eth.type": 0x893F}
    next = by(etype, "eth.type")
