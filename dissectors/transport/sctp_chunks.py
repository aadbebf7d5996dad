"""Chunks of SCTP, by type (RFC 9260, 3.3; numbers assigned by IANA, sctp-parameters)."""
from __future__ import annotations

from dissectors.fields import Bytes, Either, Flag, Options, Repeat, Uint
from dissectors.header import Option, by
from dissectors.transport.sctp_parameters import CHUNKS, HMACS, SCTPCause, SCTPParameter

PAYLOAD_PROTOCOLS = {
    1: "IUA",
    2: "M2UA",
    3: "M3UA",
    4: "SUA",
    5: "M2PA",
    18: "S1AP",
    21: "ForCES high priority",
    22: "ForCES medium priority",
    23: "ForCES low priority",
    27: "X2AP",
    46: "Diameter",
    47: "Diameter over DTLS",
    50: "WebRTC DCEP",
    51: "WebRTC string",
    53: "WebRTC binary",
    56: "WebRTC string, empty",
    57: "WebRTC binary, empty",
    60: "NGAP",
    61: "XnAP",
    62: "F1AP",
    64: "E1AP",
}


class SCTPChunk(Option):
    """SCTP chunk (RFC 9260, 3.2)."""

    name = "sctp.chunk"
    label = "SCTP chunk"
    chunk_type = Uint(8, "type", names=CHUNKS, name="sctp.chunk_type")
    chunk_flags = Uint(8, "flags", shown=hex, name="sctp.chunk_flags")
    chunk_length = Uint(16, "octets of the chunk", name="sctp.chunk_length")

    members = by(chunk_type, default="sctp.chunk.unknown")
    end = chunk_length
    align = 4

    def info(self) -> str | None:
        return CHUNKS.get(self.chunk_type, f"chunk {self.chunk_type}")


def _flags(**parts: Uint) -> Uint:
    """The flags of a chunk that has some, most significant first."""
    return Uint(8, "flags", shown=hex, name="sctp.chunk_flags", parts=parts)


class UnknownChunk(SCTPChunk):
    """Unknown chunk (RFC 9260, 3.2)."""

    name = "sctp.chunk.unknown"
    prefix = "sctp"
    chunk_value = Bytes(None, "value", when=SCTPChunk.declaration.fields["chunk_length"].differs(4))


def _data_flags() -> Uint:
    return _flags(
        reserved=Uint(4, "reserved, must be 0", shown=hex),
        data_i_bit=Flag("to be acknowledged at once", name="sctp.data_i_bit"),
        data_u_bit=Flag("unordered", name="sctp.data_u_bit"),
        data_b_bit=Flag("first fragment of a message", name="sctp.data_b_bit"),
        data_e_bit=Flag("last fragment of a message", name="sctp.data_e_bit"),
    )


class Data(SCTPChunk):
    """DATA (RFC 9260, 3.3.1)."""

    name = "sctp.chunk.data"
    prefix = "sctp"
    chunk_flags = _data_flags()
    data_tsn_raw = Uint(32, "transmission sequence number")
    data_sid = Uint(16, "stream", shown=hex)
    data_ssn = Uint(16, "stream sequence number")
    data_payload_proto_id = Uint(32, "payload protocol", names=PAYLOAD_PROTOCOLS)
    data = Bytes(None, "user data")

    follows = {"sctp.chunk_type": 0}

    def info(self) -> str | None:
        return f"DATA (TSN={self.data_tsn_raw})"


class Init(SCTPChunk):
    """INIT (RFC 9260, 3.3.2)."""

    name = "sctp.chunk.init"
    prefix = "sctp"
    init_initiate_tag = Uint(32, "verification tag that the other side is to use", shown=hex)
    init_credit = Uint(32, "advertised receiver window, octets")
    init_nr_out_streams = Uint(16, "outbound streams")
    init_nr_in_streams = Uint(16, "most inbound streams")
    init_initial_tsn = Uint(32, "first transmission sequence number")
    parameters = Options(SCTPParameter, "parameters")
    initiate_tag = Either(init_initiate_tag)

    follows = {"sctp.chunk_type": 1}


