#!/usr/bin/env python3
"""From start to exit: `rawcap --version`, `rawcap read` of a small file, and tshark on the same file.

    .venv/bin/python scripts/bench/start.py [--rounds N]

The commands take turns; the medians are printed, with the ratio to tshark where it is installed.
"""
from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "pcaps" / "tcp_handshake.pcapng"


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    rawcap = str(Path(sys.executable).with_name("rawcap"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "rawcap --version": [rawcap, "--version"],
        "rawcap read": [rawcap, "read", str(SMALL)],
        "scripts/rawcap read": [str(ROOT / "scripts" / "rawcap"), "read", str(SMALL)],
    }
    if tshark := shutil.which("tshark"):
        commands["tshark -r"] = [tshark, "-n", "-r", str(SMALL)]
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    for name, times in taken.items():
        line = f"{name:22}{statistics.median(times):8.3f} s"
        if "tshark -r" in taken and name != "tshark -r":
            ratios = [theirs / ours for ours, theirs in zip(times, taken["tshark -r"], strict=True)]
            line += f"   tshark takes {statistics.median(ratios):.1f} times as long"
        print(line)


if __name__ == "__main__":
    main()
