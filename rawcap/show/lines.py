# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""Lines of text from the octets of ordinary packets: what text.TextView prints of TCP and UDP, without a `Packet`.

What such a packet says is not said here: the words are templates that TCP and UDP declare (dissectors.words), values
are read where their fields are declared to be. survey.py decides which packets are ordinary.

This is plain Python that Cython compiles too: installed with a compiler it runs as native code, without one the same
file is interpreted. Every index is checked in both.
"""
from __future__ import annotations

from array import array

import cython

if cython.compiled:
    from cython.cimports.libc.string import memcpy
    from cython.cimports.rawcap.tcp.connection import Findings
    from cython.cimports.rawcap.tcp.tracker import Tracker
else:
    from rawcap.tcp.connection import Findings
    from rawcap.tcp.tracker import Tracker

from dissectors.transport.tcp import TCP, flag_names
from dissectors.transport.tcp_options import TCPOption
from dissectors.words import pieces
from rawcap.show.summary import BAD_CHECKSUM, label_of

# The values that templates name, by the number of their slot.
_SLOTS = ("", "flag_names", "srcport", "dstport", "seq", "ack", "window_size", "urgent_pointer", "len")
_NONE = cython.declare(cython.longlong, 0)
_FLAG_NAMES = cython.declare(cython.longlong, 1)
_SOURCE_PORT = cython.declare(cython.longlong, 2)
_DESTINATION_PORT = cython.declare(cython.longlong, 3)
_SEQUENCE = cython.declare(cython.longlong, 4)
_ACKNOWLEDGED = cython.declare(cython.longlong, 5)
_WINDOW = cython.declare(cython.longlong, 6)
_LENGTH = cython.declare(cython.longlong, 8)
_ON_THE_WIRE = {"seq": "seq_raw", "ack": "ack_raw", "window_size": "window_size_value"}  # what a value is made of

_SYN = cython.declare(cython.longlong, 0x02)
_LONGEST_LINE = 2048  # octets: forty of options say up to thirteen each, all else is numbers and addresses
_WIDEST = cython.declare(cython.longlong, 39)  # as in TextView
_MOST_FLOWS = 65_536
_MOST_OPTIONS = 4_096
_SECOND = cython.declare(cython.ulonglong, 1_000_000_000)
_SPACE = cython.declare(cython.uchar, 0x20)
_NEWLINE = cython.declare(cython.uchar, 0x0A)
_MINUS = cython.declare(cython.uchar, 0x2D)
_POINT = cython.declare(cython.uchar, 0x2E)
_ZERO = cython.declare(cython.uchar, 0x30)
_ARROW = " → ".encode()


@cython.cclass
class _Flow:
    """What is the same in all packets from one socket to another."""

    source: bytes
    destination: bytes
    key: bytes  # addresses and ports, as the tracker takes them


@cython.cclass
class LineWriter:
    """Writes the lines of ordinary packets, in order.

    `kinds` has of each kind of packet its two headers, an IP header and TCP or UDP, and where in the first of them both
    addresses stand, octets. `tracker` follows the connections, and `widths` are those of the columns: both are shared
    with what writes the lines of all other packets, and change in the course of it.
    """

    tracker: Tracker
    widths: cython.longlong[::1]
    stopped = cython.declare(cython.bint, visibility="public")  # at a packet whose line is to be written elsewhere

    kinds: list
    first: cython.longlong[::1]  # by kind: where the addresses begin and end
    middle: cython.longlong[::1]
    last: cython.longlong[::1]
    is_tcp: cython.longlong[::1]
    flows: list  # by kind: octets of addresses and ports -> _Flow
    labels: list
    steps: list  # by kind: for each piece its words, slot and flags, three numbers a piece
    words: list
    fields: cython.longlong[::1]  # by slot: where its field stands in TCP, octets, shift, mask
    names: list  # by flags
    options: list  # by kind of option: None, or (octets, words, fields)
    alone: cython.uchar[::1]  # by kind of option: 1 for one of a single octet, 2 for one that ends the area
    learnt: dict  # octets of an option -> its words
    options_at: cython.longlong
    base: cython.p_uchar
    size: cython.longlong
    out: cython.uchar[::1]
    at: cython.longlong
    said: cython.uchar[::1]  # the words of the options of one packet
    said_end: cython.longlong
    values: cython.ulonglong[::1]

    def __init__(self, kinds: list, tracker: Tracker, widths: object) -> None:
        self.kinds = kinds
        self.tracker = tracker
        self.widths = widths
        self.stopped = False
        self.first = array("q", [first for _, _, first, _ in kinds])
        self.middle = array("q", [(first + last) // 2 for _, _, first, last in kinds])
        self.last = array("q", [last for _, _, _, last in kinds])
        self.is_tcp = array("q", [inner is TCP for _, inner, _, _ in kinds])
        self.flows = [{} for _ in kinds]
        self.labels = [label_of(inner).encode() for _, inner, _, _ in kinds]
        self.steps, self.words = [], []
        for _, inner, _, _ in kinds:
            words, steps = [], []
            for template, flags in inner.words:
                for text, name in pieces(template):
                    words.append(text.encode())
                    steps += (_SLOTS.index(name), flags)
            self.words.append(words)
            self.steps.append(steps)
        self.fields = array("q", bytes(8 * 4 * len(_SLOTS)))
        declared = TCP.declaration.fields
        for slot, name in enumerate(_SLOTS):
            field = declared.get(_ON_THE_WIRE.get(name, name) if name != "flag_names" else "flags")
            if field is not None and name != "len":
                place: tuple = (field.at, field.size, field.shift, field.mask)
                for part in range(4):
                    self.fields[4 * slot + part] = place[part]
        self.names = [flag_names(flags).encode() for flags in range(4096)]
        self.options = [_option(kind) for kind in range(256)]
        self.alone = bytearray(256)
        for kind in TCPOption.single:
            self.alone[kind] = 2 if kind in TCPOption.last else 1
        self.learnt = {}
        self.options_at = TCP.declaration.fixed
        self.out = memoryview(bytearray(1 << 20))
        self.at = 0
        self.said = memoryview(bytearray(_LONGEST_LINE))
        self.values = array("Q", bytes(8 * len(_SLOTS)))

    def take(self) -> bytes:
        """The lines written since this was last asked for, in UTF-8."""
        text = bytes(self.out[: self.at])
        self.at = 0
        return text

    def learn(self, layer: object) -> None:
        """Remember what the options of a TCP header say, for others like them."""
        if len(self.learnt) >= _MOST_OPTIONS:
            self.learnt.clear()
        for option in layer.options:
            if option.words and not option.status:
                self.learnt[option.octets[option.start : option.stop]] = f" {option.info()}".encode()

    def write(
        self,
        row: cython.longlong,
        number: cython.longlong,
        data: cython.const[cython.uchar][::1],
        kind: cython.const[cython.longlong][::1],
        outer_at: cython.const[cython.longlong][::1],
        at: cython.const[cython.longlong][::1],
        stop: cython.const[cython.longlong][::1],
        end: cython.const[cython.longlong][::1],
        bad: cython.const[cython.uchar][::1],
        times: cython.const[cython.longlong][::1],
        stamps: cython.const[cython.longlong][::1],
        digits: cython.const[cython.longlong][::1],
        interface: cython.const[cython.int][::1],
        interfaces: list,
        named: cython.bint,
    ) -> cython.longlong:
        """Write lines from packet `row` on, the first packet having `number`; gives the first that was not written.

        `stopped` is then true where it is not ordinary (its `kind` is less than 0); else the lines are to be taken.
        `at`, `stop` and `end` are of its inner header, `times` in nanoseconds, of which `digits` of a second are shown;
        `stamps` are since the epoch; `interfaces` are the names in ASCII, which lines show where they are `named`.
        """
        count: cython.longlong = len(kind)
        self.stopped = False
        self.size = len(data)
        if self.size == 0:
            self.stopped = row < count
            return row
        if cython.compiled:
            self.base = cython.cast(cython.p_uchar, cython.address(data[0]))
        else:
            self.base = data
        while row < count:
            if self.at + _LONGEST_LINE > len(self.out):
                return row
            if kind[row] < 0 or not self._line(
                number + row,
                data,
                kind[row],
                outer_at[row],
                at[row],
                stop[row],
                end[row],
                bad[row] != 0,
                times[row],
                stamps[row],
                digits[row],
                interfaces[interface[row]],
                named,
            ):
                self.stopped = True
                return row
            row += 1
        return row

    @cython.final
    @cython.cfunc
    @cython.exceptval(-1)
    def _line(
        self,
        number: cython.longlong,
        data: cython.const[cython.uchar][::1],
        kind: cython.longlong,
        outer_at: cython.longlong,
        at: cython.longlong,
        stop: cython.longlong,
        end: cython.longlong,
        bad: cython.bint,
        time: cython.longlong,
        stamp: cython.longlong,
        digits: cython.longlong,
        interface: bytes,
        named: cython.bint,
    ) -> cython.int:
        """Write the line of a packet; 0, and nothing is changed, where an option has words that are not known here."""
        flags: cython.longlong = 0
        slot: cython.longlong
        wide: cython.longlong
        begun: cython.longlong
        is_tcp: cython.bint = self.is_tcp[kind] != 0
        is_told: cython.bint = False
        self.said_end = 0
        if is_tcp:
            if not self._options(data, at + self.options_at, stop):
                return 0
            for slot in range(1, _LENGTH):
                self.values[slot] = self._value(data, at, slot)
            flags = self.values[_FLAG_NAMES]
        else:
            self.values[_SOURCE_PORT] = self._value(data, at, _SOURCE_PORT)
            self.values[_DESTINATION_PORT] = self._value(data, at, _DESTINATION_PORT)
        self.values[_LENGTH] = end - stop
        flow: _Flow = self._flow(data, kind, outer_at, at)
        if is_tcp:
            self.tracker.number(flow.key, number, stamp, data, at, stop, end)
            found: Findings = self.tracker.findings
            self.values[_SEQUENCE] = found.seq
            self.values[_ACKNOWLEDGED] = found.ack
            self.values[_WINDOW] = found.window
            is_told = found.flags != 0

        # number and time
        wide = self._wide(0, _digits(number))
        self._pad(wide - _digits(number))
        self._decimal(number, 1)
        self._put(_SPACE)
        wide = digits + 1 + (1 if time < 0 else 0)
        wide += _digits(_magnitude(time) // _SECOND)
        self._pad(self._wide(1, wide) - wide)
        self._time(time, digits)
        self._pad(2)
        # interface, source and destination, protocol
        wide = self._wide(2, len(interface))
        if named:
            self._copy(interface)
            self._pad(wide - len(interface) + 2)
        self._pad(self._wide(3, len(flow.source)) - len(flow.source))
        self._copy(flow.source)
        self._copy(_ARROW)
        self._copy(flow.destination)
        self._pad(self._wide(4, len(flow.destination)) - len(flow.destination) + 2)
        label: bytes = self.labels[kind]
        self._copy(label)
        self._pad(self._wide(5, len(label)) - len(label) + 2)
        # what it says
        if is_told:
            self._copy(self.tracker.words())
        words: list = self.words[kind]
        steps: list = self.steps[kind]
        needed: cython.longlong
        for begun in range(len(words)):
            needed = steps[2 * begun + 1]
            if needed != 0 and not flags & needed:
                continue
            self._copy(words[begun])
            slot = steps[2 * begun]
            if slot == _FLAG_NAMES:
                self._copy(self.names[flags])
            elif slot != _NONE:
                self._decimal(self.values[slot], 1)
        self._copy_said()
        if bad:
            self._put(_SPACE)
            self._copy(_BAD_CHECKSUM)
        self._put(_NEWLINE)
        return 1

    @cython.final
    @cython.cfunc
    @cython.exceptval(-1)
    def _options(
        self, data: cython.const[cython.uchar][::1], at: cython.longlong, stop: cython.longlong
    ) -> cython.int:
        """Put the words of the options into `said`; 0 where that is not for here."""
        kind: cython.longlong
        octets: cython.longlong
        text: bytes
        while at < stop:
            kind = data[at]
            if self.alone[kind] != 0:
                if self.alone[kind] == 2:
                    return 1
                at += 1
                continue
            if at + 2 > stop:
                return 0
            octets = data[at + 1]
            if octets < 2 or at + octets > stop:
                return 0
            known: tuple = self.options[kind]
            if known is not None and octets == known[0]:
                for words, offset, size in known[1]:
                    self._say(words)
                    if size != 0:
                        self._say_number(data, at + offset, size)
            else:
                text = self.learnt.get(bytes(self.base[at : at + octets]))
                if text is None:
                    return 0
                self._say(text)
            at += octets
        return 1

    @cython.final
    @cython.cfunc
    @cython.exceptval(-1)
    def _say(self, text: bytes) -> cython.int:
        self.said_end = _copied(self.said, self.said_end, text)
        return 0

    @cython.final
    @cython.cfunc
    @cython.exceptval(-1)
    def _say_number(
        self, data: cython.const[cython.uchar][::1], at: cython.longlong, size: cython.longlong
    ) -> cython.int:
        value: cython.ulonglong = 0
        i: cython.longlong
        for i in range(size):
            value = value << 8 | data[at + i]
        i = self.said_end + _digits(value)
        self.said_end = i
        while True:
            i -= 1
            self.said[i] = _ZERO + value % 10
            value = value // 10
            if value == 0:
                return 0

    @cython.final
    @cython.cfunc
    def _flow(
        self,
        data: cython.const[cython.uchar][::1],
        kind: cython.longlong,
        outer_at: cython.longlong,
        at: cython.longlong,
    ) -> _Flow:
        """Who sends to whom: the octets from the first address to the ports tell."""
        first: cython.longlong = outer_at + self.first[kind]
        if first < 0 or at + 4 > self.size:
            raise IndexError("a header reaches out of its buffer")
        flows: dict = self.flows[kind]
        key: bytes = bytes(self.base[first : at + 4])
        found: object = flows.get(key)
        if found is not None:
            return found
        flow: _Flow = _Flow()
        convert = self.kinds[kind][0].declaration.fields["src"].convert
        middle: cython.longlong = outer_at + self.middle[kind]
        source: str = convert(bytes(self.base[first:middle]))
        destination: str = convert(bytes(self.base[middle : outer_at + self.last[kind]]))
        flow.source, flow.destination = source.encode(), destination.encode()
        flow.key = key
        if len(flows) >= _MOST_FLOWS:
            flows.clear()
        flows[key] = flow
        return flow

    @cython.final
    @cython.cfunc
    @cython.exceptval(check=True)
    def _value(
        self, data: cython.const[cython.uchar][::1], start: cython.longlong, slot: cython.longlong
    ) -> cython.ulonglong:
        """A field of the inner header."""
        value: cython.ulonglong = 0
        first: cython.longlong = start + self.fields[4 * slot]
        i: cython.longlong
        for i in range(first, first + self.fields[4 * slot + 1]):
            value = value << 8 | data[i]
        return value >> self.fields[4 * slot + 2] & cython.cast(cython.ulonglong, self.fields[4 * slot + 3])

    @cython.final
    @cython.cfunc
    @cython.exceptval(-1)
    def _wide(self, column: cython.longlong, octets: cython.longlong) -> cython.longlong:
        """How wide a column is, where a cell has so many characters; it grows where that is more."""
        if octets > self.widths[column]:
            self.widths[column] = max(self.widths[column], min(octets, _WIDEST))
        return self.widths[column]

    @cython.final
    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1)
    def _put(self, octet: cython.uchar) -> cython.int:
        self.out[self.at] = octet
        self.at += 1
        return 0

    @cython.final
    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1)
    def _pad(self, count: cython.longlong) -> cython.int:
        while count > 0:
            self._put(_SPACE)
            count -= 1
        return 0

    @cython.final
    @cython.cfunc
    @cython.exceptval(-1)
    def _copy(self, text: bytes) -> cython.int:
        self.at = _copied(self.out, self.at, text)
        return 0

    @cython.final
    @cython.cfunc
    @cython.exceptval(-1)
    def _copy_said(self) -> cython.int:
        count: cython.longlong = self.said_end
        if count < 0 or count > len(self.said) or self.at + count > len(self.out):
            raise IndexError("a line is longer than its buffer")
        if cython.compiled:
            if count > 0:
                memcpy(cython.address(self.out[self.at]), cython.address(self.said[0]), count)
        else:
            self.out[self.at : self.at + count] = self.said[:count]
        self.at += count
        return 0

    @cython.final
    @cython.cfunc
    @cython.exceptval(-1)
    def _decimal(self, value: cython.ulonglong, least: cython.longlong) -> cython.int:
        """A number with at least so many digits."""
        place: cython.longlong = self.at + max(_digits(value), least)
        begin: cython.longlong = self.at
        self.at = place
        while place > begin:
            place -= 1
            self.out[place] = _ZERO + value % 10
            value = value // 10
        return 0

    @cython.final
    @cython.cfunc
    @cython.exceptval(-1)
    def _time(self, time: cython.longlong, digits: cython.longlong) -> cython.int:
        """Seconds, cut after so many digits, 6 or 9; clock.seconds does the same."""
        if time < 0:
            self._put(_MINUS)
        self._decimal(_magnitude(time) // _SECOND, 1)
        self._put(_POINT)
        fraction: cython.ulonglong = _magnitude(time) % _SECOND
        if digits == 6:
            fraction = fraction // 1000
        self._decimal(fraction, digits)
        return 0


@cython.cfunc
@cython.inline
@cython.exceptval(-1)
def _copied(to: cython.uchar[::1], at: cython.longlong, text: bytes) -> cython.longlong:
    """Put octets where there is room for them; gives where they end."""
    count: cython.longlong = len(text)
    if at < 0 or at + count > to.shape[0]:
        raise IndexError("a line is longer than its buffer")
    if cython.compiled:
        if count > 0:
            memcpy(cython.address(to[at]), cython.cast(cython.p_char, text), count)
    else:
        to[at : at + count] = text
    return at + count


_BAD_CHECKSUM: bytes = BAD_CHECKSUM.encode()


def _option(kind: int) -> object:
    """How an option is written whose words name plain fields only: its octets, and words with field and size each."""
    from dissectors.graph import graph

    member = graph.member(TCPOption, kind)
    if not member.words:
        return None
    steps = []
    lead = " "
    for words, name in pieces(member.words):
        field = member.declaration.fields.get(name)
        if name and (field not in member.declaration.fixed_fields or (field.shift, field.mask) != (0, _ones(field))):
            return None
        steps.append((f"{lead}{words}".encode(), field.at if name else 0, field.size if name else 0))
        lead = ""
    return member.declaration.fixed, tuple(steps)


def _ones(field: object) -> int:
    return (1 << 8 * field.size) - 1


@cython.cfunc
@cython.inline
@cython.exceptval(-1)
def _digits(value: cython.ulonglong) -> cython.longlong:
    digits: cython.longlong = 1
    while value >= 10:
        value = value // 10
        digits += 1
    return digits


@cython.cfunc
@cython.inline
@cython.exceptval(check=True)
def _magnitude(value: cython.longlong) -> cython.ulonglong:
    return -value if value < 0 else value
