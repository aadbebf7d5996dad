"""Endpoints: what each address, or each port at an address, sent and received.

They follow from the conversations, so that counting both costs no more than counting one. A packet that an address
sent to itself counts as sent and as received.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rawcap.stats.batch import Sort
from rawcap.stats.conversations import Conversations, Sums
from rawcap.stats.numbering import KeyTable


class Endpoint(NamedTuple):
    """What an end of conversations sent and received; octets are those on the wire, of whole frames."""

    layer: str
    address: str
    port: int | None
    frames_sent: int
    octets_sent: int
    frames_received: int
    octets_received: int

    @property
    def frames(self) -> int:
        """Sent and received."""
        return self.frames_sent + self.frames_received

    @property
    def octets(self) -> int:
        """Sent and received."""
        return self.octets_sent + self.octets_received


class _Ends(NamedTuple):
    """All endpoints of one sort: in columns 0 what each sent, in columns 1 what it received."""

    sort: Sort
    keys: npt.NDArray[np.uint64]
    frames: npt.NDArray[np.int64]
    octets: npt.NDArray[np.int64]


def endpoints(
    conversations: Conversations, layer: str, order: str = "octets", most: int | None = None
) -> Iterator[Endpoint]:
    """The endpoints of a layer, `most` of them at most, sorted by "octets", "frames" or "address"."""
    ranked: list[tuple[int, int, _Ends]] = []
    for sort, sums in conversations.sums():
        if sort.layer == layer:
            ends = _ends(sort, sums)
            ranked += [(rank, row, ends) for rank, row in _ordered(ends, order, most)]
    ranked.sort(key=lambda each: each[0])  # those of IPv4 and IPv6 among each other
    for _, row, ends in ranked[:most]:
        (sent, received), (octets_sent, octets_received) = ends.frames[row].tolist(), ends.octets[row].tolist()
        yield Endpoint(
            layer, *ends.sort.end(ends.keys[row].tolist()), sent, octets_sent, received, octets_received
        )


def _ends(sort: Sort, sums: Sums) -> _Ends:
    """The sums of the conversations by their ends."""
    table = KeyTable(sort.words)
    rows = np.empty((2, len(sums.start)), np.int64)
    for side in (0, 1):
        keys = np.ascontiguousarray(sums.keys[:, side * sort.words : (side + 1) * sort.words])
        table.find(keys.reshape(-1).data, rows[side].data)
    frames, octets = np.zeros((len(table), 2), np.int64), np.zeros((len(table), 2), np.int64)
    for side in (0, 1):
        for total, part in ((frames, sums.frames), (octets, sums.octets)):
            np.add.at(total[:, 0], rows[side], part[:, side])
            np.add.at(total[:, 1], rows[side], part[:, 1 - side])
    return _Ends(sort, np.asarray(table.octets).reshape(-1, sort.words), frames, octets)


def _ordered(ends: _Ends, order: str, most: int | None) -> list[tuple[int, int]]:
    """What the endpoints are sorted by, the least first, and their numbers, as far as they are wanted."""
    if order == "address":
        rows = np.lexsort(ends.keys.T[::-1])[:most]
        return [(0, row) for row in rows.tolist()]
    measure = -(ends.frames if order == "frames" else ends.octets).sum(1)
    rows = np.argsort(measure, kind="stable")[:most]
    return list(zip(measure[rows].tolist(), rows.tolist(), strict=True))
