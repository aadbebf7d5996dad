"""DHCP options, and in them the relay agent's.

Most are one value or a list of one kind: a row here, from the sections of RFC 2132 and what came after.  Several
options of one kind are one value cut in pieces (RFC 3396); each is shown as it stands.
"""
from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from typing import cast

from dissectors.application.domain_name import DomainName, read_name
from dissectors.fields import MAC, Bytes, Field, Flag, Found, Int, IPv4Address, IPv6Address, Options, Repeat, Text, Uint
from dissectors.header import Header, Item, Malformed, Option, by
from dissectors.reader import Reader

MESSAGE_TYPES = {
    1: "Discover",
    2: "Offer",
    3: "Request",
    4: "Decline",
    5: "ACK",
    6: "NAK",
    7: "Release",
    8: "Inform",
    9: "Force Renew",
    10: "Lease query",
    11: "Lease Unassigned",
    12: "Lease Unknown",
    13: "Lease Active",
    14: "Bulk Lease Query",
    15: "Lease Query Done",
    16: "Active Lease Query",
    17: "Lease Query Status",
    18: "TLS",
}
PAD, END = 0, 255


class DHCPOption(Option):
    """DHCP option (RFC 2132, 2)."""

    name = "dhcp.option"
    type = Uint(8, "kind")
    length = Uint(8, "octets of the value")

    members = by(type)
    end = length + 2
    single = (PAD, END)
    last = (END,)


def _titles(_: Header) -> Mapping[int, str]:
    """What the options are called, once they are all declared."""
    return cast("Uint", DHCPOption.declaration.fields["type"]).names


def _addresses(kind: int, title: str, attribute: str, meaning: str) -> None:
    """An option that lists addresses, the best first."""
    DHCPOption.member(kind, title, **{f"{attribute}_list": Repeat(meaning, **{attribute: IPv4Address(meaning)})})


def _values(rows: dict[int, tuple[str, str, Field]]) -> None:
    """Options of one value each: kind, title, attribute, field."""
    for kind, (title, attribute, field) in rows.items():
        DHCPOption.member(kind, title, **{attribute: field})


DHCPOption.member(None, "Another option (RFC 2132, 2)", value=Bytes(None, "value"))
DHCPOption.member(PAD, "Pad (RFC 2132, 3.1)")
DHCPOption.member(END, "End (RFC 2132, 3.2)")

for _kind, _section, _attribute, _meaning in (
    (3, "3.5", "router", "router"),
    (4, "3.6", "time_server", "time server"),
    (5, "3.7", "name_server", "IEN 116 name server"),
    (6, "3.8", "domain_name_server", "DNS server"),
    (7, "3.9", "log_server", "log server"),
    (8, "3.10", "quotes_server", "cookie server"),
    (9, "3.11", "lpr_server", "LPR server"),
    (10, "3.12", "impress_server", "Impress server"),
    (11, "3.13", "resource_location_server", "resource location server"),
    (41, "8.2", "nis_server", "NIS server"),
    (42, "8.3", "ntp_server", "NTP server"),
    (44, "8.5", "netbios_over_tcpip_name_server", "NetBIOS name server"),
    (45, "8.6", "netbios_over_tcpip_dd_name_server", "NetBIOS datagram distribution server"),
    (48, "8.9", "xwindows_system_font_server", "X window system font server"),
    (49, "8.10", "xwindows_system_display_manager", "X window system display manager"),
    (65, "8.12", "nis_plus_server", "NIS+ server"),
    (68, "8.13", "mobile_ip_home_agent", "mobile IP home agent"),
    (69, "8.14", "smtp_server", "SMTP server"),
    (70, "8.15", "pop3_server", "POP3 server"),
    (71, "8.16", "nntp_server", "NNTP server"),
    (72, "8.17", "default_www_server", "WWW server"),
    (73, "8.18", "default_finger_server", "finger server"),
    (74, "8.19", "default_irc_server", "IRC server"),
    (75, "8.20", "streettalk_server", "StreetTalk server"),
    (76, "8.21", "streettalk_da_server", "StreetTalk directory assistance server"),
):
    _addresses(_kind, f"{_meaning[0].upper()}{_meaning[1:]} (RFC 2132, {_section})", _attribute, _meaning)
