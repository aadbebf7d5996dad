"""Chunks in order: what several threads make of them, what is wrong with a file, and how reading ends."""

import contextlib
import os
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import rawcap
from dissectors.graph import graph
from rawcap.columns.plan import is_native
from rawcap.columns.scan import Scan

ROOT = Path(__file__).parents[3]
PCAPS = sorted((ROOT / "pcaps").glob("*.pcap*"))
FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)


def record(data, seconds=1):
    return struct.pack("<IIII", seconds, 0, len(data), len(data)) + data


def capture(path, frames=1):
    path.write_bytes(FILE_HEADER + record(bytes(60)) * frames)
    return path


# The command line, also where whoever runs the tests ignores interrupts.
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import rawcap.cli
sys.argv[0] = "rawcap"
rawcap.cli.main()
"""


@pytest.fixture
def pipe():
    """Both ends of a pipe: what reads from it, and the descriptor that is written to."""
    reading, writing = os.pipe()
    with open(reading, "rb") as stream:
        yield stream, writing
        os.close(writing)


def ended(work, stop):
    """Whether some work in another thread ends when `stop` is called, however often."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    for _ in range(200):
        stop()
        thread.join(0.05)
        if not thread.is_alive():
            return True
    return False


# -- what is wrong with a file ----------------------------------------------------------------------------------------


def test_what_is_wrong_with_a_file_is_told_after_what_came_before_by_the_thread_that_reads(tmp_path):
    whole, cut = capture(tmp_path / "whole.pcap", 3), tmp_path / "cut.pcap"
    cut.write_bytes(whole.read_bytes()[:-1])
    told = []
    scan = Scan(
        [whole, cut, whole],
        ["frame.number"],
        threads=4,
        problem=lambda error: told.append(threading.current_thread()),
    )
    for taken in scan:
        told.append(taken.gathered.count)
    assert told == [3, 2, threading.current_thread(), 3]


def test_without_anybody_to_tell_an_error_comes_after_what_came_before(tmp_path):
    whole, missing = capture(tmp_path / "whole.pcap", 3), tmp_path / "missing.pcap"
    chunks = iter(Scan([whole, missing, whole], ["frame.number"], threads=4))
    assert next(chunks).gathered.count == 3
    with pytest.raises(rawcap.CaptureError, match="there is no such file"):
        next(chunks)


# -- threads ----------------------------------------------------------------------------------------------------------


def test_while_the_next_chunk_is_slow_few_others_are_made(tmp_path):
    paths = [capture(tmp_path / f"{number}.pcap") for number in range(12)]
    threads = 2
    too_many = threading.Event()
    made = []

    def make(taken):
        made.append(taken.source)
        if len(made) > 2 * threads:
            too_many.set()
        if taken.source == 0:
            assert not too_many.wait(0.5)
        return taken.source

    assert list(Scan(paths, ["frame.number"], threads=threads).map(make)) == list(range(12))


# -- the end ----------------------------------------------------------------------------------------------------------


def test_a_reading_that_waits_for_a_pipe_ends_when_it_is_stopped(pipe):
    stream, writing = pipe
    os.write(writing, FILE_HEADER + record(bytes(60)))
    scan = Scan([stream], ["frame.number"], threads=2, problem=pytest.fail)
    assert ended(lambda: list(scan), scan.stop)


def test_a_reading_that_waits_for_somebody_to_open_a_pipe_ends_when_it_is_stopped(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    scan = Scan([tmp_path / "pipe"], ["frame.number"], threads=2)
    assert ended(lambda: list(scan), scan.stop)


def test_a_named_pipe_is_read_like_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: capture(tmp_path / "pipe", 5))
    writer.start()
    assert [taken.gathered.count for taken in Scan([tmp_path / "pipe"], ["frame.number"], threads=2)] == [5]
    writer.join()


def test_a_reading_that_is_given_up_waits_for_no_pipe(pipe):
    stream, writing = pipe
    octets = FILE_HEADER + record(bytes(65_000)) * 60

    def write():
        with contextlib.suppress(BrokenPipeError):  # nobody has to read all of it
            for at in range(0, len(octets), 4096):
                os.write(writing, octets[at : at + 4096])

    writer = threading.Thread(target=write, daemon=True)
    writer.start()

    def take_one():
        chunks = iter(Scan([stream], ["frame.number"], threads=2))
        next(chunks)
        chunks.close()

    assert ended(take_one, lambda: None)
    stream.close()
    writer.join()  # or it would write into whatever gets its descriptor next


@pytest.mark.parametrize("command", [["stats", "-"], ["sql", "select count(*) from packets", "-"]])
def test_one_interrupt_ends_a_command_that_waits_for_a_pipe(command):
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(FILE_HEADER + record(bytes(60)) * 2000)
        process.stdin.flush()  # more than the pipe holds: it is being read
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60) == 130
        finally:
            process.kill()
        assert b"Traceback" not in process.stderr.read()


# -- times ------------------------------------------------------------------------------------------------------------


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def far_capture(path, *offsets):
    """One packet for each interface, whose clock counts from so many seconds after the epoch."""
    octets = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    for offset in offsets:
        octets += block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHqHH", 14, 8, offset, 0, 0))
    for place in range(len(offsets)):
        octets += block(6, struct.pack("<IIIII", place, 0, 1_000_000, 60, 60) + bytes(60))
    path.write_bytes(octets)
    return path


