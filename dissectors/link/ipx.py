"""Internetwork packet exchange, which Novell put behind LLC, SNAP, an EtherType or nothing at all."""
from __future__ import annotations

from dissectors.fields import MAC, Uint
from dissectors.header import Header

SOCKETS = {0x0451: "NCP", 0x0452: "SAP", 0x0453: "RIP", 0x0455: "NetBIOS", 0x0456: "diagnostics"}


class IPX(Header):
    """Internetwork Packet Exchange (Novell IPX Router Specification, 1.2)."""

    name = "ipx"
    label = "IPX"
    checksum = Uint(16, "0xffff when the sender made none", shown=hex)
    len = Uint(16, "header and data, octets")
    hops = Uint(8, "routers passed")
    packet_type = Uint(8, "packet type", shown=hex)
    dst_net = Uint(32, "destination network", shown=hex, name="ipx.dst.net")
    dst_node = MAC("destination node", name="ipx.dst.node")
    dst_socket = Uint(16, "destination socket", shown=hex, names=SOCKETS, name="ipx.dst.socket")
    src_net = Uint(32, "source network", shown=hex, name="ipx.src.net")
    src_node = MAC("source node", name="ipx.src.node")
    src_socket = Uint(16, "source socket", shown=hex, names=SOCKETS, name="ipx.src.socket")

    end = len
    follows = {
        "llc.addresses": 0xFFFF,
        "llc.dsap": 0xE0,
        "eth.type": 0x8137,
        "ppp.protocol": 0x002B,
        "sll.ltype": 1,
        "arcnet.protID": 0xFA,
        "null.family": 23,
    }
    addresses = ("src_node", "dst_node")
