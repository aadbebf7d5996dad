"""DHCPv6 messages, and options in options."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[str | bytes, int, int], Packet]

LLT = "0001 000e 0001 0001 29b92700 020000000001"
ADDRESS = "0005 0018 20010db8000000000000000000000001 00000064 000000c8"
ASSOCIATION = "0003 0028 00000005 00000001 00000002" + ADDRESS
SOLICIT = "01 123456" + LLT + "0006 0004 0017 0018" + "0008 0002 000c" + ASSOCIATION


def test_a_solicitation(udp: Carry) -> None:
    packet = udp(SOLICIT, 546, 547)
    assert packet.protocols == "ip:udp:dhcpv6"
    assert packet.dhcpv6.msgtype == 1
    assert packet.dhcpv6.xid == 0x123456
    assert packet.values("dhcpv6.option.type") == [1, 6, 8, 3, 5]
    assert packet.values("dhcpv6.requested_option_code") == [23, 24]
    assert packet["dhcpv6.elapsed_time"] == 120
    assert packet.dhcpv6.info() == "Solicit XID: 0x123456"
    assert packet.malformed == ""


def test_an_identifier_of_address_and_time(udp: Carry) -> None:
    packet = udp(SOLICIT, 546, 547)
    assert packet["dhcpv6.duid.type"] == 1
    assert packet["dhcpv6.duid.bytes"] == bytes.fromhex("0001000129b92700020000000001")
    assert packet["dhcpv6.duidllt.hwtype"] == 1
    assert packet["dhcpv6.duidllt.time"] == 1_646_684_800_000_000_000  # 700 million seconds from 2000
    assert packet["dhcpv6.duidllt.link_layer_addr"] == bytes.fromhex("020000000001")


def test_other_identifiers(udp: Carry) -> None:
    packet = udp("07 000001" "0002 0009 0002 00000009 616263" "0001 000a 0003 0001 020000000001", 547, 546)
    assert packet["dhcpv6.duiden.enterprise"] == 9
    assert packet["dhcpv6.duiden.identifier"] == b"abc"
    assert packet["dhcpv6.duidll.link_layer_addr"] == bytes.fromhex("020000000001")
    unknown = udp("07 000001" "0002 0004 00ff abcd", 547, 546)
    assert unknown["dhcpv6.duid.bytes"] == bytes.fromhex("00ffabcd")


def test_an_address_in_an_association(udp: Carry) -> None:
    packet = udp(SOLICIT, 546, 547)
    assert packet["dhcpv6.iaid"] == b"\0\0\0\5"
    assert (packet["dhcpv6.iaid.t1"], packet["dhcpv6.iaid.t2"]) == (1, 2)
    assert packet["dhcpv6.iaaddr.ip"] == "2001:db8::1"
    assert (packet["dhcpv6.iaaddr.pref_lifetime"], packet["dhcpv6.iaaddr.valid_lifetime"]) == (100, 200)


def test_a_delegated_prefix_with_a_status(udp: Carry) -> None:
    status = "000d 0004 0006 6e6f"
    prefix = "001a 0021 00000000 00000000 30 20010db8000100000000000000000000" + status
    packet = udp("07 000001" "0019 0031 00000009 00000000 00000000" + prefix, 547, 546)
    assert packet["dhcpv6.iaprefix.pref_len"] == 48
    assert packet["dhcpv6.iaprefix.pref_addr"] == "2001:db8:1::"
    assert packet["dhcpv6.status_code"] == 6
    assert packet["dhcpv6.status_msg"] == "no"
    assert packet.malformed == ""


def test_what_a_server_gives(udp: Carry) -> None:
    options = (
        "0017 0010 20010db8000000000000000000000053"
        "0018 0006 0161 00 0162 00"
        "000f 0004 0002 7563"
        "0010 0008 00000009 0002 7663"
        "0011 0009 00000009 0001 0001 78"
        "0027 0004 01 02 7063"
    )
    packet = udp("07 000001" + options, 547, 546)
    assert packet["dhcpv6.dns_server"] == "2001:db8::53"
    assert packet.values("dhcpv6.search_list_entry") == ["a", "b"]
    assert packet["dhcpv6.userclass.opaque_data"] == b"uc"
    assert packet["dhcpv6.vendorclass.enterprise"] == 9
    assert packet["dhcpv6.vendorclass.data"] == "vc"
    assert packet["dhcpv6.vendoropts.enterprise.option_code"] == 1
    assert packet["dhcpv6.vendoropts.enterprise.option_data"] == b"x"
    assert packet["dhcpv6.client_domain"] == "pc"
    assert packet.malformed == ""


def test_a_relayed_message(udp: Carry) -> None:
    inner = "03 00abcd" + LLT
    header = "0c 00 20010db8000000000000000000000000 fe800000000000000000000000000009"
    packet = udp(header + f"0009 {len(bytes.fromhex(inner)):04x}" + inner, 547, 547)
    assert packet.values("dhcpv6.msgtype") == [12, 3]
    assert packet["dhcpv6.linkaddr"] == "2001:db8::"
    assert packet["dhcpv6.peeraddr"] == "fe80::9"
    assert packet["dhcpv6.xid"] == 0x00ABCD
    assert packet["dhcpv6.duid.type"] == 1
    assert packet.dhcpv6.info() == "Relay-forw L: 2001:db8::"
    assert packet.malformed == ""


def test_options_in_options_are_read_to_a_depth(udp: Carry) -> None:
    octets = b""
    for _ in range(1000):
        octets = b"\0\3" + (12 + len(octets)).to_bytes(2, "big") + bytes(12) + octets
    packet = udp(b"\1\0\0\1" + octets, 546, 547)
    assert len(packet.values("dhcpv6.iaid")) == 16
    assert packet.malformed == "options in options, deeper than they are read"


def test_messages_in_messages_are_read_to_a_depth(udp: Carry) -> None:
    octets = b"\1\0\0\1"
    for _ in range(1000):
        octets = b"\x0c" + bytes(33) + b"\0\x09" + len(octets).to_bytes(2, "big") + octets
    packet = udp(octets, 547, 547)
    assert len(packet.values("dhcpv6.hopcount")) == 16
    assert packet.malformed == "options in options, deeper than they are read"


def test_names_have_no_pointers(udp: Carry) -> None:
    packet = udp("07 000001" "0018 0002 c000", 547, 546)
    assert packet.malformed == "a label begins with 0xc0, which has no meaning"
