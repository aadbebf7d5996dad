# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""The one walker: runs the compiled parse graph over bytes, and the views over what it found.

The graph (graph.py) arrives here as flat arrays of integers: one row of NODE numbers a header, one row
of TERM numbers a wire field that a rule reads, dense tables from a field's value to the next header and
sparse pairs for fields too wide for a table (layout.py names the columns).  Nothing here knows a protocol.

This is plain Python that Cython compiles too: installed with a compiler it runs as native code, without
one the same file is interpreted.  Every index is checked in both.  Header bounds are checked once, here;
what this file says is whole, an accessor may read without looking again.
"""
from __future__ import annotations

import cython

from dissectors import layout

NODE = cython.declare(cython.longlong, layout.NODE)
FIXED = cython.declare(cython.longlong, layout.FIXED)
LENGTH_BASE = cython.declare(cython.longlong, layout.LENGTH_BASE)
LENGTH_TERM = cython.declare(cython.longlong, layout.LENGTH_TERM)
LENGTH_COUNT = cython.declare(cython.longlong, layout.LENGTH_COUNT)
END_RULE = cython.declare(cython.longlong, layout.END_RULE)
END_BASE = cython.declare(cython.longlong, layout.END_BASE)
END_TERM = cython.declare(cython.longlong, layout.END_TERM)
END_COUNT = cython.declare(cython.longlong, layout.END_COUNT)
FRAGMENT_TERM = cython.declare(cython.longlong, layout.FRAGMENT_TERM)
NEXT = cython.declare(cython.longlong, layout.NEXT)
FLAGS = cython.declare(cython.longlong, layout.FLAGS)
END_ZERO = cython.declare(cython.longlong, layout.END_ZERO)
LENGTH_MULTIPLE = cython.declare(cython.longlong, layout.LENGTH_MULTIPLE)
MEMBERS = cython.declare(cython.longlong, layout.MEMBERS)
FAMILY = cython.declare(cython.longlong, layout.FAMILY)
ALIGN = cython.declare(cython.longlong, layout.ALIGN)
EDGE_RULE = cython.declare(cython.longlong, layout.EDGE_RULE)
EDGE_TERM = cython.declare(cython.longlong, layout.EDGE_TERM)
EDGE_TABLE = cython.declare(cython.longlong, layout.EDGE_TABLE)
EDGE_SIZE = cython.declare(cython.longlong, layout.EDGE_SIZE)
EDGE_DEFAULT = cython.declare(cython.longlong, layout.EDGE_DEFAULT)
TERM = cython.declare(cython.longlong, layout.TERM)
T_OFFSET = cython.declare(cython.longlong, layout.T_OFFSET)
T_SIZE = cython.declare(cython.longlong, layout.T_SIZE)
T_SHIFT = cython.declare(cython.longlong, layout.T_SHIFT)
T_MASK = cython.declare(cython.longlong, layout.T_MASK)
T_TIMES = cython.declare(cython.longlong, layout.T_TIMES)
T_MODE = cython.declare(cython.longlong, layout.T_MODE)
T_OPERAND = cython.declare(cython.longlong, layout.T_OPERAND)
T_LITTLE = cython.declare(cython.longlong, layout.T_LITTLE)
LINEAR = cython.declare(cython.longlong, layout.LINEAR)
NONZERO = cython.declare(cython.longlong, layout.NONZERO)
EQUALS = cython.declare(cython.longlong, layout.EQUALS)
DIFFERS = cython.declare(cython.longlong, layout.DIFFERS)
END_WITH_PARENT = cython.declare(cython.longlong, layout.END_WITH_PARENT)
END_BY_TERMS = cython.declare(cython.longlong, layout.END_BY_TERMS)
NEXT_NOTHING = cython.declare(cython.longlong, layout.NEXT_NOTHING)
NEXT_BY_TABLE = cython.declare(cython.longlong, layout.NEXT_BY_TABLE)
NEXT_BY_PAIRS = cython.declare(cython.longlong, layout.NEXT_BY_PAIRS)
NEXT_BY_PORTS = cython.declare(cython.longlong, layout.NEXT_BY_PORTS)
NEXT_ALWAYS = cython.declare(cython.longlong, layout.NEXT_ALWAYS)
SELECTOR = cython.declare(cython.longlong, layout.SELECTOR)
QUOTES = cython.declare(cython.longlong, layout.QUOTES)
REPEATS = cython.declare(cython.longlong, layout.REPEATS)
TAKES_ALL = cython.declare(cython.longlong, layout.TAKES_ALL)
EXTENDS = cython.declare(cython.longlong, layout.EXTENDS)
STRICT = cython.declare(cython.longlong, layout.STRICT)
TAILED = cython.declare(cython.longlong, layout.TAILED)
ROOMY = cython.declare(cython.longlong, layout.ROOMY)
ASKED = cython.declare(cython.longlong, layout.ASKED)
TRUNCATED = cython.declare(cython.longlong, layout.TRUNCATED)
SHORT = cython.declare(cython.longlong, layout.SHORT)
BAD_LENGTH = cython.declare(cython.longlong, layout.BAD_LENGTH)
BAD_END = cython.declare(cython.longlong, layout.BAD_END)
LONG_END = cython.declare(cython.longlong, layout.LONG_END)
TOO_DEEP = cython.declare(cython.longlong, layout.TOO_DEEP)
PARTIAL = cython.declare(cython.longlong, layout.PARTIAL)
FRAGMENT = cython.declare(cython.longlong, layout.FRAGMENT)
QUOTED = cython.declare(cython.longlong, layout.QUOTED)
CONTRADICTS = cython.declare(cython.longlong, layout.CONTRADICTS)
FOUND = cython.declare(cython.longlong, layout.FOUND)
REPEAT = cython.declare(cython.longlong, layout.REPEAT)
MOST_LAYERS = cython.declare(cython.longlong, layout.MOST_LAYERS)
MOST_REPEATING = cython.declare(cython.longlong, layout.MOST_REPEATING)
MOST_FOUND = cython.declare(cython.longlong, layout.MOST_FOUND)
MOST_LEAPS = cython.declare(cython.longlong, layout.MOST_LEAPS)


def ones_complement_sum(octets: bytes, start: cython.longlong = 0) -> cython.longlong:
    """The 16-bit one's complement sum of `octets`, added to `start`; an odd last octet counts as if a 0 followed."""
    total: cython.longlong = start
    last: cython.longlong = len(octets) - 1
    i: cython.longlong
    for i in range(0, last, 2):
        total += octets[i] << 8 | octets[i + 1]
    if last % 2 == 0:
        total += octets[last] << 8
    # The sum modulo 65535 is that of all carries added again; 0 has two forms, told apart here.
    return total % 0xFFFF or (0xFFFF if total else 0)


