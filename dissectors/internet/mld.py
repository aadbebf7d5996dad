"""Multicast listener discovery: how routers learn who listens to which IPv6 group; messages of ICMPv6."""
from __future__ import annotations

from dissectors.fields import Bytes, Derived, Flag, IPv6Address, Options, Repeat, Uint
from dissectors.header import Header, Option

RECORDS = {
    1: "mode is include",
    2: "mode is exclude",
    3: "change to include mode",
    4: "change to exclude mode",
    5: "allow new sources",
    6: "block old sources",
}


def _delay(layer: Query) -> int | None:
    """Milliseconds that the code of a query stands for (RFC 3810, 5.1.3)."""
    code: int | None = layer.maximum_response_code
    if code is None or code < 0x8000:
        return code
    return (code & 0x0FFF | 0x1000) << (code >> 12 & 7) + 3


class SourcesQuery(Option):
    """What a query of version 2 adds (RFC 3810, 5.1)."""

    name = "icmpv6.mld.query_v2"
    prefix = "icmpv6.mld"
    flag = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "reserved": Uint(4, "not used"),
            "s": Flag("routers shall not restart their timers"),
            "qrv": Uint(3, "querier's robustness variable"),
        },
    )
    qqi = Uint(8, "querier's query interval, seconds; from 128 on a floating-point number")
    nb_sources = Uint(16, "number of sources")
    sources = Repeat("source", count=nb_sources, source_address=IPv6Address("source address"))


class Query(Header):
    """Multicast listener query (RFC 3810, 5.1; RFC 2710, 3)."""

    name = "icmpv6.mld.query"
    prefix = "icmpv6.mld"
    part_of = "icmpv6"
    maximum_response_code = Uint(16, "time to answer: milliseconds, from 32768 on a floating-point number")
    reserved = Bytes(2, "not used", name="icmpv6.reserved")
    multicast_address = IPv6Address("group, :: for all")
    maximum_response_delay = Derived(Uint(32, "time to answer, milliseconds"), _delay)
    sources_query = Options(SourcesQuery, "version 2")

    follows = {"icmpv6.type": 130}


class Report(Header):
    """Multicast listener report and done, version 1 (RFC 2710, 3)."""

    name = "icmpv6.mld.report"
    prefix = "icmpv6.mld"
    part_of = "icmpv6"
    maximum_response_delay = Uint(16, "not used")
    reserved = Bytes(2, "not used", name="icmpv6.reserved")
    multicast_address = IPv6Address("group")

    follows = {"icmpv6.type": (131, 132)}


class AddressRecord(Option):
    """Multicast address record (RFC 3810, 5.2)."""

    name = "icmpv6.mldr.mar"
    record_type = Uint(8, "what is reported", names=RECORDS)
    aux_data_len = Uint(8, "words of 4 octets of auxiliary data")
    nb_sources = Uint(16, "number of sources")
    multicast_address = IPv6Address("group")
    sources = Repeat("source", count=nb_sources, source_address=IPv6Address("source address"))
    auxiliary_data = Bytes(aux_data_len * 4, "auxiliary data")

    end = nb_sources * 16 + aux_data_len * 4 + 20


class ReportV2(Header):
    """Multicast listener report, version 2 (RFC 3810, 5.2)."""

    name = "icmpv6.mldr"
    part_of = "icmpv6"
    reserved = Bytes(2, "not used", name="icmpv6.reserved")
    nb_mcast_records = Uint(16, "number of records")
    records = Options(AddressRecord, "records")

    follows = {"icmpv6.type": 143}
