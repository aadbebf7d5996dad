"""Sockets between virtual machines and hosts."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read(
        "0300000000000000 0200000000000000 00040000 d2040000 0400 0200 0400 0000 01020304 616263",
        271,
    )
    assert packet.vsock.src_cid == 3
    assert packet.vsock.dst_cid == 2
    assert packet.vsock.src_port == 1024
    assert packet.vsock.dst_port == 1234
    assert packet.vsock.op == 4
    assert packet.vsock.trans == 2
    assert packet.vsock.trans_len == 4
    assert packet["vsock.transport"] == b"\x01\x02\x03\x04"
    assert packet["data.data"] == b"abc"
    assert packet.vsock.info() == "1024 → 1234 [Payload]"
