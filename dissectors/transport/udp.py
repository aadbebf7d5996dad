"""User Datagram Protocol."""
from __future__ import annotations

from dissectors.checksum import NOT_PRESENT, status_field, transport_status
from dissectors.fields import Either, Uint
from dissectors.header import Header, by_port


class UDP(Header):
    """User Datagram Protocol (RFC 768)."""

    name = "udp"
    label = "UDP"
    srcport = Uint(16, "source port")
    dstport = Uint(16, "destination port")
    length = Uint(16, "header and data, octets")
    checksum = Uint(16, "0 when the sender made none", shown=hex)
    port = Either(srcport, dstport)
    checksum_status = status_field(
        lambda layer: transport_status(layer, 17) if layer.checksum else NOT_PRESENT, name="udp.checksum.status"
    )

    follows = {"ip.proto": 17}
    next = by_port(srcport, dstport)
    end = length.or_rest()

    def info(self) -> str | None:
        return f"{self.srcport} → {self.dstport} Len={self.payload_length}"
