"""Options of the DCCP header, by type (RFC 4340, 5.8; numbers assigned by IANA, dccp-parameters)."""
from __future__ import annotations

from typing import Any

from dissectors.fields import Bytes, Derived, Field, Uint
from dissectors.header import Option, by

OPTIONS = {
    0: "padding",
    1: "mandatory",
    2: "slow receiver",
    32: "change L",
    33: "confirm L",
    34: "change R",
    35: "confirm R",
    36: "init cookie",
    37: "NDP count",
    38: "ack vector, nonce 0",
    39: "ack vector, nonce 1",
    40: "data dropped",
    41: "timestamp",
    42: "timestamp echo",
    43: "elapsed time",
    44: "data checksum",
    192: "loss event rate",
    193: "loss intervals",
    194: "receive rate",
}

FEATURES = {
    1: "congestion control identifier",
    2: "allow short sequence numbers",
    3: "sequence window",
    4: "ECN incapable",
    5: "ack ratio",
    6: "send ack vector",
    7: "send NDP count",
    8: "minimum checksum coverage",
    9: "check data checksum",
    192: "send loss event rate",
}


class DCCPOption(Option):
    """DCCP option (RFC 4340, 5.8)."""

    name = "dccp.options"
    label = "DCCP option"
    option_type = Uint(8, "type", names=OPTIONS, name="dccp.option_type")
    option_len = Uint(8, "octets of the option", name="dccp.option_len")

    members = by(option_type, default="dccp.options.unknown")
    end = option_len
    single = tuple(range(32))
    strict = True


_LEN: Field = DCCPOption.declaration.fields["option_len"]


class OtherOption(DCCPOption):
    """Other DCCP option (RFC 4340, 5.8)."""

    name = "dccp.options.unknown"
    prefix = "dccp"
    option_unknown = Bytes(None, "what it says", when=_LEN.differs(2))


class Padding(DCCPOption):
    """Padding (RFC 4340, 5.8.1)."""

    name = "dccp.padding"

    follows = {"dccp.option_type": 0}


class Mandatory(DCCPOption):
    """Mandatory: the next option must be understood (RFC 4340, 5.8.2)."""

    name = "dccp.mandatory"

    follows = {"dccp.option_type": 1}


class SlowReceiver(DCCPOption):
    """Slow receiver (RFC 4340, 11.6)."""

    name = "dccp.slow_receiver"

    follows = {"dccp.option_type": 2}


class Feature(DCCPOption):
    """Change and confirm, of a feature of the sender (L) or the receiver (R) (RFC 4340, 6.1)."""

    name = "dccp.feature"
    prefix = "dccp"
    feature_number = Uint(8, "feature", names=FEATURES)
    feature_values = Bytes(None, "its values, the best first", when=_LEN.differs(3))

    follows = {"dccp.option_type": (32, 33, 34, 35)}


class InitCookie(DCCPOption):
    """Init cookie (RFC 4340, 8.1.4)."""

    name = "dccp.options.init_cookie"
    prefix = "dccp"
    init_cookie = Bytes(None, "what the server will need to set up the connection")

    follows = {"dccp.option_type": 36}


def _number(option: Any) -> int | None:
    """The octets behind type and length, as one number."""
    octets = option.octets[option.start + 2 : option.stop]
    return int.from_bytes(octets, "big") if octets else None


class NDPCount(DCCPOption):
    """NDP count (RFC 4340, 7.7)."""

    name = "dccp.options.ndp_count"
    prefix = "dccp"
    number = Bytes(None, "the count, most significant octet first")
    ndp_count = Derived(Uint(48, "packets without data before this one"), _number)

    follows = {"dccp.option_type": 37}


class AckVector(DCCPOption):
    """Ack vector (RFC 4340, 11.4)."""

    name = "dccp.options.ack_vector"
    prefix = "dccp"
    nonce_0 = Bytes(None, "runs of packets: state, length", name="dccp.ack_vector.nonce_0", when=_LEN.differs(2))

    follows = {"dccp.option_type": 38}


class AckVectorNonce(DCCPOption):
    """Ack vector, with an ECN nonce of 1 (RFC 4340, 11.4)."""

    name = "dccp.options.ack_vector"
    prefix = "dccp"
    nonce_1 = Bytes(None, "runs of packets: state, length", name="dccp.ack_vector.nonce_1", when=_LEN.differs(2))

    follows = {"dccp.option_type": 39}


class DataDropped(DCCPOption):
    """Data dropped (RFC 4340, 11.7)."""

    name = "dccp.options.data_dropped"
    prefix = "dccp"
    data_dropped = Bytes(None, "blocks of packets: why dropped, how many", when=_LEN.differs(2))

    follows = {"dccp.option_type": 40}


class Timestamp(DCCPOption):
    """Timestamp (RFC 4340, 13.1)."""

    name = "dccp.options.timestamp"
    prefix = "dccp"
    timestamp = Uint(32, "the sender's clock, tens of microseconds")

    follows = {"dccp.option_type": 41}


class TimestampEcho(DCCPOption):
    """Timestamp echo (RFC 4340, 13.3)."""

    name = "dccp.options.timestamp_echo"
    prefix = "dccp"
    timestamp_echo = Uint(32, "the timestamp that is answered")
    elapsed_time_16 = Uint(16, "since it arrived, tens of microseconds", name="dccp.elapsed_time", when=_LEN.equals(8))
    elapsed_time_32 = Uint(32, "since it arrived, tens of microseconds", name="dccp.elapsed_time", when=_LEN.equals(10))

    follows = {"dccp.option_type": 42}


class ElapsedTime(DCCPOption):
    """Elapsed time (RFC 4340, 13.2)."""

    name = "dccp.options.elapsed_time"
    prefix = "dccp"
    elapsed_time_16 = Uint(
        16, "since what is acknowledged arrived, tens of microseconds", name="dccp.elapsed_time", when=_LEN.equals(4)
    )
    elapsed_time_32 = Uint(
        32, "since what is acknowledged arrived, tens of microseconds", name="dccp.elapsed_time", when=_LEN.equals(6)
    )

    follows = {"dccp.option_type": 43}


class DataChecksum(DCCPOption):
    """Data checksum (RFC 4340, 9.3)."""

    name = "dccp.options.data_checksum"
    prefix = "dccp"
    checksum_data = Uint(32, "CRC-32C of the data", shown=hex)

    follows = {"dccp.option_type": 44}


class LossEventRate(DCCPOption):
    """Loss event rate of CCID 3 (RFC 4342, 8.5)."""

    name = "dccp.options.loss_event_rate"
    prefix = "dccp"
    ccid3_loss_event_rate = Uint(32, "packets to a loss event")

    follows = {"dccp.option_type": 192}


class LossIntervals(DCCPOption):
    """Loss intervals of CCID 3 (RFC 4342, 8.6)."""

    name = "dccp.options.loss_intervals"
    prefix = "dccp"
    ccid3_loss_intervals = Bytes(None, "skip length, and intervals without and with losses")

    follows = {"dccp.option_type": 193}


class ReceiveRate(DCCPOption):
    """Receive rate of CCID 3 (RFC 4342, 8.3)."""

    name = "dccp.options.receive_rate"
    prefix = "dccp"
    ccid3_receive_rate = Uint(32, "rate at which data arrives, octets a second")

    follows = {"dccp.option_type": 194}
