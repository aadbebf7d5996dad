"""The protocol hierarchy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rawcap.stats.batch import Batch, Stacks
from rawcap.stats.protocols import Protocol, Protocols
from rawcap.stats.statistics import Statistics

Count = Callable[..., Statistics]
PCAPS = Path(__file__).parents[3] / "pcaps"


def of(*stacks: str) -> Protocols:
    """What is counted of packets of 100 octets each."""
    counted = Protocols()
    count = len(stacks)
    codes = Stacks(np.arange(count), list(stacks))
    counted.add(Batch(np.full(count, 100), np.zeros(count, np.int64), stacks=codes))
    return counted


def test_a_capture(count: Count) -> None:
    assert list(count(PCAPS / "dns.pcapng").protocols.rows()) == [
        Protocol(("eth",), 20, 2503),
        Protocol(("eth", "ip"), 20, 2503),
        Protocol(("eth", "ip", "udp"), 10, 973),
        Protocol(("eth", "ip", "udp", "dns"), 10, 973),
        Protocol(("eth", "ip", "tcp"), 10, 1530),
        Protocol(("eth", "ip", "tcp", "dns"), 2, 986),
    ]


@pytest.mark.parametrize(
    ("stack", "path"),
    [
        ("eth:ip:udp:data", ("eth", "ip", "udp", "data")),
        ("eth:ipv6:ipv6.fraghdr:udp:dns", ("eth", "ipv6", "udp", "dns")),
        ("eth:ip:tcp:tls:tls:tls", ("eth", "ip", "tcp", "tls")),
        ("eth:vlan:vlan:ip", ("eth", "vlan", "vlan", "ip")),
        ("eth:ip:icmp:data", ("eth", "ip", "icmp")),
        ("eth:ip:icmp:ip:udp:data", ("eth", "ip", "icmp")),
        ("eth:ip:ip:tcp", ("eth", "ip", "ip", "tcp")),
        ("data", ("data",)),
    ],
)
def test_what_counts_of_the_headers_of_a_packet(stack: str, path: tuple[str, ...]) -> None:
    assert [row.path for row in of(stack).rows()][-1] == path


def test_merging_is_as_counting_all() -> None:
    first = of("eth:arp", "eth:ip:tcp")
    first.merge(of("eth:ip:udp:dns", "eth:ip:tcp"))
    assert list(first.rows()) == list(of("eth:arp", "eth:ip:tcp", "eth:ip:udp:dns", "eth:ip:tcp").rows())
