"""The tag of port extenders."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read("{eth} 893f b001 1064 02 03 0800 {ipv4}")
    assert packet.etag.pcp == 5
    assert packet.etag.dei is True
    assert packet.etag.iecid_base == 1
    assert packet.etag.group == 1
    assert packet.etag.ecid_base == 100
    assert packet.etag.iecid_ext == 2
    assert packet.etag.ecid_ext == 3
    assert packet.protocols == "eth:etag:ip:udp:data"
