"""What this machine and this user allow of live capture, found out by trying it wherever trying does no harm.

No socket that is opened here receives anything: it belongs to no protocol, or refuses every frame.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import os
import platform
import shlex
import shutil
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rawcap.live import linux, namespaces, privileges, program
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.interfaces import refusals
from rawcap.live.ring import Ring

_RING = 64 << 20  # octets: what a capture asks for unless told otherwise
_NOBODY = 65534  # the user and the group that own nothing (kernel.overflowuid)

_SIOCETHTOOL = 0x8946  # linux/sockios.h
_ETHTOOL_GET_TS_INFO = 0x41  # linux/ethtool.h
_TIMES_IN_HARDWARE = 1 << 2 | 1 << 6  # linux/net_tstamp.h: SOF_TIMESTAMPING_RX_HARDWARE, _RAW_HARDWARE
_TIMES_EVERY_FRAME = 1 << 1  # linux/net_tstamp.h: HWTSTAMP_FILTER_ALL

_SYSCTL = Path("/proc/sys")
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out: `good`, or bad, or (None) not there and not needed to capture.

    `commands` are what a user runs to have it.
    """

    title: str
    good: bool | None
    text: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings under their headings, whether this user can capture, and that in a sentence."""

    groups: tuple[tuple[str, tuple[Finding, ...]], ...]
    able: bool
    conclusion: str
    remedy: str
    """The command that makes it possible; empty when it is, or when no command does."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Who this process is, and what holds it back."""

    user: privileges.User
    invoking: privileges.User | None
    """Who had root start it."""
    effective: frozenset[str]
    bounding: frozenset[str]
    no_new_privs: bool
    mapped: str
    """What /proc/self/uid_map says; `0 0 4294967295` outside of any user namespace but the first."""

    @property
    def is_inside(self) -> bool:
        """Whether this is a user namespace that was made, in which root is a plain user outside."""
        return self.mapped.split() != ["0", "0", "4294967295"]


def diagnose(rawcap: str, environ: Mapping[str, str]) -> Diagnosis:
    """Find out what may be done. `rawcap` is the command that runs this program, as one writes it in a shell.

    Raises LiveError where even that cannot be told, because there is no /proc.
    """
    situation = _situation(environ)
    refused = refusals()
    remedies, why = cure(situation, rawcap)
    sockets = _sockets(refused, remedies, why)
    able = all(finding.good for finding in sockets if finding.title in ("packet socket", "ring", "filter"))
    groups = (
        ("who", (_who(situation), *_rights(situation))),
        ("sockets", sockets),
        ("beyond", (_other_namespaces(situation, rawcap), _adapters(), _own_networks())),
        ("kernel", (Finding("version", True, f"Linux {platform.release()}"), _compiler())),
    )
    remedy = remedies[0] if remedies and refused["packet"] == "needs CAP_NET_RAW" else ""
    return Diagnosis(groups, able, conclude(situation, able), "" if able else remedy)


# -- who --------------------------------------------------------------------------------------------------------------


def _situation(environ: Mapping[str, str]) -> Situation:
    held = privileges.capabilities()
    try:
        invoking = privileges.invoking_user(environ)
    except LiveError:  # the environment makes no sense, which is a matter of -Z alone
        invoking = None
    return Situation(
        privileges.this_user(),
        invoking,
        held.effective,
        held.bounding,
        privileges.no_new_privs(),
        Path("/proc/self/uid_map").read_text(),
    )


def _who(situation: Situation) -> Finding:
    user = situation.user
    text = f"{user.name} (user {user.uid})"
    if situation.invoking is not None:
        name = situation.invoking.name
        text += f", on behalf of {name}: once its sockets are open a capture goes on as {name}"
    elif user.uid == 0:
        text += ": a capture goes on as root; -Z USER has it become another user once its sockets are open"
    return Finding("user", True, text)


def _rights(situation: Situation) -> list[Finding]:
    """The capabilities that count, and what explains that one is missing."""
    held = situation.effective
    good = "CAP_NET_RAW" in held
    told: list[str] = [name for name in ("CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_SYS_ADMIN") if name in held]
    if others := len(held) - len(told):
        told.append(f"{others} that a capture does not use")
    found = [Finding("capabilities", good, ", ".join(told) or "none")]
    if situation.is_inside:
        maps = [line.split() for line in situation.mapped.splitlines()]
        users = "".join(f", user {inside} is user {outside} outside" for inside, outside, _ in maps[:1])
        text = f"this is one{users}: rights in it are rights over its own networks alone"
        found.append(Finding("user namespace", None, text))
    if situation.no_new_privs and not good:
        text = "set: no program that is started from here has more rights than this one, and sudo does not work"
        found.append(Finding("no_new_privs", False, text))
    if not good and "CAP_NET_RAW" not in situation.bounding:
        found.append(Finding("bounding set", False, "without CAP_NET_RAW: not even root can have it here"))
    return found


