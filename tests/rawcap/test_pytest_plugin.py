"""The plugin for pytest: captures around a block, what failing tests show and keep, and running without a privilege.

Each pytest that is tested runs in a process of its own, on a host that has nothing but a loopback interface.
"""

from __future__ import annotations

import copy
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import rawcap
from rawcap.live import LiveError
from rawcap.testing import seen
from rawcap.testing.capturing import Capturing
from rawcap.testing.seen import Seen, SeenConnection
from scripts.captures.hosts import CLIENT, CLIENT6, CLIENT_MAC, SERVER, Host, Lab

pytest_plugins = ["pytester"]

CAPTURES = Path(__file__).parents[2] / "pcaps" / "tcp"
NOBODY = pwd.getpwnam("nobody")
PLUGIN = ("-p", "no:cacheprovider", "-W", "error")
RING = 16 << 20
LOCAL = "127.0.0.1"

CLIENT_AND_SERVER = """
    import os, socket
    import pytest

    def exchange(port, data=b"hello"):
        with socket.create_server(("127.0.0.1", port)) as listening:
            client = socket.create_connection(("127.0.0.1", port))
            server, _ = listening.accept()
            client.sendall(data)
            client.close()
            while server.recv(1000):
                pass
            server.close()
"""


@pytest.fixture
def host() -> Iterator[Host]:
    """A host with a loopback interface."""
    made = Host(CLIENT_MAC, CLIENT, CLIENT6)
    yield made
    made.close()


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder of the user nobody; the one that pytest makes is this user's alone."""
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    yield folder
    shutil.rmtree(folder)


def module(tests: str) -> str:
    """The text of a module of tests that can exchange something."""
    return textwrap.dedent(CLIENT_AND_SERVER) + textwrap.dedent(tests)


