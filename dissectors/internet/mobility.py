"""Mobile IPv6: messages between a mobile node, its home agent and its correspondents, in an extension header."""
from __future__ import annotations

from dissectors.checksum import status_field, transport_status
from dissectors.fields import Bytes, Flag, IPv4Address, IPv6Address, Options, Text, Uint
from dissectors.header import Header, Option, by
from dissectors.internet.numbers import PROTOCOLS

PROTOCOL = 135
MESSAGES = {
    0: "Binding Refresh Request",
    1: "Home Test Init",
    2: "Care-of Test Init",
    3: "Home Test",
    4: "Care-of Test",
    5: "Binding Update",
    6: "Binding Acknowledgement",
    7: "Binding Error",
    8: "Fast Binding Update",
    9: "Fast Binding Acknowledgment",
    10: "Fast Neighbor Advertisement",
    12: "Home Agent Switch",
    13: "Heartbeat",
    14: "Handover Initiate",
    15: "Handover Acknowledge",
    16: "Binding Revocation",
    17: "Localized Routing Initiation",
    18: "Localized Routing Acknowledgment",
}
STATUSES = {
    0: "accepted",
    1: "accepted, but prefix discovery necessary",
    128: "reason unspecified",
    129: "administratively prohibited",
    130: "insufficient resources",
    131: "home registration not supported",
    132: "not home subnet",
    133: "not home agent for this mobile node",
    134: "duplicate address detection failed",
    135: "sequence number out of window",
    136: "expired home nonce index",
    137: "expired care-of nonce index",
    138: "expired nonces",
    139: "registration type change disallowed",
    140: "mobile router operation not permitted",
    141: "invalid prefix",
    142: "not authorized for prefix",
    143: "forwarding setup failed",
    174: "invalid care-of address",
}


class MobilityHeader(Header):
    """Mobile IPv6 (RFC 6275, 6.1)."""

    name = "mipv6"
    label = "MIPv6"
    prefix = "mip6"
    proto = Uint(8, "next header", names=PROTOCOLS)
    hlen = Uint(8, "words of 8 octets beyond the first")
    mhtype = Uint(8, "type of the message", names=MESSAGES)
    reserved = Uint(8, "not used", shown=hex)
    checksum = Uint(16, "of the message and the pseudo header", shown=hex, name="mip6.csum")
    checksum_status = status_field(lambda layer: transport_status(layer, PROTOCOL), name="mip6.csum.status")

    end = hlen * 8 + 8
    follows = {"ip.proto": (PROTOCOL, 62)}
    next = by(mhtype)

    def info(self) -> str | None:
        return None if self.mhtype is None else MESSAGES.get(self.mhtype, f"Mobility message {self.mhtype}")


class MobilityOption(Option):
    """Mobility option (RFC 6275, 6.2)."""

    name = "mip6.option"
    prefix = "mip6"
    mobility_opt = Uint(8, "kind")
    opt_len = Uint(8, "octets of the option's data", name="mip6.mobility_opt.len")

    members = by(mobility_opt, default="mip6.option.unknown")
    end = opt_len + 2
    single = (0,)


class UnknownOption(MobilityOption):
    """Mobility option of unknown kind (RFC 6275, 6.2)."""

    name = "mip6.option.unknown"
    prefix = "mip6"
    data_ = Bytes(None, "what the option says", name="mip6.option.data")


class Pad1(MobilityOption):
    """Padding of one octet (RFC 6275, 6.2.2)."""

    name = "mip6.option.pad1"

    follows = {"mip6.mobility_opt": 0}


class PadN(MobilityOption):
    """Padding of two and more octets (RFC 6275, 6.2.3)."""

    name = "mip6.option.padn"
    prefix = "mip6"
    padn = Bytes(None, "zeros")

    follows = {"mip6.mobility_opt": 1}


class BindingRefreshAdvice(MobilityOption):
    """Binding refresh advice (RFC 6275, 6.2.4)."""

    name = "mip6.bra"
    interval = Uint(16, "refresh interval, units of 4 seconds")

    follows = {"mip6.mobility_opt": 2}


class AlternateCareOfAddress(MobilityOption):
    """Alternate care-of address (RFC 6275, 6.2.5)."""

    name = "mip6.acoa"
    acoa = IPv6Address("care-of address")

    follows = {"mip6.mobility_opt": 3}


class NonceIndices(MobilityOption):
    """Nonce indices (RFC 6275, 6.2.6)."""

    name = "mip6.ni"
    hni = Uint(16, "home nonce index")
    cni = Uint(16, "care-of nonce index")

    follows = {"mip6.mobility_opt": 4}


class BindingAuthorization(MobilityOption):
    """Binding authorization data (RFC 6275, 6.2.7)."""

    name = "mip6.bad"
    auth = Bytes(None, "authenticator")

    follows = {"mip6.mobility_opt": 5}


class MobileNetworkPrefix(MobilityOption):
    """Mobile network prefix, home network prefix (RFC 3963, 4.3; RFC 5213, 8.3)."""

    name = "mip6.nemo.mnp"
    reserved = Uint(8, "not used")
    pfl = Uint(8, "prefix length, bits")
    mnp = IPv6Address("prefix")

    follows = {"mip6.mobility_opt": (6, 22)}


class LinkLayerAddress(MobilityOption):
    """Mobility header link-layer address (RFC 5568, 6.4.4)."""

    name = "mip6.link_layer_address"
    prefix = "mip6"
    optcode = Uint(8, "whose address", name="mip6.lla.optcode")
    lla = Bytes(None, "link-layer address")

    follows = {"mip6.mobility_opt": 7}


