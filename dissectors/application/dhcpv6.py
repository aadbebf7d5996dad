"""Dynamic Host Configuration Protocol for IPv6.

Clients and servers exchange one header, relay agents another around it.  Options nest: addresses in associations,
a whole message in what a relay agent sends on.
"""
from __future__ import annotations

from collections.abc import Iterator

from dissectors.application.domain_name import NO_END, DomainName, read_name
from dissectors.fields import Bytes, Derived, Flag, Found, IPv6Address, Moment, Options, Repeat, Text, Uint
from dissectors.header import Header, Item, Malformed, Missing, Option, by, inner
from dissectors.options import nested
from dissectors.reader import Reader

MESSAGE_TYPES = {
    1: "Solicit",
    2: "Advertise",
    3: "Request",
    4: "Confirm",
    5: "Renew",
    6: "Rebind",
    7: "Reply",
    8: "Release",
    9: "Decline",
    10: "Reconfigure",
    11: "Information-request",
    12: "Relay-forw",
    13: "Relay-reply",
    14: "Leasequery",
    15: "Leasequery-reply",
    16: "Leasequery-done",
    17: "Leasequery-data",
    18: "Reconfigure-request",
    19: "Reconfigure-reply",
    20: "DHCPv4-query",
    21: "DHCPv4-response",
}
RELAYED = (12, 13)
EPOCH = 946_684_800  # 2000-01-01, from which identifiers count, RFC 8415, 11.2


class HardwareAddress(Bytes):
    """A hardware address of any length."""

    type = "ether"

    def text(self, value: bytes) -> str:
        return value.hex(":")


class DHCPv6Option(Option):
    """DHCPv6 option (RFC 8415, 21.1)."""

    name = "dhcpv6.option"
    prefix = "dhcpv6"
    type = Uint(16, "kind", name="dhcpv6.option.type")
    length = Uint(16, "octets of the value", name="dhcpv6.option.length")

    members = by(type)
    end = length + 4


class DHCPv6(Header):
    """Dynamic Host Configuration Protocol for IPv6 (RFC 8415, 8)."""

    name = "dhcpv6"
    label = "DHCPv6"
    nested = True
    msgtype = Uint(8, "kind of message", names=MESSAGE_TYPES)

    follows = {"udp.port": (546, 547)}
    next = by(msgtype, default="dhcpv6.message")

    def info(self) -> str | None:
        if self.msgtype is None:
            return None
        told = MESSAGE_TYPES.get(self.msgtype, f"message {self.msgtype}")
        rest = self.extensions[0] if self.extensions else None
        if isinstance(rest, RelayMessage):
            told += f" L: {rest.linkaddr}"
        elif isinstance(rest, Message) and rest.xid is not None:
            told += f" XID: 0x{rest.xid:06x}"
        return told


class Message(Header):
    """Message of client or server (RFC 8415, 8)."""

    name = "dhcpv6.message"
    prefix = "dhcpv6"
    part_of = "dhcpv6"
    nested = True
    xid = Uint(24, "transaction, chosen by the client", shown=hex)
    options = Options(DHCPv6Option)


class RelayMessage(Header):
    """Message of a relay agent (RFC 8415, 9)."""

    name = "dhcpv6.relay"
    prefix = "dhcpv6"
    part_of = "dhcpv6"
    nested = True
    hopcount = Uint(8, "relay agents on the way")
    linkaddr = IPv6Address("link of the client")
    peeraddr = IPv6Address("where the message came from")
    options = Options(DHCPv6Option)

    follows = {"dhcpv6.msgtype": RELAYED}


class UniqueIdentifier(DHCPv6Option):
    """DHCP unique identifier of client or server (RFC 8415, 11.1)."""

    name = "dhcpv6.option"
    prefix = "dhcpv6"
    duid_type = Uint(
        16,
        "how it was made",
        names={1: "address and time", 2: "vendor", 3: "address", 4: "UUID"},
        name="dhcpv6.duid.type",
    )
    duid = Derived(
        Bytes(None, "the identifier", name="dhcpv6.duid.bytes"),
        lambda layer: layer.octets[layer.start + 4 : layer.stop],
    )

    members = by(duid_type)
    follows = {"dhcpv6.option.type": (1, 2, 53)}


