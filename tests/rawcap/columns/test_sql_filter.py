"""rawcap.columns.sql_filter: what of a query a display filter can do."""

from __future__ import annotations

import json

import pytest

from dissectors.packet import Interface
from rawcap.columns.sql_filter import Reduction, reduction
from rawcap.columns.sql_names import Names

duckdb = pytest.importorskip("duckdb")

GRAPH = Interface().graph


def reduced(query: str) -> Reduction | None:
    """By what the packets of a query are reduced; every time is read as one second after the epoch."""
    text = Names(GRAPH).quoted(query).text
    with duckdb.connect() as connection:
        tree = json.loads(connection.execute("select json_serialize_sql(?)", [text]).fetchall()[0][0])
    return reduction(tree, "packets", GRAPH, lambda _: 1_000_000_000)


def filter_for(where: str) -> str | None:
    found = reduced(f"select * from packets where {where}")
    return None if found is None else found.filter


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("frame.len > 100", "frame.len > 100"),
        ("100 < frame.len", "frame.len > 100"),
        ("frame.len = 100", "frame.len == 100"),
        ("frame.len <= 100", "frame.len <= 100"),
        ("ip.src = '10.0.0.1'", "ip.src == 10.0.0.1"),
        ("ipv6.src = '2001:db8::1'", "ipv6.src == 2001:db8::1"),
        ("eth.src = '02:00:00:00:00:01'", "eth.src == 02:00:00:00:00:01"),
        ("in_network(ip.src, '10.0.0.0/8')", "ip.src == 10.0.0.0/8"),
        ("dns.qry.name = 'example.com'", 'dns.qry.name == "example.com"'),
        ("frame.time_epoch >= '1970-01-01 00:00:01'", "frame.time_epoch >= 1.000000000"),
        ("tcp.flags.syn", "tcp.flags.syn == 1"),
        ("tcp.flags.syn = false", "tcp.flags.syn == 0"),
        ("tcp", "tcp"),
        ("tcp.dstport is not null", "tcp.dstport"),
        ("frame.len between 10 and 20", "(frame.len >= 10 and frame.len <= 20)"),
        ("tcp.dstport in (80, 443)", "(tcp.dstport == 80 or tcp.dstport == 443)"),
        ("tcp and frame.len > 1", "(tcp and frame.len > 1)"),
        ("tcp or frame.len > 1", "(tcp or frame.len > 1)"),
        ("(tcp and frame.len % 2 = 1) or udp", "((tcp) or udp)"),
        ("tcp and frame.len % 2 = 1", "(tcp)"),
    ],
)
def test_a_condition_becomes_a_filter(where: str, expected: str) -> None:
    assert filter_for(where) == expected


@pytest.mark.parametrize(
    "where",
    [
        "ip.src <> '10.0.0.1'",
        "not tcp",
        "not (frame.len > 100)",
        "tcp.dstport is null",
        "tcp.dstport not in (80, 443)",
        "frame.len not between 10 and 20",
        "tcp.srcport = tcp.dstport",
        "frame.len + 1 = 2",
        "tcp or frame.len % 2 = 1",
    ],
)
def test_what_is_not_the_same_for_any_value_and_the_first_is_left_to_the_query(where: str) -> None:
    assert filter_for(where) is None


@pytest.mark.parametrize(
    "where",
    [
        "ip.src > '10.0.0.1'",  # as text it comes elsewhere than as an address
        "ip.src = 'here'",
        "ip.ttl = 300",  # more than a filter takes
        "ip.ttl > -1",
        "frame.len = '100'",
        "frame.len > 1.5",
        "dns.qry.name > 'a'",
        "dns.qry.name = 'caf\u00e9'",
        "frame.time_delta > 0.5",
        "file = 'a.pcap'",
    ],
)
def test_what_filters_see_otherwise_is_left_to_the_query(where: str) -> None:
    assert filter_for(where) is None


def test_in_a_query_within_a_query() -> None:
    found = reduced("with a as (select ip.src s from packets p where p.tcp.flags.syn) select count(*) from a")
    assert found == Reduction("tcp.flags.syn == 1", frozenset())


@pytest.mark.parametrize(
    "query",
    [
        "select 1 from packets a, packets b where a.tcp.flags.syn",
        "select 1 from packets where tcp and exists (select 1 from packets)",
        "select 1 from packets a join (select 1) b on true where a.tcp.flags.syn",
        "with packets as (select true as tcp) select 1 from packets where tcp",
        "select 1 from packets tablesample 10% where tcp.flags.syn",
        "select 1 from packets",
        "select 1",
    ],
)
def test_only_a_single_reading_of_the_packets_is_reduced(query: str) -> None:
    assert reduced(query) is None


def test_the_protocols_that_all_of_the_rest_have() -> None:
    found = reduced("select 1 from packets where tcp and (udp or ip) and frame.len > 1")
    assert found is not None
    assert found.protocols == {"tcp"}
