# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""What a segment means in the light of those before it: retransmitted, out of order, duplicate, window full.

The fields are Wireshark's `tcp.analysis.*`, and so are the rules: what to call a segment is a matter of convention
where packets alone do not tell what the hosts thought, and a second convention would help nobody. The rules in short,
for a segment with data, SYN or FIN that does not begin where the ones before ended:

    it begins later                                         lost_segment
    it lies before what the other side acknowledged         spurious_retransmission
    two duplicate acknowledgements asked for it, and the
      last of them came less than 20 ms ago                 fast_retransmission
    it comes sooner than an acknowledgement could have      out_of_order
    else                                                    retransmission

and for one without data, whose number is the next one and whose acknowledgement number is that of the one before:

    its window differs                                      window_update
    the other side asked whether it is there                keep_alive_ack, zero_window_probe_ack
    else                                                    duplicate_ack

This is plain Python that Cython compiles too (analysis.pxd has the types): installed with a compiler it runs as native
code, without one the same file is interpreted.
"""
from __future__ import annotations

import cython

if cython.compiled:
    from cython.cimports.rawcap.tcp.connection import Connection, Findings, Side, Unacknowledged
    from cython.cimports.rawcap.tcp.segment import Segment
else:
    from rawcap.tcp.connection import Connection, Findings, Side, Unacknowledged
    from rawcap.tcp.segment import Segment

from rawcap.tcp.connection import FLAG_NAMES

_FIN = cython.declare(cython.longlong, 0x01)
_SYN = cython.declare(cython.longlong, 0x02)
_RST = cython.declare(cython.longlong, 0x04)
_PSH = cython.declare(cython.longlong, 0x08)
_ACK = cython.declare(cython.longlong, 0x10)
_32_BITS = cython.declare(cython.longlong, 0xFFFFFFFF)
_HALF = cython.declare(cython.longlong, 1 << 31)
_NOT_KNOWN = cython.declare(cython.longlong, -1)
_NOT_SEEN = cython.declare(cython.longlong, -2)

_FAST_NS = cython.declare(cython.longlong, 20_000_000)
_OUT_OF_ORDER_NS = cython.declare(cython.longlong, 3_000_000)
_EARLIEST = cython.declare(cython.longlong, -0x7FFFFFFFFFFFFFFF)  # of all times; one less is segment.NO_TIME
_MOST_IN_FLIGHT = cython.declare(cython.longlong, 2_000_000_000)

# The bits of tcp.completeness.
_HAS_SYN = cython.declare(cython.int, 1)
_HAS_SYN_ACK = cython.declare(cython.int, 2)
_HAS_ACK = cython.declare(cython.int, 4)
_HAS_DATA = cython.declare(cython.int, 8)
_HAS_FIN = cython.declare(cython.int, 16)
_HAS_RST = cython.declare(cython.int, 32)


def _bit(name: str) -> int:
    return 1 << FLAG_NAMES.index(name)


_RETRANSMISSION = cython.declare(cython.longlong, _bit("retransmission"))
_FAST_RETRANSMISSION = cython.declare(cython.longlong, _bit("fast_retransmission"))
_SPURIOUS_RETRANSMISSION = cython.declare(cython.longlong, _bit("spurious_retransmission"))
_OUT_OF_ORDER = cython.declare(cython.longlong, _bit("out_of_order"))
_LOST_SEGMENT = cython.declare(cython.longlong, _bit("lost_segment"))
_ACK_LOST_SEGMENT = cython.declare(cython.longlong, _bit("ack_lost_segment"))
_DUPLICATE_ACK = cython.declare(cython.longlong, _bit("duplicate_ack"))
_KEEP_ALIVE = cython.declare(cython.longlong, _bit("keep_alive"))
_KEEP_ALIVE_ACK = cython.declare(cython.longlong, _bit("keep_alive_ack"))
_WINDOW_UPDATE = cython.declare(cython.longlong, _bit("window_update"))
_WINDOW_FULL = cython.declare(cython.longlong, _bit("window_full"))
_ZERO_WINDOW = cython.declare(cython.longlong, _bit("zero_window"))
_ZERO_WINDOW_PROBE = cython.declare(cython.longlong, _bit("zero_window_probe"))
_ZERO_WINDOW_PROBE_ACK = cython.declare(cython.longlong, _bit("zero_window_probe_ack"))


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _is_before(left: cython.longlong, right: cython.longlong) -> cython.bint:
    """Whether a sequence number comes before another one (RFC 9293, 3.4)."""
    return 0 < (right - left & _32_BITS) < _HALF


def analyse(side: Side, segment: Segment, findings: Findings) -> cython.int:
    """Fill the findings of the next segment, which `side` sent, and remember of it what the ones after it need."""
    connection: Connection = side.connection
    findings.clear()
    findings.stream = connection.stream
    findings.expected = side.next_seq
    _count(connection, side, segment, findings)
    _complete(connection, segment, findings)
    findings.flags = _flags(side, segment, findings)
    _acknowledge(connection, side, segment, findings)
    return 0


@cython.cfunc
@cython.exceptval(-1)
def _count(connection: Connection, side: Side, segment: Segment, findings: Findings) -> cython.int:
    """Numbers counted from the beginning of the connection, and the window in octets."""
    other: Side = side.other
    flags: cython.longlong = segment.flags
    seq: cython.longlong = segment.seq_raw
    ack: cython.longlong = segment.ack_raw
    if side.base == _NOT_KNOWN or flags & (_SYN | _ACK) == _SYN | _ACK:
        side.base = seq if flags & _SYN else seq - 1 & _32_BITS
    if flags & _ACK:
        if other.base == _NOT_KNOWN:
            other.base = ack - 1 & _32_BITS
        ack = ack - other.base & _32_BITS
    findings.seq = seq - side.base & _32_BITS
    findings.ack = ack
    findings.window = segment.window
    if flags & _SYN:
        side.shift = segment.shift
    elif side.shift > 0 and other.shift != _NOT_KNOWN:
        findings.window <<= side.shift
    findings.next_seq = findings.seq + segment.length + (1 if flags & (_SYN | _FIN) else 0) & _32_BITS
    if segment.time_ns >= _EARLIEST and connection.first_ns >= _EARLIEST:
        findings.time_relative = segment.time_ns - connection.first_ns
        findings.time_delta = segment.time_ns - connection.last_ns
    return 0


@cython.cfunc
@cython.exceptval(-1)
def _complete(connection: Connection, segment: Segment, findings: Findings) -> cython.int:
    """Which parts of a whole connection were seen so far, and the round trip of its handshake."""
    flags: cython.longlong = segment.flags
    seen: cython.int = connection.completeness
    findings.completeness = seen
    if connection.segments == 0 and not flags & _SYN:
        return 0  # with what else would it belong together
    if flags & _SYN:
        if flags & _ACK:
            seen |= _HAS_SYN_ACK
        else:
            seen |= _HAS_SYN
            connection.last_syn_ns = segment.time_ns
    if flags & _SYN == 0 and flags & _ACK and segment.length == 0:
        seen |= _HAS_ACK
    if segment.length:
        seen |= _HAS_DATA
    if flags & _FIN:
        seen |= _HAS_FIN
    if flags & _RST:
        seen |= _HAS_RST
    connection.completeness = cython.cast(cython.uchar, seen)
    if connection.initial_rtt == 0 and connection.last_syn_ns != 0 and flags & (_SYN | _ACK) == _ACK:
        connection.initial_rtt = segment.time_ns - connection.last_syn_ns
    return 0


@cython.cfunc
@cython.exceptval(-1)
def _flags(side: Side, segment: Segment, findings: Findings) -> cython.longlong:
    """What is to be said of the segment."""
    other: Side = side.other
    flags: cython.longlong = segment.flags
    seq: cython.longlong = segment.seq_raw
    ack: cython.longlong = segment.ack_raw
    length: cython.longlong = segment.length
    found: cython.longlong = findings.flags
    known: cython.bint = side.next_seq != _NOT_KNOWN
    controls: cython.bint = flags & (_SYN | _FIN | _RST) != 0
    is_next: cython.bint = known and seq == side.next_seq
    same_ack: cython.bint = ack == side.last_ack_raw
    is_answer: cython.bint
    window: cython.longlong = segment.window

    if length == 1 and is_next and other.window == 0:
        found |= _ZERO_WINDOW_PROBE
    else:
        if window == 0 and not controls:
            found |= _ZERO_WINDOW
        if known and _is_before(side.next_seq, seq) and not flags & _RST:
            found |= _LOST_SEGMENT
            side.flight_known = False
            side.dig(side.next_seq, seq)
        if length <= 1 and known and (side.next_seq - 1 & _32_BITS) == seq and not controls:
            found |= _KEEP_ALIVE
        if length == 0 and not controls and is_next and same_ack and window != 0 and window != side.window:
            found |= _WINDOW_UPDATE
        if length > 0 and not controls and other.shift != _NOT_SEEN and other.last_ack_raw != _NOT_KNOWN:
            if (seq + length & _32_BITS) == (other.last_ack_raw + (other.window << _scale(other)) & _32_BITS):
                found |= _WINDOW_FULL
        is_answer = length == 0 and not controls and is_next and window == side.window
        if is_answer and same_ack and window != 0 and other.last_flags & _KEEP_ALIVE:
            found |= _KEEP_ALIVE_ACK
        elif is_answer and window == 0 and other.last_flags & _ZERO_WINDOW_PROBE and (
            same_ack or ack == (side.last_ack_raw + 1 & _32_BITS)
        ):
            found |= _ZERO_WINDOW_PROBE_ACK
        elif is_answer and same_ack and window != 0:
            found |= _DUPLICATE_ACK
            side.duplicates += 1
            findings.duplicate_ack_num = side.duplicates
            findings.duplicate_ack_frame = side.not_duplicate
    if not same_ack:
        side.not_duplicate = cython.cast(cython.uint, segment.number)
        side.duplicates = 0
    if flags & _ACK and other.to_acknowledge != _NOT_KNOWN and _is_before(other.to_acknowledge, ack):
        found |= _ACK_LOST_SEGMENT
        other.to_acknowledge = other.next_seq
        other.flight_known = False
    # What begins one octet early is taken for a keep-alive, however much of it there is.
    is_early: cython.bint = length > 1 and known and (side.next_seq - 1 & _32_BITS) == seq
    if known and _is_before(seq, side.next_seq) and (length > 0 or flags & (_SYN | _FIN)):
        if not found & _KEEP_ALIVE and not is_early:
            found |= _repetition(side, segment, findings)
    return found


@cython.cfunc
@cython.exceptval(-1)
def _repetition(side: Side, segment: Segment, findings: Findings) -> cython.longlong:
    """What to call a segment that begins before the end of what was sent already."""
    other: Side = side.other
    seq: cython.longlong = segment.seq_raw
    now: cython.longlong = segment.time_ns
    controls: cython.longlong = 1 if segment.flags & (_SYN | _FIN) else 0
    stop: cython.longlong = seq + segment.length & _32_BITS
    soon: cython.longlong
    if segment.length > 0 and other.last_ack_raw != _NOT_KNOWN and not _is_before(other.last_ack_raw, stop):
        return _SPURIOUS_RETRANSMISSION | _RETRANSMISSION
    if other.duplicates >= 2 and other.last_ack_raw == seq and now - other.last_ack_ns < _FAST_NS:
        return _FAST_RETRANSMISSION | _RETRANSMISSION
    soon = side.connection.initial_rtt
    if soon == 0:
        soon = _OUT_OF_ORDER_NS
    if now - side.next_ns < soon and side.next_seq != (stop + controls & _32_BITS):
        return _OUT_OF_ORDER
    if side.oldest is not None:
        findings.rto = now - side.oldest.time_ns
        findings.rto_frame = side.oldest.number
    else:
        findings.rto = now - side.next_ns
        findings.rto_frame = side.next_number
    return _RETRANSMISSION


@cython.cfunc
@cython.exceptval(-1)
def _acknowledge(connection: Connection, side: Side, segment: Segment, findings: Findings) -> cython.int:
    """Remember what the segments after this one are judged by, and settle what it acknowledges."""
    other: Side = side.other
    flags: cython.longlong = segment.flags
    seq: cython.longlong = segment.seq_raw
    found: cython.longlong = findings.flags
    stop: cython.longlong = seq + segment.length & _32_BITS
    if flags & (_SYN | _FIN):
        stop = stop + 1 & _32_BITS
    if segment.length or flags & (_SYN | _FIN):
        side.remember(segment, cython.cast(cython.uint, stop))
    if not found & _ZERO_WINDOW_PROBE:
        if side.to_acknowledge == _NOT_KNOWN or side.to_acknowledge == seq:
            side.to_acknowledge = stop
            if side.next_seq != _NOT_KNOWN and _is_before(stop, side.next_seq):
                _go_on(side)
        if side.next_seq == _NOT_KNOWN or _is_before(side.next_seq, stop):
            side.next_seq = stop
            side.next_number = cython.cast(cython.uint, segment.number)
            side.next_ns = segment.time_ns
    side.window = segment.window
    side.last_sack = segment.sack
    side.last_flags = cython.cast(cython.uint, found)
    if flags & _ACK:
        side.last_ack_raw = segment.ack_raw
        side.last_ack_ns = segment.time_ns
        if other.oldest is not None:
            other.settle(segment, findings)
        other.flight_known = True
    if segment.length and side.flight_known and side.oldest is not None:
        _measure_flight(side, segment, findings)
    if found or findings.acks_frame or findings.is_measured:
        findings.initial_rtt = connection.initial_rtt
    if flags & (_FIN | _RST):
        connection.ended = True
    return 0


@cython.cfunc
@cython.exceptval(-1)
def _measure_flight(side: Side, segment: Segment, findings: Findings) -> cython.int:
    """How much is on its way, not acknowledged yet, and how much since the last push."""
    first: cython.longlong = side.oldest.seq
    last: cython.longlong = side.oldest.next_seq
    each: Unacknowledged = side.oldest.newer
    while each is not None:
        if _is_before(each.seq, first):
            first = each.seq
        if _is_before(last, each.next_seq):
            last = each.next_seq
        each = each.newer
    flight: cython.longlong = last - first & _32_BITS
    if segment.flags & (_SYN | _FIN):
        flight -= 1
    if len(side.other.last_sack):
        flight -= _selected(side.other.last_sack)
    if side.push_ended:
        side.pushed = 0
    side.pushed += segment.length
    side.push_ended = segment.flags & _PSH != 0
    findings.is_measured = True
    if 0 < flight < _MOST_IN_FLIGHT:
        findings.bytes_in_flight = flight
        findings.push_bytes_sent = side.pushed
    return 0


@cython.cfunc
@cython.exceptval(-1)
def _go_on(side: Side) -> cython.int:
    """Count what was kept from before as continuous too, where it goes on from there."""
    each: Unacknowledged = side.oldest
    while each is not None:
        if each.seq == side.to_acknowledge and each.next_seq != each.seq:
            side.to_acknowledge = each.next_seq
            each = side.oldest
        else:
            each = each.newer
    return 0


@cython.cfunc
@cython.exceptval(-1)
def _selected(sack: bytes) -> cython.longlong:
    """Octets that the blocks of a SACK option say have arrived (RFC 2018, 3)."""
    count: cython.longlong = 0
    place: cython.Py_ssize_t
    for place in range(0, len(sack) - 7, 8):
        count += _edge(sack, place + 4) - _edge(sack, place) & _32_BITS
    return count


@cython.cfunc
@cython.inline
@cython.exceptval(-1)
def _edge(sack: bytes, place: cython.Py_ssize_t) -> cython.longlong:
    value: cython.longlong = 0
    k: cython.Py_ssize_t
    for k in range(place, place + 4):
        value = value << 8 | sack[k]
    return value


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _scale(side: Side) -> cython.longlong:
    """How far the windows that a side tells are shifted, bits."""
    return side.shift if side.shift > 0 and side.other.shift >= 0 else 0
