"""Filters of columns: the verdict on many packets at once is the one that each packet gets alone."""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given, settings

from dissectors.fields import Either, Int, Uint
from dissectors.graph import graph
from dissectors.header import Header
from dissectors.packet import Packet
from rawcap.columns.cells import Cells
from rawcap.files import open_capture
from rawcap.filter import FilterError, display_filter
from rawcap.filter.on_columns import ColumnFilter

CAPTURES = sorted((Path(__file__).parents[3] / "pcaps").rglob("*.pcap*"))

# -- columns, made with the packet view -----------------------------------------------------------------------

WIDTHS = {"ipv4": 4, "ipv6": 16, "ether": 6, "eui64": 8}
NUMBERS = {
    "frame.number": "u4", "frame.len": "u4", "ip.ttl": "u1", "ip.id": "u2", "ip.len": "u2", "tcp.seq_raw": "u4",
    "tcp.srcport": "u2", "tcp.dstport": "u2", "udp.srcport": "u2", "udp.dstport": "u2", "udp.length": "u2",
    "tcp.flags": "u2", "ipv6.hlim": "u1", "ipv6.plen": "u2", "eth.type": "u2", "arp.opcode": "u2",
    "dccp.ndp_count": "u8", "tcp.flags.syn": "?", "tcp.flags.ack": "?", "ip.flags.df": "?", "frame.time_epoch": "i8",
}  # fmt: skip
ADDRESSES = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "eth.src", "eth.dst", "arp.src.proto_ipv4", "arp.src.hw_mac"]
OTHERS = ["frame.protocols", "arp.src.hw"]
COLUMNS = frozenset([*NUMBERS, *ADDRESSES, *OTHERS])


def all_of(name: str) -> bool:
    return True


def octets_of(kind: str, value: str) -> bytes:
    if kind in ("ipv4", "ipv6"):
        return socket.inet_pton(socket.AF_INET if kind == "ipv4" else socket.AF_INET6, value)
    return bytes.fromhex(value.replace(":", ""))


class Made:
    """A batch that the packet view makes."""

    def __init__(self, packets: Sequence[Packet]) -> None:
        self.packets = packets
        self.count = len(packets)
        self.made: dict[str, Cells] = {}

    def cells(self, name: str) -> Cells:
        if name not in self.made:
            fields = graph.fields[name]
            kind = fields[0].type
            found = [packet.values(name) for packet in self.packets]
            valid = np.array([bool(values) for values in found], np.bool_)
            if kind in WIDTHS:
                values: Any = np.zeros((self.count, WIDTHS[kind]), np.uint8)
                for place in np.flatnonzero(valid):
                    values[place] = list(octets_of(kind, found[place][0]))
            elif name in NUMBERS or kind in ("uint", "int"):
                dtype = NUMBERS.get(name, "u8" if kind == "uint" else "i8")
                values = np.array([values[0] if values else 0 for values in found], dtype)
            else:
                values = np.full(self.count, None, object)
                values[:] = [values[0] if values else None for values in found]
            self.made[name] = Cells(name, fields, values, valid)
        return self.made[name]

    def present(self, protocol: str) -> Any:
        held = (any(layer.name == protocol for layer in packet.everything()) for packet in self.packets)
        return np.array(list(held), np.bool_)


def verdicts(
    text: str, packets: Iterable[Packet], has_column: Callable[[str], bool] = COLUMNS.__contains__
) -> Iterator[tuple[Packet, bool | None]]:
    """Of each packet that has no two values of a field asked for: whether it passes, None where columns do not tell."""
    columns = ColumnFilter(display_filter(text).tree, graph, has_column)
    single = [each for each in packets if all(len(each.values(name)) < 2 for name in columns.names)]
    passes, unknown = columns.candidates(Made(single))
    assert passes.dtype == unknown.dtype == np.bool_
    assert passes.shape == unknown.shape == (len(single),)
    assert not (passes & unknown).any()
    assert not (columns.complete and unknown.any())
    for packet, passing, open_ in zip(single, passes.tolist(), unknown.tolist(), strict=True):
        yield packet, None if open_ else passing


