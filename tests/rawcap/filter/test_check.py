"""What names and literals mean, and what is said of those that mean nothing."""

from __future__ import annotations

import pytest

from dissectors.fields import Text, Uint
from dissectors.graph import graph
from dissectors.header import Header
from rawcap.filter import FilterError, display_filter
from rawcap.filter.syntax import Comparison, Constant, Field, Kind, Network, Protocol, Test


def test_names_become_fields_and_protocols() -> None:
    assert display_filter("tcp.port == 80").tree == Comparison(
        "==", Field("tcp.port", Kind.NUMBER), Constant(80, Kind.NUMBER, "80")
    )
    assert display_filter('tcp contains "a"').tree == Comparison(
        "contains", Protocol("tcp", whole=True), Constant(b"a", Kind.OCTETS, '"a"')
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tcp.flags.syn == TRUE", True),
        ("ip.proto == UDP", 17),
        ("ip.proto == 'a'", 97),
        ("ip.src == 192.0.2.1", b"\xc0\x00\x02\x01"),
        ("eth.src[0] == a", b"\x0a"),
        ("eth.src[0] == 'a'", b"a"),
        ('eth.src[0:2] == "ab"', b"ab"),
        ("frame.protocols == eth.ip", "eth.ip"),
        ("frame.protocols == 'e'", "e"),
        ("frame.time_epoch == 0.5", 500_000_000),
        ("udp.port + 1 == 70000", 70000),
    ],
)
def test_a_literal_takes_the_kind_of_what_it_is_compared_with(text: str, value: object) -> None:
    tree = display_filter(text).tree
    assert isinstance(tree, Comparison)
    assert isinstance(tree.right, Constant)
    assert tree.right.value == value


def test_a_network_keeps_its_prefix() -> None:
    tree = display_filter("ipv6.src == fe80::/10").tree
    assert isinstance(tree, Comparison)
    assert tree.right == Network(b"\xfe\x80" + bytes(14), 10, Kind.IPV6, "fe80::/10")