class MobileNodeIdentifier(MobilityOption):
    """Mobile node identifier (RFC 4283, 3)."""

    name = "mip6.mnid"
    subtype = Uint(8, "form", names={1: "network access identifier"})
    identifier = Text("identifier")

    follows = {"mip6.mobility_opt": 8}


class MessageAuthentication(MobilityOption):
    """Authentication (RFC 4285, 5)."""

    name = "mip6.auth"
    subtype = Uint(8, "with whom", names={1: "home agent", 2: "AAA server"})
    mobility_spi = Uint(32, "security association")
    auth_data = Bytes(None, "authentication data")

    follows = {"mip6.mobility_opt": 9}


class IPv4HomeAddress(MobilityOption):
    """IPv4 home address (RFC 5555, 3.1.1)."""

    name = "mip6.ipv4ha"
    preflen = Uint(6, "prefix length, bits")
    p_flag = Flag("a prefix is asked for")
    reserved = Uint(9, "not used")
    ha = IPv4Address("IPv4 home address")

    follows = {"mip6.mobility_opt": 29}


class BindingRefreshRequest(Header):
    """Binding refresh request (RFC 6275, 6.1.2)."""

    name = "mip6.brr"
    part_of = "mipv6"
    reserved = Bytes(2, "not used")
    options = Options(MobilityOption, "mobility options")

    follows = {"mip6.mhtype": 0}


class HomeTestInit(Header):
    """Home test init (RFC 6275, 6.1.3)."""

    name = "mip6.hoti"
    part_of = "mipv6"
    reserved = Bytes(2, "not used")
    cookie = Uint(64, "home init cookie", shown=hex)
    options = Options(MobilityOption, "mobility options")

    follows = {"mip6.mhtype": 1}


class CareOfTestInit(Header):
    """Care-of test init (RFC 6275, 6.1.4)."""

    name = "mip6.coti"
    part_of = "mipv6"
    reserved = Bytes(2, "not used")
    cookie = Uint(64, "care-of init cookie", shown=hex)
    options = Options(MobilityOption, "mobility options")

    follows = {"mip6.mhtype": 2}


class HomeTest(Header):
    """Home test (RFC 6275, 6.1.5)."""

    name = "mip6.hot"
    part_of = "mipv6"
    nindex = Uint(16, "home nonce index")
    cookie = Uint(64, "home init cookie", shown=hex)
    token = Uint(64, "home keygen token", shown=hex)
    options = Options(MobilityOption, "mobility options")

    follows = {"mip6.mhtype": 3}


class CareOfTest(Header):
    """Care-of test (RFC 6275, 6.1.6)."""

    name = "mip6.cot"
    part_of = "mipv6"
    nindex = Uint(16, "care-of nonce index")
    cookie = Uint(64, "care-of init cookie", shown=hex)
    token = Uint(64, "care-of keygen token", shown=hex, name="mip6.hot.token")
    options = Options(MobilityOption, "mobility options")

    follows = {"mip6.mhtype": 4}


class BindingUpdate(Header):
    """Binding update (RFC 6275, 6.1.7)."""

    name = "mip6.bu"
    part_of = "mipv6"
    seqnr = Uint(16, "sequence number")
    a_flag = Flag("acknowledge")
    h_flag = Flag("home registration")
    l_flag = Flag("link-local address compatibility")
    k_flag = Flag("key management mobility")
    m_flag = Flag("registration at a mobility anchor point")
    r_flag = Flag("mobile router", name="mip6.nemo.bu.r_flag")
    p_flag = Flag("proxy registration")
    f_flag = Flag("forced UDP encapsulation")
    t_flag = Flag("TLV header format")
    b_flag = Flag("bulk binding update")
    reserved = Uint(6, "not used")
    lifetime = Uint(16, "units of 4 seconds")
    options = Options(MobilityOption, "mobility options")

    follows = {"mip6.mhtype": 5}


class BindingAcknowledgement(Header):
    """Binding acknowledgement (RFC 6275, 6.1.8)."""

    name = "mip6.ba"
    part_of = "mipv6"
    status_ = Uint(8, "below 128 when the binding was accepted", names=STATUSES)
    k_flag = Flag("key management mobility")
    r_flag = Flag("mobile router", name="mip6.nemo.ba.r_flag")
    p_flag = Flag("proxy registration")
    t_flag = Flag("TLV header format")
    b_flag = Flag("bulk binding update")
    reserved = Uint(3, "not used")
    seqnr = Uint(16, "sequence number")
    lifetime = Uint(16, "units of 4 seconds")
    options = Options(MobilityOption, "mobility options")

    follows = {"mip6.mhtype": 6}


class BindingError(Header):
    """Binding error (RFC 6275, 6.1.9)."""

    name = "mip6.be"
    part_of = "mipv6"
    status_ = Uint(8, "why", names={1: "unknown binding for the home address option", 2: "unknown message type"})
    reserved = Uint(8, "not used")
    haddr = IPv6Address("home address")
    options = Options(MobilityOption, "mobility options")

    follows = {"mip6.mhtype": 7}


class Heartbeat(Header):
    """Heartbeat (RFC 5847, 3.3)."""

    name = "mip6.hb"
    part_of = "mipv6"
    reserved = Uint(14, "not used")
    u_flag = Flag("not asked for")
    r_flag = Flag("response")
    seqnr = Uint(32, "sequence number")
    options = Options(MobilityOption, "mobility options")

    follows = {"mip6.mhtype": 13}
