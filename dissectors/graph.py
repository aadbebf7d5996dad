"""The parse graph: every declared header a node, every edge a row, compiled to the walker's tables.

`graph` is the one that declarations enter as their files are imported.  A graph is compiled when it is first
walked and again after a header was added; `with_row` gives a changed copy and leaves the original alone.
"""
from __future__ import annotations

import difflib
from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dissectors import layout
from dissectors.fields import Condition, Field, Repeat
from dissectors.walk import Walker

if TYPE_CHECKING:
    from dissectors.declaration import Next
    from dissectors.header import Header, Option

W = TypeVar("W", bound=Walker)

_OWN_PACKAGE = __name__.partition(".")[0]
LINK_TYPES = "frame.linktype"  # the table of entry points


class Graph:
    """Headers and the rows that lead from one to another.

    `headers` are the nodes, `rows` the edges: table name -> {value: header}.  `links` is the table of entry points
    by link type (the LINKTYPE_ numbers of capture files), `chosen` the rows that a user added.
    """

    def __init__(self) -> None:
        self.headers: list[type[Header]] = []
        self.rows: dict[str, dict[int, type[Header]]] = {}
        self.chosen: set[tuple[str, int]] = set()
        self._compiled: Compiled | None = None
        self._fields: dict[str, list[Field]] | None = None
        self._protocols: dict[str, type[Header]] | None = None

    def add(self, header: type[Header]) -> None:
        """Enter a declared header: its node, and the rows of its `follows`.

        Raises TypeError for a name that a header of another package has.  Within a package, forms of one protocol share
        a name on purpose; a subclass may as well.
        """
        if _package(header) != _OWN_PACKAGE:  # which is not asked: it has hundreds
            self._claim(header)
        self.headers.append(header)
        for table, keys in header.declaration.follows.items():
            rows = self.rows.setdefault(table, {})
            for key in (keys,) if isinstance(keys, int) else keys:
                rows[key] = header
        self._forget()

    def _claim(self, header: type[Header]) -> None:
        """Raises TypeError where the name of `header` is taken."""
        namesakes = [other for other in self.headers if other.name == header.name]
        if namesakes and not any(
            _package(other) == _package(header) or issubclass(header, other) for other in namesakes
        ):
            other = namesakes[0]
            raise TypeError(
                f"the name {header.name!r} is taken by {other.title}: give {header.__name__} another, "
                f"or make it a subclass of {other.__module__}.{other.__name__}"
            )

    def remove(self, header: type[Header]) -> None:
        """Take a header out again, with the rows that lead to it."""
        self.headers.remove(header)
        for rows in self.rows.values():
            for key in [key for key, target in rows.items() if target is header]:
                del rows[key]
        self._forget()

    def with_row(self, table: str, key: int, protocol: str) -> Graph:
        """A copy in which `key` in `table` leads to `protocol`.

        Raises KeyError, with one line for a user, for a table or a protocol that is not known.
        """
        widths = {
            table_of(each, rule): rule.fields[0].bits or 0
            for each in self.headers
            if (rule := each.declaration.next) is not None and rule.fields
        }
        if table not in widths:
            raise KeyError(f"no table {table!r} to decode by{nearest(table, widths)}")
        if not 0 <= key < 1 << widths[table]:
            raise KeyError(f"{table} has {widths[table]} bits and cannot be {key}")
        # Of several headers that share the name (DNS over UDP and over TCP), the one that the table leads to already.
        target = next((each for each in self.rows.get(table, {}).values() if each.name == protocol), None)
        target = target or self.protocols.get(protocol)
        if target is None or target.selector:
            raise KeyError(f"no protocol {protocol!r}{nearest(protocol, self.protocols)}")
        twin = Graph()
        twin.headers = list(self.headers)
        twin.rows = {name: dict(rows) for name, rows in self.rows.items()}
        twin.rows.setdefault(table, {})[key] = target
        twin.chosen = self.chosen | {(table, key)}
        return twin

    def _forget(self) -> None:
        self._compiled = self._fields = self._protocols = None

    # -- what is known ------------------------------------------------------------------------------------

    @property
    def protocols(self) -> dict[str, type[Header]]:
        """Header name -> its class, the first declared where several share a name; selectors too."""
        if self._protocols is None:
            protocols: dict[str, type[Header]] = {}
            for header in self.headers:
                protocols.setdefault(header.name, header)
            self._protocols = protocols
        return self._protocols

    @property
    def fields(self) -> dict[str, list[Field]]:
        """Full field name -> the declarations that bear it (several headers may share a name, selectors have none)."""
        if self._fields is None:
            fields: dict[str, list[Field]] = {}
            for header in self.headers:
                if header.selector:
                    continue
                for field in header.declaration.fields.values():
                    for each in _with_inner(field):
                        known = fields.setdefault(each.name, [])
                        if each not in known:
                            known.append(each)
            self._fields = fields  # when it is whole, as another thread may ask meanwhile
        return self._fields

    def member(self, family: type[Header], kind: int) -> type[Header]:
        """The option of `family` with this kind; for a kind that nobody declared the default, or the family itself."""
        members = family.declaration.members
        if members is None:
            return family
        default = self.protocols[members.default] if isinstance(members.default, str) else members.default
        return self.rows.get(members.table or members.fields[0].name, {}).get(kind, default or family)

    # -- what runs ----------------------------------------------------------------------------------------

    @property
    def compiled(self) -> Compiled:
        """The graph as the walker runs it."""
        if self._compiled is None:
            self._compiled = Compiled(self)
        return self._compiled


