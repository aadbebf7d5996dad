"""Solaris IPNET."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read("01 02 0000 00000020 00000002 00000000 ffffffff 00000000 {ipv4}", 226)
    assert packet.ipnet.version == 1
    assert packet.ipnet.family == 2
    assert packet.ipnet.htype == 0
    assert packet.ipnet.pktlen == 32
    assert packet.ipnet.ifindex == 2
    assert packet.ipnet.zsrc == 0xFFFFFFFF
    assert packet.ipnet.zdst == 0
    assert packet.protocols == "ipnet:ip:udp:data"
