"""Frame Relay: an address of two to four octets, and the encapsulations of RFC 2427 and of Cisco behind it."""
from __future__ import annotations

from dissectors.fields import Bytes, Derived, Flag, Uint
from dissectors.header import Header, Selector, always, by
from dissectors.link.chdlc import PROTOCOLS
from dissectors.link.ethernet import ETHERTYPES
from dissectors.link.llc import ORGANIZATIONS

NETWORK_LAYER_PROTOCOLS = {
    0x08: "Q.933",
    0x80: "SNAP",
    0x81: "CLNP",
    0x82: "ES-IS",
    0x83: "IS-IS",
    0x8E: "IPv6",
    0xB0: "FRF.9",
    0xB1: "FRF.12",
    0xCC: "IPv4",
    0xCF: "PPP",
}

class FrameRelayAddress(Selector):
    """Where the address ends: at the first octet with its lowest bit set (ITU-T Q.922, 3.3.2)."""

    name = "fr.address"
    first = Uint(15, "up to the extension bit of the second octet")
    second_ends = Uint(1, "1: two octets")

    follows = {"frame.linktype": 107}
    next = by(second_ends, "fr.address", default="fr.long_address")


class _FrameRelay(Header):
    """The first two octets, which are the same in all forms (ITU-T Q.922, 3.3)."""

    prefix = "fr"
    label = "FR"
    upper_dlci = Uint(6, "first part of the connection", shown=hex)
    cr = Flag("command or response")
    ea1 = Flag("the address ends here", name="fr.ea")
    second_dlci = Uint(4, "second part of the connection", shown=hex)
    fecn = Flag("congestion ahead")
    becn = Flag("congestion on the way back")
    de = Flag("may be discarded first")
    ea2 = Flag("the address ends here", name="fr.ea")
    dlci = Derived(Uint(32, "data link connection"), lambda layer: layer.connection)

    next = always("fr.encapsulation")

    @property
    def connection(self) -> int | None:
        """The parts of the data link connection identifier put together, None where one was cut off."""
        return self.upper_dlci << 4 | self.second_dlci if self.whole else None

    def info(self) -> str | None:
        return f"DLCI {self.connection}" if self.whole else None


class FrameRelay(_FrameRelay):
    """Frame Relay (ITU-T Q.922, 3.3)."""

    name = "fr"

    follows = {"fr.address": 1}


class FrameRelay3(_FrameRelay):
    """Frame Relay, three octets of address (ITU-T Q.922, 3.3)."""

    name = "fr"
    lower_dlci = Uint(6, "last part of the connection, or control", shown=hex)
    dc = Flag("the last part is control")
    ea3 = Flag("the address ends here", name="fr.ea")

    follows = {"fr.long_address": 1}

    @property
    def connection(self) -> int | None:
        if not self.whole:
            return None
        upper: int = self.upper_dlci << 4 | self.second_dlci
        return upper if self.dc else upper << 6 | self.lower_dlci


class FrameRelay4(_FrameRelay):
    """Frame Relay, four octets of address (ITU-T Q.922, 3.3)."""

    name = "fr"
    third_dlci = Uint(7, "third part of the connection", shown=hex)
    ea3 = Flag("the address ends here", name="fr.ea")
    lower_dlci = Uint(6, "last part of the connection, or control", shown=hex)
    dc = Flag("the last part is control")
    ea4 = Flag("the address ends here", name="fr.ea")

    @property
    def connection(self) -> int | None:
        if not self.whole:
            return None
        upper: int = (self.upper_dlci << 4 | self.second_dlci) << 7 | self.third_dlci
        return upper if self.dc else upper << 6 | self.lower_dlci


class LongFrameRelayAddress(Selector):
    """Three octets or four (ITU-T Q.922, 3.3.2)."""

    name = "fr.long_address"
    first = Uint(23, "up to the extension bit of the third octet")
    third_ends = Uint(1, "1: three octets")

    next = by(third_ends, "fr.long_address", default=FrameRelay4)


class Encapsulation(Selector):
    """The control field of RFC 2427, or at once Cisco's EtherType."""

    name = "fr.encapsulation"
    control = Uint(8, "3: unnumbered information")

    next = by(control, "fr.encapsulation", default="fr.cisco")


class CiscoFrameRelay(Header):
    """Cisco's encapsulation (Cisco, Frame Relay)."""

    name = "fr.cisco"
    prefix = "fr"
    part_of = "fr"
    chdlctype = Uint(16, "EtherType: what is carried", shown=hex, names=PROTOCOLS)

    next = by(chdlctype, "chdlc.protocol")


class Padding(Selector):
    """Whether an octet of padding precedes the protocol identifier (RFC 2427, 3)."""

    name = "fr.padding"
    control = Uint(8, "3: unnumbered information")
    padding = Uint(8, "zero, or the protocol identifier")

    follows = {"fr.encapsulation": 0x03}
    next = by(padding, "fr.padding", default="fr.multiprotocol")


class Multiprotocol(Header):
    """Multiprotocol encapsulation (RFC 2427, 3)."""

    name = "fr.multiprotocol"
    prefix = "fr"
    part_of = "fr"
    control = Uint(8, "unnumbered information: 0x03", shown=hex)
    nlpid = Uint(8, "what is carried", shown=hex, names=NETWORK_LAYER_PROTOCOLS)

    next = by(nlpid)


class PaddedMultiprotocol(Header):
    """Multiprotocol encapsulation, padded to an even number of octets (RFC 2427, 3)."""

    name = "fr.multiprotocol.padded"
    prefix = "fr"
    part_of = "fr"
    control = Uint(8, "unnumbered information: 0x03", shown=hex)
    padding = Bytes(1, "zero")
    nlpid = Uint(8, "what is carried", shown=hex, names=NETWORK_LAYER_PROTOCOLS)

    follows = {"fr.padding": 0x00}
    next = by(nlpid)


class FrameRelaySNAPFormat(Selector):
    """Whose protocol identifiers follow (RFC 2427, 3)."""

    name = "fr.snap"
    oui = Uint(24, "organization")

    follows = {"fr.nlpid": 0x80}
    next = by(oui, "fr.snap.oui", default="fr.snap.other")


class FrameRelaySNAP(Header):
    """Subnetwork access protocol, EtherType (RFC 2427, 4.1)."""

    name = "fr.snap.type"
    prefix = "fr"
    part_of = "fr"
    oui = Uint(24, "organization", shown=hex, names=ORGANIZATIONS, name="fr.snap.oui")
    snaptype = Uint(16, "EtherType: what is carried", shown=hex, names=ETHERTYPES)

    follows = {"fr.snap.oui": 0x000000}
    next = by(snaptype, "eth.type")


class BridgedFrameRelaySNAP(Header):
    """Subnetwork access protocol, bridged frame (RFC 2427, 4.2)."""

    name = "fr.snap.bridged"
    prefix = "fr"
    part_of = "fr"
    oui = Uint(24, "organization", shown=hex, names=ORGANIZATIONS, name="fr.snap.oui")
    pid = Uint(16, "what is bridged", shown=hex, name="fr.snap.pid")

    follows = {"fr.snap.oui": 0x0080C2}
    next = by(pid)


class OtherFrameRelaySNAP(Header):
    """Subnetwork access protocol, an organization's own (RFC 2427, 3)."""

    name = "fr.snap.other"
    prefix = "fr"
    part_of = "fr"
    oui = Uint(24, "organization", shown=hex, names=ORGANIZATIONS, name="fr.snap.oui")
    pid = Uint(16, "protocol, as the organization numbers them", shown=hex, name="fr.snap.pid")
