"""The words of the labs, in English and Chinese: one TOML file beside each lesson, both languages side by side.

    [steps.connect]
    title.en = "The client connects"
    title.zh = "客户端请求连接"

`words.toml` has those that every lesson shares. A translator edits these files and nothing else.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")

_FOLDER = Path(__file__).parent / "lessons"


def usual_language(environment: Mapping[str, str] = os.environ) -> str:
    """The language that the user's locale asks for (locale(7)): "zh" for any Chinese, else "en"."""
    said = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "zh" if said.startswith("zh") else "en"


class Words:
    """The words of one file in one language: `words("steps.connect.title")`, with {names} filled in."""

    def __init__(self, told: Mapping[str, Any], language: str) -> None:
        self._told = told
        self._language = language

    def __call__(self, path: str, **names: object) -> str:
        """The text at a path, empty where the file has none."""
        found: Any = self._told
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping) or self._language not in found:
            return ""
        text = str(found[self._language]).strip()
        return text.format(**names) if names else text


@cache
def read(name: str) -> dict[str, Any]:
    """Everything that the file of a lesson says, or "words" for what they share."""
    return tomllib.loads((_FOLDER / f"{name.replace('-', '_')}.toml").read_text("utf-8"))


def words(name: str, language: str) -> Words:
    """The words of a lesson in a language."""
    return Words(read(name), language)
