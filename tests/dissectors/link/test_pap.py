"""Password Authentication Protocol."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_request(read: Read) -> None:
    packet = read("ff03 c023 01 07 0010 05 616c696365 05 7377 6f7264", 9)
    assert packet.pap.code == 1
    assert packet.pap.identifier == 7
    assert packet.pap.peer_id == "alice"
    assert packet.pap.password == "sword"
    assert packet.malformed == ""
    assert packet.pap.info() == "Authenticate-Request"


def test_answer(read: Read) -> None:
    packet = read("ff03 c023 02 07 0007 02 6f6b", 9)
    assert packet.pap.message == "ok"
    assert packet.pap.info() == "Authenticate-Ack"


def test_a_name_beyond_the_message_is_malformed(read: Read) -> None:
    packet = read("ff03 c023 01 07 0008 ff 616263", 9)
    assert packet.pap.peer_id == "abc"
    assert "does not fit" in packet.malformed
