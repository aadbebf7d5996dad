#!/usr/bin/env python3
"""Columns beside the peers: rates, ratios within one run on the same capture, and the memory that each takes at most.

    .venv/bin/python scripts/bench/columns.py [MODE] [CAPTURE] [--quick] [--rounds N] [--folder FOLDER]

    columns          20 columns into Arrow record batches, by one thread and by two; dpkt, scapy; tshark, as text
    fields           8 fields as text by `rawcap read -T fields`; tshark -T fields
    text             one line a packet by `rawcap read`; tcpdump, tshark
    conversations    `rawcap stats --by conversations`; tshark -z conv,tcp
    all              these four, which is the default
    large            files of 0.7 and 4 gigabytes, and what a packet costs among 1 to 100,000,000 (--gigabytes, --most)

Without a CAPTURE the frames of pcaps/ are repeated up to 200,000; one that is no plain pcap is made one first. Slow
peers read a prefix; a peer that is not installed is left out. With --quick only the first 500,000 packets are read, and
shorter prefixes, on which the start of a program weighs more.

Each turn is a process of its own. The readers of `columns` and `large` are timed inside it, once they have read the
first packet and thereby imported what they need; all other commands from start to exit, with their output into
/dev/null. Everyone takes turns, round by round, in an order that turns round; a rate is the median, a ratio the median
of those within a round, with the least and the greatest. `a CPU second` is the rate by processor time, which counts on
a machine that is busy otherwise; `CPU` is processor seconds for each second: more than 100% is more than one thread at
work. `MB` is the peak of resident memory; less than what this process itself takes cannot be told (see measure.py).

`every octet once` is the sum of the mapped file, which is in the page cache: the limit of what any reader can do.
"""
from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import importlib.machinery
import importlib.util
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scripts.bench import measure
from scripts.bench.measure import BenchError, Run, busy, number, times

ROOT = Path(__file__).parents[2]
READER = Path(__file__).with_name("into_arrow.py")
RAWCAP = str(Path(sys.executable).with_name("rawcap"))

COLUMNS = (
    "frame.time_epoch", "frame.len", "frame.cap_len", "eth.src", "eth.dst", "eth.type", "ip.src", "ip.dst", "ipv6.src",
    "ipv6.dst", "ip.proto", "ip.ttl", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags",
    "tcp.window_size_value", "tcp.len", "udp.length",
)  # fmt: skip
FIELDS = (
    "frame.time_epoch", "frame.len", "ip.src", "ip.dst", "ip.proto", "tcp.srcport", "tcp.dstport", "tcp.flags"
)  # fmt: skip

CHECKED = 2_000  # packets that all must read alike
LIMIT = "every octet once"
THREADS = {"rawcap, one thread": 1, "rawcap, two threads": 2}
PCAP = (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d", b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")  # magic numbers
PCAP_HEADER = 24  # octets
SHORT = 1_000_000  # packets: where a packet among fewer is priced, it is so in every round
SPARE = 1e9  # octets of the disk that `large` leaves alone


@dataclasses.dataclass(frozen=True)
class Limits:
    """How many packets each reads at most; None is all that there are."""

    capture: int | None
    dpkt: int
    scapy: int
    tshark: int


THOROUGH = Limits(capture=None, dpkt=200_000, scapy=20_000, tshark=200_000)
QUICK = Limits(capture=500_000, dpkt=100_000, scapy=3_000, tshark=30_000)


@dataclasses.dataclass(frozen=True)
class Capture:
    """A capture to read."""

    path: Path
    packets: int


Turn = Callable[[], Run]


# -- who takes part ---------------------------------------------------------------------------------------------------


def reader(name: str, *arguments: object) -> list[str]:
    """The command of one of the readers of into_arrow.py."""
    return [sys.executable, str(READER), name, *map(str, arguments)]


def rawcap(capture: Capture, threads: int | None = None) -> Turn:
    asked = () if threads is None else ("--threads", threads)
    return functools.partial(measure.inside, reader("rawcap", *asked, capture.path))


def octets(capture: Capture) -> Turn:
    """The limit, as if it had been told what a packet is; the mapped file is not counted as memory that it takes."""

    def turn() -> Run:
        return dataclasses.replace(measure.inside(reader("octets", capture.path)), packets=capture.packets, peak=0)

    return turn


