"""Whose events they are: the sockets of processes, the connections that they are ends of, and who is client or server.

An event tells of its socket what its source knew: a descriptor of a process, an inode, addresses, or some of these.
`Parties` puts together what all events of a socket say, so that `socket() = 5`, which has no address yet, is found to
be the client's end of a connection when connect() has given it one.

A socket that calls connect() is a client's, one that listens or was accepted a server's. Of datagrams a socket that was
bound to a port, or received before it ever sent, is a server's, one that sends first, from no port of its own, a
client's; it stays that. Where two sockets connect to each other (simultaneous open), and for datagrams of which the
calls do not tell, or both of whose sockets are servers', the client is who sent the first frame. What a process does
apart from its sockets belongs to the role that all of its sockets have, if they have one in common.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from rawcap.stack.calls import RECEIVING, SENDING
from rawcap.stack.event import CALL, KERNEL, RETURN, Endpoint, Event
from rawcap.tcp.connection import Connection
from rawcap.tcp.exchange import Exchange

ACCEPTS = frozenset({"accept", "accept4"})
ENDS = frozenset({"close", "shutdown"})
_COPIES = frozenset({"dup", "dup2", "dup3"})
_KINDS = {"SOCK_STREAM": "tcp", "SOCK_DGRAM": "udp"}
_DATAGRAMS = frozenset({"udp", "udplite"})


class End:
    """One end of a connection or exchange: an address and a port, the socket there, and what is known of its life.

    `written` and `read` are octets that calls gave to it and took from it, `received` those that the kernel says a
    program took; the first two are no longer counted (`writes_counted`, `reads_counted`) after a call that told of
    messages and not of octets. `state` is as far as the timeline has come, `proven` as far as frames have; `is_told`
    means that the kernel tells its states.
    """

    __slots__ = (
        "begun",
        "endpoint",
        "flow",
        "is_told",
        "proven",
        "read",
        "reads_counted",
        "received",
        "state",
        "writes_counted",
        "written",
    )

    def __init__(self, flow: Flow, endpoint: Endpoint) -> None:
        self.flow = flow
        self.endpoint = endpoint
        self.written = self.read = self.received = 0
        self.reads_counted = self.writes_counted = True
        self.begun = False  # whether its events are known from its first octet on
        self.state = self.proven = ""
        self.is_told = False

    @property
    def other(self) -> End:
        """The opposite end."""
        return next(end for end in self.flow.ends if end is not self)


class Flow:
    """A connection, or an exchange of datagrams, between two ends.

    `connection` is what frames tell of it, None before the first. `client` is the end that the calls, or else the
    frames, show to be the client's.
    """

    __slots__ = ("called", "connection", "ends", "is_seen_twice", "number", "protocol", "served")

    def __init__(self, protocol: str, number: int, first: Endpoint, second: Endpoint) -> None:
        self.protocol = protocol
        self.number = number
        """In the order in which they appear, from 0."""
        self.ends = (End(self, first), End(self, second))
        self.connection: Connection | Exchange | None = None
        self.called: set[Endpoint] = set()  # ends whose socket called connect(), or sends datagrams as a client's
        self.served: set[Endpoint] = set()  # ends of datagrams whose socket is a server's
        self.is_seen_twice = False  # whether its frames are captured where they leave and where they arrive

    @property
    def client(self) -> End:
        """The client's end; the first one where nothing tells."""
        if len(self.called) == 1:
            (endpoint,) = self.called
            return self.at(endpoint)
        if len(self.served) == 1:
            (endpoint,) = self.served
            return self.at(endpoint).other
        if self.connection is not None:
            side = self.connection.client
            return self.at(plain(Endpoint(side.address, side.port)))
        return self.ends[0]

    def at(self, endpoint: Endpoint) -> End:
        """The end with this address and port."""
        return self.ends[0] if self.ends[0].endpoint == endpoint else self.ends[1]


