"""Reassembly of IP fragments (RFC 791, 3.2; RFC 8200, 4.5; RFC 5722)."""
from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors.packet import Interface, Packet
from dissectors.reassembly import Reassembler

RAW_IP = 101
SECOND = 1_000_000_000
ENDS = bytes.fromhex("20010db8000000000000000000000001 20010db8000000000000000000000002")
UDP = bytes.fromhex("9c41 9c42 0020 0000") + bytes(range(24))
INTERFACE = Interface(RAW_IP)


def v4(
    offset: int, data: bytes, *, more: bool, number: int = 1, time: float = 0, ident: int = 7, source: int = 1,
    link: bytes = b"", interface: Interface = INTERFACE,
) -> Packet:
    """A fragment from 192.0.2.`source`; `offset` in octets, `time` in seconds."""
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), ident, more << 13 | offset // 8, 64, 17, 0)
    frame = link + header + bytes([192, 0, 2, source, 192, 0, 2, 9]) + data
    return Packet(frame, interface, int(time * SECOND), len(frame), number)


def v6(offset: int, data: bytes, *, more: bool, number: int = 1, before: bytes = b"") -> Packet:
    """A fragment of UDP, with the extension headers `before` its own."""
    following = bytes([44 if not before else 0])
    fragment = struct.pack("!BBHI", 17, 0, offset | more, 7)
    frame = struct.pack("!IH", 0x60000000, len(before) + 8 + len(data)) + following + b"\x40" + ENDS
    frame += before + fragment + data
    return Packet(frame, INTERFACE, 0, len(frame), number)


# -- what comes out -------------------------------------------------------------------------------------------


def test_a_packet_that_is_no_fragment_is_given_back() -> None:
    packet = v4(0, UDP, more=False)
    assert Reassembler().add(packet) is packet


def test_a_datagram_in_three_fragments() -> None:
    reassembler = Reassembler()
    assert reassembler.add(v4(0, UDP[:8], more=True, number=1, time=1)) is None
    assert reassembler.add(v4(8, UDP[8:24], more=True, number=2, time=2)) is None
    whole = reassembler.add(v4(24, UDP[24:], more=False, number=3, time=3))
    assert whole is not None
    assert whole.data[20:] == UDP
    assert (whole.ip.len, whole.ip.mf, whole.ip.frag_offset, whole.ip.id) == (52, False, 0, 7)
    assert whole.ip.checksum_status == 1
    assert (whole.number, whole.time_ns, whole.length, whole.interface) == (3, 3 * SECOND, 52, INTERFACE)
    assert whole.udp.dstport == 40002
    assert whole.malformed == ""


def test_fragments_in_any_order() -> None:
    reassembler = Reassembler()
    assert reassembler.add(v4(24, UDP[24:], more=False)) is None
    assert reassembler.add(v4(8, UDP[8:24], more=True)) is None
    whole = reassembler.add(v4(0, UDP[:8], more=True))
    assert whole is not None
    assert whole.data[20:] == UDP


def test_the_link_header_stays() -> None:
    link = bytes.fromhex("020000000002 020000000001 0800")
    ethernet = Interface(1)
    reassembler = Reassembler()
    reassembler.add(v4(0, UDP[:8], more=True, link=link, interface=ethernet))
    whole = reassembler.add(v4(8, UDP[8:], more=False, link=link, interface=ethernet))
    assert whole is not None
    assert whole.data[:14] == link
    assert whole.protocols == "eth:ip:udp:data"


def test_padding_of_a_short_frame_is_no_data() -> None:
    link = bytes.fromhex("020000000002 020000000001 0800")
    ethernet = Interface(1)
    reassembler = Reassembler()
    reassembler.add(v4(0, UDP[:8], more=True, link=link, interface=ethernet))
    last = v4(8, UDP[8:], more=False, link=link, interface=ethernet)
    whole = reassembler.add(Packet(last.data + bytes(10), ethernet))
    assert whole is not None
    assert whole.data[34:] == UDP


def test_ipv6() -> None:
    reassembler = Reassembler()
    assert reassembler.add(v6(0, UDP[:8], more=True)) is None
    whole = reassembler.add(v6(8, UDP[8:], more=False))
    assert whole is not None
    assert whole.protocols == "ipv6:udp:data"
    assert (whole.ipv6.plen, whole.ipv6.nxt) == (32, 17)
    assert whole.data[40:] == UDP


def test_ipv6_with_a_header_before_the_fragment_header() -> None:
    options = bytes.fromhex("2c00 0104 00000000")
    reassembler = Reassembler()
    reassembler.add(v6(0, UDP[:8], more=True, before=options))
    whole = reassembler.add(v6(8, UDP[8:], more=False, before=options))
    assert whole is not None
    assert whole.protocols == "ipv6:ipv6.hopopts:udp:data"
    assert (whole.ipv6.plen, whole.ipv6.nxt, whole["ipv6.hopopts"].nxt) == (40, 0, 17)


