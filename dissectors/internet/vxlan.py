"""VXLAN: Ethernet frames in UDP; with the generic protocol extension, other packets too."""
from __future__ import annotations

from dissectors.fields import Flag, Uint
from dissectors.header import Header, always, by


class VXLAN(Header):
    """Virtual eXtensible Local Area Network (RFC 7348, 5; draft-smith-vxlan-group-policy-05, 2.1)."""

    name = "vxlan"
    label = "VXLAN"
    flags = Uint(
        16,
        "flags",
        shown=hex,
        parts={
            "g": Flag("a group policy is given", name="vxlan.flag_g"),
            "r1": Uint(3, "not used", name="vxlan.flags_reserved"),
            "i": Flag("the network identifier is valid", name="vxlan.flag_i"),
            "r2": Uint(4, "not used", name="vxlan.flags_reserved"),
            "d": Flag("do not learn", name="vxlan.flag_d"),
            "r3": Uint(2, "not used", name="vxlan.flags_reserved"),
            "a": Flag("the policy was applied", name="vxlan.flag_a"),
            "r4": Uint(3, "not used", name="vxlan.flags_reserved"),
        },
    )
    gbp = Uint(16, "group policy")
    vni = Uint(24, "network")
    reserved8 = Uint(8, "not used")

    follows = {"udp.port": (4789, 8472)}
    next = always("eth.format")


class VXLANGPE(Header):
    """Generic Protocol Extension for VXLAN (draft-ietf-nvo3-vxlan-gpe-13, 3)."""

    name = "vxlan"
    label = "VXLAN-GPE"
    flags = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "reserved": Uint(2, "not used", name="vxlan.flags_reserved"),
            "ver": Uint(2, "version", name="vxlan.ver"),
            "i_bit": Uint(1, "the network identifier is valid", name="vxlan.i_bit"),
            "p_bit": Uint(1, "the next protocol is given", name="vxlan.p_bit"),
            "b_bit": Uint(1, "broadcast, unknown unicast or multicast", name="vxlan.b_bit"),
            "o_bit": Uint(1, "operations, administration and maintenance", name="vxlan.o_bit"),
        },
    )
    reserved_16 = Uint(16, "not used")
    next_proto = Uint(8, "what is carried", names={1: "IPv4", 2: "IPv6", 3: "Ethernet", 4: "NSH", 5: "MPLS"})
    vni = Uint(24, "network")
    reserved8 = Uint(8, "not used")

    follows = {"udp.port": 4790}
    next = by(next_proto, "nsh.nextproto")
