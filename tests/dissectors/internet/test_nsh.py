"""Network Service Header (RFC 8300)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

DATAGRAM = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f"
FRAME = "020000000002 020000000001 0800" + DATAGRAM



def test_fixed_context(carry: Carry) -> None:
    packet = carry(47, "0000 894f 0fc6 01 01 00002a ff 00000001 00000002 00000003 00000004" + DATAGRAM)
    nsh = packet.nsh
    assert (nsh.version, nsh.ttl, nsh.length, nsh.mdtype, nsh.nextproto) == (0, 63, 6, 1, 1)
    assert (nsh.spi, nsh.si) == (42, 255)
    assert packet.values("nsh.contextheader") == [b"\0\0\0\1", b"\0\0\0\2", b"\0\0\0\3", b"\0\0\0\4"]
    assert packet.protocols == "ip:gre:nsh:ip:udp:data"


def test_variable_context(carry: Carry) -> None:
    packet = carry(47, "0000 894f 0fc5 02 03 00002a ff 0102 03 05 0102030405 000000" + FRAME)
    assert (packet["nsh.metadataclass"], packet["nsh.metadatatype"]) == (0x0102, 3)
    assert packet["nsh.metadata"] == b"\1\2\3\4\5"
    assert packet.protocols == "ip:gre:nsh:eth:ip:udp:data"


def test_no_context(carry: Carry) -> None:
    assert carry(47, "0000 894f 0fc2 02 01 00002a ff" + DATAGRAM).protocols == "ip:gre:nsh:ip:udp:data"
