"""The path of one piece of data: from the program that writes it, through both hosts' stacks, to the one that reads it.

    program → socket's send queue → device's queue → interface → wire → interface → socket's receive queue → program

Every station is known by an event of the timeline: the call that writes; the segment given to a device (the tracepoint
net_dev_queue); its frame where it leaves, and where it arrives (two captures of one frame, or netif_receive_skb); the
socket that becomes readable (sk_data_ready); the octets copied out of its queue (skb_copy_datagram_iovec); the call
that reads, when it returns. A station that nobody saw is left out: `unseen` names it, and the time goes from the one
before it to the one behind it.

The path is that of the first segment of a write, whose octets need not be all in it.

Where a frame was captured shows in its time: on a wire it is stamped where it leaves, before the other interface has
it; on the loopback interface, and where only the receiving host was captured, about 1 µs behind netif_receive_skb
(tracefs.py), so that it says nothing of its leaving. On the loopback interface there is no leaving: what is given to
the device has arrived.
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

_LOOPBACK = "lo"


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
    frames that carried them first, of which `packet` is the first. `loopback` says that they never left the host.
    """

    who: str
    sender: str
    receiver: str
    octets: int
    segments: int
    packet: int
    loopback: bool = False
    stations: list[Station] = field(default_factory=list)

    @property
    def unseen(self) -> list[str]:
        """The stations that nobody saw."""
        seen = {station.name for station in self.stations}
        if self.loopback:
            seen.add("leaves")
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
    returned = next((each for each in events[begun:] if each.source == RETURN and each.tid == call.tid), None)
    octets = returned.result if returned is not None and returned.result is not None else 0
    packet = timeline.packet_of(frame)
    interface = packet.interface.name if packet is not None else ""
    path = Path(call.who, _program(call), "", octets, len(frames), frame.packet, interface == _LOOPBACK)
    path.stations.append(Station("write", call.time_ns, _call(call)))
    given = next((at for at in range(frames[0], begun, -1) if _is_queued(events[at], frame)), None)
    if given is not None:
        path.stations.append(Station("device queue", events[given].time_ns, _interface(events[given])))
    # What the receiving host does begins before the frame's own time, where that is the time of its arrival.
    behind = events[(begun if given is None else given) + 1 :]
    arrived = _kernel(behind, "arrived", frame)
    arrived_ns = frame.values.get("arrived_ns")
    is_arrival = path.loopback or (arrived is not None and arrived_ns is None and arrived.time_ns < frame.time_ns)
    if not is_arrival:
        path.stations.append(Station("leaves", frame.time_ns, interface))
    if arrived_ns is not None:
        path.stations.append(Station("arrives", arrived_ns, _interface(arrived)))
    elif arrived is not None:
        path.stations.append(Station("arrives", arrived.time_ns, _interface(arrived)))
    elif path.loopback:
        path.stations.append(Station("arrives", frame.time_ns, interface))
    came_ns = path.stations[-1].time_ns
    behind = [each for each in behind if each.time_ns >= came_ns]
    readable = _kernel(behind, "readable", frame)
    read = next(
        (
            each
            for each in behind
            if each.source == RETURN and each.values.get("took_packet", 0) >= frame.packet and _is_of(each, frame)
        ),
        None,
    )
    copied = _kernel(behind, "copied", frame)
    for event, name in ((readable, "readable"), (copied, "copied")):
        if event is not None and (read is None or event.time_ns <= read.time_ns):
            path.stations.append(Station(name, event.time_ns, _length(event)))
    if read is not None:
        path.receiver = _program(read)
        path.stations.append(Station("read", read.time_ns, _call(read)))
    path.stations.sort(key=lambda each: (each.time_ns, STATIONS.index(each.name)))
    return path


def _is_queued(event: Event, frame: Event) -> bool:
    """Whether the sender of a frame gave one to a device here."""
    flow = event.values.get("flow")
    return (event.source, event.name, flow, event.who) == (KERNEL, "queued", frame.values["flow"], frame.who)


def _kernel(events: list[Event], name: str, frame: Event) -> Event | None:
    """The first of the kernel's events with a name that is of the one who gets a frame."""
    return next((each for each in events if (each.source, each.name) == (KERNEL, name) and _is_of(each, frame)), None)


def _is_of(event: Event, frame: Event) -> bool:
    return event.values.get("flow") == frame.values["flow"] and event.who != frame.who


def _program(event: Event) -> str:
    words = [event.who, event.program if event.program != event.who else "", f"pid {event.pid}" if event.pid else ""]
    return " ".join(each for each in words if each)


def _call(event: Event) -> str:
    return event.text.removesuffix("…").rstrip()


def _interface(event: Event | None) -> str:
    return str(event.values.get("interface", "")) if event is not None else ""


def _length(event: Event) -> str:
    length = event.values.get("length")
    return f"{length} octet{'s' if length != 1 else ''}" if isinstance(length, int) else ""
