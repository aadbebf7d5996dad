"""RPL: how low-power networks build routes, by ICMPv6 messages of one type that the code tells apart."""
from __future__ import annotations

from dissectors.fields import Bytes, Flag, IPv6Address, Options, Uint
from dissectors.header import Header, Option, Selector, by

OPTIONS = {
    0: "Pad1",
    1: "PadN",
    2: "DAG metric container",
    3: "route information",
    4: "DODAG configuration",
    5: "RPL target",
    6: "transit information",
    7: "solicited information",
    8: "prefix information",
    9: "RPL target descriptor",
}


class RPLCode(Selector):
    """The code of a RPL message (RFC 6550, 6)."""

    name = "icmpv6.rpl.code"
    back = 3
    code = Uint(8, "which message")

    follows = {"icmpv6.type": 155}
    next = by(code, "icmpv6.rpl.code")


class RPLOption(Option):
    """RPL option (RFC 6550, 6.7)."""

    name = "icmpv6.rpl.opt"
    type = Uint(8, "kind", names=OPTIONS)
    length = Uint(8, "octets of the option's data")
    data_ = Bytes(length, "what the option says", name="icmpv6.rpl.opt.data")

    end = length + 2
    members = by(type)
    single = (0,)


class InformationSolicitation(Header):
    """DODAG information solicitation (RFC 6550, 6.2)."""

    name = "icmpv6.rpl.dis"
    part_of = "icmpv6"
    flags = Uint(8, "not used")
    reserved = Bytes(1, "not used", name="icmpv6.reserved")
    options = Options(RPLOption)

    follows = {"icmpv6.rpl.code": 0}


class InformationObject(Header):
    """DODAG information object (RFC 6550, 6.3)."""

    name = "icmpv6.rpl.dio"
    part_of = "icmpv6"
    instance = Uint(8, "RPL instance")
    version = Uint(8, "version of the DODAG")
    rank = Uint(16, "rank of the sender")
    flag = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "g": Flag("grounded"),
            "zero": Flag("reserved, must be 0", name="icmpv6.rpl.dio.flag.0"),
            "mop": Uint(3, "mode of operation", shown=hex),
            "preference": Uint(3, "preference of the root"),
        },
    )
    dtsn = Uint(8, "counts requests for advertisements")
    flags = Uint(8, "not used", name="icmpv6.rpl.dio.flags")
    reserved = Bytes(1, "not used", name="icmpv6.reserved")
    dagid = IPv6Address("DODAG")
    options = Options(RPLOption)

    follows = {"icmpv6.rpl.code": 1}


class AdvertisementObject(Header):
    """Destination advertisement object (RFC 6550, 6.4)."""

    name = "icmpv6.rpl.dao"
    part_of = "icmpv6"
    instance = Uint(8, "RPL instance")
    k = Flag("to be acknowledged", name="icmpv6.rpl.dao.flag.k")
    d = Flag("the DODAG is named", name="icmpv6.rpl.dao.flag.d")
    rsv = Uint(6, "not used", name="icmpv6.rpl.dao.flag.rsv")
    reserved = Bytes(1, "not used", name="icmpv6.reserved")
    sequence = Uint(8, "sequence number")
    dodagid = IPv6Address("DODAG", when=d)
    options = Options(RPLOption)

    follows = {"icmpv6.rpl.code": 2}


class AdvertisementAcknowledgement(Header):
    """Destination advertisement object acknowledgement (RFC 6550, 6.5)."""

    name = "icmpv6.rpl.daoack"
    part_of = "icmpv6"
    instance = Uint(8, "RPL instance")
    d = Flag("the DODAG is named", name="icmpv6.rpl.daoack.flag.d")
    rsv = Uint(7, "not used", name="icmpv6.rpl.daoack.flag.rsv")
    sequence = Uint(8, "sequence number")
    status_ = Uint(8, "below 128 when the advertisement was accepted")
    dodagid = IPv6Address("DODAG", when=d)
    options = Options(RPLOption)

    follows = {"icmpv6.rpl.code": 3}
