"""The grammar: what a filter's text means before anybody knows a field."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from rawcap.filter import FilterError
from rawcap.filter.parse import DEEPEST, parse
from rawcap.filter.syntax import (
    And,
    Arithmetic,
    Between,
    Call,
    Character,
    Comparison,
    Exists,
    InLayers,
    Membership,
    Negative,
    Not,
    Or,
    Quoted,
    Range,
    Sliced,
    Test,
    Value,
    Word,
    Xor,
)

A, B, C, D = (Exists(Word(name)) for name in "abcd")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        ("a and b && c", And((A, B, C))),
        ("a or b || c", Or((A, B, C))),
        ("a xor b ^^ c", Xor((A, B, C))),
        ("a or b xor c and d", Or((A, Xor((B, And((C, D))))))),
        ("a and b or not c and d", Or((And((A, B)), And((Not(C), D))))),
        ("not a and b", And((Not(A), B))),
        ("!(a and b)", Not(And((A, B)))),
        ("! not !a", Not(Not(Not(A)))),
        ("not a == b", Not(Comparison("==", Word("a"), Word("b")))),
        ("a && (b || c)", And((A, Or((B, C))))),
        ("", And(())),
        (" \n\t", And(())),
    ],
)
def test_tests_are_joined(text: str, tree: Test) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("written", "operator", "quantifier"),
    [
        ("==", "==", "any"), ("eq", "==", "any"), ("any_eq", "==", "any"),
        ("===", "==", "all"), ("all_eq", "==", "all"),
        ("!=", "!=", "all"), ("ne", "!=", "all"), ("all_ne", "!=", "all"),
        ("!==", "!=", "any"), ("any_ne", "!=", "any"), ("~=", "!=", "any"),
        ("<", "<", "any"), ("lt", "<", "any"), ("<=", "<=", "any"), ("le", "<=", "any"),
        (">", ">", "any"), ("gt", ">", "any"), (">=", ">=", "any"), ("ge", ">=", "any"),
    ],
)  # fmt: skip
def test_comparisons_and_their_names(written: str, operator: str, quantifier: str) -> None:
    assert parse(f"a {written} b") == Comparison(operator, Word("a"), Word("b"), quantifier)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("all a == b", Comparison("==", Word("a"), Word("b"), "all")),
        ("any a != b", Comparison("!=", Word("a"), Word("b"), "any")),
        ("any a === b", Comparison("==", Word("a"), Word("b"), "any")),
        ("a contains b", Comparison("contains", Word("a"), Word("b"))),
        ('all a matches "x"', Comparison("matches", Word("a"), Quoted("x"), "all")),
        ('a ~ "x"', Comparison("matches", Word("a"), Quoted("x"))),
        ("a < b <= c", And((Comparison("<", Word("a"), Word("b")), Comparison("<=", Word("b"), Word("c"))))),
        ("a in {1}", Membership(Word("a"), (Word("1"),))),
        ("a in{1,2..5 , 7 .. 9}", Membership(
            Word("a"), (Word("1"), Between(Word("2"), Word("5")), Between(Word("7"), Word("9")))
        )),
        ("a in {10.0.0.1..10.0.0.9}", Membership(Word("a"), (Between(Word("10.0.0.1"), Word("10.0.0.9")),))),
        ("a not in {1}", Not(Membership(Word("a"), (Word("1"),)))),
        ("all a in {1}", Membership(Word("a"), (Word("1"),), "all")),
    ],
)  # fmt: skip
def test_relations(text: str, tree: Test) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tcp.port", Word("tcp.port")),
        ("10.0.0.0/8", Word("10.0.0.0/8")),
        ("fe80::/10", Word("fe80::/10")),
        ("::1", Word("::1")),
        ("aa-bb-cc", Word("aa-bb-cc")),
        ("-80", Word("-80")),
        ("a.b-1", Word("a.b-1")),
        ("a.b -1", Arithmetic("-", Word("a.b"), Word("1"))),
        ("a/2", Arithmetic("/", Word("a"), Word("2"))),
        ("80/2", Arithmetic("/", Word("80"), Word("2"))),
        ("a+1*b%2", Arithmetic("+", Word("a"), Arithmetic("%", Arithmetic("*", Word("1"), Word("b")), Word("2")))),
        ("{a+1}*2", Arithmetic("*", Arithmetic("+", Word("a"), Word("1")), Word("2"))),
        ("a & 1 + 2", Arithmetic("&", Word("a"), Arithmetic("+", Word("1"), Word("2")))),
        ("a bitwise_and 2", Arithmetic("&", Word("a"), Word("2"))),
        ("-a", Negative(Word("a"))),
        ("f(a, b)", Call("f", (Word("a"), Word("b")))),
        ("a#2", InLayers(Word("a"), (Range(2, length=1),))),
        ("a#[1-2,-1]", InLayers(Word("a"), (Range(1, end=2), Range(-1, length=1)))),
        ("a[0:4]", Sliced(Word("a"), (Range(0, length=4),))),
        ("a[1,3-5,9:]", Sliced(Word("a"), (Range(1, length=1), Range(3, end=5), Range(9)))),
        ("a[ :2 ]", Sliced(Word("a"), (Range(0, length=2),))),
        ("a[-4--2]", Sliced(Word("a"), (Range(-4, end=-2),))),
        ("a[0x10:010]", Sliced(Word("a"), (Range(16, length=8),))),
        ("a#1[2][3]", Sliced(Sliced(InLayers(Word("a"), (Range(1, length=1),)), (Range(2, length=1),)), (
            Range(3, length=1),
        ))),
    ],
)  # fmt: skip
def test_values(text: str, value: Value) -> None:
    assert parse(text) == Exists(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"plain"', Quoted("plain")),
        (r'"a\"b\\c"', Quoted('a"b\\c')),
        (r'"\x48\105AD\n"', Quoted("HEAD\n")),
        (r'"\u00e9\U0001F600"', Quoted("é😀")),
        (r'"\xe9"', Quoted("\udce9")),
        (r'"\303\251"', Quoted("é")),
        (r'r"\d+\"x"', Quoted(r"\d+\"x")),
        (r"'a'", Character(97)),
        (r"'\n'", Character(10)),
        (r"'\x0a'", Character(10)),
        (r"'\012'", Character(10)),
        (r"'\''", Character(39)),
    ],
)
def test_quotes(text: str, value: Value) -> None:
    assert parse(text) == Exists(value)


@pytest.mark.parametrize(
    ("text", "start", "stop", "message"),
    [
        ("a and", 5, 5, "the filter ends where something should follow"),
        ("(a", 2, 2, "the filter ends where something should follow"),
        ("a)", 1, 2, ") is not expected here"),
        ("a b", 2, 3, "b is not expected here"),
        ("a AND b", 2, 5, "AND is not expected here; did you mean and"),
        ("a == (1)", 5, 6, "( is not expected here; values are grouped by { }"),
        ("== 1", 0, 2, "== is not expected here"),
        ("a = 1", 2, 3, "'=' has no meaning here; did you mean ==?"),
        ("a | b", 2, 3, "'|' has no meaning here; did you mean ||?"),
        ("a in 80", 5, 7, "80 is not expected here"),
        ("a in {}", 6, 7, "} is not expected here"),
        ("a in {1,}", 8, 9, "} is not expected here"),
        ("any a", 5, 5, "the filter ends where something should follow"),
        ('a == "x', 5, 7, "the text has no closing quote"),
        ("a == 'x", 5, 7, "the character has no closing quote"),
        ("a == 'xy'", 5, 9, "'' hold one octet; text takes double quotes"),
        (r'a == "x\dy"', 7, 9, r'\d is no escape; a backslash is written \\, or the text r"..."'),
        (r'a == "\400"', 6, 10, r'\400 is no escape; a backslash is written \\, or the text r"..."'),
        ("a[0:4", 1, 5, "the [ is not closed"),
        ("a[1,x]", 4, 5, "x is not a range; it is written start:length, start-end or start:"),
        ("a[]", 2, 2, "nothing is not a range; it is written start:length, start-end or start:"),
        ("a[0:0]", 2, 5, "0:0 is not a range; it is written start:length, start-end or start:"),
        ("a[5-2]", 2, 5, "5-2 is not a range; it is written start:length, start-end or start:"),
        ("a#b", 2, 3, "# is followed by the number of a layer, or by [ ]"),
        ('"x"#1', 0, 3, "only a field or a protocol is in layers"),
        ("a == \ud800", 5, 6, "this is no character"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, start: int, stop: int, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert (caught.value.start, caught.value.stop) == (start, stop)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "text",
    ["(" * 10_000, "!" * 10_000 + "a", "{" * 10_000, "-" * 10_000 + "a", "f(" * 10_000, "a" + "[0:1]" * 10_000,
     "a" + " + 1" * 10_000, "a" + "[0:1]" * (DEEPEST + 1), "(" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1)],
)  # fmt: skip
def test_nesting_is_bounded(text: str) -> None:
    with pytest.raises(FilterError, match="nested more than 50 deep"):
        parse(text)


def test_long_is_not_deep() -> None:
    tests = " or ".join(f"a == {number}" for number in range(5000))
    members = ", ".join(map(str, range(5000)))
    tree = parse(f"{tests} or a in {{{members}}}")
    assert isinstance(tree, Or)
    assert len(tree.tests) == 5001


def test_spans_are_the_places_in_the_text() -> None:
    text = 'ip.src == 10.0.0.0/8 and not tcp.port in {80, 443}'
    tree = parse(text)
    assert isinstance(tree, And)
    comparison, negation = tree.tests
    assert text[slice(*comparison.span)] == "ip.src == 10.0.0.0/8"
    assert text[slice(*negation.span)] == "not tcp.port in {80, 443}"
    assert isinstance(comparison, Comparison)
    assert text[slice(*comparison.right.span)] == "10.0.0.0/8"


_OFFSETS = st.integers(-99, 99)
_RANGES = st.one_of(
    st.builds(Range, _OFFSETS, length=st.integers(1, 99)),
    st.builds(lambda start, more: Range(start, end=start + more), st.integers(0, 99), st.integers(0, 99)),
    st.builds(Range, _OFFSETS),
)
_WORDS = st.sampled_from(["tcp.port", "ip", "80", "-80", "10.0.0.0/8", "fe80::1", "aa:bb", "0x1f", "a.b-c"]).map(Word)
_VALUES = st.recursive(
    st.one_of(
        _WORDS,
        st.builds(Quoted, st.text(max_size=6)),
        st.builds(Character, st.integers(0, 255)),
        st.builds(InLayers, _WORDS.filter(lambda word: word.text[0] != "-"), st.tuples(_RANGES)),
    ),
    lambda inner: st.one_of(
        st.builds(Arithmetic, st.sampled_from("+-*/%&"), inner, inner),
        st.builds(Negative, inner),
        st.builds(Call, st.sampled_from(["len", "max"]), st.tuples(inner, inner)),
        st.builds(
            Sliced,
            inner.filter(lambda value: not (isinstance(value, Word) and value.text[0] == "-")),
            st.tuples(_RANGES, _RANGES),
        ),
    ),
    max_leaves=5,
)
_QUANTIFIERS = st.sampled_from(["any", "all"])
_TESTS = st.recursive(
    st.one_of(
        st.builds(Exists, _VALUES),
        st.builds(Comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "contains", "matches"]), _VALUES,
                  _VALUES, _QUANTIFIERS),
        st.builds(Membership, _VALUES, st.tuples(_VALUES, st.builds(Between, _VALUES, _VALUES)), _QUANTIFIERS),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        *(st.builds(node, st.lists(inner, min_size=2, max_size=3).map(tuple)) for node in (And, Or, Xor)),
    ),
    max_leaves=6,
)  # fmt: skip


@given(_TESTS)
def test_a_tree_written_out_is_read_back(tree: Test) -> None:
    assert parse(str(tree)) == tree


_PIECES = st.sampled_from(
    ["tcp", "ip.src", "==", "!=", "&&", "not ", "(", ")", "{", "}", "[", "]", '"', "'", "\\", "..", "#", "-", "80",
     "10.0.0.0/8", "in", " ", ",", "&", "any ", "contains", "r\"", "\\x", ":", "len("]
)  # fmt: skip


_CHARACTERS = st.text(st.characters(exclude_categories=[]), max_size=40)


@given(st.one_of(_CHARACTERS, st.lists(_PIECES, max_size=20).map("".join)))
def test_any_text_is_a_tree_or_a_filter_error(text: str) -> None:
    try:
        assert isinstance(parse(text), Test)
    except FilterError as error:
        assert 0 <= error.start <= error.stop <= len(text)
        assert "\n" not in str(error)
