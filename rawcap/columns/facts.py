"""What the capture file says of a frame, as columns: its number, its times, its lengths, its interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dissectors.packet import Interface
from rawcap.files.bulk import NO_TIME, Chunk

Values = npt.NDArray[Any]
Valid = npt.NDArray[np.bool_]


class Seen(NamedTuple):
    """A chunk of a capture, and what came before it."""

    chunk: Chunk
    interfaces: Sequence[Interface]
    number: int
    """Of the first packet, counted over all files that are read."""
    first_time: int | None
    """Of the first packet that has one."""
    time_before: int | None
    """Of the last packet before that has one."""


def _times(seen: Seen) -> tuple[Values, Valid]:
    times = seen.chunk.times
    return times, times != NO_TIME


def _since_first(seen: Seen) -> tuple[Values, Valid]:
    times, valid = _times(seen)
    return np.where(valid, times - (seen.first_time or 0), 0), valid


def _since_before(seen: Seen) -> tuple[Values, Valid]:
    times, valid = _times(seen)
    deltas = np.zeros(len(times), np.int64)
    known = np.flatnonzero(valid)
    if len(known):
        taken = times[known]
        before = taken[0] if seen.time_before is None else seen.time_before
        deltas[known] = np.diff(taken, prepend=before)
    return deltas, valid


def _whole(values: Values) -> tuple[Values, Valid]:
    return values, np.ones(len(values), np.bool_)


def _by_interface(seen: Seen, of: Callable[[Interface], int], dtype: str) -> tuple[Values, Valid]:
    table = np.array([of(each) for each in seen.interfaces], dtype)
    return _whole(table[seen.chunk.interface])


def _interface_names(seen: Seen) -> tuple[Values, Valid]:
    names = np.array([each.name or None for each in seen.interfaces], object)
    values = names[seen.chunk.interface]
    return values, values != np.array(None)


FACTS: dict[str, Callable[[Seen], tuple[Values, Valid]]] = {
    "frame.number": lambda seen: _whole(np.arange(seen.number, seen.number + len(seen.chunk.starts), dtype=np.uint32)),
    "frame.time_epoch": _times,
    "frame.time": _times,
    "frame.time_delta": _since_before,
    "frame.time_relative": _since_first,
    "frame.len": lambda seen: _whole(seen.chunk.lengths.astype(np.uint32)),
    "frame.cap_len": lambda seen: _whole(seen.chunk.captured.astype(np.uint32)),
    "frame.interface_id": lambda seen: _by_interface(seen, lambda each: each.id, "uint32"),
    "frame.interface_name": _interface_names,
    "frame.linktype": lambda seen: _by_interface(seen, lambda each: each.linktype, "uint16"),
    "frame.truncated": lambda seen: _whole(seen.chunk.captured < seen.chunk.lengths),
}
"""The fields that need no look into the frame: name -> what gives their values and where they are."""
