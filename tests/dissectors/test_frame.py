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
