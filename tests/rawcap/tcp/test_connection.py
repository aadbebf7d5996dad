"""What is known of a connection: how it opened and closed, what was carried, what went wrong."""

from __future__ import annotations

import functools
import gc
from pathlib import Path

import pytest

import rawcap
from dissectors.packet import Packet
from rawcap.tcp.connection import Connection, Side
from rawcap.tcp.tracker import Tracker
from tests.rawcap.tcp.crafting import (
    ACK,
    FIN,
    RAW,
    RST,
    SYN,
    Sent,
    client,
    connected,
    handshake,
    notes,
    sack,
    scale,
    server,
    timestamps,
)

PCAPS = Path(__file__).parents[3] / "pcaps" / "tcp"
MS = 1_000_000


@functools.cache
def recorded(name: str) -> list[Connection]:
    tracker = Tracker()
    for packet in rawcap.read(PCAPS / f"{name}.pcapng"):
        tracker.add(packet)
    return tracker.connections


def told(side: Side) -> dict[str, list[int]]:
    return {name: trouble.numbers for name, trouble in (side.trouble or {}).items()}


# -- recorded ---------------------------------------------------------------------------------------------

# How each connection opened and closed, who closed first, who is left in TIME-WAIT, segments sent again.
ENDS: dict[str, list[tuple[str, str, str | None, str | None, int]]] = {
    "lost_syn": [("handshake", "orderly", "client", "client", 1)],
    "lost_syn_ack": [("handshake", "orderly", "client", "client", 3)],
    "lost_final_ack": [("handshake", "orderly", "client", "client", 1)],
    "refused": [("refused", "never open", "server", None, 0)],
    "refused_ipv6": [("refused", "never open", "server", None, 0)],
    "syn_unanswered": [("unanswered", "never open", None, None, 2)],
    "syn_unanswered_ipv6": [("unanswered", "never open", None, None, 2)],
    "host_unreachable": [("unreachable", "never open", None, None, 0)] * 2,
    "net_unreachable": [("unreachable", "never open", None, None, 0)] * 2,
    "prohibited": [("unreachable", "never open", None, None, 0)] * 2,
    "backlog_full_syn": [("handshake", "open", None, None, 0), ("unanswered", "never open", None, None, 1)],
    "backlog_full_data": [("handshake", "open", None, None, 0), ("handshake", "open", None, None, 4)],
    "backlog_full_ack": [*[("handshake", "open", None, None, 0)] * 3, ("handshake", "open", None, None, 2)],
    "never_accepted": [("handshake", "reset", "client", None, 0)],
    "simultaneous_open": [("simultaneous", "orderly", "client", "client", 0)],
    "fast_open_accepted": [
        ("handshake", "orderly", "client", "client", 0),
        ("fast open", "orderly", "client", "client", 0),
    ],
    "fast_open_ignored": [
        ("handshake", "orderly", "client", "client", 0),
        ("handshake", "orderly", "client", "client", 1),
    ],
    "port_reuse": [
        ("handshake", "orderly", "server", "server", 0),
        ("handshake", "orderly", "client", "client", 0),
        ("handshake", "orderly", "client", "client", 0),
    ],
    "three_connections": [
        ("handshake", "orderly", "client", "client", 0),
        ("handshake", "orderly", "server", "server", 0),
        ("handshake", "reset", "client", None, 0),
    ],
    "retransmission": [("handshake", "orderly", "client", "client", 1)],
    "fast_retransmission": [("handshake", "orderly", "client", "client", 1)],
    "out_of_order": [("handshake", "orderly", "client", "client", 0)],
    "zero_window": [("handshake", "orderly", "client", "client", 0)],
    "keep_alive_unanswered": [("handshake", "reset", "client", None, 0)],
    "data_unanswered": [("handshake", "open", None, None, 4)],
    "begins_in_the_middle": [("before the capture", "orderly", "client", "client", 0)],
    "ends_in_the_middle": [("handshake", "open", None, None, 0)],
    "closed_by_client": [("handshake", "orderly", "client", "client", 0)],
    "closed_by_client_ipv6": [("handshake", "orderly", "client", "client", 0)],
    "closed_by_server": [("handshake", "orderly", "server", "server", 0)],
    "closed_by_both": [("handshake", "simultaneous", "client", "both", 0)],
    "half_close": [("handshake", "orderly", "client", "client", 0)],
    "lost_fin": [("handshake", "orderly", "client", "client", 1)],
    "reset_with_unread_data": [("handshake", "reset", "server", None, 0)],
    "reset_by_client": [("handshake", "reset", "client", None, 0)],
    "reset_by_server": [("handshake", "reset", "server", None, 0)],
    "written_after_close": [("handshake", "reset", "server", None, 0)],
    "syn_with_data": [("handshake", "orderly", "client", "client", 1)],
    "syn_ack_wrong_number": [("unfinished", "reset", "client", None, 0)],
    "final_ack_wrong_number": [("unfinished", "reset", "server", None, 0)],
    "initial_number_reused": [("handshake", "orderly", "client", "client", 0)] * 2,
    "acknowledged_never_sent": [("handshake", "orderly", "client", "client", 0)],
    "sequence_wrap": [("handshake", "orderly", "client", "client", 0)],
    "challenge_ack_of_syn": [("handshake", "orderly", "client", "client", 1)],
    # The numbers of a reset that is not heeded count for those behind it, so they are called retransmissions.
    "challenge_ack_of_reset": [("handshake", "orderly", "client", "client", 2)],
    "reset_outside_window": [("handshake", "orderly", "client", "client", 1)],
    "fin_never_acknowledged": [("handshake", "half closed", "client", None, 2)],
    "data_after_fin": [("handshake", "orderly", "client", "client", 0)],
    "data_after_reset": [("handshake", "reset", "client", None, 0)],
}


