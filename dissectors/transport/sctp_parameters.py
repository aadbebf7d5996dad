"""Parameters of SCTP's chunks, and the error causes of ERROR and ABORT (numbers assigned by IANA, sctp-parameters)."""
from __future__ import annotations

from dissectors.fields import Bytes, Field, IPv4Address, IPv6Address, Options, Repeat, Text, Uint
from dissectors.header import Option, by

PARAMETERS = {
    1: "heartbeat info",
    5: "IPv4 address",
    6: "IPv6 address",
    7: "state cookie",
    8: "unrecognized parameter",
    9: "cookie preservative",
    11: "host name address",
    12: "supported address types",
    13: "outgoing SSN reset request",
    14: "incoming SSN reset request",
    15: "SSN/TSN reset request",
    16: "re-configuration response",
    17: "add outgoing streams request",
    18: "add incoming streams request",
    0x8000: "ECN capable",
    0x8001: "zero checksum acceptable",
    0x8002: "random",
    0x8003: "chunk list",
    0x8004: "requested HMAC algorithm",
    0x8005: "padding",
    0x8008: "supported extensions",
    0xC000: "forward TSN supported",
    0xC001: "add IP address",
    0xC002: "delete IP address",
    0xC003: "error cause indication",
    0xC004: "set primary address",
    0xC005: "success indication",
    0xC006: "adaptation layer indication",
}

CAUSES = {
    1: "invalid stream identifier",
    2: "missing mandatory parameter",
    3: "stale cookie",
    4: "out of resource",
    5: "unresolvable address",
    6: "unrecognized chunk type",
    7: "invalid mandatory parameter",
    8: "unrecognized parameters",
    9: "no user data",
    10: "cookie received while shutting down",
    11: "restart of an association with new addresses",
    12: "user-initiated abort",
    13: "protocol violation",
    0xA0: "request to delete last remaining IP address",
    0xA1: "operation refused due to resource shortage",
    0xA2: "request to delete source IP address",
    0xA3: "association aborted due to illegal ASCONF-ACK",
    0xA4: "request refused, no authorization",
    0x105: "unsupported HMAC identifier",
}

CHUNKS = {
    0: "DATA",
    1: "INIT",
    2: "INIT_ACK",
    3: "SACK",
    4: "HEARTBEAT",
    5: "HEARTBEAT_ACK",
    6: "ABORT",
    7: "SHUTDOWN",
    8: "SHUTDOWN_ACK",
    9: "ERROR",
    10: "COOKIE_ECHO",
    11: "COOKIE_ACK",
    12: "ECNE",
    13: "CWR",
    14: "SHUTDOWN_COMPLETE",
    15: "AUTH",
    16: "NR_SACK",
    64: "I_DATA",
    128: "ASCONF_ACK",
    129: "PKTDROP",
    130: "RE_CONFIG",
    132: "PAD",
    192: "FORWARD_TSN",
    193: "ASCONF",
    194: "I_FORWARD_TSN",
}

HMACS = {1: "SHA-1", 3: "SHA-256"}
ADDRESS_TYPES = {5: "IPv4", 6: "IPv6", 11: "host name"}
RESULTS = {
    0: "nothing to do",
    1: "performed",
    2: "denied",
    3: "wrong SSN",
    4: "request already in progress",
    5: "bad sequence number",
    6: "in progress",
}


class SCTPParameter(Option):
    """SCTP parameter (RFC 9260, 3.2.1)."""

    name = "sctp.parameter"
    label = "SCTP parameter"
    parameter_type = Uint(16, "type", shown=hex, names=PARAMETERS, name="sctp.parameter_type")
    parameter_length = Uint(16, "octets of the parameter", name="sctp.parameter_length")

    members = by(parameter_type, default="sctp.parameter.unknown")
    end = parameter_length
    align = 4


_LENGTH: Field = SCTPParameter.declaration.fields["parameter_length"]


class SCTPCause(Option):
    """SCTP error cause (RFC 9260, 3.3.10)."""

    name = "sctp.cause"
    label = "SCTP error cause"
    cause_code = Uint(16, "code", shown=hex, names=CAUSES, name="sctp.cause_code")
    cause_length = Uint(16, "octets of the cause", name="sctp.cause_length")

    members = by(cause_code, default="sctp.cause.unknown")
    end = cause_length
    align = 4


