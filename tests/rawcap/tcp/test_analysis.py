"""What a segment is called, and what is measured with it: each rule, and what just misses it."""

from __future__ import annotations

import pytest

from tests.rawcap.tcp.crafting import (
    ACK,
    FIN,
    PSH,
    RST,
    SYN,
    Sent,
    called,
    client,
    handshake,
    last,
    notes,
    sack,
    scale,
    server,
)

MS = 1_000_000
COOKIE = bytes([34, 6, 1, 2, 3, 4, 1, 1])  # a fast open cookie of four octets
ASKING = bytes([34, 2, 1, 1])  # asks for one


def data() -> list[Sent]:
    """Packets 1 to 5: a handshake and two segments of 100 octets from the client, which may be lost."""
    return [*handshake(), client(1, 1, 100, at=30), client(101, 1, 100, at=31)]


def duplicates(count: int, at: float = 50) -> list[Sent]:
    """Packets 1 to 6 + count: behind the data comes an acknowledgement of the first, and again `count` times."""
    return [*data(), *(server(1, 101, at=at + place) for place in range(count + 1))]


AGAIN, EARLY = {"retransmission"}, {"out_of_order"}

RULES: list[tuple[str, list[Sent], Sent, set[str]]] = [
    # Nothing to tell.
    ("the next data", data(), client(201, 1, 100, at=60), set()),
    ("a new acknowledgement", data(), server(1, 201, at=60), set()),
    # Sent again.
    ("data again, its time up", data(), client(1, 1, 100, at=300), AGAIN),
    ("the last data again, however soon", data(), client(101, 1, 100, at=32), AGAIN),
    ("a SYN again", [client(0, flags=SYN)], client(0, flags=SYN, at=1000), AGAIN),
    ("a FIN again", [*data(), client(201, 1, flags=FIN | ACK, at=40)], client(201, 1, flags=FIN | ACK, at=300), AGAIN),
    ("some old data with new ones", data(), client(151, 1, 100, at=300), AGAIN),
    ("an acknowledgement with an old number", data(), client(1, 1, at=300), set()),
    ("a reset with an old number", data(), client(1, 1, flags=RST | ACK, at=300), set()),
    # Asked for by duplicate acknowledgements.
    (
        "what two duplicates ask for",
        duplicates(2),
        client(101, 1, 100, at=71.999),
        {"retransmission", "fast_retransmission"},
    ),
    ("20 ms after the second", duplicates(2), client(101, 1, 100, at=72), AGAIN),
    ("what one duplicate asks for", duplicates(1), client(101, 1, 100, at=60), AGAIN),
    ("other data than the duplicates ask for", duplicates(2), client(151, 1, 50, at=60), AGAIN),
    # Acknowledged before.
    (
        "data that were acknowledged",
        [*data(), server(1, 101, at=50)],
        client(1, 1, 100, at=60),
        {"retransmission", "spurious_retransmission"},
    ),
    (
        "data with one octet more than was acknowledged",
        [*data(), server(1, 101, at=50)],
        client(1, 1, 101, at=60),
        AGAIN,
    ),
    # Sooner than an acknowledgement could have come: the handshake took 20 ms.
    ("old data within the round trip", data(), client(1, 1, 100, at=50.999), EARLY),
    ("old data a round trip later", data(), client(1, 1, 100, at=51), AGAIN),
    ("without a handshake, within 3 ms", [client(1, 1, 100), client(101, 1, 100)], client(1, 1, 99, at=2.999), EARLY),
    ("without a handshake, 3 ms later", [client(1, 1, 100), client(101, 1, 100)], client(1, 1, 99, at=3), AGAIN),
    # From the octet of a keep-alive on, as a sender does whose probe was the first octet of what it could not send.
    ("data that begin one octet early", data(), client(200, 1, 100, at=300), set()),
    ("data that begin two octets early", data(), client(199, 1, 100, at=300), AGAIN),
    # Not captured.
    ("data behind a gap", data(), client(202, 1, 100, at=60), {"lost_segment"}),
    ("an acknowledgement behind a gap", data(), client(202, 1, at=60), {"lost_segment"}),
    ("a reset behind a gap", data(), client(202, 1, flags=RST | ACK, at=60), set()),
    ("an acknowledgement of what was not captured", data(), server(1, 202, at=60), {"ack_lost_segment"}),
    ("an acknowledgement of all that was", data(), server(1, 201, at=60), set()),
    # The same acknowledgement again.
    ("an acknowledgement again", duplicates(0), server(1, 101, at=60), {"duplicate_ack"}),
    ("with data", duplicates(0), server(1, 101, 10, at=60), set()),
    ("with a FIN", duplicates(0), server(1, 101, flags=FIN | ACK, at=60), set()),
    ("with a reset", duplicates(0), server(1, 101, flags=RST | ACK, at=60), set()),
    # Windows.
    ("another window", duplicates(0), server(1, 101, at=60, window=1001), {"window_update"}),
    ("another window and another acknowledgement", duplicates(0), server(1, 201, at=60, window=1001), set()),
    ("no window", data(), server(1, 101, at=60, window=0), {"zero_window"}),
    ("a window of one octet", data(), server(1, 101, at=60, window=1), set()),
    ("no window in a FIN", data(), server(1, 101, flags=FIN | ACK, at=60, window=0), set()),
    ("no window in a reset", data(), server(1, 101, flags=RST, at=60, window=0), set()),
    (
        "data to the last octet of the window",
        [*handshake(), client(1, 1, 900)],
        client(901, 1, 100, at=60),
        {"window_full"},
    ),
    ("data to the last but one", [*handshake(), client(1, 1, 900)], client(901, 1, 99, at=60), set()),
    (
        "a FIN with the last octet of the window",
        [*handshake(), client(1, 1, 900)],
        client(901, 1, 100, FIN | ACK, at=60),
        set(),
    ),
    # Is the other side there?
    ("one old octet", data(), client(200, 1, 1, at=1000), {"keep_alive"}),
    ("none, with the number of an old octet", data(), client(200, 1, at=1000), {"keep_alive"}),
    ("two old octets", data(), client(199, 1, 2, at=1000), AGAIN),
    ("a FIN in place of an old octet", data(), client(200, 1, flags=FIN | ACK, at=1000), AGAIN),
]