@pytest.mark.parametrize("name", ENDS)
def test_how_it_opened_and_closed(name: str) -> None:
    found = [(each.opened, each.closed, each.closer, each.time_wait, each.retransmissions) for each in recorded(name)]
    assert found == ENDS[name]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("closed_by_client", (6, 6, 6, 0)),
        ("half_close", (12, 12, 12, 0)),
        ("retransmission", (18, 14, 14, 0)),
        ("fast_retransmission", (38, 34, 34, 0)),
        ("out_of_order", (14, 14, 14, 0)),
        ("not_recorded", (10, 14, 14, 4)),
        ("data_unanswered", (40, 8, 0, 0)),
        ("zero_window", (10000, 10000, 10000, 0)),
        ("conflicting_overlap", (20, 15, 15, 0)),
        ("sequence_wrap", (6, 6, 6, 0)),
        ("data_after_fin", (6, 6, 6, 0)),
        ("acknowledged_never_sent", (6, 6, 6, 0)),
        ("written_after_close", (21, 21, 6, 0)),
    ],
)
def test_octets_of_the_client_with_repetitions_and_without_acknowledged_and_missing(
    name: str, numbers: tuple[int, int, int, int]
) -> None:
    side = recorded(name)[0].client
    assert (side.octets, side.sent, side.acked, side.missing) == numbers


@pytest.mark.parametrize(
    ("name", "by_client", "by_server"),
    [
        ("closed_by_client", {}, {}),
        ("retransmission", {"retransmission": [7]}, {}),
        (
            "fast_retransmission",
            {"retransmission": [15], "fast_retransmission": [15]},
            {"duplicate_ack": [12, 13, 14, 16, 17]},
        ),
        ("out_of_order", {"lost_segment": [6], "out_of_order": [8]}, {"duplicate_ack": [7]}),
        (
            "spurious_retransmission",
            {"retransmission": [6], "spurious_retransmission": [6]},
            {"duplicate_ack": [7], "d_sack": [7]},
        ),
        ("not_recorded", {"lost_segment": [7]}, {"ack_lost_segment": [6]}),
        ("keep_alive", {"keep_alive": [6, 8, 10]}, {"keep_alive_ack": [7, 9, 11]}),
        ("old_timestamp", {"paws": [6], "retransmission": [8]}, {"duplicate_ack": [7]}),
        ("data_after_fin", {"data_after_fin": [8]}, {"duplicate_ack": [9]}),
        ("data_after_reset", {"data_after_reset": [7]}, {}),
        ("challenge_ack_of_syn", {"retransmission": [6]}, {"duplicate_ack": [7], "challenge_ack": [7]}),
        (
            "challenge_ack_of_reset",
            {"reset_out_of_window": [6], "retransmission": [8, 10]},
            {"duplicate_ack": [7], "challenge_ack": [7]},
        ),
        ("reset_outside_window", {"reset_out_of_window": [6], "out_of_order": [7], "retransmission": [9]}, {}),
    ],
)
def test_trouble(name: str, by_client: dict[str, list[int]], by_server: dict[str, list[int]]) -> None:
    (connection,) = recorded(name)
    assert (told(connection.client), told(connection.server)) == (by_client, by_server)


