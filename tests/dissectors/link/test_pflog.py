"""The packet filter's log."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read(
        "3d 02 01 00" + b"em0".hex() + "00" * 13 + "00" * 16 + "00000005 ffffffff"
        "ffffffff 00000000 00000000 0000002a 01 000000 {ipv4}",
        117,
    )
    assert packet.pflog.length == 61
    assert packet.pflog.action == 1
    assert packet.pflog.ifname == "em0"
    assert packet.pflog.rulenr == 5
    assert packet.pflog.subrulenr == -1
    assert packet.pflog.rule_pid == 42
    assert packet.pflog.dir == 1
    assert packet.protocols == "pflog:ip:udp:data"
