"""Sockets as a table."""

from __future__ import annotations

from rawcap.show.colours import Paint
from rawcap.show.sockets import table
from rawcap.stack.event import Endpoint
from rawcap.stack.processes import Process
from rawcap.stack.sockets import Entry, Owner

SERVER = Process(77, "server")
LISTENING = Entry(
    "tcp",
    "inet",
    "tcp",
    "stream",
    state="LISTEN",
    local=Endpoint("127.0.0.1", 9000),
    receive_queue=0,
    send_queue=5,
    owners=(Owner(SERVER, 3), Owner(Process(78, "server"), 3)),
)
CONNECTION = Entry(
    "tcp",
    "inet",
    "tcp",
    "stream",
    state="ESTABLISHED",
    local=Endpoint("127.0.0.1", 9000),
    remote=Endpoint("127.0.0.1", 40312),
    receive_queue=100,
    send_queue=0,
    owners=(Owner(SERVER, 4),),
    tcp={"rtt": 1234, "snd_cwnd": 10, "total_retrans": 2, "bytes_acked": 1, "bytes_received": 1000},
    congestion="cubic",
)
UNIX = Entry("unix", "unix", "", "stream", state="CONNECTED", name="", peer=6, inode=5)
NAMED = Entry("unix", "unix", "", "stream", state="CONNECTED", name="/run/a\x1b[31m", peer=5, inode=6)


def test_a_line_each_below_headings() -> None:
    assert list(table([LISTENING, CONNECTION], Paint(False))) == [
        "type  state        recv  send  local           remote           process             TCP",
        "tcp   LISTEN          0     5  127.0.0.1:9000  *                server(77,78) fd 3",
        "tcp   ESTABLISHED   100     0  127.0.0.1:9000  127.0.0.1:40312  server(77) fd 4   "
        "  rtt 1.23 ms, cwnd 10, 2 retransmitted, 1 acked, 1,000 received, cubic",
    ]


def test_on_a_terminal_what_does_not_fit_ends_in_an_ellipsis() -> None:
    lines = list(table([LISTENING, CONNECTION], Paint(False), 100))
    assert lines[2] == (
        "tcp   ESTABLISHED   100     0  127.0.0.1:9000  127.0.0.1:40312  server(77) fd 4     rtt 1.23 ms, cw…"
    )
    assert len(lines[2]) == 100


def test_on_a_narrow_terminal_the_ends_stay_whole() -> None:
    assert list(table([LISTENING, CONNECTION], Paint(False), 80)) == [
        "type  state        recv  send  local           remote           process",
        "tcp   LISTEN          0     5  127.0.0.1:9000  *                server(77,78) f…",
        "tcp   ESTABLISHED   100     0  127.0.0.1:9000  127.0.0.1:40312  server(77) fd 4",
    ]


def test_the_other_end_of_a_unix_socket_is_told_by_its_path() -> None:
    lines = list(table([UNIX, NAMED], Paint(False)))
    assert lines[1].split() == ["unix", "CONNECTED", "#5", "/run/a\\x1b[31m"]
    assert lines[2].split() == ["unix", "CONNECTED", "/run/a\\x1b[31m", "#5"]


def test_without_sockets_there_are_the_headings() -> None:
    assert list(table([], Paint(False))) == ["type  state  recv  send  local  remote"]


def test_states_have_colours() -> None:
    assert "\x1b[36mESTABLISHED\x1b[0m" in list(table([CONNECTION], Paint(True)))[1]
