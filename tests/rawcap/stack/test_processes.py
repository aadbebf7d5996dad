"""Processes, the sockets that they hold, and duplicates of these."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from rawcap.live.errors import LiveError, NotPermitted
from rawcap.stack import processes
from rawcap.stack.processes import Holder, Process, duplicate, holders, process, sockets_of

HOLD = """
import socket, sys
own = socket.create_server(("127.0.0.1", 0))
print(own.fileno(), own.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def child() -> Iterator[tuple[int, int, int]]:
    """A process that listens: its number, its descriptor and its port."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        fd, port = map(int, running.stdout.readline().split())
        yield running.pid, fd, port
        running.kill()


class TestProcess:
    def test_has_the_name_the_command_and_the_user_of_a_process(self, child: tuple[int, int, int]) -> None:
        found = process(child[0])
        assert found is not None
        assert found.command.startswith(f"{sys.executable} -c \nimport socket")
        assert (found.pid, found.uid, found.namespace) == (child[0], os.geteuid(), processes.own_namespace())
        assert abs(found.started_ns - time.time_ns()) < 60_000_000_000

    def test_a_thread_is_told_as_its_process(self) -> None:
        seen: list[Process | None] = []
        thread = threading.Thread(target=lambda: seen.append(process(threading.get_native_id())))
        thread.start()
        thread.join()
        assert seen[0] is not None
        assert seen[0].pid == os.getpid()

    def test_there_is_none_of_a_number_that_nobody_has(self) -> None:
        assert process(4_194_305) is None  # one more than the largest (proc_sys_kernel(5), pid_max)

    def test_is_shown_as_name_and_number(self) -> None:
        assert str(Process(1234, "curl")) == "curl(1234)"

    def test_a_user_without_a_name_is_told_by_number(self) -> None:
        assert Process(1, "x", uid=4_000_000_000).user == "4000000000"


class TestHolders:
    def test_a_socket_leads_to_its_process_and_descriptor(self, child: tuple[int, int, int]) -> None:
        pid, fd, _ = child
        inode = sockets_of(pid)[fd]
        assert holders().by_inode[inode] == (Holder(pid, fd),)

    def test_what_may_not_be_read_is_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(pid: int) -> dict[int, int]:
            raise PermissionError

        monkeypatch.setattr(processes, "sockets_of", refuse)
        monkeypatch.setattr(processes, "pids", lambda: [os.getpid(), os.getppid()])
        assert holders().unreadable == 2


class TestDuplicate:
    def test_is_the_same_socket(self, child: tuple[int, int, int]) -> None:
        pid, fd, port = child
        with duplicate(pid, fd) as copy:
            assert copy.getsockname() == ("127.0.0.1", port)
            assert (copy.family, copy.type) == (socket.AF_INET, socket.SOCK_STREAM)
            assert os.fstat(copy.fileno()).st_ino == sockets_of(pid)[fd]

    def test_of_a_descriptor_that_is_not_there_is_told(self, child: tuple[int, int, int]) -> None:
        with pytest.raises(LiveError, match=rf"^process {child[0]} has no descriptor 999$"):
            duplicate(child[0], 999)

    def test_of_a_file_is_told(self, child: tuple[int, int, int]) -> None:
        with pytest.raises(LiveError, match=rf"^descriptor 0 of process {child[0]} is no socket$"):
            duplicate(child[0], 0)

    def test_of_a_process_that_is_not_there_is_told(self) -> None:
        with pytest.raises(LiveError, match=r"^there is no process 4194305$"):
            duplicate(4_194_305, 3)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may duplicate all")
    def test_of_anothers_process_needs_a_capability(self) -> None:
        with pytest.raises(NotPermitted, match="CAP_SYS_PTRACE"):
            duplicate(1, 0)
