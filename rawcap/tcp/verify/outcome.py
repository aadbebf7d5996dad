"""How it ended, in the terms of the socket API: what connect(), accept(), recv() and send() said to the two programs.

Packets tell what the kernels did. What a program was told follows from that as Linux does it (tcp(7), udp(7), icmp in
its sources); where two causes look the same on the wire, the words are "looks like", and the reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from rawcap.tcp.connection import IcmpError
from rawcap.tcp.segment import NO_TIME
from rawcap.tcp.verify.evidence import Case, after
from rawcap.tcp.verify.rules import counted, listed, seconds

_FOUR = {0: "ENETUNREACH", 2: "ENOPROTOOPT", 3: "ECONNREFUSED", 4: "EMSGSIZE", 5: "EOPNOTSUPP", 6: "ENETUNREACH"}
_FOUR |= {7: "EHOSTDOWN", 8: "ENONET", 9: "ENETUNREACH", 11: "ENETUNREACH"}
_SIX = {0: "ENETUNREACH", 1: "EACCES", 2: "EHOSTUNREACH", 3: "EHOSTUNREACH", 4: "ECONNREFUSED"}
_SIX |= {5: "EACCES", 6: "EACCES"}


@dataclass(frozen=True)
class Outcome:
    """What came of a connection or an exchange.

    `name` is one of few: "open", "closed", "half closed", "reset", "refused", "timed out", "unreachable", "unfinished",
    "not accepted", "broken off", "unknown"; for UDP "answered", "unanswered", "port unreachable", "unreachable".
    `client` and `server` are sentences about each program; `errno` is the client's error, empty where it has none.
    """

    name: str
    client: str
    server: str
    errno: str = ""
    numbers: Sequence[int] = field(default=())


def errno_of(error: IcmpError) -> str:
    """The error that Linux makes of an ICMP message (icmp_err_convert, icmpv6_err_convert)."""
    if error.version == 4:
        if error.type == 3:
            return _FOUR.get(error.code, "EHOSTUNREACH")
        return {11: "EHOSTUNREACH", 12: "EPROTO"}.get(error.type, "")
    if error.type == 1:
        return _SIX.get(error.code, "EPROTO")
    return {2: "EMSGSIZE", 3: "EHOSTUNREACH", 4: "EPROTO"}.get(error.type, "")


def _said(error: IcmpError) -> str:
    """Which message it is, and whose."""
    name = "ICMP" if error.version == 4 else "ICMPv6"
    return f"{name} {error.type}/{error.code} ({error.number}) of {error.reporter}"


def outcome(case: Case) -> Outcome:
    """How it ended."""
    if not case.is_tcp:
        return _of_exchange(case)
    connection = case.connection
    opened = connection.opened
    if opened == "refused":
        return _refused(case)
    if opened == "unreachable":
        return _unreachable(case)
    if opened == "unanswered":
        return _unanswered(case)
    if opened == "challenged":
        return _challenged(case)
    if opened == "unfinished" or _is_wrong_ack(case):
        return _unfinished(case)
    return _of_open(case)


# -- connections that did not come about --------------------------------------------------------------------


def _refused(case: Case) -> Outcome:
    rst = case.connection.server.rst
    assert rst is not None
    told = f"connect() failed with ECONNREFUSED: RST ({rst.number}) answered the SYN"
    return Outcome("refused", told, "no socket listens there, or a firewall answers so", "ECONNREFUSED", [rst.number])


def _unreachable(case: Case) -> Outcome:
    error = case.errors[0]
    errno = errno_of(error) or "ETIMEDOUT"
    said = _said(error)
    told = f"connect() failed with {errno}: {said}, {error.words}"
    later = [each.number for each in case.connection.client.syns if each.number > error.number]
    if later:
        told = f"connect() went on ({listed(later)}) in spite of {said}; looks like {errno} in the end, or ETIMEDOUT"
    return Outcome("unreachable", told, "the SYN did not reach it", errno, [error.number])


def _back_off(case: Case) -> str:
    gaps = [
        f"{(late.time_ns - early.time_ns) / 1e9:.1f}"
        for early, late in itertools.pairwise(case.connection.client.syns)
        if NO_TIME not in (early.time_ns, late.time_ns)
    ]
    return f", sent again after {', '.join(gaps)} s" if gaps else ""


def _unanswered(case: Case) -> Outcome:
    client = case.connection.client
    numbers = [each.number for each in client.syns]
    told = f"{counted(client.syn_count, 'SYN')} ({listed(numbers, client.syn_count)}), no answer{_back_off(case)}"
    if client.rst is not None:
        return Outcome("timed out", f"gave up: {told}, then RST ({client.rst.number})", "never answered", "", numbers)
    told = f"looks like connect() failed with ETIMEDOUT: {told} (a program that gave up before looks the same)"
    server = "nobody there, or a firewall that drops the SYN"
    if case.answers_others:
        server = (
            "looks like accept()'s queue being full: the same socket answered another client "
            f"(SYN/ACK {case.answers_others}); a firewall looks the same"
        )
    return Outcome("timed out", told, server, "ETIMEDOUT", numbers)


def _challenged(case: Case) -> Outcome:
    connection = case.connection
    numbers = [*(each.number for each in connection.client.syns), connection.challenge]
    told = f"SYN ({listed(numbers[:-1], connection.client.syn_count)}) came in the middle of an open connection"
    return Outcome("unfinished", told, f"the connection goes on as if there were no SYN ({numbers[-1]})", "", numbers)


def _is_wrong_ack(case: Case) -> bool:
    """Whether the third segment acknowledges what the server never sent, and the server resets."""
    connection = case.connection
    ack, syn_ack = case.third, connection.server.syn
    if ack is None or syn_ack is None or connection.ack is not None:
        return False
    rst = connection.server.rst
    wrong = after(ack.ack_raw, syn_ack.seq_raw) != 1 and not case.sent(False)
    return rst is not None and wrong and rst.seq_raw == ack.ack_raw


def _unfinished(case: Case) -> Outcome:
    connection = case.connection
    client, server = connection.client, connection.server
    syn_ack = server.syn
    if syn_ack is None:
        numbers = [each.number for each in case.kept if not each.from_client][:1]
        answer = f"an ACK ({listed(numbers)}) " if numbers else "something else "
        told = f"connect() did not return: {answer}answered the SYN in place of SYN/ACK"
        why = "takes the sockets for a connection that is open (challenge ACK)"
        return Outcome("unfinished", told, why, "", numbers)
    if client.rst is not None:
        rst = client.rst
        said = f"connect() did not return: the client reset ({rst.number}) on SYN/ACK ({syn_ack.number})"
        if client.syn is not None and after(syn_ack.ack_raw, client.syn.seq_raw) != 1:
            wrong = after(syn_ack.ack_raw, client.syn.seq_raw)
            said += f", which acknowledges its initial number {wrong:+d}".replace("+", "+ ")
        return Outcome("unfinished", said, "accept() did not return", "", [syn_ack.number, rst.number])
    third = case.third
    if third is not None and server.rst is not None:
        told = f"connect() returned, then recv() fails with ECONNRESET: RST ({server.rst.number})"
        why = f"accept() did not return: ACK ({third.number}) has a wrong number, RST ({server.rst.number})"
        return Outcome("unfinished", told, why, "ECONNRESET", [third.number, server.rst.number])
    numbers = [each.number for each in server.syns]
    told = f"SYN/ACK ({listed(numbers)}) is never acknowledged: it did not arrive, or the client does not want it"
    return Outcome("unfinished", told, "accept() does not return: it waits in SYN-RECEIVED", "", numbers)


# -- connections that did -----------------------------------------------------------------------------------


def _opening(case: Case) -> tuple[str, str]:
    connection = case.connection
    client, server = connection.client, connection.server
    if connection.opened == "before the capture":
        return "opened before the capture", "opened before the capture"
    if connection.opened == "simultaneous":
        return "connect() returned: both called it", "connect() returned: both called it"
    rtt = connection.handshake.rtt_ns
    wait = ""
    if rtt is not None and server.syn is not None and client.syn is not None:
        wait = f" after {seconds(server.syn.time_ns - client.syn.time_ns)}"
    if client.syn_count > 1:
        wait += f" and {client.syn_count} SYNs"
    if connection.opened == "fast open":
        first = f"connect() returned{wait}, its data went with the SYN (fast open)"
    else:
        first = f"connect() returned{wait}"
    proof = min((each.number for each in (server.first_data, server.fin) if each is not None), default=0)
    if proof:
        return first, f"accept() returned: the program answers or closes ({proof})"
    return first, "accepted by the kernel; whether accept() was called packets do not tell"


def _of_open(case: Case) -> Outcome:
    connection = case.connection
    server = connection.server
    first, second = _opening(case)
    closed = connection.closed
    if closed == "reset":
        return _reset(case, first, second)
    if closed in ("orderly", "simultaneous"):
        return _orderly(case, first, second)
    third = connection.ack.number if connection.ack is not None else 0
    repeated = [each.number for each in server.syns if third and each.number > third]
    again = [each for each in (True, False) if case.senders[each].repeated]
    unheard = [each for each in again if case.acknowledged(each) < case.sent(each)]
    only_syn = server.segments == server.syn_count
    if repeated and only_syn:
        told = (
            "accepted by the kernel but never by the program: looks like its queue being full, as the final ACK is "
            f"dropped and SYN/ACK repeated ({listed(repeated)}); an ACK lost each time looks the same"
        )
        return Outcome("not accepted", first, told, "", repeated)
    if unheard:
        return _unheard(case, unheard[0], first, second, only_syn)
    if closed in ("half closed", "closing"):
        closer = connection.closer == "client"
        side = case.side(closer)
        assert side.fin is not None
        if closed == "half closed" and not side.fin_acked:
            told = f"closed (FIN {side.fin.number}, sent {counted(side.fin_count, 'time')}), without an answer"
        else:
            told = f"closed its sending side (FIN {side.fin.number})"
        words = [first, second]
        words[not closer] += f"; {told}"
        if side.fin_acked:
            words[closer] += "; recv() returned 0"
        return Outcome("half closed", words[0], words[1], "", [side.fin.number])
    if not case.sent(True) and not case.sent(False):
        return Outcome("open", f"{first}; open, nothing was sent", second, "", _opening_numbers(case))
    return Outcome("open", f"{first}; open at the end of the capture", second, "", _opening_numbers(case))


def _opening_numbers(case: Case) -> list[int]:
    return [each.number for each in case.connection.handshake if each is not None]


def _unheard(case: Case, client: bool, first: str, second: str, only_syn: bool) -> Outcome:
    numbers = [each.number for each in case.senders[client].repetitions]
    left = case.sent(client) - case.acknowledged(client)
    said = (
        f"{counted(left, 'octet')} never acknowledged, sent again {counted(case.senders[client].repeated, 'time')} "
        f"({listed(numbers, case.senders[client].repeated)}): if it goes on so, send() or recv() fails with ETIMEDOUT"
    )
    words = [first, second]
    words[not client] += f"; {said}"
    if client and only_syn:
        if case.answers_others:
            words[1] = (
                "accepted by the kernel but never by the program: looks like its queue being full, which drops the "
                f"final ACK and then the data (SYN/ACK {case.answers_others} answers another client); a cut path "
                "looks the same"
            )
            return Outcome("not accepted", words[0], words[1], "ETIMEDOUT", numbers)
        words[1] = "accepted by the kernel, then nothing came: gone, or the path is cut, or its queue is full"
        return Outcome("broken off", words[0], words[1], "ETIMEDOUT", numbers)
    words[client] += "; gone, or the path is cut"
    return Outcome("broken off", words[0], words[1], "ETIMEDOUT" if client else "", numbers)


def _orderly(case: Case, first: str, second: str) -> Outcome:
    connection = case.connection
    assert connection.client.fin is not None and connection.server.fin is not None
    numbers = sorted([connection.client.fin.number, connection.server.fin.number])
    words = [first, second]
    if connection.closed == "simultaneous":
        for place, side in enumerate((connection.client, connection.server)):
            assert side.fin is not None
            words[place] += f"; closed ({side.fin.number}) as the other side did, in TIME-WAIT"
        return Outcome("closed", words[0], words[1], "", numbers)
    closer = connection.closer == "client"
    one, other = case.side(closer).fin, case.side(not closer).fin
    assert one is not None and other is not None
    words[not closer] += f"; closed first (FIN {one.number}), in TIME-WAIT"
    words[closer] += f"; recv() returned 0, closed too (FIN {other.number})"
    return Outcome("closed", words[0], words[1], "", numbers)


def _reset(case: Case, first: str, second: str) -> Outcome:
    client = bool(case.senders[True].reset) and (
        not case.senders[False].reset or case.senders[True].reset < case.senders[False].reset
    )
    sender, victim = case.side(client), case.side(not client)
    number = case.senders[client].reset or (sender.rst.number if sender.rst is not None else 0)
    words = [first, second]
    mine, theirs = int(not client), int(client)
    errno = "ECONNRESET"
    name = "reset"
    if victim.fin is None and sender.fin is not None:
        words[theirs] += (
            f"; recv() had returned 0 (FIN {sender.fin.number}), it wrote on, RST ({number}) answered: the next send() "
            "fails with EPIPE"
        )
        words[mine] += f"; closed (FIN {sender.fin.number}), nobody reads what still comes"
        errno = "EPIPE"
    elif sender.count("keep_alive") and not case.is_keep_alive_answered(client):
        asked = listed(sender.numbers("keep_alive"), sender.count("keep_alive"))
        words[mine] += (
            f"; looks like recv() failed with ETIMEDOUT: keep-alives ({asked}) without an answer, then RST ({number})"
        )
        words[theirs] += "; gone, or the path is cut"
        return Outcome("broken off", words[0], words[1], "ETIMEDOUT" if client else "", [number])
    elif not client and case.sent(True) and not case.sent(False) and victim.fin is not None:
        words[0] += f"; {counted(case.acknowledged(True), 'octet')} acknowledged, FIN {victim.fin.number}"
        words[0] += f"; recv() after that fails with ECONNRESET ({number})"
        words[1] = (
            f"looks like accepted by the kernel but never by the program: nothing came back, RST ({number}) at its "
            "end; an accepted socket closed with unread data looks the same"
        )
        name = "not accepted"
    else:
        words[theirs] += f"; recv() fails with ECONNRESET, send() after that with EPIPE: RST ({number})"
        if case.sent(not client):
            words[mine] += f"; looks like closed with unread data, or aborted (SO_LINGER, time 0): RST ({number})"
        else:
            words[mine] += f"; looks like aborted (SO_LINGER, time 0): RST ({number})"
    return Outcome(name, words[0], words[1], errno if not client else "", [number])


# -- datagrams ----------------------------------------------------------------------------------------------


def _of_exchange(case: Case) -> Outcome:
    exchange = case.exchange
    client, server = exchange.client, exchange.server
    sent = [number for number, _, of_client, _ in case.datagrams if of_client][:8]
    if case.errors:
        error = case.errors[0]
        errno = errno_of(error)
        is_port = errno == "ECONNREFUSED"
        said = _said(error)
        told = f"{said}, {error.words}: recv() fails with {errno} on a connected socket"
        if not errno:
            return Outcome("unreachable", f"{said}, {error.words}", "", "", [error.number])
        name = "port unreachable" if is_port else "unreachable"
        return Outcome(name, told, "no socket has the port" if is_port else "not reached", errno, [error.number])
    if server.datagrams:
        wait = ""
        if client.first_ns is not None and server.first_ns is not None:
            wait = f" after {seconds(server.first_ns - client.first_ns)}"
        told = f"sent {counted(client.datagrams, 'datagram')}, answered by {server.first}{wait}"
        answer = f"sent {counted(server.datagrams, 'datagram')}"
        return Outcome("answered", told, answer, "", [client.first, server.first])
    told = f"sent {counted(client.datagrams, 'datagram')} ({listed(sent, client.datagrams)})"
    told += ", no answer: recv() waits on"
    return Outcome("unanswered", told, "silent, or not there: UDP does not tell", "", sent)