def test_errors_of_routers() -> None:
    first, second = recorded("host_unreachable")
    assert [(e.number, e.version, e.type, e.code, e.reporter) for e in first.icmp or ()] == [(2, 4, 3, 1, "192.0.2.2")]
    assert [(e.number, e.version, e.type, e.code, e.reporter) for e in second.icmp or ()] == [
        (4, 6, 1, 3, "2001:db8::2")
    ]
    assert (first.segments, first.last_number) == (1, 1)


def test_sockets_that_are_used_again() -> None:
    assert [(each.stream, each.first_number, each.reused) for each in recorded("port_reuse")] == [
        (0, 1, False),
        (1, 7, True),
        (2, 17, True),
    ]


# -- the handshake ----------------------------------------------------------------------------------------


def test_a_handshake_and_its_evidence() -> None:
    connection = connected(*handshake(), client(1, 1, 5, at=30))
    shake = connection.handshake
    assert shake.syn is not None and shake.syn_ack is not None and shake.ack is not None
    assert (shake.syn.number, shake.syn_ack.number, shake.ack.number) == (1, 2, 3)
    assert (shake.complete, shake.rtt_ns) == (True, 20 * MS)
    assert (connection.client.isn, connection.server.isn) == (1000, 5000)


def test_an_unfinished_handshake_has_no_round_trip() -> None:
    shake = connected(*handshake()[:2]).handshake
    assert (shake.complete, shake.rtt_ns, shake.ack) == (False, None, None)


def test_an_acknowledgement_of_another_number_is_not_the_third_segment() -> None:
    connection = connected(*handshake()[:2], client(1, 2))
    assert (connection.opened, connection.ack) == ("unfinished", None)


def test_data_may_come_with_the_third_segment() -> None:
    connection = connected(*handshake()[:2], client(1, 1, 5, at=15))
    assert (connection.opened, connection.handshake.rtt_ns) == ("handshake", 15 * MS)


def test_who_sends_syn_ack_first_is_the_server() -> None:
    connection = connected(server(0, 1, flags=SYN | ACK), client(1, 1))
    assert (connection.client.port, connection.opened) == (49152, "before the capture")


def test_without_a_syn_the_lower_port_is_the_server() -> None:
    connection = connected(server(1, 1), client(1, 1))
    assert (connection.client.port, connection.server.port, connection.beginning_seen) == (49152, 7, False)


def test_every_syn_is_kept_up_to_sixteen() -> None:
    side = connected(*(client(0, flags=SYN, at=1000 * place) for place in range(40))).client
    assert (side.syn_count, [moment.number for moment in side.syns]) == (40, list(range(1, 17)))


def test_round_trips_of_data() -> None:
    connection = connected(
        *handshake(), client(1, 1, 5, at=30), server(1, 6, at=40), client(6, 1, 5, at=50), server(1, 11, at=80)
    )
    # The acknowledgement of SYN/ACK counts too: 10, 10 and 30 ms.
    assert (connection.min_rtt_ns, connection.max_rtt_ns) == (10 * MS, 30 * MS)
    assert connection.mean_rtt_ns == 50 * MS // 3


def test_where_nothing_is_acknowledged_there_is_no_round_trip() -> None:
    connection = connected(client(0, flags=SYN))
    assert (connection.min_rtt_ns, connection.mean_rtt_ns, connection.max_rtt_ns) == (None, None, None)