_addresses(92, "Associated addresses (RFC 4388, 6.1)", "associated_ip_option", "another address of the client")
_addresses(138, "CAPWAP access controllers (RFC 5417, 2)", "capwap_access_controller", "access controller")
_addresses(150, "TFTP servers (RFC 5859, 2)", "tftp_server_address", "TFTP server")

_values(
    {
        1: ("Subnet mask (RFC 2132, 3.3)", "subnet_mask", IPv4Address("mask")),
        2: ("Time offset (RFC 2132, 3.4)", "time_offset", Int(32, "east of Greenwich, seconds")),
        12: ("Host name (RFC 2132, 3.14)", "hostname", Text("name of the client")),
        13: ("Boot file size (RFC 2132, 3.15)", "boot_file_size", Uint(16, "blocks of 512 octets")),
        14: ("Merit dump file (RFC 2132, 3.16)", "merit_dump_file", Text("where to dump a crash")),
        15: ("Domain name (RFC 2132, 3.17)", "domain_name", Text("domain of the client")),
        16: ("Swap server (RFC 2132, 3.18)", "swap_server", IPv4Address("swap server")),
        17: ("Root path (RFC 2132, 3.19)", "root_path", Text("root disk")),
        18: ("Extensions path (RFC 2132, 3.20)", "extension_path", Text("file with more options")),
        19: ("IP forwarding (RFC 2132, 4.1)", "ip_forwarding", Flag("forward packets", bits=8)),
        20: (
            "Non-local source routing (RFC 2132, 4.2)",
            "non_local_source_routing",
            Flag("forward packets with source routes", bits=8),
        ),
        22: (
            "Maximum datagram reassembly size (RFC 2132, 4.4)",
            "max_datagram_reassembly_size",
            Uint(16, "octets to be ready for"),
        ),
        23: ("Default IP time to live (RFC 2132, 4.5)", "default_ip_ttl", Uint(8, "hops")),
        24: ("Path MTU aging timeout (RFC 2132, 4.6)", "path_mtu_aging_timeout", Uint(32, "seconds")),
        26: ("Interface MTU (RFC 2132, 5.1)", "interface_mtu", Uint(16, "octets")),
        27: ("All subnets are local (RFC 2132, 5.2)", "all_subnets_are_local", Flag("the same MTU in all", bits=8)),
        28: ("Broadcast address (RFC 2132, 5.3)", "broadcast_address", IPv4Address("broadcast address")),
        29: ("Mask discovery (RFC 2132, 5.4)", "perform_mask_discovery", Flag("ask for the mask", bits=8)),
        30: ("Mask supplier (RFC 2132, 5.5)", "mask_supplier", Flag("answer requests for the mask", bits=8)),
        31: ("Router discovery (RFC 2132, 5.6)", "perform_router_discover", Flag("solicit routers", bits=8)),
        32: (
            "Router solicitation address (RFC 2132, 5.7)",
            "router_solicitation_address",
            IPv4Address("where to solicit"),
        ),
        34: ("Trailer encapsulation (RFC 2132, 6.1)", "trailer_encapsulation", Flag("negotiate trailers", bits=8)),
        35: ("ARP cache timeout (RFC 2132, 6.2)", "arp_cache_timeout", Uint(32, "seconds")),
        36: ("Ethernet encapsulation (RFC 2132, 6.3)", "ethernet_encapsulation", Flag("IEEE 802.3", bits=8)),
        37: ("TCP time to live (RFC 2132, 7.1)", "tcp_default_ttl", Uint(8, "hops")),
        38: ("TCP keepalive interval (RFC 2132, 7.2)", "tcp_keepalive_interval", Uint(32, "seconds")),
        39: ("TCP keepalive garbage (RFC 2132, 7.3)", "tcp_keepalive_garbage", Flag("send an octet", bits=8)),
        40: ("NIS domain (RFC 2132, 8.1)", "nis_domain", Text("domain")),
        43: (
            "Vendor-specific information (RFC 2132, 8.4)",
            "vendor_specific",
            Bytes(None, "value", name="dhcp.option.vendor.value"),
        ),
        46: (
            "NetBIOS node type (RFC 2132, 8.7)",
            "netbios_over_tcpip_node_type",
            Uint(8, "how names are resolved", names={1: "B-node", 2: "P-node", 4: "M-node", 8: "H-node"}),
        ),
        47: ("NetBIOS scope (RFC 2132, 8.8)", "netbios_over_tcpip_scope", Text("scope")),
        50: ("Requested IP address (RFC 2132, 9.1)", "requested_ip_address", IPv4Address("address that is wished for")),
        51: ("IP address lease time (RFC 2132, 9.2)", "ip_address_lease_time", Uint(32, "seconds")),
        52: (
            "Option overload (RFC 2132, 9.3)",
            "option_overload",
            Uint(8, "where more options are", names={1: "file", 2: "sname", 3: "file and sname"}),
        ),
        53: ("DHCP message type (RFC 2132, 9.6)", "dhcp", Uint(8, "kind of message", names=MESSAGE_TYPES)),
        54: ("Server identifier (RFC 2132, 9.7)", "dhcp_server_id", IPv4Address("the server that is meant")),
        56: ("Message (RFC 2132, 9.9)", "message", Text("why not")),
        57: ("Maximum DHCP message size (RFC 2132, 9.10)", "dhcp_max_message_size", Uint(16, "octets")),
        58: ("Renewal time T1 (RFC 2132, 9.11)", "renewal_time_value", Uint(32, "seconds")),
        59: ("Rebinding time T2 (RFC 2132, 9.12)", "rebinding_time_value", Uint(32, "seconds")),
        60: ("Vendor class identifier (RFC 2132, 9.13)", "vendor_class_id", Text("make of the client")),
        64: ("NIS+ domain (RFC 2132, 8.11)", "nis_plus_domain", Text("domain")),
        66: ("TFTP server name (RFC 2132, 9.4)", "tftp_server_name", Text("name")),
        67: ("Boot file name (RFC 2132, 9.5)", "bootfile_name", Text("name")),
        91: ("Last transaction time (RFC 4388, 6.1)", "client_last_transaction_time", Uint(32, "ago, seconds")),
        93: ("Client system architecture (RFC 4578, 2.1)", "client_system_architecture", Uint(16, "architecture")),
        100: ("POSIX time zone (RFC 4833, 2)", "tz_pcode", Text("rule")),
        101: ("Named time zone (RFC 4833, 2)", "tz_tcode", Text("name")),
        108: ("IPv6-only preferred (RFC 8925, 3.1)", "ipv6_only_preferred", Uint(32, "do without IPv4, seconds")),
        114: ("Captive portal (RFC 8910, 2.1)", "captive_portal", Text("URI")),
        116: ("Auto-configuration (RFC 2563, 2)", "dhcp_auto_configuration", Flag("choose an address", bits=8)),
        118: ("Subnet selection (RFC 3011, 2)", "subnet_selection_option", IPv4Address("subnet")),
        161: ("MUD URL (RFC 8520, 10)", "mudurl", Text("URL")),
        252: ("Web proxy auto-discovery (draft-ietf-wrec-wpad)", "private_proxy_autodiscovery", Text("URL")),
    }
)
DHCPOption.member(
    21,
    "Policy filter (RFC 2132, 4.3)",
    policy_filter=Repeat(
        "destination",
        ip=IPv4Address("address", name="dhcp.option.policy_filter.ip"),
        mask=IPv4Address("mask", name="dhcp.option.policy_filter.subnet_mask"),
    ),
)
DHCPOption.member(
    25,
    "Path MTU plateaus (RFC 2132, 4.7)",
    plateaus=Repeat("plateau", path_mtu_plateau_table_item=Uint(16, "octets")),
)
DHCPOption.member(
    33,
    "Static routes (RFC 2132, 5.8)",
    static_route=Repeat(
        "route",
        destination=IPv4Address("destination", name="dhcp.option.static_route.ip"),
        gateway=IPv4Address("router", name="dhcp.option.static_route.router"),
    ),
)
DHCPOption.member(
    55,
    "Parameter request list (RFC 2132, 9.8)",
    request_list=Repeat("option", request_list_item=Uint(8, "option that is asked for", names=_titles)),
)
DHCPOption.member(
    90,
    "Authentication (RFC 3118, 2)",
    protocol_=Uint(8, "protocol", name="dhcp.option.dhcp_authentication.protocol"),
    algorithm=Uint(8, "algorithm", name="dhcp.option.dhcp_authentication.algorithm"),
    rdm=Uint(8, "how replays are told", name="dhcp.option.dhcp_authentication.rdm"),
    replay_detection=Uint(64, "counter", shown=hex, name="dhcp.option.dhcp_authentication.rdm_replay_detection"),
    information=Bytes(None, "information", name="dhcp.option.dhcp_authentication.information"),
)
DHCPOption.member(
    94,
    "Client network interface (RFC 4578, 2.2)",
    interface_type=Uint(8, "kind of interface", names={1: "UNDI"}, name="dhcp.client_network_id"),
    major=Uint(8, "version", name="dhcp.client_network_id_major"),
    minor=Uint(8, "version", name="dhcp.client_network_id_minor"),
)
DHCPOption.member(
    97,
    "Client machine identifier (RFC 4578, 2.3)",
    machine_type=Uint(8, "kind of identifier", names={0: "GUID"}, name="dhcp.client_id.machine_type"),
    machine_id=Bytes(None, "identifier", name="dhcp.client_id.uuid"),
)
DHCPOption.member(
    125,
    "Vendor-identifying information (RFC 3925, 4)",
    vi_enterprise=Uint(32, "enterprise number", name="dhcp.option.vi.enterprise"),
    vi_length=Uint(8, "octets of its data", name="dhcp.option.vi.length"),
    vi_value=Bytes(None, "value", name="dhcp.option.vi.value"),
)
DHCPOption.member(
    124,
    "Vendor-identifying class (RFC 3925, 3)",
    vi_class_enterprise=Uint(32, "enterprise number", name="dhcp.option.vi_class.enterprise"),
    vi_class_length=Uint(8, "octets of its data", name="dhcp.option.vi_class.length"),
    vi_class_data=Bytes(None, "class", name="dhcp.option.vi_class.data"),
)
DHCPOption.member(
    212,
    "IPv6 rapid deployment (RFC 5969, 7.1.1)",
    ipv4_mask_len=Uint(8, "bits that all addresses share", name="dhcp.option.6RD.ipv4_mask_len"),
    prefix_len=Uint(8, "bits of the prefix", name="dhcp.option.6RD.prefix_len"),
    rapid_prefix=IPv6Address("prefix", name="dhcp.option.6RD.prefix"),
    relays=Repeat("relay", relay=IPv4Address("border relay", name="dhcp.option.6RD.border_relay_ip")),
)