@pytest.mark.parametrize(
    "offsets",
    [
        (0, 20_000_000_000, 5),
        (20_000_000_000, 0, 20_000_000_000),
        (-20_000_000_000, 3),
        (-9_000_000_000, 9_000_000_000),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "display_filter",
    [
        "frame.time_epoch > 10000000000",
        "frame.time_epoch < 10",
        'frame.time > "2024-01-01"',
        "frame.time_relative > 1",
        "frame.time_relative < 0 or frame.time_delta > 15000000000",
        "not frame.time_delta < 0",
        "frame.time_epoch and frame.time_relative and frame.time_delta",
    ],
)
def test_times_that_64_bits_do_not_hold_are_filtered_by_all_the_same(offsets, display_filter, tmp_path):
    path = far_capture(tmp_path / "far.pcapng", *offsets)
    expected = [packet.number for packet in rawcap.read(path, display_filter)]
    numbers = rawcap.table(path, ["frame.number"], filter=display_filter).arrow().column(0).to_pylist()
    assert numbers == expected


def test_the_column_has_no_time_that_64_bits_do_not_hold_and_the_packet_has(tmp_path):
    path = far_capture(tmp_path / "far.pcapng", 0, 20_000_000_000, 5)
    names = ["frame.time_epoch", "frame.time_relative", "frame.time_delta"]
    (taken,) = Scan([path], names, threads=1)
    columns = [taken.gathered.cells[name] for name in names]
    cells = [
        [value if there else None for value, there in zip(each.values.tolist(), each.valid, strict=True)]
        for each in columns
    ]
    second = 1_000_000_000
    assert cells == [[second, None, 6 * second], [0, None, 5 * second], [0, None, None]]
    packet = taken.packet(1, graph)
    far = 20_000_000_000 * second
    assert [packet[name] for name in names] == [far + second, far, far]


@pytest.mark.parametrize(
    "display_filter",
    [
        "frame.time_relative >= 0 and dns",
        "frame.time_delta >= 0 and dns.qry.name",
        "frame.time_delta >= 0 and tcp.stream == 0",
    ],
)
def test_a_filter_by_times_and_by_what_only_dissecting_tells(display_filter):
    for path in PCAPS:
        with rawcap.Reading([path], display_filter, problem=lambda error: None) as packets:
            expected = [packet.number for packet in packets]
        numbers = rawcap.table(path, ["frame.number"], filter=display_filter, problem=lambda error: None).arrow()
        assert numbers.column(0).to_pylist() == expected, path.name


# -- whatever else is asked for ---------------------------------------------------------------------------------------


def udp(source, destination, payload):
    datagram = struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 1, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
    return b"\2" * 6 + b"\4" * 6 + b"\x08\0" + header + datagram


PORTS = (53, 67, 69, 123, 500, 4789, 40000)
PORT_PROTOCOLS = ("dns", "dhcp", "tftp", "ntp", "isakmp", "vxlan")


@pytest.fixture(scope="module")
def port_pairs(tmp_path_factory):
    """Datagrams between every two of some ports: the lower one tells what is in them."""
    path = tmp_path_factory.mktemp("ports") / "ports.pcap"
    frames = (udp(source, destination, bytes(range(1, 200))) for source in PORTS for destination in PORTS)
    path.write_bytes(FILE_HEADER + b"".join(map(record, frames)))
    return path


def test_a_column_alone_says_what_the_packet_view_says(port_pairs):
    prefixes = tuple(f"{name}." for name in PORT_PROTOCOLS)
    packets = list(rawcap.read(port_pairs))
    names = [
        name for name in graph.fields
        if name.startswith(prefixes) and is_native(graph, name)
    ]  # fmt: skip
    assert {"dhcp.hops", "ntp.stratum", "vxlan.vni"}.issubset(names)
    for name in names:
        lists = rawcap.table(port_pairs, [name], occurrence="all", threads=1).arrow().column(0).to_pylist()
        assert [len(each or ()) for each in lists] == [len(packet.values(name)) for packet in packets], name


@pytest.mark.parametrize("protocol", [name for name in PORT_PROTOCOLS if name in graph.protocols])
def test_a_protocol_alone_passes_what_it_passes_packet_by_packet(port_pairs, protocol):
    expected = [packet.number for packet in rawcap.read(port_pairs, protocol)]
    assert rawcap.table(port_pairs, ["frame.number"], filter=protocol).arrow().column(0).to_pylist() == expected
    present = rawcap.table(port_pairs, [protocol]).arrow().column(0).to_pylist()
    assert [number for number, there in enumerate(present, 1) if there] == expected


def test_what_leads_to_another_header_leads_to_none_that_stands_for_the_rest(tmp_path):
    path = tmp_path / "slarp.pcap"
    frame = bytes.fromhex("8f008035000000020000000100000000ffff")  # a keepalive, not an answer
    path.write_bytes(FILE_HEADER[:20] + struct.pack("<I", 104) + record(frame))
    assert rawcap.table(path, ["slarp.netmask"], text=True).arrow().column(0).to_pylist() == [None]
