"""What DNS resource records carry: one declaration a type, reached by the record's type.

    RecordData.member(1, "IPv4 address (RFC 1035, 3.4.1)", a=IPv4Address("address of the owner"))

The types that count their own strings have a class with a `body`; the rest are their RFC's figure and no more.
EDNS options and service parameters are families of their own.
"""
from __future__ import annotations

import socket
from collections.abc import Iterator

from dissectors.application.domain_name import DomainName
from dissectors.fields import (
    EUI64,
    MAC,
    Bytes,
    Flag,
    Found,
    IPv4Address,
    IPv6Address,
    Moment,
    Options,
    Repeat,
    Text,
    Uint,
)
from dissectors.header import Item, Option, by, by_table
from dissectors.reader import Reader

RECORD_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    10: "NULL",
    12: "PTR",
    13: "HINFO",
    15: "MX",
    16: "TXT",
    17: "RP",
    18: "AFSDB",
    24: "SIG",
    25: "KEY",
    28: "AAAA",
    29: "LOC",
    33: "SRV",
    35: "NAPTR",
    36: "KX",
    37: "CERT",
    39: "DNAME",
    41: "OPT",
    43: "DS",
    44: "SSHFP",
    45: "IPSECKEY",
    46: "RRSIG",
    47: "NSEC",
    48: "DNSKEY",
    49: "DHCID",
    50: "NSEC3",
    51: "NSEC3PARAM",
    52: "TLSA",
    53: "SMIMEA",
    55: "HIP",
    59: "CDS",
    60: "CDNSKEY",
    61: "OPENPGPKEY",
    62: "CSYNC",
    63: "ZONEMD",
    64: "SVCB",
    65: "HTTPS",
    99: "SPF",
    108: "EUI48",
    109: "EUI64",
    249: "TKEY",
    250: "TSIG",
    251: "IXFR",
    252: "AXFR",
    255: "ANY",
    256: "URI",
    257: "CAA",
    32769: "DLV",
}

_ALGORITHMS = {
    1: "RSA/MD5",
    3: "DSA/SHA-1",
    5: "RSA/SHA-1",
    6: "DSA-NSEC3-SHA1",
    7: "RSASHA1-NSEC3-SHA1",
    8: "RSA/SHA-256",
    10: "RSA/SHA-512",
    12: "GOST R 34.10-2001",
    13: "ECDSA P-256 with SHA-256",
    14: "ECDSA P-384 with SHA-384",
    15: "Ed25519",
    16: "Ed448",
}
_DIGESTS = {1: "SHA-1", 2: "SHA-256", 3: "GOST R 34.11-94", 4: "SHA-384"}


class TypeBitmap(Bytes):
    """Types of records as bits in windows (RFC 4034, 4.1.2)."""

    def describe(self, value: bytes) -> str:
        types = []
        while len(value) >= 2:
            window, size = value[0], value[1]
            for bit in range(size * 8):
                if bit // 8 + 2 < len(value) and value[bit // 8 + 2] & 0x80 >> bit % 8:
                    number = window << 8 | bit
                    types.append(RECORD_TYPES.get(number, f"TYPE{number}"))
            value = value[2 + size :]
        return " ".join(types)


class RecordData(Option):
    """Data of a resource record (RFC 1035, 3.2.1)."""

    name = "dns.rdata"
    prefix = "dns"
    members = by_table("dns.resp.type")


