"""The frame itself, and what is left over: the two layers that no header on the wire declares."""
from __future__ import annotations

from typing import TYPE_CHECKING

from dissectors.fields import Bytes, Derived, Flag, Moment, Noted, Text, Time, Uint
from dissectors.header import Header

if TYPE_CHECKING:
    from dissectors.packet import Packet


class Frame(Header):
    """The frame as it was captured."""

    __slots__ = ("packet",)

    packet: Packet
    name = "frame"
    label = "Frame"

    number = Derived(Uint(32, "number in the capture, from 1"), lambda layer: layer.packet.number)
    time_epoch = Derived(Time("capture time, seconds since the epoch"), lambda layer: layer.packet.time_ns)
    time = Derived(Moment("capture time, as a date"), lambda layer: layer.packet.time_ns)
    time_delta = Noted(Time("since the packet before, seconds", relative=True))
    time_relative = Noted(Time("since the first packet, seconds", relative=True))
    len = Derived(Uint(32, "octets on the wire"), lambda layer: layer.packet.length)
    cap_len = Derived(Uint(32, "octets captured"), lambda layer: layer.packet.data.__len__())
    protocols = Derived(Text("the layers, outermost first"), lambda layer: layer.packet.protocols)
    interface_id = Derived(Uint(32, "interface, as the capture numbers them"), lambda layer: layer.packet.interface.id)
    interface_name = Derived(Text("interface"), lambda layer: layer.packet.interface.name or None)
    linktype = Derived(Uint(16, "link type of the file"), lambda layer: layer.packet.interface.linktype)
    comment = Derived(Text("comment kept with the packet"), lambda layer: layer.packet.comments)
    truncated_ = Derived(Flag("the capture kept less than there was"), lambda layer: layer.packet.truncated)
    malformed_ = Derived(Text("how the packet contradicts itself"), lambda layer: layer.packet.malformed or None)

    @classmethod
    def of(cls, packet: Packet) -> Frame:
        """The frame of a packet; unlike other headers it knows the whole packet."""
        frame = cls(packet.captured, 0, len(packet.data), packet.length)
        frame.packet = packet
        return frame


class Data(Header):
    """Data.

    What is left where no declaration says what the octets mean.
    """

    name = "data"
    label = "Data"
    data_ = Bytes(None, "the octets", name="data.data")
    len = Derived(Uint(32, "octets, captured or not"), lambda layer: layer.end - layer.start)

    def info(self) -> None:
        """Nothing: the line is about what carries the data."""
