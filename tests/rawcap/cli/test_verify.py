"""`rawcap verify`."""

from __future__ import annotations

import importlib
import json
import os
import pty
import pwd
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result

from dissectors.packet import Packet
from rawcap import read
from scripts.captures.hosts import CLIENT, CLIENT6, CLIENT_MAC, Host

Run = Callable[..., Result]
MakePcap = Callable[..., Path]

PATIENCE = 20.0  # seconds, after which what has to come does not
LOCAL = "127.0.0.1"
NOBODY = pwd.getpwnam("nobody")

PCAPS = Path(__file__).parents[3] / "pcaps" / "tcp"
CLOSED = PCAPS / "closed_by_client.pcapng"
REFUSED = PCAPS / "refused.pcapng"
THREE = PCAPS / "three_connections.pcapng"


def test_the_screen_of_one_connection(rawcap: Run) -> None:
    result = rawcap("verify", CLOSED)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "tcp 0  closed  client 192.0.2.1 port 49152, server 192.0.2.2 port 7, protocol TCP"
    assert "  sequence no. 0 (raw 130898091)        0 (raw 1274734708)       1 (raw 130898092)" in lines
    assert lines[-1] == "1 connection: 25 checks hold, 0 broken"


def test_a_broken_check_has_its_packets_and_its_section(rawcap: Run) -> None:
    result = rawcap("verify", REFUSED)
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if "✗" in line]
    assert line.lstrip().startswith("✗ SYN/ACK answers the SYN  RST answered it: nobody listens [1, 2]")
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


@pytest.mark.parametrize(
    ("name", "chosen", "expected"),
    [
        ("prohibited", "tcp.stream == 0", "unreachable"),
        ("host_unreachable", "not tcp.analysis.flags", "unreachable"),
        ("udp_port_unreachable", "udp.stream == 1", "port-unreachable"),
    ],
)
def test_a_filter_may_ask_what_takes_more_than_one_packet_to_know_also_of_icmp(
    rawcap: Run, name: str, chosen: str, expected: str
) -> None:
    done = rawcap("verify", PCAPS / f"{name}.pcapng", "-Y", chosen, "--expect", expected)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_report_that_cannot_be_written_is_no_verdict() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "rawcap", "verify", REFUSED, "--expect", "refused"], stdout=full)
    assert done.returncode == 4


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
    assert next(root.iter("testcase")).get("name") == "syn-alone"


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
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (4, "", 1)


# -- nothing to check, and nothing to read ------------------------------------------------------------------


def test_a_filter_that_no_connection_passes(rawcap: Run) -> None:
    result = rawcap("verify", CLOSED, "-Y", "udp")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "rawcap: no connection passes the filter\n"


def test_expectations_of_connections_fail_where_none_passes_the_filter(rawcap: Run) -> None:
    asked = ("--expect", "handshake", "--expect", "connections=0", "--expect", "server-port=7")
    result = rawcap("verify", CLOSED, "-Y", "udp", "-T", "json", *asked)
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(each["verdict"], each["detail"]) for each in told] == [
        ("broken", "no connection passes the filter"),
        ("holds", "there are 0"),
        ("broken", "no connection passes the filter"),
    ]
    assert (result.exit_code, result.stderr) == (1, "rawcap: no connection passes the filter\n")


def test_a_capture_without_packets(rawcap: Run, make_pcap: MakePcap) -> None:
    result = rawcap("verify", make_pcap())
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "rawcap: there is no TCP connection and no UDP exchange\n"
    assert rawcap("verify", make_pcap(), "--expect", "connections=0").exit_code == 0


def test_nothing_to_check_is_a_failure_in_reports(rawcap: Run) -> None:
    told = json.loads(rawcap("verify", CLOSED, "-Y", "udp", "-T", "json").stdout)
    assert told == {"verdict": "broken", "packets": [], "detail": "no connection passes the filter"}
    root = ET.fromstring(rawcap("verify", CLOSED, "-Y", "udp", "-T", "junit").stdout)
    (case,) = root.iter("testcase")
    assert (case.get("classname"), case.get("name")) == (f"{CLOSED}: input", "something to check")
    assert case[0].get("message") == "no connection passes the filter"
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("1", "1", "0")


