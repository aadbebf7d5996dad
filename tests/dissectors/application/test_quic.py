"""QUIC packets with a long header."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Carry = Callable[[str | bytes, int, int], Packet]

INITIAL = "c3 00000001 08 0102030405060708 04 a1a2a3a4 02 beef 4005 1122334455"


def test_an_initial_packet(udp: Carry) -> None:
    packet = udp(INITIAL, 40000, 4433)
    assert packet.protocols == "ip:udp:quic"
    assert packet["quic.header_form"] is True
    assert packet["quic.long.packet_type"] == 0
    assert packet["quic.version"] == 1
    assert packet["quic.dcid"] == bytes.fromhex("0102030405060708")
    assert packet["quic.scid"] == bytes.fromhex("a1a2a3a4")
    assert packet["quic.token"] == b"\xbe\xef"
    assert packet["quic.length"] == 5
    assert packet["quic.protected_payload"] == bytes.fromhex("1122334455")
    assert packet.quic.info() == "Initial, DCID=0102030405060708, SCID=a1a2a3a4"


def test_packets_share_a_datagram(udp: Carry) -> None:
    packet = udp(INITIAL + "e0 00000001 00 00 01 ff" + "45 010203", 40000, 4433)
    assert packet.values("quic.long.packet_type") == [0, 2]
    assert packet.values("quic.length") == [5, 1]
    assert packet["quic.remaining_payload"] == bytes.fromhex("45010203")


def test_version_negotiation(udp: Carry) -> None:
    packet = udp("f5 00000000 00 02 abcd 00000001 6b3343cf", 4433, 40000)
    assert packet.values("quic.supported_version") == [1, 0x6B3343CF]
    assert packet["quic.long.packet_type"] is None
    assert packet.quic.info() == "Version Negotiation"


def test_retry(udp: Carry) -> None:
    packet = udp("f0 00000001 00 01 aa 746f6b656e" + "99" * 16, 4433, 40000)
    assert packet["quic.long.packet_type"] == 3
    assert packet["quic.retry_token"] == b"token"
    assert packet["quic.retry_integrity_tag"] == b"\x99" * 16


def test_version_2_numbers_the_types_from_another_one(udp: Carry) -> None:
    # RFC 9369, 3.2: Initial is 1.
    packet = udp("d0 6b3343cf 00 01 aa 00 01 ff", 40000, 4433)
    assert packet["quic.long.packet_type_v2"] == 1
    assert packet["quic.token_length"] == 0
    assert packet.quic.info() == "Initial, SCID=aa"


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("43 00000001 00 00 00 00", id="short header"),
        pytest.param("c3 00000002 00 00 00 00", id="no such version"),
        pytest.param("c3 00000001 15" + "00" * 23, id="an identity of 21 octets"),
        pytest.param("c3 00000001 04 0000", id="no source identity"),
        pytest.param("83 00000001 00 00 00 00", id="fixed bit not set"),
    ],
)
def test_what_is_not_recognised(udp: Carry, octets: str) -> None:
    assert udp(octets, 40000, 4433).protocols == "ip:udp:data"


def test_a_length_beyond_the_datagram_is_a_contradiction(udp: Carry) -> None:
    assert udp("e0 00000001 00 00 05 ff", 40000, 4433).malformed == "QUIC: 5 octets where 1 are left"
