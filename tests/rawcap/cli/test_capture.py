"""`rawcap capture`, from the command line to the last line, in network namespaces of the tests' own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from dissectors.packet import Packet
from rawcap import __version__
from rawcap.files import Block, CutCapture, open_capture
from rawcap.files.blocks import SECTION_HEADER, unpack_options
from scripts.captures.hosts import CLIENT, CLIENT6, CLIENT_MAC, Host

Run = Callable[..., Result]
Begin = Callable[..., "Command"]

PATIENCE = 20.0  # seconds, after which what has to come does not
LOCAL = "127.0.0.1"
NOBODY = pwd.getpwnam("nobody")

privileged = pytest.mark.privileged
ON_LO = "rawcap: capturing on lo: Ethernet\n"


def counts(captured: int, received: int | None = None, dropped: int = 0) -> str:
    """The last line."""
    received = captured if received is None else received
    return f"{captured} captured, {received} received by the filter, {dropped} dropped by the kernel\n"


def eventually(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it has not come true"
        time.sleep(0.01)


class Command:
    """`rawcap capture` on a host, which has begun to capture. Its output and its errors go to files."""

    def __init__(self, folder: Path, host: Host, *arguments: str | Path, **settings: Any) -> None:
        before: tuple[str, ...] = settings.pop("before", ())
        self._output, self._errors = folder / "output", folder / "errors"
        said_by_sudo = settings.pop("environment", {})
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SUDO_")}
        with open(self._output, "wb") as output, open(self._errors, "wb") as errors, host.inside():
            self.process = subprocess.Popen(
                [*before, sys.executable, "-m", "rawcap", "capture", *map(str, arguments)],
                env=environment | said_by_sudo,
                **{"stdin": subprocess.DEVNULL, "stdout": output, "stderr": errors} | settings,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def has_begun(self) -> bool:
        return "capturing on" in self.errors and self.errors.endswith("\n")

    def wait(self) -> int:
        """The exit status, once it has ended."""
        return self.process.wait(PATIENCE)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it; gives the exit status."""
        self.process.send_signal(number)
        return self.wait()


@pytest.fixture
def host() -> Iterator[Host]:
    """A host on which nobody speaks unasked. What is sent to its UDP ports 9000 and 9001 is taken without an answer."""
    made = Host(CLIENT_MAC, CLIENT, CLIENT6)
    made.sysctl("ipv6/conf/all/disable_ipv6", 1)
    made.sysctl("ipv6/conf/default/disable_ipv6", 1)
    for port in (9000, 9001):
        made.datagrams(socket.AF_INET, LOCAL, port)
    yield made
    made.close()


@pytest.fixture
def wire(host: Host) -> Host:
    """A host with both ends of a wire, `left` and `right`."""
    host.ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    for end in ("left", "right"):
        host.ip("link", "set", end, "up")
    return host


@pytest.fixture
def start(host: Host, tmp_path: Path) -> Iterator[Begin]:
    """Starts a capture on the host, and ends it with the test."""
    started: list[Command] = []

    def start(*arguments: str | Path, **settings: Any) -> Command:
        folder = tmp_path / f"command {len(started)}"
        folder.mkdir()
        started.append(Command(folder, host, *arguments, **settings))
        return started[-1]

    yield start
    for command in started:
        if command.process.poll() is None:
            command.process.kill()
        command.process.wait()
        for stream in (command.process.stdin, command.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def begin(start: Begin) -> Begin:
    """Starts a capture, and waits until it captures."""

    def begin(*arguments: str | Path, **settings: Any) -> Command:
        command = start(*arguments, **settings)
        eventually(lambda: command.has_begun() or command.process.poll() is not None)
        assert command.has_begun(), command.errors
        return command

    return begin


def send(host: Host, *payloads: bytes, port: int = 9000) -> None:
    """Send datagrams to a port of the loopback interface."""
    sender = host.socket(kind=socket.SOCK_DGRAM)
    for payload in payloads:
        sender.sendto(payload, (LOCAL, port))


def numbered(count: int, start: int = 0) -> list[bytes]:
    return [b"%04d" % number for number in range(start, start + count)]


def payloads(packets: list[Packet]) -> list[bytes]:
    return [packet.udp.payload for packet in packets]


def packets_of(path: Path) -> list[Packet]:
    with open_capture(path) as file:
        return list(file)


def written(path: Path) -> list[bytes]:
    """What the datagrams in a file carry."""
    return payloads(packets_of(path))


# -- what is shown ----------------------------------------------------------------------------------------


@privileged
def test_a_line_a_packet(host: Host, begin: Begin) -> None:
    command = begin("-i", "lo", "-f", "udp port 9000")
    send(host, b"one", b"three")
    assert command.end() == 0
    lines = command.output.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(r"    1 0\.000000000  127\.0\.0\.1 → 127\.0\.0\.1  UDP   \d+ → 9000 Len=3", lines[0])
    assert re.fullmatch(r"    2 0\.\d{9}  127\.0\.0\.1 → 127\.0\.0\.1  UDP   \d+ → 9000 Len=5", lines[1])
    assert command.errors == ON_LO + counts(2)


@privileged
def test_a_line_comes_with_its_packet(host: Host, begin: Begin) -> None:
    command = begin("-i", "lo")
    send(host, b"one")
    eventually(lambda: command.output.endswith("Len=3\n"))
    send(host, b"three")
    eventually(lambda: command.output.endswith("Len=5\n"))


@privileged
def test_fields(host: Host, begin: Begin) -> None:
    command = begin("-i", "lo", "-T", "fields", "-e", "udp.dstport", "-e", "data.data", "-e", "frame.interface_name")
    send(host, b"\x01", b"\x02\x03")
    assert command.end() == 0
    assert command.output == "9000\t01\tlo\n9000\t0203\tlo\n"


@privileged
def test_json(host: Host, begin: Begin) -> None:
    command = begin("-i", "lo", "-T", "json")
    send(host, b"one", b"two")
    assert command.end() == 0
    assert [json.loads(line)["number"] for line in command.output.splitlines()] == [1, 2]


@privileged
def test_without_an_interface_it_is_any(host: Host, begin: Begin) -> None:
    command = begin("-T", "fields", "-e", "frame.interface_name", "-e", "sll.etype")
    send(host, b"one")
    assert command.end() == 0
    assert command.output == "lo\t0x0800\n"
    assert command.errors == "rawcap: capturing on any: Linux cooked v2\n" + counts(1)


@privileged
def test_a_display_filter(host: Host, begin: Begin) -> None:
    command = begin("-i", "lo", "-Y", "udp.length == 11", "-T", "fields", "-e", "frame.number", "-e", "udp.length")
    send(host, b"three", b"one")
    assert command.end() == 0
    assert command.output == "2\t11\n"
    assert command.errors == ON_LO + counts(1, received=2)


SEND = f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'short', ('{LOCAL}', 9000))"


