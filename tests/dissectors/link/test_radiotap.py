"""Radiotap."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_the_length_is_little_endian(read: Read) -> None:
    packet = read("00 00 0900 02000000 10 d400 0000 020000000001", 127)
    assert packet["radiotap.version"] == 0
    assert packet["radiotap.length"] == 9
    assert packet["radiotap.present.word"] == 0x00000002
    assert packet["radiotap.fields"] == b"\x10"
    assert packet.protocols == "radiotap:wlan"


def test_a_length_below_its_own_header_is_malformed(read: Read) -> None:
    packet = read("00 00 0700 00000000 d400 0000 020000000001", 127)
    assert packet.malformed == "Radiotap gives its header fewer than 8 octets"


def test_a_length_beyond_the_frame_is_malformed(read: Read) -> None:
    assert read("00 00 0009 00000000 d400", 127).malformed != ""
