#!/usr/bin/env python3
"""What tracing costs the program that is traced: requests and responses over loopback, with and without it.

    .venv/bin/python scripts/bench/tracing.py [--rounds N] [--seconds S]

A client and a server, two processes that one command starts, send each other 64 octets in turn over one TCP connection
of a namespace that has nothing but its loopback interface, both on one processor: where two share the work, what one
exchange takes is how long a sleeping processor needs to wake. They do so as fast as they can, and then with a server
that computes for half a millisecond before each answer. Each round runs them alone, in each of the ways to be traced,
and alone again. Told is how many exchanges in a second there were, and the median over the rounds of the share that is
left of those alone; `alone` beside it is how far the two runs without tracing differ. What moves data is not told
above 6,000 records a second (Tracer): `told` is the share of the time in which it was. As another user than root only
what needs no privilege is measured.

    alone       not traced
    kernel      by tracepoints and the kernel's events: what `rawcap trace` does as root
    ptrace      every call by ptrace(2): what it does for everybody else
    command     `rawcap trace -T json` as root, frames and output included
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rawcap.live.own_namespace import move
from rawcap.stack.tracer import Tracer

COMMAND = "from rawcap.cli.trace import command; command()"
PAIR = """
import os, socket, sys, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
work = float(sys.argv[3])
listener = socket.create_server(("127.0.0.1", 0))
where = listener.getsockname()
if not os.fork():
    connection, _ = listener.accept()
    while connection.recv(64):
        until = time.perf_counter() + work
        while work and time.perf_counter() < until:
            pass
        connection.send(bytes(64))
    os._exit(0)
connection = socket.create_connection(where)
count, end = 0, time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    connection.send(bytes(64))
    connection.recv(64)
    count += 1
connection.close()
os.wait()
open(sys.argv[2], "w").write(str(count))
"""


def alone(command: list[str]) -> str:
    subprocess.run(command, check=True)
    return ""


def traced(command: list[str], *, kernel: bool) -> str:
    with Tracer(command, kernel=kernel) as tracer:
        count = sum(1 for _ in tracer)
    if tracer.exit_status:
        raise SystemExit(f"the command ended with {tracer.exit_status}")
    return f"{count:,} events, {tracer.lost:,} lost, told for all but {tracer.sampled_ns / 1e9:.1f} s"


def whole(command: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "-i", "lo", "-T", "json", "--", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stderr.splitlines()[-1].removeprefix("rawcap: ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    is_root = os.geteuid() == 0
    if is_root:
        _unshare()
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    else:
        move()
    ways = {"alone": alone, "ptrace": lambda command: traced(command, kernel=False)}
    if is_root:
        ways["kernel"] = lambda command: traced(command, kernel=True)
        ways["command"] = whole
    for work in (0.0, 0.0005):
        print(f"half a millisecond of work for each answer, {options.seconds:g} s" if work else "no work")
        _measure(ways, work, options.rounds, options.seconds)


def _measure(ways: dict[str, Callable[[list[str]], str]], work: float, rounds: int, seconds: float) -> None:
    shares: dict[str, list[float]] = {name: [] for name in ways}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    notes: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "count")

        def rate(run: Callable[[list[str]], str]) -> tuple[float, str]:
            note = run([sys.executable, "-c", PAIR, str(seconds), str(out), str(work)])
            return int(out.read_text()) / seconds, note

        for _ in range(rounds):
            for name, run in ways.items():
                found, notes[name] = rate(run)
                rates[name].append(found)
            again, _ = rate(alone)
            untraced = (rates["alone"][-1] + again) / 2
            for name in ways:
                shares[name].append(rates[name][-1] / untraced)
            shares["alone"][-1] = again / rates["alone"][-1]
    for name in ways:
        share = f"{statistics.median(shares[name]):>6.1%} ({min(shares[name]):.1%}-{max(shares[name]):.1%})"
        print(f"  {name:<8} {statistics.median(rates[name]):>9,.0f} exchanges/s  {share}  {notes[name]}")


def _unshare() -> None:
    from rawcap.live.linux import libc
    from rawcap.live.namespaces import CLONE_NEWNET

    if libc.unshare(CLONE_NEWNET) < 0:
        raise SystemExit("no network namespace can be made")


if __name__ == "__main__":
    main()
