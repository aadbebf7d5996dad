"""Socket diagnostics: what the kernel says of the sockets of a network namespace (sock_diag(7), linux/inet_diag.h).

The messages are packed and read here rather than by pyroute2's DiagSocket, which cannot ask for one socket, takes the
kernel's refusals for sockets (an error's number is also that of AF_INET), does not know who owns a Unix socket, and
swaps the two window scales of tcp_info.

    with Diagnostics() as diagnostics:
        for message in diagnostics.inet(socket.AF_INET, socket.IPPROTO_TCP):
            ...
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

from rawcap.live.errors import LiveError

# linux/netlink.h, linux/sock_diag.h
_NETLINK_SOCK_DIAG = 4
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NLM_F_REQUEST, _NLM_F_DUMP, _NLM_F_DUMP_INTR = 0x01, 0x300, 0x10
_SOCK_DIAG_BY_FAMILY = 20
_HEADER = struct.Struct("=IHHII")

# linux/inet_diag.h
_INET_REQUEST = struct.Struct("=BBBxI")
_ID = struct.Struct("!HH16s16s")
_ID_REST = struct.Struct("=III")
_INET_MESSAGE = struct.Struct("=BBBB")
_INET_COUNTS = struct.Struct("=IIIII")
_INET_MESSAGE_OCTETS = 72
_INET_DIAG_INFO, _INET_DIAG_CONG, _INET_DIAG_PROTOCOL, _INET_DIAG_SKV6ONLY = 2, 4, 10, 11
_NO_COOKIE = 0xFFFFFFFF
_EVERY_STATE = 0x3FFF  # to TCP_BOUND_INACTIVE, of include/net/tcp_states.h; older kernels ignore what they do not know

# linux/unix_diag.h
_UNIX_REQUEST = struct.Struct("=BBxxIII2I")
_UNIX_MESSAGE = struct.Struct("=BBBxIII")
_UDIAG_SHOW = 0x01 | 0x04 | 0x10 | 0x40  # name, peer, queues, user
_UNIX_DIAG_NAME, _UNIX_DIAG_PEER, _UNIX_DIAG_RQLEN, _UNIX_DIAG_UID = 0, 2, 4, 7

_ATTEMPTS = 5
_RECEIVED = 1 << 16
_PATIENCE = 5.0  # seconds for an answer that the kernel has ready


# What stands behind the octets, of 32 bits each, or of 64 with a colon.
_TCP_INFO_WORDS = """
    rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent last_ack_sent last_data_recv
    last_ack_recv pmtu rcv_ssthresh rtt rttvar snd_ssthresh snd_cwnd advmss reordering rcv_rtt rcv_space total_retrans
    pacing_rate: max_pacing_rate: bytes_acked: bytes_received: segs_out segs_in notsent_bytes min_rtt data_segs_in
    data_segs_out delivery_rate: busy_time: rwnd_limited: sndbuf_limited: delivered delivered_ce bytes_sent:
    bytes_retrans: dsack_dups reord_seen rcv_ooopack snd_wnd rcv_wnd rehash
