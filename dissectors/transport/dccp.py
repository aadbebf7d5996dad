"""Datagram Congestion Control Protocol: the header.  Its options are in dccp_options.py."""
from __future__ import annotations

from dissectors.checksum import UNVERIFIED, status_field, transport_status
from dissectors.fields import Bytes, Derived, Either, Flag, Options, Uint
from dissectors.header import Header, by_port
from dissectors.transport.dccp_options import DCCPOption

TYPES = {
    0: "Request",
    1: "Response",
    2: "Data",
    3: "Ack",
    4: "DataAck",
    5: "CloseReq",
    6: "Close",
    7: "Reset",
    8: "Sync",
    9: "SyncAck",
}

RESET_CODES = {
    0: "unspecified",
    1: "closed",
    2: "aborted",
    3: "no connection",
    4: "packet error",
    5: "option error",
    6: "mandatory error",
    7: "connection refused",
    8: "bad service code",
    9: "too busy",
    10: "bad init cookie",
    11: "aggression penalty",
}

_TYPE = Uint(4, "type of packet", names=TYPES)
_LONG = Flag("sequence numbers have 48 bits, else 24")
_ACKNOWLEDGES = _TYPE.among(1, 3, 4, 5, 6, 7, 8, 9)


def _checksum_status(layer: DCCP) -> int:
    """All of the data is covered, or as many words of four octets as the coverage says, less one (RFC 4340, 9.2)."""
    if not layer.whole:
        return UNVERIFIED
    covered = (layer.data_offset + layer.cscov - 1) * 4 if layer.cscov else None
    return transport_status(layer, 33, covered)


class DCCP(Header):
    """Datagram Congestion Control Protocol (RFC 4340, 5.1)."""

    name = "dccp"
    label = "DCCP"
    srcport = Uint(16, "source port")
    dstport = Uint(16, "destination port")
    data_offset = Uint(8, "header, words of four octets")
    ccval = Uint(4, "for the congestion control of the sender")
    cscov = Uint(4, "how much of the data the checksum covers: 0 for all, else words and 1")
    checksum = Uint(16, "of what is covered and the pseudo header", shown=hex)
    res1 = Uint(3, "reserved, must be 0", shown=hex)
    type = _TYPE
    x = _LONG
    seq_24 = Uint(24, "sequence number", name="dccp.seq_raw", when=_LONG.equals(0))
    res2 = Uint(8, "reserved, must be 0", shown=hex, when=_LONG)
    seq_48 = Uint(48, "sequence number", name="dccp.seq_raw", when=_LONG)
    ack_res_8 = Uint(8, "reserved, must be 0", shown=hex, name="dccp.ack_res", when=_ACKNOWLEDGES & _LONG.equals(0))
    ack_24 = Uint(24, "greatest sequence number received", name="dccp.ack_raw", when=_ACKNOWLEDGES & _LONG.equals(0))
    ack_res_16 = Uint(16, "reserved, must be 0", shown=hex, name="dccp.ack_res", when=_ACKNOWLEDGES & _LONG.equals(1))
    ack_48 = Uint(48, "greatest sequence number received", name="dccp.ack_raw", when=_ACKNOWLEDGES & _LONG.equals(1))
    service_code = Uint(32, "the service wanted", when=_TYPE.among(0, 1))
    reset_code = Uint(8, "why", names=RESET_CODES, when=_TYPE.equals(7))
    data1 = Uint(8, "more of why", when=_TYPE.equals(7))
    data2 = Uint(8, "more of why", when=_TYPE.equals(7))
    data3 = Uint(8, "more of why", when=_TYPE.equals(7))
    options = Options(DCCPOption)

    port = Either(srcport, dstport)
    checksum_status = status_field(_checksum_status, name="dccp.checksum.status")
    payload_ = Derived(Bytes(None, "data"), lambda layer: layer.payload or None)

    header_length = data_offset * 4
    follows = {"ip.proto": 33}
    next = by_port(srcport, dstport)

    def info(self) -> str | None:
        if self.dstport is None:
            return None
        words = [f"{self.srcport} → {self.dstport}"]
        if self.whole:
            words.append(f"[{TYPES.get(self.type, 'reserved')}]")
            for text, value in (
                ("Seq={}", self.get("dccp.seq_raw")),
                ("(Ack={})", self.get("dccp.ack_raw")),
                ("(service={})", self.service_code),
                ("(code={})", RESET_CODES.get(self.reset_code, self.reset_code)),
            ):
                if value is not None:
                    words.append(text.format(value))
        return " ".join(words)
