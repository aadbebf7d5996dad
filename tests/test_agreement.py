"""rawcap beside tshark, cell by cell: fields of every packet of every capture at hand.

tshark is the oracle where it is installed.  The project's own captures are always compared; a folder `shared` beside
the checkout, where there is one, brings several hundred more and the lists of fields.  A cell counts when either
program fills it.  DIFFERENT lists where rawcap differs on purpose, with the section that says so.
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
OWN_TCP = sorted((ROOT / "pcaps" / "tcp").glob("*.pcap*"))
LOSSY = sorted((SHARED / "captures" / "lossy").glob("*.pcap*"))
OTHERS = sorted((SHARED / "captures").glob("*.pcap*")) + sorted((SHARED / "captures" / "lossy").glob("*.pcap*"))

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

LARGE = (
    "a length of 0 with more than 65,535 octets is not an empty packet but one too long for the field "
    "(RFC 2675, 4; segmentation offload before the card): tshark 4.0 stops, newer ones read on"
)
WHOLE = "what was captured of a header keeps its place (RFC 791, RFC 792, RFC 9293, 3.1), whatever else is wrong"
FRACTION = "a fraction of more than a second is still added to the seconds (draft-ietf-opsawg-pcap, 5)"

# Capture -> why cells of it differ.
DIFFERENT = {
    "bgp-bgp_capabilities_print-oobr-2.pcap": WHOLE,
    "bigtcp-ipv4.pcap": LARGE,
    "bigtcp-ipv4-geneve-ipv4.pcap": LARGE,
    "bigtcp-ipv4-geneve-ipv6.pcap": LARGE,
    "bigtcp-ipv4-vxlan-ipv6.pcap": LARGE,
    "bigtcp-ipv6.pcap": LARGE,
    "bigtcp-ipv6-geneve-ipv4.pcap": LARGE,
    "bigtcp-ipv6-vxlan-ipv6.pcap": LARGE,
    "icmp-icmp_print-oobr-1.pcap": WHOLE,
    "ipv4_invalid_hdr_length.pcap": WHOLE,
    "ipv4_options.pcapng": "ip.dst is the address in the header, not the last of a source route (RFC 791, 3.1)",
    "quic_32_bit_pointer_overflow.pcap": "a jumbogram is longer than 65,535 octets, so this is none (RFC 2675, 3)",
    "rx_serviceid_oobr.pcap": FRACTION,
    "tcp_header_heapoverflow.pcap": WHOLE,
    "timestamp_invalid_nano.pcap": FRACTION,
}

Cell = tuple[str, int, str, str, str]

# What connections are judged by, beside what `oracle().TCP` lists.
TRACKED = """
    tcp.stream udp.stream tcp.seq tcp.ack tcp.window_size tcp.nxtseq tcp.completeness tcp.time_relative tcp.time_delta
    tcp.analysis tcp.analysis.flags tcp.analysis.retransmission tcp.analysis.fast_retransmission
    tcp.analysis.spurious_retransmission tcp.analysis.out_of_order tcp.analysis.lost_segment
    tcp.analysis.ack_lost_segment tcp.analysis.duplicate_ack tcp.analysis.duplicate_ack_num
    tcp.analysis.duplicate_ack_frame tcp.analysis.keep_alive tcp.analysis.keep_alive_ack tcp.analysis.window_update
    tcp.analysis.window_full tcp.analysis.zero_window tcp.analysis.zero_window_probe
    tcp.analysis.zero_window_probe_ack tcp.analysis.reused_ports tcp.analysis.acks_frame tcp.analysis.ack_rtt
    tcp.analysis.rto tcp.analysis.rto_frame tcp.analysis.bytes_in_flight tcp.analysis.push_bytes_sent
    tcp.analysis.initial_rtt tcp.analysis.tfo_syn tcp.analysis.tfo_ack tcp.analysis.tfo_ignored
