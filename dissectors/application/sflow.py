"""sFlow: what a switch or router tells a collector, with the headers of the frames that it sampled.

A datagram carries samples, a sample of flows carries records, and a record of the kind "raw packet header" carries the
beginning of a frame, which is dissected as any other quotation.  Samples of counters carry theirs as options.
"""
from __future__ import annotations

from dissectors.fields import Bytes, IPv4Address, IPv6Address, Options, Uint
from dissectors.header import Header, Option, Selector, always, by

AGENT_IPV4, AGENT_IPV6 = 1, 2
FLOW, COUNTERS, EXPANDED_FLOW, EXPANDED_COUNTERS = 1, 2, 3, 4
SAMPLE_TYPES = {
    FLOW: "Flow sample",
    COUNTERS: "Counters sample",
    EXPANDED_FLOW: "Expanded flow sample",
    EXPANDED_COUNTERS: "Expanded counters sample",
}
RAW_HEADER, EXTENDED_SWITCH = 1, 1001
FLOW_RECORDS = {
    RAW_HEADER: "Raw packet header",
    2: "Ethernet frame data",
    3: "IPv4 data",
    4: "IPv6 data",
    EXTENDED_SWITCH: "Extended switch data",
    1002: "Extended router data",
    1003: "Extended gateway data",
    1004: "Extended user data",
    1005: "Extended URL data",
    1006: "Extended MPLS data",
    1007: "Extended NAT data",
    1008: "Extended MPLS tunnel data",
    1009: "Extended MPLS VC data",
    1010: "Extended MPLS FEC data",
    1011: "Extended MPLS LVP FEC data",
    1012: "Extended VLAN tunnel",
}
GENERIC_COUNTERS = 1
COUNTERS_RECORDS = {
    GENERIC_COUNTERS: "Generic interface counters",
    2: "Ethernet interface counters",
    3: "Token ring counters",
    4: "100 Base VG interface counters",
    5: "VLAN counters",
    1001: "Processor information",
}
OUTPUTS = {0: "one interface", 1: "discarded", 2: "several interfaces"}
ETHERNET, PPP, IPV4, IPV6, MPLS, WLAN = 1, 7, 11, 12, 13, 15
HEADER_PROTOCOLS = {
    ETHERNET: "Ethernet",
    2: "Token Bus",
    3: "Token Ring",
    4: "FDDI",
    5: "Frame Relay",
    6: "X.25",
    PPP: "PPP",
    8: "SMDS",
    9: "ATM AAL5",
    10: "ATM AAL5-IP",
    IPV4: "IPv4",
    IPV6: "IPv6",
    MPLS: "MPLS",
    14: "PPP over SONET/SDH",
    WLAN: "802.11 MAC",
}


def _data_format(meaning: str, names: dict[int, str], name: str) -> Uint:
    """The two parts that say how a structure is laid out (sFlow Version 5, data_format)."""
    return Uint(
        32,
        meaning,
        shown=hex,
        parts={
            "enterprise": Uint(20, "whose format, 0 for the standard's own", name="sflow.enterprise"),
            "format_": Uint(12, meaning, names=names, name=name),
        },
    )


class SFlowVersion(Selector):
    """The version of the datagram (sFlow Version 5, sample_datagram)."""

    name = "sflow.version"
    version = Uint(32, "version")

    follows = {"udp.port": 6343}
    next = by(version, "sflow.version")


class SFlow(Header):
    """sFlow datagram (sFlow Version 5, sample_datagram_v5)."""

    name = "sflow"
    prefix = "sflow_245"
    label = "sFlow"
    version = Uint(32, "version of the datagram")
    agenttype = Uint(32, "kind of the agent's address", names={AGENT_IPV4: "IPv4", AGENT_IPV6: "IPv6"})
    agent = IPv4Address("address of the agent", when=agenttype.equals(AGENT_IPV4))
    agent_v6 = IPv6Address("address of the agent", name="sflow_245.agent.v6", when=agenttype.equals(AGENT_IPV6))
    sub_agent_id = Uint(32, "which of the device's processes made the samples")
    sequence_number = Uint(32, "datagrams of this sub-agent, counted")
    sysuptime = Uint(32, "since the device was started, milliseconds")
    numsamples = Uint(32, "samples")

    follows = {"sflow.version": 5}
    next = always("sflow.sample")

    def info(self) -> str | None:
        if self.numsamples is None:
            return None
        return (
            f"V{self.version}, agent {self.agent or self.agent_v6}, sub-agent ID {self.sub_agent_id}, "
            f"seq {self.sequence_number}, {self.numsamples} samples"
        )


