"""One direction of a TCP connection, put together from its segments as they come.

    stream = ByteStream()
    stream.begin(isn)                                  # the SYN
    stream.add(seq_raw, octets, number, time_ns)       # each segment
    stream.acknowledged(ack_raw)                       # what the other side says
    for part in stream.take():
        ...                                            # Piece(start, octets, …) or Gap(start, length)
    stream.flush()                                     # the end of the capture

Octets are counted from the beginning of the stream, the one behind the SYN being 0, by integers that do not wrap as
sequence numbers do. A sequence number is taken for the place nearest to what is awaited (RFC 9293, 3.4).

Of octets that came twice and differ, those that came first count: that is what a host does which has delivered them
already, and of those that still wait, hosts differ. So the stream may not be what the receiver read, and `conflicts`
says where. Only octets that are not yet acknowledged are compared: what comes again later no receiver looks at, and
the octet of a keep-alive segment is garbage by design (RFC 9293, 3.8.4).

Segments that wait for what is before them are kept in a heap, and overlaps are resolved when they come out, in one
sweep: n segments cost O(n log n), in whatever order and however small they come.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from typing import NamedTuple

MOST_HELD = 16 << 20
"""Octets that one stream keeps while it waits for what is missing; then the missing octets are given up."""
MOST_IN_ALL = 256 << 20
"""Octets that all streams of a Budget keep together."""
MOST_REMEMBERED = 1 << 20
"""Octets that came out and are not acknowledged that one stream keeps to compare with what comes again."""
MOST_CONFLICTS = 100
"""Conflicts that are told of one stream; the others are counted."""
FARTHEST = 1 << 30
"""Octets ahead of what is awaited beyond which no window reaches (RFC 7323, 2.3)."""
OVERHEAD = 200
"""What a segment that is kept costs beside its octets, about."""

_WRAP = 1 << 32
_HALF = 1 << 31


class Piece(NamedTuple):
    """Octets of the stream; `number` and `time_ns` are those of the frame that brought them."""

    start: int
    octets: bytes
    number: int
    time_ns: int | None


class Gap(NamedTuple):
    """Octets of the stream that the capture lacks."""

    start: int
    length: int


class Conflict(NamedTuple):
    """Octets that came again and were others: `length` from the first that differs to the last.

    `first_number` is the frame whose octets count, `number` the one that contradicts it.
    """

    start: int
    length: int
    first_number: int
    number: int


class Budget:
    """What several streams keep together: `most` octets. Over it, the one that has kept something longest gives it up.

    `given_up` is called with each stream that has to; what then comes out of it waits for its `take`.
    """

    def __init__(self, most: int = MOST_IN_ALL, given_up: Callable[[ByteStream], object] | None = None) -> None:
        self.most = most
        self.held = 0
        """Octets that are kept now, about."""
        self._given_up = given_up
        self._keeping: dict[ByteStream, None] = {}
        self._settling = False

    def settle(self, stream: ByteStream, grown: int) -> None:
        """Take note that a stream keeps `grown` octets more than before, or less."""
        self.held += grown
        if stream.held:
            self._keeping.setdefault(stream)
        else:
            self._keeping.pop(stream, None)
        if self._settling:
            return
        self._settling = True
        while self.held > self.most and self._keeping:
            longest = next(iter(self._keeping))
            longest.give_up()
            if self._given_up is not None:
                self._given_up(longest)
        self._settling = False


class _Segment:
    """Octets that wait; `octets` is None for those that the capture cut off the end of a frame."""

    __slots__ = ("end", "number", "octets", "start", "time_ns")

    def __init__(self, start: int, end: int, octets: bytes | None, number: int, time_ns: int | None) -> None:
        self.start = start
        self.end = end
        self.octets = octets
        self.number = number
        self.time_ns = time_ns


class ByteStream:
    """One direction of a connection: segments in, octets in order out.

    `most_held` bounds what waits, `budget` what this and other streams keep together. What came out is kept until it
    is taken, so take it after each call.

    The stream begins behind the SYN. Where none was seen it begins with the first segment that has data, or with what
    the other side acknowledges first; data from before that is counted as `early`, and left out.
    """

    def __init__(self, *, most_held: int = MOST_HELD, budget: Budget | None = None) -> None:
        self.most_held = most_held
        self.octets = 0
        """Octets that came out."""
        self.missing = 0
        """Octets of all gaps."""
        self.out_of_order = 0
        """Segments that came before something that precedes them."""
        self.repeated = 0
        """Octets that came when their place had been passed: sent again, or too late to fill a gap."""
        self.early = 0
        """Octets from before the beginning of the stream."""
        self.far = 0
        """Segments too far from all others to be of this stream."""
        self.after_fin = 0
        """Octets behind the end that a FIN told."""
        self.conflicts: list[Conflict] = []
        """Where octets came twice and differed, the first MOST_CONFLICTS."""
        self.conflict_count = 0
        self.held = 0
        """Octets that are kept, waiting or to be compared, with what keeping them costs."""
        self._budget = budget
        self._settled = 0
        self._begun = False
        self._unseen = False  # only what the other side acknowledges was seen
        self._base = 0  # the sequence number of octet 0
        self._next = 0  # what is awaited
        self._acked = 0
        self._highest = 0  # how far the sender was seen to be
        self._claimed = 0  # what was acknowledged beyond that
        self._end: int | None = None  # where the FIN stands
        self._ready: list[Piece | Gap] = []
        self._arrived = 0
        self._waiting: list[tuple[int, int, _Segment]] = []  # a heap, by start, then rank
        self._waiting_cost = 0
        # What came out and may be compared with, in order; what is before `_past_head` is forgotten.
        self._past_starts: list[int] = []
        self._past: list[tuple[bytes, int]] = []
        self._past_head = 0
        self._past_cost = 0

    # -- what segments say --------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """The octet that is awaited: all before it came out, or is in a gap."""
        return self._next

    @property
    def finished(self) -> bool:
        """Whether all came out up to the FIN."""
        return self._end is not None and self._next >= self._end

    def begin(self, isn: int) -> None:
        """A SYN with this sequence number: the stream begins behind it. Ignored where data has come already."""
        if not self._begun or not (self._next or self._waiting):
            self._begun = True
            self._unseen = False
            self._base = (isn + 1) % _WRAP
            self._acked = self._highest = self._claimed = 0

    def add(
        self,
        seq_raw: int,
        octets: bytes | bytearray | memoryview,
        number: int,
        time_ns: int | None = None,
        *,
        cut: int = 0,
    ) -> None:
        """Take a segment: the sequence number of its first octet, and its octets, of which there may be none.

        `cut` is how many more it had on the wire than were captured. A segment without any tells how far its sender is.
        """
        length = len(octets)
        if not self._begun:
            if not (length or cut):
                return
            self._begun = True
            self._base = seq_raw
        self._unseen = False
        start = self._place(seq_raw)
        if abs(start - self._next) > FARTHEST:
            self.far += 1
            return
        self._highest = max(self._highest, start + length + cut)
        if length or cut:
            self._take_in(start, bytes(octets), number, time_ns, cut)
        if self._acked < self._claimed <= self._highest:
            self._believe(self._claimed)
        self._settle()

    def _take_in(self, start: int, octets: bytes, number: int, time_ns: int | None, cut: int) -> None:
        """Put octets in their place, or keep them until they can be."""
        length = len(octets)
        if self._end is not None and start + length + cut > self._end:
            self.after_fin += max(0, start + length - max(start, self._end))
            length = min(length, max(self._end - start, 0))
            cut = min(cut, max(self._end - start - length, 0))
            octets = octets[:length]
        if start < 0:
            self.early += min(length, -start)
        elif start < self._next:
            self.repeated += min(length, self._next - start)
        if start < self._next:
            self._compare(start, octets, number)
            octets = octets[self._next - start :]
            start = min(start + length, self._next)
        elif start > self._next:
            self.out_of_order += 1
        if octets and start == self._next and not self._waiting:
            self._out(octets, number, time_ns)
        elif octets:
            self._wait(_Segment(start, start + len(octets), octets, number, time_ns))
        end = start + len(octets)
        if cut and end + cut > self._next:
            self._wait(_Segment(end, end + cut, None, number, time_ns))
        if self._waiting:
            self._sweep()
            while self._waiting_cost > self.most_held:
                self._advance(self._waiting[0][0])

    def acknowledged(self, ack_raw: int) -> None:
        """The other side awaits this sequence number: what is missing before it will not come, and becomes a gap.

        What the sender was not seen to have sent is believed when a later segment of it says as much: a side may
        acknowledge what was never sent, or answer a SYN with the numbers of an earlier connection (RFC 9293, 3.5.1).
        """
        if not self._begun:
            self._begun = self._unseen = True
            self._base = ack_raw
        acked = self._place(ack_raw)
        if self._end is not None:
            acked = min(acked, self._end)  # the FIN has a number of its own
        if acked <= self._acked or acked - self._next > FARTHEST:
            return
        if acked > self._highest and not self._unseen:
            self._claimed = max(self._claimed, acked)
            return
        self._believe(acked)
        self._settle()

    def _believe(self, acked: int) -> None:
        """Pass over what is missing before `acked`, and forget what came out before it."""
        if self._end is not None:
            acked = min(acked, self._end)
        self._advance(acked)
        self._acked = acked
        self._forget()

    def finish(self, seq_raw: int) -> None:
        """A FIN with this sequence number: the stream ends before it. The first that can be true counts."""
        if not self._begun:
            self._begun = True
            self._base = seq_raw
        end = self._place(seq_raw)
        if self._end is not None or not 0 <= end - self._next <= FARTHEST:
            return
        self._end = end
        waiting, self._waiting, self._waiting_cost = self._waiting, [], 0
        for start, rank, segment in waiting:
            if segment.octets is not None:
                self.after_fin += max(0, segment.end - max(start, end))
                segment.octets = segment.octets[: max(0, end - start)]
            segment.end = min(segment.end, end)
            if segment.end > start:
                self._waiting.append((start, rank, segment))
                self._waiting_cost += _cost(segment)
        heapify(self._waiting)
        self._settle()

    def give_up(self) -> None:
        """Let out all that waits, with gaps, and forget what came out. Segments may follow."""
        while self._waiting:
            self._advance(self._waiting[0][0])
        self._past_starts, self._past, self._past_head, self._past_cost = [], [], 0, 0
        self._settle()

    def flush(self) -> None:
        """The end of the capture: let out all that waits, with gaps, the last of them before the FIN."""
        self.give_up()
        if self._end is not None:
            self._skip(self._end)

    def take(self) -> list[Piece | Gap]:
        """What has come out since this was last asked, in order and without a hole."""
        ready, self._ready = self._ready, []
        return ready

    # -- putting in order ---------------------------------------------------------------------------------

    def _place(self, raw: int) -> int:
        """Which octet of the stream a sequence number stands for."""
        return self._next + (raw - self._base - self._next + _HALF) % _WRAP - _HALF

    def _wait(self, segment: _Segment) -> None:
        """Keep a segment. Of those that overlap the lowest rank counts: the first, and any before what was cut."""
        self._arrived += 1
        rank = self._arrived if segment.octets is not None else self._arrived + (1 << 62)
        heappush(self._waiting, (segment.start, rank, segment))
        self._waiting_cost += _cost(segment)

    def _advance(self, limit: int) -> None:
        """Let out what follows without a hole, and pass over holes up to `limit`."""
        self._sweep()
        while self._next < limit:
            self._skip(min(limit, self._waiting[0][0]) if self._waiting else limit)
            self._sweep()

    def _skip(self, stop: int) -> None:
        """Give up what is missing before `stop`."""
        length = stop - self._next
        if length <= 0:
            return
        self.missing += length
        last = self._ready[-1] if self._ready else None
        if isinstance(last, Gap):
            self._ready[-1] = Gap(last.start, last.length + length)
        else:
            self._ready.append(Gap(self._next, length))
        self._next = stop

    def _sweep(self) -> None:
        """Let out what waits and is not behind a hole, of overlapping segments the first that came."""
        waiting = self._waiting
        active: list[tuple[int, _Segment]] = []  # a heap, by rank: the segments that reach over the octet awaited
        overlapping: dict[int, _Segment] = {}  # by rank: those of which something may not have counted
        begin, mark = self._next, len(self._past)
        while True:
            while waiting and waiting[0][0] <= self._next:
                _, rank, segment = heappop(waiting)
                self._waiting_cost -= _cost(segment)
                if active or segment.start < self._next:
                    overlapping[rank] = segment
                    if active:
                        overlapping.setdefault(*active[0])  # it may lose to this one what it had
                if segment.end > self._next:
                    heappush(active, (rank, segment))
            while active and active[0][1].end <= self._next:
                heappop(active)
            if not active:
                break
            best = active[0][1]
            stop = min(best.end, waiting[0][0]) if waiting else best.end
            if best.octets is None:
                self._skip(stop)
            else:
                self._out(best.octets[self._next - best.start : stop - best.start], best.number, best.time_ns)
        if overlapping:
            self._compare_all(overlapping.values(), begin, b"".join([octets for octets, _ in self._past[mark:]]))

    def _out(self, octets: bytes, number: int, time_ns: int | None) -> None:
        """Let out the octets that are awaited, and remember them until they are acknowledged."""
        self._ready.append(Piece(self._next, octets, number, time_ns))
        self._past_starts.append(self._next)
        self._past.append((octets, number))
        self._past_cost += OVERHEAD + len(octets)
        self._next += len(octets)
        self.octets += len(octets)

    # -- comparing with what came out ---------------------------------------------------------------------

    def _compare_all(self, segments: Iterable[_Segment], begin: int, run: bytes) -> None:
        """Note it where segments contradict what came out just now: from `begin` on `run`, if that has no gap.

        Most are equal to it, which is seen at once, however many pieces it came in.
        """
        whole = begin + len(run) == self._next
        for segment in segments:
            octets = segment.octets
            if octets is None or (
                whole and segment.start >= begin and octets == run[segment.start - begin : segment.end - begin]
            ):
                continue
            self._compare(segment.start, octets, segment.number)

    def _compare(self, start: int, octets: bytes, number: int) -> None:
        """Note it where these octets contradict those that came out in their place."""
        begin, stop = max(start, self._acked), min(start + len(octets), self._next)
        place = max(bisect_right(self._past_starts, begin, self._past_head) - 1, self._past_head)
        first = last = first_number = 0
        while begin < stop and place < len(self._past):
            past_start, (past, past_number) = self._past_starts[place], self._past[place]
            place += 1
            low, high = max(begin, past_start), min(stop, past_start + len(past))
            if past_start >= stop:
                break
            here, there = octets[low - start : high - start], past[low - past_start : high - past_start]
            if low >= high or here == there:
                continue
            if not last:
                first, first_number = low + _first_difference(here, there), past_number
            last = high - _first_difference(here[::-1], there[::-1])
        if last:
            self.conflict_count += 1
            if len(self.conflicts) < MOST_CONFLICTS:
                self.conflicts.append(Conflict(first, last - first, first_number, number))

    def _forget(self) -> None:
        """Let go what came out, as far as it is acknowledged or too much."""
        head, starts, past = self._past_head, self._past_starts, self._past
        while head < len(past) and (
            starts[head] + len(past[head][0]) <= self._acked or self._past_cost > MOST_REMEMBERED
        ):
            self._past_cost -= OVERHEAD + len(past[head][0])
            past[head] = _FORGOTTEN
            head += 1
        if head > len(past) // 2:
            del starts[:head], past[:head]
            head = 0
        self._past_head = head

    def _settle(self) -> None:
        """Tell the budget what is kept now."""
        if self._past_cost > MOST_REMEMBERED:
            self._forget()
        self.held = self._waiting_cost + self._past_cost
        if self._budget is not None and self.held != self._settled:
            grown, self._settled = self.held - self._settled, self.held
            self._budget.settle(self, grown)


_FORGOTTEN = (b"", 0)


def _cost(segment: _Segment) -> int:
    """What keeping a segment takes, octets."""
    return OVERHEAD + len(segment.octets or b"")


def _first_difference(one: bytes, other: bytes) -> int:
    """Where two strings of octets of the same length first differ; their length where they do not."""
    differing = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    return len(one) - (differing.bit_length() + 7) // 8