def test_windows_and_their_scale() -> None:
    connection = connected(
        client(0, flags=SYN, options=scale(3)),
        server(0, 1, flags=SYN | ACK, options=scale(0)),
        client(1, 1, window=10),
        client(1, 1, window=20),
    )
    side = connection.client
    assert (side.scale, side.smallest_window, side.largest_window) == (3, 80, 160)
    assert (connection.server.smallest_window, connection.server.largest_window) == (-1, -1)


# -- the end ----------------------------------------------------------------------------------------------


def established(*segments: Sent) -> Connection:
    """Of packets 1 to 4, a handshake and five octets from the client, and what follows."""
    return connected(*handshake(), client(1, 1, 5, at=30), *segments)


def test_both_fins_but_only_one_acknowledged() -> None:
    connection = established(client(6, 1, flags=FIN | ACK), server(1, 7, flags=FIN | ACK))
    assert (connection.closed, connection.client.fin_acked, connection.server.fin_acked) == ("closing", 6, 0)


def test_an_acknowledgement_of_the_data_is_none_of_the_fin() -> None:
    connection = established(client(6, 1, flags=FIN | ACK), server(1, 6))
    assert (connection.closed, connection.client.fin_acked) == ("half closed", 0)


def test_a_reset_behind_an_orderly_close_changes_nothing() -> None:
    connection = established(
        client(6, 1, flags=FIN | ACK), server(1, 7, flags=FIN | ACK), client(7, 2), server(2, 7, flags=RST)
    )
    assert (connection.closed, connection.closer) == ("orderly", "client")


@pytest.mark.parametrize(
    ("seq", "closed"),
    [(6, "reset"), (1, "reset"), (7, "open"), (2_000_000, "open"), (-10, "open")],
    ids=["the next number", "the first number", "one too far", "outside of the window", "before the connection"],
)
def test_a_reset_counts_when_its_number_is_what_the_other_side_expects(seq: int, closed: str) -> None:
    connection = established(server(1, 6, at=40), client(seq, 0, flags=RST, at=50))
    assert (connection.closed, connection.server.state) == (closed, "CLOSED" if closed == "reset" else "ESTABLISHED")


def test_a_reset_with_the_number_that_was_acknowledged_last_counts_though_more_was_sent() -> None:
    connection = established(server(1, 6), client(6, 1, 100), client(6, 0, flags=RST))
    assert connection.closed == "reset"


def test_states_and_the_packets_that_prove_them() -> None:
    connection = established(
        server(1, 6), client(6, 1, flags=FIN | ACK), server(1, 7), server(1, 7, flags=FIN | ACK), client(7, 2)
    )
    assert connection.client.states == [
        (1, "CLOSED"),
        (1, "SYN-SENT"),
        (2, "ESTABLISHED"),
        (6, "FIN-WAIT-1"),
        (7, "FIN-WAIT-2"),
        (8, "TIME-WAIT"),
    ]
    assert connection.server.states == [
        (1, "UNKNOWN"),
        (2, "SYN-RECEIVED"),
        (3, "ESTABLISHED"),
        (6, "CLOSE-WAIT"),
        (8, "LAST-ACK"),
        (9, "CLOSED"),
    ]


# -- what Wireshark has no name for -----------------------------------------------------------------------


def test_a_timestamp_that_goes_back_is_found_and_one_that_stays_is_not() -> None:
    stamped = [
        client(1, 1, 5, options=timestamps(2000)),
        client(6, 1, 5, options=timestamps(2000)),
        client(11, 1, 5, options=timestamps(1999)),
    ]
    assert told(connected(*handshake(), *stamped).client) == {"paws": [6]}


def test_a_timestamp_may_pass_its_end() -> None:
    stamped = [client(1, 1, 5, options=timestamps(0xFFFFFFFF)), client(6, 1, 5, options=timestamps(3))]
    assert told(connected(*handshake(), *stamped).client) == {}


@pytest.mark.parametrize(
    ("edges", "found"),
    [((1, 6), True), ((6, 11), False), ((12, 14, 11, 16), True), ((11, 16, 21, 26), False)],
    ids=["below the acknowledgement", "above", "within the second block", "apart from it"],
)
def test_a_selective_acknowledgement_of_what_came_twice(edges: tuple[int, ...], found: bool) -> None:
    connection = established(client(6, 1, 30), server(1, 6, options=sack(*edges)))
    assert ("d_sack" in told(connection.server)) is found