def command(arguments: Sequence[str], packets: int) -> Turn:
    return functools.partial(measure.whole, list(arguments), packets)


def library(name: str, capture: Capture, most: int) -> dict[str, Turn]:
    """A Python library that reads a prefix; nothing where it is not installed."""
    if importlib.util.find_spec(name) is None:
        print(f"{name} is not installed and left out")
        return {}
    return {name: functools.partial(measure.inside, reader(name, "--packets", most, capture.path))}


def program(name: str, arguments: Sequence[str], packets: int) -> dict[str, Turn]:
    """A program from start to exit; nothing where it is not installed."""
    if shutil.which(name) is None:
        print(f"{name} is not installed and left out")
        return {}
    return {name: command([name, *arguments], packets)}


def tshark(capture: Capture, most: int, *arguments: str) -> dict[str, Turn]:
    packets = min(most, capture.packets)
    return program("tshark", ["-n", "-r", str(capture.path), "-c", str(packets), *arguments], packets)


def as_fields(names: Sequence[str]) -> list[str]:
    """The arguments with which both rawcap and tshark print the first value of each field."""
    return ["-T", "fields", "-E", "occurrence=f", *(word for name in names for word in ("-e", name))]


# -- whether they do the same ------------------------------------------------------------------------------------------


def check_columns(capture: Capture, peers: Sequence[str]) -> None:
    """Say in which columns a library has something else than rawcap."""
    read = {
        name: json.loads(measure.output_of(reader(name, "--check", "--packets", CHECKED, capture.path)))
        for name in ("rawcap", *peers)
    }
    for name in peers:
        other = [column for column in COLUMNS if read[name][column] != read["rawcap"][column]]
        print(f"{name} and rawcap have the same in {len(COLUMNS) - len(other)} of {len(COLUMNS)} columns", end="")
        print(f", not in {', '.join(other)}" if other else "")


def check_fields(capture: Capture, names: Sequence[str]) -> None:
    """Say how many lines tshark prints otherwise than rawcap."""
    where = [str(capture.path), "-c", str(CHECKED), "-n", *as_fields(names)]
    ours = measure.output_of([RAWCAP, "read", *where]).splitlines()
    theirs = measure.output_of(["tshark", "-r", *where]).splitlines()
    same = sum(mine == other for mine, other in zip(ours, theirs, strict=False))
    print(f"tshark and rawcap print the same in {same:,} of {max(len(ours), len(theirs)):,} lines")


# -- turns and what they come to ---------------------------------------------------------------------------------------


def contest(turns: dict[str, Turn], rounds: int) -> dict[str, list[Run]]:
    """Every round everyone's turn, in an order that turns round."""
    runs: dict[str, list[Run]] = {name: [] for name in turns}
    for turned in range(rounds):
        for name in reversed(turns) if turned % 2 else turns:
            runs[name].append(turns[name]())
    return runs


def megabytes(octets: int) -> str:
    """Resident memory; what cannot be told from what this process takes is said to be less than that."""
    if not octets:
        return ""
    least = measure.lowest()
    return f"<{least / 1e6:,.0f}" if octets <= least else f"{octets / 1e6:,.0f}"


def report(runs: dict[str, list[Run]]) -> list[str]:
    """The lines of a table, and of the ratios: the rate of each of rawcap's rows to that of each row that is another's
    and of rawcap's first."""
    wide = max(map(len, runs)) + 2
    lines = [
        f"{'':{wide}}{'packets':>12}{'seconds':>9}{'a second':>12}{'lowest':>12}{'highest':>12}{'a CPU second':>14}"
        f"{'CPU':>6}{'MB':>8}"
    ]
    for name, own in runs.items():
        rates = sorted(run.rate for run in own)
        lines.append(
            f"{name:{wide}}{own[0].packets:>12,}{statistics.median(run.seconds for run in own):>9.3f}"
            f"{statistics.median(rates):>12,.0f}{rates[0]:>12,.0f}{rates[-1]:>12,.0f}"
            f"{statistics.median(run.packets / run.processor for run in own):>14,.0f}"
            f"{statistics.median(run.processor / run.seconds for run in own):>6.0%}"
            f"{megabytes(max(run.peak for run in own)):>8}"
        )
    ours = [name for name in runs if name.startswith("rawcap")]
    for name in ours:
        for other in runs:
            if other not in ours or (other == ours[0] and other != name):
                ratios = [mine.rate / theirs.rate for mine, theirs in zip(runs[name], runs[other], strict=True)]
                lines.append(f"{name:{wide}}{times(ratios):>24}  {other}")
    return lines


