"""The pcapng format: every block, both byte orders, several sections, and lies."""

from __future__ import annotations

import io
import struct

import pytest

from dissectors.packet import Interface, Packet
from rawcap.files import (
    Block,
    CaptureError,
    CaptureWriter,
    CutCapture,
    Statistics,
    create_capture,
    open_capture,
    section_header,
)

ENDOFOPT = bytes(4)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    total = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + total + body + total


def section(order: str = "<", version: tuple[int, int] = (1, 0), options: bytes = b"") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, -1) + options, order)


def interface(link: int = 1, snaplen: int = 0, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def enhanced(
    data: bytes = b"abcd",
    *,
    number: int = 0,
    time: int = 0,
    captured: int | None = None,
    length: int = 60,
    options: bytes = b"",
    order: str = "<",
) -> bytes:
    captured = len(data) if captured is None else captured
    fixed = struct.pack(order + "IIIII", number, time >> 32, time & 0xFFFFFFFF, captured, length)
    return block(6, fixed + data + bytes(-len(data) % 4) + options, order)


START = section() + interface()  # 48 octets


def read(data: bytes) -> list[Packet]:
    return list(open_capture(io.BytesIO(data)))


def copied(data: bytes) -> bytes:
    stream = io.BytesIO()
    with create_capture(stream, format="pcapng") as writer:
        for item in open_capture(io.BytesIO(data)).blocks():
            writer.write(item)
    return stream.getvalue()


def written(*items: Packet | Block) -> bytes:
    stream = io.BytesIO()
    with create_capture(stream, format="pcapng") as writer:
        write_all(writer, *items)
    return stream.getvalue()


def write_all(writer: CaptureWriter, *items: Packet | Block) -> None:
    for item in items:
        writer.write(item)


# -- packets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_enhanced_packet_has_its_octets_time_lengths_and_number(order: str) -> None:
    start = section(order) + interface(113, 96, order=order)
    first, second = read(
        start
        + enhanced(b"abcde", time=1_700_000_000_123_456, order=order)
        + enhanced(b"", length=0, order=order)
    )
    assert (first.data, first.time_ns, first.length, first.number) == (b"abcde", 1_700_000_000_123_456_000, 60, 1)
    assert (second.data, second.time_ns, second.length, second.number) == (b"", 0, 0, 2)
    assert (first.interface.linktype, first.interface.snaplen) == (113, 96)
    assert first.interface is second.interface


def test_a_packet_keeps_its_options_and_comments() -> None:
    options = option(1, b"first") + option(2, b"\x01\x00\x00\x00") + option(1, b"second") + ENDOFOPT
    (packet,) = read(START + enhanced(options=options))
    assert packet.options == ((1, b"first"), (2, b"\x01\x00\x00\x00"), (1, b"second"))
    assert packet.comments == ("first", "second")


def test_a_packet_is_of_the_interface_it_names() -> None:
    data = section() + interface(1) + interface(113) + enhanced(number=1) + enhanced(number=0)
    assert [(packet.interface.linktype, packet.interface.id) for packet in read(data)] == [(113, 1), (1, 0)]


def test_the_time_is_in_units_of_its_interface() -> None:
    nano = interface(options=option(9, b"\x09"))
    binary = interface(options=option(9, b"\x8a"))
    shifted = interface(options=option(14, struct.pack("<q", -1)))
    data = section() + nano + binary + shifted
    data += enhanced(number=0, time=5_000_000_001) + enhanced(number=1, time=1536) + enhanced(number=2, time=2_000_000)
    assert [packet.time_ns for packet in read(data)] == [5_000_000_001, 1_500_000_000, 1_000_000_000]


def test_a_simple_packet_has_no_time_and_is_of_the_first_interface() -> None:
    data = section() + interface(113) + interface(1) + block(3, struct.pack("<I", 5) + b"abcde")
    (packet,) = read(data)
    assert (packet.data, packet.length, packet.time_ns, packet.interface.linktype) == (b"abcde", 5, None, 113)


def test_a_simple_packet_is_as_long_as_the_snapshot_length_lets_it_be() -> None:
    (packet,) = read(section() + interface(snaplen=3) + block(3, struct.pack("<I", 900) + b"abc"))
    assert (packet.data, packet.length) == (b"abc", 900)


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_obsolete_packet_is_read_like_an_enhanced_one(order: str) -> None:
    fixed = struct.pack(order + "HHIIII", 0, 7, 0, 2_000_000, 4, 60)
    body = fixed + b"abcd" + option(1, b"old", order) + ENDOFOPT
    (packet,) = read(section(order) + interface(order=order) + block(2, body, order))
    assert (packet.data, packet.length, packet.time_ns) == (b"abcd", 60, 2_000_000_000)
    assert packet.options == ((1, b"old"), (4, struct.pack(order + "Q", 7)))  # epb_dropcount


def test_an_obsolete_packet_that_nobody_counted_drops_for_has_no_drop_count() -> None:
    (packet,) = read(START + block(2, struct.pack("<HHIIII", 0, 0xFFFF, 0, 0, 4, 4) + b"abcd"))
    assert packet.options == ()


def test_packets_of_every_kind_are_numbered_together() -> None:
    simple = block(3, struct.pack("<I", 4) + b"abcd")
    obsolete = block(2, struct.pack("<HHIIII", 0, 0xFFFF, 0, 0, 4, 4) + b"abcd")
    data = START + simple + enhanced() + block(0x7FFF, b"?") + obsolete
    assert [packet.number for packet in read(data)] == [1, 2, 3]


# -- sections ---------------------------------------------------------------------------------------------------------


def test_a_section_has_its_own_byte_order_and_interfaces() -> None:
    data = START + enhanced() + section(">") + interface(113, order=">") + enhanced(b"efgh", time=9, order=">")
    capture = open_capture(io.BytesIO(data))
    first, second = capture
    assert (first.interface.linktype, first.interface.big_endian) == (1, False)
    assert (second.interface.linktype, second.interface.big_endian) == (113, True)
    assert (second.data, second.time_ns, second.number) == (b"efgh", 9000, 2)
    assert [each.linktype for each in capture.interfaces] == [1, 113]


def test_version_1_2_is_version_1_0() -> None:
    assert len(read(section(version=(1, 2)) + interface() + enhanced())) == 1


@pytest.mark.parametrize("version", [(1, 1), (2, 0)])
def test_an_unknown_version_is_refused_at_once(version: tuple[int, int]) -> None:
    with pytest.raises(CaptureError, match=rf"the section at byte 0 is of pcapng version {version[0]}\.{version[1]}"):
        open_capture(io.BytesIO(section(version=version)))


def test_an_unknown_version_of_a_later_section_names_its_offset() -> None:
    capture = open_capture(io.BytesIO(START + enhanced() + section(version=(9, 9))))
    assert next(capture).number == 1
    with pytest.raises(CaptureError, match=r"section at byte 84 is of pcapng version 9\.9"):
        next(capture)


# -- other blocks -----------------------------------------------------------------------------------------------------

NAMES = block(4, b"\x01\x00\x09\x00\x0a\x00\x00\x01gate\x00\x00\x00\x00" + ENDOFOPT)
SECRETS = block(10, b"KSLT\x05\x00\x00\x00CLIEN")
STATISTICS = block(5, struct.pack("<III", 0, 0, 1_000_000) + option(4, struct.pack("<Q", 5)) + ENDOFOPT)
CUSTOM = block(0xBAD, b"\x00\x00\x7e\xd9data")
NOT_COPIED = block(0x40000BAD, b"\x00\x00\x7e\xd9data")
UNKNOWN = block(0x80000001, b"what")


def test_names_secrets_and_statistics_are_gathered_on_the_way() -> None:
    capture = open_capture(io.BytesIO(START + NAMES + SECRETS + enhanced() + STATISTICS))
    assert capture.names == {}
    assert len(list(capture)) == 1
    assert capture.names == {"10.0.0.1": "gate"}
    assert capture.secrets == [(0x544C534B, b"CLIEN")]
    (statistics,) = capture.statistics
    assert (statistics.interface, statistics.time_ns, statistics.ifrecv) == (capture.interfaces[0], 1_000_000_000, 5)


def test_blocks_gives_everything_in_file_order() -> None:
    data = START + NAMES + enhanced() + SECRETS + STATISTICS + CUSTOM + NOT_COPIED + UNKNOWN
    items = list(open_capture(io.BytesIO(data)).blocks())
    assert [item.name if isinstance(item, Block) else item.data for item in items] == [
        "section header block",
        "interface description block",
        "name resolution block",
        b"abcd",
        "decryption secrets block",
        "interface statistics block",
        "custom block",
        "custom (not to be copied) block",
        "block of type 0x80000001",
    ]


def test_a_copy_is_the_same_octets() -> None:
    options = option(1, b"first") + option(1, b"second") + ENDOFOPT
    data = section(options=option(4, b"rawcap") + ENDOFOPT) + interface(options=option(2, b"eth0") + ENDOFOPT)
    data += NAMES + enhanced(options=options) + SECRETS + STATISTICS + CUSTOM + NOT_COPIED + UNKNOWN
    data += section(">") + interface(order=">") + block(3, struct.pack(">I", 5) + b"abcde", ">")
    assert copied(data) == data


def test_a_copy_leaves_the_length_of_a_section_open() -> None:
    told = bytearray(START + enhanced())
    told[16:24] = struct.pack("<q", len(told) - 28)
    assert copied(bytes(told)) == START + enhanced()


def test_an_obsolete_packet_is_copied_as_an_enhanced_one() -> None:
    obsolete = block(2, struct.pack("<HHIIII", 0, 0xFFFF, 0, 9, 4, 60) + b"abcd")
    assert copied(START + obsolete) == START + enhanced(time=9)


# -- what is cut or lies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [6, 11, 12, 23])
def test_a_file_cut_in_its_first_block_is_told_at_once(end: int) -> None:
    with pytest.raises(CutCapture, match=f"the file ends at byte {end}, inside the section header block"):
        open_capture(io.BytesIO(START[:end]))


@pytest.mark.parametrize("end", [85, 96, 119])
def test_a_file_cut_in_a_block_gives_the_whole_ones_and_names_the_offset(end: int) -> None:
    capture = open_capture(io.BytesIO((START + enhanced() + enhanced())[:end]))
    assert next(capture).number == 1
    with pytest.raises(CutCapture, match=f"in the block that begins at byte 84: {end - 84} bytes are there of"):
        next(capture)


def lie(at: int, value: int) -> bytes:
    """A file whose second packet's block, at byte 84, has another value in the word `at` octets from its start."""
    data = bytearray(START + enhanced() + enhanced() + bytes(64))
    data[84 + at : 88 + at] = struct.pack("<I", value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lie(4, 37), "its length is 37, not a multiple of 4"),
        (lie(4, 0), "its length is 0, less than the 12 that every block has"),
        (lie(4, 8), "its length is 8, less than the 12 that every block has"),
        (lie(4, 0xFFFFFFFC), "its length is 4294967292, more than the 17825792 a block may have"),
        (lie(4, 40), "its length is 40 before its body and 0 after it"),
        (lie(32, 40), "its length is 36 before its body and 40 after it"),
        (lie(20, 5), "it cannot hold a packet of 5 bytes"),
        (lie(20, 0xFFFFFFFF), "it cannot hold a packet of 4294967295 bytes"),
        (lie(8, 1), "it is of interface 1, and the section describes 1 before it"),
    ],
)
def test_a_lie_names_the_block_and_its_offset_after_the_packets_before_it(data: bytes, words: str) -> None:
    capture = open_capture(io.BytesIO(data))
    assert next(capture).number == 1
    with pytest.raises(CaptureError, match=f"is damaged in the enhanced packet block at byte 84: {words}$"):
        next(capture)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (block(6, bytes(16)), "enhanced packet block at byte 48: it cannot hold a packet of"),
        (block(1, bytes(4)), "interface description block at byte 48: its length is 16, less than such a block needs"),
        (block(2, bytes(16)), "obsolete packet block at byte 48: its length is 28, less than such a block needs"),
        (block(3, b""), "simple packet block at byte 48: its length is 12, less than such a block needs"),
        (block(5, bytes(8)), "interface statistics block at byte 48: its length is 20, less than such a block needs"),
        (block(10, bytes(4)), "decryption secrets block at byte 48: its length is 16, less than such a block needs"),
        (block(3, struct.pack("<I", 9) + b"abcdefgh"), "simple packet block at byte 48: it cannot hold a packet of 9"),
        (block(2, struct.pack("<HHIIII", 0, 0, 0, 0, 9, 9)), "obsolete packet block at byte 48: it cannot hold a"),
        (block(2, struct.pack("<HHIIII", 4, 0, 0, 0, 0, 0)), "obsolete packet block at byte 48: it is of interface 4"),
        (block(5, struct.pack("<III", 4, 0, 0)), "interface statistics block at byte 48: it is of interface 4"),
        (interface(options=option(2, b"eth0")[:4]), "interface description block at byte 48: option 2 is said to be 4"),
        (enhanced(options=option(1, b"note")[:4]), "enhanced packet block at byte 48: option 1 is said to be 4"),
        (block(4, b"\x01\x00\x09\x00"), "name resolution block at byte 48: a name record is said to be 9 bytes"),
        (block(10, b"KSLT\x05\x00\x00\x00"), "decryption secrets block at byte 48: its secrets are said to be 5 bytes"),
        (block(0x0A0D0D0A, b"?" * 16), "section header block at byte 48: its byte-order magic is 3f3f3f3f"),
    ],
)
def test_a_block_that_contradicts_itself_is_named_with_its_offset(data: bytes, words: str) -> None:
    with pytest.raises(CaptureError, match=f"the file is damaged in the {words}"):
        read(START + data)


