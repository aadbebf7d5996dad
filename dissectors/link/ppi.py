"""Per-packet information: fields ahead of a frame of another link type."""
from __future__ import annotations

from dissectors.fields import Bytes, Uint
from dissectors.header import Header, by


class PPI(Header):
    """Per-Packet Information (pcap link type PPI)."""

    name = "ppi"
    label = "PPI"
    version = Uint(8, "version")
    flags = Uint(8, "1: fields are padded to 4 octets", shown=hex)
    length_ = Uint(16, "header, octets", little=True)
    dlt = Uint(32, "link type of the frame", little=True)
    fields = Bytes(None, "the fields")

    header_length = length_
    follows = {"frame.linktype": 192}
    next = by(dlt, "frame.linktype")
