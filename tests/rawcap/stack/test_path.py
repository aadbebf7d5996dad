"""The path of a piece of data."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from rawcap.live.capture import capture
from rawcap.stack.event import KERNEL, Event, Socket
from rawcap.stack.path import STATIONS, Path, paths
from rawcap.stack.timeline import Timeline
from rawcap.stack.tracer import Tracer
from tests.rawcap.stack.stories import CLIENT, OPEN_NS, SERVER, handshake


def traced(*, with_kernel: bool = True) -> list[Path]:
    """The paths of the two writes of the echo; of the first the kernel has told everything."""
    events, frames = handshake(with_kernel=True)
    near, far = Socket("inet", "tcp", CLIENT, SERVER, 13), Socket("inet", "tcp", SERVER, CLIENT, 12)
    moments: list[tuple[int, str, Socket, dict[str, object]]] = [
        (140, "queued", near, {"interface": "c0", "length": 72}),
        (146, "arrived", far, {"interface": "s0", "length": 58}),
        (150, "readable", far, {}),
        (157, "copied", far, {"length": 6}),
    ]
    if with_kernel:
        for at, name, socket, values in moments:
            events.append(Event(OPEN_NS + at * 1000, KERNEL, name, name, socket=socket, values=values))
    return list(paths(Timeline(events, frames)))


def test_every_station_that_was_seen_has_its_time() -> None:
    path = traced()[0]
    began = OPEN_NS + 130_000
    assert [(each.name, each.time_ns - began, each.detail) for each in path.stations] == [
        ("write", 0, "sendto(5, 6 octets)"),
        ("device queue", 10_000, "c0"),
        ("leaves", 14_054, "eth0"),
        ("arrives", 16_000, "s0"),
        ("readable", 20_000, ""),
        ("copied", 27_000, "6 octets"),
        ("read", 30_000, "recvfrom(4, up to 4096 octets) = 6"),
    ]
    assert (path.sender, path.receiver) == ("client echo-client pid 102", "server echo-server pid 101")
    assert (path.octets, path.segments, path.packet, path.took_ns, path.unseen) == (6, 1, 4, 30_000, [])


def test_stations_that_nobody_saw_are_said() -> None:
    assert traced(with_kernel=False)[0].unseen == ["device queue", "arrives", "readable", "copied"]


def test_every_write_has_its_path_and_a_close_has_none() -> None:
    assert [(each.who, each.packet) for each in traced()] == [("client", 4), ("server", 6)]


# -- live -----------------------------------------------------------------------------------------------------

EXCHANGE = """
import ctypes, os, socket, sys
address, near, far = sys.argv[1:]
def enter(name):
    ctypes.CDLL(None).setns(os.open("/run/netns/" + name, os.O_RDONLY), 0x40000000)
listens, told = os.pipe()
if os.fork() == 0:
    enter(far)
    listener = socket.create_server((address, 9000))
    os.write(told, b"x")
    connection, _ = listener.accept()
    connection.send(connection.recv(100))
    connection.recv(1)
    os._exit(0)
enter(near)
os.read(listens, 1)
client = socket.create_connection((address, 9000))
client.send(b"hello!")
client.recv(100)
client.close()
os.wait()
"""


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    """The names of two network namespaces, which a veth pair joins: v0 on both, 10.7.0.1 and 10.7.0.2."""
    names = f"rawcap-{os.getpid()}-near", f"rawcap-{os.getpid()}-far"
    try:
        for name in names:
            ip("netns", "add", name)
        ip("-n", names[0], "link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns", names[1])
        for number, name in enumerate(names, 1):
            ip("-n", name, "addr", "add", f"10.7.0.{number}/24", "dev", "v0")
            for device in ("lo", "v0"):
                ip("-n", name, "link", "set", device, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def live(address: str, near: str, far: str, interface: str) -> list[Path]:
    """The paths of an exchange between two namespaces, of which the first is captured."""
    with capture(interface, filter="tcp port 9000", netns=near) as frames:
        with Tracer([sys.executable, "-I", "-S", "-c", EXCHANGE, address, near, far]) as tracer:
            events = list(tracer)
        frames.stop()
        packets = list(frames)
    assert tracer.exit_status == 0
    return list(paths(Timeline(events, packets)))


@pytest.mark.privileged
class TestALivePath:
    def test_over_a_wire_every_station_is_seen_in_its_order(self, hosts: tuple[str, str]) -> None:
        there, back = live("10.7.0.2", *hosts, "v0")
        assert tuple(each.name for each in there.stations) == STATIONS
        assert (there.unseen, back.unseen) == ([], ["leaves"])  # of the answer, whose frame is captured as it arrives

    def test_on_the_loopback_interface_nothing_leaves(self, hosts: tuple[str, str]) -> None:
        near, _ = hosts
        for path in live("127.0.0.1", near, near, "lo"):
            seen = ("write", "device queue", "arrives", "readable", "copied", "read")
            assert (tuple(each.name for each in path.stations), path.unseen, path.loopback) == (seen, [], True)