def goes_on(layer: object) -> cython.bint:
    """Whether the end of what lies on `layer`, a header or None, is elsewhere: in another segment or fragment."""
    view: View = layer
    while view is not None:
        if view.status & LONG_END or view.continued:
            return True
        view = view.below
    return False


def may_contradict(layer: View) -> cython.bint:
    """Whether a header may contradict itself: its status says so, or somebody has to look inside or behind it."""
    each: View
    if layer.status & CONTRADICTS or layer.extensions:
        return True
    declared = layer.declaration
    if declared.holds:
        if declared.has_body:
            return True
        for area in declared.areas:
            for each in getattr(layer, area.attribute):
                if may_contradict(each):
                    return True
    return False


def depth(layer: View) -> cython.longlong:
    """In how many options a header stands, itself counted."""
    view: View = layer
    options: cython.longlong = 0
    while view is not None:
        if view.is_option:
            options += 1
        view = view.below
    return options


@cython.cclass
class Captured:
    """The plain facts of one frame, shared by its packet.Packet and the headers in it.

    Apart from the packet so that a header need not refer to the packet that holds it: a cycle of references would
    leave every packet to the garbage collector.
    """

    data = cython.declare(bytes, visibility="public")
    interface = cython.declare(object, visibility="public")
    time_ns = cython.declare(object, visibility="public")
    length = cython.declare(cython.longlong, visibility="public")
    number = cython.declare(cython.longlong, visibility="public")
    options = cython.declare(tuple, visibility="public")
    notes = cython.declare(object, visibility="public")
    doubtful = cython.declare(cython.bint, visibility="public")  # a header in it is to be asked, or follows another


