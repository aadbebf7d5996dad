"""Captures of how connections open, fare and close, by real sockets over a wire that loses and delays on purpose.

They prove the rules that connections are judged by: for each there is a capture that keeps it, here, and one that
breaks it, here or in crafted_connections.py. A scene checks what its sockets were told (the error of a system call), so
that a capture shows what its docstring says. Each takes some seconds at most, the time of the kernel's own timers.
"""

from __future__ import annotations

import errno
import select
import socket
import struct
import time
from collections.abc import Callable

from dissectors.packet import Packet

from .hosts import CLIENT, CLIENT6, SERVER, SERVER6, Host, Recorder
from .recorded import MSG_FASTOPEN, Recorded, echo_once
from .relay import RelayedLab, Segment, delay, lose

Scene = Callable[[RelayedLab], None]
Cut = Callable[[list[Packet]], list[Packet]]

PAUSE = 0.1  # seconds: longer than anything takes to arrive that the relay does not hold back
PORT, CLIENT_PORT = 7, 49152
STRANGER, STRANGER6, STRANGER_MAC = "192.0.2.3", "2001:db8::3", "00:00:5e:00:53:03"  # nobody is there


def whole(packets: list[Packet]) -> list[Packet]:
    """All that was recorded."""
    return packets


class Connection(Recorded):
    """A scene on a relayed wire, the host that it is recorded at, and what of it is kept."""

    def __init__(self, scene: Scene, at: str, cut: Cut) -> None:
        self.name = f"tcp/{scene.__name__}"
        self.summary = " ".join((scene.__doc__ or "").split())
        self.play, self.at, self.cut = scene, at, cut

    def __call__(self) -> list[Packet]:
        lab = RelayedLab()
        try:
            recorder = Recorder({"client": lab.client, "server": lab.server}[self.at], "eth0")
            self.play(lab)
            return self.cut(recorder.stop())
        finally:
            lab.close()


CAPTURES: list[Connection] = []


def recorded(at: str = "client", cut: Cut = whole) -> Callable[[Scene], Scene]:
    """Enter a scene into the list of captures."""

    def enter(scene: Scene) -> Scene:
        CAPTURES.append(Connection(scene, at, cut))
        return scene

    return enter


# What scenes share


def fails(number: int, call: Callable[[], object]) -> None:
    """See that a system call fails with this error."""
    try:
        call()
    except OSError as error:
        if error.errno == number:
            return
        raise
    raise RuntimeError(f"{errno.errorcode[number]} was meant to be reported")


def listen(lab: RelayedLab, backlog: int = 5, port: int = PORT) -> socket.socket:
    """A listening socket of the server."""
    listener = lab.server.socket()
    listener.bind((SERVER, port))
    listener.listen(backlog)
    return listener


def client_socket(lab: RelayedLab, port: int = CLIENT_PORT, family: int = socket.AF_INET) -> socket.socket:
    """A bound socket of the client, which waits as long as the kernel does."""
    client = lab.client.socket(family)
    client.settimeout(None)
    client.bind((CLIENT if family == socket.AF_INET else CLIENT6, port))
    return client


def abort(end: socket.socket) -> None:
    """Close with a reset (SO_LINGER with a time of zero)."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def close_after(client: socket.socket, server: socket.socket) -> None:
    """Both ends close, the client first, the server when it has read all."""
    client.close()
    while server.recv(1 << 16):
        pass
    server.close()


def data_is(data: bytes) -> Callable[[Segment], bool]:
    """Whether a segment carries exactly these octets."""
    return lambda segment: segment.data == data


def send_pieces(client: socket.socket, *pieces: bytes) -> None:
    """Send each piece in a segment of its own, at once."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in pieces:
        client.sendall(piece)


# How it opens


@recorded()
def lost_syn(lab: RelayedLab) -> None:
    """The first SYN is lost and sent again a second later."""
    lab.rule = lose(1, lambda segment: segment.flags == "S")
    echo_once(*lab.connect(PORT))


@recorded(at="server")
def lost_syn_ack(lab: RelayedLab) -> None:
    """The first SYN/ACK is lost: SYN and SYN/ACK are both sent again (recorded at the server)."""
    lab.rule = lose(1, lambda segment: segment.flags == "SA")
    echo_once(*lab.connect(PORT))


