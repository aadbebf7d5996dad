"""The pcap format, octet by octet: every magic number, both byte orders, old versions, and lies."""

from __future__ import annotations

import io
import struct

import pytest

from dissectors.packet import Interface, Packet
from rawcap.files import CaptureError, CutCapture, Statistics, create_capture, open_capture, section_header

LITTLE = (
    b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x01\x00\x00\x00"
    b"\x00\xf1\x53\x65\x40\xe2\x01\x00\x04\x00\x00\x00\x3c\x00\x00\x00abcd"
    b"\x01\xf1\x53\x65\x00\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00ef"
)
BIG = (
    b"\xa1\xb2\xc3\xd4\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x01"
    b"\x65\x53\xf1\x00\x00\x01\xe2\x40\x00\x00\x00\x04\x00\x00\x00\x3cabcd"
    b"\x65\x53\xf1\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x02ef"
)


def header(magic: int = 0xA1B2C3D4, version: tuple[int, int] = (2, 4), snaplen: int = 65535, link: int = 1) -> bytes:
    return struct.pack("<IHHiIII", magic, *version, 0, 0, snaplen, link)


def record(data: bytes, *, seconds: int = 1, fraction: int = 0, captured: int | None = None, length: int = 4) -> bytes:
    return struct.pack("<IIII", seconds, fraction, len(data) if captured is None else captured, length) + data


def read(data: bytes) -> list[Packet]:
    return list(open_capture(io.BytesIO(data)))


def written(*packets: Packet) -> bytes:
    stream = io.BytesIO()
    with create_capture(stream, format="pcap") as writer:
        for packet in packets:
            writer.write(packet)
    return stream.getvalue()


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [LITTLE, BIG], ids=["little endian", "big endian"])
def test_a_packet_has_its_octets_time_lengths_and_number(data: bytes) -> None:
    first, second = read(data)
    assert (first.data, first.time_ns, first.length, first.number) == (b"abcd", 1_700_000_000_123_456_000, 60, 1)
    assert (second.data, second.time_ns, second.length, second.number) == (b"ef", 1_700_000_001_000_000_000, 2, 2)