def nearest(name: str, known: Any) -> str:
    """`; did you mean a, b?` with the names that are most like a wrong one, or nothing."""
    close = difflib.get_close_matches(name, [each for each in known if each], n=3, cutoff=0.6)
    return f"; did you mean {', '.join(close)}?" if close else ""


def _package(header: type[Header]) -> str:
    return header.__module__.partition(".")[0]


def _with_inner(field: Field) -> Iterator[Field]:
    yield field
    for part in field.parts.values():
        yield from _with_inner(part)
    if isinstance(field, Repeat):
        for inner in field.fields.values():
            yield from _with_inner(inner)


def _check(graph: Graph) -> None:
    """Raises TypeError for a header that follows what no header, no family of options and no capture leads on by."""
    read = {LINK_TYPES}
    for header in graph.headers:
        members = header.declaration.members
        if header.declaration.next is not None:
            read.add(table_of(header, header.declaration.next))
        if members is not None:
            read.add(members.table or members.fields[0].name)
    for header in graph.headers:
        for table in header.declaration.follows:
            if table not in read:
                raise TypeError(f"{header.__name__} follows {table!r}, by which nothing leads on{nearest(table, read)}")


def table_of(header: type[Header], rule: Next) -> str:
    """The table that an edge of a header reads, where it does not say."""
    if rule.rule == layout.NEXT_BY_PORTS:
        return rule.table or f"{header.name}.port"
    return rule.table or (rule.fields[0].name if rule.fields else "")


