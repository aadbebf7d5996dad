"""Apple's packet tap: which process and interface a frame belongs to, ahead of a frame of another link type."""
from __future__ import annotations

from dissectors.fields import Bytes, Text, Uint
from dissectors.header import Header, by


class PKTAP(Header):
    """Packet tap (pcap link type PKTAP)."""

    name = "pktap"
    label = "PKTAP"
    hdrlen = Uint(32, "header, octets", little=True)
    rectype = Uint(32, "kind of record, 1: packet", little=True)
    dlt = Uint(32, "link type of the frame", little=True)
    ifname = Text("interface", 24)
    flags = Uint(32, "flags", little=True, shown=hex)
    pfamily = Uint(32, "protocol family", little=True)
    llhdrlen = Uint(32, "link header, octets", little=True)
    lltrlrlen = Uint(32, "link trailer, octets", little=True)
    pid = Uint(32, "process", little=True)
    cmdname = Text("command", 20)
    svc_class = Uint(32, "service class", little=True)
    iftype = Uint(16, "interface type", little=True)
    ifunit = Uint(16, "interface unit", little=True)
    epid = Uint(32, "effective process", little=True)
    ecmdname = Text("effective command", 20)
    rest = Bytes(None, "what later versions added", name="pktap.rest")

    header_length = hdrlen
    follows = {"frame.linktype": (149, 258)}
    next = by(dlt, "frame.linktype")
