"""A user and network namespace of a process's own, in which it may capture without a privilege (user_namespaces(7)).

A process that makes a user namespace has every capability in it, and in the network namespace that belongs to it.
That one has a loopback interface and nothing else, so nothing that is sent there reaches the network.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
from pathlib import Path

from rawcap.live import linux
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.namespaces import CLONE_NEWNET, CLONE_NEWUSER

_SIOCSIFFLAGS = 0x8914  # linux/sockios.h
_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
_CAP_NET_BIND_SERVICE, _CAP_NET_ADMIN, _CAP_NET_RAW = 10, 12, 13
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2  # linux/prctl.h

_WHY = {
    errno.EINVAL: "this process has more than one thread already",
    errno.ENOSPC: "the limit of /proc/sys/user/max_user_namespaces or max_net_namespaces is reached",
    errno.EPERM: "this kernel, or the container it is in, gives plain users no namespace",
    errno.EACCES: "this kernel, or the container it is in, gives plain users no namespace",
}


def move() -> None:
    """Move this process, for good, into a user and network namespace of its own, with the loopback interface up.

    It stays the same user there, and what it starts may capture as it may itself: CAP_NET_RAW, CAP_NET_ADMIN and
    CAP_NET_BIND_SERVICE are inherited (capabilities(7), ambient set). Other users and groups are not in the namespace.
    Raises LiveError when the process has several threads, and NotPermitted where the kernel refuses, in one line.
    """
    uid, gid = os.geteuid(), os.getegid()
    try:
        if linux.libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        _bring_up("lo")
        _pass_on(_CAP_NET_BIND_SERVICE, _CAP_NET_ADMIN, _CAP_NET_RAW)
    except OSError as error:
        why = _WHY.get(error.errno or 0, (error.strerror or str(error)).lower())
        kind = LiveError if error.errno == errno.EINVAL else NotPermitted
        raise kind(f"no network namespace of its own can be made: {why}") from None


def _bring_up(name: str) -> None:
    """Have an interface work (netdevice(7)); the loopback interface then gets its addresses by itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        answer = fcntl.ioctl(control, linux.SIOCGIFFLAGS, struct.pack("16sH22x", name.encode(), 0))
        (flags,) = struct.unpack_from("H", answer, 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags | linux.IFF_UP))


def _pass_on(*numbers: int) -> None:
    """Let programs that this process runs have capabilities of its own (capset(2), PR_CAP_AMBIENT)."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: the lower 32, then the upper
    _check(linux.libc.capget(header, sets))
    for number in numbers:
        sets[2] |= 1 << number
    _check(linux.libc.capset(header, sets))
    for number in numbers:
        _check(linux.libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number, 0, 0))


def _check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
