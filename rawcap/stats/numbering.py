# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""Keys become numbers: what statistics count by, a row for each, in the order in which they were first met.

`KeyTable` numbers keys of a few 64-bit words in a hash table of open addressing, which takes of each
the key itself and twelve to twenty-four octets. `Openings` numbers TCP connections between the same two sockets one
after the other. `pair_up` makes keys of addresses and ports, `tally` adds up by the numbers.

This is plain Python that Cython compiles too: installed with a compiler it runs as native code, without one the same
file is interpreted. Every index is checked in both.
"""
from __future__ import annotations

import os
from array import array

import cython

_64_BITS = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_ODD = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)  # 2**64 by the golden ratio
_HIGH = cython.declare(cython.ulonglong, 0xFFFFFFFF00000000)
_LOW = cython.declare(cython.ulonglong, 0x00000000FFFFFFFF)
_FEWEST = 64  # rows that there is room for at the beginning
_EARLIEST = cython.declare(cython.longlong, -0x7FFFFFFFFFFFFFFF)  # of all times; one less is rawcap.files.bulk.NO_TIME
_SHIFT = cython.declare(cython.longlong, 32)
_NOBODY = cython.declare(cython.longlong, -1)

_FIN = cython.declare(cython.longlong, 0x01)
_SYN = cython.declare(cython.longlong, 0x02)
_RST = cython.declare(cython.longlong, 0x04)
_ACK = cython.declare(cython.longlong, 0x10)
_32_BITS = cython.declare(cython.longlong, 0xFFFFFFFF)


def pair_up(
    source: cython.const[cython.uchar][:, ::1],
    destination: cython.const[cython.uchar][:, ::1],
    source_port: cython.const[cython.ushort][::1],
    destination_port: cython.const[cython.ushort][::1],
    there: cython.const[cython.uchar][::1],
    keys: cython.ulonglong[::1],
    sides: cython.uchar[::1],
    packets: cython.longlong[::1],
) -> int:
    """Both ends of each header that is `there`, the lower one first: how many there are.

    An end is an address and, unless there are no ports at all, the port behind it, in as few 64-bit words as hold both.
    `sides` get 1 where the higher one is the source, `packets` the place of each header in the columns.
    """
    width: cython.longlong = source.shape[1]
    with_ports: cython.bint = len(source_port) > 0
    words: cython.longlong = (width + 2 * with_ports + 7) // 8
    count: cython.longlong = 0
    at: cython.longlong
    i: cython.longlong
    word: cython.longlong
    side: cython.uchar
    port: cython.ushort = 0
    other_port: cython.ushort = 0
    with cython.nogil:
        for i in range(len(there)):
            if not there[i]:
                continue
            at = count * 2 * words
            if with_ports:
                port, other_port = source_port[i], destination_port[i]
            _put(source, i, width, with_ports, port, keys, at, words)
            _put(destination, i, width, with_ports, other_port, keys, at + words, words)
            side = 0
            for word in range(words):
                if keys[at + word] != keys[at + words + word]:
                    side = keys[at + word] > keys[at + words + word]
                    break
            if side:
                for word in range(words):
                    keys[at + word], keys[at + words + word] = keys[at + words + word], keys[at + word]
            sides[count] = side
            packets[count] = i
            count += 1
    return count


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(-1)
def _put(
    octets: cython.const[cython.uchar][:, ::1],
    row: cython.longlong,
    width: cython.longlong,
    with_port: cython.bint,
    port: cython.ulonglong,
    keys: cython.ulonglong[::1],
    at: cython.longlong,
    words: cython.longlong,
) -> cython.int:
    """Put an end into the words from `at` on, as one number whose last octet comes last."""
    value: cython.ulonglong = 0
    k: cython.longlong
    word: cython.longlong = at
    left: cython.longlong = (width + 2 * with_port) % 8  # octets of the first word
    if left == 0:
        left = 8
    for k in range(width):
        value = value << 8 | octets[row, k]
        left -= 1
        if left == 0:
            keys[word] = value
            word += 1
            left, value = 8, 0
    if with_port:  # both its octets are in the last word, as addresses have an even number of them
        keys[at + words - 1] = value << 16 | port
    return 0


def tally(
    rows: cython.const[cython.longlong][::1],
    sides: cython.const[cython.uchar][::1],
    packets: cython.const[cython.longlong][::1],
    lengths: cython.const[cython.longlong][::1],
    times: cython.const[cython.longlong][::1],
    before: cython.longlong,
    frames: cython.longlong[:, ::1],
    octets: cython.longlong[:, ::1],
    first: cython.uchar[::1],
    start: cython.longlong[::1],
    end: cython.longlong[::1],
) -> None:
    """Add headers to the sums of their rows, by side; a row that is not less than `before` is met the first time."""
    i: cython.longlong
    row: cython.longlong
    time: cython.longlong
    with cython.nogil:
        for i in range(len(rows)):
            row = rows[i]
            if row >= before:
                first[row] = sides[i]
                before = row + 1
            frames[row, sides[i]] += 1
            octets[row, sides[i]] += lengths[packets[i]]
            time = times[packets[i]]
            if time >= _EARLIEST:
                if time < start[row]:
                    start[row] = time
                if time > end[row]:
                    end[row] = time


@cython.cclass
class KeyTable:
    """Numbers keys of so many 64-bit words, from 0."""

    words = cython.declare(cython.longlong, visibility="readonly")
    count = cython.declare(cython.longlong, visibility="readonly")
    stored: object
    keys: cython.ulonglong[::1]
    slots: cython.ulonglong[::1]  # half of the mixed key, and the number plus one; 0 where nothing is
    room: cython.longlong
    last: cython.longlong
    seed: cython.ulonglong

    def __init__(self, words: cython.longlong) -> None:
        self.words = words
        self.count = 0
        # Nobody can send packets whose keys all meet in one place of a table whose order they do not know.
        self.seed = int.from_bytes(os.urandom(8), "big") | 1
        self.stored = array("Q")
        self.room = 0
        self._grow(_FEWEST)

    def __len__(self) -> int:
        return self.count

    @property
    def octets(self) -> memoryview:
        """The keys in the order of their numbers, as 64-bit words; they stay as they are when keys are added."""
        return memoryview(self.stored)[: self.count * self.words]

    def find(self, keys: cython.ulonglong[::1], rows: cython.longlong[::1]) -> None:
        """The number of each key, one key behind the other; one that was not met before gets the next number."""
        i: cython.longlong
        count: cython.longlong = len(rows)
        if self.count + count > self.room:
            self._grow(max(self.count + count, self.room + self.room // 2))
        with cython.nogil:
            for i in range(count):
                rows[i] = self._row(keys, i * self.words)

    @cython.ccall
    def _grow(self, room: cython.longlong) -> cython.int:
        """Make room for so many keys."""
        slots: cython.longlong = 1
        row: cython.longlong
        slot: cython.longlong
        mixed: cython.ulonglong
        while slots * 2 < room * 3:
            slots *= 2
        kept = array("Q", bytes(8 * room * self.words))
        memoryview(kept)[: self.count * self.words] = memoryview(self.stored)[: self.count * self.words]
        self.stored = kept
        self.keys = memoryview(kept)
        self.slots = memoryview(array("Q", bytes(8 * slots)))
        self.last = slots - 1
        self.room = room
        with cython.nogil:
            for row in range(self.count):
                mixed = self._mixed(self.keys, row * self.words)
                slot = cython.cast(cython.longlong, mixed) & self.last
                while self.slots[slot] != 0:
                    slot = slot + 1 & self.last
                self.slots[slot] = mixed & _HIGH | cython.cast(cython.ulonglong, row + 1)
        return 0

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _row(self, keys: cython.ulonglong[::1], at: cython.longlong) -> cython.longlong:
        """The number of the key that begins at `at`."""
        mixed: cython.ulonglong = self._mixed(keys, at)
        slot: cython.longlong = cython.cast(cython.longlong, mixed) & self.last
        row: cython.longlong
        word: cython.longlong
        same: cython.bint
        while self.slots[slot] != 0:
            if (self.slots[slot] ^ mixed) & _HIGH == 0:
                row = cython.cast(cython.longlong, self.slots[slot] & _LOW) - 1
                same = True
                for word in range(self.words):
                    if self.keys[row * self.words + word] != keys[at + word]:
                        same = False
                        break
                if same:
                    return row
            slot = slot + 1 & self.last
        row = self.count
        for word in range(self.words):
            self.keys[row * self.words + word] = keys[at + word]
        self.count += 1
        self.slots[slot] = mixed & _HIGH | cython.cast(cython.ulonglong, row + 1)
        return row

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(0, check=True)
    def _mixed(self, keys: cython.ulonglong[::1], at: cython.longlong) -> cython.ulonglong:
        """A key as one word, in each bit of which every bit of it has a say."""
        mixed: cython.ulonglong = self.seed
        word: cython.longlong
        for word in range(self.words):
            mixed = (mixed ^ keys[at + word]) * _ODD & _64_BITS
            mixed ^= mixed >> 29
            mixed = mixed * self.seed & _64_BITS
            mixed ^= mixed >> 32
        return mixed


@cython.cclass
class Openings:
    """Numbers TCP connections, from 0: those between the same two sockets one after the other.

    A SYN opens another connection when its sequence number is not that with which the last one began, or when that has
    ended (RFC 9293, 3.6.1 and 3.10.7.4 say when sockets may be used again). Segments come in the order of the capture.
    """

    count = cython.declare(cython.longlong, visibility="readonly")
    latest: cython.longlong[::1]
    bases: cython.longlong[::1]
    ended: cython.uchar[::1]
    stored_rows: object
    rows: cython.longlong[::1]
    stored_begun: object
    begun: cython.longlong[::1]
    sockets: cython.longlong
    room: cython.longlong

    def __init__(self) -> None:
        self.count = 0
        self.sockets = self.room = 0
        self.latest = memoryview(array("q", [0]))
        self.bases = memoryview(array("q", [0]))
        self.ended = memoryview(bytearray(1))
        self.stored_rows, self.stored_begun = array("q"), array("q")

    def __len__(self) -> int:
        return self.count

    @property
    def pairs(self) -> memoryview:
        """The number of the pair of sockets of each connection."""
        return memoryview(self.stored_rows)[: self.count]

    @property
    def begun_by(self) -> memoryview:
        """How each connection began: -1 with any segment, else with a SYN of the side (bit 32) and sequence number."""
        return memoryview(self.stored_begun)[: self.count]

    def follow(
        self,
        pairs: cython.longlong[::1],
        sides: cython.uchar[::1],
        flags: cython.longlong[::1],
        sequence: cython.longlong[::1],
        acknowledged: cython.longlong[::1],
        numbers: cython.longlong[::1],
        most: cython.longlong,
    ) -> None:
        """The number of the connection of each segment, between `pairs[i]` of sockets, sent by the side 0 or 1.

        The numbers of pairs are less than `most`.
        """
        i: cython.longlong
        self._reserve(most, self.count + len(pairs))
        with cython.nogil:
            for i in range(len(pairs)):
                numbers[i] = self._number(pairs[i], sides[i], flags[i], sequence[i], acknowledged[i])

    def join(self, pairs: cython.longlong[::1], begun: cython.longlong[::1], numbers: cython.longlong[::1]) -> None:
        """The numbers here of connections that others counted, later ones than any here, as they began."""
        i: cython.longlong
        pair: cython.longlong
        most: cython.longlong = 0
        for i in range(len(pairs)):
            most = max(most, pairs[i] + 1)
        self._reserve(most, self.count + len(pairs))
        for i in range(len(pairs)):
            pair = pairs[i]
            if self.latest[pair] == _NOBODY or (
                begun[i] >= 0 and self._anew(pair, begun[i] >> _SHIFT, begun[i] & _32_BITS)
            ):
                self._open(pair)
            if begun[i] >= 0:
                self.bases[pair * 2 + (begun[i] >> _SHIFT)] = begun[i] & _32_BITS
                self.begun[self.latest[pair]] = begun[i]
            numbers[i] = self.latest[pair]

    @cython.ccall
    def _reserve(self, sockets: cython.longlong, connections: cython.longlong) -> cython.int:
        """Make room for so many pairs of sockets, and for so many connections."""
        if sockets > self.sockets:
            sockets = max(sockets, self.sockets + self.sockets // 2, _FEWEST)
            latest, bases, ended = array("q", [-1]) * sockets, array("q", [-1]) * (2 * sockets), bytearray(sockets)
            memoryview(latest)[: self.sockets] = memoryview(self.latest)[: self.sockets]
            memoryview(bases)[: 2 * self.sockets] = memoryview(self.bases)[: 2 * self.sockets]
            memoryview(ended)[: self.sockets] = memoryview(self.ended)[: self.sockets]
            self.latest, self.bases, self.ended = memoryview(latest), memoryview(bases), memoryview(ended)
            self.sockets = sockets
        if connections > self.room:
            connections = max(connections, self.room + self.room // 2, _FEWEST)
            missing = connections - self.room
            rows, begun = array("q", self.stored_rows), array("q", self.stored_begun)
            rows.frombytes(bytes(8 * missing))
            begun.frombytes(bytes(8 * missing))
            self.stored_rows, self.stored_begun = rows, begun
            self.rows, self.begun = memoryview(rows), memoryview(begun)
            self.room = connections
        return 0

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _number(
        self,
        pair: cython.longlong,
        side: cython.longlong,
        flags: cython.longlong,
        sequence: cython.longlong,
        acknowledged: cython.longlong,
    ) -> cython.longlong:
        opens: cython.bint = flags & (_SYN | _ACK) == _SYN
        if self.latest[pair] == _NOBODY or (opens and self._anew(pair, side, sequence)):
            self._open(pair)
            if opens:
                self.begun[self.latest[pair]] = side << _SHIFT | sequence
        if self.bases[pair * 2 + side] == _NOBODY or flags & (_SYN | _ACK) == _SYN | _ACK:
            self.bases[pair * 2 + side] = sequence if flags & _SYN else sequence - 1 & _32_BITS
        if flags & _ACK and self.bases[pair * 2 + 1 - side] == _NOBODY:
            self.bases[pair * 2 + 1 - side] = acknowledged - 1 & _32_BITS
        if flags & (_FIN | _RST):
            self.ended[pair] = 1
        return self.latest[pair]

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=True)
    def _anew(self, pair: cython.longlong, side: cython.longlong, sequence: cython.longlong) -> cython.int:
        """Whether a SYN opens another connection, rather than being sent again."""
        base: cython.longlong = self.bases[pair * 2 + side]
        return base != _NOBODY and (base != sequence or self.ended[pair] != 0)

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _open(self, pair: cython.longlong) -> cython.int:
        """Begin the next connection of a pair of sockets."""
        self.rows[self.count] = pair
        self.begun[self.count] = _NOBODY
        self.latest[pair] = self.count
        self.bases[pair * 2] = self.bases[pair * 2 + 1] = _NOBODY
        self.ended[pair] = 0
        self.count += 1
        return 0
