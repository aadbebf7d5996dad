"""EtherIP: Ethernet frames in IP."""
from __future__ import annotations

from dissectors.fields import Uint
from dissectors.header import Header, always


class EtherIP(Header):
    """Ethernet in IP (RFC 3378, 3)."""

    name = "etherip"
    label = "EtherIP"
    ver = Uint(4, "version")
    reserved = Uint(12, "reserved, must be 0", shown=hex)

    follows = {"ip.proto": 97}
    next = always("eth.format")
