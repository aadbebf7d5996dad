"""What verification found as JUnit XML, the report that continuous integration reads.

There is no one standard; this is what is common to what Jenkins, GitLab, GitHub's reporters and Azure take: suites of
cases, each with a name and a class name, its failure, error or reason to be skipped, and the counts of all in
`testsuites` and each `testsuite`. A case takes no time; the `time` of a suite is that from the first packet to the
last of what it is about, in seconds, so the same capture always gives the same report.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from dissectors.printable import printable
from rawcap.show.verify import Expected
from rawcap.tcp.segment import NO_TIME
from rawcap.tcp.verify.evidence import Case, socket_of
from rawcap.tcp.verify.rules import BROKEN, HOLDS, Check, checklist

_INPUT = "input"


def as_junit(cases: Sequence[Case], expected: Expected, errors: Sequence[str], nothing: str | None) -> str:
    """The report: a suite for each connection or exchange, or, where anything is expected, one of the expectations.

    Where anything is expected the rules are no tests: a broken one may be just what is expected, as "SYN/ACK answers
    the SYN" is of a connection that is refused. A rule that was not seen or does not apply is skipped. Before them is
    a suite "input" with an error for each of `errors`, what could not be read or captured, and with a failure where
    there is `nothing` to check, which says why.
    """
    root = ET.Element("testsuites", name="rawcap verify")
    if errors or nothing is not None:
        suite = _suite(root, _INPUT, [])
        for error in errors:
            _outcome(_case(suite, _INPUT, error), "error", error, error)
        if nothing is not None:
            _outcome(_case(suite, _INPUT, "something to check"), "failure", nothing, nothing)
    if expected:
        suite = _suite(root, "expectations", cases)
        for expectation, check in expected:
            _checked(suite, "expectations", expectation.text, check, "")
    else:
        for case in cases:
            name = f"{case.title} {socket_of(case.flow.client)} → {socket_of(case.flow.server)}"
            suite = _suite(root, name, [case])
            for rule, check in checklist(case):
                _checked(suite, name, rule.name, check, f"{rule.sentence} ({rule.section}): ")
    root.set("time", f"{sum(float(suite.get('time', 0)) for suite in root):.6f}")
    for each in (root, *root):
        _count(each)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _suite(root: ET.Element, name: str, cases: Sequence[Case]) -> ET.Element:
    ends = [time for case in cases for time in (case.flow.first_ns, case.flow.last_ns)]
    times = [time for time in ends if time is not None and time != NO_TIME]
    lasted = max(times) - min(times) if times else 0
    return ET.SubElement(root, "testsuite", name=_text(name), time=f"{lasted / 1e9:.6f}")


def _case(suite: ET.Element, group: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_text(group), name=_text(name), time="0")


def _checked(suite: ET.Element, group: str, name: str, check: Check, words: str) -> None:
    each = _case(suite, group, name)
    if check.verdict == BROKEN:
        numbers = f" [packets {', '.join(map(str, check.numbers))}]" if check.numbers else ""
        _outcome(each, "failure", check.detail, words + check.detail + numbers)
    elif check.verdict != HOLDS:
        ET.SubElement(each, "skipped", message=_text(f"{check.verdict}: {check.detail}"))


def _outcome(case: ET.Element, kind: str, message: str, text: str) -> None:
    element = ET.SubElement(case, kind, message=_text(message), type="broken" if kind == "failure" else "unreadable")
    element.text = _text(text)


def _text(text: str) -> str:
    """Text that XML may hold."""
    return printable(text)


def _count(element: ET.Element) -> None:
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(len(element.findall(f".//{tag}"))))
