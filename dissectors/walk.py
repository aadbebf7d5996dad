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

from array import array

import cython

if cython.compiled:
    from cython.cimports.dissectors.layout import *  # the same numbers, for the C compiler
    from cython.cimports.libc.string import memcpy
else:
    from dissectors.layout import *
_AHEAD = cython.declare(cython.longlong, 6)
_32_BITS = cython.declare(cython.ulonglong, 0xFFFFFFFF)
_64_BITS = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)


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


def ones_complement_sums(
    octets: cython.const[cython.uchar][::1],
    starts: cython.longlong[::1],
    stops: cython.longlong[::1],
    sums: cython.longlong[::1],
) -> None:
    """The 16-bit one's complement sum of each stretch of `octets`, with the GIL released."""
    i: cython.longlong
    at: cython.longlong
    stop: cython.longlong
    total: cython.ulonglong
    with cython.nogil:
        for i in range(len(starts)):
            at, stop, total = starts[i], stops[i], 0
            while at + 4 <= stop:  # 32 bits at once: modulo 65535 that makes no difference
                total += cython.cast(cython.ulonglong, octets[at]) << 24 | octets[at + 1] << 16
                total += octets[at + 2] << 8 | octets[at + 3]
                at += 4
            while at < stop:
                total += octets[at] << 8 if (at - starts[i]) % 2 == 0 else octets[at]
                at += 1
            sums[i] = total % 0xFFFF if total % 0xFFFF != 0 or total == 0 else 0xFFFF


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

    Threads may share a walker, and reading a header may walk, too: whoever calls `layers` or `split` while somebody is
    at it already is served by one of `spare`.

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
    lent: cython.bint  # somebody uses this one
    spare: list  # walkers that nobody uses
    base: cython.p_uchar  # the octets that are walked, and how many they are
    size: cython.longlong
    # The arrays again, for the loop that looks into a row many times: that the row is there is checked once.
    node_numbers: cython.p_longlong
    nodes_end: cython.longlong
    term_numbers: cython.p_longlong
    terms_end: cython.longlong
    found_numbers: cython.p_longlong
    found_end: cython.longlong

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
        self.lent = False
        self.spare = []
        self._look_up()

    @cython.cfunc
    @cython.inline
    def _lend(self) -> Walker:
        """A walker for one call: this one, one of `spare`, or a new one. One whose call failed is not lent again."""
        if cython.compiled and not self.lent:  # between looking and taking no thread gets ahead
            self.lent = True
            return self
        try:
            return self.spare.pop()
        except IndexError:
            return self._twin()

    @cython.cfunc
    @cython.inline
    def _take_back(self, walker: Walker) -> object:
        if cython.compiled and walker is self:
            self.lent = False
        else:
            self.spare.append(walker)

    @cython.cfunc
    def _twin(self) -> Walker:
        """Another walker of the same graph."""
        found = array("q", bytes(8 * len(self.found)))
        repeats = array("q", bytes(8 * len(self.repeats)))
        return Walker(self.nodes, self.terms, self.pairs, self.tables, found, repeats, self.classes)

    @cython.cfunc
    def _look_up(self) -> object:
        """Find where the arrays are."""
        self.nodes_end = len(self.nodes)
        self.terms_end = len(self.terms)
        self.found_end = len(self.found)
        if cython.compiled:
            self.node_numbers = cython.address(self.nodes[0])
            self.term_numbers = cython.address(self.terms[0])
            self.found_numbers = cython.address(self.found[0])
        else:
            self.node_numbers = self.nodes
            self.term_numbers = self.terms
            self.found_numbers = self.found

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
        walker: Walker = self._lend()
        layers: list = walker._layers(captured, node, start, end, below)
        self._take_back(walker)
        return layers

    @cython.cfunc
    def _layers(
        self, captured: Captured, node: cython.longlong, start: cython.longlong, end: cython.longlong, below: object
    ) -> list:
        data: bytes = captured.data
        quoted: cython.longlong = 0
        row: cython.longlong
        self.base, self.size = data, len(data)
        count: cython.int = self._walk(node, start, len(data), end)
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
        walker: Walker = self._lend()
        options: list = walker._split(layer, family, start, stop)
        self._take_back(walker)
        return options

    @cython.cfunc
    def _split(self, layer: View, family: cython.longlong, start: cython.longlong, stop: cython.longlong) -> list:
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
        self.base, self.size = data, limit
        while start < stop:
            kind = self._kind(row, start, stop)
            if single and kind in single:
                self.found[0] = self._member(row, start, stop)
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
                end += self._sum(start, self.nodes[row + END_TERM], self.nodes[row + END_COUNT])
                if end < start + fixed:
                    bad = BAD_END
                elif end > stop:
                    bad = TRUNCATED if layer.unfinished else LONG_END
            if bad:
                end = stop
            node, known = family, 0
            while self.nodes[node * NODE + FAMILY] != known:  # a member may be a family itself
                known = self.nodes[node * NODE + FAMILY]
                node = self._member(node * NODE, start, end)
            self._walk(node, start, limit, end)
            option = self._view(captured, 0, quoted, layer)
            if strict and not bad & TRUNCATED and (bad or not self._filled(option, node)):
                self._walk(self.nodes[row + MEMBERS + EDGE_DEFAULT], start, limit, end)
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
        self, row: cython.longlong, start: cython.longlong, stop: cython.longlong
    ) -> cython.longlong:
        """What tells the members of a family apart, -1 where it is not there."""
        at: cython.longlong
        if self.nodes[row + FAMILY] == 0:
            return -1
        at = self.nodes[row + MEMBERS + EDGE_TERM] * TERM
        if start + self.terms[at + T_OFFSET] + self.terms[at + T_SIZE] > stop:
            return -1
        return self._term(start, self.nodes[row + MEMBERS + EDGE_TERM])

    @cython.cfunc
    @cython.exceptval(check=True)
    def _member(
        self, row: cython.longlong, start: cython.longlong, stop: cython.longlong
    ) -> cython.longlong:
        """The node of the member of a family, or that of those that nobody declared."""
        if self._kind(row, start, stop) < 0:
            return self.nodes[row + MEMBERS + EDGE_DEFAULT]
        return self._follow(row + MEMBERS, start)

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

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _walk(
        self,
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
            if node == 0 or node == CUT:
                if waiting == 0:
                    break
                waiting -= 1
                at = waiting * REPEAT
                node, start, end = self.repeats[at], self.repeats[at + 1], self.repeats[at + 2]
                quoted, depth = self.repeats[at + 3], self.repeats[at + 4]
                parent, previous = self.repeats[at + 5], self.repeats[at + 6]
                leaps = 0
            row = node * NODE
            if row < 0 or row + NODE > self.nodes_end:
                raise IndexError("there is no such node")
            flags = self.node_numbers[row + FLAGS]
            fixed = self.node_numbers[row + FIXED]

            if flags & SELECTOR:
                leaps += 1
                if leaps > MOST_LEAPS:
                    node = 0
                    continue
                if flags & QUOTES:
                    quoted = QUOTED
                if start + fixed > end or start + fixed > limit:
                    node = self.node_numbers[row + NEXT + EDGE_DEFAULT]
                else:
                    node = self._follow(row + NEXT, start)
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
                if self.node_numbers[row + LENGTH_COUNT] > 0:
                    length = self.node_numbers[row + LENGTH_BASE] + self._sum(
                        start, self.node_numbers[row + LENGTH_TERM], self.node_numbers[row + LENGTH_COUNT]
                    )
                    multiple = self.node_numbers[row + LENGTH_MULTIPLE]
                    if length < fixed:
                        status |= BAD_LENGTH
                    else:
                        if multiple != 1:
                            length = (length + multiple - 1) // multiple * multiple
                        stop = start + length
                        if stop > end:
                            status |= TRUNCATED if quoted else SHORT
                        elif stop > limit:
                            status |= TRUNCATED
                if self.node_numbers[row + END_RULE] != END_WITH_PARENT:
                    value = self._sum(start, self.node_numbers[row + END_TERM], self.node_numbers[row + END_COUNT])
                    least: cython.longlong = self.node_numbers[row + END_ZERO]
                    if value != 0 or least < 0 or end - start <= least:
                        own_end = start + value + self.node_numbers[row + END_BASE]
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
            if self.node_numbers[row + FRAGMENT_TERM] >= 0 and not status & PARTIAL:
                if self._term(start, self.node_numbers[row + FRAGMENT_TERM]) != 0:
                    status |= FRAGMENT
            if depth == MOST_LAYERS or count == MOST_FOUND:
                self.found_numbers[(count - 1) * FOUND + 4] |= TOO_DEEP
                node = 0
                if count == MOST_FOUND:
                    break
                continue
            at = count * FOUND
            if at < 0 or at + FOUND > self.found_end:
                raise IndexError("there is no room for another header")
            self.found_numbers[at] = node
            self.found_numbers[at + 1] = start
            self.found_numbers[at + 2] = stop
            self.found_numbers[at + 3] = own_end
            self.found_numbers[at + 4] = status
            self.found_numbers[at + 5] = parent
            self.found_numbers[at + 6] = previous
            count += 1

            if status & (TRUNCATED | SHORT | BAD_LENGTH | BAD_END):
                node = 0  # nothing more in here; what follows the header that carries it begins where that one ends
                continue
            if status & FRAGMENT:
                following = 0
            else:
                following = self._follow(row + NEXT, start)
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

    @cython.final
    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1)
    def _follow(
        self, edge: cython.longlong, start: cython.longlong
    ) -> cython.longlong:
        rule: cython.longlong
        default: cython.longlong
        term: cython.longlong
        table: cython.longlong
        value: cython.longlong
        other: cython.longlong
        size: cython.longlong
        following: cython.longlong = 0
        i: cython.longlong
        if edge < 0 or edge + EDGE_DEFAULT >= self.nodes_end:
            raise IndexError("there is no such edge")
        rule = self.node_numbers[edge + EDGE_RULE]
        default = self.node_numbers[edge + EDGE_DEFAULT]
        term = self.node_numbers[edge + EDGE_TERM]
        table = self.node_numbers[edge + EDGE_TABLE]
        if rule == NEXT_NOTHING or rule == NEXT_ALWAYS:
            return default
        value = self._term(start, term)
        if rule == NEXT_BY_TABLE:
            following = self.tables[table + value]
        elif rule == NEXT_BY_PORTS:
            # The lower port first: the service rather than the client's ephemeral port.  Before both what a user chose.
            other = self._term(start, term + 1)
            if other < value:
                value, other = other, value
            size = self.node_numbers[edge + EDGE_SIZE]
            if size != 0:
                following = self.tables[table + size + value]
                if following == 0:
                    following = self.tables[table + size + other]
            if following == 0:
                following = self.tables[table + value]
            if following == 0:
                following = self.tables[table + other]
        else:
            for i in range(self.node_numbers[edge + EDGE_SIZE]):
                if self.pairs[table + 2 * i] == value:
                    following = self.pairs[table + 2 * i + 1]
                    break
        return following if following != 0 else default

    @cython.final
    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-0x4000000000000000, check=True)
    def _sum(
        self,
        start: cython.longlong,
        first: cython.longlong,
        count: cython.longlong,
    ) -> cython.longlong:
        total: cython.longlong = 0
        i: cython.longlong
        for i in range(count):
            total += self._term(start, first + i)
        return total

    @cython.final
    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-0x4000000000000000, check=True)
    def _term(
        self, start: cython.longlong, term: cython.longlong
    ) -> cython.longlong:
        at: cython.longlong = term * TERM
        first: cython.longlong
        size: cython.longlong
        shape: cython.longlong
        mode: cython.longlong
        times: cython.longlong
        value: cython.longlong = 0
        i: cython.longlong
        if at < 0 or at + TERM > self.terms_end:
            raise IndexError("there is no such term")
        first = start + self.term_numbers[at + T_OFFSET]
        size = self.term_numbers[at + T_SIZE]
        if first < 0 or first + size > self.size:
            raise IndexError("a rule reads beyond the frame")
        shape = self.term_numbers[at + T_SHAPE]
        if shape == PLAIN_16:
            return cython.cast(cython.longlong, self.base[first]) << 8 | self.base[first + 1]
        if shape == PLAIN_8:
            return self.base[first]
        mode = self.term_numbers[at + T_MODE]
        times = self.term_numbers[at + T_TIMES]
        if self.term_numbers[at + T_LITTLE]:
            for i in range(size):
                value |= cython.cast(cython.longlong, self.base[first + i]) << (8 * i)
        else:
            for i in range(size):
                value = value << 8 | self.base[first + i]
        value = value >> self.term_numbers[at + T_SHIFT] & self.term_numbers[at + T_MASK]
        if mode == LINEAR:
            return value * times
        if mode == NONZERO:
            return times if value != 0 else 0
        if mode == EQUALS:
            return times if value == self.term_numbers[at + T_OPERAND] else 0
        return times if value != self.term_numbers[at + T_OPERAND] else 0


