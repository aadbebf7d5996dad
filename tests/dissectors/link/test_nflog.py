"""Linux netfilter log."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


NFLOG = 239
HEADER, PREFIX, PAYLOAD = "0800 0100 08000100", "0700 0a00 616200 00", "2400 0900"


def test_attributes_up_to_the_datagram(read: Read) -> None:
    packet = read("02 00 0014" + HEADER + PREFIX + PAYLOAD + "{ipv4}", NFLOG)
    assert packet.nflog.family == 2
    assert packet.nflog.res_id == 20
    assert packet.values("nflog.tlv_length") == [8, 7, 36]
    assert packet.values("nflog.tlv_type") == [1, 10, 9]
    assert packet.protocols == "nflog:ip:udp:data"
    assert packet.malformed == ""


def test_padding_is_not_part_of_a_value(read: Read) -> None:
    packet = read("02 00 0014" + PREFIX + HEADER, NFLOG)
    assert packet.values("nflog.tlv_value") == [b"ab\0", bytes.fromhex("08000100")]


def test_ipv6(read: Read) -> None:
    assert read("0a 00 0014 3800 0900 {ipv6}", NFLOG).protocols == "nflog:ipv6:udp:data"


def test_an_attribute_of_no_octets_ends_the_walk(read: Read) -> None:
    packet = read("02 00 0014 0000 0100" + PAYLOAD + "{ipv4}", NFLOG)
    assert "fewer than 4 octets" in packet.malformed
    assert packet["ip.src"] is None
