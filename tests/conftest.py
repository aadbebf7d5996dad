"""What holds for every test."""

from __future__ import annotations

import functools
import importlib.util
import shutil
import subprocess
from pathlib import Path

import hypothesis
import pytest

# The same examples on every run and every machine, and no verdict that depends on how busy the machine is.
hypothesis.settings.register_profile(
    "rawcap",
    derandomize=True,
    deadline=None,
    max_examples=100,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("rawcap")


COMPILED = (
    "dissectors.walk",
    "rawcap.files.records",
    "rawcap.live.frames",
    "rawcap.show.lines",
    "rawcap.show.rows",
    "rawcap.stats.numbering",
    "rawcap.tcp.analysis",
    "rawcap.tcp.connection",
    "rawcap.tcp.segment",
    "rawcap.tcp.tracker",
)


def pytest_configure() -> None:
    """Refuse to test a compiled loop that is older than its source: Python would prefer it without a word."""
    for module in COMPILED:
        found = importlib.util.find_spec(module)
        if found is not None and found.origin is not None:
            compiled = Path(found.origin)
            source = compiled.with_name(f"{module.rpartition('.')[2]}.py")
            if source.exists() and compiled.stat().st_mtime < source.stat().st_mtime:
                raise pytest.UsageError(f"{module} is newer than its compiled form: run ./scripts/test")


@functools.cache
def privileged() -> bool:
    """Whether packet sockets and network namespaces may be had."""
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "--net", "true"], capture_output=True).returncode == 0


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this user may not do."""
    if item.get_closest_marker("privileged") and not privileged():
        pytest.skip("needs the right to make network namespaces")