class Sample(Header):
    """sFlow sample (sFlow Version 5, sample_record)."""

    name = "sflow.sample"
    label = "sFlow sample"
    data_format = _data_format("kind of sample", SAMPLE_TYPES, "sflow_245.sampletype")
    sample_length = Uint(32, "octets behind this field", name="sflow_5.sample_length")

    end = sample_length + 8
    next = by(data_format, default="sflow.sample.data")
    repeats = True


class OtherSample(Header):
    """Data of another kind of sample (sFlow Version 5, sample_record)."""

    name = "sflow.sample.data"
    part_of = "sflow.sample"
    data_ = Bytes(None, "by enterprise and format", name="sflow.enterprise.data")


class FlowSample(Header):
    """Flow sample (sFlow Version 5, flow_sample)."""

    name = "sflow.flow_sample"
    part_of = "sflow.sample"
    sequence_number = Uint(32, "samples of this source, counted")
    source_id_class = Uint(8, "kind of the source", names={0: "interface", 1: "VLAN", 2: "physical entity"})
    index = Uint(24, "source")
    sampling_rate = Uint(32, "one in so many packets is sampled")
    sample_pool = Uint(32, "packets that could have been sampled")
    dropped_packets = Uint(32, "samples that were lost for want of resources")
    input_interface = Uint(32, "where the packet came in")
    output_interface = Uint(
        32,
        "where the packet went out",
        shown=hex,
        parts={
            "format_": Uint(
                2, "meaning of the value", names=OUTPUTS, name="sflow.flow_sample.output_interface_format"
            ),
            "value": Uint(
                30, "interface, reason or number of interfaces", name="sflow.flow_sample.output_interface_value"
            ),
        },
    )
    flow_record = Uint(32, "records")

    follows = {"sflow.sample.data_format": FLOW}
    next = always("sflow.flow_record")


class ExpandedFlowSample(Header):
    """Expanded flow sample (sFlow Version 5, flow_sample_expanded)."""

    name = "sflow.flow_sample_expanded"
    prefix = "sflow.flow_sample"
    part_of = "sflow.sample"
    sequence_number = Uint(32, "samples of this source, counted")
    source_id_type = Uint(32, "kind of the source")
    source_id_index = Uint(32, "source")
    sampling_rate = Uint(32, "one in so many packets is sampled")
    sample_pool = Uint(32, "packets that could have been sampled")
    dropped_packets = Uint(32, "samples that were lost for want of resources")
    input_interface_format = Uint(32, "meaning of the next field")
    input_interface_value = Uint(32, "where the packet came in")
    output_interface_format = Uint(32, "meaning of the next field", names=OUTPUTS)
    output_interface_value = Uint(32, "interface, reason or number of interfaces")
    flow_record = Uint(32, "records")

    follows = {"sflow.sample.data_format": EXPANDED_FLOW}
    next = always("sflow.flow_record")


class FlowRecord(Header):
    """sFlow record of a flow (sFlow Version 5, flow_record)."""

    name = "sflow.flow_record"
    label = "sFlow record"
    data_format = _data_format("kind of record", FLOW_RECORDS, "sflow_245.flow_record_format")
    flow_data_length = Uint(32, "octets behind this field", name="sflow_5.flow_data_length")

    end = flow_data_length + 8
    next = by(data_format, default="sflow.flow_data")
    repeats = True


class FlowData(Header):
    """Data of another kind of record (sFlow Version 5, flow_record)."""

    name = "sflow.flow_data"
    part_of = "sflow.flow_record"
    data_ = Bytes(None, "by enterprise and format", name="sflow.enterprise.data")


class ExtendedSwitch(Header):
    """Extended switch data (sFlow Version 5, extended_switch)."""

    name = "sflow.extended_switch"
    prefix = "sflow_245"
    part_of = "sflow.flow_record"
    vlan_in = Uint(32, "VLAN that the frame came from", name="sflow_245.vlan.in")
    pri_in = Uint(32, "priority that it came with", name="sflow_245.pri.in")
    vlan_out = Uint(32, "VLAN that it went to", name="sflow_245.vlan.out")
    pri_out = Uint(32, "priority that it left with", name="sflow_245.pri.out")

    follows = {"sflow.flow_record.data_format": EXTENDED_SWITCH}


class RawHeader(Header):
    """Raw packet header (sFlow Version 5, sampled_header)."""

    name = "sflow.sampled_header"
    prefix = "sflow_245.header"
    part_of = "sflow.flow_record"
    protocol_ = Uint(32, "what the frame begins with", names=HEADER_PROTOCOLS, name="sflow_245.header_protocol")
    frame_length = Uint(32, "octets of the frame before it was sampled")
    payload_stripped = Uint(32, "octets that were taken off before sampling, as the check sequence")
    sampled_header_length = Uint(32, "octets of the frame that follow")

    end = sampled_header_length + 16
    follows = {"sflow.flow_record.data_format": RAW_HEADER}
    next = by(protocol_)
    quotes = True