@pytest.fixture(params=["missing", "folder", "empty", "no capture"])
def unreadable(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A path that cannot be read as a capture."""
    path = tmp_path / "given"
    if request.param == "folder":
        path.mkdir()
    elif request.param != "missing":
        path.write_bytes(b"" if request.param == "empty" else b"# A page of text")
    return path


@pytest.mark.parametrize("asked", [(), ("--expect", "connections=0")], ids=["rules", "expectations"])
def test_input_that_cannot_be_read_has_a_status_and_reports_of_its_own(
    rawcap: Run, unreadable: Path, asked: tuple[str, ...]
) -> None:
    text = rawcap("verify", unreadable, *asked)
    assert (text.exit_code, text.stdout, text.stderr.count("\n")) == (4, "", 1)
    words = text.stderr.removeprefix("rawcap: ").removesuffix("\n")

    listed = rawcap("verify", unreadable, "-T", "json", *asked)
    assert (listed.exit_code, json.loads(listed.stdout)) == (4, {"error": words})

    report = rawcap("verify", unreadable, "-T", "junit", *asked)
    root = ET.fromstring(report.stdout)
    (error,) = root.iter("error")
    assert (report.exit_code, error.get("message")) == (4, words)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("1", "0", "1")


def test_of_a_file_that_is_cut_the_rest_is_checked(rawcap: Run, tmp_path: Path) -> None:
    path = tmp_path / "cut.pcapng"
    path.write_bytes(CLOSED.read_bytes()[:-5])
    result = rawcap("verify", path, "-T", "json", "--expect", "handshake")
    error, connection, expectation = map(json.loads, result.stdout.splitlines())
    assert "is cut short" in error["error"]
    assert (connection["protocol"], expectation["verdict"]) == ("tcp", "holds")
    assert result.exit_code == 4


def test_one_of_several_files_cannot_be_read(rawcap: Run, tmp_path: Path) -> None:
    result = rawcap("verify", tmp_path / "none", CLOSED, "-T", "junit", "--expect", "handshake")
    root = ET.fromstring(result.stdout)
    assert [each.get("name", "").partition(" and 1 more: ")[2] for each in root] == ["input", "expectations"]
    assert (root.get("tests"), root.get("failures"), root.get("errors"), result.exit_code) == ("2", "0", "1", 4)


ASKED = {
    "rules": (),
    "expectations": ("--expect", "handshake", "--expect", "orderly-close", "--expect", "none: tcp.flags.reset == 1"),
    "a filter": ("-Y", "tcp.flags.fin == 1"),
    "both": ("-Y", "udp", "--expect", "answered"),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "cut"])
def test_the_counts_of_reports_agree_with_the_status(
    rawcap: Run, tmp_path: Path, whole: bool, asked: tuple[str, ...]
) -> None:
    statuses = set()
    for given in sorted(PCAPS.glob("*.pcapng")):
        path = given
        if not whole:
            path = tmp_path / given.name
            path.write_bytes(given.read_bytes()[:-7])
        junit, listed = rawcap("verify", path, "-T", "junit", *asked), rawcap("verify", path, "-T", "json", *asked)
        root = ET.fromstring(junit.stdout)
        for suite in (root, *root):
            counted = [str(len(list(suite.iter(tag)))) for tag in ("testcase", "failure", "error", "skipped")]
            assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == counted, given
        status = 4 if root.get("errors") != "0" else 1 if root.get("failures") != "0" else 0
        assert (junit.exit_code, listed.exit_code) == (status, status), given
        told = [json.loads(line) for line in listed.stdout.splitlines()]
        decisive = [each for each in told if "checks" not in each]
        if "--expect" not in asked:
            decisive += [check for each in told for check in each.get("checks", ())]
        assert ("error" in told[0]) == (status == 4), given
        assert any(each.get("verdict") == "broken" for each in decisive) == (root.get("failures") != "0"), given
        statuses.add(status)
    assert statuses == ({0, 1} if whole else {4})


def test_colours_only_where_they_are_asked_for(rawcap: Run) -> None:
    assert "\x1b[" not in rawcap("verify", CLOSED).stdout
    assert "\x1b[32m✓\x1b[0m" in rawcap("verify", CLOSED, "--color", "always").stdout


def test_the_manual_tells_every_expectation(rawcap: Run) -> None:
    told = rawcap("verify", "--help").stdout
    assert "closed-by=client|server" in told
    assert "any: FILTER" in told
    assert "server-port=PORT[-PORT]" in told
    assert "4  the input could not be read" in told


# -- live ---------------------------------------------------------------------------------------------------


@pytest.fixture
def host() -> Iterator[Host]:
    """A host with a loopback interface on which nobody speaks unasked."""
    made = Host(CLIENT_MAC, CLIENT, CLIENT6)
    yield made
    made.close()


class Verifying:
    """`rawcap verify -i lo` on a host, which has begun to capture: it says so to a terminal."""

    def __init__(self, host: Host, *arguments: str) -> None:
        terminal, its_end = pty.openpty()
        with host.inside():
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rawcap", "verify", "-i", "lo", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=its_end,
                text=True,
            )
        os.close(its_end)
        said = b""
        while b"capturing on lo; Ctrl-C ends it and shows the verdict" not in said:
            said += os.read(terminal, 1000)
        self._terminal = terminal

    def output(self, number: signal.Signals | None = None) -> str:
        """What it prints, once it has ended, or is ended by a signal."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE)[0]

    def __enter__(self) -> Verifying:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._terminal)