class ClientIdentifier(DHCPOption):
    """Client identifier (RFC 2132, 9.14)."""

    name = "dhcp.option"
    prefix = "dhcp.client_id"
    hw_type = Found(Uint(8, "hardware type", shown=hex, name="dhcp.hw.type"))
    hw_mac_addr = Found(MAC("hardware address of the client", name="dhcp.hw.mac_addr"))
    type_ = Found(Uint(8, "0, or 255 before an identity association and a DUID"))
    client_id = Found(Bytes(None, "identifier", name="dhcp.client_id"))
    follows = {"dhcp.option.type": 61}

    def body(self) -> Iterator[Item]:
        """A hardware address, where it looks like one."""
        reader = Reader(self)
        if reader.left == 7 and self.octets[reader.at] not in (0, 255):
            yield reader.item("hw_type")
            yield reader.item("hw_mac_addr")
        else:
            yield reader.item("type_")
            yield reader.item("client_id", reader.left)


class ClientName(DHCPOption):
    """Client name (RFC 4702, 2)."""

    name = "dhcp.option"
    prefix = "dhcp.fqdn"
    flags = Uint(
        8,
        "flags",
        shown=hex,
        parts={
            "mbz": Uint(4, "reserved, must be 0", name="dhcp.fqdn.mbz"),
            "n": Flag("the server changes no records", name="dhcp.fqdn.n"),
            "e": Flag("the name is in DNS encoding", name="dhcp.fqdn.e"),
            "o": Flag("the server did not do as the client said", name="dhcp.fqdn.o"),
            "s": Flag("the server changes the address record", name="dhcp.fqdn.s"),
        },
    )
    rcode1 = Uint(8, "deprecated, 255 from a server")
    rcode2 = Uint(8, "deprecated, 255 from a server")
    name_ = Found(Text("name of the client"))
    follows = {"dhcp.option.type": 81}

    def body(self) -> Iterator[Item]:
        """The name as it is, or as in DNS, then perhaps without its end (RFC 4702, 2.3)."""
        reader = Reader(self)
        if self.e and reader.left:
            name = read_name(self.octets, reader.at, reader.stop)
            yield self.found("name_", name.text, reader.at, reader.stop)
        elif reader.left:
            yield reader.item("name_", reader.left)


