"""IP over InfiniBand."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    route = "60000000 0024 1b 00 fe800000000000000000000000000001 fe800000000000000000000000000002"
    packet = read(route + "0800 0000 {ipv4}", 242)
    assert packet["ipoib.grh.sgid"] == "fe80::1"
    assert packet["ipoib.grh.dgid"] == "fe80::2"
    assert packet["ipoib.type"] == 0x0800
    assert packet.protocols == "ipoib:ip:udp:data"
