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
