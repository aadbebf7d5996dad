"""Options of the TCP header, by kind (RFC 9293, 3.1; numbers assigned by IANA, tcp-parameters).

Those of Multipath TCP have a file of their own, mptcp.py.
"""
from __future__ import annotations

from typing import Any, ClassVar

from dissectors.fields import Bytes, Derived, Field, Flag, Presence, Repeat, Uint
from dissectors.header import Header, Option, by
from dissectors.words import filled

KINDS = {
    0: "end of options",
    1: "no operation",
    2: "maximum segment size",
    3: "window scale",
    4: "SACK permitted",
    5: "SACK",
    6: "echo",
    7: "echo reply",
    8: "timestamps",
    9: "partial order connection permitted",
    10: "partial order service profile",
    11: "CC",
    12: "CC.NEW",
    13: "CC.ECHO",
    14: "alternate checksum request",
    15: "alternate checksum data",
    16: "Skeeter",
    17: "Bubba",
    18: "trailer checksum",
    19: "MD5 signature",
    20: "SCPS capabilities",
    21: "selective negative acknowledgement",
    22: "record boundaries",
    23: "corruption experienced",
    24: "SNAP",
    26: "compression filter",
    27: "Quick-Start response",
    28: "user timeout",
    29: "TCP authentication",
    30: "Multipath TCP",
    34: "fast open cookie",
    69: "encryption negotiation",
    172: "accurate ECN order 0",
    174: "accurate ECN order 1",
    253: "experiment 1",
    254: "experiment 2",
}

EXPERIMENTS = {
    0x454E: "encryption negotiation",
    0xACC0: "accurate ECN order 0",
    0xACC1: "accurate ECN order 1",
    0xE2D4: "shared memory communications",
    0xF989: "fast open cookie",
}


class TCPOption(Option):
    """TCP option (RFC 9293, 3.1)."""

    name = "tcp.options"
    label = "TCP option"
    kind = Uint(8, "kind", names=KINDS, name="tcp.option_kind")
    len = Uint(8, "octets of the option", name="tcp.option_len")

    members = by(kind, default="tcp.options.unknown")
    end = len
    single = (0, 1)
    last = (0,)
    strict = True
    words: ClassVar[str] = ""
    """A template of what the option says in the line of its segment; nothing but its own octets has a say in that."""

    def info(self) -> str | None:
        return filled(self.words, self) or None


_LEN: Field = TCPOption.declaration.fields["len"]


class UnknownOption(TCPOption):
    """Other TCP option (RFC 9293, 3.1)."""

    name = "tcp.options.unknown"
    payload_ = Bytes(None, "what it says", when=_LEN.differs(2))


class EndOfOptions(TCPOption):
    """End of options (RFC 9293, 3.1)."""

    name = "tcp.options.eol"

    follows = {"tcp.option_kind": 0}


class NoOperation(TCPOption):
    """No operation (RFC 9293, 3.1)."""

    name = "tcp.options.nop"

    follows = {"tcp.option_kind": 1}


class MaximumSegmentSize(TCPOption):
    """Maximum segment size (RFC 9293, 3.7.1)."""

    name = "tcp.options.mss"
    prefix = "tcp.options"
    mss_val = Uint(16, "the most data that the sender takes in a segment, octets")

    words = "MSS={mss_val}"
    follows = {"tcp.option_kind": 2}


class WindowScale(TCPOption):
    """Window scale (RFC 7323, 2.2)."""

    name = "tcp.options.wscale"
    shift = Uint(8, "how far the sender's windows are to be shifted, bits; 14 where it says more")
    multiplier = Derived(
        Uint(16, "what the sender's windows are to be multiplied with"),
        lambda option: None if option.shift is None else 1 << min(option.shift, 14),
    )

    words = "WS={multiplier}"
    follows = {"tcp.option_kind": 3}


class SACKPermitted(TCPOption):
    """SACK permitted (RFC 2018, 2)."""

    name = "tcp.options.sack_perm"

    words = "SACK_PERM"
    follows = {"tcp.option_kind": 4}


