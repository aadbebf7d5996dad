"""Two hosts on one wire, made for a lab and gone with it: network namespaces without a name, joined by a veth pair.

A namespace is held by a file descriptor and by the processes in it. Whoever plays a lab is a child that dies with the
command, its own children die with it, and a guardian, which sees the end of both, ends whatever a student's program
has left running in one of the hosts. Then the kernel removes the namespaces and their interfaces. Nothing here has a
name in /run/netns, and nothing touches the machine's own network.

A plain user is given the right to do all this by a user namespace (user_namespaces(7), rawcap/live/own_namespace.py).
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rawcap.live import linux, own_namespace
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.namespaces import CLONE_NEWNET

CLIENT, SERVER = "client", "server"
CLIENT_ADDRESS, SERVER_ADDRESS = "10.9.0.1", "10.9.0.2"
CLIENT_ADDRESS6, SERVER_ADDRESS6 = "fd00:9::1", "fd00:9::2"
CLIENT_MAC, SERVER_MAC = "00:00:5e:00:53:01", "00:00:5e:00:53:02"  # RFC 9542, section 2.1.2
INTERFACE = "eth0"
"""What the end of the wire is called on both hosts."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LOOPBACK = 1  # the number of every namespace's first interface
_SIOCETHTOOL = 0x8946  # linux/sockios.h
_ETHTOOL_STXCSUM = 0x17  # linux/ethtool.h
_SWEEPS = 20  # rounds in which the guardian looks for processes that are left
_PAUSE = 0.05  # seconds between two of them

