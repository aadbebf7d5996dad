"""Two hosts on one wire, and a recorder that sees what passes: the stage on which the captures are recorded.

A host is a network namespace, held by nothing but a file descriptor and the sockets opened in it: when the script ends,
well or not, the kernel removes it with its interfaces. No traffic touches the machine's own network.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dissectors.packet import Packet
from rawcap.live.capture import SNAPLEN, capture

CLIENT_MAC, SERVER_MAC = "00:00:5e:00:53:01", "00:00:5e:00:53:02"  # RFC 9542, section 2.1.2
CLIENT, SERVER = "192.0.2.1", "192.0.2.2"  # RFC 5737
CLIENT6, SERVER6 = "2001:db8::1", "2001:db8::2"  # RFC 3849
CLIENT_LOCAL, SERVER_LOCAL = "fe80::200:5eff:fe00:5301", "fe80::200:5eff:fe00:5302"  # from the above (RFC 4291)

MOST_PACKETS = 100  # of one capture: more means that something went wrong
PATIENCE = 3.0  # seconds that a blocked socket may wait

CLONE_NEWNET = 0x40000000  # sched.h
SIOCETHTOOL = 0x8946  # linux/sockios.h
ETHTOOL_STXCSUM = 0x17  # linux/ethtool.h

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int) -> None:
    """Raise the error that a C library function reported."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def current_namespace() -> int:
    """A descriptor of the network namespace of this thread."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def new_namespace() -> int:
    """A descriptor of a network namespace that did not exist before."""
    home = current_namespace()
    check(libc.unshare(CLONE_NEWNET))
    made = current_namespace()
    check(libc.setns(home, CLONE_NEWNET))
    os.close(home)
    return made


class Host:
    """A network namespace; what is done inside `with host.inside():` is done by that host."""

    def __init__(self, mac: str, ipv4: str, ipv6: str) -> None:
        self.mac, self.ipv4, self.ipv6 = mac, ipv4, ipv6
        self.namespace = new_namespace()
        self.sockets: list[socket.socket] = []
        self.ip("link", "set", "lo", "up")

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Move this thread into the host, and back."""
        home = current_namespace()
        check(libc.setns(self.namespace, CLONE_NEWNET))
        try:
            yield
        finally:
            check(libc.setns(home, CLONE_NEWNET))
            os.close(home)

    def ip(self, *arguments: str) -> None:
        """Run ip(8) on the host."""
        with self.inside():
            subprocess.run(["ip", *arguments], check=True)

    def sysctl(self, name: str, value: int | str) -> None:
        """Set `net.NAME`, whose parts are joined by slashes."""
        with self.inside():
            Path("/proc/sys/net", name).write_text(f"{value}\n")

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> socket.socket:
        """A socket of the host, closed with it at the latest."""
        with self.inside():
            made = socket.socket(family, kind, protocol)
        made.settimeout(PATIENCE)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sockets.append(made)
        return made

    def datagrams(self, family: int, address: str, port: int, protocol: int = 0) -> socket.socket:
        """A datagram socket with an address."""
        made = self.socket(family, socket.SOCK_DGRAM, protocol)
        made.bind((address, port))
        return made

    def send_frame(self, frame: bytes) -> None:
        """Put a frame on the wire as it is."""
        wire = self.socket(socket.AF_PACKET, socket.SOCK_RAW)
        wire.bind(("eth0", 0))
        wire.send(frame)

    def compute_checksums(self, complete: bool = True) -> None:
        """Have the stack complete every checksum, or leave that to the interface."""
        value = array.array("I", [ETHTOOL_STXCSUM, not complete])
        with self.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sP", b"eth0", value.buffer_info()[0]))

    def close(self) -> None:
        """Let the host go."""
        for each in self.sockets:
            each.close()
        os.close(self.namespace)


class Lab:
    """A client and a server, joined by a veth pair called `eth0` on both.

    The server forwards, so it is a router too. They know each other's link-layer address from the start, unless
    `introduced` is false: then they have to ask.
    """

    def __init__(self, introduced: bool = True) -> None:
        self.client = Host(CLIENT_MAC, CLIENT, CLIENT6)
        self.server = Host(SERVER_MAC, SERVER, SERVER6)
        self.join()
        self.server.sysctl("ipv4/ip_forward", 1)
        self.server.sysctl("ipv6/conf/all/forwarding", 1)
        for host in (self.client, self.server):
            # ICMPv6 errors are not rationed; what a host says on its own when its link comes up is soon over.
            host.sysctl("ipv6/icmp/ratelimit", 0)
            host.sysctl("ipv6/conf/eth0/accept_dad", 0)
            host.sysctl("ipv6/conf/eth0/mldv2_unsolicited_report_interval", 1)
            host.sysctl("ipv6/conf/eth0/router_solicitations", 0)
            host.ip("link", "set", "eth0", "address", host.mac, "up")
            host.compute_checksums()
            host.ip("address", "add", f"{host.ipv4}/24", "dev", "eth0")
            host.ip("address", "add", f"{host.ipv6}/64", "dev", "eth0", "nodad")
        if introduced:
            for host, peer in ((self.client, self.server), (self.server, self.client)):
                for address in (peer.ipv4, peer.ipv6):
                    host.ip("neighbour", "add", address, "lladdr", peer.mac, "dev", "eth0", "nud", "permanent")
        Recorder(self.client, "eth0").stop(quiet=0.3)  # until nothing more comes

    def join(self) -> None:
        """Make the wire: `eth0` on both hosts."""
        there = f"/proc/{os.getpid()}/fd/{self.server.namespace}"
        self.client.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", there)

    def addresses(self) -> list[tuple[int, str, str]]:
        """Address family, address of the client, address of the server: for IPv4, then for IPv6."""
        return [(socket.AF_INET, CLIENT, SERVER), (socket.AF_INET6, CLIENT6, SERVER6)]

    def connect(
        self, port: int, family: int = socket.AF_INET, from_port: int = 49152, receive_buffer: int = 1 << 16
    ) -> tuple[socket.socket, socket.socket]:
        """A TCP connection: the client's socket and the server's, whose receive buffer has the given octets."""
        _, here, there = self.addresses()[family == socket.AF_INET6]
        listener = self.server.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        listener.bind((there, port))
        listener.listen(1)
        client = self.client.socket(family)
        client.bind((here, from_port))
        client.connect((there, port))
        server, _ = listener.accept()
        server.settimeout(PATIENCE)
        listener.close()
        self.server.sockets.append(server)
        return client, server

    def close(self) -> None:
        """Let both hosts go, and the wire with them."""
        self.client.close()
        self.server.close()


class Recorder:
    """Records every frame on an interface of a host, from its making until stop(), with the kernel's timestamps."""

    def __init__(self, host: Host, interface: str, snaplen: int = 0) -> None:
        with host.inside():
            self.live = capture(interface, snaplen=snaplen or SNAPLEN, promiscuous=False)

    def stop(self, quiet: float = 0.25) -> list[Packet]:
        """What was recorded, once nothing has come for `quiet` seconds."""
        received = -1
        while received != self.live.stats.received:
            received = self.live.stats.received
            if received > MOST_PACKETS:
                raise RuntimeError(f"more than {MOST_PACKETS} packets on {self.live.sources[0].whole.name}")
            time.sleep(quiet)
        with self.live:
            self.live.stop()
            return list(self.live)
