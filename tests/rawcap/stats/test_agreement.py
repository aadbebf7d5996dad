"""Statistics beside tshark: endpoints, conversations, the protocol hierarchy and lengths, of every capture at hand.

tshark is the oracle where it is installed. The project's own captures are always compared; a folder `shared` beside the
checkout, where there is one, brings several hundred more. DIFFERENT lists where rawcap differs on purpose, with the
reason. tshark rounds the octets of large conversations; those of endpoints, which are their sums, it prints in full.
"""

from __future__ import annotations

import collections
import concurrent.futures
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dissectors.graph import graph
from rawcap.columns.scan import Scan
from rawcap.stats.batch import LAYERS
from rawcap.stats.endpoints import endpoints
from rawcap.stats.statistics import Statistics

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "captures"
OWN = sorted((ROOT / "pcaps").glob("*.pcap*"))
OTHERS = sorted(SHARED.glob("*.pcap*")) + sorted((SHARED / "lossy").glob("*.pcap*"))

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

LARGE = "a length of 0 with more than 65,535 octets is one too long for the field (RFC 2675, 4); tshark 4.0 stops there"
WHOLE = "a header that is there counts, whatever is wrong with its options, its version or what follows it"
EXTENDED = "an IPv6 header counts whether or not its extension headers can be read, as a fragment's does for IPv4"
ROUTED = "the address in the header counts, not the last one of a route (RFC 791, 3.1; RFC 8200, 4.4)"
QUOTED = "what a controller or a sampler sends as data was not sent here"

ENDS = {
    "bigtcp-ipv4-geneve-ipv4.pcap": LARGE,
    "bigtcp-ipv4-geneve-ipv6.pcap": LARGE,
    "bigtcp-ipv4-vxlan-ipv6.pcap": LARGE,
    "bigtcp-ipv6-geneve-ipv4.pcap": LARGE,
    "bigtcp-ipv6-vxlan-ipv6.pcap": LARGE,
    "bigtcp-ipv6.pcap": LARGE,
    "fragments.pcapng": EXTENDED,
    "heapoverflow-tcp_print.pcap": WHOLE,
    "ipv4_invalid_hdr_length.pcap": WHOLE,
    "ipv4_options.pcapng": ROUTED,
    "ipv6-next-header-oobr-2.pcap": EXTENDED,
    "ipv6-rthdr-oobr.pcap": EXTENDED,
    "ipv6-srh-insert-cksum.pcap": ROUTED,
    "ipv6-too-long-jumbo.pcap": EXTENDED,
    "ipv6_extension_headers.pcapng": EXTENDED + "; " + ROUTED,
    "ipv6hdr-heapoverflow.pcap": EXTENDED,
    "mptcp-dss-oobr.pcap": WHOLE,
    "of13_ericsson.pcapng": QUOTED,
    "quic_32_bit_pointer_overflow.pcap": "a jumbogram is longer than 65,535 octets, so this is none (RFC 2675, 3)",
    "sflow-print-v6.pcap": QUOTED + "; tshark does not count it either, but mixes up the addresses",
}

NAMED = "tshark has another name for a header, or one more for the same"
SHOWN = "tshark shows a header as a part of another one, or has none for it"
MEANT = "tshark remembers what earlier packets said, rawcap goes by the packet at hand"

