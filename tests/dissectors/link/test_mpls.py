"""MPLS label stacks and what stands at their bottom."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Read = Callable[..., Packet]


def test_label_stack(read: Read) -> None:
    packet = read("{eth} 8847 00064a40 000c8bff {ipv4}")
    assert packet.values("mpls.label") == [100, 200]
    assert packet.values("mpls.exp") == [5, 5]
    assert packet.values("mpls.bottom") == [False, True]
    assert packet.values("mpls.ttl") == [64, 255]
    assert packet.protocols == "eth:mpls:mpls:ip:udp:data"


@pytest.mark.parametrize(
    ("datagram", "protocols"), [("{ipv4}", "eth:mpls:ip:udp:data"), ("{ipv6}", "eth:mpls:ipv6:udp:data")]
)
def test_the_first_bits_of_the_payload_tell_the_version_of_ip(read: Read, datagram: str, protocols: str) -> None:
    assert read("{eth} 8847 00064140" + datagram).protocols == protocols


def test_a_control_word_precedes_ethernet(read: Read) -> None:
    packet = read("{eth} 8847 00064140 00000007 {eth} 0800 {ipv4}")
    assert packet["pweth.cw.sequence_number"] == 7
    assert packet.protocols == "eth:mpls:pwethcw:eth:ip:udp:data"


def test_an_address_that_begins_with_zero_bits_is_no_control_word(read: Read) -> None:
    assert read("{eth} 8847 00064140 {eth} 0800 {ipv4}").protocols == "eth:mpls:eth:ip:udp:data"


def test_associated_channel(read: Read) -> None:
    packet = read("{eth} 8847 00064140 10000021 {ipv4}")
    assert packet.pwach.channel_type == 0x0021
    assert packet.protocols == "eth:mpls:pwach:ip:udp:data"


def test_other_payload_is_data(read: Read) -> None:
    assert read("{eth} 8847 00064140 50616263").protocols == "eth:mpls:data"


def test_info(read: Read) -> None:
    assert read("{eth} 8847 00064b40 50").mpls.info() == "MPLS Label 100 Exp 5 S 1 TTL 64"
