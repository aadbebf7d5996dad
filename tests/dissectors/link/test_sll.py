"""Linux cooked capture, version 1."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]

SLL = 113


def test_fields(read: Read) -> None:
    packet = read("0004 0001 0006 020000000001 0000 0800 {ipv4}", SLL)
    assert packet.sll.pkttype == 4
    assert packet.sll.hatype == 1
    assert packet.sll.halen == 6
    assert packet.sll.src_eth == "02:00:00:00:00:01"
    assert packet.sll.src_ipv4 is None
    assert packet.sll.etype == 0x0800
    assert packet.protocols == "sll:ip:udp:data"


def test_a_tunnel_has_an_ipv4_address(read: Read) -> None:
    packet = read("0000 0300 0004 c0000201 00000000 0800 {ipv4}", SLL)
    assert packet["sll.src.ipv4"] == "192.0.2.1"
    assert packet["sll.src.eth"] is None


def test_loopback_has_no_address(read: Read) -> None:
    packet = read("0000 0304 0000 0000000000000000 86dd {ipv6}", SLL)
    assert packet.sll.src_eth is None
    assert packet.protocols == "sll:ipv6:udp:data"


def test_a_small_number_is_no_ethertype(read: Read) -> None:
    packet = read("0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800 {ipv4}", SLL)
    assert packet["sll.etype"] is None
    assert packet.sll.ltype == 4
    assert packet.protocols == "sll:llc:ip:udp:data"


def test_ppp_and_ethernet_have_small_numbers(read: Read) -> None:
    assert read("0000 0200 0000 0000000000000000 0007 ff03 0021 {ipv4}", SLL).protocols == "sll:ppp:ip:udp:data"
    assert read("0000 0001 0000 0000000000000000 0003 {eth} 0800 {ipv4}", SLL).protocols == "sll:eth:ip:udp:data"


def test_a_gre_device(read: Read) -> None:
    packet = read("0000 030a 0004 c0000201 00000000 0800 {ipv4}", SLL)
    assert packet.sll.gretype == 0x0800
    assert packet["sll.etype"] is None
    assert packet.protocols == "sll:ip:udp:data"


def test_a_tag(read: Read) -> None:
    assert read("0000 0001 0006 020000000001 0000 8100 0064 0800 {ipv4}", SLL).vlan.id == 100
