"""`rawcap stats`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from rawcap.cli import stats
from rawcap.show.statistics import NAMES
from rawcap.stats import statistics
from rawcap.stats.batch import LAYERS
from rawcap.stats.conversations import ORDERS

Run = Callable[..., Result]

OVERVIEW = """\
packets   5
octets    291
average   58.2 octets a packet
first     2023-11-14 22:13:20.000000 UTC
last      2023-11-14 22:13:21.000000 UTC
duration  1.000000 s
rate      5.0 packets/s, 2.328 kbit/s

Protocols
protocol    packets       %  octets       %
eth               5  100.00     291  100.00
  ip              5  100.00     291  100.00
    tcp           4   80.00     244   83.85
    udp           1   20.00      47   16.15
      data        1   20.00      47   16.15

TCP, 1 conversation by octets
a                b              packets a→b  octets a→b  packets a←b  octets a←b  packets  octets  start, s  \
duration, s
192.0.2.1:49152  192.0.2.2:443            2         128            2         116        4     244  0.000000     \
0.750000

UDP, 1 conversation by octets
a               b                packets a→b  octets a→b  packets a←b  octets a←b  packets  octets  start, s  \
duration, s
192.0.2.1:5000  192.0.2.2:40000            1          47            0           0        1      47  1.000000     \
0.000000
"""

PORTS = """\
TCP, 2 ports by octets
 port  conversations  packets from  octets from  packets to  octets to  packets  octets
  443              1             2          116           2        128        4     244
49152              1             2          128           2        116        4     244
"""

TIME = """\
Time, by intervals of 0.5 s
from, s  to, s  packets  octets  kbit/s
    0.0    0.5        2     136   2.176
    0.5    1.0        2     108   1.728
    1.0    1.5        1      47   0.752
