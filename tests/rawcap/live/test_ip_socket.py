"""Raw IP sockets as a source of packets: what they see of the traffic that a packet socket sees, octet by octet."""

from __future__ import annotations

import errno
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrHopByHop,
    PadN,
)
from scapy.layers.l2 import Ether
from scapy.packet import Packet as Layers

from dissectors.packet import Packet
from rawcap.filter.errors import FilterError
from rawcap.filter.kernel import pcap_filter
from rawcap.live import ip_socket as module
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.ip_socket import IPSocket, ip_sockets, ipv6_header, kinds, protocol_number
from scripts.captures.hosts import (
    CLIENT,
    CLIENT6,
    CLIENT_MAC,
    SERVER,
    SERVER6,
    SERVER_MAC,
    Host,
    Lab,
    Recorder,
)

V4, V6 = socket.AF_INET, socket.AF_INET6
ICMP, TCP_, UDP_, ICMPV6 = 1, 6, 17, 58
PATIENCE = 5.0  # seconds, after which what has to come does not
Open = Callable[..., IPSocket]

both = pytest.mark.parametrize("family", [V4, V6], ids=["IPv4", "IPv6"])


# -- without a socket -----------------------------------------------------------------------------------------


def ancillary(*, flow: bytes | None = b"\x02\xe1\xc4\x78") -> list[tuple[int, int, bytes]]:
    """What Linux told with a datagram to 2001:db8::2 on interface 2, of traffic class 2e and hop limit 33."""
    told = [
        (1, 35, bytes.fromhex("520f056b00000000b172fe2800000000")),
        (41, 50, bytes.fromhex("20010db800000000000000000000000202000000")),
        (41, 52, struct.pack("@i", 33)),
    ]
    return [*told, (41, 11, flow)] if flow is not None else told


def test_an_ipv6_header_is_made_from_what_the_kernel_tells() -> None:
    assert ipv6_header(UDP_, 13, "2001:db8::1", ancillary()).hex() == (
        "62e1c478" "000d" "11" "21" "20010db8000000000000000000000001" "20010db8000000000000000000000002"
    )


def test_no_traffic_class_and_no_flow_label_are_not_told() -> None:
    assert ipv6_header(UDP_, 13, "2001:db8::1", ancillary(flow=None))[:4].hex() == "60000000"


def test_a_payload_too_long_for_its_field_has_the_length_of_a_jumbogram() -> None:
    assert ipv6_header(TCP_, 65535, "2001:db8::1", ancillary())[4:6].hex() == "ffff"
    assert ipv6_header(TCP_, 65536, "2001:db8::1", ancillary())[4:6].hex() == "0000"


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("icmp", 1),
        ("tcp", 6),
        ("udp", 17),
        ("UDP", 17),
        ("icmpv6", 58),
        ("ipv6-icmp", 58),
        ("ospf", 89),
        ("sctp", 132),
        ("132", 132),
        ("1", 1),
        ("255", 255),
    ],
)
def test_a_protocol_has_a_name_or_a_number(name: str, number: int) -> None:
    assert protocol_number(name) == number


def test_other_names_are_looked_up_in_the_systems_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getprotobyname", {"isis": 124}.__getitem__)
    assert protocol_number("ISIS") == 124


def test_an_unknown_protocol_is_named_with_its_like() -> None:
    with pytest.raises(ValueError, match=r"^there is no protocol 'sctpp'; did you mean sctp\?$"):
        protocol_number("sctpp")


@pytest.mark.parametrize("number", ["0", "256"])
def test_the_kernel_has_sockets_for_the_protocols_1_to_255(number: str) -> None:
    line = rf"^there is no raw IP socket of protocol {number}: the kernel has them for 1 to 255$"
    with pytest.raises(ValueError, match=line):
        protocol_number(number)
    with pytest.raises(ValueError, match=line):
        opened(V4, int(number))


def opened(family: int, protocol: int, **changed: Any) -> IPSocket:
    """A socket that sees all there is on every interface, but for what is changed."""
    settings = {"interface": None, "snaplen": 262144, "filter": None, "buffer": 1 << 20, "number": 0}
    return IPSocket(family, protocol, **(settings | changed))


def test_an_interface_that_is_not_there_is_said_in_one_line() -> None:
    for name in ("nowhere7", ""):
        with pytest.raises(LiveError, match=rf"^there is no interface '{name}'; .*$"):
            opened(V4, UDP_, interface=name)


