"""Names in a query: users write fields as they know them, `ip.src`, where SQL would see a column of a table.

    select p.ip.src, count(*) from packets p where tcp.flags.syn group by 1
    select p."ip.src", count(*) from packets p where "tcp.flags.syn" group by 1

The query is taken apart only as far as it takes to tell names from all else (strings, comments, numbers, quoted names),
as DuckDB does it; what it means stays DuckDB's to find out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dissectors.graph import Graph, nearest
from rawcap.columns.table import FILE

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\* )
    | (?P<string>  [eE]'(?:[^'\\]|\\.|'')*'? | '(?:[^']|'')*'? | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z) )
    | (?P<quoted>  "(?:[^"]|"")*"? )
    | (?P<number>  \d[\w.]* )
    | (?P<word>    [^\W\d]\w*(?:\.\w+)* )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")

# Behind these a word names a table or a result, not a protocol.
_NAMING = frozenset({"as", "from", "join", "packets", "with"})

# The value of SQL, though a protocol has the name too; and what every packet has, and stands in no list of layers.
_NO_PROTOCOL = frozenset({"null", "frame"})


@dataclass
class Named:
    """A query for DuckDB, and what it names.

    `text` is the query with every field in quotes; `fields` and `protocols` are those that it names, in its order;
    `unknown` are words with a dot that begin as fields do and are none.
    """

    text: str = ""
    fields: dict[str, None] = field(default_factory=dict)
    protocols: dict[str, None] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    file: bool = False
    """Whether it names the column of the file that a packet is from."""


class Names:
    """The fields and protocols that a query may name. As SQL has it, capitals and small letters are the same."""

    def __init__(self, graph: Graph) -> None:
        self._fields = {
            name.lower(): name
            for name, declared in graph.fields.items()
            if "." in name and declared[0].owner is not None and declared[0].type not in ("options", "repeat")
        }
        self._protocols = {
            name.lower(): name
            for name, header in graph.protocols.items()
            if "." not in name and not header.selector and not header.is_option and name not in _NO_PROTOCOL
        }
        self._heads = {name.partition(".")[0] for name in self._fields}

    def quoted(self, query: str) -> Named:
        """The query as DuckDB understands it."""
        named = Named()
        pieces = []
        place = 0
        before = ""
        for kind, start, end in _tokens(query):
            pieces.append(query[place:start])
            place = end
            written = query[start:end]
            if kind == "word":
                called = query[end:].lstrip().startswith("(")
                pieces.append(self._word(written, named, before, called))
            else:
                pieces.append(written)
                if kind == "quoted":
                    self._note(_inside(written), named)
            if kind != "comment":
                before = written.lower()
        named.text = "".join(pieces) + query[place:]
        return named

    def plain(self, text: str) -> str:
        """What DuckDB says of a query, with fields as the user wrote them: without quotes."""
        pieces = []
        place = 0
        for kind, start, end in _tokens(text):
            if kind == "quoted" and _inside(text[start:end]).lower() in self._fields:
                pieces += [text[place:start], _inside(text[start:end])]
                place = end
        return "".join(pieces) + text[place:]

    def hint(self, name: str) -> str:
        """`; did you mean ip.src?` for a name that is none, or nothing."""
        return nearest(name.lower(), self._fields)

    def _word(self, written: str, named: Named, before: str, called: bool) -> str:
        """A word of the query, with the field in it quoted."""
        parts = written.split(".")
        if len(parts) == 1:
            if not called and before not in _NAMING:
                self._note(written, named)
            return written
        for first in range(len(parts) - 1):
            for last in range(len(parts), first + 1, -1):
                name = self._fields.get(".".join(parts[first:last]).lower())
                # What comes behind a field can only be a function: ip.src.upper()
                if name is not None and (last == len(parts) or (called and last == len(parts) - 1)):
                    named.fields[name] = None
                    return ".".join([*parts[:first], f'"{name}"', *parts[last:]])
        head = next((place for place, part in enumerate(parts[:-1]) if part.lower() in self._heads), None)
        if head is not None and not called:
            named.unknown.append(".".join(parts[head:]))
        elif len(parts) == 2:
            self._note(parts[1], named)
        return written

    def _note(self, name: str, named: Named) -> None:
        """Remember that the query names a field, a protocol or the file, if it is one."""
        key = name.lower()
        if key in self._fields:
            named.fields[self._fields[key]] = None
        elif key in self._protocols:
            named.protocols[self._protocols[key]] = None
        elif key == FILE:
            named.file = True


def _inside(quoted: str) -> str:
    """A quoted name without its quotes."""
    return quoted[1:].removesuffix('"').replace('""', '"')


def _tokens(query: str) -> Iterator[tuple[str, int, int]]:
    """Kind, beginning and end of everything in a query that is more than a sign."""
    place = 0
    while match := _TOKEN.search(query, place):
        kind = match.lastgroup if match.lastgroup != "tag" else "string"
        assert kind is not None
        place = _comment_end(query, match.end()) if match[0] == "/*" else match.end()
        yield kind, match.start(), place


def _comment_end(query: str, place: int) -> int:
    """Where a comment ends whose inside begins at `place`; there may be comments in it."""
    depth = 1
    for match in _COMMENT_MARK.finditer(query, place):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(query)
