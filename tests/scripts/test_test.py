"""scripts/test and .ci/run: what they check, in which order, and what they make of a failure."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Checkout = Any  # the class of the fixture in conftest.py


def test_the_linters_run_before_the_tests(checkout: Checkout) -> None:
    done = checkout.run("scripts/test")
    assert (done.returncode, done.stdout) == (0, "ruff 1 check\nmypy 0\npython 2 -m pytest\n")


def test_arguments_go_to_pytest_alone(checkout: Checkout) -> None:
    done = checkout.run("scripts/test", "tests/x.py", "-k", "a or b")
    assert (done.returncode, done.stdout) == (0, "python 5 -m pytest tests/x.py -k a or b\n")


@pytest.mark.parametrize("name", ["ruff", "mypy", "python"])
def test_one_failure_fails_the_whole_and_hides_nothing(checkout: Checkout, name: str) -> None:
    checkout.stub(checkout.root / ".venv/bin" / name, f"#!/bin/sh\necho {name} fails\nexit 2\n")
    done = checkout.run("scripts/test")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ruff", "mypy", "python"]


def test_the_extra_for_tests_is_installed_first(checkout: Checkout) -> None:
    (checkout.root / ".venv/installed-test").unlink()
    assert checkout.run("scripts/test", "x").stdout == "set up for test\npython 3 -m pytest x\n"


@pytest.fixture
def integration(checkout: Checkout) -> Checkout:
    """The checkout with .ci/run and a package manager that says what it does."""
    shutil.copytree(ROOT / ".ci", checkout.root / ".ci")
    checkout.stub(checkout.root / "scripts/test", "#!/bin/sh\necho tests\n")
    checkout.stub(checkout.programs / "apt-get", '#!/bin/sh\necho apt-get "$@" "($DEBIAN_FRONTEND)"\n')
    return checkout


def test_integration_installs_tshark_where_it_is_missing(integration: Checkout, tmp_path: Path) -> None:
    assert integration.run(".ci/run", cwd=tmp_path).stdout == (
        "apt-get update ()\napt-get install -y --no-install-recommends tshark (noninteractive)\ntests\n"
    )


def test_integration_leaves_an_installed_tshark_alone(integration: Checkout) -> None:
    integration.stub(integration.programs / "tshark", "#!/bin/sh\n")
    assert integration.run(".ci/run").stdout == "tests\n"


def test_integration_fails_when_the_tests_do(integration: Checkout) -> None:
    integration.stub(integration.programs / "tshark", "#!/bin/sh\n")
    integration.stub(integration.root / "scripts/test", "#!/bin/sh\nexit 1\n")
    assert integration.run(".ci/run").returncode == 1
