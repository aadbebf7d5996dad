"""Internet Protocol version 4 (RFC 791)."""
from __future__ import annotations

import pytest

from dissectors.packet import Packet

RAW_IP = 101
UDP = "9c41 9c42 000d ff79 68656c6c6f"


def ipv4(
    *, first: str = "45", total: int = 33, flags: str = "0000", protocol: int = 17, checksum: str = "f6c7",
    options: str = "", data: str = UDP,
) -> Packet:
    """A datagram from 192.0.2.1 to 192.0.2.2."""
    header = f"{first}00 {total:04x} 0001 {flags} 40 {protocol:02x} {checksum} c0000201 c0000202 {options}"
    return Packet.of(bytes.fromhex(header + data), RAW_IP)


def test_every_field_of_the_header() -> None:
    ip = Packet.of(bytes.fromhex("45bb 0014 1234 6005 40 fd 0000 c0000201 c6336401"), RAW_IP).ip
    assert (ip.version, ip.hdr_len, ip.dsfield, ip.dscp, ip.ecn) == (4, 20, 0xBB, 46, 3)
    assert (ip.len, ip.id, ip.flags, ip.rb, ip.df, ip.mf) == (20, 0x1234, 3, False, True, True)
    assert (ip.frag_offset, ip.ttl, ip.proto, ip.checksum) == (5, 64, 253, 0)
    assert (ip.src, ip.dst) == ("192.0.2.1", "198.51.100.1")


def test_either_address() -> None:
    assert ipv4().values("ip.addr") == ["192.0.2.1", "192.0.2.2"]


def test_the_datagram_ends_where_it_says() -> None:
    packet = Packet.of(ipv4().data + b"\0\0", RAW_IP)
    assert packet.udp.payload_ == b"hello"


def test_a_total_length_of_zero_is_all_that_is_there() -> None:
    """Segmentation offload: Linux leaves 0 where 16 bits are too few."""
    assert ipv4(total=0).udp.payload_ == b"hello"


def test_a_total_length_beyond_the_frame_is_told() -> None:
    assert ipv4(total=40).malformed == "IPv4 says it ends beyond what carries it"


def test_a_header_shorter_than_its_least_is_told() -> None:
    packet = ipv4(first="44")
    assert packet.malformed == "IPv4 gives its header fewer than 20 octets"
    assert packet.udp is None


@pytest.mark.parametrize(("checksum", "status"), [("f6c7", 1), ("f6c8", 0)])
def test_checksum(checksum: str, status: int) -> None:
    assert ipv4(checksum=checksum)["ip.checksum.status"] == status


def test_a_header_with_options_is_summed_wholly() -> None:
    packet = ipv4(first="46", total=37, checksum="61bf", options="94040000")
    assert packet["ip.checksum.status"] == 1


def test_a_checksum_of_a_header_that_was_cut_is_unverified() -> None:
    whole = ipv4(first="46", total=37, checksum="61bf", options="94040000")
    assert Packet(whole.data[:22], whole.interface, length=37)["ip.checksum.status"] == 2


# -- fragments ------------------------------------------------------------------------------------------------


def test_the_first_fragment_shows_what_it_begins() -> None:
    packet = ipv4(flags="2000")
    assert packet.udp.srcport == 40001
    assert packet.ip.is_fragment is False


def test_a_later_fragment_is_data() -> None:
    packet = ipv4(flags="20b9", data="68656c6c6f")
    assert packet.protocols == "ip:data"
    assert packet.ip.is_fragment


def test_line_of_a_later_fragment() -> None:
    assert ipv4(flags="00b9").ip.info() == "Fragmented IP protocol (proto=UDP 17, off=1480, ID=0001)"


def test_line_of_an_unknown_protocol() -> None:
    assert ipv4(protocol=200).ip.info() == "unknown (200)"
    assert ipv4(protocol=89).ip.info() == "OSPF (89)"


def test_line_of_what_was_cut_off() -> None:
    whole = ipv4()
    assert Packet(whole.data[:9], whole.interface, length=33).ip.info() is None


# -- where it is found ----------------------------------------------------------------------------------------


def test_over_ethernet() -> None:
    frame = bytes.fromhex("020000000002 020000000001 0800") + ipv4().data
    assert Packet.of(frame, 1).protocols == "eth:ip:udp:data"


def test_in_itself() -> None:
    packet = ipv4(protocol=4, total=53, data=ipv4().data.hex())
    assert packet.protocols == "ip:ip:udp:data"


# -- the destination that transport checksums count -----------------------------------------------------------


def test_a_source_route_ends_at_the_final_destination() -> None:
    packet = ipv4(first="49", total=49, options="830f04 cb007101 cb007102 cb007103 00")
    assert packet.ip.final_destination == "203.0.113.3"


def test_a_source_route_at_its_end_leaves_the_destination() -> None:
    packet = ipv4(first="49", total=49, options="830f10 cb007101 cb007102 cb007103 00")
    assert packet.ip.final_destination == "192.0.2.2"


def test_the_checksum_of_udp_counts_the_final_destination() -> None:
    """Summed by hand: ff79 for 192.0.2.2, less cb00 7103 - c000 0202."""
    packet = ipv4(first="48", total=45, options="830b04 cb007102 cb007103 00", data="9c41 9c42 000d 8578 68656c6c6f")
    assert packet["udp.checksum.status"] == 1
