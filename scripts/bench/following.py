"""One part of connections.py, as a process of its own, so that its memory is its own.

    .venv/bin/python scripts/bench/following.py follow [--one-processor] [--check] FILE
    .venv/bin/python scripts/bench/following.py table --field NAME... [--threads N] FILE
    .venv/bin/python scripts/bench/following.py dpkt [--packets N] [--check] FILE
    .venv/bin/python scripts/bench/following.py memory FILE
    .venv/bin/python scripts/bench/following.py make --kind KIND --count N FILE

`follow` finds every connection of the file, `table` makes columns of `--field`, dpkt fills a flow table; each prints,
as JSON, how many packets that were (of `follow`: the segments among them) and how many seconds it took, without what is
imported for it. With --check `follow` and dpkt print packets and octets of data for each pair of TCP sockets instead.
`memory` prints how many octets the resident memory has grown by once the connections are followed. `make` writes a
capture of connections.
"""
from __future__ import annotations

import argparse
import gc
import ipaddress
import itertools
import json
import os
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scripts.bench.measure import PCAPS, lowest

SMALL = PCAPS / "dns.pcapng"  # read before the clock runs
ORDINARY = 1_000  # connections that are followed before memory is looked at

Counts = dict[str, list[int]]
"""Packets and octets of data, by pair of sockets."""


# -- rawcap ------------------------------------------------------------------------------------------------------------


def followed(path: Path) -> Any:
    """What `rawcap.following.follow` gives."""
    from rawcap.following import follow

    return follow([path])


def by_rawcap(path: Path) -> Counts:
    counts: Counts = {}
    for each in followed(path).connections:
        counted = counts.setdefault(_pair(*((side.address, side.port) for side in (each.client, each.server))), [0, 0])
        counted[0] += each.segments
        counted[1] += each.client.octets + each.server.octets
    return counts


def read_table(path: Path, names: list[str], threads: int | None) -> Iterator[int]:
    """Packets of each batch."""
    import rawcap

    for batch in rawcap.table(path, names, threads=threads):
        yield batch.num_rows


# -- dpkt --------------------------------------------------------------------------------------------------------------


def by_dpkt(path: Path, most: int | None) -> tuple[int, dict[tuple[Any, ...], list[int]]]:
    """Packets that were read, and the packets and octets of data of each flow, there and back.

    A flow is told by protocol, addresses and ports, those first that sort first.
    """
    import dpkt

    flows: dict[tuple[Any, ...], list[int]] = {}
    packets = 0
    with path.open("rb") as file:
        for _, octets in itertools.islice(dpkt.pcap.UniversalReader(file), most):
            packets += 1
            ip = dpkt.ethernet.Ethernet(octets).data
            if not isinstance(ip, (dpkt.ip.IP, dpkt.ip6.IP6)):
                continue
            inner = ip.data
            if not isinstance(inner, (dpkt.tcp.TCP, dpkt.udp.UDP)):
                continue
            there = ip.src < ip.dst or (ip.src == ip.dst and inner.sport <= inner.dport)
            if there:
                key = (ip.p, ip.src, inner.sport, ip.dst, inner.dport)
            else:
                key = (ip.p, ip.dst, inner.dport, ip.src, inner.sport)
            flow = flows.get(key)
            if flow is None:
                flow = flows[key] = [0, 0, 0, 0]
            place = 0 if there else 2
            flow[place] += 1
            flow[place + 1] += len(inner.data)
    return packets, flows


def by_hand(path: Path) -> Counts:
    """What `by_rawcap` gives, of TCP alone."""
    counts: Counts = {}
    for (protocol, *ends), (there, octets_there, back, octets_back) in by_dpkt(path, None)[1].items():
        if protocol == 6:
            sockets = ((str(ipaddress.ip_address(at)), port) for at, port in zip(ends[::2], ends[1::2], strict=True))
            counts[_pair(*sockets)] = [there + back, octets_there + octets_back]
    return counts


def _pair(*sockets: tuple[str, int]) -> str:
    return " ".join(sorted(f"{address}:{port}" for address, port in sockets))


# -- memory ------------------------------------------------------------------------------------------------------------


