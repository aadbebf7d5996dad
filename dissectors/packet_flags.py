"""What a capture tells of a frame beside its octets: epb_flags (draft-ietf-opsawg-pcapng, 4.3.1).

The direction, how the frame was received, what had been left to the card when it was captured, and errors of the link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dissectors.walk import Captured

OPTION = 2  # epb_flags

DIRECTIONS = {0: "unknown", 1: "inbound", 2: "outbound"}
RECEPTION_TYPES = {0: "not specified", 1: "unicast", 2: "multicast", 3: "broadcast", 4: "promiscuous"}
CHECKSUM_NOT_READY = 1 << 9
ERRORS = 0xFF00_0000


def packet_flags(captured: Captured) -> int | None:
    """The 32 bits of the option; None where the capture has none."""
    for code, value in captured.options:
        if code == OPTION and len(value) == 4:
            return int.from_bytes(value, "big" if captured.interface.big_endian else "little")
    return None


def checksum_was_left(captured: Captured) -> bool:
    """Whether the transport layer's checksum was still to be completed by the card."""
    flags = packet_flags(captured)
    return flags is not None and bool(flags & CHECKSUM_NOT_READY)
