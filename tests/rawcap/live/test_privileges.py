"""What a process may do, whose it becomes, and that it cannot go back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rawcap.live import privileges
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.privileges import Capabilities, User

SUDO = {"SUDO_UID": "65534", "SUDO_GID": "65534", "SUDO_USER": "nobody"}
NOBODY = User("nobody", 65534, 65534)
NOTHING = Capabilities(*[frozenset[str]()] * 5)


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "getuid", lambda: 0)


@pytest.fixture
def as_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    monkeypatch.setattr(os, "getuid", lambda: 65534)


# -- capabilities -----------------------------------------------------------------------------------------------------


def test_capabilities_are_named_by_their_bits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    status = {"CapInh": "4", "CapPrm": "203000", "CapEff": "3000", "CapBnd": "000001c000080000", "CapAmb": "0"}
    monkeypatch.setattr(privileges, "_status", lambda _: status)
    assert privileges.capabilities() == Capabilities(
        effective=frozenset({"CAP_NET_ADMIN", "CAP_NET_RAW"}),
        permitted=frozenset({"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN"}),
        inheritable=frozenset({"CAP_DAC_READ_SEARCH"}),
        bounding=frozenset({"CAP_SYS_PTRACE", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"}),
        ambient=frozenset(),
    )


def test_a_capability_of_a_later_kernel_is_called_by_its_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    status = dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "8000000000000000")
    monkeypatch.setattr(privileges, "_status", lambda _: status)
    assert privileges.capabilities().effective == {"capability 63"}


def test_without_proc_it_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LiveError, match=r"^what this process may do is not known, .* cannot be read: no such file"):
        privileges._status(tmp_path)


def test_a_plain_user_is_told_to_use_sudo(monkeypatch: pytest.MonkeyPatch, as_user: None) -> None:
    monkeypatch.setattr(privileges, "capabilities", lambda: NOTHING)
    error = privileges.missing("CAP_NET_RAW", "capturing")
    assert isinstance(error, NotPermitted)
    assert str(error) == (
        "capturing needs CAP_NET_RAW, which this user does not have: run it through sudo, or see rawcap doctor"
    )


def test_root_without_a_capability_is_not_told_to_use_sudo(monkeypatch: pytest.MonkeyPatch, as_root: None) -> None:
    monkeypatch.setattr(privileges, "capabilities", lambda: NOTHING)
    assert str(privileges.missing("CAP_NET_RAW", "capturing")) == (
        "capturing needs CAP_NET_RAW, which root was started without here, as in a container: see rawcap doctor"
    )


def test_a_capability_that_is_held_and_refused_is_one_in_another_user_namespace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = Capabilities(frozenset({"CAP_NET_RAW"}), *[frozenset[str]()] * 4)
    monkeypatch.setattr(privileges, "capabilities", lambda: held)
    assert str(privileges.missing("CAP_NET_RAW", "capturing")) == (
        "capturing needs CAP_NET_RAW, which this process has, but not over a network namespace that is another "
        "user's: see rawcap doctor"
    )


# -- who started it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environ",
    [
        SUDO,
        {"SUDO_UID": "65534", "SUDO_GID": "65534"},
        {"PKEXEC_UID": "65534"},
        {"DOAS_USER": "nobody"},
    ],
    ids=["sudo", "sudo without a name", "pkexec", "doas"],
)
def test_who_had_root_start_it(environ: dict[str, str], as_root: None) -> None:
    user = privileges.invoking_user(environ)
    assert user is not None
    assert (user.name, user.uid) == ("nobody", 65534)


def test_the_group_is_the_one_that_sudo_was_called_with(as_root: None) -> None:
    assert privileges.invoking_user({**SUDO, "SUDO_GID": "4"}) == User("nobody", 65534, 4)


def test_a_set_user_id_program_is_run_by_its_real_user(monkeypatch: pytest.MonkeyPatch, as_root: None) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 65534)
    user = privileges.invoking_user({})
    assert user is not None and user.uid == 65534


@pytest.mark.parametrize("environ", [{}, {"SUDO_UID": "0", "SUDO_GID": "0", "SUDO_USER": "root"}, {"PKEXEC_UID": "0"}])
def test_root_itself_may_be_behind_it(environ: dict[str, str], as_root: None) -> None:
    assert privileges.invoking_user(environ) is None


def test_who_is_not_root_was_not_made_it_by_sudo(as_user: None) -> None:
    assert privileges.invoking_user(SUDO) is None


@pytest.mark.parametrize("maps", [("0 1000 1", "0 1000 1"), ("0 0 4294967295", "0 1000 1"), ("", "")])
def test_a_user_who_is_outside_of_the_user_namespace_is_nobody_s_business(
    maps: tuple[str, str], as_root: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in zip(("uid_map", "gid_map"), maps, strict=True):
        (tmp_path / name).write_text(text + "\n" if text else "")
    monkeypatch.setattr(privileges, "_SELF", tmp_path)
    assert privileges.invoking_user(SUDO) is None


@pytest.mark.parametrize(
    "environ", [{"SUDO_UID": "x", "SUDO_GID": "0"}, {"SUDO_UID": "65534"}, {"DOAS_USER": "no such user"}]
)
def test_an_environment_that_makes_no_sense_does_not_leave_it_root(environ: dict[str, str], as_root: None) -> None:
    with pytest.raises(LiveError, match=r"^the environment does not tell which user to become: choose with -Z USER$"):
        privileges.give_up(None, environ)


# -- mistakes ---------------------------------------------------------------------------------------------------------


def test_there_is_no_such_user(as_root: None) -> None:
    with pytest.raises(LiveError, match=r"^there is no user 'no such user' to become$"):
        privileges.give_up("no such user", {})


def test_only_root_becomes_another_user(as_user: None) -> None:
    with pytest.raises(LiveError, match=r"^only root can become daemon, and this process is not root's: leave out -Z$"):
        privileges.give_up("daemon", {})


def test_who_is_not_root_does_not_stay_root(as_user: None) -> None:
    with pytest.raises(LiveError, match=r"^this process is not root's and cannot go on as root: leave out -Z$"):
        privileges.give_up("root", {})


# -- giving it up -----------------------------------------------------------------------------------------------------

# Runs in a process of its own: says what is left after give_up(), by the kernel's word and by trying.
AFTER = """
import ctypes, json, os, socket, sys, threading
from rawcap.live import privileges
from rawcap.live.errors import LiveError