class _Edge(Uint):
    """An edge of a SACK block: counted as tcp.ack is, where that is known, and as on the wire where it is not."""

    def read(self, layer: Header, start: int, stop: int) -> int:
        edge = int.from_bytes(layer.octets[start:stop], "big")
        notes, tcp = layer.captured.notes, layer.below
        if not notes or "tcp.ack" not in notes or tcp is None or tcp.quoted:
            return edge
        return edge - tcp.ack_raw + notes["tcp.ack"] & 0xFFFFFFFF  # type: ignore[no-any-return]


class SACK(TCPOption):
    """Selective acknowledgement (RFC 2018, 3)."""

    name = "tcp.options.sack"
    prefix = "tcp.options"
    blocks = Repeat(
        "block",
        sack_le=_Edge(32, "left edge: the first sequence number of a block that arrived"),
        sack_re=_Edge(32, "right edge: the sequence number behind the block"),
    )
    count = Derived(Uint(8, "blocks", name="tcp.options.sack.count"), lambda option: len(option.sack_re))

    follows = {"tcp.option_kind": 5}

    def info(self) -> str | None:
        edges = zip(self.sack_le, self.sack_re, strict=True)
        return " ".join(f"SLE={left} SRE={right}" for left, right in edges)


class Echo(TCPOption):
    """Echo and echo reply (RFC 1072, 3; obsoleted by RFC 6247)."""

    name = "tcp.options.echo"
    prefix = "tcp.options"
    echo_value = Uint(32, "the octets to be echoed, or that are")

    follows = {"tcp.option_kind": (6, 7)}

    def info(self) -> str | None:
        return f"ECHO={self.echo_value}"


class Timestamps(TCPOption):
    """Timestamps (RFC 7323, 3.2)."""

    name = "tcp.options.timestamp"
    tsval = Uint(32, "the sender's clock, in ticks of its own")
    tsecr = Uint(32, "the other side's clock as last heard; 0 while there is none")

    words = "TSval={tsval} TSecr={tsecr}"
    follows = {"tcp.option_kind": 8}


class PartialOrderPermitted(TCPOption):
    """Partial order connection permitted (RFC 1693, 3.1; obsoleted by RFC 6247)."""

    name = "tcp.options.poc_permitted"

    follows = {"tcp.option_kind": 9}


class PartialOrderProfile(TCPOption):
    """Partial order service profile (RFC 1693, 3.1; obsoleted by RFC 6247)."""

    name = "tcp.options.poc"
    start_ = Flag("first of its service profile")
    end_ = Flag("last of its service profile")
    filler = Uint(6, "reserved, must be 0", shown=hex)

    follows = {"tcp.option_kind": 10}


class ConnectionCount(TCPOption):
    """CC, CC.NEW and CC.ECHO of T/TCP (RFC 1644, 3.1; obsoleted by RFC 6247)."""

    name = "tcp.options.cc"
    prefix = "tcp.options"
    cc_value = Uint(32, "connection count")

    follows = {"tcp.option_kind": (11, 12, 13)}

    def info(self) -> str | None:
        return f"CC={self.cc_value}"


class AlternateChecksumRequest(TCPOption):
    """Alternate checksum request (RFC 1146, 3; obsoleted by RFC 6247)."""

    name = "tcp.options.alternate_checksum_request"
    algorithm = Uint(8, "checksum", names={0: "TCP", 1: "8-bit Fletcher", 2: "16-bit Fletcher", 3: "none"})

    follows = {"tcp.option_kind": 14}


class AlternateChecksumData(TCPOption):
    """Alternate checksum data (RFC 1146, 3; obsoleted by RFC 6247)."""

    name = "tcp.options.alternate_checksum"
    data = Bytes(None, "the checksum")

    follows = {"tcp.option_kind": 15}


class MD5Signature(TCPOption):
    """MD5 signature (RFC 2385, 3; obsoleted by RFC 5925)."""

    name = "tcp.options.md5"
    digest = Bytes(16, "MD5 digest of the segment and a secret")

    follows = {"tcp.option_kind": 19}

    def info(self) -> str | None:
        return "MD5"


