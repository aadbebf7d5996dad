"""The parts of a packet's line."""

from __future__ import annotations

from dissectors.packet import Interface, Packet
from rawcap.show.summary import summarise, trouble
from rawcap.tcp.tracker import Tracker

ETHERNET = Interface()


def test_a_segment(frames: dict[str, bytes]) -> None:
    packet = Tracker().note(Packet(frames["syn"], ETHERNET))
    summary = summarise(packet)
    assert summary[:5] == (
        "192.0.2.1",
        "192.0.2.2",
        "TCP",
        "49152 → 443 [SYN] Seq=0 Win=64240 Len=0 MSS=1460 SACK_PERM TSval=1 TSecr=0 WS=128",
        "",
    )
    assert summary.layer is packet.tcp


def test_data_leaves_the_word_to_what_carries_it(frames: dict[str, bytes]) -> None:
    summary = summarise(Packet(frames["udp"], ETHERNET))
    assert (summary.protocol, summary.info) == ("UDP", "5000 → 40000 Len=5")


def test_an_unknown_link_type_is_data() -> None:
    summary = summarise(Packet(b"\x01\x02\x03", Interface(linktype=65000)))
    assert summary == ("", "", "data", "3 octets of data", "", None)


def test_an_empty_frame_is_nothing() -> None:
    assert summarise(Packet(b"", ETHERNET)).info == "nothing"


def test_a_packet_quoted_by_an_error_has_no_say(frames: dict[str, bytes]) -> None:
    # From 192.0.2.9: port unreachable, about the datagram from 192.0.2.1 to 192.0.2.2.
    quoted = frames["udp"][14:]
    icmp = bytes.fromhex("0303 ca5b 00000000") + quoted
    header = bytes.fromhex("4500 003d 0000 4000 4001 b68b c0000209 c0000201")
    summary = summarise(Packet(header + icmp, Interface(linktype=101)))
    assert (summary.source, summary.destination, summary.protocol) == ("192.0.2.9", "192.0.2.1", "ICMP")
    assert "UDP" not in summary.info
    assert "5000" not in summary.info


def test_the_first_fragment_says_that_there_is_more_and_the_others_say_it_in_their_line() -> None:
    # Two fragments of 8 octets of a UDP datagram of 16 (RFC 791, 3.2), with the checksums of their headers.
    first = bytes.fromhex("4500001c 00072000 4011d6c6 c0000201 c0000202 13889c4000100000")
    second = bytes.fromhex("4500001c 00070001 4011f6c5 c0000201 c0000202 667261676d656e74")
    raw = Interface(linktype=101)
    assert trouble(Packet(first, raw)) == "[first fragment]"
    assert trouble(Packet(second, raw)) == ""
    assert summarise(Packet(second, raw)).info.startswith("Fragmented IP protocol (proto=UDP 17, off=8, ID=0007)")


def test_a_packet_that_was_cut_says_how_much_is_there(frames: dict[str, bytes]) -> None:
    packet = Packet(frames["udp"][:44], ETHERNET, None, 47)
    assert trouble(packet) == "[truncated 44 of 47]"


def test_a_wrong_checksum_is_said(frames: dict[str, bytes]) -> None:
    damaged = bytearray(frames["udp"])
    damaged[-1] ^= 1
    assert trouble(Packet(bytes(damaged), ETHERNET)) == "[bad checksum]"


def test_a_checksum_left_to_the_card_is_no_trouble(frames: dict[str, bytes]) -> None:
    # What Linux leaves in the field: the sum of the pseudo header, c000+0201+c000+0202+0006+0014 = 1841d, folded: 841e.
    frame = frames["ack"][:50] + bytes.fromhex("841e") + frames["ack"][52:]
    assert trouble(Packet(frame, ETHERNET)) == ""


def test_a_contradiction_is_said_with_its_reason(frames: dict[str, bytes]) -> None:
    # An IPv4 header length of 16 octets.
    frame = frames["ack"][:14] + b"\x44" + frames["ack"][15:]
    assert trouble(Packet(frame, ETHERNET)) == "[malformed: IPv4 gives its header fewer than 20 octets]"
