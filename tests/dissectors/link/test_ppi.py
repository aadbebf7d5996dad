"""Per-packet information."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_the_frame_behind_it_has_the_link_type_that_it_names(read: Read) -> None:
    assert read("00 00 0800 69000000 d400 0000 020000000001", 192).protocols == "ppi:wlan"
    packet = read("00 00 0c00 01000000 03001400 {eth} 0800 {ipv4}", 192)
    assert packet["ppi.length"] == 12
    assert packet["ppi.dlt"] == 1
    assert packet["ppi.fields"] == bytes.fromhex("03001400")
    assert packet.protocols == "ppi:eth:ip:udp:data"
