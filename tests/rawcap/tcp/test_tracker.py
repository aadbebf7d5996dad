"""Sequence numbers counted from the beginning of a connection."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from dissectors.packet import Interface, Packet
from rawcap.tcp.tracker import Tracker

RAW = Interface(linktype=101)
FIN, SYN, RST, ACK = 1, 2, 4, 16

Notes = dict[str, Any] | None


def segment(
    sport: int, dport: int, flags: int, seq: int, ack: int = 0, window: int = 1000, options: bytes = b"", host: int = 1
) -> Packet:
    """A segment between 192.0.2.`host`, which has the port above 1023, and 192.0.2.200."""
    client, server = bytes([192, 0, 2, host]), bytes([192, 0, 2, 200])
    source, destination = (client, server) if sport > 1023 else (server, client)
    header = (20 + len(options)) // 4 << 12 | flags
    tcp = struct.pack("!HHIIHHHH", sport, dport, seq, ack, header, window, 0, 0) + options
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, source, destination)
    return Packet(ip + tcp, RAW)


def scale(shift: int) -> bytes:
    return bytes([1, 3, 3, shift])


def noted(*packets: Packet, most: int = 0) -> list[tuple[int, int, int, int]]:
    tracker = Tracker(most=most)
    found = []
    for packet in packets:
        notes = tracker.note(packet).notes
        assert notes is not None
        found.append((notes["tcp.stream"], notes["tcp.seq"], notes["tcp.ack"], notes["tcp.window_size"]))
    return found


def test_a_handshake_counts_from_both_initial_sequence_numbers() -> None:
    assert noted(
        segment(49152, 443, SYN, 1000),
        segment(443, 49152, SYN | ACK, 5000, 1001),
        segment(49152, 443, ACK, 1001, 5001),
        segment(443, 49152, ACK, 5001, 1101),
    ) == [(0, 0, 0, 1000), (0, 0, 1, 1000), (0, 1, 1, 1000), (0, 1, 101, 1000)]


def test_numbers_go_on_over_the_end_of_the_sequence_space() -> None:
    found = noted(segment(49152, 443, SYN, 0xFFFFFFFF), segment(49152, 443, ACK, 0, 1), segment(49152, 443, ACK, 9, 1))
    assert [seq for _, seq, _, _ in found] == [0, 1, 10]


def test_a_connection_without_its_beginning_counts_from_one() -> None:
    assert noted(segment(49152, 443, ACK, 7000, 9000), segment(443, 49152, ACK, 9000, 7010)) == [
        (0, 1, 1, 1000),
        (0, 1, 11, 1000),
    ]


def test_an_acknowledgement_number_that_does_not_count_is_left_alone() -> None:
    assert noted(segment(49152, 443, SYN, 1000, ack=77))[0][2] == 77


def test_windows_are_scaled_when_both_sides_offered_it_but_never_in_a_syn() -> None:
    windows = [
        window
        for *_, window in noted(
            segment(49152, 443, SYN, 1, window=100, options=scale(7)),
            segment(443, 49152, SYN | ACK, 1, 2, window=100, options=scale(2)),
            segment(49152, 443, ACK, 2, 2, window=100),
            segment(443, 49152, ACK, 2, 2, window=100),
        )
    ]
    assert windows == [100, 100, 12800, 400]


def test_windows_are_not_scaled_when_one_side_did_not_offer_it() -> None:
    found = noted(
        segment(49152, 443, SYN, 1, options=scale(7)),
        segment(443, 49152, SYN | ACK, 1, 2),
        segment(49152, 443, ACK, 2, 2, window=100),
    )
    assert found[2][3] == 100


def test_a_shift_above_14_counts_as_14() -> None:
    found = noted(
        segment(49152, 443, SYN, 1, options=scale(200)),
        segment(443, 49152, SYN | ACK, 1, 2, options=scale(0)),
        segment(49152, 443, ACK, 2, 2, window=1),
    )
    assert found[2][3] == 16384


def test_connections_are_numbered_as_they_appear() -> None:
    found = noted(
        segment(49152, 443, SYN, 1), segment(49153, 443, SYN, 1), segment(443, 49152, SYN | ACK, 1, 2)
    )
    assert [stream for stream, *_ in found] == [0, 1, 0]


def test_the_same_ports_of_another_host_are_another_connection() -> None:
    found = noted(segment(49152, 443, SYN, 1, host=1), segment(49152, 443, SYN, 1, host=2))
    assert [stream for stream, *_ in found] == [0, 1]


def test_a_syn_sent_again_opens_nothing_new() -> None:
    found = noted(segment(49152, 443, SYN, 1000), segment(49152, 443, SYN, 1000))
    assert [stream for stream, *_ in found] == [0, 0]


@pytest.mark.parametrize("end", [FIN | ACK, RST])
def test_a_syn_behind_the_end_opens_another_connection(end: int) -> None:
    found = noted(segment(49152, 443, SYN, 1000), segment(443, 49152, end, 1, 1001), segment(49152, 443, SYN, 1000))
    assert [stream for stream, *_ in found] == [0, 0, 1]


def test_a_syn_with_another_sequence_number_opens_another_connection() -> None:
    found = noted(segment(49152, 443, SYN, 1000), segment(49152, 443, SYN, 2000))
    assert found == [(0, 0, 0, 1000), (1, 0, 0, 1000)]


def test_what_is_no_whole_tcp_header_of_the_packet_itself_has_no_notes() -> None:
    tracker = Tracker()
    cut = Packet(segment(49152, 443, SYN, 1).data[:39], RAW, None, 40)
    quoting = Packet(
        bytes.fromhex("45000044 00000000 40010000 c0000209 c0000201 03030000 00000000")
        + segment(49152, 443, SYN, 1).data,
        RAW,
    )
    for packet in (cut, quoting):
        assert not tracker.note(packet).notes


def test_notes_that_are_there_stay() -> None:
    packet = segment(49152, 443, SYN, 1)
    packet.notes = {"frame.time_delta": 5}
    notes = Tracker().note(packet).notes
    assert notes is not None
    assert (notes["frame.time_delta"], notes["tcp.seq"]) == (5, 0)


def test_memory_is_bounded_and_what_was_not_used_for_long_is_forgotten() -> None:
    found = noted(
        segment(50001, 443, ACK, 10, 1),
        segment(50002, 443, ACK, 10, 1),
        segment(50003, 443, ACK, 10, 1),
        segment(50001, 443, ACK, 20, 1),
        segment(50004, 443, ACK, 10, 1),
        segment(50001, 443, ACK, 30, 1),
        segment(50002, 443, ACK, 50, 1),
        most=2,
    )
    assert [(stream, seq) for stream, seq, _, _ in found] == [
        (0, 1),
        (1, 1),
        (2, 1),
        (0, 11),
        (3, 1),
        (0, 21),
        (4, 1),
    ]
