"""Geneve (RFC 8926)."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

DATAGRAM = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f"
FRAME = "020000000002 020000000001 0800" + DATAGRAM



def test_every_field(carry: Carry) -> None:
    packet = carry(17, "9c41 17c1 003e 0000 00 40 6558 00002a 00" + FRAME)
    geneve = packet.geneve
    assert (geneve.version, geneve.opt_len, geneve.proto_type, geneve.vni) == (0, 0, 0x6558, 42)
    assert (packet["geneve.flags.oam"], packet["geneve.flags.critical"]) == (False, True)
    assert packet.protocols == "ip:udp:geneve:eth:ip:udp:data"


def test_options(carry: Carry) -> None:
    packet = carry(17, "9c41 17c1 0041 0000 03 00 0800 00002a 00 0102 80 01 01020304 0103 05 00" + DATAGRAM)
    assert packet.geneve.opt_len == 12
    assert packet.values("geneve.option.class") == [0x0102, 0x0103]
    assert packet.values("geneve.option.type.critical") == [True, False]
    assert packet.values("geneve.option.unknown.data") == [b"\1\2\3\4", b""]
    assert packet.layers[-2].dstport == 40002