HIERARCHIES = {
    "LINKTYPE_IPV6_invalid.pcap": WHOLE,
    "PIM-SM_join_prune.pcap": NAMED + ": PIM version 1 is a message of IGMP",
    "arcnet-rfc1201-arp-icmp-http.pcap": MEANT,
    "bad-ipv4-version-pgm-heapoverflow.pcap": NAMED + ": by EtherType, or by version",
    "bigtcp-ipv4-geneve-ipv4.pcap": LARGE,
    "bigtcp-ipv4-geneve-ipv6.pcap": LARGE,
    "bigtcp-ipv4-vxlan-ipv6.pcap": LARGE,
    "bigtcp-ipv6-geneve-ipv4.pcap": LARGE,
    "bigtcp-ipv6-vxlan-ipv6.pcap": LARGE,
    "bigtcp-ipv6.pcap": LARGE,
    "erspan-type-i-1.pcap": NAMED + ": ERSPAN of type I has no header",
    "erspan-type-i-3.pcap": NAMED + ": ERSPAN of type I has no header",
    "esp_truncated.pcap": NAMED + ": ESP in UDP has nothing between the two (RFC 3948, 2.1)",
    "espudp1.pcap": NAMED + ": ESP in UDP has nothing between the two (RFC 3948, 2.1)",
    "hoobr_pimv1.pcap": NAMED + ": PIM version 1 is a message of IGMP",
    "http_requests.pcapng": MEANT,
    "icmp-icmp_print-oobr-1.pcap": WHOLE,
    "icmpv6-length-zero.pcapng": WHOLE,
    "ipv6-bad-version.pcap": WHOLE,
    "ipv6_extension_headers.pcapng": SHOWN + ": AH and Mobility are parts of IPv6",
    "macsec-snap.pcap": SHOWN,
    "mpls.pcapng": SHOWN + ": the control word of a pseudowire",
    "nflog.pcap": SHOWN,
    "of10_7050q.pcapng": NAMED + ": OpenFlow has one for each version",
    "of10_7050sx_bsn.pcap": NAMED + ": OpenFlow has one for each version",
    "of13_ericsson.pcapng": NAMED + ": OpenFlow has one for each version",
    "pim_header_asan-2.pcap": "a frame of no octets has its link layer all the same",
    "pktap-heap-overflow.pcap": SHOWN,
    "quic_32_bit_pointer_overflow.pcap": "a jumbogram is longer than 65,535 octets, so this is none (RFC 2675, 3)",
    "quic_handshake.pcap": MEANT,
    "quic_vn.pcap": MEANT,
    "snapped.pcapng": MEANT,
}

# What tshark lists and is no header: a comment, the absence of a link layer, what the receiver noted.
_NO_HEADERS = {"pkt_comment", "raw", "wlan_radio"}
# What rawcap does not dissect stands as data in its hierarchy, and data inside a protocol as that protocol.
_SHARED_NAMES = {header.name for header in graph.headers} - {"data"}

_TITLES = {"Ethernet": "eth", "IPv4": "ip", "IPv6": "ipv6", "TCP": "tcp", "UDP": "udp"}

Told = dict[tuple[object, ...], object]


def theirs(path: Path) -> list[str] | None:
    """What tshark prints; None where it cannot read the capture."""
    command = ["tshark", "-n", "-q", "-r", str(path), "-z", "io,phs", "-z", "plen,tree"]
    for preference in ("ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams"):
        command += ["-o", f"{preference}:FALSE"]
    for layer in LAYERS:
        command += ["-z", f"conv,{layer}", "-z", f"endpoints,{layer}"]
    done = subprocess.run(command, capture_output=True)
    return None if done.returncode else done.stdout.decode("utf-8", "replace").splitlines()


