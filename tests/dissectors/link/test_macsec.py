"""MACsec."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_in_the_clear_without_channel_identifier(read: Read) -> None:
    packet = read("{eth} 88e5 01 00 00000007 0800 {ipv4}" + "00" * 16)
    assert packet["macsec.AN"] == 1
    assert packet["macsec.PN"] == 7
    assert packet["macsec.etype"] == 0x0800
    assert packet.protocols == "eth:macsec:ip:udp:data"


def test_channel_identifier(read: Read) -> None:
    packet = read("{eth} 88e5 20 00 00000007 020000000001 0003 0800 {ipv4}" + "00" * 16)
    assert packet["macsec.TCI.SC"] is True
    assert packet["macsec.SCI.system_identifier"] == "02:00:00:00:00:01"
    assert packet["macsec.SCI.port_identifier"] == 3
    assert packet["ip.src"] == "192.0.2.1"


def test_encrypted(read: Read) -> None:
    packet = read("{eth} 88e5 0c 04 00000007 0800 1122" + "00" * 16)
    assert packet["macsec.TCI.E"] is True
    assert packet["macsec.SL"] == 4
    assert packet["macsec.etype"] is None
    assert packet.protocols == "eth:macsec:data"
