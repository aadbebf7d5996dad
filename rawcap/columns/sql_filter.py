"""The part of a query that a display filter can do: packets that its WHERE drops anyway need not be gathered.

Every test that is taken over is left in the query as well. So the filter may let more pass than the query, never less:
it asks whether any value of a field passes, the query looks at the first.

    where ip.src = '10.0.0.1' and frame.len > 100 and tcp.len % 2 = 1      (ip.src == 10.0.0.1 and frame.len > 100)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from dissectors.graph import Graph
from rawcap.filter import FilterError, display_filter

Node = Mapping[str, Any]

_COMPARISONS = {
    "COMPARE_EQUAL": "==",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_TURNED = {"==": "==", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_ADDRESSES = frozenset({"ipv4", "ipv6", "ether", "eui64"})

# Text with anything else might be written differently in a column, where what is no UTF-8 was replaced.
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9 ._/:@=,+-]+")


class Reduction(NamedTuple):
    """The display filter that the packets of a query may be reduced by, and the protocols that all of the rest have."""

    filter: str
    protocols: frozenset[str]


def reduction(tree: Node, table: str, graph: Graph, moment: Callable[[str], int | None]) -> Reduction | None:
    """By what the packets of a query may be reduced; None where there is nothing.

    `tree` is the statement as DuckDB's json_serialize_sql gives it, with fields as columns of one name, `table` what
    the packets are called. `moment` reads a time as DuckDB does, to nanoseconds. Where packets are asked for in more
    than one place there is none.
    """
    nodes = list(_within(tree))
    if sum(each.get("type") == "BASE_TABLE" and each.get("table_name", "").lower() == table for each in nodes) != 1:
        return None
    if any(each.get("key", "").lower() == table for each in nodes if isinstance(each.get("key"), str)):
        return None  # the query calls something of its own so
    for node in nodes:
        place = node.get("from_table") or {}
        if node.get("type") == "SELECT_NODE" and place.get("type") == "BASE_TABLE":
            if place["table_name"].lower() == table and not place.get("schema_name") and not place.get("sample"):
                where = node.get("where_clause") or {}
                text = _Tests(graph, moment).test(where)
                return None if text is None else Reduction(text, frozenset(_protocols(where, graph)))
    return None


def _protocols(where: Node, graph: Graph) -> Iterator[str]:
    """The protocols without which a condition is not true."""
    for node in where["children"] if where.get("type") == "CONJUNCTION_AND" else [where]:
        name = _column(node)
        if name is not None and name in graph.protocols and name not in graph.fields:
            yield name


def _within(tree: Any) -> Iterator[Node]:
    """Every node of a tree."""
    if isinstance(tree, dict):
        yield tree
        for each in tree.values():
            yield from _within(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from _within(each)


class _Tests:
    """Turns conditions into display filters; None where that cannot be."""

    def __init__(self, graph: Graph, moment: Callable[[str], int | None]) -> None:
        self._graph = graph
        self._moment = moment

    def test(self, node: Node) -> str | None:
        """The filter for a condition, as much of it as there can be."""
        match node.get("type"):
            case "CONJUNCTION_AND":
                return _joined(" and ", [each for each in map(self.test, node["children"]) if each is not None])
            case "CONJUNCTION_OR":
                return _joined(" or ", [self.test(each) for each in node["children"]])
        return self._single(node)

    def _single(self, node: Node) -> str | None:
        """The filter for a condition on one field, if it is one that a filter can be made of."""
        text: str | None = None
        match node:
            case {"type": "COLUMN_REF"}:
                name = _column(node)
                if name in self._graph.fields:
                    text = f"{name} == 1" if self._type(name) == "bool" else None
                else:
                    text = name  # a protocol
            case {"type": "OPERATOR_IS_NOT_NULL", "children": [one]}:
                name = _column(one)
                text = name if name in self._graph.fields else None
            case {"type": "COMPARE_BETWEEN", "input": value, "lower": lower, "upper": upper}:
                text = _joined(" and ", [self._compared(value, ">=", lower), self._compared(value, "<=", upper)])
            case {"type": "COMPARE_IN", "children": [value, *choices]}:
                text = _joined(" or ", [self._compared(value, "==", each) for each in choices])
            case {"type": kind, "left": left, "right": right} if kind in _COMPARISONS:
                operator = _COMPARISONS[kind]
                text = self._compared(left, operator, right) or self._compared(right, _TURNED[operator], left)
            case {"type": "FUNCTION", "function_name": "in_network", "arguments": [value, network]}:
                name = _column(value.get("expression", {}))
                text = self._literal(name, "==", network.get("expression", {})) if name is not None else None
        return text if text is not None and self._is_filter(text) else None

    def _compared(self, value: Node, operator: str, constant: Node) -> str | None:
        name = _column(value)
        return None if name is None else self._literal(name, operator, constant)

    def _literal(self, name: str, operator: str, constant: Node) -> str | None:
        """A field compared with a literal, where filter and query mean the same by it."""
        match constant:
            case {"type": "VALUE_CONSTANT", "literal": {"kind": str(kind), "text": str(text)}}:
                pass
            case _:
                return None
        match self._type(name), kind:
            case "uint", "INTEGER":
                return f"{name} {operator} {text}" if text.isdigit() else None
            case "bool", "BOOLEAN":
                return f"{name} == {int(text == 'true')}" if operator == "==" else None
            case known, "STRING" if known in _ADDRESSES:
                return f"{name} == {text}" if operator == "==" and re.fullmatch(r"[0-9A-Fa-f:./]+", text) else None
            case "string", "STRING":
                return f'{name} == "{text}"' if operator == "==" and _PLAIN_TEXT.fullmatch(text) else None
            case "time", "STRING":
                nanoseconds = self._moment(text)
                if nanoseconds is None or nanoseconds < 0:
                    return None
                return f"{name} {operator} {nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"
        return None

    def _type(self, name: str) -> str | None:
        """The type of a field; None where declarations differ, for spans of time, and for what is no field."""
        declared = self._graph.fields.get(name, [])
        kinds = {each.type for each in declared}
        if len(kinds) != 1 or any(getattr(each, "relative", False) for each in declared):
            return None
        return kinds.pop()

    def _is_filter(self, text: str) -> bool:
        try:
            display_filter(text, self._graph)
        except FilterError:  # a number that the field cannot have, an address that is none
            return False
        return True


def _column(node: Node) -> str | None:
    """The name of a column, of packets or of what they are called here."""
    names = node.get("column_names") if node.get("type") == "COLUMN_REF" else None
    return names[-1] if names and len(names) <= 2 else None


def _joined(word: str, tests: list[str | None]) -> str | None:
    """Tests in parentheses; None where there is none, or where one of them cannot be."""
    known = [each for each in tests if each is not None]
    return f"({word.join(known)})" if known and len(known) == len(tests) else None
