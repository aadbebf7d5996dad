"""What resource records of each type carry."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[str | bytes, int, int], Packet]

HOST = "01 68 00"  # the name h
CASES: dict[str, tuple[int, str, dict[str, list[Any]]]] = {
    "A": (1, "c0000201", {"dns.a": ["192.0.2.1"]}),
    "NS": (2, HOST, {"dns.ns": ["h"]}),
    "CNAME": (5, HOST, {"dns.cname": ["h"]}),
    "SOA": (
        6,
        HOST + "01 72 00" "00000001 00000002 00000003 00000004 00000005",
        {
            "dns.soa.mname": ["h"],
            "dns.soa.rname": ["r"],
            "dns.soa.serial_number": [1],
            "dns.soa.refresh_interval": [2],
            "dns.soa.retry_interval": [3],
            "dns.soa.expire_limit": [4],
            "dns.soa.minimum_ttl": [5],
        },
    ),
    "PTR": (12, HOST, {"dns.ptr.domain_name": ["h"]}),
    "HINFO": (13, "03 504450 04 554e4958", {"dns.hinfo.cpu": ["PDP"], "dns.hinfo.os": ["UNIX"]}),
    "MX": (15, "000a" + HOST, {"dns.mx.preference": [10], "dns.mx.mail_exchange": ["h"]}),
    "TXT": (16, "02 6869 00 01 21", {"dns.txt": ["hi", "!"], "dns.txt.length": [2, 0, 1]}),
    "RP": (17, HOST + "00", {"dns.rp.mailbox": ["h"], "dns.rp.txt_rr": ["<Root>"]}),
    "AAAA": (28, "20010db8000000000000000000000001", {"dns.aaaa": ["2001:db8::1"]}),
    "LOC": (29, "00 12 16 13 80000000 80000001 00989680", {"dns.loc.size": [0x12], "dns.loc.altitude": [10000000]}),
    "SRV": (
        33,
        "0001 0002 13c4" + HOST,
        {"dns.srv.priority": [1], "dns.srv.weight": [2], "dns.srv.port": [5060], "dns.srv.target": ["h"]},
    ),
    "NAPTR": (
        35,
        "0064 000a 01 75 03 653275 02 2121 00",
        {
            "dns.naptr.order": [100],
            "dns.naptr.preference": [10],
            "dns.naptr.flags": ["u"],
            "dns.naptr.service": ["e2u"],
            "dns.naptr.regex": ["!!"],
            "dns.naptr.replacement": ["<Root>"],
        },
    ),
    "DNAME": (39, HOST, {"dns.dname": ["h"]}),
    "DS": (43, "1111 08 02 abcd", {"dns.ds.key_id": [0x1111], "dns.ds.digest": [b"\xab\xcd"]}),
    "SSHFP": (44, "04 02 abcd", {"dns.sshfp.algorithm": [4], "dns.sshfp.fingerprint": [b"\xab\xcd"]}),
    "RRSIG": (
        46,
        "0001 08 02 0000012c 655b6000 6541b680 1267" + HOST + "abcd",
        {
            "dns.rrsig.type_covered": [1],
            "dns.rrsig.original_ttl": [300],
            "dns.rrsig.key_tag": [0x1267],
            "dns.rrsig.signers_name": ["h"],
            "dns.rrsig.signature": [b"\xab\xcd"],
            "dns.rrsig.signature_inception": [1698805376_000000000],
        },
    ),
    "NSEC": (47, HOST + "0006 400000000003", {"dns.nsec.next_domain_name": ["h"]}),
    "DNSKEY": (48, "0101 03 0d abcd", {"dns.dnskey.flags.zone_key": [True], "dns.dnskey.public_key": [b"\xab\xcd"]}),
    "NSEC3": (
        50,
        "01 01 000a 02 beef 02 cafe 0001 40",
        {
            "dns.nsec3.flags.opt_out": [True],
            "dns.nsec3.iterations": [10],
            "dns.nsec3.salt_value": [b"\xbe\xef"],
            "dns.nsec3.hash_value": [b"\xca\xfe"],
            "dns.nsec3.types": [b"\x00\x01\x40"],
        },
    ),
    "NSEC3PARAM": (51, "01 00 000a 02 beef", {"dns.nsec3.salt_value": [b"\xbe\xef"]}),
    "TLSA": (52, "03 01 01 abcd", {"dns.tlsa.selector": [1], "dns.tlsa.certificate_association_data": [b"\xab\xcd"]}),
    "CDS": (59, "1111 08 02 abcd", {"dns.ds.digest": [b"\xab\xcd"]}),
    "HTTPS": (
        65,
        "0001 00" "0001 0006 02 6833 02 6832" "0003 0002 01bb" "0004 0004 c0000201" "0006 0010" + "00" * 15 + "01",
        {
            "dns.svcb.svcpriority": [1],
            "dns.svcb.targetname": ["<Root>"],
            "dns.svcb.svcparam.key": [1, 3, 4, 6],
            "dns.svcb.svcparam.alpn": ["h3", "h2"],
            "dns.svcb.svcparam.port": [443],
            "dns.svcb.svcparam.ipv4hint.ip": ["192.0.2.1"],
            "dns.svcb.svcparam.ipv6hint.ip": ["::1"],
        },
    ),
    "TSIG": (
        250,
        HOST + "0000655b6000 012c 0002 abcd 1234 0010 0000",
        {"dns.tsig.fudge": [300], "dns.tsig.mac": [b"\xab\xcd"], "dns.tsig.error": [16]},
    ),
    "CAA": (
        257,
        "80 05 6973737565 6361",
        {"dns.caa.flags.issuer_critical": [True], "dns.caa.tag": ["issue"], "dns.caa.value": ["ca"]},
    ),
    "unknown": (65280, "abcd", {"dns.data": [b"\xab\xcd"]}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_data_of(udp: Carry, name: str) -> None:
    kind, data, expected = CASES[name]
    octets = bytes.fromhex(data)
    packet = udp(f"0000 8000 0000 0001 0000 0000 00 {kind:04x} 0001 00000e10 {len(octets):04x}" + data, 53, 40000)
    assert packet["dns.resp.type"] == kind
    assert {name: packet.values(name) for name in expected} == expected
    assert packet.malformed == ""


def test_a_bitmap_of_types_is_told_by_their_names(udp: Carry) -> None:
    # RFC 4034, 4.3: A MX RRSIG NSEC TYPE1234
    bitmap = "0006 400100000003 041b" + "00" * 26 + "20"
    packet = udp("0000 8000 0000 0001 0000 0000 00 002f 0001 00000e10 0028" + HOST + bitmap, 53, 40000)
    told = {item.name: item.field.describe(item.value) for item in every_item(packet) if item.field}
    assert told["dns.nsec.types"] == "A MX RRSIG NSEC TYPE1234"


def test_names_in_data_may_point_into_the_message(udp: Carry) -> None:
    packet = udp("0000 8000 0000 0001 0000 0000 0161 0162 00 000f 0001 00000e10 0006 000a 0163 c00e", 53, 40000)
    assert packet["dns.mx.mail_exchange"] == "c.b"


def test_an_alias_has_no_parameters(udp: Carry) -> None:
    packet = udp("0000 8000 0000 0001 0000 0000 00 0040 0001 00000e10 0005 0000 0161 00", 53, 40000)
    assert packet["dns.svcb.targetname"] == "a"
    assert packet["dns.svcb.svcparam.key"] is None


def test_the_keepalive_of_a_query_has_no_time(udp: Carry) -> None:
    packet = udp("0001 0120 0000 0000 0000 0001 00 0029 04d0 00000000 0004 000b 0000", 40000, 53)
    assert packet["dns.opt.code"] == 11
    assert packet["dns.opt.edns_tcp_keepalive.timeout"] is None
    assert packet.malformed == ""


def test_an_extended_error(udp: Carry) -> None:
    packet = udp("0001 8000 0000 0000 0000 0001 00 0029 04d0 00000000 0008 000f 0004 0016 6e6f", 53, 40000)
    assert packet["dns.opt.ext_error.info_code"] == 22
    assert packet["dns.opt.ext_error.extra_text"] == "no"


def test_an_option_that_does_not_fit_is_told(udp: Carry) -> None:
    packet = udp("0001 8000 0000 0000 0000 0001 00 0029 04d0 00000000 0004 000f 0010", 53, 40000)
    assert packet.malformed == "dns.opt does not fit in the 4 octets that are left for it"


def every_item(packet: Packet) -> list[Any]:
    return [inner for _, items in packet.items() for item in items for inner in item.flat()]
