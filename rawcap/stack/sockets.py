"""Every socket of this machine, as far as this user may see: what it is, what waits in it, and who holds it.

    for entry in sockets().entries:
        print(entry.type, entry.local, entry.remote, entry.state, entry.owners)

TCP, UDP and Unix sockets are from the kernel's socket diagnostics; raw, packet and netlink sockets from /proc/net
(proc_net(5)), since kernels are built without diagnostics of these. What neither lists, as a socket that was made and
not yet bound, is looked at through a duplicate of its holder's descriptor.
"""

from __future__ import annotations

import functools
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.namespaces import entered
from rawcap.live.privileges import missing
from rawcap.stack.diagnostics import Diagnostics, InetMessage, UnixMessage
from rawcap.stack.event import Endpoint
from rawcap.stack.processes import (
    Holder,
    Process,
    duplicate,
    holders,
    namespace_of,
    own_namespace,
    pids,
    process,
    unreadable,
)

TYPES = ("tcp", "udp", "raw", "icmp", "unix", "packet", "netlink")
"""The types of sockets that the kernel lists, in the order of the list."""

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
    12: "SYN-RECEIVED",
    13: "CLOSED",
}
"""The states of TCP by the kernel's numbers (include/net/tcp_states.h), with RFC 9293's names."""

CONNECTED, UNCONNECTED = "CONNECTED", "UNCONNECTED"
"""The states of a socket without a connection's: whether it has a peer that it sends to (connect(2))."""

_UNIX_STATES = {1: CONNECTED, 7: UNCONNECTED, 10: "LISTEN"}
_PROC_UNIX_STATES = {1: UNCONNECTED, 2: "CONNECTING", 3: CONNECTED, 4: "DISCONNECTING"}  # linux/net.h
_SO_ACCEPTCON = 0x10000

_SEMANTICS = {1: "stream", 2: "datagram", 3: "raw", 4: "rdm", 5: "seqpacket", 6: "dccp", 10: "packet"}
_SO_NETNS_COOKIE = 71  # asm-generic/socket.h, since Linux 5.14

_NETLINK = {
    0: "route",
    2: "usersock",
    3: "firewall",
    4: "sock_diag",
    5: "nflog",
    6: "xfrm",
    7: "selinux",
    8: "iscsi",
    9: "audit",
    10: "fib_lookup",
    11: "connector",
    12: "netfilter",
    13: "ip6_fw",
    14: "dnrtmsg",
    15: "kobject_uevent",
    16: "generic",
    18: "scsitransport",
    19: "ecryptfs",
    20: "rdma",
    21: "crypto",
    22: "smc",
}  # linux/netlink.h

_FAMILIES = {socket.AF_INET: "inet", socket.AF_INET6: "inet6", socket.AF_UNIX: "unix"}


class Owner(NamedTuple):
    """A process that holds a socket, and its descriptor of it."""

    process: Process
    fd: int

    def __str__(self) -> str:
        return f"{self.process} fd {self.fd}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A socket.

    `type` is one of TYPES or, for what the kernel has no list of, the name of its address family; `family` as in
    `Socket`; `semantics` "stream", "datagram", "raw" or "seqpacket" (socket(2)). `local` and `remote` are ends of the
    internet families. Those of other families are `name` (a Unix path, an abstract one with @ in place of the NUL; the
    interface of a packet socket; a netlink port, "kernel" for 0) and `peer`, the inode of a Unix socket's other end.
    `state` is one of STATES, CONNECTED, UNCONNECTED, or empty. Queues are in octets; of a listening socket they are
    connections that wait for accept() and how many may. None and empty is what nobody told. `inode` is 0 for a
    connection in TIME-WAIT or SYN-RECEIVED, which no program has. `tcp` is what `tcp_info` gives.
    """

    type: str
    family: str
    protocol: str
    semantics: str
    state: str = ""
    local: Endpoint | None = None
    remote: Endpoint | None = None
    name: str = ""
    peer: int = 0
    interface: str = ""
    receive_queue: int | None = None
    send_queue: int | None = None
    uid: int | None = None
    inode: int = 0
    namespace: int = 0
    owners: tuple[Owner, ...] = ()
    tcp: Mapping[str, int] = field(default_factory=dict)
    congestion: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The sockets that were found, and in a line each what could not be known, and why."""

    entries: tuple[Entry, ...]
    missing: tuple[str, ...]


