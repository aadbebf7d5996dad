"""The order of what several clocks have timed: causes first, and no time moved further than that takes.

A frame is timed where it passes an interface, an event where the kernel or a program was seen at it, and the two clocks
may be some microseconds apart. What caused what is known, though: a segment was sent after the write that gave its
octets, and read after it was sent. `settled` orders moments by their times and moves those that stand before their
cause:

- A frame is never moved: its time is what a user compares with other captures.
- What stands behind its effect (a write behind the segment it filled) is moved back to the time of the effect, what
  stands before its cause (an accept that returns before the handshake's last segment) forward to that of the cause.
- Nothing is moved by more than BOUND. A cause that is further behind its effect is not believed to be one: both stay
  where their clocks put them.
- Moments that no cause binds keep the order of their times, and of their arrival where those are the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TypeVar

BOUND = 1_000_000
"""Nanoseconds by which a moment is moved at most: far more than clocks of one machine differ, and far less than a
retransmission or a person takes."""


Some = TypeVar("Some", bound="Moment")


class Moment:
    """Something with a time, and what is known to have come before it.

    `time_ns` is the time that it is shown with, `read_ns` the one that its clock gave. A moment that is `fixed` is
    never moved.
    """

    __slots__ = ("after", "before", "fixed", "number", "read_ns", "time_ns")

    def __init__(self, time_ns: int, number: int, *, fixed: bool = False) -> None:
        self.time_ns = self.read_ns = time_ns
        self.number = number
        """The order of arrival, which decides between equal times."""
        self.fixed = fixed
        self.before: list[Moment] = []
        self.after: list[Moment] = []


def caused(cause: Moment, effect: Moment) -> bool:
    """Say that one moment came before another; false where their clocks are too far apart for that to be believed."""
    if cause.read_ns - effect.read_ns > BOUND:
        return False
    if cause is not effect:
        cause.after.append(effect)
        effect.before.append(cause)
    return True


def settled(moments: Sequence[Some]) -> list[Some]:
    """The moments in their order, each with its `time_ns` moved where a cause demands it.

    Causes and effects that are not among `moments` are settled already, and only push: they keep their times.
    """
    own = set(map(id, moments))
    first = _in_order(moments, own)
    for moment in reversed(first):
        if not moment.fixed:
            latest = min((each.time_ns for each in moment.after if id(each) in own), default=moment.time_ns)
            moment.time_ns = max(min(moment.time_ns, latest), moment.read_ns - BOUND)
    for moment in first:
        if not moment.fixed:
            earliest = max((each.time_ns for each in moment.before), default=moment.time_ns)
            moment.time_ns = min(max(moment.time_ns, earliest), moment.read_ns + BOUND)
    for moment in moments:  # what moving within the bound did not put right is not believed
        moment.before = [each for each in moment.before if each.time_ns <= moment.time_ns]
        moment.after = [each for each in moment.after if moment.time_ns <= each.time_ns]
    return _in_order(moments, own)


def _in_order(moments: Sequence[Some], own: set[int]) -> list[Some]:
    """The moments by time, none before those that came before it.

    Where recordings contradict themselves, and each of some moments came before the others, the earliest goes first.
    """
    waits = {id(moment): sum(id(each) in own for each in moment.before) for moment in moments}
    by_id = {id(moment): moment for moment in moments}
    ready = [(moment.time_ns, moment.number, id(moment)) for moment in moments if not waits[id(moment)]]
    heapq.heapify(ready)
    held = iter(sorted(moments, key=lambda each: (each.time_ns, each.number)))
    done: set[int] = set()
    order: list[Some] = []
    while len(order) < len(moments):
        if ready:
            moment = by_id[heapq.heappop(ready)[2]]
        else:  # a circle
            moment = next(each for each in held if id(each) not in done)
        if id(moment) in done:
            continue
        done.add(id(moment))
        order.append(moment)
        for each in moment.after:
            if id(each) in own:
                waits[id(each)] -= 1
                if not waits[id(each)]:
                    heapq.heappush(ready, (each.time_ns, each.number, id(each)))
    return order
