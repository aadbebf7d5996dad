"""System calls of the socket family as events: from numbers and pointers to `connect(5, 10.9.0.2:9000)`.

Two sources see the calls: ptracing.py, which holds the caller while it looks, and the kernel's tracepoints
(tracer.py), which tell afterwards. Both give a `Call` when one begins and a `Return` when it ends; `Calls` follows what
the descriptors of each process are, leaves out the calls that have nothing to do with a socket, and says the others in
words. What pointers lead to is read with `at_entry` and `at_return`, by a source that holds the caller, and only then:
read later it may be something else by now, and nothing is guessed.

The structures are those of the 64-bit system call interface: socket(7), sockaddr(3type), recvmsg(2), readv(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno as errors
import os
import socket as sockets
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rawcap.live.errors import LiveError
from rawcap.live.linux import libc
from rawcap.stack.event import CALL, NOTE, RETURN, Endpoint, Event, Socket
from rawcap.stack.processes import duplicate, namespace_of, sockets_of

RECEIVING = frozenset(("read", "readv", "recvfrom", "recvmsg", "recvmmsg"))
SENDING = frozenset(("write", "writev", "sendto", "sendmsg", "sendmmsg", "sendfile", "splice"))
DATA = RECEIVING | SENDING
"""The calls that move data: there may be very many of them."""

FOLLOWED = frozenset(("dup", "dup2", "dup3", "fcntl", "close_range", "io_uring_setup"))
"""The calls that make no event, or a note, but change what a descriptor is."""

_CHANGING = ("socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "shutdown", "close")
_ASKING = ("getsockname", "getpeername", "getsockopt", "setsockopt")
CONTROL = frozenset(_CHANGING + _ASKING)
"""The calls that change what a socket is, or ask it."""

STATES = {
    1: "ESTABLISHED",
    2: "SYN-SENT",
    3: "SYN-RECEIVED",
    4: "FIN-WAIT-1",
    5: "FIN-WAIT-2",
    6: "TIME-WAIT",
    7: "CLOSED",
    8: "CLOSE-WAIT",
    9: "LAST-ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "SYN-RECEIVED",  # a request that has no socket of its own yet
}
"""The kernel's numbers of TCP's states (linux/net/tcp_states.h) by the names of RFC 9293, 3.3.2."""

_MOST_OCTETS = 4096  # of another process, in one piece
_MOST_PIECES = 64  # of an array of buffers
_WAITING = frozenset(("accept", "accept4", "connect", *DATA))
_RESTARTS = {512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 516: "ERESTART_RESTARTBLOCK"}


def _named(prefix: str, *without: str) -> dict[int, str]:
    """Python's names of numbers that begin with `prefix`; the shortest of those that have the same number."""
    found: dict[int, str] = {}
    for name in sorted(dir(sockets), key=lambda each: (-len(each), each)):
        if name.startswith(prefix) and not name.startswith(without):
            found[int(getattr(sockets, name))] = name
    return found


