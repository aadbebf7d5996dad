# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""Packets in, connections out: which connection a segment belongs to, and what is known of it there.

    tracker = Tracker()
    for packet in rawcap.read("trace.pcapng"):
        tracker.add(packet)
    for connection in tracker.connections:
        print(connection.client, connection.opened, connection.closed)

`add` takes a packet that is dissected, `follow` ordinary ones of a chunk where they stand; both lead to the same. What
is found is left on a packet as `notes`, so that the fields of FIELDS have values, or written into columns.

This is plain Python that Cython compiles too (tracker.pxd has the types): installed with a compiler it runs as native
code, without one the same file is interpreted.
"""
from __future__ import annotations

import cython

from dissectors import layout
from dissectors.transport.tcp import analysis_words, duplicate_words
from rawcap.tcp.connection import FLAG_NAMES, IcmpError
from rawcap.tcp.exchange import Exchange

if cython.compiled:
    from cython.cimports.rawcap.tcp.analysis import analyse
    from cython.cimports.rawcap.tcp.connection import Connection, Findings, Side
    from cython.cimports.rawcap.tcp.segment import Segment
else:
    from rawcap.tcp.analysis import analyse
    from rawcap.tcp.connection import Connection, Findings, Side
    from rawcap.tcp.segment import Segment

NONE = -(1 << 63)
"""In a column, in place of a value."""

_NUMBERS = (
    "tcp.stream",
    "tcp.seq",
    "tcp.ack",
    "tcp.window_size",
    "tcp.nxtseq",
    "tcp.completeness",
    "tcp.analysis.acks_frame",
    "tcp.analysis.ack_rtt",
    "tcp.analysis.rto",
    "tcp.analysis.rto_frame",
    "tcp.analysis.duplicate_ack_num",
    "tcp.analysis.duplicate_ack_frame",
    "tcp.analysis.bytes_in_flight",
    "tcp.analysis.push_bytes_sent",
    "tcp.analysis.initial_rtt",
    "tcp.time_relative",
    "tcp.time_delta",
    "udp.stream",
    "tcp.analysis",
    "tcp.analysis.flags",
)
NAMES: tuple[str, ...] = (*_NUMBERS, *(f"tcp.analysis.{name}" for name in FLAG_NAMES))
"""The fields that the tracker knows, in the order of the columns that it fills."""
FIELDS = frozenset({*NAMES, "tcp.options.sack_le", "tcp.options.sack_re"})
"""The fields that its notes give a value, or another one."""

_FIRST_FLAG = cython.declare(cython.longlong, len(_NUMBERS))
_UDP_STREAM = cython.declare(cython.longlong, _NUMBERS.index("udp.stream"))
_NONE = cython.declare(cython.longlong, NONE)
_SYN = cython.declare(cython.longlong, 0x02)
_ACK = cython.declare(cython.longlong, 0x10)
_NOT_KNOWN = cython.declare(cython.longlong, -1)
_REUSED_PORTS = cython.declare(cython.longlong, 1 << FLAG_NAMES.index("reused_ports"))
_DUPLICATE_ACK = cython.declare(cython.longlong, 1 << FLAG_NAMES.index("duplicate_ack"))
_OUT_OF_THE_ORDINARY = cython.declare(cython.longlong, (1 << FLAG_NAMES.index("tfo_syn")) - 1)
_TFO_SYN = cython.declare(cython.longlong, 1 << FLAG_NAMES.index("tfo_syn"))
_TFO_ACK = cython.declare(cython.longlong, 1 << FLAG_NAMES.index("tfo_ack"))
_TFO_IGNORED = cython.declare(cython.longlong, 1 << FLAG_NAMES.index("tfo_ignored"))
_ERRORS = {"icmp": {3, 4, 5, 11, 12}, "icmpv6": {1, 2, 3, 4}}  # the types that quote (RFC 792, RFC 4443)


class Tracker:
    """Follows the connections and exchanges of a capture.

    With `most`, those that were used last are remembered, `most` at least, and `connections` and `exchanges` stay
    empty: that is for captures without an end. `with_states` keeps for each side the states that it went through.
    """

    # Two generations, `young` and `old`: what is not used while one fills up is forgotten with the next. `udp_stream`
    # and `quoted_stream`, tcp.stream of what an error quotes, are of the packet at hand, or NONE. `worded` has what
    # lines begin with, by the flags of the findings.

    def __init__(self, *, most: int = 0, with_states: bool = True) -> None:
        self.connections = []
        self.exchanges = []
        self.segment = Segment()
        self.findings = Findings()
        self.most = most
        self.with_states = with_states
        self.streams = self.udp_streams = 0
        self.udp_stream = self.quoted_stream = NONE
        self.is_segment = False
        self.worded = {}
        self.young, self.old, self.young_udp, self.old_udp = {}, {}, {}, {}

    # -- packets that are dissected -----------------------------------------------------------------------

    def add(self, packet: object) -> object:
        """Take in the next packet; gives the connection or exchange that it belongs to, or that it is an error of."""
        self.is_segment = False
        self.udp_stream = self.quoted_stream = _NONE
        tcp = packet.tcp
        udp = packet.udp
        exchange = None
        if udp is not None and not udp.status & (layout.PARTIAL | layout.QUOTED):
            exchange = self._datagram(_key(udp), packet.number, packet.time_ns, udp.payload_length)
        if tcp is not None and not tcp.status & (layout.PARTIAL | layout.QUOTED):
            time_ns = packet.time_ns
            octets: cython.const[cython.uchar][::1] = memoryview(tcp.octets)
            length = tcp.len or 0
            self.segment.read(
                packet.number,
                _NONE if time_ns is None or time_ns.bit_length() > 63 else time_ns,
                octets,
                tcp.start,
                tcp.stop,
                tcp.stop + length,
            )
            return self._segment(_key(tcp))
        if exchange is not None:
            return exchange
        if tcp is not None or udp is not None:
            return self._error(packet)
        return None

    def note(self, packet: object) -> object:
        """Take in the next packet and leave what is known of it in its notes; gives the packet back."""
        notes = packet.notes
        if notes is None:
            notes = packet.notes = {}
        self.add(packet)
        place: cython.longlong
        value: cython.longlong
        if self.is_segment:
            for place in range(len(NAMES)):
                value = self._value(place)
                if value != _NONE:
                    notes[NAMES[place]] = value
        elif self.quoted_stream != _NONE:
            notes["tcp.stream"] = self.quoted_stream
        if self.udp_stream != _NONE:
            notes["udp.stream"] = self.udp_stream
        return packet

    def skip(self) -> None:
        """Know nothing of the packet at hand."""
        self.is_segment = False
        self.udp_stream = self.quoted_stream = _NONE

    # -- packets of a chunk -------------------------------------------------------------------------------

    def follow(
        self,
        row: cython.longlong,
        number: cython.longlong,
        data: cython.const[cython.uchar][::1],
        kind: cython.const[cython.longlong][::1],
        ends_at: cython.const[cython.longlong][::1],
        at: cython.const[cython.longlong][::1],
        stop: cython.const[cython.longlong][::1],
        end: cython.const[cython.longlong][::1],
        times: cython.const[cython.longlong][::1],
        wanted: cython.const[cython.longlong][::1],
        out: cython.longlong[:, ::1],
    ) -> cython.longlong:
        """Take in packets from `row` on, the first of all having `number`; gives the first that is not for here.

        Of each, `kind` is 1 for TCP, 2 for UDP, 0 for neither, and less for one that is to be dissected. `ends_at` is
        where the addresses begin, right behind which the header stands from `at` to `stop`, with data to `end`.
        `wanted` are places in NAMES; their values are written into the rows of `out`, NONE where there is none.
        """
        count: cython.longlong = len(kind)
        column: cython.longlong
        while row < count and kind[row] >= 0:
            self.is_segment = False
            self.udp_stream = self.quoted_stream = _NONE
            if kind[row] == 1:
                self.segment.read(number + row, times[row], data, at[row], stop[row], end[row])
                self._segment(_octets(data, ends_at[row], at[row] + 4))
            elif kind[row] == 2:
                time = times[row]
                self._datagram(
                    _octets(data, ends_at[row], at[row] + 4),
                    number + row,
                    None if time == _NONE else time,
                    end[row] - stop[row],
                )
            for column in range(len(wanted)):
                out[column, row] = self._value(wanted[column])
            row += 1
        return row

    def number(
        self,
        key: bytes,
        number: cython.longlong,
        time_ns: cython.longlong,
        data: cython.const[cython.uchar][::1],
        at: cython.longlong,
        stop: cython.longlong,
        end: cython.longlong,
    ) -> int:
        """Take in one segment where it stands; `findings` are of it then."""
        self.segment.read(number, time_ns, data, at, stop, end)
        self._segment(key)
        return 0

    def words(self) -> bytes:
        """What the line of the segment that was taken in last begins with, in UTF-8."""
        found: Findings = self.findings
        if found.flags & _DUPLICATE_ACK:
            return self._worded(found.flags & ~_DUPLICATE_ACK) + duplicate_words(
                found.duplicate_ack_frame, found.duplicate_ack_num
            ).encode()
        return self._worded(found.flags)

    def _worded(self, flags: cython.longlong) -> bytes:
        told: object = self.worded.get(flags)
        if told is None:
            notes = {f"tcp.analysis.{name}": 1 for bit, name in enumerate(FLAG_NAMES) if flags >> bit & 1}
            told = self.worded[flags] = analysis_words(notes).encode()
        return told

    def write(
        self, row: cython.longlong, wanted: cython.const[cython.longlong][::1], out: cython.longlong[:, ::1]
    ) -> None:
        """Write what is known of the packet that was taken in last into the columns, as `follow` does."""
        column: cython.longlong
        for column in range(len(wanted)):
            out[column, row] = self._value(wanted[column])

    # -- what both lead to --------------------------------------------------------------------------------

    def _segment(self, key: bytes) -> Connection:
        """Take in the segment that was read, of the sockets that `key` tells, the sender's first."""
        segment: Segment = self.segment
        findings: Findings = self.findings
        side: Side = self._side(key)
        reused: cython.bint = False
        opens: cython.bint = segment.flags & (_SYN | _ACK) == _SYN
        if side is not None and side.connection.aside is not None:
            side = self._choose(key, side)
        if side is not None and opens and side.base != _NOT_KNOWN:
            reused = side.base != segment.seq_raw or side.connection.ended
        if side is None or reused:
            before: Side = side
            side = self._begin(key, reused)
            if reused and not before.connection.reset and before.segments and before.other.segments:
                before.connection.aside = None
                side.connection.aside = before.connection
        connection: Connection = side.connection
        analyse(side, segment, findings)
        if reused:
            findings.flags |= _REUSED_PORTS
        if segment.flags & _SYN:
            self._judge_fast_open(side)
        connection.advance(side, segment, findings)
        self.is_segment = True
        return connection

    def _choose(self, key: bytes, side: Side) -> Side:
        """The side that sends a segment after a SYN in the middle of a connection (RFC 9293, 3.5.1; RFC 5961, 4.2).

        Until the SYN is answered, what has the number that comes next in the old connection belongs to that, which
        goes on: an answer to the SYN is a challenge ACK then. The same SYN once more belongs to the new connection.
        """
        segment: Segment = self.segment
        connection: Connection = side.connection
        aside: Connection = connection.aside
        same: Side = aside.first if aside.key == key else aside.second
        if aside.stream > connection.stream:  # the old connection went on
            if segment.flags & (_SYN | _ACK) != _SYN or same.base != segment.seq_raw:
                return side
        elif connection.second.segments or segment.flags & _SYN:
            if connection.second.segments:
                connection.aside = None
            return side
        elif segment.seq_raw != same.next_seq:
            return side
        else:
            same.challenged = side is connection.second
            connection.challenge = cython.cast(cython.uint, segment.number)
        connection.aside = None
        aside.aside = connection
        self._keep(key, same)
        return same

    def _judge_fast_open(self, side: Side) -> int:
        """Find what a SYN with data, or its answer, says of fast open (RFC 7413)."""
        segment: Segment = self.segment
        asked: Segment = side.other.syn
        if not segment.flags & _ACK:
            if segment.cookie > 0:
                self.findings.flags |= _TFO_SYN
        elif asked is not None and asked.cookie > 0 and asked.length:
            whole: cython.uint = asked.seq_raw + 1 + asked.length
            self.findings.flags |= _TFO_ACK if segment.ack_raw == whole else _TFO_IGNORED
        return 0

    def _datagram(self, key: bytes, number: object, time_ns: object, octets: object) -> object:
        found: tuple = self.young_udp.get(key)
        if found is None:
            found = self.old_udp.pop(key, None)
            if found is None:
                exchange = Exchange(self.udp_streams, key)
                self.udp_streams += 1
                found = exchange, exchange.client
                if not self.most:
                    self.exchanges.append(exchange)
                if exchange.client.address != exchange.server.address or exchange.client.port != exchange.server.port:
                    self.young_udp[_turned(key)] = exchange, exchange.server
            if self.most and len(self.young_udp) >= 2 * self.most:
                self.old_udp, self.young_udp = self.young_udp, {}
            self.young_udp[key] = found
        found[0].add(found[1], number, time_ns, octets)
        self.udp_stream = found[0].stream
        return found[0]

    def _side(self, key: bytes) -> Side:
        """The side that sends from these sockets; None where it is not known."""
        side: object = self.young.get(key)
        if side is None and self.most:
            side = self.old.get(key)
            if side is not None:
                self._keep(key, side)
        return side

    def _begin(self, key: bytes, reused: cython.bint) -> Side:
        connection = Connection(self.streams, key, self.segment, reused, self.with_states)
        self.streams += 1
        if not self.most:
            self.connections.append(connection)
        self._keep(key, connection.first)
        return connection.first

    def _keep(self, key: bytes, side: Side) -> object:
        if self.most and len(self.young) >= 2 * self.most:
            self.old, self.young = self.young, {}
        self.young[_turned(key)] = side.other
        self.young[key] = side
        return None

    def _error(self, packet: object) -> object:
        """Take in an ICMP message that quotes what belongs to a connection or exchange that is known."""
        told = None
        for layer in packet.layers:
            if not layer.quoted:
                if layer.name in _ERRORS and layer.type in _ERRORS[layer.name]:
                    told = layer
                continue
            if told is None or layer.name not in ("tcp", "udp") or layer.stop - layer.start < 4:
                continue
            key = _key(layer)
            side = self._side(key) if layer.name == "tcp" else None
            found = side.connection if side is not None else None
            if layer.name == "udp":
                exchange = self.young_udp.get(key) or self.old_udp.get(key)
                found = exchange[0] if exchange is not None else None
            if found is None:
                return None
            if layer.name == "tcp":
                self.quoted_stream = found.stream
            else:
                self.udp_stream = found.stream
            reporter = told.below.src if told.below is not None else ""
            version = 4 if told.name == "icmp" else 6
            found.add_error(
                IcmpError(packet.number, packet.time_ns, version, told.type, told.code, reporter, told.info() or "")
            )
            return found
        return None

    def _value(self, place: cython.longlong) -> int:
        """What is known of the packet at hand: the value of a field, NONE where it has none."""
        found: Findings = self.findings
        value: cython.longlong
        if place == _UDP_STREAM:
            return self.udp_stream
        if not self.is_segment:
            return self.quoted_stream if place == 0 else _NONE
        if place >= _FIRST_FLAG:
            return 1 if found.flags >> (place - _FIRST_FLAG) & 1 else _NONE
        if place == 0:
            return found.stream
        if place == 1:
            return found.seq
        if place == 2:
            return found.ack
        if place == 3:
            return found.window
        if place == 4:
            return found.next_seq
        if place == 5:
            return found.completeness
        if place == 7:
            return found.ack_rtt if found.acks_frame else _NONE
        if place == 8:
            return found.rto if found.rto else _NONE
        if place == 15:
            return found.time_relative
        if place == 16:
            return found.time_delta
        if place == 18:
            return 1 if found.flags or found.acks_frame or found.is_measured else _NONE
        if place == 19:
            return 1 if found.flags & _OUT_OF_THE_ORDINARY else _NONE
        value = 0
        if place == 6:
            value = found.acks_frame
        elif place == 9:
            value = found.rto_frame if found.rto else 0
        elif place == 10:
            value = found.duplicate_ack_num
        elif place == 11:
            value = found.duplicate_ack_frame
        elif place == 12:
            value = found.bytes_in_flight
        elif place == 13:
            value = found.push_bytes_sent
        elif place == 14:
            value = found.initial_rtt
        return value if value != 0 else _NONE


def _key(layer: object) -> bytes:
    """Addresses and ports, the sender's first, as they stand in the headers; no addresses where there are none."""
    ports = bytes(layer.octets[layer.start : layer.start + 4])
    below = layer.below
    while below is not None:
        addresses = below.addresses
        if addresses is not None:
            first, last = (below.position(below.declaration.fields[name]) for name in addresses)
            if first is None or last is None:
                break
            return bytes(below.octets[slice(*first)]) + bytes(below.octets[slice(*last)]) + ports
        below = below.below
    return ports


@cython.cfunc
def _turned(key: bytes) -> bytes:
    """The same, the receiver's first."""
    wide: cython.Py_ssize_t = (len(key) - 4) // 2
    return key[wide : 2 * wide] + key[:wide] + key[2 * wide + 2 :] + key[2 * wide : 2 * wide + 2]


@cython.cfunc
@cython.inline
def _octets(data: cython.const[cython.uchar][::1], start: cython.longlong, stop: cython.longlong) -> bytes:
    if start < 0 or start >= stop or stop > len(data):
        raise IndexError("octets that are not there")
    if cython.compiled:
        base: cython.p_const_uchar = cython.address(data[0])
        return cython.cast(bytes, base[start:stop])
    return bytes(data[start:stop])
