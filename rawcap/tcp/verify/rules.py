"""The checklist: what has to hold of a TCP connection, each rule one sentence, one section and one small function.

A rule looks at a case (evidence.py) and gives a `Check`: whether it "holds", is "broken", was "not seen" because the
capture does not reach there, or "does not apply", with the packets that prove it and the numbers in them.

Broken does not mean that a program is wrong: of a connection that was refused, "SYN/ACK answers the SYN" is broken.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rawcap.tcp.segment import ACK, SYN, Segment
from rawcap.tcp.verify.evidence import Case, after

HOLDS, BROKEN, NOT_SEEN, DOES_NOT_APPLY = "holds", "broken", "not seen", "does not apply"

SIDES = {True: "client", False: "server"}


@dataclass(frozen=True)
class Check:
    """What a rule found: the verdict, the packets that prove it, and what they say."""

    verdict: str
    detail: str
    numbers: Sequence[int] = field(default=())


class Rule(NamedTuple):
    """A rule of the checklist."""

    name: str
    part: str
    sentence: str
    section: str
    look: Callable[[Case], Check]


RULES: list[Rule] = []
"""The rules of TCP, in the order in which they are shown."""
UDP_RULES: list[Rule] = []
"""Those of UDP."""


def _rule(
    name: str, part: str, sentence: str, section: str, rules: list[Rule] = RULES
) -> Callable[[Callable[[Case], Check]], Callable[[Case], Check]]:
    def add(look: Callable[[Case], Check]) -> Callable[[Case], Check]:
        rules.append(Rule(name, part, sentence, section, look))
        return look

    return add


def checklist(case: Case) -> list[tuple[Rule, Check]]:
    """Every rule, with what it finds; worked out once, when all packets were taken in."""
    if case.checked is None:
        case.checked = [(rule, rule.look(case)) for rule in (RULES if case.is_tcp else UDP_RULES)]
    return case.checked


def counted(count: int, noun: str) -> str:
    """A number of things: "1 octet", "1,460 octets"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(numbers: Iterable[int], count: int | None = None) -> str:
    """Packet numbers: "7", "7 and 9", "7, 9, 11 and 40 more"; `count` is how many there are in all."""
    all_of = [str(number) for number in numbers]
    if count is not None and count > len(all_of):
        all_of.append(f"{count - len(all_of):,} more")
    return " and ".join([", ".join(all_of[:-1]), all_of[-1]]) if len(all_of) > 1 else "".join(all_of)


def seconds(ns: int) -> str:
    """A time in the unit that suits it: "0.043 ms", "1.024 s"."""
    return f"{ns / 1e9:.3f} s" if ns >= 1_000_000_000 else f"{ns / 1e6:.3f} ms"


_NO_SYN = Check(NOT_SEEN, "the capture begins after the SYN")


# -- the handshake ------------------------------------------------------------------------------------------


@_rule("syn-alone", "handshake", "The SYN carries no ACK and no data (fast open excepted)", "RFC 9293, 3.5")
def _syn_alone(case: Case) -> Check:
    syn = case.connection.client.syn
    if syn is None or syn.flags & ACK:
        return _NO_SYN
    if syn.length and syn.cookie <= 0:
        return Check(BROKEN, f"it carries {counted(syn.length, 'octet')} and no fast open cookie", [syn.number])
    if syn.length:
        return Check(HOLDS, f"{counted(syn.length, 'octet')} with a fast open cookie (RFC 7413)", [syn.number])
    return Check(HOLDS, "flags SYN, 0 octets", [syn.number])


@_rule("initial-numbers", "handshake", "Initial sequence numbers look random, and are new each time", "RFC 9293, 3.4.1")
def _initial_numbers(case: Case) -> Check:
    told, numbers = [], []
    for client in (True, False):
        syn = case.side(client).syn
        if syn is None:
            continue
        numbers.append(syn.number)
        name = SIDES[client]
        before = case.earlier.get(client)
        if before is not None and before[0] == syn.seq_raw:
            told_again = f"{name} {syn.seq_raw} as in its connection before (packet {before[1]})"
            return Check(BROKEN, told_again, [before[1], syn.number])
        if syn.seq_raw == 0:
            return Check(BROKEN, f"{name} 0", [syn.number])
        told.append(f"{name} {syn.seq_raw}")
    if len(told) == 2 and case.side(True).isn == case.side(False).isn:
        return Check(BROKEN, f"the same on both sides: {case.side(True).isn}", numbers)
    return Check(HOLDS, ", ".join(told), numbers) if told else _NO_SYN


