"""Numbers for keys, and for connections one after the other; compiled and interpreted alike."""

from __future__ import annotations

import importlib.util
from array import array
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rawcap.stats.numbering as installed

SYN, SYN_ACK, ACK, RST = 0x02, 0x12, 0x10, 0x04


def from_source() -> ModuleType:
    """The module as its source says, whether or not it is compiled."""
    path = Path(installed.__file__).with_name("numbering.py")
    name = "numbering_source"
    spec = importlib.util.spec_from_file_location(name, path, loader=SourceFileLoader(name, str(path)))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SOURCE = from_source()
both = pytest.mark.parametrize("module", [installed, SOURCE], ids=["installed", "interpreted"])


def found(table, keys):
    rows = array("q", bytes(8 * (len(keys) // table.words)))
    table.find(memoryview(array("Q", keys)), memoryview(rows))
    return rows.tolist()


def followed(openings, *segments):
    """The numbers of segments, each (pair, side, flags, sequence, acknowledged)."""
    columns = list(zip(*segments, strict=True))
    numbers = array("q", bytes(8 * len(segments)))
    openings.follow(
        memoryview(array("q", columns[0])),
        memoryview(array("B", columns[1])),
        *(memoryview(array("q", column)) for column in columns[2:]),
        memoryview(numbers),
        max(columns[0]) + 1,
    )
    return numbers.tolist()


# -- keys -------------------------------------------------------------------------------------------------


@both
def test_keys_are_numbered_as_they_are_met(module: ModuleType) -> None:
    table = module.KeyTable(2)
    assert found(table, [7, 7, 8, 8, 7, 7]) == [0, 1, 0]
    assert found(table, [8, 7, 8, 8]) == [2, 1]
    assert len(table) == 3
    assert table.octets.tolist() == [7, 7, 8, 8, 8, 7]


@both
@given(words=st.integers(1, 6), keys=st.lists(st.integers(0, 40), max_size=200))
def test_numbers_are_those_of_a_dictionary(module: ModuleType, words: int, keys: list[int]) -> None:
    table = module.KeyTable(words)
    known: dict[int, int] = {}
    expected = [known.setdefault(key, len(known)) for key in keys]
    assert found(table, [word for key in keys for word in [key * 2**40] * words]) == expected


def test_a_hundred_thousand_keys() -> None:
    table = installed.KeyTable(1)
    for start in range(0, 100_000, 10_000):
        assert found(table, range(start, start + 10_000)) == list(range(start, start + 10_000))
    assert found(table, [99_999, 0, 50_000]) == [99_999, 0, 50_000]


# -- ends -------------------------------------------------------------------------------------------------


@both
def test_ends_are_ordered_and_the_source_is_told(module: ModuleType) -> None:
    source = np.array([[10, 0, 0, 2], [10, 0, 0, 9], [10, 0, 0, 1]], np.uint8)
    destination = np.array([[10, 0, 0, 1], [10, 0, 0, 9], [10, 0, 0, 2]], np.uint8)
    ports = np.array([80, 1, 5000], np.uint16), np.array([5000, 1, 80], np.uint16)
    keys, sides, packets = np.zeros(4, np.uint64), np.zeros(2, np.uint8), np.zeros(2, np.int64)
    there = np.array([1, 0, 1], np.uint8)
    columns = (source, destination, *ports, there, keys, sides, packets)
    assert module.pair_up(*(each.data for each in columns)) == 2
    assert keys.tolist() == [0x0A0000011388, 0x0A0000020050] * 2
    assert (sides.tolist(), packets.tolist()) == ([1, 0], [0, 2])


@both
@pytest.mark.parametrize(
    ("octets", "ports", "words"),
    [
        (6, False, ["0000010203040506"]),
        (16, False, ["0102030405060708", "090a0b0c0d0e0f10"]),
        (16, True, ["0000000000000102", "030405060708090a", "0b0c0d0e0f10abcd"]),
    ],
)
def test_an_end_is_one_number(module: ModuleType, octets: int, ports: bool, words: list[str]) -> None:
    address = np.arange(1, octets + 1, dtype=np.uint8).reshape(1, octets)
    port = np.array([0xABCD] if ports else [], np.uint16)
    keys, side, packet = np.zeros(2 * len(words), np.uint64), np.zeros(1, np.uint8), np.zeros(1, np.int64)
    columns = (address, address, port, port, np.ones(1, np.uint8), keys, side, packet)
    module.pair_up(*(each.data for each in columns))
    assert [f"{word:016x}" for word in keys.tolist()] == words * 2


# -- connections ------------------------------------------------------------------------------------------


@both
def test_a_connection_goes_on(module: ModuleType) -> None:
    segments = [(0, 0, SYN, 100, 0), (0, 1, SYN_ACK, 900, 101), (0, 0, ACK, 101, 901), (0, 0, SYN, 100, 0)]
    assert followed(module.Openings(), *segments) == [0, 0, 0, 0]


@both
def test_another_initial_sequence_number_opens_another_connection(module: ModuleType) -> None:
    openings = module.Openings()
    assert followed(openings, (0, 0, SYN, 100, 0), (0, 1, SYN_ACK, 900, 101), (0, 0, SYN, 555, 0)) == [0, 0, 1]
    assert followed(openings, (0, 1, SYN_ACK, 7, 556), (1, 0, ACK, 1, 1)) == [1, 2]
    assert openings.pairs.tolist() == [0, 0, 1]
    assert openings.begun_by.tolist() == [100, 555, -1]


@both
def test_a_syn_after_the_end_opens_another_connection(module: ModuleType) -> None:
    assert followed(module.Openings(), (0, 0, SYN, 100, 0), (0, 1, RST, 0, 101), (0, 0, SYN, 100, 0)) == [0, 0, 1]


@both
def test_a_syn_of_a_connection_met_in_its_middle(module: ModuleType) -> None:
    """What the other side acknowledges tells where this one stands."""
    openings = module.Openings()
    assert followed(openings, (0, 1, ACK, 900, 101), (0, 0, SYN, 100, 0), (0, 0, SYN, 5, 0)) == [0, 0, 1]


def joined(openings, pairs, begun):
    numbers = array("q", bytes(8 * len(pairs)))
    openings.join(memoryview(array("q", pairs)), memoryview(array("q", begun)), memoryview(numbers))
    return numbers.tolist()


@both
def test_connections_that_others_counted_are_joined(module: ModuleType) -> None:
    openings = module.Openings()
    followed(openings, (0, 1, SYN, 100, 0))
    side = 1 << 32
    # It goes on, it opens again, and there is one between other sockets.
    assert joined(openings, [0, 0, 1], [-1, side | 555, -1]) == [0, 1, 2]
    assert joined(openings, [0, 0], [side | 555, side | 6]) == [1, 3]
