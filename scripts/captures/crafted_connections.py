"""Captures of connections that break one rule each, composed with scapy: sockets do not do this.

A `Talk` keeps both ends' sequence numbers, so that a composition says only what is out of the ordinary. A few keep a
rule that real sockets seldom put to the test.
"""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import TCP

from .crafted import BACK, IP_BACK, IP_THERE, THERE, Composition, Crafted, Frame

PORT, CLIENT_PORT = 7, 49152
CLIENT_START, SERVER_START = 1_000_000, 5_000_000  # initial sequence numbers, where none is said
MODULUS = 1 << 32

Options = list[tuple[str, object]]

MSS: Options = [("MSS", 1460)]
SACK: Options = [("SAckOK", b"")]
SCALE: Options = [("NOP", None), ("WScale", 7)]

CAPTURES: list[Crafted] = []


def crafted(composition: Composition) -> Composition:
    """Enter a composition into the list of captures."""
    capture = Crafted(composition)
    capture.name = f"tcp/{capture.name}"
    CAPTURES.append(capture)
    return composition


def stamp(value: int, echo: int) -> Options:
    """The timestamps option, aligned (RFC 7323, appendix A)."""
    return [("NOP", None), ("NOP", None), ("Timestamp", (value, echo))]


class Talk:
    """Two ends of a connection and the number that each sends next.

    A segment with `seq` given does not move the numbers: it is beside what the ends keep account of.
    """

    def __init__(
        self, client_port: int = CLIENT_PORT, client_start: int = CLIENT_START, server_start: int = SERVER_START
    ) -> None:
        self.client_port = client_port
        self.client, self.server = client_start, server_start

    def there(
        self,
        comment: str,
        flags: str,
        data: bytes = b"",
        seq: int | None = None,
        ack: int | None = None,
        options: Options | None = None,
    ) -> Frame:
        """A segment from the client."""
        segment = TCP(
            sport=self.client_port,
            dport=PORT,
            flags=flags,
            seq=(self.client if seq is None else seq) % MODULUS,
            ack=(self.server if ack is None else ack) % MODULUS if "A" in flags else 0,
            window=0 if "R" in flags else 64240,
            options=options or [],
        )
        if seq is None:
            self.client += len(data) + ("S" in flags) + ("F" in flags)
        return Frame(comment, THERE / IP_THERE / segment / data)

    def back(
        self,
        comment: str,
        flags: str,
        data: bytes = b"",
        seq: int | None = None,
        ack: int | None = None,
        options: Options | None = None,
    ) -> Frame:
        """A segment from the server."""
        segment = TCP(
            sport=PORT,
            dport=self.client_port,
            flags=flags,
            seq=(self.server if seq is None else seq) % MODULUS,
            ack=(self.client if ack is None else ack) % MODULUS if "A" in flags else 0,
            window=0 if "R" in flags else 64240,
            options=options or [],
        )
        if seq is None:
            self.server += len(data) + ("S" in flags) + ("F" in flags)
        return Frame(comment, BACK / IP_BACK / segment / data)

    def opening(
        self, offered: Options = MSS + SACK, answered: Options = MSS + SACK, third: Options | None = None
    ) -> Iterator[Frame]:
        """The three segments of the handshake, with their options."""
        yield self.there("SYN", "S", options=offered)
        yield self.back("SYN/ACK", "SA", options=answered)
        yield self.there("ACK of SYN/ACK", "A", options=third)

    def line(self, data: bytes = b"hello\n") -> Iterator[Frame]:
        """Data from the client, and their acknowledgement."""
        yield self.there("data", "PA", data)
        yield self.back("ACK of the data", "A")

    def closing(self) -> Iterator[Frame]:
        """An orderly close, the client first."""
        yield self.there("FIN of the client", "FA")
        yield self.back("FIN of the server, ACK of the client's", "FA")
        yield self.there("ACK of the server's FIN", "A")


# How it opens


@crafted
def syn_with_data() -> Iterator[Frame]:
    """A SYN that carries data without fast open; SYN/ACK does not acknowledge them and they are sent again."""
    talk = Talk()
    yield talk.there("SYN with six octets of data and no fast open option", "S", b"hello\n", options=MSS + SACK)
    talk.client -= 6  # the server does not take them
    yield talk.back("SYN/ACK, of the SYN only", "SA", options=MSS + SACK)
    yield talk.there("ACK of SYN/ACK", "A")
    yield talk.there("the data again, where they belong", "PA", b"hello\n")
    yield talk.back("ACK of the data", "A")
    yield from talk.closing()


