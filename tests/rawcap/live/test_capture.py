"""`rawcap.capture`: packets from the kernel, live, in network namespaces of the tests' own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest

import rawcap
from dissectors.packet import Packet
from rawcap.filter.errors import FilterError
from rawcap.live import Counts, LiveCapture, LiveError
from rawcap.live.packet_socket import PacketSocket
from scripts.captures.hosts import CLIENT, CLIENT_MAC, SERVER, SERVER_MAC, Host, Lab

pytestmark = pytest.mark.privileged

PATIENCE = 20.0  # seconds, after which what has to come does not; every capture ends then at the latest
LOCAL = "127.0.0.1"
CHECKSUM_NOT_READY, TO_BE_SEGMENTED = 1 << 9, 1 << 11  # of epb_flags (draft-ietf-opsawg-pcapng, 4.3.1)
PACKET_HOST, PACKET_OTHERHOST, PACKET_OUTGOING = 0, 3, 4  # linux/if_packet.h

Open = Callable[..., LiveCapture]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Begins a capture on a host, to the end of the test."""
    made: list[LiveCapture] = []

    def opened(host: Host, interfaces: str | list[str], **settings: Any) -> LiveCapture:
        with host.inside():
            made.append(rawcap.capture(interfaces, **({"duration": PATIENCE} | settings)))
        return made[-1]

    yield opened
    for each in made:
        each.close()


def take(live: LiveCapture, count: int) -> list[Packet]:
    """The next packets, so many."""
    packets = list(islice(live, count))
    assert len(packets) == count, f"{len(packets)} of {count} packets came: {live.stats}"
    return packets


def rest(live: LiveCapture) -> list[Packet]:
    """All that has come and was not read yet."""
    live.stop()
    return list(live)


def send(host: Host, port: int, *payloads: bytes, to: str = LOCAL) -> None:
    """Send datagrams to a port of the loopback interface."""
    sender = host.socket(kind=socket.SOCK_DGRAM)
    for payload in payloads:
        sender.sendto(payload, (to, port))


def sender(host: Host, interface: str) -> Callable[[bytes], int]:
    """What puts frames on a wire, as they are."""
    wire = host.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    return wire.send


def mac(address: str) -> bytes:
    return bytes.fromhex(address.replace(":", ""))


def frame(payload: bytes = b"", ethertype: int = 0x88B5) -> bytes:
    """A frame of an EtherType for experiments (IEEE 802), of the least length."""
    return mac(SERVER_MAC) + mac(CLIENT_MAC) + struct.pack("!H", ethertype) + payload.ljust(46, b"\0")


def tagged(vlan: int, payload: bytes = b"", tag_type: int = 0x8100, inner: bytes = b"") -> bytes:
    """The same with a VLAN tag, and more tags behind it."""
    untagged = frame(payload)
    return untagged[:12] + struct.pack("!HH", tag_type, vlan) + inner + untagged[12:]


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def payloads(packets: list[Packet]) -> list[bytes]:
    return [packet.udp.payload for packet in packets]


def flags(packet: Packet) -> int:
    """The flags word of a packet (epb_flags)."""
    return int.from_bytes(dict(packet.options)[2], sys.byteorder)