@cython.cclass
class Holder:
    """What a packet keeps: the frame's facts, and the headers once they were found.  The base of packet.Packet."""

    captured = cython.declare(Captured, visibility="public")
    headers = cython.declare(object, visibility="public")  # what the walker found, a list; None before it ran
    complete = cython.declare(cython.bint, visibility="public")  # headers has been looked through for the rest

    def __init__(
        self,
        data: bytes,
        interface: object,
        time_ns: object = None,
        length: cython.longlong = -1,
        number: cython.longlong = 0,
        options: tuple = (),
    ) -> None:
        captured: Captured = Captured()
        captured.data = data
        captured.interface = interface
        captured.time_ns = time_ns
        captured.length = length if length >= 0 else len(data)
        captured.number = number
        captured.options = options
        captured.notes = None
        captured.doubtful = False
        self.captured = captured
        self.headers = None
        self.complete = False

    @property
    def layers(self) -> list:
        """Every header, outermost first; what nobody declared is a `data` layer at the end."""
        if not self.complete:
            self.headers = self.completed(self.headers if self.headers is not None else self.walk())
            self.complete = True
        return self.headers

    @property
    def data(self) -> bytes:
        return self.captured.data

    @property
    def interface(self) -> object:
        return self.captured.interface

    @property
    def time_ns(self) -> object:
        return self.captured.time_ns

    @property
    def length(self) -> cython.longlong:
        return self.captured.length

    @property
    def number(self) -> cython.longlong:
        return self.captured.number

    @number.setter
    def number(self, number: cython.longlong) -> None:
        self.captured.number = number

    @property
    def options(self) -> tuple:
        return self.captured.options

    @property
    def notes(self) -> object:
        return self.captured.notes

    @notes.setter
    def notes(self, notes: object) -> None:
        self.captured.notes = notes


@cython.cclass
class View:
    """One stretch of a frame that is a header: the base of header.Header, which says what the attributes mean."""

    captured = cython.declare(Captured, visibility="public")
    octets = cython.declare(bytes, visibility="public")
    start = cython.declare(cython.longlong, visibility="public")
    stop = cython.declare(cython.longlong, visibility="public")
    end = cython.declare(cython.longlong, visibility="public")
    status = cython.declare(cython.longlong, visibility="public")
    protocol = cython.declare(str, visibility="public")
    below = cython.declare(object, visibility="public")
    predecessor = cython.declare(object, visibility="public")
    extensions = cython.declare(tuple, visibility="public")
    cache = cython.declare(object, visibility="public")

    def __init__(
        self,
        captured: Captured,
        start: cython.longlong,
        stop: cython.longlong,
        end: cython.longlong,
        status: cython.longlong = 0,
        below: object = None,
    ) -> None:
        self.captured = captured
        self.octets = captured.data
        self.start = start
        self.stop = stop
        self.end = end
        self.status = status
        self.protocol = type(self).name
        self.below = below
        self.predecessor = None
        self.extensions = ()
        self.cache = None


