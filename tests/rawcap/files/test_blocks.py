"""The parts that pcapng blocks are made of, octet by octet."""

from __future__ import annotations

import pytest

from dissectors.packet import Interface
from rawcap.files import blocks
from rawcap.files.blocks import Clock, Statistics

LINUX = (
    b"\x01\x00\x00\x00\x00\x00\x04\x00"  # Ethernet, snapshot length 262144
    b"\x02\x00\x04\x00eth0"  # if_name
    b"\x03\x00\x06\x00uplink\x00\x00"  # if_description
    b"\x09\x00\x01\x00\x09\x00\x00\x00"  # if_tsresol 10^-9
    b"\x0e\x00\x08\x00\xff\xff\xff\xff\xff\xff\xff\xff"  # if_tsoffset -1
    b"\x00\x00\x00\x00"
)


def test_a_known_block_is_called_by_its_name() -> None:
    assert blocks.block_name(6) == "enhanced packet block"
    assert blocks.Block(4, b"").name == "name resolution block"


def test_an_unknown_block_is_called_by_its_type() -> None:
    assert blocks.block_name(0xBB9) == "block of type 0x00000bb9"


# -- options ----------------------------------------------------------------------------------------------------------


def test_options_are_padded_to_32_bits_and_ended() -> None:
    assert blocks.pack_options([(1, b"hello"), (2, b"")], False) == (
        b"\x01\x00\x05\x00hello\x00\x00\x00" b"\x02\x00\x00\x00" b"\x00\x00\x00\x00"
    )


def test_options_are_written_in_the_section_s_byte_order() -> None:
    assert blocks.pack_options([(1, b"hell")], True) == b"\x00\x01\x00\x04hell\x00\x00\x00\x00"


def test_no_options_take_no_octets() -> None:
    assert blocks.pack_options((), False) == b""


def test_options_keep_their_order_and_repetitions() -> None:
    body = b"\x01\x00\x01\x00a\x00\x00\x00" b"\x02\x00\x01\x00c\x00\x00\x00" b"\x01\x00\x01\x00b\x00\x00\x00"
    assert blocks.unpack_options(body, 0, False) == ((1, b"a"), (2, b"c"), (1, b"b"))


def test_an_option_list_may_lack_its_end() -> None:
    assert blocks.unpack_options(b"\x01\x00\x04\x00abcd", 0, False) == ((1, b"abcd"),)


def test_nothing_after_the_end_of_options_is_read() -> None:
    assert blocks.unpack_options(b"\x00\x00\x00\x00\x01\x00\xff\xff", 0, False) == ()


def test_an_option_that_runs_past_its_block_is_refused() -> None:
    with pytest.raises(ValueError, match="option 1 is said to be 400 bytes long where 4 are left"):
        blocks.unpack_options(b"\x01\x00\x90\x01abcd", 0, False)


# -- interfaces -------------------------------------------------------------------------------------------------------


def test_an_interface_description_says_where_frames_were_taken() -> None:
    interface = blocks.describe(3, LINUX, False)
    assert (interface.linktype, interface.snaplen, interface.id) == (1, 262144, 3)
    assert (interface.name, interface.description) == ("eth0", "uplink")
    assert (interface.resolution, interface.offset) == (1_000_000_000, -1)


def test_an_interface_without_options_counts_microseconds() -> None:
    interface = blocks.describe(0, b"\x00\x71\x00\x00\x00\x00\x00\x60", True)
    assert (interface.linktype, interface.snaplen, interface.resolution) == (113, 96, 1_000_000)
    assert interface.big_endian


@pytest.mark.parametrize(
    ("value", "resolution"), [(0, 1), (3, 1000), (6, 1_000_000), (12, 10**12), (0x80, 1), (0x8A, 1024), (0xC0, 2**64)]
)
def test_the_resolution_is_a_power_of_ten_or_with_the_top_bit_of_two(value: int, resolution: int) -> None:
    body = b"\x01\x00\x00\x00\x00\x00\x00\x00\x09\x00\x01\x00" + bytes([value]) + b"\x00\x00\x00"
    assert blocks.describe(0, body, False).resolution == resolution


