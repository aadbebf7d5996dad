"""Options: an area of kind, length and value, cut into headers of their own."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dissectors.fields import Options, Uint
from dissectors.graph import graph
from dissectors.header import Header, Option, by
from dissectors.packet import Packet

LINK = 64997


@pytest.fixture
def letter() -> Iterator[None]:
    """A header that is all options: kind 0 ends, 1 stands alone, 2 holds a number, others are not declared."""
    before = list(graph.headers)

    class Note(Option):
        """Note (made up)."""

        name = "note"
        kind = Uint(8, "kind")
        size = Uint(8, "octets of the note")
        members = by(kind)
        end = size
        single = (0, 1)
        last = (0,)
        align = 2

    class Number(Note):
        """Number (made up)."""

        name = "note.number"
        value = Uint(16, "the number")
        follows = {"note.kind": 2}

    class Shade(Note):
        """Shade, which is a family itself (made up)."""

        name = "note.shade"
        hue = Uint(4, "hue")
        members = by(hue)
        follows = {"note.kind": 3}

    class Red(Shade):
        """Red (made up)."""

        name = "note.shade.red"
        redness = Uint(4, "how red")
        follows = {"note.shade.hue": 1}

    class Long(Note):
        """A note that says more of its length (made up)."""

        name = "note.long"
        size = Uint(8, "octets of the note", name="note.size", parts={"high": Uint(4, "high"), "low": Uint(4, "low")})
        follows = {"note.kind": 4}

    class Letter(Header):
        """Letter (made up)."""

        name = "letter"
        options = Options(Note)
        follows = {"frame.linktype": LINK}

    yield
    for header in [each for each in graph.headers if each not in before]:
        graph.remove(header)


def options(octets: str) -> list[Any]:
    return list(Packet.of(bytes.fromhex(octets), LINK).layers[0].options)


def test_each_option_is_a_header(letter: None) -> None:
    first, second = options("02040102" "02040304")
    assert (first.name, first.value, first.start, first.stop) == ("note.number", 0x0102, 0, 4)
    assert (second.value, second.start) == (0x0304, 4)


def test_an_option_that_nobody_declared_is_its_family(letter: None) -> None:
    unknown, number = options("0904ffff" "02040001")
    assert (unknown.name, unknown.kind, unknown.stop - unknown.start) == ("note", 9, 4)
    assert number.value == 1


def test_options_that_stand_alone_have_no_length(letter: None) -> None:
    single, number = options("01" "02040001")
    assert (single.kind, single.size, single.malformed) == (1, None, "")
    assert number.value == 1


def test_the_last_kind_ends_the_area(letter: None) -> None:
    assert [each.kind for each in options("01" "00" "02040001")] == [1, 0]


def test_padding_between_options_is_left_out(letter: None) -> None:
    odd, number = options("0903ff" "00" "02040001")
    assert (odd.stop, number.start) == (3, 4)


@pytest.mark.parametrize("octets", ["0200ffff", "0201ffff"])
def test_a_length_below_the_least_ends_the_area(letter: None, octets: str) -> None:
    (only,) = options(octets)
    assert only.malformed == "note.number says it ends inside its own header"


def test_a_length_beyond_the_area_ends_it(letter: None) -> None:
    (only,) = options("0209ff")
    assert only.stop == 3
    assert only.value is None
    assert only.malformed


def test_an_option_too_short_for_its_fields_keeps_what_is_whole(letter: None) -> None:
    short, number = options("0203ff00" "02040001")
    assert short.value is None
    assert short.malformed == "note.number does not fit in the 3 octets that are left for it"
    assert number.value == 1


def test_fields_of_options_are_found_by_name(letter: None) -> None:
    packet = Packet.of(bytes.fromhex("0204000102040002"), LINK)
    assert packet["note.number.value"] == 1
    assert packet.values("note.number.value") == [1, 2]
    assert packet.values("note.kind") == [2, 2]


def test_a_member_may_be_a_family_itself(letter: None) -> None:
    red, other = options("03031f00" "03032f")
    assert (red.name, red.hue, red.redness) == ("note.shade.red", 1, 15)
    assert (other.name, other.hue) == ("note.shade", 2)


def test_what_tells_members_apart_is_read_within_the_option(letter: None) -> None:
    (shade, other) = options("0302" "1102")
    assert (shade.name, other.kind) == ("note.shade", 0x11)


def test_a_member_says_a_field_of_the_family_in_its_own_words(letter: None) -> None:
    packet = Packet.of(bytes.fromhex("0412" + "00" * 16), LINK)
    assert packet.values("note.size") == [18]
    assert packet.layers[0].options[0].low == 2


def test_the_name_of_a_member_gives_its_octets(letter: None) -> None:
    assert Packet.of(bytes.fromhex("0102040102"), LINK).values("note.number") == [bytes.fromhex("02040102")]


def test_the_area_is_read_as_octets_by_its_name(letter: None) -> None:
    assert Packet.of(bytes.fromhex("0102040102"), LINK)["letter.options"] == bytes.fromhex("0102040102")


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("0203ff00", "2 (Number) cannot be 3 octets"),
        ("0205ffffff00", "2 (Number) cannot be 5 octets"),
        ("0209ff", "note says it ends beyond what carries it"),
    ],
)
def test_a_strict_family_does_not_believe_a_wrong_length(
    letter: None, octets: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph.protocols["note"], "strict", True)
    option, *_ = options(octets)
    assert option.name == "note"
    assert option.malformed == reason


def test_an_area_that_the_capture_cut_is_no_contradiction(letter: None) -> None:
    whole = Packet.of(bytes.fromhex("02040102"), LINK)
    cut = Packet(whole.data[:3], whole.interface, length=4)
    (only,) = cut.layers[0].options
    assert (only.kind, only.value, only.truncated, only.malformed) == (2, None, True, "")


def test_a_kind_is_called_as_its_member_unless_the_family_names_it() -> None:
    before = list(graph.headers)

    class Coin(Option):
        name = "coin"
        kind = Uint(8, "kind", names={1: "penny"})
        members = by(kind)

    class Penny(Coin):
        """One penny (made up)."""

        name = "coin.penny"
        follows = {"coin.kind": 1}

    class Crown(Coin):
        """Crown or half-crown (made up)."""

        name = "coin.crown"
        follows = {"coin.kind": (2, 3)}

    kind = Coin.declaration.fields["kind"]
    for header in [each for each in graph.headers if each not in before]:
        graph.remove(header)
    assert [kind.describe(value) for value in range(1, 5)] == [
        "1 (penny)",
        "2 (Crown or half-crown)",
        "3 (Crown or half-crown)",
        "4",
    ]