def sockets(*, all_namespaces: bool = False) -> Listing:
    """Every socket of the network namespace that this thread is in, or of all that /proc leads to.

    Raises LiveError when nothing at all can be listed.
    """
    held = holders()
    found: list[Entry] = []
    told: dict[str, None] = {}
    cookies: dict[int, int] = {}
    closed = 0
    for path in _namespaces() if all_namespaces else [None]:
        try:
            with entered(path):
                namespace = own_namespace()
                cookies[_cookie()] = namespace
                found += _listed(namespace, told)
        except NotPermitted:
            closed += 1
    seen = {entry.inode for entry in found}
    looked = {inode: each for inode, each in held.by_inode.items() if inode not in seen}
    found += _unlisted(looked, cookies)
    known: dict[int, Process | None] = {}

    def owner(holder: Holder) -> Owner | None:
        if holder.pid not in known:
            known[holder.pid] = process(holder.pid)
        holding = known[holder.pid]
        return None if holding is None else Owner(holding, holder.fd)

    entries = [
        replace(entry, owners=tuple(each for each in map(owner, held.by_inode.get(entry.inode, ())) if each))
        for entry in found
    ]
    if held.unreadable:
        told[unreadable(held.unreadable)] = None
    if closed:
        told[str(missing("CAP_SYS_ADMIN", f"looking into {closed:,} more of the network namespaces"))] = None
    return Listing(tuple(sorted(entries, key=_order)), tuple(told))


def _order(entry: Entry) -> tuple[object, ...]:
    """Where an entry stands in the list: by type, then by what a reader looks for."""
    place = TYPES.index(entry.type) if entry.type in TYPES else len(TYPES)
    local, remote = entry.local or Endpoint("", 0), entry.remote or Endpoint("", 0)
    waits = entry.state != "LISTEN"
    return place, entry.type, entry.namespace, waits, local.port, local, remote, entry.name, entry.inode


def _namespaces() -> list[str]:
    """A path to each network namespace that a process is in, that of this thread first."""
    paths = {own_namespace(): "/proc/thread-self/ns/net"}
    for pid in pids():
        namespace = namespace_of(pid)
        if namespace:
            paths.setdefault(namespace, f"/proc/{pid}/ns/net")
    return list(paths.values())


def _cookie() -> int:
    """What sockets of this namespace call it (SO_NETNS_COOKIE); 0 where the kernel has no such name for it."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
            return _cookie_of(probe)
    except OSError:
        return 0


def _cookie_of(of: socket.socket) -> int:
    try:
        return int.from_bytes(of.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8), sys.byteorder)
    except OSError:
        return 0


def _listed(namespace: int, told: dict[str, None]) -> Iterator[Entry]:
    """What the kernel lists of the namespace that this thread is in."""
    with Diagnostics() as diagnostics:
        for kind, protocol in (("tcp", socket.IPPROTO_TCP), ("udp", socket.IPPROTO_UDP)):
            for family in (socket.AF_INET, socket.AF_INET6):
                try:
                    messages = diagnostics.inet(family, protocol)
                except LiveError as error:
                    told[f"of {kind} sockets less is known: {error}"] = None
                    yield from _proc_inet(kind, family, namespace)
                else:
                    yield from (_inet_entry(each, kind, namespace) for each in messages)
        for kind in ("raw", "icmp"):
            for family in (socket.AF_INET, socket.AF_INET6):
                yield from _proc_inet(kind, family, namespace)
        try:
            unix = diagnostics.unix()
        except LiveError as error:
            told[f"of unix sockets less is known: {error}"] = None
            yield from _proc_unix(namespace)
        else:
            yield from (_unix_entry(each, namespace) for each in unix)
    yield from _proc_packet(namespace)
    yield from _proc_netlink(namespace)


def _inet_entry(message: InetMessage, kind: str, namespace: int) -> Entry:
    stream = kind == "tcp"
    local = Endpoint(_address(message.source), message.sport)
    remote = Endpoint(_address(message.destination), message.dport)
    has_peer = message.dport != 0
    return Entry(
        kind,
        _FAMILIES[socket.AddressFamily(message.family)],
        kind,
        "stream" if stream else "datagram",
        state=STATES.get(message.state, "") if stream else CONNECTED if has_peer else UNCONNECTED,
        local=local,
        remote=remote if has_peer else None,
        interface=_interface(message.interface),
        receive_queue=message.receive_queue,
        send_queue=message.send_queue,
        uid=message.uid,
        inode=message.inode,
        namespace=namespace,
        tcp=message.info,
        congestion=message.congestion,
    )


def _address(octets: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(octets) == 4 else socket.AF_INET6, octets)


def _interface(index: int) -> str:
    try:
        return socket.if_indextoname(index) if index else ""
    except OSError:  # it has gone meanwhile
        return str(index)


def _unix_entry(message: UnixMessage, namespace: int) -> Entry:
    return Entry(
        "unix",
        "unix",
        "",
        _SEMANTICS.get(message.type, ""),
        state=_UNIX_STATES.get(message.state, ""),
        name=_unix_name(message.name),
        peer=message.peer,
        receive_queue=message.receive_queue,
        send_queue=message.send_queue,
        uid=message.uid,
        inode=message.inode,
        namespace=namespace,
    )


def _unix_name(octets: bytes) -> str:
    text = octets.decode("utf-8", "surrogateescape")
    return text.replace("\0", "@") if text.startswith("\0") else text.rstrip("\0")


# -- /proc/net ------------------------------------------------------------------------------------------------


def _rows(name: str) -> Iterator[list[str]]:
    """The lines of a file of /proc/net, of this thread's namespace, in words; none where there is no such file."""
    try:
        with open(f"/proc/thread-self/net/{name}", "rb") as file:
            lines = file.read().decode("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        return
    for line in lines[1:]:
        yield line.split()


def _proc_inet(kind: str, family: socket.AddressFamily, namespace: int) -> Iterator[Entry]:
    """Sockets of an IP protocol: sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode."""
    for row in _rows(kind if family == socket.AF_INET else f"{kind}6"):
        local, remote = _proc_endpoint(row[1]), _proc_endpoint(row[2])
        send, receive = (int(each, 16) for each in row[4].split(":"))
        state = int(row[3], 16)
        protocol, has_peer = kind, remote.port != 0
        if kind == "raw":  # which has its protocol where others have their port
            protocol, has_peer = _protocol(local.port), state == 1
            local, remote = Endpoint(local.address, 0), Endpoint(remote.address, 0)
        yield Entry(
            kind,
            _FAMILIES[family],
            protocol,
            {"tcp": "stream", "raw": "raw"}.get(kind, "datagram"),
            state=STATES.get(state, "") if kind == "tcp" else CONNECTED if has_peer else UNCONNECTED,
            local=local,
            remote=remote if has_peer else None,
            receive_queue=receive,
            send_queue=send,
            uid=int(row[7]),
            inode=int(row[9]),
            namespace=namespace,
        )


def _proc_endpoint(text: str) -> Endpoint:
    """An address and a port as /proc/net writes them: 32-bit words in this machine's order, then the port."""
    address, _, port = text.partition(":")
    words = (address[at : at + 8] for at in range(0, len(address), 8))
    return Endpoint(_address(b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)), int(port, 16))


