"""What Juniper routers put before a frame that they capture."""
from __future__ import annotations

from dissectors.fields import Bytes, Flag, Uint
from dissectors.header import Header, Selector, by


class _Juniper(Header):
    """Magic number and flags (libpcap, link types JUNIPER_)."""

    prefix = "juniper"
    label = "Juniper"
    magic_number = Uint(24, "magic number, 0x4d4743", shown=hex, name="juniper.magic-number")
    extended = Flag("extensions are there", name="juniper.ext")
    reserved = Uint(5, "not used", shown=hex, name="juniper.reserved")
    l2hdr = Flag("the link header was left away")
    direction = Flag("received, not sent")


_L2HDR = _Juniper.declaration.fields["l2hdr"]


class JuniperEthernet(_Juniper):
    """Juniper, Ethernet (pcap link type JUNIPER_ETHER)."""

    name = "juniper"

    next = by(_L2HDR, "juniper.ether")


class JuniperEthernetForm(Selector):
    """Whether extensions are there."""

    name = "juniper.ether_form"
    magic_number = Uint(24, "magic number, 0x4d4743")
    extended = Flag("extensions are there")
    rest = Uint(7, "the other flags")

    follows = {"frame.linktype": 178}
    next = by(extended, "juniper.ether_form", default=JuniperEthernet)


class ExtendedJuniperEthernet(_Juniper):
    """Juniper, Ethernet, with extensions (pcap link type JUNIPER_ETHER)."""

    name = "juniper"
    ext_total_len = Uint(16, "extensions, octets")
    extensions_ = Bytes(ext_total_len, "extensions", name="juniper.extensions")

    follows = {"juniper.ether_form": 1}
    next = by(_L2HDR, "juniper.ether")
