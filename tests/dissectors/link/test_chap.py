"""Challenge Handshake Authentication Protocol."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_challenge(read: Read) -> None:
    packet = read("c223 01 09 000f 04 01020304 73657276 6572", 9)
    assert packet.chap.value_size == 4
    assert packet.chap.value == b"\x01\x02\x03\x04"
    assert packet["chap.name"] == "server"
    assert packet.chap.info() == "Challenge"


def test_failure(read: Read) -> None:
    packet = read("c223 04 09 0006 6e6f", 9)
    assert packet.chap.message == "no"
    assert packet.chap.info() == "Failure"
