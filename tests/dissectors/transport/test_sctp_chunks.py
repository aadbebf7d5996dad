"""Chunks of SCTP (RFC 9260, 3.3)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

INIT = "11223344 00010000 000a 0009 00000064"


@pytest.fixture
def chunk(carry: Carry) -> Callable[[str], Packet]:
    """A packet with this chunk: type, flags and value; the length is filled in."""

    def build(octets: str) -> Packet:
        data = bytes.fromhex(octets)
        value = data[2:] + bytes(-len(data[2:]) % 4)
        return carry(132, f"84c1 1a30 1badcafe 00000000 {data[:2].hex()} {2 + len(data):04x}" + value.hex())

    return build


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        (
            "00 0a 00000064 0001 0002 00000033 6869",
            {
                "data_i_bit": True,
                "data_u_bit": False,
                "data_b_bit": True,
                "data_e_bit": False,
                "data_tsn_raw": 100,
                "data_sid": 1,
                "data_ssn": 2,
                "data_payload_proto_id": 51,
                "chunk_flags": 0x0A,
            },
        ),
        (
            f"01 00 {INIT}",
            {
                "init_initiate_tag": 0x11223344,
                "initiate_tag": 0x11223344,
                "init_credit": 65536,
                "init_nr_out_streams": 10,
                "init_nr_in_streams": 9,
                "init_initial_tsn": 100,
            },
        ),
        (
            f"02 00 {INIT}",
            {
                "initack_initiate_tag": 0x11223344,
                "initiate_tag": 0x11223344,
                "initack_credit": 65536,
                "initack_nr_out_streams": 10,
                "initack_nr_in_streams": 9,
                "initack_initial_tsn": 100,
            },
        ),
        (
            "03 01 00000064 00010000 0000 0000",
            {
                "sack_nounce_sum": 1,
                "sack_cumulative_tsn_ack_raw": 100,
                "sack_a_rwnd": 65536,
                "sack_number_of_gap_blocks": 0,
                "sack_gap_block_start": None,
                "sack_duplicate_tsn": None,
            },
        ),
        ("04 00 0001 0006 6869", {"parameter_heartbeat_information": b"hi"}),
        ("05 00 0001 0006 6869", {"parameter_heartbeat_information": b"hi"}),
        ("06 01 000c 0007 627965", {"abort_t_bit": True, "cause_code": 12, "cause_information": b"bye"}),
        ("07 00 00000064", {"shutdown_cumulative_tsn_ack": 100}),
        ("08 00", {"chunk_type": 8, "chunk_length": 4}),
        ("09 00 0003 0008 00000010", {"cause_measure_of_staleness": 16}),
        ("0a 00 636f6f6b6965", {"cookie": b"cookie"}),
        ("0b 00", {"chunk_type": 11}),
        ("0c 00 00000064", {"ecne_lowest_tsn": 100}),
        ("0d 00 00000064", {"cwr_lowest_tsn": 100}),
        ("0e 01", {"shutdown_complete_t_bit": True}),
        ("0f 00 0002 0001 aabbccdd", {"shared_key_id": 2, "hmac_id": 1, "hmac": b"\xaa\xbb\xcc\xdd"}),
        (
            "10 01 00000064 00010000 0001 0001 0001 0000 0002 0003 0005 0006 00000009",
            {
                "nr_sack_nounce_sum": 1,
                "nr_sack_cumulative_tsn_ack": 100,
                "nr_sack_gap_block_start": 2,
                "nr_sack_gap_block_end": 3,
                "nr_sack_nr_gap_block_start": 5,
                "nr_sack_nr_gap_block_end": 6,
                "nr_sack_duplicate_tsn": 9,
            },
        ),
        (
            "40 02 00000064 0001 0000 00000007 00000033 6869",
            {"data_b_bit": True, "data_mid": 7, "data_payload_proto_id": 51, "data_fsn": None},
        ),
        (
            "40 01 00000065 0001 0000 00000007 00000001 6869",
            {"data_b_bit": False, "data_tsn_raw": 101, "data_mid": 7, "data_payload_proto_id": None, "data_fsn": 1},
        ),
        ("80 00 00000005 c005 0008 00000009", {"asconf_ack_seq_nr_number": 5, "correlation_id": 9}),
        (
            "81 07 00000001 00000002 0003 0000 6869",
            {
                "pckdrop_m_bit": True,
                "pktdrop_bandwidth": 1,
                "pktdrop_queuesize": 2,
                "pktdrop_truncated_length": 3,
                "pktdrop_datafield": b"hi",
            },
        ),
        ("82 00 000f 0008 00000001", {"parameter_reconfig_request_sequence_number": 1}),
        ("84 00 6869", {"padding_data": b"hi"}),
        ("c0 00 00000064 0001 0002", {"forward_tsn_tsn": 100, "forward_tsn_sid": 1, "forward_tsn_ssn": 2}),
        ("c1 00 00000005 0005 0008 c0000201", {"asconf_seq_nr_number": 5, "parameter_ipv4_address": "192.0.2.1"}),
        (
            "c2 00 00000064 0003 0001 00000007",
            {
                "i_forward_tsn_tsn": 100,
                "i_forward_tsn_sid": 3,
                "i_forward_tsn_flags": 1,
                "i_forward_tsn_res": 0,
                "i_forward_tsn_u_bit": True,
                "forward_tsn_mid": 7,
            },
        ),
        ("3f 00 6869", {"chunk_type": 63, "chunk_value": b"hi"}),
    ],
)
def test_a_chunk_and_its_fields(chunk: Callable[[str], Packet], octets: str, fields: dict[str, Any]) -> None:
    packet = chunk(octets)
    assert packet.malformed == ""
    assert {name: packet[f"sctp.{name}"] for name in fields} == fields


def test_a_field_that_a_chunk_says_in_its_own_words_is_there_once(chunk: Callable[[str], Packet]) -> None:
    assert chunk("00 03 00000064 0001 0002 00000033 6869").values("sctp.chunk_flags") == [3]


def test_blocks_and_duplicates_of_a_sack(chunk: Callable[[str], Packet]) -> None:
    packet = chunk("03 00 00000064 00010000 0002 0002 0002 0003 0005 0006 00000009 0000000a")
    assert packet.values("sctp.sack_gap_block_start") == [2, 5]
    assert packet.values("sctp.sack_gap_block_end") == [3, 6]
    assert packet.values("sctp.sack_duplicate_tsn") == [9, 10]


def test_more_blocks_than_there_is_room_for(chunk: Callable[[str], Packet]) -> None:
    packet = chunk("03 00 00000064 00010000 ffff ffff 0002 0003")
    assert packet.values("sctp.sack_gap_block_start") == [2]
    assert packet.values("sctp.sack_duplicate_tsn") == []


def test_several_streams_are_skipped(chunk: Callable[[str], Packet]) -> None:
    packet = chunk("c0 00 00000064 0001 0002 0003 0004")
    assert packet.values("sctp.forward_tsn_sid") == [1, 3]
    assert packet.values("sctp.forward_tsn_ssn") == [2, 4]


@pytest.mark.parametrize(
    ("octets", "title"),
    [
        ("02 00" + INIT, "INIT_ACK"),
        ("04 00", "HEARTBEAT"),
        ("05 00", "HEARTBEAT_ACK"),
        ("08 00", "SHUTDOWN_ACK"),
        ("0b 00", "COOKIE_ACK"),
        ("0c 00 00000001", "ECNE"),
        ("0e 00", "SHUTDOWN_COMPLETE"),
        ("3f 00", "Unknown chunk"),
    ],
)
def test_every_type_has_a_title_that_is_spelt_as_its_value(
    chunk: Callable[[str], Packet], octets: str, title: str
) -> None:
    packet = chunk(octets)
    (found,) = packet.sctp.chunks
    assert found.title == title
    if title != "Unknown chunk":
        assert packet.sctp.info().startswith(title)