class InitAck(SCTPChunk):
    """INIT_ACK (RFC 9260, 3.3.3)."""

    name = "sctp.chunk.init_ack"
    prefix = "sctp"
    initack_initiate_tag = Uint(32, "verification tag that the other side is to use", shown=hex)
    initack_credit = Uint(32, "advertised receiver window, octets")
    initack_nr_out_streams = Uint(16, "outbound streams")
    initack_nr_in_streams = Uint(16, "most inbound streams")
    initack_initial_tsn = Uint(32, "first transmission sequence number")
    parameters = Options(SCTPParameter, "parameters")
    initiate_tag = Either(initack_initiate_tag)

    follows = {"sctp.chunk_type": 2}


class SACK(SCTPChunk):
    """SACK (RFC 9260, 3.3.4)."""

    name = "sctp.chunk.sack"
    prefix = "sctp"
    chunk_flags = _flags(
        reserved=Uint(7, "reserved, must be 0", shown=hex),
        nonce=Uint(1, "nonce sum", name="sctp.sack_nounce_sum"),
    )
    sack_cumulative_tsn_ack_raw = Uint(32, "all up to this TSN arrived")
    sack_a_rwnd = Uint(32, "advertised receiver window, octets")
    sack_number_of_gap_blocks = Uint(16, "gap ack blocks")
    sack_number_of_duplicated_tsns = Uint(16, "duplicate TSNs")
    gaps = Repeat(
        "gap ack block",
        count=sack_number_of_gap_blocks,
        sack_gap_block_start=Uint(16, "first TSN that arrived, from the cumulative one on"),
        sack_gap_block_end=Uint(16, "last TSN that arrived, from the cumulative one on"),
    )
    duplicates = Repeat(
        "duplicate", count=sack_number_of_duplicated_tsns, sack_duplicate_tsn=Uint(32, "TSN that arrived again")
    )

    follows = {"sctp.chunk_type": 3}

    def info(self) -> str | None:
        return f"SACK (Ack={self.sack_cumulative_tsn_ack_raw}, Arwnd={self.sack_a_rwnd})"


class Heartbeat(SCTPChunk):
    """HEARTBEAT (RFC 9260, 3.3.5)."""

    name = "sctp.chunk.heartbeat"
    prefix = "sctp"
    parameters = Options(SCTPParameter, "parameters")

    follows = {"sctp.chunk_type": 4}


class HeartbeatAck(SCTPChunk):
    """HEARTBEAT_ACK (RFC 9260, 3.3.6)."""

    name = "sctp.chunk.heartbeat_ack"
    prefix = "sctp"
    parameters = Options(SCTPParameter, "parameters")

    follows = {"sctp.chunk_type": 5}


class Abort(SCTPChunk):
    """ABORT (RFC 9260, 3.3.7)."""

    name = "sctp.chunk.abort"
    prefix = "sctp"
    chunk_flags = _flags(
        reserved=Uint(7, "reserved, must be 0", shown=hex),
        abort_t_bit=Flag("verification tag is the sender's", name="sctp.abort_t_bit"),
    )
    causes = Options(SCTPCause, "causes")

    follows = {"sctp.chunk_type": 6}


class Shutdown(SCTPChunk):
    """SHUTDOWN (RFC 9260, 3.3.8)."""

    name = "sctp.chunk.shutdown"
    prefix = "sctp"
    shutdown_cumulative_tsn_ack = Uint(32, "all up to this TSN arrived")

    follows = {"sctp.chunk_type": 7}


class ShutdownAck(SCTPChunk):
    """SHUTDOWN_ACK (RFC 9260, 3.3.9)."""

    name = "sctp.chunk.shutdown_ack"

    follows = {"sctp.chunk_type": 8}


class Error(SCTPChunk):
    """ERROR (RFC 9260, 3.3.10)."""

    name = "sctp.chunk.error"
    prefix = "sctp"
    causes = Options(SCTPCause, "causes")

    follows = {"sctp.chunk_type": 9}


class CookieEcho(SCTPChunk):
    """COOKIE_ECHO (RFC 9260, 3.3.11)."""

    name = "sctp.chunk.cookie_echo"
    prefix = "sctp"
    cookie = Bytes(None, "the state cookie that the other side sent")

    follows = {"sctp.chunk_type": 10}


class CookieAck(SCTPChunk):
    """COOKIE_ACK (RFC 9260, 3.3.12)."""

    name = "sctp.chunk.cookie_ack"

    follows = {"sctp.chunk_type": 11}


