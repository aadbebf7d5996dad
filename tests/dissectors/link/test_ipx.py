"""IPX."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]

IPX = "ffff 0022 01 11 00000001 ffffffffffff 0452 00000002 020000000001 4003 61626364"


def test_fields(read: Read) -> None:
    ipx = read("{eth} 8137" + IPX).ipx
    assert ipx.checksum == 0xFFFF
    assert ipx.len == 34
    assert ipx.hops == 1
    assert ipx.packet_type == 0x11
    assert (ipx.dst_net, ipx.dst_node, ipx.dst_socket) == (1, "ff:ff:ff:ff:ff:ff", 0x0452)
    assert (ipx.src_net, ipx.src_node, ipx.src_socket) == (2, "02:00:00:00:00:01", 0x4003)
    assert ipx.payload == b"abcd"


@pytest.mark.parametrize(("linktype", "header"), [(1, "{eth} 8137"), (1, "{eth} 0025 e0e003"), (9, "ff03 002b")])
def test_where_it_is_found(read: Read, linktype: int, header: str) -> None:
    assert read(header + IPX, linktype).ipx.len == 34
