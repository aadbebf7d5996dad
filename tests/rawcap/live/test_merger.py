"""Several sockets, one order of time."""

from __future__ import annotations

from dissectors.packet import Interface, Packet
from rawcap.live.merger import HOLD_SECONDS, Merger

HERE = Interface(name="here")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def at(*times_ns: int) -> list[Packet]:
    return [Packet(b"", HERE, time_ns) for time_ns in times_ns]


def times(packets: list[Packet]) -> list[int | None]:
    return [packet.time_ns for packet in packets]


def test_a_packet_waits_for_older_ones_of_other_sockets() -> None:
    clock = Clock()
    merger = Merger(clock)
    merger.add(at(20, 40))
    assert merger.due() == []
    clock.now += HOLD_SECONDS / 2
    merger.add(at(10, 30))
    clock.now += HOLD_SECONDS / 2
    assert times(merger.due()) == [10, 20, 30, 40]


def test_what_is_newer_than_what_is_due_waits_on() -> None:
    clock = Clock()
    merger = Merger(clock)
    merger.add(at(20))
    clock.now += HOLD_SECONDS / 2
    merger.add(at(30))
    clock.now += HOLD_SECONDS / 2
    assert times(merger.due()) == [20]
    assert merger
    clock.now += HOLD_SECONDS / 2
    assert times(merger.due()) == [30]
    assert not merger


def test_packets_of_one_time_keep_the_order_in_which_they_came() -> None:
    merger = Merger(Clock())
    first, second = at(10, 10)
    merger.add([first])
    merger.add([second])
    assert merger.rest() == [first, second]


def test_at_the_end_nothing_is_waited_for() -> None:
    merger = Merger(Clock())
    merger.add(at(20, 30))
    merger.add(at(10))
    assert times(merger.rest()) == [10, 20, 30]
    assert merger.rest() == []