_FAMILIES = _named("AF_") | {15: "AF_KEY", 16: "AF_NETLINK"}
_KINDS = {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET", 10: "SOCK_PACKET"}
_PROTOCOLS = _named("IPPROTO_", "IPPROTO_MAX")
_NETLINK = {0: "NETLINK_ROUTE", 4: "NETLINK_SOCK_DIAG", 6: "NETLINK_XFRM", 15: "NETLINK_KOBJECT_UEVENT"}
_NETLINK |= {16: "NETLINK_GENERIC", 12: "NETLINK_NETFILTER", 9: "NETLINK_AUDIT"}
_SHORT = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6", 132: "sctp", 136: "udplite", 255: "raw", 262: "mptcp"}
_FLAGS = {number: name for number, name in _named("MSG_").items() if number} | {0x4000: "MSG_NOSIGNAL"}
_OPTIONS = {
    sockets.SOL_SOCKET: ("SOL_SOCKET", _named("SO_", "SO_VM_")),
    sockets.IPPROTO_IP: ("IPPROTO_IP", _named("IP_", "IP_DEFAULT", "IP_MAX")),
    sockets.IPPROTO_TCP: ("IPPROTO_TCP", _named("TCP_")),
    sockets.IPPROTO_IPV6: ("IPPROTO_IPV6", _named("IPV6_", "IPV6_RTHDR_TYPE")),
    sockets.IPPROTO_UDP: ("IPPROTO_UDP", {103: "UDP_SEGMENT", 104: "UDP_GRO"}),
}
_SHUT = {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}


@dataclass(slots=True)
class Descriptor:
    """A socket that one or several descriptors of one or several processes lead to, as far as it is known."""

    family: str = ""
    kind: str = ""
    protocol: str = ""
    local: Endpoint | None = None
    remote: Endpoint | None = None
    inode: int = 0
    namespace: int = 0
    state: str = ""
    pointer: int = 0  # the kernel's own name of it

    def socket(self) -> Socket:
        """What an event says of it."""
        return Socket(self.family, self.protocol, self.local, self.remote, self.inode, self.namespace)

    def learn(self, other: Descriptor) -> None:
        """Take over what `other` knows of the same socket."""
        for name in Descriptor.__slots__:
            value = getattr(other, name)
            if value and not (name == "local" and _is_vaguer(value, self.local)):
                setattr(self, name, value)


def _is_vaguer(new: Endpoint, old: Endpoint | None) -> bool:
    """Whether an address says less than another of the same port: a failed connect(2) leaves only the port."""
    return old is not None and old.port == new.port and new.address in ("0.0.0.0", "::") and old.address != new.address


Address = Endpoint | str
"""A socket's address: with a port, or as the text that its family writes it in (the path of a UNIX domain socket)."""


class Facts(NamedTuple):
    """What was seen while the caller was held; what a call does not have is None."""

    address: Address | None = None
    length: int | None = None  # octets of all the buffers together
    option: int | None = None
    pair: tuple[int, int] | None = None
    found: Descriptor | None = None
    other: Descriptor | None = None  # of a pair


NOTHING = Facts()


@dataclass(frozen=True, slots=True)
class Call:
    """A system call begins: the name that CONTROL, DATA or FOLLOWED has, and its six arguments as they are."""

    time_ns: int
    pid: int
    tid: int
    name: str
    args: tuple[int, ...]
    facts: Facts = NOTHING


@dataclass(frozen=True, slots=True)
class Return:
    """The call that the thread began last is over. `result` is the kernel's: negative numbers are errors."""

    time_ns: int
    pid: int
    tid: int
    name: str
    result: int
    facts: Facts = NOTHING


@dataclass(frozen=True, slots=True)
class Forked:
    """A process has a child, which begins with the same descriptors; a thread (`pid` its process) shares them."""

    time_ns: int
    parent: int
    pid: int
    tid: int


@dataclass(frozen=True, slots=True)
class Executed:
    """A process runs another program, `program`; `descriptors` are the sockets that it was left with."""

    time_ns: int
    pid: int
    program: str
    descriptors: Mapping[int, Descriptor]


@dataclass(frozen=True, slots=True)
class Ended:
    """A thread, or with its last the process, is no more."""

    time_ns: int
    pid: int
    tid: int


Observation = Call | Return | Forked | Executed | Ended


# -- looking into another process -----------------------------------------------------------------------------


class _Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def read_memory(pid: int, address: int, length: int) -> bytes | None:
    """At most 4096 octets of a process's memory (process_vm_readv(2)); None where they cannot all be read."""
    if not address or not 0 < length <= _MOST_OCTETS:
        return None
    buffer = ctypes.create_string_buffer(length)
    here = _Vector(ctypes.addressof(buffer), length)
    there = _Vector(address, length)
    got = libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return buffer.raw if got == length else None


def inspect(pid: int, fd: int) -> Descriptor | None:
    """The socket behind a descriptor of a process, by a duplicate of it (pidfd_getfd(2)); None where it is no socket.

    None too where the process is gone, or may not be looked into by this user (ptrace(2), PTRACE_MODE_ATTACH).
    """
    try:
        with duplicate(pid, fd) as held:
            return _described(held, pid)
    except (LiveError, OSError):
        return None


def _described(held: sockets.socket, pid: int) -> Descriptor:
    family = _family(held.family)
    found = Descriptor(family, _KINDS.get(held.type, ""), _SHORT.get(held.proto, ""))
    if family not in ("inet", "inet6"):
        found.protocol = ""
    found.inode = os.fstat(held.fileno()).st_ino
    found.namespace = namespace_of(pid)
    with contextlib.suppress(OSError):
        found.local = _endpoint(held.getsockname())
    with contextlib.suppress(OSError):
        found.remote = _endpoint(held.getpeername())
    if found.protocol == "tcp":
        with contextlib.suppress(OSError):
            found.state = STATES.get(held.getsockopt(sockets.IPPROTO_TCP, sockets.TCP_INFO, 1)[0], "")
    return found


def descriptors(pid: int) -> dict[int, Descriptor]:
    """The sockets among the open descriptors of a process; none where they may not be seen."""
    try:
        held = sockets_of(pid)
    except OSError:
        return {}
    return {fd: inspect(pid, fd) or Descriptor(inode=inode) for fd, inode in held.items()}


def process_of(tid: int) -> int:
    """The process that a thread belongs to; `tid` itself where that is not known any more."""
    try:
        with open(f"/proc/{tid}/status") as status:
            for line in status:
                if line.startswith("Tgid:"):
                    return int(line[5:])
    except (OSError, ValueError):
        pass
    return tid


def program_of(pid: int) -> str:
    """The name of the program that a process runs, as the kernel keeps it (15 octets); empty where it is gone."""
    try:
        with open(f"/proc/{pid}/comm", errors="replace") as comm:
            return comm.read().rstrip("\n")
    except OSError:
        return ""


def _endpoint(name: Any) -> Endpoint | None:
    """Python's form of a socket address."""
    if isinstance(name, tuple) and len(name) >= 2 and isinstance(name[0], str) and isinstance(name[1], int):
        return Endpoint(name[0], name[1])
    if isinstance(name, bytes):
        name = "@" + name[1:].decode(errors="replace")
    return Endpoint(name, 0) if isinstance(name, str) and name else None


def parse_address(octets: bytes) -> Address | None:
    """A `struct sockaddr` as the kernel takes and gives it: an Endpoint for IPv4 and IPv6, text for other families."""
    if len(octets) < 2:
        return None
    (family,) = struct.unpack_from("H", octets)
    if family == sockets.AF_INET and len(octets) >= 8:
        return Endpoint(sockets.inet_ntop(sockets.AF_INET, octets[4:8]), int.from_bytes(octets[2:4], "big"))
    if family == sockets.AF_INET6 and len(octets) >= 24:
        return Endpoint(sockets.inet_ntop(sockets.AF_INET6, octets[8:24]), int.from_bytes(octets[2:4], "big"))
    if family == sockets.AF_UNIX:
        path = octets[2:]
        if not path:
            return "unnamed"
        if path[0]:
            return path.split(b"\0", 1)[0].decode(errors="replace")
        return "@" + path[1:].decode(errors="replace")
    if family == sockets.AF_NETLINK and len(octets) >= 12:
        port, groups = struct.unpack_from("II", octets, 4)
        return f"netlink port {port}" + (f", groups {groups:#x}" if groups else "")
    return _FAMILIES.get(family, f"family {family}")


def at_entry(pid: int, name: str, args: tuple[int, ...]) -> Facts:
    """What the pointers of a call that begins lead to, of a process that is held meanwhile."""
    if name in ("connect", "bind"):
        return Facts(address=_address(pid, args[1], args[2]))
    if name == "sendto" and args[4]:
        return Facts(address=_address(pid, args[4], args[5]))
    if name in ("sendmsg", "recvmsg"):
        header = read_memory(pid, args[1], 56)
        if header is None:
            return NOTHING
        where, size, pieces, count = struct.unpack_from("QI4xQQ", header)
        to = _address(pid, where, size) if name == "sendmsg" and where else None
        return Facts(address=to, length=_octets(pid, pieces, count))
    if name in ("readv", "writev"):
        return Facts(length=_octets(pid, args[1], args[2]))
    if name == "setsockopt" and args[4] >= 4:
        return Facts(option=_integer(pid, args[3]))
    return NOTHING


def at_return(pid: int, name: str, args: tuple[int, ...], result: int) -> Facts:
    """What a call has left behind: what its pointers lead to now, and what has become of the socket."""
    if name == "connect":
        return Facts(found=inspect(pid, args[0]))  # a socket that was refused has a new state too
    if result < 0:
        return NOTHING
    if name in ("socket", "accept", "accept4"):
        found = inspect(pid, result)
        address = None
        if name != "socket" and (found is None or found.remote is None):
            address = _answered(pid, args[1], args[2])
        return Facts(address=address, found=found)
    if name in ("bind", "listen", "shutdown") or (name == "sendto" and args[4]):  # which may choose a port
        return Facts(found=inspect(pid, args[0]))
    if name in ("getsockname", "getpeername"):
        return Facts(address=_answered(pid, args[1], args[2]))
    if name == "recvfrom" and args[4]:
        return Facts(address=_answered(pid, args[4], args[5]))
    if name == "recvmsg":
        header = read_memory(pid, args[1], 16)
        where, size = struct.unpack_from("QI", header) if header is not None else (0, 0)
        return Facts(address=_address(pid, where, size) if where else None)
    if name == "getsockopt":
        return Facts(option=_integer(pid, args[3]))
    if name == "socketpair":
        octets = read_memory(pid, args[3], 8)
        pair = struct.unpack("ii", octets) if octets is not None else None
        if pair is not None:
            return Facts(pair=pair, found=inspect(pid, pair[0]), other=inspect(pid, pair[1]))
    return NOTHING


def _address(pid: int, where: int, size: int) -> Address | None:
    octets = read_memory(pid, where, min(size & 0xFFFFFFFF, 128))
    return parse_address(octets) if octets is not None else None


def _answered(pid: int, where: int, size_at: int) -> Address | None:
    """An address that the kernel has written, whose length it has written too."""
    size = _integer(pid, size_at) if where else None
    return _address(pid, where, size) if size is not None and size > 0 else None


def _integer(pid: int, where: int) -> int | None:
    octets = read_memory(pid, where, 4)
    return int.from_bytes(octets, "little", signed=True) if octets is not None else None


def _octets(pid: int, where: int, count: int) -> int | None:
    """How much an array of buffers holds (struct iovec, readv(2))."""
    if not 0 < count <= _MOST_PIECES:
        return 0 if not count else None
    array = read_memory(pid, where, 16 * count)
    return sum(struct.unpack(f"{2 * count}Q", array)[1::2]) if array is not None else None


# -- following, and saying it -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Pending:
    """A call that has not returned."""

    call: Call
    text: str
    descriptor: Descriptor | None
    shown: bool


@dataclass(slots=True)
class _Process:
    """What is followed of a process. Children begin with a copy of the table, threads share it."""

    table: dict[int, Descriptor] = field(default_factory=dict)
    program: str = ""
    noted: bool = False


class Calls:
    """Makes events of observations, which are to be given in the order of time.

    A process that no observation told of before is looked up: what its descriptors are now, or were a moment ago.
    `lookup` does that, and gives the sockets and the name of the program.
    """

    def __init__(self, lookup: Callable[[int], tuple[Mapping[int, Descriptor], str]] | None = None) -> None:
        self._lookup = lookup if lookup is not None else lambda pid: (descriptors(pid), program_of(pid))
        self._processes: dict[int, _Process] = {}
        self._pending: dict[int, _Pending] = {}

    def take(self, seen: Observation) -> list[Event]:
        """The events that an observation makes: none, one, or a note before it."""
        if isinstance(seen, Call):
            return self._begun(seen)
        if isinstance(seen, Return):
            return self._returned(seen)
        if isinstance(seen, Forked):
            parent = self._process(seen.parent)
            if seen.pid != seen.parent:
                self._processes[seen.pid] = _Process(dict(parent.table), parent.program)
        elif isinstance(seen, Executed):
            before = self._processes.get(seen.pid)
            kept = {fd: (before.table.get(fd) if before else None) or found for fd, found in seen.descriptors.items()}
            self._processes[seen.pid] = _Process(kept, seen.program)
        else:
            self._pending.pop(seen.tid, None)
            if seen.pid == seen.tid:
                self._processes.pop(seen.pid, None)
        return []

    def follow(self, pid: int) -> list[Descriptor]:
        """Learn what the sockets of a process are, before its first call is told; gives them."""
        return list(self._process(pid).table.values())

    def descriptor(self, pid: int, fd: int) -> Descriptor | None:
        """The socket that a descriptor of a process leads to."""
        process = self._processes.get(pid)
        return process.table.get(fd) if process is not None else None

    def forget(self, tid: int) -> None:
        """The call that a thread is in may have returned, or not."""
        self._pending.pop(tid, None)

    def caller(self, tid: int) -> tuple[Descriptor, Call] | None:
        """The socket whose call a thread is in, and the call; None when it is in none."""
        pending = self._pending.get(tid)
        return (pending.descriptor, pending.call) if pending is not None and pending.descriptor is not None else None

    def program(self, pid: int) -> str:
        """The program of a process that is followed."""
        process = self._processes.get(pid)
        return process.program if process is not None else ""

    def _process(self, pid: int) -> _Process:
        process = self._processes.get(pid)
        if process is None:
            table, program = self._lookup(pid)
            process = self._processes[pid] = _Process(dict(table), program)
        return process

    def _begun(self, call: Call) -> list[Event]:
        name, args, process = call.name, call.args, self._process(call.pid)
        if name == "io_uring_setup":
            if process.noted:
                return []
            process.noted = True
            text = f"{process.program or call.pid} uses io_uring: what it asks for through it are no system calls"
            return [self._event(call.time_ns, call, NOTE, "note", text, process)]
        fd = -1 if name in ("socket", "socketpair", "close_range") else _signed(args[0])
        if name in ("sendfile", "splice"):  # of a splice either end may be the socket
            fd = fd if name == "sendfile" or _signed(args[2]) not in process.table else _signed(args[2])
        descriptor = process.table.get(fd)
        shown = descriptor is not None or name in ("socket", "socketpair")
        if not shown and (name in DATA or name == "fcntl"):
            return []  # of a file, of which there may be many
        shown = shown and name not in FOLLOWED
        text = _said(call, descriptor) if shown else ""
        if name == "connect" and descriptor is not None and isinstance(call.facts.address, Endpoint):
            descriptor.remote = call.facts.address
        self._pending[call.tid] = _Pending(call, text, descriptor, shown)
        if not shown:
            return []
        dots = " …" if name in _WAITING else ""
        values, address = _values(call.facts), _end(call.facts)
        text += dots
        return [self._event(call.time_ns, call, CALL, name, text, process, fd, descriptor, address, values=values)]

    def _returned(self, returned: Return) -> list[Event]:
        pending = self._pending.pop(returned.tid, None)
        if pending is None or pending.call.name != returned.name:
            return []
        call, process = pending.call, self._process(returned.pid)
        descriptor = self._changed(process, pending, returned)
        if not pending.shown:
            return []
        fd = _signed(call.args[0])
        if call.name in ("socket", "socketpair"):
            fd = returned.result if call.name == "socket" and returned.result >= 0 else -1
        failed = -returned.result if returned.result < 0 else 0
        error = _RESTARTS.get(failed) or errors.errorcode.get(failed, str(failed)) if failed else ""
        text = pending.text
        if call.name == "connect" and call.facts.address is None:
            text = _said(call, descriptor)  # the kernel may have told the address meanwhile
        text += _answer(call, returned, descriptor, error)
        state = returned.facts.found.state if returned.facts.found is not None else ""
        values = _values(returned.facts)
        return [
            self._event(
                returned.time_ns,
                call,
                RETURN,
                call.name,
                text,
                process,
                fd,
                descriptor,
                result=-1 if failed else returned.result,
                errno=error,
                state=state,
                values=values,
                address=_end(returned.facts) or _end(call.facts),
            )
        ]

    def _changed(self, process: _Process, pending: _Pending, returned: Return) -> Descriptor | None:
        """Carry out what a call that is over has done to the descriptors; gives the socket that it was about."""
        call, result, facts = pending.call, returned.result, returned.facts
        name, args, table, descriptor = call.name, call.args, process.table, pending.descriptor
        if name == "close":
            # Whatever close(2) returns, the descriptor is free again. A thread may have been given it meanwhile.
            if table.get(_signed(args[0])) is descriptor:
                table.pop(_signed(args[0]), None)
            return descriptor
        if name == "connect" and descriptor is not None and facts.found is not None:
            descriptor.learn(facts.found)
        if result < 0:
            return descriptor
        if name == "socket":
            made = facts.found or Descriptor(namespace=namespace_of(returned.pid))
            made.learn(_asked(args))
            made.local = None  # not bound: the kernel tells 0.0.0.0:0
            table[result] = made
            return made
        if name in ("accept", "accept4"):
            made = facts.found or Descriptor()
            if descriptor is not None:
                made.family = made.family or descriptor.family
                made.protocol = made.protocol or descriptor.protocol
                made.namespace = descriptor.namespace or made.namespace
            if made.remote is None and isinstance(facts.address, Endpoint):
                made.remote = facts.address
            table[result] = made
            return made
        if name == "socketpair" and facts.pair is not None:
            table[facts.pair[0]] = facts.found or _asked(args)
            table[facts.pair[1]] = facts.other or _asked(args)
            return table[facts.pair[0]]
        if name in ("bind", "listen", "shutdown", "connect", "sendto") and descriptor is not None:
            if facts.found is not None:
                descriptor.learn(facts.found)
            elif name == "bind" and isinstance(call.facts.address, Endpoint) and call.facts.address.port:
                descriptor.local = call.facts.address
        elif name in ("dup", "dup2", "dup3") or (name == "fcntl" and args[1] in (0, 1030)):  # F_DUPFD, with CLOEXEC
            if descriptor is not None:
                table[result] = descriptor
            else:
                table.pop(result, None)
        elif name == "close_range" and not args[2] & 4:  # CLOSE_RANGE_CLOEXEC closes nothing yet
            for fd in [each for each in table if args[0] <= each <= args[1]]:
                del table[fd]
        return descriptor

    def _event(
        self,
        time_ns: int,
        call: Call,
        source: str,
        name: str,
        text: str,
        process: _Process,
        fd: int = -1,
        descriptor: Descriptor | None = None,
        address: Endpoint | None = None,
        **more: Any,
    ) -> Event:
        socket = descriptor.socket() if descriptor is not None else None
        # Of a datagram the socket of the event has the address that it went to, or came from.
        if socket is not None and address is not None and name in DATA and socket.protocol != "tcp":
            socket = socket._replace(remote=address)
        return Event(
            time_ns,
            source,
            name,
            text,
            pid=call.pid,
            tid=call.tid,
            program=process.program,
            fd=fd,
            socket=socket,
            **more,
        )


def _asked(args: tuple[int, ...]) -> Descriptor:
    """The socket that the arguments of socket(2) ask for."""
    family, kind, protocol = _family(args[0]), _KINDS.get(args[1] & 0xF, ""), _SHORT.get(args[2], "")
    if family not in ("inet", "inet6"):
        protocol = ""
    elif not args[2]:
        protocol = {"SOCK_STREAM": "tcp", "SOCK_DGRAM": "udp"}.get(kind, "")
    return Descriptor(family, kind, protocol)


def _end(facts: Facts) -> Endpoint | None:
    return facts.address if isinstance(facts.address, Endpoint) else None


def _values(facts: Facts) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if facts.address is not None:
        values["address"] = list(facts.address) if isinstance(facts.address, Endpoint) else facts.address
    if facts.option is not None:
        values["option"] = facts.option
    return values


def _said(call: Call, descriptor: Descriptor | None) -> str:
    """A call with its arguments, as a program's source has them."""
    name, args, facts = call.name, call.args, call.facts
    if name in ("socket", "socketpair"):
        return f"{name}({_of_socket(args)})"
    words = [str(_signed(args[0]))]
    if name in ("bind", "connect"):
        known = descriptor.remote if name == "connect" and descriptor is not None else None
        address = facts.address or known
        words.append(str(address) if address is not None else "address unknown")
    elif name == "listen":
        words.append(f"backlog {_signed(args[1])}")
    elif name == "accept4" and args[3]:
        words.append(_bits(args[3], {0x80000: "SOCK_CLOEXEC", 0x800: "SOCK_NONBLOCK"}))
    elif name == "shutdown":
        words.append(_SHUT.get(args[1], str(args[1])))
    elif name in ("getsockopt", "setsockopt"):
        level, options = _OPTIONS.get(args[1], (str(args[1]), {}))
        words += [level, options.get(args[2], str(args[2]))]
        if facts.option is not None:
            words.append(str(facts.option))
    elif name in ("sendmmsg", "recvmmsg"):
        words.append(f"{'up to ' if name == 'recvmmsg' else ''}{args[2]} messages")
    elif name in ("sendfile", "splice"):
        if name == "splice":
            words = [str(_signed(args[0])), str(_signed(args[2]))]
        else:
            words.append(str(_signed(args[1])))
        words.append(f"up to {_count(args[3] if name == 'sendfile' else args[4])}")
    elif name in DATA:
        length = facts.length if name in ("readv", "writev", "sendmsg", "recvmsg") else args[2]
        if length is not None:
            words.append(f"{'up to ' if name in RECEIVING else ''}{_count(length)}")
        flags = args[3] if name in ("sendto", "recvfrom") else args[2] if name in ("sendmsg", "recvmsg") else 0
        if flags:
            words.append(_bits(flags & 0xFFFFFFFF, _FLAGS))
        if facts.address is not None:
            words.append(str(facts.address))
    return f"{name}({', '.join(words)})"


def _answer(call: Call, returned: Return, descriptor: Descriptor | None, error: str) -> str:
    """What a call came back with."""
    result, facts, name = returned.result, returned.facts, call.name
    if error in _RESTARTS.values():
        return " interrupted by a signal"
    if result < 0:
        return f" = -1 {error} ({os.strerror(-result)})"
    if name in ("accept", "accept4"):
        remote = descriptor.remote if descriptor is not None else None
        return f" = {result}" + (f" from {remote}" if remote is not None else "")
    if name in ("getsockname", "getpeername"):
        return f" = {facts.address}" if facts.address is not None else f" = {result}"
    if name == "getsockopt" and facts.option is not None:
        named = errors.errorcode.get(facts.option, "") if call.args[1:3] == (sockets.SOL_SOCKET, 4) else ""
        return f" = {named or facts.option}"
    if name == "socketpair" and facts.pair is not None:
        return f" = {facts.pair[0]} and {facts.pair[1]}"
    if name in RECEIVING:
        if result == 0 and descriptor is not None and descriptor.kind == "SOCK_STREAM":
            return " = 0, the end of the stream"
        if facts.address is not None:
            return f" = {result} from {facts.address}"
    return f" = {result}"


def _of_socket(args: tuple[int, ...]) -> str:
    family, kind, protocol = args[0], args[1], args[2]
    words = [_FAMILIES.get(family, str(family)), _KINDS.get(kind & 0xF, str(kind & 0xF))]
    for bit, name in ((0x80000, "SOCK_CLOEXEC"), (0x800, "SOCK_NONBLOCK")):
        if kind & bit:
            words[1] += f"|{name}"
    if family in (sockets.AF_INET, sockets.AF_INET6) and protocol:
        words.append(_PROTOCOLS.get(protocol, str(protocol)))
    elif family == sockets.AF_NETLINK:
        words.append(_NETLINK.get(protocol, str(protocol)))
    elif protocol:
        words.append(f"{sockets.ntohs(protocol & 0xFFFF):#06x}" if family == sockets.AF_PACKET else str(protocol))
    return ", ".join(words)


def _family(number: int) -> str:
    name = _FAMILIES.get(number, "")
    return name[3:].lower()


def _bits(flags: int, names: Mapping[int, str]) -> str:
    known = [name for bit, name in sorted(names.items()) if bit and not bit & (bit - 1) and flags & bit]
    left = flags & ~sum(bit for bit in names if bit and not bit & (bit - 1))
    return "|".join([*known, *([hex(left)] if left else [])])


def _count(octets: int) -> str:
    return f"{octets} octet{'s' if octets != 1 else ''}"


def _signed(number: int) -> int:
    """An argument that the system call takes as a signed number of 32 bits."""
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number & 0x80000000 else number