def send_and_end(host: Host) -> int:
    """A process of its own sends a datagram to port 9000 and ends; gives its number."""
    with host.inside():
        sender = subprocess.Popen([sys.executable, "-c", SEND])
    assert sender.wait(PATIENCE) == 0
    return sender.pid


@privileged
def test_each_packet_with_its_processes(host: Host, begin: Begin, tmp_path: Path) -> None:
    command = begin("-i", "lo", "--process", "-T", "text", "-w", tmp_path / "x.pcapng")
    pid = send_and_end(host)
    assert command.end() == 0
    assert re.search(rf"Len=5  python[\d.]*\({pid}\) → \S+\({os.getpid()}\)$", command.output.splitlines()[0])
    (packet,) = packets_of(tmp_path / "x.pcapng")
    assert re.fullmatch(rf"process python[\d.]*, pid {pid}; process \S+, pid {os.getpid()}", packet.comments[0])


@privileged
def test_the_packets_of_one_process(host: Host, begin: Begin) -> None:
    columns = ("-T", "fields", "-e", "data.data", "-e", "frame.process.pid")
    command = begin("-i", "lo", "--process", str(os.getpid()), "-Y", "data.len == 5", *columns)
    send(host, b"sent", b"fives")
    pid = send_and_end(host)
    assert command.end() == 0
    assert command.output.splitlines() == [f"6669766573\t{os.getpid()}", f"73686f7274\t{pid},{os.getpid()}"]
    assert command.errors.endswith(counts(2, 3))


@privileged
def test_no_packets_of_a_process_that_has_another_name(host: Host, begin: Begin) -> None:
    command = begin("-i", "lo", "--process", "nobody's")
    send(host, b"one")
    assert command.end() == 0
    assert command.output == ""


def test_counting_knows_no_processes(rawcap: Run) -> None:
    done = rawcap("capture", "--stats", "--process")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        2,
        "rawcap: --stats knows no processes: leave out --process (see rawcap capture --help)",
    )


@privileged
def test_conversations_instead_of_packets(host: Host, begin: Begin) -> None:
    command = begin("-i", "lo", "--stats", "-Y", "udp", "-c", "3")
    send(host, b"one", b"three", b"five", b"seven")
    assert command.wait() == 0
    title, heading, row = command.output.splitlines()
    assert title == "UDP, 1 conversation by octets"
    assert heading.split()[:2] == ["a", "b"]
    assert re.match(r"127\.0\.0\.1:\d+ +127\.0\.0\.1:9000 ", row) or re.match(r"127\.0\.0\.1:9000 ", row)
    assert "3 captured, " in command.errors


@privileged
@pytest.mark.parametrize("other", [["-w", "x.pcap"], ["-T", "text"], ["-e", "ip.src"], ["--reassemble"]])
def test_counting_shows_no_packet(host: Host, start: Begin, other: list[str]) -> None:
    command = start("-i", "lo", "--stats", *other)
    assert command.wait() == 2
    assert command.errors.startswith("rawcap: --stats counts and shows no packet: leave out -w, -T, -e and ")


@privileged
def test_another_namespace(host: Host, start: Begin) -> None:
    path = f"/proc/{os.getpid()}/fd/{host.namespace}"
    elsewhere = Host(CLIENT_MAC, CLIENT, CLIENT6)
    try:
        send(elsewhere, b"not there")
        command = start("-i", "lo", "--netns", path, "-c", "1", "-T", "fields", "-e", "data.data")
        eventually(command.has_begun)
        send(elsewhere, b"not there")
        send(host, b"\x07")
        assert command.wait() == 0
        assert command.output == "07\n"
    finally:
        elsewhere.close()


