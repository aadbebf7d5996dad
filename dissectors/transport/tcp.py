"""Transmission Control Protocol: the header.  Its options are in tcp_options.py and mptcp.py."""
from __future__ import annotations

from functools import cache

from dissectors import layout
from dissectors.checksum import status_field, transport_status
from dissectors.fields import Bytes, Derived, Either, Flag, Noted, Options, Remaining, Text, Uint
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


# What the line of a segment says, as templates: of one whose header is cut, of others, of those whose length is right.
_ENDS = "{srcport} → {dstport}"
_SEGMENT: tuple[Piece, ...] = (
    (_ENDS + " [{flag_names}] Seq={seq}", 0),
    (" Ack={ack}", 0x10),
    (" Win={window_size}", 0),
    (" Urg={urgent_pointer}", 0x20),
)
_WHOLE: tuple[Piece, ...] = (*_SEGMENT, (" Len={len}", 0))


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
    payload_ = Derived(Bytes(None, "data"), lambda layer: layer.payload or None)

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
        return told
