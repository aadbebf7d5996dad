"""The parse graph: rows that lead from header to header, and changed copies of them."""
from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from dissectors.fields import Uint
from dissectors.graph import Graph, graph, nearest
from dissectors.header import Header, always, by
from dissectors.packet import Interface, Packet

# IPv4 192.0.2.1 to 192.0.2.2, UDP 5000 to 9000, twelve octets of a DNS header: one question, type not there.
UDP = bytes.fromhex(
    "0200000000020200000000010800"
    "450000280001000040110000c0000201c0000202"
    "1388232800140000"
    "123401000000000000000000"
)


@pytest.fixture
def clean() -> Iterator[None]:
    before = list(graph.headers)
    yield
    for header in [each for each in graph.headers if each not in before]:
        graph.remove(header)


def test_every_field_has_a_name_that_a_filter_can_use_and_a_meaning() -> None:
    for name, fields in graph.fields.items():
        assert re.fullmatch(r"[a-z0-9_]+([.-][A-Za-z0-9_]+)*", name), name
        assert all(field.meaning for field in fields), name


def test_every_header_has_a_title() -> None:
    for header in graph.headers:
        assert header.title, header.__name__
        assert not header.title.endswith(".")


def test_a_row_added_to_a_copy_changes_only_the_copy() -> None:
    changed = graph.with_row("udp.port", 9000, "ntp")
    assert "ntp" in Packet(UDP, Interface(graph=changed)).protocols
    assert "ntp" not in Packet(UDP, Interface()).protocols


@pytest.mark.parametrize(
    ("table", "protocol", "message"),
    [
        ("udp.prt", "dns", "no table 'udp.prt' to decode by; did you mean udp.port"),
        ("udp.port", "dsn", "no protocol 'dsn'; did you mean"),
    ],
)
def test_a_wrong_row_is_named_with_what_is_nearest(table: str, protocol: str, message: str) -> None:
    with pytest.raises(KeyError) as error:
        graph.with_row(table, 9000, protocol)
    assert message in str(error.value)


def test_a_value_that_the_field_cannot_hold_is_refused() -> None:
    with pytest.raises(KeyError, match="70000"):
        graph.with_row("udp.port", 70000, "dns")


def test_a_header_that_is_taken_out_is_found_no_more(clean: None) -> None:
    class Probe(Header):
        name = "probe"
        a = Uint(8, "first")
        follows = {"udp.port": 9000}

    assert Packet.of(UDP).layers[3].name == "probe"
    graph.remove(Probe)
    assert Packet.of(UDP).layers[3].name == "data"
    assert "probe.a" not in graph.fields


def test_a_row_that_leads_nowhere_is_an_error_of_the_declaration() -> None:
    own = Graph()

    class Probe(Header):
        a = Uint(8, "first")
        next = always("nobody")

    Probe.name = "probe"
    own.add(Probe)
    with pytest.raises(TypeError, match="leads to 'nobody', which is not declared"):
        own.compiled  # noqa: B018


def test_a_rule_reads_only_what_is_sure_to_be_there() -> None:
    own = Graph()
    present = Uint(8, "whether")

    class Probe(Header):
        a = present
        b = Uint(8, "perhaps", when=present)
        next = by(b, "probe.kind")

    Probe.name = "probe"
    own.add(Probe)
    with pytest.raises(TypeError, match="which is not in the fixed part"):
        own.compiled  # noqa: B018


def test_the_nearest_names() -> None:
    assert nearest("tcp.prot", ["tcp.port", "udp.port", "ip.src"]) == "; did you mean tcp.port, udp.port?"
    assert nearest("zzz", ["tcp.port"]) == ""


def test_a_row_that_a_user_chose_goes_before_the_lower_port() -> None:
    chosen = graph.with_row("udp.port", 9000, "dhcp")
    to_dns = UDP[:34] + bytes.fromhex("2328 0035") + UDP[38:]  # from 9000 to 53
    assert "dns" in Packet(to_dns, Interface()).protocols
    assert "dhcp" in Packet(to_dns, Interface(graph=chosen)).protocols


def test_a_table_by_which_nothing_leads_on_is_an_error_of_the_declaration(clean: None) -> None:
    class Probe(Header):
        name = "probe"
        a = Uint(8, "first")
        follows = {"udp.prt": 9000}

    with pytest.raises(TypeError) as error:
        graph.compiled  # noqa: B018
    assert str(error.value).startswith("Probe follows 'udp.prt', by which nothing leads on; did you mean udp.port")


def test_the_name_of_a_header_of_another_package_is_taken(clean: None) -> None:
    with pytest.raises(TypeError, match="the name 'dns' is taken by Domain Name System: give Probe another"):

        class Probe(Header):
            name = "dns"
            a = Uint(8, "first")

    assert graph.protocols["dns"].title == "Domain Name System"


def test_a_subclass_may_have_the_name_of_what_it_is(clean: None) -> None:
    class Probe(graph.protocols["vlan"]):  # type: ignore[misc]
        name = "vlan"

    assert graph.protocols["vlan"] is not Probe