@pytest.mark.parametrize(("before", "segment", "names"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_what_a_segment_is_called(before: list[Sent], segment: Sent, names: set[str]) -> None:
    assert called(*before, segment)[-1] == names


# -- keep-alives and windows that are closed --------------------------------------------------------------


def quiet() -> list[Sent]:
    """Packets 1 to 6: all that was sent is acknowledged, then the client asks whether the server is there."""
    return [*handshake(), client(1, 1, 100, at=30), server(1, 101, at=40), client(100, 1, 1, at=1000)]


@pytest.mark.parametrize(
    ("segment", "names"),
    [
        (server(1, 101, at=1001), {"keep_alive_ack"}),
        (server(1, 101, at=1001, window=999), {"window_update"}),
        (server(1, 101, 5, at=1001), set()),
        (server(1, 102, at=1001), {"ack_lost_segment"}),
    ],
    ids=["the same again", "with another window", "with data", "with another number"],
)
def test_an_answer_to_a_keep_alive(segment: Sent, names: set[str]) -> None:
    assert called(*quiet(), segment)[-1] == names


def test_a_keep_alive_that_is_not_the_segment_before_is_not_answered() -> None:
    assert called(*quiet(), client(101, 1, at=1001), server(1, 101, at=1002))[-1] == {"duplicate_ack"}


def shut() -> list[Sent]:
    """Packets 1 to 5: the server takes no more."""
    return [*handshake(), client(1, 1, 100, at=30), server(1, 101, at=40, window=0)]


def test_one_new_octet_into_a_closed_window_is_a_probe() -> None:
    assert called(*shut(), client(101, 1, 1, at=500))[-1] == {"zero_window_probe"}


def test_two_octets_into_a_closed_window_are_none() -> None:
    assert called(*shut(), client(101, 1, 2, at=500))[-1] == set()


def test_one_octet_into_an_open_window_is_none() -> None:
    assert called(*data(), client(201, 1, 1, at=500))[-1] == set()


def test_a_probe_takes_up_no_number_so_the_octet_is_not_sent_again_with_the_next_data() -> None:
    found = called(*shut(), client(101, 1, 1, at=500), server(1, 101, at=510), client(101, 1, 50, at=520))
    assert found[-1] == set()


@pytest.mark.parametrize("ack", [101, 102])
def test_an_answer_to_a_probe_may_acknowledge_its_octet(ack: int) -> None:
    found = called(*shut(), client(101, 1, 1, at=500), server(1, ack, at=510, window=0))[-1]
    assert found >= {"zero_window_probe_ack", "zero_window"}


def test_an_answer_to_a_probe_that_opens_the_window_is_an_update() -> None:
    assert called(*shut(), client(101, 1, 1, at=500), server(1, 101, at=510, window=50))[-1] == {"window_update"}


def test_a_closed_window_that_nobody_probed_is_told_again_without_being_an_answer() -> None:
    assert called(*shut(), server(1, 101, at=510, window=0))[-1] == {"zero_window"}


def test_a_full_window_is_measured_in_scaled_octets() -> None:
    opening = [
        client(0, flags=SYN, options=scale(0)),
        server(0, 1, flags=SYN | ACK, options=scale(2), at=10),
        client(1, 1, at=20),
        server(1, 1, window=100, at=21),
    ]
    assert called(*opening, client(1, 1, 400, at=30))[-1] == {"window_full"}
    assert called(*opening, client(1, 1, 100, at=30))[-1] == set()


def test_a_window_whose_scale_is_not_known_is_never_full() -> None:
    assert called(client(1, 1), server(1, 1, window=100), client(1, 1, 100))[-1] == set()


# -- duplicate acknowledgements ---------------------------------------------------------------------------


def test_duplicate_acknowledgements_are_counted_and_name_the_first() -> None:
    found = notes(*duplicates(3))
    assert [
        (each.get("tcp.analysis.duplicate_ack_num"), each.get("tcp.analysis.duplicate_ack_frame")) for each in found[5:]
    ] == [(None, None), (1, 6), (2, 6), (3, 6)]


def test_a_new_acknowledgement_starts_the_count_again() -> None:
    found = notes(*duplicates(2), server(1, 201, at=60), server(1, 201, at=61))
    assert [found[-1]["tcp.analysis.duplicate_ack_num"], found[-1]["tcp.analysis.duplicate_ack_frame"]] == [1, 9]


def test_data_between_do_not_start_it_again() -> None:
    found = notes(*duplicates(1), server(1, 101, 10, at=60), server(11, 101, at=61))
    assert [found[-1]["tcp.analysis.duplicate_ack_num"], found[-1]["tcp.analysis.duplicate_ack_frame"]] == [2, 6]


# -- gaps -------------------------------------------------------------------------------------------------


def test_after_an_acknowledgement_of_what_was_not_captured_the_same_one_tells_nothing_new() -> None:
    assert called(*data(), server(1, 301, at=60), server(1, 301, at=61))[-2:] == [
        {"ack_lost_segment"},
        {"ack_lost_segment", "duplicate_ack"},
    ]


def test_what_fills_a_gap_soon_is_out_of_order() -> None:
    assert called(*data(), client(301, 1, 100, at=32), client(201, 1, 100, at=33))[-2:] == [
        {"lost_segment"},
        {"out_of_order"},
    ]


# -- a connection that begins -----------------------------------------------------------------------------


def test_ports_are_reused_where_a_syn_has_another_number() -> None:
    found = notes(*handshake(), client(77, flags=SYN, at=5000))[-1]
    assert (found["tcp.stream"], found["tcp.analysis.reused_ports"]) == (1, 1)
    assert "tcp.analysis.retransmission" not in found


@pytest.mark.parametrize("end", [client(1, 1, flags=FIN | ACK), server(1, 1, flags=RST | ACK)])
def test_ports_are_reused_behind_an_end_even_with_the_same_number(end: Sent) -> None:
    found = notes(*handshake(), end, client(0, flags=SYN, at=5000))[-1]
    assert (found["tcp.stream"], found["tcp.analysis.reused_ports"]) == (1, 1)


def test_a_syn_with_the_same_number_is_a_late_copy() -> None:
    found = notes(*handshake(), client(0, flags=SYN, at=5000))[-1]
    assert (found["tcp.stream"], found["tcp.analysis.retransmission"]) == (0, 1)
    assert "tcp.analysis.reused_ports" not in found


def test_other_ports_are_not_reused() -> None:
    assert called(*handshake(), client(77, flags=SYN, port=49153))[-1] == set()


@pytest.mark.parametrize(("options", "names"), [(COOKIE, {"tfo_syn"}), (ASKING, set()), (b"", set())])
def test_a_syn_with_data_and_a_cookie_opens_fast(options: bytes, names: set[str]) -> None:
    assert called(client(0, 0, 5, SYN, options=options)) == [names]


@pytest.mark.parametrize(("ack", "names"), [(6, {"tfo_ack"}), (1, {"tfo_ignored"})])
def test_the_answer_acknowledges_the_data_or_not(ack: int, names: set[str]) -> None:
    assert called(client(0, 0, 5, SYN, options=COOKIE), server(0, ack, flags=SYN | ACK, at=10))[-1] == names


def test_an_answer_to_a_cookie_without_data_says_nothing_of_fast_open() -> None:
    assert called(client(0, flags=SYN, options=COOKIE), server(0, 1, flags=SYN | ACK, at=10)) == [{"tfo_syn"}, set()]


# -- times and counts -------------------------------------------------------------------------------------


def test_an_acknowledgement_names_what_it_acknowledges_and_how_long_that_took() -> None:
    assert last(*data(), server(1, 201, at=60)) == {"acks_frame": 5, "ack_rtt": 29 * MS, "initial_rtt": 20 * MS}


def test_an_acknowledgement_of_a_part_of_a_segment_names_none() -> None:
    assert last(*data(), server(1, 151, at=60)) == {}


def test_what_was_acknowledged_is_not_acknowledged_again() -> None:
    assert "acks_frame" not in last(*data(), server(1, 201, at=60), server(1, 201, at=61, window=999))


def test_of_data_sent_twice_the_first_is_acknowledged() -> None:
    found = last(*data(), client(101, 1, 100, at=300), server(1, 201, at=310))
    assert (found["acks_frame"], found["ack_rtt"]) == (5, 279 * MS)


def test_the_time_of_a_retransmission_counts_from_the_oldest_that_is_not_acknowledged() -> None:
    found = last(*data(), client(101, 1, 100, at=300))
    assert (found["rto"], found["rto_frame"]) == (270 * MS, 4)
    found = last(*data(), server(1, 101, at=50), client(101, 1, 100, at=300))
    assert (found["rto"], found["rto_frame"]) == (269 * MS, 5)


@pytest.mark.parametrize(
    ("before", "segment"),
    [(duplicates(2), client(101, 1, 100, at=60)), ([*data(), server(1, 101, at=50)], client(1, 1, 100, at=60))],
    ids=["fast", "spurious"],
)
def test_a_retransmission_that_waited_for_no_timer_has_no_such_time(before: list[Sent], segment: Sent) -> None:
    assert "rto" not in last(*before, segment)


def test_octets_in_flight_are_those_from_the_oldest_to_the_newest() -> None:
    assert last(*data())["bytes_in_flight"] == 200
    assert last(*data(), server(1, 101, at=50), client(201, 1, 50, at=60))["bytes_in_flight"] == 150
    assert last(*data(), server(1, 201, at=50), client(201, 1, 50, at=60))["bytes_in_flight"] == 50


def test_a_fin_is_no_octet_in_flight() -> None:
    assert last(*data(), client(201, 1, 50, FIN | ACK, at=40))["bytes_in_flight"] == 250


def test_what_was_selectively_acknowledged_is_not_in_flight() -> None:
    blocks = server(1, 1, at=50, options=sack(101, 201))
    assert last(*data(), blocks, client(201, 1, 50, at=60))["bytes_in_flight"] == 150


def test_an_acknowledgement_without_data_measures_nothing_in_flight() -> None:
    assert "bytes_in_flight" not in last(*data(), client(201, 1, at=40))


def test_behind_a_gap_nothing_is_known_to_be_in_flight_until_the_next_acknowledgement() -> None:
    gap = [*data(), client(301, 1, 100, at=40)]
    assert "bytes_in_flight" not in last(*gap)
    assert last(*gap, server(1, 201, at=50), client(401, 1, 10, at=60))["bytes_in_flight"] == 110


def test_octets_pushed_count_to_the_push_and_start_again_behind_it() -> None:
    found = notes(
        *handshake(),
        client(1, 1, 100, at=30),
        client(101, 1, 50, PSH | ACK, at=31),
        client(151, 1, 10, at=32),
        client(161, 1, 10, at=33),
    )
    assert [each["tcp.analysis.push_bytes_sent"] for each in found[3:]] == [100, 150, 10, 20]


def test_the_round_trip_of_the_handshake_counts_from_the_last_syn() -> None:
    opening = [
        client(0, flags=SYN),
        client(0, flags=SYN, at=1000),
        server(0, 1, flags=SYN | ACK, at=1010),
        client(1, 1, at=1015),
    ]
    assert last(*opening, client(1, 1, 5, at=1020))["initial_rtt"] == 15 * MS


def test_without_a_syn_the_round_trip_is_not_known() -> None:
    assert "initial_rtt" not in last(client(1, 1, 5), server(1, 6, at=10))


def test_times_count_from_the_first_segment_and_from_the_one_before() -> None:
    found = notes(*data())
    assert [(each["tcp.time_relative"], each["tcp.time_delta"]) for each in found] == [
        (0, 0),
        (10 * MS, 10 * MS),
        (20 * MS, 10 * MS),
        (30 * MS, 10 * MS),
        (31 * MS, 1 * MS),
    ]


def test_the_next_number_counts_a_syn_and_a_fin() -> None:
    found = notes(*handshake(), client(1, 1, 100), client(101, 1, 5, FIN | ACK), server(1, 1, flags=RST | ACK))
    assert [each["tcp.nxtseq"] for each in found] == [1, 1, 1, 101, 107, 1]


def test_only_what_is_out_of_the_ordinary_is_marked_as_such() -> None:
    ordinary, again = notes(*data(), server(1, 201, at=40), server(1, 201, at=41))[-2:]
    assert (ordinary["tcp.analysis"], ordinary.get("tcp.analysis.flags")) == (1, None)
    assert (again["tcp.analysis"], again["tcp.analysis.flags"]) == (1, 1)


# -- completeness -----------------------------------------------------------------------------------------


def completeness(*segments: Sent) -> list[int]:
    """What was seen before each segment."""
    return [each["tcp.completeness"] for each in notes(*segments)]


def test_a_connection_completes_bit_by_bit() -> None:
    assert completeness(
        *handshake(),
        client(1, 1, 5),
        client(6, 1, flags=FIN | ACK),
        server(1, 7, flags=RST | ACK),
        client(7, 1, flags=ACK),
    ) == [0, 1, 3, 7, 15, 31, 63]


def test_an_acknowledgement_with_data_is_data_and_no_acknowledgement() -> None:
    assert completeness(client(0, flags=SYN), server(0, 1, flags=SYN | ACK), client(1, 1, 5), server(1, 6))[3] == 11


def test_data_in_a_syn_count() -> None:
    assert completeness(client(0, 0, 5, SYN), server(0, 6, flags=SYN | ACK))[1] == 9


@pytest.mark.parametrize("flags", [ACK, FIN | ACK, RST | ACK, PSH | ACK])
def test_the_first_segment_of_a_connection_whose_beginning_was_not_captured_does_not_count(flags: int) -> None:
    assert completeness(client(1, 1, 5 if flags & PSH else 0, flags), server(1, 1)) == [0, 0]


@pytest.mark.parametrize(("flags", "bits"), [(FIN | ACK, 20), (RST | ACK, 36), (RST, 32)])
def test_an_acknowledgement_may_come_with_an_end(flags: int, bits: int) -> None:
    assert completeness(client(1, 1, 5), server(1, 6, flags=flags), client(6, 1)) == [0, 0, bits]


def test_the_first_data_of_the_other_side_do() -> None:
    assert completeness(client(1, 1, 5), server(1, 6, 5), client(6, 6)) == [0, 0, 8]


# -- times that mislead -----------------------------------------------------------------------------------


def test_times_that_go_backwards_are_differences_below_zero() -> None:
    found = notes(*handshake(), client(1, 1, 5, at=-1000))[-1]
    assert (found["tcp.time_relative"], found["tcp.time_delta"]) == (-1000 * MS, -1020 * MS)


def test_without_times_numbers_count_all_the_same() -> None:
    segments = [each._replace(at=None) for each in [*data(), server(1, 201), client(202, 1, 5)]]
    found = notes(*segments)
    assert found[-2]["tcp.analysis.acks_frame"] == 5
    assert [each["tcp.time_relative"] for each in found] == [0] * 7
    assert called(*segments)[-1] == {"lost_segment"}


def test_sequence_numbers_that_pass_their_end_are_judged_the_same() -> None:
    far = 0xFFFFFFFF - 1050  # the client's first octet has number 2**32 - 50
    segments = [
        each._replace(seq=each.seq + far) if each.from_client else each._replace(ack=each.ack + far) for each in data()
    ]
    assert called(*segments, client(201 + far, 1, 10, at=40))[3:] == [set()] * 3
    assert called(*segments, client(1 + far, 1, 100, at=300))[-1] == {"retransmission"}
    assert called(*segments, client(202 + far, 1, 10, at=40))[-1] == {"lost_segment"}
    assert called(*segments, server(1, 202 + far, at=40))[-1] == {"ack_lost_segment"}
