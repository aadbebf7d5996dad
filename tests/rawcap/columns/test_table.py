"""Columns say what the packet view says: every field, of every capture, on whatever octets there are."""

import itertools
import random
import socket
import struct
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rawcap
from dissectors.graph import graph
from rawcap.columns.arrow import arrow_type
from rawcap.columns.defaults import COLUMNS
from rawcap.columns.facts import FACTS
from rawcap.columns.plan import is_native

HERE = Path(__file__).resolve()
PCAPS = sorted((HERE.parents[3] / "pcaps").rglob("*.pcap*"))
SHARED = HERE.parents[4] / "shared" / "captures"
CAPTURES = [*PCAPS, *sorted(path for path in SHARED.rglob("*") if path.is_file() and ".pcap" in path.name)]

PACKED = {
    pa.binary(4): socket.inet_aton,
    pa.binary(16): lambda text: socket.inet_pton(socket.AF_INET6, text),
    pa.binary(6): lambda text: bytes.fromhex(text.replace(":", "")),
    pa.binary(8): lambda text: bytes.fromhex(text.replace(":", "")),
}


def noted(name):
    return any(field.noted for field in graph.fields[name]) and name not in FACTS


NATIVE = [name for name in graph.fields if (name in FACTS or is_native(graph, name)) and not noted(name)]
OTHERS = [name for name in graph.fields if name not in NATIVE and not noted(name)]


def by_packets(path, names, needs=()):
    """The values of each field in each packet, as Arrow holds them; None for a time that 64 bits do not hold."""
    kinds = {name: arrow_type(graph.fields[name]) for name in names}
    owners = {name: tuple({field.owner for field in graph.fields[name]}) for name in names}
    rows = []
    with rawcap.Reading([path], needs=needs, problem=lambda error: None) as packets:
        for packet in packets:
            row = {}
            present = {type(layer) for layer in packet.everything()}
            for name in names:
                pack = PACKED.get(kinds[name])
                there = any(issubclass(header, owners[name]) for header in present)
                values = packet.values(name) if there else []
                row[name] = [pack(value) if pack and isinstance(value, str) else value for value in values]
            rows.append(row)
    return rows


def by_columns(path, names, **options):
    table = rawcap.table(path, names, problem=lambda error: None, **options).arrow()
    return {
        name: (column.cast(integers(column.type)) if integers(column.type) else column).to_pylist()
        for name, column in zip(names, table.columns, strict=True)
    }


def integers(kind):
    """The type of a column of times as numbers."""
    if pa.types.is_list(kind):
        inner = integers(kind.value_type)
        return pa.list_(inner) if inner else None
    return pa.int64() if pa.types.is_timestamp(kind) or pa.types.is_duration(kind) else None


def occurring(path, names):
    """The fields of headers that are in a capture."""
    present = set()
    with rawcap.Reading([path], problem=lambda error: None) as packets:
        for packet in packets:
            present.update(type(layer) for layer in packet.everything())
    owned = {name: tuple({field.owner for field in graph.fields[name]}) for name in names}
    return [name for name in names if any(issubclass(header, owned[name]) for header in present)]


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_every_field_that_the_walker_fills_has_the_values_of_the_packet_view(path):
    names = list(dict.fromkeys(["frame.number", *occurring(path, NATIVE)]))
    rows = by_packets(path, names, needs=FACTS)
    for occurrence in ("all", "first", "last"):
        columns = by_columns(path, names, occurrence=occurrence, threads=1)
        for name in names:
            told = [row[name] for row in rows]
            if occurrence == "all":
                expected = [values or None for values in told]
            else:
                expected = [values[0 if occurrence == "first" else -1] if values else None for values in told]
            assert columns[name] == expected, (name, occurrence)


@pytest.mark.parametrize("path", PCAPS, ids=lambda path: path.name)
def test_every_other_field_is_a_column_too(path):
    names = ["frame.number", *occurring(path, OTHERS)]
    rows = by_packets(path, names)
    table = rawcap.table(path, names, occurrence="all", problem=lambda error: None).arrow()
    for name in names:
        counts = [len(values or ()) for values in table.column(name).to_pylist()]
        assert counts == [len(row[name]) for row in rows], name


def test_fields_that_take_more_than_one_packet_are_columns():
    path = next(path for path in PCAPS if "tcp" in path.name)
    names = ["tcp.stream", "tcp.seq", "tcp.ack", "frame.time_delta", "frame.time_relative"]
    rows = by_packets(path, names, needs=names)
    columns = by_columns(path, names)
    for name in names:
        assert columns[name] == [row[name][0] if row[name] else None for row in rows]


FEW = [
    *("frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.malformed", "frame.protocols"),
    *("eth.src", "eth.type", "vlan.id", "arp.opcode", "ip.src", "ip.dst", "ip.proto", "ip.ttl", "ip.frag_offset"),
    *("ipv6.src", "icmp.type", "gre.proto", "sctp.srcport", "udp.length", "udp.port"),
    *("tcp.srcport", "tcp.port", "tcp.flags", "tcp.flags.syn", "tcp.len"),
]