def test_a_simple_packet_before_any_interface_is_refused() -> None:
    with pytest.raises(CaptureError, match="simple packet block at byte 28: it is of interface 0, and the section"):
        read(section() + block(3, struct.pack("<I", 4) + b"abcd"))


def test_a_file_of_nothing_but_descriptions_does_not_fill_the_memory() -> None:
    secrets = block(10, struct.pack("<II", 0, 16 << 20) + bytes(16 << 20))
    with pytest.raises(CaptureError, match=r"the file describes itself in more than 64 MiB$"):
        read(START + 4 * secrets)
    with pytest.raises(CaptureError, match=r"the file describes itself in more than 64 MiB$"):
        read(section() + 300_000 * interface())


# -- writing ----------------------------------------------------------------------------------------------------------


def test_a_packet_alone_brings_its_section_and_interface() -> None:
    taken_on = Interface(113, 96, "any", resolution=1_000_000_000)
    packet = Packet(b"abcde", taken_on, 5_000_000_001, 60, 1, ((1, b"note"),))
    options = option(2, b"any") + option(9, b"\x09") + ENDOFOPT
    assert written(packet) == section() + interface(113, 96, options) + enhanced(
        b"abcde", time=5_000_000_001, options=option(1, b"note") + ENDOFOPT
    )


