"""Multipath TCP: the option by subtype, of version 1 (RFC 8684) and version 0 (RFC 6824)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

KEY = "0102030405060708"
OTHER_KEY = "1112131415161718"


@pytest.fixture
def option(carry: Carry) -> Callable[[str], Packet]:
    """A segment with this option, in hexadecimal."""

    def build(octets: str) -> Packet:
        options = bytes.fromhex(octets)
        options += b"\x01" * (-len(options) % 4)
        return carry(6, f"c00001bb 00000000 00000000 {5 + len(options) // 4:x}010 0000 0000 0000" + options.hex())

    return build


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        # MP_CAPABLE (RFC 8684, 3.1): SYN, SYN/ACK, ACK, first data without and with a checksum; SYN of version 0
        ("1e04 01 01", {"version": 1, "flags": 1, "sha256.flag": True, "checksumreq.flags": False, "sendkey": None}),
        (f"1e0c 01 81 {KEY}", {"checksumreq.flags": True, "sendkey": 0x0102030405060708, "recvkey": None}),
        (
            f"1e14 01 01 {KEY} {OTHER_KEY}",
            {"sendkey": 0x0102030405060708, "recvkey": 0x1112131415161718, "datalvllen": None},
        ),
        (f"1e16 01 01 {KEY} {OTHER_KEY} 0004", {"datalvllen": 4, "checksum": None}),
        (f"1e18 01 01 {KEY} {OTHER_KEY} 0004 abcd", {"datalvllen": 4, "checksum": 0xABCD}),
        (f"1e0c 00 81 {KEY}", {"version": 0, "sendkey": 0x0102030405060708}),
        # MP_JOIN (3.2): SYN, SYN/ACK, ACK
        (
            "1e0c 11 05 0a0b0c0d 01020304",
            {"backup.flag": True, "addrid": 5, "recvtok": 0x0A0B0C0D, "sendrand": 0x01020304, "sendtrunchmac": None},
        ),
        (
            f"1e10 10 05 {KEY} 01020304",
            {"backup.flag": False, "addrid": 5, "sendtrunchmac": 0x0102030405060708, "sendrand": 0x01020304},
        ),
        ("1e18 10 00" + bytes(range(20)).hex(), {"sendhmac": bytes(range(20)), "addrid": None, "sendrand": None}),
        # DSS (3.3): acknowledgements and sequence numbers of four and eight octets
        ("1e08 20 01 00000007", {"rawdataack": 7, "rawdataseqno": None, "dataack8.flag": False}),
        ("1e0c 20 03 0000000100000007", {"rawdataack": 0x100000007, "dataack8.flag": True}),
        (
            "1e10 20 14 000000aa 00000001 0005 abcd",
            {
                "datafin.flag": True,
                "rawdataack": None,
                "rawdataseqno": 0xAA,
                "subflowseqno": 1,
                "datalvllen": 5,
                "checksum": 0xABCD,
            },
        ),
        (
            "1e1a 20 0f 0000000100000007 00000001000000aa 00000001 0005",
            {"rawdataack": 0x100000007, "rawdataseqno": 0x1000000AA, "datalvllen": 5, "checksum": None},
        ),
        # ADD_ADDR (3.4.1)
        (
            f"1e10 30 02 c0000205 {KEY}",
            {"echo": False, "addrid": 2, "ipv4": "192.0.2.5", "addaddrtrunchmac": 0x0102030405060708, "ipver": None},
        ),
        (f"1e12 30 02 c0000205 01bb {KEY}", {"ipv4": "192.0.2.5", "port": 443, "addaddrtrunchmac": 0x0102030405060708}),
        ("1e08 31 02 c0000205", {"echo": True, "ipv4": "192.0.2.5", "port": None, "addaddrtrunchmac": None}),
        ("1e0a 31 02 c0000205 01bb", {"echo": True, "port": 443}),
        (
            f"1e1c 30 02 20010db8000000000000000000000005 {KEY}",
            {"ipv6": "2001:db8::5", "port": None, "addaddrtrunchmac": 0x0102030405060708},
        ),
        (
            f"1e1e 30 02 20010db8000000000000000000000005 01bb {KEY}",
            {"ipv6": "2001:db8::5", "port": 443, "addaddrtrunchmac": 0x0102030405060708},
        ),
        ("1e14 31 02 20010db8000000000000000000000005", {"echo": True, "ipv6": "2001:db8::5"}),
        ("1e08 34 02 c0000205", {"ipver": 4, "echo": None, "ipv4": "192.0.2.5"}),
        ("1e16 36 02 20010db8000000000000000000000005 01bb", {"ipver": 6, "ipv6": "2001:db8::5", "port": 443}),
        # REMOVE_ADDR, MP_PRIO, MP_FAIL, MP_FASTCLOSE, MP_TCPRST
        ("1e04 40 07", {"addrid": 7}),
        ("1e03 51", {"backup.flag": True, "addrid": None}),
        ("1e04 50 02", {"backup.flag": False, "addrid": 2}),
        ("1e0c 60 00 0000000100000009", {"rawdataseqno": 0x100000009}),
        (f"1e0c 70 00 {KEY}", {"recvkey": 0x0102030405060708}),
        ("1e04 81 02", {"flag_T.flag": True, "flag_U.flag": False, "rst_reason": 2}),
    ],
)
def test_a_subtype_and_its_fields(option: Callable[[str], Packet], octets: str, fields: dict[str, Any]) -> None:
    packet = option(octets)
    assert packet.malformed == ""
    assert packet["tcp.options.mptcp.subtype"] == int(octets.replace(" ", "")[4], 16)
    assert {name: packet[f"tcp.options.mptcp.{name}"] for name in fields} == fields


def test_several_addresses_are_removed(option: Callable[[str], Packet]) -> None:
    packet = option("1e06 40 01 02 03")
    assert packet.values("tcp.options.mptcp.addrid") == [1, 2, 3]
    assert packet["mptcp.rm_addr.count"] == 3


def test_the_option_is_the_protocol_mptcp(option: Callable[[str], Packet]) -> None:
    packet = option("1e04 0101")
    assert packet["mptcp"] == bytes.fromhex("1e040101")
    assert packet.tcp.options[0].name == "mptcp"


def test_a_subtype_that_is_not_assigned(option: Callable[[str], Packet]) -> None:
    packet = option("1e06 9a 010203")
    assert packet["tcp.options.mptcp.subtype"] == 9
    assert packet.malformed == ""


@pytest.mark.parametrize("octets", ["1e05 01 01 ff", "1e0d 11 05 0a0b0c0d 01020304 00", "1e09 20 01 00000007 00"])
def test_a_length_that_the_subtype_does_not_have_is_not_believed(option: Callable[[str], Packet], octets: str) -> None:
    packet = option(octets)
    assert packet.malformed == f"30 (Multipath TCP) cannot be {int(octets[2:4], 16)} octets"
    assert packet["tcp.options.mptcp.subtype"] is None


def test_an_option_without_room_for_a_subtype(option: Callable[[str], Packet]) -> None:
    assert option("1e02").malformed == "30 (Multipath TCP) cannot be 2 octets"


@pytest.mark.parametrize(
    ("octets", "told"),
    [("1e04 0101", "MPTCP MP_CAPABLE"), ("1e04 20 00", "MPTCP DSS"), ("1e06 9a 010203", "MPTCP subtype 9")],
)
def test_the_line_of_the_segment_names_it(option: Callable[[str], Packet], octets: str, told: str) -> None:
    assert option(octets).tcp.info().endswith(" " + told)
