"""`rawcap ladder`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from rawcap.files import Block, create_capture, open_capture, section_header
from rawcap.files.blocks import CUSTOM, SECTION_HEADER
from rawcap.stack.recording import write
from tests.rawcap.stack.stories import handshake

Run = Callable[..., Result]

PCAPS = Path(__file__).parents[3] / "pcaps"
THREE = PCAPS / "tcp" / "three_connections.pcapng"
REFUSED = PCAPS / "tcp" / "refused.pcapng"

TEXT = """\
                    192.0.2.1:49152                                                   192.0.2.2:7
 time, s  packet    CLOSED ┊                                                               ┊ UNKNOWN
0.000000       1  SYN-SENT │──SYN seq=0 win=64240 mss=1460 scale=10 sack timestamps───────▶┊
0.000151       2    CLOSED │◀────────────────────────────────────────RST, ACK seq=1 ack=1──│ CLOSED

never open: refused by a reset
"""

ASCII = """\
                    192.0.2.1:49152                                                   192.0.2.2:7
 time, s  packet    CLOSED :                                                               : UNKNOWN
0.000000       1  SYN-SENT |--SYN seq=0 win=64240 mss=1460 scale=10 sack timestamps------->:
0.000151       2    CLOSED |<----------------------------------------RST, ACK seq=1 ack=1--| CLOSED

never open: refused by a reset
"""


@pytest.fixture(autouse=True)
def no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests does not say how wide a page is."""
    monkeypatch.delenv("COLUMNS", raising=False)


def test_a_connection(rawcap: Run) -> None:
    done = rawcap("ladder", REFUSED)
    assert (done.exit_code, done.stdout, done.stderr) == (0, TEXT, "")


def test_an_output_that_knows_ascii_only(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rawcap", "ladder", str(REFUSED)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, ASCII, "")


def test_a_page_is_as_wide_as_columns_says(rawcap: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, rawcap("ladder", REFUSED).stdout.splitlines())) <= 60


def test_the_first_of_several_is_drawn_and_the_others_are_named(rawcap: Run) -> None:
    done = rawcap("ladder", THREE)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].split() == ["192.0.2.1:49152", "192.0.2.2:7"]
    assert done.stderr == f"rawcap: {THREE} has 3 TCP connections; this is 0. Name another by its number, see flows\n"


@pytest.mark.parametrize("which", [["2"], ["tcp", "2"]])
def test_a_connection_by_its_number(rawcap: Run, which: list[str]) -> None:
    done = rawcap("ladder", THREE, *which)
    assert done.stdout.splitlines()[0].split() == ["192.0.2.1:49154", "192.0.2.2:7"]
    assert done.stderr == ""


def test_an_exchange(rawcap: Run) -> None:
    done = rawcap("ladder", PCAPS / "udp_exchange.pcapng", "udp", "0")
    assert done.stdout.splitlines()[-1] == "answered"


