"""Options of the DCCP header (RFC 4340, 5.8)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]


@pytest.fixture
def option(carry: Carry) -> Callable[[str], Packet]:
    """A DCCP-Data packet with these options, filled up with padding."""

    def build(octets: str) -> Packet:
        options = bytes.fromhex(octets)
        options += bytes(-len(options) % 4)
        return carry(33, f"c350 1389 {3 + len(options) // 4:02x} 00 0000 04 0003e8" + options.hex())

    return build


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        ("00", {"dccp.padding": b"\x00"}),
        ("01", {"dccp.mandatory": b"\x01"}),
        ("02", {"dccp.slow_receiver": b"\x02"}),
        ("20050203ff", {"dccp.option_type": 32, "dccp.feature_number": 2, "dccp.feature_values": b"\x03\xff"}),
        ("230305", {"dccp.option_type": 35, "dccp.feature_number": 5, "dccp.feature_values": None}),
        ("240401ff", {"dccp.init_cookie": b"\x01\xff"}),
        ("2505000102", {"dccp.ndp_count": 258}),
        ("26044085", {"dccp.ack_vector.nonce_0": b"\x40\x85"}),
        ("27044085", {"dccp.ack_vector.nonce_1": b"\x40\x85"}),
        ("280381", {"dccp.data_dropped": b"\x81"}),
        ("290600000007", {"dccp.timestamp": 7}),
        ("2a0600000007", {"dccp.timestamp_echo": 7, "dccp.elapsed_time": None}),
        ("2a08000000070009", {"dccp.timestamp_echo": 7, "dccp.elapsed_time": 9}),
        ("2a0a0000000700010009", {"dccp.timestamp_echo": 7, "dccp.elapsed_time": 65545}),
        ("2b040009", {"dccp.elapsed_time": 9}),
        ("2b0600010009", {"dccp.elapsed_time": 65545}),
        ("2c06deadbeef", {"dccp.checksum_data": 0xDEADBEEF}),
        ("c00600000064", {"dccp.ccid3_loss_event_rate": 100}),
        ("c10300", {"dccp.ccid3_loss_intervals": b"\x00"}),
        ("c20600000064", {"dccp.ccid3_receive_rate": 100}),
        ("640401ff", {"dccp.option_unknown": b"\x01\xff"}),
    ],
)
def test_an_option_and_its_fields(option: Callable[[str], Packet], octets: str, fields: dict[str, Any]) -> None:
    packet = option(octets)
    assert packet.malformed == ""
    assert {name: packet[name] for name in fields} == fields


def test_padding_does_not_end_the_options(option: Callable[[str], Packet]) -> None:
    assert option("00 290600000007 01").values("dccp.option_type") == [0, 41, 1]


def test_an_option_of_the_wrong_length_is_not_believed(option: Callable[[str], Packet]) -> None:
    packet = option("2905000000 000000")
    assert packet["dccp.timestamp"] is None
    assert packet.malformed == "41 (timestamp) cannot be 5 octets"
