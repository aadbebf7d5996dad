#!/usr/bin/env python3
"""Packet by packet: rawcap beside dpkt and scapy, in one process, on the same capture.

    .venv/bin/python scripts/bench/packets.py [CAPTURE] [--rounds N]

Each reads time, both addresses as text, both ports, and for TCP sequence and acknowledgement numbers and flags,
of every packet; scapy, which is slow, of the first 5,000.  The three take turns, round by round, so that a machine
whose speed drifts is the same for all; what counts is the ratio within a round.  Without a CAPTURE the packets of
pcaps/ are repeated up to 200,000.
"""
from __future__ import annotations

import argparse
import itertools
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dpkt
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.utils import PcapReader

import rawcap
from scripts.bench.measure import repeated

SLOW = 5_000


def with_rawcap(path: Path) -> Iterator[tuple[object, ...]]:
    for packet in rawcap.read(path):
        ip = packet.ip or packet.ipv6
        tcp = packet.tcp
        if ip and tcp:
            yield (
                packet.time, ip.src, ip.dst, tcp.srcport, tcp.dstport, tcp.seq_raw, tcp.ack_raw, tcp.flags
            )  # fmt: skip
        elif ip and packet.udp:
            yield packet.time, ip.src, ip.dst, packet.udp.srcport, packet.udp.dstport
        else:
            yield (packet.time,)


def with_dpkt(path: Path) -> Iterator[tuple[object, ...]]:
    with path.open("rb") as file:
        for seconds, octets in dpkt.pcap.Reader(file):
            ip = dpkt.ethernet.Ethernet(octets).data
            if isinstance(ip, dpkt.ip.IP):
                source, destination = socket.inet_ntoa(ip.src), socket.inet_ntoa(ip.dst)
            elif isinstance(ip, dpkt.ip6.IP6):
                source, destination = (socket.inet_ntop(socket.AF_INET6, each) for each in (ip.src, ip.dst))
            else:
                yield (seconds,)
                continue
            inner = ip.data
            if isinstance(inner, dpkt.tcp.TCP):
                yield seconds, source, destination, inner.sport, inner.dport, inner.seq, inner.ack, inner.flags
            elif isinstance(inner, dpkt.udp.UDP):
                yield seconds, source, destination, inner.sport, inner.dport
            else:
                yield (seconds,)


def with_scapy(path: Path) -> Iterator[tuple[object, ...]]:
    with PcapReader(str(path)) as reader:
        for packet in itertools.islice(reader, SLOW):
            ip = packet.getlayer(IP) or packet.getlayer(IPv6)
            tcp = packet.getlayer(TCP)
            udp = packet.getlayer(UDP)
            if ip and tcp:
                yield packet.time, ip.src, ip.dst, tcp.sport, tcp.dport, tcp.seq, tcp.ack, int(tcp.flags)
            elif ip and udp:
                yield packet.time, ip.src, ip.dst, udp.sport, udp.dport
            else:
                yield (packet.time,)


def rate(read: Callable[[Path], Iterator[tuple[object, ...]]], path: Path) -> float:
    """Packets a second of processor time."""
    started = time.process_time()
    count = sum(1 for _ in read(path))
    return count / (time.process_time() - started)


def agree(path: Path) -> None:
    """The three must have read the same before it matters how fast they were."""
    ours, dpkts, scapys = (list(itertools.islice(read(path), SLOW)) for read in (with_rawcap, with_dpkt, with_scapy))
    for number, rows in enumerate(zip(ours, dpkts, scapys, strict=True), 1):
        if len({tuple(row[1:]) for row in rows}) != 1:
            raise SystemExit(f"packet {number} is not the same to all: {rows}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.capture or Path(folder) / "repeated.pcap"
        if asked.capture:
            agree(path)
        else:
            repeated(path, 200_000)
        rates: dict[str, list[float]] = {"rawcap": [], "dpkt": [], "scapy": []}
        for _ in range(asked.rounds):
            for name, read in (("rawcap", with_rawcap), ("dpkt", with_dpkt), ("scapy", with_scapy)):
                rates[name].append(rate(read, path))
    print(f"{'':8}{'packets a second':>18}{'rawcap is faster by':>22}")
    for name, measured in rates.items():
        ratio = statistics.median(ours / theirs for ours, theirs in zip(rates["rawcap"], measured, strict=True))
        print(f"{name:8}{statistics.median(measured):>18,.0f}{ratio:>21.1f}x")


if __name__ == "__main__":
    main()
