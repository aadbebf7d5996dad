"""What the capture file says of a frame, as columns: its number, its times, its lengths, its interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dissectors.packet import Interface
from rawcap.files.bulk import NO_TIME, Chunk

Values = npt.NDArray[Any]
Valid = npt.NDArray[np.bool_]

_NEAR = 1 << 62  # nanoseconds from the epoch: 64 bits hold the difference of two such times


class Seen(NamedTuple):
    """A chunk of a capture, and what came before it."""

    chunk: Chunk
    interfaces: Sequence[Interface]
    number: int
    """Of the first packet, counted over all files that are read."""
    first_time: int | None
    """Of the first packet that has one; 64 bits may not hold it."""
    time_before: int | None
    """Of the last packet before that has one; 64 bits may not hold it."""
    noted: Mapping[str, tuple[Values, Valid]] = {}
    """Of the fields that take more than one packet to know, those asked for: values, and where there are any."""


def time_fields(seen: Seen, place: int) -> dict[str, int]:
    """The fields of times that take more than one packet to know, of one packet: as notes on it, and as exact."""
    time = seen.chunk.time(place)
    if time is None:
        return {}
    before = next(filter(_is_known, map(seen.chunk.time, range(place - 1, -1, -1))), seen.time_before)
    first = time if seen.first_time is None else seen.first_time
    return {"frame.time_delta": 0 if before is None else time - before, "frame.time_relative": time - first}


def beyond(seen: Seen) -> Valid:
    """The packets with a time, or a span of time, that 64 bits do not hold: the columns do not have it."""
    marked = np.zeros(len(seen.chunk.starts), np.bool_)
    if not _are_near(seen):
        for place in range(len(marked)):
            spans = (seen.chunk.time(place) or 0, *time_fields(seen, place).values())
            marked[place] = not all(map(_fits, spans))
    return marked


def _is_known(time: int | None) -> bool:
    return time is not None


def _fits(time: int) -> bool:
    return NO_TIME < time < -NO_TIME


def _are_near(seen: Seen) -> bool:
    """Whether the times are so near each other that 64 bits hold every difference, which is all but always so."""
    times = seen.chunk.times
    known = times[times != NO_TIME]
    ends = [time for time in (seen.first_time, seen.time_before) if time is not None]
    if len(known):
        ends += int(known.min()), int(known.max())
    return not seen.chunk.far_times and all(-_NEAR <= time < _NEAR for time in ends)


def _one_by_one(seen: Seen, name: str) -> tuple[Values, Valid]:
    """A span of time of each packet, without those that 64 bits do not hold."""
    spans = [time_fields(seen, place).get(name) for place in range(len(seen.chunk.starts))]
    valid = np.array([span is not None and _fits(span) for span in spans], np.bool_)
    kept = [span if there else 0 for span, there in zip(spans, valid.tolist(), strict=True)]
    return np.array(kept, np.int64), valid


def _times(seen: Seen) -> tuple[Values, Valid]:
    times = seen.chunk.times
    return times, times != NO_TIME


def _since_first(seen: Seen) -> tuple[Values, Valid]:
    if not _are_near(seen):
        return _one_by_one(seen, "frame.time_relative")
    times, valid = _times(seen)
    return np.where(valid, times - (seen.first_time or 0), 0), valid


def _since_before(seen: Seen) -> tuple[Values, Valid]:
    if not _are_near(seen):
        return _one_by_one(seen, "frame.time_delta")
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

TIMES = frozenset({"frame.time_epoch", "frame.time", "frame.time_delta", "frame.time_relative"})
"""Those whose values 64 bits may not hold."""
