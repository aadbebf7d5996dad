"""PPP over Ethernet."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_discovery(read: Read) -> None:
    packet = read(
        "{eth} 8863 11 07 0000 0026"
        "0101 0003 697370 0102 0002 6163 0103 0004 deadbeef 0104 0003 010203 0120 0002 05dc 0000 0000"
    )
    assert packet.pppoed.version == 1
    assert packet.pppoed.type == 1
    assert packet.pppoed.code == 0x07
    assert packet.pppoed.session_id == 0
    assert packet.pppoed.payload_length == 38
    assert packet.values("pppoed.tag") == [0x0101, 0x0102, 0x0103, 0x0104, 0x0120, 0x0000]
    assert packet["pppoed.tags.service_name"] == "isp"
    assert packet["pppoed.tags.ac_name"] == "ac"
    assert packet["pppoed.tags.host_uniq"] == bytes.fromhex("deadbeef")
    assert packet["pppoed.tags.ac_cookie"] == b"\x01\x02\x03"
    assert packet["pppoed.tags.max_payload"] == b"\x05\xdc"
    assert packet.malformed == ""


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("09", "Active Discovery Initiation (PADI)"),
        ("07", "Active Discovery Offer (PADO)"),
        ("19", "Active Discovery Request (PADR)"),
        ("65", "Active Discovery Session-confirmation (PADS)"),
        ("a7", "Active Discovery Terminate (PADT)"),
        ("42", "code 0x42"),
    ],
)
def test_each_step_is_told(read: Read, code: str, told: str) -> None:
    assert read("{eth} 8863 11" + code + "0001 0000 00").pppoed.info() == told


def test_a_tag_beyond_the_message_is_malformed(read: Read) -> None:
    packet = read("{eth} 8863 11 09 0000 0006 0101 00ff 6162")
    assert packet["pppoed.tag"] == 0x0101
    assert packet.malformed != ""


@pytest.mark.parametrize("protocol", ["0021", "21"])
def test_session(read: Read, protocol: str) -> None:
    packet = read("{eth} 8864 11 00 002a 00" + f"{32 + len(protocol) // 2:02x}" + protocol + "{ipv4}")
    assert packet.pppoes.session_id == 42
    assert packet.protocols == "eth:pppoes:ppp:ip:udp:data"
    assert packet.malformed == ""


def test_a_capture_may_begin_with_the_session(read: Read) -> None:
    assert read("11 00 002a 0036 0057 {ipv6}", 51).protocols == "pppoes:ppp:ipv6:udp:data"
