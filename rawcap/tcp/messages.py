"""Application messages that span TCP segments, dissected whole.

    messages = Messages()
    for packet in packets:
        messages.note(packet)

A segment whose octets are the middle of a message is left as the TCP segment that it is; the packet that completes a
message carries all of it, put together, above its own TCP header. Such a packet has three fields more:

    tcp.segment              numbers of the packets that the message came in, the last of them its own
    tcp.segment.count        how many these are
    tcp.reassembled.length   octets of the message

No packet is held back, so an earlier one cannot tell in which later one the message is whole. Where a message ends
each protocol says itself (`message_length` of its header). A message is looked for where a connection begins, where
the last message ended, and, when octets are missing, at the next segment that begins with what looks like one.

What the other side acknowledged and the capture lacks is not waited for. All that is kept is bounded: MOST_MESSAGE
octets of a message, MOST_HELD in all, MOST_CONNECTIONS connections.
"""

from __future__ import annotations

from dissectors import layout
from dissectors.frame import Data
from dissectors.header import Header
from dissectors.packet import Packet
from rawcap.tcp.stream import Budget, ByteStream, Gap, Piece

MOST_MESSAGE = 16 << 20
"""Octets of the longest message that is put together."""
MOST_HELD = 64 << 20
"""Octets of unfinished messages that are kept at once, and as many of segments that wait for others before them."""
MOST_CONNECTIONS = 65_536
"""Connections that are remembered, those that were used last."""
OVERHEAD = 256
"""What an unfinished message costs beside its octets, about."""

_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10
_WRAP = 1 << 32
_HALF = 1 << 31
_UNREADABLE = layout.PARTIAL | layout.QUOTED | layout.TRUNCATED | layout.SHORT | layout.BAD_LENGTH | layout.BAD_END

_Key = tuple[object, ...]


class _Way:
    """One direction of a connection.

    `next` is the sequence number awaited, None while no segment was seen; `stream` puts segments in order while some
    came too early, `reach` is how far those reach, counted as it counts. `held` are the octets of the unfinished
    message, `parts` the packets that they came in, each with how many of them, `memory` what the rule of `protocol`
    noted about it. So many octets as `skip` says belong to a message that is too long.
    """

    __slots__ = (
        *("begun", "ended", "fin", "held", "isn", "memory", "next"),
        *("origin", "parts", "protocol", "reach", "skip", "stream"),
    )

    def __init__(self) -> None:
        self.isn: int | None = None
        self.next: int | None = None
        self.begun = False
        """Whether what is awaited is the first octet, or follows a message: a message begins there."""
        self.ended = False
        self.fin: int | None = None
        """The sequence number of the FIN."""
        self.stream: ByteStream | None = None
        self.origin = 0
        self.reach = 0
        self.protocol: type[Header] | None = None
        self.held = bytearray()
        self.parts: list[tuple[int, int]] = []
        self.memory: dict[str, int] = {}
        self.skip = 0

    @property
    def is_last(self) -> bool:
        """Whether nothing follows what was taken."""
        return self.fin is not None and self.fin == self.next

    def drop(self) -> None:
        """Give up the unfinished message."""
        self.held = bytearray()
        self.parts = []
        self.memory = {}
        self.skip = 0
        self.begun = False


class _Connection:
    """Both directions; `ways` by the socket that sends."""

    __slots__ = ("ways",)

    def __init__(self, source: object, destination: object) -> None:
        self.ways: dict[object, _Way] = {source: _Way()}
        self.ways.setdefault(destination, _Way())


