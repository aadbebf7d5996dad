"""IP over FireWire."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read("0200000000000002 0200000000000001 0800 {ipv4}", 138)
    assert packet["ap1394.dst"] == "02:00:00:00:00:00:00:02"
    assert packet["ap1394.src"] == "02:00:00:00:00:00:00:01"
    assert packet["ap1394.type"] == 0x0800
    assert packet.protocols == "ap1394:ip:udp:data"
