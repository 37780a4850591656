"""What all layers share about languages: names, detection by script, and joining of words."""

from __future__ import annotations

import pytest

from app.domain.languages import LANGUAGES, NATIVE_NAMES, RARER, TRADITIONAL, USUAL
from app.domain.transcript import detect_language, join_texts


def test_every_language_has_a_name_of_its_own() -> None:
    assert len(set(NATIVE_NAMES.values())) == len(NATIVE_NAMES) > 100
    assert set(LANGUAGES) == {*USUAL, *RARER}


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (("今日は", "いい天気"), "今日はいい天気"),
        (("안녕하세요", "여러분"), "안녕하세요 여러분"),
        (("用", "Python", "写"), "用 Python 写"),
        (("Добрый", "день"), "Добрый день"),
        (("天氣", "好"), "天氣好"),
    ],
)
def test_words_are_joined_as_their_script_is_written(parts: tuple[str, ...], joined: str) -> None:
    assert join_texts(parts) == joined


@pytest.mark.parametrize(
    ("text", "asked", "language"),
    [
        ("今日はいい天気", "auto", "ja"),
        ("안녕하세요", "auto", "ko"),
        ("你好", "auto", "zh"),
        ("你好 world", "auto", "zh-en"),
        ("Guten Tag", "de", "de"),
        ("Good day", "zh", "en"),
        ("歷史", TRADITIONAL, "zh"),
        ("...", "de", "none"),
    ],
)
def test_the_script_tells_the_language_where_nobody_named_a_rarer_one(text: str, asked: str, language: str) -> None:
    assert detect_language(text, asked) == language
