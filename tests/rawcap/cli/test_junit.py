"""The report in JUnit XML: what readers of it agree on."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import rawcap
from rawcap.cli.junit import as_junit
from rawcap.tcp.verify.evidence import Case, Evidence
from rawcap.tcp.verify.expectations import expect
from tests.rawcap.tcp.crafting import ACK, SYN, client, server

PCAPS = Path(__file__).parents[3] / "pcaps" / "tcp"

# What may be in what, and which attributes an element has: what the schemas of Jenkins' xUnit plugin, of Ant and of
# testmoapp/junitxml have in common.
COUNTS = {"tests", "failures", "errors", "skipped", "time"}
ATTRIBUTES = {
    "testsuites": {"name", *COUNTS},
    "testsuite": {"name", *COUNTS},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    "properties": set(),
    "property": {"name", "value"},
}
WITHIN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped"},
}


def cases(name: str) -> list[Case]:
    evidence = Evidence()
    for packet in rawcap.read(PCAPS / f"{name}.pcapng", reassemble=True):
        evidence.add(packet)
    return evidence.cases


def report(
    name: str,
    *texts: str,
    errors: tuple[str, ...] = (),
    nothing: str | None = None,
    sources: tuple[str, ...] = (),
) -> ET.Element:
    """The report about a capture and expectations."""
    found = cases(name)
    expected = [expect(text, []) for text in texts]
    text = as_junit(found, [(each, each.look(found)) for each in expected], errors, nothing, sources)
    return ET.fromstring(text)


@pytest.mark.parametrize("name", ["closed_by_client", "three_connections", "udp_unanswered", "no_timestamps"])
@pytest.mark.parametrize("texts", [(), ("handshake", "connections=1")], ids=["rules", "expectations"])
def test_the_form_is_what_readers_agree_on(name: str, texts: tuple[str, ...]) -> None:
    for element in report(name, *texts, errors=("x is empty: it holds no capture",)).iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        assert {each.tag for each in element} <= WITHIN.get(element.tag, set())
        assert element.tag != "testcase" or len(element) <= 1
        assert all(element.get(name, "") for name in ("name", "classname", "message") if name in element.attrib)
        assert all(re.fullmatch(r"\d+", element.get(name, "0")) for name in COUNTS - {"time"})
        assert re.fullmatch(r"\d+(\.\d{6})?", element.get("time", "0"))


def test_the_time_of_a_suite_is_how_long_the_connection_took() -> None:
    (suite,) = report("lost_syn")
    connection = cases("lost_syn")[0].connection
    assert connection.last_ns - connection.first_ns > 1_000_000_000
    assert suite.get("time") == f"{(connection.last_ns - connection.first_ns) / 1e9:.6f}"


def test_a_connection_of_a_capture_without_times_took_none() -> None:
    evidence = Evidence()
    for number, sent in enumerate((client(0, flags=SYN, at=None), server(0, 1, flags=SYN | ACK, at=None)), 1):
        evidence.add(sent.packet(number))
    assert ET.fromstring(as_junit(evidence.cases, [], [], None)).get("time") == "0.000000"


def test_with_expectations_the_rules_are_no_tests() -> None:
    root = report("refused", "refused")
    assert [each.get("name") for each in root.iter("testcase")] == ["refused"]
    assert (root.get("tests"), root.get("failures")) == ("1", "0")


def test_what_xml_cannot_hold_is_an_escape() -> None:
    error = next(report("refused", errors=("a\x00b\x1b: there is no such file",)).iter("error"))
    assert error.get("message") == r"a\x00b\x1b: there is no such file"


@pytest.mark.parametrize("texts", [(), ("handshake",)], ids=["rules", "expectations"])
def test_reports_about_two_files_have_no_name_in_common(texts: tuple[str, ...]) -> None:
    names = []
    for source in ("ada/it.pcapng", "bob/it.pcapng"):
        root = report("refused", *texts, errors=("x is empty: it holds no capture",), sources=(source,))
        names.append({each.get("name") for each in root} | {each.get("classname") for each in root.iter("testcase")})
    assert names[0] and names[1] and not names[0] & names[1]


def test_a_suite_names_its_file_and_its_connection() -> None:
    (suite,) = report("refused", "refused", sources=("ada/it.pcapng",))
    assert suite.get("name") == "ada/it.pcapng: expectations"
    assert [(each.get("name"), each.get("value")) for each in suite.iter("property")] == [
        ("source", "ada/it.pcapng"),
        ("connection", "tcp 0 192.0.2.1:49152 → 192.0.2.2:7"),
    ]


def test_of_several_files_names_have_the_first_and_properties_all() -> None:
    (suite,) = report("refused", sources=("a.pcap", "b.pcap", "c.pcap"))
    assert suite.get("name") == "a.pcap and 2 more: tcp 0 192.0.2.1:49152 → 192.0.2.2:7"
    assert [each.get("value") for each in suite.iter("property")][:3] == ["a.pcap", "b.pcap", "c.pcap"]


def test_of_many_connections_a_hundred_are_named() -> None:
    evidence = Evidence()
    for number in range(1, 104):
        evidence.add(client(0, flags=SYN, port=1000 + number).packet(number))
    wanted = expect("handshake", [])
    (suite,) = ET.fromstring(as_junit(evidence.cases, [(wanted, wanted.look(evidence.cases))], [], None))
    named = [each.get("value") for each in suite.iter("property")]
    assert (len(named), named[-1]) == (101, "3 more")


def test_one_packet_is_one() -> None:
    told = [each.text or "" for each in report("prohibited").iter("failure")]
    assert [text.rpartition(" [")[2] for text in told] == ["packets 1, 2]", "packet 2]", "packets 3, 4]", "packet 4]"]


def test_an_error_of_icmpv6_is_spelt_like_one_of_icmp() -> None:
    told = [f"{each.get('message')}{each.text}" for each in report("prohibited").iter("failure")]
    assert all("Destination unreachable (" in text and "Destination Unreachable" not in text for text in told)
