"""Internet Protocol version 6 (RFC 8200, 3)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

RAW_IP = 101


def test_every_field_of_the_header() -> None:
    octets = "6bb12345 0000 fd 3f 20010db8000000000000000000000001 ff0200000000000000000001ff000002"
    ipv6 = Packet.of(bytes.fromhex(octets), RAW_IP).ipv6
    assert (ipv6.version, ipv6.tclass, ipv6.dscp, ipv6.ecn) == (6, 0xBB, 46, 3)
    assert (ipv6.flow, ipv6.plen, ipv6.nxt, ipv6.hlim) == (0x12345, 0, 253, 63)
    assert (ipv6.src, ipv6.dst) == ("2001:db8::1", "ff02::1:ff00:2")


def test_the_version_is_also_that_of_ip(carry6: Carry) -> None:
    """As Wireshark has it: `ip.version` is there in both."""
    assert carry6(253, "00")["ip.version"] == 6


def test_the_traffic_class_is_as_wide_as_wireshark_writes_it(carry6: Carry) -> None:
    packet = carry6(253, "00")
    field = packet.interface.graph.fields["ipv6.tclass"][0]
    assert field.text(packet.ipv6.tclass) == "0x00000000"


def with_payload_length_of_zero(carry6: Carry, more: int) -> Packet:
    data = bytearray(carry6(17, "9c41 9c42 0000 0000").data)
    data[4:6] = b"\0\0"
    return Packet.of(bytes(data) + bytes(more), RAW_IP)


def test_a_payload_length_of_zero_is_none(carry6: Carry) -> None:
    assert with_payload_length_of_zero(carry6, 5).protocols == "ipv6"


def test_a_payload_length_of_zero_is_all_that_is_there_when_16_bits_are_too_few(carry6: Carry) -> None:
    """A jumbogram, or what segmentation offload made (RFC 2675, 3)."""
    packet = with_payload_length_of_zero(carry6, 65528)
    assert packet.ipv6.payload_length == 65536
    assert packet.udp.srcport == 40001


def test_what_stands_behind_the_packet_is_not_carried(carry6: Carry) -> None:
    packet = carry6(17, "9c41 9c42 000d 0000 68656c6c6f")
    assert Packet.of(packet.data + b"tail", RAW_IP).ipv6.payload_length == 13


def test_in_ipv4(carry: Carry, carry6: Carry) -> None:
    inner = carry6(17, "9c41 9c42 0008 0000")
    assert carry(41, inner.data.hex()).protocols == "ip:ipv6:udp"


def test_lines(carry6: Carry) -> None:
    assert carry6(59, "00").ipv6.info() == "IPv6 no next header (59)"
    assert carry6(89, "00").ipv6.info() == "OSPF (89)"


def test_no_next_header_carries_nothing(carry6: Carry) -> None:
    assert carry6(59, "9c419c42").protocols == "ipv6:data"


def test_the_traffic_class_is_as_wide_as_it_is_for_a_person(carry6: Carry) -> None:
    ipv6 = carry6(253, "00").ipv6
    shown = {item.name: item.field.describe(item.value) for item in ipv6.items() if item.field is not None}
    assert shown["ipv6.tclass"] == "0x00"
