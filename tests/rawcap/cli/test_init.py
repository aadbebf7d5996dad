"""What all commands have in common: help, mistakes, exit statuses, and streams that go away."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from rawcap import __version__

Run = Callable[..., Result]
RAWCAP = [sys.executable, "-m", "rawcap"]


@pytest.fixture
def long(make_pcap: Callable[..., Path], frames: dict[str, bytes]) -> Path:
    """More output than any buffer holds."""
    return make_pcap(*[frames["udp"]] * 20_000, name="long.pcap")


def test_version(rawcap: Run) -> None:
    done = rawcap("--version")
    assert (done.exit_code, done.stdout) == (0, f"rawcap {__version__}\n")


COMMANDS = (
    "capture, read, flows, ladder, follow, verify, trace, sockets, lab, table, sql, stats, interfaces, doctor, fields, "
    "protocols"
)
THERE_ARE = f"there are {COMMANDS}"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["read", "--help"], ["fields", "-h"], ["protocols", "-h"]])
def test_help(rawcap: Run, arguments: list[str]) -> None:
    done = rawcap(*arguments)
    assert done.exit_code == 0
    assert done.stdout.startswith("Usage: rawcap")


def test_without_a_command_there_is_help(rawcap: Run) -> None:
    done = rawcap()
    assert (done.exit_code, done.stdout) == (0, rawcap("--help").stdout)


def test_help_lists_the_commands(rawcap: Run) -> None:
    assert re.findall(r"^  (\w+)  ", rawcap("--help").stdout, re.MULTILINE)[-16:] == [
        "capture",
        "read",
        "flows",
        "ladder",
        "follow",
        "verify",
        "trace",
        "sockets",
        "lab",
        "table",
        "sql",
        "stats",
        "interfaces",
        "doctor",
        "fields",
        "protocols",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["raed"], "rawcap: there is no command 'raed'; did you mean read? (see rawcap --help)\n"),
        (["x"], f"rawcap: there is no command 'x'; {THERE_ARE} (see rawcap --help)\n"),
        (["--verson"], "rawcap: there is no option --verson; did you mean --version? (see rawcap --help)\n"),
        (["read"], "rawcap: Missing argument 'FILE...' (see rawcap read --help)\n"),
        (["read", "-c", "0", "x"], "rawcap: Invalid value for '-c' / '--count': 0 is less than 1 (see rawcap "),
        (["read", "x", "-c", "x"], "rawcap: Invalid value for '-c' / '--count': 'x' is not a number (see "),
        (["read", "x", "-c"], "rawcap: Option '-c' requires an argument (see rawcap read --help)\n"),
        (["read", "x", "-q"], "rawcap: there is no option -q (see rawcap read --help)\n"),
        (["read", "--fore", "x"], "rawcap: there is no option --fore; did you mean --force? (see rawcap read "),
        (["read", ""], "rawcap: a FILE has an empty name; - is standard input (see rawcap read --help)\n"),
        (["protocols", "tcp", "x"], "rawcap: Got unexpected extra argument (x) (see rawcap protocols --help)\n"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(rawcap: Run, arguments: list[str], told: str) -> None:
    done = rawcap(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1


def test_only_what_the_called_command_needs_is_imported() -> None:
    code = (
        "import sys; sys.argv = ['rawcap', '--version']; import rawcap.cli\n"
        "try: rawcap.cli.main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith(('dissectors', 'rich', 'cypcap'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == f"rawcap {__version__}\n[]\n"


def test_reading_imports_neither_rich_nor_libpcap(five: Path) -> None:
    code = (
        f"import sys; sys.argv = ['rawcap', 'read', {str(five)!r}]; import rawcap.cli\n"
        "try: rawcap.cli.main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name in ('rich', 'cypcap', 'dpkt', 'numpy', 'zstandard', 'lz4')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_pipe_whose_reader_has_gone_ends_quietly(long: Path) -> None:
    child = subprocess.Popen([*RAWCAP, "read", long], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    with child:
        assert child.stdout.readline().endswith(b"Len=5\n")
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 141


def test_a_capture_written_to_a_pipe_whose_reader_has_gone_ends_quietly(long: Path) -> None:
    child = subprocess.Popen([*RAWCAP, "read", long, "-w", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    with child:
        child.stdout.read(4)
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["read", "{}"], ["read", "{}", "-w", "-"], ["fields"], ["--help"]])
def test_an_output_that_takes_no_more_is_one_line_and_status_1(five: Path, arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*RAWCAP, *(each.format(five) for each in arguments)], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr == "rawcap: standard output cannot be written: no space left on device\n"


def test_ctrl_c_ends_with_status_130_and_what_was_read_is_shown(five: Path) -> None:
    child = subprocess.Popen(
        [*RAWCAP, "read", "--follow", five],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell runs in the background ignores Ctrl-C, tests included, and so would the command.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert child.stdout is not None
    with child:
        for _ in range(5):
            child.stdout.readline()
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate()
    assert child.returncode == 130
    assert errors.strip() == ""


def test_output_is_plain_in_a_pipe_and_coloured_when_that_is_asked_for(five: Path) -> None:
    def shown(*arguments: str, **environment: str) -> str:
        plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
        command = [*RAWCAP, "read", str(five), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env={**plain, **environment}).stdout

    assert "\x1b" not in shown()
    assert "\x1b" in shown(FORCE_COLOR="1")
    assert "\x1b" not in shown(FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b" in shown("--color", "always", NO_COLOR="1")
    assert "\x1b" not in shown("--color", "never", FORCE_COLOR="1")


@pytest.mark.parametrize("arguments", [["-T", "text"], ["-V"], ["-x"], ["fields"], ["protocols"]], ids=" ".join)
def test_no_line_is_longer_than_the_terminal(five: Path, arguments: list[str]) -> None:
    pty = pytest.importorskip("pty")
    command = arguments if arguments[0][0] != "-" else ["read", str(five), *arguments, "--color", "never"]
    ours, theirs = pty.openpty()
    narrow = {**os.environ, "COLUMNS": "80"}
    child = subprocess.Popen([*RAWCAP, *command], stdout=theirs, stdin=subprocess.DEVNULL, env=narrow)
    os.close(theirs)
    shown = b""
    try:
        while more := os.read(ours, 1 << 16):
            shown += more
    except OSError:  # how Linux says that nobody has the other end open any more
        pass
    finally:
        os.close(ours)
    assert child.wait() == 0
    lines = shown.decode().splitlines()
    assert len(lines) >= 5
    assert max(map(len, lines)) <= 80


def test_an_output_that_is_not_unicode_gets_ascii(five: Path) -> None:
    done = subprocess.run(
        [*RAWCAP, "read", five, "-c", "1"], capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 0
    assert b"192.0.2.1 -> 192.0.2.2" in done.stdout


def test_a_growing_file_is_followed_line_by_line(five: Path, tmp_path: Path) -> None:
    whole = five.read_bytes()
    growing = tmp_path / "growing.pcap"
    growing.write_bytes(whole[:60])  # in the middle of the first packet
    child = subprocess.Popen([*RAWCAP, "read", "--follow", growing], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child:
        with growing.open("ab") as file:
            file.write(whole[60:])
        assert [child.stdout.readline()[:5] for _ in range(5)] == ["    1", "    2", "    3", "    4", "    5"]
        child.terminate()


def test_a_pipe_that_is_still_open_is_shown_line_by_line(five: Path) -> None:
    child = subprocess.Popen([*RAWCAP, "read", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None and child.stdout is not None
    with child:
        child.stdin.write(five.read_bytes())
        child.stdin.flush()
        assert [child.stdout.readline()[:5] for _ in range(5)] == [b"    1", b"    2", b"    3", b"    4", b"    5"]
        child.stdin.close()
    assert child.returncode == 0


def test_a_closed_standard_output_is_one_line() -> None:
    command = f"exec '{sys.executable}' -m rawcap protocols >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "rawcap: standard output is closed\n")
