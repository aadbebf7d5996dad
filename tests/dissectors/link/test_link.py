"""Every protocol of the link layer, cut at every length and with octets that lie."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors.graph import graph
from dissectors.packet import Interface, Packet

Read = Callable[..., Packet]

LINK_TYPES = sorted(graph.rows["frame.linktype"])
ETHERTYPES = sorted(graph.rows["eth.type"])
WHOLE = {
    "Ethernet": (1, "{eth} 0800 {ipv4}"),
    "802.1Q": (1, "{eth} 88a8 0064 8100 00c8 0800 {ipv4}"),
    "802.1Q with a length": (1, "{eth} 8100 0064 0028 aaaa03 000000 0800 {ipv4}"),
    "LLC": (1, "{eth} 0007 424203 00000000"),
    "SNAP": (1, "{eth} 0028 aaaa03 000000 0800 {ipv4}"),
    "bridged": (100, "aaaa03 0080c2 0007 0000 {eth} 0800 {ipv4}"),
    "IPX": (1, "{eth} 8137 ffff 0022 01 11 00000001 ffffffffffff 0452 00000002 020000000001 4003 61626364"),
    "null": (0, "02000000 {ipv4}"),
    "loop": (108, "00000002 {ipv4}"),
    "SLL": (113, "0004 0001 0006 020000000001 0000 0800 {ipv4}"),
    "SLL2": (276, "86dd 0000 00000003 0001 04 06 020000000001 0000 {ipv6}"),
    "ARP": (1, "{eth} 0806 0001 0800 06 04 0002 020000000001 c0000201 020000000002 c0000202"),
    "ATMARP": (1, "{eth} 0806 0013 0800 02 00 0008 04 02 00 04 1111 c0000202 2222 c0000201"),
    "MPLS": (1, "{eth} 8847 00064a40 000c8bff {ipv4}"),
    "pseudowire": (1, "{eth} 8847 00064140 00000007 {eth} 0800 {ipv4}"),
    "associated channel": (1, "{eth} 8847 00064140 10000021 {ipv4}"),
    "PPP": (9, "ff03 0021 {ipv4}"),
    "LCP": (9, "c021 01 01 001d 0104 05d4 0206 000a0000 0305 c22305 0506 01020304 0702 0802"),
    "IPCP": (9, "8021 03 01 001c 0206 002d0f01 0306 c0000201 8106 c0000235 8306 c0000236"),
    "IPV6CP": (9, "8057 02 01 000e 010a 020000fffe000001"),
    "PAP": (9, "ff03 c023 01 07 0010 05 616c696365 05 7377 6f7264"),
    "CHAP": (9, "c223 01 09 000f 04 01020304 73657276 6572"),
    "PPPoE discovery": (1, "{eth} 8863 11 07 0000 000f 0102 0002 6163 0103 0001 de 0000 0000"),
    "PPPoE session": (1, "{eth} 8864 11 00 002a 0022 0021 {ipv4}"),
    "Cisco HDLC": (104, "8f00 0800 {ipv4}"),
    "SLARP": (104, "8f00 8035 00000001 c0000201 ffffff00 ffff"),
    "Frame Relay": (107, "18404245 03 00 80 000000 0800 {ipv4}"),
    "MACsec": (1, "{eth} 88e5 20 00 00000007 020000000001 0003 0800 {ipv4}"),
    "802.1ah": (1, "{eth} 88e7 70 00012c 020000000004 020000000003 0800 {ipv4}"),
    "802.11": (127, "00 00 0800 00000000 8881 0000 020000000001 020000000002 020000000003 0000 0500 01000000 aaaa03"),
    "ARCNET": (129, "11 22 0102 d4 00 0007 {ipv4}"),
    "NFLOG": (239, "02 00 0014 0800 0100 08000100 0700 0a00 616200 00 2400 0900 {ipv4}"),
    "vsock": (271, "0300000000000000 0200000000000000 00040000 d2040000 0400 0200 0400 0000 01020304 616263"),
    "Juniper": (178, "4d4743 80 0003 010203 {eth} 0800 {ipv4}"),
}


def _on_the_wire(packet: Packet) -> list[tuple[str, object, int]]:
    """Name, value and end of every field of a fixed size that stands in the octets."""
    return [
        (item.name, item.value, item.stop)
        for _, items in packet.items()
        for top in items
        for item in top.flat()
        if item.field is not None and item.field.bits is not None and item.stop > item.start
    ]


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_frame_is_neither_truncated_nor_malformed(read: Read, name: str) -> None:
    linktype, octets = WHOLE[name]
    packet = read(octets, linktype)
    assert packet.malformed == ""
    assert not any(layer.truncated for layer in packet.everything())


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_whole_stays_when_the_rest_is_cut(read: Read, name: str) -> None:
    linktype, octets = WHOLE[name]
    whole = read(octets, linktype)
    fields = [field for field in _on_the_wire(whole) if field[0].split(".")[0] not in ("ip", "ipv6", "udp")]
    assert fields
    for captured in range(len(whole.data)):
        cut = Packet(whole.data[:captured], whole.interface, length=len(whole.data))
        there = _on_the_wire(cut)
        assert [field for field in fields if field[2] <= captured and field not in there] == []
        assert cut.malformed == ""
        for layer in cut.everything():
            layer.info()


@given(linktype=st.sampled_from(LINK_TYPES), octets=st.binary(max_size=120), missing=st.integers(0, 100))
def test_any_octets_can_be_shown(linktype: int, octets: bytes, missing: int) -> None:
    packet = Packet(octets, Interface(linktype), length=len(octets) + missing)
    for layer in packet.everything():
        layer.info()
        for top in layer.items():
            for item in top.flat():
                assert 0 <= item.start <= item.stop <= len(octets)


@given(ethertype=st.sampled_from(ETHERTYPES), octets=st.binary(max_size=80), missing=st.integers(0, 100))
def test_any_octets_behind_an_ethertype_can_be_shown(ethertype: int, octets: bytes, missing: int) -> None:
    data = bytes.fromhex("020000000002 020000000001") + ethertype.to_bytes(2, "big") + octets
    packet = Packet(data, Interface(), length=len(data) + missing)
    for layer in packet.everything():
        layer.info()
        for top in layer.items():
            for item in top.flat():
                assert 0 <= item.start <= item.stop <= len(data)
