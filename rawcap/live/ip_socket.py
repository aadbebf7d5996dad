"""Raw IP sockets (raw(7), ipv6(7)): what the network layer of this host gives to a protocol, and no more.

    AF_PACKET     every frame that an interface sends or receives
    raw IP        of those the ones received, once the network layer has accepted them as datagrams for this host

What that leaves out, as seen on Linux 6.18 (the tests show most of it):

- No link layer. IPv4 datagrams come with their header. The header of IPv6 is withheld; `ipv6_header` makes one from
  what recvmsg(2) tells of it, and it has every bit of the real one where that has no extension headers. With them,
  it has the header that the datagram would have had without.
- Nothing that this host sends, only what comes in. On the loopback interface that is everything, once; but what a host
  sends to the address of another of its interfaces comes in by that one, not by the loopback interface.
- Nothing that is not for this host: datagrams to be forwarded, to another link-layer address (promiscuous mode or not),
  to a group that no socket joined, from an address that cannot be, with a VLAN tag that no interface is made for.
- Nothing that the network layer refused: a wrong header checksum, more octets promised than there are, what the
  firewall stopped on its way in. Checksums of the transport layer it does not look at; only of ICMPv6 no message with a
  wrong one is given, and it counts as dropped.
- Fragments come as the datagram they made, whose IPv4 header is that of no fragment. IPv4 options that ask for it, as
  for a record of the route, have been filled in by this host; the header checksum is the one that came.
- What a transport protocol consumes, or nobody listens for, is seen all the same. So is a datagram whose checksum was
  left to the card, and one of many segments that was never cut.

One socket is of one version of IP and of one protocol: `ip_sockets` opens those that a capture takes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dissectors.graph import nearest
from dissectors.internet.numbers import PROTOCOLS
from dissectors.packet import Interface, Packet
from rawcap.filter.kernel import PcapFilter
from rawcap.live import linux, privileges, program
from rawcap.live.device import ANY, LINKTYPE_RAW, disappeared, went_down, working
from rawcap.live.errors import LiveError

_NAMES = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "ipv6": 41,
    "ipv6-route": 43,
    "ipv6-frag": 44,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "ipv6-opts": 60,
    "eigrp": 88,
    "ospf": 89,
    "pim": 103,
    "vrrp": 112,
    "l2tp": 115,
    "sctp": 132,
    "udplite": 136,
}
_ICMPV6, _FRAGMENT = 58, 44
_ONLY_IPV4 = {1, 2}  # ICMP, IGMP
_ONLY_IPV6 = {43, _FRAGMENT, _ICMPV6, 60}  # what IPv4 has in its header, or elsewhere
_HAS_IPV6 = Path("/proc/net/if_inet6")  # there when the kernel has IPv6

_TURN = 1000  # packets, after which another source gets its turn
_MOST_BUFFER = (1 << 30) - 1  # octets: the kernel doubles it, and counts in 32 bits with a sign
_INBOUND = ((2, struct.pack("<I", 1)),)  # epb_flags: direction inbound (draft-ietf-opsawg-pcapng, 4.3.1)
_TELLS_OF_IPV6 = (socket.IPV6_RECVPKTINFO, socket.IPV6_RECVHOPLIMIT, linux.IPV6_FLOWINFO)
_ANCILLARY_ROOM = sum(map(socket.CMSG_SPACE, (16, 20, 4, 4)))  # the time; destination, hop limit, flow
_timespec = struct.Struct("@ll")
_meminfo = struct.Struct("@9I")

_Ancillary = Iterable[tuple[int, int, bytes]]


class IPSocket:
    """A raw socket of `family` (AF_INET, AF_INET6) for one IP `protocol`, from its making on.

    `interface` is the name of one, "any" or None for all of them. No packet that `filter` refuses is given; the kernel
    runs it on the datagram with its header, though for IPv6 that is not in what the kernel gives. Packets keep
    `snaplen` octets of theirs, at least 1. `buffer` is the room for packets that wait to be read, octets, which the
    kernel doubles for what it keeps with each; without CAP_NET_ADMIN it is net.core.rmem_max at the most (socket(7),
    SO_RCVBUF). `number` is the number that the interface has among those of the capture.

    Raises NotPermitted without CAP_NET_RAW; LiveError for an interface that is not there or not up, and for IPv6 where
    the kernel has none; FilterError for a filter that says nothing of IP or that no kernel can run; ValueError for a
    protocol that no socket can be had for.
    """

    def __init__(
        self,
        family: int,
        protocol: int,
        *,
        interface: str | None,
        snaplen: int,
        filter: PcapFilter | None,
        buffer: int,
        number: int,
    ) -> None:
        if not 0 < protocol < 256:
            raise ValueError(_no_protocol(str(protocol)))
        self._ipv6 = family == socket.AF_INET6
        self._protocol = protocol
        self._device = None if interface in (None, ANY) else interface
        if self._device is not None:
            working(self._device)
        self._snaplen = snaplen
        self._room = memoryview(bytearray(snaplen))
        self._given = self._dropped = 0
        self._stopped = False
        self._error = 0
        shape = program.ipv6(protocol) if self._ipv6 else program.IPV4
        wanted = program.socket_program(filter, shape=shape)
        self._socket = _opened(family, protocol)
        try:
            self._prepare(buffer, wanted)
        except BaseException:
            self._socket.close()
            raise
        name = ANY if self._device is None else self._device
        self.whole = Interface(LINKTYPE_RAW, snaplen, name, kinds([self])[0], number, resolution=10**9)
        """The one interface that all packets are of."""
        self.interfaces = [self.whole]

    def _prepare(self, buffer: int, wanted: Sequence[program.Instruction]) -> None:
        """Set the socket up; what it received before is not kept, it receives from its making on."""
        sock = self._socket
        sock.setblocking(False)  # MSG_DONTWAIT does not keep Python from waiting when it has a default timeout
        program.attach(sock, program.REFUSE)
        if self._device is not None:
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device.encode())
            except OSError:
                raise LiveError(disappeared(self._device)) from None
        size = min(buffer, _MOST_BUFFER)
        try:
            sock.setsockopt(socket.SOL_SOCKET, linux.SO_RCVBUFFORCE, size)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        sock.setsockopt(socket.SOL_SOCKET, linux.SO_TIMESTAMPNS, 1)
        if self._ipv6:
            for option in _TELLS_OF_IPV6:
                sock.setsockopt(socket.IPPROTO_IPV6, option, 1)
        with contextlib.suppress(BlockingIOError):
            while True:
                sock.recv(1)
        self._uncounted = self._drops()
        program.attach(sock, wanted)

    @property
    def blind(self) -> tuple[str, ...]:
        """What the socket does not see, in the words of a header line."""
        kept = ["inbound only, what this host accepted"]
        if self._ipv6:
            kept.append("no link layer and no IPv6 header: the one shown is rebuilt, without extension headers")
        else:
            kept.append("no link layer")
        if not (self._ipv6 and self._protocol == _FRAGMENT):
            kept.append("fragments come reassembled")
        if self._ipv6 and self._protocol == _ICMPV6:
            kept.append("messages with a wrong checksum count as dropped")
        return tuple(kept)

    @property
    def version(self) -> str:
        """The version of IP, by name."""
        return "IPv6" if self._ipv6 else "IPv4"

    @property
    def protocol(self) -> str:
        """The protocol, by name."""
        return _title(self._protocol)

    def fileno(self) -> int:
        """The descriptor, which can be read when packets are ready."""
        return self._socket.fileno()

    def packets(self) -> Iterator[Packet]:
        """The packets that are ready now, oldest first, 1,000 at the most.  It never waits."""
        interface = self.interfaces[0]
        room, snaplen = self._room, self._snaplen
        for _ in range(_TURN):
            try:
                # MSG_TRUNC: the length is that of the datagram, however much of it there was room for.
                length, ancillary, _, source = self._socket.recvmsg_into([room], _ANCILLARY_ROOM, socket.MSG_TRUNC)
            except BlockingIOError:
                return
            except OSError as problem:
                self._error = problem.errno or errno.EIO
                return
            data = bytes(room[:length])
            if self._ipv6:
                data = (ipv6_header(self._protocol, length, source[0], ancillary) + data)[:snaplen]
                length += 40
            self._given += 1
            yield Packet(data, interface, _time_ns(ancillary), length, options=_INBOUND)

    def statistics(self) -> tuple[int, int]:
        """Packets that passed the filter, dropped ones included; and those that were dropped, for want of room.

        What is queued is not counted until it is given.  Of ICMPv6, messages with a wrong checksum count as dropped,
        whether or not the filter would have let them pass.
        """
        if self._socket.fileno() >= 0:
            drops = self._drops()
            self._dropped += (drops - self._uncounted) & 0xFFFFFFFF
            self._uncounted = drops
        return self._given + self._dropped, self._dropped

    def stop(self) -> None:
        """Take in nothing more; what is queued is still given."""
        program.attach(self._socket, program.REFUSE)
        self._stopped = True

    @property
    def drained(self) -> bool:
        """Whether the socket was stopped and all that was queued has been given."""
        return self._stopped and self._memory()[linux.SK_MEMINFO_RMEM_ALLOC] == 0

    def problem(self) -> str | None:
        """Why nothing more can come, in words; None while something can."""
        self._error = self._error or self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if self._error:
            return f"the raw IP socket failed: {os.strerror(self._error).lower()}"
        if self._device is None:
            return None
        try:
            # The name that it has now: an interface may be renamed, and stays the same.
            name = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0")
            request = fcntl.ioctl(self._socket, linux.SIOCGIFFLAGS, struct.pack("16s24x", name))
        except OSError:
            return disappeared(self._device)
        (flags,) = struct.unpack_from("H", request, 16)
        return None if flags & linux.IFF_UP else went_down(self._device)

    def close(self) -> None:
        """Close the socket; `statistics` stay what they were then."""
        if self._socket.fileno() >= 0:
            self.statistics()
            self._socket.close()

    def _drops(self) -> int:
        """The kernel's count of dropped packets, modulo 2^32."""
        return self._memory()[linux.SK_MEMINFO_DROPS]

    def _memory(self) -> tuple[int, ...]:
        """What SO_MEMINFO tells (linux/sock_diag.h)."""
        return _meminfo.unpack(self._socket.getsockopt(socket.SOL_SOCKET, linux.SO_MEMINFO, _meminfo.size))