@functools.cache
def _protocol(number: int) -> str:
    """The name of an IP protocol, or its number where it has none here."""
    names = {
        value: name.removeprefix("IPPROTO_").lower()
        for name, value in vars(socket).items()
        if name.startswith("IPPROTO_")
    }
    return names.get(number, str(number))


def _proc_unix(namespace: int) -> Iterator[Entry]:
    """Unix sockets: number, references, protocol, flags, type, state, inode, name."""
    for row in _rows("unix"):
        listens = int(row[3], 16) & _SO_ACCEPTCON
        yield Entry(
            "unix",
            "unix",
            "",
            _SEMANTICS.get(int(row[4], 16), ""),
            state="LISTEN" if listens else _PROC_UNIX_STATES.get(int(row[5], 16), ""),
            name=" ".join(row[7:]),
            inode=int(row[6]),
            namespace=namespace,
        )


def _proc_packet(namespace: int) -> Iterator[Entry]:
    """Packet sockets: address, references, type, EtherType, interface, running, octets that wait, uid, inode."""
    for row in _rows("packet"):
        protocol = int(row[3], 16)
        interface = _interface(int(row[4]))
        yield Entry(
            "packet",
            "packet",
            "all" if protocol == 3 else f"0x{protocol:04x}",
            _SEMANTICS.get(int(row[2]), ""),
            name=interface or "any",
            interface=interface,
            receive_queue=int(row[6]),
            uid=int(row[7]),
            inode=int(row[8]),
            namespace=namespace,
        )


def _proc_netlink(namespace: int) -> Iterator[Entry]:
    """Netlink sockets: address, protocol, port, groups, octets that wait, octets sent, dump, locks, drops, inode."""
    for row in _rows("netlink"):
        protocol, port = int(row[1]), int(row[2])
        yield Entry(
            "netlink",
            "netlink",
            _NETLINK.get(protocol, str(protocol)),
            "raw",
            name=str(port) if port else "kernel",
            receive_queue=int(row[4]),
            send_queue=int(row[5]),
            inode=int(row[9]),
            namespace=namespace,
        )


# -- what nobody lists ----------------------------------------------------------------------------------------


def _unlisted(held: Mapping[int, tuple[Holder, ...]], cookies: Mapping[int, int]) -> Iterator[Entry]:
    """Sockets that a process holds and the kernel does not list, in the namespaces with these cookies."""
    for inode, each in held.items():
        try:
            with duplicate(*each[0]) as copy:
                namespace = cookies.get(_cookie_of(copy))
                if namespace is not None:
                    yield replace(_described(copy), inode=inode, namespace=namespace)
        except LiveError:  # not permitted, or closed meanwhile
            continue


def _described(copy: socket.socket) -> Entry:
    family, semantics = int(copy.family), _SEMANTICS.get(int(copy.type), "")
    if family not in (socket.AF_INET, socket.AF_INET6):
        name = _family_name(family)
        return Entry(name, name, "", semantics)
    protocol = _protocol(copy.proto)
    kind = "raw" if copy.type == socket.SOCK_RAW else "icmp" if protocol == "icmpv6" else protocol
    state = "CLOSED" if kind == "tcp" else UNCONNECTED
    return Entry(kind, _FAMILIES[socket.AddressFamily(family)], protocol, semantics, state=state)


def _family_name(number: int) -> str:
    try:
        return socket.AddressFamily(number).name.removeprefix("AF_").lower()
    except ValueError:
        return f"family {number}"