@cython.cclass
class Gatherer(Walker):
    """A walker over many frames in one buffer, which takes chosen fields out of the headers that it finds.

    What is taken from a header of a node are the entries from `firsts[node]` to `firsts[node + 1]`; `marks[node]` tells
    what such a header leaves for somebody else to see (layout.py has both). With `last` the last value of a field is
    kept rather than the first. Each thread needs a gatherer of its own.

    Headers of a node are put by until there are MOST_PUT_BY of them, or the frames are at an end; then each field is
    taken out of all of them in one loop, while their octets are still in the processor's cache.
    """

    firsts: cython.longlong[::1]
    entries: cython.longlong[::1]
    marks: cython.longlong[::1]
    keep_last: cython.bint
    shelves: cython.longlong[::1]  # by node: where its headers are put by; -1 where nothing is taken from them
    put_by: cython.longlong[::1]  # by shelf: how many there are
    taken: cython.longlong[::1]  # by shelf: the frame of the last one before these, -1 where there is none
    nodes_of: cython.longlong[::1]  # by shelf: the node
    packets: cython.longlong[::1]  # by shelf and header: the frame, and from where to where
    begins: cython.longlong[::1]
    stops: cython.longlong[::1]
    ends: cython.longlong[::1]
    values: cython.ulonglong[::1]
    whole: cython.uchar[::1]
    places: cython.longlong[::1]
    octets: cython.uchar[::1]
    halves: cython.ushort[::1]
    words: cython.uint[::1]
    doubles: cython.ulonglong[::1]
    there: cython.uchar[::1]
    doubts: cython.uchar[::1]
    frames: cython.longlong
    touched: cython.uchar
    data_node: cython.longlong  # that of what nobody declared; 0 where paths are not wanted
    keys: cython.longlong[::1]  # of the paths: from one path and a node to the next, as open addressing has it
    next_paths: cython.longlong[::1]
    parents: cython.longlong[::1]  # by path: the path that it prolongs, and by which node
    symbols: cython.longlong[::1]
    known: cython.longlong  # how many paths there are
    paths: cython.uint[::1]
    opened: cython.longlong[::1]

    def choose(
        self,
        firsts: object,
        entries: object,
        marks: object,
        leading: object,
        last: cython.bint,
        data_node: cython.longlong,
    ) -> None:
        """Say what is to be taken. `leading[node]` is 1 where a node leads to it: no edge to another is followed.

        With `data_node`, the node of what nobody declared, the path of each frame is told too: the headers in it.
        """
        self.data_node = data_node
        self.keys = array("q", bytes(8 * 4 * MOST_PATHS))
        self.next_paths = array("q", bytes(8 * 4 * MOST_PATHS))
        self.parents = array("q", bytes(8 * MOST_PATHS))
        self.symbols = array("q", bytes(8 * MOST_PATHS))
        self.known = 1
        self.firsts = firsts
        self.entries = entries
        self.marks = marks
        self.keep_last = last
        node: cython.longlong
        shelves: cython.longlong = 0
        self.shelves = array("q", bytes(8 * len(self.marks)))
        for node in range(len(self.marks)):
            self.shelves[node] = -1
            if self.firsts[node] < self.firsts[node + 1]:
                self.shelves[node] = shelves
                shelves += 1
        self.put_by = array("q", bytes(8 * (shelves + 1)))
        self.taken = array("q", bytes(8 * (shelves + 1)))
        self.nodes_of = array("q", bytes(8 * (shelves + 1)))
        for node in range(len(self.marks)):
            if self.shelves[node] >= 0:
                self.nodes_of[self.shelves[node]] = node
        self._prune(leading)
        room = bytes(8 * (shelves + 1) * MOST_PUT_BY)
        self.packets = array("q", room)
        self.begins = array("q", room)
        self.stops = array("q", room)
        self.ends = array("q", room)
        self.values = array("Q", bytes(8 * MOST_PUT_BY))
        self.whole = bytearray(MOST_PUT_BY)

    @cython.cfunc
    def _prune(self, leading: cython.const[cython.uchar][::1]) -> object:
        """Cut the edges to all other nodes: what is cut ends the walk, where no edge would have another one tried."""
        i: cython.longlong
        self.tables = array("H", bytes(self.tables))
        for i in range(len(self.tables)):
            if self.tables[i] != 0 and not leading[self.tables[i]]:
                self.tables[i] = CUT
        self.pairs = array("q", bytes(self.pairs))
        for i in range(2, len(self.pairs), 2):
            if not leading[self.pairs[i]]:
                self.pairs[i] = CUT
        self.nodes = array("q", bytes(self.nodes))
        for i in range(NEXT + EDGE_DEFAULT, len(self.nodes), NODE):
            if self.nodes[i] != 0 and not leading[self.nodes[i]]:
                self.nodes[i] = CUT
        self._look_up()

    def gather(
        self,
        data: cython.const[cython.uchar][::1],
        starts: cython.longlong[::1],
        captured: cython.longlong[::1],
        lengths: cython.longlong[::1],
        links: cython.longlong[::1],
        places: cython.longlong[::1],
        out: object,
        there: cython.uchar[::1],
        doubts: cython.uchar[::1],
        paths: cython.uint[::1],
        opened: cython.longlong[::1],
    ) -> None:
        """Walk the frames and fill their rows of the columns, with the GIL released.

        Frame `i` is the `captured[i]` octets of `data` from `starts[i]` on, `lengths[i]` on the wire, and begins with a
        header of the node `links[i]`. Column `c` stands in `out` from octet `places[c]` on, a multiple of 8;
        `there[c * frames + i]` becomes 1 where it has a value. `doubts[i]` becomes SEVERAL where a field has more than
        one value, UNSURE where walking alone does not tell what the frame holds, OPEN where only its path is not sure:
        `opened` then has what is to be looked at (layout.py). `paths[i]` becomes the path, for `path`.
        """
        i: cython.longlong
        start: cython.longlong
        limit: cython.longlong
        end: cython.longlong
        count: cython.longlong
        shelf: cython.longlong
        touched: cython.longlong
        octets = memoryview(out)
        self.octets = octets
        self.halves = octets.cast("H")
        self.words = octets.cast("I")
        self.doubles = octets.cast("Q")
        self.places = places
        self.there = there
        self.doubts = doubts
        self.paths = paths
        self.opened = opened
        self.frames = len(starts)
        self.size = len(data)
        if self.size == 0:
            return
        if cython.compiled:
            self.base = cython.cast(cython.p_uchar, cython.address(data[0]))
        else:  # numbers of Python's own, which do not overflow
            self.base = memoryview(data)
            starts, captured, lengths, links = starts.tolist(), captured.tolist(), lengths.tolist(), links.tolist()
            self.places = places.tolist()
        for shelf in range(len(self.put_by)):
            self.put_by[shelf] = 0
            self.taken[shelf] = -1
        with cython.nogil:
            for i in range(self.frames):
                start = starts[i]
                limit = start + captured[i]
                end = start + lengths[i]
                if start < 0 or limit < start or limit > self.size:
                    raise IndexError("a frame reaches out of its buffer")
                if end < limit:
                    end = limit
                if cython.compiled and i + _AHEAD < self.frames:  # its octets will be in the cache
                    touched = starts[i + _AHEAD]
                    if 0 <= touched < self.size - 64:
                        self.touched ^= self.base[touched] ^ self.base[touched + 64]
                count = self._walk(links[i], start, limit, end)
                self._put_by(i, count, limit)
                if self.data_node != 0:
                    self._follow_path(i, count, start, limit)
                if i % MOST_PUT_BY == MOST_PUT_BY - 1:
                    self._take_all()
            self._take_all()

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _put_by(self, i: cython.longlong, count: cython.longlong, limit: cython.longlong) -> cython.int:
        """Put the headers of frame `i` by, as far as something is taken from them, and look for marks."""
        row: cython.longlong
        at: cython.longlong
        node: cython.longlong
        shelf: cython.longlong
        place: cython.longlong
        for row in range(count):
            at = row * FOUND
            node = self.found[at]
            shelf = self.shelves[node]
            if shelf >= 0:
                if self.put_by[shelf] == MOST_PUT_BY:
                    self._take(shelf)
                place = shelf * MOST_PUT_BY + self.put_by[shelf]
                self.packets[place] = i
                self.begins[place] = self.found[at + 1]
                self.stops[place] = self.found[at + 2]
                self.ends[place] = self.found[at + 3]
                self.put_by[shelf] += 1
            if self.marks[node] & (MARKED_FOUND | MARKED_LEFT):
                left: cython.bint = self.found[at + 2] < self.found[at + 3] and self.found[at + 2] < limit
                if left or self.marks[node] & MARKED_FOUND:
                    self.doubts[i] |= UNSURE
        return 0

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _follow_path(
        self, i: cython.longlong, count: cython.longlong, start: cython.longlong, limit: cython.longlong
    ) -> cython.int:
        """Tell the path of frame `i`, which is in `data[start:limit]`, and what of it is open."""
        row: cython.longlong
        at: cython.longlong = 0
        node: cython.longlong = 0
        path: cython.longlong = 0
        marks: cython.longlong = 0
        for row in range(count):
            at = row * FOUND
            node = self.found[at]
            marks = self.marks[node]
            if marks & PATH_UNSURE:
                self.doubts[i] |= UNSURE
            if marks & PATH_ASKED and not self.doubts[i] & OPEN:
                self._open(i, self.found[at + 1], self.found[at + 3], limit, node, path)
            if not (self.nodes[node * NODE + FLAGS] & EXTENDS and self.found[at + 5] >= 0):
                path = self._prolonged(path, node)
        if count == 0:
            if start < limit:
                path = self._prolonged(path, self.data_node)
        elif self.found[at + 2] < self.found[at + 3] and self.found[at + 2] < limit:
            if marks & PATH_GUESSED and not self.doubts[i] & OPEN:
                if not self.found[at + 4] & (FRAGMENT | TRUNCATED | SHORT | BAD_LENGTH | BAD_END):
                    self._open(i, self.found[at + 2], self.found[at + 3], limit, 0, path)
            path = self._prolonged(path, self.data_node)
        if path < 0:
            self.doubts[i] |= UNSURE
            path = 0
        self.paths[i] = path
        return 0

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _open(
        self,
        i: cython.longlong,
        start: cython.longlong,
        end: cython.longlong,
        limit: cython.longlong,
        node: cython.longlong,
        path: cython.longlong,
    ) -> cython.int:
        """Leave it open whether the octets of frame `i` from `start` on are a header that is recognised by them."""
        self.doubts[i] |= OPEN
        self.opened[i * OPENED] = start
        self.opened[i * OPENED + 1] = end if end < limit else limit
        self.opened[i * OPENED + 2] = node
        self.opened[i * OPENED + 3] = path
        return 0

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2)
    def _prolonged(self, path: cython.longlong, node: cython.longlong) -> cython.longlong:
        """The path that leads on to `node`; -1 where there are more paths than are remembered."""
        key: cython.longlong
        place: cython.longlong
        if path < 0:
            return -1
        key = path << 20 | node + 1
        place = (key * 0x61C88647 >> 12) & (4 * MOST_PATHS - 1)
        while self.keys[place] != key:
            if self.keys[place] == 0:
                if self.known == MOST_PATHS:
                    return -1
                self.keys[place] = key
                self.next_paths[place] = self.known
                self.parents[self.known] = path
                self.symbols[self.known] = node
                self.known += 1
                break
            place = place + 1 & (4 * MOST_PATHS - 1)
        return self.next_paths[place]

    def prolonged(self, path: cython.longlong, node: cython.longlong) -> cython.longlong:
        """The path that leads on from another to `node`; 0 where there are more paths than are remembered."""
        found: cython.longlong = self._prolonged(path, node)
        return found if found > 0 else 0

    def path(self, path: cython.longlong) -> list:
        """The nodes of a path, outermost first."""
        nodes: list = []
        while path > 0:
            nodes.append(self.symbols[path])
            path = self.parents[path]
        return nodes[::-1]

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _take_all(self) -> cython.int:
        """Take what is wanted from all headers that were put by."""
        shelf: cython.longlong
        for shelf in range(len(self.put_by)):
            self._take(shelf)
        return 0

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _take(self, shelf: cython.longlong) -> cython.int:
        """Take what is wanted from the headers of one node."""
        entry: cython.longlong
        i: cython.longlong
        node: cython.longlong = self.nodes_of[shelf]
        count: cython.longlong = self.put_by[shelf]
        before: cython.longlong = self.taken[shelf]
        shortest: cython.longlong = self.size
        once: cython.bint = True
        plain: cython.bint
        here: cython.longlong = shelf * MOST_PUT_BY
        packets: cython.longlong[::1] = self.packets[here : here + MOST_PUT_BY]
        begins: cython.longlong[::1] = self.begins[here : here + MOST_PUT_BY]
        stops: cython.longlong[::1] = self.stops[here : here + MOST_PUT_BY]
        if count == 0:
            return 0
        for i in range(count):
            if begins[i] < 0 or stops[i] > self.size:
                raise IndexError("a header reaches out of its buffer")
            if stops[i] - begins[i] < shortest:
                shortest = stops[i] - begins[i]
            if packets[i] <= before:
                once = False
            before = packets[i]
        for entry in range(self.firsts[node], self.firsts[node + 1]):
            i = entry * ENTRY
            plain = once and self.entries[i + E_SHARED] == 0 and self.entries[i + E_KIND] != REMAINING
            plain = plain and self.entries[i + E_AT] + self.entries[i + E_SIZE] <= shortest
            self._read(i, shelf, plain)
            if plain:
                self._keep_all(i, shelf)
            else:
                self._keep(i, shelf)
        self.taken[shelf] = before
        self.put_by[shelf] = 0
        return 0

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _read(
        self, entry: cython.longlong, shelf: cython.longlong, plain: cython.bint
    ) -> cython.int:
        """Read one field of each header of a shelf into `values`; `whole` tells where it is there.

        Where it is `plain` that it is there in all of them, `whole` is left as it was.
        """
        kind: cython.longlong = self.entries[entry + E_KIND]
        at: cython.longlong = self.entries[entry + E_AT]
        size: cython.longlong = self.entries[entry + E_SIZE]
        shift: cython.longlong = self.entries[entry + E_SHIFT]
        mask: cython.ulonglong = cython.cast(cython.ulonglong, self.entries[entry + E_MASK])
        unit: cython.ulonglong = cython.cast(cython.ulonglong, self.entries[entry + E_UNIT])
        plus: cython.ulonglong = cython.cast(cython.ulonglong, self.entries[entry + E_PLUS])
        sign: cython.ulonglong = mask ^ mask >> 1
        first: cython.longlong
        value: cython.ulonglong
        left: cython.longlong
        i: cython.longlong
        k: cython.longlong
        missing: cython.longlong = 0
        here: cython.longlong = shelf * MOST_PUT_BY
        begins: cython.longlong[::1] = self.begins[here : here + MOST_PUT_BY]
        stops: cython.longlong[::1] = self.stops[here : here + MOST_PUT_BY]
        values: cython.ulonglong[::1] = self.values
        whole: cython.uchar[::1] = self.whole
        count: cython.longlong = self.put_by[shelf]
        if not plain:
            for i in range(count):
                whole[i] = begins[i] + at + size <= stops[i]
                missing += 1 - whole[i]
        if kind == OCTETS:
            return 0
        if missing:
            for i in range(count):
                value = 0
                if whole[i]:
                    first = begins[i] + at
                    for k in range(size):
                        value = value << 8 | self.base[first + k]
                values[i] = value
        elif size == 1:
            for i in range(count):
                values[i] = self.base[begins[i] + at]
        elif size == 2:
            for i in range(count):
                first = begins[i] + at
                values[i] = cython.cast(cython.ulonglong, self.base[first]) << 8 | self.base[first + 1]
        elif size == 4:
            for i in range(count):
                first = begins[i] + at
                values[i] = (
                    cython.cast(cython.ulonglong, self.base[first]) << 24
                    | cython.cast(cython.ulonglong, self.base[first + 1]) << 16
                    | cython.cast(cython.ulonglong, self.base[first + 2]) << 8
                    | self.base[first + 3]
                )
        else:
            for i in range(count):
                value = 0
                first = begins[i] + at
                for k in range(size):
                    value = value << 8 | self.base[first + k]
                values[i] = value
        if kind == LITTLE:
            for i in range(count):
                value = 0
                for k in range(size):
                    value = value << 8 | values[i] >> (8 * k) & 0xFF
                values[i] = value
        if shift != 0 or mask + 1 != cython.cast(cython.ulonglong, 1) << (8 * size & 63):
            for i in range(count):
                values[i] = values[i] >> shift & mask
        if kind == TRUTH:
            for i in range(count):
                values[i] = values[i] != 0
        elif kind == PRESENT:
            for i in range(count):
                values[i] = 1
        elif kind == SIGNED:
            for i in range(count):  # the highest bit counts for what it takes away
                values[i] = values[i] - ((values[i] & sign) << 1) & _64_BITS
        elif unit != 1 or plus != 0:
            for i in range(count):
                values[i] = values[i] * unit + plus & _64_BITS
        if kind == REMAINING:
            for i in range(count):
                left = self.ends[here + i] - begins[i] - cython.cast(cython.longlong, values[i])
                if left < 0:
                    whole[i] = 0
                else:
                    values[i] = cython.cast(cython.ulonglong, left)
        return 0

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _keep_all(self, entry: cython.longlong, shelf: cython.longlong) -> cython.int:
        """Put what was read into the column, where each header is the only one of its packet and has the field."""
        column: cython.longlong = self.entries[entry + E_COLUMN]
        width: cython.longlong = self.entries[entry + E_WIDTH]
        at: cython.longlong = self.entries[entry + E_AT]
        i: cython.longlong
        here: cython.longlong = shelf * MOST_PUT_BY
        place: cython.longlong = self.places[column]
        packets: cython.longlong[::1] = self.packets[here : here + MOST_PUT_BY]
        begins: cython.longlong[::1] = self.begins[here : here + MOST_PUT_BY]
        values: cython.ulonglong[::1] = self.values
        there: cython.uchar[::1] = self.there[column * self.frames : (column + 1) * self.frames]
        count: cython.longlong = self.put_by[shelf]
        for i in range(count):
            there[packets[i]] = 1
        if self.entries[entry + E_KIND] == OCTETS:
            for i in range(count):
                _copy(self.octets, place + packets[i] * width, self.base, begins[i] + at, width)
        elif width == 2:
            place = place >> 1
            for i in range(count):
                self.halves[place + packets[i]] = values[i] & 0xFFFF
        elif width == 1:
            for i in range(count):
                self.octets[place + packets[i]] = values[i] & 0xFF
        elif width == 4:
            place = place >> 2
            for i in range(count):
                self.words[place + packets[i]] = values[i] & _32_BITS
        else:
            place = place >> 3
            for i in range(count):
                self.doubles[place + packets[i]] = values[i]
        return 0

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _keep(self, entry: cython.longlong, shelf: cython.longlong) -> cython.int:
        """Put what was read into the column, unless that has a value already."""
        column: cython.longlong = self.entries[entry + E_COLUMN]
        width: cython.longlong = self.entries[entry + E_WIDTH]
        shared: cython.bint = self.entries[entry + E_SHARED] != 0
        keep_last: cython.bint = self.keep_last
        i: cython.longlong
        packet: cython.longlong
        here: cython.longlong = shelf * MOST_PUT_BY
        place: cython.longlong = self.places[column]
        packets: cython.longlong[::1] = self.packets[here : here + MOST_PUT_BY]
        values: cython.ulonglong[::1] = self.values
        whole: cython.uchar[::1] = self.whole
        there: cython.uchar[::1] = self.there[column * self.frames : (column + 1) * self.frames]
        count: cython.longlong = self.put_by[shelf]
        for i in range(count):
            if whole[i]:
                packet = packets[i]
                if there[packet]:
                    # Headers of several nodes come here one node after the other, not as they stand in the frame.
                    self.doubts[packet] |= UNSURE if shared else SEVERAL
                    whole[i] = keep_last
                else:
                    there[packet] = 1
        if self.entries[entry + E_KIND] == OCTETS:
            for i in range(count):
                if whole[i]:
                    _copy(
                        self.octets,
                        place + packets[i] * width,
                        self.base,
                        self.begins[here + i] + self.entries[entry + E_AT],
                        width,
                    )
        elif width == 2:
            place = place >> 1
            for i in range(count):
                if whole[i]:
                    self.halves[place + packets[i]] = values[i] & 0xFFFF
        elif width == 1:
            for i in range(count):
                if whole[i]:
                    self.octets[place + packets[i]] = values[i] & 0xFF
        elif width == 4:
            place = place >> 2
            for i in range(count):
                if whole[i]:
                    self.words[place + packets[i]] = values[i] & _32_BITS
        else:
            place = place >> 3
            for i in range(count):
                if whole[i]:
                    self.doubles[place + packets[i]] = values[i]
        return 0


