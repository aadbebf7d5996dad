"""What the tests of every layer share."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.header import Header


@pytest.fixture
def told() -> Callable[[Header, str], list[str]]:
    """What a header's items say of each value of a field, for a person."""

    def values(layer: Header, name: str) -> list[str]:
        every = [item for top in layer.items() for item in top.flat()]
        return [item.field.describe(item.value) for item in every if item.field is not None and item.name == name]

    return values