"""


def records(done: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_overview(rawcap: Run, five: Path) -> None:
    done = rawcap("stats", five)
    assert (done.exit_code, done.stdout, done.stderr) == (0, OVERVIEW, "")


def test_ports(rawcap: Run, five: Path) -> None:
    assert rawcap("stats", five, "--by", "ports", "--layer", "tcp").stdout == PORTS


def test_the_course_of_time(rawcap: Run, five: Path) -> None:
    assert rawcap("stats", five, "--by", "time", "--interval", "0.5").stdout == TIME


def test_lengths(rawcap: Run, five: Path) -> None:
    lines = rawcap("stats", five, "--by", "lengths").stdout.splitlines()
    assert lines[:5] == [
        "Packet lengths",
        "octets         packets       %  average  shortest  longest",
        "0–19                 0    0.00        –         –        –",
        "20–39                0    0.00        –         –        –",
        "40–79                5  100.00     58.2        47       74",
    ]


def test_several_tables_and_all_layers(rawcap: Run, five: Path) -> None:
    lines = rawcap("stats", five, "--by", "endpoints", "--by", "conversations").stdout.splitlines()
    assert [line for line in lines if line.endswith(" by octets")] == [
        "Ethernet, 2 endpoints by octets",
        "IPv4, 2 endpoints by octets",
        "TCP, 2 endpoints by octets",
        "UDP, 2 endpoints by octets",
        "Ethernet, 1 conversation by octets",
        "IPv4, 1 conversation by octets",
        "TCP, 1 conversation by octets",
        "UDP, 1 conversation by octets",
    ]


def test_the_first_ones_only(rawcap: Run, five: Path) -> None:
    done = rawcap("stats", five, "--by", "endpoints", "--layer", "tcp", "--sort", "address", "--top", "1")
    assert done.stdout.splitlines()[0] == "TCP, 1 of 2 endpoints by address"
    assert done.stdout.splitlines()[2].startswith("192.0.2.1:49152 ")


def test_a_filter(rawcap: Run, five: Path) -> None:
    done = rawcap("stats", five, "--by", "conversations", "-Y", "tcp.flags.syn == 1", "-T", "json", "--layer", "tcp")
    assert [(each["frames_a"], each["frames_b"]) for each in records(done)] == [(1, 1)]


def test_times_count_from_the_first_packet_of_the_capture_whatever_passes(rawcap: Run, five: Path) -> None:
    time = rawcap("stats", five, "--by", "time", "--interval", "0.5", "-Y", "frame.number >= 3", "-T", "csv")
    assert time.stdout == (
        "start,end,frames,octets\n0.500000000,1.000000000,2,108\n1.000000000,1.500000000,1,47\n"
    )
    talk = rawcap("stats", five, "--by", "conversations", "--layer", "tcp", "-Y", "frame.number >= 3")
    assert talk.stdout.splitlines()[2].split()[-2:] == ["0.500000", "0.250000"]


@pytest.mark.parametrize("table", stats._TABLES)
def test_no_packet_passes_into_csv_and_json(rawcap: Run, five: Path, table: str) -> None:
    done = rawcap("stats", five, "--by", table, "-Y", "arp", "-T", "csv")
    assert (done.exit_code, done.stdout) == (0, ",".join(NAMES[table]) + "\n")
    assert rawcap("stats", five, "--by", table, "-Y", "arp", "-T", "json").stdout == ""


def test_json(rawcap: Run, five: Path) -> None:
    done = rawcap("stats", five, "-T", "json")
    assert [each["table"] for each in records(done)] == ["packets", *["protocols"] * 5, *["conversations"] * 2]
    assert records(done)[0] == {
        "table": "packets",
        "frames": 5,
        "octets": 291,
        "start": "1700000000.000000000",
        "end": "1700000001.000000000",
    }
    assert records(done)[5] == {"table": "protocols", "protocol": "eth:ip:udp:data", "frames": 1, "octets": 47}


def test_csv(rawcap: Run, five: Path) -> None:
    rows = list(csv.DictReader(rawcap("stats", five, "--by", "conversations", "-T", "csv").stdout.splitlines()))
    assert [row["layer"] for row in rows] == ["eth", "ip", "tcp", "udp"]
    assert rows[2] == {
        "layer": "tcp",
        "a": "192.0.2.1",
        "a_port": "49152",
        "b": "192.0.2.2",
        "b_port": "443",
        "frames_a": "2",
        "octets_a": "128",
        "frames_b": "2",
        "octets_b": "116",
        "start": "1700000000.000000000",
        "end": "1700000000.750000000",
    }


def test_several_files_are_one(rawcap: Run, five: Path) -> None:
    assert rawcap("stats", five, five).stdout.startswith("packets   10\n")


def test_standard_input(rawcap: Run, five: Path) -> None:
    assert rawcap("stats", "-", stdin=five.read_bytes()).stdout == OVERVIEW


def test_ports_decoded_as_asked(rawcap: Run, five: Path) -> None:
    done = rawcap("stats", five, "--by", "protocols", "-d", "udp.port==40000,dns", "-T", "json")
    assert records(done)[-1]["protocol"] == "eth:ip:udp:dns"


def test_no_packet_passes(rawcap: Run, five: Path) -> None:
    done = rawcap("stats", five, "--by", "time", "-Y", "arp")
    assert (done.exit_code, done.stdout) == (0, "no packets\n")


def test_a_layer_that_does_not_occur(rawcap: Run, five: Path) -> None:
    done = rawcap("stats", five, "--by", "conversations", "--layer", "ipv6")
    assert (done.exit_code, done.stdout) == (0, "no packet has ipv6 in it\n")


def test_a_file_that_ends_too_early_is_counted_as_far_as_it_goes(rawcap: Run, five: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(five.read_bytes()[:-1])
    done = rawcap("stats", cut)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (1, "packets   4")
    assert done.stderr.startswith(f"rawcap: {cut}")
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_not_there(rawcap: Run) -> None:
    done = rawcap("stats", "nothing.pcap")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "rawcap: nothing.pcap: there is no such file\n"


def test_a_file_that_ends_too_early_and_has_nothing_that_passes(rawcap: Run, five: Path) -> None:
    five.write_bytes(five.read_bytes()[:-1])
    done = rawcap("stats", five, "--by", "time", "-Y", "arp", "-T", "csv")
    assert (done.exit_code, done.stdout) == (1, "start,end,frames,octets\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "endpoints", "--sort", "start"], "endpoints cannot be sorted by start: only conversations can"),
        (["--by", "ports", "--layer", "ip"], "there are no ports in ip: --layer tcp or udp"),
        (
            ["--by", "protocols", "--layer", "tcp"],
            "--layer goes with --by conversations, endpoints or ports",
        ),
        (["--interval", "1"], "--interval goes with --by time"),
        (["-T", "csv"], "-T csv prints one table: give one --by"),
        (["--by", "time", "--interval", "x"], "'x' is not a number of seconds"),
        (["--by", "time", "--interval", "0"], "an interval of 0 s is too short"),
        (["-d", "x"], "--decode-as: 'x' is not understood; write it like udp.port==9000,dns"),
    ],
)
def test_mistakes(rawcap: Run, five: Path, arguments: list[str], message: str) -> None:
    done = rawcap("stats", five, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_filter_is_shown_where_it_is_wrong(rawcap: Run, five: Path) -> None:
    done = rawcap("stats", five, "-Y", "tcp.foo")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[1:] == ["tcp.foo", "^~~~~~~"]


def test_the_choices_are_those_there_are() -> None:
    """They are written again, so that --help does without numpy."""
    assert (stats._TABLES, stats._LAYERS, stats._ORDERS) == (statistics.TABLES, LAYERS, ORDERS)
