"""What the kernel's tracepoints tell of sockets and frames, as events; and what they tell of calls, as observations.

A record names a socket by a pointer, seldom by addresses, and a frame by another pointer. Which socket it is shows in
what else is known of the pointer: the addresses that a change of state tells with it, or the system call that the
same thread is in. A frame is that of the socket whose call sends it, or of the one that takes it in: on the loopback
interface one pointer goes all the way. Elsewhere the same pointer may be another frame's by then, and is not
trusted from one interface to the next. What cannot be found so is left empty, and told only when everything is.

Which process runs is told with every record, but an interrupt runs on top of any: only outside of one the event is
said to be that of the process.
"""

from __future__ import annotations

import collections
import dataclasses
import socket as sockets
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rawcap.stack.calls import (
    SENDING,
    STATES,
    Call,
    Calls,
    Descriptor,
    Ended,
    Executed,
    Forked,
    Observation,
    Return,
    descriptors,
    parse_address,
    process_of,
    program_of,
)
from rawcap.stack.event import CALL, KERNEL, RETURN, Endpoint, Event, Socket
from rawcap.stack.tracefs import Instance, Lost, Record

_ADDRESSES = ("skaddr", "sport", "dport", "family", "saddr", "daddr", "saddr_v6", "daddr_v6")
CHANGES: Mapping[str, Sequence[str]] = {
    "sock/inet_sock_set_state": (*_ADDRESSES, "oldstate", "newstate", "protocol", "common_flags"),
    "tcp/tcp_send_reset": ("skaddr", "saddr", "daddr", "reason", "common_flags"),
    "tcp/tcp_retransmit_skb": (*_ADDRESSES, "skbaddr", "common_flags"),
    "skb/kfree_skb": ("skbaddr", "rx_sk", "protocol", "reason", "common_flags"),
}
"""The tracepoints that are passed seldom, and what of their records is of use."""

MOVEMENTS: Mapping[str, Sequence[str]] = {
    "sock/sock_send_length": ("sk", "family", "protocol", "ret", "common_flags"),
    "sock/sock_recv_length": ("sk", "family", "protocol", "ret", "flags", "common_flags"),
    "sock/sk_data_ready": ("skaddr", "family", "protocol", "common_flags"),
    "net/net_dev_queue": ("skbaddr", "len", "name", "common_flags"),
    "net/netif_receive_skb": ("skbaddr", "len", "name", "common_flags"),
    "skb/skb_copy_datagram_iovec": ("skbaddr", "len", "common_flags"),
    "tcp/tcp_probe": ("saddr", "daddr", "skbaddr", "skaddr"),
}
"""The tracepoints that data pass, each piece several of them."""

LIVES: Mapping[str, Sequence[str]] = {
    "sched/sched_process_fork": ("parent_pid", "child_pid"),
    "sched/sched_process_exec": (),
    "sched/sched_process_exit": (),
}
"""The tracepoints that tell of processes."""

