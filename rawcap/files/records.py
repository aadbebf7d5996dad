# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""Where the packets of a capture stand in a buffer: only the ordinary ones, and as fast as they can be found.

Both functions stop at the first record that is not whole, or not ordinary: with a length that cannot be, of an
interface that nobody described, of a kind that holds no packet. What to make of that is for the readers of the two
formats to say. What they do find is exactly what those readers would make of it.

This is plain Python that Cython compiles too: installed with a compiler it runs as native code, without one the same
file is interpreted. Every index is checked in both. Native code works without the interpreter's lock.
"""
from __future__ import annotations

import cython

_OBSOLETE_PACKET = cython.declare(cython.longlong, 2)
_SIMPLE_PACKET = cython.declare(cython.longlong, 3)
_ENHANCED_PACKET = cython.declare(cython.longlong, 6)


def find_records(
    data: cython.const[cython.uchar][::1],
    start: cython.longlong,
    stop: cython.longlong,
    big_endian: cython.bint,
    header: cython.longlong,
    longest: cython.longlong,
    scale: cython.longlong,
    count: cython.longlong,
    starts: cython.longlong[::1],
    captured: cython.longlong[::1],
    lengths: cython.longlong[::1],
    times: cython.longlong[::1],
) -> tuple[int, int]:
    """The records of a pcap file in `data[start:stop]`; gives how many rows are filled and where the next one begins.

    A record has `header` octets before its frame; the unit of its fraction of a second is `scale` nanoseconds. The
    rows from `count` on get the place of each frame, its octets, those that it had on the wire, and its time in
    nanoseconds.
    """
    octets: cython.longlong
    seconds: cython.longlong
    most: cython.longlong = len(starts)
    with cython.nogil:
        while count < most and start + header <= stop:
            octets = _word(data, start + 8, big_endian)
            if octets > longest or start + header + octets > stop:
                break
            seconds = _word(data, start, big_endian)
            starts[count] = start + header
            captured[count] = octets
            lengths[count] = _word(data, start + 12, big_endian)
            times[count] = seconds * 1_000_000_000 + _word(data, start + 4, big_endian) * scale
            count += 1
            start += header + octets
    return count, start


def find_blocks(
    data: cython.const[cython.uchar][::1],
    start: cython.longlong,
    stop: cython.longlong,
    big_endian: cython.bint,
    longest: cython.longlong,
    described: cython.longlong,
    first: cython.longlong,
    snaplen: cython.longlong,
    multipliers: cython.longlong[::1],
    divisors: cython.longlong[::1],
    offsets: cython.longlong[::1],
    limits: cython.longlong[::1],
    no_time: cython.longlong,
    count: cython.longlong,
    starts: cython.longlong[::1],
    captured: cython.longlong[::1],
    lengths: cython.longlong[::1],
    times: cython.longlong[::1],
    interfaces: cython.int[::1],
    options: cython.int[::1],
) -> tuple[int, int]:
    """The packet blocks (draft-ietf-opsawg-pcapng, 4.3, 4.4, appendix A) in `data[start:stop]`, up to another block.

    Gives how many rows are filled and where the next block begins. The section has `described` interfaces, whose
    numbers count from `first` in all; `snaplen` is that of the first of them, 0 for none. Interface i counts units of
    `multipliers[i]` / `divisors[i]` nanoseconds from `offsets[i]` on; a time of more than `limits[i]` units is not
    ordinary. Neither is an obsolete packet block that counts drops: these become an option.

    The rows from `count` on get what those of `find_records` do, with `no_time` for a simple packet, the number of the
    interface, and how many octets of options stand behind the frame and its padding: less than 0 where these are
    big-endian.
    """
    kind: cython.longlong
    total: cython.longlong
    octets: cython.longlong
    length: cython.longlong
    interface: cython.longlong
    room: cython.longlong
    time: cython.longlong
    high: cython.longlong
    units: cython.longlong
    whole: cython.longlong
    multiplier: cython.longlong
    divisor: cython.longlong
    frame: cython.longlong
    most: cython.longlong = len(starts)
    with cython.nogil:
        while count < most and start + 16 <= stop:
            kind = _word(data, start, big_endian)
            total = _word(data, start + 4, big_endian)
            if total & 3 or total < 16 or total > longest or start + total > stop:
                break
            if _word(data, start + total - 4, big_endian) != total:
                break
            if kind == _SIMPLE_PACKET:
                if described == 0:
                    break
                interface = 0
                frame = 12
                length = _word(data, start + 8, big_endian)
                octets = length
                if 0 < snaplen < octets:
                    octets = snaplen
                if octets > total - 16:
                    break
                room = 0
                time = no_time
            elif kind == _ENHANCED_PACKET or kind == _OBSOLETE_PACKET:
                if total < 32:
                    break
                if kind == _ENHANCED_PACKET:
                    interface = _word(data, start + 8, big_endian)
                else:
                    interface = _half(data, start + 8, big_endian)
                    if _half(data, start + 10, big_endian) != 0xFFFF:
                        break
                frame = 28
                octets = _word(data, start + 20, big_endian)
                length = _word(data, start + 24, big_endian)
                if interface >= described or octets > total - 32:
                    break
                high = _word(data, start + 12, big_endian)
                if high > 0x7FFFFFFF:
                    break
                units = high << 32 | _word(data, start + 16, big_endian)
                if units > limits[interface]:
                    break
                multiplier = multipliers[interface]
                divisor = divisors[interface]
                if divisor == 1:
                    time = units * multiplier
                else:
                    whole = units // divisor
                    time = whole * multiplier + (units - whole * divisor) * multiplier // divisor
                time += offsets[interface]
                room = total - 32 - octets - (-octets & 3)
                if room < 4:
                    room = 0
                elif not _options_fit(data, start + total - 4 - room, start + total - 4, big_endian):
                    break
            else:
                break
            starts[count] = start + frame
            captured[count] = octets
            lengths[count] = length
            times[count] = time
            interfaces[count] = cython.cast(cython.int, first + interface)
            options[count] = cython.cast(cython.int, -room if big_endian else room)
            count += 1
            start += total
    return count, start


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1)
def _word(data: cython.const[cython.uchar][::1], at: cython.longlong, big_endian: cython.bint) -> cython.longlong:
    """32 bits without a sign."""
    one: cython.longlong = data[at]
    two: cython.longlong = data[at + 1]
    three: cython.longlong = data[at + 2]
    four: cython.longlong = data[at + 3]
    if big_endian:
        return one << 24 | two << 16 | three << 8 | four
    return four << 24 | three << 16 | two << 8 | one


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1)
def _half(data: cython.const[cython.uchar][::1], at: cython.longlong, big_endian: cython.bint) -> cython.longlong:
    """16 bits without a sign."""
    one: cython.longlong = data[at]
    two: cython.longlong = data[at + 1]
    return one << 8 | two if big_endian else two << 8 | one


@cython.cfunc
@cython.nogil
@cython.exceptval(-1)
def _options_fit(
    data: cython.const[cython.uchar][::1], start: cython.longlong, stop: cython.longlong, big_endian: cython.bint
) -> cython.longlong:
    """Whether a list of options (section 3.5) ends within the octets that are there for it, as 1 or 0."""
    length: cython.longlong
    while start + 4 <= stop:
        if _half(data, start, big_endian) == 0:
            return 1
        length = _half(data, start + 2, big_endian)
        start += 4 + length
        if start > stop:
            return 0
        start += -length & 3
    return 1
