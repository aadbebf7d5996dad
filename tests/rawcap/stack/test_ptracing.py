"""The system calls of a command, without privilege: these tests hold for any user."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rawcap.stack.calls import Calls, Observation
from rawcap.stack.event import Event
from rawcap.stack.ptracing import EVERYTHING, Ptracing, program

REFUSED = """
import socket
taken = socket.socket()
taken.bind(("127.0.0.1", 0))
client = socket.socket()
try:
    client.connect(taken.getsockname())
except ConnectionRefusedError:
    client.close()
"""
STATIC = """
#include <sys/socket.h>
#include <unistd.h>
int main(void) { int fd = socket(AF_UNIX, SOCK_DGRAM, 0); write(fd, "x", 1); close(fd); return 3; }
"""


def traced(*command: str) -> tuple[Ptracing, list[Event]]:
    """Run a command to its end; gives what its sockets did."""
    seen: list[Observation] = []
    ptracing = Ptracing(command, seen.append)
    ptracing.start()

    def follow() -> None:
        assert ptracing.seize(), ptracing.refused
        ptracing.run()

    thread = threading.Thread(target=follow)
    thread.start()
    thread.join()
    calls = Calls()
    return ptracing, [event for each in seen for event in calls.take(each)]


def python(text: str) -> tuple[Ptracing, list[Event]]:
    return traced(sys.executable, "-I", "-S", "-c", text)


def names(events: list[Event]) -> list[str]:
    return [f"{event.source} {event.name}" for event in events]


def test_calls_come_in_their_order_with_their_addresses() -> None:
    ptracing, events = python(REFUSED)
    assert ptracing.exit_status == 0
    assert names(events)[:8] == [
        "call socket",
        "return socket",
        "call bind",
        "return bind",
        "call socket",
        "return socket",
        "call getsockname",
        "return getsockname",
    ]
    socket, bind = events[2].socket, events[3].socket
    assert socket is not None and socket.local is None
    assert bind is not None and bind.local is not None and bind.local.address == "127.0.0.1"
    begun, over = (event for event in events if event.name == "connect")
    assert begun.text == f"connect({begun.fd}, 127.0.0.1:{bind.local.port}) …"
    assert over.text == f"connect({begun.fd}, 127.0.0.1:{bind.local.port}) = -1 ECONNREFUSED (Connection refused)"
    assert over.state == "CLOSED"
    assert begun.time_ns <= over.time_ns


def test_the_inode_is_that_of_the_socket(tmp_path: Path) -> None:
    out = tmp_path / "inode"
    _, events = python(
        f"import os, socket; open({str(out)!r}, 'w').write(str(os.fstat((it := socket.socket()).fileno()).st_ino))"
    )
    assert events[1].socket is not None and events[1].socket.inode == int(out.read_text())


def test_children_and_threads_are_followed() -> None:
    _, events = python(
        "import os, socket, threading\n"
        "left, right = socket.socketpair()\n"
        "if not os.fork():\n"
        "    left.send(b'from the child')\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "thread = threading.Thread(target=right.recv, args=(100,))\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    sent = next(event for event in events if event.name == "sendto")
    received = next(event for event in events if event.name == "recvfrom" and event.source == "return")
    parent = events[0].pid
    assert sent.pid != parent
    assert received.pid == parent and received.tid != parent
    assert received.result == 14


def test_an_accepted_connection_has_both_ends() -> None:
    _, events = python(
        "import socket\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "client = socket.create_connection(listener.getsockname())\n"
        "server, _ = listener.accept()\n"
    )
    accepted = next(event for event in events if event.name == "accept4" and event.source == "return")
    connected = next(event for event in events if event.name == "connect" and event.source == "return")
    assert accepted.socket is not None and connected.socket is not None
    assert (accepted.socket.local, accepted.socket.remote) == (connected.socket.remote, connected.socket.local)
    assert accepted.state == connected.state == "ESTABLISHED"


def test_a_datagram_tells_where_it_came_from() -> None:
    _, events = python(
        "import socket\n"
        "one, two = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))\n"
        "one.bind(('127.0.0.1', 0))\n"
        "two.sendto(b'abc', one.getsockname())\n"
        "one.recvfrom(100)\n"
    )
    sent = next(event for event in events if event.name == "sendto" and event.source == "return")
    received = next(event for event in events if event.name == "recvfrom" and event.source == "return")
    assert sent.socket is not None and sent.socket.local is not None
    assert received.text == f"recvfrom({received.fd}, up to 100 octets) = 3 from 127.0.0.1:{sent.socket.local.port}"


def test_files_stay_out_of_it() -> None:
    _, events = traced("/bin/sh", "-c", "echo hello > /dev/null")
    assert events == []


def test_an_exit_status_is_passed_on() -> None:
    assert traced("/bin/sh", "-c", "exit 7")[0].exit_status == 7


def test_a_signal_is_passed_on() -> None:
    assert traced("/bin/sh", "-c", "kill -TERM $$")[0].exit_status == 128 + signal.SIGTERM


def test_a_signal_handler_of_the_command_runs() -> None:
    assert traced("/bin/sh", "-c", "trap 'exit 9' USR1; kill -USR1 $$; exit 1")[0].exit_status == 9


def test_a_command_that_is_not_there() -> None:
    ptracing, _ = traced("/nowhere/at/all")
    assert ptracing.exit_status == 127
    assert ptracing.problem == "/nowhere/at/all cannot be run: no such file or directory"


def test_a_command_that_may_not_be_run(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    ptracing, _ = traced(str(plain))
    assert ptracing.exit_status == 126
    assert ptracing.problem == f"{plain} cannot be run: permission denied"


def test_without_the_filter_every_call_stops_and_the_same_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _, filtered = python(REFUSED)
    monkeypatch.setattr(Ptracing, "_install", staticmethod(lambda where: False))
    ptracing, events = python(REFUSED)
    assert not ptracing.filtered
    assert names(events) == names(filtered)


@pytest.mark.skipif(shutil.which("cc") is None, reason="makes a program that is linked statically")
def test_a_static_program_is_followed(tmp_path: Path) -> None:
    source, made = tmp_path / "static.c", tmp_path / "static"
    source.write_text(STATIC)
    if subprocess.run(["cc", "-static", "-w", "-o", made, source], capture_output=True).returncode:
        pytest.skip("the C library is not there to be linked statically")
    ptracing, events = traced(str(made))
    assert ptracing.exit_status == 3
    assert [event.name for event in events if event.source == "return"] == ["socket", "write", "close"]


def test_other_children_of_this_process_are_left_alone() -> None:
    other = subprocess.Popen(["/bin/sh", "-c", "exit 5"])
    traced("/bin/sh", "-c", "exit 0")
    assert other.wait() == 5


def test_a_killed_tracer_takes_the_command_with_it(tmp_path: Path) -> None:
    text = (
        "import sys, threading\n"
        "from rawcap.stack.ptracing import Ptracing\n"
        "ptracing = Ptracing(['sleep', '60'], lambda seen: None)\n"
        "print(ptracing.start(), flush=True)\n"
        "def follow():\n"
        "    ptracing.seize()\n"
        "    ptracing.run()\n"
        "thread = threading.Thread(target=follow)\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    tracer = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert tracer.stdout is not None
    with tracer.stdout:
        child = int(tracer.stdout.readline())
    tracer.kill()
    tracer.wait()
    for _ in range(500):
        if not _is_alive(child):
            break
        time.sleep(0.01)
    assert not _is_alive(child)


def _is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_lets_other_architectures_and_calls_pass(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    arch, socket = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}[machine]
    code = program(EVERYTHING)
    assert _run(code, arch, socket) == 0x7FF00000
    assert _run(code, arch, 9999) == 0x7FFF0000
    assert _run(code, 0x40000003, socket) == 0x7FFF0000


def test_the_filter_stops_what_has_an_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    code = program({"sendto:", "fcntl"})
    for pointer in (0x1000, 0x7F0000000000):
        assert _run(code, 0xC000003E, 44, 0, 0, 0, 0, pointer) == 0x7FF00000
    assert _run(code, 0xC000003E, 44) == 0x7FFF0000
    assert _run(code, 0xC000003E, 72, 3, 1030) == 0x7FF00000
    assert _run(code, 0xC000003E, 72, 3, 1) == 0x7FFF0000


def _run(code: bytes, arch: int, number: int, *args: int) -> int:
    """What a seccomp filter answers (linux/filter.h; struct seccomp_data)."""
    data = struct.pack("=IIQ6Q", number, arch, 0, *args, *[0] * (6 - len(args)))
    instructions = list(struct.iter_unpack("=HBBI", code))
    at = value = 0
    while True:
        operation, yes, no, operand = instructions[at]
        at += 1
        if operation == 0x20:
            (value,) = struct.unpack_from("=I", data, operand)
        elif operation == 0x15:
            at += yes if value == operand else no
        else:
            assert operation == 0x06
            return operand


def test_no_descriptor_is_left_open() -> None:
    before = os.listdir("/proc/self/fd")
    traced("/bin/true")
    assert os.listdir("/proc/self/fd") == before