class UnknownParameter(SCTPParameter):
    """Other parameter (RFC 9260, 3.2.1)."""

    name = "sctp.parameter.unknown"
    prefix = "sctp"
    parameter_value = Bytes(None, "value")


class HeartbeatInfo(SCTPParameter):
    """Heartbeat info (RFC 9260, 3.3.5)."""

    name = "sctp.parameter.heartbeat_info"
    prefix = "sctp"
    parameter_heartbeat_information = Bytes(None, "what the sender knows it again by")

    follows = {"sctp.parameter_type": 1}


class IPv4AddressParameter(SCTPParameter):
    """IPv4 address (RFC 9260, 3.3.2.1.1)."""

    name = "sctp.parameter.ipv4"
    prefix = "sctp"
    parameter_ipv4_address = IPv4Address("address of the sender")

    follows = {"sctp.parameter_type": 5}


class IPv6AddressParameter(SCTPParameter):
    """IPv6 address (RFC 9260, 3.3.2.1.2)."""

    name = "sctp.parameter.ipv6"
    prefix = "sctp"
    parameter_ipv6_address = IPv6Address("address of the sender")

    follows = {"sctp.parameter_type": 6}


class StateCookie(SCTPParameter):
    """State cookie (RFC 9260, 3.3.3.1.1)."""

    name = "sctp.parameter.state_cookie"
    prefix = "sctp"
    parameter_state_cookie = Bytes(None, "what the sender will need to set up the association")

    follows = {"sctp.parameter_type": 7}


class UnrecognizedParameter(SCTPParameter):
    """Unrecognized parameter (RFC 9260, 3.3.3.1.2)."""

    name = "sctp.parameter.unrecognized"
    prefix = "sctp"
    unrecognized = Options(SCTPParameter, "the parameter")

    follows = {"sctp.parameter_type": 8}


class CookiePreservative(SCTPParameter):
    """Cookie preservative (RFC 9260, 3.3.2.1.3)."""

    name = "sctp.parameter.cookie_preservative"
    prefix = "sctp"
    parameter_cookie_preservative_incr = Uint(32, "how much longer the cookie should live, milliseconds")

    follows = {"sctp.parameter_type": 9}


class HostNameAddress(SCTPParameter):
    """Host name address (RFC 9260, 3.3.2.1.4; deprecated)."""

    name = "sctp.parameter.host_name"
    prefix = "sctp"
    parameter_hostname = Text("host name")

    follows = {"sctp.parameter_type": 11}


class SupportedAddressTypes(SCTPParameter):
    """Supported address types (RFC 9260, 3.3.2.1.5)."""

    name = "sctp.parameter.address_types"
    prefix = "sctp"
    types = Repeat("type", parameter_supported_address_type=Uint(16, "type of address", names=ADDRESS_TYPES))

    follows = {"sctp.parameter_type": 12}


class OutgoingReset(SCTPParameter):
    """Outgoing SSN reset request (RFC 6525, 4.1)."""

    name = "sctp.parameter.outgoing_reset"
    prefix = "sctp"
    parameter_reconfig_request_sequence_number = Uint(32, "number of the request")
    parameter_reconfig_response_sequence_number = Uint(32, "number of the request that this one answers")
    parameter_senders_last_assigned_tsn = Uint(32, "the last TSN that the sender used")
    streams = Repeat("stream", parameter_reconfig_sid=Uint(16, "stream to reset"))

    follows = {"sctp.parameter_type": 13}


class IncomingReset(SCTPParameter):
    """Incoming SSN reset request (RFC 6525, 4.2)."""

    name = "sctp.parameter.incoming_reset"
    prefix = "sctp"
    parameter_reconfig_request_sequence_number = Uint(32, "number of the request")
    streams = Repeat("stream", parameter_reconfig_sid=Uint(16, "stream to reset"))

    follows = {"sctp.parameter_type": 14}


