"""The fields of sockets, and filters over them."""

from __future__ import annotations

import pytest

from rawcap.filter import FilterError
from rawcap.stack.event import Endpoint
from rawcap.stack.processes import Process
from rawcap.stack.socket_fields import FIELDS, as_object, socket_filter
from rawcap.stack.sockets import Entry, Owner

SHELL = Process(7, "sh", "sh -c run", 1_500_000_000, 99, 0)
SERVER = Process(8, "server", "server 80", 2_000_000_000, 99)
CONNECTION = Entry(
    "tcp",
    "inet",
    "tcp",
    "stream",
    state="ESTABLISHED",
    local=Endpoint("192.0.2.1", 80),
    remote=Endpoint("192.0.2.2", 50000),
    receive_queue=0,
    send_queue=12,
    uid=1000,
    inode=5,
    namespace=99,
    owners=(Owner(SHELL, 3), Owner(SERVER, 4)),
    tcp={"rtt": 1500, "snd_cwnd": 10},
    congestion="cubic",
)
TIME_WAIT = Entry("tcp", "inet6", "tcp", "stream", state="TIME-WAIT", local=Endpoint("2001:db8::1", 80))
UNIX = Entry("unix", "unix", "", "stream", state="LISTEN", name="/run/here", inode=6)
ALL = {"connection": CONNECTION, "time-wait": TIME_WAIT, "unix": UNIX}


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("", ["connection", "time-wait", "unix"]),
        ("socket.type == tcp", ["connection", "time-wait"]),
        ('socket.type == "tcp"', ["connection", "time-wait"]),
        ('socket.state in {"LISTEN", "TIME-WAIT"}', ["time-wait", "unix"]),
        ("socket.port == 50000", ["connection"]),
        ("socket.local.port == 80", ["connection", "time-wait"]),
        ("socket.local.ip == 192.0.2.0/24", ["connection"]),
        ("socket.ip == 192.0.2.2", ["connection"]),
        ("socket.local.ipv6 == 2001:db8::1", ["time-wait"]),
        ("socket.pid == 8", ["connection"]),
        ("socket.pid", ["connection"]),
        ("not socket.pid", ["time-wait", "unix"]),
        ('socket.process.name == "server" && socket.fd == 4', ["connection"]),
        ('socket.process.command contains "80"', ["connection"]),
        ("socket.tcp.rtt > 1000", ["connection"]),
        ("socket.tcp.rtt > 2000", []),
        ('socket.name matches "^/run/"', ["unix"]),
        ("count(socket.pid) == 2", ["connection"]),
    ],
)
def test_filter(text: str, passed: list[str]) -> None:
    wanted = socket_filter(text)
    assert [name for name, entry in ALL.items() if wanted(entry)] == passed


def test_a_field_that_there_is_not_is_told_with_what_was_meant() -> None:
    with pytest.raises(FilterError, match=r"no field 'socket\.stat'; did you mean socket\.state"):
        socket_filter('socket.stat == "LISTEN"')


def test_as_an_object_with_the_owners_as_lists() -> None:
    assert as_object(CONNECTION) == {
        "socket.type": "tcp",
        "socket.family": "inet",
        "socket.protocol": "tcp",
        "socket.semantics": "stream",
        "socket.state": "ESTABLISHED",
        "socket.local.ip": "192.0.2.1",
        "socket.local.port": 80,
        "socket.remote.ip": "192.0.2.2",
        "socket.remote.port": 50000,
        "socket.receive_queue": 0,
        "socket.send_queue": 12,
        "socket.inode": 5,
        "socket.namespace": 99,
        "socket.uid": 1000,
        "socket.pid": [7, 8],
        "socket.fd": [3, 4],
        "socket.process.name": ["sh", "server"],
        "socket.process.command": ["sh -c run", "server 80"],
        "socket.process.user": ["root", ""],
        "socket.process.started": ["1.500000000", "2.000000000"],
        "socket.tcp.congestion": "cubic",
        "socket.tcp.rtt": 1500,
        "socket.tcp.snd_cwnd": 10,
    }


def test_every_field_has_a_meaning() -> None:
    assert all(each.declared.meaning for each in FIELDS.values())
