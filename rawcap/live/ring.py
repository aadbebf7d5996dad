"""The ring of memory that the kernel writes frames into: TPACKET_V3 (packet(7); linux/if_packet.h, packet_mmap).

The kernel fills one block after another and hands each over whole: when it is full, or when a while has passed since
its first frame. A block that was read is given back. What arrives while no block is free is dropped, and counted.

    block    version 4   private 4   status 4   frames 4   first frame 4   length 4   sequence 8   two times 16
    frame    next 4   seconds 4   nanoseconds 4   captured 4   length 4   status 4   link layer at 2   network at 2 ...

`frames.py` reads what is in a block.
"""

from __future__ import annotations

import errno
import mmap
import socket
import struct
from pathlib import Path

from rawcap.live import linux
from rawcap.live.errors import LiveError

BLOCK = 1 << 18
"""Octets of a block: room for the longest frame, and many blocks to the ring, of which a slow stream takes one for
every RETIRE_MS that it is not read."""

RETIRE_MS = 8
"""Milliseconds after which the kernel hands over a block that is not full; it may take twice as long."""

_FRAME = 2048  # octets; only its proportion to the block is looked at, frames are as long as they are
_SMALLEST = 4  # blocks
_UNKNOWN_MEMORY = 1 << 28  # octets: what is asked for at the most where nobody knows what there is
_STATUS = 8  # of a block, where its status stands
_USER = 1  # TP_STATUS_USER: the block is ours
_status = struct.Struct("=I")


class Ring:
    """The ring of an AF_PACKET socket that is not bound yet, of about `octets`.

    Where the kernel has no room for it, it is made smaller: `octets` tells what was had, `asked` what was wanted.
    `memory` is the whole of it. Raises LiveError when not even a small one can be had.
    """

    def __init__(self, sock: socket.socket, octets: int) -> None:
        sock.setsockopt(linux.SOL_PACKET, linux.PACKET_VERSION, linux.TPACKET_V3)
        self.asked = octets
        # The kernel would rather end other processes than refuse: what it has is looked at before it is asked for it.
        blocks = max(min(octets, _most()) // BLOCK, _SMALLEST)
        while True:
            try:
                sock.setsockopt(linux.SOL_PACKET, linux.PACKET_RX_RING, _request(blocks))
                self.octets = blocks * BLOCK
                self.memory = mmap.mmap(sock.fileno(), self.octets, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
                break
            except (OSError, OverflowError, struct.error) as error:
                too_large = not isinstance(error, OSError) or error.errno in (errno.ENOMEM, errno.EINVAL, errno.ENOBUFS)
                if not too_large or blocks == _SMALLEST:
                    raise LiveError(f"the kernel gives no memory for a capture ring: {error}") from None
            blocks = max(blocks // 2, _SMALLEST)
        self._next = 0

    def ready(self) -> int | None:
        """Where in `memory` the next block stands, if the kernel has handed it over."""
        (status,) = _status.unpack_from(self.memory, self._next + _STATUS)
        return self._next if status & _USER else None

    def release(self) -> None:
        """Give the block that `ready` told back to the kernel, whose memory must not be read any more."""
        _status.pack_into(self.memory, self._next + _STATUS, 0)
        self._next = (self._next + BLOCK) % self.octets

    def close(self) -> None:
        """Give the memory back; nothing may refer to it any more."""
        self.memory.close()


def _most() -> int:
    """Octets that a ring may take of this machine: half of what is available (proc_meminfo(5))."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024 // 2
    except (OSError, ValueError, IndexError):
        pass
    return _UNKNOWN_MEMORY


def _request(blocks: int) -> bytes:
    """The struct tpacket_req3 that asks for a ring."""
    return struct.pack("=7I", BLOCK, blocks, _FRAME, blocks * (BLOCK // _FRAME), RETIRE_MS, 0, 0)