@_rule("syn-answered", "handshake", "SYN/ACK answers the SYN", "RFC 9293, 3.5")
def _syn_answered(case: Case) -> Check:
    connection = case.connection
    client, server = connection.client, connection.server
    if client.syn is None or client.syn.flags & ACK:
        return _NO_SYN if server.syn is None else Check(NOT_SEEN, "SYN/ACK without its SYN", [server.syn.number])
    if server.syn is not None:
        if not server.syn.flags & ACK:
            return Check(HOLDS, "the SYNs crossed: both open", [client.syn.number, server.syn.number])
        wait = seconds(server.syn.time_ns - client.syn.time_ns)
        return Check(HOLDS, f"after {wait}", [client.syn.number, server.syn.number])
    if server.rst is not None:
        return Check(BROKEN, "RST answered it: nobody listens", [client.syn.number, server.rst.number])
    if case.errors:
        error = case.errors[0]
        return Check(BROKEN, f"ICMP from {error.reporter}: {error.words}", [client.syn.number, error.number])
    syns = [each.number for each in client.syns]
    if connection.challenge:
        told = "the sockets are in another connection, which goes on"
        return Check(BROKEN, told, [*syns, connection.challenge])
    if server.segments:
        answer = next((each for each in case.kept if not each.from_client), None)
        found = [answer.number] if answer is not None else []
        return Check(BROKEN, "the answer has no SYN: the server takes it for an open connection", [*syns, *found])
    return Check(BROKEN, f"{counted(client.syn_count, 'SYN')}, no answer", syns)


@_rule("syn-ack-number", "handshake", "SYN/ACK acknowledges the client's initial number + 1", "RFC 9293, 3.5")
def _syn_ack_number(case: Case) -> Check:
    client, server = case.connection.client, case.connection.server
    if server.syn is None:
        return Check(NOT_SEEN, "there is no SYN/ACK")
    if client.syn is None:
        return _NO_SYN
    answer = server.syn
    if not answer.flags & ACK:
        answer = next((s for s in case.kept if not s.from_client and s.flags & (SYN | ACK) == SYN | ACK), answer)
        if not answer.flags & ACK:
            return Check(NOT_SEEN, "there is no SYN/ACK")
    ahead = after(answer.ack_raw, client.syn.seq_raw)
    numbers = [client.syn.number, answer.number]
    if ahead == 1:
        return Check(HOLDS, f"{client.syn.seq_raw} + 1 = {answer.ack_raw}", numbers)
    if 1 < ahead <= 1 + client.syn.length:
        return Check(HOLDS, f"{client.syn.seq_raw} + 1 + {ahead - 1} of data = {answer.ack_raw}", numbers)
    return Check(BROKEN, f"{answer.ack_raw} is {client.syn.seq_raw} {ahead:+d}".replace("+", "+ "), numbers)


def _offered(case: Case, name: str, has: Callable[[Segment], bool]) -> Check | None:
    """Whether an option of SYN/ACK was in the SYN; None where both or neither have it."""
    client, server = case.connection.client.syn, case.connection.server.syn
    if client is None:
        return _NO_SYN
    if server is None:
        return Check(NOT_SEEN, "there is no SYN/ACK")
    numbers = [client.number, server.number]
    if has(server) and not has(client):
        return Check(BROKEN, f"SYN/ACK has {name}, the SYN has not", numbers)
    if has(client) and not has(server):
        return Check(HOLDS, "offered, not taken up", numbers)
    return None


@_rule("window-scale", "handshake", "A window scale is answered only if one was offered", "RFC 7323, 2.2")
def _window_scale(case: Case) -> Check:
    found = _offered(case, "a window scale", lambda segment: segment.shift >= 0)
    if found is not None:
        return found
    client, server = case.connection.client.syn, case.connection.server.syn
    assert client is not None and server is not None
    if client.shift < 0:
        return Check(DOES_NOT_APPLY, "not offered: windows are as they stand", [client.number, server.number])
    return Check(HOLDS, f"client × {1 << client.shift}, server × {1 << server.shift}", [client.number, server.number])


