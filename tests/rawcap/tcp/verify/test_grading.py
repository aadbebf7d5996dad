"""What a grader is told in rawcap/tcp/README.md: the table of expectations, the usual labs, and the commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rawcap.tcp.verify.expectations import KINDS, QUANTITIES
from tests.rawcap.tcp.verify.test_expectations import look

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "rawcap" / "tcp" / "README.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```", PAGE, re.M | re.S)
EXAMPLES = [match for block in BLOCKS for match in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M)]
LABS = dict(re.findall(r"^\| ([^|`]+) \| ((?:and )?`[^|]*) \|$", PAGE.partition("### Grading")[2], re.M))

CAPTURES = {
    "echo client: connects, sends 6 octets, gets them back, closes": "closed_by_client",
    "the same on a network that must lose nothing": "closed_by_client",
    "a server that closes first": "closed_by_server",
    "a client that shuts down its sending side and reads on": "half_close",
    "connect() to a port where nobody listens": "refused",
    "connect() to a host that drops everything": "syn_unanswered",
    "connect() to a network that is not reached": "net_unreachable",
    "abort with SO_LINGER and time 0": "reset_by_client",
    "UDP echo": "udp_answered",
    "a datagram to a port without a socket": "udp_port_unreachable",
}


def test_every_expectation_is_told() -> None:
    for kind in KINDS.values():
        value = f"={kind.value}".replace("|", r"\|") if kind.value else ""
        assert f"| `{kind.name}{value}` | {kind.sentence} |\n" in PAGE
    for name, sentence in QUANTITIES.items():
        assert f"| `{name}: FILTER` | {sentence} |\n" in PAGE


def test_every_lab_has_its_capture() -> None:
    assert set(LABS) == {*CAPTURES, "a server for three clients, one after the other"}


@pytest.mark.parametrize(("lab", "name"), CAPTURES.items())
def test_what_is_expected_of_a_lab_holds(lab: str, name: str) -> None:
    found = {text: look(text, name) for text in re.findall(r"`([^`]+)`", LABS[lab])}
    assert found
    assert {text: check.detail for text, check in found.items() if check.verdict != "holds"} == {}


@pytest.mark.parametrize("name", ["refused", "syn_unanswered", "lost_fin", "reset_by_server", "udp_answered"])
def test_the_echo_is_not_passed_by_what_is_none(name: str) -> None:
    expected = re.findall(r"`([^`]+)`", LABS["echo client: connects, sends 6 octets, gets them back, closes"])
    expected += re.findall(r"`([^`]+)`", LABS["the same on a network that must lose nothing"])
    assert any(look(text, name).verdict == "broken" for text in expected)


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_a_command_prints_what_is_shown(command: str, shown: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True)
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*?") + r"\n"
        for line in shown.splitlines()
    )
    assert re.fullmatch(pattern, done.stdout), done.stdout


def test_there_are_commands() -> None:
    assert len(EXAMPLES) >= 6
