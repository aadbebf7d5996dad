"""The path of one piece of data: from the program that writes it, through both hosts' stacks, to the one that reads it.

    program → socket's send queue → device's queue → interface → wire → interface → socket's receive queue → program

Every station is known by an event of the timeline: the call that writes; the segment given to a device (the tracepoint
net_dev_queue); its frame where it leaves, and where it arrives (two captures of one frame, or netif_receive_skb); the
socket that becomes readable (sk_data_ready); the octets copied out of its queue (skb_copy_datagram_iovec); the call
that reads, when it returns. A station that nobody saw is left out: `unseen` names it, and the time goes from the one
before it to the one behind it.

The path is that of the first segment of a write, whose octets need not be all in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rawcap.stack.event import CALL, FRAME, KERNEL, RETURN, Event
from rawcap.stack.timeline import Timeline

SENDING = ("write", "device queue", "leaves")
"""The stations of the host that sends, in their order."""
RECEIVING = ("arrives", "readable", "copied", "read")
"""Those of the host that receives."""
STATIONS = SENDING + RECEIVING


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the path, and when the data was there: nanoseconds since the epoch. `detail` says more of it."""

    name: str
    time_ns: int
    detail: str = ""


@dataclass(slots=True)
class Path:
    """The stations of a piece of data that were seen, in their order.

    `sender` and `receiver` name the programs, `who` the role of the first; `octets` are those written, `segments` the
    frames that carried them first, of which `packet` is the first.
    """

    who: str
    sender: str
    receiver: str
    octets: int
    segments: int
    packet: int
    stations: list[Station] = field(default_factory=list)

    @property
    def unseen(self) -> list[str]:
        """The stations that nobody saw."""
        seen = {station.name for station in self.stations}
        return [name for name in STATIONS if name not in seen]

    @property
    def took_ns(self) -> int:
        """Nanoseconds from the first station that was seen to the last."""
        return self.stations[-1].time_ns - self.stations[0].time_ns


def paths(timeline: Timeline) -> Iterator[Path]:
    """The path of every write of the timeline that is known to have sent a frame, in the order of the writes."""
    events = timeline.events
    sent: dict[tuple[int, int], list[int]] = {}
    for place, event in enumerate(events):
        by = event.values.get("sent_by") if event.source == FRAME else None
        if by is not None and _carries(timeline, event):
            sent.setdefault((by["tid"], by["time_ns"]), []).append(place)
    told = {(event.tid, event.time_ns): place for place, event in enumerate(events) if event.source == CALL}
    for (tid, time_ns), frames in sent.items():
        # The call may have been moved in time, its frame tells of the time that it was recorded with.
        begun = told.get((tid, time_ns))
        if begun is None:
            begun = next((at for at in range(frames[0], -1, -1) if _is_call(events[at], tid)), None)
        if begun is not None:
            yield _path(timeline, begun, frames)


def _is_call(event: Event, tid: int) -> bool:
    return event.source == CALL and event.tid == tid


def _carries(timeline: Timeline, event: Event) -> bool:
    packet = timeline.packet_of(event)
    if packet is None:
        return False
    carrier = packet.tcp or packet.udp
    return carrier is not None and carrier.payload_length > 0


def _path(timeline: Timeline, begun: int, frames: list[int]) -> Path:
    events = timeline.events
    call, frame = events[begun], events[frames[0]]
    flow = frame.values["flow"]
    returned = next((each for each in events[begun:] if each.source == RETURN and each.tid == call.tid), None)
    octets = returned.result if returned is not None and returned.result is not None else 0
    path = Path(call.who, _program(call), "", octets, len(frames), frame.packet)
    path.stations.append(Station("write", call.time_ns, _call(call)))
    queued = _kernel(reversed(events[begun : frames[0] + 1]), "queued", flow, sender=frame.who)
    if queued is not None:
        path.stations.append(Station("device queue", queued.time_ns, str(queued.values.get("interface", ""))))
    packet = timeline.packet_of(frame)
    path.stations.append(Station("leaves", frame.time_ns, packet.interface.name if packet is not None else ""))
    behind = events[frames[0] + 1 :]
    arrived_ns = frame.values.get("arrived_ns")
    arrived = _kernel(behind, "arrived", flow, receiver_of=frame.who)
    if arrived_ns is not None:
        path.stations.append(Station("arrives", arrived_ns))
    elif arrived is not None:
        path.stations.append(Station("arrives", arrived.time_ns, str(arrived.values.get("interface", ""))))
    readable = _kernel(behind, "readable", flow, receiver_of=frame.who)
    read = next(
        (
            each
            for each in behind
            if each.source == RETURN and each.values.get("took_packet", 0) >= frame.packet and _is_of(each, frame)
        ),
        None,
    )
    copied = _kernel(behind, "copied", flow, receiver_of=frame.who)
    for event, name in ((readable, "readable"), (copied, "copied")):
        if event is not None and (read is None or event.time_ns <= read.time_ns):
            path.stations.append(Station(name, event.time_ns, _length(event)))
    if read is not None:
        path.receiver = _program(read)
        path.stations.append(Station("read", read.time_ns, _call(read)))
    path.stations.sort(key=lambda each: (each.time_ns, STATIONS.index(each.name)))
    return path


def _kernel(
    events: Iterator[Event] | list[Event], name: str, flow: int, *, sender: str = "", receiver_of: str = ""
) -> Event | None:
    """The first of the kernel's events with a name, of the sender of a frame or of the one who gets it."""
    for event in events:
        if event.source == KERNEL and event.name == name and event.values.get("flow") == flow:
            if (event.who == sender) if sender else (event.who != receiver_of):
                return event
    return None


def _is_of(event: Event, frame: Event) -> bool:
    return event.values.get("flow") == frame.values["flow"] and event.who != frame.who


def _program(event: Event) -> str:
    words = [event.who, event.program if event.program != event.who else "", f"pid {event.pid}" if event.pid else ""]
    return " ".join(each for each in words if each)


def _call(event: Event) -> str:
    return event.text.removesuffix("…").rstrip()


def _length(event: Event) -> str:
    length = event.values.get("length")
    return f"{length} octet{'s' if length != 1 else ''}" if isinstance(length, int) else ""
