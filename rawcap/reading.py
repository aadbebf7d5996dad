"""The way from capture files to the packets that a user asked for: opening, noting, filtering, reassembling.

    for packet in rawcap.read("trace.pcapng.gz", "dns.qry.name contains example"):
        ...

`read` is for programs, `Reading` with several captures in turn and errors kept aside is what the command line uses.
What is done with the packets on the way is in pipeline.py; with no option a capture's own iterator is all there is.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from dissectors.graph import Graph
from dissectors.packet import Packet
from rawcap.files import Block, Capture, CaptureError, open_capture
from rawcap.pipeline import Packets, Pipeline

if TYPE_CHECKING:
    from dissectors.reassembly import Reassembler
    from rawcap.filter.kernel import PcapFilter

Source = str | os.PathLike[str] | BinaryIO

SETTLED = 10_000
"""Packets after which nobody should have to wait any longer for what was found among them."""


def read(
    source: Source,
    display_filter: str | None = None,
    *,
    capture_filter: str | None = None,
    decode_as: Sequence[str] = (),
    follow: bool = False,
    reassemble: bool = False,
    graph: Graph | None = None,
    needs: Collection[str] = (),
) -> Reading:
    """The packets of a capture: a path, "-" for standard input, or a binary stream.

    `display_filter` is in Wireshark's language, `capture_filter` in that of pcap-filter(7); both must pass.
    `decode_as` are rules like "udp.port==9000,dns". With `follow` the end of a file is where more is waited for.
    With `reassemble` the fragments of a datagram are replaced by the datagram; those of one that never becomes whole
    come when that is clear, at the latest at the end. HTTP messages, TLS records and DNS messages over TCP that span
    segments are dissected whole then, in the packet that completes them. `graph` holds the protocols, by default all
    that were declared.
    `needs` names the fields to be read that take more than one packet to know: `frame.time_delta`,
    `frame.time_relative`, `tcp.stream`, `tcp.seq`, `tcp.ack`, `tcp.window_size`, and the edges of SACK blocks, which
    are else not counted from the connection's first octet. Those that the display filter reads need not be named.

    Raises CaptureError when the capture cannot be opened, FilterError for a wrong filter and ValueError for a wrong
    rule, each in one line. Iteration raises CutCapture, after the last whole packet, when the file ends in the
    middle of one.
    """
    return Reading(
        [source],
        display_filter,
        capture_filter=capture_filter,
        decode_as=decode_as,
        follow=follow,
        reassemble=reassemble,
        graph=graph,
        needs=needs,
    )


class Reading:
    """The packets of captures, one capture after the other; an iterator, and a context manager that closes them.

    Takes what `read` takes, and more: packets are numbered on from one capture to the next, the first `skip` of them
    are passed over, and it ends after `count` that pass. With `problem` a capture that cannot be opened or read on is
    told to it, one that is not there before anything is read, and the others are read; without, it is raised.
    `settled` is called once, when SETTLED packets were read, whether they passed or not.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        display_filter: str | None = None,
        *,
        capture_filter: str | None = None,
        decode_as: Sequence[str] = (),
        follow: bool = False,
        reassemble: bool = False,
        graph: Graph | None = None,
        needs: Collection[str] = (),
        skip: int = 0,
        count: int | None = None,
        problem: Callable[[CaptureError], object] | None = None,
        settled: Callable[[], object] | None = None,
    ) -> None:
        self._pipeline = Pipeline(
            display_filter, decode_as=decode_as, reassemble=reassemble, graph=graph, needs=needs
        )
        self.capture: Capture | None = None
        """The capture that is being read; None before the first could be opened."""
        self._size: int | None = None
        self._capture_filter: PcapFilter | None = None
        self._follow = follow
        self._skip = skip
        self._count = count
        self._problem = problem
        self._settled = settled
        self._packets: Packets | None = None

        sources = [each for each in sources if self._is_there(each)]
        captures = self._open(sources)
        first = next(captures, None)
        self._captures = itertools.chain(() if first is None else (first,), captures)
        self._single = first if len(sources) == 1 and problem is None else None
        if capture_filter is not None:
            from rawcap.filter.kernel import pcap_filter  # loads libpcap

            interfaces = first.interfaces if first is not None else []
            self._capture_filter = pcap_filter(capture_filter, interfaces[0].linktype if interfaces else 1)

    # -- what is being read -------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The protocols that packets are read with."""
        return self._pipeline.graph

    @property
    def reassembler(self) -> Reassembler | None:
        """What puts datagrams together, and knows of those that it gave up; None when that was not asked for."""
        return self._pipeline.reassembler

    @property
    def names(self) -> Mapping[str, str]:
        """Names of addresses, as the capture being read keeps them."""
        return self.capture.names if self.capture is not None else {}

    @property
    def progress(self) -> tuple[int, int | None]:
        """Octets of the capture being read, as it is stored: how many were taken in, of how many if that is known."""
        return (self.capture.position if self.capture is not None else 0), self._size

    @property
    def filtered_out(self) -> Mapping[int, str]:
        """Link types that were met and of which the capture filter lets nothing pass, with the reason."""
        return self._capture_filter.impossible if self._capture_filter is not None else {}

    def __iter__(self) -> Packets:
        if self._packets is None:
            self._packets = self._chain(None)
        return self._packets

    def __next__(self) -> Packet:
        return next(iter(self))

    def blocks(self) -> Iterator[Packet | Block]:
        """The same packets, with all other blocks of pcapng files in their places, so that a copy loses none."""
        blocks: list[Block] = []
        for packet in self._chain(blocks.append):
            yield from blocks
            blocks.clear()
            yield packet
        yield from blocks

    def close(self) -> None:
        """Close the capture that is being read."""
        if self.capture is not None:
            self.capture.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- the chain ----------------------------------------------------------------------------------------

    def _chain(self, aside: Callable[[Block], object] | None) -> Packets:
        packets: Packets
        if self._single is not None and aside is None:
            packets = iter(self._single)
        else:
            packets = self._all(aside)
        packets = self._pipeline.noted(packets)
        if self._skip:
            packets = itertools.islice(packets, self._skip, None)
        if self._settled is not None:
            packets = itertools.chain(itertools.islice(packets, SETTLED), _calling(self._settled), packets)
        if self._capture_filter is not None:
            packets = filter(self._capture_filter.matches, packets)
        packets = self._pipeline.passed(packets)
        if self._count is not None:
            packets = itertools.islice(packets, self._count)
        return packets

    def _is_there(self, source: Source) -> bool:
        """Whether a file exists; one that does not is told."""
        if not isinstance(source, (str, os.PathLike)) or source == "-" or os.path.exists(source):
            return True
        try:
            open_capture(source).close()
        except CaptureError as error:
            self._tell(error)
            return False
        return True

    def _open(self, sources: list[Source]) -> Iterator[Capture]:
        for source in sources:
            try:
                self.capture = open_capture(source, follow=self._follow)
            except CaptureError as error:
                self._tell(error)
            else:
                self._size = self.capture.size
                yield self.capture

    def _all(self, aside: Callable[[Block], object] | None) -> Packets:
        """The packets of every capture, numbered on; other blocks go to `aside`."""
        numbered = 0
        for capture in self._captures:
            before = numbered
            with capture:
                try:
                    for item in capture if aside is None else capture.blocks():
                        if isinstance(item, Block):
                            if aside is not None:
                                aside(item)
                            continue
                        item.number = numbered = before + item.number
                        yield item
                except CaptureError as error:
                    self._tell(error)

    def _tell(self, error: CaptureError) -> None:
        if self._problem is None:
            raise error
        self._problem(error)


def _calling(function: Callable[[], object]) -> Packets:
    """No packets; calls `function` when they are asked for."""
    function()
    yield from ()
