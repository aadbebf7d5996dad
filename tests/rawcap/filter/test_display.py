"""The display filter as a user of the package has it."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from dissectors.fields import Uint
from dissectors.graph import Graph, graph
from dissectors.header import Header
from dissectors.packet import Packet
from rawcap.files import open_capture
from rawcap.filter import DisplayFilter, FilterError, display_filter
from rawcap.filter.syntax import And

CAPTURES = sorted((Path(__file__).parents[3] / "pcaps").rglob("*.pcap*"))


def test_it_is_true_or_false_of_a_packet(packets: dict[str, Packet]) -> None:
    wanted = display_filter("tcp.port == 9000 && ip.src == 192.0.2.0/24")
    assert wanted(packets["syn"]) is True
    assert wanted(packets["nested"]) is False


def test_it_knows_its_text_and_the_names_that_it_asks_for() -> None:
    wanted = display_filter("tcp.port == 80 or ip.src#2 == ip.dst or len(udp) > 8 or tcp.port in {1, udp.length}")
    assert isinstance(wanted, DisplayFilter)
    assert wanted.fields == ("tcp.port", "ip.src", "ip.dst", "udp", "udp.length")
    assert wanted.text.startswith("tcp.port == 80")
    assert repr(display_filter("tcp")) == "<DisplayFilter 'tcp'>"


def test_an_empty_filter_lets_everything_pass(packets: dict[str, Packet]) -> None:
    wanted = display_filter("  ")
    assert wanted.tree == And(())
    assert wanted.fields == ()
    assert all(wanted(packet) for packet in packets.values())


def test_a_wrong_filter_says_where() -> None:
    with pytest.raises(FilterError) as caught:
        display_filter("ip and tcp.prot == 80")
    assert str(caught.value).startswith("no field 'tcp.prot'; did you mean tcp.port")
    assert caught.value.render() == "ip and tcp.prot == 80\n       ^~~~~~~~"


def test_names_are_those_of_the_graph_that_is_given() -> None:
    with pytest.raises(FilterError, match="no field 'tcp'"):
        display_filter("tcp", Graph())


def test_a_protocol_can_be_asked_for_as_soon_as_it_is_declared(packets: dict[str, Packet]) -> None:
    class Sample(Header):
        """A made-up protocol."""

        name = "sample"
        first = Uint(8, "first octet")
        follows = {"udp.port": 40002}

    try:
        assert display_filter("sample.first == 0")(packets["udp6"])
    finally:
        graph.remove(Sample)


@given(st.binary(max_size=120), st.sampled_from([1, 101, 113, 276]))
def test_no_octets_make_a_filter_fail(data: bytes, linktype: int) -> None:
    packet = Packet.of(data, linktype)
    for wanted in HARD:
        assert wanted(packet) in (True, False)


HARD = [
    display_filter(text)
    for text in (
        "tcp.port + udp.port / ip.ttl % tcp.len > 3",
        'ip[-4:] == 00 or ipv6[1,3-5,9:] matches "^a" or tcp.options contains 02',
        "max(ip.src#2, ip.dst) in {10.0.0.0/8, 1.1.1.1 .. 2.2.2.2} xor string(eth.src) > lower(frame.protocols)",
        "all ip.addr != 10.0.0.0/8 and count(tcp) == 1 and tcp.options.mss_val and len(frame) >= frame.cap_len",
    )
]


@pytest.mark.skipif(not CAPTURES, reason="the project's captures are not here")
def test_every_field_can_be_asked_for_in_every_capture() -> None:
    asked = {name: display_filter(name) for name in graph.fields}
    met = set()
    for path in CAPTURES:
        with open_capture(path) as capture:
            for packet, _ in zip(capture, range(2), strict=False):
                packet.notes = {}
                met |= {name for name, wanted in asked.items() if wanted(packet)}
    assert {"ip.src", "ipv6.src", "tcp.options.mss_val", "udp.port", "eth.addr", "frame.len"} <= met
