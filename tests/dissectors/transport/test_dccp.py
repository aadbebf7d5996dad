"""Datagram Congestion Control Protocol: the header (RFC 4340, 5.1)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

PORTS = "c350 1389"  # 50000, 5001


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        (
            f"{PORTS} 05 12 abcd 01 00 0000000003e8 00000007",
            {"data_offset": 5, "ccval": 1, "cscov": 2, "type": 0, "x": True, "seq_raw": 1000, "service_code": 7},
        ),
        (
            f"{PORTS} 07 00 0000 03 00 0000000003e8 0000 0000000007d0 00000007",
            {"type": 1, "seq_raw": 1000, "ack_raw": 2000, "service_code": 7},
        ),
        (f"{PORTS} 03 00 0000 04 0003e8", {"type": 2, "x": False, "seq_raw": 1000, "ack_raw": None}),
        (f"{PORTS} 04 00 0000 06 0003e8 00 0007d0", {"type": 3, "x": False, "seq_raw": 1000, "ack_raw": 2000}),
        (f"{PORTS} 06 00 0000 09 00 0000000003e8 0000 0000000007d0", {"type": 4, "seq_raw": 1000, "ack_raw": 2000}),
        (
            f"{PORTS} 07 00 0000 0f 00 0000000003e8 0000 0000000007d0 05 01 02 03",
            {"type": 7, "reset_code": 5, "data1": 1, "data2": 2, "data3": 3, "service_code": None},
        ),
        (f"{PORTS} 06 00 0000 11 00 0000000003e8 0000 0000000007d0", {"type": 8, "ack_raw": 2000}),
        (f"{PORTS} 04 00 0000 f5 00 0000000003e8", {"type": 10, "res1": 7, "seq_raw": 1000, "ack_raw": None}),
    ],
)
def test_every_type_of_packet(carry: Carry, octets: str, fields: dict[str, Any]) -> None:
    packet = carry(33, octets)
    assert {name: packet[f"dccp.{name}"] for name in fields} == fields
    assert packet.malformed == ""
    assert (packet.dccp.srcport, packet.dccp.dstport) == (50000, 5001)
    assert packet.dccp.payload_ is None


def test_data_stands_behind_the_options(carry: Carry) -> None:
    packet = carry(33, f"{PORTS} 05 00 0000 05 00 0000000003e8 01020000 68656c6c6f")
    assert packet.values("dccp.option_type") == [1, 2, 0, 0]
    assert packet.dccp.payload_ == b"hello"


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        ("05 00 0000 01 00 0000000003e8 00000007", "[Request] Seq=1000 (service=7)"),
        ("03 00 0000 04 0003e8", "[Data] Seq=1000"),
        ("06 00 0000 09 00 0000000003e8 0000 0000000007d0", "[DataAck] Seq=1000 (Ack=2000)"),
        ("07 00 0000 0f 00 0000000003e8 0000 0000000007d0 01000000", "[Reset] Seq=1000 (Ack=2000) (code=closed)"),
        ("04 00 0000 15 00 0000000003e8", "[reserved] Seq=1000"),
    ],
)
def test_line(carry: Carry, octets: str, line: str) -> None:
    assert carry(33, f"{PORTS} {octets}").dccp.info() == f"50000 → 5001 {line}"


def test_a_header_longer_than_its_packet_is_malformed(carry: Carry) -> None:
    dccp = carry(33, f"{PORTS} ff 00 0000 04 0003e8").dccp
    assert dccp.malformed == "DCCP does not fit in the 12 octets that are left for it"


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        ("00 f856 09000000 0000 03e8 00000000000007d0 68656c6c6f20776f726c64", 1),
        ("00 f856 09000000 0000 03e8 00000000000007d0 68656c6c6f20776f726c65", 0),
        ("01 8a24 09000000 0000 03e8 00000000000007d0 ffffffffff20776f726c64", 1),
        ("01 8a24 09000000 0000 03e9 00000000000007d0 68656c6c6f20776f726c64", 0),
        ("02 b551 09000000 0000 03e8 00000000000007d0 68656c6cffffffffffffff", 1),
        ("02 b551 09000000 0000 03e8 00000000000007d0 68656c6d6f20776f726c64", 0),
        ("0f b551 09000000 0000 03e8 00000000000007d0 68656c6c6f20776f726c64", 2),
    ],
)
def test_status_of_the_checksum(carry: Carry, octets: str, status: int) -> None:
    """All of the data, none of it, or as many words as the coverage says less one (9.2)."""
    assert carry(33, f"{PORTS} 06 {octets}")["dccp.checksum.status"] == status