class DomainSearch(DHCPOption):
    """Domain search list (RFC 3397, 2)."""

    name = "dhcp.option"
    fqdn = Found(DomainName("domain", name="dhcp.option.dhcp_dns_domain_search_list_fqdn"))
    follows = {"dhcp.option.type": 119}

    def body(self) -> Iterator[Item]:
        """Pointers count from the value of the option."""
        reader = Reader(self)
        origin = reader.at
        while reader.left:
            name = read_name(self.octets, reader.at, reader.stop, origin)
            if name.problem:
                raise Malformed(name.problem)
            yield self.found("fqdn", name.text, reader.at, name.stop)
            reader.at = name.stop


class ClasslessRoutes(DHCPOption):
    """Classless static routes (RFC 3442)."""

    name = "dhcp.option"
    route = Found(Text("destination and router", name="dhcp.option.classless_static_route"))
    follows = {"dhcp.option.type": (121, 249)}

    def body(self) -> Iterator[Item]:
        """Of a destination only the octets that its mask covers are there."""
        reader = Reader(self)
        while reader.left:
            start = reader.need(1)
            width = self.octets[start]
            if width > 32:
                raise Malformed(f"a mask of {width} bits")
            size = (width + 7) // 8
            at = reader.need(size + 4)
            destination = socket.inet_ntoa(self.octets[at : at + size].ljust(4, b"\0"))
            router = socket.inet_ntoa(self.octets[at + size : at + size + 4])
            yield self.found("route", f"{destination}/{width} {router}", start, reader.at)


