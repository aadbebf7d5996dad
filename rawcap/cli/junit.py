"""What verification found as JUnit XML, the report that continuous integration reads.

There is no one standard; this is what is common to what Jenkins, GitLab, GitHub's reporters and Azure take: suites of
cases, each with a name and a class name, its failure, error or reason to be skipped, and the counts of all in
`testsuites` and each `testsuite`. The names of suites and classes begin with that of the file, or of the interface, as
readers put the reports about many files together; the properties of a suite name each file and each connection that it
is about. A case takes no time; the `time` of a suite is that from the first packet to the last of what it is about, in
seconds, so the same capture always gives the same report.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from dissectors.printable import printable
from rawcap.show.verify import Expected, proof, same_words
from rawcap.tcp.segment import NO_TIME
from rawcap.tcp.verify.evidence import Case, socket_of
from rawcap.tcp.verify.rules import BROKEN, HOLDS, Check, checklist

_INPUT = "input"
_MOST_NAMED = 100  # connections in the properties of a suite


def as_junit(
    cases: Sequence[Case],
    expected: Expected,
    errors: Sequence[str],
    nothing: str | None,
    sources: Sequence[str] = (),
) -> str:
    """The report: a suite for each connection or exchange, or, where anything is expected, one of the expectations.

    `sources` are the files, or interfaces, that the packets are from.
    Where anything is expected the rules are no tests: a broken one may be just what is expected, as "SYN/ACK answers
    the SYN" is of a connection that is refused. A rule that was not seen or does not apply is skipped. Before them is
    a suite "input" with an error for each of `errors`, what could not be read or captured, and with a failure where
    there is `nothing` to check, which says why.
    """
    root = ET.Element("testsuites", name="rawcap verify")
    more = f" and {len(sources) - 1:,} more" if len(sources) > 1 else ""
    about = f"{sources[0]}{more}: " if sources else ""
    if errors or nothing is not None:
        name = about + _INPUT
        suite = _suite(root, name, [], sources)
        for error in errors:
            _outcome(_case(suite, name, error), "error", error, error)
        if nothing is not None:
            _outcome(_case(suite, name, "something to check"), "failure", nothing, nothing)
    if expected:
        name = f"{about}expectations"
        suite = _suite(root, name, cases, sources)
        for expectation, check in expected:
            _checked(suite, name, expectation.text, check, [str(each) for each in check.numbers], "")
    else:
        for case in cases:
            name = about + _title(case)
            suite = _suite(root, name, [case], sources)
            for rule, check in checklist(case):
                words = f"{rule.sentence} ({rule.section}): "
                _checked(suite, name, rule.name, check, proof(case, rule, check), words)
    root.set("time", f"{sum(float(suite.get('time', 0)) for suite in root):.6f}")
    for each in (root, *root):
        _count(each)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _title(case: Case) -> str:
    return f"{case.title} {socket_of(case.flow.client)} → {socket_of(case.flow.server)}"


def _suite(root: ET.Element, name: str, cases: Sequence[Case], sources: Sequence[str]) -> ET.Element:
    ends = [time for case in cases for time in (case.flow.first_ns, case.flow.last_ns)]
    times = [time for time in ends if time is not None and time != NO_TIME]
    lasted = max(times) - min(times) if times else 0
    suite = ET.SubElement(root, "testsuite", name=_text(name), time=f"{lasted / 1e9:.6f}")
    told = [("source", source) for source in sources]
    told += [("connection", _title(case)) for case in cases[:_MOST_NAMED]]
    if len(cases) > _MOST_NAMED:
        told.append(("connection", f"{len(cases) - _MOST_NAMED:,} more"))
    if told:
        properties = ET.SubElement(suite, "properties")
        for key, value in told:
            ET.SubElement(properties, "property", name=key, value=_text(value))
    return suite


def _case(suite: ET.Element, group: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_text(group), name=_text(name), time="0")


def _checked(suite: ET.Element, group: str, name: str, check: Check, packets: Sequence[str], words: str) -> None:
    each = _case(suite, group, name)
    detail = same_words(check.detail)
    if check.verdict == BROKEN:
        numbers = f" [packet{'s' if len(packets) > 1 else ''} {', '.join(packets)}]" if packets else ""
        _outcome(each, "failure", detail, words + detail + numbers)
    elif check.verdict != HOLDS:
        ET.SubElement(each, "skipped", message=_text(f"{check.verdict}: {detail}"))


def _outcome(case: ET.Element, kind: str, message: str, text: str) -> None:
    element = ET.SubElement(case, kind, message=_text(message), type="broken" if kind == "failure" else "unreadable")
    element.text = _text(text)


def _text(text: str) -> str:
    """Text that XML may hold."""
    return printable(text)


def _count(element: ET.Element) -> None:
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(len(element.findall(f".//{tag}"))))