def test_the_file_header_is_the_one_interface() -> None:
    capture = open_capture(io.BytesIO(BIG))
    (interface,) = capture.interfaces
    assert (interface.linktype, interface.snaplen, interface.resolution) == (1, 65535, 1_000_000)
    assert interface.big_endian
    assert next(capture).interface is interface


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_other_magic_number_counts_nanoseconds(order: str) -> None:
    data = struct.pack(order + "IHHiIIIIIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1, 5, 123_456_789, 1, 1) + b"a"
    (packet,) = read(data)
    assert packet.time_ns == 5_123_456_789
    assert packet.interface.resolution == 1_000_000_000


def test_the_records_of_kuznetzov_s_patch_are_eight_octets_longer() -> None:
    data = header(0xA1B2CD34) + 2 * (struct.pack("<IIIIIHBB", 1, 2, 4, 4, 3, 0x0800, 0, 0) + b"abcd")
    assert [(packet.data, packet.time_ns) for packet in read(data)] == [(b"abcd", 1_000_002_000)] * 2


def test_times_go_on_to_2106() -> None:
    (packet,) = read(header() + record(b"abcd", seconds=0xFFFFFFFF, fraction=999_999))
    assert packet.time_ns == 4_294_967_295_999_999_000


def test_a_fraction_of_more_than_a_second_is_added_to_the_seconds() -> None:
    (packet,) = read(header() + record(b"abcd", seconds=5, fraction=1_500_000))
    assert packet.time_ns == 6_500_000_000


def test_more_captured_than_there_was_is_taken_as_it_stands() -> None:
    (packet,) = read(header() + record(b"abcdef", length=4))
    assert (packet.data, packet.length) == (b"abcdef", 4)


def test_a_packet_may_be_longer_than_the_snapshot_length() -> None:
    (packet,) = read(header(snaplen=4) + record(bytes(262144), length=262144))
    assert len(packet.data) == 262144


def test_a_packet_may_be_empty() -> None:
    assert [packet.data for packet in read(header() + record(b""))] == [b""]


def test_a_file_may_have_no_packets() -> None:
    assert read(header()) == []


def test_the_fcs_length_beside_the_link_type_becomes_an_interface_option() -> None:
    (interface,) = open_capture(io.BytesIO(header(link=0x2400_0071))).interfaces
    assert interface.linktype == 0x71
    assert interface.options == ((13, b"\x20"),)  # if_fcslen, 32 bits: two units of 16


@pytest.mark.parametrize("version", [(2, 0), (2, 2), (543, 0)])
def test_before_version_2_3_the_original_length_came_first(version: tuple[int, int]) -> None:
    data = header(version=version) + struct.pack("<IIII", 1, 0, 60, 4) + b"abcd"
    assert [(packet.data, packet.length) for packet in read(data)] == [(b"abcd", 60)]


def test_in_version_2_3_the_smaller_length_is_the_captured_one() -> None:
    one = struct.pack("<IIII", 1, 0, 60, 4) + b"abcd"
    other = struct.pack("<IIII", 1, 0, 4, 60) + b"abcd"
    data = header(version=(2, 3)) + one + other
    assert [(packet.data, packet.length) for packet in read(data)] == [(b"abcd", 60)] * 2


@pytest.mark.parametrize("version", [(1, 0), (2, 5), (3, 0), (543, 1)])
def test_an_unknown_version_is_refused(version: tuple[int, int]) -> None:
    with pytest.raises(CaptureError, match=rf"pcap version {version[0]}\.{version[1]} is not one that can be read"):
        open_capture(io.BytesIO(header(version=version)))


def test_reserved_bits_beside_the_link_type_are_refused() -> None:
    with pytest.raises(CaptureError, match="the link type 0x00010001 of the pcap file has reserved bits set"):
        open_capture(io.BytesIO(header(link=0x10001)))


# -- what is cut or lies ----------------------------------------------------------------------------------------------


def test_a_file_cut_in_its_header_is_told_at_once() -> None:
    with pytest.raises(CutCapture, match="the file ends at byte 23, inside the pcap file header"):
        open_capture(io.BytesIO(LITTLE[:23]))


@pytest.mark.parametrize("end", [45, 60, 61])
def test_a_file_cut_in_a_packet_gives_the_whole_ones_and_names_the_offset(end: int) -> None:
    capture = open_capture(io.BytesIO(LITTLE[:end]))
    assert next(capture).data == b"abcd"
    with pytest.raises(CutCapture, match=f"cut short in packet 2, which begins at byte 44: {end - 44} bytes are there"):
        next(capture)


@pytest.mark.parametrize("captured", [262145, 0x7FFFFFFF, 0xFFFFFFFF])
def test_an_absurd_length_names_the_offset_after_the_packets_before_it(captured: int) -> None:
    capture = open_capture(io.BytesIO(LITTLE[:44] + record(b"", captured=captured) + bytes(300_000)))
    assert next(capture).data == b"abcd"
    with pytest.raises(CaptureError, match=f"packet 2 at byte 44 is said to be {captured} bytes long; no packet here"):
        next(capture)


def test_a_header_that_announces_longer_packets_is_believed_up_to_16_mebibytes() -> None:
    (packet,) = read(header(snaplen=1 << 20) + record(bytes(1 << 20)))
    assert len(packet.data) == 1 << 20
    with pytest.raises(CaptureError, match="no packet here is longer than 16777216"):
        read(header(snaplen=0xFFFFFFFF) + record(b"", captured=0xFFFFFFFF))


# -- writing ----------------------------------------------------------------------------------------------------------


def test_a_written_file_is_these_octets() -> None:
    interface = Interface(1, 65535)
    first = Packet(b"abcd", interface, 1_700_000_000_123_456_000, 60)
    second = Packet(b"ef", interface, 1_700_000_001_000_000_000)
    assert written(first, second) == LITTLE


@pytest.mark.parametrize("data", [LITTLE, BIG], ids=["little endian", "big endian"])
def test_what_was_read_is_written_octet_for_octet(data: bytes) -> None:
    assert written(*read(data)) == data


def test_an_interface_finer_than_a_microsecond_makes_a_nanosecond_file() -> None:
    data = written(Packet(b"a", Interface(resolution=1_000_000_000), 5_123_456_789))
    assert data[:4] == b"\x4d\x3c\xb2\xa1"
    assert data[24:32] == b"\x05\x00\x00\x00\x15\xcd\x5b\x07"


def test_a_time_finer_than_its_own_interface_is_cut_to_it() -> None:
    data = written(Packet(b"a", Interface(), 5_123_456_789))
    assert data[24:32] == b"\x05\x00\x00\x00\x40\xe2\x01\x00"


def test_an_interface_without_a_limit_is_written_with_libpcap_s() -> None:
    assert written(Packet(b"a", Interface(), 0))[16:20] == b"\x00\x00\x04\x00"


def test_a_packet_without_a_time_is_written_at_the_epoch() -> None:
    assert written(Packet(b"a", Interface()))[24:32] == bytes(8)


def test_the_fcs_length_is_kept_beside_the_link_type() -> None:
    assert written(Packet(b"a", Interface(options=((13, b"\x20"),)), 0))[20:24] == b"\x01\x00\x00\x24"


def test_a_file_without_packets_is_a_header() -> None:
    assert written() == header(snaplen=262144)


def test_several_interfaces_of_one_link_type_fit() -> None:
    packets = [Packet(b"a", Interface(name="a"), 0), Packet(b"b", Interface(name="b"), 0)]
    assert [packet.data for packet in read(written(*packets))] == [b"a", b"b"]


def test_blocks_of_pcapng_are_passed_over() -> None:
    stream = io.BytesIO()
    with create_capture(stream, format="pcap") as writer:
        writer.write(section_header())
        writer.write(Packet(b"a", Interface(113), 0))
    assert stream.getvalue()[20:24] == b"\x71\x00\x00\x00"
    assert len(stream.getvalue()) == 24 + 16 + 1


def test_a_second_link_type_is_refused_with_the_way_out() -> None:
    with pytest.raises(CaptureError, match=r"packet 2 has 113, those before it 1; write pcapng instead$"):
        written(Packet(b"a", Interface(1), 0), Packet(b"b", Interface(113), 0))


def test_a_time_that_the_begun_file_would_blunt_is_refused() -> None:
    fine = Interface(resolution=1_000_000_000)
    with pytest.raises(CaptureError, match="packet 2 has a time finer than the microseconds"):
        written(Packet(b"a", Interface(), 0), Packet(b"b", fine, 1))
    assert len(read(written(Packet(b"a", Interface(), 0), Packet(b"b", fine, 1000)))) == 2


@pytest.mark.parametrize("time_ns", [-1, 4_294_967_296_000_000_000])
def test_a_time_outside_32_bits_of_seconds_is_refused(time_ns: int) -> None:
    with pytest.raises(CaptureError, match="packet 1 does not fit a pcap file: its time"):
        written(Packet(b"a", Interface(), time_ns))


def test_a_packet_longer_than_readers_take_is_refused() -> None:
    with pytest.raises(CaptureError, match="packet 1 is 262145 bytes long, and readers of this pcap file"):
        written(Packet(bytes(262145), Interface(), 0))


# -- records made elsewhere -------------------------------------------------------------------------------------------


def test_an_interface_that_is_begun_makes_the_file_header() -> None:
    stream = io.BytesIO()
    with create_capture(stream, format="pcap") as writer:
        assert writer.begin(Interface(113, 96)) == 0
        assert writer.begin(Interface(113, 96)) == 0
    assert stream.getvalue() == header(snaplen=96, link=113)


def test_the_first_interface_decides_the_units_of_every_record() -> None:
    coarse, fine = Interface(), Interface(resolution=1_000_000_000)
    for first, resolution in ((coarse, 1_000_000), (fine, 1_000_000_000)):
        writer = create_capture(io.BytesIO(), format="pcap")
        writer.begin(first)
        writer.begin(coarse)
        assert writer.resolution(coarse) == resolution


def test_an_interface_of_a_second_link_type_is_refused_by_name() -> None:
    writer = create_capture(io.BytesIO(), format="pcap")
    writer.begin(Interface(1, name="eth0"))
    with pytest.raises(CaptureError, match=r"one link type; any has 276, those before it 1; write pcapng instead$"):
        writer.begin(Interface(276, name="any"))


def test_records_made_elsewhere_are_appended_as_they_are_and_counted() -> None:
    stream = io.BytesIO()
    with create_capture(stream, format="pcap") as writer:
        writer.begin(Interface(1, 65535))
        writer.append(record(b"abcd") + record(b"ef"), 2)
        assert (writer.count, writer.size) == (2, 24 + 20 + 18)
    assert stream.getvalue() == header() + record(b"abcd") + record(b"ef")


def test_statistics_have_no_place() -> None:
    stream = io.BytesIO()
    with create_capture(stream, format="pcap") as writer:
        writer.begin(Interface(1, 65535))
        writer.statistics(Statistics(Interface(), 0, ifrecv=1))
    assert stream.getvalue() == header()
