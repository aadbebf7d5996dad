"""Network Time Protocol: time in modes 1 to 5, control messages in mode 6, ntpd's private ones in mode 7."""
from __future__ import annotations

from dissectors.fields import Bytes, Derived, Flag, Int, Moment, Text, Uint
from dissectors.header import Header, by

MODES = {
    0: "reserved",
    1: "symmetric active",
    2: "symmetric passive",
    3: "client",
    4: "server",
    5: "broadcast",
    6: "control",
    7: "private",
}
PRIVATE = 7
_ERA = 1 << 32  # seconds
_TO_1970 = 2_208_988_800  # seconds from 1900


_mode = Uint(3, "mode", names=MODES)


class NTPTime(Moment):
    """A moment as 32 bits of seconds since 1900 and 32 of their fraction; zero when it is not known.

    Seconds with their first bit clear count from the next era, which begins in 2036 (RFC 4330, 3).
    """

    def __init__(self, meaning: str) -> None:
        super().__init__(meaning, bits=64)

    def convert(self, octets: bytes) -> int:
        seconds, fraction = int.from_bytes(octets[:4], "big"), int.from_bytes(octets[4:], "big")
        if not seconds and not fraction:
            return 0
        if not seconds >> 31:
            seconds += _ERA
        return (seconds - _TO_1970) * 1_000_000_000 + (fraction * 1_000_000_000 >> 32)

    def text(self, value: int) -> str:
        return super().text(value) if value else "NULL"


class NTPSpan(Uint):
    """A span in units of 2⁻¹⁶ seconds."""

    def describe(self, value: int) -> str:
        return f"{value / 65536:.6f} seconds"


class ReferenceID(Bytes):
    """What a server takes its time from: a word at stratum 0 and 1, else an address or what stands for one."""

    def describe(self, value: bytes) -> str:
        word = value.rstrip(b"\0")
        if word and word.isalnum():
            return f"{value.hex()} ({word.decode()})"
        return f"{value.hex()} ({'.'.join(map(str, value))})"


class NTP(Header):
    """Network Time Protocol (RFC 5905, 7.3)."""

    name = "ntp"
    label = "NTP"
    flags = Uint(
        8,
        "leap, version and mode",
        shown=hex,
        parts={
            "li": Uint(
                2,
                "leap",
                names={0: "no warning", 1: "61 seconds", 2: "59 seconds", 3: "not synchronised"},
                when=_mode.differs(PRIVATE),
            ),
            "vn": Uint(3, "version"),
            "mode": _mode,
        },
    )

    follows = {"udp.port": 123, "tcp.port": 123}
    next = by(_mode, "ntp.flags.mode")

    def info(self) -> str | None:
        if self.mode is None:
            return None
        return f"NTP Version {self.vn}, {MODES[self.mode]}"


class NTPClock(Header):
    """Time (RFC 5905, 7.3)."""

    name = "ntp.time"
    prefix = "ntp"
    part_of = "ntp"
    stratum = Uint(8, "how far from a reference clock", names={0: "unspecified", 1: "primary", 16: "unsynchronised"})
    ppoll = Int(8, "between messages, seconds as a power of two")
    precision = Int(8, "of the clock, seconds as a power of two")
    rootdelay = NTPSpan(32, "to the reference clock and back, seconds / 65536")
    rootdispersion = NTPSpan(32, "error against the reference clock, seconds / 65536")
    refid = ReferenceID(4, "where the time comes from")
    reftime = NTPTime("the clock was last set")
    org = NTPTime("the request left the client")
    rec = NTPTime("the request reached the server")
    xmt = NTPTime("this message left")
    authentication = Bytes(None, "extension fields, key and message authentication code")

    follows = {"ntp.flags.mode": (0, 1, 2, 3, 4, 5)}


class NTPControl(Header):
    """Control message (RFC 9327, 2)."""

    name = "ntp.ctrl"
    part_of = "ntp"
    flags2 = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "r": Flag("response"),
            "error": Flag("error"),
            "more": Flag("more fragments"),
            "opcode": Uint(
                5,
                "command",
                names={
                    0: "reserved",
                    1: "read status",
                    2: "read variables",
                    3: "write variables",
                    4: "read clock variables",
                    5: "write clock variables",
                    6: "set trap",
                    7: "trap message",
                    8: "configure",
                    9: "save configuration",
                    10: "read MRU",
                    11: "read ordered list",
                    12: "request nonce",
                    31: "unset trap",
                },
            ),
        },
    )
    sequence = Uint(16, "the same in request and response")
    status_ = Uint(16, "of system, peer or clock", shown=hex)
    associd = Uint(16, "association, 0 for the system")
    offset = Uint(16, "where the fragment belongs, octets")
    count = Uint(16, "octets of data")
    data = Text("data", count)
    authentication = Bytes(None, "padding and authenticator")

    follows = {"ntp.flags.mode": 6}


def _flags(layer: Header) -> int:
    """The octet before a private message, where other modes have the leap indicator."""
    return layer.octets[layer.start - 1]


class NTPPrivate(Header):
    """Private message of ntpd (its include/ntp_request.h)."""

    name = "ntp.priv"
    part_of = "ntp"
    r = Derived(Flag("response", name="ntp.priv.flags.r"), lambda layer: _flags(layer) & 0x80 != 0)
    more = Derived(Flag("more packets", name="ntp.priv.flags.more"), lambda layer: _flags(layer) & 0x40 != 0)
    auth_seq = Uint(
        8,
        "flags",
        shown=hex,
        parts={"auth": Flag("authenticated", name="ntp.priv.auth"), "seq": Uint(7, "number", name="ntp.priv.seq")},
    )
    impl = Uint(8, "program", names={0: "universal", 2: "old XNTPD", 3: "XNTPD"})
    reqcode = Uint(8, "what is asked for")
    err = Uint(4, "error", shown=hex)
    numitems = Uint(12, "items")
    reserved = Uint(4, "reserved, must be 0", shown=hex)
    itemsize = Uint(12, "octets of an item")
    data = Bytes(None, "items")

    follows = {"ntp.flags.mode": 7}
