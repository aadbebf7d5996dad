"""Extensions of ICMP messages (RFC 4884), and the objects in them."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

DATAGRAM = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f".replace(" ", "")
QUOTED = DATAGRAM + "00" * (128 - len(DATAGRAM) // 2)
LABEL = "0008 0101 18698140"


def exceeded(carry: Carry, extensions: str, length: int = 32, quoted: str = QUOTED) -> Packet:
    """A time exceeded message; `length` is that of the quotation in words of four octets."""
    return carry(1, f"0b00 0000 00 {length:02x} 0000" + quoted + extensions)


def test_a_label_stack(carry: Carry) -> None:
    packet = exceeded(carry, "2000 0000" + LABEL)
    assert (packet["icmp.ext.version"], packet["icmp.ext.class"], packet["icmp.ext.ctype"]) == (2, 1, 1)
    assert packet.values("icmp.mpls.label") == [0x18698]
    assert (packet["icmp.mpls.exp"], packet["icmp.mpls.s"], packet["icmp.mpls.ttl"]) == (0, True, 64)


def test_the_quoted_datagram_is_read_beside_them(carry: Carry) -> None:
    packet = exceeded(carry, "2000 0000" + LABEL)
    assert packet.udp.dstport == 40002
    assert packet.malformed == ""


def test_a_router_that_tells_no_length(carry: Carry) -> None:
    """RFC 4884, 5.5: the quotation takes 128 octets."""
    assert exceeded(carry, "2000 0000" + LABEL, length=0).values("icmp.mpls.label") == [0x18698]


def test_no_length_and_a_datagram_that_is_longer(carry: Carry) -> None:
    """What stands behind octet 128 belongs to the datagram then."""
    quoted = QUOTED.replace("45000021", "45000100", 1)
    assert exceeded(carry, "2000 0000" + LABEL, length=0, quoted=quoted).values("icmp.mpls.label") == []


def test_another_version_is_not_believed(carry: Carry) -> None:
    assert exceeded(carry, "1000 0000" + LABEL).values("icmp.ext.version") == []


@pytest.mark.parametrize(("checksum", "status"), [("0000", 3), ("454d", 1), ("454e", 0)])
def test_checksum(carry: Carry, checksum: str, status: int) -> None:
    """Summed by hand: 2000 + 0008 + 0101 + 1869 + 8140 = bab2, and 454d is what it lacks to ffff."""
    assert exceeded(carry, f"2000 {checksum}" + LABEL)["icmp.ext.checksum.status"] == status


OBJECTS: list[tuple[str, dict[str, Any]]] = [
    (
        "001c 020f 00000007 0001 0000 c0000201 08 65746830000000 000005dc",
        {"icmp.int_info.role": 0, "icmp.int_info.index": 7, "icmp.int_info.ipv4": "192.0.2.1",
         "icmp.int_info.name": "eth0", "icmp.int_info.mtu": 1500},
    ),
    ("0008 0241 000005dc", {"icmp.int_info.role": 1, "icmp.int_info.mtu": 1500, "icmp.int_info.index": None}),
    (
        "0018 0204 0002 0000 20010db8000000000000000000000001",
        {"icmp.int_info.afi": 2, "icmp.int_info.ipv6": "2001:db8::1"},
    ),
    ("0008 0301 65746830", {"icmp.int_ident.name": "eth0"}),
    ("0008 0302 00000007", {"icmp.int_ident.index": 7}),
    ("000c 0303 0001 04 00 c0000201", {"icmp.int_ident.afi": 1, "icmp.int_ident.ipv4": "192.0.2.1"}),
    ("0008 f701 01020304", {"icmp.ext.class": 0xF7, "icmp.ext.data": b"\1\2\3\4"}),
]


@pytest.mark.parametrize(("octets", "fields"), OBJECTS)
def test_object(carry: Carry, octets: str, fields: dict[str, Any]) -> None:
    packet = exceeded(carry, "2000 0000" + octets)
    assert {name: packet[name] for name in fields} == fields
    assert packet.malformed == ""


def test_several_objects(carry: Carry) -> None:
    packet = exceeded(carry, "2000 0000" + LABEL + "0008 f701 01020304")
    assert packet.values("icmp.ext.class") == [1, 0xF7]


def test_an_object_that_ends_too_early_is_told(carry: Carry) -> None:
    assert exceeded(carry, "2000 0000 0006 0208 0000").malformed == "the object ends 2 octets too early"


def test_an_object_beyond_the_message_is_told(carry: Carry) -> None:
    assert "beyond" in exceeded(carry, "2000 0000 0020 0101 18698140").malformed


def test_in_icmpv6(carry6: Carry) -> None:
    """The quotation is told in words of eight octets there."""
    packet = carry6(58, "0300 0000 10 000000" + QUOTED + "2000 0000" + LABEL)
    assert packet.values("icmp.mpls.label") == [0x18698]
