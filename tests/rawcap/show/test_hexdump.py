"""The octets of a frame by layer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dissectors.packet import Interface, Packet
from rawcap.show.colours import Paint
from rawcap.show.hexdump import HexView, stretches

ETHERNET = Interface()


def dump(packet: Packet, *, colour: bool = False) -> list[str]:
    return list(HexView(lambda text: None, paint=Paint(colour)).lines(packet))


def test_every_line_is_of_one_layer(frames: dict[str, bytes]) -> None:
    assert dump(Packet(frames["udp"], ETHERNET)) == [
        "0000  02 00 00 00 00 02 02 00  00 00 00 01 08 00        ..............    Ethernet",
        "000e  45 00 00 21 12 34 40 00  40 11 a4 94 c0 00 02 01  E..!.4@.@.......  IPv4",
        "001e  c0 00 02 02                                       ....              IPv4",
        "0022  13 88 9c 40 00 0d 88 35                           ...@...5          UDP",
        "002a  68 65 6c 6c 6f                                    hello             Data",
    ]


def test_padding_belongs_to_the_frame_that_is_padded(frames: dict[str, bytes]) -> None:
    padded = frames["ack"] + bytes(6)
    assert dump(Packet(padded, ETHERNET))[-1] == (
        "0036  00 00 00 00 00 00                                 ......            Ethernet"
    )


def test_options_belong_to_their_header(frames: dict[str, bytes]) -> None:
    assert [line[-3:] for line in dump(Packet(frames["synack"], ETHERNET))[3:]] == ["TCP", "TCP"]


def test_octets_of_an_unknown_link_type_are_data() -> None:
    assert dump(Packet(b"\x00\x1b[", Interface(linktype=65000))) == [
        "0000  00 1b 5b                                          ..[               Data"
    ]


def test_an_empty_frame_has_no_lines() -> None:
    assert dump(Packet(b"", ETHERNET)) == []


def test_a_layer_has_its_colour(frames: dict[str, bytes]) -> None:
    line = dump(Packet(frames["udp"], ETHERNET), colour=True)[3]
    assert line.startswith("0022  \x1b[34m13 88 9c 40 00 0d 88 35 ")
    assert line.endswith("\x1b[0m  UDP")


def test_the_layer_is_cut_where_the_terminal_ends(frames: dict[str, bytes]) -> None:
    lines = list(HexView(lambda text: None, paint=Paint(False), width=80).lines(Packet(frames["udp"], ETHERNET)))
    assert lines[0] == "0000  02 00 00 00 00 02 02 00  00 00 00 01 08 00        ..............    Ether…"
    assert lines[3].endswith("...@...5          UDP")


def test_the_tree_stands_above_the_octets(frames: dict[str, bytes]) -> None:
    written: list[str] = []
    HexView(written.append, paint=Paint(False)).show(Packet(frames["udp"], ETHERNET, None, -1, 1))
    lines = "".join(written).splitlines()
    assert lines[0] == "Frame 1"
    assert lines[lines.index("") + 1].startswith("0000  02 00 00 00 00 02")


@given(st.binary(max_size=120), st.sampled_from([1, 101, 113, 276, 65000]))
def test_every_octet_stands_in_exactly_one_stretch(octets: bytes, linktype: int) -> None:
    at = 0
    for start, stop, _ in stretches(Packet(octets, Interface(linktype=linktype))):
        assert start == at
        assert stop > start
        at = stop
    assert at == len(octets)
