"""Linux cooked capture: what packet sockets tell of a frame whose own header was left away (versions 1 and 2).

The protocol field is an EtherType, save for small numbers, which the kernel keeps for frames without one, and for
GRE devices, where it is what the GRE header said.
"""
from __future__ import annotations

from dissectors.fields import MAC, Bytes, Derived, IPv4Address, Uint
from dissectors.header import Header, Selector, by
from dissectors.link.ethernet import ETHERTYPES

PACKET_TYPES = {0: "to us", 1: "broadcast", 2: "multicast", 3: "to another host", 4: "from us"}
HARDWARE_TYPES = {1: "Ethernet", 512: "PPP", 768: "IP tunnel", 772: "loopback", 776: "6in4", 778: "GRE", 65534: "none"}
LINUX_TYPES = {1: "802.3, NetWare", 3: "Ethernet", 4: "LLC", 7: "PPP", 12: "CAN"}
UNTYPED = tuple(range(1536))
GRE = 778


def ethernet_address(layer: Header) -> str | None:
    """The sender's address where it has the size of a MAC address."""
    address = layer.get("address")
    return address[:6].hex(":") if address and layer.get("halen") == 6 else None


def ipv4_address(layer: Header) -> str | None:
    """The sender's address where it has the size of an IPv4 address, as tunnels have."""
    address = layer.get("address")
    return ".".join(map(str, address[:4])) if address and layer.get("halen") == 4 else None


class _Cooked(Header):
    """What every cooked frame tells, in the order of version 1."""

    prefix = "sll"
    label = "SLL"
    pkttype = Uint(16, "sent by whom to whom", names=PACKET_TYPES)
    hatype = Uint(16, "device type (ARPHRD_)", names=HARDWARE_TYPES)
    halen = Uint(16, "sender's address, octets")
    address = Bytes(8, "sender's address, padded or cut to 8 octets")
    src_eth = Derived(MAC("sender's address", name="sll.src.eth"), ethernet_address)
    src_ipv4 = Derived(IPv4Address("sender's address", name="sll.src.ipv4"), ipv4_address)


class CookedFormat(Selector):
    """What the protocol field means for the device."""

    name = "sll.format"
    pkttype = Uint(16, "sent by whom to whom")
    hatype = Uint(16, "device type")

    follows = {"frame.linktype": 113}
    next = by(hatype, "sll.hatype", default="sll.types")


class CookedType(Selector):
    """What the protocol field means by its size."""

    name = "sll.types"
    before = Bytes(14, "all but the protocol field")
    type_ = Uint(16, "protocol field")

    next = by(type_, "sll.types", default="sll")


class Cooked(_Cooked):
    """Linux cooked capture, version 1 (pcap link type LINUX_SLL)."""

    name = "sll"
    etype = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    next = by(etype, "eth.type")


class UntypedCooked(_Cooked):
    """Linux cooked capture, version 1, without an EtherType (pcap link type LINUX_SLL)."""

    name = "sll"
    ltype = Uint(16, "what is carried, as Linux numbers it", shown=hex, names=LINUX_TYPES)

    follows = {"sll.types": UNTYPED}
    next = by(ltype, "sll.ltype")


class TunnelCooked(_Cooked):
    """Linux cooked capture, version 1, of a GRE device (pcap link type LINUX_SLL)."""

    name = "sll"
    gretype = Uint(16, "what GRE carried", shown=hex, names=ETHERTYPES)

    follows = {"sll.hatype": GRE}
    next = by(gretype, "eth.type")
