"""Make the checkout's environment: `set_up.py run|test SOURCE...`, called by environment.sh and only when it is stale.

Runs on the machine's own Python, so it uses the standard library alone. What it makes:

    .venv/                   the environment, with rawcap installed editable
    .venv/installed-run      a stamp: the checkout's path; as old as the sources it was built from
    .venv/installed-test     the same, when the extra `test` is installed too
    .venv/install.log        what pip said last
    .venv.lock               held while installing: of two first starts at once, one installs and the other waits
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOG = VENV / "install.log"


class SetUpError(Exception):
    """The environment cannot be made; the message is one line that says what to do."""


def say(line: str) -> None:
    """Tell the user, on standard error: standard output belongs to the program about to run."""
    print(f"rawcap: {line}", file=sys.stderr, flush=True)


def stamp(purpose: str) -> Path:
    """The file that says for what the environment is complete."""
    return VENV / f"installed-{purpose}"


def belongs_here(mark: Path) -> bool:
    """Whether the environment runs and was made for this place: one that was moved or copied refers to its old home."""
    return (VENV / "bin/python").exists() and mark.exists() and mark.read_text() == f"{ROOT}\n"


def up_to_date(mark: Path, sources: list[str]) -> bool:
    """Whether nothing is left to do, because another start did it while this one waited for the lock."""
    made = mark.stat().st_mtime_ns if belongs_here(mark) else 0
    return all((ROOT / source).stat().st_mtime_ns <= made for source in sources if (ROOT / source).exists())


def make_environment() -> None:
    """An empty virtual environment in .venv, in place of anything that was there."""
    try:
        import ensurepip  # noqa: F401  # Debian packages it apart from Python
        import venv
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetUpError(
            f"{sys.executable} has no venv module: install it (Debian, Ubuntu: apt install python{version}-venv)"
        ) from None
    try:
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise SetUpError(f"cannot put pip into {VENV}: {error}") from None


def install(extra: str) -> None:
    """Install the checkout, editable, into .venv."""
    command = [VENV / "bin/python", "-m", "pip", "install", "--no-input", "--editable", f"{ROOT}{extra}"]
    with LOG.open("wb") as log:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        lines = [line.strip() for line in LOG.read_text(errors="replace").splitlines()]
        errors = [line for line in lines if line.startswith("ERROR: ")]
        reason = errors[0].removeprefix("ERROR: ") if errors else f"exit status {done.returncode}"
        raise SetUpError(f"pip could not install what is needed ({reason}); all it said is in {LOG}")
    # An editable installation is compiled at its first import, where Python may write; every start pays where not.
    compiling = [VENV / "bin/python", "-m", "compileall", "-q", ROOT / "rawcap", ROOT / "dissectors"]
    subprocess.run(compiling, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def set_up(purpose: str, sources: list[str]) -> None:
    """Bring .venv up to date for `purpose`, "run" or "test"."""
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if up_to_date(stamp(purpose), sources):
            return
        say(f"setting up {VENV}, which takes a minute the first time")
        started = time.time_ns()  # a source edited while pip runs is newer than the stamp
        if not belongs_here(stamp("run")):
            make_environment()
        install("[test]" if purpose == "test" else "[sql]")
        for complete in {"run", purpose}:
            stamp(complete).write_text(f"{ROOT}\n")
            os.utime(stamp(complete), ns=(started, started))


def main() -> int:
    """Exit status 0 when the environment is ready, else 1 and one line on standard error."""
    try:
        set_up(sys.argv[1], sys.argv[2:])
    except SetUpError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"cannot set up {VENV}: {error.strerror}: {error.filename}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
