"""Lines put together for many packets at once are those of the text view; compiled, and interpreted."""

from __future__ import annotations

import importlib.util
import io
import struct
from collections import Counter
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rawcap
import rawcap.show.lines
from dissectors.packet import Packet
from rawcap.columns.scan import Scan
from rawcap.files import CaptureError
from rawcap.pipeline import NOTED
from rawcap.show import fast_text
from rawcap.show.clock import clock
from rawcap.show.colours import Paint
from rawcap.show.text import TextView

HERE = Path(__file__).resolve()
SHARED = HERE.parents[4] / "shared" / "captures"
CAPTURES = [
    *sorted((HERE.parents[3] / "pcaps").rglob("*.pcap*")),
    *sorted(path for path in SHARED.rglob("*") if path.is_file() and ".pcap" in path.name),
]

MakePcap = Callable[..., Path]


def from_source() -> ModuleType:
    """The module as Python runs it, whether or not there is a compiled one."""
    source = str(Path(rawcap.show.lines.__file__).parent / "lines.py")
    loader = SourceFileLoader("lines_from_source", source)
    spec = importlib.util.spec_from_file_location("lines_from_source", source, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


WRITERS: dict[str, Any] = {
    "as installed": rawcap.show.lines.LineWriter,
    "from source": from_source().LineWriter,  # type: ignore[attr-defined]
}


@pytest.fixture(params=list(WRITERS))
def writer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(fast_text, "LineWriter", WRITERS[request.param])
    return str(request.param)


def one_by_one(path: Path, time_format: str = "r") -> tuple[str, list[str]]:
    """The lines of a file, packet by packet, and what is wrong with it."""
    out = io.StringIO()
    problems: list[str] = []
    view = TextView(out.write, clock=clock(time_format), paint=Paint(False))
    with rawcap.Reading([path], needs=NOTED, problem=lambda error: problems.append(str(error))) as packets:
        for packet in packets:
            view.show(packet)
    view.flush()
    return out.getvalue(), problems


def at_once(path: Path, time_format: str = "r") -> tuple[str, list[str]]:
    """The same, many packets at once."""
    out = io.BytesIO()
    problems: list[str] = []
    view = TextView(lambda text: out.write(text.encode()), clock=clock(time_format), paint=Paint(False))
    try:
        fast_text.write_lines(Scan([path], ()), view, time_format, out.write, Counter())
    except CaptureError as error:
        problems.append(str(error))
    return out.getvalue().decode(), problems


@pytest.fixture
def dissected(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the packets that took the way of all others, behind the hundred that wait for each other."""
    numbers: list[int] = []
    show = TextView.show

    def noting(view: TextView, packet: Packet) -> None:
        if not view.waits:
            numbers.append(packet.number)
        show(view, packet)

    monkeypatch.setattr(TextView, "show", noting)
    return numbers


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_every_capture_gives_the_same_lines_both_ways(path: Path, writer: str) -> None:
    assert at_once(path) == one_by_one(path)


@pytest.mark.parametrize("time_format", list(fast_text.CLOCKS))
def test_times_are_the_same_in_every_format(
    time_format: str, frames: dict[str, bytes], make_pcap: MakePcap, writer: str
) -> None:
    path = make_pcap(*[frames["udp"]] * 120)
    assert at_once(path, time_format) == one_by_one(path, time_format)


def test_ordinary_packets_are_not_dissected(
    frames: dict[str, bytes], make_pcap: MakePcap, dissected: list[int], writer: str
) -> None:
    at_once(make_pcap(*[frames["syn"], frames["synack"], frames["ack"], frames["udp"]] * 100))
    assert dissected == []


def test_a_line_is_put_together_from_the_octets(frames: dict[str, bytes], make_pcap: MakePcap, writer: str) -> None:
    path = make_pcap(*[frames["udp"]] * 100, frames["syn"], frames["synack"], frames["ack"])
    assert at_once(path)[0].splitlines()[100:] == [
        "  101  25.000000  192.0.2.1 → 192.0.2.2  TCP   49152 → 443 [SYN] Seq=0 Win=64240 Len=0 MSS=1460 "
        "SACK_PERM TSval=1 TSecr=0 WS=128",
        "  102  25.250000  192.0.2.2 → 192.0.2.1  TCP   443 → 49152 [SYN, ACK] Seq=0 Ack=1 Win=65160 Len=0 "
        "MSS=1460 WS=4",
        "  103  25.500000  192.0.2.1 → 192.0.2.2  TCP   49152 → 443 [ACK] Seq=1 Ack=1 Win=64256 Len=0",
    ]


def test_a_wrong_checksum_is_told(frames: dict[str, bytes], make_pcap: MakePcap, writer: str) -> None:
    wrong = frames["udp"][:-1] + b"\0"
    assert at_once(make_pcap(*[frames["udp"]] * 100, wrong))[0].endswith("5000 → 40000 Len=5 [bad checksum]\n")


def test_a_wrong_checksum_of_the_ip_header_is_told(frames: dict[str, bytes], make_pcap: MakePcap, writer: str) -> None:
    wrong = bytearray(frames["udp"])
    wrong[22] ^= 1  # time to live
    assert at_once(make_pcap(*[frames["udp"]] * 100, bytes(wrong)))[0].endswith("Len=5 [bad checksum]\n")


def test_a_checksum_left_to_the_card_is_not_wrong(frames: dict[str, bytes], make_pcap: MakePcap, writer: str) -> None:
    left = bytearray(frames["udp"])
    left[40:42] = b"\x84\x22"  # the sum of the pseudo header
    path = make_pcap(*[frames["udp"]] * 100, bytes(left))
    assert at_once(path)[0].endswith("5000 → 40000 Len=5\n")
    assert at_once(path) == one_by_one(path)


def test_columns_grow_both_ways_together(frames: dict[str, bytes], make_pcap: MakePcap, writer: str) -> None:
    ipv6 = frames["udp"][:12] + bytes.fromhex(
        "86dd60000000000d1140" "20010db8000000000000000000000001" "20010db8000000010002000300040005"
    ) + frames["udp"][34:]
    vlan = frames["udp"][:12] + bytes.fromhex("81000005") + frames["udp"][12:]
    arp = frames["udp"][:12] + bytes.fromhex("0806000108000604000102000000000ac00002010000000000000a000001")
    path = make_pcap(*[frames["udp"]] * 100, vlan, arp, ipv6, frames["udp"], arp)
    assert at_once(path) == one_by_one(path)


def test_what_is_recognised_takes_the_way_of_all_others(
    frames: dict[str, bytes], make_pcap: MakePcap, dissected: list[int], writer: str
) -> None:
    http = frames["udp"][:23] + b"\6" + frames["udp"][24:34]
    http += struct.pack("!HHIIHHHH", 40000, 9999, 1, 1, 0x5018, 500, 0, 0) + b"GET / HTTP/1.1\r\n\r\n"
    http = http[:16] + struct.pack("!H", len(http) - 14) + http[18:]
    path = make_pcap(*[frames["udp"]] * 100, http)
    assert "GET /" in at_once(path)[0]
    assert dissected == [101]


def test_a_file_that_ends_in_the_middle_of_a_packet_gives_the_lines_before(
    frames: dict[str, bytes], make_pcap: MakePcap, writer: str
) -> None:
    path = make_pcap(*[frames["udp"]] * 150)
    path.write_bytes(path.read_bytes()[:-3])
    lines, problems = at_once(path)
    assert (lines.count("\n"), len(problems)) == (149, 1)
    assert (lines, problems) == one_by_one(path)


def pcapng(path: Path, frames: list[tuple[int, bytes, bytes]], names: tuple[str, ...], more: bytes = b"") -> Path:
    """A file of frames on interfaces with these names: for each the interface, its octets, options."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    def option(code: int, value: bytes) -> bytes:
        return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)

    written = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    written += [block(1, struct.pack("<HHI", 1, 0, 0) + option(2, name.encode())) for name in names]
    for interface, frame, options in frames:
        head = struct.pack("<IIIII", interface, 0, 1000, len(frame), len(frame))
        written.append(block(6, head + frame + bytes(-len(frame) % 4) + options))
    path.write_bytes(b"".join(written) + more)
    return path


def test_interfaces_are_named_as_soon_as_there_are_two(frames: dict[str, bytes], tmp_path: Path, writer: str) -> None:
    udp = frames["udp"]
    places = [0] * 150 + [1] * 5 + [2] * 5 + [0] * 5 + [3] * 5
    names = ("eth0", "a longer name", "", "naïve")
    path = pcapng(tmp_path / "test.pcapng", [(place, udp, b"") for place in places], names)
    assert at_once(path) == one_by_one(path)


def test_what_the_capture_says_of_a_checksum_counts(frames: dict[str, bytes], tmp_path: Path, writer: str) -> None:
    wrong = frames["udp"][:-1] + b"\0"
    left = struct.pack("<HHI", 2, 4, 1 << 9) + bytes(4)  # epb_flags: checksum not ready
    packets = [(0, wrong, b"")] * 101 + [(0, wrong, left)]
    lines = at_once(pcapng(tmp_path / "test.pcapng", packets, ("eth0",)))[0].splitlines()
    assert [line.endswith("[bad checksum]") for line in lines[100:]] == [True, False]


BASES = ["syn", "synack", "ack", "rst", "udp", "vlan", "ipv6", "options"]


def bases(frames: dict[str, bytes]) -> dict[str, bytes]:
    """The frames that are spoilt: also with a tag, over IPv6, and with options of every kind."""
    udp = frames["udp"]
    addresses = bytes.fromhex("20010db8000000000000000000000001" "20010db8000000010002000300040005")
    options = bytes.fromhex("01010402" "01010a05000013890000138a" "0303020500000101" "0b0600000001" "0101")[:24]
    tcp = struct.pack("!HHIIHHHH", 443, 49152, 7, 9, (5 + len(options) // 4) << 12 | 0x38, 500, 0, 3) + options + b"xyz"
    return {
        **frames,
        "vlan": udp[:12] + bytes.fromhex("81000005") + udp[12:],
        "ipv6": udp[:12] + bytes.fromhex("86dd60000000000d1140") + addresses + udp[34:],
        "options": udp[:12] + bytes.fromhex("86dd60000000") + bytes([0, len(tcp), 6, 64]) + addresses + tcp,
    }


@pytest.mark.parametrize("name", list(WRITERS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    spoilt=st.lists(
        st.tuples(
            st.sampled_from(BASES),
            st.lists(st.tuples(st.integers(0, 120), st.integers(0, 255)), max_size=3),
            st.integers(0, 90),
        ),
        max_size=60,
    )
)
def test_spoilt_frames_give_the_same_lines_both_ways(
    spoilt: list[tuple[str, list[tuple[int, int]], int]],
    name: str,
    frames: dict[str, bytes],
    make_pcap: MakePcap,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fast_text, "LineWriter", WRITERS[name])
    made = []
    whole = bases(frames)
    for base, changes, cut in spoilt:
        frame = bytearray(whole[base])
        for place, value in changes:
            frame[place % len(frame)] = value
        made.append(bytes(frame[: len(frame) - cut] if cut < 10 else frame))
    path = make_pcap(*[frames["udp"]] * 100, *made)
    assert at_once(path) == one_by_one(path)
