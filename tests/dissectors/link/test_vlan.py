"""VLAN tags, alone and stacked."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_tag(read: Read) -> None:
    packet = read("{eth} 8100 b0c8 0800 {ipv4}")
    assert packet.vlan.priority == 5
    assert packet.vlan.dei is True
    assert packet.vlan.id == 200
    assert packet.vlan.etype == 0x0800
    assert packet.protocols == "eth:vlan:ip:udp:data"


def test_service_and_customer_tag(read: Read) -> None:
    packet = read("{eth} 88a8 6064 8100 00c8 0800 {ipv4}")
    assert packet.protocols == "eth:ieee8021ad:vlan:ip:udp:data"
    assert packet["ieee8021ad.priority"] == 3
    assert packet["ieee8021ad.dei"] is False
    assert packet["ieee8021ad.id"] == 100
    assert packet["vlan.id"] == 200


def test_stacked_the_old_way(read: Read) -> None:
    assert read("{eth} 9100 0064 8100 00c8 0800 {ipv4}").values("vlan.id") == [100, 200]


def test_a_length_behind_the_tag(read: Read) -> None:
    packet = read("{eth} 8100 0064 0028 aaaa03 000000 0800 {ipv4} 0000")
    assert packet.vlan.len == 40
    assert packet["vlan.etype"] is None
    assert packet.protocols == "eth:vlan:llc:ip:udp:data"


def test_three_tags(read: Read) -> None:
    assert read("{eth} 8100 0001 8100 0002 8100 0003 0800 {ipv4}").values("vlan.id") == [1, 2, 3]


def test_info(read: Read) -> None:
    assert read("{eth} 8100 b0c8 9999 61").vlan.info() == "PRI: 5 DEI: 1 ID: 200"