def eventually(condition: Callable[[], object]) -> bool:
    """Whether it becomes true before patience ends."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


# -- the stream -----------------------------------------------------------------------------------------------


def test_who_sends_at_once_misses_nothing(host: Host) -> None:
    with host.inside(), rawcap.capture("lo", filter="udp port 9000", count=1000, duration=PATIENCE) as live:
        send(host, 9000, *numbered(1000))
        assert payloads(list(live)) == numbered(1000)


def test_a_frame_of_the_loopback_interface_comes_once(host: Host, opened: Open) -> None:
    live = opened(host, "lo")
    send(host, 9000, b"one", b"two")
    assert payloads(rest(live)) == [b"one", b"two"]


def test_packets_are_numbered_and_timed(host: Host, opened: Open) -> None:
    live = opened(host, "lo")
    before = time.time_ns()
    send(host, 9000, *numbered(100))
    after = time.time_ns()
    packets = rest(live)
    assert [packet.number for packet in packets] == list(range(1, 101))
    times = [packet.time_ns or 0 for packet in packets]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= after
    assert any(time_ns % 1000 for time_ns in times)  # finer than microseconds


def test_async_for(host: Host, opened: Open) -> None:
    live = opened(host, "lo", count=3)

    async def read() -> list[Packet]:
        asyncio.get_running_loop().call_later(0.05, send, host, 9000, b"one", b"two", b"three")
        return [packet async for packet in live]

    assert payloads(asyncio.run(read())) == [b"one", b"two", b"three"]


def test_async_for_leaves_others_their_turn_while_nothing_comes(host: Host, opened: Open) -> None:
    live = opened(host, "lo", count=1)

    async def other() -> None:
        for _ in range(10):
            await asyncio.sleep(0)
        send(host, 9000, b"after ten turns")

    async def read() -> list[Packet]:
        task = asyncio.create_task(other())
        packets = [packet async for packet in live]
        await task
        return packets

    assert payloads(asyncio.run(read())) == [b"after ten turns"]


def test_async_for_leaves_others_their_turn_while_much_comes(host: Host, opened: Open) -> None:
    live = opened(host, "lo")
    send(host, 9000, *[bytes(1400)] * 2000)  # several blocks of the ring
    read_before = []

    async def other() -> None:
        read_before.append(live.captured)
        live.stop()

    async def read() -> None:
        task = asyncio.create_task(other())
        async for _ in live:
            pass
        await task

    asyncio.run(read())
    assert live.captured == 2000
    assert read_before[0] < 2000


def test_it_ends_after_a_number_of_packets(host: Host, opened: Open) -> None:
    live = opened(host, "lo", count=2, duration=None)
    send(host, 9000, *numbered(5))
    assert payloads(list(live)) == [b"0", b"1"]


def test_it_ends_after_a_time(host: Host, opened: Open) -> None:
    assert list(opened(host, "lo", duration=0.1)) == []


def test_it_ends_after_a_time_while_packets_come(host: Host, opened: Open) -> None:
    live = opened(host, "lo", duration=0.2)
    with flood(host, 9000):
        assert len(list(live)) == live.captured


def test_another_thread_stops_it(host: Host, opened: Open) -> None:
    live = opened(host, "lo")
    reading, packets = threading.Event(), []

    def read() -> None:
        for packet in live:
            packets.append(packet)
            reading.set()

    reader = threading.Thread(target=read)
    reader.start()
    send(host, 9000, b"the only one")
    assert reading.wait(PATIENCE)
    live.stop()
    reader.join(PATIENCE / 2)
    assert not reader.is_alive()
    assert payloads(packets) == [b"the only one"]


def test_what_came_before_the_stop_is_given(host: Host, opened: Open) -> None:
    live = opened(host, "lo")
    send(host, 9000, *numbered(50))
    live.stop()
    assert payloads(list(live)) == numbered(50)
    send(host, 9000, b"too late")
    assert list(live) == []


def test_who_leaves_the_loop_and_comes_back_goes_on(host: Host, opened: Open) -> None:
    live = opened(host, "lo")
    send(host, 9000, *numbered(10))
    assert payloads(take(live, 3)) == [b"0", b"1", b"2"]
    assert payloads(rest(live)) == numbered(10)[3:]


def test_the_kernel_counts_what_the_filter_let_pass(host: Host, opened: Open) -> None:
    live = opened(host, "lo", filter="udp port 9001")
    send(host, 9000, *numbered(7))
    send(host, 9001, *numbered(5))
    assert live.stats == Counts(0, 5, 0)
    assert len(rest(live)) == 5
    assert live.stats == Counts(5, 5, 0)


def test_counts_stay_after_the_end(host: Host, opened: Open) -> None:
    live = opened(host, "lo")
    send(host, 9000, b"one", b"two")
    rest(live)
    live.close()
    assert live.stats == Counts(2, 2, 0)


def test_what_the_ring_has_no_room_for_is_counted(host: Host, opened: Open) -> None:
    live = opened(host, "lo", ring_octets=1)  # the smallest, of four blocks
    send(host, 9000, *[bytes(1400)] * 2000)
    packets = rest(live)
    assert live.stats.received == 2000
    assert live.stats.dropped > 0
    assert len(packets) == 2000 - live.stats.dropped


def test_a_display_filter_is_not_the_kernels(host: Host, opened: Open) -> None:
    live = opened(host, "lo", display_filter="udp.length == 11")
    send(host, 9000, b"one", b"three", b"two")
    assert payloads(rest(live)) == [b"one", b"two"]
    assert live.stats == Counts(2, 3, 0)


# -- what comes -----------------------------------------------------------------------------------------------


@contextmanager
def flood(host: Host, port: int) -> Iterator[None]:
    """Datagrams to a port, one after the other without a pause, as long as the `with` block lasts."""
    over = threading.Event()
    socket_ = host.socket(kind=socket.SOCK_DGRAM)

    def send_on() -> None:
        while not over.is_set():
            socket_.sendto(b"unwanted", (LOCAL, port))

    flooding = threading.Thread(target=send_on)
    flooding.start()
    try:
        yield
    finally:
        over.set()
        flooding.join()


@pytest.mark.parametrize("kind", ["packet", "cooked", "ip"])
def test_no_frame_slips_past_the_filter_while_it_opens(host: Host, opened: Open, kind: str) -> None:
    with flood(host, 9000):
        for _ in range(20):
            live = opened(host, "lo", filter="udp port 9001", socket=kind, ring_octets=1 << 20)
            send(host, 9001, b"wanted")
            assert payloads(rest(live)) == [b"wanted"]
            live.close()


@pytest.mark.parametrize(
    ("direction", "seen"), [("in", [b"in"]), ("out", [b"out"]), ("inout", [b"out", b"in"])], ids=["in", "out", "inout"]
)
@pytest.mark.parametrize("kind", ["packet", "cooked"])
def test_direction(wire: Host, opened: Open, direction: str, seen: list[bytes], kind: str) -> None:
    live = opened(wire, "left", direction=direction, socket=kind)
    sender(wire, "left")(frame(b"out"))
    sender(wire, "right")(frame(b"in"))
    start = 14 if kind == "packet" else 20
    assert [packet.data[start:].rstrip(b"\0") for packet in rest(live)] == seen


@pytest.mark.parametrize(("direction", "bits"), [("in", 1), ("out", 2), ("inout", 1)])
def test_the_loopback_interface_has_each_frame_in_either_direction(
    host: Host, opened: Open, direction: str, bits: int
) -> None:
    live = opened(host, "lo", direction=direction)
    send(host, 9000, b"one")
    (packet,) = rest(live)
    assert flags(packet) & 3 == bits  # inbound 1, outbound 2


def test_any_names_the_interface_of_every_packet(wire: Host, opened: Open) -> None:
    live = opened(wire, "any")
    sender(wire, "left")(frame())
    send(wire, 9000, b"loop")
    packets = rest(live)
    assert [packet.interface.name for packet in packets] == ["left", "right", "lo"]
    assert {packet.interface.linktype for packet in packets} == {276}
    assert {interface.name for interface in live.interfaces} == {"any", "left", "right", "lo"}


def test_any_has_linux_cooked_headers(wire: Host, opened: Open) -> None:
    live = opened(wire, "any")
    sender(wire, "left")(frame(b"data"))
    with wire.inside():
        left, right = socket.if_nametoindex("left"), socket.if_nametoindex("right")
    source = mac(CLIENT_MAC) + bytes(2)
    kinds = ((left, PACKET_OUTGOING), (right, PACKET_OTHERHOST))
    assert [packet.data for packet in rest(live)] == [
        struct.pack("!HHIHBB", 0x88B5, 0, index, 1, kind, 6) + source + frame(b"data")[14:] for index, kind in kinds
    ]


def test_any_has_a_frame_of_the_loopback_interface_once(host: Host, opened: Open) -> None:
    live = opened(host, "any")
    send(host, 9000, b"one", b"two")
    packets = rest(live)
    assert payloads(packets) == [b"one", b"two"]
    assert [packet.data[10] for packet in packets] == [PACKET_HOST] * 2


def test_two_interfaces_in_the_order_of_time(wire: Host, opened: Open) -> None:
    live = opened(wire, ["right", "left"])
    ends = [sender(wire, "left"), sender(wire, "right")]
    for number in range(200):
        ends[number % 2](frame(b"%d" % number))
    packets = rest(live)
    times = [packet.time_ns or 0 for packet in packets]
    assert times == sorted(times)
    ways = [("left", "right"), ("right", "left")]
    assert [(packet.data[14:].rstrip(b"\0"), packet.interface.name) for packet in packets] == [
        (b"%d" % number, name) for number in range(200) for name in ways[number % 2]
    ]


def test_what_comes_while_two_interfaces_are_read_is_in_the_order_of_time(wire: Host, opened: Open) -> None:
    live = opened(wire, ["right", "left"], count=400)
    ends = [sender(wire, "left"), sender(wire, "right")]

    def talk() -> None:
        for number in range(200):
            ends[number % 2](frame(b"%d" % number))
            time.sleep(0.0005)

    talking = threading.Thread(target=talk)
    talking.start()
    packets = list(live)
    talking.join()
    times = [packet.time_ns or 0 for packet in packets]
    assert len(times) == 400
    assert times == sorted(times)


# -- what the kernel took out of a frame, or had not put in yet -------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        tagged(5, b"one tag"),
        tagged(0x2005, b"a tag with a priority"),
        tagged(7, b"a provider's tag", tag_type=0x88A8),
        tagged(7, b"two tags", tag_type=0x88A8, inner=struct.pack("!HH", 0x8100, 5)),
        tagged(6, b"twice the same", inner=struct.pack("!HH", 0x8100, 5)),
        frame(b"none"),
    ],
    ids=["802.1Q", "priority", "802.1ad", "QinQ", "802.1Q twice", "none"],
)
@pytest.mark.parametrize("end", ["left", "right"])
def test_a_vlan_tag_is_where_it_was_on_the_wire(wire: Host, opened: Open, sent: bytes, end: str) -> None:
    live = opened(wire, end)
    sender(wire, "left")(sent)
    (packet,) = rest(live)
    assert packet.data == sent
    assert packet.length == len(sent)


@pytest.mark.parametrize("end", ["left", "right"])
def test_a_filter_sees_the_tag(wire: Host, opened: Open, end: str) -> None:
    live = opened(wire, end, filter="vlan 5")
    put = sender(wire, "left")
    for each in (tagged(6, b"other"), frame(b"none"), tagged(5, b"this"), tagged(5, b"that")):
        put(each)
    assert [packet.data for packet in rest(live)] == [tagged(5, b"this"), tagged(5, b"that")]


@pytest.mark.parametrize("kind", ["packet", "cooked"])
def test_of_a_packet_so_many_octets_are_kept(host: Host, opened: Open, kind: str) -> None:
    live = opened(host, "lo", snaplen=50, socket=kind)
    send(host, 9000, bytes(100))
    (packet,) = rest(live)
    assert len(packet.data) == 50
    assert packet.length == {"packet": 14, "cooked": 20}[kind] + 20 + 8 + 100


def test_a_checksum_that_was_left_to_the_card_is_no_wrong_one(host: Host, opened: Open) -> None:
    live = opened(host, "lo")
    send(host, 9000, b"not checksummed yet")
    (packet,) = rest(live)
    assert flags(packet) & CHECKSUM_NOT_READY
    assert packet["udp.checksum.status"] == 5  # offloaded


def test_segments_that_the_card_would_have_cut_are_marked(opened: Open) -> None:
    client, server = Host(CLIENT_MAC, CLIENT, "2001:db8::1"), Host(SERVER_MAC, SERVER, "2001:db8::2")
    try:
        there = f"/proc/{os.getpid()}/fd/{server.namespace}"
        client.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", there)
        for each in (client, server):
            each.ip("link", "set", "eth0", "address", each.mac, "up")
            each.ip("address", "add", f"{each.ipv4}/24", "dev", "eth0")
        live = opened(client, "eth0", filter="tcp port 9000")
        listener = server.socket()
        listener.bind((SERVER, 9000))
        listener.listen(1)
        speaking = client.socket()
        speaking.connect((SERVER, 9000))
        speaking.sendall(bytes(40_000))
        large = next(packet for packet in live if packet.length > 1514)
        assert flags(large) & TO_BE_SEGMENTED
        assert flags(large) & CHECKSUM_NOT_READY
    finally:
        client.close()
        server.close()


# -- sharing, promiscuous mode, namespaces ----------------------------------------------------------------------


def datagram(port: int, payload: bytes) -> bytes:
    """A frame with a UDP datagram without a checksum, from a port of one host to port 9000 of the other."""
    udp = struct.pack("!HHHH", port, 9000, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    return frame()[:12] + b"\x08\x00" + header + socket.inet_aton(CLIENT) + socket.inet_aton(SERVER) + udp


def test_captures_of_a_group_share_the_flows(wire: Host, opened: Open) -> None:
    workers = [opened(wire, "right", fanout=77) for _ in range(2)]
    put = sender(wire, "left")
    sent = [(port, number) for number in range(10) for port in range(40000, 40040)]
    for port, number in sent:
        put(datagram(port, b"%d" % number))
    shares = [[(packet.udp.srcport, int(packet.udp.payload)) for packet in rest(live)] for live in workers]
    assert sorted(shares[0] + shares[1]) == sorted(sent)  # all, and none twice
    flows = [{port for port, _ in share} for share in shares]
    assert not flows[0] & flows[1]
    assert all(flows)


def test_a_group_is_of_one_interface(wire: Host, opened: Open) -> None:
    opened(wire, "right", fanout=78)
    with pytest.raises(LiveError, match=r"^left cannot share its frames in group 78: .*$"):
        opened(wire, "left", fanout=78)


def promiscuity(host: Host, interface: str) -> int:
    """How many have asked an interface for what is not for this host."""
    with host.inside():
        told = subprocess.run(
            ["ip", "-details", "-json", "link", "show", "dev", interface], check=True, capture_output=True
        )
    return int(json.loads(told.stdout)[0]["promiscuity"])


def test_promiscuous_mode_is_taken_and_given_back(wire: Host, opened: Open) -> None:
    live = opened(wire, "left")
    assert promiscuity(wire, "left") == 1
    live.close()
    assert promiscuity(wire, "left") == 0


def test_promiscuous_mode_is_left_out_when_asked(wire: Host, opened: Open) -> None:
    opened(wire, "left", promiscuous=False)
    assert promiscuity(wire, "left") == 0


def test_promiscuous_mode_ends_with_a_process_that_is_killed(wire: Host) -> None:
    program = "import rawcap, signal; rawcap.capture('left'); print('begun', flush=True); signal.pause()"
    with wire.inside():
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        assert promiscuity(wire, "left") == 1
        child.send_signal(signal.SIGKILL)
    assert eventually(lambda: promiscuity(wire, "left") == 0)


def seen_in(host: Host, netns: str) -> list[bytes]:
    """What a capture that was told the namespace sees of the host's datagrams."""
    with rawcap.capture("lo", netns=netns, duration=PATIENCE) as live:
        send(host, 9000, b"there")
        return payloads(rest(live))


