"""`--load`: what may be wrong with a user's file. What it is good for is tested with the commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("x = 1\ny = 1 / 0\n", "{}, line 2: ZeroDivisionError: division by zero"),
        ("x = (\n", "{}, line 1: '(' was never closed"),
        ("import nowhere\n", "{}, line 1: ModuleNotFoundError: No module named 'nowhere'"),
        (
            "from dissectors.fields import Uint\nfrom dissectors.header import Header\n"
            "class Odd(Header):\n    odd = Uint(7, 'seven bits')\n",
            "{}, line 3: the fixed part of Odd is 7 bits, not whole octets",
        ),
    ],
)
def test_a_file_that_fails_is_one_line_with_the_place(rawcap: Run, tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(content)
    done = rawcap("fields", "--load", path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"rawcap: {told.format(path)}\n"


def test_a_file_that_is_not_there(rawcap: Run) -> None:
    assert rawcap("fields", "--load", "none.py").stderr == "rawcap: none.py cannot be read: no such file or directory\n"


def test_a_file_that_is_not_python(rawcap: Run) -> None:
    assert rawcap("fields", "--load", "notes.txt").stderr == "rawcap: notes.txt is not a Python file: name it .py\n"