@privileged
def test_what_a_raw_ip_socket_does_not_see_is_said(host: Host, begin: Begin) -> None:
    command = begin("-i", "lo", "--socket", "ip", "--protocol", "udp", "-f", "udp port 9000")
    send(host, b"one")
    assert command.end() == 0
    assert "127.0.0.1 → 127.0.0.1  UDP" in command.output
    assert command.errors.splitlines()[:2] == [
        "rawcap: capturing on lo: raw IPv4 socket of UDP: inbound only, what this host accepted; no link layer; "
        "fragments come reassembled",
        "rawcap: capturing on lo: raw IPv6 socket of UDP: inbound only, what this host accepted; no link layer and no "
        "IPv6 header: the one shown is rebuilt, without extension headers; fragments come reassembled",
    ]


@privileged
def test_raw_ip_sockets_of_several_interfaces_are_told_together(wire: Host, begin: Begin) -> None:
    command = begin("-i", "lo", "-i", "left", "--socket", "ip", "--protocol", "tcp", "--protocol", "udp", "-f", "ip")
    send(wire, b"one")
    assert command.end() == 0
    assert [line.partition(": inbound")[0] for line in command.errors.splitlines()[:2]] == [
        "rawcap: capturing on lo, left: raw IPv4 sockets of TCP, UDP",
        "rawcap: capturing on lo, left: raw IPv6 sockets of TCP, UDP",
    ]
    assert "  lo  127.0.0.1 → 127.0.0.1  UDP" in command.output


@privileged
def test_no_interface_is_shown_where_none_is_known(host: Host, begin: Begin) -> None:
    command = begin("--socket", "ip", "--protocol", "udp", "-c", "1")
    send(host, b"one")
    assert command.wait() == 0
    assert re.fullmatch(r" +1 0\.000000000  127\.0\.0\.1 → 127\.0\.0\.1  UDP .*\n", command.output)


# -- files ------------------------------------------------------------------------------------------------


@privileged
def test_a_file_holds_what_was_captured(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path)
    send(host, *numbered(100))
    assert command.end() == 0
    assert written(path) == numbered(100)
    assert command.output == ""
    assert command.errors == ON_LO + counts(100)


@privileged
def test_a_file_tells_what_was_captured_on(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, "-f", "udp port 9000", "-s", "60")
    send(host, bytes(100))
    send(host, bytes(100), port=9001)
    assert command.end() == 0
    (packet,) = packets_of(path)
    assert (len(packet.data), packet.length) == (60, 142)
    interface = packet.interface
    assert (interface.name, interface.linktype, interface.snaplen, interface.resolution) == ("lo", 1, 60, 10**9)
    assert dict(interface.options)[11] == b"\0udp port 9000"  # if_filter


@privileged
def test_a_file_tells_what_the_kernel_counted(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    before = time.time_ns()
    command = begin("-i", "lo", "-w", path, "--buffer", "1")
    send(host, *[bytes(1400)] * 5)
    assert command.end() == 0
    with open_capture(path) as file:
        assert len(list(file)) == 5
        (statistics,) = file.statistics
    assert statistics.interface.name == "lo"
    assert (statistics.ifrecv, statistics.ifdrop, statistics.osdrop) == (5, 0, 0)
    assert (statistics.filteraccept, statistics.usrdeliv) == (5, 5)
    assert statistics.starttime_ns is not None and statistics.endtime_ns is not None
    assert before <= statistics.starttime_ns <= statistics.endtime_ns <= time.time_ns()


@privileged
def test_a_file_tells_what_was_dropped(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, "--buffer", "1")
    command.process.send_signal(signal.SIGSTOP)
    send(host, *[bytes(1400)] * 2000)
    command.process.send_signal(signal.SIGCONT)
    assert command.end() == 0
    with open_capture(path) as file:
        kept = len(list(file))
        (statistics,) = file.statistics
    assert 0 < kept < 2000
    assert (statistics.ifdrop, statistics.osdrop, statistics.usrdeliv) == (2000 - kept, 2000 - kept, kept)
    assert command.errors == ON_LO + counts(kept, 2000, 2000 - kept)


@privileged
def test_a_file_tells_what_made_it(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path)
    assert command.end() == 0
    with open_capture(path) as file:
        header = next(each for each in file.blocks() if isinstance(each, Block) and each.type == SECTION_HEADER)
    options = dict(unpack_options(header.body, 16, header.big_endian))
    assert options[3] == f"Linux {os.uname().release}".encode()  # shb_os
    assert options[4] == f"rawcap {__version__}".encode()  # shb_userappl


@privileged
def test_several_interfaces_of_one_file(wire: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "left", "-i", "lo", "-w", path)
    send(wire, b"loop")
    put = wire.socket(socket.AF_PACKET, socket.SOCK_RAW)
    put.bind(("left", 0))
    put.send(bytes(60))
    assert command.end() == 0
    with open_capture(path) as file:
        assert [packet.interface.name for packet in file] == ["lo", "left"]
        assert [interface.name for interface in file.interfaces] == ["left", "lo"]
        assert [each.filteraccept for each in file.statistics] == [1, 1]
    assert command.errors == "rawcap: capturing on left, lo: Ethernet\n" + counts(2)


@privileged
def test_a_file_of_several_interfaces_is_read_with_their_names(
    wire: Host, begin: Begin, rawcap: Run, tmp_path: Path
) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "left", "-i", "lo", "-w", path, "-c", "2")
    send(wire, b"loop")
    put = wire.socket(socket.AF_PACKET, socket.SOCK_RAW)
    put.bind(("left", 0))
    put.send(bytes(60))
    assert command.wait() == 0
    first, second = rawcap("read", path).output.splitlines()
    assert first.startswith("    1 0.000000000  lo            127.0.0.1 → 127.0.0.1          UDP  ")
    assert re.match(r"    2 0\.\d{9}  left  00:00:00:00:00:00 → 00:00:00:00:00:00  ", second)


