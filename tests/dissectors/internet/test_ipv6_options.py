"""Options of the IPv6 hop-by-hop and destination options headers (RFC 8200, 4.2)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

ADDRESS = "20010db8000000000000000000000009"


def with_options(carry6: Carry, octets: str) -> Packet:
    """A packet of nothing but a hop-by-hop options header, padded to words with Pad1."""
    options = bytes.fromhex(octets)
    options += bytes(-(len(options) + 2) % 8)
    return carry6(0, f"3b {(len(options) + 2) // 8 - 1:02x}" + options.hex())


def test_the_bits_of_a_kind(carry6: Carry) -> None:
    packet = with_options(carry6, "c204 00010008")
    assert packet["ipv6.opt.type"] == 0xC2
    assert [packet[f"ipv6.opt.type.{part}"] for part in ("action", "change", "rest")] == [3, False, 2]


def test_single_octets_of_padding(carry6: Carry) -> None:
    assert with_options(carry6, "00 00 0502 0000").values("ipv6.opt.type") == [0, 0, 5]


def test_an_unknown_kind_keeps_its_octets(carry6: Carry) -> None:
    assert with_options(carry6, "3e04 01020304")["ipv6.opt.unknown"] == b"\1\2\3\4"


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("0104 00000000", {"ipv6.opt.padn": bytes(4)}),
    ("0401 07", {"ipv6.opt.tel": 7}),
    ("0502 0000", {"ipv6.opt.router_alert": 0}),
    (
        "0708 00000001 00 05 abcd",
        {"ipv6.opt.calipso.doi": 1, "ipv6.opt.calipso.sens_level": 5, "ipv6.opt.calipso.checksum": 0xABCD},
    ),
    ("0f0a 01 02 0003 0004 0005 0006", {"ipv6.opt.pdm.scale_dtls": 2, "ipv6.opt.pdm.psn_last_recv": 4}),
    ("2606 0a 40 00000ff1", {"ipv6.opt.qs_rate": 10, "ipv6.opt.qs_ttl": 64, "ipv6.opt.qs_nonce": 0x3FC}),
    ("3004 05dc 05dd", {"ipv6.opt.pmtu.min": 1500, "ipv6.opt.pmtu.rtn": 1500, "ipv6.opt.pmtu.r_flag": True}),
    (
        "6304 80 1e 0100",
        {"ipv6.opt.rpl.flag.o": True, "ipv6.opt.rpl.instance_id": 0x1E, "ipv6.opt.rpl.sender_rank": 256},
    ),
    ("6d04 40 05 abcd", {"ipv6.opt.mpl.flag.s": 1, "ipv6.opt.mpl.sequence": 5, "ipv6.opt.mpl.seed_id": b"\xab\xcd"}),
    ("8b04 01020304", {"ipv6.opt.ilnp_nonce": b"\1\2\3\4"}),
    ("8c04 03 616263", {"ipv6.opt.lio.length": 3, "ipv6.opt.lio.line_id": "abc"}),
    ("c204 00010008", {"ipv6.opt.jumbo": 65544}),
    (f"c910 {ADDRESS}", {"ipv6.opt.mipv6.home_address": "2001:db8::9"}),
    ("ee03 40 0102", {"ipv6.opt.dff.flag.dup": False, "ipv6.opt.dff.flag.ver": 1, "ipv6.opt.dff.sequence_number": 258}),
    ("3106 00 01 0002 abcd", {"ipv6.opt.ioam.opt_type": 1, "ipv6.opt.ioam.trace.ns": 2}),
]


@pytest.mark.parametrize(("octets", "fields"), OPTIONS)
def test_option(carry6: Carry, octets: str, fields: dict[str, Any]) -> None:
    packet = with_options(carry6, octets)
    assert {name: packet[name] for name in fields} == fields
    assert packet.malformed == ""


def test_an_option_without_room_for_its_length_is_told(carry6: Carry) -> None:
    assert "beyond" in with_options(carry6, "0508 0000 0000").malformed
