"""SunATM."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read("82 03 0021 aaaa03 000000 0800 {ipv4}", 123)
    assert packet["atm.out"] is True
    assert packet["atm.traffic_type"] == 2
    assert packet["atm.vpi"] == 3
    assert packet["atm.vci"] == 33
    assert packet.protocols == "atm:llc:ip:udp:data"
