"""Parameters and error causes of SCTP (RFC 9260, 3.3; RFC 4895; RFC 5061; RFC 6525)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]


def _padded(octets: str) -> str:
    data = bytes.fromhex(octets)
    return (data + bytes(-len(data) % 4)).hex()


@pytest.fixture
def parameter(carry: Carry) -> Callable[[str], Packet]:
    """A packet whose INIT chunk has these parameters."""

    def build(octets: str) -> Packet:
        value = "11223344 00010000 000a 0009 00000064" + _padded(octets)
        return carry(132, f"84c1 1a30 1badcafe 00000000 01 00 {4 + len(bytes.fromhex(value)):04x} {value}")

    return build


@pytest.fixture
def cause(carry: Carry) -> Callable[[str], Packet]:
    """A packet whose ERROR chunk has these causes."""

    def build(octets: str) -> Packet:
        value = _padded(octets)
        return carry(132, f"84c1 1a30 1badcafe 00000000 09 00 {4 + len(bytes.fromhex(value)):04x} {value}")

    return build


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        ("0001 0006 6869", {"parameter_heartbeat_information": b"hi"}),
        ("0005 0008 c0000201", {"parameter_ipv4_address": "192.0.2.1"}),
        ("0006 0014 20010db8000000000000000000000001", {"parameter_ipv6_address": "2001:db8::1"}),
        ("0007 0006 6869", {"parameter_state_cookie": b"hi"}),
        ("0008 000a 8888 0006 6869", {"parameter_value": b"hi"}),
        ("0009 0008 000003e8", {"parameter_cookie_preservative_incr": 1000}),
        ("000b 0009 686f737400", {"parameter_hostname": "host"}),
        (
            "000d 0012 00000001 00000002 00000003 0004",
            {
                "parameter_reconfig_request_sequence_number": 1,
                "parameter_reconfig_response_sequence_number": 2,
                "parameter_senders_last_assigned_tsn": 3,
                "parameter_reconfig_sid": 4,
            },
        ),
        ("000e 000a 00000001 0004", {"parameter_reconfig_request_sequence_number": 1, "parameter_reconfig_sid": 4}),
        ("000f 0008 00000001", {"parameter_reconfig_request_sequence_number": 1}),
        (
            "0010 000c 00000001 00000001",
            {
                "parameter_reconfig_response_sequence_number": 1,
                "parameter_reconfig_response_result": 1,
                "parameter_senders_next_tsn": None,
            },
        ),
        (
            "0010 0014 00000001 00000001 00000005 00000006",
            {"parameter_senders_next_tsn": 5, "parameter_receivers_next_tsn": 6},
        ),
        ("0011 000c 00000001 0002 0000", {"parameter_add_outgoing_streams_number": 2}),
        ("0012 000c 00000001 0002 0000", {"parameter_add_incoming_streams_number": 2}),
        ("8000 0004", {"parameter_type": 0x8000, "parameter_length": 4}),
        ("8001 0008 00000001", {"parameter_error_detection_method": 1}),
        ("8002 0006 abcd", {"random_number": b"\xab\xcd"}),
        ("8005 0006 6869", {"padding_data": b"hi"}),
        ("c000 0004", {"parameter_type": 0xC000}),
        ("c001 0010 00000009 0005 0008 c0000201", {"correlation_id": 9, "parameter_ipv4_address": "192.0.2.1"}),
        ("c002 0010 00000009 0005 0008 c0000201", {"correlation_id": 9, "parameter_ipv4_address": "192.0.2.1"}),
        ("c003 0010 00000009 0001 0008 0007 0000", {"correlation_id": 9, "cause_stream_identifier": 7}),
        ("c004 0010 00000009 0005 0008 c0000201", {"correlation_id": 9, "parameter_ipv4_address": "192.0.2.1"}),
        ("c005 0008 00000009", {"correlation_id": 9}),
        ("c006 0008 00000007", {"adaptation_layer_indication": 7}),
        ("1234 0006 6869", {"parameter_value": b"hi"}),
    ],
)
def test_a_parameter_and_its_fields(parameter: Callable[[str], Packet], octets: str, fields: dict[str, Any]) -> None:
    packet = parameter(octets)
    assert packet.malformed == ""
    assert {name: packet[f"sctp.{name}"] for name in fields} == fields


@pytest.mark.parametrize(
    ("octets", "name", "values"),
    [
        ("000c 0008 0005 0006", "parameter_supported_address_type", [5, 6]),
        ("8003 0006 00 80", "chunk_type_to_auth", [0, 128]),
        ("8004 0008 0003 0001", "hmac_id", [3, 1]),
        ("8008 0007 c1 80 c0", "supported_chunk_type", [193, 128, 192]),
    ],
)
def test_a_parameter_with_a_list(
    parameter: Callable[[str], Packet], octets: str, name: str, values: list[int]
) -> None:
    assert parameter(octets).values(f"sctp.{name}") == values


def test_parameters_follow_each_other_on_multiples_of_four(parameter: Callable[[str], Packet]) -> None:
    packet = parameter("8002 0005 ab 000000 c000 0004")
    assert packet.values("sctp.parameter_type") == [0x8002, 0xC000]


def test_parameters_in_parameters_are_read_to_a_fixed_depth(parameter: Callable[[str], Packet]) -> None:
    nested = "".join(f"0008 {4 * left:04x}" for left in range(1000, 0, -1))
    assert len(parameter(nested).values("sctp.parameter_type")) < 20


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        ("0001 0008 0007 0000", {"cause_stream_identifier": 7, "cause_reserved": 0}),
        ("0002 000a 00000001 0007", {"cause_nr_of_missing_parameters": 1, "cause_missing_parameter_type": 7}),
        ("0003 0008 00000010", {"cause_measure_of_staleness": 16}),
        ("0004 0004", {"cause_code": 4, "cause_length": 4, "cause_information": None}),
        ("0005 000c 0005 0008 c0000201", {"parameter_ipv4_address": "192.0.2.1"}),
        ("0006 000a 3f00 0006 6869", {"chunk_value": b"hi"}),
        ("0008 000a 8888 0006 6869", {"parameter_value": b"hi"}),
        ("0009 0008 00000064", {"cause_tsn": 100}),
        ("000a 0004", {"cause_code": 10}),
        ("000b 000c 0005 0008 c0000201", {"parameter_ipv4_address": "192.0.2.1"}),
        ("000d 0006 6869", {"cause_information": b"hi"}),
        ("00a0 000c 0005 0008 c0000201", {"parameter_ipv4_address": "192.0.2.1"}),
        ("0105 0006 0003", {"hmac_id": 3}),
    ],
)
def test_a_cause_and_its_fields(cause: Callable[[str], Packet], octets: str, fields: dict[str, Any]) -> None:
    packet = cause(octets)
    assert packet.malformed == ""
    assert {name: packet[f"sctp.{name}"] for name in fields} == fields
