"""SNMP: what stands at the front of a message."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Carry = Callable[[str | bytes, int, int], Packet]

GET = "3026 020101 0406 7075626c6963 a019 020107 020100 020100 300e300c06082b060102010101000500"
SECURED = (
    "303e 020103 3011 0204 2fd8a1b9 020300ffe3 040104 020103"  # header
    "0410 300e 0400 020100 020100 0400 0400 0400"  # security parameters
    "3014 0400 0400 a00e 0204 01020304 020100 020100 3000"
)


def test_a_request(udp: Carry) -> None:
    packet = udp(GET, 40000, 161)
    assert packet.protocols == "ip:udp:snmp"
    assert packet.snmp.version == 1
    assert packet.snmp.community == "public"
    assert packet["snmp.data"] == 0
    assert packet.snmp.request_id == 7
    assert packet.snmp.info() == "get-request"
    assert packet.malformed == ""


def test_the_third_version_has_a_header_of_its_own(udp: Carry) -> None:
    packet = udp(SECURED, 40000, 161)
    assert packet.snmp.version is None
    assert packet["snmp.msgVersion"] == 3
    assert packet["snmp.msgID"] == 0x2FD8A1B9
    assert packet.snmp.request_id == 0x01020304
    assert packet.malformed == ""


def test_a_length_may_take_more_octets(udp: Carry) -> None:
    assert udp("308126" + GET[5:], 40000, 161).snmp.community == "public"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param("3126 020101", "a tag of 0x31 where 0x30 belongs", id="no sequence"),
        pytest.param("3080 020101", "a length that is not known beforehand", id="indefinite"),
        pytest.param("3085 0000000001", "a length of 5 octets", id="endless"),
        pytest.param("3020 0206 000000000001", "a number of 6 octets", id="a large number"),
        pytest.param("3005 020101 0400 b000", "no operation has the tag 0xb0", id="no operation"),
        pytest.param("30", "Simple Network Management Protocol: 1 octets where 0 are left", id="nothing"),
    ],
)
def test_contradictions(udp: Carry, message: str, reason: str) -> None:
    assert udp(message, 40000, 161).malformed == reason
