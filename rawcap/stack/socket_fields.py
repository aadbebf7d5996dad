"""The fields of a socket by name, for the display filter, columns and JSON; and the filter over them.

    wanted = socket_filter("socket.type == tcp && socket.tcp.rtt > 10000")
    [entry for entry in sockets().entries if wanted(entry)]

The language is that of packets (rawcap/filter): a field may have several values, as a socket has several owners, and
none, as one in TIME-WAIT has no process.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

from dissectors.fields import Field, IPv4Address, IPv6Address, Text, Time, Uint
from dissectors.graph import Graph
from rawcap.filter.check import check
from rawcap.filter.on_packet import Compiler, Predicate, Values
from rawcap.filter.parse import parse
from rawcap.filter.syntax import Range
from rawcap.stack.event import Endpoint
from rawcap.stack.sockets import Entry

Reader = Callable[[Entry], Iterable[Any]]


class SocketField(NamedTuple):
    """A field: what kind of value it has and what that means, and what reads its values from an entry."""

    declared: Field
    values: Reader


_FIELDS: dict[str, SocketField] = {}


def _field(name: str, declared: Field, values: Reader) -> None:
    declared.name = name
    _FIELDS[name] = SocketField(declared, values)


def _some(value: Any) -> tuple[Any, ...]:
    """A value, or none where nobody told it."""
    return () if value is None or value == "" else (value,)


def _version(ends: Iterable[Endpoint | None], version: int) -> list[str]:
    return [end.address for end in ends if end is not None and (":" in end.address) == (version == 6) and end.address]


def _ends(prefix: str, meaning: str, ends: Callable[[Entry], tuple[Endpoint | None, ...]]) -> None:
    """The fields of one end, or of both."""
    _field(f"{prefix}.ip", IPv4Address(f"IPv4 address of {meaning}"), lambda entry: _version(ends(entry), 4))
    _field(f"{prefix}.ipv6", IPv6Address(f"IPv6 address of {meaning}"), lambda entry: _version(ends(entry), 6))
    _field(
        f"{prefix}.port",
        Uint(16, f"port of {meaning}"),
        lambda entry: [end.port for end in ends(entry) if end is not None and end.port],
    )


_field("socket.type", Text("tcp, udp, raw, icmp, unix, packet, netlink"), lambda entry: (entry.type,))
_field("socket.family", Text("address family"), lambda entry: (entry.family,))
_field("socket.protocol", Text("protocol"), lambda entry: _some(entry.protocol))
_field("socket.semantics", Text("stream, datagram, raw, seqpacket"), lambda entry: _some(entry.semantics))
_field("socket.state", Text("state"), lambda entry: _some(entry.state))
_ends("socket.local", "the local end", lambda entry: (entry.local,))
_ends("socket.remote", "the remote end", lambda entry: (entry.remote,))
_ends("socket", "either end", lambda entry: (entry.local, entry.remote))
_field("socket.name", Text("path of a unix socket, interface, netlink port"), lambda entry: _some(entry.name))
_field("socket.peer", Uint(64, "inode of the other end of a unix socket"), lambda entry: _some(entry.peer or None))
_field("socket.interface", Text("interface that it is bound to"), lambda entry: _some(entry.interface))
_field("socket.receive_queue", Uint(32, "octets that wait to be read"), lambda entry: _some(entry.receive_queue))
_field("socket.send_queue", Uint(32, "octets not acknowledged yet"), lambda entry: _some(entry.send_queue))
_field("socket.inode", Uint(64, "inode, 0 for one that no program has"), lambda entry: (entry.inode,))
_field("socket.namespace", Uint(64, "inode of the network namespace"), lambda entry: (entry.namespace,))
_field("socket.uid", Uint(32, "user who made it"), lambda entry: _some(entry.uid))
_field("socket.pid", Uint(32, "process that holds it"), lambda entry: [each.process.pid for each in entry.owners])
_field("socket.fd", Uint(32, "descriptor that the process has"), lambda entry: [each.fd for each in entry.owners])
_field("socket.process.name", Text("name of the process"), lambda entry: [each.process.name for each in entry.owners])
_field(
    "socket.process.command",
    Text("arguments of the process"),
    lambda entry: [each.process.command for each in entry.owners],
)
_field("socket.process.user", Text("user of the process"), lambda entry: [each.process.user for each in entry.owners])
_field(
    "socket.process.started",
    Time("when the process began, seconds since the epoch"),
    lambda entry: [each.process.started_ns for each in entry.owners],
)
_field("socket.tcp.congestion", Text("congestion control of TCP"), lambda entry: _some(entry.congestion))


def _of_tcp(name: str) -> Reader:
    return lambda entry: _some(entry.tcp.get(name))


for _name, _meaning in {
    "rto": "retransmission timeout, microseconds",
    "rtt": "round-trip time, smoothed, microseconds",
    "rttvar": "variation of the round-trip time, microseconds",
    "min_rtt": "least round-trip time, microseconds",
    "snd_mss": "maximum segment size to send, octets",
    "rcv_mss": "maximum segment size received, octets",
    "advmss": "maximum segment size announced, octets",
    "pmtu": "path MTU, octets",
    "snd_cwnd": "congestion window, segments",
    "snd_ssthresh": "slow start threshold, segments",
    "snd_wnd": "window that the peer announces, octets",
    "rcv_wnd": "window that is announced to the peer, octets",
    "snd_wscale": "window scale of the peer",
    "rcv_wscale": "window scale announced",
    "unacked": "segments sent and not acknowledged",
    "sacked": "segments acknowledged selectively",
    "lost": "segments taken for lost",
    "retrans": "segments retransmitted and not acknowledged yet",
    "retransmits": "retransmissions of the oldest segment in a row",
    "total_retrans": "segments retransmitted",
    "bytes_sent": "octets sent, retransmissions included",
    "bytes_acked": "octets acknowledged by the peer",
    "bytes_received": "octets received",
    "bytes_retrans": "octets retransmitted",
    "notsent_bytes": "octets written and not sent yet",
    "segs_out": "segments sent",
    "segs_in": "segments received",
    "data_segs_out": "segments with data sent",
    "data_segs_in": "segments with data received",
    "pacing_rate": "pacing rate, octets a second",
    "delivery_rate": "rate of delivery, octets a second",
    "last_data_sent": "since data was sent, milliseconds",
    "last_data_recv": "since data was received, milliseconds",
    "busy_time": "time with data to send, microseconds",
    "rwnd_limited": "of it, held up by the peer's window, microseconds",
    "sndbuf_limited": "of it, held up by the send buffer, microseconds",
    "rcv_ooopack": "segments received out of order",
    "reordering": "segments that may arrive out of order",
}.items():
    _field(f"socket.tcp.{_name}", Uint(64, _meaning), _of_tcp(_name))

FIELDS = dict(_FIELDS)
"""Every field of a socket by its name, in the order in which they are shown."""


class _Names(Graph):
    """What the filter's checker asks of a parse graph: which names there are, and of what kind."""

    @property
    def fields(self) -> dict[str, list[Field]]:
        return {name: [each.declared] for name, each in FIELDS.items()}


