"""Apple's packet tap."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read(
        "6c000000 01000000 01000000" + b"en0".hex() + "00" * 21 + "02000000 02000000 0e000000 00000000 39050000"
        + b"curl".hex() + "00" * 16 + "00000000 0600 0000 ffffffff" + "00" * 20 + "{eth} 0800 {ipv4}",
        258,
    )
    assert packet.pktap.hdrlen == 108
    assert packet.pktap.dlt == 1
    assert packet.pktap.ifname == "en0"
    assert packet.pktap.pid == 1337
    assert packet.pktap.cmdname == "curl"
    assert packet.protocols == "pktap:eth:ip:udp:data"


def test_a_header_of_no_octets_is_malformed(read: Read) -> None:
    assert read("00" * 200, 258).malformed == "PKTAP gives its header fewer than 108 octets"
