"""Every protocol of the internet layer, cut at every length and with octets that lie; and the graph's tables."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors.graph import graph
from dissectors.packet import Interface, Packet

Carry = Callable[[int, str], Packet]

RAW_IP = 101
QUOTED = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f"
QUOTED6 = (
    "60000000 000d 11 40 20010db8000000000000000000000001 20010db8000000000000000000000002"
    "9c41 9c42 000d 2809 68656c6c6f"
)
FRAME = "020000000002 020000000001 0800" + QUOTED
ADDRESS = "20010db80000000000000000000000{:02x}".format

WHOLE4 = {
    "icmp echo": (1, "0800 a4bc 1234 0001 68656c6c6f"),
    "icmp unreachable": (1, "0303 0000 00000000" + QUOTED),
    "icmp fragmentation needed": (1, "0304 0000 0000 05dc" + QUOTED),
    "icmp time exceeded with extensions": (
        1,
        "0b00 0000 0020 0000" + QUOTED + "00" * 95 + "2000 0000 0008 0101 00064140",
    ),
    "icmp router advertisement": (1, "0900 0000 01 02 0708 c0000201 80000000"),
    "icmp timestamp": (1, "0d00 0000 1234 0001 00000001 00000002 00000003"),
    "icmp extended echo": (1, "2a00 0000 1234 01 01 2000 0000 0008 0302 00000007"),
    "igmp v3 query": (2, "1164 0000 e0000001 0a7d 0002 c0000201 c0000202"),
    "igmp v3 report": (2, "2200 0000 0000 0001 0400 0001 e1000001 c0000201"),
    "gre": (47, "b000 0800 0000 0000 0000000b 00000001" + QUOTED),
    "gre routed": (47, "4000 0800 0000 0000 0800 04 04 c0000201 0000 00 00" + QUOTED),
    "erspan ii": (47, "1000 88be 00000001 1065 0807 00000001" + FRAME),
    "erspan iii": (47, "1000 22eb 00000001 2065 0007 00000001 0000 0001 0c00000000000001" + FRAME),
    "nhrp": (54, "0001 0800 0000000000 ff 0018 0000 0000 01 03 04 00 00000000"),
    "etherip": (97, "3000" + FRAME),
    "pim register": (103, "2100 0000 80000000" + QUOTED),
    "ip in ip": (4, QUOTED),
    "vxlan": (17, "9c41 12b5 003f 0000 0800 0000 00002a 00" + FRAME),
    "vxlan gpe": (17, "9c41 12b6 0031 0000 0c 0000 01 00002a 00" + QUOTED),
    "geneve": (17, "9c41 17c1 0039 0000 02 00 0800 00002a 00 0102 80 01 01020304" + QUOTED),
    "esp in udp": (17, "9c41 1194 0014 0000 00000001 00000002 01020304"),
    "ah": (51, "11 04 0000 00000001 00000002 010203040506070809101112" + "9c419c42000dff79 68656c6c6f"),
}
WHOLE6 = {
    "hop-by-hop": (0, "3a 00 0502 0000 0100 8000 7bb1 0001 0001"),
    "jumbo": (0, "11 00 c204 00010008 9c41 9c42 000d 0000 68656c6c6f"),
    "destination options": (60, "11 02 c910" + ADDRESS(9) + "00000000" + "9c41 9c42 000d 0000 68656c6c6f"),
    "type 0 routing": (43, "11 04 00 01 00000000" + ADDRESS(3) + ADDRESS(4) + "9c41 9c42 000d 0000 68656c6c6f"),
    "rpl routing": (43, "11 01 03 01 f0 000000 09 000000000000 00" + "9c41 9c42 000d 0000 68656c6c6f"),
    "segment routing": (
        43,
        "11 05 04 01 01 00 0000" + ADDRESS(3) + ADDRESS(4) + "0406 000000000000" + "9c41 9c42 000d 0000 68656c6c6f",
    ),
    "fragment": (44, "11 00 0001 12345678 9c41 9c42 000d 0000 68656c6c6f"),
    "mobility": (135, "3b 01 05 00 0000 0001 c000 0004 01 02 0000"),
    "shim6": (140, "11 00 80 0000000001" + "9c41 9c42 000d 0000 68656c6c6f"),
    "hip": (139, "3b 05 01 21 0000 0000" + "20010010" + "00" * 12 + "20010010" + "01" * 12 + "0041 0004 01020304"),
    "icmpv6 unreachable": (58, "0104 0000 00000000" + QUOTED6),
    "icmpv6 too big": (58, "0200 0000 00000500" + QUOTED6),
    "router advertisement": (
        58,
        "8600 0000 40 48 0708 00000000 00000000 0101 020000000001 0501 0000 000005dc"
        "0304 40c0 00000e10 00000708 00000000" + ADDRESS(0)
        + "1903 0000 00000e10" + ADDRESS(0x53) + "1f02 0000 00000e10 03 6c6162 00 000000"
        + "2602 0708 0064ff9b0000000000000000",
    ),
    "neighbour solicitation": (58, "8700 0000 00000000" + ADDRESS(2) + "0101 020000000001"),
    "neighbour advertisement": (58, "8800 0000 60000000" + ADDRESS(2) + "0201 020000000002"),
    "redirect": (58, "8900 0000 00000000" + ADDRESS(3) + ADDRESS(4) + "0401 000000000000"),
    "mld query v2": (58, "8200 0000 03e8 0000" + ADDRESS(0) + "02 7d 0001" + ADDRESS(1)),
    "mld report v2": (58, "8f00 0000 0000 0001 04 00 0001 ff020000000000000000000000000042" + ADDRESS(1)),
    "node information": (58, "8b00 0000 0003 0002 0102030405060708" + ADDRESS(2)),
    "rpl": (58, "9b01 0000 1e 01 0100 88 00 00 00" + ADDRESS(1) + "0404 01020304"),
}


@pytest.fixture(params=[*WHOLE4, *WHOLE6])
def whole(request: pytest.FixtureRequest, carry: Carry, carry6: Carry) -> Packet:
    """A packet of each kind."""
    name = request.param
    return carry(*WHOLE4[name]) if name in WHOLE4 else carry6(*WHOLE6[name])


def _names_and_values(packet: Packet) -> list[tuple[str, object]]:
    return [
        (item.name, item.value)
        for layer, items in packet.items()
        for top in items
        for item in top.flat()
        if item.field is not None and item.stop > item.start
    ]


def test_what_is_whole_stays_when_the_rest_is_cut(whole: Packet) -> None:
    """Numbers and addresses before the cut are those of the whole packet; bits need the field that they are part of."""
    fixed = [
        (item.name, item.value, item.stop)
        for layer, items in whole.items()
        for top in items
        for item in top.flat()
        if item.field is not None and item.field.bits is not None and item.stop > item.start
        if item.field.parent is None
    ]
    for size in range(len(whole.data)):
        cut = Packet(whole.data[:size], whole.interface, length=len(whole.data))
        kept = _names_and_values(cut)
        for name, value, stop in fixed:
            if stop <= size and not name.startswith("data."):
                assert (name, value) in kept, (size, name)


def test_the_whole_packet_does_not_contradict_itself(whole: Packet) -> None:
    assert whole.malformed == ""


@given(st.sampled_from([*WHOLE4.items(), *WHOLE6.items()]), st.data())
def test_octets_that_lie_never_raise(sample: tuple[str, tuple[int, str]], data: st.DataObject) -> None:
    name, (protocol, octets) = sample
    message = bytearray(bytes.fromhex(octets))
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    if name in WHOLE4:
        header = f"4500 {20 + len(message):04x} 0001 0000 40 {protocol:02x} 0000 c0000201 c0000202"
    else:
        header = f"60000000 {len(message):04x} {protocol:02x} 40" + ADDRESS(1) + ADDRESS(2)
    frame = bytes.fromhex(header) + message
    size = data.draw(st.integers(1, len(frame)))
    packet = Packet(frame[:size], Interface(RAW_IP), length=len(frame))
    assert packet.layers
    for layer, items in packet.items():
        assert layer.start <= layer.stop <= size
        assert all(item.start <= item.stop <= size for top in items for item in top.flat())
    for each in packet.everything():
        each.info()
        assert isinstance(each.malformed, str)
    for field in ("ip.checksum.status", "icmp.checksum.status", "icmpv6.checksum.status", "udp.checksum.status"):
        assert all(isinstance(value, int) for value in packet.values(field))


def test_every_row_of_the_graph_is_in_a_table_that_somebody_reads() -> None:
    """A misspelt table would lead nowhere without a word."""
    read = {"frame.linktype"}
    for header in graph.headers:
        for rule in (header.declaration.next, header.declaration.members):
            if rule is not None:
                read.add(rule.table or (rule.fields[0].name if rule.fields else ""))
    mine = [
        (table, header.__name__)
        for table, rows in graph.rows.items()
        for header in rows.values()
        if header.__module__.startswith("dissectors.internet") and table not in read
        and not table.endswith(".port")
    ]
    assert mine == []


def test_a_name_means_the_same_kind_everywhere() -> None:
    kinds = {
        name: {field.type for field in fields}
        for name, fields in graph.fields.items()
        if any(field.owner and field.owner.__module__.startswith("dissectors.internet") for field in fields)
    }
    assert {name: kind for name, kind in kinds.items() if len(kind) > 1} == {}