def ip_sockets(
    protocols: Iterable[int],
    interface: str | None,
    *,
    snaplen: int,
    filter: PcapFilter | None,
    buffer: int,
    number: int,
) -> list[IPSocket]:
    """The sockets that see `protocols`: each over IPv4 and IPv6 where it is used over both, and the kernel has both.

    Interfaces are numbered from `number` on; for the rest and for errors see IPSocket.  When one cannot be opened, none
    is left open.
    """
    with contextlib.ExitStack() as opened:
        made: list[IPSocket] = []
        for protocol in dict.fromkeys(protocols):
            for family in _families(protocol):
                made.append(
                    IPSocket(
                        family,
                        protocol,
                        interface=interface,
                        snaplen=snaplen,
                        filter=filter,
                        buffer=buffer,
                        number=number + len(made),
                    )
                )
                opened.callback(made[-1].close)
        opened.pop_all()
    return made


def kinds(sockets: Iterable[IPSocket]) -> list[str]:
    """What the sockets see, for the lines that say what is captured: those that see alike share one."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for each in sockets:
        alike.setdefault((each.version, each.blind), []).append(each.protocol)
    return [
        f"raw {version} socket{'s' if len(protocols) > 1 else ''} of {', '.join(protocols)}: {'; '.join(blind)}"
        for (version, blind), protocols in alike.items()
    ]


def protocol_number(name: str) -> int:
    """The number of a protocol by its name, in any case, or by the number itself: 1 to 255 (IANA, protocol-numbers).

    A name that is not known here is looked up in /etc/protocols (protocols(5)).  Raises ValueError, in one line.
    """
    lower = name.lower()
    if lower.isascii() and lower.isdigit():
        number = int(lower)
    elif lower in _NAMES:
        number = _NAMES[lower]
    else:
        try:
            number = socket.getprotobyname(lower)
        except OSError:
            raise ValueError(f"there is no protocol {name!r}{nearest(lower, _NAMES)}") from None
    if not 0 < number < 256:
        raise ValueError(_no_protocol(name))
    return number


def ipv6_header(protocol: int, length: int, source: str, ancillary: _Ancillary) -> bytes:
    """The header (RFC 8200, 3) of an IPv6 datagram of which a raw socket gave `length` octets, what follows the header.

    `source` is the address that recvmsg(2) tells, and `ancillary` its data, with IPV6_PKTINFO and IPV6_HOPLIMIT (RFC
    3542) and with IPV6_FLOWINFO, traffic class and flow label, which Linux leaves out when both are 0.  Extension
    headers are not there, `protocol` is the next header.  The payload length is 0, as in a jumbogram, where the 16 bits
    of its field do not suffice.
    """
    destination, hop_limit, flow = bytes(16), 0, 0
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IPV6:
            if kind == socket.IPV6_PKTINFO:
                destination = data[:16]
            elif kind == socket.IPV6_HOPLIMIT:
                (hop_limit,) = struct.unpack("@i", data)
            elif kind == linux.IPV6_FLOWINFO:
                (flow,) = struct.unpack("!I", data)
    return struct.pack(
        "!IHBB16s16s",
        6 << 28 | flow,
        length if length <= 0xFFFF else 0,
        protocol,
        hop_limit,
        socket.inet_pton(socket.AF_INET6, source),
        destination,
    )


def _opened(family: int, protocol: int) -> socket.socket:
    try:
        return socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    except PermissionError:
        raise privileges.missing("CAP_NET_RAW", "capturing") from None
    except OSError as problem:
        no_ipv6 = family == socket.AF_INET6 and problem.errno == errno.EAFNOSUPPORT
        reason = "this kernel has no IPv6" if no_ipv6 else os.strerror(problem.errno or 0).lower()
        raise LiveError(f"there is no raw IP socket of {_title(protocol)}: {reason}") from None


def _families(protocol: int) -> list[socket.AddressFamily]:
    """The versions of IP that a protocol is used over, of those that the kernel has."""
    if protocol in _ONLY_IPV4:
        return [socket.AF_INET]
    if protocol in _ONLY_IPV6:
        return [socket.AF_INET6]
    return [socket.AF_INET, socket.AF_INET6] if _HAS_IPV6.exists() else [socket.AF_INET]


def _time_ns(ancillary: _Ancillary) -> int | None:
    """When the packet came, nanoseconds since the epoch, by what SO_TIMESTAMPNS has the kernel tell."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == linux.SO_TIMESTAMPNS:
            seconds, nanoseconds = _timespec.unpack(data)
            return int(seconds * 10**9 + nanoseconds)
    return None


def _title(protocol: int) -> str:
    return PROTOCOLS.get(protocol, f"protocol {protocol}")


def _no_protocol(name: str) -> str:
    return f"there is no raw IP socket of protocol {name}: the kernel has them for 1 to 255"
