"""Provider backbone bridging."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read("{eth} 88e7 70 00012c 020000000004 020000000003 0800 {ipv4}")
    assert packet["ieee8021ah.priority"] == 3
    assert packet["ieee8021ah.drop"] is True
    assert packet["ieee8021ah.nca"] is False
    assert packet["ieee8021ah.isid"] == 300
    assert packet["ieee8021ah.cdst"] == "02:00:00:00:00:04"
    assert packet["ieee8021ah.csrc"] == "02:00:00:00:00:03"
    assert packet.protocols == "eth:ieee8021ah:ip:udp:data"
