"""What this process may do, and how it gives that up once its sockets are open.

Opening a raw socket needs a capability (capabilities(7)); reading from one that is open needs none. So a capture opens
its sockets first and then, with `give_up`, becomes whoever started it, before it reads an octet that a stranger sent.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rawcap.live.errors import LiveError, NotPermitted

# linux/capability.h: each name stands at the number of its bit
_NAMES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
)
_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h

_SELF = Path("/proc/self")
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Capabilities:
    """The sets of capabilities(7) that a thread has, each of names as `CAP_NET_RAW`."""

    effective: frozenset[str]
    permitted: frozenset[str]
    inheritable: frozenset[str]
    bounding: frozenset[str]
    ambient: frozenset[str]


@dataclass(frozen=True)
class User:
    """A user as the kernel knows them, and by name."""

    name: str
    uid: int
    gid: int


def capabilities() -> Capabilities:
    """What this thread may do, as /proc/thread-self/status says it (proc_pid_status(5)).

    Raises LiveError where there is no /proc.
    """
    status = _status(Path("/proc/thread-self"))
    return Capabilities(
        effective=_named(status["CapEff"]),
        permitted=_named(status["CapPrm"]),
        inheritable=_named(status["CapInh"]),
        bounding=_named(status["CapBnd"]),
        ambient=_named(status["CapAmb"]),
    )


def missing(capability: str, what: str) -> NotPermitted:
    """The error for `what` that the kernel refused for want of a capability, with why it is wanting and what to do.

    `what` begins the line: `capturing`, `entering another network namespace`.
    """
    if capability in capabilities().effective:
        # Held in this user namespace, and asked for in another one.
        why = f"which this process has, but not over a network namespace that is another user's: see {_DOCTOR}"
    elif os.geteuid() == 0:
        why = f"which root was started without here, as in a container: see {_DOCTOR}"
    else:
        why = f"which this user does not have: run it through sudo, or see {_DOCTOR}"
    return NotPermitted(f"{what} needs {capability}, {why}")


_DOCTOR = "rawcap doctor"


def no_new_privs() -> bool:
    """Whether nothing that this thread runs can have more rights than it has, as sudo would (PR_SET_NO_NEW_PRIVS)."""
    return _status(Path("/proc/thread-self"))["NoNewPrivs"] == "1"


def this_user() -> User:
    """The user that this process acts as."""
    return _by_uid(os.geteuid())


def invoking_user(environ: Mapping[str, str]) -> User | None:
    """Who had root start this process, by what sudo(8), pkexec(1) or doas(1) left in `environ`.

    None where this process is not root's, where root itself was behind it, and in a user namespace in which there is
    no such user: what is in `environ` then came from outside. LiveError where `environ` does not make sense.
    """
    if os.geteuid() != 0:
        return None
    user = None
    try:
        if "SUDO_UID" in environ:
            uid = int(environ["SUDO_UID"])
            user = User(environ.get("SUDO_USER") or _by_uid(uid).name, uid, int(environ["SUDO_GID"]))
        elif "PKEXEC_UID" in environ:
            user = _by_uid(int(environ["PKEXEC_UID"]))
        elif "DOAS_USER" in environ:
            user = _by_name(environ["DOAS_USER"])
        elif os.getuid() != 0:  # a set-user-ID program started it
            user = _by_uid(os.getuid())
    except (KeyError, ValueError):
        raise LiveError("the environment does not tell which user to become: choose with -Z USER") from None
    if user is None or user.uid == 0 or not _is_here(user):
        return None
    return user


def become(user: User) -> None:
    """Become `user` in all threads, for good: user, groups, no capability, and none to be had by running a program.

    Sockets and files that are open stay so. Raises LiveError when it cannot be done, or is not certain to be
    for good; the process may then be neither one user nor the other, and should end.
    """
    if user.uid == os.geteuid() != 0:
        drop_capabilities()
        return
    if os.geteuid() != 0:
        raise LiveError(f"only root can become {user.name}, and this process is not root's: leave out -Z")
    try:
        os.initgroups(user.name, user.gid)
        os.setresgid(user.gid, user.gid, user.gid)
        os.setresuid(user.uid, user.uid, user.uid)
    except OSError as error:
        raise LiveError(f"cannot become {user.name}: {_reason(error)}; -Z USER chooses another user") from None
    drop_capabilities()


def drop_capabilities() -> None:
    """Give up every capability of this process, whose user is not root, for good (capset(2), PR_SET_NO_NEW_PRIVS).

    The kernel lets a thread do this only to itself: call it while there is no other. Raises LiveError where another
    thread has kept something, and where the process could still become root.
    """
    uid, gid = os.geteuid(), os.getegid()
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: the lower 32, then the upper
    try:
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        _check(_libc.capset(header, nothing))  # what is not permitted goes from the ambient set by itself
        _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    except OSError as error:
        raise LiveError(f"cannot give up privileges: {_reason(error)}") from None
    _prove(uid, gid)


def give_up(choice: str | None, environ: Mapping[str, str]) -> str:
    """What `-Z choice` asks for; gives the name of the user that this process is then.

    None: whoever started it through sudo or the like; root itself stays root, and any other user keeps no capability.
    `root`: nothing is given up. Another name: that user. Raises LiveError where there is no such user, and where it
    takes root to do it.
    """
    if choice is None:
        user = invoking_user(environ)
        if user is None:
            user = this_user()
    else:
        try:
            user = _by_name(choice)
        except KeyError:
            raise LiveError(f"there is no user {choice!r} to become") from None
        if user.uid == 0 != os.geteuid():
            raise LiveError(f"this process is not root's and cannot go on as {choice}: leave out -Z")
    if user.uid != 0:
        become(user)
    return user.name


def _status(process: Path) -> dict[str, str]:
    """A `status` file of /proc by its keys."""
    try:
        text = (process / "status").read_text(errors="replace")
    except OSError as error:
        raise LiveError(f"what this process may do is not known, {process} cannot be read: {_reason(error)}") from None
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def _named(mask: str) -> frozenset[str]:
    """A set of capabilities from its hexadecimal bits; one that has no name here is called by its bit."""
    bits = int(mask, 16)
    return frozenset(
        _NAMES[bit] if bit < len(_NAMES) else f"capability {bit}" for bit in range(bits.bit_length()) if bits >> bit & 1
    )


def _by_uid(uid: int) -> User:
    """The user of a number, who may have no name."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        if uid != os.geteuid():
            raise
        return User(f"user {uid}", uid, os.getegid())
    return User(entry.pw_name, uid, entry.pw_gid)