RecordData.member(None, "Data of another type (RFC 3597, 3)", data=Bytes(None, "the octets"))
RecordData.member(1, "IPv4 address (RFC 1035, 3.4.1)", a=IPv4Address("address of the owner"))
RecordData.member(2, "Name server (RFC 1035, 3.3.11)", ns=DomainName("a server of the zone"))
RecordData.member(5, "Canonical name (RFC 1035, 3.3.1)", cname=DomainName("the name that the owner is an alias of"))
RecordData.member(
    6,
    "Start of authority (RFC 1035, 3.3.13)",
    mname=DomainName("primary name server", name="dns.soa.mname"),
    rname=DomainName("mailbox of who is responsible", name="dns.soa.rname"),
    serial_number=Uint(32, "version of the zone", name="dns.soa.serial_number"),
    refresh_interval=Uint(32, "secondaries look for a new version, seconds", name="dns.soa.refresh_interval"),
    retry_interval=Uint(32, "and try again after a failure, seconds", name="dns.soa.retry_interval"),
    expire_limit=Uint(32, "and answer no more without a refresh, seconds", name="dns.soa.expire_limit"),
    minimum_ttl=Uint(32, "how long a negative answer is kept, seconds", name="dns.soa.minimum_ttl"),
)
RecordData.member(12, "Pointer (RFC 1035, 3.3.12)", ptr=DomainName("the name", name="dns.ptr.domain_name"))
RecordData.member(
    15,
    "Mail exchange (RFC 1035, 3.3.9)",
    preference=Uint(16, "the lowest is tried first", name="dns.mx.preference"),
    mail_exchange=DomainName("mail server", name="dns.mx.mail_exchange"),
)
RecordData.member(
    17,
    "Responsible person (RFC 1183, 2.2)",
    mailbox=DomainName("mailbox", name="dns.rp.mailbox"),
    txt_rr=DomainName("where there is text about the person", name="dns.rp.txt_rr"),
)
RecordData.member(
    18,
    "AFS database (RFC 1183, 1)",
    subtype=Uint(16, "kind of server", name="dns.afsdb.subtype"),
    hostname=DomainName("server", name="dns.afsdb.hostname"),
)
RecordData.member(28, "IPv6 address (RFC 3596, 2.2)", aaaa=IPv6Address("address of the owner"))
RecordData.member(
    29,
    "Location (RFC 1876, 2)",
    version=Uint(8, "version", name="dns.loc.version"),
    size=Uint(8, "diameter, centimetres: digit and power of ten", shown=hex, name="dns.loc.size"),
    horizontal_precision=Uint(8, "as the size", shown=hex, name="dns.loc.horizontal_precision"),
    vertical_precision=Uint(8, "as the size", shown=hex, name="dns.loc.vertical_precision"),
    latitude=Uint(32, "thousandths of an arc second from 2³¹, the equator", name="dns.loc.latitude"),
    longitude=Uint(32, "thousandths of an arc second from 2³¹, the meridian", name="dns.loc.longitude"),
    altitude=Uint(32, "centimetres above 100 km below the ellipsoid", name="dns.loc.altitude"),
)
RecordData.member(
    33,
    "Service location (RFC 2782)",
    priority=Uint(16, "the lowest is tried first", name="dns.srv.priority"),
    weight=Uint(16, "share among those of one priority", name="dns.srv.weight"),
    port=Uint(16, "port", name="dns.srv.port"),
    target=DomainName("host", name="dns.srv.target"),
)
RecordData.member(
    36,
    "Key exchanger (RFC 2230, 3.1)",
    preference=Uint(16, "the lowest is tried first", name="dns.kx.preference"),
    key_exchange=DomainName("host", name="dns.kx.key_exchange"),
)
RecordData.member(
    37,
    "Certificate (RFC 4398, 2)",
    type=Uint(16, "kind of certificate", name="dns.cert.type"),
    key_tag=Uint(16, "of the key in it", shown=hex, name="dns.cert.key_tag"),
    algorithm=Uint(8, "of the key", names=_ALGORITHMS, name="dns.cert.algorithm"),
    certificate=Bytes(None, "certificate or revocation list", name="dns.cert.certificate"),
)
RecordData.member(39, "Delegation name (RFC 6672, 2.1)", dname=DomainName("what takes the owner's place"))
RecordData.member(
    (43, 59, 32769),
    "Delegation signer (RFC 4034, 5.1)",
    key_id=Uint(16, "tag of the key", shown=hex, name="dns.ds.key_id"),
    algorithm=Uint(8, "of the key", names=_ALGORITHMS, name="dns.ds.algorithm"),
    digest_type=Uint(8, "how the digest was made", names=_DIGESTS, name="dns.ds.digest_type"),
    digest=Bytes(None, "digest of the key", name="dns.ds.digest"),
)
RecordData.member(
    44,
    "SSH fingerprint (RFC 4255, 3.1)",
    algorithm=Uint(8, "of the key", names={1: "RSA", 2: "DSS", 3: "ECDSA", 4: "Ed25519"}, name="dns.sshfp.algorithm"),
    fingerprint_type=Uint(8, "kind", names={1: "SHA-1", 2: "SHA-256"}, name="dns.sshfp.fingerprint.type"),
    fingerprint=Bytes(None, "fingerprint", name="dns.sshfp.fingerprint"),
)
RecordData.member(
    (24, 46),
    "Signature (RFC 4034, 3.1)",
    type_covered=Uint(16, "of what records", names=RECORD_TYPES, name="dns.rrsig.type_covered"),
    algorithm=Uint(8, "how it was made", names=_ALGORITHMS, name="dns.rrsig.algorithm"),
    labels=Uint(8, "labels of the owner's name, without a wildcard", name="dns.rrsig.labels"),
    original_ttl=Uint(32, "as in the zone, seconds", name="dns.rrsig.original_ttl"),
    signature_expiration=Moment("holds until", name="dns.rrsig.signature_expiration"),
    signature_inception=Moment("holds from", name="dns.rrsig.signature_inception"),
    key_tag=Uint(16, "of the key", name="dns.rrsig.key_tag"),
    signers_name=DomainName("the zone whose key it is", name="dns.rrsig.signers_name"),
    signature=Bytes(None, "signature", name="dns.rrsig.signature"),
)
RecordData.member(
    47,
    "Next secure name (RFC 4034, 4.1)",
    next_domain_name=DomainName("the next name that there is", name="dns.nsec.next_domain_name"),
    types=TypeBitmap(None, "the types that the owner has", name="dns.nsec.types"),
)
RecordData.member(
    (25, 48, 60),
    "Public key (RFC 4034, 2.1)",
    flags=Uint(
        16,
        "flags",
        shown=hex,
        name="dns.dnskey.flags",
        parts={
            "reserved_high": Uint(7, "reserved, must be 0"),
            "zone_key": Flag("key of a zone"),
            "key_revoked": Flag("no longer to be trusted"),
            "reserved_low": Uint(6, "reserved, must be 0"),
            "secure_entry_point": Flag("signs keys"),
        },
    ),
    protocol_=Uint(8, "protocol, always 3", name="dns.dnskey.protocol"),
    algorithm=Uint(8, "of the key", names=_ALGORITHMS, name="dns.dnskey.algorithm"),
    public_key=Bytes(None, "key", name="dns.dnskey.public_key"),
)
RecordData.member(49, "DHCP identifier (RFC 4701, 3.1)", dhcid=Bytes(None, "identity", name="dns.dhcid.rdata"))
RecordData.member(
    (52, 53),
    "Certificate association (RFC 6698, 2.1)",
    certificate_usage=Uint(
        8,
        "how it is meant",
        names={0: "CA constraint", 1: "service certificate constraint", 2: "trust anchor", 3: "domain-issued"},
        name="dns.tlsa.certificate_usage",
    ),
    selector_=Uint(8, "of what", names={0: "certificate", 1: "public key"}, name="dns.tlsa.selector"),
    matching_type=Uint(
        8, "compared as", names={0: "itself", 1: "SHA-256", 2: "SHA-512"}, name="dns.tlsa.matching_type"
    ),
    association=Bytes(None, "certificate, key or digest", name="dns.tlsa.certificate_association_data"),
)
RecordData.member(61, "OpenPGP key (RFC 7929, 2.1)", openpgpkey=Bytes(None, "key"))
RecordData.member(
    62,
    "Child to parent synchronisation (RFC 7477, 2.1.1)",
    soa=Uint(32, "serial number of the child", name="dns.csync.soa"),
    flags=Uint(16, "1: immediate, 2: not before that serial", shown=hex, name="dns.csync.flags"),
    types=TypeBitmap(None, "the types to take over", name="dns.csync.type_bitmap"),
)
RecordData.member(
    63,
    "Zone digest (RFC 8976, 2.2)",
    serial=Uint(32, "of the zone", name="dns.zonemd.serial"),
    scheme=Uint(8, "what is counted", names={1: "simple"}, name="dns.zonemd.scheme"),
    hash_algo=Uint(8, "how", names={1: "SHA-384", 2: "SHA-512"}, name="dns.zonemd.hash_algo"),
    digest=Bytes(None, "digest", name="dns.zonemd.digest"),
)
RecordData.member(108, "48-bit hardware address (RFC 7043, 3)", eui48=MAC("address"))
RecordData.member(109, "64-bit hardware address (RFC 7043, 4)", eui64=EUI64("address"))
RecordData.member(
    256,
    "Uniform resource identifier (RFC 7553, 4)",
    priority=Uint(16, "the lowest is tried first", name="dns.uri.priority"),
    weight=Uint(16, "share among those of one priority", name="dns.uri.weight"),
    target=Text("URI", name="dns.uri.target"),
)


