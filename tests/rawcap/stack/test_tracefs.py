"""The kernel's trace buffers: pages by hand, and the kernel's own."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rawcap.stack.tracefs import Format, Instance, Lost, Record, Tracefs, parse_format, parse_page

FORMAT = """name: net_dev_queue
ID: 2304
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:void * skbaddr;\toffset:8;\tsize:8;\tsigned:0;
\tfield:unsigned int len;\toffset:16;\tsize:4;\tsigned:0;
\tfield:__data_loc char[] name;\toffset:20;\tsize:4;\tsigned:0;
\tfield:__u8 saddr[4];\toffset:24;\tsize:4;\tsigned:0;

print fmt: "dev=%s len=%s", __get_str(name), __print_symbolic(REC->len, { 2, "NOT_SPECIFIED" }, { 0x3, "NO_SOCKET" })
"""
RECORD = struct.pack("=HBBiQIHH4s", 2304, 0, 0, 77, 0xFFFF888000000001, 66, 28, 3, bytes([10, 9, 0, 2])) + b"lo\0\0"
NOW = 1_000_000_000


def page(*entries: bytes, flags: int = 0, behind: bytes = b"") -> bytes:
    """A page of a ring buffer as the kernel gives it."""
    octets = b"".join(entries)
    return struct.pack("=QQ", NOW, len(octets) | flags) + octets + behind


def data(delta: int, octets: bytes = RECORD) -> bytes:
    """A record of whole words."""
    return struct.pack("=I", len(octets) // 4 | delta << 5) + octets


@pytest.fixture
def format() -> Format:
    return parse_format(FORMAT)


def test_a_format_tells_the_name_the_number_and_the_symbols(format: Format) -> None:
    assert (format.name, format.number) == ("net_dev_queue", 2304)
    assert format.symbols == {"len": {2: "NOT_SPECIFIED", 3: "NO_SOCKET"}}


def test_fields_are_decoded(format: Format) -> None:
    assert format.decoder()(RECORD, 0) == {
        "common_type": 2304,
        "common_pid": 77,
        "skbaddr": 0xFFFF888000000001,
        "len": 66,
        "name": "lo",
        "saddr": bytes([10, 9, 0, 2]),
    }


def test_only_the_fields_that_are_wanted_are_decoded(format: Format) -> None:
    assert format.decoder({"len", "name"})(b"somewhere" + RECORD, 9) == {"len": 66, "name": "lo"}


def test_a_text_that_is_no_format() -> None:
    with pytest.raises(ValueError):
        parse_format("nothing of the sort")


def test_times_add_up() -> None:
    records = parse_page(page(data(5), data(7))).records
    assert records == [(NOW + 5, 20, 2304), (NOW + 12, 20 + len(RECORD) + 4, 2304)]


def test_a_long_time_has_more_bits() -> None:
    extend = struct.pack("=II", 30 | 1 << 5, 2)
    assert parse_page(page(extend, data(0))).records[0][0] == NOW + 1 + (2 << 27)


def test_an_absolute_time_replaces_the_time() -> None:
    stamp = struct.pack("=II", 31 | 9 << 5, 3)
    assert parse_page(page(stamp, data(1))).records[0][0] == 9 + (3 << 27) + 1


def test_a_long_record_has_its_length_before_it() -> None:
    octets = RECORD + bytes(200 - len(RECORD))
    entry = struct.pack("=II", 3 << 5, len(octets) + 4) + octets
    assert parse_page(page(entry, data(1))).records == [(NOW + 3, 24, 2304), (NOW + 4, 228, 2304)]


def test_a_gap_is_passed_over() -> None:
    gap = struct.pack("=II", 29 | 2 << 5, 8) + bytes(4)
    assert [each[0] for each in parse_page(page(gap, data(1))).records] == [NOW + 3]


def test_padding_ends_the_page() -> None:
    assert parse_page(page(data(1), struct.pack("=II", 29, 4), data(1))).records == [(NOW + 1, 20, 2304)]


def test_lost_records_are_counted_where_the_kernel_says_how_many() -> None:
    assert parse_page(page(data(1), flags=1 << 31)).missed == -1
    assert parse_page(page(data(1), flags=1 << 31 | 1 << 30, behind=struct.pack("=Q", 12))).missed == 12
    assert parse_page(page(data(1))).missed == 0


@pytest.mark.parametrize("cut", range(60))
def test_what_is_cut_off_is_left_out(cut: int) -> None:
    whole = page(data(5), data(7))
    assert len(parse_page(whole[:cut]).records) <= 1


# -- the kernel's own -------------------------------------------------------------------------------------------


def instances(tracefs: Tracefs) -> set[str]:
    return set(os.listdir(f"{tracefs.path}/instances"))


@pytest.mark.privileged
def test_a_connection_is_recorded_on_the_clock_of_the_frames() -> None:
    with Tracefs() as tracefs, Instance(tracefs) as instance:
        assert instance.enable("sock/inet_sock_set_state")
        instance.start()
        before = time.time_ns()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        after = time.time_ns()
        records = [each for each in instance.read() if isinstance(each, Record) and each.fields["sport"] == port]
    assert [(each.fields["oldstate"], each.fields["newstate"]) for each in records] == [(7, 10), (10, 7)]
    assert all(each.tid == os.getpid() for each in records)
    clocks = 100_000  # nanoseconds that two readings of clocks may be apart
    assert before - clocks <= records[0].time_ns <= records[1].time_ns <= after + clocks


@pytest.mark.privileged
def test_an_event_that_the_kernel_does_not_have() -> None:
    with Tracefs() as tracefs, Instance(tracefs) as instance:
        assert not instance.enable("sock/no_such_event")


@pytest.mark.privileged
def test_an_instance_is_gone_after_an_exception() -> None:
    with Tracefs() as tracefs:
        with pytest.raises(ZeroDivisionError), Instance(tracefs) as instance:
            assert instance.name in instances(tracefs)
            instance.enable("sock/inet_sock_set_state")
            instance.start()
            _ = 1 // 0
        assert instance.name not in instances(tracefs)


@pytest.mark.privileged
def test_what_a_killed_process_has_left_is_swept_and_nothing_else() -> None:
    text = (
        "import sys, time\n"
        "from rawcap.stack.tracefs import Instance, Tracefs\n"
        "instance = Instance(Tracefs())\n"
        "print(instance.name, flush=True)\n"
        "time.sleep(60)\n"
    )
    with Tracefs() as tracefs, Instance(tracefs) as mine:
        other = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        with other.stdout:
            left = other.stdout.readline().strip()
        assert left not in tracefs.sweep()
        other.kill()
        other.wait()
        assert left in instances(tracefs)
        assert left in tracefs.sweep()
        assert left not in instances(tracefs)
        assert mine.name in instances(tracefs)


@pytest.mark.privileged
def test_what_a_process_left_that_nobody_has_waited_for_is_removed() -> None:
    text = "from rawcap.stack.tracefs import *; print(Instance(Tracefs()).name, flush=True); os._exit(0)"
    with Tracefs() as tracefs:
        other = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
        try:
            assert other.stdout is not None
            with other.stdout:
                left = other.stdout.readline().strip()
            os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
            assert left in tracefs.sweep()
        finally:
            other.wait()


@pytest.mark.privileged
def test_what_there_is_no_room_for_is_counted() -> None:
    with Tracefs() as tracefs, Instance(tracefs, buffer_kib=8) as instance:
        instance.enable("syscalls/sys_enter_getppid")
        instance.only([os.getpid()])
        instance.start()
        for _ in range(5_000):
            os.getppid()
        found = instance.read()
        kept = sum(isinstance(each, Record) for each in found)
        lost = sum(each.records for each in found if isinstance(each, Lost))
    assert kept + lost == 5_000
    assert lost > 0


@pytest.mark.privileged
def test_a_pause_makes_no_records() -> None:
    with Tracefs() as tracefs, Instance(tracefs) as instance:
        instance.enable("syscalls/sys_enter_getppid")
        instance.only([os.getpid()])
        instance.start()
        os.getppid()
        instance.pause()
        os.getppid()
        assert instance.read() == []
        instance.go_on()
        os.getppid()
        assert len(instance.read()) == 1


@pytest.mark.privileged
def test_nothing_is_mounted() -> None:
    before = Path("/proc/mounts").read_text()
    with Tracefs() as tracefs, Instance(tracefs):
        assert Path("/proc/mounts").read_text() == before
