"""Header: a class body read as a declaration, and what a found header answers."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dissectors.fields import Bytes, Found, Text, Uint
from dissectors.graph import graph
from dissectors.header import Header, Item, Malformed, Selector, always, by, group
from dissectors.packet import Interface, Packet

LINK = 64998


@pytest.fixture
def clean() -> Iterator[None]:
    """Takes out again what a test declared."""
    before = list(graph.headers)
    yield
    for header in [each for each in graph.headers if each not in before]:
        graph.remove(header)


def layers(octets: str, length: int = -1) -> list[Any]:
    return Packet(bytes.fromhex(octets), Interface(LINK), 0, length).layers


def test_the_docstring_gives_title_and_reference(clean: None) -> None:
    class Probe(Header):
        """Probe Protocol (RFC 1, 2)."""

        name = "probe"
        a = Uint(8, "first")

    assert (Probe.title, Probe.reference) == ("Probe Protocol", "RFC 1, 2")


def test_fields_are_named_by_protocol_and_attribute(clean: None) -> None:
    class Probe(Header):
        name = "probe"
        a = Uint(8, "first")
        type_ = Uint(8, "second")
        c = Uint(8, "third", name="probe.third")

    assert [field.name for field in Probe.declaration.wire] == ["probe.a", "probe.type", "probe.third"]


def test_an_attribute_of_every_header_cannot_be_a_field(clean: None) -> None:
    with pytest.raises(TypeError, match="call it payload_"):

        class Probe(Header):
            name = "probe"
            payload = Uint(8, "taken")  # type: ignore[assignment]


def test_header_length_and_end_bound_what_follows(clean: None) -> None:
    class Outer(Header):
        name = "outer"
        words = Uint(8, "header, words", unit=2)
        total = Uint(8, "all, octets")
        extra = Bytes(None, "the rest of the header")
        header_length = words
        end = total
        follows = {"frame.linktype": LINK}
        next = always("inner")

    class Inner(Header):
        name = "inner"
        a = Uint(8, "first")

    outer, inner, data = layers("0206aabb1122ffff")
    assert (outer.stop, outer.end, outer.extra) == (4, 6, b"\xaa\xbb")
    assert (inner.start, inner.a, inner.end) == (4, 0x11, 6)
    assert (data.name, data.data_) == ("data", b"\x22")


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("0006aabb", "OUTER gives its header fewer than 2 octets"),
        ("0201aabb", "OUTER says it ends inside its own header"),
        ("0209aabb", "OUTER says it ends beyond what carries it"),
        ("0906aabb", "OUTER does not fit in the 4 octets that are left for it"),
        ("02", "OUTER does not fit in the 1 octets that are left for it"),
    ],
)
def test_contradictions_are_told(clean: None, octets: str, reason: str) -> None:
    class Outer(Header):
        name = "outer"
        words = Uint(8, "header, words", unit=2)
        total = Uint(8, "all, octets")
        header_length = words
        end = total
        follows = {"frame.linktype": LINK}

    assert layers(octets)[0].malformed == reason


def test_what_the_capture_cut_is_truncated_and_not_malformed(clean: None) -> None:
    class Outer(Header):
        name = "outer"
        a = Uint(16, "first")
        b = Uint(16, "second")
        follows = {"frame.linktype": LINK}

    (outer,) = layers("0001ff", length=10)
    assert outer.truncated
    assert outer.malformed == ""
    assert (outer.a, outer.b) == (1, None)


def test_a_continuing_header_is_read_through_the_first(clean: None) -> None:
    class Common(Header):
        name = "msg"
        type = Uint(8, "kind")
        follows = {"frame.linktype": LINK}
        next = by(type, "msg.kind")

    class Ping(Header):
        name = "msg.ping"
        prefix = "msg"
        part_of = "msg"
        ident = Uint(8, "which")
        follows = {"msg.kind": 8}

    (message,) = layers("0807")
    assert message.ident == 7
    assert [item.name for item in message.items()] == ["msg.type", "msg.ident"]


def test_a_selector_reads_ahead_and_is_no_layer(clean: None) -> None:
    class Choice(Selector):
        name = "choice"
        nibble = Uint(4, "first bits")
        rest = Uint(4, "ignored")
        follows = {"frame.linktype": LINK}
        next = by(nibble, "choice.nibble")

    class Nine(Header):
        name = "nine"
        a = Uint(8, "first")
        follows = {"choice.nibble": 9}

    assert [layer.name for layer in layers("95")] == ["nine"]
    assert [layer.name for layer in layers("85")] == ["data"]


def test_a_header_may_follow_itself(clean: None) -> None:
    class Record(Header):
        name = "record"
        size = Uint(8, "octets that follow")
        octets_ = Bytes(size, "the octets")
        end = size + 1
        repeats = True
        follows = {"frame.linktype": LINK}

    assert [layer.octets_ for layer in layers("01aa02bbcc00")] == [b"\xaa", b"\xbb\xcc", b""]


def test_a_body_finds_what_fields_cannot_express(clean: None) -> None:
    class Words(Header):
        name = "words"
        count = Uint(8, "how many")
        word = Found(Text("a word"))
        follows = {"frame.linktype": LINK}

        def body(self) -> Iterator[Item]:
            at = self.start + 1
            for _ in range(self.count):
                if at >= len(self.octets):
                    raise Malformed("fewer words than it says")
                size = self.octets[at]
                word = self.octets[at + 1 : at + 1 + size].decode()
                item = self.found("word", word, at, at + 1 + size)
                yield group("entry", at, at + 1 + size, [item])
                at += 1 + size

    (words,) = layers("0202686901" + "21")
    assert words.word == "hi"
    assert words.values(Words.declaration.fields["word"]) == ["hi", "!"]
    assert words.malformed == ""
    (lying,) = layers("03026869")
    assert lying.word == "hi"
    assert lying.malformed == "fewer words than it says"


def test_content_overrules_a_port(clean: None) -> None:
    class Greeting(Header):
        name = "greeting"
        text = Text("what it says")
        follows = {"frame.linktype": LINK}

        @classmethod
        def recognises(cls, payload: bytes) -> bool:
            return payload.startswith(b"hi")

    assert [layer.name for layer in layers(b"hi there".hex())] == ["greeting"]
    assert [layer.name for layer in layers(b"go away".hex())] == ["data"]


def test_a_header_is_recognised_by_content_where_nothing_leads_to_it(clean: None) -> None:
    class Greeting(Header):
        name = "greeting"
        text = Text("what it says")
        guessed_in = ("udp",)

        @classmethod
        def recognises(cls, payload: bytes) -> bool:
            return payload.startswith(b"hello, probe")

    udp = "4500002800010000401100000a0000010a000002" + "fff0fff100140000" + b"hello, probe".hex()
    assert [layer.name for layer in Packet.of(bytes.fromhex(udp), 228).layers] == ["ip", "udp", "greeting"]


def test_a_label_is_the_name_in_capitals_unless_declared(clean: None) -> None:
    class Probe(Header):
        name = "probe"
        a = Uint(8, "first")

    class Other(Probe):
        name = "other"

    class Named(Header):
        name = "named"
        label = "Named Thing"
        a = Uint(8, "first")

    class Form(Named):
        name = "named.form"

    assert [each.label for each in (Probe, Other, Named, Form)] == ["PROBE", "OTHER", "Named Thing", "Named Thing"]


def test_a_protocol_that_says_nothing_of_itself_tells_its_first_fields(clean: None) -> None:
    class Probe(Header):
        name = "probe"
        version_ = Uint(4, "version")
        state = Uint(4, "state", names={1: "deceased"})
        source = Uint(8, "sender")
        target = Uint(8, "receiver")
        b = Uint(16, "whole octets")
        addresses = ("source", "target")
        follows = {"frame.linktype": LINK}

    assert layers("110203abcd")[0].info() == "version=1 state=1 (deceased) b=43981"
    assert layers("1102")[0].info() == "version=1 state=1 (deceased)"


def test_a_header_that_carries_another_leaves_the_word_to_what_is_below(clean: None) -> None:
    class Outer(Header):
        name = "outer"
        a = Uint(8, "first")
        follows = {"frame.linktype": LINK}
        next = by(a)

    class Part(Header):
        name = "outer.part"
        part_of = "outer"
        b = Uint(8, "second")
        follows = {"outer.a": 1}

    outer = layers("0102")[0]
    assert outer.info() is None
    assert outer.extensions[0].info() is None


def test_a_header_that_follows_another_of_its_kind_lies_on_what_carries_both(clean: None) -> None:
    class Train(Header):
        """Train (made up)."""

        name = "train"
        number = Uint(8, "which train")
        follows = {"frame.linktype": LINK}
        next = always("wagon")

    class Wagon(Header):
        """Wagon (made up)."""

        name = "wagon"
        size = Uint(8, "octets that follow")
        octets_ = Bytes(size, "the octets")
        end = size + 1
        repeats = True

    train, first, second = layers("0701aa01bb")
    assert (first.below, second.below) == (train, train)
    assert (first.predecessor, second.predecessor) == (None, first)
