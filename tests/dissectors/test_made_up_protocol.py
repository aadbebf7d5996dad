"""A new header is one short declaration: everything else must follow from it."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from dissectors.graph import graph
from dissectors.header import Header
from dissectors.packet import Interface, Packet
from rawcap.cli import main
from rawcap.files import create_capture
from rawcap.filter import display_filter

DECLARATION = '''
from dissectors.fields import Flag, IPv4Address, Uint
from dissectors.header import Header

class Parrot(Header):
    """Parrot Status Protocol (made up for a test)."""

    name = "parrot"
    version = Uint(4, "version of the protocol")
    state = Uint(4, "state of the bird", names={0: "pining", 1: "deceased"})
    volume = Uint(8, "loudness", parts={"muted": Flag("makes no sound"), "level": Uint(7, "decibels")})
    shop = IPv4Address("where it was bought")
    follows = {"udp.port": 40000}
'''

# Ethernet, IPv4 192.0.2.1 to 192.0.2.2, UDP 5555 to 40000, then 11 ff c6336407.
FRAME = bytes.fromhex(
    "0200000000020200000000010800"
    "450000220001000040110000c0000201c0000202"
    "15b39c40000e0000"
    "11ffc6336407"
)


@pytest.fixture
def parrot() -> Iterator[type[Header]]:
    names: dict[str, type[Header]] = {}
    exec(DECLARATION, names)
    yield names["Parrot"]
    graph.remove(names["Parrot"])


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "parrot.pcap"
    with create_capture(path) as out:
        out.write(Packet(FRAME, Interface(), 1_700_000_000_000_000_000, len(FRAME), 1))
    return path


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_declaration_is_short() -> None:
    assert sum(1 for line in DECLARATION.splitlines() if line.strip()) <= 15


def test_the_packet_view(parrot: type[Header]) -> None:
    packet = Packet.of(FRAME)
    assert packet.protocols == "eth:ip:udp:parrot"
    assert packet.parrot.version == 1
    assert packet.parrot.state == 1
    assert packet.parrot.muted is True
    assert packet["parrot.volume.level"] == 127
    assert packet["parrot.shop"] == "198.51.100.7"


def test_the_display_filter(parrot: type[Header]) -> None:
    packet = Packet.of(FRAME)
    assert display_filter("parrot.state == 1 && parrot.shop == 198.51.100.0/24")(packet)
    assert not display_filter("parrot.volume.muted == 0")(packet)


def test_json(parrot: type[Header], capture: Path) -> None:
    printed = json.loads(run("read", capture, "-T", "json"))
    assert "198.51.100.7" in json.dumps(printed)
    assert "parrot.state" in json.dumps(printed)


def test_fields_of_each_packet(parrot: type[Header], capture: Path) -> None:
    printed = run("read", capture, "-T", "fields", "-e", "parrot.state", "-e", "parrot.shop")
    assert printed == "1\t198.51.100.7\n"


def test_detail(parrot: type[Header], capture: Path) -> None:
    printed = run("read", capture, "-T", "detail")
    assert "Parrot Status Protocol" in printed
    assert "deceased" in printed


def test_the_list_of_fields(parrot: type[Header]) -> None:
    printed = run("fields", "parrot")
    assert "parrot.shop" in printed
    assert "where it was bought" in printed


def test_the_command_line_loads_it_from_a_file(tmp_path: Path, capture: Path) -> None:
    path = tmp_path / "parrot.py"
    path.write_text(DECLARATION)
    before = list(graph.headers)
    try:
        printed = run("read", "--load", path, capture, "-T", "fields", "-e", "parrot.version")
    finally:
        for header in [each for each in graph.headers if each not in before]:
            graph.remove(header)
    assert printed == "1\n"
