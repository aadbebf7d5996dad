"""MPLS label stacks, and what may stand at their bottom.

Nothing in the stack says what it carries.  Its first four bits tell: 4 and 6 are IP, 1 an associated channel
(RFC 4385, 5), 0 a pseudowire, with the control word of RFC 4448, 4.6 where its reserved bits are zero too.
"""
from __future__ import annotations

from dissectors.fields import Flag, Uint
from dissectors.header import Header, Selector, always, by

LABELS = {
    0: "IPv4 explicit null",
    1: "router alert",
    2: "IPv6 explicit null",
    3: "implicit null",
    7: "entropy label indicator",
    13: "generic associated channel",
    14: "OAM alert",
}
CHANNEL_TYPES = {0x0007: "BFD", 0x0021: "IPv4", 0x0057: "IPv6"}


class MPLS(Header):
    """Multiprotocol Label Switching (RFC 3032, 2.1)."""

    name = "mpls"
    label = "MPLS"
    label_ = Uint(20, "label", names=LABELS, name="mpls.label")
    exp = Uint(3, "traffic class")
    bottom = Flag("last of the stack")
    ttl = Uint(8, "time to live, hops")

    follows = {
        "eth.type": (0x8847, 0x8848),
        "mpls.bottom": 0,
        "ppp.protocol": (0x0281, 0x0283),
        "chdlc.protocol": (0x8847, 0x8848),
        "nsh.nextproto": 5,
        "ip.proto": 137,
    }
    next = by(bottom)

    def info(self) -> str | None:
        if not self.whole:
            return None
        return f"MPLS Label {self.label_} Exp {self.exp} S {self.bottom:d} TTL {self.ttl}"


class MPLSPayload(Selector):
    """What the first bits below the stack say (RFC 4928, 3)."""

    name = "mpls.payload"
    nibble = Uint(4, "IP version, or not IP")
    rest = Uint(4, "of no concern here")

    follows = {"mpls.bottom": 1}
    next = by(nibble, "mpls.payload")


class PseudowireFormat(Selector):
    """A control word, or the frame at once (RFC 4448, 4.6)."""

    name = "mpls.pseudowire"
    first = Uint(16, "zero in a control word")

    follows = {"mpls.payload": 0}
    next = by(first, "mpls.pseudowire")


class ControlWord(Header):
    """Control word of an Ethernet pseudowire (RFC 4448, 4.6)."""

    name = "pwethcw"
    prefix = "pweth.cw"
    label = "PW control word"
    reserved = Uint(16, "zero", shown=hex)
    sequence_number = Uint(16, "sequence number, 0: not used")

    follows = {"mpls.pseudowire": 0}
    next = always("eth.format")


class AssociatedChannel(Header):
    """Associated channel header (RFC 4385, 5)."""

    name = "pwach"
    label = "PW associated channel"
    nibble = Uint(4, "first nibble: 1, neither of IPv4 nor of IPv6")
    ver = Uint(4, "version")
    res = Uint(8, "zero", shown=hex)
    channel_type = Uint(16, "what is carried", shown=hex, names=CHANNEL_TYPES)

    follows = {"mpls.payload": 1}
    next = by(channel_type)
