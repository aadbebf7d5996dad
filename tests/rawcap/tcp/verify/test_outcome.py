"""How connections ended, in terms of the socket API: every capture, literally."""

from __future__ import annotations

from pathlib import Path

import pytest

import rawcap
from rawcap.tcp.connection import IcmpError
from rawcap.tcp.verify.evidence import Evidence
from rawcap.tcp.verify.outcome import Outcome, errno_of, outcome

PCAPS = Path(__file__).parents[4] / "pcaps" / "tcp"


def outcomes(name: str) -> list[Outcome]:
    """The outcome of each connection or exchange of a capture."""
    evidence = Evidence()
    for packet in rawcap.read(PCAPS / f"{name}.pcapng", reassemble=True):
        evidence.add(packet)
    return [outcome(case) for case in evidence.cases]


TRUTH = {
    # capture: (name, the client's errno, packets) of each
    "acknowledged_never_sent": [("closed", "", [8, 9])],
    "backlog_full_ack": [
        ("open", "", [1, 2, 3]),
        ("open", "", [4, 5, 6]),
        ("open", "", [7, 8, 9]),
        ("not accepted", "", [13, 15]),
    ],
    "backlog_full_data": [("open", "", [1, 2, 3]), ("not accepted", "ETIMEDOUT", [8, 9, 10, 11])],
    "backlog_full_syn": [("open", "", [1, 2, 3]), ("timed out", "ETIMEDOUT", [4, 5])],
    "begins_in_the_middle": [("closed", "", [5, 6])],
    "challenge_ack_of_new_syn": [("closed", "", [10, 11]), ("unfinished", "", [6, 7])],
    "challenge_ack_of_reset": [("closed", "", [10, 11])],
    "challenge_ack_of_syn": [("closed", "", [10, 11])],
    "closed_by_both": [("closed", "", [8, 9])],
    "closed_by_client": [("closed", "", [8, 9])],
    "closed_by_client_ipv6": [("closed", "", [8, 9])],
    "closed_by_server": [("closed", "", [6, 7])],
    "conflicting_overlap": [("closed", "", [7, 8])],
    "data_after_fin": [("closed", "", [6, 10])],
    "data_after_reset": [("reset", "", [6])],
    "data_unanswered": [("broken off", "ETIMEDOUT", [5, 6, 7, 8])],
    "duplicate_sack": [("closed", "", [8, 9])],
    "ends_in_the_middle": [("open", "", [1, 2, 3])],
    "fast_open_accepted": [("closed", "", [8, 10]), ("closed", "", [18, 19])],
    "fast_open_ignored": [("closed", "", [8, 10]), ("closed", "", [19, 20])],
    "fast_retransmission": [("closed", "", [19, 20])],
    "fin_never_acknowledged": [("half closed", "", [6])],
    "final_ack_missing": [("unfinished", "", [2, 3, 4])],
    "final_ack_wrong_number": [("unfinished", "ECONNRESET", [3, 4])],
    "half_close": [("closed", "", [5, 11])],
    "host_unreachable": [("unreachable", "EHOSTUNREACH", [2]), ("unreachable", "EHOSTUNREACH", [4])],
    "initial_number_reused": [("closed", "", [6, 7]), ("closed", "", [14, 15])],
    "keep_alive": [("closed", "", [12, 13])],
    "keep_alive_unanswered": [("broken off", "ETIMEDOUT", [8])],
    "lost_fin": [("closed", "", [5, 8])],
    "lost_final_ack": [("closed", "", [10, 11])],
    "lost_syn": [("closed", "", [9, 10])],
    "lost_syn_ack": [("closed", "", [12, 13])],
    "net_unreachable": [("unreachable", "ENETUNREACH", [2]), ("unreachable", "ENETUNREACH", [4])],
    "never_accepted": [("not accepted", "ECONNRESET", [8])],
    "no_sack": [("closed", "", [8, 9])],
    "no_timestamps": [("closed", "", [8, 9])],
    "no_window_scale": [("closed", "", [8, 9])],
    "not_recorded": [("closed", "", [8, 10])],
    "old_timestamp": [("closed", "", [10, 11])],
    "out_of_order": [("closed", "", [10, 11])],
    "port_reuse": [("closed", "", [4, 5]), ("closed", "", [14, 15]), ("closed", "", [24, 25])],
    "prohibited": [("unreachable", "EHOSTUNREACH", [2]), ("unreachable", "EACCES", [4])],
    "refused": [("refused", "ECONNREFUSED", [2])],
    "refused_ipv6": [("refused", "ECONNREFUSED", [2])],
    "reset_by_client": [("reset", "", [6])],
    "reset_by_server": [("reset", "ECONNRESET", [6])],
    "reset_outside_window": [("closed", "", [9, 10])],
    "reset_with_unread_data": [("reset", "ECONNRESET", [6])],
    "retransmission": [("closed", "", [10, 12])],
    "sack_not_offered": [("closed", "", [6, 7])],
    "sequence_wrap": [("closed", "", [7, 8])],
    "simultaneous_open": [("closed", "", [11, 12])],
    "spurious_retransmission": [("closed", "", [8, 9])],
    "syn_ack_wrong_number": [("unfinished", "", [2, 3])],
    "syn_unanswered": [("timed out", "ETIMEDOUT", [1, 2, 3])],
    "syn_unanswered_ipv6": [("timed out", "ETIMEDOUT", [1, 2, 3])],
    "syn_with_data": [("closed", "", [6, 7])],
    "three_connections": [("closed", "", [20, 21]), ("closed", "", [26, 27]), ("reset", "", [28])],
    "timestamps_not_offered": [("closed", "", [6, 7])],
    "udp_answered": [("answered", "", [1, 2])],
    "udp_port_unreachable": [("port unreachable", "ECONNREFUSED", [2]), ("port unreachable", "ECONNREFUSED", [4])],
    "udp_unanswered": [("unanswered", "", [1, 2, 3])],
    "window_full": [("closed", "", [32, 33])],
    "window_scale_not_offered": [("closed", "", [6, 7])],
    "written_after_close": [("reset", "EPIPE", [9])],
    "zero_window": [("closed", "", [22, 24])],
}


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_outcome(name: str) -> None:
    assert [(each.name, each.errno, list(each.numbers)) for each in outcomes(name)] == TRUTH[name]