class ECNE(SCTPChunk):
    """ECNE (RFC 9260, appendix B)."""

    name = "sctp.chunk.ecne"
    prefix = "sctp"
    ecne_lowest_tsn = Uint(32, "ECN echo: lowest TSN in a packet that met congestion")

    follows = {"sctp.chunk_type": 12}


class CWR(SCTPChunk):
    """CWR (RFC 9260, appendix B)."""

    name = "sctp.chunk.cwr"
    prefix = "sctp"
    cwr_lowest_tsn = Uint(32, "congestion window reduced: lowest TSN of the ECN echo")

    follows = {"sctp.chunk_type": 13}


class ShutdownComplete(SCTPChunk):
    """SHUTDOWN_COMPLETE (RFC 9260, 3.3.13)."""

    name = "sctp.chunk.shutdown_complete"
    prefix = "sctp"
    chunk_flags = _flags(
        reserved=Uint(7, "reserved, must be 0", shown=hex),
        shutdown_complete_t_bit=Flag("verification tag is the sender's", name="sctp.shutdown_complete_t_bit"),
    )

    follows = {"sctp.chunk_type": 14}


class Auth(SCTPChunk):
    """AUTH (RFC 4895, 4.1)."""

    name = "sctp.chunk.auth"
    prefix = "sctp"
    shared_key_id = Uint(16, "shared key")
    hmac_id = Uint(16, "HMAC", names=HMACS)
    hmac = Bytes(None, "message authentication code")

    follows = {"sctp.chunk_type": 15}


class NonRenegableSACK(SCTPChunk):
    """NR_SACK (draft-natarajan-tsvwg-sctp-nrsack)."""

    name = "sctp.chunk.nr_sack"
    prefix = "sctp"
    chunk_flags = _flags(
        reserved=Uint(7, "reserved, must be 0", shown=hex),
        nonce=Uint(1, "nonce sum", name="sctp.nr_sack_nounce_sum"),
    )
    nr_sack_cumulative_tsn_ack = Uint(32, "all up to this TSN arrived")
    nr_sack_a_rwnd = Uint(32, "advertised receiver window, octets")
    nr_sack_number_of_gap_blocks = Uint(16, "gap ack blocks")
    nr_sack_number_of_nr_gap_blocks = Uint(16, "gap ack blocks that will not be taken back")
    nr_sack_number_of_duplicated_tsns = Uint(16, "duplicate TSNs")
    nr_sack_reserved = Uint(16, "reserved, must be 0", shown=hex)
    gaps = Repeat(
        "gap ack block",
        count=nr_sack_number_of_gap_blocks,
        nr_sack_gap_block_start=Uint(16, "first TSN that arrived, from the cumulative one on"),
        nr_sack_gap_block_end=Uint(16, "last TSN that arrived, from the cumulative one on"),
    )
    firm_gaps = Repeat(
        "gap ack block that will not be taken back",
        count=nr_sack_number_of_nr_gap_blocks,
        nr_sack_nr_gap_block_start=Uint(16, "first TSN that arrived, from the cumulative one on"),
        nr_sack_nr_gap_block_end=Uint(16, "last TSN that arrived, from the cumulative one on"),
    )
    duplicates = Repeat(
        "duplicate", count=nr_sack_number_of_duplicated_tsns, nr_sack_duplicate_tsn=Uint(32, "TSN that arrived again")
    )

    follows = {"sctp.chunk_type": 16}


_INTERLEAVED = _data_flags()
_FIRST = _INTERLEAVED.parts["data_b_bit"]


class InterleavedData(SCTPChunk):
    """I_DATA (RFC 8260, 2.1)."""

    name = "sctp.chunk.i_data"
    prefix = "sctp"
    chunk_flags = _INTERLEAVED
    data_tsn_raw = Uint(32, "transmission sequence number")
    data_sid = Uint(16, "stream", shown=hex)
    data_reserved = Uint(16, "reserved, must be 0")
    data_mid = Uint(32, "message identifier")
    data_payload_proto_id = Uint(32, "payload protocol", names=PAYLOAD_PROTOCOLS, when=_FIRST.equals(1))
    data_fsn = Uint(32, "fragment sequence number", when=_FIRST.equals(0))
    data = Bytes(None, "user data")

    follows = {"sctp.chunk_type": 64}

    def info(self) -> str | None:
        return f"I_DATA (TSN={self.data_tsn_raw})"