libc = ctypes.CDLL(None)

def keep_net_raw(uid):
    "Become a user who has the one capability in every set, as setpriv(1) does it."
    libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
    os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
    sets = (ctypes.c_uint32 * 6)(1 << 13, 1 << 13, 1 << 13)
    assert libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), sets) == 0
    assert libc.prctl(47, 2, 13, 0, 0) == 0  # PR_CAP_AMBIENT_RAISE
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()

def tried(what):
    try:
        what()
    except PermissionError:
        return "refused"
    return "done"

opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
{before}
try:
    became = privileges.give_up({choice!r}, {environ!r})
except LiveError as error:
    print(json.dumps(str(error)))
    sys.exit()
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
opened.bind(("lo", 0))  # what is open stays of use
print(json.dumps({{
    "became": became,
    **{{key: status[key].split() for key in ("Uid", "Gid", "Groups")}},
    **{{key: int(status[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapAmb")}},
    "socket": tried(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
    "setuid": tried(lambda: os.setuid(0)),
    "setgid": tried(lambda: os.setgid(0)),
    "no_new_privs": privileges.no_new_privs(),
}}))
"""


def after(choice: str | None, environ: dict[str, str], before: str = "") -> object:
    code = AFTER.format(choice=choice, environ=environ, before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def plain(name: str, uid: str, groups: list[str]) -> dict[str, object]:
    """A user without any right, or a way to one."""
    return {
        "became": name,
        "Uid": [uid] * 4,
        "Gid": [uid] * 4,
        "Groups": groups,
        **dict.fromkeys(("CapEff", "CapPrm", "CapInh", "CapAmb"), 0),
        **dict.fromkeys(("socket", "setuid", "setgid"), "refused"),
        "no_new_privs": True,
    }


@pytest.mark.privileged
def test_through_sudo_the_process_becomes_who_called_it() -> None:
    assert after(None, SUDO) == plain("nobody", "65534", ["65534"])


@pytest.mark.privileged
def test_a_user_who_is_chosen_goes_before_who_called_it() -> None:
    assert after("daemon", SUDO) == plain("daemon", "1", ["1"])


@pytest.mark.privileged
def test_a_user_need_not_be_in_the_password_file() -> None:
    ghost = {"SUDO_UID": "54321", "SUDO_GID": "54321", "SUDO_USER": "ghost"}
    assert after(None, ghost) == plain("ghost", "54321", ["54321"])


@pytest.mark.privileged
def test_a_user_with_capabilities_keeps_none() -> None:
    assert after(None, {}, "keep_net_raw(65534)") == plain("nobody", "65534", [])


@pytest.mark.privileged
def test_a_user_with_capabilities_may_be_chosen_by_their_own_name() -> None:
    assert after("nobody", {}, "keep_net_raw(65534)") == plain("nobody", "65534", [])


@pytest.mark.privileged
def test_a_saved_user_id_is_no_way_back() -> None:
    before = "os.setgroups([]); os.setresgid(1, 1, 1); os.setresuid(1, 1, 0)"
    assert after(None, {}, before) == plain("daemon", "1", [])


@pytest.mark.privileged
@pytest.mark.parametrize(("choice", "environ"), [(None, {}), ("root", SUDO)])
def test_root_may_stay_root(choice: str | None, environ: dict[str, str]) -> None:
    found = after(choice, environ)
    assert isinstance(found, dict)
    assert (found["became"], found["Uid"], found["socket"]) == ("root", ["0"] * 4, "done")
    assert not found["no_new_privs"]


@pytest.mark.privileged
def test_a_thread_that_would_keep_a_capability_is_found_out() -> None:
    before = "keep_net_raw(65534); threading.Thread(target=threading.Event().wait, daemon=True).start()"
    assert after(None, {}, before) == (
        "privileges could not be given up in every thread: begin the capture before other threads"
    )
