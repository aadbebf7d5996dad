"""Routing headers of IPv6: what they hold, and the final destination that checksums count (RFC 8200, 8.1)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

ADDRESS = "20010db80000000000000000000000{:02x}".format
UDP_FOR_2 = "9c41 9c42 000d 2809 68656c6c6f"
UDP_FOR_4 = "9c41 9c42 000d 2807 68656c6c6f"


def test_an_unknown_type_keeps_its_octets(carry6: Carry) -> None:
    header = carry6(43, "3b 00 fd 02 01020304")["ipv6.routing"]
    assert (header.nxt, header.len, header.type, header.segleft) == (59, 0, 253, 2)
    assert header.unknown_data == b"\1\2\3\4"


def test_source_route(carry6: Carry) -> None:
    packet = carry6(43, "11 04 00 01 00000000" + ADDRESS(3) + ADDRESS(4) + UDP_FOR_4)
    assert packet.values("ipv6.routing.src.addr") == ["2001:db8::3", "2001:db8::4"]
    assert packet["udp.checksum.status"] == 1


def test_a_source_route_that_is_at_its_end_leaves_the_destination(carry6: Carry) -> None:
    packet = carry6(43, "11 04 00 00 00000000" + ADDRESS(3) + ADDRESS(4) + UDP_FOR_2)
    assert packet["udp.checksum.status"] == 1


def test_mobile_route(carry6: Carry) -> None:
    packet = carry6(43, "11 02 02 01 00000000" + ADDRESS(4) + UDP_FOR_4)
    assert packet["ipv6.routing.mipv6.home_address"] == "2001:db8::4"
    assert packet["udp.checksum.status"] == 1


def test_rpl_source_route(carry6: Carry) -> None:
    """Fifteen octets are left out of both addresses, six octets of padding follow."""
    packet = carry6(43, "11 01 03 02 ff 600000 03 04 000000000000" + UDP_FOR_4)
    header = packet["ipv6.routing"]
    assert (header.cmprI, header.cmprE, header.pad) == (15, 15, 6)
    assert header.address == bytes.fromhex("0304000000000000")
    assert header.final_destination == "2001:db8::4"
    assert packet["udp.checksum.status"] == 1


def test_segment_routing(carry6: Carry) -> None:
    tlv = "0506 8000 0000002a"
    packet = carry6(43, "11 05 04 01 01 08 abcd" + ADDRESS(4) + ADDRESS(3) + tlv + UDP_FOR_4)
    header = packet["ipv6.routing"]
    assert (header.last_entry, header.flags, header.tag) == (1, 8, b"\xab\xcd")
    assert packet.values("ipv6.routing.srh.addr") == ["2001:db8::4", "2001:db8::3"]
    assert packet["ipv6.routing.srh.tlv.hmac.key_id"] == 42
    assert packet["udp.checksum.status"] == 1


@pytest.mark.parametrize(("kind", "octets", "field", "segments"), [
    ("05", "0001 0002", "ipv6.routing.crh16.sid", [1, 2]),
    ("06", "00000001", "ipv6.routing.crh32.sid", [1]),
])
def test_compact_routing(carry6: Carry, kind: str, octets: str, field: str, segments: list[int]) -> None:
    assert carry6(43, f"3b 00 {kind} 01 {octets}").values(field) == segments


def test_more_segments_than_the_header_holds(carry6: Carry) -> None:
    """The list ends where the header does."""
    packet = carry6(43, "3b 02 04 ff ff 00 0000" + ADDRESS(4))
    assert packet.values("ipv6.routing.srh.addr") == ["2001:db8::4"]


def test_a_mobile_route_has_one_segment_left(carry6: Carry) -> None:
    """RFC 6275, 6.4.1."""
    assert carry6(43, "3b 02 02 01 00000000" + ADDRESS(4)).malformed == ""
    told = carry6(43, "3b 02 02 02 00000000" + ADDRESS(4)).malformed
    assert told == "2 segments left on the way to a mobile node, where there is 1"


def test_segments_are_numbered_and_the_active_one_is_marked(carry6: Carry) -> None:
    """RFC 8754, 2: Segments Left is the index of the active segment."""
    header = carry6(43, "3b 06 04 01 02 00 0000" + ADDRESS(5) + ADDRESS(6) + ADDRESS(7))["ipv6.routing"]
    groups = [item for item in header.items() if item.title]
    assert [item.title for item in groups] == ["Segment 0", "Segment 1, active", "Segment 2"]
    assert [item.children[0].value for item in groups] == ["2001:db8::5", "2001:db8::6", "2001:db8::7"]
