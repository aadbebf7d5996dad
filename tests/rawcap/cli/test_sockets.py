"""`rawcap sockets`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from click.testing import Result

from rawcap.live.errors import NotPermitted
from rawcap.stack import sockets as stack
from rawcap.stack.event import Endpoint
from rawcap.stack.processes import Process
from rawcap.stack.sockets import Entry, Listing, Owner

Run = Callable[..., Result]

LISTENING = Entry(
    "tcp",
    "inet",
    "tcp",
    "stream",
    state="LISTEN",
    local=Endpoint("192.0.2.1", 80),
    receive_queue=0,
    send_queue=5,
    inode=5,
    owners=(Owner(Process(7, "server"), 3), Owner(Process(8, "server"), 3)),
)
DATAGRAMS = Entry("udp", "inet", "udp", "datagram", state="UNCONNECTED", local=Endpoint("192.0.2.1", 53), inode=6)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives this machine sockets."""

    def have(*entries: Entry, missing: tuple[str, ...] = ()) -> None:
        monkeypatch.setattr(stack, "sockets", lambda all_namespaces: Listing(entries, missing))

    return have


def test_a_table(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(LISTENING, DATAGRAMS)
    done = rawcap("sockets")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "type  state        recv  send  local         remote  process",
        "tcp   LISTEN          0     5  192.0.2.1:80  *       server(7,8) fd 3",
        "udp   UNCONNECTED              192.0.2.1:53  *",
    ]


def test_a_filter(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(LISTENING, DATAGRAMS)
    done = rawcap("sockets", "-Y", "socket.pid == 8", "-T", "fields", "-e", "socket.local.port", "-e", "socket.pid")
    assert done.stdout == "80\t7,8\n"


def test_an_object_a_socket(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(LISTENING, DATAGRAMS)
    objects = [json.loads(line) for line in rawcap("sockets", "-T", "json").stdout.splitlines()]
    assert [each["socket.type"] for each in objects] == ["tcp", "udp"]
    assert objects[0]["socket.process.name"] == ["server", "server"]
    assert "socket.pid" not in objects[1]


def test_what_is_missing_is_said(rawcap: Run, machine: Callable[..., None]) -> None:
    machine(missing=("some may not be seen",))
    done = rawcap("sockets", "-T", "json")
    assert (done.stdout, done.stderr) == ("", "rawcap: some may not be seen\n")


def test_all_namespaces_are_asked_for(rawcap: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def sockets(*, all_namespaces: bool) -> Listing:
        asked.append(all_namespaces)
        return Listing((), ())

    monkeypatch.setattr(stack, "sockets", sockets)
    rawcap("sockets")
    rawcap("sockets", "--all-namespaces")
    assert asked == [False, True]


def test_a_refusal_is_one_line_and_status_3(rawcap: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, all_namespaces: bool) -> Listing:
        raise NotPermitted("not for you")

    monkeypatch.setattr(stack, "sockets", refuse)
    done = rawcap("sockets")
    assert (done.exit_code, done.stderr) == (3, "rawcap: not for you\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-e", "socket.pid"], "-e goes with -T fields"),
        (["-T", "fields"], "-T fields needs at least one field: -e FIELD"),
        (["-T", "json", "--watch", "1"], "--watch goes with the table: leave out -T"),
        (["-T", "fields", "-e", "socket.pit"], "-e: no field 'socket.pit'; did you mean socket.pid"),
        (["-Y", "socket.pid =="], "filter: "),
    ],
)
def test_a_mistake_is_told(rawcap: Run, arguments: list[str], said: str) -> None:
    done = rawcap("sockets", *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"rawcap: {said}")


def test_the_fields_are_listed(rawcap: Run) -> None:
    lines = rawcap("sockets", "--list-fields").stdout.splitlines()
    assert "socket.tcp.rtt" in [line.split()[0] for line in lines]


@pytest.fixture
def listening() -> Iterator[int]:
    """A port at which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_sockets_of_this_machine(rawcap: Run, listening: int) -> None:
    done = rawcap("sockets", "-Y", f"socket.local.port == {listening}", "-T", "fields", "-e", "socket.pid")
    assert done.stdout == f"{os.getpid()}\n"


def test_watching_ends_with_an_interrupt(listening: int) -> None:
    command = [sys.executable, "-m", "rawcap", "sockets", "--watch", "0.1", "-Y", f"socket.local.port == {listening}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        heading = running.stdout.readline()
        while running.stdout.readline() != heading:  # that of the second table
            pass
        running.send_signal(signal.SIGINT)
    assert running.returncode == 0