@cython.cclass
class NumberReader:
    """The attribute that reads a number of up to 64 bits from a header's fixed part; None where it was cut off."""

    at: cython.longlong
    size: cython.longlong
    shift: cython.longlong
    mask: cython.ulonglong
    unit: cython.longlong
    plus: cython.longlong
    little: cython.bint
    boolean: cython.bint

    def __init__(
        self,
        at: cython.longlong,
        size: cython.longlong,
        shift: cython.longlong,
        mask: cython.ulonglong,
        unit: cython.longlong,
        plus: cython.longlong,
        little: cython.bint,
        boolean: cython.bint,
    ) -> None:
        self.at = at
        self.size = size
        self.shift = shift
        self.mask = mask
        self.unit = unit
        self.plus = plus
        self.little = little
        self.boolean = boolean

    def __get__(self, layer: object, owner: object) -> object:
        if layer is None:
            return self
        view: View = layer
        octets: bytes = view.octets
        first: cython.longlong = view.start + self.at
        value: cython.ulonglong = 0
        i: cython.longlong
        if first + self.size > view.stop:
            return None
        if self.little:
            for i in range(self.size):
                value |= cython.cast(cython.ulonglong, octets[first + i]) << (8 * i)
        else:
            for i in range(self.size):
                value = value << 8 | octets[first + i]
        value = value >> self.shift & self.mask
        if self.boolean:
            return value != 0
        if self.unit == 1 and self.plus == 0:
            return value
        return cython.cast(cython.longlong, value) * self.unit + self.plus


@cython.cclass
class OctetsReader:
    """The attribute that reads whole octets from a header's fixed part and converts them; None where cut off.

    `most` values are remembered, for octets that come again and again.
    """

    at: cython.longlong
    size: cython.longlong
    convert: object
    most: cython.longlong
    known: dict

    def __init__(self, at: cython.longlong, size: cython.longlong, convert: object, most: cython.longlong = 0) -> None:
        self.at = at
        self.size = size
        self.convert = convert
        self.most = most
        self.known = {}

    def __get__(self, layer: object, owner: object) -> object:
        if layer is None:
            return self
        view: View = layer
        first: cython.longlong = view.start + self.at
        if first + self.size > view.stop:
            return None
        octets: bytes = view.octets[first : first + self.size]
        if self.most == 0:
            return self.convert(octets)
        value: object = self.known.get(octets)
        if value is None:
            value = self.convert(octets)
            if len(self.known) >= self.most:
                self.known.clear()
            self.known[octets] = value
        return value


@cython.cclass
class AreaReader:
    """The attribute that reads an area of options, which are looked for once."""

    field: object
    attribute: str

    def __init__(self, field: object, attribute: str) -> None:
        self.field = field
        self.attribute = attribute

    def __get__(self, layer: object, owner: object) -> object:
        if layer is None:
            return self
        view: View = layer
        found: object = None
        if view.cache is not None:
            found = view.cache.get(self.attribute)
            if found is not None:
                return found
        declared = layer.declaration
        if declared.rest is self.field and view.start + cython.cast(cython.longlong, declared.fixed) >= view.stop:
            return []
        return layer._options(self.field)


@cython.cclass
class LayerReader:
    """The attribute of a packet that gives its first header of a protocol; None where there is none.

    `by_content`: whether such a header may be found, or found wanting, by looking at what the last one carries;
    for all others the walk alone is enough.
    """

    name: str
    by_content: cython.bint

    def __init__(self, name: str, by_content: cython.bint) -> None:
        self.name = name
        self.by_content = by_content

    def __get__(self, packet: object, owner: object) -> object:
        if packet is None:
            return self
        holder: Holder = packet
        layers: list
        view: View
        if self.by_content:
            layers = packet.layers
        elif holder.headers is None:
            layers = packet.walk()
        else:
            layers = holder.headers
        for view in layers:
            if view.protocol == self.name:
                return view
        return None


