"""`--load FILE`: protocols that a user declared in a Python file of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rawcap.cli.terminal import Mistake

C = TypeVar("C", bound=Callable[..., Any])


def load_option(command: C) -> C:
    """Give a command the option; the files are loaded before anything else looks at the parse graph."""
    return click.option(
        "--load",
        metavar="FILE.py",
        multiple=True,
        is_eager=True,
        expose_value=False,
        callback=_load_all,
        help="Import a Python file that declares protocols of yours.",
    )(command)


def _load_all(context: click.Context, parameter: click.Parameter, paths: tuple[str, ...]) -> None:
    for path in paths:
        _load(path)


def _load(path: str) -> None:
    import importlib.util  # only who loads a file pays for these
    import traceback

    from dissectors.graph import graph

    name = Path(path).stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Mistake(f"{path} is not a Python file: name it .py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        graph.compiled  # noqa: B018  # what is wrong with its rows is found here
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except SyntaxError as error:
        raise Mistake(f"{path}, line {error.lineno}: {error.msg}") from None
    except Exception as error:  # whatever the file does wrong is the user's to see, as one line
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == spec.origin]
        told = str(error) if isinstance(error, TypeError) else f"{type(error).__name__}: {error}"
        where = f"{path}, line {lines[-1]}" if lines else path
        raise Mistake(f"{where}: {told}") from None
