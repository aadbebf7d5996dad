# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""What is known of one TCP connection: its two sides, their states, and the evidence for both.

A connection takes in a segment after it was analysed (analysis.py): each side moves through the states of states.py,
and what proves something is kept: the segments that open and close, what went wrong, how much was sent and
acknowledged. All of it stays small, whatever the connection carries; what is asked for is worked out then.

This is plain Python that Cython compiles too (connection.pxd has the types): installed with a compiler it runs as
native code, without one the same file is interpreted.
"""
from __future__ import annotations

import socket
from typing import NamedTuple

import cython

from rawcap.tcp import states

if cython.compiled:
    from cython.cimports.rawcap.tcp.segment import Segment
else:
    from rawcap.tcp.segment import Segment

_FIN = cython.declare(cython.longlong, 0x01)
_SYN = cython.declare(cython.longlong, 0x02)
_RST = cython.declare(cython.longlong, 0x04)
_ACK = cython.declare(cython.longlong, 0x10)
_32_BITS = cython.declare(cython.longlong, 0xFFFFFFFF)
_HALF = cython.declare(cython.longlong, 1 << 31)
_EARLIEST = cython.declare(cython.longlong, -0x7FFFFFFFFFFFFFFF)  # of all times; one less is segment.NO_TIME
_NOT_KNOWN = cython.declare(cython.longlong, -1)
_MOST_NUMBERS = cython.declare(cython.longlong, 8)
_MOST_STATES = cython.declare(cython.longlong, 32)
_MOST_SYNS = cython.declare(cython.longlong, 16)
_MOST_HOLES = cython.declare(cython.longlong, 256)
_MOST_UNACKNOWLEDGED = cython.declare(cython.longlong, 4096)
_MOST_ERRORS = 8

_TABLE = cython.declare(bytes, states.flat())
_EVENTS = cython.declare(cython.longlong, len(states.EVENTS))
_SEND_SYN = cython.declare(cython.int, states.EVENTS.index("send SYN"))
_SEND_SYN_ACK = cython.declare(cython.int, states.EVENTS.index("send SYN,ACK"))
_SEND_FIN = cython.declare(cython.int, states.EVENTS.index("send FIN"))
_SEND_CROSSING_FIN = cython.declare(cython.int, states.EVENTS.index("send crossing FIN"))
_SEND_RST = cython.declare(cython.int, states.EVENTS.index("send RST"))
_SEND_OTHER = cython.declare(cython.int, states.EVENTS.index("send other"))
_RECEIVE_SYN = cython.declare(cython.int, states.EVENTS.index("receive SYN"))
_RECEIVE_SYN_ACK = cython.declare(cython.int, states.EVENTS.index("receive SYN,ACK"))
_RECEIVE_ACK_OF_SYN = cython.declare(cython.int, states.EVENTS.index("receive ACK of SYN"))
_RECEIVE_FIN = cython.declare(cython.int, states.EVENTS.index("receive FIN"))
_RECEIVE_ACK_OF_FIN = cython.declare(cython.int, states.EVENTS.index("receive ACK of FIN"))
_RECEIVE_RST = cython.declare(cython.int, states.EVENTS.index("receive RST"))
_RECEIVE_OTHER = cython.declare(cython.int, states.EVENTS.index("receive other"))
_CLOSED = cython.declare(cython.int, states.STATES.index("CLOSED"))
_UNKNOWN = cython.declare(cython.int, states.STATES.index("UNKNOWN"))
_SYN_RECEIVED = cython.declare(cython.int, states.STATES.index("SYN-RECEIVED"))

FLAG_NAMES: tuple[str, ...] = (
    "retransmission",
    "fast_retransmission",
    "spurious_retransmission",
    "out_of_order",
    "lost_segment",
    "ack_lost_segment",
    "duplicate_ack",
    "keep_alive",
    "keep_alive_ack",
    "window_update",
    "window_full",
    "zero_window",
    "zero_window_probe",
    "zero_window_probe_ack",
    "reused_ports",
    "tfo_syn",
    "tfo_ack",
    "tfo_ignored",
)
"""What the analysis finds in a segment, as tcp.analysis has it: bit i of `Findings.flags` is the i-th of these."""


def _bits(*names: str) -> int:
    return sum(1 << FLAG_NAMES.index(name) for name in names)


_WORTH_TELLING = cython.declare(cython.longlong, (1 << 14) - 1)  # the flags that are trouble, or look like it
_LOST_SEGMENT = cython.declare(cython.longlong, _bits("lost_segment"))
_ACK_LOST_SEGMENT = cython.declare(cython.longlong, _bits("ack_lost_segment"))
_REPEATED = cython.declare(cython.longlong, _bits("retransmission", "keep_alive"))
_KEEP_ALIVE = cython.declare(cython.longlong, _bits("keep_alive"))
_ZERO_WINDOW_PROBE = cython.declare(cython.longlong, _bits("zero_window_probe"))
_PROBE = cython.declare(cython.longlong, _bits("keep_alive", "zero_window_probe"))


class Moment(NamedTuple):
    """A packet of the capture, and when it came, nanoseconds since the epoch."""

    number: int
    time_ns: int


class IcmpError(NamedTuple):
    """An ICMP message that quotes a segment or datagram: who says what about it (RFC 792, RFC 4443)."""

    number: int
    time_ns: int
    version: int
    type: int
    code: int
    reporter: str
    words: str


class Handshake(NamedTuple):
    """The three segments that open a connection (RFC 9293, 3.5), as far as they were captured."""

    syn: Segment | None
    syn_ack: Segment | None
    ack: Segment | None

    @property
    def complete(self) -> bool:
        """Whether all three were captured and each acknowledges what it has to."""
        return self.syn is not None and self.syn_ack is not None and self.ack is not None

    @property
    def rtt_ns(self) -> int | None:
        """From the SYN to the acknowledgement of its answer, nanoseconds; None where SYNs crossed: none answers."""
        if self.syn is None or self.ack is None or (self.syn_ack is not None and not self.syn_ack.flags & _ACK):
            return None
        return self.ack.time_ns - self.syn.time_ns


class Trouble:
    """How often something went wrong, and the first packets in which it did."""

    def __init__(self) -> None:
        self.count = 0
        self.numbers: list[int] = []

    def __repr__(self) -> str:
        return f"Trouble({self.count}, {self.numbers})"


class Unacknowledged:
    """A segment whose acknowledgement was not seen yet; `newer` is the next one that was sent."""

    def __init__(self) -> None:
        self.seq = self.next_seq = self.number = self.time_ns = 0
        self.newer: Unacknowledged | None = None


class Findings:
    """What is known of one segment by those before it: the fields that Wireshark shows.

    Numbers of packets and counts are 0 where there is none, `bytes_in_flight` and times too; times are nanoseconds.
    `next_seq` is the number behind it, `expected` the one that was to come, -1 while that is not known. The bits of
    `flags` are FLAG_NAMES.
    """

    def __init__(self) -> None:
        self.stream = self.seq = self.ack = self.window = self.next_seq = self.completeness = 0
        self.clear()

    def clear(self) -> int:
        """Forget the segment before."""
        self.flags = 0
        self.acks_frame = self.ack_rtt = self.rto = self.rto_frame = 0
        self.duplicate_ack_num = self.duplicate_ack_frame = 0
        self.bytes_in_flight = self.push_bytes_sent = 0
        self.is_measured = False
        self.expected = _NOT_KNOWN
        self.initial_rtt = 0
        self.time_relative = self.time_delta = 0
        return 0


class Side:
    """One of the two sockets of a connection, and what it sent.

    `base` is the sequence number that counts as 0: the initial one, or one less than the first that was captured; -1
    while it is not known. `octets` counts data with all repetitions. `syn` is the first SYN or SYN/ACK, `fin` and `rst`
    are the first ones, each with a count; `fin_acked` is the number of the packet that acknowledges the FIN.
    Numbers of packets are 0 where there is none, windows are octets and -1 where none was seen.
    `trouble` has what went wrong with the segments that this side sent, by name, and `states` the states that the
    packets prove, each with the number of the packet.
    """

    def __init__(self) -> None:
        self.base = self.next_seq = self.to_acknowledge = _NOT_KNOWN
        self.shift = -2
        self.last_ack_raw = self.highest_acked = self.highest_sent = self.fin_seq = self.last_tsval = _NOT_KNOWN
        self.next_ns = self.last_ack_ns = 0
        self.window = _NOT_KNOWN
        self.next_number = self.duplicates = self.not_duplicate = self.last_flags = self.pushed = 0
        self.push_ended = False
        self.flight_known = True
        self.oldest = self.newest = None
        self.unacknowledged = 0
        self.last_sack = b""
        self.state_number = _UNKNOWN
        self.challenged = False
        self.states: list[tuple[int, str]] | None = None
        self.syn: Segment | None = None
        self.fin: Segment | None = None
        self.rst: Segment | None = None
        self.syn_count = self.fin_count = self.rst_count = self.fin_acked = 0
        self.segments = self.data_segments = 0
        self.last_ack_number = self.first_data_number = self.last_data_number = 0
        self.first_data_ns = self.last_data_ns = 0
        self.octets = 0
        self.smallest_window = self.largest_window = _NOT_KNOWN
        self.syns_again: list[Moment] | None = None
        self.trouble: dict[str, Trouble] | None = None
        self.holes: list[tuple[int, int]] | None = None

    # -- what is asked of it ------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Its address, as text; empty where the segments were in no datagram."""
        octets = self._socket()[0]
        if len(octets) not in (4, 16):
            return ""
        return socket.inet_ntop(socket.AF_INET if len(octets) == 4 else socket.AF_INET6, octets)

    @property
    def port(self) -> int:
        """Its port."""
        return int.from_bytes(self._socket()[1], "big")

    def _socket(self) -> tuple[bytes, bytes]:
        key = self.connection.key
        wide = (len(key) - 4) // 2
        if self is self.connection.first:
            return key[:wide], key[2 * wide : 2 * wide + 2]
        return key[wide : 2 * wide], key[2 * wide + 2 :]

    @property
    def state(self) -> str:
        """The name of its state, as far as the packets prove it."""
        return states.STATES[self.state_number]

    @property
    def isn(self) -> int:
        """Its initial sequence number (RFC 9293, 3.4.1), -1 where its SYN was not captured."""
        return self.syn.seq_raw if self.syn is not None else -1

    @property
    def syns(self) -> list[Moment]:
        """Its SYNs or SYN/ACKs, the first 16."""
        if self.syn is None:
            return []
        return [Moment(self.syn.number, self.syn.time_ns), *(self.syns_again or ())]

    @property
    def scale(self) -> int:
        """How far its windows are shifted (RFC 7323, 2.3), bits: 0 unless both sides offered to."""
        return max(self.shift, 0) if self.shift > 0 and self.other.shift >= 0 else 0

    @property
    def sent(self) -> int:
        """Octets of data from the first to the last that it sent, counted by sequence numbers: no repetition counts."""
        if self.base == _NOT_KNOWN or self.highest_sent == _NOT_KNOWN:
            return 0
        return self._data_to(self.highest_sent)

    @property
    def acked(self) -> int:
        """Octets of its data that the other side acknowledged."""
        if self.base == _NOT_KNOWN or self.highest_acked == _NOT_KNOWN:
            return 0
        return self._data_to(self.highest_acked)

    def _data_to(self, seq: int) -> int:
        count = seq - self.base - 1 & 0xFFFFFFFF
        if count > 0xFFFF0000:
            return 0
        behind_fin = self.fin_seq != _NOT_KNOWN and 0 < (seq - self.fin_seq & 0xFFFFFFFF) < 1 << 31
        return count - behind_fin

    @property
    def missing(self) -> int:
        """Octets of its data that were not captured, between others that were."""
        return sum(stop - start & 0xFFFFFFFF for start, stop in self.holes or ())

    @property
    def zero_windows(self) -> int:
        """Segments that say that it takes no more data."""
        return self.count("zero_window")

    def count(self, name: str) -> int:
        """How often some trouble was found in the segments that it sent."""
        found = self.trouble.get(name) if self.trouble else None
        return found.count if found is not None else 0

    def numbers(self, name: str) -> list[int]:
        """The packets in which some trouble was found, the first eight."""
        found = self.trouble.get(name) if self.trouble else None
        return list(found.numbers) if found is not None else []

    @property
    def first_data(self) -> Moment | None:
        """The first segment with data."""
        return Moment(self.first_data_number, self.first_data_ns) if self.first_data_number else None

    @property
    def last_data(self) -> Moment | None:
        """The last segment with data."""
        return Moment(self.last_data_number, self.last_data_ns) if self.last_data_number else None

    def __repr__(self) -> str:
        return f"<Side {self.address}:{self.port} {self.state}>"

    # -- what changes it ----------------------------------------------------------------------------------

    def enter(self, event: cython.int, number: cython.longlong) -> int:
        """Go to the state that an event leads to."""
        state: cython.uchar = _TABLE[self.state_number * _EVENTS + event]
        if state != self.state_number:
            self.state_number = state
            if self.states is not None and len(self.states) < _MOST_STATES:
                self.states.append((number, states.STATES[state]))
        return 0

    def blame(self, name: str, number: cython.longlong) -> int:
        """Note trouble with a segment that this side sent."""
        found: Trouble
        if self.trouble is None:
            self.trouble = {}
        if name in self.trouble:
            found = self.trouble[name]
        else:
            found = self.trouble[name] = Trouble()
        found.count += 1
        if len(found.numbers) < _MOST_NUMBERS:
            found.numbers.append(number)
        return 0

    def remember(self, segment: Segment, next_seq: cython.uint) -> int:
        """Keep a segment that takes up sequence numbers until it is acknowledged; the oldest goes if they are many."""
        kept: Unacknowledged = Unacknowledged()
        kept.seq = segment.seq_raw
        kept.next_seq = next_seq
        kept.number = segment.number
        kept.time_ns = segment.time_ns
        if self.oldest is None:
            self.oldest = kept
        else:
            self.newest.newer = kept
        self.newest = kept
        self.unacknowledged += 1
        if self.unacknowledged > _MOST_UNACKNOWLEDGED:
            self.oldest = self.oldest.newer
            self.unacknowledged -= 1
        return 0

    def settle(self, segment: Segment, findings: Findings) -> int:
        """Let go of what a segment of the other side acknowledges; the finding is which one that is, and its RTT."""
        ack: cython.longlong = segment.ack_raw
        before: Unacknowledged = None  # type: ignore[assignment]
        each: Unacknowledged = self.oldest
        while each is not None:
            if ack == each.next_seq:
                if findings.acks_frame == 0:
                    findings.acks_frame = each.number
                    findings.ack_rtt = segment.time_ns - each.time_ns
            elif 0 < (ack - each.seq & _32_BITS) < _HALF and (each.next_seq - ack & _32_BITS) < _HALF:
                each.seq = cython.cast(cython.uint, ack)
                before = each
                each = each.newer
                continue
            elif 0 < (each.next_seq - ack & _32_BITS) < _HALF:
                before = each
                each = each.newer
                continue
            if before is None:
                self.oldest = each.newer
            else:
                before.newer = each.newer
            if each is self.newest:
                self.newest = before
            self.unacknowledged -= 1
            each = each.newer
        return 0

    def dig(self, start: cython.longlong, stop: cython.longlong) -> int:
        """Sequence numbers were passed over."""
        if self.holes is None:
            self.holes = []
        if len(self.holes) < _MOST_HOLES:
            self.holes.append((start, stop))
        return 0

    def fill(self, start: cython.longlong, stop: cython.longlong) -> int:
        """Sequence numbers that may have been passed over came after all."""
        left: list = []
        for first, last in self.holes:
            wide: cython.longlong = last - first & _32_BITS
            begin: cython.longlong = start - first & _32_BITS
            end: cython.longlong = stop - first & _32_BITS
            if begin >= _HALF:
                begin = 0
            if end >= _HALF:
                end = 0
            if begin >= wide or end == 0:
                left.append((first, last))
                continue
            if begin > 0:
                left.append((first, first + begin & _32_BITS))
            if end < wide:
                left.append((first + end & _32_BITS, last))
        self.holes = left or None
        return 0


