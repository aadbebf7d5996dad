"""Hop-by-hop and destination options, and the fragment header of IPv6 (RFC 8200, 4)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

UDP = "9c41 9c42 000d 2809 68656c6c6f"
HOME = "20010db8000000000000000000000009"


def test_hop_by_hop_options_in_their_order(carry6: Carry) -> None:
    packet = carry6(0, "11 00 0502 0000 0100" + UDP)
    assert packet.protocols == "ipv6:ipv6.hopopts:udp:data"
    header = packet["ipv6.hopopts"]
    assert (header.nxt, header.len) == (17, 0)
    assert packet.values("ipv6.opt.type") == [5, 1]


def test_a_header_of_two_words(carry6: Carry) -> None:
    packet = carry6(60, "11 01 010c 000000000000000000000000" + UDP)
    assert packet.udp.srcport == 40001
    assert packet["ipv6.opt.padn"] == bytes(12)


def test_a_header_longer_than_the_packet_is_told(carry6: Carry) -> None:
    assert carry6(0, "11 09 0104 00000000").malformed == (
        "IPv6 hop-by-hop options does not fit in the 8 octets that are left for it"
    )


def test_extension_headers_follow_each_other(carry6: Carry) -> None:
    packet = carry6(0, "3c 00 0104 00000000" + "2c 00 0104 00000000" + "11 00 0000 00000001" + UDP)
    assert packet.protocols == "ipv6:ipv6.hopopts:ipv6.dstopts:ipv6.fraghdr:udp:data"


def test_fragment_header(carry6: Carry) -> None:
    header = carry6(44, "11 00 05c9 12345678" + "00" * 8)["ipv6.fraghdr"]
    assert (header.nxt, header.offset, header.more, header.ident) == (17, 185, True, 0x12345678)
    assert header.is_fragment
    assert header.info() == "IPv6 fragment (off=1480 more=y ident=0x12345678 nxt=17)"


def test_a_later_fragment_is_data(carry6: Carry) -> None:
    assert carry6(44, "11 00 05c8 12345678" + "00" * 8).protocols == "ipv6:ipv6.fraghdr:data"


def test_an_atomic_fragment_shows_what_it_carries(carry6: Carry) -> None:
    """RFC 6946: offset 0, and no more fragments."""
    packet = carry6(44, "11 00 0000 12345678" + UDP)
    assert packet["udp.checksum.status"] == 1


def test_the_home_address_is_the_source_that_checksums_count(carry6: Carry) -> None:
    """RFC 6275, 11.3.1: the sum is that of 2001:db8::9, the address at home, 8 more than that of 2001:db8::1."""
    packet = carry6(60, f"11 02 c910 {HOME} 0102 0000" + UDP.replace("2809", "2801"))
    assert packet["ipv6.dstopts"].original_source == "2001:db8::9"
    assert packet["udp.checksum.status"] == 1
