"""Conversations: who sent how much to whom, of each layer that has addresses.

Both directions are one conversation. TCP connections between the same two sockets one after the other are told apart,
by their SYNs. What is kept of a conversation takes 100 to 200 octets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rawcap.files.bulk import NO_TIME
from rawcap.stats.batch import LAYERS, SORTS, Batch, Heads, Numbers, Sort
from rawcap.stats.numbering import KeyTable, Openings, tally

_LATEST = np.iinfo(np.int64).max

ORDERS = ("octets", "frames", "start", "duration", "address")
"""What conversations may be sorted by: the most first, the longest, or the earliest; addresses as numbers."""


class Conversation(NamedTuple):
    """What two ends sent to each other: the one whose packet came first is `a`.

    Octets are those on the wire, of whole frames. Times are nanoseconds since the epoch, None where the capture has
    none; ports are None in layers without.
    """

    layer: str
    a: str
    a_port: int | None
    b: str
    b_port: int | None
    frames_a: int
    """From a to b."""
    octets_a: int
    frames_b: int
    """From b to a."""
    octets_b: int
    start: int | None
    end: int | None

    @property
    def frames(self) -> int:
        """In both directions."""
        return self.frames_a + self.frames_b

    @property
    def octets(self) -> int:
        """In both directions."""
        return self.octets_a + self.octets_b

    @property
    def duration(self) -> int:
        """Nanoseconds from the first packet to the last."""
        return 0 if self.start is None or self.end is None else self.end - self.start


class Sums(NamedTuple):
    """All conversations of one sort, as arrays: row i of each is that of conversation i.

    `keys` are both ends of each, the lower one first; `frames` and `octets` are what the lower one sent and what the
    higher one did. `first` is the side that sent first. `start` is greater than `end` where no packet has a time.
    """

    keys: npt.NDArray[np.uint64]
    frames: Numbers
    octets: Numbers
    first: npt.NDArray[np.uint8]
    start: Numbers
    end: Numbers


class Conversations:
    """Counts the conversations of some layers. Batches are added in the order of the capture."""

    def __init__(self, layers: Iterable[str] = LAYERS) -> None:
        chosen = set(layers)
        self.layers = [layer for layer in LAYERS if layer in chosen]
        self._ledgers = {sort: _Ledger(sort) for sort in SORTS if sort.layer in chosen}

    def add(self, batch: Batch) -> None:
        """Count the headers of a batch."""
        for sort, heads in batch.heads.items():
            ledger = self._ledgers.get(sort)
            if ledger is not None:
                ledger.add(heads, batch.lengths, batch.times)

    def merge(self, other: Conversations) -> None:
        """Add what `other` counted, of packets that come behind those counted here."""
        for sort, ledger in other._ledgers.items():
            if sort in self._ledgers:
                self._ledgers[sort].merge(ledger)

    def count(self, layer: str) -> int:
        """How many conversations there are in a layer."""
        return sum(len(ledger) for sort, ledger in self._ledgers.items() if sort.layer == layer)

    def sums(self) -> Iterator[tuple[Sort, Sums]]:
        """What was counted, sort by sort."""
        for sort, ledger in self._ledgers.items():
            if len(ledger):
                yield sort, ledger.sums()

    def rows(self, layer: str, order: str = "octets", most: int | None = None) -> Iterator[Conversation]:
        """The conversations of a layer, `most` of them at most, sorted by one of ORDERS."""
        found = [(sort, sums) for sort, sums in self.sums() if sort.layer == layer]
        if not found:
            return
        places = [(number, row) for number, (_, sums) in enumerate(found) for row in _ordered(sums, order, most)]
        if len(found) > 1:
            ranks = np.concatenate([_measure(sums, order) for _, sums in found])
            begins = np.cumsum([0, *(len(sums.start) for _, sums in found)])
            places.sort(key=lambda place: int(ranks[begins[place[0]] + place[1]]))
        for number, row in places[:most]:
            yield _conversation(*found[number], row)


def _measure(sums: Sums, order: str) -> Numbers:
    """What conversations are sorted by: the least comes first."""
    measure: Numbers
    if order == "start":
        measure = sums.start
    elif order == "duration":
        measure = np.where(sums.start <= sums.end, sums.start - sums.end, 1)
    elif order == "address":
        measure = np.zeros(len(sums.start), np.int64)
    else:
        measure = np.negative((sums.frames if order == "frames" else sums.octets).sum(1))
    return measure


def _ordered(sums: Sums, order: str, most: int | None) -> list[int]:
    """The numbers of the conversations, sorted, as far as they are wanted; equal ones as they began."""
    if order == "address":
        ranked: Numbers = np.lexsort(sums.keys.T[::-1])
    else:
        ranked = np.argsort(_measure(sums, order), kind="stable")
    places: list[int] = ranked[:most].tolist()
    return places


def _conversation(sort: Sort, sums: Sums, row: int) -> Conversation:
    words = sums.keys[row].tolist()
    ends = sort.end(words[: sort.words]), sort.end(words[sort.words :])
    side = int(sums.first[row])
    start, end = int(sums.start[row]), int(sums.end[row])
    timed = start <= end
    return Conversation(
        sort.layer,
        *ends[side],
        *ends[1 - side],
        int(sums.frames[row, side]),
        int(sums.octets[row, side]),
        int(sums.frames[row, 1 - side]),
        int(sums.octets[row, 1 - side]),
        start if timed else None,
        end if timed else None,
    )


class _Ledger:
    """The conversations of one sort."""

    def __init__(self, sort: Sort) -> None:
        self._sort = sort
        self._pairs = KeyTable(2 * sort.words)
        self._openings = Openings() if sort.layer == "tcp" else None
        self._room = 0
        self._frames = np.zeros((0, 2), np.int64)
        self._octets = np.zeros((0, 2), np.int64)
        self._first = np.zeros(0, np.uint8)
        self._start = np.zeros(0, np.int64)
        self._end = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._pairs) if self._openings is None else len(self._openings)

    def add(self, heads: Heads, lengths: Numbers, times: Numbers) -> None:
        before = len(self)
        rows = self._numbered(heads)
        self._reserve(len(self))
        tally(
            rows.data,
            heads.sides.data,
            heads.packets.data,
            lengths.data,
            times.data,
            before,
            self._frames.data,
            self._octets.data,
            self._first.data,
            self._start.data,
            self._end.data,
        )

    def _numbered(self, heads: Heads) -> Numbers:
        """The number of the conversation of each header."""
        rows = np.empty(len(heads.packets), np.int64)
        self._pairs.find(heads.keys.data, rows.data)
        if self._openings is None or heads.segments is None:
            return rows
        numbers = np.empty_like(rows)
        self._openings.follow(
            rows.data,
            heads.sides.data,
            heads.segments.flags.data,
            heads.segments.sequence.data,
            heads.segments.acknowledged.data,
            numbers.data,
            len(self._pairs),
        )
        return numbers

    def merge(self, other: _Ledger) -> None:
        if not len(other):
            return
        before = len(self)
        theirs = other.sums()
        rows = np.empty(len(other._pairs), np.int64)
        self._pairs.find(other._pairs.octets, rows.data)
        if self._openings is not None and other._openings is not None:
            pairs, numbers = rows[np.asarray(other._openings.pairs)], np.empty(len(other), np.int64)
            self._openings.join(pairs.data, other._openings.begun_by, numbers.data)
            rows = numbers
        self._reserve(len(self))
        met = np.flatnonzero(rows >= before)[::-1]
        self._first[rows[met]] = theirs.first[met]
        np.add.at(self._frames, rows, theirs.frames)
        np.add.at(self._octets, rows, theirs.octets)
        np.minimum.at(self._start, rows, theirs.start)
        np.maximum.at(self._end, rows, theirs.end)

    def sums(self) -> Sums:
        count = len(self)
        keys = np.asarray(self._pairs.octets).reshape(-1, 2 * self._sort.words)
        if self._openings is not None:
            keys = keys[np.asarray(self._openings.pairs)]
        return Sums(
            keys,
            self._frames[:count],
            self._octets[:count],
            self._first[:count],
            self._start[:count],
            self._end[:count],
        )

    def _reserve(self, count: int) -> None:
        """Make room for so many conversations."""
        if count <= self._room:
            return
        self._room = max(count, self._room + self._room // 2)
        self._frames = _longer(self._frames, self._room)
        self._octets = _longer(self._octets, self._room)
        self._first = _longer(self._first, self._room)
        self._start = _longer(self._start, self._room, _LATEST)
        self._end = _longer(self._end, self._room, NO_TIME)


def _longer(values: npt.NDArray[Any], count: int, filler: int = 0) -> npt.NDArray[Any]:
    """The same values, with room behind them."""
    longer = np.full((count, *values.shape[1:]), filler, values.dtype)
    longer[: len(values)] = values
    return longer
