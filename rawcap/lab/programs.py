"""Who makes the calls of a lab: actors, which are processes of rawcap's own, and programs that a student brings.

An actor lives on one host and makes the system calls that a lesson tells it to, one after the other, on real sockets.
It reports when each begins and when it returns, with its result, and the state that the socket is in then. A call that
blocks is begun, and ended later: meanwhile the lesson goes on elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from rawcap.lab.hosts import Host, close_all, die_with, state_name
from rawcap.live.errors import LiveError
from rawcap.stack.event import CALL, RETURN, Endpoint, Event, Socket, as_object, from_object

PATIENCE = 30.0
"""Seconds that a call may take which is not meant to wait for ever."""

_CHANNEL = 900  # the descriptor of an actor's channel: far above those of its sockets, which begin with 3
_LONGEST = 1 << 17  # octets of a message between a lesson and an actor
_TCP_INFO = 11  # linux/tcp.h
_SHOWN = 24  # octets of data that a call's text has

_FAMILIES = {
    "inet": "AF_INET",
    "inet6": "AF_INET6",
    "unix": "AF_UNIX",
    "packet": "AF_PACKET",
    "netlink": "AF_NETLINK",
    "key": "AF_KEY",
}
_FAMILY_NAMES = {number: name for name, long in _FAMILIES.items() if (number := getattr(socket, long, None))}
_PROTOCOLS = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp", socket.IPPROTO_ICMP: "icmp"}


class CallTimeout(LiveError):
    """A call did not return in time; the text says which one."""


class Actor:
    """A process on a host that makes socket calls when it is told to: `call`, or `begin` and later `end`.

    `who` is its part, "client" or "server"; `name` tells several of one part from each other. `events` gets what it
    reports, once `collect` has taken it in.
    """

    def __init__(self, host: Host, who: str, name: str, report: Callable[[Event], object]) -> None:
        self.host = host
        self.who = who
        self.name = name
        self._report = report
        self._returned: Event | None = None
        self.waiting_for = ""
        """The text of the call that has begun and not returned; empty where there is none."""
        self._last: list[dict[str, Any]] = []
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        lesson = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                host.enter()
                die_with(lesson)
                _act(other, who, name)
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(1)
        other.close()

    def fileno(self) -> int:
        """The descriptor that can be read when it has something to report."""
        return self._channel.fileno()

    def call(self, name: str, *arguments: Any, patience: float = PATIENCE) -> Event:
        """Make a call and wait until it returns; gives its return.  Raises CallTimeout."""
        self.begin(name, *arguments)
        return self.end(patience)

    def begin(self, name: str, *arguments: Any) -> None:
        """Begin a call, and wait only until it has begun."""
        self._send({"call": name, "arguments": arguments})
        self.waiting_for = name
        self._returned = None
        began = time.monotonic()
        while self.waiting_for == name and self._returned is None and time.monotonic() < began + PATIENCE:
            if self.collect(0.1):
                return

    def end(self, patience: float = PATIENCE) -> Event:
        """Wait until the call that was begun returns.  Raises CallTimeout after `patience` seconds."""
        until = time.monotonic() + patience
        while self._returned is None:
            left = until - time.monotonic()
            if left <= 0:
                raise CallTimeout(f"the {self.name}'s {self.waiting_for} did not return within {patience:g} s")
            self.collect(min(left, 0.5))
        return self._returned

    def collect(self, seconds: float = 0.0) -> bool:
        """Take in what it has reported, waiting for `seconds` at the most; whether there was anything."""
        found = False
        while select.select([self._channel], [], [], 0 if found else seconds)[0]:
            message = self._channel.recv(_LONGEST)
            if not message:
                raise LiveError(f"the lab's {self.name} ended before its time")
            told = json.loads(message)
            if "sockets" in told:
                self._last = told["sockets"]
                return True
            event = from_object(told)
            if event.source == RETURN:
                self._returned = event
                self.waiting_for = ""
            else:
                self.waiting_for = event.text
            self._report(event)
            found = True
        return found

    def sockets(self) -> list[dict[str, Any]]:
        """Its sockets: fd, state (of TCP). While a call of it blocks, those of the time before."""
        if not self.waiting_for:
            self._send({"look": True})
            self.collect(PATIENCE)
        return self._last

    def _send(self, request: dict[str, Any]) -> None:
        self._channel.send(json.dumps(request).encode())

    def close(self) -> None:
        """End the process; the kernel closes its sockets."""
        self._channel.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


# -- in the actor's process -----------------------------------------------------------------------------------


def _act(channel: socket.socket, who: str, name: str) -> None:
    """Make the calls that come through the channel, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.dup2(channel.fileno(), _CHANNEL)
    channel.detach()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    close_all(3, _CHANNEL)
    lesson = socket.socket(fileno=_CHANNEL)
    _Acting(lesson, who, name).run()


