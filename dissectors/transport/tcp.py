"""Transmission Control Protocol: the header.  Its options are in tcp_options.py and mptcp.py."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from dissectors import layout
from dissectors.checksum import status_field, transport_status
from dissectors.fields import Bytes, Derived, Either, Flag, Noted, Options, Presence, Remaining, Text, Time, Uint
from dissectors.header import Header, by_port
from dissectors.transport.tcp_options import TCPOption
from dissectors.words import Piece, said

# The flags as Wireshark draws them, from the most significant bit on, and as it names them, from the least.
_LETTERS = "RRRACEUAPRSF"
_NAMES = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE", "Reserved", "Reserved", "Reserved")

_AE = Flag("accurate ECN; once NS, nonce sum")
_ECE = Flag("ECN echo")


def _letters(layer: TCP) -> str | None:
    """A letter for each flag that is set, a dot for each that is not."""
    if layer.flags is None:
        return None
    return "".join(letter if layer.flags >> 11 - i & 1 else "·" for i, letter in enumerate(_LETTERS))


def _noted(layer: TCP, name: str) -> tuple[int, ...] | None:
    """What was noted on a segment that completes messages; nothing on others, nor where nobody put them together."""
    notes = layer.captured.notes
    return notes.get(name) if notes is not None else None


# What the line of a segment says, as templates: of one whose header is cut, of others, of those whose length is right.
_ENDS = "{srcport} → {dstport}"
_SEGMENT: tuple[Piece, ...] = (
    (_ENDS + " [{flag_names}] Seq={seq}", 0),
    (" Ack={ack}", 0x10),
    (" Win={window_size}", 0),
    (" Urg={urgent_pointer}", 0x20),
)
_WHOLE: tuple[Piece, ...] = (*_SEGMENT, (" Len={len}", 0))


_ANALYSED = {
    "tcp.analysis.reused_ports": "Port numbers reused",
    "tcp.analysis.fast_retransmission": "Fast Retransmission",
    "tcp.analysis.spurious_retransmission": "Spurious Retransmission",
    "tcp.analysis.retransmission": "Retransmission",
    "tcp.analysis.out_of_order": "Out-Of-Order",
    "tcp.analysis.lost_segment": "Previous segment not captured",
    "tcp.analysis.ack_lost_segment": "ACKed unseen segment",
    "tcp.analysis.zero_window_probe": "ZeroWindowProbe",
    "tcp.analysis.zero_window_probe_ack": "ZeroWindowProbeAck",
    "tcp.analysis.zero_window": "ZeroWindow",
    "tcp.analysis.keep_alive": "Keep-Alive",
    "tcp.analysis.keep_alive_ack": "Keep-Alive ACK",
    "tcp.analysis.window_update": "Window Update",
    "tcp.analysis.window_full": "Window Full",
}
_KINDS_OF_RETRANSMISSION = ("tcp.analysis.fast_retransmission", "tcp.analysis.spurious_retransmission")


def analysis_words(notes: Mapping[str, int]) -> str:
    """What the segments before tell of one, as Wireshark says it: "[TCP Retransmission] "; nothing if all is well."""
    told = [words for name, words in _ANALYSED.items() if name in notes]
    if any(name in notes for name in _KINDS_OF_RETRANSMISSION):
        told.remove("Retransmission")
    duplicate = ""
    if "tcp.analysis.duplicate_ack_num" in notes:
        duplicate = duplicate_words(notes["tcp.analysis.duplicate_ack_frame"], notes["tcp.analysis.duplicate_ack_num"])
    return "".join(f"[TCP {words}] " for words in told) + duplicate


def duplicate_words(frame: int, number: int) -> str:
    """What the line of a duplicate acknowledgement begins with: of which it is the how many."""
    return f"[TCP Dup ACK {frame}#{number}] "


@cache
def flag_names(flags: int) -> str:
    """The names of the flags that are set."""
    names = dict.fromkeys(name for i, name in enumerate(_NAMES) if flags >> i & 1)
    return ", ".join(names) or "<None>"


class TCP(Header):
    """Transmission Control Protocol (RFC 9293, 3.1)."""

    name = "tcp"
    label = "TCP"
    srcport = Uint(16, "source port")
    dstport = Uint(16, "destination port")
    seq_raw = Uint(32, "sequence number of the first octet")
    ack_raw = Uint(32, "next sequence number that the sender of this segment expects")
    hdr_len = Uint(4, "header, octets", unit=4)
    flags = Uint(
        12,
        "control bits",
        shown=hex,
        parts={
            "res": Flag("reserved", bits=3),
            "ae": _AE,
            "cwr": Flag("congestion window reduced"),
            "ece": _ECE,
            "urg": Flag("urgent pointer counts"),
            "ack": Flag("acknowledgement number counts"),
            "push": Flag("push"),
            "reset": Flag("reset"),
            "syn": Flag("synchronise sequence numbers"),
            "fin": Flag("no more data"),
        },
    )
    window_size_value = Uint(16, "receive window, before scaling")
    checksum = Uint(16, "of header, data and pseudo header", shown=hex)
    urgent_pointer = Uint(16, "where urgent data ends, from the sequence number on")
    options = Options(TCPOption)

    port = Either(srcport, dstport)
    ns = Either(_AE, name="tcp.flags.ns")
    ecn = Either(_ECE, name="tcp.flags.ecn")
    flags_str = Derived(Text("control bits, a letter each", name="tcp.flags.str"), _letters)
    checksum_status = status_field(lambda layer: transport_status(layer, 6), name="tcp.checksum.status")
    len = Derived(Uint(32, "data, octets"), Remaining(hdr_len))
    stream = Noted(Uint(32, "connection, as numbered in the capture"))
    seq = Noted(Uint(32, "sequence number, counted from the SYN"))
    ack = Noted(Uint(32, "acknowledgement number, counted from the SYN"))
    window_size = Noted(Uint(32, "receive window, octets"))
    nxtseq = Noted(Uint(32, "sequence number behind the segment, counted from the SYN"))
    completeness = Noted(
        Uint(8, "parts of a whole connection seen so far: SYN 1, SYN/ACK 2, ACK 4, data 8, FIN 16, RST 32")
    )
    time_relative = Noted(Time("since the first segment of the connection, seconds", relative=True))
    time_delta = Noted(Time("since the segment of the connection before, seconds", relative=True))
    analysis = Noted(Presence("what the segments before tell of this one"))
    analysis_flags = Noted(Presence("something out of the ordinary", name="tcp.analysis.flags"))
    analysis_retransmission = Noted(Presence("sent again", name="tcp.analysis.retransmission"))
    analysis_fast_retransmission = Noted(
        Presence("sent again as duplicate acknowledgements asked for it", name="tcp.analysis.fast_retransmission")
    )
    analysis_spurious_retransmission = Noted(
        Presence("sent again though it was acknowledged", name="tcp.analysis.spurious_retransmission")
    )
    analysis_out_of_order = Noted(Presence("overtaken by a later one", name="tcp.analysis.out_of_order"))
    analysis_lost_segment = Noted(Presence("one before it was not captured", name="tcp.analysis.lost_segment"))
    analysis_ack_lost_segment = Noted(
        Presence("acknowledges what was not captured", name="tcp.analysis.ack_lost_segment")
    )
    analysis_duplicate_ack = Noted(
        Presence("acknowledges once more what the one before did", name="tcp.analysis.duplicate_ack")
    )
    analysis_keep_alive = Noted(Presence("asks whether the other side is there", name="tcp.analysis.keep_alive"))
    analysis_keep_alive_ack = Noted(Presence("answers a keep-alive", name="tcp.analysis.keep_alive_ack"))
    analysis_window_update = Noted(Presence("tells nothing but another window", name="tcp.analysis.window_update"))
    analysis_window_full = Noted(Presence("fills the window of the other side", name="tcp.analysis.window_full"))
    analysis_zero_window = Noted(Presence("takes no more data", name="tcp.analysis.zero_window"))
    analysis_zero_window_probe = Noted(
        Presence("asks whether the window is open again", name="tcp.analysis.zero_window_probe")
    )
    analysis_zero_window_probe_ack = Noted(
        Presence("answers a probe: it is not", name="tcp.analysis.zero_window_probe_ack")
    )
    analysis_reused_ports = Noted(
        Presence("opens another connection between the same sockets", name="tcp.analysis.reused_ports")
    )
    analysis_tfo_syn = Noted(Presence("a SYN with a fast open cookie", name="tcp.analysis.tfo_syn"))
    analysis_tfo_ack = Noted(Presence("takes the data of the SYN", name="tcp.analysis.tfo_ack"))
    analysis_tfo_ignored = Noted(Presence("does not take the data of the SYN", name="tcp.analysis.tfo_ignored"))
    analysis_acks_frame = Noted(Uint(32, "packet whose segment this acknowledges", name="tcp.analysis.acks_frame"))
    analysis_ack_rtt = Noted(Time("from that segment to this, seconds", relative=True, name="tcp.analysis.ack_rtt"))
    analysis_rto = Noted(Time("since it was sent before, seconds", relative=True, name="tcp.analysis.rto"))
    analysis_rto_frame = Noted(Uint(32, "packet in which it was sent before", name="tcp.analysis.rto_frame"))
    analysis_duplicate_ack_num = Noted(
        Uint(32, "how many duplicates there were, with this", name="tcp.analysis.duplicate_ack_num")
    )
    analysis_duplicate_ack_frame = Noted(
        Uint(32, "packet of which it is a duplicate", name="tcp.analysis.duplicate_ack_frame")
    )
    analysis_bytes_in_flight = Noted(
        Uint(32, "sent and not acknowledged yet, octets", name="tcp.analysis.bytes_in_flight")
    )
    analysis_push_bytes_sent = Noted(Uint(32, "sent since the last push, octets", name="tcp.analysis.push_bytes_sent"))
    analysis_initial_rtt = Noted(
        Time("from SYN to the third segment, seconds", relative=True, name="tcp.analysis.initial_rtt")
    )
    payload_ = Derived(Bytes(None, "data"), lambda layer: layer.payload or None)
    segment = Derived(
        Uint(32, "packet with octets of the message that ends here"),
        lambda layer: _noted(layer, "tcp.segment"),
    )
    segment_count = Derived(
        Uint(32, "packets with octets of the message", name="tcp.segment.count"),
        lambda layer: _noted(layer, "tcp.segment.count"),
    )
    reassembled_length = Derived(
        Uint(32, "octets of the message", name="tcp.reassembled.length"),
        lambda layer: _noted(layer, "tcp.reassembled.length"),
    )

    words = _WHOLE
    """What is said of a whole segment, with the flags that each piece takes; the words of the options follow."""

    header_length = hdr_len
    follows = {"ip.proto": 6}
    next = by_port(srcport, dstport)

    def info(self) -> str | None:
        destination = self.dstport
        if destination is None:
            return None
        status = self.status
        if status & layout.PARTIAL:
            return _ENDS.format(srcport=self.srcport, dstport=destination)
        flags = self.flags
        notes = self.captured.notes or {}
        right = not status & (layout.BAD_LENGTH | layout.SHORT)
        told = said(self.words if right else _SEGMENT, flags).format(
            srcport=self.srcport,
            dstport=destination,
            flag_names=flag_names(flags),
            seq=notes.get("tcp.seq", self.seq_raw),
            ack=notes.get("tcp.ack", self.ack_raw),
            window_size=notes.get("tcp.window_size", self.window_size_value),
            urgent_pointer=self.urgent_pointer,
            len=self.len,
        )
        if right:
            for option in self.options:
                if not option.status & ~layout.QUOTED and (more := option.info()):
                    told += f" {more}"
        return analysis_words(notes) + told if "tcp.analysis" in notes else told
