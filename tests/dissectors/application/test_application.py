"""What holds for every application protocol: octets that are cut or that lie do no harm."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors.packet import Interface, Packet

Carry = Callable[[str | bytes, int, int], Packet]
RAW_IP = 101

UDP = {
    "dns": (
        "1234 8180 0001 0002 0000 0001 03777777 00 0001 0001"
        "c00c 0005 0001 0000012c 0003 0161 00"
        "c02b 000f 0001 0000003c 0004 000a c00c"
        "00 0029 04d0 00000000 000c 000a 0008 0011223344556677",
        53,
    ),
    "mdns": ("0000 8400 0001 0001 0000 0000 0161 00 0001 8001 c00c 0021 8001 00000078 0008 0000000000500000", 5353),
    "dhcp": (
        "01 01 06 00" + "00" * 232 + "63825363" + "350101" "3d0701020000000001" "520401026869" "790500c0000201" "ff",
        67,
    ),
    "dhcpv6": (
        "0c 00" + "00" * 32 + "0009 002e 01 123456"
        "0001 000e 0001 0001 29b92700 020000000001"
        "0003 0014 00000005 00000001 00000002 000d 0004 0000 6f6b",
        547,
    ),
    "ntp": ("24 01 06 ec" + "00" * 44, 123),
    "ntp control": ("16 82 0001 0615 0000 0000 0004 783d3100", 123),
    "snmp": ("3026 020101 0406 7075626c6963 a019 020107 020100 020100 300e300c06082b060102010101000500", 161),
    "quic": ("c3 00000001 08 0102030405060708 04 a1a2a3a4 02 beef 4005 1122334455", 4433),
    "ssdp": (b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n".hex(), 1900),
}
TCP = {
    "dns": ("001d 1234 0100 0001 0000 0000 0000 03777777 0161 0162 00 0001 0001", 53),
    "http": (b"POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 2\r\n\r\nhi".hex(), 80),
    "http chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n".hex(), 80),
    "tls": (
        "16 0303 0041 01 00003d 0303" + "5a" * 32 + "00 0002 1301 01 00 0012 0000 000e 000c 00 0009 6c6f63616c686f7374"
        "14 0303 0001 01",
        443,
    ),
    "ssh": (b"SSH-2.0-x\r\n".hex() + "0000000c 0a 15" + "00" * 10, 22),
}
MESSAGES = [
    pytest.param(protocol, octets, port, id=f"{name} over {'TCP' if protocol == 6 else 'UDP'}")
    for protocol, messages in ((17, UDP), (6, TCP))
    for name, (octets, port) in messages.items()
]


def frame(protocol: int, message: bytes, port: int) -> bytes:
    if protocol == 17:
        transport = f"9c40{port:04x}{8 + len(message):04x}0000"
    else:
        transport = f"9c40{port:04x}0000000100000001501804000000" + "0000"
    datagram = bytes.fromhex(transport) + message
    return bytes.fromhex(f"4500{20 + len(datagram):04x}0001000040{protocol:02x}0000c0000201c0000202") + datagram


def look(packet: Packet) -> list[tuple[str, str]]:
    """Everything that a view would ask for; gives every field that is not derived with its value."""
    assert isinstance(packet.malformed, str)
    assert repr(packet)
    found = []
    for layer, items in packet.items():
        assert layer.info() is None or isinstance(layer.info(), str)
        assert isinstance(layer.label, str)
        for top in items:
            for item in top.flat():
                assert 0 <= item.start <= item.stop <= len(packet.data)
                if item.field is not None:
                    assert isinstance(item.field.text(item.value), str)
                    assert isinstance(item.field.describe(item.value), str)
                    found.append((item.name, item.field.text(item.value)))
    return found


@pytest.mark.parametrize(("protocol", "octets", "port"), MESSAGES)
def test_the_message_is_whole(protocol: int, octets: str, port: int) -> None:
    packet = Packet.of(frame(protocol, bytes.fromhex(octets), port), RAW_IP)
    assert packet.malformed == ""
    assert "data" not in packet.protocols
    assert packet.layers[-1].info()


@pytest.mark.parametrize(("protocol", "octets", "port"), MESSAGES)
def test_a_capture_that_was_cut_at_any_octet(protocol: int, octets: str, port: int) -> None:
    whole = frame(protocol, bytes.fromhex(octets), port)
    before = 0
    for size in range(len(whole)):
        packet = Packet(whole[:size], Interface(RAW_IP), None, len(whole))
        assert packet.malformed == ""
        assert packet.truncated
        fields = len([name for name, _ in look(packet) if not name.startswith("data")])
        assert fields >= before or size < 40  # what is whole stays
        before = fields


@pytest.mark.parametrize(("protocol", "octets", "port"), MESSAGES)
def test_a_message_that_ends_at_any_octet(protocol: int, octets: str, port: int) -> None:
    message = bytes.fromhex(octets)
    for size in range(len(message)):
        look(Packet.of(frame(protocol, message[:size], port), RAW_IP))


@given(data=st.data())
def test_octets_that_lie(data: st.DataObject) -> None:
    protocol, octets, port = data.draw(st.sampled_from([each.values for each in MESSAGES]))
    message = bytearray.fromhex(octets)
    for _ in range(data.draw(st.integers(1, 6))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    look(Packet.of(frame(protocol, bytes(message), port), RAW_IP))


@given(octets=st.binary(max_size=80), port=st.sampled_from([22, 53, 67, 80, 123, 161, 443, 547, 5353, 5355, 1900, 9]))
def test_any_octets(octets: bytes, port: int) -> None:
    look(Packet.of(frame(17, octets, port), RAW_IP))
    look(Packet.of(frame(6, octets, port), RAW_IP))
