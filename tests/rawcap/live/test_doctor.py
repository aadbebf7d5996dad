"""What is found out about a machine and a user, and which command is advised when."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rawcap.live import doctor, namespaces, privileges
from rawcap.live.doctor import Diagnosis, Finding, Situation, conclude, cure, diagnose
from rawcap.live.errors import LiveError
from rawcap.live.privileges import User

ROOT = User("root", 0, 0)
ALICE = User("alice", 1000, 100)
RAWCAP = "/opt/rawcap/bin/rawcap"
EVERYTHING = frozenset({"CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_SYS_ADMIN"})

plain = Situation(
    user=ALICE,
    invoking=None,
    effective=frozenset(),
    bounding=EVERYTHING,
    no_new_privs=False,
    mapped="         0          0 4294967295\n",
)
root = replace(plain, user=ROOT, effective=EVERYTHING)
inside = replace(root, mapped="         0       1000          1\n")


@pytest.fixture
def have(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has only these programs installed."""

    def only(*programs: str) -> None:
        monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in programs else None)

    return only


def found(title: str, diagnosis: Diagnosis) -> Finding:
    return next(each for _, findings in diagnosis.groups for each in findings if each.title == title)


# -- the command that helps -------------------------------------------------------------------------------------------


def test_a_plain_user_goes_through_sudo_or_makes_a_shell_with_the_one_right(have: Callable[..., None]) -> None:
    have("sudo", "su")
    assert cure(plain, RAWCAP) == (
        (
            "sudo /opt/rawcap/bin/rawcap capture -i any",
            "sudo setpriv --reuid 1000 --regid 100 --init-groups --inh-caps +net_raw --ambient-caps +net_raw "
            '"$SHELL"',
        ),
        "as root, which rawcap gives up as soon as its sockets are open; or in a shell that has this right alone",
    )


def test_without_sudo_it_is_su_which_does_not_say_who_called_it(have: Callable[..., None]) -> None:
    have("su")
    capture, shell = cure(plain, "'/opt/raw cap/rawcap'")[0]
    assert capture == """su -c ''"'"'/opt/raw cap/rawcap'"'"' capture -i any -Z alice'"""
    assert shell.startswith("su -c 'setpriv --reuid 1000 ")


def test_what_is_withheld_from_everything_that_runs_here_no_command_grants() -> None:
    assert cure(replace(plain, bounding=frozenset()), RAWCAP) == (
        (),
        "withheld from all that runs here: start the container with --cap-add NET_RAW",
    )


def test_sudo_is_not_advised_where_it_does_not_work() -> None:
    assert cure(replace(plain, no_new_privs=True), RAWCAP) == ((), "begin from a shell without no_new_privs")


def test_root_without_the_right_is_not_sent_to_root() -> None:
    commands, text = cure(replace(root, effective=frozenset()), RAWCAP)
    assert (commands, text) == ((), "root was started without it: start the service or the container with it")


def test_who_has_the_right_in_a_user_namespace_alone_makes_a_network() -> None:
    assert cure(inside, RAWCAP)[0] == ("unshare --net /opt/rawcap/bin/rawcap capture -i any",)


