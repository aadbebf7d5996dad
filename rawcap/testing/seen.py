"""What was seen in a capture, to be asserted on: its connections with what they carried, its exchanges, its packets.

A connection is that of rawcap.tcp.connection, all of whose attributes it has; each side has besides, as `sent`, the
octets that it sent, where the connection alone only counts them. Numbers are those of packets, times nanoseconds.

A connection has
    client, server              its sides
    stream                      its number, tcp.stream
    opened                      "handshake", "fast open", "simultaneous"; "refused", "unreachable", "unanswered",
                                "unfinished", "challenged"; "before the capture"
    closed                      "orderly", "simultaneous", "reset", "half closed", "closing", "open", "never open"
    closed_by, time_wait        "client", "server" or None: who closed first, who is left in TIME-WAIT (or "both")
    handshake                   complete, rtt_ns; syn, syn_ack, ack: segments, each with its number
    segments, retransmissions   how many
    min_rtt_ns, mean_rtt_ns, max_rtt_ns
    first_number, last_number, first_ns, last_ns
    icmp                        the ICMP errors that quote it, or None
    reused                      whether its sockets had another connection before

A side has
    address, port, state
    sent, sent_count, parts     what it sent, how many octets that are, and the pieces and gaps of it
    acked, missing, octets      octets acknowledged, lacking in the capture, and sent with all repetitions
    segments, data_segments, syn_count, fin_count, rst_count
    syn, fin, rst, fin_acked    the first of each, and the packet that acknowledges the FIN
    isn, scale, smallest_window, largest_window, zero_windows
    count(NAME), numbers(NAME)  how often some trouble was found, and where: "retransmission", "zero_window", ...

An exchange has client and server (address, port, datagrams, octets), stream, first_number, last_number, first_ns,
last_ns and icmp.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from dissectors.packet import Packet
from rawcap.pipeline import Pipeline
from rawcap.tcp.conversation_streams import Streams
from rawcap.tcp.stream import Gap, Piece
from rawcap.tcp.tracker import Tracker

if TYPE_CHECKING:
    from rawcap.tcp.connection import Connection, Side
    from rawcap.tcp.exchange import Exchange


Raised = TypeVar("Raised", bound=Exception)


def brief(error: Raised) -> Raised:
    """An error to be raised in its own place, without the frames it came through: they are rawcap's, not the test's.

    That of a filter shows the filter too, and a caret under what is wrong.
    """
    from rawcap.filter import FilterError

    if isinstance(error, FilterError):
        error.add_note(error.render())
    return error.with_traceback(None)


def _missing(seen: object, inside: object, name: str) -> AttributeError:
    """The error for an attribute that neither has; it names the one that was meant, as far as can be told."""
    kind = "a side" if isinstance(seen, SeenSide) else "a connection"
    known = sorted({each for each in (*dir(seen), *dir(inside)) if not each.startswith("_")})
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "rawcap.testing.seen lists what it has"
    return AttributeError(f"{kind} has no attribute {name!r}; {hint}", name=name, obj=seen)


class SeenSide:
    """One side of a connection: everything that `rawcap.tcp.connection.Side` has, and what it sent.

    `sent` here are octets; the number of them is `sent_count`, which is what the side itself calls `sent`.
    """

    def __init__(self, side: Side, parts: list[Piece | Gap]) -> None:
        self._side = side
        self.parts = parts
        """What it sent, in order: pieces, and the gaps where the capture lacks something."""

    @property
    def sent(self) -> bytes:
        """The octets that it sent, in order and each once.

        Raises ValueError where some of them are not in the capture: what is there then stands in `parts`.
        """
        __tracebackhide__ = True
        for part in self.parts:
            if isinstance(part, Gap):
                raise ValueError(
                    f"{part.length} octets that {self._side.address}:{self._side.port} sent are not in the capture, "
                    f"from octet {part.start} of the stream on"
                )
        return b"".join(part.octets for part in self.parts if isinstance(part, Piece))

    @property
    def sent_count(self) -> int:
        """How many octets it sent, by its sequence numbers: each counts once, whether or not it was captured."""
        return int(self._side.sent)

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        if name.startswith("_") or not hasattr(self._side, name):
            raise _missing(self, self.__dict__.get("_side"), name)
        return getattr(self._side, name)

    def __repr__(self) -> str:
        return repr(self._side)


class SeenConnection:
    """A connection: everything that `rawcap.tcp.connection.Connection` has, its sides with what they sent."""

    def __init__(self, connection: Connection, client: SeenSide, server: SeenSide) -> None:
        self._connection = connection
        self.client = client
        self.server = server

    @property
    def closed_by(self) -> str | None:
        """Who closed first, by FIN or RST: "client", "server", or None. The connection itself calls it `closer`."""
        closer: str | None = self._connection.closer
        return closer

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        if name.startswith("_") or not hasattr(self._connection, name):
            raise _missing(self, self.__dict__.get("_connection"), name)
        return getattr(self._connection, name)

    def __repr__(self) -> str:
        return repr(self._connection)


class Seen:
    """What was seen in a capture. Nothing is worked out before it is asked for.

    `title` says where the packets are from. While a capture goes on they are None, and nothing can be asked.
    """

    def __init__(self, title: str, packets: Iterable[Packet] | None = None, *, live: bool = False) -> None:
        self.title = title
        self.live = live
        """Whether it was captured, and not read from a file."""
        self._packets = None if packets is None else list(packets)

    def complete(self, packets: list[Packet]) -> None:
        """The capture has ended, and these are its packets."""
        self._packets = packets

    @property
    def ended(self) -> bool:
        """Whether it is known what was seen: the capture has ended."""
        return self._packets is not None

    @property
    def packets(self) -> list[Packet]:
        """Its packets, numbered from 1. Raises RuntimeError before the capture has ended."""
        __tracebackhide__ = True
        if self._packets is None:
            raise RuntimeError("what was seen is known when the capture has ended: ask behind the with block")
        return self._packets

    @property
    def connections(self) -> list[SeenConnection]:
        """Its TCP connections, in the order of their first segments."""
        return self._found[0]

    @property
    def exchanges(self) -> list[Exchange]:
        """The pairs of sockets that exchanged UDP datagrams, in the order of the first ones."""
        return self._found[1]

    @functools.cached_property
    def _found(self) -> tuple[list[SeenConnection], list[Exchange]]:
        tracker, streams = Tracker(), Streams()
        parts: dict[tuple[int, bool], list[Piece | Gap]] = {}
        clients: dict[int, tuple[str, int]] = {}
        taken = []
        for packet in self._whole:
            tracker.note(packet)
            taken += streams.add(packet)
            stream = (packet.notes or {}).get("tcp.stream")
            if stream is not None and stream not in clients and stream in streams.connections:
                client = streams.connections[stream].client
                clients[stream] = client.address, client.port
        taken += streams.flush()
        for part in taken:
            parts.setdefault((part.stream, part.from_client), []).append(part.what)
        connections = []
        for connection in tracker.connections:
            number, one, other = connection.stream, connection.client, connection.server
            # Of a connection whose beginning is missing the two may differ on which side is the client.
            straight = clients.get(number, (one.address, one.port)) == (one.address, one.port)
            connections.append(
                SeenConnection(
                    connection,
                    SeenSide(one, parts.get((number, straight), [])),
                    SeenSide(other, parts.get((number, not straight), [])),
                )
            )
        return connections, tracker.exchanges

    @property
    def _whole(self) -> Iterator[Packet]:
        """The packets, with datagrams in the place of their fragments."""
        return Pipeline(reassemble=True).noted(iter(self.packets))

    def ladder(self, number: int = 0, protocol: str = "tcp") -> str:
        """The sequence diagram of a connection, by its place in `connections`, as `rawcap ladder` draws it.

        With the protocol "udp" it is that of one of the `exchanges`. Raises LookupError where there is no such one.
        """
        __tracebackhide__ = True
        from rawcap.show.ladder import ladder

        flows: list[Any] = self.exchanges if protocol == "udp" else [*self.connections]
        count, noun = len(flows), "exchange" if protocol == "udp" else "connection"
        if not -count <= number < count:
            there = [f"no {noun} was seen", "1 was seen, number 0", "2 were seen, 0 and 1"]
            told = there[count] if count < len(there) else f"{count} were seen, 0 to {count - 1}"
            raise LookupError(f"there is no {noun} {number}: {told}")
        return ladder(self._whole, flows[number].stream, protocol).rstrip()

    def verify(self, *expectations: str) -> None:
        """Assert what `rawcap verify --expect` knows: `seen.verify("handshake", "orderly-close", "connections=1")`.

        Without any, that there is a connection or exchange and no rule of the checklist is broken. Raises
        AssertionError, with a line for each that does not hold and the packets that prove it, and ValueError for an
        expectation or a filter that is not understood.
        """
        __tracebackhide__ = True
        from rawcap.filter import display_filter
        from rawcap.pipeline import NOTED
        from rawcap.show.verify import proof, same_words
        from rawcap.tcp.tracker import FIELDS
        from rawcap.tcp.verify.evidence import Evidence
        from rawcap.tcp.verify.expectations import expect
        from rawcap.tcp.verify.rules import BROKEN, checklist

        filters: list[str] = []
        try:
            expected = [expect(text, filters) for text in expectations]
            tests = [display_filter(text) for text in filters]
        except ValueError as error:
            raise brief(error) from None
        evidence = Evidence(None, tests)
        needs = {name for test in tests for name in test.fields} & NOTED - FIELDS
        for packet in Pipeline(reassemble=True, needs=needs).noted(iter(self.packets)):
            evidence.add(packet)
        cases = evidence.cases
        if expected:
            checked = [(each.text, each.look(cases, evidence.elsewhere)) for each in expected]
            found = [(text, check, [str(number) for number in check.numbers]) for text, check in checked]
        elif cases:
            found = [
                (f"{case.title}: {rule.sentence}", check, proof(case, rule, check))
                for case in cases
                for rule, check in checklist(case)
            ]
        else:
            raise AssertionError("there is no TCP connection and no UDP exchange")
        broken = [
            f"{text}: {same_words(check.detail)}"
            + (f" (see packet{'s' if len(packets) > 1 else ''} {_listed(packets)})" if packets else "")
            for text, check, packets in found
            if check.verdict == BROKEN
        ]
        if broken:
            raise AssertionError("\n".join(broken))

    def __repr__(self) -> str:
        if self._packets is None:
            return f"<Seen {self.title}, going on>"
        return f"<Seen {self.title}: {len(self._packets)} packet{'' if len(self._packets) == 1 else 's'}>"


def _listed(words: Sequence[str]) -> str:
    """Words in a sentence: "7", "7 and 9", "7, 9 and 40 more"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
