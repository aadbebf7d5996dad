"""scripts/rawcap: sets up on the first start, only runs on every later one, and passes everything through."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

Checkout = Any  # the class of the fixture in conftest.py


def test_arguments_arrive_as_they_were_given(checkout: Checkout) -> None:
    done = checkout.run("scripts/rawcap", "read", "two words", "", "*")
    assert (done.returncode, done.stdout, done.stderr) == (0, "rawcap 4 read two words  *\n", "")


def test_the_program_runs_where_the_caller_is(checkout: Checkout, tmp_path: Path) -> None:
    checkout.stub(checkout.root / ".venv/bin/rawcap", "#!/bin/sh\npwd\n")
    assert checkout.run("scripts/rawcap", cwd=tmp_path).stdout == f"{tmp_path.resolve()}\n"


def test_the_exit_status_is_the_programs(checkout: Checkout) -> None:
    checkout.stub(checkout.root / ".venv/bin/rawcap", "#!/bin/sh\nexit 3\n")
    assert checkout.run("scripts/rawcap").returncode == 3


def test_it_works_through_a_symbolic_link(checkout: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(checkout.root / "scripts/rawcap")
    assert checkout.run(link, "x").stdout == "rawcap 1 x\n"


def test_a_later_start_needs_no_python_of_the_machine(checkout: Checkout) -> None:
    (checkout.programs / "python3").unlink()
    assert checkout.run("scripts/rawcap").stdout == "rawcap 0\n"


def test_the_first_start_sets_up(checkout: Checkout) -> None:
    (checkout.root / ".venv/installed-run").unlink()
    assert checkout.run("scripts/rawcap").stdout == "set up for run\nrawcap 0\n"
    assert checkout.run("scripts/rawcap").stdout == "rawcap 0\n"


def test_a_newer_source_is_installed_again(checkout: Checkout) -> None:
    stamp = checkout.root / ".venv/installed-run"
    for number, source in enumerate(checkout.sources, 1):
        os.utime(stamp, (2_000_000 * number, 2_000_000 * number))
        os.utime(checkout.root / source, (2_000_001 * number, 2_000_001 * number))
        assert checkout.run("scripts/rawcap").stdout == "set up for run\nrawcap 0\n", source


def test_a_checkout_that_was_moved_is_set_up_again(checkout: Checkout, tmp_path: Path) -> None:
    checkout.root = Path(shutil.move(checkout.root, tmp_path / "elsewhere"))
    assert checkout.run("scripts/rawcap").stdout == "set up for run\nrawcap 0\n"


def test_an_environment_whose_python_is_gone_is_set_up_again(checkout: Checkout) -> None:
    python = checkout.root / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    assert checkout.run("scripts/rawcap").stdout == "set up for run\nrawcap 0\n"


def test_a_python_that_is_too_old_is_passed_over(checkout: Checkout) -> None:
    (checkout.root / ".venv/installed-run").unlink()
    shutil.move(checkout.programs / "python3", checkout.programs / "python3.12")
    checkout.stub(checkout.programs / "python3", "#!/bin/sh\nexit 1\n")
    assert checkout.run("scripts/rawcap").stdout == "set up for run\nrawcap 0\n"


def test_no_python_that_is_new_enough_is_one_line(checkout: Checkout) -> None:
    (checkout.root / ".venv/installed-run").unlink()
    checkout.stub(checkout.programs / "python3", "#!/bin/sh\nexit 1\n")
    done = checkout.run("scripts/rawcap")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "rawcap: needs Python 3.11 or later, and found none on PATH: "
        "install it (Debian 12, Ubuntu 24.04: apt install python3 python3-venv)\n"
    )


def test_nothing_runs_when_setting_up_fails(checkout: Checkout) -> None:
    (checkout.root / ".venv/installed-run").unlink()
    checkout.stub(checkout.programs / "python3", '#!/bin/sh\n[ "$1" = -c ]\n')
    done = checkout.run("scripts/rawcap")
    assert (done.returncode, done.stdout) == (1, "")