def agree(text: str, packets: Iterable[Packet], has_column: Callable[[str], bool] = COLUMNS.__contains__) -> None:
    wanted = display_filter(text)
    told = [(packet, verdict) for packet, verdict in verdicts(text, packets, has_column) if verdict is not None]
    assert [packet.data.hex() for packet, verdict in told if verdict is not wanted(packet)] == []


@functools.cache
def captured() -> list[Packet]:
    """The first packets of every capture."""
    found: list[Packet] = []
    for path in CAPTURES:
        with open_capture(path) as capture:
            found += [packet for packet, _ in zip(capture, range(6), strict=False)]
    return found


# -- filters by chance ----------------------------------------------------------------------------------------

signs = st.sampled_from([" + ", " - ", " * ", " / ", " % ", " & "])
quantifiers = st.sampled_from(["", "", "any ", "all "])
orders = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~=", "==="])
either_numbers = ["tcp.port", "udp.port"]
either_addresses = ["ip.addr", "ipv6.addr", "eth.addr"]
number_names = st.sampled_from([*(name for name in NUMBERS if NUMBERS[name] not in ("?", "i8")), *either_numbers])
literals = st.sampled_from(["0", "1", "2", "6", "20", "40", "64", "80", "443", "1024", "2048", "9000", "49152", "-1"])
ipv4 = st.sampled_from(["192.0.2.1", "192.0.2.2", "10.0.0.1", "0.0.0.0", "255.255.255.255", "192.0.2.77"])
ipv6 = st.sampled_from(["2001:db8::1", "2001:db8::2", "::", "fe80::1", "ff02::1"])
macs = st.sampled_from(["02:00:00:00:00:01", "02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"])
few_octets = st.sampled_from(["00", "02", "02:00", "c0:00:02", "20:01:0d:b8", "02:00:00:00:00:01"])
parts = st.sampled_from(["[0]", "[0:3]", "[-1]", "[1-2]", "[2:]", "[:2]", "[0,2]", "[4:4]", "[9]"])


def joined(*parts: Any) -> st.SearchStrategy[str]:
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map("".join)


def calculated(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        joined("{", inner, signs, inner | literals, "}"),
        joined("{-", inner, "}"),
        joined("abs(", inner, ")"),
        joined(st.sampled_from(["min(", "max("]), inner, ", ", inner | literals, ")"),
    )


