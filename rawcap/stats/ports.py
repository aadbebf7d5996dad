"""Ports: how much went from and to each TCP and UDP port, whatever the address.

They follow from the conversations. A packet between two sockets of the same port is counted once in the sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rawcap.stats.conversations import Conversations

_PORTS = 65_536


class Port(NamedTuple):
    """What was sent from a port and to it; octets are those on the wire, of whole frames."""

    layer: str
    port: int
    conversations: int
    frames: int
    """From the port or to it."""
    octets: int
    frames_sent: int
    octets_sent: int
    frames_received: int
    octets_received: int


def ports(conversations: Conversations, layer: str, order: str = "octets", most: int | None = None) -> Iterator[Port]:
    """The ports of "tcp" or "udp", `most` of them at most, sorted by "octets", "frames" or "address": the number."""
    met, frames, octets = np.zeros(_PORTS, np.int64), np.zeros((_PORTS, 2), np.int64), np.zeros((_PORTS, 2), np.int64)
    twice = np.zeros((_PORTS, 2), np.int64)
    for sort, sums in conversations.sums():
        if sort.layer != layer or not sort.has_ports:
            continue
        numbers = [(sums.keys[:, end] & np.uint64(0xFFFF)).astype(np.int64) for end in (sort.words - 1, -1)]
        same = numbers[0] == numbers[1]
        for side, other in ((0, 1), (1, 0)):
            for total, part in ((frames, sums.frames), (octets, sums.octets)):
                np.add.at(total[:, 0], numbers[side], part[:, side])
                np.add.at(total[:, 1], numbers[side], part[:, other])
            np.add.at(met, numbers[side] if side == 0 else numbers[side][~same], 1)
        np.add.at(twice[:, 0], numbers[0][same], sums.frames[same].sum(1))
        np.add.at(twice[:, 1], numbers[0][same], sums.octets[same].sum(1))
    all_frames, all_octets = frames.sum(1) - twice[:, 0], octets.sum(1) - twice[:, 1]
    measure = {"octets": -all_octets, "frames": -all_frames, "address": np.arange(_PORTS)}[order]
    ranked = np.argsort(measure, kind="stable")
    for port in ranked[met[ranked] > 0][:most].tolist():
        (sent, received), (octets_sent, octets_received) = frames[port].tolist(), octets[port].tolist()
        yield Port(
            layer,
            port,
            int(met[port]),
            int(all_frames[port]),
            int(all_octets[port]),
            sent,
            octets_sent,
            received,
            octets_received,
        )