class UserClass(DHCPOption):
    """User class (RFC 3004, 4)."""

    name = "dhcp.option"
    prefix = "dhcp.option.user_class"
    length_ = Found(Uint(8, "octets of the next"))
    data = Found(Bytes(None, "class"))
    follows = {"dhcp.option.type": 77}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        while reader.left:
            yield from reader.counted("length_", "data")


class AgentSuboption(Option):
    """Relay agent suboption (RFC 3046, 2.0)."""

    name = "dhcp.option.agent_information_option"
    suboption = Uint(8, "kind")
    length = Uint(8, "octets of the value", name="dhcp.option.suboption_length")

    members = by(suboption)
    end = length + 2


for _kinds, _title, _attribute, _field in (
    (None, "Another suboption (RFC 3046, 2.0)", "value", Bytes(None, "value")),
    (1, "Circuit (RFC 3046, 3.1)", "agent_circuit_id", Bytes(None, "circuit the client is on")),
    (2, "Remote end (RFC 3046, 3.2)", "agent_remote_id", Bytes(None, "the client's end of the circuit")),
    (4, "DOCSIS device class (RFC 3256, 2)", "docsis_device_class", Uint(32, "class", shown=hex)),
    (5, "Link selection (RFC 3527, 3)", "link_selection", IPv4Address("a subnet of the client's link")),
    (6, "Subscriber (RFC 3993, 3)", "subscriber_id", Text("who the client is")),
    (7, "RADIUS attributes (RFC 4014, 3)", "radius_attributes", Bytes(None, "attributes")),
    (8, "Authentication (RFC 4030, 4)", "authentication", Bytes(None, "information")),
    (9, "Vendor-specific information (RFC 4243, 3)", "vi", Bytes(None, "information")),
    (10, "Relay agent flags (RFC 5010, 3)", "flags", Uint(8, "0x80: the client sent by unicast", shown=hex)),
    (11, "Server identifier override (RFC 5107, 4)", "server_id_override", IPv4Address("what to send renewals to")),
    (12, "Relay agent identifier (RFC 6925, 5)", "relay_agent_id", Bytes(None, "identifier")),
):
    AgentSuboption.member(_kinds, _title, **{_attribute: _field})

DHCPOption.member(
    82,
    "Relay agent information (RFC 3046, 2.0)",
    agent_information=Options(AgentSuboption, "suboptions", name="dhcp.option.agent_information"),
)