""".split()  # noqa: SIM905

QUOTED = "what an ICMP error quotes is no segment that passed, so it has the number of its connection and nothing else"
FIRST_SYN = "nothing was seen of a connection before its first segment, whoever used the sockets before"
OLDEST = "of segments that end alike, the one that was sent first is acknowledged"
CHALLENGED = "challenge_ack_of_new_syn.pcapng"
FAST_OPEN = "only a SYN with data and a cookie opens fast (RFC 7413, 3.1), and only its answer can accept or ignore it"

# Capture and fields -> why cells differ.  No fields are all of them.
TRACKED_DIFFERENTLY: dict[str, tuple[str, set[str]]] = {
    **{name: (why, set()) for name, why in DIFFERENT.items()},
    "host_unreachable.pcapng": (QUOTED, set()),
    "net_unreachable.pcapng": (QUOTED, set()),
    "prohibited.pcapng": (QUOTED, set()),
    "of13_ericsson.pcapng": (QUOTED, {"udp.stream"}),
    "icmp-cksum-oobr-4.pcapng": (QUOTED, {"udp.stream"}),
    "heapoverflow-tcp_print.pcap": (
        "what a segment carries is told by the fixed part of its header, though the options were not captured",
        {"tcp.analysis", "tcp.analysis.bytes_in_flight", "tcp.analysis.push_bytes_sent"},
    ),
    "port_reuse.pcapng": (FIRST_SYN, {"tcp.completeness"}),
    "synloss.pcap": (
        OLDEST,
        {"tcp.analysis.rto", "tcp.analysis.rto_frame", "tcp.analysis.acks_frame", "tcp.analysis.ack_rtt"},
    ),
    "lost_syn_ack.pcapng": (OLDEST, {"tcp.analysis.acks_frame", "tcp.analysis.ack_rtt"}),
    "simultaneous_open.pcapng": (OLDEST, {"tcp.analysis.acks_frame", "tcp.analysis.ack_rtt"}),
    "fast_open_ignored.pcapng": (FAST_OPEN, {"tcp.analysis"}),
    "syn_ack_wrong_number.pcapng": (FAST_OPEN, {"tcp.analysis.tfo_ack"}),
}


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


FIELDS = """
    frame.number frame.len frame.cap_len eth.dst eth.src eth.type vlan.id sll.etype arp.opcode
    ip.version ip.hdr_len ip.dsfield ip.len ip.id ip.flags.df ip.flags.mf ip.frag_offset ip.ttl ip.proto
    ip.checksum ip.src ip.dst ipv6.tclass ipv6.flow ipv6.plen ipv6.nxt ipv6.hlim ipv6.src ipv6.dst
    icmp.type icmp.code icmpv6.type icmpv6.code tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw tcp.hdr_len
    tcp.flags tcp.window_size_value tcp.checksum tcp.len tcp.options.mss_val tcp.options.wscale.shift
    tcp.options.timestamp.tsval tcp.options.sack_le udp.srcport udp.dstport udp.length udp.checksum
    dns.id dns.qry.name dns.a http.request.method http.response.code tls.handshake.type sctp.srcport
""".split()  # noqa: SIM905

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
        for packet in rawcap.read(path, needs=fields):
            values = {name: next(iter(packet.values(name)), None) for name in declared}
            rows.append(
                ["" if values.get(name) is None else declared[name].text(values[name]) for name in fields]
            )
    except CaptureError:
        pass  # what could be read counts
    return rows


def compare(
    paths: list[Path], fields: list[str]
) -> tuple[collections.Counter[str], collections.Counter[str], list[Cell]]:
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
                    if mine == other:
                        same[name] += 1
                    else:
                        differing.append((path.name, number + 1, name, mine, other))
    return same, filled, differing


def told(differing: list[Cell]) -> str:
    return "\n".join(f"{name} packet {n} {field}: rawcap {a!r}, tshark {b!r}" for name, n, field, a, b in differing)


def test_own_captures_agree_in_every_cell() -> None:
    _, filled, differing = compare(OWN, FIELDS)
    assert sum(filled.values()) > 5000
    unexplained = [cell for cell in differing if cell[0] not in DIFFERENT]
    assert not unexplained, told(unexplained)


def test_shared_captures_agree_in_the_core() -> None:
    same, filled, differing = compare(OTHERS, oracle().CORE)
    unexplained = [cell for cell in differing if cell[0] not in DIFFERENT]
    assert not unexplained, told(unexplained)
    assert sum(same.values()) >= 0.999 * sum(filled.values())


def test_shared_captures_agree_in_applications() -> None:
    same, filled, differing = compare(OTHERS, oracle().APP)
    assert sum(same.values()) >= 0.97 * sum(filled.values()), told(differing)


def check_tracking(paths: list[Path], least: int) -> None:
    """Every cell agrees or is told why, and 99 of 100 agree whatever is told."""
    same, filled, differing = compare(paths, TRACKED)
    unexplained = []
    for cell in differing:
        _, fields = TRACKED_DIFFERENTLY.get(cell[0], ("", {""}))
        if fields and cell[2] not in fields:
            unexplained.append(cell)
    assert not unexplained, told(unexplained)
    assert sum(filled.values()) >= least
    assert sum(same.values()) >= 0.99 * sum(filled.values()), told(differing)


def test_own_connections_agree_in_tracking() -> None:
    check_tracking([path for path in OWN_TCP if path.name != CHALLENGED], 7_000)


def test_what_follows_a_challenged_syn_belongs_to_the_connection_that_goes_on() -> None:
    """To tshark it belongs to the SYN's, with numbers that count from there."""
    path = next(path for path in OWN_TCP if path.name == CHALLENGED)
    _, _, differing = compare([path], TRACKED)
    assert {number for _, number, *_ in differing} == {6, 7, 8, 9, 10, 11, 12}
    streams = [(number, ours, theirs) for _, number, name, ours, theirs in differing if name == "tcp.stream"]
    assert streams == [(number, "0", "1") for number in range(7, 13)]


def test_lossy_captures_agree_in_every_field_of_tracking() -> None:
    same, filled, _ = compare(LOSSY, oracle().TCP)
    assert sum(filled.values()) >= 30_000
    assert {name for name in filled if same[name] < 0.99 * filled[name]} == set()


def test_shared_captures_agree_in_tracking() -> None:
    assert set(oracle().TCP) <= {"frame.number", *TRACKED}
    check_tracking(OTHERS, 50_000)
