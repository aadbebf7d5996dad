"""From captures to connections."""

from __future__ import annotations

from pathlib import Path

import pytest

import rawcap
from rawcap.files import CaptureError
from rawcap.filter import FilterError
from rawcap.following import connections, follow

PCAPS = Path(__file__).parents[2] / "pcaps"
THREE = PCAPS / "tcp" / "three_connections.pcapng"
UNREACHABLE = PCAPS / "tcp" / "host_unreachable.pcapng"


def test_all_connections_of_a_file_in_the_order_of_their_numbers() -> None:
    assert [(each.stream, each.client.port, each.closed) for each in connections(THREE)] == [
        (0, 49152, "orderly"),
        (1, 49153, "orderly"),
        (2, 49154, "reset"),
    ]


def test_packets_lead_to_the_same_as_their_file() -> None:
    found = connections(rawcap.read(THREE))
    assert [(each.stream, each.segments) for each in found] == [(0, 12), (1, 11), (2, 6)]


def test_a_binary_stream() -> None:
    with THREE.open("rb") as file:
        assert len(connections(file)) == 3


@pytest.mark.parametrize("given", ["path", "packets"])
def test_a_filter_picks_connections_and_leaves_them_whole(given: str) -> None:
    source = THREE if given == "path" else rawcap.read(THREE)
    assert [(each.stream, each.segments) for each in connections(source, "tcp.flags.reset == 1")] == [(2, 6)]


@pytest.mark.parametrize("given", ["path", "packets"])
def test_a_filter_may_ask_what_takes_several_packets_to_know(given: str) -> None:
    source = THREE if given == "path" else rawcap.read(THREE)
    assert [each.stream for each in connections(source, "tcp.stream == 1 && frame.time_relative < 1")] == [1]


def test_an_icmp_error_is_a_packet_of_the_connection_that_it_quotes() -> None:
    assert [each.stream for each in connections(rawcap.read(UNREACHABLE), "icmpv6")] == [1]


def test_a_wrong_filter() -> None:
    with pytest.raises(FilterError):
        connections(THREE, "tcp.flags.rst == ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaptureError):
        connections(tmp_path / "nothing.pcap")


def test_a_file_that_is_not_there_is_told_and_the_others_are_followed(tmp_path: Path) -> None:
    told: list[CaptureError] = []
    found = follow([tmp_path / "nothing.pcap", THREE], problem=told.append)
    assert (len(told), len(found.connections), found.readable) == (1, 3, True)


def test_nothing_could_be_read(tmp_path: Path) -> None:
    told: list[CaptureError] = []
    assert not follow([tmp_path / "nothing.pcap"], problem=told.append).readable


def test_exchanges_come_along() -> None:
    found = follow([PCAPS / "tcp" / "udp_port_unreachable.pcapng"])
    assert [(each.stream, each.client.datagrams, each.server.datagrams) for each in found.exchanges] == [
        (0, 1, 0),
        (1, 1, 0),
    ]


def test_times_begin_with_the_first_packet_of_all() -> None:
    found = follow([THREE], "tcp.stream == 2")
    assert found.origin is not None
    assert [each.first_ns - found.origin for each in found.connections] == [521_513]
    assert found.all_connections == 3
