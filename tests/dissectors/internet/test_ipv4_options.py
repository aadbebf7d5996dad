"""Options of the IPv4 header (RFC 791, 3.1)."""
from __future__ import annotations

from typing import Any

import pytest

from dissectors.packet import Packet

RAW_IP = 101


def with_options(octets: str) -> Packet:
    """A datagram of nothing but the header, its options padded to words."""
    options = bytes.fromhex(octets)
    options += bytes(-len(options) % 4)
    length = 20 + len(options)
    header = f"{0x40 + length // 4:02x}00 {length:04x} 0001 0000 40 fd 0000 c0000201 c0000202"
    return Packet.of(bytes.fromhex(header) + options, RAW_IP)


def test_kind_and_its_bits() -> None:
    packet = with_options("94040000")
    assert packet.values("ip.opt.type") == [148]
    assert [packet[f"ip.opt.type.{part}"] for part in ("copy", "class", "number")] == [True, 0, 20]
    assert packet["ip.opt.len"] == 4


def test_the_end_of_options_ends_them() -> None:
    assert with_options("01 00 94040000").values("ip.opt.type") == [1, 0]


def test_an_unknown_kind_keeps_its_length() -> None:
    packet = with_options("df04abcd")
    assert packet.values("ip.opt.type") == [0xDF]
    assert packet.values("ip.opt.len") == [4]


OPTIONS: list[tuple[str, dict[str, list[Any]]]] = [
    ("070b08 01020304 00000000", {"ip.opt.ptr": [8], "ip.rec_rt": ["1.2.3.4"], "ip.empty_rt": ["0.0.0.0"]}),
    ("830f08 01020304 05060708 090a0b0c", {"ip.rec_rt": ["1.2.3.4"], "ip.src_rt": ["5.6.7.8", "9.10.11.12"]}),
    ("890b04 01020304 05060708", {"ip.rec_rt": [], "ip.src_rt": ["1.2.3.4", "5.6.7.8"]}),
    ("890b0c 01020304 05060708", {"ip.rec_rt": ["1.2.3.4", "5.6.7.8"], "ip.src_rt": []}),
    ("4408 09 20 00000005", {"ip.opt.overflow": [2], "ip.opt.flag": [0], "ip.opt.time_stamp": [5]}),
    (
        "440c 0d 01 07070707 00000009",
        {"ip.opt.flag": [1], "ip.opt.time_stamp_addr": ["7.7.7.7"], "ip.opt.time_stamp": [9]},
    ),
    ("820b 0001 0002 0003 000004", {"ip.opt.sec_rfc791_sec": [1], "ip.opt.sec_rfc791_comp": [2], "ip.opt.sec_cl": []}),
    ("8204 ab 10", {"ip.opt.sec_cl": [0xAB], "ip.opt.sec_prot_auth_flags": [b"\x10"], "ip.opt.sec_rfc791_sec": []}),
    ("8506 05 0511aa", {"ip.opt.ext_sec_add_sec_info_format_code": [5]}),
    ("9404 0000", {"ip.opt.ra": [0]}),
    (
        "520c 0005 0003 0002 09090909",
        {"ip.opt.id_number": [5], "ip.opt.ohc": [3], "ip.opt.rhc": [2], "ip.opt.originator": ["9.9.9.9"]},
    ),
    ("8804 004d", {"ip.opt.sid": [77]}),
    ("0b04 0578", {"ip.opt.mtu": [1400]}),
    ("950a 04040404 03030303", {"ip.opt.addr": ["4.4.4.4", "3.3.3.3"]}),
    (
        "1908 1a 40 00000ff1",
        {"ip.opt.qs_func": [1], "ip.opt.qs_rate": [10], "ip.opt.qs_ttl": [64], "ip.opt.qs_nonce": [0x3FC]},
    ),
    (
        "8612 00000001 020c 00 05 0001 0002 0003 0004",
        {"ip.cipso.doi": [1], "ip.cipso.tag_type": [2], "ip.cipso.sensitivity_level": [5],
         "ip.cipso.category": [1, 2, 3, 4]},
    ),
    (
        "860c 00000001 0106 00 05 8001",
        {"ip.cipso.tag_type": [1], "ip.cipso.sensitivity_level": [5], "ip.cipso.tag_data": [b"\x80\x01"]},
    ),
    ("8610 00000001 050a 00 05 0009 0007 0005", {"ip.cipso.bound": [9, 7, 5]}),
]


@pytest.mark.parametrize(("octets", "fields"), OPTIONS)
def test_option(octets: str, fields: dict[str, list[Any]]) -> None:
    packet = with_options(octets)
    assert {name: packet.values(name) for name in fields} == fields
    assert packet.malformed == ""


def test_an_option_without_room_for_its_length_is_told() -> None:
    assert "beyond" in with_options("940c0000").malformed


def test_an_option_that_ends_before_it_began_is_told() -> None:
    assert "inside its own header" in with_options("94010000").malformed


def test_a_pointer_between_slots_is_told() -> None:
    assert with_options("070b05 01020304 00000000").malformed == "the pointer 5 is not that of a slot"


def test_a_timestamp_option_of_four_octets_has_no_slots() -> None:
    packet = with_options("44040500")
    assert packet["ip.opt.ptr"] == 5
    assert packet.values("ip.opt.time_stamp") == []