def show(turns: dict[str, Turn], rounds: int) -> None:
    print("\n".join(report(contest(turns, rounds))), flush=True)


# -- the modes ---------------------------------------------------------------------------------------------------------


def columns(capture: Capture, limits: Limits, rounds: int) -> None:
    libraries = library("dpkt", capture, limits.dpkt) | library("scapy", capture, limits.scapy)
    printing = tshark(capture, limits.tshark, *as_fields(COLUMNS))
    check_columns(capture, list(libraries))
    if printing:
        check_fields(capture, COLUMNS)
    threads = {name: rawcap(capture, count) for name, count in THREADS.items()}
    show(threads | libraries | printing | {LIMIT: octets(capture)}, rounds)


def fields(capture: Capture, limits: Limits, rounds: int) -> None:
    printing = tshark(capture, limits.tshark, *as_fields(FIELDS))
    if printing:
        check_fields(capture, FIELDS)
    ours = command([RAWCAP, "read", str(capture.path), *as_fields(FIELDS)], capture.packets)
    show({"rawcap read -T fields": ours} | printing | {LIMIT: octets(capture)}, rounds)


def text(capture: Capture, limits: Limits, rounds: int) -> None:
    ours = command([RAWCAP, "read", str(capture.path)], capture.packets)
    peers = program("tcpdump", ["-n", "-r", str(capture.path)], capture.packets) | tshark(capture, limits.tshark)
    show({"rawcap read": ours} | peers | {LIMIT: octets(capture)}, rounds)


def conversations(capture: Capture, limits: Limits, rounds: int) -> None:
    ours = command([RAWCAP, "stats", str(capture.path), "--by", "conversations"], capture.packets)
    peers = tshark(capture, limits.tshark, "-q", "-z", "conv,tcp")
    show({"rawcap stats": ours} | peers | {LIMIT: octets(capture)}, rounds)


MODES = {"columns": columns, "fields": fields, "text": text, "conversations": conversations}


