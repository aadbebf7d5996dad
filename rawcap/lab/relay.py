"""A bad link: a relay of frames between the two hosts that loses, delays, reorders and duplicates what it is told to.

The kernel's own means for this (netem, tc-netem(8)) are not on every machine. Here each host's `eth0` ends in a third
network namespace, where a process of rawcap's carries frames from one to the other. What it does to a frame depends on
a seed and on how many frames came before in the same direction, on nothing else: a lab can be repeated.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import os
import random
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from rawcap.lab.hosts import (
    CLIENT,
    CLIENT_MAC,
    INTERFACE,
    SERVER,
    SERVER_MAC,
    Guardian,
    Host,
    close_all,
    die_with,
    set_up,
)
from rawcap.stack.event import NOTE, Event, as_object, from_object

LOST, HELD, DUPLICATED = "lost", "reordered", "duplicated"
"""What the relay does to a frame, beside delaying it."""

_ETH_P_ALL, _PACKET_OUTGOING = 3, 4  # linux/if_ether.h, linux/if_packet.h
_HELD_SECONDS = 0.05  # a frame that is to be overtaken waits so long at the most
_MOST_WAITING = 10_000  # frames; more than that are lost, as a queue loses what it has no room for
_FLAGS = ((0x02, "SYN"), (0x01, "FIN"), (0x04, "RST"), (0x10, "ACK"))
_LONGEST = 1 << 16


@dataclass(frozen=True)
class Conditions:
    """How bad a link is: probabilities from 0 to 1 for each frame, and a delay in seconds, each way.

    `lose` has frames that are lost for certain, once each: "client data" is the first segment with data that the
    client sends; the kinds are those of `kind_of`.
    """

    loss: float = 0.0
    delay: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    seed: int = 1
    lose: tuple[str, ...] = ()

    @property
    def perfect(self) -> bool:
        """Whether nothing is to be done to any frame."""
        return not (self.loss or self.delay or self.reorder or self.duplicate or self.lose)


class Fate(NamedTuple):
    """What becomes of a frame; `kind` says what it is, empty where the relay leaves it alone."""

    kind: str
    lost: bool = False
    held: bool = False
    duplicated: bool = False


@dataclass
class Link:
    """Decides what becomes of each frame. Pure: the same frames in the same order always have the same fate."""

    conditions: Conditions
    _dice: dict[str, random.Random] = field(init=False)
    _to_lose: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._dice = {side: random.Random(f"{self.conditions.seed} {side}") for side in (CLIENT, SERVER)}
        self._to_lose = list(self.conditions.lose)

    def fate(self, sender: str, frame: bytes) -> Fate:
        """What becomes of the next frame of a sender, "client" or "server"."""
        kind = kind_of(frame)
        if not kind:
            return Fate("")
        dice = self._dice[sender]
        draws = (dice.random(), dice.random(), dice.random())  # always three, whatever they decide
        chosen = f"{sender} {kind}"
        if chosen in self._to_lose:
            self._to_lose.remove(chosen)
            return Fate(kind, lost=True)
        if draws[0] < self.conditions.loss:
            return Fate(kind, lost=True)
        return Fate(kind, False, draws[1] < self.conditions.reorder, draws[2] < self.conditions.duplicate)


def kind_of(frame: bytes) -> str:
    """What an Ethernet frame is: "SYN", "SYN/ACK", "ACK", "FIN", "RST", "data", "UDP", "ICMP", or empty.

    What hosts tell each other about their link (ARP, neighbour discovery, multicast listeners) is empty: the relay
    leaves it alone. "FIN" and "data" say more than the ACK that stands beside them.
    """
    kind = frame[12:14]
    if kind == b"\x08\x00":
        protocol, start = frame[23], 14 + (frame[14] & 15) * 4
        end = 14 + int.from_bytes(frame[16:18])
        if int.from_bytes(frame[20:22]) & 0x1FFF:
            return "fragment"
    elif kind == b"\x86\xdd":
        protocol, start = frame[20], 54
        end = start + int.from_bytes(frame[18:20])
    else:
        return ""
    if protocol == socket.IPPROTO_UDP:
        return "UDP"
    if protocol == socket.IPPROTO_ICMP or (protocol == socket.IPPROTO_ICMPV6 and frame[start] < 130):
        return "ICMP"
    if protocol != socket.IPPROTO_TCP or len(frame) < start + 20:
        return ""
    names = [name for bit, name in _FLAGS if frame[start + 13] & bit]
    if "RST" in names or "FIN" in names:
        return "RST" if "RST" in names else "FIN"
    if names[:1] == ["SYN"]:
        return "/".join(names)
    return "data" if end > start + (frame[start + 12] >> 4) * 4 else "ACK"


class Relay:
    """The link between two hosts, carried by a process of its own; `report` gets an event for each frame it harms."""

    def __init__(
        self,
        client: Host,
        server: Host,
        guardian: Guardian,
        conditions: Conditions,
        report: Callable[[Event], object],
        *,
        ipv6: bool,
    ) -> None:
        self._report = report
        self._middle = Host("link", guardian)
        ends = []
        self._middle.speak_ipv6(False)  # the link says nothing of its own
        for host in (client, server):
            host.speak_ipv6(ipv6)
        for name, host, mac in ((CLIENT, client, CLIENT_MAC), (SERVER, server, SERVER_MAC)):
            peer = {"ifname": INTERFACE, "net_ns_fd": host.namespace, "address": mac}
            with self._middle.route() as route:
                route.link("add", ifname=name, kind="veth", peer=peer)
                route.link("set", index=route.link_lookup(ifname=name)[0], state="up")
            with self._middle.inside():
                end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.htons(_ETH_P_ALL))
                end.bind((name, _ETH_P_ALL))
            ends.append(end)
        set_up(client, server, ipv6=ipv6)
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        lesson = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._middle.enter()
                die_with(lesson)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                close_all(3, other.fileno(), *(end.fileno() for end in ends))
                _Carrying(ends, other, Link(conditions)).run()
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(1)
        other.close()
        for end in ends:
            end.close()

    def fileno(self) -> int:
        """The descriptor that can be read when it has something to report."""
        return self._channel.fileno()

    def collect(self) -> bool:
        """Take in what it has done since; whether there was anything."""
        found = False
        while select.select([self._channel], [], [], 0)[0]:
            message = self._channel.recv(_LONGEST)
            if not message:
                break
            self._report(from_object(json.loads(message)))
            found = True
        return found

    def close(self) -> None:
        """Cut the link."""
        self._channel.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self._middle.close()


class _Carrying:
    """The process that carries frames: `ends` are that of the client and that of the server."""

    def __init__(self, ends: list[socket.socket], lesson: socket.socket, link: Link) -> None:
        self.ends = ends
        self.lesson = lesson
        self.link = link
        self.waiting: list[tuple[float, int, int, bytes]] = []
        """When to send, the place in the order of arrival, through which end, what."""
        self.held: dict[int, tuple[float, bytes]] = {}
        """For each end a frame that waits to be overtaken, and how long it may wait."""
        self.count = 0

    def run(self) -> None:
        """Carry until the lesson is over."""
        while True:
            times = [each[0] for each in self.waiting[:1]] + [until for until, _ in self.held.values()]
            wait = max(0.0, min(times) - time.monotonic()) if times else None
            ready, _, _ = select.select([*self.ends, self.lesson], [], [], wait)
            if self.lesson in ready:  # it never says anything: this is its end
                return
            for end in ready:
                frame, address = end.recvfrom(1 << 16)
                if address[2] != _PACKET_OUTGOING:
                    self.take(self.ends.index(end), frame)
            now = time.monotonic()
            for to, (until, frame) in list(self.held.items()):
                if until <= now:
                    del self.held[to]
                    self.send(to, frame)
            while self.waiting and self.waiting[0][0] <= now:
                _, _, to, frame = heapq.heappop(self.waiting)
                self.send(to, frame)

    def take(self, come_from: int, frame: bytes) -> None:
        """A frame has come from a host: decide what becomes of it."""
        sender, to = (CLIENT, SERVER)[come_from], 1 - come_from
        fate = self.link.fate(sender, frame)
        if fate.lost or len(self.waiting) > _MOST_WAITING:
            self.tell(LOST, sender, fate.kind)
            return
        due = time.monotonic() + (self.link.conditions.delay if fate.kind else 0.0)
        if fate.held and to not in self.held:
            self.tell(HELD, sender, fate.kind)
            self.held[to] = due + _HELD_SECONDS, frame
            return
        copies = 2 if fate.duplicated else 1
        if fate.duplicated:
            self.tell(DUPLICATED, sender, fate.kind)
        for _ in range(copies):
            self.queue(due, to, frame)
        if to in self.held:  # it has been overtaken
            self.queue(due, to, self.held.pop(to)[1])

    def queue(self, due: float, to: int, frame: bytes) -> None:
        self.count += 1
        heapq.heappush(self.waiting, (due, self.count, to, frame))

    def send(self, to: int, frame: bytes) -> None:
        with contextlib.suppress(OSError):  # the host's end is down: so is a cable that is not plugged in
            self.ends[to].send(frame)

    def tell(self, did: str, sender: str, kind: str) -> None:
        text = f"the link: {did}: {kind} of the {sender}"
        event = Event(time.time_ns(), NOTE, "note", text, values={"link": did, "from": sender, "frame": kind})
        self.lesson.send(json.dumps(as_object(event)).encode())
