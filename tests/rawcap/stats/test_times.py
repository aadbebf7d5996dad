"""How much came when."""

from __future__ import annotations

import numpy as np
import pytest

from rawcap.files.bulk import NO_TIME
from rawcap.stats.batch import Batch
from rawcap.stats.times import Interval, Times

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND + 123


def of(*seconds: float, interval: float | None = 1, origin: int | None = None) -> Times:
    """What is counted of packets of 100 octets that came so long after the beginning."""
    counted = Times(None if interval is None else int(interval * SECOND), origin)
    times = np.array([START + round(each * SECOND) for each in seconds], np.int64)
    counted.add(Batch(np.full(len(seconds), 100), times))
    return counted


def test_intervals_begin_with_the_first_packet() -> None:
    assert list(of(0, 0.999999999, 1, 2.5).rows()) == [
        Interval(0, SECOND, 2, 200),
        Interval(SECOND, 2 * SECOND, 1, 100),
        Interval(2 * SECOND, 3 * SECOND, 1, 100),
    ]


def test_empty_intervals_are_one() -> None:
    assert list(of(0, 100_000_000).rows()) == [
        Interval(0, SECOND, 1, 100),
        Interval(SECOND, 100_000_000 * SECOND, 0, 0),
        Interval(100_000_000 * SECOND, 100_000_001 * SECOND, 1, 100),
    ]


def test_a_packet_from_before_the_first() -> None:
    assert list(of(1, 0.5).rows()) == [Interval(-SECOND, 0, 1, 100), Interval(0, SECOND, 1, 100)]


def test_intervals_begin_with_the_first_packet_of_the_capture_also_when_it_is_not_counted() -> None:
    counted = Times(SECOND)
    counted.add(Batch(np.array([100]), np.array([START + 5 * SECOND]), first_time=START))
    assert list(counted.rows()) == [Interval(5 * SECOND, 6 * SECOND, 1, 100)]


def test_there_are_25_lines_at_most_wherever_the_first_packet_that_counts_is() -> None:
    counted = Times()
    times = START + np.array([900_000_000, 900_000_000 + 24_900_000_000])
    counted.add(Batch(np.full(2, 100), times, first_time=START))
    assert counted.interval == 2 * SECOND


def test_packets_without_a_time_do_not_count() -> None:
    counted = Times(SECOND)
    counted.add(Batch(np.array([1, 2]), np.array([NO_TIME, START])))
    assert list(counted.rows()) == [Interval(0, SECOND, 1, 2)]


@pytest.mark.parametrize(
    ("span", "interval"),
    [(24, 1), (0.024, 0.001), (26, 2), (100, 5), (200, 10), (86_400, 5_000), (0, 0.000001)],
)
def test_an_interval_is_chosen_that_makes_25_lines_at_most(span: float, interval: float) -> None:
    counted = of(0, span, interval=None)
    assert counted.interval == round(interval * SECOND)
    assert sum(row.frames for row in counted.rows()) == 2


def test_many_packets_far_apart_take_bounded_room() -> None:
    seconds = np.arange(100_000) / 100
    counted = of(*seconds.tolist(), interval=None)
    assert counted.interval == 50 * SECOND
    assert [row.frames for row in counted.rows()] == [5_000] * 20


def test_merging_is_as_counting_all() -> None:
    first = of(0, 1.5)
    first.merge(of(1.7, 4, origin=START))
    assert list(first.rows()) == list(of(0, 1.5, 1.7, 4).rows())


def test_times_from_another_beginning_are_not_added_up() -> None:
    with pytest.raises(ValueError, match="counted from another moment"):
        of(0).merge(of(5))
