"""The bar that a long reading shows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import pytest

from rawcap.show import progress
from rawcap.show.progress import ProgressBar

ERASED = "\x1b[1A\x1b[2K"  # one line up, and nothing on it


@contextlib.contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as standard error, and no patience; gives the descriptor at which its screen is read."""
    pty = pytest.importorskip("pty")
    screen, device = pty.openpty()
    with monkeypatch.context() as patch, os.fdopen(device, "w", encoding="utf-8") as stream:
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("COLUMNS", "80")
        patch.setattr(sys, "stderr", stream)
        patch.setattr(progress, "_PATIENCE_SECONDS", 0)
        yield screen
    os.close(screen)


def read_until(screen: int, wanted: str) -> str:
    seen = ""
    while wanted not in seen:
        seen += os.read(screen, 4096).decode("utf-8", "replace")
    return seen


def test_a_reading_that_is_quiet_for_long_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen, ProgressBar(lambda: (500, 1000)):
        assert " 50%" in read_until(screen, " 50%")


def test_the_bar_goes_away_before_something_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen, ProgressBar(lambda: (500, 1000)) as bar:
        read_until(screen, " 50%")
        monkeypatch.setattr(progress, "_PATIENCE_SECONDS", 1000)
        bar.hide()
        assert "\x1b[?25h" in read_until(screen, ERASED)  # and the cursor is back


def test_the_bar_goes_away_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen:
        with ProgressBar(lambda: (500, 1000)):
            read_until(screen, " 50%")
        assert "\x1b[?25h" in read_until(screen, ERASED)


def test_a_short_reading_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with ProgressBar(lambda: (500, 1000)) as bar:
        bar.hide()
    assert capfd.readouterr() == ("", "")
