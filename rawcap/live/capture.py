"""A live capture: one or several of the kernel's sockets as one stream of packets.

    with rawcap.capture("lo", filter="tcp port 9000") as live:
        for packet in live:
            print(packet)

It has begun when `capture` returns. Whoever ends it, `stop`, a number of packets or a time, what came before is
still given.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self, get_args

from dissectors.graph import Graph
from dissectors.packet import Interface, Packet
from rawcap.live.device import ANY, LINKTYPE_RAW
from rawcap.live.errors import LiveError
from rawcap.live.merger import Merger
from rawcap.live.namespaces import entered
from rawcap.live.packet_socket import PacketSocket, Timestamp
from rawcap.live.program import Direction
from rawcap.live.ring import RETIRE_MS
from rawcap.pipeline import Pipeline

if TYPE_CHECKING:
    from rawcap.live.ip_socket import IPSocket

SNAPLEN = 262_144
"""Octets that are kept of a frame unless another number is asked for."""

RING_OCTETS = 64 << 20
"""The ring of each interface: more than a second of a gigabit link at its fullest."""

PROTOCOLS = ("tcp", "udp", "icmp", "icmpv6")
"""The protocols whose raw IP sockets are opened unless others are asked for."""

_COUNT_SECONDS = 60.0
"""Seconds after which the kernel's counters, of 32 bits each, are added up before they can overflow."""

_LOOK_AROUND = 0.5
"""Seconds after which it is seen whether the interfaces are still there, when nothing comes."""

SocketKind = Literal["packet", "cooked", "ip"]


class Source(Protocol):
    """A socket that frames come from."""

    interfaces: list[Interface]
    whole: Interface

    def fileno(self) -> int: ...
    def packets(self) -> Iterable[Packet]: ...
    def statistics(self) -> tuple[int, int]: ...
    def stop(self) -> None: ...
    @property
    def drained(self) -> bool: ...
    def problem(self) -> str | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Counts:
    """How a capture went, in packets.

    `captured` were given to whoever reads them; `received` passed the filter in the kernel, of which it `dropped` some
    for want of room. What is neither waits to be read.
    """

    captured: int
    received: int
    dropped: int


def capture(
    interfaces: str | Sequence[str] = ANY,
    *,
    filter: str | None = None,
    display_filter: str | None = None,
    socket: SocketKind = "packet",
    protocols: Sequence[str] = PROTOCOLS,
    netns: str | None = None,
    snaplen: int = SNAPLEN,
    ring_octets: int = RING_OCTETS,
    promiscuous: bool = True,
    direction: Direction = "inout",
    timestamp: Timestamp = "host",
    fanout: int | None = None,
    count: int | None = None,
    duration: float | None = None,
    needs: Collection[str] = (),
    decode_as: Sequence[str] = (),
    reassemble: bool = False,
    graph: Graph | None = None,
    problem: Callable[[LiveError], object] | None = None,
    note: Callable[[Packet], Packet] | None = None,
) -> LiveCapture:
    """Capture on interfaces by name, "any" being all of them, from now on.

    `filter` is in the language of pcap-filter(7) and runs in the kernel, `display_filter` in Wireshark's and runs here.
    `socket` is what kind is opened: "packet" for frames as they are on the wire, "cooked" for the network layer with a
    Linux cooked header, "ip" for what raw IP sockets of `protocols` see, which is less. `netns` is a network namespace:
    the number of a process, a path or a name. At most `snaplen` octets are kept of a frame; `ring_octets` is the
    kernel's memory for frames that wait, for each interface. `direction` is "in", "out" or "inout". `timestamp` is
    the clock: that of the host, or "adapter". Captures with the same number as `fanout` share the flows of an interface
    between them. The capture ends after `count` packets that pass, and after `duration` seconds; without either it
    goes on until it is stopped. `needs`, `decode_as`, `reassemble` and `graph` are those of `rawcap.read`. `note` sees
    each packet before the display filter does, and leaves notes on it.

    An interface that goes away raises LiveError, after all that came before; with `problem` it is told that, and the
    capture goes on as long as any interface is left.

    Raises NotPermitted without CAP_NET_RAW, LiveError when an interface is not there or cannot be captured on,
    FilterError for a wrong filter, ValueError for a wrong rule, protocol or number, or a word that is none of those
    above: each in one line.
    """
    names = list(dict.fromkeys([interfaces] if isinstance(interfaces, str) else interfaces))
    if not names:
        raise ValueError(f"there is no interface to capture on: name one, or {ANY!r} for all of them")
    _check_word("socket", socket, get_args(SocketKind))
    _check_word("direction", direction, get_args(Direction))
    _check_word("timestamp", timestamp, get_args(Timestamp))
    _check_number("snaplen", snaplen, 1)
    _check_number("ring_octets", ring_octets, 1)
    _check_number("count", count, 0)
    _check_number("duration", duration, 0)
    pipeline = Pipeline(display_filter, decode_as=decode_as, reassemble=reassemble, graph=graph, needs=needs, note=note)
    if socket == "ip" and direction == "out":
        raise ValueError("a raw IP socket sees only what comes in, so no direction can be asked for")
    sources: list[Source] = []
    try:
        with entered(netns):
            for name in names:
                first_id = len(sources)
                if socket == "ip":
                    sources += _raw_ip(protocols, name, snaplen, filter, ring_octets, first_id)
                else:
                    sources.append(
                        PacketSocket(
                            name,
                            cooked=socket == "cooked",
                            snaplen=snaplen,
                            ring_octets=ring_octets,
                            filter_text=filter,
                            direction=direction,
                            promiscuous=promiscuous,
                            timestamp=timestamp,
                            fanout=fanout,
                            first_id=first_id,
                        )
                    )
    except BaseException:
        for source in sources:
            source.close()
        raise
    return LiveCapture(sources, pipeline, filtered=bool(filter), count=count, duration=duration, problem=problem)