def run(host: Host, pytester: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    """Run tests with the plugin, on a host."""
    pytester.makepyfile(module(tests))
    with host.inside():
        return pytester.runpytest_subprocess(*PLUGIN, *options)


def run_as_nobody(folder: Path, tests: str, *options: str) -> str:
    """Run tests with the plugin as a user who has no privilege; gives what pytest printed."""
    (folder / "test_it.py").write_text(module(tests))
    setpriv = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
    command = [*setpriv, sys.executable, "-m", "pytest", *PLUGIN, "-rs", *options]
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "300"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout + done.stderr


def slow_down(interface: str) -> None:
    """Let frames wait in a queue before they leave, the interface being one of 1 Mbit/s."""
    shape = f"tc qdisc add dev {interface} root tbf rate 1mbit burst 2kb latency 9s"
    subprocess.run(shape.split(), check=True)


def exchange(port: int) -> None:
    """A client connects, says hello and closes, then the server does."""
    with socket.create_server((LOCAL, port)) as listening:
        client = socket.create_connection((LOCAL, port))
        server, _ = listening.accept()
        client.sendall(b"hello")
        client.close()
        while server.recv(1000):
            pass
        server.close()


class TestReading:
    def test_a_recorded_file_takes_no_privilege(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(
            f"""
            def test_it(packets):
                seen = packets.read({str(CAPTURES / "closed_by_client.pcapng")!r})
                conn, = seen.connections
                assert conn.handshake.complete and conn.closed == "orderly" and conn.closer == "client"
                assert len(conn.client.sent) == conn.client.sent_count == conn.client.octets > 0
            """
        )
        pytester.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=1)

    def test_a_display_filter(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(
            f"""
            def test_it(packets):
                seen = packets.read({str(CAPTURES / "closed_by_client.pcapng")!r}, "tcp.flags.syn == 1")
                assert [packet["tcp.flags.ack"] for packet in seen.packets] == [False, True]
            """
        )
        pytester.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=1)

    def test_what_a_side_sent_is_not_told_when_some_of_it_is_missing(self) -> None:
        conn, *_ = Seen("a file", rawcap.read(CAPTURES / "not_recorded.pcapng")).connections
        side = next(side for side in (conn.client, conn.server) if side.missing)
        with pytest.raises(ValueError, match=r"octets that .* sent are not in the capture, from octet \d+"):
            _ = side.sent

    def test_a_side_without_data_sent_nothing(self) -> None:
        conn, = Seen("a file", rawcap.read(CAPTURES / "refused.pcapng")).connections
        assert (conn.opened, conn.client.sent, conn.server.sent) == ("refused", b"", b"")

    def test_a_test_that_fails_shows_the_ladder(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(
            f"""
            def test_it(packets):
                conn, = packets.read({str(CAPTURES / "closed_by_client.pcapng")!r}).connections
                assert conn.closed == "reset"
            """
        )
        done = pytester.runpytest_subprocess(*PLUGIN)
        done.assert_outcomes(failed=1)
        done.stdout.fnmatch_lines(["*- rawcap: connection 0 -*", "*SYN-SENT*──SYN seq=0*▶*", "*◀*──SYN, ACK*", "*FIN*"])

    def test_a_test_that_fails_shows_exchanges(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(
            f"""
            def test_it(packets):
                packets.read({str(CAPTURES / "udp_port_unreachable.pcapng")!r}).verify("answered")
            """
        )
        done = pytester.runpytest_subprocess(*PLUGIN)
        shown = ["*- rawcap: exchange 0 -*", "*──len=7──*", "*◀*──ICMP port unreachable*", "*- rawcap: exchange 1 -*"]
        done.stdout.fnmatch_lines(shown)
        done.stdout.no_fnmatch_line("*no connection*")

    def test_a_test_that_fails_without_either_says_what_there_is(self, pytester: pytest.Pytester) -> None:
        path = str(CAPTURES / "prohibited.pcapng")
        read = f"packets.read({path!r}, 'frame.number == 2')"
        pytester.makepyfile(f"def test_it(packets):\n    assert not {read}.packets\n")
        done = pytester.runpytest_subprocess(*PLUGIN)
        done.stdout.fnmatch_lines(["*: 1 packet, no TCP connection and no UDP exchange"])

    def test_a_test_that_passes_shows_nothing(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(
            f"""
            def test_it(packets):
                assert packets.read({str(CAPTURES / "closed_by_client.pcapng")!r}).connections
            """
        )
        done = pytester.runpytest_subprocess(*PLUGIN, "-rA")
        done.assert_outcomes(passed=1)
        done.stdout.no_fnmatch_line("*rawcap:*")


def test_the_plugin_imports_next_to_nothing() -> None:
    code = (
        "import pytest, sys; before = set(sys.modules); import rawcap.pytest_plugin; "
        "print(*sorted(name for name in set(sys.modules) - before if name.partition('.')[0] != 'encodings'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if name.startswith(("rawcap", "dissectors", "cypcap"))] == [
        "rawcap",
        "rawcap.pytest_plugin",
    ]


class TestVerifying:
    def test_what_holds(self) -> None:
        seen = Seen("a file", rawcap.read(CAPTURES / "closed_by_client.pcapng"))
        seen.verify()
        seen.verify("handshake", "orderly-close", "connections=1", "none: tcp.flags.reset == 1")

    def test_what_does_not_hold(self) -> None:
        seen = Seen("a file", rawcap.read(CAPTURES / "refused.pcapng"))
        seen.verify("refused", "any: tcp.flags.reset == 1")
        with pytest.raises(AssertionError) as raised:
            seen.verify("connections=2", "refused", "none: tcp.flags.reset == 1")
        assert str(raised.value).splitlines() == [
            "connections=2: there is 1 (see packet 1)",
            "none: tcp.flags.reset == 1: 1 packet of 2 (see packet 2)",
        ]

    def test_a_rule_that_is_broken(self) -> None:
        with pytest.raises(AssertionError, match=r"SYN/ACK answers the SYN: .*see packets 1 and 2"):
            Seen("a file", rawcap.read(CAPTURES / "refused.pcapng")).verify()

    def test_nothing_was_seen(self) -> None:
        with pytest.raises(AssertionError, match=r"^there is no TCP connection and no UDP exchange$"):
            Seen("nothing", []).verify()

    def test_an_expectation_that_is_not_understood(self) -> None:
        with pytest.raises(ValueError, match="there is no expectation 'handshakes'; did you mean handshake"):
            Seen("nothing", []).verify("handshakes")


    def test_one_packet_is_one(self) -> None:
        with pytest.raises(AssertionError, match=r"\(see packet 2\)$"):
            Seen("a file", rawcap.read(CAPTURES / "udp_port_unreachable.pcapng", "udp.stream == 0")).verify("answered")


class TestAttributes:
    """What a connection, a side and an exchange have stands at the beginning of rawcap.testing.seen."""

    @pytest.fixture
    def conn(self) -> SeenConnection:
        (found,) = Seen("a file", rawcap.read(CAPTURES / "closed_by_client.pcapng")).connections
        return found

    def test_who_closed_is_called_as_in_the_json(self, conn: SeenConnection) -> None:
        assert conn.closed_by == "client"

    def test_all_that_is_listed_is_there(self, conn: SeenConnection) -> None:
        manual = (seen.__doc__ or "").partition("A connection has\n")[2].partition("An exchange")[0]
        listed = [re.findall(r"(?m)^    ((?:\w+, )*\w+)", part) for part in manual.split("A side has\n")]
        names = [[name for line in part for name in line.split(", ")] for part in listed]
        assert {"closed_by", "opened"} <= {*names[0]} and {"sent", "count"} <= {*names[1]}
        assert [name for name in names[0] if not hasattr(conn, name)] == []
        assert [name for name in names[1] if not hasattr(conn.client, name)] == []

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ("conn.clossed", "a connection has no attribute 'clossed'; did you mean closed?"),
            ("conn.server.adress", "a side has no attribute 'adress'; did you mean address?"),
            ("conn.qqq", "a connection has no attribute 'qqq'; rawcap.testing.seen lists what it has"),
        ],
    )
    def test_a_wrong_one_is_an_error_of_the_test(self, pytester: pytest.Pytester, wrong: str, told: str) -> None:
        path = str(CAPTURES / "closed_by_client.pcapng")
        pytester.makepyfile(f"def test_it(packets):\n    (conn,) = packets.read({path!r}).connections\n    {wrong}\n")
        done = pytester.runpytest_subprocess(*PLUGIN)
        done.stdout.fnmatch_lines([f"> *{wrong}", f"E *AttributeError: {told}"])
        done.assert_outcomes(failed=1)
        done.stdout.no_fnmatch_line("*seen.py:*")

    def test_a_connection_can_be_copied(self, conn: SeenConnection) -> None:
        assert copy.copy(conn).closed_by == "client"


class TestWhatIsShownOfAnError:
    """It points at the line of the test: what is inside of rawcap is not shown."""

    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            (
                'packets.read(PATH).verify("handshake", "refused")',
                ["AssertionError: handshake: tcp 0: RST answered it: nobody listens (see packets 1 and 2)"],
            ),
            (
                'packets.read(PATH).verify("handshak")',
                ["*ExpectationError: there is no expectation 'handshak'; did you mean handshake?"],
            ),
            (
                'packets.read(PATH).verify("any: tcp.flgs")',
                ["*FilterError: no field 'tcp.flgs'; *", "E *tcp.flgs", "E *^~~~~~~~"],
            ),
            (
                'packets.read(PATH, "tcp.flgs")',
                ["*FilterError: no field 'tcp.flgs'; *", "E *tcp.flgs", "E *^~~~~~~~"],
            ),
            ('packets.read("nowhere")', ["*CaptureError: nowhere: there is no such file"]),
            (
                "packets.read(PATH).ladder(4)",
                ["LookupError: there is no connection 4: 1 was seen, number 0"],
            ),
        ],
    )
    def test_of_a_recorded_file(self, pytester: pytest.Pytester, line: str, shown: list[str]) -> None:
        path = str(CAPTURES / "refused.pcapng")
        pytester.makepyfile(f"PATH = {path!r}\ndef test_it(packets):\n    {line}\n")
        done = pytester.runpytest_subprocess(*PLUGIN)
        first, *more = shown
        done.stdout.fnmatch_lines([f"> *{line}", f"E *{first}", *more])
        self.points_at_the_test(done)

    @pytest.mark.privileged
    @pytest.mark.parametrize(
        ("arguments", "shown"),
        [
            ('"tcp prt 9"', ["E*FilterError: syntax error", "E*tcp prt 9", "E*^~~~~~~~~"]),
            ('"tcp", "nolo"', ["E*LiveError: there is no interface 'nolo'*"]),
        ],
    )
    def test_of_a_capture(self, host: Host, pytester: pytest.Pytester, arguments: str, shown: list[str]) -> None:
        tests = f"""
            def test_it(packets):
                with packets.capture({arguments}):
                    pass
        """
        done = run(host, pytester, tests)
        done.stdout.fnmatch_lines(shown)
        self.points_at_the_test(done)

    @pytest.mark.privileged
    def test_of_the_end_of_a_capture(self, host: Host, pytester: pytest.Pytester) -> None:
        tests = """
            def test_it(packets):
                with packets.capture(""):
                    os.system("ip link set lo down")
        """
        done = run(host, pytester, tests)
        done.stdout.fnmatch_lines(["E*LiveError: lo went down"])
        self.points_at_the_test(done)

    def points_at_the_test(self, done: pytest.RunResult) -> None:
        done.assert_outcomes(failed=1)
        for inside in ("seen.py", "pytest_plugin.py", "capturing.py", "contextlib.py"):
            done.stdout.no_fnmatch_line(f"*{inside}:*")

    @pytest.mark.parametrize(
        ("name", "number", "words"),
        [
            ("udp_answered", 0, "there is no connection 0: no connection was seen"),
            ("port_reuse", 9, "there is no connection 9: 3 were seen, 0 to 2"),
            ("refused", -2, "there is no connection -2: 1 was seen, number 0"),
        ],
    )
    def test_a_ladder_of_a_connection_that_is_not_there(self, name: str, number: int, words: str) -> None:
        with pytest.raises(LookupError) as raised:
            Seen("a file", rawcap.read(CAPTURES / f"{name}.pcapng")).ladder(number)
        assert str(raised.value) == words


