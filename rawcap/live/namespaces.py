"""Other network namespaces: by a name of ip-netns(8), by a process that is in one, or by the path of its file.

A thread is in one network namespace, and a socket stays in the one it was opened in: it is enough to be there while
sockets are opened (network_namespaces(7), setns(2)).
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.privileges import missing

CLONE_NEWUSER = 0x10000000  # linux/sched.h
CLONE_NEWNET = 0x40000000
NS_GET_USERNS = 0xB701  # linux/nsfs.h
NS_GET_OWNER_UID = 0xB704

_NAMED = (Path("/run/netns"), Path("/var/run/netns"))  # where ip-netns(8) keeps names; mostly one and the same
_libc = ctypes.CDLL(None, use_errno=True)


def names() -> list[str]:
    """The network namespaces that ip-netns(8) gave a name, in order."""
    return sorted({each.name for folder in _NAMED if folder.is_dir() for each in folder.iterdir()})


@contextlib.contextmanager
def entered(netns: str | None) -> Iterator[None]:
    """Be in a network namespace, this thread alone, until the `with` block ends; None stays where it is.

    `netns` is the number of a process, a path (which has a slash in it), or a name. Raises LiveError where there is no
    such namespace, and NotPermitted where this user may not enter it.
    """
    if netns is None:
        yield
        return
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = _open(netns)
        try:
            _enter(there, netns)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _go_home(home)
    finally:
        os.close(home)


def join_owner(netns: str | None) -> None:
    """Move this process, for good, into a network namespace that its user owns without being root, if it is one.

    Such a namespace (made by `unshare --user --net`, by a container that runs without root) belongs to a user
    namespace, and may be entered from there alone: this process joins both (setns(2)), and `entered` then finds it
    where it wants to be. There is no way back, so this is for a program that has nothing else to do. It needs a
    process of one thread. Where it cannot be or need not be nothing happens, and `entered` does it or says why not.
    Raises LiveError where there is no such namespace.
    """
    try:
        with entered(netns):
            return
    except NotPermitted:
        pass
    assert netns is not None  # staying is always permitted
    with contextlib.suppress(OSError, LiveError):
        there = _open(netns)
        try:
            owner = fcntl.ioctl(there, NS_GET_USERNS)
            try:
                _setns(owner, CLONE_NEWUSER)
                _setns(there, CLONE_NEWNET)
            finally:
                os.close(owner)
        finally:
            os.close(there)


def _open(netns: str) -> int:
    """A descriptor of a namespace, or of whatever has its name."""
    path, unknown = _where(netns)
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO would wait for somebody to write
    except FileNotFoundError:
        raise LiveError(unknown) from None
    except PermissionError:
        if netns.isdecimal():
            raise missing("CAP_SYS_PTRACE", f"entering {_called(netns)}") from None
        raise NotPermitted(f"{path} may not be opened by this user: run it through sudo") from None
    except (OSError, ValueError) as error:  # a ValueError is a name with a null in it
        why = error.strerror if isinstance(error, OSError) else None
        raise LiveError(f"{path} cannot be opened: {(why or str(error)).lower()}") from None


def _where(netns: str) -> tuple[str, str]:
    """The path of a namespace's file, and what to say when there is none."""
    if "/" in netns:
        return netns, f"there is no network namespace at {netns}"
    if netns.isdecimal():
        return f"/proc/{netns}/ns/net", f"there is no process {netns} whose network namespace could be entered"
    if netns in ("", ".", ".."):
        raise LiveError(f"{netns!r} is not the name of a network namespace")
    held = [folder / netns for folder in _NAMED if (folder / netns).exists()]
    return str(held[0] if held else _NAMED[0] / netns), f"there is no network namespace {netns!r}; {_others()}"


def _others() -> str:
    """The namespaces that have a name, in words."""
    there = names()
    return f"there are {', '.join(there)}" if there else "none has a name here: give a process or a path"


def _called(netns: str) -> str:
    """A namespace in words."""
    return f"the network namespace of process {netns}" if netns.isdecimal() else f"the network namespace {netns}"


def _enter(there: int, netns: str) -> None:
    try:
        _setns(there, CLONE_NEWNET)
    except PermissionError:
        raise _refused(there, netns) from None
    except OSError:  # EINVAL of another kind of namespace or file, EBADF of what is no file at all
        raise LiveError(f"{netns} is no network namespace") from None


def _refused(there: int, netns: str) -> NotPermitted:
    """Why a namespace may not be entered: for want of a capability, or because it has to be from its owner's."""
    if not _is_own(there):
        return missing("CAP_SYS_ADMIN", "entering another network namespace")
    process = netns if netns.isdecimal() else "PID"
    return NotPermitted(
        f"{_called(netns)} belongs to a user namespace of yours, and is to be entered with it: begin the command with "
        f"nsenter --target {process} --user --net --preserve-credentials"
    )


def _is_own(there: int) -> bool:
    """Whether a network namespace belongs to another user namespace, and that one to the user of this process."""
    uid = ctypes.c_uint32()
    try:
        owner = fcntl.ioctl(there, NS_GET_USERNS)
    except OSError:
        return False
    try:
        if os.fstat(owner).st_ino == os.stat("/proc/thread-self/ns/user").st_ino:
            return False
        fcntl.ioctl(owner, NS_GET_OWNER_UID, uid)
    except OSError:
        return False
    finally:
        os.close(owner)
    return uid.value == os.geteuid()


def _go_home(home: int) -> None:
    try:
        _setns(home, CLONE_NEWNET)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LiveError(f"there is no way back from the network namespace: {why}") from None


def _setns(namespace: int, kind: int) -> None:
    """Move this thread into a namespace of a kind (setns(2))."""
    if _libc.setns(namespace, kind) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
