"""BSD loopback."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]

NULL, LOOP = 0, 108


@pytest.mark.parametrize(("linktype", "header"), [(NULL, "02000000"), (NULL, "00000002"), (LOOP, "00000002")])
def test_ipv4_in_either_byte_order(read: Read, linktype: int, header: str) -> None:
    packet = read(header + "{ipv4}", linktype)
    assert packet.null.family == 2
    assert packet.protocols == "null:ip:udp:data"


@pytest.mark.parametrize("family", ["18000000", "1c000000", "1e000000", "00000018", "0000001c", "0000001e"])
def test_ipv6_has_a_number_on_each_system(read: Read, family: str) -> None:
    assert read(family + "{ipv6}", NULL).protocols == "null:ipv6:udp:data"


def test_loop_has_network_order_alone(read: Read) -> None:
    packet = read("02000000 {ipv4}", LOOP)
    assert packet.null.family == 0x02000000
    assert packet.protocols == "null:data"


def test_a_family_that_is_not_known_carries_data(read: Read) -> None:
    assert read("63000000 616263", NULL)["data.data"] == b"abc"


def test_ppp_instead_of_a_family(read: Read) -> None:
    assert read("ff03 0021 {ipv4}", NULL).protocols == "ppp:ip:udp:data"