class TestWhereToSave:
    @pytest.mark.parametrize("folder", ["file", "file/below"])
    def test_a_file_is_refused_at_the_start(self, pytester: pytest.Pytester, folder: str) -> None:
        pytester.makefile("", file="mine")
        pytester.makepyfile("def test_it(packets): assert False")
        done = pytester.runpytest_subprocess(*PLUGIN, "--rawcap-save", folder)
        assert done.ret == pytest.ExitCode.USAGE_ERROR
        assert [line for line in done.errlines if line] == [
            f"ERROR: --rawcap-save: {pytester.path / 'file'} is there and is no folder"
        ]
        assert "collected" not in done.stdout.str()

    def test_a_folder_and_none_yet_are_taken(self, pytester: pytest.Pytester) -> None:
        (pytester.path / "kept").mkdir()
        pytester.makepyfile("def test_it(packets): pass")
        for folder in ("kept", "kept/new", "other"):
            pytester.runpytest_subprocess(*PLUGIN, "--rawcap-save", folder).assert_outcomes(passed=1)


@pytest.mark.privileged
class TestCapturing:
    def test_a_connection(self, host: Host, pytester: pytest.Pytester) -> None:
        tests = """
            def test_it(packets):
                with packets.capture("tcp port 9000") as seen:
                    exchange(9000)
                conn, = seen.connections
                assert conn.handshake.complete and conn.closed == "orderly"
                assert conn.client.sent == b"hello" and conn.server.sent == b""
                assert conn.client.sent_count == conn.client.octets == 5
        """
        run(host, pytester, tests).assert_outcomes(passed=1)

    def test_only_what_the_filter_lets_pass(self, host: Host) -> None:
        with host.inside(), Capturing("tcp port 9000", ring_octets=RING) as seen:
            exchange(9001)
            exchange(9000)
            exchange(9001)
        assert [conn.server.port for conn in seen.connections] == [9000]

    def test_the_packets_that_prove_the_end_are_not_among_those_seen(self, host: Host) -> None:
        with host.inside(), Capturing(ring_octets=RING) as seen:
            pass
        assert seen.packets == []

    def test_packets_are_numbered_from_1(self, host: Host) -> None:
        with host.inside(), Capturing(ring_octets=RING) as seen:
            exchange(9000)
        assert [packet.number for packet in seen.packets] == list(range(1, len(seen.packets) + 1))

    def test_an_exchange_of_datagrams(self, host: Host) -> None:
        with (
            host.inside(),
            Capturing("udp port 9000 or icmp", ring_octets=RING) as seen,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        ):
            client.sendto(b"hello", (LOCAL, 9000))
        found, = seen.exchanges
        assert (found.client.octets, found.server.octets) == (5, 0)
        assert found.icmp is not None and "ort unreachable" in found.icmp[0].words

    def test_what_waits_in_a_queue_when_the_block_ends_is_seen(self, host: Host) -> None:
        """A queue of 1 Mbit/s holds twenty thousand octets for 160 ms, and the SYN behind them, and its answers."""
        with host.inside():
            slow_down("lo")
            with (
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
                socket.create_server((LOCAL, 9000)),
                socket.socket() as client,
            ):
                client.setblocking(False)
                with Capturing("tcp port 9000 or udp port 9001", ring_octets=RING) as seen:
                    for _ in range(20):
                        sender.sendto(bytes(1000), (LOCAL, 9001))
                    client.connect_ex((LOCAL, 9000))
        assert seen.exchanges[0].client.datagrams == 20
        assert [conn.opened for conn in seen.connections] == ["handshake"]

    def test_what_leaves_by_an_ethernet_interface_is_seen_and_what_comes_from_its_peer(self) -> None:
        lab = Lab()
        try:
            server = lab.server.socket()
            server.bind((SERVER, 9000))
            server.listen()
            client = lab.client.socket()
            with lab.client.inside(), Capturing("tcp port 9000", "eth0", ring_octets=RING) as seen:
                client.connect((SERVER, 9000))
                accepted, _ = server.accept()
                client.sendall(b"hello")
                client.close()
                assert accepted.makefile("rb").read() == b"hello"
                accepted.close()
            conn, = seen.connections
            assert (conn.opened, conn.closed, conn.client.sent) == ("handshake", "orderly", b"hello")
        finally:
            lab.close()

    def test_what_waits_in_the_queue_of_an_ethernet_interface_is_seen(self) -> None:
        lab = Lab()
        try:
            sender = lab.client.socket(kind=socket.SOCK_DGRAM)
            with lab.client.inside():
                slow_down("eth0")
                with Capturing("udp port 9001", "eth0", ring_octets=RING) as seen:
                    for _ in range(20):
                        sender.sendto(bytes(1000), (SERVER, 9001))
            assert [found.client.datagrams for found in seen.exchanges] == [20]
        finally:
            lab.close()

    def test_every_segment_500_times_while_every_processor_is_busy(self, host: Host) -> None:
        busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count() or 1)]
        try:
            with host.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for _ in range(500):
                    with Capturing("tcp port 9000 or udp port 9001", ring_octets=RING) as seen:
                        exchange(9000)
                        sender.sendto(b"last", (LOCAL, 9001))
                    conn, = seen.connections
                    assert conn.handshake.complete and conn.closed == "orderly"
                    assert conn.client.sent == b"hello"
                    assert conn.client.fin_acked and conn.server.fin_acked
                    assert [found.client.datagrams for found in seen.exchanges] == [1]
        finally:
            for each in busy:
                each.kill()
                each.wait()

    def test_dropped_packets_are_an_error(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Capturing, "_read", lambda self: None)  # nobody takes anything out of the ring
        with (
            host.inside(),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
            pytest.raises(LiveError, match=r"^the kernel dropped [\d,]+ of 100 packets for want of room"),
            Capturing("udp port 9000", ring_octets=1 << 20),
        ):
            for _ in range(100):
                sender.sendto(bytes(60_000), (LOCAL, 9000))

    def test_dropped_packets_do_not_hide_what_else_went_wrong(
        self, host: Host, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Capturing, "_read", lambda self: None)
        with (
            host.inside(),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
            pytest.raises(KeyError) as raised,
            Capturing("udp port 9000", ring_octets=1 << 20),
        ):
            for _ in range(100):
                sender.sendto(bytes(60_000), (LOCAL, 9000))
            raise KeyError("what the test raised")
        assert raised.value.__notes__[0].startswith("rawcap: the kernel dropped ")

    def test_an_interface_that_goes_down_is_an_error(self, host: Host) -> None:
        with pytest.raises(LiveError, match=r"^lo went down$"), host.inside(), Capturing(ring_octets=RING):
            host.ip("link", "set", "lo", "down")

    def test_what_was_seen_is_not_known_before_the_end(self, host: Host) -> None:
        asked = pytest.raises(RuntimeError, match="behind the with block")
        with host.inside(), Capturing(ring_octets=RING) as seen, asked:
            _ = seen.connections

    def test_the_processors_that_the_test_may_run_on_stay_the_same(self, host: Host) -> None:
        before = os.sched_getaffinity(0)
        with host.inside(), Capturing(ring_octets=RING):
            pass
        assert os.sched_getaffinity(0) == before


