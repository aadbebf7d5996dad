"""Link Control Protocol."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]

PPP = 9


def test_configuration_options(read: Read) -> None:
    packet = read("c021 01 01 001d 0104 05d4 0206 000a0000 0305 c22305 0506 01020304 0702 0802", PPP)
    assert packet.values("lcp.opt.type") == [1, 2, 3, 5, 7, 8]
    assert packet["lcp.opt.mru"] == 1492
    assert packet["lcp.opt.asyncmap"] == 0x000A0000
    assert packet["lcp.opt.auth_protocol"] == 0xC223
    assert packet["lcp.opt.data"] == b"\x05"
    assert packet["lcp.opt.magic_number"] == 0x01020304
    assert packet.lcp.info() == "Configuration Request"


def test_echo(read: Read) -> None:
    packet = read("c021 09 01 000a 01020304 6162", PPP)
    assert packet.lcp.magic_number == 0x01020304
    assert packet.lcp.data == b"ab"


def test_protocol_reject(read: Read) -> None:
    packet = read("c021 08 01 0008 8057 0101", PPP)
    assert packet.lcp.rej_proto == 0x8057
    assert packet.lcp.data == b"\x01\x01"


def test_an_option_of_no_octets_ends_the_options(read: Read) -> None:
    packet = read("c021 01 01 000c 0500 01020304 0702", PPP)
    assert packet.values("lcp.opt.type") == [5]
    assert packet.malformed != ""
