"""What PPP's control protocols have in common."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]


@pytest.mark.parametrize("protocol", ["c021", "8021", "8057"])
def test_code_identifier_and_length(read: Read, protocol: str) -> None:
    packet = read("ff03" + protocol + "05 2a 0006 6162 00", 9)
    assert packet["ppp.code"] == 5
    assert packet["ppp.identifier"] == 42
    assert packet["ppp.length"] == 6
    assert packet["data.data"] == b"ab"
    assert packet.layers[1].info() == "Termination Request"


def test_a_length_beyond_the_frame_is_malformed(read: Read) -> None:
    assert read("ff03 c021 05 2a 0007 6162", 9).malformed == "PPP LCP says it ends beyond what carries it"


def test_a_length_inside_the_header_is_malformed(read: Read) -> None:
    assert read("ff03 c021 05 2a 0003 6162", 9).malformed == "PPP LCP says it ends inside its own header"
