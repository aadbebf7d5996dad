"""sFlow: datagrams, samples and records, and the sampled headers inside them."""
from __future__ import annotations

import pytest

from dissectors.packet import Packet

ETHERNET = bytes.fromhex("020000000002 020000000001 0800")
TLS_PORT, OTHER_PORT = "01bb", "2329"


def sampled(port: str) -> str:
    """The first 60 octets of a frame: Ethernet, IPv4 from 198.51.100.1, TCP to `port` and six octets of its data."""
    ethernet = "020000000004 020000000003 0800"
    ip = "4500 03e8 0001 4000 40 06 0000 c6336401 c6336402"
    tcp = f"c350 {port} 00000001 00000000 5010 2000 0000 0000"
    return f"{ethernet} {ip} {tcp} 616263646566"


def raw_header(header: str, protocol: int = 1) -> str:
    """A record with a sampled header, filled up to words of four octets."""
    octets = bytes.fromhex(header)
    filled = octets + bytes(-len(octets) % 4)
    return f"00000001 {16 + len(filled):08x} {protocol:08x} 000003fa 00000004 {len(octets):08x} {filled.hex()}"


SWITCH = "000003e9 00000010 0000000a 00000001 00000014 00000002"


def flow_sample(*records: str) -> str:
    """Sample 3 of interface 7001, one in 400, of a frame that was sent to two interfaces."""
    body = f"00000003 00001b59 00000190 00000500 00000000 00001b59 80000002 {len(records):08x} {' '.join(records)}"
    return f"00000001 {len(bytes.fromhex(body)):08x} {body}"


def datagram(*samples: str, version: int = 5, agent: str = "00000001 c0000201") -> Packet:
    """Datagram 112 of the agent 192.0.2.1, started 116 seconds ago, over UDP."""
    sflow = f"{version:08x} {agent} 00000000 00000070 0001c520 {len(samples):08x}"
    data = bytes.fromhex(f"{sflow} {' '.join(samples)}")
    udp = bytes.fromhex("9c40 18c7") + (8 + len(data)).to_bytes(2, "big") + b"\0\0"
    total = (28 + len(data)).to_bytes(2, "big")
    ip = bytes.fromhex("4500") + total + bytes.fromhex("0000 0000 40 11 0000 c0000201 c0000202")
    return Packet.of(ETHERNET + ip + udp + data)


COUNTERS = (
    "00000002 0000006c 0000001c 000059d9 00000001 00000001 00000058"  # sample 28 of interface 23001, one record
    " 000059d9 00000006 0000005d21dba000 00000001 00000003"  # 400 Gbit/s, full duplex, up
    " 0000000000000100 00000002 00000003 00000004 00000005 00000006 00000007"
    " 00000000000025f5 00000008 0000004f 00000009 0000000a 0000000b 00000002"
)


def test_the_header_of_a_datagram() -> None:
    sflow = datagram().sflow
    assert (sflow.version, sflow.agenttype, sflow.agent, sflow.agent_v6) == (5, 1, "192.0.2.1", None)
    assert (sflow.sub_agent_id, sflow.sequence_number, sflow.sysuptime, sflow.numsamples) == (0, 112, 116000, 0)
    assert sflow.info() == "V5, agent 192.0.2.1, sub-agent ID 0, seq 112, 0 samples"


def test_an_agent_may_have_an_ipv6_address() -> None:
    sflow = datagram(agent="00000002 20010db8000000000000000000000001").sflow
    assert (sflow.agent, sflow.agent_v6) == (None, "2001:db8::1")
    assert (sflow.sub_agent_id, sflow.sequence_number, sflow.numsamples) == (0, 112, 0)
    assert sflow.info() == "V5, agent 2001:db8::1, sub-agent ID 0, seq 112, 0 samples"


def test_other_versions_are_data() -> None:
    assert datagram(version=4).protocols == "eth:ip:udp:data"


