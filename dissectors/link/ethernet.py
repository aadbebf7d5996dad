"""Ethernet II and IEEE 802.3 frames: the same fourteen octets, told apart by the last two.

A value of 1 to 1500 there is the length of what follows, which is then LLC; anything else is a type (IEEE 802.3,
3.2.6).  What the frame carries may end before the frame does: the octets behind it are padding and trailer.
"""
from __future__ import annotations

from dissectors.fields import MAC, Bytes, Derived, Either, Uint
from dissectors.header import Header, Selector, always, by

ETHERTYPES = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x2000: "CDP",
    0x6558: "Transparent Ethernet bridging",
    0x8035: "RARP",
    0x8100: "802.1Q",
    0x8137: "IPX",
    0x86DD: "IPv6",
    0x8808: "MAC control",
    0x8809: "Slow protocols",
    0x8847: "MPLS",
    0x8848: "MPLS, upstream-assigned label",
    0x8863: "PPPoE discovery",
    0x8864: "PPPoE session",
    0x888E: "802.1X",
    0x88A8: "802.1ad",
    0x88CC: "LLDP",
    0x88E5: "MACsec",
    0x88E7: "802.1ah",
    0x88F7: "PTP",
    0x8902: "CFM",
    0x893F: "802.1BR",
    0x894F: "NSH",
    0x9000: "Loopback",
    0x9100: "802.1Q, stacked",
}
LENGTHS = tuple(range(1, 1501))
_NEITHER = tuple(range(1501, 1536))
_SHORTEST = 60  # octets of the shortest frame, without its check sequence (IEEE 802.3, 4.4.2)
_CHECK = 4  # octets of the frame check sequence
_TAGS = ("vlan", "ieee8021ad")


def _carried_until(layer: Header) -> int:
    """Where what the frame carries ends, tags aside."""
    captured = layer.captured
    compiled = captured.interface.graph.compiled
    node = compiled.node_of[type(layer)]
    end: int = layer.end
    for inner in compiled.walker.layers(captured, node, layer.start, layer.end, layer.below)[1:]:
        end = inner.end
        if inner.name not in _TAGS:
            break
    return end


def _surplus(layer: Header) -> tuple[bytes, bytes, bytes]:
    """The octets of the frame behind what it carries: padding, trailer and check sequence.

    Zeros up to the shortest length of a frame are padding.  Nothing says whether a check sequence was captured: as in
    Wireshark, the last four octets are taken for one where the frame is long enough to have it.
    """
    octets = layer.octets
    frame = layer.below.end if layer.below is not None else layer.captured.length
    stop = min(frame, len(octets))
    start = min(_carried_until(layer), stop)
    check = stop
    if stop == frame and stop - start >= _CHECK and stop - layer.start >= _SHORTEST + _CHECK:
        check = stop - _CHECK
    trailer = max(min(layer.start + _SHORTEST, check), start)
    if any(octets[start:trailer]):
        trailer = start
    return octets[start:trailer], octets[trailer:check], octets[check:stop]


def _check_sequence(layer: Header) -> int | None:
    octets = _surplus(layer)[2]
    return int.from_bytes(octets, "big") if octets else None


class EthernetFormat(Selector):
    """Length or type (IEEE 802.3, 3.2.6)."""

    name = "eth.format"
    addresses_ = Bytes(12, "destination and source")
    length_or_type = Uint(16, "length or type")

    follows = {
        "frame.linktype": 1,
        "eth.type": 0x6558,
        "fr.snap.pid": (0x0001, 0x0007),
        "mpls.pseudowire": tuple(range(0x0001, 0x1000)),
        "ip.proto": 143,
        "sll.ltype": 3,
        "juniper.ether": 0,
        "nsh.nextproto": 3,
    }
    next = by(length_or_type, "eth.format", default="eth")


class _MACHeader(Header):
    """What both forms of the frame have in common (IEEE 802.3, 3.1.1)."""

    prefix = "eth"
    label = "Ethernet"
    dst = MAC("destination address")
    src = MAC("source address")
    addr = Either(dst, src)
    padding = Derived(Bytes(None, "zeros that fill the frame to 60 octets"), lambda layer: _surplus(layer)[0] or None)
    trailer = Derived(Bytes(None, "behind all that is carried"), lambda layer: _surplus(layer)[1] or None)
    fcs = Derived(Uint(32, "frame check sequence, not verified", shown=hex), _check_sequence)

    addresses = ("src", "dst")


class Ethernet(_MACHeader):
    """Ethernet II (IEEE 802.3, 3.1)."""

    name = "eth"
    type = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    next = by(type)


class IEEE8023(_MACHeader):
    """IEEE 802.3 with a length (IEEE 802.3, 3.1)."""

    name = "eth"
    label = "802.3"
    len = Uint(16, "what is carried, octets")

    end = len + 14
    follows = {"eth.format": LENGTHS}
    next = always("llc.format")


class UntypedEthernet(_MACHeader):
    """Ethernet with neither length nor type (IEEE 802.3, 3.2.6)."""

    name = "eth"
    invalid_lentype = Uint(16, "too long for a length, too small for a type", shown=hex)

    follows = {"eth.format": _NEITHER}