def test_an_interface_is_described_once_and_before_its_first_packet() -> None:
    one, other = Interface(1), Interface(113)
    data = written(Packet(b"abcd", one, 0, 60), Packet(b"abcd", other, 0, 60), Packet(b"abcd", one, 0, 60))
    assert data == START + enhanced() + interface(113) + enhanced(number=1) + enhanced(number=0)


def test_a_packet_from_a_section_of_the_other_byte_order_begins_a_section() -> None:
    little, big = Interface(), Interface(big_endian=True)
    data = written(Packet(b"abcd", little, 0, 60), Packet(b"abcd", big, 0, 60))
    assert data == START + enhanced() + section(">") + interface(order=">") + enhanced(order=">")


def test_a_packet_without_a_time_is_written_as_a_simple_one() -> None:
    assert written(Packet(b"abcd", Interface())) == START + block(3, struct.pack("<I", 4) + b"abcd")


def test_a_packet_without_a_time_of_a_second_interface_begins_a_section() -> None:
    first, second = Interface(1), Interface(113)
    data = written(Packet(b"abcd", first, 0, 60), Packet(b"abcd", second))
    (one, other) = read(data)
    assert (one.interface.linktype, one.time_ns) == (1, 0)
    assert (other.interface.linktype, other.time_ns, other.data) == (113, None, b"abcd")