def _by_name(name: str) -> User:
    entry = pwd.getpwnam(name)
    return User(name, entry.pw_uid, entry.pw_gid)


def _is_here(user: User) -> bool:
    """Whether this process's user namespace has the user and the group (user_namespaces(7))."""
    for number, name in ((user.uid, "uid_map"), (user.gid, "gid_map")):
        ranges = (list(map(int, line.split())) for line in (_SELF / name).read_text().splitlines())
        if not any(first <= number < first + count for first, _, count in ranges):
            return False
    return True


def _prove(uid: int, gid: int) -> None:
    """Raise LiveError unless every thread is that of a plain user and the way back to root is barred."""
    for status in _threads():
        kept = frozenset[str]().union(*(_named(status[each]) for each in ("CapEff", "CapPrm", "CapInh", "CapAmb")))
        if kept or status["Uid"].split() != [str(uid)] * 4 or status["Gid"].split() != [str(gid)] * 4:
            raise LiveError("privileges could not be given up in every thread: begin the capture before other threads")
    with contextlib.suppress(OSError):
        os.setresuid(0, 0, 0)
        raise LiveError("privileges were given up, and could be had again: this system is not safe to capture on")


def _threads() -> Iterator[dict[str, str]]:
    """The status of each thread of this process."""
    for task in (_SELF / "task").iterdir():
        try:
            yield _status(task)
        except LiveError:
            if task.exists():  # otherwise the thread has ended meanwhile
                raise


def _check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _reason(error: OSError) -> str:
    """A system error in words."""
    return (error.strerror or str(error)).lower()
