"""The lines of `-T text` for a whole file at once: the same as packet by packet, several times as fast.

Most packets of most captures are ordinary: TCP or UDP over IP, whole, with nothing in them that is recognised. Where
their headers are, threads find out by the chunk (dissectors.walk.Surveyor), and their lines are put together from
there (lines.py). All others become a `Packet` and take the way of `TextView`, in between.
"""

from __future__ import annotations

import codecs
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from dissectors.checksum import ENDS, is_wrong
from dissectors.fields import Field
from dissectors.graph import Graph
from dissectors.header import Header
from dissectors.internet.ipv4 import IPv4
from dissectors.internet.ipv6 import IPv6
from dissectors.printable import printable
from dissectors.transport.tcp import TCP
from dissectors.transport.udp import UDP
from dissectors.walk import Surveyor, ones_complement_sums
from rawcap.columns.facts import FACTS, Seen, time_fields
from rawcap.columns.gathering import packet_at
from rawcap.columns.scan import Scan, Taken
from rawcap.files import CaptureError, open_capture
from rawcap.pipeline import MOST_CONNECTIONS
from rawcap.show import clock, colours
from rawcap.show.lines import LineWriter
from rawcap.show.summary import may_be_wrong
from rawcap.show.text import TextView
from rawcap.tcp.tracker import Tracker

Numbers = npt.NDArray[np.int64]

CLOCKS = {"r": "frame.time_relative", "d": "frame.time_delta", "e": "frame.time_epoch"}
"""The formats of times (clock.FORMATS) that lines are put together with, and the fields that these show."""

_OUTER: tuple[type[Header], ...] = (IPv4, IPv6)
_INNER: tuple[type[Header], ...] = (TCP, UDP)
_KINDS = [(outer, inner, *ENDS[outer.name]) for outer in _OUTER for inner in _INNER]


class Asked(Protocol):
    """What the command line asks for, as far as it matters here."""

    @property
    def time_format(self) -> str: ...
    @property
    def numeric(self) -> bool: ...
    @property
    def color(self) -> str: ...


class _Survey(NamedTuple):
    """A chunk, and of each packet where its headers are; `kind` is a place in _KINDS, -1 if not ordinary."""

    seen: Seen
    kind: Numbers
    outer_at: Numbers
    at: Numbers
    stop: Numbers
    end: Numbers
    bad: npt.NDArray[np.uint8]
    """Whether a checksum is wrong."""


def is_possible(path: str, asked: Asked) -> bool:
    """Whether `write_lines` does for a file what was asked for: on no terminal, in no colours, without names."""
    encoding = codecs.lookup(sys.stdout.encoding).name
    if asked.time_format not in CLOCKS or encoding != "utf-8" or sys.stdout.isatty():
        return False
    if colours.wanted(asked.color, sys.stdout, os.environ):
        return False
    if asked.numeric:
        return True
    try:
        with open_capture(path) as capture:
            return capture.format == "pcap"  # which keeps no names of addresses
    except CaptureError:
        return False


def write_lines(
    scan: Scan, view: TextView, time_format: str, write: Callable[[bytes], object], linktypes: Counter[int]
) -> None:
    """Write the lines of all packets of a scan of one file, in UTF-8, in pieces.

    The scan gathers nothing and has no filter. `view` writes the lines of the packets that are not ordinary, and is to
    end in `write` as well; it has no names for addresses, no colours and no width. `time_format` is one of CLOCKS.
    `linktypes` counts the packets by link type. Raises CaptureError, as reading packet by packet does, after the lines
    of what came before.
    """
    tracker = Tracker(most=MOST_CONNECTIONS, with_states=False)
    writer = LineWriter(_KINDS, tracker, view.widths)
    try:
        for survey in scan.map(_Surveying(scan.graph)):
            _write_chunk(survey, view, time_format, scan.graph, write, tracker, writer)
            for place, count in enumerate(np.bincount(survey.seen.chunk.interface).tolist()):
                linktypes[survey.seen.interfaces[place].linktype] += count
    finally:
        view.flush()


def _write_chunk(
    survey: _Survey,
    view: TextView,
    time_format: str,
    graph: Graph,
    write: Callable[[bytes], object],
    tracker: Tracker,
    writer: LineWriter,
) -> None:
    seen = survey.seen
    places = seen.chunk.interface
    times, known = FACTS[CLOCKS[time_format]](seen)
    digits = np.array([clock.digits(each) for each in seen.interfaces], np.int64)[places]
    names = [printable(each.name) for each in seen.interfaces]
    encoded = [name.encode() for name in names]
    kind = survey.kind
    naming: tuple[bool, str | None] | None = None
    row = 0
    while row < len(kind):
        if naming != view.naming:
            naming = view.naming
            usual = [
                name.isascii() and (naming[0] or each.name in ("", naming[1]))
                for each, name in zip(seen.interfaces, names, strict=True)
            ]
            kind = np.where(known & np.array(usual)[places], survey.kind, -1)
        if not view.waits:
            row = writer.write(
                row,
                seen.number,
                seen.chunk.data.data,
                kind.data,
                survey.outer_at.data,
                survey.at.data,
                survey.stop.data,
                survey.end.data,
                survey.bad.data,
                times.data,
                seen.chunk.times.data,
                digits.data,
                places.data,
                encoded,
                naming[0],
            )
            write(writer.take())
            if not writer.stopped:
                continue
        packet = packet_at(seen, row, graph)
        packet.notes = time_fields(seen, row)
        tracker.note(packet)
        view.show(packet)
        if survey.kind[row] >= 0 and (tcp := packet.tcp) is not None:
            writer.learn(tcp)
        row += 1


