"""Options of the TCP header: every kind that is assigned, as its RFC draws it."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]


@pytest.fixture
def segment(carry: Carry) -> Callable[[str], Packet]:
    """A SYN with the given options, filled up to a multiple of four octets."""

    def build(octets: str) -> Packet:
        options = bytes.fromhex(octets)
        options += bytes(-len(options) % 4)
        words = 5 + len(options) // 4
        return carry(6, f"c00001bb 000003e8 00000000 {words:x}002 faf0 0000 0000" + options.hex())

    return build


Segment = Callable[[str], Packet]

COOKIE = bytes.fromhex("0102030405060708")


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        ("020405b4", {"tcp.options.mss_val": 1460}),
        ("030307", {"tcp.options.wscale.shift": 7, "tcp.options.wscale.multiplier": 128}),
        ("0402", {"tcp.options.sack_perm": b"\x04\x02"}),
        ("06060a0b0c0d", {"tcp.options.echo_value": 0x0A0B0C0D}),
        ("07060a0b0c0d", {"tcp.options.echo_value": 0x0A0B0C0D}),
        ("080a0000000200000001", {"tcp.options.timestamp.tsval": 2, "tcp.options.timestamp.tsecr": 1}),
        ("0902", {"tcp.options.poc_permitted": b"\x09\x02"}),
        ("0a0380", {"tcp.options.poc.start": True, "tcp.options.poc.end": False, "tcp.options.poc.filler": 0}),
        ("0b0600000007", {"tcp.options.cc_value": 7}),
        ("0c0600000007", {"tcp.options.cc_value": 7}),
        ("0d0600000007", {"tcp.options.cc_value": 7}),
        ("0e0302", {"tcp.options.alternate_checksum_request.algorithm": 2}),
        ("0f041234", {"tcp.options.alternate_checksum.data": b"\x12\x34"}),
        ("1002", {"tcp.option_kind": 16, "tcp.option_len": 2}),
        ("1102", {"tcp.option_kind": 17, "tcp.option_len": 2}),
        ("120301", {"tcp.option_kind": 18, "tcp.options.unknown.payload": b"\x01"}),
        ("1312000102030405060708090a0b0c0d0e0f", {"tcp.options.md5.digest": bytes(range(16))}),
        (
            "1404f009",
            {
                "tcp.options.scps.vector": 0xF0,
                "tcp.options.scpsflags.bets": True,
                "tcp.options.scpsflags.compress": True,
                "tcp.options.scpsflags.nlts": False,
                "tcp.options.scps.binding": 9,
            },
        ),
        ("150600010002", {"tcp.options.snack.offset": 1, "tcp.options.snack.size": 2}),
        ("1602", {"tcp.options.scpsrec": b"\x16\x02"}),
        ("1702", {"tcp.options.scpscor": b"\x17\x02"}),
        (
            "1b080f0a0000000c",
            {"tcp.options.qs.rate": 15, "tcp.options.qs.ttl_diff": 10, "tcp.options.qs.nonce": 3},
        ),
        ("1c04803c", {"tcp.options.user_to_granularity": True, "tcp.options.user_to_val": 60}),
        (
            "1d0805060a0b0c0d",
            {
                "tcp.options.ao.keyid": 5,
                "tcp.options.ao.rnextkeyid": 6,
                "tcp.options.ao.mac": b"\x0a\x0b\x0c\x0d",
            },
        ),
        ("2202", {"tcp.options.tfo.request": True, "tcp.options.tfo.cookie": None}),
        ("220a0102030405060708", {"tcp.options.tfo.request": None, "tcp.options.tfo.cookie": COOKIE}),
        ("450321", {"tcp.options.eno.suboptions": b"\x21"}),
        (
            "ac0b000001000002000003",
            {"tcp.options.acc_ecn.ee0b": 1, "tcp.options.acc_ecn.eceb": 2, "tcp.options.acc_ecn.ee1b": 3},
        ),
        (
            "ae0b000001000002000003",
            {"tcp.options.acc_ecn.ee1b": 1, "tcp.options.acc_ecn.eceb": 2, "tcp.options.acc_ecn.ee0b": 3},
        ),
        ("ac05000001", {"tcp.options.acc_ecn.ee0b": 1, "tcp.options.acc_ecn.eceb": None}),
        (
            "ae08000001000002",
            {"tcp.options.acc_ecn.ee1b": 1, "tcp.options.acc_ecn.eceb": 2, "tcp.options.acc_ecn.ee0b": None},
        ),
        ("ac02", {"tcp.options.acc_ecn": b"\xac\x02", "tcp.options.acc_ecn.ee0b": None}),
        ("fd04f989", {"tcp.options.experimental.exid": 0xF989, "tcp.options.tfo.request": True}),
        ("fe0cf9890102030405060708", {"tcp.options.experimental.exid": 0xF989, "tcp.options.tfo.cookie": COOKIE}),
        ("fe0dacc0000001000002000003", {"tcp.options.acc_ecn.ee0b": 1, "tcp.options.acc_ecn.ee1b": 3}),
        ("fe0dacc1000001000002000003", {"tcp.options.acc_ecn.ee1b": 1, "tcp.options.acc_ecn.ee0b": 3}),
        ("fd0612345678", {"tcp.options.experimental.exid": 0x1234, "tcp.options.experimental.data": b"\x56\x78"}),
        ("c80401ff", {"tcp.option_kind": 200, "tcp.options.unknown.payload": b"\x01\xff"}),
    ],
)
def test_an_option_and_its_fields(segment: Segment, octets: str, fields: dict[str, Any]) -> None:
    packet = segment(octets)
    assert packet.malformed == ""
    assert {name: packet[name] for name in fields} == fields


def test_kinds_that_stand_alone(segment: Segment) -> None:
    packet = segment("01 01 0402 00")
    assert packet.values("tcp.option_kind") == [1, 1, 4, 0]
    assert packet.values("tcp.option_len") == [2]
    assert packet.values("tcp.options.nop") == [b"\x01", b"\x01"]


def test_padding_behind_the_end_is_not_read(segment: Segment) -> None:
    assert segment("00ffffff").values("tcp.option_kind") == [0]


def test_the_area_as_octets(segment: Segment) -> None:
    assert segment("020405b4 0101 0402")["tcp.options"] == bytes.fromhex("020405b4 0101 0402")


def test_a_shift_above_14_counts_as_14(segment: Segment) -> None:
    packet = segment("03030f")
    assert packet["tcp.options.wscale.shift"] == 15
    assert packet["tcp.options.wscale.multiplier"] == 16384


def test_blocks_of_a_sack(segment: Segment) -> None:
    packet = segment("0101 0512 0000000a00000014 0000001e00000028")
    assert packet.values("tcp.options.sack_le") == [10, 30]
    assert packet.values("tcp.options.sack_re") == [20, 40]
    assert packet["tcp.options.sack.count"] == 2


def test_edges_of_a_sack_count_as_the_acknowledgement_does(carry: Carry) -> None:
    packet = carry(6, "c00001bb 000003e8 fffffff0 8010 faf0 0000 0000 0101050a 0000000a 00000014")
    packet.notes = {"tcp.ack": 1000}
    assert packet["tcp.options.sack_le"] == 1026
    assert packet["tcp.options.sack_re"] == 1036


# -- lengths that lie (RFC 9293, 3.1: only the kinds 0 and 1 have no length) ---------------------------------


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("0205050505", "2 (maximum segment size) cannot be 5 octets"),
        ("020305", "2 (maximum segment size) cannot be 3 octets"),
        ("0509 0000000100000002", "5 (SACK) cannot be 9 octets"),
        ("0809 00000001000000", "8 (timestamps) cannot be 9 octets"),
        ("ac06 00000100", "172 (accurate ECN order 0) cannot be 6 octets"),
    ],
)
def test_an_option_of_the_wrong_length_is_not_believed(segment: Segment, octets: str, reason: str) -> None:
    packet = segment(octets)
    assert packet.tcp.options[0].name == "tcp.options.unknown"
    assert packet.malformed == reason
    names = ("mss_val", "sack_le", "timestamp.tsval", "acc_ecn.ee0b")
    assert [packet[f"tcp.options.{name}"] for name in names] == [None, None, None, None]


def test_options_behind_one_of_the_wrong_length_are_read(segment: Segment) -> None:
    assert segment("020305 030307")["tcp.options.wscale.shift"] == 7


@pytest.mark.parametrize("octets", ["0200ffff", "0201ffff"])
def test_a_length_that_leads_nowhere_ends_the_area(segment: Segment, octets: str) -> None:
    (only,) = segment(octets).tcp.options
    assert only.malformed == "TCP option says it ends inside its own header"


def test_an_option_that_does_not_fit_is_not_believed(segment: Segment) -> None:
    packet = segment("01010101 0512 00000001 00000010 0000")
    assert packet.values("tcp.options.sack_le") == []
    assert packet.malformed == "TCP option says it ends beyond what carries it"


def test_a_kind_without_its_length(segment: Segment) -> None:
    packet = segment("010101 02")
    assert packet.malformed == "2 (maximum segment size) cannot be 1 octets"
    assert packet.values("tcp.option_len") == []


# -- in the line of the segment -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        ("020405b4 030307 0402", "MSS=1460 WS=128 SACK_PERM"),
        ("0101050a0000000100000010", "SLE=1 SRE=16"),
        ("06060a0b0c0d", "ECHO=168496141"),
        ("080a0102030405060708", "TSval=16909060 TSecr=84281096"),
        ("0b0600000001", "CC=1"),
        ("1312000102030405060708090a0b0c0d0e0f", "MD5"),
        ("1404f001", "SCPS[BETS, SNACK1, SNACK2, COMP]"),
        ("1b080f0a00000000", "QSresp=1310720 kbit/s"),
        ("1c04003c", "USER_TO=60"),
        ("1d0600010203", "AO"),
        ("2202", "TFO=R"),
        ("220a0102030405060708", "TFO=C"),
        ("450321", "ENO"),
        ("ac0b000001000002000003", "EE0B=1 ECEB=2 EE1B=3"),
        ("ae08000001000002", "EE1B=1 ECEB=2"),
        ("fd04f989", "TFO=R"),
        ("fd0612345678", "ExID=1234"),
        ("020305 0402", "SACK_PERM"),
    ],
)
def test_what_an_option_adds_to_the_line(segment: Segment, octets: str, told: str) -> None:
    assert segment(octets).tcp.info() == f"49152 → 443 [SYN] Seq=1000 Win=64240 Len=0 {told}"