def test_a_namespace_by_its_path(host: Host) -> None:
    assert seen_in(host, f"/proc/self/fd/{host.namespace}") == [b"there"]


@pytest.fixture
def resident(host: Host) -> Iterator[int]:
    """The number of a process that is in the host's namespace."""
    with host.inside():
        child = subprocess.Popen(["sleep", "60"])
    with child:
        yield child.pid
        child.kill()


def test_a_namespace_by_a_process_in_it(host: Host, resident: int) -> None:
    assert seen_in(host, str(resident)) == [b"there"]


def test_a_namespace_by_its_name(host: Host, resident: int) -> None:
    name = f"rawcap-test-{os.getpid()}"
    subprocess.run(["ip", "netns", "attach", name, str(resident)], check=True)
    try:
        assert seen_in(host, name) == [b"there"]
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


# -- what goes wrong --------------------------------------------------------------------------------------------


def until_it_fails(live: LiveCapture) -> tuple[list[bytes], str]:
    """What the frames carry that are given before an error, and what that says."""
    packets: list[Packet] = []
    with pytest.raises(LiveError) as error:
        packets.extend(live)
    start = 14 if packets and packets[0].interface.linktype == 1 else 20
    return [packet.data[start:].rstrip(b"\0") for packet in packets], str(error.value)


