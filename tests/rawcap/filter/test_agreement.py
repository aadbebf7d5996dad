"""The display filter beside tshark: the same filters over the same captures let the same packets pass.

tshark runs all filters at once, each in a listener of a small script in Lua that prints the numbers of the packets.
"""

from __future__ import annotations

import collections
import shutil
import subprocess
from pathlib import Path

import pytest

from rawcap.files import open_capture
from rawcap.filter import display_filter

ROOT = Path(__file__).parents[3]
CAPTURES = """
pcaps/arp.pcapng pcaps/dns.pcapng pcaps/fragments.pcapng pcaps/http_requests.pcapng pcaps/icmp_errors.pcapng
pcaps/ip_in_ip.pcapng pcaps/neighbour_discovery.pcapng pcaps/offloaded_checksums.pcapng pcaps/ping.pcapng
pcaps/tcp_half_close.pcapng pcaps/tcp_handshake.pcapng pcaps/tcp_handshake_ipv6.pcapng pcaps/tcp_options.pcapng
pcaps/tcp_refused.pcapng pcaps/tcp_zero_window.pcapng pcaps/udp_exchange.pcapng pcaps/vxlan.pcapng
../shared/captures/EIGRP_adjacency.pcap ../shared/captures/HSRP_failover.pcap ../shared/captures/dhcp-rfc3004.pcap
../shared/captures/OSPFv3_broadcast_adjacency.pcap ../shared/captures/dns_tcp.pcap ../shared/captures/gso-ipv4.pcap
../shared/captures/icmpv6-ns-nonce.pcap ../shared/captures/igmpv3-queries.pcap ../shared/captures/mptcp-v1.pcap
../shared/captures/tcp_rst_data.pcap
"""

FILTERS = r"""
tcp
ip or ipv6
not (ip or ipv6)
tcp && !udp
!tcp.port == 80
not not udp
tcp.port == 80
tcp.port != 80
tcp.port ~= 80
tcp.port !== 80
tcp.port === 80
tcp.port any_ne 80
any tcp.port != 80
all tcp.port > 50
all tcp.srcport >= 80
!all ip.src == 192.0.2.1
ip.src all_eq 192.0.2.1
tcp.port in {80,443}
tcp.port in {79 .. 81}
tcp.port in {1..1023, 8080}
tcp.port not in {80}
tcp.srcport in {tcp.dstport, 80}
tcp.srcport < tcp.dstport
tcp.srcport < tcp.dstport < 50000
tcp.srcport == 0x50 or tcp.srcport == 0120 or tcp.srcport == 'P'
tcp.flags & 0x02
tcp.flags & 0x12 == 2
tcp.flags & 1 + 1
tcp.flags.syn
tcp.flags.syn == 1 && tcp.flags.ack == 0
tcp.flags.syn == True
tcp.flags.syn == "Set"
tcp.flags.syn == tcp.flags.ack
tcp[0:2] == 00:50
tcp[13] & 02
tcp contains "HTTP"
tcp contains 48:54:54:50
tcp matches "get /"
tcp matches "(?-i)get /"
tcp contains "\x00\x00\x00"
tcp.options.mss_val == 1460
tcp.options.mss[0] == 02
tcp.srcport + 1 == 81
tcp.srcport/2 == 40
tcp.dstport >= 4 * {tcp.srcport + 3}
-tcp.srcport == -80
udp.port == 53 || udp.length > 100
max(tcp.srcport,tcp.dstport) > 80
min(tcp.port) < 100
count(tcp.port) == 2
count(ip) == 2
len(eth) == 14
ip.proto == "tcp"
ip.src == 192.0.2.0/24
ip.src >= 192.0.2.1/24
ip.src != 192.0.2.0/24
ip.src > 192.0.2.0/24
ip.src in {192.0.2.0/24, 10.0.0.0 .. 10.255.255.255}
ip.src[0:2] == c0:00
ip.src & 255.0.0.0 == 192.0.0.0
ip.src == frame[26:4]
ip.src#1 == 192.0.2.1
ip.src#2
ip#2
ip.src#[1-2]
ip.ttl < 64 and ip.flags.df == 0
string(ip.src) matches "^192"
string(ip.id) matches "^[0-9]+$"
ipv6.src == 2001:db8::/32
ipv6.dst == ff02::/16
ipv6.nxt in {17, 58}
eth.dst == ff-ff-ff-ff-ff-ff
eth.dst[0] & 01
eth.dst[0:3] == 01:00:5e
eth.addr[0] & 0x0f == 2
eth.src contains 02
string(eth.src) contains ":"
eth.type == 0x0806
frame[12:2] == 0800
frame[12:2] == "\x08\x00"
frame[12] == 8
frame[-4:] == 00:00:00:00
frame[-4--2] contains 00
frame[0,2-3,12:2] contains 08
frame[70:4]
frame contains 45:00
frame.len > 100 and frame.cap_len <= 1000
frame.number % 2 == 1
string(frame.number) matches "[13579]$"
frame.time_epoch > 1577836800.5
frame.time_relative < 0.001
""".strip().splitlines()


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Lua script."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    path = tmp_path_factory.mktemp("tshark") / "filters.lua"
    lines = ["print('ready')", "local tap"]
    for index, text in enumerate(FILTERS):
        lines.append(f'tap = Listener.new("frame", [==[{text}]==])')
        lines.append(f"function tap.packet(packet) print({index}, packet.number) end")
    path.write_text("\n".join(lines))
    return path


def theirs(script: Path, path: Path) -> dict[str, set[int]]:
    """The packets that each filter lets pass, as tshark says."""
    apart = ["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]
    command = ["tshark", "-n", "-q", *apart, "-X", f"lua_script:{script}", "-r", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if "ready" not in lines:
        pytest.skip("this tshark runs no Lua")
    assert done.returncode == 0, done.stderr
    passing: dict[str, set[int]] = collections.defaultdict(set)
    for line in lines:
        if line[0].isdigit():
            index, number = line.split()
            passing[FILTERS[int(index)]].add(int(number))
    return passing


@pytest.mark.parametrize("capture_name", CAPTURES.split())
def test_the_same_packets_pass(script: Path, capture_name: str) -> None:
    path = ROOT / capture_name
    if not path.exists():
        pytest.skip("the capture is not here")
    expected = theirs(script, path)
    wanted = {text: display_filter(text) for text in FILTERS}
    with open_capture(path) as capture:
        packets = list(capture)
    for packet in packets:
        packet.notes = {"frame.time_relative": (packet.time_ns or 0) - (packets[0].time_ns or 0)}
    passing = {text: {packet.number for packet in packets if test(packet)} for text, test in wanted.items()}
    assert {text: found for text, found in passing.items() if found != expected[text]} == {}