UniqueIdentifier.member(
    1,
    "Unique identifier of address and time (RFC 8415, 11.2)",
    hwtype=Uint(16, "hardware type", names={1: "Ethernet"}, name="dhcpv6.duidllt.hwtype"),
    time=Moment("when it was made", epoch=EPOCH, name="dhcpv6.duidllt.time"),
    link_layer_addr=HardwareAddress(None, "hardware address", name="dhcpv6.duidllt.link_layer_addr"),
)
UniqueIdentifier.member(
    2,
    "Unique identifier of a vendor (RFC 8415, 11.3)",
    enterprise=Uint(32, "enterprise number", name="dhcpv6.duiden.enterprise"),
    identifier=Bytes(None, "identifier", name="dhcpv6.duiden.identifier"),
)
UniqueIdentifier.member(
    3,
    "Unique identifier of an address (RFC 8415, 11.4)",
    hwtype=Uint(16, "hardware type", names={1: "Ethernet"}, name="dhcpv6.duidll.hwtype"),
    link_layer_addr=HardwareAddress(None, "hardware address", name="dhcpv6.duidll.link_layer_addr"),
)
UniqueIdentifier.member(
    4, "Unique identifier of a machine (RFC 6355, 4)", uuid=Bytes(None, "UUID", name="dhcpv6.duiduuid.bytes")
)

