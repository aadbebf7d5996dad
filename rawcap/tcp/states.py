"""The states of a TCP connection (RFC 9293, 3.3.2 and 3.10.7) as one table, for a reader who has nothing but packets.

Theory of operation
===================

Each side of a connection has a state of its own, and the two are never told each other's. RFC 9293 moves a side by
what its program calls, what it receives, and its timers. A capture shows none of the calls, but it shows what they
make a side send: a CLOSE is seen as a FIN, an ABORT as an RST. So an event here is something that passes on the wire,
and each segment is an event twice: one of "send ..." for the side that it comes from, some of "receive ..." for the
side that it goes to. "2MSL" is the only event without a segment: the clock of the capture is two maximum segment
lifetimes past the last thing that would have set the timer again.

    send SYN             a SYN without ACK              receive SYN             a SYN without ACK
    send SYN,ACK         a SYN with ACK                 receive SYN,ACK         a SYN that acknowledges this side's SYN
    send FIN             a FIN, with data or not        receive ACK of SYN      any acknowledgement that covers the SYN
    send crossing FIN    a FIN that crosses another     receive ACK of FIN      any acknowledgement that covers the FIN
    send RST             an RST                         receive FIN, RST        as they say
    send other           any other segment              receive other           none of these

A segment is one event for its sender, the first that fits of RST, SYN, FIN and other. For its receiver it may be
several, in this order: SYN or SYN,ACK; ACK of SYN; ACK of FIN; FIN; RST. (So a FIN that acknowledges a FIN takes
FIN-WAIT-1 through FIN-WAIT-2 to TIME-WAIT, and a FIN in the segment that completes the handshake finds ESTABLISHED.)
Whether a segment is acceptable is not asked here. What its receiver must ignore (an RST outside of the window, an
acknowledgement of what was never sent, a FIN after a gap) is no event of that side. Nor is it decided here which
connection a segment belongs to: a SYN with a new sequence number, on sockets in TIME-WAIT or CLOSED, begins another
connection, with two new sides.

What is proved by what
----------------------

"receive" is what passed the place of the capture; the side may still lose it. "send" is certain: who sends a segment
was in a state to send it. So the table has, besides the arrows of the RFC, those whose rule is "proof". In these a
side shows by what it sends where it must be, whatever was seen before:

- UNKNOWN is the state of a side that has not shown it: a server before it answers, and both sides where the capture
  starts in the middle. Nothing in UNKNOWN is taken from what is received, since it may be that nobody is there, with
  two exceptions. An RST leaves no connection behind, whatever there was. And a FIN is remembered, as CLOSE-WAIT:
  otherwise the acknowledgement and the FIN that answer it would look like those of the side that closes first. Where
  several states fit (a segment with data is sent in ESTABLISHED and in CLOSE-WAIT), it is the earliest. A side whose
  peer's FIN passed before the capture began is therefore shown one half of the closing behind.
- SYN-SENT that sends anything synchronized has had its answer, which the capture lacks.
- ESTABLISHED that repeats its SYN is still in SYN-SENT: the SYN,ACK was lost behind the capture, or is still on its
  way, and then the acknowledgement leads forward again. A repeated SYN,ACK or FIN leads nowhere back: it may have
  crossed its acknowledgement, and no other need follow.
- An RST that a side sends says that it has no connection, so it is in CLOSED. In SYN-SENT it does not: there an
  RST answers an acknowledgement left over from an older connection, and the attempt goes on (3.10.7.3). SYN-RECEIVED
  may answer such an acknowledgement too (3.10.7.4); but what resets there is nearly always a stack that gives up.

Segments that cross
-------------------

Of two segments that cross on the wire one passes the capture first, and looks as if it were received before the other
was sent. What the second one acknowledges tells: a FIN that does not acknowledge the FIN which passed before it was
sent without knowing of that, and is "send crossing FIN". It takes back what the first FIN did to its sender, which goes
not from CLOSE-WAIT to LAST-ACK but is where FIN-WAIT-1 comes to when the first FIN arrives: in CLOSING. A SYN without
ACK that follows a SYN from the other side needs no event of its own: it is "send SYN" and then, for the same side,
"receive SYN", because the first SYN has yet to arrive.

Lives that are not the usual one
--------------------------------

Simultaneous open   SYN-SENT receives a SYN: SYN-RECEIVED. It sends its SYN,ACK there, and receives the other's.
Fast open           Data in a SYN is no event, and a server that sends data in SYN-RECEIVED (RFC 7413) stays in it
                    until its SYN is acknowledged.
Refused             An RST takes SYN-SENT to CLOSED. So it does SYN-RECEIVED: the RFC sends a passive side back to
                    LISTEN (3.10.7.4), but with the socket API it is the child that was reset, and the listening
                    socket never left LISTEN. A side here is one end of one pair of sockets: the child.
Reset               In every state that has a connection, sent or received, an RST leads to CLOSED.
Early close         A FIN sent in SYN-RECEIVED leads to FIN-WAIT-1 (3.10.4). A FIN received there leads to CLOSE-WAIT.
Half close          One FIN, and the other side goes on sending: FIN-WAIT-2 opposite CLOSE-WAIT, for any time.
Simultaneous close  FIN-WAIT-1 receives a FIN before the ACK of its own: CLOSING, then TIME-WAIT, on both sides.
TIME-WAIT           Is held by who closed first, or by both, until 2MSL or an RST (which RFC 1337 warns of).
LISTEN              Is never shown by a packet, and no arrow leads to it. It is in the table for who knows from
                    elsewhere that a side listens.
"""

