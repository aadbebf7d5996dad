"""Fiber distributed data interface."""
from __future__ import annotations

from dissectors.fields import MAC, Either, Uint
from dissectors.header import Header, by


class FDDI(Header):
    """Fiber Distributed Data Interface (ISO 9314-2, 7.2)."""

    name = "fddi"
    label = "FDDI"
    clf = Uint(4, "kind of frame, 5: LLC", shown=hex, name="fddi.fc.clf")
    prio = Uint(4, "priority", name="fddi.fc.prio")
    dst = MAC("destination address")
    src = MAC("source address")
    addr = Either(dst, src)

    follows = {"frame.linktype": 10}
    next = by(clf)
    addresses = ("src", "dst")
