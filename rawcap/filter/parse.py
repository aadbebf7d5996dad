"""Text to syntax tree: the grammar of wireshark-filter(4), read by recursive descent.

From what binds least to what binds most:

    either      exclusive { ("or" | "||") exclusive }
    exclusive   both { ("xor" | "^^") both }
    both        test { ("and" | "&&") test }
    test        ("not" | "!") test | "(" either ")" | ["any" | "all"] relation
    relation    value { comparison value } | value ("contains" | "matches") value | value ["not"] "in" set | value
    set         "{" value [".." value] { "," value [".." value] } "}"
    value       sum { "&" sum }
    sum         product { ("+" | "-") product }
    product     factor { ("*" | "/" | "%") factor }
    factor      "-" factor | primary { "#" layers | "[" ranges "]" }
    primary     word | text | character | function "(" value { "," value } ")" | "{" value "}"

`a < b < c` means `a < b and b < c`.  A minus needs a space before it, for names and literals may hold one.  Nesting
is bounded, so that no text can exhaust the stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dissectors.graph import nearest
from rawcap.filter.errors import FilterError
from rawcap.filter.literals import number
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
    Quantifier,
    Quoted,
    Range,
    Sliced,
    Test,
    Value,
    Word,
    Xor,
    walk,
)

DEEPEST = 50
"""How deep the text may nest, and how high the tree may grow."""

_COMPARISONS: dict[str, tuple[str, Quantifier]] = {
    "==": ("==", "any"),
    "eq": ("==", "any"),
    "any_eq": ("==", "any"),
    "===": ("==", "all"),
    "all_eq": ("==", "all"),
    "!=": ("!=", "all"),
    "ne": ("!=", "all"),
    "all_ne": ("!=", "all"),
    "!==": ("!=", "any"),
    "any_ne": ("!=", "any"),
    "~=": ("!=", "any"),
    "<": ("<", "any"),
    "lt": ("<", "any"),
    "<=": ("<=", "any"),
    "le": ("<=", "any"),
    ">": (">", "any"),
    "gt": (">", "any"),
    ">=": (">=", "any"),
    "ge": (">=", "any"),
}
_SEARCHES = {"contains": "contains", "matches": "matches", "~": "matches"}
_LOGIC = ("and", "or", "xor", "not", "in", "any", "all", "bitwise_and")
_KEYWORDS = frozenset(word for word in (*_COMPARISONS, *_SEARCHES, *_LOGIC) if word[0].isalpha())
_MEANT = {"=": "==", "|": "||", "^": "^^"}
_HINTS = {"(": "; values are grouped by { }"}

_TOKEN = re.compile(
    r"""
    (?P<space> \s+ )
  | (?P<text> [rR]? "(?:[^"\\]|\\.)*" )
  | (?P<character> '(?:[^'\\]|\\.)*' )
  | (?P<ranges> \[ [^\[\]]* \] )
  | (?P<word> (?: [0-9]+ (?:\.[0-9]+){3} | [0-9A-Fa-f]* : [0-9A-Fa-f:.]* ) / [0-9]+
            | (?: [A-Za-z0-9_:] | \.(?!\.) ) (?: [A-Za-z0-9_:-] | \.(?!\.) )* )
  | (?P<operator> ===|!==|==|!=|~=|<=|>=|&&|\|\||\^\^|\.\. | [<>!~&(){},+*/%\#-] )
    """,
    re.VERBOSE | re.DOTALL,
)
_UNCLOSED = {
    '"': "the text has no closing quote",
    "'": "the character has no closing quote",
    "[": "the [ is not closed",
}

_ESCAPE = re.compile(
    r"""\\(?: (?P<plain> [abfnrtv'"\\] ) | (?P<octal> [0-7]{1,3} ) | x(?P<hex> [0-9A-Fa-f]{1,2} )
          | u(?P<short> [0-9A-Fa-f]{4} ) | U(?P<long> [0-9A-Fa-f]{8} ) | . )""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "'": 39, '"': 34, "\\": 92}

_OFFSET = r"\s* -? (?: 0x[0-9A-Fa-f]{1,8} | 0[0-7]{0,10} | [1-9][0-9]{0,9} ) \s*"
_RANGE = re.compile(
    rf"""(?P<start>{_OFFSET}) (?: :(?P<length>{_OFFSET}) | -(?P<end>{_OFFSET}) | (?P<rest>:\s*) )?
       | \s*:(?P<first>{_OFFSET})""",
    re.VERBOSE,
)


def parse(text: str) -> Test:
    """The tree of a filter; And(()) for an empty one.  Raises FilterError."""
    for at, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            raise FilterError("this is no character", text, at, at + 1)
    parser = _Parser(text)
    if parser.token.kind == "end":
        return And((), span=(0, len(text)))
    tree = parser.either()
    if parser.token.kind != "end":
        raise parser.unexpected()
    for depth, node in walk(tree):
        if depth > DEEPEST:
            raise parser.too_deep(*node.span)
    return tree


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    stop: int


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            wrong = text[at]
            if wrong in _UNCLOSED:
                raise FilterError(_UNCLOSED[wrong], text, at, len(text))
            hint = f"; did you mean {_MEANT[wrong]}?" if wrong in _MEANT else ""
            raise FilterError(f"{wrong!r} has no meaning here{hint}", text, at, at + 1)
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), match[0], at, match.end())
        at = match.end()
    yield _Token("end", "", len(text), len(text))


class _Parser:
    """Reads the tokens of one filter from left to right; each method reads what the grammar calls by its name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.index]

    def advance(self) -> _Token:
        token = self.token
        self.index += 1
        return token

    def sees(self, *texts: str) -> bool:
        return self.token.kind in ("word", "operator") and self.token.text in texts

    def accept(self, *texts: str) -> bool:
        """Step over the next token when it is one of `texts`."""
        if self.sees(*texts):
            self.index += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.unexpected()

    def span(self, start: int) -> tuple[int, int]:
        """From `start` to the end of the last token."""
        return start, self.tokens[self.index - 1].stop

    def error(self, message: str, start: int, stop: int) -> FilterError:
        return FilterError(message, self.text, start, stop)

    def unexpected(self) -> FilterError:
        token = self.token
        if token.kind == "end":
            return self.error("the filter ends where something should follow", token.start, token.stop)
        hint = _HINTS.get(token.text, "")
        if token.kind == "word" and token.text not in _KEYWORDS:
            hint = nearest(token.text.lower(), _KEYWORDS)
        return self.error(f"{token.text} is not expected here{hint}", token.start, token.stop)

    def too_deep(self, start: int, stop: int) -> FilterError:
        return self.error(f"nested more than {DEEPEST} deep", start, stop)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """What is read inside is nested one level deeper."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.too_deep(self.token.start, self.token.stop)
        yield
        self.depth -= 1

    # -- tests ------------------------------------------------------------------------------------------------

    def either(self) -> Test:
        return self.joined(Or, self.exclusive, "or", "||")

    def exclusive(self) -> Test:
        return self.joined(Xor, self.both, "xor", "^^")

    def both(self) -> Test:
        return self.joined(And, self.test, "and", "&&")

    def joined(self, node: type[And | Or | Xor], operand: Callable[[], Test], *operators: str) -> Test:
        start = self.token.start
        tests = [operand()]
        while self.accept(*operators):
            tests.append(operand())
        return tests[0] if len(tests) == 1 else node(tuple(tests), span=self.span(start))

    def test(self) -> Test:
        start = self.token.start
        if self.accept("not", "!"):
            with self.deeper():
                inner = self.test()
            return Not(inner, span=self.span(start))
        if self.accept("("):
            with self.deeper():
                inner = self.either()
            self.expect(")")
            return inner
        return self.relation()

    def relation(self) -> Test:
        start = self.token.start
        asked: Quantifier | None = "any" if self.accept("any") else "all" if self.accept("all") else None
        left = self.value()
        tests: list[Test] = []
        while self.sees(*_COMPARISONS):
            operator, usual = _COMPARISONS[self.advance().text]
            right = self.value()
            tests.append(Comparison(operator, left, right, asked or usual, span=self.span(start)))
            left, start = right, right.span[0]
        if len(tests) > 1:
            return And(tuple(tests), span=self.span(tests[0].span[0]))
        if tests:
            return tests[0]
        if self.sees(*_SEARCHES):
            operator = _SEARCHES[self.advance().text]
            return Comparison(operator, left, self.value(), asked or "any", span=self.span(start))
        if self.sees("in") or (self.sees("not") and self.tokens[self.index + 1].text == "in"):
            negated = self.accept("not")
            self.expect("in")
            member = Membership(left, self.elements(), asked or "any", span=self.span(start))
            return Not(member, span=member.span) if negated else member
        if asked:
            raise self.unexpected()
        return Exists(left, span=left.span)

    def elements(self) -> tuple[Value, ...]:
        self.expect("{")
        found: list[Value] = []
        while not found or self.accept(","):
            low = self.value()
            found.append(Between(low, self.value()) if self.accept("..") else low)
        self.expect("}")
        return tuple(found)

    # -- values -----------------------------------------------------------------------------------------------

    def value(self) -> Value:
        return self.operation(self.sum, "&", "bitwise_and")

    def sum(self) -> Value:
        return self.operation(self.product, "+", "-")

    def product(self) -> Value:
        return self.operation(self.factor, "*", "/", "%")

    def operation(self, operand: Callable[[], Value], *operators: str) -> Value:
        start = self.token.start
        left = operand()
        while self.sees(*operators):
            operator = self.advance().text.replace("bitwise_and", "&")
            right = operand()
            left = Arithmetic(operator, left, right, span=self.span(start))
        return left

    def factor(self) -> Value:
        start = self.token.start
        if self.accept("-"):
            following = self.token
            if following.kind == "word" and following.start == start + 1 and following.text[0].isdigit():
                self.advance()
                return Word(f"-{following.text}", span=self.span(start))
            with self.deeper():
                inner = self.factor()
            return Negative(inner, span=self.span(start))
        value = self.primary()
        if self.accept("#"):
            if not isinstance(value, Word):
                raise self.error("only a field or a protocol is in layers", *value.span)
            value = InLayers(value, self.layers(), span=self.span(start))
        while self.token.kind == "ranges":
            ranges = self.ranges()
            value = Sliced(value, ranges, span=self.span(start))
        return value

    def primary(self) -> Value:
        token = self.token
        if self.accept("{"):
            with self.deeper():
                inner = self.value()
            self.expect("}")
            return inner
        if token.kind == "text":
            self.advance()
            raw = token.text[0] != '"'
            return Quoted(token.text[2:-1] if raw else self.unescaped(token), span=self.span(token.start))
        if token.kind == "character":
            self.advance()
            octets = self.unescaped(token).encode("utf-8", "surrogateescape")
            if len(octets) != 1:
                raise self.error("'' hold one octet; text takes double quotes", token.start, token.stop)
            return Character(octets[0], span=self.span(token.start))
        if token.kind != "word" or token.text in _KEYWORDS:
            raise self.unexpected()
        self.advance()
        if self.accept("("):
            with self.deeper():
                arguments = [self.value()]
                while self.accept(","):
                    arguments.append(self.value())
            self.expect(")")
            return Call(token.text, tuple(arguments), span=self.span(token.start))
        return Word(token.text, span=self.span(token.start))

    # -- inside tokens ----------------------------------------------------------------------------------------

    def layers(self) -> tuple[Range, ...]:
        token = self.token
        if token.kind == "ranges":
            return self.ranges()
        if token.kind != "word" or not re.fullmatch("[0-9]{1,9}", token.text):
            raise self.error("# is followed by the number of a layer, or by [ ]", token.start, token.stop)
        self.advance()
        return (Range(int(token.text), length=1),)

    def ranges(self) -> tuple[Range, ...]:
        token = self.advance()
        at = token.start + 1
        ranges = []
        for part in token.text[1:-1].split(","):
            match = _RANGE.fullmatch(part)
            found = _range(match) if match is not None else None
            if found is None:
                raise self.error(
                    f"{part.strip() or 'nothing'} is not a range; it is written start:length, start-end or start:",
                    at,
                    at + len(part),
                )
            ranges.append(found)
            at += len(part) + 1
        return tuple(ranges)

    def unescaped(self, token: _Token) -> str:
        """What stands between quotes, its escapes resolved."""
        octets = bytearray()
        at = 1
        for match in _ESCAPE.finditer(token.text, 1, len(token.text) - 1):
            octets += token.text[at : match.start()].encode("utf-8", "surrogateescape")
            at = match.end()
            octets += self.escape(match, token.start)
        octets += token.text[at:-1].encode("utf-8", "surrogateescape")
        return octets.decode("utf-8", "surrogateescape")

    def escape(self, match: re.Match[str], start: int) -> bytes:
        written = match[match.lastgroup] if match.lastgroup else ""
        match match.lastgroup:
            case "plain":
                return bytes([_PLAIN[written]])
            case "octal" if int(written, 8) < 256:
                return bytes([int(written, 8)])
            case "hex":
                return bytes([int(written, 16)])
            case "short" | "long" if (code := int(written, 16)) < 0x110000 and not 0xD800 <= code < 0xE000:
                return chr(code).encode()
        raise self.error(
            f'{match[0]} is no escape; a backslash is written \\\\, or the text r"..."',
            start + match.start(),
            start + match.end(),
        )


def _range(match: re.Match[str]) -> Range | None:
    """A range as it was written; None for one that can never hold anything."""
    start, length, end, first = (
        None if match[group] is None else number(match[group].strip()) for group in ("start", "length", "end", "first")
    )
    if start is None:
        start, length = 0, first
    if length is None and end is None and match["rest"] is None:
        length = 1
    if length is not None and length < 1:
        return None
    if end is not None and (end < 0) == (start < 0) and end < start:
        return None
    return Range(start, length, end)
