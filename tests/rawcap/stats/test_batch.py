"""Which headers count: all with addresses, in tunnels too, and none that are only quoted."""

from __future__ import annotations

import collections
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rawcap.columns.scan import Scan
from rawcap.stats.batch import LAYERS, Batch, Sort, batch_of, fields_of
from rawcap.stats.statistics import Statistics

Count = Callable[..., Statistics]

PCAPS = Path(__file__).parents[3] / "pcaps"
CAPTURES = sorted(PCAPS.rglob("*.pcapng"))


def heads(batch: Batch) -> collections.Counter[tuple[object, ...]]:
    """Every header of a batch."""
    found: collections.Counter[tuple[object, ...]] = collections.Counter()
    for sort, each in batch.heads.items():
        keys = each.keys.reshape(-1, 2 * sort.words)
        for packet, key, side in zip(each.packets.tolist(), keys.tolist(), each.sides.tolist(), strict=True):
            found[sort, packet, tuple(key), side] += 1
    return found


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_columns_and_packets_tell_the_same_headers(path: Path) -> None:
    scan = Scan([path], fields_of(LAYERS, protocols=False), threads=1)
    for taken in scan:

        def packet(row: int, taken=taken):
            return taken.packet(row, scan.graph)

        by_columns = heads(batch_of(taken.gathered, packet, LAYERS))
        taken.gathered.unsure[:] = True
        assert heads(batch_of(taken.gathered, packet, LAYERS)) == by_columns


def test_a_packet_in_a_tunnel_counts_for_each_header(count: Count) -> None:
    counted = count(PCAPS / "vxlan.pcapng")
    assert counted.totals.frames == 3
    assert [(row.a, row.b, row.frames, row.octets) for row in counted.conversations.rows("ip")] == [
        ("192.0.2.1", "192.0.2.2", 4, 400)
    ]


def test_what_an_error_quotes_does_not_count(count: Count) -> None:
    rows = list(count(PCAPS / "port_unreachable.pcapng").conversations.rows("udp"))
    assert rows != []
    assert all(row.frames_b == 0 for row in rows)


@pytest.mark.parametrize(
    ("sort", "words", "end"),
    [
        (Sort("eth", "eth"), [0x020000000001], ("02:00:00:00:00:01", None)),
        (Sort("ip", "ip"), [0xC0000201], ("192.0.2.1", None)),
        (Sort("udp", "ip"), [0xC00002010035], ("192.0.2.1", 53)),
        (Sort("ipv6", "ipv6"), [0x20010DB8 << 32, 1], ("2001:db8::1", None)),
        (Sort("tcp", "ipv6"), [0x2001, 0x0DB8 << 48, 0x150], ("2001:db8::", 0x150)),
    ],
)
def test_ends_are_written(sort: Sort, words: list[int], end: tuple[str, int | None]) -> None:
    assert sort.end(words) == end


def test_an_address_that_looks_like_another_kind(count: Count, make_pcap: Callable[..., Path]) -> None:
    """An IPv6 address may be as long as a MAC address, with as many colons; here it is that of a nested header."""
    inner = bytes.fromhex("6000000000003b40") + np.array([0, 0x24, 0, 0, 0, 0x1E, 0xA0A, 0x141E], ">u2").tobytes()
    inner += bytes(15) + b"\x01"
    outer = bytes.fromhex("6000000000282940") + bytes(15) + b"\x02" + bytes(15) + b"\x03"
    counted = count(make_pcap(bytes(12) + b"\x86\xdd" + outer + inner))
    assert [row.a for row in counted.conversations.rows("ipv6")] == ["::2", "0:24::1e:a0a:141e"]