_STATES = (
    *("", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED", "CLOSE-WAIT"),
    *("LAST-ACK", "LISTEN", "CLOSING", "SYN-RECEIVED"),
)  # include/net/tcp_states.h, by number, with the names of RFC 9293


def state_name(number: int) -> str:
    """The name that RFC 9293 has for a state of the kernel's (TCP_INFO, /proc/net/tcp), empty for an unknown one."""
    return _STATES[number] if 0 <= number < len(_STATES) else ""


# -- processes that end with the command ----------------------------------------------------------------------


def die_with(parent: int) -> None:
    """Have the kernel kill this process when `parent`, which forked it, ends (PR_SET_PDEATHSIG)."""
    linux.libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it was quicker
        os._exit(1)


def apart(play: Callable[[Guardian], int]) -> int:
    """Run `play` in a child that may make hosts, and give the exit status that it gives.

    The child dies with this process. `play` gets the guardian that hosts are to be made known to.
    Raises NotPermitted, in the child's place, where the kernel gives this user no namespace.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    me = os.getpid()
    refusal, told = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(refusal)
            try:
                _become_capable()
            except LiveError as error:
                os.write(told, str(error).encode())
                os._exit(3)
            os.close(told)
            die_with(me)
            with Guardian() as guardian:
                status = play(guardian)
            sys.stdout.flush()
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.flush()
            os._exit(status)
    os.close(told)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the child, which tidies up
    try:
        with os.fdopen(refusal, "rb") as reading:
            why = reading.read().decode()
        _, waited = os.waitpid(child, 0)
    finally:
        signal.signal(signal.SIGINT, before)
    if why:
        raise NotPermitted(why)
    return os.waitstatus_to_exitcode(waited) if os.WIFEXITED(waited) else 128 + os.WTERMSIG(waited)


def _become_capable() -> None:
    """Move to a network namespace of one's own, through a user namespace where nothing less gives the right."""
    if linux.libc.unshare(CLONE_NEWNET) == 0:
        return
    try:
        own_namespace.move()
    except LiveError as error:
        raise NotPermitted(
            f"{error}; run the lab through sudo, or see what it shows with rawcap lab NAME --replay FILE"
        ) from None


class Guardian:
    """A process that outlives a lab for a moment, and ends what is left in its hosts.

    It holds their namespaces, so that none of their numbers can belong to another one when it looks for processes.
    """

    def __init__(self) -> None:
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid == 0:
            try:
                self._channel.close()
                _guard(other)
            finally:
                os._exit(0)
        other.close()

    def watch(self, namespace: int) -> None:
        """Make a host known, by a descriptor of its namespace."""
        socket.send_fds(self._channel, [b"namespace"], [namespace])

    def __enter__(self) -> Guardian:
        return self

    def __exit__(self, *_: object) -> None:
        """Everything ends that is still in one of the hosts."""
        self._channel.close()
        os.waitpid(self._pid, 0)


def _guard(channel: socket.socket) -> None:
    """Wait for the end of the lab, then for that of every process in its hosts."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _keep_only(channel.fileno())
    held: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 64, 4)
        if not message:
            break
        held.update(os.fstat(each).st_ino for each in descriptors)
    for _ in range(_SWEEPS):
        there = [each for each in _processes(held) if each != os.getpid()]
        for each in there:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        if not there:
            break
        time.sleep(_PAUSE)


def _processes(namespaces: set[int]) -> Iterator[int]:
    """The processes in network namespaces, by the numbers of these."""
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{entry}/ns/net").st_ino in namespaces:
                    yield int(entry)


def _keep_only(*descriptors: int) -> None:
    """Close every descriptor but those, and have the standard ones lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    close_all(3, *descriptors)


def close_all(first: int, *kept: int) -> None:
    """Close every descriptor from `first` on but the `kept`."""
    start = first
    for each in sorted(kept):
        os.closerange(start, each)
        start = each + 1
    for entry in os.listdir("/proc/self/fd"):
        if int(entry) >= start:
            with contextlib.suppress(OSError):
                os.close(int(entry))


# -- hosts ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """A socket as the kernel's own table shows it: addresses, ports, the state, octets that wait to be sent or read."""

    local: tuple[str, int]
    remote: tuple[str, int]
    state: str
    to_send: int
    to_read: int
    inode: int


class Host:
    """A network namespace; what is done inside `with host.inside():` is done by that host.

    `loopback` alone, which is always up, is all it has until `Wire` or the relay joins it to another one.
    """

    def __init__(self, name: str, guardian: Guardian) -> None:
        self.name = name
        home = _current()
        _check(linux.libc.unshare(CLONE_NEWNET))
        self.namespace = _current()
        _check(linux.libc.setns(home, CLONE_NEWNET))
        os.close(home)
        guardian.watch(self.namespace)
        self.inode = os.fstat(self.namespace).st_ino
        with self.route() as route:
            route.link("set", index=_LOOPBACK, state="up")

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Move this thread into the host, and back."""
        home = _current()
        _check(linux.libc.setns(self.namespace, CLONE_NEWNET))
        try:
            yield
        finally:
            _check(linux.libc.setns(home, CLONE_NEWNET))
            os.close(home)

    def enter(self) -> None:
        """Move this process, or thread, into the host for good."""
        _check(linux.libc.setns(self.namespace, CLONE_NEWNET))

    @contextlib.contextmanager
    def route(self) -> Iterator[Any]:
        """The host's rtnetlink(7), as pyroute2.IPRoute."""
        from pyroute2 import IPRoute  # takes longer to import than everything else

        with self.inside(), IPRoute() as route:
            yield route

    def sysctl(self, name: str, value: int | str) -> None:
        """Set `net.NAME`, whose parts are joined by slashes.  Raises LiveError where the kernel has no such setting."""
        with self.inside():
            try:
                Path("/proc/sys/net", name).write_text(f"{value}\n")
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise LiveError(f"net.{name.replace('/', '.')} cannot be set on a host of the lab: {why}") from None

    def speak_ipv6(self, wanted: bool) -> None:
        """Have interfaces that are yet to come speak IPv6, or leave it alone (a kernel without it does that anyway)."""
        if Path("/proc/sys/net/ipv6").exists():
            self.sysctl("ipv6/conf/default/disable_ipv6", int(not wanted))

    def sockets(self, protocol: str = "tcp") -> list[Seen]:
        """The sockets of a protocol, "tcp" or "udp", over IPv4 and IPv6, as /proc/net has them (proc_pid_net(5))."""
        found = []
        with self.inside():
            for table, wide in ((protocol, False), (f"{protocol}6", True)):
                try:
                    lines = Path("/proc/thread-self/net", table).read_text().splitlines()[1:]
                except FileNotFoundError:  # a kernel without IPv6
                    continue
                found += [_seen(line.split(), wide) for line in lines]
        return found

    def close(self) -> None:
        """Let the host go."""
        os.close(self.namespace)


def _seen(parts: list[str], wide: bool) -> Seen:
    to_send, to_read = parts[4].split(":")
    return Seen(
        _socket_address(parts[1], wide),
        _socket_address(parts[2], wide),
        state_name(int(parts[3], 16)),
        int(to_send, 16),
        int(to_read, 16),
        int(parts[9]),
    )


def _socket_address(text: str, wide: bool) -> tuple[str, int]:
    """An address and a port as /proc/net writes them: words of 32 bits, each in the order of this machine."""
    address, port = text.split(":")
    words = array.array("I", (int(address[at : at + 8], 16) for at in range(0, len(address), 8)))
    return socket.inet_ntop(socket.AF_INET6 if wide else socket.AF_INET, words.tobytes()), int(port, 16)


def _current() -> int:
    """A descriptor of the network namespace of this thread."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def join(client: Host, server: Host, *, ipv6: bool) -> None:
    """Lay the wire between two hosts: a veth pair, `eth0` on both; they know each other's link-layer address."""
    for host in (client, server):
        host.speak_ipv6(ipv6)
    with client.route() as route:
        route.link(
            "add",
            ifname=INTERFACE,
            kind="veth",
            address=CLIENT_MAC,
            peer={"ifname": INTERFACE, "net_ns_fd": server.namespace, "address": SERVER_MAC},
        )
    set_up(client, server, ipv6=ipv6)


def set_up(client: Host, server: Host, *, ipv6: bool) -> None:
    """Give both ends of a wire their addresses, and have them say as little as can be on their own."""
    ends = (
        (client, (CLIENT_ADDRESS, CLIENT_ADDRESS6), SERVER_MAC, (SERVER_ADDRESS, SERVER_ADDRESS6)),
        (server, (SERVER_ADDRESS, SERVER_ADDRESS6), CLIENT_MAC, (CLIENT_ADDRESS, CLIENT_ADDRESS6)),
    )
    for host, _, _, _ in ends:
        if ipv6:
            host.sysctl(f"ipv6/conf/{INTERFACE}/accept_dad", 0)
            host.sysctl(f"ipv6/conf/{INTERFACE}/router_solicitations", 0)
        with host.inside():
            _complete_checksums()
    for host, own, mac, others in ends:
        with host.route() as route:
            index = route.link_lookup(ifname=INTERFACE)[0]
            route.link("set", index=index, state="up")
            for here, there, bits in zip(own, others, (24, 64), strict=True):
                if ipv6 or bits == 24:
                    route.addr("add", index=index, address=here, prefixlen=bits)
                    route.neigh("add", dst=there, lladdr=mac, ifindex=index, state="permanent")


def _complete_checksums() -> None:
    """Have the stack complete every checksum, as a wire would have it (ethtool_ops.set_tx_csum)."""
    value = array.array("I", [_ETHTOOL_STXCSUM, 0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP", INTERFACE.encode(), value.buffer_info()[0]))