numbers = st.recursive(
    st.one_of(
        number_names,
        number_names,
        joined("count(", st.sampled_from(["ip.addr", "tcp.flags.syn", "frame.protocols", "ip.src"]), ")"),
        joined("len(", st.sampled_from(["ip.src", "eth.addr", "frame.protocols", "eth.src[0:2]"]), ")"),
    ),
    calculated,
    max_leaves=3,
)
values_of_addresses = [
    (["ip.src", "ip.dst", "ip.addr", "arp.src.proto_ipv4"], ipv4 | joined(ipv4, "/", st.integers(0, 32).map(str))),
    (["ipv6.src", "ipv6.dst", "ipv6.addr"], ipv6 | joined(ipv6, "/", st.integers(0, 128).map(str))),
    (["eth.src", "eth.dst", "eth.addr", "arp.src.hw_mac"], macs),
]
about_addresses = [
    test
    for names, values in values_of_addresses
    for test in (
        joined(quantifiers, st.sampled_from(names), " ", orders, " ", values),
        joined(quantifiers, st.sampled_from(names), " ", orders, " ", st.sampled_from(names)),
        joined(quantifiers, st.sampled_from(names), " in {", values, ", ", values | st.sampled_from(names), "}"),
        joined(quantifiers, st.sampled_from(names), parts, " ", orders, " ", few_octets),
        joined(st.sampled_from(names), parts, " & ", few_octets),
        joined(st.sampled_from(names), parts),
    )
]
known = st.one_of(
    joined(quantifiers, numbers, " ", orders, " ", literals | numbers),
    joined(quantifiers, numbers, " in {", literals, " .. ", literals, ", ", literals | number_names, "}"),
    joined(quantifiers, number_names, " in {", st.lists(literals, min_size=1, max_size=40).map(", ".join), "}"),
    joined(number_names, " & ", literals),
    joined(st.sampled_from(["tcp.flags.syn", "tcp.flags.ack", "ip.flags.df"]), " ", orders, " ", st.sampled_from("01")),
    joined("tcp.flags.syn ", orders, " tcp.flags.ack"),
    joined("frame.time_epoch ", orders, " ", st.sampled_from(["0", "1577836800.5", "2026-01-01", "99999999999"])),
    joined("frame.time_epoch + 1.5 ", orders, " frame.time_epoch - ", st.sampled_from(["0", "9999999999"])),
    joined(quantifiers, st.sampled_from(["eth.addr", "eth.src", "arp.src.hw"]), " contains ", few_octets),
    joined(quantifiers, "string(", number_names | st.sampled_from(either_addresses), ') matches "[02468]$"'),
    joined("frame.protocols ", st.sampled_from(['contains "tcp"', 'matches "^eth:IP"', '== "eth:arp"', '> "eth:i"'])),
    st.sampled_from([*sorted(COLUMNS), *either_numbers, *either_addresses]),
    st.sampled_from(["tcp", "udp", "ip", "ipv6", "eth", "arp", "frame", "icmp", "dns"]),
    *about_addresses,
)
unknown = st.sampled_from(
    ["tcp.options.mss_val > 1000", 'tcp contains "GET"', "ip.src#1 == 192.0.2.1", "dns.qry.name", "http", "ip#2",
     "frame[12:2] == 08:00", "tcp[0:2] & c0:00", "data", "len(udp) > 10", "max(udp.length, dns.id) > 99"]
)  # fmt: skip
filters = st.recursive(
    st.integers(0, 3).flatmap(lambda number: known if number else unknown),
    lambda inner: st.one_of(
        joined("(", inner, st.sampled_from([" and ", " or ", " xor "]), inner, ")"),
        joined("(", inner, " and ", inner, " and ", inner, ")"),
        joined("not (", inner, ")"),
    ),
    max_leaves=5,
).filter(lambda text: is_a_filter(text))


def is_a_filter(text: str) -> bool:
    """A literal made by chance may be more than the field can be."""
    try:
        display_filter(text)
    except FilterError:
        return False
    return True


@st.composite
def damaged(draw: st.DrawFn) -> Packet:
    """A captured packet, cut short or with some octets changed, or octets that nobody sent."""
    packet = draw(st.sampled_from(captured()))
    data = bytearray(packet.data)
    if draw(st.integers(0, 3)) == 0:
        data = bytearray(draw(st.binary(max_size=80)))
    for place, octet in draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=4)):
        if place < len(data):
            data[place] = octet
    return Packet(bytes(data[: draw(st.integers(0, 120))]), packet.interface, packet.time_ns, len(data), packet.number)


@settings(max_examples=200)
@given(filters)
def test_captured_packets_get_the_verdict_that_each_gets_alone(text: str) -> None:
    agree(text, captured())


@settings(max_examples=200)
@given(filters, st.lists(damaged(), min_size=1, max_size=8))
def test_damaged_packets_get_the_verdict_that_each_gets_alone(text: str, packets: list[Packet]) -> None:
    agree(text, packets)


# -- what is told, and what is left to dissecting -------------------------------------------------------------