def _check_word(argument: str, word: str, words: Sequence[str]) -> None:
    """Raise ValueError for a word that an argument does not know, instead of taking it for another."""
    if word not in words:
        raise ValueError(f"{argument} is one of {', '.join(words)}, not {word!r}")


def _check_number(argument: str, number: float | None, least: int) -> None:
    """Raise ValueError for a number that is less than an argument may be."""
    if number is not None and number < least:
        raise ValueError(f"{argument} is {least} or more, not {number}")


def _raw_ip(
    protocols: Sequence[str], name: str, snaplen: int, filter_text: str | None, octets: int, number: int
) -> list[IPSocket]:
    from rawcap.filter.kernel import pcap_filter
    from rawcap.live.ip_socket import ip_sockets, protocol_number

    return ip_sockets(
        [protocol_number(each) for each in protocols],
        name,
        snaplen=snaplen,
        filter=pcap_filter(filter_text, LINKTYPE_RAW) if filter_text else None,
        buffer=octets,
        number=number,
    )


class LiveCapture:
    """Packets as they come: an iterator, an asynchronous one too, and a context manager that closes the sockets.

    Made by `capture`. `idle` may be set to what is to be done when nothing is left to give, before it waits for more.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        pipeline: Pipeline,
        *,
        filtered: bool = False,
        count: int | None = None,
        duration: float | None = None,
        problem: Callable[[LiveError], object] | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.filtered = filtered
        """Whether the kernel runs a filter of the user's."""
        self.sources = tuple(sources)
        """The sockets, whether or not something can still come from them."""
        self.idle: Callable[[], object] | None = None
        self.captured = 0
        """Packets given so far."""
        self.started_ns = time.time_ns()
        """When it began, in nanoseconds since the epoch."""
        self._counted = time.monotonic()
        self._deadline = None if duration is None else time.monotonic() + duration
        self._count = count
        self._problem = problem
        self._read = 0
        self._open = dict.fromkeys(self.sources)
        self._lost: dict[Source, str] = {}
        self._told: set[str] = set()
        self._failure: LiveError | None = None
        self._giving: Iterator[Packet] = iter(())
        self._held = Merger(time.monotonic)
        self._stop = self._closed = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll = select.epoll()
        self._epoll.register(self._wake, select.EPOLLIN)
        for source in self.sources:
            self._epoll.register(source.fileno(), select.EPOLLIN)

    # -- what is captured -------------------------------------------------------------------------------------

    @property
    def interfaces(self) -> list[Interface]:
        """The interfaces captured on; for "any" those that frames have come from."""
        return [interface for source in self.sources for interface in source.interfaces]

    @property
    def stats(self) -> Counts:
        """How the capture goes."""
        counted = [source.statistics() for source in self.sources]
        return Counts(self.captured, sum(each[0] for each in counted), sum(each[1] for each in counted))

    @property
    def graph(self) -> Graph:
        """The protocols that packets are read with."""
        return self.pipeline.graph

    def keep_time(self) -> None:
        """Do what is due: let nothing more in when the capture is to end, add up what the kernel has counted.

        Whoever reads the sockets without this object's help has to call it now and then, however much comes.
        """
        now = time.monotonic()
        if now - self._counted > _COUNT_SECONDS:
            self._counted = now
            for source in self._open:
                source.statistics()
        if self._deadline is not None and now >= self._deadline:
            self._stop = True
        if self._stop:
            for source in self._open:
                source.stop()

    def is_over(self) -> bool:
        """Whether every socket has given all that it will; those that have are read no more."""
        self.keep_time()
        if self._stop or self._lost:
            for source in [each for each in self._open if each.drained]:
                self._take_leave(source)
        return not self._open

    def stop(self) -> None:
        """End the capture: what came before is still given. To be called from any thread or signal handler."""
        self._stop = True
        if not self._closed:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Close the sockets; what was not read is lost."""
        if not self._closed:
            self._closed = True
            for source in self.sources:
                source.close()
            self._open.clear()
            self._epoll.close()
            os.close(self._wake)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- packets ----------------------------------------------------------------------------------------------

    # A loop may be left, and another begun: `_giving` has what is still to be given of what was read. `yield from`
    # would close it with the loop.

    def __iter__(self) -> Iterator[Packet]:
        while True:
            for packet in self._giving:
                yield packet
            if self._has_ended():
                break
            if not self._collect():
                self.wait()
        for packet in self._rest():
            yield packet
        self._tell()

    async def __aiter__(self) -> AsyncIterator[Packet]:
        import asyncio

        while True:
            for packet in self._giving:
                yield packet
            if self._has_ended():
                break
            if self._collect():
                await asyncio.sleep(0)  # others have their turn, however much comes
            else:
                await self._wait_async()
        for packet in self._rest():
            yield packet
        self._tell()

    def _has_ended(self) -> bool:
        if self.captured == self._count:
            self.stop()
            return True
        return self.is_over() or self._failure is not None

    def _collect(self) -> bool:
        """Take what is ready, at most a block of each socket, of several in order of time; False when nothing is."""
        if len(self.sources) == 1:
            batch = list(self.sources[0].packets())
        else:
            for source in self._open:
                self._held.add(source.packets())
            batch = self._held.due()
        self._giving = self._given(batch)
        return bool(batch)

    def _rest(self) -> Iterator[Packet]:
        """What was taken and has not been given."""
        self._giving = self._given(self._held.rest(), last=not self._open)
        return self._giving

    def _tell(self) -> None:
        """Raise the error that has waited for the packets which came before it."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _given(self, batch: list[Packet], *, last: bool = False) -> Iterator[Packet]:
        for number, packet in enumerate(batch, self._read + 1):
            packet.number = number
        self._read += len(batch)
        for packet in self.pipeline.passed(self.pipeline.noted(iter(batch), last=last)):
            if self.captured == self._count:
                return
            self.captured += 1
            yield packet

    # -- waiting ----------------------------------------------------------------------------------------------

    def wait(self, longest: float = _LOOK_AROUND) -> None:
        """Wait until something is ready or the capture is stopped, for `longest` seconds at the most."""
        if self.idle is not None:
            self.idle()
        self._attend(self._epoll.poll(self._timeout(longest)))

    async def _wait_async(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._epoll.fileno(), ready.set)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ready.wait(), self._timeout(_LOOK_AROUND))
        finally:
            loop.remove_reader(self._epoll.fileno())
        self._attend(self._epoll.poll(0))

    def _timeout(self, longest: float) -> float:
        if self._stop or self._lost or self._held:
            return min(longest, RETIRE_MS / 1000)
        if self._deadline is not None:
            return min(longest, max(self._deadline - time.monotonic(), 0))
        return longest

    def _attend(self, events: list[tuple[int, int]]) -> None:
        """Notice that the capture was stopped, and whether an interface has gone."""
        trouble = not events
        for descriptor, event in events:
            if descriptor == self._wake:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._wake)
            elif event & ~select.EPOLLIN:
                trouble = True
        if trouble:
            for source in self._open:
                if source not in self._lost and (reason := source.problem()) is not None:
                    self._lost[source] = reason
                    source.stop()

    def _take_leave(self, source: Source) -> None:
        """Read a socket no more, and tell if that is because its interface has gone."""
        self._epoll.unregister(source.fileno())
        del self._open[source]
        reason = self._lost.pop(source, None)
        if reason is None or reason in self._told:  # several sockets lose one interface
            return
        self._told.add(reason)
        error = LiveError(reason)
        if self._problem is None:
            self._failure = error
        else:
            self._problem(error)
