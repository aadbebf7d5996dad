"""Ethernet: type or length, and what stands behind all that is carried."""
from __future__ import annotations

from collections.abc import Callable

from dissectors.packet import Interface, Packet

Read = Callable[..., Packet]


def test_addresses_and_type(read: Read) -> None:
    packet = read("{eth} 0800 {ipv4}")
    assert packet.eth.dst == "02:00:00:00:00:02"
    assert packet.eth.src == "02:00:00:00:00:01"
    assert packet.eth.type == 0x0800
    assert packet["eth.len"] is None
    assert packet.protocols == "eth:ip:udp:data"


def test_either_address_is_an_address(read: Read) -> None:
    assert read("{eth} 0800 {ipv4}").values("eth.addr") == ["02:00:00:00:00:02", "02:00:00:00:00:01"]


def test_up_to_1500_it_is_a_length(read: Read) -> None:
    packet = read("{eth} 05dc" + "00" * 1500)
    assert packet.eth.len == 1500
    assert packet["eth.type"] is None
    assert packet.malformed == ""


def test_between_length_and_type_it_is_neither(read: Read) -> None:
    for lentype, octets in ((1501, "05dd"), (1535, "05ff")):
        packet = read("{eth} " + octets + "{ipv4}")
        assert packet.eth.invalid_lentype == lentype
        assert packet.protocols == "eth:data"
    assert read("{eth} 0600 {ipv4}").eth.type == 1536


def test_zero_is_a_type(read: Read) -> None:
    assert read("{eth} 0000 {ipv4}").eth.type == 0


def test_a_type_that_nobody_knows_carries_data(read: Read) -> None:
    packet = read("{eth} 9999 616263")
    assert packet.protocols == "eth:data"
    assert packet.data == bytes.fromhex("020000000002 020000000001 9999 616263")
    assert packet["data.data"] == b"abc"


def test_zeros_up_to_60_octets_are_padding(read: Read) -> None:
    packet = read("{eth} 0800 {ipv4}" + "00" * 14)
    assert packet.eth.padding == bytes(14)
    assert packet.eth.trailer is None
    assert packet.eth.fcs is None
    assert packet.protocols == "eth:ip:udp:data"


def test_behind_the_padding_is_the_check_sequence(read: Read) -> None:
    packet = read("{eth} 0800 {ipv4}" + "00" * 14 + "deadbeef")
    assert packet.eth.padding == bytes(14)
    assert packet.eth.trailer is None
    assert packet.eth.fcs == 0xDEADBEEF


def test_what_is_not_zero_is_a_trailer(read: Read) -> None:
    packet = read("{eth} 0800 {ipv4} 0102")
    assert packet.eth.padding is None
    assert packet.eth.trailer == b"\x01\x02"


def test_the_length_tells_what_is_padding(read: Read) -> None:
    packet = read("{eth} 0004 42420300" + "00" * 42)
    assert packet.eth.padding == bytes(42)
    assert packet["data.data"] == b"\0"


def test_what_is_behind_a_tag_is_the_frames(read: Read) -> None:
    packet = read("{eth} 8100 0064 0800 {ipv4}" + "00" * 10)
    assert packet.eth.padding == bytes(10)


def test_arp_leaves_padding_too(read: Read) -> None:
    packet = read("{eth} 0806 0001080006040001 020000000001 c0000201 000000000000 c0000202" + "00" * 18)
    assert packet.protocols == "eth:arp"
    assert packet.eth.padding == bytes(18)


def test_data_of_an_unknown_type_is_no_trailer(read: Read) -> None:
    packet = read("{eth} 9999" + "00" * 46)
    assert packet.eth.padding is None
    assert packet["data.len"] == 46


def test_a_frame_without_surplus_has_none(read: Read) -> None:
    eth = read("{eth} 0800 {ipv4}").eth
    assert (eth.padding, eth.trailer, eth.fcs) == (None, None, None)


def test_of_a_frame_that_was_cut_no_check_sequence_is_known(read: Read) -> None:
    whole = read("{eth} 0800 {ipv4}" + "00" * 14 + "deadbeef").data
    assert Packet(whole[:62], Interface(), length=64).eth.fcs is None


def test_a_length_beyond_the_frame_is_malformed(read: Read) -> None:
    assert read("{eth} 0020 424203").malformed == "802.3 says it ends beyond what carries it"


def test_addresses_are_there_when_the_type_was_cut_off(read: Read) -> None:
    whole = read("{eth} 0800 {ipv4}")
    cut = Packet(whole.data[:13], whole.interface, length=46)
    assert cut.eth.src == "02:00:00:00:00:01"
    assert cut.eth.type is None
    assert cut.eth.truncated
    assert Packet(whole.data[:11], whole.interface, length=46).eth.src is None


def test_a_bridged_frame_is_an_ethernet_frame(read: Read) -> None:
    assert read("{eth} 6558 {eth} 0800 {ipv4}").protocols == "eth:eth:ip:udp:data"