def test_a_flow_sample_says_where_the_frame_came_and_went() -> None:
    packet = datagram(flow_sample(raw_header(sampled(OTHER_PORT))))
    assert packet["sflow.enterprise"] == 0
    assert packet["sflow_245.sampletype"] == 1
    assert packet["sflow_5.sample_length"] == 116
    assert packet["sflow.flow_sample.sequence_number"] == 3
    assert packet["sflow.flow_sample.index"] == 7001
    assert packet["sflow.flow_sample.sampling_rate"] == 400
    assert packet["sflow.flow_sample.sample_pool"] == 1280
    assert packet["sflow.flow_sample.input_interface"] == 7001
    assert packet["sflow.flow_sample.output_interface_format"] == 2
    assert packet["sflow.flow_sample.output_interface_value"] == 2
    assert packet["sflow.flow_sample.flow_record"] == 1


def test_the_sampled_frame_is_dissected() -> None:
    packet = datagram(flow_sample(SWITCH, raw_header(sampled(OTHER_PORT))))
    assert packet.values("sflow_245.flow_record_format") == [1001, 1]
    assert packet["sflow_245.vlan.in"] == 10
    assert packet["sflow_245.pri.out"] == 2
    assert packet["sflow_245.header_protocol"] == 1
    assert packet["sflow_245.header.frame_length"] == 1018
    assert packet["sflow_245.header.payload_stripped"] == 4
    assert packet["sflow_245.header.sampled_header_length"] == 60
    assert packet.values("eth.src") == ["02:00:00:00:00:01", "02:00:00:00:00:03"]
    assert packet.values("ip.src") == ["192.0.2.1", "198.51.100.1"]
    assert packet["tcp.dstport"] == 9001


def test_a_sampled_frame_is_a_quotation_and_cut_by_rights() -> None:
    packet = datagram(flow_sample(raw_header(sampled(OTHER_PORT))))
    assert [layer.name for layer in packet.layers if layer.quoted] == ["eth", "ip", "tcp", "data"]
    assert packet.malformed == ""


def test_the_frame_ends_before_the_octets_that_fill_the_record() -> None:
    packet = datagram(flow_sample(raw_header(sampled(OTHER_PORT) + "67")))
    assert packet.layers[-1].name == "data"
    assert packet.values("data.data") == [b"abcdefg"]


def test_the_samples_behind_a_sampled_frame_are_no_quotation() -> None:
    packet = datagram(*[flow_sample(raw_header(sampled(OTHER_PORT)))] * 2)
    assert [layer.quoted for layer in packet.layers if layer.name == "sflow.sample"] == [False, False]
    assert packet.values("tcp.dstport") == [9001, 9001]


def test_a_header_that_was_cut_in_the_middle_leaves_the_next_sample_alone() -> None:
    cut = bytes.fromhex(sampled("2328"))[:40].hex()
    packet = datagram(flow_sample(raw_header(cut)), flow_sample(raw_header(sampled(OTHER_PORT))))
    assert packet.values("tcp.dstport") == [9000, 9001]
    assert packet.malformed == ""


def test_a_header_that_its_port_promised_in_vain_leaves_the_next_sample_alone() -> None:
    packet = datagram(flow_sample(raw_header(sampled(TLS_PORT))), flow_sample(raw_header(sampled(OTHER_PORT))))
    assert packet.values("tcp.dstport") == [443, 9001]
    assert packet.values("data.data") == [b"abcdef", b"abcdef"]
    assert packet.tls is None


def test_a_datagram_full_of_samples_is_read_to_its_end() -> None:
    packet = datagram(*[flow_sample(SWITCH, raw_header(sampled(OTHER_PORT)))] * 9)
    assert len(packet.values("tcp.dstport")) == 9
    assert packet.malformed == ""


