"""Every protocol of the transport layer, cut at every length and with octets that lie."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors.packet import Interface, Packet

Carry = Callable[[int, str], Packet]

RAW_IP = 101
WHOLE = {
    "tcp": (6, "c00001bb 000003e8 00000000 f002 faf0 0000 0000 020405b4 0402 080a0000000100000000 030307"
               "1e140101 0102030405060708 111213141516 1718 01 68656c6c6f"),
    "udp": (17, "9c41 9c42 000d 0000 68656c6c6f"),
    "udplite": (136, "9c41 9c42 0008 42da 68656c6c6f"),
    "sctp": (132, "84c1 1a30 1badcafe 00000000 01000028 11223344 00010000 000a 0009 00000064 0005 0008 c0000201"
                  "0008 000c 8888 0008 01020304 0003 0011 00000064 0001 0002 00000033 78 000000"),
    "dccp": (33, "c350 1389 08 00 0000 0f 00 0000000003e8 0000 0000000007d0 05010203 01020000 6869"),
}


def _names_and_values(packet: Packet) -> list[tuple[str, object]]:
    return [
        (item.name, item.value)
        for layer, items in packet.items()
        for top in items
        for item in top.flat()
        if item.field is not None and item.stop > item.start
    ]


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_whole_stays_when_the_rest_is_cut(carry: Carry, name: str) -> None:
    whole = carry(*WHOLE[name])
    fixed = [
        (item.name, item.value, item.stop)
        for item in whole[name].items()
        if item.field is not None and item.stop > item.start and item.field.bits is not None
    ]
    assert fixed
    for captured in range(20, len(whole.data)):
        cut = Packet(whole.data[:captured], whole.interface, length=len(whole.data))
        there = _names_and_values(cut)
        for field, value, stop in fixed:
            assert ((field, value) in there) or stop > captured
        assert cut.malformed == ""
        for layer in cut.everything():
            layer.info()


@pytest.mark.parametrize("protocol", [6, 17, 33, 132, 136])
@given(octets=st.binary(max_size=120), missing=st.integers(0, 100))
def test_any_octets_stay_inside_the_frame(protocol: int, octets: bytes, missing: int) -> None:
    total = 20 + len(octets) + missing
    header = bytes.fromhex(f"4500 {total:04x} 0001 0000 40 {protocol:02x} 0000 c0000201 c0000202")
    packet = Packet(header + octets, Interface(RAW_IP), length=total)
    for layer in packet.everything():
        assert 0 <= layer.start <= layer.stop <= len(packet.data)
        assert layer.malformed is not None
        layer.info()
    for _, items in packet.items():
        for top in items:
            for item in top.flat():
                assert 0 <= item.start <= item.stop <= len(packet.data)
