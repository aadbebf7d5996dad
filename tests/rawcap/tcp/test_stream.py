"""One direction of a connection, put together from segments."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rawcap.tcp.stream import (
    FARTHEST,
    MOST_CONFLICTS,
    MOST_REMEMBERED,
    OVERHEAD,
    Budget,
    ByteStream,
    Conflict,
    Gap,
    Piece,
)

ISN = 1000


@pytest.fixture
def stream() -> ByteStream:
    """A stream whose SYN had sequence number 1000, so that its octet 0 has 1001."""
    stream = ByteStream()
    stream.begin(ISN)
    return stream


# -- in order ---------------------------------------------------------------------------------------------


def test_the_octet_behind_the_syn_is_octet_0(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4, 77)
    assert stream.take() == [Piece(0, b"hello", 4, 77)]


def test_what_was_taken_does_not_come_again(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.take()
    assert stream.take() == []


def test_one_segment_after_the_other(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.add(1006, b" world", 5)
    assert stream.take() == [Piece(0, b"hello", 4, None), Piece(5, b" world", 5, None)]
    assert (stream.octets, stream.missing, stream.position) == (11, 0, 11)


def test_octets_of_a_view_are_octets(stream: ByteStream) -> None:
    stream.add(1001, memoryview(b"hello"), 4)
    assert stream.take() == [Piece(0, b"hello", 4, None)]


def test_an_empty_segment_brings_nothing(stream: ByteStream) -> None:
    stream.add(1001, b"", 4)
    assert stream.take() == []


def test_sequence_numbers_wrap() -> None:
    stream = ByteStream()
    stream.begin(0xFFFFFFFD)
    stream.add(0xFFFFFFFE, b"abcd", 1)
    stream.add(2, b"ef", 2)
    assert stream.take() == [Piece(0, b"abcd", 1, None), Piece(4, b"ef", 2, None)]


def test_offsets_do_not_wrap(stream: ByteStream) -> None:
    for step in range(1, 7):  # six GiB minus six octets, all but the first octet of each missing
        stream.add(1001 + (step - 1) * (FARTHEST - 1) & 0xFFFFFFFF, b"x", step)
        stream.add(1001 + step * (FARTHEST - 1) & 0xFFFFFFFF, b"", step)
        stream.acknowledged(1001 + step * (FARTHEST - 1) & 0xFFFFFFFF)
    assert stream.position == 6 * (FARTHEST - 1)
    assert stream.take()[-2:] == [Piece(5 * (FARTHEST - 1), b"x", 6, None), Gap(5 * (FARTHEST - 1) + 1, FARTHEST - 2)]


# -- out of order -----------------------------------------------------------------------------------------


def test_a_segment_waits_for_what_is_before_it(stream: ByteStream) -> None:
    stream.add(1006, b" world", 4)
    assert stream.take() == []
    stream.add(1001, b"hello", 5)
    assert stream.take() == [Piece(0, b"hello", 5, None), Piece(5, b" world", 4, None)]
    assert stream.out_of_order == 1


def test_what_comes_again_is_left_out(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.add(1001, b"hello", 5)
    assert stream.take() == [Piece(0, b"hello", 4, None)]
    assert stream.repeated == 5


def test_an_overlap_at_the_front(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.add(1004, b"lo you", 5)
    assert stream.take() == [Piece(0, b"hello", 4, None), Piece(5, b" you", 5, None)]
    assert stream.repeated == 2


def test_an_overlap_at_the_end(stream: ByteStream) -> None:
    stream.add(1004, b"lo you", 4)
    stream.add(1001, b"hello", 5)
    assert stream.take() == [Piece(0, b"hel", 5, None), Piece(3, b"lo you", 4, None)]


def test_a_segment_around_one_that_waits(stream: ByteStream) -> None:
    stream.add(1003, b"l", 4)
    stream.add(1001, b"hello", 5)
    assert stream.take() == [Piece(0, b"he", 5, None), Piece(2, b"l", 4, None), Piece(3, b"lo", 5, None)]


def test_a_keep_alive_octet_is_left_out(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.acknowledged(1006)
    stream.add(1005, b"\0", 5)  # RFC 9293, 3.8.4: one octet of garbage, already acknowledged
    stream.add(1006, b"!", 6)
    assert stream.take() == [Piece(0, b"hello", 4, None), Piece(5, b"!", 6, None)]
    assert stream.conflicts == []


def test_a_zero_window_probe_is_an_octet_as_any_other(stream: ByteStream) -> None:
    stream.add(1001, b"h", 4)
    stream.add(1001, b"hello", 5)
    assert stream.take() == [Piece(0, b"h", 4, None), Piece(1, b"ello", 5, None)]


# -- gaps -------------------------------------------------------------------------------------------------


def test_what_was_acknowledged_will_not_come(stream: ByteStream) -> None:
    stream.add(1006, b" world", 5)
    stream.acknowledged(1012)
    assert stream.take() == [Gap(0, 5), Piece(5, b" world", 5, None)]
    assert stream.missing == 5


def test_what_was_not_acknowledged_may_still_come(stream: ByteStream) -> None:
    stream.add(1006, b" world", 5)
    stream.acknowledged(1001)
    assert stream.take() == []


def test_an_acknowledgement_reaches_into_what_is_missing(stream: ByteStream) -> None:
    stream.add(1006, b" world", 5)
    stream.acknowledged(1003)
    assert stream.take() == [Gap(0, 2)]


def test_what_the_sender_was_not_seen_to_send_is_believed_when_it_goes_on(stream: ByteStream) -> None:
    stream.acknowledged(1006)
    assert stream.take() == []
    stream.add(1006, b"", 5)
    assert stream.take() == [Gap(0, 5)]


def test_an_acknowledgement_of_what_was_never_sent_loses_nothing(stream: ByteStream) -> None:
    stream.acknowledged(1101)
    stream.add(1001, b"hello", 5)
    assert stream.take() == [Piece(0, b"hello", 5, None)]


def test_an_answer_to_the_syn_from_an_earlier_connection_loses_nothing(stream: ByteStream) -> None:
    stream.acknowledged(500_000)
    stream.flush()
    assert stream.take() == []


def test_what_comes_for_a_gap_too_late_is_left_out(stream: ByteStream) -> None:
    stream.add(1006, b" world", 5)
    stream.acknowledged(1012)
    stream.add(1001, b"hello", 6)
    assert stream.take() == [Gap(0, 5), Piece(5, b" world", 5, None)]
    assert stream.repeated == 5


def test_neighbouring_gaps_are_one(stream: ByteStream) -> None:
    stream.add(1011, b"!", 5)
    stream.acknowledged(1003)
    stream.acknowledged(1006)
    assert stream.take() == [Gap(0, 5)]


def test_at_the_end_all_comes_out(stream: ByteStream) -> None:
    stream.add(1003, b"l", 4)
    stream.add(1006, b"!", 5)
    stream.flush()
    assert stream.take() == [Gap(0, 2), Piece(2, b"l", 4, None), Gap(3, 2), Piece(5, b"!", 5, None)]
    assert stream.held == 0


def test_octets_that_the_capture_cut_off_are_a_gap(stream: ByteStream) -> None:
    stream.add(1001, b"hel", 4, cut=2)
    stream.add(1006, b"!", 5)
    assert stream.take() == [Piece(0, b"hel", 4, None), Gap(3, 2), Piece(5, b"!", 5, None)]


def test_cut_octets_that_another_segment_has_are_no_gap(stream: ByteStream) -> None:
    stream.add(1003, b"l", 4, cut=2)
    stream.add(1003, b"llo", 5)
    stream.add(1001, b"he", 6)
    assert [part for part in stream.take() if isinstance(part, Gap)] == []
    assert stream.octets == 5


def test_a_frame_cut_before_its_data_is_a_gap(stream: ByteStream) -> None:
    stream.add(1001, b"", 4, cut=5)
    assert stream.take() == [Gap(0, 5)]


# -- the beginning and the end ----------------------------------------------------------------------------


def test_without_a_syn_it_begins_with_the_first_data() -> None:
    stream = ByteStream()
    stream.add(5000, b"", 1)
    stream.add(5001, b"hello", 2)
    assert stream.take() == [Piece(0, b"hello", 2, None)]


def test_without_a_syn_it_begins_with_what_is_acknowledged_first() -> None:
    stream = ByteStream()
    stream.acknowledged(5000)
    stream.add(5005, b"!", 2)
    stream.add(5000, b"hello", 3)
    assert stream.take() == [Piece(0, b"hello", 3, None), Piece(5, b"!", 2, None)]


def test_a_side_that_was_not_captured_at_all_is_a_gap() -> None:
    stream = ByteStream()
    stream.acknowledged(5000)
    stream.acknowledged(5100)
    assert stream.take() == [Gap(0, 100)]


def test_data_from_before_the_beginning_is_counted() -> None:
    stream = ByteStream()
    stream.add(5001, b"hello", 1)
    stream.add(4999, b"xyhe", 2)
    assert stream.take() == [Piece(0, b"hello", 1, None)]
    assert stream.early == 2


def test_a_syn_sent_again_changes_nothing(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.begin(ISN)
    stream.add(1006, b"!", 5)
    assert b"".join(part.octets for part in stream.take() if isinstance(part, Piece)) == b"hello!"


def test_a_syn_with_another_number_counts_before_any_data(stream: ByteStream) -> None:
    stream.begin(5000)
    stream.add(5001, b"hello", 4)
    assert stream.take() == [Piece(0, b"hello", 4, None)]


def test_it_is_finished_when_all_before_the_fin_came(stream: ByteStream) -> None:
    stream.finish(1006)
    assert not stream.finished
    stream.add(1001, b"hello", 5)
    assert stream.finished


def test_the_fin_has_a_number_but_is_no_octet(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.finish(1006)
    stream.add(1007, b"", 5)
    stream.acknowledged(1007)
    stream.flush()
    assert stream.take() == [Piece(0, b"hello", 4, None)]


def test_what_is_missing_before_the_fin_is_a_gap_at_the_end(stream: ByteStream) -> None:
    stream.add(1001, b"he", 4)
    stream.finish(1006)
    stream.flush()
    assert stream.take() == [Piece(0, b"he", 4, None), Gap(2, 3)]


def test_data_behind_the_fin_is_left_out(stream: ByteStream) -> None:
    stream.finish(1006)
    stream.add(1001, b"hello you", 5)
    stream.add(1010, b"there", 6)
    assert stream.take() == [Piece(0, b"hello", 5, None)]
    assert stream.after_fin == 9


def test_data_behind_the_fin_that_waits_is_left_out(stream: ByteStream) -> None:
    stream.add(1004, b"lo you", 5)
    stream.finish(1006)
    stream.add(1001, b"hel", 6)
    assert stream.take() == [Piece(0, b"hel", 6, None), Piece(3, b"lo", 5, None)]
    assert stream.after_fin == 4


def test_a_fin_within_what_came_is_none(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.finish(1003)
    stream.add(1006, b"!", 5)
    assert stream.octets == 6


# -- contradictions ---------------------------------------------------------------------------------------


def test_of_what_came_twice_and_differs_the_first_counts(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.add(1001, b"heLLo", 5)
    assert stream.take() == [Piece(0, b"hello", 4, None)]
    assert stream.conflicts == [Conflict(start=2, length=2, first_number=4, number=5)]


def test_so_it_is_of_what_waits(stream: ByteStream) -> None:
    stream.add(1003, b"llo", 4)
    stream.add(1002, b"ELLO!", 5)
    stream.add(1001, b"h", 6)
    assert stream.take() == [
        Piece(0, b"h", 6, None),
        Piece(1, b"E", 5, None),
        Piece(2, b"llo", 4, None),
        Piece(5, b"!", 5, None),
    ]
    assert stream.conflicts == [Conflict(start=2, length=3, first_number=4, number=5)]


def test_a_segment_that_begins_first_and_came_last_is_the_one_that_contradicts(stream: ByteStream) -> None:
    stream.add(1003, b"l", 4)
    stream.add(1002, b"e_lo", 5)
    stream.add(1001, b"h", 6)
    assert stream.conflicts == [Conflict(start=2, length=1, first_number=4, number=5)]


def test_the_same_octets_are_no_conflict(stream: ByteStream) -> None:
    stream.add(1004, b"lo", 4)
    stream.add(1001, b"hello", 5)
    stream.add(1002, b"ello", 6)
    assert stream.conflicts == []


def test_what_was_acknowledged_is_not_compared(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 4)
    stream.acknowledged(1004)
    stream.add(1001, b"_____", 5)
    assert stream.conflicts == [Conflict(start=3, length=2, first_number=4, number=5)]


def test_conflicts_are_bounded_and_counted(stream: ByteStream) -> None:
    stream.add(1001, b"hello", 1)
    for number in range(2, 1002):
        stream.add(1001, b"_ello", number)
    assert len(stream.conflicts) == MOST_CONFLICTS
    assert stream.conflict_count == 1000


# -- malice -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [FARTHEST + 1, (1 << 31) - 1, (1 << 32) - FARTHEST - 1])
def test_data_outside_any_window_is_counted_and_left_out(stream: ByteStream, ahead: int) -> None:
    stream.add(1001 + ahead & 0xFFFFFFFF, b"far", 4)
    stream.flush()
    assert stream.take() == []
    assert stream.far == 1


def test_a_million_tiny_segments_with_holes_are_bounded_and_not_slow() -> None:
    stream = ByteStream(most_held=1 << 20)
    stream.begin(ISN)
    places = list(range(1, 2_000_000, 2))
    random.Random(1).shuffle(places)
    held = count = 0
    for place in places:
        stream.add(1001 + place, b"x", place)
        held = max(held, stream.held)
        count += sum(part.length if isinstance(part, Gap) else len(part.octets) for part in stream.take())
    assert held <= (1 << 20) + MOST_REMEMBERED + 2 * OVERHEAD
    stream.flush()
    count += sum(part.length if isinstance(part, Gap) else len(part.octets) for part in stream.take())
    assert count == stream.position


def test_comparing_does_not_make_overlaps_quadratic() -> None:
    stream = ByteStream()
    stream.begin(ISN)
    for number in range(10_000):  # each over 1,000 of the others
        stream.add(1002 + number, b"x" * 1000, number)
        stream.take()
    stream.add(1001, b"x", 10_000)
    assert (stream.octets, stream.missing) == (11_000, 0)
    assert stream.conflicts == []


def test_a_stream_holds_no_more_than_it_may() -> None:
    stream = ByteStream(most_held=10_000)
    stream.begin(ISN)
    for number in range(20):
        stream.add(1101 + 1000 * number, bytes(1000), number)
        assert stream.held <= 10_000 + MOST_REMEMBERED
    assert stream.take()[:2] == [Gap(0, 100), Piece(100, bytes(1000), 0, None)]


def test_over_the_budget_the_stream_that_waits_longest_gives_up() -> None:
    given_up: list[ByteStream] = []
    budget = Budget(most=3000, given_up=given_up.append)
    first, second = ByteStream(budget=budget), ByteStream(budget=budget)
    for stream in (first, second):
        stream.begin(ISN)
    first.add(1002, bytes(1000), 1)
    second.add(1002, bytes(1000), 2)
    assert given_up == []
    second.add(2002, bytes(1000), 3)
    assert given_up == [first]
    assert first.take() == [Gap(0, 1), Piece(1, bytes(1000), 1, None)]
    assert second.take() == []
    assert budget.held == 2 * (1000 + OVERHEAD)


def test_a_budget_over_thousands_of_streams_ends_with_nothing_held() -> None:
    budget = Budget(most=1_000_000)
    streams = [ByteStream(budget=budget) for _ in range(4000)]
    for stream in streams:
        stream.begin(ISN)
        stream.add(1002, b"x", 1)
        assert budget.held <= 1_000_000
    streams[0].add(2000, bytes(900_000), 2)
    assert budget.held <= 1_000_000
    for stream in streams:
        stream.flush()
    assert budget.held == 0


@st.composite
def _cut_up(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, bytes]]]:
    """A payload, and segments in any order, some of them overlapping, that have all of it."""
    payload = draw(st.binary(min_size=1, max_size=200))
    cuts = sorted(draw(st.sets(st.integers(1, len(payload)), max_size=20)) | {0, len(payload)})
    segments = [(start, payload[start:stop]) for start, stop in itertools.pairwise(cuts)]
    more = draw(st.lists(st.tuples(st.integers(0, len(payload)), st.integers(0, 50)), max_size=20))
    segments += [(start, payload[start : start + length]) for start, length in more]
    return payload, draw(st.permutations(segments))


@given(_cut_up(), st.integers(0, 0xFFFFFFFF))
@example((b"hello", [(3, b"lo"), (1, b"ell"), (0, b"hello")]), 0xFFFFFFFE)
def test_segments_in_any_order_give_the_payload(cut_up: tuple[bytes, list[tuple[int, bytes]]], isn: int) -> None:
    payload, segments = cut_up
    stream = ByteStream()
    stream.begin(isn)
    got = b""
    for number, (start, octets) in enumerate(segments):
        stream.add((isn + 1 + start) % (1 << 32), octets, number)
        for part in stream.take():
            assert isinstance(part, Piece)
            assert part.start == len(got)
            got += part.octets
    assert got == payload
    assert stream.conflict_count == 0
    stream.acknowledged((isn + 1 + len(payload)) % (1 << 32))
    assert stream.held == 0


@given(st.lists(st.tuples(st.sampled_from("asfk"), st.integers(0, 60), st.binary(max_size=20), st.integers(0, 5))))
def test_whatever_comes_what_comes_out_is_without_a_hole(calls: list[tuple[str, int, bytes, int]]) -> None:
    stream = ByteStream(most_held=1000)
    place = 0
    for number, (call, sequence, octets, cut) in enumerate(calls):
        if call == "a":
            stream.add(sequence, octets, number, cut=cut)
        elif call == "s":
            stream.begin(sequence)
        elif call == "f":
            stream.finish(sequence)
        else:
            stream.acknowledged(sequence)
        if number == len(calls) - 1:
            stream.flush()
        for part in stream.take():
            assert part.start == place
            place += part.length if isinstance(part, Gap) else len(part.octets)
    assert place == stream.octets + stream.missing == stream.position
