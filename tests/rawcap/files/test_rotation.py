"""A capture over successive files: where one ends and the next begins, and that nothing is lost between them."""

from __future__ import annotations

import calendar
import os
import resource
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors.packet import Interface, Packet
from rawcap.files import CaptureError, Limits, Rotation, Statistics, limits, open_capture, section_header

ETHERNET = Interface(1, name="eth0", resolution=1_000_000_000)
LOOPBACK = Interface(1, name="lo", resolution=1_000_000_000)

PACKET = Packet(b"abcd", ETHERNET, 0)  # 20 octets in a pcap file, behind a header of 24

NOON = calendar.timegm((2026, 11, 24, 12, 0, 0))


class Clock:
    """Stands in for the clock, and for the date."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def date(self) -> float:
        return NOON + self.now


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def contents(rotation: Rotation) -> list[list[bytes]]:
    """The packets of each file that is kept."""
    return [[packet.data for packet in open_capture(path)] for path in rotation.paths]


def numbered(count: int) -> list[Packet]:
    return [Packet(b"%04d" % number, ETHERNET, number) for number in range(count)]


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("trace.pcapng", "trace_00001_20261124120000.pcapng"),
        ("trace.pcap.gz", "trace_00001_20261124120000.pcap.gz"),
        ("a.host.pcapng.zst", "a.host_00001_20261124120000.pcapng.zst"),
        ("TRACE.CAP.XZ", "TRACE_00001_20261124120000.CAP.XZ"),
        ("trace", "trace_00001_20261124120000"),
        ("trace.gz", "trace_00001_20261124120000.gz"),
    ],
)
def test_number_and_local_time_come_before_the_endings(name: str, first: str, tmp_path: Path) -> None:
    with Rotation(tmp_path / name, Limits(packets=1), date=Clock().date) as rotation:
        rotation.write(PACKET)
    assert os.listdir(tmp_path) == [first]
    assert rotation.paths == [str(tmp_path / first)]
    assert contents(rotation) == [[b"abcd"]]


def test_each_name_has_the_time_at_which_its_file_was_begun(tmp_path: Path) -> None:
    clock = Clock()
    with Rotation(tmp_path / "x.pcap", Limits(packets=1), date=clock.date) as rotation:
        rotation.write(PACKET)
        clock.now = 61.5
        rotation.write(PACKET)
        assert rotation.label == str(tmp_path / "x_00002_20261124120101.pcap")
    assert sorted(os.listdir(tmp_path)) == ["x_00001_20261124120000.pcap", "x_00002_20261124120101.pcap"]


def test_the_first_file_is_made_at_once(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(packets=1), date=Clock().date):
        assert os.listdir(tmp_path) == ["x_00001_20261124120000.pcap"]


def test_a_format_can_be_named_for_a_name_without_one(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x", Limits(packets=1), format="pcap") as rotation:
        assert rotation.format == "pcap"


def test_standard_output_is_refused() -> None:
    with pytest.raises(CaptureError, match=r"^standard output is one file; give the name of a file"):
        Rotation("-", Limits(packets=1))


def test_a_place_where_no_file_can_be_made_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"x_00001_\d{14}\.pcap cannot be made: there is no directory"):
        Rotation(tmp_path / "none" / "x.pcap", Limits(packets=1))


def test_files_that_never_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^nothing says when the next file begins: give a duration, filesize or pack"):
        Rotation(tmp_path / "x.pcap", Limits(files=2))
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    there = tmp_path / "x_00002_20261124120000.pcap"
    there.write_bytes(b"precious")
    with Rotation(tmp_path / "x.pcap", Limits(packets=1), date=Clock().date) as rotation:
        rotation.write(PACKET)
        with pytest.raises(CaptureError, match=r"x_00002_20261124120000\.pcap exists already"):
            rotation.write(PACKET)
        assert rotation.count == 1
    assert there.read_bytes() == b"precious"
    assert contents(rotation) == [[b"abcd"]]


def test_a_file_that_is_there_may_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x_00001_20261124120000.pcap").write_bytes(b"worthless")
    with Rotation(tmp_path / "x.pcap", Limits(packets=1), overwrite=True, date=Clock().date) as rotation:
        rotation.write(PACKET)
    assert contents(rotation) == [[b"abcd"]]


# -- by packets and octets --------------------------------------------------------------------------------------------


def test_each_file_has_exactly_so_many_packets(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcapng", Limits(packets=3)) as rotation:
        for packet in numbered(7):
            rotation.write(packet)
        assert (rotation.count, rotation.complete) == (7, 2)
    assert contents(rotation) == [[b"0000", b"0001", b"0002"], [b"0003", b"0004", b"0005"], [b"0006"]]


def test_no_empty_file_follows_the_last_packet(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(packets=2)) as rotation:
        for packet in numbered(4):
            rotation.write(packet)
        assert rotation.complete == 2
    assert contents(rotation) == [[b"0000", b"0001"], [b"0002", b"0003"]]


@pytest.mark.parametrize(("octets", "packets"), [(64, 2), (65, 3), (83, 3), (84, 3), (85, 4)])
def test_a_file_ends_with_the_record_that_reaches_the_size(octets: int, packets: int, tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(octets=octets)) as rotation:
        for packet in numbered(packets + 1):
            rotation.write(packet)
        assert rotation.size == 24 + 20
    assert [len(each) for each in contents(rotation)] == [packets, 1]


def test_a_size_below_the_file_header_leaves_room_for_one_packet(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(octets=1)) as rotation:
        assert rotation.room() == (None, 1)
        for packet in numbered(2):
            rotation.write(packet)
    assert contents(rotation) == [[b"0000"], [b"0001"]]


def test_the_limit_that_is_reached_first_counts(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(packets=3, octets=124)) as rotation:
        for packet in [*numbered(3), Packet(bytes(100), ETHERNET, 0), *numbered(1)]:
            rotation.write(packet)
    assert [len(each) for each in contents(rotation)] == [3, 1, 1]


# -- by time ----------------------------------------------------------------------------------------------------------


def test_a_packet_after_the_time_is_the_first_of_the_next_file(tmp_path: Path) -> None:
    clock = Clock()
    with Rotation(tmp_path / "x.pcap", Limits(duration_s=10), clock=clock) as rotation:
        for clock.now, packet in zip([0, 9.9, 10, 19, 21], numbered(5), strict=True):
            rotation.write(packet)
    assert contents(rotation) == [[b"0000", b"0001"], [b"0002", b"0003"], [b"0004"]]


def test_time_goes_by_when_nothing_comes(tmp_path: Path) -> None:
    clock = Clock()
    with Rotation(tmp_path / "x.pcap", Limits(duration_s=10), clock=clock) as rotation:
        rotation.write(PACKET)
        seen = []
        for clock.now in (9.0, 10.0, 10.1, 10.2):
            rotation.tick()
            seen.append((len(rotation.paths), rotation.complete))
    assert seen == [(1, 0), (1, 1), (2, 1), (2, 1)]
    assert contents(rotation) == [[b"abcd"], []]


def test_a_file_that_begins_late_does_not_make_the_next_one_late(tmp_path: Path) -> None:
    clock = Clock()
    with Rotation(tmp_path / "x.pcap", Limits(duration_s=10), clock=clock) as rotation:
        for clock.now, packet in zip([0, 37, 39.9, 40], numbered(4), strict=True):
            rotation.write(packet)
    assert contents(rotation) == [[b"0000"], [b"0001", b"0002"], [b"0003"]]


def test_the_time_of_a_file_that_follows_a_full_one_begins_with_it(tmp_path: Path) -> None:
    clock = Clock()
    with Rotation(tmp_path / "x.pcap", Limits(duration_s=10, packets=2), clock=clock) as rotation:
        for clock.now, packet in zip([0, 4, 5, 14.9, 15], numbered(5), strict=True):
            rotation.write(packet)
    assert contents(rotation) == [[b"0000", b"0001"], [b"0002", b"0003"], [b"0004"]]


# -- how many are kept ------------------------------------------------------------------------------------------------


def test_the_newest_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / "x_00001_20250101000000.pcap").write_bytes(b"of another day")
    with Rotation(tmp_path / "x.pcap", Limits(packets=1, files=2), date=Clock().date) as rotation:
        for packet in numbered(4):
            rotation.write(packet)
        assert (rotation.count, rotation.complete) == (4, 4)
    assert contents(rotation) == [[b"0002"], [b"0003"]]
    assert sorted(os.listdir(tmp_path)) == [
        "x_00001_20250101000000.pcap",
        "x_00003_20261124120000.pcap",
        "x_00004_20261124120000.pcap",
    ]


def test_a_file_that_somebody_took_away_is_not_missed(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(packets=1, files=1)) as rotation:
        rotation.write(PACKET)
        os.remove(rotation.paths[0])
        rotation.write(Packet(b"defg", ETHERNET, 0))
    assert contents(rotation) == [[b"defg"]]


def test_a_file_that_cannot_be_removed_is_an_error(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(packets=1, files=1)) as rotation:
        rotation.write(PACKET)
        os.remove(rotation.paths[0])
        os.mkdir(rotation.paths[0])
        with pytest.raises(CaptureError, match=r"x_00001_\d{14}\.pcap cannot be removed to make room: is a directory$"):
            rotation.write(PACKET)


# -- every file is complete -------------------------------------------------------------------------------------------


def test_each_file_begins_with_the_section_and_every_interface(tmp_path: Path) -> None:
    section = section_header(((4, b"rawcap"),))
    clock = Clock()
    with Rotation(tmp_path / "x.pcapng", Limits(duration_s=1), section=section, clock=clock) as rotation:
        assert [rotation.begin(ETHERNET), rotation.begin(LOOPBACK), rotation.begin(ETHERNET)] == [0, 1, 0]
        rotation.write(Packet(b"abcd", LOOPBACK, 0))
        clock.now = 1
        rotation.write(Packet(b"efgh", LOOPBACK, 0))
        assert rotation.begin(LOOPBACK) == 1
    for path in rotation.paths:
        capture = open_capture(path)
        first, *_ = capture.blocks()
        assert getattr(first, "body", b"").endswith(b"\x04\x00\x06\x00rawcap\x00\x00\x00\x00\x00\x00")
        assert [each.name for each in capture.interfaces] == ["eth0", "lo"]


def test_statistics_end_each_file(tmp_path: Path) -> None:
    received = iter(range(100))
    ending = lambda: [Statistics(ETHERNET, 7, ifrecv=next(received))]  # noqa: E731
    with Rotation(tmp_path / "x.pcapng", Limits(packets=2), ending=ending) as rotation:
        for packet in numbered(5):
            rotation.write(packet)
        rotation.statistics(Statistics(ETHERNET, 7, ifrecv=50))
    found = []
    for path in rotation.paths:
        capture = open_capture(path)
        *_, last = capture.blocks()
        assert getattr(last, "type", 0) == 5
        found.append([each.ifrecv for each in capture.statistics])
    assert found == [[0], [1], [50]]


def test_an_error_of_the_system_names_the_file_and_leaves_all_of_them_whole(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(CaptureError) as caught, Rotation(tmp_path / "x.pcap", Limits(packets=3)) as rotation:
        for packet in numbered(4):
            rotation.write(packet)
        rotation.write(Packet(bytes(100), ETHERNET, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
        try:
            rotation.flush()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    path = rotation.paths[1]
    assert str(caught.value) == f"{path} cannot be written: file too large; it holds the 1 packet written before"
    assert rotation.count == 4
    assert contents(rotation) == [[b"0000", b"0001", b"0002"], [b"0003"]]


@pytest.mark.skipif(shutil.which("capinfos") is None, reason="capinfos is not installed")
def test_capinfos_reads_every_file(tmp_path: Path) -> None:
    ending = lambda: [Statistics(ETHERNET, 7, ifrecv=1)]  # noqa: E731
    with Rotation(tmp_path / "x.pcapng.gz", Limits(packets=2), ending=ending) as rotation:
        for packet in numbered(6):
            rotation.write(packet)
    done = subprocess.run(["capinfos", "-M", "-c", *rotation.paths], capture_output=True, text=True, check=True)
    assert [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("Number")] == ["2", "2", "2"]


# -- records made elsewhere -------------------------------------------------------------------------------------------


def encoded(packet: Packet, format: str, number: int) -> bytes:
    """The record of a packet, made without the code under test."""
    seconds, fraction = divmod(packet.time_ns or 0, 1_000_000_000)
    if format == "pcap":
        return struct.pack("<IIII", seconds, fraction, len(packet.data), packet.length) + packet.data
    padded = packet.data + bytes(-len(packet.data) % 4)
    total = 32 + len(padded)
    fixed = struct.pack("<IIIIIII", 6, total, number, 0, packet.time_ns or 0, len(packet.data), packet.length)
    return fixed + padded + struct.pack("<I", total)


def write_one_by_one(rotation: Rotation, packets: list[Packet]) -> None:
    for packet in packets:
        rotation.write(packet)


def append_in_blocks(rotation: Rotation, packets: list[Packet], block: int = 7) -> None:
    """Write as a ring of blocks is written: of each block as many records at a time as there is room for."""
    numbers = {interface: rotation.begin(interface) for interface in (ETHERNET, LOOPBACK)}
    for start in range(0, len(packets), block):
        waiting = packets[start : start + block]
        while waiting:
            most, octets = rotation.room()
            records, count = b"", 0
            while count < len(waiting) and count != most and (octets is None or len(records) < octets):
                packet = waiting[count]
                records += encoded(packet, rotation.format, numbers[packet.interface])
                count += 1
            rotation.append(records, count)
            waiting = waiting[count:]


def test_there_is_room_for_what_the_current_file_may_still_take(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(packets=3, octets=1024)) as rotation:
        rotation.begin(ETHERNET)
        assert rotation.room() == (3, 1000)
        rotation.append(encoded(PACKET, "pcap", 0) * 2, 2)
        assert rotation.room() == (1, 960)
        rotation.append(encoded(PACKET, "pcap", 0), 1)
        assert len(rotation.paths) == 1
        assert rotation.room() == (3, 1000)
        assert len(rotation.paths) == 2


def test_there_is_room_without_end_where_only_time_counts(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(duration_s=10)) as rotation:
        assert rotation.room() == (None, None)


def test_more_packets_than_there_is_room_for_are_refused(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcap", Limits(packets=2)) as rotation:
        rotation.begin(ETHERNET)
        with pytest.raises(ValueError, match="3 packets are more than fit into"):
            rotation.append(encoded(PACKET, "pcap", 0) * 3, 3)


def test_records_have_the_units_of_their_interface(tmp_path: Path) -> None:
    with Rotation(tmp_path / "x.pcapng", Limits(packets=2)) as rotation:
        rotation.begin(ETHERNET)
        assert rotation.resolution(ETHERNET) == 1_000_000_000


sizes_and_interfaces = st.lists(st.tuples(st.integers(0, 300), st.sampled_from([ETHERNET, LOOPBACK])), max_size=60)


@given(
    sizes_and_interfaces,
    st.none() | st.integers(1, 20),
    st.none() | st.integers(1, 3000),
    st.sampled_from(["pcap", "pcapng"]),
    st.sampled_from([write_one_by_one, append_in_blocks]),
)
def test_nothing_is_lost_or_repeated_between_the_files(
    shapes: list[tuple[int, Interface]], most: int | None, octets: int | None, format: str, write: object
) -> None:
    packets = [
        Packet(bytes([number]) * size, interface, number, size + 1) for number, (size, interface) in enumerate(shapes)
    ]
    if most is None and octets is None:
        most = 5
    with tempfile.TemporaryDirectory() as directory:
        with Rotation(f"{directory}/x.{format}", Limits(packets=most, octets=octets)) as rotation:
            write(rotation, packets)  # type: ignore[operator]
            assert rotation.count == len(packets)
        files = [list(open_capture(path)) for path in rotation.paths]
        ends = [os.path.getsize(path) for path in rotation.paths]
    read = [packet for file in files for packet in file]
    assert [(p.data, p.length, p.time_ns) for p in read] == [(p.data, p.length, p.time_ns) for p in packets]
    if format == "pcapng":
        assert [p.interface.name for p in read] == [p.interface.name for p in packets]
    for index, (file, end) in enumerate(zip(files, ends, strict=True)):
        last = index == len(files) - 1
        full = (most is not None and len(file) == most) or (octets is not None and end >= octets)
        assert last or full
        if file and octets is not None:
            # One octet less than the limit, with all but the last record; or that record is the only one.
            assert len(file) == 1 or end - len(encoded(file[-1], format, 0)) < octets
        assert most is None or len(file) <= most


# -- limits in words --------------------------------------------------------------------------------------------------


def test_limits_are_said_by_kind_and_number() -> None:
    assert limits(["duration:60", "filesize:10", "packets:1000", "files:3"], "-b") == Limits(60.0, 1000, 10_000, 3)


def test_seconds_may_have_a_fraction() -> None:
    assert limits(["duration:0.5"], "-a") == Limits(duration_s=0.5)


def test_nothing_said_is_no_limit() -> None:
    assert limits([], "-a") == Limits(None, None, None, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("durtion:5", "-a durtion:5: there is no limit 'durtion'; did you mean duration?"),
        ("size:5", "-a size:5: there is no limit 'size'; did you mean filesize?"),
        ("5", "-a 5: there is no limit '5'; there are duration, filesize, packets, files"),
        ("", "-a : there is no limit ''; there are duration, filesize, packets, files"),
        ("packets", "-a packets: packets takes a whole number, as in packets:1000"),
        ("packets:0", "-a packets:0: packets takes a whole number, as in packets:1000"),
        ("packets:1.5", "-a packets:1.5: packets takes a whole number, as in packets:1000"),
        ("packets:-1", "-a packets:-1: packets takes a whole number, as in packets:1000"),
        ("files:1_000", "-a files:1_000: files takes a whole number, as in files:10"),
        ("files:٣", "-a files:٣: files takes a whole number, as in files:10"),
        (
            "filesize:10M",
            "-a filesize:10M: filesize takes a whole number of kilobytes (1000 octets each), as in filesize:10000",
        ),
        ("duration:1e3", "-a duration:1e3: duration takes a number of seconds, as in duration:60"),
        ("duration:0.0", "-a duration:0.0: duration takes a number of seconds, as in duration:60"),
        ("duration:nan", "-a duration:nan: duration takes a number of seconds, as in duration:60"),
    ],
)
def test_what_is_no_limit_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        limits([text], "-a")
    assert str(caught.value) == words


def test_a_number_without_end_is_no_number() -> None:
    with pytest.raises(ValueError, match="duration takes a number of seconds"):
        limits(["duration:" + 400 * "9"], "-a")


def test_a_second_limit_of_a_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^-b packets:7: packets has been given before$"):
        limits(["packets:5", "packets:7"], "-b")
