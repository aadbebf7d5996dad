"""Records every lab, for `rawcap lab NAME --replay pcaps/labs/NAME.pcapng`: python -m scripts.captures.labs [NAME ...]

Each is played as a user plays it, in English, and kept only when everything that it expects holds.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rawcap.lab.lesson import names

FOLDER = Path(__file__).parents[2] / "pcaps" / "labs"


def record(name: str) -> bool:
    """Record a lab in place of its old recording; whether it went as it should."""
    fresh = FOLDER / f".{name}.pcapng"
    command = [sys.executable, "-m", "rawcap", "lab", name, "--lang", "en", "-T", "junit", "-w", str(fresh)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL)
    if done.returncode == 0:
        fresh.replace(FOLDER / f"{name}.pcapng")
    else:
        fresh.unlink(missing_ok=True)
    return done.returncode == 0


def main() -> int:
    """Record the labs that are named on the command line, or all; the exit status is 1 when one failed."""
    FOLDER.mkdir(exist_ok=True)
    failed = [name for name in sys.argv[1:] or names() if not record(name)]
    if failed:
        print(f"not recorded, as something in them did not hold: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
