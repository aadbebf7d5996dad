"""The captures in pcaps/ hold what their README promises, as scapy and tshark see it; making them leaves no trace."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrFragment,
)
from scapy.layers.l2 import Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Packet as Layers
from scapy.utils import RawPcapNgReader

ROOT = Path(__file__).parents[2]
PCAPS = ROOT / "pcaps"
CAPTURES = sorted(path for path in PCAPS.rglob("*.pcapng") if path.parent.name != "labs")
NAMES = [str(path.relative_to(PCAPS).with_suffix("")) for path in CAPTURES]
SECTIONS = ("Recorded", "Crafted", "Connections recorded", "Connections crafted")

CLIENT, SERVER = "192.0.2.1", "192.0.2.2"


@dataclass(frozen=True)
class Record:
    """One packet as scapy's reader gives it, before any layer is looked at."""

    data: bytes
    linktype: int
    wire_length: int
    resolution: int
    interface: str
    comment: str

    @property
    def layers(self) -> Layers:
        """The packet by scapy, for Ethernet."""
        return Ether(self.data)


def read(name: str) -> list[Record]:
    """Every packet of one of the captures."""
    with RawPcapNgReader(str(PCAPS / f"{name}.pcapng")) as reader:
        return [
            Record(
                data,
                meta.linktype,
                meta.wirelen,
                meta.tsresol,
                (meta.ifname or b"").decode(),
                b"\n".join(meta.comments or []).decode(),
            )
            for data, meta in reader
        ]


def layers(name: str) -> list[Layers]:
    """Every packet of one of the captures, by scapy."""
    return [record.layers for record in read(name)]


def flags(packets: list[Layers]) -> list[str]:
    """The flags of each segment, with `>` when the client sent it and `<` when the server did."""
    return [("<" if packet[TCP].sport == 7 else ">") + str(packet[TCP].flags) for packet in packets]