def test_standard_input(rawcap: Run) -> None:
    assert rawcap("ladder", "-", stdin=REFUSED.read_bytes()).stdout == TEXT


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([THREE, "3"], "rawcap: there is no TCP connection 3: the file has 3 (0 to 2)\n"),
        ([REFUSED, "1"], "rawcap: there is no TCP connection 1: the file has only 0\n"),
        ([REFUSED, "udp"], "rawcap: the file has no UDP exchange, but 1 TCP connection: rawcap ladder FILE tcp 0\n"),
        (
            [PCAPS / "tcp" / "udp_answered.pcapng"],
            "rawcap: the file has no TCP connection, but 1 UDP exchange: rawcap ladder FILE udp 0\n",
        ),
        ([REFUSED, "one"], "rawcap: Invalid value: 'one' is not a number (see rawcap ladder --help)\n"),
        ([REFUSED, "0", "1"], "rawcap: one connection at a time: FILE [tcp|udp] N (see rawcap ladder --help)\n"),
    ],
)
def test_what_cannot_be_is_one_line(rawcap: Run, arguments: list[str | Path], line: str) -> None:
    done = rawcap("ladder", *arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", line)


def test_a_file_that_is_not_there(rawcap: Run) -> None:
    done = rawcap("ladder", "nothing.pcap")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_a_file_that_ends_too_early_is_drawn_as_far_as_it_goes(rawcap: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(REFUSED.read_bytes()[:-1])
    done = rawcap("ladder", cut)
    assert done.exit_code == 1
    assert "SYN seq=0" in done.stdout
    assert done.stderr.count("\n") == 1


def test_colours_when_they_are_asked_for(rawcap: Run) -> None:
    lines = rawcap("ladder", REFUSED, "--color", "always").stdout.splitlines()
    assert "\x1b[1;31m◀─" in lines[3]
    assert "\x1b[36mSYN-SENT\x1b[0m" in lines[2]


# -- files with a timeline --------------------------------------------------------------------------------


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A capture with the calls of an echo client and server."""
    write(tmp_path / "echo.pcapng", PCAPS / "tcp_handshake.pcapng", handshake()[0])
    return tmp_path / "echo.pcapng"


def test_a_recorded_timeline_is_drawn(rawcap: Run, recorded: Path) -> None:
    done = rawcap("ladder", recorded)
    lines = done.stdout.splitlines()
    assert (done.exit_code, done.stderr) == (0, "")
    assert lines[0].split("  ")[-1] == "server: echo-server, pid 101"
    assert lines[8] == "0.000880     SYN-SENT ┠ connect(5, 192.0.2.2:7) …" + " " * 37 + "┃"
    assert "──SYN seq=0" in lines[9]


@pytest.mark.parametrize("arguments", [["--packets-only"], ["0"], ["tcp", "0"]])
def test_packets_alone_are_drawn_when_they_are_asked_for(rawcap: Run, recorded: Path, arguments: list[str]) -> None:
    alone = rawcap("ladder", PCAPS / "tcp_handshake.pcapng").stdout
    assert rawcap("ladder", recorded, *arguments).stdout == alone


def test_the_words_of_a_lab_may_be_left_out(rawcap: Run) -> None:
    lab = PCAPS / "labs" / "tcp.pcapng"
    calls = [line for line in rawcap("ladder", lab).stdout.splitlines() if "connect" in line and "┠" in line]
    bare = rawcap("ladder", lab, "--no-notes").stdout.splitlines()
    assert len(calls) == 2
    assert [line.split("┠")[1] for line in bare if "connect" in line and "┠" in line] == [
        line.split("┠")[1] for line in calls
    ]
    assert [line for line in bare if line.strip() and not {*line} & {*"┊│┃"}] == [*bare[:2], bare[-1]]


def test_a_timeline_from_standard_input(rawcap: Run, recorded: Path) -> None:
    assert rawcap("ladder", "-", stdin=recorded.read_bytes()).stdout == rawcap("ladder", recorded).stdout


def test_a_timeline_that_nothing_announces(rawcap: Run, recorded: Path, tmp_path: Path) -> None:
    with open_capture(recorded) as capture, create_capture(tmp_path / "plain.pcapng", like=capture) as copy:
        for item in capture.blocks():
            is_header = isinstance(item, Block) and item.type == SECTION_HEADER
            copy.write(section_header() if is_header else item)
    assert rawcap("ladder", tmp_path / "plain.pcapng").stdout == rawcap("ladder", recorded).stdout


def test_a_damaged_timeline_is_one_line_and_the_packets_are_drawn(rawcap: Run, recorded: Path, tmp_path: Path) -> None:
    with open_capture(recorded) as capture, create_capture(tmp_path / "bad.pcapng", like=capture) as copy:
        for item in capture.blocks():
            if isinstance(item, Block) and item.type == CUSTOM:
                item = Block(CUSTOM, item.body[:28] + b"\xff" * (len(item.body) - 28))
            copy.write(item)
    done = rawcap("ladder", tmp_path / "bad.pcapng")
    assert done.stdout == rawcap("ladder", PCAPS / "tcp_handshake.pcapng").stdout
    assert done.stderr.startswith("rawcap: the timeline in the file is damaged: an event of it cannot be read (")
    assert done.stderr.count("\n") == 1
