"""Field kinds: how octets become values, and values text."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dissectors.fields import (
    EUI64,
    MAC,
    Bytes,
    Derived,
    Either,
    Field,
    Flag,
    Int,
    IPv4Address,
    IPv6Address,
    Repeat,
    Text,
    Time,
    Uint,
    any_of,
)
from dissectors.graph import graph
from dissectors.header import Header
from dissectors.packet import Packet

LINK = 64999


@pytest.fixture
def declare() -> Iterator[Any]:
    """Declares a header with the given body, found under a link type of its own, and dissects octets with it."""
    made: list[type[Header]] = []

    def dissect(octets: str, **body: Any) -> Any:
        cls = type(Header)("Probe", (Header,), {"name": "probe", "follows": {"frame.linktype": LINK}, **body})
        made.append(cls)  # type: ignore[arg-type]
        return Packet.of(bytes.fromhex(octets), LINK).layers[0]

    yield dissect
    for cls in made:
        graph.remove(cls)


@pytest.mark.parametrize(
    ("field", "octets", "value", "text"),
    [
        (Uint(8, ""), "ff", 255, "255"),
        (Uint(16, "", shown=hex), "0800", 0x800, "0x0800"),
        (Uint(24, ""), "010203", 0x010203, "66051"),
        (Uint(64, ""), "ffffffffffffffff", 2**64 - 1, "18446744073709551615"),
        (Uint(16, "", little=True), "0102", 0x0201, "513"),
        (Uint(8, "", unit=4, plus=8), "03", 20, "20"),
        (Int(8, ""), "fe", -2, "-2"),
        (Int(16, "", little=True), "ff7f", 32767, "32767"),
        (Flag("", bits=8), "80", True, "1"),
        (MAC(""), "0200000000ff", "02:00:00:00:00:ff", "02:00:00:00:00:ff"),
        (EUI64(""), "0011223344556677", "00:11:22:33:44:55:66:77", "00:11:22:33:44:55:66:77"),
        (IPv4Address(""), "c0000201", "192.0.2.1", "192.0.2.1"),
        (IPv6Address(""), "20010db8000000000000000000000001", "2001:db8::1", "2001:db8::1"),
        (Bytes(3, ""), "010203", b"\1\2\3", "010203"),
        (Text("", 5), "6869000000", "hi", "hi"),
        (Text("", 2), "ff41", "\\xffA", "\\xffA"),
        (Time(""), "0000000059682f01", 1_500_000_001, "1.500000001"),
    ],
)
def test_a_value_and_its_text(declare: Any, field: Field, octets: str, value: Any, text: str) -> None:
    layer = declare(octets, probed=field)
    assert layer.probed == value
    assert layer.values(field) == [value]
    assert field.text(value) == text


def test_bits_are_counted_from_the_most_significant(declare: Any) -> None:
    layer = declare("a53c", a=Uint(3, ""), b=Uint(7, ""), c=Uint(6, ""))
    assert (layer.a, layer.b, layer.c) == (0b101, 0b0010100, 0b111100)


def test_parts_name_the_bits_of_a_field(declare: Any) -> None:
    flags = Uint(8, "", parts={"high": Flag(""), "middle": Uint(6, ""), "low": Flag("")})
    layer = declare("83", flags=flags)
    assert (layer.flags, layer.high, layer.middle, layer.low) == (0x83, True, 1, True)
    assert flags.parts["middle"].name == "probe.flags.middle"


def test_parts_must_fill_their_field(declare: Any) -> None:
    with pytest.raises(TypeError, match="take 7 bits of 8"):
        declare("00", flags=Uint(8, "", parts={"a": Uint(7, "")}))


def test_a_known_value_has_a_name() -> None:
    field = Uint(8, "", names={6: "TCP"})
    assert field.describe(6) == "6 (TCP)"
    assert field.describe(7) == "7"


def test_a_field_may_be_there_only_under_a_condition(declare: Any) -> None:
    present = Flag("")
    body = {"present": present, "rest": Uint(7, ""), "key": Uint(16, "", when=present), "last": Uint(8, "")}
    with_key = declare("80000509", **body)
    assert (with_key.key, with_key.last) == (5, 9)
    present = Flag("")
    body = {"present": present, "rest": Uint(7, ""), "key": Uint(16, "", when=present), "last": Uint(8, "")}
    without = declare("0009", **body)
    assert (without.key, without.last) == (None, 9)


@pytest.mark.parametrize(("octets", "value"), [("80aa", 0xAA), ("40aa", 0xAA), ("3faa", None)])
def test_any_of_several_bits(declare: Any, octets: str, value: int | None) -> None:
    a, b = Flag(""), Flag("")
    layer = declare(octets, a=a, b=b, rest=Uint(6, ""), extra=Uint(8, "", when=any_of(a, b)))
    assert layer.extra == value


@pytest.mark.parametrize(("octets", "value"), [("0211", 0x11), ("0311", None)])
def test_a_condition_on_a_value(declare: Any, octets: str, value: int | None) -> None:
    kind = Uint(8, "")
    assert declare(octets, kind=kind, extra=Uint(8, "", when=kind.equals(2))).extra == value


@pytest.mark.parametrize(("octets", "value"), [("0211aa", 0x11), ("0511aa", 0x11), ("03aa", None)])
def test_a_condition_on_several_values(declare: Any, octets: str, value: int | None) -> None:
    kind = Uint(8, "")
    layer = declare(octets, kind=kind, extra=Uint(8, "", when=kind.among(2, 5)), after=Uint(8, ""))
    assert (layer.extra, layer.after) == (value, 0xAA)
    assert layer.stop == len(bytes.fromhex(octets))


@pytest.mark.parametrize(("octets", "value"), [("020411", 0x11), ("020311", None), ("030411", None)])
def test_two_conditions_at_once(declare: Any, octets: str, value: int | None) -> None:
    kind, size = Uint(8, ""), Uint(8, "")
    both = kind.equals(2) & size.equals(4)
    layer = declare(octets, kind=kind, size=size, extra=Uint(8, "", when=both), header_length=size * 0 + 3)
    assert layer.extra == value


def test_two_conditions_at_once_need_a_header_length(declare: Any) -> None:
    kind, size = Uint(8, ""), Uint(8, "")
    both = kind.equals(2) & size.equals(4)
    with pytest.raises(TypeError, match="kind and another field decide: the header must give its header_length"):
        declare("020411", kind=kind, size=size, extra=Uint(8, "", when=both))


def test_octets_as_long_as_another_field_says(declare: Any) -> None:
    size = Uint(8, "")
    layer = declare("03aabbcc99", size=size, body_=Bytes(size, ""), after=Uint(8, ""))
    assert layer.body_ == b"\xaa\xbb\xcc"
    assert layer.after == 0x99


def test_a_length_that_lies_gives_what_is_there(declare: Any) -> None:
    size = Uint(8, "")
    layer = declare("ffaabb", size=size, body_=Bytes(size, ""), after=Uint(8, ""))
    assert layer.body_ == b"\xaa\xbb"
    assert layer.after is None
    assert layer.malformed == "PROBE does not fit in the 3 octets that are left for it"


def test_repeated_fields_give_every_value(declare: Any) -> None:
    layer = declare("0001000200030004ff", rows=Repeat("row", left=Uint(16, ""), right=Uint(16, "")))
    assert layer.left == [1, 3]
    assert layer.right == [2, 4]


def test_repeated_fields_as_often_as_counted(declare: Any) -> None:
    count = Uint(8, "")
    layer = declare("02aabbcc", count=count, rows=Repeat("row", count=count, each=Uint(8, "")))
    assert layer.each == [0xAA, 0xBB]


def test_one_name_for_several_fields(declare: Any) -> None:
    a, b = Uint(8, ""), Uint(8, "")
    either = Either(a, b)
    layer = declare("0102", a=a, b=b, either=either)
    assert layer.values(either) == [1, 2]


def test_a_field_that_is_worked_out(declare: Any) -> None:
    layer = declare("02", a=Uint(8, ""), twice=Derived(Uint(8, ""), lambda layer: layer.a * 2))
    assert layer.twice == 4


def test_fixed_parts_are_whole_octets(declare: Any) -> None:
    with pytest.raises(TypeError, match="7 bits, not whole octets"):
        declare("00", a=Uint(7, ""))


def test_names_that_depend_on_another_field(declare: Any, told: Any) -> None:
    kind = Uint(8, "")
    code = Uint(8, "", names=lambda layer: {1: "one of seven"} if layer.kind == 7 else {})
    assert told(declare("0701", kind=kind, code=code), "probe.code") == ["1 (one of seven)"]
    assert told(declare("0601", kind=kind, code=code), "probe.code") == ["1"]


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        (Uint(8, "", shown=hex, digits=8), "0x0000001d", "0x1d"),
        (Uint(16, "", shown=hex, digits=0), "29", "0x001d"),
        (Uint(8, "", shown=hex), "0x1d", "0x1d"),
    ],
)
def test_a_person_sees_as_many_digits_as_the_bits_need(field: Uint, text: str, said: str) -> None:
    assert field.text(29) == text
    assert field.describe(29) == said


def test_a_row_is_headed_by_what_a_function_makes_of_it(declare: Any) -> None:
    rows = Repeat("row", lambda layer, number: f"Row {number} of {layer.stop}", each=Uint(8, ""))
    groups = list(declare("aabb", rows=rows).items())
    assert [(group.title, group.children[0].value) for group in groups] == [("Row 0 of 2", 0xAA), ("Row 1 of 2", 0xBB)]


def test_a_field_without_octets_is_not_shown(declare: Any) -> None:
    size = Uint(8, "")
    layer = declare("00", size=size, body_=Bytes(size, ""))
    assert layer.body_ == b""
    assert [item.name for item in layer.items()] == ["probe.size"]
