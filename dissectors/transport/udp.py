"""User Datagram Protocol."""
from __future__ import annotations

from dissectors.checksum import status_field, transport_status, without_checksum
from dissectors.fields import Bytes, Derived, Either, Noted, Uint
from dissectors.header import Header, by_port
from dissectors.words import Piece, said

_ENDS = "{srcport} → {dstport}"
_WHOLE: tuple[Piece, ...] = ((_ENDS + " Len={len}", 0),)


def _checksum_status(layer: UDP) -> int:
    return transport_status(layer, 17) if layer.checksum else without_checksum(layer)


class UDP(Header):
    """User Datagram Protocol (RFC 768)."""

    name = "udp"
    label = "UDP"
    srcport = Uint(16, "source port")
    dstport = Uint(16, "destination port")
    length = Uint(16, "header and data, octets; 0 in a jumbogram")
    checksum = Uint(16, "of header, data and pseudo header; 0 when the sender made none", shown=hex)
    port = Either(srcport, dstport)
    checksum_status = status_field(_checksum_status, name="udp.checksum.status")
    stream = Noted(Uint(32, "exchange of two sockets, as numbered in the capture"))
    payload_ = Derived(Bytes(None, "data"), lambda layer: layer.payload or None)

    words = _WHOLE
    """What the line of a whole header says."""

    follows = {"ip.proto": 17}
    next = by_port(srcport, dstport)
    end = length.or_rest(more_than=0xFFFF)

    def info(self) -> str | None:
        destination = self.dstport
        if destination is None:
            return None
        if not self.whole:
            return _ENDS.format(srcport=self.srcport, dstport=destination)
        octets = max(self.length - 8, 0) or self.payload_length
        return said(self.words, 0).format(srcport=self.srcport, dstport=destination, len=octets)