@privileged
def test_any_in_a_file_names_each_interface(wire: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "any", "-w", path)
    send(wire, b"loop")
    put = wire.socket(socket.AF_PACKET, socket.SOCK_RAW)
    put.bind(("left", 0))
    put.send(bytes(60))
    assert command.end() == 0
    assert [packet.interface.name for packet in packets_of(path)] == ["lo", "left", "right"]


@privileged
@pytest.mark.parametrize("ending", ["pcap", "pcap.gz", "pcapng.zst"])
def test_other_kinds_of_files(host: Host, begin: Begin, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    command = begin("-i", "lo", "-w", path)
    send(host, *numbered(10))
    assert command.end() == 0
    assert written(path) == numbered(10)
    with open_capture(path) as file:
        assert f".{file.format}" in path.name


@privileged
def test_of_what_goes_to_a_file_some_may_be_shown(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, "-T", "fields", "-e", "udp.length")
    send(host, b"one", b"three")
    assert command.end() == 0
    assert command.output == "11\n13\n"
    assert written(path) == [b"one", b"three"]


@privileged
def test_a_display_filter_holds_for_the_file(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, "-Y", "udp.length == 11")
    send(host, b"one", b"three", b"two")
    assert command.end() == 0
    assert written(path) == [b"one", b"two"]
    assert command.errors == ON_LO + counts(2, received=3)


@privileged
@pytest.mark.parametrize("tool", ["capinfos", "tshark"])
def test_other_programs_read_the_file(host: Host, begin: Begin, tmp_path: Path, tool: str) -> None:
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, "-f", "udp")
    send(host, *numbered(10))
    assert command.end() == 0
    read = {"capinfos": [program, "-c", "-M", path], "tshark": [program, "-n", "-r", path]}[tool]
    done = subprocess.run(read, capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if "Running as user" not in line]
    assert (done.returncode, complaints) == (0, [])
    if tool == "capinfos":
        assert re.search(r"^Number of packets:\s+10$", done.stdout, re.MULTILINE)
    else:
        assert len(done.stdout.splitlines()) == 10


