"""The tree of a packet's fields."""

from __future__ import annotations

import pytest

from dissectors.packet import Interface, Packet
from rawcap.show.colours import Paint
from rawcap.show.detail import DetailView, drawn_bits, place

ETHERNET = Interface()


def tree(packet: Packet, *, colour: bool = False) -> list[str]:
    written: list[str] = []
    DetailView(written.append, paint=Paint(colour)).show(packet)
    return "".join(written).splitlines()


def below(heading: str, lines: list[str]) -> list[str]:
    """The lines below a heading, which are indented."""
    start = next(index for index, line in enumerate(lines) if line.startswith(heading))
    rest = lines[start + 1 :]
    return rest[: next((index for index, line in enumerate(rest) if not line.startswith(" ")), len(rest))]


def test_every_layer_has_a_heading_with_its_reference_and_place(frames: dict[str, bytes]) -> None:
    headings = [line for line in tree(Packet(frames["udp"], ETHERNET, 1_500_000_000, -1, 7)) if line[:1] != " "]
    assert headings[0] == "Frame 7, 1970-01-01 00:00:01.500000 UTC"
    assert "Internet Protocol version 4 (RFC 791, 3.1), octets 14–33" in headings
    assert "User Datagram Protocol (RFC 768), octets 34–41" in headings
    assert headings[-1].endswith(", octets 42–46")


def test_a_field_has_its_octets_its_name_its_value_and_its_meaning(frames: dict[str, bytes]) -> None:
    shown = below("Ethernet II", tree(Packet(frames["udp"], ETHERNET)))
    assert shown[0] == "    0–5  eth.dst   02:00:00:00:00:02  destination address"
    assert shown[1] == "   6–11  eth.src   02:00:00:00:00:01  source address"
    assert shown[2].startswith("  12–13  eth.type  0x0800 (IPv4)      ")


def test_fields_of_bits_are_drawn(frames: dict[str, bytes]) -> None:
    shown = below("Internet Protocol", tree(Packet(frames["udp"], ETHERNET)))
    assert any(line.startswith("     14  ip.hdr_len          .... 0101 = 20 ") for line in shown)
    assert any(line.startswith("           ip.flags.df       .1.. .... = set ") for line in shown)
    assert any(line.startswith("  20–21  ip.frag_offset      ...0 0000 0000 0000 = 0 ") for line in shown)


def test_options_are_groups_with_their_octets(frames: dict[str, bytes]) -> None:
    shown = [line[:40].rstrip() for line in below("Transmission", tree(Packet(frames["synack"], ETHERNET)))]
    assert shown[shown.index("  54–61  options") :][:2] == ["  54–61  options", "  54–57    Maximum segment size"]
    assert "  56–57      tcp.options.mss_val" in shown
    assert "     58    No operation" in shown


def test_a_field_that_is_not_on_the_wire_has_no_octets(frames: dict[str, bytes]) -> None:
    shown = below("Internet Protocol", tree(Packet(frames["udp"], ETHERNET)))
    assert any(line.startswith("         ip.checksum.status  1 (good) ") for line in shown)


def test_a_header_that_was_cut_says_so_and_keeps_what_is_whole(frames: dict[str, bytes]) -> None:
    lines = tree(Packet(frames["udp"][:37], ETHERNET, None, 47))
    assert "User Datagram Protocol (RFC 768), octets 34–36  [truncated]" in lines
    assert next(line.split()[1] for line in below("User Datagram", lines)) == "udp.srcport"
    assert not any("udp.dstport" in line for line in lines)


def test_a_contradiction_and_a_wrong_checksum_stand_beside_the_heading(frames: dict[str, bytes]) -> None:
    short = frames["ack"][:14] + b"\x44" + frames["ack"][15:]
    assert any(
        line.endswith("  [malformed: IPv4 gives its header fewer than 20 octets]")
        for line in tree(Packet(short, ETHERNET))
    )
    wrong = frames["udp"][:-1] + b"x"
    assert "User Datagram Protocol (RFC 768), octets 34–41  [bad checksum]" in tree(Packet(wrong, ETHERNET))


def test_of_many_octets_the_first_are_shown(frames: dict[str, bytes]) -> None:
    lines = tree(Packet(bytes(range(30)), Interface(linktype=65000)))
    assert any(
        "data.data  000102030405060708090a0b0c0d0e0f1011121314151617… (30 octets)" in line for line in lines
    )


