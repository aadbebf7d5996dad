#!/usr/bin/env python3
"""How much memory a large file takes: the peak of `rawcap read` over a file of a given size.

    .venv/bin/python scripts/bench/memory.py [CAPTURE] [--gigabytes N] [--folder FOLDER]

Without a CAPTURE one of N gigabytes (default 2) is made by repeating the frames of pcaps/, and removed afterwards.
Each of the ways to read is a process of its own; its peak resident memory is what the operating system says.
"""
from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from scripts.bench import measure

PCAPS = Path(__file__).parents[2] / "pcaps"
WAYS = {
    "for packet in rawcap.read": ["-c", "import sys, rawcap\nfor packet in rawcap.read(sys.argv[1]): packet.tcp"],
    "rawcap read": ["-m", "rawcap", "read"],
    "rawcap read -T fields": ["-m", "rawcap", "read", "-T", "fields", "-e", "ip.src", "-e", "tcp.dstport"],
    "rawcap read -Y": ["-m", "rawcap", "read", "-Y", "tcp.flags.reset == 1"],
}


def large(path: Path, octets: int) -> None:
    """A capture of at least `octets`, Ethernet frames padded to 1,400 octets so that it is made in reasonable time."""
    import rawcap
    from rawcap.files import create_capture

    frames = [
        rawcap.Packet(packet.data.ljust(1400, b"\0"), packet.interface, packet.time_ns)
        for source in sorted(PCAPS.glob("*.pcap*"))
        for packet in rawcap.read(source)
        if packet.interface.linktype == 1 and packet.tcp
    ]
    with create_capture(path) as out:
        written = 0
        while written < octets:
            for packet in frames:
                out.write(packet)
                written += len(packet.data) + 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", nargs="?", type=Path)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--folder", type=Path, help="where to make the capture (default: a temporary folder)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        path = asked.capture
        if path is None:
            path = Path(folder) / "large.pcap"
            measure.elsewhere(large, path, int(asked.gigabytes * 1e9))
        print(f"a file of {path.stat().st_size / 1e9:.2f} GB")
        for name, arguments in WAYS.items():
            peak = measure.whole([sys.executable, *arguments, str(path)], 0).peak
            print(f"{name:28}{peak / 1e6:8.0f} MB at most")
        print(f"{'(this process itself)':28}{measure.lowest() / 1e6:8.0f} MB, less than which cannot be told")


if __name__ == "__main__":
    try:
        main()
    except measure.BenchError as error:
        raise SystemExit(f"memory bench: {error}") from None
