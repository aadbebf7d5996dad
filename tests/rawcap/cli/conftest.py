"""How the tests of commands call them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rawcap.cli import main

MakePcap = Callable[..., Path]


@pytest.fixture
def rawcap() -> Callable[..., Result]:
    """Runs a command line in this process; gives its output, its errors and its exit status."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(main, list(map(str, arguments)), input=stdin)

    return run


@pytest.fixture
def five(make_pcap: MakePcap, frames: dict[str, bytes]) -> Path:
    """SYN, SYN/ACK, ACK and RST of one connection, then a datagram."""
    return make_pcap(*frames.values(), name="five.pcap")


@pytest.fixture
def thermometer(tmp_path: Path) -> Path:
    """A file in which a user declares a protocol."""
    path = tmp_path / "thermometer.py"
    path.write_text(
        "from dissectors.fields import Uint\n"
        "from dissectors.header import Header\n"
        "\n"
        "class Thermometer(Header):\n"
        '    """Thermometer report (an invention, 1)."""\n'
        "\n"
        '    name = "thermometer"\n'
        '    sensor = Uint(16, "which sensor")\n'
        '    celsius = Uint(16, "temperature, degrees")\n'
        "\n"
        '    follows = {"udp.port": 40000}\n'
    )
    return path


@pytest.fixture
def isolated() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command line in a process of its own, whose parse graph may be added to."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "rawcap", *map(str, arguments)], capture_output=True, text=True)

    return run
