"""Multipath TCP: the option of that name, by subtype (RFC 8684, 3; version 0: RFC 6824, 3)."""
from __future__ import annotations

from dissectors.fields import Bytes, Derived, Field, Flag, IPv4Address, IPv6Address, Repeat, Uint
from dissectors.header import by
from dissectors.transport.tcp_options import TCPOption

SUBTYPES = {
    0: "MP_CAPABLE",
    1: "MP_JOIN",
    2: "DSS",
    3: "ADD_ADDR",
    4: "REMOVE_ADDR",
    5: "MP_PRIO",
    6: "MP_FAIL",
    7: "MP_FASTCLOSE",
    8: "MP_TCPRST",
    15: "MP_EXPERIMENTAL",
}

RESET_REASONS = {
    0: "unspecified error",
    1: "Multipath TCP specific error",
    2: "lack of resources",
    3: "administratively prohibited",
    4: "too much outstanding data",
    5: "unacceptable performance",
    6: "middlebox interference",
}

_LEN: Field = TCPOption.declaration.fields["len"]


class MPTCP(TCPOption):
    """Multipath TCP (RFC 8684, 3)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    subtype = Uint(4, "subtype", names=SUBTYPES)

    members = by(subtype)
    follows = {"tcp.option_kind": 30}

    def info(self) -> str | None:
        return None if self.subtype is None else f"MPTCP {SUBTYPES.get(self.subtype, f'subtype {self.subtype}')}"


class Capable(MPTCP):
    """MP_CAPABLE: begins a connection (RFC 8684, 3.1)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    version = Uint(4, "version")
    flags = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "checksum_required": Flag("checksums are wanted", name="tcp.options.mptcp.checksumreq.flags"),
            "extensibility": Flag("reserved, must be 0", name="tcp.options.mptcp.extensibility.flag"),
            "no_more_subflows": Flag("no subflows to this address", name="tcp.options.mptcp.nomoresubflows.flag"),
            "reserved": Uint(4, "algorithms not assigned", shown=hex, name="tcp.options.mptcp.reserved.flag"),
            "sha256": Flag("HMAC-SHA256; in version 0 HMAC-SHA1", name="tcp.options.mptcp.sha256.flag"),
        },
    )
    sendkey = Uint(64, "sender's key", when=_LEN.differs(4))
    recvkey = Uint(64, "receiver's key")
    datalvllen = Uint(16, "data that is mapped, octets")
    checksum = Uint(16, "of the data and its mapping", shown=hex)

    follows = {"tcp.options.mptcp.subtype": 0}


class Join(MPTCP):
    """MP_JOIN: adds a subflow, in a SYN, its SYN/ACK and the ACK of that (RFC 8684, 3.2)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    reserved = Uint(3, "reserved, must be 0")
    backup = Flag("only to be used when no other subflow is there", name="tcp.options.mptcp.backup.flag")
    addrid = Uint(8, "address identifier of the sender", when=_LEN.differs(24))
    unused = Uint(8, "reserved, must be 0", when=_LEN.equals(24))
    recvtok = Uint(32, "receiver's token: names the connection", when=_LEN.equals(12))
    sendtrunchmac = Uint(64, "sender's HMAC, its first 64 bits", when=_LEN.equals(16))
    sendrand = Uint(32, "sender's random number", when=_LEN.among(12, 16))
    sendhmac = Bytes(20, "sender's HMAC", when=_LEN.equals(24))

    follows = {"tcp.options.mptcp.subtype": 1}


_DATA_FIN = Flag("no more data in the connection", name="tcp.options.mptcp.datafin.flag")
_SEQUENCE_64 = Flag("data sequence number has 8 octets, else 4", name="tcp.options.mptcp.dseqn8.flag")
_MAPPING = Flag("data sequence number, mapping and checksum are there", name="tcp.options.mptcp.dseqnpresent.flag")
_ACK_64 = Flag("data acknowledgement has 8 octets, else 4", name="tcp.options.mptcp.dataack8.flag")
_ACK = Flag("data acknowledgement is there", name="tcp.options.mptcp.dataackpresent.flag")


class DataSequenceSignal(MPTCP):
    """DSS: maps octets of the subflow to the connection, and acknowledges (RFC 8684, 3.3)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    reserved = Uint(4, "reserved, must be 0")
    flags = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "unassigned": Uint(3, "reserved, must be 0"),
            "data_fin": _DATA_FIN,
            "sequence_64": _SEQUENCE_64,
            "mapping": _MAPPING,
            "ack_64": _ACK_64,
            "ack": _ACK,
        },
    )
    rawdataack_32 = Uint(
        32, "data acknowledgement", name="tcp.options.mptcp.rawdataack", when=_ACK.equals(1) & _ACK_64.equals(0)
    )
    rawdataack_64 = Uint(
        64, "data acknowledgement", name="tcp.options.mptcp.rawdataack", when=_ACK.equals(1) & _ACK_64.equals(1)
    )
    rawdataseqno_32 = Uint(
        32,
        "data sequence number of the first octet",
        name="tcp.options.mptcp.rawdataseqno",
        when=_MAPPING.equals(1) & _SEQUENCE_64.equals(0),
    )
    rawdataseqno_64 = Uint(
        64,
        "data sequence number of the first octet",
        name="tcp.options.mptcp.rawdataseqno",
        when=_MAPPING.equals(1) & _SEQUENCE_64.equals(1),
    )
    subflowseqno = Uint(32, "where the data begins in the subflow, relative to its SYN", when=_MAPPING)
    datalvllen = Uint(16, "data that is mapped, octets", when=_MAPPING)
    checksum = Uint(16, "of the data and its mapping", shown=hex, when=_MAPPING)

    follows = {"tcp.options.mptcp.subtype": 2}