@pytest.mark.parametrize("kind", ["packet", "cooked"])
def test_an_interface_that_is_removed_is_told_after_what_came(wire: Host, opened: Open, kind: str) -> None:
    live = opened(wire, "left", socket=kind)
    put = sender(wire, "left")
    for number in numbered(50):
        put(frame(number))
    wire.ip("link", "delete", "left")
    assert until_it_fails(live) == (numbered(50), "left has disappeared")
    assert list(live) == []  # it is told once


def test_an_interface_that_goes_down_is_told_after_what_came(wire: Host, opened: Open) -> None:
    live = opened(wire, "left")
    sender(wire, "left")(frame(b"before"))
    wire.ip("link", "set", "left", "down")
    assert until_it_fails(live) == ([b"before"], "left went down")


def test_an_interface_that_is_removed_while_nothing_comes(wire: Host, opened: Open) -> None:
    live = opened(wire, "left")
    deleting = threading.Timer(0.1, wire.ip, ["link", "delete", "left"])
    deleting.start()
    assert until_it_fails(live) == ([], "left has disappeared")
    deleting.join()


def test_of_two_interfaces_one_is_removed_and_told_after_what_came(two_wires: Host, opened: Open) -> None:
    live = opened(two_wires, ["left", "near"])
    sender(two_wires, "left")(frame(b"left"))
    sender(two_wires, "near")(frame(b"near"))
    two_wires.ip("link", "delete", "left")
    assert until_it_fails(live) == ([b"left", b"near"], "left has disappeared")
    sender(two_wires, "near")(frame(b"afterwards"))
    assert [packet.data for packet in rest(live)] == [frame(b"afterwards")]


