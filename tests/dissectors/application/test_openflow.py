"""OpenFlow 1.0 and 1.3: the header, and the messages that hand a frame over."""
from __future__ import annotations

import pytest

from dissectors.packet import Packet

# Ethernet, IPv4 from 198.51.100.1, UDP 1234 to 5678 with "OpenFlow".
FRAME = (
    "020000000004 020000000003 0800"
    " 4500 0024 1234 4000 ff11 0000 c6336401 c6336402 04d2 162e 0010 0000 4f70656e466c6f77"
)
HELLO_1_0 = "01 00 0008 00000001"
BARRIER_1_0 = "01 12 0008 00000002"
PACKET_IN_1_0 = f"01 0a 0044 00000000 00000100 0032 0003 00 00 {FRAME}"
PACKET_OUT_1_0 = f"01 0d 004a 00000007 ffffffff ffff 0008 0000 0008 fffb 0000 {FRAME}"
PACKET_IN_1_3 = (
    "04 0a 005c 00000000 00000004 0032 01 05 ffffffffffffffff"
    f" 0001 000c 80000004 00000009 00000000 0000 {FRAME}"  # a match of 12 octets and 4 of padding, then 2 of padding
)
PACKET_OUT_1_3 = (
    f"04 0d 005a 000000a7 ffffffff 00000001 0010 000000000000 0000 0010 fffffffd 0020 000000000000 {FRAME}"
)


def segment(*messages: str, port: int = 6653) -> Packet:
    """Messages to the controller, in one TCP segment from 192.0.2.1."""
    data = bytes.fromhex(" ".join(messages))
    tcp = bytes.fromhex("c350") + port.to_bytes(2, "big") + bytes.fromhex("00000001 00000001 5018 2000 0000 0000")
    total = (40 + len(data)).to_bytes(2, "big")
    ip = bytes.fromhex("4500") + total + bytes.fromhex("0000 0000 40 06 0000 c0000201 c0000202")
    return Packet.of(bytes.fromhex("020000000002 020000000001 0800") + ip + tcp + data)


@pytest.mark.parametrize("port", [6633, 6653])
def test_the_header_of_version_1_0(port: int) -> None:
    packet = segment(BARRIER_1_0, port=port)
    assert packet["openflow.version"] == 1
    assert packet["openflow_1_0.type"] == 18
    assert packet["openflow.length"] == 8
    assert packet["openflow.xid"] == 2
    assert packet.openflow.info() == "Type: OFPT_BARRIER_REQUEST"


def test_the_header_of_version_1_3() -> None:
    packet = segment("04 12 0010 000000a7 000d 0000 00000000")
    assert packet["openflow_v4.version"] == 4
    assert packet["openflow_v4.type"] == 18
    assert packet["openflow_v4.length"] == 16
    assert packet["openflow_v4.xid"] == 167
    assert packet["openflow.contents"] == bytes.fromhex("000d000000000000")
    assert packet.openflow.info() == "Type: OFPT_MULTIPART_REQUEST"


def test_messages_follow_each_other_in_a_segment() -> None:
    packet = segment(HELLO_1_0, PACKET_IN_1_0, BARRIER_1_0)
    assert packet.values("openflow.xid") == [1, 0, 2]
    assert packet.protocols == "eth:ip:tcp:openflow:openflow:eth:ip:udp:data:openflow"
    assert [layer.quoted for layer in packet.layers if layer.name == "openflow"] == [False, False, False]


def test_packet_in_of_version_1_0() -> None:
    packet = segment(PACKET_IN_1_0)
    message = packet.openflow
    assert (message.buffer_id, message.total_len, message.in_port, message.reason) == (256, 50, 3, 0)
    assert packet.values("ip.src") == ["192.0.2.1", "198.51.100.1"]
    assert packet["udp.dstport"] == 5678
    assert packet.malformed == ""


