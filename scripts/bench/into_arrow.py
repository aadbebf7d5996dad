"""One reader's part of columns.py, as a process of its own, so that the peak of its memory is its own.

    .venv/bin/python scripts/bench/into_arrow.py rawcap|dpkt|scapy|octets [--packets N] [--threads N] [--check] FILE...

rawcap, dpkt and scapy put the COLUMNS of every packet of the files into Arrow record batches, which are then let go;
`octets` touches every octet of the mapped files once, the least that any reader can do. Prints, as JSON, how many
packets there were and how many seconds that took. The first packet is read once before, so that what is imported when
it is first used (by pyarrow, too) is no part of it. With --check a digest of each column is printed instead.
"""
from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from scripts.bench.columns import COLUMNS

BATCH = 4096  # packets

_MAC, _IPV4, _IPV6 = (pa.binary(octets) for octets in (6, 4, 16))
_TYPES = (
    pa.timestamp("ns"), pa.uint32(), pa.uint32(), _MAC, _MAC, pa.uint16(), _IPV4, _IPV4, _IPV6, _IPV6, pa.uint8(),
    pa.uint8(), pa.uint16(), pa.uint16(), pa.uint32(), pa.uint32(), pa.uint16(), pa.uint16(), pa.uint32(), pa.uint16(),
)  # fmt: skip
SCHEMA = pa.schema(list(zip(COLUMNS, _TYPES, strict=True)))

Row = tuple[Any, ...]
Read = Callable[[list[str], int | None, int | None], Iterator[pa.RecordBatch]]
"""Paths, how many packets at most (None: all), and the threads that work (None: as it comes)."""

NO_ADDRESSES = (None,) * 4
NO_SEGMENT = (None,) * 7


def with_rawcap() -> Read:
    import rawcap

    def read(paths: list[str], packets: int | None, threads: int | None) -> Iterator[pa.RecordBatch]:
        left = packets
        for batch in rawcap.table(paths, COLUMNS, threads=threads):
            yield batch.slice(0, left)
            if left is not None:
                left -= min(left, batch.num_rows)
                if not left:
                    return

    return read


def with_dpkt() -> Read:
    import dpkt

    def rows(path: str) -> Iterator[Row]:
        with open(path, "rb") as file:
            for seconds, octets in dpkt.pcap.UniversalReader(file):
                frame = dpkt.ethernet.Ethernet(octets)
                # dpkt keeps the length on the wire to itself.
                first = _nanoseconds(seconds), len(octets), len(octets), frame.src, frame.dst, frame.type
                ip = frame.data
                if isinstance(ip, dpkt.ip.IP):
                    network: Row = (ip.src, ip.dst, None, None, ip.p, ip.ttl)
                elif isinstance(ip, dpkt.ip6.IP6):
                    network = (None, None, ip.src, ip.dst, None, None)
                else:
                    yield (*first, *NO_ADDRESSES, None, None, *NO_SEGMENT, None)
                    continue
                inner = ip.data
                if isinstance(inner, dpkt.tcp.TCP):
                    segment: Row = (
                        inner.sport, inner.dport, inner.seq, inner.ack, inner.flags, inner.win, len(inner.data)
                    )  # fmt: skip
                    yield (*first, *network, *segment, None)
                else:
                    length = inner.ulen if isinstance(inner, dpkt.udp.UDP) else None
                    yield (*first, *network, *NO_SEGMENT, length)

    return _by_rows(rows)


def with_scapy() -> Read:
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Ether
    from scapy.utils import PcapReader, mac2str

    def rows(path: str) -> Iterator[Row]:
        with PcapReader(path) as reader:
            for packet in reader:
                frame = packet.getlayer(Ether)
                link = (mac2str(frame.src), mac2str(frame.dst), frame.type) if frame else (None, None, None)
                first = _nanoseconds(packet.time), packet.wirelen, len(packet.original), *link
                network: Row = (*NO_ADDRESSES, None, None)
                if ip := packet.getlayer(IP):
                    network = (socket.inet_aton(ip.src), socket.inet_aton(ip.dst), None, None, ip.proto, ip.ttl)
                elif ip := packet.getlayer(IPv6):
                    addresses = (socket.inet_pton(socket.AF_INET6, each) for each in (ip.src, ip.dst))
                    network = (None, None, *addresses, None, None)
                segment: Row = NO_SEGMENT
                if tcp := packet.getlayer(TCP):
                    octets = len(tcp.payload.original) if tcp.payload else 0
                    segment = (tcp.sport, tcp.dport, tcp.seq, tcp.ack, int(tcp.flags), tcp.window, octets)
                udp = packet.getlayer(UDP)
                yield (*first, *network, *segment, udp.len if udp else None)

    return _by_rows(rows)


def with_octets() -> Read:
    import numpy as np

    def read(paths: list[str], packets: int | None, threads: int | None) -> Iterator[pa.RecordBatch]:
        for path in paths:
            whole = np.memmap(path, np.uint8, "r")
            # Eight at a time: nothing is done with an octet, so that only the memory sets the pace.
            words = len(whole) // 8 * 8
            whole[:words].view(np.uint64).sum()
            whole[words:].sum()
        yield from ()

    return read


READERS = {"rawcap": with_rawcap, "dpkt": with_dpkt, "scapy": with_scapy, "octets": with_octets}


def _nanoseconds(seconds: Any) -> int:
    """A float, which is only good for microseconds, or a decimal."""
    return round(seconds * 1_000_000) * 1_000 if isinstance(seconds, float) else int(seconds * 1_000_000_000)


def _by_rows(rows: Callable[[str], Iterator[Row]]) -> Read:
    """Lists by hand, and Arrow's arrays from these."""

    def read(paths: list[str], packets: int | None, threads: int | None) -> Iterator[pa.RecordBatch]:
        left = itertools.islice(itertools.chain.from_iterable(map(rows, paths)), packets)
        while some := list(itertools.islice(left, BATCH)):
            columns = zip(*some, strict=True)
            arrays = [pa.array(list(values), kind) for values, kind in zip(columns, _TYPES, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)

    return read


def digests(batches: Iterator[pa.RecordBatch]) -> dict[str, str]:
    """What is in each column, types included, as short as can be compared."""
    whole = pa.Table.from_batches(batches, SCHEMA)
    columns = {name: whole[name] for name in COLUMNS}
    columns["frame.time_epoch"] = columns["frame.time_epoch"].cast(pa.int64())
    return {name: hashlib.sha256(repr(values.to_pylist()).encode()).hexdigest() for name, values in columns.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--packets", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("files", nargs="+", type=Path)
    asked = parser.parse_args()
    read = READERS[asked.reader]()
    paths = [str(path) for path in asked.files]
    if asked.check:
        print(json.dumps(digests(read(paths, asked.packets, asked.threads))))
        return
    if asked.reader != "octets":
        list(read(paths[:1], 1, asked.threads))
    processor, started = time.process_time(), time.perf_counter()
    packets = sum(batch.num_rows for batch in read(paths, asked.packets, asked.threads))
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    print(json.dumps({"packets": packets, "seconds": seconds, "processor": processor}))


if __name__ == "__main__":
    main()
