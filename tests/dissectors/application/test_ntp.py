"""NTP in its modes."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dissectors.packet import Packet

Carry = Callable[[str | bytes, int, int], Packet]

SERVER = (
    "24 01 06 ec 00008000 00000080 47505300"  # version 4, server; stratum 1, 2^6 s, 2^-20 s; 0.5 s, 2^-9 s; GPS
    "e8754700 00000000"  # 3900000000 seconds from 1900: 2023-08-02 21:20:00
    "e8754701 40000000"
    "e8754702 80000000"
    "e8754703 c0000000"
)


def test_a_server(udp: Carry) -> None:
    packet = udp(SERVER, 123, 123)
    assert packet.protocols == "ip:udp:ntp"
    assert (packet["ntp.flags.li"], packet["ntp.flags.vn"], packet["ntp.flags.mode"]) == (0, 4, 4)
    assert (packet.ntp.stratum, packet.ntp.ppoll, packet.ntp.precision) == (1, 6, -20)
    assert packet.ntp.rootdelay == 0x8000
    assert packet.ntp.refid == b"GPS\0"
    assert packet.ntp.reftime == 1_691_011_200_000_000_000
    assert packet.ntp.org == 1_691_011_201_250_000_000
    assert packet.ntp.rec == 1_691_011_202_500_000_000
    assert packet.ntp.xmt == 1_691_011_203_750_000_000
    assert packet.ntp.info() == "NTP Version 4, server"
    assert packet.malformed == ""


def test_values_for_a_person(udp: Carry) -> None:
    told = described(udp(SERVER, 123, 123))
    assert told["ntp.refid"] == "47505300 (GPS)"
    assert told["ntp.rootdelay"] == "0.500000 seconds"
    assert told["ntp.rec"] == "Aug  2, 2023 21:20:02.500000000 UTC"


def test_a_client_knows_no_time_yet(udp: Carry) -> None:
    packet = udp("23" + "00" * 47, 40000, 123)
    assert packet["ntp.flags.mode"] == 3
    assert packet.ntp.org == 0
    assert described(packet)["ntp.org"] == "NULL"


def test_the_next_era(udp: Carry) -> None:
    # RFC 4330, 3: with the first bit clear, time counts from 2036-02-07 06:28:16.
    assert udp(SERVER[:-17] + "0000000100000000", 123, 123).ntp.xmt == 2_085_978_497_000_000_000


def test_authentication_follows(udp: Carry) -> None:
    assert udp(SERVER + "00000001" + "ab" * 16, 123, 123).ntp.authentication == b"\0\0\0\1" + b"\xab" * 16


def test_a_control_message(udp: Carry) -> None:
    packet = udp("16 82 0001 0615 0000 0000 0004 783d3100", 123, 40000)
    assert packet["ntp.flags.mode"] == 6
    assert packet["ntp.ctrl.flags2.r"] is True
    assert packet["ntp.ctrl.flags2.opcode"] == 2
    assert packet["ntp.ctrl.status"] == 0x0615
    assert packet["ntp.ctrl.data"] == "x=1"
    assert packet["ntp.stratum"] is None


def test_a_private_message_has_no_leap_indicator(udp: Carry) -> None:
    packet = udp("97 00 03 2a 0001 0048", 123, 40000)
    assert packet["ntp.flags.mode"] == 7
    assert packet["ntp.flags.li"] is None
    assert packet["ntp.priv.flags.r"] is True
    assert packet["ntp.priv.flags.more"] is False
    assert packet["ntp.priv.reqcode"] == 42
    assert (packet["ntp.priv.numitems"], packet["ntp.priv.itemsize"]) == (1, 72)


@pytest.mark.parametrize("mode", range(8))
def test_every_mode_is_told(udp: Carry, mode: int) -> None:
    names = ["reserved", "symmetric active", "symmetric passive", "client", "server", "broadcast", "control", "private"]
    assert udp(bytes([0x20 | mode]) + bytes(47), 123, 123).ntp.info() == f"NTP Version 4, {names[mode]}"


def described(packet: Packet) -> dict[str, Any]:
    return {item.name: item.field.describe(item.value) for _, items in packet.items() for item in items if item.field}
