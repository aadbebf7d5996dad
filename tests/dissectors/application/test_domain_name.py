"""Domain names, read from octets (RFC 1035, 3.1 and 4.1.4)."""
from __future__ import annotations

import pytest

from dissectors.application.domain_name import Name, read_name

WWW = b"\3www\7example\3com\0"


def test_a_name_is_its_labels() -> None:
    assert read_name(WWW, 0, 17) == Name("www.example.com", 17, "")


def test_the_root_has_no_label() -> None:
    assert read_name(b"\0", 0, 1) == Name("<Root>", 1, "")


def test_a_pointer_goes_on_elsewhere_and_the_name_ends_behind_it() -> None:
    octets = WWW + b"\4mail\xc0\4"
    assert read_name(octets, 17, 24, 0) == Name("mail.example.com", 24, "")


def test_pointers_count_from_the_message() -> None:
    octets = b"......" + WWW + b"\xc0\0"
    assert read_name(octets, 23, 25, 6) == Name("www.example.com", 25, "")


def test_a_name_may_end_with_several_pointers() -> None:
    octets = b"\3com\0" + b"\1b\xc0\0" + b"\1a\xc0\5"
    assert read_name(octets, 9, 13, 0) == Name("a.b.com", 13, "")


@pytest.mark.parametrize(
    ("octets", "origin", "problem"),
    [
        pytest.param(b"\3www\7exa", 0, "a name has no end", id="cut in a label"),
        pytest.param(b"\3www", 0, "a name has no end", id="cut behind a label"),
        pytest.param(b"\3www\xc0", 0, "a name has no end", id="cut in a pointer"),
        pytest.param(b"\xc0\x40", 0, "a name has no end", id="pointer beyond the message"),
        pytest.param(b"\xc0\0", 0, "a name points to itself", id="pointer to itself"),
        pytest.param(b"\xc0\2\xc0\0", 0, "a name points to itself", id="pointers in a ring"),
        pytest.param(b"\1a\xc0\0", 0, "a name is longer than 255 octets", id="ring with a label"),
        pytest.param(b"\x41\0", 0, "a label begins with 0x41, which has no meaning", id="reserved label"),
        pytest.param(b"\xc0\0", None, "a label begins with 0xc0, which has no meaning", id="no pointers allowed"),
        pytest.param((b"\x3f" + b"a" * 63) * 4 + b"\0", 0, "a name is longer than 255 octets", id="long"),
    ],
)
def test_what_is_no_name(octets: bytes, origin: int | None, problem: str) -> None:
    assert read_name(octets, 0, len(octets), origin).problem == problem


def test_the_longest_name() -> None:
    octets = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0"
    assert len(octets) == 255
    assert read_name(octets, 0, 255) == Name(".".join(["a" * 63] * 3 + ["b" * 61]), 255, "")


def test_octets_that_are_no_utf_8_are_shown_as_escapes() -> None:
    assert read_name(b"\4ab\xffc\0", 0, 6).text == r"ab\xffc"


def test_multicast_names_are_utf_8() -> None:
    assert read_name(b"\5caf\xc3\xa9\0", 0, 7).text == "café"
