"""A traced program from its start to its end: with the kernel's events as root, and without them as anybody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest

from rawcap.live.errors import LiveError
from rawcap.stack.event import Event
from rawcap.stack.tracefs import Tracefs
from rawcap.stack.tracer import Tracer

EXCHANGE = """
import socket, threading
listener = socket.create_server(("127.0.0.1", 0))
def serve():
    connection, _ = listener.accept()
    while got := connection.recv(100):
        connection.send(got)
    connection.close()
thread = threading.Thread(target=serve)
thread.start()
client = socket.create_connection(listener.getsockname())
client.send(b"hello")
client.recv(100)
client.close()
thread.join()
"""
BUSY = """
import socket, sys, time
left, right = socket.socketpair()
for _ in range(int(sys.argv[1])):
    left.send(b"x")
    right.recv(1)
"""


def python(text: str, *args: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", text, *args]


def run(tracer: Tracer) -> list[Event]:
    with tracer:
        return list(tracer)


def instances() -> set[str]:
    with Tracefs() as tracefs:
        return {name for name in os.listdir(f"{tracefs.path}/instances") if name.startswith(f"rawcap-{os.getpid()}-")}


def test_without_the_kernel_s_events_calls_are_told() -> None:
    tracer = Tracer(python(EXCHANGE), kernel=False)
    events = run(tracer)
    assert tracer.exit_status == 0
    assert tracer.sources == ["system calls"]
    assert [each.time_ns for each in events] == sorted(each.time_ns for each in events)
    told = Counter((each.source, each.name) for each in events)
    assert told["call", "sendto"] == told["return", "sendto"] == 2
    assert told["return", "recvfrom"] == 3


def test_a_command_that_cannot_be_run() -> None:
    tracer = Tracer(["/nowhere/at/all"], kernel=False)
    assert run(tracer) == []
    assert tracer.exit_status == 127
    assert tracer.problem == "/nowhere/at/all cannot be run: no such file or directory"


def test_the_end_of_the_block_ends_the_command() -> None:
    with Tracer(["sleep", "60"], kernel=False) as tracer:
        pid = tracer.pid
    assert tracer.exit_status == 128 + signal.SIGKILL
    assert not os.path.exists(f"/proc/{pid}")


def test_a_signal_for_the_command() -> None:
    with Tracer(["sleep", "60"], kernel=False) as tracer:
        tracer.signal(signal.SIGTERM)
        assert list(tracer) == []
        assert tracer.exit_status == 128 + signal.SIGTERM


def test_events_that_nobody_takes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rawcap.stack.tracer._WAITING", 3)
    with Tracer(python(EXCHANGE), kernel=False) as tracer:
        over = threading.Event()
        while not tracer.is_over:
            over.wait(0.01)
        assert len(tracer.take()) == 3
    assert tracer.dropped > 10


def test_a_process_that_is_not_there() -> None:
    with pytest.raises(LiveError, match="there is no process 4194303 to trace"), Tracer(pid=4_194_303):
        pass


def test_what_a_running_process_needs_is_said() -> None:
    with pytest.raises(LiveError, match="cannot be traced: kernel events were not asked for"):
        Tracer(pid=os.getpid(), kernel=False).__enter__()


@pytest.mark.privileged
def test_as_root_calls_and_the_kernel_s_events_are_told_together() -> None:
    tracer = Tracer(python(EXCHANGE))
    events = run(tracer)
    assert tracer.missing == []
    assert [each.time_ns for each in events] == sorted(each.time_ns for each in events)
    told = Counter((each.source, each.name) for each in events)
    assert told["call", "sendto"] == told["return", "sendto"] == 2
    assert told["kernel", "send"] == told["kernel", "copied"] == 2
    connect = next(each for each in events if each.name == "connect" and each.source == "return")
    assert connect.socket is not None
    client, server = connect.socket.local, connect.socket.remote
    states = {client: [], server: []}  # type: ignore[var-annotated]
    for each in events:
        if each.name == "state" and each.socket is not None and each.socket.remote in states:
            states[each.socket.local or client].append(each.values["new"])
    assert states[client] == ["SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSED"]
    assert states[server] == ["SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"]


@pytest.mark.privileged
def test_the_kernel_s_events_lie_within_their_calls() -> None:
    events = run(Tracer(python(EXCHANGE)))
    open_calls: dict[int, str] = {}
    for each in events:
        if each.source == "call":
            open_calls[each.tid] = each.name
        elif each.source == "return":
            del open_calls[each.tid]
        elif each.name == "send":
            assert open_calls[each.tid] == "sendto"
        elif each.name == "copied":
            assert open_calls[each.tid] == "recvfrom"


@pytest.mark.privileged
def test_no_instance_is_left() -> None:
    run(Tracer(["true"]))
    assert instances() == set()
    with pytest.raises(ZeroDivisionError), Tracer(["sleep", "60"]):
        _ = 1 // 0
    assert instances() == set()


@pytest.mark.privileged
def test_too_much_data_is_sampled_and_said() -> None:
    tracer = Tracer(python(BUSY, "30000"), most=100)
    events = run(tracer)
    assert tracer.sampled_ns > 0
    assert any(each.name == "lost" and each.values["count"] == 0 for each in events)
    assert [each.source for each in events if each.name == "socketpair"] == ["call", "return"]
    assert [each.source for each in events if each.name == "close"] == ["call", "return"] * 2


@pytest.mark.privileged
def test_a_process_that_runs_already_is_traced() -> None:
    program = subprocess.Popen(
        python("import sys\nsys.stdin.readline()\n" + EXCHANGE), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert program.stdin is not None
    with program, program.stdin, Tracer(pid=program.pid) as tracer:
        program.stdin.write(b"\n")
        program.stdin.close()
        program.wait()
        events = list(tracer)
    states = [each.values["new"] for each in events if each.name == "state"]
    assert states.count("ESTABLISHED") == 2
    assert any(each.name == "connect" and each.source == "return" and each.result == 0 for each in events)
    assert {each.pid for each in events if each.source == "call"} >= {program.pid}
