"""Looking over many frames: where the headers of ordinary ones are, and sums over their octets."""

import numpy as np

import dissectors  # noqa: F401
from dissectors.graph import graph
from dissectors.internet.ipv4 import IPv4
from dissectors.link.ethernet import Ethernet
from dissectors.transport.udp import UDP
from dissectors.walk import Surveyor, ones_complement_sum, ones_complement_sums

UDP_FRAME = bytes.fromhex(
    "020000000002020000000001080045000021123440004011a494c0000201c0000202" "13889c40000d883568656c6c6f"
)


def surveyed(*frames, lengths=None):
    """The eight numbers of each frame, of which UDP over IPv4 over Ethernet is ordinary."""
    surveyor = graph.compiled.walker_of(Surveyor)
    surveyor.choose(*(bytes(header is each for header in graph.compiled.classes) for each in (Ethernet, IPv4, UDP)))
    captured = np.array([len(frame) for frame in frames], np.int64)
    starts = np.cumsum(captured) - captured
    links = np.full(len(frames), graph.compiled.links[1], np.int64)
    out = np.zeros((8, len(frames)), np.int64)
    lengths = captured if lengths is None else np.array(lengths, np.int64)
    surveyor.survey(memoryview(b"".join(frames)), starts.data, captured.data, lengths.data, links.data, out.data)
    return out.T.tolist()


def test_an_ordinary_frame_tells_where_both_headers_are():
    node_of = graph.compiled.node_of
    assert surveyed(UDP_FRAME) == [[node_of[IPv4], 14, node_of[UDP], 34, 42, 47, 0, 0]]


def test_places_count_from_the_beginning_of_the_buffer():
    assert [row[3] for row in surveyed(UDP_FRAME, UDP_FRAME)] == [34, 81]


def test_a_header_that_is_not_expected_makes_a_frame_unusual():
    tagged = UDP_FRAME[:12] + bytes.fromhex("81000005") + UDP_FRAME[12:]
    assert surveyed(tagged)[0][0] == 0


def test_a_frame_that_was_cut_is_unusual():
    assert surveyed(UDP_FRAME, lengths=[len(UDP_FRAME) + 1])[0][0] == 0


def test_a_header_that_says_it_ends_beyond_its_carrier_is_unusual():
    assert surveyed(UDP_FRAME[:38] + b"\0\x0e" + UDP_FRAME[40:])[0][0] == 0


def test_sums_are_those_of_single_stretches():
    octets = bytes(range(256)) * 2
    stretches = [(0, 0), (0, 1), (0, 2), (1, 4), (3, 300), (5, 512), (7, 14)]
    starts, stops = (np.array(each, np.int64) for each in zip(*stretches, strict=True))
    sums = np.zeros(len(stretches), np.int64)
    ones_complement_sums(memoryview(octets), starts.data, stops.data, sums.data)
    assert sums.tolist() == [ones_complement_sum(octets[start:stop]) for start, stop in stretches]


def test_a_sum_that_is_zero_modulo_65535_is_not_zero():
    sums = np.zeros(1, np.int64)
    ones_complement_sums(memoryview(b"\xff\xff"), np.array([0]).data, np.array([2]).data, sums.data)
    assert sums[0] == 0xFFFF