class Known:
    """A socket, with all that its events have told of it."""

    __slots__ = (
        "end",
        "family",
        "held",
        "inode",
        "is_connected",
        "is_listener",
        "is_told",
        "local",
        "protocol",
        "remote",
        "role",
        "state",
    )

    def __init__(self) -> None:
        self.family = self.protocol = self.role = self.state = ""
        self.local: Endpoint | None = None
        self.remote: Endpoint | None = None
        self.held: set[tuple[int, int]] = set()  # processes and their descriptors that are known to lead to it
        self.inode = 0
        self.is_connected = self.is_listener = self.is_told = False
        self.end: End | None = None


class Parties:
    """Learns from events, in the order in which they happened, and from frames."""

    def __init__(self) -> None:
        self.flows: list[Flow] = []
        self.endpoints: set[tuple[str, Endpoint]] = set()
        """Protocol, address and port of every end that an event has named."""
        self.others: set[str] = set()
        """Families and protocols of sockets that have no ports."""
        self._by_inode: dict[int, Known] = {}
        self._by_descriptor: dict[tuple[int, int], Known] = {}
        self._by_ends: dict[tuple[str, Endpoint, Endpoint | None], Known] = {}
        self._current: dict[tuple[str, frozenset[Endpoint]], Flow] = {}
        self._at: dict[tuple[str, Endpoint], list[Flow]] = {}
        self._roles: dict[int, set[str]] = {}
        self._accepting: dict[int, Known] = {}  # by thread

    # -- sockets ------------------------------------------------------------------------------------------

    def learn(self, event: Event) -> Known | None:
        """The socket that an event is about, None where it is about none; what the event tells is remembered."""
        known = self._returned(event) if event.source == RETURN else None
        if known is None:
            known = self._found(event)
        if known is None:
            return None
        self._tell(known, event)
        if known.protocol in _DATAGRAMS:
            known.role = known.role or _datagram_role(known, event)
        elif event.name == "connect" and event.source == CALL:
            known.role = "client"
        elif event.name == "listen" or event.name in ACCEPTS:
            known.role = "server"
            known.is_listener |= event.name == "listen" or event.source == CALL
            if event.source == CALL:
                self._accepting[event.tid] = known
        known.is_connected |= event.name == "connect"
        if event.who:
            known.role = event.who.partition(" ")[0]
        if known.role and event.pid and event.source != KERNEL:
            self._roles.setdefault(event.pid, set()).add(known.role)
        if event.source == KERNEL and event.name == "state":
            known.is_told = True
        if event.name == "close" and event.source == RETURN:
            self._hold((event.pid, event.fd), None)
        self._join(known)
        return known

    def _returned(self, event: Event) -> Known | None:
        """The socket that a call has made or copied."""
        if event.result is None or event.result < 0:
            return None
        if event.name == "socket":
            known = Known()
            if "AF_INET" in event.text:  # where the socket itself could not be looked into, its call tells
                known.protocol = next((protocol for kind, protocol in _KINDS.items() if kind in event.text), "")
        elif event.name in ACCEPTS:
            listener = self._accepting.pop(event.tid, None)
            socket = event.socket
            known = Known()
            if socket is not None and socket.remote is not None:  # the kernel may have told of it before
                protocol = socket.protocol or (listener.protocol if listener is not None else "")
                known = self._ended(protocol, socket.local, socket.remote) or known
            if listener is not None:
                known.local = known.local or listener.local
                known.protocol = known.protocol or listener.protocol
                known.family = known.family or listener.family
        elif event.name in _COPIES and (event.pid, event.fd) in self._by_descriptor:
            known = self._by_descriptor[event.pid, event.fd]
        else:
            return None
        self._hold((event.pid, event.result), known)
        return known

    def _hold(self, descriptor: tuple[int, int], known: Known | None) -> None:
        """Remember which socket a descriptor of a process leads to, None for no socket any more."""
        before = self._by_descriptor.pop(descriptor, None)
        if before is not None:
            before.held.discard(descriptor)
        if known is not None:
            self._by_descriptor[descriptor] = known
            known.held.add(descriptor)

    def _found(self, event: Event) -> Known | None:
        socket = event.socket
        known = None
        if socket is not None and socket.inode:
            known = self._by_inode.get(socket.inode)
        if known is None and event.fd >= 0 and event.pid:
            known = self._by_descriptor.get((event.pid, event.fd))
        if known is None and socket is not None and socket.local is not None and event.fd < 0:
            known = self._ended(socket.protocol, socket.local, socket.remote)
        if known is None and (socket is not None or (event.fd >= 0 and event.pid)):
            known = Known()
        # The first descriptor of splice() may be the pipe that it takes from.
        if known is not None and event.fd >= 0 and event.pid and event.source != KERNEL and event.name != "splice":
            self._hold((event.pid, event.fd), known)
        return known

    def _ended(self, protocol: str, local: Endpoint | None, remote: Endpoint | None) -> Known | None:
        """The socket with these ends; a listener's may be bound to every address."""
        if local is None:
            return None
        if remote is not None and not remote.port:
            remote = None
        known = self._by_ends.get((protocol, plain(local), plain(remote) if remote else None))
        if known is None and remote is None:
            known = next(
                (
                    each
                    for (kind, end, far), each in self._by_ends.items()
                    if kind == protocol and far is None and end.port == local.port and is_any(end.address)
                ),
                None,
            )
        return known

    def _tell(self, known: Known, event: Event) -> None:
        """Remember what an event says of the addresses of its socket."""
        socket = event.socket
        if event.name == "connect" and (target := addressed(event)) is not None:
            known.remote = plain(target)
            self.endpoints.add((known.protocol or (socket.protocol if socket is not None else ""), known.remote))
        if socket is None:
            return
        known.family = socket.family or known.family
        known.protocol = socket.protocol or known.protocol
        if socket.inode:
            known.inode = socket.inode
            self._by_inode[socket.inode] = known
        if known.protocol not in ("tcp", "udp", "udplite"):
            self.others.add(known.protocol or known.family)
        if socket.local is not None and socket.local.port:
            known.local = plain(socket.local)
            self.endpoints.add((known.protocol, known.local))
        remote = socket.remote
        if remote is not None and remote.port:
            known.remote = plain(remote)
            self.endpoints.add((known.protocol, known.remote))
        if known.local is not None and (known.protocol not in _DATAGRAMS or known.is_connected):
            self._by_ends[known.protocol, known.local, known.remote] = known

    def _join(self, known: Known) -> None:
        """Make a socket the end of its connection, once both addresses are known."""
        if known.local is None or known.remote is None or is_any(known.local.address) or known.is_listener:
            return
        if known.end is None or known.end.other.endpoint != known.remote:
            known.end = self.flow(known.protocol, known.local, known.remote).at(known.local)
            known.end.state = known.end.state or known.state
        if known.role == "client" and known.protocol == "tcp":
            known.end.flow.called.add(known.end.endpoint)
        _serve(known, known.end)
        known.end.is_told |= known.is_told

    # -- connections --------------------------------------------------------------------------------------

    def flow(self, protocol: str, first: Endpoint, second: Endpoint) -> Flow:
        """The connection between two ends that is the latest; a new one where there is none."""
        key = (protocol, frozenset((first, second)))
        flow = self._current.get(key)
        if flow is None:
            flow = self._current[key] = Flow(protocol, len(self.flows), first, second)
            self.flows.append(flow)
            for end in {first, second}:
                self._at.setdefault((protocol, end), []).append(flow)
        return flow

    def at(self, protocol: str, endpoint: Endpoint) -> list[Flow]:
        """The connections that have this end, in the order in which they appeared."""
        return self._at.get((protocol, endpoint), [])

    def carried(self, protocol: str, source: Endpoint, target: Endpoint, connection: Connection | Exchange) -> Flow:
        """The connection that a frame belongs to, of which frames say that it is `connection`.

        Ports that are used again make another one: the sockets of the one before keep theirs.
        """
        flow = self.flow(protocol, source, target)
        if flow.connection is not None and flow.connection is not connection:
            del self._current[protocol, frozenset((source, target))]
            flow = self.flow(protocol, source, target)
        flow.connection = connection
        return flow

    def is_concerned(self, protocol: str, ends: Iterable[Endpoint]) -> bool:
        """Whether an event has named one of these ends, or a socket that is bound to all addresses at its port."""
        return any(
            (protocol, each) in self.endpoints
            or any((protocol, Endpoint(address, each.port)) in self.endpoints for address in ("0.0.0.0", "::"))
            for each in ends
        )

    def end_of(self, event: Event, known: Known | None) -> End | None:
        """The end that an event happened at: that of its own addresses, which a datagram has, or of its socket."""
        if known is None:
            return None
        target = addressed(event) if event.name not in ("bind", "getsockname") else None  # these name the near end
        if target is not None and known.protocol in _DATAGRAMS:
            remote = plain(target)
            for flow in reversed(self.at(known.protocol, remote)):
                end = flow.at(remote).other
                if known.local is not None and known.local.port == end.endpoint.port:
                    return _serve(known, end)
            if known.local is not None and known.local.port and not is_any(known.local.address):
                return _serve(known, self.flow(known.protocol, known.local, remote).at(known.local))
        return known.end

    # -- roles --------------------------------------------------------------------------------------------

    def role(self, event: Event, known: Known | None, end: End | None) -> str:
        """ "client", "server", or empty where nothing tells."""
        if event.who:
            return event.who
        if known is not None and known.protocol in _DATAGRAMS and known.role:
            return known.role
        if end is not None and (end.flow.called or end.flow.connection is not None):
            return "client" if end.flow.client is end else "server"
        if known is not None and known.role:
            return known.role
        if event.source == KERNEL and not event.fd >= 0:
            return ""
        roles = self._roles.get(event.pid, set())
        return next(iter(roles)) if len(roles) == 1 else ""


