"""Dynamic Host Configuration Protocol, and BOOTP, whose header it is.  The options are in dhcp_options.py."""
from __future__ import annotations

from dissectors.application.dhcp_options import MESSAGE_TYPES, DHCPOption
from dissectors.fields import MAC, Bytes, Flag, IPv4Address, Options, Text, Uint
from dissectors.header import Header

COOKIE = 0x63825363  # 99.130.83.99: options follow, RFC 2131, 3


class DHCP(Header):
    """Dynamic Host Configuration Protocol (RFC 2131, 2)."""

    name = "dhcp"
    type = Uint(8, "direction", names={1: "boot request", 2: "boot reply"})
    hw_type = Uint(8, "hardware type", shown=hex, name="dhcp.hw.type", names={1: "Ethernet"})
    hw_len = Uint(8, "octets of the hardware address", name="dhcp.hw.len")
    hops = Uint(8, "relay agents on the way")
    id = Uint(32, "transaction, chosen by the client", shown=hex)
    secs = Uint(16, "since the client began, seconds")
    flags = Uint(
        16,
        "flags",
        shown=hex,
        parts={"bc": Flag("answer by broadcast"), "reserved": Uint(15, "reserved, must be 0", shown=hex)},
    )
    ip_client = IPv4Address("address that the client has", name="dhcp.ip.client")
    ip_your = IPv4Address("address for the client", name="dhcp.ip.your")
    ip_server = IPv4Address("next server to boot from", name="dhcp.ip.server")
    ip_relay = IPv4Address("relay agent", name="dhcp.ip.relay")
    hw_mac_addr = MAC("hardware address of the client", name="dhcp.hw.mac_addr")
    hw_addr_padding = Bytes(10, "the rest of its field", name="dhcp.hw.addr_padding")
    server = Text("name of the server", 64)
    file = Text("file to boot", 128)
    cookie = IPv4Address("magic cookie: options follow")
    options = Options(DHCPOption, when=cookie.equals(COOKIE))
    vendor_specific = Bytes(
        None, "vendor's area of BOOTP", when=cookie.differs(COOKIE), name="dhcp.vendor_specific_options"
    )

    follows = {"udp.port": (67, 68, 4011)}

    @property
    def message_type(self) -> int | None:
        """The DHCP message type (RFC 2132, 9.6), None for BOOTP."""
        cache = self._cached()
        if "message_type" not in cache:
            cache["message_type"] = next((option.dhcp for option in self.options if option.type == 53), None)
        return cache["message_type"]  # type: ignore[no-any-return]

    @property
    def label(self) -> str:  # type: ignore[override]
        """BOOTP where there is no DHCP message type (RFC 2131, 2)."""
        return "BOOTP" if self.message_type is None else "DHCP"

    def info(self) -> str | None:
        if self.id is None:
            return None
        kind = self.message_type
        if kind is None:
            told = {1: "Boot Request", 2: "Boot Reply"}.get(self.type, f"Unknown operation {self.type}")
            return f"{told} from {self.hw_mac_addr}" if self.type == 1 and self.hw_mac_addr else told
        return f"DHCP {MESSAGE_TYPES.get(kind, f'message {kind}')} - Transaction ID 0x{self.id:x}"
