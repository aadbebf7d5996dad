"""A live capture into files: from the ring's blocks straight into records, without an object for any packet.

What is to be shown or looked into goes packet by packet instead; `Recorder` ends either at the same limits, and
completes the file with what the kernel counted.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from dissectors.packet import Interface, Packet
from rawcap import __version__
from rawcap.files import Block, CaptureWriter, Statistics, section_header
from rawcap.files.rotation import Limits, Rotation
from rawcap.live.capture import LiveCapture
from rawcap.live.packet_socket import PacketSocket

Writer = CaptureWriter | Rotation

_HARDWARE, _SYSTEM, _APPLICATION = 2, 3, 4  # options of a section header (draft-ietf-opsawg-pcapng, 4.1)


class Recorder:
    """Writes what `live` captures to `writer`, until one of the `limits`; `count` packets are one of them too.

    What is written goes out at the latest after `flush_seconds`, or with each pause of the traffic when that is 0:
    compression suffers from it. `progress` is called several times a second.
    """

    def __init__(
        self,
        live: LiveCapture,
        writer: Writer,
        limits: Limits,
        *,
        flush_seconds: float = 0,
        progress: Callable[[], object] | None = None,
    ) -> None:
        self._live = live
        self._writer = writer
        self._limits = limits
        self._flush_seconds = flush_seconds
        self._flushed = time.monotonic()
        self._progress = progress
        for interface in _described(live):
            writer.begin(interface)

    @property
    def is_full(self) -> bool:
        """Whether a limit of the capture was reached."""
        most = self._limits.packets
        return (most is not None and self._live.captured >= most) or self._are_files_full

    @property
    def _are_files_full(self) -> bool:
        limits, writer = self._limits, self._writer
        if isinstance(writer, Rotation):
            return limits.files is not None and writer.complete >= limits.files
        return limits.octets is not None and writer.size >= limits.octets

    def write(self, packet: Packet) -> bool:
        """Write a packet that the capture has given; False when the files had reached their limit before."""
        if self._are_files_full:
            return False
        self._writer.write(packet)
        return True

    def pause(self) -> None:
        """Hand over what waits, and look at the clock: between two blocks, and when there is nothing to write."""
        self._live.keep_time()  # a capture that is stopped while blocks come faster than they are written ends too
        now = time.monotonic()
        if now - self._flushed >= self._flush_seconds:
            self._flushed = now
            self._writer.flush()
        if isinstance(self._writer, Rotation):
            self._writer.tick()
        if self.is_full:
            self._live.stop()
        if self._progress is not None:
            self._progress()

    def run(self, source: PacketSocket) -> None:
        """Write everything that comes from the only socket of the capture."""
        places: dict[int, int] = {}
        pcapng = self._writer.format == "pcapng"
        live = self._live
        while not live.is_over():
            idle = True
            for frames in source.blocks():
                idle = False
                while frames.left and not self.is_full:
                    octets = frames.records(places, pcapng, *self._room())
                    if frames.taken:
                        self._writer.append(memoryview(frames.buffer)[:octets], frames.taken)
                        live.captured += frames.taken
                    if frames.unplaced:
                        places[frames.unplaced] = self._writer.begin(source.interface(frames.unplaced))
                self.pause()
                if self.is_full:
                    return
            if idle:
                self.pause()
                live.wait()

    def _room(self) -> tuple[int, int]:
        """How many frames may be written next, and how many octets before the last of them; -1 is no limit."""
        packets, octets = None, None
        if isinstance(self._writer, Rotation):
            packets, octets = self._writer.room()
        elif self._limits.octets is not None:
            octets = max(self._limits.octets - self._writer.size, 1)
        if self._limits.packets is not None:
            left = self._limits.packets - self._live.captured
            packets = left if packets is None else min(packets, left)
        return -1 if packets is None else packets, -1 if octets is None else octets

    def finish(self) -> None:
        """Complete the file with what the kernel counted."""
        for statistics in ending(self._live):
            self._writer.statistics(statistics)


def ending(live: LiveCapture) -> Iterator[Statistics]:
    """What the kernel has counted so far, for each interface that is captured on."""
    now = time.time_ns()
    for source, interface in zip(live.sources, _described(live), strict=True):
        received, dropped = source.statistics()
        yield Statistics(
            interface,
            now,
            starttime_ns=live.started_ns,
            endtime_ns=now,
            # Without a filter everything that the interface had was received. Drops stand where readers look for
            # them, ifdrop, and where they belong, osdrop.
            ifrecv=None if live.filtered else received,
            ifdrop=dropped,
            filteraccept=received,
            osdrop=dropped,
            usrdeliv=received - dropped,
        )


def _described(live: LiveCapture) -> Iterator[Interface]:
    """The interface of each socket: what a file describes first, and what its statistics are about."""
    for source in live.sources:
        yield source.whole


def section() -> Block:
    """The section header of a file that is captured here: the hardware, the system and the program."""
    system = f"{platform.system()} {platform.release()}"
    options = ((_HARDWARE, _processor()), (_SYSTEM, system), (_APPLICATION, f"rawcap {__version__}"))
    return section_header(tuple((code, text.encode()) for code, text in options if text))


def _processor() -> str:
    """The processor as Linux calls it, or its kind."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.machine()
