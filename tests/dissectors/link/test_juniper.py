"""Juniper."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


JUNIPER_ETHER = 178


def test_ethernet(read: Read) -> None:
    packet = read("4d4743 01 {eth} 0800 {ipv4}", JUNIPER_ETHER)
    assert packet["juniper.magic-number"] == 0x4D4743
    assert packet["juniper.direction"] is True
    assert packet.protocols == "juniper:eth:ip:udp:data"


def test_extensions(read: Read) -> None:
    packet = read("4d4743 80 0003 010203 {eth} 0800 {ipv4}", JUNIPER_ETHER)
    assert packet["juniper.ext_total_len"] == 3
    assert packet["juniper.extensions"] == b"\x01\x02\x03"
    assert packet.protocols == "juniper:eth:ip:udp:data"


def test_without_link_header(read: Read) -> None:
    assert read("4d4743 02 00000002 {ipv4}", JUNIPER_ETHER).protocols == "juniper:data"