@privileged
def test_a_file_is_not_overwritten_without_being_asked(host: Host, start: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_text("precious")
    command = start("-i", "lo", "-w", path)
    assert command.wait() == 1
    assert command.errors == f"rawcap: {path} exists already; --force overwrites it\n"
    assert path.read_text() == "precious"


@privileged
def test_a_file_is_overwritten_when_asked(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_text("worthless" * 1000)
    command = begin("-i", "lo", "-w", path, "--force")
    send(host, b"one")
    assert command.end() == 0
    assert written(path) == [b"one"]


# -- streams ----------------------------------------------------------------------------------------------


@privileged
@pytest.mark.parametrize(
    "reader",
    [[sys.executable, "-m", "rawcap", "read", "-"], ["tshark", "-n", "-l", "-r", "-"]],
    ids=["rawcap read", "tshark"],
)
def test_a_stream_is_read_packet_by_packet(host: Host, begin: Begin, tmp_path: Path, reader: list[str]) -> None:
    if shutil.which(reader[0]) is None:
        pytest.skip(f"{reader[0]} is not installed")
    command = begin("-i", "lo", "-w", "-", stdout=subprocess.PIPE)
    shown = tmp_path / "shown"
    with open(shown, "wb") as output:
        reading = subprocess.Popen(reader, stdin=command.process.stdout, stdout=output, stderr=subprocess.DEVNULL)
    with reading:
        for number, payload in enumerate((b"one", b"three", b"seventh"), 1):
            send(host, payload)
            eventually(lambda: len(shown.read_text().splitlines()) == number)  # noqa: B023
            assert shown.read_text().endswith(f"Len={len(payload)}\n")
        assert command.end() == 0
        assert reading.wait(PATIENCE) == 0
    assert command.errors == ON_LO + counts(3)


@privileged
def test_nobody_reads_the_lines_any_more(host: Host, begin: Begin) -> None:
    command = begin("-i", "lo", "-a", f"duration:{PATIENCE}", stdout=subprocess.PIPE)
    assert command.process.stdout is not None
    send(host, b"one")
    assert command.process.stdout.readline().endswith(b"Len=3\n")
    command.process.stdout.close()  # which ends it, whether or not there is anything more to write
    assert command.wait() == 141
    assert command.errors == ON_LO + counts(1)


@privileged
def test_nobody_reads_the_lines_any_more_and_the_file_stays_whole(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, "-T", "text", "-a", f"duration:{PATIENCE}", stdout=subprocess.PIPE)
    assert command.process.stdout is not None
    send(host, b"one")
    assert command.process.stdout.readline().endswith(b"Len=3\n")
    command.process.stdout.close()
    assert command.wait() == 141
    assert written(path) == [b"one"]


@privileged
@pytest.mark.parametrize("look", [[], ["-Y", "udp"]], ids=["as it comes", "looked at"])
def test_nobody_reads_the_stream_any_more(host: Host, begin: Begin, look: list[str]) -> None:
    command = begin("-i", "lo", "-w", "-", *look, stdout=subprocess.PIPE)
    assert command.process.stdout is not None
    command.process.stdout.close()
    assert command.wait() == 141
    assert command.errors == ON_LO + counts(0)


@privileged
def test_output_that_has_no_room_ends_it_with_the_counts(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    with open("/dev/full", "wb") as full:
        command = begin("-i", "lo", "-w", path, "-T", "text", stdout=full)
        send(host, b"one")
        assert command.wait() == 1
    assert command.errors == ON_LO + "rawcap: standard output cannot be written: no space left on device\n" + counts(1)
    assert written(path) == [b"one"]


@privileged
def test_a_terminal_shows_how_a_file_grows(host: Host, start: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    ours, its = pty.openpty()
    shown = b""

    def read_until(pattern: bytes) -> None:
        nonlocal shown
        while not re.search(pattern, shown):
            assert select.select([ours], [], [], PATIENCE)[0], shown
            shown += os.read(ours, 1000)

    try:
        command = start("-i", "lo", "-w", path, stderr=its)
        os.close(its)
        read_until(rb"^rawcap: capturing on lo: Ethernet\r\n")
        send(host, b"one", b"two", b"three")
        read_until(rb"\r3 packets  \d+ B  \d+ packets/s  0 dropped\x1b\[K")  # it is written over and over
        assert command.end() == 0
        read_until(rb"\r\x1b\[K\r3 captured, 3 received by the filter, 0 dropped by the kernel\r\n$")
    finally:
        os.close(ours)


# -- how it ends ------------------------------------------------------------------------------------------


@privileged
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("shown", [False, True], ids=["written", "written and shown"])
def test_a_signal_ends_it_with_everything_written(
    host: Host, begin: Begin, tmp_path: Path, number: signal.Signals, shown: bool
) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, *(["-T", "text"] if shown else []))
    send(host, *numbered(500))
    assert command.end(number) == 0
    assert written(path) == numbered(500)
    assert command.errors == ON_LO + counts(500)


@privileged
@pytest.mark.parametrize("limit", [["-c", "5"], ["-a", "packets:5"], ["-c", "9", "-a", "packets:5"]])
@pytest.mark.parametrize("shown", [False, True], ids=["written", "written and shown"])
def test_it_ends_after_a_number_of_packets(
    host: Host, begin: Begin, tmp_path: Path, limit: list[str], shown: bool
) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, *limit, *(["-T", "text"] if shown else []))
    send(host, *numbered(20))
    assert command.wait() == 0
    assert written(path) == numbered(5)
    assert len(command.output.splitlines()) == (5 if shown else 0)
    assert command.errors.startswith(ON_LO + "5 captured, ")


@privileged
def test_it_ends_after_a_time(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, "-a", "duration:0.3")
    assert command.wait() == 0
    assert written(path) == []
    assert command.errors == ON_LO + counts(0)


@privileged
@pytest.mark.parametrize("shown", [False, True], ids=["written", "written and shown"])
def test_it_ends_when_the_file_is_large_enough(host: Host, begin: Begin, tmp_path: Path, shown: bool) -> None:
    path = tmp_path / "a.pcap"
    command = begin("-i", "lo", "-w", path, "-a", "filesize:2", *(["-T", "text"] if shown else []))
    send(host, *numbered(100))
    assert command.wait() == 0
    record = 16 + 14 + 20 + 8 + 4
    kept = -(-(2000 - 24) // record)  # up to the first that reaches 2000 octets, behind a header of 24
    assert path.stat().st_size == 24 + kept * record
    assert written(path) == numbered(kept)
    assert len(command.output.splitlines()) == (kept if shown else 0)


@privileged
def test_nothing_came(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path)
    assert command.end() == 0
    assert written(path) == []
    assert command.errors == ON_LO + counts(0)


# -- one file after the other -----------------------------------------------------------------------------


def rotated(folder: Path) -> list[Path]:
    """The files of a rotation, in order; the names say how many came before."""
    paths = sorted(folder.glob("a_*"))
    assert all(re.fullmatch(r"a_\d{5}_\d{14}\.pcapng", path.name) for path in paths)
    return paths


@privileged
@pytest.mark.parametrize("shown", [False, True], ids=["written", "written and shown"])
def test_a_new_file_after_some_packets(host: Host, begin: Begin, tmp_path: Path, shown: bool) -> None:
    command = begin("-i", "lo", "-w", tmp_path / "a.pcapng", "-b", "packets:10", *(["-T", "text"] if shown else []))
    send(host, *numbered(35))
    assert command.end() == 0
    assert [written(path) for path in rotated(tmp_path)] == [
        numbered(10),
        numbered(10, 10),
        numbered(10, 20),
        numbered(5, 30),
    ]


@privileged
@pytest.mark.parametrize("shown", [False, True], ids=["written", "written and shown"])
def test_a_new_file_after_some_octets(host: Host, begin: Begin, tmp_path: Path, shown: bool) -> None:
    arguments = ["-b", "filesize:2", *(["-T", "text"] if shown else [])]
    command = begin("-i", "lo", "-w", tmp_path / "a.pcapng", *arguments)
    send(host, *numbered(500))
    assert command.end() == 0
    paths = rotated(tmp_path)
    assert len(paths) > 10
    assert [payload for path in paths for payload in written(path)] == numbered(500)
    for path in paths:
        assert path.stat().st_size < 2000 + 200  # one packet more, and the statistics


@privileged
def test_each_file_has_its_statistics(host: Host, begin: Begin, tmp_path: Path) -> None:
    command = begin("-i", "lo", "-w", tmp_path / "a.pcapng", "-b", "packets:10")
    send(host, *numbered(20))
    assert command.end() == 0
    for path in rotated(tmp_path):
        with open_capture(path) as file:
            list(file)
            assert [each.filteraccept for each in file.statistics] == [20]  # since the beginning


@privileged
def test_only_the_newest_files_are_kept(host: Host, begin: Begin, tmp_path: Path) -> None:
    command = begin("-i", "lo", "-w", tmp_path / "a.pcapng", "-b", "packets:10", "-b", "files:2")
    send(host, *numbered(35))
    assert command.end() == 0
    paths = rotated(tmp_path)
    assert [path.name[:7] for path in paths] == ["a_00003", "a_00004"]
    assert [payload for path in paths for payload in written(path)] == numbered(15, 20)
    assert command.errors == ON_LO + counts(35)


@privileged
def test_it_ends_after_some_files(host: Host, begin: Begin, tmp_path: Path) -> None:
    command = begin("-i", "lo", "-w", tmp_path / "a.pcapng", "-b", "packets:10", "-a", "files:2")
    send(host, *numbered(35))
    assert command.wait() == 0
    assert [written(path) for path in rotated(tmp_path)] == [numbered(10), numbered(10, 10)]


@privileged
def test_a_new_file_after_a_time_though_nothing_comes(host: Host, begin: Begin, tmp_path: Path) -> None:
    command = begin("-i", "lo", "-w", tmp_path / "a.pcapng", "-b", "duration:0.3", "-a", "files:3")
    assert command.wait() == 0
    assert [written(path) for path in rotated(tmp_path)] == [[], [], []]


# -- what goes wrong --------------------------------------------------------------------------------------


@privileged
def test_an_interface_that_goes_down_leaves_a_readable_file(wire: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "left", "-w", path)
    put = wire.socket(socket.AF_PACKET, socket.SOCK_RAW)
    put.bind(("left", 0))
    put.send(bytes(60))
    wire.ip("link", "set", "left", "down")
    assert command.wait() == 1
    assert [packet.data for packet in packets_of(path)] == [bytes(60)]
    assert command.errors == "rawcap: capturing on left: Ethernet\nrawcap: left went down\n" + counts(1)


@privileged
def test_of_two_interfaces_one_is_removed(wire: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "left", "-i", "lo", "-w", path)
    wire.ip("link", "delete", "left")
    eventually(lambda: "rawcap: left has disappeared\n" in command.errors)
    send(wire, b"afterwards")
    assert command.end() == 1
    assert written(path) == [b"afterwards"]
    assert command.errors == (
        "rawcap: capturing on left, lo: Ethernet\nrawcap: left has disappeared\n" + counts(1)
    )


@privileged
def test_a_disk_that_is_full_leaves_a_readable_file(host: Host, start: Begin, tmp_path: Path) -> None:
    disk, kept = tmp_path / "disk", tmp_path / "kept.pcapng"
    disk.mkdir()
    # The file system is one of a private mount namespace, and gone with it: the file is copied before.
    script = f'mount -t tmpfs -o size=64k rawcap-test "{disk}" && "$@"; status=$?; cp "{disk}/a.pcapng" "{kept}"'
    before = ("unshare", "--mount", "sh", "-c", f"{script}; exit $status", "sh")
    command = start("-i", "lo", "-w", disk / "a.pcapng", before=before)
    eventually(command.has_begun)
    sent = [payload * 100 for payload in numbered(500)]
    send(host, *sent)
    assert command.wait() == 1
    lines = command.errors.splitlines(keepends=True)
    packets = written(kept)
    assert packets == sent[: len(packets)]
    assert len(packets) > 100
    full = f"{disk}/a.pcapng cannot be written: no space left on device"
    assert lines[:2] == [ON_LO, f"rawcap: {full}; it holds the {len(packets)} packets written before\n"]
    assert len(lines) == 3
    assert re.fullmatch(r"\d+ captured, \d+ received by the filter, 0 dropped by the kernel\n", lines[2])


@privileged
def test_what_was_written_is_there_when_it_is_killed(host: Host, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path)
    sender = host.socket(kind=socket.SOCK_DGRAM)
    sent = 0
    while path.stat().st_size < 100_000:
        sender.sendto(b"%04d" % sent, (LOCAL, 9000))
        sent += 1
        assert sent < 10_000
        time.sleep(0.0001)
    assert command.end(signal.SIGKILL) == -signal.SIGKILL
    packets: list[Packet] = []
    with open_capture(path) as file, contextlib.suppress(CutCapture):  # the last record may be written in part
        packets.extend(file)
    assert len(packets) > 500
    assert payloads(packets) == numbered(len(packets))


def test_a_wrong_filter_is_shown_where_it_is_wrong(rawcap: Run) -> None:
    done = rawcap("capture", "-i", "lo", "-f", "tcp prot 80", "-Z", "root")
    assert (done.exit_code, done.stdout) == (2, "")
    first, text, marks = done.stderr.splitlines()
    assert first.startswith("rawcap: filter: ")
    assert text == "tcp prot 80"
    assert "^" in marks


def test_a_wrong_interface_is_told_with_those_that_are_there(rawcap: Run) -> None:
    done = rawcap("capture", "-i", "nowhere7", "-Z", "root")
    assert (done.exit_code, done.stdout) == (1, "")
    assert re.fullmatch(r"rawcap: there is no interface 'nowhere7'; there are .*\blo, .*any\n", done.stderr)


@privileged
def test_an_interface_that_is_down(host: Host, start: Begin) -> None:
    host.ip("link", "set", "lo", "down")
    command = start("-i", "lo")
    assert command.wait() == 1
    assert command.errors == (
        "rawcap: lo is down, so nothing passes there: bring it up with `ip link set lo up`\n"
    )


@privileged
def test_an_adapter_without_a_clock(host: Host, start: Begin) -> None:
    command = start("-i", "lo", "--timestamp", "adapter")
    assert command.wait() == 1
    assert command.errors == "rawcap: lo has no clock that times every frame: leave out --timestamp adapter\n"


@privileged
def test_a_file_that_cannot_be_made(host: Host, start: Begin, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "a.pcapng"
    command = start("-i", "lo", "-w", path)
    assert command.wait() == 1
    assert command.errors == f"rawcap: {path} cannot be made: there is no directory {path.parent}\n"


@privileged
def test_a_ring_that_is_too_large(host: Host, rawcap: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rawcap.live.ring._most", lambda: 1 << 21)
    with host.inside():
        done = rawcap("capture", "-i", "lo", "--buffer", "100", "-a", "duration:0.05", "-Z", "root")
    assert done.exit_code == 0
    assert done.stderr == ON_LO + "rawcap: the kernel gives lo a ring of 2 MiB, not 100\n" + counts(0)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-b", "packets:5"], "limits of files need a file: -w FILE"),
        (["-a", "filesize:5"], "limits of files need a file: -w FILE"),
        (["-a", "files:5", "-w", "a.pcapng"], "-a files:N goes with -b, which begins new files"),
        (["--protocol", "udp"], "--protocol goes with --socket ip"),
        (["-e", "udp.port"], "-e and -E go with -T fields"),
        (["-T", "fields"], "-T fields needs at least one field: -e FIELD"),
        (["-w", "-", "-T", "text"], "-w - takes standard output for the capture: leave out -T"),
    ],
)
def test_options_that_contradict_each_other(rawcap: Run, arguments: list[str], line: str) -> None:
    done = rawcap("capture", "-i", "lo", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"rawcap: {line} (see rawcap capture --help)\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-a", "duraton:5"], "-a duraton:5: there is no limit 'duraton'; did you mean duration?"),
        (["-a", "duration:soon"], "-a duration:soon: duration takes a number of seconds, as in duration:60"),
        (["-b", "packets:0", "-w", "a.pcapng"], "-b packets:0: packets takes a whole number, as in packets:1000"),
        (["--socket", "ip", "-D", "out"], "a raw IP socket sees only what comes in, so no direction can be asked for"),
        (["--socket", "ip", "--protocol", "udq"], "there is no protocol 'udq'; did you mean udp?"),
    ],
)
def test_values_that_cannot_be(rawcap: Run, arguments: list[str], line: str) -> None:
    done = rawcap("capture", "-i", "lo", *arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"rawcap: {line}\n")