def test_numbers_of_trouble_are_kept_up_to_eight() -> None:
    side = established(*(client(1, 1, 5, at=1000 * place) for place in range(1, 20))).client
    assert (side.count("retransmission"), side.numbers("retransmission")) == (19, list(range(5, 13)))
    assert (side.count("paws"), side.numbers("paws")) == (0, [])


# -- what is made to be trouble ---------------------------------------------------------------------------


def test_overlaps_count_once() -> None:
    side = established(client(3, 1, 10), client(1, 1, 4), client(2, 1, 11)).client
    assert (side.octets, side.sent, side.missing) == (30, 12, 0)


def test_what_begins_within_what_was_sent_and_ends_behind_it_is_an_overlap() -> None:
    side = established(client(6, 1, 10), client(11, 1, 10, at=500), client(11, 1, 10, at=900)).client
    assert told(side)["overlap"] == [6]


def test_a_gap_is_filled_from_both_ends_and_the_middle() -> None:
    gap = [client(106, 1, 10)]
    assert established(*gap).client.missing == 100
    assert established(*gap, client(6, 1, 10), client(96, 1, 10), client(50, 1, 10)).client.missing == 70
    assert established(*gap, client(6, 1, 100)).client.missing == 0


# -- a SYN in the middle of a connection --------------------------------------------------------------------


def both(*segments: Sent) -> list[tuple[str, int, str, str]]:
    """Of each connection: how it opened, its segments, and the states of client and server."""
    tracker = Tracker()
    for number, segment in enumerate([*handshake(), client(1, 1, 5), server(1, 6), *segments], 1):
        tracker.add(segment.packet(number))
    return [(each.opened, each.segments, each.client.state, each.server.state) for each in tracker.connections]


NEW_SYN = client(777, flags=SYN)


def test_a_connection_goes_on_in_spite_of_a_syn_that_is_challenged() -> None:
    assert both(NEW_SYN, server(1, 6), client(6, 1, 5), server(1, 11)) == [
        ("handshake", 8, "ESTABLISHED", "ESTABLISHED"),
        ("challenged", 1, "SYN-SENT", "UNKNOWN"),
    ]


def test_a_connection_goes_on_where_the_challenge_was_not_captured() -> None:
    assert both(NEW_SYN, client(6, 1, 5), server(1, 11)) == [
        ("handshake", 7, "ESTABLISHED", "ESTABLISHED"),
        ("challenged", 1, "SYN-SENT", "UNKNOWN"),
    ]


def test_a_client_that_began_anew_resets_what_is_half_open_and_asks_again() -> None:
    """RFC 9293, 3.5.1: the challenge ACK is answered by a reset, then the same SYN finds its answer."""
    rest = [server(1, 6), client(6, flags=RST), NEW_SYN, server(900, 778, flags=SYN | ACK), client(778, 901)]
    assert both(NEW_SYN, *rest) == [
        ("handshake", 7, "CLOSED", "CLOSED"),
        ("handshake", 4, "ESTABLISHED", "ESTABLISHED"),
    ]


def test_a_syn_that_is_answered_at_once_opens_another_connection() -> None:
    assert both(NEW_SYN, server(900, 778, flags=SYN | ACK), client(778, 901), client(778, 901, 5)) == [
        ("handshake", 5, "ESTABLISHED", "ESTABLISHED"),
        ("handshake", 4, "ESTABLISHED", "ESTABLISHED"),
    ]


# -- acknowledgements of what was not sent -------------------------------------------------------------------


def test_a_syn_ack_of_a_wrong_number_opens_nothing() -> None:
    connection = recorded("syn_ack_wrong_number")[0]
    assert (connection.client.state, connection.server.state) == ("SYN-SENT", "CLOSED")
    assert connection.client.states == [(1, "CLOSED"), (1, "SYN-SENT")]


def test_a_final_ack_of_a_wrong_number_opens_nothing() -> None:
    connection = recorded("final_ack_wrong_number")[0]
    assert connection.server.states == [(1, "UNKNOWN"), (2, "SYN-RECEIVED")]
    assert connection.client.state == "CLOSED"