def cure(situation: Situation, rawcap: str) -> tuple[tuple[str, ...], str]:
    """The commands by which this user gets to capture, where there are any, and what else is to be known."""
    user = situation.user
    if "CAP_NET_RAW" in situation.effective:
        # Held, and refused all the same: this network belongs to the user namespace outside.
        return (f"unshare --net {rawcap} capture -i any",), "this network is not this user's own; a new one would be"
    if "CAP_NET_RAW" not in situation.bounding:
        return (), "withheld from all that runs here: start the container with --cap-add NET_RAW"
    if situation.no_new_privs:
        return (), "begin from a shell without no_new_privs"
    if user.uid == 0:
        return (), "root was started without it: start the service or the container with it"
    shell = (
        f"setpriv --reuid {user.uid} --regid {user.gid} --init-groups --inh-caps +net_raw --ambient-caps +net_raw "
        '"$SHELL"'
    )
    text = "as root, which rawcap gives up as soon as its sockets are open; or in a shell that has this right alone"
    return (_capture_as_root(f"{rawcap} capture -i any", user), _as_root(shell)), text


def _as_root(command: str) -> str:
    """How a plain user runs a command as root: through sudo, or through su where that is what there is."""
    if shutil.which("sudo") is None and shutil.which("su") is not None:
        return f"su -c {shlex.quote(command)}"
    return f"sudo {command}"


def _capture_as_root(command: str, user: privileges.User) -> str:
    """The same of a capture, which goes on as the user; su does not say who that is."""
    as_root = _as_root(command)
    return as_root if as_root.startswith("sudo ") else _as_root(f"{command} -Z {shlex.quote(user.name)}")


def conclude(situation: Situation, able: bool) -> str:
    """The diagnosis in a sentence."""
    user = situation.invoking or situation.user
    who = user.name if user.uid != 0 else "root"
    if not able:
        return f"{who} cannot capture here"
    through = ", as root has it started" if situation.invoking is not None else ""
    where = "every interface of this network namespace" if situation.is_inside else "every interface"
    return f"{who} can capture on {where}{through}"


# -- sockets ----------------------------------------------------------------------------------------------------------


def _sockets(refused: Mapping[str, str | None], remedies: tuple[str, ...], why: str) -> tuple[Finding, ...]:
    def refusal(title: str, reason: str) -> Finding:
        if reason != "needs CAP_NET_RAW":
            return Finding(title, False, f"refused: {reason}")
        return Finding(title, False, f"{reason}: {why}", remedies)

    ip = refused["ip"]
    if refused["packet"] is not None:
        needs = "takes a packet socket to try"
        return (
            refusal("packet socket", refused["packet"]),
            *(Finding(title, None, needs) for title in ("ring", "filter", "promiscuous mode")),
            Finding("raw IP sockets", ip is None, "--socket ip" if ip is None else ip),
        )
    return (
        Finding("packet socket", True, "every frame, with its link layer (--socket packet) or without (cooked)"),
        _ring(),
        _filter(),
        _promiscuous(),
        Finding("raw IP sockets", True, "what IP hands to a protocol (--socket ip)")
        if ip is None
        else refusal("raw IP sockets", ip),
    )


def _packet_socket() -> socket.socket:
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)


def _ring() -> Finding:
    with _packet_socket() as sock:
        try:
            ring = Ring(sock, _RING)
        except (LiveError, OSError) as error:
            return Finding("ring", False, str(error))
        octets = ring.octets
        ring.close()
    if octets < _RING:
        text = f"memory for {octets >> 20} MiB of frames that wait, where {_RING >> 20} were asked for"
        return Finding("ring", True, f"{text}: more frames may be lost in a burst")
    return Finding("ring", True, f"memory for {octets >> 20} MiB of frames that wait (TPACKET_V3)")


def _filter() -> Finding:
    with _packet_socket() as sock:
        try:
            program.attach(sock, program.REFUSE)
        except LiveError as error:
            return Finding("filter", False, str(error))
    return Finding("filter", True, "the kernel runs it, before a frame is copied (-f)")