def test_a_filter_that_says_nothing_of_ip_is_refused() -> None:
    with pytest.raises(FilterError):
        opened(V4, UDP_, filter=pcap_filter("ether host 00:00:5e:00:53:01"))


def refuse(problem: OSError) -> Callable[..., socket.socket]:
    def no_socket(*_: object) -> socket.socket:
        raise problem

    return no_socket


def test_without_the_capability_the_line_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", refuse(PermissionError(errno.EPERM, "Operation not permitted")))
    with pytest.raises(NotPermitted, match=r"^capturing needs CAP_NET_RAW, "):
        opened(V4, UDP_)


def test_a_kernel_without_ipv6_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", refuse(OSError(errno.EAFNOSUPPORT, "Address family not supported")))
    with pytest.raises(LiveError, match=r"^there is no raw IP socket of ICMPv6: this kernel has no IPv6$"):
        opened(V6, ICMPV6)


# -- with sockets, in namespaces of their own -----------------------------------------------------------------


@pytest.fixture
def see() -> Iterator[Open]:
    """Opens a raw IP socket on a host, to the end of the test."""
    made: list[IPSocket] = []

    def see(host: Host, family: int, protocol: int, **changed: Any) -> IPSocket:
        with host.inside():
            made.append(opened(family, protocol, **changed))
        return made[-1]

    yield see
    for each in made:
        each.close()


def take(source: IPSocket, count: int) -> list[Packet]:
    """So many packets, as they come."""
    poll = select.poll()
    poll.register(source.fileno(), select.POLLIN)
    packets: list[Packet] = []
    while len(packets) < count:
        assert poll.poll(PATIENCE * 1000), f"{len(packets)} of {count} packets came"
        packets += source.packets()
    return packets


def datagrams(recorder: Recorder, protocol: int, to: str = SERVER_MAC) -> list[bytes]:
    """The IP datagrams of a protocol in the frames that a packet socket saw going to a link-layer address."""
    frames = [frame.data for frame in recorder.stop(quiet=0)]
    frames = [frame for frame in frames if frame[:6] == bytes.fromhex(to.replace(":", ""))]
    return [
        frame[14:]
        for frame in frames
        if (frame[12:14] == b"\x08\x00" and frame[23] == protocol)
        or (frame[12:14] == b"\x86\xdd" and frame[20] == protocol)
    ]


def talk(lab: Lab, family: int, port: int = 9) -> tuple[socket.socket, Callable[[bytes], int]]:
    """A UDP socket of the client, and what sends from it to a port of the server; at the usual one nobody listens."""
    _, here, there = lab.addresses()[family == V6]
    client = lab.client.datagrams(family, here, 0)
    return client, lambda data: client.sendto(data, (there, port))


def payloads(packets: list[Packet]) -> list[bytes]:
    return [packet.udp.payload for packet in packets]


@pytest.mark.privileged
@both
def test_udp_is_what_the_packet_socket_saw_come_in(lab: Lab, see: Open, family: int) -> None:
    source, recorder = see(lab.server, family, UDP_, interface="eth0"), Recorder(lab.server, "eth0")
    client, send = talk(lab, family, 5000)
    if family == V6:
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 0x2E)
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 33)
    for data in (b"", b"a", b"b" * 1400):
        send(data)
    packets = take(source, 3)
    assert sorted(packet.data for packet in packets) == sorted(datagrams(recorder, UDP_))
    assert [packet.length for packet in packets] == [len(packet.data) for packet in packets]


@pytest.mark.privileged
@both
def test_of_a_tcp_connection_the_segments_that_came_in_are_seen(lab: Lab, see: Open, family: int) -> None:
    source, recorder = see(lab.server, family, TCP_, interface="eth0"), Recorder(lab.server, "eth0")
    client, server = lab.connect(9000, family, from_port=49152 + family)
    client.sendall(b"request")
    assert server.recv(100) == b"request"
    server.sendall(b"response")
    assert client.recv(100) == b"response"
    client.shutdown(socket.SHUT_WR)
    assert server.recv(100) == b""
    packets: list[Packet] = []
    while not any(packet["tcp.flags.fin"] for packet in packets):
        packets += take(source, 1)
    assert sorted(packet.data for packet in packets) == sorted(datagrams(recorder, TCP_))
    assert {packet.tcp.dstport for packet in packets} == {9000}


