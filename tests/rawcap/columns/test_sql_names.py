"""rawcap.columns.sql_names: fields in a query, and what is none."""

from __future__ import annotations

import pytest

from dissectors.packet import Interface
from rawcap.columns.sql_names import Names

NAMES = Names(Interface().graph)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select ip.src from packets", 'select "ip.src" from packets'),
        ("select tcp.flags.syn", 'select "tcp.flags.syn"'),
        ("select IP.Src", 'select "ip.src"'),
        ("select packets.ip.src", 'select packets."ip.src"'),
        ("select p.tcp.flags.syn from packets p", 'select p."tcp.flags.syn" from packets p'),
        ("sum(frame.len)/2.5", 'sum("frame.len")/2.5'),
        ("ip.src::text", '"ip.src"::text'),
        ("select ip.src.upper()", 'select "ip.src".upper()'),
        ("select dhcp.option.6RD.prefix", 'select "dhcp.option.6RD.prefix"'),
    ],
)
def test_a_field_is_quoted(query: str, expected: str) -> None:
    assert NAMES.quoted(query).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "'ip.src'",
        "'it''s ip.src'",
        r"E'it\'s ip.src'",
        "$$ip.src$$",
        "$a$ ip.src $$ ip.dst $a$",
        "-- ip.src",
        "/* ip.src */",
        "/* /* */ ip.src */",
        '"ip.src"',
        '"a ""ip.src"""',
        "'ip.src",
        "1.5",
        "a.b",
        "p.*",
    ],
)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert NAMES.quoted(f"select {text}").text == f"select {text}"


def test_after_a_comment_of_one_line_there_is_more() -> None:
    assert NAMES.quoted("select -- ip.src\nip.dst").text == 'select -- ip.src\n"ip.dst"'


def test_a_backslash_ends_nothing_in_a_plain_string() -> None:
    assert NAMES.quoted(r"select 'a\', ip.src").text == r"""select 'a\', "ip.src" """.strip()


def test_the_fields_that_are_named() -> None:
    named = NAMES.quoted('select ip.src, p."ip.dst", "frame.len", \'udp.port\' from packets p -- tcp.port')
    assert list(named.fields) == ["ip.src", "ip.dst", "frame.len"]


@pytest.mark.parametrize("query", ["select 1 from packets where tcp", "where p.tcp", 'where "tcp"', "where TCP"])
def test_a_protocol_is_named(query: str) -> None:
    assert list(NAMES.quoted(query).protocols) == ["tcp"]


@pytest.mark.parametrize(
    "query",
    [
        "select tcp.port as tcp from packets",
        "with tcp as (select 1) select 2",
        "select 1 from packets tcp",
        "select tcp(1)",
        "select null",
    ],
)
def test_a_word_that_names_something_else_is_no_protocol(query: str) -> None:
    assert list(NAMES.quoted(query).protocols) == []


def test_the_file_is_named() -> None:
    assert NAMES.quoted("select file from packets").file
    assert NAMES.quoted("select p.file from packets p").file
    assert not NAMES.quoted("select 'file' from packets").file


def test_what_looks_like_a_field_and_is_none() -> None:
    named = NAMES.quoted("select ip.scr, a.b from packets")
    assert (named.text, named.unknown) == ("select ip.scr, a.b from packets", ["ip.scr"])


def test_a_hint_for_it() -> None:
    assert NAMES.hint("ip.scr").startswith("; did you mean ip.src")


def test_quotes_around_fields_are_taken_away_again() -> None:
    assert NAMES.plain('sum(a."frame.len") and "other" and \'"ip.src"\'') == (
        'sum(a.frame.len) and "other" and \'"ip.src"\''
    )
