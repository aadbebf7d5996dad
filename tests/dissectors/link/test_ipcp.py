"""IP Control Protocol."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_configuration_options(read: Read) -> None:
    packet = read("8021 03 01 001c 0206 002d0f01 0306 c0000201 8106 c0000235 8306 c0000236", 9)
    assert packet["ipcp.opt.compress_proto"] == 0x002D
    assert packet["ipcp.opt.ip_address"] == "192.0.2.1"
    assert packet["ipcp.opt.pri_dns_address"] == "192.0.2.53"
    assert packet["ipcp.opt.sec_dns_address"] == "192.0.2.54"
    assert packet.ipcp.info() == "Configuration Nak"