@pytest.mark.parametrize(
    ("protocol", "header", "protocols"),
    [
        (11, "4500 0014 0001 0000 40 3f 0000 c6336401 c6336402", "ip"),
        (12, "60000000 0000 3b 40" + "20010db8000000000000000000000001" * 2, "ipv6"),
        (7, "0021 4500 0014 0001 0000 40 3f 0000 c6336401 c6336402", "ppp:ip"),
        (13, "00010140 4500 0014 0001 0000 40 3f 0000 c6336401 c6336402", "mpls:ip"),
        (15, "d4000000 020000000001", "wlan"),
        (6, "1000", "data"),
    ],
)
def test_other_headers_than_ethernet(protocol: int, header: str, protocols: str) -> None:
    packet = datagram(flow_sample(raw_header(header, protocol)))
    assert packet.protocols == f"eth:ip:udp:sflow:sflow.sample:sflow.flow_record:{protocols}"


def test_an_expanded_flow_sample() -> None:
    body = "00000003 00000000 00001b59 00000190 00000500 00000000 00000000 00001b59 00000001 00000102 00000001 "
    body += raw_header(sampled(OTHER_PORT))
    packet = datagram(f"00000003 {len(bytes.fromhex(body)):08x} {body}")
    assert packet["sflow.flow_sample.source_id_index"] == 7001
    assert packet["sflow.flow_sample.input_interface_value"] == 7001
    assert packet["sflow.flow_sample.output_interface_format"] == 1
    assert packet["sflow.flow_sample.output_interface_value"] == 258
    assert packet["tcp.dstport"] == 9001


def test_counters_of_an_interface() -> None:
    packet = datagram(COUNTERS)
    assert packet["sflow.counters_sample.sequence_number"] == 28
    assert packet["sflow.counters_sample.source_id_index"] == 23001
    assert packet["sflow.counters_sample.counters_records"] == 1
    assert packet["sflow_245.counters_record_format"] == 1
    assert packet["sflow_245.ifspeed"] == 400_000_000_000
    assert (packet["sflow_245.ifadmin_status"], packet["sflow_245.ifoper_status"]) == (1, 1)
    assert (packet["sflow_245.ifinoct"], packet["sflow_245.ifinunk"]) == (256, 7)
    assert (packet["sflow_245.ifoutoct"], packet["sflow_245.ifoutmcast"]) == (9717, 79)
    assert packet["sflow_245.ifpromisc"] == 2
    assert packet.malformed == ""


def test_expanded_counters() -> None:
    packet = datagram("00000004 00000018 00000001 00000000 00000009 00000001 00000005 00000000")
    assert packet["sflow.counters_sample.source_id_index"] == 9
    assert packet["sflow_245.counters_record_format"] == 5


def test_what_other_enterprises_send_is_kept_as_octets() -> None:
    packet = datagram("007c7001 00000004 01020304", flow_sample("001f4002 00000004 05060708"))
    assert packet.values("sflow.enterprise") == [1991, 0, 500]
    assert packet.values("sflow_245.sampletype") == [1, 1]
    assert packet.values("sflow.enterprise.data") == [b"\x01\x02\x03\x04", b"\x05\x06\x07\x08"]


def test_a_sample_that_is_longer_than_the_datagram_is_malformed() -> None:
    packet = datagram("00000002 00000100 00000001 00000000 00000000")
    assert packet.malformed == "sFlow sample says it ends beyond what carries it"


@pytest.mark.parametrize("size", range(42, 250))
def test_what_is_whole_stays_when_the_capture_was_cut(size: int) -> None:
    whole = datagram(flow_sample(SWITCH, raw_header(sampled(OTHER_PORT))), COUNTERS)
    cut = Packet(whole.data[:size], whole.interface, 0, len(whole.data))
    assert cut.malformed == ""
    assert [layer.name for layer in cut.walk()] == [layer.name for layer in whole.walk()][: len(cut.walk())]
    for name in ("sflow_245.numsamples", "sflow.flow_sample.index", "tcp.dstport", "sflow_245.ifinoct"):
        assert cut[name] in (whole[name], None)