_PACKED: dict[str, Callable[[str], bytes]] = {
    "ipv4": lambda text: ipaddress.IPv4Address(text).packed,
    "ipv6": lambda text: ipaddress.IPv6Address(text).packed,
}


class _OnEntry(Compiler):
    """Makes functions of sockets, where its base makes those of packets."""

    def field(self, declared: list[Field], layers: tuple[Range, ...]) -> Values:
        name, kind = declared[0].name, declared[0].type
        values, pack = FIELDS[name].values, _PACKED.get(kind)
        read: Callable[[Entry], list[Any]] = (
            (lambda entry: list(values(entry))) if pack is None else (lambda entry: [*map(pack, values(entry))])
        )
        return cast("Values", read)


def socket_filter(text: str) -> Callable[[Entry], bool]:
    """The filter that `text` says, as a function of a socket; an empty one lets every socket pass.

    Raises FilterError.
    """
    names = _Names()
    compiled: Predicate = _OnEntry(names).test(check(parse(text), text, names))
    return cast("Callable[[Entry], bool]", compiled)


def as_object(entry: Entry) -> dict[str, Any]:
    """A socket as JSON holds it: its fields by name, without those that have no value.

    What a process has is a list, an item for each that holds the socket; the same order in each list. Fields of either
    end are left out, as the ends have their own.
    """
    told: dict[str, Any] = {}
    for name, each in FIELDS.items():
        values = [each.declared.text(value) if each.declared.type == "time" else value for value in each.values(entry)]
        several = name.startswith(("socket.process.", "socket.pid", "socket.fd"))
        if values and name not in ("socket.ip", "socket.ipv6", "socket.port"):
            told[name] = values if several else values[0]
    return told