class Messages:
    """Puts the messages of one capture together; the parameters are the bounds that the module names."""

    def __init__(
        self,
        *,
        most_message: int = MOST_MESSAGE,
        most_held: int = MOST_HELD,
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        self.most_message = most_message
        self.most_held = most_held
        self.most_connections = most_connections
        self.held = 0
        """Octets of unfinished messages that are kept now, about."""
        self._connections: dict[_Key, _Connection] = {}
        self._holding: dict[_Way, int] = {}  # what each keeps; the one that began to first stands first
        self._waiting: dict[ByteStream, _Way] = {}
        self._budget = Budget(most_held, self._too_much)

    def note(self, packet: Packet) -> Packet:
        """Take the next packet, and give it back: with whole messages, or none, above its outermost TCP header."""
        tcp = packet.tcp
        if tcp is None or tcp.status & _UNREADABLE:
            return packet
        flags = tcp.flags
        connection, source, destination = self._connection(tcp, flags)
        way = connection.ways[source]
        other = connection.ways[destination]
        sequence = tcp.seq_raw
        if flags & _SYN:
            way.isn = sequence
            sequence = (sequence + 1) % _WRAP
            if way.next is None:
                way.next, way.begun = sequence, True
        if flags & _ACK and other.stream is not None:
            other.stream.acknowledged(tcp.ack_raw)
            self._gather(other, self._drained(other))
        length = tcp.end - tcp.stop
        if flags & _FIN and way.fin is None:
            way.fin = (sequence + length) % _WRAP
            if way.stream is not None:
                way.stream.finish(way.fin)
            if way.next is None:
                way.next = sequence
        if length:
            self._segment(packet, tcp, way, sequence, length)
        if flags & _RST or way.is_last:
            self._finish(packet, tcp, way)
        if flags & _RST:
            self._end(other)
        return packet

    # -- connections --------------------------------------------------------------------------------------

    def _connection(self, tcp: Header, flags: int) -> tuple[_Connection, object, object]:
        """The connection of a segment, new where it is not known or a SYN opens another between the same sockets."""
        source, destination = _sockets(tcp)
        key = (source, destination) if _comes_first(source, destination) else (destination, source)
        connection = self._connections.pop(key, None)
        if connection is not None and flags & (_SYN | _ACK) == _SYN and _is_another(connection, source, tcp):
            self._forget(connection)
            connection = None
        if connection is None:
            connection = _Connection(source, destination)
            if len(self._connections) >= self.most_connections:
                oldest = next(iter(self._connections))
                self._forget(self._connections.pop(oldest))
        self._connections[key] = connection
        return connection, source, destination

    def _forget(self, connection: _Connection) -> None:
        for way in connection.ways.values():
            self._end(way)

    def _finish(self, packet: Packet, tcp: Header, way: _Way) -> None:
        """The stream has ended: an unfinished message is what there is of it."""
        if way.held and way.protocol is not None:
            self._show(packet, tcp, way.protocol, bytes(way.held), _spanning(way.parts, [len(way.held)]))
        self._end(way)

    def _end(self, way: _Way) -> None:
        """Nothing more is to come: let go what is kept."""
        self._lose(way)
        self._leave_stream(way)
        way.ended = True

    # -- segments -----------------------------------------------------------------------------------------

    def _segment(self, packet: Packet, tcp: Header, way: _Way, sequence: int, length: int) -> None:
        """A segment with data."""
        payload = tcp.octets[tcp.stop : min(tcp.end, len(tcp.octets))]
        cut = length - len(payload)
        if way.next is None:
            way.next = sequence
        ahead = (sequence - way.next + _HALF) % _WRAP - _HALF
        if ahead + length <= 0 or way.ended:
            self._show_nothing(packet, tcp, way)  # sent again
            return
        pieces: list[Piece | Gap]
        if way.stream is None and ahead <= 0:
            way.next = (sequence + length) % _WRAP
            if cut:
                self._lose(way)
                return
            pieces = [Piece(0, payload[-ahead:] if ahead else payload, packet.number, packet.time_ns)]
        else:
            pieces = self._in_order(packet, way, sequence, payload, cut)
        self._take(packet, tcp, way, pieces)

    def _in_order(self, packet: Packet, way: _Way, sequence: int, payload: bytes, cut: int) -> list[Piece | Gap]:
        """What a segment adds to the stream, where it or another came too early."""
        assert way.next is not None
        stream = way.stream
        if stream is None:
            stream = way.stream = ByteStream(most_held=self.most_message, budget=self._budget)
            stream.begin(way.next - 1)
            self._waiting[stream] = way
            way.origin, way.reach = way.next, 0
        stop = stream.position + (sequence - way.next + _HALF) % _WRAP - _HALF + len(payload) + cut
        stream.add(sequence, payload, packet.number, packet.time_ns, cut=cut)
        if way.stream is None:
            return []  # it was too much
        if not stream.far:
            way.reach = max(way.reach, stop)
        return self._drained(way)

    def _drained(self, way: _Way) -> list[Piece | Gap]:
        """What came out of the stream that puts segments in order, which is left when nothing waits in it any more."""
        stream = way.stream
        if stream is None:
            return []
        pieces = stream.take()
        way.next = (way.origin + stream.position) % _WRAP
        if stream.position >= way.reach:
            self._leave_stream(way)
        return pieces

    def _leave_stream(self, way: _Way) -> None:
        """Nothing waits any longer."""
        if way.stream is not None:
            stream, way.stream = way.stream, None
            way.next = (way.origin + stream.position) % _WRAP
            self._waiting.pop(stream, None)
            stream.give_up()

    def _too_much(self, stream: ByteStream) -> None:
        """Too much waits in all: what was given up here is not looked at."""
        way = self._waiting.get(stream)
        if way is not None:
            self._lose(way)
            self._leave_stream(way)

    # -- messages -----------------------------------------------------------------------------------------

    def _take(self, packet: Packet, tcp: Header, way: _Way, pieces: list[Piece | Gap]) -> None:
        """Look for the ends of messages in what has come out of the stream."""
        if len(pieces) == 1 and not way.held and not way.skip and isinstance(pieces[0], Piece):
            octets = pieces[0].octets
            if pieces[0].number == packet.number and tcp.octets.endswith(octets, 0, tcp.end):
                self._alone(packet, tcp, way, octets)
                return
        above = self._above(packet, tcp) if not way.held else None
        self._gather(way, pieces, packet.number, tcp.payload_length, above)
        if not way.held or not self._messages(packet, tcp, way):
            self._show_nothing(packet, tcp, way)

    def _gather(
        self,
        way: _Way,
        pieces: list[Piece | Gap],
        number: int = 0,
        length: int = 0,
        above: type[Header] | None = None,
    ) -> None:
        """Add what has come out of the stream to what is held; `above` is what the `length` octets of packet `number`
        look like."""
        for piece in pieces:
            if isinstance(piece, Gap):
                self._lose(way)
                continue
            octets = piece.octets
            if way.skip:
                passed = min(way.skip, len(octets))
                way.skip -= passed
                way.begun = not way.skip
                octets = octets[passed:]
            if not octets:
                continue
            looks = above if piece.number == number and len(octets) == length else None
            if way.held or self._may_begin(way, looks, octets):
                way.held += octets
                way.parts.append((piece.number, len(octets)))
        self._count(way)

    def _alone(self, packet: Packet, tcp: Header, way: _Way, octets: bytes) -> None:
        """The usual case: what follows in the stream is the end of this segment, and nothing is unfinished."""
        start = tcp.end - len(octets)
        above = self._above(packet, tcp) if start == tcp.stop else way.protocol
        if not self._may_begin(way, above, octets):
            way.begun = False
            return
        protocol = way.protocol
        assert protocol is not None
        at = 0
        while at < len(octets):
            length = protocol.message_length(octets, at, way.memory)
            if length == 0:
                way.drop()
                if start != tcp.stop:
                    packet.carry(tcp, protocol, start, tcp.end)
                return  # what is not understood is shown as it stands
            if length is None or length < 0 or length > len(octets) - at:
                break
            at += length
            way.memory = {}
        else:
            way.begun = True
            if start != tcp.stop:
                packet.carry(tcp, protocol, start, tcp.end)
            return
        if length is not None and length > self.most_message:
            way.drop()
            way.skip = length - (len(octets) - at)
            packet.carry(tcp, protocol, start, tcp.end)
            return
        if way.is_last:
            packet.carry(tcp, protocol, start, tcp.end)
            return
        packet.carry(tcp, protocol if at else None, start, start + at)
        way.held = bytearray(octets[at:])
        way.parts = [(packet.number, len(octets) - at)]
        self._count(way)

    def _messages(self, packet: Packet, tcp: Header, way: _Way) -> bool:
        """Show the messages that what is held completes; False where it completes none."""
        protocol = way.protocol
        assert protocol is not None
        at = 0
        whole: list[int] = []
        length: int | None = None
        held = way.held
        while at < len(held):
            length = protocol.message_length(held, at, way.memory)
            if length is None or length <= 0 or length > len(held) - at:
                break
            whole.append(length)
            at += length
            way.memory = {}
        left = len(held) - at
        too_long = left > self.most_message or (length or 0) > self.most_message
        given_up = left and (length == 0 or too_long or way.is_last)
        if given_up:
            at = len(held)
            whole.append(left)
        if at:
            parts, way.parts = _divided(way.parts, at)
            octets = bytes(held[:at])
            del held[:at]
            self._show(packet, tcp, protocol, octets, _spanning(parts, whole))
        if given_up:
            self._lose(way)
            if length is not None and length > left:
                way.skip = length - left
        elif at and not left:
            way.memory = {}
            way.begun = True
        self._count(way)
        return at > 0

    def _show(
        self,
        packet: Packet,
        tcp: Header,
        protocol: type[Header],
        octets: bytes,
        spanning: list[tuple[list[tuple[int, int]], int]],
    ) -> None:
        """Put messages in the place of what a packet carries; `spanning` are the packets and the octets of each."""
        numbers = list(dict.fromkeys(number for parts, _ in spanning for number, _ in parts))
        notes = packet.notes if packet.notes is not None else {}
        if numbers:
            notes["tcp.segment"] = tuple(numbers)
            notes["tcp.segment.count"] = tuple(len({number for number, _ in parts}) for parts, _ in spanning)
            notes["tcp.reassembled.length"] = tuple(length for _, length in spanning)
            packet.notes = notes
        packet.carry_reassembled(tcp, protocol, octets)

    def _show_nothing(self, packet: Packet, tcp: Header, way: _Way) -> None:
        """Show a segment alone, where it would else be read as if a message began with it."""
        if way.protocol is not None or _has_messages(self._above(packet, tcp)):
            packet.carry(tcp, None, tcp.stop, tcp.stop)

    def _may_begin(self, way: _Way, above: type[Header] | None, octets: bytes) -> bool:
        """Whether a message may begin with these octets; says by which protocol. `above` is what they look like."""
        for protocol in (above, way.protocol):
            if protocol is None:
                continue
            memory: dict[str, int] = {}
            length = protocol.message_length(octets, 0, memory)
            if length is None and not way.begun and not protocol.recognises(octets):
                continue
            if length != 0 and (protocol is above or way.begun or protocol.recognises(octets)):
                way.protocol, way.memory = protocol, memory
                return True
        return False

    def _above(self, packet: Packet, tcp: Header) -> type[Header] | None:
        """The protocol that is above TCP in a packet: the one recognised, else the one that the ports lead to."""
        above = next((type(layer) for layer in packet.layers if layer.below is tcp), Data)
        return packet.led_to(tcp) if above is Data else above

    # -- what is kept -------------------------------------------------------------------------------------

    def _count(self, way: _Way) -> None:
        """Take note of what a direction keeps now; where it is too much, the oldest gives up its message."""
        size = len(way.held) + OVERHEAD * (len(way.parts) + 1) if way.held else 0
        self.held += size - self._holding.get(way, 0)
        if size:
            self._holding[way] = size
        else:
            self._holding.pop(way, None)
        while self.held > self.most_held and self._holding:
            self._lose(next(iter(self._holding)))

    def _lose(self, way: _Way) -> None:
        """Give up an unfinished message."""
        way.drop()
        self.held -= self._holding.pop(way, 0)


def _sockets(tcp: Header) -> tuple[tuple[object, int], tuple[object, int]]:
    """The sockets of a segment, the sender's first: address, where something below has one, and port."""
    source = destination = None
    below = tcp.below
    while below is not None:
        if below.addresses is not None:
            first, second = below.addresses
            source, destination = getattr(below, first), getattr(below, second)
            break
        below = below.below
    return (source, tcp.srcport), (destination, tcp.dstport)


def _comes_first(source: tuple[object, int], destination: tuple[object, int]) -> bool:
    """Which socket stands first in the key of a connection."""
    if source[1] != destination[1]:
        return source[1] < destination[1]
    return str(source[0]) <= str(destination[0])


def _is_another(connection: _Connection, source: object, tcp: Header) -> bool:
    """Whether a SYN opens another connection between the same sockets, rather than being sent again."""
    way = connection.ways[source]
    return way.next is not None and way.isn != tcp.seq_raw


def _has_messages(protocol: type[Header] | None) -> bool:
    """Whether a protocol says where its messages end."""
    if protocol is None:
        return False
    return protocol.message_length.__func__ is not Header.message_length.__func__  # type: ignore[attr-defined]


def _divided(parts: list[tuple[int, int]], at: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The packets of the first `at` octets, and those of the others."""
    for place, (number, octets) in enumerate(parts):
        if at < octets:
            before = [*parts[:place], (number, at)] if at else parts[:place]
            return before, [(number, octets - at), *parts[place + 1 :]]
        at -= octets
    return parts, []


def _spanning(parts: list[tuple[int, int]], whole: list[int]) -> list[tuple[list[tuple[int, int]], int]]:
    """Of messages of so many octets those that came in more than one packet, each with its packets."""
    spanning = []
    for length in whole:
        own, parts = _divided(parts, length)
        if len(own) > 1:
            spanning.append((own, length))
    return spanning