def resident() -> int:
    """Octets of resident memory (statm of proc(5))."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def grown(path: Path) -> dict[str, float]:
    """How many octets are more resident once the connections of a capture are followed, and kept; and the peak."""
    before_all = path.with_name("ordinary.pcap")
    make(before_all, ORDINARY, "whole")
    ordinary = followed(before_all).connections  # imports, and the buffers of a chunk
    before_all.unlink()
    gc.collect()
    before, started = resident(), time.perf_counter()
    kept = followed(path).connections
    seconds = time.perf_counter() - started
    gc.collect()
    more = resident() - before
    del ordinary  # not before: what it leaves free would not count as grown
    return {"connections": len(kept), "grown": more, "peak": lowest(), "seconds": seconds}


# -- the captures ------------------------------------------------------------------------------------------------------

SOME = 4_096  # connections that are written at once
RECORD = 16  # octets of the header of a record
ETHERNET = 14
TO_SOURCE, TO_DESTINATION = ETHERNET + 12, ETHERNET + 16  # the addresses in a frame with IPv4
CLIENT, SERVER = bytes([10, 0, 0, 0]), bytes([192, 0, 2, 1])  # the client's is counted up
PORTS = 40_000, 80
INITIAL = 1_000_000, 2_000_000  # sequence numbers
DATA = 100  # octets
FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10

_STAMPS = b"\x01\x01\x08\x0a" + struct.pack("!II", 1, 1)
_OFFERS = b"\x02\x04\x05\xb4\x04\x02" + _STAMPS[2:] + b"\x01\x03\x03\x07"

# who sends (0 the client), flags, sequence and acknowledgement numbers from the initial ones, options, octets of data
_SEGMENTS = (
    (0, SYN, 0, None, _OFFERS, 0),
    (1, SYN | ACK, 0, 1, _OFFERS, 0),
    (0, ACK, 1, 1, _STAMPS, 0),
    (0, PSH | ACK, 1, 1, _STAMPS, DATA),
    (1, ACK, 1, 1 + DATA, _STAMPS, 0),
    (0, FIN | ACK, 1 + DATA, 1, _STAMPS, 0),
    (1, FIN | ACK, 1, 2 + DATA, _STAMPS, 0),
    (0, ACK, 2 + DATA, 2, _STAMPS, 0),
)
KINDS = {"whole": _SEGMENTS, "half open": _SEGMENTS[:1]}


def frame(sender: int, flags: int, seq: int, ack: int | None, options: bytes, data: int) -> bytes:
    """One frame of the first connection. The checksums are left 0, which nobody here looks at."""
    receiver = 1 - sender
    tcp = struct.pack(
        "!HHIIBBHHH",
        PORTS[sender],
        PORTS[receiver],
        INITIAL[sender] + seq,
        0 if ack is None else INITIAL[receiver] + ack,
        (20 + len(options)) // 4 << 4,
        flags,
        64_240,
        0,
        0,
    )
    segment = tcp + options + bytes(data)
    addresses = (CLIENT, SERVER)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, 6, 0)
    return bytes(12) + b"\x08\x00" + ip + addresses[sender] + addresses[receiver] + segment


def make(path: Path, count: int, kind: str) -> None:
    """Write a pcap of `count` connections, one after the other and each from an address of its own, a millisecond
    apart and their segments 50 microseconds."""
    import numpy as np

    frames = [frame(*each) for each in KINDS[kind]]
    template = b"".join(struct.pack("<IIII", 0, 0, len(each), len(each)) + each for each in frames)
    starts = list(itertools.accumulate((RECORD + len(each) for each in frames[:-1]), initial=0))
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1))
        for first in range(0, count, SOME):
            numbers = np.arange(first, min(first + SOME, count))
            rows = np.tile(np.frombuffer(template, np.uint8), (len(numbers), 1))
            addresses = (int.from_bytes(CLIENT, "big") + numbers).astype(">u4").view(np.uint8).reshape(-1, 4)
            for place, (start, (sender, *_)) in enumerate(zip(starts, KINDS[kind], strict=True)):
                times = np.stack([numbers // 1_000, numbers % 1_000 * 1_000_000 + place * 50_000], 1).astype("<u4")
                rows[:, start : start + 8] = times.view(np.uint8)
                at = start + RECORD + (TO_DESTINATION if sender else TO_SOURCE)
                rows[:, at : at + 4] = addresses
            out.write(rows.tobytes())


# -- what is asked for -------------------------------------------------------------------------------------------------


def timed(read: Callable[[], int]) -> dict[str, float]:
    processor, started = time.process_time(), time.perf_counter()
    packets = read()
    return {
        "packets": packets,
        "seconds": time.perf_counter() - started,
        "processor": time.process_time() - processor,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("follow", "table", "dpkt", "memory", "make"))
    parser.add_argument("--packets", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--one-processor", action="store_true")
    parser.add_argument("--field", action="append", default=[])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--count", type=int)
    parser.add_argument("file", type=Path)
    asked = parser.parse_args()
    if asked.one_processor:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    told: object
    if asked.part == "make":
        make(asked.file, asked.count, asked.kind)
        return
    if asked.part == "memory":
        told = grown(asked.file)
    elif asked.part == "table":
        next(read_table(asked.file, asked.field, asked.threads), None)
        told = timed(lambda: sum(read_table(asked.file, asked.field, asked.threads)))
    elif asked.part == "follow":
        followed(SMALL)
        told = by_rawcap(asked.file) if asked.check else timed(lambda: _segments(asked.file))
    else:
        by_dpkt(asked.file, 1)
        told = by_hand(asked.file) if asked.check else timed(lambda: by_dpkt(asked.file, asked.packets)[0])
    print(json.dumps(told))


def _segments(path: Path) -> int:
    return sum(each.segments for each in followed(path).connections)


if __name__ == "__main__":
    main()
