"""Shim6: several addresses of a host behind one; a payload header and control messages, told apart by a bit."""
from __future__ import annotations

from dissectors.fields import Bytes, Flag, Uint
from dissectors.header import Header, Selector, by
from dissectors.internet.numbers import PROTOCOLS


class Shim6Payload(Selector):
    """The bit that tells payload from control (RFC 5533, 5.1)."""

    name = "shim6.p"
    ahead = Bytes(2, "next header and length")
    p = Flag("payload")
    rest = Uint(7, "not looked at")

    follows = {"ip.proto": 140}
    next = by(p, "shim6.p", default="shim6")


class Shim6Control(Header):
    """Shim6 control message (RFC 5533, 5.3)."""

    name = "shim6"
    label = "Shim6"
    nxt = Uint(8, "next header: none", names=PROTOCOLS)
    len = Uint(8, "words of 8 octets beyond the first")
    p = Flag("payload")
    type = Uint(
        7,
        "message",
        names={1: "I1", 2: "R1", 3: "I2", 4: "R2", 5: "R1bis", 6: "I2bis", 64: "update request",
               65: "update acknowledgement", 66: "keepalive", 67: "probe"},
    )
    proto = Uint(7, "by type")
    s = Flag("0: told apart from HIP")
    checksum = Uint(16, "of the message", shown=hex)
    message = Bytes(None, "by type")

    header_length = len * 8 + 8


class Shim6PayloadHeader(Header):
    """Shim6 payload extension header (RFC 5533, 5.2)."""

    name = "shim6"
    label = "Shim6"
    nxt = Uint(8, "next header", names=PROTOCOLS)
    len = Uint(8, "length, 0 in a payload header")
    p = Flag("payload")
    ct = Uint(47, "receiver's context tag", shown=hex)

    follows = {"shim6.p": 1}
    next = by(nxt, "ip.proto")
