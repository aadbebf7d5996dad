"""rawcap.columns.defaults: the columns for which nobody asked."""

from __future__ import annotations

from dissectors.packet import Interface
from rawcap.columns.defaults import COLUMNS
from rawcap.columns.facts import FACTS
from rawcap.columns.plan import is_native


def test_every_default_column_is_gathered_without_dissecting() -> None:
    graph = Interface().graph
    assert [name for name in COLUMNS if name not in FACTS and not is_native(graph, name)] == []