"""


def _tcp_info_layout() -> tuple[tuple[str, struct.Struct, int], ...]:
    """Where each number of struct tcp_info stands (linux/tcp.h), which grew at its end from kernel to kernel."""
    at = 8
    words = _TCP_INFO_WORDS.split()
    octets = ("state", "ca_state", "retransmits", "probes", "backoff", "options")
    found = [(name, struct.Struct("=B"), at) for at, name in enumerate(octets)]
    for word in words:
        kind = struct.Struct("=Q" if word.endswith(":") else "=I")
        found.append((word.rstrip(":"), kind, at))
        at += kind.size
    return tuple(found)


_TCP_INFO = _tcp_info_layout()


def tcp_info(octets: bytes) -> dict[str, int]:
    """What a struct tcp_info says, by the names of linux/tcp.h without `tcpi_`; what a shorter one lacks is left out.

    Times are in microseconds (`rto`, `rtt`, `rttvar`, `min_rtt`, `busy_time`) or milliseconds (`last_data_sent` and
    its like), `snd_cwnd` and `snd_ssthresh` in segments, rates in octets a second.
    """
    told = {name: kind.unpack_from(octets, at)[0] for name, kind, at in _TCP_INFO if at + kind.size <= len(octets)}
    if len(octets) > 6:
        told["snd_wscale"], told["rcv_wscale"] = octets[6] & 0x0F, octets[6] >> 4
    return told


class InetMessage(NamedTuple):
    """One socket of TCP, UDP or a raw protocol: struct inet_diag_msg with its attributes.

    Addresses are octets, of four or sixteen. `interface` is the number of that it is bound to, 0 for any. `info` is
    what `tcp_info` reads, empty where there is none.
    """

    family: int
    state: int
    timer: int
    retransmits: int
    source: bytes
    sport: int
    destination: bytes
    dport: int
    interface: int
    receive_queue: int
    send_queue: int
    uid: int
    inode: int
    info: Mapping[str, int]
    congestion: str
    only_v6: bool


class UnixMessage(NamedTuple):
    """One Unix socket: struct unix_diag_msg with its attributes.

    `name` is empty for one that was bound to none, and begins with a NUL for an abstract one (unix(7)); `peer` is the
    inode of the socket at the other end, 0 without. What an old kernel does not tell of its owner is None.
    """

    type: int
    state: int
    inode: int
    name: bytes
    peer: int
    receive_queue: int
    send_queue: int
    uid: int | None


class Diagnostics:
    """A netlink socket that asks about the sockets of the network namespace it was opened in.

    Raises LiveError where there is none. Close it, or use it as a context manager.
    """

    def __init__(self) -> None:
        try:
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
            )
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise LiveError(f"this kernel has no socket diagnostics: {why}") from None
        self._socket.settimeout(_PATIENCE)
        self._number = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def inet(self, family: int, protocol: int) -> list[InetMessage]:
        """Every socket of AF_INET or AF_INET6 and an IP protocol, those in TIME-WAIT and SYN-RECEIVED too.

        Raises LiveError where the kernel cannot tell of them (a protocol that it has no diagnostics for, or whose
        module is not loaded).
        """
        extensions = 1 << _INET_DIAG_INFO - 1 | 1 << _INET_DIAG_CONG - 1
        request = _INET_REQUEST.pack(family, protocol, extensions, _EVERY_STATE) + bytes(48)
        return [_inet_message(body) for body in self._dump(request)]

    def lookup(
        self, family: int, protocol: int, local: tuple[bytes, int], remote: tuple[bytes, int]
    ) -> InetMessage | None:
        """The socket that takes what `remote` sends to `local`: connected, listening, or bound; None without one.

        Addresses are octets. Raises LiveError as `inet` does.
        """
        ends = _ID.pack(local[1], remote[1], local[0].ljust(16, b"\0"), remote[0].ljust(16, b"\0"))
        if protocol == socket.IPPROTO_UDP:  # whose one-socket question is put from the sender's side
            ends = _ID.pack(remote[1], local[1], remote[0].ljust(16, b"\0"), local[0].ljust(16, b"\0"))
        request = (
            _INET_REQUEST.pack(family, protocol, 0, _EVERY_STATE) + ends + _ID_REST.pack(0, _NO_COOKIE, _NO_COOKIE)
        )
        try:
            return next((_inet_message(body) for body in self._ask(request, 0)), None)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(error) from None

    def unix(self) -> list[UnixMessage]:
        """Every Unix socket.  Raises LiveError where the kernel cannot tell of them."""
        request = _UNIX_REQUEST.pack(socket.AF_UNIX, 0, 0xFFFFFFFF, 0, _UDIAG_SHOW, 0, 0)
        return [_unix_message(body) for body in self._dump(request)]

    def _dump(self, request: bytes) -> list[bytes]:
        """All answers; asked again where the sockets changed so much meanwhile that the kernel lost its place."""
        for _ in range(_ATTEMPTS):
            try:
                return list(self._ask(request, _NLM_F_DUMP))
            except InterruptedError:
                continue
            except OSError as error:
                raise _refused(error) from None
        raise LiveError("the sockets change faster than the kernel can list them")

    def _ask(self, request: bytes, flags: int) -> Iterator[bytes]:
        """The bodies of the answers.  Raises OSError for a refusal, InterruptedError for a list with gaps."""
        self._number += 1
        header = _HEADER.pack(
            _HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST | flags, self._number, 0
        )
        self._socket.send(header + request)
        gaps = False
        while True:
            buffer = self._socket.recv(_RECEIVED)
            at = 0
            while at + _HEADER.size <= len(buffer):
                length, kind, set_, number, _ = _HEADER.unpack_from(buffer, at)
                body = buffer[at + _HEADER.size : at + length]
                at += max(length + 3 & ~3, _HEADER.size)
                if number != self._number:  # left from a question that was given up
                    continue
                gaps |= bool(set_ & _NLM_F_DUMP_INTR)
                if kind in (_NLMSG_ERROR, _NLMSG_DONE):
                    code = -int.from_bytes(body[:4], sys.byteorder, signed=True)
                    if code:
                        raise OSError(code, os.strerror(code))
                    if gaps:
                        raise InterruptedError
                    return
                yield body
            if not flags:
                return


def _refused(error: OSError) -> LiveError:
    if error.errno in (errno.ENOENT, errno.EINVAL, errno.EOPNOTSUPP):
        return LiveError("this kernel has no diagnostics of such sockets")
    return LiveError(f"the kernel does not list its sockets: {(error.strerror or str(error)).lower()}")


def _attributes(body: bytes, at: int) -> dict[int, bytes]:
    """The attributes behind the fixed part of a message (netlink(7)), by their type."""
    found = {}
    while at + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, at)
        if length < 4:
            break
        found[kind] = body[at + 4 : at + length]
        at += length + 3 & ~3
    return found


def _inet_message(body: bytes) -> InetMessage:
    family, state, timer, retransmits = _INET_MESSAGE.unpack_from(body)
    sport, dport, source, destination = _ID.unpack_from(body, 4)
    interface = _ID_REST.unpack_from(body, 4 + _ID.size)[0]
    _, receive_queue, send_queue, uid, inode = _INET_COUNTS.unpack_from(body, 52)
    more = _attributes(body, _INET_MESSAGE_OCTETS)
    octets = 4 if family == socket.AF_INET else 16
    return InetMessage(
        family,
        state,
        timer,
        retransmits,
        source[:octets],
        sport,
        destination[:octets],
        dport,
        interface,
        receive_queue,
        send_queue,
        uid,
        inode,
        tcp_info(more.get(_INET_DIAG_INFO, b"")),
        more.get(_INET_DIAG_CONG, b"").rstrip(b"\0").decode("ascii", "replace"),
        bool(more.get(_INET_DIAG_SKV6ONLY, b"\0")[0]),
    )


def _unix_message(body: bytes) -> UnixMessage:
    _, kind, state, inode, _, _ = _UNIX_MESSAGE.unpack_from(body)
    more = _attributes(body, _UNIX_MESSAGE.size)
    peer = more.get(_UNIX_DIAG_PEER)
    uid = more.get(_UNIX_DIAG_UID)
    receive_queue, send_queue = struct.unpack("=II", more.get(_UNIX_DIAG_RQLEN, bytes(8)))
    return UnixMessage(
        kind,
        state,
        inode,
        more.get(_UNIX_DIAG_NAME, b""),
        struct.unpack("=I", peer)[0] if peer is not None else 0,
        receive_queue,
        send_queue,
        struct.unpack("=I", uid)[0] if uid is not None else None,
    )
