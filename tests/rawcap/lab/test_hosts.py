"""The hosts of a lab: nothing is left of them, however the command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rawcap.lab.hosts import state_name

# It forks, leaves the session, and goes on for ever: what a student's program may do.
RUNAWAY = """
import os, socket, time
if os.fork() == 0:
    os.setsid()
    time.sleep(3600)
socket.create_server((os.environ["RAWCAP_HOST"], 9000))
time.sleep(3600)
"""
LIMIT = 30.0


def processes_of(text: str) -> list[int]:
    """The processes with a text in their command line, this one not counted."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and int(entry) != os.getpid():
            try:
                line = Path(f"/proc/{entry}/cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if text in line:
                found.append(int(entry))
    return found


def wait_until(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold before the patience of the test ends."""
    end = time.monotonic() + LIMIT
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(
    ("number", "name"), [(1, "ESTABLISHED"), (3, "SYN-RECEIVED"), (7, "CLOSED"), (10, "LISTEN"), (99, "")]
)
def test_states_have_the_names_of_the_rfc(number: int, name: str) -> None:
    assert state_name(number) == name


@pytest.mark.privileged
class TestWhatIsLeft:
    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_nothing_is_left_when_a_signal_ends_the_command(self, tmp_path: Path, number: signal.Signals) -> None:
        program = tmp_path / "runaway.py"
        program.write_text(RUNAWAY)
        server = f"{sys.executable} {program}"
        command = [sys.executable, "-m", "rawcap", "lab", "tcp", "--loss", "1%", "--server", server]
        lab = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        started = wait_until(lambda: len(set(processes_of(str(program))) - {lab.pid}) >= 4)
        if number == signal.SIGINT:
            os.killpg(lab.pid, number)  # as a terminal does it
        else:
            lab.send_signal(number)
        lab.wait()
        assert started
        assert wait_until(lambda: processes_of(str(program)) == [])
