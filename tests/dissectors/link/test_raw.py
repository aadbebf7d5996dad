"""Link types without a header."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]

EITHER, IPV6 = [12, 14, 101, 106, 228], 229


@pytest.mark.parametrize("linktype", EITHER)
def test_the_first_four_bits_say_which_version_of_ip(read: Read, linktype: int) -> None:
    assert read("{ipv4}", linktype).ip.src == "192.0.2.1"
    assert read("{ipv6}", linktype).ipv6.src == "2001:db8::1"


def test_ipv6_alone(read: Read) -> None:
    assert read("{ipv6}", IPV6).ipv6.src == "2001:db8::1"
    assert read("{ipv4}", IPV6)["ip.src"] is None


@pytest.mark.parametrize("linktype", [*EITHER, IPV6])
def test_no_datagram_is_made_of_another_version(read: Read, linktype: int) -> None:
    packet = read("f5" * 40, linktype)
    assert packet["ip.src"] is None
    assert packet["ipv6.src"] is None
    assert packet["ip.version"] == 15