def large(capture: Capture, rounds: int, gigabytes: Sequence[float], most: int, folder: Path) -> None:
    """Rate and memory by the size of the file, and what a packet costs by how many there are."""
    size = capture.path.stat().st_size
    copies = {each: max(1, -(-int(each * 1e9) // size)) for each in gigabytes}
    longer = max(1, -(-min(SHORT, most) // capture.packets))
    needed = sum(count * size for count in {*copies.values(), longer} if count > 1)
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise BenchError(
            f"large needs {(needed + SPARE) / 1e9:.1f} GB of disk and {folder} has {free / 1e9:.1f} free; "
            "give another --folder or less --gigabytes"
        )
    by_copies: dict[int, Capture] = {}
    for count in [*copies.values(), longer]:
        if count not in by_copies:
            by_copies[count] = repeat(capture, count, folder / f"times_{count}.pcap")
    print("\nby the size of the file")
    files = {name_of(by_copies[count]): by_copies[count] for count in copies.values()}
    ours = {f"rawcap, {name}": rawcap(file) for name, file in files.items()}
    show(ours | {f"{LIMIT}, {name}": octets(file) for name, file in files.items()}, rounds)
    print("\nby the number of packets; those beside the first share the time that one alone does not take")
    price(by_copies[longer], rounds, most, folder)


def name_of(capture: Capture) -> str:
    return f"{capture.path.stat().st_size / 1e6:,.1f} MB"


def price(base: Capture, rounds: int, most: int, folder: Path) -> None:
    """What one packet costs among 1, 1,000, 1,000,000, ... `most`, the longest by reading the same file many times."""
    print(f"{'packets':>12}{'files':>7}{'seconds':>11}{'ns a packet':>14}{'beside the first':>18}{'MB':>8}")
    alone = 0.0
    for packets in (each for each in (1, 1_000, 1_000_000, 10_000_000, 100_000_000) if each <= most):
        if packets < base.packets:
            paths = [cut(base.path, packets, folder / f"first_{packets}.pcap")]
        else:
            paths = [base.path] * -(-packets // base.packets)
        turns = rounds if packets <= SHORT else 1
        runs = [measure.inside(reader("rawcap", *paths)) for _ in range(turns)]
        read, seconds = runs[0].packets, statistics.median(run.seconds for run in runs)
        if read == 1:
            alone = seconds
        beside = f"{(seconds - alone) / (read - 1) * 1e9:,.0f}" if read > 1 else ""
        print(
            f"{read:>12,}{len(paths):>7}{seconds:>11.4f}{seconds / read * 1e9:>14,.0f}{beside:>18}"
            f"{megabytes(max(run.peak for run in runs)):>8}",
            flush=True,
        )


# -- the captures ------------------------------------------------------------------------------------------------------


def cut(path: Path, packets: int | None, out: Path) -> Path:
    """The first packets of a capture, or all, as pcap."""
    count = [] if packets is None else ["-c", str(packets)]
    measure.whole([RAWCAP, "read", str(path), *count, "-w", str(out)], packets or 0)
    return out


def repeat(capture: Capture, count: int, out: Path) -> Capture:
    """A pcap whose records come `count` times; the very one where that is once."""
    if count == 1:
        return capture
    with out.open("wb") as copy, capture.path.open("rb") as file:
        copy.write(file.read(PCAP_HEADER))
        for _ in range(count):
            file.seek(PCAP_HEADER)
            shutil.copyfileobj(file, copy, 1 << 20)
    return Capture(out, capture.packets * count)


def is_pcap(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in PCAP


def prepared(asked: argparse.Namespace, limits: Limits, folder: Path) -> Capture:
    """The capture that everyone reads, in the page cache."""
    path = asked.capture
    if path is None:
        path = folder / "repeated.pcap"
        measure.elsewhere(measure.repeated, path, 200_000)
    packets = measure.inside(reader("rawcap", path)).packets
    if not packets:
        raise BenchError(f"{path} holds no packet")
    if limits.capture is not None and packets > limits.capture:
        path, packets = cut(path, limits.capture, folder / "short.pcap"), limits.capture
    elif not is_pcap(path):
        path = cut(path, None, folder / "whole.pcap")
    octets(Capture(path, packets))()
    return Capture(path, packets)


def is_compiled(module: str) -> bool:
    """Whether a module is imported as compiled; it is looked for and not imported, which would take memory."""
    found = importlib.machinery.PathFinder.find_spec(module.rpartition("/")[2], [str(ROOT / Path(module).parent)])
    return bool(found and str(found.origin).endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="?", choices=("all", *MODES, "large"), default="all")
    parser.add_argument("capture", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true", help="less of everything, in less than three minutes")
    parser.add_argument("--rounds", type=number, default=3, help="(default 3)")
    parser.add_argument(
        "--gigabytes", type=float, action="append", metavar="N", help="of large, may be repeated (default: 0.7 and 4)"
    )
    parser.add_argument(
        "--most", type=number, default=100_000_000, metavar="N", help="packets, of large (default 100,000,000)"
    )
    parser.add_argument("--folder", type=Path, help="where to make captures (default: a temporary folder)")
    return parser.parse_args()


@contextlib.contextmanager
def told(name: str, failed: list[str]) -> Iterator[None]:
    """Let the other modes go on when one fails."""
    try:
        yield
    except BenchError as error:
        print(f"columns bench: {name}: {error}", file=sys.stderr)
        failed.append(name)


def others_at_work() -> str:
    return f"{os.cpu_count()} processors, {busy():.0%} busy with other work"


def run(asked: argparse.Namespace) -> None:
    limits = QUICK if asked.quick else THOROUGH
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="columns-bench-", dir=asked.folder) as folder:
        capture = prepared(asked, limits, Path(folder))
        print(f"{capture.packets:,} packets, {name_of(capture)}")
        modules = ("dissectors/walk", "rawcap/files/records")
        print(", ".join(f"{each} is {'compiled' if is_compiled(each) else 'interpreted'}" for each in modules))
        if asked.mode == "large":
            print(others_at_work())
            large(capture, asked.rounds, asked.gigabytes or [0.7, 4.0], asked.most, Path(folder))
        for name, mode in MODES.items():
            if asked.mode in ("all", name):
                print(f"\n{name}: {others_at_work()}", flush=True)
                with told(name, failed):
                    mode(capture, limits, asked.rounds)
    if failed:
        raise SystemExit(1)


def main() -> None:
    asked = arguments()
    try:
        run(asked)
    except (BenchError, OSError) as error:
        print(f"columns bench: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