@crafted
def syn_ack_wrong_number() -> Iterator[Frame]:
    """A SYN/ACK that acknowledges the client's initial sequence number + 2: the client resets."""
    talk = Talk()
    yield talk.there("SYN", "S", options=MSS + SACK)
    wrong = talk.client + 1
    yield talk.back("SYN/ACK that acknowledges one number too many", "SA", ack=wrong, options=MSS + SACK)
    yield talk.there("RST with the number that was acknowledged (RFC 9293, section 3.10.7.3)", "R", seq=wrong)


@crafted
def window_scale_not_offered() -> Iterator[Frame]:
    """A SYN/ACK with a window scale that the SYN did not offer."""
    talk = Talk()
    yield from talk.opening(offered=MSS + SACK, answered=MSS + SACK + SCALE)
    yield from talk.line()
    yield from talk.closing()


@crafted
def sack_not_offered() -> Iterator[Frame]:
    """A SYN/ACK with SACK permitted, which the SYN did not offer."""
    talk = Talk()
    yield from talk.opening(offered=MSS, answered=MSS + SACK)
    yield from talk.line()
    yield from talk.closing()


@crafted
def timestamps_not_offered() -> Iterator[Frame]:
    """A SYN/ACK with timestamps that the SYN did not offer; no other segment has them."""
    talk = Talk()
    yield from talk.opening(answered=MSS + SACK + stamp(1000, 0))
    yield from talk.line()
    yield from talk.closing()


@crafted
def final_ack_missing() -> Iterator[Frame]:
    """A SYN/ACK, sent three times, that the client never acknowledges."""
    talk = Talk()
    yield talk.there("SYN", "S", options=MSS + SACK)
    start = talk.server
    yield talk.back("SYN/ACK", "SA", options=MSS + SACK)
    yield talk.back("SYN/ACK again", "SA", seq=start, options=MSS + SACK)
    yield talk.back("SYN/ACK a third time", "SA", seq=start, options=MSS + SACK)


@crafted
def final_ack_wrong_number() -> Iterator[Frame]:
    """A third segment that acknowledges the server's initial sequence number + 2: the server resets."""
    talk = Talk()
    yield talk.there("SYN", "S", options=MSS + SACK)
    yield talk.back("SYN/ACK", "SA", options=MSS + SACK)
    wrong = talk.server + 1
    yield talk.there("ACK of one number too many", "A", ack=wrong)
    yield talk.back("RST with the number that was acknowledged (RFC 9293, section 3.10.7.4)", "R", seq=wrong)


@crafted
def initial_number_reused() -> Iterator[Frame]:
    """Two connections, one after the other, that the client both begins with sequence number 0."""
    for port, server_start in ((CLIENT_PORT, 5_000_000), (CLIENT_PORT + 1, 6_000_000)):
        talk = Talk(port, 0, server_start)
        yield from talk.opening()
        yield from talk.line()
        yield from talk.closing()


# How it fares


@crafted
def acknowledged_never_sent() -> Iterator[Frame]:
    """The server acknowledges 100 octets that were never sent; the client answers with what it did send."""
    talk = Talk()
    yield from talk.opening()
    yield from talk.line()
    yield talk.back("ACK of 100 octets that were never sent", "A", ack=talk.client + 100)
    yield talk.there("ACK in answer (RFC 9293, section 3.10.7.4)", "A")
    yield from talk.closing()


@crafted
def conflicting_overlap() -> Iterator[Frame]:
    """A segment that overlaps one already sent with other octets in the same places."""
    talk = Talk()
    yield from talk.opening()
    first = talk.client
    yield talk.there("ten octets", "PA", b"AAAAAAAAAA")
    yield talk.there("the last five of them otherwise, and five more", "PA", b"BBBBBCCCCC", seq=first + 5)
    talk.client = first + 15
    yield talk.back("ACK of fifteen octets", "A")
    yield from talk.closing()


@crafted
def sequence_wrap() -> Iterator[Frame]:
    """Sequence numbers that pass 2^32 within the data of either side: nothing is wrong."""
    talk = Talk(client_start=MODULUS - 4, server_start=MODULUS - 3)
    yield from talk.opening()
    yield talk.there("data, the last three octets of them numbered from 0", "PA", b"hello\n")
    yield talk.back("data, their end numbered from 0, and ACK", "PA", b"HELLO\n")
    yield talk.there("ACK of the answer", "A")
    yield from talk.closing()


