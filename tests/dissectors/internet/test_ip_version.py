"""A version of the Internet Protocol that does not fit (RFC 791, 3.1; RFC 8200, 3)."""
from __future__ import annotations

from dissectors.packet import Packet

RAW_IP, RAW_IPV6 = 101, 229
IPV4 = "45000014 00010000 40fd0000 c0000201 c0000202"
IPV6 = "60000000 0000 3b 40 20010db8000000000000000000000001 20010db8000000000000000000000002"


def frame(ethertype: str, octets: str) -> Packet:
    return Packet.of(bytes.fromhex(f"020000000002 020000000001 {ethertype} {octets}"))


def test_a_version_that_is_none() -> None:
    packet = frame("0800", "35" + IPV4[2:])
    assert packet.protocols == "eth:ip.unknown"
    assert packet["ip.version"] == 3
    assert packet.malformed == "an IP version 3, which is neither 4 nor 6"


def test_ipv6_under_the_type_of_ipv4_is_ipv6() -> None:
    assert frame("0800", IPV6).protocols == "eth:ipv6"


def test_ipv4_under_the_type_of_ipv6_is_not_believed() -> None:
    packet = frame("86dd", IPV4)
    assert packet.protocols == "eth:ipv6.unknown"
    assert packet.values("ipv6.version") == [4]
    assert packet.values("ip.version") == [4]
    assert packet.malformed == "an IP version 4 where 6 belongs"


def test_link_types() -> None:
    assert Packet.of(bytes.fromhex(IPV4), RAW_IP).protocols == "ip"
    assert Packet.of(bytes.fromhex(IPV6), RAW_IP).protocols == "ipv6"
    assert Packet.of(bytes.fromhex(IPV6), RAW_IPV6).protocols == "ipv6"
    assert Packet.of(bytes.fromhex(IPV4), RAW_IPV6).protocols == "ipv6.unknown"
