"""Packet: one frame, read by name."""
from __future__ import annotations

import copy
import gc
import pickle
import struct

import pytest

from dissectors.packet import Interface, Packet

# Ethernet, IPv4 192.0.2.1 to 192.0.2.2, TCP 49152 to 9000, SYN, seq 1, window 64240, MSS 1460; no trailer.
SYN = bytes.fromhex(
    "0200000000020200000000010800"
    "4500002c00010000400676c7c0000201c0000202"
    "c000232800000001000000006002faf00d410000"
    "020405b4"
)


def test_attributes_lead_to_the_first_header_and_its_fields() -> None:
    packet = Packet.of(SYN)
    assert packet.eth.src == "02:00:00:00:00:01"
    assert packet.ip.src == "192.0.2.1"
    assert packet.tcp.dstport == 9000
    assert packet.tcp.syn is True
    assert packet["tcp.flags.ack"] is False


def test_a_protocol_that_is_not_there_is_none() -> None:
    assert Packet.of(SYN).udp is None


def test_a_protocol_that_nobody_declared_is_an_error_with_the_nearest_names() -> None:
    with pytest.raises(AttributeError, match=r"no protocol 'tpc'; did you mean tcp"):
        Packet.of(SYN).tpc  # noqa: B018


def test_fields_by_full_name() -> None:
    packet = Packet.of(SYN)
    assert packet["ip.dst"] == "192.0.2.2"
    assert packet["tcp.flags.syn"] is True
    assert packet["tcp.options.mss_val"] == 1460
    assert packet["udp.srcport"] is None
    assert packet["frame.len"] == 58


def test_every_value_of_a_field() -> None:
    packet = Packet.of(SYN)
    assert packet.values("ip.addr") == ["192.0.2.1", "192.0.2.2"]
    assert packet.values("tcp.port") == [49152, 9000]


def test_a_field_that_nobody_declared_is_an_error_with_the_nearest_names() -> None:
    with pytest.raises(KeyError, match=r"no field 'tcp.prot'; did you mean .*tcp\.port"):
        Packet.of(SYN)["tcp.prot"]


def test_layers_outermost_first() -> None:
    assert [layer.name for layer in Packet.of(SYN).layers] == ["eth", "ip", "tcp"]
    assert Packet.of(SYN).protocols == "eth:ip:tcp"


def test_what_nobody_declared_is_data() -> None:
    packet = Packet.of(SYN[:12] + b"\x99\x99" + b"hello")
    assert packet.protocols == "eth:data"
    assert packet["data.data"] == b"hello"
    assert packet["data.len"] == 5


def test_an_unknown_link_type_is_data() -> None:
    packet = Packet.of(b"hello", linktype=65000)
    assert packet.protocols == "data"
    assert packet.payload == b"hello"


def test_time_is_exact_in_nanoseconds() -> None:
    packet = Packet(SYN, Interface(), 1_700_000_000_123_456_789)
    assert packet.time_ns == 1_700_000_000_123_456_789
    assert packet.time == pytest.approx(1_700_000_000.123457)
    assert Packet(SYN, Interface()).time is None


def test_a_cut_frame_keeps_every_field_that_is_whole() -> None:
    packet = Packet(SYN[:42], Interface(), 0, len(SYN))
    assert packet.truncated
    assert packet.tcp.dstport == 9000
    assert packet.tcp.seq_raw == 1
    assert packet.tcp.ack_raw is None
    assert packet.tcp.truncated
    assert packet.malformed == ""


def test_a_contradiction_is_malformed_with_its_reason() -> None:
    short = Packet.of(SYN[:14] + b"\x41" + SYN[15:])
    assert short.malformed == "IPv4 gives its header fewer than 20 octets"
    long = Packet.of(SYN[:16] + b"\x00\xff" + SYN[18:])
    assert long.malformed == "IPv4 says it ends beyond what carries it"


def test_the_payload_is_what_the_innermost_header_carries() -> None:
    longer = SYN[:17] + b"\x31" + SYN[18:] + b"hello"
    assert Packet.of(longer).payload == b"hello"


def test_comments_of_the_file() -> None:
    packet = Packet(SYN, Interface(), 0, -1, 1, ((1, "grüße".encode()), (2, b"\0\0\0\0")))
    assert packet.comments == ("grüße",)


def test_it_prints_usefully() -> None:
    packet = Packet(SYN, Interface(), 0, -1, 7)
    assert repr(packet).startswith("<Packet #7 eth:ip:tcp 58 octets: 49152 → 9000 [SYN]")


def test_it_knows_its_bytes() -> None:
    packet = Packet.of(SYN)
    assert bytes(packet) == SYN
    assert len(packet) == 58
    assert packet.data[packet.tcp.start : packet.tcp.stop] == SYN[34:]


def test_a_packet_and_its_layers_leave_nothing_to_the_garbage_collector() -> None:
    gc.collect()
    for _ in range(10):
        packet = Packet.of(SYN)
        assert packet.layers
        assert packet["tcp.seq_raw"] == 1
    del packet
    assert gc.collect() == 0


def test_a_packet_can_be_copied_and_sent_to_another_process() -> None:
    packet = Packet(SYN, Interface(1, name="veth0"), 5, 60, 7, ((1, b"look"),))
    for twin in (pickle.loads(pickle.dumps(packet)), copy.copy(packet), copy.deepcopy(packet)):
        assert (twin.data, twin.time_ns, twin.length, twin.number, twin.options) == (SYN, 5, 60, 7, ((1, b"look"),))
        assert twin.interface.name == "veth0"
        assert twin.tcp.dstport == 9000


def test_what_it_prints_is_safe_to_print() -> None:
    name = b"\x1b[31m"
    query = bytes.fromhex("1234 0100 0001 0000 0000 0000".replace(" ", "")) + bytes([len(name)]) + name + b"\0\0\1\0\1"
    udp = struct.pack("!HHHH", 5000, 53, 8 + len(query), 0) + query
    ip = bytes.fromhex("4500") + struct.pack("!H", 20 + len(udp)) + bytes.fromhex("0001000040110000c0000201c0000202")
    packet = Packet.of(ip + udp, 228)
    assert packet.layers[-1].name == "dns"
    assert repr(packet).isprintable()
    assert repr(packet.layers).isprintable()