class Connection:
    """A pair of sockets that exchange segments, from the first that was captured to the last.

    `first` is the side that sent the first captured segment. `stream` is tcp.stream. `ack` is the segment that
    acknowledges the answer to the SYN, the third of the handshake. `reused` says that the same sockets had another
    connection before, and `challenge` is the packet by which that one went on in spite of the SYN, 0 where it did not.
    Numbers are those of packets, times nanoseconds since the epoch.
    """

    def __init__(self, stream: int, key: bytes, segment: Segment, reused: bool, with_states: bool) -> None:
        self.stream = stream
        self.key = key
        self.reused = reused
        self.first, self.second = Side(), Side()
        self.first.connection = self.second.connection = self
        self.first.other, self.second.other = self.second, self.first
        self.first_number, self.first_ns = segment.number, segment.time_ns
        self.last_number, self.last_ns = segment.number, segment.time_ns
        self.segments = 0
        self.ack: Segment | None = None
        self.completeness = 0
        self.ended = self.reset = self.fins_crossed = False
        self.first_to_close = -1
        self.initial_rtt = self.last_syn_ns = 0
        self.rtt_total = self.rtt_least = self.rtt_most = self.rtt_count = 0
        self.icmp: list[IcmpError] | None = None
        self.aside: Connection | None = None
        self.challenge = 0
        begins: cython.longlong = segment.flags & (_SYN | _ACK)
        if begins == _SYN:
            self.first.state_number = _CLOSED
        ports = key[len(key) - 4 :]
        self.second_is_client = begins == _SYN | _ACK or (begins & _SYN == 0 and ports[:2] < ports[2:])
        if with_states:
            for side in (self.first, self.second):
                side.states = [(segment.number, states.STATES[side.state_number])]

    # -- what is asked of it ------------------------------------------------------------------------------

    @property
    def client(self) -> Side:
        """The side that asked for the connection; where that was not captured, the one with the higher port."""
        return self.second if self.second_is_client else self.first

    @property
    def server(self) -> Side:
        """The other side."""
        return self.first if self.second_is_client else self.second

    @property
    def handshake(self) -> Handshake:
        """The segments that open it."""
        return Handshake(self.client.syn, self.server.syn, self.ack)

    @property
    def beginning_seen(self) -> bool:
        """Whether a SYN was captured."""
        return self.first.syn is not None or self.second.syn is not None

    @property
    def opened(self) -> str:
        """How it opened.

        "handshake", "fast open" or "simultaneous"; "refused", "unreachable", "unanswered" or "unfinished" where it did
        not, "challenged" where the sockets were in another connection that went on; "before the capture" where nobody
        can know.
        """
        client, server = self.client, self.server
        if not self.beginning_seen or client.syn is None:
            return "before the capture"
        if server.syn is None:
            if server.rst is not None:
                return "refused"
            if server.segments:
                return "unfinished"
            if self.challenge:
                return "challenged"
            return "unreachable" if self.icmp else "unanswered"
        if server.syn.flags & 0x10 == 0:
            return "simultaneous"
        if self.ack is None:
            return "unfinished"
        if client.syn.length and server.syn.ack_raw == client.syn.seq_raw + 1 + client.syn.length & 0xFFFFFFFF:
            return "fast open"
        return "handshake"

    @property
    def closed(self) -> str:
        """How it closed.

        "orderly" or "simultaneous" when both sides sent a FIN and both were acknowledged, "reset", "half closed" when
        only one side sent a FIN, "closing" when an acknowledgement is missing; "open" when no end was captured, and
        "never open".
        """
        if self.opened in ("refused", "unreachable", "unanswered", "challenged"):
            return "never open"
        first, second = self.first, self.second
        if first.fin_acked and second.fin_acked:
            return "simultaneous" if self.fins_crossed else "orderly"
        if self.reset:
            return "reset"
        if self.server.syn is not None and self.opened == "unfinished":
            return "never open"
        if first.fin is not None and second.fin is not None:
            return "closing"
        if first.fin is not None or second.fin is not None:
            return "half closed"
        return "open"

    @property
    def closer(self) -> str | None:
        """Who closed first, by a FIN or a reset: "client", "server", or None."""
        if self.first_to_close < 0:
            return None
        return "client" if (self.first_to_close == 1) == self.second_is_client else "server"

    @property
    def time_wait(self) -> str | None:
        """Which side is left in TIME-WAIT (RFC 9293, 3.6): "client", "server", "both", or None."""
        waiting = [name for name in ("client", "server") if getattr(self, name).state == "TIME-WAIT"]
        return "both" if len(waiting) == 2 else waiting[0] if waiting else None

    @property
    def retransmissions(self) -> int:
        """Segments that were sent again, by both sides."""
        return self.first.count("retransmission") + self.second.count("retransmission")

    @property
    def mean_rtt_ns(self) -> int | None:
        """From a segment to its acknowledgement, nanoseconds; on average. None where none was acknowledged."""
        return self.rtt_total // self.rtt_count if self.rtt_count else None

    @property
    def min_rtt_ns(self) -> int | None:
        """The shortest."""
        return self.rtt_least if self.rtt_count else None

    @property
    def max_rtt_ns(self) -> int | None:
        """The longest."""
        return self.rtt_most if self.rtt_count else None

    def add_error(self, error: IcmpError) -> None:
        """Take in an ICMP error that quotes one of its segments."""
        if self.icmp is None:
            self.icmp = []
        if len(self.icmp) < _MOST_ERRORS:
            self.icmp.append(error)

    def __repr__(self) -> str:
        client, server = self.client, self.server
        return f"<Connection {self.stream} {client.address}:{client.port} → {server.address}:{server.port}>"

    # -- what changes it ----------------------------------------------------------------------------------

    def advance(self, side: Side, segment: Segment, findings: Findings) -> int:
        """Take in the next segment, which `side` sent and of which `findings` are known."""
        other: Side = side.other
        flags: cython.longlong = segment.flags
        number: cython.longlong = segment.number
        seq: cython.longlong = segment.seq_raw
        ack: cython.longlong = segment.ack_raw
        found: cython.longlong = findings.flags
        acks_syn: cython.bint
        acks_fin: cython.bint
        bit: cython.longlong
        window: cython.longlong
        segment.from_client = (side is self.first) != self.second_is_client
        self.segments += 1
        self.last_number = cython.cast(cython.uint, number)
        if segment.time_ns >= _EARLIEST:
            self.last_ns = segment.time_ns
        side.segments += 1

        if found & _ACK_LOST_SEGMENT and other.next_seq != _NOT_KNOWN and (other.next_seq - ack & _32_BITS) < _HALF:
            found &= ~_ACK_LOST_SEGMENT  # seen, though not in one piece
        if found & _KEEP_ALIVE and other.window == 0:
            found = found & ~_KEEP_ALIVE | _ZERO_WINDOW_PROBE  # what asks a closed window has the form of a keep-alive
        if flags & (_SYN | _ACK) == _SYN | _ACK and side.syn_count == 1 and not side.syn.flags & _ACK:
            found &= ~_REPEATED  # the answer to a SYN that crossed
        if found & _WORTH_TELLING:
            for bit in range(14):
                if found >> bit & 1:
                    side.blame(FLAG_NAMES[bit], number)
        if side.holes is not None and segment.length and not found & _LOST_SEGMENT:
            side.fill(seq, seq + segment.length & _32_BITS)
        self._judge(side, segment, found)
        if segment.length and not flags & _RST:
            self._measure(side, segment)
        if segment.length and (not found & _PROBE or side.last_data_number == 0):
            if side.fin_seq == _NOT_KNOWN or 0 < (side.fin_seq - seq & _32_BITS) < _HALF:  # nothing follows a FIN
                side.data_segments += 1
                side.octets += segment.length
                side.last_data_number = cython.cast(cython.uint, number)
                side.last_data_ns = segment.time_ns
                if side.first_data_number == 0:
                    side.first_data_number = side.last_data_number
                    side.first_data_ns = segment.time_ns
        if flags & _ACK:
            side.last_ack_number = cython.cast(cython.uint, number)
            if other.highest_acked == _NOT_KNOWN or 0 < (ack - other.highest_acked & _32_BITS) < _HALF:
                if other.next_seq == _NOT_KNOWN or (other.next_seq - ack & _32_BITS) < _HALF:
                    other.highest_acked = ack
            if findings.acks_frame != 0 and not flags & _SYN:
                self._sample(findings.ack_rtt)
        if not flags & (_SYN | _RST):
            window = findings.window
            if side.smallest_window == _NOT_KNOWN or window < side.smallest_window:
                side.smallest_window = cython.cast(cython.int, window)
            if window > side.largest_window:
                side.largest_window = cython.cast(cython.int, window)

        # The states: what the segment is for its sender, then what it is for the other side. What acknowledges more
        # than was sent is no answer to a SYN (RFC 9293, 3.10.7.3 and 3.10.7.4).
        acks_syn = bool(
            flags & _ACK
            and other.syn is not None
            and 0 < (ack - other.syn.seq_raw & _32_BITS) < _HALF
            and (other.next_seq - ack & _32_BITS) < _HALF
        )
        acks_fin = bool(
            flags & _ACK and other.fin_seq != _NOT_KNOWN and 0 < (ack - other.fin_seq & _32_BITS) < _HALF
        )
        if flags & _RST:
            side.rst_count += 1
            if side.rst is None:
                side.rst = segment.bare()
            if self._is_acceptable(side, segment, findings):
                if side.state_number != _SYN_RECEIVED or flags & _ACK or seq == findings.expected:
                    side.enter(_SEND_RST, number)  # else it answers a wrong acknowledgement (RFC 9293, 3.10.7.4)
                if self.first_to_close < 0:
                    self.first_to_close = 0 if side is self.first else 1
                self.reset = True
                other.enter(_RECEIVE_RST, number)
            else:
                side.blame("reset_out_of_window", number)
                window = max(other.window, 1) << other.scale
                other.challenged = (seq - other.last_ack_raw & _32_BITS) < window  # RFC 5961, 3.2
            return 0
        if flags & _SYN:
            side.syn_count += 1
            if side.syn is None:
                side.syn = segment.copy()
            elif side.syn_count <= _MOST_SYNS:
                if side.syns_again is None:
                    side.syns_again = []
                side.syns_again.append(Moment(number, segment.time_ns))
            if flags & _ACK:
                side.enter(_SEND_SYN_ACK, number)
                if acks_syn:
                    other.enter(_RECEIVE_SYN_ACK, number)
            else:
                side.enter(_SEND_SYN, number)
                if other.syn is not None and not other.syn.flags & _ACK:  # they crossed
                    side.enter(_RECEIVE_SYN, number)
                other.enter(_RECEIVE_SYN, number)
                if self.ack is not None:
                    other.challenged = True  # RFC 5961, 4.2
        elif not flags & _FIN:
            side.enter(_SEND_OTHER, number)
        if acks_syn:
            if self.ack is None and segment.from_client and not flags & _SYN:
                self.ack = segment.copy()
            other.enter(_RECEIVE_ACK_OF_SYN, number)
        if acks_fin:
            if other.fin_acked == 0:
                other.fin_acked = cython.cast(cython.uint, number)
            other.enter(_RECEIVE_ACK_OF_FIN, number)
        if flags & _FIN:
            side.fin_count += 1
            if side.fin is None:
                side.fin = segment.bare()
                side.fin_seq = seq + segment.length & _32_BITS
                if self.first_to_close < 0:
                    self.first_to_close = 0 if side is self.first else 1
                elif not acks_fin and other.fin is not None:
                    self.fins_crossed = True
            side.enter(_SEND_CROSSING_FIN if other.fin is not None and not acks_fin else _SEND_FIN, number)
            other.enter(_RECEIVE_FIN, number)
        elif not flags & _SYN:
            other.enter(_RECEIVE_OTHER, number)
        return 0

    def _measure(self, side: Side, segment: Segment) -> int:
        """Take in where the data of a segment begin and end; what is behind a FIN does not count."""
        stop: cython.longlong = segment.seq_raw + segment.length & _32_BITS
        if side.fin_seq != _NOT_KNOWN and 0 < (stop - side.fin_seq & _32_BITS) < _HALF:
            stop = side.fin_seq
        if side.highest_sent == _NOT_KNOWN or 0 < (stop - side.highest_sent & _32_BITS) < _HALF:
            if side.highest_sent != _NOT_KNOWN and 0 < (side.highest_sent - segment.seq_raw & _32_BITS) < _HALF:
                side.blame("overlap", segment.number)
            side.highest_sent = stop
        return 0

    def _judge(self, side: Side, segment: Segment, found: cython.longlong) -> int:
        """Find what Wireshark has no name for."""
        other: Side = side.other
        number: cython.longlong = segment.number
        seq: cython.longlong = segment.seq_raw
        if segment.length:
            if side.fin_seq != _NOT_KNOWN and not found & _PROBE:
                if 0 < (seq + segment.length - side.fin_seq & _32_BITS) < _HALF:
                    side.blame("data_after_fin", number)
            if side.rst is not None and self.reset:
                side.blame("data_after_reset", number)
        if segment.tsval >= 0 and not segment.flags & (_RST | _SYN):
            if side.last_tsval != _NOT_KNOWN and (segment.tsval - side.last_tsval & _32_BITS) >= _HALF:
                side.blame("paws", number)
            elif other.last_ack_raw == _NOT_KNOWN or (other.last_ack_raw - seq & _32_BITS) < _HALF:
                side.last_tsval = segment.tsval
        if len(segment.sack) >= 8 and not segment.flags & _SYN and self._is_duplicate_sack(segment):
            side.blame("d_sack", number)
        if side.challenged:
            side.challenged = False
            if segment.length == 0 and segment.flags & (_SYN | _RST | _FIN | _ACK) == _ACK:
                if segment.ack_raw == side.last_ack_raw:
                    side.blame("challenge_ack", number)
        return 0

    def _is_duplicate_sack(self, segment: Segment) -> int:
        """Whether the first SACK block tells of data that came twice (RFC 2883, 4)."""
        blocks: list = segment.blocks()
        left: cython.longlong
        right: cython.longlong
        left, right = blocks[0]
        if (segment.ack_raw - right & _32_BITS) < _HALF:
            return 1
        if len(blocks) > 1:
            outer_left: cython.longlong
            outer_right: cython.longlong
            outer_left, outer_right = blocks[1]
            return (left - outer_left & _32_BITS) < _HALF and (outer_right - right & _32_BITS) < _HALF
        return 0

    def _is_acceptable(self, side: Side, segment: Segment, findings: Findings) -> int:
        """Whether the other side takes a reset for one: its number is the one that comes next (RFC 9293, 3.5.3)."""
        other: Side = side.other
        expected: cython.longlong = other.last_ack_raw
        if findings.expected == _NOT_KNOWN or side.segments <= 1:  # a refusal: its acknowledgement number counts
            return 1
        if expected == _NOT_KNOWN or segment.seq_raw == findings.expected:
            return 1
        return segment.seq_raw == expected or segment.seq_raw == side.base + 1 & _32_BITS

    def _sample(self, rtt: cython.longlong) -> int:
        if rtt < 0:
            return 0
        if self.rtt_count == 0 or rtt < self.rtt_least:
            self.rtt_least = rtt
        if rtt > self.rtt_most:
            self.rtt_most = rtt
        self.rtt_total += rtt
        self.rtt_count += 1
        return 0
