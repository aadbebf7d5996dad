"""rawcap beside tshark, cell by cell: every field of every packet of every capture at hand.

tshark is the oracle where it is installed.  The project's own captures are always compared; a folder `shared` beside the
checkout, where there is one, brings several hundred more and the lists of fields.  A cell counts when either
program fills it.  DIFFERENT lists the cells in which rawcap differs on purpose, each with the section that says so.
"""
from __future__ import annotations

import collections
import concurrent.futures
import functools
import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

import rawcap
from dissectors.graph import graph
from rawcap.files import CaptureError

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
OWN = sorted((ROOT / "pcaps").glob("*.pcap*"))
OTHERS = sorted((SHARED / "captures").glob("*.pcap*")) + sorted((SHARED / "captures" / "lossy").glob("*.pcap*"))

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

# (capture, packet, field): why rawcap differs.
DIFFERENT: dict[tuple[str, int, str], str] = {}

Cell = tuple[str, int, str, str, str]


@functools.cache
def oracle() -> ModuleType:
    """The comparison that the shared folder keeps: its lists of fields and its idea of equal."""
    path = SHARED / "oracle" / "agree.py"
    if not path.exists():
        pytest.skip("there is no shared folder beside the checkout")
    spec = importlib.util.spec_from_file_location("agree", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FIELDS = """frame.number frame.len frame.cap_len eth.dst eth.src eth.type vlan.id sll.etype arp.opcode
ip.version ip.hdr_len ip.dsfield ip.len ip.id ip.flags.df ip.flags.mf ip.frag_offset ip.ttl ip.proto ip.checksum ip.src ip.dst
ipv6.tclass ipv6.flow ipv6.plen ipv6.nxt ipv6.hlim ipv6.src ipv6.dst icmp.type icmp.code icmpv6.type icmpv6.code
tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw tcp.hdr_len tcp.flags tcp.window_size_value tcp.checksum tcp.len
tcp.options.mss_val tcp.options.wscale.shift tcp.options.timestamp.tsval udp.srcport udp.dstport udp.length udp.checksum
dns.id dns.qry.name dns.a http.request.method http.response.code tls.handshake.type sctp.srcport""".split()

TSHARK = ["tshark", "-n"]
for preference in ("ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams"):
    TSHARK += ["-o", f"{preference}:FALSE"]


def normal(cell: str) -> str:
    """The same value in the same characters: numbers as decimals, booleans as numbers."""
    cell = cell.strip().lower()
    if cell in {"true", "false"}:
        return str(int(cell == "true"))
    try:
        return str(int(cell, 0)) if cell.startswith("0x") else str(int(cell))
    except ValueError:
        return cell


def theirs(path: Path, fields: list[str]) -> list[list[str]] | None:
    """tshark's rows, None when it cannot read the capture."""
    command = [*TSHARK, "-r", str(path), "-T", "fields", "-E", "occurrence=f"]
    done = subprocess.run([*command, *(word for name in fields for word in ("-e", name))], capture_output=True)
    lines = done.stdout.decode("utf-8", "replace").split("\n")[:-1]
    return None if done.returncode and not lines else [line.rstrip("\r").split("\t") for line in lines]


def ours(path: Path, fields: list[str]) -> list[list[str]]:
    rows = []
    declared = {name: graph.fields[name][0] for name in fields if name in graph.fields}
    try:
        for packet in rawcap.read(path):
            values = {name: next(iter(packet.values(name)), None) for name in declared}
            rows.append(
                ["" if values.get(name) is None else declared[name].text(values[name]) for name in fields]
            )
    except CaptureError:
        pass  # what could be read counts
    return rows


def compare(paths: list[Path], fields: list[str]) -> tuple[collections.Counter[str], collections.Counter[str], list[Cell]]:
    """Cells that agree and cells that either filled, by field; and those that differ."""
    same: collections.Counter[str] = collections.Counter()
    filled: collections.Counter[str] = collections.Counter()
    differing: list[Cell] = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, right in zip(paths, pool.map(lambda path: theirs(path, fields), paths), strict=True):
            if right is None:
                continue
            left = ours(path, fields)
            blank = [""] * len(fields)
            for number in range(max(len(left), len(right))):
                pair = (rows[number] if number < len(rows) else blank for rows in (left, right))
                for name, mine, other in zip(fields, *pair, strict=True):
                    mine, other = normal(mine), normal(other)
                    if not mine and not other:
                        continue
                    filled[name] += 1
                    if mine == other or (path.name, number + 1, name) in DIFFERENT:
                        same[name] += 1
                    else:
                        differing.append((path.name, number + 1, name, mine, other))
    return same, filled, differing


def told(differing: list[Cell]) -> str:
    return "\n".join(f"{name} packet {n} {field}: rawcap {a!r}, tshark {b!r}" for name, n, field, a, b in differing[:40])


def test_own_captures_agree_in_every_cell() -> None:
    _, filled, differing = compare(OWN, FIELDS)
    assert sum(filled.values()) > 5000
    assert not differing, told(differing)


@pytest.mark.parametrize(("which", "overall", "each"), [("CORE", 0.999, 0.99), ("APP", 0.97, 0.0)])
def test_shared_captures_agree(which: str, overall: float, each: float) -> None:
    fields = getattr(oracle(), which)
    same, filled, differing = compare(OTHERS, fields)
    assert sum(same.values()) >= overall * sum(filled.values()), told(differing)
    for name in filled:
        assert same[name] >= each * filled[name], f"{name}\n{told([cell for cell in differing if cell[2] == name])}"