def table(section: str) -> set[str]:
    """The captures that a section of the README lists."""
    text = (PCAPS / "README.md").read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([\w/]+)\.pcapng` \| .", text, re.MULTILINE))


def test_the_readme_lists_the_files_that_are_there() -> None:
    assert set[str]().union(*map(table, SECTIONS)) == set(NAMES)


def test_all_captures_are_less_than_a_megabyte() -> None:
    assert 0 < sum(path.stat().st_size for path in CAPTURES) < 1_000_000


def test_the_captures_of_connections_are_less_than_400_kilobytes() -> None:
    assert 0 < sum(path.stat().st_size for path in (PCAPS / "tcp").iterdir()) < 400_000


@pytest.mark.parametrize("name", NAMES)
def test_a_capture_is_small_and_names_its_interfaces_and_keeps_nanoseconds(name: str) -> None:
    records = read(name)
    assert 0 < len(records) < 100
    assert all(record.interface for record in records)
    assert {record.resolution for record in records} == {10**9}


@pytest.mark.parametrize("name", sorted(table("Crafted") | table("Connections crafted")))
def test_a_crafted_packet_says_what_it_is(name: str) -> None:
    assert all(record.comment for record in read(name))


@pytest.mark.parametrize("name", sorted(table("Connections recorded")))
def test_a_recorded_packet_has_no_comment(name: str) -> None:
    assert not any(record.comment for record in read(name))


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("path", CAPTURES, ids=NAMES)
def test_tshark_finds_nothing_malformed(path: Path) -> None:
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-Y", "_ws.malformed or _ws.unreassembled"], capture_output=True, text=True
    )
    complaints = [line for line in done.stderr.splitlines() if "Running as user" not in line]
    assert (done.returncode, done.stdout, complaints) == (0, "", [])


def recomputed(packet: Layers) -> list[tuple[int, int]]:
    """Each checksum of the plain packet that is there, with what scapy makes of it."""
    pairs = []
    for layer in (IP, TCP, UDP, ICMP, ICMPv6EchoRequest, SCTP):
        field = "cksum" if layer is ICMPv6EchoRequest else "chksum"
        if layer in packet:
            fresh = packet.copy()
            delattr(fresh[layer], field)
            pairs.append((getattr(packet[layer], field), getattr(Ether(bytes(fresh))[layer], field)))
    return pairs


@pytest.mark.parametrize(
    "name",
    ["tcp_handshake", "tcp_handshake_ipv6", "tcp_reset", "udp_exchange", "dns", "http_requests", "tls13", "sctp"],
)
def test_checksums_are_complete(name: str) -> None:
    for packet in layers(name):
        pairs = recomputed(packet)
        assert pairs
        assert all(there == right for there, right in pairs), packet.summary()


def test_checksums_left_to_hardware_cover_the_pseudo_header() -> None:
    segment = layers("offloaded_checksums")[0]
    length = len(segment[TCP])
    words = struct.unpack("!6H", bytes([127, 0, 0, 1, 127, 0, 0, 1]) + struct.pack("!HH", 6, length))
    assert segment[TCP].chksum == sum(words) % 0xFFFF


def test_bad_checksums_are_wrong_where_the_comment_says_so() -> None:
    for record in read("bad_checksums"):
        wrong = [there for there, right in recomputed(record.layers) if there != right]
        if "wrong" in record.comment:
            assert wrong in ([0x1234], [0x12345678])
        elif "none" in record.comment:
            assert wrong == [0]
        else:
            assert wrong == []


def test_the_handshake_opens_and_closes_a_connection() -> None:
    for name in ("tcp_handshake", "tcp_handshake_ipv6"):
        seen = flags(layers(name))
        assert seen[:3] == [">S", "<SA", ">A"]
        assert seen[-3:] == [">FA", "<FA", ">A"]
        assert seen.count(">PA") == seen.count("<PA") == 1


def test_the_handshake_negotiates_the_usual_options() -> None:
    options = [name for name, _ in layers("tcp_handshake")[0][TCP].options]
    assert options == ["MSS", "SAckOK", "Timestamp", "NOP", "WScale"]


def test_a_refused_connection_is_a_syn_and_a_reset() -> None:
    packets = layers("tcp_refused")
    assert flags(packets) == [">S", "<RA", ">S", "<RA"]
    assert [IPv6 in packet for packet in packets] == [False, False, True, True]


def test_after_a_half_close_the_server_still_sends() -> None:
    seen = flags(layers("tcp_half_close"))
    assert seen.index(">FA") < seen.index("<PA") < seen.index("<FA")


def test_both_ends_reset_without_closing() -> None:
    seen = flags(layers("tcp_reset"))
    assert [each for each in seen if "R" in each] == ["<RA", ">RA"]
    assert not any("F" in each for each in seen)


def test_urgent_data_are_pointed_at() -> None:
    [urgent] = [packet for packet in layers("tcp_urgent") if "U" in packet[TCP].flags]
    assert urgent[TCP].urgptr == 1
    assert bytes(urgent[TCP].payload) == b"!"


def test_the_window_closes_and_opens() -> None:
    windows = [packet[TCP].window for packet in layers("tcp_zero_window") if packet[TCP].sport == 7]
    assert 0 in windows
    assert max(windows[windows.index(0) :]) > 0


def test_fast_open_sends_data_with_the_cookie_it_was_given() -> None:
    packets = layers("tcp_fast_open")
    answers = [dict(packet[TCP].options) for packet in packets if str(packet[TCP].flags) == "SA"]
    [granted] = [options["TFO"] for options in answers if "TFO" in options]
    first, second = [packet for packet in packets if packet[TCP].dport == 7 and "S" in packet[TCP].flags]
    assert bytes(first[TCP].payload) == b""
    assert dict(second[TCP].options)["TFO"] == granted
    assert bytes(second[TCP].payload) == b"hello\n"


def test_a_datagram_is_echoed() -> None:
    seen = [(packet[UDP].sport, packet[UDP].dport, bytes(packet[UDP].payload)) for packet in layers("udp_exchange")]
    assert seen == 2 * [(49152, 7, b"hello\n"), (7, 49152, b"hello\n"), (49152, 7, b""), (7, 49152, b"")]


def test_an_unreachable_port_is_reported_with_the_datagram_quoted() -> None:
    _, report, _, report6 = layers("port_unreachable")
    assert (report[ICMP].type, report[ICMP].code) == (3, 3)
    assert bytes(report[ICMP].payload).endswith(b"anyone?")
    assert report6[ICMPv6DestUnreach].code == 4
    assert bytes(report6).endswith(b"anyone?")


def test_fragments_make_up_the_datagram() -> None:
    packets = layers("fragments")
    parts = {packet[IP].frag * 8: bytes(packet[IP].payload) for packet in packets[:3]}
    assert list(parts) == [0, 1480, 2960]
    assert b"".join(parts.values())[8:] == bytes(range(250)) * 16
    assert [packet[IPv6ExtHdrFragment].m for packet in packets[6:9]] == [1, 1, 0]


def test_a_snapshot_is_shorter_than_the_packet() -> None:
    records = read("snapped")
    assert max(len(record.data) for record in records) == 96
    assert any(record.wire_length > 96 for record in records)


def test_icmp_errors_are_those_of_a_router() -> None:
    packets = [packet for packet in layers("icmp_errors") if packet.src == "00:00:5e:00:53:02"]
    kinds = [tuple(bytes(packet[ICMP])[:2]) for packet in packets if IP in packet]
    kinds6 = [tuple(bytes(packet[IPv6].payload)[:2]) for packet in packets if IPv6 in packet]
    assert kinds == [(11, 0), (3, 1), (3, 13), (3, 0), (3, 4)]
    assert kinds6 == [(3, 0), (1, 0), (1, 1), (1, 0), (2, 0)]


def test_dns_falls_back_to_tcp_when_truncated() -> None:
    packets = layers("dns")
    truncated = [
        bytes(packet[UDP].payload)[2] & 0x02 for packet in packets if UDP in packet and packet[UDP].sport == 53
    ]
    assert truncated == [0, 0, 0, 0, 2]
    assert any(TCP in packet and packet[TCP].sport == 53 and len(packet[TCP].payload) > 700 for packet in packets)


def test_http_requests_are_answered() -> None:
    payloads = [bytes(packet[TCP].payload) for packet in layers("http_requests")]
    starts = [payload.split(b"\r\n")[0] for payload in payloads if b"HTTP/1.1" in payload]
    assert starts == [
        b"GET / HTTP/1.1",
        b"HTTP/1.1 200 OK",
        b"GET /pieces HTTP/1.1",
        b"HTTP/1.1 200 OK",
        b"GET /lost HTTP/1.1",
        b"HTTP/1.1 404 Not Found",
        b"POST / HTTP/1.1",
        b"HTTP/1.1 200 OK",
    ]


@pytest.mark.parametrize("name", ["tls12", "tls13"])
def test_a_client_hello_names_the_server_and_its_protocols(name: str) -> None:
    hello = next(bytes(packet[TCP].payload) for packet in layers(name) if packet[TCP].payload)
    assert hello[:3] == bytes.fromhex("160301") and hello[5] == 1
    assert b"\x00\x00\x0fwww.example.com" in hello
    assert b"\x02h2\x08http/1.1" in hello


def test_every_ipv6_extension_header_occurs() -> None:
    seen = set()
    for packet in layers("ipv6_extension_headers"):
        layer = packet[IPv6]
        while hasattr(layer, "nh"):
            seen.add(layer.nh)
            layer = layer.payload
    assert {0, 43, 44, 51, 59, 60, 135} <= seen


def test_every_link_type_is_an_interface() -> None:
    assert {record.linktype for record in read("link_types")} == {0, 50, 101, 104, 107, 108, 113, 228, 229, 276}


def test_every_subtype_of_multipath_tcp_occurs() -> None:
    subtypes = set()
    for record in read("tcp_options"):
        options = record.data[14 + 20 + 20 :]
        if options[0] == 30:
            subtypes.add(options[2] >> 4)
    assert subtypes == set(range(9))


def test_a_connection_may_be_refused_or_unanswered() -> None:
    assert flags(layers("tcp/refused")) == flags(layers("tcp/refused_ipv6")) == [">S", "<RA"]
    assert flags(layers("tcp/syn_unanswered")) == flags(layers("tcp/syn_unanswered_ipv6")) == [">S"] * 3


def test_the_time_between_unanswered_syns_doubles() -> None:
    with RawPcapNgReader(str(PCAPS / "tcp/syn_unanswered.pcapng")) as reader:
        first, second, third = [((meta.tshigh << 32) + meta.tslow) / 10**9 for _, meta in reader]
    assert 0.9 < second - first < 1.5
    assert 1.8 < third - second < 2.5


def test_routers_say_why_a_host_is_not_reached() -> None:
    kinds = []
    for name in ("host_unreachable", "net_unreachable", "prohibited"):
        _, error, _, error6 = layers(f"tcp/{name}")
        kinds.append((tuple(bytes(error[ICMP])[:2]), tuple(bytes(error6[IPv6].payload)[:2])))
    assert kinds == [((3, 1), (1, 3)), ((3, 0), (1, 0)), ((3, 13), (1, 1))]


def test_syns_cross() -> None:
    assert flags(layers("tcp/simultaneous_open"))[:4] == [">S", "<S", ">SA", "<SA"]


def test_fins_cross() -> None:
    packets = layers("tcp/closed_by_both")
    assert flags(packets)[-4:] == [">FA", "<FA", ">A", "<A"]
    assert packets[-3][TCP].ack == packets[-4][TCP].seq  # the server had not seen the client's FIN


def numbers_sent_twice(name: str) -> list[int]:
    """The packets of a capture (from 1) whose data or SYN or FIN went by before, from the same side."""
    seen: set[tuple[int, int, int]] = set()
    again = []
    for number, packet in enumerate(layers(name), 1):
        segment = packet[TCP]
        length = len(segment.payload) + ("S" in segment.flags) + ("F" in segment.flags)
        key = (segment.sport, segment.seq, length)
        if length and key in seen:
            again.append(number)
        seen.add(key)
    return again


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("lost_syn", [2]),
        ("lost_final_ack", [4]),
        ("retransmission", [7]),
        ("fast_retransmission", [15]),
        ("out_of_order", []),
        ("spurious_retransmission", [6]),
        ("lost_fin", [7]),
        ("backlog_full_syn", [5]),
        ("backlog_full_ack", [13, 15]),
        ("closed_by_client", []),
    ],
)
def test_what_is_lost_is_sent_again(name: str, again: list[int]) -> None:
    assert numbers_sent_twice(f"tcp/{name}") == again


def test_the_same_sockets_connect_three_times() -> None:
    syns = [packet[TCP] for packet in layers("tcp/port_reuse") if str(packet[TCP].flags) == "S"]
    assert [segment.sport for segment in syns] == [49152] * 3
    assert len({segment.seq for segment in syns}) == 3


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("window_scale_not_offered", "WScale"),
        ("sack_not_offered", "SAckOK"),
        ("timestamps_not_offered", "Timestamp"),
    ],
)
def test_an_option_is_answered_that_was_not_offered(name: str, option: str) -> None:
    syn, answer = layers(f"tcp/{name}")[:2]
    assert option not in dict(syn[TCP].options)
    assert option in dict(answer[TCP].options)


@pytest.mark.parametrize(
    ("name", "option"), [("no_window_scale", "WScale"), ("no_sack", "SAckOK"), ("no_timestamps", "Timestamp")]
)
def test_an_option_that_is_not_offered_is_not_answered(name: str, option: str) -> None:
    syn, answer = layers(f"tcp/{name}")[:2]
    assert option not in dict(syn[TCP].options)
    assert option not in dict(answer[TCP].options)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script."""
    return subprocess.run(
        [sys.executable, ROOT / "scripts/make_pcaps.py", *arguments], capture_output=True, text=True, check=False
    )


def test_an_unknown_name_is_refused_in_one_line() -> None:
    done = make("tcp_handshaek")
    assert done.returncode == 1
    assert done.stderr.startswith("make_pcaps: no capture is called tcp_handshaek; there are tcp_handshake, ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_recording_needs_root_and_says_so() -> None:
    done = make("tcp_handshake")
    assert (done.returncode, done.stderr) == (1, "make_pcaps: network namespaces need root: run it with sudo\n")


@pytest.mark.privileged
def test_recording_again_gives_the_same_and_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from captures.recorded import CAPTURES as RECORDED

    before = os.listdir("/proc/self/fd"), sorted(os.listdir("/sys/class/net"))
    packets = next(capture for capture in RECORDED if capture.name == "tcp_refused")()
    assert flags([Ether(packet.data) for packet in packets]) == [">S", "<RA", ">S", "<RA"]
    assert (os.listdir("/proc/self/fd"), sorted(os.listdir("/sys/class/net"))) == before


@pytest.mark.privileged
def test_a_wire_that_loses_a_segment_leaves_no_trace_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from captures.connections import CAPTURES as CONNECTIONS

    before = os.listdir("/proc/self/fd"), sorted(os.listdir("/sys/class/net"))
    packets = next(capture for capture in CONNECTIONS if capture.name == "tcp/lost_fin")()
    assert flags([Ether(packet.data) for packet in packets]).count(">FA") == 2
    assert (os.listdir("/proc/self/fd"), sorted(os.listdir("/sys/class/net"))) == before