@recorded()
def lost_final_ack(lab: RelayedLab) -> None:
    """The third segment of the handshake is lost and the client says nothing: SYN/ACK comes again, and ACK."""
    lab.rule = lose(1, lambda segment: segment.from_client and segment.pure_ack)
    echo_once(*lab.connect(PORT))


@recorded()
def refused(lab: RelayedLab) -> None:
    """Nobody listens: RST answers the SYN, connect() fails with ECONNREFUSED."""
    fails(errno.ECONNREFUSED, lambda: client_socket(lab).connect((SERVER, PORT)))


@recorded()
def refused_ipv6(lab: RelayedLab) -> None:
    """Nobody listens, over IPv6: connect() fails with ECONNREFUSED."""
    client = client_socket(lab, family=socket.AF_INET6)
    fails(errno.ECONNREFUSED, lambda: client.connect((SERVER6, PORT)))


def give_up_early(host: Host) -> None:
    """Two repetitions of a SYN, each after double the time: connect() fails after seven seconds."""
    host.sysctl("ipv4/tcp_syn_retries", 2)
    host.sysctl("ipv4/tcp_syn_linear_timeouts", 0)


@recorded()
def syn_unanswered(lab: RelayedLab) -> None:
    """Nobody is at the address: three SYNs, one and two seconds apart, then connect() fails with ETIMEDOUT."""
    give_up_early(lab.client)
    lab.client.ip("neighbour", "add", STRANGER, "lladdr", STRANGER_MAC, "dev", "eth0", "nud", "permanent")
    fails(errno.ETIMEDOUT, lambda: client_socket(lab).connect((STRANGER, PORT)))


@recorded()
def syn_unanswered_ipv6(lab: RelayedLab) -> None:
    """Nobody is at the address, over IPv6: three SYNs, one and two seconds apart, then ETIMEDOUT."""
    give_up_early(lab.client)
    lab.client.ip("neighbour", "add", STRANGER6, "lladdr", STRANGER_MAC, "dev", "eth0", "nud", "permanent")
    client = client_socket(lab, family=socket.AF_INET6)
    fails(errno.ETIMEDOUT, lambda: client.connect((STRANGER6, PORT)))


def behind_router(lab: RelayedLab, kind: tuple[str, ...], error: int, error6: int) -> None:
    """Try to connect, over IPv4 and IPv6, to an address that the router has a route of this kind to, or none.

    `kind` is what ip-route(8) is told, the address in place of {}.
    """
    for family, route, there, number in (
        (socket.AF_INET, SERVER, "198.51.100.1", error),
        (socket.AF_INET6, SERVER6, "2001:db8:100::1", error6),
    ):
        lab.client.ip("route", "add", "default", "via", route)
        if kind:
            lab.server.ip("route", "add", *(word.format(there) for word in kind))
        client = client_socket(lab, family=family)
        fails(number, lambda client=client, there=there: client.connect((there, PORT)))  # type: ignore[misc]


def next_network(lab: RelayedLab) -> None:
    """Give the router a second network, on which nobody answers, and little patience."""
    server = lab.server
    server.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth2")
    server.sysctl("ipv6/conf/eth1/accept_dad", 0)
    for family in ("ipv4", "ipv6"):
        server.sysctl(f"{family}/neigh/eth1/mcast_solicit", 1)
        server.sysctl(f"{family}/neigh/eth1/retrans_time_ms", 200)
    server.ip("link", "set", "eth1", "up")
    server.ip("link", "set", "eth2", "up")


@recorded()
def host_unreachable(lab: RelayedLab) -> None:
    """A router finds nobody at the address and reports that the host is unreachable (over IPv6: the address):
    connect() fails with EHOSTUNREACH."""
    next_network(lab)
    behind_router(lab, ("{}", "dev", "eth1"), errno.EHOSTUNREACH, errno.EHOSTUNREACH)


@recorded()
def net_unreachable(lab: RelayedLab) -> None:
    """A router reports that the network is unreachable (over IPv6: no route): connect() fails with ENETUNREACH."""
    behind_router(lab, (), errno.ENETUNREACH, errno.ENETUNREACH)