@pytest.mark.privileged
@pytest.mark.parametrize(
    ("family", "protocol", "request_", "filter"),
    [(V4, ICMP, "0800f7ff00000000", "icmp"), (V6, ICMPV6, "8000000000000000", "ip6[40] = 128")],
    ids=["ICMP", "ICMPv6"],
)
def test_what_the_kernel_answers_is_seen(
    lab: Lab, see: Open, family: int, protocol: int, request_: str, filter: str
) -> None:
    source = see(lab.server, family, protocol, interface="eth0", filter=pcap_filter(filter, 101))
    recorder = Recorder(lab.server, "eth0")
    asking = lab.client.socket(family, socket.SOCK_RAW, protocol)
    asking.sendto(bytes.fromhex(request_), (lab.addresses()[family == V6][2], 0))
    (packet,) = take(source, 1)
    assert packet.data in datagrams(recorder, protocol)


@pytest.mark.privileged
@pytest.mark.parametrize(("family", "address"), [(V4, "127.0.0.1"), (V6, "::1")], ids=["IPv4", "IPv6"])
def test_on_the_loopback_interface_everything_comes_in_once(lab: Lab, see: Open, family: int, address: str) -> None:
    source, recorder = see(lab.server, family, UDP_, interface="lo"), Recorder(lab.server, "lo")
    sender = lab.server.datagrams(family, address, 5002)
    for data in (b"one", b"two", b"three"):
        sender.sendto(data, (address, 5002))
    packets = take(source, 3)
    assert [packet.data for packet in packets] == datagrams(recorder, UDP_, to="00:00:00:00:00:00")
    assert payloads(packets) == [b"one", b"two", b"three"]


@pytest.mark.privileged
@both
def test_what_a_host_sends_to_its_own_address_comes_in_where_that_is(lab: Lab, see: Open, family: int) -> None:
    address = lab.addresses()[family == V6][2]
    there, loopback = see(lab.server, family, UDP_, interface="eth0"), see(lab.server, family, UDP_, interface="lo")
    lab.server.socket(family, socket.SOCK_DGRAM).sendto(b"to myself", (address, 9))
    assert payloads(take(there, 1)) == [b"to myself"]
    assert list(loopback.packets()) == []


@pytest.mark.privileged
@both
def test_what_the_host_sends_is_not_seen(lab: Lab, see: Open, family: int) -> None:
    there = lab.addresses()[family == V6][2]
    source = see(lab.server, family, UDP_, interface="eth0")
    client, send = talk(lab, family, 5004)
    server = lab.server.datagrams(family, there, 5004)
    send(b"there")
    assert server.recv(100) == b"there"
    server.sendto(b"and back", client.getsockname())
    assert client.recv(100) == b"and back"
    send(b"the last")
    assert server.recv(100) == b"the last"
    assert payloads(take(source, 2)) == [b"there", b"the last"]


@pytest.mark.privileged
@both
def test_any_sees_every_interface(lab: Lab, see: Open, family: int) -> None:
    source = see(lab.server, family, UDP_, interface="any")
    _, send = talk(lab, family)
    local = "::1" if family == V6 else "127.0.0.1"
    send(b"wire")
    lab.server.socket(family, socket.SOCK_DGRAM).sendto(b"loop", (local, 9))
    assert sorted(payloads(take(source, 2))) == [b"loop", b"wire"]
    assert source.interfaces[0].name == "any"


@pytest.mark.privileged
@both
def test_fragments_come_as_one_datagram(lab: Lab, see: Open, family: int) -> None:
    source = see(lab.server, family, UDP_, interface="eth0")
    _, send = talk(lab, family)
    send(b"x" * 4000)
    (packet,) = take(source, 1)
    assert packet.udp.payload == b"x" * 4000
    assert packet.length == 4008 + (40 if family == V6 else 20)


@pytest.mark.privileged
def test_the_protocol_of_fragments_sees_the_fragments_of_ipv6(lab: Lab, see: Open) -> None:
    source, recorder = see(lab.server, V6, 44, interface="eth0"), Recorder(lab.server, "eth0")
    _, send = talk(lab, V6)
    send(b"x" * 4000)
    assert sorted(packet.data for packet in take(source, 3)) == sorted(datagrams(recorder, 44))


def craft(lab: Lab, datagram: Layers, to: str = SERVER_MAC) -> None:
    """Put a datagram on the wire as it is."""
    lab.client.send_frame(bytes(Ether(src=CLIENT_MAC, dst=to) / datagram))