@crafted
def old_timestamp() -> Iterator[Frame]:
    """A segment with a timestamp from before: it is not taken, but answered by an ACK (PAWS), and comes again with a
    good one."""
    talk = Talk()
    yield from talk.opening(MSS + SACK + stamp(2000, 0), MSS + SACK + stamp(7000, 2000), stamp(2001, 7000))
    yield talk.there("data", "PA", b"one\n", options=stamp(2010, 7000))
    yield talk.back("ACK of the data", "A", options=stamp(7010, 2010))
    old = stamp(1500, 7010)
    yield talk.there("the next data, with the timestamp 1500", "PA", b"two\n", seq=talk.client, options=old)
    yield talk.back("ACK of what was taken before (RFC 7323, section 5.3)", "A", options=stamp(7020, 2010))
    yield talk.there("the same data, with the timestamp 2020", "PA", b"two\n", options=stamp(2020, 7020))
    yield talk.back("ACK of them", "A", options=stamp(7030, 2020))
    yield talk.there("FIN of the client", "FA", options=stamp(2030, 7030))
    yield talk.back("FIN of the server", "FA", options=stamp(7040, 2030))
    yield talk.there("ACK of the server's FIN", "A", options=stamp(2040, 7040))


@crafted
def duplicate_sack() -> Iterator[Frame]:
    """Data that arrive twice are reported by a D-SACK (RFC 2883)."""
    talk = Talk()
    yield from talk.opening()
    first = talk.client
    yield from talk.line()
    yield talk.there("the same data again", "PA", b"hello\n", seq=first)
    report: Options = [("NOP", None), ("NOP", None), ("SAck", (first, first + 6))]
    yield talk.back("ACK with a D-SACK of the six octets", "A", options=report)
    yield from talk.closing()


@crafted
def challenge_ack_of_syn() -> Iterator[Frame]:
    """A late copy of the SYN within an open connection is answered by a challenge ACK (RFC 5961, section 4.2), and
    nothing changes."""
    talk = Talk()
    yield from talk.opening()
    yield from talk.line()
    yield talk.there("the SYN again, a copy that was long on its way", "S", seq=CLIENT_START, options=MSS + SACK)
    yield talk.back("challenge ACK", "A")
    yield from talk.line(b"still here\n")
    yield from talk.closing()


@crafted
def challenge_ack_of_new_syn() -> Iterator[Frame]:
    """A SYN with another number within an open connection, as somebody else might send it to break it: a challenge ACK
    answers, and nothing changes."""
    talk = Talk()
    yield from talk.opening()
    yield from talk.line()
    yield talk.there("SYN, numbered 100 after what is next", "S", seq=talk.client + 100)
    yield talk.back("challenge ACK", "A")
    yield from talk.line(b"still here\n")
    yield from talk.closing()


@crafted
def challenge_ack_of_reset() -> Iterator[Frame]:
    """An RST in the window, but not with the number that is next, is answered by a challenge ACK (RFC 5961, section
    3.2), and nothing changes."""
    talk = Talk()
    yield from talk.opening()
    yield from talk.line()
    yield talk.there("RST numbered 1000 after what is next", "R", seq=talk.client + 1000)
    yield talk.back("challenge ACK", "A")
    yield from talk.line(b"still here\n")
    yield from talk.closing()


@crafted
def reset_outside_window() -> Iterator[Frame]:
    """An RST with a number outside the window is not heeded: the connection goes on and closes."""
    talk = Talk()
    yield from talk.opening()
    yield from talk.line()
    yield talk.there("RST numbered 1,000,000 after what is next", "R", seq=talk.client + 1_000_000)
    yield from talk.line(b"still here\n")
    yield from talk.closing()


# How it closes


@crafted
def fin_never_acknowledged() -> Iterator[Frame]:
    """The client's FIN, sent three times, finds no answer."""
    talk = Talk()
    yield from talk.opening()
    yield from talk.line()
    number = talk.client
    yield talk.there("FIN", "FA")
    yield talk.there("FIN again", "FA", seq=number)
    yield talk.there("FIN a third time", "FA", seq=number)


@crafted
def data_after_fin() -> Iterator[Frame]:
    """The client sends data with numbers after its FIN; the server does not take them."""
    talk = Talk()
    yield from talk.opening()
    yield from talk.line()
    yield talk.there("FIN of the client", "FA")
    yield talk.back("ACK of the FIN", "A")
    yield talk.there("data after the FIN", "PA", b"one more thing\n", seq=talk.client)
    yield talk.back("ACK of nothing new", "A")
    yield talk.back("FIN of the server", "FA")
    yield talk.there("ACK of the server's FIN", "A")


@crafted
def data_after_reset() -> Iterator[Frame]:
    """The client sends data after its own RST; the server, where the connection is no more, answers by RST."""
    talk = Talk()
    yield from talk.opening()
    yield from talk.line()
    yield talk.there("RST of the client", "RA", seq=talk.client)
    yield talk.there("data after the RST", "PA", b"one more thing\n")
    yield talk.back("RST of the server", "R")
