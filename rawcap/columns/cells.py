"""Cells: the values of one column in a batch of packets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dissectors.fields import Field


@dataclass(slots=True)
class Cells:
    """What a batch of packets has of one field: at most one value a packet.

    `values` are as many as there are packets. Numbers stand in an array of numbers, flags of booleans, times of
    nanoseconds (int64); an address is a row of octets, in network order; all else is Python's, as the packet view gives
    it. `valid` tells where there is a value: elsewhere stands 0 or None. `fields` are the declarations, which know how
    a value is written. `more` has the packets with several values, where all were asked for: place -> values.
    """

    name: str
    fields: list[Field]
    values: npt.NDArray[Any]
    valid: npt.NDArray[np.bool_]
    more: dict[int, list[Any]] = field(default_factory=dict)
