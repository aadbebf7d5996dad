"""Records of tracepoints as events: whose socket it is, and what is left empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rawcap.stack.calls import Call, Calls, Descriptor, Facts, Forked, Return
from rawcap.stack.event import Endpoint, Event, Socket
from rawcap.stack.kernel import Kernel
from rawcap.stack.tracefs import Lost, Record

PID, CLIENT, SERVER, LISTENER = 1000, 0xC000, 0x5000, 0x1000
HERE, THERE = Endpoint("127.0.0.1", 41234), Endpoint("127.0.0.1", 9000)
PROCESS, INTERRUPT = 0, 0x10
LOOPBACK = b"\x7f\x00\x00\x01"
SYMBOLS: Mapping[str, Mapping[int, str]] = {
    "kfree_skb": {3: "NO_SOCKET", 5: "SOCKET_FILTER"},
    "tcp_send_reset": {1: "NO_SOCKET"},
}


class Scene:
    """A process with a TCP socket that connects, descriptor 5, and records of it."""

    def __init__(self, *, everything: bool = False) -> None:
        self.kernel = Kernel(
            Calls(lambda pid: ({}, "client")), lambda event, field: SYMBOLS[event], everything=everything
        )
        self.at = 0

    def begin(self, name: str, *args: int, facts: Facts | None = None, pid: int = PID) -> None:
        self.at += 1
        padded = (*args, *[0] * (6 - len(args)))
        self.kernel.observe(Call(self.at, pid, pid, name, padded, facts or Facts()))

    def end(self, name: str, result: int = 0, facts: Facts | None = None, pid: int = PID) -> None:
        self.at += 1
        self.kernel.observe(Return(self.at, pid, pid, name, result, facts or Facts()))

    def record(self, name: str, /, *, tid: int = PID, flags: int = PROCESS, **fields: Any) -> None:
        self.at += 1
        self.kernel.take(Record(self.at, name, tid, {"common_pid": tid, "common_flags": flags, **fields}))

    def state(self, pointer: int, old: int, new: int, near: int, far: int, **more: Any) -> None:
        self.record(
            "inet_sock_set_state",
            skaddr=pointer,
            oldstate=old,
            newstate=new,
            sport=near,
            dport=far,
            family=2,
            protocol=6,
            saddr=LOOPBACK,
            daddr=LOOPBACK,
            saddr_v6=bytes(16),
            daddr_v6=bytes(16),
            **more,
        )

    def connects(self) -> None:
        self.begin("socket", 2, 1)
        self.end("socket", 5, Facts(found=Descriptor("inet", "SOCK_STREAM", "tcp", inode=77)))
        self.begin("connect", 5, 1, 16, facts=Facts(THERE))
        self.state(CLIENT, 7, 2, 0, 9000)
        self.state(CLIENT, 2, 1, 41234, 9000)
        self.end("connect")

    def events(self, *names: str) -> list[Event]:
        return [each for each in self.kernel.flush() if each.name in names]


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.connects()
    return made


def test_states_have_the_names_of_the_rfc_and_the_socket_of_the_call(scene: Scene) -> None:
    sent, made = scene.events("state")
    assert (sent.values, sent.state, sent.text) == (
        {"old": "CLOSED", "new": "SYN-SENT"},
        "SYN-SENT",
        "CLOSED → SYN-SENT",
    )
    assert sent.socket == Socket("inet", "tcp", None, THERE, 77)
    assert made.socket == Socket("inet", "tcp", HERE, THERE, 77)
    assert (made.pid, made.program) == (PID, "client")


def test_the_other_end_is_told_too(scene: Scene) -> None:
    scene.state(SERVER, 3, 1, 9000, 41234, flags=INTERRUPT)
    event = scene.events("state")[-1]
    assert event.socket == Socket("inet", "tcp", THERE, HERE)
    assert event.pid == 0


def test_a_stranger_is_left_out(scene: Scene) -> None:
    scene.state(SERVER, 3, 1, 22, 50000, tid=1)
    assert len(scene.events("state")) == 2


def test_a_stranger_is_told_where_everything_is() -> None:
    scene = Scene(everything=True)
    scene.state(SERVER, 3, 1, 22, 50000, tid=1)
    assert len(scene.events("state")) == 1


def test_the_end_of_fin_wait_2_claims_no_state(scene: Scene) -> None:
    scene.state(CLIENT, 5, 7, 41234, 9000, flags=INTERRUPT)
    event = scene.events("state")[-1]
    assert event.values["new"] == "CLOSED"
    assert event.state == ""


def test_a_listener_s_connections_are_told() -> None:
    scene = Scene()
    scene.begin("socket", 2, 1)
    scene.end("socket", 3, Facts(found=Descriptor("inet", "SOCK_STREAM", "tcp", inode=78)))
    scene.begin("listen", 3, 8)
    scene.state(LISTENER, 7, 10, 9000, 0)
    scene.end("listen")
    scene.state(SERVER, 10, 3, 9000, 41234, tid=1, flags=INTERRUPT)
    event = scene.events("state")[-1]
    assert event.state == "SYN-RECEIVED"
    assert event.socket == Socket("inet", "tcp", THERE, HERE)


def test_an_accepted_socket_is_known_by_its_ends(scene: Scene) -> None:
    scene.state(SERVER, 3, 1, 9000, 41234, flags=INTERRUPT)
    scene.begin("socket", 2, 1)
    scene.end("socket", 3)
    scene.begin("accept", 3)
    scene.end("accept", 6, Facts(found=Descriptor("inet", "SOCK_STREAM", "tcp", THERE, HERE, 79)))
    scene.record("sk_data_ready", skaddr=SERVER, family=2, protocol=6, flags=INTERRUPT)
    (event,) = scene.events("readable")
    assert event.socket == Socket("inet", "tcp", THERE, HERE, 79)


def test_data_is_that_of_the_call_it_moves_in(scene: Scene) -> None:
    scene.begin("write", 5, 1, 3)
    scene.record("sock_send_length", sk=CLIENT, family=2, protocol=6, ret=3, flags=0)
    scene.end("write", 3)
    (event,) = scene.events("send")
    assert (event.values, event.pid) == ({"length": 3}, PID)
    assert event.socket is not None and event.socket.inode == 77


def test_a_failed_send_moves_nothing(scene: Scene) -> None:
    scene.begin("write", 5, 1, 3)
    scene.record("sock_send_length", sk=CLIENT, family=2, protocol=6, ret=-11, flags=0)
    assert scene.events("send") == []


def test_an_interrupt_is_not_the_business_of_the_process_it_interrupts(scene: Scene) -> None:
    scene.begin("write", 5, 1, 3)
    scene.record("net_dev_queue", skbaddr=1, len=66, name="eth0", flags=INTERRUPT)
    assert scene.events("queued") == []


def test_a_frame_goes_from_its_sender_to_the_receiver(scene: Scene) -> None:
    scene.begin("write", 5, 1, 3)
    scene.record("net_dev_queue", skbaddr=1, len=69, name="lo")
    scene.record("netif_receive_skb", skbaddr=1, len=55, name="lo", flags=INTERRUPT)
    queued, arrived = scene.events("queued", "arrived")
    assert queued.socket == Socket("inet", "tcp", HERE, THERE, 77)
    assert queued.values == {"interface": "lo", "length": 69}
    assert arrived.socket == Socket("inet", "tcp", THERE, HERE)


def test_a_frame_is_found_by_who_takes_it_in(scene: Scene) -> None:
    scene.record("net_dev_queue", skbaddr=1, len=66, name="lo", flags=INTERRUPT, tid=0)
    scene.record("netif_receive_skb", skbaddr=1, len=52, name="lo", flags=INTERRUPT, tid=0)
    ends = {
        "saddr": b"\x02\x00\xa1\x12" + LOOPBACK + bytes(20),
        "daddr": b"\x02\x00\x23\x28" + LOOPBACK + bytes(20),
    }
    scene.record("tcp_probe", skbaddr=1, skaddr=CLIENT, flags=INTERRUPT, tid=0, **ends)
    queued, arrived = scene.events("queued", "arrived")
    assert queued.socket == Socket("inet", "tcp", THERE, HERE)
    assert arrived.socket == Socket("inet", "tcp", HERE, THERE, 77)


def test_a_pointer_that_is_another_frame_s_by_now_proves_nothing(scene: Scene) -> None:
    scene.record("netif_receive_skb", skbaddr=1, len=52, name="eth0", flags=INTERRUPT, tid=0)
    scene.begin("write", 5, 1, 3)
    scene.record("net_dev_queue", skbaddr=1, len=69, name="eth0")
    scene.end("write", 3)
    scene.record("netif_receive_skb", skbaddr=1, len=69, name="eth0", flags=INTERRUPT, tid=0)
    assert [event.name for event in scene.events("queued", "arrived")] == ["queued"]


def test_a_drop_has_its_reason(scene: Scene) -> None:
    scene.begin("write", 5, 1, 3)
    scene.record("net_dev_queue", skbaddr=1, len=69, name="lo")
    scene.record("netif_receive_skb", skbaddr=1, len=55, name="lo", flags=INTERRUPT)
    scene.record("kfree_skb", skbaddr=1, rx_sk=0, protocol=0x0800, reason=3, flags=INTERRUPT)
    (event,) = scene.events("dropped")
    assert event.text == "the kernel drops a packet: no socket"
    assert event.values == {"reason": "NO_SOCKET"}
    assert event.socket == Socket("inet", "tcp", THERE, HERE)


def test_what_a_capture_s_filter_leaves_out_is_no_drop() -> None:
    scene = Scene(everything=True)
    scene.record("kfree_skb", skbaddr=1, rx_sk=0, protocol=0x0800, reason=5)
    assert scene.events("dropped") == []


def test_a_reset_has_its_reason_and_its_sender(scene: Scene) -> None:
    ends = {
        "saddr": b"\x02\x00\x23\x28" + LOOPBACK + bytes(20),
        "daddr": b"\x02\x00\xa1\x12" + LOOPBACK + bytes(20),
    }
    scene.record("tcp_send_reset", skbaddr=1, skaddr=0, state=0, reason=1, flags=INTERRUPT, **ends)
    (event,) = scene.events("reset")
    assert event.text == "the kernel sends a reset: no socket"
    assert event.socket == Socket("inet", "tcp", THERE, HERE)


def test_calls_of_tracepoints_are_calls(scene: Scene) -> None:
    scene.record("sys_enter_write", __syscall_nr=1, fd=5, buf=1, count=3)
    scene.record("sys_exit_write", __syscall_nr=1, ret=3)
    begun, over = scene.events("write")
    assert (begun.text, over.text) == ("write(5, 3 octets) …", "write(5, 3 octets) = 3")


def test_a_thread_belongs_to_its_process(scene: Scene) -> None:
    scene.kernel.observe(Forked(scene.at, PID, PID, 4_194_303))
    scene.record("sys_enter_write", tid=4_194_303, __syscall_nr=1, fd=5, buf=1, count=3)
    (event,) = scene.events("write")
    assert (event.pid, event.tid) == (PID, 4_194_303)


def test_the_end_of_a_call_that_somebody_else_follows_is_theirs(scene: Scene) -> None:
    scene.begin("sendto", 5, 1, 3)
    scene.record("sys_exit_sendto", __syscall_nr=44, ret=3)
    scene.end("sendto", 3)
    assert len(scene.events("sendto")) == 2


def test_a_call_during_which_records_were_lost_is_not_paired_with_a_later_return(scene: Scene) -> None:
    scene.record("sys_enter_write", __syscall_nr=1, fd=5, buf=1, count=3)
    scene.kernel.take(Lost(scene.at, 0, 1200))
    scene.record("sys_exit_write", __syscall_nr=1, ret=3)
    written = scene.events("write", "lost")
    assert [(event.source, event.name) for event in written] == [("call", "write"), ("kernel", "lost")]
    assert written[1].values == {"count": 1200}
    assert written[1].text == "1,200 kernel events lost: there was no room for them"
