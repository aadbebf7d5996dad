"""IP over Fibre Channel: two network addresses, then LLC."""
from __future__ import annotations

from dissectors.fields import EUI64
from dissectors.header import Header, always


class IPOverFibreChannel(Header):
    """IP over Fibre Channel (RFC 2625, 3.2)."""

    name = "ipfc"
    label = "IPFC"
    da = EUI64("destination", name="ipfc.nh.da")
    sa = EUI64("source", name="ipfc.nh.sa")

    follows = {"frame.linktype": 122}
    next = always("llc.format")
    addresses = ("sa", "da")