@pytest.mark.privileged
def test_extension_headers_are_gone_and_the_header_speaks_of_what_is_left(lab: Lab, see: Open) -> None:
    source = see(lab.server, V6, UDP_, interface="eth0")
    header = IPv6(src=CLIENT6, dst=SERVER6, tc=3, fl=5, hlim=7)
    udp = UDP(sport=1, dport=2) / b"data"
    padding = PadN(optdata=bytes(4))
    craft(lab, header / IPv6ExtHdrHopByHop(options=[padding]) / IPv6ExtHdrDestOpt(options=[padding]) / udp)
    (packet,) = take(source, 1)
    assert packet.data == bytes(header / udp)


@pytest.mark.privileged
def test_a_record_of_the_route_has_been_filled_in(lab: Lab, see: Open) -> None:
    source = see(lab.server, V4, UDP_, interface="eth0")
    record = bytes([7, 11, 4]) + bytes(9)
    datagram = bytes(IP(src=CLIENT, dst=SERVER, options=[record]) / UDP(sport=1, dport=2) / b"data")
    craft(lab, IP(datagram))
    (packet,) = take(source, 1)
    filled = bytes([7, 11, 8]) + socket.inet_aton(SERVER) + bytes(5)
    assert packet.data == datagram.replace(record, filled)


@pytest.mark.privileged
@pytest.mark.parametrize(
    ("datagram", "to"),
    [
        (IP(src=CLIENT, dst=SERVER), "00:00:5e:00:53:77"),
        (IP(src=CLIENT, dst="203.0.113.9"), SERVER_MAC),
        (IP(src=CLIENT, dst="239.1.1.1"), "01:00:5e:01:01:01"),
        (IP(src=SERVER, dst=SERVER), SERVER_MAC),
        (IP(src=CLIENT, dst=SERVER, chksum=0x1111), SERVER_MAC),
        (IP(src=CLIENT, dst=SERVER, len=200), SERVER_MAC),
    ],
    ids=["other host", "to be forwarded", "group not joined", "impossible source", "bad checksum", "too short"],
)
def test_what_the_network_layer_does_not_accept_is_not_seen(lab: Lab, see: Open, datagram: Layers, to: str) -> None:
    source, recorder = see(lab.server, V4, UDP_, interface="eth0"), Recorder(lab.server, "eth0")
    lab.server.ip("link", "set", "eth0", "promisc", "on")
    craft(lab, datagram / UDP(sport=1, dport=2) / b"not for it", to)
    craft(lab, IP(src=CLIENT, dst=SERVER) / UDP(sport=1, dport=2) / b"for it")
    assert payloads(take(source, 1)) == [b"for it"]
    lab.server.ip("link", "set", "eth0", "promisc", "off")
    assert b"not for it" in recorder.stop(quiet=0)[0].data


@pytest.mark.privileged
@pytest.mark.parametrize(
    "datagram", [IP(src=CLIENT, dst=SERVER), IPv6(src=CLIENT6, dst=SERVER6)], ids=["IPv4", "IPv6"]
)
def test_a_wrong_udp_checksum_is_seen(lab: Lab, see: Open, datagram: Layers) -> None:
    source = see(lab.server, V4 if datagram.version == 4 else V6, UDP_, interface="eth0")
    craft(lab, datagram / UDP(sport=1, dport=2, chksum=0x1234) / b"data")
    (packet,) = take(source, 1)
    assert packet.udp.checksum == 0x1234


@pytest.mark.privileged
def test_of_icmpv6_a_wrong_checksum_is_a_drop(lab: Lab, see: Open) -> None:
    source = see(lab.server, V6, ICMPV6, interface="eth0", filter=pcap_filter("icmp6 and ip6[40] = 128"))
    for checksum in (0x1234, None):
        craft(lab, IPv6(src=CLIENT6, dst=SERVER6) / ICMPv6EchoRequest(cksum=checksum))
    take(source, 1)
    assert source.statistics() == (2, 1)
    assert "messages with a wrong checksum count as dropped" in source.blind


@pytest.mark.privileged
@both
@pytest.mark.parametrize("snaplen", [1, 30, 60])
def test_data_is_cut_and_the_length_is_that_of_the_wire(lab: Lab, see: Open, family: int, snaplen: int) -> None:
    source, recorder = see(lab.server, family, UDP_, snaplen=snaplen), Recorder(lab.server, "eth0")
    _, send = talk(lab, family)
    send(b"x" * 500)
    (packet,) = take(source, 1)
    (datagram,) = datagrams(recorder, UDP_)
    assert (packet.data, packet.length) == (datagram[:snaplen], len(datagram))
    assert source.interfaces[0].snaplen == snaplen