class _Acting:
    """The process of an actor: its sockets by descriptor, and the lesson that tells it what to do."""

    def __init__(self, lesson: socket.socket, who: str, name: str) -> None:
        self.lesson = lesson
        self.who = who
        self.name = name
        self.sockets: dict[int, socket.socket] = {}
        self.namespace = os.stat("/proc/thread-self/ns/net").st_ino

    def run(self) -> None:
        """Do what comes, until nothing more can."""
        while message := self.lesson.recv(_LONGEST):
            request = json.loads(message)
            if "look" in request:
                told = [{"fd": fd, "state": _state(each)} for fd, each in self.sockets.items()]
                self.lesson.send(json.dumps({"sockets": told}).encode())
            else:
                self.make(request["call"], request["arguments"])

    def make(self, name: str, arguments: list[Any]) -> None:
        """Make one call, and tell of it before and after."""
        call = getattr(self, f"_{name}")
        fd = arguments[0] if name != "socket" and arguments else -1
        said = f"{name}({_written(name, arguments)})"
        common: dict[str, Any] = {"who": self.who, "pid": os.getpid(), "tid": os.getpid(), "program": self.name}
        self.tell(Event(time.time_ns(), CALL, name, f"{said} …", fd=fd, socket=self.described(fd), **common))
        result, code, more, values = -1, "", "", {}
        try:
            result, more, values = call(*arguments)
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, str(error.errno))
        ended = time.time_ns()
        shown = fd if name not in ("socket", "accept") or result < 0 else result
        text = f"{said} = {result}" + (f" {code}" if code else more)
        state = "" if name == "close" else _state(self.sockets.get(shown))
        described = self.described(shown)
        self.tell(
            Event(
                *(ended, RETURN, name, text),
                **(common | {"fd": shown, "socket": described, "result": result, "errno": code, "state": state}),
                values=values,
            )
        )

    def tell(self, event: Event) -> None:
        self.lesson.send(json.dumps(as_object(event)).encode())

    def described(self, fd: int) -> Socket | None:
        """A socket of this process, as an event has it."""
        found = self.sockets.get(fd)
        if found is None:
            return None
        local = remote = None
        with contextlib.suppress(OSError):
            local = _endpoint(found.getsockname())
        with contextlib.suppress(OSError):
            remote = _endpoint(found.getpeername())
        return Socket(
            *(_FAMILY_NAMES.get(found.family, ""), _PROTOCOLS.get(found.proto, ""), local, remote),
            *(os.fstat(fd).st_ino, self.namespace),
        )

    # Each of these is a system call by its name, gives its result, what else its text says, and its values.

    def _socket(self, family: str, kind: str, protocol: int = 0) -> _Answer:
        made = socket.socket(getattr(socket, family), getattr(socket, kind), protocol)
        self.sockets[made.fileno()] = made
        return made.fileno(), "", {}

    def _bind(self, fd: int, address: Any) -> _Answer:
        self.sockets[fd].bind(_address(address))
        return 0, "", {}

    def _listen(self, fd: int, backlog: int) -> _Answer:
        self.sockets[fd].listen(backlog)
        return 0, "", {}

    def _accept(self, fd: int) -> _Answer:
        made, peer = self.sockets[fd].accept()
        self.sockets[made.fileno()] = made
        return made.fileno(), f", from {_shown(peer)}" if peer else "", {"from": list(peer[:2]) if peer else []}

    def _connect(self, fd: int, address: Any) -> _Answer:
        self.sockets[fd].connect(_address(address))
        return 0, "", {}

    def _write(self, fd: int, data: str | int) -> _Answer:
        return os.write(fd, _octets(data)), "", {}

    def _read(self, fd: int, most: int) -> _Answer:
        data = os.read(fd, most)
        return len(data), _quoted(data), {"data": data[:_SHOWN].decode("latin1")}

    def _send(self, fd: int, data: str | int, flags: int = 0) -> _Answer:
        return self.sockets[fd].send(_octets(data), flags), "", {}

    def _recv(self, fd: int, most: int, flags: int = 0) -> _Answer:
        data = self.sockets[fd].recv(most, flags)
        return len(data), _quoted(data), {"data": data[:_SHOWN].decode("latin1")}

    def _sendto(self, fd: int, data: str | int, address: Any) -> _Answer:
        return self.sockets[fd].sendto(_octets(data), _address(address)), "", {}

    def _recvfrom(self, fd: int, most: int) -> _Answer:
        data, peer = self.sockets[fd].recvfrom(most)
        values = {"data": data[:_SHOWN].decode("latin1"), "from": list(peer[:2])}
        return len(data), f"{_quoted(data)}, from {_shown(peer)}", values

    def _shutdown(self, fd: int, how: str) -> _Answer:
        self.sockets[fd].shutdown(getattr(socket, how))
        return 0, "", {}

    def _setsockopt(self, fd: int, level: str, name: str, value: Any) -> _Answer:
        number = _OPTIONS.get(name) or getattr(socket, name)
        octets = bytes.fromhex(value) if isinstance(value, str) else value
        self.sockets[fd].setsockopt(getattr(socket, level), number, octets)
        return 0, "", {}

    def _getsockopt(self, fd: int, level: str, name: str) -> _Answer:
        value = self.sockets[fd].getsockopt(getattr(socket, level), _OPTIONS.get(name) or getattr(socket, name))
        said = errno.errorcode.get(value, str(value)) if name == "SO_ERROR" else str(value)
        return 0, f", {said}", {"value": value}

    def _fcntl(self, fd: int, command: str, flag: str) -> _Answer:
        import fcntl

        return fcntl.fcntl(fd, getattr(fcntl, command), getattr(os, flag)), "", {}

    def _poll(self, fd: int, event: str, seconds: float) -> _Answer:
        poller = select.poll()
        poller.register(fd, getattr(select, event))
        found = poller.poll(seconds * 1000)
        names = [name for name in ("POLLIN", "POLLOUT", "POLLERR", "POLLHUP") for _, bits in found]
        names = [name for name in names if found[0][1] & getattr(select, name)]
        return len(found), f", {'|'.join(names)}" if names else "", {}

    def _close(self, fd: int) -> _Answer:
        # shutdown() by Python's garbage collector never comes in between: the descriptor is closed here, once.
        os.close(self.sockets.pop(fd).detach())
        return 0, "", {}


