"""`rawcap doctor`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from rawcap.cli import doctor as command
from rawcap.live import doctor as live
from rawcap.live.doctor import Diagnosis, Finding
from rawcap.live.errors import LiveError
from rawcap.show import colours

Run = Callable[..., Result]

ILL = Diagnosis(
    groups=(
        ("who", (Finding("user", True, "alice (user 1000)"),)),
        (
            "sockets",
            (
                Finding(
                    "packet socket",
                    False,
                    "needs CAP_NET_RAW: as root, which rawcap gives up as soon as its sockets are open",
                    ("sudo /opt/rawcap/bin/rawcap capture -i any",),
                ),
                Finding("ring", None, "takes a packet socket to try"),
            ),
        ),
    ),
    able=False,
    conclusion="alice cannot capture here",
    remedy="sudo /opt/rawcap/bin/rawcap capture -i any",
)
WELL = Diagnosis((("who", (Finding("user", True, "root (user 0)"),)),), True, "root can capture on every interface", "")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives this machine a diagnosis, and standard output a width, in a terminal without colours."""

    def have(diagnosis: Diagnosis, width: int | None = None, colour: bool = False) -> None:
        monkeypatch.setattr(live, "diagnose", lambda rawcap, environ: diagnosis)
        monkeypatch.setattr(command, "width", lambda: width)
        monkeypatch.setattr(colours, "wanted", lambda *_: colour)

    return have


def test_findings_have_marks_and_commands_and_an_end(rawcap: Run, patient: Callable[..., None]) -> None:
    patient(ILL)
    done = rawcap("doctor")
    assert done.exit_code == 3
    assert done.stdout == (
        "who\n"
        "  ✓ user              alice (user 1000)\n"
        "\n"
        "sockets\n"
        "  ✗ packet socket     needs CAP_NET_RAW: as root, which rawcap gives up as soon as its sockets are\n"
        "                      open\n"
        "      sudo /opt/rawcap/bin/rawcap capture -i any\n"
        "  – ring              takes a packet socket to try\n"
        "\n"
        "✗ alice cannot capture here: run\n"
        "  sudo /opt/rawcap/bin/rawcap capture -i any\n"
    )


def test_who_can_capture_has_status_0(rawcap: Run, patient: Callable[..., None]) -> None:
    patient(WELL)
    done = rawcap("doctor")
    assert done.exit_code == 0
    assert done.stdout == "who\n  ✓ user              root (user 0)\n\n✓ root can capture on every interface\n"


def test_lines_are_no_longer_than_the_terminal_and_commands_are_whole(
    rawcap: Run, patient: Callable[..., None]
) -> None:
    patient(ILL, width=60)
    lines = rawcap("doctor").stdout.splitlines()
    assert [len(line) <= 60 for line in lines] == [True] * len(lines)
    patient(ILL, width=40)
    assert "      sudo /opt/rawcap/bin/rawcap capture -i any" in rawcap("doctor").stdout.splitlines()


def test_colours_where_they_are_wanted(rawcap: Run, patient: Callable[..., None]) -> None:
    patient(ILL, colour=True)
    lines = rawcap("doctor").stdout.splitlines()
    assert lines[0] == "\x1b[1mwho\x1b[0m"
    assert lines[1] == "  \x1b[32m✓\x1b[0m user              alice (user 1000)"
    assert lines[-2] == "\x1b[1;31m✗ alice cannot capture here: run\x1b[0m"
    assert lines[-1] == "  \x1b[36msudo /opt/rawcap/bin/rawcap capture -i any\x1b[0m"


def test_where_nothing_can_be_told_it_is_one_line(rawcap: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(rawcap: str, environ: object) -> Diagnosis:
        raise LiveError("what this process may do is not known")

    monkeypatch.setattr(live, "diagnose", refuse)
    done = rawcap("doctor")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "rawcap: what this process may do is not known\n"


def test_commands_name_the_program_that_runs_by_its_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "raw cap" / "rawcap"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(program.parent)
    monkeypatch.setattr(sys, "argv", ["./rawcap"])
    assert command._this_program() == f"'{program}'"


def test_run_as_a_module_it_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/rawcap/__main__.py"])
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert command._this_program() == "/usr/bin/python3 -m rawcap"


def test_this_machine_has_a_diagnosis(rawcap: Run) -> None:
    done = rawcap("doctor")
    assert done.stdout.startswith("who\n  ✓ user ")
    conclusion = next(line for line in done.stdout.splitlines() if line.startswith(("✓", "✗")))
    assert done.exit_code == (0 if conclusion.startswith("✓") else 3)
