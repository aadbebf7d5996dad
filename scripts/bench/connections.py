#!/usr/bin/env python3
"""Following connections beside the peers: rates, ratios within one run on the same capture, and what one connection
takes of memory.

    .venv/bin/python scripts/bench/connections.py [MODE] [CAPTURE] [--quick] [--rounds N] [--connections N]
        [--folder FOLDER]

    flows       every connection of the capture by rawcap.following.follow; dpkt with a flow table written by
                hand; tcptrace -n; tshark -z conv,tcp
    analysis    all fields that take more than one segment to know, as columns by rawcap.table and as text by
                `rawcap read -T fields`; tshark -T fields
    memory      octets of resident memory a connection, over many that are whole and many that are half open
    all         these three, which is the default

Without a CAPTURE one of 25,000 connections of eight segments each is made; one that is no plain pcap is made one first.
Slow peers read a prefix; a peer that is not installed is left out. With --quick only the first 500,000 packets are
read, and shorter prefixes.

Turns, rounds, rates and ratios are those of columns.py. `follow` and `rawcap.table` are timed inside their process once
they have read something else and thereby imported what they need; so is dpkt. `one processor` is a process that may run
on one alone, so that it works with one thread; `one thread` may run on any.

dpkt's table is a dictionary by addresses, ports and protocol, with packets and octets each way: no states, no sequence
numbers. tcptrace follows states, sequence numbers and round trips of TCP; tshark counts packets and octets of it.

`memory` makes --connections connections (default 200,000): SYN, SYN/ACK, ACK, 100 octets of data, ACK, FIN, FIN/ACK
and ACK, with the options that Linux sends; and as many of which the SYN alone was captured. Each is followed by a
process of its own. What its resident memory has grown by once they are followed, by their number, is what one of them
takes; its peak is told too. Buffers count, so that fewer than 100,000 connections tell little.
"""
from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.bench import columns, measure
from scripts.bench.columns import LIMIT, QUICK, RAWCAP, THOROUGH, Capture, Limits, Turn, as_fields, cut
from scripts.bench.measure import BenchError, Run, number

FOLLOWER = Path(__file__).with_name("following.py")

FIELDS = (
    "tcp.stream", "tcp.seq", "tcp.ack", "tcp.window_size", "tcp.nxtseq", "tcp.completeness", "tcp.time_relative",
    "tcp.time_delta", "tcp.analysis", "tcp.analysis.acks_frame", "tcp.analysis.ack_rtt", "tcp.analysis.rto",
    "tcp.analysis.rto_frame", "tcp.analysis.duplicate_ack_num", "tcp.analysis.duplicate_ack_frame",
    "tcp.analysis.bytes_in_flight", "tcp.analysis.push_bytes_sent", "tcp.analysis.initial_rtt", "tcp.analysis.flags",
    "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission", "tcp.analysis.spurious_retransmission",
    "tcp.analysis.out_of_order", "tcp.analysis.lost_segment", "tcp.analysis.ack_lost_segment",
    "tcp.analysis.duplicate_ack", "tcp.analysis.keep_alive", "tcp.analysis.keep_alive_ack",
    "tcp.analysis.window_update", "tcp.analysis.window_full", "tcp.analysis.zero_window",
    "tcp.analysis.zero_window_probe", "tcp.analysis.zero_window_probe_ack", "tcp.analysis.reused_ports",
    "tcp.analysis.tfo_syn", "tcp.analysis.tfo_ack", "tcp.analysis.tfo_ignored",
)  # fmt: skip
"""All of TCP that takes more than one segment to know."""

BY_DEFAULT = 25_000  # connections of the capture that is made where none is given
CHECKED = 2_000  # packets of which all must tell the same flows
COUNTS = {"whole": 8, "half open": 1}  # segments of each connection


# -- who takes part ---------------------------------------------------------------------------------------------------


def follower(name: str, *arguments: object) -> list[str]:
    """The command of one of the parts of following.py."""
    return [sys.executable, str(FOLLOWER), name, *map(str, arguments)]


def follow(capture: Capture, *options: str) -> Turn:
    """rawcap.following.follow, as if it had been told how many packets there are."""

    def turn() -> Run:
        return dataclasses.replace(measure.inside(follower("follow", *options, capture.path)), packets=capture.packets)

    return turn


def dpkt(capture: Capture, most: int) -> dict[str, Turn]:
    """A flow table written by hand; nothing where dpkt is not installed."""
    if not columns.library("dpkt", capture, most):
        return {}
    return {"dpkt, by hand": functools.partial(measure.inside, follower("dpkt", "--packets", most, capture.path))}


# -- whether they do the same ------------------------------------------------------------------------------------------


