"""DNS messages over UDP and TCP, and their multicast kin."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.application.dns import DNSOverTCP
from dissectors.graph import graph
from dissectors.packet import Interface, Packet

Carry = Callable[[str | bytes, int, int], Packet]

NAME = "03777777" "076578616d706c65" "03636f6d" "00"  # www.example.com
QUERY = "1234 0100 0001 0000 0000 0000" + NAME + "0001 0001"
ANSWER = "1234 8180 0001 0002 0000 0000" + NAME + "0001 0001" + (
    "c00c 0005 0001 0000012c 0002 c010"  # www.example.com CNAME example.com
    "c010 0001 0001 0000003c 0004 c0000250"  # example.com A 192.0.2.80
)


def record(kind: int, data: str) -> str:
    """A response with one record, owned by the root."""
    octets = bytes.fromhex(data)
    return f"0000 8000 0000 0001 0000 0000 00 {kind:04x} 0001 00000e10 {len(octets):04x}" + data


def test_a_query(udp: Carry) -> None:
    packet = udp(QUERY, 40000, 53)
    assert packet.protocols == "ip:udp:dns"
    assert packet.dns.id == 0x1234
    assert packet.dns.response is False
    assert packet.dns.recdesired is True
    assert (packet.dns.qry_name, packet.dns.qry_type, packet.dns.qry_class) == ("www.example.com", 1, 1)
    assert packet.dns.info() == "Standard query 0x1234 A www.example.com"
    assert packet.malformed == ""


def test_only_a_response_has_a_response_code(udp: Carry) -> None:
    assert udp(QUERY, 40000, 53)["dns.flags.rcode"] is None
    assert udp(ANSWER, 53, 40000)["dns.flags.rcode"] == 0
    assert udp(ANSWER, 53, 40000)["dns.flags.recavail"] is True


def test_a_response(udp: Carry) -> None:
    packet = udp(ANSWER, 53, 40000)
    assert packet.values("dns.resp.name") == ["www.example.com", "example.com"]
    assert packet.values("dns.resp.type") == [5, 1]
    assert packet.values("dns.resp.ttl") == [300, 60]
    assert packet.values("dns.cname") == ["example.com"]
    assert packet.values("dns.a") == ["192.0.2.80"]
    assert packet.dns.info() == "Standard query response 0x1234 A www.example.com CNAME example.com A 192.0.2.80"


def test_an_error_is_told(udp: Carry) -> None:
    packet = udp("0001 8183 0001 0000 0000 0000 00 0002 0001", 53, 40000)
    assert packet.dns.info() == "Standard query response 0x0001 No such name NS <Root>"


def test_sections_and_records_are_groups_with_their_octets(udp: Carry) -> None:
    packet = udp(ANSWER, 53, 40000)
    queries, answers = (item for item in packet.dns.items() if item.field is None)
    assert [item.title for item in queries.children] == ["www.example.com: A"]
    assert [item.title for item in answers.children] == [
        "www.example.com: CNAME example.com",
        "example.com: A 192.0.2.80",
    ]
    last = answers.children[1]
    assert packet.data[last.start : last.stop] == bytes.fromhex("c010000100010000003c0004c0000250")


def test_edns(udp: Carry) -> None:
    options = "000a 0008 0011223344556677" "0008 0007 0001 18 00 c00002" "fde9 0001 ff"
    packet = udp("0001 0120 0001 0000 0000 0001 00 0001 0001" f"00 0029 04d0 00 00 8000 001c {options}", 40000, 53)
    assert packet["dns.rr.udp_payload_size"] == 1232
    assert packet["dns.resp.z.do"] is True
    assert packet.values("dns.opt.code") == [10, 8, 65001]
    assert packet["dns.opt.cookie.client"] == bytes.fromhex("0011223344556677")
    assert packet["dns.opt.cookie.server"] is None
    assert packet["dns.opt.client.addr4"] == "192.0.2.0"
    assert packet["dns.opt.data"] == b"\xff"
    assert packet.values("dns.resp.class") == []
    assert packet.malformed == ""


def test_a_message_over_tcp_is_counted(tcp: Carry) -> None:
    packet = tcp("0021" + QUERY, 40000, 53)
    assert packet.protocols == "ip:tcp:dns"
    assert packet.dns.length == 33
    assert packet.dns.id == 0x1234
    assert packet["dns.qry.name"] == "www.example.com"
    assert packet.dns.info() == "Standard query 0x1234 A www.example.com"


def test_several_messages_in_a_segment(tcp: Carry) -> None:
    packet = tcp("0021" + QUERY + "0021" + QUERY.replace("1234", "5678"), 40000, 53)
    assert packet.values("dns.id") == [0x1234, 0x5678]
    assert packet.layers[-1].info() == "Standard query 0x5678 A www.example.com"


def test_a_message_that_goes_on_in_the_next_segment_keeps_what_is_there(tcp: Carry) -> None:
    packet = tcp("003f" + ANSWER[:-8], 53, 40000)
    assert packet["dns.cname"] == "example.com"
    assert packet["dns.a"] is None
    assert packet.malformed == ""


def test_a_message_is_recognised_on_another_port(udp: Carry) -> None:
    assert udp(QUERY, 40000, 8053).protocols == "ip:udp:dns"
    assert udp(ANSWER, 8053, 40000).protocols == "ip:udp:dns"


def test_another_port_may_be_said_to_carry_it_counted_over_tcp(tcp: Carry) -> None:
    packet = tcp("0021" + QUERY, 40000, 9000)
    interface = Interface(packet.interface.linktype, graph=graph.with_row("tcp.port", 9000, "dns"))
    assert Packet(packet.data, interface)["dns.qry.name"] == "www.example.com"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(QUERY.replace("0001 0000", "0002 0000"), id="two questions"),
        pytest.param(QUERY.replace("0001 0000", "0001 0001"), id="an answer in a query"),
        pytest.param(QUERY.replace("076578", "4f6578"), id="no name"),
        pytest.param(QUERY[:-4] + "0009", id="no class"),
        pytest.param(QUERY[:-9] + "fff0 0001", id="no type"),
        pytest.param("ff" * 40, id="no counts"),
    ],
)
def test_other_messages_are_not(udp: Carry, message: str) -> None:
    assert udp(message, 40000, 8053).protocols == "ip:udp:data"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(
            "0001 0100 0001 0000 0000 0000 c00c 0001 0001", "a name points to itself", id="a pointer to itself"
        ),
        pytest.param("0001 0100 0001 0000 0000 0000", "a name has no end", id="a question that is missing"),
        pytest.param(
            "0001 0100 0001 0000 0000 0000 00 0001",
            "Domain Name System: 2 octets where 0 are left",
            id="half a question",
        ),
        pytest.param(
            "0001 8100 0000 0001 0000 0000 00 0001 0001 0000003c 0008 c0000201",
            "Domain Name System: 8 octets where 4 are left",
            id="a record beyond the message",
        ),
        pytest.param(
            record(1, "c0000201ff")[:-10] + "c00002",
            "Domain Name System: 5 octets where 3 are left",
            id="an address that is too short",
        ),
    ],
)
def test_contradictions(udp: Carry, message: str, reason: str) -> None:
    assert udp(message, 40000, 53).malformed == reason


def test_what_is_before_a_contradiction_stays(udp: Carry) -> None:
    packet = udp("0001 0100 0002 0000 0000 0000" + NAME + "0001 0001 c0ff", 40000, 53)
    assert packet.values("dns.qry.name") == ["www.example.com"]
    assert packet.malformed == "a name has no end"


def test_a_frame_that_was_cut_is_no_contradiction(udp: Carry) -> None:
    whole = udp(ANSWER, 53, 40000)
    cut = Packet(whole.data[:-2], whole.interface, None, len(whole.data))
    assert cut["dns.cname"] == "example.com"
    assert cut["dns.a"] is None
    assert cut.dns.truncated
    assert cut.malformed == ""


def test_multicast_dns_has_bits_of_its_own_in_the_class(udp: Carry) -> None:
    query = udp("0000 0000 0001 0000 0000 0000 0161 056c6f63616c 00 000c 8001", 5353, 5353)
    assert query.protocols == "ip:udp:mdns"
    assert (query["dns.qry.class"], query["dns.qry.qu"]) == (1, True)
    assert query.layers[-1].info() == 'Standard query 0x0000 PTR a.local, "QU" question'
    answer = udp("0000 8400 0000 0001 0000 0000 0161 00 0001 8001 00000078 0004 c0000201", 5353, 5353)
    assert (answer["dns.resp.class"], answer["dns.resp.cache_flush"]) == (1, True)
    assert answer.layers[-1].info() == "Standard query response 0x0000 A, cache flush 192.0.2.1"


def test_link_local_names(udp: Carry) -> None:
    packet = udp("0009 8400 0001 0000 0000 0000 0168 00 0001 0001", 5355, 5355)
    assert packet.protocols == "ip:udp:llmnr"
    assert packet["dns.flags.conflict"] is True
    assert packet["dns.flags.tentative"] is False
    assert packet["dns.flags.authoritative"] is None


@pytest.mark.parametrize("octets, length", [
    (b"", None),
    (b"\x00", None),
    (b"\x00\x1d", 31),
    (b"\xff\xff more", 65537),
    (b"\x00\x0b", 0),
])  # fmt: skip
def test_where_a_message_ends(octets: bytes, length: int | None) -> None:
    assert DNSOverTCP.message_length(octets) == length
    assert DNSOverTCP.message_length(b"before" + octets, 6) == length
