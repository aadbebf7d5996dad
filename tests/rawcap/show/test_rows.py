"""Rows from columns are those that FieldsView writes, packet by packet. All of it compiled, and interpreted."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rawcap
import rawcap.show.rows
from dissectors.fields import EUI64, MAC, Bytes, Either, Field, Flag, Int, IPv4Address, IPv6Address, Text, Time, Uint
from dissectors.graph import graph
from dissectors.packet import Packet
from rawcap.columns.cells import Cells
from rawcap.columns.gathering import empty, stored
from rawcap.show.fields import FieldsView, Style

CAPTURES = sorted((Path(__file__).parents[3] / "pcaps").rglob("*.pcapng"))

STYLES = [
    Style(),
    Style(occurrence="f"),
    Style(occurrence="l"),
    Style(separator=",", quote='"', aggregator=" "),
    Style(separator="→", quote="'", aggregator="\t", escape=False),
    Style(aggregator="\t"),
]


def from_source() -> ModuleType:
    """The module as Python runs it, whether or not there is a compiled one."""
    source = str(Path(rawcap.show.rows.__file__).parent / "rows.py")
    loader = SourceFileLoader("rows_from_source", source)
    spec = importlib.util.spec_from_file_location("rows_from_source", source, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


INTERPRETED = from_source()


@pytest.fixture(params=["as installed", "from source"])
def rows(request: pytest.FixtureRequest) -> Any:
    return rawcap.show.rows if request.param == "as installed" else INTERPRETED


def cells(
    field: Field, values: Any, valid: Sequence[bool] | None = None, more: dict[int, list[Any]] | None = None
) -> Cells:
    """The cells of a column with values as arrays hold them."""
    there = np.ones(len(values), np.bool_) if valid is None else np.array(valid, np.bool_)
    return Cells(field.name, [field], values, there, more or {})


def lines(rows: Any, style: Style, *columns: Any) -> list[str]:
    """What is written of columns, each the cells of one field or of several."""
    given = [column if isinstance(column, list) else [column] for column in columns]
    writer = rows.RowWriter([column[0].fields for column in given], style)
    text: str = writer.write(given, len(given[0][0].valid)).decode()
    assert text.endswith("\n")
    return text[:-1].split("\n")


def column(field: Field, values: Any) -> list[str]:
    """A column alone, which is written alike by both forms of the module."""
    written = lines(rawcap.show.rows, Style(), cells(field, values))
    assert lines(INTERPRETED, Style(), cells(field, values)) == written
    return written


def seen(name: str, packets: Sequence[Packet]) -> Cells:
    """The cells of a field, from what the packet view gives."""
    fields = graph.fields[name]
    made = Cells(name, fields, empty(fields, len(packets)), np.zeros(len(packets), np.bool_))
    for row, packet in enumerate(packets):
        values = packet.values(name)
        if values:
            made.values[row] = stored(made, values[0])
            made.valid[row] = True
        if len(values) > 1:
            made.more[row] = values
    return made


def shown(packets: Sequence[Packet], names: Sequence[str], style: Style) -> list[str]:
    """The lines of the packet view."""
    written: list[str] = []
    view = FieldsView(written.append, names, graph, style)
    for packet in packets:
        view.show(packet)
    return "".join(written)[:-1].split("\n")


def noted(path: Path) -> list[Packet]:
    """The packets of a capture, with the notes that fields of several packets are read from."""
    needs = [name for name, fields in graph.fields.items() if any(field.noted for field in fields)]
    return list(rawcap.read(path, needs=needs))


def filled(packets: Sequence[Packet], names: Sequence[str]) -> list[str]:
    """Those of the fields of which some packet has a value."""
    table = [line.split("\x1f") for line in shown(packets, names, Style(separator="\x1f", quote='"'))]
    return [name for place, name in enumerate(names) if any(line[place] for line in table)]


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_every_field_of_every_capture_is_written_as_packet_by_packet(path: Path) -> None:
    packets = noted(path)
    if not packets:
        pytest.skip("a recording of calls alone")
    written = [name for name, fields in graph.fields.items() if rawcap.show.rows.says_all(fields)]
    names = [*filled(packets, written), "eth.src", "gre.key"]
    columns = [seen(name, packets) for name in names]
    for style in STYLES:
        expected = shown(packets, names, style)
        assert lines(rawcap.show.rows, style, *columns) == expected
        assert lines(INTERPRETED, style, *columns) == expected


def test_a_field_that_is_written_in_two_ways_is_left_to_the_packet_view(rows: Any) -> None:
    assert not rows.says_all(graph.fields["llc.control"])  # of 8 or of 16 bits
    with pytest.raises(ValueError, match=r"^how llc\.control is written depends on the header that it is in$"):
        rows.RowWriter([graph.fields["llc.control"]], Style())


def test_fields_that_are_written_alike_are_one_column(rows: Any) -> None:
    assert rows.says_all(graph.fields["ip.src"])
    assert rows.says_all([Uint(8, "one", shown=hex), Uint(6, "another", shown=hex)])
    assert not rows.says_all([Uint(8, "one", shown=hex), Uint(9, "another", shown=hex)])


def test_several_fields_with_words_of_their_own_are_left_to_the_packet_view(rows: Any) -> None:
    assert rows.says_all([Loud(8, "one")])
    assert not rows.says_all([Loud(8, "one"), Loud(8, "another")])
    assert not rows.says_all([IPv4Address("one"), Reversed("another")])


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_numbers(values: list[int]) -> None:
    array = np.array(values, np.uint64)
    assert column(Uint(64, "number"), array) == [str(value) for value in values]
    assert column(Uint(64, "number", shown=hex), array) == [f"0x{value:016x}" for value in values]
    assert column(Uint(64, "number", digits=3), array) == [f"0x{value:03x}" for value in values]


@pytest.mark.parametrize("kind", ["uint8", "uint16", "uint32", "uint64"])
def test_the_greatest_number_of_a_width(kind: str) -> None:
    greatest = np.iinfo(kind).max
    values = np.array([0, 9, 10, 99, 100, greatest], kind)
    assert column(Uint(64, "number"), values) == ["0", "9", "10", "99", "100", str(greatest)]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_numbers_below_zero(values: list[int]) -> None:
    array = np.array(values, np.int64)
    assert column(Int(64, "number"), array) == [str(value) for value in values]
    assert column(Int(64, "number", shown=hex), array) == [f"0x{value:016x}" for value in values]


def test_powers_of_ten_have_a_digit_more() -> None:
    values = [power - less for power in (10**exponent for exponent in range(20)) for less in (1, 0)]
    assert column(Uint(64, "number"), np.array(values, np.uint64)) == [str(value) for value in values]


def test_flags_are_0_and_1() -> None:
    assert column(Flag("a flag"), np.array([True, False])) == ["1", "0"]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_times_are_seconds_and_nine_digits(values: list[int]) -> None:
    field = Time("a time")
    assert column(field, np.array(values, np.int64)) == [field.text(value) for value in values]


def test_a_span_of_less_than_a_second_before() -> None:
    assert column(Time("a span", relative=True), np.array([-1, 0, -1_500_000_000], np.int64)) == [
        "-0.000000001",
        "0.000000000",
        "-1.500000000",
    ]


@given(st.lists(st.binary(min_size=4, max_size=4), min_size=1))
def test_ipv4_addresses(values: list[bytes]) -> None:
    array = np.frombuffer(b"".join(values), np.uint8).reshape(-1, 4)
    assert column(IPv4Address("an address"), array) == [socket.inet_ntoa(value) for value in values]


# Groups of zeros, and of few digits, are what the text of an address is about.
GROUPS = st.sampled_from([0, 0, 0, 1, 0x10, 0x100, 0x2001, 0xFFFF]) | st.integers(0, 0xFFFF)
ADDRESSES = st.lists(GROUPS, min_size=8, max_size=8).map(lambda groups: b"".join(each.to_bytes(2) for each in groups))


@given(st.lists(ADDRESSES, min_size=1))
def test_ipv6_addresses(values: list[bytes]) -> None:
    array = np.frombuffer(b"".join(values), np.uint8).reshape(-1, 16)
    assert column(IPv6Address("an address"), array) == [socket.inet_ntop(socket.AF_INET6, each) for each in values]


def test_ipv6_addresses_of_every_form_of_zeros() -> None:
    values = [
        b"".join((0xA + place if bits >> place & 1 else 0).to_bytes(2) for place in range(8)) for bits in range(256)
    ]
    values += [bytes(10) + b"\xff\xff" + each[12:] for each in values]
    array = np.frombuffer(b"".join(values), np.uint8).reshape(-1, 16)
    assert column(IPv6Address("an address"), array) == [socket.inet_ntop(socket.AF_INET6, each) for each in values]


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("20010db8000000000000000000000001", "2001:db8::1"),
        ("20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"),
        ("20010000000000010000000000000001", "2001:0:0:1::1"),
        ("00000000000000000000000000000000", "::"),
        ("00000000000000000000000000000001", "::1"),
        ("fe800000000000000000000000000000", "fe80::"),
        ("00000000000000000000ffffc0000201", "::ffff:192.0.2.1"),
        ("000000000000000000000000c0000201", "::192.0.2.1"),
    ],
)
def test_an_ipv6_address(address: str, text: str) -> None:
    array = np.frombuffer(bytes.fromhex(address), np.uint8).reshape(1, 16)
    assert column(IPv6Address("an address"), array) == [text]


@given(st.lists(st.binary(min_size=8, max_size=8), min_size=1))
def test_hardware_addresses(values: list[bytes]) -> None:
    array = np.frombuffer(b"".join(values), np.uint8).reshape(-1, 8)
    assert column(EUI64("an address"), array) == [value.hex(":") for value in values]
    assert column(MAC("an address"), array[:, 2:]) == [value[2:].hex(":") for value in values]


def test_an_array_of_python_values_is_written_by_the_field() -> None:
    assert column(Uint(128, "number", shown=hex), np.array([1 << 100], object)) == ["0x" + f"{1 << 100:x}"]


def test_equal_values_of_two_types_are_two_values() -> None:
    assert column(Uint(8, "number"), np.array([1, True, 1], object)) == ["1", "True", "1"]


class Loud(Uint):
    """A number that is written in words."""

    def text(self, value: Any) -> str:
        return f"{value}!"


class Reversed(IPv4Address):
    """An address that stands the other way round."""

    convert = staticmethod(lambda octets: socket.inet_ntoa(octets[::-1]))  # type: ignore[assignment]


def test_what_a_field_writes_in_words_of_its_own_it_is_asked_for() -> None:
    assert column(Loud(8, "number"), np.array([1, 2, 1], np.uint8)) == ["1!", "2!", "1!"]
    assert column(Reversed("an address"), np.array([[1, 2, 0, 192]], np.uint8)) == ["192.0.2.1"]


def test_texts_and_octets() -> None:
    assert column(Text("text"), np.array(["ä", "", "→"], object)) == ["ä", "", "→"]
    assert column(Bytes(2, "octets"), np.array([b"\x00\xff", b""], object)) == ["00ff", ""]


def test_what_is_not_there_is_empty_and_has_no_quotes_but_an_empty_text_has(rows: Any) -> None:
    number = cells(Uint(8, "number"), np.array([0, 7], np.uint8), [False, True])
    text = cells(Text("text"), np.array(["", None], object), [True, False])
    assert lines(rows, Style(quote='"', separator=";"), number, text) == [';""', '"7";']


def test_control_characters_are_escaped_unless_that_is_turned_off(rows: Any) -> None:
    text = cells(Text("text"), np.array(["a\x1b[m", "b\tc"], object))
    assert lines(rows, Style(), text) == ["a\\x1b[m", "b\\tc"]
    assert lines(rows, Style(escape=False), text) == ["a\x1b[m", "b\tc"]


def test_half_a_surrogate_pair_is_written_as_an_escape(rows: Any) -> None:
    assert lines(rows, Style(escape=False), cells(Text("text"), np.array(["\udc80"], object))) == ["\\udc80"]


def test_several_values_of_a_packet(rows: Any) -> None:
    number = cells(Uint(8, "number"), np.array([1, 3], np.uint8), more={0: [1, 2]})
    assert lines(rows, Style(), number) == ["1,2", "3"]
    assert lines(rows, Style(aggregator=" ", quote="'"), number) == ["'1 2'", "'3'"]
    assert lines(rows, Style(occurrence="f"), number) == ["1", "3"]
    assert lines(rows, Style(occurrence="l"), number) == ["2", "3"]


PORTS = Either(Uint(16, "source"), Uint(16, "destination"))


def ports(more: dict[int, list[int]] | None = None) -> list[Any]:
    """Two fields of a header under one name: both there, each alone, and none."""
    return [
        cells(PORTS, np.array([1, 3, 0, 0], np.uint16), [True, True, False, False], more),
        cells(PORTS, np.array([2, 0, 4, 0], np.uint16), [True, False, True, False]),
    ]


@pytest.mark.parametrize(
    ("style", "written"),
    [
        (Style(), ["1,2", "3", "4", ""]),
        (Style(quote="'"), ["'1,2'", "'3'", "'4'", ""]),
        (Style(aggregator="\t"), ["1\\t2", "3", "4", ""]),
        (Style(aggregator="\t", escape=False), ["1\t2", "3", "4", ""]),
        (Style(occurrence="f"), ["1", "3", "4", ""]),
        (Style(occurrence="l"), ["2", "3", "4", ""]),
    ],
)
def test_one_name_for_several_fields(rows: Any, style: Style, written: list[str]) -> None:
    assert lines(rows, style, ports()) == written


@pytest.mark.parametrize(
    ("style", "written"),
    [
        (Style(), ["5,6,7", "3", "4", "8"]),
        (Style(occurrence="f"), ["5", "3", "4", "8"]),
        (Style(occurrence="l"), ["7", "3", "4", "8"]),
    ],
)
def test_several_headers_with_one_name_for_several_fields(rows: Any, style: Style, written: list[str]) -> None:
    assert lines(rows, style, ports({0: [5, 6, 7], 3: [8]})) == written


@pytest.mark.parametrize(
    ("style", "written"),
    [
        (Style(), ["a,b", "c", "d", "x,y"]),
        (Style(occurrence="f"), ["a", "c", "d", "x"]),
        (Style(occurrence="l"), ["b", "c", "d", "y"]),
    ],
)
def test_one_name_for_several_texts(rows: Any, style: Style, written: list[str]) -> None:
    names = Either(Text("one"), Text("another"))
    more = {3: ["x", "y"]}
    first = cells(names, np.array(["a", "c", None, None], object), [True, True, False, False], more)
    second = cells(names, np.array(["b", None, "d", None], object), [True, False, True, False])
    assert lines(rows, style, [first, second]) == written


def test_a_writer_writes_batch_after_batch(rows: Any) -> None:
    field = Uint(8, "number")
    text = Text("text")
    writer = rows.RowWriter([[field], [text]], Style())

    def written(values: list[int], texts: list[str]) -> bytes:
        columns = [[cells(field, np.array(values, np.uint8))], [cells(text, np.array(texts, object))]]
        octets: bytes = writer.write(columns, len(values))
        return octets

    assert written([1], ["a"]) == b"1\ta\n"
    assert written([1, 2, 3], ["a", "b" * 1000, "a"]) == b"1\ta\n2\t" + b"b" * 1000 + b"\n3\ta\n"
    assert written([], []) == b""
    assert written([1, 2, 3], ["c" * 3000, "", ""]) == b"1\t" + b"c" * 3000 + b"\n2\t\n3\t\n"
    assert written([4, 5], ["c", "d"]) == b"4\tc\n5\td\n"


def test_only_as_many_packets_as_asked_for(rows: Any) -> None:
    number = cells(Uint(8, "number"), np.array([1, 2, 3], np.uint8), more={0: [8, 9], 2: [4, 5]})
    writer = rows.RowWriter([number.fields], Style())
    assert writer.write([[number]], 2) == b"8,9\n2\n"
