"""Reader: how a body goes through its octets."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from dissectors.fields import Bytes, Flag, Found, Uint
from dissectors.graph import graph
from dissectors.header import Header, Item, Malformed
from dissectors.packet import Interface, Packet
from dissectors.reader import Reader, gather

LINK = 147  # LINKTYPE_USER0


@pytest.fixture
def parcel() -> Iterator[None]:
    """A header with one fixed octet, then as many things as it says."""

    class Parcel(Header):
        """Parcel."""

        name = "parcel"
        things = Uint(8, "how many things")
        size = Found(Uint(8, "octets of a thing", parts={"fragile": Flag("fragile"), "weight": Uint(7, "weight")}))
        thing = Found(Bytes(None, "a thing"))
        shelf_size = Found(Uint(8, "octets of the shelf"))
        number = Found(Uint(16, "a number on the shelf"))
        follows = {"frame.linktype": LINK}

        def body(self) -> Iterator[Item]:
            reader = Reader(self)
            for _ in range(self.things):
                yield from gather("Thing", reader.counted("size", "thing"))
            if reader.left:
                yield from reader.vector("shelf_size", "number")
            if reader.left:
                raise Malformed("too much")

    yield
    graph.remove(Parcel)


def read(octets: str, length: int = -1) -> Packet:
    data = bytes.fromhex(octets)
    return Packet(data, Interface(LINK), None, length if length >= 0 else len(data))


def test_items_are_taken_one_behind_the_other(parcel: None) -> None:
    packet = read("02 02aabb 01cc")
    assert packet.values("parcel.size") == [2, 1]
    assert packet.values("parcel.thing") == [b"\xaa\xbb", b"\xcc"]
    assert packet.malformed == ""


def test_items_have_their_octets_and_groups_those_of_their_items(parcel: None) -> None:
    _, first, second = read("02 02aabb 01cc").parcel.items()
    assert [(first.title, first.start, first.stop), (second.title, second.start, second.stop)] == [
        ("Thing", 1, 4),
        ("Thing", 4, 6),
    ]
    assert [(item.name, item.start, item.stop) for item in second.children] == [
        ("parcel.size", 4, 5),
        ("parcel.thing", 5, 6),
    ]


def test_parts_of_an_item_are_found_too(parcel: None) -> None:
    packet = read("01 82" + "00" * 130)
    assert packet["parcel.size.fragile"] is True
    assert packet["parcel.size.weight"] == 2


def test_nothing_is_there_where_nothing_is_counted(parcel: None) -> None:
    packet = read("01 00")
    assert packet["parcel.size"] == 0
    assert packet["parcel.thing"] is None


def test_a_vector_repeats_its_item(parcel: None) -> None:
    assert read("00 04 0001 0203").values("parcel.number") == [1, 0x0203]


def test_an_item_does_not_reach_beyond_its_vector(parcel: None) -> None:
    packet = read("00 03 0001 02 ffff")
    assert packet.values("parcel.number") == [1]
    assert packet.malformed == "Parcel: 2 octets where 1 are left"


def test_what_reaches_beyond_the_end_is_told_and_what_was_before_stays(parcel: None) -> None:
    packet = read("02 02aabb 05cc")
    assert packet.values("parcel.size") == [2, 5]
    assert packet.values("parcel.thing") == [b"\xaa\xbb"]
    assert packet.malformed == "Parcel: 5 octets where 1 are left"


def test_what_the_capture_cut_is_no_contradiction(parcel: None) -> None:
    packet = read("02 02aabb 05cc", 10)
    assert packet.values("parcel.size") == [2, 5]
    assert packet.malformed == ""
    assert packet.parcel.truncated


def test_another_contradiction_is_told_even_so(parcel: None) -> None:
    assert read("00 00 ff", 10).malformed == "too much"