@pytest.mark.privileged
@both
@pytest.mark.parametrize(
    "text", ["dst port 5011", "greater 60 and not port 5010", "ip[28] = 0x32 or ip6[48] = 0x32", "ip6 proto 17 or ip"]
)
def test_a_filter_lets_pass_what_it_lets_pass_on_a_file(lab: Lab, see: Open, family: int, text: str) -> None:
    filter = pcap_filter(text, 101)
    all_of_it = see(lab.server, family, UDP_, interface="eth0")
    source = see(lab.server, family, UDP_, interface="eth0", filter=filter, snaplen=48)
    for port in (5010, 5011, 5012):
        _, send = talk(lab, family, port)
        send(b"1")
        send(b"2" * 100)
    expected = [packet.data[:48] for packet in take(all_of_it, 6) if filter.matches(packet)]
    assert sorted(packet.data for packet in take(source, len(expected))) == sorted(expected)
    assert list(source.packets()) == []
    assert source.statistics() == (len(expected), 0)


@pytest.mark.privileged
@both
def test_no_packet_slips_in_before_the_filter(lab: Lab, see: Open, family: int) -> None:
    stop = threading.Event()
    _, send = talk(lab, family)

    def flood() -> None:
        while not stop.is_set():
            send(b"not wanted")

    sender = threading.Thread(target=flood)
    sender.start()
    try:
        for _ in range(20):
            source = see(lab.server, family, UDP_, filter=pcap_filter("udp port 1", 101))
            assert list(source.packets()) == []
            assert source.statistics() == (0, 0)
    finally:
        stop.set()
        sender.join()


@pytest.mark.privileged
@both
def test_a_packet_has_the_kernels_time_and_came_in(lab: Lab, see: Open, family: int) -> None:
    source = see(lab.server, family, UDP_)
    _, send = talk(lab, family)
    before = time.time_ns()
    send(b"x")
    (packet,) = take(source, 1)
    assert packet.time_ns is not None
    assert before <= packet.time_ns <= time.time_ns()
    assert packet.options == ((2, bytes.fromhex("01000000")),)


@pytest.mark.privileged
def test_it_does_not_wait_in_a_program_whose_sockets_do(lab: Lab, see: Open) -> None:
    socket.setdefaulttimeout(0.01)
    try:
        source = see(lab.server, V4, UDP_)
    finally:
        socket.setdefaulttimeout(None)
    assert list(source.packets()) == []
    assert source.problem() is None  # as a wait that has lasted too long would be


@pytest.mark.privileged
@both
def test_a_turn_is_a_thousand_packets(lab: Lab, see: Open, family: int) -> None:
    source = see(lab.server, family, UDP_, buffer=1 << 23)
    _, send = talk(lab, family)
    for _ in range(1001):
        send(b"x")
    poll = select.poll()
    poll.register(source.fileno(), select.POLLIN)
    assert poll.poll(PATIENCE * 1000)
    with_others = see(lab.server, family, UDP_)
    send(b"the last")
    take(with_others, 1)
    assert len(list(source.packets())) == 1000
    assert len(list(source.packets())) == 2


@pytest.mark.privileged
@both
@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
def test_what_there_is_no_room_for_is_counted(lab: Lab, see: Open, family: int, closed: bool) -> None:
    source = see(lab.server, family, UDP_, buffer=4096)
    client, _ = talk(lab, family)
    server = lab.server.datagrams(family, lab.addresses()[family == V6][2], 0)
    for number in range(50):
        client.sendto(bytes([number]) * 1000, server.getsockname())
        server.recv(2000)
    given = list(source.packets())
    assert 0 < len(given) < 50
    if closed:
        source.close()
    assert source.statistics() == (50, 50 - len(given))


@pytest.mark.privileged
@both
def test_stopped_it_takes_in_nothing_more_and_gives_what_is_queued(lab: Lab, see: Open, family: int) -> None:
    source, other = see(lab.server, family, UDP_), see(lab.server, family, UDP_)
    _, send = talk(lab, family)
    assert not source.drained
    send(b"before")
    take(other, 1)
    source.stop()
    send(b"after")
    take(other, 1)
    assert not source.drained
    assert payloads(list(source.packets())) == [b"before"]
    assert source.drained
    assert source.statistics() == (1, 0)