class _Surveying:
    """Looks where the headers of the packets of a chunk are; several threads may call it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._compiled = graph.compiled
        self._local = threading.local()
        headers = self._compiled.classes
        self._passed = bytes(each in graph.headers and _is_passed(each) for each in headers)
        self._outer = bytes(each in _OUTER for each in headers)
        self._inner = bytes(each in _INNER for each in headers)

    def __call__(self, taken: Taken) -> _Survey:
        seen = taken.seen
        chunk = seen.chunk
        count = len(chunk.starts)
        nodes = np.array([self._compiled.links.get(each.linktype, 0) for each in seen.interfaces], np.int64)
        out = np.zeros((8, count), np.int64)
        links = nodes[chunk.interface]
        frames = (chunk.data, chunk.starts, chunk.captured, chunk.lengths, links, out)
        self._surveyor().survey(*(each.data for each in frames))
        outer, outer_at, inner, at, stop, end, behind, behind_end = out
        kind = np.full(count, -1, np.int64)
        bad = np.zeros(count, np.bool_)
        for place, (outer_class, inner_class, first, last) in enumerate(_KINDS):
            rows = np.flatnonzero(
                (outer == self._compiled.node_of[outer_class])
                & (inner == self._compiled.node_of[inner_class])
                & (at - outer_at == outer_class.declaration.fixed)
            )
            if outer_class is IPv4:
                more = outer_class.declaration.fields["flags"].parts["mf"]
                rows = rows[_read(chunk.data, outer_at[rows], more) == 0]
                bad[rows] = _sums(chunk.data, outer_at[rows], at[rows]) != 0xFFFF
            kind[rows] = place
            addresses = _sums(chunk.data, outer_at[rows] + first, outer_at[rows] + last)
            octets = end[rows] - at[rows]
            protocol = inner_class.declaration.follows["ip.proto"]
            pseudo = _folded(addresses + (octets >> 16) + (octets & 0xFFFF) + protocol)
            total = _folded(pseudo + _sums(chunk.data, at[rows], end[rows]))
            stated = _read(chunk.data, at[rows], inner_class.declaration.fields["checksum"])
            wrong = rows[is_wrong(total, pseudo, stated) & ((stated != 0) | (inner_class is not UDP))]
            bad[wrong] = True
        for row in np.flatnonzero(bad & (kind >= 0)).tolist():
            if chunk.options(row):  # which may say that the checksum was left to the card
                kind[row] = -1
        self._ask(chunk.data, kind, inner, stop, end, behind, behind_end)
        return _Survey(seen, kind, outer_at, at, stop, end, bad.view(np.uint8))

    def _surveyor(self) -> Surveyor:
        """What surveys in this thread."""
        surveyor: Surveyor | None = getattr(self._local, "surveyor", None)
        if surveyor is None:
            surveyor = self._local.surveyor = self._compiled.walker_of(Surveyor)
            surveyor.choose(self._passed, self._outer, self._inner)
        return surveyor

    def _ask(
        self,
        data: npt.NDArray[np.uint8],
        kind: Numbers,
        inner: Numbers,
        stop: Numbers,
        end: Numbers,
        behind: Numbers,
        behind_end: Numbers,
    ) -> None:
        """Take those out in which something is recognised, or follows for certain."""
        classes = self._compiled.classes
        guesses = {each.name: self._compiled.guesses.get(each.name, ()) for each in _INNER}
        octets = data.data
        rows = np.flatnonzero((kind >= 0) & (stop < end))
        columns = (inner, stop, end, behind, behind_end)
        listed = (each[rows].tolist() for each in columns)
        for row, node, start, last, following, until in zip(rows.tolist(), *listed, strict=True):
            payload = bytes(octets[start:last])
            if following:
                header = classes[following]
                if not header.declaration.picky or header.recognises(payload[: until - start]):
                    kind[row] = -1
                    continue
            for guess in guesses[classes[node].name]:
                if guess.recognises(payload):
                    kind[row] = -1
                    break


def _is_passed(header: type[Header]) -> bool:
    """Whether the line of a packet says nothing of this header where another is in it."""
    declared = header.declaration
    return not (
        declared.holds
        or declared.picky
        or header.quotes
        or header.repeats
        or header.part_of
        or header.is_option
        or may_be_wrong(header)
    )


def _read(data: npt.NDArray[np.uint8], starts: Numbers, field: Field) -> Numbers:
    """A field of many headers."""
    value = np.zeros(len(starts), np.int64)
    for place in range(field.at, field.at + field.size):
        value = value << 8 | data[starts + place]
    return value >> field.shift & field.mask


def _sums(data: npt.NDArray[np.uint8], starts: Numbers, stops: Numbers) -> Numbers:
    sums = np.zeros(len(starts), np.int64)
    ones_complement_sums(data.data, starts.data, stops.data, sums.data)
    return sums


def _folded(sums: Numbers) -> Numbers:
    """Sums that were added up, as one's complement sums: 0 has two forms."""
    rest = sums % 0xFFFF
    rest[(rest == 0) & (sums != 0)] = 0xFFFF
    return rest
