"""What the tests of the link layer share."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]

ETHERNET = "020000000002 020000000001"
# IPv4 from 192.0.2.1 to 192.0.2.2, 32 octets: UDP from 5555 to 40000 with "abcd".
IPV4 = "45000020000100004011f6c8c0000201c0000202 15b39c40000c0000 61626364"
# IPv6 from 2001:db8::1 to 2001:db8::2, 52 octets: the same in UDP.
IPV6 = "60000000000c1140 20010db8000000000000000000000001 20010db8000000000000000000000002 15b39c40000c0000 61626364"


@pytest.fixture
def read() -> Read:
    """A packet from octets in hexadecimal; `{ipv4}`, `{ipv6}` and `{eth}` stand for datagrams and two addresses."""

    def packet(octets: str, linktype: int = 1) -> Packet:
        return Packet.of(bytes.fromhex(octets.format(ipv4=IPV4, ipv6=IPV6, eth=ETHERNET)), linktype)

    return packet
