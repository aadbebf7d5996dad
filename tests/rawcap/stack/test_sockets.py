"""Every socket of this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rawcap.stack import sockets as module
from rawcap.stack.event import Endpoint
from rawcap.stack.sockets import Entry, sockets


def own(of: socket.socket) -> Entry:
    """What is listed of a socket of this process."""
    inode = os.fstat(of.fileno()).st_ino
    return next(each for each in sockets().entries if each.inode == inode)


class TestSockets:
    def test_a_listening_socket(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=7) as server:
            found = own(server)
            assert (found.type, found.family, found.semantics, found.state) == ("tcp", "inet", "stream", "LISTEN")
            assert found.local == Endpoint("127.0.0.1", server.getsockname()[1])
            assert found.remote is None
            assert (found.receive_queue, found.send_queue) == (0, 7)
            assert [(each.process.pid, each.fd) for each in found.owners] == [(os.getpid(), server.fileno())]

    def test_a_socket_that_was_bound_and_no_more_is_closed(self) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            found = own(bound)
            assert (found.state, found.uid, found.tcp) == ("CLOSED", os.geteuid(), {})

    def test_a_socket_that_was_made_and_no_more_is_listed_too(self) -> None:
        with socket.socket() as made:
            assert (own(made).type, own(made).state, own(made).local) == ("tcp", "CLOSED", None)

    def test_a_datagram_socket_is_connected_or_not(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", 0))
            assert own(datagrams).state == "UNCONNECTED"
            datagrams.connect(("127.0.0.1", 9))
            assert (own(datagrams).state, own(datagrams).remote) == ("CONNECTED", Endpoint("127.0.0.1", 9))

    def test_a_connection_without_a_program_has_no_owner(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = socket.create_connection(server.getsockname())
            accepted, _ = server.accept()
            port = client.getsockname()[1]
            client.close()
            accepted.close()
            found = [each for each in sockets().entries if each.local is not None and each.local.port == port]
            assert [(each.state, each.inode, each.owners) for each in found] == [("TIME-WAIT", 0, ())]

    def test_a_unix_socket_has_its_path(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(str(tmp_path / "here"))
            unix.listen()
            assert (own(unix).type, own(unix).name, own(unix).state) == ("unix", str(tmp_path / "here"), "LISTEN")

    def test_a_netlink_socket_has_its_protocol(self) -> None:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
            netlink.bind((0, 0))
            found = own(netlink)
            assert (found.type, found.protocol, found.name) == ("netlink", "route", str(netlink.getsockname()[0]))

    @pytest.mark.privileged
    def test_raw_and_packet_sockets(self) -> None:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw,
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packet,
        ):
            assert (own(raw).type, own(raw).protocol, own(raw).local) == ("raw", "icmp", Endpoint("0.0.0.0", 0))
            assert (own(packet).type, own(packet).semantics, own(packet).name) == ("packet", "raw", "any")


class TestProcFiles:
    """What is read of /proc/net where the kernel has no diagnostics."""

    @pytest.fixture(autouse=True)
    def _little_endian(self) -> None:
        if sys.byteorder != "little":
            pytest.skip("the recorded lines are of a little-endian machine")

    @pytest.fixture
    def rows(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        lines: list[str] = []
        monkeypatch.setattr(module, "_rows", lambda name: (line.split() for line in lines))
        return lines

    def test_tcp(self, rows: list[str]) -> None:
        rows.append("0: 0100007F:1F90 0100007F:C350 01 00000002:00000064 00:00000000 00000000 1000 0 77 1 0000 20 4")
        (found,) = module._proc_inet("tcp", socket.AF_INET, 5)
        assert (found.local, found.remote) == (Endpoint("127.0.0.1", 8080), Endpoint("127.0.0.1", 50000))
        assert (found.state, found.receive_queue, found.send_queue) == ("ESTABLISHED", 100, 2)
        assert (found.uid, found.inode, found.namespace) == (1000, 77, 5)

    def test_udp6(self, rows: list[str]) -> None:
        rows.append(
            "1: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 "
            "00:00000000 00000000 0 0 78 2 0000 0"
        )
        (found,) = module._proc_inet("udp", socket.AF_INET6, 5)
        assert (found.local, found.remote, found.state) == (Endpoint("::1", 53), None, "UNCONNECTED")

    def test_raw_has_its_protocol_in_place_of_a_port(self, rows: list[str]) -> None:
        rows.append("1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 79 2 0000 0")
        (found,) = module._proc_inet("raw", socket.AF_INET, 5)
        assert (found.protocol, found.local) == ("icmp", Endpoint("0.0.0.0", 0))

    def test_unix(self, rows: list[str]) -> None:
        rows.append("0000: 00000002 00000000 00010000 0001 01 80 /run/a name")
        rows.append("0000: 00000003 00000000 00000000 0002 03 81")
        listening, connected = module._proc_unix(5)
        assert (listening.state, listening.name, listening.semantics) == ("LISTEN", "/run/a name", "stream")
        assert (connected.state, connected.name, connected.semantics) == ("CONNECTED", "", "datagram")


STAGE = """
import json, os, socket, subprocess, sys, time
from rawcap.stack.sockets import sockets
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
held = [socket.create_server(("127.0.0.1", 0)), socket.create_server(("::1", 0), family=socket.AF_INET6)]
for server in held[:2]:
    for _ in range(5):
        client = socket.create_connection(server.getsockname()[:2])
        accepted, _ = server.accept()
        accepted.sendall(b"unread")
        held += client, accepted
