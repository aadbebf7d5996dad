# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""What one TCP segment says, as numbers: its header and the options that a connection is judged by.

A `Segment` is read from octets, so that it is the same for a packet that was dissected and for one among the many of a
chunk. One object reads segment after segment; what is to be kept as evidence is copied.

This is plain Python that Cython compiles too (segment.pxd has the types): installed with a compiler it runs as native
code, without one the same file is interpreted.
"""
from __future__ import annotations

import cython

from dissectors.transport.tcp import TCP
from dissectors.transport.tcp_options import (
    SACK,
    FastOpen,
    MaximumSegmentSize,
    SACKPermitted,
    Timestamps,
    WindowScale,
)

FIN = 0x01
SYN = 0x02
RST = 0x04
PSH = 0x08
ACK = 0x10

NO_TIME = -(1 << 63)
"""In place of the time of a packet whose capture has none."""


def _kind(option: object) -> int:
    return int(option.declaration.follows["tcp.option_kind"])


def _at(name: str) -> int:
    return int(TCP.declaration.fields[name].at)


_FIXED = cython.declare(cython.longlong, TCP.declaration.fixed)
_SEQ_AT = cython.declare(cython.longlong, _at("seq_raw"))
_ACK_AT = cython.declare(cython.longlong, _at("ack_raw"))
_FLAGS_AT = cython.declare(cython.longlong, _at("flags"))
_FLAGS_MASK = cython.declare(cython.longlong, TCP.declaration.fields["flags"].mask)
_WINDOW_AT = cython.declare(cython.longlong, _at("window_size_value"))
_END_OF_OPTIONS = cython.declare(cython.longlong, 0)
_NO_OPERATION = cython.declare(cython.longlong, 1)
_MSS = cython.declare(cython.longlong, _kind(MaximumSegmentSize))
_SHIFT = cython.declare(cython.longlong, _kind(WindowScale))
_SACK_PERMITTED = cython.declare(cython.longlong, _kind(SACKPermitted))
_SACK = cython.declare(cython.longlong, _kind(SACK))
_TIMESTAMPS = cython.declare(cython.longlong, _kind(Timestamps))
_COOKIE = cython.declare(cython.longlong, _kind(FastOpen))
_LARGEST_SHIFT = cython.declare(cython.longlong, 14)  # RFC 7323, 2.3


class Segment:
    """One segment of a connection.

    `number` counts the packets of the capture from 1; `time_ns` is in nanoseconds since the epoch, NO_TIME where the
    capture has none. `seq_raw`, `ack_raw`, `window` and the twelve bits of `flags` are as in the header, `length` is
    of the data and `header_length` of the header, octets. `options` are the octets behind the fixed header.

    Of the options: `mss` (RFC 9293, 3.7.1), `shift` of the window scale, 14 at most, `tsval` and `tsecr` of the
    timestamps (RFC 7323) and `cookie`, the octets of the fast open cookie (RFC 7413), are -1 where they are missing;
    `sack` are the edges of the blocks as they stand (RFC 2018), empty where there are none.
    """

    def __init__(self) -> None:
        self.number = 0
        self.time_ns = NO_TIME
        self.flags = self.seq_raw = self.ack_raw = self.window = self.length = self.header_length = 0
        self.mss = self.shift = self.tsval = self.tsecr = self.cookie = -1
        self.sack_permitted = self.from_client = False
        self.options = self.sack = b""

    def read(
        self,
        number: cython.longlong,
        time_ns: cython.longlong,
        data: cython.const[cython.uchar][::1],
        at: cython.longlong,
        stop: cython.longlong,
        end: cython.longlong,
    ) -> None:
        """Take the segment whose header stands in `data` from `at` to `stop` and whose data end at `end`.

        Raises IndexError where the fixed part of a header is not there.
        """
        kind: cython.longlong
        octets: cython.longlong
        self.number = number
        self.time_ns = time_ns
        self.seq_raw = cython.cast(cython.uint, _number(data, at + _SEQ_AT, 4))
        self.ack_raw = cython.cast(cython.uint, _number(data, at + _ACK_AT, 4))
        self.flags = cython.cast(cython.ushort, _number(data, at + _FLAGS_AT, 2) & _FLAGS_MASK)
        self.window = cython.cast(cython.ushort, _number(data, at + _WINDOW_AT, 2))
        self.header_length = cython.cast(cython.uchar, stop - at)
        self.length = cython.cast(cython.uint, end - stop)
        self.mss = self.shift = self.cookie = -1
        self.tsval = self.tsecr = -1
        self.sack_permitted = False
        self.sack = b""
        self.options = b""
        at += _FIXED
        if at >= stop:
            return
        self.options = _octets(data, at, stop)
        while at < stop:
            kind = data[at]
            if kind == _NO_OPERATION:
                at += 1
                continue
            if kind == _END_OF_OPTIONS or at + 2 > stop:
                return
            octets = data[at + 1]
            if octets < 2 or at + octets > stop:
                return
            if kind == _TIMESTAMPS:
                if octets == 10:
                    self.tsval = _number(data, at + 2, 4)
                    self.tsecr = _number(data, at + 6, 4)
            elif kind == _SACK:
                self.sack = _octets(data, at + 2, at + 2 + (octets - 2) // 8 * 8)
            elif kind == _MSS:
                if octets == 4:
                    self.mss = cython.cast(cython.int, _number(data, at + 2, 2))
            elif kind == _SHIFT:
                if octets == 3:
                    self.shift = cython.cast(cython.schar, min(_number(data, at + 2, 1), _LARGEST_SHIFT))
            elif kind == _SACK_PERMITTED:
                self.sack_permitted = octets == 2
            elif kind == _COOKIE:
                self.cookie = cython.cast(cython.int, octets - 2)
            at += octets

    def copy(self) -> Segment:
        """The same, to be kept."""
        kept = Segment()
        kept.number = self.number
        kept.time_ns = self.time_ns
        kept.flags = self.flags
        kept.seq_raw = self.seq_raw
        kept.ack_raw = self.ack_raw
        kept.window = self.window
        kept.length = self.length
        kept.header_length = self.header_length
        kept.mss = self.mss
        kept.shift = self.shift
        kept.tsval = self.tsval
        kept.tsecr = self.tsecr
        kept.cookie = self.cookie
        kept.sack_permitted = self.sack_permitted
        kept.from_client = self.from_client
        kept.options = self.options
        kept.sack = self.sack
        return kept

    def bare(self) -> Segment:
        """The same without the octets of its options, to be kept where these prove nothing."""
        kept: Segment = self.copy()
        kept.options = b""
        return kept

    def blocks(self) -> list[tuple[int, int]]:
        """The edges of the SACK blocks, left and right, as they stand in the option."""
        edges = [int.from_bytes(self.sack[place : place + 4], "big") for place in range(0, len(self.sack), 4)]
        return list(zip(edges[::2], edges[1::2], strict=True))


@cython.cfunc
@cython.inline
@cython.exceptval(-1)
def _number(data: cython.const[cython.uchar][::1], at: cython.longlong, octets: cython.longlong) -> cython.longlong:
    value: cython.longlong = 0
    place: cython.longlong
    for place in range(at, at + octets):
        value = value << 8 | data[place]
    return value


@cython.cfunc
@cython.inline
def _octets(data: cython.const[cython.uchar][::1], start: cython.longlong, stop: cython.longlong) -> bytes:
    if start < 0 or start > stop or stop > len(data):
        raise IndexError("octets that are not there")
    if start == stop:
        return b""
    if cython.compiled:
        base: cython.p_const_uchar = cython.address(data[0])
        return cython.cast(bytes, base[start:stop])
    return bytes(data[start:stop])
