"""Logical link control (IEEE 802.2) and the subnetwork access protocol behind it (IEEE 802, 9.2)."""
from __future__ import annotations

from dissectors.fields import Bytes, Uint
from dissectors.header import Header, Selector, always, by
from dissectors.link.ethernet import ETHERTYPES

SERVICE_ACCESS_POINTS = {
    0x00: "null",
    0x06: "IP",
    0x42: "spanning tree",
    0x80: "XNS",
    0xAA: "SNAP",
    0xE0: "NetWare",
    0xF0: "NetBIOS",
    0xFE: "OSI network layer",
    0xFF: "global",
}
ORGANIZATIONS = {0x000000: "Ethernet", 0x00000C: "Cisco", 0x0000F8: "Cisco 9x", 0x0080C2: "IEEE 802.1"}
CISCO_PROTOCOLS = {
    0x0102: "DRiP",
    0x0104: "PAgP",
    0x010B: "PVST+",
    0x0111: "UDLD",
    0x2000: "CDP",
    0x2003: "VTP",
    0x2004: "DTP",
}
_UI, _POLL = 0x03, 0x10
_UNNUMBERED = {_UI: "UI", 0x0F: "DM", 0x43: "DISC", 0x63: "UA", 0x6F: "SABME", 0x87: "FRMR", 0xAF: "XID", 0xE3: "TEST"}
_SUPERVISORY = ("RR", "RNR", "REJ", "SREJ")


class LLCFormat(Selector):
    """The two sizes of the control field (IEEE 802.2, 3.2), and NetWare's frames, which have no LLC."""

    name = "llc.format"
    addresses_ = Uint(16, "both service access points")

    follows = {"frame.linktype": 100, "sll.ltype": 4, "fddi.fc.clf": 5, "atm.traffic_type": 2, "wlan.fc.protected": 0}
    next = by(addresses_, "llc.addresses", default="llc.control")


class LLCControl(Selector):
    """The two sizes of the control field, and whether data of a protocol follows it (IEEE 802.2, 3.2)."""

    name = "llc.control"
    addresses_ = Uint(16, "both service access points")
    control = Uint(8, "the first octet of the control field")

    next = by(control, "llc.control", default="llc")


class _LLC(Header):
    """The service access points (IEEE 802.2, 3.3.1)."""

    prefix = "llc"
    label = "LLC"
    dsap = Uint(8, "destination service access point", shown=hex, names=SERVICE_ACCESS_POINTS)
    ssap = Uint(8, "source service access point, odd in responses", shown=hex, names=SERVICE_ACCESS_POINTS)


def _points(layer: _LLC) -> str:
    return f"DSAP 0x{layer.dsap:02x}, SSAP 0x{layer.ssap & 0xFE:02x} {'response' if layer.ssap & 1 else 'command'}"


class UnnumberedLLC(_LLC):
    """Logical link control, command or response (IEEE 802.2, 3.2)."""

    name = "llc"
    control = Uint(8, "control field", shown=hex, names=_UNNUMBERED)

    follows = {"llc.control": tuple(range(0x03, 0x100, 4))}

    def info(self) -> str | None:
        if not self.whole:
            return None
        return f"U, func={_UNNUMBERED.get(self.control & ~_POLL, 'unknown')}; {_points(self)}"


class LLC(UnnumberedLLC):
    """Logical link control (IEEE 802.2, 3.2)."""

    name = "llc"

    follows = {"llc.control": (_UI, _UI | _POLL)}
    next = by(_LLC.declaration.fields["dsap"], "llc.dsap")


class NumberedLLC(_LLC):
    """Logical link control, information and supervisory (IEEE 802.2, 3.2)."""

    name = "llc"
    control = Uint(16, "control field", little=True, shown=hex)

    follows = {"llc.control": tuple(first for first in range(0x100) if first & 3 != 3)}
    next = by(_LLC.declaration.fields["dsap"], "llc.dsap")

    def info(self) -> str | None:
        if not self.whole:
            return None
        received = self.control >> 9
        if self.control & 1:
            return f"S, func={_SUPERVISORY[self.control >> 2 & 3]}, N(R)={received}; {_points(self)}"
        return f"I, N(R)={received}, N(S)={self.control >> 1 & 0x7F}; {_points(self)}"


class SNAPFormat(Selector):
    """Whose protocol identifiers follow (IEEE 802, 9.2)."""

    name = "llc.snap"
    oui = Uint(24, "organization")

    follows = {"llc.dsap": 0xAA}
    next = by(oui, "llc.oui", default="llc.snap.other")


class SNAP(Header):
    """Subnetwork access protocol, EtherType (RFC 1042)."""

    name = "llc.snap.type"
    prefix = "llc"
    part_of = "llc"
    label = "SNAP"
    oui = Uint(24, "organization", shown=hex, names=ORGANIZATIONS)
    type = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    follows = {"llc.oui": (0x000000, 0x0000F8)}
    next = by(type, "eth.type")


class CiscoSNAP(Header):
    """Subnetwork access protocol, Cisco's (IEEE 802, 9.2)."""

    name = "llc.snap.cisco"
    prefix = "llc"
    part_of = "llc"
    label = "SNAP"
    oui = Uint(24, "organization", shown=hex, names=ORGANIZATIONS)
    cisco_pid = Uint(16, "protocol, as Cisco numbers them", shown=hex, names=CISCO_PROTOCOLS)

    follows = {"llc.oui": 0x00000C}


class BridgedSNAP(Header):
    """Subnetwork access protocol, bridged frame (RFC 2684, 5.2)."""

    name = "llc.snap.bridged"
    prefix = "llc"
    part_of = "llc"
    label = "SNAP"
    oui = Uint(24, "organization", shown=hex, names=ORGANIZATIONS)
    pid = Uint(16, "what is bridged", shown=hex)

    follows = {"llc.oui": 0x0080C2}
    next = by(pid, "llc.pid")


class BridgedEthernet(Header):
    """Padding before a bridged Ethernet frame (RFC 2684, 5.2)."""

    name = "llc.bridged.eth"
    prefix = "llc"
    part_of = "llc"
    padding = Bytes(2, "zeros")

    follows = {"llc.pid": (0x0001, 0x0007)}
    next = always("eth.format")


class OtherSNAP(Header):
    """Subnetwork access protocol, an organization's own (IEEE 802, 9.2)."""

    name = "llc.snap.other"
    prefix = "llc"
    part_of = "llc"
    label = "SNAP"
    oui = Uint(24, "organization", shown=hex, names=ORGANIZATIONS)
    pid = Uint(16, "protocol, as the organization numbers them", shown=hex)
