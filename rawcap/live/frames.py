# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""One block of the kernel's ring, read: as packets, or as records of a capture file.

What the kernel keeps beside a frame is put where it was on the wire or where a file has a place for it: the VLAN tag
that it took out, the Linux cooked header in place of a link layer, the direction, and whether the frame had not been
checksummed or segmented yet. The layout of a block is that of linux/if_packet.h; `ring.py` draws it.

This is plain Python that Cython compiles too: installed with a compiler it runs as native code, without one the same
file is interpreted. Every index is checked in both.
"""
from __future__ import annotations

import sys

import cython

from dissectors.packet import Packet

if cython.compiled:
    from cython.cimports.libc.string import memcpy

# A block's descriptor: where its numbers stand, in octets.
_COUNT = cython.declare(cython.longlong, 12)
_FIRST = cython.declare(cython.longlong, 16)

# A frame's header (struct tpacket3_hdr), and the struct sockaddr_ll behind it.
_NEXT = cython.declare(cython.longlong, 0)
_SECONDS = cython.declare(cython.longlong, 4)
_NANOSECONDS = cython.declare(cython.longlong, 8)
_CAPTURED = cython.declare(cython.longlong, 12)
_LENGTH = cython.declare(cython.longlong, 16)
_STATUS = cython.declare(cython.longlong, 20)
_MAC = cython.declare(cython.longlong, 24)
_VLAN_TCI = cython.declare(cython.longlong, 32)
_VLAN_TPID = cython.declare(cython.longlong, 36)
_PROTOCOL = cython.declare(cython.longlong, 50)
_INDEX = cython.declare(cython.longlong, 52)
_HARDWARE = cython.declare(cython.longlong, 56)
_KIND = cython.declare(cython.longlong, 58)
_ADDRESS_LENGTH = cython.declare(cython.longlong, 59)

# TP_STATUS_: what the kernel says of a frame.
_CHECKSUM_NOT_READY = cython.declare(cython.longlong, 0x08)
_VLAN_VALID = cython.declare(cython.longlong, 0x10)
_TPID_VALID = cython.declare(cython.longlong, 0x40)
_CHECKSUM_VALID = cython.declare(cython.longlong, 0x80)
_TO_BE_SEGMENTED = cython.declare(cython.longlong, 0x100)

_OUTGOING = cython.declare(cython.longlong, 4)  # PACKET_OUTGOING
_ETHERTYPE_AT = cython.declare(cython.longlong, 12)
_TAG = cython.declare(cython.longlong, 4)  # octets of a VLAN tag
_COOKED_HEADER = cython.declare(cython.longlong, 20)

_FLAGS_OPTION = cython.declare(cython.longlong, 2)
_ENHANCED_PACKET = cython.declare(cython.longlong, 6)


@cython.cclass
class FrameReader:
    """Reads the blocks in `memory`, one at a time: `open` it, then take its frames, in one go or in several.

    A frame of an `ethernet` device gets back the tag that the kernel took out; `cooked` ones begin with the network
    layer and get a Linux cooked header (v2) before it. `snaplen` is the most octets that are given of a frame.
    """

    memory: object
    octets: cython.uchar[::1]
    halves: cython.ushort[::1]
    words: cython.uint[::1]
    out: cython.uchar[::1]
    out_words: cython.uint[::1]
    head: cython.uchar[::1]
    head_words: cython.uint[::1]
    flags_code: cython.uint
    prefix: cython.uchar[::1]
    inserted: object
    options: dict
    ethernet: cython.bint
    cooked: cython.bint
    snaplen: cython.longlong
    at: cython.longlong

    # The frame at `at`, as it is shown: `lead` octets from `start` on, `put` octets of the prefix, and the rest.
    start: cython.longlong
    lead: cython.longlong
    put: cython.longlong
    captured: cython.longlong
    length: cython.longlong

    buffer = cython.declare(object, visibility="readonly")
    left = cython.declare(cython.longlong, visibility="readonly")
    taken = cython.declare(cython.longlong, visibility="readonly")
    unplaced = cython.declare(cython.longlong, visibility="readonly")

    def __init__(
        self,
        memory: object,
        block: cython.longlong,
        *,
        ethernet: cython.bint = False,
        cooked: cython.bint = False,
        snaplen: cython.longlong = 262144,
    ) -> None:
        view = memoryview(memory)
        self.memory = view
        self.octets = view
        self.halves = view.cast("H")
        self.words = view.cast("I")
        # A record takes no more room than the ring needs for the same frame, so what is in a block fits here.
        self.buffer = bytearray(block)
        self.out = self.buffer
        self.out_words = memoryview(self.buffer).cast("I")
        head = bytearray(16)
        self.head = head
        self.head_words = memoryview(head).cast("I")
        self.flags_code = 4 << 16 | _FLAGS_OPTION if sys.byteorder == "little" else _FLAGS_OPTION << 16 | 4
        self.inserted = bytearray(_COOKED_HEADER + _TAG)
        self.prefix = self.inserted
        self.options = {}
        self.ethernet = ethernet
        self.cooked = cooked
        self.snaplen = snaplen
        self.at = 0
        self.left = 0
        self.taken = 0
        self.unplaced = 0

    def open(self, block: cython.longlong) -> None:
        """Begin with the block that stands at octet `block` of the memory."""
        self.left = self.words[(block + _COUNT) >> 2]
        self.at = block + self.words[(block + _FIRST) >> 2]

    def packets(self, interfaces: object) -> list:
        """The frames that are left in the block, not numbered yet.

        `interfaces` gives the Interface of a device by the number that the kernel has for it.
        """
        packets: list = []
        while self.left > 0:
            self._look()
            if self.put == 0:
                data = self.memory[self.start : self.start + self.captured].tobytes()
            else:
                data = b"".join(
                    (
                        self.memory[self.start : self.start + self.lead],
                        self.inserted[: self.put],
                        self.memory[self.start + self.lead : self.start + self.captured - self.put],
                    )
                )
            time_ns: cython.longlong = self.words[(self.at + _SECONDS) >> 2]
            time_ns = time_ns * 1_000_000_000 + self.words[(self.at + _NANOSECONDS) >> 2]
            index: cython.longlong = self.words[(self.at + _INDEX) >> 2]
            packets.append(Packet(data, interfaces[index], time_ns, self.length, 0, self._flags_option()))
            self._step()
        return packets

    def records(
        self, places: dict, pcapng: cython.bint, most: cython.longlong, room: cython.longlong
    ) -> cython.longlong:
        """Put the next frames into `buffer`, as records of a pcapng file (enhanced packet blocks) or of a pcap file.

        `places` gives the number that the file has for a device. At most `most` frames are taken, and none that would
        begin behind `room` octets; -1 is no limit. It stops at a frame of a device that is not in `places`, which
        `unplaced` then names. Times count nanoseconds, numbers are in this machine's byte order. Gives the octets in
        `buffer`; `taken` tells how many frames they are.
        """
        to: cython.longlong = 0
        size: cython.longlong
        index: cython.longlong
        known: cython.longlong = -1
        place: cython.longlong = 0
        self.taken = 0
        self.unplaced = 0
        while self.left > 0 and (most < 0 or self.taken < most):
            index = self.words[(self.at + _INDEX) >> 2]
            if index != known:
                if index not in places:
                    self.unplaced = index
                    break
                place = places[index]
                known = index
            if 0 <= room <= to:
                break
            self._look()
            size = 44 + (self.captured + 3 & ~3) if pcapng else 16 + self.captured
            if pcapng:
                self._enhanced_packet(to, size, place)
            else:
                self._pcap_record(to)
            to += size
            self.taken += 1
            self._step()
        return to

    def close(self) -> None:
        """Let go of the memory; nothing can be read any more."""
        self.left = 0
        self.octets = None
        self.halves = None
        self.words = None
        self.memory.release()

    @cython.cfunc
    @cython.exceptval(check=True)
    def _enhanced_packet(self, to: cython.longlong, size: cython.longlong, place: cython.longlong) -> cython.void:
        """An enhanced packet block with its flags (draft-ietf-opsawg-pcapng, 4.3)."""
        out: cython.uint[::1] = self.out_words
        first: cython.longlong = to >> 2
        last: cython.longlong = (to + size >> 2) - 4
        time: cython.ulonglong = self.words[(self.at + _SECONDS) >> 2]
        time = time * 1_000_000_000 + self.words[(self.at + _NANOSECONDS) >> 2]
        out[first] = _ENHANCED_PACKET
        out[first + 1] = size
        out[first + 2] = place
        out[first + 3] = time >> 32
        out[first + 4] = time & 0xFFFFFFFF
        out[first + 5] = self.captured
        out[first + 6] = self.length
        if self.captured & 3:
            out[last - 1] = 0  # what pads the frame
        self._copy(to + 28)
        out[last] = self.flags_code
        out[last + 1] = self._flags()
        out[last + 2] = 0  # opt_endofopt
        out[last + 3] = size

    @cython.cfunc
    @cython.exceptval(check=True)
    def _pcap_record(self, to: cython.longlong) -> cython.void:
        """A record of a pcap file that counts nanoseconds."""
        at: cython.longlong = self.at
        head: cython.uint[::1] = self.head_words
        head[0] = self.words[(at + _SECONDS) >> 2]
        head[1] = self.words[(at + _NANOSECONDS) >> 2]
        head[2] = self.captured
        head[3] = self.length
        _put(self.out, to, self.head, 0, 16)
        self._copy(to + 16)

    @cython.cfunc
    @cython.exceptval(check=True)
    def _copy(self, to: cython.longlong) -> cython.void:
        """Put the octets of the frame, as it is shown, into the buffer."""
        if self.put == 0:
            _put(self.out, to, self.octets, self.start, self.captured)
            return
        _put(self.out, to, self.octets, self.start, self.lead)
        to += self.lead
        _put(self.out, to, self.prefix, 0, self.put)
        to += self.put
        _put(self.out, to, self.octets, self.start + self.lead, self.captured - self.lead - self.put)

    @cython.cfunc
    @cython.exceptval(check=True)
    def _look(self) -> cython.void:
        """Find where the octets of the frame are, and what is to be put among them."""
        at: cython.longlong = self.at
        kept: cython.longlong = self.words[(at + _CAPTURED) >> 2]
        tagged: cython.bint = (self.words[(at + _STATUS) >> 2] & _VLAN_VALID) != 0
        self.start = at + self.halves[(at + _MAC) >> 1]
        self.length = self.words[(at + _LENGTH) >> 2]
        self.lead = 0
        self.put = 0
        if self.cooked:
            self._cook(tagged)
            self.put = _COOKED_HEADER + _TAG if tagged else _COOKED_HEADER
            self.length += self.put
        elif tagged and self.ethernet:
            self.length += _TAG
            if kept >= _ETHERTYPE_AT:
                self.lead = _ETHERTYPE_AT
                self.put = _TAG
                self._half(0, self._tag_type())
                self._half(2, self.words[(at + _VLAN_TCI) >> 2] & 0xFFFF)
        self.captured = kept + self.put
        if self.captured > self.snaplen:
            self.captured = self.snaplen
            if self.lead > self.captured:
                self.lead = self.captured
            if self.put > self.captured - self.lead:
                self.put = self.captured - self.lead

    @cython.cfunc
    @cython.exceptval(check=True)
    def _cook(self, tagged: cython.bint) -> cython.void:
        """Make the Linux cooked header (LINKTYPE_LINUX_SLL2) of the frame, and the rest of its tag if it had one."""
        at: cython.longlong = self.at
        i: cython.longlong
        for i in range(2):
            self.prefix[i] = self.octets[at + _PROTOCOL + i]
            self.prefix[2 + i] = 0
        index: cython.longlong = self.words[(at + _INDEX) >> 2]
        self._half(4, index >> 16)
        self._half(6, index & 0xFFFF)
        self._half(8, self.halves[(at + _HARDWARE) >> 1])
        for i in range(10):  # who sent it to whom, and the address with its length
            self.prefix[10 + i] = self.octets[at + _KIND + i]
        if tagged:
            self._half(20, self.words[(at + _VLAN_TCI) >> 2] & 0xFFFF)
            if self._begins_with_tag():
                self._half(22, 0x8100)
            else:
                self.prefix[22] = self.prefix[0]
                self.prefix[23] = self.prefix[1]
            self._half(0, self._tag_type())

    @cython.cfunc
    @cython.exceptval(check=True)
    def _begins_with_tag(self) -> cython.bint:
        """Whether a cooked frame whose tag was taken out has another one, which Linux since 6.11 is silent about.

        The protocol that it tells is then that behind the second tag, and what the frame has there is seen to be it.
        """
        at: cython.longlong = self.at
        start: cython.longlong = self.start
        kept: cython.longlong = self.words[(at + _CAPTURED) >> 2]
        protocol: cython.longlong = self._network(at + _PROTOCOL)
        if kept < 8 or self._network(start + 2) != protocol:
            return False
        length: cython.longlong = self.words[(at + _LENGTH) >> 2]
        version: cython.longlong = self.octets[start] >> 4
        if protocol == 0x0800 and version == 4:
            return self._network(start + 2) != length
        if protocol == 0x86DD and version == 6:
            return self._network(start + 4) + 40 != length
        return True

    @cython.cfunc
    @cython.exceptval(check=True)
    def _network(self, at: cython.longlong) -> cython.longlong:
        """16 bits in network order."""
        return cython.cast(cython.longlong, self.octets[at]) << 8 | self.octets[at + 1]

    @cython.cfunc
    @cython.exceptval(check=True)
    def _tag_type(self) -> cython.longlong:
        """The EtherType of the tag that the kernel took out; older kernels do not tell it."""
        if self.words[(self.at + _STATUS) >> 2] & _TPID_VALID:
            return self.halves[(self.at + _VLAN_TPID) >> 1]
        return 0x8100

    @cython.cfunc
    @cython.exceptval(check=True)
    def _flags(self) -> cython.longlong:
        """The flags of an enhanced packet block (4.3.1): direction, reception type, and what was left to the card."""
        status: cython.longlong = self.words[(self.at + _STATUS) >> 2]
        kind: cython.longlong = self.octets[self.at + _KIND]
        flags: cython.longlong = 2 if kind == _OUTGOING else 1
        if kind == 0:  # PACKET_HOST
            flags |= 1 << 2
        elif kind == 1:  # PACKET_BROADCAST
            flags |= 3 << 2
        elif kind == 2:  # PACKET_MULTICAST
            flags |= 2 << 2
        elif kind == 3:  # PACKET_OTHERHOST
            flags |= 4 << 2
        if status & _CHECKSUM_NOT_READY:
            flags |= 1 << 9
        if status & _CHECKSUM_VALID:
            flags |= 1 << 10
        if status & _TO_BE_SEGMENTED:
            flags |= 1 << 11
        return flags

    @cython.cfunc
    def _flags_option(self) -> tuple:
        """The options of the packet: its flags. There are few different ones, so each is made once."""
        flags: cython.longlong = self._flags()
        options = self.options.get(flags)
        if options is None:
            options = self.options[flags] = ((_FLAGS_OPTION, int(flags).to_bytes(4, sys.byteorder)),)
        return options

    @cython.cfunc
    @cython.exceptval(check=True)
    def _step(self) -> cython.void:
        """Go on to the next frame of the block."""
        self.left -= 1
        self.at += self.words[(self.at + _NEXT) >> 2]

    @cython.cfunc
    @cython.exceptval(check=True)
    def _half(self, to: cython.longlong, value: cython.longlong) -> cython.void:
        """Put 16 bits into the prefix, in network order."""
        self.prefix[to] = value >> 8 & 0xFF
        self.prefix[to + 1] = value & 0xFF


@cython.cfunc
@cython.exceptval(check=True)
def _put(
    to: cython.uchar[::1],
    place: cython.longlong,
    octets: cython.uchar[::1],
    start: cython.longlong,
    count: cython.longlong,
) -> cython.void:
    """Copy octets.  Raises IndexError where they are not all there, or there is no room for all."""
    if count <= 0:
        return
    if place < 0 or start < 0 or place + count > len(to) or start + count > len(octets):
        raise IndexError("a frame reaches out of its block")
    if cython.compiled:
        memcpy(cython.address(to[place]), cython.address(octets[start]), count)
    else:
        to[place : place + count] = octets[start : start + count]
