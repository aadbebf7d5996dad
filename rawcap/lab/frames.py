"""A frame of a lab in a few words: who sent it, what it is, and which state it shows each end of its connection in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dissectors.packet import Packet
from dissectors.printable import printable
from rawcap.lab.hosts import CLIENT, CLIENT_ADDRESS, CLIENT_ADDRESS6, SERVER, SERVER_ADDRESS, SERVER_ADDRESS6
from rawcap.show.summary import summarise
from rawcap.stack.event import FRAME, Event
from rawcap.tcp.tracker import Tracker

_FLAGS = ((0x02, "SYN"), (0x01, "FIN"), (0x04, "RST"), (0x08, "PSH"), (0x10, "ACK"), (0x20, "URG"))
_SIDES = {
    CLIENT_ADDRESS: CLIENT,
    CLIENT_ADDRESS6: CLIENT,
    SERVER_ADDRESS: SERVER,
    SERVER_ADDRESS6: SERVER,
}
_TROUBLE = {
    "spurious_retransmission": "spurious retransmission",
    "fast_retransmission": "fast retransmission",
    "retransmission": "retransmission",
    "out_of_order": "out of order",
    "lost_segment": "gap before",
    "zero_window_probe_ack": "answer to the probe",
    "zero_window_probe": "zero window probe",
    "zero_window": "zero window",
    "window_full": "window full",
    "keep_alive_ack": "answer to keep-alive",
    "keep_alive": "keep-alive",
    "duplicate_ack": "duplicate ACK",
    "window_update": "window update",
}
"""The findings of the analysis that a lab speaks of (rawcap/tcp/analysis.py), the one that says most first."""


class Frames:
    """Makes an event of each frame, in the order of the capture.

    The event's `who` is the sender's part, its `text` what stands on the arrow. Its values are `kind`, a word or two
    that a lesson expects ("SYN", "data", "ICMP"), `ends`, the sockets of the sender and of who it sends to, and, where
    the frame shows them, `client` and `server`: the states of the connection's ends behind it.
    """

    def __init__(self) -> None:
        self.tracker = Tracker()
        self._closed: set[tuple[int, str]] = set()
        """The sides, by connection and part, whose window is closed."""
        self._asked: set[tuple[int, str]] = set()
        """The sides that sent a SYN without ACK."""

    def event(self, packet: Packet) -> Event:
        """The event that a frame is; the notes of the packet stay as they are."""
        before, packet.notes = packet.notes, None
        self.tracker.note(packet)
        notes: dict[str, Any] = packet.notes or {}
        packet.notes = before
        summary = summarise(packet)
        tcp, udp = packet.tcp, packet.udp
        source, destination = summary.source, summary.destination
        who = _SIDES.get(source, "")
        values: dict[str, Any] = {}
        fragment = _fragment(packet)
        if fragment:
            text = fragment
            values["kind"] = "fragment"
        elif "tcp.seq" in notes and tcp is not None:
            connection = self.tracker.connections[notes["tcp.stream"]]
            from_client = (source, tcp.srcport) == (connection.client.address, connection.client.port)
            if _SIDES.get(source) is None or source == destination:
                who = CLIENT if from_client else SERVER
            names = [name for bit, name in _FLAGS if tcp.flags & bit]
            found = [name for name in _TROUBLE if f"tcp.analysis.{name}" in notes]
            other = SERVER if who == CLIENT else CLIENT
            if "keep_alive" in found and (notes["tcp.stream"], other) in self._closed:
                found = ["zero_window_probe"]  # Linux probes a closed window with what looks like a keep-alive
            if names == ["SYN"]:
                self._asked.add((notes["tcp.stream"], who))
            elif "SYN" in names and (notes["tcp.stream"], who) in self._asked:
                found = []  # both sides asked: the SYN comes again, and says more
            (self._closed.discard if notes.get("tcp.window_size") else self._closed.add)((notes["tcp.stream"], who))
            kind, text = _segment(names, tcp.payload_length, notes, found)
            source, destination = f"{source}:{tcp.srcport}", f"{destination}:{tcp.dstport}"
            values |= {"kind": kind, "stream": notes["tcp.stream"]}
            sides = (connection.client, connection.server)
            if who == SERVER and from_client:
                sides = (connection.server, connection.client)
            values |= {name: _state(side) for name, side in zip((CLIENT, SERVER), sides, strict=True)}
        elif udp is not None and not udp.quoted and udp.srcport is not None:
            source, destination = f"{source}:{udp.srcport}", f"{destination}:{udp.dstport}"
            exchange = self.tracker.exchanges[notes["udp.stream"]] if "udp.stream" in notes else None
            if not who and exchange is not None:
                who = CLIENT if udp.srcport == exchange.client.port else SERVER
            text = f"UDP {udp.payload_length} octets"
            values["kind"] = "UDP"
        else:
            text = f"{summary.protocol} {printable(summary.info)}"
            values["kind"] = "ICMP" if summary.protocol.startswith("ICMP") else summary.protocol
        values["ends"] = [source, destination]
        return Event(packet.time_ns or 0, FRAME, "frame", text, who, packet=packet.number, values=values)


def _fragment(packet: Packet) -> str:
    """What a fragment of an IPv4 datagram is (RFC 791, 3.2); empty for any other packet."""
    more, offset = packet["ip.flags.mf"], packet["ip.frag_offset"]
    if packet["ip.id"] is None or not (more or offset):
        return ""
    last = "" if more else ", the last"
    return f"fragment of datagram {packet['ip.id']}, octet {8 * offset} on{last}"


def _segment(names: list[str], length: int, notes: Mapping[str, Any], found: list[str]) -> tuple[str, str]:
    """What a segment is in a word, and in a line."""
    main = [name for name in names if name != "PSH" and (name != "ACK" or len(names) == 1 or "SYN" in names)]
    if names == ["PSH", "ACK"]:
        main = ["ACK"]
    if "SYN" in names:
        kind = "SYN/ACK" if "ACK" in names else "SYN"
    elif "RST" in names or "FIN" in names:
        kind = "RST" if "RST" in names else "FIN"
    else:
        kind = "data" if length else "/".join(main) or "no flags"
    for name, special in (("keep_alive", "keep-alive"), ("zero_window_probe", "probe")):
        if name in found:
            kind = special
    text = ", ".join(names) or "no flags"
    if length or {"SYN", "FIN", "RST"} & set(names):
        text += f" seq={notes['tcp.seq']}"
    if "ACK" in names:
        text += f" ack={notes.get('tcp.ack', 0)}"
    if length:
        text += f" len={length}"
    elif "RST" not in names:
        text += f" win={notes.get('tcp.window_size', 0)}"
    said = [word for name, word in _TROUBLE.items() if name in found]
    return kind, text + (f" [{said[0]}]" if said else "")


def _state(side: Any) -> str:
    """The state that the packets so far show a side in; empty where they show none."""
    states = side.states
    return "" if not states or states[-1][1] == "UNKNOWN" else str(states[-1][1])
