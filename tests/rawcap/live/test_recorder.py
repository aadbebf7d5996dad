"""What writes a live capture into files, block by block."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import rawcap
from rawcap.files import CaptureWriter, create_capture
from rawcap.files.rotation import Limits
from rawcap.live import LiveCapture
from rawcap.live.packet_socket import PacketSocket
from rawcap.live.recorder import Recorder, section
from rawcap.live.ring import BLOCK
from scripts.captures.hosts import Host

pytestmark = pytest.mark.privileged

PATIENCE = 20.0  # seconds, after which what has to come does not
STATUS = 8  # where a block says whose it is (linux/if_packet.h)


class Flood:
    """Has a block of the ring ready each time that it is asked to, until nothing more is let in; `blocks` counts them.

    A capture that has not ended after `most` of them goes on and on.
    """

    def __init__(self, host: Host, source: PacketSocket, most: int) -> None:
        self.sender = host.socket(kind=socket.SOCK_DGRAM)
        self.source = source
        self.most = most
        self.blocks = 0

    def next(self) -> None:
        """Send what makes the next block, and wait until the kernel has handed that over."""
        before, _ = self.source.statistics()
        self.sender.sendto(b"more", ("127.0.0.1", 9000))
        if self.source.statistics()[0] == before:
            return
        assert self.blocks < self.most, "the capture goes on and on"
        until = time.monotonic() + PATIENCE
        status = self.blocks * BLOCK + STATUS
        while not any(self.source.ring.memory[status : status + 4]):
            assert time.monotonic() < until
            time.sleep(0.001)
        self.blocks += 1


class Slow:
    """A file that is written so slowly that the next block is always there before it is done with one."""

    def __init__(self, writer: CaptureWriter, flood: Flood, live: LiveCapture) -> None:
        self.writer = writer
        self.flood = flood
        self.live = live

    def __getattr__(self, name: str) -> object:
        return getattr(self.writer, name)

    def append(self, records: memoryview, packets: int) -> None:
        """Write records, while more come."""
        self.writer.append(records, packets)
        if self.flood.blocks == 4:
            self.live.stop()
        self.flood.next()


@pytest.fixture
def live(host: Host) -> Iterator[LiveCapture]:
    with host.inside():
        capture = rawcap.capture("lo", filter="udp port 9000", duration=PATIENCE)
    yield capture
    capture.close()


def test_it_stops_when_it_is_told_though_more_comes_than_it_can_write(
    host: Host, live: LiveCapture, tmp_path: Path
) -> None:
    source = live.sources[0]
    assert isinstance(source, PacketSocket)
    path = tmp_path / "flood.pcapng"
    flood = Flood(host, source, most=20)
    with create_capture(str(path)) as writer:
        writer.write(section())
        recorder = Recorder(live, Slow(writer, flood, live), Limits())  # type: ignore[arg-type]
        flood.next()
        recorder.run(source)
        recorder.finish()

    with rawcap.open_capture(path) as written:
        assert len(list(written)) == live.captured == 5
    assert live.stats.dropped == 0
