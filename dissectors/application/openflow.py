"""OpenFlow: what a switch and its controller say to each other, in versions 1.0 and 1.3.

Both have the same header under other names; the first octet tells them apart.  Of the messages, those that hand a
frame over are laid out, and the frame is dissected; of the others the contents are shown as octets.
"""
from __future__ import annotations

from dissectors.fields import Bytes, Options, Uint
from dissectors.header import Header, Option, Selector, always, by

VERSION_1_0, VERSION_1_3 = 1, 4
PACKET_IN, PACKET_OUT = 10, 13
OUTPUT = 0
LEAST_OCTETS = 8  # of a message: its header
NO_BUFFER = 0xFFFFFFFF


def _numbered(prefix: str, names: str) -> dict[int, str]:
    return {number: f"{prefix}_{name}" for number, name in enumerate(names.split())}


TYPES_1_0 = _numbered(
    "OFPT",
    "HELLO ERROR ECHO_REQUEST ECHO_REPLY VENDOR FEATURES_REQUEST FEATURES_REPLY GET_CONFIG_REQUEST GET_CONFIG_REPLY "
    "SET_CONFIG PACKET_IN FLOW_REMOVED PORT_STATUS PACKET_OUT FLOW_MOD PORT_MOD STATS_REQUEST STATS_REPLY "
    "BARRIER_REQUEST BARRIER_REPLY QUEUE_GET_CONFIG_REQUEST QUEUE_GET_CONFIG_REPLY",
)
TYPES_1_3 = _numbered(
    "OFPT",
    "HELLO ERROR ECHO_REQUEST ECHO_REPLY EXPERIMENTER FEATURES_REQUEST FEATURES_REPLY GET_CONFIG_REQUEST "
    "GET_CONFIG_REPLY SET_CONFIG PACKET_IN FLOW_REMOVED PORT_STATUS PACKET_OUT FLOW_MOD GROUP_MOD PORT_MOD TABLE_MOD "
    "MULTIPART_REQUEST MULTIPART_REPLY BARRIER_REQUEST BARRIER_REPLY QUEUE_GET_CONFIG_REQUEST QUEUE_GET_CONFIG_REPLY "
    "ROLE_REQUEST ROLE_REPLY GET_ASYNC_REQUEST GET_ASYNC_REPLY SET_ASYNC METER_MOD",
)
REASONS = _numbered("OFPR", "NO_MATCH ACTION INVALID_TTL")
ACTIONS_1_0 = _numbered(
    "OFPAT",
    "OUTPUT SET_VLAN_VID SET_VLAN_PCP STRIP_VLAN SET_DL_SRC SET_DL_DST SET_NW_SRC SET_NW_DST SET_NW_TOS SET_TP_SRC "
    "SET_TP_DST ENQUEUE",
)
ACTIONS_1_3 = {
    OUTPUT: "OFPAT_OUTPUT",
    11: "OFPAT_COPY_TTL_OUT",
    12: "OFPAT_COPY_TTL_IN",
    15: "OFPAT_SET_MPLS_TTL",
    16: "OFPAT_DEC_MPLS_TTL",
    17: "OFPAT_PUSH_VLAN",
    18: "OFPAT_POP_VLAN",
    19: "OFPAT_PUSH_MPLS",
    20: "OFPAT_POP_MPLS",
    21: "OFPAT_SET_QUEUE",
    22: "OFPAT_GROUP",
    23: "OFPAT_SET_NW_TTL",
    24: "OFPAT_DEC_NW_TTL",
    25: "OFPAT_SET_FIELD",
    26: "OFPAT_PUSH_PBB",
    27: "OFPAT_POP_PBB",
}
_BUFFERS = {NO_BUFFER: "OFP_NO_BUFFER"}
_PORTS_1_0 = {0xFFFD: "OFPP_CONTROLLER", 0xFFFF: "OFPP_NONE"}
_PORTS_1_3 = {0xFFFFFFFD: "OFPP_CONTROLLER", 0xFFFFFFFF: "OFPP_ANY"}