_Answer = tuple[int, str, dict[str, Any]]
_OPTIONS = {"IPV6_MTU_DISCOVER": 23, "IP_MTU_DISCOVER": 10, "IP_MTU": 14, "TCP_MAXSEG": 2}  # linux/in.h, in6.h, tcp.h


def _state(found: socket.socket | None) -> str:
    """The state of a TCP socket, by TCP_INFO (tcp(7)); empty for any other."""
    if found is None or found.type != socket.SOCK_STREAM or found.family not in (socket.AF_INET, socket.AF_INET6):
        return ""
    try:
        return state_name(found.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0])
    except OSError:
        return ""


def _address(told: Any) -> Any:
    """An address as Python's sockets want it: a path, or a tuple."""
    return tuple(told) if isinstance(told, list) else told


def _endpoint(name: Any) -> Endpoint | None:
    if isinstance(name, tuple) and len(name) >= 2 and isinstance(name[0], str) and isinstance(name[1], int):
        return Endpoint(name[0], name[1])
    return Endpoint(name, 0) if isinstance(name, str) and name else None


def _shown(name: Any) -> str:
    """An address as it is written."""
    return str(_endpoint(name) or name)


def _octets(data: str | int) -> bytes:
    """What is sent: text, or as many octets of no meaning."""
    return data.encode("latin1") if isinstance(data, str) else bytes(data)


def _quoted(data: bytes) -> str:
    """Octets that came, as a call's text ends with them."""
    if not data:
        return ""
    if len(data) > _SHOWN or not data.isascii():
        return f", {len(data)} octets"
    return ", " + json.dumps(data.decode("ascii"))


def _written(name: str, arguments: Sequence[Any]) -> str:
    """The arguments of a call as a program in C writes them, without lengths."""
    parts = []
    for place, each in enumerate(arguments):
        if isinstance(each, list):
            parts.append(_shown(tuple(each)))
        elif name in ("send", "write", "sendto") and place == 1:
            octets = _octets(each)
            parts.append(_quoted(octets).removeprefix(", ") if len(octets) <= _SHOWN else f"… {len(octets)} octets …")
            parts.append(str(len(octets)))
        elif name in ("bind", "connect") and place == 1:
            parts.append(json.dumps(each.replace("\0", "@")))  # as ss(8) writes an abstract name
        else:
            parts.append(str(each))
    return ", ".join(parts)


# -- a student's programs -------------------------------------------------------------------------------------


class Program:
    """A program that takes the place of an actor: `command` is split as a shell does it, and run on a host.

    It learns where to listen, or to connect to, from {host} and {port} in the command, or from RAWCAP_HOST and
    RAWCAP_PORT in its environment. What it writes goes to standard error. Raises LiveError where it cannot be run.
    """

    def __init__(self, host: Host, who: str, command: str, address: str, port: int) -> None:
        self.who = who
        self.command = command
        try:
            words = [each.replace("{host}", address).replace("{port}", str(port)) for each in shlex.split(command)]
        except ValueError as error:
            raise LiveError(f"--{who}: {str(error).lower()}: {command}") from None
        if not words:
            raise LiveError(f"--{who} is empty: give a command")
        lesson = os.getpid()

        def enter() -> None:
            host.enter()
            die_with(lesson)

        try:
            self.process = subprocess.Popen(
                words,
                env=os.environ | {"RAWCAP_HOST": address, "RAWCAP_PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                preexec_fn=enter,
            )
        except OSError as error:
            raise LiveError(f"--{who}: {words[0]} cannot be run: {(error.strerror or str(error)).lower()}") from None

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self.process.poll()

    def end(self, patience: float) -> int | None:
        """Wait for its end, `patience` seconds at the most; its exit status, None where it goes on."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(patience)
        return None

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