@pytest.mark.parametrize(
    "packet",
    [Packet(b"abcd", Interface(), None, 60), Packet(b"abcd", Interface(), None, 4, 1, ((1, b"note"),))],
    ids=["cut short", "with a comment"],
)
def test_what_a_simple_packet_cannot_say_is_written_as_an_enhanced_one_at_the_epoch(packet: Packet) -> None:
    (again,) = read(written(packet))
    assert (again.data, again.length, again.options, again.time_ns) == (packet.data, packet.length, packet.options, 0)


def test_statistics_follow_their_interface_to_its_new_number() -> None:
    first, second = Interface(1), Interface(113)
    statistics = Block(5, struct.pack("<III", 0, 0, 1), interface=second)
    data = written(Packet(b"abcd", first, 0, 60), Packet(b"abcd", second, 0, 60), statistics)
    assert data.endswith(block(5, struct.pack("<III", 1, 0, 1)))


def test_a_section_header_may_be_made_with_a_comment() -> None:
    assert written(section_header(((1, b"made"),))) == section(options=option(1, b"made") + ENDOFOPT)


def test_a_file_without_packets_is_a_section() -> None:
    assert written() == section()


@pytest.mark.parametrize("time_ns", [-1, 2**64 * 1000])
def test_a_time_that_the_interface_cannot_count_is_refused(time_ns: int) -> None:
    with pytest.raises(CaptureError, match=f"packet 1 does not fit a pcapng file: its time, {time_ns} ns, is outside"):
        written(Packet(b"a", Interface(), time_ns))