@recorded()
def prohibited(lab: RelayedLab) -> None:
    """A router reports that it may not: connect() fails with EHOSTUNREACH over IPv4, with EACCES over IPv6."""
    behind_router(lab, ("prohibit", "{}"), errno.EHOSTUNREACH, errno.EACCES)


@recorded()
def backlog_full_syn(lab: RelayedLab) -> None:
    """A server that does not accept, its queue (listen(0)) filled by a first client: the SYNs of a second find no
    answer, its connect() fails with ETIMEDOUT."""
    give_up_early(lab.client)
    lab.client.sysctl("ipv4/tcp_syn_retries", 1)
    listen(lab, 0)
    client_socket(lab).connect((SERVER, PORT))
    time.sleep(PAUSE)
    fails(errno.ETIMEDOUT, lambda: client_socket(lab, 49153).connect((SERVER, PORT)))


@recorded()
def backlog_full_data(lab: RelayedLab) -> None:
    """Two clients at once and room for one (listen(0)): the second is answered by a SYN cookie and its connect()
    returns, but the server drops its last ACK and its data: ETIMEDOUT (TCP_USER_TIMEOUT of two seconds)."""
    listen(lab, 0)
    lab.rule = delay(0.3, lambda segment: segment.from_client and segment.flags != "S")
    first, second = client_socket(lab), client_socket(lab, 49153)
    first.connect((SERVER, PORT))
    second.connect((SERVER, PORT))
    second.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2000)
    second.sendall(b"anyone?\n")
    fails(errno.ETIMEDOUT, lambda: second.recv(1))


@recorded()
def backlog_full_ack(lab: RelayedLab) -> None:
    """Four clients and room for three (listen(2)), the last two at once: the fourth's connect() returns, but the server
    drops its last ACK and repeats SYN/ACK, which is acknowledged again, in vain."""
    lab.server.sysctl("ipv4/tcp_synack_retries", 2)
    listen(lab, 2)
    clients = [client_socket(lab, CLIENT_PORT + number) for number in range(4)]
    for client in clients[:2]:
        client.connect((SERVER, PORT))
    time.sleep(PAUSE)
    lab.rule = delay(0.3, lambda segment: segment.from_client and segment.flags != "S")
    for client in clients[2:]:
        client.connect((SERVER, PORT))
    time.sleep(4)


@recorded()
def never_accepted(lab: RelayedLab) -> None:
    """A server that never calls accept(): its kernel completes the handshake and acknowledges data and FIN, nothing
    comes back, and RST when the program ends."""
    listener = listen(lab)
    client = client_socket(lab)
    client.connect((SERVER, PORT))
    client.sendall(b"anyone?\n")
    time.sleep(1)
    client.close()
    time.sleep(PAUSE)
    listener.close()


@recorded()
def simultaneous_open(lab: RelayedLab) -> None:
    """Both ends call connect(): the SYNs cross, each is answered by SYN/ACK, and a connection is open."""
    lab.rule = delay(0.2, lambda segment: segment.flags == "S")
    ends = []
    for host, here, there in (
        (lab.client, (CLIENT, CLIENT_PORT), (SERVER, PORT)),
        (lab.server, (SERVER, PORT), (CLIENT, CLIENT_PORT)),
    ):
        end = host.socket()
        end.bind(here)
        end.setblocking(False)
        end.connect_ex(there)
        ends.append(end)
    for end in ends:
        select.select([], [end], [], 3)
        end.settimeout(3)
    echo_once(ends[0], ends[1])


def allow_fast_open(lab: RelayedLab) -> None:
    """Let both hosts speak TCP Fast Open."""
    for host in (lab.client, lab.server):
        host.sysctl("ipv4/tcp_fastopen", 3)


def open_fast(lab: RelayedLab, listener: socket.socket, port: int) -> None:
    """A connection whose first data go with the SYN when the client has a cookie, and its close."""
    client = client_socket(lab, port)
    client.sendto(b"hello\n", MSG_FASTOPEN, (SERVER, PORT))
    server, _ = listener.accept()
    server.settimeout(3)
    server.recv(2000)
    echo_once(client, server, b"more\n")


@recorded()
def fast_open_accepted(lab: RelayedLab) -> None:
    """TCP Fast Open: a first connection asks for a cookie, the SYN of the second brings data, which SYN/ACK
    acknowledges."""
    allow_fast_open(lab)
    listener = listen(lab)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
    open_fast(lab, listener, CLIENT_PORT)
    open_fast(lab, listener, 49153)


