"""The timeline: causes before effects, frames told once, parts, states, and what comes too fast."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors.packet import Packet
from rawcap.stack import calls
from rawcap.stack import timeline as timeline_module
from rawcap.stack.event import CALL, FRAME, KERNEL, NOTE, RETURN, Endpoint, Event, Socket
from rawcap.stack.order import BOUND
from rawcap.stack.timeline import WINDOW, Merger, Timeline
from tests.rawcap.stack.stories import (
    ACK,
    FAR,
    OPEN_NS,
    PSH,
    RAW,
    SYN,
    exchange,
    handshake,
    packets,
    segment,
)

TRUE_ORDER = [
    "accept4 …",
    "connect …",
    "SYN seq=0",
    "SYN, ACK seq=0 ack=1",
    "ACK seq=1 ack=1",
    "connect = 0",
    "accept4 = 4",
    "recvfrom …",
    "sendto …",
    "PSH, ACK seq=1 ack=1 len=10",
    "sendto = 10",
    "recvfrom = 10",
    "recvfrom …",
    "sendto …",
    "PSH, ACK seq=1 ack=11 len=20",
    "sendto = 20",
    "recvfrom = 20",
    "recvfrom …",
    "close …",
    "FIN, ACK seq=11 ack=21",
    "close = 0",
    "recvfrom = 0",
    "close …",
    "FIN, ACK seq=21 ack=12",
    "ACK seq=12 ack=22",
    "close = 0",
]


def words(events: Iterable[Event]) -> list[str]:
    """Events in short."""
    told = []
    for event in events:
        answer = " …" if event.source == CALL else f" = {event.result}"
        told.append(event.text if event.source == FRAME else f"{event.name}{answer}")
    return told


def numbered(frames: Iterable[Packet]) -> list[Packet]:
    """The packets of several connections as one capture."""
    told = sorted(frames, key=lambda each: each.time_ns or 0)
    return [Packet(each.data, each.interface, each.time_ns, each.length, at) for at, each in enumerate(told, 1)]


def check_order(events: list[Event]) -> None:
    """Assert that no event of one request and response stands before its cause."""
    place = {text: at for at, text in reversed(list(enumerate(words(events))))}  # the first of each
    last = {text: at for at, text in enumerate(words(events))}
    assert place["connect …"] < place["SYN seq=0"] < place["SYN, ACK seq=0 ack=1"] < place["connect = 0"]
    assert place["ACK seq=1 ack=1"] < next(at for text, at in place.items() if text.startswith("accept4 = "))
    assert place["sendto …"] < place["PSH, ACK seq=1 ack=1 len=10"] < place["recvfrom = 10"]
    assert last["sendto …"] < place["PSH, ACK seq=1 ack=11 len=20"] < place["recvfrom = 20"]
    assert place["close …"] < place["FIN, ACK seq=11 ack=21"] < place["recvfrom = 0"]
    assert last["close …"] < place["FIN, ACK seq=21 ack=12"]


def test_calls_and_frames_are_merged_by_time() -> None:
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    timeline = Timeline(events, frames)
    assert words(timeline.events) == TRUE_ORDER
    assert (timeline.moved, timeline.contradictions) == (0, 0)


@given(st.integers(-30_000, 30_000), st.integers(0, 1 << 32), st.booleans())
def test_causes_come_first_whatever_the_skew_and_the_order_of_arrival(skew: int, seed: int, live: bool) -> None:
    chance = random.Random(seed)
    events, frames = [], []
    for number in range(3):  # three clients at the same time
        more, carried = exchange(number, OPEN_NS + chance.randrange(40_000), lambda: chance.randrange(50, 9000))
        events += [replace(each, time_ns=each.time_ns + skew) for each in more if number or each.name != "accept4"]
        frames += carried
    frames = numbered(frames)
    chance.shuffle(frames)
    if live:
        merger = Merger()
        told: list[Event] = []
        for event in sorted(events, key=lambda each: each.time_ns):  # a source gives its own in order
            merger.add(event)
        for packet in frames:
            merger.add_packet(packet)
            told += merger.due()
        told += merger.rest()
    else:
        told = Timeline(events, frames).events
    assert [each.time_ns for each in told] == sorted(each.time_ns for each in told)
    assert {each.packet: each.time_ns for each in told if each.source == FRAME} == {
        each.number: each.time_ns for each in frames
    }
    for number in (1, 2):
        flow = [each for each in told if each.source == FRAME and ["10.9.0.1", 40000 + number] in each.values["ends"]]
        (mine,) = {each.values["flow"] for each in flow}
        check_order([each for each in told if each.values.get("flow") == mine])


def test_a_thousand_exchanges_without_an_accept_before_its_syn_or_a_receive_before_its_send() -> None:
    chance = random.Random(1)
    events, frames = [], []
    now = OPEN_NS
    for number in range(1000):
        more, carried = exchange(number, now, lambda: chance.randrange(50, 3000))
        now = more[-1].time_ns + 5000
        jitter = chance.randrange(-4000, 4000)
        events += [replace(each, time_ns=each.time_ns + jitter) for each in more]
        frames += carried
    timeline = Timeline(events, numbered(frames))
    by_flow: dict[int, list[Event]] = {}
    for event in timeline.events:
        if "flow" in event.values:
            by_flow.setdefault(event.values["flow"], []).append(event)
    assert len(by_flow) == 1000
    for told in by_flow.values():
        check_order(told)
    assert timeline.furthest_ns < 8000


def test_times_are_moved_no_further_than_to_the_cause_and_frames_not_at_all() -> None:
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    early = [
        replace(each, time_ns=each.time_ns - 3000) if each.name == "accept4" and each.fd == 4 else each
        for each in events
    ]
    timeline = Timeline(early, frames)
    accepted = next(each for each in timeline.events if each.name == "accept4" and each.source == RETURN)
    last = next(each for each in timeline.events if each.text == "ACK seq=1 ack=1")
    assert accepted.time_ns == last.time_ns == frames[2].time_ns
    assert (timeline.moved, timeline.furthest_ns) == (1, 1000)


def test_what_is_further_apart_than_clocks_can_be_stays_where_it_is() -> None:
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    late = [replace(each, time_ns=each.time_ns + 2 * BOUND) for each in events]
    timeline = Timeline(late, frames)
    assert timeline.events[0].source == FRAME
    assert timeline.moved == 0
    assert timeline.contradictions > 0


def test_a_circle_of_causes_ends() -> None:
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    turned = [replace(each, time_ns=2 * OPEN_NS + 20_000 - each.time_ns) for each in events]
    assert len(Timeline(turned, frames).events) == len(events) + len(frames)


# -- frames -----------------------------------------------------------------------------------------------


def both_ends(transit: int) -> list[Packet]:
    """The frames of an exchange, captured where they leave and, `transit` nanoseconds later, where they arrive."""
    _, frames = exchange(0, OPEN_NS, lambda: 1000)
    told = []
    for each in frames:
        from_client = each.data[15] == 1
        near, far = (RAW, FAR) if from_client else (FAR, RAW)
        told += [
            Packet(each.data, near, each.time_ns, each.length),
            Packet(each.data, far, (each.time_ns or 0) + transit, each.length),
        ]
    return numbered(told)


def test_a_frame_captured_at_both_ends_is_told_once() -> None:
    events, _ = exchange(0, OPEN_NS, lambda: 1000)
    timeline = Timeline(events, both_ends(300))
    syn = next(each for each in timeline.events if each.source == FRAME)
    assert words(timeline.events) == TRUE_ORDER
    assert (syn.packet, syn.values["arrived_packet"], syn.values["arrived_ns"] - syn.time_ns) == (1, 2, 300)


def test_a_frame_that_is_long_on_its_way_leaves_and_arrives() -> None:
    frames = both_ends(20_000_000)
    left, arrived = Timeline([], [frames[0], frames[8]]).events
    assert left.values["leaves"] is True
    assert (arrived.time_ns - left.time_ns, arrived.values["left_packet"]) == (20_000_000, left.packet)
    assert left.text == arrived.text == "SYN seq=0"


def test_a_frame_that_never_arrives_while_later_ones_do_is_lost() -> None:
    frames = both_ends(300)
    del frames[1]
    lost = [each.packet for each in Timeline([], frames).events if each.values.get("lost")]
    assert lost == [1]


def test_frames_of_other_sockets_are_left_out_unless_everything_is_wanted() -> None:
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    other = segment(True, 5, 0, SYN, port=50000).replace(b"\x23\x28", b"\x23\x29")
    frames.append(Packet(other, RAW, OPEN_NS, len(other), 99))
    assert 99 not in [each.packet for each in Timeline(events, frames).events]
    assert 99 in [each.packet for each in Timeline(events, frames, everything=True).events]


def test_packet_of_gives_the_packet_of_a_frame() -> None:
    events, frames = handshake()
    timeline = Timeline(events, frames)
    first = next(each for each in timeline.events if each.source == FRAME)
    assert timeline.packet_of(first) is frames[0]
    assert timeline.packet_of(timeline.events[0]) is None


def test_a_frame_tells_the_call_that_sent_it() -> None:
    timeline = Timeline(*handshake())
    sent_by = {each.packet: each.values["sent_by"]["text"] for each in timeline.events if "sent_by" in each.values}
    assert sent_by == {
        1: "connect(5, 192.0.2.2:7) …",
        4: "sendto(5, 6 octets)",
        6: "sendto(4, 6 octets)",
        8: "close(5)",
        9: "close(4)",
    }


def sent_fin(events: list[Event], frames: list[Packet]) -> list[str]:
    """The calls that are said to have sent the FINs of an exchange."""
    told = [each for each in Timeline(events, frames).events if each.source == FRAME and "FIN" in each.text]
    return [each.values.get("sent_by", {}).get("text", "") for each in told]


def closing(*, before: str, other_pid: int = 0) -> tuple[list[Event], list[Packet]]:
    """An exchange whose client makes another call 500 ns before, or behind, its close()."""
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    close = next(each for each in events if each.name == "close" and each.source == CALL)
    pid = other_pid or close.pid
    extra = replace(close, name=before.partition("(")[0], text=before, time_ns=close.time_ns - 500, pid=pid, tid=pid)
    return [*events, extra], frames


def test_a_shutdown_of_receiving_sends_no_fin() -> None:
    events, frames = closing(before="shutdown(5, SHUT_RD)")
    without = [each for each in events if not (each.name == "close" and each.pid == 5000)]
    assert sent_fin(without, frames) == ["", "close(4)"]


def test_a_close_after_a_shutdown_of_sending_sends_no_fin() -> None:
    assert sent_fin(*closing(before="shutdown(5, SHUT_WR)")) == ["shutdown(5, SHUT_WR)", "close(4)"]


def test_a_close_behind_the_fin_of_a_shutdown_stays_behind_it() -> None:
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    close = next(each for each in events if each.name == "close" and each.source == CALL)
    shut = replace(close, name="shutdown", text="shutdown(5, SHUT_WR)")
    late = replace(close, time_ns=close.time_ns + 1500)  # 500 ns behind the FIN
    timeline = Timeline([shut if each is close else each for each in events] + [late], frames)
    assert next(each for each in timeline.events if each.text == "close(5)").time_ns == late.time_ns


def test_a_close_of_a_copy_while_another_process_holds_the_socket_sends_no_fin() -> None:
    events, frames = closing(before="close(5)", other_pid=77)
    without = [each for each in events if not (each.name == "close" and each.pid == 5000)]
    assert sent_fin(without, frames) == ["", "close(4)"]


def test_the_kernels_change_of_state_tells_whether_a_call_sent_the_fin() -> None:
    events, frames = handshake(with_kernel=True)
    assert sent_fin(events, frames) == ["close(5)", "close(4)"]
    by_exit = [replace(each, tid=0) if each.values.get("new") == "LAST-ACK" else each for each in events]
    assert sent_fin(by_exit, frames) == ["close(5)", ""]


def test_a_contradicted_call_is_not_said_to_have_sent_a_frame() -> None:
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    late = [replace(each, time_ns=each.time_ns + 2 * BOUND) for each in events]
    assert not [each for each in Timeline(late, frames).events if "sent_by" in each.values]


def test_all_calls_that_move_data_are_reads_or_writes() -> None:
    assert (calls.RECEIVING | {"recv"}, calls.SENDING | {"send"}) == (timeline_module._READS, timeline_module._WRITES)


def test_octets_are_not_counted_behind_a_call_that_tells_of_messages() -> None:
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    sent = next(each for each in events if each.name == "sendto" and each.source == CALL)
    many = [
        replace(sent, name="sendmmsg", time_ns=sent.time_ns - 300),
        replace(sent, source=RETURN, name="sendmmsg", time_ns=sent.time_ns - 200, result=1),
    ]
    timeline = Timeline([*events, *many], frames)
    data = next(each for each in timeline.events if each.text.endswith("ack=1 len=10"))
    assert data.values["sent_by"]["time_ns"] == many[0].time_ns
    (flow,) = timeline.parties.flows
    assert (flow.client.written, flow.client.writes_counted, flow.client.other.writes_counted) == (10, False, True)


# -- parts and states -------------------------------------------------------------------------------------


def test_who_is_client_and_who_is_server() -> None:
    timeline = Timeline(*handshake())
    assert {(each.program, each.who) for each in timeline.events if each.program} == {
        ("echo-client", "client"),
        ("echo-server", "server"),
    }
    assert [each.who for each in timeline.events if each.source == FRAME][:3] == ["client", "server", "client"]


def test_several_clients_are_numbered() -> None:
    first, frames = exchange(0, OPEN_NS, lambda: 1000)
    second, more = exchange(1, OPEN_NS + 500, lambda: 1000)
    timeline = Timeline([*first, *second], numbered([*frames, *more]))
    assert {each.who for each in timeline.events} == {"client 1", "client 2", "server"}
    assert {each.pid for each in timeline.events if each.who == "client 2" and each.pid} == {5001}


def states(timeline: Timeline, who: str) -> list[str]:
    """The states of a side, each where it is another than before."""
    told: list[str] = []
    for event in timeline.events:
        state = event.values.get("states", {}).get(who, "") if event.source == FRAME else ""
        if event.source != FRAME and event.who == who:
            state = event.state
        if state and (not told or told[-1] != state):
            told.append(state)
    return told


CLIENT_STATES = ["CLOSED", "SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT"]
SERVER_STATES = ["CLOSED", "LISTEN", "SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"]


def test_states_are_proven_by_calls_and_frames() -> None:
    timeline = Timeline(*handshake())
    assert states(timeline, "client") == CLIENT_STATES
    assert states(timeline, "server") == SERVER_STATES


def test_states_are_the_kernels_where_it_tells_them() -> None:
    timeline = Timeline(*handshake(with_kernel=True))
    assert states(timeline, "client") == [*CLIENT_STATES[:4], "FIN-WAIT-2", "TIME-WAIT"]
    assert states(timeline, "server") == SERVER_STATES
    close_wait = next(each for each in timeline.events if each.state == "CLOSE-WAIT")
    assert close_wait.source == KERNEL


def test_a_listener_without_connections_listens() -> None:
    events, _ = handshake()
    timeline = Timeline([each for each in events if each.pid == 101 and each.time_ns < OPEN_NS], [])
    assert [each.state for each in timeline.events] == ["", "CLOSED", "CLOSED", "CLOSED", "CLOSED", "LISTEN", "LISTEN"]


def test_the_client_of_datagrams_is_who_sent_the_first() -> None:
    frames = packets("udp_exchange")
    first = frames[0]
    assert first.time_ns is not None
    client = Endpoint(first["ip.src"], first.udp.srcport)
    socket = Socket("inet", "udp", client, None, 9)
    call = Event(first.time_ns - 500, CALL, "sendto", "sendto(3, 5 octets) …", pid=7, tid=7, fd=3, socket=socket)
    call = replace(call, values={"address": [first["ip.dst"], first.udp.dstport]})
    timeline = Timeline([call], frames)
    assert [(each.source, each.who) for each in timeline.events[:2]] == [(CALL, "client"), (FRAME, "client")]
    assert timeline.events[1].values["sent_by"]["pid"] == 7


@pytest.mark.parametrize("errno", ["EINPROGRESS", "ECONNREFUSED"])
def test_a_connect_that_did_not_succeed_is_no_connection(errno: str) -> None:
    socket = Socket("inet", "tcp", Endpoint("10.9.0.1", 4), Endpoint("10.9.0.2", 9), 5)
    call = Event(0, CALL, "connect", pid=1, tid=1, fd=3, socket=socket)
    failed = Event(9, RETURN, "connect", pid=1, tid=1, fd=3, socket=socket, result=-1, errno=errno)
    expected = "SYN-SENT" if errno == "EINPROGRESS" else "CLOSED"
    assert [each.state for each in Timeline([call, failed], []).events] == ["SYN-SENT", expected]


# -- live -------------------------------------------------------------------------------------------------


def test_live_events_wait_for_what_may_come_late() -> None:
    merger = Merger()
    events, frames = exchange(0, OPEN_NS, lambda: 1000)
    for event in events:
        merger.add(event)
    assert merger.due() == []
    for packet in frames:  # the ring gave them later
        merger.add_packet(packet)
    told = merger.due(OPEN_NS + 2 * WINDOW)
    assert words(told) == TRUE_ORDER


def test_what_comes_too_fast_is_left_out_and_counted() -> None:
    merger = Merger(most=1000)
    interface = RAW
    for number in range(10_000):  # within 100 ms
        data = segment(True, 1 + number, 1, PSH | ACK, 1)
        merger.add_packet(Packet(data, interface, OPEN_NS + number * 10_000, len(data), number + 1))
    socket = Socket("inet", "tcp", Endpoint("10.9.0.1", 40000), Endpoint("10.9.0.2", 9000), 5)
    merger.add(Event(OPEN_NS + 99_000_000, CALL, "close", "close(5)", pid=1, tid=1, fd=5, socket=socket))
    told = merger.rest()
    notes = [each for each in told if each.source == NOTE]
    assert sum(each.values["left_out"] for each in notes) == merger.left_out == 9_800
    assert notes[-1].text.endswith("events came too fast to be shown")
    assert "close" in [each.name for each in told]