class Compiled:
    """A graph as flat arrays, with the walker that runs them.

    `classes[node]` is the header of a node (0: nothing known), `node_of` the reverse, `links` the node for
    each link type, `guesses` the headers that may be recognised by content inside a given protocol.
    """

    def __init__(self, graph: Graph) -> None:
        from dissectors.header import Header  # headers enter the graph, so not above

        _check(graph)
        self.classes: list[type[Header]] = [Header, *graph.headers]
        self.node_of: dict[type[Header], int] = {header: i + 1 for i, header in enumerate(graph.headers)}
        self._graph = graph
        self._nodes = array("q", bytes(8 * layout.NODE * len(self.classes)))
        self._terms = array("q", bytes(8 * layout.TERM))
        self._pairs = array("q", bytes(8))
        self._tables = array("H", bytes(2))
        self._placed: dict[str, tuple[int, int]] = {}
        self._families: dict[Next, int] = {}
        for node, header in enumerate(graph.headers, 1):
            self._compile(node, header)
        self.walker: Walker = self.walker_of(Walker)
        self.links = {key: self.node_of[header] for key, header in graph.rows.get(LINK_TYPES, {}).items()}
        self.guesses: dict[str, list[type[Header]]] = {}
        for header in graph.headers:
            for name in header.guessed_in:
                self.guesses.setdefault(name, []).append(header)

    def walker_of(self, kind: type[W]) -> W:
        """A walker, or one of another kind, that runs these arrays; it serves one thread at a time."""
        found = array("q", bytes(8 * layout.FOUND * layout.MOST_FOUND))
        repeats = array("q", bytes(8 * layout.REPEAT * layout.MOST_REPEATING))
        return kind(self._nodes, self._terms, self._pairs, self._tables, found, repeats, self.classes)

    def _compile(self, node: int, header: type[Header]) -> None:
        declared = header.declaration
        row = [0] * layout.NODE
        row[layout.FIXED] = declared.fixed
        row[layout.LENGTH_BASE] = declared.length_base
        row[layout.LENGTH_TERM] = len(self._terms) // layout.TERM
        row[layout.LENGTH_COUNT] = len(declared.length)
        row[layout.LENGTH_MULTIPLE] = declared.header_length.multiple if declared.header_length is not None else 1
        for field, times, when in declared.length:
            self._term(header, field, times, when)
        if not declared.length and declared.length_base != declared.fixed and not declared.takes_all:
            raise TypeError(f"{header.__name__}: a constant header length belongs in the fields")
        if declared.end is not None:
            row[layout.END_RULE] = layout.END_BY_TERMS
            row[layout.END_ZERO] = declared.end.zero
            row[layout.END_BASE] = declared.end.plus
            row[layout.END_TERM] = len(self._terms) // layout.TERM
            row[layout.END_COUNT] = len(declared.end.terms)
            for field, times in declared.end.terms:
                self._term(header, field, times)
        row[layout.FRAGMENT_TERM] = -1
        if declared.fragment is not None:
            row[layout.FRAGMENT_TERM] = self._term(header, declared.fragment)
        if declared.next is not None:
            self._edge(row, layout.NEXT, header, declared.next, self._target(header, declared.next.default))
        if declared.members is not None and declared.members.fields:
            default = declared.members.default
            self._edge(row, layout.MEMBERS, header, declared.members, self._target(header, default) or node)
            row[layout.FAMILY] = self._families.setdefault(declared.members, len(self._families) + 1)
        row[layout.FLAGS] = (
            header.selector * layout.SELECTOR
            | header.quotes * layout.QUOTES
            | header.repeats * layout.REPEATS
            | declared.takes_all * layout.TAKES_ALL
            | bool(header.part_of) * layout.EXTENDS
            | bool(declared.tail or declared.distant) * layout.TAILED
            | (declared.has_body or declared.is_family) * layout.ROOMY
            | declared.picky * layout.ASKED
        )
        if header.is_option:
            option = cast("type[Option]", header)
            row[layout.FLAGS] |= option.strict * layout.STRICT
            row[layout.ALIGN] = option.align
        self._nodes[node * layout.NODE : (node + 1) * layout.NODE] = array("q", row)

    def _term(self, header: type[Header], field: Field, times: int = 1, when: Condition | None = None) -> int:
        """Add a row for a wire field; gives its number."""
        if field in header.declaration.tail or field.at + field.size > header.declaration.fixed:
            raise TypeError(f"{header.__name__}: a rule reads {field.attribute}, which is not in the fixed part")
        index = len(self._terms) // layout.TERM
        mode, operand = (when.mode, when.operand) if when is not None else (layout.LINEAR, 0)
        plain = (mode, times, field.shift, field.little) == (layout.LINEAR, 1, 0, False)
        shapes = {(1, 0xFF): layout.PLAIN_8, (2, 0xFFFF): layout.PLAIN_16}
        shape = shapes.get((field.size, field.mask), 0) if plain else 0
        row = [field.at, field.size, field.shift, field.mask, times, mode, operand, int(field.little), shape]
        self._terms.extend(row)
        return index

    def _edge(self, row: list[int], at: int, header: type[Header], rule: Next, default: int) -> None:
        """Write the edge of `header` that begins at `at` in its row."""
        row[at + layout.EDGE_RULE] = rule.rule
        row[at + layout.EDGE_DEFAULT] = default
        if not rule.fields:
            return
        row[at + layout.EDGE_TERM] = self._term(header, rule.fields[0])
        for field in rule.fields[1:]:
            self._term(header, field)
        name = table_of(header, rule)
        rows = self._graph.rows.get(name, {})
        if rule.rule == layout.NEXT_BY_PAIRS:
            row[at + layout.EDGE_TABLE] = len(self._pairs)
            row[at + layout.EDGE_SIZE] = len(rows)
            for key, target in rows.items():
                self._pairs.extend([key, self.node_of[target]])
            return
        size = 1 << (rule.fields[0].bits or 0)
        if name not in self._placed:
            self._placed[name] = (len(self._tables), size)
            # A table of ports has a second half where a user chose some rows: they go before all others.
            halves = 2 if rule.rule == layout.NEXT_BY_PORTS and self._has_chosen(name) else 1
            table = array("H", bytes(2 * size * halves))
            for key, target in rows.items():
                if not 0 <= key < size:
                    raise TypeError(f"{target.__name__} follows {name} {key}, which the field cannot hold")
                table[key] = self.node_of[target]
                if halves == 2 and (name, key) in self._graph.chosen:
                    table[size + key] = self.node_of[target]
            self._tables.extend(table)
        row[at + layout.EDGE_TABLE], placed = self._placed[name]
        if placed < size:
            raise TypeError(f"{header.__name__} looks up {name} by a wider field than others do")
        if rule.rule == layout.NEXT_BY_PORTS:
            row[at + layout.EDGE_SIZE] = size if self._has_chosen(name) else 0

    def _has_chosen(self, table: str) -> bool:
        """Whether a user added rows to a table."""
        return any(name == table for name, _ in self._graph.chosen)

    def _target(self, header: type[Header], target: type[Header] | str | None) -> int:
        if target is None:
            return 0
        if isinstance(target, str):
            if target not in self._graph.protocols:
                raise TypeError(f"{header.__name__} leads to {target!r}, which is not declared")
            target = self._graph.protocols[target]
        return self.node_of[target]


graph = Graph()