TABLE = {
    # filter -> the packets (conftest.py) that surely pass; those that only dissecting tells
    "": ("syn push udp6 nested other", ""),
    "frame": ("syn push udp6 nested other", ""),
    "tcp": ("syn push", ""),
    "tcp.flags.syn": ("syn push", ""),
    "tcp.flags.syn == 1": ("syn", ""),
    "tcp.flags & 0x02": ("syn", ""),
    "tcp.port == 9000": ("syn push", ""),
    "tcp.port != 9000": ("", ""),
    "tcp.port ~= 9000": ("syn push", ""),
    "all tcp.port > 9000": ("", ""),
    "not tcp.port == 9000": ("udp6 nested other", ""),
    "not tcp.port != 9000": ("syn push udp6 nested other", ""),
    "udp.port === 40001": ("", ""),
    "count(udp.port) == 2": ("udp6 nested", ""),
    "ipv6.src == 2001:db8::/32": ("udp6", ""),
    "ipv6.addr > 2001:db8::1": ("udp6", ""),
    "2001:db9::/32 > ipv6.src": ("udp6", ""),
    "eth.src[0:3] == 02:00:00": ("syn push udp6 nested other", ""),
    "eth.dst[0] & 01": ("other", ""),
    "eth.dst[4:3]": ("", ""),
    "eth.src[0,9] == 02": ("", ""),
    "eth.src[0:2] < 02:00:00": ("syn push udp6 nested other", ""),
    "eth.src[0:3] <= 02:00": ("", ""),
    "eth.addr contains 1b:21": ("nested", ""),
    "tcp.srcport + 1": ("syn push", ""),
    "min(tcp.srcport, udp.srcport) > 1": ("syn push udp6 nested", ""),
    "frame.len in {tcp.srcport .. 1000}": ("", ""),
    "frame.len * 0 in {0 .. tcp.srcport}": ("syn push", ""),
    "frame.len / 0 == 1": ("", ""),
    "frame.len % 10 - 8": ("push udp6 nested other", ""),
    'frame.protocols contains "udp"': ("udp6 nested", ""),
    # Arrays do not do for these.
    "max(ipv6.addr) == 2001:db8::2": ("udp6", ""),
    "{{tcp.port + tcp.port} + {tcp.port + tcp.port}} - {{tcp.port + tcp.port} + tcp.port} == 49152": ("syn push", ""),
    "ipv6.src & eth.src[0:2] == ::/112": ("udp6", ""),
    "ipv6.src & eth.src[0:2] == 2001:db8::/112": ("", ""),
    f"len(ipv6.src) in {{0 .. 3, {', '.join(map(str, range(16, 56)))}}}": ("udp6", ""),
    # No column has these, nor the octets of a header: that there is a header may be known, and that is something.
    "frame[0] == ff": ("", "syn push udp6 nested other"),
    'tcp contains "World"': ("", "syn push"),
    "tcp[0:2] == c0:00": ("", "syn push"),
    "not tcp[0:2] == c0:00": ("udp6 nested other", "syn push"),
    "tcp.urgent_pointer == 0": ("", "syn push"),
    "len(udp) > tcp.srcport": ("", ""),
    "max(tcp.urgent_pointer, frame.len) > 60": ("", "syn push udp6 nested other"),
    "tcp.srcport#1 == 49152": ("", "syn push"),
    "udp.checksum == 0x69de or frame.len == 58": ("syn", "udp6 nested"),
    "tcp.options.mss_val == 1460 or tcp.flags.syn == 1": ("syn", "push udp6 nested other"),
    "tcp.options.mss_val == 1460 and tcp.flags.syn == 1": ("", "syn"),
    "tcp.options.mss_val == 1460 and tcp.flags.syn == 1 and ip": ("", "syn"),
    "tcp.options.mss_val == 1460 xor tcp.flags.syn == 1": ("", "syn push udp6 nested other"),
    "tcp.flags.syn == 1 xor tcp.flags.ack == 0": ("", ""),
    "tcp.flags.syn == 1 xor tcp": ("push", ""),
    "not (tcp.options.mss_val == 1460 or tcp)": ("", "udp6 nested other"),
    "data": ("", "syn push udp6 nested other"),
    # Only a look at what is carried tells whether this is HTTP: where few packets are left, these are dissected.
    "http": ("", ""),
    "tcp.flags.syn == 0 and http": ("", "push"),
}


@pytest.mark.parametrize("text", TABLE)
def test_what_columns_tell(packets: dict[str, Packet], text: str) -> None:
    surely, possibly = TABLE[text]
    names = {packet.number: name for name, packet in packets.items()}
    found = list(verdicts(text, packets.values()))
    assert " ".join(names[packet.number] for packet, verdict in found if verdict) == surely
    assert " ".join(names[packet.number] for packet, verdict in found if verdict is None) == possibly


def filter_of(text: str, has_column: Callable[[str], bool] = COLUMNS.__contains__) -> ColumnFilter:
    return ColumnFilter(display_filter(text).tree, graph, has_column)


def test_it_names_what_it_needs() -> None:
    columns = filter_of('tcp.port == 80 and (ip or tcp.flags.syn == 1 or tcp contains "x")')
    assert columns.names == ("tcp.srcport", "tcp.dstport", "tcp.flags.syn")
    assert columns.protocols == ("ip", "tcp")