@recorded()
def fast_open_ignored(lab: RelayedLab) -> None:
    """TCP Fast Open to a server that no longer takes it: the data of the second connection's SYN are not acknowledged
    and come again after the handshake."""
    allow_fast_open(lab)
    listener = listen(lab)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
    open_fast(lab, listener, CLIENT_PORT)
    listener.close()
    lab.server.sysctl("ipv4/tcp_fastopen", 0)
    open_fast(lab, listen(lab), 49153)


@recorded()
def port_reuse(lab: RelayedLab) -> None:
    """Three connections between the same two sockets: the second while the server is in TIME-WAIT, the third while
    the client is."""
    lab.client.sysctl("ipv4/tcp_tw_reuse", 1)
    client, server = lab.connect(PORT)
    server.close()
    client.recv(1)
    client.close()
    time.sleep(1.1)  # a timestamp must have passed (RFC 6191)
    echo_once(*lab.connect(PORT))
    time.sleep(1.1)
    echo_once(*lab.connect(PORT))


@recorded()
def no_timestamps(lab: RelayedLab) -> None:
    """A client that does not offer timestamps: the server does not send them."""
    lab.client.sysctl("ipv4/tcp_timestamps", 0)
    echo_once(*lab.connect(PORT))


@recorded()
def no_window_scale(lab: RelayedLab) -> None:
    """A client that does not offer a window scale: windows are as they stand in the header, both ways."""
    lab.client.sysctl("ipv4/tcp_window_scaling", 0)
    echo_once(*lab.connect(PORT))


@recorded()
def no_sack(lab: RelayedLab) -> None:
    """A client that does not permit selective acknowledgements: the server does not either."""
    lab.client.sysctl("ipv4/tcp_sack", 0)
    echo_once(*lab.connect(PORT))


@recorded()
def three_connections(lab: RelayedLab) -> None:
    """Three connections at once from three ports, closed by the client, by the server, and by a reset."""
    listener = listen(lab)
    clients = [client_socket(lab, port) for port in (49152, 49153, 49154)]
    servers = []
    for client in clients:
        client.connect((SERVER, PORT))
        server, _ = listener.accept()
        servers.append(server)
        client.sendall(b"hello\n")
        server.recv(2000)
    echo_once(clients[0], servers[0])
    echo_once(servers[1], clients[1])
    abort(clients[2])
    fails(errno.ECONNRESET, lambda: servers[2].recv(1))


# How it fares


@recorded()
def retransmission(lab: RelayedLab) -> None:
    """A segment is lost with nothing after it, and sent again when its time is up."""
    lab.client.sysctl("ipv4/tcp_early_retrans", 0)  # no tail loss probe
    client, server = lab.connect(PORT)
    lab.rule = lose(1, data_is(b"two\n"))
    send_pieces(client, b"one\n", b"two\n")
    time.sleep(0.7)
    send_pieces(client, b"three\n")
    close_after(client, server)


@recorded()
def fast_retransmission(lab: RelayedLab) -> None:
    """A segment is lost and five after it arrive: duplicate ACKs with SACK, and the segment again."""
    lab.client.sysctl("ipv4/tcp_early_retrans", 0)
    client, server = lab.connect(PORT)
    lost = lose(1, data_is(b"two\n"))
    lab.rule = lambda segment: None if lost(segment) is None else 0.02  # all six are on the way when the first arrives
    send_pieces(client, b"one\n", b"two\n", b"three\n", b"four\n", b"five\n", b"six\n", b"seven\n")
    time.sleep(0.3)
    close_after(client, server)


@recorded(at="server")
def out_of_order(lab: RelayedLab) -> None:
    """A segment arrives after the one that was sent after it (recorded at the server); nothing is sent again."""
    lab.client.sysctl("ipv4/tcp_early_retrans", 0)
    lab.rule = lambda segment: 0.022 if segment.data == b"two\n" else 0.02
    client, server = lab.connect(PORT)
    send_pieces(client, b"one\n", b"two\n", b"three\n")
    time.sleep(0.3)
    close_after(client, server)


