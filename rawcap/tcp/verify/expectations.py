"""What a grader may expect of connections and exchanges: a small set of names, and display filters.

    filters: list[str] = []
    expectation = expect("bytes-to-server=5", filters)
    check = expectation.look(evidence.cases, evidence.elsewhere)

An expectation speaks of every connection that was chosen, and fails where there is none; only "connections=0",
"exchanges=0" and "none: FILTER" hold of nothing. A wrong one is an `ExpectationError`, in one line.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rawcap.tcp.segment import ACK
from rawcap.tcp.verify.evidence import Case
from rawcap.tcp.verify.outcome import outcome
from rawcap.tcp.verify.rules import BROKEN, HOLDS, Check, checklist, counted, seconds


class ExpectationError(ValueError):
    """An expectation that is not understood; the text says why, in one line."""


class Kind(NamedTuple):
    """A kind of expectation: its name, what its value is ("" for none), a sentence, and of what it speaks.

    `of` is "tcp", "udp", "both" for each connection or exchange, or "all" for how many there are.
    """

    name: str
    value: str
    sentence: str
    of: str
    look: Callable[[Case, str], tuple[bool, str, Sequence[int]]]


@dataclass(frozen=True)
class Expectation:
    """One expectation: what the user wrote, its kind and its value.  `filter` is the place of a filter, else -1."""

    text: str
    kind: Kind | None
    value: str
    filter: int = -1

    def look(self, cases: Sequence[Case], elsewhere: Case | None = None) -> Check:
        """Whether it holds of the cases; `elsewhere` has the packets of none, and is None where a filter chose."""
        if self.kind is None:
            return self._of_filter([*cases, *([elsewhere] if elsewhere is not None else [])])
        of = self.kind.of
        wanted = [case for case in cases if of in ("both", "all") or (of == "tcp") == case.is_tcp]
        if of == "all":
            is_tcp = self.kind.name == "connections"
            found = [case for case in cases if case.is_tcp == is_tcp]
            verdict = HOLDS if len(found) == int(self.value) else BROKEN
            told = f"there {'is' if len(found) == 1 else 'are'} {len(found)}"
            return Check(verdict, told, [case.flow.first_number for case in found][:8])
        if not wanted:
            return Check(BROKEN, nothing(of, filtered=elsewhere is None))
        numbers: list[int] = []
        told = ""
        for case in wanted:
            holds, told, proof = self.kind.look(case, self.value)
            if not holds:
                return Check(BROKEN, f"{case.title}: {told}", proof)
            numbers += proof
        return Check(HOLDS, told if len(wanted) == 1 else f"in all {len(wanted)}", sorted(set(numbers))[:8])

    def _of_filter(self, cases: Sequence[Case]) -> Check:
        """Whether any, none or all of the packets pass the filter."""
        passed = sum(case.passed[self.filter].count for case in cases)
        failed = sum(case.failed[self.filter].count for case in cases)
        those = sorted(number for case in cases for number in case.passed[self.filter].first)[:8]
        others = sorted(number for case in cases for number in case.failed[self.filter].first)[:8]
        quantity = self.text.partition(":")[0]
        if quantity == "any":
            return Check(HOLDS if passed else BROKEN, f"{counted(passed, 'packet')} of {passed + failed}", those)
        if quantity == "none":
            return Check(BROKEN if passed else HOLDS, f"{counted(passed, 'packet')} of {passed + failed}", those)
        holds = bool(passed) and not failed
        return Check(HOLDS if holds else BROKEN, f"{counted(failed, 'packet')} of {passed + failed} do not", others)


_NOTHING = {
    "tcp": ("there is no connection", "no connection passes the filter"),
    "udp": ("there is no exchange of datagrams", "no exchange of datagrams passes the filter"),
    "both": ("there is no TCP connection and no UDP exchange", "no connection passes the filter"),
}


def nothing(of: str, *, filtered: bool) -> str:
    """The words for there being nothing to look at, `of` as a Kind has it; `filtered` where a filter chose."""
    return _NOTHING[of][filtered]


def expect(text: str, filters: list[str]) -> Expectation:
    """The expectation that a user wrote; a filter is appended to `filters`.  Raises ExpectationError.

    Blanks around names and values mean nothing.
    """
    quantity, colon, rest = (part.strip() for part in text.partition(":"))
    if colon and quantity in QUANTITIES:
        if not rest:
            raise ExpectationError(f"{text!r} has no filter: write it like 'any: tcp.flags.reset == 1'")
        filters.append(rest)
        return Expectation(f"{quantity}: {rest}", None, "", len(filters) - 1)
    name, equals, value = (part.strip() for part in text.partition("="))
    kind = KINDS.get(name)
    if kind is None:
        raise _unknown(text, name)
    if not kind.value:
        if equals:
            raise ExpectationError(f"{name} takes no value")
        return Expectation(name, kind, "")
    if not value:
        raise ExpectationError(f"{name} needs a value: {name}={kind.value}")
    _check_value(kind, value)
    return Expectation(f"{name}={value}", kind, value)


def _unknown(text: str, name: str) -> ExpectationError:
    """What is wrong with an expectation whose name nobody knows."""
    if not text.strip():
        return ExpectationError("it is empty: write it like handshake, server-port=9000 or 'any: tcp.flags.reset == 1'")
    first, _, rest = text.replace(":", " ").strip().lower().partition(" ")
    if first in QUANTITIES:
        return ExpectationError(f"a filter follows '{first}:': write it like '{first}: {rest.strip() or 'FILTER'}'")
    near = difflib.get_close_matches(name.lower(), KINDS, n=3, cutoff=0.5)
    if name.lower() in near:
        near = [name.lower()]
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; there are {', '.join(KINDS)}, any:, none:, all:"
    return ExpectationError(f"there is no expectation {name!r}{hint}")


_PORTS = "PORT[-PORT]"
_LAST_PORT = 65_535
_MOST_DIGITS = 20  # of a number of octets or connections: no capture has more


def _check_value(kind: Kind, value: str) -> None:
    if kind.value == "N" and not (value.isdecimal() and len(value) <= _MOST_DIGITS):
        raise ExpectationError(f"{kind.name}={value}: {value!r} is not a number")
    if kind.value == _PORTS:
        _check_ports(kind, value)
    if kind.value == "MS":
        try:
            number = float(value)
        except ValueError:
            number = -1
        if not 0 <= number < float("inf"):
            raise ExpectationError(f"{kind.name}={value}: {value!r} is not a number of milliseconds")
    if "|" in kind.value and value not in kind.value.split("|"):
        raise ExpectationError(f"{kind.name}={value}: it is one of {', '.join(kind.value.split('|'))}")
    if kind.value == "ADDRESS":
        import ipaddress

        try:
            ipaddress.ip_address(value)
        except ValueError:
            raise ExpectationError(f"{kind.name}={value}: {value!r} is not an address") from None


def _check_ports(kind: Kind, value: str) -> None:
    for each in (part.strip() for part in value.split("-", 1)):
        if not (each.isdecimal() and len(each) <= _MOST_DIGITS and int(each) <= _LAST_PORT):
            raise ExpectationError(f"{kind.name}={value}: {each!r} is not a port: write it like 9000 or 9000-9010")
    if not _ports(value):
        raise ExpectationError(f"{kind.name}={value}: the first port of a range is the lower one")


def _ports(value: str) -> range:
    """The ports that "9000", or "9000-9010", means."""
    first, _, last = value.partition("-")
    return range(int(first), int(last or first) + 1)


Found = tuple[bool, str, Sequence[int]]
KINDS: dict[str, Kind] = {}
"""The expectations that have a name, in the order of the manual."""
QUANTITIES = {
    "any": "At least one packet passes a display filter",
    "none": "No packet passes a display filter",
    "all": "Every packet passes a display filter",
}


def _kind(name: str, sentence: str, value: str = "", of: str = "tcp") -> Callable[[Callable[[Case, str], Found]], None]:
    def add(look: Callable[[Case, str], Found]) -> None:
        KINDS[name] = Kind(name, value, sentence, of, look)

    return add


def _rule_check(case: Case, name: str) -> Check:
    return next(check for rule, check in checklist(case) if rule.name == name)


@_kind("handshake", "SYN, SYN/ACK and ACK, each acknowledging what it has to")
def _handshake(case: Case, value: str) -> Found:
    names = ("syn-answered", "syn-ack-number", "final-ack")
    if not case.connection.beginning_seen:
        return False, "opened before the capture", [case.connection.first_number]
    numbers: list[int] = []
    for name in names:
        check = _rule_check(case, name)
        if check.verdict != HOLDS:
            return False, check.detail, check.numbers
        numbers += check.numbers
    return True, "complete", sorted(set(numbers))


@_kind("orderly-close", "Both sides sent a FIN, and both were acknowledged")
def _orderly_close(case: Case, value: str) -> Found:
    fins = [side.fin.number for side in (case.side(True), case.side(False)) if side.fin is not None]
    return case.connection.closed in ("orderly", "simultaneous"), case.connection.closed, fins


@_kind("no-retransmission", "No segment was sent again; a keep-alive or a window probe is none")
def _no_retransmission(case: Case, value: str) -> Found:
    check = _rule_check(case, "no-retransmission")
    return check.verdict == HOLDS, check.detail, check.numbers


def _outcome_is(name: str) -> Callable[[Case, str], Found]:
    def look(case: Case, value: str) -> Found:
        found = outcome(case)
        return found.name == name, found.client, found.numbers

    return look


@_kind("no-conflict", "No octet was sent again with another value")
def _no_conflict(case: Case, value: str) -> Found:
    check = _rule_check(case, "no-conflict")
    return check.verdict == HOLDS, check.detail, check.numbers


_kind("refused", "RST answered the SYN: ECONNREFUSED")(_outcome_is("refused"))


@_kind("reset", "A reset ended the connection")
def _reset(case: Case, value: str) -> Found:
    numbers = [sender.reset for sender in case.senders.values() if sender.reset]
    return case.connection.closed == "reset", case.connection.closed, numbers


@_kind("reset-by", "Whose reset ended the connection", "client|server")
def _reset_by(case: Case, value: str) -> Found:
    if case.connection.closed != "reset":
        return False, case.connection.closed, []
    resets = {name: case.senders[name == "client"].reset for name in ("client", "server")}
    first = min((name for name in resets if resets[name]), key=lambda name: resets[name])
    return first == value, f"the {first} sent RST", [resets[first]]


_kind("timeout", "Nothing answered the SYN: ETIMEDOUT")(_outcome_is("timed out"))
_kind("unreachable", "ICMP reported the destination unreachable", of="both")(_outcome_is("unreachable"))
_kind("answered", "A datagram was answered", of="udp")(_outcome_is("answered"))
_kind("unanswered", "No datagram was answered", of="udp")(_outcome_is("unanswered"))
_kind("port-unreachable", "ICMP reported that no socket has the port", of="udp")(_outcome_is("port unreachable"))


@_kind("closed-by", "Who closed first, by FIN or RST", "client|server")
def _closed_by(case: Case, value: str) -> Found:
    if case.connection.closed == "never open":
        return False, "never open", []
    closer = case.connection.closer
    sides = [case.side(True), case.side(False)]
    numbers = sorted(each.number for side in sides for each in (side.fin, side.rst) if each is not None)
    return closer == value, f"the {closer} closed first" if closer else "nobody closed", numbers[:1]


@_kind("time-wait", "Who is left in TIME-WAIT", "client|server|both|none")
def _time_wait(case: Case, value: str) -> Found:
    waiting = case.connection.time_wait or "none"
    fins = [side.fin.number for side in (case.side(True), case.side(False)) if side.fin is not None]
    return waiting == value, waiting, sorted(fins)


def _end_of(side: str, what: str) -> Callable[[Case, str], Found]:
    def look(case: Case, value: str) -> Found:
        found = getattr(getattr(case.flow, side), what)
        same = found in _ports(value) if what == "port" else _address(found) == _address(value)
        return same, f"the {side}'s {what} is {found}", [case.flow.first_number]

    return look


def _address(text: str) -> str:
    import ipaddress

    return str(ipaddress.ip_address(text)) if text else ""


@_kind("protocol", "Which protocol it is, of each that was chosen", "tcp|udp", "both")
def _protocol(case: Case, value: str) -> Found:
    protocol = "tcp" if case.is_tcp else "udp"
    return protocol == value, f"it is {protocol}", [case.flow.first_number]


_kind("server-port", "The server's port, or the range it is in", _PORTS, "both")(_end_of("server", "port"))
_kind("client-port", "The client's port, or the range it is in", _PORTS, "both")(_end_of("client", "port"))
_kind("server-address", "The server's address", "ADDRESS", "both")(_end_of("server", "address"))
_kind("client-address", "The client's address", "ADDRESS", "both")(_end_of("client", "address"))


def _octets(client: bool) -> Callable[[Case, str], Found]:
    def look(case: Case, value: str) -> Found:
        if not case.is_tcp:
            endpoint = case.exchange.client if client else case.exchange.server
            numbers = [n for n, _, of_client, _ in case.datagrams if of_client == client][:8]
            return endpoint.octets == int(value), counted(endpoint.octets, "octet"), numbers
        side = case.side(client)
        numbers = sorted({each.number for each in (side.first_data, side.last_data) if each is not None})
        return case.sent(client) == int(value), counted(case.sent(client), "octet"), numbers

    return look


_kind("bytes-to-server", "Octets that the client sent, without repetitions", "N", "both")(_octets(True))
_kind("bytes-to-client", "Octets that the server sent, without repetitions", "N", "both")(_octets(False))


def _counts(case: Case, value: str) -> Found:
    return True, "", []


_kind("connections", "How many TCP connections there are", "N", "all")(_counts)
_kind("exchanges", "How many UDP exchanges there are", "N", "all")(_counts)


@_kind("retransmissions", "Segments that were sent again, by both sides, as no-retransmission counts them", "N")
def _retransmissions(case: Case, value: str) -> Found:
    count = sum(sender.repeated for sender in case.senders.values())
    numbers = [each.number for sender in case.senders.values() for each in sender.repetitions]
    return count == int(value), f"{count:,}", sorted(numbers)


@_kind("rtt-below", "The handshake's round trip, SYN to its answer, in milliseconds", "MS")
def _rtt_below(case: Case, value: str) -> Found:
    syn, answer = case.connection.client.syn, case.connection.server.syn
    if syn is None or answer is None:
        return False, "there is no handshake", []
    if not answer.flags & ACK:
        return False, "the SYNs crossed: neither answers the other", [syn.number, answer.number]
    rtt = answer.time_ns - syn.time_ns
    return rtt < float(value) * 1e6, seconds(rtt), [syn.number, answer.number]