def _ip_version(option: AddAddress) -> int | None:
    return option.low if option.low in (4, 6) else None


def _echo(option: AddAddress) -> bool | None:
    return None if option.low is None or option.low in (4, 6) else bool(option.low & 1)


class AddAddress(MPTCP):
    """ADD_ADDR: tells another address of the sender (RFC 8684, 3.4.1; version 0: RFC 6824, 3.4.1)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    low = Uint(4, "1 for an echo; in version 0 the version of IP", name="tcp.options.mptcp.add_addr")
    addrid = Uint(8, "address identifier")
    ipv4 = IPv4Address("address", when=_LEN.among(8, 10, 16, 18))
    ipv6 = IPv6Address("address", when=_LEN.among(20, 22, 28, 30))
    port = Uint(16, "port, where it is another one", when=_LEN.among(10, 18, 22, 30))
    addaddrtrunchmac = Uint(64, "HMAC of the address, its last 64 bits", when=_LEN.among(16, 18, 28, 30))
    ipver = Derived(Uint(8, "version of IP, in version 0"), _ip_version)
    echo = Derived(Flag("confirms such an option, in version 1"), _echo)

    follows = {"tcp.options.mptcp.subtype": 3}


class RemoveAddress(MPTCP):
    """REMOVE_ADDR: takes addresses of the sender back (RFC 8684, 3.4.2)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    reserved = Uint(4, "reserved, must be 0")
    addresses_ = Repeat("address", addrid=Uint(8, "address identifier"))
    count = Derived(Uint(8, "addresses", name="mptcp.rm_addr.count"), lambda option: len(option.addrid))

    follows = {"tcp.options.mptcp.subtype": 4}


class Priority(MPTCP):
    """MP_PRIO: makes the subflow a backup, or a regular one (RFC 8684, 3.3.8)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    reserved = Uint(3, "reserved, must be 0")
    backup = Flag("only to be used when no other subflow is there", name="tcp.options.mptcp.backup.flag")
    addrid = Uint(8, "address identifier, in version 0", when=_LEN.differs(3))

    follows = {"tcp.options.mptcp.subtype": 5}


class Fail(MPTCP):
    """MP_FAIL: a checksum was wrong; falls back to plain TCP (RFC 8684, 3.7)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    reserved = Uint(12, "reserved, must be 0", shown=hex)
    rawdataseqno = Uint(64, "data sequence number of the first octet in doubt")

    follows = {"tcp.options.mptcp.subtype": 6}


class FastClose(MPTCP):
    """MP_FASTCLOSE: closes the connection with all subflows at once (RFC 8684, 3.5)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    reserved = Uint(12, "reserved, must be 0", shown=hex)
    recvkey = Uint(64, "receiver's key")

    follows = {"tcp.options.mptcp.subtype": 7}


class Reset(MPTCP):
    """MP_TCPRST: why the subflow is reset (RFC 8684, 3.6)."""

    name = "mptcp"
    prefix = "tcp.options.mptcp"
    flag_u = Flag("not assigned", name="tcp.options.mptcp.flag_U.flag")
    flag_v = Flag("not assigned", name="tcp.options.mptcp.flag_V.flag")
    flag_w = Flag("not assigned", name="tcp.options.mptcp.flag_W.flag")
    flag_t = Flag("transient: may be tried again", name="tcp.options.mptcp.flag_T.flag")
    rst_reason = Uint(8, "reason", shown=hex, names=RESET_REASONS)

    follows = {"tcp.options.mptcp.subtype": 8}
