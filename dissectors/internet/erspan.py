"""ERSPAN: frames that a switch mirrors, in GRE.  Type I has no header of its own (gre.py)."""
from __future__ import annotations

from dissectors.fields import Uint
from dissectors.header import Header, Selector, always, by


class ERSPAN(Header):
    """Encapsulated remote switch port analyzer, type II (draft-foschiano-erspan-03, 4.2)."""

    name = "erspan"
    label = "ERSPAN"
    version = Uint(4, "1 for type II")
    vlan = Uint(12, "VLAN of the frame")
    cos = Uint(3, "class of service")
    encap = Uint(2, "how the VLAN was told", names={0: "not tagged", 1: "ISL", 2: "802.1Q", 3: "kept in the frame"})
    truncated_ = Uint(1, "the frame was cut", name="erspan.truncated")
    spanid = Uint(10, "session")
    reserved = Uint(12, "not used")
    index = Uint(20, "port and direction")

    follows = {"eth.type": 0x88BE}
    next = always("eth.format")


class ERSPANIII(Header):
    """Encapsulated remote switch port analyzer, type III (draft-foschiano-erspan-03, 4.3)."""

    name = "erspan"
    label = "ERSPAN III"
    version = Uint(4, "2 for type III")
    vlan = Uint(12, "VLAN of the frame")
    cos = Uint(3, "class of service")
    bso = Uint(2, "state of the frame", names={0: "good, or not known", 1: "short", 2: "oversized", 3: "bad"})
    truncated_ = Uint(1, "the frame was cut", name="erspan.truncated")
    spanid = Uint(10, "session")
    timestamp = Uint(32, "when the frame was mirrored, units by granularity")
    sgt = Uint(16, "security group")
    p = Uint(1, "an Ethernet frame is carried")
    ft = Uint(5, "what is carried", names={0: "Ethernet", 2: "IP"})
    hw = Uint(6, "kind of hardware")
    direction = Uint(1, "direction", names={0: "received", 1: "sent"})
    gra = Uint(
        2,
        "granularity of the timestamp",
        names={0: "100 microseconds", 1: "100 nanoseconds", 2: "IEEE 1588", 3: "by the subheader"},
    )
    o = Uint(1, "there is a subheader")
    subheader = Uint(
        64,
        "subheader of the platform",
        shown=hex,
        when=o,
        parts={"platid": Uint(6, "platform", name="erspan.platid"), "platform_info": Uint(58, "by platform")},
    )

    follows = {"eth.type": 0x22EB}
    next = by(ft)


class MirroredFrame(Selector):
    """A frame as it was (draft-foschiano-erspan-03, 4.3)."""

    name = "erspan.frame"

    follows = {"erspan.ft": 0}
    next = always("eth.format")


class MirroredPacket(Selector):
    """An IP packet without the frame that it came in (draft-foschiano-erspan-03, 4.3)."""

    name = "erspan.packet"

    follows = {"erspan.ft": 2}
    next = always("ip.version")