def test_of_two_interfaces_one_is_removed_and_the_other_goes_on(two_wires: Host, opened: Open) -> None:
    told: list[str] = []
    live = opened(two_wires, ["left", "near"], problem=lambda error: told.append(str(error)))
    sender(two_wires, "left")(frame(b"before"))
    two_wires.ip("link", "delete", "left")
    put = sender(two_wires, "near")

    def go_on() -> None:
        eventually(lambda: told)
        put(frame(b"afterwards"))
        live.stop()

    going_on = threading.Thread(target=go_on)
    going_on.start()
    packets = list(live)
    going_on.join()
    assert told == ["left has disappeared"]
    assert [packet.data for packet in packets] == [frame(b"before"), frame(b"afterwards")]


def test_an_interface_that_several_sockets_lose_is_told_once(wire: Host, opened: Open) -> None:
    told: list[str] = []
    live = opened(
        wire, "left", socket="ip", protocols=["udp", "tcp"], problem=lambda error: told.append(str(error))
    )
    wire.ip("link", "delete", "left")
    assert list(live) == []
    assert told == ["left has disappeared"]


def test_any_outlives_the_interfaces_that_go_away(wire: Host, opened: Open) -> None:
    live = opened(wire, "any")
    sender(wire, "left")(frame())
    wire.ip("link", "delete", "left")
    send(wire, 9000, b"afterwards")
    packets = rest(live)
    assert [packet.length for packet in packets[:-1]] == [20 + 46] * 2
    assert payloads(packets[-1:]) == [b"afterwards"]


