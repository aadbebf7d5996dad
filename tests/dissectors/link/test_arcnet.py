"""ARCNET."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


ARCNET, ARCNET_LINUX = 7, 129


def test_on_linux(read: Read) -> None:
    packet = read("11 22 0102 d4 00 0007 {ipv4}", ARCNET_LINUX)
    assert packet.arcnet.src == 0x11
    assert packet.arcnet.dst == 0x22
    assert packet.arcnet.offset == b"\x01\x02"
    assert packet["arcnet.protID"] == 0xD4
    assert packet.arcnet.split_flag == 0
    assert packet.arcnet.sequence == 7
    assert packet.protocols == "arcnet:ip:udp:data"


def test_on_bsd(read: Read) -> None:
    packet = read("11 22 c4 00 0007 {ipv6}", ARCNET)
    assert packet.arcnet.sequence == 7
    assert packet.protocols == "arcnet:ipv6:udp:data"


def test_the_older_form_has_no_sequence_number(read: Read) -> None:
    for linktype, header in ((ARCNET_LINUX, "11 22 0102 f0"), (ARCNET, "11 22 f0")):
        packet = read(header + "{ipv4}", linktype)
        assert packet["arcnet.sequence"] is None
        assert packet.protocols == "arcnet:ip:udp:data"


def test_arp_with_addresses_of_one_octet(read: Read) -> None:
    packet = read("11 00 0102 d5 00 0007 0007 0800 01 04 0001 11 c0000201 00 c0000202", ARCNET_LINUX)
    assert packet["arp.src.hw"] == b"\x11"
    assert packet.arp.info() == "Who has 192.0.2.2? Tell 192.0.2.1"
