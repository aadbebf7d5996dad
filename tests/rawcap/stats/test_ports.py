"""Ports follow from the conversations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rawcap.stats.ports import Port, ports
from rawcap.stats.statistics import Statistics

Count = Callable[..., Statistics]


def test_what_came_from_each_port_and_to_it(
    count: Count, make_pcap: Callable[..., Path], frames: dict[str, bytes]
) -> None:
    talk = count(make_pcap(*frames.values())).conversations
    assert list(ports(talk, "tcp", "address")) == [
        Port("tcp", 443, 1, 4, 244, 2, 116, 2, 128),
        Port("tcp", 49152, 1, 4, 244, 2, 128, 2, 116),
    ]
    assert [each.port for each in ports(talk, "udp", "address", 1)] == [5000]


def test_the_same_port_on_both_sides_counts_once(
    count: Count, make_pcap: Callable[..., Path], frames: dict[str, bytes]
) -> None:
    udp = bytearray(frames["udp"])
    udp[34:38] = b"\x00\x7b\x00\x7b"
    talk = count(make_pcap(bytes(udp))).conversations
    assert list(ports(talk, "udp")) == [Port("udp", 123, 1, 1, 47, 1, 47, 1, 47)]