class AddressConfigurationAck(SCTPChunk):
    """ASCONF_ACK (RFC 5061, 4.1.2)."""

    name = "sctp.chunk.asconf_ack"
    prefix = "sctp"
    asconf_ack_seq_nr_number = Uint(32, "number of the ASCONF that is answered", shown=hex)
    parameters = Options(SCTPParameter, "parameters")

    follows = {"sctp.chunk_type": 128}


class PacketDrop(SCTPChunk):
    """PKTDROP (draft-stewart-sctp-pktdrprep)."""

    name = "sctp.chunk.pktdrop"
    prefix = "sctp"
    chunk_flags = _flags(
        reserved=Uint(5, "reserved, must be 0", shown=hex),
        pckdrop_m_bit=Flag("dropped by a middlebox", name="sctp.pckdrop_m_bit"),
        pckdrop_b_bit=Flag("dropped for a bad checksum", name="sctp.pckdrop_b_bit"),
        pckdrop_t_bit=Flag("the copy is cut short", name="sctp.pckdrop_t_bit"),
    )
    pktdrop_bandwidth = Uint(32, "bandwidth of the link, octets a second")
    pktdrop_queuesize = Uint(32, "octets in the queue")
    pktdrop_truncated_length = Uint(16, "how long the packet was, where it is cut short, octets")
    pktdrop_reserved = Uint(16, "reserved, must be 0")
    pktdrop_datafield = Bytes(None, "the packet")

    follows = {"sctp.chunk_type": 129}


class Reconfiguration(SCTPChunk):
    """RE_CONFIG (RFC 6525, 3.1)."""

    name = "sctp.chunk.re_config"
    prefix = "sctp"
    parameters = Options(SCTPParameter, "parameters")

    follows = {"sctp.chunk_type": 130}


class Pad(SCTPChunk):
    """PAD (RFC 4820, 3)."""

    name = "sctp.chunk.pad"
    prefix = "sctp"
    padding_data = Bytes(None, "padding")

    follows = {"sctp.chunk_type": 132}


class ForwardTSN(SCTPChunk):
    """FORWARD_TSN (RFC 3758, 3.2)."""

    name = "sctp.chunk.forward_tsn"
    prefix = "sctp"
    forward_tsn_tsn = Uint(32, "new cumulative TSN")
    streams = Repeat(
        "stream",
        forward_tsn_sid=Uint(16, "stream"),
        forward_tsn_ssn=Uint(16, "the last stream sequence number to be skipped"),
    )

    follows = {"sctp.chunk_type": 192}


class AddressConfiguration(SCTPChunk):
    """ASCONF (RFC 5061, 4.1.1)."""

    name = "sctp.chunk.asconf"
    prefix = "sctp"
    asconf_seq_nr_number = Uint(32, "number of this ASCONF", shown=hex)
    parameters = Options(SCTPParameter, "an address of the sender, and parameters")

    follows = {"sctp.chunk_type": 193}


class InterleavedForwardTSN(SCTPChunk):
    """I_FORWARD_TSN (RFC 8260, 2.3)."""

    name = "sctp.chunk.i_forward_tsn"
    prefix = "sctp"
    i_forward_tsn_tsn = Uint(32, "new cumulative TSN")
    streams = Repeat(
        "stream",
        i_forward_tsn_sid=Uint(16, "stream"),
        i_forward_tsn_flags=Uint(
            16,
            "flags",
            shown=hex,
            parts={
                "res": Uint(15, "reserved, must be 0", name="sctp.i_forward_tsn_res"),
                "u_bit": Flag("unordered", name="sctp.i_forward_tsn_u_bit"),
            },
        ),
        forward_tsn_mid=Uint(32, "the last message identifier to be skipped"),
    )

    follows = {"sctp.chunk_type": 194}


class UnrecognizedChunkType(SCTPCause):
    """Unrecognized chunk type (RFC 9260, 3.3.10.6)."""

    name = "sctp.cause.unrecognized_chunk"
    prefix = "sctp"
    chunk = Options(SCTPChunk, "the chunk")

    follows = {"sctp.cause_code": 6}
