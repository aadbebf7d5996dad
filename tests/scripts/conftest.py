"""A checkout that holds the scripts and, in place of Python and of what pip installs, stubs that tell what is run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# An interpreter that is new enough, and that "sets up" by saying so and renewing the stamp.
PYTHON = """#!/bin/sh
case $1 in
-c) exit 0 ;;
*) echo "set up for $2" && cd "$(dirname "$1")/.." && pwd >.venv/installed-$2 ;;
esac
"""


COMPILED = (
    "dissectors/walk.py",
    "dissectors/layout.pxd",
    "rawcap/files/records.py",
    "rawcap/live/frames.py",
    "rawcap/show/lines.py",
    "rawcap/show/rows.py",
    "rawcap/stats/numbering.py",
    "rawcap/tcp/analysis.py",
    "rawcap/tcp/connection.py",
    "rawcap/tcp/segment.py",
    "rawcap/tcp/tracker.py",
)
SOURCES = ("pyproject.toml", "setup.py", *COMPILED)
"""What the environment is made of: it is made again when one of them is newer."""


class Checkout:
    """The stubbed checkout; `programs` is a folder of the PATH that the scripts are run with."""

    sources = SOURCES

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name in ("sh", "bash", "dirname", "readlink"):
            (self.programs / name).symlink_to(shutil.which(name) or "")
        (self.root / "scripts").mkdir(parents=True)
        for name in ("rawcap", "test", "environment.sh", "set_up.py"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts")
        for name in SOURCES:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).touch()
            os.utime(self.root / name, (1_000_000, 1_000_000))
        (self.root / ".venv/bin").mkdir(parents=True)
        for purpose in ("run", "test"):
            (self.root / f".venv/installed-{purpose}").write_text(f"{self.root}\n")
        self.stub(self.programs / "python3", PYTHON)
        for name in ("python", "rawcap", "ruff", "mypy"):
            self.stub(self.root / ".venv/bin" / name, f'#!/bin/sh\necho {name} "$#" "$@"\n')

    def stub(self, path: Path, text: str) -> None:
        """Make a program."""
        path.write_text(text)
        path.chmod(0o755)

    def run(self, program: Path | str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program of the checkout, or another, with only the stubs on PATH."""
        return subprocess.run(
            [self.root / program, *arguments],
            cwd=cwd or self.root,
            env={"PATH": str(self.programs)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout in which everything is set up."""
    return Checkout(tmp_path.resolve())