def check_flows(capture: Capture, folder: Path) -> None:
    """Say of how many pairs of sockets dpkt counts the packets and octets that rawcap has."""
    short = cut(capture.path, CHECKED, folder / "checked.pcap")
    ours, theirs = (json.loads(measure.output_of(follower(name, "--check", short))) for name in ("follow", "dpkt"))
    same = sum(ours.get(pair) == counted for pair, counted in theirs.items())
    print(f"dpkt and rawcap count the same for {same:,} of {len(ours.keys() | theirs.keys()):,} pairs of sockets")


# -- the modes ---------------------------------------------------------------------------------------------------------


def flows(capture: Capture, limits: Limits, rounds: int, folder: Path) -> None:
    ours = {
        "rawcap follow, one processor": follow(capture, "--one-processor"),
        "rawcap follow": follow(capture),
    }
    by_hand = dpkt(capture, limits.dpkt)
    if by_hand:
        check_flows(capture, folder)
    peers = by_hand | columns.program("tcptrace", ["-n", str(capture.path)], capture.packets)
    peers |= columns.tshark(capture, limits.tshark, "-q", "-z", "conv,tcp")
    columns.show(ours | peers | {LIMIT: columns.octets(capture)}, rounds)


def analysis(capture: Capture, limits: Limits, rounds: int, folder: Path) -> None:
    asked = [word for name in FIELDS for word in ("--field", name)]
    printing = columns.tshark(capture, limits.tshark, *as_fields(FIELDS))
    if printing:
        columns.check_fields(capture, FIELDS)
    ours = {
        "rawcap.table, one thread": functools.partial(
            measure.inside, follower("table", "--threads", 1, *asked, capture.path)
        ),
        "rawcap read -T fields": columns.command(
            [RAWCAP, "read", str(capture.path), *as_fields(FIELDS)], capture.packets
        ),
    }
    columns.show(ours | printing | {LIMIT: columns.octets(capture)}, rounds)


MODES = {"flows": flows, "analysis": analysis}


def memory(count: int, folder: Path) -> None:
    """What a connection takes, of each kind."""
    print(f"{'':12}{'connections':>14}{'packets':>14}{'seconds':>9}{'octets a connection':>22}{'MB at most':>12}")
    for kind, segments in COUNTS.items():
        path = folder / "connections.pcap"
        make(path, count, kind)
        said = json.loads(measure.output_of(follower("memory", path)))
        path.unlink()
        if said["connections"] != count:
            raise BenchError(f"{said['connections']:,} connections were found in place of {count:,}")
        print(
            f"{kind:12}{count:>14,}{count * segments:>14,}{said['seconds']:>9.2f}{said['grown'] / count:>22,.0f}"
            f"{said['peak'] / 1e6:>12,.0f}",
            flush=True,
        )


# -- the captures ------------------------------------------------------------------------------------------------------


def make(path: Path, count: int, kind: str) -> None:
    """Write a capture of connections, by a process of its own as it takes numpy."""
    measure.whole(follower("make", "--kind", kind, "--count", count, path), 0)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="?", choices=("all", *MODES, "memory"), default="all")
    parser.add_argument("capture", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--rounds", type=number, default=3, help="(default 3)")
    parser.add_argument(
        "--connections", type=number, default=200_000, metavar="N", help="of memory (default 200,000)"
    )
    parser.add_argument("--folder", type=Path, help="where to make captures (default: a temporary folder)")
    return parser.parse_args(given)


def run(asked: argparse.Namespace) -> None:
    limits = QUICK if asked.quick else THOROUGH
    failed = False
    with tempfile.TemporaryDirectory(prefix="connections-bench-", dir=asked.folder) as name:
        folder = Path(name)
        modules = [f"rawcap/tcp/{each}" for each in ("segment", "analysis", "connection", "tracker")]
        print(", ".join(f"{each} is {'compiled' if columns.is_compiled(each) else 'interpreted'}" for each in modules))
        if asked.mode != "memory":
            if asked.capture is None:
                asked.capture = folder / "made.pcap"
                make(asked.capture, BY_DEFAULT, "whole")
            capture = columns.prepared(asked, limits, folder)
            print(f"{capture.packets:,} packets, {columns.name_of(capture)}")
            for mode, shown in MODES.items():
                if asked.mode in ("all", mode):
                    print(f"\n{mode}: {columns.others_at_work()}", flush=True)
                    try:
                        shown(capture, limits, asked.rounds, folder)
                    except BenchError as error:  # the other modes go on
                        print(f"connections bench: {mode}: {error}", file=sys.stderr)
                        failed = True
        if asked.mode in ("all", "memory"):
            print(f"\nmemory: {columns.others_at_work()}", flush=True)
            memory(asked.connections, folder)
    if failed:
        raise SystemExit(1)


def main() -> None:
    asked = arguments()
    try:
        run(asked)
    except (BenchError, OSError) as error:
        print(f"connections bench: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