@_rule("sack-permitted", "handshake", "SACK is answered, and used, only if it was offered", "RFC 2018, 2 and 4")
def _sack_permitted(case: Case) -> Check:
    found = _offered(case, "SACK permitted", lambda segment: segment.sack_permitted)
    if found is not None and found.verdict != HOLDS:
        return found
    numbers = [syn.number for syn in case.connection.handshake[:2] if syn is not None]
    for client in (True, False):
        asked = case.side(not client).syn
        used = case.senders[client].selective
        if used.count and asked is not None and not asked.sack_permitted:
            told = f"the {SIDES[client]} sends SACK blocks, which the {SIDES[not client]} did not permit"
            return Check(BROKEN, told, [asked.number, *used.first])
    if found is not None:
        return found
    syn = case.connection.client.syn
    if syn is not None and not syn.sack_permitted:
        return Check(DOES_NOT_APPLY, "not offered", numbers)
    return Check(HOLDS, "both permit it", numbers)


@_rule("timestamps", "handshake", "Timestamps are answered only if offered, then sent always", "RFC 7323, 3.2")
def _timestamps(case: Case) -> Check:
    found = _offered(case, "timestamps", lambda segment: segment.tsval >= 0)
    if found is not None and found.verdict != HOLDS:
        return found
    client, server = case.connection.client.syn, case.connection.server.syn
    assert client is not None and server is not None
    agreed = client.tsval >= 0 and server.tsval >= 0
    for is_client in (True, False):
        wrong = case.senders[is_client].no_timestamps if agreed else case.senders[is_client].timestamps
        if wrong.count:
            told = f"{counted(wrong.count, 'segment')} of the {SIDES[is_client]} {'without' if agreed else 'with'} them"
            return Check(BROKEN, told, wrong.first)
    if found is not None:
        return found
    if not agreed:
        return Check(DOES_NOT_APPLY, "not offered", [client.number, server.number])
    return Check(HOLDS, "in every segment", [client.number, server.number])


@_rule("final-ack", "handshake", "ACK acknowledges the server's initial number + 1", "RFC 9293, 3.5")
def _final_ack(case: Case) -> Check:
    connection = case.connection
    syn_ack, ack = connection.server.syn, case.third
    if syn_ack is None:
        return Check(NOT_SEEN, "there is no SYN/ACK")
    if ack is None:
        rst = connection.client.rst
        if rst is not None:
            return Check(BROKEN, "RST answered SYN/ACK", [syn_ack.number, rst.number])
        told = f"SYN/ACK came {connection.server.syn_count} times, no ACK"
        if connection.server.syn_count == 1:
            return Check(NOT_SEEN, "the capture ends before it", [syn_ack.number])
        return Check(BROKEN, told, [each.number for each in connection.server.syns])
    ahead = after(ack.ack_raw, syn_ack.seq_raw)
    sent = max(
        (
            after(each.seq_raw + each.length, syn_ack.seq_raw)
            for each in case.kept
            if not each.from_client and each.number < ack.number
        ),
        default=0,
    )
    numbers = [syn_ack.number, ack.number]
    if ahead == 1:
        return Check(HOLDS, f"{syn_ack.seq_raw} + 1 = {ack.ack_raw}", numbers)
    if 1 < ahead <= sent:
        return Check(HOLDS, f"{syn_ack.seq_raw} + 1 + {ahead - 1} of data = {ack.ack_raw}", numbers)
    return Check(BROKEN, f"{ack.ack_raw} is {syn_ack.seq_raw} {ahead:+d}".replace("+", "+ "), numbers)


# -- data ---------------------------------------------------------------------------------------------------


def _acknowledged(case: Case, client: bool) -> Check:
    side = case.side(client)
    sent, acknowledged = case.sent(client), case.acknowledged(client)
    if not sent:
        return Check(DOES_NOT_APPLY, f"the {SIDES[client]} sent none")
    first, last = side.first_data, side.last_data
    numbers = sorted({each.number for each in (first, last) if each is not None})
    if acknowledged >= sent:
        told = f"{counted(sent, 'octet')} in {counted(side.data_segments, 'segment')}, all acknowledged"
        return Check(HOLDS, told, sorted({*numbers, case.senders[client].heard_by}))
    told = f"{acknowledged:,} of {counted(sent, 'octet')} acknowledged"
    if case.senders[client].repeated == 0 and case.connection.closed in ("open", "half closed"):
        return Check(NOT_SEEN, f"{told}, then the capture ends", numbers)
    repeated = [each.number for each in case.senders[client].repetitions]
    return Check(BROKEN, told, sorted({*numbers, *repeated}))


@_rule("client-data", "data", "All that the client sent is acknowledged", "RFC 9293, 3.4")
def _client_data(case: Case) -> Check:
    return _acknowledged(case, True)


