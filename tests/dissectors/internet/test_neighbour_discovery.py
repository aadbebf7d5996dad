"""Neighbour discovery (RFC 4861) and its options."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

ADDRESS = "20010db80000000000000000000000{:02x}".format
SOURCE, TARGET = "0101 020000000001", "0201 020000000002"


def test_router_solicitation(carry6: Carry) -> None:
    packet = carry6(58, "8500 0000 00000000" + SOURCE)
    assert packet.icmpv6.info() == "Router Solicitation from 02:00:00:00:00:01"


def test_router_advertisement(carry6: Carry) -> None:
    packet = carry6(58, "8600 0000 40 c8 0708 00007530 000003e8" + SOURCE)
    icmpv6 = packet.icmpv6
    assert (icmpv6.cur_hop_limit, icmpv6.flag, icmpv6.router_lifetime) == (64, 0xC8, 1800)
    assert (icmpv6.reachable_time, icmpv6.retrans_timer) == (30000, 1000)
    assert [packet[f"icmpv6.nd.ra.flag.{bit}"] for bit in ("m", "o", "h", "prf", "p")] == [True, True, False, 1, False]
    assert icmpv6.info() == "Router Advertisement from 02:00:00:00:00:01"


def test_neighbour_solicitation(carry6: Carry) -> None:
    icmpv6 = carry6(58, "8700 0000 00000000" + ADDRESS(2) + SOURCE).icmpv6
    assert icmpv6.target_address == "2001:db8::2"
    assert icmpv6.info() == "Neighbor Solicitation for 2001:db8::2 from 02:00:00:00:00:01"


def test_neighbour_advertisement(carry6: Carry) -> None:
    packet = carry6(58, "8800 0000 60000000" + ADDRESS(2) + TARGET)
    assert [packet[f"icmpv6.nd.na.flag.{bit}"] for bit in "rso"] == [False, True, True]
    assert packet.icmpv6.info() == "Neighbor Advertisement 2001:db8::2 (sol, ovr) is at 02:00:00:00:00:02"


def test_redirect(carry6: Carry) -> None:
    packet = carry6(58, "8900 0000 00000000" + ADDRESS(3) + ADDRESS(4) + TARGET + "0402 000000000000 6000000000003b40")
    assert packet["icmpv6.nd.rd.target_address"] == "2001:db8::3"
    assert packet["icmpv6.rd.na.destination_address"] == "2001:db8::4"
    assert packet["icmpv6.opt.redirected_packet"] == bytes.fromhex("6000000000003b40")
    assert packet.icmpv6.info() == "Redirect is at 02:00:00:00:00:02"


def test_duplicate_address_request(carry6: Carry) -> None:
    packet = carry6(58, "9d00 0000 00 00 003c 0200000000000001" + ADDRESS(9))
    assert packet["icmpv6.6lowpannd.da.eui64"] == "02:00:00:00:00:00:00:01"
    assert packet["icmpv6.6lowpannd.da.reg_addr"] == "2001:db8::9"


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    (SOURCE, {"icmpv6.opt.type": 1, "icmpv6.opt.length": 1, "icmpv6.opt.linkaddr": "02:00:00:00:00:01"}),
    (
        "0102 0200000000000001 000000000000",
        {"icmpv6.opt.linkaddr_eui64": "02:00:00:00:00:00:00:01", "icmpv6.opt.linkaddr": None},
    ),
    (
        "0304 40 c0 00000e10 00000708 00000000" + ADDRESS(0),
        {"icmpv6.opt.prefix.length": 64, "icmpv6.opt.prefix.flag.l": True, "icmpv6.opt.prefix.flag.r": False,
         "icmpv6.opt.prefix.valid_lifetime": 3600, "icmpv6.opt.prefix.preferred_lifetime": 1800,
         "icmpv6.opt.prefix": "2001:db8::"},
    ),
    ("0501 0000 000005dc", {"icmpv6.opt.mtu": 1500}),
    ("0701 0000 000003e8", {"icmpv6.opt.advertisement_interval": 1000}),
    ("0801 0000 000a 0708", {"icmpv6.opt.home_agent_preference": 10, "icmpv6.opt.home_agent_lifetime": 1800}),
    ("0e01 010203040506", {"icmpv6.opt.nonce": b"\1\2\3\4\5\6"}),
    (
        "1802 30 08 00000e10 20010db800010000",
        {"icmpv6.opt.prefix.length": 48, "icmpv6.opt.route_info.flag.route_preference": 1,
         "icmpv6.opt.route_lifetime": 3600, "icmpv6.opt.prefix": "2001:db8:1::"},
    ),
    ("1801 00 00 00000e10", {"icmpv6.opt.prefix.length": 0, "icmpv6.opt.prefix": "::"}),
    ("1903 0000 00000e10" + ADDRESS(0x53), {"icmpv6.opt.rdnss.lifetime": 3600, "icmpv6.opt.rdnss": "2001:db8::53"}),
    ("2101 00 000000 003c", {"icmpv6.opt.type": 0x21}),
    ("2503 68747470733a2f2f706f7274616c2e65 000000000000", {"icmpv6.opt.captive_portal": "https://portal.e"}),
    (
        "2602 0708 0064ff9b 0000000000000000",
        {"icmpv6.opt.pref64.scaled_lifetime": 225, "icmpv6.opt.pref64.plc": 0, "icmpv6.opt.pref64.prefix": "64:ff9b::"},
    ),
    ("fd01 010203040506", {"icmpv6.opt.type": 0xFD, "icmpv6.opt.data": b"\1\2\3\4\5\6"}),
]


@pytest.mark.parametrize(("octets", "fields"), OPTIONS)
def test_option(carry6: Carry, octets: str, fields: dict[str, Any]) -> None:
    packet = carry6(58, "8600 0000 40 00 0708 00000000 00000000" + octets)
    assert {name: packet[name] for name in fields} == fields


def test_search_list(carry6: Carry) -> None:
    names = "076578616d706c6503636f6d00 03 6c616200 00000000 00".replace(" ", "")
    octets = "1f04 0000 00000e10" + names + "00" * (24 - len(names) // 2)
    packet = carry6(58, "8600 0000 40 00 0708 00000000 00000000" + octets)
    assert packet["icmpv6.opt.dnssl.lifetime"] == 3600
    assert packet.values("icmpv6.opt.dnssl") == ["example.com", "lab"]


def test_a_name_that_does_not_fit_is_told(carry6: Carry) -> None:
    packet = carry6(58, "8600 0000 40 00 0708 00000000 00000000" + "1f02 0000 00000e10 3f61626364656667")
    assert packet.malformed == "a domain name does not fit"


def test_an_option_of_length_zero_ends_them(carry6: Carry) -> None:
    """RFC 4861, 4.6: such a packet is to be discarded."""
    packet = carry6(58, "8500 0000 00000000" + "0100 020000000001" + SOURCE)
    assert packet.values("icmpv6.opt.type") == [1]
    assert "inside its own header" in packet.malformed
