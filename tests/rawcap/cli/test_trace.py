"""`rawcap trace` as its user has it. What holds for any user is tested as whoever runs the tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import rawcap
from rawcap.stack.event import from_object
from rawcap.stack.recording import read_timeline

REFUSED = """
import socket
taken = socket.socket()
taken.bind(("127.0.0.1", 0))
client = socket.socket()
client.connect_ex(taken.getsockname())
print("said by the program")
"""
EXCHANGE = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
client.send(b"hello")
server.recv(100)
client.close()
server.close()
"""


def trace(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "rawcap", "trace", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )


def python(text: str) -> list[str]:
    return ["--", sys.executable, "-I", "-S", "-c", text]


def test_calls_are_shown_beside_what_the_program_says() -> None:
    done = trace(*python(REFUSED))
    assert done.returncode == 0
    assert "said by the program" in done.stdout
    assert "ECONNREFUSED (Connection refused)" in done.stdout
    assert done.stderr.startswith("rawcap: tracing ")


def test_json_is_nothing_but_events() -> None:
    done = trace("-T", "json", *python(REFUSED))
    events = [from_object(json.loads(line)) for line in done.stdout.splitlines()]
    names = [event.name for event in events if event.source == "return"]
    assert names[:5] == ["socket", "bind", "socket", "getsockname", "connect"]
    assert "said by the program" in done.stderr


def test_the_exit_status_is_that_of_the_command() -> None:
    assert trace("--", "sh", "-c", "exit 7").returncode == 7


def test_a_command_that_is_not_there() -> None:
    done = trace("--", "/nowhere/at/all")
    assert done.returncode == 127
    assert done.stderr.splitlines()[-1] == "rawcap: /nowhere/at/all cannot be run: no such file or directory"
    assert "Traceback" not in done.stderr


def test_options_of_the_command_are_its_own() -> None:
    assert trace("--", "sh", "-c", 'exit "$#"', "-w", "-i", "-T").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give a COMMAND, --pid, or the frames of whose sockets to trace with -i and -f"),
        (["--pid", "1", "--", "true"], "give a COMMAND or --pid, not both"),
        (["-w", "file.pcap", "--", "true"], "-w: file.pcap is to be a .pcapng file, as no other holds a timeline"),
        (["--path", "-T", "json", "--", "true"], "--path draws, and -T json does not: give one of them"),
    ],
)
def test_mistakes_are_said_in_a_line(rawcap: Callable[..., Result], arguments: list[str], said: str) -> None:
    result = rawcap("trace", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_file_is_not_overwritten_unasked(rawcap: Callable[..., Result], tmp_path: Path) -> None:
    there = tmp_path / "there.pcapng"
    there.write_text("precious")
    result = rawcap("trace", "-w", there, "--", "true")
    assert result.exit_code == 2
    assert result.stderr == f"rawcap: {there} exists already; --force overwrites it\n"
    assert there.read_text() == "precious"


def test_the_file_holds_the_timeline(tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    assert trace("-w", out, *python(REFUSED)).returncode == 0
    names = [event.name for event in read_timeline(out) if event.source == "return"]
    assert names[:5] == ["socket", "bind", "socket", "getsockname", "connect"]


def test_ctrl_c_reaches_the_command_and_ends_the_trace() -> None:
    text = "import signal\nprint('ready', flush=True)\nsignal.pause()\n"
    command = [sys.executable, "-m", "rawcap", "trace", *python(text)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert program.stdout is not None
    while program.stdout.readline() not in ("ready\n", ""):
        pass
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=30)
    assert program.returncode == 128 + signal.SIGINT
    assert "rawcap: 0 events" in said


@pytest.mark.privileged
def test_as_root_frames_and_states_are_on_the_timeline(tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    done = trace("-i", "lo", "-w", out, *python(EXCHANGE))
    assert done.returncode == 0
    assert "not told" not in done.stderr
    lines = done.stdout.splitlines()
    syn = next(number for number, line in enumerate(lines) if "SYN seq=0" in line)
    accepted = next(number for number, line in enumerate(lines) if "accept4" in line and " = " in line)
    assert syn < accepted
    assert "SYN-RECEIVED" in done.stdout and "TIME-WAIT" in done.stdout
    with rawcap.read(out) as packets:
        assert any(packet.tcp and packet.tcp.flags & 0x02 for packet in packets)


@pytest.mark.privileged
def test_the_path_of_a_write_is_drawn() -> None:
    done = trace("-i", "lo", "--path", *python(EXCHANGE))
    assert "sendto(" in done.stdout and "device queue" in done.stdout and "receive queue" in done.stdout


@pytest.mark.privileged
def test_without_a_command_the_sockets_of_frames_are_traced() -> None:
    command = [sys.executable, "-m", "rawcap", "trace", "-i", "lo", "-f", "tcp", "-T", "json"]
    tracer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    while "tracing all sockets" not in tracer.stderr.readline():
        pass
    other = subprocess.Popen(python(EXCHANGE)[1:])
    other.wait()
    events = []
    assert tracer.stdout is not None
    for line in tracer.stdout:
        events.append(from_object(json.loads(line)))
        if events[-1].pid == other.pid and (events[-1].source, events[-1].name) == ("return", "close"):
            break
    tracer.send_signal(signal.SIGINT)
    tracer.communicate(timeout=30)
    assert tracer.returncode == 0
    mine = [event for event in events if event.pid == other.pid]
    assert {"connect", "state"} <= {event.name for event in mine}
    assert any(event.source == "frame" for event in events)