def test_a_capture_file_is_not_for_a_terminal() -> None:
    ours, its = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "rawcap", "capture", "-w", "-"], stdout=its, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(its)
        os.close(ours)
    line = "rawcap: -w - writes a capture file to the terminal: send it to a pipe or a file"
    assert (done.returncode, done.stderr) == (2, f"{line} (see rawcap capture --help)\n")


# -- privileges -------------------------------------------------------------------------------------------

SUDO = {"SUDO_UID": str(NOBODY.pw_uid), "SUDO_GID": str(NOBODY.pw_gid), "SUDO_USER": "nobody"}


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder that nobody may write to, and root of course; the one that pytest makes is root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="rawcap-test-"))
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    yield folder
    shutil.rmtree(folder)


def status_of(command: Command) -> dict[str, str]:
    """What the kernel says of a running process (proc_pid_status(5))."""
    lines = Path(f"/proc/{command.process.pid}/status").read_text().splitlines()
    return {name: " ".join(value.split()) for name, _, value in (line.partition(":") for line in lines)}


@privileged
@pytest.mark.parametrize(
    ("arguments", "environment"), [((), SUDO), (("-Z", "nobody"), {})], ids=["through sudo", "-Z nobody"]
)
def test_a_capture_becomes_a_plain_user(
    host: Host, begin: Begin, folder_of_nobody: Path, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    path = folder_of_nobody / "a.pcapng"
    command = begin("-i", "lo", "-w", path, *arguments, environment=environment)
    status = status_of(command)
    uid, gid = str(NOBODY.pw_uid), str(NOBODY.pw_gid)
    assert (status["Uid"], status["Gid"]) == (" ".join([uid] * 4), " ".join([gid] * 4))
    assert "0" not in status["Groups"].split()
    assert {int(status[kind], 16) for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    send(host, b"one")
    assert command.end() == 0
    assert written(path) == [b"one"]
    assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY.pw_uid, NOBODY.pw_gid)


@privileged
def test_files_that_begin_later_are_the_users_too(host: Host, begin: Begin, folder_of_nobody: Path) -> None:
    command = begin("-i", "lo", "-w", folder_of_nobody / "a.pcapng", "-b", "packets:1", environment=SUDO)
    send(host, b"one", b"two")
    assert command.end() == 0
    assert [path.stat().st_uid for path in rotated(folder_of_nobody)] == [NOBODY.pw_uid] * 2


@privileged
@pytest.mark.parametrize(
    ("arguments", "environment"), [(("-Z", "root"), SUDO), ((), {})], ids=["through sudo, -Z root", "root itself"]
)
def test_root_may_stay_root(
    host: Host, begin: Begin, tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    path = tmp_path / "a.pcapng"
    command = begin("-i", "lo", "-w", path, *arguments, environment=environment)
    assert status_of(command)["Uid"] == "0 0 0 0"
    assert command.end() == 0
    assert path.stat().st_uid == 0


@privileged
@pytest.mark.parametrize(
    "arguments",
    [["-T", "json"], ["-T", "detail"], ["-T", "hex"], ["-w", "-.pcap.lz4"], ["-w", "-.pcapng.zst", "-b", "packets:1"]],
    ids=" ".join,
)
def test_nothing_is_loaded_that_the_user_may_not_read(
    host: Host, folder_of_nobody: Path, arguments: list[str]
) -> None:
    program = (
        "import sys, rawcap.cli.capture as module\n"
        "def give_up(*_):\n"
        "    loaded = set(sys.modules)\n"
        "    tell = module._tell_counts\n"
        "    module._tell_counts = lambda live: tell(live) or print('loaded', sorted(set(sys.modules) - loaded))\n"
        "module.give_up = give_up\n"
        "from rawcap.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    arguments = [each.replace("-.", f"{folder_of_nobody}/a.") for each in arguments]
    with host.inside():
        done = subprocess.Popen(
            [sys.executable, "-c", program, "capture", "-i", "lo", "-c", "2", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    with done:
        assert done.stderr is not None
        assert done.stderr.readline() == ON_LO
        send(host, b"one", b"two")
        output, _ = done.communicate(timeout=PATIENCE)
    assert output.splitlines()[-1] == "loaded []"


@privileged
def test_the_user_may_not_write_there(host: Host, start: Begin, tmp_path: Path) -> None:
    folder = tmp_path / "roots"
    folder.mkdir(mode=0o700)
    command = start("-i", "lo", "-w", folder / "a.pcapng", environment=SUDO)
    assert command.wait() == 1
    assert command.errors == (
        f"rawcap: {folder}/a.pcapng cannot be made: permission denied to {NOBODY.pw_name}; -Z root goes on as root\n"
    )
    assert list(folder.iterdir()) == []


@privileged
def test_who_may_not_capture_is_told_what_is_missing(host: Host) -> None:
    # What it takes is loaded by root, for whom alone it may be installed.
    program = (
        "import difflib, os, sys, rawcap.cli.capture, rawcap.live.ip_socket, dissectors.printable\n"
        f"os.setgroups([]); os.setresgid(*[{NOBODY.pw_gid}] * 3); os.setresuid(*[{NOBODY.pw_uid}] * 3)\n"
        "from rawcap.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    with host.inside():
        done = subprocess.run(
            [sys.executable, "-c", program, "capture", "-i", "lo"], capture_output=True, text=True, timeout=PATIENCE
        )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "rawcap: capturing needs CAP_NET_RAW, which this user does not have: run it through sudo, "
        "or see rawcap doctor\n"
    )
