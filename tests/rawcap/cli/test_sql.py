"""`rawcap sql`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from click.testing import Result

pytest.importorskip("duckdb")

Run = Callable[..., Result]
Isolated = Callable[..., CompletedProcess[str]]

SOURCES = "select ip.src, count(*) n, sum(frame.len) from packets group by 1 order by n desc"


def test_aligned_columns(rawcap: Run, five: Path) -> None:
    done = rawcap("sql", SOURCES, five)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        "ip.src     n  sum(frame.len)\n"
        "─────────  ─  ──────────────\n"
        "192.0.2.1  3             175\n"
        "192.0.2.2  2             116\n"
    )


def test_csv(rawcap: Run, five: Path) -> None:
    done = rawcap("sql", "select ip.src, tcp.dstport, 'a,b' as c from packets where udp", five, "-T", "csv")
    assert done.stdout == 'ip.src,tcp.dstport,c\n192.0.2.1,,"a,b"\n'


def test_json(rawcap: Run, five: Path) -> None:
    text = "select ip.src, frame.len, vlan.id, tcp.flags.syn, ip.src from packets limit 1"
    done = rawcap("sql", text, five, "-T", "json")
    assert json.loads(done.stdout) == {
        "ip.src": "192.0.2.1",
        "frame.len": 74,
        "vlan.id": None,
        "tcp.flags.syn": True,
        "ip.src_2": "192.0.2.1",
    }


def test_a_display_filter(rawcap: Run, five: Path) -> None:
    done = rawcap("sql", "select count(*) as n from packets", five, "-Y", "tcp.flags.syn == 1", "-T", "csv")
    assert done.stdout == "n\n2\n"


def test_decode_as(rawcap: Run, five: Path) -> None:
    text = "select count(*) as n from packets where dns"
    assert rawcap("sql", text, five, "-T", "csv", "-d", "udp.port==40000,dns").stdout == "n\n1\n"
    assert rawcap("sql", text, five, "-T", "csv").stdout == "n\n0\n"


def test_a_protocol_of_the_users_own(isolated: Isolated, five: Path, thermometer: Path) -> None:
    text = "select thermometer.sensor from packets where thermometer"
    done = isolated("sql", text, five, "-T", "csv", "--load", thermometer)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"thermometer.sensor\n{0x6865}\n", "")


def test_standard_input(rawcap: Run, five: Path) -> None:
    text = "select count(*) as n from packets a, packets b"
    assert rawcap("sql", text, "-", "-T", "csv", stdin=five.read_bytes()).stdout == "n\n25\n"


# -- mistakes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("select ip.scr from packets", "rawcap: sql: no field 'ip.scr'; did you mean ip.src"),
        ("selec 1", 'rawcap: sql: syntax error at or near "selec"\n'),
        ("select 1; select 2", "rawcap: sql: these are 2 statements; ask one at a time\n"),
        ("select foo(ip.src) from packets", "rawcap: sql: Scalar Function with name foo does not exist; did you mean"),
    ],
)
def test_a_mistake_is_one_line(rawcap: Run, five: Path, query: str, line: str) -> None:
    done = rawcap("sql", query, five)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_a_wrong_filter(rawcap: Run, five: Path) -> None:
    done = rawcap("sql", SOURCES, five, "-Y", "ip.scr == 1")
    assert done.exit_code == 2
    assert "\nip.scr == 1\n^~~~~~" in done.stderr


def test_a_file_that_is_missing(rawcap: Run, five: Path) -> None:
    missing = five.parent / "none.pcap"
    done = rawcap("sql", "select count(*) as n from packets", missing, five, "-T", "csv")
    assert (done.exit_code, done.stdout) == (1, "n\n5\n")
    assert done.stderr == f"rawcap: {missing}: there is no such file\n"


@pytest.mark.parametrize("view", ["text", "csv", "json"])
@pytest.mark.parametrize("text", ["select count(*) from packets", "select ip.src from packets"])
def test_no_file_can_be_read(rawcap: Run, tmp_path: Path, view: str, text: str) -> None:
    (tmp_path / "junk.pcap").write_bytes(b"junk" * 20)
    (tmp_path / "empty.pcap").write_bytes(b"")
    done = rawcap("sql", text, *(tmp_path / name for name in ("junk.pcap", "empty.pcap", "none.pcap")), "-T", view)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 3


def test_a_capture_without_packets_is_an_answer(rawcap: Run, make_pcap: Callable[..., Path]) -> None:
    done = rawcap("sql", "select count(*) n from packets", make_pcap(), "none.pcap", "-T", "csv")
    assert (done.exit_code, done.stdout) == (1, "n\n0\n")


def test_one_statement_may_end_with_a_semicolon(rawcap: Run, five: Path) -> None:
    assert rawcap("sql", "select ';' as a;", five, "-T", "csv").stdout == "a\n;\n"


def test_help_says_which_of_several_values_a_column_has(rawcap: Run) -> None:
    assert "several values of a field, the column has the first one" in " ".join(
        rawcap("sql", "--help").stdout.split()
    )


def test_without_duckdb(rawcap: Run, five: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    done = rawcap("sql", SOURCES, five)
    assert (done.exit_code, done.stderr) == (2, "rawcap: sql: this needs DuckDB: pip install 'rawcap[sql]'\n")


def test_nothing_is_said_at_the_end(isolated: Isolated, five: Path) -> None:
    done = isolated("sql", "select in_network(ip.src, 'x') from packets", five)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "rawcap: sql: 'x' is not a network; write it like 192.0.2.0/24\n"