from __future__ import annotations

from typing import NamedTuple

STATES = (
    "UNKNOWN",
    "CLOSED",
    "LISTEN",
    "SYN-SENT",
    "SYN-RECEIVED",
    "ESTABLISHED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "CLOSE-WAIT",
    "CLOSING",
    "LAST-ACK",
    "TIME-WAIT",
)
"""Those of RFC 9293, 3.3.2, after the one that is ours."""

EVENTS = (
    "send SYN",
    "send SYN,ACK",
    "send FIN",
    "send crossing FIN",
    "send RST",
    "send other",
    "receive SYN",
    "receive SYN,ACK",
    "receive ACK of SYN",
    "receive FIN",
    "receive ACK of FIN",
    "receive RST",
    "receive other",
    "2MSL",
)
"""What may happen to a side, as explained above."""

PROOF = "proof"
"""In place of a section: no arrow of the RFC, but the conclusion from what a side sends."""


class Transition(NamedTuple):
    """One arrow of the diagram."""

    state: str
    event: str
    new: str
    rule: str
    """The section of RFC 9293, or PROOF."""


# fmt: off
TABLE = tuple(Transition(*row) for row in (
    ("UNKNOWN",      "send SYN",           "SYN-SENT",     PROOF),
    ("UNKNOWN",      "send SYN,ACK",       "SYN-RECEIVED", PROOF),
    ("UNKNOWN",      "send FIN",           "FIN-WAIT-1",   PROOF),
    ("UNKNOWN",      "send crossing FIN",  "FIN-WAIT-1",   PROOF),
    ("UNKNOWN",      "send RST",           "CLOSED",       PROOF),
    ("UNKNOWN",      "send other",         "ESTABLISHED",  PROOF),
    ("UNKNOWN",      "receive FIN",        "CLOSE-WAIT",   PROOF),
    ("UNKNOWN",      "receive RST",        "CLOSED",       "3.5.3"),

    ("CLOSED",       "send SYN",           "SYN-SENT",     "3.10.1"),    # OPEN, active
    ("CLOSED",       "send SYN,ACK",       "SYN-RECEIVED", "3.10.7.2"),  # after an OPEN, passive, that shows nothing

    ("LISTEN",       "send SYN",           "SYN-SENT",     "3.10.2"),    # SEND
    ("LISTEN",       "send SYN,ACK",       "SYN-RECEIVED", "3.10.7.2"),  # the SYN is not in the capture
    ("LISTEN",       "receive SYN",        "SYN-RECEIVED", "3.10.7.2"),

    ("SYN-SENT",     "send SYN,ACK",       "SYN-RECEIVED", "3.10.7.3"),  # the other SYN is not in the capture
    ("SYN-SENT",     "send FIN",           "FIN-WAIT-1",   PROOF),
    ("SYN-SENT",     "send crossing FIN",  "FIN-WAIT-1",   PROOF),
    ("SYN-SENT",     "send other",         "ESTABLISHED",  PROOF),
    ("SYN-SENT",     "receive SYN",        "SYN-RECEIVED", "3.10.7.3"),  # simultaneous open
    ("SYN-SENT",     "receive SYN,ACK",    "ESTABLISHED",  "3.10.7.3"),
    ("SYN-SENT",     "receive RST",        "CLOSED",       "3.10.7.3"),  # refused

    ("SYN-RECEIVED", "send FIN",           "FIN-WAIT-1",   "3.10.4"),    # CLOSE
    ("SYN-RECEIVED", "send crossing FIN",  "FIN-WAIT-1",   "3.10.4"),
    ("SYN-RECEIVED", "send RST",           "CLOSED",       "3.10.5"),    # ABORT
    ("SYN-RECEIVED", "receive SYN,ACK",    "ESTABLISHED",  "3.5"),       # simultaneous open
    ("SYN-RECEIVED", "receive ACK of SYN", "ESTABLISHED",  "3.10.7.4"),
    ("SYN-RECEIVED", "receive FIN",        "CLOSE-WAIT",   "3.10.7.4"),
    ("SYN-RECEIVED", "receive RST",        "CLOSED",       "3.10.7.4"),  # LISTEN in the RFC: see "Refused"

    ("ESTABLISHED",  "send SYN",           "SYN-SENT",     PROOF),
    ("ESTABLISHED",  "send FIN",           "FIN-WAIT-1",   "3.10.4"),
    ("ESTABLISHED",  "send crossing FIN",  "FIN-WAIT-1",   "3.10.4"),
    ("ESTABLISHED",  "send RST",           "CLOSED",       "3.10.5"),
    ("ESTABLISHED",  "receive FIN",        "CLOSE-WAIT",   "3.10.7.4"),
    ("ESTABLISHED",  "receive RST",        "CLOSED",       "3.10.7.4"),

    ("FIN-WAIT-1",   "send RST",           "CLOSED",       "3.10.5"),
    ("FIN-WAIT-1",   "receive FIN",        "CLOSING",      "3.10.7.4"),  # simultaneous close
    ("FIN-WAIT-1",   "receive ACK of FIN", "FIN-WAIT-2",   "3.10.7.4"),
    ("FIN-WAIT-1",   "receive RST",        "CLOSED",       "3.10.7.4"),

    ("FIN-WAIT-2",   "send RST",           "CLOSED",       "3.10.5"),
    ("FIN-WAIT-2",   "receive FIN",        "TIME-WAIT",    "3.10.7.4"),
    ("FIN-WAIT-2",   "receive RST",        "CLOSED",       "3.10.7.4"),

    ("CLOSE-WAIT",   "send FIN",           "LAST-ACK",     "3.10.4"),
    ("CLOSE-WAIT",   "send crossing FIN",  "CLOSING",      PROOF),      # simultaneous close
    ("CLOSE-WAIT",   "send RST",           "CLOSED",       "3.10.5"),
    ("CLOSE-WAIT",   "receive RST",        "CLOSED",       "3.10.7.4"),

    ("CLOSING",      "send RST",           "CLOSED",       PROOF),
    ("CLOSING",      "receive ACK of FIN", "TIME-WAIT",    "3.10.7.4"),
    ("CLOSING",      "receive RST",        "CLOSED",       "3.10.7.4"),

    ("LAST-ACK",     "send RST",           "CLOSED",       PROOF),
    ("LAST-ACK",     "receive ACK of FIN", "CLOSED",       "3.10.7.4"),
    ("LAST-ACK",     "receive RST",        "CLOSED",       "3.10.7.4"),

    ("TIME-WAIT",    "send RST",           "CLOSED",       PROOF),
    ("TIME-WAIT",    "receive RST",        "CLOSED",       "3.10.7.4"),
    ("TIME-WAIT",    "2MSL",               "CLOSED",       "3.10.8"),
))
# fmt: on
"""The state diagram. What is not in it changes nothing."""

TRANSITIONS = {(arrow.state, arrow.event): arrow.new for arrow in TABLE}
"""The new state by state and event, for those that change something."""


def flat() -> bytes:
    """The table for native code: the new state of `STATES[s]` after `EVENTS[e]` is at `s * len(EVENTS) + e`.

    It is there as its index in STATES, which is `s` itself where the event changes nothing.
    """
    return bytes(STATES.index(TRANSITIONS.get((state, event), state)) for state in STATES for event in EVENTS)