def test_an_interface_that_is_down_cannot_be_captured_on(wire: Host, opened: Open) -> None:
    wire.ip("link", "set", "left", "down")
    line = r"^left is down, so nothing passes there: bring it up with `ip link set left up`$"
    with pytest.raises(LiveError, match=line):
        opened(wire, "left")


def test_a_name_that_is_not_there_is_told_with_those_that_are(wire: Host, opened: Open) -> None:
    with pytest.raises(LiveError, match=r"^there is no interface 'eth7'; there are left, lo, right, any$"):
        opened(wire, "eth7")


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"interfaces": []}, "there is no interface to capture on: name one, or 'any' for all of them"),
        ({"socket": "tcp"}, "socket is one of packet, cooked, ip, not 'tcp'"),
        ({"direction": "up"}, "direction is one of in, out, inout, not 'up'"),
        ({"timestamp": "card"}, "timestamp is one of host, adapter, not 'card'"),
        ({"snaplen": 0}, "snaplen is 1 or more, not 0"),
        ({"ring_octets": 0}, "ring_octets is 1 or more, not 0"),
        ({"count": -1}, "count is 0 or more, not -1"),
        ({"duration": -0.5}, "duration is 0 or more, not -0.5"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_argument_that_cannot_be(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError) as caught:
        rawcap.capture(**({"interfaces": "lo"} | settings))
    assert str(caught.value) == line


def test_a_wrong_filter_opens_nothing(host: Host, opened: Open) -> None:
    with pytest.raises(FilterError):
        opened(host, "lo", filter="tcp prot 80")


def test_a_ring_that_is_too_large_is_had_smaller(host: Host, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rawcap.live.ring._most", lambda: 1 << 21)
    live = opened(host, "lo", ring_octets=1 << 50)
    (source,) = live.sources
    assert isinstance(source, PacketSocket)
    assert (source.ring.asked, source.ring.octets) == (1 << 50, 1 << 21)
    send(host, 9000, b"one")
    assert payloads(rest(live)) == [b"one"]


# -- the kinds of sockets, on the same traffic ------------------------------------------------------------------


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def test_cooked_and_raw_ip_sockets_see_what_a_packet_socket_sees(lab: Lab, opened: Open, family: int) -> None:
    _, here, there = lab.addresses()[family == socket.AF_INET6]
    plain = lab.server.socket(socket.AF_PACKET, socket.SOCK_RAW)  # none of rawcap's
    plain.bind(("eth0", 3))  # ETH_P_ALL
    wanted = "udp port 9000"
    packet, cooked, ip = (
        opened(lab.server, "eth0", filter=wanted, socket=kind) for kind in ("packet", "cooked", "ip")
    )
    client, server = lab.client.datagrams(family, here, 0), lab.server.datagrams(family, there, 9000)
    for request in (b"", b"question", bytes(1400)):
        client.sendto(request, (there, 9000))
        server.sendto(b"answer", server.recvfrom(2000)[1])
        client.recv(2000)
    client.sendto(b"elsewhere", (there, 9001))
    client.sendto(b"the end", (there, 9000))
    came, left = [], []
    while not came or not came[-1].endswith(b"the end"):
        data, address = plain.recvfrom(2000)
        if b"elsewhere" not in data:
            (left if address[2] == PACKET_OUTGOING else came).append(data)
    seen = rest(packet)
    assert [each.data for each in seen if flags(each) & 3 == 1] == came
    assert [each.data for each in seen if flags(each) & 3 == 2] == left
    seen = rest(cooked)
    assert [each.data[20:] for each in seen if each.data[10] == PACKET_HOST] == [data[14:] for data in came]
    assert [each.data[20:] for each in seen if each.data[10] == PACKET_OUTGOING] == [data[14:] for data in left]
    assert [each.data for each in rest(ip)] == [data[14:] for data in came]