class SCPSCapabilities(TCPOption):
    """Capabilities of the space communications transport protocol (CCSDS 714.0-B-2, 3.2.3)."""

    name = "tcp.options.scps"
    prefix = "tcp.options"
    vector = Uint(
        8,
        "capabilities",
        shown=hex,
        name="tcp.options.scps.vector",
        parts={
            "bets": Flag("best effort transport", name="tcp.options.scpsflags.bets"),
            "snack1": Flag("short selective negative acknowledgements", name="tcp.options.scpsflags.snack1"),
            "snack2": Flag("long selective negative acknowledgements", name="tcp.options.scpsflags.snack2"),
            "compress": Flag("header compression", name="tcp.options.scpsflags.compress"),
            "nlts": Flag("network layer timestamps", name="tcp.options.scpsflags.nlts"),
            "reserved": Uint(3, "reserved", name="tcp.options.scpsflags.reserved"),
        },
    )
    binding = Uint(8, "connection identifier", name="tcp.options.scps.binding")
    extended = Bytes(None, "extended capabilities")

    follows = {"tcp.option_kind": 20}

    def info(self) -> str | None:
        named = zip(("BETS", "SNACK1", "SNACK2", "COMP", "NLTS"), (0x80, 0x40, 0x20, 0x10, 0x08), strict=True)
        return f"SCPS[{', '.join(name for name, bit in named if (self.vector or 0) & bit)}]"


class SelectiveNegativeAcknowledgement(TCPOption):
    """Selective negative acknowledgement (CCSDS 714.0-B-2, 3.5.3)."""

    name = "tcp.options.snack"
    offset = Uint(16, "from the acknowledged octet to the hole, in maximum segments")
    size = Uint(16, "size of the hole, in maximum segments")
    more = Bytes(None, "a bit for each further segment: whether it is missing")

    follows = {"tcp.option_kind": 21}


class RecordBoundary(TCPOption):
    """Record boundary (CCSDS 714.0-B-2, 3.4)."""

    name = "tcp.options.scpsrec"

    follows = {"tcp.option_kind": 22}


class CorruptionExperienced(TCPOption):
    """Corruption experienced (CCSDS 714.0-B-2, 3.6)."""

    name = "tcp.options.scpscor"

    follows = {"tcp.option_kind": 23}


class QuickStart(TCPOption):
    """Quick-Start response (RFC 4782, 4.2)."""

    name = "tcp.options.qs"
    reserved = Uint(4, "reserved, must be 0")
    rate = Uint(4, "rate that the other side may send at: 40 kbit/s times 2 to the power of it, 0 for none")
    ttl_diff = Uint(8, "TTL less Quick-Start TTL, as the request arrived")
    nonce = Uint(30, "nonce of the request", shown=hex)
    unused = Uint(2, "reserved, must be 0")

    follows = {"tcp.option_kind": 27}

    def info(self) -> str | None:
        return f"QSresp={40 << self.rate if self.rate else 0} kbit/s"


class UserTimeout(TCPOption):
    """User timeout (RFC 5482, 3.1)."""

    name = "tcp.options.user_to"
    prefix = "tcp.options"
    user_to_granularity = Flag("in minutes, else in seconds")
    user_to_val = Uint(15, "how long data may stay unacknowledged")

    follows = {"tcp.option_kind": 28}

    def info(self) -> str | None:
        return f"USER_TO={self.user_to_val}"


class Authentication(TCPOption):
    """TCP authentication option (RFC 5925, 2.2)."""

    name = "tcp.options.ao"
    keyid = Uint(8, "key that this segment is authenticated with")
    rnextkeyid = Uint(8, "key that the sender wants to hear next")
    mac = Bytes(None, "message authentication code")

    follows = {"tcp.option_kind": 29}

    def info(self) -> str | None:
        return "AO"


def _cookie_request(octets: int) -> Any:
    """True for a cookie option that holds no cookie, and is of `octets` octets then."""
    return lambda option: True if option.len == octets else None


