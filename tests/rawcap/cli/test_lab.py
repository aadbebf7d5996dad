"""`rawcap lab` on the command line: the list, and what is wrong in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CAPTURES = Path(__file__).parents[3] / "pcaps"
TCP = CAPTURES / "labs" / "tcp.pcapng"


def lab(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `rawcap lab`."""
    known = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "COLUMNS": "100", **environment}
    command = [sys.executable, "-m", "rawcap", "lab", *map(str, arguments)]
    return subprocess.run(command, env=known, capture_output=True, text=True, timeout=60)


class TestTheList:
    def test_it_names_each_lab_with_its_title(self) -> None:
        first = lab("--lang", "en").stdout.splitlines()[0].split(maxsplit=1)
        assert first == ["tcp", "The whole life of a TCP connection, in twelve steps"]

    def test_it_is_in_the_language_of_the_locale(self) -> None:
        first = lab(LANG="zh_CN.UTF-8").stdout.splitlines()[0].split(maxsplit=1)
        assert first == ["tcp", "TCP 连接的一生：十二个步骤"]


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["tpc"], 2, "rawcap: there is no lab 'tpc'; there are tcp, "),
        (["tcp", "--loss", "200%"], 2, "rawcap: Invalid value for '--loss': '200%' is no share: write it like 5%"),
        (["tcp", "--delay", "20"], 2, "rawcap: Invalid value for '--delay': '20' is no time: write it like 20ms"),
        (["--loss", "5%"], 2, "rawcap: give the NAME of a lab"),
        (["tcp", "-w", "x.pcap"], 2, "rawcap: -w x.pcap: a timeline is written to a pcapng file"),
        (["tcp", "-w", "/nonexistent/x.pcapng"], 2, "rawcap: -w /nonexistent/x.pcapng: it cannot be written there"),
        (["refused", "--server", "x"], 2, "rawcap: --server: in the lab refused no program of yours"),
        (["udp", "--replay", TCP], 2, f"rawcap: {TCP} is a recording of the lab tcp, not of udp"),
        (["--replay", TCP, "--loss", "5%"], 2, "rawcap: --loss does not go with --replay"),
        (["--replay", CAPTURES / "arp.pcapng"], 1, f"rawcap: {CAPTURES}/arp.pcapng is no recording of a lab"),
        (["--replay", "/nonexistent"], 1, "rawcap: /nonexistent"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str | Path], status: int, line: str) -> None:
    done = lab(*arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (status, "", 1)
    assert done.stderr.startswith(line)


class TestAReplay:
    def test_each_step_has_its_call_its_frames_and_the_states(self) -> None:
        shown = lab("tcp", "--replay", TCP, "--lang", "en").stdout
        step = shown[shown.index("── Step 3 ") : shown.index("── Step 6 begins")]
        assert "listen(3, 5) = 0  LISTEN" in step
        assert "on the wire  nothing: no frame passed the interface" in step
        assert "sockets now  client no socket · server LISTEN" in step

    def test_no_line_is_wider_than_the_page(self) -> None:
        from rawcap.show.columns import columns

        for language in ("en", "zh"):
            shown = lab("tcp", "--replay", TCP, "--lang", language).stdout.splitlines()
            assert max(map(columns, shown)) <= 100

    def test_it_ends_with_the_verification(self) -> None:
        shown = lab("tcp", "--replay", TCP, "--lang", "en").stdout.splitlines()
        assert shown[-2:] == [
            "1 connection: 24 checks hold, 0 broken; 9 expectations, 0 failed",
            "all 13 steps went as the lesson says, on the wire and in the sockets",
        ]

    def test_a_terminal_of_ascii_gets_ascii(self) -> None:
        shown = lab("tcp", "--replay", TCP, "--lang", "en", PYTHONUTF8="0", LC_ALL="C", PYTHONIOENCODING="ascii").stdout
        assert shown.isascii()
        assert "SYN-SENT |--SYN seq=0" in shown


@pytest.mark.privileged
def test_without_namespaces_it_says_what_to_do() -> None:
    none_left = "echo 0 > /proc/sys/user/max_user_namespaces; echo 0 > /proc/sys/user/max_net_namespaces"
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", f'{none_left}; exec "$@"', "sh"]
    command += [sys.executable, "-m", "rawcap", "lab", "tcp"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    assert "run the lab through sudo, or see what it shows with rawcap lab NAME --replay FILE" in done.stderr
