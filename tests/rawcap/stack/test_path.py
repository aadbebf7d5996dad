"""The path of a piece of data."""

from __future__ import annotations

from rawcap.stack.event import KERNEL, Event, Socket
from rawcap.stack.path import Path, paths
from rawcap.stack.timeline import Timeline
from tests.rawcap.stack.stories import CLIENT, OPEN_NS, SERVER, handshake


def traced(*, with_kernel: bool = True) -> list[Path]:
    """The paths of the two writes of the echo; of the first the kernel has told everything."""
    events, frames = handshake(with_kernel=True)
    near, far = Socket("inet", "tcp", CLIENT, SERVER, 13), Socket("inet", "tcp", SERVER, CLIENT, 12)
    moments = [
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
