"""The bench of columns runs on a small capture, lets everyone read the same, and says what it came to."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.bench import columns, measure
from scripts.bench.columns import Capture
from scripts.bench.measure import Run

ROOT = Path(__file__).parents[3]
SMALL = ROOT / "pcaps" / "dns.pcapng"
PACKETS = 20  # that SMALL holds


@functools.cache
def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the script; what the same run shows is looked at by several tests."""
    return subprocess.run(
        [sys.executable, ROOT / "scripts/bench/columns.py", *map(str, arguments)], capture_output=True, text=True
    )


def rows(output: str) -> dict[str, list[str]]:
    """The rows of the table by name: packets, seconds, rates and the rest."""
    found = re.findall(r"^(\S.*?) {2,}([\d,]+ +[\d.]+ .*)$", output, re.MULTILINE)
    return {name: rest.split() for name, rest in found}


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        ("columns", ["rawcap, one thread", "rawcap, two threads", "dpkt", "scapy", "tshark"]),
        ("fields", ["rawcap read -T fields", "tshark"]),
        ("text", ["rawcap read", "tcpdump", "tshark"]),
        ("conversations", ["rawcap stats", "tshark"]),
    ],
)
def test_everyone_reads_every_packet(mode: str, names: list[str]) -> None:
    for needed in {"tshark", "tcpdump"} & set(names):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    done = bench(mode, SMALL, "--rounds", 1)
    assert (done.returncode, done.stderr) == (0, "")
    table = rows(done.stdout)
    assert list(table) == [*names, "every octet once"]
    assert {row[0] for row in table.values()} == {str(PACKETS)}


def test_the_libraries_have_the_same_columns_as_rawcap() -> None:
    done = bench("columns", SMALL, "--rounds", 1)
    assert "dpkt and rawcap have the same in 20 of 20 columns\n" in done.stdout
    assert "scapy and rawcap have the same in 20 of 20 columns\n" in done.stdout


def test_large_reads_files_of_the_sizes_asked_for_and_leaves_nothing(tmp_path: Path) -> None:
    done = bench(
        "large", SMALL, "--rounds", 1, "--gigabytes", 0.0001, "--gigabytes", 0.0003, "--most", 1000,
        "--folder", tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    packets = [int(row[0].replace(",", "")) for name, row in rows(done.stdout).items() if name.startswith("rawcap")]
    assert len(packets) == 2
    assert packets[1] > packets[0] > PACKETS
    assert re.search(r"^ +1 +1 +[\d.]+ +[\d,]+ +<?[\d,]+$", done.stdout, re.MULTILINE)
    assert re.search(r"^ +1,000 +1 +[\d.]+ +[\d,]+ +-?[\d,]+ +<?[\d,]+$", done.stdout, re.MULTILINE)
    assert os.listdir(tmp_path) == []


def test_large_does_not_begin_what_the_disk_has_no_room_for() -> None:
    done = bench("large", SMALL, "--gigabytes", 1_000_000)
    assert done.returncode == 1
    assert re.fullmatch(r"columns bench: large needs 1,?000,?\d\d\d\.\d GB of disk .*\n", done.stderr)


def test_a_capture_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = bench("columns", tmp_path / "absent.pcap")
    assert done.returncode == 1
    assert done.stderr.startswith("columns bench: ")
    assert "absent.pcap" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_peer_that_is_not_installed_is_left_out_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert columns.library("no_such_library", Capture(SMALL, PACKETS), 5) == {}
    assert columns.program("no-such-program", [], 5) == {}
    assert capsys.readouterr().out == (
        "no_such_library is not installed and left out\nno-such-program is not installed and left out\n"
    )


def test_the_order_of_the_turns_turns_round() -> None:
    order: list[str] = []

    def turn(name: str) -> Run:
        order.append(name)
        return Run(1, 1.0, 1.0, 1)

    runs = columns.contest({"a": lambda: turn("a"), "b": lambda: turn("b")}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert {name: len(own) for name, own in runs.items()} == {"a": 3, "b": 3}


def test_the_report_gives_medians_and_the_ratios_within_a_round() -> None:
    ours = [Run(1000, seconds, 0.5, 64_000_000_000) for seconds in (0.5, 1.0, 2.0)]
    theirs = [Run(100, seconds, 1.0, 128_000_000_000) for seconds in (1.0, 2.0, 1.0)]
    lines = columns.report({"rawcap": ours, "peer": theirs})
    assert lines[1].split() == ["rawcap", "1,000", "1.000", "1,000", "500", "2,000", "2,000", "50%", "64,000"]
    assert lines[2].split() == ["peer", "100", "1.000", "100", "50", "100", "100", "100%", "128,000"]
    assert lines[3].split() == ["rawcap", "20x", "(5.0-20)", "peer"]
    assert len(lines) == 4


def test_memory_below_that_of_the_bench_itself_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "lowest", lambda: 20_000_000)
    assert columns.megabytes(19_000_000) == "<20"
    assert columns.megabytes(21_000_000) == "21"


def test_a_repeated_capture_has_its_records_as_often(tmp_path: Path) -> None:
    once = tmp_path / "once.pcap"
    once.write_bytes(b"h" * 24 + b"records")
    twice = columns.repeat(Capture(once, 3), 2, tmp_path / "twice.pcap")
    assert twice.packets == 6
    assert twice.path.read_bytes() == b"h" * 24 + b"recordsrecords"
