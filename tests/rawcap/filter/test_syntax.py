"""The tree's own rules: what a range covers, how nodes are written and walked."""

from __future__ import annotations

import pytest

from rawcap.filter.syntax import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Exists,
    Membership,
    Negative,
    Node,
    Not,
    Quoted,
    Range,
    Word,
    walk,
)


@pytest.mark.parametrize(
    ("part", "size", "cut"),
    [
        (Range(0, length=4), 10, slice(0, 4)),
        (Range(2, end=4), 10, slice(2, 5)),
        (Range(3), 10, slice(3, 10)),
        (Range(-4, length=4), 10, slice(6, 10)),
        (Range(-4, end=-2), 10, slice(6, 9)),
        (Range(1, end=-1), 10, slice(1, 10)),
        (Range(0, length=11), 10, None),
        (Range(10), 10, None),
        (Range(-11, length=1), 10, None),
        (Range(-2, length=3), 10, None),
        (Range(0, length=1), 0, None),
    ],
)
def test_a_range_is_cut_out_or_does_not_reach(part: Range, size: int, cut: slice | None) -> None:
    assert part.cut(size) == cut


@pytest.mark.parametrize(
    ("part", "numbers"),
    [
        (Range(1, length=1), [1]),
        (Range(2, end=3), [2, 3]),
        (Range(2), [2, 3, 4]),
        (Range(-1, length=1), [4]),
        (Range(-2), [3, 4]),
        (Range(0, length=1), []),
        (Range(5, length=1), []),
    ],
)
def test_layers_are_counted_from_one(part: Range, numbers: list[int]) -> None:
    assert [number for number in (1, 2, 3, 4) if part.holds(number, 4)] == numbers


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Quoted('a"b\\c'), '"a\\042b\\134c"'),
        (Quoted("é\udcff"), '"\\303\\251\\377"'),
        (Negative(Word("tcp.len")), "{-{tcp.len}}"),
        (Arithmetic("+", Word("tcp.len"), Word("-1")), "{tcp.len + -1}"),
        (Comparison("!=", Word("ip.src"), Word("::"), "all"), "all ip.src != ::"),
        (Membership(Word("tcp.port"), (Word("80"), Between(Word("1"), Word("9")))), "any tcp.port in {80, 1 .. 9}"),
        (Not(And((Exists(Word("ip")), Exists(Word("tcp"))))), "not ((ip) and (tcp))"),
    ],
)
def test_a_node_is_written_as_a_filter(node: Node, text: str) -> None:
    assert str(node) == text


def test_nodes_are_equal_wherever_they_stand() -> None:
    assert Word("ip", span=(0, 2)) == Word("ip", span=(7, 9))


def test_a_tree_is_walked_from_left_to_right() -> None:
    tree = And((Comparison("==", Word("a"), Word("b")), Not(Exists(Word("c")))))
    assert [node.text for _, node in walk(tree) if isinstance(node, Word)] == ["a", "b", "c"]
    assert [depth for depth, _ in walk(tree)] == [0, 1, 2, 2, 1, 2, 3]