class AssociationReset(SCTPParameter):
    """SSN/TSN reset request (RFC 6525, 4.3)."""

    name = "sctp.parameter.association_reset"
    prefix = "sctp"
    parameter_reconfig_request_sequence_number = Uint(32, "number of the request")

    follows = {"sctp.parameter_type": 15}


class ReconfigurationResponse(SCTPParameter):
    """Re-configuration response (RFC 6525, 4.4)."""

    name = "sctp.parameter.reconfiguration_response"
    prefix = "sctp"
    parameter_reconfig_response_sequence_number = Uint(32, "number of the request that is answered")
    parameter_reconfig_response_result = Uint(32, "result", names=RESULTS)
    parameter_senders_next_tsn = Uint(32, "the next TSN that the sender will use", when=_LENGTH.equals(20))
    parameter_receivers_next_tsn = Uint(32, "the next TSN that the sender expects", when=_LENGTH.equals(20))

    follows = {"sctp.parameter_type": 16}


class AddOutgoingStreams(SCTPParameter):
    """Add outgoing streams request (RFC 6525, 4.5)."""

    name = "sctp.parameter.add_outgoing_streams"
    prefix = "sctp"
    parameter_reconfig_request_sequence_number = Uint(32, "number of the request")
    parameter_add_outgoing_streams_number = Uint(16, "streams to add")
    parameter_add_outgoing_streams_reserved = Uint(16, "reserved, must be 0")

    follows = {"sctp.parameter_type": 17}


class AddIncomingStreams(SCTPParameter):
    """Add incoming streams request (RFC 6525, 4.6)."""

    name = "sctp.parameter.add_incoming_streams"
    prefix = "sctp"
    parameter_reconfig_request_sequence_number = Uint(32, "number of the request")
    parameter_add_incoming_streams_number = Uint(16, "streams to add")
    parameter_add_incoming_streams_reserved = Uint(16, "reserved, must be 0")

    follows = {"sctp.parameter_type": 18}


class ECNCapable(SCTPParameter):
    """ECN capable (RFC 9260, appendix B)."""

    name = "sctp.parameter.ecn"
    prefix = "sctp"

    follows = {"sctp.parameter_type": 0x8000}


class ZeroChecksumAcceptable(SCTPParameter):
    """Zero checksum acceptable (RFC 9653, 4)."""

    name = "sctp.parameter.zero_checksum"
    prefix = "sctp"
    parameter_error_detection_method = Uint(32, "what detects errors instead", names={1: "DTLS"})

    follows = {"sctp.parameter_type": 0x8001}


class Random(SCTPParameter):
    """Random (RFC 4895, 3.1)."""

    name = "sctp.parameter.random"
    prefix = "sctp"
    random_number = Bytes(None, "random number")

    follows = {"sctp.parameter_type": 0x8002}


class ChunkList(SCTPParameter):
    """Chunk list (RFC 4895, 3.2)."""

    name = "sctp.parameter.chunk_list"
    prefix = "sctp"
    chunks = Repeat("chunk", chunk_type_to_auth=Uint(8, "type of chunk that is to be authenticated", names=CHUNKS))

    follows = {"sctp.parameter_type": 0x8003}


class RequestedHMAC(SCTPParameter):
    """Requested HMAC algorithm (RFC 4895, 3.3)."""

    name = "sctp.parameter.hmac"
    prefix = "sctp"
    algorithms = Repeat("algorithm", hmac_id=Uint(16, "HMAC, the best first", names=HMACS))

    follows = {"sctp.parameter_type": 0x8004}


class Padding(SCTPParameter):
    """Padding (RFC 4820, 4)."""

    name = "sctp.parameter.padding"
    prefix = "sctp"
    padding_data = Bytes(None, "padding")

    follows = {"sctp.parameter_type": 0x8005}


class SupportedExtensions(SCTPParameter):
    """Supported extensions (RFC 5061, 4.2.7)."""

    name = "sctp.parameter.extensions"
    prefix = "sctp"
    extensions_ = Repeat("chunk", supported_chunk_type=Uint(8, "type of chunk that is understood", names=CHUNKS))

    follows = {"sctp.parameter_type": 0x8008}