def test_an_empty_line_stands_between_two_packets(frames: dict[str, bytes]) -> None:
    written: list[str] = []
    view = DetailView(written.append, paint=Paint(False))
    view.show(Packet(frames["udp"], ETHERNET, None, -1, 1))
    view.show(Packet(frames["udp"], ETHERNET, None, -1, 2))
    lines = "".join(written).splitlines()
    assert lines[0] == "Frame 1"
    assert lines.count("") == 1
    assert lines[lines.index("") + 1] == "Frame 2"


def test_headings_are_coloured_by_protocol(frames: dict[str, bytes]) -> None:
    lines = tree(Packet(frames["udp"], ETHERNET), colour=True)
    assert "\x1b[1;34mUser Datagram Protocol (RFC 768), octets 34–41\x1b[0m" in lines


def test_meanings_are_wrapped_in_their_column_where_a_width_is_given(frames: dict[str, bytes]) -> None:
    written: list[str] = []
    DetailView(written.append, paint=Paint(False), width=80).show(Packet(frames["udp"], ETHERNET))
    lines = "".join(written).splitlines()
    assert max(map(len, lines)) <= 80
    at = next(index for index, line in enumerate(lines) if "ip.id " in line)
    assert lines[at : at + 2] == [
        "  18–19  ip.id               0x1234                   identification, the same",
        "                                                      in all fragments",
    ]


def test_place_name_value_and_meaning_are_told_apart_by_colour(frames: dict[str, bytes]) -> None:
    lines = tree(Packet(frames["synack"], ETHERNET), colour=True)
    value, meaning = "\x1b[36m02:00:00:00:00:01\x1b[0m", "\x1b[2mdestination address\x1b[0m"
    assert f"    \x1b[2m0–5\x1b[0m  eth.dst   {value}  {meaning}" in lines
    assert "  \x1b[2m54–57\x1b[0m  \x1b[1m  Maximum segment size\x1b[0m" in lines


def narrow(packet: Packet, width: int) -> list[str]:
    written: list[str] = []
    DetailView(written.append, paint=Paint(False), width=width).show(packet)
    return "".join(written).splitlines()


def test_a_meaning_is_cut_where_there_is_no_room_for_it(frames: dict[str, bytes]) -> None:
    lines = narrow(Packet(frames["udp"], ETHERNET), 70)
    assert max(map(len, lines)) <= 70
    assert "  18–19  ip.id               0x1234                   identification,…" in lines


def test_a_value_goes_on_below_itself(frames: dict[str, bytes]) -> None:
    lines = narrow(Packet(bytes(range(30)), Interface(linktype=65000)), 50)
    at = next(index for index, line in enumerate(lines) if " data.data " in line)
    assert lines[at : at + 3] == [
        "   0–29  data.data  000102030405060708090a0b0c0d0e",
        "                    0f1011121314151617… (30",
        "                    octets)",
    ]


def test_a_heading_goes_on_below_itself(frames: dict[str, bytes]) -> None:
    wrong = frames["udp"][:-1] + b"x"
    lines = narrow(Packet(wrong, ETHERNET), 60)
    at = lines.index("User Datagram Protocol (RFC 768), octets 34–41")
    assert lines[at + 1] == "    [bad checksum]"


def test_what_is_wrong_inside_a_header_is_told_with_it(frames: dict[str, bytes]) -> None:
    # A maximum segment size option that says it is 9 octets long, where 8 octets of options are.
    frame = frames["synack"][:55] + b"\x09" + frames["synack"][56:]
    (heading,) = (line for line in tree(Packet(frame, ETHERNET)) if line.startswith("Transmission"))
    assert "[malformed: " in heading


@pytest.mark.parametrize(
    ("octets", "first", "bits", "shown"),
    [
        (b"\x45", 0, 4, "0100 ...."),
        (b"\x45", 4, 4, ".... 0101"),
        (b"\x50\x12", 4, 12, ".... 0000 0001 0010"),
        (b"\x50\x12", 14, 1, ".... .... .... ..1."),
        (b"\x60\x01\x02\x03", 12, 20, ".... .... .... 0001 0000 0010 0000 0011"),
        (b"\xff", 0, 8, "1111 1111"),
    ],
)
def test_drawn_bits(octets: bytes, first: int, bits: int, shown: str) -> None:
    assert drawn_bits(octets, first, bits) == shown


@pytest.mark.parametrize(("start", "stop", "shown"), [(14, 34, "14–33"), (14, 15, "14"), (14, 14, "")])
def test_place(start: int, stop: int, shown: str) -> None:
    assert place(start, stop) == shown
