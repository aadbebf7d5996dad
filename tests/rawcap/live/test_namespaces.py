"""Being in another network namespace for a while, and the ways to name one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rawcap.live import namespaces
from rawcap.live.errors import LiveError
from rawcap.live.namespaces import entered, join_owner
from scripts.captures.hosts import Host


def here() -> int:
    """The number of the namespace that this thread is in."""
    return os.stat("/proc/thread-self/ns/net").st_ino


@pytest.fixture
def host() -> Iterator[Host]:
    """A network namespace with nothing but a loopback interface."""
    made = Host("00:00:5e:00:53:01", "192.0.2.1", "2001:db8::1")
    yield made
    made.close()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder in the place of /run/netns."""
    monkeypatch.setattr(namespaces, "_NAMED", (tmp_path,))
    return tmp_path


# -- names ------------------------------------------------------------------------------------------------------------


def test_none_is_where_one_is() -> None:
    before = here()
    with entered(None):
        assert here() == before


def test_of_a_name_that_is_not_there_the_others_are_told(named: Path) -> None:
    (named / "red").touch()
    (named / "blue").touch()
    told = r"^there is no network namespace 'gren'; there are blue, red$"
    with pytest.raises(LiveError, match=told), entered("gren"):
        pass


def test_where_nothing_has_a_name_that_is_told(named: Path) -> None:
    told = r"^there is no network namespace 'red'; none has a name here: give a process or a path$"
    with pytest.raises(LiveError, match=told), entered("red"):
        pass


@pytest.mark.parametrize(
    ("netns", "told"),
    [
        ("4194305", "there is no process 4194305 whose network namespace could be entered"),  # beyond PID_MAX_LIMIT
        ("/no/such/file", "there is no network namespace at /no/such/file"),
        ("/dev/null", "/dev/null is no network namespace"),
        ("/proc/self/ns/uts", "/proc/self/ns/uts is no network namespace"),
        ("/proc/self/status/net", "/proc/self/status/net cannot be opened: not a directory"),
        ("", "'' is not the name of a network namespace"),
        ("..", "'..' is not the name of a network namespace"),
        ("a\0b", "/run/netns/a\0b cannot be opened: embedded null byte"),
    ],
)
def test_what_is_no_namespace_is_one_line(netns: str, told: str) -> None:
    with pytest.raises(LiveError) as caught, entered(netns):
        pass
    assert str(caught.value) == told


def test_a_pipe_in_the_place_of_a_namespace_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LiveError, match=r"pipe is no network namespace$"), entered(str(tmp_path / "pipe")):
        pass


# -- there and back ---------------------------------------------------------------------------------------------------


@pytest.mark.privileged
def test_a_namespace_by_its_path(host: Host) -> None:
    before = here()
    with entered(f"/proc/self/fd/{host.namespace}"):
        assert here() == os.fstat(host.namespace).st_ino
    assert here() == before


@pytest.mark.privileged
def test_a_namespace_by_its_name(host: Host, named: Path) -> None:
    (named / "red").symlink_to(f"/proc/{os.getpid()}/fd/{host.namespace}")
    with entered("red"):
        assert here() == os.fstat(host.namespace).st_ino


@pytest.mark.privileged
def test_a_namespace_by_a_process_in_it(host: Host) -> None:
    with host.inside():
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    try:
        with entered(str(child.pid)):
            assert here() == os.fstat(host.namespace).st_ino
    finally:
        child.communicate()


@pytest.mark.privileged
def test_what_goes_wrong_inside_leads_home_as_well(host: Host) -> None:
    before = here()
    with pytest.raises(ZeroDivisionError), entered(f"/proc/self/fd/{host.namespace}"):
        1 / 0  # noqa: B018
    assert here() == before


@pytest.mark.privileged
def test_no_descriptor_is_left(host: Host) -> None:
    before = os.listdir("/proc/self/fd")
    with entered(f"/proc/self/fd/{host.namespace}"):
        pass
    with pytest.raises(LiveError), entered("/dev/null"):
        pass
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.privileged
def test_other_threads_stay_where_they_are(host: Host) -> None:
    before = here()
    found: list[int] = []
    go = threading.Event()
    other = threading.Thread(target=lambda: (go.wait(), found.append(here())))
    other.start()
    with entered(f"/proc/self/fd/{host.namespace}"):
        go.set()
        other.join()
    assert found == [before]


@pytest.mark.privileged
def test_a_socket_stays_where_it_was_opened(host: Host) -> None:
    with entered(f"/proc/self/fd/{host.namespace}"):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind(("127.0.0.1", 9000))
    with opened, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        with host.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as neighbour:
            neighbour.sendto(b"hello", ("127.0.0.1", 9000))
        assert opened.recv(16) == b"hello"
        client.bind(("127.0.0.1", 9000))  # the address is free out here


# -- without root -----------------------------------------------------------------------------------------------------

# Runs as a plain user, after what is imported has been. `child` is in a user namespace of that user's own.
AS_NOBODY = """
import os, socket, subprocess, sys, threading
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.namespaces import entered, join_owner

os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
command = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", "echo there; read line"]
child = subprocess.Popen(command, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL)
if child.stdout.readline() != b"there\\n":
    print("no user namespaces")
    sys.exit()
netns = str(child.pid)
try:
    {body}
except LiveError as error:
    print(type(error).__name__, str(error).replace(netns, "PID"))
child.communicate()
"""


def as_nobody(body: str) -> str:
    code = AS_NOBODY.format(body=body.replace("\n", "\n    "))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if done.stdout == "no user namespaces\n":
        pytest.skip("a plain user may not make user namespaces here")
    return done.stdout


@pytest.mark.privileged
def test_a_plain_user_may_not_enter_and_is_told_why() -> None:
    assert as_nobody("with entered('/proc/self/ns/net'): pass") == (
        "NotPermitted entering another network namespace needs CAP_SYS_ADMIN, which this user does not have: "
        "run it through sudo, or see rawcap doctor\n"
    )


@pytest.mark.privileged
def test_a_plain_user_may_not_enter_that_of_another_s_process() -> None:
    assert as_nobody(f"with entered('{os.getpid()}'): pass") == (
        f"NotPermitted entering the network namespace of process {os.getpid()} needs CAP_SYS_PTRACE, which this user "
        "does not have: run it through sudo, or see rawcap doctor\n"
    )


@pytest.mark.privileged
def test_of_a_namespace_of_their_own_a_plain_user_is_told_the_way() -> None:
    assert as_nobody("with entered(netns): pass") == (
        "NotPermitted the network namespace of process PID belongs to a user namespace of yours, and is to be entered "
        "with it: begin the command with nsenter --target PID --user --net --preserve-credentials\n"
    )


@pytest.mark.privileged
def test_a_plain_user_joins_a_namespace_of_their_own_and_may_capture_there() -> None:
    body = (
        "join_owner(netns)\n"
        "with entered(netns):\n"
        "    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
        "    print(os.stat('/proc/self/ns/net').st_ino == os.stat(f'/proc/{netns}/ns/net').st_ino)"
    )
    assert as_nobody(body) == "True\n"


@pytest.mark.privileged
def test_a_process_of_many_threads_cannot_join_and_is_told_the_way() -> None:
    body = (
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "join_owner(netns)\n"
        "with entered(netns): pass"
    )
    assert as_nobody(body).startswith("NotPermitted the network namespace of process PID belongs to a user namespace")


@pytest.mark.privileged
def test_what_may_be_entered_is_not_joined(host: Host) -> None:
    before = here()
    join_owner(f"/proc/self/fd/{host.namespace}")
    join_owner(None)
    assert here() == before