@_rule("server-data", "data", "All that the server sent is acknowledged", "RFC 9293, 3.4")
def _server_data(case: Case) -> Check:
    return _acknowledged(case, False)


@_rule("ack-of-sent", "data", "Nobody acknowledges what was not sent", "RFC 9293, 3.10.7.4")
def _ack_of_sent(case: Case) -> Check:
    for client in (True, False):
        beyond = case.senders[client].beyond
        if not beyond or case.side(not client).missing:
            continue
        _, excess = beyond[0]
        told = f"the {SIDES[client]} acknowledges {counted(excess, 'octet')} too many"
        return Check(BROKEN, told, [number for number, _ in beyond])
    return Check(HOLDS, "every number lies within what was sent")


@_rule("all-captured", "data", "The capture has all that was acknowledged", "the capture")
def _all_captured(case: Case) -> Check:
    for client in (True, False):
        missing = case.side(client).missing
        if missing:
            beyond = [number for number, _ in case.senders[not client].beyond]
            passed = case.senders[client].passed_over.first
            told = f"{counted(missing, 'octet')} of the {SIDES[client]} missing: it arrived, but was not recorded"
            if not beyond:
                told = f"{counted(missing, 'octet')} of the {SIDES[client]} missing"
            return Check(BROKEN, told, sorted({*beyond, *passed}))
    if not case.connection.beginning_seen:
        return Check(NOT_SEEN, "it begins in the middle", [case.connection.first_number])
    return Check(HOLDS, "no number is missing")


# -- the end ------------------------------------------------------------------------------------------------


def _fin(case: Case, client: bool) -> Check:
    side = case.side(client)
    if side.fin is None:
        if case.senders[True].reset or case.senders[False].reset:
            return Check(DOES_NOT_APPLY, "ended by a reset")
        if case.connection.closed == "never open":
            return Check(DOES_NOT_APPLY, "never open")
        return Check(NOT_SEEN, f"no FIN of the {SIDES[client]}")
    if side.fin_acked:
        numbers = [side.fin.number, side.fin_acked]
        return Check(HOLDS, f"FIN {side.fin.number}, acknowledged by {side.fin_acked}", numbers)
    if side.fin_count > 1:
        again = [s.number for s in case.kept if s.from_client == client and s.flags & 1]
        return Check(BROKEN, f"sent {side.fin_count} times, never acknowledged", again)
    return Check(NOT_SEEN, "not acknowledged before the capture ends", [side.fin.number])


@_rule("client-fin", "end", "The client's FIN is acknowledged", "RFC 9293, 3.6")
def _client_fin(case: Case) -> Check:
    return _fin(case, True)


@_rule("server-fin", "end", "The server's FIN is acknowledged", "RFC 9293, 3.6")
def _server_fin(case: Case) -> Check:
    return _fin(case, False)


@_rule("no-reset", "end", "No reset ends it", "RFC 9293, 3.10.7.4")
def _no_reset(case: Case) -> Check:
    if case.connection.opened in ("refused", "unanswered", "unreachable", "challenged"):
        return Check(DOES_NOT_APPLY, "never open")
    for client in (True, False):
        number = case.senders[client].reset
        if number and case.connection.closed == "reset":
            return Check(BROKEN, f"the {SIDES[client]} sent RST", [number])
    return Check(HOLDS, "no RST that counts" if case.side(True).rst_count + case.side(False).rst_count else "no RST")


@_rule("time-wait", "end", "Who closes first stays in TIME-WAIT for late FINs", "RFC 9293, 3.6")
def _time_wait(case: Case) -> Check:
    connection = case.connection
    if connection.closed not in ("orderly", "simultaneous"):
        never = connection.closed in ("reset", "never open")
        return Check(DOES_NOT_APPLY if never else NOT_SEEN, "no orderly close" if never else "not closed by both")
    assert connection.client.fin is not None and connection.server.fin is not None
    fins = sorted([connection.client.fin.number, connection.server.fin.number])
    first = connection.closer or "client"
    side = case.side(first == "client")
    rst = side.rst
    if rst is not None and case.side(first != "client").fin_count > 1 and rst.number > max(fins):
        return Check(BROKEN, f"the {first} closed first, but answers a FIN that came again by RST", [*fins, rst.number])
    if connection.closed == "simultaneous":
        return Check(HOLDS, "both closed at once: both stay", fins)
    return Check(HOLDS, f"the {first} (its FIN is {fins[0]})", fins)


