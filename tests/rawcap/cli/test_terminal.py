"""The two streams that a command talks to."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rawcap.cli.terminal import has_reader, is_pipe, page_width, say

PCAPS = Path(__file__).parents[3] / "pcaps" / "tcp"


def test_what_is_said_is_printable_and_begins_with_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\nb\x1b[2J", "below")
    assert capsys.readouterr().err == "rawcap: a\\nb\\x1b[2J\nbelow\n"


def test_a_pipe_has_a_reader_until_that_one_closes_it() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        assert has_reader(pipe)
        os.close(reading)
        assert not has_reader(pipe)
    with open(os.devnull, "wb") as device:
        assert has_reader(device)
    assert has_reader(io.BytesIO())


def test_a_pipe_is_told_from_a_file_and_from_memory() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb"):
        assert is_pipe(pipe)
    with open(os.devnull, "rb") as device:
        assert not is_pipe(device)
    with open(__file__, "rb") as file:
        assert not is_pipe(file)
    assert not is_pipe(io.BytesIO())


@pytest.mark.parametrize(
    ("said", "columns"), [(None, 100), ("60", 60), ("250", 250), ("", 100), ("0", 100), ("-5", 100), ("wide", 100)]
)
def test_a_page_in_a_pipe_is_as_wide_as_columns_says(
    said: str | None, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    if said is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", said)
    assert page_width() == columns


@pytest.mark.parametrize("command", ["flows", "verify", "stats", "read", "ladder"])
@pytest.mark.parametrize("name", ["three_connections", "closed_by_client", "udp_port_unreachable"])
def test_an_output_that_knows_ascii_only_has_no_codes_of_signs(command: str, name: str) -> None:
    which = ["udp"] if command == "ladder" and name.startswith("udp") else []
    done = subprocess.run(
        [sys.executable, "-m", "rawcap", command, str(PCAPS / f"{name}.pcapng"), *which],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert b"Traceback" not in done.stderr
    assert done.stdout
    assert b"\\u" not in done.stdout and b"\\x" not in done.stdout
