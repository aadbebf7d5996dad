"""Transmission Control Protocol."""
from __future__ import annotations

from dissectors.checksum import status_field, transport_status
from dissectors.fields import Derived, Either, Flag, Options, Presence, Repeat, Uint
from dissectors.header import Header, Option, by, by_port


class TCPOption(Option):
    """TCP option (RFC 9293, 3.1)."""

    name = "tcp.options"
    kind = Uint(8, "kind", name="tcp.option_kind")
    len = Uint(8, "octets of the option", name="tcp.option_len")

    members = by(kind)
    end = len
    single = (0, 1)
    last = (0,)


class MaximumSegmentSize(TCPOption):
    """Maximum segment size (RFC 9293, 3.7.1)."""

    name = "tcp.options.mss"
    prefix = "tcp.options"
    mss_val = Uint(16, "the largest segment that the sender takes, octets")
    follows = {"tcp.option_kind": 2}


class SACK(TCPOption):
    """Selective acknowledgement (RFC 2018, 3)."""

    name = "tcp.options.sack"
    prefix = "tcp.options"
    blocks = Repeat("block", sack_le=Uint(32, "left edge"), sack_re=Uint(32, "right edge"))
    follows = {"tcp.option_kind": 5}


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
            "res": Uint(3, "reserved"),
            "ae": Flag("accurate ECN"),
            "cwr": Flag("congestion window reduced"),
            "ece": Flag("ECN echo"),
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
    urgent_pointer = Uint(16, "where urgent data ends")
    options = Options(TCPOption)
    port = Either(srcport, dstport)
    len = Derived(Uint(32, "data, octets"), lambda layer: layer.payload_length if layer.whole else None)
    checksum_status = status_field(lambda layer: transport_status(layer, 6), name="tcp.checksum.status")

    header_length = hdr_len
    follows = {"ip.proto": 6}
    next = by_port(srcport, dstport)
