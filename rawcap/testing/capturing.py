"""A capture around a `with` block: it has begun when the block begins, and has everything up to its end."""

from __future__ import annotations

import threading
from types import TracebackType

import rawcap
from dissectors.packet import Packet
from rawcap.live.errors import LiveError
from rawcap.testing.barrier import Barrier
from rawcap.testing.seen import Seen


class Capturing:
    """Captures on `interface` what `filter` (pcap-filter(7)) lets pass, as long as a `with` block lasts.

        with Capturing("tcp port 9000", ring_octets=64 << 20) as seen:
            run_client()
        conn, = seen.connections

    On the loopback interface the end is exact: all that system calls sent which had returned in any process of this
    machine, and what the kernel answered at once, so that the acknowledgement of a FIN is there, and a delayed
    acknowledgement (RFC 9293, 3.8.6.3) need not be. On an Ethernet interface that holds for what leaves, and for what
    comes from the other end of a veth pair on this machine; what is on its way in from another machine has not come.
    "any" promises what the loopback interface does. Where frames are steered to other CPUs than they came in on
    (RPS, Documentation/networking/scaling.rst), which is off unless somebody has asked for it, only the first half of
    each promise holds.

    The ring that a thread of this process reads has `ring_octets`. Raises LiveError when packets were dropped for want
    of room, when the interface went away, and when the end cannot be proven; where the block itself raised something,
    that is added to it as a note. On entering it raises what `rawcap.capture` does.
    """

    def __init__(self, filter: str = "", interface: str = "lo", *, ring_octets: int) -> None:
        self.seen = Seen(f"{interface}, {filter}" if filter else interface, live=True)
        self._filter = filter
        self._interface = interface
        self._ring_octets = ring_octets
        self._packets: list[Packet] = []
        self._failure: BaseException | None = None

    def __enter__(self) -> Seen:
        self._live = rawcap.capture(
            self._interface, filter=self._filter or None, ring_octets=self._ring_octets, promiscuous=False
        )
        try:
            self._barrier = Barrier(self._interface)
        except BaseException:
            self._live.close()
            raise
        self._reader = threading.Thread(target=self._read, name="rawcap capture", daemon=True)
        self._reader.start()
        return self.seen

    def _read(self) -> None:
        """Take packets out of the ring, so that it need hold no more than comes while this thread waits its turn."""
        try:
            for packet in self._live:
                self._packets.append(packet)
        except BaseException as error:
            self._failure = error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._end()
        except LiveError as failure:
            if error is None:
                raise
            error.add_note(f"rawcap: {failure}")
        finally:
            packets = [packet for packet in self._packets if self._barrier.token not in packet.data]
            for number, packet in enumerate(packets, 1):
                packet.number = number
            self.seen.complete(packets)

    def _end(self) -> None:
        """Take in what was sent until now, and nothing after it. Raises LiveError where that is not certain."""
        uncertain: LiveError | None = None
        with self._live, self._barrier:
            try:
                self._barrier.pass_through(lambda: self._failure is not None)
            except LiveError as error:
                uncertain = error
            finally:
                self._live.stop()
                self._reader.join()
            counts = self._live.stats
        if self._failure is not None:
            raise self._failure  # says more: the interface is gone, so nothing could be sent there either
        if uncertain is not None:
            raise uncertain
        if counts.dropped:
            raise LiveError(
                f"the kernel dropped {counts.dropped:,} of {counts.received:,} packets for want of room, so what was "
                f"seen is not all: give the capture more than ring_octets={self._ring_octets}, or a narrower filter"
            )
