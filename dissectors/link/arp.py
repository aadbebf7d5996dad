"""Address resolution: ARP and the protocols that took its figure, RARP and InARP."""
from __future__ import annotations

from dissectors.fields import MAC, Bytes, Derived, Flag, IPv4Address, Uint
from dissectors.header import Header, Selector, by
from dissectors.link.ethernet import ETHERTYPES

HARDWARE_TYPES = {
    1: "Ethernet",
    3: "AX.25",
    6: "IEEE 802",
    7: "ARCNET",
    15: "Frame Relay",
    19: "ATM",
    24: "IEEE 1394",
    27: "EUI-64",
    32: "InfiniBand",
}
REQUEST, REPLY, REVERSE_REQUEST, REVERSE_REPLY, INVERSE_REQUEST, INVERSE_REPLY = 1, 2, 3, 4, 8, 9
OPERATIONS = {
    REQUEST: "request",
    REPLY: "reply",
    REVERSE_REQUEST: "reverse request",
    REVERSE_REPLY: "reverse reply",
    INVERSE_REQUEST: "InARP request",
    INVERSE_REPLY: "InARP reply",
    10: "ATM ARP NAK",
}
_PROBE = "Who has {wanted}? (ARP Probe)"
_ANNOUNCEMENT = "ARP Announcement for {protocol}"
_GRATUITOUS_REPLY = "Gratuitous ARP for {protocol} (Reply)"
_FORMS = {
    REQUEST: "Who has {wanted}? Tell {protocol}",
    REPLY: "{protocol} is at {hardware}",
    REVERSE_REQUEST: "Who is {target}? Tell {hardware}",
    REVERSE_REPLY: "{target} is at {wanted}",
    INVERSE_REQUEST: "Who is {target}? Tell {hardware}",
    INVERSE_REPLY: "{hardware} is at {protocol}",
}


class ARPFormat(Selector):
    """Whether the sizes are ARP's or ATM's (RFC 2225, 8.1)."""

    name = "arp.format"
    hw_type = Uint(16, "hardware type")

    follows = {"eth.type": (0x0806, 0x8035), "arcnet.protID": (0xD5, 0xD6, 0xF1)}
    next = by(hw_type, "arp.hw.type", default="arp")


class ARP(Header):
    """Address Resolution Protocol (RFC 826)."""

    name = "arp"
    label = "ARP"
    hw_type = Uint(16, "hardware type", names=HARDWARE_TYPES, name="arp.hw.type")
    proto_type = Uint(16, "EtherType of the protocol", shown=hex, names=ETHERTYPES, name="arp.proto.type")
    hw_size = Uint(8, "hardware address, octets", name="arp.hw.size")
    proto_size = Uint(8, "protocol address, octets", name="arp.proto.size")
    opcode = Uint(16, "operation", names=OPERATIONS)
    src_hw_mac = MAC("sender's hardware address", when=hw_size.equals(6), name="arp.src.hw_mac")
    src_hw = Bytes(hw_size, "sender's hardware address", when=hw_size.differs(6), name="arp.src.hw")
    src_proto_ipv4 = IPv4Address("sender's protocol address", when=proto_size.equals(4), name="arp.src.proto_ipv4")
    src_proto = Bytes(proto_size, "sender's protocol address", when=proto_size.differs(4), name="arp.src.proto")
    dst_hw_mac = MAC("target's hardware address", when=hw_size.equals(6), name="arp.dst.hw_mac")
    dst_hw = Bytes(hw_size, "target's hardware address", when=hw_size.differs(6), name="arp.dst.hw")
    dst_proto_ipv4 = IPv4Address("target's protocol address", when=proto_size.equals(4), name="arp.dst.proto_ipv4")
    dst_proto = Bytes(proto_size, "target's protocol address", when=proto_size.differs(4), name="arp.dst.proto")
    isgratuitous = Derived(Flag("the sender tells of itself, asked by none"), lambda layer: layer.gratuitous or None)
    isprobe = Derived(Flag("asks whether an address is free (RFC 5227, 2.1.1)"), lambda layer: layer.probe or None)
    isannouncement = Derived(
        Flag("claims an address (RFC 5227, 2.3)"), lambda layer: (layer.gratuitous and layer.opcode == REQUEST) or None
    )

    header_length = hw_size * 2 + proto_size * 2 + 8
    end = hw_size * 2 + proto_size * 2 + 8

    @property
    def sender(self) -> tuple[str, str]:
        """Hardware and protocol address of the sender, as text."""
        return _address(self.src_hw_mac, self.src_hw), _address(self.src_proto_ipv4, self.src_proto)

    @property
    def target(self) -> tuple[str, str]:
        """Hardware and protocol address of the target, as text."""
        return _address(self.dst_hw_mac, self.dst_hw), _address(self.dst_proto_ipv4, self.dst_proto)

    @property
    def gratuitous(self) -> bool:
        """Whether a request or reply has its sender for its target."""
        protocol = self.sender[1]
        return self.opcode in (REQUEST, REPLY) and protocol == self.target[1] != ""

    @property
    def probe(self) -> bool:
        """Whether a request comes from a sender that has no address yet."""
        return bool(self.opcode == REQUEST and self.src_proto_ipv4 == "0.0.0.0" != self.dst_proto_ipv4)

    def info(self) -> str | None:
        if self.truncated or self.malformed:
            return None
        if self.probe:
            form = _PROBE
        elif self.gratuitous:
            form = _ANNOUNCEMENT if self.opcode == REQUEST else _GRATUITOUS_REPLY
        else:
            form = _FORMS.get(self.opcode, "ARP operation {opcode}")
        (hardware, protocol), (target, wanted) = self.sender, self.target
        return form.format(hardware=hardware, protocol=protocol, target=target, wanted=wanted, opcode=self.opcode)


