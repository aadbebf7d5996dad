"""DHCP and BOOTP: the header and what the options say."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.header import Header
from dissectors.packet import Packet

Told = Callable[[Header, str], list[str]]
Carry = Callable[[str | bytes, int, int], Packet]

HEADER = (
    "01 01 06 00 deadbeef 0004 8000"
    "00000000 c000024d 00000000 c00002fe"
    "020000000001" + "00" * 10 + "00" * 64 + "6b65726e656c" + "00" * 122
)
COOKIE = "63825363"
REQUEST = HEADER + COOKIE + "3501 03" + "3d07 01020000000001" + "3204 c000024d" + "3704 0103 0679" + "0c02 7063" + "ff"


def with_option(option: str) -> str:
    return HEADER + COOKIE + "350105" + option + "ff"


def test_the_header(udp: Carry) -> None:
    packet = udp(REQUEST, 68, 67)
    assert packet.protocols == "ip:udp:dhcp"
    assert packet.dhcp.type == 1
    assert packet.dhcp.id == 0xDEADBEEF
    assert packet.dhcp.secs == 4
    assert packet["dhcp.flags.bc"] is True
    assert packet["dhcp.ip.your"] == "192.0.2.77"
    assert packet["dhcp.ip.relay"] == "192.0.2.254"
    assert packet["dhcp.hw.mac_addr"] == "02:00:00:00:00:01"
    assert packet["dhcp.file"] == "kernel"
    assert packet["dhcp.cookie"] == "99.130.83.99"


def test_the_options(udp: Carry) -> None:
    packet = udp(REQUEST, 68, 67)
    assert packet.values("dhcp.option.type") == [53, 61, 50, 55, 12, 255]
    assert packet["dhcp.option.dhcp"] == 3
    assert packet.values("dhcp.hw.mac_addr") == ["02:00:00:00:00:01", "02:00:00:00:00:01"]
    assert packet["dhcp.option.requested_ip_address"] == "192.0.2.77"
    assert packet.values("dhcp.option.request_list_item") == [1, 3, 6, 121]
    assert packet["dhcp.option.hostname"] == "pc"
    assert packet.malformed == ""


def test_the_line_that_matters(udp: Carry) -> None:
    packet = udp(REQUEST, 68, 67)
    assert packet.dhcp.label == "DHCP"
    assert packet.dhcp.info() == "DHCP Request - Transaction ID 0xdeadbeef"


def test_without_a_message_type_it_is_bootp(udp: Carry) -> None:
    packet = udp(HEADER + COOKIE + "0104 ffffff00 ff", 68, 67)
    assert packet.dhcp.label == "BOOTP"
    assert packet.dhcp.info() == "Boot Request from 02:00:00:00:00:01"


def test_another_cookie_is_followed_by_what_a_vendor_likes(udp: Carry) -> None:
    packet = udp(HEADER + "00000000" + "0102", 68, 67)
    assert packet["dhcp.vendor_specific_options"] == b"\1\2"
    assert packet.values("dhcp.option.type") == []


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("0104 ffffff00", {"dhcp.option.subnet_mask": ["255.255.255.0"]}),
        ("0204 ffffb9b0", {"dhcp.option.time_offset": [-18000]}),
        ("0308 c0000201 c0000202", {"dhcp.option.router": ["192.0.2.1", "192.0.2.2"]}),
        ("0604 c0000203", {"dhcp.option.domain_name_server": ["192.0.2.3"]}),
        ("0f03 612e62", {"dhcp.option.domain_name": ["a.b"]}),
        ("1301 01", {"dhcp.option.ip_forwarding": [True]}),
        ("1a02 05dc", {"dhcp.option.interface_mtu": [1500]}),
        ("2108 0a000000 c0000201", {"dhcp.option.static_route.ip": ["10.0.0.0"]}),
        ("2b02 0101", {"dhcp.option.vendor.value": [b"\1\1"]}),
        ("3304 00000e10", {"dhcp.option.ip_address_lease_time": [3600]}),
        ("3604 c0000201", {"dhcp.option.dhcp_server_id": ["192.0.2.1"]}),
        ("3902 0240", {"dhcp.option.dhcp_max_message_size": [576]}),
        ("3c04 4d534654", {"dhcp.option.vendor_class_id": ["MSFT"]}),
        ("3d05 ff01020304", {"dhcp.client_id.type": [255], "dhcp.client_id": [b"\1\2\3\4"]}),
        ("4d05 0161 0262 63", {"dhcp.option.user_class.length": [1, 2], "dhcp.option.user_class.data": [b"a", b"bc"]}),
        ("5106 01 00 00 706331", {"dhcp.fqdn.s": [True], "dhcp.fqdn.name": ["pc1"]}),
        ("5107 04 00 00 02706300", {"dhcp.fqdn.e": [True], "dhcp.fqdn.name": ["pc"]}),
        (
            "520d 0102 6869 0201 78 0504 c0000200",
            {
                "dhcp.option.agent_information_option.suboption": [1, 2, 5],
                "dhcp.option.agent_information_option.agent_circuit_id": [b"hi"],
                "dhcp.option.agent_information_option.agent_remote_id": [b"x"],
                "dhcp.option.agent_information_option.link_selection": ["192.0.2.0"],
            },
        ),
        ("6c04 00000708", {"dhcp.option.ipv6_only_preferred": [1800]}),
        ("7706 0161 00 0162 c0", {"dhcp.option.dhcp_dns_domain_search_list_fqdn": ["a"]}),
        ("7707 0161 00 0162 c000", {"dhcp.option.dhcp_dns_domain_search_list_fqdn": ["a", "b.a"]}),
        (
            "790d 18 0a0001 c0000201 00 c00002fe",
            {"dhcp.option.classless_static_route": ["10.0.1.0/24 192.0.2.1", "0.0.0.0/0 192.0.2.254"]},
        ),
        ("e002 abcd", {"dhcp.option.value": [b"\xab\xcd"]}),
    ],
)
def test_the_value_of_an_option(udp: Carry, option: str, expected: dict[str, list[Any]]) -> None:
    packet = udp(with_option(option), 67, 68)
    assert {name: packet.values(name) for name in expected} == expected


def test_padding_stands_alone_and_the_end_ends(udp: Carry) -> None:
    packet = udp(with_option("00 00 0104 ffffff00") + "0000 0304", 67, 68)
    assert packet.values("dhcp.option.type") == [53, 0, 0, 1, 255]
    assert packet.malformed == ""


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        pytest.param("7902 2100", "a mask of 33 bits", id="a mask that is too long"),
        pytest.param("7702 c000", "a name points to itself", id="a name in a ring"),
        pytest.param("0c50 7063", "dhcp.option says it ends beyond what carries it", id="too long"),
    ],
)
def test_contradictions(udp: Carry, option: str, reason: str) -> None:
    assert udp(with_option(option), 67, 68).malformed == reason


def test_the_kinds_of_options_are_named(udp: Carry, told: Told) -> None:
    dhcp = udp(HEADER + COOKIE + "00" + "350101" + "3703 0106e0" + "ff", 68, 67).dhcp
    assert told(dhcp, "dhcp.option.type") == [
        "0 (Pad)",
        "53 (DHCP message type)",
        "55 (Parameter request list)",
        "255 (End)",
    ]
    assert told(dhcp, "dhcp.option.request_list_item") == ["1 (Subnet mask)", "6 (DNS server)", "224"]
    assert [option.title for option in dhcp.options] == ["Pad", "DHCP message type", "Parameter request list", "End"]
