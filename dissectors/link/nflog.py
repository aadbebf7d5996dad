"""Linux netfilter log: what a firewall rule handed over, as attributes, the last of which is the datagram."""
from __future__ import annotations

from dissectors.fields import Bytes, Uint
from dissectors.header import Header, Selector, always, by

FAMILIES = {0: "unspecified", 2: "IPv4", 3: "ARP", 7: "bridge", 10: "IPv6"}
PAYLOAD = 9
ATTRIBUTES = {
    1: "packet header",
    2: "mark",
    3: "timestamp",
    4: "input interface",
    5: "output interface",
    6: "physical input interface",
    7: "physical output interface",
    8: "hardware address",
    PAYLOAD: "payload",
    10: "prefix",
    11: "user",
    12: "sequence number",
    13: "global sequence number",
    14: "group",
    15: "hardware type",
    16: "hardware header",
    17: "hardware header length",
    18: "connection tracking",
}


class NFLOG(Header):
    """Linux Netfilter log (pcap link type NFLOG)."""

    name = "nflog"
    label = "NFLOG"
    family = Uint(8, "protocol family", names=FAMILIES)
    version = Uint(8, "version")
    res_id = Uint(16, "group of the log")

    follows = {"frame.linktype": 239}
    next = always("nflog.kind")


class NFLOGKind(Selector):
    """The kind of the next attribute."""

    name = "nflog.kind"
    length = Uint(16, "octets", little=True)
    type = Uint(16, "kind", little=True)

    next = by(type, "nflog.tlv_type", default="nflog.tlv")


class NFLOGAttribute(Header):
    """Attribute (linux/netfilter/nfnetlink_log.h)."""

    name = "nflog.tlv"
    prefix = "nflog"
    part_of = "nflog"
    tlv_length = Uint(16, "attribute without padding, octets", little=True)
    tlv_type = Uint(16, "kind", little=True, names=ATTRIBUTES)
    tlv_value = Bytes(tlv_length + -4, "value")

    header_length = tlv_length.padded(4)
    next = always(NFLOGKind)


class NFLOGPayload(Header):
    """Payload (linux/netfilter/nfnetlink_log.h)."""

    name = "nflog.payload"
    prefix = "nflog"
    part_of = "nflog"
    tlv_length = Uint(16, "attribute, octets", little=True)
    tlv_type = Uint(16, "kind", little=True, names=ATTRIBUTES)

    end = tlv_length
    follows = {"nflog.tlv_type": PAYLOAD}
    next = always("ip.version")
