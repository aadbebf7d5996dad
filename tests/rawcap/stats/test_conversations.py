"""Conversations: who sent how much to whom."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from rawcap.stats.conversations import Conversation, Conversations
from rawcap.stats.statistics import Statistics

Count = Callable[..., Statistics]
MakePcap = Callable[..., Path]

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


def tcp(sport: int, dport: int, flags: int, sequence: int) -> bytes:
    """A segment without data in an Ethernet frame, 54 octets: from 192.0.2.1, but for port 80 and 8 from 192.0.2.2."""
    addresses = bytes([192, 0, 2, 1, 192, 0, 2, 2] if sport not in (8, 80) else [192, 0, 2, 2, 192, 0, 2, 1])
    ip = bytes.fromhex("450000280000400040060000") + addresses
    return bytes(12) + b"\x08\x00" + ip + struct.pack("!HHIIBBHHH", sport, dport, sequence, 0, 0x50, flags, 1000, 0, 0)


def test_both_directions_are_one_conversation(count: Count, make_pcap: MakePcap, frames: dict[str, bytes]) -> None:
    counted = count(make_pcap(*frames.values()))
    assert list(counted.conversations.rows("tcp")) == [
        Conversation("tcp", "192.0.2.1", 49152, "192.0.2.2", 443, 2, 128, 2, 116, START, START + SECOND * 3 // 4)
    ]
    assert list(counted.conversations.rows("udp")) == [
        Conversation("udp", "192.0.2.1", 5000, "192.0.2.2", 40000, 1, 47, 0, 0, START + SECOND, START + SECOND)
    ]
    assert list(counted.conversations.rows("ip")) == [
        Conversation("ip", "192.0.2.1", None, "192.0.2.2", None, 3, 175, 2, 116, START, START + SECOND)
    ]
    assert list(counted.conversations.rows("ipv6")) == []


def test_who_sent_first_comes_first(count: Count, make_pcap: MakePcap) -> None:
    rows = list(count(make_pcap(tcp(9, 8, 16, 1), tcp(8, 9, 16, 1))).conversations.rows("tcp"))
    assert [(row.a_port, row.b_port) for row in rows] == [(9, 8)]
    rows = list(count(make_pcap(tcp(8, 9, 16, 1), tcp(9, 8, 16, 1))).conversations.rows("tcp"))
    assert [(row.a_port, row.b_port) for row in rows] == [(8, 9)]


def test_the_same_sockets_again_are_another_conversation(count: Count, make_pcap: MakePcap) -> None:
    counted = count(make_pcap(tcp(5, 80, 2, 100), tcp(5, 80, 2, 100), tcp(5, 80, 2, 999), tcp(80, 5, 18, 7)))
    rows = list(counted.conversations.rows("tcp", "start"))
    assert [(row.frames_a, row.frames_b) for row in rows] == [(2, 0), (1, 1)]


def test_a_header_cut_short_does_not_count(count: Count, make_pcap: MakePcap) -> None:
    counted = count(make_pcap(tcp(5, 80, 2, 100), snaplen=14 + 20 + 19))
    assert (counted.conversations.count("tcp"), counted.conversations.count("ip")) == (0, 1)


@pytest.mark.parametrize(
    ("order", "ports"),
    [
        ("octets", [3, 1, 2]),
        ("frames", [3, 1, 2]),
        ("start", [2, 1, 3]),
        ("duration", [1, 3, 2]),
        ("address", [1, 2, 3]),
    ],
)
def test_sorting(count: Count, make_pcap: MakePcap, order: str, ports: list[int]) -> None:
    sent = [2, 1, 3, 3, 3, 1]
    counted = count(make_pcap(*(tcp(port, 80, 16, 1) for port in sent)))
    assert [row.a_port for row in counted.conversations.rows("tcp", order)] == ports
    assert [row.a_port for row in counted.conversations.rows("tcp", order, 2)] == ports[:2]


def test_ipv4_and_ipv6_are_sorted_together(count: Count) -> None:
    counted = count(Path(__file__).parents[3] / "pcaps" / "icmp_errors.pcapng")
    rows = list(counted.conversations.rows("udp", "octets", 3))
    assert [(row.a, row.octets) for row in rows] == [("2001:db8::1", 1462), ("192.0.2.1", 1442), ("2001:db8::1", 78)]


def test_only_the_layers_asked_for_are_counted(count: Count, make_pcap: MakePcap, frames: dict[str, bytes]) -> None:
    counted = count(make_pcap(*frames.values()), layers=["udp"])
    assert [counted.conversations.count(layer) for layer in ("eth", "ip", "tcp", "udp")] == [0, 0, 0, 1]


def test_merging_is_as_counting_all(count: Count, make_pcap: MakePcap) -> None:
    sent = [tcp(5, 80, 2, 100), tcp(80, 5, 18, 7), tcp(6, 80, 16, 1), tcp(5, 80, 2, 999), tcp(80, 5, 16, 1)]
    whole = count(make_pcap(*sent, name="whole.pcap")).conversations
    for cut in range(len(sent) + 1):
        first = count(make_pcap(*sent[:cut], name="first.pcap")).conversations
        first.merge(count(make_pcap(*sent[cut:], name="second.pcap")).conversations)
        for layer in ("eth", "ip", "tcp"):
            merged = [row[:9] for row in first.rows(layer, "address")]
            assert merged == [row[:9] for row in whole.rows(layer, "address")], (cut, layer)


def test_nothing_was_counted() -> None:
    assert list(Conversations().rows("tcp")) == []