# No drops: they free what was used, what nobody wanted a copy of, or what a packet socket's own filter left out.
_NO_DROPS: tuple[str, ...] = ("NOT_SPECIFIED", "SOCKET_CLOSE", "SOCKET_FILTER", "TCP_OFOMERGE", "TCP_CLOSE", "TCP_FIN")
_NO_DROPS += ("UNIX_DISCONNECT", "UNIX_SKIP_OOB", "QUEUE_PURGE", "DEV_READY")
_IN_INTERRUPT = 0x18  # linux/trace_events.h: TRACE_FLAG_HARDIRQ, TRACE_FLAG_SOFTIRQ
_FAMILIES = {int(sockets.AF_INET): "inet", int(sockets.AF_INET6): "inet6", int(sockets.AF_UNIX): "unix"}
_PROTOCOLS = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6", 132: "sctp", 136: "udplite", 255: "raw", 262: "mptcp"}
_SETTLED_BY_FRAMES = ("FIN-WAIT-2", "CLOSING")
_MOST = 65536  # sockets, connections and frames that are remembered
_MSG_PEEK = 2
_LOOPBACK = "lo"

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class _Bounded(collections.OrderedDict[_K, _V]):
    """The newest so many."""

    def __setitem__(self, key: _K, value: _V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > _MOST:
            self.popitem(last=False)


def enable_changes(instance: Instance) -> list[str]:
    """Enable CHANGES; gives those that this kernel does not have."""
    missing = []
    for event, fields in CHANGES.items():
        if not instance.enable(event, fields=fields):
            missing.append(event)
    if "kfree_skb" in instance.formats:
        reasons = instance.formats["kfree_skb"].symbols.get("reason", {})
        ignored = [number for number, name in reasons.items() if name in _NO_DROPS]
        if ignored:
            terms = " && ".join(f"reason != {number}" for number in ignored)
            instance.write("events/skb/kfree_skb/filter", terms)
    return missing


def enable_movements(instance: Instance) -> list[str]:
    """Enable MOVEMENTS; gives those that this kernel does not have."""
    return [event for event, fields in MOVEMENTS.items() if not instance.enable(event, fields=fields)]


_CALLED = {"sendfile64": "sendfile"}  # the kernel's own names of calls


def enable_calls(instance: Instance, names: Iterable[str], *, without_addresses: bool = False) -> None:
    """Enable the beginning and the end of system calls; `without_addresses`, not those to and from an address."""
    own = {name: kernel for kernel, name in _CALLED.items()}
    for name in names:
        only = "addr == 0" if without_addresses and name in ("sendto", "recvfrom") else ""
        for way in ("enter", "exit"):
            filter = only if way == "enter" else ""
            if not instance.enable(f"syscalls/sys_{way}_{name}", filter=filter):
                instance.enable(f"syscalls/sys_{way}_{own.get(name, name)}")


def enable_lives(instance: Instance) -> None:
    """Enable what tells of processes."""
    for event, fields in LIVES.items():
        instance.enable(event, fields=fields)


class Kernel:
    """Puts together observations and records, given in the order of time, and keeps the events that concern somebody.

    `everything` is for who wants all that happens on the machine. `symbols` are the names of an event's numbers.
    """

    def __init__(
        self,
        calls: Calls,
        symbols: Callable[[str, str], Mapping[int, str]] = lambda event, field: {},
        *,
        everything: bool = False,
    ) -> None:
        self._calls = calls
        self._symbols = symbols
        self._everything = everything
        self._events: list[Event] = []
        self._owners: _Bounded[int, Descriptor] = _Bounded()
        self._sockets: _Bounded[int, Socket] = _Bounded()
        self._looped: _Bounded[int, Socket | None] = _Bounded()  # senders of frames on the loopback interface
        self._receivers: _Bounded[int, Socket] = _Bounded()
        self._accepted: _Bounded[tuple[Endpoint, Endpoint], Descriptor] = _Bounded()
        self._concerned: _Bounded[Hashable, bool] = _Bounded()
        self._open: dict[int, list[int]] = {}
        self._threads: _Bounded[int, int] = _Bounded()
        self._inside: _Bounded[int, str] = _Bounded()

    def flush(self) -> list[Event]:
        """The events of what was taken since the last time."""
        events, self._events = self._events, []
        self._open.clear()
        return [each for each in events if self._is_wanted(each)]

    def observe(self, seen: Observation) -> None:
        """Take what was seen of a process."""
        if isinstance(seen, Forked):
            self._threads[seen.tid] = seen.pid
        for event in self._calls.take(seen):
            self._events.append(event)
            socket = event.socket
            if socket is None:
                continue
            if event.source == RETURN and event.name in ("accept", "accept4", "connect"):
                fd = event.fd if event.name == "connect" else event.result
                descriptor = self._calls.descriptor(event.pid, fd if fd is not None else -1)
                if descriptor is not None and descriptor.local is not None and descriptor.remote is not None:
                    self._accepted[descriptor.local, descriptor.remote] = descriptor
            elif event.source == CALL and event.name == "close" and socket.protocol != "tcp":
                # The kernel may give its memory to another socket, without a word that would tell.
                caller = self._calls.caller(event.tid)
                if caller is not None:
                    self._owners.pop(caller[0].pointer, None)
            self._concern(socket)

    def follow(self, pid: int) -> None:
        """Have what a process's sockets do wanted, from now on."""
        for descriptor in self._calls.follow(pid):
            self._concern(descriptor.socket(), listens=descriptor.state == "LISTEN")
            if descriptor.local is not None and descriptor.remote is not None:
                self._accepted[descriptor.local, descriptor.remote] = descriptor

    def take(self, record: Record | Lost) -> None:
        """Take a record of any of the tracepoints above, or a gap, whose count is 0 where it was meant."""
        if isinstance(record, Lost):
            for tid in self._inside:  # what they do from here on is not known
                self._calls.forget(tid)
            self._inside.clear()
            text = f"{record.records:,} kernel events lost: there was no room for them"
            if not record.records:
                text = "too many kernel events: for a while what moves data is not told"
            values = {"count": record.records}
            self._events.append(Event(record.time_ns, KERNEL, "lost", text, values=values))
        elif record.name.startswith("sys_"):
            self._called(record)
        elif record.name.startswith("sched_"):
            self._lived(record)
        else:
            getattr(self, f"_{record.name}")(record, record.fields)

    # -- processes --------------------------------------------------------------------------------------------

    def _process(self, tid: int) -> int:
        pid = self._threads.get(tid)
        if pid is None:
            pid = self._threads[tid] = process_of(tid)
        return pid

    def _called(self, record: Record) -> None:
        _, way, name = record.name.split("_", 2)
        name = _CALLED.get(name, name)
        pid = self._process(record.tid)
        fields = record.fields
        if way == "enter":
            args = [value for key, value in fields.items() if not key.startswith("common_") and key != "__syscall_nr"]
            self._inside[record.tid] = name
            self.observe(Call(record.time_ns, pid, record.tid, name, (*args, *[0] * (6 - len(args)))))
        elif self._inside.pop(record.tid, "") == name:  # the beginning of the others was seen by somebody else
            self.observe(Return(record.time_ns, pid, record.tid, name, fields["ret"]))

    def _lived(self, record: Record) -> None:
        if record.name == "sched_process_fork":
            child = record.fields["child_pid"]
            self._threads.pop(child, None)
            parent = self._process(record.fields["parent_pid"])
            self.observe(Forked(record.time_ns, parent, self._process(child), child))
        elif record.name == "sched_process_exec":
            pid = self._process(record.tid)
            self.observe(Executed(record.time_ns, pid, program_of(pid), descriptors(pid)))
        else:
            self.observe(Ended(record.time_ns, self._process(record.tid), record.tid))
            self._threads.pop(record.tid, None)

    def _caller(self, record: Record) -> tuple[Descriptor, Call] | None:
        """Whose call it is that the kernel carries out; None in an interrupt."""
        if record.fields["common_flags"] & _IN_INTERRUPT:
            return None
        return self._calls.caller(record.tid)

    # -- sockets ----------------------------------------------------------------------------------------------

    def _owned(self, pointer: int, record: Record) -> Socket | None:
        """The socket of a pointer, which the call of this record may tell."""
        caller = self._caller(record)
        if caller is not None and caller[1].name not in ("accept", "accept4"):
            self._own(pointer, caller[0])
            told = self._sockets.get(pointer)
            if told is not None and caller[0].remote is None and told.local is not None and told.remote is not None:
                caller[0].learn(Descriptor(told.family, "", told.protocol, told.local, told.remote))
                self._accepted[told.local, told.remote] = caller[0]
        return self._socket(pointer)

    def _own(self, pointer: int, owner: Descriptor) -> None:
        self._owners[pointer] = owner
        owner.pointer = pointer

    def _socket(self, pointer: int) -> Socket | None:
        owner = self._owners.get(pointer)
        if owner is not None:
            return owner.socket()
        known = self._sockets.get(pointer)
        return self._whole(known) if known is not None else None

    def _whole(self, socket: Socket) -> Socket:
        """A socket of which only the ends are known, with all that is known of it."""
        if socket.local is None or socket.remote is None:
            return socket
        descriptor = self._accepted.get((socket.local, socket.remote))
        return descriptor.socket() if descriptor is not None else socket

    def _add(self, record: Record, name: str, text: str, socket: Socket | None, **values: Any) -> None:
        caller = self._caller(record)
        mine = caller is not None and socket is not None and (caller[0].socket() == socket)
        call = caller[1] if caller is not None and mine else None
        self._events.append(
            Event(
                record.time_ns,
                KERNEL,
                name,
                text,
                pid=call.pid if call is not None else 0,
                tid=call.tid if call is not None else 0,
                program=self._calls.program(call.pid) if call is not None else "",
                socket=socket,
                values=values,
            )
        )

    def _inet_sock_set_state(self, record: Record, fields: Mapping[str, Any]) -> None:
        old, new = STATES.get(fields["oldstate"], ""), STATES.get(fields["newstate"], "")
        pointer = fields["skaddr"]
        told = _ends(fields, _PROTOCOLS.get(fields["protocol"], ""))
        caller = self._caller(record)
        if caller is not None and caller[1].name in ("connect", "listen", "close", "shutdown"):
            owner = caller[0]
            if owner.local is None or told.local == owner.local or not owner.local.port or caller[1].name != "close":
                self._own(pointer, owner)
        owner_of = self._owners.get(pointer)
        if owner_of is not None:
            # Before the port is chosen it is told as 0, and a listener has no other end.
            ends = Descriptor(told.family, "", told.protocol, told.local, told.remote)
            if ends.local is not None and not ends.local.port:
                ends.local = None
            owner_of.learn(ends)
            owner_of.state = new
        self._sockets[pointer] = told
        socket = self._socket(pointer) or told
        self._concern(socket, listens=new == "LISTEN" and owner_of is not None)
        state, text = new, f"{old} → {new}"
        if new == "CLOSED" and old in _SETTLED_BY_FRAMES:
            # Linux keeps what TIME-WAIT needs without a socket; a reset ends these states as well.
            state, text = "", f"{text}: the socket is freed; TIME-WAIT, if it is due, goes on without it"
        self._add(record, "state", text, socket, old=old, new=new)
        self._events[-1] = dataclasses.replace(self._events[-1], state=state)
        if new == "CLOSED":
            self._owners.pop(pointer, None)
            self._sockets.pop(pointer, None)

    def _tcp_send_reset(self, record: Record, fields: Mapping[str, Any]) -> None:
        reason = self._symbols("tcp_send_reset", "reason").get(fields.get("reason", -1), "")
        local, remote = parse_address(fields["saddr"]), parse_address(fields["daddr"])
        socket = self._socket(fields["skaddr"]) if fields["skaddr"] else None
        if (socket is None or socket.remote is None) and isinstance(local, Endpoint) and isinstance(remote, Endpoint):
            socket = Socket("inet6" if ":" in local.address else "inet", "tcp", local, remote)
        said = f": {_words(reason)}" if reason and reason != "NOT_SPECIFIED" else ""
        self._add(record, "reset", f"the kernel sends a reset{said}", socket, reason=reason)

    def _tcp_retransmit_skb(self, record: Record, fields: Mapping[str, Any]) -> None:
        socket = self._socket(fields["skaddr"]) or _ends(fields, "tcp")
        self._add(record, "retransmitted", "no acknowledgement came: the kernel sends it again", socket)

    def _kfree_skb(self, record: Record, fields: Mapping[str, Any]) -> None:
        reason = self._symbols("kfree_skb", "reason").get(fields["reason"], str(fields["reason"]))
        if reason in _NO_DROPS:
            return
        socket = self._socket(fields.get("rx_sk", 0)) if fields.get("rx_sk") else None
        if socket is None and fields["protocol"] in (0x0800, 0x86DD):
            socket = self._receivers.get(fields["skbaddr"])
        self._add(record, "dropped", f"the kernel drops a packet: {_words(reason)}", socket, reason=reason)

    # -- data -------------------------------------------------------------------------------------------------

    def _sock_send_length(self, record: Record, fields: Mapping[str, Any]) -> None:
        socket = self._owned(fields["sk"], record)
        length = fields["ret"]
        if length >= 0:
            self._add(record, "send", f"{_octets(length)} into the send queue", socket, length=length)

    def _sock_recv_length(self, record: Record, fields: Mapping[str, Any]) -> None:
        socket = self._owned(fields["sk"], record)
        length = fields["ret"]
        if length >= 0 and not fields["flags"] & _MSG_PEEK:
            self._add(record, "receive", f"{_octets(length)} to the program", socket, length=length)

    def _sk_data_ready(self, record: Record, fields: Mapping[str, Any]) -> None:
        self._add(record, "readable", "there is something to read", self._socket(fields["skaddr"]))

    def _net_dev_queue(self, record: Record, fields: Mapping[str, Any]) -> None:
        frame, device, length = fields["skbaddr"], fields["name"], fields["len"]
        caller = self._caller(record)
        socket = None
        self._receivers.pop(frame, None)
        if caller is not None and (caller[1].name in SENDING or caller[1].name in ("connect", "close", "shutdown")):
            socket = _sending(*caller)
            self._open.pop(frame, None)
        else:
            self._open[frame] = [len(self._events)]
        if device == _LOOPBACK:
            self._looped[frame] = socket
        self._add(record, "queued", f"{_octets(length)} given to {device}", socket, interface=device, length=length)

    def _netif_receive_skb(self, record: Record, fields: Mapping[str, Any]) -> None:
        frame, device, length = fields["skbaddr"], fields["name"], fields["len"]
        socket = None
        here = len(self._events)
        if device == _LOOPBACK and frame in self._looped:
            sender = self._looped.pop(frame)
            socket = self._whole(_reversed(sender)) if sender is not None else None
            self._open.setdefault(frame, []).append(here)
        else:
            self._open[frame] = [here]
        self._receivers.pop(frame, None)
        if socket is not None:
            self._receivers[frame] = socket
        self._add(record, "arrived", f"{_octets(length)} from {device}", socket, interface=device, length=length)

    def _tcp_probe(self, record: Record, fields: Mapping[str, Any]) -> None:
        local, remote = parse_address(fields["saddr"]), parse_address(fields["daddr"])
        if isinstance(local, Endpoint) and isinstance(remote, Endpoint):
            told = Socket("inet6" if ":" in local.address else "inet", "tcp", local, remote)
            self._sockets[fields["skaddr"]] = told
            self._settle(fields["skbaddr"], self._socket(fields["skaddr"]) or told)

    def _skb_copy_datagram_iovec(self, record: Record, fields: Mapping[str, Any]) -> None:
        caller = self._caller(record)
        socket = caller[0].socket() if caller is not None else None
        if socket is not None and socket.family in ("inet", "inet6"):
            self._settle(fields["skbaddr"], socket)
        length = fields["len"]
        self._add(record, "copied", f"{_octets(length)} out of the receive queue", socket, length=length)

    def _settle(self, frame: int, receiver: Socket) -> None:
        """It is known now who takes a frame in: what was told of it before gets its socket."""
        for index in self._open.pop(frame, ()):
            event = self._events[index]
            socket = receiver if event.name == "arrived" else self._whole(_reversed(receiver))
            self._events[index] = dataclasses.replace(event, socket=socket)

    # -- whom it concerns -------------------------------------------------------------------------------------

    def _concern(self, socket: Socket, *, listens: bool = False) -> None:
        """Remember that what this socket, or the other end of its connection, does is wanted."""
        if socket.inode:
            self._concerned[socket.inode] = True
        if listens or self._is_listed(socket):
            if listens and socket.local is not None:
                self._concerned[socket.protocol, socket.local.port] = True
            ends = _pair(socket)
            if ends is not None:
                self._concerned[ends] = True

    def _is_listed(self, socket: Socket) -> bool:
        ends = _pair(socket)
        return (
            (socket.inode != 0 and socket.inode in self._concerned)
            or (ends is not None and ends in self._concerned)
            or (socket.local is not None and (socket.protocol, socket.local.port) in self._concerned)
        )

    def _is_wanted(self, event: Event) -> bool:
        if self._everything or event.source != KERNEL or event.name == "lost":
            return True
        return event.socket is not None and self._is_listed(event.socket)


def _pair(socket: Socket) -> Hashable:
    """A connection, the same for both of its ends; None where the ends are not known."""
    if socket.local is None or socket.remote is None or not socket.local.port or not socket.remote.port:
        return None
    return socket.protocol, frozenset((_plain(socket.local), _plain(socket.remote)))


def _plain(end: Endpoint) -> Endpoint:
    """An end without the prefix of an IPv4 address that a socket of IPv6 uses (RFC 4291, 2.5.5.2)."""
    return Endpoint(end.address.removeprefix("::ffff:"), end.port) if "." in end.address else end


def _ends(fields: Mapping[str, Any], protocol: str) -> Socket:
    """The addresses that a record tells."""
    family = _FAMILIES.get(fields["family"], "")
    if family == "inet6":
        near, far = (sockets.inet_ntop(sockets.AF_INET6, fields[name]) for name in ("saddr_v6", "daddr_v6"))
    else:
        near, far = (sockets.inet_ntop(sockets.AF_INET, fields[name]) for name in ("saddr", "daddr"))
    remote = Endpoint(far, fields["dport"]) if fields["dport"] else None
    return Socket(family, protocol, Endpoint(near, fields["sport"]), remote)


def _reversed(socket: Socket) -> Socket:
    """The other end of a connection, of which no more than that is known."""
    return Socket(socket.family, socket.protocol, socket.remote, socket.local, 0, 0)


def _sending(descriptor: Descriptor, call: Call) -> Socket:
    """The socket of a call that sends; of a datagram with the address that it goes to."""
    socket, to = descriptor.socket(), call.facts.address
    return socket._replace(remote=to) if isinstance(to, Endpoint) and socket.protocol != "tcp" else socket


def _words(reason: str) -> str:
    """The kernel's name of a reason, to be read."""
    return reason.lower().replace("_", " ")


def _octets(count: int) -> str:
    return f"{count} octet{'s' if count != 1 else ''}"