def test_it_says_whether_columns_decide() -> None:
    assert filter_of("tcp.port == 80 and ip or udp.srcport in {1 .. 5}").complete
    assert filter_of('string(ip.src) matches "^10" or frame').complete
    assert not filter_of("tcp.port == 80 or udp.checksum == 0").complete
    assert not filter_of("tcp.port == 80 and ip#2").complete


def test_a_field_that_stands_for_others_has_their_columns() -> None:
    assert filter_of("udp.port == 53", {"udp.srcport", "udp.dstport"}.__contains__).complete
    assert not filter_of("udp.port == 53", {"udp.port", "udp.srcport"}.__contains__).complete


def test_only_packets_that_may_pass_are_tested_row_by_row(packets: dict[str, Packet]) -> None:
    batch = Made([packets["push"], packets["syn"], packets["udp6"]])
    batch.cells("frame.protocols").values[[0, 2]] = 0  # in which no pattern can be searched for
    for text in ('frame.protocols matches "^eth:ip" and tcp.flags.syn == 1',
                 'not (frame.protocols matches "^eth:ipv6" or tcp.flags.syn == 0 or not tcp)'):  # fmt: skip
        passes, unknown = filter_of(text).candidates(batch)
        assert passes.tolist() == [False, True, False]
        assert not unknown.any()


def test_a_field_that_stands_for_some_of_its_namesakes_has_no_columns(wide: Callable[..., Packet]) -> None:
    assert filter_of("wide.small == 1", all_of).complete
    assert not filter_of("wide.either == 1", all_of).complete


def test_areas_of_options_have_no_columns() -> None:
    assert not filter_of("tcp.options", all_of).complete


def test_numbers_may_be_objects(packets: dict[str, Packet]) -> None:
    batch = Made([packets["syn"], packets["udp6"]])
    batch.made["frame.len"] = Cells("frame.len", [], np.array([58, 65], object), np.array([True, True]))
    assert filter_of("frame.len > 60").candidates(batch)[0].tolist() == [False, True]


def test_no_packets_at_all() -> None:
    passes, unknown = filter_of("frame.number + 1 > 2 and tcp").candidates(Made([]))
    assert passes.tolist() == unknown.tolist() == []


def test_the_masks_are_the_callers_own(packets: dict[str, Packet]) -> None:
    batch = Made([packets["syn"], packets["push"]])
    passes, _ = filter_of("tcp.flags.syn").candidates(batch)
    passes[:] = False
    assert batch.cells("tcp.flags.syn").valid.tolist() == [True, True]


# -- numbers at the edges of 64 bits --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide() -> Iterator[Callable[[int, int, int], Packet]]:
    """Makes packets of a made-up protocol with numbers of 64 bits, with a sign and without, and of 8."""

    class Wide(Header):
        """A made-up protocol."""

        name = "wide"
        unsigned = Uint(64, "of 64 bits")
        signed = Int(64, "of 64 bits, with a sign")
        small = Uint(8, "of 8 bits")
        either = Either(small, signed)
        follows = {"udp.port": 40009}

    class Namesake(Header):
        """Another form of it."""

        name = "wide"
        small = Uint(8, "of 8 bits as well")

    def packet(unsigned: int, signed: int, small: int) -> Packet:
        body = unsigned.to_bytes(8, "big") + signed.to_bytes(8, "big", signed=True) + bytes([small])
        below = "0200000000020200000000010800" "4500002d00010000401100000a0000010a000002" "9c419c4900190000"
        return Packet.of(bytes.fromhex(below) + body)

    try:
        yield packet
    finally:
        graph.remove(Namesake)
        graph.remove(Wide)