@cython.cclass
class Surveyor(Walker):
    """A walker over many frames in one buffer, which tells where the headers of ordinary ones are.

    An ordinary frame is any number of headers that are `passed`, then an `outer` and an `inner` one, each of them whole
    and true to its word; all three tell that by node. Each thread needs a surveyor of its own.
    """

    passed: cython.const[cython.uchar][::1]
    outer: cython.const[cython.uchar][::1]
    inner: cython.const[cython.uchar][::1]

    def choose(self, passed: object, outer: object, inner: object) -> None:
        """Say what is ordinary."""
        self.passed = passed
        self.outer = outer
        self.inner = inner

    def survey(
        self,
        data: cython.const[cython.uchar][::1],
        starts: cython.longlong[::1],
        captured: cython.longlong[::1],
        lengths: cython.longlong[::1],
        links: cython.longlong[::1],
        out: cython.longlong[:, ::1],
    ) -> None:
        """Walk the frames, given as to `Gatherer.gather`, and fill the eight rows of `out`, with the GIL released.

        Of each frame they have: the node of the outer header, 0 where the frame is not ordinary, and its start; node,
        start, stop and end of the inner one; the node of what is behind that, 0 where no edge leads on, and its end.
        """
        i: cython.longlong
        start: cython.longlong
        limit: cython.longlong
        count: cython.longlong
        self.size = len(data)
        if self.size == 0:
            return
        if cython.compiled:
            self.base = cython.cast(cython.p_uchar, cython.address(data[0]))
        else:
            self.base = data
        with cython.nogil:
            for i in range(len(starts)):
                start = starts[i]
                limit = start + captured[i]
                if start < 0 or limit < start or limit > self.size:
                    raise IndexError("a frame reaches out of its buffer")
                out[0, i] = 0
                if captured[i] >= lengths[i]:  # nothing is cut
                    count = self._walk(links[i], start, limit, limit)
                    self._describe(i, count, out)

    @cython.final
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1)
    def _describe(self, i: cython.longlong, count: cython.longlong, out: cython.longlong[:, ::1]) -> cython.int:
        """Tell of frame `i`, in which so many headers were found, where it is an ordinary one."""
        row: cython.longlong
        at: cython.longlong
        node: cython.longlong
        outer: cython.longlong = -1
        for row in range(count):
            at = row * FOUND
            node = self.found[at]
            if self.found[at + 4] != 0:
                return 0
            if outer < 0:
                if self.outer[node]:
                    outer = at
                elif not self.passed[node]:
                    return 0
            elif not self.inner[node]:
                return 0
            else:
                out[0, i] = self.found[outer]
                out[1, i] = self.found[outer + 1]
                out[2, i] = node
                out[3, i] = self.found[at + 1]
                out[4, i] = self.found[at + 2]
                out[5, i] = self.found[at + 3]
                out[6, i] = out[7, i] = 0
                if row + 1 < count:
                    out[6, i] = self.found[at + FOUND]
                    out[7, i] = self.found[at + FOUND + 3]
                return 0
        return 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(-1)
def _copy(
    to: cython.uchar[::1],
    place: cython.longlong,
    octets: cython.p_uchar,
    start: cython.longlong,
    count: cython.longlong,
) -> cython.int:
    """Copy octets that are known to be there.  Raises IndexError where there is no room for them."""
    if place < 0 or place + count > to.shape[0]:
        raise IndexError("a column is too short")
    if cython.compiled:
        if count == 4:  # the compiler knows what to do with a size that it knows
            memcpy(cython.address(to[place]), octets + start, 4)
        elif count == 6:
            memcpy(cython.address(to[place]), octets + start, 6)
        elif count == 16:
            memcpy(cython.address(to[place]), octets + start, 16)
        else:
            memcpy(cython.address(to[place]), octets + start, count)
    else:
        to[place : place + count] = octets[start : start + count]
    return 0
