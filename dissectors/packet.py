"""Packet: one frame, and what is in it.  Interface: where frames were taken.

A packet is cheap until it is read: the headers are found when the first of them is asked for, a field is decoded
when it is named.  Nothing here knows a file or a socket.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dissectors import layout
from dissectors.fields import Field
from dissectors.frame import Data, Frame
from dissectors.graph import Compiled, Graph, nearest
from dissectors.graph import graph as _graph
from dissectors.header import Header, Item
from dissectors.printable import printable
from dissectors.walk import Captured, Holder, LayerReader

_STOPPED = layout.FRAGMENT | layout.TRUNCATED | layout.SHORT | layout.BAD_LENGTH | layout.BAD_END
_COMMENT = 1  # opt_comment (draft-ietf-opsawg-pcapng, 3.5)


@dataclass(slots=True, eq=False)
class Interface:
    """Where frames were taken, and how their link layer and their times are to be read.

    `resolution` is timestamp units a second in the file, `offset` seconds to add; `snaplen` 0 when there is no limit.
    `options` are the raw options of a pcapng interface description, kept for writing back, in the byte order that
    `big_endian` tells.  `graph` is the parse graph that its frames are walked with.
    """

    linktype: int = 1
    snaplen: int = 0
    name: str = ""
    description: str = ""
    id: int = 0
    resolution: int = 1_000_000
    offset: int = 0
    options: tuple[tuple[int, bytes], ...] = ()
    big_endian: bool = False
    graph: Graph = field(default=_graph, repr=False)

    def __reduce__(self) -> tuple[type[Interface], tuple[Any, ...]]:
        """In another process the parse graph is the one that is there."""
        kept = (self.linktype, self.snaplen, self.name, self.description, self.id, self.resolution, self.offset)
        return type(self), (*kept, self.options, self.big_endian)


class Packet(Holder):
    """One frame.

    `data` are the octets that were captured, `length` how many there were on the wire; `time_ns` nanoseconds since
    the epoch, None where the file keeps no time; `number` counts from 1; `options` are raw pcapng options.

        packet.tcp.dstport      the field of the first TCP header; packet.tcp is None where there is no TCP
        packet["ip.src"]        the first value of a field by its full name, None where there is none
        packet.values("ip.src") every value
        packet.layers           every header, outermost first
    """

    __slots__ = ()

    @classmethod
    def of(cls, data: bytes, linktype: int = 1) -> Packet:
        """A packet from bytes alone, for shells and tests."""
        return cls(bytes(data), Interface(linktype))

    # -- the frame ----------------------------------------------------------------------------------------

    @property
    def time(self) -> float | None:
        """Seconds since the epoch, to the precision of a float; `time_ns` is exact."""
        return self.time_ns / 1e9 if self.time_ns is not None else None

    @property
    def comments(self) -> tuple[str, ...]:
        """Comments that the file keeps with the packet."""
        return tuple(value.decode("utf-8", "replace") for code, value in self.options if code == _COMMENT)

    @property
    def frame(self) -> Frame:
        """The frame as a header of its own: `frame.number`, `frame.len` and what else is not in its octets."""
        return Frame.of(self)

    def walk(self) -> list[Header]:
        """The headers that the parse graph leads to; what is recognised by content, and data, is only in `layers`."""
        captured = self.captured
        interface = captured.interface
        compiled = interface.graph.compiled
        end = max(captured.length, len(captured.data))
        self.headers = compiled.walker.layers(captured, compiled.links.get(interface.linktype, 0), 0, end)
        return self.headers

    def completed(self, found: list[Header]) -> list[Header]:
        """What the walker found, less what is not what a port promised, with what is seen by content and the rest.

        A header that is refused goes with all that it carries; one that follows what carries it stays.
        """
        return _completed(self.captured, found, None, 0, max(self.length, len(self.data)))

    def carry(self, carrier: Header, protocol: type[Header] | None, start: int, stop: int) -> None:
        """Say that in what `carrier` carries only `data[start:stop]` of the frame is to be read, by `protocol`.

        None where nothing of it is: it is the middle of something.
        """
        self._put(carrier, self.captured, protocol, start, stop)

    def carry_reassembled(self, carrier: Header, protocol: type[Header], octets: bytes) -> None:
        """Put what `carrier` carries, together with other packets, in the place of what it carries alone.

        The headers in it, of which `protocol` is the first, stand in `octets` and not in the frame: places are counted
        from their beginning.  The frame, and all headers up to `carrier`, stay as they were captured.
        """
        captured = Captured()
        captured.data = octets
        captured.interface = self.interface
        captured.time_ns = self.time_ns
        captured.length = len(octets)
        captured.number = self.number
        captured.options = self.options
        captured.notes = self.notes
        captured.doubtful = False
        self._put(carrier, captured, protocol, 0, len(octets))

    def _put(
        self, carrier: Header, captured: Captured, protocol: type[Header] | None, start: int, stop: int
    ) -> None:
        """Put the headers in `captured.data[start:stop]`, the first of them `protocol`, in the place of those found."""
        layers = self.layers
        place = layers.index(carrier) + 1
        inside: list[Header] = []
        if protocol is not None:
            compiled: Compiled = self.interface.graph.compiled
            found = compiled.walker.layers(captured, compiled.node_of[protocol], start, stop, carrier)
            inside = _completed(captured, found, carrier, start, stop)
        behind = [layer for layer in layers[place:] if layer.start >= carrier.end]
        self.headers = layers[:place] + inside + behind

    def led_to(self, carrier: Header) -> type[Header] | None:
        """The protocol that an edge leads to from `carrier`, whether its octets look like it or not."""
        compiled: Compiled = self.interface.graph.compiled
        node = compiled.node_of[type(carrier)]
        found = compiled.walker.layers(self.captured, node, carrier.start, carrier.end, carrier.below)
        return next((type(layer) for layer in found if layer.below is found[0]), None)

    def is_reassembled(self, layer: Header) -> bool:
        """Whether a header stands in octets that several packets carried, and not in the frame."""
        return layer.captured is not self.captured

    @property
    def payload(self) -> bytes:
        """What the innermost transport or internet header carries, as far as it was captured."""
        carrier = None
        for layer in self.layers:
            if not layer.declaration.takes_all and not layer.quoted:
                carrier = layer
        return carrier.payload if carrier is not None else self.data

    @property
    def truncated(self) -> bool:
        """Whether the capture kept less than there was on the wire."""
        return len(self.data) < self.length

    @property
    def malformed(self) -> str:
        """Why the packet contradicts itself, in words; empty when it does not."""
        return next(filter(None, (layer.contradiction for layer in self.layers)), "")

    @property
    def protocols(self) -> str:
        """The names of the layers, as `eth:ip:tcp`."""
        return ":".join(layer.name for layer in self.layers)

    def everything(self) -> Iterator[Header]:
        """Every header with what continues it and, below each, its options."""
        yield self.frame
        for layer in self.layers:
            yield from _inside(layer)

    # -- reading by name ----------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        graph = self.interface.graph
        if name not in graph.protocols:
            raise AttributeError(f"no protocol {name!r}{nearest(name, graph.protocols)}")
        by_content = any(
            each.declaration.picky or each.guessed_in or each is Data for each in graph.headers if each.name == name
        )
        setattr(Packet, name, LayerReader(name, by_content))  # from now on found without coming here
        return getattr(self, name)

    def __getitem__(self, name: str) -> Any:
        """The first value of a field, or the first header of a protocol, by full name; None when it is not there.

        Raises KeyError for a name that nobody declared.
        """
        graph = self.interface.graph
        fields = graph.fields.get(name)
        if fields is not None:
            return next(self._values(fields), None)
        if name in graph.protocols:
            return next((layer for layer in self.everything() if layer.name == name), None)
        raise KeyError(f"no field {name!r}{nearest(name, graph.fields)}")

    def __contains__(self, name: str) -> bool:
        return self[name] is not None

    def values(self, name: str) -> list[Any]:
        """Every value of a field, in the order of the frame.  Raises KeyError for a name that nobody declared."""
        graph = self.interface.graph
        fields = graph.fields.get(name)
        if fields is None:
            raise KeyError(f"no field {name!r}{nearest(name, graph.fields)}")
        return list(self._values(fields))

    def _values(self, fields: list[Field]) -> Iterator[Any]:
        owners = [(each.owner, each) for each in fields if each.owner is not None]
        deep = any(owner.is_option or owner.nested for owner, _ in owners)
        for layer in self.everything() if deep else _with_extensions(self):
            for owner, each in owners:
                if isinstance(layer, owner):
                    yield from layer.values(each)

    def items(self) -> Iterator[tuple[Header, list[Item]]]:
        """Every layer with its fields, for views."""
        for layer in self.layers:
            yield layer, list(layer.items())

    def __len__(self) -> int:
        return len(self.data)

    def __bytes__(self) -> bytes:
        return self.data

    def __repr__(self) -> str:
        number = f"#{self.number} " if self.number else ""
        cut = f" of {self.length}" if self.truncated else ""
        told = next((told for layer in reversed(self.layers) if not layer.quoted and (told := layer.info())), "")
        return f"<Packet {number}{self.protocols} {len(self.data)}{cut} octets{': ' + printable(told) if told else ''}>"

    def __reduce__(self) -> tuple[type[Packet], tuple[Any, ...]]:
        """A packet is copied and sent to other processes as its octets; notes and headers are found again there."""
        return type(self), (self.data, self.interface, self.time_ns, self.length, self.number, self.options)


def _with_extensions(packet: Packet) -> Iterator[Header]:
    yield packet.frame
    for layer in packet.layers:
        yield layer
        yield from layer.extensions


def _inside(layer: Header) -> Iterator[Header]:
    yield layer
    for each in layer.inside():
        yield from _inside(each)
    for extension in layer.extensions:
        yield from _inside(extension)


def _completed(captured: Captured, found: list[Header], below: Header | None, start: int, end: int) -> list[Header]:
    """What the walker found in `data[start:end]` on the header `below`, as `Packet.completed` says."""
    if found and not captured.doubtful:
        left = _left(captured, found[-1])
        return found + left if left else found
    if not found:
        return _rest(captured, below, start, end)
    complete: list[Header] = []
    refused = 0
    for layer in found:
        if refused and layer.start < refused:
            continue
        if layer.repeats and complete and complete[-1].end <= layer.start:
            complete += _left(captured, complete[-1])
        if layer.declaration.picky and not layer.recognises(captured.data[layer.start : layer.end]):
            refused = next((each.end for each in reversed(complete) if each.end > layer.start), end)
            complete += _rest(captured, complete[-1] if complete else below, layer.start, refused)
        else:
            complete.append(layer)
    if layer is complete[-1]:
        complete += _left(captured, layer)
    return complete


def _left(captured: Captured, layer: Header) -> list[Header]:
    """The layers in what the innermost header carries, to which no edge led."""
    inner = layer.extensions[-1] if layer.extensions else layer
    if not inner.declaration.takes_all:
        return _rest(captured, layer, inner.stop, inner.end)
    quotation = inner.quotation() if inner.quotes else None
    if quotation is None:
        return []
    compiled: Compiled = captured.interface.graph.compiled
    header, start, end = quotation
    return compiled.walker.layers(captured, compiled.node_of[header], start, end, layer)


def _rest(captured: Captured, below: Header | None, start: int, end: int) -> list[Header]:
    """The layers in `data[start:end]`, to which no edge leads: recognised by content, or data."""
    data = captured.data
    if start >= end or start >= len(data):
        return []
    if below is not None and not below.status & _STOPPED:
        compiled: Compiled = captured.interface.graph.compiled
        payload = data[start:end]
        for guess in compiled.guesses.get(below.name, ()):
            if guess.recognises(payload):
                return compiled.walker.layers(captured, compiled.node_of[guess], start, end, below)
    quoted = below.status & layout.QUOTED if below is not None else 0
    return [Data(captured, start, min(end, len(data)), end, quoted, below)]