EDGES = [0, 1, 2, 255, 256, (1 << 31), (1 << 32) - 1, 1 << 53, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
edges = st.sampled_from([*EDGES, *(-each for each in EDGES if 0 < each <= 1 << 63)])
wide_names = st.sampled_from(["wide.unsigned", "wide.signed", "wide.small"])
sums = st.one_of(
    joined("{", wide_names, signs, wide_names | edges.map(str), "}"),
    joined("{", edges.map(str), signs, wide_names, "}"),
    joined(st.sampled_from(["abs(", "min(1, ", "max(wide.signed, "]), wide_names, ")"),
    joined("{-", wide_names, "}"),
)
packets_of = st.tuples(
    st.sampled_from(EDGES), edges.filter(lambda each: each < 1 << 63), st.sampled_from([0, 2, 255])
)


@settings(max_examples=200)
@given(
    joined(wide_names | sums, " ", orders, " ", wide_names | sums | edges.map(str))
    | joined("{", sums, st.sampled_from([" - ", " * ", " / ", " % "]), sums, "} ", orders, " ", edges.map(str))
    | joined(wide_names, " in {", edges.map(str), " .. ", wide_names | sums, ", ", wide_names, "}")
    | joined(wide_names, " in {", st.lists(edges.map(str), min_size=1, max_size=60).map(", ".join), "}"),
    st.lists(packets_of, min_size=1, max_size=6),
)
def test_no_number_is_too_large(
    wide: Callable[[int, int, int], Packet], text: str, numbers: list[tuple[int, int, int]]
) -> None:
    assume(is_a_filter(text))
    packets = [wide(*each) for each in numbers]
    found = [verdict for _, verdict in verdicts(text, packets, all_of)]
    assert found == [display_filter(text)(packet) for packet in packets]


@pytest.mark.parametrize(
    ("text", "first", "second", "passing"),
    [
        # unsigned, signed and small of two packets
        ("wide.unsigned > wide.signed", (1 << 63, -1, 0), (0, 1, 0), [True, False]),
        ("wide.unsigned == wide.signed", ((1 << 64) - 1, -1, 0), (1, 1, 0), [False, True]),
        ("wide.small > -1", (0, 0, 0), (0, 0, 255), [True, True]),
        ("wide.small < wide.unsigned - 1", (0, 0, 0), (2, 0, 0), [False, True]),
        ("wide.small + 1 == 0", (0, 0, 255), (0, 0, 0), [False, False]),
        ("{wide.signed + wide.small} < 0", (0, (1 << 63) - 1, 1), (0, -2, 1), [False, True]),
        ("{wide.signed - wide.unsigned} < 0", (1, -1 << 63, 0), (0, 0, 0), [True, False]),
        ("{wide.signed * wide.unsigned} == 0", (1 << 40, -1 << 40, 0), (0, 0, 0), [False, True]),
        ("{wide.signed / -1} > 0", (0, -1 << 63, 0), (0, 1, 0), [True, False]),
        ("{wide.signed / 2} == -3", (0, -7, 0), (0, 7, 0), [True, False]),
        ("{wide.signed % 4} == -3", (0, -7, 0), (0, 7, 0), [True, False]),
        ("abs(wide.signed) > 0", (0, -1 << 63, 0), (0, 0, 0), [True, False]),
        ("-wide.signed > 0", (0, -1 << 63, 0), (0, 1, 0), [True, False]),
        ("max(wide.unsigned, wide.signed) > 9223372036854775807", (1 << 63, 0, 0), (0, -1, 0), [True, False]),
        ("{wide.unsigned & wide.signed} == 18446744073709551615", ((1 << 64) - 1, -1, 0), (1, -1, 0), [True, False]),
    ],
)
def test_no_number_wraps_around(
    wide: Callable[[int, int, int], Packet],
    text: str,
    first: tuple[int, int, int],
    second: tuple[int, int, int],
    passing: list[bool],
) -> None:
    assert [verdict for _, verdict in verdicts(text, [wide(*first), wide(*second)], all_of)] == passing


def test_a_set_of_many_constants(wide: Callable[[int, int, int], Packet]) -> None:
    packets = [wide(1 << 63, 0, 3), wide(5, 0, 40), wide(41, 0, 41)]
    many = ", ".join(map(str, range(1, 41)))
    found = [verdict for _, verdict in verdicts(f"wide.unsigned in {{{many}, 9223372036854775808}}", packets, all_of)]
    assert found == [True, True, False]
    assert [verdict for _, verdict in verdicts(f"wide.small in {{{many}, -1}}", packets, all_of)] == [True, True, False]
