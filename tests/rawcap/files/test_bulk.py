"""bulk.py: a capture in chunks has the packets, and the errors, that reading packet by packet has."""

import gzip
import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawcap.files import CaptureError, open_capture
from rawcap.files.bulk import NO_TIME, Bulk

HERE = Path(__file__).resolve()
PCAPS = sorted((HERE.parents[3] / "pcaps").glob("*.pcap*"))
SHARED = HERE.parents[4] / "shared" / "captures"
CAPTURES = [*PCAPS, *sorted(path for path in SHARED.rglob("*") if path.is_file() and ".pcap" in path.name)]


def by_packets(source):
    found, error = [], ""
    try:
        for packet in open_capture(source):
            time = packet.time_ns if packet.time_ns is not None and packet.time_ns < 1 << 63 else NO_TIME
            where = packet.interface.id, packet.interface.name, packet.interface.linktype
            found.append((packet.number, packet.data, packet.length, time, where, packet.options))
    except CaptureError as problem:
        error = f"{type(problem).__name__}: {problem}"
    return found, error


def by_chunks(source, chunk=1 << 20):
    found, error = [], ""
    try:
        bulk = Bulk(source, chunk=chunk)
        for part in bulk:
            for i in range(len(part)):
                data = part.data[part.starts[i] : part.starts[i] + part.captured[i]].tobytes()
                interface = bulk.interfaces[part.interface[i]]
                where = interface.id, interface.name, interface.linktype
                row = (part.number + i, data, int(part.lengths[i]), int(part.times[i]), where, part.options(i))
                found.append(row)
    except CaptureError as problem:
        error = f"{type(problem).__name__}: {problem}"
    return found, error


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_chunks_hold_what_the_packets_are(path):
    expected = by_packets(path)
    for chunk in (1 << 20, 1000, 64):
        assert by_chunks(path, chunk) == expected


@given(data=st.data())
def test_damage_is_told_in_the_same_words_at_the_same_place(data):
    whole = data.draw(st.sampled_from(PCAPS)).read_bytes()[:6000]
    spoilt = bytearray(whole[: data.draw(st.integers(1, len(whole)))])
    for _ in range(data.draw(st.integers(0, 4))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    chunk = data.draw(st.sampled_from([64, 500, 1 << 20]))
    assert by_chunks(io.BytesIO(bytes(spoilt)), chunk) == by_packets(io.BytesIO(bytes(spoilt)))


def pcap(order, magic, version=(2, 4), extra=b""):
    head = struct.pack(order + "IHHIIII", magic, *version, 0, 0, 65535, 1)
    frames = [bytes([number]) * (number * 7) for number in range(1, 30)]
    lengths = (5, 0) if version == (2, 2) else (0, 5)  # the original length came first
    records = [
        struct.pack(order + "IIII", 1_700_000_000 + number, number, *(len(frame) + more for more in lengths))
        + extra
        + frame
        for number, frame in enumerate(frames)
    ]
    return head + b"".join(records)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("magic", "version", "extra"),
    [(0xA1B2C3D4, (2, 4), b""), (0xA1B23C4D, (2, 4), b""), (0xA1B2CD34, (2, 4), bytes(8)), (0xA1B2C3D4, (2, 2), b""),
     (0xA1B2C3D4, (2, 3), b"")],
)  # fmt: skip
def test_every_form_of_pcap(order, magic, version, extra):
    octets = pcap(order, magic, version, extra)
    expected = by_packets(io.BytesIO(octets))
    assert len(expected[0]) > 1
    for chunk in (64, 300, 1 << 20):
        assert by_chunks(io.BytesIO(octets), chunk) == expected


def test_compressed(tmp_path):
    path = tmp_path / "some.pcap.gz"
    path.write_bytes(gzip.compress(pcap("<", 0xA1B2C3D4)))
    found, error = by_chunks(path, 500)
    assert error == ""
    assert [row[0] for row in found] == list(range(1, 30))


def test_what_is_no_capture_is_told_in_the_same_words():
    with pytest.raises(CaptureError, match="is not a capture: it begins with 68 65 6c 6c"):
        Bulk(io.BytesIO(b"hello, world"))