def test_a_read_interface_is_described_by_the_same_octets() -> None:
    assert blocks.description(blocks.describe(0, LINUX, False)).body == LINUX


def test_a_made_interface_is_described_by_what_differs_from_the_defaults() -> None:
    made = Interface(113, 65535, "any", resolution=1_000_000_000)
    assert blocks.description(made).body == (
        b"\x71\x00\x00\x00\xff\xff\x00\x00"
        b"\x02\x00\x03\x00any\x00"
        b"\x09\x00\x01\x00\x09\x00\x00\x00"
        b"\x00\x00\x00\x00"
    )


def test_a_changed_interface_keeps_the_options_that_its_fields_say_nothing_of() -> None:
    made = Interface(1, name="b", options=((2, b"a"), (12, b"Linux")))
    assert blocks.description(made).body == (
        b"\x01\x00\x00\x00\x00\x00\x00\x00"
        b"\x02\x00\x01\x00b\x00\x00\x00"
        b"\x0c\x00\x05\x00Linux\x00\x00\x00"
        b"\x00\x00\x00\x00"
    )


def test_a_resolution_of_two_to_the_tenth_is_written_with_the_top_bit() -> None:
    assert b"\x09\x00\x01\x00\x8a\x00\x00\x00" in blocks.description(Interface(resolution=1024)).body


def test_a_resolution_that_no_option_can_say_is_refused() -> None:
    with pytest.raises(ValueError, match="3 units a second is neither a power of ten nor of two"):
        blocks.description(Interface(resolution=3))


# -- times ------------------------------------------------------------------------------------------------------------


def test_microseconds_become_nanoseconds() -> None:
    assert Clock(Interface()).time_ns(1_700_000_000_123_456) == 1_700_000_000_123_456_000


def test_seconds_of_the_offset_are_added() -> None:
    assert Clock(Interface(offset=-10)).time_ns(25_000_000) == 15_000_000_000


def test_a_power_of_two_is_cut_to_the_nanosecond() -> None:
    assert Clock(Interface(resolution=1024)).time_ns(1) == 976_562  # of 976562.5


@pytest.mark.parametrize("resolution", [1, 1000, 1024, 10**6, 2**20, 10**9, 2**30, 2**40, 10**12])
@pytest.mark.parametrize("units", [0, 1, 2, 3, 999, 1023, 1_700_000_000_123_457])
def test_every_count_comes_back_from_its_nanoseconds_unless_it_is_finer(resolution: int, units: int) -> None:
    clock = Clock(Interface(resolution=resolution))
    again = clock.units(clock.time_ns(units))
    assert clock.time_ns(again) == clock.time_ns(units)
    assert again == units or resolution > 10**9


def test_a_time_finer_than_its_interface_is_cut() -> None:
    assert Clock(Interface()).units(1_999) == 1


# -- what other blocks say --------------------------------------------------------------------------------------------


def test_a_section_header_leaves_its_length_open() -> None:
    assert blocks.section_header().body == b"\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"


def test_a_section_header_can_carry_a_comment() -> None:
    assert blocks.section_header(((1, b"note"),), big_endian=True).body == (
        b"\x1a\x2b\x3c\x4d\x00\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff" b"\x00\x01\x00\x04note\x00\x00\x00\x00"
    )


def test_names_belong_to_addresses_of_every_kind() -> None:
    body = (
        b"\x01\x00\x09\x00\x7f\x00\x00\x01home\x00\x00\x00\x00"
        b"\x02\x00\x13\x00" + bytes(15) + b"\x01v6\x00\x00"
        b"\x03\x00\x08\x00\x02\x00\x00\x00\x00\x0am\x00"
        b"\x04\x00\x0a\x00\x02\x00\x00\xff\xfe\x00\x00\x0al\x00\x00\x00"
        b"\x00\x00\x00\x00"
    )
    assert dict(blocks.unpack_names(body, False)) == {
        "127.0.0.1": "home",
        "::1": "v6",
        "02:00:00:00:00:0a": "m",
        "02:00:00:ff:fe:00:00:0a": "l",
    }


