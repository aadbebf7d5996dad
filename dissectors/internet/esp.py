"""IP Encapsulating Security Payload, over IP and over UDP; what it carries is encrypted."""
from __future__ import annotations

from dissectors.fields import Uint
from dissectors.header import Header, Selector, by


class ESP(Header):
    """Encapsulating Security Payload (RFC 4303, 2)."""

    name = "esp"
    label = "ESP"
    spi = Uint(32, "security association", shown=hex)
    sequence = Uint(32, "sequence number")

    follows = {"ip.proto": 50}

    def info(self) -> str | None:
        return None if self.spi is None else f"ESP (SPI=0x{self.spi:08x})"


class UDPEncapsulation(Selector):
    """The first word of UDP port 4500: 0 for the key exchange, else a security association (RFC 3948, 2)."""

    name = "udpencap.spi"
    spi = Uint(32, "security association, or 0")

    follows = {"udp.port": 4500}
    next = by(spi, "udpencap.spi", default=ESP)


class NonESPMarker(Header):
    """Marker before key exchange messages on UDP port 4500 (RFC 3948, 2.2)."""

    name = "udpencap"
    label = "UDPENCAP"
    non_esp_marker = Uint(32, "0 where an SPI would stand: not ESP", shown=hex)

    follows = {"udpencap.spi": 0}