def test_an_atomic_fragment_waits_for_nothing() -> None:
    """RFC 6946, 4."""
    packet = v6(0, UDP, more=False)
    assert Reassembler().add(packet) is packet


def test_a_fragment_in_a_tunnel() -> None:
    """The lengths of what is around it are put right too."""
    reassembler = Reassembler()
    inner = [v4(0, UDP[:8], more=True).data, v4(8, UDP[8:], more=False).data]
    for octets in inner:
        outer = struct.pack("!BBHHHBBH4B4B", 0x45, 0, 20 + len(octets), 1, 0, 64, 4, 0, 10, 0, 0, 1, 10, 0, 0, 2)
        whole = reassembler.add(Packet.of(outer + octets, RAW_IP))
    assert whole is not None
    assert whole.protocols == "ip:ip:udp:data"
    assert [layer.len for layer in whole.layers[:2]] == [72, 52]
    assert whole.malformed == ""


def test_fragments_of_fragments() -> None:
    inner = [v4(0, UDP[:8], more=True, ident=1).data, v4(8, UDP[8:], more=False, ident=1).data]
    reassembler = Reassembler()
    answers = []
    for ident, octets in enumerate(inner, 2):
        for offset, piece, more in ((0, octets[:16], True), (16, octets[16:], False)):
            frame = bytearray(v4(offset, piece, more=more, ident=ident).data)
            frame[9] = 4
            answers.append(reassembler.add(Packet.of(bytes(frame), RAW_IP)))
    assert answers[:3] == [None, None, None]
    assert answers[3] is not None
    assert answers[3].udp.payload == bytes(range(24))


def test_datagrams_are_kept_apart() -> None:
    reassembler = Reassembler()
    reassembler.add(v4(0, UDP[:8], more=True, ident=7, source=1))
    assert reassembler.add(v4(8, UDP[8:], more=False, ident=8, source=1)) is None
    assert reassembler.add(v4(8, UDP[8:], more=False, ident=7, source=2)) is None
    assert reassembler.add(v4(8, UDP[8:], more=False, ident=7, source=1)) is not None


def test_the_same_addresses_in_two_vlans_are_not_the_same() -> None:
    ethernet = Interface(1)
    one, two = (bytes.fromhex(f"020000000002 020000000001 8100 {vlan:04x} 0800") for vlan in (1, 2))
    reassembler = Reassembler()
    reassembler.add(v4(0, UDP[:8], more=True, link=one, interface=ethernet))
    assert reassembler.add(v4(8, UDP[8:], more=False, link=two, interface=ethernet)) is None
    assert reassembler.add(v4(8, UDP[8:], more=False, link=one, interface=ethernet)) is not None


# -- what is given up -----------------------------------------------------------------------------------------


def test_the_same_fragment_again_is_ignored() -> None:
    reassembler = Reassembler()
    reassembler.add(v4(0, UDP[:8], more=True))
    reassembler.add(v4(0, UDP[:8], more=True))
    assert reassembler.add(v4(8, UDP[8:], more=False)) is not None
    assert not reassembler.problems


@pytest.mark.parametrize("make", [v4, v6])
def test_overlapping_fragments_give_the_datagram_up(make: Callable[..., Packet]) -> None:
    """RFC 5722, 4: with those that still come."""
    reassembler = Reassembler()
    reassembler.add(make(0, UDP[:16], more=True, number=1))
    assert reassembler.add(make(8, UDP[8:16], more=True, number=2)) is None
    assert reassembler.add(make(16, UDP[16:], more=False, number=3)) is None
    assert list(reassembler.problems) == [(2, "fragments overlap")]


@pytest.mark.parametrize(("fragments", "reason"), [
    ([(0, 8, True), (8, 7, True)], "a fragment of 7 octets says that it is not the last one"),
    ([(0, 8, True), (8, 0, True)], "a fragment of 0 octets says that it is not the last one"),
    ([(8, 8, False), (24, 8, False)], "two fragments say that they are the last one"),
    ([(8, 8, False), (16, 8, True)], "a fragment reaches beyond the last one"),
    ([(65528, 16, False)], "a fragment reaches to octet 65544"),
    ([(65512, 8, False)], "a fragment reaches to octet 65520"),
])
def test_contradictions(fragments: list[tuple[int, int, bool]], reason: str) -> None:
    reassembler = Reassembler()
    for number, (offset, length, more) in enumerate(fragments, 1):
        assert reassembler.add(v4(offset, bytes(length), more=more, number=number)) is None
    assert list(reassembler.problems) == [(len(fragments), reason)]


def test_a_fragment_that_the_capture_cut_short() -> None:
    reassembler = Reassembler()
    cut = v4(0, UDP[:8], more=True)
    assert reassembler.add(Packet(cut.data[:-1], INTERFACE, 0, len(cut.data), 1)) is None
    assert list(reassembler.problems) == [(1, "the capture cut a fragment short")]


def test_a_fragment_that_an_error_quotes_is_none() -> None:
    quoted = v4(0, UDP[:8], more=True).data
    error = f"4500 {28 + len(quoted):04x} 0001 0000 40 01 0000 c0000202 c0000201 0301 0000 00000000"
    packet = Packet.of(bytes.fromhex(error) + quoted, RAW_IP)
    assert Reassembler().add(packet) is packet


