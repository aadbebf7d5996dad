"""One thing that happened, whoever saw it: a system call, the kernel, a frame, or the narrator of a lab.

Every source of the timeline makes these, and whatever shows, saves or checks a timeline takes them. An event is plain
data: `as_object` gives what JSON can hold and `from_object` makes the same event of it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

CALL, RETURN, KERNEL, FRAME, NOTE = "call", "return", "kernel", "frame", "note"
"""The sources of events: a system call begins, it returns, the kernel says so, a frame, and words of a lab."""


class Endpoint(NamedTuple):
    """An address and a port: of a socket's near or far end. The address is empty where it is not known."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class Socket(NamedTuple):
    """A socket, as far as an event tells which one it is.

    `family` is "inet", "inet6", "unix", "netlink", "packet" or another of the kernel's names, `protocol` "tcp", "udp",
    "icmp" and so on, or empty; `inode` is that of sockfs, as in /proc/PID/fd, 0 where it is not known; `namespace` the
    inode of its network namespace (network_namespaces(7)), 0 where it is not known.
    """

    family: str = ""
    protocol: str = ""
    local: Endpoint | None = None
    remote: Endpoint | None = None
    inode: int = 0
    namespace: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at `time_ns`, nanoseconds since the epoch on the clock of the frames.

    `source` is CALL, RETURN, KERNEL, FRAME or NOTE, and `name` what it is:

    CALL, RETURN    the system call: "socket", "connect", "accept4", "close"
    KERNEL          "state" (values: old, new: RFC 9293's names), "send" and "receive" (values: length: octets that a
                    program gave to, or took from, the socket), "readable" (values: none), "queued" (a frame was given
                    to a device; values: interface, length), "arrived" (a device gave a frame; the same), "copied"
                    (octets left the receive queue; values: length), "dropped" (values: reason), "reset",
                    "retransmitted", "lost" (values: count: events that the kernel had no room for)
    FRAME           "frame"; `packet` is its number in the capture
    NOTE            "step" (values: number, title) or "note"

    `who` is the part it belongs to: "client", "server", or empty while nobody knows. `text` says it in one line:
    "connect(5, 10.9.0.2:9000)". `result` is what a call returned and `errno` the name of its error ("ECONNREFUSED").
    `state` is the state of the socket afterwards, empty where it has none or nobody knows.
    """

    time_ns: int
    source: str
    name: str
    text: str = ""
    who: str = ""
    pid: int = 0
    tid: int = 0
    program: str = ""
    fd: int = -1
    socket: Socket | None = None
    result: int | None = None
    errno: str = ""
    state: str = ""
    packet: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)


_PLAIN = ("text", "who", "pid", "tid", "program", "fd", "result", "errno", "state", "packet")
_DEFAULTS = {name: Event.__dataclass_fields__[name].default for name in _PLAIN}


def as_object(event: Event) -> dict[str, Any]:
    """An event as JSON holds it; what has its default is left out."""
    told: dict[str, Any] = {"time_ns": event.time_ns, "source": event.source, "name": event.name}
    told |= {name: value for name in _PLAIN if (value := getattr(event, name)) != _DEFAULTS[name]}
    if event.socket is not None:
        told["socket"] = {
            name: list(value) if isinstance(value, Endpoint) else value
            for name, value in event.socket._asdict().items()
            if value
        }
    if event.values:
        told["values"] = dict(event.values)
    return told


def from_object(told: Mapping[str, Any]) -> Event:
    """The event that `as_object` made this of.  Raises ValueError if it is none."""
    try:
        plain = {name: told[name] for name in _PLAIN if name in told}
        socket = told.get("socket")
        if socket is not None:
            ends = {name: Endpoint(*socket[name]) for name in ("local", "remote") if name in socket}
            socket = Socket(**{**socket, **ends})
        return Event(
            told["time_ns"], told["source"], told["name"], socket=socket, values=told.get("values", {}), **plain
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no event: {error}") from error
