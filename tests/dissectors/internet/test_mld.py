"""Multicast listener discovery (RFC 2710, RFC 3810)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

GROUP = "ff020000000000000000000000000042"
SOURCE = "20010db80000000000000000000000{:02x}".format


def test_query_of_version_1(carry6: Carry) -> None:
    packet = carry6(58, "8200 0000 03e8 0000" + GROUP)
    assert packet.icmpv6.multicast_address == "ff02::42"
    assert packet["icmpv6.mld.maximum_response_delay"] == 1000
    assert packet["icmpv6.mld.qqi"] is None
    assert packet.malformed == ""


def test_query_of_version_2(carry6: Carry) -> None:
    packet = carry6(58, "8200 0000 03e8 0000" + GROUP + "0a 7d 0002" + SOURCE(1) + SOURCE(2))
    assert [packet[f"icmpv6.mld.flag.{part}"] for part in ("s", "qrv")] == [True, 2]
    assert (packet["icmpv6.mld.qqi"], packet["icmpv6.mld.nb_sources"]) == (125, 2)
    assert packet.values("icmpv6.mld.source_address") == ["2001:db8::1", "2001:db8::2"]


@pytest.mark.parametrize(("code", "delay"), [("7fff", 32767), ("8000", 32768), ("8001", 32776), ("ffff", 8387584)])
def test_a_long_delay_is_a_floating_point_number(carry6: Carry, code: str, delay: int) -> None:
    """RFC 3810, 5.1.3."""
    packet = carry6(58, f"8200 0000 {code} 0000" + GROUP + "00 00 0000")
    assert packet["icmpv6.mld.maximum_response_delay"] == delay


def test_report_of_version_1(carry6: Carry) -> None:
    assert carry6(58, "8300 0000 0000 0000" + GROUP).icmpv6.multicast_address == "ff02::42"


def test_report_of_version_2(carry6: Carry) -> None:
    first = "04 00 0000" + GROUP
    second = "05 01 0001" + GROUP + SOURCE(1) + "abcdabcd"
    packet = carry6(58, "8f00 0000 0000 0002" + first + second)
    assert packet["icmpv6.mldr.nb_mcast_records"] == 2
    assert packet.values("icmpv6.mldr.mar.record_type") == [4, 5]
    assert packet.values("icmpv6.mldr.mar.source_address") == ["2001:db8::1"]
    assert packet["icmpv6.mldr.mar.auxiliary_data"] == b""
    assert packet.values("icmpv6.mldr.mar.auxiliary_data")[1] == b"\xab\xcd\xab\xcd"


def test_a_record_without_auxiliary_data_shows_none(carry6: Carry) -> None:
    packet = carry6(58, "8f00 0000 0000 0001" + "04 00 0000" + GROUP)
    shown = [item.name for top in packet.icmpv6.items() for item in top.flat()]
    assert "icmpv6.mldr.mar.aux_data_len" in shown
    assert "icmpv6.mldr.mar.auxiliary_data" not in shown
