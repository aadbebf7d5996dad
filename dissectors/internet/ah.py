"""IP Authentication Header."""
from __future__ import annotations

from dissectors.fields import Bytes, Uint
from dissectors.header import Header, by
from dissectors.internet.numbers import PROTOCOLS


class AH(Header):
    """IP Authentication Header (RFC 4302, 2)."""

    name = "ah"
    label = "AH"
    next_header = Uint(8, "next header", names=PROTOCOLS)
    length = Uint(8, "words of 4 octets, less 2")
    reserved = Bytes(2, "not used")
    spi = Uint(32, "security association", shown=hex)
    sequence = Uint(32, "sequence number")
    icv = Bytes(None, "integrity check value")

    header_length = length * 4 + 8
    follows = {"ip.proto": 51}
    next = by(next_header, "ip.proto")

    def info(self) -> str | None:
        return None if self.spi is None else f"AH (SPI=0x{self.spi:08x})"