@recorded(at="server")
def spurious_retransmission(lab: RelayedLab) -> None:
    """An ACK is lost, so data that arrived come again, and are answered by a D-SACK (recorded at the server)."""
    lab.client.sysctl("ipv4/tcp_early_retrans", 0)
    client, server = lab.connect(PORT)
    time.sleep(PAUSE)
    lab.rule = lose(1, lambda segment: not segment.from_client and segment.pure_ack)
    send_pieces(client, b"hello\n")
    time.sleep(0.7)
    close_after(client, server)


@recorded(cut=lambda packets: [packet for packet in packets if not packet.data.endswith(b"two\n")])
def not_recorded(lab: RelayedLab) -> None:
    """A segment that arrived, as its acknowledgement says, and is missing from the capture."""
    client, server = lab.connect(PORT)
    for piece in (b"one\n", b"two\n", b"three\n"):
        send_pieces(client, piece)
        server.recv(2000)
    close_after(client, server)


@recorded()
def zero_window(lab: RelayedLab) -> None:
    """A receiver that does not read: the window fills, closes, is probed, and opens when it reads."""
    lab.client.sysctl("ipv4/tcp_early_retrans", 0)
    client, server = lab.connect(PORT, receive_buffer=4096)
    for _ in range(10):
        client.sendall(bytes(1000))
    time.sleep(2)
    close_after(client, server)


@recorded()
def window_full(lab: RelayedLab) -> None:
    """A sender that fills the window offered to the last octet while the receiver does not read."""
    client, server = lab.connect(PORT, receive_buffer=2304)
    client.setblocking(False)
    client.send(bytes(8000))
    time.sleep(1)
    client.setblocking(True)
    close_after(client, server)


@recorded()
def keep_alive(lab: RelayedLab) -> None:
    """A connection on which nothing is sent: each second the client asks whether the server is there, and it is."""
    client, server = lab.connect(PORT)
    client.sendall(b"hello\n")
    server.recv(2000)
    keep_asking(client)
    time.sleep(3.5)
    close_after(client, server)


def keep_asking(client: socket.socket) -> None:
    """Send a keep-alive each second, and give up after two without an answer."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)


@recorded()
def keep_alive_unanswered(lab: RelayedLab) -> None:
    """The wire is cut: two keep-alives are not answered, the client resets, and recv() fails with ETIMEDOUT."""
    client, server = lab.connect(PORT)
    client.sendall(b"hello\n")
    server.recv(2000)
    keep_asking(client)
    time.sleep(PAUSE)
    lab.rule = lambda segment: None
    client.settimeout(None)
    fails(errno.ETIMEDOUT, lambda: client.recv(1))


@recorded()
def data_unanswered(lab: RelayedLab) -> None:
    """The wire is cut: data are sent again and again until send() fails with ETIMEDOUT (TCP_USER_TIMEOUT of two
    seconds)."""
    client, _ = lab.connect(PORT)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2000)
    time.sleep(PAUSE)
    lab.rule = lambda segment: None
    client.sendall(b"anyone?\n")
    client.settimeout(None)
    fails(errno.ETIMEDOUT, lambda: client.recv(1))


@recorded(cut=lambda packets: packets[3:])
def begins_in_the_middle(lab: RelayedLab) -> None:
    """A capture that begins after the handshake."""
    echo_once(*lab.connect(PORT))


@recorded(cut=lambda packets: packets[:7])
def ends_in_the_middle(lab: RelayedLab) -> None:
    """A capture that ends before the connection does."""
    echo_once(*lab.connect(PORT))


# How it closes


@recorded()
def closed_by_client(lab: RelayedLab) -> None:
    """An orderly close, the client first: it is in TIME-WAIT."""
    echo_once(*lab.connect(PORT))


@recorded()
def closed_by_client_ipv6(lab: RelayedLab) -> None:
    """An orderly close over IPv6, the client first."""
    echo_once(*lab.connect(PORT, socket.AF_INET6))


@recorded()
def closed_by_server(lab: RelayedLab) -> None:
    """An orderly close, the server first: it is in TIME-WAIT."""
    client, server = lab.connect(PORT)
    client.sendall(b"hello\n")
    server.recv(2000)
    close_after(server, client)


@recorded()
def closed_by_both(lab: RelayedLab) -> None:
    """A simultaneous close: the FINs cross, both ends are in CLOSING, then in TIME-WAIT."""
    client, server = lab.connect(PORT)
    client.sendall(b"hello\n")
    server.sendall(server.recv(2000))
    client.recv(2000)
    lab.rule = delay(0.2, lambda segment: "F" in segment.flags)
    client.close()
    server.close()
    time.sleep(0.5)


@recorded()
def half_close(lab: RelayedLab) -> None:
    """A half close: the client shuts down its sending side, the server still sends, then closes too."""
    client, server = lab.connect(PORT)
    client.sendall(b"that is all\n")
    client.shutdown(socket.SHUT_WR)
    while server.recv(2000):
        pass
    server.sendall(b"understood\n")
    time.sleep(PAUSE)
    server.sendall(b"goodbye\n")
    server.close()
    while client.recv(2000):
        pass
    client.close()


@recorded()
def lost_fin(lab: RelayedLab) -> None:
    """The client's FIN is lost and sent again."""
    client, server = lab.connect(PORT)
    client.sendall(b"hello\n")
    server.recv(2000)
    lab.rule = lose(1, lambda segment: segment.from_client and "F" in segment.flags)
    close_after(client, server)