class HostInformation(RecordData):
    """Host information (RFC 1035, 3.3.2)."""

    name = "dns.rdata"
    prefix = "dns.hinfo"
    cpu_length = Found(Uint(8, "octets of the next"))
    cpu = Found(Text("processor"))
    os_length = Found(Uint(8, "octets of the next"))
    os = Found(Text("operating system"))
    follows = {"dns.resp.type": 13}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        yield from reader.counted("cpu_length", "cpu")
        yield from reader.counted("os_length", "os")


class TextStrings(RecordData):
    """Text (RFC 1035, 3.3.14)."""

    name = "dns.rdata"
    prefix = "dns.txt"
    length = Found(Uint(8, "octets of the next"))
    txt = Found(Text("text", name="dns.txt"))
    follows = {"dns.resp.type": (16, 99)}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        while reader.left:
            yield from reader.counted("length", "txt")


class NamingAuthority(RecordData):
    """Naming authority pointer (RFC 3403, 4.1)."""

    name = "dns.rdata"
    prefix = "dns.naptr"
    order = Uint(16, "the lowest is taken first")
    preference = Uint(16, "the lowest of one order is taken first")
    flags_length = Found(Uint(8, "octets of the next"))
    flags = Found(Text("what the result is"))
    service_length = Found(Uint(8, "octets of the next"))
    service = Found(Text("services and protocol"))
    regex_length = Found(Uint(8, "octets of the next"))
    regex = Found(Text("what is put in the place of what"))
    replacement = Found(DomainName("the next name to ask for"))
    follows = {"dns.resp.type": 35}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        yield from reader.counted("flags_length", "flags")
        yield from reader.counted("service_length", "service")
        yield from reader.counted("regex_length", "regex")
        yield reader.item("replacement")


