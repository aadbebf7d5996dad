"""Frames that the tests of views and commands share, and captures made of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

FRAMES = {
    # 192.0.2.1:49152 opens a connection to 192.0.2.2:443, which offers a window scale of 2 and then resets it.
    "syn": "02000000000202000000000108004500003c123440004006a484c0000201c0000202"
    "c00001bb000003e800000000a002faf003670000020405b40402080a000000010000000001030307",
    "synack": "020000000001020000000002080045000030000040004006b6c4c0000202c0000201"
    "01bbc00000001388000003e97012fe8828540000020405b401030302",
    "ack": "020000000002020000000001080045000028123440004006a498c0000201c0000202"
    "c00001bb000003e900001389501001f650ad0000",
    "rst": "020000000001020000000002080045000028000040004006b6ccc0000202c0000201"
    "01bbc00000001389000003e950140000529f0000",
    # "hello" from port 5000 to port 40000, which belongs to nobody.
    "udp": "020000000002020000000001080045000021123440004011a494c0000201c0000202"
    "13889c40000d883568656c6c6f",
}

START_NS = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC


@pytest.fixture
def frames() -> dict[str, bytes]:
    """Ethernet frames by name."""
    return {name: bytes.fromhex(octets) for name, octets in FRAMES.items()}


@pytest.fixture
def make_pcap(tmp_path: Path) -> Callable[..., Path]:
    """Writes frames to a pcap file of microseconds, a quarter of a second apart; gives its path."""

    def make(*frames: bytes, linktype: int = 1, name: str = "test.pcap", snaplen: int = 65535) -> Path:
        path = tmp_path / name
        records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, linktype)]
        for index, frame in enumerate(frames):
            time_us = START_NS // 1000 + index * 250_000
            kept = frame[:snaplen]
            records.append(struct.pack("<IIII", *divmod(time_us, 1_000_000), len(kept), len(frame)) + kept)
        path.write_bytes(b"".join(records))
        return path

    return make