def test_packet_out_of_version_1_0() -> None:
    packet = segment(PACKET_OUT_1_0)
    message = packet.openflow
    assert (message.buffer_id, message.in_port, message.actions_len) == (0xFFFFFFFF, 0xFFFF, 8)
    assert packet["openflow.action_typ"] == 0
    assert packet["openflow.action_len"] == 8
    assert packet["openflow.output_port"] == 0xFFFB
    assert packet["udp.dstport"] == 5678


def test_packet_in_of_version_1_3() -> None:
    packet = segment(PACKET_IN_1_3)
    message = packet.openflow
    assert (message.buffer_id, message.total_len, message.reason, message.table_id) == (4, 50, 1, 5)
    assert message.cookie == 0xFFFFFFFFFFFFFFFF
    assert packet["openflow_v4.match.length"] == 12
    assert packet["openflow_v4.oxm.class"] == 0x8000
    assert packet["openflow_v4.oxm.field"] == 0
    assert packet["openflow_v4.oxm.value"] == b"\x00\x00\x00\x09"
    assert packet.values("eth.src")[1] == "02:00:00:00:00:03"
    assert packet["udp.dstport"] == 5678


def test_packet_out_of_version_1_3() -> None:
    packet = segment(PACKET_OUT_1_3)
    message = packet.openflow
    assert (message.buffer_id, message.in_port, message.acts_len) == (0xFFFFFFFF, 1, 16)
    assert packet["openflow_v4.action.type"] == 0
    assert packet["openflow_v4.action.length"] == 16
    assert packet["openflow_v4.action.output.port"] == 0xFFFFFFFD
    assert packet["openflow_v4.action.output.max_len"] == 32
    assert packet["udp.dstport"] == 5678


def test_a_frame_that_stays_in_the_switch_is_not_looked_for() -> None:
    packet = segment("01 0d 0010 00000007 00000100 0001 0000")
    assert packet.protocols == "eth:ip:tcp:openflow"
    assert packet.malformed == ""


def test_the_beginning_of_a_frame_is_enough() -> None:
    packet = segment("01 0a 002c 00000000 00000100 0032 0003 00 00 " + bytes.fromhex(FRAME)[:26].hex(), HELLO_1_0)
    assert packet.values("ip.ttl") == [64, 255]
    assert packet.malformed == ""
    assert packet.values("openflow.xid") == [0, 1]


def test_the_last_message_may_go_on_in_the_next_segment() -> None:
    packet = segment(HELLO_1_0, PACKET_IN_1_0[:60])
    assert packet.values("openflow_1_0.type") == [0, 10]
    assert packet.malformed == ""


@pytest.mark.parametrize(
    "data",
    [
        "05 00 0008 00000001",  # a version that is not known
        "01 16 0008 00000001",  # a type that 1.0 does not have
        "01 00 0007 00000001",  # shorter than its header
    ],
)
def test_what_cannot_be_a_message_is_data(data: str) -> None:
    assert segment(data).protocols == "eth:ip:tcp:data"


def test_a_match_that_is_shorter_than_its_own_header_is_malformed() -> None:
    packet = segment("04 0a 0020 00000000 00000004 0032 01 05 ffffffffffffffff 0001 0000 00000000")
    assert packet.malformed == "OpenFlow packet-in gives its header fewer than 20 octets"


@pytest.mark.parametrize("message", [PACKET_IN_1_0, PACKET_OUT_1_0, PACKET_IN_1_3, PACKET_OUT_1_3])
def test_what_is_whole_stays_when_the_capture_was_cut(message: str) -> None:
    whole = segment(HELLO_1_0 if message.startswith("01") else "04 00 0008 00000001", message)
    for size in range(54, len(whole.data)):
        cut = Packet(whole.data[:size], whole.interface, 0, len(whole.data))
        assert cut.malformed == ""
        for name in ("openflow.xid", "openflow_v4.xid", "udp.dstport", "openflow.in_port", "openflow_v4.action.type"):
            assert cut[name] in (whole[name], None)
