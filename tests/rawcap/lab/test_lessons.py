"""Every lab, live and from its recording: it goes as it says, and a recording shows what was shown live."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from rawcap.lab.lesson import lesson, names

RECORDINGS = Path(__file__).parents[3] / "pcaps" / "labs"
NOBODY = pwd.getpwnam("nobody")
AS_NOBODY = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
LIMIT = 120.0


def lab(*arguments: str | Path, before: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `rawcap lab` to its end."""
    command = [*(before or []), sys.executable, "-m", "rawcap", "lab", *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "COLUMNS": "100"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT)


@pytest.mark.parametrize("name", names())
class TestEachLab:
    @pytest.mark.privileged
    def test_it_goes_as_it_says(self, name: str) -> None:
        done = lab(name, "-T", "junit")
        failures = [each.get("message") for each in ET.fromstring(done.stdout).iter("failure")]
        assert (done.returncode, failures, done.stderr) == (0, [], "")

    def test_its_recording_shows_that_too(self, name: str) -> None:
        done = lab(name, "--replay", RECORDINGS / f"{name}.pcapng", "-T", "junit")
        assert (done.returncode, done.stderr) == (0, "")
        assert ET.fromstring(done.stdout).get("failures") == "0"

    def test_it_names_the_rows_of_the_course_that_it_shows(self, name: str) -> None:
        assert lesson(name).rows


@pytest.mark.privileged
class TestTheLabTcp:
    def test_a_plain_user_sees_it_too(self) -> None:
        done = lab("tcp", "--lang", "en", before=AS_NOBODY)
        assert (done.returncode, done.stderr) == (0, "")
        assert "all 13 steps went as the lesson says" in done.stdout

    def test_a_recording_shows_what_was_shown_live(self, tmp_path: Path) -> None:
        recording = tmp_path / "tcp.pcapng"
        live = lab("tcp", "--lang", "zh", "-w", recording).stdout
        again = lab("--replay", recording, "--lang", "zh").stdout
        first = "── 第 1 步"  # before it, the replay says what it is
        assert again[again.index(first) :] == live[live.index(first) :]

    def test_a_bad_link_loses_what_its_seed_says(self) -> None:
        shown = lab("tcp", "--loss", "30%", "--seed", "4", "-T", "json").stdout.splitlines()
        told = [each.get("values", {}) for each in map(json.loads, shown)]
        first = next(values for values in told if isinstance(values.get("link"), str))
        assert (first["link"], first["from"], first["frame"]) == ("lost", "client", "FIN")


def twelve_steps() -> list[dict[str, Any]]:
    """The steps of the recording of the lab `tcp`."""
    shown = lab("tcp", "--replay", RECORDINGS / "tcp.pcapng", "-T", "json").stdout.splitlines()
    objects = [json.loads(line) for line in shown]
    return [each["values"] for each in objects if each.get("source") == "note" and each.get("name") == "step"]


class TestTheTwelveSteps:
    def test_they_are_those_of_the_course(self) -> None:
        numbers = [step["number"] for step in twelve_steps() if step["number"]]
        assert numbers == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]

    def test_socket_bind_and_listen_send_nothing(self) -> None:
        frames = {step["step"]: step["frames"] for step in twelve_steps()}
        assert [frames[key] for key in ("server_socket", "bind", "listen", "accept", "client_socket")] == [[]] * 5

    def test_the_listener_never_leaves_its_state(self) -> None:
        seen = [step["seen"].get("server", []) for step in twelve_steps() if step["by"] == "sockets"]
        assert [states[0] for states in seen[2:]] == ["LISTEN"] * len(seen[2:])


@pytest.mark.privileged
class TestAStudentsPrograms:
    SERVER = """
import os, socket
listener = socket.create_server((os.environ["RAWCAP_HOST"], int(os.environ["RAWCAP_PORT"])))
connection, _ = listener.accept()
while connection.recv(100):
    pass
connection.close()
"""
    CLIENT = """
import socket, sys
client = socket.create_connection((sys.argv[1], int(sys.argv[2])))
client.sendall(b"hi")
client.close()
"""

    def test_a_good_server_passes(self, tmp_path: Path) -> None:
        program = tmp_path / "server.py"
        program.write_text(self.SERVER)
        assert lab("tcp", "--server", f"{sys.executable} {program}").returncode == 0

    def test_a_good_client_passes(self, tmp_path: Path) -> None:
        program = tmp_path / "client.py"
        program.write_text(self.CLIENT)
        assert lab("tcp", "--client", f"{sys.executable} {program} {{host}} {{port}}").returncode == 0

    def test_a_server_that_never_closes_fails(self, tmp_path: Path) -> None:
        program = tmp_path / "server.py"
        program.write_text(self.SERVER.replace("connection.close()", "import time; time.sleep(100)"))
        done = lab("tcp", "--server", f"{sys.executable} {program}", "-T", "junit")
        cases = ET.fromstring(done.stdout).iter("testcase")
        failed = [case.get("name") for case in cases if case.find("failure") is not None]
        assert (done.returncode, "orderly-close" in failed) == (1, True)

    def test_a_command_that_cannot_be_run_fails_the_lab(self) -> None:
        done = lab("tcp", "--server", "/nonexistent/program")
        assert done.returncode == 1
        assert "/nonexistent/program cannot be run: no such file or directory" in done.stdout
