"""Internet Group Management Protocol, versions 1 to 3, and what shares its protocol number."""
from __future__ import annotations

from dissectors.checksum import message_status, status_field
from dissectors.fields import Bytes, Derived, Flag, IPv4Address, Options, Repeat, Uint
from dissectors.header import Header, Option, by

QUERY, REPORT_V1, REPORT_V2, LEAVE, REPORT_V3 = 0x11, 0x12, 0x16, 0x17, 0x22
VERSION_3_QUERY = 12
"""Least octets of a query of version 3; older ones have eight (RFC 3376, 7.1)."""

TYPES = {
    QUERY: "Membership Query",
    REPORT_V1: "Membership Report",
    0x13: "DVMRP",
    0x14: "PIMv1",
    REPORT_V2: "Membership Report",
    LEAVE: "Leave Group",
    0x1E: "Multicast traceroute response",
    0x1F: "Multicast traceroute",
    REPORT_V3: "Membership Report",
    0x30: "Multicast router advertisement",
    0x31: "Multicast router solicitation",
    0x32: "Multicast router termination",
}
RECORDS = {
    1: "mode is include",
    2: "mode is exclude",
    3: "change to include mode",
    4: "change to exclude mode",
    5: "allow new sources",
    6: "block old sources",
}


def _version(layer: IGMP) -> int | None:
    if layer.type == QUERY:
        if layer.end - layer.start >= VERSION_3_QUERY:
            return 3
        return 2 if layer.max_resp_code else 1
    return {REPORT_V1: 1, REPORT_V2: 2, LEAVE: 2, REPORT_V3: 3}.get(layer.type)


def _response_time(layer: IGMP) -> int | None:
    """Tenths of a second that the code of a query stands for (RFC 3376, 4.1.1); version 1 has none."""
    code: int | None = layer.max_resp_code
    version = _version(layer)
    if code is None or layer.type != QUERY or version == 1:
        return None
    if version == 2 or code < 0x80:
        return code
    return (code & 0x0F | 0x10) << (code >> 4 & 7) + 3


class IGMP(Header):
    """Internet Group Management Protocol (RFC 3376, 4; RFC 2236, 2; RFC 1112, appendix I)."""

    name = "igmp"
    label = "IGMP"
    type = Uint(8, "type of the message", shown=hex, names=TYPES)
    max_resp_code = Uint(8, "time to answer in queries, not used in others", name="igmp.max_resp.code")
    checksum = Uint(16, "of the message", shown=hex)
    max_resp = Derived(Uint(16, "time to answer, tenths of a second"), _response_time)
    version = Derived(Uint(8, "version"), _version)
    checksum_status = status_field(message_status, name="igmp.checksum.status")

    follows = {"ip.proto": 2}
    next = by(type)

    def info(self) -> str | None:
        if self.type is None:
            return None
        told = TYPES.get(self.type, f"Type 0x{self.type:02x}")
        group = next((each.maddr for each in self.extensions if isinstance(each, Query | Report)), None)
        if group is None:
            return told
        if self.type != QUERY:
            return f"{told} group {group}"
        return f"{told}, general" if group == "0.0.0.0" else f"{told}, specific for group {group}"


class SourcesQuery(Option):
    """What a query of version 3 adds (RFC 3376, 4.1)."""

    name = "igmp.query_v3"
    prefix = "igmp"
    reserved = Uint(4, "not used", name="igmp.query_v3.reserved")
    s = Flag("routers shall not restart their timers")
    qrv = Uint(3, "querier's robustness variable")
    qqic = Uint(8, "querier's query interval, seconds; from 128 on a floating-point number")
    num_src = Uint(16, "number of sources")
    sources = Repeat("source", count=num_src, saddr=IPv4Address("source address"))


class Query(Header):
    """Membership query (RFC 3376, 4.1)."""

    name = "igmp.query"
    prefix = part_of = "igmp"
    maddr = IPv4Address("group, 0.0.0.0 for all")
    sources_query = Options(SourcesQuery, "version 3")

    follows = {"igmp.type": QUERY}


class Report(Header):
    """Membership report and leave of versions 1 and 2 (RFC 2236, 2)."""

    name = "igmp.report"
    prefix = part_of = "igmp"
    maddr = IPv4Address("group")

    follows = {"igmp.type": (REPORT_V1, REPORT_V2, LEAVE)}


class GroupRecord(Option):
    """Group record (RFC 3376, 4.2.4)."""

    name = "igmp.group_record"
    prefix = "igmp"
    record_type = Uint(8, "what is reported", names=RECORDS)
    aux_data_len = Uint(8, "words of 4 octets of auxiliary data")
    num_src = Uint(16, "number of sources")
    maddr = IPv4Address("group")
    sources = Repeat("source", count=num_src, saddr=IPv4Address("source address"))
    aux_data = Bytes(aux_data_len * 4, "auxiliary data")

    end = num_src * 4 + aux_data_len * 4 + 8


class ReportV3(Header):
    """Membership report of version 3 (RFC 3376, 4.2)."""

    name = "igmp.report_v3"
    prefix = part_of = "igmp"
    reserved = Bytes(2, "not used")
    num_grp_recs = Uint(16, "number of group records")
    records = Options(GroupRecord, "group records")

    follows = {"igmp.type": REPORT_V3}


class TracerouteRequest(Header):
    """Multicast traceroute (draft-ietf-idmr-traceroute-ipm-07, 5)."""

    name = "igmp.mtrace"
    part_of = "igmp"
    maddr = IPv4Address("group", name="igmp.maddr")
    saddr = IPv4Address("source")
    raddr = IPv4Address("receiver")
    rspaddr = IPv4Address("where the answer goes")
    resp_ttl = Uint(8, "TTL of the answer")
    q_id = Uint(24, "identifies the query")
    blocks = Repeat(
        "hop",
        q_arrival=Uint(32, "when the query arrived"),
        q_inaddr=IPv4Address("incoming interface"),
        q_outaddr=IPv4Address("outgoing interface"),
        q_prevrtr=IPv4Address("previous router"),
        q_inpkt=Uint(32, "packets in"),
        q_outpkt=Uint(32, "packets out"),
        q_total=Uint(32, "packets of the source to the group"),
        q_rtg_proto=Uint(8, "routing protocol"),
        q_fwd_ttl=Uint(8, "TTL to be forwarded"),
        q_mbz=Uint(1, "not used"),
        q_s=Uint(1, "the count is for the source's network"),
        q_src_mask=Uint(6, "bits of that network"),
        q_fwd_code=Uint(8, "forwarding code", shown=hex),
    )

    follows = {"igmp.type": (0x1E, 0x1F)}