ERRORS = [
    # names
    ("tcp.prot == 80", "tcp.prot", "no field 'tcp.prot'; did you mean tcp.port"),
    ("tcp.port == udp.prot", "udp.prot", "no field 'udp.prot'; did you mean udp.port"),
    ("tcpp", "tcpp", "no field 'tcpp'; did you mean tcp"),
    ("zzzzzz.qqqqqq", "zzzzzz.qqqqqq", "no field 'zzzzzz.qqqqqq' (rawcap fields lists them)"),
    ("ip.sorc#2", "ip.sorc", "no field 'ip.sorc'; did you mean ip.src"),
    ("tcp.srcport-1 == 79", "tcp.srcport-1", "no field 'tcp.srcport-1'; a minus needs a space before it"),
    ("lenn(tcp) == 20", "lenn(tcp)", "no function 'lenn'; did you mean len?"),
    # what is no test
    ("80", "80", "80 is a value, not a test: compare a field with it"),
    ('tcp and "x"', '"x"', '"x" is a value, not a test: compare a field with it'),
    ("len(tcp)", "len(tcp)", "len() gives a value, not a test: compare it with another"),
    ("80 == 80", "80", "80 is compared with no field"),
    ("80 in {80}", "80", "80 is compared with no field"),
    ('len("abc") == 3', '"abc"', '"abc" is compared with no field'),
    # literals
    ("tcp.port == 99999", "99999", "99999 is more than tcp.port can be, which is 65535"),
    ("tcp.hdr_len == 300", "300", "300 is more than tcp.hdr_len can be, which is 255"),
    ("tcp.port == 80.5", "80.5", "80.5 is not a number"),
    ("tcp.port == http80", "http80", "'http80' is neither a field nor a number"),
    ("ip.proto == TCPP", "TCPP", "'TCPP' is neither a field nor a number; did you mean TCP"),
    ("tcp.flags.syn == maybe", "maybe", "'maybe' is neither a field nor True or False"),
    ("ip.src == 192.0.2", "192.0.2", "192.0.2 is not an IPv4 address such as 192.0.2.1"),
    ("ip.src == ::1", "::1", "::1 is not an IPv4 address such as 192.0.2.1"),
    ("ip.src == localhost", "localhost", "'localhost' is neither a field nor an IPv4 address such as 192.0.2.1"),
    ("ip.src == 'a'", "'a'", "'a' is not an IPv4 address such as 192.0.2.1"),
    ("ipv6.src == 1.2.3.4", "1.2.3.4", "1.2.3.4 is not an IPv6 address such as 2001:db8::1"),
    ("ip.src == 10.0.0.0/33", "10.0.0.0/33", "an IPv4 address has no more than 32 bits"),
    ("ip.src == fe80::/10", "fe80::/10", "'fe80::' is not an IPv4 address such as 192.0.2.1"),
    ("tcp.port == 10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8 is a network, which only addresses can be compared with"),
    ("ip.src in {10.0.0.0/8 .. 11.0.0.0}", "10.0.0.0/8", "10.0.0.0/8 is not an IPv4 address such as 192.0.2.1"),
    ("eth.src == 02:00", "02:00", "02:00 is not a MAC address such as 02:00:00:00:00:01"),
    ("frame[0:2] == 0x0800", "0x0800", "0x0800 is not octets such as 0a:1b:2c, or text in quotes"),
    ('frame.time_epoch > "noon"', '"noon"', '"noon" is not seconds or a date such as "2026-11-23 10:00:00"'),
    # kinds
    ("ip.src == tcp.port", "tcp.port", "ip.src is an IPv4 address, tcp.port is a number: they cannot be compared"),
    ("ip.src == ipv6.src", "ipv6.src", "ip.src is an IPv4 address, ipv6.src is an IPv6 address: they cannot"),
    ("frame.protocols == eth", "eth", "frame.protocols is text, eth is a protocol, which stands for its octets: they "
     "cannot be compared"),
    ("tcp.port[0] == 1", "tcp.port", "tcp.port is a number: only text and octets have parts"),
    ("ip.src + 1 == 1", "ip.src", "ip.src is an IPv4 address, which + does not take"),
    ("tcp.port + ip.src", "ip.src", "tcp.port is a number, ip.src is an IPv4 address: they cannot be compared"),
    ("tcp.flags.syn & 1", "tcp.flags.syn", "tcp.flags.syn is True or False, which & does not take"),
    ("-ip.src", "-ip.src", "ip.src is an IPv4 address: it has no negative"),
    ("lower(tcp.port) == 1", "lower(tcp.port)", "tcp.port is a number, which lower() does not take"),
    ("len(tcp, udp) == 1", "len(tcp, udp)", "len() takes one argument, not 2"),
    ("count(tcp[0]) == 1", "tcp[0]", "count() takes a field or a protocol"),
    # searching
    ("ip.src contains 0a", "ip.src", "ip.src is an IPv4 address, which contains cannot search; string(ip.src) is text"),
    ('tcp.port matches "8"', "tcp.port", "tcp.port is a number, which matches cannot search; string(tcp.port) is text"),
    ("tcp matches abc", "abc", "matches takes a regular expression in double quotes"),
    ('tcp matches "("', '"("', "this is no regular expression: missing ), unterminated subpattern at position 0"),
    ('tcp matches "[[a"', '"[[a"', "this is no regular expression: Possible nested set at position 1"),
    ('tcp contains ""', '""', "there is nothing to look for between the quotes"),
    ("tcp contains tcp.port", "tcp.port", "tcp is a protocol, which stands for its octets, tcp.port is a number: they "
     "cannot be compared"),
]


@pytest.mark.parametrize(("text", "place", "message"), ERRORS, ids=[text for text, _, _ in ERRORS])
def test_what_cannot_be_is_told_with_its_place(text: str, place: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        display_filter(text)
    assert text[caught.value.start : caught.value.stop] == place
    assert str(caught.value).startswith(message)


def test_a_long_regular_expression_is_no_traceback() -> None:
    with pytest.raises(FilterError, match="this is no regular expression"):
        display_filter(f'tcp matches "{"(" * 5000}{")" * 5000}"')


def test_values_may_nest_deep() -> None:
    nested = "{" * 40 + "tcp.port" + " + 1}" * 40
    assert display_filter(f"{nested} > 40").fields == ("tcp.port",)
    nested = "max(" * 40 + "tcp.port" + ")" * 40
    assert display_filter(f"{nested} > 40").fields == ("tcp.port",)


def test_of_a_name_with_two_kinds_only_the_presence_is_known() -> None:
    class Number(Header):
        """One made-up protocol."""

        name = "sample"
        length = Uint(8, "a number", name="sample.value")

    class Word(Header):
        """Another, which uses a name of the first."""

        name = "sample.word"
        length = Text("text", 4, name="sample.value")

    try:
        assert isinstance(display_filter("sample.value").tree, Test)
        with pytest.raises(FilterError, match=r"^of sample\.value only the presence can be tested$"):
            display_filter("sample.value == 1")
    finally:
        graph.remove(Number)
        graph.remove(Word)