def _datagram_role(known: Known, event: Event) -> str:
    """What an event shows the socket of datagrams to be that was nothing yet."""
    if event.source == KERNEL or event.errno:
        return ""
    if event.name == "bind":
        address = event.values.get("address")
        chosen = isinstance(address, (list, tuple)) and len(address) == 2 and address[1]
        return "server" if chosen or (event.source == CALL and known.local is not None) else ""
    if event.name in RECEIVING | {"recv"}:
        return "server"
    if event.name == "connect" or (event.name in SENDING | {"send"} and event.source == CALL and known.local is None):
        return "client"
    return ""


def _serve(known: Known, end: End) -> End:
    """Let the role of a socket of datagrams say which end is the client; gives the end."""
    if known.protocol in _DATAGRAMS and known.role:
        (end.flow.called if known.role == "client" else end.flow.served).add(end.endpoint)
        if len(end.flow.served) == 2 and known.role == "server" and end.flow.connection is not None:
            known.role = "client" if end.flow.client is end else known.role
    return end


def addressed(event: Event) -> Endpoint | None:
    """The far end that a call names: of connect, sendto, recvfrom; else that of its socket, as far as it is known."""
    address = event.values.get("address")
    if isinstance(address, (list, tuple)) and len(address) == 2:
        host, port = address
        if isinstance(host, str) and isinstance(port, int) and port:
            return Endpoint(host, port)
    return event.socket.remote if event.socket is not None else None


def plain(endpoint: Endpoint) -> Endpoint:
    """An end as frames have it: an IPv4 address that a socket of IPv6 uses (RFC 4291, 2.5.5.2) is an IPv4 address."""
    address = endpoint.address
    if ":" in address:
        address = address.partition("%")[0]
        try:
            found = ipaddress.IPv6Address(address)
        except ValueError:
            return endpoint
        address = str(found.ipv4_mapped or found)
    return Endpoint(address, endpoint.port)


def is_any(address: str) -> bool:
    """Whether an address stands for all that a host has."""
    return address in ("", "0.0.0.0", "::")
