"""rawcap.columns.sql: queries over captures."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import rawcap
from rawcap.columns import sql
from rawcap.columns.defaults import COLUMNS
from rawcap.columns.sql import Query, SqlError, in_network
from rawcap.files import CaptureError, CutCapture
from rawcap.filter import FilterError

pytest.importorskip("duckdb")

PCAPS = Path(__file__).parents[3] / "pcaps"
MakePcap = Callable[..., Path]
Rows = list[tuple[str | None, ...]]


@pytest.fixture
def five(make_pcap: MakePcap, frames: dict[str, bytes]) -> str:
    """SYN, SYN/ACK, ACK and RST of one connection, then a datagram."""
    return str(make_pcap(*frames.values(), name="five.pcap"))


def rows(text: str, *sources: str, filter: str | None = None) -> Rows:
    with Query(text, sources, filter=filter) as query:
        return list(query.texts())


# -- names and values -------------------------------------------------------------------------------------


def test_packets_are_counted_and_lengths_added(five: str) -> None:
    answer = rows("select ip.src, count(*) n, sum(frame.len) from packets group by 1 order by n desc", five)
    assert answer == [("192.0.2.1", "3", "175"), ("192.0.2.2", "2", "116")]


def test_headings_are_as_written(five: str) -> None:
    text = "select ip.src, p.frame.len, count(*), sum(p.frame.len) as s from packets p group by all"
    with Query(text, [five]) as query:
        assert query.columns == ["ip.src", "frame.len", "count(*)", "s"]


@pytest.mark.parametrize("name", ["ip.src", '"ip.src"', "packets.ip.src", 'packets."ip.src"', "IP.SRC"])
def test_a_field_may_be_written_in_several_ways(five: str, name: str) -> None:
    assert rows(f"select {name} from packets limit 1", five) == [("192.0.2.1",)]


def test_text_and_comments_are_not_touched(five: str) -> None:
    assert rows("select 'ip.src' /* ip.src */ from packets limit 1 -- ip.src", five) == [("ip.src",)]


def test_flags_are_booleans(five: str) -> None:
    assert rows("select frame.number from packets where tcp.flags.syn and not tcp.flags.ack", five) == [("1",)]


def test_a_moment_is_a_timestamp_of_nanoseconds(five: str) -> None:
    with Query("select max(frame.time_epoch) from packets", [five]) as query:
        assert query.types == ["TIMESTAMP_NS"]
        assert list(query.texts()) == [("2023-11-14 22:13:21",)]


def test_a_span_of_time_is_in_seconds(five: str) -> None:
    assert rows("select max(frame.time_relative) from packets where frame.time_relative < 0.6", five) == [("0.5",)]


def test_what_a_packet_does_not_have_is_null(five: str) -> None:
    assert rows("select udp.dstport from packets order by frame.number", five) == [(None,)] * 4 + [("40000",)]


def test_octets_are_hexadecimal(five: str) -> None:
    assert rows("select data.data from packets where frame.number = 5", five) == [("68656c6c6f",)]


def test_a_protocol_is_true_where_a_packet_has_it(five: str) -> None:
    assert rows("select frame.number, tcp, udp from packets where ip order by 1", five) == [
        *((str(number), "true", "false") for number in range(1, 5)),
        ("5", "false", "true"),
    ]


def test_a_result_may_bear_the_name_of_a_protocol(five: str) -> None:
    assert rows("with tcp as (select tcp.dstport as p from packets) select tcp.p from tcp limit 1", five) == [("443",)]


def test_the_file_of_a_packet(make_pcap: MakePcap, frames: dict[str, bytes]) -> None:
    one, two = (str(make_pcap(frames["syn"], name=name)) for name in ("one.pcap", "two.pcap"))
    assert rows("select file, count(*) from packets group by 1 order by 1", one, two) == [(one, "1"), (two, "1")]


def test_all_columns_are_the_default_ones_and_those_named(five: str) -> None:
    with Query("select * from packets where tcp.flags.syn", [five]) as query:
        assert query.columns == [*COLUMNS, "tcp.flags.syn"]


def test_in_network(five: str) -> None:
    text = "select count(*) from packets where in_network(ip.src, '192.0.2.2/31') or in_network(ip.src, '10.0.0.0/8')"
    assert rows(text, five) == [("2",)]


def test_json(five: str) -> None:
    text = "select ip.src, frame.len, tcp.flags.syn, vlan.id, 'inf'::double from packets limit 1"
    with Query(text, [five]) as query:
        assert list(query.jsons()) == [('"192.0.2.1"', "74", "true", None, None)]


def test_json_is_json(five: str) -> None:
    with Query("select {'a': ip.src, 'b': [1, null]} from packets limit 1", [five]) as query:
        assert [json.loads(row[0] or "") for row in query.jsons()] == [{"a": "192.0.2.1", "b": [1, None]}]


def test_batches_of_arrow(five: str) -> None:
    with Query("select frame.len from packets", [five]) as query:
        table = pa.Table.from_batches(query.batches())
    assert table.column("frame.len").to_pylist() == [74, 62, 54, 54, 47]
    assert table.schema.field("frame.len").type == pa.uint32()


# -- what is gathered ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "gathered"),
    [
        ("select ip.src from packets where frame.len > 1", ["frame.len", "ip.src"]),
        ("select ip.src from (select * from packets)", ["ip.src"]),
        ("select a.ip.src from packets a join packets b on a.ip.src = b.ip.dst", ["ip.src", "ip.dst"]),
        ("select ip.src as tcp from packets", ["ip.src"]),
        ("select udp from packets", ["frame.protocols"]),
    ],
)
def test_only_the_columns_in_use_are_gathered(five: str, text: str, gathered: list[str]) -> None:
    with Query(text, [five]) as query:
        assert query.gathered == gathered
        list(query.texts())


def test_a_protocol_that_the_filter_asks_for_is_not_gathered(five: str) -> None:
    with Query("select count(*) from packets where tcp", [five]) as query:
        assert (query.filter, "frame.protocols" in query.gathered) == ("tcp", False)
        assert list(query.texts()) == [("4",)]


def test_a_filter_reaches_the_reading(five: str, monkeypatch: pytest.MonkeyPatch) -> None:
    filters = []
    table = rawcap.table

    def noted(*arguments: object, **options: object) -> object:
        filters.append(options["filter"])
        return table(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(rawcap, "table", noted)
    assert rows("select count(*) from packets where frame.len > 60", five, filter="tcp") == [("2",)]
    assert filters == ["(tcp)", "(tcp) and (frame.len > 60)"]


QUERIES = [
    "select count(*), sum(frame.len) from packets where ip.src = '192.0.2.1'",
    "select count(*) from packets where ip.src in ('192.0.2.1', '10.0.0.1') and frame.len between 60 and 100",
    "select count(*) from packets where tcp.dstport = 443 or udp.dstport = 53 or tcp.srcport < 1024",
    "select count(*) from packets where tcp and not tcp.flags.syn",
    "select count(*) from packets where icmp and ip.ttl > 1 and ip.src is not null",
    "select count(*) from packets where in_network(ip.dst, '192.0.2.0/31') and tcp.flags.ack",
    "select count(*) from packets where dns.qry.name = 'www.example.com'",
    "select count(*) from packets where frame.time_epoch > '2026-11-23 03:44:30' and tcp.port = 49152",
    "select count(*) from packets where ip.src = '192.0.2.1' and ip.dst <> '192.0.2.2'",
]


@pytest.mark.parametrize("text", QUERIES)
def test_reducing_the_packets_first_changes_no_answer(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted(map(str, PCAPS.glob("*.pcapng")))
    with Query(text, paths, problem=lambda _: None) as query:
        assert query.filter is not None
        answer = list(query.texts())
    monkeypatch.setattr(sql, "reduction", lambda *_: None)
    with Query(text, paths, problem=lambda _: None) as query:
        assert query.filter is None
        assert list(query.texts()) == answer
    assert answer[0][0] != "0"


def test_a_column_may_be_left_out_by_name(five: str) -> None:
    text = "select * from (select * exclude (eth.src) from packets) limit 1"
    with Query(text, [five]) as query:
        assert query.columns == [name for name in COLUMNS if name != "eth.src"]
        assert next(query.texts())[:3] == ("1", "2023-11-14 22:13:20", "74")


def test_a_column_that_only_the_filter_takes_is_gathered(five: str) -> None:
    text = "select max(number) from (select frame.number as number, * from packets) where \"ip.ttl\" % 64 = 0"
    assert rows(text, five) == [("5",)]


# -- several readings ---------------------------------------------------------------------------------------


def test_a_table_may_be_read_more_than_once(five: str) -> None:
    text = "select count(*) from packets a join packets b on a.ip.src = b.ip.dst where a.frame.len > b.frame.len"
    assert rows(text, five) == [("5",)]
    assert rows("with p as (select ip.src s from packets) select count(*) from p a, p b", five) == [("25",)]
    assert rows("select count(*) from packets where frame.len = (select max(frame.len) from packets)", five) == [("1",)]


def test_a_stream_may_be_read_more_than_once(five: str) -> None:
    with Query("select count(*) from packets a, packets b", [io.BytesIO(Path(five).read_bytes())]) as query:
        assert list(query.texts()) == [("25",)]


def test_the_rows_come_in_the_order_of_the_packets(make_pcap: MakePcap, frames: dict[str, bytes]) -> None:
    many = str(make_pcap(*[frames["syn"]] * 20_000))
    numbers = [row[0] for row in rows("select frame.number from packets", many)]
    assert numbers == list(map(str, range(1, 20_001)))


def test_statements_that_are_no_query(five: str, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    rows(f"copy (select frame.len from packets where tcp) to '{target}'", five)
    assert target.read_text() == "frame.len\n74\n62\n54\n54\n"
    assert rows("pivot (select ip.src s, frame.len n from packets) on s using count(n)", five) == [("3", "2")]
    assert rows("describe packets", five)[0][:2] == ("frame.number", "UINTEGER")


# -- mistakes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select ip.scr from packets", "no field 'ip.scr'; did you mean ip.src, "),
        ('select "ip.scr" from packets', "no field 'ip.scr'; did you mean ip.src, "),
        ("select p.ip.scr from packets p", "no field 'ip.scr'; did you mean ip.src, "),
        ("selec ip.src", 'syntax error at or near "selec"'),
        ("select sum(ip.src) from packets", "No function matches the given name and argument types 'sum(VARCHAR)'"),
        ("select cast(ip.src as integer) from packets", "Could not convert string '192.0.2.1' to INT32"),
        ("select 1 from captures", "Table with name captures does not exist"),
        ("select in_network(ip.src, 'home') from packets", "'home' is not a network; write it like 192.0.2.0/24"),
        ("  ", "the query is empty"),
    ],
)
def test_a_mistake_is_one_line_in_the_users_words(five: str, text: str, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        rows(text, five)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_variables_of_the_program_are_no_tables(five: str) -> None:
    here = pa.table({"a": [1]})
    with pytest.raises(SqlError, match="here does not exist"):
        rows("select * from here", five)
    assert here.num_rows == 1


def test_a_wrong_filter(five: str) -> None:
    with pytest.raises(FilterError) as caught:
        rows("select 1 from packets", five, filter="ip.scr == 1")
    assert caught.value.text == "ip.scr == 1"


def test_a_file_that_is_cut_is_told_once_and_read_up_to_there(five: str) -> None:
    Path(five).write_bytes(Path(five).read_bytes()[:-1])
    told: list[CaptureError] = []
    with Query("select count(*) from packets a, packets b", [five], problem=told.append) as query:
        assert list(query.texts()) == [("16",)]
    assert len(told) == 1
    with pytest.raises(CutCapture):
        rows("select count(*) from packets", five)


# -- networks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "network", "expected"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.9.9.9/8", True),
        ("10.1.2.3", "0.0.0.0/0", True),
        ("2001:db8::1", "2001:db8::/32", True),
        ("2001:db9::1", "2001:db8::/32", False),
        ("10.1.2.3", "::/0", False),
        ("02:00:00:00:00:01", "0.0.0.0/0", False),
        (None, "10.0.0.0/8", None),
        ("10.1.2.3", None, None),
    ],
)
def test_an_address_in_a_network(address: str | None, network: str | None, expected: bool | None) -> None:
    found = in_network(pa.array([address], pa.string()), pa.array([network], pa.string()))
    assert found.to_pylist() == [expected]


def test_each_address_has_a_network_of_its_own() -> None:
    found = in_network(pa.array(["10.0.0.1", "10.0.0.1"]), pa.array(["10.0.0.0/8", "11.0.0.0/8"]))
    assert found.to_pylist() == [True, False]