class OpenFlowVersion(Selector):
    """The version, which says what follows (OpenFlow 1.0.0, 5.1; OpenFlow 1.3.0, A.1)."""

    name = "openflow.version"
    version = Uint(8, "version")

    follows = {"tcp.port": (6633, 6653)}
    next = by(version, "openflow.version")


def _looks_like(payload: bytes, version: int, types: dict[int, str]) -> bool:
    """The version, a type that it has and a length that can be, as far as they are here."""
    if payload[:1] != bytes([version]) or (len(payload) > 1 and payload[1] not in types):
        return False
    return len(payload) < 4 or int.from_bytes(payload[2:4], "big") >= LEAST_OCTETS


class OpenFlow10(Header):
    """OpenFlow 1.0 message (OpenFlow 1.0.0, 5.1)."""

    name = "openflow"
    label = "OpenFlow"
    version = Uint(8, "version", shown=hex, names={VERSION_1_0: "1.0"})
    type = Uint(8, "type of the message", names=TYPES_1_0, name="openflow_1_0.type")
    length = Uint(16, "octets of the message")
    xid = Uint(32, "the same in a request and its reply")

    end = length
    follows = {"openflow.version": VERSION_1_0}
    next = by(type, default="openflow.contents")
    repeats = True
    streamed = True

    @classmethod
    def recognises(cls, payload: bytes) -> bool:
        """A header of version 1.0: the middle of a message begins a segment as often as a message does."""
        return _looks_like(payload, VERSION_1_0, TYPES_1_0)

    def info(self) -> str | None:
        return None if self.type is None else f"Type: {TYPES_1_0.get(self.type, self.type)}"


class OpenFlow13(Header):
    """OpenFlow 1.3 message (OpenFlow 1.3.0, A.1)."""

    name = "openflow"
    prefix = "openflow_v4"
    label = "OpenFlow"
    version = Uint(8, "version", shown=hex, names={VERSION_1_3: "1.3"})
    type = Uint(8, "type of the message", names=TYPES_1_3)
    length = Uint(16, "octets of the message")
    xid = Uint(32, "the same in a request and its reply")

    end = length
    follows = {"openflow.version": VERSION_1_3}
    next = by(type, default="openflow.contents")
    repeats = True
    streamed = True

    @classmethod
    def recognises(cls, payload: bytes) -> bool:
        """A header of version 1.3: the middle of a message begins a segment as often as a message does."""
        return _looks_like(payload, VERSION_1_3, TYPES_1_3)

    def info(self) -> str | None:
        return None if self.type is None else f"Type: {TYPES_1_3.get(self.type, self.type)}"


class Contents(Header):
    """Contents of other messages (OpenFlow 1.0.0, 5.3 to 5.5; OpenFlow 1.3.0, A.3 to A.5)."""

    name = "openflow.contents"
    prefix = part_of = "openflow"
    contents = Bytes(None, "by type of the message")


class Action10(Option):
    """Action of OpenFlow 1.0 (OpenFlow 1.0.0, 5.2.4)."""

    name = "openflow.action"
    prefix = "openflow"
    action_typ = Uint(16, "what to do", names=ACTIONS_1_0)
    action_len = Uint(16, "octets of the action")

    members = by(action_typ)
    end = action_len


Action10.member(
    OUTPUT,
    "Output (OpenFlow 1.0.0, 5.2.4)",
    output_port=Uint(16, "where to send the frame", names=_PORTS_1_0),
    max_len=Uint(16, "octets of it that the controller gets"),
)


class PacketIn10(Header):
    """Packet-in: a frame for the controller (OpenFlow 1.0.0, 5.4.1)."""

    name = "openflow.packet_in"
    prefix = part_of = "openflow"
    buffer_id = Uint(32, "where the switch keeps the frame", shown=hex, names=_BUFFERS)
    total_len = Uint(16, "octets of the frame, of which the beginning follows")
    in_port = Uint(16, "where the frame came in")
    reason = Uint(8, "why", names=REASONS)
    pad = Uint(8, "not used", name="openflow.pkt_in.pad")

    follows = {"openflow_1_0.type": PACKET_IN}
    next = always("eth.format")
    quotes = True