@cython.cclass
class Walker:
    """A compiled parse graph, ready to run.

    `nodes`, `terms` and `pairs` are buffers of signed 64-bit integers, `tables` of unsigned 16-bit ones, `found`
    room for MOST_FOUND rows of the answer and `repeats` for MOST_REPEATING headers that may follow themselves, one
    inside the other; `classes[node]` is the class that a node's headers get.  All are made
    by `graph.Compiled`.
    """

    nodes: cython.longlong[::1]
    terms: cython.longlong[::1]
    pairs: cython.longlong[::1]
    tables: cython.ushort[::1]
    found: cython.longlong[::1]
    repeats: cython.longlong[::1]
    classes: list
    names: list
    single: list
    last: list
    new: object

    def __init__(
        self,
        nodes: object,
        terms: object,
        pairs: object,
        tables: object,
        found: object,
        repeats: object,
        classes: list,
    ) -> None:
        self.nodes = nodes
        self.terms = terms
        self.pairs = pairs
        self.tables = tables
        self.found = found
        self.repeats = repeats
        self.classes = classes
        self.names = [cls.name for cls in classes]
        self.single = [cls.single if cls.is_option else () for cls in classes]
        self.last = [cls.last if cls.is_option else () for cls in classes]
        self.new = View.__new__  # without __init__: the walker sets every attribute itself

    def layers(
        self,
        captured: Captured,
        node: cython.longlong,
        start: cython.longlong,
        end: cython.longlong,
        below: object = None,
    ) -> list:
        """The headers of the frame from `start` on, the first of them being `node`, lying on the header `below`.

        `end` is where the frame ended on the wire, which may lie beyond the octets that were captured.  A header that
        continues another is hung on it.  Never raises on bytes.
        """
        data: bytes = captured.data
        quoted: cython.longlong = 0
        row: cython.longlong
        count: cython.int = self._walk(data, node, start, len(data), end)
        i: cython.int
        view: View
        main: View
        carrier: cython.longlong
        flags: cython.longlong
        views: list = []  # by row; for a header that continues another, that one
        layers: list = []
        if below is not None:
            main = below
            quoted = main.status & QUOTED
        for i in range(count):
            row = i * FOUND
            carrier = self.found[row + 5]
            view = self._view(captured, row, quoted, below if carrier < 0 else views[carrier])
            if self.found[row + 6] >= 0:
                view.predecessor = views[self.found[row + 6]]
            flags = self.nodes[self.found[row] * NODE + FLAGS]
            if flags & (ASKED | REPEATS):
                captured.doubtful = True
            if carrier >= 0 and flags & EXTENDS:
                main = views[carrier]
                main.extensions += (view,)
                views.append(main)
            else:
                layers.append(view)
                views.append(view)
        return layers

    def split(
        self,
        layer: View,
        family: cython.longlong,
        start: cython.longlong,
        stop: cython.longlong,
    ) -> list:
        """The options in `data[start:stop]` of the frame, inside `layer`: members of the family of that node.

        An option that does not fit keeps what is there and says so; what stands behind it is not read.  Never raises
        on bytes.
        """
        captured: Captured = layer.captured
        data: bytes = captured.data
        limit: cython.longlong = len(data)
        row: cython.longlong = family * NODE
        strict: cython.bint = self.nodes[row + FLAGS] & STRICT != 0
        align: cython.longlong = self.nodes[row + ALIGN]
        fixed: cython.longlong = self.nodes[row + FIXED]
        single: tuple = self.single[family]
        last: tuple = self.last[family]
        quoted: cython.longlong = layer.status & QUOTED
        end: cython.longlong
        bad: cython.longlong
        kind: cython.longlong
        node: cython.longlong
        known: cython.longlong
        gap: cython.longlong
        option: View
        options: list = []
        while start < stop:
            kind = self._kind(data, row, start, stop)
            if single and kind in single:
                self.found[0] = self._member(data, row, start, stop)
                self.found[1], self.found[2], self.found[3], self.found[4] = start, start + 1, start + 1, PARTIAL
                options.append(self._view(captured, 0, 0, layer))
                start += 1
                if kind in last:
                    break
                continue
            end = stop
            bad = 0
            if start + fixed > stop:
                bad = TRUNCATED if layer.unfinished else 0
            elif self.nodes[row + END_RULE] != END_WITH_PARENT:
                end = start + self.nodes[row + END_BASE]
                end += self._sum(data, start, self.nodes[row + END_TERM], self.nodes[row + END_COUNT])
                if end < start + fixed:
                    bad = BAD_END
                elif end > stop:
                    bad = TRUNCATED if layer.unfinished else LONG_END
            if bad:
                end = stop
            node, known = family, 0
            while self.nodes[node * NODE + FAMILY] != known:  # a member may be a family itself
                known = self.nodes[node * NODE + FAMILY]
                node = self._member(data, node * NODE, start, end)
            self._walk(data, node, start, limit, end)
            option = self._view(captured, 0, quoted, layer)
            if strict and not bad & TRUNCATED and (bad or not self._filled(option, node)):
                self._walk(data, self.nodes[row + MEMBERS + EDGE_DEFAULT], start, limit, end)
                option = self._view(captured, 0, quoted, layer)
                bad = bad or BAD_LENGTH
            option.status |= bad
            options.append(option)
            if bad & ~BAD_LENGTH or kind in last:
                break
            gap = (end - start) % align
            start = end + align - gap if gap else end
        return options

    @cython.cfunc
    @cython.exceptval(-2, check=True)
    def _kind(
        self, octets: bytes, row: cython.longlong, start: cython.longlong, stop: cython.longlong
    ) -> cython.longlong:
        """What tells the members of a family apart, -1 where it is not there."""
        at: cython.longlong
        if self.nodes[row + FAMILY] == 0:
            return -1
        at = self.nodes[row + MEMBERS + EDGE_TERM] * TERM
        if start + self.terms[at + T_OFFSET] + self.terms[at + T_SIZE] > stop:
            return -1
        return self._term(octets, start, self.nodes[row + MEMBERS + EDGE_TERM])

    @cython.cfunc
    @cython.exceptval(check=True)
    def _member(
        self, octets: bytes, row: cython.longlong, start: cython.longlong, stop: cython.longlong
    ) -> cython.longlong:
        """The node of the member of a family, or that of those that nobody declared."""
        if self._kind(octets, row, start, stop) < 0:
            return self.nodes[row + MEMBERS + EDGE_DEFAULT]
        return self._follow(octets, row + MEMBERS, start)

    @cython.cfunc
    @cython.exceptval(check=True)
    def _filled(self, option: View, node: cython.longlong) -> cython.bint:
        """Whether the fields take all octets of an option, neither more nor less; some may leave octets."""
        flags: cython.longlong = self.nodes[node * NODE + FLAGS]
        if option.status & PARTIAL:
            return False
        if flags & ROOMY:
            return True
        if flags & TAILED:
            return option.filled
        return option.start + self.nodes[node * NODE + FIXED] == option.stop

    @cython.cfunc
    def _view(self, captured: Captured, row: cython.longlong, quoted: cython.longlong, below: object) -> View:
        """The header that was found in a row."""
        view: View = self.new(self.classes[self.found[row]])
        view.captured = captured
        view.octets = captured.data
        view.start = self.found[row + 1]
        view.stop = self.found[row + 2]
        view.end = self.found[row + 3]
        view.status = self.found[row + 4] | quoted
        view.protocol = self.names[self.found[row]]
        view.below = below
        view.predecessor = None
        view.extensions = ()
        view.cache = None
        return view

    @cython.cfunc
    @cython.exceptval(-1)
    def _walk(
        self,
        octets: bytes,
        node: cython.longlong,
        start: cython.longlong,
        limit: cython.longlong,
        end: cython.longlong,
    ) -> cython.int:
        row: cython.longlong
        flags: cython.longlong
        fixed: cython.longlong
        length: cython.longlong
        multiple: cython.longlong
        value: cython.longlong
        stop: cython.longlong
        own_end: cython.longlong
        following: cython.longlong
        status: cython.longlong
        quoted: cython.longlong = 0
        parent: cython.longlong = -1
        previous: cython.longlong = -1
        depth: cython.longlong = 0
        leaps: cython.int = 0
        waiting: cython.int = 0
        count: cython.int = 0
        at: cython.int

        while True:
            if node == 0:
                if waiting == 0:
                    break
                waiting -= 1
                at = waiting * REPEAT
                node, start, end = self.repeats[at], self.repeats[at + 1], self.repeats[at + 2]
                quoted, depth = self.repeats[at + 3], self.repeats[at + 4]
                parent, previous = self.repeats[at + 5], self.repeats[at + 6]
                leaps = 0
            row = node * NODE
            flags = self.nodes[row + FLAGS]
            fixed = self.nodes[row + FIXED]

            if flags & SELECTOR:
                leaps += 1
                if leaps > MOST_LEAPS:
                    node = 0
                    continue
                if flags & QUOTES:
                    quoted = QUOTED
                if start + fixed > end or start + fixed > limit:
                    node = self.nodes[row + NEXT + EDGE_DEFAULT]
                else:
                    node = self._follow(octets, row + NEXT, start)
                continue
            if start >= end or start >= limit:
                node = 0
                continue

            status = quoted
            stop = start + fixed
            own_end = end
            if stop > end:
                status |= PARTIAL | (TRUNCATED if quoted else SHORT)
            elif stop > limit:
                status |= PARTIAL | TRUNCATED
            else:
                if self.nodes[row + LENGTH_COUNT] > 0:
                    length = self.nodes[row + LENGTH_BASE] + self._sum(
                        octets, start, self.nodes[row + LENGTH_TERM], self.nodes[row + LENGTH_COUNT]
                    )
                    multiple = self.nodes[row + LENGTH_MULTIPLE]
                    if length < fixed:
                        status |= BAD_LENGTH
                    else:
                        stop = start + (length + multiple - 1) // multiple * multiple
                        if stop > end:
                            status |= TRUNCATED if quoted else SHORT
                        elif stop > limit:
                            status |= TRUNCATED
                if self.nodes[row + END_RULE] != END_WITH_PARENT:
                    value = self._sum(octets, start, self.nodes[row + END_TERM], self.nodes[row + END_COUNT])
                    if value != 0 or self.nodes[row + END_ZERO] < 0 or end - start <= self.nodes[row + END_ZERO]:
                        own_end = start + value + self.nodes[row + END_BASE]
                        if own_end < stop:
                            status |= BAD_END
                            own_end = stop
                        if own_end > end:
                            if not quoted:
                                status |= LONG_END
                            own_end = end
                if flags & TAKES_ALL:
                    stop = own_end
                    if stop > limit:
                        status |= TRUNCATED

            if stop > own_end:
                stop = own_end
            if stop > limit:
                stop = limit
            if self.nodes[row + FRAGMENT_TERM] >= 0 and not status & PARTIAL:
                if self._term(octets, start, self.nodes[row + FRAGMENT_TERM]) != 0:
                    status |= FRAGMENT
            if depth == MOST_LAYERS or count == MOST_FOUND:
                self.found[(count - 1) * FOUND + 4] |= TOO_DEEP
                node = 0
                if count == MOST_FOUND:
                    break
                continue
            at = count * FOUND
            self.found[at] = node
            self.found[at + 1] = start
            self.found[at + 2] = stop
            self.found[at + 3] = own_end
            self.found[at + 4] = status
            self.found[at + 5] = parent
            self.found[at + 6] = previous
            count += 1

            if status & (TRUNCATED | SHORT | BAD_LENGTH | BAD_END):
                node = 0  # nothing more in here; what follows the header that carries it begins where that one ends
                continue
            if status & FRAGMENT:
                following = 0
            else:
                following = self._follow(octets, row + NEXT, start)
            if flags & REPEATS and start < own_end < end and waiting < MOST_REPEATING:
                at = waiting * REPEAT
                self.repeats[at], self.repeats[at + 1], self.repeats[at + 2] = node, own_end, end
                self.repeats[at + 3], self.repeats[at + 4] = quoted, depth
                self.repeats[at + 5], self.repeats[at + 6] = parent, count - 1
                waiting += 1
            if flags & QUOTES:
                quoted = QUOTED
            node, start, end = following, stop, own_end
            parent, previous = count - 1, -1
            depth += 1
            leaps = 0
        return count

    @cython.cfunc
    @cython.exceptval(check=True)
    def _follow(
        self, octets: bytes, edge: cython.longlong, start: cython.longlong
    ) -> cython.longlong:
        rule: cython.longlong = self.nodes[edge + EDGE_RULE]
        default: cython.longlong = self.nodes[edge + EDGE_DEFAULT]
        term: cython.longlong = self.nodes[edge + EDGE_TERM]
        table: cython.longlong = self.nodes[edge + EDGE_TABLE]
        value: cython.longlong
        other: cython.longlong
        following: cython.longlong = 0
        i: cython.longlong
        if rule == NEXT_NOTHING or rule == NEXT_ALWAYS:
            return default
        value = self._term(octets, start, term)
        if rule == NEXT_BY_TABLE:
            following = self.tables[table + value]
        elif rule == NEXT_BY_PORTS:
            # The lower port first: the service rather than the client's ephemeral port.  Before both what a user chose.
            other = self._term(octets, start, term + 1)
            if other < value:
                value, other = other, value
            following = self.tables[table + self.nodes[edge + EDGE_SIZE] + value]
            if following == 0:
                following = self.tables[table + self.nodes[edge + EDGE_SIZE] + other]
            if following == 0:
                following = self.tables[table + value]
            if following == 0:
                following = self.tables[table + other]
        else:
            for i in range(self.nodes[edge + EDGE_SIZE]):
                if self.pairs[table + 2 * i] == value:
                    following = self.pairs[table + 2 * i + 1]
                    break
        return following if following != 0 else default

    @cython.cfunc
    @cython.exceptval(check=True)
    def _sum(
        self,
        octets: bytes,
        start: cython.longlong,
        first: cython.longlong,
        count: cython.longlong,
    ) -> cython.longlong:
        total: cython.longlong = 0
        i: cython.longlong
        for i in range(count):
            total += self._term(octets, start, first + i)
        return total

    @cython.cfunc
    @cython.exceptval(check=True)
    def _term(
        self, octets: bytes, start: cython.longlong, term: cython.longlong
    ) -> cython.longlong:
        at: cython.longlong = term * TERM
        first: cython.longlong = start + self.terms[at + T_OFFSET]
        size: cython.longlong = self.terms[at + T_SIZE]
        mode: cython.longlong = self.terms[at + T_MODE]
        times: cython.longlong = self.terms[at + T_TIMES]
        value: cython.longlong = 0
        i: cython.longlong
        if self.terms[at + T_LITTLE]:
            for i in range(size):
                value |= cython.cast(cython.longlong, octets[first + i]) << (8 * i)
        else:
            for i in range(size):
                value = value << 8 | octets[first + i]
        value = value >> self.terms[at + T_SHIFT] & self.terms[at + T_MASK]
        if mode == LINEAR:
            return value * times
        if mode == NONZERO:
            return times if value != 0 else 0
        if mode == EQUALS:
            return times if value == self.terms[at + T_OPERAND] else 0
        return times if value != self.terms[at + T_OPERAND] else 0