# -- what went wrong in between -----------------------------------------------------------------------------


@_rule("no-retransmission", "between", "Nothing is sent again", "RFC 6298, 5")
def _no_retransmission(case: Case) -> Check:
    told, numbers = [], []
    for client in (True, False):
        sender = case.senders[client]
        if sender.repeated:
            each = sender.repetitions[0]
            numbers += [again.number for again in sender.repetitions]
            of = ""
            if each.earlier:
                of = f" ({each.number} sends again what {each.earlier} sent {seconds(each.gap_ns)} before)"
            told.append(f"{SIDES[client]} {sender.repeated:,}{of}")
    return Check(BROKEN, ", ".join(told), sorted(numbers)) if told else Check(HOLDS, "0 retransmissions")


@_rule("no-loss", "between", "Segments come in the order of their numbers", "RFC 5681, 3.2")
def _no_loss(case: Case) -> Check:
    told, numbers = [], []
    for client in (True, False):
        sender = case.senders[client]
        for found, name in ((sender.passed_over, "after a gap"), (sender.out_of_order, "out of order")):
            if found.count:
                told.append(f"{listed(found.first, found.count)} {name}")
                numbers += found.first
        asked = case.side(client).count("duplicate_ack")
        if asked >= 3:  # so many make the sender send again
            told.append(f"{counted(asked, 'duplicate ACK')} of the {SIDES[client]}")
            numbers += case.side(client).numbers("duplicate_ack")
    return Check(BROKEN, "; ".join(told), sorted(numbers)) if told else Check(HOLDS, "no gap, nothing overtaken")


def _blamed(case: Case, name: str) -> tuple[str, list[int]]:
    """Who did something that the analysis found, how often, and in which packets; "" where nobody did."""
    told, numbers = [], []
    for client in (True, False):
        count = case.side(client).count(name)
        if count:
            told.append(f"{SIDES[client]} {counted(count, 'time')}")
            numbers += case.side(client).numbers(name)
    return ", ".join(told), sorted(numbers)


@_rule("no-duplicate", "between", "No data arrive twice, as a D-SACK would tell", "RFC 2883, 4")
def _no_duplicate(case: Case) -> Check:
    told, numbers = [], []
    for client in (True, False):
        found = case.side(client).numbers("d_sack")
        base = case.side(not client).isn
        of_data = []
        for number in found:
            segment = case.segment(number)
            if segment is None or segment.blocks()[0][0] != base:  # a SYN that came twice is no data
                of_data.append(number)
        if of_data:
            told.append(f"D-SACK of the {SIDES[client]}")
            numbers += of_data
    return Check(BROKEN, ", ".join(told), numbers) if told else Check(HOLDS, "no D-SACK")


@_rule("open-window", "between", "The receiver's window never closes", "RFC 9293, 3.8.6")
def _open_window(case: Case) -> Check:
    told, numbers = _blamed(case, "zero_window")
    if told:
        return Check(BROKEN, f"window 0: {told}", numbers)
    windows = {SIDES[client]: case.side(client).smallest_window for client in (True, False)}
    smallest = [f"{name} {window:,}" for name, window in windows.items() if window >= 0]
    return Check(HOLDS, f"smallest: {', '.join(smallest)}") if smallest else Check(NOT_SEEN, "no window after the SYN")


@_rule("keep-alive", "between", "A keep-alive is answered", "RFC 9293, 3.8.4")
def _keep_alive(case: Case) -> Check:
    for client in (True, False):
        asked = case.side(client)
        if not asked.count("keep_alive"):
            continue
        if not case.is_keep_alive_answered(client):
            told = f"{counted(asked.count('keep_alive'), 'keep-alive')} of the {SIDES[client]}, no answer"
            return Check(BROKEN, told, asked.numbers("keep_alive"))
        answers = case.side(not client).numbers("keep_alive_ack")
        told = f"{counted(asked.count('keep_alive'), 'probe')} of the {SIDES[client]}, answered"
        return Check(HOLDS, told, sorted([*asked.numbers("keep_alive"), *answers]))
    return Check(DOES_NOT_APPLY, "none sent")


