"""LLC and SNAP."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_unnumbered_information(read: Read) -> None:
    packet = read("{eth} 0007 424203 00000000")
    assert packet.llc.dsap == 0x42
    assert packet.llc.ssap == 0x42
    assert packet.llc.control == 0x03
    assert packet["data.data"] == bytes(4)
    assert packet.llc.info() == "U, func=UI; DSAP 0x42, SSAP 0x42 command"


def test_the_control_field_of_an_information_frame_has_two_octets(read: Read) -> None:
    packet = read("{eth} 0006 f0f1 0406 6162")
    assert packet.llc.control == 0x0604
    assert packet["data.data"] == b"ab"
    assert packet.llc.info() == "I, N(R)=3, N(S)=2; DSAP 0xf0, SSAP 0xf0 response"


def test_a_supervisory_frame(read: Read) -> None:
    assert read("{eth} 0004 f0f0 0108").llc.info() == "S, func=RR, N(R)=4; DSAP 0xf0, SSAP 0xf0 command"


def test_ip_without_snap(read: Read) -> None:
    assert read("{eth} 0023 060603 {ipv4}").protocols == "eth:llc:ip:udp:data"


def test_a_command_carries_no_protocol(read: Read) -> None:
    packet = read("{eth} 0023 0606f3 {ipv4}")
    assert packet.protocols == "eth:llc:data"
    assert packet.llc.info() == "U, func=TEST; DSAP 0x06, SSAP 0x06 command"


@pytest.mark.parametrize("organization", ["000000", "0000f8"])
def test_snap_with_a_type(read: Read, organization: str) -> None:
    packet = read("{eth} 0028 aaaa03" + organization + "0800 {ipv4}")
    assert packet.llc.type == 0x0800
    assert packet.protocols == "eth:llc:ip:udp:data"


def test_snap_of_cisco(read: Read) -> None:
    packet = read("{eth} 000a aaaa03 00000c 2000 0201")
    assert packet.llc.oui == 0x00000C
    assert packet.llc.cisco_pid == 0x2000
    assert packet["llc.type"] is None


def test_snap_of_another_organization(read: Read) -> None:
    packet = read("{eth} 000a aaaa03 000081 01a2 0201")
    assert packet.llc.pid == 0x01A2
    assert packet["data.data"] == b"\x02\x01"


def test_a_bridged_frame_is_padded(read: Read) -> None:
    packet = read("aaaa03 0080c2 0007 0000 {eth} 0800 {ipv4}", 100)
    assert packet.llc.pid == 7
    assert packet.llc.padding == b"\0\0"
    assert packet.protocols == "llc:eth:ip:udp:data"


def test_netware_without_llc_is_told_by_its_checksum(read: Read) -> None:
    octets = "ffff 0022 00 11 00000001 ffffffffffff 0452 00000002 020000000001 4003 61626364"
    assert read("{eth} 0022" + octets).protocols == "eth:ipx:data"


def test_atm_begins_with_it(read: Read) -> None:
    assert read("aaaa03 000000 86dd {ipv6}", 100).protocols == "llc:ipv6:udp:data"
