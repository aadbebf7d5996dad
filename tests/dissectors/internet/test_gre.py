"""Generic Routing Encapsulation in its forms (RFC 2784, RFC 2890, RFC 2637, RFC 1701)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

DATAGRAM = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f"
FRAME = "020000000002 020000000001 0800" + DATAGRAM



def test_the_plain_header(carry: Carry) -> None:
    packet = carry(47, "0000 0800" + DATAGRAM)
    assert packet.protocols == "ip:gre:ip:udp:data"
    assert (packet.gre.version, packet.gre.proto) == (0, 0x0800)
    assert (packet.gre.checksum, packet.gre.key, packet.gre.sequence_number) == (None, None, None)
    assert packet.gre.info() == "Encapsulated IPv4"


def test_key_and_sequence_number(carry: Carry) -> None:
    gre = carry(47, "3000 0800 0000000b 00000001" + DATAGRAM).gre
    assert (gre.k, gre.s, gre.key, gre.sequence_number) == (True, True, 11, 1)


def test_checksum(carry: Carry) -> None:
    """Header and data, of which the IPv4 header sums up to ffff: 8000 + 0800 + 7bdd = 03de + ffff."""
    good = carry(47, "8000 0800 fc21 0000" + DATAGRAM)
    assert good.gre.checksum == 0xFC21
    assert good["gre.checksum.status"] == 1
    assert carry(47, "8000 0800 fc22 0000" + DATAGRAM)["gre.checksum.status"] == 0
    assert carry(47, "0000 0800" + DATAGRAM)["gre.checksum.status"] is None


def test_ethernet(carry: Carry) -> None:
    assert carry(47, "0000 6558" + FRAME).protocols == "ip:gre:eth:ip:udp:data"


def test_ipv6(carry6: Carry) -> None:
    inner = carry6(59, "").data.hex()
    assert carry6(47, "0000 86dd" + inner).protocols == "ipv6:gre:ipv6"


def test_point_to_point_tunnelling(carry: Carry) -> None:
    packet = carry(47, "3081 880b 0004 0007 00000001 00000002 ff03c021")
    assert packet.gre.version == 1
    assert (packet["gre.key.payload_length"], packet["gre.key.call_id"]) == (4, 7)
    assert (packet.gre.sequence_number, packet.gre.ack_number) == (1, 2)


def test_the_bit_of_the_acknowledgement_means_nothing_in_version_0(carry: Carry) -> None:
    """RFC 2784, 2.3: it must be ignored."""
    assert carry(47, "0080 0800" + DATAGRAM).udp.dstport == 40002


def test_a_source_route_and_what_follows_it_unread(carry: Carry) -> None:
    packet = carry(47, "4000 0800 0000 0000 0800 04 08 c0000201 c0000202 0000 00 00" + DATAGRAM)
    assert packet.values("gre.routing.src_length") == [8, 0]
    assert packet["gre.routing.information"] == bytes.fromhex("c0000201c0000202")
    assert packet.protocols == "ip:gre"


def test_wccp_with_and_without_its_header(carry: Carry) -> None:
    packet = carry(47, "0000 883e 05 59 00 48" + DATAGRAM)
    assert packet.protocols == "ip:gre:gre.wccp:ip:udp:data"
    assert (packet["gre.wccp.dynamic_service"], packet["gre.wccp.service_id"]) == (True, 0x59)
    assert packet["gre.wccp.primary_bucket"] == 0x48
    assert carry(47, "0000 883e" + DATAGRAM).protocols == "ip:gre:ip:udp:data"