class HashedNextName(RecordData):
    """Hashed next secure name (RFC 5155, 3.2)."""

    name = "dns.rdata"
    prefix = "dns.nsec3"
    algo = Uint(8, "how names are hashed", names={1: "SHA-1"})
    flags = Uint(
        8,
        "flags",
        parts={"reserved": Uint(7, "reserved, must be 0"), "opt_out": Flag("delegations without DS are left out")},
    )
    iterations = Uint(16, "further rounds")
    salt_length = Found(Uint(8, "octets of the next"))
    salt_value = Found(Bytes(None, "salt"))
    hash_length = Found(Uint(8, "octets of the next"))
    hash_value = Found(Bytes(None, "hash of the next name"))
    types = Found(TypeBitmap(None, "the types that the owner has"))
    follows = {"dns.resp.type": 50}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        yield from reader.counted("salt_length", "salt_value")
        yield from reader.counted("hash_length", "hash_value")
        yield reader.item("types", reader.left)


class HashParameters(RecordData):
    """Parameters of hashed names (RFC 5155, 4.2)."""

    name = "dns.rdata"
    prefix = "dns.nsec3"
    algo = Uint(8, "how names are hashed", names={1: "SHA-1"})
    flags = Uint(8, "reserved, must be 0")
    iterations = Uint(16, "further rounds")
    salt_length = Uint(8, "octets of the next")
    salt_value = Bytes(salt_length, "salt")
    follows = {"dns.resp.type": 51}


