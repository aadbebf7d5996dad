"""Which process owns the socket that a packet is of.

    with Ownership() as ownership:
        ownership.of("tcp", Endpoint("10.9.0.1", 41234), Endpoint("10.9.0.2", 9000), packet.time_ns)

Three sources, the surest first:

- The kernel's events, as they happen: the route that a program's send or connect looks up names the whole flow while
  that program runs, before its first packet leaves; a state that a call changes names its process; accept tells its
  descriptor. So the owner of a socket that lived a millisecond is known. This needs a tracing instance.
- Socket diagnostics, when a packet comes whose flow is not known: the kernel tells the socket that would take it, and
  /proc/PID/fd who holds that. A socket that is gone by then stays without an owner.
- What was there when it began, so that packets of a connection which ends at once still have theirs.

What nobody tells is None. A socket that several processes hold is that of the one that began first, which opened it; a
connection that nobody has accepted yet is that of who listens.
"""

from __future__ import annotations

import contextlib
import heapq
import socket
import struct
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, Self, TypeVar

from dissectors.packet import Packet
from rawcap.live.errors import LiveError
from rawcap.live.namespaces import entered
from rawcap.stack.diagnostics import Diagnostics
from rawcap.stack.event import Endpoint
from rawcap.stack.processes import (
    Holder,
    Holders,
    Process,
    duplicate,
    holders,
    namespace_of,
    own_namespace,
    pids,
    process,
    sockets_of,
    unreadable,
)
from rawcap.stack.tracefs import Instance, Lost, Record, Tracefs

NAMES, PIDS, OWNER = "frame.process.name", "frame.process.pid", "frame.process"
"""The notes that are left on a packet: names and numbers of the owners, and the line that says them."""

EVENTS = {
    "fib/fib_table_lookup": "(proto == 6 || proto == 17) && sport != 0 && !(common_flags & 16)",
    "fib6/fib6_table_lookup": "(proto == 6 || proto == 17) && sport != 0 && !(common_flags & 16)",
    "sock/inet_sock_set_state": "protocol == 6",
    "syscalls/sys_exit_accept": "ret >= 0",
    "syscalls/sys_exit_accept4": "ret >= 0",
    "task/task_newtask": "",
    "task/task_rename": "",
}
"""The events that are learnt from, each with the filter that the kernel runs (16: in a soft interrupt, for nobody)."""

_PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
_MOST = 65_536  # flows and processes that are remembered
_LATER = 8  # owners of one flow, one after another, that are remembered
_FRESH_NS = 1_000_000_000  # how long an answer of the diagnostics holds
_UNKNOWN_NS = 200_000_000  # how long it holds that nobody owns a flow
_SLACK_NS = 2_000_000  # by how much an event may be timed behind the packet that it comes before
_SCAN_SHARE = 20  # of all time, one part in so many may go into looking through /proc
_SCAN_SAVED = 0.5  # seconds of that time that may be saved up
_PLACES_SECONDS = 5.0  # after which other namespaces are looked for again
_BUFFER_KIB = 4096  # of each processor: the events of some ten thousand processes
_COMMENT = 1  # the option of a packet's block that is a comment (draft-ietf-opsawg-pcapng, 3.5)

_SYN_SENT, _CLOSE, _LISTEN = 2, 7, 10  # include/net/tcp_states.h
_CLONE_THREAD = 0x00010000  # linux/sched.h

_NETLINK_ROUTE, _RTM_GETADDR, _RTM_NEWADDR = 0, 22, 20  # linux/rtnetlink.h
_NLMSG_DONE, _NLMSG_ERROR = 3, 2
_IFA_ADDRESS, _IFA_LOCAL = 1, 2  # linux/if_addr.h

Flow = tuple[int, int, bytes, int]
"""Protocol, local port, remote address, remote port: what an event tells before the local address is chosen."""

K = TypeVar("K")
V = TypeVar("V")


class _Bounded(OrderedDict[K, V], Generic[K, V]):
    """A dictionary that forgets what was entered first."""

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > _MOST:
            self.popitem(last=False)


class _Known(NamedTuple):
    """What the diagnostics have said of a flow, when, and for which socket."""

    owner: Process | None
    inode: int
    until_ns: int