DHCPv6Option.member(None, "Another option (RFC 8415, 21.1)", value=Bytes(None, "value", name="dhcpv6.option.value"))
DHCPv6Option.member(
    (3, 25),
    "Identity association (RFC 8415, 21.4 and 21.21)",
    iaid=Bytes(4, "identity, chosen by the client"),
    t1=Uint(32, "renew after, seconds", name="dhcpv6.iaid.t1"),
    t2=Uint(32, "rebind after, seconds", name="dhcpv6.iaid.t2"),
    ia_options=Options(DHCPv6Option, name="dhcpv6.ia.options"),
)
DHCPv6Option.member(
    4,
    "Identity association for temporary addresses (RFC 8415, 21.5)",
    iata=Bytes(4, "identity, chosen by the client"),
    ia_options=Options(DHCPv6Option, name="dhcpv6.ia.options"),
)
DHCPv6Option.member(
    5,
    "Address (RFC 8415, 21.6)",
    iaaddr_ip=IPv6Address("address", name="dhcpv6.iaaddr.ip"),
    pref_lifetime=Uint(32, "preferred for, seconds", name="dhcpv6.iaaddr.pref_lifetime"),
    valid_lifetime=Uint(32, "valid for, seconds", name="dhcpv6.iaaddr.valid_lifetime"),
    iaaddr_options=Options(DHCPv6Option, name="dhcpv6.iaaddr.options"),
)
DHCPv6Option.member(
    26,
    "Prefix (RFC 8415, 21.22)",
    pref_lifetime=Uint(32, "preferred for, seconds", name="dhcpv6.iaprefix.pref_lifetime"),
    valid_lifetime=Uint(32, "valid for, seconds", name="dhcpv6.iaprefix.valid_lifetime"),
    pref_len=Uint(8, "bits of the prefix", name="dhcpv6.iaprefix.pref_len"),
    pref_addr=IPv6Address("prefix", name="dhcpv6.iaprefix.pref_addr"),
    iaprefix_options=Options(DHCPv6Option, name="dhcpv6.iaprefix.options"),
)
DHCPv6Option.member(
    6, "Option request (RFC 8415, 21.7)", request=Repeat("option", requested_option_code=Uint(16, "option asked for"))
)
DHCPv6Option.member(
    11,
    "Authentication (RFC 8415, 21.11)",
    protocol_=Uint(8, "protocol", name="dhcpv6.auth.protocol"),
    algorithm=Uint(8, "algorithm", name="dhcpv6.auth.algorithm"),
    rdm=Uint(8, "how replays are told", name="dhcpv6.auth.rdm"),
    replay_detection=Bytes(8, "counter", name="dhcpv6.auth.replay_detection"),
    information=Bytes(None, "information", name="dhcpv6.auth.info"),
)
DHCPv6Option.member(
    13,
    "Status code (RFC 8415, 21.13)",
    status_code=Uint(
        16,
        "status",
        names={
            0: "Success",
            1: "UnspecFail",
            2: "NoAddrsAvail",
            3: "NoBinding",
            4: "NotOnLink",
            5: "UseMulticast",
            6: "NoPrefixAvail",
        },
    ),
    status_msg=Text("status in words"),
)
DHCPv6Option.member(
    37,
    "Remote end (RFC 4649, 3)",
    enterprise=Uint(32, "enterprise number", name="dhcpv6.remoteid.enterprise"),
    remote_id=Bytes(None, "the client's end of the circuit", name="dhcpv6.remoteid_enterprise_id"),
)
DHCPv6Option.member(
    39,
    "Client name (RFC 4704, 4)",
    client_fqdn_flags=Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "reserved": Uint(5, "reserved, must be 0"),
            "n": Flag("the server changes no records", name="dhcpv6.clientfqdn.n"),
            "o": Flag("the server did not do as the client said", name="dhcpv6.clientfqdn.o"),
            "s": Flag("the server changes the address record", name="dhcpv6.clientfqdn.s"),
        },
    ),
    client_domain=DomainName("name of the client", compressed=False),
)
DHCPv6Option.member(
    88, "DHCPv4-over-DHCPv6 servers (RFC 7341, 7.2)", servers=Repeat("server", dhcp4o6_server=IPv6Address("server"))
)
for _kind, _title, _attribute, _field in (
    (7, "Preference (RFC 8415, 21.8)", "option_preference", Uint(8, "the highest is taken")),
    (8, "Elapsed time (RFC 8415, 21.9)", "elapsed_time", Uint(16, "since the client began, milliseconds", unit=10)),
    (12, "Server unicast (RFC 8415, 21.12)", "unicast", IPv6Address("where the client may send")),
    (18, "Interface (RFC 8415, 21.18)", "interface_id", Bytes(None, "interface of the relay agent")),
    (19, "Reconfigure message (RFC 8415, 21.19)", "reconf_msg", Uint(8, "what to send", names=MESSAGE_TYPES)),
    (32, "Information refresh time (RFC 8415, 21.23)", "lifetime", Uint(32, "ask again after, seconds")),
    (38, "Subscriber (RFC 4580, 2)", "subscriber_id", Bytes(None, "who the client is")),
    (41, "POSIX time zone (RFC 4833, 3)", "timezone", Text("rule")),
    (42, "Named time zone (RFC 4833, 3)", "tzdb", Text("name")),
    (46, "Client data time (RFC 5007, 4.1.2.3)", "clt_time", Uint(32, "ago, seconds")),
    (51, "LoST server (RFC 5223, 4)", "lost_server", DomainName("server", compressed=False)),
    (59, "Boot file URL (RFC 5970, 3.1)", "bootfile_url", Text("URL")),
    (61, "Client system architecture (RFC 5970, 3.3)", "client_system_architecture", Uint(16, "architecture")),
    (64, "AFTR name (RFC 6334, 3)", "aftr_name", DomainName("end of the tunnel", compressed=False)),
    (82, "SOL_MAX_RT (RFC 8415, 21.24)", "sol_max_rt", Uint(32, "seconds")),
    (83, "INF_MAX_RT (RFC 8415, 21.25)", "inf_max_rt", Uint(32, "seconds")),
    (103, "Captive portal (RFC 8910, 2.2)", "captive_portal", Text("URI")),
    (112, "MUD URL (RFC 8520, 10)", "mudurl", Text("URL")),
    (135, "Relay source port (RFC 8357, 4.2)", "relay_port", Uint(16, "port")),
):
    DHCPv6Option.member(_kind, _title, **{_attribute: _field})

