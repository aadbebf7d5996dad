"""When output is coloured."""

from __future__ import annotations

import io

import pytest

from rawcap.show.colours import BAD, Paint, wanted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "environment", "on_terminal", "in_pipe"),
    [
        ("auto", {}, True, False),
        ("always", {}, True, True),
        ("never", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, True, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ("always", {"NO_COLOR": "1"}, True, True),
        ("never", {"FORCE_COLOR": "1"}, False, False),
        ("auto", {"TERM": "dumb"}, False, False),
    ],
)
def test_wanted(choice: str, environment: dict[str, str], on_terminal: bool, in_pipe: bool) -> None:
    assert wanted(choice, Terminal(), environment) is on_terminal
    assert wanted(choice, io.StringIO(), environment) is in_pipe


def test_paint_puts_text_between_sequences() -> None:
    assert Paint(True)("bad", BAD) == "\x1b[1;31mbad\x1b[0m"


def test_paint_leaves_text_alone_when_off_and_nothing_alone_when_on() -> None:
    assert Paint(False)("bad", BAD) == "bad"
    assert Paint(True)("", BAD) == ""