@pytest.mark.privileged
class TestFailures:
    TESTS = """
        def test_it(packets):
            with packets.capture("tcp port 9000") as seen:
                exchange(9000)
            assert seen.connections[0].closed == "reset"
    """

    def test_the_ladder_is_shown(self, host: Host, pytester: pytest.Pytester) -> None:
        done = run(host, pytester, self.TESTS)
        done.assert_outcomes(failed=1)
        done.stdout.fnmatch_lines(["*- rawcap: connection 0 -*", "*SYN-SENT*──SYN seq=0*▶*", "*◀*──SYN, ACK*", "*FIN*"])

    def test_of_many_connections_five_are_shown(self, host: Host, pytester: pytest.Pytester) -> None:
        tests = """
            def test_it(packets):
                with packets.capture("tcp port 9000") as seen:
                    for _ in range(7):
                        exchange(9000)
                assert False
        """
        done = run(host, pytester, tests)
        done.stdout.fnmatch_lines(["*- rawcap: connection 4 -*", "2 more of 7 are not shown"])
        done.stdout.no_fnmatch_line("*rawcap: connection 5*")

    def test_several_captures_are_told_apart(self, host: Host, pytester: pytest.Pytester) -> None:
        tests = """
            def test_it(packets):
                for port in (9000, 9001):
                    with packets.capture(f"tcp port {port}") as seen:
                        exchange(port)
                assert False
        """
        done = run(host, pytester, tests)
        done.stdout.fnmatch_lines(["*rawcap: capture 0, connection 0*", "*rawcap: capture 1, connection 0*"])

    def test_a_block_that_raises_shows_what_was_seen(self, host: Host, pytester: pytest.Pytester) -> None:
        tests = """
            def test_it(packets):
                with packets.capture("tcp port 9000"):
                    exchange(9000)
                    raise KeyError
        """
        run(host, pytester, tests).stdout.fnmatch_lines(["*- rawcap: connection 0 -*", "*SYN-SENT*"])

    def test_nothing_is_kept_unless_asked_for(self, host: Host, pytester: pytest.Pytester) -> None:
        run(host, pytester, self.TESTS)
        assert list(pytester.path.rglob("*.pcapng")) == []

    def test_the_capture_is_kept(self, host: Host, pytester: pytest.Pytester) -> None:
        done = run(host, pytester, self.TESTS, "--rawcap-save", "kept/here")
        name = "test_the_capture_is_kept.py--test_it.pcapng"
        kept = pytester.path / "kept" / "here" / name
        done.stdout.fnmatch_lines(["*- rawcap: saved -*", f"{kept}: * packets"])
        conn, = Seen("kept", rawcap.read(kept)).connections
        assert (conn.closed, conn.client.sent) == ("orderly", b"hello")

    def test_each_test_has_a_file_of_its_own(self, host: Host, pytester: pytest.Pytester) -> None:
        tests = """
            @pytest.mark.parametrize("name", ["a/b", "a b"])
            def test_it(packets, name):
                with packets.capture("tcp port 9000"):
                    exchange(9000)
                assert False
        """
        run(host, pytester, tests, "--rawcap-save", "kept")
        assert len(list((pytester.path / "kept").iterdir())) == 2

    def test_a_test_that_passes_keeps_nothing(self, host: Host, pytester: pytest.Pytester) -> None:
        tests = """
            def test_it(packets):
                with packets.capture("tcp port 9000"):
                    exchange(9000)
        """
        run(host, pytester, tests, "--rawcap-save", "kept")
        assert not (pytester.path / "kept").exists()

    def test_a_folder_that_cannot_be_made_is_told(self, host: Host, pytester: pytest.Pytester) -> None:
        done = run(host, pytester, self.TESTS, "--rawcap-save", "/proc/kept")
        done.assert_outcomes(failed=1)
        done.stdout.fnmatch_lines(["*- rawcap: saved -*", "not kept: *"])


