"""Filters of pcap-filter(7), on packets of a file."""

from __future__ import annotations

import pytest

from dissectors.packet import Interface, Packet
from rawcap.filter import FilterError
from rawcap.filter.kernel import pcap_filter


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("", "syn push udp6 nested other"),
        ("tcp", "syn push"),
        ("tcp port 9000 and src net 192.0.2.0/24", "syn push"),
        ("tcp[tcpflags] & tcp-syn != 0", "syn"),
        ("udp", "udp6"),
        ("ip proto 4", "nested"),
        ("ether broadcast", "other"),
        ("greater 64", "push udp6 nested"),
        ("not ip", "udp6 other"),
    ],
)
def test_which_packets_pass(packets: dict[str, Packet], text: str, passing: str) -> None:
    wanted = pcap_filter(text)
    assert " ".join(name for name, packet in packets.items() if wanted.matches(packet)) == passing


def test_a_packet_is_as_long_as_it_was_on_the_wire(packets: dict[str, Packet]) -> None:
    cut = Packet(packets["push"].data[:40], Interface(), length=1500)
    assert pcap_filter("greater 1500").matches(cut)
    assert not pcap_filter("less 1499").matches(cut)
    assert pcap_filter("tcp dst port 9000").matches(cut)


def test_what_was_cut_off_does_not_match(packets: dict[str, Packet]) -> None:
    cut = Packet(packets["push"].data[:36], Interface(), length=67)
    assert not pcap_filter("tcp dst port 9000").matches(cut)
    assert not pcap_filter("not tcp dst port 9000").matches(cut)


def test_it_is_compiled_for_every_link_type_that_comes(packets: dict[str, Packet]) -> None:
    syn = packets["syn"].data
    wanted = pcap_filter("tcp port 9000", linktype=1)
    raw = Packet.of(syn[14:], 101)
    cooked = Packet.of(bytes.fromhex("00000001000602000000000100000800") + syn[14:], 113)
    assert wanted.matches(packets["syn"])
    assert wanted.matches(raw)
    assert wanted.matches(cooked)
    assert not wanted.matches(Packet.of(syn, 101))


def test_nothing_passes_of_a_link_type_that_the_filter_cannot_speak_of() -> None:
    wanted = pcap_filter("tcp")
    assert wanted.impossible == {}
    assert not wanted.matches(Packet.of(b"\0" * 60, 999))
    assert wanted.impossible == {999: "unknown data link type 999"}


def test_a_wrong_filter_is_marked_as_a_whole() -> None:
    with pytest.raises(FilterError) as caught:
        pcap_filter("tcp prt 80")
    assert str(caught.value) == "syntax error"
    assert caught.value.render() == "tcp prt 80\n^~~~~~~~~~"


def test_there_are_no_instructions_for_a_link_type_that_the_filter_cannot_speak_of() -> None:
    with pytest.raises(FilterError, match=r"only on 802.11$"):
        pcap_filter("type mgt").instructions  # noqa: B018
    assert pcap_filter("type mgt", linktype=105).instructions


def test_a_nul_is_not_taken_for_the_end() -> None:
    with pytest.raises(FilterError, match="a filter holds no NUL"):
        pcap_filter("tcp\0 or udp")


def test_the_instructions_are_those_for_a_socket() -> None:
    assert pcap_filter("ip", snaplen=96).instructions == [
        (0x28, 0, 0, 12),  # load the half word at 12: the EtherType
        (0x15, 0, 1, 0x800),  # when it is not IPv4, pass over one
        (0x06, 0, 0, 96),  # take 96 octets
        (0x06, 0, 0, 0),  # take none
    ]


def test_without_a_limit_whole_packets_are_taken() -> None:
    assert pcap_filter("").instructions == [(6, 0, 0, 262144)]