for _kind, _title, _attribute, _meaning in (
    (22, "SIP servers (RFC 3319, 3.2)", "sip_server_a", "SIP server"),
    (23, "DNS servers (RFC 3646, 3)", "dns_server", "DNS server"),
    (27, "NIS servers (RFC 3898, 3)", "nis_server", "NIS server"),
    (28, "NIS+ servers (RFC 3898, 4)", "nisp_server", "NIS+ server"),
    (31, "SNTP servers (RFC 4075, 4)", "sntp_server", "SNTP server"),
    (34, "BCMCS servers (RFC 4280, 4.4)", "bcmcs_server_a", "BCMCS server"),
    (40, "PANA agents (RFC 5192, 3.2)", "pana_agent", "PANA agent"),
    (52, "CAPWAP access controllers (RFC 5417, 3)", "capwap_ac_v6", "access controller"),
):
    _list = Repeat(_meaning, **{_attribute: IPv6Address(_meaning)})
    DHCPv6Option.member(_kind, _title, **{f"{_attribute}_list": _list})


class _Names(DHCPv6Option):
    """Names one behind the other (RFC 8415, 10)."""

    def names(self, attribute: str) -> Iterator[Item]:
        reader = Reader(self)
        while reader.left:
            name = read_name(self.octets, reader.at, reader.stop)
            if name.problem:
                raise (Missing if name.problem == NO_END else Malformed)(name.problem)
            yield reader.item(attribute)


class SearchList(_Names):
    """Domain search list (RFC 3646, 4)."""

    name = "dhcpv6.option"
    prefix = "dhcpv6"
    entry = Found(DomainName("domain", compressed=False, name="dhcpv6.search_list_entry"))
    follows = {"dhcpv6.option.type": 24}

    def body(self) -> Iterator[Item]:
        return self.names("entry")


class SIPDomains(_Names):
    """SIP server names (RFC 3319, 3.1)."""

    name = "dhcpv6.option"
    prefix = "dhcpv6"
    fqdn = Found(DomainName("SIP server", compressed=False, name="dhcpv6.sip_server_domain_search_fqdn"))
    follows = {"dhcpv6.option.type": 21}

    def body(self) -> Iterator[Item]:
        return self.names("fqdn")


class VendorOption(Option):
    """Vendor's option (RFC 8415, 21.17)."""

    name = "dhcpv6.vendoropts.enterprise"
    code = Uint(16, "kind", name="dhcpv6.vendoropts.enterprise.option_code")
    length = Uint(16, "octets of the value", name="dhcpv6.vendoropts.enterprise.option_length")
    data = Bytes(None, "value", name="dhcpv6.vendoropts.enterprise.option_data")

    end = length + 4


DHCPv6Option.member(
    17,
    "Vendor-specific information (RFC 8415, 21.17)",
    enterprise=Uint(32, "enterprise number", name="dhcpv6.vendoropts.enterprise"),
    vendor_options=Options(VendorOption, name="dhcpv6.vendoropts.options"),
)


class VendorClass(DHCPv6Option):
    """Vendor class (RFC 8415, 21.16)."""

    name = "dhcpv6.option"
    prefix = "dhcpv6.vendorclass"
    enterprise = Uint(32, "enterprise number")
    class_length = Found(Uint(16, "octets of the next", name="dhcpv6.vendorclass.length"))
    data = Found(Text("make of the client"))
    follows = {"dhcpv6.option.type": 16}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        while reader.left:
            yield from reader.counted("class_length", "data")


class UserClass(DHCPv6Option):
    """User class (RFC 8415, 21.15)."""

    name = "dhcpv6.option"
    prefix = "dhcpv6.userclass"
    class_length = Found(Uint(16, "octets of the next", name="dhcpv6.userclass.length"))
    class_data = Found(Bytes(None, "class", name="dhcpv6.userclass.opaque_data"))
    follows = {"dhcpv6.option.type": 15}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        while reader.left:
            yield from reader.counted("class_length", "class_data")


class RelayedMessage(DHCPv6Option):
    """Relayed message (RFC 8415, 21.10)."""

    name = "dhcpv6.option"
    prefix = "dhcpv6"
    follows = {"dhcpv6.option.type": 9}

    def body(self) -> Iterator[Item]:
        """A whole message, of the client or of another relay agent."""
        reader = Reader(self)
        message = nested(self, DHCPv6, reader.at, self.stop)
        if message is not None:
            yield inner(message)