class _Place:
    """A network namespace: what the kernel says of the sockets in it, and which addresses are its own."""

    def __init__(self, namespace: int) -> None:
        self.namespace = namespace
        self.diagnostics = Diagnostics()
        self._routes = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_ROUTE)
        self._routes.settimeout(1.0)
        self._addresses: set[bytes] = set()
        self._read = 0.0

    def has(self, address: bytes) -> bool:
        """Whether an address is one of this namespace's."""
        if address[0] == 127 and len(address) == 4:
            return True
        if address not in self._addresses and time.monotonic() - self._read > 0.5:
            self._read = time.monotonic()
            with contextlib.suppress(OSError):
                self._addresses = self._list()
        return address in self._addresses

    def _list(self) -> set[bytes]:
        """The addresses of all interfaces (rtnetlink(7), RTM_GETADDR)."""
        self._routes.send(struct.pack("=IHHIIBxxxI", 24, _RTM_GETADDR, 0x301, 1, 0, socket.AF_UNSPEC, 0))
        found: set[bytes] = set()
        while True:
            buffer = self._routes.recv(1 << 16)
            at = 0
            while at + 16 <= len(buffer):
                length, kind = struct.unpack_from("=IH", buffer, at)
                if kind in (_NLMSG_DONE, _NLMSG_ERROR) or length < 16:
                    return found
                if kind == _RTM_NEWADDR:
                    found |= _own_address(buffer[at + 24 : at + length])
                at += length + 3 & ~3

    def close(self) -> None:
        self.diagnostics.close()
        self._routes.close()


def _own_address(attributes: bytes) -> set[bytes]:
    told = {}
    at = 0
    while at + 4 <= len(attributes):
        length, kind = struct.unpack_from("=HH", attributes, at)
        if length < 4:
            break
        told[kind] = attributes[at + 4 : at + length]
        at += length + 3 & ~3
    own = told.get(_IFA_LOCAL, told.get(_IFA_ADDRESS))  # of a link to one peer, the address is the peer's
    return {own} if own is not None else set()