class TransactionSignature(RecordData):
    """Transaction signature (RFC 8945, 4.2)."""

    name = "dns.rdata"
    prefix = "dns.tsig"
    algorithm_name = Found(DomainName("how it was made"))
    time_signed = Found(Moment("when it was made", bits=48))
    fudge = Found(Uint(16, "how far the clocks may differ, seconds"))
    mac_size = Found(Uint(16, "octets of the next"))
    mac = Found(Bytes(None, "message authentication code"))
    original_id = Found(Uint(16, "of the message before it was forwarded"))
    error = Found(Uint(16, "error", names={16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 22: "BADTRUNC"}))
    other_len = Found(Uint(16, "octets of the next"))
    other_data = Found(Bytes(None, "the server's time, with BADTIME"))
    follows = {"dns.resp.type": 250}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        for attribute in ("algorithm_name", "time_signed", "fudge"):
            yield reader.item(attribute)
        yield from reader.counted("mac_size", "mac")
        yield reader.item("original_id")
        yield reader.item("error")
        yield from reader.counted("other_len", "other_data")


class CertificationAuthority(RecordData):
    """Certification authority authorization (RFC 8659, 4.1)."""

    name = "dns.rdata"
    prefix = "dns.caa"
    flags = Uint(
        8,
        "flags",
        shown=hex,
        parts={"issuer_critical": Flag("must be understood"), "rest": Uint(7, "reserved, must be 0")},
    )
    tag_length = Uint(8, "octets of the tag")
    tag = Text("property", tag_length)
    value = Text("its value")
    follows = {"dns.resp.type": 257}


class ServiceParameter(Option):
    """Service parameter (RFC 9460, 2.2)."""

    name = "dns.svcb.svcparam"
    key = Uint(
        16,
        "kind",
        names={
            0: "mandatory",
            1: "alpn",
            2: "no-default-alpn",
            3: "port",
            4: "ipv4hint",
            5: "ech",
            6: "ipv6hint",
            7: "dohpath",
            8: "ohttp",
        },
    )
    length = Uint(16, "octets of the value", name="dns.svcb.svcparam.value.length")

    members = by(key)
    end = length + 4


ServiceParameter.member(None, "Another parameter (RFC 9460, 2.2)", value=Bytes(None, "value"))
ServiceParameter.member(
    0,
    "Mandatory keys (RFC 9460, 8)",
    mandatory=Repeat("key", mandatory_key=Uint(16, "must be understood", name="dns.svcb.svcparam.mandatory.key")),
)
ServiceParameter.member(3, "Port (RFC 9460, 7.2)", port=Uint(16, "port"))
ServiceParameter.member(
    4,
    "IPv4 hints (RFC 9460, 7.3)",
    ipv4hint=Repeat("address", ip=IPv4Address("address", name="dns.svcb.svcparam.ipv4hint.ip")),
)
ServiceParameter.member(5, "Encrypted client hello (RFC 9848, 3)", echconfig=Bytes(None, "configuration"))
ServiceParameter.member(
    6,
    "IPv6 hints (RFC 9460, 7.3)",
    ipv6hint=Repeat("address", ip=IPv6Address("address", name="dns.svcb.svcparam.ipv6hint.ip")),
)


class ProtocolParameter(ServiceParameter):
    """Application protocols (RFC 9460, 7.1)."""

    name = "dns.svcb.svcparam"
    alpn_length = Found(Uint(8, "octets of the next", name="dns.svcb.svcparam.alpn.length"))
    alpn = Found(Text("protocol", name="dns.svcb.svcparam.alpn"))
    follows = {"dns.svcb.svcparam.key": 1}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        while reader.left:
            yield from reader.counted("alpn_length", "alpn")


