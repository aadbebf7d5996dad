"""The packets that filters are tried on."""

from __future__ import annotations

import pytest

from dissectors.packet import Packet

FRAMES = {
    # Ethernet 02::01 to 02::02, IPv4 192.0.2.1 to 192.0.2.2, don't fragment, TTL 64, TCP 49152 to 9000, SYN, MSS 1460
    "syn": "02000000000202000000000108004500002c000140004006b6c7c0000201c0000202"
    "c000232800000001000000006002faf036080000020405b4",
    # The same connection: PSH, ACK, and 13 octets: "Hello, World" and FF
    "push": "020000000002020000000001080045000035000240004006b6bdc0000201c0000202"
    "c000232800000002000000075018faf02e6c000048656c6c6f2c20576f726c64ff",
    # IPv6 2001:db8::1 to 2001:db8::2, UDP 40001 to 40002, 00 01 02
    "udp6": "02000000000202000000000186dd60000000000b1140"
    "20010db800000000000000000000000120010db80000000000000000000000029c419c42000b69de000102",
    # To 00:1b:21:00:00:09: IPv4 10.0.0.1 to 10.0.0.2, TTL 9, around IPv4 192.0.2.9 to 192.0.2.2, TTL 8,
    # around UDP 40001 to 9000, "in"
    "nested": "001b210000090200000000010800450000320003000009049dc30a0000010a000002"
    "4500001e0004000008112ec0c0000209c00002029c412328000a52f6696e",
    # Ethernet 02::03 to all, an EtherType for experiments, "experimental"
    "other": "ffffffffffff02000000000388b56578706572696d656e74616c",
}


@pytest.fixture
def packets() -> dict[str, Packet]:
    """Five packets by name, numbered from 1, a second apart from 2026-11-23 10:00:00 UTC on."""
    found = {}
    for number, (name, octets) in enumerate(FRAMES.items(), 1):
        packet = Packet.of(bytes.fromhex(octets))
        found[name] = Packet(packet.data, packet.interface, 1_795_428_000_000_000_000 + number * 10**9, number=number)
    return found
