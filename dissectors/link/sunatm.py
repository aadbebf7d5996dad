"""What a SunATM device puts before each protocol data unit."""
from __future__ import annotations

from dissectors.fields import Flag, Uint
from dissectors.header import Header, by

TRAFFIC = {1: "LAN emulation", 2: "LLC", 5: "MPEG-2", 6: "ILMI"}


class SunATM(Header):
    """SunATM (pcap link type SUNATM)."""

    name = "atm"
    label = "ATM"
    out = Flag("sent, not received", name="atm.out")
    reserved = Uint(3, "zero", name="atm.reserved_bits")
    traffic_type = Uint(4, "what is carried", names=TRAFFIC)
    vpi = Uint(8, "virtual path")
    vci = Uint(16, "virtual channel")

    follows = {"frame.linktype": 123}
    next = by(traffic_type)