def _promiscuous() -> Finding:
    title = "promiscuous mode"
    with _packet_socket() as sock:
        program.attach(sock, program.REFUSE)
        for index, _ in socket.if_nameindex():
            membership = struct.pack("=iHH8s", index, linux.PACKET_MR_PROMISC, 0, b"")
            try:
                sock.setsockopt(linux.SOL_PACKET, linux.PACKET_ADD_MEMBERSHIP, membership)
            except OSError as error:
                return Finding(title, None, f"refused: {os.strerror(error.errno or 0).lower()}")
            return Finding(title, True, "frames for other hosts too (-p does without them)")
    return Finding(title, None, "there is no interface to try it on")


# -- beyond -----------------------------------------------------------------------------------------------------------


def _other_namespaces(situation: Situation, rawcap: str) -> Finding:
    title = "other namespaces"
    names = namespaces.names()
    command = f"{rawcap} capture --netns {shlex.quote(names[0]) if names else 'PID'} -i any"
    try:
        with namespaces.entered("/proc/thread-self/ns/net"):
            pass
    except NotPermitted:
        return Finding(
            title,
            None,
            "need CAP_SYS_ADMIN, but for those of this user's own user namespaces",
            (_capture_as_root(command, situation.user),) if situation.user.uid != 0 else (),
        )
    except LiveError as error:
        return Finding(title, None, str(error))
    there = f"there {'is' if len(names) == 1 else 'are'} {', '.join(names)}" if names else "none has a name here"
    return Finding(title, True, f"may be entered (--netns); {there}")


def _adapters() -> Finding:
    timing = [name for _, name in socket.if_nameindex() if _times_every_frame(name)]
    if not timing:
        return Finding("adapter clocks", None, "no interface has one that times every frame (--timestamp adapter)")
    return Finding("adapter clocks", True, f"--timestamp adapter on {', '.join(timing)}, with CAP_NET_ADMIN")


def _times_every_frame(name: str) -> bool:
    """Whether an adapter can time every frame that it receives (struct ethtool_ts_info)."""
    info = array.array("I", [_ETHTOOL_GET_TS_INFO, *[0] * 10])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        try:
            fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP16x", name.encode(), info.buffer_info()[0]))
        except OSError:
            return False
    return info[1] & _TIMES_IN_HARDWARE == _TIMES_IN_HARDWARE and bool(info[7] & _TIMES_EVERY_FRAME)


def _own_networks() -> Finding:
    """Whether a plain user may make a user namespace with a network, and capture in it."""
    title = "own networks"
    refused = _tried_as_plain_user()
    if refused is None:
        text = "any user can make a user namespace with a network, and capture on its interfaces; a shell in one:"
        command = "unshare --user --map-root-user --net sh -c 'ip link set lo up; exec \"$SHELL\"'"
        return Finding(title, True, text, (command,))
    for name, barred, freed in (
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
        ("user/max_user_namespaces", "0", "10000"),
    ):
        if _setting(name) == barred:
            key = name.replace("/", ".")
            text = f"a plain user may not make user namespaces here ({key} is {barred}); for all users alike:"
            return Finding(title, None, text, (_as_root(f"sysctl {key}={freed}"),))
    return Finding(title, None, f"a plain user may not capture in a user namespace: {refused}")


def _tried_as_plain_user() -> str | None:
    """Why a plain user cannot capture in a user namespace of their own; None if they can. A child process tries it."""
    child = os.fork()
    if child == 0:
        status = 255
        try:
            with contextlib.suppress(OSError):  # one who is not root is a plain user already
                os.setgroups([])
                os.setresgid(_NOBODY, _NOBODY, _NOBODY)
                os.setresuid(_NOBODY, _NOBODY, _NOBODY)
            if _libc.unshare(namespaces.CLONE_NEWUSER | namespaces.CLONE_NEWNET) < 0:
                status = ctypes.get_errno()
            else:
                with _packet_socket() as sock:
                    sock.bind(("lo", 0))
                status = 0
        except OSError as error:
            status = error.errno or status
        finally:
            os._exit(status)  # whatever happens, what follows is the parent's
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return None if status == 0 else os.strerror(status).lower()


# -- kernel -----------------------------------------------------------------------------------------------------------


def _compiler() -> Finding:
    title = "filter compiler"
    value = _setting("net/core/bpf_jit_enable")
    if value is None:
        return Finding(title, None, "this user may not ask whether filters run as machine code")
    if value == "0":
        text = "filters are interpreted; they run as machine code after"
        return Finding(title, None, text, (_as_root("sysctl net.core.bpf_jit_enable=1"),))
    return Finding(title, True, "filters run as machine code")


def _setting(name: str) -> str | None:
    """A kernel setting (sysctl(8)), None where there is none, or where this user may not read it."""
    try:
        return (_SYSCTL / name).read_text().strip()
    except OSError:
        return None