@pytest.fixture(scope="module")
def frames():
    """Frames of every kind, with their link types."""
    found = []
    for path in PCAPS:
        with rawcap.Reading([path], problem=lambda error: None) as packets:
            found += [(packet.interface.linktype, packet.data) for packet in itertools.islice(packets, 20)]
    return found


@given(seed=st.integers(0, 1 << 32))
def test_on_spoilt_frames_too(seed, frames, tmp_path_factory):
    chance = random.Random(seed)
    linktype = chance.choice(frames)[0]
    records = []
    for _, data in chance.choices([frame for frame in frames if frame[0] == linktype], k=8):
        spoilt = bytearray(data)
        for _ in range(chance.randrange(4)):
            if spoilt:
                spoilt[chance.randrange(min(len(spoilt), 80))] = chance.randrange(256)
        kept = chance.randrange(len(spoilt) + 1) if chance.random() < 0.3 else len(spoilt)
        records.append(struct.pack("<IIII", 1, 2, kept, len(spoilt)) + bytes(spoilt[:kept]))
    path = tmp_path_factory.mktemp("spoilt") / "spoilt.pcap"
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, linktype) + b"".join(records))
    rows = by_packets(path, FEW)
    columns = by_columns(path, FEW, occurrence="all", threads=1)
    for name in FEW:
        assert columns[name] == [row[name] or None for row in rows], name


def test_threads_keep_the_order_of_files():
    paths = PCAPS[:6]
    table = rawcap.table(paths, ["frame.number", "file"], threads=2).arrow()
    assert table.column("frame.number").to_pylist() == list(range(1, table.num_rows + 1))
    order = list(dict.fromkeys(table.column("file").to_pylist()))
    assert order == [str(path) for path in paths]


@pytest.mark.parametrize(
    "display_filter",
    [
        "tcp",
        "not tcp",
        "dns",
        "http",
        "tcp.flags.syn == 1",
        "ip.src == 10.0.0.0/8",
        "tcp.port == 80",
        "tcp.stream == 0",
        'dns.qry.name contains "a"',
        "frame.len > 100 and udp",
        "tcp.options.mss_val > 1000",
        "frame.time_delta > 0.001",
    ],
)
def test_a_filter_passes_what_it_passes_packet_by_packet(display_filter):
    for path in PCAPS:
        with rawcap.Reading([path], display_filter, problem=lambda error: None) as packets:
            expected = [packet.number for packet in packets]
        numbers = rawcap.table(path, ["frame.number"], filter=display_filter, problem=lambda error: None).arrow()
        assert numbers.column(0).to_pylist() == expected, path.name


def test_addresses_as_text():
    path = next(path for path in PCAPS if "tcp" in path.name)
    table = rawcap.table(path, ["ip.src", "eth.src"], text=True).arrow()
    with rawcap.Reading([path]) as packets:
        expected = [(packet["ip.src"], packet["eth.src"]) for packet in packets]
    assert list(zip(*table.to_pydict().values(), strict=True)) == expected


def test_a_field_that_nobody_declared_is_told_at_once():
    with pytest.raises(KeyError, match=r"no field 'ip.scr'; did you mean ip.src"):
        rawcap.table(PCAPS[0], ["ip.scr"])


def test_without_a_hint_the_list_of_fields_is_named():
    with pytest.raises(KeyError, match=r"no field 'zzzzzz.qqqqqq' \(rawcap fields lists them\)"):
        rawcap.table(PCAPS[0], ["zzzzzz.qqqqqq"])


def test_columns_are_a_list_and_not_one_string():
    with pytest.raises(TypeError, match=r"^columns are a list of names: \['ip.src'\]$"):
        rawcap.table(PCAPS[0], "ip.src")


def test_without_columns_there_are_default_ones():
    assert rawcap.table(PCAPS[0]).schema.names == list(COLUMNS)


def test_how_many_files_could_be_read(tmp_path):
    (tmp_path / "cut.pcapng").write_bytes(PCAPS[0].read_bytes()[:-3])
    (tmp_path / "junk.pcap").write_bytes(b"junk" * 20)
    paths = [tmp_path / name for name in ("none.pcap", "cut.pcapng", "junk.pcap")]
    table = rawcap.table([*paths, PCAPS[1]], ["frame.number"], filter="frame.number < 1", problem=lambda error: None)
    assert table.arrow().num_rows == 0
    assert table.readable == 2


def test_a_cut_file_gives_its_packets_and_then_the_error(tmp_path):
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(PCAPS[0].read_bytes()[:-3])
    batches = iter(rawcap.table(cut, ["frame.number"]))
    assert next(batches).num_rows > 0
    with pytest.raises(rawcap.CutCapture, match="cut short in the block"):
        next(batches)


