"""scripts/set_up.py: one environment, made once and marked; every failure is one line."""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
from pathlib import Path
from threading import Event, Thread
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/set_up.py"
SOURCES = ["pyproject.toml"]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, for a checkout of one file; `steps` is what it did instead of making and installing."""
    spec = importlib.util.spec_from_file_location("set_up", SCRIPT)
    assert spec is not None and spec.loader is not None
    loaded: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    loaded.ROOT, loaded.VENV, loaded.LOG = tmp_path, tmp_path / ".venv", tmp_path / ".venv/install.log"
    loaded.steps = []
    loaded.real_install, loaded.real_make_environment = loaded.install, loaded.make_environment

    def make_environment() -> None:
        loaded.steps.append("environment")
        (tmp_path / ".venv/bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".venv/bin/python").touch()

    loaded.make_environment = make_environment
    loaded.install = lambda extra: loaded.steps.append(f"install {extra}".strip())
    (tmp_path / "pyproject.toml").touch()
    os.utime(tmp_path / "pyproject.toml", (1_000_000, 1_000_000))
    return loaded


def test_the_environment_is_made_then_filled_then_marked(module: Any, tmp_path: Path) -> None:
    module.set_up("run", SOURCES)
    assert module.steps == ["environment", "install [sql]"]
    assert (tmp_path / ".venv/installed-run").read_text() == f"{tmp_path}\n"
    assert not (tmp_path / ".venv/installed-test").exists()


def test_what_is_ready_is_left_alone(module: Any) -> None:
    module.set_up("run", SOURCES)
    module.set_up("run", SOURCES)
    assert module.steps == ["environment", "install [sql]"]


def test_the_extra_for_tests_goes_into_the_same_environment(module: Any) -> None:
    module.set_up("run", SOURCES)
    module.set_up("test", SOURCES)
    assert module.steps == ["environment", "install [sql]", "install [test]"]


def test_an_environment_for_tests_is_good_for_running(module: Any) -> None:
    module.set_up("test", SOURCES)
    module.set_up("run", SOURCES)
    assert module.steps == ["environment", "install [test]"]


def test_a_newer_source_is_installed_into_the_same_environment(module: Any, tmp_path: Path) -> None:
    module.set_up("run", SOURCES)
    os.utime(tmp_path / ".venv/installed-run", (2_000_000, 2_000_000))
    (tmp_path / "pyproject.toml").touch()
    module.set_up("run", SOURCES)
    assert module.steps == ["environment", "install [sql]", "install [sql]"]


def test_a_source_edited_during_the_installation_is_newer_than_it(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(2_000_000 * 10**9, 10**9)
    monkeypatch.setattr(module.time, "time_ns", lambda: next(clock))
    source, stamp = tmp_path / "pyproject.toml", tmp_path / ".venv/installed-run"
    module.install = lambda extra: os.utime(source, ns=(0, next(clock)))
    module.set_up("run", SOURCES)
    assert stamp.stat().st_mtime_ns < source.stat().st_mtime_ns


def test_an_environment_made_elsewhere_is_made_anew(module: Any, tmp_path: Path) -> None:
    module.set_up("run", SOURCES)
    (tmp_path / ".venv/installed-run").write_text("/another/place\n")
    module.set_up("run", SOURCES)
    assert module.steps == ["environment", "install [sql]", "environment", "install [sql]"]


def test_of_two_first_starts_one_installs(module: Any) -> None:
    other_began = Event()

    def install(extra: str) -> None:
        other_began.wait(10)
        module.steps.append(f"install {extra}")

    def other() -> None:
        other_began.set()
        module.set_up("run", SOURCES)

    module.install = install
    threads = [Thread(target=module.set_up, args=("run", SOURCES)), Thread(target=other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert module.steps == ["environment", "install [sql]"]


def test_nothing_is_marked_when_installing_fails(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def install(extra: str) -> None:
        raise module.SetUpError("pip has a bad day")

    module.install = install
    monkeypatch.setattr(sys, "argv", ["set_up.py", "run", *SOURCES])
    assert module.main() == 1
    assert capsys.readouterr().err.splitlines()[-1] == "rawcap: pip has a bad day"
    assert not (tmp_path / ".venv/installed-run").exists()


def test_what_pip_complained_about_is_said(module: Any, tmp_path: Path) -> None:
    module.make_environment()
    python = tmp_path / ".venv/bin/python"
    python.write_text("#!/bin/sh\necho Collecting x\necho '  ERROR: No matching distribution found for x'\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(module.SetUpError) as failure:
        module.real_install("")
    assert str(failure.value) == (
        "pip could not install what is needed (No matching distribution found for x); "
        f"all it said is in {tmp_path}/.venv/install.log"
    )
    assert "Collecting x" in (tmp_path / ".venv/install.log").read_text()


def test_a_python_without_venv_says_what_to_install(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(module.SetUpError, match=r"has no venv module: install it \(.*apt install python3\.\d+-venv\)"):
        module.real_make_environment()


def test_a_checkout_that_cannot_be_written_is_one_line(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module.ROOT = tmp_path / "nowhere"
    monkeypatch.setattr(sys, "argv", ["set_up.py", "run", *SOURCES])
    assert module.main() == 1
    assert capsys.readouterr().err == (
        f"rawcap: cannot set up {tmp_path}/.venv: No such file or directory: {tmp_path}/nowhere/.venv.lock\n"
    )