class Ownership:
    """Tells the owners of packets; begin it before the capture, and close it, or use it as a context manager.

    It belongs to the network namespace that this thread is in. With `events` it listens to what the kernel tells of
    calls; without, or where that is not permitted, nothing is known of sockets that are gone when they are looked for.
    Raises LiveError where the kernel has no socket diagnostics.
    """

    def __init__(self, *, events: bool = True) -> None:
        self.lost = 0
        """Events that the kernel had no room for."""
        self._held = contextlib.ExitStack()
        self._instance: Instance | None = None
        missing = []
        if events:
            try:
                self._instance = self._listening()
            except LiveError as error:
                missing.append(f"the owners of sockets that are gone at once are not known: {error}")
        self._learnt_ns = 0
        self._waiting: list[Record] = []
        self._home = _Place(own_namespace())
        self._places = {self._home.namespace: self._home}
        self._looked = time.monotonic() - _PLACES_SECONDS
        self._told: _Bounded[tuple[int, Flow], list[tuple[int, Process]]] = _Bounded()
        self._bound: _Bounded[tuple[int, int, int], list[tuple[int, Process]]] = _Bounded()
        self._connecting: _Bounded[int, Process] = _Bounded()
        self._known: _Bounded[tuple[int, int, bytes, int, bytes, int], _Known] = _Bounded()
        self._people: _Bounded[int, Process] = _Bounded()
        self._leaders: _Bounded[int, int] = _Bounded()
        self._hints: _Bounded[int, None] = _Bounded()
        self._holders = Holders({}, 0)
        self._scanned = time.monotonic()
        self._scan_seconds = _SCAN_SAVED
        self._scan()
        if self._holders.unreadable:
            missing.append(unreadable(self._holders.unreadable))
        self.missing = tuple(missing)
        """What cannot be known, and why, in a line each."""
        self._remember_what_is_there()

    def _listening(self) -> Instance:
        """A tracing instance with the events; what earlier ones have left is swept away."""
        with contextlib.ExitStack() as made:
            tracefs = made.enter_context(Tracefs())
            tracefs.sweep()
            instance = made.enter_context(Instance(tracefs, buffer_kib=_BUFFER_KIB))
            for event, wanted in EVENTS.items():
                instance.enable(event, filter=wanted)
            instance.start()
            self._held = made.pop_all()
        return instance

    def close(self) -> None:
        """Close what it asks the kernel by, and remove the tracing instance."""
        for place in self._places.values():
            place.close()
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- what is asked ----------------------------------------------------------------------------------------

    def note(self, packet: Packet) -> Packet:
        """Leave the owners on a packet, the sender first: as notes, and as a comment that a file keeps."""
        owners = list(dict.fromkeys(each for each in self.owners(packet) if each is not None))
        notes = packet.notes if packet.notes is not None else {}
        if owners:
            notes[NAMES] = tuple(each.name for each in owners)
            notes[PIDS] = tuple(each.pid for each in owners)
            notes[OWNER] = " → ".join(map(str, owners))
            comment = "; ".join(f"process {each.name}, pid {each.pid}" for each in owners)
            packet.captured.options = (*packet.options, (_COMMENT, comment.encode("utf-8", "surrogateescape")))
        packet.notes = notes
        return packet

    def owners(self, packet: Packet) -> tuple[Process | None, Process | None]:
        """The processes at the two ends of a packet, the sender's and the receiver's; None where it is another host."""
        time_ns = packet.time_ns or time.time_ns()
        if time_ns > self._learnt_ns:
            self.learn()
        address = None
        for layer in packet.layers:
            if layer.quoted:
                break
            if address is None and layer.name in ("ip", "ipv6"):
                address = layer.src, layer.dst
            elif address is not None and layer.name in _PROTOCOLS:
                ports = layer.srcport, layer.dstport
                if None in (*address, *ports):
                    break
                source, destination = map(Endpoint, address, ports)
                return (
                    self.of(layer.name, source, destination, time_ns),
                    self.of(layer.name, destination, source, time_ns),
                )
        return None, None

    def of(self, protocol: str, local: Endpoint, remote: Endpoint, time_ns: int) -> Process | None:
        """Who owns the socket at `local` that talks with `remote`, at a time in nanoseconds since the epoch.

        `protocol` is "tcp" or "udp"; of any other nobody knows. None too where `local` is another host's.
        """
        number = _PROTOCOLS.get(protocol)
        if number is None:
            return None
        here, there = _packed(local.address), _packed(remote.address)
        for place in self._around():
            if place.has(here):
                found = self._of(place, number, (here, local.port), (there, remote.port), time_ns)
                if found is not None:
                    return found
                if place is self._home:
                    return None
        return None

    def _of(
        self, place: _Place, protocol: int, local: tuple[bytes, int], remote: tuple[bytes, int], time_ns: int
    ) -> Process | None:
        flow = protocol, local[1], *remote
        told = _at(self._told.get((place.namespace, flow)), time_ns) or _at(self._told.get((0, flow)), time_ns)
        if told is not None:
            return told
        known = self._ask(place, protocol, local, remote, time_ns)
        if known is not None:
            return known
        port = protocol, local[1]
        return _at(self._bound.get((place.namespace, *port)), time_ns) or _at(self._bound.get((0, *port)), time_ns)

    def _ask(
        self, place: _Place, protocol: int, local: tuple[bytes, int], remote: tuple[bytes, int], time_ns: int
    ) -> Process | None:
        """What the diagnostics say; an answer holds for a second, and longer when the socket is gone since."""
        key = place.namespace, protocol, *local, *remote
        known = self._known.get(key)
        now = time.monotonic_ns()
        if known is not None and now < known.until_ns:
            return known.owner
        family = socket.AF_INET if len(local[0]) == 4 else socket.AF_INET6
        inode = _inode(place, family, protocol, local, remote)
        if known is not None and known.owner is not None and inode in (0, known.inode):
            self._known[key] = known._replace(until_ns=now + _FRESH_NS)
            return known.owner
        owner = self._holder(inode) if inode else None
        lasts = _UNKNOWN_NS if owner is None else _FRESH_NS
        if owner is None and protocol == socket.IPPROTO_TCP:
            # Nobody has accepted it yet, or has closed it already: then it came from who listens.
            inode = _inode(place, family, protocol, local, (bytes(len(local[0])), 0))
            owner = self._holder(inode) if inode else None
        self._known[key] = _Known(owner, inode, now + lasts)
        return owner

    # -- who holds a socket -----------------------------------------------------------------------------------

    def _holder(self, inode: int) -> Process | None:
        """Who holds a socket; of several the process that began first."""
        if inode not in self._holders.by_inode:
            if not self._scan_hints(inode):
                self._scan()
        found = [each for holder in self._holders.by_inode.get(inode, ()) if (each := self._person(holder.pid))]
        return min(found, key=lambda each: (each.started_ns, each.pid), default=None)

    def _scan_hints(self, inode: int) -> bool:
        """Look at the processes that did something with sockets lately; whether one of them holds it."""
        for pid in reversed(list(self._hints)[-16:]):
            try:
                held = sockets_of(pid)
            except OSError:
                continue
            for fd, each in held.items():
                if each == inode:
                    self._holders = Holders(
                        {**self._holders.by_inode, inode: (Holder(pid, fd),)}, self._holders.unreadable
                    )
                    return True
        return False

    def _scan(self) -> None:
        """Look through all of /proc, unless that was done so often lately that it would take too much of all time."""
        now = time.monotonic()
        self._scan_seconds = min(self._scan_seconds + (now - self._scanned) / _SCAN_SHARE, _SCAN_SAVED)
        self._scanned = now
        if self._scan_seconds > 0:
            self._holders = holders()
            self._scan_seconds -= time.monotonic() - now

    def _person(self, tid: int) -> Process | None:
        """A process by the number of one of its threads; one that has ended as the events told it."""
        pid = self._leaders.get(tid, tid)
        found = self._people.get(pid)
        if found is None or not found.command:
            seen = process(pid)
            if seen is not None:
                if not seen.namespace and found is not None:  # it has ended, and only waits to be reaped
                    seen = seen._replace(namespace=found.namespace)
                self._leaders[tid] = seen.pid
                self._people[seen.pid] = found = seen
        return found

    def _remember_what_is_there(self) -> None:
        """Who owns the connections that there are, for packets that come when they are gone."""
        until = time.monotonic_ns() + _FRESH_NS
        for protocol in _PROTOCOLS.values():
            for family in (socket.AF_INET, socket.AF_INET6):
                with contextlib.suppress(LiveError, OSError):
                    for each in self._home.diagnostics.inet(family, protocol):
                        if each.dport and each.inode in self._holders.by_inode:
                            local, remote = _plain(each.source), _plain(each.destination)
                            key = self._home.namespace, protocol, local, each.sport, remote, each.dport
                            self._known[key] = _Known(self._holder(each.inode), each.inode, until)

    # -- namespaces -------------------------------------------------------------------------------------------

    def _around(self) -> list[_Place]:
        """The namespaces, that of the capture first; others are looked for now and then."""
        now = time.monotonic()
        if now - self._looked > _PLACES_SECONDS:
            self._looked = now
            self._find_places()
        return list(self._places.values())

    def _find_places(self) -> None:
        there: dict[int, int] = {}
        for pid in pids():
            namespace = namespace_of(pid)
            if namespace:
                there.setdefault(namespace, pid)
        for namespace in [each for each in self._places if each not in there and each != self._home.namespace]:
            self._places.pop(namespace).close()
        for namespace, pid in there.items():
            if namespace not in self._places:
                with contextlib.suppress(LiveError, OSError), entered(str(pid)):
                    self._places[own_namespace()] = _Place(own_namespace())

    # -- what the kernel tells --------------------------------------------------------------------------------

    def learn(self) -> None:
        """Take in what the kernel has said meanwhile."""
        if self._instance is None:
            return
        # Up to now everything is in the answer. Of what comes meanwhile one processor's may be, and what another's told
        # before it not yet: that waits for the next time, so that events are taken in their order.
        self._learnt_ns = now = time.time_ns()
        waiting: list[Record] = []
        for record in heapq.merge(self._waiting, self._instance.read(), key=lambda each: each.time_ns):
            if isinstance(record, Lost):
                self.lost += record.records
            elif record.time_ns <= now:
                self.take(record)
            else:
                waiting.append(record)
        self._waiting = waiting

    def take(self, record: Record) -> None:
        """Learn from one event."""
        fields = record.fields
        match record.name:
            case "task_newtask":
                self._born(record.tid, fields["pid"], _name(fields["comm"]), fields["clone_flags"], record.time_ns)
            case "task_rename":
                pid = fields["pid"]
                if self._leaders.get(pid, pid) == pid:  # the name of a thread is not that of its process
                    known = self._people.get(pid)
                    started = known.started_ns if known is not None else record.time_ns
                    namespace = known.namespace if known is not None else namespace_of(pid)
                    uid = known.uid if known is not None else -1
                    self._people[pid] = Process(pid, _name(fields["newcomm"]), "", started, namespace, uid)
            case "fib_table_lookup" | "fib6_table_lookup":
                self._learn(
                    record,
                    self._person(record.tid),
                    fields["proto"],
                    fields["sport"],
                    (_plain(fields["dst"]), fields["dport"]),
                )
            case "inet_sock_set_state":
                self._state(record, fields)
            case "sys_exit_accept" | "sys_exit_accept4":
                self._accepted(record, fields["ret"])

    def _born(self, parent: int, pid: int, name: str, flags: int, time_ns: int) -> None:
        if flags & _CLONE_THREAD:
            leader = self._person(parent)
            self._leaders[pid] = leader.pid if leader is not None else parent
            return
        self._leaders.pop(pid, None)
        family = self._person(parent)
        namespace = family.namespace if family is not None else 0
        self._people[pid] = Process(pid, name, "", time_ns, namespace, family.uid if family is not None else -1)

    def _learn(
        self, record: Record, owner: Process | None, protocol: int, port: int, remote: tuple[bytes, int]
    ) -> None:
        """A process sends from a port of its own to somebody."""
        if owner is None or not port:
            return
        self._hint(owner.pid)
        for namespace in self._namespaces(owner):
            _put(self._told, (namespace, (protocol, port, *remote)), record.time_ns, owner)
            if protocol == socket.IPPROTO_UDP:
                _put(self._bound, (namespace, protocol, port), record.time_ns, owner)

    def _namespaces(self, owner: Process) -> set[int]:
        """Where a process is; of one that has ended, where its parent was, and 0 for anywhere: it may have moved."""
        seen = namespace_of(owner.pid)
        return {seen} if seen else {owner.namespace, 0}

    def _hint(self, pid: int) -> None:
        """A process did something with a socket: the next one that is not known may be its."""
        self._hints[pid] = None
        self._hints.move_to_end(pid)

    def _state(self, record: Record, fields: Mapping[str, Any]) -> None:
        """A TCP socket changes its state: by its program's call where it begins to connect or to listen."""
        key, state = fields["skaddr"], fields["newstate"]
        if fields["oldstate"] == _CLOSE and state in (_SYN_SENT, _LISTEN):
            owner = self._person(record.tid)
            if owner is None:
                return
            if state == _LISTEN:
                for namespace in self._namespaces(owner):
                    _put(self._bound, (namespace, socket.IPPROTO_TCP, fields["sport"]), record.time_ns, owner)
                return
            self._connecting[key] = owner
            self._hint(owner.pid)
        connecting = self._connecting.get(key)
        if connecting is not None and _SYN_SENT in (fields["oldstate"], state):
            address = fields["daddr" if fields["family"] == socket.AF_INET else "daddr_v6"]
            remote = _plain(address), fields["dport"]
            self._learn(record, connecting, socket.IPPROTO_TCP, fields["sport"], remote)
        if state == _CLOSE:
            self._connecting.pop(key, None)

    def _accepted(self, record: Record, fd: int) -> None:
        """A program has accepted a connection: its ends are asked of a duplicate, as long as there is one."""
        owner = self._person(record.tid)
        if owner is None:
            return
        try:
            with duplicate(owner.pid, fd) as copy:
                if copy.family not in (socket.AF_INET, socket.AF_INET6):
                    return
                local, remote = copy.getsockname(), copy.getpeername()
        except (LiveError, OSError):
            return
        self._learn(record, owner, socket.IPPROTO_TCP, local[1], (_packed(remote[0]), remote[1]))


