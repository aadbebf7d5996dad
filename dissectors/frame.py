"""The frame itself, and what is left over: the two layers that no header on the wire declares."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dissectors.fields import Bytes, Derived, Flag, Moment, Noted, Text, Time, Uint
from dissectors.header import Header
from dissectors.packet_flags import DIRECTIONS, ERRORS, RECEPTION_TYPES, packet_flags

if TYPE_CHECKING:
    from collections.abc import Callable

    from dissectors.packet import Packet


def _bits(shift: int, count: int) -> Callable[[Frame], int | None]:
    """What reads so many bits of the packet flags, from the bit `shift` on."""

    def read(layer: Frame) -> int | None:
        flags = packet_flags(layer.captured)
        return None if flags is None else flags >> shift & (1 << count) - 1

    return read


def _bit(number: int) -> Callable[[Frame], bool | None]:
    """What reads one bit of the packet flags."""

    def read(layer: Frame) -> bool | None:
        flags = packet_flags(layer.captured)
        return None if flags is None else bool(flags >> number & 1)

    return read


def _error(number: int) -> Callable[[Frame], bool | None]:
    """What reads one bit of the packet flags that tells an error; None where there was no error at all."""
    bit = _bit(number)
    return lambda layer: bit(layer) if (packet_flags(layer.captured) or 0) & ERRORS else None


def _note(name: str) -> Callable[[Frame], tuple[Any, ...] | None]:
    """What reads a note that a live capture may have left on the packet."""
    return lambda layer: (layer.captured.notes or {}).get(name)


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
    packet_flags = Derived(
        Uint(32, "direction, reception, and what was left to the card", shown=hex), _bits(0, 32)
    )
    packet_flags_direction = Derived(Uint(2, "came in or went out", names=DIRECTIONS), _bits(0, 2))
    packet_flags_reception_type = Derived(Uint(3, "sent to whom", names=RECEPTION_TYPES), _bits(2, 3))
    packet_flags_fcs_length = Derived(Uint(4, "frame check sequence, octets"), _bits(5, 4))
    packet_flags_checksum_not_ready = Derived(Flag("checksum was left to the card"), _bit(9))
    packet_flags_checksum_valid = Derived(Flag("the card found the checksum right"), _bit(10))
    packet_flags_tcp_segmentation_offloaded = Derived(Flag("cutting into segments was left to the card"), _bit(11))
    packet_flags_crc_error = Derived(Flag("frame check sequence was wrong"), _error(24))
    packet_flags_packet_too_error = Derived(Flag("frame was too long"), _error(25))
    packet_flags_packet_too_short_error = Derived(Flag("frame was too short"), _error(26))
    packet_flags_wrong_inter_frame_gap_error = Derived(Flag("gap between frames was wrong"), _error(27))
    packet_flags_unaligned_frame_error = Derived(Flag("frame was not aligned"), _error(28))
    packet_flags_start_frame_delimiter_error = Derived(Flag("start frame delimiter was wrong"), _error(29))
    packet_flags_preamble_error = Derived(Flag("preamble was wrong"), _error(30))
    packet_flags_symbol_error = Derived(Flag("symbol was wrong"), _error(31))
    process_name = Derived(
        Text("process that owns the socket, at either end", name="frame.process.name"), _note("frame.process.name")
    )
    process_pid = Derived(
        Uint(32, "number of the process that owns the socket", name="frame.process.pid"), _note("frame.process.pid")
    )
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
