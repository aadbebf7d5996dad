"""What graders may expect, each where it holds and where it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

import rawcap
from rawcap.tcp.verify.evidence import Evidence
from rawcap.tcp.verify.expectations import KINDS, ExpectationError, expect
from rawcap.tcp.verify.rules import Check

PCAPS = Path(__file__).parents[4] / "pcaps" / "tcp"


def look(text: str, name: str, chosen: str | None = None) -> Check:
    """What is found of an expectation in a capture."""
    filters: list[str] = []
    expectation = expect(text, filters)
    evidence = Evidence(
        rawcap.display_filter(chosen) if chosen is not None else None,
        [rawcap.display_filter(each) for each in filters],
    )
    for packet in rawcap.read(PCAPS / f"{name}.pcapng", reassemble=True):
        evidence.add(packet)
    return expectation.look(evidence.cases, evidence.elsewhere if chosen is None else None)


HOLDING = [
    ("handshake", "closed_by_client", [1, 2, 3]),
    ("orderly-close", "closed_by_client", [8, 9]),
    ("orderly-close", "closed_by_both", [8, 9]),
    ("no-retransmission", "closed_by_client", []),
    ("no-conflict", "spurious_retransmission", []),
    ("refused", "refused", [2]),
    ("reset", "reset_by_server", [6]),
    ("reset-by=server", "reset_by_server", [6]),
    ("reset-by=server", "never_accepted", [8]),
    ("timeout", "syn_unanswered", [1, 2, 3]),
    ("unreachable", "host_unreachable", [2, 4]),
    ("answered", "udp_answered", [1, 2]),
    ("unanswered", "udp_unanswered", [1, 2, 3]),
    ("port-unreachable", "udp_port_unreachable", [2, 4]),
    ("closed-by=client", "closed_by_client", [8]),
    ("closed-by=server", "reset_by_server", [6]),
    ("time-wait=server", "closed_by_server", [6, 7]),
    ("time-wait=both", "closed_by_both", [8, 9]),
    ("time-wait=none", "reset_by_server", []),
    ("protocol=tcp", "closed_by_client", [1]),
    ("protocol=udp", "udp_answered", [1]),
    ("server-port=7", "closed_by_client", [1]),
    ("server-port=7-9", "closed_by_client", [1]),
    ("server-port=0-7", "udp_answered", [1]),
    ("client-port=49152-65535", "closed_by_client", [1]),
    ("client-port=49152", "closed_by_client", [1]),
    ("server-address=192.0.2.2", "closed_by_client", [1]),
    ("server-address=2001:db8:0::2", "closed_by_client_ipv6", [1]),
    ("client-address=192.0.2.1", "udp_answered", [1]),
    ("bytes-to-server=6", "closed_by_client", [4]),
    ("bytes-to-client=6", "udp_answered", [2]),
    ("connections=3", "three_connections", [1, 5, 10]),
    ("exchanges=0", "three_connections", []),
    ("retransmissions=1", "retransmission", [7]),
    ("rtt-below=5", "closed_by_client", [1, 2]),
    ("any: tcp.flags.reset == 1", "reset_by_server", [6]),
    ("none: tcp.flags.reset == 1", "closed_by_client", []),
    ("all: tcp.port == 7", "closed_by_client", []),
    ("any: tcp.analysis.retransmission", "retransmission", [7]),
]

FAILING = [
    ("handshake", "refused", "tcp 0: RST answered it: nobody listens", [1, 2]),
    ("handshake", "begins_in_the_middle", "tcp 0: opened before the capture", [1]),
    ("handshake", "udp_answered", "there is no connection", []),
    ("orderly-close", "reset_by_server", "tcp 0: reset", []),
    ("no-retransmission", "lost_syn", "tcp 0: client 1 (2 sends again what 1 sent 1.007 s before)", [2]),
    ("no-conflict", "conflicting_overlap", "tcp 0: 5 has other octets than 4 at 5..9 of the client", [4, 5]),
    ("reset", "closed_by_client", "tcp 0: orderly", []),
    ("reset-by=client", "closed_by_client", "tcp 0: orderly", []),
    ("reset-by=client", "never_accepted", "tcp 0: the server sent RST", [8]),
    ("timeout", "refused", "tcp 0: connect() failed with ECONNREFUSED: RST (2) answered the SYN", [2]),
    ("answered", "closed_by_client", "there is no exchange of datagrams", []),
    ("closed-by=server", "closed_by_client", "tcp 0: the client closed first", [8]),
    ("closed-by=server", "refused", "tcp 0: never open", []),
    ("time-wait=client", "closed_by_server", "tcp 0: server", [6, 7]),
    ("protocol=udp", "closed_by_client", "tcp 0: it is tcp", [1]),
    ("protocol=tcp", "udp_answered", "udp 0: it is udp", [1]),
    ("server-port=8-70", "closed_by_client", "tcp 0: the server's port is 7", [1]),
    ("server-port=8", "closed_by_client", "tcp 0: the server's port is 7", [1]),
    ("client-port=8", "udp_answered", "udp 0: the client's port is 49152", [1]),
    ("server-address=192.0.2.9", "closed_by_client", "tcp 0: the server's address is 192.0.2.2", [1]),
    ("client-address=192.0.2.9", "closed_by_client", "tcp 0: the client's address is 192.0.2.1", [1]),
    ("bytes-to-server=5", "closed_by_client", "tcp 0: 6 octets", [4]),
    ("bytes-to-client=5", "closed_by_client", "tcp 0: 6 octets", [6]),
    ("connections=2", "three_connections", "there are 3", [1, 5, 10]),
    ("exchanges=1", "three_connections", "there are 0", []),
    ("retransmissions=0", "retransmission", "tcp 0: 1", [7]),
    ("rtt-below=0.001", "closed_by_client", "tcp 0: 0.143 ms", [1, 2]),
    ("any: tcp.flags.reset == 1", "closed_by_client", "0 packets of 10", []),
    ("none: tcp.flags.reset == 1", "reset_by_server", "1 packet of 6", [6]),
    ("all: tcp.len == 0", "closed_by_client", "2 packets of 10 do not", [4, 6]),
    ("all: udp", "closed_by_client", "10 packets of 10 do not", [1, 2, 3, 4, 5, 6, 7, 8]),
]


@pytest.mark.parametrize(("text", "name", "numbers"), HOLDING, ids=[f"{each[0]}-{each[1]}" for each in HOLDING])
def test_holds(text: str, name: str, numbers: list[int]) -> None:
    found = look(text, name)
    assert (found.verdict, list(found.numbers)) == ("holds", numbers)


@pytest.mark.parametrize(("text", "name", "words", "numbers"), FAILING, ids=str)
def test_fails(text: str, name: str, words: str, numbers: list[int]) -> None:
    found = look(text, name)
    assert (found.verdict, found.detail, list(found.numbers)) == ("broken", words, numbers)


@pytest.mark.parametrize("name", ["refused", "unreachable", "unanswered", "port-unreachable"])
def test_an_outcome_that_is_another_one_fails(name: str) -> None:
    assert look(name, "udp_answered").verdict == "broken"


def test_every_name_is_tested() -> None:
    names = {each[0].partition("=")[0] for each in HOLDING if not each[0].startswith(("any:", "none:", "all:"))}
    assert names == set(KINDS)


def test_only_connections_that_were_chosen_are_asked() -> None:
    assert look("connections=1", "three_connections", "tcp.port == 49153").verdict == "holds"
    assert look("closed-by=server", "three_connections", "tcp.port == 49153").verdict == "holds"
    assert look("closed-by=server", "three_connections").verdict == "broken"


def test_nothing_that_was_chosen() -> None:
    told = {text: look(text, "closed_by_client", "udp") for text in ("handshake", "answered", "protocol=tcp")}
    assert {text: (check.verdict, check.detail) for text, check in told.items()} == {
        "handshake": ("broken", "no connection passes the filter"),
        "answered": ("broken", "no exchange of datagrams passes the filter"),
        "protocol=tcp": ("broken", "no connection passes the filter"),
    }


@pytest.mark.parametrize(
    "name", ["keep_alive", "keep_alive_unanswered", "zero_window", "window_full", "out_of_order", "simultaneous_open"]
)
def test_what_looks_like_a_retransmission_and_is_none(name: str) -> None:
    assert look("no-retransmission", name).verdict == "holds"
    assert look("retransmissions=0", name).verdict == "holds"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (" handshake ", "handshake"),
        ("server-port = 7", "server-port=7"),
        ("\tserver-port=\t7\n", "server-port=7"),
        ("server-port=7 - 9", "server-port=7 - 9"),
        ("any : tcp", "any: tcp"),
        (" any:tcp ", "any: tcp"),
    ],
)
def test_blanks_mean_nothing(text: str, meant: str) -> None:
    assert expect(text, []).text == meant
    assert look(text, "closed_by_client").verdict == "holds"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("orderly-clos", "there is no expectation 'orderly-clos'; did you mean orderly-close?"),
        ("bytes-to=5", "there is no expectation 'bytes-to'; did you mean bytes-to-server or bytes-to-client?"),
        ("Refused", "there is no expectation 'Refused'; did you mean refused?"),
        ("server_port=7", "there is no expectation 'server_port'; did you mean server-port or server-address?"),
        ("", "it is empty: write it like handshake, server-port=9000 or 'any: tcp.flags.reset == 1'"),
        ("ANY: tcp", "a filter follows 'any:': write it like 'any: tcp'"),
        ("none tcp.len == 3", "a filter follows 'none:': write it like 'none: tcp.len == 3'"),
        ("server-port", "server-port needs a value: server-port=PORT[-PORT]"),
        ("connections=", "connections needs a value: connections=N"),
        ("protocol=icmp", "protocol=icmp: it is one of tcp, udp"),
        ("server-port=9-7", "server-port=9-7: the first port of a range is the lower one"),
        ("server-port=7-", "server-port=7-: '' is not a port: write it like 9000 or 9000-9010"),
        ("server-port=65536", "server-port=65536: '65536' is not a port: write it like 9000 or 9000-9010"),
        ("server-port=http", "server-port=http: 'http' is not a port: write it like 9000 or 9000-9010"),
        (f"connections={'9' * 5000}", f"connections={'9' * 5000}: '{'9' * 5000}' is not a number"),
        ("handshake=1", "handshake takes no value"),
        ("connections=three", "connections=three: 'three' is not a number"),
        ("closed-by=me", "closed-by=me: it is one of client, server"),
        ("server-address=lo", "server-address=lo: 'lo' is not an address"),
        ("rtt-below=soon", "rtt-below=soon: 'soon' is not a number of milliseconds"),
        ("rtt-below=nan", "rtt-below=nan: 'nan' is not a number of milliseconds"),
        ("any:", "'any:' has no filter: write it like 'any: tcp.flags.reset == 1'"),
    ],
)
def test_mistakes(text: str, words: str) -> None:
    with pytest.raises(ExpectationError) as raised:
        expect(text, [])
    assert str(raised.value) == words


def test_a_name_like_no_other_lists_all() -> None:
    with pytest.raises(ExpectationError, match=r"there are handshake, orderly-close, .*rtt-below, any:, none:, all:"):
        expect("xyzzy", [])