class ForwardTSNSupported(SCTPParameter):
    """Forward TSN supported (RFC 3758, 3.1)."""

    name = "sctp.parameter.forward_tsn"
    prefix = "sctp"

    follows = {"sctp.parameter_type": 0xC000}


class AddressChange(SCTPParameter):
    """Add IP address, delete IP address, set primary address (RFC 5061, 4.2)."""

    name = "sctp.parameter.address_change"
    prefix = "sctp"
    correlation_id = Uint(32, "what the answer will name it by", shown=hex)
    address = Options(SCTPParameter, "the address")

    follows = {"sctp.parameter_type": (0xC001, 0xC002, 0xC004)}


class ErrorCauseIndication(SCTPParameter):
    """Error cause indication (RFC 5061, 4.2.3)."""

    name = "sctp.parameter.error_cause"
    prefix = "sctp"
    correlation_id = Uint(32, "which request is answered", shown=hex)
    causes = Options(SCTPCause, "causes")

    follows = {"sctp.parameter_type": 0xC003}


class SuccessIndication(SCTPParameter):
    """Success indication (RFC 5061, 4.2.5)."""

    name = "sctp.parameter.success"
    prefix = "sctp"
    correlation_id = Uint(32, "which request is answered", shown=hex)

    follows = {"sctp.parameter_type": 0xC005}


class AdaptationLayerIndication(SCTPParameter):
    """Adaptation layer indication (RFC 5061, 4.2.6)."""

    name = "sctp.parameter.adaptation_layer"
    prefix = "sctp"
    adaptation_layer_indication = Uint(32, "what adapts SCTP to the upper layer", shown=hex)

    follows = {"sctp.parameter_type": 0xC006}


class OtherCause(SCTPCause):
    """Error cause with information for people, or none (RFC 9260, 3.3.10)."""

    name = "sctp.cause.unknown"
    prefix = "sctp"
    cause_information = Bytes(None, "information", when=SCTPCause.declaration.fields["cause_length"].differs(4))


class InvalidStream(SCTPCause):
    """Invalid stream identifier (RFC 9260, 3.3.10.1)."""

    name = "sctp.cause.invalid_stream"
    prefix = "sctp"
    cause_stream_identifier = Uint(16, "stream that there is not")
    cause_reserved = Uint(16, "reserved, must be 0")

    follows = {"sctp.cause_code": 1}


class MissingParameter(SCTPCause):
    """Missing mandatory parameter (RFC 9260, 3.3.10.2)."""

    name = "sctp.cause.missing_parameter"
    prefix = "sctp"
    cause_nr_of_missing_parameters = Uint(32, "parameters that are missing")
    parameters = Repeat(
        "parameter", cause_missing_parameter_type=Uint(16, "type of the parameter", shown=hex, names=PARAMETERS)
    )

    follows = {"sctp.cause_code": 2}


class StaleCookie(SCTPCause):
    """Stale cookie (RFC 9260, 3.3.10.3)."""

    name = "sctp.cause.stale_cookie"
    prefix = "sctp"
    cause_measure_of_staleness = Uint(32, "how much too old the cookie is, microseconds")

    follows = {"sctp.cause_code": 3}


class CauseWithParameters(SCTPCause):
    """Unresolvable address, unrecognized parameters, and causes that tell addresses (RFC 9260, 3.3.10)."""

    name = "sctp.cause.parameters"
    prefix = "sctp"
    parameters = Options(SCTPParameter, "parameters")

    follows = {"sctp.cause_code": (5, 8, 11, 0xA0, 0xA1, 0xA2, 0xA4)}


class NoUserData(SCTPCause):
    """No user data (RFC 9260, 3.3.10.9)."""

    name = "sctp.cause.no_user_data"
    prefix = "sctp"
    cause_tsn = Uint(32, "TSN of the empty chunk")

    follows = {"sctp.cause_code": 9}


class UnsupportedHMAC(SCTPCause):
    """Unsupported HMAC identifier (RFC 4895, 4)."""

    name = "sctp.cause.unsupported_hmac"
    prefix = "sctp"
    hmac_id = Uint(16, "HMAC that is not supported", names=HMACS)

    follows = {"sctp.cause_code": 0x105}