def exchange(host: Host) -> None:
    """A client says hello to port 9000 and closes, then the server does; all of it has passed when this returns."""
    listening, client = host.socket(), host.socket()
    listening.bind((LOCAL, 9000))
    listening.listen()
    client.connect((LOCAL, 9000))
    server, _ = listening.accept()
    client.sendall(b"hello")
    client.close()
    assert server.makefile("rb").read() == b"hello"
    server.close()
    until = time.monotonic() + PATIENCE
    while "09" in states(host):  # LAST-ACK (net/tcp_states.h), until the acknowledgement of its FIN has come
        assert time.monotonic() < until


def states(host: Host) -> list[str]:
    """The states of the TCP sockets of a host, as the kernel numbers them."""
    with host.inside():
        lines = Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]
    return [line.split()[3] for line in lines]


@pytest.mark.privileged
@pytest.mark.parametrize(("bytes_sent", "status"), [(5, 0), (6, 1)])
def test_a_live_connection_until_control_c(host: Host, bytes_sent: int, status: int) -> None:
    asked = ("handshake", "orderly-close", "closed-by=client", "server-port=9000-9010", f"bytes-to-server={bytes_sent}")
    arguments = [part for each in asked for part in ("--expect", each)]
    with Verifying(host, "-f", "tcp port 9000", "-T", "json", *arguments) as verifying:
        exchange(host)
        told = [json.loads(line) for line in verifying.output(signal.SIGINT).splitlines()]
        assert verifying.process.returncode == status
    assert told[0]["outcome"]["name"] == "closed"
    assert [each["verdict"] for each in told[1:]] == ["holds"] * 4 + ["holds" if status == 0 else "broken"]


@pytest.mark.privileged
def test_a_live_exchange_until_so_many_packets(host: Host) -> None:
    with Verifying(host, "-f", "udp port 9000", "-c", "2", "-T", "junit", "--expect", "answered") as verifying:
        server, client = host.datagrams(socket.AF_INET, LOCAL, 9000), host.socket(kind=socket.SOCK_DGRAM)
        client.sendto(b"hello", (LOCAL, 9000))
        data, address = server.recvfrom(100)
        server.sendto(data, address)
        root = ET.fromstring(verifying.output())
        assert verifying.process.returncode == 0
    assert [each.get("name") for each in root.iter("testcase")] == ["answered"]
    assert root.get("failures") == "0"


@pytest.mark.privileged
def test_nothing_live_until_so_long(host: Host) -> None:
    with Verifying(host, "-f", "tcp port 9000", "--duration", "0.1", "--expect", "handshake") as verifying:
        assert "  ✗ handshake  there is no connection" in verifying.output().splitlines()
        assert verifying.process.returncode == 1


@pytest.mark.privileged
def test_who_may_not_capture_gets_a_report_too(host: Host) -> None:
    setpriv = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
    command = [*setpriv, sys.executable, "-m", "rawcap", "verify", "-i", "lo", "-T", "junit", "--expect", "handshake"]
    with host.inside():
        done = subprocess.run(command, capture_output=True, text=True)
    (error,) = ET.fromstring(done.stdout).iter("error")
    assert done.returncode == 3
    assert "capturing needs CAP_NET_RAW" in error.get("message", "")
    assert done.stderr == f"rawcap: {error.get('message')}\n"


def test_packets_that_were_dropped_leave_no_verdict(rawcap: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Live:
        stats = SimpleNamespace(dropped=3)

        def __init__(self, *_: object, **settings: object) -> None:
            pass

        def __enter__(self) -> Live:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def __iter__(self) -> Iterator[Packet]:
            return iter(read(CLOSED))

        def stop(self) -> None:
            pass

    monkeypatch.setattr(importlib.import_module("rawcap.live.capture"), "capture", Live)
    result = rawcap("verify", "-i", "lo", "-T", "json", "--expect", "handshake")
    words = "3 packets dropped for want of room: what looks lost may not be"
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert (told[0], told[-1]["verdict"]) == ({"error": words}, "holds")
    assert (result.exit_code, result.stderr) == (4, f"rawcap: {words}\n")


def test_an_interface_that_is_not_there(rawcap: Run) -> None:
    result = rawcap("verify", "-i", "nolo", "-T", "json")
    assert result.exit_code in (3, 4)  # without the privilege nothing is asked of the kernel
    assert "error" in json.loads(result.stdout)
