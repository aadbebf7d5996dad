"""IEEE 802.11."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Packet

Read = Callable[..., Packet]


WLAN = 105
FIRST, SECOND, THIRD, FOURTH = "020000000001", "020000000002", "020000000003", "020000000004"
ADDRESSES = FIRST + SECOND + THIRD
SNAP = "aaaa03 000000 0800"


def test_acknowledgement_has_one_address(read: Read) -> None:
    wlan = read("d400 3a01" + FIRST, WLAN).wlan
    assert wlan.type_subtype == 0x1D
    assert wlan.duration == 314
    assert wlan.ra == "02:00:00:00:00:01"
    assert wlan.info() == "Acknowledgement"


def test_request_to_send_has_two(read: Read) -> None:
    packet = read("b400 0000" + FIRST + SECOND, WLAN)
    assert packet["wlan.ta"] == "02:00:00:00:00:02"
    assert packet.protocols == "wlan"


def test_management(read: Read) -> None:
    packet = read("8000 0000" + ADDRESSES + "3412 616263", WLAN)
    assert packet.wlan.da == "02:00:00:00:00:01"
    assert packet.wlan.sa == "02:00:00:00:00:02"
    assert packet.wlan.bssid == "02:00:00:00:00:03"
    assert packet["wlan.seq"] == 0x123
    assert packet["wlan.frag"] == 4
    assert packet.wlan.info() == "Beacon frame"
    assert packet["data.data"] == b"abc"


def test_flags(read: Read) -> None:
    packet = read("88fd 0000" + ADDRESSES + "0000 0000 00000000", WLAN)
    flags = ["order", "protected", "moredata", "pwrmgt", "retry", "frag"]
    assert [packet[f"wlan.fc.{flag}"] for flag in flags] == [True] * 6
    assert packet["wlan.fc.ds"] == 1


def test_data_to_the_distribution_system(read: Read) -> None:
    packet = read("0801 0000" + ADDRESSES + "0000" + SNAP + "{ipv4}", WLAN)
    assert packet.wlan.bssid == "02:00:00:00:00:01"
    assert packet.wlan.sa == "02:00:00:00:00:02"
    assert packet.wlan.da == "02:00:00:00:00:03"
    assert packet.protocols == "wlan:llc:ip:udp:data"


def test_data_from_the_distribution_system(read: Read) -> None:
    packet = read("0802 0000" + ADDRESSES + "0000" + SNAP + "{ipv4}", WLAN)
    assert packet.wlan.da == "02:00:00:00:00:01"
    assert packet.wlan.bssid == "02:00:00:00:00:02"
    assert packet.wlan.sa == "02:00:00:00:00:03"


def test_data_between_access_points_has_four_addresses(read: Read) -> None:
    packet = read("0803 0000" + ADDRESSES + "0000" + FOURTH + SNAP + "{ipv4}", WLAN)
    assert packet.wlan.da == "02:00:00:00:00:03"
    assert packet.wlan.sa == "02:00:00:00:00:04"
    assert packet.protocols == "wlan:llc:ip:udp:data"


def test_quality_of_service(read: Read) -> None:
    packet = read("8801 0000" + ADDRESSES + "0000 0500" + SNAP + "{ipv4}", WLAN)
    assert packet.wlan.qos == 5
    assert packet.protocols == "wlan:llc:ip:udp:data"


def test_quality_of_service_with_high_throughput_control(read: Read) -> None:
    packet = read("8881 0000" + ADDRESSES + "0000 0500 01000000" + SNAP + "{ipv4}", WLAN)
    assert packet.wlan.htc == 1
    assert packet["ip.src"] == "192.0.2.1"


def test_what_is_encrypted_is_data(read: Read) -> None:
    assert read("0841 0000" + ADDRESSES + "0000" + SNAP + "{ipv4}", WLAN).protocols == "wlan:data"


def test_a_null_frame_carries_nothing_but_its_check_sequence(read: Read) -> None:
    packet = read("4801 0000" + ADDRESSES + "0000 deadbeef", WLAN)
    assert packet.protocols == "wlan:data"
    assert packet.malformed == ""
    assert packet.wlan.info() == "Null function (No data)"


def test_a_null_frame_with_quality_of_service(read: Read) -> None:
    assert read("c801 0000" + ADDRESSES + "0000 0700", WLAN)["wlan.qos"] == 7