@_rule("reset-expected", "between", "A reset has the number that is expected", "RFC 5961, 3.2")
def _reset_expected(case: Case) -> Check:
    for client in (True, False):
        ignored = case.senders[client].resets_ignored
        if ignored:
            off = ignored[0][1]
            told = f"RST of the {SIDES[client]} is {abs(off):,} {'ahead of' if off > 0 else 'behind'} what is expected"
            return Check(BROKEN, f"{told}: not heeded", [each for each, _ in ignored])
    resets = [sender.reset for sender in case.senders.values() if sender.reset]
    return Check(HOLDS, "as expected", resets) if resets else Check(DOES_NOT_APPLY, "no reset")


@_rule("no-challenge", "between", "No challenge ACK is needed", "RFC 5961, 3.2 and 4.2")
def _no_challenge(case: Case) -> Check:
    told, numbers = _blamed(case, "challenge_ack")
    if told:
        return Check(BROKEN, f"{told}: a SYN or RST came that does not belong here", numbers)
    return Check(HOLDS, "no challenge ACK")


@_rule("nothing-after-fin", "between", "No data follow a FIN", "RFC 9293, 3.6")
def _nothing_after_fin(case: Case) -> Check:
    told, numbers = _blamed(case, "data_after_fin")
    if told:
        return Check(BROKEN, f"data behind the own FIN: {told}", numbers)
    fins = [side.fin.number for side in (case.side(True), case.side(False)) if side.fin is not None]
    return Check(HOLDS, "none", sorted(fins)) if fins else Check(DOES_NOT_APPLY, "no FIN")


@_rule("nothing-after-reset", "between", "No data follow a reset of the same side", "RFC 9293, 3.5.3")
def _nothing_after_reset(case: Case) -> Check:
    for client in (True, False):
        found = case.senders[client].after_reset
        if found.count:
            told = f"{counted(found.count, 'segment')} of the {SIDES[client]} after its RST"
            return Check(BROKEN, told, [case.senders[client].reset, *found.first])
    resets = [sender.reset for sender in case.senders.values() if sender.reset]
    return Check(HOLDS, "none", resets) if resets else Check(DOES_NOT_APPLY, "no reset")


@_rule("timestamps-forward", "between", "Timestamps never go back (PAWS)", "RFC 7323, 5.3")
def _timestamps_forward(case: Case) -> Check:
    told, numbers = _blamed(case, "paws")
    if told:
        return Check(BROKEN, f"an older one than before: {told}", numbers)
    if not any(sender.timestamps.count for sender in case.senders.values()):
        return Check(DOES_NOT_APPLY, "no timestamps")
    return Check(HOLDS, "they do not")


@_rule("no-conflict", "between", "What comes twice is the same both times", "RFC 9293, 3.10.7.4")
def _no_conflict(case: Case) -> Check:
    for client in (True, False):
        conflicts = case.conflicts(client)
        if conflicts:
            one = conflicts[0]
            told = f"{one.number} has other octets than {one.first_number} at {one.start}..{one.start + one.length - 1}"
            numbers = {each.first_number for each in conflicts} | {each.number for each in conflicts}
            return Check(BROKEN, f"{told} of the {SIDES[client]}", sorted(numbers)[:8])
    return Check(HOLDS, "no octet contradicts another")


@_rule("no-error", "between", "No ICMP error is reported", "RFC 9293, 3.9.2.2")
def _no_error(case: Case) -> Check:
    if case.errors:
        error = case.errors[0]
        return Check(BROKEN, f"{error.reporter}: {error.words}", [each.number for each in case.errors])
    return Check(HOLDS, "none")


# -- datagrams ----------------------------------------------------------------------------------------------


@_rule("answered", "exchange", "The datagrams are answered", "RFC 768", UDP_RULES)
def _answered(case: Case) -> Check:
    exchange = case.exchange
    client, server = exchange.client, exchange.server
    if server.datagrams:
        told = f"{counted(client.datagrams, 'datagram')}, {counted(server.datagrams, 'datagram')} back"
        return Check(HOLDS, told, [client.first, server.first])
    sent = [number for number, _, _, _ in case.datagrams][:8]
    if _is_to_many(server.address):
        return Check(DOES_NOT_APPLY, "sent to many at once", sent)
    return Check(BROKEN, f"{counted(client.datagrams, 'datagram')}, none back", sent)


def _is_to_many(address: str) -> bool:
    if not address:
        return False
    parsed = ipaddress.ip_address(address)
    return parsed.is_multicast or address == "255.255.255.255"


@_rule("no-error", "exchange", "No ICMP error is reported", "RFC 1122, 4.1.3.3", UDP_RULES)
def _no_error_of_udp(case: Case) -> Check:
    return _no_error(case)
