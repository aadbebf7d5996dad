"""The frame as a layer, and what is left over."""
from __future__ import annotations

import pytest

from dissectors.fields import NotNoted
from dissectors.packet import Interface, Packet


def test_the_facts_of_the_frame() -> None:
    packet = Packet(b"\0" * 60, Interface(1, name="veth0", id=3), 1_500_000_000, 1514, 12, ((1, b"look"),))
    assert packet["frame.number"] == 12
    assert packet["frame.len"] == 1514
    assert packet["frame.cap_len"] == 60
    assert packet["frame.time_epoch"] == 1_500_000_000
    assert packet["frame.interface_id"] == 3
    assert packet["frame.interface_name"] == "veth0"
    assert packet["frame.comment"] == "look"
    assert packet["frame.truncated"] is True


def test_what_takes_more_than_one_packet_is_left_by_who_knows_it() -> None:
    packet = Packet(b"", Interface(), 0)
    with pytest.raises(NotNoted, match=r"frame\.time_delta takes more than one packet to know"):
        packet["frame.time_delta"]
    packet.notes = {"frame.time_delta": 250}
    assert packet["frame.time_delta"] == 250


def test_data_is_what_nobody_declared() -> None:
    packet = Packet(b"hello", Interface(65000), 0, 9)
    assert packet.layers[0].name == "data"
    assert packet["data.data"] == b"hello"
    assert packet["data.len"] == 9


def test_data_has_no_line_of_its_own() -> None:
    data = Packet.of(b"hello", 65000).layers[0]
    assert data.title == "Data"
    assert data.info() is None


def flagged(flags: int, *, big_endian: bool = False) -> Packet:
    """A packet of which the capture tells these flags."""
    value = flags.to_bytes(4, "big" if big_endian else "little")
    return Packet(b"\0" * 14, Interface(big_endian=big_endian), options=((2, value),))


def test_packet_flags_tell_direction_and_reception() -> None:
    packet = flagged(0b00011_01)
    assert packet["frame.packet_flags"] == 13
    assert packet["frame.packet_flags_direction"] == 1
    assert packet["frame.packet_flags_reception_type"] == 3
    assert packet["frame.packet_flags_fcs_length"] == 0
    assert packet["frame.packet_flags_checksum_not_ready"] is False


def test_packet_flags_tell_what_was_left_to_the_card() -> None:
    packet = flagged(1 << 9 | 1 << 11 | 2)
    assert packet["frame.packet_flags_direction"] == 2
    assert packet["frame.packet_flags_checksum_not_ready"] is True
    assert packet["frame.packet_flags_checksum_valid"] is False
    assert packet["frame.packet_flags_tcp_segmentation_offloaded"] is True


def test_packet_flags_are_in_the_byte_order_of_the_interface() -> None:
    assert flagged(0x12345678, big_endian=True)["frame.packet_flags"] == 0x12345678


def test_errors_of_the_link_are_shown_when_there_are_any() -> None:
    packet = flagged(1 << 24 | 1)
    assert packet["frame.packet_flags_crc_error"] is True
    assert packet["frame.packet_flags_symbol_error"] is False
    assert flagged(1)["frame.packet_flags_crc_error"] is None


def test_a_capture_without_packet_flags_has_none_of_them() -> None:
    packet = Packet(b"\0" * 14, Interface())
    assert packet["frame.packet_flags"] is None
    assert packet["frame.packet_flags_direction"] is None


def test_a_checksum_that_was_left_to_the_card_is_not_bad() -> None:
    data = bytes.fromhex(
        "00005e00530200005e0053010800" + "45000021000100004011b6c8c0000201c0000202" + "c0002328000d123468656c6c6f"
    )
    assert Packet(data, Interface())["udp.checksum.status"] == 0  # bad
    left = Packet(data, Interface(), options=((2, (1 << 9).to_bytes(4, "little")),))
    assert left["udp.checksum.status"] == 5  # offloaded