class SampledFrame(Selector):
    """An Ethernet frame (sFlow Version 5, header_protocol)."""

    name = "sflow.sampled_frame"

    follows = {"sflow_245.header_protocol": ETHERNET}
    next = always("eth.format")


class SampledPPP(Selector):
    """A PPP frame (sFlow Version 5, header_protocol)."""

    name = "sflow.sampled_ppp"

    follows = {"sflow_245.header_protocol": PPP}
    next = always("ppp.frame")


class SampledPacket(Selector):
    """An IP packet (sFlow Version 5, header_protocol)."""

    name = "sflow.sampled_packet"

    follows = {"sflow_245.header_protocol": (IPV4, IPV6)}
    next = always("ip.version")


class SampledLabels(Selector):
    """An MPLS label stack (sFlow Version 5, header_protocol)."""

    name = "sflow.sampled_labels"

    follows = {"sflow_245.header_protocol": MPLS}
    next = always("mpls")


class SampledRadioFrame(Selector):
    """A frame of a wireless network (sFlow Version 5, header_protocol)."""

    name = "sflow.sampled_radio_frame"

    follows = {"sflow_245.header_protocol": WLAN}
    next = always("wlan.frame")


class CountersRecord(Option):
    """sFlow record of counters (sFlow Version 5, counter_record)."""

    name = "sflow.counters_record"
    data_format = _data_format("kind of record", COUNTERS_RECORDS, "sflow_245.counters_record_format")
    flow_data_length = Uint(32, "octets behind this field", name="sflow_5.flow_data_length")

    members = by(data_format)
    end = flow_data_length + 8


CountersRecord.member(
    None,
    "Other counters (sFlow Version 5, counter_record)",
    data_=Bytes(None, "by enterprise and format", name="sflow.enterprise.data"),
)


class GenericCounters(CountersRecord):
    """Generic interface counters (sFlow Version 5, if_counters)."""

    name = "sflow.if_counters"
    prefix = "sflow_245"
    ifindex = Uint(32, "interface")
    iftype = Uint(32, "kind of the interface, as IANA numbers them")
    ifspeed = Uint(64, "bits a second")
    ifdirection = Uint(32, "duplex", names={0: "unknown", 1: "full duplex", 2: "half duplex", 3: "in", 4: "out"})
    unused = Uint(30, "not used")
    ifoper_status = Uint(1, "working", names={0: "down", 1: "up"})
    ifadmin_status = Uint(1, "switched on", names={0: "down", 1: "up"})
    ifinoct = Uint(64, "octets in")
    ifinpkt = Uint(32, "unicast packets in")
    ifinmcast = Uint(32, "multicast packets in")
    ifinbcast = Uint(32, "broadcast packets in")
    ifindisc = Uint(32, "packets in that were discarded")
    ifinerr = Uint(32, "packets in with errors")
    ifinunk = Uint(32, "packets in of unknown protocols")
    ifoutoct = Uint(64, "octets out")
    ifoutpkt = Uint(32, "unicast packets out")
    ifoutmcast = Uint(32, "multicast packets out")
    ifoutbcast = Uint(32, "broadcast packets out")
    ifoutdisc = Uint(32, "packets out that were discarded")
    ifouterr = Uint(32, "packets out with errors")
    ifpromisc = Uint(32, "promiscuous mode", names={1: "on", 2: "off"})

    follows = {"sflow.counters_record.data_format": GENERIC_COUNTERS}


class CountersSample(Header):
    """Counters sample (sFlow Version 5, counters_sample)."""

    name = "sflow.counters_sample"
    part_of = "sflow.sample"
    sequence_number = Uint(32, "samples of this source, counted")
    source_id_type = Uint(8, "kind of the source")
    source_id_index = Uint(24, "source")
    counters_records = Uint(32, "records")
    records = Options(CountersRecord, "records")

    follows = {"sflow.sample.data_format": COUNTERS}


class ExpandedCountersSample(Header):
    """Expanded counters sample (sFlow Version 5, counters_sample_expanded)."""

    name = "sflow.counters_sample_expanded"
    prefix = "sflow.counters_sample"
    part_of = "sflow.sample"
    sequence_number = Uint(32, "samples of this source, counted")
    source_id_type = Uint(32, "kind of the source")
    source_id_index = Uint(32, "source")
    counters_records = Uint(32, "records")
    records = Options(CountersRecord, "records")

    follows = {"sflow.sample.data_format": EXPANDED_COUNTERS}