def in_sections(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """Each line of tshark's with the layer and the table that it is in."""
    layer = table = ""
    for line in lines:
        heading = re.fullmatch(r"(\w+) (Conversations|Endpoints)", line)
        if heading:
            layer, table = _TITLES[heading[1]], heading[2]
        elif line.startswith("Protocol Hierarchy"):
            layer, table = "", "hierarchy"
        elif line.startswith("Packet Lengths:"):
            layer, table = "", "lengths"
        else:
            yield layer, table, line


def with_port(layer: str, end: str) -> str:
    """An end as tshark writes it in both of its tables: the address, and behind a colon the port."""
    return end if layer in ("tcp", "udp") else f"{end}:"


def their_ends(lines: list[str]) -> Told:
    """Endpoints with all numbers in full, and how many conversations with as many packets each there are."""
    told: collections.defaultdict[tuple[object, ...], object] = collections.defaultdict(int)
    for layer, table, line in in_sections(lines):
        words = line.split()
        if table == "Endpoints" and "|" not in line and len(words) == 7 + (layer in ("tcp", "udp")):
            end = ":".join(words[:-6]) if layer in ("tcp", "udp") else f"{words[0]}:"
            told[layer, end] = tuple(map(int, words[-6:]))
        match = re.match(r"(\S+) +<-> (\S+) +(\d+) \d+ \w+ +(\d+) ", line) if table == "Conversations" else None
        if match:
            ends = (with_port(layer, match[1]), int(match[4])), (with_port(layer, match[2]), int(match[3]))
            told[layer, *sorted(ends)] += 1
    return told


def their_hierarchy(lines: list[str]) -> Told:
    """Frames and octets of each path whose protocols both know."""
    told: collections.defaultdict[tuple[object, ...], tuple[int, int]] = collections.defaultdict(lambda: (0, 0))
    path: list[str] = []
    for _, table, line in in_sections(lines):
        match = re.match(r"( *)(\S+) +frames:(\d+) bytes:(\d+)", line) if table == "hierarchy" else None
        if match:
            path[len(match[1]) // 2 :] = [match[2]]
            known = tuple(name for name in path if name not in _NO_HEADERS)
            if match[2] not in _NO_HEADERS and _SHARED_NAMES.issuperset(known):
                frames, octets = told[known]
                told[known] = frames + int(match[3]), octets + int(match[4])
    return dict(told)


def their_lengths(lines: list[str]) -> list[int]:
    matches = (re.match(r" (?:\d+-\d+|5120 and greater) +(\d+) ", line) for _, _, line in in_sections(lines))
    return [int(match[1]) for match in matches if match]


def ours(path: Path, *tables: str) -> Statistics:
    counted = Statistics(tables)
    scan = Scan([path], counted.fields, threads=1, problem=lambda error: None)
    for taken in scan:
        counted.add(counted.batch(taken.gathered, lambda row, taken=taken: taken.packet(row, scan.graph)))
    return counted


def our_ends(counted: Statistics) -> Told:
    told: collections.defaultdict[tuple[object, ...], object] = collections.defaultdict(int)
    for layer in LAYERS:
        for each in endpoints(counted.conversations, layer):
            end = f"{each.address}:{'' if each.port is None else each.port}"
            told[layer, end] = each.frames, each.octets, *each[3:]
        for row in counted.conversations.rows(layer):
            a, b = (f"{end}:{'' if port is None else port}" for end, port in ((row.a, row.a_port), (row.b, row.b_port)))
            told[layer, *sorted(((a, row.frames_a), (b, row.frames_b)))] += 1
    return told


def compared(paths: list[Path]) -> Iterator[tuple[Path, list[str]]]:
    """The captures that tshark can read, with what it prints of them."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, lines in zip(paths, pool.map(theirs, paths), strict=True):
            if lines is not None:
                yield path, lines


@pytest.mark.parametrize("paths", [OWN, OTHERS], ids=["own", "shared"])
def test_the_same_is_counted(paths: list[Path]) -> None:
    if not paths:
        pytest.skip("there is no shared folder beside the checkout")
    differing = []
    for path, lines in compared(paths):
        left, right = our_ends(ours(path, "conversations")), their_ends(lines)
        if left != right:
            differing += [(path.name, "ends", left.items() - right.items(), right.items() - left.items())]
        counted = ours(path, "protocols", "lengths")
        rows = {row.path: (row.frames, row.octets) for row in counted.protocols.rows()}
        left = {names: told for names, told in rows.items() if _SHARED_NAMES.issuperset(names)}
        right = their_hierarchy(lines)
        if left != right:
            differing += [(path.name, "protocols", left.items() - right.items(), right.items() - left.items())]
        if [row.frames for row in counted.lengths.rows()] != their_lengths(lines):
            differing += [(path.name, "lengths", set(), set())]
    reasons = {"ends": ENDS, "protocols": HIERARCHIES, "lengths": {}}
    unexplained = [each for each in differing if each[0] not in reasons[each[1]]]
    assert not unexplained, "\n".join(f"{name}, {table}: rawcap {a}, tshark {b}" for name, table, a, b in unexplained)
    differ = {(name, table) for name, table, _, _ in differing}
    listed = {(path.name, table) for path in paths for table, names in reasons.items() if path.name in names}
    assert listed == differ  # a reason that is not needed any more goes
