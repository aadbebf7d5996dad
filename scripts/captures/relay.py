"""A wire that loses and delays what it is told to: a relay of frames between the two hosts.

The kernel's own means for this (netem, nftables) are not on every machine. Here each host's `eth0` ends in a third
namespace, where a thread carries frames from one to the other and asks a rule about each TCP segment.
"""

from __future__ import annotations

import heapq
import os
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread

from .hosts import CLIENT_MAC, Host, Lab

ETH_P_ALL, PACKET_OUTGOING = 3, 4  # linux/if_ether.h, linux/if_packet.h
FLAGS = "FSRPA"  # from the lowest bit up (RFC 9293, section 3.1)


@dataclass(frozen=True)
class Segment:
    """What a rule is told of a TCP segment."""

    from_client: bool
    flags: str
    data: bytes
    client_port: int

    @property
    def pure_ack(self) -> bool:
        """It acknowledges and does nothing else."""
        return self.flags == "A" and not self.data


Rule = Callable[[Segment], float | None]
"""How many seconds a segment is held back; None: it is lost."""


def pass_all(segment: Segment) -> float | None:
    """Hold nothing back."""
    return 0.0


def lose(count: int, of: Callable[[Segment], bool]) -> Rule:
    """A rule that loses the first `count` segments `of` a kind."""
    left = count

    def rule(segment: Segment) -> float | None:
        nonlocal left
        if left and of(segment):
            left -= 1
            return None
        return 0.0

    return rule


def delay(seconds: float, of: Callable[[Segment], bool], count: int = 1000) -> Rule:
    """A rule that holds back the first `count` segments `of` a kind; others overtake them."""
    left = count

    def rule(segment: Segment) -> float | None:
        nonlocal left
        if left and of(segment):
            left -= 1
            return seconds
        return 0.0

    return rule


def segment_of(frame: bytes) -> Segment | None:
    """The TCP segment in an Ethernet frame, None when there is none; addresses and options are passed over."""
    kind = frame[12:14]
    if kind == b"\x08\x00" and frame[23] == socket.IPPROTO_TCP:
        start = 14 + (frame[14] & 15) * 4
        end = 14 + int.from_bytes(frame[16:18])
    elif kind == b"\x86\xdd" and frame[20] == socket.IPPROTO_TCP:
        start = 14 + 40
        end = start + int.from_bytes(frame[18:20])
    else:
        return None
    from_client = frame[6:12] == bytes.fromhex(CLIENT_MAC.replace(":", ""))
    port = frame[start : start + 2] if from_client else frame[start + 2 : start + 4]
    flags = "".join(name for bit, name in enumerate(FLAGS) if frame[start + 13] >> bit & 1)
    return Segment(from_client, flags, frame[start + (frame[start + 12] >> 4) * 4 : end], int.from_bytes(port))


class RelayedLab(Lab):
    """Two hosts whose wire obeys `rule`, which a scene may change at any time."""

    def __init__(self) -> None:
        self.rule: Rule = pass_all
        super().__init__()

    def join(self) -> None:
        """Join each host to the relay in the middle, and start it."""
        self.middle = Host("", "", "")
        self.ends = []
        for name, host in (("client", self.client), ("server", self.server)):
            there = f"/proc/{os.getpid()}/fd/{host.namespace}"
            self.middle.ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", there)
            self.middle.sysctl(f"ipv6/conf/{name}/disable_ipv6", 1)  # it says nothing of its own
            self.middle.ip("link", "set", name, "up")
            end = self.middle.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            end.bind((name, ETH_P_ALL))
            self.ends.append(end)
        self.going = True
        self.thread = Thread(target=self.carry, daemon=True)
        self.thread.start()

    def carry(self) -> None:
        """Carry frames until the lab is closed, the delayed ones when their time has come."""
        held: list[tuple[float, int, int, bytes]] = []
        count = 0
        while self.going:
            wait = max(0.0, held[0][0] - time.monotonic()) if held else 0.1
            ready, _, _ = select.select(self.ends, [], [], min(wait, 0.1))
            for end in ready:
                frame, address = end.recvfrom(1 << 16)
                if address[2] == PACKET_OUTGOING:
                    continue
                segment = segment_of(frame)
                seconds = self.rule(segment) if segment else 0.0
                if seconds is not None:
                    count += 1
                    other = 1 - self.ends.index(end)
                    heapq.heappush(held, (time.monotonic() + seconds, count, other, frame))
            while held and held[0][0] <= time.monotonic():
                _, _, other, frame = heapq.heappop(held)
                self.ends[other].send(frame)

    def close(self) -> None:
        """Let the hosts go, and the relay."""
        self.going = False
        self.thread.join()
        self.middle.close()
        super().close()
