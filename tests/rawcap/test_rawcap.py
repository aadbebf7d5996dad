"""The package as a whole: `import rawcap`."""

from __future__ import annotations

import subprocess
import sys

import pytest

import rawcap


@pytest.mark.parametrize("name", rawcap.__all__)
def test_public_names_are_there(name: str) -> None:
    assert getattr(rawcap, name).__name__ == name


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'rawcap' has no attribute 'nothing'"):
        rawcap.nothing  # noqa: B018


def test_importing_it_imports_no_protocol_and_no_file_format() -> None:
    code = "import sys, rawcap; print([name for name in sys.modules if name.startswith(('dissectors', 'rawcap.'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
