"""What a user sees of a wrong filter."""

from __future__ import annotations

from rawcap.filter import FilterError


def test_the_text_is_the_message_alone() -> None:
    assert str(FilterError("no field 'tcp.prot'", "tcp.prot == 80", 0, 8)) == "no field 'tcp.prot'"


def test_the_caret_stands_under_the_place() -> None:
    assert FilterError("no number", "tcp.port == x9", 12, 14).render() == "tcp.port == x9\n            ^~"


def test_an_empty_place_at_the_end_has_a_caret_behind_the_filter() -> None:
    assert FilterError("too short", "tcp and", 7, 7).render() == "tcp and\n       ^"


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    assert FilterError("wrong", '"世" x', 4, 5).render() == '"世" x\n     ^'
    assert FilterError("wrong", '"e\u0301" x', 5, 6).render() == '"e\u0301" x\n    ^'


def test_characters_that_move_the_cursor_are_shown_as_spaces() -> None:
    error = FilterError("a\nb\x1b[2J", "ip\n==\t\x1b[2J", 3, 5)
    assert str(error) == "a b [2J"
    assert error.render() == "ip ==  [2J\n   ^~"