@pytest.mark.privileged
class TestWithoutPrivilege:
    TESTS = """
        def test_it(packets):
            with packets.capture("tcp port 9000") as seen:
                exchange(9000)
            conn, = seen.connections
            assert conn.closed == "orderly" and conn.client.sent == b"hello"
    """

    def test_the_test_is_skipped_and_the_reason_is_one_line(self, folder_of_nobody: Path) -> None:
        printed = run_as_nobody(folder_of_nobody, self.TESTS)
        assert "1 skipped" in printed
        skipped, = [line for line in printed.splitlines() if line.startswith("SKIPPED")]
        assert "capturing needs CAP_NET_RAW, which this user does not have" in skipped
        assert skipped.endswith("; or give pytest --rawcap-unshare")

    def test_a_namespace_of_its_own_takes_none(self, folder_of_nobody: Path) -> None:
        assert "1 passed" in run_as_nobody(folder_of_nobody, self.TESTS, "--rawcap-unshare")

    def test_it_stays_the_same_user_there(self, folder_of_nobody: Path) -> None:
        tests = f"""
            def test_it():
                assert (os.geteuid(), os.getegid()) == ({NOBODY.pw_uid}, {NOBODY.pw_gid})
        """
        assert "1 passed" in run_as_nobody(folder_of_nobody, tests, "--rawcap-unshare")

    def test_there_is_nothing_but_the_loopback_interface(self, folder_of_nobody: Path) -> None:
        tests = """
            def test_it():
                assert [name for _, name in socket.if_nameindex()] == ["lo"]
        """
        assert "1 passed" in run_as_nobody(folder_of_nobody, tests, "--rawcap-unshare")

    def test_what_it_starts_may_capture_too(self, folder_of_nobody: Path) -> None:
        tests = """
            def test_it():
                import subprocess
                status = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True).stdout
                effective, = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff")]
                assert int(effective, 16) == 1 << 10 | 1 << 12 | 1 << 13
        """
        assert "1 passed" in run_as_nobody(folder_of_nobody, tests, "--rawcap-unshare")

    def test_a_process_with_threads_is_told_in_one_line(self, folder_of_nobody: Path) -> None:
        (folder_of_nobody / "early.py").write_text(
            "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        )
        printed = run_as_nobody(folder_of_nobody, self.TESTS, "--rawcap-unshare", "-p", "early")
        assert printed.strip().splitlines() == [
            "ERROR: --rawcap-unshare: no network namespace of its own can be made: "
            "this process has more than one thread already"
        ]

    def test_a_kernel_that_gives_no_namespace_is_told_in_one_line(self, pytester: pytest.Pytester) -> None:
        """A user namespace has its own limit of how many may be made in it."""
        pytester.makepyfile(module(self.TESTS))
        inner = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
        command = ["unshare", "--user", "--map-root-user", "sh", "-c", inner, "sh", sys.executable, "-m", "pytest"]
        done = pytester.run(*command, *PLUGIN, "--rawcap-unshare")
        assert done.errlines == [
            "ERROR: --rawcap-unshare: no network namespace of its own can be made: "
            "the limit of /proc/sys/user/max_user_namespaces or max_net_namespaces is reached",
            "",
        ]