def test_every_capture_is_here() -> None:
    assert {path.stem for path in PCAPS.glob("*.pcapng")} == set(TRUTH)


def test_back_off_is_told_as_seen() -> None:
    (found,) = outcomes("syn_unanswered")
    assert "3 SYNs (1, 2 and 3), no answer, sent again after 1.0, 2.0 s" in found.client


def test_who_said_that_the_host_is_unreachable() -> None:
    (four, _) = outcomes("host_unreachable")
    words = "connect() failed with EHOSTUNREACH: ICMP 3/1 (2) of 192.0.2.2, Destination unreachable (Host unreachable)"
    assert four.client == words


def test_what_packets_cannot_tell_is_not_claimed() -> None:
    (found,) = outcomes("reset_by_server")
    assert "whether accept() was called packets do not tell" in found.server
    assert "looks like closed with unread data, or aborted (SO_LINGER, time 0): RST (6)" in found.server


def test_a_program_that_answers_has_accepted() -> None:
    (found,) = outcomes("closed_by_client")
    assert found.server.startswith("accept() returned: the program answers or closes (6)")


def test_accepted_by_the_kernel_only() -> None:
    (found,) = outcomes("never_accepted")
    assert found.server.startswith("looks like accepted by the kernel but never by the program")


def test_written_after_close() -> None:
    (found,) = outcomes("written_after_close")
    words = "recv() had returned 0 (FIN 6), it wrote on, RST (9) answered: the next send() fails with EPIPE"
    assert words in found.client


@pytest.mark.parametrize(
    ("version", "kind", "code", "errno"),
    [
        (4, 3, 0, "ENETUNREACH"),
        (4, 3, 1, "EHOSTUNREACH"),
        (4, 3, 3, "ECONNREFUSED"),
        (4, 3, 13, "EHOSTUNREACH"),
        (4, 11, 0, "EHOSTUNREACH"),
        (4, 4, 0, ""),
        (6, 1, 0, "ENETUNREACH"),
        (6, 1, 1, "EACCES"),
        (6, 1, 3, "EHOSTUNREACH"),
        (6, 1, 4, "ECONNREFUSED"),
        (6, 2, 0, "EMSGSIZE"),
        (6, 3, 0, "EHOSTUNREACH"),
    ],
)
def test_errno_of_icmp(version: int, kind: int, code: int, errno: str) -> None:
    assert errno_of(IcmpError(1, 0, version, kind, code, "192.0.2.2", "")) == errno
