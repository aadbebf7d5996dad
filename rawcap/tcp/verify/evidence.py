"""What is kept of packets so that they can be judged: one case for each TCP connection and each UDP exchange.

    evidence = Evidence()
    for packet in rawcap.read("trace.pcapng", reassemble=True):
        evidence.add(packet)
    for case in evidence.cases:
        ...

The analysis of a connection (rawcap/tcp/analysis.py) calls segments what Wireshark calls them. Where a rule asks for
more, or where that name is a matter of convention, a case counts by itself: what a reset that nobody heeds does to
sequence numbers must not look like loss. The first segments are kept as they are, the rest is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dissectors import layout
from dissectors.packet import Packet
from rawcap.tcp.connection import Connection, IcmpError, Side
from rawcap.tcp.conversation_streams import Streams, TwoStreams
from rawcap.tcp.exchange import Endpoint, Exchange
from rawcap.tcp.segment import ACK, FIN, NO_TIME, RST, SYN, Segment
from rawcap.tcp.stream import Conflict
from rawcap.tcp.tracker import Tracker

MOST_SEGMENTS = 64
"""Segments of a connection, and datagrams of an exchange, that are kept as they are: the first ones."""
MOST_NUMBERS = 8
"""Packet numbers that are kept of anything that may happen often."""

_WRAP = 1 << 32
_HALF = 1 << 31


def after(number: int, other: int) -> int:
    """How far a sequence number lies behind another one; negative where it comes before (RFC 9293, 3.4)."""
    return (number - other + _HALF) % _WRAP - _HALF


class Repetition:
    """A segment that carries what was sent before: its number, that of the one before it, and the time between, ns.

    `earlier` is 0 where the one before it was not kept; `kind` is "fast", "spurious" or "" for any other.
    """

    __slots__ = ("earlier", "gap_ns", "kind", "number", "octets")

    def __init__(self, number: int, earlier: int, gap_ns: int, kind: str, octets: int) -> None:
        self.number = number
        self.earlier = earlier
        self.gap_ns = gap_ns
        self.kind = kind
        self.octets = octets


class Numbers:
    """How often something happened, and the first packets in which it did."""

    __slots__ = ("count", "first")

    def __init__(self) -> None:
        self.count = 0
        self.first: list[int] = []

    def add(self, number: int) -> None:
        """It happened in this packet."""
        self.count += 1
        if len(self.first) < MOST_NUMBERS:
            self.first.append(number)


class Sender:
    """What a case counts of one side, beside what the connection knows of it."""

    def __init__(self) -> None:
        self.end = -1
        """The sequence number behind all that it sent, resets not counted; -1 before its first segment."""
        self.acknowledges = -1
        """The highest number that it acknowledged."""
        self.passed = 0
        """Sequence numbers from its first segment to `end`, however often they wrap."""
        self.heard = 0
        """As many of those as the other side acknowledged."""
        self.heard_by = 0
        """The packet that was the last to acknowledge data of it."""
        self.controls = 0
        """How many of them are of a SYN or a FIN."""
        self.fin_end = -1
        self.repetitions: list[Repetition] = []
        self.repeated = 0
        self.passed_over = Numbers()
        self.out_of_order = Numbers()
        self.beyond: list[tuple[int, int]] = []
        """Acknowledgements of what was not seen: the packet, and how many octets too many."""
        self.resets_ignored: list[tuple[int, int]] = []
        """Resets that do not have the number that is expected: the packet, and how far off it is."""
        self.reset: int = 0
        """The packet with the reset that counts; 0 where there is none."""
        self.after_reset = Numbers()
        self.selective = Numbers()
        """Segments with SACK blocks."""
        self.timestamps = Numbers()
        self.no_timestamps = Numbers()
        self.last_number = 0


class Case:
    """What is known of one TCP connection or one UDP exchange; `flow` is either.

    `earlier` has the initial sequence number that the client's, or the server's, address used in the connection before
    and the packet that shows it. `hits` has for each filter how many packets passed, the first of them, and the first
    of those that did not.
    """

    def __init__(self, flow: Connection | Exchange, filters: int) -> None:
        self.flow = flow
        self.selected = False
        self.packets = 0
        self.kept: list[Segment] = []
        self.datagrams: list[tuple[int, int | None, bool, int]] = []
        """Packet number, time, whether the client sent it, octets."""
        self.senders = {True: Sender(), False: Sender()}
        """By whether it is the client."""
        self.earlier: dict[bool, tuple[int, int]] = {}
        self.passed = [Numbers() for _ in range(filters)]
        self.failed = [Numbers() for _ in range(filters)]
        self.last_ns: int | None = None
        """The time of the last packet of the capture."""
        self.answers_others = 0
        """A SYN/ACK by which the same server socket answered another client; 0 where none did."""
        self.checked: list[Any] | None = None
        """What the checklist found (rules.py), once it was asked for."""
        self._streams: TwoStreams | None = None

    @property
    def connection(self) -> Connection:
        """The TCP connection.  Raises TypeError where it is none."""
        if isinstance(self.flow, Exchange):
            raise TypeError("this is an exchange of datagrams")
        return self.flow

    @property
    def third(self) -> Segment | None:
        """The segment that should end the handshake, be its acknowledgement number right or wrong."""
        connection = self.connection
        answer = connection.server.syn
        if connection.ack is not None or answer is None:
            return connection.ack
        return next(
            (
                each
                for each in self.kept
                if each.from_client and each.number > answer.number and each.flags & (SYN | RST | ACK) == ACK
            ),
            None,
        )

    @property
    def exchange(self) -> Exchange:
        """The exchange of datagrams.  Raises TypeError where it is none."""
        if isinstance(self.flow, Exchange):
            return self.flow
        raise TypeError("this is a connection")

    @property
    def is_tcp(self) -> bool:
        """Whether it is a TCP connection."""
        return not isinstance(self.flow, Exchange)

    @property
    def title(self) -> str:
        """Its name: "tcp 0", "udp 3"."""
        return f"{'tcp' if self.is_tcp else 'udp'} {self.flow.stream}"

    @property
    def errors(self) -> list[IcmpError]:
        """ICMP errors that quote a packet of it."""
        return list(self.flow.icmp or ())

    def side(self, client: bool) -> Side:
        """A side of the connection."""
        return self.connection.client if client else self.connection.server

    def sent(self, client: bool) -> int:
        """Octets of data that a side of the connection sent, by sequence numbers: what came twice counts once."""
        return max(0, self.senders[client].passed - self.senders[client].controls)

    def acknowledged(self, client: bool) -> int:
        """Octets of data of one side that the other one acknowledged."""
        sender = self.senders[client]
        waiting = sender.passed - sender.heard
        if waiting and self.side(client).fin is not None and not self.side(client).fin_acked:
            waiting -= 1  # the FIN
        return max(0, self.sent(client) - waiting)

    def conflicts(self, client: bool) -> list[Conflict]:
        """Where what one side sent contradicts what it had sent before."""
        if self._streams is None:
            return []
        return (self._streams.from_client if client else self._streams.from_server).conflicts

    def segment(self, number: int) -> Segment | None:
        """The segment of a packet, if it is one of those kept."""
        return next((each for each in self.kept if each.number == number), None)

    def is_keep_alive_answered(self, client: bool) -> bool:
        """Whether the other side sent anything after the last keep-alive of this one."""
        asked = self.side(client).numbers("keep_alive")
        return not asked or self.senders[not client].last_number > asked[-1]

    # -- taking in ----------------------------------------------------------------------------------------

    def take(self, segment: Segment, notes: dict[str, Any], streams: TwoStreams | None) -> None:
        """Take in the next segment, of which `notes` tell what the analysis found."""
        if self._streams is None:
            self._streams = streams
        client = segment.from_client
        sender, other = self.senders[client], self.senders[not client]
        self._count_acknowledgement(segment, sender, other)
        self._count_resets(segment, sender, other)
        self._count_sequence(segment, sender, other, notes)
        if segment.sack:
            sender.selective.add(segment.number)
        if not segment.flags & (RST | SYN):
            (sender.timestamps if segment.tsval >= 0 else sender.no_timestamps).add(segment.number)
        sender.last_number = segment.number
        if len(self.kept) < MOST_SEGMENTS:
            self.kept.append(segment)

    def _count_acknowledgement(self, segment: Segment, sender: Sender, other: Sender) -> None:
        number, flags = segment.number, segment.flags
        if not flags & ACK or flags & RST:
            return
        if other.end >= 0 and (excess := after(segment.ack_raw, other.end)) > 0:
            if len(sender.beyond) < MOST_NUMBERS:
                sender.beyond.append((number, excess))
            return
        if sender.acknowledges < 0 or after(segment.ack_raw, sender.acknowledges) > 0:
            data_end = other.fin_end - 1 if other.fin_end >= 0 else other.end
            if other.end >= 0 and (sender.acknowledges < 0 or after(data_end, sender.acknowledges) > 0):
                other.heard_by = number
            sender.acknowledges = segment.ack_raw
            if other.end >= 0:
                other.heard = other.passed - after(other.end, segment.ack_raw)

    def _count_resets(self, segment: Segment, sender: Sender, other: Sender) -> None:
        """Judge a reset as its receiver does, and a SYN within the connection (RFC 5961, 3.2 and 4.2)."""
        number = segment.number
        if segment.flags & RST:
            expected = other.acknowledges
            off = after(segment.seq_raw, expected) if expected >= 0 else 0
            answers = sender.end < 0 or segment.seq_raw == sender.end  # a refusal, or all that it sent
            if off and not answers:
                if len(sender.resets_ignored) < MOST_NUMBERS:
                    sender.resets_ignored.append((number, off))
            elif not sender.reset:
                sender.reset = number
        if segment.length and sender.reset:
            sender.after_reset.add(number)

    def _count_sequence(self, segment: Segment, sender: Sender, other: Sender, notes: dict[str, Any]) -> None:
        flags, number = segment.flags, segment.number
        controls = bool(flags & SYN) + bool(flags & FIN)
        if flags & RST:
            return
        seq = segment.seq_raw
        end = (seq + segment.length + controls) % _WRAP
        if sender.fin_end >= 0 and after(end, sender.fin_end) > 0:
            return  # nothing follows a FIN
        if flags & FIN and sender.fin_end < 0:
            sender.fin_end = end
            sender.controls += 1
        if sender.end < 0:
            sender.end = end
            sender.passed = segment.length + controls
            sender.controls += bool(flags & SYN)
            return
        if segment.length or controls:
            if after(seq, sender.end) > 0:
                if notes.get("tcp.analysis.lost_segment"):
                    sender.passed_over.add(number)
            elif after(seq, sender.end) < 0:
                is_new = after(seq, other.acknowledges) >= 0
                if notes.get("tcp.analysis.out_of_order"):
                    sender.out_of_order.add(number)
                elif notes.get("tcp.analysis.retransmission"):
                    self._count_repetition(segment, sender, notes)
                elif notes.get("tcp.analysis.keep_alive") and segment.length and is_new:
                    self._count_repetition(segment, sender, notes)  # a keep-alive's octet is acknowledged already
        if after(end, sender.end) > 0 and (segment.length != 1 or not notes.get("tcp.analysis.keep_alive")):
            sender.passed += after(end, sender.end)
            sender.end = end

    def _count_repetition(self, segment: Segment, sender: Sender, notes: dict[str, Any]) -> None:
        earlier: Segment | None = None
        for each in reversed(self.kept):
            if each.from_client == segment.from_client and each.seq_raw == segment.seq_raw:
                if each.length or each.flags & (SYN | FIN):
                    earlier = each
                    break
        if earlier is not None and segment.flags & SYN and (segment.flags ^ earlier.flags) & ACK:
            if segment.flags & ACK:
                return  # the answer to a SYN that crossed ours: the first of its kind
        sender.repeated += 1
        if len(sender.repetitions) < MOST_NUMBERS:
            kind = next((each for each in ("fast", "spurious") if notes.get(f"tcp.analysis.{each}_retransmission")), "")
            gap = 0
            if earlier is not None and NO_TIME not in (earlier.time_ns, segment.time_ns):
                gap = segment.time_ns - earlier.time_ns
            sender.repetitions.append(
                Repetition(segment.number, earlier.number if earlier is not None else 0, gap, kind, segment.length)
            )


class Evidence:
    """Takes packets in and sorts them into cases, in the order of their first packets.

    `select` says of a packet whether its connection is wanted; without it all are. `filters` are tests whose packets
    are counted in each case; `elsewhere` counts those of packets that belong to none.
    """

    def __init__(
        self,
        select: Callable[[Packet], bool] | None = None,
        filters: Sequence[Callable[[Packet], bool]] = (),
    ) -> None:
        self._select = select
        self._filters = filters
        self._tracker = Tracker()
        self._streams = Streams()
        self._all: dict[int, Case] = {}
        self._isns: dict[str, tuple[int, int]] = {}
        self.packets = 0
        self.last_ns: int | None = None
        self.elsewhere = Case(Exchange(-1, bytes(12)), len(filters))
        """What belongs to no connection and no exchange."""

    def add(self, packet: Packet) -> None:
        """Take in the next packet."""
        self.packets += 1
        if packet.time_ns is not None:
            self.last_ns = packet.time_ns
        tcp, udp = packet.tcp, packet.udp
        case = self.elsewhere
        self._tracker.note(packet)
        notes = packet.notes or {}
        if tcp is not None and not tcp.status & (layout.PARTIAL | layout.QUOTED):
            case = self._segment(packet, tcp)
        elif udp is not None and not udp.status & (layout.PARTIAL | layout.QUOTED):
            exchange = self._tracker.exchanges[notes["udp.stream"]]
            case = self._case(exchange)
            if len(case.datagrams) < MOST_SEGMENTS:
                mine = exchange.client
                sent_before = sum(each[2] for each in case.datagrams)
                from_client = mine.datagrams > sent_before
                case.datagrams.append((packet.number, packet.time_ns, from_client, udp.payload_length))
        elif "tcp.stream" in notes:  # an ICMP error that quotes it
            case = self._case(self._tracker.connections[notes["tcp.stream"]])
        elif "udp.stream" in notes:
            case = self._case(self._tracker.exchanges[notes["udp.stream"]])
        case.packets += 1
        if self._select is None or (not case.selected and self._select(packet)):
            case.selected = True
        for place, test in enumerate(self._filters):
            (case.passed if test(packet) else case.failed)[place].add(packet.number)

    def _segment(self, packet: Packet, tcp: Any) -> Case:
        notes = packet.notes or {}
        connection = self._tracker.connections[notes["tcp.stream"]]
        case = self._case(connection)
        segment = Segment()
        octets = memoryview(tcp.octets)
        time_ns = packet.time_ns if packet.time_ns is not None and packet.time_ns.bit_length() < 64 else NO_TIME
        segment.read(packet.number, time_ns, octets, tcp.start, tcp.stop, tcp.stop + (tcp.len or 0))
        client = connection.client
        segment.from_client = tcp.srcport == client.port
        if client.port == connection.server.port:
            segment.from_client = _source(tcp) == client.address
        self._streams.add(packet)
        case.take(segment, notes, self._streams.connections.get(connection.stream))
        if segment.flags & SYN and connection.segments <= 2:
            self._remember_isn(case, segment)
        return case

    def _remember_isn(self, case: Case, segment: Segment) -> None:
        side = case.side(segment.from_client)
        if side.syn is None or side.syn.number != segment.number:
            return
        before = self._isns.get(side.address)
        if before is not None:
            case.earlier[segment.from_client] = before
        self._isns[side.address] = segment.seq_raw, segment.number

    def _case(self, flow: Any) -> Case:
        case = self._all.get(id(flow))  # the tracker keeps every flow, so no two have the same
        if case is None:
            case = self._all[id(flow)] = Case(flow, len(self._filters))
        return case

    @property
    def cases(self) -> list[Case]:
        """The cases that are wanted; to be asked for when all packets were taken in."""
        answered: dict[tuple[str, int], list[int]] = {}
        for case in self._all.values():
            if case.is_tcp and (syn := case.connection.server.syn) is not None:
                numbers = answered.setdefault((case.connection.server.address, case.connection.server.port), [])
                if len(numbers) < 2:
                    numbers.append(syn.number)
        wanted = [case for case in self._all.values() if case.selected]
        for case in wanted:
            case.last_ns = self.last_ns
            if case.is_tcp:
                server = case.connection.server
                own = server.syn.number if server.syn is not None else 0
                others = [each for each in answered.get((server.address, server.port), ()) if each != own]
                case.answers_others = others[0] if others else 0
        return wanted


def _source(layer: Any) -> str:
    below = layer.below
    while below is not None and below.addresses is None:
        below = below.below
    return str(getattr(below, below.addresses[0]) or "") if below is not None else ""


def socket_of(side: Side | Endpoint) -> str:
    """A socket as text: 192.0.2.1:7, [2001:db8::1]:7."""
    return f"[{side.address}]:{side.port}" if ":" in side.address else f"{side.address}:{side.port}"