@recorded()
def reset_with_unread_data(lab: RelayedLab) -> None:
    """The server closes with data unread: RST instead of FIN, the client's recv() fails with ECONNRESET."""
    client, server = lab.connect(PORT)
    client.sendall(b"nobody will read this\n")
    time.sleep(PAUSE)
    server.close()
    fails(errno.ECONNRESET, lambda: client.recv(1))


@recorded()
def reset_by_client(lab: RelayedLab) -> None:
    """The client aborts (SO_LINGER with a time of zero): the server's recv() fails with ECONNRESET."""
    client, server = lab.connect(PORT)
    client.sendall(b"hello\n")
    server.recv(2000)
    time.sleep(PAUSE)
    abort(client)
    fails(errno.ECONNRESET, lambda: server.recv(1))


@recorded()
def reset_by_server(lab: RelayedLab) -> None:
    """The server aborts, everything read (SO_LINGER with a time of zero): the client's recv() fails with
    ECONNRESET."""
    client, server = lab.connect(PORT)
    client.sendall(b"hello\n")
    server.recv(2000)
    time.sleep(PAUSE)
    abort(server)
    fails(errno.ECONNRESET, lambda: client.recv(1))


@recorded()
def written_after_close(lab: RelayedLab) -> None:
    """The server has closed, the client goes on writing: RST answers, and the next send() fails with EPIPE."""
    client, server = lab.connect(PORT)
    client.sendall(b"hello\n")
    server.recv(2000)
    server.close()
    time.sleep(PAUSE)
    client.sendall(b"are you there?\n")
    time.sleep(PAUSE)
    fails(errno.EPIPE, lambda: client.sendall(b"hello?\n"))


# UDP


@recorded()
def udp_answered(lab: RelayedLab) -> None:
    """A datagram and its answer."""
    server = lab.server.datagrams(socket.AF_INET, SERVER, PORT)
    client = lab.client.datagrams(socket.AF_INET, CLIENT, CLIENT_PORT)
    client.sendto(b"hello\n", (SERVER, PORT))
    server.sendto(server.recv(2000), (CLIENT, CLIENT_PORT))
    client.recv(2000)


@recorded()
def udp_unanswered(lab: RelayedLab) -> None:
    """Three datagrams to a socket that takes them and says nothing."""
    lab.server.datagrams(socket.AF_INET, SERVER, PORT)
    client = lab.client.datagrams(socket.AF_INET, CLIENT, CLIENT_PORT)
    for _ in range(3):
        client.sendto(b"hello\n", (SERVER, PORT))
        time.sleep(PAUSE)


@recorded()
def udp_port_unreachable(lab: RelayedLab) -> None:
    """Datagrams to a port that nobody has, over IPv4 and IPv6: port unreachable, recv() fails with ECONNREFUSED."""
    for family, here, there in lab.addresses():
        client = lab.client.datagrams(family, here, CLIENT_PORT)
        client.connect((there, PORT))
        client.send(b"anyone?")
        fails(errno.ECONNREFUSED, lambda client=client: client.recv(1))  # type: ignore[misc]
