"""The checklist: every rule, on a capture that passes it and one that breaks it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

import rawcap
from dissectors.packet import Interface, Packet
from rawcap.tcp.verify.evidence import Case, Evidence
from rawcap.tcp.verify.rules import RULES, UDP_RULES, Check, checklist

MAC = "02:00:00:00:00:01"
ETHERNET = Interface(linktype=1)
PCAPS = Path(__file__).parents[4] / "pcaps" / "tcp"


def cases(packets: Iterable[Packet]) -> list[Case]:
    """What becomes of packets."""
    evidence = Evidence()
    for packet in packets:
        evidence.add(packet)
    return evidence.cases


def check(case: Case, name: str) -> Check:
    """What a rule says of a case."""
    return next(found for rule, found in checklist(case) if rule.name == name)


def look(name: str, rule: str, connection: int = 0) -> tuple[str, list[int], str]:
    """What a rule says of a connection of a capture: verdict, packets, words."""
    found = check(cases(rawcap.read(PCAPS / f"{name}.pcapng", reassemble=True))[connection], rule)
    return found.verdict, list(found.numbers), found.detail


def segments(*told: tuple[str, str, int, int, bytes]) -> list[Packet]:
    """Packets a millisecond apart: who sends, flags, sequence number, acknowledgement number, data."""
    packets = []
    for number, (sender, flags, seq, ack, data) in enumerate(told, 1):
        ends = ("192.0.2.1", 49152), ("192.0.2.2", 7)
        (source, sport), (destination, dport) = ends if sender == "client" else ends[::-1]
        tcp = TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack, window=1000)
        frame = bytes(Ether(src=MAC, dst=MAC) / IP(src=source, dst=destination) / tcp / data)
        packets.append(Packet(frame, ETHERNET, number=number, time_ns=number * 1_000_000))
    return packets


HANDSHAKE = (
    ("client", "S", 1000, 0, b""),
    ("server", "SA", 5000, 1001, b""),
    ("client", "A", 1001, 5001, b""),
)

HOLDING = [
    # rule, capture, packets
    ("syn-alone", "closed_by_client", [1]),
    ("initial-numbers", "closed_by_client", [1, 2]),
    ("syn-answered", "closed_by_client", [1, 2]),
    ("syn-answered", "simultaneous_open", [1, 2]),
    ("syn-ack-number", "closed_by_client", [1, 2]),
    ("window-scale", "closed_by_client", [1, 2]),
    ("sack-permitted", "closed_by_client", [1, 2]),
    ("timestamps", "closed_by_client", [1, 2]),
    ("final-ack", "closed_by_client", [2, 3]),
    ("client-data", "closed_by_client", [4, 5]),
    ("server-data", "closed_by_client", [6, 7]),
    ("ack-of-sent", "closed_by_client", []),
    ("all-captured", "closed_by_client", []),
    ("all-captured", "out_of_order", []),
    ("client-fin", "closed_by_client", [8, 9]),
    ("server-fin", "closed_by_client", [9, 10]),
    ("no-reset", "closed_by_client", []),
    ("time-wait", "closed_by_client", [8, 9]),
    ("time-wait", "closed_by_server", [6, 7]),
    ("time-wait", "closed_by_both", [8, 9]),
    ("no-retransmission", "closed_by_client", []),
    ("no-loss", "closed_by_client", []),
    ("no-duplicate", "closed_by_client", []),
    ("open-window", "closed_by_client", []),
    ("keep-alive", "keep_alive", [6, 7, 8, 9, 10, 11]),
    ("reset-expected", "reset_by_client", [6]),
    ("no-challenge", "closed_by_client", []),
    ("nothing-after-fin", "closed_by_client", [8, 9]),
    ("nothing-after-fin", "half_close", [5, 11]),
    ("nothing-after-reset", "reset_by_client", [6]),
    ("timestamps-forward", "closed_by_client", []),
    ("no-conflict", "retransmission", []),
    ("no-error", "closed_by_client", []),
    ("answered", "udp_answered", [1, 2]),
]

BROKEN = [
    # rule, capture, packets, words
    ("syn-alone", "syn_with_data", [1], "it carries 6 octets and no fast open cookie"),
    ("initial-numbers", "initial_number_reused", [1], "client 0"),
    ("syn-answered", "refused", [1, 2], "RST answered it: nobody listens"),
    ("syn-answered", "syn_unanswered", [1, 2, 3], "3 SYNs, no answer"),
    ("syn-answered", "host_unreachable", [1, 2], "ICMP from 192.0.2.2: Destination unreachable (Host unreachable)"),
    ("syn-ack-number", "syn_ack_wrong_number", [1, 2], "1000002 is 1000000 + 2"),
    ("window-scale", "window_scale_not_offered", [1, 2], "SYN/ACK has a window scale, the SYN has not"),
    ("sack-permitted", "sack_not_offered", [1, 2], "SYN/ACK has SACK permitted, the SYN has not"),
    ("timestamps", "timestamps_not_offered", [1, 2], "SYN/ACK has timestamps, the SYN has not"),
    ("final-ack", "final_ack_missing", [2, 3, 4], "SYN/ACK came 3 times, no ACK"),
    ("final-ack", "final_ack_wrong_number", [2, 3], "5000002 is 5000000 + 2"),
    ("client-data", "data_unanswered", [4, 5, 6, 7, 8], "0 of 8 octets acknowledged"),
    ("ack-of-sent", "syn_ack_wrong_number", [2], "the server acknowledges 1 octet too many"),
    ("ack-of-sent", "final_ack_wrong_number", [3], "the client acknowledges 1 octet too many"),
    ("no-challenge", "challenge_ack_of_new_syn", [7], "server 1 time: a SYN or RST came that does not belong here"),
    ("ack-of-sent", "acknowledged_never_sent", [6], "the server acknowledges 100 octets too many"),
    ("all-captured", "not_recorded", [6, 7], "4 octets of the client missing: it arrived, but was not recorded"),
    ("client-fin", "fin_never_acknowledged", [6, 7, 8], "sent 3 times, never acknowledged"),
    ("no-reset", "reset_by_server", [6], "the server sent RST"),
    ("no-retransmission", "retransmission", [7], "client 1 (7 sends again what 5 sent 207.223 ms before)"),
    ("no-retransmission", "lost_syn", [2], "client 1 (2 sends again what 1 sent 1.007 s before)"),
    ("no-loss", "out_of_order", [6, 8], "6 after a gap; 8 out of order"),
    ("no-loss", "fast_retransmission", [12, 13, 14, 16, 17], "5 duplicate ACKs of the server"),
    ("no-duplicate", "duplicate_sack", [7], "D-SACK of the server"),
    ("open-window", "zero_window", [10, 12, 15], "window 0: server 3 times"),
    ("keep-alive", "keep_alive_unanswered", [6, 7], "2 keep-alives of the client, no answer"),
    (
        "reset-expected",
        "reset_outside_window",
        [6],
        "RST of the client is 1,000,000 ahead of what is expected: not heeded",
    ),
    (
        "reset-expected",
        "challenge_ack_of_reset",
        [6],
        "RST of the client is 1,000 ahead of what is expected: not heeded",
    ),
    (
        "no-challenge",
        "challenge_ack_of_syn",
        [7],
        "server 1 time: a SYN or RST came that does not belong here",
    ),
    (
        "no-challenge",
        "challenge_ack_of_reset",
        [7],
        "server 1 time: a SYN or RST came that does not belong here",
    ),
    ("nothing-after-fin", "data_after_fin", [8], "data behind the own FIN: client 1 time"),
    ("nothing-after-reset", "data_after_reset", [6, 7], "1 segment of the client after its RST"),
    ("timestamps-forward", "old_timestamp", [6], "an older one than before: client 1 time"),
    ("no-conflict", "conflicting_overlap", [4, 5], "5 has other octets than 4 at 5..9 of the client"),
    ("no-error", "host_unreachable", [2], "192.0.2.2: Destination unreachable (Host unreachable)"),
    ("answered", "udp_unanswered", [1, 2, 3], "3 datagrams, none back"),
    ("no-error", "udp_port_unreachable", [2], "192.0.2.2: Destination unreachable (Port unreachable)"),
]


@pytest.mark.parametrize(("rule", "name", "numbers"), HOLDING, ids=[f"{each[0]}-{each[1]}" for each in HOLDING])
def test_holds(rule: str, name: str, numbers: list[int]) -> None:
    assert look(name, rule)[:2] == ("holds", numbers)


@pytest.mark.parametrize(("rule", "name", "numbers", "words"), BROKEN, ids=[f"{each[0]}-{each[1]}" for each in BROKEN])
def test_is_broken(rule: str, name: str, numbers: list[int], words: str) -> None:
    assert look(name, rule) == ("broken", numbers, words)


def test_every_rule_is_tested_both_ways() -> None:
    crafted = {"server-data", "server-fin", "time-wait"}
    names = {rule.name for rule in [*RULES, *UDP_RULES]}
    assert {each[0] for each in HOLDING} == names
    assert {each[0] for each in BROKEN} | crafted == names


def test_names_are_told_once() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names) == 28


def test_server_data_that_is_sent_again_and_never_acknowledged() -> None:
    packets = segments(*HANDSHAKE, *[("server", "PA", 5001, 1001, b"hello")] * 3)
    found = check(cases(packets)[0], "server-data")
    assert found == Check("broken", "0 of 5 octets acknowledged", [4, 5, 6])


def test_one_octet_that_is_sent_again_before_it_was_acknowledged_is_no_keep_alive() -> None:
    packets = segments(*HANDSHAKE, *[("client", "PA", 1001, 5001, b"x")] * 3, ("server", "A", 5001, 1002, b""))
    assert check(cases(packets)[0], "no-retransmission").numbers == [5, 6]


def test_server_fin_that_is_sent_again_and_never_acknowledged() -> None:
    packets = segments(*HANDSHAKE, *[("server", "FA", 5001, 1001, b"")] * 3)
    found = check(cases(packets)[0], "server-fin")
    assert found == Check("broken", "sent 3 times, never acknowledged", [4, 5, 6])


def test_who_answers_a_fin_by_a_reset_did_not_stay_in_time_wait() -> None:
    packets = segments(
        *HANDSHAKE,
        ("client", "FA", 1001, 5001, b""),
        ("server", "FA", 5001, 1002, b""),
        ("client", "A", 1002, 5002, b""),
        ("server", "FA", 5001, 1002, b""),
        ("client", "R", 5002, 0, b""),
    )
    found = check(cases(packets)[0], "time-wait")
    words = "the client closed first, but answers a FIN that came again by RST"
    assert found == Check("broken", words, [4, 5, 8])


def test_a_fin_at_the_end_of_the_capture_is_not_held_against_anybody() -> None:
    packets = segments(*HANDSHAKE, ("client", "FA", 1001, 5001, b""))
    assert check(cases(packets)[0], "client-fin").verdict == "not seen"


def test_data_at_the_end_of_the_capture_are_not_held_against_anybody() -> None:
    packets = segments(*HANDSHAKE, ("client", "PA", 1001, 5001, b"hello"))
    assert check(cases(packets)[0], "client-data").verdict == "not seen"


def test_data_after_sequence_numbers_that_wrap_are_counted() -> None:
    assert look("sequence_wrap", "client-data")[0] == "holds"


def test_selective_acknowledgements_that_nobody_permitted() -> None:
    plain = segments(*HANDSHAKE, ("client", "PA", 1001, 5001, b"hello"), ("server", "A", 5001, 1001, b""))
    tcp = TCP(sport=7, dport=49152, flags="A", seq=5001, ack=1001, options=[("SAck", (1010, 1020))])
    frame = bytes(Ether(src=MAC, dst=MAC) / IP(src="192.0.2.2", dst="192.0.2.1") / tcp)
    packets = [*plain[:4], Packet(frame, ETHERNET, number=5, time_ns=5_000_000)]
    found = check(cases(packets)[0], "sack-permitted")
    words = "the server sends SACK blocks, which the client did not permit"
    assert found == Check("broken", words, [1, 5])


def test_an_initial_number_of_zero() -> None:
    packets = segments(("client", "S", 0, 0, b""), ("server", "SA", 5000, 1, b""))
    assert check(cases(packets)[0], "initial-numbers") == Check("broken", "client 0", [1])


def test_fast_open_may_carry_data() -> None:
    assert look("fast_open_accepted", "syn-alone", 1) == ("holds", [9], "6 octets with a fast open cookie (RFC 7413)")


def test_what_does_not_apply() -> None:
    assert look("no_sack", "sack-permitted")[0] == "does not apply"
    assert look("no_timestamps", "timestamps")[0] == "does not apply"
    assert look("no_window_scale", "window-scale")[0] == "does not apply"


def test_a_capture_that_begins_in_the_middle_says_nothing_of_the_handshake() -> None:
    assert look("begins_in_the_middle", "syn-alone")[0] == "not seen"


def test_a_reset_nobody_heeds_loses_no_data() -> None:
    assert look("reset_outside_window", "client-data")[0] == "holds"
    assert look("reset_outside_window", "no-retransmission")[0] == "holds"


def test_syns_that_cross_are_no_retransmissions() -> None:
    assert look("simultaneous_open", "no-retransmission")[0] == "holds"