gone = socket.create_connection(held[0].getsockname())
accepted, _ = held[0].accept()
gone.close()
accepted.close()
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    for _ in range(5):
        held.append(socket.socket(family, socket.SOCK_DGRAM))
        held[-1].bind((address, 0))
if os.fork() == 0:
    time.sleep(60)
    os._exit(0)
entries = [
    [e.type, e.local.port, e.remote.port if e.remote else 0, e.receive_queue, e.send_queue, e.inode,
     sorted([o.process.pid, o.fd] for o in e.owners)]
    for e in sockets().entries if e.type in ("tcp", "udp")
]
ss = subprocess.run(["ss", "-tupeanOH"], capture_output=True, text=True, check=True).stdout
print(json.dumps([entries, ss]))
sys.stdout.flush()
os.killpg(0, 9)
"""


def told_by_ss(line: str) -> list[object]:
    """A line of ss as the stage tells an entry."""
    kind, _, receive, send, local, remote, *_ = line.split()
    inode = re.search(r"ino:(\d+)", line)
    ports = [int(end.rpartition(":")[2].replace("*", "0")) for end in (local, remote)]
    owners = sorted([int(pid), int(fd)] for pid, fd in re.findall(r"pid=(\d+),fd=(\d+)", line))
    return [kind, *ports, int(receive), int(send), int(inode[1]) if inode else 0, owners]


@pytest.mark.privileged
@pytest.mark.skipif(shutil.which("ss") is None, reason="needs ss")
def test_the_same_sockets_and_owners_as_ss_lists() -> None:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", STAGE], capture_output=True, text=True, start_new_session=True
    )
    entries, ss = json.loads(done.stdout)
    assert len(entries) == 2 + 20 + 1 + 10
    assert sorted(entries) == sorted(map(told_by_ss, ss.splitlines()))


@pytest.mark.privileged
def test_all_namespaces_are_those_that_processes_are_in() -> None:
    hold = "import socket, sys\nown = socket.create_server(('127.0.0.1', 4321))\nprint(flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as away:
        assert away.stdout is not None
        away.stdout.readline()
        try:
            here = [each for each in sockets().entries if each.owners and each.owners[0].process.pid == away.pid]
            everywhere = [
                each
                for each in sockets(all_namespaces=True).entries
                if each.owners and each.owners[0].process.pid == away.pid
            ]
        finally:
            away.kill()
    assert here == []
    assert [(each.state, each.local) for each in everywhere] == [("LISTEN", Endpoint("127.0.0.1", 4321))]
