"""Internet Group Management Protocol (RFC 1112, RFC 2236, RFC 3376)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]


@pytest.mark.parametrize(("octets", "version", "delay", "group", "line"), [
    ("1100 eeff 00000000", 1, None, "0.0.0.0", "Membership Query, general"),
    ("1164 ee9b 00000000", 2, 100, "0.0.0.0", "Membership Query, general"),
    ("110a 0df4 e1000001", 2, 10, "225.0.0.1", "Membership Query, specific for group 225.0.0.1"),
    ("1200 0cfe e1000001", 1, None, "225.0.0.1", "Membership Report group 225.0.0.1"),
    ("1600 08fe e1000001", 2, None, "225.0.0.1", "Membership Report group 225.0.0.1"),
    ("1700 07fe e1000001", 2, None, "225.0.0.1", "Leave Group group 225.0.0.1"),
])
def test_message(carry: Carry, octets: str, version: int, delay: int | None, group: str, line: str) -> None:
    igmp = carry(2, octets).igmp
    assert (igmp.version, igmp.max_resp, igmp.maddr) == (version, delay, group)
    assert igmp.checksum_status == 1
    assert igmp.info() == line


def test_query_of_version_3(carry: Carry) -> None:
    packet = carry(2, "1164 0000 e1000001 0a7d 0002 c0000201 c0000202")
    assert packet.igmp.version == 3
    assert [packet[f"igmp.{name}"] for name in ("s", "qrv", "qqic", "num_src")] == [True, 2, 125, 2]
    assert packet.values("igmp.saddr") == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize(("code", "delay"), [("7f", 127), ("80", 128), ("fe", 30720), ("ff", 31744)])
def test_a_long_delay_is_a_floating_point_number(carry: Carry, code: str, delay: int) -> None:
    """RFC 3376, 4.1.1."""
    assert carry(2, f"11{code} 0000 00000000 0000 0000").igmp.max_resp == delay


def test_report_of_version_3(carry: Carry) -> None:
    packet = carry(2, "2200 0000 0000 0002 04000000 e1000001 06010001 e1000002 c0000201 abcdabcd")
    assert (packet.igmp.version, packet.igmp.num_grp_recs) == (3, 2)
    assert packet.values("igmp.record_type") == [4, 6]
    assert packet.values("igmp.maddr") == ["225.0.0.1", "225.0.0.2"]
    assert packet.values("igmp.saddr") == ["192.0.2.1"]
    assert packet.igmp.info() == "Membership Report"


def test_a_bad_checksum(carry: Carry) -> None:
    assert carry(2, "1164 ee9c 00000000").igmp.checksum_status == 0


def test_multicast_traceroute(carry: Carry) -> None:
    packet = carry(2, "1f20 0000 e1000001 c0000201 c0000202 c0000203 40 000007")
    assert (packet["igmp.mtrace.raddr"], packet["igmp.mtrace.q_id"]) == ("192.0.2.2", 7)
