"""From capture files to the packets that were asked for."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

import rawcap
from dissectors.packet import Packet
from rawcap.files import Block, CaptureError, CutCapture, create_capture
from rawcap.filter import FilterError
from rawcap.reading import Reading, read

MakePcap = Callable[..., Path]


@pytest.fixture
def five(make_pcap: MakePcap, frames: dict[str, bytes]) -> Path:
    """SYN, SYN/ACK, ACK and RST of one connection, then a datagram."""
    return make_pcap(*frames.values())


def test_every_packet_in_order(five: Path, frames: dict[str, bytes]) -> None:
    packets = list(rawcap.read(five))
    assert [packet.number for packet in packets] == [1, 2, 3, 4, 5]
    assert [packet.data for packet in packets] == list(frames.values())
    assert packets[0].tcp.dstport == 443
    assert packets[0]["ip.src"] == "192.0.2.1"


def test_a_stream(five: Path) -> None:
    assert sum(1 for _ in rawcap.read(io.BytesIO(five.read_bytes()))) == 5


def test_it_is_an_iterator_that_is_used_up(five: Path) -> None:
    packets = read(five)
    assert next(packets).number == 1
    assert [packet.number for packet in packets] == [2, 3, 4, 5]
    assert list(packets) == []


def test_with_no_option_there_is_nothing_between_the_capture_and_its_reader(five: Path) -> None:
    with read(five) as reading:
        assert reading.capture is not None
        assert iter(reading) is iter(reading.capture)


def test_a_display_filter(five: Path) -> None:
    assert [packet.number for packet in read(five, "tcp.flags.ack == 1")] == [2, 3, 4]


def test_a_capture_filter(five: Path) -> None:
    assert [packet.number for packet in read(five, capture_filter="udp or tcp[tcpflags] & tcp-rst != 0")] == [4, 5]


def test_both_filters_must_pass(five: Path) -> None:
    assert [packet.number for packet in read(five, "ip.src == 192.0.2.1", capture_filter="tcp")] == [1, 3]


def test_a_wrong_filter_is_told_before_anything_is_read(five: Path) -> None:
    with pytest.raises(FilterError):
        read(five, "tcp.prot == 1")
    with pytest.raises(FilterError):
        read(five, capture_filter="prot 1")


def test_fragments_that_wait_when_the_file_breaks_off_come_before_that_is_told(make_pcap: MakePcap) -> None:
    fragment = bytes.fromhex("020000000002 020000000001 0800 4500001c 00072000 40110000 c0000201 c0000202") + bytes(8)
    path = make_pcap(fragment, b"abc")
    path.write_bytes(path.read_bytes()[:-1])
    packets = read(path, reassemble=True)
    assert next(packets).data == fragment
    with pytest.raises(CutCapture):
        next(packets)


def test_settled_is_called_once_after_many_packets(make_pcap: MakePcap) -> None:
    path = make_pcap(*[b"abc"] * 10_002)
    called: list[int] = []
    passing = Reading([path], "frame.number > 10001", settled=lambda: called.append(1))
    assert [packet.number for packet in passing] == [10_002]
    assert called == [1]


def test_a_missing_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="there is no such file"):
        read(tmp_path / "none.pcap")


def test_a_file_cut_in_the_middle_gives_its_whole_packets_first(five: Path) -> None:
    five.write_bytes(five.read_bytes()[:-3])
    packets = read(five)
    assert [next(packets).number for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(CutCapture):
        next(packets)


def test_fields_that_take_more_than_one_packet_are_worked_out_when_needed(five: Path) -> None:
    assert [packet["tcp.seq"] for packet in read(five, needs=["tcp.seq"])] == [0, 0, 1, 1, None]
    assert [packet["frame.time_relative"] for packet in read(five, needs=["frame.time_relative"])] == [
        0,
        250_000_000,
        500_000_000,
        750_000_000,
        1_000_000_000,
    ]
    assert [packet["frame.time_delta"] for packet in read(five, needs=["frame.time_delta"])] == [0, *[250_000_000] * 4]
    assert next(read(five)).notes is None


def test_a_display_filter_says_itself_what_it_needs(five: Path) -> None:
    assert [packet.number for packet in read(five, "tcp.seq == 1")] == [3, 4]
    assert [packet.number for packet in read(five, "frame.time_relative > 0.6")] == [4, 5]


def test_numbers_and_connections_count_packets_that_are_passed_over(five: Path) -> None:
    packets = list(Reading([five], skip=2, count=2, needs=["tcp.seq"]))
    assert [(packet.number, packet["tcp.seq"]) for packet in packets] == [(3, 1), (4, 1)]


def test_count_counts_what_passes(five: Path) -> None:
    assert [packet.number for packet in Reading([five], "tcp.flags.ack == 1", count=2)] == [2, 3]


def test_the_last_packet_counted_is_given_without_waiting_for_another(five: Path) -> None:
    five.write_bytes(five.read_bytes()[:-3])  # the fifth packet would be an error
    assert [packet.number for packet in Reading([five], count=4)] == [1, 2, 3, 4]


def test_captures_in_turn_are_numbered_on(five: Path) -> None:
    packets = list(Reading([five, five], "udp"))
    assert [packet.number for packet in packets] == [5, 10]


def test_with_problem_a_bad_capture_is_told_and_the_next_one_read(five: Path, tmp_path: Path) -> None:
    told: list[str] = []
    missing = tmp_path / "none.pcap"
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(five.read_bytes()[:-3])
    reading = Reading([missing, cut, five], problem=lambda error: told.append(str(error)))
    assert [packet.number for packet in reading] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert told[0] == f"{missing}: there is no such file"
    assert told[1].startswith(f"{cut}: the file is cut short in packet 5")


def test_decode_as_leads_to_another_protocol(five: Path) -> None:
    plain, led = list(read(five))[-1], list(read(five, decode_as=["udp.port==40000,ntp"]))[-1]
    assert "ntp" not in plain.protocols
    assert led.protocols == "eth:ip:udp:ntp"


def test_decode_as_takes_hexadecimal_and_spaces(five: Path) -> None:
    assert list(read(five, decode_as=["udp.port == 0x9c40, ntp"]))[-1].protocols == "eth:ip:udp:ntp"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("udp.port=9,dns", "'udp.port=9,dns' is not understood; write it like udp.port==9000,dns"),
        ("udp.port==9", "'udp.port==9' is not understood; write it like udp.port==9000,dns"),
        ("udp.port==nine,dns", "'nine' is not a number, in 'udp.port==nine,dns'"),
        ("udp.prt==9,dns", "no table 'udp.prt' to decode by; did you mean udp.port"),
        ("udp.port==9,dsn", "no protocol 'dsn'; did you mean dns"),
    ],
)
def test_a_wrong_rule(five: Path, rule: str, told: str) -> None:
    with pytest.raises(ValueError) as error:
        read(five, decode_as=[rule])
    assert str(error.value).startswith(told)


def test_blocks_keep_everything_around_the_packets_that_pass(tmp_path: Path, five: Path) -> None:
    path = tmp_path / "five.pcapng"
    with create_capture(path) as copy:
        for packet in read(five):
            copy.write(packet)
    items = list(Reading([path], "udp").blocks())
    assert [item.name for item in items if isinstance(item, Block)] == [
        "section header block",
        "interface description block",
    ]
    assert [item.number for item in items if isinstance(item, Packet)] == [5]


def test_names_and_progress_are_those_of_the_capture_being_read(five: Path) -> None:
    reading = read(five)
    assert reading.names == {}
    list(reading)
    assert reading.progress == (five.stat().st_size, five.stat().st_size)
