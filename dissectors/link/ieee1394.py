"""IP over FireWire, as Apple hands it over."""
from __future__ import annotations

from dissectors.fields import EUI64, Uint
from dissectors.header import Header, by
from dissectors.link.ethernet import ETHERTYPES


class IEEE1394(Header):
    """IP over IEEE 1394 (pcap link type APPLE_IP_OVER_IEEE1394)."""

    name = "ap1394"
    label = "IEEE 1394"
    dst = EUI64("destination")
    src = EUI64("source")
    type = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    follows = {"frame.linktype": 138}
    next = by(type, "eth.type")
    addresses = ("src", "dst")