RecordData.member(
    (64, 65),
    "Service binding (RFC 9460, 2.2)",
    svcpriority=Uint(16, "0: an alias; otherwise the lowest is tried first", name="dns.svcb.svcpriority"),
    targetname=DomainName("host, the root for the owner itself", name="dns.svcb.targetname"),
    svcparams=Options(ServiceParameter, "service parameters", name="dns.svcb.svcparams"),
)


class EDNSOption(Option):
    """EDNS option (RFC 6891, 6.1.2)."""

    name = "dns.opt"
    code = Uint(
        16,
        "kind",
        names={
            1: "LLQ",
            2: "UL",
            3: "NSID",
            5: "DAU",
            6: "DHU",
            7: "N3U",
            8: "CSUBNET",
            9: "EXPIRE",
            10: "COOKIE",
            11: "TCP-KEEPALIVE",
            12: "PADDING",
            13: "CHAIN",
            14: "KEY-TAG",
            15: "Extended DNS Error",
        },
    )
    len = Uint(16, "octets of the data")

    members = by(code)
    end = len + 4


EDNSOption.member(None, "Another option (RFC 6891, 6.1.2)", data=Bytes(None, "data"))
EDNSOption.member(
    5, "Signature algorithms understood (RFC 6975, 3)", dau_list=Repeat("algorithm", dau=Uint(8, "algorithm"))
)
EDNSOption.member(6, "DS digests understood (RFC 6975, 3)", dhu_list=Repeat("digest", dhu=Uint(8, "digest")))
EDNSOption.member(7, "NSEC3 hashes understood (RFC 6975, 3)", n3u_list=Repeat("hash", n3u=Uint(8, "hash")))
EDNSOption.member(
    10,
    "Cookie (RFC 7873, 4)",
    client=Bytes(8, "of the client", name="dns.opt.cookie.client"),
    server=Bytes(None, "of the server", name="dns.opt.cookie.server"),
)
EDNSOption.member(12, "Padding (RFC 7830, 3)", padding=Bytes(None, "octets without meaning"))
EDNSOption.member(13, "Chain (RFC 7901, 4)", fqdn=DomainName("the closest name trusted", name="dns.opt.chain.fqdn"))
EDNSOption.member(
    15,
    "Extended error (RFC 8914, 2)",
    info_code=Uint(
        16,
        "why",
        name="dns.opt.ext_error.info_code",
        names={
            0: "other error",
            3: "stale answer",
            4: "forged answer",
            6: "DNSSEC bogus",
            7: "signature expired",
            9: "DNSKEY missing",
            15: "blocked",
            16: "censored",
            17: "filtered",
            18: "prohibited",
            22: "no reachable authority",
            23: "network error",
        },
    ),
    extra_text=Text("more about it", name="dns.opt.ext_error.extra_text"),
)


class ClientSubnet(EDNSOption):
    """Client subnet (RFC 7871, 6)."""

    name = "dns.opt"
    prefix = "dns.opt.client"
    family = Uint(16, "of the address", names={1: "IPv4", 2: "IPv6"})
    netmask = Uint(8, "bits of the address that count in the query")
    scope = Uint(8, "bits of the address that the answer holds for")
    addr4 = Found(IPv4Address("network of the client"))
    addr6 = Found(IPv6Address("network of the client"))
    addr = Found(Bytes(None, "network of the client"))
    follows = {"dns.opt.code": 8}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        start, size = reader.at, reader.left
        octets = self.octets[start : start + size]
        if self.family == 1 and size <= 4:
            yield self.found("addr4", socket.inet_ntop(socket.AF_INET, octets.ljust(4, b"\0")), start, start + size)
        elif self.family == 2 and size <= 16:
            yield self.found("addr6", socket.inet_ntop(socket.AF_INET6, octets.ljust(16, b"\0")), start, start + size)
        else:
            yield reader.item("addr", size)


class KeepaliveTimeout(EDNSOption):
    """Keepalive of the connection (RFC 7828, 3.1)."""

    name = "dns.opt"
    prefix = "dns.opt.edns_tcp_keepalive"
    timeout = Found(Uint(16, "idle timeout, tenths of a second; only a server says it"))
    follows = {"dns.opt.code": 11}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        if reader.left:
            yield reader.item("timeout")
