"""BSD loopback: four octets with the protocol family, in the byte order of the host (null) or the network (loop)."""
from __future__ import annotations

from dissectors.fields import Uint
from dissectors.header import Header, Selector, by

FAMILIES = {2: "IPv4", 7: "OSI", 23: "IPX", 24: "IPv6, NetBSD and OpenBSD", 28: "IPv6, FreeBSD", 30: "IPv6, Darwin"}


class NullOrder(Selector):
    """The byte order of the host that captured: a family is a small number, so half of it is zero."""

    name = "null.order"
    half = Uint(16, "the first two octets")

    follows = {"frame.linktype": 0}
    next = by(half, "null.order", default="null")


class Null(Header):
    """BSD loopback (pcap link type NULL)."""

    name = "null"
    label = "Null"
    family = Uint(32, "protocol family", little=True, names=FAMILIES)

    next = by(family, "null.family")


class Loop(Header):
    """BSD loopback in network order (pcap link type LOOP)."""

    name = "null"
    label = "Loop"
    family = Uint(32, "protocol family", names=FAMILIES)

    follows = {"frame.linktype": 108, "null.order": 0}
    next = by(family, "null.family")
