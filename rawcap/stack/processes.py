"""Processes: what they are called, which sockets they hold, and a duplicate of one of those.

All of it is from /proc (proc(5)), as far as this user may read it: the descriptors of another user's process need
CAP_SYS_PTRACE, and so does a duplicate (pidfd_getfd(2)).
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import pwd
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rawcap.live.errors import LiveError
from rawcap.live.linux import libc
from rawcap.live.privileges import capabilities, missing

_PIDFD_GETFD = 438  # the same on every architecture (asm-generic/unistd.h)
_PF_KTHREAD = 0x00200000  # linux/sched.h
_TICKS = os.sysconf("SC_CLK_TCK")
_SOCKET = "socket:["


class Process(NamedTuple):
    """A process as it was when it was looked at.

    `name` is the kernel's (at most 15 octets, /proc/PID/comm), `command` its arguments separated by spaces, empty for
    a thread of the kernel's. `started_ns` is in nanoseconds since the epoch, as exact as the kernel tells it, which is
    a hundredth of a second. `namespace` is the inode of its network namespace, 0 where that may not be known; `uid`
    its effective user.
    """

    pid: int
    name: str
    command: str = ""
    started_ns: int = 0
    namespace: int = 0
    uid: int = -1

    @property
    def user(self) -> str:
        """The name of the user, or the number of one that has none."""
        return user_name(self.uid) if self.uid >= 0 else ""

    def __str__(self) -> str:
        return f"{self.name}({self.pid})"


class Holder(NamedTuple):
    """A process that has a socket open, and as which descriptor."""

    pid: int
    fd: int


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds which socket: `by_inode` of sockfs, each with its holders in order of their numbers.

    `unreadable` counts the processes whose descriptors this user may not see.
    """

    by_inode: Mapping[int, tuple[Holder, ...]]
    unreadable: int


def pids() -> list[int]:
    """The numbers of all processes, in order."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())


def process(pid: int) -> Process | None:
    """A process by its number or by that of one of its threads; None when there is none."""
    try:
        status = _status(pid)
        pid = int(status.get("Tgid", pid))
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read()
    except (OSError, ValueError):
        return None
    name, _, rest = stat.partition(b"(")[2].rpartition(b")")
    ticks = int(rest.split()[19])  # field 22, starttime, of which the first two stand before `rest`
    started_ns = _booted_ns() + ticks * 1_000_000_000 // _TICKS
    return Process(
        pid,
        _text(name),
        _text(command.rstrip(b"\0").replace(b"\0", b" ")),
        started_ns - started_ns % (1_000_000_000 // _TICKS),
        namespace_of(pid),
        int(status["Uid"].split()[1]),
    )


def processes() -> Iterator[Process]:
    """All processes, in order of their numbers, without those that end meanwhile."""
    for pid in pids():
        found = process(pid)
        if found is not None:
            yield found


def namespace_of(pid: int) -> int:
    """The inode of the network namespace that a process is in; 0 where it has ended or this may not be known."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return 0


def own_namespace() -> int:
    """The inode of the network namespace that this thread is in."""
    return os.stat("/proc/thread-self/ns/net").st_ino


def sockets_of(pid: int) -> dict[int, int]:
    """The sockets that a process has open: descriptor -> inode.

    Raises PermissionError where this user may not see them, and FileNotFoundError when the process has ended.
    """
    held = {}
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            target = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:  # closed meanwhile
            continue
        if target.startswith(_SOCKET):
            held[int(name)] = int(target[len(_SOCKET) : -1])
    return held


def holders() -> Holders:
    """Who holds which socket, in all processes."""
    found: dict[int, list[Holder]] = {}
    unreadable = 0
    for pid in pids():
        try:
            held = sockets_of(pid)
        except PermissionError:
            unreadable += not _is_kernel_thread(pid)
            continue
        except OSError:  # it has ended
            continue
        for fd, inode in sorted(held.items()):
            found.setdefault(inode, []).append(Holder(pid, fd))
    return Holders({inode: tuple(each) for inode, each in found.items()}, unreadable)


def unreadable(count: int) -> str:
    """What is missing where the descriptors of so many processes could not be seen."""
    why = (
        "which are protected even from one that has CAP_SYS_PTRACE"
        if "CAP_SYS_PTRACE" in capabilities().effective
        else "which takes CAP_SYS_PTRACE (run it through sudo)"
    )
    whose = "another process's" if count == 1 else f"{count:,} processes'"
    return f"sockets without a process may be {whose}: this user may not see the descriptors, {why}"


def duplicate(pid: int, fd: int) -> socket.socket:
    """A duplicate of a socket that another process has open (pidfd_open(2), pidfd_getfd(2)); close it after use.

    It is the same socket: getsockname, getpeername and TCP_INFO answer for the process's own. `pid` may be that of a
    thread. Raises NotPermitted without the right to trace the process, LiveError when there is no such process or
    descriptor, when the descriptor is no socket, and on a kernel that cannot do it.
    """
    what = f"descriptor {fd} of process {pid}"
    try:
        pidfd = os.pidfd_open(_leader(pid))
        try:
            copied = libc.syscall(_PIDFD_GETFD, pidfd, fd, 0)
            if copied < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(pidfd)
    except PermissionError:
        raise missing("CAP_SYS_PTRACE", f"duplicating {what}") from None
    except OSError as error:
        why = {
            errno.ESRCH: f"there is no process {pid}",
            errno.EBADF: f"process {pid} has no descriptor {fd}",
            errno.ENOSYS: f"{what} cannot be duplicated: this kernel is older than 5.6",
        }.get(error.errno or 0, f"{what} cannot be duplicated: {(error.strerror or str(error)).lower()}")
        raise LiveError(why) from None
    try:
        return socket.socket(fileno=copied)
    except OSError:
        os.close(copied)
        raise LiveError(f"{what} is no socket") from None


@functools.lru_cache(maxsize=1024)
def user_name(uid: int) -> str:
    """The name of a user, or the number of one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)


def _leader(pid: int) -> int:
    """The process that a thread belongs to."""
    try:
        return int(_status(pid).get("Tgid", pid))
    except (OSError, ValueError):
        return pid


def _status(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/status", "rb") as file:
        lines = file.read().decode("utf-8", "surrogateescape").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _is_kernel_thread(pid: int) -> bool:
    """Whether a process is a thread of the kernel's, which has no descriptors to see."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            rest = file.read().rpartition(b")")[2]
    except OSError:  # it has ended, and has none either
        return True
    return bool(int(rest.split()[6]) & _PF_KTHREAD)


@functools.cache
def _booted_ns() -> int:
    """When the system started, in nanoseconds since the epoch: what the clock of CLOCK_BOOTTIME counts from."""
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")