def _inode(place: _Place, family: int, protocol: int, local: tuple[bytes, int], remote: tuple[bytes, int]) -> int:
    """The inode of the socket that takes what `remote` sends to `local`; 0 where there is none, or it has none."""
    try:
        found = place.diagnostics.lookup(family, protocol, local, remote)
    except (LiveError, OSError):
        return 0
    return found.inode if found is not None else 0


def _at(owners: list[tuple[int, Process]] | None, time_ns: int) -> Process | None:
    """The last who had become the owner at a time."""
    for since, owner in reversed(owners or ()):
        if since <= time_ns + _SLACK_NS:
            return owner
    return None


def _put(told: _Bounded[K, list[tuple[int, Process]]], key: K, time_ns: int, owner: Process) -> None:
    owners = told.get(key)
    if owners is None:
        owners = []
    elif owners[-1][1].pid == owner.pid and owners[-1][1].name == owner.name:
        return
    told[key] = [*owners[-_LATER:], (time_ns, owner)]


def _packed(address: str) -> bytes:
    """The octets of an address; of an IPv4-mapped one (RFC 4291, 2.5.5.2) those of the IPv4 address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return _plain(socket.inet_pton(family, address.partition("%")[0]))


def _plain(octets: bytes) -> bytes:
    return octets[12:] if len(octets) == 16 and octets[:12] == bytes(10) + b"\xff\xff" else octets


def _name(octets: bytes) -> str:
    """The name of a process, as an event has it: 16 octets at most, up to the first that is 0."""
    return octets.partition(b"\0")[0].decode("utf-8", "surrogateescape")
