"""Stream Control Transmission Protocol: the common header.  Its chunks are in sctp_chunks.py."""
from __future__ import annotations

from itertools import islice

from dissectors.checksum import crc_status, status_field
from dissectors.fields import Either, Options, Uint
from dissectors.header import Header
from dissectors.transport.sctp_chunks import SCTPChunk

_MOST_TOLD = 16  # chunks that a line names


class SCTP(Header):
    """Stream Control Transmission Protocol (RFC 9260, 3.1)."""

    name = "sctp"
    label = "SCTP"
    srcport = Uint(16, "source port")
    dstport = Uint(16, "destination port")
    verification_tag = Uint(32, "association, as the receiver named it", shown=hex)
    checksum = Uint(32, "CRC-32C of the packet", shown=hex)
    chunks = Options(SCTPChunk, "chunks")
    port = Either(srcport, dstport)
    checksum_status = status_field(lambda layer: crc_status(layer, 8), name="sctp.checksum.status")

    follows = {"ip.proto": 132}

    def info(self) -> str | None:
        told = (chunk.info() for chunk in islice(self.chunks, _MOST_TOLD) if chunk.whole)
        return " ".join(each for each in told if each) or None
