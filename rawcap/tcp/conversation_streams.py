"""The two byte streams of each TCP connection, put together from packets.

    streams = Streams()
    for packet in rawcap.read("trace.pcapng", needs=["tcp.stream"], reassemble=True):
        for part in streams.add(packet):
            ...                         # Part(stream, from_client, Piece or Gap)
    for part in streams.flush():
        ...

What the two sides sent comes in the order of the capture, as far as their streams allow. The client is who sent the
SYN; where none was captured, the side with the higher port, or else the one seen first.

Resets carry no part of the stream (RFC 9293, 3.5.3), and what they acknowledge may be of another connection, so they
are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from dissectors import layout
from dissectors.packet import Packet
from rawcap.tcp.stream import MOST_HELD, MOST_IN_ALL, Budget, ByteStream, Gap, Piece

MOST_CONNECTIONS = 65_536
"""Connections that are remembered; of more, the one that was quiet longest is given up."""

_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10


class Socket(NamedTuple):
    """One end of a connection. The address is empty where no header below has any."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class Part(NamedTuple):
    """What came out of a connection: octets or a gap, and of which side."""

    stream: int
    from_client: bool
    what: Piece | Gap


class TwoStreams:
    """A connection: its number (tcp.stream), its two sockets, and the stream that each of them sends."""

    def __init__(self, stream: int, client: Socket, server: Socket, most_held: int, budget: Budget) -> None:
        self.stream = stream
        self.client = client
        self.server = server
        self.from_client = ByteStream(most_held=most_held, budget=budget)
        self.from_server = ByteStream(most_held=most_held, budget=budget)

    def take(self) -> list[Part]:
        """What came out of either stream since this was last asked."""
        parts = [Part(self.stream, True, what) for what in self.from_client.take()]
        return parts + [Part(self.stream, False, what) for what in self.from_server.take()]


class Streams:
    """Puts together the streams of the connections whose packets it is given.

    The packets carry the note `tcp.stream`; others, and those without TCP, are passed over. `most_held` are the octets
    that one stream may keep waiting, `most_in_all` those of all.
    """

    def __init__(self, *, most_held: int = MOST_HELD, most_in_all: int = MOST_IN_ALL) -> None:
        self.most_held = most_held
        self.connections: dict[int, TwoStreams] = {}
        """Those remembered, by number, the one that was quiet longest first."""
        self._budget = Budget(most_in_all, self._give_up)
        self._owners: dict[ByteStream, TwoStreams] = {}
        self._given_up: list[Part] = []

    def add(self, packet: Packet) -> list[Part]:
        """Take the next packet; gives what comes out by it, which may be of other connections too."""
        stream = (packet.notes or {}).get("tcp.stream")
        tcp = packet.tcp
        if stream is None or tcp is None or tcp.status & (layout.PARTIAL | layout.QUOTED):
            return []
        flags = tcp.flags
        source, destination = sockets(tcp)
        two = self._of(stream, source, destination, flags)
        parts: list[Part] = []
        if not flags & _RST:
            from_client = source == two.client
            sent, answered = (two.from_client, two.from_server) if from_client else (two.from_server, two.from_client)
            sequence = tcp.seq_raw
            if flags & _SYN:
                sent.begin(sequence)
                sequence += 1
            if flags & _ACK:
                # What the segment answers comes before what it says.
                answered.acknowledged(tcp.ack_raw)
                parts += [Part(stream, not from_client, what) for what in answered.take()]
            payload, length = tcp.payload, tcp.payload_length
            if length or not flags & _SYN:
                sent.add(sequence, payload, packet.number, packet.time_ns, cut=max(0, length - len(payload)))
            if flags & _FIN:
                sent.finish(sequence + length)
            parts += [Part(stream, from_client, what) for what in sent.take()]
        if self._given_up:
            parts += self._given_up
            self._given_up = []
        return parts

    def flush(self) -> Iterator[Part]:
        """The end of the capture: all that still waits, connection by connection, which are then forgotten."""
        for stream in sorted(self.connections):
            yield from self._end(stream)

    def _of(self, stream: int, source: Socket, destination: Socket, flags: int) -> TwoStreams:
        """The connection with this number; a new one where it is not known."""
        two = self.connections.pop(stream, None)
        if two is None:
            if flags & _SYN:
                from_client = not flags & _ACK
            else:
                from_client = source.port >= destination.port
            client, server = (source, destination) if from_client else (destination, source)
            two = TwoStreams(stream, client, server, self.most_held, self._budget)
            self._owners[two.from_client] = self._owners[two.from_server] = two
            if len(self.connections) >= MOST_CONNECTIONS:
                self._given_up += self._end(next(iter(self.connections)))
        self.connections[stream] = two  # as the one used last
        return two

    def _end(self, stream: int) -> list[Part]:
        """Forget a connection; gives what was still to come out."""
        two = self.connections.pop(stream)
        two.from_client.flush()
        two.from_server.flush()
        del self._owners[two.from_client], self._owners[two.from_server]
        return two.take()

    def _give_up(self, stream: ByteStream) -> None:
        self._given_up += self._owners[stream].take()


def sockets(layer: Any) -> tuple[Socket, Socket]:
    """The sockets that a header with ports goes between: the source, then the destination."""
    below = layer.below
    while below is not None and below.addresses is None:
        below = below.below
    source = destination = ""
    if below is not None:
        source, destination = (str(getattr(below, name) or "") for name in below.addresses)
    return Socket(source, layer.srcport), Socket(destination, layer.dstport)