class PacketOut10(Header):
    """Packet-out: a frame for the switch to send (OpenFlow 1.0.0, 5.3.6)."""

    name = "openflow.packet_out"
    prefix = part_of = "openflow"
    buffer_id = Uint(32, "where the switch keeps the frame", shown=hex, names=_BUFFERS)
    in_port = Uint(16, "where the frame is taken to have come in", names=_PORTS_1_0)
    actions_len = Uint(16, "octets of the actions")
    actions = Options(Action10, "actions", octets=actions_len)

    follows = {"openflow_1_0.type": PACKET_OUT}
    next = always("eth.format")
    quotes = True


class Action13(Option):
    """Action of OpenFlow 1.3 (OpenFlow 1.3.0, A.2.5)."""

    name = "openflow_v4.action"
    type = Uint(16, "what to do", names=ACTIONS_1_3)
    length = Uint(16, "octets of the action")

    members = by(type)
    end = length


class OutputAction13(Action13):
    """Output (OpenFlow 1.3.0, A.2.5)."""

    name = "openflow_v4.action.output"
    port = Uint(32, "where to send the frame", names=_PORTS_1_3)
    max_len = Uint(16, "octets of it that the controller gets")
    pad = Bytes(6, "not used")

    follows = {"openflow_v4.action.type": OUTPUT}


class MatchField(Option):
    """Field of a match (OpenFlow 1.3.0, A.2.3.2)."""

    name = "openflow_v4.oxm"
    class_ = Uint(16, "who defines the field", shown=hex, names={0x8000: "OFPXMC_OPENFLOW_BASIC"})
    field = Uint(7, "which field of the frame or of its way")
    hm = Uint(1, "the value is followed by a mask")
    length = Uint(8, "octets behind this field")
    value = Bytes(None, "value, and mask")

    members = by(class_)
    end = length + 4


class PacketIn13(Header):
    """Packet-in: a frame for the controller (OpenFlow 1.3.0, A.4.1)."""

    name = "openflow_v4.packet_in"
    part_of = "openflow"
    label = "OpenFlow packet-in"
    buffer_id = Uint(32, "where the switch keeps the frame", names=_BUFFERS)
    total_len = Uint(16, "octets of the frame, of which the beginning follows")
    reason = Uint(8, "why", names=REASONS)
    table_id = Uint(8, "flow table that was looked up")
    cookie = Uint(64, "of the flow entry that was looked up", shown=hex)
    match_type = Uint(16, "form of the match", names={1: "OFPMT_OXM"}, name="openflow_v4.match.type")
    match_length = Uint(16, "octets of the match, without padding", name="openflow_v4.match.length")
    match = Options(MatchField, "match", octets=match_length + -4)

    header_length = (match_length + 16).padded(8)
    follows = {"openflow_v4.type": PACKET_IN}
    next = always("openflow_v4.packet_in.frame")


class PacketIn13Frame(Header):
    """The frame of a packet-in, and what aligns it (OpenFlow 1.3.0, A.4.1)."""

    name = "openflow_v4.packet_in.frame"
    prefix = "openflow_v4.packet_in"
    part_of = "openflow"
    pad = Bytes(2, "not used: aligns what the frame carries")

    next = always("eth.format")
    quotes = True


class PacketOut13(Header):
    """Packet-out: a frame for the switch to send (OpenFlow 1.3.0, A.3.7)."""

    name = "openflow_v4.packet_out"
    part_of = "openflow"
    buffer_id = Uint(32, "where the switch keeps the frame", names=_BUFFERS)
    in_port = Uint(32, "where the frame is taken to have come in", names=_PORTS_1_3)
    acts_len = Uint(16, "octets of the actions")
    pad = Bytes(6, "not used")
    actions = Options(Action13, "actions", octets=acts_len)

    follows = {"openflow_v4.type": PACKET_OUT}
    next = always("eth.format")
    quotes = True