@pytest.mark.privileged
@both
def test_an_interface_that_goes_away_is_a_problem(own_lab: Lab, see: Open, family: int) -> None:
    host = own_lab.server
    source, everywhere = see(host, family, UDP_, interface="eth0"), see(host, family, UDP_)
    assert source.problem() is None
    host.ip("link", "set", "eth0", "down")
    assert source.problem() == "eth0 went down"
    host.ip("link", "set", "eth0", "name", "renamed0")
    host.ip("link", "set", "renamed0", "up")
    assert source.problem() is None
    host.ip("link", "delete", "renamed0")
    assert source.problem() == "eth0 has disappeared"
    assert everywhere.problem() is None


@pytest.mark.privileged
def test_an_interface_that_is_down_is_refused(own_lab: Lab, see: Open) -> None:
    own_lab.server.ip("link", "set", "eth0", "down")
    with pytest.raises(LiveError, match=r"^eth0 is down, so nothing passes there: "):
        see(own_lab.server, V4, UDP_, interface="eth0")


@pytest.mark.privileged
@pytest.mark.parametrize("asked", [True, False], ids=["asked first", "read first"])
def test_an_error_of_the_socket_is_a_problem_that_stays(lab: Lab, see: Open, asked: bool) -> None:
    # A raw socket that is connected is told of what comes back for it.
    source = see(lab.client, V4, UDP_)
    lab.server.sysctl("ipv4/icmp_ratelimit", 0)
    with socket.socket(fileno=socket.dup(source.fileno())) as same:
        same.connect((SERVER, 0))
        same.send(bytes(UDP(sport=5019, dport=9, chksum=0)))
        poll = select.poll()
        poll.register(same, 0)
        assert poll.poll(PATIENCE * 1000)
    if not asked:
        assert list(source.packets()) == []
    assert source.problem() == "the raw IP socket failed: connection refused"
    assert source.problem() == "the raw IP socket failed: connection refused"


@pytest.mark.privileged
def test_the_interface_says_what_the_socket_does_not_see(lab: Lab, see: Open) -> None:
    (interface,) = see(lab.server, V4, 132, interface="eth0", snaplen=96, number=3).interfaces
    assert (interface.linktype, interface.name, interface.id) == (101, "eth0", 3)
    assert (interface.resolution, interface.snaplen) == (10**9, 96)
    assert interface.description == (
        "raw IPv4 socket of SCTP: inbound only, what this host accepted; no link layer; fragments come reassembled"
    )
    (interface,) = see(lab.server, V6, 44).interfaces
    assert interface.description == (
        "raw IPv6 socket of IPv6 fragment: inbound only, what this host accepted; "
        "no link layer and no IPv6 header: the one shown is rebuilt, without extension headers"
    )


def several(protocols: list[int], **changed: Any) -> list[IPSocket]:
    settings: dict[str, Any] = {"snaplen": 96, "filter": None, "buffer": 1 << 16, "number": 4} | changed
    return ip_sockets(protocols, None, **settings)


@pytest.mark.privileged
def test_each_protocol_is_seen_over_the_versions_of_ip_that_have_it() -> None:
    made = several([ICMP, TCP_, ICMPV6, TCP_])
    assert [(each.interfaces[0].id, each.interfaces[0].description.partition(":")[0]) for each in made] == [
        (4, "raw IPv4 socket of ICMP"),
        (5, "raw IPv4 socket of TCP"),
        (6, "raw IPv6 socket of TCP"),
        (7, "raw IPv6 socket of ICMPv6"),
    ]
    for each in made:
        each.close()


@pytest.mark.privileged
def test_sockets_that_see_alike_are_told_together() -> None:
    made = several([TCP_, UDP_, ICMPV6])
    assert [line.partition(":")[0] for line in kinds(made)] == [
        "raw IPv4 sockets of TCP, UDP",
        "raw IPv6 sockets of TCP, UDP",
        "raw IPv6 socket of ICMPv6",
    ]
    for each in made:
        each.close()


@pytest.mark.privileged
def test_without_ipv6_in_the_kernel_there_is_ipv4(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_HAS_IPV6", tmp_path / "if_inet6")
    (only,) = several([UDP_])
    assert only.interfaces[0].description.startswith("raw IPv4 socket of UDP:")
    only.close()


@pytest.mark.privileged
def test_when_one_socket_cannot_be_had_the_others_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[IPSocket] = []

    class Kept(IPSocket):
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            made.append(self)

    monkeypatch.setattr(module, "IPSocket", Kept)
    with pytest.raises(ValueError, match="protocol 256"):
        several([UDP_, 256])
    assert [each.fileno() for each in made] == [-1, -1]
