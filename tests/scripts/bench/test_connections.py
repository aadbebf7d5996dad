"""The bench of connections runs on few of them, makes what it says, and says what it came to."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rawcap
from rawcap.tcp.tracker import NAMES
from scripts.bench import connections, following

ROOT = Path(__file__).parents[3]
SMALL = ROOT / "pcaps" / "tcp" / "three_connections.pcapng"


@functools.cache
def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the script; what the same run shows is looked at by several tests."""
    return subprocess.run(
        [sys.executable, ROOT / "scripts/bench/connections.py", *map(str, arguments)], capture_output=True, text=True
    )


def rows(output: str) -> dict[str, list[str]]:
    """The rows of the table by name: packets, seconds, rates and the rest."""
    found = re.findall(r"^(\S.*?) {2,}([\d,]+ +[\d.,]+ .*)$", output, re.MULTILINE)
    return {name: rest.split() for name, rest in found}


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        ("flows", ["rawcap follow, one processor", "rawcap follow", "dpkt, by hand", "tcptrace", "tshark"]),
        ("analysis", ["rawcap.table, one thread", "rawcap read -T fields", "tshark"]),
    ],
)
def test_everyone_reads_every_packet(mode: str, names: list[str]) -> None:
    for needed in {"tshark", "tcptrace"} & set(names):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    done = bench(mode, SMALL, "--rounds", 1)
    assert (done.returncode, done.stderr) == (0, "")
    table = rows(done.stdout)
    assert list(table) == [*names, "every octet once"]
    assert {row[0] for row in table.values()} == {str(sum(1 for _ in rawcap.read(SMALL)))}


def test_dpkt_counts_what_rawcap_counts() -> None:
    assert "dpkt and rawcap count the same for 3 of 3 pairs of sockets\n" in bench("flows", SMALL, "--rounds", 1).stdout


def test_all_is_asked_for_that_takes_more_than_one_segment_to_know() -> None:
    assert sorted(connections.FIELDS) == sorted(set(NAMES) - {"udp.stream"})


def test_memory_tells_octets_a_connection_and_leaves_nothing(tmp_path: Path) -> None:
    done = bench("memory", "--connections", 5_000, "--folder", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    table = rows(done.stdout)
    assert {name: row[:2] for name, row in table.items()} == {
        "whole": ["5,000", "40,000"],
        "half open": ["5,000", "5,000"],
    }
    assert all(re.fullmatch(r"-?[\d,]+", row[3]) and int(row[4]) > 0 for row in table.values())
    assert os.listdir(tmp_path) == []


def test_a_made_connection_is_whole(tmp_path: Path) -> None:
    following.make(tmp_path / "made.pcap", 3, "whole")
    met = rawcap.connections(tmp_path / "made.pcap")
    assert [each.client.address for each in met] == ["10.0.0.0", "10.0.0.1", "10.0.0.2"]
    for each in met:
        assert (each.segments, each.opened, each.closed, each.closer) == (8, "handshake", "orderly", "client")
        assert (each.client.octets, each.client.acked, each.server.octets) == (100, 100, 0)
        assert not each.client.trouble
        assert not each.server.trouble


def test_a_made_connection_may_be_half_open(tmp_path: Path) -> None:
    following.make(tmp_path / "made.pcap", 3, "half open")
    assert [(each.segments, each.opened) for each in rawcap.connections(tmp_path / "made.pcap")] == [
        (1, "unanswered")
    ] * 3


def test_more_connections_than_are_written_at_once_are_all_different(tmp_path: Path) -> None:
    following.make(tmp_path / "made.pcap", following.SOME + 2, "half open")
    met = rawcap.connections(tmp_path / "made.pcap")
    assert len({each.client.address for each in met}) == following.SOME + 2
    assert [each.first_ns for each in met[-2:]] == [4_096_000_000, 4_097_000_000]


def test_a_capture_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = bench("flows", tmp_path / "absent.pcap")
    assert done.returncode == 1
    assert done.stderr.startswith("connections bench: ")
    assert "absent.pcap" in done.stderr
    assert done.stderr.count("\n") == 1
