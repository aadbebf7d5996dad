"""PPP: with and without address and control, with one and two octets of protocol."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]

PPP, PPP_HDLC, PPP_WITH_DIR = 9, 50, 204


@pytest.mark.parametrize("linktype", [PPP, PPP_HDLC])
@pytest.mark.parametrize("header", ["ff03 0021", "ff03 21", "0021", "21"])
def test_whatever_was_left_away(read: Read, linktype: int, header: str) -> None:
    packet = read(header + "{ipv4}", linktype)
    assert packet["ppp.protocol"] == 0x21
    assert packet.protocols == "ppp:ip:udp:data"


def test_address_and_control(read: Read) -> None:
    ppp = read("ff03 0057 {ipv6}", PPP).ppp
    assert ppp.address == 0xFF
    assert ppp.control == 0x03
    assert read("0057 {ipv6}", PPP)["ppp.address"] is None


def test_ciscos_address_is_ciscos_framing(read: Read) -> None:
    assert read("0f00 0800 {ipv4}", PPP_HDLC).protocols == "chdlc:ip:udp:data"


def test_direction(read: Read) -> None:
    packet = read("01 ff03 0021 {ipv4}", PPP_WITH_DIR)
    assert packet["ppp.direction"] == 1
    assert packet["ip.src"] == "192.0.2.1"


def test_mpls(read: Read) -> None:
    assert read("0281 00064140 {ipv4}", PPP).protocols == "ppp:mpls:ip:udp:data"


def test_a_protocol_that_nobody_knows(read: Read) -> None:
    packet = read("ff03 4021 616263", PPP)
    assert packet.ppp.protocol_ == 0x4021
    assert packet["data.data"] == b"abc"
