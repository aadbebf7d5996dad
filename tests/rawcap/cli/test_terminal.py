"""The two streams that a command talks to."""

from __future__ import annotations

import io
import os

import pytest

from rawcap.cli.terminal import has_reader, is_pipe, say


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
