"""Address resolution."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Interface, Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    arp = read("{eth} 0806 0001 0800 06 04 0002 020000000001 c0000201 020000000002 c0000202").arp
    assert arp.hw_type == 1
    assert arp.proto_type == 0x0800
    assert arp.hw_size == 6
    assert arp.proto_size == 4
    assert arp.opcode == 2
    assert arp.src_hw_mac == "02:00:00:00:00:01"
    assert arp.src_proto_ipv4 == "192.0.2.1"
    assert arp.dst_hw_mac == "02:00:00:00:00:02"
    assert arp.dst_proto_ipv4 == "192.0.2.2"


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        ("0806 0001080006040001 020000000001 c0000201 000000000000 c0000202", "Who has 192.0.2.2? Tell 192.0.2.1"),
        ("0806 0001080006040002 020000000001 c0000201 020000000002 c0000202", "192.0.2.1 is at 02:00:00:00:00:01"),
        ("0806 0001080006040001 020000000001 c0000201 000000000000 c0000201", "ARP Announcement for 192.0.2.1"),
        ("0806 0001080006040002 020000000001 c0000201 ffffffffffff c0000201", "Gratuitous ARP for 192.0.2.1 (Reply)"),
        ("0806 0001080006040001 020000000001 00000000 000000000000 c0000201", "Who has 192.0.2.1? (ARP Probe)"),
        (
            "8035 0001080006040003 020000000001 00000000 020000000002 00000000",
            "Who is 02:00:00:00:00:02? Tell 02:00:00:00:00:01",
        ),
        ("8035 0001080006040004 020000000001 c0000201 020000000002 c0000202", "02:00:00:00:00:02 is at 192.0.2.2"),
        ("0806 000f080002040008 1841 c0000201 1c41 00000000", "Who is 1c41? Tell 1841"),
        ("0806 000f080002040009 1841 c0000201 1c41 c0000202", "1841 is at 192.0.2.1"),
        ("0806 0001080006040063 020000000001 c0000201 020000000002 c0000202", "ARP operation 99"),
    ],
)
def test_info(read: Read, octets: str, told: str) -> None:
    assert read("{eth}" + octets).arp.info() == told


def test_gratuitous_probe_and_announcement_are_marked(read: Read) -> None:
    announcement = read("{eth} 0806 0001080006040001 020000000001 c0000201 000000000000 c0000201")
    assert announcement["arp.isgratuitous"] is True
    assert announcement["arp.isannouncement"] is True
    assert announcement["arp.isprobe"] is None
    probe = read("{eth} 0806 0001080006040001 020000000001 00000000 000000000000 c0000201")
    assert probe["arp.isprobe"] is True
    assert probe["arp.isgratuitous"] is None
    request = read("{eth} 0806 0001080006040001 020000000001 c0000201 000000000000 c0000202")
    assert request["arp.isgratuitous"] is None


def test_addresses_of_other_sizes_are_octets(read: Read) -> None:
    arp = read("{eth} 0806 0007 0800 01 04 0001 11 c0000201 00 c0000202").arp
    assert arp.src_hw == b"\x11"
    assert arp.src_hw_mac is None
    assert arp.src_proto_ipv4 == "192.0.2.1"
    assert arp.dst_hw == b"\0"
    assert arp.dst_proto_ipv4 == "192.0.2.2"


def test_a_protocol_other_than_ipv4(read: Read) -> None:
    arp = read("{eth} 0806 0001 0805 06 02 0001 020000000001 0001 000000000000 0002").arp
    assert arp.src_proto == b"\x00\x01"
    assert arp.src_proto_ipv4 is None
    assert arp.dst_proto == b"\x00\x02"


def test_addresses_of_no_octets(read: Read) -> None:
    packet = read("{eth} 0806 0001 0800 00 00 0001")
    assert packet.arp.opcode == 1
    assert packet.malformed == ""


def test_sizes_that_lie_are_malformed(read: Read) -> None:
    packet = read("{eth} 0806 0001 0800 06 ff 0001 020000000001 c0000201 000000000000 c0000202")
    assert packet.arp.src_hw_mac == "02:00:00:00:00:01"
    assert packet.malformed == "ARP does not fit in the 28 octets that are left for it"
    assert packet.arp.info() is None


def test_what_is_whole_stays_when_the_rest_was_cut_off(read: Read) -> None:
    whole = read("{eth} 0806 0001 0800 06 04 0001 020000000001 c0000201 020000000002 c0000202")
    cut = Packet(whole.data[:32], Interface(), length=42)
    assert cut.arp.src_proto_ipv4 == "192.0.2.1"
    assert cut.arp.dst_proto_ipv4 is None
    assert cut.arp.info() is None


def test_over_atm_numbers_have_their_own_sizes(read: Read) -> None:
    number = "47" + "00" * 19
    packet = read("{eth} 0806 0013 0800 14 00 0008 04 14 00 04" + number + "c0000201" + number + "c0000202")
    arp = packet.arp
    assert packet.malformed == ""
    assert arp.src_hlen == 20
    assert arp.src_pln == 4
    assert arp.src_hw == bytes.fromhex(number)
    assert arp.src_proto_ipv4 == "192.0.2.1"
    assert arp.dst_proto_ipv4 == "192.0.2.2"
