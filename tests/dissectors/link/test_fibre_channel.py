"""IP over Fibre Channel."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read("1000020000000002 1000020000000001 aaaa03 000000 0800 {ipv4}", 122)
    assert packet["ipfc.nh.da"] == "10:00:02:00:00:00:00:02"
    assert packet["ipfc.nh.sa"] == "10:00:02:00:00:00:00:01"
    assert packet.protocols == "ipfc:llc:ip:udp:data"
