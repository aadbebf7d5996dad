# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""Columns as lines of text: what `-T fields` prints, from the cells of many packets at once.

`FieldsView` in fields.py is the same for one packet, and says what the lines look like. How a column is written is
decided once, by its fields. Numbers, flags, addresses and times become text here; of all other kinds, and of a packet
with several values, `Field.text` is asked for each value. Then the lines are put together with the GIL released.

This is plain Python that Cython compiles too: installed with a compiler it runs as native code, without one the same
file is interpreted. Every index is checked in both.
"""
from __future__ import annotations

import cython
import numpy as np

from dissectors.fields import EUI64, MAC, Either, Field, Flag, IPv4Address, IPv6Address, Time, Uint
from dissectors.printable import printable

# How a column is written.
_PYTHON = cython.declare(cython.longlong, 0)  # by its field
_DECIMAL = cython.declare(cython.longlong, 1)
_HEXADECIMAL = cython.declare(cython.longlong, 2)
_TRUTH = cython.declare(cython.longlong, 3)
_TIME = cython.declare(cython.longlong, 4)
_IPV4 = cython.declare(cython.longlong, 5)
_IPV6 = cython.declare(cython.longlong, 6)
_HARDWARE = cython.declare(cython.longlong, 7)

_ADDRESSES = {"ipv4": (IPv4Address, 4, 5), "ipv6": (IPv6Address, 16, 6), "ether": (MAC, 6, 7), "eui64": (EUI64, 8, 7)}
"""The type of an address: the field that writes it as it is written here, its octets, how it is written."""

# What a packet has in a slot.
_ABSENT = cython.declare(cython.longlong, 0)
_VALUE = cython.declare(cython.longlong, 1)  # in `words`
_TEXT = cython.declare(cython.longlong, 2)  # in `texts`

# What `slots` knows of a slot.
_CODE = cython.declare(cython.longlong, 0)  # how its values are written,
_DIGITS = cython.declare(cython.longlong, 1)  # with how many digits, or octets of an address
_SIGNED = cython.declare(cython.longlong, 2)  # whether they may be negative
_WORD = cython.declare(cython.longlong, 3)  # where in `words` they begin
_ENTRY = cython.declare(cython.longlong, 4)

_MEMORABLE = frozenset({str, bytes, int})
"""Types of values that tell how they are written by being equal; a bool may equal an int."""

_LONGEST = 48  # characters of a value that is written here: an IPv6 address has up to 45
_SIGN = cython.declare(cython.longlong, 63)
_64_BITS = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
_SECOND = cython.declare(cython.ulonglong, 1_000_000_000)
_NEWLINE = cython.declare(cython.uchar, 0x0A)
_MINUS = cython.declare(cython.uchar, 0x2D)
_POINT = cython.declare(cython.uchar, 0x2E)
_ZERO = cython.declare(cython.uchar, 0x30)
_COLON = cython.declare(cython.uchar, 0x3A)
_X = cython.declare(cython.uchar, 0x78)


def says_all(fields: object) -> bool:
    """Whether the values of a column tell how they are written, whichever of `fields` each of them is of.

    Fields that share a name may be written differently, with another number of digits say; such a column is for
    FieldsView.
    """
    leaves = _leaves(fields)
    if len(leaves) > 1 and any(type(each).text.__module__ != Field.__module__ for each in leaves):
        return False  # what else a text depends on is not known
    ways = set()
    for each in leaves:
        convert = type(each).convert if each.type in _ADDRESSES else None
        ways.add((type(each).text, each.type, convert, getattr(each, "digits", 0)))
    return len(ways) == 1


@cython.cclass
class _Texts:
    """The texts of a batch, one behind the other."""

    pieces: list
    size: cython.longlong
    octets: cython.longlong  # of what is printed: a text may be printed several times

    def __init__(self) -> None:
        self.pieces = []
        self.size = self.octets = 0

    @cython.ccall
    def add(self, text: bytes) -> tuple:
        """Where the text is put: its start and end."""
        start: cython.longlong = self.size
        self.pieces.append(text)
        self.size += len(text)
        return start, self.size


@cython.cclass
class RowWriter:
    """Writes the rows of columns, each given by the fields that share its name, in a `fields.Style`.

    A writer serves one thread at a time. Raises ValueError for a column of which `says_all` is not true.
    """

    formats: list
    separator: cython.const[cython.uchar][::1]
    aggregator: cython.const[cython.uchar][::1]
    quote: cython.const[cython.uchar][::1]
    join: str
    escape: cython.bint
    first: cython.bint  # of several values only one is printed: the first
    last: cython.bint  # or the last

    arrays: tuple  # of numpy, which the views below are of
    words: cython.ulonglong[::1]  # the values, slot by slot; those of an IPv6 address are two words
    there: cython.uchar[::1]  # what each packet has in each slot
    starts: cython.longlong[::1]  # where a text is
    stops: cython.longlong[::1]
    slots: cython.longlong[::1]
    columns: cython.longlong[::1]  # the first slot of each column, and behind them how many slots there are
    out: cython.uchar[::1]

    def __init__(self, columns: list, style: object) -> None:
        for fields in columns:
            if not says_all(fields):
                raise ValueError(f"how {fields[0].name} is written depends on the header that it is in")
        self.formats = [_Format(_leaves(fields)[0]) for fields in columns]
        self.escape = style.escape
        self.first, self.last = style.occurrence == "f", style.occurrence == "l"
        self.join = style.aggregator
        self.separator = memoryview(_encoded(style.separator))
        self.aggregator = memoryview(_encoded(printable(style.aggregator) if style.escape else style.aggregator))
        self.quote = memoryview(_encoded(style.quote))
        self.columns = memoryview(np.zeros(len(columns) + 1, np.int64))
        self.arrays = ()
        self._reserve(1, 1)
        self.out = memoryview(bytearray(1))

    def write(self, cells: list, count: int) -> bytes:
        """The lines of `count` packets, in UTF-8, each with its newline.

        `cells` has for each column the Cells of the fields that the name stands for in one header, mostly one, in the
        order in which their values are joined. The values of a packet that is in `more` of the first of them are these.
        """
        if count == 0:
            return b""
        number: cython.longlong = 0
        word: cython.longlong = 0
        column: cython.longlong
        for column in range(len(self.formats)):
            self.columns[column] = number
            number += len(cells[column])
        self.columns[len(self.formats)] = number
        self._reserve(number, count)
        texts: _Texts = _Texts()
        number = 0
        for column in range(len(self.formats)):
            parts = cells[column][::-1] if self.last else cells[column]
            word = self._column(self.formats[column], parts, cells[column][0].more, number, word, count, texts)
            number += len(parts)
        self._make_room(number, count, texts.octets)
        written: cython.longlong = self._lines(count, memoryview(b"".join(texts.pieces)))
        return bytes(self.out[:written])

    @cython.cfunc
    def _reserve(self, slots: cython.longlong, count: cython.longlong) -> object:
        """Make room for the values of so many slots."""
        if self.arrays and len(self.there) >= slots * count and len(self.slots) >= slots * _ENTRY:
            return None
        self.arrays = (
            np.zeros(2 * slots * count, np.uint64),
            np.zeros(slots * count, np.uint8),
            np.zeros(slots * count, np.int64),
            np.zeros(slots * count, np.int64),
            np.zeros(slots * _ENTRY, np.int64),
        )
        self.words, self.there, self.starts, self.stops, self.slots = map(memoryview, self.arrays)
        return None

    @cython.cfunc
    def _make_room(self, slots: cython.longlong, count: cython.longlong, octets: cython.longlong) -> object:
        """Make room for the lines: every slot may have a value of the longest kind, beside the texts."""
        line: cython.longlong = slots * (_LONGEST + len(self.aggregator))
        line += len(self.formats) * (len(self.separator) + 2 * len(self.quote)) + 1
        if len(self.out) < line * count + octets:
            self.out = memoryview(bytearray(line * count + octets))
        return None

    @cython.cfunc
    def _column(
        self,
        how: object,
        parts: list,
        more: dict,
        number: cython.longlong,
        word: cython.longlong,
        count: cython.longlong,
        texts: _Texts,
    ) -> cython.longlong:
        """Take over the cells of a column, whose slots begin with `number`; gives where the next may put its words."""
        index: cython.longlong
        row: cython.longlong
        native: cython.bint = all(how.fits(each.values) for each in parts)
        words, there = self.arrays[0], self.arrays[1]
        for index in range(len(parts)):
            place = (number + index) * count
            values = parts[index].values[:count]
            there[place : place + count] = parts[index].valid[:count]
            self.slots[(number + index) * _ENTRY + _CODE] = how.code
            self.slots[(number + index) * _ENTRY + _DIGITS] = how.digits
            self.slots[(number + index) * _ENTRY + _SIGNED] = values.dtype.kind == "i"
            self.slots[(number + index) * _ENTRY + _WORD] = word
            if native:
                wide = how.words(values)
                words[word : word + wide.size] = wide
                word += wide.size
        if not native:
            self._by_field(how, parts, number, count, texts)
        for row in more:
            if row < count:
                self._clear(number, len(parts), row, count)
                self._set(number * count + row, self._text(how.text, more[row]), texts)
        return word

    @cython.cfunc
    def _by_field(
        self,
        how: object,
        parts: list,
        number: cython.longlong,
        count: cython.longlong,
        texts: _Texts,
    ) -> object:
        """Have a column written by its field: the same value of a batch once, where a column is of one slot."""
        row: cython.longlong
        memo: dict = {}
        listed: list = [how.plain(each.values[:count]) for each in parts]
        if len(parts) > 1:
            valid: list = [each.valid[:count].tolist() for each in parts]
            for row in range(count):
                values = [there[row] for there, known in zip(listed, valid, strict=True) if known[row]]
                self._clear(number, len(parts), row, count)
                if values:
                    # The parts come in the order in which one is chosen, if only one is printed.
                    self._set(number * count + row, self._text(how.text, values[:1] if self.last else values), texts)
            return None
        plain: list = listed[0]
        for row in range(count):
            if self.there[number * count + row] == _ABSENT:
                continue
            value = plain[row]
            if type(value) in _MEMORABLE:
                place = memo.get(value)
                if place is None:
                    place = memo[value] = texts.add(self._text(how.text, (value,)))
                self.starts[number * count + row] = place[0]
                self.stops[number * count + row] = place[1]
                self.there[number * count + row] = _TEXT
                texts.octets += place[1] - place[0]
            else:
                self._set(number * count + row, self._text(how.text, (value,)), texts)
        return None

    @cython.cfunc
    def _clear(
        self, number: cython.longlong, parts: cython.longlong, row: cython.longlong, count: cython.longlong
    ) -> object:
        index: cython.longlong
        for index in range(parts):
            self.there[(number + index) * count + row] = _ABSENT
        return None

    @cython.cfunc
    def _set(self, place: cython.longlong, text: bytes, texts: _Texts) -> object:
        self.starts[place], self.stops[place] = texts.add(text)
        self.there[place] = _TEXT
        texts.octets += len(text)
        return None

    @cython.cfunc
    def _text(self, write: object, values: object) -> bytes:
        """What is printed of the values of one packet, but for the quotes; FieldsView does the same."""
        text: str
        if self.first or len(values) == 1:
            text = write(values[0])
        elif self.last:
            text = write(values[len(values) - 1])
        else:
            text = self.join.join(map(write, values))
        if self.escape and not text.isprintable():
            text = printable(text)
        return _encoded(text)

    @cython.cfunc
    def _lines(self, count: cython.longlong, texts: cython.const[cython.uchar][::1]) -> cython.longlong:
        """Write the lines into `out`; gives their octets."""
        at: cython.longlong = 0
        row: cython.longlong
        column: cython.longlong
        slot: cython.longlong
        place: cython.longlong
        begun: cython.bint
        columns: cython.longlong = len(self.formats)
        one: cython.bint = self.first or self.last
        with cython.nogil:
            for row in range(count):
                for column in range(columns):
                    if column > 0:
                        at = self._copy(at, self.separator, 0, self.separator.shape[0])
                    begun = False
                    for slot in range(self.columns[column], self.columns[column + 1]):
                        place = slot * count + row
                        if self.there[place] == _ABSENT:
                            continue
                        if begun:
                            at = self._copy(at, self.aggregator, 0, self.aggregator.shape[0])
                        else:
                            at = self._copy(at, self.quote, 0, self.quote.shape[0])
                        begun = True
                        if self.there[place] == _TEXT:
                            at = self._copy(at, texts, self.starts[place], self.stops[place])
                        else:
                            at = self._value(at, slot, row, count)
                        if one:
                            break
                    if begun:
                        at = self._copy(at, self.quote, 0, self.quote.shape[0])
                self.out[at] = _NEWLINE
                at += 1
        return at

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(-1)
    def _copy(
        self,
        at: cython.longlong,
        octets: cython.const[cython.uchar][::1],
        start: cython.longlong,
        stop: cython.longlong,
    ) -> cython.longlong:
        place: cython.longlong
        for place in range(start, stop):
            self.out[at] = octets[place]
            at += 1
        return at

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _value(
        self, at: cython.longlong, slot: cython.longlong, row: cython.longlong, count: cython.longlong
    ) -> cython.longlong:
        """Write a number, a flag, a time or an address at `at`; gives where it ends, as do all that follow."""
        code: cython.longlong = self.slots[slot * _ENTRY + _CODE]
        digits: cython.longlong = self.slots[slot * _ENTRY + _DIGITS]
        place: cython.longlong = self.slots[slot * _ENTRY + _WORD] + row
        word: cython.ulonglong = self.words[place]
        negative: cython.bint
        if code == _IPV4:
            return self._dotted(at, word)
        if code == _IPV6:
            return self._ipv6(at, word, self.words[place + count])
        if code == _HARDWARE:
            return self._hardware(at, word, digits)
        if code == _TRUTH:
            self.out[at] = _ZERO + word
            return at + 1
        negative = self.slots[slot * _ENTRY + _SIGNED] != 0 and word >> _SIGN != 0
        if negative:
            word = ~word + 1 & _64_BITS
        if code == _HEXADECIMAL:
            self.out[at] = _ZERO
            self.out[at + 1] = _X
            at += 2
        if negative:
            self.out[at] = _MINUS
            at += 1
        if code == _HEXADECIMAL:
            return self._hexadecimal(at, word, digits - negative)
        if code == _TIME:
            at = self._decimal(at, word // _SECOND, 1)
            self.out[at] = _POINT
            return self._decimal(at + 1, word % _SECOND, 9)
        return self._decimal(at, word, 1)

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(-1)
    def _decimal(self, at: cython.longlong, value: cython.ulonglong, least: cython.longlong) -> cython.longlong:
        """A number with at least so many digits."""
        digits: cython.longlong = 1
        above: cython.ulonglong = 10
        while digits < 20 and value >= above:
            digits += 1
            above = above * 10 & _64_BITS
        if digits < least:
            digits = least
        place: cython.longlong = at + digits
        while place > at:
            place -= 1
            self.out[place] = _ZERO + value % 10
            value = value // 10
        return at + digits

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(-1)
    def _hexadecimal(self, at: cython.longlong, value: cython.ulonglong, least: cython.longlong) -> cython.longlong:
        """A number in hexadecimal with at least so many digits."""
        digits: cython.longlong = 1
        while digits < 16 and value >> 4 * digits != 0:
            digits += 1
        if digits < least:
            digits = least
        place: cython.longlong = at + digits
        while place > at:
            place -= 1
            self.out[place] = _digit(value & 0xF)
            value >>= 4
        return at + digits

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(-1)
    def _dotted(self, at: cython.longlong, address: cython.ulonglong) -> cython.longlong:
        """An IPv4 address."""
        shift: cython.longlong = 24
        octet: cython.ulonglong
        while shift >= 0:
            octet = address >> shift & 0xFF
            if octet >= 100:
                self.out[at] = _ZERO + octet // 100
                at += 1
            if octet >= 10:
                self.out[at] = _ZERO + octet // 10 % 10
                at += 1
            self.out[at] = _ZERO + octet % 10
            at += 1
            if shift > 0:
                self.out[at] = _POINT
                at += 1
            shift -= 8
        return at

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _ipv6(self, at: cython.longlong, high: cython.ulonglong, low: cython.ulonglong) -> cython.longlong:
        """An IPv6 address: the longest run of zeros left out, the first of several (RFC 5952, 4.2).

        One that has an IPv4 address in it (RFC 4291, 2.5.5) ends in that, as the C library writes it.
        """
        group: cython.longlong
        length: cython.longlong = 0
        run: cython.longlong = -1
        longest: cython.longlong = 1  # a single group of zeros is written
        for group in range(8):
            if _group(high, low, group) != 0:
                length = 0
                continue
            length += 1
            if length > longest:
                longest = length
                run = group + 1 - length
        for group in range(8):
            if run <= group < run + longest and run >= 0:
                if group == run:
                    self.out[at] = _COLON
                    at += 1
                continue
            if group > 0:
                self.out[at] = _COLON
                at += 1
            if group == 6 and run == 0 and (longest == 6 or (longest == 5 and _group(high, low, 5) == 0xFFFF)):
                return self._dotted(at, low)
            at = self._hexadecimal(at, _group(high, low, group), 1)
        if run >= 0 and run + longest == 8:
            self.out[at] = _COLON
            at += 1
        return at

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(-1)
    def _hardware(self, at: cython.longlong, address: cython.ulonglong, octets: cython.longlong) -> cython.longlong:
        """A hardware address of so many octets, each of two digits."""
        shift: cython.longlong = 8 * octets - 8
        while shift >= 0:
            self.out[at] = _digit(address >> shift + 4 & 0xF)
            self.out[at + 1] = _digit(address >> shift & 0xF)
            at += 2
            if shift > 0:
                self.out[at] = _COLON
                at += 1
            shift -= 8
        return at


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def _group(high: cython.ulonglong, low: cython.ulonglong, group: cython.longlong) -> cython.ulonglong:
    """One of the eight groups of 16 bits of an IPv6 address."""
    if group < 4:
        return high >> 48 - 16 * group & 0xFFFF
    return low >> 112 - 16 * group & 0xFFFF


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def _digit(value: cython.ulonglong) -> cython.uchar:
    return value + 0x30 if value < 10 else value + 0x57


class _Format:
    """How a column is written; `code` is one of the numbers above."""

    def __init__(self, field: object) -> None:
        self.text = field.text
        self.convert = field.convert
        self.code = _PYTHON
        self.digits = 0
        self.kinds = ""  # of numpy's arrays of numbers
        text = type(field).text
        if text is Uint.text:
            self.digits = field.digits
            self.code, self.kinds = _HEXADECIMAL if self.digits else _DECIMAL, "ui"
        elif text is Flag.text:
            self.code, self.kinds = _TRUTH, "b"
        elif text is Time.text:
            self.code, self.kinds = _TIME, "i"
        elif text is Field.text and field.type in _ADDRESSES:
            same, octets, code = _ADDRESSES[field.type]
            if type(field).convert is same.convert:
                self.code, self.digits = code, octets

    def fits(self, values: object) -> bool:
        """Whether an array holds what `code` writes, rather than what only the field can write."""
        if values.ndim == 2:
            return not self.kinds and self.code != _PYTHON and values.shape[1] == self.digits
        return values.dtype.kind in self.kinds

    def words(self, values: object) -> object:
        """The values as numbers: addresses of more than 64 bits as two, all the higher ones first."""
        if values.ndim == 1:
            return values
        octets = values
        if self.digits == 6:
            octets = np.zeros((len(values), 8), np.uint8)
            octets[:, 2:] = values
        numbers = np.ascontiguousarray(octets).view(">u4" if self.digits == 4 else ">u8")
        return numbers.T.reshape(-1)

    def plain(self, values: object) -> list:
        """The values as the packet view gives them."""
        if values.ndim == 2:
            return [self.convert(each.tobytes()) for each in values]
        return values.tolist()


def _leaves(fields: object) -> list:
    """The fields that write the values: those that an Either names."""
    return [leaf for each in fields for leaf in (_leaves(each.fields) if isinstance(each, Either) else (each,))]


def _encoded(text: str) -> bytes:
    """As standard output is set to encode."""
    return text.encode("utf-8", "backslashreplace")