def test_waiting_ends() -> None:
    """RFC 8200, 4.5: 60 seconds after the first fragment that arrived."""
    reassembler = Reassembler()
    reassembler.add(v4(0, UDP[:8], more=True, time=0, ident=1))
    reassembler.add(v4(0, UDP[:8], more=True, time=0.5, ident=2))
    assert reassembler.add(v4(8, UDP[8:], more=False, time=60.25, ident=1, number=3)) is None
    assert list(reassembler.problems) == [(3, "fragments are missing, and the time is up")]
    assert reassembler.add(v4(8, UDP[8:], more=False, time=60.5, ident=2)) is not None


def test_memory_is_bounded() -> None:
    reassembler = Reassembler(most_held=4000)
    for ident in range(10):
        reassembler.add(v4(0, bytes(1000), more=True, ident=ident, number=ident))
    assert {problem.reason for problem in reassembler.problems} == {"too many datagrams wait for fragments"}
    assert len(reassembler.problems) == 7
    assert reassembler.add(v4(1000, bytes(8), more=False, ident=0)) is None
    assert reassembler.add(v4(1000, bytes(8), more=False, ident=9)) is not None


# -- nothing is lost ------------------------------------------------------------------------------------------


def test_what_never_becomes_whole_is_given_back_at_the_end_in_order() -> None:
    reassembler = Reassembler()
    packets = [v4(0, UDP[:8], more=True, ident=ident, number=number) for number, ident in enumerate([1, 2, 1, 3], 1)]
    for packet in packets:
        reassembler.add(packet)
    assert reassembler.given_up() == []
    assert reassembler.flush() == packets
    assert list(reassembler.problems) == [
        (3, "fragments are missing"), (2, "fragments are missing"), (4, "fragments are missing"),
    ]
    assert reassembler.flush() == []


def test_fragments_of_a_datagram_that_became_whole_are_not_given_back() -> None:
    reassembler = Reassembler()
    reassembler.add(v4(0, UDP[:8], more=True))
    reassembler.add(v4(0, UDP[:8], more=True))
    reassembler.add(v4(8, UDP[8:], more=False))
    assert reassembler.given_up() == []
    assert reassembler.flush() == []


def test_what_contradicts_itself_is_given_back_at_once_with_what_still_comes() -> None:
    reassembler = Reassembler()
    packets = [v4(0, UDP[:16], more=True), v4(8, UDP[8:16], more=True), v4(16, UDP[16:], more=False)]
    reassembler.add(packets[0])
    reassembler.add(packets[1])
    assert reassembler.given_up() == packets[:2]
    reassembler.add(packets[2])
    assert reassembler.given_up() == packets[2:]
    assert reassembler.flush() == []


def test_what_waited_too_long_is_given_back() -> None:
    reassembler = Reassembler()
    first, second = v4(0, UDP[:8], more=True, time=0), v4(0, UDP[:8], more=True, time=61, ident=8)
    reassembler.add(first)
    reassembler.add(second)
    assert reassembler.given_up() == [first]
    assert reassembler.flush() == [second]


def test_what_there_is_no_room_for_is_given_back() -> None:
    reassembler = Reassembler(most_held=4000)
    packets = [v4(0, bytes(1000), more=True, ident=ident, number=ident) for ident in range(10)]
    for packet in packets:
        reassembler.add(packet)
    assert reassembler.given_up() == packets[:7]


def test_repetitions_of_a_fragment_cannot_fill_the_memory() -> None:
    reassembler = Reassembler(most_held=4000)
    for number in range(5):
        reassembler.add(v4(0, bytes(1000), more=True, number=number))
    assert [packet.number for packet in reassembler.given_up()] == [0, 1, 2, 3]


# -- what always holds ----------------------------------------------------------------------------------------


@given(st.integers(1, 400), st.integers(1, 12), st.randoms(use_true_random=False))
def test_any_cut_in_any_order_gives_the_datagram_back(length: int, words: int, order: random.Random) -> None:
    data = bytes(order.randrange(256) for _ in range(length))
    size = words * 8
    fragments = [v4(at, data[at : at + size], more=at + size < length) for at in range(0, length, size)]
    order.shuffle(fragments)
    reassembler = Reassembler()
    answers = [reassembler.add(fragment) for fragment in fragments]
    assert answers[:-1] == [None] * (len(fragments) - 1)
    assert answers[-1] is not None
    assert answers[-1].data[20:] == data


@given(st.lists(st.tuples(st.integers(0, 8191), st.booleans(), st.integers(0, 40)), max_size=30))
def test_no_fragment_raises(fragments: list[tuple[int, bool, int]]) -> None:
    reassembler = Reassembler(most_held=5000)
    for offset, more, length in fragments:
        answer = reassembler.add(v4(offset * 8, bytes(length), more=more))
        assert answer is None or answer.ip.frag_offset == 0