class FastOpen(TCPOption):
    """Fast open cookie (RFC 7413, 4.1.1)."""

    name = "tcp.options.tfo"
    cookie = Bytes(None, "cookie", when=_LEN.differs(2))
    request = Derived(Presence("asks for a cookie"), _cookie_request(2))

    follows = {"tcp.option_kind": 34}

    def info(self) -> str | None:
        return "TFO=R" if self.len == 2 else "TFO=C"


class EncryptionNegotiation(TCPOption):
    """Encryption negotiation (RFC 8547, 4.2)."""

    name = "tcp.options.eno"
    suboptions = Bytes(None, "suboptions: the encryption protocols offered, and their data")

    follows = {"tcp.option_kind": 69}

    def info(self) -> str | None:
        return "ENO"


def _counters(option: Header) -> str:
    """The counters that an accurate ECN option holds, in its order: the later ones may be left out."""
    return " ".join(
        f"{field.attribute.upper()}={value}" for field in option.declaration.tail for value in option.values(field)
    )


_ECT0 = "octets that arrived with ECT(0), modulo 2^24"
_CE = "octets that arrived with CE, modulo 2^24"
_ECT1 = "octets that arrived with ECT(1), modulo 2^24"


class AccurateECN0(TCPOption):
    """Accurate ECN, order 0 (RFC 9768, 3.2.3)."""

    name = "tcp.options.acc_ecn"
    ee0b = Uint(24, _ECT0, when=_LEN.differs(2))
    eceb = Uint(24, _CE)
    ee1b = Uint(24, _ECT1)

    follows = {"tcp.option_kind": 172}

    def info(self) -> str | None:
        return _counters(self)


class AccurateECN1(TCPOption):
    """Accurate ECN, order 1 (RFC 9768, 3.2.3)."""

    name = "tcp.options.acc_ecn"
    ee1b = Uint(24, _ECT1, when=_LEN.differs(2))
    eceb = Uint(24, _CE)
    ee0b = Uint(24, _ECT0)

    follows = {"tcp.option_kind": 174}

    def info(self) -> str | None:
        return _counters(self)


class Experiment(TCPOption):
    """Experiment (RFC 6994, 3)."""

    name = "tcp.options.experimental"
    exid = Uint(16, "which experiment, or the first half of that", shown=hex, names=EXPERIMENTS)

    members = by(exid, default="tcp.options.experimental.unknown")
    follows = {"tcp.option_kind": (253, 254)}


class UnknownExperiment(Experiment):
    """Other experiment (RFC 6994, 3)."""

    name = "tcp.options.experimental.unknown"
    prefix = "tcp.options.experimental"
    data = Bytes(None, "what it says")

    def info(self) -> str | None:
        return f"ExID={self.exid:04x}"


class FastOpenExperiment(Experiment):
    """Fast open cookie, as an experiment (RFC 7413, appendix A)."""

    name = "tcp.options.experimental"
    prefix = "tcp.options.tfo"
    cookie = Bytes(None, "cookie", when=_LEN.differs(4))
    request = Derived(Presence("asks for a cookie"), _cookie_request(4))

    follows = {"tcp.options.experimental.exid": 0xF989}

    def info(self) -> str | None:
        return "TFO=R" if self.len == 4 else "TFO=C"


class AccurateECNExperiment0(Experiment):
    """Accurate ECN, order 0, as an experiment (RFC 9768, 3.2.3)."""

    name = "tcp.options.experimental"
    prefix = "tcp.options.acc_ecn"
    ee0b = Uint(24, _ECT0, when=_LEN.differs(4))
    eceb = Uint(24, _CE)
    ee1b = Uint(24, _ECT1)

    follows = {"tcp.options.experimental.exid": 0xACC0}

    def info(self) -> str | None:
        return _counters(self)


class AccurateECNExperiment1(Experiment):
    """Accurate ECN, order 1, as an experiment (RFC 9768, 3.2.3)."""

    name = "tcp.options.experimental"
    prefix = "tcp.options.acc_ecn"
    ee1b = Uint(24, _ECT1, when=_LEN.differs(4))
    eceb = Uint(24, _CE)
    ee0b = Uint(24, _ECT0)

    follows = {"tcp.options.experimental.exid": 0xACC1}

    def info(self) -> str | None:
        return _counters(self)
