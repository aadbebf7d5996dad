"""UDP-Lite: UDP with a checksum that need not cover all of the data."""
from __future__ import annotations

from dissectors.checksum import ILLEGAL, UNVERIFIED, status_field, transport_status
from dissectors.fields import Bytes, Derived, Either, Remaining, Uint
from dissectors.header import Header, by_port


def _checksum_status(layer: UDPLite) -> int:
    """A checksum of zero, and a coverage of part of the header, are not allowed (RFC 3828, 3.1)."""
    if not layer.checksum:
        return ILLEGAL
    if 0 < layer.checksum_coverage < 8:
        return UNVERIFIED
    return transport_status(layer, 136, layer.checksum_coverage or None)


class UDPLite(Header):
    """Lightweight User Datagram Protocol (RFC 3828, 3.1)."""

    name = "udplite"
    label = "UDP-Lite"
    prefix = "udp"
    srcport = Uint(16, "source port")
    dstport = Uint(16, "destination port")
    checksum_coverage = Uint(16, "octets that the checksum covers, header included; 0 for all")
    checksum = Uint(16, "of what is covered and the pseudo header", shown=hex)
    port = Either(srcport, dstport)
    checksum_status = status_field(_checksum_status, name="udp.checksum.status")
    length = Derived(Uint(16, "header and data, octets"), Remaining())
    payload_ = Derived(Bytes(None, "data"), lambda layer: layer.payload or None)

    follows = {"ip.proto": 136}
    next = by_port(srcport, dstport, "udp.port")

    def info(self) -> str | None:
        if self.dstport is None:
            return None
        return f"{self.srcport} → {self.dstport} Len={self.payload_length}"
