"""How far a long reading has come: a bar on the terminal's standard error, there only when it is of use.

It appears when nothing was printed for a second, and goes away without a trace before the next line is. It runs in
a thread of its own, so that reading costs the same with it as without.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE_SECONDS = 1.0
_PERIOD_SECONDS = 0.1


class ProgressBar:
    """A context manager; `done` gives octets read and octets there are, where that is known."""

    def __init__(self, done: Callable[[], tuple[int, int | None]]) -> None:
        self._done = done
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._quiet_since = time.monotonic()
        self._bar: Progress | None = None
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def hide(self) -> None:
        """Take the bar away, because something is about to be printed."""
        with self._lock:
            self._quiet_since = time.monotonic()
            self._erase()

    def _run(self) -> None:
        while not self._stop.wait(_PERIOD_SECONDS):
            with self._lock:
                if self._bar is not None:
                    done, of = self._done()
                    self._bar.update(self._bar.task_ids[0], completed=done, total=of, refresh=True)
                elif time.monotonic() - self._quiet_since > _PATIENCE_SECONDS:
                    self._bar = self._draw()

    def _draw(self) -> Progress:
        from rich.console import Console  # a reading that is over in a second does not pay for rich
        from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TimeRemainingColumn

        columns = (BarColumn(), TaskProgressColumn(), DownloadColumn(), TimeRemainingColumn())
        bar = Progress(
            *columns,
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        done, of = self._done()
        bar.add_task("", completed=done, total=of)
        bar.start()
        return bar

    def _erase(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._erase()