@pytest.mark.privileged
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv")
def test_the_shell_that_is_advised_has_the_one_right_and_no_other(have: Callable[..., None]) -> None:
    have("sudo")
    advised = cure(replace(plain, user=User("nobody", 65534, 65534)), RAWCAP)[0][1]
    assert advised.startswith("sudo ")
    status = subprocess.run(
        ["sh", "-c", advised.removeprefix("sudo ") + " -c 'cat /proc/self/status'"],
        env={**os.environ, "SHELL": "/bin/sh"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert lines["Uid"].split() == ["65534"] * 4
    assert int(lines["CapEff"], 16) == int(lines["CapPrm"], 16) == 1 << 13


# -- who it is --------------------------------------------------------------------------------------------------------


def test_who_is_behind_root_is_told() -> None:
    assert doctor._who(replace(root, invoking=ALICE)).text == (
        "root (user 0), on behalf of alice: once its sockets are open a capture goes on as alice"
    )


def test_the_capabilities_that_count_are_named_and_the_others_counted() -> None:
    (finding,) = doctor._rights(replace(root, effective=EVERYTHING | {"CAP_CHOWN", "CAP_KILL"}))
    assert finding.text == "CAP_NET_RAW, CAP_NET_ADMIN, CAP_SYS_ADMIN, 2 that a capture does not use"
    assert finding.good


def test_without_any_capability_that_is_told() -> None:
    assert doctor._rights(plain) == [Finding("capabilities", False, "none")]


@pytest.mark.parametrize(
    ("mapped", "told"),
    [
        ("0 1000 1\n", "this is one, user 0 is user 1000 outside: rights in it are rights over its own networks alone"),
        ("", "this is one: rights in it are rights over its own networks alone"),
    ],
)
def test_a_user_namespace_is_told(mapped: str, told: str) -> None:
    _, finding = doctor._rights(replace(root, mapped=mapped))
    assert finding == Finding("user namespace", None, told)


def test_what_explains_a_refusal_is_told() -> None:
    titles = [each.title for each in doctor._rights(replace(plain, no_new_privs=True, bounding=frozenset()))]
    assert titles == ["capabilities", "no_new_privs", "bounding set"]


@pytest.mark.parametrize(
    ("situation", "able", "told"),
    [
        (root, True, "root can capture on every interface"),
        (replace(root, invoking=ALICE), True, "alice can capture on every interface, as root has it started"),
        (inside, True, "root can capture on every interface of this network namespace"),
        (replace(plain, effective=EVERYTHING), True, "alice can capture on every interface"),
        (plain, False, "alice cannot capture here"),
    ],
)
def test_the_conclusion(situation: Situation, able: bool, told: str) -> None:
    assert conclude(situation, able) == told


# -- the machine ------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str], None]:
    """A /proc/sys with nothing in it but what is set."""
    monkeypatch.setattr(doctor, "_SYSCTL", tmp_path)

    def have(name: str, value: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(value + "\n")

    return have


@pytest.mark.parametrize(
    ("value", "finding"),
    [
        ("1", Finding("filter compiler", True, "filters run as machine code")),
        (
            "0",
            Finding(
                "filter compiler",
                None,
                "filters are interpreted; they run as machine code after",
                ("sudo sysctl net.core.bpf_jit_enable=1",),
            ),
        ),
        (None, Finding("filter compiler", None, "this user may not ask whether filters run as machine code")),
    ],
)
def test_the_compiler_of_filters(
    value: str | None, finding: Finding, settings: Callable[[str, str], None], have: Callable[..., None]
) -> None:
    have("sudo")
    if value is not None:
        settings("net/core/bpf_jit_enable", value)
    assert doctor._compiler() == finding


def test_networks_of_one_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_tried_as_plain_user", lambda: None)
    finding = doctor._own_networks()
    assert finding.good
    assert finding.commands == ("unshare --user --map-root-user --net sh -c 'ip link set lo up; exec \"$SHELL\"'",)


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
    ],
)
def test_the_setting_that_bars_them_is_named(
    name: str,
    value: str,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    settings: Callable[[str, str], None],
    have: Callable[..., None],
) -> None:
    have("sudo")
    monkeypatch.setattr(doctor, "_tried_as_plain_user", lambda: "operation not permitted")
    settings(name, value)
    finding = doctor._own_networks()
    assert (finding.good, finding.commands) == (None, (command,))


def test_where_no_setting_bars_them_the_kernel_s_words_are_told(
    monkeypatch: pytest.MonkeyPatch, settings: Callable[[str, str], None]
) -> None:
    monkeypatch.setattr(doctor, "_tried_as_plain_user", lambda: "operation not permitted")
    assert doctor._own_networks() == Finding(
        "own networks", None, "a plain user may not capture in a user namespace: operation not permitted"
    )


def test_trying_as_a_plain_user_leaves_this_process_as_it_is() -> None:
    before = os.getresuid(), os.stat("/proc/self/ns/user").st_ino, os.stat("/proc/self/ns/net").st_ino
    doctor._tried_as_plain_user()
    assert (os.getresuid(), os.stat("/proc/self/ns/user").st_ino, os.stat("/proc/self/ns/net").st_ino) == before


def test_the_loopback_interface_times_nothing() -> None:
    assert not doctor._times_every_frame("lo")


def test_adapters_that_time_every_frame_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_times_every_frame", lambda name: name == "lo")
    assert doctor._adapters() == Finding("adapter clocks", True, "--timestamp adapter on lo, with CAP_NET_ADMIN")


def test_a_ring_that_is_smaller_than_asked_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Small:
        octets = 16 << 20

        def __init__(self, *_: object) -> None:
            pass

        def close(self) -> None:
            pass

    class Socket:
        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(doctor, "Ring", Small)
    monkeypatch.setattr(doctor, "_packet_socket", Socket)
    assert doctor._ring().text == (
        "memory for 16 MiB of frames that wait, where 64 were asked for: more frames may be lost in a burst"
    )


# -- all of it --------------------------------------------------------------------------------------------------------


@pytest.fixture
def without_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_situation", lambda environ: plain)
    monkeypatch.setattr(doctor, "refusals", lambda: dict.fromkeys(("packet", "cooked", "ip"), "needs CAP_NET_RAW"))


def test_a_plain_user_is_told_what_is_missing_and_the_command(
    without_sockets: None, have: Callable[..., None]
) -> None:
    have("sudo")
    diagnosis = diagnose(RAWCAP, {})
    assert not diagnosis.able
    assert diagnosis.conclusion == "alice cannot capture here"
    assert diagnosis.remedy == "sudo /opt/rawcap/bin/rawcap capture -i any"
    packet = found("packet socket", diagnosis)
    assert packet.text.startswith("needs CAP_NET_RAW: as root, ")
    assert packet.commands[0] == diagnosis.remedy
    assert found("ring", diagnosis) == Finding("ring", None, "takes a packet socket to try")


def test_what_no_right_would_change_has_no_command(monkeypatch: pytest.MonkeyPatch, without_sockets: None) -> None:
    told = "address family not supported by protocol"
    monkeypatch.setattr(doctor, "refusals", lambda: {"packet": told, "cooked": told, "ip": None})
    diagnosis = diagnose(RAWCAP, {})
    assert (diagnosis.able, diagnosis.remedy) == (False, "")
    assert found("packet socket", diagnosis) == Finding("packet socket", False, f"refused: {told}")
    assert found("raw IP sockets", diagnosis).good


@pytest.mark.privileged
def test_root_has_everything_that_capturing_needs() -> None:
    diagnosis = diagnose(RAWCAP, {})
    assert diagnosis.able
    assert diagnosis.remedy == ""
    for title in ("capabilities", "packet socket", "filter", "promiscuous mode", "raw IP sockets"):
        assert found(title, diagnosis).good, title
    assert found("ring", diagnosis).text == "memory for 64 MiB of frames that wait (TPACKET_V3)"


@pytest.mark.privileged
def test_an_environment_that_makes_no_sense_keeps_nobody_from_a_diagnosis() -> None:
    assert diagnose(RAWCAP, {"SUDO_UID": "x"}).able


@pytest.mark.privileged
def test_other_namespaces_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(namespaces, "_NAMED", (tmp_path,))
    assert doctor._other_namespaces(root, RAWCAP).text == "may be entered (--netns); none has a name here"
    (tmp_path / "red").touch()
    assert doctor._other_namespaces(root, RAWCAP).text == "may be entered (--netns); there is red"
    (tmp_path / "blue").touch()
    assert doctor._other_namespaces(root, RAWCAP).text == "may be entered (--netns); there are blue, red"


def test_namespaces_that_may_not_be_entered(
    monkeypatch: pytest.MonkeyPatch, have: Callable[..., None], tmp_path: Path
) -> None:
    have("sudo")
    monkeypatch.setattr(namespaces, "_NAMED", (tmp_path,))
    monkeypatch.setattr(namespaces._libc, "setns", lambda *_: -1)
    monkeypatch.setattr(namespaces.ctypes, "get_errno", lambda: 1)
    assert doctor._other_namespaces(plain, RAWCAP) == Finding(
        "other namespaces",
        None,
        "need CAP_SYS_ADMIN, but for those of this user's own user namespaces",
        ("sudo /opt/rawcap/bin/rawcap capture --netns PID -i any",),
    )


@pytest.mark.privileged
def test_a_plain_user_cannot_capture() -> None:
    code = (
        "import os; from rawcap.live.doctor import diagnose\n"
        "os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
        "found = diagnose('rawcap', {}); print(found.able, found.conclusion)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False nobody cannot capture here\n"


def test_without_proc_there_is_no_diagnosis(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> dict[str, str]:
        raise LiveError("what this process may do is not known")

    monkeypatch.setattr(privileges, "_status", refuse)
    with pytest.raises(LiveError, match=r"^what this process may do"):
        diagnose(RAWCAP, {})
