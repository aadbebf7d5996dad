"""Moments in the order of causes."""

from __future__ import annotations

from rawcap.stack.order import BOUND, Moment, caused, settled


def times(moments: list[Moment]) -> list[tuple[int, int]]:
    return [(each.number, each.time_ns) for each in moments]


def test_without_causes_time_decides_and_then_arrival() -> None:
    moments = [Moment(30, 0), Moment(10, 1), Moment(10, 2)]
    assert times(settled(moments)) == [(1, 10), (2, 10), (0, 30)]


def test_an_effect_is_moved_forward_to_its_cause() -> None:
    frame, accept = Moment(100, 0, fixed=True), Moment(90, 1)
    assert caused(frame, accept)
    assert times(settled([accept, frame])) == [(0, 100), (1, 100)]


def test_a_cause_of_a_frame_is_moved_back() -> None:
    frame, write = Moment(100, 0, fixed=True), Moment(120, 1)
    assert caused(write, frame)
    assert times(settled([frame, write])) == [(1, 100), (0, 100)]


def test_what_came_before_a_moment_that_is_moved_back_goes_with_it() -> None:
    frame, write, before = Moment(100, 0, fixed=True), Moment(120, 1), Moment(110, 2)
    caused(write, frame)
    caused(before, write)
    assert times(settled([frame, write, before])) == [(2, 100), (1, 100), (0, 100)]


def test_a_cause_beyond_the_bound_is_not_believed() -> None:
    frame, write = Moment(0, 0, fixed=True), Moment(BOUND + 1, 1)
    assert not caused(write, frame)
    assert times(settled([frame, write])) == [(0, 0), (1, BOUND + 1)]


def test_nothing_is_moved_by_more_than_the_bound() -> None:
    chain = [Moment(BOUND * 3 // 2, 0), Moment(BOUND * 3 // 4, 1), Moment(0, 2, fixed=True)]
    caused(chain[0], chain[1])
    caused(chain[1], chain[2])
    told = settled(chain)
    assert all(abs(each.time_ns - each.read_ns) <= BOUND for each in told)
    assert [each.time_ns for each in told] == sorted(each.time_ns for each in told)


def test_a_circle_is_given_in_the_order_of_time() -> None:
    first, second = Moment(1, 0), Moment(2, 1)
    caused(first, second)
    caused(second, first)
    assert [each.number for each in settled([second, first])] == [0, 1]


def test_what_was_settled_before_only_pushes() -> None:
    gone, late = Moment(50, 0), Moment(40, 1)
    caused(gone, late)
    assert times(settled([late])) == [(1, 50)]
