"""Geneve: packets of any EtherType in UDP, with options."""
from __future__ import annotations

from dissectors.fields import Bytes, Flag, Options, Uint
from dissectors.header import Header, Option, by
from dissectors.link.ethernet import ETHERTYPES


class GeneveOption(Option):
    """Geneve option (RFC 8926, 3.5)."""

    name = "geneve.option"
    class_ = Uint(16, "who assigned the type", shown=hex)
    type = Uint(8, "kind", shown=hex, parts={"critical": Flag("an endpoint must know it"), "low": Uint(7, "kind")})
    reserved = Uint(3, "not used", name="geneve.option.flags.reserved")
    length = Uint(5, "octets of the option", unit=4, plus=4)
    data_ = Bytes(length + -4, "what the option says", name="geneve.option.unknown.data")

    end = length


class Geneve(Header):
    """Generic Network Virtualization Encapsulation (RFC 8926, 3.4)."""

    name = "geneve"
    label = "Geneve"
    version = Uint(2, "version")
    opt_len = Uint(6, "options, octets", unit=4, name="geneve.option.length")
    flags = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "oam": Flag("operations, administration and maintenance"),
            "critical": Flag("there are options that an endpoint must know"),
            "reserved": Uint(6, "not used"),
        },
    )
    proto_type = Uint(16, "EtherType: what is carried", shown=hex, names={**ETHERTYPES, 0x6558: "Ethernet"})
    vni = Uint(24, "network", shown=hex)
    reserved = Uint(8, "not used", shown=hex)
    options = Options(GeneveOption)

    header_length = opt_len + 8
    follows = {"udp.port": 6081}
    next = by(proto_type, "eth.type")