def test_the_first_of_several_names_is_taken() -> None:
    assert list(blocks.unpack_names(b"\x00\x01\x00\x08\x0a\x00\x00\x01a\x00b\x00", True)) == [("10.0.0.1", "a")]


def test_a_name_record_that_runs_past_its_block_is_refused() -> None:
    with pytest.raises(ValueError, match="a name record is said to be 64 bytes long where 4 are left"):
        list(blocks.unpack_names(b"\x01\x00\x40\x00abcd", False))


def test_secrets_are_type_and_octets() -> None:
    assert blocks.unpack_secrets(b"KSLT\x05\x00\x00\x00CLIEN\x00\x00\x00", False) == (0x544C534B, b"CLIEN")


def test_secrets_that_run_past_their_block_are_refused() -> None:
    with pytest.raises(ValueError, match="its secrets are said to be 9 bytes long where 4 are there"):
        blocks.unpack_secrets(b"KSLT\x09\x00\x00\x00CLIE", False)


def test_statistics_are_counts_and_times_of_the_interface() -> None:
    interface = Interface()
    body = (
        b"\x00\x00\x00\x00\x00\x00\x00\x00\x40\x42\x0f\x00"  # interface 0, one second
        b"\x02\x00\x08\x00\x00\x00\x00\x00\x20\xa1\x07\x00"  # started after half a second
        b"\x04\x00\x08\x00\x05\x00\x00\x00\x00\x00\x00\x00"
        b"\x05\x00\x08\x00\x02\x00\x00\x00\x00\x00\x00\x00"
    )
    statistics = blocks.unpack_statistics(body, interface, False)
    assert statistics.interface is interface
    assert (statistics.time_ns, statistics.starttime_ns, statistics.endtime_ns) == (1_000_000_000, 500_000_000, None)
    assert (statistics.ifrecv, statistics.ifdrop, statistics.osdrop) == (5, 2, None)


def test_statistics_are_packed_as_the_options_of_what_is_said() -> None:
    interface = Interface(resolution=1_000_000_000)
    statistics = Statistics(interface, 1 << 32, starttime_ns=7, ifrecv=5, osdrop=2)
    assert blocks.pack_statistics(statistics, 3) == (
        b"\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"
        b"\x02\x00\x08\x00\x00\x00\x00\x00\x07\x00\x00\x00"
        b"\x04\x00\x08\x00\x05\x00\x00\x00\x00\x00\x00\x00"
        b"\x07\x00\x08\x00\x02\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x00"
    )


@pytest.mark.parametrize("big_endian", [False, True])
def test_packed_statistics_are_unpacked_again(big_endian: bool) -> None:
    interface = Interface(resolution=1_000_000_000, offset=1, big_endian=big_endian)
    statistics = Statistics(
        interface,
        1_700_000_000_123_456_789,
        starttime_ns=1_600_000_000_000_000_001,
        endtime_ns=1_700_000_000_000_000_002,
        ifrecv=2**63,
        ifdrop=2,
        filteraccept=3,
        osdrop=0,
        usrdeliv=5,
    )
    assert blocks.unpack_statistics(blocks.pack_statistics(statistics, 0), interface, big_endian) == statistics


@pytest.mark.parametrize(
    "statistics", [Statistics(Interface(), -1), Statistics(Interface(), 0, ifdrop=-1), Statistics(Interface(), 2**84)]
)
def test_statistics_that_64_bits_cannot_hold_are_refused(statistics: Statistics) -> None:
    with pytest.raises(ValueError, match=r"^a time or a count of it needs more than 64 bits$"):
        blocks.pack_statistics(statistics, 0)