def _address(known: str | None, other: bytes | None) -> str:
    return known if known is not None else (other or b"").hex()


class ATMARP(Header):
    """Address resolution over ATM (RFC 2225, 8.1)."""

    name = "arp"
    label = "ATMARP"
    hw_type = Uint(16, "hardware type", names=HARDWARE_TYPES, name="arp.hw.type")
    proto_type = Uint(16, "EtherType of the protocol", shown=hex, names=ETHERTYPES, name="arp.proto.type")
    src_htype = Uint(2, "sender's number: 0 NSAP, 1 E.164", name="arp.src.htype")
    src_hlen = Uint(6, "sender's number, octets", name="arp.src.hlen")
    src_stype = Uint(2, "sender's subaddress: 0 NSAP, 1 E.164", name="arp.src.stype")
    src_slen = Uint(6, "sender's subaddress, octets", name="arp.src.slen")
    opcode = Uint(16, "operation", names=OPERATIONS)
    src_pln = Uint(8, "sender's protocol address, octets", name="arp.src.pln")
    dst_htype = Uint(2, "target's number: 0 NSAP, 1 E.164", name="arp.dst.htype")
    dst_hlen = Uint(6, "target's number, octets", name="arp.dst.hlen")
    dst_stype = Uint(2, "target's subaddress: 0 NSAP, 1 E.164", name="arp.dst.stype")
    dst_slen = Uint(6, "target's subaddress, octets", name="arp.dst.slen")
    dst_pln = Uint(8, "target's protocol address, octets", name="arp.dst.pln")
    src_hw = Bytes(src_hlen, "sender's number", name="arp.src.atm_num_nsap")
    src_subaddress = Bytes(src_slen, "sender's subaddress", name="arp.src.atm_subaddr")
    src_proto_ipv4 = IPv4Address("sender's protocol address", when=src_pln.equals(4), name="arp.src.proto_ipv4")
    src_proto = Bytes(src_pln, "sender's protocol address", when=src_pln.differs(4), name="arp.src.proto")
    dst_hw = Bytes(dst_hlen, "target's number", name="arp.dst.atm_num_nsap")
    dst_subaddress = Bytes(dst_slen, "target's subaddress", name="arp.dst.atm_subaddr")
    dst_proto_ipv4 = IPv4Address("target's protocol address", when=dst_pln.equals(4), name="arp.dst.proto_ipv4")
    dst_proto = Bytes(dst_pln, "target's protocol address", when=dst_pln.differs(4), name="arp.dst.proto")

    header_length = src_hlen + src_slen + src_pln + dst_hlen + dst_slen + dst_pln + 12
    end = src_hlen + src_slen + src_pln + dst_hlen + dst_slen + dst_pln + 12
    follows = {"arp.hw.type": 19}
