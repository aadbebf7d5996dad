"""The words of the labs: every text is there in both languages, and lines are as wide as the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rawcap.lab.lesson import names
from rawcap.lab.narration import LANGUAGES, read, usual_language, words
from rawcap.lab.narrator import fold
from rawcap.show.columns import columns


def texts(told: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each text of a file with its path: a table whose values are text."""
    if told and all(isinstance(value, str) for value in told.values()):
        yield path, told
        return
    for name, value in told.items():
        yield from texts(value, f"{path}.{name}".lstrip("."))


@pytest.mark.parametrize("name", ["words", *names()])
class TestBothLanguages:
    def test_every_text_is_in_both(self, name: str) -> None:
        assert [path for path, told in texts(read(name)) if set(told) != set(LANGUAGES)] == []

    def test_no_text_is_empty(self, name: str) -> None:
        assert [path for path, told in texts(read(name)) if not all(text.strip() for text in told.values())] == []

    def test_names_that_are_filled_in_are_the_same_in_both(self, name: str) -> None:
        def filled(text: str) -> list[str]:
            return sorted(part.partition("}")[0] for part in text.split("{")[1:])

        assert [path for path, told in texts(read(name)) if filled(told["en"]) != filled(told["zh"])] == []

    def test_chinese_texts_are_chinese(self, name: str) -> None:
        def has_han(text: str) -> bool:
            return any("\u4e00" <= each <= "\u9fff" for each in text)

        assert [path for path, told in texts(read(name)) if not has_han(told["zh"])] == []


class TestLanguage:
    @pytest.mark.parametrize(
        ("environment", "language"),
        [
            ({"LANG": "zh_CN.UTF-8"}, "zh"),
            ({"LANG": "de_DE.UTF-8"}, "en"),
            ({}, "en"),
            ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
            ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ],
    )
    def test_it_is_that_of_the_locale(self, environment: dict[str, str], language: str) -> None:
        assert usual_language(environment) == language

    def test_a_text_that_is_not_there_is_empty(self) -> None:
        assert words("tcp", "en")("steps.nonsense.title") == ""


class TestFolding:
    def test_english_is_folded_between_words(self) -> None:
        assert list(fold("one two three", 8)) == ["one two", "three"]

    def test_chinese_is_folded_between_characters_two_columns_each(self) -> None:
        assert list(fold("客户端请求连接", 6)) == ["客户端", "请求连", "接"]

    def test_no_line_begins_with_a_mark_that_ends_a_sentence(self) -> None:
        assert list(fold("客户端。请求", 6)) == ["客户", "端。请", "求"]

    def test_no_line_is_wider_than_asked_for(self) -> None:
        text = words("tcp", "zh")("steps.accepted.after")
        assert max(columns(line) for line in fold(text, 40)) <= 40
