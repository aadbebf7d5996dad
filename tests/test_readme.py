"""The README's commands run, and print what it shows.

In a `console` block a line that begins with `$ ` is a command, run from the root of the checkout with the environment's
programs on PATH; the lines behind it are what it prints.  There, `...` stands for anything: within a line, or, alone
on a line, for any number of lines.  What the commands write to /tmp goes to a folder of the test.

A line that begins with `# ` is a command for root.  It runs in a network namespace of its own, in which others talk
over the loopback interface all the time (TRAFFIC), and is skipped where there may be none.  A time at the beginning of
a line stands for any time there.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```", README, re.M | re.S)
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
EXAMPLES = [match for block in BLOCKS for match in re.findall(r"^([$#]) (.*)\n((?:(?![$#] ).*\n)*)", block, re.M)]

# A connection that carries one line to port 9000 and back, and a datagram, again and again until it is stopped.
TRAFFIC = """
import socket, time
listener = socket.create_server(("127.0.0.1", 9000))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    with socket.create_connection(("127.0.0.1", 9000)) as client, listener.accept()[0] as server:
        time.sleep(0.02)
        client.sendall(b"hello\\n")
        server.sendall(server.recv(100))
        client.recv(100)
    datagrams.sendto(b"hello", ("127.0.0.1", 9000))
    time.sleep(0.05)
"""
ANY_TIME = re.compile(r"(?<=\\n)\d\\\.\d{6}\\ ")
AMID_TRAFFIC = f"""
ip link set lo up
'{sys.executable}' -c '{TRAFFIC}' &
traffic=$!
trap 'kill $traffic' EXIT
"""


def pattern(shown: str) -> str:
    """A regular expression for what is shown."""
    return "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*?") + r"\n"
        for line in shown.splitlines()
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all the commands: what one writes another may read."""
    return tmp_path_factory.mktemp("readme")


def run(*command: str) -> str:
    """What a command prints, run with the environment's programs on PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout


def examples(prompt: str) -> pytest.MarkDecorator:
    """The commands with this prompt, and what they print."""
    chosen = [(command, shown) for each, command, shown in EXAMPLES if each == prompt]
    return pytest.mark.parametrize(("command", "shown"), chosen, ids=[command for command, _ in chosen])


@examples("$")
def test_a_command_prints_what_is_shown(command: str, shown: str, folder: Path) -> None:
    printed = run("sh", "-c", command.replace("/tmp/", f"{folder}/"))
    assert re.fullmatch(pattern(shown), printed), printed


@pytest.mark.privileged
@examples("#")
def test_a_command_of_root_prints_what_is_shown(command: str, shown: str) -> None:
    printed = run("unshare", "--net", "sh", "-c", AMID_TRAFFIC + command)
    assert re.fullmatch(ANY_TIME.sub(r"\\d\\.\\d{6}\\ ", pattern(shown)), printed), printed


@pytest.mark.parametrize(
    "program",
    [pytest.param(each, marks=pytest.mark.privileged if "rawcap.capture" in each else ()) for each in PYTHON],
)
def test_python_examples_run(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10
    assert len(PYTHON) >= 2
