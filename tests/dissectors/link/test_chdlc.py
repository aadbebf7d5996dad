"""Cisco HDLC and SLARP."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]

C_HDLC = 104


def test_fields(read: Read) -> None:
    packet = read("8f00 0800 {ipv4}", C_HDLC)
    assert packet.chdlc.address == 0x8F
    assert packet.chdlc.control == 0
    assert packet["chdlc.protocol"] == 0x0800
    assert packet.protocols == "chdlc:ip:udp:data"


@pytest.mark.parametrize(
    ("header", "protocols"),
    [("86dd {ipv6}", "chdlc:ipv6:udp:data"), ("8847 00064140 {ipv4}", "chdlc:mpls:ip:udp:data")],
)
def test_what_it_carries(read: Read, header: str, protocols: str) -> None:
    assert read("0f00" + header, C_HDLC).protocols == protocols


def test_slarp_address(read: Read) -> None:
    slarp = read("8f00 8035 00000001 c0000201 ffffff00 ffff", C_HDLC).slarp
    assert slarp.address == "192.0.2.1"
    assert slarp.netmask == "255.255.255.0"
    assert slarp.info() == "Reply, from 192.0.2.1, mask 255.255.255.0"


def test_slarp_keepalive(read: Read) -> None:
    slarp = read("8f00 8035 00000002 00000007 00000006 ffff", C_HDLC).slarp
    assert slarp.mysequence == 7
    assert slarp.yoursequence == 6
    assert slarp.reliability == 0xFFFF
    assert slarp.info() == "Line keepalive, outgoing sequence 7, returned sequence 6"