def test_octets_count_over_the_end_of_the_sequence_space() -> None:
    far = 0xFFFFFFFF - 1002  # SYN has number 2**32 - 3
    side = connected(
        client(far, flags=SYN),
        server(0, far + 1, flags=SYN | ACK),
        client(far + 1, 1, 10),
        server(1, far + 11),
        client(far + 11, 1, flags=FIN | ACK),
        server(1, far + 12),
    ).client
    assert (side.isn, side.sent, side.acked, side.fin_acked) == (0xFFFFFFFD, 10, 10, 6)


def test_data_behind_a_fin_do_not_count() -> None:
    side = established(client(6, 1, flags=FIN | ACK), client(7, 1, 50)).client
    assert (side.octets, side.sent) == (5, 5)
    assert side.numbers("data_after_fin") == [6]


def test_data_up_to_a_fin_are_not_behind_it() -> None:
    assert "data_after_fin" not in told(established(client(6, 1, flags=FIN | ACK), client(1, 1, 5, at=500)).client)


def test_an_acknowledgement_of_what_was_never_sent_acknowledges_nothing() -> None:
    assert established(server(1, 100_000)).client.acked == 0


def test_a_flood_of_half_open_connections_is_bounded() -> None:
    gc.collect()
    before = sum(isinstance(each, Connection) for each in gc.get_objects())
    tracker = Tracker(most=100)
    streams = []
    for number in range(50_000):
        notes_of_it = tracker.note(client(number, flags=SYN, port=10_000 + number).packet(number)).notes
        assert notes_of_it is not None
        streams.append(notes_of_it["tcp.stream"])
    assert streams == list(range(50_000))
    assert tracker.connections == []
    gc.collect()
    assert sum(isinstance(each, Connection) for each in gc.get_objects()) - before <= 201


def test_segments_that_nobody_acknowledges_are_bounded() -> None:
    segments = [*handshake(), *(client(1 + place, 1, 1, at=30) for place in range(5000))]
    forgotten, whole = notes(*segments, server(1, 2, at=60), server(1, 5001, at=61))[-2:]
    assert "tcp.analysis.acks_frame" not in forgotten
    assert whole["tcp.analysis.acks_frame"] == 5003
    assert notes(*segments)[-1]["tcp.analysis.bytes_in_flight"] == 4096


def test_gaps_are_bounded() -> None:
    segments = [client(1 + 2 * place, 1, 1, at=30) for place in range(1, 10_001)]
    side = established(*(each._replace(seq=each.seq + 5) for each in segments)).client
    assert side.missing <= 2 * 256
    assert side.count("lost_segment") == 10_000


def test_errors_of_one_connection_are_bounded() -> None:
    tracker = Tracker()
    tracker.add(client(0, flags=SYN).packet(1))
    from_router = bytes.fromhex("45000044 00000000 40010000 c0000209 c0000201 03010000 00000000")
    for number in range(2, 30):
        tracker.add(Packet(from_router + client(0, flags=SYN).packet(number).data, RAW, 0, number=number))
    (connection,) = tracker.connections
    assert [error.number for error in connection.icmp or ()] == list(range(2, 10))


def test_states_of_a_side_are_bounded() -> None:
    turns = [client(0, flags=SYN), server(0, 1, flags=SYN | ACK)]
    side = connected(*(each for _ in range(50) for each in turns)).client
    assert side.states is not None
    assert len(side.states) <= 32


# -- times ------------------------------------------------------------------------------------------------


def test_times_that_go_backwards_give_no_round_trip_of_data() -> None:
    connection = connected(*handshake()[:1], server(0, 1, flags=SYN | ACK, at=-5), client(1, 1, 5, at=-10))
    assert (connection.min_rtt_ns, connection.handshake.rtt_ns) == (None, -10 * MS)


def test_a_capture_without_times() -> None:
    segments = [each._replace(at=None) for each in [*handshake(), client(1, 1, 5), server(1, 6)]]
    connection = connected(*segments)
    assert (connection.opened, connection.client.acked, connection.handshake.rtt_ns) == ("handshake", 5, 0)
