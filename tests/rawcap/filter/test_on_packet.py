"""What filters mean: which of five packets (conftest.py) each lets pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dissectors.fields import MAC, Bytes, Derived, Either, IPv4Address, Repeat, Text, Uint
from dissectors.graph import graph
from dissectors.header import Header
from dissectors.packet import Packet
from rawcap.filter import display_filter

ALL = "syn push udp6 nested other"

TABLE = {
    "presence": [
        ("", ALL),
        ("frame", ALL),
        ("tcp", "syn push"),
        ("ip", "syn push nested"),
        ("ip or ipv6", "syn push udp6 nested"),
        ("tcp.flags.syn", "syn push"),
        ("tcp.options", "syn"),
        ("tcp.options.mss", "syn"),
        ("udp.port", "udp6 nested"),
        ("frame[50:]", "syn push udp6 nested"),
    ],
    "logic": [
        ("not tcp", "udp6 nested other"),
        ("tcp and udp", ""),
        ("ip and not tcp", "nested"),
        ("tcp xor ip", "nested"),
        ("ip xor ipv6 xor eth", "other"),
        ("udp or tcp and ipv6", "udp6 nested"),
        ("(udp or tcp) and ipv6", "udp6"),
    ],
    "numbers": [
        ("tcp.port == 9000", "syn push"),
        ("udp.port == 9000", "nested"),
        ("tcp.srcport == 9000", ""),
        ("9000 == tcp.port", "syn push"),
        ("tcp.len > 0", "push"),
        ("tcp.len >= 13 && tcp.len <= 13", "push"),
        ("1 < tcp.len < 14", "push"),
        ("tcp.dstport < tcp.srcport", "syn push"),
        ("eth.type == 0x86dd", "udp6"),
        ("ip.proto == TCP", "syn push"),
        ("ip.proto == \"tcp\"", "syn push"),
        ("ip.ttl == '\\t'", "nested"),
        ("frame.number in {1, 4..5}", "syn nested other"),
        ("tcp.flags == 0x02 or udp.srcport == 0116101", "syn udp6 nested"),
        ("frame.len == 0b111010", "syn"),
    ],
    "True or False": [
        ("tcp.flags.syn == 1", "syn"),
        ("tcp.flags.syn == True", "syn"),
        ("tcp.flags.syn == 2", "syn"),
        ("tcp.flags.syn == 0", "push"),
        ("tcp.flags.syn == \"Not set\"", "push"),
        ("tcp.flags.syn != tcp.flags.ack", "syn push"),
    ],
    "several values": [
        ("udp.port == 40002", "udp6"),
        ("udp.port != 40001", ""),
        ("udp.port ~= 40001", "udp6 nested"),
        ("udp.port !== 40001", "udp6 nested"),
        ("any udp.port != 40001", "udp6 nested"),
        ("not udp.port == 40001", "syn push other"),
        ("udp.port != 40002", "nested"),
        ("udp.port === 40001", ""),
        ("all udp.port > 9000", "udp6"),
        ("any udp.port > 40001", "udp6"),
        ("all ip.addr == 192.0.2.0/24", "syn push"),
        ("all ip.addr != 10.0.0.1", "syn push"),
        ("ip.src != 1.1.1.1", "syn push nested"),
        ("ip.src == 192.0.2.9", "nested"),
        ("ip.ttl == ip.ttl", "syn push nested"),
        ("all ip.ttl == ip.ttl", "syn push"),
        ("ip.ttl ~= ip.ttl", "nested"),
        ("ip.src == ip.dst", ""),
        ("udp.port in {40002, 9000}", "udp6 nested"),
        ("all udp.port in {40001, 40002}", "udp6"),
        ("all udp.port in {40001..40009}", "udp6"),
        ("udp.port not in {9000}", "syn push udp6 other"),
    ],
    "addresses": [
        ("ip.src == 192.0.2.1", "syn push"),
        ("ip.src == \"192.0.2.1\"", "syn push"),
        ("ip.src == 192.0.2.0/24", "syn push nested"),
        ("ip.src == 192.0.2.77/24", "syn push nested"),
        ("192.0.2.0/24 == ip.src", "syn push nested"),
        ("ip.src == 0.0.0.0/0", "syn push nested"),
        ("ip.src != 192.0.2.0/24", ""),
        ("ip.src > 192.0.1.0/24", "syn push nested"),
        ("192.0.2.0/24 > ip.src", "nested"),
        ("ip.src < 11.0.0.0", "nested"),
        ("ip.src in {10.0.0.0/8}", "nested"),
        ("ip.src in {10.0.0.0 .. 10.0.0.9, 1.1.1.1}", "nested"),
        ("ip.dst in {ip.src, 192.0.2.2}", "syn push nested"),
        ("ip.src & 255.0.0.0 == 10.0.0.0", "nested"),
        ("ipv6.src == 2001:db8::1", "udp6"),
        ("ipv6.addr == 2001:db8::/32", "udp6"),
        ("ipv6.dst == 2001:DB8:0::2", "udp6"),
        ("eth.src == 02:00:00:00:00:03", "other"),
        ("eth.src == 02-00-00-00-00-03", "other"),
        ("eth.src == 0200.0000.0003", "other"),
        ("eth.dst == ff:ff:ff:ff:ff:ff", "other"),
        ("eth.dst > 02:00:00:00:00:02", "other"),
        ("eth.addr contains 1b:21", "nested"),
    ],
    "slices": [
        ("eth.dst[0:3] == 00:1b:21", "nested"),
        ("eth.dst[0-2] == 00:1b:21", "nested"),
        ("eth.dst[:3] == 00.1b.21", "nested"),
        ("eth.dst[1] == 1b", "nested"),
        ("eth.dst[-1] == 9", "nested"),
        ("eth.dst[-1:] == 0x09", "nested"),
        ("eth.dst[0,2] == 00:21", "nested"),
        ("eth.dst[4:3]", ""),
        ("ip.src[0] == 0a", "nested"),
        ("tcp[0:2] == c0:00", "syn push"),
        ("tcp[20:]", "syn"),
        ("tcp.options[0:2] == 02:04", "syn"),
        ("frame[14] & 0xf0 == 60", "udp6 other"),
        ("frame[0:4] == \"\\xff\\xff\\xff\\xff\"", "other"),
        ("frame[14:2] in {\"ex\", 45:00}", "syn push nested other"),
        ("frame[26:4] == ip.src", "syn push nested"),
        ("eth.addr[0] & 0x0f == 2", "syn push udp6 nested other"),
    ],
    "layers": [
        ("ip#2", "nested"),
        ("ip.src#2", "nested"),
        ("ip.src#2 == 10.0.0.1", ""),
        ("ip.src#1 == 10.0.0.1", "nested"),
        ("ip.src#[1-2] == 192.0.2.0/24", "syn push nested"),
        ("ip.src#[-1] == 192.0.2.9", "nested"),
        ("ip.src#0", ""),
        ("ip#2[8] == 08", "nested"),
        ("tcp.options.mss_val#1 == 1460", "syn"),
        ("frame.number#1 == 3", "udp6"),
    ],
    "searching": [
        ("tcp contains \"World\"", "push"),
        ("tcp contains 57:6f", "push"),
        ("tcp contains 0x57", "push"),
        ("tcp[0:20] contains \"World\"", ""),
        ("eth contains \"exp\"", "other"),
        ("tcp contains \"world\"", ""),
        ("tcp matches \"world\"", "push"),
        ("tcp matches \"(?-i)world\"", ""),
        ("tcp ~ r\"W\\w+\\xff$\"", "push"),
        ("frame.protocols contains \"udp\"", "udp6 nested"),
        ("frame.protocols matches \"^ETH:ip:(tcp|ip)\"", "syn push nested"),
        ("all eth.addr contains 00:00:00", "syn push udp6"),
        ("frame contains eth.src", ALL),
        ("all eth.addr matches \"\\x02\\x00\"", "syn push udp6"),
    ],
    "functions": [
        ("len(tcp) == 24", "syn"),
        ("len(ip.src) == 4", "syn push nested"),
        ("len(frame.protocols) < 9", "other"),
        ("count(ip) == 2", "nested"),
        ("count(ip.addr) == 4", "nested"),
        ("count(tcp) == 0", ""),
        ("upper(frame.protocols) contains \"TCP\"", "syn push"),
        ("lower(frame.protocols)[0:3] == \"eth\"", ALL),
        ("string(ip.src) matches \"^10\\\\.\"", "nested"),
        ("string(tcp.port) contains \"00\"", "syn push"),
        ("string(ip.id) == \"1\"", "syn"),
        ("string(eth.dst) == \"00:1b:21:00:00:09\"", "nested"),
        ("string(ipv6.src) == \"2001:db8::1\"", "udp6"),
        ("string(tcp.flags.syn) == \"True\"", "syn"),
        ("string(frame.time_epoch) == \"1795428001.000000000\"", "syn"),
        ("string(eth.dst[0:3]) == \"001b21\"", "nested"),
        ("max(udp.port) == 40002", "udp6"),
        ("min(udp.srcport, udp.dstport) == 9000", "nested"),
        ("max(udp.port, 40002) == 40002", ALL),
        ("min(ip.src) == 10.0.0.1", "nested"),
        ("abs(udp.dstport - udp.srcport) == 31001", "nested"),
    ],
    "arithmetic": [
        ("tcp.flags & 0x02", "syn"),
        ("tcp.flags & 0x12 == 0x10", "push"),
        ("tcp.srcport - 1 == 49151", "syn push"),
        ("tcp.srcport -1 == 49151", "syn push"),
        ("udp.dstport == udp.srcport + 1", "udp6"),
        ("udp.srcport > 4 * {udp.dstport + 3}", "nested"),
        ("frame.number % 2 == 0", "push nested"),
        ("{frame.number - 4} / 2 == -1", "syn push"),
        ("{frame.number - 4} % 2 == -1", "syn udp6"),
        ("frame.number / {frame.number - 1} == 2", "push"),
        ("-frame.number < -4", "other"),
        ("frame.number - 1", "push udp6 nested other"),
        ("tcp[0:2] & 40:00", "syn push"),
        ("tcp[0:2] & 3f:ff", ""),
    ],
    "times": [
        ("frame.time_epoch == 1795428002", "push"),
        ("frame.time_epoch > 1795428002.5", "udp6 nested other"),
        ("frame.time_epoch > \"2026-11-23 10:00:04.5 UTC\"", "other"),
        ("frame.time_epoch <= 2026-11-23T10:00:01Z", "syn"),
        ("frame.time_epoch > \"Nov 23, 2026 10:00:04 UTC\"", "other"),
        ("frame.time_epoch - 1795428000 in {1.5 .. 3}", "push udp6"),
    ],
    "nothing there": [
        ("udp.length != tcp.len", ""),
        ("not udp.length != tcp.len", ALL),
        ("frame.comment == \"\"", ""),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "passing"),
    [pytest.param(text, passing, id=f"{what}: {text}") for what, rows in TABLE.items() for text, passing in rows],
)
def test_which_packets_pass(packets: dict[str, Packet], text: str, passing: str) -> None:
    wanted = display_filter(text)
    assert " ".join(name for name, packet in packets.items() if wanted(packet)) == passing


def test_a_packet_that_was_cut_keeps_what_is_whole(packets: dict[str, Packet]) -> None:
    cut = Packet.of(packets["syn"].data[:30])
    assert display_filter("ip.src == 192.0.2.1")(cut)
    assert display_filter("ip.dst")(cut) is False
    assert display_filter("tcp.port == 9000")(cut) is False


def test_no_octets_at_all_pass_only_what_needs_none() -> None:
    empty = Packet.of(b"")
    assert display_filter("frame.len == 0 and not eth")(empty)
    assert not display_filter("eth or frame[0] or ip.src == 0.0.0.0/0")(empty)


@pytest.fixture
def sample() -> Iterator[Packet]:
    """A packet with a made-up protocol, whose fields are found in every way that there is."""

    class Sample(Header):
        """A made-up protocol."""

        name = "sample"
        count = Uint(8, "entries")
        station = MAC("who")
        spare = Bytes(1, "none", when=count.equals(3))
        label = Text("what it is called", 4)
        entries = Repeat("entry", count=count, key=Uint(8, "key"), host=IPv4Address("host"))
        twice = Derived(Uint(16, "twice the entries"), lambda layer: layer.count * 2)
        gateway = Derived(IPv4Address("the last host"), lambda layer: layer.host[-1])
        anyone = Either(entries.fields["host"], gateway)
        follows = {"udp.port": 40009}

    data = bytes.fromhex(
        "0200000000020200000000010800" "4500003200010000401100000a0000010a000002" "9c419c49001e0000"
        "02" "020000000009" "61626300" "010a010101" "020a020202"
    )  # fmt: skip
    try:
        yield Packet.of(data)
    finally:
        graph.remove(Sample)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("sample", True),
        ("sample.count == 2", True),
        ("sample.station == 02:00:00:00:00:09", True),
        ("sample.spare", False),
        ('sample.label == "abc"', True),
        ("sample.key == 2", True),
        ("all sample.key < 3", True),
        ("sample.host == 10.2.0.0/16", True),
        ("sample.host[1] == 01", True),
        ("sample.entries[5:5] == 02:0a:02:02:02", True),
        ("sample.twice == 4", True),
        ("sample.gateway == 10.2.2.2", True),
        ("count(sample.anyone) == 3", True),
        ("sample contains 61:62:63:00", True),
    ],
)
def test_a_field_is_read_however_it_is_found(sample: Packet, text: str, passes: bool) -> None:
    assert display_filter(text)(sample) is passes