def test_an_option_of_more_than_16_bits_of_length_is_refused() -> None:
    with pytest.raises(CaptureError, match="packet 1 does not fit a pcapng file"):
        written(Packet(b"a", Interface(), 0, 1, 1, ((1, bytes(65536)),)))


def test_a_packet_that_no_reader_would_take_is_refused() -> None:
    with pytest.raises(CaptureError, match="packet 1 does not fit a pcapng file: a block of 17825824 bytes"):
        written(Packet(bytes(17 << 20), Interface(), 0))


# -- records made elsewhere -------------------------------------------------------------------------------------------


def test_an_interface_is_described_when_it_is_begun_and_keeps_its_number() -> None:
    stream = io.BytesIO()
    one, other = Interface(1), Interface(113)
    with create_capture(stream, format="pcapng") as writer:
        assert [writer.begin(one), writer.begin(other), writer.begin(one)] == [0, 1, 0]
        writer.write(Packet(b"abcd", other, 0, 60))
    assert stream.getvalue() == START + interface(113) + enhanced(number=1)


def test_times_of_records_are_in_units_of_their_interface() -> None:
    writer = create_capture(io.BytesIO(), format="pcapng")
    for resolution in (1_000_000, 1_000_000_000):
        taken_on = Interface(resolution=resolution)
        writer.begin(taken_on)
        assert writer.resolution(taken_on) == resolution


def test_records_made_elsewhere_are_appended_as_they_are_and_counted() -> None:
    stream = io.BytesIO()
    with create_capture(stream, format="pcapng") as writer:
        writer.begin(Interface())
        writer.append(enhanced() + enhanced(b"defg"), 2)
        writer.append(memoryview(enhanced(b"hijk")), 1)
        assert (writer.count, writer.size) == (3, 48 + 36 + 36 + 36)
    assert stream.getvalue() == START + enhanced() + enhanced(b"defg") + enhanced(b"hijk")


def test_an_interface_that_cannot_be_described_is_refused_by_name() -> None:
    writer = create_capture(io.BytesIO(), format="pcapng")
    with pytest.raises(CaptureError, match="the description of eth0 does not fit a pcapng file: 3 units a second is"):
        writer.begin(Interface(1, name="eth0", resolution=3))


def test_statistics_are_read_as_they_were_written() -> None:
    first, second = Interface(1), Interface(113, resolution=1_000_000_000)
    stream = io.BytesIO()
    with create_capture(stream, format="pcapng") as writer:
        writer.begin(first)
        writer.statistics(Statistics(second, 5_000_000_001, starttime_ns=1, ifrecv=7, osdrop=2))
        assert writer.count == 0
    stream.seek(0)
    capture = open_capture(stream)
    assert list(capture) == []
    (statistics,) = capture.statistics
    assert statistics == Statistics(capture.interfaces[1], 5_000_000_001, starttime_ns=1, ifrecv=7, osdrop=2)


def test_statistics_that_do_not_fit_are_refused_by_name() -> None:
    writer = create_capture(io.BytesIO(), format="pcapng")
    with pytest.raises(CaptureError, match=r"the statistics block of lo does not fit a pcapng file: a time or a count"):
        writer.statistics(Statistics(Interface(1, name="lo"), -1))
