"""`rawcap verify`."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

PCAPS = Path(__file__).parents[3] / "pcaps" / "tcp"
CLOSED = PCAPS / "closed_by_client.pcapng"
REFUSED = PCAPS / "refused.pcapng"
THREE = PCAPS / "three_connections.pcapng"


def test_the_screen_of_one_connection(rawcap: Run) -> None:
    result = rawcap("verify", CLOSED)
    assert result.exit_code == 0
    for line in (
        "  client          address 192.0.2.1, port 49152, protocol TCP",
        "                  connect() returned after 0.143 ms; closed first (FIN 8), in TIME-WAIT",
        "  packet          1  client →      2  ← server    3  client →",
        "  flags           SYN              SYN, ACK       ACK",
        "  sequence no.    0                0              1",
        "    raw           130898091        1274734708     130898092",
        "  acknowledges    0, no ACK flag   1              1",
        "    raw           0                130898092      1274734709",
        "  window          64,240           65,160         64,512 (63 × 1024)",
        "  window scale    10 (× 1024)      1 (× 2)        as agreed",
        "  header          40 (20 + 20)     40 (20 + 20)   32 (20 + 12)",
        "  data            0 octets         0 octets       0 octets",
        "  round trip      0.157 ms from SYN to ACK: 0.143 ms to SYN/ACK, 0.014 ms from there to ACK",
        "       4  client       1       6  0.273 ms    5      6 octets  0.091 ms",
        "  client's FIN    packet 8, acknowledged by packet 9",
        "  in TIME-WAIT    the client",
        "1 connection: 25 checks hold, 0 broken",
    ):
        assert line in result.stdout.splitlines()
    assert "MSS 1460 at 20..23 (02 04 05 b4)" in result.stdout
    assert "why ack 0" in result.stdout


def test_a_broken_check_has_its_packets_and_its_section(rawcap: Run) -> None:
    result = rawcap("verify", REFUSED)
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if "✗" in line]
    assert line.startswith("  ✗ SYN/ACK answers the SYN  RST answered it: nobody listens [1, 2]")
    assert line.endswith("RFC 9293, 3.5")


def test_many_connections_have_a_line_each_and_what_is_broken(rawcap: Run) -> None:
    result = rawcap("verify", THREE)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "✓ tcp 0  192.0.2.1:49152 → 192.0.2.2:7  closed",
        "✓ tcp 1  192.0.2.1:49153 → 192.0.2.2:7  closed",
        "✗ tcp 2  192.0.2.1:49154 → 192.0.2.2:7  reset",
        "      No reset ends it: the client sent RST [28] RFC 9293, 3.10.7.4",
        "",
        result.stdout.splitlines()[-1],
    ]
    assert result.stdout.splitlines()[-1].endswith(", 1 broken")


def test_a_filter_chooses_connections_whole(rawcap: Run) -> None:
    result = rawcap("verify", THREE, "-Y", "tcp.flags.reset == 1", "-T", "json")
    (told,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (told["stream"], told["opened"], told["closed"]) == (2, "handshake", "reset")


def test_a_filter_may_ask_for_the_time(rawcap: Run) -> None:
    assert rawcap("verify", CLOSED, "-Y", "frame.time_relative > 0").exit_code == 0


def test_an_exchange_of_datagrams(rawcap: Run) -> None:
    result = rawcap("verify", PCAPS / "udp_answered.pcapng")
    assert result.exit_code == 0
    assert "  ✓ The datagrams are answered  1 datagram, 1 datagram back [1, 2]" in result.stdout


def test_expectations_alone_decide(rawcap: Run) -> None:
    holds = rawcap("verify", REFUSED, "--expect", "refused", "--expect", "server-port=7")
    assert (holds.exit_code, holds.stdout.splitlines()[-1]) == (
        0,
        "1 connection: 12 checks hold, 1 broken; 2 expectations, 0 failed",
    )
    fails = rawcap("verify", CLOSED, "--expect", "refused")
    assert fails.exit_code == 1
    assert "  ✗ refused  tcp 0: connect() returned" in fails.stdout


def test_filters_as_expectations(rawcap: Run) -> None:
    assert rawcap("verify", CLOSED, "--expect", "none: tcp.flags.reset == 1").exit_code == 0
    assert rawcap("verify", CLOSED, "--expect", "any: tcp.flags.reset == 1").exit_code == 1


def test_json_has_an_object_a_line(rawcap: Run) -> None:
    result = rawcap("verify", CLOSED, "-T", "json", "--expect", "handshake")
    told, expected = map(json.loads, result.stdout.splitlines())
    assert told["protocol"] == "tcp"
    assert told["client"] == {"address": "192.0.2.1", "port": 49152}
    assert told["outcome"]["name"] == "closed"
    assert (told["closed_by"], told["time_wait"], told["retransmissions"]) == ("client", "client", 0)
    assert (told["bytes_to_server"], told["bytes_to_client"]) == (6, 6)
    assert told["checks"][0] == {
        "rule": "syn-alone",
        "sentence": "The SYN carries no ACK and no data (fast open excepted)",
        "section": "RFC 9293, 3.5",
        "verdict": "holds",
        "packets": [1],
        "detail": "flags SYN, 0 octets",
    }
    assert expected == {"expectation": "handshake", "verdict": "holds", "packets": [1, 2, 3], "detail": "complete"}


def test_junit_has_a_test_for_each_rule(rawcap: Run) -> None:
    result = rawcap("verify", REFUSED, "-T", "junit")
    root = ET.fromstring(result.stdout)
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "28", "1")
    (failure,) = root.iter("failure")
    assert failure.text == (
        "SYN/ACK answers the SYN (RFC 9293, 3.5): RST answered it: nobody listens [packets 1, 2]"
    )
    assert [each.tag for each in root] == ["testsuite"]
    assert root[0][0].get("name") == "syn-alone"


def test_junit_has_a_test_for_each_expectation(rawcap: Run) -> None:
    result = rawcap("verify", CLOSED, "-T", "junit", "--expect", "handshake", "--expect", "any: tcp.len < 0 or \x01")
    assert result.exit_code == 2
    result = rawcap("verify", CLOSED, "-T", "junit", "--expect", "handshake", "--expect", "none: tcp.len < 9")
    root = ET.fromstring(result.stdout)
    assert [each.get("name") for each in root.iter("testcase")] == ["handshake", "none: tcp.len < 9"]
    assert root.get("failures") == "1"
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give a FILE, or an interface with -i"),
        ((CLOSED, "-i", "lo"), "give a FILE, or an interface with -i, not both"),
        ((CLOSED, "-c", "5"), "-f, --duration and -c go with -i"),
        ((CLOSED, "--expect", "handshak"), "--expect: there is no expectation 'handshak'; did you mean handshake?"),
        ((CLOSED, "--expect", "any: tcp.flgs"), "filter: "),
        ((CLOSED, "-Y", "tcp.flgs"), "filter: "),
        ((CLOSED, "-d", "nonsense"), "--decode-as: "),
    ],
)
def test_mistakes_are_one_line(rawcap: Run, arguments: tuple[str | Path, ...], words: str) -> None:
    result = rawcap("verify", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"rawcap: {words}")
    assert "Traceback" not in result.stderr


def test_a_file_that_is_not_there(rawcap: Run, tmp_path: Path) -> None:
    result = rawcap("verify", tmp_path / "none.pcap")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)


def test_nothing_to_verify(rawcap: Run) -> None:
    result = rawcap("verify", CLOSED, "-Y", "udp")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "rawcap: there is no TCP connection and no UDP exchange that passes the filter\n"


def test_colours_only_where_they_are_asked_for(rawcap: Run) -> None:
    assert "\x1b[" not in rawcap("verify", CLOSED).stdout
    assert "\x1b[32m✓\x1b[0m" in rawcap("verify", CLOSED, "--color", "always").stdout


def test_the_manual_tells_every_expectation(rawcap: Run) -> None:
    told = rawcap("verify", "--help").stdout
    assert "closed-by=client|server" in told
    assert "any: FILTER" in told
