"""AF_PACKET: what a card sends and receives, link layer and all (packet(7)).

Opened in an order that lets no frame slip in: the socket belongs to no protocol and so receives nothing, until it has
its filter and its ring and is bound to an interface.
"""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from dissectors.packet import Interface, Packet
from rawcap.live import device, linux, privileges, program
from rawcap.live.errors import LiveError
from rawcap.live.frames import FrameReader
from rawcap.live.ring import BLOCK, Ring

if TYPE_CHECKING:
    from rawcap.filter.kernel import PcapFilter

_LARGEST_GROUP = 0xFFFF
_PATIENCE = 1.0  # seconds without a frame, after which a socket that was stopped has given all

IF_FILTER = 11  # an option of an interface description (draft-ietf-opsawg-pcapng, 4.2)
NANOSECONDS = 1_000_000_000

# linux/sockios.h and linux/net_tstamp.h
_SIOCGIFNAME = 0x8910
_SIOCSHWTSTAMP = 0x89B0
_HWTSTAMP_TX_OFF, _HWTSTAMP_FILTER_ALL = 0, 1
_SOF_TIMESTAMPING_RAW_HARDWARE = 1 << 6

Timestamp = Literal["host", "adapter"]


class PacketSocket:
    """Frames of an interface, by name, or of all of them (device.ANY), from a ring of about `ring_octets`.

    `cooked` asks for the network layer with a Linux cooked header before it, which is also what interfaces get that
    have a link layer of no known kind, and all of them together. Of each frame at most `snaplen` octets are kept;
    those that `filter_text` (pcap-filter(7)) or `direction` refuses never come. `promiscuous` has the card hand over
    what is for other hosts. Sockets with the same `fanout` number share the frames of an interface, those of a
    flow always going to the same. `first_id` numbers its first interface.

    Raises LiveError, NotPermitted and FilterError. It has begun to capture when it is made.
    """

    def __init__(
        self,
        name: str,
        *,
        cooked: bool = False,
        snaplen: int,
        ring_octets: int,
        filter_text: str | None = None,
        direction: program.Direction = "inout",
        promiscuous: bool = True,
        timestamp: Timestamp = "host",
        fanout: int | None = None,
        first_id: int = 0,
    ) -> None:
        self.name = name
        self._device = None if name == device.ANY else device.working(name)
        link = device.COOKED if cooked or self._device is None else self._device.link
        self.link = link
        self.snaplen = snaplen
        self._filter_text = filter_text
        self._first_id = first_id
        self._by_index = _Owners(self._meet)
        self.whole = self._described(name, first_id)
        """What was asked for as one interface, which is what statistics are about."""
        self.interfaces = [self.whole]
        """That, and for "any" the interfaces that frames have come from."""
        if self._device is not None:
            self._by_index[self._device.index] = self.whole
        self._received = self._dropped = self._given = 0
        self._stopped = False
        self._latest = time.monotonic()
        shape = (
            program.COOKED
            if link.cooked
            else program.ETHERNET
            if link.linktype == device.LINKTYPE_ETHERNET
            else program.as_it_is(link.linktype)
        )
        instructions = program.socket_program(
            _compiled(filter_text, link.linktype, snaplen),
            shape=shape,
            snaplen=snaplen,
            direction=direction,
            loopback=device.loopback() if self._device is None or self._device.loopback else None,
        )
        kind = socket.SOCK_DGRAM if link.cooked else socket.SOCK_RAW
        try:
            self.socket = socket.socket(socket.AF_PACKET, kind | socket.SOCK_CLOEXEC, 0)
        except PermissionError:
            raise privileges.missing("CAP_NET_RAW", "capturing") from None
        try:
            self._set_up(instructions, ring_octets, promiscuous, timestamp, fanout)
        except BaseException:
            self.socket.close()
            raise

    def _set_up(
        self,
        instructions: list[program.Instruction],
        octets: int,
        promiscuous: bool,
        timestamp: Timestamp,
        fanout: int | None,
    ) -> None:
        # A socket can join a fanout group only when it receives already, and would have everything until it did.
        program.attach(self.socket, instructions if fanout is None else program.REFUSE)
        if timestamp == "adapter":
            self._time_by_adapter()
        self.ring = Ring(self.socket, octets)
        self._reader = FrameReader(
            self.ring.memory,
            BLOCK,
            ethernet=self.link.linktype == device.LINKTYPE_ETHERNET,
            cooked=self.link.cooked,
            snaplen=self.snaplen,
        )
        self._bind()
        if promiscuous and self._device is not None:
            membership = struct.pack("=iHH8s", self._device.index, linux.PACKET_MR_PROMISC, 0, b"")
            self.socket.setsockopt(linux.SOL_PACKET, linux.PACKET_ADD_MEMBERSHIP, membership)
        if fanout is not None:
            self._join(fanout)
            program.attach(self.socket, instructions)

    def _bind(self) -> None:
        # By ctypes, because Python's bind() knows no address that stands for every interface.
        index = 0 if self._device is None else self._device.index
        address = struct.pack("=HHi12x", socket.AF_PACKET, socket.htons(linux.ETH_P_ALL), index)
        if linux.libc.bind(self.socket.fileno(), address, len(address)) < 0:
            error = ctypes.get_errno()
            if error == errno.ENODEV:  # removed since it was looked up
                raise LiveError(f"there is no interface {self.name!r} any more")
            raise LiveError(f"{self.name} cannot be captured on: {os.strerror(error).lower()}")

    def _join(self, group: int) -> None:
        if not 0 <= group <= _LARGEST_GROUP:
            raise ValueError(f"{group} is no number of a fanout group; they go from 0 to {_LARGEST_GROUP}")
        kind = linux.PACKET_FANOUT_HASH | linux.PACKET_FANOUT_FLAG_DEFRAG
        try:
            self.socket.setsockopt(linux.SOL_PACKET, linux.PACKET_FANOUT, struct.pack("=HH", group, kind))
        except OSError as error:
            raise LiveError(
                f"{self.name} cannot share its frames in group {group}: {os.strerror(error.errno or 0).lower()}; "
                "a group is of one interface and one kind of socket"
            ) from None

    def _time_by_adapter(self) -> None:
        if self._device is None:
            raise LiveError("an adapter's clock times the frames of that adapter: name it with -i")
        config = array.array("i", [0, _HWTSTAMP_TX_OFF, _HWTSTAMP_FILTER_ALL])  # struct hwtstamp_config
        request = struct.pack("16sP16x", self.name.encode(), config.buffer_info()[0])
        try:
            fcntl.ioctl(self.socket, _SIOCSHWTSTAMP, request)
        except PermissionError:
            raise privileges.missing("CAP_NET_ADMIN", f"having {self.name} time every frame") from None
        except OSError:
            raise LiveError(f"{self.name} has no clock that times every frame: leave out --timestamp adapter") from None
        self.socket.setsockopt(linux.SOL_PACKET, linux.PACKET_TIMESTAMP, _SOF_TIMESTAMPING_RAW_HARDWARE)

    # -- frames -----------------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """The descriptor that becomes readable when a block is ready."""
        return self.socket.fileno()

    def packets(self) -> list[Packet]:
        """The frames of the next block that is ready, not numbered; none when none is. Never waits."""
        block = self.ring.ready()
        if block is None:
            return []
        self._reader.open(block)
        packets = self._reader.packets(self._by_index)
        self._release(len(packets))
        return packets

    def blocks(self) -> Iterator[FrameReader]:
        """The blocks that are ready, one after the other, each to be read before the next is asked for. Never waits."""
        while (block := self.ring.ready()) is not None:
            self._reader.open(block)
            frames = self._reader.left
            yield self._reader
            self._release(frames)

    def _release(self, frames: int) -> None:
        self.ring.release()
        self._given += frames
        self._latest = time.monotonic()

    @property
    def kind(self) -> str:
        """What its frames are, for the line that says what is captured."""
        return self.link.title

    def interface(self, index: int) -> Interface:
        """The interface that the kernel calls by this number."""
        return self._by_index[index]

    def _meet(self, index: int) -> Interface:
        try:
            request = struct.pack("16si20x", b"", index)
            name = fcntl.ioctl(self.socket, _SIOCGIFNAME, request)[:16].split(b"\0")[0].decode(errors="replace")
        except OSError:  # gone since
            name = f"interface {index}"
        interface = self._described(name, self._first_id + len(self.interfaces))
        self.interfaces.append(interface)
        return interface

    def _described(self, name: str, number: int) -> Interface:
        options = ((IF_FILTER, b"\0" + self._filter_text.encode()),) if self._filter_text else ()
        return Interface(
            self.link.linktype,
            self.snaplen,
            name,
            id=number,
            resolution=NANOSECONDS,
            options=options,
            big_endian=sys.byteorder == "big",  # as the compiled loop writes numbers
        )

    # -- how it goes ------------------------------------------------------------------------------------------

    def statistics(self) -> tuple[int, int]:
        """Frames that passed the filter since the beginning, and how many of them were dropped for want of room."""
        if self.socket.fileno() < 0:
            return self._received, self._dropped
        # Reading sets the kernel's counters back, so they are read nowhere else. Received counts what was dropped too.
        counters = self.socket.getsockopt(linux.SOL_PACKET, linux.PACKET_STATISTICS, 12)
        received, dropped, _ = struct.unpack("=III", counters)
        self._received += received
        self._dropped += dropped
        return self._received, self._dropped

    def stop(self) -> None:
        """Let no further frame in; those that are in the ring are still given."""
        if not self._stopped:
            self._stopped = True
            self._latest = time.monotonic()
            program.attach(self.socket, program.REFUSE)

    @property
    def drained(self) -> bool:
        """Whether it was stopped, and every frame that came before was given."""
        if not self._stopped:
            return False
        received, dropped = self.statistics()
        # The count decides. That nothing has come for long enough is only for a kernel that counts otherwise.
        return self._given == received - dropped or time.monotonic() - self._latest > _PATIENCE

    def problem(self) -> str | None:
        """Why nothing more can come, in words, if that is so."""
        if not self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or self._device is None:
            return None
        try:
            fcntl.ioctl(self.socket, _SIOCGIFNAME, struct.pack("16si20x", b"", self._device.index))
        except OSError:
            return device.disappeared(self.name)
        return device.went_down(self.name)

    def close(self) -> None:
        """Give everything back to the kernel: the ring, the promiscuous mode, the filter."""
        if self.socket.fileno() >= 0:
            self.statistics()
            self._reader.close()
            self.ring.close()
            self.socket.close()


class _Owners(dict[int, Interface]):
    """The interface of every device number, met when it is first asked for."""

    def __init__(self, meet: Callable[[int], Interface]) -> None:
        super().__init__()
        self._meet = meet

    def __missing__(self, index: int) -> Interface:
        interface = self[index] = self._meet(index)
        return interface


def _compiled(text: str | None, linktype: int, snaplen: int) -> PcapFilter | None:
    if not text:
        return None
    from rawcap.filter.kernel import pcap_filter  # loads libpcap's compiler

    return pcap_filter(text, linktype, snaplen)
