"""Linux cooked capture, version 2."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]

SLL2 = 276


def test_fields(read: Read) -> None:
    packet = read("86dd 0000 00000003 0001 04 06 020000000001 0000 {ipv6}", SLL2)
    assert packet.sll.etype == 0x86DD
    assert packet.sll.ifindex == 3
    assert packet.sll.hatype == 1
    assert packet.sll.pkttype == 4
    assert packet.sll.halen == 6
    assert packet.sll.src_eth == "02:00:00:00:00:01"
    assert packet.protocols == "sll:ipv6:udp:data"


def test_a_small_number_is_no_ethertype(read: Read) -> None:
    packet = read("0004 0000 00000003 0001 00 06 020000000001 0000 424203 00", SLL2)
    assert packet["sll.etype"] is None
    assert packet["sll.ltype"] == 4
    assert packet.protocols == "sll:llc:data"


def test_a_gre_device(read: Read) -> None:
    packet = read("0800 0000 00000003 030a 00 04 c0000201 00000000 {ipv4}", SLL2)
    assert packet["sll.gretype"] == 0x0800
    assert packet["sll.src.ipv4"] == "192.0.2.1"
    assert packet.protocols == "sll:ip:udp:data"
