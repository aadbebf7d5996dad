"""Frame Relay."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]

FRELAY = 107


def test_fields(read: Read) -> None:
    packet = read("1a4f 03 cc {ipv4}", FRELAY)
    assert packet.fr.upper_dlci == 6
    assert packet.fr.cr is True
    assert packet.fr.second_dlci == 4
    assert packet.fr.fecn is True
    assert packet.fr.becn is True
    assert packet.fr.de is True
    assert packet.fr.dlci == 100
    assert packet.fr.control == 0x03
    assert packet.fr.nlpid == 0xCC
    assert packet.protocols == "fr:ip:udp:data"
    assert packet.fr.info() == "DLCI 100"


@pytest.mark.parametrize(
    ("address", "connection"),
    [
        ("1841", 100),  # 000110 0100
        ("184045", 100 * 64 + 17),  # 000110 0100 010001
        ("184047", 100),  # the last part is control
        ("18404245", (100 * 128 + 33) * 64 + 17),  # 000110 0100 0100001 010001
    ],
)
def test_addresses_of_two_to_four_octets(read: Read, address: str, connection: int) -> None:
    packet = read(address + "03 cc {ipv4}", FRELAY)
    assert packet["fr.dlci"] == connection
    assert packet.protocols == "fr:ip:udp:data"


@pytest.mark.parametrize(
    ("encapsulation", "protocols"),
    [
        ("03 8e {ipv6}", "fr:ipv6:udp:data"),
        ("03 00 cc {ipv4}", "fr:ip:udp:data"),
        ("03 80 000000 0800 {ipv4}", "fr:ip:udp:data"),
        ("03 00 80 000000 86dd {ipv6}", "fr:ipv6:udp:data"),
        ("03 00 80 0080c2 0007 {eth} 0800 {ipv4}", "fr:eth:ip:udp:data"),
        ("03 cf 0021 {ipv4}", "fr:ppp:ip:udp:data"),
        ("03 81 8182", "fr:data"),
        ("0800 {ipv4}", "fr:ip:udp:data"),
        ("86dd {ipv6}", "fr:ipv6:udp:data"),
    ],
)
def test_encapsulations(read: Read, encapsulation: str, protocols: str) -> None:
    packet = read("1841" + encapsulation, FRELAY)
    assert packet.protocols == protocols
    assert packet.malformed == ""


def test_snap(read: Read) -> None:
    packet = read("1841 03 00 80 000000 0800 {ipv4}", FRELAY)
    assert packet["fr.snap.oui"] == 0
    assert packet["fr.snaptype"] == 0x0800
    assert packet["fr.padding"] == b"\0"


def test_ciscos_type(read: Read) -> None:
    packet = read("1841 0800 {ipv4}", FRELAY)
    assert packet["fr.chdlctype"] == 0x0800
    assert packet["fr.control"] is None
