"""Linux cooked capture, version 2: the protocol field comes first, and the interface is told.

The names are those of version 1 (sll.py), as are the three meanings of the protocol field.
"""
from __future__ import annotations

from dissectors.fields import MAC, Bytes, Derived, IPv4Address, Uint
from dissectors.header import Header, Selector, by
from dissectors.link.ethernet import ETHERTYPES
from dissectors.link.sll import GRE, HARDWARE_TYPES, LINUX_TYPES, PACKET_TYPES, UNTYPED, ethernet_address, ipv4_address

_Rest = tuple[Uint, Uint, Uint, Uint, Uint, Bytes, MAC, IPv4Address]


def _rest() -> _Rest:
    """What stands behind the protocol field."""
    return (
        Uint(16, "zero", shown=hex),
        Uint(32, "interface, as the kernel numbers them"),
        Uint(16, "device type (ARPHRD_)", names=HARDWARE_TYPES),
        Uint(8, "sent by whom to whom", names=PACKET_TYPES),
        Uint(8, "sender's address, octets"),
        Bytes(8, "sender's address, padded or cut to 8 octets"),
        Derived(MAC("sender's address", name="sll.src.eth"), ethernet_address),
        Derived(IPv4Address("sender's address", name="sll.src.ipv4"), ipv4_address),
    )


class Cooked2Format(Selector):
    """What the protocol field means for the device, version 2."""

    name = "sll2.format"
    type_ = Uint(16, "protocol field")
    before = Bytes(6, "reserved, and the interface")
    hatype = Uint(16, "device type")

    follows = {"frame.linktype": 276}
    next = by(hatype, "sll2.hatype", default="sll2.types")


class Cooked2(Header):
    """Linux cooked capture, version 2 (pcap link type LINUX_SLL2)."""

    name = "sll"
    label = "SLL"
    etype = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)
    reserved, ifindex, hatype, pkttype, halen, address, src_eth, src_ipv4 = _rest()

    next = by(etype, "eth.type")


class Cooked2Type(Selector):
    """What the protocol field means by its size, version 2."""

    name = "sll2.types"
    type_ = Uint(16, "protocol field")

    next = by(type_, "sll2.types", default=Cooked2)


class UntypedCooked2(Header):
    """Linux cooked capture, version 2, without an EtherType (pcap link type LINUX_SLL2)."""

    name = "sll"
    label = "SLL"
    ltype = Uint(16, "what is carried, as Linux numbers it", shown=hex, names=LINUX_TYPES)
    reserved, ifindex, hatype, pkttype, halen, address, src_eth, src_ipv4 = _rest()

    follows = {"sll2.types": UNTYPED}
    next = by(ltype, "sll.ltype")


class TunnelCooked2(Header):
    """Linux cooked capture, version 2, of a GRE device (pcap link type LINUX_SLL2)."""

    name = "sll"
    label = "SLL"
    gretype = Uint(16, "what GRE carried", shown=hex, names=ETHERTYPES)
    reserved, ifindex, hatype, pkttype, halen, address, src_eth, src_ipv4 = _rest()

    follows = {"sll2.hatype": GRE}
    next = by(gretype, "eth.type")
