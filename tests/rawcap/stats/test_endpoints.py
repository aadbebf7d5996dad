"""Endpoints follow from the conversations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rawcap.stats.endpoints import Endpoint, endpoints
from rawcap.stats.statistics import Statistics

Count = Callable[..., Statistics]
PCAPS = Path(__file__).parents[3] / "pcaps"


def test_what_each_end_sent_and_received(count: Count) -> None:
    talk = count(PCAPS / "port_unreachable.pcapng").conversations
    assert list(endpoints(talk, "ip", "address")) == [
        Endpoint("ip", "192.0.2.1", None, 1, 49, 1, 77),
        Endpoint("ip", "192.0.2.2", None, 1, 77, 1, 49),
    ]


@pytest.mark.parametrize(("order", "first"), [("octets", "192.0.2.1"), ("frames", "192.0.2.1")])
def test_the_most_first(count: Count, order: str, first: str) -> None:
    talk = count(PCAPS / "icmp_errors.pcapng").conversations
    assert [each.address for each in endpoints(talk, "ip", order, 1)] == [first]


def test_what_is_sent_to_oneself_is_sent_and_received(count: Count, make_pcap: Callable[..., Path]) -> None:
    frame = bytes(12) + b"\x08\x00" + bytes.fromhex("4500001400000000403b0000") + bytes([127, 0, 0, 1]) * 2
    talk = count(make_pcap(frame)).conversations
    assert list(endpoints(talk, "ip")) == [Endpoint("ip", "127.0.0.1", None, 1, 34, 1, 34)]
