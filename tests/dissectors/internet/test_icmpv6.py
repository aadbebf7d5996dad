"""Internet Control Message Protocol for IPv6 (RFC 4443)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.header import Header
from dissectors.packet import Packet

Told = Callable[[Header, str], list[str]]
Carry = Callable[[int, str], Packet]

QUOTED = (
    "60000000 000d 11 40 20010db8000000000000000000000001 20010db8000000000000000000000002"
    "9c41 9c42 000d 2809 68656c6c6f"
)


@pytest.mark.parametrize(("checksum", "status"), [("ce3b", 1), ("ce3c", 0)])
def test_echo(carry6: Carry, checksum: str, status: int) -> None:
    icmpv6 = carry6(58, f"8000 {checksum} 1234 0001 68656c6c6f").icmpv6
    assert (icmpv6.type, icmpv6.code, icmpv6.identifier, icmpv6.sequence_number) == (128, 0, 0x1234, 1)
    assert icmpv6.checksum_status == status
    assert icmpv6.info() == "Echo (ping) request id=0x1234, seq=1, hop limit=64"


def test_the_hop_limit_of_an_echo_behind_an_extension_header(carry6: Carry) -> None:
    icmpv6 = carry6(0, "3a 00 0104 00000000 8000 0000 1234 0001").icmpv6
    assert icmpv6.info() == "Echo (ping) request id=0x1234, seq=1, hop limit=64"


@pytest.mark.parametrize(("octets", "field", "value", "line"), [
    ("0104 0000 00000000", "icmpv6.length", 0, "Destination Unreachable (Port unreachable)"),
    ("0200 0000 00000500", "icmpv6.mtu", 1280, "Packet Too Big"),
    ("0300 0000 00000000", "icmpv6.length", 0, "Time Exceeded (hop limit exceeded in transit)"),
    ("0401 0000 00000028", "icmpv6.pointer", 40, "Parameter Problem (unrecognized Next Header type encountered)"),
])
def test_error(carry6: Carry, octets: str, field: str, value: int, line: str) -> None:
    packet = carry6(58, octets + QUOTED)
    assert packet[field] == value
    assert packet.icmpv6.info() == line
    assert packet.protocols == "ipv6:icmpv6:ipv6:udp:data"
    assert packet.udp.quoted


def test_the_quotation_may_end_early(carry6: Carry) -> None:
    packet = carry6(58, "0104 0000 00000000" + QUOTED[:120])
    assert packet.udp.srcport == 40001
    assert packet.malformed == ""


def test_extended_echo(carry6: Carry) -> None:
    packet = carry6(58, "a000 0000 1234 05 01 2000 0000 0008 0301 65746830")
    assert packet["icmpv6.ext.echo.seq"] == 5
    assert packet["icmpv6.ext.echo.req.local"] is True
    assert packet["icmp.int_ident.name"] == "eth0"


def test_an_unknown_type(carry6: Carry) -> None:
    packet = carry6(58, "c800 0000 01020304")
    assert packet.protocols == "ipv6:icmpv6:data"
    assert packet.icmpv6.info() == "Type 200"


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        ("0104 0000 00000000", "4 (Port unreachable)"),
        ("0401 0000 00000000", "1 (unrecognized Next Header type encountered)"),
        ("8000 0000 00010001", "0"),
    ],
)
def test_a_code_has_the_name_that_it_has_by_type(carry6: Carry, told: Told, octets: str, code: str) -> None:
    assert told(carry6(58, octets).icmpv6, "icmpv6.code") == [code]
