"""FDDI."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_fields(read: Read) -> None:
    packet = read("54 {eth} aaaa03 000000 0800 {ipv4}", 10)
    assert packet["fddi.fc.clf"] == 5
    assert packet["fddi.fc.prio"] == 4
    assert packet["fddi.dst"] == "02:00:00:00:00:02"
    assert packet["fddi.src"] == "02:00:00:00:00:01"
    assert packet.protocols == "fddi:llc:ip:udp:data"


def test_station_management_is_data(read: Read) -> None:
    assert read("41 {eth} aaaa03 000000", 10).protocols == "fddi:data"
