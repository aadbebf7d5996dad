"""What a wireless card and its driver tell of a frame: ahead of IEEE 802.11 in a capture."""
from __future__ import annotations

from dissectors.fields import Bytes, Uint
from dissectors.header import Header, always


class Radiotap(Header):
    """Radiotap (radiotap.org, pcap link type IEEE802_11_RADIOTAP)."""

    name = "radiotap"
    label = "Radiotap"
    version = Uint(8, "version")
    pad = Uint(8, "not used")
    length_ = Uint(16, "header, octets", little=True)
    present = Uint(32, "which fields are there, a bit each", little=True, shown=hex, name="radiotap.present.word")
    fields = Bytes(None, "the fields, in the order of the bits")

    header_length = length_
    follows = {"frame.linktype": 127}
    next = always("wlan.frame")
